"""What the numbers of a project of 100,000 passages and 100,000 pairs cost: the first time, and every time after that."""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Iterator

from bench import report
from core import project as projects
from core import store
from core.project import Project
from core.schema import Chunk, Document, File, FileState, Page, Pair, Theme

PASSAGES = 100_000
DOCUMENTS = 2_000
THEMES = 40
GENERATORS = ("columns", "llm", "sentence", "heading")
WORDS = """the of a harbour ferry ticket invoice leave request manager travel cost office network password server account storage
policy safety training report budget contract customer order delivery return payment card refund winter summer crane cargo
container permit insurance must may should will before after within every without under over between during yearly monthly""".split()  # noqa: SIM905


def big(name: str, seed: int = 1) -> Project:
    """Make a project of so many passages and as many pairs, straight from records."""
    rng = random.Random(seed)
    owner = projects.create(name)
    each = PASSAGES // DOCUMENTS
    with owner.write() as db:
        store.insert(db, "themes", (Theme(f"t{i}", f"Theme {i}") for i in range(THEMES)))
    for first in range(0, DOCUMENTS, 200):
        numbers = range(first, first + 200)
        with owner.write() as db:
            store.insert(
                db, "files", (File(f"f{n}", f"{n}.txt", "0" * 64, 1, "text", FileState.READ, pages=each // 4, documents=1) for n in numbers)
            )
            store.insert(db, "documents", (Document(f"d{n}", f"f{n}", 0, f"Document {n}", each * 700) for n in numbers))
            for n in numbers:
                chunks = list(_chunks(rng, f"d{n}", each))
                store.insert(db, "pages", (Page(f"d{n}", p, p * 2800, "") for p in range(each // 4)))
                store.insert(db, "chunks", chunks)
                store.insert(db, "pairs", (_pair(rng, chunk, i) for i, chunk in enumerate(chunks) for _ in range(rng.choice((0, 1, 2)))))
    return owner


def _chunks(rng: random.Random, document: str, count: int) -> Iterator[Chunk]:
    for i in range(count):
        text = " ".join(rng.choices(WORDS, k=110)).capitalize() + "."
        yield Chunk(
            f"{document}c{i}", document, i, text, i * 700, i * 700 + len(text), 1, 1, rng.randint(80, 200), "", f"t{rng.randrange(THEMES)}"
        )


def _pair(rng: random.Random, chunk: Chunk, number: int) -> Pair:
    query = " ".join([*rng.sample(chunk.text.split(), 6), *rng.choices(WORDS, k=3)])
    kind = rng.choice(GENERATORS)
    return Pair(
        f"q{chunk.id}{rng.random()}",
        query,
        chunk.document_id,
        chunk.start,
        chunk.end,
        (chunk.id,),
        kind,
        kind == "columns",
        made=float(number),
    )


def main() -> None:
    from core import statistics
    from core.split import alike

    with tempfile.TemporaryDirectory() as home:
        os.environ["ATTUNE_HOME"] = home
        owner = big("Big")
        for what, bound in (("the first time", None), ("after that", 5.0), ("after one pair has changed", 5.0)):
            if bound and "pair" in what:
                owner.update_pairs([owner.pairs(limit=1)[0].id], query="When does the first ferry leave?")
            start, busy = time.perf_counter(), time.process_time()
            found = statistics.statistics(owner)
            busy = time.process_time() - busy
            what = f"statistics of {found.chunks:,} passages, {found.pairs:,} pairs, {what}"
            report.line(what, time.perf_counter() - start, "s", bound=bound, note=f"{busy:.1f} s of processor time")
        start = time.perf_counter()
        groups = alike.near_duplicates(owner, owner.chunks(), owner.recipe().split.near_duplicate)
        report.line(f"near-duplicates of {PASSAGES:,} passages, {len(groups)} groups", time.perf_counter() - start, "s")


if __name__ == "__main__":
    main()
