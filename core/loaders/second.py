"""A second reading of a PDF's pages, by PDFium: asked only where pypdf's text is missing, unreadable or in the wrong order."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence

from core.loaders.garbled import garbled

_LEFTWARD = re.compile("[\u05d0-\u06ff\u0750-\u077f\ufb1d-\ufdff\ufe70-\ufefc]")
_EAST = re.compile("[\u2e80-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\ufe10-\ufe4f\uff00-\uffef]")
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
    return [number for number, text in enumerate(texts) if not text.strip() or garbled(text) or _out_of_order(text)]


def better(first: str, other: str) -> str:
    """Return the reading of a page that says more."""
    if not telling(other) or garbled(other):
        return first
    if not first.strip() or garbled(first):
        return other
    return other if _out_of_order(first) and _same_letters(first, other) else first


def telling(text: str) -> bool:
    """Say whether a text is more than a stamp or a layer's name."""
    return len(_LETTER.findall(text)) >= 8


def _out_of_order(text: str) -> bool:
    """Say whether a page may stand in the order in which it was drawn: right-to-left scripts, and vertical lines.

    PDFium puts the first into the order of reading, and finds the lines of the second where pypdf gives a line for each sign.
    """
    if text.isascii():
        return False
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    single = sum(len(line) == 1 and bool(_EAST.match(line)) for line in lines)
    return single > 0.5 * len(lines) > 5 or len(_LEFTWARD.findall(text)) > 0.3 * len(_LETTER.findall(text)) > 0


def _same_letters(first: str, other: str) -> bool:
    """Say whether two readings hold the same letters, but for one in ten, in whatever order."""
    one, two = (Counter(_LETTER.findall(unicodedata.normalize("NFKC", text))) for text in (first, other))
    return (one & two).total() >= 0.9 * max(one.total(), two.total())
