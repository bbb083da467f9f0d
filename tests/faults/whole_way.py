"""A person's whole way in a process that a test can kill: files, pairs from a language model too, edits, a training.

What was acknowledged is printed as it happens: from then on no kill may undo it. `python -m tests.faults.whole_way RECIPE FOLDER`
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from core import pairs, pipeline, recipe, runs
from core import project as projects
from core.project import PairFilter, Project
from core.schema import PairState

KEY = "sk-canary-51c0ffee"


def acknowledge(what: str, found: object) -> None:
    print(json.dumps([what, found]), flush=True)


def edits(project: Project) -> None:
    """Do what a person does on the Pairs page, as far as it is not done yet."""
    made = sorted(pair.id for pair in project.pairs(PairFilter(generator="sentence")))
    pairs.edit(project, made[0], "How is this said by somebody who has never read it?")
    acknowledge("edited", made[0])
    pairs.judge(project, [made[1]], PairState.DROPPED)
    acknowledge("dropped", made[1])
    there = project.pairs(PairFilter(generator="typed"))
    typed = there or [pairs.add_by_hand(project, "Which words stand at the beginning?", project.chunks()[0].id)]
    acknowledge("typed", typed[0].id)


def main(recipe_file: str, folder: str) -> None:
    settings = recipe.load(Path(recipe_file))
    project = projects.find("Kill") or projects.create("Kill")
    runs.collect(project)
    pipeline.read(project, [(path.name, path.read_bytes()) for path in sorted(Path(folder).iterdir())], settings)
    acknowledge("files", sorted(file.id for file in project.files()))
    pairs.make(project, settings.pairs, key=KEY)
    acknowledge("pairs", sorted(pair.id for pair in project.pairs()))
    acknowledge("answers", sorted(answer.key for answer in project.raw_answers()))
    edits(project)
    run = runs.start(project, "train", settings, anew=False)
    acknowledge("run", run.id)
    status = pipeline.wait(run)
    runs.collect(project)
    acknowledge("ended", status.state.value)


if __name__ == "__main__":
    main(*sys.argv[1:])
