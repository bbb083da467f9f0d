"""A run's folder as it is read: how the run stands, what it was given, and what it made, also while it is worked on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core import jsonfiles, recipe
from core.dataset import Dataset
from core.digest import file_sha256
from core.disk import lock
from core.project import Project
from core.runs.about import About
from core.schema import Evaluation, RunState, RunStatus

ENDED = frozenset({RunState.DONE, RunState.STOPPED, RunState.FAILED, RunState.INTERRUPTED})
CUT_OFF = "The run was cut off before it ended."
RESUME = "Resume goes on from the last complete checkpoint."
DAMAGED = RunStatus(RunState.FAILED, error="The run's folder is damaged.", hint="Delete it, or put the missing files back.")


@dataclass(frozen=True)
class RunInfo:
    """What run.json holds: everything about a run that does not change.

    `key` is the hash of all that goes in, so that the same run is known again; `of` is the run whose model is judged.
    """

    kind: str = ""
    title: str = ""
    made: float = 0.0
    project: str = ""
    key: str = ""
    of: str = ""


@dataclass(frozen=True)
class Upload:
    """What upload.json holds: the file that a run was given to take in. Its bytes lie in the project's blobs under `sha256`."""

    name: str
    sha256: str
    people: bool = False  # its questions were asked by people


@dataclass(frozen=True)
class Seal:
    """What COMPLETE.json holds: the files of a finished run with their SHA-256."""

    files: Mapping[str, str]


@dataclass(frozen=True)
class Record:
    """What a run's folder says. Nothing is kept in memory: every question reads the files that its worker writes."""

    folder: Path

    @property
    def id(self) -> str:
        """The run's id, its folder's name: ids sort by the time they were made."""
        return self.folder.name

    @property
    def info(self) -> RunInfo:
        """What run.json says; all empty where it is damaged."""
        return jsonfiles.read(self.folder / "run.json", RunInfo) or RunInfo()

    @property
    def kind(self) -> str:
        """One of pipeline.STAGES: "ingest", "import", "pairs", "gate", "negatives", "train", "evaluate" or "statistics"."""
        return self.info.kind

    @property
    def title(self) -> str:
        """What lists call it: the name that a person gave it, else that of what was started."""
        return self.about.name or self.info.title

    @property
    def about(self) -> About:
        """The name and the note that a person gave it."""
        return jsonfiles.read(self.folder / "about.json", About) or About()

    @property
    def made(self) -> float:
        """When it was started, in seconds since 1970."""
        return self.info.made

    @property
    def project(self) -> Project | None:
        """The project that the folder lies in; None for a copy elsewhere."""
        folder = self.folder.parent.parent
        return Project(folder) if (folder / "project.db").exists() else None

    @property
    def embeddings(self) -> Path:
        """Where vectors are kept: the project's folder for them, or the run's own when it was copied elsewhere."""
        return (self.project.folder if self.project else self.folder) / "embeddings"

    @property
    def given(self) -> Path:
        """The model that an evaluation was given."""
        return self.folder / "given"

    def recipe(self) -> recipe.Recipe:
        """Return the settings that the run was started with."""
        return recipe.load(self.folder / "recipe.yaml")

    def data(self) -> Dataset:
        """Return what the run is trained on and judged by."""
        return Dataset.read(self.folder / "data")

    @property
    def upload(self) -> Upload | None:
        """The file that an import was given."""
        return jsonfiles.read(self.folder / "upload.json", Upload)

    @property
    def prepared(self) -> bool:
        """Say whether the data is there: from then on the run needs nothing outside its folder."""
        return (self.folder / "data" / "data.json").exists()

    # --- how it stands ---

    def alive(self) -> bool:
        """Say whether a worker holds the run's lock."""
        return lock.held(self.folder / "lock")

    def status(self) -> RunStatus:
        """Return how the run stands: what its worker wrote, or interrupted when the worker is gone."""
        alive = self.alive()  # before reading, so that a run which ends in between is not called interrupted
        written = self.written()
        if written is None or not self.kind:
            return DAMAGED
        if alive or written.state in ENDED:
            return written
        return replace(written, state=RunState.INTERRUPTED, error=CUT_OFF, hint=RESUME, seconds_left=None)

    def written(self) -> RunStatus | None:
        """Return the status as its worker wrote it, be it alive or not; None where it is damaged."""
        return jsonfiles.read(self.folder / "status.json", RunStatus)

    def stopping(self) -> bool:
        """Say whether somebody has asked the run to stop."""
        return (self.folder / "stop").exists()

    def metrics(self) -> list[dict[str, Any]]:
        """Return all rows that training wrote; where a resumed run repeated steps, the later attempt counts."""
        rows = jsonfiles.rows(self.folder / "metrics.jsonl")
        return list({(*sorted(row), row.get("step"), row.get("epoch")): row for row in rows}.values())

    def log(self, tail: int = 50) -> str:
        """Return the last lines of the log."""
        return "\n".join(jsonfiles.lines(self.folder / "log.txt")[-tail:])

    # --- what it made ---

    @property
    def complete(self) -> bool:
        """Say whether everything was written: COMPLETE.json is there, and every file that it names."""
        sealed = self.sealed()
        return bool(sealed) and all((self.folder / name).is_file() for name in sealed)

    def sealed(self) -> Mapping[str, str]:
        """Return the files that COMPLETE.json names, with their SHA-256; empty while there is none."""
        return (jsonfiles.read(self.folder / "COMPLETE.json", Seal) or Seal({})).files

    def damaged(self) -> list[str]:
        """Return the sealed files that are gone or no longer what they were."""
        return [n for n, sha in self.sealed().items() if not (self.folder / n).is_file() or file_sha256(self.folder / n) != sha]

    @property
    def model(self) -> Path | None:
        """The folder of the tuned model, once it is complete."""
        folder = self.folder / "model"
        return folder if "model/modules.json" in self.sealed() and self.complete else None

    @property
    def reranker(self) -> Path | None:
        """The folder of the tuned reranker, once it is complete."""
        folder = self.folder / "reranker"
        return folder if "reranker/config.json" in self.sealed() and self.complete else None

    def evaluation(self) -> Evaluation | None:
        """Return the verdict on the run's model with all scores, once it is complete."""
        return jsonfiles.read(self.folder / "evaluation.json", Evaluation) if self.complete else None

    def result(self) -> dict[str, Any]:
        """Return how training ended (the fields of train.TrainResult), empty before."""
        return jsonfiles.read(self.folder / "result.json", dict) or {}

    @property
    def keeps_index(self) -> bool:
        """Say whether the model's vectors of passages are the base's own, so that an index made with the base serves it too."""
        found = self.result()
        return bool(found) and (found.get("share") == 0 or found.get("map") == "queries")

    def size(self) -> int:
        """Return the bytes that the folder takes."""
        return sum(blocks for _, blocks in self._blocks())

    def freed(self) -> int:
        """Return the bytes that deleting the run gives back: those of files that have no other name outside of its folder."""
        return sum(blocks for own, blocks in self._blocks() if own)

    def _blocks(self) -> list[tuple[bool, int]]:
        """Return the bytes of each file, once however many names it has here, and whether all its names are here."""
        found = [path.lstat() for path in self.folder.rglob("*") if path.is_file()]
        here = Counter((stat.st_dev, stat.st_ino) for stat in found)
        once = {(stat.st_dev, stat.st_ino): stat for stat in found}
        return [(here[key] == stat.st_nlink, stat.st_blocks * 512) for key, stat in once.items()]
