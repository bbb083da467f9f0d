"""Kill -9 at random moments of the whole way: nothing that was acknowledged is lost, and resuming ends in the same state."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core import runs
from core.disk import processes
from core.project import Project
from core.recipe import Recipe, dump, parse
from core.runs.folder import Run
from tests import tiny
from tests.faults.whole_way import KEY
from tests.filled import ROOT
from tests.llm_server import LLMServer

SEED = 20261121
TEXTS = 24
VICTIMS = ("app", "worker", "both")


@dataclass
class Way:
    """One walk of the whole way in a home of its own, and what it has acknowledged so far."""

    home: Path
    recipe: Path
    texts: Path
    acknowledged: dict[str, object] = field(default_factory=dict)
    app: subprocess.Popen[str] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.faults.whole_way", str(self.recipe), str(self.texts)]
        environment = os.environ | {"ATTUNE_HOME": str(self.home), "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1"}
        self.app = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)

    def kill(self, victim: str) -> None:
        """Kill the app, its worker or both; where there is no worker (yet, or any more), the app."""
        assert self.app
        worker = next((pid for run in self.runs() if run.alive() and (pid := _worker(run))), None)
        for pid in {"app": [self.app.pid], "worker": [worker or self.app.pid], "both": [self.app.pid, worker or self.app.pid]}[victim]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.listen()

    def listen(self) -> int:
        """Take down what the app acknowledges until it ends, and return its exit code."""
        assert self.app
        said, _ = self.app.communicate(timeout=240)
        for line in said.splitlines():
            with contextlib.suppress(ValueError):  # a line that was being written
                what, found = json.loads(line)
                self.acknowledged[what] = found
        return self.app.returncode

    def finish(self) -> None:
        """Go the way again, without a kill, to its end."""
        for _ in range(3):  # a worker that was killed before leaves an app that sees it, says so and ends
            self.start()
            assert self.listen() == 0
            if self.acknowledged["ended"] == "done":
                return
        raise AssertionError(f"it ended {self.acknowledged['ended']}: {self.runs()[0].log()}")

    def project(self) -> Project | None:
        found = self.home.glob("*/project.db") if self.home.exists() else iter(())
        return next((Project(path.parent) for path in found), None)

    def runs(self) -> list[Run]:
        project = self.project()
        return runs.runs(project) if project else []

    def lost(self) -> list[str]:
        """Return what was acknowledged and is not there."""
        project = self.project()
        if project is None:
            return list(self.acknowledged)
        pairs = {pair.id: pair for pair in project.pairs()}
        there = {
            "files": {file.id for file in project.files()},
            "pairs": set(pairs),
            "answers": {answer.key for answer in project.raw_answers()},
            "edited": {pair.id for pair in pairs.values() if pair.edited},
            "dropped": {pair.id for pair in pairs.values() if pair.reason == "by hand" and pair.state == "dropped"},
            "typed": {pair.id for pair in pairs.values() if pair.generator == "typed"},
            "run": {run.id for run in self.runs()},
        }
        wanted = {what: {found} if isinstance(found, str) else set(found) for what, found in self.acknowledged.items() if what in there}  # type: ignore[call-overload]
        return [what for what, found in wanted.items() if not found <= there[what]]

    def state(self) -> dict[str, object]:
        """Return all that must be the same however often it was killed."""
        project = self.project()
        assert project
        run = self.runs()[0]
        evaluation = project.evaluation(run.id)
        assert evaluation
        return {
            "pairs": sorted((p.id, p.query, p.state, p.reason, p.part, p.edited) for p in project.pairs()),
            "answers": sorted((a.key, a.text) for a in project.raw_answers()),
            "chunks": [(c.id, c.theme_id) for c in project.chunks()],
            "test set": project.test_set().digest,  # type: ignore[union-attr]
            "runs": len(self.runs()),
            "weights": {name: sha for name, sha in run.sealed().items() if name.endswith(".safetensors")},
            "scores": evaluation.systems,
            "damaged": run.damaged(),
        }


def _worker(run: Run) -> int | None:
    with contextlib.suppress(OSError, ValueError):
        return int(json.loads((run.folder / "worker.json").read_text())["pid"])
    return None


@pytest.fixture(scope="module")
def server() -> Iterator[LLMServer]:
    with LLMServer(delay=0.02) as found:
        yield found


@pytest.fixture(scope="module")
def ways(tmp_path_factory: pytest.TempPathFactory, server: LLMServer) -> tuple[Path, Path, Path]:
    """Write the texts and the recipe that every walk has in common."""
    root = tmp_path_factory.mktemp("kill")
    (root / "texts").mkdir()
    words = [passage.text.split() for passage in tiny.dataset(TEXTS * 3).passages]
    for i in range(TEXTS):
        sentences = [f"The {' '.join(found[:5])} is {' '.join(found[5:])}." for found in words[3 * i : 3 * i + 3]]
        (root / "texts" / f"text {i:02d}.txt").write_text(" ".join(sentences), "utf-8")
    model = tiny.model(root / "model")
    (root / "recipe.yaml").write_text(dump(_recipe(model, server.url)), "utf-8")
    return root, root / "recipe.yaml", root / "texts"


def _recipe(model: Path, url: str) -> Recipe:
    llm = {"base_url": url, "model": "tiny", "concurrency": 2}
    return parse(
        {
            "pairs": {"generators": ["sentence", "llm"], "llm": llm},
            "train": {"base_model": str(model), "dial": "balanced", "epochs": 6, "batch_size": 16, "chance": 1},
            "evaluate": {"resamples": 200, "rerank": False},
        }
    )


@pytest.fixture(scope="module")
def unkilled(ways: tuple[Path, Path, Path]) -> tuple[dict[str, object], float]:
    """Go the whole way once in peace: how it ends, and how long it takes."""
    root, recipe, texts = ways
    way = Way(root / "home", recipe, texts)
    start = time.monotonic()
    way.finish()
    return way.state(), time.monotonic() - start


def killed_once(
    number: int, ways: tuple[Path, Path, Path], unkilled: tuple[dict[str, object], float], home: Path, server: LLMServer
) -> None:
    """Kill at a random moment, look what is there, go the way again, and compare."""
    _, recipe, texts = ways
    whole, seconds = unkilled
    draw = random.Random(SEED + number)
    victim, moment = VICTIMS[number % 3], draw.uniform(0.05, 0.95) * seconds
    way, served = Way(home, recipe, texts), len(server.served)
    way.start()
    time.sleep(moment)
    way.kill(victim)
    assert way.lost() == [], f"{victim} killed after {moment:.2f} s"
    if project := way.project():
        runs.collect(project)
    way.finish()
    assert way.state() == whole, f"{victim} killed after {moment:.2f} s"
    paid_twice = len(server.served) - served - len(whole["answers"])  # type: ignore[arg-type]
    assert paid_twice <= 2, "only calls that were under way may be repeated"
    assert not [path for path in home.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    assert not [run.id for run in way.runs() if (leader := _leader(run)) and processes.group(leader)], "a process was left behind"


def _leader(run: Run) -> processes.Identity | None:
    path = run.folder / "worker.json"
    return processes.Identity(**json.loads(path.read_text())) if path.exists() else None


@pytest.mark.slow
@pytest.mark.parametrize("number", range(5))
def test_a_kill_loses_nothing_and_ends_in_the_same_state(
    number: int, ways: tuple[Path, Path, Path], unkilled: tuple[dict[str, object], float], home: Path, server: LLMServer
) -> None:
    killed_once(number, ways, unkilled, home, server)


@pytest.mark.torture
@pytest.mark.parametrize("number", range(100, 130))
def test_thirty_kills_lose_nothing_and_end_in_the_same_state(
    number: int, ways: tuple[Path, Path, Path], unkilled: tuple[dict[str, object], float], home: Path, server: LLMServer
) -> None:
    killed_once(number, ways, unkilled, home, server)
