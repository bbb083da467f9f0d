"""Models from the Hugging Face hub: found in the local cache, else downloaded once, with a clear word when it cannot be reached."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from core.errors import UserError

# Read once, when huggingface_hub is first imported: a hub without xet hangs for minutes, a token nobody typed is never sent,
# and a hub that does not answer is given up after seconds.
for _name, _value in {
    "HF_HUB_DISABLE_XET": "1",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_ETAG_TIMEOUT": "5",
    "HF_HUB_DOWNLOAD_TIMEOUT": "20",
}.items():
    os.environ.setdefault(_name, _value)

NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?", re.ASCII)
WANTED = ["*.json", "*.txt", "*.safetensors", "*.model"]
UNWANTED = ["onnx/*", "openvino/*", "coreml/*", "*training_args*", "*checkpoint*"]
SECONDS = 5.0  # that the hub may take for its first answer


def fetch(name: str) -> Path:
    """Return the hub's copy of a model from the local cache, else download it; only files that may be loaded are taken."""
    from huggingface_hub import HfApi, constants, errors, snapshot_download
    from huggingface_hub.utils import httpx  # type: ignore[attr-defined]

    choice: dict[str, Any] = {"allow_patterns": WANTED, "ignore_patterns": UNWANTED, "token": False}
    try:
        found = Path(snapshot_download(name, local_files_only=True, **choice))
        if (found / "config.json").exists() and any(found.rglob("*.safetensors")):
            return found  # else a download was cut off, or another program took one file only
    except (errors.LocalEntryNotFoundError, errors.HFValidationError):
        pass
    if constants.HF_HUB_OFFLINE:
        raise _out_of_reach(name)
    try:
        info = HfApi(token=False).model_info(name, timeout=SECONDS)  # asked once, without the retries of a download
        if not any(file.rfilename.endswith(".safetensors") for file in info.siblings or ()):
            raise UserError(f"{name} has no weights in the safetensors format.", "Choose a model that is saved as safetensors.")
        return Path(snapshot_download(name, **choice))
    except errors.GatedRepoError:
        raise UserError(f"{name} asks for an agreement before it can be downloaded.", "Download it yourself and give its folder.") from None
    except errors.HfHubHTTPError as error:
        if error.response.status_code in (401, 403, 404):  # the hub says the same of what is private and of what is not there
            raise UserError(f"The Hugging Face hub has no public model called {name}.", "Check the name.") from None
        raise _out_of_reach(name) from None
    except (httpx.HTTPError, errors.LocalEntryNotFoundError, OSError):
        raise _out_of_reach(name) from None


def _out_of_reach(name: str) -> UserError:
    return UserError(
        f"{name} is not on this machine, and the Hugging Face hub cannot be reached.",
        "Check the connection, give the folder of a downloaded model, or use the base model that comes with Attune.",
    )
