"""Bytes to rows and columns, with pandas: encoding and delimiter found, ragged rows and odd headers put up with."""

from __future__ import annotations

import csv
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from itertools import islice
from typing import Any, Literal

from core.loaders import delimiters
from core.loaders.cleaning import ALL, Cleaning, clean, one_line
from core.loaders.encodings import start
from core.loaders.markup import text_of
from core.schema import TableReading

COLUMNS = 512
ROWS = 200_000
CELL = 1_000_000
"""What a table may have at most: columns, rows, characters in one cell."""

_SAMPLE = 300_000
_NUMBER = re.compile(r"[-+]?[\d.,'\s]*\d[\d.,'\s]*%?|[-+]?\d+(?:\.\d+)?e[-+]?\d+", re.IGNORECASE)


class TooHeavyError(Exception):
    """Say in plain words which limit of a table was passed."""


class BrokenTableError(Exception):
    """Say that the bytes do not fall into rows and columns."""


@dataclass(frozen=True)
class Grid:
    """A table's cells as cleaned text; every row is as long as the header. `ragged` counts rows with cells too many.

    `keys` are the rows before any switch of cleaning: by them a row is known again, however it is cleaned.
    """

    reading: TableReading
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    ragged: int = 0
    keys: tuple[tuple[str, ...], ...] = ()


def is_number(cell: str) -> bool:
    """Say whether a cell is a number, with or without separators, a per cent sign or an exponent."""
    return bool(_NUMBER.fullmatch(cell))


def read_grid(data: bytes, reading: TableReading, wanted: Cleaning = ALL, *, headed: bool = True) -> Grid:
    """Read a table; raise `TooHeavyError` past a limit and `BrokenTableError` where there are no rows and columns.

    The cells of a row that are too many are put back, delimiter and all, into its last column: text with a bare comma. Without
    `headed` even the first row is data.
    """
    sample, encoding = start(data, _SAMPLE, reading.encoding)
    truncated = len(sample) >= _SAMPLE
    if reading.delimiter:
        layout = delimiters.measure(sample, reading.delimiter[0], truncated=truncated)
    else:
        layout = delimiters.find(sample, truncated=truncated)
    if max(layout.columns, layout.widest) > COLUMNS:
        raise TooHeavyError(f"The table has {layout.widest:,} columns or more; {COLUMNS} are read at most.")
    width = max(layout.columns, layout.first, 1)
    found, ragged = _parse(data, encoding, layout.delimiter, width)
    if len(found) > ROWS:
        raise TooHeavyError(f"The table has more than {ROWS:,} rows; {ROWS:,} are read at most.")
    kept = [(values, row) for values in found if any(row := _cells(values))]
    rows = [row for _, row in kept]
    if not rows:
        raise BrokenTableError
    header, body = split_header(rows) if headed else ([""] * width, rows)
    shown = [_shown(values, row, wanted) for values, row in kept[len(rows) - len(body) :]]
    used = [i for i in range(width) if rows[0][i] or any(row[i] for row in rows)]
    names = _unique([header[i] or f"column {i + 1}" for i in used])
    cells, keys = (tuple(tuple(row[i] for i in used) for row in part) for part in (shown, body))
    return Grid(TableReading(encoding, layout.delimiter), names, cells, ragged, keys)


def _cells(values: Sequence[Any]) -> tuple[str, ...]:
    cells = tuple(clean(value).strip() if isinstance(value, str) else "" for value in values)
    longest = max(map(len, cells))
    if longest > CELL:
        raise TooHeavyError(f"One cell has {longest:,} characters; {CELL:,} are read at most.")
    return cells


def _shown(values: Sequence[Any], row: tuple[str, ...], wanted: Cleaning) -> tuple[str, ...]:
    """Return a row's cells cleaned as wanted."""
    if wanted.unicode and wanted.ligatures and not (wanted.html and any("<" in cell or "&" in cell for cell in row)):
        return row
    texts = (value if isinstance(value, str) else "" for value in values)
    return tuple(clean(text_of(text) if wanted.html else text, wanted).strip() for text in texts)


def _parse(data: bytes, encoding: str, delimiter: str, width: int) -> tuple[list[Sequence[Any]], int]:
    """Return the rows, and how many had too many cells: by pandas, or row by row where that finds the table ragged."""
    import pandas as pd

    separator = delimiters.separator(delimiter)
    for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", pd.errors.ParserWarning)  # pandas warns where it throws cells away
                frame = pd.read_csv(
                    BytesIO(data), sep=separator, header=None, names=list(range(width)), index_col=False, dtype=object, encoding=encoding,
                    encoding_errors="replace", keep_default_na=False, na_filter=False, compression=None, nrows=ROWS + 1, quoting=quoting,
                )  # fmt: skip
        except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
            if "EOF inside string" in str(error):  # a quote that is never closed: from there on quotes are only signs
                continue
            return _ragged(data, encoding, separator, width, quoting)
        except (pd.errors.EmptyDataError, ValueError, OverflowError):
            raise BrokenTableError from None
        return list(frame.itertuples(index=False, name=None)), 0
    raise BrokenTableError


def _ragged(data: bytes, encoding: str, separator: str, width: int, quoting: Literal[0, 3]) -> tuple[list[Sequence[Any]], int]:
    csv.field_size_limit(10 * CELL)
    reader = csv.reader(TextIOWrapper(BytesIO(data), encoding, "replace", newline=""), delimiter=separator, quoting=quoting)
    rows: list[Sequence[Any]] = []
    ragged = 0
    try:
        for cells in islice(filter(any, reader), ROWS + 1):
            extra = len(cells) > width
            ragged += extra
            rows.append([*cells[: width - 1], separator.join(cells[width - 1 :])] if extra else [*cells, *[""] * (width - len(cells))])
    except csv.Error:
        raise TooHeavyError(f"One cell has more than {10 * CELL:,} characters; {CELL:,} are read at most.") from None
    return rows, ragged


def split_header(rows: Sequence[tuple[str, ...]]) -> tuple[list[str], Sequence[tuple[str, ...]]]:
    """Return the columns' names ("" where there is none) and the rows below them.

    Up to three lines of caption above the header are passed over, a header of two rows becomes one, and a first row that
    is data like the others is no header.
    """
    top = 0
    while top < min(3, len(rows) - 1) and _filled(rows[top]) * 2 < len(rows[top]) and _filled(rows[top + 1]) > _filled(rows[top]):
        top += 1
    header = [one_line(cell, 100) for cell in rows[top]]
    below = rows[top + 1 :]
    if below and _is_data(header, below[:50]):
        return [""] * len(header), rows[top:]
    if below and not all(header) and all(name or under for name, under in zip(header, below[0], strict=True)):
        second = below[0]
        if not any(is_number(cell) for cell in second) and not all(second):
            return _merged(header, second), below[1:]
    return header, below


def _filled(row: Sequence[str]) -> int:
    return sum(map(bool, row))


def _is_data(header: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Say whether the first row holds values: numbers within what its columns hold (years as names are not)."""
    inside = outside = 0
    for name, cells in zip(header, zip(*below, strict=True), strict=True):
        if len(name) >= 100 or not is_number(name):
            continue
        values = sorted(value for cell in cells if (value := _value(cell)) is not None)
        within = bool(values) and values[0] <= (_value(name) or 0) <= values[-1]
        inside, outside = inside + within, outside + (not within)
    return inside > outside


def _value(cell: str) -> float | None:
    try:
        return float(cell.replace(",", "."))
    except ValueError:
        return None


def _merged(header: Sequence[str], second: Sequence[str]) -> list[str]:
    names, group = [], ""
    for name, under in zip(header, second, strict=True):
        group = name or group
        names.append(f"{group} {under}".strip() if under else name)
    return names


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    seen: dict[str, int] = {}
    out = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(out)
