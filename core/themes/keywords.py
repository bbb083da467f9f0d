"""Themes by the person's own keywords."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

from core.digest import short
from core.recipe import ThemeSettings
from core.schema import Chunk, Theme
from core.text import SIGN


def by_keywords(chunks: Sequence[Chunk], settings: ThemeSettings) -> tuple[list[Theme], dict[str, str]]:
    """Label chunks by the person's keywords: the theme with most hits, of equals the first; no hit, no label.

    Keywords are whole words or phrases whatever their case; in scripts without blanks any occurrence counts.
    """
    themes = [
        Theme(short("keywords", name), name, tuple(dict.fromkeys(word.strip() for word in words if word.strip())), "keywords")
        for name, words in settings.keywords.items()
    ]
    labels = {}
    for chunk in chunks:
        text = _plain(chunk.text)
        hits = [sum(len(_pattern(word).findall(text)) for word in theme.keywords) for theme in themes]
        if any(hits):
            labels[chunk.id] = themes[hits.index(max(hits))].id
    return themes, labels


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


@cache
def _pattern(keyword: str) -> re.Pattern[str]:
    words = _plain(keyword).split()
    body = r"\s+".join(map(re.escape, words))
    left = "" if SIGN.match(words[0]) else r"(?<!\w)"
    right = "" if SIGN.match(words[-1][-1]) else r"(?!\w)"
    return re.compile(left + body + right)
