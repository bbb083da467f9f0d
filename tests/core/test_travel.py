"""A project travels whole, and an archive that holds anything else leaves nothing behind."""

from __future__ import annotations

import hashlib
import sqlite3
import stat
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core import project as projects
from core import travel
from core.errors import UserError
from core.project import Project
from core.recipe import dump, parse
from core.recipe.leaving import without_places
from core.runs.folder import Run
from core.runs.record import RunInfo
from core.schema import Part, Region, RunState, RunStatus, TestQuestion
from core.store.tables import VERSION
from tests import tiny
from tests.core.test_versions import OLD, made_by
from tests.filled import fill, holding

RUN = "20260101-000000-0000"


@pytest.fixture
def full(project: Project) -> Project:
    """Make a project with passages, pairs, a blob and a sealed run, whose log names a folder."""
    fill(project, 10)
    question = TestQuestion("qp1", "Which?", "dp1", 0, 5, "columns", people=True)
    project.freeze([Region("dp1", 0, 5, Part.TEST), Region("dp2", 3, 9, Part.DEV)], [question], "First split")
    project.put_blob(b"a document")
    run = Run(project.folder / "runs" / RUN)
    (run.folder / "model" / "1_Pooling").mkdir(parents=True)
    (run.folder / "model" / "model.safetensors").write_bytes(b"weights" * 100)
    (run.folder / "model" / "1_Pooling" / "config.json").write_text("{}")
    (run.folder / "model" / "config.json").write_text("{}")
    (run.folder / "log.txt").write_text(str(run.folder))
    tiny.dataset(20).write(run.folder / "data")
    run.write("run.json", RunInfo("train"))
    run.write_status(RunStatus(RunState.DONE))
    run.seal()
    return project


def packed(project: Project, tmp_path: Path) -> Path:
    return travel.pack(project, tmp_path / "packed.zip").path


def changed(source: Path, name: str, data: bytes | None, entry: zipfile.ZipInfo | None = None) -> Path:
    """Return the archive with one entry put in (in the place of the one of that name), or left out."""
    target = source.with_name("changed.zip")
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for one in old.namelist():
            if one != name:
                new.writestr(one, old.read(one))
        if data is not None:
            new.writestr(entry or name, data)
    return target


def refused(path: Path, match: str, limits: travel.Limits = travel.LIMITS) -> None:
    before = sorted(projects.home().iterdir())
    with pytest.raises(UserError, match=match):
        travel.unpack(path, limits)
    assert [p for p in sorted(projects.home().iterdir()) if p.name != ".arriving.lock"] == [p for p in before if p.name != ".arriving.lock"]


def test_a_project_arrives_as_it_left(full: Project, tmp_path: Path) -> None:
    came = travel.unpack(packed(full, tmp_path))
    assert came.id != full.id and came.name == "Test (2)"
    assert (came.chunks(), came.pairs(), came.files()) == (full.chunks(), full.pairs(), full.files())
    assert came.blob(hashlib.sha256(b"a document").hexdigest()).read_bytes() == b"a document"
    assert Run(came.folder / "runs" / RUN).complete


def test_no_path_of_this_machine_is_in_it(full: Project, tmp_path: Path) -> None:
    with zipfile.ZipFile(packed(full, tmp_path)) as archive:
        assert all(travel.known(name) for name in archive.namelist())
        assert not [name for name in archive.namelist() if str(tmp_path).encode() in archive.read(name)]


def test_a_recipe_names_no_folder_of_this_machine(full: Project, tmp_path: Path) -> None:
    place = str(tmp_path / "secret place" / "my-model")
    (tmp_path / "secret place").mkdir()
    data = {"train": {"name": str(tmp_path / "secret place" / "rows.csv")}}
    lessons = [{"type": "similarity", "datasets": data, "distillation": {"teacher": {"name": place}}}]
    changed = parse({"train": {"base_model": place, "output_dir": place, "objectives": lessons, "run_name": "a/b"}})
    full.save_recipe(train=changed.train)
    run = Run(full.folder / "runs" / RUN)
    (run.folder / "recipe.yaml").write_text(dump(changed))
    run.write("result.json", {"base_model": place})
    run.seal()
    path = packed(full, tmp_path)
    with zipfile.ZipFile(path) as archive:
        assert not [name for name in archive.namelist() if b"secret place" in archive.read(name)]
    came = travel.unpack(path)
    assert (came.recipe().train.base_model, came.recipe().train.output_dir, came.recipe().train.run_name) == ("my-model", "", "a/b")
    assert travel.left_at_home(came) == ("my-model", "rows.csv")
    assert Run(came.folder / "runs" / RUN).recipe().train.objectives[0].datasets.train.name == "rows.csv"
    assert full.recipe().train.base_model == place


@pytest.mark.parametrize("name", ["sentence-transformers/all-MiniLM-L6-v2", "owner/model", "project:My notes / 2026", "bert-base", ""])
def test_a_name_that_is_no_place_stays(name: str) -> None:
    plain = {"train": {"base_model": name}}
    assert without_places(plain) == (plain, ())


@pytest.mark.parametrize("name", ["/models/mine", "~/mine", "./mine", "..\\mine", "C:\\models\\mine", "data/deep/mine", "my data/mine"])
def test_a_place_is_named_by_its_folder(name: str) -> None:
    assert without_places({"train": {"base_model": name}}) == ({"train": {"base_model": "mine"}}, ("mine",))


def test_what_was_deleted_stays_behind(full: Project, tmp_path: Path) -> None:
    full.set_meta("secret", "a word that was taken back")
    with full.write() as db:
        db.execute("DELETE FROM meta WHERE key = 'secret'")
    with zipfile.ZipFile(packed(full, tmp_path)) as archive:
        assert b"taken back" not in archive.read("project.db")


def test_the_size_is_told_before_anything_is_written(full: Project, tmp_path: Path) -> None:
    before = travel.size(full)
    assert 0 < travel.pack(full, tmp_path / "packed.zip").size < before
    full.put_blob(b"\0" * 100_000)
    assert travel.size(full) >= before + 100_000


def test_a_run_at_work_stays(full: Project, tmp_path: Path) -> None:
    with holding(full.folder / "runs" / RUN / "lock"):
        done = travel.pack(full, tmp_path / "packed.zip")
    assert done.stayed == (RUN,)
    with zipfile.ZipFile(done.path) as archive:
        assert not [name for name in archive.namelist() if name.startswith("runs/")]


def test_a_link_is_not_followed(full: Project, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("not ours")
    name = "ab" + "0" * 62
    (full.folder / "blobs" / "ab").mkdir(exist_ok=True)
    (full.folder / "blobs" / "ab" / name).symlink_to(tmp_path / "outside")
    with zipfile.ZipFile(packed(full, tmp_path)) as archive:
        assert f"blobs/ab/{name}" not in archive.namelist()


@pytest.mark.parametrize(
    "name",
    [
        "../evil.db", "/etc/evil", "C:/evil", "C:evil", "blobs/../../evil", "blobs\\evil", "runs/./x", "evil.py", "embeddings/x.npy",
        f"runs/{RUN}/model/optimizer.pt", f"runs/{RUN}/model/pytorch_model.bin", f"runs/{RUN}/model/x.pkl", f"runs/{RUN}/lock",
        f"runs/{RUN}/model/../../../../evil.json", "PROJECT.DB", "project.db ", "blobs/aa/",
    ],
)  # fmt: skip
def test_an_entry_that_is_no_part_of_a_project_is_refused(full: Project, tmp_path: Path, name: str) -> None:
    refused(changed(packed(full, tmp_path), name, b"x"), "no part of a project")


def test_a_link_in_the_archive_is_refused(full: Project, tmp_path: Path) -> None:
    entry = zipfile.ZipInfo(f"runs/{RUN}/model/vocab.txt")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    refused(changed(packed(full, tmp_path), entry.filename, b"/etc/passwd", entry), "no part of a project")


def test_a_file_that_is_there_twice_is_refused(full: Project, tmp_path: Path) -> None:
    path = packed(full, tmp_path)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning):
        archive.writestr("project.db", b"other")
    refused(path, "twice")


@pytest.mark.parametrize(
    ("limits", "match"),
    [
        (travel.Limits(files=3), "is the most"),
        (travel.Limits(size=1000), "would take"),
        (travel.Limits(swelling=1, always=0), "would take"),
    ],
)
def test_sizes_are_bounded(full: Project, tmp_path: Path, limits: travel.Limits, match: str) -> None:
    refused(packed(full, tmp_path), match, limits)


def test_an_entry_that_swells_beyond_what_it_declares_is_refused(full: Project, tmp_path: Path) -> None:
    name = f"runs/{RUN}/model/vocab.txt"
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(packed(full, tmp_path)) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for one in old.namelist():
            new.writestr(one, old.read(one))
        new.writestr(name, b"0" * 5_000_000)
    size, lie = (5_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(size, lie))
    refused(path, "no whole .zip")


def test_a_blob_is_what_its_name_says(full: Project, tmp_path: Path) -> None:
    name = "blobs/ab/ab" + "0" * 62
    refused(changed(packed(full, tmp_path), name, b"other"), "not what its name says")


def test_a_model_that_was_changed_is_refused(full: Project, tmp_path: Path) -> None:
    refused(changed(packed(full, tmp_path), f"runs/{RUN}/model/model.safetensors", b"other"), "damaged")


def test_a_model_that_could_run_code_is_refused(full: Project, tmp_path: Path) -> None:
    run = Run(full.folder / "runs" / RUN)
    (run.folder / "model" / "modules.json").write_text('[{"type": "own.code.Module", "path": ""}]')
    run.seal()
    refused(packed(full, tmp_path), "code of its own")


def run_sql(statement: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with closing(sqlite3.connect(path)) as db:
            db.executescript(statement)

    return change


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER t AFTER INSERT ON meta BEGIN DELETE FROM pairs; END",
        "CREATE VIEW v AS SELECT * FROM pairs",
        "CREATE TABLE other (a TEXT)",
        "CREATE INDEX other ON pairs(lower(query))",
        "ALTER TABLE meta ADD COLUMN more TEXT AS (key || value)",
        "DROP INDEX pairs_order",
        "DROP TABLE doubts",
        "PRAGMA user_version=0",
        "UPDATE files SET sha256 = '../../../etc/passwd'",
        "INSERT OR REPLACE INTO meta VALUES ('recipe', 'no json')",
        "UPDATE pairs SET state = 'unheard of'",
        "UPDATE documents SET fields = 'no json'",
        "INSERT INTO evaluations VALUES ('r', 'd', 1.0, '[1, 2]')",
    ],
)
def test_a_database_that_is_not_ours_is_refused(full: Project, tmp_path: Path, statement: str) -> None:
    refused(with_database(full, tmp_path, run_sql(statement)), "no project has")


def test_a_newer_project_is_not_taken_in(full: Project, tmp_path: Path) -> None:
    refused(with_database(full, tmp_path, run_sql(f"PRAGMA user_version={VERSION + 1}")), "newer Attune")


def test_a_broken_database_is_refused(full: Project, tmp_path: Path) -> None:
    refused(with_database(full, tmp_path, lambda path: path.write_bytes(path.read_bytes()[:5000])), "damaged")  # type: ignore[arg-type, return-value]


def test_an_older_project_arrives_up_to_date(home: Path, tmp_path: Path) -> None:
    old = made_by(OLD[0], tmp_path / "abcdefabcdef")
    with zipfile.ZipFile(tmp_path / "old.zip", "w") as archive:
        archive.write(old.folder / "project.db", "project.db")
    came = travel.unpack(tmp_path / "old.zip")
    assert (came.name, len(came.pairs())) == ("Old", 1)


def test_what_is_no_archive_is_refused(full: Project, tmp_path: Path) -> None:
    whole = packed(full, tmp_path).read_bytes()
    for data in (b"", b"PK", whole[: len(whole) // 2]):
        (tmp_path / "cut.zip").write_bytes(data)
        refused(tmp_path / "cut.zip", "no whole .zip")


def with_database(project: Project, tmp_path: Path, change: Callable[[Path], None]) -> Path:
    """Return the packed project with its database changed."""
    whole = packed(project, tmp_path)
    path = tmp_path / "changed.db"
    with zipfile.ZipFile(whole) as archive:
        path.write_bytes(archive.read("project.db"))
    change(path)
    return changed(whole, "project.db", path.read_bytes())


NAMES = st.lists(st.sampled_from(["..", ".", "", "a", "b.txt", "C:", "\\", "x ", "runs"]) | st.text(max_size=4), max_size=5).map("/".join)


@settings(max_examples=300, deadline=None)
@given(NAMES)
@example("a/../b")
@example("C:a")
@example("//host/share/a")
@example("a\\..\\..\\b")
def test_a_name_that_is_let_in_stays_in_its_folder(name: str) -> None:
    if travel.inside(name):
        posix, windows = PurePosixPath(name), PureWindowsPath(name)
        assert str(posix) == name and windows.as_posix() == name
        assert not posix.is_absolute() and not windows.drive and not windows.root
        assert ".." not in posix.parts and ".." not in windows.parts
