"""Homes for the doctor's checks: facts from texts, findings of a code, texts mended, and botocore as the judge."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ccsetup.core.context import AwsTexts
from ccsetup.doctor import checks, repair
from ccsetup.doctor.checks import (
    credentials,
    environment,
    git,
    identifiers,
    processes,
    remotes,
    role_sources,
    roles,
    shadowed,
    sso,
    tokens,
)
from ccsetup.doctor.facts import Facts
from ccsetup.doctor.findings import Finding

HOME = Path("/home/maria")
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
ID, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
OTHER_ID, OTHER_SECRET = "AKIAI44QH8DHBEXAMPLE", "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY"
TEMPORARY, TOKEN = "ASIAIOSFODNN7EXAMPLE", "IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJHMEUCIQ"
ROLE = "arn:aws:iam::111122223333:role/CodeCommitAccess"
BASE = f"[default]\naws_access_key_id = {ID}\naws_secret_access_key = {SECRET}\n"


def facts(config: str | None = None, credentials: str | None = None, **more: Any) -> Facts:
    """Return the facts of a home with these two files."""
    folder = HOME / ".aws"
    texts = AwsTexts(folder / "config", config, folder / "credentials", credentials)
    settings: dict[str, Any] = {"env": {}, "home": HOME, "cwd": HOME, "now": NOW, "git_version": "2.39.5"}
    settings["helpers"] = {"git-remote-codecommit": "/usr/bin/git-remote-codecommit"}
    settings["found"] = {}
    return Facts(texts, **{**settings, **more})


TOLD = -1


class Patient(NamedTuple):
    """A home that is broken in one way: both files before and after, and what is to be found.

    In the text of one, lines that begin with - are there before alone and those with + afterwards; § is at the end of
    the line that is to be named, and what follows == is the credentials file (BASE where there is none). `way` is how
    botocore gets its credentials afterwards; `fix` "ask" takes the remedy number `choose`; TOLD where it has none.
    """

    code: str
    text: str
    way: str = ""
    fix: str = "auto"
    severity: str = "stops"
    profile: str = "dev"
    choose: int = 0
    env: Mapping[str, str] = {}

    def texts(self, after: bool) -> tuple[str, str]:
        """Return config and credentials before, the line to be named still marked, or after."""
        drop, keep = "-+" if after else "+-"
        config, _, credentials = self.text.partition("==\n")
        both = []
        for text in (config, credentials or BASE):
            lines = [line for line in text.splitlines(keepends=True) if line[:1] != drop]
            both.append("".join(line.removeprefix(keep) for line in lines))
        return (both[0].replace("§", ""), both[1].replace("§", "")) if after else (both[0], both[1])


def numbered(text: str) -> tuple[str, int]:
    """Return a text without its mark, and the number of the line where that was (0: nowhere)."""
    at = text.find("§")
    return text.replace("§", ""), text.count("\n", 0, at) + 1 if at >= 0 else 0


def prove(it: Patient, **more: Any) -> Facts:
    """Prove a patient in all disguises: found, line and severity right, mended as it is to be and in no other place.

    Return the plain one, mended.
    """
    wanted, given = ([*map(disguises, it.texts(after), ("config", "credentials"))] for after in (True, False))
    for name in wanted[0]:
        (config, line), (credentials, other) = (numbered(texts[name]) for texts in given)
        there = facts(config, credentials, env=it.env, **more)
        found_ = [each for each in looked(there) if each.code == it.code]
        place = ("config", line) if line else ("credentials", other)
        assert [lines_of([each])[0][1:] for each in found_] == [(it.profile, *place)], (name, found_)
        assert (found_[0].severity, found_[0].fix) == (it.severity, it.fix), (name, found_)
        stops = {each.code for each in checks.offline(there) if each.severity == "stops"}
        assert stops <= {it.code}, (name, stops)
        if it.choose == TOLD:
            assert found_[0].do
            assert not found_[0].remedies
            continue
        after = mended(there, it.code, choose=it.choose)
        ended = (lambda text: text.rstrip("\n")) if name == "without a last line end" else str
        got = [ended(text or "") for text in (after.texts.config, after.texts.credentials)]
        assert got == [ended(texts[name]) for texts in wanted], name
        assert not [each for each in looked(after) if each.code == it.code], name
    config, credentials = (text.replace("§", "") for text in it.texts(after=it.choose != TOLD))
    return facts(config, credentials, env=it.env, **more)


def looked(there: Facts) -> list[Finding]:
    """Return what the families of credentials, roles, environment and git find."""
    families = (
        credentials,
        environment,
        git,
        shadowed,
        processes,
        remotes,
        roles,
        identifiers,
        sso,
        role_sources,
        tokens,
    )
    return [finding for family in families for check in family.CHECKS for finding in check(there)]


def found(there: Facts, family: str) -> list[Finding]:
    """Return the findings whose code begins so."""
    return [it for it in looked(there) if it.code.startswith(family)]


def lines_of(findings: Iterable[Finding]) -> list[tuple[str, str, str, int]]:
    """Return each finding as code, profile, file, line."""
    return [(it.code, it.profile, it.path.name if it.path else "", it.line) for it in findings]


def mended(there: Facts, *codes: str, choose: int = 0) -> Facts:
    """Return the facts once every finding of these codes has been repaired by one of its remedies."""
    state = repair.of(there)
    for _ in range(40):
        wanted = [it for it in looked(state.facts) if it.code in codes and it.remedies]
        together = repair.apart([it.remedies[min(choose, len(it.remedies) - 1)] for it in wanted])
        if not together:
            break
        after = state.plus(together)
        assert not repair.harm(state, after, together)
        state = after
    return state.facts


def crowd(count: int = 24) -> str:
    """Return healthy profiles, in config's dialect, that nobody could begin with."""
    one = "[profile healthy-{0}]\nregion = us-east-1\ns3 =\n  max_queue_size = {0}\n\n"
    return "".join(one.format(n) for n in range(count))


def disguises(text: str, file: str = "config") -> Mapping[str, str]:
    """Return a text as other people would have written it: each reads the same to botocore."""
    others = crowd() if file == "config" else ""
    return {
        "as it is": text,
        "of Windows": text.replace("\n", "\r\n"),
        "in a crowd": others + text,
        "without a last line end": text.rstrip("\n"),
        "no blanks": text.replace(" = ", "="),
        "tabs and colons": text.replace(" = ", "\t:\t"),
        "capital keys": re.sub(
            r"(?m)^([+-]?)(region|mfa_serial|role_session_name)", lambda it: it[1] + it[2].upper(), text
        ),
        "comments and blank lines": "# mine\n\n" + text.replace("\n[", "\n\n; next\n["),
        "quoted names": text.replace("[profile dev]", '[profile "dev"]'),
    }


def resolved(there: Facts, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Ask botocore by which way a profile comes to credentials; "" none. Raises what botocore raises."""
    import botocore.session

    for variable in [it for it in os.environ if it.startswith("AWS_")]:
        monkeypatch.delenv(variable)
    for variable, file, text in (
        ("AWS_CONFIG_FILE", "config", there.texts.config),
        ("AWS_SHARED_CREDENTIALS_FILE", "credentials", there.texts.credentials),
    ):
        path = tmp_path / file
        path.unlink(missing_ok=True)
        if text is not None:
            path.write_bytes(text.encode("utf-8", "surrogateescape"))
        monkeypatch.setenv(variable, str(path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    session = botocore.session.Session(profile=name)
    credentials = session.get_credentials()
    return credentials.method if credentials else ""
