"""The sign between a table's cells: the one by which its rows agree best on a number of columns."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass
from itertools import islice

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", "\n": "none, one column"}
"""Each sign with its name, for a page to offer."""

_NONE = "\x1f"
ROWS = 200


@dataclass(frozen=True)
class Layout:
    """How a sample falls into cells: `agreement` is the share of its rows that have the usual number of columns.

    `first` is the width of the first row, `widest` that of the widest.
    """

    delimiter: str
    columns: int
    agreement: float
    rows: int
    first: int = 1
    widest: int = 1


def find(sample: str, *, truncated: bool = False) -> Layout:
    """Return the layout of a table's first part; one column (and a newline) where no delimiter is agreed upon.

    `truncated` says that the sample ends somewhere in the middle, so that its last row does not count.
    """
    layouts = [measure(sample, sign, truncated=truncated) for sign in DELIMITERS if sign != "\n"]
    plausible = [found for found in layouts if found.columns > 1 and found.agreement > 0.55]
    single = Layout("\n", 1, 1.0, max(found.rows for found in layouts))
    # where all else is equal, the sign that is rarer in running text
    return max(plausible, key=lambda found: (round(found.agreement, 1), found.columns, ",;\t|".index(found.delimiter)), default=single)


def separator(delimiter: str) -> str:
    """Return the sign that parsers are given: for one column, one that no text holds."""
    return _NONE if delimiter == "\n" else delimiter


def measure(sample: str, delimiter: str, *, truncated: bool = False) -> Layout:
    """Return how a sample falls into cells with one delimiter."""
    csv.field_size_limit(max(len(sample), 131_072))
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=separator(delimiter))
    try:
        widths = [len(row) for row in islice(reader, ROWS) if any(row)]
    except csv.Error:
        widths = []
    if truncated and 1 < len(widths) < ROWS:
        widths.pop()
    if not widths:
        return Layout(delimiter, 0, 0.0, 0)
    columns, agreeing = Counter(widths).most_common(1)[0]
    return Layout(delimiter, columns, agreeing / len(widths), len(widths), widths[0], max(widths))
