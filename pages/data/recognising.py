"""Pages without text: which they are, and text recognition for them where it is installed."""

from __future__ import annotations

import streamlit as st

from core import ingest, runs
from core.loaders import recognising
from core.loaders.cleaning import listed
from core.project import Project
from core.recipe import OcrSettings
from core.schema import File
from pages.widgets import changing, errors, forms, stages, tables


def offer(project: Project) -> None:
    """Name the pages that have no text and offer to read them, or say how that is installed."""
    files = ingest.unrecognised(project)
    if not files:
        return
    count = sum(len(file.textless) for file in files)
    with st.container(border=True):
        holds = "holds" if count == 1 else "hold"
        st.markdown(
            f"**{stages.counted(count, 'page')}** {holds} no text that can be read",
            help="A scanned page is a picture. Text recognition (OCR) finds the letters in it; expect slips, so look at the passages after it.",
        )
        tables.plain(
            {"File": [file.name for file in files], "Without text": [listed(file.textless, "page").capitalize() for file in files]},
            alt="The files and pages that have no text",
        )
        if lines := recognising.missing():
            st.markdown(
                "Text recognition can read them. It is not installed on this machine; these lines install it, then reload this page:"
            )
            st.code("\n".join(lines), language="bash")
        elif not stages.active(project, "ingest"):
            _start(project, files)


def _start(project: Project, files: list[File]) -> None:
    recipe = project.recipe()
    known = list(recognising.languages())
    chosen = st.multiselect(
        forms.title(OcrSettings, "languages"),
        known,
        [name for name in recipe.ocr.languages if name in known] or known[:1],
        help=f"{forms.help(OcrSettings, 'languages')} {recognising.MORE_LANGUAGES}",
        key="ocr_languages",
    )
    if changing.button("Read these pages with text recognition", icon=":material/document_scanner:", disabled=not chosen, key="recognise"):
        with errors.shown():
            project.save_recipe(ocr=forms.checked(recipe, ocr={"languages": chosen}).ocr)
            ingest.ask(project, files)
            runs.start(project, "ingest", project.recipe())
            st.rerun()
