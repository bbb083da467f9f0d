"""The child process in which one file is read: limits on itself first, then bytes in, one JSON out.

    python -m core.loaders.child    < a line of JSON, then the bytes    > the Parsed record as JSON

It knows nothing of projects, and the file's name is no path to it. Its parent is sandbox.py.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import sys
import threading
import warnings
from collections.abc import Mapping

from core.loaders import LOADERS, labelfile, pairfile
from core.loaders.kinds import detect
from core.loaders.parsed import Parsed, ReadRequest
from core.schema import FileState
from core.store import from_plain

MEMORY = "Reading this file needs more memory than is safe. Split it into smaller files, or print it to a new PDF, and add those."


def limit(name: int, soft: int, hard: int | None = None) -> None:
    """Set one limit of this process, no higher than it is already."""
    _, most = resource.getrlimit(name)
    ceiling = soft if hard is None else hard
    ceiling = ceiling if most == resource.RLIM_INFINITY else min(ceiling, most)
    resource.setrlimit(name, (min(soft, ceiling), ceiling))


def limit_itself(limits: Mapping[str, int]) -> None:
    """Set every limit: memory, computing time, no files written, few open, no core dump."""
    limit(resource.RLIMIT_CPU, limits["cpu_seconds"], limits["cpu_seconds"] + 1)
    limit(resource.RLIMIT_FSIZE, 0)
    limit(resource.RLIMIT_NOFILE, 64)
    limit(resource.RLIMIT_CORE, 0)
    if sys.platform != "darwin":  # macOS refuses it; there the parent's look at the memory counts
        limit(resource.RLIMIT_AS, limits["memory"])


def end_with_parent() -> None:
    """End this process when its parent goes away: the pipe it came through then closes."""

    def wait() -> None:
        sys.stdin.buffer.read(1)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def read(data: bytes, request: ReadRequest) -> Parsed:
    """Find out what a file is and read it; every file ends in exactly one state."""
    try:
        if request.pairs:
            return pairfile.read(data, request)
        if request.labels:
            return labelfile.read(data, request)
        kind = detect(data, request)
        return kind if isinstance(kind, Parsed) else LOADERS[kind].load()(data, request)
    except MemoryError:
        return Parsed(FileState.TOO_HEAVY, MEMORY)


def main() -> None:
    """Carry out the one request that comes over stdin."""
    header = json.loads(sys.stdin.buffer.readline())
    limit_itself(header["limits"])
    logging.disable(logging.CRITICAL)  # a broken PDF brings thousands of warnings
    warnings.simplefilter("ignore")
    data = sys.stdin.buffer.read(header["size"])
    end_with_parent()
    parsed = read(data, from_plain(ReadRequest, header["request"]))
    sys.stdout.buffer.write(parsed.to_json())
    sys.stdout.buffer.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
