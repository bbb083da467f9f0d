"""The one kind of error that a person is meant to see."""

from __future__ import annotations


class UserError(Exception):
    """Say what went wrong and what to do next, in words that are shown as they stand.

    `message` says what happened, `hint` the next step. Neither may hold a secret. Anything else that is raised is a
    bug: its trace goes to the log, and the page shows a reference to it.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()
