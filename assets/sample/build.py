"""Build the sample project's two PDFs from their Markdown sources.

Run from anywhere:  python assets/sample/build.py

The sources use four kinds of line only: "# title", "## chapter",
"### section" and plain paragraphs separated by blank lines. Everything
between the title and the first chapter goes on the title page.
The output is the same, byte for byte, on every run.
"""

from datetime import UTC, datetime
from pathlib import Path

from fpdf import FPDF

HERE = Path(__file__).resolve().parent
DOCUMENTS = ("staff-handbook", "operations-guide")
CREATED = datetime(2025, 4, 1, tzinfo=UTC)
INK = (30, 40, 55)
SEA = (20, 80, 110)
GREY = (110, 115, 120)


def blocks(text):
    """Yield (kind, text) for each block of the Markdown source."""
    kinds = {"#": "title", "##": "chapter", "###": "section"}
    for block in text.split("\n\n"):
        block = " ".join(block.split())
        if not block:
            continue
        mark, _, rest = block.partition(" ")
        if mark in kinds:
            yield kinds[mark], rest
        else:
            yield "paragraph", block


class Document(FPDF):
    def __init__(self, title):
        super().__init__(format="A4")
        self.doc_title = title
        self.set_title(title)
        self.set_author("Hallow Sound Ferries and Harbours (fictional)")
        self.set_creation_date(CREATED)
        self.set_margins(26, 26, 26)
        self.set_auto_page_break(True, margin=26)

    def header(self):
        if self.page_no() == 1:
            return
        self.set_y(13)
        self.set_font("Helvetica", size=9)
        self.set_text_color(*GREY)
        self.cell(0, 5, f"Hallow Sound Ferries and Harbours - {self.doc_title}")
        self.set_draw_color(*GREY)
        self.line(self.l_margin, 19, self.w - self.r_margin, 19)
        self.set_y(26)

    def footer(self):
        self.set_y(-16)
        self.set_font("Helvetica", size=9)
        self.set_text_color(*GREY)
        self.cell(0, 5, f"Page {self.page_no()} of {{nb}}", align="C")

    def title_page(self, lines):
        self.add_page()
        self.set_y(90)
        self.set_font("Helvetica", "B", 32)
        self.set_text_color(*SEA)
        self.multi_cell(0, 14, self.doc_title, align="L", new_x="LMARGIN", new_y="NEXT")
        self.ln(4)
        self.set_font("Helvetica", size=14)
        self.set_text_color(*INK)
        for line in lines:
            self.multi_cell(0, 8, line, align="L", new_x="LMARGIN", new_y="NEXT")

    def heading(self, text, size, before, after):
        room = self.h - self.b_margin - self.get_y()
        if room < before + size * 0.45 + 20:  # never leave a heading alone at the foot
            self.add_page()
        else:
            self.ln(before)
        self.set_font("Helvetica", "B", size)
        self.set_text_color(*SEA)
        self.multi_cell(0, size * 0.45, text, align="L", new_x="LMARGIN", new_y="NEXT")
        self.ln(after)

    def paragraph(self, text):
        self.set_font("Times", size=12)
        self.set_text_color(*INK)
        self.multi_cell(0, 5.8, text, align="L", new_x="LMARGIN", new_y="NEXT")
        self.ln(2.5)


def build(name):
    items = list(blocks((HERE / "source" / f"{name}.md").read_text(encoding="ascii")))
    first = next(i for i, (kind, _) in enumerate(items) if kind == "chapter")
    title = next(text for kind, text in items if kind == "title")
    pdf = Document(title)
    pdf.title_page([text for kind, text in items[:first] if kind == "paragraph"])
    for kind, text in items[first:]:
        if kind == "chapter":
            pdf.add_page()
            pdf.heading(text, size=18, before=0, after=3)
        elif kind == "section":
            pdf.heading(text, size=13, before=3, after=1.5)
        else:
            pdf.paragraph(text)
    target = HERE / f"{name}.pdf"
    pdf.output(str(target))
    print(f"{target.name}: {pdf.page_no()} pages, {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    for document in DOCUMENTS:
        build(document)
