"""Texts that say nearly the same: candidates by MinHash and bands of it, each then checked by its real word overlap."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from core.text.wording import normalise, words

PERMUTATIONS = 128
BANDS = 32  # of four rows: on banking77 and health answers all pairs of an overlap from 0.7 on, 99 % from 0.6, 91 % from 0.5
FEW = 50  # texts that are all compared sooner than datasketch is imported
NEIGHBOURS = 40  # of one bucket that a text is compared with, so that 10,000 rows of one template stay 400,000 pairs
SLACK = 0.2  # below the threshold, that an estimate may be off: more than four of its standard errors (0.044)
BLOCK = 65_536  # pairs that are estimated at once

Prints = npt.NDArray[np.uint64]
Say = Callable[[float], None]


@dataclass(frozen=True)
class Likeness:
    """Two texts, by their positions, and the Jaccard similarity of their runs of words."""

    one: int
    other: int
    overlap: float


def near_duplicate_groups(texts: Sequence[str], threshold: float, shingle: int = 3) -> list[list[int]]:
    """Return groups (of two or more positions, in order) of texts that are near-duplicates, directly or by a chain.

    Candidates come from MinHash and locality-sensitive hashing (Broder 1997; datasketch); each is then checked by the
    Jaccard similarity of its word runs of length `shingle`, so no group rests on an estimate. Deterministic.
    """
    return groups((like.one, like.other) for like in likenesses(texts, threshold, shingle))


def groups(pairs: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Return the positions that pairs join, directly or by a chain, in order."""
    leader: dict[int, int] = {}

    def find(i: int) -> int:
        while leader.setdefault(i, i) != i:
            leader[i] = leader[leader[i]]
            i = leader[i]
        return i

    for one, other in pairs:
        leader[find(other)] = find(one)
    joined: dict[int, list[int]] = defaultdict(list)
    for i in sorted(leader):
        joined[find(i)].append(i)
    return sorted(joined.values())


def likenesses(texts: Sequence[str], threshold: float, shingle: int = 3, say: Say = lambda fraction: None) -> Iterator[Likeness]:
    """Yield the pairs of texts whose overlap reaches the threshold; of equal texts each with the first of them."""
    first: dict[bytes | str, int] = {}
    prints: list[Prints] = []
    at: list[int] = []
    known: dict[str, int] = {}  # a word's number
    for i, text in enumerate(texts):
        found = _prints(text, shingle, known)
        key = found.tobytes() or normalise(text)
        if key in first:
            yield Likeness(first[key], i, 1.0)
            continue
        first[key] = i
        if len(found):
            prints.append(found)
            at.append(i)
        if not i % 1000:
            say(0.5 * i / len(texts))
    for one, other in _candidates(prints, threshold, say):
        overlap = _overlap(prints[one], prints[other])
        if overlap >= threshold:
            yield Likeness(at[one], at[other], overlap)


def _prints(text: str, shingle: int, known: dict[str, int]) -> Prints:
    """Return the hashes of a text's runs of words, sorted, each once; a shorter text is one run."""
    numbers = np.array([_number(word, known) for word in words(text)], np.uint64)
    size = min(shingle, len(numbers))
    if not size:
        return numbers
    runs = np.zeros(len(numbers) - size + 1, np.uint64)
    for step in range(size):
        runs = (runs ^ numbers[step : step + len(runs)]) * np.uint64(0x9E3779B97F4A7C15)
        runs ^= runs >> np.uint64(29)
    return np.unique(runs)


def _number(word: str, known: dict[str, int]) -> int:
    """Return a word's 64-bit hash, the same on every machine."""
    number = known.get(word)
    if number is None:
        number = known[word] = int.from_bytes(hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest())
    return number


def _overlap(one: Prints, other: Prints) -> float:
    both = np.concatenate((one, other))
    both.sort()
    shared = int(np.count_nonzero(both[1:] == both[:-1]))
    return shared / (len(both) - shared)


def _candidates(prints: Sequence[Prints], threshold: float, say: Say) -> Iterator[tuple[int, int]]:
    """Yield pairs of positions that may reach the threshold."""
    if len(prints) <= FEW:
        yield from combinations(range(len(prints)), 2)
        return
    sketches = _sketches(prints, say)
    pairs = _bucket_mates(sketches)
    for start in range(0, len(pairs), BLOCK):
        say(0.8 + 0.2 * start / len(pairs))
        block = pairs[start : start + BLOCK]
        estimate = (sketches[block[:, 0]] == sketches[block[:, 1]]).mean(1)
        yield from ((int(one), int(other)) for one, other in block[estimate >= threshold - SLACK])


def _sketches(prints: Sequence[Prints], say: Say) -> npt.NDArray[Any]:
    """Return each text's MinHash, one a row."""
    from datasketch import MinHash

    halves = ((found >> np.uint64(32)).tolist() for found in prints)
    made = MinHash.generator(halves, num_perm=PERMUTATIONS, hashfunc=int)
    rows = []
    for i, sketch in enumerate(made):
        rows.append(sketch.hashvalues)
        if not i % 1000:
            say(0.5 + 0.3 * i / len(prints))
    return np.stack(rows)


def _bucket_mates(sketches: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Return pairs (n, 2) of texts that agree in a whole band of their sketches, each once, in order."""
    count, found = len(sketches), []
    for band in np.split(sketches, BANDS, axis=1):
        _, bucket = np.unique(np.ascontiguousarray(band).view(f"V{band.shape[1] * band.itemsize}").ravel(), return_inverse=True)
        order = np.argsort(bucket, kind="stable")
        bucket = bucket[order]
        for step in range(1, NEIGHBOURS + 1):
            same = np.flatnonzero(bucket[step:] == bucket[:-step])
            if not len(same):
                break
            found.append(order[same] * count + order[same + step])
    keys = np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)
    return np.stack((keys // count, keys % count), axis=1)
