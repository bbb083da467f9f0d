"""A model hub on loopback: what a push, its proof and a download need, as huggingface_hub 2.4 asks for it; can fail at any request."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import socket
import threading
from dataclasses import dataclass, field
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


@dataclass
class Repository:
    private: bool
    files: dict[str, bytes] = field(default_factory=lambda: {".gitattributes": b""})
    commits: list[str] = field(default_factory=lambda: ["0" * 40])


class HubServer:
    """Hold repositories by name at `url`. `fault` befalls request number `at` (from 0), and all later ones when `forever`.

    A fault is a status, "drop" (the connection breaks, nothing is done), "late" (all is done, then the connection breaks), or
    "hang". `requests` are the methods and paths that came.
    """

    def __init__(self, token: str = "hf_right", fault: str = "", at: int = 0, forever: bool = False) -> None:
        self.token, self.fault, self.at, self.forever = token, fault, at, forever
        self.repositories: dict[str, Repository] = {}
        self.blobs: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.public = False  # whether those without the token may read
        self.corrupt = ""  # a path whose bytes come back changed
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        api = "/api/models/{owner}/{name}"
        self._app = Starlette(
            routes=[
                Route("/api/whoami-v2", self._whoami),
                Route("/api/repos/create", self._create, methods=["POST"]),
                Route("/api/validate-yaml", self._validate, methods=["POST"]),
                Route(f"{api}/preupload/{{revision}}", self._preupload, methods=["POST"]),
                Route("/{owner}/{name}.git/info/lfs/objects/batch", self._batch, methods=["POST"]),
                Route("/lfs/{oid}", self._put, methods=["PUT"]),
                Route(f"{api}/commit/{{revision}}", self._commit, methods=["POST"]),
                Route(f"{api}/tree/{{revision}}", self._tree),
                Route(f"{api}/revision/{{revision}}", self._info),
                Route(api, self._info),
                Route("/{owner}/{name}/resolve/{revision}/{path:path}", self._resolve, methods=["GET", "HEAD"]),
            ]
        )

    def __enter__(self) -> Self:
        config = uvicorn.Config(self._guard, interface="asgi3", log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True

    async def _guard(self, scope: Any, receive: Any, send: Any) -> None:
        number = len(self.requests)
        self.requests.append(f"{scope['method']} {scope['path']}")
        if not self.fault or not (number == self.at or (self.forever and number > self.at)):
            known = dict(scope["headers"]).get(b"authorization") == f"Bearer {self.token}".encode()
            allowed = known or scope["path"].startswith("/lfs/") or self.public
            await (self._app if allowed else JSONResponse({"error": f"not {self.token}"}, 401))(scope, receive, send)
        elif self.fault.isdigit():
            await JSONResponse({"error": f"no, {self.token}"}, int(self.fault), {"x-error-message": self.token})(scope, receive, send)
        else:
            if self.fault == "hang":
                await asyncio.sleep(30)
            if self.fault == "late":
                await self._app(scope, receive, self._nowhere)
            broken = Response(b"", headers={"content-length": "9"})  # shorter than promised: uvicorn closes the connection
            await broken(scope, receive, send)

    async def _nowhere(self, message: Any) -> None:
        pass

    def _of(self, request: Request) -> Repository:
        return self.repositories[f"{request.path_params['owner']}/{request.path_params['name']}"]

    async def _whoami(self, request: Request) -> Response:
        return JSONResponse({"type": "user", "name": "ana", "orgs": [{"name": "lab"}]})

    async def _create(self, request: Request) -> Response:
        body = await request.json()
        name = f"{body['organization'] or 'ana'}/{body['name']}"
        if body["organization"] not in (None, "ana", "lab"):
            return JSONResponse({}, 403)
        if name in self.repositories:
            return JSONResponse({"error": "exists"}, 409)
        self.repositories[name] = Repository(body.get("visibility") == "private")
        return JSONResponse({"url": f"{self.url}/{name}"})

    async def _validate(self, request: Request) -> Response:
        return JSONResponse({"errors": [], "warnings": []})

    async def _preupload(self, request: Request) -> Response:
        files = (await request.json())["files"]
        modes = {True: "lfs", False: "regular"}
        return JSONResponse(
            {"files": [{"path": f["path"], "uploadMode": modes[f["path"].endswith(".safetensors")], "shouldIgnore": False} for f in files]}
        )

    async def _batch(self, request: Request) -> Response:
        objects = (await request.json())["objects"]
        actions = lambda oid: {} if oid in self.blobs else {"actions": {"upload": {"href": f"{self.url}/lfs/{oid}"}}}  # noqa: E731
        return JSONResponse({"transfer": "basic", "objects": [{**o, **actions(o["oid"])} for o in objects]})

    async def _put(self, request: Request) -> Response:
        data = await request.body()
        oid = request.path_params["oid"]
        if hashlib.sha256(data).hexdigest() != oid:
            return Response(status_code=400)
        self.blobs[oid] = data
        return Response()

    async def _commit(self, request: Request) -> Response:
        repository, lines = self._of(request), [json.loads(line) for line in (await request.body()).splitlines()]
        header, files = lines[0]["value"], dict(repository.files)
        if header.get("parentCommit", repository.commits[-1]) != repository.commits[-1]:
            return JSONResponse({"error": "changed"}, 412)
        for line in lines[1:]:
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.blobs[value["oid"]]
            else:
                del files[value["path"]]
        repository.files = files
        repository.commits.append(hashlib.sha1(repr((header, len(repository.commits))).encode()).hexdigest())
        url = f"{self.url}/{request.path_params['owner']}/{request.path_params['name']}/commit/{repository.commits[-1]}"
        return JSONResponse({"commitUrl": url, "commitOid": repository.commits[-1], "pullRequestUrl": None})

    async def _info(self, request: Request) -> Response:
        repository = self._of(request)
        name = f"{request.path_params['owner']}/{request.path_params['name']}"
        siblings = [{"rfilename": path} for path in repository.files]
        return JSONResponse({"id": name, "private": repository.private, "sha": repository.commits[-1], "siblings": siblings})

    async def _tree(self, request: Request) -> Response:
        files = self._of(request).files.items()
        return JSONResponse([{"type": "file", "path": path, "size": len(data), "oid": "0" * 40} for path, data in files])

    async def _resolve(self, request: Request) -> Response:
        repository = self._of(request)
        data = repository.files.get(request.path_params["path"])
        if data is None:
            return JSONResponse({}, 404, {"x-error-code": "EntryNotFound"})
        if request.path_params["path"] == self.corrupt:
            data = b"x" + data[1:]
        return Response(data, headers={"etag": f'"{hashlib.sha1(data).hexdigest()}"', "x-repo-commit": repository.commits[-1]})
