"""Lines to paragraphs: hyphens at line ends resolved, lines joined where they plainly run on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_LAST = re.compile(r"([^\W\d_]+)[-\u2010]$")
_FIRST = re.compile(r"[^\W\d_]+")
_ITEM = re.compile(r"(?:[•‣◦▪●○■–—*·]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)]|\(?[ivxIVX]{1,5}[.)])\s")
_CJK = re.compile("[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")
_SIGN = "\u3001-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef…"
_SPACED = re.compile(f"(?<=[{_SIGN}]) (?=[{_SIGN}])")
_CLOSE = re.compile(f"(?<=[{_SIGN}])(?=[{_SIGN}])")
_SPLIT = re.compile(r"[^\W\d_]+[-\u2010]\s*\n\s*[^\W\d_]+")
_PARTED = re.compile(r"([^\W\d_]+[-\u2010])\n[ \t]*([^\W\d_]+[^\s\w]*)[ \t]*\n?")
_ENDS = ".!?:;。！？…"


def vocabulary(texts: Iterable[str]) -> frozenset[str]:
    """Return the words of all texts, lower-case, hyphened ones whole: what `join` decides hyphens by.

    What stands on both sides of a line's end with a hyphen is no word yet.
    """
    return frozenset(word.lower() for text in texts for word in _WORD.findall(_SPLIT.sub(" ", text)))


def join(lines: Sequence[str], words: frozenset[str], *, hyphens: bool = True) -> str:
    """Return the lines of a page as text in which paragraphs are lines; blank lines, headings and list items stay apart.

    Two lines are joined only where the first fills the page's width and the second runs on (a small letter, or a script
    without capitals, or any start after a small word at the very edge); in doubt they stay two. Without `hyphens`, lines that
    end in one are left as they are. Chinese and Japanese signs that were set with blanks between them lose these.
    """
    lines = _drawn_together(lines)
    width = _width(lines)
    out: list[str] = []
    for before, line in zip(["", *lines], lines, strict=False):
        if before and line and _hyphened(before, line):
            if hyphens:
                out[-1] = _resolve(out[-1], line, words)
            else:
                out.append(line)
        elif before and line and _runs_on(before, line, width):
            out[-1] += ("" if _CJK.match(before[-1]) and _CJK.match(line[0]) else " ") + line
        else:
            out.append(line)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(out)).strip("\n")


def unhyphened(text: str, words: frozenset[str]) -> str:
    """Return text whose words that a line's end parts are whole again; the line break comes after them."""
    return _PARTED.sub(lambda m: f"{_resolve(m[1], m[2], words)}\n" if m[2][0].islower() else m[0], text)


def _drawn_together(lines: Sequence[str]) -> Sequence[str]:
    """Take the blanks from between Chinese and Japanese signs where nearly all of the page's signs have one."""
    page = "\n".join(lines)
    spaced = len(_SPACED.findall(page))
    return _SPACED.sub("", page).split("\n") if spaced > 20 and spaced > 4 * len(_CLOSE.findall(page)) else lines


def _width(lines: Sequence[str]) -> float:
    # bytes, so that a line of Chinese counts as wide as it looks
    lengths = sorted(len(line.encode()) for line in lines if line)
    width = lengths[int(0.9 * (len(lengths) - 1))] if len(lengths) >= 4 else 0
    return width if width >= 30 else float("inf")


def _hyphened(before: str, line: str) -> bool:
    return before[-1] in "-\u2010" and len(before) > 1 and before[-2].isalnum() and line[0].isalnum()


def _resolve(text: str, line: str, words: frozenset[str]) -> str:
    last, first = _LAST.search(text), _FIRST.match(line)
    if not last or not first or not line[0].islower():
        return text + line  # "COVID-" "19"
    if text[: last.start()].endswith(("-", "\u2010")):
        return text + line  # "state-of-" "the-art"
    left, right = last[1].lower(), first[0].lower()
    compound = f"{left}-{right}" in words or (left in words and right in words and min(len(left), len(right)) > 2)
    if left + right not in words and compound:
        return text + line  # "long-" "term"
    return text[:-1] + line


def _runs_on(before: str, line: str, width: float) -> bool:
    if _ITEM.match(line):
        return False
    filled = len(before.encode()) / width
    if line[0].islower():
        return filled >= (0.85 if before[-1] in _ENDS else 0.5)
    if filled < 0.85 or before[-1] in _ENDS:
        return False
    caseless = line[0].isalpha() and not line[0].isupper()
    return caseless or before[-1] == "," or before.rsplit(" ", 1)[-1][0].islower()  # a table's row rarely ends in a small word
