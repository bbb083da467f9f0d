"""Questions from a language model: each passage is sent to an OpenAI-compatible address, which writes questions it answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from core.digest import digest, short
from core.endpoint import Answer, Busy, Endpoint, Refused
from core.errors import UserError
from core.generators import answers, kinds, paid
from core.generators.calls import Call, choose, fill, together
from core.generators.material import Material
from core.project import Project
from core.recipe import LLMSettings, PairSettings
from core.schema import Chunk, Pair, Progress, silent

TRIAL = "This is a test of the connection. Answer with JSON only: {\"questions\": [\"Is anybody there?\"]}"  # fmt: skip
OWN_LANGUAGE = "the passage's own language"


def ask(
    project: Project,
    material: Material,
    settings: PairSettings,
    key: str = "",
    progress: Progress = silent,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Pair]:
    """Yield pairs as answers come; those stored by earlier runs come first and cost nothing.

    What it does: a model of your choice reads each passage and writes questions of several kinds that it answers. Needs: an
    address that speaks the OpenAI protocol (a server of your own, or one that is paid for) and a model's name. Choose it
    before `sentence` wherever you may send your passages there. Source: Dai et al. 2022 (Promptagator),
    https://arxiv.org/abs/2209.11755

    A pair's category is the kind of its question. Raises `UserError`, after all that came was yielded, when the server
    cannot be used.
    """

    def read(call: Call, text: str) -> answers.Reading:
        return answers.read(text, settings.llm.per_chunk, call.kinds)

    for told in paid.answers(project, settings.llm, key, plan(material, settings.llm), read, progress, stop):
        first = told.call.chunks[0]
        for found in told.reading.found:
            yield Pair(
                id=short("llm", found.text, first.document_id, first.start, first.end),
                query=found.text,
                document_id=first.document_id,
                start=first.start,
                end=first.end,
                positives=tuple(chunk.id for chunk in told.call.chunks),
                generator="llm",
                category=found.kind,
                made=told.answer.at,
            )


def plan(material: Material, settings: LLMSettings) -> list[Call]:
    """Return the calls to make; chunks that give the same prompt share one."""
    asked = asks(settings)
    return together([_call(chunk, material.theme(chunk), settings, asked) for chunk in choose(material, settings.max_chunks)])


def asks(settings: LLMSettings) -> str:
    """Return the hash of all that is asked but the passage, by which stored answers are counted."""
    return short("llm", settings.model_dump(include={"model", "prompt", "per_chunk", "shares", "language", "max_tokens", "temperature"}))


def _call(chunk: Chunk, theme: str, settings: LLMSettings, asked: str) -> Call:
    mixed = "{kinds}" in settings.prompt
    of_kinds = kinds.allot(settings.shares, settings.per_chunk, chunk.text) if mixed else ()
    values = {
        "count": str(settings.per_chunk),
        "kinds": kinds.listed(of_kinds),
        "language": settings.language.strip() or OWN_LANGUAGE,
        "theme": theme or "none",
        "passage": chunk.text,
    }
    prompt = fill(settings.prompt, values)
    key = digest("llm", prompt, settings.model, settings.max_tokens, settings.temperature, settings.per_chunk)
    return Call(key, prompt, (chunk,), answers.OF_KINDS if mixed else answers.PLAIN, asked, of_kinds)


def check(settings: LLMSettings, key: str = "") -> str:
    """Make one tiny call and return in plain words what came of it; raise `UserError` when nothing did."""
    began = time.monotonic()

    async def once() -> Answer:
        async with Endpoint(settings.base_url, key, min(settings.timeout, 30.0)) as endpoint:
            return await endpoint.chat(settings.model, TRIAL, 64, settings.temperature, answers.PLAIN)

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
    if answers.read(answer.text, 1).found:
        return f"{took}, in the form that was asked for."
    return f"{took}, but not in the form that was asked for. A larger model may do better."
