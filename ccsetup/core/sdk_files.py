"""Checks the files that the SDK opens for a profile before it does.

The SDK would wait for a pipe forever, read a device into memory, and send the contents of any token file to STS.
Missing files are left to the SDK, which reports them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ccsetup.core import clock, lean_hash, plain_file, web_token
from ccsetup.core.command_line import quote
from ccsetup.core.plain_file import CERTIFICATES, SMALL, NotPlain

Settings = Mapping[str, object]


class Fault(NamedTuple):
    """A file that must not be used: the code of a finding, what is wrong with the file, and what to do.

    `renewable`: signing in again writes the file again.
    """

    code: str
    what: str
    next: str
    renewable: bool = False


def fault(
    way: Iterable[Settings], env: Mapping[str, str], home: str, *, name: str = "", named: bool = True
) -> Fault | None:
    """Return the first fault in the files that the SDK would open for a profile, None if there is none.

    `way` is the profile's settings, then those of its source profiles. `name` is the profile whose own credentials it
    starts from. `named`: a profile was named, so that the SDK ignores the token file in the environment.
    """
    return next(filter(None, _looked_at([*way], env, home, name, named)), None)


def _looked_at(
    way: list[Settings], env: Mapping[str, str], home: str, name: str, named: bool
) -> Iterator[Fault | None]:
    tokens = [str(there["web_identity_token_file"]) for there in way if "web_identity_token_file" in there]
    if not named and "AWS_WEB_IDENTITY_TOKEN_FILE" in env:
        tokens.append(env["AWS_WEB_IDENTITY_TOKEN_FILE"])
    yield from map(of_token, tokens)
    for there in way:
        if sign_in := str(there.get("sso_session") or there.get("sso_start_url") or ""):
            yield _unusable(_sign_in(home, sign_in), "saved sign-in", SMALL, "sso.cache-corrupt", _REMOVE)
            yield _damaged(_sign_in(home, sign_in), name)
    container = env.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "")
    yield _unusable(container, "container token file", SMALL, "source.credential-source", _CONTAINER)
    yield of_bundle(env, way[0].get("ca_bundle") if way else None)


_REMOVE = "Delete the file. Signing in creates it again."
_CONTAINER = "Set AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE to a regular file."
_TOKEN = "Have your provider write a token to the file, or specify another file: --web-identity-token-file PATH"  # noqa: S105
_BUNDLE = "Set AWS_CA_BUNDLE, or ca_bundle in ~/.aws/config, to a regular file."


def of_token(path: str) -> Fault | None:
    """Return why a profile's token file must not be used, None if it can be or doesn't exist."""
    try:
        why = web_token.fault(plain_file.content(path, SMALL).decode())
    except NotPlain as error:
        return Fault("file.unreadable", f"The token file {path} can't be read: {error.strerror}.", _TOKEN)
    except UnicodeDecodeError:
        why = "it isn't a text file"
    except OSError:
        return None
    return no_token(f"The token file {path} doesn't contain a token", why) if why else None


def no_token(what: str, why: str) -> Fault:
    """Return the fault for a text that isn't a token. `what` names it, and `why` comes from `web_token.fault`."""
    code = "oidc.token-empty" if why == "it is empty" else "oidc.token-invalid"
    return Fault(code, f"{what}: {why}. Nothing was sent to AWS.", _TOKEN)


def of_bundle(env: Mapping[str, str], own: object) -> Fault | None:
    """Return why the SDK must not use the certificates that it is told to trust, None if it can.

    `own` is the ca_bundle of the profile that is used, None if it has none. With an empty name, botocore 1.43.50
    and older checks no certificate at all, and 1.43.60 and newer refuses every request.
    """
    first, last = BUNDLES
    named = ((first, env.get(first)), ("ca_bundle", own), (last, env.get(last)))
    name, path = next(((name, str(value)) for name, value in named if value is not None), ("", ""))
    if not name or path.strip():
        return of_certificates(path)
    how = "Remove ca_bundle from the profile" if name == "ca_bundle" else f"Unset {name}"
    what = f"{name} is empty, so that some versions of the AWS SDK wouldn't check certificates."
    return Fault("net.tls", what, f"{how}, or set it to the path of your company's certificate file.")


BUNDLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
"""The variables that name the certificates. A profile's ca_bundle overrides the second one."""


def of_certificates(path: str) -> Fault | None:
    """Return why a certificate file must not be opened, None if it can be, doesn't exist, or none is named."""
    return _unusable(path, "certificate file", CERTIFICATES, "net.tls", _BUNDLE)


NOT_TRUSTED = {
    "why": "A company proxy might have replaced the certificate, or this computer's clock might be wrong.",
    "next": "Set AWS_CA_BUNDLE to the path of your company's certificate file, then try again.",
    "code": "net.tls",
}
"""What a Problem says of a certificate that isn't trusted, after its first sentence."""


def _unusable(path: str, what: str, most: int, code: str, next: str) -> Fault | None:
    try:
        if path:
            plain_file.check(path, most)
    except NotPlain as error:
        return Fault(code, f"The {what} {path} can't be read: {error.strerror}.", next)
    except OSError:
        pass
    return None


def saved_sign_in(text: str) -> Mapping[str, Any] | None:
    """Return the fields of a saved sign-in; None if it is damaged: SDKs need an access token and its expiry."""
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    token = fields.get("accessToken")
    is_token = isinstance(token, str) and bool(token.strip())
    ends = fields.get("expiresAt")
    return fields if is_token and clock.read(ends) and clock.is_read_by_sdks(ends) else None


def _damaged(path: str, name: str) -> Fault | None:
    """Return the fault of a sign-in that SDKs can't use. They would send an empty token to AWS."""
    try:
        text = plain_file.content(path, SMALL).decode("utf-8", "replace")
    except OSError:
        return None
    if saved_sign_in(text) is not None:
        return None
    next = f"Sign in again: ccsetup login {quote(name)}".rstrip()
    return Fault("sso.cache-corrupt", f"The saved sign-in for {name or 'this profile'} is damaged.", next, True)


def _sign_in(home: str, name: str) -> str:
    key = lean_hash.sha1(name)
    return os.path.join(home, ".aws", "sso", "cache", f"{key}.json")  # noqa: PTH118
