"""Committing answers while more are asked for: in a thread of its own, and those that wait together in one transaction.

A commit waits for the disk (1 to 25 ms, as measured), and nothing else may wait for it meanwhile: at 16 calls at once of 200 ms
an answer comes every 12 ms. The database stays open for as long as the asking takes, so that no commit ends with a checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from core.project import Project
from core.schema import RawAnswer


class Ledger:
    """Take in answers and commit them in the order in which they came."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self._open = ExitStack()
        self._save: Callable[[Sequence[RawAnswer]], None] | None = None
        self._waiting: list[RawAnswer] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._thread.submit(self._open.close).result()  # SQLite wants it closed where it was opened
        self._thread.shutdown()

    def commit(self, answer: RawAnswer) -> Future[None]:
        """Return what ends once the answer is on disk, and raises where it cannot be written."""
        self._waiting.append(answer)
        return self._thread.submit(self._flush)

    def _flush(self) -> None:
        """Commit all that waits; where another flush has done so already, there is nothing left to do."""
        if batch := list(self._waiting):
            if self._save is None:
                self._save = self._open.enter_context(self._project.saving_answers())
            self._save(batch)
            del self._waiting[: len(batch)]  # after the commit: what failed is tried again with the next
