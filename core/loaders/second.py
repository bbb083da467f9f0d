"""A second reading of a PDF's pages, by PDFium: asked only where pypdf's text is missing, unreadable or in the wrong order."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from core.loaders.garbled import garbled

_SHAPE = re.compile("[\ufb1d-\ufdff\ufe70-\ufefc]")
_LETTER = re.compile(r"[^\W\d_]")
_HYPHEN = re.compile("[\u0002\u00ad\ufffe](?=\n)")  # PDFium's sign for a hyphen that parts a word


def pages(data: bytes, password: str = "", wanted: Collection[int] | None = None) -> dict[int, str]:
    """Return the text of the wanted pages (counted from 0; None is all) as PDFium reads it; none where it cannot open the file.

    Source: https://pypdfium2.readthedocs.io/
    """
    import pypdfium2  # a tenth of a second that few files need

    found: dict[int, str] = {}
    try:
        document = pypdfium2.PdfDocument(data, password=password or None)
        for number in sorted(range(len(document)) if wanted is None else wanted):
            text = document[number].get_textpage().get_text_range()
            found[number] = _HYPHEN.sub("-", text.replace("\r\n", "\n"))
    except pypdfium2.PdfiumError:
        return found
    return found


def doubtful(texts: Sequence[str]) -> list[int]:
    """Return the pages (from 0) whose text is worth a second reading."""
    return [number for number, text in enumerate(texts) if not text.strip() or garbled(text) or _in_shapes(text)]


def better(first: str, other: str) -> str:
    """Return the reading of a page that says more."""
    if not telling(other) or garbled(other):
        return first
    if not first.strip() or garbled(first):
        return other
    # Shapes of Arabic and Hebrew letters stand in the order in which they were drawn; PDFium puts them into that of reading.
    return other if _in_shapes(first) and len(_LETTER.findall(other)) >= 0.8 * len(_LETTER.findall(first)) else first


def telling(text: str) -> bool:
    """Say whether a text is more than a stamp or a layer's name."""
    return len(_LETTER.findall(text)) >= 8


def _in_shapes(text: str) -> bool:
    return len(_SHAPE.findall(text)) > 0.3 * len(_LETTER.findall(text)) > 0
