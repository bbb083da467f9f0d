"""The model card says what was found and how it was made, and nothing of anybody's documents."""

from __future__ import annotations

import re

import pytest
import yaml

from core import store
from core.publish import card
from core.recipe import BASE_MODEL, Recipe, parse
from core.runs.folder import Run
from core.schema import Evaluation, Interval, Question, QuestionResult, SystemScores, TestQuestion, Verdict, VerdictWord
from tests.core.test_publish import run  # noqa: F401
from tests.filled import fill

SECRET = "canary-7731"
VERDICT = Verdict(
    VerdictWord.BETTER,
    "nDCG@10",
    Interval(0.5, 0.45, 0.55),
    Interval(0.6, 0.55, 0.65),
    Interval(0.1, 0.06, 0.14),
    0.0002,
    225,
    0,
    False,
    "Better: nDCG@10 rises from 0.50 to 0.60.",
)
SYSTEMS = tuple(
    SystemScores(name, label, {"nDCG@10": Interval(value, value - 0.05, value + 0.05), "R@1": Interval(0.3, 0.2, 0.4)})
    for name, label, value in [("base", "Base", 0.5), ("tuned", "Tuned", 0.6), ("bm25", "BM25 (words)", 0.45)]
)


def evaluation(digest: str = "d" * 64) -> Evaluation:
    question = QuestionResult("q", f"{SECRET} in a question", ("p",), "columns", True, {"base": 1}, {"base": 1.0})
    return Evaluation(digest, f"/home/{SECRET}/base", f"/home/{SECRET}/model", VERDICT, None, SYSTEMS, (question,), 340, 0, "float32", 1.0)


def told(**more) -> str:
    counts = {"passages": 340, "documents": 12, "pairs": {"sentence": 612, "typed": 3, "marked": 2}, "method": "linear map", "epochs": 3}
    return card.text(evaluation(), more.pop("recipe", Recipe()), {**counts, **more})


def front(text: str) -> dict:
    _, head, _ = text.split("---\n", 2)
    return yaml.safe_load(head)


def test_the_front_matter_is_valid_yaml():
    head = front(told())
    assert head["library_name"] == "sentence-transformers" and head["pipeline_tag"] == "sentence-similarity"
    assert head["base_model"] == BASE_MODEL and "sentence-transformers" in head["tags"]


@pytest.mark.parametrize(
    "words",
    [
        "Better: nDCG@10 rises from 0.50 to 0.60.",
        "225 questions asked by people",
        "95 % interval +0.060 to +0.140",
        "| Tuned | 0.600 (0.550 to 0.650) | 0.300 (0.200 to 0.400) |",
        "| BM25 (words) | 0.450",
        "| A sentence against its passage | 612 |",
        "| Questions typed by people | 5 |",
        "| Passages searched | 340 |",
        "| Documents searched | 12 |",
        "| Tokens in a passage | 200, overlap 24 |",
        "| Method | linear map |",
        "Apache-2.0",
        "model.encode_document(",
    ],
)
def test_the_card_tells(words):
    assert words in told()


def test_practice_questions_are_called_so():
    practice = store.from_plain(Verdict, {**store.to_plain(VERDICT), "practice": True})
    made = store.from_plain(Evaluation, {**store.to_plain(evaluation()), "verdict": store.to_plain(practice)})
    assert "practice questions, made from the documents by a generator" in card.text(made, Recipe(), {})


def test_nothing_of_theirs_is_told():
    recipe = parse(
        {
            "columns": {"question": SECRET},
            "themes": {"method": "keywords", "keywords": {SECRET: [SECRET]}},
            "pairs": {"llm": {"base_url": f"http://{SECRET}.lan/v1", "model": SECRET, "prompt": SECRET + " {passage}"}},
            "train": {"base_model": f"/home/{SECRET}/model"},
        }
    )
    text = told(recipe=recipe, model=f"/home/{SECRET}/runs/model", device=f"/dev/{SECRET}", error=SECRET)
    assert SECRET not in text and "/home" not in text
    assert "base_model" not in front(text)


def test_a_folder_that_looks_like_a_hubs_name_is_not_told(tmp_path, monkeypatch):
    (tmp_path / "ana" / "model").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert card.public_name("ana/model") == "" and card.public_name("ana/other") == "ana/other"


def test_what_looks_like_markdown_stands_as_it_is():
    text = card.text(
        store.from_plain(Evaluation, store.to_plain(evaluation()) | {"systems": [{"system": "x", "label": "a|<b>*c*", "metrics": {}}]}),
        Recipe(),
        {},
    )
    assert r"a\|\<b\>\*c\*" in text


def test_a_runs_card_counts_its_own_data(project, run):  # noqa: F811
    text = card.for_run(project, run.id)
    assert "| Questions that came with the documents | 12 |" in text and "| Passages searched | 20 |" in text
    assert "not been judged" in text


def test_a_verdict_that_a_renewed_test_set_voided_is_left_out(project, run):  # noqa: F811
    question = TestQuestion("q", "how?", "d", 0, 1, "columns", True)
    kept = project.freeze([], [question], "first")
    project.save_evaluation(run.id, evaluation(kept.digest))
    assert "Better" in card.for_run(project, run.id)
    project.freeze([], [question, question], "renewed")
    assert "Better" not in card.for_run(project, run.id)


def test_no_text_of_the_documents_reaches_a_runs_card(project, run: Run):  # noqa: F811
    fill(project, 20)
    project.save_evaluation(run.id, evaluation())
    text = card.for_run(project, run.id, "ana/model")
    data = run.data()
    texts = [p.text for p in data.passages] + [p.title for p in data.passages] + [q.query for q in data.test if isinstance(q, Question)]
    assert not [one for one in texts if one in text]
    assert "tiny.csv" not in text and str(project.folder) not in text and project.name not in re.sub(r"Test set", "", text)
    assert 'SentenceTransformer("ana/model")' in text
