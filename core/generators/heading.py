"""A heading against the passage below it.

What it does: the heading, without its number, is the query; the chunks of its section, up to three, are the positives
    (of a longer section only the first). Where the heading stands in its chunk, that is read without it.
Needs: documents with headings that say what follows. “Introduction”, “Annex 2” and the like are skipped.
Choose it when: manuals, policies and handbooks are well structured. `sentence` is the neighbour that works for any text.
Source: pairs of title and body, a large part of what all-MiniLM-L6-v2 itself was trained on (S2ORC titles and abstracts).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from core.digest import short
from core.generators.material import Material
from core.recipe import PairSettings
from core.schema import Chunk, Pair
from core.text import normalise

MOST_POSITIVES = 3
_NUMBER = re.compile(
    r"(?i:chapter|section|part|article|annex|appendix|kapitel|abschnitt|teil|anhang|chapitre|partie|annexe)\s+[\dA-Z][\d.]*\b[.):]?(?:\s*[-–—:])?\s*"
    r"|\d{1,3}(?:\.\d{1,3})*[.):]?\s+|[A-Z](?:(?:\.\d{1,3})+[.):]?|[.):])\s+|[IVXLC]{1,6}[.)]\s+"
    r"|第[一二三四五六七八九十百千零〇\d]+[章节節条條部编編]\s*|[一二三四五六七八九十]+、\s*"
)
LEAST_LETTERS = 4  # two in scripts whose words are a sign or two
_GENERIC = """
about this document, about this guide, abbreviations, abstract, acknowledgements, acknowledgments, annex, appendix, background, basics,
bibliography, conclusion, conclusions, contact, contact us, contents, copyright, copyright information, definitions, details, discussion,
disclaimer, endnotes, example, examples, executive summary, faq, figures, footnotes, foreword, further information, further reading, general,
glossary, how to use this document, important, index, introduction, legal disclaimer, legal notice, list of figures, list of tables,
methods, miscellaneous, more information, next steps, note, notes, objective, objectives, other, outline, overview, preface, purpose, questions,
recommendations, references, related documents, results, revision history, scope, see also, sources, summary, table of contents, tables,
terms, title, version history, what is in it, inhalt, inhaltsverzeichnis, einleitung, zusammenfassung, anhang, literatur, überblick, vorwort,
résumé, sommaire, conclusion, annexe, références, introducción, resumen, índice, 引言, 前言, 目录, 附录, 总则, 概述, 结论, 参考文献
"""
GENERIC = frozenset(normalise(name) for name in _GENERIC.split(","))


def generate(material: Material, settings: PairSettings) -> Iterator[Pair]:
    """Yield one pair a section; its length in chunks decides how many positives it has."""
    for chunks in material.by_document.values():
        for heading, section in groupby(chunks, key=lambda chunk: chunk.heading):
            query = query_of(heading)
            if query:
                yield _pair(query, heading, list(section))


def query_of(heading: str) -> str:
    """Return a heading as a query, or "" where it says nothing about what follows."""
    flat = " ".join(heading.split())
    number = _NUMBER.match(flat)
    query = flat[number.end() :] if number else flat
    letters = sum(sign.isalpha() + (not sign.isascii()) for sign in query)
    return "" if letters < LEAST_LETTERS or normalise(query) in GENERIC else query


def _pair(query: str, heading: str, section: Sequence[Chunk]) -> Pair:
    first = section[0]
    positives = section if len(section) <= MOST_POSITIVES else section[:1]
    start, end = first.start, positives[-1].end
    at = _line(first.text, heading)
    span = (first.start + at[0], first.start + at[1]) if at else (-1, -1)
    key = short("heading", query, first.document_id, start, end)
    ids = tuple(chunk.id for chunk in positives)
    return Pair(key, query, first.document_id, start, end, ids, "heading", query_start=span[0], query_end=span[1])


def _line(text: str, heading: str) -> tuple[int, int] | None:
    """Return where the heading's line stands in the text, its number and marks included."""
    found = re.search(r"^[ \t#]*" + r"\s+".join(map(re.escape, heading.split())) + r"[ \t#]*$", text, re.MULTILINE)
    return found.span() if found else None
