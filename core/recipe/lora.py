"""LoRA: what is trained when a model's own weights stay as they are."""

from __future__ import annotations

from pydantic import Field

from core.recipe.section import Section


class LoraSettings(Section):
    """Two thin matrices beside each linear layer are trained instead of its weights, and merged into them at the end."""

    r: int = Field(16, ge=1, le=1024, title="Rank", description="How thin the matrices are: the more, the more can be learned.")
    alpha: float = Field(32.0, gt=0, title="Alpha", description="What they add is multiplied by alpha / rank.")
    dropout: float = Field(0.0, ge=0, lt=1, title="Dropout", description="Of what goes into the matrices.")
    target_modules: tuple[str, ...] = Field((), title="Layers", description="Names, such as query and value; empty: every linear layer.")
