"""The AWS CLI's commands for profiles that `aws login` made, and what to install if nothing can read their sign-in."""

from __future__ import annotations

import shlex

from ccsetup.core.errors import Problem

SINCE = (2, 32)  # the first AWS CLI that has `aws login`


def sign_in(name: str) -> list[str]:
    """Return the words after `aws` of the command that signs a profile in."""
    return ["login", "--profile", name]


def export(name: str) -> list[str]:
    """Return the words after `aws` of the command that prints a profile's credentials like a credential_process."""
    return ["configure", "export-credentials", "--profile", name, "--format", "process"]


def shown(words: list[str]) -> str:
    """Return one of these commands as the user types it."""
    return shlex.join(["aws", *words])


def is_too_old(version: tuple[int, ...]) -> bool:
    """Return whether an AWS CLI of this version has no `aws login`. An unknown version () may have it."""
    return bool(version) and version < SINCE


def unreadable(name: str, version: tuple[int, ...] | None) -> Problem:
    """Return the Problem for a profile whose sign-in nothing here can read; `version`: of the AWS CLI, None if none."""
    number = ".".join(map(str, version or ()))
    there = "The AWS CLI isn't installed" if version is None else f"AWS CLI {number or 'version 1'} is too old"
    return Problem(
        f"{name} is an aws login profile. It requires botocore[crt] or a recent AWS CLI. {there}.",
        next="Install AWS CLI 2.32 or later (or run pip install 'botocore[crt]' where ccsetup is installed), then run: "
        + shown(sign_in(name)),
        code="source.none",
    )
