"""Fixtures shared by all tests: a fresh workspace for each, a project, and real data where it lies beside the project."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

os.environ.setdefault("HF_HUB_DISABLE_XET", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

from core import project as projects

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "assets" / "sample"
MAIN = sys.modules["__main__"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """Give each test a workspace of its own; quick ones do not measure in each anew whether bfloat16 is faster (3 s)."""
    folder = tmp_path / "home"
    monkeypatch.setenv("ATTUNE_HOME", str(folder))
    if not request.node.get_closest_marker("slow"):
        monkeypatch.setenv("ATTUNE_PRECISION", "float32")
    return folder


@pytest.fixture(autouse=True)
def main_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put `__main__` back after each test: an `AppTest` leaves its page there, and a process that a later test starts would run it."""
    monkeypatch.setitem(sys.modules, "__main__", MAIN)


@pytest.fixture
def project() -> projects.Project:
    """Make an empty project."""
    return projects.create("Test")


@pytest.fixture(scope="session")
def data() -> Path:
    """Return the folder of real data, or skip where a clone does not have it."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.exists():
        pytest.skip("the real data (../shared/data) is not beside this clone")
    return folder
