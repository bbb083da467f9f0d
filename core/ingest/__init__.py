"""Ingest: uploaded files become documents; each is read in a child process and ends in exactly one state."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace

from core.digest import digest, short
from core.errors import UserError
from core.ingest.metadata import MetadataReport, read_metadata
from core.ingest.reading import Wish, off, read, read_all, save
from core.ingest.recognising import ask, recognise, recognise_asked, unrecognised
from core.loaders import columns as roles
from core.loaders.cleaning import one_line
from core.loaders.parsed import CleanSample
from core.loaders.sandbox import LIMITS, Limits
from core.project import Project
from core.schema import File, FileState, Progress, TableReading, silent

__all__ = [
    "MetadataReport",
    "add",
    "ask",
    "compare",
    "finish",
    "ingest",
    "keep",
    "outdated",
    "read_metadata",
    "recognise",
    "recognise_asked",
    "refresh",
    "reread",
    "unfinished",
    "unrecognised",
]

NAME_LIMIT = 240
WAITING = "Kept, and not read yet. Finish reading, or add the file again."


def keep(project: Project, name: str, data: bytes) -> File:
    """Put a file's bytes on disk and the file into the list; return it, waiting unless these very bytes were read before."""
    clean = _clean_name(name)
    sha256 = project.put_blob(data)
    old = project.file(short("file", clean))
    if old and old.sha256 == sha256:
        return old
    new = old or File(short("file", clean), clean, sha256, len(data), added=time.time())
    new = replace(new, sha256=sha256, size=len(data), state=FileState.WAITING, detail=WAITING, recognised="")
    project.save_file(new)
    return new


def add(
    project: Project,
    name: str,
    data: bytes,
    *,
    password: str = "",
    reading: TableReading | None = None,
    columns: Mapping[str, str] | None = None,
    limits: Limits = LIMITS,
) -> File:
    """Keep a file's bytes, read it, and return it in the state in which that ended; see `ingest`."""
    file = keep(project, name, data)
    if file.state is FileState.WAITING or password or reading or _says_other(columns, file):
        file = save(project, file, read(project, file, Wish(password, reading or TableReading(), columns), limits))
    _check_columns([file], columns)
    return file


def ingest(
    project: Project,
    files: Sequence[tuple[str, bytes]],
    *,
    columns: Mapping[str, str] | None = None,
    passwords: Mapping[str, str] | None = None,
    progress: Progress = silent,
    limits: Limits = LIMITS,
) -> list[File]:
    """Add files (name, bytes) and read them, two at a time; return them in the same order.

    All bytes are on disk before the first is read, so that what a crash leaves waiting can be finished (`finish`). The
    same bytes under the same name change nothing; other bytes replace the file and leave untouched what did not change.
    `columns` overrides what the tables' columns are guessed to be (role -> column), `passwords` is by file name. Raises
    `UserError` for a column that none of the tables has, once everything is read.
    """
    kept: dict[str, tuple[File, str]] = {}
    for name, data in files:
        file = keep(project, name, data)
        kept[file.id] = (file, (passwords or {}).get(name, ""))
    work = [
        (file, Wish(password, columns=columns))
        for file, password in kept.values()
        if file.state is FileState.WAITING or (password and file.state is FileState.PASSWORD) or _says_other(columns, file)
    ]
    done = {file.id: save(project, file, parsed) for file, parsed in read_all(project, work, progress, limits)}
    result = [done.get(file_id, file) for file_id, (file, _) in kept.items()]
    _check_columns(result, columns)
    return result


def unfinished(project: Project) -> list[File]:
    """Return the files that were kept and not read yet: what a crash or a closed tab left."""
    return [file for file in project.files() if file.state is FileState.WAITING]


def finish(
    project: Project, *, columns: Mapping[str, str] | None = None, progress: Progress = silent, limits: Limits = LIMITS
) -> list[File]:
    """Read every file that is still waiting; the project's recipe says its tables' columns unless `columns` does."""
    wish = Wish(columns=project.recipe().columns if columns is None else columns)
    return [save(project, *read) for read in read_all(project, [(file, wish) for file in unfinished(project)], progress, limits)]


def outdated(project: Project) -> list[File]:
    """Return the files that were cleaned in another way than the project's recipe says now."""
    wanted = off(project)
    return [file for file in project.files() if file.state is FileState.READ and file.off != wanted]


def refresh(project: Project, *, progress: Progress = silent, limits: Limits = LIMITS) -> list[File]:
    """Read again what was cleaned in another way, and return the files that had to stay as they were.

    Documents keep their ids, so that chunks and pairs that do not change stay, and the others find their passage again. A
    file that cannot be read now, as its password is kept nowhere, keeps the text that it has.
    """
    kept = []
    for file, parsed in read_all(project, [(file, Wish(reading=file.reading)) for file in outdated(project)], progress, limits):
        if parsed.state is FileState.READ:
            save(project, file, parsed)
        else:
            kept.append(file)
    return kept


def compare(project: Project, file_id: str, *, limits: Limits = LIMITS) -> tuple[CleanSample, ...]:
    """Return what each switch of cleaning changes in a file, with examples; nothing is saved."""
    file = _known(project, file_id)
    parsed = read(project, file, Wish(reading=file.reading, compare=True), limits)
    if parsed.state is not FileState.READ:
        raise UserError(f"This file cannot be read again now. {parsed.detail}", "Choose another file.")
    return parsed.samples


def reread(project: Project, file_id: str, *, password: str = "", reading: TableReading | None = None, limits: Limits = LIMITS) -> File:
    """Read a file again, with its password or with another encoding, delimiter or columns.

    Raises `UserError`, and leaves what was read before, where a file that was read can not be read this way.
    """
    file = _known(project, file_id)
    parsed = read(project, file, Wish(password, reading or TableReading()), limits)
    if file.state is FileState.READ and parsed.state is not FileState.READ:
        raise UserError(f"“{file.name}” cannot be read this way. {parsed.detail}", "What was read before is unchanged.")
    return save(project, file, parsed)


def _known(project: Project, file_id: str) -> File:
    file = project.file(file_id)
    if file is None:
        raise UserError("This file is no longer in the project.", "Add it again.")
    return file


# --- keeping ----------------------------------------------------------------------------------------------------------


def _clean_name(name: str) -> str:
    """Return a name that can be shown: printable, not endless. It is never a path."""
    clean = unicodedata.normalize("NFC", one_line("".join(c if c.isprintable() else " " for c in name), 10_000)) or "unnamed"
    return clean if len(clean) <= NAME_LIMIT else f"{clean[: NAME_LIMIT - 40]}… {digest(clean)[:8]} {clean[-20:]}"


# --- columns ---------------------------------------------------------------------------------------------------------


def _says_other(columns: Mapping[str, str] | None, file: File) -> bool:
    """Say whether a choice of columns differs from how a table was read."""
    if not columns or not file.preview:
        return False
    return roles.override(file.reading.columns, columns, tuple(file.preview[0])) != dict(file.reading.columns)


def _check_columns(files: Sequence[File], columns: Mapping[str, str] | None) -> None:
    """Raise `UserError` for a chosen column that none of the tables has: a slip that would go unseen otherwise."""
    headers = [tuple(file.preview[0]) for file in files if file.kind == "table" and file.preview]
    for role, name in (columns or {}).items():
        if role not in roles.ROLES:
            raise UserError(f"There is no role called “{role}”.", f"Choose one of: {', '.join(roles.ROLES)}.")
        if headers and all(roles.missing({role: name}, header) for header in headers):
            raise UserError(f"There is no column called “{name}”.", f"The columns are: {', '.join(headers[0][:20])}.")
