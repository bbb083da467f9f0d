"""What the columns of a table are: their roles, and a guess at them by name and by content."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from core.loaders.grid import is_number

ROLES: Mapping[str, str] = MappingProxyType(
    {
        "text": "Text to search. Several such columns are put below each other.",
        "question": "A question that somebody asked. With an answer beside it, this is a real pair.",
        "answer": "The text that answers the question; it becomes the passage.",
        "anchor": "What the thing is called, used as a query for its attributes, or for its text.",
        "attribute": "A property of the thing. All of them together, with their names, become the passage.",
        "title": "What the row is called where it is shown.",
        "date": "When it was written.",
        "author": "Who wrote it.",
        "group": "Its topic, category or department. A wrong answer to an anchor is of another one.",
        "domain": "The field that its category belongs to. A wrong answer to an anchor is of the same one.",
        "language": "The language it is written in.",
        "purpose": "“judge” or “test” in a cell keeps that row's questions for judging; they are never trained on.",
    }
)
PASSAGE = ("answer", "text", "attribute")
"""The roles that make a row's text."""
USES = ("question", "anchor", *PASSAGE)
"""The roles that say what a table is for; the rest describe its rows."""


def _listed(names: str) -> tuple[str, ...]:
    return tuple(names.split())


NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "question": _listed(
            "question questions query queries q frage fragen pregunta domanda pergunta vraag вопрос 질문 質問 问题 問題 instruction prompt"
        ),
        "answer": _listed(
            "answer answers antwort antworten response responses reply a réponse reponse respuesta risposta resposta antwoord ответ 답변 回答 答え 答案 completion"
        ),
        "text": _listed(
            "text body content contents passage context document description abstract message article paragraph phrase beschreibung inhalt texte texto testo contenu contenido текст 본문 내용 本文 正文 内容 説明"
        ),
        "title": _listed("title titel titre título titulo titolo name headline subject heading label 제목 タイトル 标题 標題 название"),
        "date": _listed("date datum fecha data published year jahr année year_month created updated timestamp 날짜 출판일 日付 日期 дата"),
        "author": _listed("author authors autor autoren auteur autore verfasser creator writer by 저자 著者 作者 автор"),
        "group": _listed(
            "group topic theme category department section intent domain class gruppe thema kategorie abteilung bereich label catégorie categoría categoria 분류 카테고리 カテゴリ 类别 分類 type"
        ),
        "domain": _listed("domain field area domaine dominio fachgebiet fachbereich 분야 分野 领域 область"),
        "language": _listed("language lang sprache langue idioma lingua locale 언어 言語 语言"),
        "purpose": _listed("purpose use split usage verwendung zweck"),
    }
)
_MARKS = ("?", "？", "؟")
_ID = re.compile(r"(?:https?://|www\.)\S+|\S+@\S+|(?=\S*\d)[!-~]+|true|false|yes|no", re.IGNORECASE)
_PART = re.compile(r"train|learn|tun|dev|val|test|judg|eval", re.IGNORECASE)
_DATE = re.compile(r".*(?:\d{4}|\d{1,2}[./-]\d{1,2}[./-]\d{2}).*")
_SAMPLE = 500


def guess_columns(header: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[str, str]:
    """Return a role for each column that seems to have one (column -> role), by its name and by what its cells hold.

    Columns left out are free fields. A question needs an answer: where there is none, the questions are the text.
    """
    cells = {name: [row[i] for row in rows[:_SAMPLE] if row[i]] for i, name in enumerate(header)}
    roles: dict[str, str] = {}
    for role, check in _DESCRIBING.items():
        found = _by_name(role, [name for name in header if name not in roles and cells[name] and check(cells[name])])
        roles.update(dict.fromkeys(found[:1], role))
    free = [name for name in header if name not in roles and _wordy(cells[name])]
    question = _by_name("question", free)[:1] or _asking(free, cells)
    rest = [name for name in free if name not in question]
    named = [*_by_name("answer", rest), *_by_name("text", rest)]
    answer = _longest(named or [name for name in rest if question and _mean(cells[name]) > _mean(cells[question[0]])], cells)[:1]
    if question and answer:
        return {**roles, question[0]: "question", answer[0]: "answer"}
    named = _by_name("text", free)
    texts = [name for name in named if _words(name) == [_plain(name)]] or _longest(named, cells)[:1] or _texts(free, roles, cells)
    if not texts:  # a title, or a name, is all the text there is
        texts = [name for name, role in roles.items() if role == "title"] or _longest(free, cells)[:1]
    return {**roles, **dict.fromkeys(texts, "text")}


def override(roles: Mapping[str, str], columns: Mapping[str, str], header: Sequence[str]) -> dict[str, str]:
    """Return roles (column -> role) changed by a person's choice (role -> column, or several parted by commas).

    Who says what the passages or questions are says what the table is for: guesses at that go, except the partner
    that a lone question or answer, or an anchor, still needs.
    """
    chosen = {name: role for role, value in columns.items() if role in ROLES for name in _named(value, header)}
    taken = set(chosen.values())
    result = {name: role for name, role in roles.items() if name not in chosen and role not in taken}
    if taken & set(USES):
        result = {name: role for name, role in result.items() if role not in USES or _partner(role, taken)}
    if "question" in taken and not taken & set(PASSAGE) and "answer" not in result.values():
        result.update({name: "answer" for name, role in roles.items() if role == "text" and name not in chosen})
    if "anchor" in taken and not taken & set(PASSAGE):
        result.update({name: "attribute" for name in header if name not in chosen and name not in result})
    return {**result, **chosen}


def _partner(role: str, taken: set[str]) -> bool:
    return (role == "answer" and "question" in taken and not taken & set(PASSAGE)) or (
        role == "question" and "answer" in taken and not taken & {"question", "anchor"}
    )


def _named(value: str, header: Sequence[str]) -> list[str]:
    lower = {name.casefold(): name for name in header}
    wanted = [value] if value.strip().casefold() in lower else value.split(",")
    return [lower[name.strip().casefold()] for name in wanted if name.strip().casefold() in lower]


def missing(columns: Mapping[str, str], header: Sequence[str]) -> list[str]:
    """Return the chosen column names that a table does not have."""
    return [value for value in columns.values() if value and not _named(value, header)]


def _plain(name: str) -> str:
    return name.casefold().strip()


def _words(name: str) -> list[str]:
    return [word for word in re.split(r"[\W_]+|(?<=[a-z])(?=[A-Z])", name) if word] if _plain(name) else []


def _by_name(role: str, header: Sequence[str]) -> list[str]:
    """Return the columns whose name is, or else contains as a word, one of the role's names; the surest first."""
    names = NAMES[role]
    exact = [name for wanted in names for name in header if _plain(name) == wanted]
    long = [wanted for wanted in names if len(wanted) > 2 or not wanted.isascii()]
    part = [name for wanted in long for name in header if wanted in (word.casefold() for word in _words(name))]
    return list(dict.fromkeys([*exact, *part]))


def _mean(cells: Sequence[str]) -> float:
    return sum(map(len, cells)) / len(cells) if cells else 0.0


def _share(cells: Sequence[str], check: Callable[[str], bool]) -> float:
    return sum(map(check, cells)) / len(cells) if cells else 0.0


def _wordy(cells: Sequence[str]) -> bool:
    """Say whether a column holds words rather than numbers, addresses, codes or yes and no."""
    return bool(cells) and _share(cells, lambda cell: is_number(cell) or bool(_ID.fullmatch(cell))) < 0.5


def _distinct(cells: Sequence[str]) -> float:
    return len(set(cells)) / len(cells) if cells else 0.0


def _longest(names: Sequence[str], cells: Mapping[str, Sequence[str]]) -> list[str]:
    return sorted(dict.fromkeys(names), key=lambda name: -_mean(cells[name]))


def _asking(names: Sequence[str], cells: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the column most of whose cells end in a question mark, when a longer one could answer it."""
    asking = [name for name in names if _share(cells[name], lambda cell: cell.rstrip("\"')» ").endswith(_MARKS)) > 0.5]
    answering = [name for name in names if name not in asking and _distinct(cells[name]) > 0.3]
    return asking[:1] if asking and any(_mean(cells[name]) > _mean(cells[asking[0]]) for name in answering) else []


def _texts(names: Sequence[str], roles: Mapping[str, str], cells: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the longest column of distinct words, with the others that are at least half as long."""
    free = [name for name in [*names, *roles] if roles.get(name, "title") == "title" and _distinct(cells[name]) > 0.3]
    order = _longest(free, cells)
    return [name for name in free if _mean(cells[name]) * 2 >= _mean(cells[order[0]])] if order else []


_DESCRIBING: Mapping[str, Callable[[Sequence[str]], bool]] = MappingProxyType(
    {
        "purpose": lambda cells: _share(cells, lambda cell: bool(_PART.search(cell)) and len(cell) <= 20) > 0.5,
        "language": lambda cells: _mean(cells) <= 20 and not _share(cells, is_number),
        "date": lambda cells: _share(cells, lambda cell: bool(_DATE.match(cell)) and len(cell) <= 40) > 0.5,
        "author": lambda cells: _share(cells, is_number) < 0.5,
        "title": lambda cells: _wordy(cells) and _distinct(cells) > 0.3 and _mean(cells) <= 200,
        "group": lambda cells: _wordy(cells) and (_distinct(cells) < 0.5 or len(cells) < 20) and _mean(cells) <= 60,
        "domain": lambda cells: _wordy(cells) and _distinct(cells) < 0.2 and _mean(cells) <= 40,  # fields are few
    }
)
