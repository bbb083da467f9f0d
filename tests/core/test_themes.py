from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from core import themes
from core.errors import UserError
from core.project import ChunkFilter, PairFilter, Project
from core.recipe import ThemeSettings
from core.schema import Chunk, Document, File, FileState, Page, Pair, Theme

TOPICS = {
    "bees": "The bee keeper opens the hive and looks for the queen bee among the honey combs.",
    "bread": "Knead the dough, let the yeast rise, and bake the bread in a hot oven with flour.",
    "ships": "The ship left the harbour with its sails set, and the crew dropped anchor off the coast.",
}


def chunks(copies: int = 8) -> list[Chunk]:
    return [
        Chunk(f"{topic}{i}", "d", i, f"{text} Note {i}.", 0, 0, 1, 1, 20) for i in range(copies) for topic, text in sorted(TOPICS.items())
    ]


def fill(project: Project, found: list[Chunk]) -> None:
    file = File("f", "f.txt", "0" * 64, 1, "text", FileState.READ)
    project.replace_documents(file, [Document("d", "f", 0, "d", 1)], [Page("d", 1, 0, "x")])
    project.replace_chunks(found, [])


def by_theme(project: Project) -> dict[str, set[str]]:
    """Return the topics of the chunks under each theme's name."""
    names = {theme.id: theme.name for theme in project.themes()} | {"": ""}
    found: dict[str, set[str]] = {}
    for chunk in project.chunks():
        found.setdefault(names[chunk.theme_id], set()).add(chunk.id.rstrip("0123456789"))
    return found


@pytest.mark.parametrize(
    ("text", "theme"),
    [
        ("SICK PAY is paid.", "Illness"),
        ("paid sick\npay", "Illness"),
        ("The payment was sickening.", None),
        ("holiday holiday illness", "Leave"),
        ("illness and holiday", "Illness"),
        ("员工的休假规定", "Leave"),
        ("C++ and .NET", "Code"),
        ("nothing", None),
    ],
)
def test_keywords_are_whole_words_and_the_theme_with_most_hits_wins(text: str, theme: str | None) -> None:
    wanted = {"Illness": ["sick pay", "illness"], "Leave": ["Holiday", "休假"], "Code": ["c++"], "Empty": []}
    settings = ThemeSettings(method="keywords", keywords=wanted)
    found, labels = themes.by_keywords([Chunk("c", "d", 0, text, 0, 0, 1, 1, 9)], settings)
    names = {t.id: t.name for t in found}
    assert list(names.values()) == list(wanted)
    assert names.get(labels.get("c", "")) == theme


def test_themes_are_found_in_the_text_and_named_by_what_sets_them_apart() -> None:
    found, labels = themes.discover(chunks(), ThemeSettings(count=3))
    groups = {theme: {c.rstrip("0123456789") for c, t in labels.items() if t == theme.id} for theme in found}
    assert sorted(map(sorted, groups.values())) == [["bees"], ["bread"], ["ships"]]
    for theme, (topic,) in groups.items():
        said = TOPICS[topic].lower()
        assert all(term.lower() in said for term in theme.name.split(", "))
        assert 2 <= len(theme.name.split(", ")) <= 3
        assert " the" not in f" {theme.name.lower()}"


@pytest.mark.parametrize(("number", "themes_found"), [(0, 0), (3, 0), (4, 2), (18, 3), (120, 8)])
def test_the_number_of_themes_follows_from_the_amount_of_text(number: int, themes_found: int) -> None:
    words = [f"{a}{b}" for a in ("mar", "tol", "ven", "sik", "dra", "pul") for b in ("bane", "cede", "dino", "fool")]
    texts = [" ".join(words[(i * 7 + k * 5) % 24] for k in range(6)) for i in range(number)]
    made = [Chunk(str(i), "d", i, text, 0, 0, 1, 1, 9) for i, text in enumerate(texts)]
    assert len(themes.discover(made, ThemeSettings())[0]) == themes_found


def test_texts_without_a_word_have_no_theme() -> None:
    signs = [Chunk(f"s{i}", "d", i, "12 — 34", 0, 0, 1, 1, 9) for i in range(5)]
    assert themes.discover(signs, ThemeSettings()) == ([], {})
    _, labels = themes.discover([*chunks(), *signs], ThemeSettings(count=3))
    assert not {"s0", "s4"} & set(labels)


def test_running_again_changes_nothing(project: Project) -> None:
    fill(project, chunks())
    themes.retheme(project, ThemeSettings(count=3))
    before = project.themes(), project.chunks()
    assert themes.retheme(project, ThemeSettings(count=3)) == 3
    assert (project.themes(), project.chunks()) == before


def test_a_label_given_by_hand_stays_when_themes_are_made_anew(project: Project) -> None:
    fill(project, chunks())
    themes.retheme(project, ThemeSettings(count=3))
    target = next(t for t in project.themes() if t.id != project.chunk("bees0").theme_id)
    themes.move(project, ["bees0"], target.id)
    themes.move(project, ["bees1"], "")
    for settings in (ThemeSettings(count=3), ThemeSettings(count=2), ThemeSettings(method="keywords", keywords={"Bees": ["bee"]})):
        themes.retheme(project, settings)
        assert (project.chunk("bees0").theme_id, project.chunk("bees1").theme_id) == (target.id, "")
        assert target.id in {t.id for t in project.themes()}
    assert by_theme(project)["Bees"] == {"bees"}


def test_a_theme_named_by_a_person_keeps_its_name_and_chunks(project: Project) -> None:
    fill(project, chunks())
    themes.retheme(project, ThemeSettings(count=3))
    project.rename_theme(project.chunk("bread0").theme_id, "My bakery")
    fill(project, [*project.chunks(), *[replace(c, id=f"{c.id}9") for c in chunks(2)]])
    themes.retheme(project, ThemeSettings(count=3))
    assert by_theme(project)["My bakery"] == {"bread"}
    assert project.chunk("bread19").theme_id == project.chunk("bread0").theme_id
    assert len(project.themes()) == 3


def test_a_renamed_keyword_theme_keeps_its_name(project: Project) -> None:
    fill(project, chunks())
    settings = ThemeSettings(method="keywords", keywords={"Bees": ["bee"], "Bread": ["bread"]})
    themes.retheme(project, settings)
    project.rename_theme(project.chunk("bees0").theme_id, "Apiary")
    themes.retheme(project, settings)
    assert by_theme(project) == {"Apiary": {"bees"}, "Bread": {"bread"}, "": {"ships"}}


def test_old_themes_that_nobody_named_go(project: Project) -> None:
    fill(project, chunks())
    themes.retheme(project, ThemeSettings(count=3))
    themes.retheme(project, ThemeSettings(method="keywords", keywords={"Bees": ["bee"]}))
    assert [t.name for t in project.themes()] == ["Bees"]


def test_a_chunk_cannot_be_moved_to_a_theme_that_is_gone(project: Project) -> None:
    fill(project, chunks())
    with pytest.raises(UserError, match="no longer there"):
        themes.move(project, ["bees0"], "gone")
    made: Theme = project.add_theme("New")
    themes.move(project, ["bees0"], made.id)
    assert project.chunk("bees0").theme_by == "person"
    assert project.add_theme("New") == made


def test_themes_of_health_answers_are_about_health(data: Path) -> None:
    lines = (data / "retrieval" / "medquad_nhlbi" / "corpus.jsonl").read_text().splitlines()
    found, labels = themes.discover(
        [Chunk(str(i), "d", i, json.loads(x)["text"], 0, 0, 1, 1, 9) for i, x in enumerate(lines)], ThemeSettings()
    )
    names = " ".join(theme.name.lower() for theme in found)
    assert len(found) == 15
    assert len(labels) == len(lines)
    assert sum(word in names for word in ("asthma", "sleep", "lung", "heart", "blood", "anemia", "bleeding")) >= 5


def grouped(project: Project) -> None:
    """Give a project three documents with a group, two of them of one domain."""
    file = File("f", "f.csv", "0" * 64, 1, "table", FileState.READ)
    told = {"bees": ("animals", "insects"), "bread": ("", "baking"), "ships": ("", "")}
    found = [Document(topic, "f", i, topic, 1, group=group, domain=domain) for i, (topic, (domain, group)) in enumerate(told.items())]
    project.replace_documents(file, found, [Page(topic, 1, 0, "x") for topic in told])
    project.replace_chunks([Chunk(topic, topic, 0, text, 0, 0, 1, 1, 20) for topic, text in TOPICS.items()], [])
    themes.retheme(project, ThemeSettings(method="given"))


def test_a_column_gives_themes_nested_by_its_domain(project: Project) -> None:
    grouped(project)
    assert by_theme(project) == {"insects": {"bees"}, "baking": {"bread"}, "": {"ships"}}
    known = {theme.id: theme for theme in project.themes()}
    assert {theme.name: known[theme.parent].name for theme in known.values() if theme.parent} == {"insects": "animals"}


def test_themes_without_a_column_are_refused_in_words(project: Project) -> None:
    fill(project, chunks())
    with pytest.raises(UserError, match="No document has a group"):
        themes.retheme(project, ThemeSettings(method="given"))


def test_merged_themes_stay_merged(project: Project) -> None:
    grouped(project)
    ids = {theme.name: theme.id for theme in project.themes()}
    themes.merge(project, [ids["baking"]], ids["insects"])
    themes.retheme(project, ThemeSettings(method="given"))
    assert by_theme(project) == {"insects": {"bees", "bread"}, "": {"ships"}}
    assert "baking" not in {theme.name for theme in project.themes()}


def test_themes_are_nested_one_level(project: Project) -> None:
    grouped(project)
    ids = {theme.name: theme.id for theme in project.themes()}
    with pytest.raises(UserError, match="one level"):
        themes.nest(project, ids["baking"], ids["insects"])
    themes.nest(project, ids["baking"], ids["animals"])
    themes.merge(project, [ids["animals"]], ids["insects"])
    assert {theme.name: theme.parent for theme in project.themes()} == {"insects": "", "baking": ids["insects"]}


def test_a_deleted_theme_leaves_its_passages(project: Project) -> None:
    grouped(project)
    project.delete_theme(next(theme.id for theme in project.themes() if theme.name == "insects"))
    assert by_theme(project) == {"baking": {"bread"}, "": {"bees", "ships"}}


@pytest.mark.parametrize("name", ["insects", "animals", "baking"])
def test_a_columns_theme_that_was_deleted_stays_deleted_until_passages_are_sorted_in_another_way(project: Project, name: str) -> None:
    grouped(project)
    before = by_theme(project)
    project.delete_theme(next(theme.id for theme in project.themes() if theme.name == name))
    left = by_theme(project)
    for _ in range(2):
        themes.retheme(project, ThemeSettings(method="given"))
        assert name not in {theme.name for theme in project.themes()}
        assert by_theme(project) == left
    themes.retheme(project, ThemeSettings(method="keywords", keywords={"Sea": ["ship"]}))
    themes.retheme(project, ThemeSettings(method="given"))
    assert by_theme(project) == before


def test_a_split_theme_has_parts_that_stay(project: Project) -> None:
    fill(project, chunks())
    one = project.add_theme("All")
    themes.move(project, [chunk.id for chunk in project.chunks()], one.id)
    parts = themes.split(project, one.id, 3)
    themes.retheme(project, ThemeSettings(method="keywords", keywords={"Sea": ["ship"]}))
    found = by_theme(project)
    assert sorted(map(sorted, found.values())) == [["bees"], ["bread"], ["ships"]]
    assert {theme.parent for theme in project.themes() if theme.id in {part.id for part in parts}} == {one.id}


def test_a_theme_of_few_passages_is_not_split(project: Project) -> None:
    grouped(project)
    with pytest.raises(UserError, match="too few passages"):
        themes.split(project, next(theme.id for theme in project.themes() if theme.name == "insects"))


def test_a_part_is_shown_after_the_theme_it_belongs_to_and_counted_under_that_name(project: Project) -> None:
    grouped(project)
    assert list(project.theme_names().values()) == ["animals", "animals · insects", "baking"]
    assert project.theme_table() == [("Unclassified", "f.csv", 1), ("animals · insects", "f.csv", 1), ("baking", "f.csv", 1)]
    assert project.theme_table(top=True)[1:] == [("animals", "f.csv", 1), ("baking", "f.csv", 1)]
    assert project.coverage() == [("", 1, 0), ("animals · insects", 1, 0), ("baking", 1, 0)]
    assert [place.theme for place in project.places(["bees", "ships"], 9)] == ["animals · insects", ""]


@pytest.mark.parametrize(("theme", "found"), [("animals", ["bees"]), ("insects", ["bees"]), ("baking", ["bread"]), ("", ["ships"])])
def test_a_filter_by_a_theme_takes_its_parts_too(project: Project, theme: str, found: list[str]) -> None:
    grouped(project)
    theme_id = next((one.id for one in project.themes() if one.name == theme), "")
    assert [chunk.id for chunk in project.chunks(ChunkFilter(theme_id=theme_id))] == found
    pairs = [Pair(f"q{id}", f"What of {id}?", id, 0, 1, (id,), "sentence") for id in TOPICS]
    project.add_pairs(pairs)
    assert [pair.document_id for pair in project.pairs(PairFilter(theme_id=theme_id))] == found


def test_what_a_theme_was_parted_from_stays_when_themes_are_found_anew(project: Project) -> None:
    fill(project, chunks())
    themes.retheme(project, ThemeSettings(count=2))
    whole = max(project.themes(), key=lambda theme: project.count_chunks(ChunkFilter(theme_id=theme.id)))
    themes.split(project, whole.id)
    themes.retheme(project, ThemeSettings(method="keywords", keywords={"Sea": ["ship"]}))
    assert [theme.parent for theme in project.themes()].count(whole.id) == 2
    assert whole.id in {theme.id for theme in project.themes()}
