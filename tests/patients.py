"""Homes for the doctor's checks: facts from texts, findings of a code, texts mended, and botocore as the judge."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from ccsetup import repair
from ccsetup.checks import credentials, environment, git, kinds, processes, remotes, roles, signins, sources, tokens
from ccsetup.facts import Facts
from ccsetup.model import Finding
from ccsetup.world import AwsTexts

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


def looked(there: Facts) -> list[Finding]:
    """Return what the families of credentials, roles, environment and git find."""
    families = (credentials, environment, git, kinds, processes, remotes, roles, signins, sources, tokens)
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


def crowd(count: int = 300) -> str:
    """Return healthy profiles that begin with nobody else's credentials, in config's dialect."""
    one = "[profile healthy-{0}]\nrole_arn = arn:aws:iam::111122223333:role/R{0}\nsource_profile = default\nregion = us-east-1\n\n"
    return "".join(one.format(n) for n in range(count))


def disguises(text: str) -> Mapping[str, str]:
    """Return a text as other people would have written it: each reads the same to botocore."""
    return {
        "as it is": text,
        "of Windows": text.replace("\n", "\r\n"),
        "in a crowd": crowd() + text,
        "without a last line end": text.rstrip("\n"),
        "no blanks": text.replace(" = ", "="),
        "tabs and colons": text.replace(" = ", "\t:\t"),
        "capital keys": text.replace("role_arn", "Role_ARN").replace("source_profile", "SOURCE_PROFILE"),
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
