"""The script behind every page: the browser tab, the logo, the menu, and the page itself."""

from __future__ import annotations

import streamlit as st

from app import PAGES
from core.errors import UserError
from pages.widgets import errors, menu, routes

st.set_page_config(page_title="Attune", page_icon=str(routes.ASSETS / "icon.svg"), layout="wide")
st.logo(str(routes.ASSETS / "logo.svg"), size="large", icon_image=str(routes.ASSETS / "icon.svg"))

page = st.navigation(
    [
        st.Page(routes.file(name), title=title, icon=f":material/{icon}:", url_path=name, help=help, default=name == "start")
        for pages in PAGES.values()
        for name, title, icon, help in pages
    ],
    position="hidden",
)
try:
    menu.choose_project()
except UserError as error:
    errors.show(error)
menu.draw(PAGES)
try:
    page.run()
except UserError as error:
    errors.show(error)
