"""What language models cost, and what they answered."""

from __future__ import annotations

from typing import Annotated

import typer

from core.cli import options, terminal
from core.cli.app import app
from core.cli.options import Json, KnownProject
from core.errors import UserError


@app.command("prices")
def list_prices(
    model: Annotated[str, typer.Argument(help="A model whose price is to be kept; without one, all are listed.")] = "",
    read: Annotated[float | None, typer.Option("--read", min=0, help="What a million tokens read cost.")] = None,
    written: Annotated[float | None, typer.Option("--written", min=0, help="What a million tokens written cost.")] = None,
    day: Annotated[str, typer.Option("--day", help="When that was looked up, as in 2026-11-21; today otherwise.")] = "",
    currency: Annotated[str, typer.Option("--currency", help="Such as EUR.")] = "",
    json: Json = False,
) -> None:
    """List your prices of language models, with the day of each, or keep one. Attune brings none of its own."""
    from core.endpoint import prices

    if model and (read is None or written is None):
        raise UserError("A price has two parts.", "Give both, as in: prices my-model --read 0.15 --written 0.6")
    if model:
        prices.put(prices.Price(model, read or 0.0, written or 0.0, day, currency))
    rows = [(p.model, p.price_in, p.price_out, p.as_of, p.currency) for p in prices.known()]
    terminal.show_rows(("model", "read", "written", "day", "currency"), rows, json)


@app.command()
def answers(
    project: KnownProject,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many refused answers to show, newest first.")] = 20,
    json: Json = False,
) -> None:
    """Say what a project's language models answered and cost, and show the answers that were refused, with the reasons."""
    owner = options.known_project(project)
    refused = owner.refused_answers(limit)
    rows = [(answer.model, answer.refused, " ".join(answer.text.split())[:200]) for answer in refused]
    if not json:
        terminal.say(
            f"{owner.count_answers():,} answers, {owner.spent():,.2f} spent, {owner.count_refused_answers():,} refused in part or whole"
        )
    terminal.show_rows(("model", "refused", "answer"), rows, json)
