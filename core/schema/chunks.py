"""What documents are cut into: chunks, their themes, and passages as training and evaluation see them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Chunk:
    """A passage: `text` is its document's text[start:end]; `tokens` counts the base model's, special ones included.

    The id is made of document, text and occurrence, so an edit elsewhere in the document leaves it as it was.
    """

    id: str
    document_id: str
    position: int
    text: str
    start: int
    end: int
    page: int
    page_end: int
    tokens: int
    heading: str = ""
    theme_id: str = ""  # "" is "Unclassified"
    theme_by: str = ""  # "keywords", "discovered", "given" or "person"


@dataclass(frozen=True)
class Theme:
    """A label for chunks: named by the person with `keywords`, or discovered with the terms that set it apart."""

    id: str
    name: str
    keywords: tuple[str, ...] = ()
    origin: str = "keywords"  # "keywords", "discovered", "given" (with the documents) or "person"
    parent: str = ""  # the theme that this one is a part of; themes are nested one level


@dataclass(frozen=True)
class Passage:
    """A chunk as training and evaluation see it."""

    id: str
    text: str
    title: str = ""
    page: int = 0
    theme: str = ""
