"""The mix: how much each kind of pair that is made offline gives, so that none drowns the others.

Measured over six collections (bench/RESULTS.md), kinds together gain more than any alone: +0.018 nDCG@10 at most for one, +0.025 for
sentences and cut-outs in full with half of the key phrases, the default. It is no gain everywhere: where questions by people hardly
share words with the passages (privacy policies) the mix loses 0.009, and key phrases alone are the safe choice.

A share is relative: the kind with the largest of those that were chosen gives all it makes, one with half of that share every second
pair, drawn by a seed of the pair's own. So the same pairs are drawn when documents are added, and a kind that is not in the table
(questions of people, of a language model, of the person's own table) gives all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from core.digest import digest
from core.schema import Pair


def rates(shares: Mapping[str, float], chosen: Collection[str]) -> dict[str, float]:
    """Return the part of its pairs, 0 to 1, that each chosen kind gives; 1 for kinds without a share."""
    own = {name: shares[name] for name in chosen if name in shares}
    largest = max(own.values(), default=0.0)
    return {name: own[name] / largest if name in own and largest else float(name not in own) for name in chosen}


def drawn(pairs: Iterable[Pair], rate: float, seed: int) -> list[Pair]:
    """Return about `rate` of the pairs, in order; whether one is drawn depends on the pair and the seed alone."""
    return [pair for pair in pairs if rate >= 1 or int(digest("mix", seed, pair.id)[:12], 16) < rate * 16**12]
