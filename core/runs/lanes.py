"""The queue without a scheduler: every worker looks itself whether it is its turn, so the queue outlives the app."""

from __future__ import annotations

import time
from collections.abc import Collection

from core import runs
from core.disk import lock
from core.runs.folder import Run
from core.runs.job import Job, Stopped
from core.schema import RunState

POLL = 0.5  # seconds between two looks


def wait_for_turn(job: Job, lane: str, kinds: Collection[str]) -> None:
    """Wait until no run of the lane goes first, and take the lane's lock; leave when a stop is asked for.

    The lane "machine" lets one training work at a time, over all projects; "project" one change of the documents or pairs
    of one. `kinds` are the runs that share the lane. The lock keeps two apart that look in the same moment; the ids only
    say who goes first. A copy outside of any project does not wait: whoever started it decides what runs beside it.
    """
    project = job.run.project
    while not job.stop():
        if project is None:
            return
        scope = project.folder.parent if lane == "machine" else project.folder
        first = ahead(job.run, lane, kinds)
        if not first and lock.take(scope / f".{lane}.lock", patience=0):
            return
        text = f"Number {len(first)} in the queue, after “{first[0].title}”." if first else "Next in the queue."
        job.say(RunState.QUEUED, text)
        time.sleep(POLL)
    raise Stopped


def ahead(run: Run, lane: str, kinds: Collection[str]) -> list[Run]:
    """Return the live runs that go before this one: the one that works already, then those with older ids."""
    project = run.folder.parent.parent
    projects = project.parent.glob("[!.]*") if lane == "machine" else [project]
    others = [r for folder in projects for r in runs.in_folder(folder / "runs") if r.folder != run.folder and r.alive() and r.kind in kinds]
    working = [r for r in others if r.status().state is RunState.RUNNING]
    older = [r for r in others if r not in working and _age(r) < _age(run)]
    return working + sorted(older, key=_age)


def _age(run: Run) -> tuple[str, str]:
    return run.id, str(run.folder)
