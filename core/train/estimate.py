"""How long each dial takes on this machine, from a few real steps that are measured once; `python -m core.train.estimate MODEL`.

Measured in a child process: the app's own never imports torch for it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from core import machine
from core.errors import UserError
from core.models import files as modelfiles
from core.train.dev import SAMPLE
from core.train.plan import EPOCHS, Dial

PASSAGE = "the keeper of the house writes down what was lent and who has brought it back " * 10  # some 150 tokens
QUERY = "who has to write down what was lent"
START = 0.3  # minutes until the libraries and the model are there
SECONDS = 180
FAST = 0.6  # of Balanced's time is what Fast takes on a processor (bench/RESULTS.md); elsewhere it was not measured


@dataclass(frozen=True)
class Pace:
    """Seconds that one text takes to embed and one pair to train on, with the whole model, and where that was measured."""

    text: float
    pair: float
    device: str = "cpu"


def estimate(pairs: int, passages: int, base_model: str, negatives: int = 0, epochs: Mapping[Dial, int] = EPOCHS) -> Mapping[Dial, float]:
    """Return each dial's minutes for so many training pairs, hard negatives beside each, and passages; evaluation included.

    Fast is left out where a model trains elsewhere than on a processor.

    The first call for a model measures, some ten seconds; later ones only reckon. Raises `UserError` for a model that
    cannot be loaded.
    """
    found = pace(base_model)
    judging = 2 * passages * found.text
    scoring = min(passages, SAMPLE) * found.text
    seconds: dict[Dial, float] = {"quick": 2 * pairs * found.text + judging / 2}
    for dial, cost in (("fast", FAST), ("balanced", 1.0), ("thorough", 1.0)):
        # A negative is one more passage: a query costs a fraction of that (counting it as a pair is 1.1 to 1.2 times too much).
        seconds[dial] = epochs[dial] * (pairs * (1 + negatives) * found.pair * cost + scoring) + scoring + judging  # type: ignore[index]
    if found.device != "cpu":
        del seconds["fast"]
    return {dial: START + value / 60 for dial, value in seconds.items()}


def pace(base_model: str) -> Pace:
    """Return the machine's pace with a model, measured the first time."""
    key = f"pace of {base_model}"
    known = machine.known(key)
    if known is None:
        modelfiles.resolve(base_model)
        command = [sys.executable, "-m", "core.train.estimate", base_model]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            done = None
        known = machine.known(key)
        if known is None:
            raise UserError("The pace of this machine could not be measured.", "Choose how thorough by hand.") from (
                None if done is None else RuntimeError(done.stderr[-2000:])
            )
    return Pace(**known)


def measure(base_model: str) -> Pace:
    """Time embedding and training steps of real length with a model, on this machine."""
    import torch
    from sentence_transformers.util import batch_to_device

    from core import models
    from core.models import compute
    from core.train import layers
    from core.train.quick import ranking_loss

    encoder = models.load(base_model)
    layers.without_dropout(encoder.model)
    model, batch = encoder.model, 16
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-9)

    def step() -> None:
        with compute.autocast(encoder.device, encoder.precision):
            made = [model(batch_to_device(model.preprocess([t] * batch), model.device)) for t in (QUERY, PASSAGE)]
        queries, passages = (features["sentence_embedding"].float() for features in made)
        loss = ranking_loss(queries, passages, 20.0)
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()

    def embed() -> None:
        encoder.encode_document([PASSAGE] * 2 * batch)

    cpu = encoder.device == "cpu"
    embed()
    text = min(machine.seconds(embed, processor=cpu) for _ in range(2)) / (2 * batch)
    model.train()
    step()
    pair = min(machine.seconds(step, processor=cpu) for _ in range(2)) / batch
    return Pace(text, pair, encoder.device)


if __name__ == "__main__":
    chosen = sys.argv[1]
    machine.remember(f"pace of {chosen}", lambda: vars(measure(chosen)))
