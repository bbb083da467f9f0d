"""Files made to cost time, memory or disk: each is stopped at a limit, in a state of its own, and the next one is read."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from core import ingest
from core.loaders import sandbox
from core.loaders.parsed import Parsed, ReadRequest
from core.loaders.sandbox import Limits
from core.project import Project
from core.schema import FileState
from tests.core.making import operators, pdf, stream_pdf

ROOT = Path(__file__).resolve().parents[2]


def parse(data: bytes, name: str = "a.pdf", **limits: float) -> Parsed:
    return sandbox.parse(data, ReadRequest(name), Limits(**limits))  # type: ignore[arg-type]


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True) if "core.loaders.child" in " ".join(child.cmdline())}


def test_a_pdf_that_takes_too_much_computing_is_stopped(project: Project) -> None:
    small = stream_pdf(operators(150_000), pages=50)
    assert len(small) < 50_000
    file = ingest.add(project, "busy.pdf", small, limits=Limits(cpu_seconds=1))
    assert file.state is FileState.TOO_HEAVY
    assert "1 seconds of computing" in file.detail
    assert ingest.add(project, "next.pdf", pdf([["Read as ever."]])).state is FileState.READ
    assert not children()


def test_a_pdf_that_takes_too_long_is_ended(project: Project) -> None:
    parsed = parse(stream_pdf(operators(150_000), pages=50), wall_seconds=0.5)
    assert parsed.state is FileState.TOO_HEAVY
    assert not children()


def test_a_file_that_takes_too_much_memory_is_stopped() -> None:
    parsed = parse(b"hello there my friend\n" * 3_000_000, "a.txt", memory=120 << 20)
    assert parsed.state is FileState.TOO_HEAVY
    assert "memory" in parsed.detail


def test_a_child_is_ended_for_its_memory_where_it_does_not_limit_itself() -> None:
    greedy = [sys.executable, "-c", "import time; held = bytearray(200 << 20); time.sleep(60)"]
    with subprocess.Popen(greedy, stdout=subprocess.PIPE, start_new_session=True) as child:
        assert child.stdout is not None
        output = sandbox._Reader(child.stdout, 1000)
        output.start()
        assert "memory" in sandbox._watch(child, output, Limits(memory=100 << 20))
        sandbox._end(child)
    assert child.returncode == -signal.SIGKILL


def test_too_much_text_is_not_taken_in() -> None:
    assert parse(b"hello there\n" * 50_000, "a.txt", output=10_000).state is FileState.TOO_HEAVY


def test_an_unpacked_stream_is_limited() -> None:
    assert parse(stream_pdf(b"A" * 80_000_000)).state is FileState.TOO_HEAVY


def test_a_million_columns_are_refused() -> None:
    wide = ",".join(f"c{i}" for i in range(1_000_000)) + "\n" + "1," * 999_999 + "1\n"
    parsed = parse(wide.encode(), "wide.csv")
    assert parsed.state is FileState.TOO_HEAVY
    assert "512" in parsed.detail


def test_too_many_rows_are_refused() -> None:
    parsed = parse(b"text\n" + b"hello there\n" * 200_001, "long.csv")
    assert parsed.state is FileState.TOO_HEAVY
    assert "200,000 rows" in parsed.detail


def test_one_huge_cell_is_refused_without_the_parent_growing() -> None:
    data = b'text,b\n"' + b"x y " * 25_000_000 + b'",1\n'
    before = psutil.Process().memory_info().rss
    parsed = parse(data, "cell.csv")
    assert parsed.state is FileState.TOO_HEAVY
    assert "cell" in parsed.detail
    assert psutil.Process().memory_info().rss - before < 50 << 20


def test_a_child_gets_no_secret_of_its_parents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_canary")
    assert "hf_canary" not in str(sandbox._environment())
    assert set(sandbox._environment()) & {"HOME", "PATH", "HF_TOKEN", "ATTUNE_HOME"} == set()


CHILD_UNDER_LIMITS = """
import json, os, resource, sys
from core.loaders import child
child.limit_itself({"cpu_seconds": 60, "memory": 1 << 30})
try:
    open(sys.argv[1], "w").write("words")
except OSError as error:
    print(error.errno)
print(json.dumps({name: resource.getrlimit(getattr(resource, name))[0] for name in ("RLIMIT_CPU", "RLIMIT_AS", "RLIMIT_CORE")}))
"""


def test_a_child_limits_itself_and_writes_no_file(tmp_path: Path) -> None:
    result = subprocess.run([sys.executable, "-c", CHILD_UNDER_LIMITS, str(tmp_path / "out")], cwd=ROOT, capture_output=True, text=True)
    assert not (tmp_path / "out").exists() or not (tmp_path / "out").read_bytes()
    assert '"RLIMIT_CPU": 60' in result.stdout
    assert '"RLIMIT_CORE": 0' in result.stdout
    if sys.platform == "linux":
        assert f'"RLIMIT_AS": {1 << 30}' in result.stdout


PARENT = """
import os, sys
sys.path.insert(0, sys.argv[1])
from core.loaders import sandbox
from core.loaders.parsed import ReadRequest
from tests.core.making import operators, stream_pdf
data = stream_pdf(operators(150_000), pages=500)
print("ready", flush=True)
sandbox.parse(data, ReadRequest("a.pdf"))
"""


def test_a_child_does_not_outlive_its_parent() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(ROOT)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    assert parent.stdout.readline() == "ready\n"
    found: list[psutil.Process] = []
    for _ in range(100):
        found = psutil.Process(parent.pid).children(recursive=True)
        if found and found[0].cpu_times().user > 0.3:
            break
        time.sleep(0.1)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    _, alive = psutil.wait_procs(found, timeout=10)
    assert found
    assert not alive
