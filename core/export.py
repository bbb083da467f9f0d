"""Take things home: a tuned model as one file, pairs for a spreadsheet or a program, and the code that uses a model."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from core import publish
from core.project import PairFilter, Project
from core.publish import card as cards
from core.publish.card import snippet
from core.runs.folder import Run

__all__ = ["COLUMNS", "model_zip", "pair_rows", "pairs_csv", "pairs_jsonl", "snippet"]

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0")  # a spreadsheet would run what follows (OWASP ASVS 1.2.10)
COLUMNS = ("question", "passage", "document", "page", "kind", "asked_by_people", "kept_for_judging", "state", "reason", "part")
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the oldest time that a zip can hold


def model_zip(folder: Path, target: Path | None = None, card: str = "") -> Path:
    """Write the published files of a model into `target` (model.zip in `folder` by default) and return it.

    `folder` is a model's, or a run's: a project's run brings its card. The same model gives the same bytes, and the file is
    there whole or not at all. Raises `UserError` where there is no whole model.
    """
    model_folder, target = folder, target or folder / "model.zip"
    if (folder / "model").is_dir():
        model_folder, run = folder / "model", Run(folder)
        card = card or (cards.for_run(run.project, run.id) if run.project else "")
    listed = publish.files(model_folder, card)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".export-") as aside:
        made = Path(aside) / target.name
        with zipfile.ZipFile(made, "w") as archive:
            for one in listed:
                entry = zipfile.ZipInfo(one.path, LONG_AGO)
                entry.external_attr = 0o644 << 16
                entry.file_size = one.size
                entry.compress_type = zipfile.ZIP_STORED if one.path.endswith(".safetensors") else zipfile.ZIP_DEFLATED
                source = io.BytesIO(card.encode()) if one.path == publish.CARD else (model_folder / one.path).open("rb")
                with source, archive.open(entry, "w") as inside:
                    shutil.copyfileobj(source, inside, 1 << 20)
        os.replace(made, target)
    return target


def pair_rows(project: Project, only: PairFilter | None = None) -> Iterator[dict[str, object]]:
    """Yield the pairs that pass the filter with the text and place of their first passage, under COLUMNS."""
    chunks = {chunk.id: chunk for chunk in project.chunks()}
    titles = {document.id: document.title for document in project.documents()}
    for pair in project.pairs(only):
        chunk = next((chunks[one] for one in pair.positives if one in chunks), None)
        place = (chunk.text if chunk else "", titles.get(pair.document_id, ""), chunk.page if chunk else "")
        told = (pair.generator, pair.people, pair.judge_only, pair.state.value, pair.reason, pair.part.value)
        yield dict(zip(COLUMNS, (pair.query, *place, *told), strict=True))


def pairs_csv(project: Project, only: PairFilter | None = None) -> bytes:
    """Return pairs as CSV for a spreadsheet: UTF-8 with a mark, and no cell that would run as a formula."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows({name: _harmless(value) for name, value in row.items()} for row in pair_rows(project, only))
    return text.getvalue().encode("utf-8-sig", "replace")


def pairs_jsonl(project: Project, only: PairFilter | None = None) -> bytes:
    """Return pairs as JSON, one a line, exactly as they are."""
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in pair_rows(project, only)).encode("utf-8", "replace")


def _harmless(value: object) -> object:
    """Return a cell with an apostrophe in front where a spreadsheet would take it for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
