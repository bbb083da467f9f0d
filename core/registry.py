"""Tables of choices: what a select box, the command line and the README list from one place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from core.errors import UserError


@dataclass(frozen=True)
class Choice:
    """Describe one entry: `target` is "module:function", imported when it is first called for.

    `label` and `help` are shown to people; `needs` names what an entry cannot do without (a key, a column, a model).
    """

    target: str
    label: str
    help: str
    needs: tuple[str, ...] = ()
    tags: frozenset[str] = field(default_factory=frozenset)

    def load(self) -> Any:
        """Import and return what the entry stands for."""
        module, name = self.target.split(":")
        return getattr(import_module(module), name)


class Registry(Mapping[str, Choice]):
    """Hold the choices of one kind in the order they are offered; the first is the default."""

    def __init__(self, kind: str, choices: Mapping[str, Choice]) -> None:
        self.kind = kind
        self._choices = dict(choices)

    def __getitem__(self, name: str) -> Choice:
        try:
            return self._choices[name]
        except KeyError:
            known = ", ".join(self._choices)
            raise UserError(f"There is no {self.kind} called “{name}”.", f"Choose one of: {known}.") from None

    def __contains__(self, name: object) -> bool:
        return name in self._choices

    def __iter__(self) -> Iterator[str]:
        return iter(self._choices)

    def __len__(self) -> int:
        return len(self._choices)
