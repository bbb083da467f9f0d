"""Widgets for settings: label, help and bounds come from the recipe's own fields, so they are said in one place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core import recipe
from core.recipe import Recipe, Section

STEP = 1e-9  # an open bound, as near as a number field can say it


def number(
    section: type[Section], name: str, value: float | None, *, key: str, placeholder: str | None = None, width: int | None = None
) -> Any:
    """Draw a number field for a setting; an optional setting may be left empty."""
    field = section.model_fields[name]
    whole = "int" in str(field.annotation)
    bounds: dict[str, float] = {}
    for rule in field.metadata:
        for sign, side, shift in (
            ("ge", "min_value", 0.0),
            ("gt", "min_value", STEP),
            ("le", "max_value", 0.0),
            ("lt", "max_value", -STEP),
        ):
            if getattr(rule, sign, None) is not None:
                bounds[side] = getattr(rule, sign) + (shift if not whole else 0)
    kind = int if whole else float
    told: dict[str, Any] = {side: kind(bound) for side, bound in bounds.items()}
    told |= {"value": None if value is None else kind(value), "step": 1 if whole else None, "format": None if whole else "%g"}
    return st.number_input(field.title or name, help=field.description, key=key, placeholder=placeholder, width=width or "stretch", **told)


def numbers(
    section: type[Section],
    values: Mapping[str, float | None],
    *,
    key: str,
    placeholder: str | None = None,
    width: int | None = None,
    across: int = 3,
) -> dict[str, Any]:
    """Draw number fields for settings, `across` in a row, and return what they hold; the key of each is `key`_NAME."""
    asked: dict[str, Any] = {}
    columns: list[Any] = []
    for place, (name, value) in enumerate(values.items()):
        columns = columns if place % across else list(st.columns(across))
        with columns[place % across]:
            asked[name] = number(section, name, value, key=f"{key}_{name}", placeholder=placeholder, width=width)
    return asked


def title(section: type[Section], name: str) -> str:
    """Return a setting's label."""
    return section.model_fields[name].title or name


def help(section: type[Section], name: str) -> str:
    """Return a setting's help."""
    return section.model_fields[name].description or ""


def checked(current: Recipe, **sections: dict[str, Any]) -> Recipe:
    """Return the recipe with some settings changed; `UserError` names what does not go together."""
    plain = current.model_dump(mode="json")
    for section, changes in sections.items():
        plain[section] = {**plain[section], **changes}
    return recipe.parse(plain, "These settings")
