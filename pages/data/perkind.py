"""The finer settings of single kinds of pairs, each shown where its kind is ticked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.generators import GENERATORS, mix, timeline
from core.recipe import LocalSettings, PairSettings, Recipe, TableSettings, TimelineSettings
from pages.widgets import forms

WAYS = {"fused": "All columns together", "basic": "Each column by itself", "domain": "By itself, each domain apart"}


def panels(recipe: Recipe, chosen: Sequence[str], *, anchors: bool) -> dict[str, Any]:
    """Draw the settings of the ticked kinds (and of tables, where rows have anchors) and return those of the recipe's section `pairs` that they change."""
    changes: dict[str, Any] = {"shares": shares(recipe.pairs, chosen)}
    if anchors:
        changes["table"] = table_panel(recipe.pairs)
    if "timeline" in chosen:
        changes["timeline"] = timeline_panel(recipe.pairs, chosen)
    return changes


def shares(current: PairSettings, chosen: Sequence[str]) -> dict[str, float]:
    """Draw how much each kind of the mix gives, where several are ticked."""
    mixed = [name for name in chosen if "offline" in GENERATORS[name].tags and name != "timeline"]
    found = dict(current.shares)
    if len(mixed) < 2:
        return found
    st.markdown(f"**{forms.title(PairSettings, 'shares')}**", help=forms.help(PairSettings, "shares"))
    with st.container(horizontal=True):
        for name in mixed:
            label = GENERATORS[name].label
            found[name] = st.number_input(label, 0.0, 1.0, float(current.shares.get(name, 1.0)), 0.1, format="%g", key=f"share_{name}")
    told = mix.rates(found, mixed)
    st.caption(" · ".join(f"{GENERATORS[name].label}: {rate:.0%} of what it makes" for name, rate in told.items()))
    return found


def table_panel(current: PairSettings) -> dict[str, Any]:
    """Draw in which of the three ways a row's columns answer its anchor."""
    st.markdown(f"**{GENERATORS['table'].label}**")
    changes: dict[str, Any] = current.table.model_dump()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        changes["way"] = st.segmented_control(
            forms.title(TableSettings, "way"),
            list(WAYS),
            format_func=WAYS.__getitem__,
            default=current.table.way,
            required=True,
            help=forms.help(TableSettings, "way"),
            key="table_way",
        )
        changes["negatives"] = forms.number(TableSettings, "negatives", changes["negatives"], key="table_negatives")
    return changes


def local_panel(current: PairSettings) -> dict[str, Any]:
    """Draw which question writer runs here, and how: nothing is written before a model is named."""
    changes: dict[str, Any] = current.local.model_dump()
    with st.container(border=True):
        st.subheader(GENERATORS["local"].label, anchor=False)
        first, second = st.container(horizontal=True, vertical_alignment="bottom"), st.container(horizontal=True)
    with first:
        for name in ("model", "prefix"):
            changes[name] = st.text_input(
                forms.title(LocalSettings, name), changes[name], help=forms.help(LocalSettings, name), key=f"local_{name}"
            )
    with second:
        for name in ("batch", "read_tokens", "written_tokens"):
            changes[name] = forms.number(LocalSettings, name, changes[name], key=f"local_{name}")
    return changes


def timeline_panel(current: PairSettings, chosen: Sequence[str]) -> dict[str, Any]:
    """Draw the shares of the four categories, and how thinly documents and periods are used."""
    settings = current.timeline
    st.markdown(f"**{GENERATORS['timeline'].label}**")
    changes: dict[str, Any] = settings.model_dump()
    for names in (("successive", "random_pair", "single_synthetic", "synthetic_pair"), ("every", "apart", "cap")):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            for name in names:
                changes[name] = forms.number(TimelineSettings, name, changes[name], key=f"timeline_{name}")
    options = ["auto", "year", "group", "document", "theme"]
    changes["group"] = st.segmented_control(
        forms.title(TimelineSettings, "group"),
        options,
        default=settings.group,
        required=True,
        help=forms.help(TimelineSettings, "group"),
        key="timeline_group",
    )
    st.caption(timeline.told(settings, timeline.categories(chosen)))
    return changes
