"""Answers to a list of calls: first those that were paid for before, then those that are asked for now, each with what is read from it."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from core.endpoint import prices
from core.errors import UserError
from core.generators.answers import Reading
from core.generators.asking import Asking
from core.generators.calls import Budget, Call
from core.project import Project
from core.recipe import LLMSettings
from core.schema import Progress, RawAnswer

AT_ONCE = 200  # stored answers looked up in one query
WINDOW = 50  # answers that the pace is taken from
Read = Callable[[Call, str], Reading]


@dataclass(frozen=True)
class Told:
    """An answer that is committed, what it answers, and what was read from it."""

    call: Call
    answer: RawAnswer
    reading: Reading


def answers(
    project: Project, settings: LLMSettings, key: str, calls: Sequence[Call], read: Read, progress: Progress, stop: Callable[[], bool]
) -> Iterator[Told]:
    """Yield answers as they come; those stored by earlier runs come first and cost nothing.

    Each raw answer is committed before it is read, and what was refused of it is noted after. The cap holds for all that
    the project spends, earlier runs included. Ends early on `stop` and at the cap; raises `UserError`, after all that came
    was yielded, when the server cannot be used.
    """
    settings = prices.filled(settings)
    tally = _Tally(len(calls), priced=Budget(settings).priced)
    todo = []
    for start in range(0, len(calls), AT_ONCE):
        part = calls[start : start + AT_ONCE]
        stored = project.raw_answers_by_key([key for call in part for key in (call.key, call.improper_key(settings.base_url))])
        for call in part:
            if known := stored.get(call.key) or stored.get(call.improper_key(settings.base_url)):
                yield tally.take(project, call, known, read)
            else:
                todo.append(call)
    tally.begin()
    if not todo:
        progress(1.0, tally.text())
        return
    if not settings.model.strip():
        raise UserError("There is no model's name.", "Type the name that the model has at that address.")
    asking = Asking(project, settings, key, todo, stop)
    progress(tally.fraction, tally.text())
    try:
        for news in asking.news():
            if news.call and news.answer:
                yield tally.take(project, news.call, news.answer, read)
            elif news.call:
                tally.failed += 1
            progress(tally.fraction, tally.text(news.word or ("the spending cap is reached" if asking.capped else "")))
    finally:
        ending = " The spending cap was reached." if asking.capped else ""
        project.log("language model", f"{settings.model}: {tally.text()}.{tally.reasons()}{ending}")


@dataclass
class _Tally:
    total: int
    priced: bool
    done: int = 0
    failed: int = 0
    spent: float = 0.0
    refused: int = 0
    why: Counter[str] = field(default_factory=Counter)
    came: deque[float] = field(default_factory=lambda: deque(maxlen=WINDOW))

    @property
    def fraction(self) -> float:
        return (self.done + self.failed) / self.total if self.total else 1.0

    def begin(self) -> None:
        """Start the clock of the pace: what came before was there already."""
        self.came.clear()
        self.came.append(time.monotonic())

    def take(self, project: Project, call: Call, answer: RawAnswer, read: Read) -> Told:
        """Read and count an answer, and note what of it was refused."""
        reading = read(call, answer.text)
        self.done += 1
        self.spent += answer.cost
        self.refused += not reading.found
        self.why += reading.refused
        self.came.append(time.monotonic())
        if reading.why != answer.refused:
            project.note_refusals(answer.key, reading.why)
        return Told(call, answer, reading)

    def text(self, word: str = "") -> str:
        """Return the state in a line: "212 of 400 passages, 38 a minute, 0.34 spent, 3 refused"."""
        parts = [f"{self.done} of {self.total} passages"]
        if len(self.came) > 2 and self.done < self.total and (spent := self.came[-1] - self.came[0]) > 0:
            parts.append(f"{(len(self.came) - 1) / spent * 60:,.0f} a minute")
        parts += [f"{self.spent:.2f} spent"] if self.priced else []
        parts += [f"{self.refused} refused"] if self.refused else []
        parts += [f"{self.failed} without an answer"] if self.failed else []
        return ", ".join([*parts, word] if word else parts)

    def reasons(self) -> str:
        """Return why questions were refused, as a sentence to follow the text."""
        return f" Refused: {', '.join(f'{n} {why}' for why, n in self.why.most_common())}." if self.why else ""
