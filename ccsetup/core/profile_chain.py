"""Whose keys a profile starts from: the walk along source_profile, and what a profile's settings say of its keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")


def chain(profiles: Mapping[str, Mapping[str, T]], name: str) -> list[Mapping[str, T]]:
    """Return a profile's settings, then those of the profiles it starts from, each once."""
    found: dict[str, Mapping[str, T]] = {}
    while name in profiles and name not in found:
        found[name] = profiles[name]
        name = str(found[name].get("source_profile", "")) if "role_arn" in found[name] else ""
    return list(found.values())


def program_of(profiles: Mapping[str, Mapping[str, object]], name: str) -> str:
    """Return the profile, this one or one that it starts from, whose program prints its keys; "" where none does."""
    seen: list[str] = []
    while name in profiles and name not in seen:
        there = profiles[name]
        if "role_arn" not in there:
            others = any(key in there for key in ("sso_account_id", "sso_role_name"))
            return name if "credential_process" in there and not others else ""
        seen.append(name)
        name = str(there.get("source_profile", "")) if "web_identity_token_file" not in there else ""
    return ""


_OF_CREDENTIALS = ("aws_", "sso_", "ccsetup_")
_OF_KINDS = frozenset({"role_arn", "source_profile", "credential_source", "web_identity_token_file",
                       "credential_process", "login_session", "mfa_serial", "external_id"})  # fmt: skip


def leaves_it_to_the_machine(settings: Mapping[str, str]) -> bool:
    """Say whether a profile has a region and names no credentials at all, so that SDKs end with the machine's role."""
    return "region" in settings and not any(key in _OF_KINDS or key.startswith(_OF_CREDENTIALS) for key in settings)


def runs_program(profiles: Mapping[str, Mapping[str, object]], name: str) -> bool:
    """Say whether a profile's credentials come from a program, its own or that of a profile it starts from."""
    return any("credential_process" in there and "aws_access_key_id" not in there for there in chain(profiles, name))


def long_term(settings: Mapping[str, str]) -> bool:
    """Say whether a profile holds the long-term keys of a person."""
    return "aws_access_key_id" in settings and "aws_session_token" not in settings


def keeps_long_term(settings: Mapping[str, str]) -> bool:
    """Say whether one section of a file holds a long-term key or a half of one, whatever stands beside it."""
    held = ("aws_access_key_id", "aws_secret_access_key")
    tokens = ("aws_session_token", "aws_security_token")
    alone = any(settings.get(key) for key in held) and not any(settings.get(key) for key in tokens)
    return alone or settings.get(held[0], "").startswith("AKIA")


def names_program(profiles: Mapping[str, Mapping[str, object]], name: str) -> bool:
    """Say whether a profile, or one that it starts from, names a program for its keys, whatever else it holds."""
    return any("credential_process" in there for there in chain(profiles, name))
