"""One call of a language model at an OpenAI-compatible address: what is sent, what can come back, and what it may have cost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from time import time
from types import TracebackType
from typing import Any, Literal, Self

from core.endpoint import guard
from core.errors import UserError

ANOTHER_TRY = frozenset({408, 409, 425, 429})  # and every 5xx but 501
REFUSED = frozenset({400, 413, 422, 501})
MOST_TOKENS = 10_000_000  # a usage above it is not believed


@dataclass(frozen=True)
class Shape:
    """The form that an answer is asked for in: a name and a JSON schema, for servers that hold a model to it."""

    name: str
    schema: Mapping[str, Any]

    def asked(self, format: str) -> dict[str, Any]:
        """Return it as the protocol's response_format of a kind: json_schema, or json_object, which says no more than JSON."""
        if format == "json_schema":
            return {"type": format, format: {"name": self.name, "strict": True, "schema": dict(self.schema)}}
        return {"type": format}


@dataclass(frozen=True)
class Answer:
    """What came back with status 200: the model's text, and its own count of tokens where it gave one.

    `proper` is false when the body was no answer of this protocol; `text` is then the body as it came.
    """

    text: str
    proper: bool = True
    tokens_in: int | None = None
    tokens_out: int | None = None


@dataclass(frozen=True)
class Dialect:
    """Say which optional parts of the protocol a server takes; `simpler` is the next thing to try when it refuses."""

    format: Literal["json_schema", "json_object", ""] = "json_schema"
    limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    temperature: bool = True

    def simpler(self, about: str) -> Dialect | None:
        """Return the dialect without what the server complained `about`, or None when nothing is left to leave out."""
        if "max_tokens" in about and self.limit == "max_tokens":
            return replace(self, limit="max_completion_tokens")
        if "temperature" in about and self.temperature:
            return replace(self, temperature=False)
        if self.format == "json_schema":
            return replace(self, format="json_object")
        if self.format == "json_object":
            return replace(self, format="")
        plainest = Dialect("", "max_completion_tokens", False)
        return None if self == plainest else plainest

    def parameters(self, max_tokens: int, temperature: float, shape: Shape) -> dict[str, Any]:
        """Return the optional parameters of a call."""
        found: dict[str, Any] = {self.limit: max_tokens}
        if self.temperature:
            found["temperature"] = temperature
        if self.format:
            found["response_format"] = shape.asked(self.format)
        return found


class Busy(Exception):
    """Tell that a call failed in a way that may pass: why, how long the server asks to wait, and whether it may have cost."""

    def __init__(self, why: str, wait: float | None = None, *, perhaps_paid: bool = False) -> None:
        super().__init__(why)
        self.why, self.wait, self.perhaps_paid = why, wait, perhaps_paid


class Refused(Exception):
    """Tell that the server refused this request as it stands (400, 413, 422, 501); `about` names the parameter, for us only."""

    def __init__(self, status: int, about: str) -> None:
        super().__init__(str(status))
        self.status, self.about = status, about


class Endpoint:
    """An open connection to one address; every error that leaves it holds a status and our own words, never the server's."""

    def __init__(self, url: str, key: str, timeout: float, connections: int = 1) -> None:
        self._url, self._key, self._timeout, self._connections = guard.check_address(url), key.strip(), timeout, connections
        self._dialect = Dialect()
        if not self._key.isascii() or not self._key.isprintable():
            raise UserError("The key holds characters that no key has.", "Copy it again, without blanks or line breaks.")

    async def __aenter__(self) -> Self:
        import httpx2
        from openai import AsyncOpenAI

        transport = guard.GuardedTransport(self._url, self._key, self._connections)
        self._http = httpx2.AsyncClient(transport=transport, follow_redirects=False, trust_env=False, timeout=self._timeout)
        # The key is the transport's alone; the client gets a word in its place, and takes none from the environment.
        self._client = AsyncOpenAI(
            api_key="kept-elsewhere", base_url=self._url, http_client=self._http, max_retries=0, timeout=self._timeout
        )
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._http.aclose()

    async def chat(self, model: str, prompt: str, max_tokens: int, temperature: float, shape: Shape) -> Answer:
        """Send one prompt; return what came with status 200, else raise `Busy`, `Refused` or `UserError`.

        What the server refuses is left out of the request one by one, and out of every later one.
        """
        dialect = self._dialect
        while True:
            try:
                answer = await self._send(model, prompt, dialect.parameters(max_tokens, temperature, shape))
            except Refused as refused:
                simpler = dialect.simpler(refused.about)
                if simpler is None:
                    raise
                dialect = simpler
            else:
                self._dialect = dialect
                return answer

    async def _send(self, model: str, prompt: str, parameters: Mapping[str, Any]) -> Answer:
        import openai

        call = self._client.chat.completions.with_raw_response.create
        failed: Exception
        try:
            async with asyncio.timeout(self._timeout):  # the client's own limit counts from byte to byte
                answer = await call(model=model, messages=[{"role": "user", "content": prompt}], **parameters)
            return read_body(answer.http_response.content)
        except (TimeoutError, openai.APITimeoutError):
            failed = Busy(f"The address did not answer within {self._timeout:.0f} s", perhaps_paid=True)
        except openai.APIConnectionError as error:
            sent = not _is_connect_error(error.__cause__)
            failed = Busy("The connection broke" if sent else "The address cannot be reached", perhaps_paid=sent)
        except openai.APIStatusError as error:
            failed = _judge(error.status_code, error.response.headers, f"{error.code} {error.param} {error.message}")
        raise failed  # out here, so that the server's words do not travel along as its context


def _is_connect_error(error: BaseException | None) -> bool:
    import httpx2

    return isinstance(error, (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError))


def _judge(status: int, headers: Mapping[str, str], about: str) -> Exception:
    """Return the error for a status; the server's own words are read for the parameter's name, never passed on."""
    if status in REFUSED:
        return Refused(status, about)
    if status == 402 or (status == 429 and "insufficient_quota" in about):
        return UserError(f"The account at this address has no money left (status {status}).", "Top it up. What was answered is kept.")
    if status in ANOTHER_TRY or status >= 500:
        return Busy(f"The server is busy (status {status})", retry_after(headers.get("retry-after", "")))
    if status == 401:
        return UserError("The key was not accepted (status 401).", "Check the key, and that it belongs to this address.")
    if status == 403:
        return UserError("The key may not do this (status 403).", "Check what the key is allowed to do, and the model's name.")
    if status == 404:
        return UserError("There is no such model or address (status 404).", "Check the model's name, and that the address ends in /v1.")
    if 300 <= status < 400:
        return UserError(
            f"The address points to another one (status {status}).", "Type that other address itself, often https:// or with /v1."
        )
    return UserError(f"The server refused the call (status {status}).", "Check the address and the model's name.")


def retry_after(value: str) -> float | None:
    """Return the seconds that a Retry-After header asks for (a number or a date), None when it has none."""
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time()
        except (ValueError, TypeError, OverflowError):
            return None
    return max(0.0, seconds) if seconds == seconds and seconds != float("inf") else None


def read_body(body: bytes) -> Answer:
    """Return a 200's body as an answer; never raises, whatever the body is."""
    text = _storable(body.decode("utf-8", "replace"))
    try:
        data = json.loads(text)
        message = data["choices"][0]["message"]
        content = next((c for c in (message.get("content"), message.get("refusal")) if isinstance(c, str)), "")
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
        return Answer(text, proper=False)
    usage = data.get("usage")
    return Answer(_storable(content), True, _count(usage, "prompt_tokens"), _count(usage, "completion_tokens"))


def _storable(text: str) -> str:
    """Leave out what neither SQLite nor a page can hold: NUL, and halves of a pair of surrogates (JSON may spell them)."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def _count(usage: Any, name: str) -> int | None:
    number = usage.get(name) if isinstance(usage, dict) else None
    return number if isinstance(number, int) and not isinstance(number, bool) and 0 < number <= MOST_TOKENS else None
