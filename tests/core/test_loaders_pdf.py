"""PDF: states, running lines, paragraphs; and every real file in the state that its trait asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.loaders import lines, running, sandbox, second
from core.loaders.child import read
from core.loaders.cleaning import listed
from core.loaders.garbled import garbled
from core.loaders.parsed import Parsed, ReadRequest
from core.schema import FileState
from tests.core.making import joined, operators, pdf, scan, stream_pdf

PROSE = "People who write words on paper want to find them again when the day comes"


def read_pdf(data: bytes, password: str = "", name: str = "a.pdf") -> Parsed:
    return read(data, ReadRequest(name, password=password))


def text(parsed: Parsed) -> str:
    return "\n".join(page.text for document in parsed.documents for page in document.pages)


def book(count: int) -> list[list[str]]:
    """Return pages with a header, a footer and a page number around text that differs."""
    return [
        ["The Annual Report", f"Chapter about the number {word}", f"It says {word} in a sentence.", f"Page {i + 7} of 90"]
        for i, word in enumerate(["one", "two", "three", "four", "five", "six", "seven"][:count])
    ]


def test_a_pdf_becomes_one_document_with_its_pages() -> None:
    parsed = read_pdf(pdf([["First page here."], ["Second page here."]]))
    assert (parsed.state, parsed.kind, parsed.pages) == (FileState.READ, "pdf", 2)
    assert [page.text for page in parsed.documents[0].pages] == ["First page here.", "Second page here."]
    assert [page.number for page in parsed.documents[0].pages] == [1, 2]


def test_running_lines_are_set_aside_and_kept() -> None:
    pages = read_pdf(pdf(book(7))).documents[0].pages
    assert pages[2].text == "Chapter about the number three\nIt says three in a sentence."
    assert pages[2].removed.split("\n") == ["The Annual Report", "Page 9 of 90"]


def test_two_alike_pages_are_not_headers() -> None:
    assert "The Annual Report" in text(read_pdf(pdf(book(2))))


def test_copies_of_one_page_keep_their_text() -> None:
    assert text(read_pdf(pdf([["A short notice.", "Please read it."]] * 5))).count("A short notice.") == 5


def test_a_chapters_header_on_a_few_pages_is_a_running_line() -> None:
    pages = [[f"Own first line of page {word}", "text " * i] for i, word in enumerate("abcdefghijklmnopqrst", start=1)]
    for i in (7, 9, 11):
        pages[i].insert(0, "Chapter Three")
    assert [removed for _, removed in running.set_aside(pages)][7] == ["Chapter Three"]


def test_a_sentence_that_returns_on_few_pages_is_text() -> None:
    pages = [[f"Line {word}", f"More of {word}"] for word in "abcdefghijklmnopqrst"]
    for i in (7, 8, 9):
        pages[i].insert(0, "The expectations for systems are meant to serve as a blueprint for the")
    assert not any(removed for _, removed in running.set_aside(pages))


def test_rows_of_figures_are_not_running_lines() -> None:
    pages = [[f"{i}00.0 {i}", f"{i}50.5 {i * 3}", f"word number {'x' * i}"] for i in range(1, 9)]
    assert not any(removed for _, removed in running.set_aside(pages))


def test_line_numbers_of_a_transcript_are_set_aside() -> None:
    numbered = [["We begin now.", *map(str, range(1, 26))]]
    assert running.set_aside(numbered)[0][0] == ["We begin now."]
    assert running.line_numbers(["1", "2", "3", "a list of three"]) == set()


@pytest.mark.parametrize(
    ("line", "number"), [("12", 12), ("- 3 -", 3), ("Page 4 of 9", 4), ("iv", 4), ("Seite 17", 17), ("12 apples", None), ("", None)]
)
def test_page_numbers_are_known_by_their_form(line: str, number: int | None) -> None:
    assert running.page_number(line) == number


def test_lines_that_run_on_become_one() -> None:
    full = [PROSE, "and the sun goes down over hills that nobody has ever walked upon so far", "or will walk.", "Heading", PROSE + "."]
    assert (
        lines.join(full, frozenset())
        .split("\n")[0]
        .endswith("comes and the sun goes down over hills that nobody has ever walked upon so far or will walk.")
    )
    assert "Heading" in lines.join(full, frozenset()).split("\n")


def test_list_items_stay_lines() -> None:
    items = [PROSE, "• one thing that is as long as the line above it, or even longer than that", "a) small letter of a list", "end of it"]
    assert len(lines.join(items, frozenset()).split("\n")) >= 3


@pytest.mark.parametrize(
    ("words", "joined"),
    [
        ("", "The information was lost"),
        ("information", "The information was lost"),
        ("infor mation", "The infor-mation was lost"),
    ],
)
def test_hyphens_at_line_ends_go_by_the_words_of_the_document(words: str, joined: str) -> None:
    assert lines.join(["The infor-", "mation was lost"], frozenset(words.split())) == joined


def test_a_compound_keeps_its_hyphen() -> None:
    assert lines.join(["A long-", "term plan"], lines.vocabulary(["a long road", "the term ends"])) == "A long-term plan"
    assert lines.join(["COVID-", "19 came"], frozenset()) == "COVID-19 came"
    assert lines.join(["State-of-", "the-art models"], frozenset()) == "State-of-the-art models"


def test_a_scan_says_that_it_is_one() -> None:
    parsed = read_pdf(scan(3))
    assert parsed.state is FileState.NO_TEXT
    assert "3 pages" in parsed.detail
    assert "scanned" in parsed.detail


def test_pages_without_text_are_counted() -> None:
    parsed = read_pdf(pdf([["Words on this page."], [], ["And on this."]]))
    assert parsed.state is FileState.READ
    assert parsed.detail == "3 pages read. Page 2 is blank."
    assert parsed.textless == ()


def test_a_mixed_file_says_which_pages_have_no_text() -> None:
    parsed = read_pdf(joined([pdf([["Words on this page."]]), scan(1), pdf([["More words on that page."]]), scan(3)]))
    assert parsed.state is FileState.READ
    assert "Pages 2, 4 to 6 hold no text (probably scanned)" in parsed.detail
    assert parsed.textless == (2, 4, 5, 6)


@pytest.mark.parametrize(
    ("text", "unreadable"),
    [
        ("ඪ४ ϚʔέοτϞσϧ͸ ݩ࣍Ͱઆ໌͢Δ ʮऔҾͰ͖ͳ͍঎඼ʯ", True),
        ("¹Ø ÓÚ ºì ¾ü ×÷ Õ½ µÄ Ô­ Ôò Ò» ¾Å Èý Æß Äê °Ë ÔÂ Ò» ÈÕ", True),
        ("/g18/g152/g135/g148/g152/g139/g135/g153", True),
        ("عقت ةمصاعلا ىلع ةفض رهنلا يهو ةنيدم ةميدق", True),
        ("تقع العاصمة على ضفة النهر وهي مدينة قديمة", False),
        ("標準マーケットモデルはGDPを2次元で説明する。第3条のGMOリスク", False),
        ("G마켓과 옥션에서 SK주유소까지 포인트를 적립합니다", False),
        ("The μ-law and the α-helix, where Δx is βy and Σx is over", False),
        ("Привет мир, это обычный текст на русском языке", False),
        ("Élève à Noël, où ça? Déjà vu, çà et là", False),
    ],
)
def test_text_without_meaning_is_told_from_text_of_several_scripts(text: str, unreadable: bool) -> None:
    assert garbled(text) is unreadable


@pytest.mark.parametrize(
    ("first", "other", "taken"),
    [
        ("", "Words that only one finds", "other"),
        ("pdf.js", "", "first"),
        ("", "12 Bg", "first"),
        ("Words in a row", "Words in a roww", "first"),
        ("על שוכנת הבירה הנהר גדת", "הבירה שוכנת על גדת הנהר", "other"),
        ("اﳋﻄﻮط اﻧﻮاع", "انواع الخطوط", "other"),
        ("حَبيبي habibi حَبيبي", "يبيبَح ϲΒϴΒhabibi يبيبَح", "first"),
        ("\n".join("⾸都は川のほとりにあり多く"), "首都は川のほとりにあり多く", "other"),
    ],
)
def test_the_second_reading_is_taken_where_it_says_more(first: str, other: str, taken: str) -> None:
    assert second.better(first, other) == {"first": first, "other": other}[taken]


def test_signs_set_with_blanks_are_drawn_together() -> None:
    spaced = [" ".join("关于红军作战的原则对国防问题的意见"), " ".join("中日战争爆发后的形势与任务")]
    assert lines.join(spaced, frozenset()) == "关于红军作战的原则对国防问题的意见\n中日战争爆发后的形势与任务"
    assert lines.join(["中国 北京 上海 广州"], frozenset()) == "中国 北京 上海 广州"


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ([3], "page 3"),
        ([3, 4], "pages 3 and 4"),
        ([3, 7, 8, 9], "pages 3, 7 to 9"),
        ([1, 3], "pages 1 and 3"),
        ([1, 2, 5], "pages 1, 2 and 5"),
    ],
)
def test_page_numbers_are_listed_in_few_words(numbers: list[int], words: str) -> None:
    assert listed(numbers, "page") == words


def test_a_locked_file_opens_with_its_password_only() -> None:
    locked = pdf([["A secret line."]], password="sesame")
    assert read_pdf(locked).state is FileState.PASSWORD
    wrong = read_pdf(locked, "open")
    assert wrong.state is FileState.PASSWORD
    assert "does not open" in wrong.detail
    assert text(read_pdf(locked, "sesame")) == "A secret line."


def test_a_file_locked_against_copying_only_is_read() -> None:
    assert text(read_pdf(pdf([["Printed for all."]], password=""))) == "Printed for all."


@pytest.mark.parametrize("data", [b"%PDF-1.7\n", b"%PDF-1.4 and then nothing that could be a page", pdf([["whole"]])[:300]])
def test_a_broken_file_is_damaged(data: bytes) -> None:
    parsed = read_pdf(data)
    assert parsed.state is FileState.DAMAGED
    assert "new PDF" in parsed.detail


def test_pypdfs_own_limits_are_on() -> None:
    assert read_pdf(stream_pdf(b"A" * 80_000_000)).state is FileState.TOO_HEAVY


def test_the_title_is_the_files_own_where_it_has_a_sensible_one() -> None:
    assert read_pdf(pdf([["x y z"]], title="Rules for Staff")).documents[0].title == "Rules for Staff"
    assert read_pdf(pdf([["x y z"]], title="Microsoft Word - a.docx"), name="in/rules.pdf").documents[0].title == "rules"


def test_a_pdf_is_known_by_its_content() -> None:
    assert read(pdf([["Here."]]), ReadRequest("letter.txt")).kind == "pdf"


def test_many_operators_are_a_readable_file_when_they_are_few() -> None:
    assert text(read_pdf(stream_pdf(operators(50)))).count("a") == 50


READ_WITH = {
    "pj_issue15893_reduced": "test",
    "sf_libreoffice-writer-password": "openpassword",
    "un_password": "password",
    "password-example": "test",
}
EXPECTED = {
    FileState.EMPTY: ["empty-0-bytes"],
    FileState.DAMAGED: [
        "pj_Pages-tree-refs", "pj_REDHAT-1531897-0", "pj_bug1020226", "pj_poppler-742-0-fuzzed", "pj_poppler-85140-0",
        "pj_poppler-90-0-fuzzed", "sf_unreadablemetadata",
    ],
    FileState.TOO_HEAVY: ["pj_filled-background"],
    FileState.PASSWORD: [*READ_WITH, "pj_pr6531_1", "pj_print_protection"],
    FileState.NO_TEXT: [
        "pj_issue13520", "pj_issue5481", "pj_issue7229", "pj_scan-bad", "sf_imagemagick-images", "un_loremipsum-flat",
        "un_table-multi-row-column-cells", "pj_freetext_no_appearance", "pj_empty_protected", "malformed-from-issue-932",
        # the text layer of the first two is signs without meaning, whoever reads it
        "pj_TAMReview", "pj_ThuluthFeatures", "pj_xfa_filled_imm1344e",
    ],
}  # fmt: skip
STATES = {name: state for state, names in EXPECTED.items() for name in names}


@pytest.mark.slow
def test_every_real_pdf_ends_in_the_right_state(data: Path) -> None:
    found = {}
    for path in sorted([*data.glob("pdf_messy/*.pdf"), *data.glob("pdf_tables/*.pdf"), *data.glob("pdf_policy/*.pdf")]):
        parsed = sandbox.parse(path.read_bytes(), ReadRequest(path.name))
        assert parsed.detail.endswith("."), path.name
        found[path.stem] = parsed.state
    assert found == {name: STATES.get(name, FileState.READ) for name in found}
    assert len(found) >= 80


@pytest.mark.slow
@pytest.mark.parametrize("name", READ_WITH)
def test_real_locked_pdfs_open_with_their_password(data: Path, name: str) -> None:
    path = next(data.glob(f"pdf_*/{name}.pdf"))
    assert read_pdf(path.read_bytes(), READ_WITH[name]).state is FileState.READ


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("pj_ArabicCIDTrueType", "انواع الخطوط العربية"),
        ("sf_habibi", "حَبيبي habibi حَبيبي"),
        ("pj_XiaoBiaoSong", "对独立自主的山地游击战争的解释"),
        ("pj_issue16538", "標準 マーケットモデルは 2 次元で説明する."),
        ("pj_vertical", "日本語"),
        ("pj_Brotli-Prototype-FileA", "GENERAL NOTES"),
        ("un_korean-text-with-tables", "포인트"),
        ("pj_issue13211", "เวกเตอร์"),
        ("pj_issue13211", "จำนวนเชิงซ้อน"),  # with AM as one sign, as people type it
        ("issue-336-example", "公路"),
    ],
)
def test_real_pdfs_of_other_scripts_are_read(data: Path, name: str, word: str) -> None:
    assert word in text(read_pdf(next(data.glob(f"pdf_*/{name}.pdf")).read_bytes()))


@pytest.mark.slow
def test_a_real_report_loses_its_page_numbers_and_joins_its_lines(data: Path) -> None:
    parsed = read_pdf((data / "pdf_policy" / "NIST.AI.600-1.pdf").read_bytes())
    page = parsed.documents[0].pages[5]
    assert page.removed == "2"
    assert "was an open, transparent, and collaborative process, facilitated via a virtual workspace, to obtain" in page.text
    assert "profile" in text(parsed)
    assert "ﬁ" not in text(parsed)
