"""Batches hold no pair that is another's right answer, and are the same again for the same epoch."""

from __future__ import annotations

import random

import pytest

from core.objectives.contrastive import hard_negatives
from core.objectives.meeting import keys
from core.schema import TrainPair
from core.train.batches import Batches

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


# --- several right passages, doubts and hard negatives ---


def row(name: str, *, positive: str = "", avoid: tuple[str, ...] = (), negatives: tuple[str, ...] = ()) -> TrainPair:
    """Return a row whose passage has the mark `positive`, whose texts are "text of" their marks."""
    own = positive or f"own of {name}"
    texts = tuple(f"text of {mark}" for mark in negatives)
    return TrainPair(name, name, f"query {name}", f"text of {name}", "columns", True, texts, (own, *negatives), (own, *avoid))


def test_a_query_never_meets_a_passage_that_may_be_right_for_it() -> None:
    rows = [row("a", positive="A", avoid=("B",)), row("b", positive="B"), row("c", positive="C")]
    for epoch in range(20):
        batches = Batches(keys(rows), 2, 1)
        batches.set_epoch(epoch)
        assert not [batch for batch in batches if {0, 1} <= set(batch)]


def test_a_passage_that_asks_never_meets_itself_as_a_wrong_answer() -> None:
    asks = TrainPair("a", "p", "The tide comes in.", "It goes out again.", "successive")
    answers = TrainPair("b", "q", "when is high water", "the tide comes in", "columns")
    assert max(map(len, Batches(keys([asks, answers]), 16, 1))) == 1


def test_random_rows_are_dealt_so_that_none_meets_what_it_avoids() -> None:
    draw = random.Random(1)
    marks = [f"m{i}" for i in range(60)]
    rows = [
        row(f"r{i}", positive=draw.choice(marks), avoid=tuple(draw.sample(marks, 3)), negatives=tuple(draw.sample(marks, 4)))
        for i in range(150)
    ]
    batches = Batches(keys(rows), 16, 1)
    for epoch in range(5):
        batches.set_epoch(epoch)
        for batch in ([rows[i] for i in dealt] for dealt in batches):
            brought = {one.marks[0] for one in batch}
            wrong = {text.removeprefix("text of ") for text in hard_negatives(batch, 2, epoch)}
            for one in batch:
                assert not (brought - {one.marks[0]} | wrong) & set(one.avoid)


def test_each_epoch_has_other_hard_negatives_and_each_stands_there_once() -> None:
    rows = [row("a", negatives=("X", "Y", "Z")), row("b", negatives=("X", "Y", "Z"))]
    assert [hard_negatives(rows, 1, epoch) for epoch in range(4)] == [["text of X"], ["text of Y"], ["text of Z"], ["text of X"]]


def test_a_row_with_fewer_hard_negatives_gives_what_it_has() -> None:
    found = hard_negatives([row("a", negatives=("X", "Y")), row("b", negatives=("Z",)), row("c")], 5, 0)
    assert found == ["text of X", "text of Y", "text of Z"]


def test_a_hard_negative_that_is_a_neighbours_passage_is_there_already() -> None:
    assert hard_negatives([row("a", negatives=("B",)), row("b", positive="B")], 1, 0) == []


# --- domains ---


def of_domains(sizes: dict[str, int]) -> list[TrainPair]:
    return [
        TrainPair(f"{domain}{i}", f"p{domain}{i}", f"query {domain}{i}", f"text {domain}{i}", "table", group=domain)
        for domain, size in sizes.items()
        for i in range(size)
    ]


def test_a_batch_keeps_to_one_domain_and_leaves_none_out() -> None:
    rows = of_domains({"ship": 40, "home": 21, "": 30, "garden": 1})
    batches = Batches(keys(rows), 16, 1)
    for epoch in range(5):
        batches.set_epoch(epoch)
        dealt = list(batches)
        assert all(len({rows[i].group for i in batch}) == 1 for batch in dealt)
        assert sorted(i for batch in dealt for i in batch) == list(range(len(rows)))
        assert len(dealt) == len(batches)


def test_domains_are_dealt_anew_and_mixed_each_epoch_and_again_the_same() -> None:
    def order(epoch: int) -> list[list[int]]:
        batches = Batches(keys(rows), 8, 1)
        batches.set_epoch(epoch)
        return list(batches)

    rows = of_domains({"ship": 40, "home": 40})
    domains = [[rows[batch[0]].group for batch in order(epoch)] for epoch in range(4)]
    assert order(1) == order(1)
    assert order(1) != order(2)
    assert len({tuple(found) for found in domains}) > 1, "domains take turns by chance, not one after the other"
