"""Errors as a person sees them, and text that is not ours, drawn as text."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from core.digest import fresh_id
from core.errors import UserError

log = logging.getLogger("attune")
JOINER = "\u2060"  # has no width; parts what Streamlit turns into icons and links after Markdown's own escapes are gone


def escape(text: str, limit: int = 0) -> str:
    """Return text that stays text in a Markdown label or message: no links, images, icons, formulas or HTML.

    A `limit` shortens it. Where the place allows it, st.text, st.code and st.dataframe are better: they parse nothing.
    """
    flat = " ".join(text.split())
    if limit and len(flat) > limit:
        flat = flat[: limit - 1].rstrip() + "…"
    flat = re.sub(r"([:@])", rf"\1{JOINER}", flat)
    flat = re.sub(r"(?i)\b(www)\.", rf"\1{JOINER}.", flat)
    flat = re.sub(r"([<>~-])(?=[<>=-])", rf"\1{JOINER}", flat)
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", flat)


def show(error: Exception) -> bool:
    """Show an error where the page stands: a `UserError` as it is, a bug by a reference to its trace in the log."""
    if isinstance(error, UserError):
        st.error(escape(error.hint) or " ", title=escape(error.message), icon=":material/error:")
        return True
    reference = fresh_id()[:8]
    log.error("Reference %s: %s", reference, type(error).__name__)  # streamlit has logged the trace just before
    st.error(
        f"All that you made is saved. Reload the page; if it happens again, the log has the details under the reference {reference}.",
        title="Something went wrong in Attune.",
        icon=":material/bug_report:",
    )
    return True


@contextmanager
def shown() -> Iterator[None]:
    """Show a `UserError` of the block in its place and let the rest of the page be drawn."""
    try:
        yield
    except UserError as error:
        show(error)


@contextmanager
def kept() -> Iterator[None]:
    """Keep a `UserError` of a callback, which runs before the page is drawn, for `pending` to show."""
    try:
        yield
    except UserError as error:
        st.session_state["error"] = error


def pending() -> None:
    """Show what `kept` kept."""
    if error := st.session_state.pop("error", None):
        show(error)
