"""Statistics."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli import options, terminal
from core.cli.app import app
from core.cli.options import Json, KnownProject

if TYPE_CHECKING:
    from core.statistics import Statistics


@app.command()
def statistics(
    project: KnownProject,
    html: Annotated[Path | None, typer.Option(help="Write a report of one HTML file that needs no network.", dir_okay=False)] = None,
    texts: Annotated[bool, typer.Option("--texts", help="With passages' own words in the report.")] = False,
    draw_map: Annotated[bool, typer.Option("--map", help="Draw the map of the passages anew, with the base model.")] = False,
    json: Json = False,
) -> None:
    """Count what is in a project, and what is missing: passages, pairs, languages, copies, passages that no pair speaks for."""
    from core import disk
    from core import statistics as counting
    from core.statistics import maps, report

    owner = options.known_project(project)
    progress = terminal.Progress()
    found = counting.statistics(owner, progress)
    drawn = maps.draw(owner, owner.recipe(), progress) if draw_map else maps.known(owner, owner.recipe())
    if html:
        disk.write_atomic(html, report.report(owner, found, drawn, texts=texts))
    if json:
        return terminal.show_json(found)
    _show(found)
    if html:
        terminal.show(f"{html} ({html.stat().st_size:,} bytes)")
    return None


def _show(found: Statistics) -> None:
    rows = (
        ("documents", found.documents),
        ("pages", found.pages),
        ("passages", found.chunks),
        ("tokens", found.tokens),
        ("longer than the model reads", found.truncated),
        ("copies", "not looked for" if found.copies < 0 else found.copies),
        ("pairs in use", found.pairs),
        ("of them by people", found.people),
        ("passages without a pair", found.uncovered),
    )
    terminal.show_table(("what", "how many"), rows)
    for name, counted in (
        ("language", [(code or "not clear", count) for code, count in found.languages.items()]),
        ("theme", [(theme.name or "Unclassified", theme.passages) for theme in found.themes]),
    ):
        terminal.show("")
        terminal.show_table((name, "passages"), counted)
    if found.kinds:
        terminal.show("")
        rows_of_kinds = [(k.generator, k.pairs, f"{k.words:g}", f"{k.overlap:.0%}") for k in found.kinds]
        terminal.show_table(("kind of pair", "pairs", "words in the middle question", "of them in the passage too"), rows_of_kinds)
