"""The language model's panel: where it is, what it is asked, and what that may cost before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.generators import foresight, llm
from core.generators.kinds import KINDS
from core.overview import minutes
from core.project import Project
from core.recipe import LLMSettings, PairSettings, ParaphraseSettings, Recipe, Section
from core.secrets import origin
from pages.data import pricing
from pages.widgets import errors, forms

PATIENCE = ("attempts", "first_wait", "longest_wait", "patience", "timeout")


def panel(project: Project, recipe: Recipe, chosen: Sequence[str]) -> tuple[dict[str, Any], str]:
    """Draw the panel for the chosen kinds of pairs; return their settings and the key, which this session's memory alone holds."""
    current = recipe.pairs.llm
    with st.container(border=True):
        st.subheader("Language model", anchor=False)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            url = _text("base_url", current.base_url, "llm_url")
            model = _text("model", current.model, "llm_model")
            # A key belongs to the address that it was typed for: another address starts with an empty field.
            key = st.text_input(
                "Key", type="password", key=f"llm_key_{origin(url)}", help="Kept in memory until you close the page, never saved."
            )
        changes: dict[str, Any] = {"base_url": url, "model": model}
        paraphrase: dict[str, Any] = {}
        with st.container(horizontal=True, vertical_alignment="bottom"):
            if "llm" in chosen:
                changes |= _numbers(LLMSettings, current, ("per_chunk", "max_chunks"))
            changes |= _numbers(LLMSettings, current, ("spending_cap",))
        if "llm" in chosen:
            changes |= _questions(current)
        if set(chosen) - {"llm"}:
            paraphrase = _paraphrases(recipe.pairs.paraphrase)
        changes |= _course(current)
        pricing.table(model)
        settings = {"llm": {**current.model_dump(), **changes}, "paraphrase": {**recipe.pairs.paraphrase.model_dump(), **paraphrase}}
        with errors.shown():
            wanted = forms.checked(recipe, pairs={**settings, "generators": list(chosen)}).pairs
            foresee(project, wanted)
            if st.button("Try the address", key="llm_try", help="Makes one tiny call and says what came of it."):
                with st.spinner("Asking"):
                    st.success(errors.escape(llm.check(wanted.llm, key)))
    return settings, key


def _text(name: str, value: str, key: str) -> str:
    return st.text_input(forms.title(LLMSettings, name), value, help=forms.help(LLMSettings, name), key=key)


def _numbers(section: type[Section], current: Section, names: Sequence[str], prefix: str = "llm") -> dict[str, Any]:
    return {name: forms.number(section, name, getattr(current, name), key=f"{prefix}_{name}") for name in names}


def _questions(current: LLMSettings) -> dict[str, Any]:
    """Draw what is asked: shares of the kinds of questions, their language, and the prompt."""
    with st.expander("What it is asked"):
        st.markdown("Shares of the kinds of questions", help=forms.help(LLMSettings, "shares"))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            shares = {
                kind: st.number_input(
                    asked.label, 0.0, value=float(current.shares.get(kind, 0)), format="%g", help=asked.words, key=f"llm_share_{kind}"
                )
                for kind, asked in KINDS.items()
            }
            language = _text("language", current.language, "llm_language")
        prompt = _prompt(LLMSettings, current.prompt, "llm_prompt")
        if missing := [slot for slot in ("{kinds}", "{language}") if slot not in prompt]:
            st.caption(f"This prompt does not say {' and '.join(missing)}, so what is chosen above has no effect.")
    return {"shares": shares, "language": language, "prompt": prompt}


def _paraphrases(current: ParaphraseSettings) -> dict[str, Any]:
    """Draw what is asked for paraphrases."""
    with st.expander("Paraphrases"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            numbers = _numbers(ParaphraseSettings, current, ("max_chunks", "swapped"), "paraphrase")
        return {"prompt": _prompt(ParaphraseSettings, current.prompt, "paraphrase_prompt"), **numbers}


def _prompt(section: type[Section], value: str, key: str) -> str:
    usual = str(section.model_fields["prompt"].default)
    text = st.text_area(forms.title(section, "prompt"), value, height=280, help=forms.help(section, "prompt"), key=key)
    if text != usual:
        st.button("Put the usual prompt back", key=f"{key}_usual", on_click=st.session_state.update, args=({key: usual},))
    return text


def _course(current: LLMSettings) -> dict[str, Any]:
    """Draw how fast and how patiently it is asked, and say the policy in words."""
    with st.expander("Pace and patience"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            changes = _numbers(LLMSettings, current, ("concurrency", "max_tokens", "temperature"))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            changes |= _numbers(LLMSettings, current, PATIENCE)
        st.caption(
            f"A call that the server is too busy for (429), fails at (500 and above) or leaves for {changes['timeout']:g} s is tried up to "
            f"{changes['attempts']} times: after {changes['first_wait']:g} s, then twice as long each time, up to "
            f"{changes['longest_wait']:g} s. Where the server says how long to wait, so long. All calls wait together."
        )
    return changes


def foresee(project: Project, settings: PairSettings) -> None:
    """Say what asking will take before it is started."""
    found = foresight.estimate(project, settings)
    there = f" ({found.answered:,} are answered already and cost nothing)" if found.answered else ""
    price = f", about {found.cost:,.2f}, never above {settings.llm.spending_cap:,.2f} for this project" if found.cost else ""
    pace = "as the last answers took" if found.measured else "if a call takes 3 s: a guess until the first answers"
    time = f" About {minutes(found.seconds)}, {pace}." if found.seconds else ""
    st.markdown(
        f"**{found.calls:,}** calls{there}, about {found.tokens_in:,} tokens read and {found.tokens_out:,} written{price}.{time} "
        "Your passages are sent to this address."
    )
    if spent := project.spent():
        st.caption(f"Spent in this project so far: {spent:,.2f}. Stop keeps every answer; none is paid for twice.")
