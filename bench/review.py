"""How quick the Pairs page stays, and how much memory it takes, with 100,000 passages and 100,000 pairs."""

from __future__ import annotations

import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import report
from core import pairs, store
from core import project as projects
from core.project import PairFilter, Project
from core.recipe import GateSettings
from core.schema import Chunk, Document, File, FileState, Measure, Page, Pair, PairState, Part, Theme

MANY, DOCUMENTS, THEMES = 100_000, 500, 20
WORDS = [
    "harbour",
    "permit",
    "walrus",
    "gate",
    "yellow",
    "office",
    "lamp",
    "whistle",
    "feed",
    "bucket",
    "noon",
    "guide",
    "ferry",
    "ticket",
    "storm",
    "crane",
    "cargo",
    "rope",
    "signal",
    "pilot",
]
KINDS = ("sentence", "llm", "columns", "phrases")
PAGE = 15
FILTERS = {
    "no filter": PairFilter(),
    "two words in the question": PairFilter(search="storm crane"),
    "words that are nowhere": PairFilter(search="zeppelin"),
    "one kind": PairFilter(generator="llm"),
    "set aside": PairFilter(state=PairState.ASIDE),
    "one reason": PairFilter(reason="not found again"),
    "kept for judging": PairFilter(part=Part.TEST),
    "asked by people": PairFilter(people=True),
    "one theme": PairFilter(theme_id="t3"),
    "one document": PairFilter(document_id="d7"),
    "all at once": PairFilter(search="storm", generator="llm", state=PairState.ASIDE, theme_id="t3"),
}


def fill(project: Project, seed: int = 1) -> None:
    """Write passages, pairs and measures straight into the tables."""
    draw = random.Random(seed)
    per = MANY // DOCUMENTS
    say = lambda number: " ".join(draw.choices(WORDS, k=number))  # noqa: E731
    documents = [Document(f"d{i}", "f", i, f"Report {i}", per * 600) for i in range(DOCUMENTS)]
    project.replace_documents(File("f", "reports.txt", "0" * 64, 1, "text", FileState.READ), documents, [])
    with project.write() as db:
        store.insert(db, "themes", [Theme(f"t{i}", f"Theme {i}") for i in range(THEMES)])
        store.insert(db, "pages", (Page(d.id, 1, 0, "See the chunks.") for d in documents))
        store.insert(db, "chunks", _chunks(per, say))
        store.insert(db, "pairs", _pairs(per, say, draw))
        store.insert(db, "measures", _measures(draw))
    project.apply_gate(GateSettings(), "bench")


def _chunks(per: int, say: Callable[[int], str]) -> Iterator[Chunk]:
    for i in range(MANY):
        at = i % per * 600
        yield Chunk(f"c{i}", f"d{i // per}", i % per, say(90), at, at + 600, 1, 1, 120, "Heading", f"t{i % THEMES}", "keywords")


def _pairs(per: int, say: Callable[[int], str], draw: random.Random) -> Iterator[Pair]:
    parts = (Part.TRAIN, Part.DEV, Part.TEST)
    for i in range(MANY):
        kind, at = KINDS[i % 4], i % per * 600
        part = draw.choices(parts, (65, 15, 20))[0]
        yield Pair(f"p{i}", f"{say(9)} {i}?", f"d{i // per}", at, at + 600, (f"c{i}",), kind, kind == "columns", part=part, made=float(i))


def _measures(draw: random.Random) -> Iterator[Measure]:
    for i in range(MANY):
        kind = "asked" if i % 4 in (1, 2) else "taken"
        run, rank = draw.randint(0, 9), int(draw.expovariate(0.3))
        yield Measure(f"p{i}", "d", "c", kind, 10, run, int(draw.random() < 0.02) * 2, 0.0, "en", "en", draw.random() * 0.95, rank, rank)


def timed(work: Callable[[], object], times: int = 5) -> float:
    """Return the median of the processor's times for some work, in milliseconds: what else the machine does is no part of it."""
    found = []
    for _ in range(times):
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return 1000 * statistics.median(found)


def tables(project: Project) -> None:
    """Measure each query behind the page."""
    for name, only in FILTERS.items():
        total = project.count_pairs(only)
        report.line(f"count: {name} ({total:,})", timed(lambda only=only: project.count_pairs(only)), "ms", bound=200)
        last = max(0, total - PAGE)
        report.line("  its first page", timed(lambda only=only: project.pairs(only, PAGE)), "ms", bound=200)
        report.line("  its last page", timed(lambda only=only, last=last: project.pairs(only, PAGE, last)), "ms", bound=200)
    report.line("kinds, states and reasons", timed(project.pair_table), "ms", bound=200)


def decisions(project: Project) -> None:
    """Measure what is decided: one pair, all that fit a filter, limits moved, applied and undone."""
    report.line("keep one pair", timed(lambda: pairs.judge(project, ["p5"], PairState.KEPT), 1), "ms", bound=200)
    number = project.count_pairs(PairFilter(generator="llm"))
    report.line(f"drop {number:,} pairs", timed(lambda: pairs.judge(project, PairFilter(generator="llm"), PairState.DROPPED), 1), "ms")
    report.line("  undo that", timed(project.undo, 1), "ms")
    moved = GateSettings(found_within=3, copied=0.5)
    report.line("limits moved: the effect shown", timed(lambda: project.effect(moved)), "ms", bound=300)
    effect = project.effect(moved)
    report.line(f"  applied ({effect.more:,} set aside)", timed(lambda: project.apply_gate(moved, "bench"), 1), "ms")
    report.line("  undone", timed(project.undo, 1), "ms")


def page(project: Project, tab: str) -> None:
    """Measure the page as a visitor gets it, and what the process has grown by after it was drawn many times."""
    import psutil

    from tests.pages.opening import open_page

    own = psutil.Process()
    app = open_page("pairs", project, pairs_tab=tab)
    assert not app.exception, app.exception
    took = timed(lambda: app.run())
    before = own.memory_info().rss
    for _ in range(20):
        app.run()
    report.line(f"Pairs page, tab {tab}", took / 1000, "s", bound=1)
    report.line(
        "  memory of the process", own.memory_info().rss / 1e6, "MB", note=f"{(own.memory_info().rss - before) / 1e6:+.0f} after 20 more"
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        os.environ["ATTUNE_HOME"] = os.environ.get("BENCH_HOME", home)
        project = projects.find("Many") or projects.create("Many")
        if not project.count_pairs():
            fill(project)
        report.line("project.db", (project.folder / "project.db").stat().st_size / 1e6, "MB")
        tables(project)
        decisions(project)
        for tab in ("Review", "Quality"):
            page(project, tab)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    main()
