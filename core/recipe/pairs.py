"""How pairs are made."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from core.recipe.llm import LLMSettings, ParaphraseSettings
from core.recipe.local import LocalSettings
from core.recipe.section import Section
from core.recipe.table import TableSettings
from core.recipe.timeline import TimelineSettings

SHARES = {"sentence": 1.0, "crop": 1.0, "phrases": 0.5}
"""The mix that gained most, on average, over six collections (bench/RESULTS.md)."""


class PairSettings(Section):
    """Which generators make pairs. Questions that came with the documents are always taken as they are."""

    generators: tuple[str, ...] = Field(
        ("sentence", "crop", "phrases"), title="Kinds of pairs", description="How questions are made from the documents."
    )
    shares: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(
        default_factory=lambda: dict(SHARES),
        title="Shares of the mix",
        description="How much each kind that is made offline gives beside the others: the largest of those chosen gives all it makes, "
        "one of half that share every second pair. A kind that is not named gives all.",
    )
    per_chunk: int = Field(1, ge=1, le=20, title="Pairs per passage", description="Of each kind, at most.")
    limit: int = Field(20_000, ge=1, title="Pairs at most", description="Of each kind, spread evenly over the documents.")
    near_duplicate: float = Field(
        0.9,
        gt=0,
        le=1,
        title="Near-duplicate queries",
        description="Word overlap (Jaccard) from which a query for the same passage counts as a duplicate.",
    )
    llm: LLMSettings = LLMSettings()
    paraphrase: ParaphraseSettings = ParaphraseSettings()
    timeline: TimelineSettings = TimelineSettings()
    table: TableSettings = TableSettings()
    local: LocalSettings = LocalSettings()
    seed: int = 1
