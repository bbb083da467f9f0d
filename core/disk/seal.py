"""A seal on a folder that only its owner may change: whoever finds it unbroken finds the files as they were left."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from core import disk
from core.digest import file_sha256

NAME = "seal.json"


def close(folder: Path, place: Path, facts: Any, version: str) -> None:
    """Seal `place`, a folder inside `folder`, with the hashes of all its files; `facts` are kept with them."""
    seal = {"place": place.name, "facts": facts, "owner": _owner(folder, version), "files": _files(place)}
    disk.write_atomic(folder / NAME, json.dumps(seal))


def open_once(folder: Path, version: str) -> tuple[Path, Any] | None:
    """Break the seal and return the place and its facts; None where there is none, or it does not fit.

    It does not fit a copy of the folder, another `version`, or files that changed since.
    """
    try:
        seal = json.loads((folder / NAME).read_text("utf-8"))
        place = folder / Path(seal["place"]).name
        if seal["owner"] == _owner(folder, version) and seal["files"] == _files(place):
            (folder / NAME).unlink()
            disk.sync_folder(folder)
            return place, seal["facts"]
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def clear(folder: Path) -> None:
    """Delete everything in the folder."""
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _owner(folder: Path, version: str) -> list[Any]:
    state = os.stat(folder)
    return [version, state.st_dev, state.st_ino]  # a copy has another inode


def _files(place: Path) -> dict[str, str]:
    return {path.relative_to(place).as_posix(): file_sha256(path) for path in sorted(place.rglob("*")) if path.is_file()}
