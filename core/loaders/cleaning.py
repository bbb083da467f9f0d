"""Text as it is stored: no control characters, one form of each letter, plain spaces and newlines."""

from __future__ import annotations

import re
import unicodedata

_NEWLINES = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_BULLETS = re.compile("[\uf0b7\uf0a7]")  # Word's bullets in the Symbol and Wingdings fonts
# Control and private-use characters, lone surrogates, marks of direction, invisible ones. The joiners U+200C and U+200D stay:
# Persian, Indic scripts and emoji are spelled with them.
_DROPPED = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ud800-\udfff\ue000-\uf8ff\ufeff"
    "\ufff9-\ufffb\ufffe\uffff\U000f0000-\U0010ffff]"
)
# Ligatures and the shapes of Hebrew and Arabic letters, which nobody types into a search box. NFKC of everything would go too
# far: it turns x² into x2.
_SHAPES = re.compile("[\ufb00-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc]+")


def clean(text: str) -> str:
    """Return text with newlines as \\n, spaces plain, ligatures spelled out, in NFC, and without control characters."""
    if text.isascii() and text.isprintable():
        return text
    text = _NEWLINES.sub("\n", text)
    text = _SPACES.sub(" ", _BULLETS.sub("•", text))
    text = _SHAPES.sub(lambda match: unicodedata.normalize("NFKC", match[0]), _DROPPED.sub("", text))
    return unicodedata.normalize("NFC", text)


def one_line(text: str, limit: int = 200) -> str:
    """Return text on one line, cut to `limit` characters with an ellipsis: for titles and messages."""
    line = " ".join(clean(text).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def counted(number: int, one: str, many: str = "") -> str:
    """Return "1 page", "2 pages", "12,000 rows": a number with its noun."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
