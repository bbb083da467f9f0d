"""What of a model is trained: dropout off, lower layers frozen, and the mean of two models' weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.errors import UserError
from core.train import lora

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor, nn

RATES = ("dropout", "attention_dropout", "activation_dropout", "hidden_dropout", "dropout_prob", "dropout_rate", "p_dropout")


def without_dropout(model: nn.Module) -> None:
    """Turn all dropout off: without it a step is 3 to 4 times faster on a processor, and it measured better.

    The model's configuration keeps its rates, so the saved model is trained further as its makers meant it.
    """
    from torch import nn

    for module in model.modules():
        if isinstance(module, nn.modules.dropout._DropoutNd):
            module.p = 0.0
        for name in RATES:
            if isinstance(getattr(module, name, None), float):
                setattr(module, name, 0.0)


def freeze(model: SentenceTransformer, count: int) -> None:
    """Keep the embeddings and the lowest `count` layers as they are; 0 trains all.

    Raises `UserError` when that leaves no layer to train.
    """
    for module in frozen(model, count):
        module.requires_grad_(False)


def frozen(model: SentenceTransformer, count: int) -> list[Any]:
    """Return what `freeze` freezes, in the order in which a text goes through it."""
    if not count:
        return []
    layers = _layers(model)
    if count >= len(layers):
        raise UserError(f"{count} layers are to be frozen, but the model has {len(layers)}.", f"Choose at most {max(0, len(layers) - 1)}.")
    inner = model.transformers_model
    return [getattr(inner, "embeddings", None) or inner.get_input_embeddings(), *layers[:count]]  # type: ignore[union-attr]


def _layers(model: SentenceTransformer) -> list[Any]:
    from torch import nn

    inner = model.transformers_model
    depth = getattr(getattr(inner, "config", None), "num_hidden_layers", None)
    found = (m for m in model.modules() if isinstance(m, nn.ModuleList) and len(m) == depth)
    return list(next(found, []))


ORDERS = 2e-3  # seconds in which a program gives a card its orders for one layer, forward and back (measured: 1 to 4 ms)
PACE = {True: 2e12, False: 1.5e11}  # operations a second of one multiprocessor, with bfloat16 and without


def worth_launching(model: SentenceTransformer) -> int:
    """Return how many tokens a card must be given at once so that it computes as long as it takes to give it its orders."""
    import torch

    layers = _layers(model)
    if not layers:
        return 0
    size = sum(weight.numel() for weight in layers[0].parameters())
    card = torch.cuda.get_device_properties(model.device)
    pace = PACE[torch.cuda.is_bf16_supported(including_emulation=False)] * card.multi_processor_count
    return int(ORDERS * pace / (6 * max(1, size)))  # a token's forward and backward pass takes six operations a weight


def weights(model: SentenceTransformer) -> dict[str, Tensor]:
    """Return a copy of a model's weights in main memory, adapters merged in."""
    return {name: value.detach().cpu().clone() for name, value in lora.merged(model).items()}


def blend(base: Mapping[str, Tensor], tuned: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    """Return the weights that lie `share` of the way from base to tuned (Wortsman et al. 2022, arXiv 2109.01903)."""
    return {
        name: (base[name] * (1 - share) + value * share).to(value.dtype) if value.is_floating_point() else value
        for name, value in tuned.items()
    }
