"""Several trainings beside each other: what was set differently, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from core import jsonfiles
from core.errors import UserError
from core.project import Project
from core.runs.folder import Run
from core.schema import Evaluation, Interval

SECTIONS = {"train": "Training", "split": "Division", "evaluate": "Judging", "chunk": "Passages", "pairs": "Pairs", "gate": "Checks"}
LONGEST = 120  # characters of a value that are shown
ITSELF = "by itself"  # of a setting that was left open
NONE = "none"


@dataclass(frozen=True)
class Difference:
    """A setting that is not the same in all runs: its place in the recipe, its titles, and each run's value, in words."""

    place: str
    title: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Column:
    """One run of a comparison. `label` is unique in it; what is not known yet is None or empty."""

    run: Run
    label: str
    state: str
    evaluation: Evaluation | None
    result: Mapping[str, Any]
    size: int

    @property
    def seconds(self) -> float | None:
        """How long the training took."""
        return self.result.get("seconds")

    def score(self, system: str, metric: str) -> Interval | None:
        """Return the score of "base" or "tuned" on the questions that judge."""
        found = self.evaluation.systems if self.evaluation else ()
        return next((s.metrics.get(metric) for s in found if s.system == system), None)


@dataclass(frozen=True)
class Comparison:
    """Runs beside each other, in the order in which they were asked for."""

    columns: tuple[Column, ...]
    differences: tuple[Difference, ...]

    @property
    def metrics(self) -> list[str]:
        """The measures that any of the runs was judged by."""
        found = [s.metrics for column in self.columns if column.evaluation for s in column.evaluation.systems]
        return list(dict.fromkeys(name for metrics in found for name in metrics))

    @property
    def alike(self) -> bool:
        """Say whether all verdicts are about the same questions and passages, so that their scores can be compared."""
        judged = [column.evaluation for column in self.columns if column.evaluation]
        return len({(found.test_digest, found.verdict.questions, found.passages) for found in judged}) <= 1


def compare(project: Project, chosen: Sequence[Run]) -> Comparison:
    """Put trainings of a project beside each other; raise `UserError` for fewer than two, or for another kind of run."""
    if len(set(chosen)) < 2:
        raise UserError("One run by itself is no comparison.", "Choose two or more.")
    if other := next((run for run in chosen if run.kind != "train"), None):
        raise UserError(f"The run {other.id} is no training.", "Only trainings can be compared.")
    columns = tuple(
        Column(run, f"{number} {run.title}", run.status().state.value, project.evaluation(run.id), run.result(), run.size())
        for number, run in enumerate(dict.fromkeys(chosen), 1)
    )
    return Comparison(columns, tuple(differences([column.run for column in columns])))


def differences(chosen: Sequence[Run]) -> list[Difference]:
    """Return the settings in which runs differ; for what a recipe leaves open, what followed for the run is compared."""
    found = [_settings(run) for run in chosen]
    places = list(dict.fromkeys(place for settings in found for place in settings))
    rows = [
        Difference(
            place,
            next(settings[place][0] for settings in found if place in settings),
            tuple(settings.get(place, ("", NONE))[1] for settings in found),
        )
        for place in places
    ]
    return [row for row in rows if len(set(row.values)) > 1 and not set(row.values) <= {NONE, ITSELF}]  # left open, or not there


def _settings(run: Run) -> dict[str, tuple[str, str]]:
    """Return every setting of a run by its place, as its title and its value in words."""
    found = _flat(run.recipe(), "", "")
    plan = jsonfiles.read(run.folder / "plan.json", dict) or {}
    for name, value in plan.items():
        title, said = found.get(f"train.{name}", ("", ""))
        if said in (ITSELF, "auto"):
            found[f"train.{name}"] = title, f"{_words(value)} ({ITSELF})"
    if pairs := run.result().get("pairs"):
        found["pairs learned from"] = "Pairs learned from", f"{pairs:,}"
    return found


def _flat(value: Any, place: str, title: str) -> dict[str, tuple[str, str]]:
    if isinstance(value, BaseModel):
        found: dict[str, tuple[str, str]] = {}
        for name, field in type(value).model_fields.items():
            inside = f"{place}.{name}" if place else name
            found |= _flat(getattr(value, name), inside, f"{title}, {_titled(field, name)}" if title else _titled(field, name))
        return found
    if isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
        parts = (_flat(one, f"{place}.{number}", f"{title} {number + 1}") for number, one in enumerate(value))
        return {key: said for part in parts for key, said in part.items()}
    return {place: (title, _words(value))}


def _titled(field: FieldInfo, name: str) -> str:
    return field.title or SECTIONS.get(name) or name.replace("_", " ").capitalize()


def _words(value: Any) -> str:
    """Return a value as a person reads it, on one line."""
    if value is None:
        return ITSELF
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple | list):
        value = ", ".join(str(one) for one in value)
    if isinstance(value, dict):
        value = json.dumps(value, ensure_ascii=False) if value else ""
    flat = " ".join(str(value).split())
    return (flat if len(flat) <= LONGEST else flat[: LONGEST - 1] + "…") or NONE
