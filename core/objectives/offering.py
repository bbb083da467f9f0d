"""Which objectives and losses fit the rows that there are, and why the others do not."""

from __future__ import annotations

from collections.abc import Mapping

from core.losses import LOSSES, PAIRS, SCORES, TEXTS, TRIPLETS, plain_name
from core.objectives import OBJECTIVES, losses_of, reading, rows_of
from core.recipe import TrainSettings
from core.recipe.faults import Fault

ROWS: Mapping[str, str] = {
    PAIRS: "questions with their passages",
    TRIPLETS: "pairs with wrong answers",
    SCORES: "scored pairs",
    TEXTS: "passages",
}
MAKES: Mapping[str, str] = {
    PAIRS: "make or import some on the Pairs page",
    TRIPLETS: "find some on the Pairs page (hard negatives), or import pairs that have them",
    SCORES: "import some on the Pairs page",
    TEXTS: "add documents",
}


def lacking(kind: str, rows: Mapping[str, int]) -> str:
    """Return why a project with so many rows of each sort cannot teach an objective; "" where it can."""
    needed = rows_of(kind)
    if rows[needed] >= 2:
        return ""
    there = f"has {rows[needed] or 'none'}"
    return f"needs {ROWS[needed]}: this project {there}; {MAKES[needed]}"


def misfits(kind: str, rows: Mapping[str, int] | None = None) -> dict[str, str]:
    """Return the losses that do not fit an objective, each with the reason; `rows` are how many of each sort a project has."""
    return {name: _why(name, kind, rows) for name in LOSSES if name not in losses_of(kind)}


def _why(loss: str, kind: str, rows: Mapping[str, int] | None) -> str:
    tags = LOSSES[loss].tags
    needed = next((tag for tag in ROWS if tag in tags), "")
    if not needed:
        return f"is for “{OBJECTIVES[next(tag for tag in tags if tag in OBJECTIVES)].label}”"
    if rows is not None and not rows[needed]:
        return f"needs {ROWS[needed]}: this project has none; {MAKES[needed]}"
    return f"needs {ROWS[needed]}, and “{OBJECTIVES[kind].label}” has {ROWS[rows_of(kind)]}"


def faults(train: TrainSettings) -> list[Fault]:
    """Return what the recipe's own checks cannot see: objectives that are not there, and losses that do not fit them."""
    found = []
    for number, wanted in enumerate(train.objectives):
        place = f"train.objectives.{number}"
        if wanted.type not in OBJECTIVES:
            found.append(Fault(f"{place}.type", f"{wanted.type} cannot be taught yet; there are {', '.join(OBJECTIVES)}"))
        elif wanted.loss and plain_name(wanted.loss) not in losses_of(wanted.type):
            fit = ", ".join(losses_of(wanted.type))
            found.append(Fault(f"{place}.loss", f"{wanted.loss} does not fit {wanted.type}; for it there are {fit}"))
    return found


def outside(train: TrainSettings) -> list[Fault]:
    """Return what a recipe may name from the shell alone: files of this machine, and a folder to write to."""
    named = [
        (f"train.objectives.{number}.datasets.{part}.name", source.name)
        for number, wanted in enumerate(train.objectives)
        for part, source in (("train", wanted.datasets.train), ("validation", wanted.datasets.validation))
        if source
    ]
    if train.evaluator:
        named.append(("train.evaluator.dataset.name", train.evaluator.dataset.name))
    shell = "run it from the shell: python -m core train --config FILE"
    found = [
        Fault(place, f"a page reads no files of this machine, only project:NAME and data sets of the hub; {shell}")
        for place, name in named
        if not name.startswith("project:") and not reading.at_hub(name)
    ]
    if train.output_dir:
        found.append(Fault("train.output_dir", f"a page writes to the project alone; {shell}"))
    return found
