"""A masked language model around an encoder: the same weights, under a head that says which word was hidden."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.models import Encoder


@dataclass(frozen=True)
class Masked:
    """A transformers model that shares the encoder's weights; `fresh` says whether its head was not in the checkpoint."""

    model: Any
    fresh: bool


def masked(encoder: Encoder) -> Masked:
    """Put an encoder's transformer under a head for hidden words: the checkpoint's, else a fresh one tied to the word vectors.

    Read from the files of the guarded loader, as data alone. Raises `UserError` where the model's kind has no such head.
    """
    from safetensors import SafetensorError
    from transformers import AutoModelForMaskedLM

    inner: Any = encoder.model.transformers_model
    place = str(getattr(getattr(inner, "config", None), "_name_or_path", ""))
    try:
        if not Path(place).is_dir():
            raise OSError(place)
        model, said = AutoModelForMaskedLM.from_pretrained(
            place,
            trust_remote_code=False,
            use_safetensors=True,
            local_files_only=True,
            token=False,
            dtype="float32",
            output_loading_info=True,
        )
        head = model.base_model_prefix
        if type(getattr(model, head)) is not type(inner):
            raise TypeError(head)
    except (OSError, ValueError, KeyError, TypeError, ImportError, RuntimeError, SafetensorError) as error:
        raise UserError(
            f"{Path(encoder.name).name} cannot learn to find hidden words ({type(error).__name__}).",
            "language_model needs a base of the BERT kind: leave this objective out, or choose another base model.",
        ) from error
    missing = [name for name in said["missing_keys"] if not name.startswith(f"{head}.")]
    setattr(model, head, inner)
    model.tie_weights()
    return Masked(model.to(encoder.model.device), bool(missing))
