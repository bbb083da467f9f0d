"""How the columns of a table become pairs, where one of them is an anchor."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from core.recipe.section import Section


class TableSettings(Section):
    """Which columns answer an anchor, together or one by one, and from where its wrong answers come."""

    way: Literal["fused", "basic", "domain"] = Field(
        "fused",
        title="Columns of a table",
        description="fused: an anchor with all of its row's columns. basic: with each column by itself, and one wrong answer of another "
        "category. domain: as basic, but each domain by itself.",
    )
    negatives: int = Field(
        5, ge=0, le=50, title="Wrong answers", description="Of each anchor, when its columns are fused: the most alike by words."
    )
