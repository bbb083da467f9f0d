"""What a worker does with a run: a tiny model, real data files, a real process."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import disk, models, pipeline, runs
from core import recipe as recipes
from core.disk import room
from core.project import Project
from core.recipe import parse
from core.runs.folder import Run
from core.runs.record import RunInfo
from core.schema import RunState, RunStatus
from core.train import checkpoints
from tests import tiny
from tests.filled import ROOT, eventually, fill, recipe
from tests.llm_server import LLMServer


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.model(tmp_path_factory.mktemp("tiny") / "model")


@pytest.fixture
def filled(project: Project) -> Iterator[Project]:
    yield fill(project)
    runs.end(project)


def prepared(folder: Path, model: str, kind: str = "train", **train: object) -> Run:
    """Write a run's folder that lies in no project, as somebody would copy it to another machine."""
    folder.mkdir(parents=True)
    run = Run(folder)
    settings = parse(
        {
            "train": {"base_model": model, "dial": "quick", "epochs": 2, "chance": 1, **train},
            "evaluate": {"resamples": 100, "rerank": False},
        }
    )
    disk.write_atomic(folder / "recipe.yaml", recipes.dump(settings))
    tiny.dataset().write(folder / "data")
    run.write("run.json", RunInfo(kind, "Tiny", 1.0, "elsewhere"))
    run.write_status(RunStatus(RunState.QUEUED))
    return run


def carried_out(run: Run) -> int:
    return subprocess.run(
        [sys.executable, "-m", "core.worker", str(run.folder)], cwd=ROOT, check=False, stderr=subprocess.DEVNULL
    ).returncode


# --- how a run can end ----------------------------------------------------------------------------------------------


def test_what_a_person_can_mend_is_said_in_words(tmp_path: Path) -> None:
    run = prepared(tmp_path / "run", str(tmp_path / "nowhere"))
    assert carried_out(run) == 1
    assert run.status().state is RunState.FAILED
    assert "nowhere" in run.status().error
    assert run.status().hint
    assert "Traceback" not in run.log()


def test_a_bug_leaves_its_trace_in_the_log_and_a_reference_for_the_person(tmp_path: Path, model: Path) -> None:
    run = prepared(tmp_path / "run", str(model), kind="no such kind")
    assert carried_out(run) == 1
    reference = run.status().error.partition("reference ")[2].strip(").")
    assert reference in run.log()
    assert "Traceback" in run.log()
    assert "Traceback" not in run.status().error


def test_damaged_data_is_said_in_words(tmp_path: Path, model: Path) -> None:
    run = prepared(tmp_path / "run", str(model))
    (run.folder / "data" / "train.parquet").write_bytes(b"PAR1")
    assert carried_out(run) == 1
    assert "cannot be read" in run.status().error


def test_a_run_stopped_before_its_turn_imports_nothing_heavy(tmp_path: Path, model: Path) -> None:
    run = prepared(tmp_path / "run", str(model))
    run.stop()
    code = "import sys; from core import worker; code = worker.main(sys.argv[1:]); assert 'torch' not in sys.modules; sys.exit(code)"
    done = subprocess.run([sys.executable, "-c", code, str(run.folder)], cwd=ROOT, check=False)
    assert done.returncode == 0
    assert run.status().state is RunState.STOPPED


# --- a secret ---------------------------------------------------------------------------------------------------------


def test_a_key_reaches_the_language_model_and_nothing_that_is_written(filled: Project) -> None:
    key = "sk-canary-0b57"
    with LLMServer(default="echo", delay=0.05) as server:
        llm = {"base_url": server.url, "model": "tiny", "max_chunks": 8}
        run = runs.start(filled, "pairs", parse({"pairs": {"generators": ["llm"], "llm": llm}}), secrets={"llm_key": key})
        eventually(lambda: server.headers)
        process = Path(f"/proc/{json.loads((run.folder / 'worker.json').read_text())['pid']}")
        seen = [path.read_bytes() for path in (process / "cmdline", process / "environ") if path.exists()]
        assert pipeline.wait(run).state is RunState.DONE, run.log()
    assert server.headers[0]["authorization"] == f"Bearer {key}"
    seen += [path.read_bytes() for path in filled.folder.rglob("*") if path.is_file()]
    assert not [text for text in seen if key.encode() in text]


# --- training ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_training_ends_with_a_model_and_a_verdict_in_the_project(filled: Project, model: Path) -> None:
    run = runs.start(filled, "train", recipe(model))
    status = pipeline.wait(run)
    assert status.state is RunState.DONE, run.log()
    assert status.fraction == 1.0
    assert run.model
    assert models.load(str(run.model)).dimension == models.load(str(model)).dimension
    runs.collect(filled)
    assert filled.evaluation(run.id) == run.evaluation()
    assert run.evaluation().test_digest == filled.test_set().digest  # type: ignore[union-attr]
    assert run.damaged() == []


@pytest.mark.slow
def test_a_folder_copied_elsewhere_runs_there_and_is_taken_in_when_it_comes_back(filled: Project, model: Path, tmp_path: Path) -> None:
    away = prepared(tmp_path / "cluster" / "20261121-153000-ab12", str(model))
    assert carried_out(away) == 0, away.log()
    home = filled.folder / "runs" / away.id
    shutil.copytree(away.folder, home)
    shutil.rmtree(away.folder)
    runs.collect(filled)
    back = runs.find(filled, home.name)
    assert back.status().state is RunState.DONE
    assert back.model
    assert filled.evaluation(back.id) == back.evaluation() is not None


@pytest.mark.slow
def test_stop_keeps_the_best_so_far_and_resume_goes_on(filled: Project, model: Path) -> None:
    run = runs.start(filled, "train", recipe(model, dial="balanced", epochs=400))
    eventually(lambda: len(run.metrics()) > 3 or not run.alive())
    run.stop()
    status = pipeline.wait(run)
    assert status.state is RunState.STOPPED, run.log()
    assert run.model, "the best so far is a model like any other"
    assert models.load(str(run.model)).dimension
    assert run.evaluation() is None
    seen = steps(run)
    run.resume()
    eventually(lambda: steps(run) > seen or not run.alive())
    assert run.alive(), run.log()
    assert run.model is None, "while it is worked on, the model is not complete"
    run.end()


@pytest.mark.slow
def test_a_killed_training_is_resumed_to_the_same_model(filled: Project, model: Path, tmp_path: Path) -> None:
    whole, killed = (prepared(tmp_path / name, str(model), dial="balanced", epochs=12) for name in ("whole", "killed"))
    assert carried_out(whole) == 0, whole.log()
    worker = subprocess.Popen([sys.executable, "-m", "core.worker", str(killed.folder)], cwd=ROOT, stderr=subprocess.DEVNULL)
    eventually(lambda: len(killed.metrics()) > 4)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    assert killed.status().state is RunState.INTERRUPTED
    assert carried_out(killed) == 0, killed.log()
    assert weights(killed) == weights(whole)


def steps(run: Run) -> int:
    return max(row.get("step", 0) for row in run.metrics())


def weights(run: Run) -> dict[str, str]:
    return {name: sha for name, sha in run.sealed().items() if name.endswith(".safetensors")}


@pytest.mark.slow
def test_a_model_is_judged_again_only_by_what_it_has_not_seen(filled: Project, model: Path) -> None:
    from core import split

    first = runs.start(filled, "train", recipe(model))
    assert pipeline.wait(first).state is RunState.DONE, first.log()
    split.split(filled, recipe(model).split.model_copy(update={"seed": 5}), renew=True, reason="another draw")
    again = runs.start(filled, "evaluate", recipe(model), of=first.id)
    assert pipeline.wait(again).state is RunState.DONE, again.log()
    runs.collect(filled)
    judged = filled.evaluation(first.id)
    assert judged
    assert judged.test_digest == filled.test_set().digest  # type: ignore[union-attr]
    seen = {pair.pair_id for pair in first.data().train} | {question.id for question in first.data().dev}
    assert seen.isdisjoint(question.id for question in judged.questions)
    asked = {question.query for question in filled.test_set().questions}  # type: ignore[union-attr]  one that is asked of two passages is one
    assert judged.excluded + len(judged.questions) == len(asked)


@pytest.mark.parametrize(
    ("error", "is_full"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), True),
        (RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 64 vs 0"), True),
        (RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)"), True),
        (sqlite3.OperationalError("database or disk is full"), True),
        (OSError(errno.EACCES, "Permission denied"), False),
        (RuntimeError("Expected all tensors to be on the same device"), False),
    ],
)
def test_a_full_disk_is_known_by_what_each_library_says(error: Exception, is_full: bool) -> None:
    assert room.full(error) is is_full


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux sets a limit of another process")
@pytest.mark.parametrize("room_left", [1_000, 30_000])
def test_a_full_disk_pauses_a_training_which_then_ends_in_the_same_model(model: Path, tmp_path: Path, room_left: int) -> None:
    import resource

    whole, paused = (prepared(tmp_path / name, str(model), dial="balanced", epochs=40) for name in ("whole", "paused"))
    assert carried_out(whole) == 0, whole.log()
    worker = subprocess.Popen([sys.executable, "-m", "core.worker", str(paused.folder)], cwd=ROOT, stderr=subprocess.DEVNULL)
    eventually(lambda: list(paused.folder.glob("checkpoints/*/COMPLETE.json")))
    resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (room_left, room_left))  # no file may grow beyond this
    assert worker.wait() == 1
    assert "disk is full" in paused.status().error
    assert "resume" in paused.status().hint
    kept = [path for path in paused.folder.glob("checkpoints/*") if path.is_dir()]
    assert kept
    assert all(checkpoints.whole(path) for path in kept)
    assert carried_out(paused) == 0, paused.log()
    assert weights(paused) == weights(whole)
