"""Where an address that somebody typed may lead, held at the moment of connecting, and what a request to it carries.

Checking the text of an address is not enough: a name may resolve to anything, and to something else a second later. So
the name is resolved here, every address it stands for is checked, and the connection goes to the very address checked.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import socket
import unicodedata
from collections.abc import AsyncIterator, Iterable
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpcore2
import httpx2

from core.errors import UserError

# Where clouds keep a machine's credentials, besides link-local 169.254.0.0/16 and fe80::/10: AWS, Google, Alibaba, Azure, Oracle.
METADATA = frozenset({"fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "168.63.129.16", "192.0.0.192"})
EMBEDS_IPV4 = tuple(ipaddress.IPv6Network(n) for n in ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48"))
HEADERS = frozenset({"host", "accept", "content-type", "content-length", "transfer-encoding", "connection", "user-agent"})
logging.getLogger("httpcore2").setLevel(logging.INFO)  # its debug lines hold an answer's headers, and those may echo a key
RESOLVING = 5.0  # seconds for a name that a proxy will resolve anyhow
LONGEST_BODY = 2_000_000  # bytes; the longest answer that can be asked for, 8,192 tokens, has some 50,000


def check_address(url: str) -> str:
    """Return a base address in plain form; raise `UserError` for one that cannot be used whatever it resolves to."""
    clean = url.strip().rstrip("/").removesuffix("/chat/completions")
    try:
        parts = urlsplit(clean)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if not clean:
        raise UserError("There is no address of a language model.", "Type one, such as http://localhost:11434/v1.")
    strange = any(c.isspace() or not c.isprintable() or c == "\\" for c in clean) or ("%" in (host or "") and ":" not in (host or ""))
    if not host or parts.scheme.lower() not in ("http", "https") or strange:
        raise UserError("This is not an address of the web.", "It begins with http:// or https://, such as http://localhost:11434/v1.")
    if parts.username is not None or parts.query or parts.fragment or "?" in clean:
        raise UserError("The address holds a name, a password or a query.", "Type the bare address, and the key in its own field.")
    if _is_forbidden(_plain(host)):
        raise _refusal()
    return clean


def is_forbidden(address: str) -> bool:
    """Say whether an IP address is link-local, multicast or a cloud's metadata service, however it is wrapped."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    return any(one.is_link_local or one.is_multicast or str(one) in METADATA for one in _unwrap(ip))


def _plain(host: str) -> str:
    """Return a host as resolvers read it: other scripts' digits and dots as ours, without the dot of the root."""
    return unicodedata.normalize("NFKC", host).replace("\u3002", ".").rstrip(".")


def _is_forbidden(host: str) -> bool:
    """Judge a host that is an address in any spelling (169.254.169.254, 0xA9FEA9FE, 2852039166); a name is judged when it is resolved."""
    for read in (str, lambda text: socket.inet_ntoa(socket.inet_aton(text))):
        try:
            return is_forbidden(read(host))
        except (ValueError, OSError):
            continue
    return False


def _proxy(url: str) -> str:
    """Return the proxy that this machine's settings name for an address, "" for none; never one for the machine itself."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host == "localhost" or host.startswith("127.") or host == "::1" or proxy_bypass(parts.netloc):
        return ""
    proxy = getproxies().get(parts.scheme, "")
    return proxy if proxy.startswith(("http://", "https://")) else ""


def _unwrap(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> Iterable[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    yield ip
    if isinstance(ip, ipaddress.IPv6Address):
        if any(ip in network for network in EMBEDS_IPV4):
            yield ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        yield from filter(None, (ip.sixtofour, *(ip.teredo or ())))


def _refusal() -> UserError:
    return UserError(
        "This address leads to a link-local or metadata service, where no language model lives.",
        "Type the address of a language model; http://localhost is fine.",
    )


async def resolve(host: str, port: int, timeout: float | None) -> list[str]:
    """Return every address that a host stands for now; raise `UserError` when one of them is forbidden."""
    try:
        async with asyncio.timeout(timeout):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except TimeoutError:
        raise httpcore2.ConnectTimeout("name resolution took too long") from None
    except (OSError, UnicodeError) as error:
        raise httpcore2.ConnectError(f"the name cannot be resolved: {type(error).__name__}") from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if any(is_forbidden(address) for address in addresses):
        raise _refusal()
    return addresses


class GuardedBackend(httpcore2.AsyncNetworkBackend):
    """Open connections only to addresses that have been checked, after the name was resolved."""

    def __init__(self) -> None:
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None, socket_options: Any = None
    ) -> httpcore2.AsyncNetworkStream:
        """Resolve, check every address, and connect to the first that answers."""
        addresses = await resolve(host, port, timeout)
        failed: httpcore2.ConnectError | None = None
        for address in addresses:
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except httpcore2.ConnectError as error:
                failed = error
        raise failed or httpcore2.ConnectError("the name has no address")

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore2.AsyncNetworkStream:
        """Refuse: an address of the web is never a socket file."""
        raise _refusal()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


class GuardedTransport(httpx2.AsyncHTTPTransport):
    """Send requests through the guarded backend, with few headers, the key added last, and answers of bounded size.

    Whatever a client library or the environment puts into the headers (accounts, other keys, facts about this machine)
    stays here. The key is known to this object alone, so that no request, error or log of the library holds it.
    """

    def __init__(self, url: str, key: str, connections: int) -> None:
        context = httpx2.create_ssl_context()
        super().__init__(verify=context)
        proxy = _proxy(url)
        self._unjudged = bool(proxy)
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=context,
            proxy=httpcore2.Proxy(proxy) if proxy else None,
            max_connections=connections,
            network_backend=GuardedBackend(),
        )
        self._authorization = {"authorization": f"Bearer {key}"} if key else {}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send the request; its answer ends at LONGEST_BODY bytes and is never decompressed."""
        if self._unjudged:  # a proxy connects by itself, so the name is judged here, as far as it is known here
            self._unjudged = False
            with contextlib.suppress(httpcore2.ConnectError, httpcore2.ConnectTimeout):
                await resolve(request.url.host, request.url.port or 443, RESOLVING)
        kept = {name: value for name, value in request.headers.items() if name.lower() in HEADERS}
        headers = kept | {"accept-encoding": "identity"} | self._authorization
        sent = httpx2.Request(request.method, request.url, headers=headers, stream=request.stream, extensions=request.extensions)
        answer = await super().handle_async_request(sent)
        left = [(name, value) for name, value in answer.headers.multi_items() if name.lower() != "content-encoding"]
        return httpx2.Response(answer.status_code, headers=left, stream=_Bounded(answer.stream), extensions=answer.extensions)


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for part in self._stream:
            size += len(part)
            yield part
            if size > LONGEST_BODY:
                return

    async def aclose(self) -> None:
        await self._stream.aclose()
