"""Starting a run's worker: its own session, no secret in its environment or arguments, and no gap before its lock."""

from __future__ import annotations

import json
import os
import re
import select
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from core.errors import UserError
from core.project import home

ROOT = Path(__file__).resolve().parents[2]
SECRET = re.compile(r"token|key|secret|passw|credential", re.IGNORECASE)
PATIENCE = 60.0  # seconds until a worker must have said that it holds the lock; measured 0.05 to 0.3


def launch(folder: Path, secrets: Mapping[str, str], ended: Callable[[int], None]) -> bool:
    """Start `python -m core.worker <folder>` and return once it holds the lock; False when another worker has it.

    Secrets go over its standard input and are then in its memory only. `ended` is called with the exit code, in a
    thread that waits for the worker, so that no zombie is left. Raises `UserError` when the worker cannot be started.
    """
    with (folder / "log.txt").open("ab") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", "core.worker", str(folder), "--launched"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=ROOT,
            env=environment(),
            start_new_session=True,
        )
    said = _exchange(worker, secrets)
    if said != b"locked":
        if said != b"taken":
            worker.kill()
        code = worker.wait()
        if said == b"taken":
            return False
        raise UserError(f"The run could not be started (exit code {code}).", "Its log says why. Try again, or look at the memory in use.")
    threading.Thread(target=lambda: ended(worker.wait()), name=f"reaper of {folder.name}", daemon=True).start()
    return True


def _exchange(worker: subprocess.Popen[bytes], secrets: Mapping[str, str]) -> bytes:
    """Hand the secrets over and return the worker's first word, empty when it ended or stayed silent."""
    assert worker.stdin
    assert worker.stdout
    with worker.stdin as stdin, worker.stdout as stdout:
        try:
            stdin.write(json.dumps(dict(secrets)).encode() + b"\n")
            stdin.flush()
        except BrokenPipeError:
            return b""
        ready, _, _ = select.select([stdout], [], [], PATIENCE)
        return stdout.readline().strip() if ready else b""


def environment() -> dict[str, str]:
    """Return this process's environment without secrets, with what makes a run repeatable and quiet."""
    kept = {name: value for name, value in os.environ.items() if not SECRET.search(name)}
    return kept | {
        "ATTUNE_HOME": str(home()),  # absolute: the worker works in another folder
        "PYTHONHASHSEED": "0",  # sets of texts come in one order, so that a resumed run ends where an unbroken one does
        "PYTHONUNBUFFERED": "1",
        "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_XET": "1",
    }
