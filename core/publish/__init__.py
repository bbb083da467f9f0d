"""Publish a tuned model: the exact list of files, the push in a child process, and the proof that the hub holds those bytes."""

from __future__ import annotations

import contextlib
import json
import logging
import re
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from core.digest import file_sha256
from core.errors import UserError
from core.models import files as modelfiles
from core.project import Project
from core.publish import card as cards
from core.publish.push import Order
from core.runs.folder import Run
from core.runs.launch import ROOT, environment
from core.schema import Progress, Publication, silent
from core.secrets import origin, redact

HUB = "https://huggingface.co"
CARD = "README.md"
# All that a sentence-transformers model is loaded from. Everything else in a run's folder (training_args.bin, optimizer and
# checkpoints, logs, COMPLETE.json, pickles, a README.md that a library wrote) stays at home.
NAMES = frozenset(
    [
        "modules.json",
        modelfiles.ROUTES,
        "config.json",
        "config_sentence_transformers.json",
        "sentence_bert_config.json",
        "generation_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "added_tokens.json",
        "vocab.txt",
        "vocab.json",
        "merges.txt",
        "unigram.json",
        "spiece.model",
        "tokenizer.model",
        "sentencepiece.bpe.model",
        "preprocessor_config.json",
        "processor_config.json",
        "chat_template.jinja",
    ]
)
WEIGHTS = re.compile(r"model(-\d{5}-of-\d{5})?\.safetensors(\.index\.json)?")
REPO = re.compile(r"([A-Za-z0-9][\w.-]{0,95}/)?[A-Za-z0-9]([\w.-]{0,94}[A-Za-z0-9])?", re.ASCII)


class Listed(NamedTuple):
    """One file that is published: its path in the repository, its bytes and their SHA-256."""

    path: str
    size: int
    sha256: str


def files(model_folder: Path, card: str = "") -> list[Listed]:
    """Return exactly the files that are published or exported, sorted; README.md is the `card`, never one from the folder.

    Raises `UserError` where the folder holds no whole model, or a link in the place of a file.
    """
    found = [Listed(path, (model_folder / path).stat().st_size, file_sha256(model_folder / path)) for path in _paths(model_folder)]
    if card:
        data = card.encode()
        found.append(Listed(CARD, len(data), sha256(data).hexdigest()))
    return sorted(found)


def publish(
    project: Project,
    run_id: str,
    repo: str,
    token: str,
    *,
    private: bool = True,
    endpoint: str | None = None,
    progress: Progress = silent,
    add: bool = False,
    timeout: float | None = None,
) -> Publication:
    """Send a run's model and its card to `repo` ("name" or "owner/name") in one commit, read it back, and write it down.

    A repository that this project has not published to must be new or empty, unless `add`. `timeout` is in seconds; by
    default it grows with the model's size. Raises `UserError`; the token is in none.
    """
    place = _endpoint(endpoint or HUB)
    model = _whole_model(project, run_id)
    order = _order(project, model, repo.strip(), place, private, add, cards.for_run(project, run_id, repo.strip()))
    sizes = sum(listed.size for listed in files(model))
    told = _push(order, token, timeout or 300 + sizes / 200_000, progress)
    published = Publication(run_id, told["repo"], told["url"], told["commit"], told["private"], order.files, time.time())
    project.save_publication(published)
    progress(1.0, "Published, and read back unchanged")
    return published


def _paths(model_folder: Path) -> list[str]:
    if not (model_folder / "modules.json").is_file():
        raise UserError("There is no whole model in this folder.", "Train one, or choose another run.")
    places = {model_folder: "", **{place: kind for kind, place in modelfiles.modules(model_folder)}}
    found = []
    for folder, kind in sorted(places.items()):
        if kind.endswith(".Normalize") and not folder.exists():
            continue  # it has nothing to keep: models of the hub come without its folder, and so does a base that was kept
        if not folder.resolve().is_relative_to(model_folder.resolve()) or not folder.is_dir():
            raise UserError("A part of the model is missing, or lies outside its folder.", "Train it again, or choose another run.")
        for file in sorted(folder.iterdir()):
            if file.name in NAMES or WEIGHTS.fullmatch(file.name):
                if file.is_symlink() or not file.is_file():
                    raise UserError(f"{file.name} is not a plain file.", "Train the model again, or choose another run.")
                found.append(file.relative_to(model_folder).as_posix())
    if not any(path.endswith(".safetensors") for path in found):
        raise UserError("The model has no weights in the safetensors format.", "Train it again, or choose another run.")
    return found


def _whole_model(project: Project, run_id: str) -> Path:
    run = Run(project.folder / "runs" / run_id)
    model = run.model if run_id and run.folder.parent == project.folder / "runs" else None
    if model is None:
        raise UserError("This run has no complete model.", "Resume it, or choose another run.")
    if damaged := [name for name in run.damaged() if name.startswith("model/")]:
        raise UserError(f"The model was changed since it was made ({damaged[0]}).", "Train it again, or choose another run.")
    return model


def _endpoint(url: str) -> str:
    clean = url.strip().rstrip("/")
    if not origin(clean) or not clean.startswith(("http://", "https://")) or "@" in clean or "?" in clean:
        raise UserError("This is not the address of a model hub.", f"It looks like {HUB}, without a name or a key in it.")
    return clean


def _order(project: Project, model: Path, repo: str, endpoint: str, private: bool, add: bool, card: str) -> Order:
    if not REPO.fullmatch(repo) or "--" in repo or ".." in repo or repo.endswith(".git"):
        raise UserError("This is not a name that a hub takes.", "Use letters, digits, - _ and . , such as my-model or my-team/my-model.")
    before = [p for p in project.publications() if origin(p.url) == origin(endpoint) and repo in (p.repo, p.repo.rpartition("/")[2])]
    known = {path for publication in before for path in publication.files}
    listed = {file.path: file.sha256 for file in files(model, card)}
    message = "Add a tuned embedding model" if not before else "Add a newer version of the model"
    return Order(endpoint, repo, private, str(model), listed, card, message, add or bool(before), tuple(sorted(known)))


def _push(order: Order, token: str, timeout: float, progress: Progress) -> dict[str, Any]:
    """Run the child, hand over the order and the token, and return what it says at the end."""
    token = token.strip()
    if not token or not token.isascii() or not token.isprintable():
        raise UserError("There is no token.", "Paste one of the hub's access tokens that may write.")
    with tempfile.TemporaryDirectory(prefix="attune-") as aside:
        switches = {"HF_HUB_OFFLINE": "0", "HF_HOME": aside, "HF_HUB_ETAG_TIMEOUT": "30", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
        child = subprocess.Popen(
            [sys.executable, "-m", "core.publish.push"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env={**environment(), **switches},
            start_new_session=True,
        )
        overdue = threading.Event()

        def end() -> None:
            overdue.set()
            child.kill()

        late = threading.Timer(timeout, end)
        late.start()
        try:
            said = _listen(child, json.dumps({**asdict(order), "token": token}), progress)
        finally:
            late.cancel()
            child.kill()
            child.wait()
    if "done" in said:
        return dict(said["done"])
    again = "Publish again: what is there already is not sent twice."
    if "error" in said:
        raise UserError(*(redact(words, [token]) for words in said["error"]))
    if overdue.is_set():
        raise UserError(f"The hub took longer than {timeout:.0f} s.", again)
    logging.getLogger(__name__).error("The push ended early: %s", redact(said.get("trace", "killed"), [token]))
    raise UserError("The push ended before it was done.", f"{again} The log says more.")


def _listen(child: subprocess.Popen[bytes], order: str, progress: Progress) -> dict[str, Any]:
    """Pass on the child's progress and return its last word, empty when it left without one."""
    assert child.stdin is not None
    assert child.stdout is not None
    last: dict[str, Any] = {}
    with contextlib.suppress(BrokenPipeError), child.stdin as stdin:
        stdin.write(order.encode())
    with child.stdout as stdout:
        for line in stdout:
            said = json.loads(line)
            if "progress" in said:
                progress(*said["progress"])
            else:
                last = said
    return last
