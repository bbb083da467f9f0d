"""The table of prices, and what asking will take, told before anything is sent."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from core import store
from core.endpoint import prices
from core.endpoint.prices import Price
from core.errors import UserError
from core.generators import foresight, llm
from core.project import Project
from core.recipe import LLMSettings, PairSettings
from core.schema import Document, File, RawAnswer
from tests.core.test_llm import ask, material, settings
from tests.llm_server import LLMServer


@pytest.fixture
def stocked(project: Project) -> Project:
    given = material({"a": 30})
    project.replace_documents(File("file", "a.txt", "0" * 64, 1), [Document("a", "file", 0, "a", 0)], [])
    with project.write() as db:
        store.insert(db, "chunks", given.chunks)
    return project


def test_attune_brings_no_prices_of_its_own() -> None:
    assert prices.known() == ()


def test_a_price_is_kept_for_all_projects_with_the_day_it_was_looked_up() -> None:
    prices.put(Price("tiny", 1.5, 2.5, "2026-11-21", "EUR"))
    prices.put(Price("other", 0.0, 9.0))
    prices.put(Price("tiny", 1.0, 2.0))
    assert prices.of(" tiny ") == Price("tiny", 1.0, 2.0, date.today().isoformat())
    assert [price.model for price in prices.known()] == ["other", "tiny"]


@pytest.mark.parametrize(
    "price",
    [Price("", 1, 1), Price("m", -1, 1), Price("m", float("nan"), 1), Price("m", 1, float("inf")), Price("m", 1, 1, "yesterday")],
)
def test_what_is_no_price_is_refused(price: Price) -> None:
    with pytest.raises(UserError):
        prices.put(price)


def test_a_model_has_one_price() -> None:
    with pytest.raises(UserError, match="two prices"):
        prices.save([Price("m", 1, 1), Price("m ", 2, 2)])


def test_a_price_grows_old() -> None:
    day = lambda days: (date.today() - timedelta(days)).isoformat()  # noqa: E731
    assert Price("m", 1, 1, day(91)).old and Price("m", 1, 1).old
    assert not Price("m", 1, 1, day(90)).old


def test_the_table_fills_in_what_the_recipe_leaves_open() -> None:
    prices.put(Price("tiny", 1.0, 2.0))
    assert (prices.filled(LLMSettings(model="tiny")).price_in, prices.filled(LLMSettings(model="tiny")).price_out) == (1.0, 2.0)
    assert prices.filled(LLMSettings(model="tiny", price_out=5.0)).price_in == 0.0
    assert prices.filled(LLMSettings(model="free")).price_out == 0.0


def test_the_cap_holds_at_the_table_s_prices(project: Project) -> None:
    prices.put(Price("tiny", 1000.0, 1000.0))
    with LLMServer() as server:
        list(ask(project, material({"a": 80}), settings(server, spending_cap=6.0, concurrency=3)))
    assert 2.5 < project.spent() <= 6


def test_the_cap_is_of_the_project_whatever_is_asked(project: Project) -> None:
    project.save_raw_answer(RawAnswer("k", "a-0", "other", "", 1, 1, 5.5, 1.0))
    with LLMServer() as server:
        list(ask(project, material({"a": 80}), settings(server, spending_cap=6.0, price_out=1000)))
    assert not server.requests


def test_the_estimate_counts_calls_and_multiplies_prices(stocked: Project) -> None:
    takes = foresight.estimate(stocked, PairSettings(generators=("llm",), llm=settings(max_chunks=20, price_in=1.0, price_out=2.0)))
    assert (takes.calls, takes.answered, takes.measured) == (20, 0, False)
    assert takes.cost == pytest.approx((takes.tokens_in + 2 * takes.tokens_out) / 1e6, rel=0.01)


def test_the_estimate_covers_all_kinds_that_ask_a_model(stocked: Project) -> None:
    both = PairSettings(generators=("sentence", "llm", "paraphrase", "synthetic-pair"), llm=settings())
    assert foresight.estimate(stocked, both).calls == 30 + 30 + 15


def test_what_was_answered_costs_nothing_and_tells_of_the_rest(stocked: Project) -> None:
    with LLMServer(delay=0.05) as server:
        asked = settings(server, max_chunks=12, price_out=1.0)
        list(llm.ask(stocked, material({"a": 30}), PairSettings(llm=asked)))
        takes = foresight.estimate(stocked, PairSettings(generators=("llm",), llm=asked.model_copy(update={"max_chunks": 30})))
    assert (takes.calls, takes.answered, takes.measured) == (30, 12, True)
    assert (takes.tokens_in, takes.tokens_out) == (18 * 300, 18 * 40)  # as the server counted
    assert takes.cost == pytest.approx(18 * 40 / 1e6)
    assert 5 * 0.05 <= takes.seconds < 5


def test_the_estimate_of_one_recipe_is_near_what_is_asked(stocked: Project) -> None:
    asked = settings(max_chunks=1000)
    prompts = [call.prompt for call in llm.plan(material({"a": 30}), asked)]
    takes = foresight.estimate(stocked, PairSettings(generators=("llm",), llm=asked))
    assert takes.calls == len(prompts)
    assert takes.tokens_in == pytest.approx(sum(len(prompt) for prompt in prompts) / 4, rel=0.25)
