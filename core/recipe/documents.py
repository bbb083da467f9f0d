"""How documents become passages with themes."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from core.recipe.section import Section


class ChunkSettings(Section):
    """How documents are cut into passages."""

    size: int = Field(
        200, ge=16, le=8192, title="Passage size", description="Most tokens in a passage. The base model reads no further than its limit."
    )
    overlap: int = Field(24, ge=0, le=512, title="Overlap", description="Tokens that a passage repeats from the end of the one before it.")

    @model_validator(mode="after")
    def _overlap_below_half(self) -> ChunkSettings:
        if self.overlap * 2 > self.size:
            raise ValueError(f"overlap {self.overlap} is more than half of size {self.size}")
        return self


class ThemeSettings(Section):
    """How passages get their theme."""

    method: Literal["discovered", "keywords", "given"] = Field(
        "discovered", title="Themes", description="Found in the text, by your own keywords, or given by a column of your table."
    )
    count: int = Field(0, ge=0, le=200, title="Number of themes", description="0 lets the number follow from the amount of text.")
    keywords: dict[str, list[str]] = Field(
        default_factory=dict, title="Keywords", description="Each theme with the words that stand for it."
    )
    seed: int = 1
