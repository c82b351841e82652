"""Where the credentials of a profile made by `aws login` come from: botocore if it can read them, else the AWS CLI."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ccsetup.aws.external_programs import AwsCli
from ccsetup.aws.sdk import told
from ccsetup.core.model import Who


def read_by_either(session: Any, who: Who, start_of: Callable[[str], Callable[..., Any]]) -> None:
    """Make a session read these sign-ins either way, also those of source profiles.

    `start_of` returns, for the name of such a profile, the function that starts the AWS CLI for it.
    """
    resolver = session.get_component("credential_provider")
    builder = resolver.get_provider("assume-role")._profile_provider_builder
    make = builder._create_login_provider

    def provider(name: str) -> _Either:
        return _Either(make(name), who._replace(profile=name), start_of)

    builder._create_login_provider = provider
    resolver.providers[resolver.providers.index(resolver.get_provider("login"))] = provider(who.profile)


class _Either:
    """Takes the place of botocore's own provider, which needs the package awscrt. Its errors name the right profile."""

    METHOD, CANONICAL_NAME = "login", None

    def __init__(self, own: Any, who: Who, start_of: Callable[[str], Callable[..., Any]]) -> None:
        self._own, self._who, self._start_of = own, who, start_of

    def load(self) -> Any:
        """Return the credentials, renewed if necessary; None if `aws login` didn't make the profile."""
        return told(self._found, self._who)

    def _found(self) -> Any:
        from botocore.exceptions import MissingDependencyException

        with suppress(MissingDependencyException):
            found = self._own.load()
            if found:
                found.get_frozen_credentials()  # renews them, while this profile is the one that errors are about
            return found
        return self._by_aws_cli()

    def _by_aws_cli(self) -> Any:
        from botocore.credentials import Credentials

        keys = AwsCli(os.environ).keys(self._who, self._start_of(self._who.profile))
        token = keys.session_token.reveal() if keys.session_token else None
        found: Any = Credentials(keys.access_key_id, keys.secret_access_key.reveal(), token, method=self.METHOD)
        found._expiry_time = keys.expires_at  # where botocore keeps it for credentials that expire
        return found
