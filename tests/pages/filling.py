"""Projects in the states that pages are tried in, made straight from records: no model, no child process, milliseconds."""

from __future__ import annotations

import time
from pathlib import Path

from core import recipe, store
from core.project import Project
from core.runs.folder import Run
from core.runs.record import RunInfo
from core.schema import (
    Chunk,
    Document,
    Evaluation,
    File,
    FileState,
    Interval,
    Page,
    Pair,
    QuestionResult,
    RunState,
    RunStatus,
    SystemScores,
    TableReading,
    TestQuestion,
    Theme,
    Verdict,
    VerdictWord,
)

EVIL = "![x](http://127.0.0.1:9/x.png) <img src=x onerror=alert(1)> [a](javascript:alert(1)) :material/delete: $x^2$ www.example.com"
RUN = "20260101-120000-0001"


def with_documents(
    project: Project, text: str = "The ferry leaves at seven. Bring a ticket.", name: str = "guide.pdf", passages: int = 12
) -> Project:
    """Add a read file of so many passages, a locked PDF and a table, with two themes."""
    texts = [f"Passage {i}. {text}" for i in range(passages)]
    whole = "\n".join(texts)
    file = File("f1", name, "1" * 64, 2000, "pdf", FileState.READ, "1 page read.", 1, 1, len(whole), added=1.0)
    document = Document("d1", "f1", 0, name, len(whole))
    project.replace_documents(file, [document], [Page("d1", 1, 0, whole)])
    locked = File("f2", "locked.pdf", "2" * 64, 900, "pdf", FileState.PASSWORD, "It is locked with a password. Type it below.", added=2.0)
    reading = TableReading("utf-8", ",", {"question": "question", "answer": "answer"})
    rows = ({"question": "When does it leave?", "answer": "At seven."},)
    table = File("f3", "questions.csv", "3" * 64, 90, "table", FileState.READ, "1 row read.", 0, 0, 9, reading, rows, added=3.0)
    for other in (locked, table):
        project.save_file(other)
    chunks, at = [], 0
    for i, passage in enumerate(texts):
        chunks.append(Chunk(f"c{i}", "d1", i, passage, at, at + len(passage), 1, 1, 20 + i, "Heading", f"t{i % 2}", "keywords"))
        at += len(passage) + 1
    themes = [Theme("t0", "Tickets", ("ticket",)), Theme("t1", text[:60], ("ferry",))]
    with project.write() as db:
        store.insert(db, "chunks", chunks)
        store.insert(db, "themes", themes)
    return project


def with_pairs(project: Project, query: str = "When does the ferry leave?", **document: str) -> Project:
    """Add documents and a pair for each passage, every third one asked by a person."""
    with_documents(project, **document)
    project.add_pairs(
        Pair(f"q{i}", f"{query} ({i})", "d1", c.start, c.end, (c.id,), "columns" if i % 3 == 0 else "sentence", i % 3 == 0, made=float(i))
        for i, c in enumerate(project.chunks())
    )
    return project


def with_verdict(
    project: Project, word: VerdictWord = VerdictWord.BETTER, query: str = "When does the ferry leave?", **document: str
) -> Project:
    """Add pairs, a finished training run with a model folder, and its verdict on a frozen test set."""
    with_pairs(project, query, **document)
    frozen = project.freeze([], [TestQuestion("q0", f"{query} (0)", "d1", 0, 10, "columns", people=True)], "First split")
    run = Run(project.folder / "runs" / RUN)
    (run.folder / "model").mkdir(parents=True)
    (run.folder / "recipe.yaml").write_text(recipe.dump(recipe.Recipe()))
    run.write("run.json", RunInfo("train", "Quick", time.time(), project.name))
    run.write_status(RunStatus(RunState.DONE, "evaluate", 1.0))
    for step in range(5):
        run.add_metric({"epoch": step / 4, "step": step, "loss": 1 / (step + 1)})
        run.add_metric({"epoch": float(step), "dev": 0.5 + step / 50})
    (run.folder / "log.txt").write_text("epoch 1\n")
    (run.folder / "model" / "modules.json").write_text("[]")
    run.write("result.json", {"method": "quick", "share": 1.0, "dev_base": 0.5, "dev_best": 0.6, "seconds": 40.0})
    run.write("evaluation.json", evaluation(frozen.digest, word, query))
    run.seal()
    run.collect()
    return project


def evaluation(digest: str, word: VerdictWord, query: str) -> Evaluation:
    """Return a verdict with all systems, one lost question and one won."""
    around = lambda mean: Interval(mean, mean - 0.05, mean + 0.05)  # noqa: E731
    scores = {
        "base": 0.5,
        "tuned": 0.6,
        "bm25": 0.7,
        "hybrid_base": 0.65,
        "hybrid_tuned": 0.68,
        "base_reranked": 0.6,
        "tuned_reranked": 0.72,
    }
    systems = tuple(
        SystemScores(name, name.replace("_", " ").capitalize(), {m: around(mean) for m in ("nDCG@10", "MRR@10", "R@10")})
        for name, mean in scores.items()
    )
    verdict = Verdict(
        word, "nDCG@10", around(0.5), around(0.6), around(0.1), 0.001, 40, 60, practice=False, text=f"{word.value}: told in words."
    )
    results = tuple(
        QuestionResult(
            f"q{i}", f"{query} ({i})", (f"c{i}",), "columns", True, {"base": 1, "tuned": 2 - i, "bm25": 0}, {"base": 0.5, "tuned": float(i)}
        )
        for i in range(2)
    )
    return Evaluation(digest, "base", "tuned", verdict, None, systems, results, 12, 0, "float32", time.time())


def waiting_run(project: Project, kind: str = "train") -> Path:
    """Add the folder of a run whose worker is gone."""
    run = Run(project.folder / "runs" / "20260102-120000-0002")
    run.folder.mkdir(parents=True)
    (run.folder / "recipe.yaml").write_text(recipe.dump(recipe.Recipe()))
    run.write("run.json", RunInfo(kind, "Balanced", time.time(), project.name))
    run.write_status(RunStatus(RunState.RUNNING, "train", 0.4, "Epoch 2"))
    return run.folder
