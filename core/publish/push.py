"""The child process that sends a model: `python -m core.publish.push`, its orders and the token on standard input, one JSON object.

A process of its own because huggingface_hub reads its switches once, when it is first imported, because a hub may hang, and
because the token then lives in a memory that ends with the push. It prints JSON lines: progress, then a result or an error.
"""

from __future__ import annotations

import json
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.digest import file_sha256
from core.errors import UserError

if TYPE_CHECKING:
    from huggingface_hub import HfApi

STEP_SECONDS = 60.0  # that one read or write may take; the whole push has a limit in core.publish
OF_THE_HUB = frozenset({".gitattributes"})  # made by a hub itself in every new repository


@dataclass(frozen=True)
class Order:
    """What is to be sent where: `files` maps each path to its SHA-256, `card` is README.md, `known` are paths sent before.

    `ours` says that this project has published to the repository before, or that the person wants to add to it.
    """

    endpoint: str
    repo: str
    private: bool
    folder: str
    files: Mapping[str, str]
    card: str
    message: str
    ours: bool = False
    known: tuple[str, ...] = ()
    token: str = field(default="", repr=False)


def main() -> int:
    """Read the order, carry it out, and print how it ended."""
    sys.excepthook = lambda kind, error, trace: _say(trace="".join(traceback.format_exception(kind, error, trace)))
    order = Order(**json.loads(sys.stdin.read()))
    try:
        _say(done=push(order))
    except UserError as error:
        _say(error=[error.message, error.hint])
    return 0


def push(order: Order) -> dict[str, Any]:
    """Make the repository where it is missing, send all files in one commit, read them back, and return what is there."""
    import httpx2
    from huggingface_hub import HfApi, set_client_factory
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    set_client_factory(lambda: httpx2.Client(follow_redirects=True, timeout=STEP_SECONDS))
    api = HfApi(endpoint=order.endpoint, token=order.token)
    failures = (httpx2.HTTPError, HfHubHTTPError, LocalEntryNotFoundError, OSError, RuntimeError, ValueError, KeyError, TypeError)
    sent = False
    try:
        repo, head = _repository(api, order)
        _say(progress=[0.2, f"Sending {len(order.files)} files"])
        sent = True
        commit = _commit(api, order, repo, head, failures)
        wrong = list(_compare(api, order, repo, commit))
        private = bool(api.model_info(repo, revision=commit).private)
    except failures as error:
        failure = _explain(error, order, sent)
    else:
        if wrong:
            raise UserError(f"The hub holds other bytes than were sent: {', '.join(wrong)}.", "Publish again, or look at the repository.")
        return {"repo": repo, "commit": commit, "private": private, "url": f"{order.endpoint}/{repo}"}
    raise failure  # out here, so that the hub's words do not travel along as its context


def _repository(api: HfApi, order: Order) -> tuple[str, str | None]:
    """Return the repository's full name and, where it was there already, its newest commit."""
    from huggingface_hub.errors import HfHubHTTPError

    _say(progress=[0.02, "Checking the token"])
    who = api.whoami()
    repo = order.repo if "/" in order.repo else f"{who['name']}/{order.repo}"
    _say(progress=[0.08, "Making the repository"])
    try:
        api.create_repo(repo, private=order.private, exist_ok=False)
        return repo, None
    except HfHubHTTPError as error:
        if error.response.status_code != 409:
            raise
    info = api.model_info(repo)
    present = {file.rfilename for file in info.siblings or ()} - OF_THE_HUB
    if present and not order.ours:
        raise UserError(
            f"There is a repository {repo} already.",
            "Choose another name, or say that the repository holds other files already (--add in the shell).",
        )
    if order.private and not info.private:
        raise UserError(f"The repository {repo} is public.", "Choose another name, make it private on the hub, or publish openly.")
    return repo, info.sha


def _commit(api: HfApi, order: Order, repo: str, head: str | None, failures: tuple[type[Exception], ...]) -> str:
    """Send the files and return the commit; where the answer got lost, look whether they arrived all the same."""
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    folder = Path(order.folder)
    operations: list[Any] = [
        CommitOperationAdd(path, order.card.encode() if path == "README.md" else str(folder / path)) for path in order.files
    ]
    if head:
        gone = set(order.known) - set(order.files)
        operations += [CommitOperationDelete(path) for path in sorted(gone & set(api.list_repo_files(repo, revision=head)))]
    try:
        return str(api.create_commit(repo, operations, commit_message=order.message, parent_commit=head, num_threads=2).oid)
    except failures:
        now = str(api.model_info(repo).sha)
        if now != head and set(order.files) <= set(api.list_repo_files(repo, revision=now)):
            return now
        raise


def _compare(api: HfApi, order: Order, repo: str, commit: str) -> Iterator[str]:
    """Yield the paths whose bytes at the hub are missing or others than those sent, reading each file back."""
    there = set(api.list_repo_files(repo, revision=commit))
    for number, (path, sha256) in enumerate(order.files.items()):
        _say(progress=[0.6 + 0.4 * number / len(order.files), f"Reading back {number + 1} of {len(order.files)}"])
        with tempfile.TemporaryDirectory(prefix="attune-") as aside:
            if path not in there or file_sha256(Path(api.hf_hub_download(repo, path, revision=commit, local_dir=aside))) != sha256:
                yield path


def _explain(error: Exception, order: Order, sent: bool) -> UserError:
    """Return the words for a failure: what happened, what is safe, and the next step; none of the hub's own words."""
    from huggingface_hub.errors import HfHubHTTPError

    if sent:
        safe = "The repository is as it was, or has all files: they go up in one step. Publish again to be sure."
    else:
        safe = "Nothing was sent."
    cause: BaseException | None = error
    while cause and not isinstance(cause, HfHubHTTPError):
        cause = cause.__cause__
    if not isinstance(cause, HfHubHTTPError):
        if isinstance(error, (ValueError, KeyError, TypeError)):
            return UserError(f"{order.endpoint} does not answer as a model hub does.", f"Check the address. {safe}")
        return UserError("The connection to the hub broke.", f"{safe} Check the connection.")
    status = cause.response.status_code
    match status:
        case 401:
            return UserError("The token was not accepted (status 401).", f"Make a new one with the right to write. {safe}")
        case 403:
            return UserError("The token may not do this (status 403).", f"It needs the right to write to {order.repo}. {safe}")
        case 404:
            return UserError("The hub does not know the repository (status 404).", f"Check its name and the token's rights. {safe}")
        case 409 | 412:
            return UserError(f"The repository was changed meanwhile (status {status}).", f"{safe}")
        case 413:
            return UserError("The hub takes no model of this size (status 413).", safe)
        case 429:
            return UserError("The hub asks to slow down (status 429).", f"Try again in some minutes. {safe}")
        case _ if status >= 500:
            return UserError(f"The hub has trouble (status {status}).", f"Try again later. {safe}")
    return UserError(f"The hub refused (status {status}).", f"Check the repository's name. {safe}")


def _say(**words: Any) -> None:
    print(json.dumps(words), flush=True)


if __name__ == "__main__":
    sys.exit(main())
