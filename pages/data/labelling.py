"""Themes: found in the text or by the person's own keywords, named as the person likes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from core import themes
from core.project import Project
from core.recipe import ThemeSettings
from pages.data import arranging, labelfile
from pages.widgets import changing, charts, errors, forms, frame

METHODS = {"discovered": "Found in the text", "keywords": "By my own keywords", "given": "By a column of my table"}


def picture(project: Project) -> None:
    """Draw how many passages each theme has; of many themes with parts, first those at the top."""
    known = project.themes()
    nested = any(theme.parent for theme in known)
    top = nested and st.toggle("Count parts to their theme", value=len(known) > charts.BARS, key="themes_top")
    charts.themes(project.theme_table(top=top))


def editor(project: Project) -> None:
    """Draw how themes are made, and the names of those that are there."""
    current = project.recipe().themes
    method = st.segmented_control(
        "How themes are made", list(METHODS), default=current.method, format_func=METHODS.__getitem__, key="themes_method"
    )
    with st.form("themes", border=False):
        count, rows = current.count, None
        if method == "keywords":
            st.caption("One theme a row. A passage gets the theme whose words it holds most often; whole words, in any case.")
            rows = st.data_editor(
                _rows(current),
                num_rows="dynamic",
                hide_index=True,
                key="keyword_rows",
                alt="Your themes and the words that stand for each",
                column_config={
                    "Theme": st.column_config.TextColumn(width="medium", required=True),
                    "Keywords": st.column_config.TextColumn(width="large", help="Separated by commas"),
                },
            )
        elif method == "given":
            st.caption("Passages get the group of their document; where there is a domain as well, groups are parts of it.")
        else:
            count = forms.number(ThemeSettings, "count", current.count, key="themes_count", width=260)
        if changing.form_submit_button("Sort the passages"):
            _apply(project, {"method": method or current.method, "count": count, **({"keywords": _keywords(rows)} if rows else {})})
    labelfile.form(project)
    known = project.themes()
    if known:
        _rename(project)
        arranging.form(project, known)


def _rows(current: ThemeSettings) -> dict[str, list[str]]:
    keywords = current.keywords or {"": []}
    return {"Theme": list(keywords), "Keywords": [", ".join(words) for words in keywords.values()]}


def _keywords(rows: Mapping[str, Sequence[str | None]]) -> dict[str, list[str]]:
    """Return each theme with its words; a theme without any is its own keyword."""
    found: dict[str, list[str]] = {}
    for theme, words in zip(rows["Theme"], rows["Keywords"], strict=True):
        if name := (theme or "").strip():
            found[name] = [word.strip() for word in (words or name).split(",") if word.strip()]
    return found


def _apply(project: Project, changes: dict[str, object]) -> None:
    with errors.shown(), st.spinner("Sorting the passages"):
        wanted = forms.checked(project.recipe(), themes=changes).themes
        project.save_recipe(themes=wanted)
        made = themes.retheme(project, wanted)
        frame.notice(f"{made} themes")
        st.rerun()


def _rename(project: Project) -> None:
    names = project.theme_names()
    with st.form("rename_theme", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        theme_id = st.selectbox("Rename a theme", list(names), format_func=names.__getitem__, key="theme_to_rename")
        name = st.text_input("New name", key="theme_name")
        if changing.form_submit_button("Rename"):
            with errors.shown():
                project.rename_theme(theme_id, name)
                st.rerun()
