"""Pairs from files: every layout and form, attached to the passages that are there; a second time changes nothing."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import export, imports, ingest, pipeline, runs, split, text
from core import project as projects
from core.chunk import rechunk
from core.errors import UserError
from core.project import PairFilter, Project
from core.recipe import ChunkSettings, Recipe
from core.runs.record import Upload
from core.schema import PairState, RunState
from tests import tiny
from tests.filled import fill

HARBOUR = "The harbour opens at six in the morning. Boats to the islands leave from the north pier every hour."
TICKETS = "Tickets are sold in the hall beside the clock. Children under six travel free with a grown-up."
WEATHER = "In strong wind the captain decides whether a boat leaves, and the office calls those who booked."


def as_csv(rows: list[dict[str, object]], delimiter: str = ",") -> bytes:
    made = io.StringIO(newline="")
    writer = csv.DictWriter(made, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows([{k: json.dumps(v) if isinstance(v, list) else v for k, v in row.items()} for row in rows])
    return made.getvalue().encode()


def as_parquet(rows: list[dict[str, object]]) -> bytes:
    made = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), made)
    return made.getvalue()


FORMS: dict[str, Callable[[list[dict[str, object]]], bytes]] = {
    "csv": as_csv,
    "tsv": lambda rows: as_csv(rows, "\t"),
    "jsonl": lambda rows: "\n".join(json.dumps(row) for row in rows).encode(),
    "json": lambda rows: json.dumps(rows).encode(),
    "parquet": as_parquet,
}
ROWS: list[dict[str, object]] = [
    {"query": "When does the harbour open?", "passage": HARBOUR, "negatives": [TICKETS], "score": 1.0, "category": "plain", "year": "2024"},
    {"query": "Do children pay?", "passage": TICKETS, "negatives": [HARBOUR, WEATHER], "score": 1.0, "category": "plain", "year": "2025"},
    {"query": "Who calls off a boat?", "passage": HARBOUR, "negatives": [], "score": -1.0, "category": "plain", "year": "2025"},
]


def told(project: Project) -> set[tuple[object, ...]]:
    """Return what the pairs of a project say, by texts alone."""
    texts = project.chunk_texts()

    def words(ids: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted(text.normalise(texts[one]) for one in ids))

    return {
        (p.query, words(p.positives), words(p.negatives), p.score, p.category, p.group, p.people, p.judge_only) for p in project.pairs()
    }


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_pairs(project: Project, form: str) -> None:
    report = imports.take(project, f"pairs.{form}", FORMS[form](ROWS))
    assert (report.added, report.passages, report.refused) == (3, 3, ())
    flat = text.normalise
    assert told(project) == {
        ("When does the harbour open?", (flat(HARBOUR),), (flat(TICKETS),), 1.0, "plain", "2024", False, False),
        ("Do children pay?", (flat(TICKETS),), tuple(sorted([flat(HARBOUR), flat(WEATHER)])), 1.0, "plain", "2025", False, False),
        ("Who calls off a boat?", (flat(HARBOUR),), (), -1.0, "plain", "2025", False, False),
    }


@pytest.mark.parametrize(
    ("query", "passage"), [("question", "answer"), ("Anchor", "Positive"), ("sentence1", "sentence2"), ("Frage", "Antwort")]
)
def test_columns_are_known_by_their_usual_names(project: Project, query: str, passage: str) -> None:
    imports.take(project, "x.csv", as_csv([{query: "Do children pay?", passage: TICKETS, "hard_negative_1": HARBOUR}]))
    [pair] = project.pairs()
    assert len(pair.negatives) == 1
    assert pair.query == "Do children pay?"


def test_similar_and_dissimilar_sentences_become_graded_pairs(project: Project) -> None:
    row = {"sentence": "When do boats leave?", "similar": [HARBOUR], "almost_similar": [WEATHER], "dissimilar": [TICKETS]}
    report = imports.take(project, "x.jsonl", json.dumps(row).encode())
    assert report.kinds == {"right": 1, "partly": 1, "wrong": 1}
    assert sorted(pair.score for pair in project.pairs()) == [-1.0, 0.5, 1.0]
    [right] = [pair for pair in project.pairs() if pair.score == 1]
    assert [project.chunk_texts()[one] for one in right.negatives] == [TICKETS]


def test_only_right_answers_teach_and_judge(project: Project) -> None:
    fill(project)
    first = project.pairs(limit=1)[0]
    body = project.chunk(first.positives[0])
    assert body
    imports.take(project, "x.jsonl", json.dumps({"query": "wrong one", "passage": body.text, "score": -1}).encode())
    data = split.dataset(project, Recipe())
    assert "wrong one" in {pair.query for pair in project.pairs()}
    assert "wrong one" not in {row.query for row in data.train} | {q.query for q in (*data.dev, *data.test)}


def test_a_passage_that_is_there_is_found_and_one_inside_a_chunk_keeps_its_span(project: Project) -> None:
    ingest.add(project, "guide.txt", f"{HARBOUR}\n{TICKETS}\n".encode())
    rechunk(project, ChunkSettings(), Recipe().train.base_model)
    [chunk] = project.chunks()
    report = imports.take(project, "x.csv", as_csv([{"query": "Do children pay?", "passage": TICKETS.replace(" ", "  ", 1)}]))
    [pair] = project.pairs()
    assert report.passages == 0
    assert pair.positives == (chunk.id,)
    assert chunk.text[pair.start - chunk.start : pair.end - chunk.start] == TICKETS


def test_the_same_file_twice_changes_nothing(project: Project) -> None:
    imports.take(project, "x.csv", as_csv(ROWS))
    before, chunks = project.pairs(), project.chunks()
    report = imports.take(project, "y.jsonl", FORMS["jsonl"](ROWS))
    assert (report.added, report.known, report.passages) == (0, 3, 0)
    assert (project.pairs(), project.chunks()) == (before, chunks)


def test_later_passages_join_the_earlier_ones(project: Project) -> None:
    imports.take(project, "x.csv", as_csv(ROWS[:1]))
    before = {chunk.id for chunk in project.chunks()}
    imports.take(project, "y.csv", as_csv([{"query": "Who decides?", "passage": WEATHER}]))
    assert before < {chunk.id for chunk in project.chunks()}
    assert [file.name for file in project.files()] == [imports.FILE]
    assert all(pair.positives for pair in project.pairs())


def test_imported_pairs_stay_when_the_text_is_cut_anew(project: Project) -> None:
    imports.take(project, "x.csv", as_csv(ROWS))
    rechunk(project, ChunkSettings(size=16, overlap=4), Recipe().train.base_model)
    kept = project.pairs(PairFilter(state=PairState.KEPT))
    assert len(kept) == 3
    assert all(pair.positives for pair in kept)


def test_a_query_taken_from_its_passage_is_searched_without_it(project: Project) -> None:
    sentence = "Boats to the islands leave from the north pier every hour."
    imports.take(project, "x.csv", as_csv([{"query": sentence, "passage": HARBOUR}]))
    [pair] = project.pairs()
    assert HARBOUR[pair.query_start : pair.query_end] == sentence


def test_rows_that_cannot_be_taken_are_named_with_the_reason(project: Project) -> None:
    rows = [
        {"query": "", "passage": HARBOUR, "score": 1},
        {"query": "q", "passage": "", "score": 1},
        {"query": "q", "passage": "p", "score": "7"},
    ]
    good = {"query": "Do children pay?", "passage": TICKETS, "score": 1}
    report = imports.take(project, "x.csv", as_csv([*rows, good]))
    assert report.added == 1
    assert [line.split(":")[0] for line in report.refused] == ["Row 1", "Row 2", "Row 3"]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.csv", b"a,b\n1,2\n3,4\n"),
        ("x.jsonl", b'{"query": "half'),
        ("x.json", b"[1, 2]"),
        ("x.parquet", b"PAR1 and nothing more PAR1"),
        ("x.csv", b""),
        ("x.jsonl", b"[" * 100_000),
        ("x.csv", b"query,passage\n,\n"),
    ],
)
def test_a_file_without_pairs_is_refused_in_words(project: Project, name: str, data: bytes) -> None:
    with pytest.raises(UserError, match="cannot be imported"):
        imports.take(project, name, data)
    assert not project.files()


def test_what_people_asked_and_what_was_dropped_is_taken_along(project: Project) -> None:
    rows = [
        {"question": "One?", "passage": HARBOUR, "asked_by_people": True, "kept_for_judging": True, "state": "kept"},
        {"question": "Two?", "passage": TICKETS, "asked_by_people": False, "kept_for_judging": False, "state": "dropped"},
    ]
    imports.take(project, "x.csv", as_csv(rows))
    assert {(p.query, p.people, p.judge_only, p.state) for p in project.pairs()} == {
        ("One?", True, True, PairState.KEPT),
        ("Two?", False, False, PairState.DROPPED),
    }


@pytest.mark.parametrize("ending", export.PAIRS)
def test_an_export_imported_into_an_empty_project_says_the_same(project: Project, ending: str) -> None:
    imports.take(project, "x.jsonl", FORMS["jsonl"](ROWS), people=True)
    imports.take(project, "y.csv", as_csv([{"query": "=1+1, is it free?", "passage": f"-{TICKETS} Dogs pay half."}]))
    other = projects.create("Other")
    imports.take(other, f"pairs.{ending}", export.pairs_table(project, ending))
    assert told(other) == told(project)


WORDS = st.lists(
    st.sampled_from(["=harbour", "-pier", "@boat", "+ticket", "'wind", "é", "港", "🚢", "free", '"quoted"', "a,b", "x;y"]),
    min_size=2,
    max_size=12,
)


@settings(max_examples=3, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(WORDS, WORDS, st.sampled_from([1.0, 0.5, -1.0])), min_size=1, max_size=4), st.sampled_from(list(export.PAIRS)))
def test_import_of_an_export_changes_nothing(rows: list[tuple[list[str], list[str], float]], ending: str) -> None:
    one, other = (projects.create(f"P{len(projects.projects())}") for _ in range(2))
    lines = [
        {"query": " ".join(q), "passage": f"{i} {' '.join(p)} end of passage {i}", "score": score} for i, (q, p, score) in enumerate(rows)
    ]
    imports.take(one, "x.jsonl", FORMS["jsonl"](lines))
    data = export.pairs_table(one, ending)
    before = one.pairs()
    assert imports.take(one, f"again.{ending}", data).passages == 0
    assert one.pairs() == before
    imports.take(other, f"pairs.{ending}", data)
    assert told(other) == told(one)


@pytest.mark.slow
@settings(max_examples=8, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(30, 60), st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29)), max_size=6), st.integers(1, 1000))
def test_a_split_never_leaks(passages: int, copies: list[tuple[int, int]], seed: int) -> None:
    made = fill(projects.create(f"P{len(projects.projects())}"), passages)
    texts = [passage.text for passage in tiny.dataset(passages).passages]
    planted = [{"query": f"copy {i} {a} {b}", "passage": f"{texts[a]} {texts[b][:20]}"} for i, (a, b) in enumerate(copies)]
    if planted:
        imports.take(made, "x.jsonl", FORMS["jsonl"](planted))
    recipe = Recipe.model_validate({"split": {"seed": seed}})
    data = split.dataset(made, recipe)
    assert split.leaks.find(data, recipe.split.near_duplicate).clean
    own = {p.id: p.text for p in data.passages}
    seen = {row.positive for row in data.train}
    assert not seen & {own[one] for q in (*data.dev, *data.test) for one in q.relevant}


def test_a_run_imports_a_file_and_says_what_came_of_it(project: Project) -> None:
    data = as_csv([*ROWS, {**ROWS[0], "query": ""}])
    run = runs.start(project, "import", Recipe(), upload=Upload("harbour.csv", project.put_blob(data)))
    assert pipeline.wait(run).state is RunState.DONE, run.log()
    report = imports.report(run.result())
    assert report
    assert report.told == "3 pairs added. 3 passages became texts of the project."
    assert [line.split(":")[0] for line in report.refused] == ["Row 4"]
    assert run.title == "Import pairs: harbour.csv"
    assert project.count_pairs() == 3


def test_an_import_whose_file_is_gone_says_so(project: Project) -> None:
    run = runs.start(project, "import", Recipe(), upload=Upload("harbour.csv", "../../elsewhere"))
    status = pipeline.wait(run)
    assert status.state is RunState.FAILED
    assert "not kept" in status.error
