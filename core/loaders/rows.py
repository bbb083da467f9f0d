"""The rows of a table as documents: each its own, those with one answer together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.digest import short
from core.loaders.cleaning import counted
from core.loaders.columns import PASSAGE
from core.loaders.grid import Grid
from core.loaders.parsed import ParsedDocument, ParsedPage

JUDGE = frozenset({"judge", "judging", "judge only", "test", "testing", "test only", "eval", "evaluation"})
_DESCRIBED = ("date", "author", "group", "language", "domain")


@dataclass(frozen=True)
class Rows:
    """Documents made from a table's rows, and what had to be left out."""

    documents: tuple[ParsedDocument, ...]
    unanswered: int = 0  # rows with a question and nothing that answers it
    blank: int = 0  # rows with no text at all

    @property
    def questions(self) -> int:
        """How many real questions came with the rows."""
        return sum(len(document.questions) for document in self.documents)

    @property
    def judging(self) -> int:
        """How many of the questions are kept for judging."""
        return sum(len(document.questions) for document in self.documents if document.judge_only)

    def skipped(self) -> str:
        """Return in words what was left out."""
        parts = []
        if self.unanswered:
            parts.append(f"{counted(self.unanswered, 'question')} without an answer left out.")
        if self.blank:
            parts.append(f"{counted(self.blank, 'row')} without text left out.")
        return " ".join(parts)


def documents(grid: Grid, roles: Mapping[str, str], name: str) -> Rows:
    """Make a document of each row that has text; rows that give one answer become one document with all their questions.

    Its key is the hash of its text before any switch of cleaning, with a count where the same text comes again, so that editing
    one row leaves the others what they were, and another way of cleaning leaves them all.
    """
    by_role = {role: [i for i, column in enumerate(grid.header) if roles.get(column) == role] for role in set(roles.values())}
    passage = next((role for role in PASSAGE if role in by_role), "text")
    answered = bool(by_role.get("question") or by_role.get("anchor"))
    merged: dict[tuple[str, ...], ParsedDocument] = {}
    seen: Counter[str] = Counter()
    unanswered = blank = 0
    for number, (row, before) in enumerate(zip(grid.rows, grid.keys or grid.rows, strict=True), start=1):
        found = _document(grid.header, row, by_role, passage, f"{name}, row {number}")
        if not found.pages[0].text:
            unanswered, blank = unanswered + bool(found.questions or found.anchors), blank + (not (found.questions or found.anchors))
            continue
        identity = _identity(found) if answered else (str(number),)
        if identity in merged:
            merged[identity] = _together(merged[identity], found)
            continue
        text = found.pages[0].text if row == before else _document(grid.header, before, by_role, passage, "").pages[0].text
        merged[identity] = replace(found, key=short(text, seen[text]))
        seen[text] += 1
    return Rows(tuple(merged.values()), unanswered, blank)


def _document(header: Sequence[str], row: Sequence[str], by_role: Mapping[str, list[int]], passage: str, name: str) -> ParsedDocument:
    def cells(role: str) -> list[str]:
        return [row[i] for i in by_role.get(role, ()) if row[i]]

    text, parts = _text(header, row, by_role.get(passage, ()), named=passage == "attribute")
    questions, anchors = (tuple(dict.fromkeys(" ".join(cell.split()) for cell in cells(role))) for role in ("question", "anchor"))
    titles = cells("title")
    if passage == "text" and not text and not questions and not anchors:
        text = "\n".join(titles)
    placed = {i for indices in by_role.values() for i in indices}
    fields = {header[i]: row[i][:1000] for i in range(len(header)) if i not in placed and row[i]}
    return ParsedDocument(
        key="",
        pages=(ParsedPage(1, text),),
        title=" ".join(" ".join(titles).split())[:200] or name,
        questions=questions,
        anchors=anchors,
        parts=parts if anchors else {},
        judge_only=bool(questions or anchors) and any(cell.casefold() in JUDGE for cell in cells("purpose")),
        fields=fields,
        ready_chunk=True,
        **{role: ", ".join(cells(role)) for role in _DESCRIBED},
    )


def _text(header: Sequence[str], row: Sequence[str], columns: Sequence[int], *, named: bool) -> tuple[str, dict[str, tuple[int, int]]]:
    """Return the text of a row's columns, one below the other or as "name: value, …", and where each cell stands in it."""
    text, parts = "", {}
    for i in columns:
        if row[i]:
            text += (", " if named else "\n") * bool(text) + (f"{header[i]}: " if named else "")
            parts[header[i]] = (len(text), len(text) + len(row[i]))
            text += row[i]
    return text, parts


def _identity(document: ParsedDocument) -> tuple[str, ...]:
    described = tuple(getattr(document, role) for role in _DESCRIBED)
    return (document.pages[0].text, *described)


def _together(first: ParsedDocument, other: ParsedDocument) -> ParsedDocument:
    return replace(
        first,
        questions=tuple(dict.fromkeys([*first.questions, *other.questions])),
        anchors=tuple(dict.fromkeys([*first.anchors, *other.anchors])),
        judge_only=first.judge_only or other.judge_only,
        fields={name: value for name, value in first.fields.items() if other.fields.get(name) == value},
    )
