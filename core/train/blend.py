"""The blend: how much of the tuned model is taken, and how much of the base, as dev likes it best; and whether any of it is.

Weights that lie between base and tuned keep most of the gain and forget less (Wortsman et al. 2022, arXiv 2109.01903).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core import disk, metrics
from core.train import chance
from core.train.chance import Chance
from core.train.watch import DevScore, Outcome, ShareScore, Watch

FILE = "shares.json"
NDCG = "nDCG@10"


@dataclass(frozen=True)
class Tried:
    """Dev's values, question by question, of all that was tried: by epoch, the base at 0, and by share of the best epoch, itself at 1.

    `groups` numbers the questions by what they have in common.
    """

    epochs: Mapping[float, np.ndarray]
    shares: Mapping[float, np.ndarray]
    groups: np.ndarray

    @property
    def points(self) -> list[ShareScore]:
        """The scores of the shares, the base first."""
        return [ShareScore(share, float(values.mean())) for share, values in sorted({0.0: self.epochs[0.0], **self.shares}.items())]

    @property
    def best(self) -> ShareScore:
        """What dev likes best; of equals the one that is nearest the base."""
        return max(self.points, key=lambda point: point.score)

    @property
    def taken(self) -> ShareScore:
        """The largest share that dev cannot tell from the best: one that scores above the base, and within a standard error of the best.

        Dev is small, and where among the shares its top lies is mostly luck: on other questions the whole tuned model was the best of them
        in 14 trainings of 17 (bench/RESULTS.md). One standard error: Breiman et al. 1984, section 3.4.3.
        """
        best = self.best
        base, groups = self.epochs[0.0].mean(), len(np.unique(self.groups))
        for share in sorted((share for share in self.shares if best.share and share > best.share), reverse=True):
            behind = self.shares[best.share] - self.shares[share]
            score = float(self.shares[share].mean())
            if score > base and behind.mean() <= metrics.spread(behind, self.groups) / groups**0.5:
                return ShareScore(share, score)
        return best

    def weighed(self, level: float) -> Chance:
        """Return what chance has to do with the best of them."""
        tuned = [values for epoch, values in self.epochs.items() if epoch]
        blends = [values for share, values in self.shares.items() if share < 1]
        return chance.weigh(self.epochs[0.0], tuned + blends, self.groups, level)


def scored(
    shares: Sequence[float], values: Callable[[float], np.ndarray], watch: Watch, epoch: float, root: Path | None = None
) -> dict[float, np.ndarray]:
    """Return what dev says of each share, question by question; ends early, with those done, once a stop is asked for.

    With `root` each is kept there as it comes, so that a killed training does not score it again.
    """
    known = dict(_kept(root))
    done: dict[float, np.ndarray] = {}
    for number, share in enumerate(shares, 1):
        if watch.stop():
            break
        watch.progress(1.0, f"Blend {number} of {len(shares)}")
        if share not in known:
            known[share] = values(share)
            watch.metric({"epoch": epoch, "share": share, "dev_blend": round(float(known[share].mean()), 6)})
        done[share] = known[share]
        if root:
            disk.write_atomic(root / FILE, json.dumps([{"share": one, "values": found.tolist()} for one, found in done.items()]))
    return done


def outcome(history: Sequence[DevScore], best: DevScore | None, tried: Tried, level: float, stopped: bool, metric: str = NDCG) -> Outcome:
    """Return how a training went whose best epoch is `best`: some of it is taken if the rise of what dev likes best is beyond chance."""
    base, *_ = points = tried.points
    chosen, weighed = tried.taken, None
    if chosen.share:
        weighed = tried.weighed(level)
        chosen = chosen if weighed.beyond else base
    return Outcome(
        history=tuple(history),
        best_epoch=best.epoch if best and chosen.share else 0.0,
        dev_best=chosen.score,
        share=chosen.share,
        epochs=history[-1].epoch,
        stopped=stopped,
        metric=metric,
        shares=tuple(points),
        chance=weighed,
    )


def _kept(root: Path | None) -> Iterator[tuple[float, np.ndarray]]:
    if root and (root / FILE).exists():
        for point in json.loads((root / FILE).read_text("utf-8")):
            if "values" in point:  # else from before they were kept: scored again
                yield point["share"], np.array(point["values"])
