"""The quality gate: what each fault gives away, and what becomes of a pair that has one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core import gate, pairs
from core.gate.wording import LOOSELY, OUTRIGHT, longest_run, refers
from core.project import PairFilter, Project
from core.recipe import GateSettings, Recipe, parse
from core.schema import Chunk, Document, File, FileState, Measure, Page, Pair, PairState, Reason
from tests import tiny

LIMITS = GateSettings()
WORDS_ONLY = parse({"gate": {"found_within": 0}})  # no model is loaded
PASSAGE = "The permit for a walrus is yellow and must be shown at the gate of the harbour before noon every day."


@pytest.mark.parametrize(
    "query",
    [
        "What does this text say about permits?",
        "According to the passage, who feeds the walrus?",
        "Who is named in the text above?",
        "What is this document about?",
        "Which rules are described above?",
        "Was sagt der Text über Genehmigungen?",
        "Worum geht es in diesem Abschnitt?",
        "Laut Text, wer füttert das Walross?",
        "Que dit ce texte sur les permis ?",
        "D'après le passage, qui nourrit le morse ?",
        "¿Qué dice el texto sobre los permisos?",
        "Di che cosa parla questo brano?",
        "Segundo o texto, quem alimenta a morsa?",
        "Wat zegt de tekst over vergunningen?",
        "O czym mówi ten fragment?",
        "О чём говорится в тексте?",
        "本文主要讲了什么？",
        "这段文字说明了什么？",
        "この文章によると、誰が餌をやりますか。",
        "이 글에서 설명하는 것은 무엇입니까?",
        "ماذا يقول هذا النص؟",
    ],
)
def test_a_question_that_speaks_of_its_passage_is_seen_in_many_languages(query: str) -> None:
    assert refers(query) == OUTRIGHT


@pytest.mark.parametrize("query", ["What rights are mentioned in the context?", "How does the document define risk, in the document?"])
def test_a_loose_reference_is_told_from_an_outright_one(query: str) -> None:
    assert refers(query) == LOOSELY


@pytest.mark.parametrize(
    "query",
    [
        "How do I send a text message?",
        "Why does passage of the bill take so long?",
        "What does the text of the law say about fees?",
        "What is the role of privacy in the context of voting?",
        "Was gilt nach Absatz 2 für Gebühren?",
        "Which document do I need at the gate?",
        "What is the title of the document published by the Department of Defense in June 2022?",
        "この文化の特徴は何ですか。",
        "日本文化とは何ですか。",
        "Who walks the walrus after dark?",
    ],
)
def test_a_question_that_stands_alone_refers_to_nothing(query: str) -> None:
    assert refers(query) == 0


@pytest.mark.parametrize(
    ("query", "run"),
    [
        ("The permit for a walrus is yellow?", 7),
        ("Is it true that the permit for a WALRUS is yellow", 7),
        ("Who feeds it?", 0),
        ("the gate of the harbour, the permit for a walrus", 5),
        ("", 0),
    ],
)
def test_the_longest_run_of_copied_words(query: str, run: int) -> None:
    assert longest_run(query, PASSAGE) == run


def test_a_chinese_sign_counts_as_a_word_of_a_run() -> None:
    assert longest_run("许可证是黄色的吗", "海象的许可证是黄色的，必须出示。") == 7


def fill(project: Project, queries: dict[str, str], **settings: object) -> Project:
    """Give the project passages on one animal each, and one question of a language model for each animal that is named."""
    animals = {name: PASSAGE.replace("walrus", name) + f" Every {name} sleeps alone." for name in ("walrus", "heron", "otter", "lynx")}
    file = File("f", "zoo.txt", "0" * 64, 1, "text", FileState.READ)
    project.replace_documents(
        file, [Document(n, "f", i, n, 200) for i, n in enumerate(animals)], [Page(n, 1, 0, t) for n, t in animals.items()]
    )
    project.replace_chunks([Chunk(f"c{n}", n, 0, t, 0, len(t), 1, 1, 30) for n, t in animals.items()], [])
    made = [
        Pair(f"{n}{i}", q, n.split("-")[0], 0, 100, (f"c{n.split('-')[0]}",), "llm", made=float(i))
        for i, (n, q) in enumerate(queries.items())
    ]
    project.add_pairs(replace(pair, **settings) for pair in made)
    return project


FAULTY = {
    "walrus": "Who may not walk a walrus at night without a lamp?",
    "walrus-again": "Who may not walk at night without a lamp a walrus?",
    "heron": "The permit for a heron is yellow and must be shown",
    "otter": "What does this text say about otters and their permits?",
    "otter-short": "Otter?",
    "lynx": "Wer darf einen Luchs nach Einbruch der Dunkelheit ausführen?",
}
REASONS = {
    "walrus": "",
    "walrus-again": Reason.NEAR,
    "heron": Reason.COPIED,
    "otter": Reason.REFERS,
    "otter-short": Reason.SHORT,
    "lynx": Reason.LANGUAGE,
}


def reasons(project: Project) -> dict[str, str]:
    return {pair.id.rstrip("0123456789"): pair.reason for pair in project.pairs()}


def test_each_fault_sets_a_pair_aside_with_its_reason(project: Project) -> None:
    effect = gate.check(fill(project, FAULTY), WORDS_ONLY)
    assert reasons(project) == REASONS
    assert {pair.state for pair in project.pairs() if pair.reason} == {PairState.ASIDE}
    assert (effect.more, effect.back, effect.passed, effect.unmeasured) == (5, 0, 1, 0)


def test_a_second_check_changes_nothing_and_leaves_no_step_to_undo(project: Project) -> None:
    gate.check(fill(project, FAULTY), WORDS_ONLY)
    before = project.pairs()
    assert gate.check(project, WORDS_ONLY).more == 0
    assert project.pairs() == before
    assert len(project.decisions()) == 1


def test_peoples_questions_are_remarked_on_and_kept(project: Project) -> None:
    effect = gate.check(fill(project, FAULTY, people=True), WORDS_ONLY)
    assert {pair.state for pair in project.pairs()} == {PairState.KEPT}
    assert reasons(project) == REASONS
    assert (effect.aside, sum(effect.remarked.values())) == ({}, 5)


def test_what_a_person_decided_stays(project: Project) -> None:
    gate.check(fill(project, FAULTY), WORDS_ONLY)
    pairs.judge(project, ["heron2"], PairState.KEPT)
    pairs.judge(project, ["walrus0"], PairState.DROPPED)
    gate.check(project, WORDS_ONLY)
    assert (project.pair("heron2").state, project.pair("walrus0").state) == (PairState.KEPT, PairState.DROPPED)


def test_a_pair_that_a_person_mends_is_given_back(project: Project) -> None:
    gate.check(fill(project, FAULTY), WORDS_ONLY)
    pairs.edit(project, "otter3", "What do otters need a permit for?")
    assert project.pair("otter3").state is PairState.KEPT
    assert project.effect(project.recipe().gate).unmeasured == 1
    gate.check(project, WORDS_ONLY)
    assert (project.pair("otter3").state, project.pair("otter3").reason) == (PairState.KEPT, "")


@pytest.mark.parametrize("generator", ["sentence", "phrases", "heading"])
def test_a_query_taken_from_its_passage_may_have_its_words_and_be_short(project: Project, generator: str) -> None:
    gate.check(fill(project, {"heron": FAULTY["heron"], "otter": "Otter"}, generator=generator), WORDS_ONLY)
    assert {pair.state for pair in project.pairs()} == {PairState.KEPT}


@pytest.mark.parametrize(
    ("generator", "kind"),
    [
        ("llm", gate.ASKED),
        ("local", gate.ASKED),
        ("typed", gate.ASKED),
        ("crop", gate.TAKEN),
        ("timeline", gate.OTHER),
        ("theme", gate.OTHER),
    ],
)
def test_the_wording_counts_for_questions_alone(generator: str, kind: str) -> None:
    assert gate.kind_of(generator) == kind


@pytest.mark.parametrize(
    ("changes", "more", "back"),
    [
        ({}, 0, 0),
        ({"least_words": 1}, 0, 1),
        ({"language": False, "refers": "no"}, 0, 2),
        ({"least_words": 20}, 1, 0),
        ({"copied": 1.0}, 0, 0),
        ({"copied_words": 20, "near_duplicate": 1.0}, 0, 2),
    ],
)
def test_moved_limits_show_their_effect_before_they_are_applied_and_then_do_just_that(
    project: Project, changes: dict[str, object], more: int, back: int
) -> None:
    gate.check(fill(project, FAULTY), WORDS_ONLY)
    limits = LIMITS.model_copy(update={"found_within": 0, **changes})
    before = project.pairs()
    effect = project.effect(limits)
    assert (effect.more, effect.back) == (more, back)
    assert project.pairs() == before
    project.apply_gate(limits, "me")
    assert project.count_pairs(PairFilter(state=PairState.ASIDE)) == 5 + more - back
    assert project.recipe().gate == limits


def test_applied_limits_are_undone_with_what_they_did(project: Project) -> None:
    gate.check(fill(project, FAULTY), WORDS_ONLY)
    before, limits = project.pairs(), project.recipe().gate
    project.apply_gate(limits.model_copy(update={"refers": "no", "least_words": 1}), "me")
    assert project.pairs() != before
    project.undo()
    assert (project.pairs(), project.recipe().gate) == (before, limits)
    project.redo()
    assert project.recipe().gate.refers == "no"
    assert project.pair("otter3").state is PairState.KEPT


def test_measures_are_taken_once(project: Project) -> None:
    gate.measure(fill(project, FAULTY), WORDS_ONLY)
    with project.write() as db:
        db.execute("UPDATE measures SET words = 77")
    pairs.edit(project, "heron2", "Which colour has the permit for a heron?")
    gate.measure(project, WORDS_ONLY)
    with project.read() as db:
        assert {row[0]: row[1] for row in db.execute("SELECT pair_id, words FROM measures")} == {
            pair.id: 8 if pair.id == "heron2" else 77 for pair in project.pairs()
        }


def test_a_passage_longer_than_the_model_reads_is_seen(project: Project) -> None:
    fill(project, {"walrus": FAULTY["walrus"]})
    with project.write() as db:
        db.execute("UPDATE chunks SET tokens = 900")
    gate.check(project, WORDS_ONLY)
    assert reasons(project) == {"walrus": Reason.CUT}


def test_ranks_decide_by_either_search_and_unknown_ones_not_at_all(project: Project) -> None:
    fill(project, dict.fromkeys(("walrus", "heron", "otter", "lynx"), FAULTY["walrus"]))
    ranks = {"walrus0": (0, 3), "heron1": (4, 0), "otter2": (30, 0), "lynx3": (-1, -1)}
    project.save_measures(
        Measure(key, "d", kind="asked", words=9, rank_base=base, rank_words=words) for key, (base, words) in ranks.items()
    )
    project.apply_gate(LIMITS, "me")
    assert reasons(project) == {"walrus": "", "heron": "", "otter": Reason.LOST, "lynx": ""}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.model(tmp_path_factory.mktemp("models") / "tiny")


def test_a_question_that_finds_its_passage_by_its_words_is_found_again(project: Project, model: Path) -> None:
    recipe = parse({"train": {"base_model": str(model)}, "gate": {"found_within": 1}})
    fill(project, {"walrus": "Where does a walrus sleep?", "heron": "Who is it that sleeps there alone?"})
    gate.measure(project, recipe)
    with project.read() as db:
        found = {row[0]: (row[1], row[2]) for row in db.execute("SELECT pair_id, rank_base, rank_words FROM measures")}
    assert found["walrus0"][1] == 1
    assert all(rank > 0 for ranks in found.values() for rank in ranks)


def test_a_taken_query_is_searched_for_without_itself(project: Project, model: Path) -> None:
    fill(project, {})
    start = PASSAGE.replace("walrus", "lynx").index("must")
    chunk = project.chunk("clynx")
    query = chunk.text[start : start + 30]
    project.add_pairs([Pair("p", query, "lynx", 0, 100, ("clynx",), "sentence", query_start=start, query_end=start + 30)])
    gate.measure(project, parse({"train": {"base_model": str(model)}, "gate": {"taken_within": 5}}))
    with project.read() as db:
        by_words = db.execute("SELECT rank_words FROM measures").fetchone()[0]
    assert by_words in (0, 4), "the other passages have its words, its own has them no more"


def test_new_passages_are_searched_too_and_a_missing_model_sets_nothing_aside(project: Project) -> None:
    recipe = parse({"train": {"base_model": "/nowhere/model"}})
    effect = gate.check(fill(project, {"walrus": FAULTY["walrus"]}), recipe)
    assert (effect.passed, effect.more) == (1, 0)


def test_without_pairs_there_is_nothing_to_check(project: Project) -> None:
    assert gate.check(project, Recipe()).passed == 0
