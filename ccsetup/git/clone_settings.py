"""Reads a clone's settings through git, without starting other programs, and edits them in a copy."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from ccsetup.core.command_line import quote
from ccsetup.core.errors import Problem
from ccsetup.core.model import Edit
from ccsetup.git import config
from ccsetup.git.config import GitConfig, Pairs, SettingChange, Url
from ccsetup.git.errors import problem_of
from ccsetup.git.process import MOST, NO_PROGRAMS, Runner

_OWN = ("config", "--local", "--list", "-z")
_REMOTES = 12  # remotes to look at; git is asked about each one
_BROUGHT = ("--includes", "--show-origin", "--list", "-z")


def read(runner: Runner, directory: Path) -> GitConfig:
    """Return git's settings in a clone. Raises Problem if it isn't a clone, or if git can't read them."""
    path = _path(runner, directory)
    listed = tuple(config.brought(_asked(runner, directory, "config", "--list", "--show-origin", "-z")))
    settings = tuple((it.key, it.value) for it in listed)
    own = config.pairs(_asked(runner, directory, *_OWN))
    brought = [*config.brought(_asked(runner, directory, "config", "--local", *_BROUGHT))]
    if "extensions.worktreeconfig" in dict(own):
        brought += config.brought(runner.ask(directory, "config", "--worktree", *_BROUGHT).out)
    here, all_of = (tuple(it._replace(file=_file(directory, it.file)) for it in each) for each in (brought, listed))
    editable = path.is_file() and not path.is_symlink()  # the target of a link may be shared with other clones
    urls = tuple(
        url for name in config.remote_names(settings)[:_REMOTES] for url in _urls(runner, directory, settings, name)
    )
    return GitConfig(settings, own, here, urls, editable, path, all_of)


def _file(directory: Path, named: str) -> str:
    """Return the path of a file that git named, "" if a setting is from a command line or from the environment."""
    return "" if named.startswith("command line:") else str(directory / named)


def machine(runner: Runner) -> Pairs:
    """Return git's settings outside a clone. Raises Problem if git can't read them."""
    done = runner.outside("config", "--list", "-z")
    if done.code:
        raise problem_of(done.errors, "", "git.failed")
    return tuple(pair for pair in config.pairs(done.out) if pair != NO_PROGRAMS)


def remote(runner: Runner, directory: Path) -> str:
    """Return the name of the remote that the clone at `directory` fetches from, "" if there is none."""
    listed = runner.ask(directory, "config", "--local", "--includes", "-z", "--get-regexp", r"^remote\..*\.url$").out
    return config.remote_name(config.pairs(listed))


def address(runner: Runner, directory: Path) -> str:
    """Return the address that the clone at `directory` fetches from, as git uses it, "" if there is none."""
    name = remote(runner, directory)
    return runner.ask(directory, "ls-remote", "--get-url", "--", name).out.rstrip("\n") if name else ""


def edited(runner: Runner, directory: Path, changes: Mapping[str, SettingChange]) -> Edit:
    """Return the edit that changes only these settings of a clone.

    git writes it to a copy. A changed value is replaced on its own, so that the other lines stay. Raises Problem if the
    settings have changed meanwhile, or if git would change more.
    """
    path = _path(runner, directory)
    before = _text(path)
    with tempfile.TemporaryDirectory(prefix="ccsetup-") as folder:
        copy = Path(folder) / "config"
        copy.write_bytes(before.encode("utf-8", "surrogateescape"))
        there = _listed(runner, copy)
        if any(config.values(there, key) != [*change.old] for key, change in changes.items()):
            raise Problem(
                f"{path} has changed since ccsetup read it.", next="Run the command again.", code="file.changed"
            )
        for key, change in changes.items():
            _give(runner, copy, key, change)
        now = _listed(runner, copy)
        after = copy.read_bytes().decode("utf-8", "surrogateescape")
    others = [[pair for pair in pairs if pair[0] not in changes] for pairs in (there, now)]
    if others[0] != others[1] or any(config.values(now, key) != [*it.new] for key, it in changes.items()):
        what = f"git would change more than {' and '.join(changes)} in {path}, so ccsetup left the file as is."
        raise Problem(
            what,
            next=f"Check the setting: git config --local --get-all {quote(next(iter(changes)))}",
            code="git.failed",
        )
    return Edit(path, before, after)


def _give(runner: Runner, copy: Path, key: str, change: SettingChange) -> None:
    old, new = change
    others = [pair for pair in zip(old, new, strict=False) if pair[0] != pair[1]]
    if len(old) == len(new) and all(old.count(value) == 1 and other not in old for value, other in others):
        for value, other in others:
            _write(runner, copy, "--replace-all", key, other, config.pattern(value))
        return
    if old:
        _write(runner, copy, "--unset-all", key)
    for value in new:
        _write(runner, copy, "--add", key, value)


def _listed(runner: Runner, copy: Path) -> Pairs:
    return config.pairs(runner.outside("config", "--file", str(copy), "--list", "-z").out)


def _write(runner: Runner, copy: Path, *words: str) -> None:
    done = runner.outside("config", "--file", str(copy), *words)
    if done.code:
        raise problem_of(done.errors, "", "git.failed")


def _asked(runner: Runner, directory: Path, *words: str) -> str:
    done = runner.ask(directory, *words)
    if done.code:
        raise problem_of(done.errors, "", "git.failed")
    return done.out


def _path(runner: Runner, directory: Path) -> Path:
    return directory / _asked(runner, directory, "rev-parse", "--git-path", "config").rstrip("\n")


def _text(path: Path) -> str:
    """Return the text of a clone's own settings. Raises Problem if it isn't a regular file or is too long."""
    try:
        if path.is_file() and path.stat().st_size <= MOST:
            return path.read_bytes().decode("utf-8", "surrogateescape")
        why = "it isn't a regular file, or it's too large"
    except OSError as error:
        why = error.strerror or type(error).__name__
    raise Problem(f"{path} can't be read: {why}.", code="git.failed", next="Check the file, then try again.")


def _urls(runner: Runner, directory: Path, settings: Pairs, name: str) -> tuple[Url, ...]:
    """Return the addresses that git fetches from, then those that it only pushes to, by a setting or a rewrite rule."""

    def addresses(key: str, *push: str) -> list[Url]:
        used = runner.ask(directory, "remote", "get-url", *push, "--all", "--", name).out.splitlines()
        return config.urls(key, config.values(settings, key), used, bool(push))

    fetched = addresses(f"remote.{name}.url")
    own = f"remote.{name}.pushurl"
    pushed = addresses(own if config.values(settings, own) else f"remote.{name}.url", "--push")
    there = {it.used for it in fetched}
    return (*fetched, *(it for it in pushed if it.key == own or it.used not in there))
