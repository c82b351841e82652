"""Follows source_profile from profile to profile, and tells where a profile's credentials come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")


def chain(profiles: Mapping[str, Mapping[str, T]], name: str) -> list[Mapping[str, T]]:
    """Return a profile's settings, then those of its source profiles, each once."""
    found: dict[str, Mapping[str, T]] = {}
    while name in profiles and name not in found:
        found[name] = profiles[name]
        name = str(found[name].get("source_profile", "")) if "role_arn" in found[name] else ""
    return list(found.values())


def program_of(profiles: Mapping[str, Mapping[str, object]], name: str) -> str:
    """Return the profile, this one or a source profile, with a program that prints credentials, "" if none has one."""
    seen: list[str] = []
    while name in profiles and name not in seen:
        there = profiles[name]
        if "role_arn" not in there:
            others = any(key in there for key in ("sso_account_id", "sso_role_name", "login_session"))
            return name if "credential_process" in there and not others else ""
        seen.append(name)
        name = str(there.get("source_profile", "")) if "web_identity_token_file" not in there else ""
    return ""


_OF_CREDENTIALS = ("aws_", "sso_", "ccsetup_")
_OF_KINDS = frozenset({"role_arn", "source_profile", "credential_source", "web_identity_token_file",
                       "credential_process", "login_session", "mfa_serial", "external_id"})  # fmt: skip


def leaves_it_to_the_machine(settings: Mapping[str, str]) -> bool:
    """Return whether a profile has a region but no credentials, so that SDKs use the computer's own role."""
    return "region" in settings and not any(key in _OF_KINDS or key.startswith(_OF_CREDENTIALS) for key in settings)


def runs_program(profiles: Mapping[str, Mapping[str, object]], name: str) -> bool:
    """Return whether a profile's credentials come from its own program or that of a source profile."""
    return any("credential_process" in there and "aws_access_key_id" not in there for there in chain(profiles, name))


def long_term(settings: Mapping[str, str]) -> bool:
    """Return whether a profile has long-term credentials."""
    return "aws_access_key_id" in settings and "aws_session_token" not in settings


def keeps_long_term(settings: Mapping[str, str]) -> bool:
    """Return whether a section of a file has a long-term access key or a part of one, whatever else it has."""
    held = ("aws_access_key_id", "aws_secret_access_key")
    tokens = ("aws_session_token", "aws_security_token")
    alone = any(settings.get(key) for key in held) and not any(settings.get(key) for key in tokens)
    return alone or settings.get(held[0], "").startswith("AKIA")


def names_program(profiles: Mapping[str, Mapping[str, object]], name: str) -> bool:
    """Return whether a profile or a source profile names a program for credentials, whatever else it has."""
    return any("credential_process" in there for there in chain(profiles, name))
