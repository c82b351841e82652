# Without pathlib, which takes longer to import than everything here to run.
# ruff: noqa: PTH111, PTH116
"""SigV4 for git, and the credentials that are at hand (static, or cached by an SDK): standard library only.

Git waits for what is written here at every pull and push, so it imports next to nothing. It reads the AWS files
with a line reader of its own; wherever they hold anything unusual it says Unsure, and botocore has the word.
"""

import os
import time

from ccsetup.core import clock, plain_file

TYPE_CHECKING = False  # as typing's, whose import takes longer than a call
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

WINDOW_S = 15 * 60  # SDKs renew a session that ends sooner than this
_LAST_S = 60  # a session that only a person can renew serves until it is almost over
BOTO_CACHE = "~/.aws/boto/cache"  # of roles that AWS's git-remote-codecommit assumed
CLI_CACHE = "~/.aws/cli/cache"  # of the AWS CLI: roles assumed, also with a token, and roles of a sign-in
_SIGN_IN = {"sso_session": "sessionName", "sso_start_url": "startUrl"}


class Unsure(Exception):
    """The files hold something that only botocore can judge."""


Settings = dict[str, str]
Keys = tuple[str, str, str]  # access key id, secret access key, session token or ""


def git_user(access_key: str, token: str) -> str:
    """Return git's user name for CodeCommit: the key's id, and the session token of temporary keys."""
    return f"{access_key}%{token}" if token else access_key


def git_password(secret: str, region: str, host: str, path: str, now: float) -> str:
    """Return git's password: the moment and the SigV4 signature of `GIT path` on `host`; good for about 15 minutes."""
    moment = time.strftime("%Y%m%dT%H%M%S", time.gmtime(now))
    scope = f"{moment[:8]}/{region}/codecommit/aws4_request"
    request = f"GIT\n{path}\n\nhost:{host}\n\nhost\n"
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{_hash('sha256')(request.encode()).hexdigest()}"
    key = f"AWS4{secret}".encode()
    for part in (*scope.split("/"), text):
        key = _hmac(key, part.encode())
    return f"{moment}Z{key.hex()}"


def _hmac(key: bytes, message: bytes) -> bytes:
    """Return HMAC-SHA256 (RFC 2104)."""
    sha256 = _hash("sha256")
    block = (sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    inner, outer = (bytes(byte ^ pad for byte in block) for pad in (0x36, 0x5C))
    digest: bytes = sha256(outer + sha256(inner + message).digest()).digest()
    return digest


def _hash(name: str) -> "Callable[..., Any]":
    """Return a hash function that comes with the interpreter: loading OpenSSL's takes longer than the whole answer."""
    for module in (f"_{name}", "_sha2"):
        try:
            function: Callable[..., Any] = getattr(__import__(module), name)
        except (ImportError, AttributeError):
            continue
        return function
    import hashlib

    return hashlib.sha1 if name == "sha1" else hashlib.sha256


def aws_file(variable: str, name: str) -> str:
    """Return the path of an AWS file, which the environment may name."""
    return os.path.expanduser(os.path.expandvars(os.environ.get(variable, f"~/.aws/{name}")))


def read(variable: str, name: str) -> bytes:
    """Return what an AWS file holds, nothing when there is none. Raises Unsure when it cannot be read."""
    path = aws_file(variable, name)
    try:
        return plain_file.content(path, plain_file.AWS_FILE)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise Unsure from error


def settings(profile: str) -> tuple[Settings, Settings]:
    """Return a profile's settings in the config and in the credentials file. Raises Unsure."""
    config = section(read("AWS_CONFIG_FILE", "config"), profile, "profile ")
    return config, section(read("AWS_SHARED_CREDENTIALS_FILE", "credentials"), profile, "")


def section(data: bytes, profile: str, prefix: str) -> Settings:
    """Return the settings of one profile's section, exactly as botocore reads them, or raise Unsure.

    `prefix` is what comes before the name: "profile " or "sso-session " in config, nothing in credentials.
    A value that goes on over further lines is "\\n" alone: nobody here needs one.
    """
    if not profile or b"[DEFAULT]" in data:
        raise Unsure
    header = profile if profile == "default" and prefix == "profile " else prefix + profile
    places = [at for at, head in _heads(data, profile) if _means(head, header, profile, prefix)]
    if len(places) > 1:
        raise Unsure
    if not places:
        return {}
    end = data.find(b"\n[", places[0])
    chunk = data[places[0] :] if end < 0 else data[places[0] : end]
    line, _, body = chunk.partition(b"\n")
    if line.rstrip() != f"[{header}]".encode() or b"\r" in chunk.replace(b"\r\n", b"") or not chunk.isascii():
        raise Unsure
    return _keys(body.decode("ascii"))


def _heads(data: bytes, profile: str) -> "Iterator[tuple[int, str]]":
    """Yield the headers in which a profile's name occurs, with their places; far faster than line by line."""
    name = profile.encode("utf-8", "surrogateescape")
    at = data.find(name)
    while at >= 0:
        start = data.rfind(b"\n", 0, at) + 1
        end = data.find(b"\n", at)
        line = data[start : end if end >= 0 else len(data)].strip()
        if line[:1] == b"[":
            yield start, line[1:].partition(b"]")[0].decode("utf-8", "surrogateescape")
        at = data.find(name, max(end, at + 1)) if end >= 0 else -1


def _means(head: str, header: str, profile: str, prefix: str) -> bool:
    """Say whether a header means this profile; raises Unsure for `[profile "dev"]` and what else shlex must read."""
    if head == header:
        return True
    if not prefix or not head.startswith(prefix.strip()):
        return False
    if any(c in head for c in "\"'\\") or head.split()[1:] == [profile]:
        raise Unsure
    return False


def _keys(body: str) -> Settings:
    """Read `key = value` lines as configparser does."""
    values: Settings = {}
    key, indent = "", 0
    for line in body.split("\n"):
        stripped = line.strip()
        if not stripped or stripped[0] in "#;":
            continue
        depth = len(line) - len(line.lstrip())
        if key and depth > indent:
            values[key] = "\n"
            continue
        indent = depth
        cut = min((at for at in (stripped.find("="), stripped.find(":")) if at >= 0), default=0)
        key = stripped[:cut].rstrip().lower()
        if not key or key in values or stripped[0] == "[":
            raise Unsure
        values[key] = stripped[cut + 1 :].strip()
    return values


def at_hand(config: Settings, credentials: Settings, now: float) -> Keys | None:
    """Return the keys botocore would use for a profile with these settings, if no one need be asked for them.

    Raises Unsure, or returns None: the profile gets its keys in another way, or the cached ones have run out.
    """
    merged = {**config, **credentials}
    if "web_identity_token_file" in merged:
        return _by_token(merged, now)
    if "role_arn" in merged:
        return _assumed(merged, now)
    if any(key.startswith("sso_") for key in merged):
        return _signed_in(merged, now)
    if "aws_access_key_id" in credentials:
        return _static(credentials)
    if "aws_access_key_id" in config and not {"login_session", "credential_process"} & set(merged):
        return _static(config)
    return None


def ended(config: Settings, credentials: Settings, now: float) -> str:
    """Return the recorded end of stored keys when it has passed, such as 2026-01-31T18:04:00Z; "" otherwise."""
    moment = clock.recorded({**config, **credentials})
    return "" if not moment or lasts(moment, now) else moment


def lasts(moment: str, until: float) -> bool:
    """Say whether a moment written as SDKs do (UTC) is after `until`. Raises Unsure when it is written otherwise."""
    digits = moment[:19].translate({45: None, 58: None, 84: None})
    if moment[19:] not in ("Z", "UTC", "+00:00") or len(digits) != 14 or not digits.isdecimal():
        raise Unsure
    return digits > time.strftime("%Y%m%d%H%M%S", time.gmtime(until))


def _static(held: Settings) -> Keys:
    token = held.get("aws_security_token", held.get("aws_session_token", ""))
    return checked((held["aws_access_key_id"], held.get("aws_secret_access_key", ""), token))


def checked(keys: Keys) -> Keys:
    """Return the keys when they are whole. Raises Unsure."""
    if not keys[0] or not keys[1] or any("\n" in part for part in keys):
        raise Unsure
    return keys


def _assumed(profile: Settings, now: float) -> Keys | None:
    """Return the session of a role from the caches of botocore's tools for git and of the AWS CLI."""
    if ("source_profile" in profile) == ("credential_source" in profile):
        raise Unsure
    until = now + (_LAST_S if "mfa_serial" in profile else WINDOW_S)
    key = cache_key(profile)
    return _kept(BOTO_CACHE, key, until) or _kept(CLI_CACHE, key, until)


def _by_token(profile: Settings, now: float) -> Keys | None:
    """Return the session of a role that a token file stands for, which the AWS CLI keeps by fewer settings."""
    asked: Settings = {key: profile[key] for key in ("role_arn", "role_session_name") if key in profile}
    if "role_arn" not in asked or not profile["web_identity_token_file"]:
        return None
    return _kept(CLI_CACHE, cache_key(asked), now + WINDOW_S)


def _signed_in(profile: Settings, now: float) -> Keys | None:
    """Return the keys of a role of IAM Identity Center from the AWS CLI's cache."""
    if "sso_session" in profile:
        session = section(read("AWS_CONFIG_FILE", "config"), profile["sso_session"], "sso-session ")
        if not session or any(profile.get(key, value) != value for key, value in session.items()):
            raise Unsure
        profile = {**session, **profile}
    if not {"sso_account_id", "sso_role_name", "sso_start_url", "sso_region"} <= set(profile):
        raise Unsure
    place = "sso_session" if "sso_session" in profile else "sso_start_url"
    asked = {"accountId": "sso_account_id", "roleName": "sso_role_name", _SIGN_IN[place]: place}
    parts = ",".join(f'"{name}":"{_plain(profile[key])}"' for name, key in asked.items())
    return _kept(CLI_CACHE, _sha1(f"{{{parts}}}"), now + WINDOW_S, signed_in_at(profile))


def signed_in_at(profile: Settings) -> float:
    """Return when the sign-in behind a profile was written down (seconds since 1970), infinity when there is none.

    A role's keys that are older belong to a sign-in that is over, though the AWS CLI would use them until they end.
    """
    try:
        return os.stat(os.path.expanduser(sign_in_path(profile))).st_mtime
    except OSError:
        return float("inf")


def sign_in_path(profile: Settings) -> str:
    """Return where SDKs keep the token of a profile's sign-in."""
    return f"~/.aws/sso/cache/{_sha1(profile.get('sso_session') or profile.get('sso_start_url', ''))}.json"


def _kept(folder: str, key: str, until: float, since: float = 0.0) -> Keys | None:
    """Return the keys that an SDK has kept, when they last after `until` and were written after `since`."""
    path = os.path.expanduser(f"{folder}/{key}.json")
    try:
        if os.stat(path).st_mtime < since:
            return None
        text = plain_file.content(path, plain_file.SMALL).decode()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise Unsure from error
    if not lasts(_field(text, "Expiration"), until):
        return None
    return checked((_field(text, "AccessKeyId"), _field(text, "SecretAccessKey"), _field(text, "SessionToken")))


def cache_key(profile: Settings) -> str:
    """Return the name botocore gives a role's cached session: sha1 of the sorted JSON of what AssumeRole is asked."""
    asked = {
        "ExternalId": profile.get("external_id"),
        "RoleArn": profile["role_arn"],
        "RoleSessionName": profile.get("role_session_name") or None,  # an empty one is made up anew each time
        "SerialNumber": profile.get("mfa_serial"),
    }
    parts = [f'"{key}": "{_plain(value)}"' for key, value in asked.items() if value is not None]
    try:
        parts.insert(0, f'"DurationSeconds": {int(profile["duration_seconds"])}')
    except (KeyError, ValueError):  # botocore too goes on without a duration that is no number
        pass
    return _sha1(f"{{{', '.join(parts)}}}")


def _sha1(text: str) -> str:
    digest: str = _hash("sha1")(text.encode(), usedforsecurity=False).hexdigest()
    return digest


def _plain(value: str) -> str:
    if '"' in value or "\\" in value or not (value.isascii() and value.isprintable()):
        raise Unsure
    return value


def _field(text: str, name: str) -> str:
    """Return a string of a JSON text by its key, which must occur once."""
    _, found, rest = text.partition(f'"{name}"')
    value = rest.lstrip().removeprefix(":").lstrip()
    if not found or value[:1] != '"' or f'"{name}"' in rest:
        raise Unsure
    return _plain(value[1:].partition('"')[0])
