from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from core import generators
from core.errors import UserError
from core.generators import GENERATORS, GROUPS, WRITER, Material, by_model, mix
from core.generators.heading import query_of
from core.recipe import PairSettings
from core.schema import Chunk, Document, Pair

LEAVE = "2.1 Asking for leave\nSend a blue slip at least two weeks ahead. Your bosun answers within five working days of it. Too short. If nobody answers, the slip counts as agreed by the company."
TEXTS = {
    "a": [
        LEAVE,
        "The ferry to Orrin leaves at nine from the northern quay every day. Dogs and horses travel free on the open car deck in summer.",
    ],
    "b": ["Expenses are claimed in Ledgerbird within sixty days. A photograph of the receipt is attached to every line of the claim."],
}


def material(texts: dict[str, list[str]] = TEXTS, **of_document: object) -> Material:
    """Lay the texts of each document one after the other, as its chunks."""
    documents, chunks = {}, []
    for name, bodies in texts.items():
        start = 0
        for i, body in enumerate(bodies):
            heading = body.split("\n")[0] if "\n" in body else ""
            chunks.append(Chunk(f"{name}{i}", name, i, body, start, start + len(body), 1, 1, 50, heading, theme_id="t" if i == 0 else ""))
            start += len(body) + 2
        documents[name] = Document(name, "f", 0, name, start, **of_document)  # type: ignore[arg-type]
    return Material(documents, chunks, {"t": "Daily life"})


def run(name: str, given: Material | None = None, **settings: object) -> list[Pair]:
    return list(GENERATORS[name].load()(given or material(), PairSettings.model_validate(settings)))


@pytest.mark.parametrize("name", [name for name in GENERATORS if not by_model([name]) and WRITER not in GENERATORS[name].needs])
def test_pairs_are_the_same_every_time_and_name_what_they_come_from(name: str) -> None:
    given = material(questions=("How do I ask for leave?",), anchors=("leave",))
    one, other = run(name, given, per_chunk=2), run(name, given, per_chunk=2)
    assert one == other != []
    chunks = {c.id: c for c in given.chunks}
    assert len({p.id for p in one}) == len(one)
    for pair in one:
        assert pair.generator == name
        assert pair.query == " ".join(pair.query.split()) != ""
        held = [chunks[c] for c in pair.positives]
        assert {c.document_id for c in held} == {pair.document_id}
        assert (pair.start, pair.end) == (min(c.start for c in held), max(c.end for c in held))


def test_every_kind_stands_in_one_group() -> None:
    assert sorted(name for names in GROUPS.values() for name in names) == sorted(GENERATORS)


@pytest.mark.parametrize("name", list(GENERATORS))
def test_every_generator_says_what_it_does_needs_and_when_to_choose_it(name: str) -> None:
    choice = GENERATORS[name]
    assert len(choice.help) > 40
    assert choice.tags & {"offline", "llm", "local"}
    entry = choice.load()
    said = f"{__import__(entry.__module__, fromlist=['x']).__doc__}\n{entry.__doc__}"
    assert all(word in said for word in ("What it does:", "Needs:", "Choose it", "Source:"))


def test_a_sentence_query_is_a_whole_sentence_of_six_words_with_its_exact_place() -> None:
    given = material()
    text = {c.id: c for c in given.chunks}
    for pair in run("sentence", per_chunk=20):
        chunk = text[pair.positives[0]]
        assert chunk.text[pair.query_start - chunk.start : pair.query_end - chunk.start] == pair.query
        assert len(pair.query.split()) >= 6
        assert pair.query[0].isupper()
        assert pair.query[-1] == "."
    assert Counter(p.positives[0] for p in run("sentence", per_chunk=20)) == {"a0": 3, "a1": 2, "b0": 2}


def test_a_higher_number_a_chunk_only_adds_sentences() -> None:
    one, two = ({p.id for p in run("sentence", per_chunk=n)} for n in (1, 2))
    assert one < two


def test_another_seed_takes_other_sentences() -> None:
    long = material({"a": [" ".join(f"Sentence number {i} says that something else happened." for i in range(20))]})
    assert {run("sentence", long, seed=seed)[0].query for seed in range(6)} != {run("sentence", long)[0].query}


def test_a_sentence_that_two_chunks_share_is_not_asked() -> None:
    first = Chunk("c0", "a", 0, "A sentence of only the first chunk here. This one is shared by both the chunks.", 0, 79, 1, 1, 50)
    second = Chunk("c1", "a", 1, "This one is shared by both the chunks. A sentence of only the second chunk here.", 41, 121, 1, 1, 50)
    found = run("sentence", Material({"a": Document("a", "f", 0, "a", 121)}, [first, second], {}), per_chunk=5)
    assert [p.query for p in found] == ["A sentence of only the first chunk here.", "A sentence of only the second chunk here."]


def test_a_cut_out_is_whole_words_of_its_passage_with_their_exact_place() -> None:
    text = {c.id: c for c in material().chunks}
    found = run("crop", per_chunk=3)
    assert Counter(p.positives[0] for p in found)["a0"] == 3
    for pair in found:
        chunk = text[pair.positives[0]]
        start, end = pair.query_start - chunk.start, pair.query_end - chunk.start
        assert " ".join(chunk.text[start:end].split()) == pair.query
        assert len(chunk.text[:start].split()) + len(pair.query.split()) + len(chunk.text[end:].split()) == len(chunk.text.split())
        assert 4 <= len(pair.query.split()) <= max(4, round(len(chunk.text.split()) / 2))


def test_cut_outs_of_one_passage_do_not_overlap() -> None:
    long = material({"a": [" ".join(f"word{i}" for i in range(200))]})
    spans = sorted((p.query_start, p.query_end) for p in run("crop", long, per_chunk=4))
    assert len(spans) > 1
    assert all(one[1] <= other[0] for one, other in pairwise(spans))


def test_chinese_text_without_blanks_is_cut_out_of_too() -> None:
    given = material({"a": ["员工每年有二十七天的带薪年假。请假需要提前两周提出书面申请。短句。公司会在五个工作日内给出答复。"]})
    (pair,) = run("crop", given)
    assert pair.query in given.chunks[0].text
    assert pair.query != given.chunks[0].text


@pytest.mark.parametrize(
    ("chosen", "rates"),
    [
        (("sentence", "phrases"), {"sentence": 0.25, "phrases": 1.0}),
        (("sentence", "crop"), {"sentence": 1.0, "crop": 0.5}),
        (("sentence", "timeline"), {"sentence": 1.0, "timeline": 1.0}),
        ((), {}),
    ],
)
def test_the_largest_share_of_those_chosen_gives_all_and_the_others_their_part_of_it(
    chosen: tuple[str, ...], rates: dict[str, float]
) -> None:
    assert mix.rates({"sentence": 0.2, "phrases": 0.8, "crop": 0.1}, chosen) == rates


def test_what_is_drawn_keeps_its_share_and_stays_drawn_when_more_comes() -> None:
    made = [Pair(str(i), "q", "d", 0, 1, ("c",), "sentence") for i in range(4000)]
    few, many = mix.drawn(made[:2000], 0.3, 1), mix.drawn(made, 0.3, 1)
    assert 0.26 < len(few) / 2000 < 0.34
    assert [pair.id for pair in many][: len(few)] == [pair.id for pair in few]
    assert mix.drawn(made, 1.0, 1) == made
    assert mix.drawn(made, 0.0, 1) == []


def test_chinese_sentences_are_asked_too() -> None:
    given = material({"a": ["员工每年有二十七天的带薪年假。请假需要提前两周提出书面申请。短句。公司会在五个工作日内给出答复。"]})
    assert next(p.query for p in run("sentence", given)) in given.chunks[0].text


def test_a_passage_of_one_sentence_gives_none() -> None:
    assert run("sentence", material({"a": ["There is only this one sentence in the passage."]})) == []


@pytest.mark.parametrize(
    ("heading", "query"),
    [
        ("2.1 Asking for leave", "Asking for leave"),
        ("A.1.2. Organizational Governance", "Organizational Governance"),
        ("Appendix B: Safety drills", "Safety drills"),
        ("IV. Penalties", "Penalties"),
        ("第一章 数据安全", "数据安全"),
        ("A new beginning", "A new beginning"),
        ("2024 Annual figures", "2024 Annual figures"),
        ("1. Introduction", ""),
        ("Appendix 2", ""),
        ("3.2", ""),
        ("FAQ", ""),
        ("第一章 总则", ""),
        ("Table of Contents", ""),
        ("", ""),
    ],
)
def test_a_heading_loses_its_number_and_says_something_or_is_skipped(heading: str, query: str) -> None:
    assert query_of(heading) == query


def test_a_heading_asks_for_its_section_which_is_then_read_without_it() -> None:
    (pair,) = run("heading")
    assert (pair.query, pair.positives) == ("Asking for leave", ("a0",))
    assert LEAVE[pair.query_start : pair.query_end] == "2.1 Asking for leave"


@pytest.mark.parametrize(("number", "positives"), [(1, 1), (3, 3), (5, 1)])
def test_a_heading_stands_for_a_short_section_and_for_the_beginning_of_a_long_one(number: int, positives: int) -> None:
    chunks = [Chunk(f"c{i}", "a", i, f"text {i}", 10 * i, 10 * i + 6, 1, 1, 9, "Lost things") for i in range(number)]
    (pair,) = run("heading", Material({"a": Document("a", "f", 0, "a", 99)}, chunks, {}))
    assert len(pair.positives) == positives
    assert (pair.query_start, pair.end) == (-1, chunks[positives - 1].end)


def test_key_phrases_are_two_to_four_that_stand_in_the_passage_and_have_no_place() -> None:
    given = material()
    text = {c.id: " ".join(generators_words(c.text)) for c in given.chunks}
    for pair in run("phrases", per_chunk=2):
        assert pair.query_start == -1
        assert len(pair.query.split()) >= 2
        assert all(word in text[pair.positives[0]] for word in pair.query.split())
    assert "leave" in next(p.query for p in run("phrases") if p.positives == ("a0",)) + " leave"


def generators_words(text: str) -> list[str]:
    from core.text import words

    return words(text)


def test_key_phrases_are_what_other_passages_do_not_say() -> None:
    same = "The company explains the usual rules of the company to everybody who works there."
    texts = [f"{same} The {name} permit is yellow." for name in ("walrus", "badger", "heron", "otter")]
    assert all(
        name in pair.query
        for name, pair in zip(("walrus", "badger", "heron", "otter"), run("phrases", material({"a": texts})), strict=True)
    )


def test_questions_from_columns_are_taken_as_they_are_for_all_of_their_answer() -> None:
    given = material(questions=("How do I  ask for leave?", " "), judge_only=True)
    first, second = run("columns", given)
    assert (first.query, first.people, first.judge_only, first.positives) == ("How do I ask for leave?", True, True, ("a0", "a1"))
    assert second.positives == ("b0",)


def test_questions_kept_for_judging_come_first() -> None:
    documents = {n: Document(n, "f", 0, n, 9, questions=("Q?",), judge_only=n == "b") for n in TEXTS}
    assert [p.judge_only for p in run("columns", Material(documents, material().chunks, {}))] == [True, False]


def test_the_theme_question_is_asked_of_chunks_with_a_theme_and_warned_of() -> None:
    assert {p.query for p in run("theme")} == {"What does this text say about Daily life?"}
    assert [p.positives for p in run("theme")] == [("a0",), ("b0",)]
    assert all(figure in GENERATORS["theme"].help for figure in ("0.509", "0.428", "never the default"))
    assert "theme" not in PairSettings().generators


def test_an_unknown_generator_is_named_with_those_there_are() -> None:
    with pytest.raises(UserError, match="sentence, crop, heading, phrases"):
        GENERATORS["magic"]


def test_pairs_made_by_hand_have_a_label_too() -> None:
    assert generators.label("typed") == "Typed by hand"
    assert generators.label("sentence") == GENERATORS["sentence"].label


def test_abstracts_give_a_sentence_and_phrases_nearly_all(data: Path) -> None:
    lines = (data / "retrieval" / "cranfield" / "corpus.jsonl").read_text().splitlines()[:300]
    given = material({str(i): [json.loads(line)["text"].strip()] for i, line in enumerate(lines) if json.loads(line)["text"].strip()})
    asked, phrases = run("sentence", given), run("phrases", given)
    assert len(asked) > 0.9 * len(given.chunks)
    assert len(phrases) > 0.98 * len(given.chunks)
    assert len({p.query for p in phrases}) == len(phrases)
