"""Secrets stay where they were typed."""

from __future__ import annotations

import base64
import copy
import pickle
from urllib.parse import quote

import pytest

from core.errors import UserError
from core.secrets import Secret, origin, redact

KEY = "sk-canary/1234+5678=abc"


def test_a_secret_never_shows_itself():
    secret = Secret(KEY, "https://api.example/v1")
    assert KEY not in f"{secret} {secret!r} {[secret]}"
    for leak in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError):
            leak(secret)


@pytest.mark.parametrize("url", ["https://api.example/v1", "https://API.example:443/other", " https://api.example "])
def test_a_secret_is_handed_over_at_its_own_origin(url):
    assert Secret(KEY + "\n", "https://api.example/v1").for_origin(url) == KEY


@pytest.mark.parametrize(
    "url",
    ["http://api.example/v1", "https://api.example:8443/v1", "https://api.example.evil/v1", "https://evil/api.example", "", "https://[x"],
)
def test_a_secret_is_refused_at_another_origin(url):
    with pytest.raises(UserError) as caught:
        Secret(KEY, "https://api.example/v1").for_origin(url)
    assert KEY not in str(caught.value)


def test_an_empty_secret_goes_anywhere():
    assert Secret(" ", "http://a").for_origin("http://b") == "" and not Secret("", "http://a")


def test_origin_of_no_address_is_empty():
    assert origin("not an address") == origin("http://") == ""


@pytest.mark.parametrize("form", [KEY, quote(KEY, safe=""), base64.b64encode(KEY.encode()).decode()])
def test_redact_finds_the_forms_in_which_a_secret_travels(form):
    assert redact(f"before {form} after", [KEY, ""]) in ("before **** after", "before ****= after", "before ****== after")
