"""Several processes of one machine that train one model together, one a device: what one decides, all do.

The run's worker is the first of them and does what it does alone; the others (`python -m core.rank`) take their part of each step
and write nothing. They find each other as processes of torchrun do, by RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from core.errors import UserError

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
PLACES = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
PATIENCE = 30.0  # seconds that the others have to end by themselves


def count() -> int:
    """Return how many processes train together; 1 alone."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def first() -> bool:
    """Say whether this process is the one that decides and writes."""
    return os.environ.get("RANK", "0") == "0"


def meet() -> None:
    """Wait until all processes are there; alone, do nothing."""
    if count() == 1:
        return
    import torch
    from torch import distributed

    cuda = torch.cuda.is_available()
    if cuda:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    if not distributed.is_initialized():
        distributed.init_process_group("nccl" if cuda else "gloo")


def agreed(make: Callable[[], T]) -> T:
    """Return what the first process makes of it, in all of them."""
    if count() == 1:
        return make()
    from torch import distributed

    said = [make() if first() else None]
    distributed.broadcast_object_list(said)
    return said[0]  # type: ignore[return-value]


def in_turn(make: Callable[[], T]) -> T:
    """Do something in the first process, then in the others, which find on disk what it left there."""
    if count() == 1:
        return make()
    from torch import distributed

    made = make() if first() else None
    distributed.barrier()
    return make() if made is None else made


def together() -> None:
    """Wait until every process is here."""
    if count() > 1:
        from torch import distributed

        distributed.barrier()


@contextmanager
def beside(folder: Path, devices: int) -> Iterator[None]:
    """Train the run in `folder` on so many devices: start the other processes, be the first, and end them after.

    Raises `UserError` where another process ends before its time; the run goes on from its last checkpoint.
    """
    if devices == 1:
        yield
        return
    _there(devices)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = {"WORLD_SIZE": str(devices), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    before = {name: os.environ.get(name) for name in PLACES}
    command = [sys.executable, "-m", "core.rank", str(folder)]
    others = [
        subprocess.Popen(command, cwd=ROOT, env={**os.environ, **shared, "RANK": str(i), "LOCAL_RANK": str(i)}, stdin=subprocess.DEVNULL)
        for i in range(1, devices)
    ]
    os.environ.update(shared, RANK="0", LOCAL_RANK="0")
    try:
        yield
    except RuntimeError as error:
        if any(other.poll() for other in others):
            raise UserError(
                "One of the processes that trained together ended early.", "Resume the run, or train on fewer devices."
            ) from error
        raise
    finally:
        _leave()
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)
        for other in others:
            try:
                other.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                other.kill()
                other.wait()


def _there(devices: int) -> None:
    import torch

    cards = torch.cuda.device_count()
    if cards and devices > cards:
        raise UserError(f"{devices} devices are asked for; this machine has {cards}.", f"Set devices to {cards} or fewer.")


def _leave() -> None:
    from torch import distributed

    if distributed.is_initialized():
        distributed.destroy_process_group()


class OthersEnd(Exception):
    """Leave a training whose steps are done, in a process that is not the first."""


def others_end() -> None:
    """Leave the training here in all processes but the first, which chooses and writes the model."""
    if not first():
        _leave()
        raise OthersEnd
