"""A project travels as one .zip: written while it is in use, and taken in only when everything in it is what it should be."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import yaml

from core import disk, runs, store
from core import project as projects
from core.digest import file_sha256
from core.disk import lock
from core.errors import UserError
from core.models import files as models
from core.project import Project
from core.recipe.leaving import walked, without_places
from core.runs.folder import Run
from core.runs.record import Seal
from core.schema import Chunk, Document, Evaluation, File, Page, Pair, Publication, RawAnswer, Region, TestSet, Theme
from core.store import arrival

DATABASE = "project.db"
LEFT = "left_at_home"  # what of a packed project's own settings says which folders its recipe named
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the oldest time that a zip can hold: when a project was packed says nothing
BLOCK = 1 << 20
BLOB = re.compile(r"blobs/([0-9a-f]{2})/(\1[0-9a-f]{62})")
RUN = re.compile(r"runs/(\d{8}-\d{6}-[0-9a-f]{4})/(.+)")
RUN_FILE = re.compile(
    r"run\.json|about\.json|recipe\.yaml|status\.json|metrics\.jsonl|result\.json|evaluation\.json|reranking\.json|COMPLETE\.json"
    r"|(?:data|trained_on)/[\w-]+\.(?:json|parquet)"
    r"|(?:model|given|reranker)/(?:\w+/){0,2}[\w.-]+\.(?:json|txt|safetensors|model|jinja|md)"
)
"""What of a run is taken along. Logs name folders of the machine, checkpoints and vectors can be made again."""
ROWS = 10_000  # that are in memory at once while all are read
RECORDS: Mapping[str, type] = {
    "files": File,
    "documents": Document,
    "pages": Page,
    "chunks": Chunk,
    "themes": Theme,
    "pairs": Pair,
    "raw_answers": RawAnswer,
    "regions": Region,
    "test_sets": TestSet,
    "publications": Publication,
}
SHA = re.compile(r"[0-9a-f]{64}|")


@dataclass(frozen=True)
class Limits:
    """Bound what an archive may hold: files, bytes when unpacked, and how many times its own size that may be."""

    files: int = 200_000
    size: int = 64 << 30
    swelling: int = 200
    always: int = 256 << 20  # bytes that are fine however small the archive is


LIMITS = Limits()


@dataclass(frozen=True)
class Packed:
    """Say what was packed, and which runs had to stay: those at work, and those with files that do not travel."""

    path: Path
    files: int
    size: int
    stayed: tuple[str, ...] = ()


# --- leaving ---------------------------------------------------------------------------------------------------------


def pack(project: Project, target: Path) -> Packed:
    """Write a project into one .zip: the database as it is now, the files that were added, and the runs that have ended.

    Memory stays flat, and the archive is there whole or not at all. What can be made again (vectors, the search index) is not in it.
    """
    stayed, listed = [], [(name, path) for name, path in _plain(project.folder, "blobs") if BLOB.fullmatch(name)]
    for run in runs.runs(project):
        own = _of_run(project, run)
        listed += own
        stayed += [] if own else [run.id]
    settings, left = without_places(json.loads(project.meta("recipe", "{}")))
    with tempfile.TemporaryDirectory(dir=target.absolute().parent, prefix=".pack-") as aside:
        copy, made = Path(aside) / DATABASE, Path(aside) / "made.zip"
        said = {"recipe": json.dumps(settings), LEFT: json.dumps(left)}
        arrival.snapshot(project.folder.resolve() / DATABASE, copy, said)
        with zipfile.ZipFile(made, "w") as archive:
            for name, path in [(DATABASE, copy), *sorted(listed)]:
                _put(archive, name, _without_places(name, project, Path(aside)) or path)
        size = made.stat().st_size
        os.replace(made, target)
    return Packed(target, len(listed) + 1, size, tuple(stayed))


def size(project: Project) -> int:
    """Return about how many bytes `pack` will write at most: what goes along, before it is compressed."""
    listed = [path for run in runs.runs(project) for _, path in _of_run(project, run)]
    listed += [project.folder / DATABASE, *(path for _, path in _plain(project.folder, "blobs"))]
    return sum(path.stat().st_size for path in listed)


def _of_run(project: Project, run: Run) -> list[tuple[str, Path]]:
    """Return a run's files that travel; none of a run that is at work, or whose seal names a file that does not travel."""
    if run.alive():
        return []
    found = [(name, path) for name, path in _plain(project.folder, f"runs/{run.id}") if known(name)]
    sealed = {f"runs/{run.id}/{name}" for name in run.sealed()}
    return found if sealed <= {name for name, _ in found} else []


def _without_places(name: str, project: Project, aside: Path) -> Path | None:
    """Return what goes along of a run in the place of a file that names folders of this machine; None where it goes as it is."""
    found = RUN.fullmatch(name)
    if not found or found[2] not in ("recipe.yaml", "result.json", "COMPLETE.json"):
        return None
    source, target = project.folder / name, Run(aside / found[1])
    target.folder.mkdir(exist_ok=True)
    if found[2] == "COMPLETE.json":
        own = {
            part: path for part in ("recipe.yaml", "result.json") if (path := _without_places(f"runs/{found[1]}/{part}", project, aside))
        }
        sealed = Run(source.parent).sealed()
        target.write("COMPLETE.json", Seal({**sealed, **{part: file_sha256(own[part]) for part in own if part in sealed}}))
        return target.folder / found[2]
    if not source.is_file():
        return None
    try:
        plain = yaml.safe_load(source.read_text("utf-8"))  # JSON is YAML too
    except (yaml.YAMLError, UnicodeDecodeError):
        plain = None
    whole = found[2] == "recipe.yaml"
    changed = (without_places(plain)[0] if whole else walked(plain, {})) if isinstance(plain, dict) else {}
    disk.write_atomic(
        target.folder / found[2], yaml.safe_dump(changed, sort_keys=False, allow_unicode=True) if whole else json.dumps(changed)
    )
    return target.folder / found[2] if changed != plain else None


def left_at_home(arrived: Project) -> tuple[str, ...]:
    """Return the names of models and data sets that a project's recipe names and that stayed on the machine it came from."""
    names = json.loads(arrived.meta(LEFT, "[]"))
    return tuple(str(name)[:80] for name in names[:20]) if isinstance(names, list) else ()


def _plain(top: Path, under: str) -> Iterator[tuple[str, Path]]:
    """Yield the plain files under a folder by their names in the archive; links are not followed."""
    for folder, _, names in os.walk(top / under, followlinks=False):
        for name in names:
            path = Path(folder) / name
            if stat.S_ISREG(path.lstat().st_mode):
                yield path.relative_to(top).as_posix(), path


def _put(archive: zipfile.ZipFile, name: str, path: Path) -> None:
    entry = zipfile.ZipInfo(name, LONG_AGO)
    entry.external_attr = (stat.S_IFREG | 0o644) << 16
    entry.compress_type = zipfile.ZIP_STORED if name.endswith((".safetensors", ".parquet")) else zipfile.ZIP_DEFLATED
    with path.open("rb") as source:
        entry.file_size = path.stat().st_size
        with archive.open(entry, "w") as inside:
            shutil.copyfileobj(source, inside, BLOCK)


# --- arriving --------------------------------------------------------------------------------------------------------


def inside(name: str) -> bool:
    """Say whether an entry's name stays in the folder that it is unpacked to, on every system."""
    parts = name.split("/")
    return name.isprintable() and not set(name) & set('\\:*?"<>|') and all(p.strip(". ") and p == p.rstrip(". ") for p in parts)


def known(name: str) -> bool:
    """Say whether a name is that of a file which a packed project can hold."""
    run = RUN.fullmatch(name)
    return name == DATABASE or bool(BLOB.fullmatch(name)) or bool(run and RUN_FILE.fullmatch(run[2]))


def unpack(source: Path | IO[bytes], limits: Limits = LIMITS) -> Project:
    """Take in a packed project under a new id and a free name, or raise `UserError` and leave nothing behind.

    It is unpacked aside and looked over (entries, sizes, hashes, tables) before it becomes a project by one rename.
    """
    aside = projects.home() / ".arriving"
    with lock.exclusive(projects.home() / ".arriving.lock"):
        shutil.rmtree(aside, ignore_errors=True)  # what a crash left
        try:
            with zipfile.ZipFile(source) as archive:
                entries = _checked(archive, limits)
                _extract(archive, entries, aside)
            (aside / DATABASE).chmod(0o600)
            arrival.inspect(aside / DATABASE)
            _look_over(Project(aside))
            return projects.adopt(aside)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError):
            raise UserError("This file is no whole .zip archive.", "Export the project again, and import that file.") from None
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def _checked(archive: zipfile.ZipFile, limits: Limits) -> list[zipfile.ZipInfo]:
    """Return an archive's entries, all of them looked at before the first is unpacked."""
    entries = archive.infolist()
    names = [entry.orig_filename for entry in entries]
    if DATABASE not in names:
        raise UserError("This archive holds no project.", "Choose a .zip that was made by exporting a project.")
    if len(entries) > limits.files:
        raise UserError(f"The archive holds {len(entries):,} files; {limits.files:,} is the most.", "Import a smaller project.")
    for entry, name in zip(entries, names, strict=True):
        kind = entry.external_attr >> 16
        if not inside(name) or not known(name) or (stat.S_IFMT(kind) and not stat.S_ISREG(kind)):
            raise UserError(f"The archive holds what is no part of a project: {name[:120]!r}.", "Export the project again with Attune.")
        if entry.flag_bits & 1 or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise UserError("The archive is encrypted, or packed in an unknown way.", "Import the .zip as it was exported.")
    if len({name.casefold() for name in names}) < len(names):
        raise UserError("The archive holds a file twice.", "Export the project again with Attune.")
    size, packed = sum(entry.file_size for entry in entries), sum(entry.compress_size for entry in entries)
    if size > min(limits.size, max(limits.always, limits.swelling * packed)):
        raise UserError(f"Unpacked, the archive would take {size:,} bytes, which no project of its size does.", "It was left alone.")
    free = shutil.disk_usage(projects.home()).free
    if size > free:
        raise UserError(f"The project takes {size:,} bytes, and {free:,} are free on the disk.", "Make room, then import it again.")
    return entries


def _extract(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], aside: Path) -> None:
    """Write the entries, none beyond the size that it declares, and compare what is known by its hash."""
    for name in ("blobs", "runs", "embeddings"):
        (aside / name).mkdir(parents=True)
    for entry in entries:
        target = aside / entry.orig_filename
        target.parent.mkdir(parents=True, exist_ok=True)
        found, left = hashlib.sha256(), entry.file_size
        with archive.open(entry) as source, target.open("xb") as file:
            while block := source.read(BLOCK):
                left -= len(block)
                if left < 0:
                    raise zipfile.BadZipFile
                found.update(block)
                file.write(block)
        blob = BLOB.fullmatch(entry.orig_filename)
        if left or (blob and blob[2] != found.hexdigest()):
            raise UserError("A file in the archive is not what its name says.", "Export the project again, and import that file.")


def _look_over(arrived: Project) -> None:
    """Raise `UserError` where what the database or a run says leads outside, cannot be read, or does not fit what came with it."""
    try:
        arrived.recipe()
        left_at_home(arrived)
        arrived.deleted_themes()
        _read_all(arrived)
        sound = all(SHA.fullmatch(name) for file in arrived.files() for name in (file.sha256, file.recognised))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        sound = False
    if not sound:
        raise arrival.FOREIGN
    for run in runs.runs(arrived):
        if not all(known(f"runs/{run.id}/{name}") for name in run.sealed()) or run.damaged():
            raise UserError(f"The run {run.id} in the archive is damaged.", "Export the project again, and import that file.")
        for model in (run.folder / "model", run.folder / "reranker", run.given):
            if model.is_dir():
                models.check(model)


def _read_all(arrived: Project) -> None:
    """Read every row as its record, so that what a page would stumble over is found before the project is one."""
    with arrived.read() as db:
        for table, kind in RECORDS.items():
            total = db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for start in range(0, total, ROWS):
                store.select(db, kind, f"SELECT * FROM {table} LIMIT ? OFFSET ?", (ROWS, start))
        for (text,) in db.execute("SELECT evaluation FROM evaluations"):
            store.from_plain(Evaluation, json.loads(text)).verdict.word  # noqa: B018  a list would have neither
