"""The data of a run: the project's split, and the rows of each objective of the recipe, from projects, files and the hub."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from core import project as projects
from core.dataset import Dataset, ObjectiveRows, Row, ScoredPair, TextRow
from core.errors import UserError
from core.losses import PAIRS, TEXTS, TRIPLETS
from core.objectives import reading, rows_of
from core.project import PairFilter, Project
from core.recipe import Recipe
from core.recipe.objectives import DataSettings
from core.schema import PairState, Part, TrainPair
from core.split import dataset, leaks
from core.split.alike import near_duplicates
from core.split.holdout import assign

PROJECT = "project:"


def gather(project: Project, recipe: Recipe) -> Dataset:
    """Return all that a run is trained on and judged by.

    Where the recipe names objectives, the project's own questions still choose and judge, as long as it has any; of every
    objective's rows those are left out that hold such a question, or a passage that answers one, or nearly so. An evaluator chooses
    instead of them. Raises `UserError` when
    there is too little to train on.
    """
    wanted = recipe.train.objectives
    if not wanted:
        return dataset(project, recipe)
    known: dict[str, Dataset] = {}
    own = _split(project, recipe, known) if project.count_pairs() else Dataset((), (), (), (), "")
    found, left_out = [], 0
    for number, objective in enumerate(wanted):
        kind = rows_of(objective.type)
        train = _rows(objective.datasets.train, kind, project, recipe, known)
        kept = _unseen(own, train, recipe)
        left_out += len(train) - len(kept)
        if len(kept) < 2:
            raise UserError(f"train.objectives.{number}: its data set has {len(kept)} rows to learn from: too few.", "Choose another.")
        chosen = objective.datasets.validation
        found.append(ObjectiveRows(kept, _rows(chosen, kind, project, recipe, known) if chosen else ()))
    if recipe.train.evaluator:
        judge = _unseen(replace(own, dev=()), _rows(recipe.train.evaluator.dataset, "", project, recipe, known), recipe)
        found = [ObjectiveRows(rows.train, judge if number == 0 else ()) for number, rows in enumerate(found)]
        own = replace(own, dev=())
    said = f"{own.leaks} {left_out} rows of the objectives were left out for holding what judges." if left_out else own.leaks
    return replace(own, objectives=tuple(found), leaks=said.strip())


def _unseen(own: Dataset, rows: tuple[Row, ...], recipe: Recipe) -> tuple[Row, ...]:
    """Return the rows that hold no question and no passage of dev or test; the project's own split has seen to its own already."""
    if rows == own.train:
        return rows
    held = leaks.held(own, [reading.texts_of(row) for row in rows], recipe.split.near_duplicate)
    return tuple(row for number, row in enumerate(rows) if number not in held)


def _rows(wanted: DataSettings, kind: str, project: Project, recipe: Recipe, known: dict[str, Dataset]) -> tuple[Row, ...]:
    if not wanted.name.startswith(PROJECT):
        return reading.read(wanted, kind)
    name = wanted.name.removeprefix(PROJECT)
    source = project if name in (project.name, project.id) else projects.find(name)
    if source is None:
        raise UserError(f"There is no project called “{name}”.", "The recipe's data sets name it as project:NAME.")
    found = _of_project(source, kind or PAIRS, recipe, known)[: wanted.preprocess_args.limit]
    most = wanted.preprocess_args.negative_samples
    if most is None:
        return found
    return tuple(replace(r, negatives=r.negatives[:most], marks=r.marks[: 1 + most]) if isinstance(r, TrainPair) else r for r in found)


def _of_project(source: Project, kind: str, recipe: Recipe, known: dict[str, Dataset]) -> tuple[Row, ...]:
    """Return a project's rows of a kind, those alone that its own split trains on."""
    if kind in (PAIRS, TRIPLETS):
        pairs = _split(source, recipe, known).train
        return tuple(pair for pair in pairs if kind == PAIRS or pair.negatives)
    chunks = source.chunks()
    groups = near_duplicates(source, chunks, recipe.split.near_duplicate)
    placed: Mapping[str, Part] = assign(chunks, source.regions(), groups)
    texts = {chunk.id: chunk.text for chunk in chunks if placed[chunk.id] is Part.TRAIN}
    if kind == TEXTS:
        copies = {copy for group in groups for copy in group[1:]}
        return tuple(TextRow(body) for key, body in texts.items() if key not in copies and body.strip())
    kept = source.pairs(PairFilter(state=PairState.KEPT))
    return tuple(
        ScoredPair(pair.query, texts[key], pair.score) for pair in kept if not pair.judge_only for key in pair.positives if key in texts
    )


def _split(source: Project, recipe: Recipe, known: dict[str, Dataset]) -> Dataset:
    """Return a project's own data, made once; with its pairs' hard negatives, which an objective may ask for."""
    if source.id not in known:
        train = recipe.train.model_copy(update={"objectives": (), "hard_negatives": max(1, recipe.train.hard_negatives)})
        known[source.id] = dataset(source, recipe.model_copy(update={"train": train}))
    return known[source.id]
