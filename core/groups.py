"""Which questions go together: those on the same passages rise and fall together, so what is said of their number counts them once."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

import numpy as np

SHARED = 0.25  # of what two questions have, taken together (Jaccard)


def of(keys: Iterable[Iterable[Hashable]], share: float = SHARED) -> np.ndarray:
    """Return a number for each question, the same for two that have at least `share` of their keys in common, or by way of others.

    Keys are right passages; what two questions have is taken together. A share of 0 takes any one key for enough.

    Two questions' gains correlate the more, the more they share: on policyqa_dev by .44 where they share all and by .1 where a quarter to a
    half; on Cranfield, with eight right passages a question, by nothing below a quarter (bench/RESULTS.md). Any one shared passage
    would link three quarters of Cranfield's questions, of which nothing could be shown then.
    """
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    sets = [frozenset(own) or frozenset([object()]) for own in keys]
    if not sets:
        return np.zeros(0, int)
    numbers = {own: number for number, own in enumerate(dict.fromkeys(sets))}  # equal ones are one node, or a hub has their square of edges
    columns = {key: column for column, key in enumerate(dict.fromkeys(key for own in numbers for key in own))}
    rows = [number for own, number in numbers.items() for _ in own]
    held = csr_matrix((np.ones(len(rows)), (rows, [columns[key] for own in numbers for key in own])), (len(numbers), max(1, len(columns))))
    common = (held @ held.T).tocoo()
    sizes = np.asarray(held.sum(axis=1)).ravel()
    together = common.data >= share * (sizes[common.row] + sizes[common.col] - common.data)
    graph = csr_matrix((np.ones(together.sum(), bool), (common.row[together], common.col[together])), (len(numbers), len(numbers)))
    found = connected_components(graph, directed=False)[1]
    return np.asarray([found[numbers[own]] for own in sets])
