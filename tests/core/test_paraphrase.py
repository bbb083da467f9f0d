"""Passages in other words: which are asked for, what is made of the answers, and what training sees of it."""

from __future__ import annotations

import itertools
import json

import pytest

from core import pairs, split
from core.generators import answers, paraphrase, timeline
from core.generators.timeline import SINGLE
from core.generators.timeline import SYNTHETIC as SUCCESSIVE
from core.recipe import LLMSettings, PairSettings, TimelineSettings, parse
from core.schema import Chunk
from tests.core.test_llm import material
from tests.filled import fill
from tests.llm_server import LLMServer

PASSAGE = "The ferry to Orrin leaves at nine from the northern quay every day of the week."
SAID = "Every day at nine o'clock the boat for Orrin departs; it starts at the quay in the north."


def settings(server: LLMServer, *generators: str, **changes: object) -> PairSettings:
    llm = LLMSettings(base_url=server.url, model="tiny", timeout=5)
    return PairSettings.model_validate({"generators": generators, "llm": llm, "paraphrase": changes})


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"paraphrase": SAID}),
        f"```json\n{json.dumps({'paraphrase': SAID})}\n```",
        json.dumps({"text": SAID}),
        SAID,
        f"<think>In other words …</think>{SAID}",
    ],
)
def test_a_paraphrase_is_found_in_every_common_form(text: str) -> None:
    assert [found.text for found in answers.read_paraphrase(text, PASSAGE).found] == [SAID]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty answer"),
        ('{"answers": 42}', "no paraphrase"),
        ("[" * 9999, "no paraphrase"),
        ("<html>", "no paraphrase"),
        ("Daily at nine.", "too short"),
        ("word " * 300, "too long"),
        (PASSAGE, "copied wording"),
        (f"According to the passage, {SAID}", "leans on the passage"),
    ],
)
def test_what_is_no_paraphrase_is_refused_with_the_reason(text: str, reason: str) -> None:
    reading = answers.read_paraphrase(text, PASSAGE)
    assert (reading.found, reading.why) == ((), f"1 {reason}")


def test_a_passage_is_the_positive_of_its_paraphrase(project) -> None:
    with LLMServer("paraphrase") as server:
        made = list(paraphrase.ask(project, material({"a": 3}), settings(server, "paraphrase")))
    assert [(pair.positives, pair.category, pair.generator) for pair in made if pair.start == 0] == [(("a-0",), SINGLE, "paraphrase")]
    assert len(made) == 3
    assert server.requests[0]["response_format"]["json_schema"]["schema"]["required"] == ["paraphrase"]


def test_the_neighbour_of_a_passage_is_the_positive_of_its_paraphrase(project) -> None:
    given = material({"a": 40, "b": 1})
    with LLMServer("paraphrase") as server:
        wanted = paraphrase.successive(given, settings(server, SUCCESSIVE))
        made = list(paraphrase.ask_successive(project, given, settings(server, SUCCESSIVE)))
    assert len(made) == 20 and {pair.category for pair in made} == {SUCCESSIVE}
    assert all(abs(one.said.position - one.found.position) == 1 for one in wanted)
    assert 5 < sum(one.said.position < one.found.position for one in wanted) < 15  # either side is said about as often
    ids = [chunk.id for one in wanted for chunk in (one.said, one.found)]
    assert len(ids) == len(set(ids))


def test_no_paraphrase_is_a_query_with_two_answers(project) -> None:
    with LLMServer("paraphrase") as server:
        both = settings(server, "paraphrase", SUCCESSIVE, max_chunks=5)
        single = list(paraphrase.ask(project, material({"a": 20}), both))
        successive = list(paraphrase.ask_successive(project, material({"a": 20}), both))
    assert len(single) == 5 and len(successive) == 5
    assert not {pair.query for pair in single} & {pair.query for pair in successive}


def test_a_paraphrase_is_paid_for_once_whatever_it_is_used_for(project) -> None:
    given = material({"a": 6})
    with LLMServer("paraphrase") as server:
        list(paraphrase.ask(project, given, settings(server, "paraphrase")))
        list(paraphrase.ask_successive(project, given, settings(server, SUCCESSIVE)))
        list(paraphrase.rewrite(project, given, given.chunks, settings(server)))
    assert len(server.requests) == 6


@pytest.mark.parametrize(("share", "least", "most"), [(0.0, 0, 0), (0.5, 10, 30), (1.0, 40, 40)])
def test_so_many_pairs_are_turned_round_as_was_asked(project, share: float, least: int, most: int) -> None:
    with LLMServer("paraphrase") as server:
        asked = settings(server, "paraphrase", swapped=share)
        made = list(paraphrase.ask(project, material({"a": 40}), asked))
        again = list(paraphrase.ask(project, material({"a": 40}), asked))
    assert least <= sum(pair.swapped for pair in made) <= most
    assert {(pair.id, pair.swapped) for pair in made} == {(pair.id, pair.swapped) for pair in again}


def test_training_takes_the_passage_of_a_turned_pair_as_the_query(project) -> None:
    fill(project, 30)
    with LLMServer("paraphrase") as server:
        recipe = parse({"pairs": settings(server, "paraphrase", swapped=1.0).model_dump(), "train": {"generators": ["paraphrase"]}})
        pairs.make(project, recipe.pairs)
    texts = {chunk.text for chunk in project.chunks()}
    rows = [row for row in split.dataset(project, recipe).train if row.generator == "paraphrase"]
    assert rows and all(row.query in texts and row.positive not in texts for row in rows)


def test_chunks_too_short_to_say_anything_are_not_asked_about() -> None:
    given = material({"a": 4})
    short = Chunk("a-x", "a", 4, "Short.", 400, 406, 1, 1, 2)
    assert "a-x" not in {one.said.id for one in paraphrase.successive(type(given)({}, [*given.chunks, short], {}), PairSettings())}


def test_a_timeline_says_where_its_reworded_pairs_are_made_and_keeps_its_shares(project) -> None:
    given = material(
        {"a": 400, "b": 400}, text="Report {i} of {name} tells in many words of its own what happened in the year that it is about."
    )
    parts = {"successive": 0.5, "single_synthetic": 0.3, "random_pair": 0.0, "synthetic_pair": 0.2}
    with LLMServer("paraphrase") as server:
        wanted = settings(server, "timeline", "paraphrase", SUCCESSIVE).model_copy(update={"timeline": TimelineSettings(**parts)})
        offline = list(timeline.generate(given, wanted))
        single = list(paraphrase.ask(project, given, wanted))
        successive = list(paraphrase.ask_successive(project, given, wanted))
    made = [*offline, *single, *successive]
    assert [len(group) / len(made) for group in (offline, single, successive)] == pytest.approx([0.5, 0.3, 0.2], abs=0.06)
    assert len(made) > 80 and {pair.group for pair in made} == {"a", "b"}
    assert {pair.category for pair in single} == {SINGLE} and {pair.category for pair in successive} == {SUCCESSIVE}
    spots = sorted((pair.document_id, pair.start // 100) for pair in made)
    assert all(one[0] != other[0] or other[1] - one[1] > 2 for one, other in itertools.pairwise(spots))
