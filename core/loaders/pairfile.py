"""Files of pairs: CSV, TSV, JSON lines and Parquet in the field's usual layouts, each row brought to one form.

query and passage        a pair a row, with negatives, a score, a category and a group where there are columns for them
anchor and positive      the same, by its other names; a year is the group
sentence, similar[], almost_similar[], dissimilar[]
                         one row for several pairs: similar texts score 1, almost similar ones 0.5, dissimilar ones -1; the dissimilar
                         are negatives of the similar as well

Where scored pairs are asked for, scores may be on any scale, and a table of two texts and a number needs no header (STS-B, SICK).
"""

from __future__ import annotations

import json
import re
from ast import literal_eval
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Any

from core.loaders.cleaning import Cleaning, clean, counted, one_line
from core.loaders.encodings import decode
from core.loaders.grid import BrokenTableError, TooHeavyError, is_number, read_grid
from core.loaders.parsed import PairRow, Parsed, ReadRequest
from core.loaders.scores import Scale, as_number, nameless
from core.schema import FileState

ROWS = 200_000
BYTES = 512 << 20  # a Parquet file's, unpacked
LONGEST_QUERY, LONGEST_TEXT, TEXTS = 2000, 100_000, 100  # characters, characters, texts in one cell
TOLD = 50  # refused rows that are named
AS_IT_IS = Cleaning(unicode=True, ligatures=False, hyphens=False, html=False, boilerplate=False)
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0")  # what the export for spreadsheets puts an apostrophe before

NAMES: Mapping[str, tuple[str, ...]] = {
    "query": (
        "query",
        "question",
        "anchor",
        "sentence",
        "sentence1",
        "sentence_1",
        "sentence_a",
        "text1",
        "q",
        "frage",
        "prompt",
        "instruction",
    ),
    "passage": (
        "passage",
        "positive",
        "pos",
        "answer",
        "document",
        "context",
        "sentence2",
        "sentence_2",
        "sentence_b",
        "text2",
        "response",
        "antwort",
        "text",
    ),
    "passages": ("passages", "positives", "similar"),
    "almost": ("almost_similar", "almost similar"),
    "dissimilar": ("dissimilar",),
    "negatives": ("negatives", "negative", "neg", "hard_negative", "hard_negatives"),
    "score": ("score", "label", "similarity", "similarity_score", "relatedness_score", "relevance"),
    "category": ("category", "type"),
    "group": ("group", "year", "domain"),
    "people": ("asked_by_people", "people"),
    "judge": ("kept_for_judging", "judge_only"),
    "state": ("state",),
}
_NEGATIVE = re.compile(r"(?:hard_)?neg(?:ative)?[_ ]?\d+")
_TRUE = frozenset({"true", "1", "yes", "ja", "x"})
LAYOUTS = "Columns called query and passage (or question and answer, anchor and positive, sentence and similar) are looked for."


@dataclass(frozen=True)
class Layout:
    """How a file's rows are read: the columns of each role, in order; `escaped` cells have an apostrophe before a formula.

    Where pairs are `scored`, each says its score, on `scale`.
    """

    columns: Mapping[str, Sequence[str]]
    escaped: bool
    scored: bool = False
    scale: Scale = field(default_factory=Scale)

    def cell(self, record: Mapping[str, Any], role: str) -> Any:
        """Return what a row says for a role: the first of its columns that says anything."""
        return next((record.get(name) for name in self.columns.get(role, ()) if record.get(name) not in (None, "")), "")

    def texts(self, record: Mapping[str, Any], role: str) -> tuple[str, ...]:
        """Return all texts of a row for a role."""
        return _texts([record.get(name) for name in self.columns.get(role, ())], self.escaped)

    def plain(self, record: Mapping[str, Any], role: str) -> str:
        """Return what a row says for a role, as clean text."""
        return _plain(self.cell(record, role), self.escaped)

    def score(self, record: Mapping[str, Any]) -> float | None:
        """Return how right a row says it is; None for what is no score. Nothing said is right, unless the pairs are scored."""
        cell = self.cell(record, "score")
        if isinstance(cell, str) and not cell.strip() and not (self.scored and "score" in self.columns):
            return 1.0
        found = as_number(cell)
        return None if found is None else self.scale.of_one(found)


class NoPairsError(Exception):
    """Say in plain words why a file holds no pairs."""


def read(data: bytes, request: ReadRequest) -> Parsed:
    """Read a file of pairs; every row is taken or refused with its reason, and the file ends in one state.

    Needs: a column for the query and one for what answers it, by one of their usual names.
    Choose it for: pairs that were made elsewhere, or that Attune exported. A table of questions and answers can also be added as a document.
    Source: the layouts of sentence-transformers' datasets, https://sbert.net/docs/sentence_transformer/dataset_overview.html
    """
    try:
        form, records, escaped = _records(data, request)
        layout = Layout(_columns(records, request), escaped, request.scored)
        if request.scored:
            layout = replace(layout, scale=Scale.of(layout.cell(record, "score") for record in records[:ROWS]))
        rows: list[PairRow] = []
        refused: list[str] = []
        number = 0
        for number, record in enumerate(records, start=1):
            if number > ROWS:
                raise TooHeavyError(f"The file has more than {ROWS:,} rows; {ROWS:,} are read at most.")
            made, why = _row(number, record, layout)
            rows += made
            if why and len(refused) < TOLD:
                refused.append(f"Row {number:,}: {why}")
    except TooHeavyError as error:
        return Parsed(FileState.TOO_HEAVY, f"{error} Split the file, and import the parts.", "pairs")
    except (BrokenTableError, NoPairsError) as error:
        return Parsed(FileState.NOT_TEXT, f"{error or 'The file does not fall into rows and columns.'} {LAYOUTS}", "pairs")
    if not rows:
        return Parsed(FileState.EMPTY, f"None of {counted(number, 'row')} holds a pair. {LAYOUTS}", "pairs", refused=tuple(refused))
    words = f"{form}: {counted(number, 'row')} read, {counted(len(rows), 'pair')} found.{layout.scale.words}"
    return Parsed(FileState.READ, words, "pairs", rows=tuple(rows), refused=tuple(refused))


def _records(data: bytes, request: ReadRequest) -> tuple[str, Sequence[Mapping[str, Any]], bool]:
    """Return what the file is, its rows by column, and whether its cells may have been escaped for a spreadsheet."""
    if data[:4] == b"PAR1":
        return "Parquet", _parquet(data, request), False
    start = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start[:1] in (b"{", b"["):
        return "JSON", _json(decode(data, request.reading.encoding)[0].lstrip("\ufeff")), False
    grid = read_grid(data, request.reading, AS_IT_IS)
    if request.scored and not any(map(_role, grid.header)) and any(map(is_number, grid.header)):
        grid = read_grid(data, request.reading, AS_IT_IS, headed=False)
    return "Table", [dict(zip(grid.header, row, strict=True)) for row in grid.rows], True


def _json(text: str) -> list[Mapping[str, Any]]:
    try:
        whole = text.lstrip().startswith("[")
        found = json.loads(text) if whole else [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError):
        raise NoPairsError("The file is no JSON: each line must be an object of its own.") from None
    if not all(isinstance(record, dict) for record in found):
        raise NoPairsError("The file's entries are no objects with names.")
    return list(found)


def _parquet(data: bytes, request: ReadRequest) -> list[Mapping[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(BytesIO(data))
        about = file.metadata
        if about.num_rows > ROWS:
            raise TooHeavyError(f"The file has {about.num_rows:,} rows; {ROWS:,} are read at most.")
        if sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups)) > BYTES:
            raise TooHeavyError(f"The file unpacks to more than {BYTES >> 20} MB.")
        wanted = [name for name in file.schema_arrow.names if _role(name) or name in request.columns.values()]
        return list(file.read(columns=wanted, use_threads=False).to_pylist())
    except (pa.ArrowException, OSError, ValueError):
        raise NoPairsError("The file is damaged, or no Parquet file that can be read.") from None


def _role(name: str) -> str:
    plain = re.sub(r"[\s-]+", "_", str(name).strip().casefold())
    if _NEGATIVE.fullmatch(plain):
        return "negatives"
    return next((role for role, names in NAMES.items() if plain in names or plain.replace("_", " ") in names), "")


def _columns(records: Sequence[Mapping[str, Any]], request: ReadRequest) -> Mapping[str, list[str]]:
    """Return the columns of each role: those that are said, then in the order of the names they are known by, "passage" before "text"."""
    header = dict.fromkeys(name for record in records[:1000] for name in record)
    said: dict[str, list[str]] = {}
    for usual, name in request.columns.items():
        if name not in header or not _role(usual):
            what = f"There is no column “{one_line(name, 40)}”" if _role(usual) else f"“{one_line(usual, 40)}” is not what a column can be"
            raise NoPairsError(f"{what}; {_told(header)}.")
        said.setdefault(_role(usual), []).append(name)
    taken = {name for names in said.values() for name in names}
    found: dict[str, list[str]] = {}
    for name in header:
        if name not in taken and (role := _role(name)) and role not in said:
            found.setdefault(role, []).append(name)
    for role, names in found.items():
        if role in NAMES and role != "negatives":
            names.sort(key=lambda name: _rank(role, name))
    found |= said
    if not found and request.scored:
        found = nameless(records)
    if "query" not in found or not found.keys() & {"passage", "passages", "almost", "dissimilar"}:
        raise NoPairsError(f"There is no column for a question and one for its passage; {_told(header)}.")
    return found


def _told(header: Iterable[str]) -> str:
    return f"the columns are {', '.join(f'“{one_line(name, 40)}”' for name in list(header)[:12]) or 'none'}"


def _rank(role: str, name: str) -> int:
    plain = name.strip().casefold()
    return next((i for i, known in enumerate(NAMES[role]) if known in (plain, plain.replace(" ", "_"))), len(NAMES[role]))


def _row(number: int, record: Mapping[str, Any], layout: Layout) -> tuple[list[PairRow], str]:
    """Return the pairs of a row, and why it, or a part of it, is not taken."""
    query = " ".join(layout.plain(record, "query").split())
    right = tuple(dict.fromkeys([*_texts([layout.cell(record, "passage")], layout.escaped), *layout.texts(record, "passages")]))
    almost, wrong, negatives = (layout.texts(record, role) for role in ("almost", "dissimilar", "negatives"))
    score = layout.score(record)
    longest = LONGEST_TEXT if layout.scored else LONGEST_QUERY
    if not query:
        return [], "there is no question"
    if len(query) > longest:
        return [], f"the question has {len(query):,} characters; {longest:,} is the most"
    if not (right or almost or wrong):
        return [], "there is no passage"
    if any(len(text) > LONGEST_TEXT for text in (*right, *almost, *wrong, *negatives)):
        return [], f"a passage has more than {LONGEST_TEXT:,} characters"
    if len({*right, *almost, *wrong, *negatives}) > TEXTS:
        return [], f"it names more than {TEXTS} passages"
    if score is None:
        told, scale = one_line(str(layout.cell(record, "score")), 30), layout.scale
        return [], f"the score “{told}” is no number from {scale.low:g} to {scale.high:g}"
    wrong_of = tuple(text for text in dict.fromkeys((*negatives, *wrong)) if text not in right)
    first = PairRow(
        number,
        query,
        right,
        wrong_of,
        score,
        category=one_line(layout.plain(record, "category"), 80),
        group=one_line(layout.plain(record, "group"), 80),
        people=_true(layout.cell(record, "people")),
        judge_only=_true(layout.cell(record, "judge")),
        dropped=str(layout.cell(record, "state")).casefold() in ("dropped", "set aside"),
    )
    made = [first] if right else []
    made += [replace(first, passages=(text,), negatives=(), score=0.5) for text in almost]
    made += [replace(first, passages=(text,), negatives=(), score=-1.0) for text in wrong]
    return made, ""


def _texts(cells: Sequence[Any], escaped: bool) -> tuple[str, ...]:
    """Return the texts of some cells: each may be a list, or the JSON of one."""
    return tuple(dict.fromkeys(text for cell in cells for text in _of_cell(cell, escaped) if text.strip()))


def _of_cell(cell: Any, escaped: bool) -> Iterator[str]:
    if isinstance(cell, str) and cell[:1] == "[" and cell[-1:] == "]":
        with suppress(ValueError, SyntaxError, RecursionError, MemoryError):  # a list as JSON writes it, or as Python does
            cell = literal_eval(cell) if cell[1:2] == "'" else json.loads(cell)
    if isinstance(cell, (list, tuple)):
        yield from (_plain(text, escaped) for text in cell if isinstance(text, str))
    elif cell not in (None, ""):
        yield _plain(cell, escaped)


def _plain(cell: Any, escaped: bool) -> str:
    text = clean(str(cell), AS_IT_IS).strip() if cell is not None else ""
    return text[1:] if escaped and text[:1] == "'" and text[1:].startswith(FORMULA) else text


def _true(cell: Any) -> bool:
    return cell is True or str(cell).strip().casefold() in _TRUE
