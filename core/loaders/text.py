"""Plain text and Markdown: one document, cut into pages that can be shown."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.loaders import lines, markup, running
from core.loaders.cleaning import Cleaning, clean, counted, one_line
from core.loaders.comparing import samples
from core.loaders.encodings import decode
from core.loaders.parsed import Parsed, ParsedDocument, ParsedPage, ReadRequest
from core.schema import FileState, TableReading

PAGE = 3000
"""Characters that a page has at most, where the file itself does not part its pages."""

LIMIT = 20_000_000
"""Characters of one file; ten times the longest novel."""


def read(data: bytes, request: ReadRequest) -> Parsed:
    """Read text or Markdown as one document.

    Needs: bytes in any common encoding; `request.reading.encoding` corrects the one that was found.
    Choose it for: notes, articles, exported pages. A table in a .txt file is read as a table instead.
    Source: https://charset-normalizer.readthedocs.io/
    """
    text, encoding = decode(data, request.reading.encoding)
    if len(text) > LIMIT:
        words = f"The text has {len(text):,} characters; {LIMIT:,} are read at most. Split it into smaller files and add those."
        return Parsed(FileState.TOO_HEAVY, words, "text")

    def documents(wanted: Cleaning) -> Sequence[ParsedDocument]:
        return (ParsedDocument("0", _cleaned(text, wanted), title=_title(text, request.name)),)

    found = documents(request.clean)
    document, pages = found[0], found[0].pages
    detail = f"{counted(document.characters, 'character')} read ({encoding})."
    return Parsed(
        FileState.READ,
        detail,
        "text",
        len(pages),
        TableReading(encoding=encoding),
        documents=tuple(found),
        samples=samples(documents, request, found),
    )


def _cleaned(text: str, wanted: Cleaning) -> tuple[ParsedPage, ...]:
    """Return the pages of a text, cleaned as wanted; those that form feeds part may have running lines."""
    if wanted.html and markup.is_page(text):
        text = markup.text_of(text)
    parts = [clean(part, wanted).strip("\n") for part in text.split("\f")]
    if wanted.hyphens:
        words = lines.vocabulary(parts)
        parts = [lines.unhyphened(part, words) for part in parts]
    if len(parts) == 1:
        return tuple(ParsedPage(number, page) for number, page in enumerate(_pages(parts[0]), start=1))
    rows = [part.split("\n") for part in parts]
    split: list[tuple[list[str], list[str]]] = running.set_aside(rows) if wanted.boilerplate else [(row, []) for row in rows]
    return tuple(ParsedPage(n, "\n".join(kept).strip("\n"), "\n".join(out)) for n, (kept, out) in enumerate(split, start=1))


def _pages(text: str) -> list[str]:
    """Cut text where a newline stands, so that the pages joined by newlines are the text again."""
    pages: list[str] = []
    start = 0
    while len(text) - start > PAGE:
        cut = _cut(text, start)
        if cut < 0:
            break
        pages.append(text[start:cut])
        start = cut + 1
    return [*pages, text[start:]]


def _cut(text: str, start: int) -> int:
    """Return the last newline before a page is full: after a paragraph, else after a line, else the next there is."""
    paragraph = text.rfind("\n\n", start + PAGE // 3, start + PAGE)
    if paragraph >= 0:
        return paragraph + 1
    line = text.rfind("\n", start + PAGE // 3, start + PAGE)
    return line if line >= 0 else text.find("\n", start + PAGE)


def _title(text: str, name: str) -> str:
    heading = re.match(r"\s*#\s+(.+)", text)
    return one_line(heading[1], 120) if heading else one_line(re.sub(r"\.\w{1,8}$", "", name.replace("\\", "/").rsplit("/", 1)[-1]), 120)
