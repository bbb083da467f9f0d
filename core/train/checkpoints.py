"""Checkpoints that are whole or not there: sealed with the hashes of all their files, written last."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from core import disk
from core.digest import file_sha256

SEAL = "COMPLETE.json"
KEPT = 2


def seal(folder: Path) -> None:
    """Flush all files of a checkpoint to disk, then write their names and hashes: from now on it counts."""
    flush(folder)
    files = {p.relative_to(folder).as_posix(): file_sha256(p) for p in sorted(folder.rglob("*")) if p.is_file()}
    disk.write_atomic(folder / SEAL, json.dumps({"files": files}, indent=1))


def flush(folder: Path) -> None:
    """Flush a folder, its files and its subfolders to disk."""
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            disk.sync_folder(path)
        else:
            with path.open("rb") as file:
                os.fsync(file.fileno())


def whole(folder: Path) -> bool:
    """Say whether a checkpoint is sealed and every file is what it was then."""
    try:
        files = json.loads((folder / SEAL).read_text("utf-8"))["files"]
        return all(file_sha256(folder / name) == sha for name, sha in files.items())
    except (OSError, ValueError, TypeError, KeyError):
        return False


def newest(root: Path) -> Path | None:
    """Return the whole checkpoint with the most steps, after removing those that a kill or a fault left incomplete."""
    for folder in _by_steps(root):
        if whole(folder):
            return folder
        shutil.rmtree(folder)
    return None


def steps(folder: Path | None) -> int:
    """Return how many steps were done when a checkpoint was written, 0 without one."""
    return int(folder.name.rpartition("-")[2]) if folder else 0


def prune(root: Path) -> None:
    """Remove all but the newest two."""
    for folder in _by_steps(root)[KEPT:]:
        shutil.rmtree(folder)


def _by_steps(root: Path) -> list[Path]:
    found = [(int(steps), p) for p in root.glob("checkpoint-*") if (steps := p.name.rpartition("-")[2]).isdigit()]
    return [p for _, p in sorted(found, reverse=True)]
