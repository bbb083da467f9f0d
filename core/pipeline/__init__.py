"""The stages in order, and the whole way from files to a verdict."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core import project as projects
from core import recipe as recipes
from core import runs
from core.errors import UserError
from core.overview import StageState, state
from core.pipeline.stages import STAGES, Stage, kept_pairs, mine
from core.project import Project
from core.runs.folder import Run
from core.runs.record import ENDED
from core.schema import File, FileState, Progress, RunState, RunStatus, SystemScores, Verdict, silent

__all__ = ["STAGES", "Outcome", "Stage", "StageState", "kept_pairs", "mine", "read", "run", "sample", "state", "wait"]

SAMPLE = Path(__file__).resolve().parents[2] / "assets" / "sample"
POLL = 0.3  # seconds between two looks at a run that is waited for


@dataclass(frozen=True)
class Outcome:
    """What the whole way ended with. `pairs` counts the kept ones by generator; `verdict` is None when no model was judged."""

    project: Project
    documents: tuple[File, ...]
    chunks: int
    pairs: Mapping[str, int]
    run: Run
    state: RunState
    model: Path | None
    verdict: Verdict | None
    scores: tuple[SystemScores, ...] = ()
    error: str = ""
    hint: str = ""


def run(
    project: Project,
    files: Sequence[tuple[str, bytes]],
    recipe: recipes.Recipe | None = None,
    progress: Progress = silent,
    *,
    passwords: Mapping[str, str] | None = None,
    llm_key: str = "",
    said: Callable[[Run], None] = lambda run: None,
) -> Outcome:
    """Go the whole way: read files, cut, find themes, make pairs, train in the background, judge, collect.

    What is there already stays, so that calling it again after a crash goes on where it was: files and pairs are known by
    their ids, and a run that was given exactly this is resumed, or taken as it is. `said` is told the run that is waited for.
    """
    from core import gate, pairs

    settings = recipe or project.recipe()
    project.set_meta("recipe", settings.model_dump_json())
    read(project, files, settings, _part(progress, 0, 0.2), passwords=passwords)
    pairs.make(project, settings.pairs, key=llm_key, progress=_part(progress, 0.2, 0.25))
    if settings.gate.on:
        gate.check(project, settings, _part(progress, 0.25, 0.3))
    if settings.train.hard_negatives:
        mine(project, settings, _part(progress, 0.3, 0.35))
    progress(0.35, "Starting the training")
    found = runs.start(project, "train", settings, anew=False)
    said(found)
    status = wait(found, _part(progress, 0.35, 1))
    runs.collect(project)
    evaluation = found.evaluation()
    return Outcome(
        project=project,
        documents=tuple(project.files()),
        chunks=project.count_chunks(),
        pairs=kept_pairs(project),
        run=found,
        state=status.state,
        model=found.model,
        verdict=evaluation.verdict if evaluation else None,
        scores=evaluation.systems if evaluation else (),
        error=status.error,
        hint=status.hint,
    )


def read(
    project: Project,
    files: Sequence[tuple[str, bytes]],
    recipe: recipes.Recipe,
    progress: Progress = silent,
    *,
    passwords: Mapping[str, str] | None = None,
    ocr: bool = False,
) -> None:
    """Read files, cut them, find themes and copies, here and now; with `ocr`, pages that have no text are recognised."""
    from core import chunk, ingest, themes
    from core.split import alike

    ingest.ingest(project, files, columns=recipe.columns, passwords=passwords or {}, progress=_part(progress, 0, 0.4))
    ingest.refresh(project, progress=_part(progress, 0.4, 0.5))
    if ocr:
        ingest.recognise(project, ingest.unrecognised(project), _part(progress, 0.4, 0.5))
    if not any(file.state is FileState.READ for file in project.files()):
        said = "; ".join(f"{file.name}: {file.state}" for file in project.files()) or "there are none"
        raise UserError(f"No file could be read ({said}).", "Add at least one PDF with text, a table or a text file.")
    chunk.rechunk(project, recipe.chunk, recipe.train.base_model, _part(progress, 0.5, 0.9))
    progress(0.9, "Finding themes")
    themes.retheme(project, recipe.themes)
    alike.near_duplicates(project, project.chunks(), recipe.split.near_duplicate, _part(progress, 0.95, 1))


def _part(progress: Progress, start: float, end: float) -> Progress:
    """Return a callback whose 0 to 1 is shown as `start` to `end`."""
    return lambda fraction, text: progress(start + (end - start) * fraction, text)


def wait(run: Run, progress: Progress = silent) -> RunStatus:
    """Watch a run until it has ended and return its last status."""
    while True:
        status = run.status()
        if status.state in ENDED and not run.alive():
            return status
        progress(status.fraction, status.text or status.stage)
        time.sleep(POLL)


def sample() -> tuple[Project, list[tuple[str, bytes]]]:
    """Make the project "Sample" (or find it) and return it with its files: two guides, and questions some of which only judge."""
    files = [(path.name, path.read_bytes()) for path in sorted(SAMPLE.iterdir()) if path.suffix in (".pdf", ".csv")]
    return projects.find("Sample") or projects.create("Sample"), files
