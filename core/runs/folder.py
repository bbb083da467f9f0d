"""One run: what a person can do with it, and what its worker writes into its folder."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from core import jsonfiles
from core.digest import file_sha256
from core.disk import processes
from core.errors import UserError
from core.runs import launch
from core.runs.record import CUT_OFF, ENDED, Record, Seal
from core.schema import RunState, RunStatus

ROOM = 1 << 16  # bytes: the status, and the trace in the log


@dataclass(frozen=True)
class Run(Record):
    """A run on disk."""

    # --- what a person can do with it ---

    def rename(self, name: str) -> None:
        """Give the run a name of a person's own; an empty one gives it its first title back."""
        self.write("about.json", self.about.named(name))

    def annotate(self, note: str) -> None:
        """Keep a note on the run, in place of the one before."""
        self.write("about.json", self.about.noted(note))

    def stop(self) -> None:
        """Ask the run to stop at its next step and to keep the best so far; a waiting run stops at once."""
        (self.folder / "stop").touch()

    def resume(self, secrets: Mapping[str, str] | None = None) -> Run:
        """Go on with a run that was stopped, failed or cut off; do nothing when it is alive already."""
        if self.alive():
            if self.stopping() and self.status().state not in ENDED:
                raise UserError("The run is still stopping.", "Wait a moment, then resume it.")
            return self
        if self.status().state is RunState.DONE:
            raise UserError("The run is done; there is nothing to resume.", "Start a new run to train again.")
        self.clear_leftovers()
        (self.folder / "COMPLETE.json").unlink(missing_ok=True)
        (self.folder / "stop").unlink(missing_ok=True)
        before = self.written() or RunStatus(RunState.QUEUED)
        self.write_status(replace(before, state=RunState.QUEUED, error="", hint="", text="Starting"))
        self.launch(secrets or {})
        return self

    def launch(self, secrets: Mapping[str, str]) -> None:
        """Start a worker on the folder; when one is there already, it goes on alone."""
        launch.launch(self.folder, secrets, self._ended)

    def collect(self, known: Mapping[str, float] | None = None) -> None:
        """Take a finished evaluation into the project that the folder lies in; a second time changes nothing.

        `known` says when the project's evaluation of each run's model was made; without it the project is asked.
        """
        plain = jsonfiles.read(self.folder / "evaluation.json", dict)
        project = self.project
        if plain is None or project is None:
            return
        judged = self.info.of or self.id
        before = (known if known is not None else project.evaluation_times()).get(judged, 0.0)
        if plain.get("made", 0.0) > before and (evaluation := self.evaluation()):
            project.save_evaluation(judged, evaluation)

    def clear_leftovers(self) -> int:
        """End what a worker that died has left of its process group; return how many processes there were."""
        leader = jsonfiles.read(self.folder / "worker.json", processes.Identity)
        # Read first: who wrote it held the lock from before that until it died, so a free lock now means it is dead.
        return 0 if leader is None or self.alive() else processes.end_group(leader)

    def end(self, patience: float = 5.0) -> None:
        """End the run's worker and its children now, without waiting for its next step."""
        self.stop()
        if self.alive() and (leader := jsonfiles.read(self.folder / "worker.json", processes.Identity)):
            processes.end_group(leader, patience)
        self.clear_leftovers()

    def delete(self) -> int:
        """End the run and remove its folder; return the bytes freed (a model that another run was given stays there)."""
        self.end()
        freed = self.freed()
        aside = self.folder.with_name(f".deleted-{self.id}")
        self.folder.rename(aside)
        shutil.rmtree(aside, ignore_errors=True)
        return freed

    # --- what its worker writes ---

    def write_status(self, status: RunStatus) -> None:
        """Replace status.json."""
        self.write("status.json", status)

    def write(self, name: str, record: Any) -> None:
        """Write a record as a JSON file of the folder."""
        jsonfiles.write(self.folder / name, record)

    def add_metric(self, row: Mapping[str, Any]) -> None:
        """Append a row to metrics.jsonl."""
        jsonfiles.append(self.folder / "metrics.jsonl", row)

    def hold_room(self) -> None:
        """Keep a little of the disk, so that a run which fills it can still say so."""
        with contextlib.suppress(OSError):
            (self.folder / "room").write_bytes(bytes(ROOM))

    def give_room(self) -> None:
        """Give back what `hold_room` kept."""
        (self.folder / "room").unlink(missing_ok=True)

    def drop_unfinished(self) -> None:
        """Remove what was being written when its disk was full: it counts for nothing, and takes the room to say so."""
        self.give_room()
        parts = [path for path in (self.folder / "checkpoints").glob("*") if not (path / "COMPLETE.json").exists()]
        for path in [*parts, self.folder / "model.new"]:
            shutil.rmtree(path, ignore_errors=True)

    def seal(self) -> None:
        """Write COMPLETE.json with the SHA-256 of all that the run was given and made: the last thing a run does."""
        kept = ("model", "given", "reranker", "data")
        files = [p for name in kept for p in (self.folder / name).rglob("*") if p.is_file()]
        files += [
            p
            for name in ("recipe.yaml", "run.json", "evaluation.json", "reranking.json", "result.json")
            if (p := self.folder / name).exists()
        ]
        names = {p.relative_to(self.folder).as_posix(): file_sha256(p) for p in sorted(files)}
        self.write("COMPLETE.json", Seal(names))

    def _ended(self, code: int) -> None:
        """Say in the status how a worker died that could not say so itself, and take in what it made."""
        with contextlib.suppress(FileNotFoundError, UserError):  # run or project may be on their way out
            status = self.status()
            if status.state is RunState.INTERRUPTED and not self.stopping():
                killed = "The run was stopped by the system, perhaps because memory ran out." if code == -9 else CUT_OFF
                self.write_status(replace(status, error=killed))
            self.collect()
