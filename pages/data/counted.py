"""The numbers of passages and pairs as charts, with what they mean in a sentence."""

from __future__ import annotations

import streamlit as st

from core.generators import GENERATORS
from core.statistics import Statistics
from pages.widgets import figures, tables

BORROWED = 0.8  # share of a question's words from which it says its passage again


def passages_told(found: Statistics) -> None:
    """Draw lengths, themes and languages of the passages."""
    middle = f"The middle one has {found.lengths.median:g} tokens, the longest {found.lengths.largest:g}."
    st.markdown(f"**How long they are.** {middle}")
    figures.histogram(found.lengths, x="Tokens in a passage", y="Passages", key="lengths", alt=f"Histogram of tokens in passages. {middle}")
    st.markdown("**What they are about.**")
    rows = [(theme.name or "Unclassified", theme.passages) for theme in found.themes]
    figures.bars(rows, x="Passages", key="themes", alt=f"Passages in {len(rows)} themes.")
    languages = [(code or "not clear", count) for code, count in found.languages.items()]
    st.markdown(
        "**Which languages.** The base model that comes along was made for English: for other languages choose another one.",
        help="Told from the letters of each passage (two-letter codes of ISO 639-1). Very short texts and lists of names have none.",
    )
    figures.bars(languages, x="Passages", key="languages", alt=f"Passages in {len(languages)} languages.")


def pairs_told(found: Statistics) -> None:
    """Draw what the pairs in use are made of, or say that there are none."""
    if not found.pairs:
        st.markdown("There are no pairs yet. They are what the model learns from.")
        return
    labels = {name: choice.label for name, choice in GENERATORS.items()}
    tables.plain(
        {
            "Kind": [labels.get(kind.generator, kind.generator) for kind in found.kinds],
            "Pairs": [kind.pairs for kind in found.kinds],
            "Words in the middle question": [kind.words for kind in found.kinds],
            "Of them in the passage too": [kind.overlap for kind in found.kinds],
        },
        alt="Pairs by the way they were made",
        settings={"Of them in the passage too": st.column_config.NumberColumn(format="percent")},
        height="content",
    )
    st.markdown(f"**How long the questions are.** The middle one has {found.query_words.median:g} words.")
    figures.histogram(found.query_words, x="Words in a question", y="Questions", key="words", alt="Histogram of words in questions.")
    borrowed = found.overlap.median >= BORROWED
    st.markdown(
        "**How much they borrow from their passage.** "
        + ("Most say their passage's own words again: keyword search finds these as well." if borrowed else "Most use words of their own."),
        help="Lexical overlap: the share of a question's different words that its passage has too.",
    )
    figures.histogram(
        found.overlap, x="Share of the question's words in the passage", y="Questions", key="overlap", alt="Histogram of shared words."
    )
    st.markdown("**Which themes they ask about.**")
    asked = sorted(((theme.name or "Unclassified", theme.pairs) for theme in found.themes), key=lambda row: -row[1])
    figures.bars(asked, x="Pairs", key="pairs_themes", alt="Pairs by theme.")
    st.markdown(f"**Which documents they ask about.** {found.documents_without_pairs:,} of {found.documents:,} documents have no pair.")
    figures.bars([*found.by_document.items()], x="Pairs", key="pairs_documents", alt="Pairs of the documents that have most.")
