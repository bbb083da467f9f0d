"""The minutes beside the dial come from real steps on this machine, measured once and never in the app's own process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from core import machine
from core.errors import UserError
from core.train import estimate
from tests import tiny


@pytest.fixture
def measured(home: Path) -> str:
    machine.remember("pace of some/model", lambda: {"text": 0.01, "pair": 0.1})
    return "some/model"


def test_more_pairs_passages_and_epochs_take_longer(measured: str) -> None:
    small, large = (estimate.estimate(*counts, measured) for counts in ((100, 100), (1000, 5000)))
    assert small["quick"] < small["fast"] < small["balanced"] < small["thorough"]
    assert all(small[dial] < large[dial] for dial in small)


def test_balanced_counts_three_epochs_their_scores_and_the_judging(measured: str) -> None:
    seconds = 3 * (1000 * 0.1 + 500 * 0.01) + 500 * 0.01 + 2 * 500 * 0.01
    assert estimate.estimate(1000, 500, measured)["balanced"] == pytest.approx(estimate.START + seconds / 60)


def test_fast_is_for_processors(home: Path) -> None:
    machine.remember("pace of some/model", lambda: {"text": 0.01, "pair": 0.1, "device": "cuda"})
    assert list(estimate.estimate(100, 100, "some/model")) == ["quick", "balanced", "thorough"]


def test_what_was_measured_is_not_measured_again(measured: str) -> None:
    assert machine.remember(f"pace of {measured}", lambda: pytest.fail("measured twice")) == {"text": 0.01, "pair": 0.1}


def test_a_model_that_is_not_there_is_told_at_once() -> None:
    with pytest.raises(UserError, match="nowhere"):
        estimate.estimate(10, 10, "/nowhere/model")


def test_a_torn_file_of_measurements_is_measured_anew(home: Path) -> None:
    machine.remember("speed", lambda: 1)
    (home / "machine.json").write_text('{"spe')
    assert machine.remember("speed", lambda: 2) == 2


@pytest.mark.slow
def test_the_first_estimate_measures_in_a_process_of_its_own(tmp_path: Path, home: Path) -> None:
    model = tiny.model(tmp_path / "tiny")
    code = f"import sys; from core.train import estimate; print(estimate.estimate(10, 10, {str(model)!r})['quick'], 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    minutes, torch = done.stdout.split()
    assert float(minutes) > 0
    assert torch == "False"
    assert any(str(model) in key for key in json.loads((home / "machine.json").read_text()))
