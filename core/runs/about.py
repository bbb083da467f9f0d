"""What a person calls a run and notes on it: the part of a run that changes, beside run.json, which does not."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import UserError

NAME, NOTE = 120, 10_000  # characters


@dataclass(frozen=True)
class About:
    """What about.json holds: it travels with the folder, and what was written last counts. An empty name means the title."""

    name: str = ""
    note: str = ""

    def named(self, name: str) -> About:
        """Return it with another name, on one line; raise `UserError` for one that is too long to be read in a list."""
        flat = " ".join(name.split())
        if len(flat) > NAME:
            raise UserError(f"The name has {len(flat)} characters, and {NAME} are the most.", "Shorten it; a note may be long.")
        return About(flat, self.note)

    def noted(self, note: str) -> About:
        """Return it with another note; raise `UserError` for one that is a document rather than a note."""
        if len(note) > NOTE:
            raise UserError(f"The note has {len(note):,} characters, and {NOTE:,} are the most.", "Shorten it.")
        return About(self.name, note.strip())
