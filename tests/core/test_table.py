from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import pytest

from core import pairs as making
from core import split
from core.generators import Material, table
from core.ingest import reading
from core.loaders import table as loader
from core.loaders.parsed import ReadRequest
from core.project import PairFilter, Project
from core.recipe import PairSettings, Recipe, TableSettings
from core.schema import Chunk, Document, File, FileState, Page, Pair, PairState, TrainPair
from core.split.cells import narrowed

SHOP = """name,colour,material,kind,house
Mast,brown,pine wood,rig,ship
Sail,white,heavy linen,rig,ship
Anchor,black,forged iron,ground,ship
Chain,grey,forged steel,ground,ship
Kettle,red,beaten copper,kitchen,home
Spoon,silver,polished steel,kitchen,home
Pillow,blue,soft cotton,bedroom,home
Blanket,green,thick wool,bedroom,home
"""
FILE = File("f", "shop.csv", "0" * 64, 1, "table", FileState.READ)
ROLES = {"anchor": "name", "attribute": "colour,material", "group": "kind", "domain": "house"}


def read(text: str, columns: dict[str, str]) -> tuple[list[Document], list[Chunk]]:
    """Read a table here, and take each row as one passage."""
    parsed = loader.read(text.encode(), ReadRequest("shop.csv", columns=columns))
    documents = [reading._document(FILE, i, found) for i, found in enumerate(parsed.documents)]
    texts = [found.pages[0].text for found in parsed.documents]
    return documents, [Chunk(f"c{d.id}", d.id, 0, t, 0, len(t), 1, 1, 20) for d, t in zip(documents, texts, strict=True)]


def shop(project: Project, text: str = SHOP, columns: dict[str, str] = ROLES) -> Project:
    documents, chunks = read(text, columns)
    project.replace_documents(FILE, documents, [Page(c.document_id, 1, 0, c.text) for c in chunks])
    project.replace_chunks(chunks, [])
    return project


def rows_of(text: str = SHOP, columns: dict[str, str] = ROLES) -> Material:
    documents, chunks = read(text, columns)
    return Material({document.id: document for document in documents}, chunks, {})


def made(given: Material, way: str, **settings: object) -> list[Pair]:
    return list(table.generate(given, PairSettings(table=TableSettings.model_validate({"way": way, **settings}))))


def titled(given: Material) -> dict[str, dict[str, str]]:
    """Return what each passage is of: the anchor, category and domain of its row."""
    return {
        chunk.id: {"anchor": document.anchors[0], "category": document.group, "domain": document.domain, "text": chunk.text}
        for chunk in given.chunks
        for document in [given.documents[chunk.document_id]]
    }


def test_a_row_is_one_text_of_all_its_columns_and_its_anchor_nobodys_question(project: Project) -> None:
    documents = shop(project).documents()
    assert next(chunk.text for chunk in project.chunks()) == "colour: brown, material: pine wood"
    assert [d.anchors for d in documents][:2] == [("Mast",), ("Sail",)]
    assert not any(d.questions for d in documents)
    assert documents[0].domain == "ship"


def test_fused_gives_one_row_an_anchor_with_wrong_answers_of_its_domain_and_another_category() -> None:
    given = rows_of()
    rows = titled(given)
    pairs = made(given, "fused")
    assert [pair.query for pair in pairs] == [row["anchor"] for row in rows.values()]
    for pair in pairs:
        own = rows[pair.positives[0]]
        wrong = [rows[key] for key in pair.negatives]
        assert own["anchor"] == pair.query
        assert len(wrong) == 2, "the two rows of the domain's other category"
        assert all(row["domain"] == own["domain"] and row["category"] != own["category"] for row in wrong)
        assert pair.group == own["domain"]


def test_fused_takes_the_wrong_answers_that_are_most_alike_by_words() -> None:
    text = "name,what,kind\n" + "\n".join(
        ["blue cup,for hot tea,a", "blue cap,a blue cap for the head,b", *(f"thing {i},nothing like it {i},c" for i in range(20))]
    )
    given = rows_of(text, {"anchor": "name", "attribute": "what", "group": "kind"})
    cup = next(pair for pair in made(given, "fused", negatives=1) if pair.query == "blue cup")
    assert titled(given)[cup.negatives[0]]["anchor"] == "blue cap"


@pytest.mark.parametrize("way", ["basic", "domain"])
def test_each_column_by_itself_has_one_wrong_answer_of_another_category(way: str) -> None:
    given = rows_of()
    rows = titled(given)
    pairs = made(given, way)
    assert Counter(pair.category for pair in pairs) == {"colour": 8, "material": 8}
    domains = set()
    for pair in pairs:
        own, (wrong,) = rows[pair.positives[0]], (rows[key] for key in pair.negatives)
        assert wrong["category"] != own["category"]
        domains.add(wrong["domain"] == own["domain"])
    assert domains == ({True} if way == "domain" else {True, False})


def test_a_column_of_numbers_is_no_answer_by_itself() -> None:
    given = rows_of("name,what,price\nMast,pine wood,299\nSail,heavy linen,$12.50\n", {"anchor": "name", "attribute": "what,price"})
    assert {pair.category for pair in made(given, "basic")} == {"what"}
    assert "price: 299" in given.chunks[0].text


def test_rows_of_one_name_are_never_each_others_wrong_answer() -> None:
    text = "name,colour\nMast,brown\nMAST,black\nSail,white\n"
    given = rows_of(text, {"anchor": "name", "attribute": "colour"})
    rows = titled(given)
    for pair in [*made(given, "fused"), *made(given, "basic")]:
        assert all(rows[key]["anchor"].lower() != pair.query.lower() for key in pair.negatives)


def test_a_pair_of_one_column_is_learned_from_the_cells_and_judged_by_the_passage(project: Project) -> None:
    text = "name,colour,material,kind\n" + "".join(f"thing{i},colour{i} of thing,stuff{i} and more,k{i % 3}\n" for i in range(60))
    shop(project, text, {"anchor": "name", "attribute": "colour,material", "group": "kind"})
    making.make(project, PairSettings(generators=(), table=TableSettings(way="basic")))
    data = split.dataset(project, Recipe())
    assert {row.positive for row in data.train} <= {f"colour{i} of thing" for i in range(60)} | {f"stuff{i} and more" for i in range(60)}
    texts = {passage.id: passage.text for passage in data.passages}
    assert all("colour: " in texts[question.relevant[0]] for question in data.test)


@pytest.mark.parametrize(("way", "domains"), [("domain", {"ship", "home"}), ("basic", {""}), ("fused", {""})])
def test_training_keeps_apart_only_what_was_made_by_domain(project: Project, way: str, domains: set[str]) -> None:
    rows = "".join(f"thing{i},colour{i} of thing,k{i % 6},{'ship' if i % 2 else 'home'}\n" for i in range(80))
    shop(project, f"name,colour,kind,house\n{rows}", {"anchor": "name", "attribute": "colour", "group": "kind", "domain": "house"})
    making.make(project, PairSettings.model_validate({"generators": (), "table": {"way": way}}))
    assert {row.group for row in split.dataset(project, Recipe()).train} == domains


def test_a_year_that_came_with_an_imported_pair_keeps_nothing_apart() -> None:
    assert table.apart(Pair("p", "Mast", "d", 0, 1, ("c",), "imported", group="1999")) == ""


def test_the_cells_follow_their_columns_in_the_wrong_answers_too() -> None:
    given = rows_of()
    chunks = {chunk.id: chunk for chunk in given.chunks}
    for pair in made(given, "basic"):
        right, wrong = chunks[pair.positives[0]], chunks[pair.negatives[0]]
        row = TrainPair(pair.id, right.id, pair.query, right.text, "table", negatives=(wrong.text,))
        (read,) = narrowed([row], pair, chunks, given.documents)
        assert f"{pair.category}: {read.positive}" in right.text
        assert f"{pair.category}: {read.negatives[0]}" in wrong.text
    whole = replace(pair, start=right.start, end=right.end)
    assert narrowed([row], whole, chunks, given.documents) == [row]


def test_anchors_are_always_made_pairs_of_and_count_as_practice(project: Project) -> None:
    report = making.make(shop(project), PairSettings(generators=()))
    assert report.by_generator == {"table": 8}
    assert not any(pair.people for pair in project.pairs())


def test_two_columns_of_a_row_are_no_duplicates(project: Project) -> None:
    making.make(shop(project), PairSettings(generators=(), table=TableSettings(way="basic")))
    assert project.count_pairs(PairFilter(state=PairState.KEPT)) == 16


def test_an_intent_is_found_by_its_utterances_and_told_from_others_of_its_domain(data: Path) -> None:
    lines = (data / "csv" / "clinc150.csv").read_text("utf-8").splitlines(keepends=True)
    header = lines[0].strip().split(",")
    text = "".join([lines[0], *lines[1::25]])
    roles = {"anchor": next(n for n in header if "text" in n or "utter" in n), "attribute": "intent", "domain": "domain"}
    given = rows_of(text, roles)
    pairs = made(given, "fused")
    rows = titled(given)
    assert len(given.chunks) < len(pairs)
    wrong = defaultdict(set)
    for pair in pairs:
        for key in pair.negatives:
            wrong[pair.group].add(rows[key]["domain"])
    assert all(domains <= {group} for group, domains in wrong.items())
