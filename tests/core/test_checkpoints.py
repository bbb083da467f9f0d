"""A checkpoint counts when it is whole, else it is as if it never was."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.train import checkpoints


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for steps in (5, 10, 20):
        (tmp_path / f"checkpoint-{steps}" / "1_Pooling").mkdir(parents=True)
        (tmp_path / f"checkpoint-{steps}" / "weights").write_bytes(b"w" * 100)
        (tmp_path / f"checkpoint-{steps}" / "1_Pooling" / "config.json").write_text("{}")
        checkpoints.seal(tmp_path / f"checkpoint-{steps}")
    return tmp_path


def test_the_newest_is_the_one_with_the_most_steps(root: Path) -> None:
    assert checkpoints.newest(root) == root / "checkpoint-20"
    assert checkpoints.newest(root / "nowhere") is None


def spoil_weights(folder: Path) -> None:
    (folder / "weights").write_bytes(b"w" * 99)


def lose_a_part(folder: Path) -> None:
    (folder / "1_Pooling" / "config.json").unlink()


def lose_the_seal(folder: Path) -> None:
    (folder / checkpoints.SEAL).unlink()


def tear_the_seal(folder: Path) -> None:
    (folder / checkpoints.SEAL).write_text('{"files": {"wei')


@pytest.mark.parametrize("spoil", [spoil_weights, lose_a_part, lose_the_seal, tear_the_seal])
def test_an_incomplete_one_is_removed_and_the_one_before_it_taken(root: Path, spoil) -> None:
    spoil(root / "checkpoint-20")
    assert checkpoints.newest(root) == root / "checkpoint-10"
    assert not (root / "checkpoint-20").exists()


def test_two_are_kept(root: Path) -> None:
    checkpoints.prune(root)
    assert sorted(path.name for path in root.iterdir()) == ["checkpoint-10", "checkpoint-20"]
