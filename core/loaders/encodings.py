"""Bytes to text: the encoding is found, or the person's own choice is taken."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence

BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip
WESTERN = ("cp1252", "cp1250", "cp1254", "cp1257")
SPOKEN = {
    "cp1250": ("Polish", "Czech", "Slovak", "Hungarian", "Croatian", "Slovene", "Romanian"),
    "cp1254": ("Turkish",),
    "cp1257": ("Lithuanian", "Latvian", "Estonian"),
}
"""The languages that speak for another encoding than the usual cp1252."""

OTHERS = ("cp949", "cp932", "gb18030", "big5", "euc_jp", "cp1251", "koi8_r", "cp1253", "cp1255", "cp1256", "cp874")
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", *WESTERN, *OTHERS)
"""What a page offers to correct the encoding with; any other that Python knows works too."""

_SAMPLE = 200_000
_HIGH_RUNS = re.compile(rb"[\x80-\xff]+")


def decode(data: bytes, encoding: str = "") -> tuple[str, str]:
    """Return the text and the name of its encoding; a byte that does not fit the one asked for becomes U+FFFD."""
    name = encoding if encoding and known(encoding) else find(data)
    return data.decode(name, "replace"), name


def start(data: bytes, characters: int, encoding: str = "") -> tuple[str, str]:
    """Return about the first `characters` of the text, and the encoding, which all of the bytes were asked for."""
    name = encoding if encoding and known(encoding) else find(data)
    text = codecs.getincrementaldecoder(name)("replace").decode(data[: 4 * characters])
    return text[:characters], name


def known(encoding: str) -> bool:
    """Say whether Python can decode text from an encoding of this name."""
    try:
        return codecs.lookup(encoding)._is_text_encoding
    except (LookupError, ValueError):
        return False


def find(data: bytes) -> str:
    """Return the name of the encoding: by its mark, else UTF-8 where all fits, else the likeliest that fits strictly.

    The likeliest is charset-normalizer's, after a look at how the bytes above 127 stand: alone between ASCII they are
    accents or curly quotes; in pairs they are letters of other scripts.
    """
    mark = next((name for bom, name in BOMS if data.startswith(bom)), "")
    if mark:
        return mark
    wide = _utf16_without_mark(data)
    if wide:
        return wide
    if _fits(data, "utf-8"):
        return "utf-8"
    runs = _HIGH_RUNS.findall(data[: 10 * _SAMPLE])
    high = sum(map(len, runs))
    western = sum(len(run) == 1 for run in runs) > 0.7 * len(runs) and high < 0.3 * min(len(data), 10 * _SAMPLE)
    if western and high < 20 and _fits(data, "cp1252"):
        return "cp1252"
    for name in (*_ranked(data[:_SAMPLE], WESTERN if western else OTHERS), *WESTERN):
        if _fits(data, name):
            return name
    return "cp1252"  # the only common one with bytes that mean nothing, which decode replaces


def _ranked(sample: bytes, candidates: Sequence[str]) -> list[str]:
    """Return encodings, the likeliest first, by charset-normalizer's measure of mess and of language."""
    from charset_normalizer import from_bytes

    matches = from_bytes(sample, cp_isolation=list(candidates), threshold=0.3)
    if candidates is not WESTERN:
        return [match.encoding for match in matches if match.encoding in candidates] + list(candidates)
    # encodings in which the bytes are the same text are given as one match
    coherence = {name: match.coherence for match in matches for name in match.could_be_from_charset}
    usual = coherence.get("cp1252", 0.0)
    own = [match.encoding for match in matches if match.language in SPOKEN.get(match.encoding, ()) and match.coherence > usual]
    return own + list(WESTERN)


def _fits(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeError:
        return False
    return True


def _utf16_without_mark(data: bytes) -> str:
    sample = data[:4096]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(even, odd) < 0.3 * len(sample) / 2 or min(even, odd) > 0.1 * max(even, odd):
        return ""
    name = "utf-16-be" if even > odd else "utf-16-le"
    return name if _fits(data[: len(data) // 2 * 2], name) else ""
