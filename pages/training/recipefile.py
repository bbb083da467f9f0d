"""The training's recipe: shown as it will be run, opened from a file that somebody wrote, edited, and saved."""

from __future__ import annotations

import streamlit as st

from core.digest import short
from core.objectives import offering
from core.project import Project
from core.recipe import Recipe, TrainSettings
from core.recipe.faults import Fault
from core.recipe.opening import opened, training_yaml
from pages.widgets import changing, errors, frame, tables

DRAWN = ("train_", "base_model", "dial_")  # settings that are drawn anew from what was opened


def show(project: Project, recipe: Recipe, wanted: Recipe) -> None:
    """Draw the folded recipe; `wanted` is the project's with what the page has chosen so far."""
    folded = st.expander("Recipe", icon=":material/receipt_long:", on_change="rerun", key="recipe")
    if not folded.open:
        return
    with folded:
        shown, edited = st.tabs(["As it will be run", "Open or edit"])
        with shown:
            st.caption("The file that the browser, the shell and a cluster start the same training from.")
            text = training_yaml(wanted.train)
            st.code(text, language="yaml", height=320)
            st.download_button("Download", text, "recipe.yaml", "application/yaml", icon=":material/download:", key="recipe_download")
        with edited:
            _edit(project, recipe)


def _edit(project: Project, recipe: Recipe) -> None:
    brief = training_yaml(recipe.train, brief=True)
    key = f"recipe_text_{short('recipe', brief)}"
    st.session_state.setdefault(key, brief)
    st.file_uploader(
        "A recipe from a file",
        type=["yaml", "yml", "json"],
        help="A configuration of a sentence-transformers run, or a whole recipe of Attune; of that the training section is taken.",
        key="recipe_file",
        on_change=_take,
        args=(key,),
    )
    text = st.text_area("Recipe", key=key, height=320, help="What is not named here stands as it always does.")
    found = opened(text)
    train = found.recipe.train if found.recipe else None
    faults = [*found.faults, *((*offering.faults(train), *offering.outside(train)) if train else ())]
    if faults:
        st.error(
            "The project keeps its recipe until then.",
            title=f"{len(faults)} {'place has' if len(faults) == 1 else 'places have'} to be corrected",
            icon=":material/error:",
        )
        _list(faults)
    elif train == recipe.train:
        st.caption("This is the project's recipe.")
    if train and not faults and train != recipe.train:
        changing.button("Use this recipe", icon=":material/check:", key="recipe_use", on_click=_use, args=(project, train))


def _list(faults: list[Fault]) -> None:
    tables.plain(
        {"Place": [fault.place for fault in faults], "What is wrong": [fault.why for fault in faults]},
        alt="What has to be corrected in the recipe",
        height="content",
    )


def _take(key: str) -> None:
    """Put an uploaded file's text into the field."""
    if file := st.session_state.get("recipe_file"):
        st.session_state[key] = file.getvalue().decode("utf-8", "replace").lstrip("\ufeff")


def _use(project: Project, train: TrainSettings) -> None:
    """Save the recipe as the project's, and let the page's settings follow it."""
    with errors.kept():
        project.save_recipe(train=train)
        for name in [name for name in st.session_state if str(name).startswith(DRAWN)]:
            del st.session_state[name]
        frame.notice("The recipe is the project's now.")
