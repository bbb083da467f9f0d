"""A recipe that leaves this machine: models and data sets that lie here are named by their folder's name, not by where that is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from core.recipe.training import BASE_MODEL

PLACES = frozenset({"base_model", "teacher", "guide", "model", "name"})
"""Keys under which a model or a data set is named."""
AWAY = re.compile(r"(?:project|run):.*|[\w.-]+(?:/[\w.-]+)?", re.ASCII | re.DOTALL)
SECTIONS = ("train", "negatives")


def without_places(plain: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return a recipe's plain data without places of this machine, and the bare names that now stand for them.

    The folder that a model is copied to is left out. Prompts, keywords and names that people typed stay as they are.
    """
    left: dict[str, None] = {}
    changed = {**plain, **{section: walked(plain[section], left) for section in SECTIONS if section in plain}}
    pairs = plain.get("pairs")
    if isinstance(pairs, Mapping) and "local" in pairs:
        changed["pairs"] = {**pairs, "local": walked(pairs["local"], left)}
    return changed, tuple(left)


def walked(value: Any, left: dict[str, None], key: str = "") -> Any:
    """Return plain data without places, and add what stands for them to `left`."""
    if isinstance(value, Mapping):
        return {name: walked(inner, left, name) for name, inner in value.items() if not (name == "output_dir" and inner)}
    if isinstance(value, list):
        return [walked(inner, left, key) for inner in value]
    if key not in PLACES or not isinstance(value, str) or not _here(value):
        return value
    bare = PureWindowsPath(value).name or "folder"
    left[bare] = None
    return bare


def _here(name: str) -> bool:
    """Say whether a name is a place on this machine: a path, or what a path without a root leads to."""
    if name in ("", BASE_MODEL) or name.startswith(("project:", "run:")):
        return False
    rooted = PurePosixPath(name).is_absolute() or bool(PureWindowsPath(name).anchor) or name.startswith(("~", "."))
    return rooted or not AWAY.fullmatch(name) or ("/" in name and Path(name).exists())
