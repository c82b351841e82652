"""How each profile gets its credentials, as links. A link that several profiles depend on is made only once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ccsetup.aws import credentials
from ccsetup.aws import sts as sts_calls
from ccsetup.aws.access_request import of_token
from ccsetup.aws.credentials import Resolver
from ccsetup.aws.external_programs import Programs
from ccsetup.aws.pooled_clients import Clients, endpoint_of
from ccsetup.aws.sdk import told
from ccsetup.core.command_line import quote
from ccsetup.core.context import start_of
from ccsetup.core.errors import Problem
from ccsetup.core.model import Keys, Who
from ccsetup.core.profile_kind import source_of

Settings = Mapping[str, str]
Get = Callable[[Keys | None], Keys]


@dataclass(eq=False)
class Link:
    """One exchange: `get` turns the credentials of the previous link into new ones. It raises Problem.

    `profile` is the profile with the settings for it, `then` the links that follow, `whos` those who use the result.
    """

    profile: str
    get: Get
    then: list[Link] = field(default_factory=list)
    whos: list[Who] = field(default_factory=list)


class Chains:
    """Builds the links of profiles with known settings. Never prompts and never opens a browser."""

    def __init__(self, clients: Clients, resolver: Resolver, programs: Programs) -> None:
        self._clients, self._resolver, self._programs = clients, resolver, programs
        self._links: dict[object, Link] = {}
        self.first: list[Link] = []  # links that depend on no other

    def add(self, who: Who) -> None:
        """Add a profile's links. Raises Problem if its settings lead to no credentials."""
        self._link(who, who.profile, ()).whos.append(who)

    def _link(self, who: Who, name: str, way: tuple[str, ...]) -> Link:
        if who.profiles is None:  # use the files on disk
            return self._made(("files", name), name, lambda _: self._resolver.keys(who))
        there = credentials.settings_of(who, name)
        kind = source_of(there, as_source=bool(way))
        if kind == "role":
            return self._by_role(who, name, there, (*way, name))
        if kind == "oidc" and "role_arn" in there:
            key = (there["role_arn"], there["web_identity_token_file"], there.get("role_session_name"), _place(who))
            return self._made(key, name, lambda _: self._by_token(who, name, there))
        if kind == "sso":
            start = start_of(there, who.sessions or {}, who.profiles.get(who.profile))
            account, role = there.get("sso_account_id", ""), there.get("sso_role_name", "")
            return self._made((start, account, role), name, lambda _: self._by_sso(who, name, there))
        if kind == "console":
            run = lambda _: self._resolver.by_console(who, name, self._programs.start)  # noqa: E731
            return self._made((kind, name, who.chosen), name, run)
        if kind == "process":
            run = lambda _: credentials.by_program(who, name, there, self._programs.start)  # noqa: E731
            return self._made((who.chosen, there["credential_process"]), name, run)
        if kind == "keys":
            return self._made((kind, name), name, lambda _: credentials.as_written(there, name))
        return self._made((kind, name, who.chosen), name, lambda _: self._resolver.keys(who._replace(profile=name)))

    def _made(self, key: object, name: str, get: Get, before: Link | None = None) -> Link:
        if key not in self._links:
            self._links[key] = Link(name, get)
            (before.then if before else self.first).append(self._links[key])
        return self._links[key]

    def _by_role(self, who: Who, name: str, there: Settings, way: tuple[str, ...]) -> Link:
        source = there.get("source_profile", "")
        credentials.refuse_circle(source, name, there, way)
        if source:
            before = self._link(who, source, way)
        else:
            named = there.get("credential_source", "")
            before = self._made(("machine", named), name, lambda _: credentials.of_machine(who, named))
        arguments = tuple(sorted(credentials.role_arguments(there).items()))
        key = (before, there["role_arn"], arguments, _place(who))
        return self._made(key, name, lambda keys: self._assumed(who, name, there, keys), before)

    def _assumed(self, who: Who, name: str, there: Settings, keys: Keys | None) -> Keys:
        assert keys is not None  # noqa: S101
        creator = lambda *_, **__: self._clients.acting("sts", who, keys)  # noqa: E731
        spoken_of = who._replace(profile=there.get("source_profile") or name)
        try:
            found = told(lambda: self._resolver.assume(there, keys, creator), spoken_of, there["role_arn"])
        except credentials.CodeWanted as wanted:
            wanted.what = f"{name} needs a new MFA code."
            wanted.next = f"Enter the code: ccsetup login {quote(name)}"
            raise
        except Problem as refused:
            raise credentials.changeable(refused, name) from None
        return found

    def _by_token(self, who: Who, name: str, there: Settings) -> Keys:
        spoken_of = who._replace(profile=name)
        token = credentials.token_of(there, spoken_of)
        arguments = {"RoleArn": there["role_arn"], "WebIdentityToken": token.reveal()}
        arguments["RoleSessionName"] = there.get("role_session_name", "ccsetup")

        def exchange() -> Keys:
            sts = self._clients.acting("sts", who, None)
            return sts_calls.keys_in(sts.assume_role_with_web_identity(**arguments))

        try:
            return told(exchange, spoken_of, there["role_arn"], of_token(token.reveal()))
        except Problem as refused:
            raise credentials.changeable(refused, name) from None

    def _by_sso(self, who: Who, name: str, there: Settings) -> Keys:
        try:
            return self._resolver.by_sso(who, name, there)
        except Problem as refused:
            if refused.code == "sso.signed-out":
                refused.what, refused.next = f"{name} isn't signed in.", f"Sign in: ccsetup login {quote(name)}"
            raise


def _place(who: Who) -> Any:
    return (who.region, endpoint_of(who))
