"""A training for a cluster: a run's folder with the script by which Slurm carries it out there."""

from __future__ import annotations

import shlex
from pathlib import Path

from core import disk, runs
from core.project import Project
from core.recipe import Recipe
from core.runs.folder import Run

NAME = "train.sbatch"

SCRIPT = """\
#!/bin/bash
#SBATCH --job-name={name}
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --gpus-per-node={devices}
#SBATCH --cpus-per-task={cpus}
#SBATCH --time=04:00:00
#SBATCH --output=slurm-%j.log

# 1. Copy this folder to the cluster:   scp -r {id} cluster:
# 2. Install Attune there (README), and say where: export ATTUNE=$HOME/attune
# 3. In the copy of this folder:          sbatch {script}
# 4. Copy the folder back to where it was; the Runs page then shows how it ended. A job that was cut off goes on
#    from its last complete checkpoint when it is submitted again.
# The base model, {base}, must be had there: compute nodes often have no network, so download it beforehand.
set -euo pipefail
run=$PWD
cd "${{ATTUNE:?Say where Attune is installed: export ATTUNE=/path/to/attune}}"
exec .venv/bin/python -m core.worker "$run"
"""


def prepare(project: Project, recipe: Recipe) -> Run:
    """Write a training's folder, with all its data and the script, and start nothing; return the run.

    The script asks for `recipe.train.devices` cards of one machine. Raises `UserError` when the data will not do.
    """
    run = runs.elsewhere(project, recipe)
    base = recipe.train.base_model
    words = SCRIPT.format(
        name=shlex.quote(f"attune-{run.id}"),
        id=run.id,
        devices=recipe.train.devices,
        cpus=8 * recipe.train.devices,
        script=NAME,
        base=Path(base).name if Path(base).is_absolute() else base,
    )
    disk.write_atomic(run.folder / NAME, words)
    return run
