"""Near-duplicate passages: found, confirmed, kept in their table, and kept once for training."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from core import ingest, split, store, text
from core.embeddings import EmbeddingStore
from core.project import Project
from core.recipe import Recipe, SplitSettings
from core.schema import Chunk, Document, File, FileState, Page, Pair, Part
from core.split import alike
from core.text.alike import likenesses

WORDS = [a + b for a in ("mar", "tol", "ven", "sik", "dra", "pul", "nor", "fem") for b in ("ba", "ce", "di", "fo", "gu", "ha", "ji", "ko")]
THRESHOLD = SplitSettings().near_duplicate


def passages(project: Project, texts: Sequence[str]) -> list[Chunk]:
    """Add a document of one passage for each text."""
    for i, body in enumerate(texts):
        file = File(f"f{i:03}", f"{i:03}.txt", "0" * 64, len(body), "text", FileState.READ, added=float(i))
        project.replace_documents(file, [Document(f"d{i:03}", file.id, 0, file.name, len(body))], [Page(f"d{i:03}", 1, 0, body)])
    chunks = [Chunk(f"c{i:03}", f"d{i:03}", 0, body, 0, len(body), 1, 1, 40) for i, body in enumerate(texts)]
    with project.write() as db:
        store.insert(db, "chunks", chunks)
    return chunks


def said(count: int, seed: int = 1, length: int = 40) -> list[str]:
    rng = random.Random(seed)
    return [" ".join(rng.choices(WORDS, k=length)) for _ in range(count)]


def test_groups_are_found_once_and_come_back_from_their_table(project: Project) -> None:
    texts = said(4)
    chunks = passages(project, [*texts, texts[1].upper(), f"{texts[3]} more"])
    wanted = [["c001", "c004"], ["c003", "c005"]]
    assert alike.near_duplicates(project, chunks, THRESHOLD) == wanted == project.alike()
    project.replace_alike([["c000", "c002"]], project.alike_found_for())  # a mark that a second search would wipe out
    assert alike.near_duplicates(project, chunks, THRESHOLD) == [["c000", "c002"]]
    assert project.meta("near_duplicates") == ""


@pytest.mark.parametrize("change", ["threshold", "passages"])
def test_groups_are_looked_for_again_when_what_they_rest_on_changes(project: Project, change: str) -> None:
    texts = said(3)
    chunks = passages(project, [*texts, texts[0]])
    alike.near_duplicates(project, chunks, THRESHOLD)
    threshold, left = (0.9, chunks) if change == "threshold" else (THRESHOLD, chunks[1:])
    project.replace_chunks(left, [])
    assert not alike.current(project, threshold)
    assert alike.near_duplicates(project, left, threshold) == ([["c000", "c003"]] if change == "threshold" else [])
    assert alike.current(project, threshold)


def test_what_the_words_leave_in_doubt_is_decided_by_what_it_means(tmp_path: Path) -> None:
    same = ["Why do you keep declining my payment? I tried several times with this card and it is just not working.",
            "Why do you keep declining my payment? I tried many times with this card and it's just not working."]  # fmt: skip
    other = ["Can I get a card in the EU?", "Can I get a card in the US?"]
    found = {like.overlap for texts in (same, other) for like in likenesses(texts, alike.DOUBTFUL)}
    assert all(alike.DOUBTFUL <= overlap < THRESHOLD for overlap in found)
    assert len(found) == 2
    assert alike.find([*same, *other], THRESHOLD, EmbeddingStore(tmp_path)) == [[0, 1]]


def test_nothing_is_embedded_where_words_decide(tmp_path: Path) -> None:
    texts = said(60)
    assert alike.find([*texts, texts[5]], THRESHOLD, EmbeddingStore(tmp_path)) == [[5, 60]]
    assert not list(tmp_path.glob("*.f32"))


def test_rows_of_one_template_are_one_group_without_comparing_all_of_them() -> None:
    texts = [f"The ferry number {i} leaves the harbour every morning at seven and comes back in the evening." for i in range(400)]
    assert len(list(likenesses(texts, 0.6))) < 400 * 399 / 2
    assert len(text.near_duplicate_groups(texts, 0.6)) == 1


def test_training_learns_from_one_passage_of_a_group(project: Project) -> None:
    texts = said(30)
    chunks = passages(project, [*texts, *(f"{body} indeed" for body in texts)])
    pairs = [Pair(f"q{c.id}", f"what is said of {c.id}", c.document_id, 0, c.end, (c.id,), "columns", people=True) for c in chunks]
    pairs += [Pair(f"s{c.id}", f"the same {i % 30}", c.document_id, 0, c.end, (c.id,), "heading") for i, c in enumerate(chunks)]
    project.add_pairs(pairs)
    data = split.dataset(project, Recipe())
    used = {row.passage_id for row in data.train}
    assert used < {f"c{i:03}" for i in range(30)}
    rows = [row.query for row in data.train]
    assert len(rows) == len(set(rows)), "what both copies were asked is learned once"
    people = {pair.query for pair in project.pairs() if pair.part is Part.TRAIN and pair.people}
    assert people <= set(rows), "no question of a person is lost"
    assert all(set(q.relevant) == {q.relevant[0], f"c{(int(q.relevant[0][1:]) + 30) % 60:03}"} for q in data.test)


def test_a_page_that_is_there_twice_is_one_group(project: Project, data: Path) -> None:
    from core import pipeline
    from core.recipe import ChunkSettings

    memo = data / "pdf_messy" / "un_fake-memo-with-duplicate-page.pdf"
    other = memo.read_bytes()
    pipeline.read(project, [("memo.pdf", other), ("memo again.pdf", other)], Recipe(chunk=ChunkSettings(size=60, overlap=0)))
    assert project.count_alike()[0] >= 1
    assert ingest.unfinished(project) == []
    assert all(len({c.text for c in group}) <= 2 for group in project.alike_page(10))
