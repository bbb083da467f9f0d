"""Questions from a language model: each passage is sent to an OpenAI-compatible address, which writes questions it answers."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

from core.digest import digest, short
from core.endpoint import Answer, Busy, Endpoint, Refused
from core.errors import UserError
from core.generators import answers
from core.generators.asking import Asking, Budget, Call, Retry
from core.generators.material import Material
from core.project import Project
from core.recipe import LLMSettings, PairSettings
from core.schema import Chunk, Pair, Progress, RawAnswer, silent

SLOT = re.compile(r"\{(count|theme|passage)\}")
SHORTEST = 20  # characters of a passage that can be asked about
TRIAL = "This is a test of the connection. Answer with JSON only: {\"questions\": [\"Is anybody there?\"]}"  # fmt: skip


class Estimate(NamedTuple):
    """What asking will take: calls, tokens read and written (four characters count as one), and their price."""

    calls: int
    tokens_in: int
    tokens_out: int
    cost: float


def generate(material: Material, settings: PairSettings) -> Iterator[Pair]:
    """Refuse: a language model has an address and a key, so it is asked through `ask`.

    What it does: a model of your choice reads each passage and writes questions that it answers. Needs: an address that
    speaks the OpenAI protocol (a server of your own, or one that is paid for) and a model's name. Choose it before `sentence`
    wherever you may send your passages there. Source: Dai et al. 2022 (Promptagator), https://arxiv.org/abs/2209.11755
    """
    raise UserError(
        "Questions from a language model need an address and a model's name.",
        "Give both under “Language model” on the Pairs page, or in the recipe's pairs.llm.",
    )


def ask(
    project: Project,
    material: Material,
    settings: LLMSettings,
    key: str = "",
    progress: Progress = silent,
    stop: Callable[[], bool] = lambda: False,
    *,
    retry: Retry = Retry(),  # noqa: B008  frozen
) -> Iterator[Pair]:
    """Yield pairs as answers come; those stored by earlier runs come first and cost nothing.

    Each raw answer is committed before it is read. The cap holds for all calls of these settings and passages together,
    earlier runs included. Ends early on `stop` and at the cap; raises `UserError`, after all that came was yielded, when the
    server cannot be used.
    """
    calls = plan(material, settings)
    stored = {answer.key: answer for answer in project.raw_answers()}
    tally = _Tally(len(calls), priced=bool(settings.price_in or settings.price_out))
    todo = []
    for call in calls:
        known = stored.get(call.key) or stored.get(call.improper_key(settings.base_url))
        if known:
            yield from tally.take(call, known, settings.per_chunk)
        else:
            todo.append(call)
    if not todo:
        progress(1.0, tally.text())
        return
    if not settings.model.strip():
        raise UserError("There is no model's name.", "Type the name that the model has at that address.")
    asking = Asking(project, settings, key, todo, tally.spent, retry, stop)
    progress(tally.fraction, tally.text())
    try:
        for news in asking.news():
            if news.call and news.answer:
                yield from tally.take(news.call, news.answer, settings.per_chunk)
            elif news.call:
                tally.failed += 1
            progress(tally.fraction, tally.text(news.word or ("the spending cap is reached" if asking.capped else "")))
    finally:
        ending = " The spending cap was reached." if asking.capped else ""
        project.log("language model", f"{settings.model}: {tally.text()}.{tally.reasons()}{ending}")


def plan(material: Material, settings: LLMSettings) -> list[Call]:
    """Return the calls to make; chunks that give the same prompt share one."""
    alike: dict[str, list[Chunk]] = defaultdict(list)
    for chunk in choose(material, settings.max_chunks):
        alike[fill(settings.prompt, settings.per_chunk, material.theme(chunk), chunk.text)].append(chunk)
    asked = (settings.model, settings.max_tokens, settings.temperature, settings.per_chunk)
    return [Call(digest("llm", prompt, *asked), prompt, tuple(chunks)) for prompt, chunks in alike.items()]


def choose(material: Material, most: int) -> list[Chunk]:
    """Return up to `most` chunks, evenly over documents, in reading order.

    Inside a document the order of choice is by hash, so that a higher limit later only adds chunks and pays nothing twice.
    """
    queues = {
        document: sorted((c for c in chunks if len(c.text.strip()) >= SHORTEST), key=lambda c: digest(c.id))
        for document, chunks in material.by_document.items()
    }
    rounds = [(rank, digest(document), chunk.id) for document, queue in queues.items() for rank, chunk in enumerate(queue)]
    chosen = {chunk_id for _, _, chunk_id in sorted(rounds)[:most]}
    return [chunk for chunk in material.chunks if chunk.id in chosen]


def fill(template: str, count: int, theme: str, passage: str) -> str:
    """Put the three values into a prompt, in one pass: braces in a passage or theme mean nothing."""
    values = {"count": str(count), "theme": theme or "none", "passage": passage}
    return SLOT.sub(lambda slot: values[slot.group(1)], template)


def estimate(material: Material, settings: LLMSettings) -> Estimate:
    """Return what asking will take, before anything is sent; a question is taken to have 25 tokens."""
    calls = plan(material, settings)
    tokens_in = sum(len(call.prompt) // 4 for call in calls)
    tokens_out = len(calls) * min(settings.max_tokens, 15 + 25 * settings.per_chunk)
    return Estimate(len(calls), tokens_in, tokens_out, Budget(settings).cost(tokens_in, tokens_out))


def check(settings: LLMSettings, key: str = "") -> str:
    """Make one tiny call and return in plain words what came of it; raise `UserError` when nothing did."""
    began = time.monotonic()

    async def once() -> Answer:
        async with Endpoint(settings.base_url, key, min(settings.timeout, 30.0)) as endpoint:
            return await endpoint.chat(settings.model, TRIAL, 64, settings.temperature)

    try:
        with ThreadPoolExecutor(1) as thread:  # a loop of its own, whatever runs in this thread
            answer = thread.submit(lambda: asyncio.run(once())).result()
    except Busy as busy:
        raise UserError(f"{busy.why}.", "Check the address, and that its server is running.") from None
    except Refused as refused:
        raise UserError(f"The server refused the call (status {refused.status}).", "Check the model's name.") from None
    if not answer.proper:
        raise UserError("The address answers, but not as a language model does.", "Check the address; it often ends in /v1.")
    took = f"The model answers, in {time.monotonic() - began:.1f} s"
    if answers.read(answer.text, 1).questions:
        return f"{took}, in the form that was asked for."
    return f"{took}, but not in the form that was asked for. A larger model may do better."


@dataclass
class _Tally:
    total: int
    priced: bool
    done: int = 0
    failed: int = 0
    spent: float = 0.0
    refused: int = 0
    why: Counter[str] = field(default_factory=Counter)

    @property
    def fraction(self) -> float:
        return (self.done + self.failed) / self.total if self.total else 1.0

    def take(self, call: Call, answer: RawAnswer, most: int) -> Iterator[Pair]:
        """Count an answer and yield its pairs."""
        self.done += 1
        self.spent += answer.cost
        reading = answers.read(answer.text, most)
        self.refused += not reading.questions
        self.why += reading.refused
        first = call.chunks[0]
        for question in reading.questions:
            yield Pair(
                id=short("llm", question, first.document_id, first.start, first.end),
                query=question,
                document_id=first.document_id,
                start=first.start,
                end=first.end,
                positives=tuple(chunk.id for chunk in call.chunks),
                generator="llm",
                made=answer.at,
            )

    def text(self, word: str = "") -> str:
        """Return the state in a line: "212 of 400 passages, 0.34 spent, 3 refused"."""
        parts = [f"{self.done} of {self.total} passages"]
        parts += [f"{self.spent:.2f} spent"] if self.priced else []
        parts += [f"{self.refused} refused"] if self.refused else []
        parts += [f"{self.failed} without an answer"] if self.failed else []
        return ", ".join([*parts, word] if word else parts)

    def reasons(self) -> str:
        """Return why questions were refused, as a sentence to follow the text."""
        return f" Refused: {', '.join(f'{n} {why}' for why, n in self.why.most_common())}." if self.why else ""
