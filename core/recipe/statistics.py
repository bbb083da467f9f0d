"""How the passages are drawn as a map."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from core.recipe.section import Section


class StatisticsSettings(Section):
    """What the Statistics page works out in the background."""

    projection: Literal["pca", "tsne"] = Field(
        "pca",
        title="How the map is laid out",
        description="pca keeps the two directions in which passages differ most; tsne keeps neighbours together, on 2,000 points at most.",
    )
    points: int = Field(5000, ge=10, le=20_000, title="Points on the map", description="Of more passages a fair sample is drawn.")
    seed: int = 1
