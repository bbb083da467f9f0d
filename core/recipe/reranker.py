"""How a reranker is tuned: a model that reads question and passage together and puts the first hits in a new order."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from core.recipe.section import Section


class RerankerSettings(Section):
    """Learns from the pairs that tuning learns from, and from wrong passages that the first search confuses with the right ones."""

    base_model: str = Field(
        "",
        title="Starts from",
        description="A cross-encoder's folder or name at the hub. Empty: the encoder that is tuned, with a fresh head, which needs no "
        "network and far more questions.",
    )
    judge: Literal["base", "bm25"] = Field(
        "base", title="Wrong passages by", description="The base model's nearest passages, or those that share most words."
    )
    negatives: int = Field(4, ge=1, le=20, title="Wrong passages a question", description="Those found as hard negatives come first.")
    epochs: int = Field(2, ge=1, le=100, title="Epochs", description="Times that every row is seen.")
    learning_rate: float | None = Field(
        None,
        gt=0,
        le=1,
        title="Learning rate",
        description="Step size of the optimiser; empty: 1e-4 for a fresh head, 2e-5 for a cross-encoder.",
    )
    batch_size: int = Field(16, ge=2, le=4096, title="Batch size", description="Rows of a question and one passage.")
    max_tokens: int = Field(256, ge=16, le=8192, title="Tokens read", description="Of a question and a passage together, at most.")
    depth: int = Field(50, ge=2, le=1000, title="Reranked passages", description="How many of the first hits are put in a new order.")
    dev_questions: int = Field(
        100, ge=10, le=10_000, title="Questions to choose by", description="At most so many; each is reranked after every epoch."
    )
    chance: float = Field(
        0.25,
        gt=0,
        le=1,
        title="Chance of a false gain",
        description="A reranker is handed out only if chance alone would make any of its epochs stand out as far on dev in at most this share of "
        "cases. 1 hands out whatever scores best.",
    )
    warmup: float = Field(0.1, ge=0, le=1, title="Warm-up", description="Share of the steps in which the learning rate grows.")
    seed: int = 1
