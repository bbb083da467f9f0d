"""Which kind of file this is, by its content; the name is only a hint."""

from __future__ import annotations

import re

from core.loaders import delimiters
from core.loaders.cleaning import one_line
from core.loaders.encodings import known, start
from core.loaders.parsed import Parsed, ReadRequest
from core.schema import FileState

ASK = "Save it as PDF, CSV or text and add that."
FOREIGN: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "This is a Word, Excel, PowerPoint or ZIP file. Open it and save it as PDF, or a sheet as CSV, and add that."),
    (b"\xd0\xcf\x11\xe0", "This is an older Word, Excel or PowerPoint file. Open it and save it as PDF, or a sheet as CSV, and add that."),
    (b"\x89PNG", "This is a picture. Run text recognition (OCR) over it and add the result."),
    (b"\xff\xd8\xff", "This is a picture. Run text recognition (OCR) over it and add the result."),
    (b"GIF8", "This is a picture. Run text recognition (OCR) over it and add the result."),
    (b"II*\x00", "This is a picture. Run text recognition (OCR) over it and add the result."),
    (b"MM\x00*", "This is a picture. Run text recognition (OCR) over it and add the result."),
    (b"\x1f\x8b", "This is a packed file (gzip). Unpack it and add what is inside."),
    (b"7z\xbc\xaf", "This is a packed file (7-Zip). Unpack it and add what is inside."),
    (b"Rar!", "This is a packed file (RAR). Unpack it and add what is inside."),
    (b"{\\rtf", "This is rich text (RTF). Open it, save it as PDF and add that."),
)
EMPTY = "The file is empty. Check where it came from and add it again."
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\ufffd]")
_SAMPLE = 100_000


def detect(data: bytes, request: ReadRequest) -> str | Parsed:
    """Return the name of the loader for these bytes, or how reading ends when there is none."""
    ending = request.name.lower().rsplit(".", 1)[-1] if "." in request.name else ""
    if b"%PDF-" in data[:1024] or (ending == "pdf" and b"%%EOF" in data):
        return "pdf"
    if not data.strip(b" \t\r\n\x00\xef\xbb\xbf\xff\xfe"):
        return Parsed(FileState.EMPTY, EMPTY)
    for magic, words in FOREIGN:
        if data.startswith(magic):
            return Parsed(FileState.NOT_TEXT, words)
    if request.reading.encoding and not known(request.reading.encoding):
        name = one_line(request.reading.encoding, 40)
        return Parsed(FileState.NOT_TEXT, f"There is no encoding called “{name}”. Choose another, such as utf-8 or cp1252.")
    text, _ = start(data, _SAMPLE, request.reading.encoding)
    if len(_CONTROL.findall(text)) > 0.02 * len(text):
        return Parsed(FileState.NOT_TEXT, f"The bytes of this file are neither text nor a table. {ASK}")
    if not text.strip():
        return Parsed(FileState.EMPTY, EMPTY)
    return "table" if ending in ("csv", "tsv") or request.reading.delimiter or _looks_like_table(text, ending) else "text"


def _looks_like_table(text: str, ending: str) -> bool:
    if ending in ("md", "markdown", "html", "htm", "json", "jsonl", "xml", "py", "log"):
        return False
    found = delimiters.find(text, truncated=len(text) >= _SAMPLE)
    inside = text.count(found.delimiter) - text.count(found.delimiter + "\n")
    if text.count(found.delimiter + " ") * 2 > inside:
        return False  # a poem may have as many commas in every line, with a space after them
    return found.columns >= (2 if found.delimiter == "\t" else 3) and found.rows >= 5 and found.agreement >= 0.95
