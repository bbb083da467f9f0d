"""Terms: the words and phrases that set texts, and groups of texts, apart."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.text import SIGN, words

# Function words of the languages that people mostly write in; sklearn's list has English only.
_FUNCTION_WORDS = """
http https www com org gov accessed pdf
a about above after again all also am an and any are as at be because been before being between both but by can could did do does doing
don down during each either etc every few for from further had has have having he her here hers him his how however i if in into is it its
itself just let like made make many may me might more most much must my no nor not of off often on once one only or other our out over own
per same shall she should since so some such than that the their them then there these they this those though through to too two under
until up upon us use used using very was way we well were what when where whether which while who whom whose why will with within without
would yes yet you your ll re ve
one two three four five six seven eight nine ten eleven twelve twenty thirty hundred thousand first second third
der die das den dem des ein eine einer eines einem einen und oder aber nicht auch auf aus bei bis durch für gegen ohne um von vor zu zum zur
mit nach über unter ist sind war waren wird werden wurde hat haben sein ihre ihr sie er es wir ich man sich so wie als wenn dass kann nur noch
le la les un une des du de et ou mais ne pas par pour dans sur sous avec sans est sont été être avoir cette ces qui que quoi dont leur leurs
nous vous ils elles aux au plus
el los las una unos unas y o pero por para con sin sobre entre es son fue ser han ha como más este esta estos estas se su sus lo al del
il lo gli uno di da con su per tra fra e che non è sono della dei delle nel nella
het een van voor met op te dat niet aan ook om
"""
STOPWORDS = frozenset(_FUNCTION_WORDS.split())
_ADDRESS = re.compile(r"\b(?:https?://|www\.)\S+|\S+@\S+\.\S+", re.IGNORECASE)
_BREAK = re.compile(r"[^\w\s'’-]+|\n\s*\n")
MANY = 20  # texts, from which on it shows what is common and what is rare
COMMON = 0.4  # of the texts: a term in more of them sets nothing apart


def terms_of(text: str, longest: int = 2) -> list[str]:
    """Return a text's terms: its content words and the runs of up to `longest` of them that no mark or function word parts.

    Of Chinese, Japanese and Thai, which have no blanks, the pairs of neighbouring signs.
    """
    found: list[str] = []
    for segment in _BREAK.split(_ADDRESS.sub(" . ", text)):
        run: list[str] = []
        signs = ""
        for word in [*words(segment), ""]:
            if word and SIGN.match(word):
                found += [signs + word] if signs else []
                signs = word
                run = []
                continue
            signs = ""
            if len(word) == 1 and run:
                continue  # the s of "bosun's"
            if len(word) < 3 or word in STOPWORDS or any(c.isdigit() for c in word):
                run = []
                continue
            run.append(word)
            found += [" ".join(run[-n:]) for n in range(1, min(longest, len(run)) + 1)]
    return found


def count_terms(texts: Sequence[str], longest: int = 2, *, rare: bool = False) -> tuple[Any, list[str]]:
    """Return how often each text has each term, a sparse (texts, terms) matrix, and the terms.

    Of many texts, terms that are in nearly all are left out, and so are those of a single one; with `rare` only phrases are
    that a single text has once (any words that happen to meet).
    """
    counted = [Counter(terms_of(text, longest)) for text in texts]
    holders = Counter(term for counts in counted for term in counts)
    times = Counter(term for counts in counted for term in counts.elements()) if rare else holders
    least, most = (2, COMMON * len(texts)) if len(texts) >= MANY else (1, len(texts))
    terms = sorted(t for t, n in holders.items() if n <= most and (times[t] >= least or (rare and " " not in t)))
    column = {term: i for i, term in enumerate(terms)}
    from scipy.sparse import csr_matrix

    rows, columns, values = [], [], []
    for row, counts in enumerate(counted):
        for term, number in counts.items():
            if term in column:
                rows.append(row)
                columns.append(column[term])
                values.append(float(number))
    return csr_matrix((values, (rows, columns)), shape=(len(texts), len(terms))), terms


def top_terms(weights: Mapping[str, float], number: int) -> list[str]:
    """Return the heaviest terms, none of which shares a word with a heavier one; of equals the first in the alphabet."""
    chosen: list[str] = []
    used: set[str] = set()
    for term in sorted(weights, key=lambda t: (-weights[t], t)):
        own = {word.rstrip("s") if len(word) > 3 else word for word in term.split()}  # "shells" is no second word beside "shell"
        if not own & used:
            chosen.append(term)
            used |= own
        if len(chosen) == number:
            break
    return chosen


def class_weights(counts: Any, terms: Sequence[str], groups: Sequence[int]) -> dict[int, dict[str, float]]:
    """Return each group's terms with their class-based TF-IDF: tf in the group × log(1 + A / f).

    `counts` is (texts, terms), `groups` one number a text; A is the mean number of terms in a group and f how often a term
    is in all (Grootendorst 2022, BERTopic, arXiv 2203.05794, equation 1; tf as a share, so that groups compare).
    """
    import numpy as np

    labels = np.asarray(groups)
    names = sorted(set(groups))
    sums = np.vstack([np.asarray(counts[labels == name].sum(axis=0)) for name in names])
    totals = sums.sum(axis=1, keepdims=True)
    weights = sums / np.maximum(totals, 1) * np.log1p(totals.mean() / np.maximum(sums.sum(axis=0), 1))
    # A phrase is counted less often than its words and says more: its words' number lifts it.
    weights = weights * np.asarray([math.sqrt(len(term.split())) for term in terms])
    return {name: {terms[int(i)]: float(row[i]) for i in np.flatnonzero(row)} for name, row in zip(names, weights, strict=True)}


def as_written(term: str, texts: Iterable[str]) -> str:
    """Return a term as texts mostly write it: "AI" and "Manifest" keep their capitals."""
    form = re.compile(r"\b" + r"[\W_]+(?:s\W+)?".join(map(re.escape, term.split())) + r"\b", re.IGNORECASE)
    found = Counter(" ".join(match.split()) for text in texts for match in form.findall(text))
    return max(found, key=lambda f: (found[f], f)) if found else term
