"""Running headers, footers and page numbers: lines that return at the edge of many pages are set aside."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise

EDGE = 3
"""How many lines at the top and at the bottom of a page may be running ones."""

_NUMBER = re.compile(
    r"[\s\-–—|\[(]*(?:page|seite|página|pagina|p\.|s\.)?\s*(?:(\d{1,4})|([ivxlc]{1,7}))\s*(?:(?:/|of|von|de|sur|di)\s*\d{1,4})?[\s\-–—|\])]*",
    re.IGNORECASE,
)
_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}


def set_aside(pages: Sequence[Sequence[str]]) -> list[tuple[list[str], list[str]]]:
    """Return each page's lines as (kept, removed).

    A line is running when, with its digits masked, it stands at the same edge of at least three pages: of two in five of
    all, or of three near each other where it is short (a chapter's header). A number alone is a page number when at least three
    pages count on with it. A transcript's line numbers go too. Lines go from the edge inwards, so nothing is cut out of the middle. Where this would take
    half of the text, the pages are copies of each other rather than framed alike, and everything is kept.
    """
    counted = [line_numbers(lines) for lines in pages]
    gone = [set(out) for out in counted]
    for step in (1, -1):
        edges = [_edge(lines, step, out) for lines, out in zip(pages, gone, strict=True)]
        keys, offsets = _running_keys(pages, edges), _page_offsets(pages, edges)
        for number, edge in enumerate(edges):
            for index in edge:
                value = page_number(pages[number][index])
                if not (_masked(pages[number][index]) in keys if value is None else value - number in offsets):
                    break
                gone[number].add(index)
    framed = sum(len(lines[i]) for lines, out, own in zip(pages, gone, counted, strict=True) for i in out - own)
    text = sum(len(line) for lines, own in zip(pages, counted, strict=True) for i, line in enumerate(lines) if i not in own)
    return [_part(lines, out) for lines, out in zip(pages, gone if framed * 2 <= text else counted, strict=True)]


def page_number(line: str) -> int | None:
    """Return the number of a line that is nothing but a page number ("12", "- 3 -", "Page 4 of 9", "iv"), or None."""
    found = _NUMBER.fullmatch(line)
    if not found or not line.strip():
        return None
    if found[1]:
        return int(found[1])
    values = [_ROMAN[sign] for sign in found[2].lower()]
    return sum(-a if a < b else a for a, b in pairwise([*values, 0]))


def line_numbers(lines: Sequence[str]) -> set[int]:
    """Return where a transcript's line numbers stand, as PDFs give them: ten or more lines that count 1, 2, 3 …"""
    found: set[int] = set()
    run: list[int] = []
    for index, line in enumerate([*lines, ""]):
        if run and line.strip() == str(len(run) + 1):
            run.append(index)
        else:
            found |= set(run) if len(run) >= 10 else set()
            run = [index] if line.strip() == "1" else []
    return found


def _edge(lines: Sequence[str], step: int, gone: set[int]) -> list[int]:
    return [index for index in range(len(lines))[::step] if lines[index].strip() and index not in gone][:EDGE]


def _masked(line: str) -> str:
    return re.sub(r"\d+", "#", " ".join(line.casefold().split()))


def _running_keys(pages: Sequence[Sequence[str]], edges: Sequence[Sequence[int]]) -> set[str]:
    seen: dict[str, list[int]] = defaultdict(list)
    for number, (lines, edge) in enumerate(zip(pages, edges, strict=True)):
        for key in {_masked(lines[index]) for index in edge}:
            # rows of figures look alike once their digits are masked: a running line has letters
            if sum(sign.isalpha() for sign in key) >= 3 and len(key) <= 200:
                seen[key].append(number)
    return {key for key, numbers in seen.items() if _many(key, numbers, len(pages))}


def _many(key: str, numbers: Sequence[int], total: int) -> bool:
    near = any(last - first <= 5 for first, last in zip(numbers, numbers[2:], strict=False))
    label = len(key.split()) <= 6 and key[-1] not in ".,;:"  # a sentence that returns on three pages is text
    return len(numbers) >= 3 and ((near and label) or len(numbers) >= 0.4 * total)


def _page_offsets(pages: Sequence[Sequence[str]], edges: Sequence[Sequence[int]]) -> set[int]:
    found: Counter[int] = Counter()
    for number, (lines, edge) in enumerate(zip(pages, edges, strict=True)):
        found.update({value - number for index in edge if (value := page_number(lines[index])) is not None})
    return {offset for offset, pages_with_it in found.items() if pages_with_it >= 3}


def _part(lines: Sequence[str], gone: set[int]) -> tuple[list[str], list[str]]:
    return [line for i, line in enumerate(lines) if i not in gone], [lines[i] for i in sorted(gone)]
