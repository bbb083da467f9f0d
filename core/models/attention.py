"""Attention in training on a processor, in bfloat16: torch's own kernel is slow on its way back, five to one on short texts.

Measured on AVX-512 with bfloat16, 16 texts of 128 tokens in 12 heads of 32 numbers, forward and back: torch's kernel 64 ms, this 20
(bench/RESULTS.md). Neither keeps the n by n scores until the way back (Dao et al. 2022, arXiv 2205.14135): they are taken again, for as
many texts at once as a processor's cache holds. Embedding is left to torch's kernel, which rounds half as much.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

CACHE = 3_000_000  # bytes of scores at once; half or twice as many are no slower


@cache
def install() -> None:
    """Take `attend` for all models of this process wherever it fits; else the library's way of calling torch stays."""
    from transformers import AttentionInterface

    ways = AttentionInterface()  # type: ignore[no-untyped-call]
    AttentionInterface.register("sdpa", _with_own(ways["sdpa"]))


def _with_own(usual: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(usual)
    def forward(
        module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, dropout: float = 0.0, **rest: Any
    ) -> tuple[Tensor, None]:
        if dropout or not _fits(module, query, key, value, attention_mask, rest):
            found: tuple[Tensor, None] = usual(module, query, key, value, attention_mask, dropout=dropout, **rest)
            return found
        scale = rest.get("scaling")
        return attend(query, key, value, attention_mask, query.shape[-1] ** -0.5 if scale is None else scale).transpose(1, 2), None

    return forward


def _fits(module: Any, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, rest: dict[str, Any]) -> bool:
    """Say whether a call of a layer is one for `attend`: in training, and nothing in it but texts, heads and a mask of what is padding."""
    import torch

    causal = rest.get("is_causal")
    return (
        query.device.type == "cpu"
        and query.dtype == key.dtype == value.dtype == torch.bfloat16
        and torch.is_grad_enabled()
        and any(one.requires_grad for one in (query, key, value))
        and query.shape == key.shape == value.shape
        and (mask.dtype == torch.bool if mask is not None else not (getattr(module, "is_causal", True) if causal is None else causal))
        and not any(rest.get(name) is not None for name in ("position_bias", "cache", "softcap", "s_aux"))
    )


def attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, scale: float) -> Tensor:
    """Return softmax(`scale` query key^T) value, all (texts, heads, tokens, d); `mask` is true where a query sees a key.

    A query that sees no key gets the mean of all values.
    """
    found: Tensor = _attention().apply(query, key, value, mask, scale)
    return found


@cache
def _attention() -> Any:
    import torch

    def parts(query: Tensor) -> Iterator[slice]:
        texts, heads, tokens, _ = query.shape
        size = max(1, CACHE // (heads * tokens * tokens * query.element_size()))
        return (slice(start, start + size) for start in range(0, texts, size))

    def weights(query: Tensor, key: Tensor, mask: Tensor | None, part: slice, scale: float) -> Tensor:
        scores = (query[part] * scale) @ key[part].mT
        if mask is not None:  # added, three times as fast as filled in: a mask is the same for all heads
            unseen = ~(mask if len(mask) == 1 else mask[part])
            scores += torch.zeros(unseen.shape, dtype=scores.dtype).masked_fill_(unseen, torch.finfo(scores.dtype).min)
        return scores.softmax(-1)

    class Attention(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, scale: float) -> Tensor:
            found = torch.empty_like(query.transpose(1, 2), memory_format=torch.contiguous_format).transpose(1, 2)
            with torch.autocast("cpu", enabled=False):  # it would take the softmax in float32
                for part in parts(query):
                    found[part] = weights(query, key, mask, part, scale) @ value[part]
            ctx.save_for_backward(query, key, value, mask, found)
            ctx.scale = scale
            return found

        @staticmethod
        def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
            query, key, value, mask, found = ctx.saved_tensors
            (slope,) = slopes
            by_query, by_key, by_value = (torch.empty_like(one) for one in (query, key, value))
            with torch.autocast("cpu", enabled=False):
                shared = (slope.float() * found.float()).sum(-1, keepdim=True).to(slope.dtype)
                for part in parts(query):
                    weight = weights(query, key, mask, part, ctx.scale)
                    by_value[part] = weight.mT @ slope[part]
                    by_score = (slope[part] @ value[part].mT).sub_(shared[part]).mul_(weight).mul_(ctx.scale)
                    by_query[part] = by_score @ key[part]
                    by_key[part] = by_score.mT @ query[part]
            return by_query, by_key, by_value, None, None

    return Attention
