"""A project with documents, passages and people's questions, written straight into its tables: what runs are tried on."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from core import store
from core.project import Project
from core.recipe import Recipe, parse
from core.schema import Chunk, Document, File, FileState, Page, Pair
from tests import tiny

ROOT = Path(__file__).resolve().parent.parent


def fill(project: Project, passages: int = 60) -> Project:
    """Give a project one document of one passage for each passage of the tiny data, with its question."""
    data = tiny.dataset(passages)
    queries = {q.relevant[0]: q.query for q in (*data.dev, *data.test)} | {p.passage_id: p.query for p in data.train}
    file = File("f", "tiny.csv", "0" * 64, 1, kind="table", state=FileState.READ, documents=passages)
    documents = [Document(f"d{p.id}", "f", i, p.title, len(p.text), ready_chunk=True) for i, p in enumerate(data.passages)]
    pages = [Page(f"d{p.id}", 1, 0, p.text) for p in data.passages]
    chunks = [Chunk(p.id, f"d{p.id}", 0, p.text, 0, len(p.text), 1, 1, len(p.text.split())) for p in data.passages]
    pairs = [
        Pair(f"q{p.id}", queries[p.id], f"d{p.id}", 0, len(p.text), (p.id,), "columns", people=True, made=float(i))
        for i, p in enumerate(data.passages)
    ]
    project.replace_documents(file, documents, pages)
    with project.write() as db:
        store.insert(db, "chunks", chunks)
    project.add_pairs(pairs)
    return project


def recipe(model: Path, **train: object) -> Recipe:
    """Return a recipe that tunes the tiny model in a second or two."""
    chosen = {"base_model": str(model), "dial": "quick", "epochs": 3, **train}
    return parse({"train": chosen, "evaluate": {"resamples": 200, "rerank": False}})


@contextmanager
def holding(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Hold a lock in another process: with a lane's lock held, every run of the lane waits, before it imports anything heavy."""
    code = "import sys; from pathlib import Path; from core.disk import lock; print(lock.take(Path(sys.argv[1])), flush=True); sys.stdin.read()"
    holder = subprocess.Popen([sys.executable, "-c", code, str(path)], cwd=ROOT, stdin=-1, stdout=-1, text=True)
    assert holder.stdout
    assert holder.stdout.readline() == "True\n"
    try:
        yield holder
    finally:
        holder.kill()
        holder.communicate()


def eventually(condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait until a condition holds; fail when it does not within a time that only a broken program needs."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)


def zombies() -> list[int]:
    """Return the dead children of this process that nobody has waited for."""
    import psutil

    return [p.pid for p in psutil.Process(os.getpid()).children(recursive=True) if p.status() == psutil.STATUS_ZOMBIE]
