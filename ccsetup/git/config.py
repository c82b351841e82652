"""git's settings in a folder, as git reports them: the values, where they come from, and the addresses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

Pairs = tuple[tuple[str, str], ...]  # key (its section and last part in lower case) and value, in git's order
_SIGNS = "\\^.[]$()|*+?{}"  # characters with a meaning in a pattern
Values = str | tuple[str, ...]  # the values of one setting: the only one, or all of them


class Brought(NamedTuple):
    """A setting with its file: its key and value, and the file that contains it, as git names it."""

    key: str
    value: str
    file: str = ""


class Url(NamedTuple):
    """One address of a remote: its setting, as written, as git uses it, and whether git only pushes to it.

    The two differ where `insteadOf` or `pushInsteadOf` rewrites it.
    """

    key: str
    written: str
    used: str
    push: bool = False

    @property
    def remote(self) -> str:
        """The remote's name."""
        return self.key.split(".", 1)[1].rpartition(".")[0]


class SettingChange(NamedTuple):
    """All values of one setting, before and after a change."""

    old: tuple[str, ...]
    new: tuple[str, ...]


class GitConfig(NamedTuple):
    """git's settings in a clone.

    `settings` are all settings in effect there, including inherited ones. `own` are those of the clone's own file.
    `brought` are all that come with the folder: its own, those of files that they include, and those of this work tree.
    `listed` are the same as `settings`, with the file of each. `urls` are the addresses of all remotes, origin (or else
    the first one) first: for each those that git fetches from, in order, then those that it only pushes to. `path` is
    the clone's own file, which isn't always .git/config. `editable` tells whether it may be edited.
    """

    settings: Pairs = ()
    own: Pairs = ()
    brought: tuple[Brought, ...] = ()
    urls: tuple[Url, ...] = ()
    editable: bool = True
    path: Path | None = None
    listed: tuple[Brought, ...] = ()


def pairs(listed: str) -> Pairs:
    """Return the settings that `git config --list -z` prints. A setting without a value, which means true, has ""."""
    entries = (entry.partition("\n") for entry in listed.split("\0") if entry)
    return tuple((key, value) for key, _, value in entries)


def brought(listed: str) -> Iterator[Brought]:
    """Yield the settings that `git config --list --show-origin -z` prints."""
    words = listed.split("\0")
    for origin, entry in zip(words[::2], words[1::2], strict=False):
        key, _, value = entry.partition("\n")
        yield Brought(key, value, origin.removeprefix("file:"))


def values(settings: Pairs, key: str) -> list[str]:
    """Return all values of a setting, in git's order."""
    return [value for name, value in settings if name == key]


def remote_name(settings: Pairs) -> str:
    """Return the default remote: origin, or else the first one, "" if there is none."""
    return next(iter(remote_names(settings)), "")


def remote_names(settings: Pairs) -> list[str]:
    """Return the remotes, origin first."""
    names = [key[len("remote.") : -len(".url")] for key, _ in settings if is_url(key)]
    return sorted(dict.fromkeys(names), key=lambda it: it != "origin")


def is_url(key: str) -> bool:
    """Return whether a setting is an address of a remote that git fetches from."""
    return key.startswith("remote.") and key.endswith(".url") and key.count(".") > 1


def is_address(key: str) -> bool:
    """Return whether a setting is an address of a remote, including one that git only pushes to."""
    return is_url(key) or (key.startswith("remote.") and key.endswith(".pushurl"))


def pattern(value: str) -> str:
    """Return a pattern for git that matches only this value of a setting."""
    return "^" + "".join(f"\\{sign}" if sign in _SIGNS else sign for sign in value) + "$"


def urls(key: str, written: Sequence[str], used: Sequence[str], push: bool = False) -> list[Url]:
    """Return a setting's addresses. If git doesn't report how it uses each one, they count as written."""
    there = used if len(used) == len(written) else written
    return [Url(key, *each, push) for each in zip(written, there, strict=True)]


def with_values(settings: Pairs, replaced: Mapping[tuple[str, str], str]) -> Pairs:
    """Return the settings with some values replaced. Each is identified by its key and its old value."""
    return tuple((key, replaced.get((key, value), value)) for key, value in settings)


def spelled(key: str, wanted: Values) -> tuple[str, ...]:
    """Return the values to write for a setting to have these.

    A credential helper is written after an empty value, which turns off inherited helpers.
    """
    if isinstance(wanted, str):
        return ("", wanted) if key.startswith("credential.") and key.endswith("helper") else (wanted,)
    return wanted
