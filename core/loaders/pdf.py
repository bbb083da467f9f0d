"""PDF: one document, page by page, with pypdf and its limits on."""

from __future__ import annotations

import re
import struct
import unicodedata
import zlib
from io import BytesIO
from typing import TYPE_CHECKING

import pypdf
from pypdf import apply_configuration
from pypdf.errors import DependencyError, DeprecationError, EmptyFileError, FileNotDecryptedError, LimitReachedError, PyPdfError

from core.loaders import lines, running
from core.loaders.cleaning import clean, counted, one_line
from core.loaders.parsed import Parsed, ParsedDocument, ParsedPage, ReadRequest
from core.schema import FileState

if TYPE_CHECKING:
    from collections.abc import Sequence

# What broken PDFs were seen to raise besides pypdf's own errors; pypdf leaves catching them to its user.
BROKEN = (
    PyPdfError, ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError, AssertionError,
    NotImplementedError, RecursionError, OSError, struct.error, zlib.error, DependencyError, DeprecationError,
)  # fmt: skip
_GLYPH_NAME = re.compile(r"/g\d+|\(cid:\d+\)|/uni[0-9A-F]{4}|/[a-z]\d{2,3}(?=/)")
_WAIT = re.compile(r"\s*please wait\b.{0,400}\badobe\b", re.IGNORECASE | re.DOTALL)

SCANNED = (
    "{} {} no text to speak of: probably scanned, that is a picture of text. Run text recognition (OCR) over the file and add the result."
)
GARBLED = (
    "The text of {} comes out as unreadable signs, because the file does not say which letters it shows. "
    "Export it again from where it was made, or run text recognition (OCR) over it, and add that."
)
FORM = "This is a form that only Adobe Reader can fill in; all it holds for others is “Please wait”. Open it there, print it to a new PDF and add that."
BROKEN_FILE = "The file is damaged ({}). Open it in a PDF viewer, save or print it as a new PDF, and add that."
LIMIT = "The file needs more work than is safe: {} Print it to a new PDF, or split it, and add that."
BROTLI = "The file uses Brotli compression, which Attune does not read yet. Print it to a new PDF and add that."
LOCKED = "The file is locked. Type its password, and it is read."
WRONG = "This password does not open the file. Check it and type it again."


def read(data: bytes, request: ReadRequest) -> Parsed:
    """Read a PDF: its text without running lines, in paragraphs where lines plainly run on.

    Needs: nothing but the bytes, and the password of a locked file. An empty password is always tried.
    Choose it for: every PDF with a text layer; scanned pages need OCR first, which is said.
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
            return _end(FileState.TOO_HEAVY, LIMIT.format(one_line(str(error))))
        except BROKEN as error:
            brotli = "brotli" in str(error).lower()
            return _end(
                FileState.DAMAGED, BROTLI if brotli else BROKEN_FILE.format(one_line(str(error)).rstrip(".") or type(error).__name__)
            )


def _end(state: FileState, detail: str, pages: int = 0) -> Parsed:
    return Parsed(state, detail, "pdf", pages)


def _read(data: bytes, request: ReadRequest) -> Parsed:
    reader = pypdf.PdfReader(BytesIO(data))
    if reader.is_encrypted and not reader.decrypt("") and not (request.password and reader.decrypt(request.password)):
        raise FileNotDecryptedError
    texts, failures = _extract(reader)
    ended = _without_text(reader, texts, failures)
    if ended:
        return ended
    readable = ["" if _garbled(text) else text for text in texts]
    split = running.set_aside([[" ".join(line.split()) for line in clean(_keep_hyphens(text)).split("\n")] for text in readable])
    words = lines.vocabulary(" ".join(kept) for kept, _ in split)
    pages = tuple(ParsedPage(number, lines.join(kept, words), "\n".join(removed)) for number, (kept, removed) in enumerate(split, start=1))
    document = ParsedDocument("0", pages, title=_title(reader, request.name))
    return Parsed(FileState.READ, _detail(texts, readable, len(failures)), "pdf", len(texts), documents=(document,))


def _keep_hyphens(text: str) -> str:
    return text.replace("\u00ad\n", "-\n")  # a soft hyphen at a line's end is one that shows


def _extract(reader: pypdf.PdfReader) -> tuple[list[str], list[Exception]]:
    texts: list[str] = []
    failures: list[Exception] = []
    for page in reader.pages:
        try:
            texts.append(page.extract_text())
        except BROKEN as error:  # one broken page does not cost the others
            texts.append("")
            failures.append(error)
    if failures and len(failures) == len(texts):
        raise failures[0]
    return texts, failures


def _without_text(reader: pypdf.PdfReader, texts: Sequence[str], failures: Sequence[Exception]) -> Parsed | None:
    total, filled = len(texts), [text for text in texts if text.strip()]
    if not filled and failures:
        raise failures[0]
    if not total or not filled or _only_labels(reader, texts):
        scanned = SCANNED.format(*(("Its only page", "holds") if total == 1 else (f"Its {total:,} pages", "hold")))
        return _end(FileState.NO_TEXT, scanned if total else "The file has no pages. Add one that has.", total)
    if _WAIT.match("\n".join(texts)[:2000]):
        return _end(FileState.NO_TEXT, FORM, total)
    garbled = [text for text in filled if _garbled(text)]
    if sum(map(len, garbled)) * 2 > sum(map(len, filled)):
        return _end(
            FileState.NO_TEXT,
            GARBLED.format(counted(total, "page") if len(garbled) == total else f"{len(garbled)} of {counted(total, 'page')}"),
            total,
        )
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


def _garbled(text: str) -> bool:
    """Say whether a page's text is signs without meaning: from a tenth of them on, nothing around them can be trusted."""
    signs = "".join(text.split())
    bad = sum(map(len, _GLYPH_NAME.findall(signs))) + sum(
        sign == "\ufffd" or unicodedata.category(sign) in ("Cc", "Co", "Cn") for sign in signs
    )
    # Chinese or Cyrillic bytes read as Latin-1; real text in accented Latin letters stays below a third
    latin = sum(1 for sign in signs if "\x80" <= sign <= "\xff")
    return bad * 10 > len(signs) or latin * 2 > len(signs) > 20


def _title(reader: pypdf.PdfReader, name: str) -> str:
    stem = one_line(name.replace("\\", "/").rsplit("/", 1)[-1].removesuffix(".pdf").removesuffix(".PDF"), 120)
    try:
        title = one_line(str(reader.metadata.title or "") if reader.metadata else "", 120)
    except BROKEN:
        return stem
    made_by_machine = re.search(r"untitled|microsoft|^doc(ument)?\s*\d*$|\.\w{2,5}$|[\\/]", title, re.IGNORECASE)
    return stem if made_by_machine or len(title.split()) < 2 or _garbled(title) else title


def _detail(texts: Sequence[str], readable: Sequence[str], failed: int) -> str:
    empty = sum(not text.strip() for text in texts) - failed
    garbled = sum(1 for text, kept in zip(texts, readable, strict=True) if text and not kept)
    parts = [f"{counted(len(texts), 'page')} read."]
    if empty:
        parts.append(f"{counted(empty, 'page holds', 'pages hold')} no text (blank, or a scanned picture).")
    if garbled:
        parts.append(f"The text of {counted(garbled, 'page')} is unreadable signs and was left out.")
    if failed:
        parts.append(f"{counted(failed, 'page')} could not be read.")
    if empty > len(texts) / 2:
        parts.append("Run text recognition (OCR) over the file if they should count.")
    return " ".join(parts)
