"""Reading kept files in child processes, and saving what was read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, fields, replace

from core.digest import short
from core.errors import UserError
from core.ingest import metadata
from core.loaders import sandbox
from core.loaders.cleaning import Cleaning, one_line
from core.loaders.parsed import Parsed, ParsedDocument, ReadRequest
from core.loaders.sandbox import LIMITS, Limits
from core.project import Project
from core.schema import Document, File, Page, Progress, TableReading

AT_ONCE = 2
"""Children that read at the same time."""


@dataclass(frozen=True)
class Wish:
    """How a person wants a file read, besides what the recipe says."""

    password: str = ""
    reading: TableReading = field(default_factory=TableReading)
    columns: Mapping[str, str] | None = None
    compare: bool = False


def read(project: Project, file: File, wish: Wish = Wish(), limits: Limits = LIMITS) -> Parsed:
    """Read a kept file in a child process, cleaned as the project's recipe says; nothing is saved."""
    request = ReadRequest(
        name=file.name,
        password=wish.password,
        reading=wish.reading,
        columns=wish.columns or {},
        kept=file.reading.columns,
        kept_header=tuple(file.preview[0]) if file.preview else (),
        clean=Cleaning(**project.recipe().clean.model_dump()),
        compare=wish.compare,
    )
    return sandbox.parse(_bytes(project, file), request, limits)


def _bytes(project: Project, file: File) -> bytes:
    try:
        return project.blob(file.recognised or file.sha256).read_bytes()
    except OSError:
        raise UserError(f"The bytes of “{file.name}” are no longer on disk.", "Add the file again.") from None


def off(project: Project) -> tuple[str, ...]:
    """Return the switches of cleaning that the project's recipe turns off."""
    settings = project.recipe().clean
    return tuple(field.name for field in fields(Cleaning) if not getattr(settings, field.name))


def read_all(project: Project, work: Sequence[tuple[File, Wish]], progress: Progress, limits: Limits) -> Iterator[tuple[File, Parsed]]:
    """Read files two at a time and yield each as it ends, in this thread, which is the one that may draw progress."""
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="ingest")
    waiting = list(reversed(work))
    running: dict[Future[Parsed], File] = {}
    try:
        for count in range(len(work)):
            while waiting and len(running) < AT_ONCE:
                file, wish = waiting.pop()
                running[pool.submit(read, project, file, wish, limits)] = file
            progress(count / len(work), f"Reading {one_line(next(iter(running.values())).name, 80)}")
            done = next(iter(wait(running, return_when=FIRST_COMPLETED).done))
            yield running.pop(done), done.result()
        progress(1.0, f"{len(work)} read")
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def save(project: Project, file: File, parsed: Parsed) -> File:
    """Save what was read of a file in the place of what was there before, and return the file with its state."""
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
        off=off(project),
        textless=parsed.textless,
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
        anchors=found.anchors,
        parts=found.parts,
        domain=found.domain,
    )


def _pages(document_id: str, found: ParsedDocument) -> Iterator[Page]:
    start = 0
    for page in found.pages:
        yield Page(document_id, page.number, start, page.text, page.removed)
        start += len(page.text) + 1
