"""Find the lines of a text that are headings, in Markdown, in plain text and in what a PDF's text layer gives."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

_MARKDOWN = re.compile(r"#{1,6}\s+(.*?)\s*#*")
_NUMBERED = re.compile(
    r"(?:\d{1,3}(?:\.\d{1,3})*[.)]?|[A-Z][.)]|[IVXLC]{1,6}[.)])\s+\S"
    r"|(?:chapter|section|part|article|annex|appendix|kapitel|abschnitt|teil|anhang|chapitre|partie|annexe)\s+[\dA-Z]"
    r"|第[一二三四五六七八九十百千零〇\d]+[章节節条條部编編]|[一二三四五六七八九十]+、",
    re.IGNORECASE,
)
BULLET = re.compile(r"[ \t]*(?:[•▪‣◦●○■□–—*-]|\(?[a-z\d]{1,2}\))[ \t]+", re.IGNORECASE)
_NOT_A_HEADING = re.compile(r"\.{3,}|…|[|@<>{}=\\]|://|\s\d+$")  # leaders and page numbers of a contents page, tables, code, addresses
_LETTERS = re.compile(r"[^\W\d_]{2}")
_ID = re.compile(r"\S*\d\S*")  # "GV-1.2-001": a cell
_SMALL = frozenset("a an and as at by for from in into is nor of on or the to vs with der die das und von de du des la le les et".split())  # noqa: SIM905
ENDS = ".!?。！？”\"')）"  # what a line before a heading ends with
MAX_CHARACTERS = 90
MAX_WORDS = 12
OFTEN = 3


@dataclass(frozen=True)
class Heading:
    """A heading line: `text` without its marks, and where the line stands, from its first to behind its last sign."""

    start: int
    end: int
    text: str
    sure: bool  # marked or numbered, not only short


@dataclass(frozen=True)
class _Line:
    start: int
    text: str
    blank_before: bool
    blank_after: bool


def headings(text: str) -> list[Heading]:
    """Return a text's headings in order.

    A heading is a Markdown heading; or a short numbered or title-like line that no sentence runs into or out of. Of three
    or more such lines in a row (a contents page, a table) only the last can be one, with the shorter number above it; and
    what is neither marked nor numbered and stands there three times is a table's or a page's head.
    """
    lines = _lines(text)
    width = sorted(len(line.text) for line in lines)[len(lines) * 4 // 5] if lines else 0
    found: list[Heading] = []
    run: list[Heading] = []
    for i, line in enumerate(lines):
        before = lines[i - 1] if i else None
        after = lines[i + 1] if i + 1 < len(lines) else None
        heading = _heading(line, before, after, width, follows_heading=bool(run))
        if heading:
            run.append(heading)
        else:
            found += _of_run(run)
            run = []
    found += _of_run(run)
    times = Counter(heading.text for heading in found)
    return [heading for heading in found if heading.sure or times[heading.text] < OFTEN]


def _lines(text: str) -> list[_Line]:
    """Return the lines that are not blank, each knowing whether a blank one stands before or after it."""
    spans = [(m.start(1), m.group(1)) for m in re.finditer(r"[^\S\n]*([^\n]*?)[^\S\n]*(?:\n|$)", text)]
    blank = [not body for _, body in spans]
    return [
        _Line(start, body, i > 0 and blank[i - 1], i + 1 < len(spans) and blank[i + 1]) for i, (start, body) in enumerate(spans) if body
    ]


def _heading(line: _Line, before: _Line | None, after: _Line | None, width: int, follows_heading: bool) -> Heading | None:
    body = line.text
    marked = _MARKDOWN.fullmatch(body)
    if marked:
        return Heading(line.start, line.start + len(body), marked.group(1), True) if marked.group(1) else None
    if len(body) > MAX_CHARACTERS or len(body.split()) > MAX_WORDS or body[-1] in ".,;:!。，；：、！" or not after:
        return None
    if not _LETTERS.search(body) or _NOT_A_HEADING.search(body) or BULLET.match(body) or body[0].islower():
        return None
    if after.text[0].islower() and not line.blank_after:
        return None  # a sentence runs out of it
    sure = bool(_NUMBERED.match(body))
    if before and not (line.blank_before or follows_heading or before.text[-1] in ENDS or (sure and re.match(r"\d+\.\d", body))):
        return None  # a sentence runs into it
    if sure or _looks_like_title(body, width, after.text):
        return Heading(line.start, line.start + len(body), body, sure)
    return None


def _looks_like_title(body: str, width: int, following: str) -> bool:
    """Say whether a line is too short to be one of a paragraph of lines of this width, and worded like a title of `following`."""
    last = body.split()[-1].lower()
    if last in _SMALL or last == "and/or" or ";" in body or _ID.fullmatch(body) or not _LETTERS.search(following):
        return False
    return len(body) <= 0.8 * width and (_title_case(body) or (len(body.split()) <= 8 and len(body) <= 0.6 * width))


def _title_case(body: str) -> bool:
    words = [word for word in re.findall(r"[^\W\d_]+", body) if word.lower() not in _SMALL]
    return bool(words) and all(not word[0].islower() for word in words)


def _of_run(run: Sequence[Heading]) -> list[Heading]:
    """Return which of some candidates that follow one another are headings."""
    if len(run) < 3 or all(heading.text != "" and heading.sure and _depth(heading) == 0 for heading in run):
        return list(run)
    keep = list(run[-1:])
    for heading in reversed(run[:-1]):  # 2, then 2.1: both stand above the text that follows
        if not (keep[0].sure and heading.sure and 0 < _depth(heading) < _depth(keep[0])):
            break
        keep.insert(0, heading)
    return keep


def _depth(heading: Heading) -> int:
    """Return how many parts a heading's number has, 0 where it has none."""
    number = re.match(r"\d{1,3}(?:\.\d{1,3})*", heading.text)
    return number.group().count(".") + 1 if number else 0
