"""How pairs of passages that follow each other are made: for texts of many years, none of which is to dominate."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from core.recipe.section import Section


class TimelineSettings(Section):
    """The shares of the four categories, how thinly a document is used, and what counts as a period."""

    successive: float = Field(0.88, ge=0, le=1, title="Successive passages", description="Share of pairs of a passage and the next one.")
    single_synthetic: float = Field(
        0.08, ge=0, le=1, title="Reworded passage", description="Share of pairs of a passage and itself in a language model's words."
    )
    random_pair: float = Field(
        0.02, ge=0, le=1, title="Any two of a document", description="Share of pairs of two passages from anywhere in one document."
    )
    synthetic_pair: float = Field(
        0.02,
        ge=0,
        le=1,
        title="Successive, one reworded",
        description="Share of successive passages one of which a language model reworded.",
    )
    every: int = Field(
        8, ge=1, le=1000, title="Passages to a pair", description="A document gives about one pair for so many of its passages."
    )
    apart: int = Field(
        2, ge=0, le=100, title="Passages between pairs", description="So many passages, at least, lie between those of two pairs."
    )
    group: Literal["auto", "year", "group", "document", "theme"] = Field(
        "auto",
        title="Period",
        description="Each gives at most as many pairs as any other. auto: the year where documents have dates, else their group, else each "
        "document by itself.",
    )
    cap: int = Field(
        0, ge=0, title="Pairs for a period", description="At most. 0 takes as many as the middle one of all periods has to give."
    )

    @model_validator(mode="after")
    def _some_share(self) -> TimelineSettings:
        if not self.successive + self.random_pair + self.single_synthetic + self.synthetic_pair:
            raise ValueError("all shares are 0, so there is nothing to make")
        return self

    @property
    def shares(self) -> dict[str, float]:
        """The shares by category, as they were typed; they need not add up to 1."""
        return {
            "successive": self.successive,
            "single-synthetic": self.single_synthetic,
            "random-pair": self.random_pair,
            "synthetic-pair": self.synthetic_pair,
        }
