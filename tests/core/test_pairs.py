from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from core import chunk, ingest, pairs
from core.errors import UserError
from core.pairs import reattach
from core.pairs.sieve import evenly
from core.project import PairFilter, Project
from core.recipe import BASE_MODEL, ChunkSettings, LLMSettings, PairSettings
from core.schema import Chunk, Document, File, FileState, Page, Pair, PairState
from tests.llm_server import LLMServer

ROOT = Path(__file__).resolve().parent.parent.parent
TOPICS = ["walrus", "badger", "heron", "otter", "lynx", "stoat", "raven", "viper", "camel", "moose"]
OFFLINE = PairSettings(generators=("sentence", "heading", "phrases"), shares={})


def passage(topic: str) -> str:
    return (
        f"The permit for a {topic} is yellow and must be shown at the gate. Every {topic} eats two buckets of feed before noon. "
        f"Nobody walks a {topic} after dark without a lamp and a whistle. Lost {topic}s are brought to the harbour office by noon."
    )


def fill(project: Project, documents: dict[str, list[str]], **questions: tuple[str, ...]) -> None:
    """Give the project documents of one chunk each text, and questions by document."""
    chunks: list[Chunk] = []
    for name, texts in documents.items():
        starts = [sum(len(t) + 2 for t in texts[:i]) for i in range(len(texts))]
        body = "\n\n".join(texts)
        made = Document(name, f"f{name}", 0, name, len(body), questions=questions.get(name, ()), judge_only=name.startswith("judge"))
        project.replace_documents(File(f"f{name}", name, "0" * 64, 1, "text", FileState.READ), [made], [Page(name, 1, 0, body)])
        chunks += [Chunk(f"{name}{i}", name, i, t, s, s + len(t), 1, 1, 60) for i, (t, s) in enumerate(zip(texts, starts, strict=True))]
    project.replace_chunks(chunks, [])


def zoo(project: Project, **questions: tuple[str, ...]) -> None:
    fill(project, {topic: [passage(topic), f"{passage(topic)} This {topic} is a rare and shy one."] for topic in TOPICS}, **questions)


def big(project: Project) -> None:
    fill(project, {t: [f"Rule {i} of the {t} house. {passage(t)} See number {i * 7}." for i in range(40)] for t in TOPICS})


def state(project: Project) -> list[Pair]:
    """Return all pairs but for the time they were made."""
    return [replace(pair, made=0.0) for pair in project.pairs()]


def test_a_rerun_adds_nothing_and_says_the_same(project: Project) -> None:
    zoo(project, walrus=("What colour is the permit?",))
    first = pairs.make(project, OFFLINE)
    before = project.pairs()
    again = pairs.make(project, OFFLINE)
    assert first.added > 20
    assert again == replace(first, added=0)
    assert project.pairs() == before


def test_questions_that_came_with_the_documents_are_always_taken_and_first(project: Project) -> None:
    zoo(project, walrus=("What colour is the permit?", "Who feeds it?"))
    report = pairs.make(project, PairSettings(generators=()))
    assert report.by_generator == {"columns": 2}
    assert all(p.people and p.positives == ("walrus0", "walrus1") for p in project.pairs())


def test_every_generator_gives_what_it_was_asked_for(project: Project) -> None:
    zoo(project)
    report = pairs.make(project, OFFLINE)
    kept = {name: project.count_pairs(PairFilter(generator=name, state=PairState.KEPT)) for name in OFFLINE.generators}
    assert report.by_generator == kept
    assert report.kept == sum(kept.values())
    assert report.made == project.count_pairs()
    assert kept["sentence"] >= 10


def test_without_passages_it_says_what_to_do(project: Project) -> None:
    with pytest.raises(UserError, match="Add documents"):
        pairs.make(project, OFFLINE)


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ("What colour is the permit?", "what colour is  the permit", "exact duplicate"),
        ("What is the colour of the yellow permit?", "Of what colour is the yellow permit?", "near duplicate"),
        ("Who feeds the walrus at the gate in winter?", "Who feeds the walrus at the gate in summer?", ""),
        ("sick pay", "sick leave", ""),
        ("permit colour", "colour permit", "near duplicate"),
        ("permit colour", "permit colours", ""),
        ("Wer füttert?", "Who feeds?", ""),
    ],
)
def test_duplicates_for_the_same_passage_are_dropped_with_their_reason(project: Project, one: str, other: str, reason: str) -> None:
    zoo(project, walrus=(one, other))
    report = pairs.make(project, PairSettings(generators=()))
    second = next(p for p in project.pairs() if p.query == " ".join(other.split()))
    assert (second.state is PairState.DROPPED, second.reason) == (bool(reason), reason)
    assert (report.exact_duplicates, report.near_duplicates) == (reason == "exact duplicate", reason == "near duplicate")
    assert report.made == 2


def test_the_threshold_is_the_persons(project: Project) -> None:
    zoo(project, walrus=("Who feeds the walrus at the gate in winter?", "Who feeds the walrus at the gate in summer?"))
    assert pairs.make(project, PairSettings(generators=(), near_duplicate=0.7)).near_duplicates == 1


def test_one_question_of_two_people_stands_for_both_passages(project: Project) -> None:
    zoo(project, walrus=("What colour is the permit?",), heron=("What colour is the permit?",))
    assert pairs.make(project, PairSettings(generators=())).kept == 2


def test_of_a_question_to_learn_from_and_to_judge_by_the_judge_keeps_it(project: Project) -> None:
    fill(
        project,
        {"a": [passage("walrus")], "judge": [passage("walrus")]},
        a=("What colour is the permit?",),
        judge=("What colour is the permit?",),
    )
    pairs.make(project, PairSettings(generators=()))
    assert {p.document_id: p.state for p in project.pairs()} == {"judge": PairState.KEPT, "a": PairState.DROPPED}


def test_a_made_query_that_stands_for_several_passages_is_dropped_for_all_of_them(project: Project) -> None:
    same = "This sentence stands in both of the documents as it is."
    fill(project, {n: [f"{same} Feed the {n} at once."] for n in ("walrus", "heron")})
    report = pairs.make(project, PairSettings(generators=("sentence",)))
    assert [(p.query, p.reason) for p in project.pairs()] == [(same, "several passages")] * 2
    assert (report.several_passages, report.kept) == (2, 0)
    project.remove_file("fheron")
    project.replace_chunks(project.chunks(), reattach(project.pairs(), [], project.chunks()))
    pairs.make(project, PairSettings(generators=("sentence",)))
    assert [p.state for p in project.pairs() if p.document_id == "walrus"] == [PairState.KEPT]


def test_a_copy_of_a_passage_gives_no_second_pair(project: Project) -> None:
    fill(project, {n: [passage("walrus")] for n in ("one", "two")})
    report = pairs.make(project, PairSettings(generators=("phrases",)))
    assert (report.kept, report.exact_duplicates, report.several_passages) == (1, 1, 0)


def test_the_theme_question_may_stand_for_many(project: Project) -> None:
    zoo(project)
    theme = project.add_theme("Animals")
    project.set_theme([c.id for c in project.chunks()], theme.id, "person")
    assert pairs.make(project, PairSettings(generators=("theme",))).by_generator == {"theme": 20}


def test_the_cap_is_spread_evenly_over_documents(project: Project) -> None:
    fill(project, {"big": [passage(t) for t in TOPICS], "small": [passage("ibex")], "other": [passage("zebra"), passage("gnu")]})
    assert pairs.make(project, PairSettings(generators=("phrases",), limit=5)).kept == 5
    assert sorted(p.document_id for p in project.pairs()) == ["big", "big", "other", "other", "small"]
    assert [p.positives[0] for p in project.pairs() if p.document_id == "big"] != ["big0", "big1"]


@pytest.mark.parametrize("most", [1, 7, 10, 33, 34, 99])
def test_evenly_takes_exactly_what_it_may(most: int) -> None:
    made = [Pair(f"{d}{i}", "q", d, i, i, ("c",), "g") for d, n in (("a", 1), ("b", 20), ("c", 13)) for i in range(n)]
    chosen = evenly(made, most)
    assert len(chosen) == min(most, 34)
    assert chosen == [p for p in made if p in chosen]


def test_edits_and_drops_by_hand_survive_a_rerun(project: Project) -> None:
    zoo(project)
    pairs.make(project, OFFLINE)
    one, two = [p for p in project.pairs() if p.state is PairState.KEPT][:2]
    pairs.edit(project, one.id, "  What do I show\tat the gate? ")
    pairs.judge(project, [two.id], PairState.DROPPED)
    pairs.make(project, OFFLINE)
    assert (project.pair(one.id).query, project.pair(one.id).edited) == ("What do I show at the gate?", True)
    assert (project.pair(two.id).state, project.pair(two.id).reason) == (PairState.DROPPED, "by hand")


def test_a_pair_that_a_person_kept_is_not_dropped_again(project: Project) -> None:
    same = "This sentence stands in both of the documents as it is."
    fill(project, {n: [f"{same} Feed the {n} at once."] for n in ("walrus", "heron")})
    pairs.make(project, PairSettings())
    first = project.pairs()[0]
    pairs.judge(project, [first.id], PairState.KEPT)
    pairs.make(project, PairSettings())
    assert project.pair(first.id).state is PairState.KEPT


def test_a_pair_added_by_hand_is_a_persons_and_marked_ones_only_judge(project: Project) -> None:
    zoo(project)
    typed = pairs.add_by_hand(project, " Who feeds it? ", "walrus0")
    marked = pairs.add_by_hand(project, "Who feeds it?", "walrus0", judge_only=True)
    assert (typed.generator, typed.people, typed.judge_only, typed.query) == ("typed", True, False, "Who feeds it?")
    assert (marked.generator, marked.people, marked.judge_only) == ("marked", True, True)
    assert project.pair(typed.id) == typed
    assert {p.id for p in project.pairs()} == {typed.id, marked.id}


def test_adding_what_was_dropped_keeps_it_again(project: Project) -> None:
    zoo(project)
    pair = pairs.add_by_hand(project, "Who feeds it?", "walrus0")
    pairs.judge(project, [pair.id], PairState.DROPPED)
    assert pairs.add_by_hand(project, "Who feeds it?", "walrus0").state is PairState.KEPT
    assert project.count_pairs() == 1


@pytest.mark.parametrize("query", ["", "  \n\u200b", "x" * 2001])
def test_a_question_needs_words_and_an_end(project: Project, query: str) -> None:
    zoo(project)
    pair = pairs.add_by_hand(project, "Who feeds it?", "walrus0")
    with pytest.raises(UserError):
        pairs.add_by_hand(project, query, "walrus0")
    with pytest.raises(UserError):
        pairs.edit(project, pair.id, query)
    assert project.pairs() == [pair]


def test_what_is_gone_is_said(project: Project) -> None:
    zoo(project)
    with pytest.raises(UserError, match="passage is no longer there"):
        pairs.add_by_hand(project, "Who?", "gone")
    with pytest.raises(UserError, match="pair is no longer there"):
        pairs.edit(project, "gone", "Who?")
    pair = pairs.add_by_hand(project, "Who feeds it?", "walrus0")
    project.remove_file("fwalrus")
    with pytest.raises(UserError, match="cannot be kept"):
        pairs.judge(project, [pair.id], PairState.KEPT)


def test_pairs_moved_by_a_new_cut_count_for_their_chunk(project: Project) -> None:
    text = "\n\n".join(f"## {t.title()}\n\n{passage(t)}" for t in TOPICS)
    ingest.ingest(project, [("zoo.md", text.encode())])
    chunk.rechunk(project, ChunkSettings(size=128), BASE_MODEL)
    pairs.make(project, PairSettings())
    before = project.count_pairs()
    chunk.rechunk(project, ChunkSettings(size=256), BASE_MODEL)
    pairs.make(project, PairSettings())
    assert project.count_pairs() == before


def test_pairs_made_while_the_text_is_cut_anew_find_their_passages(project: Project) -> None:
    text = "\n\n".join(f"## {t.title()}\n\n{passage(t)}" for t in TOPICS)
    ingest.ingest(project, [("zoo.md", text.encode())])
    chunk.rechunk(project, ChunkSettings(size=128), BASE_MODEL)

    def meanwhile(fraction: float, said: str) -> None:
        chunk.rechunk(project, ChunkSettings(size=40, overlap=0), BASE_MODEL)

    pairs.make(project, OFFLINE, progress=meanwhile)
    there = {c.id: c for c in project.chunks()}
    assert project.count_pairs() > 10
    for pair in project.pairs():
        assert all(c in there for c in pair.positives)
        assert pair.generator != "sentence" or pair.query in " ".join(there[pair.positives[0]].text.split())


def test_stopping_keeps_what_was_made_and_going_on_ends_the_same(project: Project) -> None:
    big(project)
    done: list[str] = []
    pairs.make(project, OFFLINE, progress=lambda fraction, text: done.append(text), stop=lambda: len(done) > 2)
    part = project.count_pairs()
    pairs.make(project, OFFLINE)
    stopped = state(project)
    assert 0 < part < len(stopped)
    with project.write() as db:
        db.execute("DELETE FROM pairs")
    pairs.make(project, OFFLINE)
    assert state(project) == stopped


def test_progress_goes_up_to_one(project: Project) -> None:
    zoo(project)
    seen: list[float] = []
    pairs.make(project, OFFLINE, progress=lambda fraction, text: seen.append(fraction))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_a_kill_at_any_moment_loses_nothing_and_a_rerun_ends_the_same(project: Project) -> None:
    big(project)
    code = (
        "import sys; from core import pairs, project; from core.recipe import PairSettings\n"
        "pairs.make(project.open_project(sys.argv[1]), PairSettings(generators=('sentence', 'heading', 'phrases'), shares={}), "
        "progress=lambda fraction, text: print(text, flush=True))"
    )
    counts = []
    for words in (2, 4, 7):
        child = subprocess.Popen([sys.executable, "-c", code, project.id], cwd=ROOT, stdout=subprocess.PIPE)
        assert child.stdout
        for _ in range(words):
            child.stdout.readline()
        child.kill()
        child.communicate()
        counts.append(project.count_pairs())
    assert 0 < counts[0] <= counts[1] <= counts[2]
    pairs.make(project, OFFLINE)
    killed = state(project)
    assert counts[0] < len(killed)
    with project.write() as db:
        db.execute("DELETE FROM pairs")
    pairs.make(project, OFFLINE)
    assert killed == state(project)


def test_questions_of_a_language_model_go_through_the_same_sieve_and_are_paid_once(project: Project) -> None:
    zoo(project)
    with LLMServer() as server:
        settings = PairSettings(generators=("llm",), llm=LLMSettings(base_url=server.url, model="tiny", per_chunk=2, timeout=5))
        first = pairs.make(project, settings, key="sk-test")
        asked = len(server.requests)
        again = pairs.make(project, settings, key="sk-test")
    assert first.by_generator["llm"] > 0
    assert asked == len(server.requests) == project.count_chunks()
    assert again == replace(first, added=0)


def test_when_the_language_model_fails_what_came_before_is_kept_and_the_error_is_told(project: Project) -> None:
    zoo(project)
    with LLMServer(default="401", script=["good"] * 5) as server:
        llm = LLMSettings(base_url=server.url, model="tiny", concurrency=1, timeout=5)
        with pytest.raises(UserError):
            pairs.make(project, PairSettings(generators=("sentence", "llm"), llm=llm), key="sk-test")
    assert project.count_pairs(PairFilter(generator="sentence")) >= 10
    assert project.count_pairs(PairFilter(generator="llm")) >= 5


def test_a_real_document_gives_a_pair_for_nearly_every_passage(project: Project, data: Path) -> None:
    name = "Blueprint-for-an-AI-Bill-of-Rights.txt"
    ingest.ingest(project, [(name, (data / "pdf_policy" / name).read_bytes())])
    chunk.rechunk(project, ChunkSettings(), BASE_MODEL)
    report = pairs.make(project, OFFLINE)
    assert report.by_generator["sentence"] > 0.85 * project.count_chunks()
    assert report.by_generator["phrases"] > 0.95 * project.count_chunks()
    document = project.documents()[0]
    text = project.text(document.id)
    for pair in project.pairs(PairFilter(generator="sentence")):
        assert " ".join(text[pair.query_start : pair.query_end].split()) == pair.query
