"""Text that is none: signs without meaning, where a PDF does not say which letters its shapes stand for."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from itertools import pairwise

import regex

_GLYPH_NAME = re.compile(r"/g\d+|\(cid:\d+\)|/uni[0-9A-F]{4}|/[a-z]\d{2,3}(?=/)")
_UNPRINTABLE = regex.compile(r"[[\p{Cc}\p{Co}\p{Cn}\uFFFD]--\s]", regex.VERSION1)
_LATIN_1 = re.compile("[\x80-\xff]")
_BEGINS, _ENDS = re.compile(r"\b\u0629\w"), re.compile(r"\w\u0629\b")
_LETTERS = re.compile(r"[^\W\d_]{2,}")
# Written within one word without anything wrong: the scripts of East Asia, and Latin letters beside any of them.
_EAST = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC", "KATAKANA-HIRAGANA", "HALFWIDTH", "FULLWIDTH"})
_ANY = frozenset({"MODIFIER", "MATHEMATICAL", "FEMININE", "MASCULINE", "MICRO", "DOUBLE-STRUCK", "SCRIPT", "BLACK-LETTER", ""})
_LATIN_BESIDE = frozenset({frozenset({"LATIN", "EAST"}), frozenset({"LATIN", "GREEK"})})


def garbled(text: str) -> bool:
    """Say whether a page's text is signs without meaning: from a tenth of them on, nothing around them can be trusted.

    They are glyph names and signs that no alphabet has; bytes of another script read as Latin-1; words whose letters are of
    several scripts at once, which is what numbers of shapes look like when they are taken for letters; and words spelled backwards.
    """
    signs = "".join(text.split())
    bad = sum(map(len, _GLYPH_NAME.findall(signs))) + len(_UNPRINTABLE.findall(signs))
    if text.isascii():
        return bad * 10 > len(signs)
    # real text in accented Latin letters stays below a third
    return bad * 10 > len(signs) or len(_LATIN_1.findall(signs)) * 2 > len(signs) > 20 or _mixed(text) or _backwards(text)


def _backwards(text: str) -> bool:
    """Say whether Arabic words are spelled from their end, by a letter that only ever ends one."""
    return len(_BEGINS.findall(text)) > max(2, len(_ENDS.findall(text)))


def _mixed(text: str) -> bool:
    """Say whether a fifth of the neighbouring letters are of two scripts that no language writes in one word."""
    neighbours = mixed = 0
    for word in _LETTERS.findall(text):
        scripts = ["LATIN"] * len(word) if word.isascii() else [script for sign in word if (script := _script(sign))]
        neighbours += max(0, len(scripts) - 1)
        mixed += not word.isascii() and sum(a != b and frozenset({a, b}) not in _LATIN_BESIDE for a, b in pairwise(scripts))
    return mixed * 5 > neighbours > 10


@cache
def _script(sign: str) -> str:
    """Return a letter's script, "" where it belongs to any."""
    name = unicodedata.name(sign, "").split(" ")[0].split("-")[0]
    return "EAST" if name in _EAST else "" if name in _ANY else name
