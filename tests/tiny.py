"""A tiny random model and data that it can learn from: what tests of models and training run on, in a second and offline."""

from __future__ import annotations

import random
import string
from collections.abc import Mapping
from pathlib import Path

from core.dataset import Dataset
from core.schema import Passage, Question, TrainPair

LETTERS = string.ascii_lowercase + string.digits
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def model(folder: Path, *, prompts: Mapping[str, str] | None = None, seed: int = 1, layers: int = 2, tokens: int = 128) -> Path:
    """Save a random BERT (layers of 32 dims, a vocabulary of letter pairs) as a sentence-transformers model."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    torch.manual_seed(seed)
    words = _tokenizer()
    raw = folder.parent / f"{folder.name}.raw"
    config = BertConfig(
        vocab_size=words.get_vocab_size(),
        hidden_size=32,
        num_hidden_layers=layers,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=tokens,
        initializer_range=0.3,  # so that different texts get clearly different vectors
    )
    BertModel(config).save_pretrained(raw)
    special = {f"{name[1:-1].lower()}_token": name for name in SPECIAL}
    PreTrainedTokenizerFast(tokenizer_object=words, model_max_length=tokens, **special).save_pretrained(raw)
    transformer = Transformer(str(raw))
    made = SentenceTransformer(modules=[transformer, Pooling(32), Normalize()], device="cpu", prompts=dict(prompts or {}))
    made.save_pretrained(str(folder), create_model_card=False)
    return folder


def gemma(folder: Path, *, seed: int = 1, layers: int = 2, tokens: int = 128) -> Path:
    """Save a random model built as EmbeddingGemma is: Gemma 3's text layers that look both ways, mean pooling, two Dense modules."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense, Normalize, Pooling, Transformer
    from transformers import Gemma3TextConfig, Gemma3TextModel, PreTrainedTokenizerFast

    torch.manual_seed(seed)
    words = _tokenizer()
    raw = folder.parent / f"{folder.name}.raw"
    config = Gemma3TextConfig(
        vocab_size=words.get_vocab_size(),
        hidden_size=32,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        intermediate_size=64,
        max_position_embeddings=tokens,
        sliding_window=16,
        layer_types=["sliding_attention"] * (layers - 1) + ["full_attention"],
        initializer_range=0.3,
        use_bidirectional_attention=True,
        pad_token_id=0,
    )
    Gemma3TextModel(config).save_pretrained(raw)
    special = {f"{name[1:-1].lower()}_token": name for name in SPECIAL}
    PreTrainedTokenizerFast(tokenizer_object=words, model_max_length=tokens, **special).save_pretrained(raw)
    plain = torch.nn.Identity()
    modules = [Transformer(str(raw)), Pooling(32), Dense(32, 64, bias=False, activation_function=plain)]
    modules += [Dense(64, 32, bias=False, activation_function=plain), Normalize()]
    SentenceTransformer(modules=modules, device="cpu").save_pretrained(str(folder), create_model_card=False)
    return folder


def cross_encoder(folder: Path, labels: int = 1) -> Path:
    """Save a random cross-encoder (one layer of 16 dims) as transformers does."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    torch.manual_seed(1)
    words = _tokenizer()
    special = {f"{name[1:-1].lower()}_token": name for name in SPECIAL}
    PreTrainedTokenizerFast(tokenizer_object=words, model_max_length=64, **special).save_pretrained(folder)
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16, "max_position_embeddings": 64}
    BertForSequenceClassification(
        BertConfig(vocab_size=words.get_vocab_size(), num_labels=labels, initializer_range=0.5, **size)
    ).save_pretrained(folder)
    return folder


def _tokenizer():
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    pairs = [a + b for a in string.ascii_lowercase for b in string.ascii_lowercase]
    pieces = [*LETTERS, *pairs]
    vocabulary = [*SPECIAL, *string.punctuation, *pieces, *(f"##{piece}" for piece in pieces)]
    made = Tokenizer(models.WordPiece({piece: i for i, piece in enumerate(vocabulary)}, unk_token="[UNK]", max_input_chars_per_word=200))
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    return made


def dataset(passages: int = 60, *, concepts: int = 8, people: bool = True, generator: str = "columns", seed: int = 1) -> Dataset:
    """Make data with something to learn: questions speak of the same things as their passage, in other words.

    Each thing has a word in passages and another in questions; which belong together shows in the training pairs alone. A
    fifth of the passages is held out for dev and a fifth for test.
    """
    draw = random.Random(seed)
    words = iter(draw.sample([a + b for a in string.ascii_lowercase for b in string.ascii_lowercase], 2 * concepts + 10))
    names = [(next(words), next(words)) for _ in range(concepts)]
    filler = list(words)
    chosen = [draw.sample(range(concepts), 3) for _ in range(passages)]
    texts = [" ".join([names[c][0] for c in things for _ in range(2)] + draw.sample(filler, 2)) for things in chosen]
    queries = [" ".join(names[c][1] for c in things) for things in chosen]
    held = [Question(f"q{i}", queries[i], (f"p{i}",), generator, people) for i in range(passages)]
    fifth = passages // 5
    train = tuple(TrainPair(f"q{i}", f"p{i}", queries[i], texts[i], generator, people) for i in range(2 * fifth, passages))
    return Dataset(
        passages=tuple(Passage(f"p{i}", text, title=f"Text {i}") for i, text in enumerate(texts)),
        train=train,
        dev=tuple(held[:fifth]),
        test=tuple(held[fifth : 2 * fifth]),
        test_digest=f"tiny-{passages}-{seed}",
    )
