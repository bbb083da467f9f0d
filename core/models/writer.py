"""A question writer: a sequence-to-sequence model, loaded as guardedly as the embedding models are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.digest import digest
from core.errors import UserError
from core.models import compute
from core.models.files import resolve

TOP = 10  # of the likeliest next tokens one is drawn, as doc2query's authors do


def load_writer(name: str, device: str | None = None) -> Writer:
    """Load a model by hub name or folder, as data alone: safetensors, transformers' own classes, no remote code.

    Raises `UserError` where it is no sequence-to-sequence model, or cannot be loaded.
    """
    folder = resolve(name)
    from safetensors import SafetensorError
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    guarded: dict[str, Any] = {"trust_remote_code": False, "local_files_only": True, "token": False}
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(folder), **guarded)
        model = AutoModelForSeq2SeqLM.from_pretrained(
            str(folder), trust_remote_code=False, use_safetensors=True, local_files_only=True, token=False
        )
    except (OSError, ValueError, KeyError, ImportError, RuntimeError, SafetensorError) as error:
        raise UserError(
            f"The model {Path(name).name} cannot be loaded as a question writer ({type(error).__name__}).",
            "Choose a sequence-to-sequence model that is saved as safetensors, such as one of doc2query's.",
        ) from error
    return Writer(model.eval().to(device or compute.device()), tokenizer)


class Writer:
    """A loaded model that writes questions."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self.model = model
        self.tokenizer = tokenizer

    def write(self, texts: Sequence[str], count: int, *, read: int, written: int, seed: int) -> list[list[str]]:
        """Return `count` questions for each text, drawn by a seed of these texts' own: the same call gives the same questions.

        `read` and `written` are the most tokens of a text and of a question.
        """
        import torch

        clean = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        inputs = self.tokenizer(clean, padding=True, truncation=True, max_length=read, return_tensors="pt").to(self.model.device)
        inputs.pop("token_type_ids", None)
        with torch.random.fork_rng(), torch.inference_mode():
            torch.manual_seed(int(digest("writer", seed, clean)[:12], 16))
            rows = self.model.generate(
                **inputs, do_sample=True, top_k=TOP, num_return_sequences=count, max_new_tokens=written, max_length=None
            )
        said = self.tokenizer.batch_decode(rows, skip_special_tokens=True, clean_up_tokenization_spaces=True)
        return [said[i : i + count] for i in range(0, len(said), count)]
