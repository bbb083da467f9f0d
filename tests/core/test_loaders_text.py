"""Text and Markdown, what kind a file is, and how text is cleaned."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies

from core.loaders import LOADERS
from core.loaders.child import read
from core.loaders.cleaning import clean, one_line
from core.loaders.parsed import Parsed, ParsedDocument, ParsedPage, ReadRequest
from core.loaders.text import _pages
from core.schema import FileState, TableReading


def pages(data: bytes, name: str = "a.txt") -> list[str]:
    return [page.text for page in read(data, ReadRequest(name)).documents[0].pages]


def test_a_text_is_one_document() -> None:
    parsed = read(b"# The rules\n\nFirst of all.\n", ReadRequest("in/rules.md"))
    assert (parsed.state, parsed.kind, len(parsed.documents)) == (FileState.READ, "text", 1)
    assert parsed.documents[0].title == "The rules"
    assert read(b"No heading.", ReadRequest("in/rules.md")).documents[0].title == "rules"


def test_form_feeds_part_pages() -> None:
    assert pages(b"one\fnumber two\n\fthree\n") == ["one", "number two", "three"]


def test_long_text_is_cut_at_paragraphs_and_none_of_it_is_lost() -> None:
    text = "\n\n".join(f"Paragraph {i} " + "word " * 60 for i in range(60))
    cut = pages(text.encode())
    assert "\n".join(cut) == text
    assert all(1000 < len(page) <= 3000 for page in cut[:-1])
    assert all(page.startswith(("Paragraph", "\nParagraph")) for page in cut)


@given(strategies.lists(strategies.text(max_size=400), max_size=60))
def test_pages_joined_are_the_text_again(paragraphs: list[str]) -> None:
    text = "\n\n".join(paragraphs).replace("\f", "")
    cleaned = clean(text).strip("\n")
    assert "\n".join(_pages(cleaned)) == cleaned


def test_text_without_a_newline_stays_whole() -> None:
    assert pages(b"word " * 5000) == ["word " * 5000]


@pytest.mark.parametrize(
    ("raw", "stored"),
    [
        ("nul\x00 and bell\x07", "nul and bell"),
        ("oﬃce ﬁle ﬂoor", "office file floor"),
        ("Zu\u0308rich", "Zürich"),
        ("one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour"),
        ("a\u00a0b\u2003c", "a b c"),
        ("right\u202eleft", "rightleft"),
        ("soft\u00adhyphen", "softhyphen"),
        ("x² stays", "x² stays"),
        ("ﻣﺮﺣﺒﺎ", "مرحبا"),
        ("half\ud800", "half"),
        ("\uf0b7 item", "• item"),
        ("می\u200cشود", "می\u200cشود"),
    ],
)
def test_text_is_cleaned(raw: str, stored: str) -> None:
    assert clean(raw) == stored


def test_one_line_is_cut_with_an_ellipsis() -> None:
    assert one_line("a\nb  c") == "a b c"
    assert one_line("abcdef", 4) == "abc…"


@pytest.mark.parametrize("data", [b"", b"  \n\t ", b"\xef\xbb\xbf", b"\xff\xfe", bytes(100)])
@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.bin"])
def test_nothing_in_a_file_is_empty(data: bytes, name: str) -> None:
    assert read(data, ReadRequest(name)).state is FileState.EMPTY


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"PK\x03\x04" + bytes(90), "Word"),
        (b"\x89PNG\r\n" + bytes(90), "picture"),
        (bytes(range(256)) * 9, "neither"),
        (b"\x1f\x8b" + bytes(90), "gzip"),
    ],
)
def test_what_is_no_text_says_what_to_do(data: bytes, word: str) -> None:
    parsed = read(data, ReadRequest("report.csv"))
    assert parsed.state is FileState.NOT_TEXT
    assert word in parsed.detail
    assert parsed.detail.endswith(("that.", "result.", "inside."))


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.csv", b"text\nwords here\n", "table"),
        ("a", b"id\ttext\tx\n" + b"1\tsome words\ty\n" * 9, "table"),
        ("a.txt", b"Dear all,\nwe meet, as ever, at noon,\nand talk.\nYours\n", "text"),
        ("poem.txt", b"Roses are red, they say,\nviolets are blue, they say,\n" * 9, "text"),
        ("a.md", b"a,b,c\n" * 20, "text"),
        ("a.html", b"<p>One, two, three</p>\n" * 9, "text"),
        ("no ending", b"Just a note.", "text"),
    ],
)
def test_the_kind_follows_from_the_content(name: str, data: bytes, kind: str) -> None:
    assert read(data, ReadRequest(name)).kind == kind


def test_each_kind_can_be_loaded() -> None:
    assert list(LOADERS) == ["pdf", "table", "text"]
    assert all(callable(choice.load()) for choice in LOADERS.values())


def test_what_was_read_survives_the_border() -> None:
    document = ParsedDocument("k", (ParsedPage(1, "tëxt", "7"), ParsedPage(2, "")), title="t", questions=("q?",), fields={"a": "b"})
    parsed = Parsed(FileState.READ, "Fine.", "table", 2, TableReading("utf-8", ",", {"a": "text"}), ({"a": "x"},), (document,))
    assert Parsed.from_json(parsed.to_json()) == parsed


def test_a_password_is_not_shown_with_its_request() -> None:
    assert "sesame" not in repr(ReadRequest("a.pdf", password="sesame"))
