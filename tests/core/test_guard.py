"""Where an address that somebody typed may lead: by its text, by what its name resolves to, and by where its server points."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence

import pytest

from core.endpoint.guard import GuardedBackend, check_address, is_forbidden
from core.errors import UserError
from core.generators import llm
from core.recipe import LLMSettings
from tests.core.test_llm import ask, material, settings
from tests.llm_server import LLMServer

METADATA = [
    # the same four bytes in every spelling that some resolver reads
    "http://169.254.169.254/v1",
    "http://169.254.169.254:80/v1",
    "http://169.254.169.254./v1",
    "https://169.254.169.254",
    "http://2852039166/v1",
    "http://0xA9FEA9FE/v1",
    "http://0XA9FEA9FE/v1",
    "http://025177524776/v1",
    "http://0251.0376.0251.0376/v1",
    "http://0xa9.0xfe.0xa9.0xfe/v1",
    "http://0xa9.254.0251.254/v1",
    "http://169.16689662/v1",
    "http://169.254.43518/v1",
    "http://169.0xfea9fe/v1",
    "http://１６９.254.169.254/v1",
    "http://①⑥⑨.254.169.254/v1",
    "http://169。254。169。254/v1",
    "http://169.254.169.254。/v1",
    "http://169\uff0e254\uff0e169\uff0e254/v1",
    "http://169\u2024254\u2024169\u2024254/v1",
    # wrapped in IPv6
    "http://[::ffff:169.254.169.254]/v1",
    "http://[::ffff:a9fe:a9fe]/v1",
    "http://[::FFFF:A9FE:A9FE]:80/v1",
    "http://[0:0:0:0:0:ffff:a9fe:a9fe]/v1",
    "http://[::169.254.169.254]/v1",
    "http://[::ffff:0:a9fe:a9fe]/v1",
    "http://[64:ff9b::169.254.169.254]/v1",
    "http://[64:ff9b:1::a9fe:a9fe]/v1",
    "http://[2002:a9fe:a9fe::1]/v1",
    "http://[2001:0:a9fe:a9fe::1]/v1",
    # link-local at large, and multicast
    "http://169.254.0.1/v1",
    "http://169.254.255.255/v1",
    "http://[fe80::1]/v1",
    "http://[fe80::1%eth0]/v1",
    "http://[fe80::1%25eth0]/v1",
    "http://[febf::1]/v1",
    "http://224.0.0.1/v1",
    "http://239.255.255.250/v1",
    "http://[ff02::1]/v1",
    # other clouds'
    "http://[fd00:ec2::254]/v1",
    "http://[fd00:ec2:0:0:0:0:0:254]/v1",
    "http://[fd20:ce::254]/v1",
    "http://100.100.100.200/v1",
    "http://0x646464c8/v1",
    "http://[2002:6464:64c8::]/v1",
    "http://[64:ff9b::6464:64c8]/v1",
    "http://168.63.129.16/v1",
    "http://192.0.0.192/v1",
]

NO_ADDRESS = [
    "",
    "   ",
    "http://",
    "http:///v1",
    "http:127.0.0.1/v1",
    "//127.0.0.1/v1",
    "127.0.0.1:8000/v1",
    "localhost:8000/v1",
    "ftp://127.0.0.1/v1",
    "file:///etc/passwd",
    "gopher://127.0.0.1/v1",
    "ws://127.0.0.1/v1",
    "unix:///run/model.sock",
    "http+unix://%2Frun%2Fmodel.sock/v1",
    "javascript:alert(1)",
    "data:text/plain,v1",
    "http://[::1/v1",
    "http://127.0.0.1:99999/v1",
    "http://127.0.0.1:-1/v1",
    "http://127.0.0.1:80:80/v1",
    "http://127.0.0.1/ v1",
    "http://127.0.0.1\t/v1",
    "http://127.0.0.1/v1\r\nX-Header: yes",
    "http://127.0.0.1\x00.example/v1",
    "http://example%2ecom/v1",
    "http://127.0.0.1%2f@evil.example/v1",
    "http://127.0.0.1\\@evil.example/v1",
    "http://name:secret@127.0.0.1/v1",
    "http://name@127.0.0.1/v1",
    "http://@127.0.0.1/v1",
    "http://127.0.0.1@169.254.169.254/v1",
    "http://1.1.1.1 &@2.2.2.2# @3.3.3.3/v1",
    "http://127.0.0.1/v1?key=secret",
    "http://127.0.0.1/v1?",
    "http://127.0.0.1/v1#part",
]

USABLE = [
    (" http://localhost:11434/v1/ ", "http://localhost:11434/v1"),
    ("https://api.example/v1/chat/completions", "https://api.example/v1"),
    ("http://192.168.1.5:8000/v1", "http://192.168.1.5:8000/v1"),
    ("http://10.0.0.7/v1", "http://10.0.0.7/v1"),
    ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
    ("http://[::]:8000/v1", "http://[::]:8000/v1"),
    ("http://0.0.0.0:8000/v1", "http://0.0.0.0:8000/v1"),
    ("http://[2001:db8::1]/v1", "http://[2001:db8::1]/v1"),
    ("http://modell-straße.example/v1", "http://modell-straße.example/v1"),
]


@pytest.mark.parametrize("url", METADATA)
def test_no_spelling_of_a_link_local_or_metadata_address_is_used(url: str) -> None:
    with pytest.raises(UserError, match="link-local or metadata"):
        check_address(url)


@pytest.mark.parametrize("url", NO_ADDRESS)
def test_what_is_no_bare_address_of_the_web_is_not_used(url: str) -> None:
    with pytest.raises(UserError):
        check_address(url)


@pytest.mark.parametrize(("url", "plain"), USABLE)
def test_loopback_and_ordinary_addresses_are_used(url: str, plain: str) -> None:
    assert check_address(url) == plain


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "10.1.2.3", "192.168.0.1", "8.8.8.8", "0.0.0.0", "2001:db8::1", "::ffff:127.0.0.1"]
)
def test_what_a_name_may_resolve_to(address: str) -> None:
    assert not is_forbidden(address)


def resolver(*answers: Sequence[str]) -> Callable[..., list[tuple[object, ...]]]:
    """Return a name server that gives each question the next answer, and the last one for ever."""
    left = list(answers)

    def resolve(host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
        now = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in now]

    return resolve


RESOLVED = [
    ["169.254.169.254"],
    ["fe80::1"],
    ["fe80::1%2"],
    ["::ffff:169.254.169.254"],
    ["64:ff9b::a9fe:a9fe"],
    ["fd00:ec2::254"],
    ["100.100.100.200"],
    ["168.63.129.16"],
    ["224.0.0.1"],
    ["127.0.0.1", "169.254.169.254"],
    ["8.8.8.8", "fe80::1"],
]


@pytest.mark.parametrize("answer", RESOLVED, ids="-".join)
def test_a_name_is_judged_by_every_address_it_leads_to(monkeypatch: pytest.MonkeyPatch, answer: list[str]) -> None:
    with LLMServer() as server, pytest.raises(UserError, match="link-local or metadata"):
        monkeypatch.setattr(socket, "getaddrinfo", resolver(answer))  # the name server of somebody hostile
        llm.check(settings(server).model_copy(update={"base_url": server.url.replace("127.0.0.1", "friendly.example")}))
    assert not server.requests


def test_a_name_that_leads_elsewhere_at_the_second_look_is_refused_there(project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first call settles on a harmless address; the name is bound anew; the next connection is refused."""
    with LLMServer() as server:
        named = settings(server).model_copy(update={"base_url": server.url.replace("127.0.0.1", "friendly.example")})
        monkeypatch.setattr(socket, "getaddrinfo", resolver(["127.0.0.1"], ["169.254.169.254"]))
        assert "The model answers" in llm.check(named)
        with pytest.raises(UserError, match="link-local or metadata"):
            list(ask(project, material({"a": 1}), named))
    assert len(server.requests) == 1


def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name is resolved once for a connection: whatever it is bound to between check and use plays no part."""
    asked: list[str] = []
    answer = resolver(["127.0.0.1"], ["169.254.169.254"])

    def counting(host: str, port: int, *rest: object, **named: object) -> list[tuple[object, ...]]:
        asked.append(host)
        return answer(host, port) if host == "friendly.example" else resolver([host])(host, port)

    with LLMServer() as server:
        monkeypatch.setattr(socket, "getaddrinfo", counting)
        llm.check(settings(server).model_copy(update={"base_url": server.url.replace("127.0.0.1", "friendly.example")}))
    assert asked.count("friendly.example") == 1


def test_a_name_is_judged_before_it_is_left_to_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with LLMServer() as proxy, pytest.raises(UserError, match="link-local or metadata"):
        monkeypatch.setenv("http_proxy", proxy.url.removesuffix("/v1"))
        monkeypatch.setattr(socket, "getaddrinfo", resolver(["169.254.169.254"]))
        llm.check(LLMSettings(base_url="http://friendly.example/v1", model="tiny"))
    assert not proxy.requests


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("to", ["http://169.254.169.254/latest/meta-data/", "{own}/elsewhere", "file:///etc/passwd"])
def test_a_redirect_is_not_followed_wherever_it_points(status: int, to: str) -> None:
    with LLMServer(f"redirect {status} {to}") as server, pytest.raises(UserError, match="points to another"):
        llm.check(settings(server), "sk-secret")
    assert len(server.requests) == 1


def test_the_network_is_guarded_whoever_asks_for_a_connection() -> None:
    with pytest.raises(UserError):
        asyncio.run(GuardedBackend().connect_tcp("169.254.169.254", 80, timeout=1))
    with pytest.raises(UserError):
        asyncio.run(GuardedBackend().connect_unix_socket("/run/model.sock"))
