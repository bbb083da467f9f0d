"""Mixed kinds of questions: their shares, how they are asked for, and how they are found in answers of every form."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from pydantic import ValidationError

from core.generators import answers, kinds, llm
from core.generators.kinds import KINDS
from core.recipe import LLMSettings
from core.recipe.llm import PROMPT
from tests.core.test_llm import ask, material, settings
from tests.llm_server import LLMServer

SHARES = {"question": 0.4, "keywords": 0.3, "long": 0.15, "statement": 0.15}


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_over_many_passages_the_kinds_come_in_the_shares_given(count):
    met = Counter(kind for i in range(4000) for kind in kinds.allot(SHARES, count, f"passage {i}"))
    assert sum(met.values()) == 4000 * count
    for kind, share in SHARES.items():
        assert met[kind] / (4000 * count) == pytest.approx(share, abs=0.02)


def test_a_passage_always_gets_the_same_kinds_and_different_ones_where_it_can():
    assert kinds.allot(SHARES, 3, "text") == kinds.allot(SHARES, 3, "text")
    even = dict.fromkeys(KINDS, 1.0)
    assert all(len(set(kinds.allot(even, 4, f"passage {i}"))) == 4 for i in range(50))


def test_a_kind_without_a_share_is_never_asked_for():
    assert {k for i in range(200) for k in kinds.allot({"keywords": 2.0}, 3, str(i))} == {"keywords"}


@pytest.mark.parametrize("shares", [{}, {"question": 0}, {"question": -1, "long": 2}, {"riddle": 1}, {"question": float("nan")}])
def test_shares_that_make_no_sense_are_refused(shares):
    with pytest.raises(ValidationError):
        LLMSettings(shares=shares)


ASKED = ("question", "keywords")


@pytest.mark.parametrize(
    "text",
    [
        '{"questions": [{"kind": "question", "text": "Who signs the form?"}, {"kind": "keywords", "text": "form signature"}]}',
        '[{"kind": "question", "question": "Who signs the form?"}, {"kind": "keywords", "query": "form signature"}]',
        '{"question": "Who signs the form?", "keywords": "form signature"}',
        '{"questions": {"question": ["Who signs the form?"], "keywords": ["form signature"]}}',
        '{"questions": ["Who signs the form?", "form signature"]}',
        "1. Who signs the form?\n2. form signature",
        'Sure!\n```json\n[{"kind": "question", "text": "Who signs the form?"}, {"kind": "keywords", "text": "form signature"}]\n```',
        '{"questions": [{"kind": "question", "text": "Who signs the form?"}, {"kind": "keywords", "text": "form signature"}, {"kind": "lo',
    ],
)
def test_kinds_are_found_in_every_common_form(text):
    assert [tuple(found) for found in answers.read(text, 9, ASKED).found] == [
        ("Who signs the form?", "question"),
        ("form signature", "keywords"),
    ]


def test_a_kind_that_nobody_asked_for_is_not_made_up():
    found = answers.read('[{"kind": "poem", "text": "Who signs the form?"}, "Where is it kept?", "Why is it so?"]', 9, ASKED).found
    assert [one.kind for one in found] == ["", "", ""]


def test_a_keyword_query_may_be_short_and_a_long_question_long():
    assert answers.read('[{"kind": "keywords", "text": "年假"}]', 9, ASKED).found
    assert answers.read(json.dumps([{"kind": "long", "text": "My case is so. " * 30 + "What now?"}]), 9, ("long",)).found
    assert not answers.read(json.dumps([{"kind": "question", "text": "My case is so. " * 30 + "What now?"}]), 9, ASKED).found


def test_the_kind_of_a_question_becomes_its_pair_s_category(project):
    with LLMServer("kinds") as server:
        pairs = list(ask(project, material({"a": 12}), settings(server)))
    assert {pair.category for pair in pairs} >= {"question", "keywords"}
    assert len(pairs) == 24
    shape = server.requests[0]["response_format"]["json_schema"]
    assert shape["schema"]["properties"]["questions"]["items"]["properties"]["kind"]["enum"] == list(KINDS)


def test_the_language_chosen_is_asked_for(project):
    with LLMServer() as server:
        list(ask(project, material({"a": 1}), settings(server, language="Plattdeutsch")))
    assert "Write in Plattdeutsch." in server.requests[0]["messages"][0]["content"]


OLD = PROMPT.replace("{kinds}", "").replace("{language}", "the passage's own language").replace('{"kind": "...", "text": "..."}', '"..."')


def test_a_prompt_without_kinds_is_asked_as_before_and_its_paid_answers_stay_valid(project):
    """The key of an answer is what it was before there were kinds, so an older project pays for nothing again."""
    from core.digest import digest
    from core.schema import RawAnswer

    given = material({"a": 1})
    with LLMServer() as server:
        wanted = settings(server, prompt=OLD, max_tokens=600, temperature=0.7)
        call = llm.plan(given, wanted)[0]
        assert call.key == digest("llm", call.prompt, "tiny", 600, 0.7, 2)
        text = '{"questions": ["Who signs the form?", "Where is it kept?"]}'
        project.save_raw_answer(RawAnswer(call.key, "a-0", "tiny", text, 1, 1, 0.0, 1.0))
        pairs = list(ask(project, given, wanted))
    assert [(pair.query, pair.category) for pair in pairs] == [("Who signs the form?", ""), ("Where is it kept?", "")]
    assert not server.requests
