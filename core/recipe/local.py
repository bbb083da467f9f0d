"""Which question writer runs on this machine, and how."""

from __future__ import annotations

from pydantic import Field

from core.recipe.section import Section


class LocalSettings(Section):
    """A sequence-to-sequence model that writes questions for a passage, such as doc2query's T5."""

    model: str = Field(
        "",
        title="Question writer",
        description="A sequence-to-sequence model (T5 or BART, saved as safetensors) that was trained to write queries for a passage: a name "
        "at the Hugging Face hub, or a folder.",
    )
    prefix: str = Field(
        "", max_length=200, title="Before each passage", description="What this model wants to read first, such as “generate question: ”."
    )
    batch: int = Field(8, ge=1, le=256, title="Passages at once", description="More is faster and takes more memory.")
    read_tokens: int = Field(384, ge=16, le=4096, title="Tokens read", description="Of each passage, at most.")
    written_tokens: int = Field(48, ge=4, le=512, title="Tokens written", description="Of each question, at most.")
