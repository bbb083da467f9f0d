"""The language model's panel on the Pairs page: keys, prices, what it will take, refused answers, and going on after a pause."""

from __future__ import annotations

import time

import pytest
from streamlit.testing.v1 import AppTest

from core.endpoint import prices
from core.endpoint.prices import Price
from core.project import Project
from core.recipe import LLMSettings, Recipe, parse
from core.runs.folder import Run
from core.runs.record import RunInfo
from core.schema import Pair, RawAnswer, RunState, RunStatus
from tests.pages.filling import EVIL, with_documents
from tests.pages.opening import open_page, words

HERE, THERE = "http://localhost:9/v1", "http://elsewhere.example/v1"


def panel(project: Project, **llm: object) -> AppTest:
    """Open the Pairs page with questions from a language model ticked."""
    project.save_recipe(pairs=parse({"pairs": {"generators": ["llm"], "llm": llm}}).pairs)
    return open_page("pairs", project)


def keys(app: AppTest) -> dict[str, str]:
    return {field.key: field.value for field in app.text_input if field.key and field.key.startswith("llm_key_")}


@pytest.mark.parametrize(
    "other", [THERE, "http://localhost:10/v1", "https://localhost:9/v1", "http://127.0.0.1:9/v1", "http://localhost.evil.example:9/v1"]
)
def test_another_origin_forgets_the_key_and_the_first_one_does_not_get_it_back(project: Project, other: str) -> None:
    app = panel(with_documents(project), base_url=HERE)
    app.text_input(key="llm_key_http://localhost:9").set_value("sk-secret").run()
    assert list(keys(app).values()) == ["sk-secret"]
    app.text_input(key="llm_url").set_value(other).run()
    assert list(keys(app).values()) == [""]
    app.text_input(key="llm_url").set_value(HERE).run()
    assert list(keys(app).values()) == [""]


def test_another_path_at_the_same_origin_keeps_the_key(project: Project) -> None:
    app = panel(with_documents(project), base_url=HERE)
    app.text_input(key="llm_key_http://localhost:9").set_value("sk-secret").run()
    app.text_input(key="llm_url").set_value("http://LOCALHOST:9/openai/v1").run()
    assert list(keys(app).values()) == ["sk-secret"]


def test_a_price_is_told_with_its_day_and_used_in_the_estimate(project: Project) -> None:
    prices.put(Price("dear", 1000.0, 2000.0, "2026-11-21", "EUR"))
    app = panel(with_documents(project), base_url=HERE, model="dear")
    assert "as of 2026\\-11\\-21" in words(app) and "never above 1.00" in words(app)
    app.text_input(key="llm_model").set_value("unknown").run()
    assert "No price is known" in words(app) and "never above" not in words(app)


def test_an_old_price_is_warned_of(project: Project) -> None:
    prices.put(Price("dear", 1.0, 2.0, "2020-01-01"))
    assert "looked up long ago" in words(panel(with_documents(project), model="dear"))


def test_the_policy_for_failing_calls_is_said_in_words_and_can_be_set(project: Project) -> None:
    app = panel(with_documents(project))
    app.number_input(key="llm_attempts").set_value(3).run()
    assert "up to 3 times: after 1 s" in words(app) and "(429)" in words(app)


def test_a_prompt_of_before_says_that_kinds_have_no_effect_and_the_usual_one_comes_back(project: Project) -> None:
    app = panel(with_documents(project), prompt="Ask two questions about {passage}")
    assert "{kinds} and {language}" in words(app)
    app.button(key="llm_prompt_usual").click().run()
    assert app.text_area(key="llm_prompt").value == LLMSettings().prompt
    assert not app.exception


def test_shares_that_are_all_nothing_are_refused_in_words(project: Project) -> None:
    app = panel(with_documents(project), shares={"question": 1.0})
    app.number_input(key="llm_share_question").set_value(0.0).run()
    assert "shares of the kinds" in str(app.error[0].proto)


def test_paraphrases_have_settings_of_their_own(project: Project) -> None:
    app = open_page("pairs", with_documents(project))
    app.checkbox(key="generator_paraphrase").check().run()
    assert app.number_input(key="paraphrase_swapped").value == 0.5
    assert "12 calls" in words(app).replace("*", "")
    assert not app.exception


def test_refused_answers_are_shown_as_plain_text_with_their_reasons(project: Project) -> None:
    project.save_raw_answer(RawAnswer("a" * 64, "c1", "tiny", EVIL, 10, 20, 0.0, 1.0))
    project.note_refusals("a" * 64, "1 no list of questions")
    app = open_page("pairs", with_documents(project), refused_fold=True)
    table = app.dataframe[-1].value
    assert list(table["Refused"]) == ["1 no list of questions"] and table["Answer"][0] == EVIL
    assert not [e for kind in (app.markdown, app.caption) for e in kind if "![x](http" in e.value]
    assert not app.exception


def paused(project: Project, state: RunState = RunState.STOPPED) -> Run:
    """Leave the folder of a run that was stopped in the middle of asking."""
    run = Run(project.folder / "runs" / "20260102-120000-0002")
    run.folder.mkdir(parents=True)
    recipe = Recipe(pairs=parse({"pairs": {"generators": ["llm"], "llm": {"base_url": HERE}}}).pairs)
    (run.folder / "recipe.yaml").write_text(recipe.model_dump_json())
    run.write("run.json", RunInfo("pairs", "Make pairs", time.time(), project.name))
    run.write_status(RunStatus(state, "pairs", 0.4))
    project.log("language model", "tiny: 212 of 400 passages, 0.34 spent.")
    return run


@pytest.mark.parametrize("state", [RunState.STOPPED, RunState.FAILED, RunState.RUNNING])
def test_what_was_paused_says_how_far_it_came_and_asks_for_the_key_to_go_on(project: Project, state: RunState) -> None:
    paused(with_documents(project), state)
    app = open_page("pairs", project)
    assert "paused at 40%" in words(app) and "212 of 400 passages" in words(app)
    app.button(key="resume_pairs").click().run()
    assert app.text_input(key="resume_key").value == ""
    assert "http://localhost:9" in words(app)
    assert not app.exception


def test_what_is_done_offers_nothing_to_resume(project: Project) -> None:
    paused(with_documents(project), RunState.DONE)
    assert "paused" not in words(open_page("pairs", project))


def test_the_review_says_which_kind_of_question_it_is(project: Project) -> None:
    with_documents(project)
    chunk = project.chunks()[0]
    project.add_pairs([Pair("p", "ferry hours", "d1", chunk.start, chunk.end, (chunk.id,), "llm", category="keywords")])
    app = open_page("pairs", project)
    assert list(app.data_editor[0].value["Kind"]) == ["Language model: keyword query"]
