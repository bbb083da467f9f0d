"""Pages that say nothing, and why: what a person is told of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.loaders.cleaning import counted, listed


@dataclass(frozen=True)
class Silent:
    """The numbers of a document's pages without text: blank, scanned (something is drawn on them), broken, or garbled."""

    blank: Sequence[int] = ()
    scanned: Sequence[int] = ()
    broken: Sequence[int] = ()
    garbled: Sequence[int] = ()

    @property
    def textless(self) -> tuple[int, ...]:
        """The pages that text recognition may read."""
        return tuple(sorted({*self.scanned, *self.broken, *self.garbled}))

    def words(self, total: int) -> str:
        """Say how many pages were read, and which say nothing."""
        parts = [f"{counted(total, 'page')} read."]
        if self.blank:
            parts.append(f"{_capital(listed(self.blank, 'page'))} {'is' if len(self.blank) == 1 else 'are'} blank.")
        if self.scanned:
            holds = "holds" if len(self.scanned) == 1 else "hold"
            parts.append(f"{_capital(listed(self.scanned, 'page'))} {holds} no text (probably scanned).")
        if self.garbled:
            parts.append(f"The text of {listed(self.garbled, 'page')} is unreadable signs and was left out.")
        if self.broken:
            parts.append(f"{_capital(listed(self.broken, 'page'))} could not be read.")
        if self.textless:
            parts.append(f"Text recognition (OCR) can read {'it' if len(self.textless) == 1 else 'them'}.")
        return " ".join(parts)


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
