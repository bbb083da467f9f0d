"""The Chroma index: right answers, one owner, and nothing opened that was not sealed by ourselves."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core import search
from core.search import index
from tests.conftest import ROOT


def _unit(count: int, seed: int = 1, dimension: int = 24) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


IDS = [f"chunk-{i}" for i in range(300)]
VECTORS = _unit(300)
NAME = "c-" + "0" * 40


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "index"
    index.close_all()


@pytest.fixture
def opened(folder: Path) -> index.Index:
    made = index.open_index(folder)
    assert made is not None
    return made


def test_it_finds_what_exact_search_finds(opened: index.Index) -> None:
    assert opened.build(NAME, IDS, VECTORS)
    queries = _unit(20, seed=2)
    ids, scores = search.exact(queries, VECTORS, 5)
    for query, right, score in zip(queries, ids, scores, strict=True):
        found = opened.search(NAME, query, 5)
        assert found is not None
        assert [chunk for chunk, _ in found] == [IDS[i] for i in right]
        assert [value for _, value in found] == pytest.approx(score.tolist(), abs=1e-4)


def test_what_was_never_built_is_not_answered(opened: index.Index) -> None:
    assert opened.search(NAME, VECTORS[0], 5) is None


def test_it_is_there_again_after_closing(folder: Path, opened: index.Index) -> None:
    opened.build(NAME, IDS, VECTORS)
    opened.close()
    again = index.open_index(folder)
    assert again is not None
    assert again is not opened
    assert again.search(NAME, VECTORS[7], 1) == [("chunk-7", pytest.approx(1.0, abs=1e-4))]


@pytest.mark.parametrize("damage", ["changed", "shorter", "gone", "seal"])
def test_a_damaged_folder_is_never_opened_but_built_anew(folder: Path, opened: index.Index, damage: str) -> None:
    opened.build(NAME, IDS, VECTORS)
    opened.close()
    victim = max((p for p in folder.rglob("*") if p.is_file() and p.name != "seal.json"), key=lambda p: p.stat().st_size)
    if damage == "seal":
        (folder / "seal.json").write_text("{")
    elif damage == "gone":
        victim.unlink()
    else:
        data = victim.read_bytes()
        victim.write_bytes(data[: len(data) // 2] if damage == "shorter" else bytes(len(data)))
    again = index.open_index(folder)
    assert again is not None
    assert list(folder.iterdir()) == []
    assert again.search(NAME, VECTORS[0], 1) is None
    assert again.build(NAME, IDS, VECTORS)
    assert again.search(NAME, VECTORS[0], 1)


def test_a_folder_copied_from_elsewhere_is_emptied_unopened(folder: Path, opened: index.Index, tmp_path: Path) -> None:
    opened.build(NAME, IDS, VECTORS)
    opened.close()
    copy = tmp_path / "other" / "index"
    shutil.copytree(folder, copy)
    found = index.open_index(copy)
    assert found is not None
    assert not found.ready(NAME)
    assert list(copy.iterdir()) == []


def test_files_that_break_while_open_lead_to_exact_search_and_a_new_index(folder: Path, opened: index.Index) -> None:
    opened.build(NAME, IDS, VECTORS)
    opened.close()
    again = index.open_index(folder)
    assert again is not None
    for file in folder.rglob("*.sqlite3"):
        file.write_bytes(b"no database" * 1000)
    assert again.search(NAME, VECTORS[0], 3) is None
    assert not again.ready(NAME)
    assert again.build(NAME, IDS, VECTORS)
    assert again.search(NAME, VECTORS[3], 1) == [("chunk-3", pytest.approx(1.0, abs=1e-4))]


def test_a_killed_owner_leaves_nothing_that_is_trusted(folder: Path) -> None:
    child = multiprocessing.get_context("spawn").Process(target=_build_and_die, args=(folder,))
    child.start()
    child.join()
    assert child.exitcode == -9
    assert list(folder.iterdir()) != []
    found = index.open_index(folder)
    assert found is not None
    assert not found.ready(NAME)


def _build_and_die(folder: Path) -> None:
    index.open_index(folder).build(NAME, IDS, VECTORS)
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_second_process_is_told_to_search_exactly(folder: Path, opened: index.Index) -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(_is_owned_elsewhere, (folder,))


def _is_owned_elsewhere(folder: Path) -> bool:
    return index.open_index(folder) is None


def test_one_process_has_one_index_for_a_folder(folder: Path, opened: index.Index, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    assert index.open_index(tmp_path / "link" / "index") is opened


def test_more_passages_than_one_batch_are_all_there(opened: index.Index) -> None:
    vectors = _unit(2 * index.BATCH + 5, seed=3)
    seen: list[float] = []
    assert opened.build(NAME, [str(i) for i in range(len(vectors))], vectors, lambda fraction, text: seen.append(fraction))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert opened.search(NAME, vectors[-1], 1) == [(str(len(vectors) - 1), pytest.approx(1.0, abs=1e-4))]


def test_filling_in_the_background_ends_ready_and_only_once(opened: index.Index) -> None:
    for _ in range(3):
        opened.fill(NAME, IDS, VECTORS)
    opened.wait()
    assert opened.ready(NAME)
    assert opened.filling(NAME) is None


def test_searches_and_builds_from_many_threads_agree(opened: index.Index) -> None:
    opened.build(NAME, IDS, VECTORS)
    wrong: list[object] = []

    def ask(offset: int) -> None:
        for i in range(offset, 300, 30):
            found = opened.search(NAME, VECTORS[i], 1)
            if not found or found[0][0] != IDS[i]:
                wrong.append((i, found))

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(5)]
    threads.append(threading.Thread(target=opened.build, args=("c-" + "1" * 40, IDS, VECTORS)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_the_oldest_collections_make_room(opened: index.Index) -> None:
    names = [f"c-{i:040d}" for i in range(index.COLLECTIONS + 2)]
    for name in names:
        assert opened.build(name, IDS[:5], VECTORS[:5])
    assert [opened.ready(name) for name in names] == [False] * 2 + [True] * index.COLLECTIONS


def test_a_deleted_project_closes_without_a_word(folder: Path, opened: index.Index) -> None:
    opened.build(NAME, IDS, VECTORS)
    shutil.rmtree(folder)
    index.close_index(folder)
    assert not folder.exists()


def test_where_chroma_cannot_be_imported_search_is_exact(folder: Path, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("ALLOW_RESET=nonsense\n")  # Chroma reads it on import, whatever we say
    code = f"from pathlib import Path; from core.search import index; import numpy as np; i = index.open_index(Path({str(folder)!r}));"
    code += "v = np.eye(3, dtype=np.float32); print(i.build('c-000', list('abc'), v), i.search('c-000', v[0], 1))"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert ran.stdout == "False None\n", ran.stderr


def test_where_nothing_may_be_written_search_is_exact(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert index.open_index(tmp_path / "file" / "index") is None


def test_no_settings_are_read_from_the_current_folder(folder: Path, opened: index.Index, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / ".env").write_text("ALLOW_RESET=true\n")
    monkeypatch.chdir(tmp_path)
    opened.build(NAME, IDS, VECTORS)
    assert opened._client.get_settings().allow_reset is False
