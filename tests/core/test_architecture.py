"""The house plan, read from the source: who may import whom, and what stands nowhere."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
CORE = sorted((ROOT / "core").rglob("*.py"))
DRAWN = [ROOT / "app.py", *sorted((ROOT / "pages").rglob("*.py"))]
ALL = [*CORE, *DRAWN]

ROWS = (
    "schema registry errors digest disk store secrets jsonfiles",
    "project recipe dataset machine",
    "models embeddings metrics groups text",
    "losses rerankers search",
    "loaders generators negatives endpoint objectives",
    "imports ingest chunk themes pairs gate split train reranker",
    "evaluate runs",
    "compare publish export slurm statistics travel",
    "pipeline overview",
    "cli worker rank __main__",
)
"""DESIGN.md section 2, bottom to top: a module imports its own row and those below it."""

HEAVY = frozenset(
    [
        "torch",
        "sentence_transformers",
        "transformers",
        "chromadb",
        "sklearn",
        "scipy",
        "datasketch",
        "bm25s",
        "ir_measures",
        "chonkie",
        "openai",
        "huggingface_hub",
        "pandas",
        "datasets",
        "peft",
    ]
)
ROW = {name: i for i, row in enumerate(ROWS) for name in row.split()}


def name_of(path: Path) -> str:
    """Return core's module or folder that a file belongs to: "pairs", "loaders"."""
    return path.relative_to(ROOT / "core").parts[0].removesuffix(".py")


def modules() -> list[str]:
    return sorted({name_of(path) for path in CORE} - {"__init__"})


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def imports(path: Path, *, top: bool = False) -> Iterator[str]:
    """Yield the dotted names that a file imports; with `top`, only what is imported with the file itself."""
    tree = parsed(path)
    nodes = list(ast.walk(tree))
    if top:
        nodes = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def core_imports(path: Path, *, top: bool = False) -> set[str]:
    """Return the modules of core that a file imports."""
    parts = [name.split(".") for name in imports(path, top=top)]
    return {part[1] for part in parts if part[0] == "core" and len(part) > 1}


@cache
def without_texts(path: Path) -> str:
    """Return a file's source without its comments and texts."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return ast.unparse(tree)


def test_every_module_has_its_row() -> None:
    assert [name for name in modules() if name not in ROW] == []


@pytest.mark.parametrize("module", modules())
def test_imports_point_down(module: str) -> None:
    paths = [path for path in CORE if name_of(path) == module]
    up = {(path.name, other) for path in paths for other in core_imports(path) if ROW.get(other, 99) > ROW.get(module, 0)}
    assert not up, f"{module} stands in row {ROW[module]} and imports from above: {up}"


def test_records_are_imported_from_schema_itself() -> None:
    outside = [path for path in ALL if path.parent.name != "schema"]
    deep = [path.name for path in outside if any(re.match(r"core\.schema\.\w+\.", name) for name in imports(path))]
    assert not deep, f"`from core.schema import X` is the one way, but not in {deep}"


def test_no_circle() -> None:
    arrows = {module: {o for p in CORE if name_of(p) == module for o in core_imports(p, top=True)} - {module} for module in modules()}
    while free := [module for module, below in arrows.items() if not below & arrows.keys()]:
        arrows = {module: below for module, below in arrows.items() if module not in free}
    assert not arrows, f"these import each other in a circle: {sorted(arrows)}"


@pytest.mark.parametrize("path", CORE, ids=lambda path: str(path.relative_to(ROOT)))
def test_core_draws_nothing(path: Path) -> None:
    assert not [name for name in imports(path) if name.split(".")[0] in ("streamlit", "pages", "app", "tests")]


LATE = {
    f"core.losses.{name}"
    for name in (
        "given",
        "composed",
        "spread",
        "denoising",
        "odds",
        "in_batch",
        "lowered",
        "distill_kl",
        "distill_similarity",
        "distill_margin",
    )
} | {"core.train.step"}
"""Modules of tensors' own: they import torch with themselves, and nobody else imports them before a function needs them."""


@pytest.mark.parametrize("path", ALL, ids=lambda path: str(path.relative_to(ROOT)))
def test_heavy_libraries_are_imported_inside_functions(path: Path) -> None:
    if ".".join(path.relative_to(ROOT).with_suffix("").parts) in LATE:
        return
    top = list(imports(path, top=True))
    assert not [name for name in top if name.split(".")[0] in HEAVY or any(name.startswith(f"{late}.") for late in LATE)]


FORBIDDEN = {
    "a shell": r"shell=(?!False)|os\.system|os\.popen",
    "pickles": r"\bpickle\b|\bjoblib\b|\bdill\b|allow_pickle=True",
    "code from the hub": r"trust_remote_code=(?!False)",
    "HTML in a page": r"unsafe_allow_html|unsafe_allow_javascript|components\.v1|st\.html\(",
    "foreign checkpoints": r"torch\.load\((?!.*weights_only=True)",
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_nowhere(what: str) -> None:
    found = [path.name for path in ALL if re.search(FORBIDDEN[what], without_texts(path))]
    assert not found, f"{what} in {found}"


LOADS = {
    r"\bSentenceTransformer\(": {"models/__init__.py"},
    r"\bAutoModel\w*\.from_pretrained\(": {"models/writer.py", "models/masked.py"},
    r"\bCrossEncoder\(": {"rerankers/cross_encoder.py"},
}


@pytest.mark.parametrize("call", LOADS)
def test_models_are_loaded_in_one_place_and_without_foreign_code(call: str) -> None:
    sources = {path.relative_to(ROOT / "core").as_posix(): without_texts(path) for path in CORE}
    found = {name: source for name, source in sources.items() if re.search(call, source)}
    assert set(found) == LOADS[call]
    assert all("trust_remote_code=False" in source for source in found.values())


def test_every_exception_is_caught_by_name() -> None:
    broad = [
        path.relative_to(ROOT).as_posix()
        for path in ALL
        for line in without_texts(path).splitlines()
        if re.search(r"except( Exception| BaseException)?( as \w+)?:", line)
    ]
    assert broad.count("core/worker.py") == 1
    assert set(broad) <= {"core/worker.py", "core/disk/__init__.py", "core/store/connection.py"}, "disk and store clean up and raise again"


def test_pages_lie_in_folders_and_have_names_of_their_own() -> None:
    assert not list((ROOT / "pages").glob("*.py")), "a file directly in pages/ arms Streamlit's old router"
    names = [path.stem for path in DRAWN if path.parent.name not in ("widgets",)]
    assert len(names) == len(set(names))
