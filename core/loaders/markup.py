"""HTML to text: tags out, blocks as lines, entities as what they stand for. Text that only looks a little like it stays."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

_INLINE = (
    "a abbr acronym b bdi bdo big cite code del dfn em font i ins kbd label mark q s samp small span strike strong sub sup tt u var wbr"
)
_BLOCK = (
    "address article aside blockquote body br button caption center dd details dialog div dl dt fieldset figcaption figure footer form h1 h2 "
    "h3 h4 h5 h6 head header hr html iframe img input legend li link main meta nav noscript object ol optgroup option p picture pre script "
    "section select source style summary svg table tbody td textarea tfoot th thead title tr ul video"
)
_DROPPED = frozenset({"script", "style", "svg", "head"})
_PARAGRAPHS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6"})
_CELLS = frozenset({"td", "th"})
_BLOCKS = frozenset(_BLOCK.split())
_NAMES = _BLOCKS | frozenset(_INLINE.split())
_TAG = re.compile(rf"</?({'|'.join(sorted(_NAMES, key=len, reverse=True))})(?:\s[^<>]*|\s*/)?>|<!--|<!doctype", re.IGNORECASE)
_NO_TAG = re.compile(r"<(?!/?[a-zA-Z]|!--|!doctype)", re.IGNORECASE)  # a sign like any other
_ENTITY = re.compile(r"&(?:[a-zA-Z][a-zA-Z\d]{1,30}|#\d{1,7}|#[xX][\da-fA-F]{1,6});")


def text_of(source: str) -> str:
    """Return the text of HTML; a source without a tag or entity of HTML comes back as it is."""
    if not _TAG.search(source):
        return html.unescape(source) if _ENTITY.search(source) else source
    # Where blocks make the lines, those of the source mean no more than blanks.
    parser = _Text(any(found[1] and found[1].lower() in _BLOCKS for found in _TAG.finditer(source)))
    parser.feed(_NO_TAG.sub("&lt;", source))
    parser.close()
    lines = [" ".join(line.split()) for line in "".join(parser.parts).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def is_page(source: str) -> bool:
    """Say whether a whole file is HTML, rather than text with a tag in it."""
    start = source.lstrip()[:2000].lower()
    return start.startswith(("<!doctype html", "<html")) or ("<html" in start and "</" in source)


class _Text(HTMLParser):
    """Collect text; every block begins a line, cells of a row stand beside each other."""

    def __init__(self, flowing: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._flowing = flowing
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _NAMES:  # "<name>" in a text about something else
            self._put(self.get_starttag_text() or "")
        elif tag in _DROPPED:
            self._silent += 1
        elif tag in _CELLS:
            self._put(" ")
        elif tag == "li":
            self._end_line()
            self._put("• ")
        elif tag in _BLOCKS:
            self._put("\n" if tag in _PARAGRAPHS else "")
            self._end_line()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _DROPPED:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in _DROPPED:
            self._silent = max(0, self._silent - 1)
        elif tag in _BLOCKS and tag not in _CELLS:
            self._end_line()

    def handle_data(self, data: str) -> None:
        self._put(re.sub(r"\s+", " ", data) if self._flowing else data)

    def _end_line(self) -> None:
        if self.parts and not self.parts[-1].endswith("\n"):
            self._put("\n")

    def _put(self, text: str) -> None:
        if text and not self._silent:
            self.parts.append(text)
