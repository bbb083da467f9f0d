"""A language model's server on loopback that does what a script says, request by request: well, badly or maliciously."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import socket
import threading
from collections.abc import Iterable
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route


class LLMServer:
    """Answer chat completions at `url`, each by the next mode of `script` and, when that is used up, by `default`.

    `requests` are all bodies that came, `headers` their headers, `served` the texts that were sent whole with status 200, and
    `asked_for` the prompts that they answered. While it is `held`, calls wait, and those whose caller goes away get nothing.
    """

    def __init__(self, default: str = "good", script: Iterable[str] = (), delay: float = 0.0) -> None:
        self.default, self.script, self.delay = default, list(script), delay
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.served: list[str] = []
        self.asked_for: list[str] = []
        self.held = False
        self.busy = self.most_at_once = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/v1"

    def __enter__(self) -> Self:
        app = Starlette(routes=[Route("/{path:path}", self._handle, methods=["GET", "POST"])])
        config = uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True  # the thread ends by itself a moment later and closes the socket

    async def _handle(self, request: Request) -> Response:
        body = await request.json()
        self.requests.append(body)
        self.headers.append(dict(request.headers))
        mode = self.script.pop(0) if self.script else self.default
        self.busy += 1
        self.most_at_once = max(self.most_at_once, self.busy)
        try:
            await asyncio.sleep(self.delay)
            while self.held and not await request.is_disconnected():
                await asyncio.sleep(0.01)
            if await request.is_disconnected():  # whoever gave up waiting is served nothing
                return Response(status_code=499)
            return await self._answer(mode, body, request)
        finally:
            self.busy -= 1

    async def _answer(self, mode: str, body: dict[str, Any], request: Request) -> Response:
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        if mode.isdigit():  # a status; whatever a server says with it may hold the key
            return JSONResponse({"error": {"message": f"no, {key}", "param": ""}}, int(mode), {"x-echo": key})
        if mode == "quota":
            return JSONResponse({"error": {"message": "pay first", "code": "insufficient_quota"}}, 429)
        if mode.startswith("after"):
            return JSONResponse({}, 429, {"retry-after": mode.removeprefix("after ")})
        if mode.startswith("no ") and mode[3:] in body:
            return JSONResponse({"error": {"message": "unknown parameter", "param": mode[3:]}}, 400)
        if mode == "hang":
            await asyncio.sleep(60)
            return Response(status_code=504)
        if mode.startswith("redirect"):
            _, status, to = mode.split() if mode != "redirect" else ("", "307", "{own}/elsewhere")
            return RedirectResponse(to.replace("{own}", self.url), int(status))
        if mode == "cut":
            return StreamingResponse(iter([b'{"choices": [']), headers={"content-length": "500"})
        if mode == "garbage":
            return self._serve(b"\xff<html>not JSON " + key.encode(), body)
        if mode == "huge":
            return self._serve(b'{"choices": [' + b"1," * 5_000_000, body)
        return self._serve(self._completion(mode, body, key), body)

    def _completion(self, mode: str, body: dict[str, Any], key: str) -> bytes:
        mark = hashlib.sha256(body["messages"][0]["content"].encode()).hexdigest()[:8]
        questions = [f"Where is item {mark} number {i} kept?" for i in range(2)]
        text = {
            "fenced": "Here you are:\n```json\n" + json.dumps(questions) + "\n```",
            "lines": "\n".join(f"{i}. {q}" for i, q in enumerate(questions, 1)),
            "wrong": '{"answers": 42}',
            "empty": "",
            "echo": json.dumps({"questions": [f"Is {key} the key?", *questions]}),
            "surrogate": json.dumps({"questions": [f"\ud800 {questions[0]}"]}),
            "kinds": json.dumps({"questions": _of_kinds(body["messages"][0]["content"], questions)}),
            "paraphrase": json.dumps({"paraphrase": f"Whoever looks for thing {mark} finds where its keeper has put it, says somebody."}),
        }.get(mode, json.dumps({"questions": questions}))
        usage = {} if mode == "no usage" else {"usage": {"prompt_tokens": 300, "completion_tokens": 40}}
        return json.dumps({"choices": [{"message": {"role": "assistant", "content": text}}], **usage}).encode()

    def _serve(self, answer: bytes, body: dict[str, Any]) -> Response:
        self.served.append(answer.decode("utf-8", "replace"))
        self.asked_for.append(body["messages"][0]["content"])
        return Response(answer, media_type="application/json")


def _of_kinds(prompt: str, questions: list[str]) -> list[dict[str, str]]:
    """Name each question's kind as the prompt asked for them."""
    asked = [kind for number, kind in re.findall(r'- (\d+) of kind "(\w+)"', prompt) for _ in range(int(number))]
    return [{"kind": kind, "text": question} for kind, question in zip(asked, questions, strict=False)]
