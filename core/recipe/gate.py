"""What a pair must be like to be used. People's own questions are only remarked on, whatever the limits."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from core.recipe.section import Section


class GateSettings(Section):
    """The limits of the quality gate. The wording counts for questions that were asked; a query taken from its passage has its words by design."""

    on: bool = Field(
        True, title="Check pairs", description="Set pairs aside that would teach little or the wrong thing, each with its reason."
    )
    found_within: int = Field(
        10,
        ge=0,
        le=100,
        title="Found again within",
        description="A question must find its own passage among so many first hits, by the base model or by its words; 0 does not ask.",
    )
    taken_within: int = Field(
        0,
        ge=0,
        le=100,
        title="Taken queries found again within",
        description="The same for sentences, headings and key phrases, searched for without themselves; 0 does not ask.",
    )
    copied: float = Field(
        0.7,
        gt=0,
        le=1,
        title="Copied wording",
        description="Share of a question that stands in its passage word for word, from which it is a copy.",
    )
    copied_words: int = Field(6, ge=2, le=100, title="Copied words", description="Words in a row that a copy has at least.")
    least_words: int = Field(3, ge=1, le=50, title="Words at least", description="A question of fewer words is too short.")
    refers: Literal["no", "outright", "loosely"] = Field(
        "outright",
        title="Refers to its passage",
        description="Which questions cannot stand alone: none, those that say “this text”, or those too that say “in the context”.",
    )
    language: bool = Field(True, title="Language", description="A question must be in its passage's language, where both can be told.")
    unread: float = Field(
        0.25,
        ge=0,
        le=1,
        title="Unread share",
        description="Share of its passage beyond the model's limit, above which a pair is set aside.",
    )
    near_duplicate: float = Field(
        0.9, gt=0, le=1, title="Like another", description="Word overlap (Jaccard) from which a query for the same passage is a duplicate."
    )
