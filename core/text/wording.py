"""The words of a text, and how much two texts share of them."""

from __future__ import annotations

import re
import unicodedata

import regex

# Han, kana and bopomofo are written without blanks, so each sign counts as a word of its own.
CJK = "\u3040-\u30ff\u3100-\u312f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
CJK_SIGN = re.compile(rf"[{CJK}]")
# Thai, Lao, Khmer and Burmese are too, and there a consonant with its vowels and marks counts: what is never parted (Thai character
# clusters, Theeramunkong 2000). Where words begin only a dictionary would know.
BLANKLESS = "\u0e00-\u0e4e\u0e80-\u0ece\u0edc-\u0edf\u1000-\u103f\u1050-\u109f\u1780-\u17d3"
_FOLLOWING = "\u0e30\u0e32\u0e33\u0e45\u0eb0\u0eb2\u0eb3"  # vowels that stand behind their consonant and are no marks
_CLUSTER = rf"[\u0e40-\u0e44\u0ec0-\u0ec4]?[{BLANKLESS}](?:[\u1039\u17d2][{BLANKLESS}]|\p{{M}})*[{_FOLLOWING}]?"
SIGN = regex.compile(rf"[{CJK}]|{_CLUSTER}")
"""What counts as a word of its own in a script without blanks."""
# `regex`, because a word of the standard library ends at a combining mark: Hindi would fall to pieces.
_WORD = regex.compile(rf"[{CJK}]|{_CLUSTER}|[^\W{CJK}{BLANKLESS}]+")


def words(text: str) -> list[str]:
    """Return a text's words in lower case (NFKC, casefold); a Chinese or Japanese sign is a word, and so is a Thai cluster."""
    return list(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def normalise(text: str) -> str:
    """Return a text as its words joined by blanks, so that case, width, punctuation and line breaks do not count.

    A text without a word (only signs) is returned with its blanks put in order.
    """
    return " ".join(words(text)) or " ".join(text.split())


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
