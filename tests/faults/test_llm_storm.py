"""A whole run of calls through a server that fails in every way it can, killed once in its middle: the books balance to the answer."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from core import runs, store
from core.project import Project
from core.recipe import Recipe, parse
from core.runs.folder import Run
from core.runs.record import ENDED
from core.schema import Chunk, Document, File, RunState
from core.secrets import _forms
from tests.filled import eventually
from tests.llm_server import LLMServer

KEY = "sk-canary-7d1e/b4+9c=2f"
FAULTS = {
    "kinds": 40,
    "good": 20,
    "fenced": 4,
    "lines": 4,
    "no usage": 4,
    "429": 4,
    "after 0": 2,
    "after 0.05": 2,
    "500": 4,
    "503": 2,
    "cut": 3,
    "hang": 0.5,
    "garbage": 1,
    "wrong": 3,
    "empty": 2,
    "echo": 3,
    "surrogate": 1,
    "huge": 0.5,
    "redirect": 0.3,
}
PRICES = {"price_in": 100.0, "price_out": 1000.0}
A_CALL = 300 * 100 / 1e6 + 40 * 1000 / 1e6  # what the server counts for a good answer
LEAVES = 60  # times that a person resumes before giving up


def fill(project: Project, passages: int) -> None:
    """Give a project so many passages, each of its own words."""
    texts = [f"Passage {i}: what is called thing {i} lies in room {i * 7919 % passages} of the store." for i in range(passages)]
    project.replace_documents(File("f", "store.txt", "0" * 64, 1), [Document("d", "f", 0, "Store", 100 * passages)], [])
    chunks = [Chunk(f"c{i}", "d", i, text, 100 * i, 100 * i + len(text), 1, 1, 20) for i, text in enumerate(texts)]
    with project.write() as db:
        store.insert(db, "chunks", chunks)


def recipe(server: LLMServer, cap: float) -> Recipe:
    asked = {"base_url": server.url, "model": "tiny", "concurrency": 8, "max_chunks": 10_000, "max_tokens": 50, "spending_cap": cap}
    patient = {"timeout": 6.0, "attempts": 5, "first_wait": 0.01, "longest_wait": 0.05}
    return parse({"pairs": {"generators": ["llm"], "llm": {**asked, **patient, **PRICES}}})


def go(project: Project, wanted: Recipe) -> None:
    """Start a run and resume it, as a person would, until it is done."""
    run = runs.start(project, "pairs", wanted, secrets={"llm_key": KEY})
    for _ in range(LEAVES):
        eventually(lambda: run.status().state in ENDED and not run.alive(), 300)
        if run.status().state is RunState.DONE:
            return
        run.resume({"llm_key": KEY})
    raise AssertionError(f"it never ended: {run.status()} {run.log()}")


def kill_between_answers(project: Project, server: LLMServer, run: Run) -> None:
    """Let the server hold its answers until all that it gave are committed, and kill the worker there and then."""
    server.held = True
    eventually(lambda: len(project.raw_answers()) == len(server.served))
    time.sleep(0.2)
    os.kill(int(json.loads((run.folder / "worker.json").read_text())["pid"]), signal.SIGKILL)
    eventually(lambda: not run.alive())
    eventually(lambda: server.busy == 0)
    server.held = False


def balanced(project: Project, server: LLMServer, cap: float) -> None:
    """What was served is stored, nothing twice, and both the project and the server's bill keep the cap."""
    assert len(project.raw_answers()) == len(server.served)
    assert max(Counter(server.asked_for).values()) == 1
    assert project.spent() <= cap
    assert sum('"usage"' in text for text in server.served) * A_CALL <= cap


def written(home: Path) -> list[Path]:
    """Return the files that hold the key in any form."""
    forms = [form.encode() for form in _forms(KEY)]
    return [path for path in home.rglob("*") if path.is_file() and any(form in path.read_bytes() for form in forms)]


def storm(project: Project, home: Path, passages: int, seed: int) -> None:
    fill(project, passages)
    draw = random.Random(seed)
    cap = 0.7 * passages * A_CALL
    with LLMServer("kinds", draw.choices(list(FAULTS), list(FAULTS.values()), k=4 * passages), delay=0.01) as server:
        run = runs.start(project, "pairs", recipe(server, cap), secrets={"llm_key": KEY})
        eventually(lambda: len(server.served) > 0.3 * passages or not run.alive(), 300)
        while not run.alive():  # a redirect or three failures in a row may have ended it before
            run.resume({"llm_key": KEY})
            eventually(lambda: len(server.served) > 0.3 * passages or not run.alive(), 300)
        kill_between_answers(project, server, run)
        balanced(project, server, cap)
        assert run.status().state is RunState.INTERRUPTED
        go(project, recipe(server, cap))
        balanced(project, server, cap)
        assert len(server.served) < passages  # the cap was in the way
        for _ in range(LEAVES):  # a passage that was given up is asked about again
            go(project, recipe(server, 10 * cap))
            if len(project.raw_answers()) == passages:
                break
        balanced(project, server, 10 * cap)
        assert len(server.served) == passages < len(server.requests)
    assert written(home) == []
    assert any("****" in answer.text for answer in project.raw_answers())  # it was echoed, and blotted out


@pytest.mark.slow
def test_three_hundred_calls_through_every_fault_and_a_kill_balance(project: Project, home: Path) -> None:
    storm(project, home, 300, seed=11)


@pytest.mark.torture
@pytest.mark.parametrize("seed", range(3))
def test_two_thousand_calls_through_every_fault_and_a_kill_balance(project: Project, home: Path, seed: int) -> None:
    storm(project, home, 2000, seed)
