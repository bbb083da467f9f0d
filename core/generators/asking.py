"""Many calls of a language model at once: none paid twice, none started beyond the cap, each answer committed before it is read."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue

from core.digest import digest
from core.endpoint import Answer, Busy, Endpoint, Refused
from core.errors import UserError
from core.project import Project
from core.recipe import LLMSettings
from core.schema import Chunk, RawAnswer
from core.secrets import origin, redact

IN_A_ROW = 3  # calls that fail one after the other before the job ends
POLL = 0.05  # seconds between two looks whether a call may start
LONGEST_TEXT = 200_000  # characters kept of an answer
KEPT = "What was answered is kept, and is not paid for again."


@dataclass(frozen=True)
class Retry:
    """How often and how long to wait: doubling from `first` seconds with jitter, up to `longest`, or what the server asks."""

    attempts: int = 6
    first: float = 1.0
    longest: float = 60.0
    patience: float = 180.0  # a longer Retry-After ends the job

    def wait(self, failed: int, asked: float | None) -> float:
        """Return the seconds to wait after `failed` failures."""
        if asked is not None:
            if asked > self.patience:
                raise UserError(f"The server asks to wait {asked / 60:.0f} minutes.", f"Run again later. {KEPT}")
            return asked
        return float(min(self.longest, self.first * 2 ** (failed - 1)) * random.uniform(0.5, 1))


@dataclass(frozen=True)
class Call:
    """One prompt, its hash with all that was asked, and the chunks (of one text) that it is about."""

    key: str
    prompt: str
    chunks: tuple[Chunk, ...]

    def improper_key(self, url: str) -> str:
        """Return the key for a body that was no answer at all: the address may be wrong, so another one is asked anew."""
        return digest(self.key, "improper", origin(url))


@dataclass(frozen=True)
class Budget:
    """What calls cost, at prices for a million tokens, and whether another one still fits below the cap."""

    settings: LLMSettings

    def cost(self, tokens_in: int, tokens_out: int) -> float:
        """Return the price of so many tokens."""
        return (tokens_in * self.settings.price_in + tokens_out * self.settings.price_out) / 1e6

    def worst(self, prompt: str) -> float:
        """Return the most that a call can cost: no tokenizer makes more tokens than bytes, and 100 go to the chat's form."""
        return self.cost(len(prompt.encode("utf-8", "replace")) + 100, self.settings.max_tokens)

    def answer(self, call: Call, answer: Answer) -> RawAnswer:
        """Return what is stored of an answer; where the server counted no tokens, four characters count as one."""
        key = call.key if answer.proper else call.improper_key(self.settings.base_url)
        tokens_in = answer.tokens_in or len(call.prompt) // 4
        tokens_out = answer.tokens_out or len(answer.text) // 4
        cost = self.cost(tokens_in, tokens_out)
        return RawAnswer(key, call.chunks[0].id, self.settings.model, answer.text, tokens_in, tokens_out, cost, time.time())


@dataclass(frozen=True)
class News:
    """What the asking has to tell: an answer that is committed, a call that failed, or a word about waiting."""

    call: Call | None = None
    answer: RawAnswer | None = None
    word: str = ""


class Asking:
    """Ask all calls from a thread of its own; `news()` yields what comes, and raises at its end what ended it early."""

    def __init__(
        self, project: Project, settings: LLMSettings, key: str, calls: Iterable[Call], spent: float, retry: Retry, stop: Callable[[], bool]
    ) -> None:
        self.spent, self.capped = spent, False
        self._project, self._settings, self._key, self._retry, self._stop = project, settings, key, retry, stop
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
        async with Endpoint(settings.base_url, self._key, settings.timeout, settings.concurrency) as endpoint:
            workers = [self._work(endpoint) for _ in range(settings.concurrency)]
            ends = await asyncio.gather(*workers, return_exceptions=True)
        for end in ends:
            if isinstance(end, BaseException):
                raise end
        if self._in_a_row and not self._answered:
            raise self._failure

    async def _work(self, endpoint: Endpoint) -> None:
        whole = False
        try:
            while not self._ended() and (call := next(self._todo, None)):
                await self._settle(call, await self._patiently(endpoint, call))
            whole = True
        finally:
            self._over = self._over or not whole  # an error here lets the others end what they have in flight

    def _ended(self) -> bool:
        return self._over or self._stop()

    async def _settle(self, call: Call, answer: Answer | None) -> None:
        if answer:
            kept = Answer(redact(answer.text[:LONGEST_TEXT], [self._key]), answer.proper, answer.tokens_in, answer.tokens_out)
            raw = self._budget.answer(call, kept)
            self._project.save_raw_answer(raw)
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

    async def _patiently(self, endpoint: Endpoint, call: Call) -> Answer | None:
        """Return an answer, trying again where that may help; None when there is none, or no more may be started."""
        settings, worst = self._settings, self._budget.worst(call.prompt)
        for failed in range(1, self._retry.attempts + 1):
            if not await self._may_start(worst):
                return None
            self._reserved += worst
            try:
                return await endpoint.chat(settings.model, call.prompt, settings.max_tokens, settings.temperature)
            except Refused as refused:
                self._news.put(News(call))
                self._fail(f"The server refused the call (status {refused.status}).", "Check the model's name and the longest answer.")
                return None
            except Busy as busy:
                self._lost += worst if busy.perhaps_paid else 0.0
                if failed == self._retry.attempts:
                    self._news.put(News(call))
                    self._fail(f"{busy.why}, {failed} times.", "Try again later, or with fewer calls at once.")
                    return None
                wait = self._retry.wait(failed, busy.wait)
                self._not_before = max(self._not_before, time.monotonic() + wait)
                self._news.put(News(word=f"{busy.why}; trying again in {wait:.0f} s"))
            finally:
                self._reserved -= worst
        return None

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
