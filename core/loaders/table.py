"""Tables: CSV, TSV and the like, where each row is a document of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.loaders import rows
from core.loaders.cleaning import Cleaning, counted, one_line
from core.loaders.columns import PASSAGE, ROLES, guess_columns, missing, override
from core.loaders.comparing import samples
from core.loaders.delimiters import DELIMITERS
from core.loaders.encodings import ENCODINGS
from core.loaders.grid import BrokenTableError, Grid, TooHeavyError, read_grid
from core.loaders.parsed import Parsed, ParsedDocument, ReadRequest
from core.schema import FileState, TableReading

__all__ = ["DELIMITERS", "ENCODINGS", "ROLES", "guess_columns", "read"]

_PREVIEW_CELL = 500


def read(data: bytes, request: ReadRequest) -> Parsed:
    """Read a table: find encoding, delimiter and header, give the columns their roles, make each row a document.

    Needs: at least one column with words in it. `request.reading` and `request.columns` correct what was found.
    Choose it for: questions with answers (real pairs), texts one a row, things with attributes.
    Source: https://pandas.pydata.org/docs/reference/api/pandas.read_csv.html
    """
    try:
        grid = read_grid(data, request.reading, request.clean)
    except TooHeavyError as error:
        return Parsed(FileState.TOO_HEAVY, f"{error} Take out what is not needed, or split the table, and add that.", "table")
    except BrokenTableError:
        words = "The file does not fall into rows and columns. Open it in a spreadsheet, save it as CSV (UTF-8) and add that."
        return Parsed(FileState.DAMAGED, words, "table")
    roles = _roles(grid, request)
    stem = one_line(re.sub(r"\.\w{1,8}$", "", request.name.replace("\\", "/").rsplit("/", 1)[-1]), 120)
    made = rows.documents(grid, roles, stem)

    def other(wanted: Cleaning) -> Sequence[ParsedDocument]:
        return rows.documents(read_grid(data, request.reading, wanted), roles, stem).documents

    state, detail = _end(grid, made, request)
    return Parsed(
        state,
        detail,
        "table",
        reading=TableReading(grid.reading.encoding, grid.reading.delimiter, roles),
        preview=tuple(
            {name: one_line(cell, _PREVIEW_CELL) for name, cell in zip(grid.header, row, strict=True)}
            for row in grid.rows[: request.preview_rows]
        ),
        documents=made.documents if state is FileState.READ else (),
        samples=samples(other, request, made.documents),
    )


def _roles(grid: Grid, request: ReadRequest) -> dict[str, str]:
    if request.reading.columns:
        chosen = {name: role for name, role in request.reading.columns.items() if name in grid.header and role in ROLES}
    elif request.kept and request.kept_header == grid.header:
        chosen = dict(request.kept)
    else:
        chosen = guess_columns(grid.header, grid.rows)
    return override(chosen, request.columns, grid.header) if request.columns else chosen


def _end(grid: Grid, made: rows.Rows, request: ReadRequest) -> tuple[FileState, str]:
    if not grid.rows:
        return FileState.EMPTY, "The table has a header and no rows below it. Fill it and add it again."
    if not made.documents:
        return FileState.NOT_TEXT, _nothing(grid, made)
    parts = [f"{counted(len(grid.rows), 'row')} read, {counted(len(made.documents), 'text')} to search."]
    if made.questions:
        judging = f", {made.judging:,} of them kept for judging" if made.judging else ""
        parts.append(f"{counted(made.questions, 'question')} with an answer{judging}.")
    if made.skipped():
        parts.append(made.skipped())
    if grid.ragged:
        parts.append(f"{counted(grid.ragged, 'row had', 'rows had')} too many cells; they were put into the last column.")
    unknown = missing(request.columns, grid.header)
    if unknown:
        parts.append(f"There is no column called {', '.join(f'“{one_line(name, 60)}”' for name in unknown)}, so the columns were guessed.")
    return FileState.READ, " ".join(parts)


def _nothing(grid: Grid, made: rows.Rows) -> str:
    if made.unanswered:
        return f"{made.skipped()} Say which column holds the answers, or take the questions as text to search."
    if guess_columns(grid.header, grid.rows) and not made.blank:
        return "No column is marked as text to search. Say which one holds the text."
    if any(role in PASSAGE for role in guess_columns(grid.header, grid.rows).values()):
        return "The column that was chosen is empty in every row. Choose another as the text to search."
    return "Its columns hold only numbers or codes, and there is no text to search. Add a table in which at least one column has words."
