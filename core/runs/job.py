"""What a stage sees of the run it works for: where to report, whether to stop, and the secrets it was handed."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from core.project import Project
from core.runs.folder import Run
from core.schema import RunState, RunStatus

BEAT = 2.0  # seconds between two signs of life when there is nothing new to say
TICK = 0.5  # seconds between two looks for something new
SOON = 0.02  # of the work must be done before the time left is told: it would only be noise
WHILE = 20.0  # seconds after which less than that tells enough
LOOK, LOOKS = 2.0, 300  # seconds between two marks of the pace, and how many are looked back at


class Stopped(Exception):
    """Leave a stage that has no other way to end early."""


class Job:
    """Report a run's progress: stages set fields in memory, a thread writes them to status.json."""

    def __init__(self, run: Run, secrets: Mapping[str, str]) -> None:
        self.run = run
        self.secrets = secrets
        before = run.written() or RunStatus(RunState.QUEUED)
        self._status = replace(before, state=RunState.QUEUED, error="", hint="", seconds_left=None, started=before.started or time.time())
        self._span = (0.0, 1.0)
        self._marks: deque[tuple[float, float]] = deque(maxlen=LOOKS)  # times, and the fraction that was done by then
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._write()
        self._thread.start()

    @property
    def project(self) -> Project:
        """The project that the run lies in; only stages that write to it ask."""
        project = self.run.project
        assert project, f"{self.run.folder} lies in no project"
        return project

    def say(self, state: RunState, text: str) -> None:
        """Set the state and its text."""
        with self._lock:
            self._status = replace(self._status, state=state, text=text)

    def stage(self, name: str, start: float = 0.0, end: float = 1.0) -> None:
        """Name what is done now; its progress from 0 to 1 is shown as the run's from `start` to `end`."""
        with self._lock:
            self._span = (start, end)
            self._marks.clear()
            self._status = replace(self._status, state=RunState.RUNNING, stage=name, fraction=start, text="", seconds_left=None)

    def progress(self, fraction: float, text: str) -> None:
        """Take in a stage's progress: the callback that every stage is given."""
        fraction = min(max(fraction, 0.0), 1.0)
        with self._lock:
            start, end = self._span
            left = self._left(fraction)
            self._status = replace(self._status, fraction=start + (end - start) * fraction, text=text, seconds_left=left)

    def _left(self, fraction: float) -> float | None:
        """Return the seconds left at the pace of late; what was there at the first report came from an earlier attempt."""
        now = time.monotonic()
        if not self._marks or now - self._marks[-1][0] >= LOOK:
            self._marks.append((now, fraction))
        then, before = self._marks[0]
        enough = fraction - before > (SOON if now - then < WHILE else 0.0)
        return (now - then) * (1 - fraction) / (fraction - before) if enough else None

    def progress_or_stop(self, fraction: float, text: str) -> None:
        """Take in progress and leave the stage when a stop was asked for: for stages that do not look themselves."""
        if self.stop():
            raise Stopped
        self.progress(fraction, text)

    def metric(self, row: Mapping[str, Any]) -> None:
        """Append a row to the run's metrics."""
        self.run.add_metric(row)
        if "device" in row:
            self.on(str(row["device"]))

    def on(self, device: str) -> None:
        """Say where the work is done: "cuda", "mps" or "cpu"."""
        with self._lock:
            self._status = replace(self._status, device=device)

    def stop(self) -> bool:
        """Say whether the person has asked to stop."""
        return self.run.stopping()

    def end(self, state: RunState, error: str = "", hint: str = "") -> None:
        """Write the last status; nothing is written after it."""
        self._over.set()
        self._thread.join()
        done = 1.0 if state is RunState.DONE else self._status.fraction
        self._status = replace(self._status, state=state, fraction=done, error=error, hint=hint, text="", seconds_left=None)
        self._write()

    def _beat(self) -> None:
        written, at = self._status, time.monotonic()
        while not self._over.wait(TICK):
            if replace(self._status, beat=0, updated=0) != replace(written, beat=0, updated=0) or time.monotonic() - at >= BEAT:
                with contextlib.suppress(OSError):  # a full disk, say: the next beat tries again
                    written, at = self._write(), time.monotonic()

    def _write(self) -> RunStatus:
        with self._lock:
            self._status = replace(self._status, beat=self._status.beat + 1, updated=time.time())
            status = self._status
        self.run.write_status(status)
        return status
