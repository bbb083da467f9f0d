"""Hard negatives, and the passages of which a person decides whether they are some."""

from __future__ import annotations

from typing import Annotated

import typer

from core.cli import options, terminal
from core.cli.app import app
from core.cli.options import Detach, Json, KnownProject, RecipeFile, Set
from core.errors import UserError

Doubts = Annotated[list[str] | None, typer.Option(help="The doubt's id, as the list shows it. May be given again.")]


@app.command()
def negatives(project: KnownProject, recipe: RecipeFile = None, set_: Set = None, json: Json = False, detach: Detach = False) -> None:
    """Find hard negatives: passages that look like a pair's answer and are none."""
    from core import runs

    owner = options.known_project(project)
    started = runs.start(owner, "negatives", options.settings(owner, recipe, set_))
    if detach:
        return terminal.show(started.id)
    terminal.watch(started)
    found = started.result()
    if json:
        return terminal.show_json(found)
    terminal.show(f"{found['negatives']:,} hard negatives for {found['pairs']:,} pairs, by {found['judge']}.")
    terminal.show(f"{found['fewer']:,} pairs have fewer than the {found['asked']} asked for, {found['none']:,} of them none. All are kept.")
    return terminal.show(f"{found['doubts']:,} passages may be answers themselves: `python -m core doubts` lists them.")


@app.command()
def doubts(
    project: KnownProject,
    wrong: Doubts = None,
    right: Doubts = None,
    ignore: Doubts = None,
    undo: Annotated[bool, typer.Option("--undo", help="Open the doubt again that was decided last.")] = False,
    top: Annotated[int, typer.Option("--top", min=1, max=1000, help="How many to list.")] = 20,
    json: Json = False,
) -> None:
    """List passages that may be second right answers, and decide them: --wrong (a hard negative), --right, or --ignore (neither)."""
    from core.pairs import doubting

    owner = options.known_project(project)
    for ids, answer in ((wrong, "wrong"), (right, "right"), (ignore, "ignore")):
        for name in ids or ():
            pair_id, sign, chunk_id = name.partition(":")
            if not sign:
                raise UserError(f"“{name}” is no doubt.", "Write its id as the list shows it.")
            doubting.decide(owner, pair_id, chunk_id, answer)
    if undo and not owner.undo_doubt():
        raise UserError("No doubt has been decided yet.", "")
    listed = [doubting.shown(owner, doubt) for doubt in owner.open_doubts(top)]
    if json:
        return terminal.show_json({"open": owner.count_open_doubts(), "doubts": listed})
    for case in listed:
        terminal.show(
            f"\n{case.doubt.pair_id}:{case.doubt.chunk_id}  scores {case.doubt.score:.3f}, the right passage {case.doubt.own_score:.3f}"
        )
        for name, body in (("question", case.question), ("right", case.right), ("in doubt", case.doubtful)):
            terminal.show(f"  {name:<9} {' '.join(body.split())[:300]}")
    return terminal.show(f"\n{owner.count_open_doubts():,} are open.")
