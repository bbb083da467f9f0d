"""The whole way at once, and the projects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.cli import options, terminal
from core.cli.app import app
from core.cli.options import Columns, Dial, Files, Json, NewProject, Password, RecipeFile, Set

if TYPE_CHECKING:
    from core.runs.folder import Run


@app.command()
def run(
    files: Files,
    project: NewProject,
    recipe: RecipeFile = None,
    columns: Columns = "",
    dial: Dial = "",
    set_: Set = None,
    password: Password = False,
    json: Json = False,
) -> None:
    """Go the whole way: read files, make pairs, train, judge. The same command again goes on where it was."""
    from core import pipeline

    owner, settings = options.new_project(project, recipe, set_, columns, dial)
    waiting: list[Run] = []
    try:
        outcome = pipeline.run(
            owner,
            [(path.name, path.read_bytes()) for path in files],
            settings,
            terminal.Progress(),
            passwords=options.passwords(files, password),
            llm_key=options.llm_key(settings),
            said=waiting.append,
        )
    except KeyboardInterrupt:
        for found in waiting:
            terminal.stop_kindly(found)
        raise
    terminal.show_guesses(outcome.documents)
    if json:
        terminal.show_json(terminal.plain(outcome))
    else:
        terminal.show_outcome(outcome)
    terminal.leave_unless_done(outcome.state, outcome.error, outcome.hint)
