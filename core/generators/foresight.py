"""What asking a language model will take, told before anything is sent: calls, tokens, money and time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from core.endpoint import prices
from core.generators import by_model, llm, paraphrase, timeline
from core.generators.calls import IN_FORM, SHORTEST, Budget
from core.project import Project
from core.recipe import PairSettings

BYTES = 4  # that count as one token where no answer has told better
GUESS = 3.0  # seconds that a call is taken to need, likewise
ENOUGH = 5  # answers whose mean is trusted more than that


@dataclass(frozen=True)
class Estimate:
    """What asking will take; `answered` calls were paid for before. `seconds` are a guess where nothing was `measured` yet."""

    calls: int = 0
    answered: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0
    seconds: float = 0.0
    measured: bool = False


@dataclass(frozen=True)
class _Share:
    calls: int
    asked: str
    template: str
    tokens_out: float


def estimate(project: Project, settings: PairSettings) -> Estimate:
    """Return what the chosen generators will ask for; counted by SQL, so that it is quick however many passages there are."""
    asked = prices.filled(settings.llm)
    budget, total, counted = Budget(asked), Estimate(), Counter[str]()
    passages, length = project.passages_to_ask(SHORTEST)
    for share in _shares(settings, by_model(settings.generators), passages, length):
        known = project.experience(share.asked, asked.model)
        answered = min(known.answers - counted[share.asked], share.calls)
        counted[share.asked] += answered  # two kinds of pairs are made of the same paraphrases
        left = share.calls - answered
        trusted = known.answers >= ENOUGH
        tokens_in = left * (known.tokens_in if trusted else (len(share.template.encode()) + length) / BYTES + IN_FORM / BYTES)
        tokens_out = left * (known.tokens_out if trusted else min(asked.max_tokens, share.tokens_out))
        total = Estimate(
            total.calls + share.calls,
            total.answered + answered,
            total.tokens_in + round(tokens_in),
            total.tokens_out + round(tokens_out),
            total.cost + budget.cost(tokens_in, tokens_out),
            total.seconds + -(-left // asked.concurrency) * (known.seconds or GUESS),
            known.seconds > 0,
        )
    return total


def _shares(settings: PairSettings, names: Sequence[str], passages: int, length: float) -> list[_Share]:
    most, said = settings.paraphrase.max_chunks, 15 + length / BYTES
    single, successive = min(passages, most), min(passages // 2, most)
    if "timeline" in settings.generators:
        parts = timeline.shares(settings.timeline, timeline.categories(settings.generators))
        places = passages / settings.timeline.every
        single, successive = (round(places * parts.get(category, 0.0)) for category in (timeline.SINGLE, timeline.SYNTHETIC))
    shares = {
        "llm": _Share(
            min(passages, settings.llm.max_chunks), llm.asks(settings.llm), settings.llm.prompt, 15 + 35 * settings.llm.per_chunk
        ),
        "paraphrase": _Share(single, paraphrase.asks(settings), settings.paraphrase.prompt, said),
        "synthetic-pair": _Share(successive, paraphrase.asks(settings), settings.paraphrase.prompt, said),
    }
    return [shares[name] for name in names if name in shares]
