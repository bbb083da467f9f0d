"""What the shell says about a dry run."""

from __future__ import annotations

from core.cli import terminal
from core.overview import minutes
from core.train.rehearsal import Rehearsal


def show(found: Rehearsal) -> None:
    """Show what a few steps told: time, memory, and whether the batch fits."""
    terminal.show(f"about {minutes(found.seconds)} on {found.device}")
    if found.steps:
        terminal.show(f"{found.steps:,} steps of {found.step:.2f} s, {found.batch_size} pairs each")
    terminal.show(f"at most {found.peak / 1e9:.1f} GB of memory, of {found.free / 1e9:.1f} GB that were free")
    if not found.fits:
        terminal.say(found.advice)
