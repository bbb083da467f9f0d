"""Words, sentences and near-duplicates: what all stages mean by "the same text"."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations, pairwise

import regex

from core.text.headings import BULLET, headings

# Han, kana and bopomofo are written without blanks, so each sign counts as a word of its own.
CJK = "\u3040-\u30ff\u3100-\u312f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
CJK_SIGN = re.compile(rf"[{CJK}]")
# `regex`, because a word of the standard library ends at a combining mark: Hindi and Thai would fall to pieces.
_WORD = regex.compile(rf"[{CJK}]|[^\W{CJK}]+")
PERMUTATIONS = 128

# A full stop with what closes after it and a footnote's number; a Chinese or Japanese one needs no blank; a blank line.
_END = re.compile(
    r"(?:[.!?…]+[\"'”’»)\]]*|(?<=[^\W\d])[.!?…]+[\"'”’»)\]]*\d{1,2}(?:,\d{1,2})*)(?=\s|$)|[。！？｡]+[」』”’）)]*|\n[^\S\n]*(?=\n)"
)
_ITEM = re.compile(r"(?:[ \t]*\d{1,2}(?:\.\d{1,2})*[.)][ \t]+(?=\S))|" + BULLET.pattern, re.IGNORECASE)
_LAST_WORD = re.compile(r"[^\s(\[\"'“‘«]*$")
# Abbreviations that a sentence goes on after.
_INNER = frozenset(
    "al approx art bzw ca cf ch d.h dr e.g ed eg eq etc fig gen hon i.e ie incl jr mr mrs ms no nos nr p par para pp prof resp rev sec sr".split()  # noqa: SIM905
    + "st u.a vgl vol vs z.b".split()  # noqa: SIM905
)


def words(text: str) -> list[str]:
    """Return a text's words in lower case (NFKC, casefold); a Chinese or Japanese sign is a word."""
    return list(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def normalise(text: str) -> str:
    """Return a text as its words joined by blanks, so that case, width, punctuation and line breaks do not count.

    A text without a word (only signs) is returned with its blanks put in order.
    """
    return " ".join(words(text)) or " ".join(text.split())


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
    marks = {match.start(): match.end() for match in items}
    found = []
    for start, end in pairwise(sorted(cuts)):
        span = trimmed(text, marks.get(start, start), end)
        if span[0] < span[1]:
            found.append(span)
    return found


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


def shingles(text: str, size: int = 3) -> frozenset[tuple[str, ...]]:
    """Return the runs of `size` words of a text; a shorter text is one run, one without words none."""
    found = words(text)
    if len(found) <= size:
        return frozenset({tuple(found)} if found else ())
    return frozenset(zip(*(found[i:] for i in range(size)), strict=False))


def jaccard(one: frozenset[object] | set[object], other: frozenset[object] | set[object]) -> float:
    """Return the size of the intersection over that of the union, 1.0 for two empty sets."""
    union = len(one | other)
    return len(one & other) / union if union else 1.0


def near_duplicate_groups(texts: Sequence[str], threshold: float, shingle: int = 3) -> list[list[int]]:
    """Return groups (of two or more positions, in order) of texts that are near-duplicates, directly or by a chain.

    Candidates come from MinHash and locality-sensitive hashing (Broder 1997; datasketch); each is then checked by the
    exact Jaccard similarity of word runs of length `shingle`, so no group rests on an estimate. Deterministic.
    """
    alike: dict[frozenset[tuple[str, ...]] | str, list[int]] = defaultdict(list)
    for i, text in enumerate(texts):
        alike[shingles(text, shingle) or normalise(text)].append(i)
    sets = [key for key in alike if isinstance(key, frozenset)]
    leader = list(range(len(sets)))

    def find(i: int) -> int:
        while leader[i] != i:
            leader[i] = leader[leader[i]]
            i = leader[i]
        return i

    for i, j in _candidates(sets, threshold):
        if find(i) != find(j) and jaccard(sets[i], sets[j]) >= threshold:
            leader[find(j)] = find(i)
    groups: dict[int | str, list[int]] = defaultdict(list)
    for number, key in enumerate(sets):
        groups[find(number)].extend(alike[key])
    groups.update({key: found for key, found in alike.items() if isinstance(key, str)})
    return sorted(sorted(group) for group in groups.values() if len(group) > 1)


def _candidates(sets: Sequence[frozenset[tuple[str, ...]]], threshold: float) -> list[tuple[int, int]]:
    """Return pairs of positions that may reach the threshold."""
    if len(sets) < 2:
        return []
    if len(sets) <= 50:  # all of them are checked sooner than datasketch is imported
        return list(combinations(range(len(sets)), 2))
    from datasketch import MinHash, MinHashLSH

    # A little below the threshold, so that an estimate that is off by a sketch's error (1/sqrt(128) = 0.09) hides no pair.
    index = MinHashLSH(threshold=min(0.9, max(0.1, threshold - 0.1)), num_perm=PERMUTATIONS)
    sketches = MinHash.generator(([" ".join(run).encode() for run in sorted(found)] for found in sets), num_perm=PERMUTATIONS)
    pairs = []
    for i, sketch in enumerate(sketches):
        pairs += [(j, i) for j in sorted(index.query(sketch))]
        index.insert(i, sketch)
    return pairs
