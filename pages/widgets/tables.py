"""Tables that are paged by SQL: a page of a table is read, never the whole of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import streamlit as st

ROWS = 25


def offset(total: int, key: str, *, rows: int = ROWS) -> int:
    """Draw the page numbers of a long table and return how many rows lie before the page in view."""
    pages = max(1, -(-total // rows))
    if pages == 1:
        return 0
    if st.session_state.get(key, 1) > pages:  # the filter got narrower meanwhile
        st.session_state[key] = 1
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        number = st.pagination(pages, key=key)
        st.caption(f"{(number - 1) * rows + 1:,} to {min(total, number * rows):,} of {total:,}")
    return (number - 1) * rows


def plain(
    columns: Mapping[str, Sequence[Any]],
    *,
    alt: str,
    settings: Mapping[str, Any] | None = None,
    height: Literal["auto", "content"] = "auto",
) -> None:
    """Draw a small table whose cells are plain text and numbers."""
    st.dataframe(dict(columns), hide_index=True, alt=alt, column_config=settings, height=height)


def pick(
    columns: Mapping[str, Sequence[Any]],
    ids: Sequence[str],
    *,
    key: str,
    alt: str,
    several: bool = False,
    settings: Mapping[str, Any] | None = None,
) -> list[str]:
    """Draw a table whose rows can be picked, and return the ids of those that are."""
    event = st.dataframe(
        dict(columns),
        hide_index=True,
        alt=alt,
        key=f"{key}_{'-'.join(ids)[:80]}",  # other rows, other choice
        on_select="rerun",
        selection_mode="multi-row" if several else "single-row",
        column_config=settings,
        height="content",
    )
    return [ids[row] for row in event.selection.rows if row < len(ids)]
