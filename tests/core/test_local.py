"""Questions from a model on this machine: on a tiny random T5, whose questions say nothing but come, stop and go on like real ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import models, pairs
from core.errors import UserError
from core.generators import Material, local
from core.models.writer import load_writer
from core.project import Project
from core.recipe import PairSettings
from core.schema import Chunk, Document, Pair
from tests.core.test_pairs import zoo
from tests.tiny import _tokenizer


@pytest.fixture(scope="module")
def t5(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Save a random T5 of two layers, whose tokens are letters and pairs of them."""
    import torch
    from transformers import PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration

    torch.manual_seed(1)
    folder, words = tmp_path_factory.mktemp("models") / "t5", _tokenizer()
    size = words.get_vocab_size()
    config = T5Config(
        vocab_size=size, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, pad_token_id=0, eos_token_id=3, decoder_start_token_id=0
    )
    T5ForConditionalGeneration(config).save_pretrained(folder)
    PreTrainedTokenizerFast(tokenizer_object=words, pad_token="[PAD]", eos_token="[SEP]", unk_token="[UNK]").save_pretrained(folder)
    return folder


def material(number: int = 10) -> Material:
    texts = [f"The ferry to island {i} leaves at nine from the northern quay." for i in range(number)]
    chunks = [Chunk(f"c{i}", f"d{i}", 0, text, 0, len(text), 1, 1, 20) for i, text in enumerate(texts)]
    return Material({c.document_id: Document(c.document_id, "f", 0, "", len(c.text)) for c in chunks}, chunks, {})


def settings(model: Path | str, **more: object) -> PairSettings:
    return PairSettings.model_validate({"per_chunk": 2, "local": {"model": str(model), "batch": 4, "written_tokens": 12}, **more})


def written(given: Material, chosen: PairSettings, **rest: object) -> list[list[Pair]]:
    return list(local.write(given, chosen, **rest))  # type: ignore[arg-type]


def test_questions_come_in_batches_and_are_the_same_every_time(t5: Path) -> None:
    said: list[str] = []
    batches = written(material(), settings(t5), progress=lambda fraction, text: said.append(text))
    assert [len({pair.positives for pair in batch}) for batch in batches] == [4, 4, 2]
    assert batches == written(material(), settings(t5))
    assert batches != written(material(), settings(t5, seed=2))
    assert said[-1] == "10 of 10 passages read"
    for pair in (pair for batch in batches for pair in batch):
        assert pair.generator == "local"
        assert not pair.people
        assert pair.query == " ".join(pair.query.split())


def test_it_stops_between_two_batches_and_goes_on_behind_what_is_kept(t5: Path) -> None:
    turns = iter([False, False, True])
    first = written(material(), settings(t5), stop=lambda: next(turns))
    assert len(first) == 2
    known = {chunk for batch in first for pair in batch for chunk in pair.positives}
    rest = written(material(), settings(t5), known=known)
    assert first + rest == written(material(), settings(t5))


def test_a_limit_takes_passages_evenly(t5: Path) -> None:
    batches = written(material(), settings(t5, limit=4))
    assert [pair.positives[0] for batch in batches for pair in batch][::2] == ["c0", "c5"]


def test_without_a_name_it_says_what_is_missing() -> None:
    with pytest.raises(UserError, match="No question writer"):
        written(material(), settings(""))


def test_an_embedding_model_is_refused_as_a_writer() -> None:
    with pytest.raises(UserError, match="question writer"):
        load_writer(str(models.resolve("sentence-transformers/all-MiniLM-L6-v2")))


def test_a_pickled_writer_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "t5"}')
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(UserError, match="safetensors"):
        load_writer(str(tmp_path))


def test_the_questions_are_kept_and_not_written_twice(project: Project, t5: Path) -> None:
    zoo(project)
    chosen = settings(t5, generators=["local"])
    first = pairs.make(project, chosen)
    assert first.made > 0
    assert pairs.make(project, chosen).added == 0
