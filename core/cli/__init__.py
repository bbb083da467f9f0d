"""Attune from the shell: `python -m core …`. Every command makes the same call into core as its page.

Exit codes: 0 fine, 1 something the person can mend (said on standard error), 2 wrong usage, 3 a run failed or was cut off,
130 stopped by Ctrl-C. Results go to standard output, progress and messages to standard error.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli import options, terminal
from core.cli.options import AnyRun, Columns, Detach, Dial, Files, Json, KnownProject, NewProject, Password, RecipeFile, RunId, Set
from core.errors import UserError

if TYPE_CHECKING:
    from core.project import Project
    from core.runs.folder import Run

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="Tune an embedding model to your own documents."
)


def main() -> None:
    """Run the command that was typed; what the person can mend is said in words, with exit code 1."""
    try:
        app()
    except UserError as error:
        terminal.say(error.message)
        if error.hint:
            terminal.say(error.hint)
        sys.exit(1)


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


@app.command()
def ingest(
    files: Files,
    project: NewProject,
    recipe: RecipeFile = None,
    columns: Columns = "",
    set_: Set = None,
    password: Password = False,
    json: Json = False,
) -> None:
    """Read files, cut them into passages and find their themes."""
    from core import pipeline

    owner, settings = options.new_project(project, recipe, set_, columns)
    given = [(path.name, path.read_bytes()) for path in files]
    pipeline.read(owner, given, settings, terminal.Progress(), passwords=options.passwords(files, password))
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
    preview: Annotated[bool, typer.Option(help="Say what would change, and change nothing.")] = False,
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
def pairs(project: KnownProject, recipe: RecipeFile = None, set_: Set = None, detach: Detach = False) -> None:
    """Make pairs of a question and its passage, by the kinds that the recipe names."""
    from core import pipeline, runs

    owner = options.known_project(project)
    settings = options.settings(owner, recipe, set_)
    started = runs.start(owner, "pairs", settings, secrets={"llm_key": options.llm_key(settings)})
    if detach:
        return terminal.show(started.id)
    terminal.watch(started)
    return terminal.show_table(("kind", "kept"), sorted(pipeline.kept_pairs(owner).items()))


@app.command()
def train(project: KnownProject, recipe: RecipeFile = None, dial: Dial = "", set_: Set = None, detach: Detach = False) -> None:
    """Tune the model on the pairs, and judge it on the questions that were kept for that."""
    from core import runs

    owner = options.known_project(project)
    _finish(owner, runs.start(owner, "train", options.settings(owner, recipe, set_, dial=dial)), detach)


@app.command()
def evaluate(project: KnownProject, run: RunId = "", detach: Detach = False) -> None:
    """Judge a model again, by the test questions in force."""
    from core import runs

    owner = options.known_project(project)
    judged = options.model_run(owner, run)
    _finish(owner, runs.start(owner, "evaluate", judged.recipe(), of=judged.id), detach)


def _finish(owner: Project, started: Run, detach: bool) -> None:
    """Wait for a run and show what it ended with, or only its id."""
    from core import runs

    if detach:
        return terminal.show(started.id)
    terminal.watch(started)
    runs.collect(owner)
    if started.model:
        terminal.show(f"Model: {started.model}")
    if evaluation := started.evaluation():
        terminal.show_scores(evaluation.verdict, evaluation.systems)
    return None


@app.command()
def compare(
    question: Annotated[str, typer.Argument(help="What a person would ask.")],
    project: KnownProject,
    run: RunId = "",
    top: Annotated[int, typer.Option("--top", "-k", min=1, max=100, help="How many passages of each.")] = 5,
    reranker: Annotated[str, typer.Option(help="Put the hits in a new order: late_interaction, first_bm25 or cross_encoder.")] = "",
    json: Json = False,
) -> None:
    """Show what base and tuned find for a question, side by side."""
    from core import compare as comparing
    from core import models

    owner = options.known_project(project)
    tuned = options.model_run(owner, run)
    encoders = {"base": models.load(tuned.recipe().train.base_model), "tuned": models.load(str(tuned.model))}
    terminal.show_comparison(comparing.compare(owner, question, encoders, k=top, reranker=reranker), json)


@app.command()
def publish(
    project: KnownProject,
    repo: Annotated[str, typer.Option(help="Where to: name or owner/name.")],
    run: RunId = "",
    public: Annotated[bool, typer.Option("--public", help="Let everybody see it; private otherwise.")] = False,
    endpoint: Annotated[str, typer.Option(help="Another hub than huggingface.co.")] = "",
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
    done = publishing.publish(owner, chosen.id, repo, token, private=not public, endpoint=endpoint or None, progress=terminal.Progress())
    terminal.show(f"{done.url} ({'private' if done.private else 'public'}), commit {done.commit}")


@app.command()
def export(
    project: KnownProject,
    to: Annotated[Path, typer.Argument(help="model.zip, pairs.csv or pairs.jsonl: the ending says what.")],
    run: RunId = "",
) -> None:
    """Write the model (.zip) or the pairs (.csv, .jsonl) into a file."""
    from core import disk
    from core import export as exporting

    owner = options.known_project(project)
    if to.suffix == ".zip":
        exporting.model_zip(options.model_run(owner, run).folder, to)
    elif to.suffix in (".csv", ".jsonl"):
        disk.write_atomic(to, (exporting.pairs_csv if to.suffix == ".csv" else exporting.pairs_jsonl)(owner))
    else:
        raise UserError(f"{to.name} is no kind of file that can be written.", "Let it end in .zip, .csv or .jsonl.")
    terminal.show(f"{to} ({to.stat().st_size:,} bytes)")


@app.command("runs")
def list_runs(project: KnownProject, json: Json = False) -> None:
    """List the runs of a project, newest first."""
    from core import runs

    listed = [(run, run.status()) for run in runs.runs(options.known_project(project))]
    rows = [(run.id, run.kind, status.state.value, f"{status.fraction:.0%}", run.title) for run, status in listed]
    terminal.show_rows(("run", "kind", "state", "done", "title"), rows, json)


@app.command()
def stop(run: AnyRun) -> None:
    """Stop a run at its next step; the best so far is kept."""
    found = options.any_run(run)
    found.stop()
    terminal.show(f"{found.id} was asked to stop.")


@app.command()
def resume(run: AnyRun, detach: Detach = False) -> None:
    """Go on with a run that was stopped, failed or cut off."""
    from core.project import Project

    found = options.any_run(run)
    secrets = {"llm_key": options.llm_key(found.recipe())} if found.kind == "pairs" else {}
    _finish(Project(found.folder.parent.parent), found.resume(secrets), detach)


@app.command("projects")
def list_projects(json: Json = False) -> None:
    """List all projects, newest first."""
    from core import project

    rows = [(p.name, p.id, len(p.files()), p.count_chunks(), p.count_pairs()) for p in project.projects()]
    terminal.show_rows(("name", "id", "files", "passages", "pairs"), rows, json)


@app.command()
def sample() -> None:
    """Make the project "Sample" from two guides and a help desk's questions, and read them."""
    from core import pipeline

    owner, files = pipeline.sample()
    pipeline.read(owner, files, owner.recipe(), terminal.Progress())
    terminal.show(f"Project “{owner.name}”: {len(owner.files())} files, {owner.count_chunks()} passages.")
