"""A person's own labels: every way to write and to name them, the most exact one first, and what matches nothing said."""

from __future__ import annotations

import json

import pytest

from core import themes
from core.errors import UserError
from core.loaders import labelfile
from core.loaders.parsed import Label, ReadRequest
from core.loaders.sandbox import Limits
from core.project import Project
from core.recipe import ThemeSettings
from core.schema import Chunk, Document, File, FileState, Page, Theme
from core.themes import labels

WHOLE = [Label("a.txt", "bees", "animals"), Label("b.txt", "bread")]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.csv", "file,cluster,parent\na.txt,bees,animals\nb.txt,bread,\n"),
        ("x.csv", "a.txt,bees,animals\nb.txt,bread\n"),
        ("x.tsv", "a.txt\tbees\tanimals\nb.txt\tbread\t\n"),
        ("x.csv", "Domain;Id;Theme\nanimals;a.txt;bees\n;b.txt;bread\n"),
        ("x.csv", "\ufefffilename,domain,intent\na.txt,animals,bees\nb.txt,,bread\n,,\n"),
        ("x.json", json.dumps({"a.txt": ["bees", "animals"], "b.txt": "bread"})),
        ("x.json", json.dumps([["a.txt", "bees", "animals"], ["b.txt", "bread"]])),
        ("x.json", json.dumps([{"file": "a.txt", "label": "bees", "parent": "animals"}, {"File": "b.txt", "label": "bread"}])),
    ],
)
def test_labels_are_read_however_they_are_written(name: str, text: str) -> None:
    assert list(labelfile.read(text.encode(), ReadRequest(name=name)).labels) == WHOLE


@pytest.mark.parametrize(
    ("name", "data"), [("x.csv", b""), ("x.csv", b"only\none\n"), ("x.json", b"{"), ("x.json", b"[" * 99999), ("x.json", b"3")]
)
def test_a_file_without_labels_is_refused_in_words(name: str, data: bytes) -> None:
    with pytest.raises(UserError):
        labels.read(data, name)


def test_what_the_child_read_arrives_as_it_was_written() -> None:
    assert labels.read(b"a.txt,bees,animals\nb.txt,bread,\n", "x.csv") == WHOLE


def test_a_file_that_grows_beyond_the_memory_ends_its_child_alone() -> None:
    data = b"[" + b'{"a":1},' * 1_000_000 + b"1]"  # 8 MB that become 200
    with pytest.raises(UserError) as told:
        labels.read(data, "x.json", Limits(memory=160 << 20))
    assert "memory" in told.value.hint


@pytest.fixture
def filled(project: Project) -> Project:
    """Fill a project with a text of two passages, and a table of three rows, one of them with a title."""
    text = File("f", "guide.txt", "0" * 64, 1, "text", FileState.READ, added=1.0)
    project.replace_documents(text, [Document("d", "f", 0, "guide.txt", 1)], [Page("d", 1, 0, "x")])
    table = File("t", "faq.csv", "1" * 64, 1, "table", FileState.READ, added=2.0)
    rows = [Document(f"r{i}", "t", i, "Opening hours" if i == 3 else f"faq, row {i}", 1) for i in (1, 2, 3)]
    project.replace_documents(table, rows, [Page(row.id, 1, 0, "x") for row in rows])
    owners = {"c1": "d", "c2": "d", "p1": "r1", "p2": "r2", "p3": "r3"}
    project.replace_chunks([Chunk(c, d, i, f"Text {c}", 0, 0, 1, 1, 9) for i, (c, d) in enumerate(owners.items())], [])
    return project


def named(project: Project) -> dict[str, str]:
    names = project.theme_names()
    return {chunk.id: names[chunk.theme_id] for chunk in project.chunks() if chunk.theme_id}


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("guide.txt", ["c1", "c2"]),
        ("c2", ["c2"]),
        ("d", ["c1", "c2"]),
        ("faq.csv", ["p1", "p2", "p3"]),
        ("faq.csv:2", ["p2"]),
        ("faq.csv:002", ["p2"]),
        ("faq, row 2", ["p2"]),
        (" Opening  hours ", ["p3"]),
        ("faq.csv:9", []),
        ("GUIDE", []),
    ],
)
def test_a_label_names_a_file_a_document_a_row_or_a_passage(filled: Project, name: str, found: list[str]) -> None:
    taken = labels.take(filled, [Label(name, "X")])
    assert list(named(filled)) == found
    assert (taken.passages, taken.missed, list(taken.examples)) == (len(found), int(not found), [] if found else [name])


def test_the_most_exact_label_holds_whatever_the_order(filled: Project) -> None:
    labels.take(filled, [Label("p1", "one"), Label("faq.csv:2", "two"), Label("faq.csv", "all")])
    assert named(filled) == {"p1": "one", "p2": "two", "p3": "all"}


def test_labels_of_a_file_stay_when_passages_are_sorted_anew(filled: Project) -> None:
    labels.take(filled, [Label("guide.txt", "bees", "animals"), Label("faq.csv", "animals")])
    themes.retheme(filled, ThemeSettings(method="keywords", keywords={"Texts": ["text"]}))
    assert named(filled) == {"c1": "animals · bees", "c2": "animals · bees", "p1": "animals", "p2": "animals", "p3": "animals"}


def test_taking_the_same_file_twice_changes_nothing_and_a_renamed_theme_keeps_its_name(filled: Project) -> None:
    given = [Label("guide.txt", "bees", "animals"), Label("faq.csv", "bread")]
    labels.take(filled, given)
    before = filled.themes(), filled.chunks()
    labels.take(filled, given)
    assert (filled.themes(), filled.chunks()) == before
    filled.rename_theme(filled.chunk("p1").theme_id, "Bakery")
    labels.take(filled, given)
    assert named(filled)["p1"] == "Bakery"


def test_a_theme_that_is_there_takes_the_labels_of_its_name(filled: Project) -> None:
    made = filled.add_theme("bread")
    labels.take(filled, [Label("faq.csv", "bread")])
    assert [theme.id for theme in filled.themes()] == [made.id]


def test_of_many_names_that_match_nothing_the_first_are_said(filled: Project) -> None:
    taken = labels.take(filled, [Label(f"gone {i}", "X") for i in range(50)])
    assert (taken.missed, len(taken.examples), filled.themes()) == (50, labels.SHOWN, [])


def test_themes_found_in_the_text_that_lose_all_their_passages_go(filled: Project) -> None:
    filled.replace_themes([Theme("x", "Found", (), "discovered")], {"c1": "x"}, "discovered")
    labels.take(filled, [Label("guide.txt", "bees")])
    assert list(filled.theme_names().values()) == ["bees"]
