"""One question, two models: the search and its two columns."""

from __future__ import annotations

import threading

import streamlit as st

from core import compare, models
from core.errors import UserError
from core.models import Encoder
from core.project import PairFilter, Project
from core.recipe.objectives import ModelArgs
from core.runs.folder import Run
from core.schema import PairState
from core.search import index
from pages.widgets import changing, charts, errors, frame

BASE, TUNED = "Base", "Tuned"
COLOURS = {BASE: charts.BASE, TUNED: charts.TUNED}
LONG = 420  # characters of a passage that are shown at once
_one_at_a_time = threading.Lock()  # the models are shared by all visitors, and their tokenizers are not made for threads


def take() -> None:
    """Put the picked example into the question's field, and search at once."""
    if picked := st.session_state["example"]:
        st.session_state["query"] = picked
        st.session_state["search_now"] = True


def _release(encoder: Encoder) -> None:
    encoder.model.to("cpu")


@st.cache_resource(max_entries=3, show_spinner=False, on_release=_release)
def encoder(name: str, stamp: str, args: str) -> Encoder:
    """Return a loaded model; `stamp` changes when the files in its folder do, `args` are the recipe's for it, as JSON."""
    return models.load(name, args=ModelArgs.model_validate_json(args))


def search(project: Project, run: Run, query: str, reranker: str, k: int) -> compare.Comparison:
    """Search with base and tuned; raise `UserError` for an empty question before the models are opened."""
    if not query.strip():
        raise UserError("The question is empty.", "Type one and try again.")
    with st.status("Opening the models; the first time takes a few seconds", type="compact") as status, _one_at_a_time:
        train = run.recipe().train
        stamp, args = "".join(sorted(run.sealed().values()))[:64], train.model_args
        loaded = {
            BASE: encoder(train.base_model, "", args.model_dump_json()),
            TUNED: encoder(str(run.model), stamp, args.of_tuned.model_dump_json()),
        }
        status.update(label="Searching")
        found = compare.compare(
            project,
            query,
            loaded,
            k=k,
            index=index.open_index(project.folder / "index"),
            reranker=reranker,
            progress=lambda fraction, text: status.update(label=errors.escape(text)),
        )
        status.update(label=f"Searched {found.passages:,} passages", state="complete")
    return found


def show(project: Project, found: compare.Comparison) -> None:
    """Draw both columns."""
    right = right_passages(project, found.query)
    rows = {document.id for document in project.documents() if document.ready_chunk}  # of tables: they have no pages
    for side, column in zip(st.columns(2, gap="medium"), found.columns, strict=True):
        with side:
            st.subheader(f':color[{column.label}]{{foreground="{COLOURS[column.label]}"}}', anchor=False)
            if not column.hits:
                st.markdown("Nothing was found.")
            for hit in column.hits:
                with st.container(border=True):
                    one(project, found, column.label, hit, right=hit.chunk.id in right, row=hit.chunk.document_id in rows)


def right_passages(project: Project, query: str) -> set[str]:
    """Return the passages that are known to answer this very question."""
    known = project.pairs(PairFilter(search=query, state=PairState.KEPT), limit=200)
    return {chunk for pair in known if pair.query == query for chunk in pair.positives}


def one(project: Project, found: compare.Comparison, label: str, hit: compare.Hit, *, right: bool, row: bool) -> None:
    """Draw one passage: its place, where it stood before, its text, and the button that calls it right."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{hit.rank}**", width="content")
        if label == TUNED:
            moved(hit)
        if right:
            st.badge("The right passage", icon=":material/check:", color="green")
    text = " ".join(hit.chunk.text.split())
    st.text(text if len(text) <= LONG else f"{text[:LONG]}…")
    facts = [hit.document, "" if row else f"page {hit.chunk.page}", hit.theme, *scores(hit)]
    st.caption(errors.escape(" · ".join(fact for fact in facts if fact)))
    if not right and changing.button(
        "This is the right passage", key=f"right_{label}_{hit.chunk.id}", type="tertiary", icon=":material/check:"
    ):
        with errors.shown():
            compare.mark_right(project, found.query, hit.chunk.id)
            frame.notice("Kept as a question to judge by. It counts once new questions are chosen on the Evaluate page.")
            st.rerun()


def moved(hit: compare.Hit) -> None:
    """Say where the passage stood with the base model."""
    by = hit.moved(BASE)
    if by is None:
        st.badge("New", icon=":material/fiber_new:", color="blue")
    elif by > 0:
        st.badge(f"Up {by}", icon=":material/arrow_upward:", color="green")
    elif by < 0:
        st.badge(f"Down {-by}", icon=":material/arrow_downward:", color="orange")
    else:
        st.badge("Same place", color="gray")


def scores(hit: compare.Hit) -> list[str]:
    """Return the scores of a passage in words."""
    found = [f"similarity {hit.score:.3f}"] if hit.score is not None else []
    return [*found, f"reranker {hit.reranked:.3f}"] if hit.reranked is not None else found
