"""Runs as seen from outside: alive, queued, stopped, cut off, resumed, deleted. A held lane keeps them waiting where a test needs that."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import project as projects
from core import runs
from core.disk import lock, processes
from core.errors import UserError
from core.project import Project
from core.recipe import Recipe
from core.runs.folder import Run
from core.runs.record import RunInfo
from core.schema import RunState, RunStatus
from tests.filled import ROOT, eventually, fill, holding, zombies

CANARY = "sk-canary-7f3a91"


@pytest.fixture
def filled(project: Project) -> Project:
    return fill(project)


@pytest.fixture
def busy(home: Path) -> Iterator[subprocess.Popen[str]]:
    """Keep every training waiting in the queue."""
    projects.home()
    with holding(home / ".machine.lock") as holder:
        yield holder


@pytest.fixture
def waiting(filled: Project, busy: object) -> Iterator[Run]:
    """Start a run that waits for its turn, and end it after the test."""
    run = runs.start(filled, "train", Recipe())
    yield run
    if run.folder.exists():
        run.end()


def folder(project: Project, name: str = "20261121-153000-ab12", state: RunState = RunState.RUNNING) -> Run:
    run = Run(project.folder / "runs" / name)
    run.folder.mkdir(parents=True)
    run.write("run.json", RunInfo("train", "Train", 1.0, project.name))
    run.write_status(RunStatus(state))
    return run


def worker_of(run: Run) -> int:
    return int(json.loads((run.folder / "worker.json").read_text())["pid"])


def ended(pid: int) -> bool:
    import psutil

    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


# --- reading a folder -------------------------------------------------------------------------------------------------


def test_a_lock_is_held_until_its_process_dies(tmp_path: Path) -> None:
    assert not lock.held(tmp_path / "lock")
    with holding(tmp_path / "lock") as holder:
        assert lock.held(tmp_path / "lock")
        assert not lock.take(tmp_path / "lock", patience=0)
        holder.kill()
        holder.wait()
        assert not lock.held(tmp_path / "lock")


def test_an_unfinished_run_without_a_worker_is_interrupted(project: Project) -> None:
    status = folder(project).status()
    assert status.state is RunState.INTERRUPTED
    assert "Resume" in status.hint


@pytest.mark.parametrize("state", [RunState.DONE, RunState.STOPPED, RunState.FAILED])
def test_an_ended_run_stays_as_it_ended(project: Project, state: RunState) -> None:
    assert folder(project, state=state).status().state is state


@pytest.mark.parametrize(
    ("name", "text"), [("status.json", ""), ("status.json", '{"state": "odd"}'), ("run.json", "{"), ("run.json", "[]")]
)
def test_a_damaged_folder_is_listed_with_the_others(project: Project, name: str, text: str) -> None:
    damaged, whole = folder(project), folder(project, "20261121-153000-ab13", RunState.DONE)
    (damaged.folder / name).write_text(text)
    assert [run.status().state for run in runs.runs(project)] == [RunState.DONE, RunState.FAILED]
    assert "damaged" in runs.runs(project)[1].status().error
    assert runs.runs(project)[0] == whole


def test_metrics_survive_a_torn_line_and_a_repeated_step(project: Project) -> None:
    run = folder(project)
    run.add_metric({"step": 1, "loss": 0.5})
    run.add_metric({"step": 2, "loss": 0.4})
    with (run.folder / "metrics.jsonl").open("a") as file:
        file.write('{"step": 3, "lo')
    run.add_metric({"step": 2, "loss": 0.3})
    assert run.metrics() == [{"step": 1, "loss": 0.5}, {"step": 2, "loss": 0.3}]


def test_a_model_counts_only_once_everything_is_sealed(project: Project) -> None:
    run = folder(project)
    (run.folder / "model").mkdir()
    (run.folder / "model" / "modules.json").write_text("[]")
    assert run.model is None
    run.seal()
    assert run.model == run.folder / "model"
    (run.folder / "model" / "modules.json").write_text("[1]")
    assert run.damaged() == ["model/modules.json"]


def test_names_from_a_url_never_become_paths(project: Project) -> None:
    (project.folder / "runs" / "other").mkdir()
    for name in ("..", "other", "../../x", "20261121-153000-ab12/../..", ""):
        with pytest.raises(UserError, match="no such run"):
            runs.find(project, name)


def test_ids_sort_by_time(filled: Project, busy: object) -> None:
    started = [runs.start(filled, "train", Recipe().model_copy(update={"columns": {"text": str(i)}})) for i in range(4)]
    assert [run.id for run in started] == sorted(run.id for run in started)
    assert runs.runs(filled) == started[::-1]
    runs.end(filled)


# --- the queue --------------------------------------------------------------------------------------------------------


def test_a_run_is_alive_when_start_returns_and_waits_without_torch(waiting: Run) -> None:
    assert waiting.alive()
    eventually(lambda: "queue" in waiting.status().text)
    assert waiting.status().state is RunState.QUEUED
    maps = Path(f"/proc/{worker_of(waiting)}/maps")
    if maps.exists():
        assert "libtorch" not in maps.read_text()


def test_the_same_run_started_twice_is_one(filled: Project, waiting: Run) -> None:
    assert runs.start(filled, "train", Recipe()) == waiting
    assert runs.runs(filled) == [waiting]
    assert waiting.resume() == waiting


def test_a_second_worker_on_a_folder_leaves_it_alone(waiting: Run) -> None:
    pid = worker_of(waiting)
    second = subprocess.run([sys.executable, "-m", "core.worker", str(waiting.folder)], cwd=ROOT, check=False)
    assert second.returncode == 0
    assert worker_of(waiting) == pid
    assert waiting.alive()


def test_the_queue_goes_by_age_over_all_projects(filled: Project, waiting: Run) -> None:
    other = fill(projects.create("Other"))
    later = runs.start(other, "train", Recipe())
    eventually(lambda: "Number 1" in later.status().text)
    waiting.stop()
    eventually(lambda: "Next" in later.status().text)
    later.end()


def test_a_waiting_run_stops_at_once(waiting: Run) -> None:
    waiting.stop()
    eventually(lambda: not waiting.alive())
    assert waiting.status().state is RunState.STOPPED


def test_a_killed_worker_means_interrupted_and_can_be_resumed(waiting: Run) -> None:
    first = worker_of(waiting)
    os.kill(first, signal.SIGKILL)
    eventually(lambda: "memory" in waiting.status().error)
    assert waiting.status().state is RunState.INTERRUPTED
    waiting.resume()
    assert waiting.alive()
    eventually(lambda: worker_of(waiting) != first)
    assert waiting.status().state is RunState.QUEUED


def test_no_zombie_is_left(waiting: Run) -> None:
    os.kill(worker_of(waiting), signal.SIGKILL)
    eventually(lambda: not waiting.alive())
    eventually(lambda: not zombies())


def test_a_deleted_run_is_ended_first_and_frees_its_bytes(filled: Project, waiting: Run) -> None:
    pid = worker_of(waiting)
    (waiting.folder / "big").write_bytes(bytes(1_000_000))
    assert waiting.delete() >= 1_000_000
    assert runs.runs(filled) == []
    assert ended(pid)


def test_what_a_dead_worker_left_is_ended(project: Project) -> None:
    code = """import subprocess, sys
from core.disk import processes
subprocess.Popen(['sleep', '600'], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
print(processes.own(), flush=True)
sys.stdin.read()"""
    leader = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdin=-1, stdout=-1, text=True, start_new_session=True)
    assert leader.stdout
    known: processes.Identity = eval(leader.stdout.readline(), {"Identity": processes.Identity})
    leader.kill()
    leader.communicate()
    run = folder(project)
    run.write("worker.json", known)
    assert len(processes.group(known)) == 1
    runs.collect(project)
    assert processes.group(known) == []


def test_a_stranger_with_the_same_number_is_left_alone(project: Project) -> None:
    stranger = subprocess.Popen(["sleep", "600"], start_new_session=True)
    run = folder(project)
    run.write("worker.json", processes.Identity(stranger.pid, started=1.0, boot=processes.boot()))
    assert run.clear_leftovers() == 0
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_the_worker_outlives_the_process_that_started_it(filled: Project, busy: object) -> None:
    code = """import sys
from core import project, runs, recipe
print(runs.start(project.find("Test"), "train", recipe.Recipe()).id, flush=True)
sys.stdin.read()"""
    app = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdin=-1, stdout=-1, text=True)
    assert app.stdout
    run = runs.find(filled, app.stdout.readline().strip())
    app.kill()
    app.communicate()
    beat = run.status().beat
    eventually(lambda: run.status().beat > beat)
    assert run.alive()
    run.end()


def test_a_deleted_project_ends_its_runs(filled: Project, waiting: Run) -> None:
    pid = worker_of(waiting)
    projects.delete(filled, before=lambda: runs.end(filled))
    assert ended(pid)


# --- secrets ----------------------------------------------------------------------------------------------------------


def test_secrets_reach_no_file_argument_or_environment(filled: Project, busy: object, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_TOKEN", "OPENAI_API_KEY", "MY_PASSWORD"):
        monkeypatch.setenv(name, CANARY)
    run = runs.start(filled, "train", Recipe(), secrets={"llm_key": CANARY})
    process = Path(f"/proc/{worker_of(run)}")
    seen = [path.read_bytes() for path in run.folder.rglob("*") if path.is_file()]
    seen += [path.read_bytes() for path in (process / "cmdline", process / "environ") if path.exists()]
    run.end()
    assert not [text for text in seen if CANARY.encode() in text]


def test_a_secret_in_the_log_is_blotted_out(tmp_path: Path) -> None:
    from core.worker import Log

    log = Log(tmp_path / "log.txt", [CANARY], None)
    print("key", CANARY[:5], end="", file=log)
    print(CANARY, "was sent", file=log)
    assert CANARY not in (tmp_path / "log.txt").read_text()
    assert "was sent" in (tmp_path / "log.txt").read_text()


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_a_run_without_pairs_says_so_and_leaves_nothing(project: Project) -> None:
    with pytest.raises(UserError):
        runs.start(project, "train", Recipe())
    assert runs.runs(project) == []


def test_only_a_complete_model_is_judged(filled: Project) -> None:
    run = folder(filled)
    with pytest.raises(UserError, match="no complete model"):
        runs.start(filled, "evaluate", Recipe(), of=run.id)


def test_a_done_run_is_not_resumed(project: Project) -> None:
    with pytest.raises(UserError, match="done"):
        folder(project, state=RunState.DONE).resume()
