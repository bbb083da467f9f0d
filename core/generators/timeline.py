"""Pairs of passages of one document: each the other's question, taken thinly and evenly from every period.

What it does: takes a passage as the query and the next one of its document (`successive`), or another one from anywhere in it
    (`random-pair`), as the positive; the two change places half of the time. A document gives about one pair for eight of its
    passages, two passages at least lie between those of two pairs, and no year (or group, document, theme) gives more than
    the others may. The rewritten categories (`single-synthetic`, `synthetic-pair`) are made at places chosen here too, by
    `paraphrase` and `synthetic-pair` where these are chosen as well; without them the two made here take their share.
Needs: documents of several passages; a date (or a group) of each for the cap by period. Works offline.
Choose it when: long texts of many years are to be searched by passages like them, and drift over time matters more than
    questions. For people's questions `sentence` and `phrases` are nearer to what will be asked.
Source: the sampling of continued pre-training on long timelines; successive passages as in Neelakantan et al. 2022, Text and
    Code Embeddings by Contrastive Pre-Training, arXiv 2201.10005, section 2.
"""

from __future__ import annotations

import math
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from core.digest import short
from core.generators.material import Material
from core.recipe import PairSettings, TimelineSettings
from core.schema import Chunk, Document, Pair
from core.text import words

SUCCESSIVE, SINGLE, RANDOM, SYNTHETIC = "successive", "single-synthetic", "random-pair", "synthetic-pair"
LABELS = {SUCCESSIVE: "successive", SINGLE: "reworded", RANDOM: "any two of a document", SYNTHETIC: "successive, one reworded"}
OFFLINE = (SUCCESSIVE, RANDOM)
LEAST_WORDS = 8  # of a passage that asks or answers, without what the two share
_YEAR = re.compile(r"(?<!\d)(1[5-9]\d\d|20\d\d|21\d\d)(?!\d)")


@dataclass(frozen=True)
class Place:
    """Where a pair is to be made: its category, the passage that asks, the one that answers (the same for `single-synthetic`), its period."""

    category: str
    anchor: Chunk
    positive: Chunk
    group: str


def generate(material: Material, settings: PairSettings) -> Iterator[Pair]:
    """Yield the pairs of the two categories that need no language model, in the documents' order."""
    for place in places(material, settings.timeline, categories(settings.generators), settings.seed):
        if place.category in OFFLINE:
            yield _pair(place)


def categories(generators: Sequence[str]) -> tuple[str, ...]:
    """Return what is made when these generators are chosen together: pairs without a language model, and the reworded ones of its own."""
    reworded = {"paraphrase": SINGLE, "synthetic-pair": SYNTHETIC}
    return (*OFFLINE, *(category for name, category in reworded.items() if name in generators))


def shares(settings: TimelineSettings, categories: Sequence[str]) -> dict[str, float]:
    """Return what part each of these categories has when there are no others; all parts add up to 1.

    Where none of them has a share, the first has all.
    """
    own = {name: share for name, share in settings.shares.items() if name in categories}
    total = sum(own.values())
    return {name: share / total if total else float(name == categories[0]) for name, share in own.items()}


def told(settings: TimelineSettings, categories: Sequence[str] = OFFLINE) -> str:
    """Say which categories are made, with their shares, and which are not because nothing rewrites passages."""
    made = shares(settings, categories)
    said = ", ".join(f"{share:.1%} {LABELS[name]}" for name, share in made.items())
    without = [name for name, share in settings.shares.items() if share and name not in made]
    return f"Made: {said}." + (
        " Reworded passages come from a language model, where those kinds are chosen too; until then the others take their share."
        if without
        else ""
    )


def places(material: Material, settings: TimelineSettings, categories: Sequence[str], seed: int) -> list[Place]:
    """Choose where pairs of these categories are made, in the documents' order; the same seed chooses the same places."""
    rng = random.Random(f"timeline {seed}")
    name = period(material, settings.group)
    dealt = _deal(_capped(material, settings, name, rng), shares(settings, categories), rng)
    found: list[Place] = []
    for document_id, chunks in material.by_document.items():
        own = random.Random(short("timeline", seed, document_id))
        found += _in_document(chunks, dealt.get(document_id, ()), name, settings.apart, own)
    return found


def period(material: Material, by: str) -> Callable[[Chunk], str]:
    """Return the function that names a passage's period; "auto" takes the year where most documents have one, then the group."""
    documents = {key: material.documents[key] for key in material.by_document}
    years = {key: year(document) for key, document in documents.items()}
    names: Mapping[str, Mapping[str, str]] = {
        "year": years,
        "group": {key: document.group for key, document in documents.items()},
        "document": {key: document.title for key, document in documents.items()},
    }
    if by == "theme":
        return lambda chunk: material.theme(chunk)
    if by == "auto":
        by = next((kind for kind in ("year", "group") if sum(map(bool, names[kind].values())) * 2 > len(documents)), "document")
    return lambda chunk: names[by][chunk.document_id]


def year(document: Document) -> str:
    """Return the year of a document's date, else the one in its title, "" for none."""
    found = _YEAR.search(document.date) or _YEAR.search(document.title)
    return found.group() if found else ""


def _capped(material: Material, settings: TimelineSettings, name: Callable[[Chunk], str], rng: random.Random) -> list[tuple[str, str]]:
    """Return (document id, period) once for each pair that is to be made: at most as many for a period as any other may have.

    A document that speaks of several (themes) gives to each by its share of the passages.
    """
    slots: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for document_id, chunks in material.by_document.items():
        number = max(1, len(chunks) // settings.every) if len(chunks) > 1 else 0
        for chunk in rng.sample(list(chunks), number):
            slots[name(chunk)].append((document_id, name(chunk)))
    most = settings.cap or math.ceil(median(map(len, slots.values()))) if slots else 0
    return [slot for own in slots.values() for slot in rng.sample(own, min(most, len(own)))]


def _deal(slots: Sequence[tuple[str, str]], parts: Mapping[str, float], rng: random.Random) -> dict[str, list[tuple[str, str]]]:
    """Return (category, period) of each document's pairs, so that all categories have their shares (by largest remainder)."""
    exact = {name: part * len(slots) for name, part in parts.items()}
    counts = Counter({name: int(number) for name, number in exact.items()})
    for name in sorted(exact, key=lambda name: counts[name] - exact[name])[: len(slots) - counts.total()]:
        counts[name] += 1
    categories = list(counts.elements())
    rng.shuffle(categories)
    dealt: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for (document_id, group), category in zip(slots, categories, strict=True):
        dealt[document_id].append((category, group))
    return dealt


def _in_document(
    chunks: Sequence[Chunk], wanted: Sequence[tuple[str, str]], name: Callable[[Chunk], str], apart: int, rng: random.Random
) -> list[Place]:
    """Place a document's pairs at random, so far apart as is asked for; those for which there is no room are left out."""
    used: set[int] = set()

    def free(i: int) -> bool:
        return 0 <= i < len(chunks) and used.isdisjoint(range(i - apart, i + apart + 1))

    found = []
    for category, group in wanted:
        order = [i for i, chunk in enumerate(chunks) if free(i) and name(chunk) == group]
        rng.shuffle(order)
        for i in order:
            others = [j for j in range(len(chunks)) if abs(i - j) > max(1, apart) and free(j)] if category == RANDOM else [i + 1]
            j = i if category == SINGLE else rng.choice(others) if others else -1
            if free(j) and _says_enough(chunks[i], chunks[j]):
                used |= {i, j}
                turned = rng.random() < 0.5
                found.append((min(i, j), Place(category, chunks[j if turned else i], chunks[i if turned else j], group)))
                break
    return [place for _, place in sorted(found, key=lambda one: one[0])]


def _says_enough(one: Chunk, other: Chunk) -> bool:
    """Say whether either passage has something to say of its own, without what the two share."""
    shared = range(max(one.start, other.start), min(one.end, other.end)) if one is not other else range(0)
    first, second = sorted((one, other), key=lambda chunk: chunk.start)
    own = (first.text[: len(first.text) - len(shared)], second.text[len(shared) :])
    return all(len(words(text)) >= LEAST_WORDS for text in own)


def _pair(place: Place) -> Pair:
    """Return the pair of two passages; the asking one's span is the query's, so that it is no answer to itself."""
    anchor, positive = place.anchor, place.positive
    query = " ".join(anchor.text.split())
    key = short("timeline", place.category, anchor.document_id, anchor.start, anchor.end, positive.start, positive.end)
    return Pair(
        key,
        query,
        positive.document_id,
        positive.start,
        positive.end,
        (positive.id,),
        "timeline",
        query_start=anchor.start,
        query_end=anchor.end,
        category=place.category,
        group=place.group,
    )
