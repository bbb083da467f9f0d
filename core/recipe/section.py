"""What all sections of a recipe have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Refuse what is not known and keep what was checked."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)
