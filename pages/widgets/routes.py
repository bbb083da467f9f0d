"""Where pages and pictures lie, and how to go from one page to another without losing the project."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NoReturn

import streamlit as st

PAGES = Path(__file__).resolve().parent.parent
ASSETS = PAGES.parent / "assets"


@cache
def file(name: str) -> Path:
    """Return the file of the page with this name: pages/<section>/<name>.py."""
    return next(PAGES.glob(f"*/{name}.py"))


def query(project_id: str | None = None) -> dict[str, str]:
    """Return the part of the address that names the project in view, or another one."""
    wanted = project_id or st.session_state.get("project_id")
    return {"project": wanted} if wanted else {}


def go(name: str, project_id: str | None = None) -> NoReturn:
    """Open another page; streamlit drops the query on the way, so it is passed on."""
    st.switch_page(file(name), query_params=query(project_id))


def link(name: str, label: str, *, icon: str | None = None, help: str | None = None, wide: bool = False) -> None:
    """Draw a link to another page that keeps the project."""
    st.page_link(file(name), label=label, icon=icon, help=help, width="stretch" if wide else "content", query_params=query())
