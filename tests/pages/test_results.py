"""Evaluate, Compare and Publish: the four verdicts, one question, and exactly what would be sent."""

from __future__ import annotations

import dataclasses

import pytest

from core import compare, runs
from core.project import Project
from core.schema import Region, TestQuestion, VerdictWord
from tests.pages.filling import EVIL, RUN, with_pairs, with_verdict
from tests.pages.opening import open_page, words


@pytest.mark.parametrize("page", ["evaluate", "compare", "publish"])
def test_without_a_model_the_way_to_one_is_shown(project: Project, page: str) -> None:
    app = open_page(page, with_pairs(project))
    assert not app.exception
    assert "Go to training" in words(app)


@pytest.mark.parametrize("word", list(VerdictWord))
def test_every_verdict_is_said_big_with_a_next_step(project: Project, word: VerdictWord) -> None:
    app = open_page("evaluate", with_verdict(project, word))
    assert not app.exception
    assert word.value in app.header[0].value.lower()
    assert app.button(key="next_step")


def test_it_is_said_as_how_many_the_questions_count_and_which_would_help(project: Project) -> None:
    with_verdict(project, VerdictWord.NO_DIFFERENCE)
    run = runs.find(project, RUN)
    found = run.evaluation()
    assert found
    (run.folder / "COMPLETE.json").unlink()
    counted = dataclasses.replace(found.verdict, groups=12)
    run.write("evaluation.json", dataclasses.replace(found, verdict=counted, made=found.made + 1))
    run.seal()
    run.collect()
    app = open_page("evaluate", project)
    [questions] = [metric for metric in app.metric if metric.label == "Questions"]
    assert "Questions on passages that none is on yet" in words(app)
    assert (questions.value, questions.delta) == ("40", "counted as 12")
    assert "Questions on the same passage are won and lost together" in questions.help


def test_it_is_said_when_keyword_search_alone_does_better(project: Project) -> None:
    app = open_page("evaluate", with_verdict(project))
    assert any("Keyword search (BM25) alone does better than both models" in info.value for info in app.info)


def test_lost_questions_come_first_and_hostile_ones_are_text(project: Project) -> None:
    app = open_page("evaluate", with_verdict(project, query=EVIL, text=EVIL))
    assert not app.exception
    assert app.dataframe[0].value["Change"].tolist() == [-0.5]
    live = [e.value for kind in (app.markdown, app.caption, app.header, app.info, app.warning) for e in kind]
    assert not [text for text in live if "![x](http" in text]


def test_a_renewed_test_set_voids_the_verdict_in_words(project: Project) -> None:
    with_verdict(project)
    project.freeze(
        [Region("d1", 0, 1, "test")], [TestQuestion("q9", "Another?", "d1", 0, 10, "columns", people=True)], "Many new documents"
    )
    app = open_page("evaluate", project)
    assert "replaced since" in words(app)
    assert app.button(key="judge_again")


def test_renewing_asks_first_and_names_what_it_voids(project: Project) -> None:
    app = open_page("evaluate", with_verdict(project))
    app.button(key="renew").click().run()
    assert "Every verdict so far becomes out of date" in words(app)
    assert project.test_set().number == 1


def test_a_verdict_that_cannot_be_had_again_is_refused_in_words(project: Project) -> None:
    with_verdict(project)
    project.freeze([], [TestQuestion("q9", "Another?", "d1", 0, 10, "columns", people=True)], "Many new documents")
    app = open_page("evaluate", project)
    app.button(key="judge_again").click().run()
    assert app.error
    assert not app.exception


def test_hostile_passages_are_text_where_they_are_compared(project: Project) -> None:
    with_verdict(project, query=EVIL, text=EVIL)
    hits = tuple(compare.Hit(chunk, EVIL, EVIL, rank, 0.5, 0.25, {}) for rank, chunk in enumerate(project.chunks(limit=3), 1))
    found = compare.Comparison(EVIL, "", 12, tuple(compare.Column(label, "model", "exact", hits) for label in ("Base", "Tuned")))
    app = open_page("compare", project, comparison=((project.id, RUN), found))
    assert not app.exception
    assert sum(EVIL in text.value for text in app.text) == 6
    assert not [e.value for kind in (app.markdown, app.caption) for e in kind if "![x](http" in e.value]


def test_an_empty_question_is_refused_in_words(project: Project) -> None:
    app = open_page("compare", with_verdict(project))
    app.form_submit_button[0].click().run()
    assert not app.exception
    assert app.error


def test_the_exact_files_are_listed_and_private_is_the_default(project: Project) -> None:
    with_verdict(project)
    app = open_page("publish", project)
    assert not app.exception
    assert app.error  # this model has no weights: nothing can be sent
    assert "SentenceTransformer(" in words(app)
