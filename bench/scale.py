"""A project of 100,000 chunks and 100,000 pairs: how long every page takes, and how much memory the app's process."""

from __future__ import annotations

import os
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench import report

ROOT = Path(__file__).resolve().parent.parent
SHELL = ROOT / "pages" / "widgets" / "shell.py"
CHUNKS = PAIRS = 100_000
ROWS = 50_000  # of the chunks are rows of a table, documents of their own; the rest lie in ten long documents
WORDS = 40
SECOND = 1.0
STARTED = 3.0


def texts(number: int) -> Iterator[str]:
    """Yield texts of words that are as common as words are (rank to the power of -1)."""
    rng = random.Random(1)
    vocabulary = [f"{a}{b}{c}" for a in "kltmnprsv" for b in ("ara", "ebo", "ilu", "ono", "usi") for c in "ablmnrst"] * 8
    weights = [1 / (rank + 1) for rank in range(len(vocabulary))]
    for i in range(number):
        yield f"{' '.join(rng.choices(vocabulary, weights, k=WORDS))} {i}."


def fill(chunks: int = CHUNKS, pairs: int = PAIRS) -> str:
    """Make a project with so much in it, by its own methods, and return its id."""
    from core import project as projects
    from core.digest import short
    from core.schema import Chunk, Document, File, FileState, Page, Pair, Theme

    project = projects.create(f"Large {chunks}")
    themes = [Theme(short("theme", i), f"Theme {i}") for i in range(30)]
    body = list(texts(chunks))
    rows = min(ROWS, chunks // 2)
    made: list[Chunk] = []

    def chunk(document: str, position: int, text: str, start: int) -> Chunk:
        theme = themes[len(made) % 30].id
        page = start // 3000 + 1
        return Chunk(short(document, text), document, position, text, start, start + len(text), page, page, 90, "", theme, "discovered")

    table = File("table", "rows.csv", "0" * 64, 1, "table", FileState.READ, "read", 0, rows, 0, added=1.0)
    documents = [Document(short("row", i), table.id, i, f"Row {i}", len(body[i]), ready_chunk=True) for i in range(rows)]
    project.replace_documents(table, documents, (Page(d.id, 1, 0, body[i]) for i, d in enumerate(documents)))
    made += [chunk(d.id, 0, body[i], 0) for i, d in enumerate(documents)]
    long = body[rows:]
    for n in range(10):
        own = long[n::10]
        file = File(f"file{n}", f"long {n}.pdf", "0" * 64, 1, "pdf", FileState.READ, "read", 1, 1, 0, added=2.0 + n)
        document = Document(short("long", n), file.id, 0, file.name, sum(map(len, own)))
        project.replace_documents(file, [document], [Page(document.id, 1, 0, " ".join(own))])
        start = 0
        for i, text in enumerate(own):
            made.append(chunk(document.id, i, text, start))
            start += len(text) + 1
    project.replace_chunks(made, [])
    project.replace_themes(themes, {}, "discovered")
    kinds = ("sentence", "llm", "phrases", "typed")
    project.add_pairs(
        Pair(
            short("pair", i),
            f"What about {c.text[:40]} {i}?",
            c.document_id,
            c.start,
            c.end,
            (c.id,),
            kinds[i % 4],
            kinds[i % 4] == "typed",
        )
        for i, c in enumerate(made[i % len(made)] for i in range(pairs))
    )
    return project.id


def seconds(project: str, page: Path) -> tuple[float, float]:
    """Return the seconds that a page takes the first time and the second time in a session."""
    from streamlit.testing.v1 import AppTest

    app = AppTest.from_file(str(SHELL), default_timeout=300)
    app.query_params["project"] = project
    app.run()
    start = time.perf_counter()
    app.switch_page(f"../{page.parent.name}/{page.name}")
    app.run()
    first = time.perf_counter() - start
    start = time.perf_counter()
    app.run()
    if app.exception:
        print(f"  {page.stem} failed: {app.exception[0].message}")
    return first, time.perf_counter() - start


def divide(project: str) -> None:
    """Give the pairs their parts as a split does, without looking for what leaks."""
    from core import project as projects
    from core.schema import Part, TestQuestion

    owner = projects.open_project(project)
    shares = (Part.TRAIN,) * 13 + (Part.DEV,) * 3 + (Part.TEST,) * 3 + (Part.GAP,)
    owner.set_parts({pair.id: shares[i % len(shares)] for i, pair in enumerate(owner.pairs())})
    first = owner.pairs(limit=1)[0]
    question = TestQuestion(first.id, first.query, first.document_id, first.start, first.end, first.generator, first.people)
    owner.freeze([], [question], "First split")


def starting(project: str) -> tuple[float, float]:
    """Return the seconds until a training has started, and until its data is prepared in the background."""
    from core import project as projects
    from core import runs
    from core.recipe import Recipe

    owner = projects.open_project(project)
    start = time.perf_counter()
    run = runs.start(owner, "train", Recipe())
    started = time.perf_counter() - start
    while not run.prepared and run.alive():
        time.sleep(0.2)
    run.end()
    return started, time.perf_counter() - start


def main() -> None:
    from core import project as projects

    before = os.environ.get("ATTUNE_HOME")
    with tempfile.TemporaryDirectory() as home:
        os.environ["ATTUNE_HOME"] = home
        try:
            start = time.perf_counter()
            project = fill()
            report.line(f"writing {CHUNKS:,} chunks and {PAIRS:,} pairs", time.perf_counter() - start, "s")
            import app

            for section in app.PAGES.values():
                for name, *_ in section:
                    page = next((ROOT / "pages").glob(f"*/{name}.py"))
                    first, again = seconds(project, page)
                    report.line(f"page {name}, first and again", again, "s", bound=SECOND, note=f"{first:.2f} s the first time")
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            report.line("memory of the process that drew them, peak", peak, "MB")
            started, prepared = starting(project)
            report.line("a training's start", started, "s", bound=STARTED, note=f"its data was prepared after {prepared:.0f} s")
            divide(project)
            first, again = seconds(project, ROOT / "pages" / "training" / "train.py")
            report.line("page train once the questions are divided", again, "s", bound=SECOND, note=f"{first:.2f} s the first time")
            projects.delete(projects.open_project(project))
        finally:
            if before is None:
                del os.environ["ATTUNE_HOME"]
            else:
                os.environ["ATTUNE_HOME"] = before


if __name__ == "__main__":
    main()
