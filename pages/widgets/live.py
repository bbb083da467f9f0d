"""What changes while somebody watches: the strip of stages, and the progress of runs."""

from __future__ import annotations

import streamlit as st

from core import overview, runs
from core.project import Project
from core.runs.folder import Run
from core.runs.record import ENDED
from core.schema import RunState, RunStatus
from pages.widgets import errors, routes
from pages.widgets.stages import active

LEAVING = "start"  # the key of the one button that does so
DEVICES = {"cpu": "the processor", "cuda": "the graphics card", "mps": "the graphics chip"}
EVERY = 1.0  # seconds between two looks at a run's files


def strip(project: Project) -> None:
    """Draw the stages of a project as links, kept current while something runs."""
    st.fragment(_strip, run_every=2 if active(project) and not leaving() else None)(project)


def leaving() -> bool:
    """Say whether this run of the script works for more than a moment and then opens another page.

    Nothing may tick meanwhile: Streamlit 1.67 would carry out a tick of the old page after the new one is drawn, and
    the browser would be left with an empty page.
    """
    return bool(st.session_state.get(LEAVING))


def _strip(project: Project) -> None:
    with st.container(horizontal=True, gap=None, key="strip"):
        for stage in overview.state(project):
            icon = "progress_activity" if stage.running else "check_circle" if stage.done else "radio_button_unchecked"
            routes.link(stage.page, stage.text, icon=f":material/{icon}:")


def progress(project: Project, kind: str) -> None:
    """Show the runs of a kind that are queued or running; once one of them ends, draw the whole page anew.

    When there is none and the last one failed or was cut off, say why, and where it can be resumed.
    """
    watched = [run.id for run in active(project, kind)]
    if watched:
        st.fragment(_watch, run_every=EVERY)(project, kind, watched)
        return
    last = runs.latest(project, kind)
    status = last.status() if last else None
    if status and status.state in (RunState.FAILED, RunState.INTERRUPTED):
        st.warning(errors.escape(status.hint) or " ", title=errors.escape(status.error), icon=":material/error:")
        routes.link("runs", "See the log, or resume it, on the Runs page", icon=":material/monitoring:")


def _watch(project: Project, kind: str, watched: list[str]) -> None:
    current = active(project, kind)
    if {run.id for run in current} != set(watched):
        st.rerun()
    for run in current:
        bar(run)


def bar(run: Run) -> None:
    """Draw one run: what it does, how far it is, what is left, and the button that stops it."""
    status = run.status()
    with st.container(border=True):
        st.text(run.title or run.kind.capitalize())
        st.progress(min(1.0, max(0.0, status.fraction)), text=errors.escape(words(status)))
        if run.stopping():
            st.caption(
                "Stopping after the current step. What is under way, such as a score, is brought to its end, so that nothing is lost."
            )
        elif status.state not in ENDED:
            st.button("Stop", key=f"stop_{run.id}", icon=":material/stop_circle:", help=STOP_HELP[run.kind], on_click=run.stop)


STOP_HELP = {
    "ingest": "Ends after the file that is being read. What was read stays.",
    "import": "Ends before the next step. What was added stays, and Resume adds the rest.",
    "pairs": "Ends after the questions that are under way. What was made stays, and can be gone on with.",
    "gate": "Ends after the pairs that are being looked at. What was measured stays.",
    "negatives": "Ends the search. What was found before stays.",
    "rehearsal": "Ends after the next step. Nothing was kept of it anyway.",
    "train": "Ends after the next step. The best model so far is kept.",
    "reranker": "Ends after the next step. The best reranker so far is kept.",
    "evaluate": "Ends the evaluation. The model stays.",
    "statistics": "Ends at once. What was embedded stays.",
}


def words(status: RunStatus) -> str:
    """Return a status as one line: what is being done, how much is left, and on what."""
    if status.state is RunState.QUEUED:
        return status.text or "Waiting for the run before it to end."
    parts = [status.text or status.stage or "Starting", f"{status.fraction:.0%}"]
    if status.seconds_left:
        parts.append(f"about {overview.minutes(status.seconds_left)} left")
    if status.device:
        parts.append(f"on {DEVICES.get(status.device, status.device)}")
    return " · ".join(parts)
