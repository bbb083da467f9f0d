"""The blend: how much of the tuned model is taken, and how much of the base, as dev likes it best.

Weights that lie between base and tuned keep most of the gain and forget less (Wortsman et al. 2022, arXiv 2109.01903).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from core import disk
from core.train.watch import DevScore, Outcome, ShareScore, Watch

FILE = "shares.json"
NDCG = "nDCG@10"


def choose(points: Sequence[ShareScore]) -> ShareScore:
    """Return the best point; of equals the one that is nearest the base."""
    return max(sorted(points, key=lambda point: point.share), key=lambda point: point.score)


def scored(
    shares: Sequence[float], score: Callable[[float], float], watch: Watch, epoch: float, root: Path | None = None
) -> list[ShareScore]:
    """Return what dev says of each share; ends early, with those done, once a stop is asked for.

    With `root` each is kept there as it comes, so that a killed training does not score it again.
    """
    known = dict(_kept(root))
    points = []
    for number, share in enumerate(shares, 1):
        if watch.stop():
            break
        watch.progress(1.0, f"Blend {number} of {len(shares)}")
        if share not in known:
            known[share] = score(share)
            watch.metric({"epoch": epoch, "share": share, "dev_blend": round(known[share], 6)})
        points.append(ShareScore(share, known[share]))
        if root:
            disk.write_atomic(root / FILE, json.dumps([asdict(point) for point in points]))
    return points


def outcome(history: Sequence[DevScore], best: DevScore | None, points: Sequence[ShareScore], stopped: bool, metric: str = NDCG) -> Outcome:
    """Return how a training went whose best epoch is `best` and whose shares scored `points`."""
    chosen = choose(points)
    return Outcome(
        history=tuple(history),
        best_epoch=best.epoch if best and chosen.share else 0.0,
        dev_best=chosen.score,
        share=chosen.share,
        epochs=history[-1].epoch,
        stopped=stopped,
        metric=metric,
        shares=tuple(sorted(points, key=lambda point: point.share)),
    )


def _kept(root: Path | None) -> Iterator[tuple[float, float]]:
    if root and (root / FILE).exists():
        for point in json.loads((root / FILE).read_text("utf-8")):
            yield point["share"], point["score"]
