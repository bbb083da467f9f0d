"""The table that the commands enter themselves into."""

from __future__ import annotations

import typer

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="Tune an embedding model to your own documents."
)
