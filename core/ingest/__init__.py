"""Ingest: uploaded files become documents; each is read in a child process and ends in exactly one state."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace

from core.digest import digest, short
from core.errors import UserError
from core.ingest import metadata
from core.ingest.metadata import MetadataReport, read_metadata
from core.loaders import columns as roles
from core.loaders import sandbox
from core.loaders.cleaning import one_line
from core.loaders.parsed import Parsed, ParsedDocument, ReadRequest
from core.loaders.sandbox import LIMITS, Limits
from core.project import Project
from core.schema import Document, File, FileState, Page, Progress, TableReading, silent

__all__ = ["MetadataReport", "add", "finish", "ingest", "keep", "read_metadata", "reread", "unfinished"]

AT_ONCE = 2
"""Children that read at the same time."""

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
    new = replace(new, sha256=sha256, size=len(data), state=FileState.WAITING, detail=WAITING)
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
        file = _save(project, file, _read(project, file, data, password, reading, columns, limits))
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
        (file, password)
        for file, password in kept.values()
        if file.state is FileState.WAITING or (password and file.state is FileState.PASSWORD) or _says_other(columns, file)
    ]
    done = {file.id: file for file in _read_all(project, work, columns, progress, limits)}
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
    chosen = project.recipe().columns if columns is None else columns
    return list(_read_all(project, [(file, "") for file in unfinished(project)], chosen, progress, limits))


def reread(project: Project, file_id: str, *, password: str = "", reading: TableReading | None = None, limits: Limits = LIMITS) -> File:
    """Read a file again, with its password or with another encoding, delimiter or columns.

    Raises `UserError`, and leaves what was read before, where a file that was read can not be read this way.
    """
    file = project.file(file_id)
    if file is None:
        raise UserError("This file is no longer in the project.", "Add it again.")
    parsed = _read(project, file, _bytes(project, file), password, reading, None, limits)
    if file.state is FileState.READ and parsed.state is not FileState.READ:
        raise UserError(f"“{file.name}” cannot be read this way. {parsed.detail}", "What was read before is unchanged.")
    return _save(project, file, parsed)


# --- keeping ----------------------------------------------------------------------------------------------------------


def _clean_name(name: str) -> str:
    """Return a name that can be shown: printable, not endless. It is never a path."""
    clean = unicodedata.normalize("NFC", one_line("".join(c if c.isprintable() else " " for c in name), 10_000)) or "unnamed"
    return clean if len(clean) <= NAME_LIMIT else f"{clean[: NAME_LIMIT - 40]}… {digest(clean)[:8]} {clean[-20:]}"


def _bytes(project: Project, file: File) -> bytes:
    try:
        return project.blob(file.sha256).read_bytes()
    except OSError:
        raise UserError(f"The bytes of “{file.name}” are no longer on disk.", "Add the file again.") from None


# --- reading ----------------------------------------------------------------------------------------------------------


def _read(
    project: Project,
    file: File,
    data: bytes,
    password: str,
    reading: TableReading | None,
    columns: Mapping[str, str] | None,
    limits: Limits,
) -> Parsed:
    request = ReadRequest(
        name=file.name,
        password=password,
        reading=reading or TableReading(),
        columns=columns or {},
        kept=file.reading.columns,
        kept_header=tuple(file.preview[0]) if file.preview else (),
    )
    return sandbox.parse(data, request, limits)


def _read_all(
    project: Project,
    work: Sequence[tuple[File, str]],
    columns: Mapping[str, str] | None,
    progress: Progress,
    limits: Limits,
) -> Iterator[File]:
    """Read files two at a time and save each as it ends, in this thread, which is the one that may draw progress."""
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="ingest")
    waiting = list(reversed(work))
    running: dict[Future[Parsed], File] = {}
    try:
        for count in range(len(work)):
            while waiting and len(running) < AT_ONCE:
                file, password = waiting.pop()
                running[pool.submit(_read, project, file, _bytes(project, file), password, None, columns, limits)] = file
            progress(count / len(work), f"Reading {one_line(next(iter(running.values())).name, 80)}")
            done = next(iter(wait(running, return_when=FIRST_COMPLETED).done))
            yield _save(project, running.pop(done), done.result())
        progress(1.0, f"{len(work)} read")
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _save(project: Project, file: File, parsed: Parsed) -> File:
    documents = metadata.described(project, file, [_document(file, position, found) for position, found in enumerate(parsed.documents)])
    pages = [page for document, found in zip(documents, parsed.documents, strict=True) for page in _pages(document.id, found)]
    saved = replace(
        file,
        kind=parsed.kind or file.kind,
        state=parsed.state,
        detail=parsed.detail,
        pages=parsed.pages,
        documents=len(documents),
        characters=sum(document.characters for document in documents),
        reading=parsed.reading,
        preview=parsed.preview,
    )
    project.replace_documents(saved, documents, pages)
    return saved


def _document(file: File, position: int, found: ParsedDocument) -> Document:
    return Document(
        id=short(file.id, found.key),
        file_id=file.id,
        position=position,
        title=found.title or file.name,
        characters=found.characters,
        date=found.date,
        author=found.author,
        group=found.group,
        language=found.language,
        fields=found.fields,
        questions=found.questions,
        judge_only=found.judge_only,
        ready_chunk=found.ready_chunk,
    )


def _pages(document_id: str, found: ParsedDocument) -> Iterator[Page]:
    start = 0
    for page in found.pages:
        yield Page(document_id, page.number, start, page.text, page.removed)
        start += len(page.text) + 1


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
