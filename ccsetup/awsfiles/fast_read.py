# Doesn't use pathlib: importing it takes longer than running everything here.
# ruff: noqa: PTH111
"""Reads all profiles of two plain texts, or one profile for git's helpers, much faster than line by line.

Raises Unsure if the texts aren't plain; then botocore decides. Uses only the standard library.

A text is plain if each line is a header in column 0, a `key = value` (with any delimiter), part of a nested block, a
comment or blank. Then the result is the same as that of `ini` and botocore. Other values over several lines, odd
headers and everything that botocore would reject are left to `ini`.
"""

from __future__ import annotations

import os

from ccsetup.core import lean_hash, plain_file

TYPE_CHECKING = False  # like typing.TYPE_CHECKING; importing typing would take longer than a call
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Settings = dict[str, str]

# Characters at which only some programs end a line.
_REFUSED = ("\0", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x1f", "\x85", "\u2028", "\u2029")

_AT_ONCE = 1 << 16  # characters
_KNOWN_LINES = 256  # how many different lines of a text are remembered
_SILENT = ("", "#", ";", "\r")  # what a comment or a blank line starts with
_NESTED = "\v"  # stands for the line break before a line that is indented by a space
_ENDS = ("", "\r")  # of a line
_NOTHING = ("", "")  # what those say

_QUOTES = "\"'"
_TYPES = ("profile", "sso-session", "services")
_STATIC = frozenset({"aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token"})


def profiles(
    config: str | bytes,
    credentials: str | bytes,
    sessions: dict[str, Settings],
    others: dict[str, Settings] | None = None,
    alone: dict[str, Settings] | None = None,
    earlier: tuple[Earlier, Earlier] | None = None,
) -> Iterator[tuple[str, Settings]]:
    """Yield each profile's name and settings, with credentials overriding config. Store sso-sessions in `sessions`.

    The texts may be bytes of ASCII, which aren't copied. Nested blocks stay text, as in `ini`. `others` gets all other
    sections of config, services as "services NAME", and `alone` those of credentials by themselves. `earlier` remembers
    both texts for the next call; settings that it shares must not be changed. Raises Unsure at any time; then the
    profiles yielded before must not be used.
    """
    of_config, of_credentials = earlier or (None, None)
    secrets = dict(sections(credentials, of_credentials))
    if _are_odd(secrets):
        raise Unsure
    if alone is not None:
        alone.update(secrets)
    headers: list[str] = []
    quoted: set[str] = set()  # headers of names in quotes, as they are without quotes
    for header, settings in sections(config, of_config):
        type, _, name = header.partition(" ")
        if name and name[-1] in _QUOTES and type in _TYPES:
            name = _unquoted(name)
            header = f"{type} {name}"
            if header in quoted:
                raise Unsure
            quoted.add(header)
        else:
            headers.append(header)
            if not name or " " in name:
                if header == "default":
                    type, name = "profile", header
                elif header.startswith(_TYPES):
                    raise Unsure
                else:
                    type = ""
        if type == "profile":
            if name in secrets:
                if not _STATIC.isdisjoint(settings):
                    raise Unsure  # the two halves of an access key may be in different files
                settings = settings | secrets.pop(name)
            yield name, settings
        elif type == "sso-session":
            sessions[name] = settings
        elif type != "services" and header.startswith(_TYPES):
            raise Unsure
        elif others is not None:
            others[f"services {name}" if type == "services" else header] = settings
    if _are_odd(headers) or not quoted.isdisjoint(headers):
        raise Unsure
    if "profile default" in headers or "profile default" in quoted:
        raise Unsure  # there may also be a [default]
    yield from secrets.items()


def _unquoted(name: str) -> str:
    """Return a quoted name as shlex reads it. Raises Unsure if there is more to it than quotes around it."""
    inner = name[1:-1]
    if len(name) < 3 or name[0] != name[-1] or name[0] in inner or "\\" in inner or inner != inner.strip():
        raise Unsure
    return inner


def _are_odd(headers: Iterable[str]) -> bool:
    together = "".join(headers)
    return any(mark in together for mark in "\"'\\\t")


class Earlier:
    """The sections of the text that was read last. Those before the first difference aren't read again.

    So a file is read only once, although it is needed both before and after a section is added to it.
    """

    def __init__(self) -> None:
        self._read: tuple[str, list[tuple[str, Settings]]] = "", []

    def sections_of(self, text: str) -> list[tuple[str, Settings]] | None:
        """Return the sections of the text that was read last, None for another one."""
        there, found = self._read
        return found if text == there else None

    def start_of(self, text: str) -> tuple[int, list[tuple[str, Settings]]]:
        """Return the offset of a header, and the sections before it, which are the same in both texts."""
        there, found = self._read
        low, high = 0, min(len(text), len(there))
        if high == len(there) and text.startswith(there):
            low = high
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if text[low:middle] == there[low:middle] else (low, middle - 1)
        end = text.rfind("\n[", 0, low)
        count = text.count("\n[", 0, end + 1) if end > 0 else 0
        return (end, found[:count]) if count else (0, [])

    def keep(self, text: str, found: list[tuple[str, Settings]]) -> None:
        """Remember a text without errors and its sections, unless it may be only a part of the one before."""
        if 2 * len(text) > len(self._read[0]):
            self._read = text, found


def sections(text: str | bytes, earlier: Earlier | None = None) -> Iterator[tuple[str, Settings]]:
    """Yield each section's header and settings. Those in `earlier` aren't read again. Raises Unsure."""
    if earlier is None or isinstance(text, bytes):
        return _found(text)
    text = f"\n{text}"
    known = earlier.sections_of(text)
    return _found_again(text, earlier) if known is None else iter(known)


def _found_again(text: str, earlier: Earlier) -> Iterator[tuple[str, Settings]]:
    start, found = earlier.start_of(text)
    yield from found
    for section in _found(text[start:], [header for header, _ in found]):
        found.append(section)
        yield section
    earlier.keep(text, found)


def _normal(text: str) -> str:
    """Return a text in which each block that is indented by spaces is one line with its key. Raises Unsure.

    A line may still end with "\\r".
    """
    if not _is_text(text) or any(mark in text for mark in _REFUSED):
        raise Unsure
    return text.replace("\n ", f"{_NESTED} ")


def _found(text: str | bytes, above: Iterable[str] = ()) -> Iterator[tuple[str, Settings]]:
    """Yield each section of a text below others with these headers. Raises Unsure."""
    known = _Lines()
    pair_of = known.__getitem__
    headers = [*above]
    for parts in _parts(text):
        for part in parts:
            lines = part.rstrip().split("\n")
            header, bracket, rest = lines.pop(0).partition("]")
            try:
                if rest not in _ENDS or not bracket:
                    raise _Odd
                settings = dict(map(pair_of, lines))
            except _Odd:
                header, bracket, body = part.replace(_NESTED, "\n").partition("]")
                settings = _walked(header, body, known.keys_seen)
                known.silent = 0
                if not bracket:
                    raise Unsure from None
            else:
                said = len(lines)
                if "" in settings:
                    del settings[""]
                    said -= known.silent
                    known.silent = 0
                if len(settings) < said:
                    raise Unsure
            headers.append(header)
            yield header, settings
    together, different = "".join(headers), {*headers}
    if len(different) < len(headers) or not different.isdisjoint(("", "DEFAULT")):
        raise Unsure
    if any(mark in together for mark in ("\n", "\r", _NESTED)):
        raise Unsure


def _parts(text: str | bytes) -> Iterator[list[str]]:
    """Yield the sections of a text without their first brackets. Raises Unsure if there is anything before the first.

    It takes a piece of the text at a time, because new memory for copies of the whole takes more time than the copies.
    """
    end = 0
    while end < len(text):
        start, end = end, _next_header(text, end + _AT_ONCE)
        piece = text[start:end]
        first, *parts = _normal("\n" + (piece if isinstance(piece, str) else _decoded(piece))).split("\n[")
        for line in first.replace(_NESTED, "\n").split("\n"):
            if line.strip()[:1] not in _SILENT or "\r" in line[:-1]:
                raise Unsure
        yield parts


def _next_header(text: str | bytes, at: int) -> int:
    """Return where the next line starts that starts with a bracket, which is always a header, else the end."""
    found = text.find("\n[", at) if isinstance(text, str) else text.find(b"\n[", at)
    return found if found > 0 else len(text)


def _decoded(piece: bytes) -> str:
    try:
        return piece.decode("ascii")
    except UnicodeDecodeError:
        raise Unsure from None


class _Odd(Exception):
    """What a line says depends on the lines around it."""


class _Lines(dict[str, tuple[str, str]]):
    """The key and the value of a line, by the line, since most lines of a long file occur in it many times.

    A nested block of s3 is one line here. Raises _Odd for any other line that is indented or that has an indented one
    below it, and Unsure.
    """

    def __init__(self) -> None:
        self.keys_seen: dict[str, str] = {}  # each by itself, so that all settings share one object
        self.silent = 0  # how many lines were comments or blank

    def __missing__(self, line: str) -> tuple[str, str]:
        said, _, value = line.partition(" = ")
        key = self.keys_seen.get(said)
        if key and (bare := value.strip()) and _NESTED not in value and "\r" not in value[:-1]:
            pair = key, bare
        elif line[:1] in _SILENT and _NESTED not in line and "\r" not in line[:-1]:
            self.silent += 1
            return _NOTHING
        else:
            pair = self._read(line)
        if len(self) == _KNOWN_LINES:
            self.clear()
        self[line] = pair
        return pair

    def _read(self, line: str) -> tuple[str, str]:
        if _NESTED in line:
            if not line.startswith((f"s3 ={_NESTED}", f"s3 =\r{_NESTED}")):
                raise _Odd
            return "s3", _walked("", "\n" + line.replace(_NESTED, "\n"), self.keys_seen)["s3"]
        if line[0].isspace() or "\r" in line[:-1]:
            raise _Odd
        return _pair(line.strip(), self.keys_seen)


def _pair(bare: str, keys: dict[str, str]) -> tuple[str, str]:
    """Return a setting's key and value. Raises Unsure if it has none. `keys` are those seen before."""
    said, sign, value = bare.partition("=")
    if not sign or ":" in said:
        said, sign, value = bare.partition(":")
    key = said.rstrip().lower()
    if not sign or not (key in keys or _is_key(key)):
        raise Unsure
    return keys.setdefault(key, key), value.strip()


def _walked(header: str, body: str, keys: dict[str, str]) -> Settings:
    """Read what follows a header's bracket line by line, as configparser does. Raises Unsure.

    The only values over several lines that it reads are nested blocks: of s3 in a profile, and of services.
    """
    rest, _, body = body.partition("\n")
    if "]" in rest or rest.strip()[:1] not in _SILENT or "\r" in rest[:-1]:
        raise Unsure
    settings: Settings = {}
    key, indent = "", 0
    blocks: dict[str, list[str]] = {}  # the lines of those values that may be nested blocks, by key
    block: list[str] | None = None  # the lines of the last value, if it may be one
    for line in body.split("\n"):
        bare = line.strip()
        if "\r" in line[:-1]:
            raise Unsure  # only some programs end a line here
        if not bare:
            if block is not None:
                block.append("")
            continue
        first = bare[0]
        if first in "#;":
            continue
        deep = 0 if first == line[0] else len(line) - len(line.lstrip())
        if deep > indent and key:
            if block is None or first == "[" or "=" not in bare:
                raise Unsure
            block.append(bare)
            continue
        indent = deep
        key, value = _pair(bare, keys)
        if key in settings:
            raise Unsure
        settings[key] = value
        block = blocks.setdefault(key, [""]) if not value and (key == "s3" or header.startswith("services")) else None
    settings.update((key, "\n".join(lines).rstrip()) for key, lines in blocks.items())
    return settings


def _is_text(text: str) -> bool:
    """Return whether every byte could be decoded."""
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


def _is_key(key: str) -> bool:
    """Return whether this is a key, and not a line without a delimiter between key and value."""
    return key.isascii() and key.islower() and key.replace("-", "_").replace(".", "_").isidentifier()


def names(config: str, credentials: str) -> list[str]:
    """Return the names of the profiles for shell completion, from a quick look at the headers."""
    found: dict[str, None] = {}
    for part in ("\n" + config).split("\n[")[1:]:
        header = part.partition("]")[0].strip()
        name = header if header == "default" else header.removeprefix("profile ").strip(" \t\"'")
        if header == "default" or header.startswith("profile "):
            found[name] = None
    for part in ("\n" + credentials).split("\n[")[1:]:
        header = part.partition("]")[0].strip()
        if config != credentials or not header.startswith(("profile ", "sso-session ", "services ")):
            found[header] = None  # if both are one file, these are headers of the config file
    return [name for name in found if name]


# What the questions and the SDK read of config and of credentials.
EARLIER = Earlier(), Earlier()


class Unsure(Exception):
    """The files contain something that only botocore can interpret."""


def aws_file(variable: str, name: str) -> str:
    """Return the path of an AWS file, which the environment may set."""
    return os.path.expanduser(os.path.expandvars(os.environ.get(variable, f"~/.aws/{name}")))


def read(variable: str, name: str) -> bytes:
    """Return an AWS file's bytes, none if it doesn't exist. Raises Unsure if it can't be read."""
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
    """Return the settings of one profile's section exactly as botocore reads them, or raise Unsure.

    `prefix` comes before the name: "profile " or "sso-session " in config, nothing in credentials.
    A value over several lines is returned as "\\n", because no caller needs one.
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


def _heads(data: bytes, profile: str) -> Iterator[tuple[int, str]]:
    """Yield the headers that contain a profile's name, with their positions. This is much faster than line by line."""
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
    """Return whether a header is this profile's. Raises Unsure for `[profile "dev"]` and others that need shlex."""
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


_SIGN_IN = {"sso_session": "sessionName", "sso_start_url": "startUrl"}


def cache_key(profile: Settings) -> str:
    """Return botocore's name for a role's cached session: the SHA-1 of the sorted JSON of AssumeRole's arguments."""
    asked = {
        "ExternalId": profile.get("external_id"),
        "RoleArn": profile["role_arn"],
        "RoleSessionName": profile.get("role_session_name") or None,  # an empty session name is generated each time
        "SerialNumber": profile.get("mfa_serial"),
    }
    parts = [f'"{key}": "{json_safe(value)}"' for key, value in asked.items() if value is not None]
    try:
        parts.insert(0, f'"DurationSeconds": {int(profile["duration_seconds"])}')
    except (KeyError, ValueError):  # botocore too ignores a duration that isn't a number
        pass
    return lean_hash.sha1(f"{{{', '.join(parts)}}}")


def token_role_cache_key(profile: Settings) -> str:
    """Return botocore's name for the cached session of a role assumed with a token file. It has fewer settings."""
    return cache_key({key: profile[key] for key in ("role_arn", "role_session_name") if key in profile})


def permission_set_cache_key(profile: Settings) -> str:
    """Return botocore's name for a permission set's cached credentials, from a profile and its sso-session."""
    place = "sso_session" if "sso_session" in profile else "sso_start_url"
    asked = {"accountId": "sso_account_id", "roleName": "sso_role_name", _SIGN_IN[place]: place}
    parts = ",".join(f'"{name}":"{json_safe(profile[key])}"' for name, key in asked.items())
    return lean_hash.sha1(f"{{{parts}}}")


def json_safe(value: str) -> str:
    """Return a value that JSON doesn't need to escape. Raises Unsure for other values."""
    if '"' in value or "\\" in value or not (value.isascii() and value.isprintable()):
        raise Unsure
    return value
