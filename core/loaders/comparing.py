"""What each switch of cleaning changes in one file: the same text without it and with it, side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace
from difflib import SequenceMatcher

from core.loaders.cleaning import Cleaning
from core.loaders.parsed import CleanSample, ParsedDocument, ReadRequest

PLACES = 3
"""Places that are shown for a switch."""
AROUND = 12
LONGEST = 200
"""Characters of a place before its first difference, and of all of it."""


def samples(
    make: Callable[[Cleaning], Sequence[ParsedDocument]], request: ReadRequest, found: Sequence[ParsedDocument]
) -> tuple[CleanSample, ...]:
    """Return a sample for each switch when the request asks for them: `make` with it turned, beside `found` as requested."""
    if not request.compare:
        return ()
    now, made = _texts(found), []
    for switch in (field.name for field in fields(Cleaning)):
        is_on = getattr(request.clean, switch)
        turned = _texts(make(replace(request.clean, **{switch: not is_on})))
        without, with_it = (turned, now) if is_on else (now, turned)
        changed = [place for place in without if without[place] != with_it.get(place, "")]
        places = [pair for place in changed[: 2 * PLACES] for pair in _places(without[place], with_it.get(place, ""))][:PLACES]
        made.append(CleanSample(switch, len(changed), tuple(a for a, _ in places), tuple(b for _, b in places)))
    return tuple(made)


def _texts(documents: Sequence[ParsedDocument]) -> dict[tuple[str, int], str]:
    return {(document.key, page.number): page.text for document in documents for page in document.pages}


def _places(before: str, after: str) -> Iterator[tuple[str, str]]:
    """Yield where two texts differ, as the lines of each, cut to what is around the difference."""
    old, new = before.split("\n"), after.split("\n")
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            one, other = "\n".join(old[a:b]), "\n".join(new[c:d])
            same = next((i for i, (x, y) in enumerate(zip(one, other, strict=False)) if x != y), min(len(one), len(other)))
            start = max(0, same - AROUND)
            yield _cut(one, start), _cut(other, start)


def _cut(text: str, start: int) -> str:
    part = text[start : start + LONGEST]
    return f"{'…' if start and part else ''}{part}{'…' if start + LONGEST < len(text) else ''}"
