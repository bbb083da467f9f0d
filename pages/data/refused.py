"""Answers of a language model of which something was not taken: what came, as plain text, and why it was refused."""

from __future__ import annotations

import streamlit as st

from core.project import Project
from pages.widgets import stages, tables

ROWS = 10
LONGEST = 20_000  # characters of an answer that are drawn


def listing(project: Project) -> None:
    """Fold away the refused answers, newest first; nothing is drawn where there are none."""
    total = project.count_refused_answers()
    if not total:
        return
    folded = st.expander(f"{stages.counted(total, 'answer')} refused in part or whole", on_change="rerun", key="refused_fold")
    if not folded.open:
        return
    with folded:
        slot = st.container()
        answers = project.refused_answers(ROWS, tables.offset(total, "refused_page", rows=ROWS))
        chunks = [project.chunk(answer.chunk_id) for answer in answers]
        with slot:
            picked = tables.pick(
                {
                    "Refused": [answer.refused for answer in answers],
                    "Answer": [" ".join(answer.text.split())[:200] for answer in answers],
                    "Passage": [" ".join(chunk.text.split())[:120] if chunk else "" for chunk in chunks],
                },
                [answer.key[:12] for answer in answers],
                key="refused",
                alt="Answers that were refused in part or whole, with the reason; tick one to read it",
            )
        for answer in (answer for answer in answers if answer.key[:12] in picked):
            st.caption(
                f"{answer.tokens_in:,} tokens read, {answer.tokens_out:,} written. {'The answer, as it came:' if answer.text else 'Nothing came.'}"
            )
            if answer.text:
                st.code(answer.text[:LONGEST], language=None, wrap_lines=True, height=240 if len(answer.text) > 800 else "content")
