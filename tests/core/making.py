"""Files made on the spot for the tests of reading: PDFs with chosen lines, and content streams by hand."""

from __future__ import annotations

import io
from collections.abc import Sequence

from fpdf import FPDF
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject


def pdf(pages: Sequence[Sequence[str]], password: str | None = None, title: str = "") -> bytes:
    """Return a PDF with these lines on its pages, locked with a password if one is given ("" locks it for nobody)."""
    made = FPDF()
    made.set_auto_page_break(False)
    made.set_font("Helvetica", size=9)
    made.set_title(title)
    for lines in pages:
        made.add_page()
        for line in lines:
            made.cell(0, 5, line, new_x="LMARGIN", new_y="NEXT")
    data = bytes(made.output())
    if password is None:
        return data
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    writer.encrypt(password, owner_password="owner", algorithm="AES-256")
    return written(writer)


def scan(pages: int) -> bytes:
    """Return a PDF that holds a picture on each page and no text."""
    made = FPDF()
    for _ in range(pages):
        made.add_page()
        made.image(Image.new("L", (40, 40), 200), w=100)
    return bytes(made.output())


def picture(image: Image.Image) -> bytes:
    """Return a PDF of one page that is a picture."""
    made = FPDF()
    made.add_page()
    made.image(image, w=180)
    return bytes(made.output())


def joined(parts: Sequence[bytes]) -> bytes:
    """Return one PDF with the pages of several."""
    writer = PdfWriter()
    for part in parts:
        writer.append(PdfReader(io.BytesIO(part)))
    return written(writer)


def stream_pdf(content: bytes, pages: int = 1) -> bytes:
    """Return a PDF whose pages share one content stream, as a hostile file would."""
    writer = PdfWriter()
    stream = DecodedStreamObject()
    stream.set_data(content)
    shared = writer._add_object(stream.flate_encode())
    font = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}
    helvetica = writer._add_object(DictionaryObject({NameObject(k): NameObject(v) for k, v in font.items()}))
    for _ in range(pages):
        page = writer.add_blank_page(200, 200)
        page[NameObject("/Contents")] = shared
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): DictionaryObject({NameObject("/F1"): helvetica})})
    return written(writer)


def operators(count: int) -> bytes:
    """Return a content stream that shows one letter `count` times: a few kilobytes packed, seconds of work."""
    return b"BT /F1 12 Tf " + b"(a) Tj T* " * count + b"ET"


def written(writer: PdfWriter) -> bytes:
    """Return what a writer writes."""
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
