"""Themes put in order by hand: several made one, one split, one made a part of another, one deleted."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core import themes
from core.project import Project
from core.schema import Theme
from pages.widgets import changing, errors, frame, stages

NO_PARENT = "Stands by itself"


def form(project: Project, known: list[Theme]) -> None:
    """Draw what can be done with a theme besides giving it another name."""
    names = project.theme_names()
    with st.expander("Merge, split, nest or delete", key="arrange_themes"):
        st.markdown("What you do here is yours: sorting the passages again leaves it.")
        theme_id = st.selectbox("Theme", list(names), format_func=names.__getitem__, key="theme_to_arrange")
        _merge(project, theme_id, names)
        _split(project, theme_id)
        _nest(project, theme_id, known)
        if changing.button(
            "Delete this theme",
            icon=":material/delete:",
            help="Its passages stay, without a theme until they are sorted again; its parts stand by themselves. A theme that a "
            "column gave does not come back, unless passages are sorted in another way in between.",
            key="delete_theme",
        ):
            project.delete_theme(theme_id)
            frame.notice("The theme was deleted.")
            st.rerun()


def _merge(project: Project, theme_id: str, names: Mapping[str, str]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        others = [one for one in names if one != theme_id]
        merged = st.multiselect(
            "Take in other themes",
            others,
            format_func=names.__getitem__,
            help="Their passages come into this theme, and they are gone.",
            placeholder="Choose themes",
            key="themes_to_merge",
        )
        if changing.button("Merge", disabled=not merged, key="merge_themes"):
            with errors.shown():
                themes.merge(project, merged, theme_id)
                frame.notice(f"{stages.counted(len(merged), 'theme')} taken in.")
                st.rerun()


def _split(project: Project, theme_id: str) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        parts = st.number_input("Parts", 2, 15, 2, key="theme_parts", width=260)
        if changing.button("Split", help="Its own passages are grouped again, by their words, into parts of it.", key="split_theme"):
            with errors.shown(), st.spinner("Grouping the passages"):
                made = themes.split(project, theme_id, int(parts))
                frame.notice(f"Split into {stages.counted(len(made), 'part')}.")
                st.rerun()


def _nest(project: Project, theme_id: str, known: list[Theme]) -> None:
    now = next((theme.parent for theme in known if theme.id == theme_id), "")
    tops = {theme.id: theme.name for theme in known if not theme.parent and theme.id != theme_id}
    ids = ["", *tops]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        parent = st.selectbox(
            "Part of",
            ids,
            index=ids.index(now) if now in ids else 0,
            format_func=lambda one: tops.get(one, NO_PARENT),
            help="Themes are nested one level: a theme that has parts cannot become one.",
            key=f"parent_of_{theme_id}",
        )
        if changing.button("Nest" if parent or not now else "Take out", disabled=parent == now, key="nest_theme"):
            with errors.shown():
                themes.nest(project, theme_id, parent)
                frame.notice("The theme has another place.")
                st.rerun()
