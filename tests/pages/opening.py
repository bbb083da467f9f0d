"""Opening pages in tests: the real shell, a real project on disk, no browser."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

from core.project import Project

ROOT = Path(__file__).resolve().parent.parent.parent
SHELL = ROOT / "pages" / "widgets" / "shell.py"
PAGES = {path.stem: path for path in (ROOT / "pages").glob("*/*.py")}


def open_page(name: str, project: Project | None = None, **state: object) -> AppTest:
    """Run a page of the app as a visitor with this address sees it; `state` is put into the session first."""
    app = AppTest.from_file(str(SHELL), default_timeout=60)
    if project:
        app.query_params["project"] = project.id
    for key, value in state.items():
        app.session_state[key] = value
    app.run()
    if name != "start":
        app.switch_page(f"../{PAGES[name].parent.name}/{name}.py")
        app.run()
    return app


def words(app: AppTest) -> str:
    """Return everything that a page says, one element a line."""
    kinds = (
        app.title,
        app.header,
        app.subheader,
        app.markdown,
        app.caption,
        app.text,
        app.error,
        app.warning,
        app.info,
        app.success,
        app.code,
    )
    metrics = [f"{m.label}: {m.value}" for m in app.metric]
    buttons = [button.label for button in app.button]
    return "\n".join([str(e.value) for kind in kinds for e in kind] + metrics + buttons)
