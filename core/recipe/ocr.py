"""How pages without text are read by text recognition."""

from __future__ import annotations

from pydantic import Field

from core.recipe.section import Section


class OcrSettings(Section):
    """What text recognition is told; it runs only when it is asked for."""

    languages: tuple[str, ...] = Field(
        ("eng",), title="Languages of the pages", description="As Tesseract names them: eng, deu, fra, kor. Each must be installed."
    )
