"""Text as it is stored: no control characters, one form of each letter, plain spaces and newlines."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

_NEWLINES = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_BULLETS = re.compile("[\uf0b7\uf0a7]")  # Word's bullets in the Symbol and Wingdings fonts
# Control and private-use characters, lone surrogates, marks of direction, invisible ones. The joiners U+200C and U+200D stay:
# Persian, Indic scripts and emoji are spelled with them.
_DROPPED = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ud800-\udfff\ue000-\uf8ff\ufeff"
    "\ufff9-\ufffb\ufffe\uffff\U000f0000-\U0010ffff]"
)
# Ligatures, the shapes of Hebrew and Arabic letters, the radicals that stand for Chinese signs in many PDFs, and punctuation turned for
# vertical lines: nobody types these into a search box. NFKC of everything would go too far: it turns x² into x2.
_SHAPES = re.compile("[\u2e9f\u2ef3\u2f00-\u2fd5\ufb00-\ufdcf\ufdf0-\ufdff\ufe10-\ufe19\ufe30-\ufe44\ufe70-\ufefc]+")
# Thai and Lao AM, which PDFs store as its two parts and NFC leaves so; a tone mark stands between them as often as before.
_AM = re.compile("([\u0e4d\u0ecd])([\u0e48-\u0e4b\u0ec8-\u0ecb]?)([\u0e32\u0eb2])")


@dataclass(frozen=True)
class Cleaning:
    """What is done to texts as they are read, each switchable; the recipe's section `clean` has the same words."""

    unicode: bool = True
    ligatures: bool = True
    hyphens: bool = True
    html: bool = True
    boilerplate: bool = True


ALL = Cleaning()


def clean(text: str, wanted: Cleaning = ALL) -> str:
    """Return text with newlines as \\n and without control characters; as wanted, its letters in NFC and ligatures spelled out."""
    if text.isascii() and text.isprintable():
        return text
    text = _NEWLINES.sub("\n", text)
    text = _DROPPED.sub("", _SPACES.sub(" ", _BULLETS.sub("•", text)))
    if wanted.ligatures:
        text = _SHAPES.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
    return unicodedata.normalize("NFC", _AM.sub(_one_sign, text)) if wanted.unicode else text


def _one_sign(match: re.Match[str]) -> str:
    return match[2] + ("\u0e33" if match[1] == "\u0e4d" else "\u0eb3")


def one_line(text: str, limit: int = 200) -> str:
    """Return text on one line, cut to `limit` characters with an ellipsis: for titles and messages."""
    line = " ".join(clean(text).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def counted(number: int, one: str, many: str = "") -> str:
    """Return "1 page", "2 pages", "12,000 rows": a number with its noun."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(numbers: Sequence[int], noun: str, most: int = 12) -> str:
    """Return "page 3", "pages 3 and 4", "pages 3, 7 to 9": numbers in order with their noun, runs drawn together."""
    starts = [n for before, n in pairwise([-1, *numbers]) if n != before + 1]
    ends = [n for n, after in pairwise([*numbers, -1]) if after != n + 1]
    parts = [
        part
        for a, b in zip(starts, ends, strict=True)
        for part in ([str(a)] if a == b else [str(a), str(b)] if b == a + 1 else [f"{a} to {b}"])
    ]
    if len(parts) > most:
        return f"{counted(len(numbers), noun)} ({', '.join(parts[:most])}, …)"
    words = parts[0] if len(parts) == 1 else ", ".join(parts) if " to " in "".join(parts) else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return f"{noun if len(numbers) == 1 else noun + 's'} {words}"
