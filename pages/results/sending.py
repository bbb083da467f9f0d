"""A model on its way out: as a file, or to a hub, with the exact list of files before anything is sent."""

from __future__ import annotations

import tempfile
from pathlib import Path

import streamlit as st

from core import export, publish
from core.digest import digest
from core.project import Project
from core.publish import card
from core.runs.folder import Run
from core.schema import Publication
from core.secrets import origin
from pages.results.verdicts import when
from pages.widgets import changing, errors, frame, stages, tables


def download(project: Project, run: Run) -> None:
    """Offer the model as one file, made when it is asked for."""
    model = run.model
    if model is None:
        return
    size = sum(listed.size for listed in publish.files(model))

    def made() -> bytes:
        with tempfile.TemporaryDirectory() as aside:
            return export.model_zip(model, Path(aside) / "model.zip", card.for_run(project, run.id)).read_bytes()

    st.download_button(
        f"Download as .zip ({stages.size(size)})",
        data=made,
        # Streamlit tells big files apart by samples of their bytes, so the name carries the hash of what is inside.
        file_name=f"model-{digest(run.sealed())[:12]}.zip",
        mime="application/zip",
        icon=":material/download:",
        key="download_zip",
        on_click="ignore",
    )


def sent(publication: Publication) -> None:
    """Say where a model went."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge("Private" if publication.private else "Public", icon=":material/lock:" if publication.private else ":material/public:")
            st.text(publication.repo)
            if publication.url.startswith(("https://", "http://")):
                st.link_button("Open", publication.url, icon=":material/open_in_new:")
        st.caption(f"{len(publication.files)} files, {when(publication.at)}, read back and compared. Version {publication.commit[:12]}")


def form(project: Project, run: Run) -> None:
    """Show exactly what would be sent, ask where to and by which token, and send it."""
    if run.model is None:
        return
    text = card.for_run(project, run.id)
    listed = publish.files(run.model, text)
    st.markdown(f"These {len(listed)} files and nothing else would be sent. **No text of your documents is among them.**")
    tables.plain(
        {"File": [f.path for f in listed], "Size": [stages.size(f.size) for f in listed], "SHA-256": [f.sha256[:16] for f in listed]},
        alt="The files that would be sent, with their sizes and fingerprints",
        height="content",
    )
    with st.expander("The card that goes with it (README.md)", icon=":material/article:"):
        st.code(text, language="markdown", wrap_lines=True)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        repo = st.text_input("Name of the repository", key="repo", placeholder="my-team/my-model")
        hub = st.text_input("Hub", publish.HUB, key="hub", help="The address of the Hugging Face hub, or of one like it.")
    # A token belongs to the hub that it was typed for: another address starts with an empty field.
    token = st.text_input(
        "Token",
        type="password",
        key=f"token_{origin(hub)}",
        help="An access token that may write. Kept in memory until you close the page.",
    )
    private = st.checkbox("Private: only you and your team can see it", value=True, key="private")
    if not private:
        st.warning(
            "Anybody can download the model. What it learned from your documents can be guessed at from it.", icon=":material/public:"
        )
    add = st.checkbox(
        "Into a repository that holds other files already", key="add", help="They stay; files of the same names are replaced."
    )
    if changing.button("Publish", type="primary", icon=":material/upload:", key="publish"):
        send(project, run, repo, token, hub, private=private, add=add)


def send(project: Project, run: Run, repo: str, token: str, hub: str, *, private: bool, add: bool) -> None:
    """Send the model and stay until the hub has been read back."""
    bar = st.progress(0.0, text="Talking to the hub")

    def progress(fraction: float, words: str) -> None:
        bar.progress(min(1.0, fraction), text=errors.escape(words))

    try:
        made = publish.publish(project, run.id, repo, token, private=private, add=add, endpoint=hub, progress=progress)
    finally:
        bar.empty()
    frame.notice(f"Published as {made.repo}")
    st.rerun()
