"""How texts are read before tuning: the arguments of the objective language_model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, ValidationError

from core.recipe.section import Section


class MaskingSettings(Section):
    """What `loss_args` of a language_model objective may hold."""

    epochs: int = Field(1, ge=1, le=100, title="Epochs", description="Times that every text is read.")
    learning_rate: float = Field(5e-5, gt=0, le=1, title="Learning rate", description="Step size of the optimiser.")
    mask: float = Field(0.15, gt=0, lt=1, title="Hidden words", description="Share of a text's words that the model must find again.")


def check_masking(loss_args: Mapping[str, Any]) -> None:
    """Raise `ValueError` with the place and the reason of each argument that cannot be."""
    try:
        MaskingSettings.model_validate(dict(loss_args))
    except ValidationError as error:
        known = ", ".join(MaskingSettings.model_fields)
        said = "; ".join(f"loss_args.{item['loc'][0]}: {item['msg']}" for item in error.errors())
        raise ValueError(f"{said} (allowed are {known})") from None
