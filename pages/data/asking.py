"""The language model's panel: where it is, what it is asked, and what that may cost before anything is sent."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.generators import llm, material
from core.project import Project
from core.recipe import LLMSettings, Recipe
from core.secrets import origin
from pages.widgets import errors, forms


def panel(project: Project, recipe: Recipe) -> tuple[dict[str, Any], str]:
    """Draw the panel and return the settings and the key, which is held in this session's memory only."""
    current = recipe.pairs.llm
    with st.container(border=True):
        st.subheader("Language model", anchor=False)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            url = st.text_input(
                forms.title(LLMSettings, "base_url"), current.base_url, help=forms.help(LLMSettings, "base_url"), key="llm_url"
            )
            model = st.text_input(forms.title(LLMSettings, "model"), current.model, help=forms.help(LLMSettings, "model"), key="llm_model")
            # A key belongs to the address that it was typed for: another address starts with an empty field.
            key = st.text_input(
                "Key", type="password", key=f"llm_key_{origin(url)}", help="Kept in memory until you close the page, never saved."
            )
        numbers = ("per_chunk", "max_chunks", "spending_cap", "price_in", "price_out")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            changes = {name: forms.number(LLMSettings, name, getattr(current, name), key=f"llm_{name}") for name in numbers}
        with st.expander("What it is asked"):
            prompt = st.text_area(
                forms.title(LLMSettings, "prompt"), current.prompt, height=280, help=forms.help(LLMSettings, "prompt"), key="llm_prompt"
            )
            with st.container(horizontal=True):
                rest = ("concurrency", "max_tokens", "temperature", "timeout")
                changes |= {name: forms.number(LLMSettings, name, getattr(current, name), key=f"llm_{name}") for name in rest}
        settings = {**current.model_dump(), "base_url": url, "model": model, "prompt": prompt, **changes}
        with errors.shown():
            wanted = forms.checked(recipe, pairs={"llm": settings}).pairs.llm
            foresee(project, wanted)
            if st.button("Try the address", key="llm_try", help="Makes one tiny call and says what came of it."):
                with st.spinner("Asking"):
                    st.success(errors.escape(llm.check(wanted, key)))
    return settings, key


def foresee(project: Project, settings: LLMSettings) -> None:
    """Say what asking will take before it is started."""
    found = llm.estimate(material.gather(project), settings)
    priced = settings.price_in or settings.price_out
    cost = f", about {found.cost:,.2f} at these prices, never above {settings.spending_cap:,.2f}" if priced else ""
    st.markdown(
        f"**{found.calls:,}** calls, about {found.tokens_in:,} tokens read and {found.tokens_out:,} written{cost}. "
        "Your passages are sent to this address."
    )
