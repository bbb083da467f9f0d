"""How busy a language model's server is kept: questions at 16 calls at once from a server that takes 200 ms for each."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from bench import report

ROOT = Path(__file__).resolve().parent.parent
TAKES = 0.2  # seconds that the server needs for an answer, however many it has under way
AT_ONCE = 16
PASSAGES = 960


def serve() -> None:
    """Answer chat completions, each after TAKES seconds, and print the port first."""
    import socket

    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    first = last = at_work = 0.0

    async def answer(request: Request) -> Response:
        nonlocal first, last, at_work
        began = time.monotonic()
        first = first or began
        prompt = (await request.json())["messages"][0]["content"]
        mark = prompt.partition("Passage ")[2].partition(" ")[0]
        questions = [{"kind": "question", "text": f"Where is thing {mark} kept?"}, {"kind": "keywords", "text": f"thing {mark} place"}]
        body = {
            "choices": [{"message": {"role": "assistant", "content": json.dumps({"questions": questions})}}],
            "usage": {"prompt_tokens": 300, "completion_tokens": 40},
        }
        await asyncio.sleep(TAKES - (time.monotonic() - began))
        last, at_work = time.monotonic(), at_work + TAKES  # the rest of a call's time is the machine's, not the model's
        return Response(json.dumps(body), media_type="application/json")

    async def busy(_: Request) -> Response:
        return Response(str(at_work / (AT_ONCE * (last - first))))

    with socket.create_server(("127.0.0.1", 0)) as listening:
        print(listening.getsockname()[1], flush=True)
        app = Starlette(routes=[Route("/v1/chat/completions", answer, methods=["POST"]), Route("/busy", busy)])
        uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off")).run([listening])


def ask(port: str) -> tuple[float, int]:
    """Make pairs of PASSAGES passages as a run does, sieve and commits included; return the seconds and the number of pairs."""
    from core import pairs, store
    from core import project as projects
    from core.recipe import LLMSettings, PairSettings
    from core.schema import Chunk, Document, File

    owner = projects.create("Bench")
    owner.replace_documents(File("f", "store.txt", "0" * 64, 1), [Document("d", "f", 0, "Store", 0)], [])
    words = "It lies in the third room behind the long shelf, and whoever takes it out writes so into the book at the door. " * 8
    texts = [f"Passage {i} of the inventory. {words}" for i in range(PASSAGES)]
    with owner.write() as db:
        store.insert(db, "chunks", [Chunk(f"c{i}", "d", i, text, 0, len(text), 1, 1, 200) for i, text in enumerate(texts)])
    llm = LLMSettings(base_url=f"http://127.0.0.1:{port}/v1", model="bench", concurrency=AT_ONCE, price_in=0.1, price_out=0.4)
    start = time.perf_counter()
    made = pairs.make(owner, PairSettings(generators=("llm",), llm=llm))
    return time.perf_counter() - start, made.added


def main() -> None:
    server = subprocess.Popen([sys.executable, "-m", "bench.generate", "serve"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert server.stdout
    try:
        port = server.stdout.readline().strip()
        with tempfile.TemporaryDirectory() as home:
            os.environ["ATTUNE_HOME"] = home
            seconds, made = ask(port)
        busy = 100 * float(urllib.request.urlopen(f"http://127.0.0.1:{port}/busy", timeout=10).read())
    finally:
        server.kill()
        server.wait()
    report.line(f"{PASSAGES} passages, {made} pairs, {AT_ONCE} calls at once of {TAKES * 1000:.0f} ms", seconds, "s")
    report.line(
        "from the first call to the last, the server is at work", busy, "%", note=f"bound 80 %: {'kept' if busy >= 80 else 'NOT KEPT'}"
    )


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    else:
        main()
