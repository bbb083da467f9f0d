"""Themes put in order by hand: several made one, one split, one made a part of another, one deleted."""

from __future__ import annotations

import streamlit as st

from core import themes
from core.project import Project
from core.schema import Theme
from pages.widgets import errors, frame

NO_PARENT = "Stands by itself"


def form(project: Project, known: list[Theme]) -> None:
    """Draw what can be done with a theme besides giving it another name."""
    names = project.theme_names()
    with st.expander("Merge, split, nest or delete", key="arrange_themes"):
        theme_id = st.selectbox("Theme", list(names), format_func=names.__getitem__, key="theme_to_arrange")
        others = [one for one in names if one != theme_id]
        merged = st.multiselect("Take in", others, format_func=names.__getitem__, key="themes_to_merge")
        if st.button("Merge", disabled=not merged, key="merge_themes"):
            with errors.shown():
                themes.merge(project, merged, theme_id)
                frame.notice(f"{len(merged)} themes are merged into another.")
                st.rerun()
        parts = st.number_input("Parts", 2, 15, 2, key="theme_parts", width=260)
        if st.button("Split", help="Its passages are grouped again, into parts of it.", key="split_theme"):
            with errors.shown():
                themes.split(project, theme_id, int(parts))
                st.rerun()
        tops = ["", *(theme.id for theme in known if not theme.parent and theme.id != theme_id)]
        parent = st.selectbox("Part of", tops, format_func=lambda one: names.get(one, NO_PARENT), key="theme_parent")
        if st.button("Nest", key="nest_theme"):
            with errors.shown():
                themes.nest(project, theme_id, parent)
                st.rerun()
        if st.button("Delete this theme", icon=":material/delete:", help="Its passages stay, without a theme.", key="delete_theme"):
            with errors.shown():
                project.delete_theme(theme_id)
                st.rerun()
