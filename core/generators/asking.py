"""Many calls of a language model at once: none paid twice, none started beyond the cap, each answer committed before it is read."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from queue import SimpleQueue

from core.endpoint import Answer, Busy, Endpoint, Refused
from core.errors import UserError
from core.generators.calls import Budget, Call
from core.generators.ledger import Ledger
from core.project import Project
from core.recipe import LLMSettings
from core.schema import RawAnswer
from core.secrets import redact

IN_A_ROW = 3  # calls that fail one after the other before the job ends
POLL = 0.05  # seconds between two looks whether a call may start
LONGEST_TEXT = 200_000  # characters kept of an answer
KEPT = "What was answered is kept, and is not paid for again."


def wait(settings: LLMSettings, failed: int, asked: float | None) -> float:
    """Return the seconds to wait after `failed` failures: what the server asked for, else doubling, with jitter."""
    if asked is None:
        return float(min(settings.longest_wait, settings.first_wait * 2 ** (failed - 1)) * random.uniform(0.5, 1))
    if asked > settings.patience:
        raise UserError(f"The server asks to wait {asked / 60:.0f} minutes.", f"Resume later. {KEPT}")
    return asked


@dataclass(frozen=True)
class News:
    """What the asking has to tell: an answer that is committed, a call that failed, or a word about waiting."""

    call: Call | None = None
    answer: RawAnswer | None = None
    word: str = ""


class Asking:
    """Ask all calls from a thread of its own; `news()` yields what comes, and raises at its end what ended it early."""

    def __init__(self, project: Project, settings: LLMSettings, key: str, calls: Iterable[Call], stop: Callable[[], bool]) -> None:
        self.spent, self.capped = project.spent(), False
        self._settings, self._key, self._stop = settings, key, stop
        self._ledger = Ledger(project)
        self._budget = Budget(settings)
        self._todo = iter(calls)
        self._news: SimpleQueue[News | None] = SimpleQueue()
        self._over = False
        self._reserved = self._lost = self._not_before = 0.0  # lost: calls without an answer that were perhaps paid
        self._answered = self._in_a_row = 0
        self._failure = UserError("")

    def news(self) -> Iterator[News]:
        """Yield news until all is asked; whoever leaves early still waits for the calls in flight to be committed."""
        with ThreadPoolExecutor(1, thread_name_prefix="asking") as thread:
            ended = thread.submit(lambda: asyncio.run(self._run()))
            ended.add_done_callback(lambda _: self._news.put(None))
            try:
                while (one := self._news.get()) is not None:
                    yield one
            finally:
                self._over = True
        ended.result()

    async def _run(self) -> None:
        settings = self._settings
        with self._ledger:
            async with Endpoint(settings.base_url, self._key, settings.timeout, settings.concurrency) as endpoint:
                ends = await asyncio.gather(*(self._work(endpoint) for _ in range(settings.concurrency)), return_exceptions=True)
        for end in ends:
            if isinstance(end, BaseException):
                raise end
        if self._in_a_row and not self._answered:
            raise self._failure

    async def _work(self, endpoint: Endpoint) -> None:
        whole = False
        try:
            while not self._ended() and (call := next(self._todo, None)):
                await self._patiently(endpoint, call)
            whole = True
        finally:
            self._over = self._over or not whole  # an error here lets the others end what they have in flight

    def _ended(self) -> bool:
        return self._over or self._stop()

    async def _settle(self, call: Call, answer: Answer, seconds: float) -> None:
        raw = self._budget.answer(call, replace(answer, text=redact(answer.text[:LONGEST_TEXT], [self._key])), seconds)
        await asyncio.wrap_future(self._ledger.commit(raw))
        self.spent += raw.cost
        self._news.put(News(call, raw))
        if answer.proper:
            self._answered += 1
            self._in_a_row = 0
        else:
            self._fail("The address answers, but not as a language model does.", "Check the address; it often ends in /v1.")

    def _fail(self, message: str, hint: str) -> None:
        self._failure = UserError(message, f"{hint} {KEPT}")
        self._in_a_row += 1
        if self._in_a_row >= IN_A_ROW:
            raise self._failure

    async def _patiently(self, endpoint: Endpoint, call: Call) -> None:
        """Settle a call, trying again where that may help; end without an answer when no more may be started."""
        settings, worst = self._settings, self._budget.worst(call.prompt)
        for failed in range(1, settings.attempts + 1):
            if not await self._may_start(worst):
                return
            self._reserved += worst
            began = time.monotonic()
            try:
                answer = await endpoint.chat(settings.model, call.prompt, settings.max_tokens, settings.temperature, call.shape)
                await self._settle(call, answer, time.monotonic() - began)
                return
            except Refused as refused:
                self._news.put(News(call))
                self._fail(f"The server refused the call (status {refused.status}).", "Check the model's name and the longest answer.")
                return
            except Busy as busy:
                self._lost += worst if busy.perhaps_paid else 0.0
                if failed == settings.attempts:
                    self._news.put(News(call))
                    self._fail(f"{busy.why}, {failed} times.", "Try again later, or with fewer calls at once.")
                    return
                pause = wait(settings, failed, busy.wait)
                self._not_before = max(self._not_before, time.monotonic() + pause)
                self._news.put(News(word=f"{busy.why}; trying again in {pause:.0f} s"))
            finally:
                self._reserved -= worst

    async def _may_start(self, worst: float) -> bool:
        """Wait until the server wants calls again and the cap surely holds with one more; False when it never will."""
        while not self._ended():
            if time.monotonic() >= self._not_before:
                if not worst or self.spent + self._lost + self._reserved + worst <= self._settings.spending_cap:
                    return True
                if self._reserved <= 1e-12:  # nothing in flight that could turn out cheaper
                    self.capped = True
                    return False
            await asyncio.sleep(POLL)
        return False
