"""Secrets: held in memory only, bound to the place they were typed for, and blotted out of everything that is written."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from urllib.parse import quote, quote_plus, urlsplit

from core.errors import UserError

BLOT = "****"
PORTS = {"http": 80, "https": 443}


class Secret:
    """Hold a key or token for one origin; it shows, prints and logs as ****, and cannot be pickled.

    A page keeps it in the session. When the address is changed afterwards, `for_origin` refuses to hand it over: else
    anybody who can change the address could have the key sent to a server of their own.
    """

    __slots__ = ("_origin", "_value")

    def __init__(self, value: str, url: str) -> None:
        self._value = value.strip()
        self._origin = origin(url)

    def for_origin(self, url: str) -> str:
        """Return the value for use at `url`; raise `UserError` when it was typed for another address."""
        if self._value and origin(url) != self._origin:
            raise UserError("The key was typed for another address.", "Type the key for this address.")
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return BLOT

    def __reduce__(self) -> str:
        raise TypeError("A secret stays in memory.")


def origin(url: str) -> str:
    """Return scheme, host and port of an address in one spelling; "" where it has none."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port or PORTS.get(parts.scheme.lower())
    except ValueError:
        return ""
    return f"{parts.scheme.lower()}://{(parts.hostname or '').lower()}:{port}" if parts.hostname else ""


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return the text with every secret blotted out: as it stands, in a URL, in JSON and in Base64."""
    forms = {form for secret in secrets if secret for form in _forms(secret)}
    for form in sorted(forms, key=len, reverse=True):  # a secret that holds another goes first
        text = text.replace(form, BLOT)
    return text


def _forms(secret: str) -> list[str]:
    raw = secret.encode("utf-8", "surrogatepass")
    coded = [base64.b64encode(raw), base64.urlsafe_b64encode(raw)]
    return [secret, quote(raw), quote(raw, safe=""), quote_plus(raw), json.dumps(secret)[1:-1], *(c.decode().rstrip("=") for c in coded)]
