"""Cut one text into passages that a model can read whole: by headings, paragraphs, sentences, and only then by words."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import regex

from core.text import CJK_SIGN, SIGN, sentences, trimmed
from core.text.headings import Heading, headings

if TYPE_CHECKING:
    from tokenizers import Tokenizer

TINY = 12  # tokens: a leftover below it says too little to be found, so a neighbour takes it
CHARACTERS_PER_TOKEN = 20  # an unbroken string is one unknown token, however long it is: characters are bounded as well
LONGEST_SIGN = 32  # characters: a flag of tags has 14, a family of emoji 11
_ONE_SIGN = regex.compile(rf"{SIGN.pattern}|\X")
PARAGRAPHS = ["\n\n", "\r\n\r\n"]
SENTENCES = [f"{stop}{after}" for stop in (".", "!", "?", ".”", '."', "?”", ".)") for after in (" ", "\n")]
SENTENCES_WITHOUT_BLANKS = ["。", "！", "？", "；", "।", "۔", "؟"]
LINES = ["\n"]
PAUSES = ["; ", ": ", ", ", " – ", " — ", " - ", "，", "、", "；", "：", "، "]


@dataclass(frozen=True)
class Span:
    """A passage as text[start:end]; `tokens` counts special ones too, `heading` is the one above or at its beginning."""

    start: int
    end: int
    tokens: int
    heading: str


class Cutter:
    """Cut texts for one tokenizer: no passage has more than `limit` tokens, special ones and `reserved` included."""

    def __init__(self, tokenizer: Tokenizer, limit: int, overlap: int, reserved: int = 0) -> None:
        self.tokenizer = tokenizer
        self.special = tokenizer.num_special_tokens_to_add(False)
        self.room = max(4, limit - self.special - reserved)
        self.overlap = min(overlap, self.room // 2)
        self.tiny = min(TINY, self.room // 4)
        self._count = lru_cache(maxsize=2048)(lambda text: len(self._encode(text).ids))  # a section is asked for several times

    def tokens(self, text: str) -> int:
        """Count the tokens of a passage, special ones included."""
        return self._count(text) + self.special

    def whole(self, text: str) -> list[Span]:
        """Return the text as one passage where it fits, else cut it."""
        start, end = trimmed(text, 0, len(text))
        count = self._count(text[start:end])
        if start < end and self._fits(end - start, count, self.room):
            return [Span(start, end, count + self.special, "")]
        return self.cut(text)

    def cut(self, text: str) -> list[Span]:
        """Return the passages of a text in order; together they hold everything but white space."""
        found = headings(text)
        sentence_starts = [start for start, _ in sentences(text)] if self.overlap else []
        spans = []
        for start, end in self._sections(text, found):
            pieces = self._pieces(text, start, end)
            for number, (left, right) in enumerate(pieces):
                begin = self._back(text, pieces[number - 1][0], left, right, sentence_starts) if number and self.overlap else left
                spans.append(Span(begin, right, self.tokens(text[begin:right]), _heading_at(text, found, left)))
        return spans

    def _sections(self, text: str, found: Sequence[Heading]) -> list[tuple[int, int]]:
        """Return what stands between headings; sections too short to stand alone go with the next where both fit."""
        above = [
            heading for heading, after in pairwise([*found, None]) if heading and (not after or text[heading.end : after.start].strip())
        ]
        first = {heading.start: _first_of_run(text, found, heading) for heading in above}
        borders = [0, *(first[heading.start] for heading in above), len(text)]
        sections = [s for a, b in pairwise(sorted(set(borders))) if (s := trimmed(text, a, b))[0] < s[1]]
        joined: list[tuple[int, int]] = []
        for start, end in sections:
            if joined:
                before, here = self._count(text[slice(*joined[-1])]), self._count(text[start:end])
                # A short section leads into the next; what is tiny trails the one before.
                if (before < self.room // 6 or here < self.tiny) and self._fit_together(text, joined[-1], (start, end)):
                    joined[-1] = (joined[-1][0], end)
                    continue
            joined.append((start, end))
        return joined

    def _pieces(self, text: str, start: int, end: int) -> list[tuple[int, int]]:
        """Cut a section into spans that leave room for the overlap, none of them tiny where a neighbour can take it."""
        if self._fits(end - start, self._count(text[start:end]), self.room):
            return [(start, end)]
        most = self.room - self.overlap
        pieces: list[tuple[int, int]] = []
        at = start
        for chunk in self._chonkie.chunk(text[start:end]):
            span = trimmed(text, at, at + len(chunk.text))
            at += len(chunk.text)
            pieces += [piece for piece in self._hard(text, *span, most) if piece[0] < piece[1]]
        merged: list[tuple[int, int]] = []
        for piece in pieces:
            if merged and self._tiny(text, merged[-1], piece) and self._fit_together(text, merged[-1], piece):
                merged[-1] = (merged[-1][0], piece[1])
            else:
                merged.append(piece)
        return merged

    def _tiny(self, text: str, *pieces: tuple[int, int]) -> bool:
        return any(self._count(text[a:b]) < self.tiny for a, b in pieces)

    def _fit_together(self, text: str, one: tuple[int, int], other: tuple[int, int]) -> bool:
        return self._fits(other[1] - one[0], self._count(text[one[0] : other[1]]), self.room)

    def _hard(self, text: str, start: int, end: int, most: int) -> Iterator[tuple[int, int]]:
        """Yield spans of at most `most` tokens of what has no better place to be cut."""
        longest = most * CHARACTERS_PER_TOKEN
        while start < end:
            offsets = self._encode(text[start : min(end, start + longest)]).offsets
            if len(offsets) <= most and end - start <= longest:
                yield trimmed(text, start, end)
                return
            cut = start + (max(1, offsets[most][0]) if len(offsets) > most else longest)
            while cut > start + 1 and (self._count(text[start:cut]) > most or _inside_a_sign(text, cut)):
                cut -= 1
            blank = max(text.rfind(" ", start, cut + 1), text.rfind("\n", start, cut + 1))
            if blank > start + (cut - start) // 3 and self._count(text[start:blank]) <= most:  # a word stays whole
                cut = blank
            yield trimmed(text, start, cut)
            start = cut

    def _back(self, text: str, before: int, start: int, end: int, sentence_starts: Sequence[int]) -> int:
        """Return where a passage begins that repeats the end of the one before it: at a sentence, else at a word."""
        offsets = self._encode(text[before:start]).offsets
        low = before + max(1, offsets[-self.overlap][0] if len(offsets) > self.overlap else 0)  # never the whole of it
        by_sentence = sentence_starts[bisect_left(sentence_starts, low) : bisect_left(sentence_starts, start)]
        by_word = [i for i in range(low, start) if not text[i].isspace() and (text[i - 1].isspace() or CJK_SIGN.match(text[i]))]
        for begin in [*by_sentence, *by_word]:
            if self._count(text[begin:start]) <= self.overlap and self._fits(end - begin, self._count(text[begin:end]), self.room):
                return begin
        return start

    def _fits(self, characters: int, tokens: int, room: int) -> bool:
        return tokens <= room and characters <= room * CHARACTERS_PER_TOKEN

    def _encode(self, text: str) -> Any:
        return self.tokenizer.encode(text, add_special_tokens=False)

    @cached_property
    def _chonkie(self) -> Any:
        from chonkie.chunker.recursive import RecursiveChunker
        from chonkie.types import RecursiveLevel, RecursiveRules

        # Not its own last level, which cuts between tokens and decodes them: what a tokenizer does not keep would be lost.
        levels = [RecursiveLevel(delimiters=d) for d in (PARAGRAPHS, SENTENCES + SENTENCES_WITHOUT_BLANKS, LINES, PAUSES)]
        rules = RecursiveRules([*levels, RecursiveLevel(whitespace=True)])
        reader: Any = self.tokenizer  # chonkie wraps it; its own protocol is another
        return RecursiveChunker(reader, max(1, self.room - self.overlap), rules, min_characters_per_chunk=min(24, self.room))


def _first_of_run(text: str, found: Sequence[Heading], heading: Heading) -> int:
    """Return where the first of the headings begins that stand directly above `heading`, it included."""
    first = heading
    for earlier in reversed(found[: bisect_left(found, heading.start, key=lambda h: h.start)]):
        if text[earlier.end : first.start].strip():
            break
        first = earlier
    return first.start


def _heading_at(text: str, found: Sequence[Heading], start: int) -> str:
    """Return the text of the last heading above `start`, or of those that a passage begins with."""
    last = bisect_right(found, start, key=lambda h: h.start) - 1
    while (
        0 <= last + 1 < len(found) and last >= 0 and found[last].end >= start and not text[found[last].end : found[last + 1].start].strip()
    ):
        last += 1
    return found[last].text if last >= 0 else ""


def _inside_a_sign(text: str, cut: int) -> bool:
    """Say whether a cut would part what is read as one sign: a letter and its accent, a joined emoji, a Thai cluster."""
    if not 0 < cut < len(text):
        return False
    start = max(0, cut - LONGEST_SIGN)
    return any(match.start() < cut < match.end() for match in _ONE_SIGN.finditer(text, start, cut + LONGEST_SIGN))
