"""What is wrong with a recipe: each place with the reason, and with what is allowed there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import ValidationError

from core.recipe.section import Section


@dataclass(frozen=True)
class Fault:
    """A place in a recipe, keys joined by dots, and why it cannot stay."""

    place: str
    why: str

    def __str__(self) -> str:
        """Return both as one phrase."""
        return f"{self.place}: {self.why}"


def faults(error: ValidationError, section: type[Section], source: str) -> list[Fault]:
    """Return every fault that checking `section` found; `source` is the place of those that have none."""
    return [Fault(".".join(str(part) for part in one["loc"]) or source, _why(one, section)) for one in error.errors()]


def _why(one: Any, section: type[Section]) -> str:
    if one["type"] != "extra_forbidden":
        return str(one["msg"]).removeprefix("Value error, ")
    known = _section_at(section, one["loc"][:-1])
    return f"there is no such setting; allowed are {', '.join(known.model_fields)}" if known else str(one["msg"])


def _section_at(section: type[Section], place: Sequence[str | int]) -> type[Section] | None:
    for part in place:
        if isinstance(part, str):
            field = section.model_fields.get(part)
            found = next(_sections(field.annotation), None) if field else None
            if found is None:
                return None
            section = found
    return section


def _sections(annotation: Any) -> Iterator[type[Section]]:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    for inner in get_args(annotation):
        yield from _sections(inner)
