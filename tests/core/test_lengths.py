"""Texts of like length go through a model together, by their tokens on a processor."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from itertools import combinations, pairwise
from pathlib import Path

import pytest

from core import models
from core.models import lengths
from core.rerankers import cross_encoder
from tests import tiny

PROSE = [f"the key{s} number {n} hangs in the hall beside the drill{s} and its bits" for s in ("", "s") for n in (1, 2)]
TABLES = [
    f"{n} . 1 - 2 - 3 - 4 - 5 - 6 - 7 - 8 - 9 - 0 - 1 - 2 - 3 - 4 - 5 - 6" for n in range(4)
]  # more tokens; longer than half of the prose
MIXED = [text for both in zip(PROSE, TABLES, strict=True) for text in both]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.mark.parametrize(
    ("device", "seen"),
    [("cpu", [["dddd", "ccc"], ["bb", "a"]]), ("cuda", [["dddd", "ccc", "bb"], ["a"]])],
)
def test_every_item_gets_its_own_result_back(device: str, seen: list[list[str]]) -> None:
    """Longest first, as many at once as are wanted; on a processor fewer where padding is spared."""
    found: list[list[str]] = []

    def run(own: list[str]) -> list[str]:
        found.append(own)
        return [text.upper() for text in own]

    assert lengths.together(run, ["bb", "a", "dddd", "ccc"], [200, 100, 400, 390], 3, device) == ["BB", "A", "DDDD", "CCC"]
    assert found == seen


@pytest.mark.parametrize("seed", range(20))
def test_texts_are_cut_so_that_the_least_is_computed(seed: int) -> None:
    """Of all ways to cut them, tried one by one."""
    draw = random.Random(seed)
    found = sorted((draw.randrange(1, 50) for _ in range(9)), reverse=True)
    most, extra = draw.choice([2, 4, 9]), draw.choice([0, 5, 30, 1000])

    def cost(ends: Sequence[int]) -> float:
        parts = [found[start:end] for start, end in pairwise(ends)]
        return sum(part[0] * len(part) + extra for part in parts) if max(map(len, parts)) <= most else math.inf

    best = min(cost([0, *sorted(inner), 9]) for count in range(9) for inner in combinations(range(1, 9), count))
    parts = lengths.cuts(found, most, extra)
    assert [place for part in parts for place in range(9)[part]] == list(range(9))
    assert cost([0, *(part.stop for part in parts)]) == best


def test_no_texts_need_no_part() -> None:
    assert lengths.cuts([], 4, 10) == []


def test_a_batch_holds_texts_of_like_tokens(folder: Path) -> None:
    """Prose and tables of about as many characters lie in batches of their own."""
    encoder = models.load(str(folder), device="cpu")
    encoder.batch = 4
    padded: list[tuple[int, int]] = []
    hook = encoder.model.register_forward_pre_hook(
        lambda _, given: padded.append((int((given[0]["attention_mask"] == 0).sum()), len(given[0]["input_ids"])))
    )
    encoder.encode_document(MIXED)
    hook.remove()
    assert padded == [(0, 4), (0, 4)]


def test_a_text_is_as_long_as_what_the_model_reads_of_it(folder: Path) -> None:
    encoder = models.load(str(folder), device="cpu")
    read = encoder.model.tokenizer
    assert lengths.of(["the key", "the key " * 900, ""], read, 64, "cpu") == [len(read("the key")["input_ids"]), 64, 2]
    assert lengths.of(["the key"], read, 64, "cuda") == [7], "a card's time does not go with the padding"
    assert lengths.of(["the key"], object(), 64, "cpu") == [7], "a tokenizer of another kind cannot be asked"
    assert lengths.of([], read, 64, "cpu") == []
    assert lengths.of(["who", "who"], read, 64, "cpu", ["the key", "the key " * 900]) == [len(read("who", "the key")["input_ids"]), 64]
    assert lengths.of(["who"], read, 64, "cuda", ["the key"]) == [10]


def test_a_cross_encoder_reads_pairs_of_like_tokens_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And gives each pair the score that it has alone."""
    model = cross_encoder.load(tiny.cross_encoder(tmp_path / "cross"))
    monkeypatch.setattr("core.models.compute.batch", lambda device: 4)
    pairs = [("who keeps the key", text) for text in MIXED]
    padded: list[int] = []
    hook = model.register_forward_pre_hook(lambda _, given: padded.append(int((given[0]["attention_mask"] == 0).sum())))
    together = cross_encoder._logits(model, pairs)
    hook.remove()
    assert padded == [0, 0]
    assert together == pytest.approx([float(cross_encoder._logits(model, [pair])[0]) for pair in pairs], abs=1e-4)
