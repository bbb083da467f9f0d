"""What the shell shows: progress and messages on standard error, results on standard output, and exit codes."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import typer

from core.schema import File, RunState, SystemScores, Verdict

if TYPE_CHECKING:
    from core.compare import Comparison
    from core.generators.foresight import Estimate
    from core.pipeline import Outcome
    from core.runs.folder import Run

FAILED = 3
EVERY = 2.0  # seconds between two lines of progress where standard error is no terminal


def say(text: str) -> None:
    """Write a line for the person who watches."""
    print(_tame(text), file=sys.stderr, flush=True)


def show(text: str) -> None:
    """Write a line of the result."""
    print(_tame(text), flush=True)


def _tame(text: str) -> str:
    """Return the text without signs that command a terminal: names and passages are other people's."""
    return "".join(sign if sign.isprintable() or sign == "\n" else " " for sign in text)


def show_json(record: Any) -> None:
    """Write the one JSON object that a program reads."""
    from core import store

    print(json.dumps(store.to_plain(record), indent=1), flush=True)


def show_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write rows under a header, in columns as wide as they need."""
    lines = [[str(cell) for cell in row] for row in [header, *rows]]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    for line in lines:
        show("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


class Progress:
    """Show one line that is written over on a terminal, and now and then a new one elsewhere."""

    def __init__(self) -> None:
        self._text = ""
        self._at = 0.0

    def __call__(self, fraction: float, text: str) -> None:
        """Take in progress: the callback that every stage is given."""
        line = f"{fraction:4.0%}  {text}"
        if sys.stderr.isatty():
            print(f"\r\033[K{_tame(line)[:100]}", end="\n" if fraction >= 1 else "", file=sys.stderr, flush=True)
        elif text != self._text and time.monotonic() - self._at >= EVERY:
            say(line)
            self._text, self._at = text, time.monotonic()


def watch(run: Run) -> None:
    """Wait for a run; Ctrl-C asks it to stop and waits for that; leave with an exit code unless the run is done."""
    from core import pipeline

    try:
        say(f"Run {run.id}: {run.title}. Ctrl-C stops it and keeps the best so far.")
        status = pipeline.wait(run, Progress())
    except KeyboardInterrupt:
        stop_kindly(run)
        raise
    leave_unless_done(status.state, status.error, status.hint)


def stop_kindly(run: Run) -> None:
    """Ask a run to stop and wait until it has."""
    from core import pipeline

    say("\nStopping; the best so far is kept.")
    run.stop()
    status = pipeline.wait(run)
    say(f"The run is {status.state}. `python -m core resume {run.id}` goes on with it.")


def leave_unless_done(state: RunState, error: str, hint: str) -> None:
    """Leave with the exit code of a failed run, saying what happened, unless it is done."""
    if state is not RunState.DONE:
        say(" ".join(part for part in (f"The run is {state}.", error, hint) if part))
        raise typer.Exit(FAILED)


def show_guesses(files: Iterable[File]) -> None:
    """Say what the columns of tables were taken for."""
    for file in files:
        if file.reading.columns:
            taken = ", ".join(f"{role}={column}" for column, role in file.reading.columns.items())
            say(f"{file.name}: columns taken as {taken} (change with --columns)")


def plain(outcome: Outcome) -> dict[str, Any]:
    """Return what `run --json` prints."""
    return {
        "project": outcome.project.name,
        "documents": [{"name": f.name, "state": f.state, "detail": f.detail} for f in outcome.documents],
        "chunks": outcome.chunks,
        "pairs": sum(outcome.pairs.values()),
        "pairs_by_kind": outcome.pairs,
        "run": outcome.run.id,
        "state": outcome.state,
        "model": str(outcome.model) if outcome.model else None,
        "verdict": outcome.verdict.word if outcome.verdict else None,
        "verdict_detail": outcome.verdict,
        "scores": {system.system: system.metrics for system in outcome.scores},
        "recipe": str(outcome.run.folder / "recipe.yaml"),
    }


def show_outcome(outcome: Outcome) -> None:
    """Show what the whole way ended with."""
    from core.overview import within_chance

    show_table(("file", "state", "what was found"), [(f.name, f.state.value, f.detail) for f in outcome.documents])
    made = ", ".join(f"{number} {kind}" for kind, number in outcome.pairs.items())
    show(f"\n{outcome.chunks} passages, {sum(outcome.pairs.values())} pairs ({made})")
    if outcome.verdict:
        show_scores(outcome.verdict, outcome.scores)
    if any(words := within_chance(outcome.run.result())):
        show("\n" + " ".join(words))
    show(f"\nModel:  {outcome.model or 'none'}\nRecipe: {outcome.run.folder / 'recipe.yaml'}")


def show_scores(verdict: Verdict, systems: Sequence[SystemScores]) -> None:
    """Show the verdict and every system's scores."""
    show(f"\nVerdict: {verdict.text}\n")
    measures = list(systems[0].metrics) if systems else []
    show_table(("", *measures), [(s.label, *(f"{s.metrics[m].mean:.3f}" for m in measures)) for s in systems])


def show_comparison(comparison: Comparison, json: bool) -> None:
    """Show what each model finds, one list under the other, with where each passage stands in the other lists."""
    if json:
        return show_json(comparison)
    for column in comparison.columns:
        show(f"\n{column.label} ({column.model})")
        for hit in column.hits:
            places = ", ".join(f"{label} {rank}" for label, rank in hit.ranks.items() if label != column.label) or "nowhere else"
            score = "" if hit.score is None else f"{hit.score:.3f}  "
            show(f"{hit.rank:3d}  {score}{hit.document}, page {hit.chunk.page} ({places})")
            show(f"     {' '.join(hit.chunk.text.split())[:160]}")
    return None


def show_estimate(estimate: Estimate, cap: float) -> None:
    """Show what asking a language model will take."""
    from core.overview import minutes

    known = "as the last answers took" if estimate.measured else "a guess, until there are answers"
    show(f"{estimate.calls:,} calls, {estimate.answered:,} of them answered already, which cost nothing")
    show(f"about {estimate.tokens_in:,} tokens read and {estimate.tokens_out:,} written")
    show(f"about {estimate.cost:,.2f}, never above {cap:,.2f} for the project" if estimate.cost else "no price is known: it counts as free")
    show(f"about {minutes(estimate.seconds)}, {known}" if estimate.seconds else "no time at all")


def show_rows(header: Sequence[str], rows: Sequence[Sequence[object]], json: bool) -> None:
    """Show a list as a table, or as JSON objects."""
    if json:
        show_json([dict(zip(header, row, strict=True)) for row in rows])
    else:
        show_table(header, rows)


def secret(variable: str, what: str, *, needed: bool = True) -> str:
    """Return a secret from the environment, else typed (or piped in) as one line; it never stands in the arguments."""
    import getpass
    import os

    from core.errors import UserError

    value = os.environ.get(variable, "")
    if not value and sys.stdin.isatty():
        value = getpass.getpass(f"{what}: ", stream=sys.stderr)
    elif not value:
        value = sys.stdin.readline()
    if needed and not value.strip():
        raise UserError(f"{what} is missing.", f"Set {variable}, or pipe it in on standard input.")
    return value.strip()
