"""An evaluation by itself: what it reads, what it scores at each length, and what it says of a mistake in its file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from scipy import stats

from core import metrics, models, project, search, split
from core.embeddings import EmbeddingStore
from core.errors import UserError
from core.evaluate import benchmark, tasks
from core.recipe import Recipe
from core.recipe.evaluation import EvaluationSettings, LikenessTask, SearchTask, load
from tests import tiny
from tests.core.test_cli import attune
from tests.filled import fill

DATA = tiny.dataset(40)
QUESTIONS = (*DATA.dev, *DATA.test)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write a collection in BEIR's form; one judgement says that a passage is wrong."""
    made = tmp_path / "shelf"
    made.mkdir()
    lines = [json.dumps({"_id": p.id, "title": "", "text": p.text}) for p in DATA.passages]
    (made / "corpus.jsonl").write_text("\n".join(lines), "utf-8")
    (made / "queries.jsonl").write_text("\n".join(json.dumps({"_id": q.id, "text": q.query}) for q in QUESTIONS), "utf-8")
    rows = ["query-id\tcorpus-id\tscore", *(f"{q.id}\t{q.relevant[0]}\t1" for q in QUESTIONS), f"{QUESTIONS[0].id}\tp39\t0"]
    (made / "qrels.tsv").write_text("\n".join(rows), "utf-8")
    return made


def settings(model: Path, *wanted: Mapping[str, Any], **rest: Any) -> EvaluationSettings:
    return EvaluationSettings.model_validate({"model": str(model), "tasks": list(wanted), "resamples": 200, **rest})


def search_task(source: Path | str, **args: Any) -> SearchTask:
    return SearchTask.model_validate({"type": "ir", "dataset": str(source), "args": args})


def test_vectors_are_cut_and_scored_at_each_length(model: Path, folder: Path, tmp_path: Path) -> None:
    found = benchmark.evaluate(settings(model, {"type": "ir", "dataset": str(folder)}, dimensions=[32, 8]))
    encoder = models.load(str(model))
    passages, queries = encoder.encode_document([p.text for p in DATA.passages]), encoder.encode_query([q.query for q in QUESTIONS])
    for size in (32, 8):
        ids, _ = search.exact(*(v[:, :size] / np.linalg.norm(v[:, :size], axis=1, keepdims=True) for v in (queries, passages)), 100)
        expected = metrics.ndcg([[f"p{i}" for i in row] for row in ids.tolist()], [q.relevant for q in QUESTIONS]).mean()
        scores = next(s for s in found.tasks[0].scores if (s.system, s.dimension) == ("dense", size))
        assert scores.metrics["nDCG@10"].mean == pytest.approx(expected, abs=1e-6)
        assert scores.metrics["nDCG@10"].low < expected < scores.metrics["nDCG@10"].high


def test_a_second_evaluation_embeds_nothing(model: Path, folder: Path) -> None:
    wanted = settings(model, {"type": "ir", "dataset": str(folder)})
    first = benchmark.evaluate(wanted)
    shards = {path: path.stat().st_mtime_ns for path in tasks.shared().glob("*.f32")}
    assert benchmark.evaluate(wanted) == first
    assert shards
    assert {path: path.stat().st_mtime_ns for path in tasks.shared().glob("*.f32")} == shards
    known = EmbeddingStore(tasks.shared()).known(models.load(str(model)), [p.text for p in DATA.passages], "document")
    assert len(known) == len(DATA.passages)


@pytest.mark.parametrize("name", ["late_interaction", "none"])
def test_a_reranker_is_a_system_of_its_own_beside_keyword_search(name: str, model: Path, folder: Path) -> None:
    found = benchmark.evaluate(settings(model, {"type": "ir", "dataset": str(folder)}, reranker={"name": name, "depth": 5}))
    systems = {scores.system for scores in found.tasks[0].scores}
    assert systems == {"dense", "dense + BM25", "BM25"} | ({"dense + late_interaction"} if name != "none" else set())


def test_a_folder_is_read_and_a_judgement_of_0_is_no_answer(folder: Path) -> None:
    made = tasks.collection(search_task(folder))
    assert {q.query: q.relevant for q in made.questions} == {q.query: q.relevant for q in QUESTIONS}
    assert [p.text for p in made.passages] == [p.text for p in DATA.passages]
    assert len(tasks.collection(search_task(folder, limit=3)).questions) == 3


@pytest.mark.parametrize(
    ("name", "line", "told"),
    [
        ("corpus.jsonl", "no json", "corpus.jsonl, line 1, is no object"),
        ("queries.jsonl", '{"_id": 3, "text": "x"}', "queries.jsonl, line 1, is no object"),
        ("qrels.tsv", "query-id\tcorpus-id\tscore\nq1\tp1\tgood", "qrels.tsv, line 2, is not"),
    ],
)
def test_a_broken_line_of_a_folder_is_named(folder: Path, name: str, line: str, told: str) -> None:
    (folder / name).write_text(line, "utf-8")
    with pytest.raises(UserError, match=told):
        tasks.collection(search_task(folder))


def test_a_file_of_pairs_is_searched_too(tmp_path: Path) -> None:
    rows = [json.dumps({"question": q.query, "passage": DATA.passages[i].text}) for i, q in enumerate(QUESTIONS)]
    (tmp_path / "pairs.jsonl").write_text("\n".join(rows), "utf-8")
    made = tasks.collection(search_task(tmp_path / "pairs.jsonl"))
    assert len(made.questions) == len(QUESTIONS)


def test_a_project_gives_its_frozen_questions_and_keeps_the_vectors(project: project.Project) -> None:
    fill(project)
    with pytest.raises(UserError, match="no frozen test questions"):
        tasks.collection(search_task("project:Test"))
    split.split(project, Recipe().split)
    made = tasks.collection(search_task("project:Test"))
    assert {q.query for q in made.questions} == {q.query for q in project.test_set().questions}  # type: ignore[union-attr]
    assert made.embeddings == project.folder / "embeddings"


@pytest.mark.parametrize(
    ("body", "args"),
    [
        ('"A cat, asleep",A dog barks,0.5\nA cat,A feline,4.8\nRain,"Wet ""weather""",4\n', {}),
        ('id\tone\ttwo\thow\n1\tA cat, asleep\tA dog barks\t0.5\n2\tA cat\tA feline\t4.8\n3\tRain\tWet "weather"\t4\n', "named"),
        ("a,b,score\n\"A cat, asleep\",A dog barks,0.5\r\nA cat,A feline,4.8\r\nRain,\"Wet \"\"weather\"\"\",4\r\n", {"score": "score"}),
    ],
)  # fmt: skip
def test_scored_pairs_are_read_with_and_without_a_header(body: str, args: Any, tmp_path: Path) -> None:
    path = tmp_path / "scored.csv"
    path.write_text(body, "utf-8", newline="")
    args = {"first": "one", "second": "two", "score": "how"} if args == "named" else args
    made = tasks.likenesses(LikenessTask.model_validate({"type": "sts", "dataset": str(path), "args": args}))
    assert made.first == ("A cat, asleep", "A cat", "Rain")
    assert made.second[2] == 'Wet "weather"'
    assert made.scores.tolist() == [0.5, 4.8, 4.0]


@pytest.mark.parametrize(
    ("body", "args", "told"),
    [
        ("a,b,1\nc,d,high\ne,f,2\ng,h,3\n", {}, "row 2, is not two texts and a number"),
        ("a,b,1\n", {"score": "points"}, "no column “points”; it has a, b, 1"),
        ("a,b,1\nc,d,2\n", {}, "2 scored pairs: too few"),
    ],
)
def test_scored_pairs_that_will_not_do_are_told(body: str, args: Any, told: str, tmp_path: Path) -> None:
    (tmp_path / "scored.csv").write_text(body, "utf-8")
    with pytest.raises(UserError, match=told):
        tasks.likenesses(LikenessTask.model_validate({"type": "sts", "dataset": str(tmp_path / "scored.csv"), "args": args}))


def test_correlations_are_scipys_with_an_interval_around_them() -> None:
    draw = np.random.default_rng(1)
    scores = draw.integers(0, 5, 200).astype(float)
    values = scores + draw.normal(0, 2, 200)
    found = metrics.correlations(values, scores, resamples=500, seed=1)
    assert found["Spearman"].mean == pytest.approx(stats.spearmanr(values, scores).statistic)
    assert found["Pearson"].mean == pytest.approx(stats.pearsonr(values, scores).statistic)
    for interval in found.values():
        assert interval.mean - 0.2 < interval.low < interval.mean < interval.high < interval.mean + 0.2
    assert metrics.correlations(np.ones(9), np.arange(9.0), resamples=100, seed=1)["Spearman"].mean == 0


GOOD: Mapping[str, Any] = {"model": "m", "tasks": [{"type": "ir", "dataset": "d"}]}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"tasks": []}, "tasks: "),
        ({"tasks": [{"type": "search", "dataset": "d"}]}, "tasks.0: .*'ir', 'sts'"),
        ({"tasks": [{"type": "ir"}]}, "tasks.0.ir.dataset: Field required"),
        ({"tasks": [{"type": "sts", "dataset": "d", "args": {"limit": 0}}]}, "tasks.0.sts.args.limit: "),
        ({"tasks": [{"type": "ir", "dataset": "d"}, {"type": "sts", "dataset": "d"}]}, "the same name"),
        ({"reranker": {"name": "magic"}}, "reranker.name: .*'late_interaction'"),
        ({"dimensions": [0]}, "dimensions.0: "),
        ({"dimensions": [8, 8]}, "names a length twice"),
        ({"model": {"name": "m", "args": {"trust_remote_code": True}}}, "model.args.trust_remote_code: .*never run"),
        ({"output": "x"}, "output: there is no such setting"),
    ],
    ids=str,
)
def test_a_mistake_in_the_file_is_told_with_its_place(change: Mapping[str, Any], told: str, tmp_path: Path) -> None:
    path = tmp_path / "eval.yaml"
    path.write_text(yaml.safe_dump({**GOOD, **change}), "utf-8")
    with pytest.raises(UserError, match=told):
        load(path)


def test_a_length_that_the_model_does_not_have_is_refused(model: Path, folder: Path) -> None:
    with pytest.raises(UserError, match="dimensions: 64 is more than the 32"):
        benchmark.evaluate(settings(model, {"type": "ir", "dataset": str(folder)}, dimensions=[64]))


@pytest.mark.slow
def test_the_shell_evaluates_without_a_project(model: Path, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "eval.yaml"
    path.write_text(yaml.safe_dump({"model": str(model), "tasks": [{"type": "ir", "dataset": str(folder)}]}), "utf-8")
    done = attune("evaluate", "--config", path, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["tasks"][0]["task"] == "shelf"
    with (folder / "qrels.tsv").open("a") as file:
        file.write(f"\n{QUESTIONS[1].id}\t{QUESTIONS[0].relevant[0]}\t1")
    shown = attune("evaluate", "--config", path).stdout
    assert "dense + BM25" in shown
    assert f"{len(QUESTIONS)} questions (counted as {len(QUESTIONS) - 1}, since some share a passage)" in shown
