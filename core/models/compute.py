"""Where a model computes and how exactly: the device, and bfloat16 where the hardware has it and it is faster."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, TypeVar

from core import machine
from core.errors import UserError
from core.models import attention

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

# Read once, when torch is first imported: threads that wait for each other sleep instead of spinning. Beside other work on the
# same cores (the app, a browser) small models then train 5 to 8 times faster.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

T = TypeVar("T")

SMALL = 2_000_000  # parameters; below it bfloat16 has nothing to gain
FASTER = 1.15  # times, from which bfloat16 is worth its rounding
SHORT = ("out of memory", "can't allocate memory", "not enough memory")


def autocast(device: str, precision: str) -> AbstractContextManager[Any]:
    """Return the context in which a forward pass runs at `precision`."""
    import torch

    return torch.autocast(device, dtype=torch.bfloat16) if precision == "bfloat16" else nullcontext()


def precision(model: SentenceTransformer) -> str:
    """Choose bfloat16 where the hardware has it and it is faster, else float32; measured once per machine.

    ATTUNE_PRECISION=float32 or bfloat16 decides instead.
    """
    import torch

    wanted = os.environ.get("ATTUNE_PRECISION", "")
    if wanted:
        if wanted not in ("float32", "bfloat16"):
            raise UserError(f"ATTUNE_PRECISION is “{wanted}”.", "Set it to float32 or bfloat16, or leave it out.")
        return wanted
    if sum(p.numel() for p in model.parameters()) < SMALL:
        return "float32"
    if model.device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    if model.device.type == "cpu" and machine.has_bfloat16():
        return str(machine.remember("precision", lambda: _faster(model)))
    return "float32"


def _faster(model: SentenceTransformer) -> str:
    """Return what embeds more a second, from rounds in which both take turns on one thread.

    Other work on the machine slows single measurements by a third; the median of the rounds' ratios stays the same.
    """
    import torch

    texts = ["how the water of a river is kept clean " * 12] * 8

    def seconds(kind: str) -> float:
        with autocast("cpu", kind):
            return machine.seconds(lambda: model.encode(texts, batch_size=16, show_progress_bar=False), processor=True)

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # a thread that waits for another counts as work
    try:
        rounds = [(seconds("float32"), seconds("bfloat16")) for _ in range(5)][1:]  # the first of each builds its kernels
    finally:
        torch.set_num_threads(threads)
    return "bfloat16" if statistics.median(a / b for a, b in rounds) > FASTER else "float32"


def batch(device: str) -> int:
    """Return how many texts are put through a model at once: with fewer a card waits for its orders."""
    return 256 if device == "cuda" else 32


def short(error: BaseException) -> bool:
    """Say whether an error means that memory ran out."""
    return isinstance(error, MemoryError) or any(words in str(error).lower() for words in SHORT)


def within_memory(run: Callable[[int], T], size: int, refusal: UserError) -> tuple[T, int]:
    """Return what `run` gives for a batch size, and the size: halved as often as memory is short. Raise `refusal` where one is too much."""
    while True:
        try:
            return run(size), size
        except (RuntimeError, MemoryError) as error:
            if not short(error):
                raise
            if size == 1:
                raise refusal from error
        size //= 2
        release()


def release() -> None:
    """Give back the memory of what failed for want of it."""
    import gc

    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def device() -> str:
    """Return where models run here: "cuda" where there is one, else "mps", else "cpu"."""
    import torch

    if torch.cuda.is_available():
        # It failed on batches of short texts ("mha_graph.execute", torch 2.11 on an H200); the other kernels measured as fast.
        torch.backends.cuda.enable_cudnn_sdp(False)
        return "cuda"
    if torch.backends.mps.is_available():
        return "mps"
    attention.install()  # torch's own is slow on its way back
    return "cpu"
