"""Our own model card: verdict, scores, recipe and counts. It holds no text, file name or path of anybody's.

sentence-transformers' automatic card writes training texts into README.md, so it is never used. What goes in here is named
one by one: a setting that is not in the tables below (a column's name, a keyword, an address, the prompt) stays at home.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from core.generators import GENERATORS
from core.project import Project
from core.recipe import BASE_MODEL, Recipe
from core.runs.folder import Run
from core.schema import Evaluation, Interval, SystemScores, Verdict

PUBLIC_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
LICENCES = {BASE_MODEL: "Apache-2.0"}
TRAINED = {  # of what training reports
    "method": "Method",
    "epochs": "Epochs done",
    "best_epoch": "Best epoch (0 is the base model)",
    "share": "Share of tuned against base",
    "dev_base": "Score on dev, base",
    "dev_best": "Score on dev, best",
    "learning_rate": "Learning rate",
    "batch_size": "Batch size",
    "device": "Device",
    "precision": "Precision",
}
METRICS = ("nDCG@10", "Spearman correlation")  # what a score on dev may be
SETTINGS = ("scale", "warmup", "freeze_layers", "gradient_share", "dropout", "seed")


def for_run(project: Project, run_id: str, repo: str = "") -> str:
    """Return the card of a finished run's model; a verdict that a renewed test set has voided is left out."""
    run = Run(project.folder / "runs" / run_id)
    evaluation = project.evaluation(run_id) or run.evaluation()
    frozen = project.test_set()
    if evaluation and frozen and evaluation.test_digest != frozen.digest:
        evaluation = None
    data = run.data()
    passages = {passage.id for passage in data.passages}
    documents = {chunk.document_id for chunk in project.chunks() if chunk.id in passages}
    counts = {"passages": len(passages), "documents": len(documents), "pairs": Counter(pair.generator for pair in data.train)}
    return text(evaluation, run.recipe(), {**run.result(), **counts}, repo)


def text(evaluation: Evaluation | None, recipe: Recipe, summary: Mapping[str, Any], repo: str = "") -> str:
    """Return README.md: YAML front matter and Markdown.

    `summary` may hold the counts "passages", "documents" and "pairs" (by generator), and what training reported: the names in
    TRAINED. Everything else in it is left out.
    """
    base = public_name(recipe.train.base_model)
    parts = [
        f"---\n{yaml.safe_dump(_front(base), sort_keys=False)}---",
        "# An embedding model tuned to a collection of documents",
        f"Tuned from {f'[{base}](https://huggingface.co/{base})' if base else 'a model of the author’s own'} with Attune. It turns questions "
        "and passages into vectors, so that a question finds the passages that answer it.",
        *_verdict(evaluation),
        "## How to use it",
        f"```python\n{snippet(repo or 'path/to/this/folder')}\n```",
        "## How it was made",
        _table(("", ""), _recipe(recipe, summary)),
        "## What it learned from",
        _table(("Training data", "Count"), _counts(summary)),
        "The documents themselves are not part of this repository.",
        "## Licence",
        _licence(base),
    ]
    return "\n\n".join(parts) + "\n"


def snippet(model: str) -> str:
    """Return the code that loads the model, from a repository's name or a folder, and ranks passages."""
    return (
        "from sentence_transformers import SentenceTransformer\n\n"
        f"model = SentenceTransformer({json.dumps(model, ensure_ascii=False)})\n"
        'passages = model.encode_document(["The first passage.", "The second passage."])\n'
        'scores = model.similarity(model.encode_query("What do you want to know?"), passages)'
    )


def public_name(model: str) -> str:
    """Return a model's name when it is one of the hub's, "" for a folder of somebody's machine."""
    return model if PUBLIC_NAME.fullmatch(model) and (model == BASE_MODEL or not Path(model).exists()) else ""


def _front(base: str) -> dict[str, Any]:
    front: dict[str, Any] = {"library_name": "sentence-transformers", "pipeline_tag": "sentence-similarity"}
    front["tags"] = ["sentence-transformers", "sentence-similarity", "feature-extraction", "attune"]
    return front | ({"base_model": base} if base else {})


def _verdict(evaluation: Evaluation | None) -> Iterable[str]:
    yield "## Does it find more?"
    if evaluation is None:
        yield "It has not been judged on questions that were held out."
        return
    verdict = evaluation.verdict
    whose = "practice questions, made from the documents by a generator" if verdict.practice else "questions asked by people"
    yield f"**{_cell(verdict.text)}**"
    yield (
        f"Judged once on {verdict.questions} {whose}, held out from training, against {evaluation.passages} passages. Difference in "
        f"{_cell(verdict.metric)}: {verdict.difference.mean:+.3f} (95 % interval {verdict.difference.low:+.3f} to "
        f"{verdict.difference.high:+.3f}, p = {verdict.p:.4f}{_counted(verdict)}). Test set {_cell(evaluation.test_digest[:12])}."
    )
    if verdict.questions:
        yield _scores(evaluation.systems)
    if evaluation.verdict_other and evaluation.verdict_other.questions:
        yield f"On the other questions: {_cell(evaluation.verdict_other.text)}"


def _counted(verdict: Verdict) -> str:
    return f"; questions on the same passage count together, as {verdict.groups}" if verdict.together else ""


def _scores(systems: Sequence[SystemScores]) -> str:
    names = list(dict.fromkeys(name for system in systems for name in system.metrics))
    rows = [(system.label, *(_interval(system.metrics.get(name)) for name in names)) for system in systems]
    return _table(("Way to search", *names), rows)


def _recipe(recipe: Recipe, summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows: dict[str, Any] = {
        "Base model": public_name(recipe.train.base_model) or "a model of the author’s own",
        "Tokens in a passage": f"{recipe.chunk.size}, overlap {recipe.chunk.overlap}",
        "Held out for choosing, for judging": f"{recipe.split.dev:.0%}, {recipe.split.test:.0%}",
    }
    metric = next((name for name in METRICS if name == summary.get("metric", METRICS[0])), "Score")
    for name, label in TRAINED.items():
        value = summary.get(name)
        if isinstance(value, (int, float)) or _is_word(value):
            rows[label.replace("Score", metric)] = f"{value:.4g}" if isinstance(value, float) else value
    titles = {name: field.title or name for name, field in type(recipe.train).model_fields.items()}
    rows |= {titles[name]: summary.get(name, getattr(recipe.train, name)) for name in SETTINGS}
    return [(name, str(value)) for name, value in rows.items()]


def _counts(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    pairs = summary.get("pairs")
    kinds = pairs if isinstance(pairs, Mapping) else {}
    rows: Counter[str] = Counter()
    for name, number in kinds.items():
        rows[GENERATORS[name].label if name in GENERATORS else "Questions typed by people"] += int(number)
    rows.update({f"{name.capitalize()} searched": int(summary[name]) for name in ("passages", "documents") if name in summary})
    return [(name, str(number)) for name, number in rows.items()]


def _licence(base: str) -> str:
    if base in LICENCES:
        return f"The base model is published under {LICENCES[base]}. Who may use this model, its author decides."
    return "See the base model's own licence. Who may use this model beyond that, its author decides."


def _is_word(value: Any) -> bool:
    """Say whether a value is a plain word, no path and no text."""
    return isinstance(value, str) and bool(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_ -]{0,29}", value))


def _interval(value: Interval | None) -> str:
    return f"{value.mean:.3f} ({value.low:.3f} to {value.high:.3f})" if value else ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [[_cell(cell) for cell in row] for row in (head, *rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in (lines[0], ["---"] * len(head), *lines[1:]))


def _cell(text: str) -> str:
    """Return a text so that it stands in Markdown as it is."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", " ".join(text.split()))
