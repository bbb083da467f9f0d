"""Hard negatives: found as the library finds them, from what is trained on alone, and never a passage that may be right."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import Result

from core import models, negatives, split, text
from core.embeddings import EmbeddingStore
from core.errors import UserError
from core.machine import user
from core.negatives import JUDGES, Request, Rules
from core.pairs import attach, doubting, mining
from core.pairs.mining import NegativeReport
from core.project import Project, Recut
from core.recipe import Recipe, parse
from core.schema import Chunk, Document, Doubt, DoubtState, File, FileState, Page, Pair, PairState, Part, RunState
from core.split import holdout
from core.split.alike import near_duplicates
from tests import tiny
from tests.wordmodel import WordModel

# --- the rules ---------------------------------------------------------------------------------------------------------

PASSAGES = 40


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> models.Encoder:
    loaded = models.load(str(tiny.model(tmp_path_factory.mktemp("tiny") / "model")), "cpu")
    loaded.precision = "float32"  # as the library embeds
    return loaded


@pytest.mark.parametrize(
    "rules",
    [
        {},
        {"relative_margin": 0.05},
        {"absolute_margin": 0.02},
        {"absolute_margin": 0.01, "max_score": 0.8},
        {"relative_margin": 0.02, "range_min": 3},
        {"relative_margin": 0.3, "num_negatives": 5},
    ],
    ids=str,
)
def test_the_library_finds_the_same_but_drops_pairs_that_get_too_few(encoder: models.Encoder, tmp_path: Path, rules: dict) -> None:
    from datasets import Dataset
    from sentence_transformers.util import mine_hard_negatives

    data = tiny.dataset(PASSAGES)
    pairs = {row.query: row.positive for row in data.train}
    texts = list(dict.fromkeys(passage.text for passage in data.passages))
    rules = {"num_negatives": 3, **rules}
    theirs = mine_hard_negatives(
        Dataset.from_dict({"query": list(pairs), "passage": list(pairs.values())}),
        encoder.model,
        corpus=texts,
        range_max=PASSAGES - 2,
        output_format="labeled-list",
        verbose=False,
        **rules,
    )
    request = Request(
        queries=list(pairs),
        texts=texts,
        right=[[text] for text in pairs.values()],
        never=[np.array([texts.index(text)]) for text in pairs.values()],
        depth=PASSAGES - 2,
        encoder=encoder,
        embeddings=EmbeddingStore(tmp_path / "vectors"),
    )
    per_pair = rules.pop("num_negatives")
    ours = negatives.choose(negatives.judge("base", request), Rules(per_pair, **rules))
    found = {query: [texts[p] for p, _ in chosen.negatives] for query, chosen in zip(pairs, ours, strict=True)}
    assert {row["query"]: row["passage"][1:] for row in theirs} == {query: own for query, own in found.items() if own}
    assert len(ours) == len(pairs)


@pytest.mark.parametrize("name", ["base", "bm25", "late_interaction"])
def test_every_judge_leaves_out_what_it_is_told_to_and_scores_the_right_passage(name: str, tmp_path: Path) -> None:
    texts = ["red boats at sea", "red boats in the harbour", "blue boats at sea", "a red house", "nothing of the kind"]
    request = Request(
        queries=["red boats", "blue boats"],
        texts=texts,
        right=[[texts[0]], [texts[2], "boats"]],
        never=[np.array([0]), np.array([2])],
        depth=3,
        encoder=WordModel(),
        embeddings=EmbeddingStore(tmp_path / "vectors"),
    )
    scored = negatives.judge(name, request)
    assert scored.candidates[0, 0] == 1
    assert 0 not in scored.candidates[0]
    assert 2 not in scored.candidates[1]
    assert np.all(np.diff(scored.scores, axis=1)[np.isfinite(np.diff(scored.scores, axis=1))] <= 0)
    alone = negatives.judge(name, replace(request, right=[[texts[0]], ["boats"]]))
    other = negatives.judge(name, replace(request, right=[[texts[0]], [texts[2]]]))
    assert scored.own[1] == pytest.approx(min(alone.own[1], other.own[1]), abs=1e-4), "the least near of two right passages counts"


def test_all_judges_are_in_the_table() -> None:
    assert list(JUDGES) == ["base", "bm25", "late_interaction", "cross_encoder"]
    assert all(choice.load() for choice in JUDGES.values())


# --- mining in a project -----------------------------------------------------------------------------------------------

THINGS = ["boat", "house", "bridge", "lamp", "clock", "garden", "kettle", "ladder", "mirror", "needle", "oven", "piano"]
PLACES = ["harbour", "village", "valley", "market", "station"]


def fill(project: Project, answers: Sequence[str] = ()) -> Project:
    """Add a passage for each thing at each place, with a question; `answers` are further passages without one."""
    bodies = [f"The {thing} of the {place} is kept behind door {i}" for i, thing in enumerate(THINGS) for place in PLACES] + list(answers)
    documents = [Document(f"d{i}", "f", i, "", len(body), ready_chunk=True) for i, body in enumerate(bodies)]
    file = File("f", "things.csv", "0" * 64, 1, "table", FileState.READ, documents=len(bodies))
    project.replace_documents(file, documents, [Page(d.id, 1, 0, body) for d, body in zip(documents, bodies, strict=True)])
    chunks = [Chunk(f"c{i}", f"d{i}", 0, body, 0, len(body), 1, 1, 9) for i, body in enumerate(bodies)]
    questions = [f"where is the {thing} of the {place}" for thing in THINGS for place in PLACES]
    project.replace_chunks(chunks, [Pair(f"q{i}", q, f"d{i}", 0, 40, (f"c{i}",), "columns", people=True) for i, q in enumerate(questions)])
    return project


def mine(project: Project, settings: dict | None = None, model: WordModel | None = None) -> NegativeReport:
    chosen = parse({"negatives": settings or {}, "train": {"hard_negatives": 3}})
    return mining.mine(project, chosen, model or WordModel(), EmbeddingStore(project.folder / "embeddings"))


def placed(project: Project) -> dict[str, Part]:
    chunks = project.chunks()
    return holdout.assign(chunks, project.regions(), near_duplicates(project, chunks, 0.8))


def test_negatives_are_train_passages_and_never_right(project: Project) -> None:
    report = mine(fill(project))
    parts = placed(project)
    mined = [pair for pair in project.pairs() if pair.negatives]
    assert len(mined) == report.pairs - report.none > 20
    for pair in mined:
        assert {parts[c] for c in pair.negatives} == {Part.TRAIN}
        assert not set(pair.negatives) & set(pair.positives)
        assert pair.part is Part.TRAIN


def test_nearest_wrong_passages_share_a_thing_or_a_place(project: Project) -> None:
    mine(fill(project))
    texts = project.chunk_texts()
    for pair in project.pairs():
        thing, place = pair.query.split()[3], pair.query.split()[-1]
        assert all(thing in texts[c] or place in texts[c] for c in pair.negatives)


def test_pairs_that_get_fewer_are_counted_and_kept(project: Project) -> None:
    fill(project)
    before = project.count_pairs()
    report = mine(project, {"max_score": 0.6, "relative_margin": None})
    counts = [len(pair.negatives) for pair in project.pairs() if pair.part is Part.TRAIN]
    assert report.fewer == sum(count < 3 for count in counts) > 0
    assert report.none == sum(count == 0 for count in counts)
    assert project.count_pairs() == before


def test_a_near_duplicate_of_the_answer_is_no_negative(project: Project) -> None:
    fill(
        project,
        answers=[f"The {thing} of the {place} is kept behind door {i} indeed" for i, thing in enumerate(THINGS) for place in PLACES],
    )
    mine(project)
    texts = project.chunk_texts()
    for pair in project.pairs():
        answer = texts[pair.positives[0]]
        assert not [c for c in pair.negatives if texts[c].startswith(answer)]


def test_what_another_pair_with_the_same_question_names_as_right_is_no_negative(project: Project) -> None:
    fill(project)
    mine(project)
    one = next(pair for pair in project.pairs() if pair.negatives)
    also = one.negatives[0]
    project.add_pairs([Pair("also", f"{one.query.upper()}?", also.replace("c", "d"), 0, 40, (also,), "columns", people=True)])
    mine(project, {"per_pair": 10})
    assert also not in project.pair(one.id).negatives  # type: ignore[union-attr]
    assert one.positives[0] not in project.pair("also").negatives  # type: ignore[union-attr]


def test_mining_again_takes_back_what_was_mined_and_leaves_what_came_along(project: Project) -> None:
    fill(project)
    split.split(project, Recipe().split)
    pair = next(pair for pair in project.pairs() if pair.part is Part.TRAIN)
    far = next(c.id for c in project.chunks() if c.id not in pair.positives)
    project.update_pairs([pair.id], negatives=(far,))
    mine(project, {"per_pair": 4})
    assert len(project.pair(pair.id).negatives) in (4, 5)  # type: ignore[union-attr]
    mine(project, {"per_pair": 1})
    again = project.pair(pair.id).negatives  # type: ignore[union-attr]
    assert again[0] == far
    assert len(again) <= 2


def test_a_pair_that_was_reworded_meanwhile_gets_nothing(project: Project) -> None:
    fill(project)
    before = project.pairs()
    project.update_pairs([before[0].id], query="something else")
    assert project.save_negatives(before, [], []) == len(before) - 1


# --- doubts ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def doubtful(project: Project) -> Project:
    """Return a project where each question has a second passage that answers it as well, in other words than the first."""
    second = [f"where is the {thing} of the {place} you ask well upstairs" for thing in THINGS for place in PLACES]
    mine(fill(project, answers=second))
    return project


def first(project: Project) -> tuple[str, str]:
    doubt = project.open_doubts()[0]
    return doubt.pair_id, doubt.chunk_id


def test_a_passage_that_scores_as_high_as_the_right_one_is_put_to_a_person_and_is_no_negative(doubtful: Project) -> None:
    texts = doubtful.chunk_texts()
    assert doubtful.count_open_doubts() > 20
    for doubt in doubtful.open_doubts(1000):
        pair = doubtful.pair(doubt.pair_id)
        assert pair
        assert doubt.score > 0.95 * doubt.own_score
        assert doubt.chunk_id not in pair.negatives
    top = doubtful.open_doubts()[0]
    assert texts[top.chunk_id].startswith(doubtful.pair(top.pair_id).query)  # type: ignore[union-attr]


@pytest.mark.parametrize(("answer", "state"), doubting.ANSWERS.items())
def test_a_decision_moves_the_passage_and_undo_moves_it_back(doubtful: Project, answer: str, state: DoubtState) -> None:
    pair_id, chunk_id = first(doubtful)
    before, left = doubtful.pair(pair_id), doubtful.count_open_doubts()
    doubting.decide(doubtful, pair_id, chunk_id, answer, who="Ada")
    pair = doubtful.pair(pair_id)
    assert pair
    assert (chunk_id in pair.negatives) is (state is DoubtState.DROPPED)
    assert (chunk_id in pair.positives) is (state is DoubtState.ACCEPTED)
    assert doubtful.count_open_doubts() == left - 1
    assert [(d.who, d.at > 0) for d in doubtful.doubts(state)] == [("Ada", True)]
    assert doubtful.undo_doubt()
    assert doubtful.pair(pair_id) == before
    assert doubtful.count_open_doubts() == left


def test_decisions_outlast_mining_anew(doubtful: Project) -> None:
    decided = {}
    for answer in doubting.ANSWERS:
        pair_id, chunk_id = first(doubtful)
        doubting.decide(doubtful, pair_id, chunk_id, answer)
        decided[answer] = (pair_id, chunk_id)
    mine(doubtful)
    assert {(d.pair_id, d.chunk_id) for d in doubtful.doubts(*doubting.ANSWERS.values())} == set(decided.values())
    assert not {(d.pair_id, d.chunk_id) for d in doubtful.open_doubts(1000)} & set(decided.values())
    for answer, (pair_id, chunk_id) in decided.items():
        assert (chunk_id in doubtful.pair(pair_id).negatives) is (answer == "wrong")  # type: ignore[union-attr]


def test_training_rows_have_negatives_and_avoid_what_may_be_right(doubtful: Project) -> None:
    rows = split.dataset(doubtful, parse({"train": {"hard_negatives": 2}})).train
    texts = doubtful.chunk_texts()
    open_doubts = {(text.normalise(doubtful.pair(d.pair_id).query), d.chunk_id) for d in doubtful.open_doubts(1000)}  # type: ignore[union-attr]
    assert any(row.negatives for row in rows)
    for row in rows:
        assert len(row.marks) == 1 + len(row.negatives)
        assert row.passage_id in row.avoid
        assert {chunk for query, chunk in open_doubts if query == text.normalise(row.query)} <= set(row.avoid)
        assert not {texts[mark] for mark in row.avoid} & set(row.negatives)
    assert not any(row.negatives for row in split.dataset(doubtful, Recipe()).train)


def test_held_out_passages_are_no_text_of_training_even_as_negatives(doubtful: Project) -> None:
    parts = placed(doubtful)
    for pair in doubtful.pairs():
        doubtful.update_pairs([pair.id], negatives=tuple(c for c in parts if c not in pair.positives))
    data = split.dataset(doubtful, parse({"train": {"hard_negatives": 5}}))
    held = {c.text for c in doubtful.chunks() if parts[c.id] is not Part.TRAIN}
    assert held
    assert not held & {negative for row in data.train for negative in row.negatives}
    assert data.leaks.startswith("No leaks")


def test_the_shell_lists_doubts_and_takes_decisions(doubtful: Project) -> None:
    from typer.testing import CliRunner

    from core.cli import app

    def shell(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["doubts", "--project", "Test", *arguments])

    listed = json.loads(shell("--json", "--top", "2").stdout)
    assert listed["open"] == doubtful.count_open_doubts()
    one, other = (f"{case['doubt']['pair_id']}:{case['doubt']['chunk_id']}" for case in listed["doubts"])
    said = shell("--right", one, "--ignore", other).stdout
    assert f"{listed['open'] - 2:,} are open" in said
    assert doubtful.doubts(DoubtState.ACCEPTED)[0].who == user()
    assert f"{listed['open'] - 1:,} are open" in shell("--undo").stdout
    assert isinstance(shell("--right", "nothing:here").exception, UserError)


@pytest.mark.slow
def test_a_background_run_mines_and_says_what_it_found(project: Project, tmp_path: Path) -> None:
    from core import pipeline, runs

    run = runs.start(fill(project), "negatives", parse({"train": {"base_model": str(tiny.model(tmp_path / "model"))}}))
    assert pipeline.wait(run).state is RunState.DONE
    found = run.result()
    assert found["negatives"] == project.count_mined()[0] > 0
    assert found["fewer"] <= found["pairs"]


# --- several right passages ----------------------------------------------------------------------------------------------


def test_questions_with_the_same_words_are_one_for_which_all_right_passages_count(project: Project) -> None:
    fill(project)
    split.split(project, Recipe().split)
    one, other = [pair for pair in project.pairs() if pair.part is Part.TEST][:2]
    project.update_pairs([other.id], query=f"{one.query.capitalize()}?", edited=True)
    split.split(project, Recipe().split, renew=True)
    data = split.dataset(project, Recipe())
    found = [q for q in (*data.test, *data.dev) if text.normalise(q.query) == text.normalise(one.query)]
    assert len(found) == 1
    assert set(found[0].relevant) == {*one.positives, *other.positives}


def test_a_right_passage_that_is_trained_on_is_left_out_of_the_search(project: Project) -> None:
    fill(project)
    split.split(project, Recipe().split)
    test = next(pair for pair in project.pairs() if pair.part is Part.TEST)
    train = next(pair for pair in project.pairs() if pair.part is Part.TRAIN)
    project.update_pairs([train.id], query=test.query)
    data = split.dataset(project, Recipe())
    question = next(q for q in data.test if q.id == test.id)
    assert question.relevant == test.positives
    assert dict(question.without) == {train.positives[0]: ""}
    from core.search.corpus import Corpus

    found, _ = Corpus.of(data.passages, [question]).words(100)
    assert train.positives[0] not in [data.passages[i].id for i in found[0].tolist() if i >= 0]


def test_a_dropped_pair_answers_for_nothing(project: Project) -> None:
    fill(project)
    split.split(project, Recipe().split)
    one, other = [pair for pair in project.pairs() if pair.part is Part.TEST][:2]
    project.update_pairs([other.id], query=one.query, state=PairState.DROPPED)
    data = split.dataset(project, Recipe())
    assert next(q for q in data.test if q.id == one.id).relevant == one.positives


# --- after the documents are cut anew ------------------------------------------------------------------------------------


def test_negatives_second_answers_and_doubts_follow_their_passages_when_chunks_are_cut_anew(project: Project) -> None:

    bodies = [f"{number} is a passage of its own with a dozen words in it, as one can count." for number in ("One", "Two", "Three", "Four")]
    whole = " ".join(bodies)
    project.replace_documents(
        File("f", "t.txt", "0" * 64, 1, "text", FileState.READ), [Document("d", "f", 0, "", len(whole))], [Page("d", 1, 0, whole)]
    )
    starts = [whole.index(body) for body in bodies]
    old = [Chunk(f"o{i}", "d", i, body, at, at + len(body), 1, 1, 9) for i, (body, at) in enumerate(zip(bodies, starts, strict=True))]
    pair = Pair("q", "which is one", "d", 0, len(bodies[0]), ("o0", "o2"), "typed", negatives=("o1", "gone"))
    project.replace_chunks(old, [pair])
    halves = [(0, starts[2] - 1), (starts[2], len(whole))]
    new = [Chunk(f"n{i}", "d", i, whole[a:b], a, b, 1, 1, 18) for i, (a, b) in enumerate(halves)]
    after = attach.reattach([pair], old, new)[0]
    assert after.positives == ("n0", "n1"), "the second right answer was not lost"
    assert after.negatives == ("gone",), "what is now in one chunk with a right answer is no negative; what is not known may come back"
    assert attach.heirs(["o3", "gone"], old, new) == {"o3": "n1"}
    project.save_negatives([pair], [], [Doubt("q", "o3", "base", 1, 1), Doubt("q", "o1", "base", 1, 1, DoubtState.IGNORED)])
    project.recut(lambda *_: Recut(new, [after], [], attach.heirs(project.looked_at(), old, new)))
    assert project.doubts(DoubtState.OPEN) == [], "the doubtful passage became one with a right answer"
    assert [d.chunk_id for d in project.doubts(DoubtState.IGNORED)] == ["n0"]
