"""Batches hold no pair that is another's right answer, and are the same again for the same epoch."""

from __future__ import annotations

import pytest

from core.schema import TrainPair
from core.train.batches import Batches, keys

PAIRS = [TrainPair(f"{i}", f"p{i % 40}", f"Query {i % 55}", f"text {i % 40}", "columns") for i in range(120)]


def dealt(epoch: int, size: int = 16, seed: int = 1) -> list[list[int]]:
    batches = Batches(keys(PAIRS), size, seed)
    batches.set_epoch(epoch)
    return list(batches)


@pytest.mark.parametrize("size", [2, 7, 16, 64, 500])
def test_no_query_and_no_passage_is_twice_in_a_batch(size: int) -> None:
    for batch in dealt(1, size):
        assert len({PAIRS[i].passage_id for i in batch}) == len({PAIRS[i].query for i in batch}) == len(batch) <= size


def test_a_query_in_other_capitals_counts_as_the_same() -> None:
    twice = [TrainPair("a", "p", "What is it?", "one", "columns"), TrainPair("b", "q", "what  is it", "two", "columns")]
    assert max(map(len, Batches(keys(twice), 16, 1))) == 1


def test_every_pair_is_dealt_once_when_none_is_in_the_way_of_another() -> None:
    apart = [TrainPair(f"{i}", f"p{i}", f"query {i}", f"text {i}", "columns") for i in range(100)]
    batches = list(Batches(keys(apart), 32, 1))
    assert sorted(i for batch in batches for i in batch) == list(range(100))
    assert [len(batch) for batch in batches] == [25, 25, 25, 25]


def test_each_epoch_is_dealt_anew_and_again_the_same() -> None:
    assert dealt(1) == dealt(1)
    assert dealt(1) != dealt(2)
    assert dealt(1) != dealt(1, seed=2)
    assert len({len(dealt(epoch)) for epoch in range(5)}) == 1
