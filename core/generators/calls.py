"""One call of a language model: what is asked and how its answer is known again, what it may cost, and what is kept of it."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.digest import digest
from core.endpoint import Answer, Shape
from core.generators.material import Material
from core.recipe import LLMSettings
from core.schema import Chunk, RawAnswer
from core.secrets import origin

SLOT = re.compile(r"\{(count|kinds|language|theme|passage)\}")
SHORTEST = 20  # characters of a passage that can be asked about
IN_FORM = 100  # tokens that a chat's form may add to a prompt


@dataclass(frozen=True)
class Call:
    """One prompt, its hash with all that was asked, and the chunks (of one text) that it is about.

    `asked` is the hash of what all calls of one making have in common; `kinds` are those of the questions asked for.
    """

    key: str
    prompt: str
    chunks: tuple[Chunk, ...]
    shape: Shape
    asked: str = ""
    kinds: tuple[str, ...] = ()

    def improper_key(self, url: str) -> str:
        """Return the key for a body that was no answer at all: the address may be wrong, so another one is asked anew."""
        return digest(self.key, "improper", origin(url))


@dataclass(frozen=True)
class Budget:
    """What calls cost, at prices for a million tokens."""

    settings: LLMSettings

    @property
    def priced(self) -> bool:
        """Say whether anything is paid at all."""
        return bool(self.settings.price_in or self.settings.price_out)

    def cost(self, tokens_in: float, tokens_out: float) -> float:
        """Return the price of so many tokens."""
        return (tokens_in * self.settings.price_in + tokens_out * self.settings.price_out) / 1e6

    def worst(self, prompt: str) -> float:
        """Return the most that a call can cost: no tokenizer makes more tokens than bytes."""
        return self.cost(len(prompt.encode("utf-8", "replace")) + IN_FORM, self.settings.max_tokens)

    def answer(self, call: Call, answer: Answer, seconds: float) -> RawAnswer:
        """Return what is stored of an answer; where the server counted no tokens, four characters count as one.

        Such a guess never goes beyond what the call was allowed: a body of megabytes is no answer that anybody would charge.
        """
        key = call.key if answer.proper else call.improper_key(self.settings.base_url)
        tokens_in = answer.tokens_in or len(call.prompt) // 4
        tokens_out = answer.tokens_out or min(len(answer.text) // 4, self.settings.max_tokens)
        cost = self.cost(tokens_in, tokens_out)
        model = self.settings.model
        return RawAnswer(key, call.chunks[0].id, model, answer.text, tokens_in, tokens_out, cost, time.time(), seconds, call.asked)


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


def fill(template: str, values: Mapping[str, str]) -> str:
    """Put values into a prompt, in one pass: braces in a passage or theme mean nothing, and a slot without a value stays."""
    return SLOT.sub(lambda slot: values.get(slot.group(1), slot.group(0)), template)


def together(calls: Sequence[Call]) -> list[Call]:
    """Return the calls with those of one prompt made one, about the chunks of all."""
    alike: dict[str, list[Call]] = {}
    for call in calls:
        alike.setdefault(call.key, []).append(call)
    return [
        Call(key, same[0].prompt, tuple(c for call in same for c in call.chunks), same[0].shape, same[0].asked, same[0].kinds)
        for key, same in alike.items()
    ]
