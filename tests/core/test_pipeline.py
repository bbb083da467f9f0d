"""The stages in order, and the strip that says how far a project has come."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core import pipeline, runs
from core import project as projects
from core.errors import UserError
from core.project import Project
from core.recipe import Recipe
from core.runs.folder import Run
from core.runs.record import RunInfo
from core.schema import FileState, PairState, RunState, RunStatus, VerdictWord
from tests import tiny
from tests.filled import fill, holding, recipe


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.model(tmp_path_factory.mktemp("tiny") / "model")


def texts(count: int = 30) -> list[tuple[str, bytes]]:
    """Return small text files, each of some sentences of its own."""
    words = [passage.text.split() for passage in tiny.dataset(count * 3).passages]
    sentence = lambda found: f"The {' '.join(found[:5])} is {' '.join(found[5:])}. "  # noqa: E731
    return [(f"text {i}.txt", "".join(sentence(w) for w in words[3 * i : 3 * i + 3]).encode()) for i in range(count)]


def test_every_kind_of_run_has_a_stage() -> None:
    assert list(pipeline.STAGES) == list(runs.TITLES)
    assert {stage.lane for stage in pipeline.STAGES.values()} == {"machine", "project"}


@pytest.mark.slow
def test_the_whole_way_ends_with_a_verdict_and_again_is_the_same_run(project: Project, model: Path) -> None:
    seen: list[tuple[float, str]] = []
    first = pipeline.run(project, texts(), recipe(model), progress=lambda fraction, text: seen.append((fraction, text)))
    assert first.state is RunState.DONE, first.run.log()
    assert {file.state for file in first.documents} == {FileState.READ}
    assert sum(first.pairs.values()) == project.count_pairs(projects.PairFilter(state=PairState.KEPT)) > 0
    assert first.model
    assert first.verdict
    assert first.verdict.word in VerdictWord
    assert project.evaluation(first.run.id)
    assert [fraction for fraction, _ in seen] == sorted(fraction for fraction, _ in seen)
    again = pipeline.run(project, texts(), recipe(model))
    assert again == first
    assert [stage.done for stage in pipeline.state(project)] == [True, True, True, True, True, False]


@pytest.mark.slow
def test_reading_in_the_background_ends_with_passages_and_themes(project: Project) -> None:
    from core import ingest

    for name, data in texts(4):
        ingest.keep(project, name, data)
    run = runs.start(project, "ingest", Recipe())
    assert pipeline.wait(run).state is RunState.DONE, run.log()
    assert project.count_chunks()
    assert all(file.state is FileState.READ for file in project.files())


@pytest.mark.slow
def test_making_pairs_in_the_background_keeps_what_was_made_when_it_is_stopped(project: Project) -> None:
    pipeline.read(project, texts(4), Recipe())
    run = runs.start(project, "pairs", Recipe())
    assert pipeline.wait(run).state is RunState.DONE, run.log()
    assert run.result()["kept"] == sum(pipeline.kept_pairs(project).values()) > 0


def test_files_that_cannot_be_read_are_named(project: Project) -> None:
    with pytest.raises(UserError, match=r"nothing.txt: empty"):
        pipeline.read(project, [("nothing.txt", b"")], Recipe())


def test_the_sample_is_one_project_with_guides_and_questions() -> None:
    project, files = pipeline.sample()
    assert pipeline.sample()[0] == project
    assert {Path(name).suffix for name, _ in files} == {".pdf", ".csv"}


def test_the_strip_starts_empty_and_leads_to_every_page(project: Project) -> None:
    state = pipeline.state(project)
    assert [stage.text for stage in state] == ["Documents", "Chunks", "Pairs", "Model", "Evaluation", "Publish"]
    assert [stage.page for stage in state] == ["documents", "chunks", "pairs", "train", "evaluate", "publish"]
    assert not any(stage.done or stage.running for stage in state)


def test_the_strip_counts_and_shows_what_waits(project: Project, home: Path) -> None:
    fill(project, 60)
    with holding(home / ".machine.lock"):
        run = runs.start(project, "train", Recipe())
        documents, chunks, pairs, model, *_ = pipeline.state(project)
        run.end()
    assert (documents.text, chunks.text, pairs.text) == ("Documents 60", "Chunks 60", "Pairs 60")
    assert (model.text, model.page, model.running) == ("Model waiting", "runs", True)
    assert pipeline.state(project)[3].text in ("Model stopped", "Model interrupted")


def test_the_strip_says_when_a_test_set_was_renewed(project: Project) -> None:
    from core import split
    from core.recipe import SplitSettings

    fill(project)
    split.split(project, SplitSettings())
    with project.write() as db:
        evaluation = {"test_digest": "older", "made": 1.0, **EVALUATION}
        db.execute("INSERT INTO evaluations VALUES ('20261121-153000-ab12', 'older', 1.0, ?)", (json.dumps(evaluation),))
    assert pipeline.state(project)[4].text == "Evaluation out of date"


def test_an_evaluation_is_taken_in_once_and_the_newest_counts(project: Project) -> None:
    run = Run(project.folder / "runs" / "20261121-153000-ab12")
    run.folder.mkdir(parents=True)
    run.write("run.json", RunInfo("train", "Train", 1.0))
    run.write_status(RunStatus(RunState.DONE))
    run.write("evaluation.json", {"test_digest": "d", "made": 2.0, **EVALUATION})
    runs.collect(project)
    assert project.evaluated() == [], "nothing is taken in before it is sealed"
    run.seal()
    runs.collect(project)
    runs.collect(project)
    assert project.evaluated() == [(run.id, "d", 2.0)]


INTERVAL = {"mean": 0.5, "low": 0.4, "high": 0.6}
EVALUATION = {
    "base": "base",
    "model": "model",
    "verdict": {
        "word": "better",
        "metric": "nDCG@10",
        "base": INTERVAL,
        "tuned": INTERVAL,
        "difference": INTERVAL,
        "p": 0.01,
        "questions": 9,
        "needed": 0,
        "practice": False,
        "text": "Better.",
    },
    "verdict_other": None,
    "systems": [],
    "questions": [],
    "passages": 9,
    "excluded": 0,
    "precision": "float32",
}
