"""A large project's data is divided by the run's worker: the start returns at once, and nothing else is different."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core import pipeline, runs, split
from core.disk import lock
from core.project import Project
from core.recipe import Recipe
from core.runs.folder import Run
from core.schema import Doubt, PairState, RunState
from tests.filled import ROOT, eventually, fill, holding

CHANGES: dict[str, Callable[[Project], object]] = {
    "another wording": lambda project: project.update_pairs(["qp1"], query="Another question?"),
    "a pair dropped": lambda project: project.update_pairs(["qp1"], state=PairState.DROPPED),
    "a passage in doubt": lambda project: project.save_negatives(project.pairs(), [], [Doubt("qp1", "p2", "base", 0.9, 0.9)]),
    "a renewed test set": lambda project: project.freeze([], [], "Renewed"),
    "a file less": lambda project: project.remove_file("f"),
}


@pytest.mark.slow
def test_dividing_leaves_what_it_is_made_from(project: Project) -> None:
    before = fill(project).inputs_digest()
    split.dataset(project, Recipe())
    assert project.test_set()
    assert project.inputs_digest() == before


@pytest.mark.parametrize("change", CHANGES)
def test_what_a_division_follows_from_is_noticed(project: Project, change: str) -> None:
    fill(project).freeze([], [], "First split")
    before = project.inputs_digest()
    CHANGES[change](project)
    assert project.inputs_digest() != before


@pytest.fixture
def large(project: Project) -> Iterator[Project]:
    yield fill(project, runs.LARGE // 2 + 1)
    runs.end(project)


@pytest.fixture
def busy(home: Path, project: Project) -> Iterator[None]:
    """Keep every training waiting in the queue."""
    with holding(home / ".machine.lock"):
        yield


@pytest.mark.slow
def test_a_large_project_is_divided_by_the_worker_before_it_waits(large: Project, busy: None) -> None:
    run = runs.start(large, "train", Recipe())
    assert not run.prepared
    assert runs.start(large, "train", Recipe()) == run
    eventually(lambda: run.prepared)
    assert run.data() == split.dataset(large, Recipe())
    assert runs.start(large, "train", Recipe(), anew=False) == run
    eventually(lambda: "queue" in run.status().text)


@pytest.mark.slow
def test_killed_while_it_prepares_it_goes_on_as_the_same_run(large: Project, busy: None) -> None:
    run = runs.start(large, "train", Recipe())
    eventually(lambda: large.test_set() is not None or run.prepared)
    os.kill(int(json.loads((run.folder / "worker.json").read_text())["pid"]), signal.SIGKILL)
    eventually(lambda: not run.alive())
    assert not run.prepared, "it was killed too late to say anything"
    assert run.status().state is RunState.INTERRUPTED
    assert runs.start(large, "train", Recipe(), anew=False) == run
    eventually(lambda: run.prepared)
    assert run.data() == split.dataset(large, Recipe())


@pytest.mark.slow
def test_too_few_pairs_of_a_large_project_are_told_by_the_run(large: Project) -> None:
    large.update_pairs([pair.id for pair in large.pairs()[1:]], state=PairState.DROPPED)
    status = pipeline.wait(runs.start(large, "train", Recipe()))
    assert status.state is RunState.FAILED
    assert "too few" in status.error


@pytest.mark.slow
def test_a_run_that_is_copied_before_it_is_prepared_says_so(large: Project, busy: None, tmp_path: Path) -> None:
    with lock.exclusive(large.folder / "runs" / ".preparing"):
        run = runs.start(large, "train", Recipe())
        copy = Run(Path(shutil.copytree(run.folder, tmp_path / "copy")))
    done = subprocess.run([sys.executable, "-m", "core.worker", str(copy.folder)], cwd=ROOT, check=False, capture_output=True)
    assert done.returncode == 1
    assert "before its data was prepared" in copy.status().error
