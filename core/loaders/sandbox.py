"""The parent's side of reading a file: start the child, feed it, watch it, end it at a limit."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import psutil

from core.loaders.parsed import Parsed, ReadRequest
from core.schema import FileState
from core.store import to_plain

log = logging.getLogger(__name__)

SPLIT = "Split it into smaller files, or print it to a new PDF, and add those."
_LOOK = 0.1
"""Seconds between two looks at the child: it is gone well within two seconds of a limit."""
_CRASHES = (signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGABRT, signal.SIGTRAP, signal.SIGFPE)
_ROOT = Path(__file__).resolve().parents[2]
_PASSED = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR")


@dataclass(frozen=True)
class Limits:
    """What reading one file may cost: seconds of computing and of waiting, bytes of memory, bytes of what it sends back."""

    cpu_seconds: int = 60
    wall_seconds: float = 180.0
    memory: int = 1 << 30
    output: int = 64 << 20


LIMITS = Limits()


def parse(data: bytes, request: ReadRequest, limits: Limits = LIMITS) -> Parsed:
    """Read a file in a child process of its own and return how it ended; raise nothing for a bad file.

    The password goes over the pipe like the bytes: never into arguments, environment or log. A child that crashes (a library
    in C that a broken file upsets) is started once more, without the second reader.
    """
    parsed, crashed = _parse(data, request, limits)
    return _parse(data, replace(request, second=False), limits)[0] if crashed and request.second else parsed


def _parse(data: bytes, request: ReadRequest, limits: Limits) -> tuple[Parsed, bool]:
    """Return how reading ended, and whether the child crashed over it."""
    header = {"limits": to_plain(limits), "size": len(data), "request": to_plain(request)}
    with subprocess.Popen(
        [sys.executable, "-B", "-X", "utf8", "-m", "core.loaders.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=_ROOT,
        env=_environment(),
        start_new_session=True,
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stderr is not None
        feeder = threading.Thread(target=_feed, args=(child.stdin, json.dumps(header).encode() + b"\n", data), daemon=True)
        output, errors = _Reader(child.stdout, limits.output), _Reader(child.stderr, 1 << 20)
        for thread in (feeder, output, errors):
            thread.start()
        try:
            stopped = _watch(child, output, limits)
        finally:
            _end(child)
        for thread in (feeder, output, errors):
            thread.join()
    crashed = not stopped and -child.returncode in _CRASHES
    return _result(child.returncode, stopped, bytes(output.data), bytes(errors.data), limits), crashed


def _environment() -> dict[str, str]:
    """Return the few variables a child gets; one thread a library, as each reserves address space."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1")
    passed = {name: os.environ[name] for name in _PASSED if name in os.environ}
    return {**threads, **passed, "LC_ALL": "C.UTF-8", "MALLOC_ARENA_MAX": "2", "ARROW_DEFAULT_MEMORY_POOL": "system"}


def _feed(pipe: IO[bytes], header: bytes, data: bytes) -> None:
    """Send the request, and leave the pipe open: the child ends when it closes."""
    try:
        pipe.write(header)
        pipe.write(data)
        pipe.flush()
    except OSError:  # the child ended first; its own end says why
        with suppress(OSError):
            pipe.close()


class _Reader(threading.Thread):
    """Collect what comes out of a pipe, up to a limit; what is more is only noticed."""

    def __init__(self, pipe: IO[bytes], limit: int) -> None:
        super().__init__(daemon=True)
        self.pipe, self.limit = pipe, limit
        self.data = bytearray()
        self.over = False

    def run(self) -> None:
        while block := os.read(self.pipe.fileno(), 1 << 16):
            if len(self.data) + len(block) > self.limit:
                self.over = True
            else:
                self.data += block


def _watch(child: subprocess.Popen[bytes], output: _Reader, limits: Limits) -> str:
    """Wait for the child's end; return in words which limit it passed, or "" when it ended by itself."""
    deadline = time.monotonic() + limits.wall_seconds
    process = psutil.Process(child.pid)
    while True:
        try:
            child.wait(_LOOK)
            return "more text than can be taken in" if output.over else ""
        except subprocess.TimeoutExpired:
            pass
        if time.monotonic() > deadline:
            return f"more than {limits.wall_seconds:g} seconds"
        if output.over:
            return "more text than can be taken in"
        try:
            # A little before the child's own limit: CPython 3.11 can spin for ever in handling a MemoryError once it
            # cannot allocate even the small integer that unwinding a frame takes.
            if process.memory_info().rss > limits.memory * 7 // 8:
                return "more memory than is safe"
        except psutil.Error:  # it ended between the two looks
            continue


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)  # its own session: the child and whatever it started
        child.wait()


def _result(code: int, stopped: str, output: bytes, errors: bytes, limits: Limits) -> Parsed:
    if not stopped and code == -signal.SIGXCPU:
        stopped = f"more than {limits.cpu_seconds} seconds of computing"
    if not stopped and code == -signal.SIGKILL:
        stopped = "more memory or time than this machine would give"
    if stopped:
        return Parsed(FileState.TOO_HEAVY, f"Reading this file took {stopped}, so it was stopped. {SPLIT}")
    if code == 0:
        with suppress(ValueError, KeyError, TypeError):  # whatever a hostile file made of the child, its answer is only data
            return Parsed.from_json(output)
    trace = errors.decode("utf-8", "replace")[-4000:]
    if "MemoryError" in trace or "bad_alloc" in trace:
        return Parsed(FileState.TOO_HEAVY, f"Reading this file took more memory than is safe, so it was stopped. {SPLIT}")
    log.warning("Reading a file ended with code %s: %s", code, trace)
    return Parsed(FileState.DAMAGED, "The file could not be read. Open it in the program it comes from, save it anew and add that.")
