"""Words, sentences and near-duplicates: what all stages mean by "the same text"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from core.text.alike import Likeness, groups, likenesses, near_duplicate_groups
from core.text.headings import BULLET, headings
from core.text.wording import BLANKLESS, CJK, CJK_SIGN, SIGN, jaccard, normalise, shingles, words

__all__ = [
    "CJK",
    "CJK_SIGN",
    "SIGN",
    "Likeness",
    "groups",
    "headings",
    "jaccard",
    "likenesses",
    "near_duplicate_groups",
    "normalise",
    "sentences",
    "shingles",
    "trimmed",
    "words",
]

# A full stop with what closes after it and a footnote's number; a Chinese or Japanese one needs no blank; a blank line. Arabic, Urdu,
# Hindi, Amharic and Armenian have signs of their own.
_END = re.compile(
    r"(?:[.!?…؟۔।॥።։]+[\"'”’»)\]]*|(?<=[^\W\d])[.!?…]+[\"'”’»)\]]*\d{1,2}(?:,\d{1,2})*)(?=\s|$)|(?:[。！？｡]|．(?!\d))+[」』”’）)]*|\n[^\S\n]*(?=\n)"
)
_ITEM = re.compile(r"(?:[ \t]*\d{1,2}(?:\.\d{1,2})*[.)][ \t]+(?=\S))|" + BULLET.pattern, re.IGNORECASE)
_LAST_WORD = re.compile(r"[^\s(\[\"'“‘«]*$")
_GAP = re.compile(rf"(?<=[{BLANKLESS}]) +(?=[{BLANKLESS}])")
PHRASE = 60
"""Characters from which on a blank between two words of a script without blanks is taken for the end of a sentence."""
# Abbreviations that a sentence goes on after.
_INNER = frozenset(
    "al approx art bzw ca cf ch d.h dr e.g ed eg eq etc fig gen hon i.e ie incl jr mr mrs ms no nos nr p par para pp prof resp rev sec sr".split()  # noqa: SIM905
    + "st u.a vgl vol vs z.b".split()  # noqa: SIM905
)


def sentences(text: str) -> list[tuple[int, int]]:
    """Return the spans of a text's sentences; headings and list items stand by themselves, their marks left out.

    A line break alone ends no sentence (a PDF's text has one in every line), nor does the full stop of an abbreviation,
    an initial, a number or in front of a small letter (where a text has others). No span begins or ends with white space.
    """
    cased = any(sign.isupper() for sign in text)
    cuts = {0, len(text)}
    for heading in headings(text):
        cuts |= {heading.start, heading.end}
    cuts |= {match.end() for match in _END.finditer(text) if _ends_sentence(text, match, cased)}
    line_starts = [0, *(match.end() for match in re.finditer("\n", text))]
    items = [match for start in line_starts if (match := _ITEM.match(text, start))]
    cuts |= {match.start() for match in items}
    cuts |= set(_between_phrases(text))
    marks = {match.start(): match.end() for match in items}
    found = []
    for start, end in pairwise(sorted(cuts)):
        span = trimmed(text, marks.get(start, start), end)
        if span[0] < span[1]:
            found.append(span)
    return found


def _between_phrases(text: str) -> Iterator[int]:
    """Yield where Thai, Lao, Khmer or Burmese, which end a sentence with a blank alone, may end one: behind `PHRASE` signs or more."""
    last = 0
    for match in _GAP.finditer(text):
        if match.end() - last >= PHRASE:
            last = match.end()
            yield last


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the span without the white space at its ends; an empty one where there is nothing else."""
    body = text[start:end]
    return start + len(body) - len(body.lstrip()), max(end - len(body) + len(body.rstrip()), start + len(body) - len(body.lstrip()))


def _ends_sentence(text: str, match: re.Match[str], cased: bool) -> bool:
    sign = match.group()
    if sign[0] != ".":
        return True
    before = text[max(0, match.start() - 30) : match.start()]
    word = (_LAST_WORD.search(before.split("\n")[-1]) or match).group()
    if word.lower() in _INNER or (len(word) == 1 and word.isalpha() and (word.isupper() or not cased)):
        return False
    if word.isdigit() and not before.split("\n")[-1][: -len(word)].strip():
        return False  # a list's number at the beginning of a line
    after = text[match.end() : match.end() + 30].lstrip()
    if not cased or text[match.start() - 1 : match.start()].isspace():
        return True  # in a text all in small letters a small letter says nothing; and nobody writes an abbreviation " ."
    return not (after and after[0].islower() and "\n\n" not in text[match.end() : match.end() + 4])
