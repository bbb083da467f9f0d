"""Questions out of what a language model answered: generous about the form, strict about what a question is."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

SHORTEST, LONGEST = 6, 300  # characters of a question
THINKING = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)
FENCE = re.compile(r"```[a-zA-Z]*\s*\n(.*?)(?:```|\Z)", re.DOTALL)
ITEM = re.compile(r"^[ \t]*(?:\d{1,3}[ \t]*[.):]|[-*•–]|Q(?:uestion)?[ \t]*\d*[ \t]*[:.)])[ \t]*(\S.*)$", re.MULTILINE | re.IGNORECASE)
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"\s*(?=[,\]])')
LEANS = re.compile(r"\b(?:this|the (?:given|above|following|provided)) (?:text|passage|document|excerpt|paragraph|section|article)\b|"
                   r"\b(?:in|by|to|from|of) the (?:text|passage|excerpt)\b|\baccording to the (?:text|passage|document)\b", re.IGNORECASE)  # fmt: skip
NUMBERED = re.compile(r"(?:q(?:uestion)?[ _]?)?\d+", re.IGNORECASE)
KEYS = ("questions", "queries", "question", "query", "text", "q")


@dataclass(frozen=True)
class Reading:
    """The questions of one answer, and why others of it (or all) were refused: reason -> how many."""

    questions: tuple[str, ...]
    refused: Counter[str]


def read(text: str, most: int) -> Reading:
    """Read up to `most` questions from an answer: JSON (whole, fenced, cut off), a numbered list, or lines that ask; never raises."""
    refused: Counter[str] = Counter()
    questions: dict[str, str] = {}
    bare = THINKING.sub("", text).strip()
    if not bare:
        return Reading((), Counter({"empty answer": 1}))
    found = _candidates(bare)
    if not found:
        return Reading((), Counter({"no list of questions": 1}))
    for candidate in found:
        question = _tidy(candidate)
        if reason := _fault(question):
            refused[reason] += 1
        elif question.casefold() in questions:
            refused["repeated"] += 1
        else:
            questions[question.casefold()] = question
    return Reading(tuple(questions.values())[:most], refused)


def _candidates(text: str) -> list[str]:
    """Return what may be questions, from the first reading that finds any."""
    fenced = FENCE.search(text)
    for part in filter(None, (fenced and fenced.group(1), text)):
        for value in _json_values(part):
            if found := list(_strings(value)):
                return found
    start = text.find("[")
    if start >= 0 and (cut := [_unescape(s) for s in STRING.findall(text[start:])]):
        return cut  # an answer that ended in the middle of its JSON: the strings that are whole
    if items := ITEM.findall(text):
        return list(items)
    return [line for line in text.splitlines() if line.rstrip(' "*').endswith(("?", "\uff1f", "\u061f"))]


def _json_values(text: str) -> Iterator[Any]:
    decoder, position = json.JSONDecoder(), 0
    for _ in range(20):  # a text full of braces is no answer; each try reads to the end at worst
        opening = re.compile(r"[\[{]").search(text, position)
        if not opening:
            return
        try:
            value, position = decoder.raw_decode(text, opening.start())
            yield value
        except (ValueError, RecursionError):
            position = opening.start() + 1


def _strings(value: Any) -> Iterator[str]:
    """Find the questions in {"questions": [...]}, a bare list, a list of {"question": ...}, or {"1": "...", "2": "..."}."""
    if isinstance(value, list):
        for entry in value:
            if isinstance(entry, str):
                yield entry
            elif isinstance(entry, dict):
                yield from (entry[key] for key in KEYS if isinstance(entry.get(key), str))
    elif isinstance(value, dict):
        named = next((value[key] for key in KEYS if isinstance(value.get(key), (list, str))), None)
        if isinstance(named, list):
            yield from _strings(named)
        elif isinstance(named, str):
            yield named
        else:
            yield from (entry for key, entry in value.items() if isinstance(entry, str) and NUMBERED.fullmatch(key))


def _unescape(text: str) -> str:
    try:
        return str(json.loads(f'"{text}"', strict=False))
    except ValueError:
        return text


def _tidy(text: str) -> str:
    """Return a candidate on one line, without its number, quotes or emphasis."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if numbered := ITEM.match(line):
        line = numbered.group(1)
    return line.strip(' *_`"“”„«»').strip()


def _fault(question: str) -> str:
    """Say why a candidate is no question that can be used, "" when it is one."""
    if len(question) < SHORTEST or not any(c.isalpha() for c in question):
        return "too short"
    if len(question) > LONGEST:
        return "too long"
    if LEANS.search(question):
        return "leans on the passage"
    return ""
