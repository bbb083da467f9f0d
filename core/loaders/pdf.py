"""PDF: one document, page by page, with pypdf and its limits on."""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING

import pypdf
from pypdf import apply_configuration
from pypdf.errors import DependencyError, DeprecationError, EmptyFileError, FileNotDecryptedError, LimitReachedError, PyPdfError

from core.loaders import lines, running, second
from core.loaders.cleaning import Cleaning, clean, listed, one_line
from core.loaders.comparing import samples
from core.loaders.garbled import garbled
from core.loaders.parsed import Parsed, ParsedDocument, ParsedPage, ReadRequest
from core.loaders.silent import Silent
from core.schema import FileState

if TYPE_CHECKING:
    from collections.abc import Sequence

# What broken PDFs were seen to raise besides pypdf's own errors; pypdf leaves catching them to its user.
BROKEN = (
    PyPdfError, ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError, AssertionError,
    NotImplementedError, RecursionError, OSError, struct.error, zlib.error, DependencyError, DeprecationError,
)  # fmt: skip
_WAIT = re.compile(r"\s*please wait\b.{0,400}\badobe\b", re.IGNORECASE | re.DOTALL)
# The operators that leave something on a page. Text that was turned into outlines is hundreds of shapes.
_PICTURE = re.compile(rb"(?:^|[\s\])>])(?:Do|sh|BI|Tj|TJ|'|\")(?=\s|$)")
_SHAPE = re.compile(rb"(?:^|\s)(?:f\*?|F|B\*?|b\*?|S|s)(?=\s|$)")
OUTLINES = 20
SAVED = 200  # characters that make a damaged file worth reading

SCANNED = "{} no text to speak of: probably scanned, that is a picture of text. Text recognition (OCR) can read {}."
GARBLED = (
    "The text of {} comes out as unreadable signs, because the file does not say which letters it shows. "
    "Text recognition (OCR) can read it, or export it again from where it was made."
)
FORM = "This is a form that only Adobe Reader can fill in; all it holds for others is “Please wait”. Open it there, print it to a new PDF and add that."
BROKEN_FILE = "The file is damaged ({}). Open it in a PDF viewer, save or print it as a new PDF, and add that."
LIMIT = "The file needs more work than is safe: {} Print it to a new PDF, or split it, and add that."
LOCKED = "The file is locked. Type its password, and it is read."
WRONG = "This password does not open the file. Check it and type it again."


def read(data: bytes, request: ReadRequest) -> Parsed:
    """Read a PDF: its text without running lines, in paragraphs where lines plainly run on.

    Needs: nothing but the bytes, and the password of a locked file. An empty password is always tried.
    Choose it for: every PDF with a text layer; scanned pages need text recognition, which is said.
    Source: https://pypdf.readthedocs.io/
    """
    with apply_configuration(jbig2dec_binary=None):
        try:
            return _read(data, request)
        except FileNotDecryptedError:
            return _end(FileState.PASSWORD, WRONG if request.password else LOCKED)
        except EmptyFileError:
            return _end(FileState.EMPTY, "The file is empty. Check where it came from and add it again.")
        except LimitReachedError as error:
            return _again(data, request) or _end(FileState.TOO_HEAVY, LIMIT.format(one_line(str(error))))
        except BROKEN as error:
            words = BROKEN_FILE.format(one_line(str(error)).rstrip(".") or type(error).__name__)
            return _again(data, request) or _end(FileState.DAMAGED, words)


def _end(state: FileState, detail: str, pages: int = 0, textless: Sequence[int] = ()) -> Parsed:
    return Parsed(state, detail, "pdf", pages, textless=tuple(textless))


def _read(data: bytes, request: ReadRequest) -> Parsed:
    reader = pypdf.PdfReader(BytesIO(data))
    if reader.is_encrypted and not reader.decrypt("") and not (request.password and reader.decrypt(request.password)):
        raise FileNotDecryptedError
    texts, failures = _extract(reader)
    if failures and not any(text.strip() for text in texts):
        raise next(iter(failures.values()))
    doubtful = second.doubtful(texts) if request.second else []
    for number, text in (second.pages(data, request.password, doubtful) if doubtful else {}).items():
        texts[number] = second.better(texts[number], text)
    broken = [number for number in failures if not texts[number]]
    return _without_text(reader, texts) or _document(texts, request, _title(reader, request.name), _silent(reader, texts, broken))


def _again(data: bytes, request: ReadRequest) -> Parsed | None:
    """Return what PDFium reads of a file that pypdf gives up, None where most of its pages say nothing."""
    texts = list(second.pages(data, request.password).values()) if request.second else []
    telling = [text for text in texts if second.telling(text) and not garbled(text)]
    if len(telling) * 2 <= len(texts) or sum(map(len, telling)) < SAVED:
        return None
    parsed = _document(texts, request, _stem(request.name), Silent())
    return replace(parsed, detail=f"{parsed.detail} The file is damaged, so something may be missing.")


def _document(texts: Sequence[str], request: ReadRequest, title: str, silent: Silent) -> Parsed:
    """Return the document that pages' texts make: cleaned as requested, running lines aside, lines joined into paragraphs."""
    unreadable = [number for number, text in enumerate(texts) if garbled(text)]
    readable = ["" if number in unreadable else text for number, text in enumerate(texts)]

    def documents(wanted: Cleaning) -> Sequence[ParsedDocument]:
        return (ParsedDocument("0", _pages(readable, wanted), title=title),)

    silent = replace(silent, garbled=[number + 1 for number in unreadable])
    found = documents(request.clean)
    compared = samples(documents, request, found)
    detail = silent.words(len(texts))
    return Parsed(FileState.READ, detail, "pdf", len(texts), documents=tuple(found), textless=silent.textless, samples=compared)


def _pages(texts: Sequence[str], wanted: Cleaning) -> tuple[ParsedPage, ...]:
    rows = [[" ".join(line.split()) for line in clean(_keep_hyphens(text), wanted).split("\n")] for text in texts]
    split = running.set_aside(rows) if wanted.boilerplate else [(kept, []) for kept in rows]
    words = lines.vocabulary("\n".join(kept) for kept, _ in split)
    return tuple(
        ParsedPage(number, lines.join(kept, words, hyphens=wanted.hyphens), "\n".join(removed))
        for number, (kept, removed) in enumerate(split, start=1)
    )


def _keep_hyphens(text: str) -> str:
    return text.replace("\u00ad\n", "-\n")  # a soft hyphen at a line's end is one that shows


def _extract(reader: pypdf.PdfReader) -> tuple[list[str], dict[int, Exception]]:
    texts: list[str] = []
    failures: dict[int, Exception] = {}
    for number, page in enumerate(reader.pages):
        try:
            texts.append(page.extract_text())
        except BROKEN as error:  # one broken page does not cost the others
            texts.append("")
            failures[number] = error
    return texts, failures


def _without_text(reader: pypdf.PdfReader, texts: Sequence[str]) -> Parsed | None:
    total, filled = len(texts), [text for text in texts if text.strip()]
    if not total:
        return _end(FileState.NO_TEXT, "The file has no pages. Add one that has.")
    if not filled or _only_labels(reader, texts):
        shown = [number for number, page in enumerate(reader.pages, 1) if not _blank(page)]
        pages = "Its only page {}" if total == 1 else f"Its {total:,} pages {{}}"
        if not shown:
            return _end(FileState.NO_TEXT, f"{pages.format('is' if total == 1 else 'are')} blank. Add a file with text.", total)
        words = SCANNED.format(pages.format("holds" if total == 1 else "hold"), "it" if total == 1 else "them")
        return _end(FileState.NO_TEXT, words, total, shown)
    if _WAIT.match("\n".join(texts)[:2000]):
        return _end(FileState.NO_TEXT, FORM, total)
    unreadable = [number for number, text in enumerate(texts, 1) if garbled(text)]
    if sum(len(texts[number - 1]) for number in unreadable) * 2 > sum(map(len, filled)):
        pages = "its only page" if total == 1 else f"all {total:,} pages" if len(unreadable) == total else listed(unreadable, "page")
        return _end(FileState.NO_TEXT, GARBLED.format(pages), total, unreadable)
    return None


def _only_labels(reader: pypdf.PdfReader, texts: Sequence[str]) -> bool:
    """Say whether pages are pictures with next to nothing beside them: a scanner's stamp, a layer's name."""
    return sum(len(text.split()) for text in texts) < 4 * len(texts) and all(
        _has_picture(page) for page, text in zip(reader.pages, texts, strict=True) if text.strip()
    )


def _has_picture(page: pypdf.PageObject) -> bool:
    try:
        objects = page["/Resources"]["/XObject"]  # type: ignore[index]
        return any(objects[name].get("/Subtype") == "/Image" for name in objects)
    except BROKEN:
        return False


def _blank(page: pypdf.PageObject) -> bool:
    """Say whether a page shows nothing that could be text: no picture, no note, and no more than a few lines."""
    try:
        notes = any(note.get_object().get("/Subtype") not in ("/Link", "/Popup") for note in page.get("/Annots", ()))
        contents = page.get_contents()
        drawn = contents.get_data() if contents is not None else b""
        return not (notes or _PICTURE.search(drawn) or len(_SHAPE.findall(drawn)) >= OUTLINES)
    except BROKEN:
        return False


def _silent(reader: pypdf.PdfReader, texts: Sequence[str], broken: Sequence[int]) -> Silent:
    empty = [number for number, text in enumerate(texts) if not text.strip() and number not in broken]
    blank = [number for number in empty if _blank(reader.pages[number])]
    return Silent([n + 1 for n in blank], [n + 1 for n in empty if n not in blank], [n + 1 for n in broken])


def _title(reader: pypdf.PdfReader, name: str) -> str:
    try:
        title = one_line(str(reader.metadata.title or "") if reader.metadata else "", 120)
    except BROKEN:
        return _stem(name)
    made_by_machine = re.search(r"untitled|microsoft|^doc(ument)?\s*\d*$|\.\w{2,5}$|[\\/]", title, re.IGNORECASE)
    return _stem(name) if made_by_machine or len(title.split()) < 2 or garbled(title) else title


def _stem(name: str) -> str:
    return one_line(name.replace("\\", "/").rsplit("/", 1)[-1].removesuffix(".pdf").removesuffix(".PDF"), 120)
