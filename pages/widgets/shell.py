"""The script behind every page: the browser tab, the logo, the table of pages, and the page itself."""

from __future__ import annotations

import streamlit as st

from app import PAGES
from core.errors import UserError
from pages.widgets import errors, routes

st.set_page_config(page_title="Attune", page_icon=str(routes.ASSETS / "icon.svg"), layout="wide")
st.logo(str(routes.ASSETS / "logo.svg"), size="large", icon_image=str(routes.ASSETS / "icon.svg"))

page = st.navigation(
    {
        section: [
            st.Page(routes.file(name), title=title, icon=f":material/{icon}:", url_path=name, help=help, default=name == "start")
            for name, title, icon, help in pages
        ]
        for section, pages in PAGES.items()
    }
)
try:
    page.run()
except UserError as error:
    errors.show(error)
