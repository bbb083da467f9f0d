"""Generators of pairs: one file each, chosen by name. Every one is `generate(material, settings) -> Iterator[Pair]`.

The tags "asked" and "taken" say how a query came about: as a question, or out of its passage. The quality gate goes by them, and
training by "asked".
Those that need "an endpoint" ask a language model, and are `ask(project, material, settings, key, progress, stop)`; those that
need "a question writer" run a model here, and are `write(material, settings, known, progress, stop) -> Iterator[list[Pair]]`.
"""

from __future__ import annotations

from collections.abc import Iterable

from core.generators.material import Material
from core.registry import Choice, Registry
from core.schema import Pair, TrainPair

ENDPOINT = "an endpoint"
WRITER = "a question writer"

GENERATORS = Registry(
    "kind of pairs",
    {
        "sentence": Choice(
            "core.generators.sentence:generate",
            "A sentence against its passage",
            "One sentence of each passage is the question, the rest of the passage is the answer. Works for every text, offline.",
            tags=frozenset({"offline", "taken"}),
        ),
        "crop": Choice(
            "core.generators.crop:generate",
            "A cut-out of a passage against the rest",
            "A run of words from anywhere in the passage is the question, the rest is the answer. Works for every text, offline, also where "
            "there are no whole sentences.",
            tags=frozenset({"offline", "taken"}),
        ),
        "heading": Choice(
            "core.generators.heading:generate",
            "A heading against its passage",
            "The heading above a passage is the question. Good where headings say what follows; “Introduction” and the like are skipped.",
            needs=("headings",),
            tags=frozenset({"offline", "taken"}),
        ),
        "phrases": Choice(
            "core.generators.phrases:generate",
            "Key phrases of a passage",
            "Two to four phrases that set a passage apart, typed like a keyword search. Good where people type keywords, not questions.",
            tags=frozenset({"offline", "taken"}),
        ),
        "columns": Choice(
            "core.generators.columns:generate",
            "Questions that came with the documents",
            "Real questions from the columns of a table. They are always used: nothing teaches and judges better.",
            needs=("questions",),
            tags=frozenset({"offline", "people"}),
        ),
        "table": Choice(
            "core.generators.table:generate",
            "Columns of your tables",
            "What a row is called, its anchor, is the question; its other columns are the answer, together or each by itself, with wrong "
            "answers of another category. Always used where you mark a column as anchor, on the Documents page.",
            needs=("anchors",),
            tags=frozenset({"offline", "table"}),
        ),
        "timeline": Choice(
            "core.generators.timeline:generate",
            "Passages that follow each other",
            "A passage is the question, the next one of its document the answer; now and then any two of a document. Taken thinly, and evenly "
            "from every year. For long texts of many years that are searched by passages, not by questions.",
            needs=("documents of several passages",),
            tags=frozenset({"offline", "whole passages"}),
        ),
        "theme": Choice(
            "core.generators.theme:generate",
            "One question for each theme",
            "“What does this text say about {theme}?” for every passage of a theme. Rarely a good choice, and never the default: one question "
            "stands for hundreds of passages, and in training each of them counts as a wrong answer of the others. On Cranfield "
            "(225 questions by people) it took the base model from 0.509 down to 0.428 nDCG@10.",
            needs=("themes",),
            tags=frozenset({"offline", "not recommended"}),
        ),
        "llm": Choice(
            "core.generators.llm:ask",
            "Questions from a language model",
            "A language model of your choice reads each passage and writes questions that it answers: plain ones, keywords, long ones and "
            "statements to check. Measured as worth the most after people's own questions. Your passages are sent to the address that you type.",
            needs=(ENDPOINT,),
            tags=frozenset({"llm", "asked"}),
        ),
        "local": Choice(
            "core.generators.local:write",
            "Questions from a small model on this machine",
            "A sequence-to-sequence model such as doc2query's T5, which you name, writes questions for each passage; nothing leaves this "
            "machine, and no key is needed. Tried on a tiny random model only: what real weights are worth was not measured.",
            needs=(WRITER,),
            tags=frozenset({"local", "asked"}),
        ),
        "paraphrase": Choice(
            "core.generators.paraphrase:ask",
            "A passage and its paraphrase",
            "A language model says each passage in other words, and the model learns that both mean the same. Good for reports that tell "
            "the same things in changing words. Your passages are sent to the address that you type.",
            needs=(ENDPOINT,),
            tags=frozenset({"llm"}),
        ),
        "synthetic-pair": Choice(
            "core.generators.paraphrase:ask_successive",
            "A paraphrase and the passage beside it",
            "Two successive passages of a document, one of them said in other words by a language model: for collections that follow a "
            "matter over a long time. Your passages are sent to the address that you type.",
            needs=(ENDPOINT,),
            tags=frozenset({"llm"}),
        ),
    },
)

GROUPS = {
    "Made offline": tuple(
        name for name, choice in GENERATORS.items() if "offline" in choice.tags and not choice.tags & {"people", "table"}
    ),
    "From your own tables": tuple(name for name, choice in GENERATORS.items() if choice.tags & {"people", "table"}),
    "With a language model": tuple(name for name, choice in GENERATORS.items() if "offline" not in choice.tags),
}
"""Where pairs come from, and the kinds that come from there: how a list of all kinds is laid out."""

WHOLE_PASSAGES = frozenset(name for name, choice in GENERATORS.items() if "whole passages" in choice.tags)
"""The generators whose query is a passage itself, which must be no part of what its pair is judged by."""

WRITTEN = tuple(name for name, choice in GENERATORS.items() if "asked" in choice.tags)
"""The generators that write questions as a person might ask them."""

BY_HAND = {"typed": "Typed by hand", "marked": "Marked on Compare", "imported": "Imported from a file"}


def by_model(names: Iterable[str]) -> list[str]:
    """Return those of some generators that ask a language model."""
    return [name for name in names if name in GENERATORS and ENDPOINT in GENERATORS[name].needs]


def asked(pair: Pair | TrainPair) -> bool:
    """Say whether a query is a question that was asked: by a person, or by a model that read the passage for it.

    Pairs made out of the text are not, and an imported pair is one where its file or the person who brought it says so: what wrote
    it is not known, and tuning the whole model is safe with questions alone.
    """
    return pair.people or pair.generator in WRITTEN


def label(name: str) -> str:
    """Return what a person reads for the generator of a pair, those made by hand included."""
    return GENERATORS[name].label if name in GENERATORS else BY_HAND.get(name, name)


__all__ = ["BY_HAND", "ENDPOINT", "GENERATORS", "GROUPS", "WHOLE_PASSAGES", "WRITER", "WRITTEN", "Material", "asked", "by_model", "label"]
