from __future__ import annotations

from pathlib import Path

import pytest

from core.dataset import Dataset
from core.errors import UserError
from core.schema import Passage, Question, TrainPair

DATA = Dataset(
    passages=(Passage("a", "Ein Text – 漢字", "Title", 3, "pay"), Passage("b", "other")),
    train=(TrainPair("p1", "a", "who?", "Ein Text", "sentence", True),),
    dev=(),
    test=(Question("q", "where?", ("a", "b"), "columns", True, {"a": "Ein"}),),
    test_digest="abc",
    excluded=2,
    leaks="No leaks",
)


def test_what_is_written_is_read_back_equal(tmp_path: Path) -> None:
    DATA.write(tmp_path / "data")
    assert Dataset.read(tmp_path / "data") == DATA


@pytest.mark.parametrize("name", ["passages.parquet", "test.parquet", "data.json"])
def test_a_damaged_file_is_said_in_plain_words(tmp_path: Path, name: str) -> None:
    DATA.write(tmp_path)
    (tmp_path / name).write_bytes(b"PAR1 not really")
    with pytest.raises(UserError, match="cannot be read"):
        Dataset.read(tmp_path)
