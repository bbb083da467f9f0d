"""TSDAE: a decoder that writes a text again from the vector of its damaged self."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import DenoisingAutoEncoderLoss
from torch import Tensor, nn

from core.errors import UserError
from core.losses.given import VECTOR, Given

CROSS = ("crossattention", "encoder_attn", "cross_attn")  # what parts of a decoder are called that look at the vector
ADVICE = "Choose a model of the BERT or RoBERTa family, or another objective."


class Denoising(nn.Module):
    """The library's loss over the vectors of damaged texts and the tokens of whole ones."""

    def __init__(self, loss: DenoisingAutoEncoderLoss) -> None:
        super().__init__()
        self.loss = loss

    def forward(self, features: Sequence[dict[str, Any]], labels: Tensor | None = None) -> Tensor:
        """Return the cross-entropy of the whole texts' tokens; each of the decoder's steps sees the one vector."""
        damaged, whole = features
        vectors = damaged[VECTOR]
        value: Tensor = self.loss([{**damaged, "attention_mask": torch.ones_like(vectors[:, :1])}, whole], labels)
        return value


def denoising(given: Given, model: SentenceTransformer, tie_encoder_decoder: bool = True) -> nn.Module:
    """Rebuild each text from the vector of what is left of it, by a decoder that starts from the model's own weights.

    Needs: damaged texts and the whole ones; a model whose kind can be a decoder that looks at another's vector.
    Choose it for: texts of a subject that the model hardly knows. With `tie_encoder_decoder` both share their weights.
    Source: Wang et al. 2021 (arXiv 2104.06979).
    """
    place = model.transformers_model.config._name_or_path  # type: ignore[union-attr]
    if not Path(place).is_dir():  # the guarded loader leaves a folder here; anything else would be asked of the hub
        raise ValueError(f"the files of {given.tokenizer.__class__.__name__}'s model are not on this machine")
    if model.transformers_model.config.hidden_size != given.dimension:  # type: ignore[union-attr]
        raise UserError("The decoder needs vectors as long as the model's token vectors, and these are not.", ADVICE)
    try:
        loss = DenoisingAutoEncoderLoss(model, None if tie_encoder_decoder else place, tie_encoder_decoder)
    except (ValueError, KeyError, AssertionError) as error:
        raise UserError(f"The base model cannot be a decoder as well ({type(error).__name__}).", ADVICE) from None
    if not any(part in name for name, _ in loss.decoder.named_parameters() for part in CROSS):
        raise UserError("The base model's kind of decoder cannot look at a vector.", ADVICE)
    loss.encoder = given  # type: ignore[assignment]
    return Denoising(loss.float())
