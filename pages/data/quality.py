"""The quality gate: why pairs are set aside, and what other limits would do, shown before they are applied."""

from __future__ import annotations

from collections import Counter
from typing import Any

import streamlit as st

from core import machine, runs
from core.digest import short
from core.project import Effect, Project
from core.recipe import GateSettings
from core.schema import PairState, Reason
from pages.data import filtering, judging
from pages.widgets import changing, charts, errors, forms, frame, person, stages

REFERS = {"no": "May refer to it", "outright": "Not to “this text”", "loosely": "Nor to “the context”"}
OTHERS = (Reason.BY_HAND, Reason.GONE)  # no matter of quality
SEE = "Show these pairs."
CURE: dict[str, str] = {
    Reason.CUT: "Passages are longer than the base model reads: cut them smaller on the Chunks page, and these come back."
}


def panel(project: Project) -> None:
    """Draw the reasons, the limits with their effect, and the links to the pairs behind each."""
    current = project.recipe().gate
    _check(project, project.effect(current))
    slot = st.container()
    limits = _limits(current)
    moved = project.effect(limits)
    with slot:
        _reasons(project, moved)
    with st.container(horizontal=True, vertical_alignment="center"):
        changing.button(
            "Apply these limits",
            key="gate_apply",
            on_click=_apply,
            args=(project, limits),
            disabled=not (moved.more or moved.back or limits != current),
        )
        judging.steps(project)
        st.markdown(f"Would set aside **{moved.more:,}** more and give back **{moved.back:,}**.")
    st.caption("People's own questions are never set aside: they are remarked on, and you decide. What you decided by hand stays, too.")


def _check(project: Project, now: Effect) -> None:
    """Say how many pairs are not measured yet, and offer to do that."""
    if not now.unmeasured:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{now.unmeasured:,}** pairs have not been checked yet.")
        busy = bool(stages.active(project, "gate") or stages.active(project, "pairs"))
        if changing.button(
            "Check pairs", key="gate_check", disabled=busy, help="Reads each new pair, and searches for its passage by its question."
        ):
            with errors.shown():
                runs.start(project, "gate", project.recipe())
                frame.notice("Pairs are being checked.")
                st.rerun()


def _limits(current: GateSettings) -> GateSettings:
    """Draw the limits and return them as they stand; others than the project's start from the project's."""
    version = short(current.model_dump())

    def told(name: str) -> dict[str, Any]:
        return {"label": forms.title(GateSettings, name), "help": forms.help(GateSettings, name), "key": f"gate_{name}_{version}"}

    with st.grid(3):
        changes: dict[str, Any] = {
            "found_within": st.slider(min_value=0, max_value=100, value=current.found_within, **told("found_within")),
            "copied": st.slider(min_value=0.05, max_value=1.0, step=0.05, value=current.copied, **told("copied")),
            "near_duplicate": st.slider(min_value=0.3, max_value=1.0, step=0.05, value=current.near_duplicate, **told("near_duplicate")),
            "least_words": st.slider(min_value=1, max_value=15, value=min(15, current.least_words), **told("least_words")),
            "unread": st.slider(min_value=0.0, max_value=1.0, step=0.05, value=current.unread, **told("unread")),
            "refers": st.selectbox(
                options=list(REFERS), format_func=REFERS.__getitem__, index=list(REFERS).index(current.refers), **told("refers")
            ),
        }
    changes["language"] = st.toggle(value=current.language, **told("language"))
    with st.expander("Advanced", icon=":material/settings:"), st.container(horizontal=True):
        for name in ("copied_words", "taken_within"):
            changes[name] = forms.number(GateSettings, name, getattr(current, name), key=f"gate_{name}_{version}")
    return current.model_copy(update=changes)


def _reasons(project: Project, moved: Effect) -> None:
    """Draw how many pairs each reason keeps out, now and by the limits in view, with a way to those of today."""
    kept, aside, out = Counter[str](), Counter[str](), Counter[str]()
    for _, state, reason, number in project.pair_table():
        if reason and reason not in OTHERS:
            (kept if state == PairState.KEPT else aside if state == PairState.ASIDE else out)[reason] += number
    now, then = aside + out, moved.aside + out  # what was left out when pairs were made, no limit here gives back
    if not now and not then:
        st.markdown("No pair is set aside. Move the limits to see what stricter ones would do.")
    else:
        charts.reasons([(reason, now[reason], then[reason]) for reason in sorted({*now, *then}, key=lambda reason: (now[reason], reason))])
    with st.container(horizontal=True, vertical_alignment="center"):
        for reason, number in (now + kept).most_common():
            persons = f", {kept[reason]:,} of them kept" if kept[reason] else ""
            label = f"{reason.capitalize()}: {number:,}{persons}"
            changing.button(
                label,
                key=f"see_{reason}",
                type="tertiary",
                icon=":material/filter_list:",
                on_click=filtering.show,
                args=(reason,),
                help=CURE.get(reason, SEE),
            )


def _apply(project: Project, limits: GateSettings) -> None:
    with errors.kept():
        done = project.apply_gate(limits, person.name() or machine.user())
        frame.notice(f"{done.more:,} pairs were set aside and {done.back:,} given back.")
