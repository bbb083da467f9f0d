"""The shell: exit codes, one JSON object, guesses said aloud, nothing heavy before it is needed, no secret in the arguments."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core import project as projects
from core import runs
from core.recipe import dump, load
from core.schema import RunState
from tests import tiny
from tests.filled import ROOT, eventually, fill, holding, recipe
from tests.pages.filling import with_pairs

HEAVY = [
    "torch",
    "sentence_transformers",
    "transformers",
    "chromadb",
    "sklearn",
    "scipy",
    "pandas",
    "openai",
    "huggingface_hub",
    "datasets",
    "streamlit",
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.model(tmp_path_factory.mktemp("tiny") / "model")


def attune(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command as a person would type it."""
    command = [sys.executable, "-m", "core", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL, **options)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Write a table with questions and answers, whose columns have German names."""
    data = tiny.dataset(60)
    queries = {q.relevant[0]: q.query for q in (*data.dev, *data.test)} | {p.passage_id: p.query for p in data.train}
    lines = ["Frage,Antwort", *(f"What of {queries[p.id]}?,{p.text}." for p in data.passages)]
    path = tmp_path / "fragen.csv"
    path.write_text("\n".join(lines), "utf-8")
    return path


# --- help, usage, refusals -------------------------------------------------------------------------------------------


def test_help_imports_nothing_heavy() -> None:
    code = "import sys; from core import cli; sys.argv = ['core', '--help']\ntry: cli.main()\nexcept SystemExit: print([n for n in %r if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code % HEAVY], cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout.endswith("[]\n")
    assert "run" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["run"], 2, "files"),
        (["no-such-command"], 2, "no-such-command"),
        (["ingest", "no such file", "--project", "x"], 2, "does not exist"),
        (["runs", "--project", "nobody"], 1, "no project called “nobody”"),
        (["stop", "20260101-000000-0000"], 1, "There is no run"),
        (["train", "--project", "Test"], 1, "too few"),
        (["pairs", "--project", "Test", "--set", "pairs.nothing=1"], 1, "no setting “pairs.nothing”"),
        (["pairs", "--project", "Test", "--set", "pairs.seed"], 1, "name=value"),
        (["train", "--project", "Test", "--dial", "slow"], 1, "train.dial"),
        (["evaluate", "--project", "Test"], 1, "no tuned model"),
        (["publish", "--project", "Test", "--repo", "x"], 1, "no tuned model"),
    ],
)
def test_exit_codes_tell_what_happened(project: projects.Project, arguments: list[str], code: int, said: str) -> None:
    done = attune(*arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_broken_recipe_file_is_named_with_its_place(project: projects.Project, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("chunk: {size: 3}", "utf-8")
    done = attune("pairs", "--project", "Test", "--recipe", path)
    assert done.returncode == 1
    assert "mine.yaml" in done.stderr
    assert "chunk.size" in done.stderr


def test_no_option_takes_a_secret() -> None:
    import typer

    from core.cli import app

    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    options = {option for command in commands.values() for parameter in command.params for option in parameter.opts}
    assert not {option for option in options if "token" in option or "key" in option}
    assert next(p for p in commands["run"].params if "--password" in p.opts).is_flag


# --- settings --------------------------------------------------------------------------------------------------------


def test_what_is_said_on_the_command_line_becomes_the_projects_recipe() -> None:
    from core.cli import options

    sets = ["pairs.generators=sentence,heading", "train.epochs=3", "train.learning_rate=1e-4"]
    owner, made = options.new_project("New", None, sets, "question=Frage", "quick")
    assert made.pairs.generators == ("sentence", "heading")
    assert (made.train.epochs, made.train.learning_rate, made.train.dial) == (3, 1e-4, "quick")
    assert made.columns == {"question": "Frage"}
    assert owner.recipe() == made


def test_wrong_settings_make_no_project(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("Some text.")
    assert attune("ingest", path, "--project", "New", "--set", "chunk.size=0").returncode == 1
    assert projects.projects() == []


# --- commands --------------------------------------------------------------------------------------------------------


def test_ingest_says_what_it_took_the_columns_for(table: Path) -> None:
    done = attune("ingest", table, "--project", "New", "--json")
    said = json.loads(done.stdout)
    assert done.returncode == 0
    assert said["documents"][0]["name"] == "fragen.csv"
    assert said["documents"][0]["state"] == "read"
    assert "question=Frage" in done.stderr
    assert "answer=Antwort" in done.stderr
    again = attune("ingest", table, "--project", "New", "--columns", "text=Antwort", "--json")
    assert "text=Antwort" in again.stderr
    assert "question=" not in again.stderr


def test_a_file_that_cannot_be_read_is_no_success(tmp_path: Path) -> None:
    path = tmp_path / "empty.txt"
    path.write_bytes(b"")
    done = attune("ingest", path, "--project", "New")
    assert done.returncode == 1
    assert "empty.txt: empty" in done.stderr


@pytest.mark.parametrize(("name", "code"), [("pairs.csv", 0), ("pairs.jsonl", 0), ("pairs.xls", 1), ("model.zip", 1)])
def test_export_writes_what_the_ending_says(project: projects.Project, tmp_path: Path, name: str, code: int) -> None:
    fill(project)
    done = attune("export", tmp_path / name, "--project", "Test")
    assert done.returncode == code
    assert (tmp_path / name).exists() is (code == 0)


def test_names_cannot_command_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    from core.cli import terminal

    terminal.show("a\x1b[2Jb\x9bc\u202ed")
    assert capsys.readouterr().out == "a [2Jb c d\n"


@pytest.fixture
def queued(project: projects.Project, home: Path) -> Iterator[runs.Run]:
    """Hold a run in the queue."""
    fill(project)
    with holding(home / ".machine.lock"):
        run = runs.start(project, "train", recipe(Path("tiny")))
        yield run
        run.end()


def test_runs_lists_and_stop_stops(queued: runs.Run) -> None:
    listed = json.loads(attune("runs", "--project", "Test", "--json").stdout)
    assert [(row["run"], row["state"]) for row in listed] == [(queued.id, "queued")]
    assert attune("stop", queued.id).returncode == 0
    eventually(lambda: queued.status().state is RunState.STOPPED)


def test_ctrl_c_stops_the_run_kindly(project: projects.Project, home: Path) -> None:
    fill(project)
    with holding(home / ".machine.lock"):
        command = [sys.executable, "-m", "core", "train", "--project", "Test"]
        shell = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # Tests that run in the background of a script inherit Ctrl-C ignored; a terminal's commands do not.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        eventually(lambda: any(run.alive() for run in runs.runs(project)))
        assert shell.stderr
        assert "Ctrl-C" in shell.stderr.readline()
        os.kill(shell.pid, signal.SIGINT)
        _, said = shell.communicate(timeout=30)
    assert shell.returncode == 130
    assert "resume" in said
    assert runs.runs(project)[0].status().state is RunState.STOPPED


def test_a_killed_run_is_exit_code_3(project: projects.Project, home: Path) -> None:
    fill(project)
    with holding(home / ".machine.lock"):
        command = [sys.executable, "-m", "core", "train", "--project", "Test"]
        shell = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert shell.stderr
        assert "Ctrl-C" in shell.stderr.readline()  # only now is the run that is watched started for good
        run = runs.runs(project)[0]
        os.kill(json.loads((run.folder / "worker.json").read_text())["pid"], signal.SIGKILL)
        _, said = shell.communicate(timeout=30)
    assert shell.returncode == 3
    assert "interrupted" in said


@pytest.mark.slow
def test_the_whole_way_prints_one_object_and_a_recipe_that_repeats_it(table: Path, model: Path, tmp_path: Path) -> None:
    path = tmp_path / "tiny.yaml"
    path.write_text(dump(recipe(model)), "utf-8")
    done = attune("run", table, "--project", "Whole", "--recipe", path, "--columns", "question=Frage,answer=Antwort", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["documents"] == [{"name": "fragen.csv", "state": "read", "detail": said["documents"][0]["detail"]}]
    assert said["pairs"] == 60
    assert (Path(said["model"]) / "modules.json").exists()
    assert said["verdict"] in ("better", "no clear difference", "worse", "too few questions")
    assert {"base", "tuned", "bm25"} <= said["scores"].keys()
    assert load(Path(said["recipe"])).columns == {"question": "Frage", "answer": "Antwort"}
    again = json.loads(attune("run", table, "--project", "Whole", "--recipe", said["recipe"], "--json").stdout)
    assert again == said, "the same again is the same run"
    found = attune("compare", "What is it?", "--project", "Whole", "-k", "2")
    assert found.returncode == 0, found.stderr
    assert "tuned" in found.stdout
    assert attune("evaluate", "--project", "Whole").returncode == 0
    assert attune("publish", "--project", "Whole", "--repo", "x", "--preview").stdout.count("safetensors")


def test_the_gate_shows_what_limits_would_do_then_does_it_and_undo_takes_it_back(project: projects.Project) -> None:
    with_pairs(project)
    limits = ["--project", "Test", "--set", "gate.found_within=0", "--json"]
    before = project.pairs()
    preview = json.loads(attune("gate", *limits, "--set", "gate.near_duplicate=0.1", "--preview").stdout)
    assert (preview["applied"], project.pairs(), project.recipe().gate.near_duplicate) == (False, before, 0.9)
    with project.write() as db:
        db.execute("UPDATE pairs SET generator = 'llm', people = 0, query = 'Why?' WHERE id = 'q1'")
    done = json.loads(attune("gate", *limits).stdout)
    assert (done["more"], done["aside"], done["applied"]) == (1, {"too short": 1}, True)
    assert project.pair("q1").state == "set aside"
    assert "1 pairs are as they were before" in attune("undo", "--project", "Test").stdout
    assert project.pair("q1").state == "kept"
    attune("undo", "--project", "Test", "--redo")
    assert project.pair("q1").state == "set aside"


def test_statistics_are_one_json_object_and_a_report(tmp_path: Path) -> None:
    fill(projects.create("Counted"))
    done = attune("statistics", "--project", "Counted", "--html", tmp_path / "report.html", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["chunks"], found["pairs"]) == (60, 60)
    assert "<h1>Counted</h1>" in (tmp_path / "report.html").read_text("utf-8")


def test_themes_are_labelled_merged_and_nested_from_the_shell(project: projects.Project, tmp_path: Path) -> None:
    with_pairs(project)
    mine = tmp_path / "mine.csv"
    mine.write_text("file,theme\nguide.pdf,boats\nnowhere.pdf,trains\n", "utf-8")
    command = ("themes", "--project", project.name, "--json")
    done = attune(*command, "--labels", mine, "--merge", "Tickets", "--into", "boats")
    assert done.returncode == 0, done.stderr
    assert "1 of 2 labels matched" in done.stderr
    assert "nowhere.pdf" in done.stderr
    assert {"theme": "boats", "passages": 12} in json.loads(done.stdout)
    assert attune(*command, "--delete", "trains").returncode == 1
