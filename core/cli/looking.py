"""What the shell says about runs: one by itself, or several beside each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.cli import terminal
from core.overview import within_chance
from core.runs import course

if TYPE_CHECKING:
    from core.runs.comparing import Column, Comparison
    from core.runs.folder import Run
    from core.schema import Interval


def show(run: Run, json: bool) -> None:
    """Show one run."""
    status, evaluation, result = run.status(), run.evaluation(), run.result()
    pace = course.pairs_per_second(run.metrics())
    if json:
        about = {"run": run.id, "kind": run.kind, "title": run.title, "note": run.about.note, "made": run.made}
        size = {"size": run.size(), "freed": run.freed(), "pairs_per_second": pace}
        found = {"status": status, "result": result, "verdict": evaluation.verdict if evaluation else None}
        return terminal.show_json(about | size | found)
    rows: list[tuple[str, object]] = [("title", run.title), ("kind", run.kind), ("state", f"{status.state}, {status.fraction:.0%}")]
    rows += [(label, said) for label, said in (("error", status.error), ("next", status.hint), ("device", status.device)) if said]
    if "method" in result:
        rows += [("method", result["method"]), ("minutes", f"{result['seconds'] / 60:.1f}"), ("pairs", f"{result['pairs']:,}")]
        rows.append((f"dev {result.get('metric', 'nDCG@10')}", f"{result['dev_base']:.3f} -> {result['dev_best']:.3f}"))
    rows += [(label, words) for label, words in zip(("base kept", "next"), within_chance(result), strict=True) if words]
    if pace:
        rows.append(("pairs a second", f"{pace:.1f}"))
    rows += [("bytes", f"{run.size():,}, of which {run.freed():,} are free again once it is deleted"), ("folder", run.folder)]
    terminal.show_table(("run", run.id), rows)
    if run.about.note:
        terminal.show(f"\n{run.about.note}")
    if evaluation:
        terminal.show_scores(evaluation.verdict, evaluation.systems)
    return None


def beside(found: Comparison, json: bool) -> None:
    """Show several runs: what differs, then what came of each."""
    labels = [column.label for column in found.columns]
    if json:
        runs = [
            {"run": c.run.id, "title": c.run.title, "state": c.state, "result": c.result, "size": c.size, "evaluation": c.evaluation}
            for c in found.columns
        ]
        return terminal.show_json({"runs": runs, "differences": found.differences, "same_questions": found.alike})
    rows: list[tuple[object, ...]] = [(row.title, *row.values) for row in found.differences]
    terminal.show_table(("setting", *labels), rows or [("all are the same", *("" for _ in labels))])
    terminal.show("")
    terminal.show_table(
        ("", *labels), [(name, *(_cell(c, name) for c in found.columns)) for name in ("state", "verdict", "dev", "minutes", "bytes")]
    )
    terminal.show("")
    scores = [
        (f"{metric}, {system}", *(_score(c.score(system, metric)) for c in found.columns))
        for metric in found.metrics
        for system in ("base", "tuned")
    ]
    terminal.show_table(("score with 95 % interval", *labels), scores)
    if not found.alike:
        terminal.say("These were judged by different questions or passages: their scores cannot be compared.")
    return None


def _cell(column: Column, name: str) -> str:
    result = column.result
    if name == "state":
        return column.state
    if name == "verdict":
        return column.evaluation.verdict.word.value if column.evaluation else "none"
    if name == "bytes":
        return f"{column.size:,}"
    if "method" not in result:
        return "none"
    return f"{result['seconds'] / 60:.1f}" if name == "minutes" else f"{result['dev_base']:.3f} -> {result['dev_best']:.3f}"


def _score(value: Interval | None) -> str:
    return f"{value.mean:.3f} ({value.low:.3f} to {value.high:.3f})" if value else "none"
