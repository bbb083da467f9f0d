"""Where a run stands, and how a stage tells how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

Progress = Callable[[float, str], None]
"""A stage's only callback: the fraction done, 0 to 1, and a short text for the person who watches."""


def silent(fraction: float, text: str) -> None:
    """Ignore progress: the default of every stage."""


class RunState(StrEnum):
    """Say where a run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class RunStatus:
    """What status.json holds; replaced atomically by the run's worker, read by everybody else."""

    state: RunState
    stage: str = ""
    fraction: float = 0.0
    text: str = ""
    started: float = 0.0
    updated: float = 0.0
    seconds_left: float | None = None
    device: str = ""
    error: str = ""
    hint: str = ""
    beat: int = 0  # grows with every write: a counter that moves means alive, whatever the clocks say
