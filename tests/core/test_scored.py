"""Scored pairs as the field has them: other scales, no header, other names; imports of search pairs go on refusing them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from core import imports
from core.dataset import ScoredPair
from core.errors import UserError
from core.loaders import pairfile
from core.loaders.parsed import Parsed, ReadRequest
from core.losses import PAIRS, SCORES
from core.objectives import reading
from core.project import Project
from core.recipe.objectives import DataSettings
from core.schema import FileState

SIMILARITY = Path(__file__).resolve().parent.parent.parent.parent / "shared" / "data" / "similarity"


def scored(lines: Sequence[str], **columns: str) -> Parsed:
    return pairfile.read("\n".join(lines).encode(), ReadRequest("x.csv", pairs=True, scored=True, columns=columns))


def scores(parsed: Parsed) -> list[float]:
    return [round(row.score, 3) for row in parsed.rows]


@pytest.mark.parametrize(
    ("given", "meant", "said"),
    [
        ((0, 2.5, 5), [0, 0.5, 1], "from 0 to 5"),
        ((1, 3, 5), [0, 0.5, 1], "from 1 to 5"),
        ((0, 0.3, 1), [0, 0.3, 1], ""),
        ((-1, 0, 1), [-1, 0, 1], ""),
        ((0, 7, 9), [0, 0.7, 0.9], "from 0 to 10"),
        ((-300, 100, 500), [0, 0.5, 1], "from -300 to 500"),
    ],
    ids=str,
)
def test_scores_of_any_scale_are_brought_to_one(given: Sequence[float], meant: list[float], said: str) -> None:
    parsed = scored(["sentence1,sentence2,score", *(f"A dog runs {i},A cat runs,{score}" for i, score in enumerate(given))])
    assert scores(parsed) == meant
    assert ("brought to 0 to 1" in parsed.detail) == bool(said)
    assert said in parsed.detail


@pytest.mark.parametrize("first", ["5.0", "2.0", "0"], ids=lambda first: f"the first is {first}")
def test_a_table_without_a_header_keeps_its_first_row(first: str) -> None:
    long = "A plane, as it " + "very " * 30 + "slowly takes off."
    parsed = scored([f'"{long}",A plane is taking off.,{first}', "A man eats.,A man dines.,4.5", "A man eats.,It rains.,0.5"])
    assert (parsed.rows[0].query, parsed.rows[0].passages) == (long, ("A plane is taking off.",))
    assert len(parsed.rows) == 3


def test_rows_without_a_score_are_refused_by_number() -> None:
    parsed = scored(["sentence1,sentence2,score", "One,Two,5", "Three,Four,", "Five,Six,often"])
    assert scores(parsed) == [1]
    assert [line.split(":")[0] for line in parsed.refused] == ["Row 2", "Row 3"]


def test_columns_of_other_names_are_taken_where_they_are_said() -> None:
    lines = ["id,left,right,judged,label", "1,A dog,A hound,4,9", "2,A dog,A cat,0,9"]
    assert scored(lines).state is FileState.NOT_TEXT
    parsed = scored(lines, sentence1="left", sentence2="right", score="judged")
    assert [(row.query, row.passages[0], row.score) for row in parsed.rows] == [("A dog", "A hound", 0.8), ("A dog", "A cat", 0)]


@pytest.mark.parametrize(("columns", "said"), [({"sentence1": "links"}, "“links”"), ({"colour": "left"}, "“colour”")], ids=str)
def test_columns_that_are_not_there_are_named(columns: dict[str, str], said: str) -> None:
    parsed = scored(["left,right,score", "A dog,A hound,1"], **columns)
    assert said in parsed.detail
    assert "“left”, “right”, “score”" in parsed.detail


def test_a_recipe_names_columns_and_no_others_are_let_through(tmp_path: Path) -> None:
    path = tmp_path / "likeness.csv"
    path.write_text("left,right,score\nA dog,A hound,4\nA dog,A cat,0\n", "utf-8")
    wanted = DataSettings(name=str(path), args={"columns": {"sentence1": "left", "sentence2": "right"}})
    assert reading.read(wanted, SCORES) == (ScoredPair("A dog", "A hound", 0.8), ScoredPair("A dog", "A cat", 0))
    with pytest.raises(ValueError, match="allowed are name, split, revision, columns"):
        DataSettings(name=str(path), args={"data_dir": "x"})


def test_search_pairs_still_refuse_such_scores(project: Project, tmp_path: Path) -> None:
    rows = b"sentence1,sentence2,score\nA dog runs.,A dog is running.,4.5\nA dog runs.,It rains.,1\n"
    assert len(imports.take(project, "x.csv", rows).refused) == 1
    path = tmp_path / "x.csv"
    path.write_bytes(rows)
    assert len(reading.read(DataSettings(name=str(path)), PAIRS)) == 1


@pytest.mark.parametrize("name", ["stsb-en-dev.csv", "SICK_trial.txt"])
def test_the_fields_own_files_are_read_whole(name: str) -> None:
    if not SIMILARITY.exists():
        pytest.skip("the similarity data is not there")
    parsed = pairfile.read((SIMILARITY / name).read_bytes(), ReadRequest(name, pairs=True, scored=True))
    assert len(parsed.rows) == {"stsb-en-dev.csv": 1500, "SICK_trial.txt": 500}[name]
    assert (min(scores(parsed)), max(scores(parsed))) == (0, 1)


def test_a_file_that_cannot_be_used_says_why(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("colour,size\nred,3\n", "utf-8")
    with pytest.raises(UserError, match="the columns are “colour”, “size”"):
        reading.read(DataSettings(name=str(path)), SCORES)
