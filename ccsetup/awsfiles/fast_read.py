"""Every profile of two plain texts, far faster than line by line; Unsure where they are anything but plain.

A text is plain when each line is a header in column 0, a `key = value` (however the delimiter is spelled), a comment or
blank. What it says is then what `ini`, and botocore, read from it; values over several lines, odd headers and whatever
botocore would refuse are `ini`'s.
"""

from __future__ import annotations

from ccsetup.git.helper.signing import Unsure

TYPE_CHECKING = False  # as typing's, whose import takes longer than a call
if TYPE_CHECKING:
    from collections.abc import Iterator

    Settings = dict[str, str]

# What makes a line read otherwise than `key = value` does, beside what is no such line at all.
_UNUSUAL = ("\r", "\t", " \n", " =  ", "\0", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x1f", "\x85")


def profiles(
    config: str, credentials: str, sessions: dict[str, Settings], respelled: bool = False
) -> Iterator[tuple[str, Settings]]:
    """Yield each profile's name and settings, credentials over config; put the sso-sessions' into `sessions`.

    `respelled` takes longer, and understands every way to spell `key = value`, comments too. Raises Unsure, at any
    time: what came before is then worth nothing.
    """
    others = dict(_sections(credentials, respelled))
    for header, settings in _sections(config, respelled):
        type, _, name = header.partition(" ")
        if header == "default":
            type, name = "profile", header
        elif name == header[8:] == "default":
            raise Unsure  # there may be a [default] too
        if type == "profile" and name and " " not in name:
            yield name, {**settings, **others.pop(name)} if name in others else settings
        elif type == "sso-session" and name and " " not in name:
            sessions[name] = settings
        elif header.startswith(("profile", "sso-session")):
            raise Unsure
    yield from others.items()


def _sections(text: str, respelled: bool) -> Iterator[tuple[str, Settings]]:
    """Yield each header and its settings."""
    if not _is_text(text):
        raise Unsure
    if respelled:
        text = "\n".join(map(_spelled, text.replace("\r\n", "\n").split("\n")))
    if any(mark in text for mark in _UNUSUAL) or text.endswith(" "):
        raise Unsure
    first, *parts = ("\n" + text).split("\n[")
    if first.strip("\n"):
        raise Unsure
    keys: set[str] = set()
    headers: set[str] = set()
    count = len(parts)
    parts.reverse()
    while parts:  # each is given up as soon as it is read, for memory that is new takes time
        header, _, body = parts.pop().partition("]")
        said = [line.split(" = ", 1) for line in body.split("\n") if line]
        try:
            settings: Settings = dict(said)  # ValueError unless all are pairs
        except ValueError:
            raise Unsure from None
        if len(settings) < len(said) or (body and body[0] != "\n"):
            raise Unsure
        keys.update(settings)
        headers.add(header)
        yield header, settings
    together = "".join(headers)
    if len(headers) < count or headers & {"", "DEFAULT"} or any(mark in together for mark in "\"'\\"):
        raise Unsure
    if not all(map(_is_key, keys)):
        raise Unsure


def _is_text(text: str) -> bool:
    """Say whether every byte could be decoded."""
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


def _is_key(key: str) -> bool:
    """Say whether this was a key, not a line in which nothing parted key and value."""
    return key.isascii() and key.islower() and key.replace("-", "_").isidentifier()


def _spelled(line: str) -> str:
    """Return a line as it is usually spelled, "" when it says nothing."""
    bare = line.strip()
    if not bare or bare[0] in "#;":
        return ""
    if bare[0] != line[0]:
        raise Unsure  # it goes on with the value above
    if bare[0] == "[":
        return bare
    cut = min((at for at in (bare.find("="), bare.find(":")) if at >= 0), default=0)
    return f"{bare[:cut].rstrip().lower()} = {bare[cut + 1 :].strip()}"


def names(config: str, credentials: str) -> list[str]:
    """Return the profiles' names for a shell to offer, as far as a glance tells."""
    found: dict[str, None] = {}
    for part in ("\n" + config).split("\n[")[1:]:
        header = part.partition("]")[0].strip()
        name = header if header == "default" else header.removeprefix("profile ").strip(" \t\"'")
        if header == "default" or header.startswith("profile "):
            found[name] = None
    for part in ("\n" + credentials).split("\n[")[1:]:
        header = part.partition("]")[0].strip()
        if config != credentials or not header.startswith(("profile ", "sso-session ", "services ")):
            found[header] = None  # where one file serves as both, those are the config file's
    return [name for name in found if name]
