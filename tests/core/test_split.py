from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from core import generators, split
from core.errors import UserError
from core.project import PairFilter, Project
from core.recipe import Recipe, SplitSettings, TrainSettings, parse
from core.schema import Chunk, Document, File, FileState, Page, Pair, Part
from core.split import holdout, leaks, learned

WORDS = [a + b for a in ("mar", "tol", "ven", "sik", "dra", "pul", "nor", "fem") for b in ("ba", "ce", "di", "fo", "gu", "ha", "ji", "ko")]
OVERLAP = 20


def fill(project: Project, sizes: list[int], people: bool = False, judge_last: int = 0, seed: int = 1, first: int = 0) -> None:
    """Add documents of so many chunks each (neighbours share 20 characters) and one pair a chunk."""
    rng = random.Random(seed)
    chunks, pairs = project.chunks(), project.pairs()
    for n, size in enumerate(sizes, first):
        bodies = [" ".join(rng.choices(WORDS, k=30)) for _ in range(size)]
        text, spans = "", []
        for body in bodies:
            start = max(0, len(text) - OVERLAP)
            text += body + " "
            spans.append((start, len(text) - 1))
        doc = Document(f"d{n:03}", f"f{n}", n, f"doc {n}", len(text), judge_only=n >= first + len(sizes) - judge_last)
        file = File(f"f{n}", f"{n}.txt", "0" * 64, len(text), "text", FileState.READ)
        project.replace_documents(file, [doc], [Page(doc.id, 1, 0, text)])
        for i, (start, end) in enumerate(spans):
            chunks.append(Chunk(f"{doc.id}c{i}", doc.id, i, text[start:end], start, end, 1, 1, 40))
            query = text[start + OVERLAP : start + OVERLAP + 30]
            span = (-1, -1) if people else (start + OVERLAP, start + OVERLAP + 30)
            pairs.append(
                Pair(f"{doc.id}p{i}", query, doc.id, start, end, (f"{doc.id}c{i}",), "columns" if people else "sentence", people,
                     doc.judge_only, query_start=span[0], query_end=span[1])
            )  # fmt: skip
    project.replace_chunks(chunks, pairs)


def shares(project: Project) -> Counter[Part]:
    return Counter(pair.part for pair in project.pairs())


@pytest.mark.parametrize(("sizes", "by_blocks"), [([5] * 20, False), ([60, 60], True), ([100] + [3] * 20, True), ([7], True)])
def test_each_part_gets_about_its_share_and_something_at_all(project: Project, sizes: list[int], by_blocks: bool) -> None:
    fill(project, sizes)
    report = split.split(project, SplitSettings())
    assert report.by_blocks is by_blocks
    total = sum(sizes)
    assert 0.1 * total <= report.pairs[Part.TEST] <= 0.35 * total
    assert 0.05 * total <= report.pairs[Part.DEV] <= 0.3 * total or total < 10
    assert report.pairs[Part.TRAIN] > report.pairs[Part.TEST] or total < 10


@pytest.mark.parametrize("sizes", [[5] * 20, [60, 60], [100] + [3] * 20, [7]])
def test_parts_share_no_character_of_a_document(project: Project, sizes: list[int]) -> None:
    fill(project, sizes)
    split.split(project, SplitSettings())
    chunks = project.chunks()
    placed = holdout.assign(chunks, project.regions(), [])
    for one in chunks:
        for other in chunks:
            if one.document_id == other.document_id and {placed[one.id], placed[other.id]} in (
                {Part.TRAIN, Part.TEST},
                {Part.DEV, Part.TEST},
                {Part.TRAIN, Part.DEV},
            ):
                assert one.end <= other.start or other.end <= one.start


def test_whole_documents_are_held_out_where_there_are_many(project: Project) -> None:
    fill(project, [5] * 20)
    split.split(project, SplitSettings())
    parts = {d.id: {p.part for p in project.pairs() if p.document_id == d.id} for d in project.documents()}
    assert all(len(found) == 1 for found in parts.values())


def test_questions_kept_for_judging_are_test_and_nothing_else(project: Project) -> None:
    fill(project, [1] * 120, people=True, judge_last=40)
    split.split(project, SplitSettings())
    for pair in project.pairs():
        assert (pair.part is Part.TEST) == pair.judge_only


def test_a_copy_of_a_test_passage_is_not_trained_on(project: Project) -> None:
    fill(project, [5] * 20)
    split.split(project, SplitSettings())
    test = next(p for p in project.pairs() if p.part is Part.TEST)
    train = next(p for p in project.pairs() if p.part is Part.TRAIN)
    chunks = {c.id: c for c in project.chunks()}
    chunks[train.positives[0]] = replace(chunks[train.positives[0]], text=chunks[test.positives[0]].text + " extra")
    project.replace_chunks(
        [replace(c, id="x" + c.id) for c in chunks.values()],
        [replace(p, positives=tuple("x" + i for i in p.positives)) for p in project.pairs()],
    )
    split.split(project, SplitSettings())
    assert next(p for p in project.pairs() if p.id == train.id).part is Part.GAP
    data = split.dataset(project, Recipe())
    assert leaks.find(data, 0.8).clean
    assert data.leaks.startswith("No leaks")
    question = next(q for q in data.test if q.id == test.id)
    assert set(question.relevant) == {"x" + test.positives[0], "x" + train.positives[0]}


def test_new_documents_never_enter_the_frozen_test_set(project: Project) -> None:
    fill(project, [5] * 20)
    first = split.split(project, SplitSettings()).test_set
    fill(project, [5] * 5, seed=9, first=50)
    again = split.split(project, SplitSettings())
    assert again.test_set == first
    assert all(p.part is Part.TRAIN for p in project.pairs() if p.document_id >= "d050")


def test_a_new_question_on_a_test_passage_waits_and_is_used_by_nothing(project: Project) -> None:
    fill(project, [5] * 20)
    split.split(project, SplitSettings())
    old = next(p for p in project.pairs() if p.part is Part.TEST)
    project.add_pairs([replace(old, id="new", query="something else entirely", part=Part.NONE)])
    report = split.split(project, SplitSettings())
    assert report.waiting == 1
    assert project.pair("new").part is Part.GAP  # type: ignore[union-attr]
    renewed = split.split(project, SplitSettings(), renew=True)
    assert renewed.test_set.number == 2
    assert "Renewed" in project.events("test set")[-1][2]


def test_an_edit_of_a_pair_does_not_change_the_frozen_question(project: Project) -> None:
    fill(project, [5] * 20)
    frozen = split.split(project, SplitSettings()).test_set
    project.update_pairs([frozen.questions[0].pair_id], query="edited")
    data = split.dataset(project, Recipe())
    assert next(q for q in data.test if q.id == frozen.questions[0].pair_id).query == frozen.questions[0].query


def test_a_sentence_query_never_finds_itself(project: Project) -> None:
    fill(project, [60, 60])
    data = split.dataset(project, Recipe())
    texts = {p.id: p.text for p in data.passages}
    assert data.train
    assert data.test
    for row in data.train:
        assert row.query not in row.positive
    for question in (*data.dev, *data.test):
        seen = {i: question.without.get(i, body) for i, body in texts.items()}
        assert question.query not in " ".join(seen.values())
        assert all(question.query in texts[i] or i in question.relevant or question.without[i] for i in question.without)


def test_every_score_searches_all_passages(project: Project) -> None:
    fill(project, [5] * 20)
    assert len(split.dataset(project, Recipe()).passages) == 100


def test_only_chosen_kinds_are_trained_on(project: Project) -> None:
    fill(project, [5] * 20)
    with pytest.raises(UserError, match="0 pairs to train on"):
        split.dataset(project, Recipe(train=TrainSettings(generators=("columns",))))


def test_too_few_questions_are_said_in_plain_words(project: Project) -> None:
    with pytest.raises(UserError, match="too few questions"):
        split.split(project, SplitSettings())


def test_held_out_spans_follow_an_edit_before_them(project: Project) -> None:
    fill(project, [60])
    split.split(project, SplitSettings())
    old = project.chunks()
    before = holdout.assign(old, project.regions(), [])
    new = [replace(c, start=c.start + 500, end=c.end + 500) for c in old]
    after = holdout.assign(new, holdout.follow(project.regions(), old, new), [])
    assert after == before


def test_the_split_is_the_same_for_the_same_seed(project: Project) -> None:
    fill(project, [5] * 20)
    one = split.split(project, SplitSettings()).test_set.digest
    two = split.split(project, SplitSettings(), renew=True).test_set.digest
    other = split.split(project, SplitSettings(seed=2), renew=True).test_set.digest
    assert one == two != other


def test_a_passage_inside_the_overlap_of_the_next_one_can_be_held_out(project: Project) -> None:
    fill(project, [60])
    chunks = project.chunks()
    inner = [replace(c, id=c.id + "in", end=c.start + 10, text=c.text[:10]) for c in chunks]
    project.replace_chunks([c for both in zip(inner, chunks, strict=True) for c in both], project.pairs())
    report = split.split(project, SplitSettings())
    assert report.passages[Part.TEST] > 0
    placed = holdout.assign(project.chunks(), project.regions(), [])
    for one, other in zip(inner, chunks, strict=True):
        assert {placed[one.id], placed[other.id]} not in ({Part.TRAIN, Part.TEST}, {Part.TRAIN, Part.DEV}, {Part.DEV, Part.TEST})


def test_enough_real_questions_are_learned_from_alone(project: Project) -> None:
    fill(project, [5] * 20)
    made = project.pairs()
    asked = [replace(p, id=f"q{i}", people=True, generator="columns") for i, p in enumerate(made)]
    assert split.learned_from([*made, *asked], ()) == asked
    assert split.learned_from([*made, *asked[:50]], ()) == [*made, *asked[:50]]
    assert split.learned_from([*made, *asked], ("sentence",)) == made


@pytest.mark.parametrize(("generator", "people", "is_one"), [
    ("llm", False, True), ("local", False, True), ("typed", True, True), ("imported", True, True),
    ("imported", False, False), ("paraphrase", False, False), ("table", False, False), ("sentence", False, False),
])  # fmt: skip
def test_questions_of_people_and_of_models_count_as_asked(project: Project, generator: str, people: bool, is_one: bool) -> None:
    fill(project, [5] * 2)
    assert generators.asked(replace(project.pairs()[0], generator=generator, people=people)) is is_one


@pytest.mark.parametrize("chosen", [(), ("sentence",), ("sentence", "local")])
@pytest.mark.parametrize("written", [30, 130])
def test_what_is_learned_from_is_counted_as_it_is_chosen(project: Project, chosen: tuple[str, ...], written: int) -> None:
    fill(project, [5] * 40)
    made = project.pairs()
    project.add_pairs(replace(made[i % len(made)], id=f"w{i}", generator="local") for i in range(written))
    project.set_parts({pair.id: Part.DEV if i % 20 == 0 else Part.TRAIN for i, pair in enumerate(project.pairs())})
    learning = project.pairs(PairFilter(part=Part.TRAIN))
    found = split.learned_from(learning, chosen)
    expected = learned.Learned(len(found), len(learning), any(map(generators.asked, found)))
    assert learned.counted(project, parse({"train": {"generators": chosen}})) == expected
