"""How hard negatives are found: passages that look like the answer and are none."""

from __future__ import annotations

from pydantic import Field, model_validator

from core.recipe.section import Section


class NegativeSettings(Section):
    """Which passages become hard negatives. Scores and margins are the judge's own: cosines, or BM25's sums."""

    judge: str = Field("base", title="Judge", description="What says how near a passage is to the question.")
    per_pair: int = Field(3, ge=1, le=20, title="Hard negatives per pair", description="As many as this are looked for.")
    range_min: int = Field(0, ge=0, le=1000, title="Skip the first", description="So many of the nearest that would do are passed over.")
    range_max: int = Field(
        50, ge=1, le=2000, title="Look as far as rank", description="Only so many of the nearest wrong passages are looked at."
    )
    absolute_margin: float | None = Field(
        None, ge=0, title="Margin", description="A negative scores lower than the right passage by this much at least."
    )
    relative_margin: float | None = Field(
        0.05, ge=0, lt=1, title="Margin as a share", description="The same as a share of the right passage's score; 0.05 is NV-Retriever's."
    )
    max_score: float | None = Field(None, title="Highest score", description="A passage that scores higher is no negative.")
    doubts: int = Field(
        2,
        ge=0,
        le=20,
        title="Possible answers per pair",
        description="Of passages inside the margin so many, highest first, are put to a person.",
    )
    cross_encoder: str = Field(
        "cross-encoder/ms-marco-MiniLM-L6-v2",
        title="Cross-encoder",
        description="A name at the hub or a folder, for the judge of that name.",
    )

    @model_validator(mode="after")
    def _enough_ranks(self) -> NegativeSettings:
        if self.range_max - self.range_min < self.per_pair:
            raise ValueError(f"ranks {self.range_min} to {self.range_max} leave no room for {self.per_pair} negatives")
        return self
