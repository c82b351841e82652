"""Profiles with AWS console credentials, which `aws login` and `ccsetup setup console` write: what can read them.

botocore can if the package awscrt is installed with it, and so can a recent AWS CLI. Every command and git's helpers
ask here which of them reads a sign-in, and what to install if there is neither.
"""

from __future__ import annotations

from ccsetup.core.command_line import joined, quote
from ccsetup.core.errors import Problem

TYPE_CHECKING = False  # like typing.TYPE_CHECKING
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

SINCE = (2, 32)  # the first AWS CLI that has `aws login`


def sign_in(name: str, region: str = "", remote: bool = False) -> list[str]:
    """Return the words after `aws` of the command that signs a profile in; `remote`: with a browser elsewhere."""
    where = ["--region", region] if region else []
    return ["login", "--profile", name, *where, *(["--remote"] if remote else [])]


def export(name: str) -> list[str]:
    """Return the words after `aws` of the command that prints a profile's credentials like a credential_process."""
    return ["configure", "export-credentials", "--profile", name, "--format", "process"]


def shown(words: list[str]) -> str:
    """Return one of these commands as the user types it."""
    return joined("aws", *words)


def renew(name: str) -> str:
    """Return the command that signs a profile in again."""
    return f"ccsetup login {quote(name)}"


def is_too_old(version: tuple[int, ...]) -> bool:
    """Return whether an AWS CLI of this version has no `aws login`. An unknown version () may have it."""
    return bool(version) and version < SINCE


def unreadable(name: str, version: tuple[int, ...] | None) -> Problem:
    """Return the Problem for a profile whose sign-in nothing here can read; `version`: of the AWS CLI, None if none."""
    from ccsetup.core.installation import how_to_add

    number = ".".join(map(str, version or ()))
    there = "The AWS CLI isn't installed" if version is None else f"AWS CLI {number or 'version 1'} is too old"
    return Problem(
        f"{name} uses AWS console credentials, which require botocore[crt] or AWS CLI 2.32 or later. {there}.",
        next=f"Install AWS CLI 2.32 or later, or run {how_to_add('login')}. Then run: {renew(name)}",
        code="source.none",
    )


def read_by_either(
    session: Any, name: str, by_aws_cli: Callable[[str], Any], told: Callable[[str, Callable[[], Any]], Any]
) -> None:
    """Make a botocore session read these sign-ins either way, also those of source profiles.

    `by_aws_cli` returns the credentials that the AWS CLI prints for a profile. `told` does the work for a profile, and
    may turn its errors into others.
    """
    resolver = session.get_component("credential_provider")
    builder = resolver.get_provider("assume-role")._profile_provider_builder
    make = builder._create_login_provider

    def provider(name: str) -> _Either:
        return _Either(make(name), name, by_aws_cli, told)

    builder._create_login_provider = provider
    resolver.providers[resolver.providers.index(resolver.get_provider("login"))] = provider(name)


class _Either:
    """Takes the place of botocore's own provider, which needs the package awscrt. Its errors name the right profile."""

    METHOD, CANONICAL_NAME = "login", None

    def __init__(
        self, own: Any, name: str, by_aws_cli: Callable[[str], Any], told: Callable[[str, Callable[[], Any]], Any]
    ) -> None:
        self._own, self._name, self._by_aws_cli, self._told = own, name, by_aws_cli, told

    def load(self) -> Any:
        """Return the credentials, renewed if necessary; None if the profile has no such sign-in."""
        return self._told(self._name, self._found)

    def _found(self) -> Any:
        try:
            found = self._own.load()
        except Exception as error:
            if type(error).__name__ != "MissingDependencyException":
                raise
            return self._by_aws_cli(self._name)
        if found:
            found.get_frozen_credentials()  # renews them, while this profile is the one that errors are about
        return found
