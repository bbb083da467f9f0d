"""Each loss over vectors that are given equals the library's own loss, used directly on the model: same batch, same value, same slopes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from sentence_transformers.sentence_transformer import losses as library
from torch import Tensor, nn

from core import models
from core.dataset import ScoredPair
from core.embeddings import EmbeddingStore
from core.losses import LOSSES, margin_of
from core.models import Encoder
from core.objectives import OBJECTIVES, Columns
from core.recipe import parse
from core.recipe.objectives import MatryoshkaSettings, ModelSettings, ObjectiveSettings
from core.schema import silent
from core.train import objectives
from core.train.batches import Batches, Interleaved
from core.train.beside import Source
from core.train.collate import Collator, Objective
from core.train.step import Step
from tests import tiny

PAIRS = [
    dataclasses.replace(pair, negatives=tuple(f"wrong {i} {k}" for k in range(i % 3)))  # none, one or two: a ragged third column
    for i, pair in enumerate(tiny.dataset(20).train[:8])
]
TRIPLETS = [dataclasses.replace(pair, negatives=(f"wrong {i}",)) for i, pair in enumerate(PAIRS)]
SCORED = [ScoredPair(pair.query, pair.positive, i / 7) for i, pair in enumerate(PAIRS)]
SIGNED = [dataclasses.replace(row, score=2 * row.score - 1) for row in SCORED]
ROWS: Mapping[str, Sequence[Any]] = {"contrastive": PAIRS, "triplet": TRIPLETS, "similarity": SCORED}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    encoder = models.load(str(tiny.model(tmp_path_factory.mktemp("models") / "base")), "cpu")
    encoder.model.eval()  # without dropout: its noise differs from forward pass to forward pass
    return encoder


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    return models.load(str(tiny.model(tmp_path_factory.mktemp("models") / "other", seed=5)), "cpu")


def settings(kind: str, **added: Any) -> ObjectiveSettings:
    found: ObjectiveSettings = parse(
        {"objectives": [{"type": kind, "datasets": {"train": {"name": "project:Tiny"}}, **added}]}
    ).train.objectives[0]
    return found


def built(base: Encoder, folder: Path, rows: Sequence[Any], wanted: ObjectiveSettings) -> Objective:
    from core.losses.given import Given

    given = Given(base.dimension, base.model.tokenizer, base.max_tokens)
    return objectives._objective(0, wanted, rows, 1, given, Source(base, EmbeddingStore(folder / "embeddings"), silent))


def ours(base: Encoder, objective: Objective) -> Tensor:
    """Return the loss of one batch of all rows, each text embedded once."""
    order = Interleaved([Batches([], 8, 1)], "proportional", 1)
    order.starts = [0]
    batch = Collator(base, [objective], order)([{"row": row} for row in range(len(objective.rows))])
    return Step([objective.loss])(base.model, batch)


def tokens(model: Any, texts: Sequence[str]) -> dict[str, Any]:
    return dict(model.preprocess(list(texts)))


def direct(loss: nn.Module, base: Encoder, texts: Sequence[Sequence[str]], labels: Any = None) -> Tensor:
    """Return the library's loss of columns of texts, embedded by it."""
    value: Tensor = loss([tokens(base.model, column) for column in texts], None if labels is None else torch.tensor(labels))
    return value


def slope(base: Encoder, value: Tensor) -> Tensor:
    weight = next(base.model.parameters())
    return torch.autograd.grad(value, weight)[0]


def same(base: Encoder, one: Tensor, reference: Tensor) -> None:
    assert one.item() == pytest.approx(reference.item(), rel=1e-4)
    assert reference.item() > 0
    first, second = slope(base, one), slope(base, reference)
    assert torch.allclose(first, second, atol=1e-4 * float(second.abs().max()))


def embedded(run: Callable[[], object]) -> int:
    """Count the texts that go through any model's first layers while something runs."""
    from transformers.models.bert.modeling_bert import BertEmbeddings

    counted: list[int] = []

    def count(module: nn.Module, inputs: Any, named: Mapping[str, Any], output: Tensor) -> None:
        if isinstance(module, BertEmbeddings):
            counted.append(len(output))

    hook = nn.modules.module.register_module_forward_hook(count, with_kwargs=True)
    try:
        run()
    finally:
        hook.remove()
    return sum(counted)


Reference = Callable[[Encoder, Encoder, Columns], Tensor]


def plain(make: Callable[[Any], nn.Module]) -> Reference:
    """Return what the library's loss gives for the columns as they are."""
    return lambda base, other, columns: direct(make(base.model), base, columns.texts, columns.labels)


def every_pair(columns: Columns) -> tuple[list[str], list[str], list[float]]:
    """Return each first text with each second one, and the row's score or 0."""
    first, second = columns.texts
    cells = [(i, j) for i in range(len(first)) for j in range(len(second))]
    assert columns.labels is not None
    return [first[i] for i, _ in cells], [second[j] for _, j in cells], [columns.labels[i] if i == j else 0.0 for i, j in cells]


def ordered(make: Callable[[Any], nn.Module]) -> Reference:
    def reference(base: Encoder, other: Encoder, columns: Columns) -> Tensor:
        first, second, scores = every_pair(columns)
        return direct(make(base.model), base, [first, second], scores)

    return reference


def valued(make: Callable[[Any], nn.Module]) -> Reference:
    """Return the library's loss of the rows, and that of all other pairs, which score 0."""

    def reference(base: Encoder, other: Encoder, columns: Columns) -> Tensor:
        first, second, _ = every_pair(columns)
        n = len(columns.texts[0])
        away = [i for i in range(n * n) if i % (n + 1)]
        unrelated = direct(make(base.model), base, [[first[i] for i in away], [second[i] for i in away]], [0.0] * len(away))
        return direct(make(base.model), base, columns.texts, columns.labels) + unrelated

    return reference


class Sharp(nn.Module):
    def forward(self, cosines: Tensor) -> Tensor:
        return 10 * (cosines - 0.5)


def cross_entropy(model: Any) -> nn.Module:
    return library.CosineSimilarityLoss(model, nn.BCEWithLogitsLoss(), Sharp())


REFERENCES: Mapping[str, Reference] = {
    "MultipleNegativesRankingLoss": plain(library.MultipleNegativesRankingLoss),
    "MultipleNegativesSymmetricRankingLoss": plain(library.MultipleNegativesSymmetricRankingLoss),
    "GISTEmbedLoss": lambda base, other, columns: direct(library.GISTEmbedLoss(base.model, other.model, 0.05), base, columns.texts),
    "CoSENTLoss": plain(library.CoSENTLoss),
    "AnglELoss": plain(library.AnglELoss),
    "CosineSimilarityLoss": plain(library.CosineSimilarityLoss),
    "BinaryCrossEntropyLoss": plain(cross_entropy),
    "InBatchCoSENTLoss": ordered(library.CoSENTLoss),
    "InBatchAnglELoss": ordered(library.AnglELoss),
    "InBatchCosineSimilarityLoss": valued(library.CosineSimilarityLoss),
    "InBatchBinaryCrossEntropyLoss": valued(cross_entropy),
    "TripletLoss": plain(lambda model: library.TripletLoss(model, library.TripletDistanceMetric.COSINE, 0.3)),
}
CASES = [(name, kind) for name in REFERENCES for kind in ROWS if OBJECTIVES[kind].tags & LOSSES[name].tags]


def columns_of(kind: str, rows: Sequence[Any]) -> Columns:
    made: Columns = OBJECTIVES[kind].load()(rows, 0, 2)
    return made


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_a_loss_is_the_librarys(base: Encoder, other: Encoder, tmp_path: Path, name: str, kind: str) -> None:
    args = {"guide": {"name": other.name}} if "guide" in LOSSES[name].needs else {}
    objective = built(base, tmp_path, ROWS[kind], settings(kind, loss=name, loss_args=args))
    columns = columns_of(kind, ROWS[kind])
    assert len(columns.texts) == {"contrastive": 3, "triplet": 3, "similarity": 2}[kind]
    same(base, ours(base, objective), REFERENCES[name](base, other, columns))


@pytest.mark.parametrize("name", [name for name, _ in CASES if margin_of(LOSSES[name]) in ("margin", "answer_margin")])
def test_a_margin_lowers_the_right_answers_cosine(base: Encoder, tmp_path: Path, name: str) -> None:
    """With a pair's vectors for a column, the library's loss of cosines lowered on the diagonal is the same."""

    def lowered(first: Tensor, second: Tensor) -> Tensor:
        cosines = nn.functional.normalize(first, dim=-1) @ nn.functional.normalize(second, dim=-1).T
        return cosines - 0.2 * torch.eye(*cosines.shape)

    one = ours(base, built(base, tmp_path, PAIRS, settings("contrastive", loss=name, margin=0.2)))
    bare = ours(base, built(base, tmp_path, PAIRS, settings("contrastive", loss=name)))
    assert one.item() > bare.item()
    if name != "GISTEmbedLoss":
        reference = getattr(library, name)(base.model, similarity_fct=lowered)
        same(base, one, direct(reference, base, columns_of("contrastive", PAIRS).texts))


def test_a_guides_margin_is_another_than_the_answers(base: Encoder, tmp_path: Path) -> None:
    """One strikes out more wrong answers, which lowers the loss; the other asks more of the right one."""
    bare, struck, asked = (
        ours(base, built(base, tmp_path, PAIRS, settings("contrastive", loss="GISTEmbedLoss", **added))).item()
        for added in ({}, {"loss_args": {"margin": 0.2}}, {"margin": 0.2})
    )
    assert struck < bare < asked


def test_the_lowest_score_of_the_data_stands_for_unlike(base: Encoder, tmp_path: Path) -> None:
    """Scores from -1 to 1 are the same judgements as those from 0 to 1."""
    for name in ("BinaryCrossEntropyLoss", "InBatchBinaryCrossEntropyLoss"):
        plain, signed = (ours(base, built(base, tmp_path, rows, settings("similarity", loss=name))).item() for rows in (SCORED, SIGNED))
        assert plain == pytest.approx(signed, rel=1e-5)


def test_matryoshka_over_several_terms_is_each_of_them_at_each_length(base: Encoder, tmp_path: Path) -> None:
    both = {"matryoshka": {"matryoshka_dims": [32, 8]}, "variation_penalty": {"alpha": 0.5}}
    value = ours(base, built(base, tmp_path, PAIRS, settings("contrastive", loss="MultipleNegativesRankingLoss", **both)))
    from core.losses.given import VECTOR, Given
    from core.losses.spread import SpreadPenalty

    given, texts = Given(base.dimension), columns_of("contrastive", PAIRS).texts
    vectors = [base.model(tokens(base.model, column))["sentence_embedding"] for column in texts]
    expected = torch.zeros(())
    for length in (32, 8):
        short = [{VECTOR: rows[:, :length]} for rows in vectors]
        expected = expected + library.MultipleNegativesRankingLoss(given)(short, None) + 0.5 * SpreadPenalty(given, len(PAIRS))(short)
    same(base, value, expected)


# --- teachers ---


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.cross_encoder(tmp_path_factory.mktemp("models") / "cross")


def taught(base: Encoder, folder: Path, kind: str, rows: Sequence[Any], teacher: str, **added: Any) -> Objective:
    """Return an objective that has a teacher's term alone."""
    whole = built(base, folder, rows, settings(kind, distillation={"alpha": 1, "teacher": {"name": teacher}, **added}))
    return dataclasses.replace(whole, loss=whole.loss.others[0])


@pytest.mark.parametrize("kind", ["contrastive", "triplet"])
def test_the_teachers_order_is_the_librarys_over_all_passages(base: Encoder, other: Encoder, tmp_path: Path, kind: str) -> None:
    queries, *rest = columns_of(kind, ROWS[kind]).texts
    passages = [text for column in rest for text in column]
    reference = library.DistillKLDivLoss(base.model, lambda a, b: 20 * nn.functional.cosine_similarity(a, b), temperature=2.0)
    scores = 20 * other.encode_query(queries) @ other.encode_document(passages).T
    expected = direct(reference, base, [queries, *([text] * len(queries) for text in passages)], scores.tolist())
    same(base, ours(base, taught(base, tmp_path, kind, ROWS[kind], other.name, loss_args={"temperature": 2.0})), expected)


def test_the_teachers_cosines_are_the_librarys_over_all_pairs(base: Encoder, other: Encoder, tmp_path: Path) -> None:
    texts = [text for column in columns_of("similarity", SCORED).texts for text in column]
    cells = [(i, j) for i in range(len(texts)) for j in range(len(texts)) if i != j]
    vectors = other.encode_document(texts)
    scores = [float(vectors[i] @ vectors[j]) for i, j in cells]
    expected = direct(library.CosineSimilarityLoss(base.model), base, [[texts[i] for i, _ in cells], [texts[j] for _, j in cells]], scores)
    same(base, ours(base, taught(base, tmp_path, "similarity", SCORED, other.name)), expected)


@pytest.mark.parametrize("kind", ["contrastive", "triplet"])
def test_the_teachers_margin_is_the_librarys_over_each_wrong_answer(base: Encoder, reader: Path, tmp_path: Path, kind: str) -> None:
    from sentence_transformers import CrossEncoder
    from sentence_transformers.util import pairwise_cos_sim

    triples = [(row.query, row.positive, wrong) for row in ROWS[kind] for wrong in row.negatives]
    model = CrossEncoder(str(reader), device="cpu", activation_fn=nn.Identity())
    right, wrong = (model.predict([(row[0], row[place]) for row in triples]) for place in (1, 2))
    texts = [list(column) for column in zip(*triples, strict=True)]
    expected = direct(library.MarginMSELoss(base.model, pairwise_cos_sim), base, texts, ((right - wrong) / 20).tolist())
    same(base, ours(base, taught(base, tmp_path, kind, ROWS[kind], str(reader))), expected)


def test_a_cross_encoder_reads_each_pair_once_whoever_asks_again(base: Encoder, reader: Path, tmp_path: Path) -> None:
    pairs = sum(1 + len(row.negatives) for row in PAIRS)
    assert embedded(lambda: taught(base, tmp_path, "contrastive", PAIRS, str(reader))) == pairs
    assert embedded(lambda: taught(base, tmp_path, "contrastive", PAIRS, str(reader))) == 0
    assert embedded(lambda: taught(base, tmp_path, "triplet", TRIPLETS, str(reader))) == len(TRIPLETS)  # their wrong answers alone


def test_three_terms_under_matryoshka_embed_each_text_of_a_batch_once(base: Encoder, other: Encoder, tmp_path: Path) -> None:
    """The same terms as a plain sum, each over the model itself, embed every text once a term."""
    from core.losses.composed import Composed
    from core.losses.distill_kl import InBatchKL
    from core.losses.given import TEACHER
    from core.losses.spread import SpreadPenalty

    three = {"distillation": {"teacher": {"name": other.name}}, "variation_penalty": {"alpha": 0.5}}
    wanted = settings("contrastive", loss="MultipleNegativesRankingLoss", **three)
    columns = columns_of("contrastive", PAIRS)
    texts = sum(map(len, columns.texts))
    sums = [(0.5, InBatchKL(base.model)), (0.5, SpreadPenalty(base.model, len(PAIRS)))]  # type: ignore[arg-type]
    plain = Composed(library.MultipleNegativesRankingLoss(base.model), sums)
    beside = map(other.encode, columns.texts, columns.kinds)
    features = [{**tokens(base.model, c), TEACHER: torch.from_numpy(b)} for c, b in zip(columns.texts, beside, strict=True)]
    values: list[Tensor] = []
    assert embedded(lambda: values.append(plain(features, None))) == 3 * texts
    objective = built(base, tmp_path, PAIRS, wanted)
    assert embedded(lambda: values.append(ours(base, objective))) == texts
    same(base, values[1], values[0])
    cut = built(base, tmp_path, PAIRS, wanted.model_copy(update={"matryoshka": MatryoshkaSettings(matryoshka_dims=(32, 16, 8))}))
    assert embedded(lambda: ours(base, cut)) == texts


# --- the guide ---


def test_a_guide_embeds_each_text_once_whoever_asks_again(base: Encoder, other: Encoder, tmp_path: Path) -> None:
    wanted = settings("contrastive", loss="CachedGISTEmbedLoss", loss_args={"guide": {"name": other.name}})
    texts = {text for pair in PAIRS for text in (pair.query, pair.positive, *pair.negatives)}
    assert embedded(lambda: built(base, tmp_path, PAIRS, wanted)) == len(texts)
    assert embedded(lambda: built(base, tmp_path, PAIRS, wanted)) == 0
    assert set(EmbeddingStore(tmp_path / "embeddings").known(other, sorted(texts), "document")) == texts  # no prompts: one shard


def test_a_guide_decides_what_is_struck_out(base: Encoder, other: Encoder, tmp_path: Path) -> None:
    named = settings("contrastive", loss="GISTEmbedLoss", loss_args={"guide": other.name})
    assert named.loss_args["guide"] == ModelSettings(name=other.name)
    itself = settings("contrastive", loss="GISTEmbedLoss")
    assert ours(base, built(base, tmp_path, PAIRS, named)).item() != ours(base, built(base, tmp_path, PAIRS, itself)).item()
