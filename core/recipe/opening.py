"""A recipe that somebody wrote: all that is wrong with it at once, instead of the first thing."""

from __future__ import annotations

from dataclasses import dataclass

import yaml
from pydantic import ValidationError

from core import recipe as recipes
from core.recipe import Recipe, TrainSettings
from core.recipe.faults import Fault, faults
from core.recipe.section import written

LONGEST = 200_000  # characters


@dataclass(frozen=True)
class Opened:
    """What a text holds as a recipe, None where it is none, and every fault that was found."""

    recipe: Recipe | None
    faults: tuple[Fault, ...] = ()


def opened(text: str) -> Opened:
    """Read a recipe, or its training section alone, as YAML or JSON."""
    try:
        if len(text) > LONGEST:
            return _broken(f"it has {len(text):,} characters; {LONGEST:,} is the most")
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
            return _broken("it refers to parts of itself (*name), which is not taken: write them out")
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        return _broken(f"{getattr(error, 'problem', None) or 'it is no YAML'}", f"line {mark.line + 1}" if mark else "the file")
    except (RecursionError, ValueError):
        return _broken("it is no YAML that can be read")
    if data is not None and not isinstance(data, dict):
        return _broken("it must be names with values, such as “base_model: …”")
    try:
        return Opened(Recipe.model_validate(recipes.whole(data or {})))
    except ValidationError as error:
        return Opened(None, tuple(faults(error, Recipe, "recipe")))


def _broken(why: str, place: str = "the file") -> Opened:
    return Opened(None, (Fault(place, why),))


def training_yaml(train: TrainSettings, *, brief: bool = False) -> str:
    """Return the training section as YAML that can be opened again; a `brief` one leaves out all that stands as it always does."""
    plain = train.model_dump(mode="json", exclude_defaults=True) if brief else written(train)
    return yaml.safe_dump({"base_model": train.base_model} | plain, sort_keys=False, allow_unicode=True)
