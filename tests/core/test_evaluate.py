"""Evaluation: every system on the same questions, an honest verdict, and no question that finds its own words."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from core import evaluate, store
from core.dataset import Dataset
from core.embeddings import EmbeddingStore
from core.recipe import EvaluateSettings
from core.schema import Evaluation, Passage, Question, VerdictWord
from tests import tiny
from tests.wordmodel import WordModel

SETTINGS = EvaluateSettings(resamples=200)
FIRST = [f"alpha{i}" for i in range(60)]
SECOND = [f"beta{i}" for i in range(60)]
GOOD, DEAF = WordModel("good"), WordModel("deaf", deaf=FIRST)
"""Each passage has three words of its own and each question asks by one of them, which DEAF does not hear."""


def dataset(people: int = 60, practice: int = 0) -> Dataset:
    passages = tuple(Passage(f"p{i}", f"{FIRST[i]} {SECOND[i]} common words of all passages number {i % 7}") for i in range(60))
    kinds = [True] * people + [False] * practice
    asked = tuple(
        Question(f"q{n}", f"{FIRST[n % 60]} common number {(n * 5) % 7}", (f"p{n % 60}",), "columns" if who else "sentence", who)
        for n, who in enumerate(kinds)
    )
    return Dataset(passages, (), (), asked, "digest", excluded=0)


@pytest.fixture
def judge(tmp_path: Path):
    def run(data: Dataset, base=DEAF, tuned=GOOD, settings: EvaluateSettings = SETTINGS, **how) -> Evaluation:
        return evaluate.evaluate(data, base, tuned, EmbeddingStore(tmp_path / "vectors"), settings, **how)

    return run


def means(evaluation: Evaluation, metric: str = "nDCG@10") -> dict[str, float]:
    return {system.system: system.metrics[metric].mean for system in evaluation.systems}


def test_all_systems_stand_side_by_side_in_one_order(judge) -> None:
    found = judge(dataset())
    assert [system.system for system in found.systems] == list(evaluate.LABELS)
    assert all(set(system.metrics) == {"nDCG@10", "MRR@10", "R@1", "R@5", "R@10", "MAP"} for system in found.systems)


def test_a_model_that_finds_more_is_better_and_the_other_way_round_worse(judge) -> None:
    better, worse = judge(dataset()), judge(dataset(), GOOD, DEAF)
    assert better.verdict.word is VerdictWord.BETTER
    assert worse.verdict.word is VerdictWord.WORSE
    assert better.verdict.difference.mean == pytest.approx(-worse.verdict.difference.mean)
    assert means(better)["tuned"] > means(better)["base"]


def test_the_same_model_scores_the_same_and_the_base_is_kept(judge) -> None:
    found = judge(dataset(), GOOD, WordModel("good"))
    scores = means(found)
    assert scores["base"] == scores["tuned"]
    assert scores["hybrid_base"] == scores["hybrid_tuned"]
    assert scores["base_reranked"] == scores["tuned_reranked"]
    assert found.verdict.word is VerdictWord.NO_DIFFERENCE
    assert "Keep the base model" in found.verdict.text
    assert [system.system for system in found.systems] == list(evaluate.LABELS)


@pytest.mark.parametrize(
    ("people", "practice", "deciding", "other"),
    [(20, 30, (20, False), (30, True)), (19, 30, (30, True), (19, False)), (40, 0, (40, False), None), (0, 40, (40, True), None)],
)
def test_peoples_questions_decide_when_there_are_enough(judge, people: int, practice: int, deciding: tuple, other: tuple | None) -> None:
    found = judge(dataset(people, practice))
    assert (found.verdict.questions, found.verdict.practice) == deciding
    assert ("practice questions" in found.verdict.text) is deciding[1]
    assert (found.verdict_other and (found.verdict_other.questions, found.verdict_other.practice)) == other
    assert bool(found.systems_other) is bool(other)


def test_the_table_covers_the_questions_that_decide(judge) -> None:
    found = judge(dataset(20, 30))
    for verdict, systems in ((found.verdict, found.systems), (found.verdict_other, found.systems_other)):
        rows = {system.system: system.metrics["nDCG@10"] for system in systems}
        assert (rows["base"].mean, rows["tuned"].mean) == (verdict.base.mean, verdict.tuned.mean)


def test_ranks_and_scores_of_a_question_agree(judge) -> None:
    found = judge(dataset())
    for question in found.questions:
        for system, rank in question.ranks.items():
            assert (question.ndcg[system] > 0) == (1 <= rank <= 10)
            assert (question.ndcg[system] == 1) == (rank == 1)
    place = [1 / q.ranks["tuned"] if 0 < q.ranks["tuned"] <= 10 else 0 for q in found.questions]
    assert means(found, "MRR@10")["tuned"] == pytest.approx(sum(place) / len(place))


def sentence_questions(hidden: bool) -> Dataset:
    """Return questions that are a sentence of their passage, as they lie there or taken out of it."""
    data = dataset()
    asked, passages = [], []
    for i, passage in enumerate(data.passages):
        sentence = f"{FIRST[i]} gamma{i} delta{i} of passage words"
        passages.append(Passage(passage.id, f"{sentence}. {SECOND[i]} epsilon words of all passages"))
        without = {passage.id: f"{SECOND[i]} epsilon words of all passages"}
        asked.append(Question(f"q{i}", sentence, (passage.id,), "sentence", without=without if hidden else {}))
    return replace(data, passages=tuple(passages), test=tuple(asked))


def test_no_system_finds_a_sentence_in_the_passage_it_was_taken_from(judge) -> None:
    as_it_lies, taken_out = (
        judge(sentence_questions(False), GOOD, WordModel("other")),
        judge(sentence_questions(True), GOOD, WordModel("other")),
    )
    assert set(means(as_it_lies).values()) == {1.0}
    # What is left of the passage is what all passages say: found by chance, by the ninth in ten questions not at all.
    assert all(mean < 0.2 for mean in means(taken_out).values())
    assert all(question.ranks["tuned"] for question in taken_out.questions)


def test_lost_and_won_questions_come_worst_and_best_first(judge) -> None:
    found = judge(dataset(), GOOD, DEAF)
    lost = evaluate.losses(found)
    drops = [question.ndcg["base"] - question.ndcg["tuned"] for question in lost]
    assert drops == sorted(drops, reverse=True)
    assert drops[-1] >= 0
    assert len(lost) > 30
    assert evaluate.wins(found, better="base", than="tuned") == lost
    assert not {question.id for question in lost} & {question.id for question in evaluate.wins(found)}


def test_without_the_reranker_nothing_is_read_word_by_word(judge) -> None:
    model = WordModel("silent")
    found = judge(dataset(), DEAF, model, SETTINGS.model_copy(update={"rerank": False}))
    assert [system.system for system in found.systems] == [name for name in evaluate.LABELS if "reranked" not in name]
    assert model.read == []


def test_models_with_the_same_word_vectors_are_read_once(judge) -> None:
    base, tuned = WordModel("base"), WordModel("mapped")
    judge(dataset(), base, tuned)
    passages = {passage.text for passage in dataset().passages}
    assert passages <= set(base.read)
    assert not passages & set(tuned.read)


def test_two_precisions_are_never_compared(judge) -> None:
    with pytest.raises(ValueError, match="bfloat16"):
        judge(dataset(), DEAF, WordModel("good", precision="bfloat16"))


def test_a_test_set_that_is_empty_by_now_gives_no_verdict(judge) -> None:
    found = judge(dataset(0), excluded=12)
    assert found.verdict.word is VerdictWord.TOO_FEW
    assert found.systems == found.questions == ()
    assert found.excluded == 12


def test_the_record_is_read_back_as_it_was_written(judge) -> None:
    found = judge(dataset(20, 30))
    assert store.from_plain(Evaluation, json.loads(json.dumps(store.to_plain(found)))) == found


@pytest.mark.parametrize(
    ("name", "shown"),
    [("org/model", "org/model"), ("/home/me/project/runs/ab12/model", "ab12"), ("/home/me/models/mine", "mine")],
)
def test_no_folder_of_this_machine_is_in_the_record(judge, name: str, shown: str) -> None:
    found = judge(dataset(), GOOD, WordModel(name))
    assert found.model == shown
    assert "/home/me" not in json.dumps(store.to_plain(found))


def test_progress_never_goes_back_and_ends_at_one(judge) -> None:
    seen: list[float] = []
    judge(dataset(), progress=lambda fraction, text: seen.append(fraction))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_the_same_evaluation_twice_says_the_same(judge) -> None:
    one, other = judge(dataset()), judge(dataset())
    assert replace(one, made=0) == replace(other, made=0)


@pytest.mark.slow
def test_it_agrees_with_sentence_transformers_own_evaluator(data: Path, tmp_path: Path, monkeypatch) -> None:
    from sentence_transformers.sentence_transformer.evaluation import InformationRetrievalEvaluator

    from core import models
    from core.recipe import BASE_MODEL

    monkeypatch.setenv("ATTUNE_PRECISION", "float32")  # theirs is
    folder = data / "retrieval" / "abt_buy"
    texts = {row["_id"]: row["text"] for row in map(json.loads, (folder / "corpus.jsonl").read_text().splitlines()[:150])}
    asked = {row["_id"]: row["text"] for row in map(json.loads, (folder / "queries.jsonl").read_text().splitlines())}
    right = [line.split("\t")[:2] for line in (folder / "qrels.tsv").read_text().splitlines()[1:]]
    questions = tuple(Question(q, asked[q], (p,), "columns", True) for q, p in dict(right).items() if p in texts)
    found_in = Dataset(tuple(Passage(*item) for item in texts.items()), (), (), questions, "digest")
    base = models.load(BASE_MODEL)
    ours = evaluate.evaluate(found_in, base, base, EmbeddingStore(tmp_path), SETTINGS.model_copy(update={"rerank": False}))
    theirs = InformationRetrievalEvaluator(
        {q.id: q.query for q in questions}, texts, {q.id: set(q.relevant) for q in questions}, write_csv=False, map_at_k=[100]
    )(base.model)
    pairs = {"nDCG@10": "ndcg@10", "MRR@10": "mrr@10", "R@1": "recall@1", "R@10": "recall@10", "MAP": "map@100"}
    for our_name, their_name in pairs.items():
        assert means(ours, our_name)["base"] == pytest.approx(theirs[f"cosine_{their_name}"], abs=1e-3)
    assert 0.1 < means(ours)["base"] < 0.99


def test_a_real_model_saved_again_is_known_as_the_base(tmp_path: Path) -> None:
    from core import models

    folder = tiny.model(tmp_path / "tiny")
    shutil.copytree(folder, tmp_path / "run1" / "model")
    base, tuned = models.load(str(folder)), models.load(str(tmp_path / "run1" / "model"))
    found = evaluate.evaluate(tiny.dataset(), base, tuned, EmbeddingStore(tmp_path / "vectors"), SETTINGS)
    assert found.model == "run1"
    assert "the base model was kept" in found.verdict.text
