"""Hashes and ids: everything that is cached, frozen or compared is known by one of these."""

from __future__ import annotations

import hashlib
import json
import uuid
from pathlib import Path
from typing import Any


def digest(*parts: Any) -> str:
    """Return the SHA-256, in hex, of JSON-able parts; the same parts give the same digest on every machine."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def short(*parts: Any) -> str:
    """Return the first 20 hex digits of the digest: an id that is still unique among billions."""
    return digest(*parts)[:20]


def fresh_id() -> str:
    """Return a new random id of 12 hex digits."""
    return uuid.uuid4().hex[:12]


def file_sha256(path: Path) -> str:
    """Return the SHA-256, in hex, of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
