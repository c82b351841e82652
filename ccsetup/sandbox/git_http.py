"""Git over HTTPS like CodeCommit: checks the signature in the password, then runs the real `git http-backend`."""

from __future__ import annotations

import base64
import binascii
import os
import re
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO

from ccsetup.core import regions
from ccsetup.sandbox import sigv4
from ccsetup.sandbox.codecommit import key_open
from ccsetup.sandbox.http import Refusal, Request
from ccsetup.sandbox.repositories import Repositories
from ccsetup.sandbox.resources import REGIONS, Keys, Repository
from ccsetup.sandbox.state import State

PREFIX = "/v1/repos/"
_SERVED = re.compile(r"/v1/repos/(?P<name>[^/]+)/(?P<rest>info/refs|git-upload-pack|git-receive-pack)")
_CHUNK = 65536


@dataclass(frozen=True)
class Visit:
    """An admitted request: the repository, the rest of the path, and "GitPull" or "GitPush"."""

    repository: Repository
    rest: str
    action: str
    keys: Keys


def admit(state: State, request: Request) -> Visit:
    """Check signature and permissions. Raises Refusal: 401 unknown caller, 403 not allowed, 404 no such repository."""
    found = _SERVED.fullmatch(request.where)
    if found is None:
        raise Refusal("NotFound", "", 404)
    keys, region = _signed(state, request, found["name"])
    rest, action = found["rest"], wanted(request)
    if not action:
        raise Refusal("InvalidRequest", "", 400)
    caller = keys.caller
    arn = regions.arn("codecommit", region, caller.account_id, found["name"])
    state.demand(caller, f"codecommit:{action}", arn, "AccessDenied", 403)
    repository = state.repositories.get((caller.account_id, region, found["name"]))
    if repository is None:
        raise Refusal("RepositoryDoesNotExist", "", 404)
    if not key_open(state, caller, repository):
        raise Refusal("EncryptionKeyAccessDenied", "", 403)
    return Visit(repository, rest, action, keys)


def wanted(request: Request) -> str:
    """Return what a request wants to do, "GitPull" or "GitPush", "" if neither."""
    last = request.where.rsplit("/", 1)[-1]
    service = request.arguments.get("service", "") if last == "refs" else last
    return {"git-upload-pack": "GitPull", "git-receive-pack": "GitPush"}.get(service, "")


class Backend:
    """Runs git's own server for a request, and keeps track of its processes so that they end with the sandbox."""

    def __init__(self, disk: Repositories) -> None:
        self._disk = disk
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()

    def serve(
        self, visit: Visit, request: Request, body: Iterator[bytes], begin: Callable[[int, Mapping[str, str]], None],
        send: Callable[[bytes], None],
    ) -> None:  # fmt: skip
        """Feed the body to git http-backend, and pass on its status, headers and answer as they arrive."""
        process = subprocess.Popen(
            [self._disk.program, "http-backend"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=self._environment(visit, request),
        )
        with self._lock:
            self._running.add(process)
        feeder = threading.Thread(target=_feed, args=(process, body), daemon=True)
        feeder.start()
        try:
            if process.stdout is not None:
                status, headers = _head(process.stdout)
                begin(status, headers)
                while chunk := process.stdout.read1(_CHUNK):  # type: ignore[attr-defined]
                    send(chunk)
            feeder.join()
            process.wait()
        finally:
            process.kill()
            process.wait()
            feeder.join()
            if process.stdout is not None:
                process.stdout.close()
            with self._lock:
                self._running.discard(process)
        if visit.rest == "git-receive-pack":
            self._disk.settle_head(visit.repository)

    def stop(self) -> None:
        """End processes that are still running."""
        with self._lock:
            for process in self._running:
                process.kill()

    def _environment(self, visit: Visit, request: Request) -> dict[str, str]:
        self._disk.path(visit.repository)
        given = {
            "REQUEST_METHOD": request.method,
            "QUERY_STRING": request.query,
            "CONTENT_TYPE": request.headers.get("content-type", ""),
            "HTTP_CONTENT_ENCODING": request.headers.get("content-encoding", ""),
            "GIT_PROTOCOL": request.headers.get("git-protocol", ""),
        }
        return {
            **self._disk.environment(),
            **{name: value for name, value in given.items() if value or name == "QUERY_STRING"},
            "GIT_PROJECT_ROOT": os.fspath(self._disk.folder),
            "PATH_INFO": f"/{self._disk.relative(visit.repository)}/{visit.rest}",
            "GIT_HTTP_EXPORT_ALL": "1",
            "REMOTE_USER": visit.keys.access_key_id,
            "REMOTE_ADDR": "127.0.0.1",
        }


def _signed(state: State, request: Request, name: str) -> tuple[Keys, str]:
    """Return the access key that signed the password, and the region it was signed for. Raises Refusal."""
    user, password = basic(request.headers.get("authorization", ""))
    if "-at-" in user:
        return _known(state, user, password, name)
    key_id, _, token = user.partition("%")
    keys = state.keys.get(key_id)
    if keys is None or keys.session_token != token:
        raise Refusal("InvalidClientTokenId", "", 403)
    if keys.expires is not None and keys.expires <= state.now():
        raise Refusal("ExpiredToken", "", 403)
    stamp = sigv4.git_stamp(password)
    if stamp is None:
        raise Refusal("SignatureDoesNotMatch", "", 403)
    sigv4.check_time(stamp, state.now(), 15)
    host = request.headers.get("host", "")
    hosts = dict.fromkeys((host, host.rsplit(":", 1)[0]))
    region = sigv4.git_region(password, keys.secret_access_key, PREFIX + name, hosts, REGIONS)
    if region is None:
        raise Refusal("SignatureDoesNotMatch", "", 403)
    return keys, region


def _known(state: State, user: str, password: str, name: str) -> tuple[Keys, str]:
    """Return the caller of Git credentials, and the region in which its account has the repository. Raises Refusal."""
    right, keys = state.git_credentials.get(user, ("", None))
    if keys is None or password != right:
        raise Refusal("AccessDenied", "", 403)
    account = keys.caller.account_id
    return keys, next((it[1] for it in state.repositories if it[0] == account and it[2] == name), REGIONS[0])


def basic(header: str) -> tuple[str, str]:
    """Return the user name and password of an Authorization header. Raises Refusal if there are none."""
    scheme, _, encoded = header.partition(" ")
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        user, password = "", ""
    if scheme.lower() != "basic" or not user:
        raise Refusal("MissingAuthenticationToken", "", 401)
    return user, password


def _feed(process: subprocess.Popen[bytes], body: Iterator[bytes]) -> None:
    """Write the body to git. If the client disconnects, end git."""
    if process.stdin is None:
        return
    gone = False
    try:
        for chunk in body:  # read to the end even if git has exited, so that the connection stays usable
            gone = gone or not _written(process.stdin, chunk)
    except OSError:
        process.kill()
    try:
        process.stdin.close()
    except OSError:
        pass


def _written(stream: IO[bytes], chunk: bytes) -> bool:
    try:
        stream.write(chunk)
    except OSError:
        return False
    return True


def _head(stream: IO[bytes]) -> tuple[int, dict[str, str]]:
    """Read the CGI header: the status and the other fields."""
    headers: dict[str, str] = {}
    while line := stream.readline().strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip()] = value.strip()
    status = headers.pop("Status", "200 OK" if headers else "500")
    return int(status.split()[0]), headers
