"""Who is at work: the person who logged in, where the app asks for that."""

from __future__ import annotations

import streamlit as st


def name() -> str:
    """Return the name or address of who logged in, "" where nobody needs to; core then takes the system's user."""
    known = st.user.to_dict()
    return str(known.get("name") or known.get("email") or "")
