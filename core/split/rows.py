"""What a passage's text is to a question: the rows of training, and the questions as they are searched for."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from core import text
from core.generators import table
from core.schema import Chunk, Pair, Part, Question, TestQuestion, TrainPair
from core.split.rights import Rights

MAX_POSITIVES = 3  # rows that one query gets in training, when its answer is cut into several passages


class Corpus:
    """The chunks, ready to say which of them answer a question and which hold the question's own sentence."""

    def __init__(self, chunks: Sequence[Chunk], groups: Iterable[Sequence[str]]) -> None:
        self.by_id = {chunk.id: chunk for chunk in chunks}
        self.copies = {chunk_id: group for group in groups for chunk_id in group}
        self.by_document: dict[str, list[Chunk]] = defaultdict(list)
        for chunk in chunks:
            self.by_document[chunk.document_id].append(chunk)

    def question(self, frozen: TestQuestion, pair: Pair | None, placed: Mapping[str, Part], rights: Rights) -> Question | None:
        """Return the question as it is searched for today, or None when no passage answers it any more.

        `pair` tells where the passages lie now (pairs are attached anew when chunks change); the words are the frozen ones.
        What other pairs with the same words name as right is right as well; a passage of another part (one that is trained
        on, say) is left out of this question's search instead, where it would be neither earned nor missed.
        """
        if pair:
            positives = [c for c in pair.positives if c in self.by_id]
        else:
            inside = [c for c in self.by_document[frozen.document_id] if overlap(c, frozen.start, frozen.end) * 2 > c.end - c.start]
            positives = [c.id for c in inside]
        if not positives:
            return None
        # A copy of the right passage is right as well; else both models are marked down for finding the same text.
        own = {placed.get(c) for c in positives} | {Part.GAP}
        also = [c for c in rights.right(frozen.query) if c in self.by_id]
        relevant = self._with_copies([*positives, *(c for c in also if placed.get(c) in own)])
        without = self._without(frozen, list(relevant)) | {c: "" for c in self._with_copies(also) if c not in relevant}
        return Question(frozen.pair_id, frozen.query, tuple(relevant), frozen.generator, frozen.people, without)

    def _without(self, frozen: TestQuestion | Pair, relevant: Sequence[str]) -> dict[str, str]:
        """Return the texts, without the query's own words, of all chunks of the document (and copies) that hold them."""
        if frozen.query_start < 0:
            return {}
        start, end = frozen.query_start, frozen.query_end
        texts = {}
        for chunk in self.by_document[frozen.document_id]:
            if overlap(chunk, start, end) > 0:
                left, right = max(0, start - chunk.start), min(len(chunk.text), end - chunk.start)
                texts[chunk.id] = _joined_text(chunk.text[:left], chunk.text[right:])
        # A passage that asks is no answer to itself, and neither is its copy.
        texts.update({c: "" for own in [c for c in texts if not texts[c]] for c in self.copies.get(own, ()) if c not in relevant})
        words = " ".join(frozen.query.split())
        for chunk_id in relevant:
            flat = " ".join(self.by_id[chunk_id].text.split())
            if chunk_id not in texts and words in flat:
                texts[chunk_id] = _joined_text(*flat.split(words, 1))
        return texts

    def _with_copies(self, chunk_ids: Iterable[str]) -> dict[str, None]:
        return dict.fromkeys(copy for c in chunk_ids for copy in [c, *self.copies.get(c, ())])

    def sharing(self, chunk: Chunk) -> list[Chunk]:
        """Return the chunks of a document that share characters with one of them, itself included."""
        own = self.by_document[chunk.document_id]
        at = bisect_left(own, chunk.start, key=lambda c: c.start)
        near = own[max(0, at - 4) : at + 5]  # an overlap is less than half a chunk, so no more of them can reach it
        return [c for c in near if c.start < chunk.end and chunk.start < c.end]

    def answers(self, pair: Pair) -> list[str]:
        """Return the texts of a pair's passages, those that are there; a query taken from a passage is taken out of it first."""
        ids = [c for c in pair.positives if c in self.by_id]
        without = self._without(pair, ids)
        return [without.get(c, "") or self.by_id[c].text for c in ids]

    def train_rows(self, pair: Pair, placed: Mapping[str, Part], rights: Rights, *, negatives: bool) -> list[TrainPair]:
        """Return the rows that a pair gives to training; a query taken from its passage is taken out of it first.

        Of copies one is trained on, the first that training may use: two of them would be each other's wrong answers. With
        `negatives` the rows have the texts of the pair's hard negatives, but for those that are held out, or may be right.
        """
        kept = dict.fromkeys(self._kept_once(c, placed) for c in pair.positives if c in self.by_id and placed.get(c) is Part.TRAIN)
        ids = list(kept)[:MAX_POSITIVES]
        without = self._without(pair, ids)
        avoid = rights.avoided(pair.query)
        wrong: dict[str, str] = {}
        for c in pair.negatives if negatives and not pair.swapped else ():
            if c in self.by_id and placed.get(c) is Part.TRAIN and rights.mark(c) not in avoid and self.by_id[c].text.strip():
                wrong.setdefault(rights.mark(c), self.by_id[c].text)
        rows = [
            TrainPair(
                pair_id=pair.id,
                passage_id=c,
                query=pair.query,
                positive=without.get(c, self.by_id[c].text),
                generator=pair.generator,
                people=pair.people,
                negatives=tuple(wrong.values()),
                marks=(rights.mark(c), *wrong),
                avoid=tuple(sorted(avoid)),
                group=table.apart(pair),
            )
            for c in ids
        ]
        if pair.swapped:
            rows = [replace(row, query=row.positive, positive=row.query) for row in rows]
        return [row for row in rows if row.positive.strip()]

    def _kept_once(self, chunk_id: str, placed: Mapping[str, Part]) -> str:
        return next((c for c in self.copies.get(chunk_id, ()) if placed.get(c) is Part.TRAIN), chunk_id)


def merged(questions: Iterable[Question]) -> tuple[Question, ...]:
    """Return the questions with those of the same words made one, for which every right passage counts."""
    found: dict[str, Question] = {}
    for question in questions:
        query = text.normalise(question.query)
        if other := found.get(query):
            relevant = tuple(dict.fromkeys((*other.relevant, *question.relevant)))
            without = {c: t for c, t in {**question.without, **other.without}.items() if t or c not in relevant}
            question = replace(other, relevant=relevant, without=without)
        found[query] = question
    return tuple(found.values())


def overlap(chunk: Chunk, start: int, end: int) -> int:
    """Return how many characters of a span a chunk holds; below 1 for none."""
    return min(chunk.end, end) - max(chunk.start, start)


def _joined_text(left: str, right: str) -> str:
    return f"{left.rstrip()} {right.lstrip()}".strip()
