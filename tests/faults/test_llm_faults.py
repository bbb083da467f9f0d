"""A language model's server that fails in every way: nothing is lost, repaid, overspent or given away."""

from __future__ import annotations

import contextlib
import logging
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.endpoint import retry_after
from core.errors import UserError
from core.secrets import _forms
from tests.core.test_llm import ask, material, settings
from tests.llm_server import LLMServer

QUICK = {"attempts": 4, "first_wait": 0.01, "longest_wait": 0.02}
KEY = "sk-canary-91f3/a7+2c=5e"
EVERY_FAULT = [
    "good",
    "fenced",
    "lines",
    "no usage",
    "after 0.02",
    "429",
    "500",
    "503",
    "cut",
    "garbage",
    "wrong",
    "empty",
    "echo",
    "surrogate",
]


def run(project, server, count=4, key=KEY, stop=lambda: False, **changes):
    return list(ask(project, material({"a": count}), settings(server, **QUICK, **changes), key, stop=stop))


@pytest.mark.parametrize("fault", ["429", "after 0", "500", "503", "408", "cut"])
def test_a_fault_that_passes_is_tried_again(project, fault):
    with LLMServer(script=[fault] * 3) as server:
        assert len(run(project, server, count=2)) == 4
    assert len(server.requests) == 5 and len(server.served) == 2


def test_a_server_that_hangs_is_left_after_the_time_limit(project):
    with LLMServer(script=["hang"]) as server:
        assert len(run(project, server, count=1, timeout=0.3)) == 2


def test_a_call_that_was_perhaps_paid_counts_against_the_cap(project):
    with LLMServer("cut") as server:
        run(project, server, count=3, concurrency=1, price_out=1000, spending_cap=1.3)
    assert len(server.requests) == 2  # each may cost 0.6


def test_a_retry_after_is_honoured(project):
    with LLMServer(script=["after 0.5"]) as server:
        began = time.monotonic()
        run(project, server, count=1)
    assert time.monotonic() - began >= 0.5


@pytest.mark.parametrize(("value", "seconds"), [("7", 7.0), ("-3", 0.0), ("soon", None), ("", None), ("inf", None), ("nan", None)])
def test_a_retry_after_that_makes_no_sense_asks_nothing(value, seconds):
    assert retry_after(value) == seconds


def test_a_retry_after_may_be_a_date():
    assert 3000 < retry_after(time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 3600))) <= 3600


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("401", "key was not accepted"),
        ("402", "no money left"),
        ("403", "may not do this"),
        ("404", "no such model"),
        ("400", "refused the call"),
        ("418", "refused the call"),
        ("500", "busy"),
        ("quota", "no money left"),
        ("after 9999", "wait 167 minutes"),
        ("redirect", "points to another"),
        ("garbage", "not as a language model"),
    ],
)
def test_what_does_not_pass_ends_with_a_word_and_keeps_what_came(project, mode, words):
    given = []
    with LLMServer(mode, script=["good"] * 2) as server, pytest.raises(UserError, match=words) as caught:
        given.extend(run(project, server, count=2, concurrency=1))
        for pair in ask(project, material({"a": 9}), settings(server, concurrency=1, **QUICK), KEY):
            given.append(pair)
    assert len(given) == 8  # two answers, given again by the second run before its error
    assert KEY not in f"{caught.value!r} {caught.value.__context__!r} {caught.value.__cause__!r}"


def test_a_redirect_is_not_followed(project):
    with LLMServer("redirect") as server, pytest.raises(UserError):
        run(project, server, count=1)
    assert len(server.requests) == 1


def test_an_answer_without_end_is_cut(project):
    with LLMServer(script=["huge"]) as server:
        assert len(run(project, server, count=3)) == 4
    assert max(len(answer.text) for answer in project.raw_answers()) == 200_000


def test_a_body_that_is_no_answer_is_not_taken_for_a_dear_one(project):
    with LLMServer(script=["huge"]) as server:
        run(project, server, count=3, price_out=1000, max_tokens=50, spending_cap=1)
    assert len(server.served) == 3 and project.spent() == pytest.approx(0.05 + 2 * 0.04)


@pytest.mark.parametrize("seed", range(3))
def test_what_was_served_is_stored_and_nothing_else(project, seed):
    draw = random.Random(seed)
    with LLMServer(script=draw.choices(EVERY_FAULT, k=30)) as server:
        for _ in range(30):  # a job that ends early, or gives a passage up, is started again, as a person would
            with contextlib.suppress(UserError):
                run(project, server, count=20)
            assert len(project.raw_answers()) == len(server.served)
    assert len(server.served) == 20


@pytest.mark.torture
@pytest.mark.parametrize("seed", range(3, 503))
def test_what_was_served_is_stored_in_ten_thousand_calls(project, seed):
    test_what_was_served_is_stored_and_nothing_else(project, seed)


def test_the_key_is_nowhere(project, home, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    with LLMServer(script=["echo", "garbage", "500", "echo", "cut"]) as server:
        pairs = run(project, server, count=6)
        server.default = "401"
        with pytest.raises(UserError) as caught:
            run(project, server, count=9)
        assert server.headers[0]["authorization"] == f"Bearer {KEY}"
    told = capfd.readouterr()
    written = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    seen = f"{caplog.text} {told.out} {told.err} {pairs} {caught.value}".encode() + written
    assert b"****" in written
    assert not [form for form in _forms(KEY) if form.encode() in seen]


def test_nothing_of_this_machine_or_its_environment_is_sent(project, monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "of-another-place")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "Authorization: Bearer of-another-place\nX-Extra: of-another-place")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/of-another-place")
    with LLMServer() as server:
        run(project, server, count=1, key="")
    assert "of-another-place" not in str(server.headers)
    assert set(server.headers[0]) <= {"host", "accept", "content-type", "content-length", "user-agent", "accept-encoding", "connection"}


CHILD = """
import sys
from core import project as projects
from core.generators import llm
from tests.core.test_llm import material
from core.recipe import LLMSettings, PairSettings
project = projects.open_project(sys.argv[1])
settings = LLMSettings(base_url=sys.argv[2], model="tiny", concurrency=4)
print(len(list(llm.ask(project, material({"a": 60}), PairSettings(llm=settings)))))
"""


@pytest.mark.slow
def test_a_kill_loses_no_answer_and_repays_only_calls_in_flight(project, home):
    root, draw, kills = Path(__file__).parents[2], random.Random(5), 4
    with LLMServer(delay=0.05) as server:
        command = [sys.executable, "-c", CHILD, project.id, server.url]
        for _ in range(kills):
            worker = subprocess.Popen(command, cwd=root, env={**os.environ, "ATTUNE_HOME": str(home)}, stdout=subprocess.PIPE)
            until = len(server.served) + draw.randint(3, 12)
            while len(server.served) < until and worker.poll() is None:
                time.sleep(0.005)
            worker.send_signal(signal.SIGKILL)
            worker.wait()
        stored = len(project.raw_answers())
        assert stored >= len(server.served) - 4 * kills
        ended = subprocess.run(command, cwd=root, env={**os.environ, "ATTUNE_HOME": str(home)}, capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "120"
    assert len(project.raw_answers()) == 60 <= len(server.served) <= 60 + 4 * kills
