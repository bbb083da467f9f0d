"""The sieve for new pairs: which of them say again what is there, or ask for what several passages answer."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from core.digest import short
from core.schema import Chunk, Pair, PairState, Reason
from core.text import jaccard, normalise, words

EXACT, NEAR, SEVERAL, BY_HAND = Reason.EXACT, Reason.NEAR, Reason.SEVERAL, Reason.BY_HAND
ANAGRAM = 0.999  # likeness of the same words in another order: 1 is kept for the very same query
MAY_ASK_EACH_COLUMN = frozenset({"table"})  # an anchor's columns are answers of their own, in one passage
LEAST_WORDS = 5  # of a query; in a shorter one every word counts: "sick pay" is not "sick leave"
MAY_STAND_FOR_SEVERAL = frozenset({"theme"})  # its whole point


class Sieve:
    """Know the pairs that are there, and drop new ones that repeat them. A passage is known by its text, so copies are one."""

    def __init__(self, chunks: Sequence[Chunk], pairs: Iterable[Pair], threshold: float) -> None:
        self.threshold = threshold
        self._passages = {chunk.id: short(normalise(chunk.text)) for chunk in chunks}
        self._queries: dict[str, dict[str, frozenset[str]]] = defaultdict(dict)  # passage -> query -> its words
        self._of_kind: dict[tuple[str, str], set[str]] = defaultdict(set)  # generator, chunk -> ids of kept pairs
        self.ids: set[str] = set()
        for pair in pairs:
            self.ids.add(pair.id)
            if pair.state is PairState.KEPT:
                self.take(pair)

    def fresh(self, made: Sequence[Pair], most: int) -> list[Pair]:
        """Return the pairs that are new, without those for chunks that have `most` of their kind from an earlier cut already."""
        now = {pair.id for pair in made}
        return [p for p in made if p.id not in self.ids and (p.people or len(self._of_kind[p.generator, p.positives[0]] - now) < most)]

    def judge(self, pair: Pair) -> Pair:
        """Return the pair as kept, or as dropped with the reason, and remember it."""
        self.ids.add(pair.id)
        reason = self._repeats(pair)
        if reason:
            return replace(pair, state=PairState.DROPPED, reason=reason)
        self.take(pair)
        return pair

    def ambiguous(self, pairs: Iterable[Pair]) -> tuple[list[str], list[str]]:
        """Return the ids of kept pairs to drop because their query stands for several passages, and of dropped ones to bring back.

        People's questions, and what a person decided or edited, are left alone.
        """
        live = [
            pair
            for pair in pairs
            if pair.generator not in MAY_STAND_FOR_SEVERAL
            and (pair.state is PairState.KEPT or pair.reason == SEVERAL)
            and any(chunk in self._passages for chunk in pair.positives)
        ]
        asked: dict[str, set[tuple[str, ...]]] = defaultdict(set)
        for pair in live:
            asked[normalise(pair.query)].add(self._answers(pair))
        several = {pair.id for pair in live if len(asked[normalise(pair.query)]) > 1}
        drop = [p.id for p in live if p.id in several and p.state is PairState.KEPT and not (p.people or p.edited or p.reason == BY_HAND)]
        return drop, [p.id for p in live if p.state is PairState.DROPPED and p.id not in several]

    def twin(self, pair: Pair) -> float:
        """Return how like (Jaccard of words) the most like known query for one of the pair's passages is; 1 is the same query."""
        query, own = normalise(pair.query), frozenset(words(pair.query))
        known = {text: others for about in self._about(pair) for text, others in self._queries[about].items()}
        return 1.0 if query in known else max((_likeness(own, others) for others in known.values()), default=0.0)

    def take(self, pair: Pair) -> None:
        """Know a pair, for those that come after it."""
        query = normalise(pair.query)
        for about in self._about(pair):
            self._queries[about][query] = frozenset(words(pair.query))
        for chunk in pair.positives[:1]:
            self._of_kind[pair.generator, chunk].add(pair.id)

    def _answers(self, pair: Pair) -> tuple[str, ...]:
        return tuple(sorted({self._passages.get(chunk, chunk) for chunk in pair.positives}))

    def _about(self, pair: Pair) -> tuple[str, ...]:
        """Return what a pair's query must not be asked of twice: its passages, or one column of them."""
        column = f" {pair.category}" if pair.generator in MAY_ASK_EACH_COLUMN else ""
        return tuple(passage + column for passage in self._answers(pair))

    def _repeats(self, pair: Pair) -> str:
        likeness = self.twin(pair)
        return EXACT if likeness == 1 else NEAR if likeness >= min(self.threshold, ANAGRAM) else ""


def _likeness(one: frozenset[str], other: frozenset[str]) -> float:
    enough = min(len(one), len(other)) >= LEAST_WORDS
    return min(jaccard(one, other), ANAGRAM) if enough or one == other else 0.0


def evenly(pairs: Sequence[Pair], most: int) -> list[Pair]:
    """Return up to `most` pairs, in order: from each document as many as from any other, evenly over its length."""
    if len(pairs) <= most:
        return list(pairs)
    sizes = Counter(pair.document_id for pair in pairs)
    quota: dict[str, int] = {}
    left = most
    for number, (document, size) in enumerate(sorted(sizes.items(), key=lambda item: (item[1], item[0]))):
        quota[document] = min(size, left // (len(sizes) - number))
        left -= quota[document]
    seen: Counter[str] = Counter()
    chosen = []
    for pair in pairs:
        i, size, share = seen[pair.document_id], sizes[pair.document_id], quota[pair.document_id]
        seen[pair.document_id] += 1
        if (i + 1) * share // size > i * share // size:
            chosen.append(pair)
    return chosen
