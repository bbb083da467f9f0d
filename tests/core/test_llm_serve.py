"""Questions from a real server of language models: `transformers serve` with a tiny model made here."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from core import runs
from core.errors import UserError
from core.generators import llm
from core.generators.kinds import KINDS
from core.pairs.sieve import SEVERAL
from core.recipe import LLMSettings
from core.runs.record import ENDED
from core.schema import RunState
from tests.core.test_llm import ask, material
from tests.filled import eventually
from tests.pages.filling import with_documents
from tests.pages.opening import open_page, words

pytest.importorskip("fastapi", reason="transformers serve needs fastapi")
SAYS = ['{"questions": ["', "Where is the key kept?", '", "', "Who signs the form?", '"]}', "</s>"]


def chat_model(folder: Path) -> Path:
    """Save a Llama that answers every prompt with SAYS: its layers pass on what they get, its head names the next piece."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    pieces = [piece.replace(" ", "Ġ") for piece in SAYS]
    vocabulary = {piece: i for i, piece in enumerate([*pieces, *sorted(pre_tokenizers.ByteLevel.alphabet())])}
    words = Tokenizer(models.BPE(vocabulary, []))
    words.pre_tokenizer, words.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    read = PreTrainedTokenizerFast(tokenizer_object=words, eos_token="</s>", pad_token="</s>")
    read.chat_template = "{% for m in messages %}{{ m['content'] }}{% endfor %}\nAnswer: "
    read.save_pretrained(folder)
    size = len(vocabulary) + len(vocabulary) % 2
    shape = {"vocab_size": size, "hidden_size": size, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    end = vocabulary["</s>"]
    made = LlamaForCausalLM(LlamaConfig(**shape, max_position_embeddings=4096, eos_token_id=end, pad_token_id=end, bos_token_id=None))
    follows = {vocabulary["Ġ"]: 0, **{i: i + 1 for i in range(len(SAYS) - 1)}}
    with torch.no_grad():
        for name, weights in made.named_parameters():
            weights.zero_() if "proj" in name or "lm_head" in name else None
        made.model.embed_tokens.weight.copy_(torch.eye(size))
        for now, after in follows.items():
            made.lm_head.weight[after, now] = 100.0
    made.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LLMSettings]:
    """Start `transformers serve` on a free port, wait until it answers, and end it afterwards."""
    folder = chat_model(tmp_path_factory.mktemp("chat"))
    cache = tmp_path_factory.mktemp("cache")
    (cache / "hub").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    command = [
        str(Path(sys.executable).parent / "transformers"),
        "serve",
        str(folder),
        "--host",
        "127.0.0.1",
        "--port",
        port,
        "--device",
        "cpu",
    ]
    environment = {**os.environ, "HF_HOME": str(cache), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "2"}
    with (cache / "log").open("wb") as log, subprocess.Popen(command, env=environment, stdout=log, stderr=log) as server:
        try:
            wait_for(f"http://127.0.0.1:{port}/health", server)
            yield LLMSettings(base_url=f"http://127.0.0.1:{port}/v1", model=str(folder), max_tokens=30, concurrency=2)
        finally:
            server.kill()


def wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        assert server.poll() is None, "transformers serve ended before it answered"
        try:
            with urlopen(url, timeout=2):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    pytest.fail("transformers serve did not answer within two minutes")


@pytest.mark.slow
def test_a_real_server_can_be_tried(served):
    assert "in the form that was asked for" in llm.check(served)


@pytest.mark.slow
def test_a_real_server_writes_questions(served, project):
    pairs = list(ask(project, material({"a": 3}), served))
    assert sorted(pair.query for pair in pairs) == ["Where is the key kept?"] * 3 + ["Who signs the form?"] * 3
    answers = project.raw_answers()
    assert len(answers) == 3 and all(answer.tokens_in > 100 and answer.tokens_out == len(SAYS) for answer in answers)


@pytest.mark.slow
def test_a_real_server_without_the_v1_of_its_address_is_explained(served, project):
    wrong = served.model_copy(update={"base_url": served.base_url.removesuffix("/v1")})
    with pytest.raises(UserError, match="/v1"):
        list(ask(project, material({"a": 1}), wrong))


@pytest.mark.slow
def test_a_real_server_is_asked_through_the_page(served, project):
    """What a person does: tick the kind, type address and model, try it, make pairs, read them."""
    app = open_page("pairs", with_documents(project))
    for ticked in [box for box in app.checkbox if box.key and box.key.startswith("generator_") and box.value]:
        ticked.uncheck()
    app.checkbox(key="generator_llm").check().run()
    app.text_input(key="llm_url").set_value(served.base_url).run()
    app.text_input(key="llm_model").set_value(served.model).run()
    app.number_input(key="llm_max_tokens").set_value(served.max_tokens).run()
    assert "12 calls" in words(app).replace("*", "")
    app.button(key="llm_try").click().run()
    assert "in the form that was asked for" in words(app).replace("\\", "")
    app.button(key="make_pairs").click().run()
    assert not app.exception and not app.error
    run = runs.latest(project, "pairs")
    eventually(lambda: run.status().state in ENDED and not run.alive(), 120)
    assert run.status().state is RunState.DONE, run.log()
    assert len(project.raw_answers()) == 12
    made = project.pairs()
    assert {pair.query for pair in made} == {"Where is the key kept?", "Who signs the form?"}
    assert all(pair.category in KINDS for pair in made)
    assert len(made) == 24 and {pair.reason for pair in made} == {SEVERAL}  # it says the same of every passage
