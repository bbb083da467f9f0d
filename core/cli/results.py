"""Compare, publish, export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.cli import options, terminal
from core.cli.app import app
from core.cli.options import Devices, Json, KnownProject, RecipeFile, RunId
from core.errors import UserError


@app.command()
def compare(
    question: Annotated[str, typer.Argument(help="What a person would ask.")],
    project: KnownProject,
    run: RunId = "",
    top: Annotated[int, typer.Option("--top", "-k", min=1, max=100, help="How many passages of each.")] = 5,
    reranker: Annotated[
        str, typer.Option(help="Put the hits in a new order: late_interaction, first_bm25, cross_encoder, or run:ID of a tuned one.")
    ] = "",
    json: Json = False,
) -> None:
    """Show what base and tuned find for a question, side by side."""
    from core import compare as comparing
    from core import models

    owner = options.known_project(project)
    tuned = options.model_run(owner, run)
    train = tuned.recipe().train
    encoders = {
        "base": models.load(train.base_model, args=train.model_args),
        "tuned": models.load(str(tuned.model), args=train.model_args.of_tuned),
    }
    terminal.show_comparison(comparing.compare(owner, question, encoders, k=top, reranker=reranker), json)


@app.command()
def publish(
    project: KnownProject,
    repo: Annotated[str, typer.Option(help="Where to: name or owner/name.")],
    run: RunId = "",
    public: Annotated[bool, typer.Option("--public", help="Let everybody see it; private otherwise.")] = False,
    endpoint: Annotated[str, typer.Option(help="Another hub than huggingface.co.")] = "",
    add: Annotated[bool, typer.Option("--add", help="Into a repository that holds other files already; they stay.")] = False,
    preview: Annotated[bool, typer.Option("--preview", help="Only list the files.")] = False,
) -> None:
    """Send a model to a hub, after the list of its files. The token comes from HF_TOKEN, or is asked for."""
    from core import publish as publishing
    from core.publish import card

    owner = options.known_project(project)
    chosen = options.model_run(owner, run)
    assert chosen.model
    listed = publishing.files(chosen.model, card.for_run(owner, chosen.id, repo))
    terminal.show_table(("file", "bytes", "SHA-256"), [(f.path, f.size, f.sha256) for f in listed])
    if preview:
        return
    token = terminal.secret("HF_TOKEN", "The hub's access token")
    done = publishing.publish(
        owner, chosen.id, repo, token, private=not public, add=add, endpoint=endpoint or None, progress=terminal.Progress()
    )
    terminal.show(f"{done.url} ({'private' if done.private else 'public'}), commit {done.commit}")


@app.command()
def export(
    project: KnownProject,
    to: Annotated[Path, typer.Argument(help="model.zip, or pairs.csv, .tsv, .jsonl, .parquet: the ending says what. Or slurm.")],
    run: RunId = "",
    recipe: RecipeFile = None,
    devices: Devices = 0,
) -> None:
    """Write the model (.zip) or the pairs (.csv, .tsv, .jsonl, .parquet) into a file; with slurm, a training's folder for a cluster."""
    from core import disk
    from core import export as exporting

    owner = options.known_project(project)
    if str(to) == "slurm":
        from core import slurm

        made = slurm.prepare(owner, options.unsaved(owner, recipe, [f"train.devices={devices}"] if devices else ()))
        return terminal.show(f"{made.folder / slurm.NAME}")
    if to.suffix == ".zip":
        exporting.model_zip(options.model_run(owner, run).folder, to)
    elif to.suffix[1:] in exporting.PAIRS:
        disk.write_atomic(to, exporting.pairs_table(owner, to.suffix[1:]))
    else:
        raise UserError(f"{to.name} is no kind of file that can be written.", f"Let it end in .zip, .{', .'.join(exporting.PAIRS)}.")
    return terminal.show(f"{to} ({to.stat().st_size:,} bytes)")
