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
from core.errors import UserError
from core.project import PairFilter, Project
from core.publish import card as cards
from core.publish.card import snippet
from core.runs.folder import Run

__all__ = ["COLUMNS", "PAIRS", "copy_out", "model_zip", "pair_rows", "pairs_csv", "pairs_jsonl", "pairs_parquet", "pairs_table", "snippet"]

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0")  # a spreadsheet would run what follows (OWASP ASVS 1.2.10)
ABOUT = ("document", "page", "kind", "asked_by_people", "kept_for_judging", "state", "reason", "part", "score", "category", "group")
COLUMNS = ("question", "passage", *ABOUT, "passages", "negatives")
"""Columns of exported pairs, by which they are imported again; `passages` are all that answer, `negatives` those that do not."""

LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the oldest time that a zip can hold


RECORDS = ("recipe.yaml", "metrics.jsonl", "result.json", "evaluation.json")


def copy_out(run: Path, target: Path, *, only_model: bool) -> None:
    """Put a copy of a finished run's model into a folder of the person's, with the run's records beside it unless `only_model`.

    An earlier copy there is replaced. Raises `UserError` where the folder holds anything else, or cannot be written.
    """
    try:
        strange = target.exists() and any(target.iterdir()) and not (target / "modules.json").exists()
        if strange:
            raise UserError(f"output_dir, {target.name}, is not empty and holds no model.", "Name another folder; the run keeps the model.")
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".copy-") as aside:
            made = Path(aside) / "model"
            shutil.copytree(run / "model", made)
            for name in () if only_model else RECORDS:
                if (run / name).exists():
                    shutil.copyfile(run / name, made / name)
            if target.exists():
                os.rename(target, Path(aside) / "before")
            os.rename(made, target)
    except OSError as error:
        raise UserError(
            f"The model could not be copied to output_dir ({error.strerror}).", "The run keeps it; copy it by hand, or export it."
        ) from None


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
    """Yield the pairs that pass the filter with their texts, and the place of their first passage, under COLUMNS."""
    chunks = {chunk.id: chunk for chunk in project.chunks()}
    titles = {document.id: document.title for document in project.documents()}
    for pair in project.pairs(only):
        right, wrong = ([chunks[one] for one in ids if one in chunks] for ids in (pair.positives, pair.negatives))
        told = (pair.generator, pair.people, pair.judge_only, pair.state.value, pair.reason, pair.part.value)
        about = (titles.get(pair.document_id, ""), right[0].page if right else None, *told, pair.score, pair.category, pair.group)
        texts = ([chunk.text for chunk in right], [chunk.text for chunk in wrong])
        yield dict(zip(COLUMNS, (pair.query, texts[0][0] if right else "", *about, *texts), strict=True))


def pairs_table(project: Project, ending: str, only: PairFilter | None = None) -> bytes:
    """Return pairs as a file of a kind, named by its ending: csv, tsv, jsonl or parquet. Raises `UserError` for another."""
    if ending not in PAIRS:
        raise UserError(f"Pairs are not written as .{ending}.", f"Choose one of: {', '.join(PAIRS)}.")
    return PAIRS[ending](project, only)


def pairs_csv(project: Project, only: PairFilter | None = None, delimiter: str = ",") -> bytes:
    """Return pairs as CSV for a spreadsheet: UTF-8 with a mark, and no cell that would run as a formula.

    Several texts in one cell are written as JSON.
    """
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, delimiter=delimiter)
    writer.writeheader()
    writer.writerows({name: _harmless(_cell(value)) for name, value in row.items()} for row in pair_rows(project, only))
    return text.getvalue().encode("utf-8-sig", "replace")


def pairs_parquet(project: Project, only: PairFilter | None = None) -> bytes:
    """Return pairs as Parquet, exactly as they are, lists as lists."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"page": pa.int64(), "score": pa.float64(), "asked_by_people": pa.bool_(), "kept_for_judging": pa.bool_()}
    kinds |= dict.fromkeys(("passages", "negatives"), pa.list_(pa.string()))
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in COLUMNS])
    made = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(pair_rows(project, only)), schema=schema), made)
    return made.getvalue()


def pairs_jsonl(project: Project, only: PairFilter | None = None) -> bytes:
    """Return pairs as JSON, one a line, exactly as they are."""
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in pair_rows(project, only)).encode("utf-8", "replace")


def _harmless(value: object) -> object:
    """Return a cell with an apostrophe in front where a spreadsheet would take it for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _cell(value: object) -> object:
    """Return a value as one cell: a list as JSON, nothing as nothing."""
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False) if value else ""
    return "" if value is None else value


PAIRS = {
    "csv": pairs_csv,
    "tsv": lambda project, only=None: pairs_csv(project, only, "\t"),
    "jsonl": pairs_jsonl,
    "parquet": pairs_parquet,
}
"""What writes pairs, by the ending of the file."""
