"""The map: passages that mean nearly the same lie close together."""

from __future__ import annotations

import streamlit as st

from core import runs
from core.project import Project
from core.recipe import StatisticsSettings
from core.statistics import maps
from core.statistics.maps import Map
from pages.widgets import changing, errors, figures, forms

LAYOUTS = {"pca": "Two main directions (PCA)", "tsne": "Neighbours together (t-SNE)"}
BEGINNING = 180  # characters of a passage that the pointer shows


def browse(project: Project, *, busy: bool) -> None:
    """Draw the map, or the button that has it drawn in the background."""
    recipe = project.recipe()
    drawn = maps.known(project, recipe)
    if drawn:
        _map(project, drawn)
    else:
        st.markdown(
            "On this map each passage is a point, and what means nearly the same lies close together. The base model has to read the "
            "passages for it, in the background."
        )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        layout = st.selectbox(
            forms.title(StatisticsSettings, "projection"),
            list(LAYOUTS),
            index=list(LAYOUTS).index(recipe.statistics.projection),
            format_func=LAYOUTS.__getitem__,
            help=forms.help(StatisticsSettings, "projection"),
            key="map_layout",
            width=320,
        )
        if changing.button("Draw the map", icon=":material/scatter_plot:", key="draw_map", disabled=busy or _is_drawn(drawn, layout)):
            with errors.shown():
                wanted = forms.checked(recipe, statistics={"projection": layout})
                project.save_recipe(statistics=wanted.statistics)
                runs.start(project, "statistics", wanted)
                st.rerun()


def _is_drawn(drawn: Map | None, layout: str) -> bool:
    return drawn is not None and drawn.projection == layout


def _map(project: Project, drawn: Map) -> None:
    by = st.segmented_control("Colours by", ["Theme", "Document"], default="Theme", key="map_colours") or "Theme"
    places = project.places(drawn.ids, BEGINNING)
    figures.points(drawn, places, [place.theme if by == "Theme" else place.document for place in places])
    sample = f"{len(drawn.ids):,} of {drawn.passages:,} passages, drawn by chance" if len(drawn.ids) < drawn.passages else "All passages"
    kept = f" The two directions keep {drawn.kept:.0%} of all differences: distances are a hint, no proof." if drawn.kept else ""
    st.caption(f"{sample}. Close together means alike to the base model.{kept}")
