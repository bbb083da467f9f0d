"""Settings from a file of YAML (or JSON, which is YAML too), checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from core.errors import UserError
from core.recipe.faults import faults
from core.recipe.section import Section

S = TypeVar("S", bound=Section)


def read(path: Path) -> Any:
    """Return a file's plain data; raise `UserError` where it is no YAML."""
    try:
        return yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UserError(
            f"{path.name} cannot be read as YAML: {type(error).__name__}.", "Check the file's name and its indentation."
        ) from None


def checked(data: Any, section: type[S], source: str, what: str) -> S:
    """Return plain data as settings; `UserError` names every wrong place, what is allowed there, and `what` it was to be."""
    try:
        return section.model_validate(data)
    except ValidationError as error:
        places = "; ".join(map(str, faults(error, section, source)))
        raise UserError(f"{source} is not a valid {what}. {places}.", "Correct these places and try again.") from None
