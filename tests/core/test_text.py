from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import text
from core.text.headings import headings


@pytest.mark.parametrize(
    ("body", "sentences"),
    [
        ("Dr. Smith paid 3.5 million to J. R. Hartley. See fig. 3, e.g. this. “He left.” Then what? No!",
         ["Dr. Smith paid 3.5 million to J. R. Hartley.", "See fig. 3, e.g. this.", "“He left.”", "Then what?", "No!"]),
        ("数据保护很重要。请看第3条！好吗？好的", ["数据保护很重要。", "请看第3条！", "好吗？", "好的"]),
        ("A line\nbreak is no end. Next\none.", ["A line\nbreak is no end.", "Next\none."]),
        ("First part\n\nsecond part", ["First part", "second part"]),
        ("## The heading\nThe text begins.", ["The heading", "The text begins."]),
        ("You need:\n• a passport\n• a ticket\n2. A second thing.", ["You need:", "a passport", "a ticket", "A second thing."]),
        ("It can fail.1 As seen.2,3 Often.", ["It can fail.1", "As seen.2,3", "Often."]),
        ("It is 5 p.m. now. Go.", ["It is 5 p.m. now.", "Go."]),
        ("all in small letters . as some archives are. see fig. 2 .", ["all in small letters .", "as some archives are.", "see fig. 2 ."]),
        ("ما هي العاصمة؟ القاهرة. وهي قديمة.", ["ما هي العاصمة؟", "القاهرة.", "وهي قديمة."]),
        ("यह एक वाक्य है। यह दूसरा है।", ["यह एक वाक्य है।", "यह दूसरा है।"]),
        ("価格は3．5です．次の文。終わり", ["価格は3．5です．", "次の文。", "終わり"]),
        ("ประเทศไทยมีพื้นที่ประมาณห้าแสนตารางกิโลเมตร มีประชากรราวเจ็ดสิบล้านคน เมืองหลวงคือกรุงเทพมหานคร",
         ["ประเทศไทยมีพื้นที่ประมาณห้าแสนตารางกิโลเมตร มีประชากรราวเจ็ดสิบล้านคน", "เมืองหลวงคือกรุงเทพมหานคร"]),
        ("", []), ("  \n\n ", []), ("…", ["…"]),
    ],
)  # fmt: skip
def test_sentences_end_where_a_reader_ends_them(body: str, sentences: list[str]) -> None:
    assert [body[a:b].removeprefix("## ") for a, b in text.sentences(body)] == sentences


@given(st.text("abC. !?\n\n。#•-1（）“”", max_size=200) | st.text(max_size=100))
def test_sentences_are_ordered_trimmed_spans_that_leave_out_only_marks(body: str) -> None:
    end = 0
    for start, stop in text.sentences(body):
        assert end <= start < stop <= len(body)
        assert body[start:stop] == body[start:stop].strip()
        assert not any(sign.isalpha() and len(word) > 2 for word in body[end:start].split() for sign in word)
        end = stop


@pytest.mark.parametrize(
    ("one", "other"),
    [("Sick Pay?", "sick  pay"), ("ＡＢＣ　１", "abc 1"), ("STRASSE", "straße"), ("ﬁne", "fine"), ("line\nbreak", "line break")],
)
def test_case_width_punctuation_and_breaks_do_not_tell_texts_apart(one: str, other: str) -> None:
    assert text.normalise(one) == text.normalise(other)


def test_chinese_signs_are_words_and_signs_alone_are_not_the_same_text() -> None:
    assert text.words("数据 GDPR第3条") == ["数", "据", "gdpr", "第", "3", "条"]
    assert text.normalise("***") != text.normalise("---")


@pytest.mark.parametrize(
    ("sentence", "clusters"),
    [
        ("ประเทศไทย", ["ป", "ระ", "เท", "ศ", "ไท", "ย"]),
        ("น้ำ", ["น้ํา"]),
        ("ພາສາລາວ", ["ພາ", "ສາ", "ລາ", "ວ"]),
        ("ភាសាខ្មែរ", ["ភា", "សា", "ខ្មែ", "រ"]),
        ("ใช้ Word 2024", ["ใช้", "word", "2024"]),
    ],
)
def test_scripts_without_blanks_fall_into_what_is_never_parted(sentence: str, clusters: list[str]) -> None:
    assert text.words(sentence) == clusters


def test_near_duplicates_are_found_among_many_and_nothing_else() -> None:
    rng = random.Random(3)
    texts = [" ".join(rng.choices([f"w{i}" for i in range(3000)], k=120)) for _ in range(400)]
    words = texts[7].split()
    planted = [" ".join([*words[:60], "new", *words[60:]]), texts[7].upper() + " and a little more"]
    half = " ".join(words[:60] + texts[8].split()[60:])
    groups = text.near_duplicate_groups([*texts, *planted, half, texts[9]], 0.8)
    assert groups == [[7, 400, 401], [9, 403]]


@pytest.mark.parametrize("count", [3, 80])
def test_the_threshold_is_exact_for_few_texts_and_for_many(count: int) -> None:
    rng = random.Random(4)
    other = [" ".join(rng.choices([f"x{i}" for i in range(3000)], k=60)) for _ in range(count)]
    base = [f"w{i}" for i in range(102)]  # 100 runs of three
    changed = " ".join(base[:-5] + [f"y{i}" for i in range(5)])  # 95 of them shared: 95 / 105 = 0.905
    texts = [" ".join(base), changed, *other]
    assert text.near_duplicate_groups(texts, 0.90) == [[0, 1]]
    assert text.near_duplicate_groups(texts, 0.91) == []


def test_short_texts_and_texts_of_signs_only_group_with_their_equals() -> None:
    assert text.near_duplicate_groups(["Yes", "yes!", "No", "***", "***", "", "---"], 0.8) == [[0, 1], [3, 4]]


LONG = "This line is as long as the lines of a paragraph are in a document that was set for print,"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (f"# Title\n\n{LONG}\n\n### 1.2 Sub part ##\n{LONG}", ["Title", "1.2 Sub part"]),
        (f"{LONG}\nends here.\n2.1 Asking for leave\n{LONG}", ["2.1 Asking for leave"]),
        (f"1 Welcome\n1.1 Who we are\n{LONG}\n{LONG}", ["1 Welcome", "1.1 Who we are"]),
        (f"Legal Disclaimer\n{LONG}\n{LONG}", ["Legal Disclaimer"]),
        (f"{LONG}\nthe end.\n\nWorking from home\n\n{LONG}", ["Working from home"]),
        (f"第一章 总则\n{'数据保护很重要，' * 12}", ["第一章 总则"]),
        (f"{LONG}\nthe European Union\n{LONG}", []),
        (f"{LONG}\nArticle 5\nof the treaty, and so on. {LONG}", []),
        ("Contents\n1 Welcome\n2 Leave\n3 Pay\n4 Travel\n" + "\n".join([LONG] * 9), ["4 Travel"]),
        (f"Introduction ..... 3\nLeave ..... 9\n{LONG}", []),
        (f"{LONG}\nends.\nPay\n12\n{LONG}", []),
        ("\n".join(f"{LONG} end.\nOperations Guide\n{LONG}" for _ in range(4)), []),
        ("", []),
    ],
    ids=["markdown", "numbered", "two above each other", "title", "sentence case", "chinese", "wrapped line", "wrapped reference",
         "contents", "leaders", "table cell", "running head", "empty"],
)  # fmt: skip
def test_headings_are_told_from_lines_of_text(body: str, found: list[str]) -> None:
    assert [h.text for h in headings(body)] == found
    for heading in headings(body):
        assert heading.text in body[heading.start : heading.end]


@pytest.mark.parametrize(("sentence", "words"), [("नमस्ते दुनिया", 2), ("ที่นี่ กิน", 4), ("naïve café", 2), ("漢字 ok", 3)])
def test_marks_belong_to_their_word(sentence: str, words: int) -> None:
    assert len(text.words(sentence)) == words
