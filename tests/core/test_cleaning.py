"""Cleaning: each switch does one thing, its effect can be seen before, and turning it loses no pair."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import chunk, ingest
from core.loaders.child import read
from core.loaders.cleaning import ALL, Cleaning
from core.loaders.markup import text_of
from core.loaders.parsed import CleanSample, Parsed, ReadRequest
from core.project import Project
from core.recipe import BASE_MODEL, CleanSettings, Recipe
from core.schema import FileState, Pair, PairState
from tests.core.making import pdf

SHOP = (
    b"title,body\n"
    b"Kettle,<p>Boils a litre of water in two minutes &amp; keeps it <b>warm</b> for an hour.</p>\n"
    b"Lamp,<ul><li>Stands on any desk</li><li>Needs no bulb</li></ul>\n"
)


def texts(parsed: Parsed) -> list[str]:
    return [page.text for document in parsed.documents for page in document.pages]


def cleaned(data: bytes, name: str, wanted: Cleaning = ALL) -> list[str]:
    return texts(read(data, ReadRequest(name, clean=wanted)))


def sample(data: bytes, name: str, switch: str) -> CleanSample:
    return next(found for found in read(data, ReadRequest(name, compare=True)).samples if found.switch == switch)


def test_the_recipe_has_the_switches_that_the_loaders_have() -> None:
    assert CleanSettings().model_dump() == vars(ALL)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<ul><li>a<li>b</ul>", "• a\n• b"),
        ("<table><tr><td>Size<td>XL</tr><tr><td>Cut<td>slim</table>", "Size XL\nCut slim"),
        ("Fish &amp; chips &lt;hot&gt;", "Fish & chips <hot>"),
        ("x < y and y > z", "x < y and y > z"),
        ("Write to <name@example.org>", "Write to <name@example.org>"),
        ("List<String> of <b>things</b>", "List<String> of things"),
        ("a <b>bold</b> word\nand a line", "a bold word\nand a line"),
        ("<style>p { color: red }</style><p>Seen</p><script>alert(1)</script>", "Seen"),
        ("<p>never closed <a href='x'>link", "never closed link"),
        ("<p>AT&T</p>", "AT&T"),
        ("<!-- note --><p>Text</p>", "Text"),
        ("no markup & no tags", "no markup & no tags"),
    ],
)
def test_html_becomes_the_text_that_a_reader_sees(source: str, text: str) -> None:
    assert text_of(source) == text


@given(st.text("<>/!-[]&;#abp \n\"'=", max_size=80))
def test_no_markup_breaks_the_reading(source: str) -> None:
    assert isinstance(text_of(source), str)


@pytest.mark.parametrize(
    ("switch", "data", "name", "with_it", "without"),
    [
        ("html", SHOP, "shop.csv", "keeps it warm for", "keeps it <b>warm</b> for"),
        ("unicode", "Cafe\u0301 au lait".encode(), "a.txt", "Café", "Cafe\u0301"),
        ("unicode", "จ\u0e4d\u0e32นวน".encode(), "a.txt", "จ\u0e33นวน", "จ\u0e4d\u0e32นวน"),
        ("ligatures", "An eﬃcient oﬃce".encode(), "a.txt", "efficient office", "eﬃcient"),
        ("ligatures", "⾸都︑⼈々".encode(), "a.txt", "首都、人々", "⾸都"),
        ("hyphens", b"The infor-\nmation was lost.", "a.txt", "information", "infor-\nmation"),
        ("hyphens", pdf([["The infor-", "mation was lost."]]), "a.pdf", "information", "infor-\nmation"),
        ("boilerplate", pdf([["The Report", f"All about {word}."] for word in ("ants", "bees", "cats")]), "a.pdf", "bees", "The Report"),
        ("boilerplate", "\f".join(f"The Report\nAll about {w}." for w in ("ants", "bees", "cats")).encode(), "a.txt", "bees", "The Report"),
        ("html", b"<!doctype html><html><head><title>T</title></head><body><p>Seen</p></body></html>", "a.txt", "Seen", "<p>Seen"),
    ],
)  # fmt: skip
def test_each_switch_does_what_it_says_and_nothing_when_off(switch: str, data: bytes, name: str, with_it: str, without: str) -> None:
    on, off = cleaned(data, name), cleaned(data, name, replace(ALL, **{switch: False}))
    assert with_it in "\n".join(on)
    assert without in "\n".join(off)
    assert without not in "\n".join(on)


def test_what_a_switch_changes_is_shown_before_and_after() -> None:
    found = sample(SHOP, "shop.csv", "html")
    assert found.changed == 2
    assert "<b>warm</b>" in found.before[0]
    assert "warm" in found.after[0]
    assert "<" not in found.after[0]
    assert sample(SHOP, "shop.csv", "boilerplate") == CleanSample("boilerplate")


def test_samples_have_the_same_sides_when_the_switch_is_off() -> None:
    request = ReadRequest("shop.csv", compare=True, clean=replace(ALL, html=False))
    assert next(found for found in read(SHOP, request).samples if found.switch == "html") == sample(SHOP, "shop.csv", "html")


def test_the_rows_of_a_table_keep_their_ids_however_they_are_cleaned() -> None:
    keys = {
        tuple(d.key for d in read(SHOP, ReadRequest("s.csv", clean=replace(ALL, **{f.name: False}))).documents) for f in fields(Cleaning)
    }
    assert len(keys) == 1


def test_files_cleaned_otherwise_are_outdated_until_they_are_read_again(project: Project) -> None:
    ingest.ingest(project, [("shop.csv", SHOP)])
    assert ingest.outdated(project) == []
    project.save_recipe(clean=CleanSettings(html=False))
    assert [file.name for file in ingest.outdated(project)] == ["shop.csv"]
    assert ingest.refresh(project) == []
    assert ingest.outdated(project) == []
    assert "<b>warm</b>" in project.text(project.documents()[0].id)


def test_a_locked_file_keeps_its_text_when_the_settings_change(project: Project) -> None:
    ingest.add(project, "a.pdf", pdf([["A secret line."]], password="sesame"), password="sesame")
    project.save_recipe(clean=CleanSettings(hyphens=False))
    assert [file.name for file in ingest.refresh(project)] == ["a.pdf"]
    assert project.files()[0].state is FileState.READ
    assert project.text(project.documents()[0].id) == "A secret line."


def test_pairs_find_their_passages_again_after_other_cleaning(project: Project) -> None:
    ingest.ingest(project, [("shop.csv", SHOP)])
    settings = Recipe().chunk.model_copy(update={"size": 64, "overlap": 0})
    chunk.rechunk(project, settings, BASE_MODEL)
    kettle = project.chunks()[0]
    pair = Pair("p", "How fast does it boil?", kettle.document_id, kettle.start, kettle.end, (kettle.id,), "typed", people=True, made=1.0)
    project.add_pairs([pair])
    project.save_recipe(clean=CleanSettings(html=False))
    ingest.refresh(project)
    report = chunk.rechunk(project, settings, BASE_MODEL)
    assert report.pairs_lost == 0
    after = project.pairs()[0]
    assert after.state is PairState.KEPT
    assert "<b>warm</b>" in next(c.text for c in project.chunks() if c.id == after.positives[0])
