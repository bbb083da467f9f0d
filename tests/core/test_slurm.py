"""A training that is carried out elsewhere: the folder alone is enough, and counts once it is copied back."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from core import project as projects
from core import runs, slurm
from core.recipe import parse
from core.runs.folder import Run
from core.schema import RunState
from tests import tiny
from tests.core.test_cli import attune
from tests.filled import ROOT, fill, recipe


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.model(tmp_path_factory.mktemp("tiny") / "model")


def test_the_script_asks_for_the_recipe_s_devices_and_starts_nothing(model: Path) -> None:
    owner = fill(projects.create("Test"))
    made = slurm.prepare(owner, parse({"train": {"base_model": str(model), "devices": 4}}))
    script = (made.folder / slurm.NAME).read_text()
    assert "--gpus-per-node=4" in script
    assert str(model.parent) not in script  # no path of this machine
    assert (made.status().state, made.alive()) == (RunState.STOPPED, False)
    assert subprocess.run(["bash", "-n", made.folder / slurm.NAME], check=False).returncode == 0


@pytest.mark.slow
def test_a_copy_is_carried_out_elsewhere_by_the_script_and_counts_when_it_is_back(model: Path, tmp_path: Path) -> None:
    owner = fill(projects.create("Test"))
    owner.set_meta("recipe", recipe(model).model_dump_json())
    done = attune("export", "slurm", "--project", "Test")
    assert done.returncode == 0, done.stderr
    made = runs.runs(owner)[0]
    away = tmp_path / "cluster" / "copy"
    shutil.copytree(made.folder, away)
    environment = {**os.environ, "ATTUNE": str(ROOT), "ATTUNE_HOME": str(tmp_path / "nothing")}
    ran = subprocess.run(["bash", slurm.NAME], cwd=away, env=environment, check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    shutil.rmtree(made.folder)
    shutil.copytree(away, made.folder)
    back = Run(made.folder)
    assert back.status().state is RunState.DONE
    runs.collect(owner)
    assert back.model is not None
    assert owner.evaluation_times()[back.id] > 0
