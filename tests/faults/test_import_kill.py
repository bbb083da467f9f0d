"""Kill -9 in the middle of an import: the file is kept, and going on ends in the same project as an undisturbed import."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Callable

import pytest

from core import imports, pipeline, runs
from core import project as projects
from core.project import Project
from core.recipe import Recipe
from core.runs.folder import Run
from core.runs.record import Upload
from core.schema import RunState

ROWS = 3000
TOPICS = (
    "harbour pier ferry captain anchor island tide sailor rope deck",
    "oven bread flour yeast dough crust baker salt loaf butter",
    "court judge law appeal witness verdict trial lawyer oath jury",
)


def row(i: int) -> dict[str, str]:
    words = random.Random(i).choices(TOPICS[i % 3].split(), k=12)
    return {"query": f"What is said of number {i}?", "passage": f"Of number {i} this is said: {' '.join(words)} and {i * 13}."}


FILE = "\n".join(json.dumps(row(i)) for i in range(ROWS)).encode()


def start(project: Project) -> Run:
    return runs.start(project, "import", Recipe(), upload=Upload("pairs.jsonl", project.put_blob(FILE)))


def state(project: Project) -> dict[str, object]:
    """Return all that must be the same however often the import was killed."""
    return {
        "pairs": [(p.id, p.query, p.positives, p.negatives, p.start, p.end, p.state) for p in project.pairs()],
        "chunks": [(c.id, c.text, c.theme_id) for c in project.chunks()],
        "themes": [(theme.id, theme.name) for theme in project.themes()],
        "documents": project.documents(),
        "copies": project.alike(),
        "files": [(file.name, file.sha256, file.state) for file in project.files()],
    }


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ATTUNE_HOME", str(tmp_path_factory.mktemp("peace")))
        run = start(projects.create("Undisturbed"))
        assert pipeline.wait(run).state is RunState.DONE, run.log()
        assert run.project
        report = imports.report(run.result())
        assert report
        assert (report.added, report.passages) == (ROWS, ROWS)
        assert run.project.themes()
        return state(run.project)


MOMENTS: dict[str, Callable[[Project, Run], bool]] = {
    "as it starts": lambda project, run: True,
    "before the passages are read": lambda project, run: bool(project.files()),
    "while the passages are cut": lambda project, run: bool(project.files()) and project.files()[0].documents > 0,
    "before the pairs come": lambda project, run: project.count_chunks() > 0,
    "once the pairs are there": lambda project, run: project.count_pairs() > 0,
    "before copies are looked for": lambda project, run: bool(project.themes()),
}


@pytest.mark.slow
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_import_ends_in_the_same_project(project: Project, undisturbed: dict[str, object], moment: str) -> None:
    run = start(project)
    end = time.monotonic() + 60
    while not MOMENTS[moment](project, run):
        assert time.monotonic() < end, "the moment never came"
        time.sleep(0.005)
    os.kill(int(json.loads((run.folder / "worker.json").read_text())["pid"]), signal.SIGKILL)
    while run.alive():
        time.sleep(0.01)
    assert run.status().state is RunState.INTERRUPTED, "it was killed too late to say anything"
    assert pipeline.wait(run.resume()).state is RunState.DONE, run.log()
    assert state(project) == undisturbed
