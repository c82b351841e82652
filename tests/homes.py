"""Homes of all sorts for the doctor: built from two texts, disguised in many ways, healthy and broken."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

from ccsetup.awsfiles.store import Files
from ccsetup.cli.commands import doctor
from ccsetup.core.context import Context
from ccsetup.core.result import Report
from ccsetup.doctor import checks, repair
from ccsetup.doctor.facts import Facts
from ccsetup.doctor.findings import Finding
from ccsetup.doctor.repair import Repair
from tests.script import FakeGit, Script, context

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=timezone.utc)
KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
KEYS = f"aws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n"
ROLE = "arn:aws:iam::111122223333:role/CodeCommitAccess"


@dataclass
class Home:
    """One home: what its two files hold (None: no such file), and the environment."""

    config: str | bytes | None = None
    credentials: str | bytes | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    modes: tuple[int, int] = (0o600, 0o600)


def build(folder: Path, home: Home) -> Path:
    """Write a home's files under folder/home; return that."""
    aws = folder / "home" / ".aws"
    aws.mkdir(parents=True, exist_ok=True)
    aws.chmod(0o700)
    for name, text, mode in (("config", home.config, home.modes[0]), ("credentials", home.credentials, home.modes[1])):
        if text is not None:
            path = aws / name
            path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape"))
            path.chmod(mode)
            past = NOW.timestamp() - 60  # nobody has it in hand
            os.utime(path, (past, past))
    return folder / "home"


def context_of(folder: Path, home: Home, script: Script | None = None, git: FakeGit | None = None) -> Context:
    """Build a home and return the context that lives in it."""
    build(folder, home)
    return context(folder, script, env=home.env, git=git)


def facts_of(config: str | None = None, credentials: str | None = None, **more: object) -> Facts:
    """Return the facts of two texts, with no disk anywhere."""
    from ccsetup.core.context import AwsTexts

    aws = Path("/home/maria/.aws")
    texts = AwsTexts(aws / "config", config, aws / "credentials", credentials)
    facts = Facts(texts, {}, Path("/home/maria"), Path("/home/maria"), NOW)
    from dataclasses import replace

    return replace(facts, **more) if more else facts  # type: ignore[arg-type]


def fixed(context: Context, fix: bool = True) -> Report:
    """Run `ccsetup doctor --fix --yes`, or without --fix, in a context."""
    parser = ArgumentParser()
    doctor.flags(parser)
    options = parser.parse_args([*["--fix"] * fix, "--offline"])
    options.yes, options.dry_run, options.json, options.no_input, options.debug = True, False, False, True, False
    return doctor.main(options, lambda: context)


def texts(folder: Path) -> tuple[bytes | None, bytes | None]:
    """Return what the two files of folder/home hold."""
    paths = (folder / "home" / ".aws" / name for name in ("config", "credentials"))
    config, credentials = (path.read_bytes() if path.exists() else None for path in paths)
    return config, credentials


class Disguise(NamedTuple):
    """A way to make a home look otherwise: its texts changed, and how many lines come before them in each file."""

    name: str
    change: Callable[[str, str], str]  # text, "config" or "credentials"
    before: int = 0
    mended: Callable[[str, str], str] | None = None  # what a mended text looks like in it, where otherwise


def _crowd(file: str, count: int, first: int = 0) -> str:
    prefix = "profile " if file == "config" else ""
    body = "region = eu-west-1\noutput = json\n" if file == "config" else KEYS
    return "".join(f"[{prefix}crowd-{number}]\n{body}\n" for number in range(first, first + count))


DISGUISES = (
    Disguise("plain", lambda text, file: text),
    Disguise("windows", lambda text, file: text.replace("\n", "\r\n")),
    Disguise("crowd", lambda text, file: _crowd(file, 150) + text + "\n" + _crowd(file, 150, 150), 600),
    Disguise("no last newline", lambda text, file: text.rstrip("\n")),
    Disguise("a mark", lambda text, file: "\ufeff" + text, mended=lambda text, file: text),
    Disguise(
        "UTF-16",
        lambda text, file: text.encode("utf-16").decode("utf-8", "surrogateescape"),
        mended=lambda text, file: text,
    ),
    Disguise("tabs", lambda text, file: text.replace(" = ", "\t=\t")),
    Disguise("comments", lambda text, file: f"# mine\n; and yours\n\n{text}\n# the end\n", 3),
)


def in_disguise(text: str, file: str, disguise: Disguise) -> str:
    """Return what a mended text looks like in a disguise."""
    return (disguise.mended or disguise.change)(text, file)


def of_file(file: str, text: str, other: str | None = None) -> Facts:
    """Return the facts of one file's text, the other file's beside it."""
    return facts_of(text, other) if file == "config" else facts_of(other, text)


def mended(facts: Facts, codes: tuple[str, ...] = ("",)) -> Repair:
    """Return what repairing all that is safe, of findings whose codes begin so, makes of these facts."""
    state, passed = repair.of(facts), set[repair.Key]()
    for _ in range(40):
        found = [it for it in checks.offline(state.facts) if it.fix == "auto" and it.remedies]
        found = [it for it in sorted(found, key=_late) if it.code.startswith(codes) and state.key(it) not in passed]
        together = repair.apart([it.remedies[0] for it in found])
        after = state.plus(together)
        if repair.harm(state, after, together):
            together = [found[0].remedies[0]]
            after = state.plus(together)
        if repair.harm(state, after, together) or after.facts == state.facts:
            if not found:
                return state
            passed.add(state.key(found[0]))
            continue
        state = after
    raise AssertionError("repairs without an end")


def _late(finding: Finding) -> bool:
    return not finding.code.startswith("file.")


def files_of(folder: Path, env: Mapping[str, str] | None = None) -> Files:
    """Return the disk of a home that was built."""
    return Files(dict(env or {}), folder / "home", lambda: NOW)
