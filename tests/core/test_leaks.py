from __future__ import annotations

from core.dataset import Dataset
from core.schema import Passage, Question, TrainPair
from core.split import leaks

A = "The harbour office opens at seven and closes at nine in the evening on every day of the week but Sunday"
B = "Whoever loses a badge reports it at the gate before noon and gets another one against a fee of ten crowns"
C = "Meals are booked by the end of the month before and cannot be given back after the kitchen has ordered"


def data(train: str, test: str, query: str = "who?") -> Dataset:
    return Dataset(
        (Passage("a", train), Passage("b", test), Passage("c", C)),
        (TrainPair("p", "a", "When does it open?", train, "sentence"),),
        (Question("d", "what of meals?", ("c",), "sentence"),),
        (Question("q", query, ("b",), "sentence"),),
        "x",
    )


def test_clean_data_has_no_leak() -> None:
    report = leaks.find(data(A, B), 0.8)
    assert report.clean
    assert "3 passages" in report.sentence


def test_a_planted_copy_is_found() -> None:
    report = leaks.find(data(A, A + " too"), 0.8)
    assert [(x.kind, x.parts, x.ids) for x in report.leaks] == [("near-duplicate passage", ("train", "test"), ("a", "b"))]


def test_a_planted_question_is_found_whatever_its_case_and_spaces() -> None:
    report = leaks.find(data(A, B, query="  when does IT open"), 0.8)
    assert [x.kind for x in report.leaks] == ["same question"]


def test_a_passage_in_two_parts_is_found() -> None:
    base = data(A, B)
    both = Dataset(base.passages, base.train, base.dev, (Question("q", "who?", ("a",), "sentence"),), "x")
    assert [x.kind for x in leaks.find(both, 0.8).leaks] == ["same passage"]
