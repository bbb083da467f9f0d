"""Which questions go together: those on the same passage rise and fall together, so what is said of their number counts them once."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

import numpy as np


def of(keys: Iterable[Iterable[Hashable]]) -> np.ndarray:
    """Return a number for each question, the same for two that share a key (a right passage), directly or by way of others."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    lists, numbers = [list(own) for own in keys], dict[Hashable, int]()
    places = [place for place, own in enumerate(lists) for _ in own]
    columns = [len(lists) + numbers.setdefault(key, len(numbers)) for own in lists for key in own]
    size = len(lists) + len(numbers)
    graph = coo_matrix((np.ones(len(places), bool), (places, columns)), (size, size))
    return np.asarray(connected_components(graph, directed=False)[1][: len(lists)])
