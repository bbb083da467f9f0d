"""The child process that carries out one run: `python -m core.worker <folder>`, here or on a bigger machine.

Little more than the standard library is imported before the lock is taken, so that whoever started the run waits a moment only.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

from core import disk
from core.disk import lock, processes, room


def main(arguments: Sequence[str]) -> int:
    """Carry out the run in the folder named first; with `--launched`, read secrets from standard input and answer on output."""
    launched = "--launched" in arguments
    folder = Path(arguments[0]).resolve()
    first = lock.take(folder / "lock")
    if first:  # before anybody hears of it, so that whoever wants to end this process knows it
        disk.write_atomic(folder / "worker.json", json.dumps(asdict(processes.own())))
    if launched:
        with contextlib.suppress(OSError):  # whoever asked may be gone by now; the run goes on
            os.write(1, b"locked\n" if first else b"taken\n")
    if not first:
        return 0
    secrets = json.loads(sys.stdin.readline() or "{}") if launched else {}
    log = Log(folder / "log.txt", secrets.values(), None if launched else sys.stderr)
    if launched:
        os.dup2(2, 1)  # both are the log file now; the pipe to the parent is closed
        os.close(0)
        os.open(os.devnull, os.O_RDONLY)
    sys.stdout = sys.stderr = log
    yield_to_others()
    return carry_out(folder, secrets)


def yield_to_others() -> None:
    """Let the app and the person's other programs go first, and let the system end this process before them."""
    os.nice(5)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


def carry_out(folder: Path, secrets: dict[str, str]) -> int:
    """Wait for the run's turn, do its stage, and write how it ended; return 0 when it did what was asked."""
    from core import pipeline
    from core.errors import UserError
    from core.runs import lanes
    from core.runs.folder import Run
    from core.runs.job import Job, Stopped
    from core.schema import RunState
    from core.secrets import redact

    run = Run(folder)
    job = Job(run, secrets)
    run.hold_room()
    try:
        stage = pipeline.STAGES[run.kind]
        stage.first(job)
        lanes.wait_for_turn(job, stage.lane, [kind for kind, other in pipeline.STAGES.items() if other.lane == stage.lane])
        stage.function(job)
    except Stopped:
        job.end(RunState.STOPPED)
        return 0
    except UserError as error:
        print(error, file=sys.stderr)
        job.end(RunState.FAILED, redact(error.message, secrets.values()), redact(error.hint, secrets.values()))
        return 1
    except Exception as error:  # noqa: BLE001  the one outermost frame
        if room.full(error):
            run.drop_unfinished()  # before anything is said: that has to be written too
        job.end(RunState.FAILED, *explain(error))
        return 1
    finally:
        run.give_room()
    job.end(RunState.DONE)
    return 0


def explain(error: Exception) -> tuple[str, str]:
    """Write a bug's trace to the log and return what the person is told: a reference to it, and the next step."""
    import traceback

    from core.digest import fresh_id

    reference = fresh_id()[:8]
    print(f"reference {reference}", file=sys.stderr)
    traceback.print_exception(error, file=sys.stderr)
    if isinstance(error, MemoryError) or "out of memory" in str(error).lower():
        return (
            f"There was not enough memory (reference {reference}).",
            "Choose a smaller batch or a smaller model, or close other programs.",
        )
    if room.full(error):
        return (
            f"The run is paused, because the disk is full (reference {reference}).",
            "Free some space, then resume the run: it goes on from what was saved last.",
        )
    return f"Something went wrong inside Attune (reference {reference}).", "The run's log says where. What was finished before is kept."


class Log(io.TextIOBase):
    """Write whole lines to log.txt with every secret blotted out, and to a second stream for whoever watches."""

    def __init__(self, path: Path, secrets: Iterable[str], also: TextIO | None) -> None:
        self._file = path.open("a", encoding="utf-8", errors="replace")
        self._secrets = list(secrets)
        self._also = also
        self._line = ""

    def write(self, text: str) -> int:
        """Take in text; what follows the last line's end waits for the rest of its line."""
        whole, end, rest = (self._line + text.replace("\r", "\n")).rpartition("\n")
        self._line = rest
        if end:
            if self._secrets:
                from core.secrets import redact

                whole = redact(whole, self._secrets)
            for stream in (self._file, self._also):
                if stream:
                    with contextlib.suppress(OSError):  # a full disk keeps no log, and the run must still end in order
                        stream.write(whole + "\n")
                        stream.flush()
        return len(text)

    def fileno(self) -> int:
        """Return the log file's descriptor, for what writes past Python."""
        return self._file.fileno()

    def isatty(self) -> bool:
        """Say that nobody types here."""
        return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
