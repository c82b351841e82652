"""Files that the SDK would open for a profile: a pipe, a device or a text that is no token is refused before."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from pathlib import Path

import pytest

from ccsetup.core import lean_hash, sdk_files

POSIX = pytest.mark.skipif(os.name == "nt", reason="pipes with a name are POSIX's")
JWT = ".".join(
    base64.urlsafe_b64encode(part).decode().rstrip("=")
    for part in (b'{"alg":"RS256"}', json.dumps({"iss": "https://x", "sub": "y", "aud": "z"}).encode(), b"signature")
)


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


@pytest.mark.parametrize("text", ["abc", "maria:abc", f"[dev]\nregion = {JWT}"])
def test_a_text_that_is_no_token_is_not_sent(text: str, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(text)
    found = sdk_files.of_token(str(path))
    assert found is not None
    assert found.code == "oidc.token-invalid"
    assert found.what.startswith(f"The token file {path} doesn't contain a token: ")
    assert found.what.endswith(" Nothing was sent to AWS.")


def test_an_empty_file_and_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("\n")
    assert sdk_files.of_token(str(path)) is not None
    assert sdk_files.of_token(str(path)).code == "oidc.token-empty"  # type: ignore[union-attr]
    path.write_bytes(b"\xff\xfe")
    assert "it isn't a text file" in sdk_files.of_token(str(path)).what  # type: ignore[union-attr]


def test_a_token_and_a_file_that_is_not_there_have_no_fault(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{JWT}\n")
    assert sdk_files.of_token(str(tmp_path / "token")) is None
    assert sdk_files.of_token(str(tmp_path / "none")) is None
    assert sdk_files.of_certificates(str(tmp_path / "none")) is None
    assert sdk_files.of_certificates("") is None


@POSIX
def test_every_file_that_the_sdk_would_open_is_looked_at(pipe: Path, tmp_path: Path) -> None:
    cache = tmp_path / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True)
    os.mkfifo(cache / f"{hashlib.sha1(b'acme').hexdigest()}.json")

    def code(*way: dict[str, object], named: bool = True, **env: object) -> str:
        found = sdk_files.fault(way, {key: str(value) for key, value in env.items()}, str(tmp_path), named=named)
        return found.code if found else ""

    assert code({}) == code() == code({"region": "us-east-2"}, {"sso_session": "other"}) == ""
    assert code({}, {"web_identity_token_file": pipe}) == "file.unreadable"
    assert code({"sso_session": "acme"}) == code({}, {"sso_start_url": "acme"}) == "sso.cache-corrupt"
    assert code({"ca_bundle": pipe}) == "net.tls"
    assert code({}, {"ca_bundle": pipe}) == ""
    assert code({"ca_bundle": pipe}, AWS_CA_BUNDLE=tmp_path / "none") == ""
    assert code({}, AWS_CA_BUNDLE=pipe) == code({}, REQUESTS_CA_BUNDLE=pipe) == "net.tls"
    assert code({"ca_bundle": tmp_path / "none"}, REQUESTS_CA_BUNDLE=pipe) == ""
    for empty in ("", " "):  # older versions of botocore then check no certificate
        assert (
            code({"ca_bundle": empty})
            == code({}, AWS_CA_BUNDLE=empty)
            == code({}, REQUESTS_CA_BUNDLE=empty)
            == "net.tls"
        )
        assert code({"ca_bundle": tmp_path / "none"}, AWS_CA_BUNDLE=empty) == "net.tls"
        assert code({"ca_bundle": empty}, AWS_CA_BUNDLE=tmp_path / "none") == ""
        assert code({"ca_bundle": tmp_path / "none"}, REQUESTS_CA_BUNDLE=empty) == code({}, {"ca_bundle": empty}) == ""
    assert code({}, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=pipe) == "source.credential-source"
    assert code({}, AWS_WEB_IDENTITY_TOKEN_FILE=pipe) == ""
    assert code({}, AWS_WEB_IDENTITY_TOKEN_FILE=pipe, named=False) == "file.unreadable"


@pytest.mark.parametrize("text", ["", "acme", "https://acme.awsapps.com/start", "\u00e9", "\udce9"])
def test_names_of_cached_files_are_their_sha_1(text: str) -> None:
    assert lean_hash.sha1(text) == hashlib.sha1(text.encode("utf-8", "surrogateescape")).hexdigest()


@pytest.mark.parametrize("name", ["sha1", "sha256"])
def test_the_interpreters_own_hashes_are_those_of_hashlib(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = hashlib.new(name, b"x").hexdigest()
    assert lean_hash.function(name)(b"x").hexdigest() == wanted
    monkeypatch.setitem(__import__("sys").modules, f"_{name}", None)
    monkeypatch.setitem(__import__("sys").modules, "_sha2", None)
    assert lean_hash.function(name)(b"x").hexdigest() == wanted
