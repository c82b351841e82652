"""Proves that a repair leaves every profile with settings that botocore can build a client with.

A file that botocore can parse isn't enough: an empty `s3 =` parses, and then every client fails.
"""

from __future__ import annotations

from typing import Any

from ccsetup.awsfiles import ini
from ccsetup.awsfiles.settings import DECIDING
from ccsetup.doctor.facts import Facts

_MOST = 50  # profiles to try


def broken(before: Facts, after: Facts) -> list[str]:
    """Return the profiles that botocore could build a client for before a repair, but can't afterwards."""
    was, now = full_config(before), full_config(after)
    if was is None or now is None:
        return []  # botocore rejects a file as a whole
    both = was["profiles"].keys() & now["profiles"].keys()
    services = was["services"] != now["services"]
    names = [
        name
        for name in both
        if _of_clients(was["profiles"][name]) != _of_clients(now["profiles"][name])
        or (services and "services" in now["profiles"][name])
    ]
    if not names:
        return []
    from ccsetup.aws import client_trial

    failed = client_trial.errors(now, sorted(names)[:_MOST])
    return [name for name in failed if name not in client_trial.errors(was, failed)]


def _of_clients(settings: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key not in DECIDING}


def full_config(facts: Facts) -> dict[str, Any] | None:
    """Return both files as in botocore's Session.full_config, None if botocore rejects one."""
    config, credentials = facts.as_is("config"), facts.as_is("credentials")
    if config.fault or credentials.fault:
        return None
    services = {it.name: it.values for it in config.stanzas if it.type == "services"}
    parts = {
        "profiles": ini.profiles(config, credentials),
        "services": services,
        "sso_sessions": ini.sessions(config),
    }
    return {
        part: {name: {key: _nested(value) for key, value in there.items()} for name, there in those.items()}
        for part, those in parts.items()
    }


def _nested(value: str) -> str | dict[str, str]:
    """Return a nested block as botocore reads it."""
    if not value.startswith("\n"):
        return value
    pairs = (line.partition("=") for line in value.splitlines() if line.strip())
    return {key.strip(): text.strip() for key, _, text in pairs}
