"""Questions from a small model on this machine.

What it does: a sequence-to-sequence model reads each passage and writes questions that it answers, batch after batch; each batch
    is kept as it comes, so that a run that was stopped goes on behind it.
Needs: a model that was trained to write queries, from the Hugging Face hub or a folder (T5 or BART, safetensors); no key. Passages
    stay on this machine.
Choose it when: there is no language model's address to ask, or passages may not leave the house. `llm` writes better questions;
    `phrases` and `sentence` need no model. Tried on a tiny random T5 only: what real weights are worth was not measured.
Source: Nogueira and Lin 2019, From doc2query to docTTTTTquery (top-k sampling); Nogueira et al. 2019, arXiv 1904.08375.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import lru_cache

from core.digest import short
from core.errors import UserError
from core.generators.material import Material
from core.models.writer import Writer, load_writer
from core.recipe import PairSettings
from core.schema import Chunk, Pair, Progress, silent

LEAST_LETTERS, LONGEST = 6, 300  # of a question: letters, and characters


def write(
    material: Material,
    settings: PairSettings,
    known: Collection[str] = (),
    progress: Progress = silent,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[list[Pair]]:
    """Yield the pairs of one batch of passages after the other; batches all of whose passages are `known` are left out.

    Raises `UserError` where no model is named or it cannot be loaded.
    """
    local = settings.local
    if not local.model:
        raise UserError("No question writer is named.", "Give the name of a model at the Hugging Face hub, or its folder.")
    chunks = _evenly(material.chunks, max(1, settings.limit // settings.per_chunk))
    batches = [chunks[i : i + local.batch] for i in range(0, len(chunks), local.batch)]
    progress(0.0, "Loading the question writer")
    writer = _writer(local.model)
    for number, batch in enumerate(batches):
        if stop():
            return
        if not all(chunk.id in known for chunk in batch):
            texts = [local.prefix + " ".join(chunk.text.split()) for chunk in batch]
            said = writer.write(texts, settings.per_chunk, read=local.read_tokens, written=local.written_tokens, seed=settings.seed)
            yield [pair for chunk, questions in zip(batch, said, strict=True) for pair in _pairs(chunk, questions)]
        progress((number + 1) / len(batches), f"{min(len(chunks), (number + 1) * local.batch)} of {len(chunks)} passages read")


@lru_cache(maxsize=1)
def _writer(name: str) -> Writer:
    return load_writer(name)


def _evenly(chunks: Sequence[Chunk], most: int) -> list[Chunk]:
    """Return up to `most` passages, evenly over all."""
    if len(chunks) <= most:
        return list(chunks)
    return [chunks[i * len(chunks) // most] for i in range(most)]


def _pairs(chunk: Chunk, questions: Sequence[str]) -> Iterator[Pair]:
    """Yield a pair for each different question that says something."""
    for query in dict.fromkeys(" ".join(question.split()) for question in questions):
        if sum(sign.isalpha() for sign in query) >= LEAST_LETTERS and len(query) <= LONGEST:
            key = short("local", query, chunk.document_id, chunk.start, chunk.end)
            yield Pair(key, query, chunk.document_id, chunk.start, chunk.end, (chunk.id,), "local")
