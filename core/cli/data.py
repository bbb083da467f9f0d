"""Documents, chunks and pairs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.cli import options, terminal
from core.cli.app import app
from core.cli.options import Columns, Detach, Json, KnownProject, MaybeFiles, NewProject, Password, Preview, RecipeFile, Set


@app.command()
def ingest(
    project: NewProject,
    files: MaybeFiles = None,
    recipe: RecipeFile = None,
    columns: Columns = "",
    set_: Set = None,
    password: Password = False,
    ocr: Annotated[
        bool, typer.Option("--ocr", help="Read pages that have no text by text recognition (see requirements-ocr.txt).")
    ] = False,
    json: Json = False,
) -> None:
    """Read files, cut them into passages and find their themes."""
    from core import pipeline

    owner, settings = options.new_project(project, recipe, set_, columns)
    paths = files or []
    given = [(path.name, path.read_bytes()) for path in paths]
    pipeline.read(owner, given, settings, terminal.Progress(), passwords=options.passwords(paths, password), ocr=ocr)
    terminal.show_guesses(owner.files())
    rows = [(f.name, f.state.value, f.detail) for f in owner.files()]
    if json:
        documents = [dict(zip(("name", "state", "detail"), row, strict=True)) for row in rows]
        terminal.show_json({"project": owner.name, "documents": documents, "chunks": owner.count_chunks()})
    else:
        terminal.show_table(("file", "state", "what was found"), rows)
        terminal.show(f"{owner.count_chunks()} passages")


@app.command()
def chunks(
    project: KnownProject,
    recipe: RecipeFile = None,
    set_: Set = None,
    preview: Preview = False,
) -> None:
    """Cut the documents anew, and say what becomes of the pairs."""
    from core import chunk, themes

    owner = options.known_project(project)
    settings = options.settings(owner, recipe, set_)
    report = (chunk.preview if preview else chunk.rechunk)(owner, settings.chunk, settings.train.base_model)
    if not preview:
        themes.retheme(owner, settings.themes)
    terminal.show(f"{len(report.chunks)} passages, {report.unchanged} of them as before.")
    terminal.show(f"Pairs: {report.pairs_kept} kept, {report.pairs_moved} moved, {report.pairs_lost} without a passage.")


@app.command()
def pairs(
    project: KnownProject,
    recipe: RecipeFile = None,
    set_: Set = None,
    detach: Detach = False,
    estimate: Annotated[bool, typer.Option("--estimate", help="Only say what asking a language model will take; nothing is sent.")] = False,
) -> None:
    """Make pairs of a question and its passage, by the kinds that the recipe names."""
    from core import pipeline, runs
    from core.generators import foresight

    owner = options.known_project(project)
    settings = options.settings(owner, recipe, set_)
    if estimate:
        return terminal.show_estimate(foresight.estimate(owner, settings.pairs), settings.pairs.llm.spending_cap)
    started = runs.start(owner, "pairs", settings, secrets={"llm_key": options.llm_key(settings)})
    if detach:
        return terminal.show(started.id)
    terminal.watch(started)
    if said := started.result().get("said"):
        terminal.show(said)
    return terminal.show_table(("kind", "kept"), sorted(pipeline.kept_pairs(owner).items()))


@app.command()
def gate(project: KnownProject, recipe: RecipeFile = None, set_: Set = None, preview: Preview = False, json: Json = False) -> None:
    """Set pairs aside that would teach little or the wrong thing, each with its reason. People's own questions are only remarked on."""
    from core import gate as gates
    from core import machine

    owner = options.known_project(project)
    settings = options.unsaved(owner, recipe, set_)  # the limits are kept by the step that applies them, and come back with its undo
    gates.measure(owner, settings, terminal.Progress())
    effect = owner.effect(settings.gate) if preview else owner.apply_gate(settings.gate, machine.user())
    if json:
        return terminal.show_json({**vars(effect), "applied": not preview})
    reasons = sorted({*effect.aside, *effect.remarked}, key=lambda reason: -effect.aside.get(reason, 0))
    terminal.show_table(("reason", "set aside", "remarked on"), [(r, effect.aside.get(r, 0), effect.remarked.get(r, 0)) for r in reasons])
    would = "would be " if preview else ""
    terminal.show(f"{effect.passed} pairs pass. {effect.more} {would}set aside anew, {effect.back} {would}given back.")
    return None


@app.command()
def undo(project: KnownProject, redo: Annotated[bool, typer.Option("--redo", help="Do again what was undone last.")] = False) -> None:
    """Take the last decision about pairs back: a keep or drop by hand, another wording, or a step of the quality gate."""
    owner = options.known_project(project)
    changed = owner.redo() if redo else owner.undo()
    terminal.show(f"{changed} pairs are as they were {'after' if redo else 'before'} it.")


@app.command("import")
def import_pairs(
    file: Annotated[Path, typer.Argument(help="Pairs as CSV, TSV, JSON lines or Parquet.", exists=True, dir_okay=False, readable=True)],
    project: NewProject,
    people: Annotated[bool, typer.Option("--people", help="People asked these questions.")] = False,
    detach: Detach = False,
    json: Json = False,
) -> None:
    """Import pairs that were made elsewhere; passages that the project does not have become texts of their own."""
    from core import imports, runs
    from core.runs.record import Upload

    owner, settings = options.new_project(project, None, None, "")
    started = runs.start(owner, "import", settings, upload=Upload(file.name, owner.put_blob(file.read_bytes()), people))
    if detach:
        return terminal.show(started.id)
    terminal.watch(started)
    report = imports.report(started.result())
    if json or report is None:
        return terminal.show_json(report)
    return terminal.show("\n".join([report.said, report.told, *report.refused]))
