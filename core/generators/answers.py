"""Questions or a paraphrase out of what a language model answered: generous about the form, strict about what it may be."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from core.endpoint import Shape
from core.generators.kinds import KINDS
from core.text import jaccard, shingles

SHORTEST, LONGEST, LONGEST_LONG = 6, 300, 700  # characters of a question; the last of one that tells a situation first
COPIED = 0.7  # overlap of word triples from which a paraphrase is the passage itself
THINKING = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)
FENCE = re.compile(r"```[a-zA-Z]*\s*\n(.*?)(?:```|\Z)", re.DOTALL)
ITEM = re.compile(r"^[ \t]*(?:\d{1,3}[ \t]*[.):]|[-*•–]|Q(?:uestion)?[ \t]*\d*[ \t]*[:.)])[ \t]*(\S.*)$", re.MULTILINE | re.IGNORECASE)
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"\s*(?=[,\]])')
LEANS = re.compile(r"\b(?:this|the (?:given|above|following|provided)) (?:text|passage|document|excerpt|paragraph|section|article)\b|"
                   r"\b(?:in|by|to|from|of) the (?:text|passage|excerpt)\b|\baccording to the (?:text|passage|document)\b", re.IGNORECASE)  # fmt: skip
NUMBERED = re.compile(r"(?:q(?:uestion)?[ _]?)?\d+", re.IGNORECASE)
KEYS = ("questions", "queries", "question", "query", "text", "q")
PARAPHRASED = ("paraphrase", "text", "passage")

PLAIN = Shape(
    "questions",
    {
        "type": "object",
        "properties": {"questions": {"type": "array", "items": {"type": "string"}}},
        "required": ["questions"],
        "additionalProperties": False,
    },
)
OF_KINDS = Shape(
    "questions",
    {
        "type": "object",
        "properties": {
            "questions": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"kind": {"type": "string", "enum": list(KINDS)}, "text": {"type": "string"}},
                    "required": ["kind", "text"],
                    "additionalProperties": False,
                },
            }
        },
        "required": ["questions"],
        "additionalProperties": False,
    },
)
PARAPHRASE = Shape(
    "paraphrase",
    {"type": "object", "properties": {"paraphrase": {"type": "string"}}, "required": ["paraphrase"], "additionalProperties": False},
)


class Found(NamedTuple):
    """A text that can be used, and which of `KINDS` it is ("" where nobody said)."""

    text: str
    kind: str = ""


@dataclass(frozen=True)
class Reading:
    """What of one answer can be used, and why the rest of it (or all) was refused: reason -> how many."""

    found: tuple[Found, ...]
    refused: Counter[str]

    @property
    def why(self) -> str:
        """Return the refusals in a line, "" where there are none."""
        return ", ".join(f"{number} {reason}" for reason, number in self.refused.most_common())


def read(text: str, most: int, kinds: Sequence[str] = ()) -> Reading:
    """Read up to `most` questions from an answer: JSON (whole, fenced, cut off), a numbered list, or lines that ask; never raises.

    Where an answer does not name the kinds but has as many questions as were asked for, they are taken to be in order.
    """
    refused: Counter[str] = Counter()
    questions: dict[str, Found] = {}
    bare = THINKING.sub("", text).strip()
    if not bare:
        return Reading((), Counter({"empty answer": 1}))
    found = _candidates(bare)
    if not found:
        return Reading((), Counter({"no list of questions": 1}))
    if len(found) == len(kinds) and not any(candidate.kind for candidate in found):
        found = [Found(candidate.text, kind) for candidate, kind in zip(found, kinds, strict=True)]
    for candidate in found:
        question = _tidy(candidate.text)
        if reason := _fault(question, candidate.kind):
            refused[reason] += 1
        elif question.casefold() in questions:
            refused["repeated"] += 1
        else:
            questions[question.casefold()] = Found(question, candidate.kind if kinds else "")
    return Reading(tuple(questions.values())[:most], refused)


def read_paraphrase(text: str, passage: str) -> Reading:
    """Read the one text that says a passage in other words: JSON (whole, fenced, cut off) or the text alone; never raises."""
    bare = THINKING.sub("", text).strip()
    if not bare:
        return Reading((), Counter({"empty answer": 1}))
    said = _tidy(_paraphrase(bare))
    return Reading((), Counter({reason: 1})) if (reason := _unlike(said, passage)) else Reading((Found(said),), Counter())


def _paraphrase(text: str) -> str:
    fenced = FENCE.search(text)
    for part in filter(None, (fenced and fenced.group(1), text)):
        for value in _json_values(part):
            if isinstance(value, dict):
                return next((value[key] for key in PARAPHRASED if isinstance(value.get(key), str)), "")
    return "" if text.startswith(("{", "[", "<", "```")) else text


def _unlike(said: str, passage: str) -> str:
    """Say why a text is no paraphrase of a passage that can be used, "" when it is one."""
    if not any(c.isalpha() for c in said):
        return "no paraphrase"
    if len(said) < len(passage) / 4:
        return "too short"
    if len(said) > len(passage) * 4:
        return "too long"
    if LEANS.search(said) and not LEANS.search(passage):
        return "leans on the passage"
    return "copied wording" if jaccard(shingles(said), shingles(passage)) > COPIED else ""


def _candidates(text: str) -> list[Found]:
    """Return what may be questions, from the first reading that finds any."""
    fenced = FENCE.search(text)
    for part in filter(None, (fenced and fenced.group(1), text)):
        loose: list[Found] = []
        for value in _json_values(part):
            found = list(_texts(value))
            if found and not (isinstance(value, dict) and "kind" in value):
                return found
            loose += found  # one object a line, or the whole ones of a list that was cut off
        if loose:
            return loose
    start = text.find("[")
    if start >= 0 and (cut := [Found(_unescape(said)) for said in STRING.findall(text[start:])]):
        return cut  # an answer that ended in the middle of its JSON: the strings that are whole
    if items := ITEM.findall(text):
        return [Found(item) for item in items]
    return [Found(line) for line in text.splitlines() if line.rstrip(' "*').endswith(("?", "\uff1f", "\u061f"))]


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


def _texts(value: Any, kind: str = "") -> Iterator[Found]:
    """Find the questions in {"questions": [...]}, a bare list, a list of {"kind", "text"}, {kind: [...]}, or {"1": "...", "2": "..."}."""
    if isinstance(value, str):
        yield Found(value, kind)
    elif isinstance(value, list):
        for entry in value:
            if isinstance(entry, str):
                yield Found(entry, kind)
            elif isinstance(entry, dict):
                said = entry.get("kind") if entry.get("kind") in KINDS else kind
                yield from (Found(entry[key], str(said)) for key in KEYS if isinstance(entry.get(key), str))
    elif isinstance(value, dict):
        named = next((value[key] for key in KEYS if isinstance(value.get(key), (list, str, dict))), None)
        of_kinds = [key for key in value if key in KINDS]
        if len(of_kinds) > 1:
            for key in of_kinds:
                yield from _texts(value[key], key)
        elif named is not None:
            yield from _texts(named)
        else:
            yield from (Found(entry) for key, entry in value.items() if isinstance(entry, str) and NUMBERED.fullmatch(key))


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


def _fault(question: str, kind: str) -> str:
    """Say why a candidate is no question that can be used, "" when it is one."""
    if len(question) < (2 if kind == "keywords" else SHORTEST) or not any(c.isalpha() for c in question):
        return "too short"
    if len(question) > (LONGEST_LONG if kind == "long" else LONGEST):
        return "too long"
    if LEANS.search(question):
        return "leans on the passage"
    return ""
