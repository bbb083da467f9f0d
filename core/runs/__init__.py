"""Runs: start, find, list and collect the work that goes on in the background."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from core import disk, recipe
from core import project as projects
from core.digest import digest, file_sha256
from core.disk import lock
from core.errors import UserError
from core.project import Project
from core.runs.folder import Run
from core.runs.record import ENDED, RunInfo, Upload
from core.schema import FileState, RunState, RunStatus

ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{4}")
LARGE = 5000  # passages and pairs, above which dividing them would keep the page waiting for more than a second or two
TITLES = {
    "ingest": "Read documents",
    "import": "Import pairs",
    "pairs": "Make pairs",
    "gate": "Check pairs",
    "negatives": "Find hard negatives",
    "rehearsal": "Try a few steps",
    "train": "Train",
    "evaluate": "Judge",
    "reranker": "Tune a reranker",
    "statistics": "Count and map",
}

ELSEWHERE = "Copy its folder to the other machine, run it there, and copy the folder back. Resume carries it out here."


def start(
    project: Project,
    kind: str,
    recipe: recipe.Recipe,
    *,
    secrets: Mapping[str, str] | None = None,
    title: str = "",
    of: str = "",
    upload: Upload | None = None,
    anew: bool = True,
) -> Run:
    """Start a run in the background and return it; the same run that is alive already is returned instead.

    `kind` is one of pipeline.STAGES. `secrets` go to the worker's standard input and stay in memory: "llm_key" for pairs. `of` is
    the id of the run whose model an "evaluate" run judges, `upload` the file that an "import" run takes in. Without `anew`, an older run that was given exactly the same is
    returned, resumed where it did not end well. Raises `UserError` when the data will not do.
    """
    if kind not in TITLES:
        raise UserError(f"There is no kind of run called “{kind}”.", f"Choose one of: {', '.join(TITLES)}.")
    (project.folder / "runs").mkdir(exist_ok=True)
    with lock.exclusive(project.folder / "runs" / ".starting"):
        aside = _prepare(project, kind, recipe, title, of, upload)
        alike = [run for run in runs(project) if run.info.key == Run(aside).info.key]
        found = next((run for run in alike if not anew or _at_work(run)), None)
        if found is None:
            run = Run(aside.with_name(_fresh_id(aside.parent)))
            os.rename(aside, run.folder)
            disk.sync_folder(aside.parent)
            run.launch(secrets or {})
            return run
        shutil.rmtree(aside)
    return found if found.status().state is RunState.DONE else found.resume(secrets)


def _at_work(run: Run) -> bool:
    """Say whether a run is alive and not about to end: for a moment after its last word a worker still holds the lock."""
    return run.alive() and not run.stopping() and run.status().state not in ENDED


def elsewhere(project: Project, recipe: recipe.Recipe) -> Run:
    """Write a training's folder with all its data and start nothing: it is to be carried out on another machine."""
    (project.folder / "runs").mkdir(exist_ok=True)
    with lock.exclusive(project.folder / "runs" / ".starting"):
        aside = _prepare(project, "train", recipe, recipe.train.run_name, "", None)
        run = Run(aside.with_name(_fresh_id(aside.parent)))
        os.rename(aside, run.folder)
        disk.sync_folder(aside.parent)
    prepare(run)
    run.write_status(replace(run.written() or RunStatus(RunState.STOPPED), state=RunState.STOPPED, text="", hint=ELSEWHERE))
    return run


def runs(project: Project) -> list[Run]:
    """Return all runs of a project, newest first."""
    return in_folder(project.folder / "runs")[::-1]


def in_folder(folder: Path) -> list[Run]:
    """Return the runs in a folder, oldest first."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):  # machine.json lies beside the projects
        return [Run(folder / name) for name in sorted(os.listdir(folder)) if ID.fullmatch(name)]
    return []


def find(project: Project, run_id: str) -> Run:
    """Return the run with this id, as the URL gives it."""
    run = Run(project.folder / "runs" / run_id)
    if not ID.fullmatch(run_id) or not run.folder.is_dir():
        raise UserError("There is no such run.", "Choose one on the Runs page.")
    return run


def anywhere(run_id: str) -> Run:
    """Return the run with this id, whichever project it belongs to."""
    for owner in projects.projects():
        if any(run.id == run_id for run in runs(owner)):
            return find(owner, run_id)
    raise UserError(f"There is no run {run_id}.", "`python -m core runs --project NAME` lists them.")


def latest(project: Project, kind: str, *states: RunState) -> Run | None:
    """Return the newest run of a kind, in one of `states` when any are given."""
    return next((run for run in runs(project) if run.kind == kind and (not states or run.status().state in states)), None)


def clone(project: Project, run: Run) -> None:
    """Take a training's settings for the project's next one; raise `UserError` for another kind of run."""
    if run.kind != "train":
        raise UserError("Only a training has settings to train by.", "Choose a training.")
    settings = run.recipe()
    project.save_recipe(train=settings.train, split=settings.split, evaluate=settings.evaluate)


def collect(project: Project) -> None:
    """Take in what finished runs have made, and end what dead workers left behind; a second time changes nothing."""
    known = project.evaluation_times()
    for run in runs(project)[::-1]:  # oldest first, so that of two evaluations of one model the newer stays
        run.collect(known)
        if run.status().state is RunState.INTERRUPTED:
            run.clear_leftovers()


def end(project: Project) -> None:
    """End every run of a project, before the project is deleted."""
    for run in runs(project):
        if run.alive():
            run.end()


def _prepare(project: Project, kind: str, settings: recipe.Recipe, title: str, of: str, upload: Upload | None) -> Path:
    """Write a run's folder aside, where no list finds it, and return it; what a crash left there before goes away."""
    aside = project.folder / "runs" / ".new"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    run = Run(aside)
    settings = recipe.of_pairs(settings) if kind == "reranker" else settings
    disk.write_atomic(aside / "recipe.yaml", recipe.dump(settings))
    parts: list[object] = [kind, of, settings.model_dump(mode="json")]
    if kind in ("train", "rehearsal", "evaluate", "reranker"):
        parts += _data(project, settings, aside)
    if kind == "evaluate":
        _give_model(find(project, of), run)
    if kind == "ingest":
        parts += [(file.id, file.sha256) for file in project.files() if file.state is FileState.WAITING]
    if upload:
        run.write("upload.json", upload)
        parts.append(vars(upload))
        title = title or f"{TITLES[kind]}: {upload.name[:80]}"
    if kind in ("pairs", "gate", "negatives"):
        parts += project.chunk_ids()
    now = time.time()
    run.write("run.json", RunInfo(kind, title or TITLES[kind], now, project.name, digest(*parts), of))
    run.write_status(RunStatus(RunState.QUEUED, text="Starting", updated=now))
    return aside


def _data(project: Project, settings: recipe.Recipe, folder: Path) -> list[str]:
    """Write a run's data and return the hashes of it; a large project's is left to the worker, known by what it will be made from."""
    from core.split.gather import gather

    if not settings.train.objectives and large(project):
        return [project.inputs_digest()]
    gather(project, settings).write(folder / "data")
    return [file_sha256(path) for path in sorted((folder / "data").iterdir())]


def large(project: Project) -> bool:
    """Say whether dividing a project's questions would keep a page waiting, so that it is left to the worker."""
    return project.count_chunks() + project.count_pairs() > LARGE


def prepare(run: Run) -> None:
    """Write a run's data where `start` left that to its worker; one run of a project does so at a time."""
    if run.prepared:
        return
    from core.split.gather import gather

    project, settings = run.project, run.recipe()
    if project is None:
        raise UserError("This run was copied before its data was prepared.", "Copy it again once it waits for its turn, or trains.")
    with lock.exclusive(project.folder / "runs" / ".preparing"):
        inputs = [run.kind, run.info.of, settings.model_dump(mode="json"), project.inputs_digest()]
        run.write("run.json", replace(run.info, key=digest(*inputs)))  # as they are now: pairs may have come since the start
        aside = run.folder / "data.new"
        shutil.rmtree(aside, ignore_errors=True)
        gather(project, settings).write(aside)
        os.replace(aside, run.folder / "data")
        disk.sync_folder(run.folder)


def _give_model(source: Run, run: Run) -> None:
    """Put another run's model into this one's folder, by a second name where the disk allows it."""
    if source.model is None:
        raise UserError("This run has no complete model to judge.", "Choose another run, or resume this one.")

    def link(one: str, other: str) -> None:
        try:
            os.link(one, other)
        except OSError:
            shutil.copyfile(one, other)

    shutil.copytree(source.model, run.given, copy_function=link)
    shutil.copytree(source.folder / "data", run.folder / "trained_on", copy_function=link)


def _fresh_id(folder: Path) -> str:
    """Return an id that sorts by time: the day, the second, and the second's fraction in four hex digits."""
    while True:
        now = time.time()
        name = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}-{int(now % 1 * 0x10000):04x}"
        if not (folder / name).exists():
            return name
        time.sleep(0.001)
