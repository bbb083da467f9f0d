"""The Chroma index of a project's passages: fast, in one process, derived from the stored vectors, rebuilt on any doubt.

Chroma's folder belongs to one process, crashes the process that opens a damaged file, and names code to load; so a folder
is opened only when this very folder was sealed (all hashes) by its last owner, and is thrown away otherwise.
"""

from __future__ import annotations

import atexit
import contextlib
import threading
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from core.digest import digest, fresh_id
from core.disk import lock, seal
from core.embeddings import shard_key
from core.models import Encoder, Vectors
from core.schema import Progress, silent

if TYPE_CHECKING:
    from chromadb.api import ClientAPI

HNSW = {"hnsw": {"space": "cosine", "ef_construction": 200, "max_neighbors": 32, "ef_search": 200}}  # recall .98 on random vectors
BATCH = 1000
COLLECTIONS = 6  # the oldest beyond these are dropped
T = TypeVar("T")

_open: dict[Path, Index] = {}
_opening = threading.Lock()


def key(encoder: Encoder, chunk_ids: Sequence[str]) -> str:
    """Return the name of the collection of these chunks under this model."""
    return f"c-{digest(shard_key(encoder, 'document'), list(chunk_ids))[:40]}"


class Index:
    """The index in one folder; get it by `open_index`. Safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._client: ClientAPI | None = None
        self._place = folder  # a new one for every start from nothing: Chroma remembers paths
        self._complete: dict[str, int] = {}
        self._calls, self._builds = threading.RLock(), threading.Lock()
        self._closed = False
        self._filling: dict[str, float] = {}
        self._threads: list[threading.Thread] = []
        if sealed := seal.open_once(folder, version("chromadb")):
            self._place, self._complete = sealed
        else:
            seal.clear(folder)

    def ready(self, name: str) -> bool:
        """Say whether the collection is there, whole."""
        return not self._closed and name in self._complete

    def filling(self, name: str) -> float | None:
        """Return the fraction of a collection that is built by now, or None when nobody is building it."""
        return self._filling.get(name)

    def search(self, name: str, query: Vectors, k: int) -> list[tuple[str, float]] | None:
        """Return (id, cosine) of the k nearest passages, nearest first, or None when the index cannot answer: search exactly.

        `query` is one vector (d,). An error of Chroma's throws the whole index away.
        """
        return self._guarded(lambda: self._query(name, query, k)) if self.ready(name) else None

    def _query(self, name: str, query: Vectors, k: int) -> list[tuple[str, float]] | None:
        with self._calls:
            if not self.ready(name):
                return None
            count = min(k, self._complete[name])
            found = self._collection(name).query(query_embeddings=query.reshape(1, -1), n_results=count, include=["distances"])
        distances = (found["distances"] or [[]])[0]
        return [(chunk, 1.0 - float(distance)) for chunk, distance in zip(found["ids"][0], distances, strict=True)]

    def build(self, name: str, ids: Sequence[str], vectors: Vectors, progress: Progress = silent) -> bool:
        """Put vectors (n, d) in under their ids and call the collection complete; return False where Chroma cannot.

        A collection that is complete stays as it is. A failed build is tried once more in an empty folder.
        """
        with self._builds:
            try:
                return any(self.ready(name) or bool(self._guarded(lambda: self._build(name, ids, vectors, progress))) for _ in range(2))
            finally:
                self._filling.pop(name, None)

    def _build(self, name: str, ids: Sequence[str], vectors: Vectors, progress: Progress) -> bool:
        with self._calls:
            if self._closed:
                return False
            client = self._connected()
            for old in list(self._complete)[: max(0, len(self._complete) - COLLECTIONS + 1)]:
                self._complete.pop(old)
                client.delete_collection(old)
            if name in {collection.name for collection in client.list_collections()}:
                client.delete_collection(name)  # left unfinished by a build that was stopped
            client.create_collection(name, configuration=HNSW, embedding_function=None)  # type: ignore[arg-type]
            size = min(BATCH, client.get_max_batch_size())
        for start in range(0, len(ids), size):
            with self._calls:  # let go between batches, so that searches of other collections go on
                if self._closed:
                    return False
                self._collection(name).upsert(ids=list(ids[start : start + size]), embeddings=vectors[start : start + size])
            self._filling[name] = min(1.0, (start + size) / len(ids))
            progress(self._filling[name], f"{min(start + size, len(ids))} of {len(ids)} passages in the index")
        with self._calls:
            if self._collection(name).count() != len(ids):
                raise RuntimeError("the index holds another number of passages than it was given")
            self._complete[name] = len(ids)
        return True

    def fill(self, name: str, ids: Sequence[str], vectors: Vectors) -> None:
        """Build a collection in a thread of its own, unless that is done or under way."""
        with self._calls:
            if self._closed or self.ready(name) or name in self._filling or not len(ids):
                return
            self._filling[name] = 0.0
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            self._threads.append(threading.Thread(target=self.build, args=(name, ids, vectors), daemon=True))
            self._threads[-1].start()

    def wait(self) -> None:
        """Wait until every collection that is being filled is done."""
        for thread in self._threads:
            thread.join()

    def close(self) -> None:
        """Close Chroma and seal the folder; nothing is answered any more."""
        self._closed = True
        self.wait()
        with self._calls:
            self._release()
            _open.pop(self.folder, None)
            with contextlib.suppress(OSError):  # the project was deleted meanwhile, or the disk is full: then it is rebuilt
                self._seal()

    def _seal(self) -> None:
        if self._complete:
            seal.close(self.folder, self._place, self._complete, version("chromadb"))

    # --- Chroma itself ---

    def _connected(self) -> ClientAPI:
        if self._client is None:
            import chromadb
            from chromadb.config import Settings

            if self._place == self.folder:
                self._place = self.folder / fresh_id()
                self._place.mkdir()
            settings = Settings(_env_file=None, anonymized_telemetry=False)  # type: ignore[call-arg]  # no .env of the current folder
            self._client = chromadb.PersistentClient(str(self._place), settings=settings)
        return self._client

    def _collection(self, name: str) -> Any:
        return self._connected().get_collection(name, embedding_function=None)

    def _guarded(self, call: Callable[[], T]) -> T | None:
        """Return what the call returns, or None after throwing the index away because Chroma failed."""
        try:
            from chromadb.errors import ChromaError
        except (ImportError, OSError, ValueError, RuntimeError):  # an old SQLite, or a .env in the current folder that it chokes on
            return None
        try:
            return call()
        except (ChromaError, OSError, ValueError, AttributeError, KeyError, RuntimeError):
            with self._calls, contextlib.suppress(OSError):
                self._release()
                self._complete = {}
                self._place = self.folder
                seal.clear(self.folder)
            return None

    def _release(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(OSError, ValueError, AttributeError, RuntimeError):
                client.close()  # type: ignore[attr-defined]


def open_index(folder: Path) -> Index | None:
    """Return this process's index in `folder` (made if missing), or None when it cannot have it: search exactly.

    It cannot when another process owns it, or nothing may be written there. The lock lies beside the folder and is this process's until it ends.
    """
    place = folder.resolve()
    with _opening:
        try:
            if place not in _open:
                place.mkdir(parents=True, exist_ok=True)
                if not lock.take(place.with_name(f"{place.name}.lock")):
                    return None
                _open[place] = Index(place)
        except OSError:
            return None
        return _open[place]


def close_index(folder: Path) -> None:
    """Close this process's index in `folder`, if it has one: before a project is deleted."""
    if index := _open.get(folder.resolve()):
        index.close()


@atexit.register
def close_all() -> None:
    """Close and seal every index of this process."""
    for index in list(_open.values()):
        index.close()
