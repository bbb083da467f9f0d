"""Buttons that change a project: of one that a newer Attune made, which can only be read, they are there and do nothing."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.project import Project

WHY = "A newer Attune made this project, so it can be read here and not changed. Update Attune to work on it."


def look(project: Project) -> bool:
    """Return whether a project can only be read, and keep that for the buttons of its page."""
    st.session_state["read_only"] = project.read_only
    return project.read_only


def button(label: str, **told: Any) -> bool:
    """Draw st.button for something that changes the project in view."""
    return st.button(label, **_held(told))


def form_submit_button(label: str, **told: Any) -> bool:
    """Draw st.form_submit_button for something that changes the project in view."""
    return st.form_submit_button(label, **_held(told))


def _held(told: dict[str, Any]) -> dict[str, Any]:
    return {**told, "disabled": True, "help": WHY} if st.session_state.get("read_only") else told
