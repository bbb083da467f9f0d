"""Passages in other words, by a language model: pairs for long timelines, and for models that shall see past the wording.

Two kinds of pairs come of it, by the names that timeline training has for them: *single-synthetic*, a passage and its
paraphrase, and *synthetic-pair*, two successive passages one of which is paraphrased. The paraphrase is always the pair's
query and the other passage, which is a chunk, its positive: so it attaches, splits and is reviewed like any other pair. A
pair whose anchor shall be the passage and whose positive the paraphrase is that same pair with `swapped`, and changes
sides only in the rows of training. Where `timeline` is chosen too, it says where both kinds are made, in its shares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from core.digest import digest, short
from core.generators import answers, paid, timeline
from core.generators.calls import SHORTEST, Call, choose, fill, together
from core.generators.material import Material
from core.generators.timeline import SINGLE, SYNTHETIC
from core.project import Project
from core.recipe import PairSettings
from core.schema import Chunk, Pair, Progress, silent


@dataclass(frozen=True)
class Wanted:
    """A chunk to say in other words, the chunk that the paraphrase shall find (itself, or a neighbour), and its period, if any."""

    said: Chunk
    found: Chunk
    group: str = ""

    @property
    def category(self) -> str:
        """Return the pair's kind."""
        return SINGLE if self.said.id == self.found.id else SYNTHETIC


def ask(
    project: Project,
    material: Material,
    settings: PairSettings,
    key: str = "",
    progress: Progress = silent,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Pair]:
    """Yield a pair of each chosen passage and its paraphrase.

    What it does: a language model says each passage in other words; what it wrote is the query, the passage its positive.
    Needs: an address that speaks the OpenAI protocol, and a model's name. Choose it for texts that report the same things
    over and over in changing words, as over years; `llm` teaches more where people ask questions. Source: Dong et al.
    2017, Learning to Paraphrase for Question Answering, arXiv 1708.06022; Wang et al. 2024, arXiv 2401.00368.
    """
    yield from pairs(project, material, alone(material, settings), settings, key, progress, stop, generator="paraphrase")


def ask_successive(
    project: Project,
    material: Material,
    settings: PairSettings,
    key: str = "",
    progress: Progress = silent,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Pair]:
    """Yield pairs of successive passages of a document, one of which is said in other words.

    What it does: a language model says one of two neighbours in other words; what it wrote is the query, the other one its
    positive. Needs: documents of several passages, an address that speaks the OpenAI protocol, and a model's name.
    Choose it beside `paraphrase` to bring passages of one report nearer to each other. Source: neighbouring texts as pairs
    after Neelakantan et al. 2022, Text and Code Embeddings by Contrastive Pre-Training, arXiv 2201.10005.
    """
    yield from pairs(project, material, successive(material, settings), settings, key, progress, stop, generator=SYNTHETIC)


def alone(material: Material, settings: PairSettings) -> list[Wanted]:
    """Return the chunks whose paraphrase shall find themselves: up to `paraphrase.max_chunks`, evenly over documents, or the timeline's."""
    if "timeline" in settings.generators:
        return _of_timeline(material, settings, SINGLE)
    # A paraphrase that stands for its neighbour already would be a query with two answers.
    taken = {wanted.said.id for wanted in successive(material, settings)} if SYNTHETIC in settings.generators else set()
    free = Material(material.documents, [chunk for chunk in material.chunks if chunk.id not in taken], material.themes)
    return [Wanted(chunk, chunk) for chunk in choose(free, settings.paraphrase.max_chunks)]


def successive(material: Material, settings: PairSettings) -> list[Wanted]:
    """Return neighbours one of which is to be said, up to `paraphrase.max_chunks`, evenly over documents, or the timeline's.

    No chunk stands in two of them, and either side is said about as often.
    """
    if "timeline" in settings.generators:
        return _of_timeline(material, settings, SYNTHETIC)
    neighbours: dict[str, Wanted] = {}
    for chunks in material.by_document.values():
        usable = [chunk for chunk in chunks if len(chunk.text.strip()) >= SHORTEST]
        for one, other in zip(usable[::2], usable[1::2], strict=False):
            if other.position == one.position + 1:
                neighbours[one.id] = Wanted(one, other) if _coin("side", one.id) < 0.5 else Wanted(other, one)
    firsts = Material(material.documents, [chunk for chunk in material.chunks if chunk.id in neighbours], material.themes)
    return [neighbours[chunk.id] for chunk in choose(firsts, settings.paraphrase.max_chunks)]


def _of_timeline(material: Material, settings: PairSettings, category: str) -> list[Wanted]:
    places = timeline.places(material, settings.timeline, timeline.categories(settings.generators), settings.seed)
    return [Wanted(place.anchor, place.positive, place.group) for place in places if place.category == category]


def pairs(
    project: Project,
    material: Material,
    wanted: Sequence[Wanted],
    settings: PairSettings,
    key: str = "",
    progress: Progress = silent,
    stop: Callable[[], bool] = lambda: False,
    *,
    generator: str,
) -> Iterator[Pair]:
    """Yield a pair for each paraphrase that is wanted, as answers come.

    Chunks that several pairs want said are asked for once. Which pairs are swapped is decided by a hash of each, so it is
    the same in every run. Raises `UserError`, after all that came was yielded, when the server cannot be used.
    """
    of_chunk: dict[str, list[Wanted]] = {}
    for one in wanted:
        of_chunk.setdefault(one.said.id, []).append(one)
    chunks = [same[0].said for same in of_chunk.values()]
    for chunk, text, at in rewrite(project, material, chunks, settings, key, progress, stop):
        for one in of_chunk[chunk.id]:
            found = one.found
            yield Pair(
                id=short(generator, text, found.document_id, found.start, found.end),
                query=text,
                document_id=found.document_id,
                start=found.start,
                end=found.end,
                positives=(found.id,),
                generator=generator,
                category=one.category,
                group=one.group,
                swapped=_coin("swapped", one.said.id, found.id) < settings.paraphrase.swapped,
                made=at,
            )


def rewrite(
    project: Project,
    material: Material,
    chunks: Sequence[Chunk],
    settings: PairSettings,
    key: str = "",
    progress: Progress = silent,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[tuple[Chunk, str, float]]:
    """Yield (chunk, its paraphrase, when it was answered) as answers come, stored ones first; refused ones are left out."""
    asked = asks(settings)
    calls = together([_call(chunk, material.theme(chunk), settings, asked) for chunk in chunks])

    def read(call: Call, text: str) -> answers.Reading:
        return answers.read_paraphrase(text, call.chunks[0].text)

    for told in paid.answers(project, settings.llm, key, calls, read, progress, stop):
        for found in told.reading.found:
            for chunk in told.call.chunks:
                yield chunk, found.text, told.answer.at


def asks(settings: PairSettings) -> str:
    """Return the hash of all that is asked but the passage, by which stored answers are counted."""
    llm = settings.llm
    return short("paraphrase", settings.paraphrase.prompt, llm.model, llm.max_tokens, llm.temperature)


def _call(chunk: Chunk, theme: str, settings: PairSettings, asked: str) -> Call:
    prompt = fill(settings.paraphrase.prompt, {"theme": theme or "none", "passage": chunk.text})
    key = digest("paraphrase", prompt, settings.llm.model, settings.llm.max_tokens, settings.llm.temperature)
    return Call(key, prompt, (chunk,), answers.PARAPHRASE, asked)


def _coin(*parts: str) -> float:
    """Return a number from 0 to 1 that is always the same for the same parts."""
    return int(digest(*parts)[:13], 16) / 16**13
