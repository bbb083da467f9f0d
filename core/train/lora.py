"""LoRA: thin matrices beside a model's linear layers are trained, its own weights are not; merged, they are an ordinary model.

Hu et al. 2021 (arXiv 2106.09685), by the library peft. What dev likes best is kept as merged weights under the model's own names, so
that the blend, the model folder and everything after know nothing of adapters.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import UserError
from core.recipe import LoraSettings

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor, nn

FILE = "adapters.safetensors"
NAME = "default"


def wear(model: SentenceTransformer, settings: LoraSettings, seed: int) -> None:
    """Put adapters that change nothing yet beside the linear layers, and freeze all else.

    Raises `UserError` where the model has no such layers.
    """
    import torch
    from peft import LoraConfig, inject_adapter_in_model

    config = LoraConfig(
        r=settings.r,
        lora_alpha=settings.alpha,  # type: ignore[arg-type]
        lora_dropout=settings.dropout,
        target_modules=list(settings.target_modules) or "all-linear",
        exclude_modules=r".*pooler.*",  # BERT's own pooler, whose result no embedding uses
    )
    torch.manual_seed(seed)
    model.requires_grad_(False)
    try:
        inject_adapter_in_model(config, model.transformers_model, NAME)  # type: ignore[arg-type]
    except ValueError:
        named = ", ".join(settings.target_modules) or "linear layers"
        raise UserError(f"The model has no {named} that LoRA could stand beside.", "Correct target_modules, or leave it empty.") from None


def merged(model: nn.Module) -> dict[str, Tensor]:
    """Return a model's weights under its own names, adapters merged in; without adapters just its weights."""
    state = dict(model.state_dict())
    for name, layer in _adapted(model):
        state[f"{name}.base_layer.weight"] = state[f"{name}.base_layer.weight"] + layer.get_delta_weight(NAME)
    return {name.replace(".base_layer.", "."): value for name, value in state.items() if ".lora_" not in name}


def shed(model: SentenceTransformer) -> None:
    """Take the adapters off, merged into nothing: the model is as it was before."""
    for name, layer in list(_adapted(model)):
        place, _, last = name.rpartition(".")
        setattr(model.get_submodule(place), last, layer.base_layer)
    if hasattr(model.transformers_model, "peft_config"):
        del model.transformers_model.peft_config  # type: ignore[union-attr]


def save(model: nn.Module, folder: Path) -> None:
    """Write all that is trained into a checkpoint."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: value.detach().cpu().contiguous() for name, value in _trained(model)}, folder / FILE)


def load(model: nn.Module, folder: Path) -> None:
    """Take up what a checkpoint holds."""
    from safetensors.torch import load_file

    held = load_file(folder / FILE)
    for name, value in _trained(model):
        value.data.copy_(held[name])


def _trained(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    return ((name, value) for name, value in model.named_parameters() if value.requires_grad)


def _adapted(model: nn.Module) -> Iterator[tuple[str, Any]]:
    return ((name, module) for name, module in model.named_modules() if hasattr(module, "base_layer") and hasattr(module, "lora_A"))
