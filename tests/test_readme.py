from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests import readme

ROOT = readme.README.parent


def test_the_tables_are_what_the_code_says() -> None:
    text = readme.README.read_text("utf-8")
    assert readme.render(text) == text, "run: make readme"


def test_every_objective_and_loss_says_what_it_needs_and_when_to_choose_it() -> None:
    from core.losses import LOSSES
    from core.losses.distillations import DISTILLATIONS
    from core.objectives import OBJECTIVES

    silent = [name for table in (OBJECTIVES, LOSSES, DISTILLATIONS) for name, choice in table.items() if not all(readme.advice(choice))]
    assert not silent


def test_every_file_that_it_names_is_there() -> None:
    text = readme.README.read_text("utf-8")
    for target in re.findall(r"\]\(((?!http)[^)#]+)\)", text):
        assert (ROOT / target).exists(), target


def test_every_module_of_the_tree_is_there() -> None:
    tree = re.search(r"## Where things are\n\n```\n(.*?)```", readme.README.read_text("utf-8"), re.S)
    assert tree
    for line in tree[1].splitlines():
        for name in re.findall(r"^  ((?:\w+/?  ?)+)", line):
            for word in name.split():
                places = [ROOT / "core" / word, ROOT / "core" / f"{word}.py", ROOT / "pages" / word]
                assert any(p.exists() for p in places) or word in ("pages", "core"), word


def test_every_make_target_that_it_names_is_there() -> None:
    targets = set(re.findall(r"^(\w[\w-]*):", (ROOT / "Makefile").read_text(), re.M))
    assert set(re.findall(r"`make (\w+)", readme.README.read_text("utf-8"))) <= targets


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_command_of_the_shell_section_works(home: Path, tmp_path: Path) -> None:
    for name in ("assets", "core"):
        (tmp_path / name).symlink_to(ROOT / name)
    environment = {**os.environ, "ATTUNE_HOME": str(home), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for line in readme.shell():
        done = subprocess.run(shlex.split(line), cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_make_demo_prints_the_verdict_and_where_the_model_lies(home: Path) -> None:
    done = subprocess.run(
        ["make", "demo"], cwd=ROOT, env={**os.environ, "ATTUNE_HOME": str(home)}, capture_output=True, text=True, timeout=800
    )
    assert done.returncode == 0, done.stderr
    assert "Verdict: " in done.stdout
    model = re.search(r"Model: +(\S+)", done.stdout)
    assert model
    assert (Path(model[1]) / "modules.json").exists()


@pytest.mark.slow
def test_make_start_opens_the_app(home: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "ATTUNE_HOME": str(home), "STREAMLIT_SERVER_PORT": str(port), "BROWSER": "true"}
    started = subprocess.Popen(["make", "start"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        deadline = time.monotonic() + 120
        while True:
            try:
                with urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=5) as answer:
                    assert answer.read() == b"ok"
                    break
            except OSError:
                assert time.monotonic() < deadline
                assert started.poll() is None
                time.sleep(0.5)
    finally:
        os.killpg(started.pid, signal.SIGTERM)
        started.wait(30)
