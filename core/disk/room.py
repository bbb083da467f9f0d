"""Knowing a full disk by what the libraries say when they meet one: not all of them hand the system's error on."""

from __future__ import annotations

import errno

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})  # no space, none left for this user, none for a file of this size
WORDS = (
    "no space left",
    "disk quota exceeded",
    "database or disk is full",  # sqlite3
    *(f"os error {number}" for number in sorted(FULL)),  # safetensors
    "file write failed",  # torch.save says no more than this, and
    "unexpected pos",  # this when it closes what it could not write
)


def full(error: BaseException) -> bool:
    """Say whether an error, or one that it followed from, means that the disk took no more."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        if isinstance(cause, OSError) and cause.errno in FULL:
            return True
        if any(words in str(cause).lower() for words in WORDS):
            return True
        seen.add(id(cause))
        cause = cause.__cause__ or cause.__context__
    return False
