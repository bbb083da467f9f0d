"""Publishing: exactly the listed files arrive, privately, proven, and the token stays where it was."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from core import publish, recipe
from core.digest import file_sha256
from core.errors import UserError
from core.project import Project
from core.runs.folder import Run
from core.runs.record import RunInfo
from core.schema import RunState, RunStatus
from tests import tiny
from tests.hub_server import HubServer, Repository

TOKEN = "hf_right"
MODULES = [{"idx": i, "name": str(i), "path": path, "type": "any"} for i, path in enumerate(["", "1_Pooling", "2_Dense"])]
WANTED = {
    "1_Pooling/config.json": b"{}",
    "2_Dense/config.json": b"{}",
    "2_Dense/model.safetensors": b"dense weights",
    "config.json": b"{}",
    "config_sentence_transformers.json": b"{}",
    "model.safetensors": b"weights" * 1000,
    "modules.json": json.dumps(MODULES).encode(),
    "tokenizer.json": b"{}",
    "vocab.txt": b"a\nb\n",
}
UNWANTED = [
    "training_args.bin", "optimizer.pt", "pytorch_model.bin", "scheduler.pt", "rng_state.pth", "trainer_state.json", "COMPLETE.json",
    "README.md", "log.txt", "data.csv", ".env", "2_Dense/notes.txt", "3_Old/model.safetensors", "checkpoints/model.safetensors",
    "model.safetensors.bak", "eval/results.csv",
]  # fmt: skip


@pytest.fixture
def run(project) -> Run:
    """Make a finished run whose model is a folder of a model's names, with what must stay at home beside it."""
    made = Run(project.folder / "runs" / "20260101-000000-0000")
    for name, data in {**WANTED, **dict.fromkeys(UNWANTED, b"private")}.items():
        path = made.folder / "model" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return finish(made)


def finish(run: Run) -> Run:
    tiny.dataset(20).write(run.folder / "data")
    (run.folder / "recipe.yaml").write_text(recipe.dump(recipe.Recipe()))
    run.write("run.json", RunInfo("train"))
    run.write_status(RunStatus(RunState.DONE))
    run.seal()
    return run


def send(project: Project, run: Run, hub: HubServer, repo: str = "ana/model", token: str = TOKEN, **more):
    return publish.publish(project, run.id, repo, token, endpoint=hub.url, **more)


def test_exactly_the_listed_files_are_published(project, run):
    assert [listed.path for listed in publish.files(run.model)] == sorted(WANTED)
    with HubServer() as hub:
        published = send(project, run, hub)
    there = hub.repositories["ana/model"].files
    card = there.pop("README.md")
    assert there == {**WANTED, ".gitattributes": b""}
    assert b"library_name: sentence-transformers" in card and b"private" not in card
    assert len(hub.repositories["ana/model"].commits) == 2  # the empty one and ours
    assert published.commit == hub.repositories["ana/model"].commits[-1] and project.publications() == [published]
    assert published.files["model.safetensors"] == file_sha256(run.model / "model.safetensors")


def test_the_list_shows_size_and_hash_and_our_card_only(run):
    listed = {one.path: one for one in publish.files(run.model, "our card")}
    assert set(listed) == {*WANTED, "README.md"}
    assert listed["README.md"].size == 8 and listed["vocab.txt"] == ("vocab.txt", 4, file_sha256(run.model / "vocab.txt"))


@pytest.mark.parametrize("private", [True, False])
def test_a_repository_is_private_unless_the_person_says_otherwise(project, run, private):
    with HubServer() as hub:
        published = send(project, run, hub, **({} if private else {"private": False}))
    assert hub.repositories["ana/model"].private is published.private is private


def test_a_bare_name_goes_to_the_tokens_owner(project, run):
    with HubServer() as hub:
        assert send(project, run, hub, "model").url == f"{hub.url}/ana/model"


def test_a_newer_version_replaces_what_was_published_before(project, run):
    with HubServer() as hub:
        send(project, run, hub)
        (run.folder / "model" / "vocab.txt").unlink()
        (run.folder / "model" / "2_Dense" / "model.safetensors").write_bytes(b"others")
        run.seal()
        send(project, run, hub)
        there = hub.repositories["ana/model"].files
    assert "vocab.txt" not in there and there["2_Dense/model.safetensors"] == b"others"
    assert len(project.publications()) == 2


def test_the_same_again_changes_nothing_at_the_hub(project, run):
    with HubServer() as hub:
        send(project, run, hub)
        before = dict(hub.repositories["ana/model"].files)
        send(project, run, hub)
    assert hub.repositories["ana/model"].files == before


def test_somebody_elses_repository_is_left_alone_unless_asked(project, run):
    with HubServer() as hub:
        hub.repositories["ana/model"] = Repository(True, {"theirs.txt": b"theirs"})
        with pytest.raises(UserError, match="already"):
            send(project, run, hub)
        assert hub.repositories["ana/model"].files == {"theirs.txt": b"theirs"}
        send(project, run, hub, add=True)
    assert hub.repositories["ana/model"].files["theirs.txt"] == b"theirs"


def test_a_public_repository_takes_no_private_model(project, run):
    with HubServer() as hub:
        hub.repositories["ana/model"] = Repository(False)
        with pytest.raises(UserError, match="is public"):
            send(project, run, hub)
    assert hub.repositories["ana/model"].files == {".gitattributes": b""}


def test_bytes_that_changed_on_the_way_are_noticed(project, run):
    with HubServer() as hub:
        hub.corrupt = "vocab.txt"
        with pytest.raises(UserError, match=r"other bytes.*vocab\.txt"):
            send(project, run, hub)
    assert not project.publications()


@pytest.mark.parametrize(
    ("fault", "at", "words"),
    [
        ("401", 0, "token was not accepted"),
        ("403", 1, "token may not do this"),
        ("500", 1, "hub has trouble"),
        ("429", 0, "slow down"),
        ("413", 4, "of this size"),
        ("drop", 0, "connection to the hub broke"),
    ],
)
def test_what_fails_ends_with_words_and_the_next_step(project, run, fault, at, words, home, caplog):
    with HubServer(fault=fault, at=at) as hub, pytest.raises(UserError, match=words) as caught:
        send(project, run, hub)
    assert caught.value.hint and not project.publications()
    seen = f"{caught.value!r} {caught.value.__context__!r} {caplog.text}".encode() + b"".join(
        p.read_bytes() for p in home.rglob("*") if p.is_file()
    )
    assert TOKEN.encode() not in seen


def test_a_wrong_token_sends_nothing(project, run):
    with HubServer() as hub, pytest.raises(UserError, match="token was not accepted"):
        send(project, run, hub, token="hf_wrong")
    assert hub.requests == ["GET /api/whoami-v2"] and not hub.repositories


def test_a_hub_that_hangs_is_left_after_the_time_limit(project, run):
    with HubServer(fault="hang") as hub, pytest.raises(UserError, match="longer than 2 s"):
        send(project, run, hub, timeout=2)


def test_the_token_is_in_no_file_no_argument_and_no_environment(project, run, home, monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    seen = []

    def look(fraction, text):
        for process in Path("/proc").glob("[0-9]*"):
            try:
                seen.append((process / "cmdline").read_bytes() + (process / "environ").read_bytes())
            except OSError:
                continue

    with HubServer() as hub:
        send(project, run, hub, progress=look)
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert seen and TOKEN.encode() not in b"".join(seen) and TOKEN.encode() not in written


@pytest.mark.parametrize(
    ("repo", "token", "endpoint", "words"),
    [
        ("", TOKEN, None, "name that a hub takes"),
        ("a/b/c", TOKEN, None, "name that a hub takes"),
        ("../model", TOKEN, None, "name that a hub takes"),
        ("ana/model", "", None, "no token"),
        ("ana/model", "hf_\nx", None, "no token"),
        ("ana/model", TOKEN, "http://ana:secret@127.0.0.1", "address of a model hub"),
        ("ana/model", TOKEN, "file:///tmp", "address of a model hub"),
    ],
)
def test_what_cannot_be_sent_is_said_before_anything_is(project, run, repo, token, endpoint, words):
    with pytest.raises(UserError, match=words):
        publish.publish(project, run.id, repo, token, endpoint=endpoint or "http://127.0.0.1:9")


def test_only_a_whole_model_is_published(project, run):
    with HubServer() as hub:
        (run.model / "vocab.txt").write_bytes(b"changed by somebody")
        with pytest.raises(UserError, match="changed since"):
            send(project, run, hub)
        (run.folder / "COMPLETE.json").unlink()
        with pytest.raises(UserError, match="no complete model"):
            send(project, run, hub)
    for run_id in ("", "..", "no-such-run"):
        with pytest.raises(UserError, match="no complete model"):
            publish.publish(project, run_id, "ana/model", TOKEN, endpoint=hub.url)


@pytest.mark.parametrize("path", ["../outside", "/etc", "4_Missing"])
def test_a_part_outside_the_folder_is_refused(run, path):
    (run.folder / "outside").mkdir()
    (run.folder / "model" / "modules.json").write_text(json.dumps([*MODULES, {"path": path}]))
    with pytest.raises(UserError, match="missing, or lies outside"):
        publish.files(run.folder / "model")


def test_a_part_that_keeps_nothing_needs_no_folder(run):
    before = publish.files(run.folder / "model")
    modules = [*MODULES, {"path": "4_Normalize", "type": "sentence_transformers.models.Normalize"}]
    (run.folder / "model" / "modules.json").write_text(json.dumps(modules))
    assert [file.path for file in publish.files(run.folder / "model")] == [file.path for file in before]


def test_a_link_in_the_place_of_a_file_is_refused(run):
    (run.folder / "model" / "vocab.txt").unlink()
    os.symlink("/etc/passwd", run.folder / "model" / "vocab.txt")
    with pytest.raises(UserError, match="not a plain file"):
        publish.files(run.folder / "model")


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["drop", "late"])
def test_a_broken_connection_at_any_request_leaves_all_or_nothing(project, run, fault):
    """The repository holds the exact list or is as it was; and publishing again always ends well."""
    with HubServer() as whole:
        send(project, run, whole)
    until = next(i for i, request in enumerate(whole.requests) if "/resolve/" in request)
    for at in (*range(until + 2), len(whole.requests) - 1):
        with HubServer(fault=fault, at=at) as hub:
            try:
                send(project, run, hub, f"ana/model-{fault}-{at}")
                done = True
            except UserError as error:
                done = False
                assert error.hint
            there = hub.repositories.get(f"ana/model-{fault}-{at}", Repository(True)).files
            assert set(there) in ({".gitattributes"}, {*WANTED, "README.md", ".gitattributes"})
            assert len(there) > 1 or not done
            assert send(project, run, hub, f"ana/model-{fault}-{at}", add=len(there) > 1).private


@pytest.mark.slow
def test_a_published_model_loads_from_the_hub_as_it_was(project, tmp_path):
    import numpy as np
    from sentence_transformers import SentenceTransformer

    made = Run(project.folder / "runs" / "20260101-000000-0000")
    made.folder.mkdir(parents=True)
    tiny.model(made.folder / "model")
    finish(made)
    with HubServer() as hub:
        send(project, made, hub)
        for path, data in hub.repositories["ana/model"].files.items():
            (tmp_path / "copy" / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "copy" / path).write_bytes(data)
    here, there = (SentenceTransformer(str(folder), device="cpu") for folder in (made.model, tmp_path / "copy"))
    assert np.array_equal(here.encode(["how it is kept"]), there.encode(["how it is kept"]))
    assert str(tmp_path).encode() not in b"".join(hub.repositories["ana/model"].files.values())
