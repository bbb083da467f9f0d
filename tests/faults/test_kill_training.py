"""Kill -9 while a whole model is tuned, and while a checkpoint is written: it goes on from a whole one, and ends in the same weights."""

from __future__ import annotations

import multiprocessing
import random
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from core.train import checkpoints
from tests import tiny
from tests.faults import tuning
from tests.faults.tuning import RECIPES, Death

SEED = 20261125
EVENTS = 50  # files that are opened, renamed or removed while a checkpoint is written, about
KILLED = -9
TRIES = 5
PRELOADED = ["torch", "datasets", "sentence_transformers", "peft", "tests.faults.tuning"]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def process() -> Callable[..., int]:
    """Return what trains in a process of its own and gives its exit code; libraries are imported once, before the processes part."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)

    def run(*args: Any) -> int | None:
        child = context.Process(target=tuning.run, args=args)
        child.start()
        child.join(120)
        return child.exitcode

    return run


@pytest.fixture(scope="module")
def unkilled(base: Path, process: Callable[..., int], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[bytes, int]]:
    """Return the weights and the number of steps of a recipe's training that nothing disturbs."""

    @cache
    def found(recipe: str) -> tuple[bytes, int]:
        root = tmp_path_factory.mktemp("unkilled")
        assert process(recipe, base, root / "run", Death(), root / "seen") == 0
        return weights(root / "run"), steps(root / "seen")[-1]

    return found


def weights(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted((folder / "model").rglob("*.safetensors")))


def steps(seen: Path) -> list[int]:
    return [int(line) for line in seen.read_text().split()] if seen.exists() else []


def killed(
    number: int, inside: bool, base: Path, process: Callable[..., int], unkilled: Callable[[str], tuple[bytes, int]], root: Path
) -> None:
    """Kill at a random moment, see what is left, go on, and compare."""
    draw = random.Random(SEED + number)
    recipe = list(RECIPES)[number % len(RECIPES)]
    whole, last = unkilled(recipe)
    run, seen = root / "run", root / "seen"
    for _ in range(TRIES):
        if inside:
            death = Death(draw.randrange(1, last - 1), draw.choice([0.0, draw.uniform(0, 0.005)]), True, draw.randrange(1, EVENTS))
        else:
            death = Death(draw.randrange(1, last), draw.uniform(0, 0.05))
        if (ended := process(recipe, base, run, death, seen)) == KILLED:
            break
        assert inside and ended == 0, f"{death} ended in {ended}"  # the last checkpoint has fewer files than that
        shutil.rmtree(run)
        seen.unlink()
    else:
        pytest.fail(f"no death of {TRIES} was reached")
    before = len(steps(seen))
    shutil.copytree(run / "checkpoints", root / "copy")
    newest = checkpoints.newest(root / "copy")
    assert process(recipe, base, run, Death(), seen) == 0
    resumed = steps(seen)[before:]
    goes_on = int(newest.name.split("-")[1]) if newest else 0
    assert not resumed or resumed[0] == goes_on + 1, f"it went on from elsewhere than {goes_on}, after {death}"
    assert weights(run) == whole, f"{recipe}: {death}"


@pytest.mark.slow
@pytest.mark.parametrize("inside", [False, True], ids=["training", "a checkpoint"])
@pytest.mark.parametrize("number", range(5))
def test_a_kill_in_training_changes_no_weight(number: int, inside: bool, base: Path, process, unkilled, tmp_path: Path) -> None:
    killed(number, inside, base, process, unkilled, tmp_path)


@pytest.mark.torture
@pytest.mark.parametrize("number", range(100, 150))
def test_fifty_kills_in_training_change_no_weight(number: int, base: Path, process, unkilled, tmp_path: Path) -> None:
    killed(number, False, base, process, unkilled, tmp_path)


@pytest.mark.torture
@pytest.mark.parametrize("number", range(200, 220))
def test_twenty_kills_inside_a_checkpoint_change_no_weight(number: int, base: Path, process, unkilled, tmp_path: Path) -> None:
    killed(number, True, base, process, unkilled, tmp_path)
