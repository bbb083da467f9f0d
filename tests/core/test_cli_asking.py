"""A language model from the shell: prices, what it will take, refused answers, and a run that is paused and gone on with."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from core import runs
from core.project import Project
from core.recipe import parse
from core.runs.record import ENDED
from core.schema import RawAnswer, RunState
from tests.core.test_cli import attune
from tests.faults.test_llm_storm import fill
from tests.filled import eventually
from tests.llm_server import LLMServer

KEY = "sk-canary-0c11"


def test_a_price_is_kept_and_listed_with_its_day() -> None:
    assert attune("prices", "tiny", "--read", 0.15, "--written", 0.6, "--day", "2026-11-21").returncode == 0
    found = json.loads(attune("prices", "--json").stdout)
    assert found == [{"model": "tiny", "read": 0.15, "written": 0.6, "day": "2026-11-21", "currency": ""}]


def test_half_a_price_is_refused() -> None:
    half = attune("prices", "tiny", "--read", 0.15)
    assert half.returncode == 1 and "--written" in half.stderr


def test_refused_answers_are_shown_with_their_reasons(project: Project) -> None:
    project.save_raw_answer(RawAnswer("k", "c", "tiny", '{"answers":\n42}', 1, 1, 0.25, 1.0))
    project.note_refusals("k", "1 no list of questions")
    shown = attune("answers", "--project", project.id)
    assert "1 answers, 0.25 spent, 1 refused" in shown.stderr
    assert '1 no list of questions  {"answers": 42}' in shown.stdout


def test_what_it_will_take_is_said_and_nothing_is_sent(project: Project) -> None:
    fill(project, 40)
    with LLMServer() as server:
        llm = {"base_url": server.url, "model": "tiny", "price_out": 10.0}
        project.save_recipe(pairs=parse({"pairs": {"generators": ["llm"], "llm": llm}}).pairs)
        said = attune("pairs", "--project", project.id, "--estimate")
    assert said.stdout.startswith("40 calls, 0 of them answered already")
    assert "never above 1.00" in said.stdout
    assert not server.requests


@pytest.mark.slow
def test_a_run_is_paused_and_gone_on_with_for_the_key_asked_again(project: Project, home: Path) -> None:
    fill(project, 60)
    environment = os.environ | {"ATTUNE_LLM_KEY": KEY}
    with LLMServer("kinds", delay=0.2) as server:
        llm = {"base_url": server.url, "model": "tiny", "concurrency": 2}
        project.save_recipe(pairs=parse({"pairs": {"generators": ["llm"], "llm": llm}}).pairs)
        started = attune("pairs", "--project", project.id, "--detach", env=environment).stdout.strip()
        eventually(lambda: len(server.served) >= 4)
        assert attune("stop", started).returncode == 0
        run = runs.find(project, started)
        eventually(lambda: run.status().state in ENDED and not run.alive())
        assert run.status().state is RunState.STOPPED
        assert 4 <= len(server.served) == len(project.raw_answers()) < 60
        assert attune("resume", started, env=environment).returncode == 0
    assert run.status().state is RunState.DONE
    assert len(server.requests) == len(project.raw_answers()) == 60  # nothing was asked twice
    assert {header["authorization"] for header in server.headers} == {f"Bearer {KEY}"}
    assert not [path for path in home.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
