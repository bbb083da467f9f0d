"""What is taken home is whole, exact, and harmless to open."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from dataclasses import replace

import pytest

from core import export, publish
from core.errors import UserError
from core.project import PairFilter
from core.publish import card
from core.schema import PairState
from tests.core.test_publish import WANTED, run  # noqa: F401
from tests.filled import fill


def test_the_zip_holds_exactly_the_published_files(run, tmp_path):  # noqa: F811
    made = export.model_zip(run.model, tmp_path / "model.zip", "our card")
    with zipfile.ZipFile(made) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {**WANTED, "README.md": b"our card"}


def test_the_zip_of_a_run_brings_its_card(project, run):  # noqa: F811
    with zipfile.ZipFile(export.model_zip(run.folder)) as archive:
        assert archive.read("README.md").decode() == card.for_run(project, run.id)
    assert publish.files(run.model) and not run.damaged()


def test_the_same_model_gives_the_same_bytes(run, tmp_path):  # noqa: F811
    one, other = (export.model_zip(run.model, tmp_path / name, "card").read_bytes() for name in ("a.zip", "b.zip"))
    assert one == other


def test_nothing_is_left_where_there_is_no_model(tmp_path):
    with pytest.raises(UserError, match="no whole model"):
        export.model_zip(tmp_path, tmp_path / "model.zip")
    assert not list(tmp_path.glob("*.zip")) and not list(tmp_path.glob(".export-*"))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_spreadsheet_runs_nothing(project, start):
    fill(project, 10)
    pair = project.pairs()[0]
    project.add_pairs([replace(pair, id="evil", query=f"{start}cmd|' /C calc'!A0")])
    cells = [cell for row in csv.reader(io.StringIO(export.pairs_csv(project).decode("utf-8-sig"), newline="")) for cell in row]
    assert f"'{start}cmd|' /C calc'!A0" in cells
    assert not [cell for cell in cells if cell.startswith(export.FORMULA)]


def test_json_lines_are_exact_and_filtered(project):
    fill(project, 10)
    project.update_pairs(["qp3"], query='=1+1 "é"\n', state=PairState.DROPPED)
    rows = [json.loads(line) for line in export.pairs_jsonl(project, PairFilter(state=PairState.DROPPED)).decode().splitlines()]
    assert [row["question"] for row in rows] == ['=1+1 "é"\n'] and tuple(rows[0]) == export.COLUMNS
    assert rows[0]["passage"] == project.chunk("p3").text and rows[0]["document"] == "Text 3"


def test_the_snippet_is_code_that_names_the_model():
    code = export.snippet('ana/"model"')
    compile(code, "snippet", "exec")
    assert 'SentenceTransformer("ana/\\"model\\"")' in code
