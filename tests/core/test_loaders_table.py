"""Tables: how bytes become rows, what columns are taken for, and what documents the rows make."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.loaders import delimiters, encodings
from core.loaders.child import read
from core.loaders.grid import read_grid
from core.loaders.parsed import Parsed, ParsedDocument, ReadRequest
from core.loaders.table import ROLES, guess_columns
from core.schema import FileState, TableReading

FAQ = """question,answer,topic,use
How long is the notice?,Four weeks after the first year.,work,train
When can I leave?,Four weeks after the first year.,work,train
Who signs the form?,The head of the office signs it.,forms,judge
What is never answered?,,forms,train
"""


def table(text: str, name: str = "a.csv", **more: object) -> Parsed:
    return read(text.encode(), ReadRequest(name, **more))  # type: ignore[arg-type]


def texts(parsed: Parsed) -> list[str]:
    return [document.pages[0].text for document in parsed.documents]


def by_text(parsed: Parsed, start: str) -> ParsedDocument:
    return next(document for document in parsed.documents if document.pages[0].text.startswith(start))


def test_questions_with_one_answer_become_one_document() -> None:
    parsed = table(FAQ)
    assert texts(parsed) == ["Four weeks after the first year.", "The head of the office signs it."]
    assert by_text(parsed, "Four").questions == ("How long is the notice?", "When can I leave?")
    assert by_text(parsed, "Four").group == "work"
    assert all(document.ready_chunk for document in parsed.documents)


def test_rows_for_judging_are_marked() -> None:
    parsed = table(FAQ)
    assert [document.judge_only for document in parsed.documents] == [False, True]
    assert "1 of them kept for judging" in parsed.detail


def test_a_question_without_an_answer_is_counted() -> None:
    assert "1 question without an answer left out" in table(FAQ).detail


def test_an_edited_row_leaves_the_keys_of_the_others() -> None:
    before = {d.key: d.pages[0].text for d in table(FAQ).documents}
    after = {d.key: d.pages[0].text for d in table(FAQ.replace("The head of the office", "Your lead")).documents}
    assert before.keys() & after.keys() == {d.key for d in table(FAQ).documents if d.pages[0].text.startswith("Four")}


def test_a_row_put_in_front_leaves_all_keys() -> None:
    rows = ["the first text of all", "another text here", "another text here"]
    before = table("text\n" + "\n".join(rows) + "\n").documents
    after = table("text\n" + "\n".join(["a new one on top", *rows]) + "\n").documents
    assert len({d.key for d in before}) == 3
    assert {d.key for d in before} < {d.key for d in after}


@pytest.mark.parametrize(
    ("header", "rows", "roles"),
    [
        (["Frage", "Antwort"], [["Wer?", "Der Leiter."]], {"Frage": "question", "Antwort": "answer"}),
        (["v1", "v2"], [["ham", "come over for tea tonight"], ["spam", "you have won a large prize"]], {"v2": "text"}),
        (["index", "query"], [["1", "who has the best record"], ["2", "what is the weather"]], {"query": "text"}),
        (["id", "title", "year"], [["3", "On the theory of rows", "1999"]], {"title": "text", "year": "date"}),
        (
            ["x", "y"],
            [["Is it open?", "Yes, on every day of the week."], ["Who asks?", "Everybody who comes in here."]],
            {"x": "question", "y": "answer"},
        ),
        (
            ["subject", "body", "created_at", "lang"],
            [["Late parcel", "The parcel came two weeks late and was wet.", "2024-05-01", "en"]],
            {"subject": "title", "body": "text", "created_at": "date", "lang": "language"},
        ),
        (["name", "description", "price"], [["Lamp", "A lamp that stands by itself", "9.99"]], {"name": "title", "description": "text"}),
        (["a", "b"], [["1", "2.5"], ["3", "4e-3"]], {}),
        (
            ["utterance", "intent", "domain"],
            [[f"please do the thing number {i}", f"intent {i % 9} of many", "home" if i % 2 else "bank"] for i in range(40)],
            {"utterance": "text", "intent": "group", "domain": "domain"},
        ),
        (["text", "field"], [[f"a text that says {i}", f"other words for {i}"] for i in range(40)], {"text": "text"}),
    ],
)
def test_columns_are_guessed(header: list[str], rows: list[list[str]], roles: dict[str, str]) -> None:
    assert guess_columns(header, rows) == roles
    assert set(roles.values()) <= set(ROLES)


def test_columns_can_be_overridden_by_role() -> None:
    data = "title,info,text,who\nRope,strong and long,A rope of hemp,sailors use it\n"
    parsed = table(data, columns={"question": "who", "answer": "info"})
    assert (texts(parsed), parsed.documents[0].questions) == (["strong and long"], ("sailors use it",))
    assert texts(table(data, columns={"text": "info, who"})) == ["strong and long\nsailors use it"]


def test_a_lone_question_column_keeps_its_partner() -> None:
    parsed = table("hint,text\nwhere ropes are,A rope of hemp hangs there\n", columns={"question": "hint"})
    assert (texts(parsed), parsed.documents[0].questions) == (["A rope of hemp hangs there"], ("where ropes are",))


def test_an_anchor_is_asked_for_by_its_attributes() -> None:
    parsed = table("thing,colour,size\nBoat,red,small\nShip,,large\n", columns={"anchor": "thing"})
    assert texts(parsed) == ["colour: red, size: small", "size: large"]
    assert (parsed.documents[0].anchors, parsed.documents[0].questions) == (("Boat",), ())
    text, parts = parsed.documents[0].pages[0].text, parsed.documents[0].parts
    assert {name: text[start:end] for name, (start, end) in parts.items()} == {"colour": "red", "size": "small"}


def test_other_columns_are_free_fields() -> None:
    parsed = table("text,shelf\nsome words here,B4\n")
    assert parsed.documents[0].fields == {"shelf": "B4"}


def test_a_persons_reading_is_taken_as_it_is() -> None:
    reading = TableReading("utf-8", ";", {"b": "text"})
    parsed = table("a;b\nlong words in the first;short\n", reading=reading)
    assert texts(parsed) == ["short"]
    assert parsed.reading == reading


def test_roles_last_while_the_columns_do() -> None:
    kept = {"kept": {"b": "text"}, "kept_header": ("a", "b")}
    assert texts(table("a,b\nmany more words here,few words\n", **kept)) == ["few words"]
    assert texts(table("a,c\nmany more words here,few words\n", **kept)) == ["many more words here"]


def test_a_column_that_is_not_there_is_said() -> None:
    assert "“Frage”" in table(FAQ, columns={"question": "Frage"}).detail


def test_only_numbers_are_refused_kindly() -> None:
    parsed = table("a,b\n1,2\n3,4.5\n")
    assert parsed.state is FileState.NOT_TEXT
    assert "no text to search" in parsed.detail
    assert parsed.preview[0] == {"a": "1", "b": "2"}


def test_a_header_alone_is_empty() -> None:
    assert table("question,answer\n").state is FileState.EMPTY


def test_the_first_rows_are_shown_as_read() -> None:
    parsed = table("text,b\n" + "hello you,x\n" * 9)
    assert parsed.preview == ({"text": "hello you", "b": "x"},) * 5


@pytest.mark.parametrize(
    ("sample", "delimiter"),
    [
        ("a,b\n1,2\n", ","),
        ("Lorem, ipsum; dolor; amet\nelit; sed; do\nut, labore; et; dolore\n", ";"),
        ("a\tb, c\n1\t2, 3\n", "\t"),
        ("a|b|c\n1|2|3\n", "|"),
        ("Lorem, ipsum\ndolor sit\namet consectetur\nadipiscing, elit\n", "\n"),
        ('a,b\n"x;y;z",2\n"p;q;r",3\n', ","),
    ],
)
def test_the_delimiter_is_the_one_that_rows_agree_on(sample: str, delimiter: str) -> None:
    assert delimiters.find(sample).delimiter == delimiter


def test_a_single_column_is_read_whole() -> None:
    assert texts(table("Lorem, ipsum\ndolor sit\namet consectetur\nadipiscing, elit\n")) == [
        "dolor sit",
        "amet consectetur",
        "adipiscing, elit",
    ]


def test_cells_too_many_go_into_the_last_column() -> None:
    parsed = table("id,text\n1,one word\n2,two, three, four\n3,five\n4,six\n")
    assert texts(parsed)[1] == "two, three, four"
    assert "1 row had too many cells" in parsed.detail


def test_short_rows_and_newlines_in_cells_are_read() -> None:
    parsed = table('text,b\n"first line\nsecond line",x\nalone\n')
    assert texts(parsed) == ["first line\nsecond line", "alone"]


def test_a_quote_that_is_never_closed_costs_no_rows() -> None:
    assert len(texts(table('text,b\n"open,1\nword one,2\nword two,3\nword three,4\n'))) == 4


def test_captions_and_double_headers_are_passed_over() -> None:
    assert list(table("Stanley Cups,,\nTeam,Place,Cups\nBlues Club,STL,1\n").preview[0]) == ["Team", "Place", "Cups"]
    double = table("line,stop,08h,,09h,\n,,in,out,in,out\nblue line,west stop,1,2,3,4\n")
    assert list(double.preview[0]) == ["line", "stop", "08h in", "08h out", "09h in", "09h out"]


def test_a_first_row_of_data_is_no_header() -> None:
    parsed = table("A plane is taking off.,An air plane leaves.,4.5\nA man plays.,A man is playing.,3.0\nA cat eats.,A dog sleeps.,5.0\n")
    assert len(parsed.documents) == 3
    assert list(parsed.preview[0]) == ["column 1", "column 2", "column 3"]


def test_years_as_names_are_a_header() -> None:
    assert list(table("region,2015,2016\nnorth side,10022,20033\nsouth side,30044,40055\n").preview[0]) == ["region", "2015", "2016"]


def test_names_that_come_twice_or_not_at_all_are_told_apart() -> None:
    assert list(table("A,A,\nsome words,b,c\n").preview[0]) == ["A", "A (2)", "column 3"]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("größer, schöner, für alle Mädchen und Jungen der Straße " * 3, "cp1252"),
        ("“quoted” words — and it’s a dash … " * 3, "cp1252"),
        ("Rada przyjęła dziś projekt ustawy o zmianie niektórych ustaw w związku z poprawą dostępności usług. " * 3, "cp1250"),
        ("Это текст на русском языке, и его надо прочесть. " * 3, "cp1251"),
        ("안녕하세요 반갑습니다 오늘은 날씨가 좋습니다 " * 3, "cp949"),
        ("東京都の人口は増えています。アイウエオ、テスト " * 3, "cp932"),
        ("我们的产品非常好，请大家购买。这是一个测试文本。" * 3, "gb18030"),
        ("plain words as Windows writes them", "utf-16-le"),
        ("żółć i größe und 東京", "utf-8"),
        ("żółć i größe und 東京", "utf-8-sig"),
        ("żółć i größe und 東京", "utf-16"),
    ],
)
def test_encodings_are_found(text: str, encoding: str) -> None:
    found, name = encodings.decode(text.encode(encoding))
    assert (found, name) == (text, encoding)


def test_another_encoding_can_be_asked_for() -> None:
    data = "text\nfünf schöne Wörter\n".encode("cp437")
    assert texts(read(data, ReadRequest("a.csv", reading=TableReading(encoding="cp437")))) == ["fünf schöne Wörter"]
    refused = read(data, ReadRequest("a.csv", reading=TableReading(encoding="no-such")))
    assert refused.state is FileState.NOT_TEXT
    assert "no-such" in refused.detail


def test_pandas_is_never_asked_to_unpack() -> None:
    import gzip

    assert read(gzip.compress(b"text\nhello there\n"), ReadRequest("a.csv.gz")).state is FileState.NOT_TEXT


REAL = {
    "abt_products_cp1252.csv": ("cp1252", ","),
    "amazon_products_cp1252.csv": ("cp1252", ","),
    "google_products_cp1252.csv": ("cp1252", ","),
    "kr_hollys_stores_cp949.csv": ("cp949", ","),
    "kr_population_by_age_cp949_wide.csv": ("cp949", ","),
    "kr_population_cp949_quoted.csv": ("cp949", ","),
    "kr_public_hospitals_cp949.csv": ("cp949", ","),
    "kr_subway_cp949_wide_2rowheader.csv": ("cp949", ","),
    "kr_car_fuel_utf8bom.csv": ("utf-8-sig", ","),
    "jp_localgov_shiftjis.csv": ("cp932", ","),
    "un_stanley-cups-utf-16.csv": ("utf-16", ","),
    "un_csv-with-line-delimiter.csv": ("utf-8", "|"),
    "un_semicolon-delimited.csv": ("utf-8", ";"),
    "un_single-column.csv": ("utf-8", "\n"),
    "winequality_red_semicolon.csv": ("utf-8", ";"),
}


@pytest.mark.slow
def test_every_real_table_is_read(data: Path) -> None:
    ended = {path.name: read(path.read_bytes(), ReadRequest(path.name)) for path in sorted(data.glob("csv/*.csv"))}
    assert {name: (ended[name].reading.encoding, ended[name].reading.delimiter) for name in REAL} == REAL
    assert {name for name, parsed in ended.items() if parsed.state is not FileState.READ} == {"winequality_red_semicolon.csv"}
    assert ended["medquad_nhlbi_qa.csv"].reading.columns["answer"] == "answer"
    assert ended["support_tickets_synthetic.csv"].reading.columns == {
        "category": "group",
        "instruction": "question",
        "response": "answer",
    }
    assert ended["shopify_apparel.csv"].reading.columns["Body (HTML)"] == "text"


@pytest.mark.slow
def test_twins_in_two_encodings_hold_the_same_words(data: Path) -> None:
    def phrases(name: str) -> list[str]:
        grid = read_grid((data / "csv" / name).read_bytes(), TableReading())
        at = grid.header.index("phrase")
        return [row[at].replace('"', "") for row in grid.rows]  # one of the twins quotes its quotes twice

    assert phrases("jp_localgov_shiftjis.csv") == phrases("jp_localgov_utf8.csv")
