"""What can be said after a command: the options that several commands share, and what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli import terminal
from core.errors import UserError

if TYPE_CHECKING:
    from core.project import Project
    from core.recipe import Recipe
    from core.runs.folder import Run

Files = Annotated[list[Path], typer.Argument(help="PDF, CSV, TSV, text or Markdown files.", exists=True, dir_okay=False, readable=True)]
MaybeFiles = Annotated[
    list[Path] | None,
    typer.Argument(
        help="PDF, CSV, TSV, text or Markdown files; without any, what the project holds is brought in line with its settings.",
        exists=True,
        dir_okay=False,
        readable=True,
    ),
]
NewProject = Annotated[str, typer.Option("--project", "-p", help="The project's name; it is made when it is new.")]
KnownProject = Annotated[str, typer.Option("--project", "-p", help="The project's name or id.")]
RecipeFile = Annotated[
    Path | None, typer.Option("--recipe", help="A recipe.yaml; without one, the project's own settings.", exists=True, dir_okay=False)
]
ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help="A training configuration (YAML or JSON), or a whole recipe; its objectives name their data.",
        exists=True,
        dir_okay=False,
    ),
]
EvalFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help="An evaluation (YAML or JSON): a model, its tasks, vector lengths and a reranker. It needs no project.",
        exists=True,
        dir_okay=False,
    ),
]
MaybeProject = Annotated[
    str,
    typer.Option("--project", "-p", help="The project's name or id; with --config, that of its first project: data set, or its run_name."),
]
JudgedProject = Annotated[str, typer.Option("--project", "-p", help="The project's name or id; with --config none is needed.")]
Columns = Annotated[str, typer.Option(help="What a table's columns are, as in question=Frage,answer=Antwort; else they are guessed.")]
Dial = Annotated[str, typer.Option(help="How thorough: quick, fast, balanced, thorough or auto.")]
Set = Annotated[list[str] | None, typer.Option("--set", help="One setting, as in pairs.generators=sentence,heading. May be given again.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]
Preview = Annotated[bool, typer.Option(help="Say what would change, and change nothing.")]
Password = Annotated[bool, typer.Option("--password", help="Take the password of locked PDFs from ATTUNE_PDF_PASSWORD, or ask for it.")]
RunId = Annotated[str, typer.Option("--run", help="A run's id; without one, the newest model.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only try a few steps: how long it takes, and whether its batch fits into memory.")]
Detach = Annotated[bool, typer.Option("--detach", help="Return at once and print the run's id.")]
Devices = Annotated[int, typer.Option(help="Graphics cards of this machine that train together; without a card, processes.", min=0)]
AnyRun = Annotated[str, typer.Argument(help="The run's id, as `runs` lists it.")]


def new_project(name: str, recipe: Path | None, sets: Sequence[str] | None, columns: str, dial: str = "") -> tuple[Project, Recipe]:
    """Return the project with this name or id and its settings; it is made when there is none, once the settings are right."""
    from core import project

    known = project.find(name)
    chosen = _chosen(known, recipe, sets, columns, dial)
    owner = known or project.create(name)
    owner.set_meta("recipe", chosen.model_dump_json())
    return owner, chosen


def known_project(name: str) -> Project:
    """Return the project with this name or id; raise `UserError` when there is none."""
    from core import project, runs

    found = project.find(name)
    if found is None:
        names = ", ".join(f"“{p.name}”" for p in project.projects()) or "none yet"
        raise UserError(f"There is no project called “{name}”.", f"There are: {names}.")
    runs.collect(found)
    return found


def configured(name: str, config: Path, sets: Sequence[str] | None) -> tuple[Project, Recipe]:
    """Return the project that a configuration's run belongs to, and its settings.

    The project is the one named, or the first that a data set names, or one of the run's own name, which is made when it is new.
    """
    from core import project
    from core import recipe as recipes

    chosen = _chosen(None, config, sets, "", "")
    if chosen.train.output_dir:  # where this command was typed, not where the run's process works
        chosen = recipes.parse(
            chosen.model_dump() | {"train": {**chosen.train.model_dump(), "output_dir": str(Path(chosen.train.output_dir).resolve())}}
        )
    sources = [objective.datasets.train.name for objective in chosen.train.objectives]
    named = name or next((one.removeprefix("project:") for one in sources if one.startswith("project:")), "")
    if named or not sources:
        return known_project(named), chosen
    own = chosen.train.run_name or config.stem
    return project.find(own) or project.create(own), chosen


def model_run(project: Project, run_id: str) -> Run:
    """Return the run with this id, or the newest one, that has a complete model."""
    from core import runs

    found = [runs.find(project, run_id)] if run_id else runs.runs(project)
    for run in found:
        if run.model:
            return run
    raise UserError("There is no tuned model yet.", "Train one first: `python -m core train --project NAME`.")


def settings(project: Project, recipe: Path | None, sets: Sequence[str] | None = None, dial: str = "") -> Recipe:
    """Return the recipe that a command goes by, and keep it as the project's."""
    chosen = _chosen(project, recipe, sets, "", dial)
    project.set_meta("recipe", chosen.model_dump_json())
    return chosen


def unsaved(project: Project, recipe: Path | None, sets: Sequence[str] | None = None) -> Recipe:
    """Return the recipe that a command goes by, and leave the project's own as it is."""
    return _chosen(project, recipe, sets, "", "")


def _chosen(project: Project | None, recipe: Path | None, sets: Sequence[str] | None, columns: str, dial: str) -> Recipe:
    """Return a file's recipe, or the project's, or the default one, with what was said on the command line on top."""
    from core import recipe as recipes

    made = recipes.load(recipe) if recipe else project.recipe() if project else recipes.Recipe()
    plain = made.model_dump(mode="json")
    for setting in sets or ():
        _set(plain, *_halves(setting))
    if columns:
        plain["columns"] = dict(_halves(part) for part in columns.split(","))
    if dial:
        plain["train"]["dial"] = dial
    return recipes.parse(plain, "The command line")


def _halves(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name.strip():
        raise UserError(f"“{text}” is not of the form name=value.", "Write it like question=Frage or train.epochs=3.")
    return name.strip(), value.strip()


def _set(plain: dict[str, Any], path: str, text: str) -> None:
    """Put one value into plain nested settings; a list is written with commas."""
    import yaml

    *sections, name = path.split(".")
    for section in sections:
        plain = plain.get(section, {})
    if not isinstance(plain, dict) or name not in plain:
        raise UserError(f"There is no setting “{path}”.", "A recipe.yaml, as every run writes it, shows all of them.")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        value = text
    if isinstance(plain[name], list) and not isinstance(value, list):
        value = [part.strip() for part in text.split(",") if part.strip()]
    plain[name] = value


def passwords(files: Sequence[Path], wanted: bool) -> dict[str, str]:
    """Return the password to try, by file name, when one is wanted."""
    if not wanted:
        return {}
    word = terminal.secret("ATTUNE_PDF_PASSWORD", "The PDFs' password")
    return {path.name: word for path in files}


def llm_key(recipe: Recipe) -> str:
    """Return the language model's key when the recipe asks one for questions; a model of one's own may need none."""
    from core import generators

    if not generators.by_model(recipe.pairs.generators):
        return ""
    return terminal.secret("ATTUNE_LLM_KEY", "The language model's key (leave empty for none)", needed=False)
