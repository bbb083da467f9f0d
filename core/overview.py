"""How far a project has come: what the strip under every page's title says, from a few quick queries and files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core import runs
from core.project import Project, Tally
from core.runs.folder import Run
from core.runs.record import ENDED
from core.schema import RunState


@dataclass(frozen=True)
class StageState:
    """One stage of a project: the page that it leads to, what the strip says, and whether it is done or at work."""

    stage: str
    page: str
    text: str
    done: bool
    running: bool = False


def state(project: Project) -> tuple[StageState, ...]:
    """Return all stages in the order of the work."""
    listed = runs.runs(project)
    working = {run.kind: run for run in listed if run.alive() and run.status().state not in ENDED}
    tally = project.tally()
    published = tally.publications > 0
    return (
        StageState("Documents", "documents", _counted("Documents", tally.documents), tally.documents > 0, "ingest" in working),
        StageState("Chunks", "chunks", _counted("Chunks", tally.chunks), tally.chunks > 0, "ingest" in working),
        StageState("Pairs", "pairs", _counted("Pairs", tally.pairs), tally.pairs > 0, bool({"pairs", "import"} & working.keys())),
        _model(listed, working.get("train")),
        _evaluation(tally, working.get("evaluate")),
        StageState("Publish", "publish", "Published" if published else "Publish", published),
    )


def _counted(name: str, number: int) -> str:
    return f"{name} {number:,}" if number else name


def _model(listed: list[Run], working: Run | None) -> StageState:
    trained = [run for run in listed if run.kind == "train"]
    done = any(run.model for run in trained)
    if working:
        status = working.status()
        left = f", {minutes(status.seconds_left)} left" if status.seconds_left else ""
        text = "Model waiting" if status.state is RunState.QUEUED else f"Model running {status.fraction:.0%}{left}"
        return StageState("Model", "runs", text, done, running=True)
    if not trained:
        return StageState("Model", "train", "Model", done=False)
    return StageState("Model", "runs", "Model ready" if done else f"Model {trained[0].status().state}", done)


def _evaluation(tally: Tally, working: Run | None) -> StageState:
    if working:
        return StageState("Evaluation", "evaluate", f"Evaluation running {working.status().fraction:.0%}", done=False, running=True)
    if not tally.verdict:
        return StageState("Evaluation", "evaluate", "Evaluation", done=False)
    text = f"Evaluation: {tally.verdict}" if tally.current else "Evaluation out of date"
    return StageState("Evaluation", "evaluate", text, tally.current)


def reading(metrics: Sequence[Mapping[str, Any]]) -> str:
    """Say what reading the texts before tuning did, by a run's metrics; "" where nothing was read."""
    found = [float(row["perplexity"]) for row in metrics if "perplexity" in row]
    if not found:
        return ""
    words = " → ".join(f"{value:,.1f}" if value < 1e6 else "over a million" for value in found[:1] + found[1:][-1:])
    return f"Read the texts first: perplexity {words}, on texts held out from it"


def within_chance(result: Mapping[str, Any]) -> tuple[str, str]:
    """Say that a training's rise on dev was within chance, so that nothing tuned was kept, and what to do; "" twice where it was not so.

    `result` holds the fields of train.TrainResult, or of reranker.RerankerResult.
    """
    found, reranker = result.get("chance"), "started_from" in result
    if not found or any(result.get(name) for name in ("share", "best_epoch", "started")):
        return "", ""
    kept = "no reranker was kept" if reranker else "the base model was kept"
    what = "pairs" if "correlation" in str(result.get("metric")) else "questions"
    alike = f", of which many go together so that they count as {found['groups']:,}" if found["groups"] < found["questions"] else ""
    said = (
        f"The score rose by {found['gain']:.3f} on the {found['questions']:,} {what} that choose{alike}. By chance alone one of "
        f"{found['tried']} attempts stands out as far in {found['p']:.0%} of cases, more than the {100 * found['level']:.3g}% allowed, so {kept}."
    )
    return said, (
        f"More {what} to choose by, on other passages, show smaller gains, and a more thorough training may gain more. “Chance of a false "
        "gain” moves the limit."
    )


def minutes(seconds: float) -> str:
    """Return a length of time as a person says it: 40 s, 3 min, 2.5 h."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
