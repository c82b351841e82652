"""The read-only part of Context for questions: what is on this computer and what AWS lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeVar, cast

from ccsetup.core.concurrency import Early
from ccsetup.core.context import Context, Start, start_of
from ccsetup.core.errors import Problem
from ccsetup.core.model import Answers, Choice, Identity, Keys, Later, Secret, Section, Value, Who

T = TypeVar("T")
_is_ahead: ContextVar[bool] = ContextVar("ahead", default=False)


class Look:
    """Looks things up for questions and caches the results.

    `profiles` and `sessions` are the files' settings by name, merged as in the SDKs. `given` are the answers from the
    command line, `told` those and the ones from a paste. `sections` returns what answers would write, `clear` which
    settings of the profile would be removed. `dry`: nothing may be used up, for example an MFA code.
    """

    def __init__(
        self,
        context: Context,
        *,
        profiles: Mapping[str, Mapping[str, str]],
        sessions: Mapping[str, Mapping[str, str]],
        sections: Callable[[Answers, Look], Sequence[Section]],
        clear: frozenset[str] = frozenset(),
        given: Mapping[str, Value] | None = None,
        dry: bool = False,
    ) -> None:
        self._context = context
        self._seen: dict[object, Any] = {}
        self._early: dict[object, Early[Any]] = {}
        self.profiles, self.sessions, self.given, self.dry = profiles, sessions, given or {}, dry
        self.told: Mapping[str, Value] = self.given
        self.signed_in = False  # there may be a sign-in to keep
        self.sections, self.clear = sections, clear
        self.env, self.cwd, self.home, self.now = context.env, context.cwd, context.home, context.now
        self.place_for: Callable[[str], Path] | None = None  # where a repository is cloned to, in another clone
        self.alone = context.prompt is None  # nobody can be asked
        self._listed_as: Who | None = None
        self.later: Callable[[], Later] | None = None  # finds what is broken on this computer

    @contextmanager
    def ahead(self) -> Iterator[None]:
        """Look up in here what a later question needs. Nothing is waited for, and nothing that works once is used up.

        What AWS tells begins in the background instead. Whatever isn't known yet raises Problem.
        """
        before = _is_ahead.set(True)
        try:
            yield
        finally:
            _is_ahead.reset(before)

    def _once(self, key: object, make: Callable[[], T]) -> T:
        if key not in self._seen:
            if _is_ahead.get():
                raise Problem("It isn't known yet.")
            try:
                self._seen[key] = make()
            except Problem as problem:
                self._seen[key] = problem
        seen = self._seen[key]
        if isinstance(seen, Problem):
            raise seen
        return cast("T", seen)

    def forget(self) -> None:
        """Remove failures from the cache, so that they are tried again."""
        self._seen = {k: v for k, v in self._seen.items() if not isinstance(v, Problem)}

    def _busy(self, text: str, make: Callable[[], T]) -> Callable[[], T]:
        def work() -> T:
            with self._context.screen.busy(text):
                return make()

        return work

    def _fetched(self, key: object, text: str, make: Callable[[], T], who: Who | None = None) -> T:
        """Return what AWS tells, for the caller if there is one. Ahead of its use, it begins in the background."""
        early = self._early.get(key)
        if early and early.is_there:
            self._seen[key] = self._early.pop(key).result(make)
        elif early and who is None and _is_final(early.refused):
            self._seen[key] = self._early.pop(key).refused
        elif not early and _is_ahead.get() and key not in self._seen:
            self._early[key] = Early(self._unattended(who, make) if who else make)
        return self._once(key, self._busy(text, self._unless_early(key, make)))

    def _unattended(self, who: Who, make: Callable[[], T]) -> Callable[[], T]:
        """Return a function that raises Problem if the user or a program may be needed for a caller's credentials."""

        def work() -> T:
            if not self._context.aws.expect(who):
                raise Problem("The user may be needed for these credentials.")
            return make()

        return work

    def _unless_early(self, key: object, make: Callable[[], T]) -> Callable[[], T]:
        """Return a function that waits for what was begun in the background, or else makes it."""

        def work() -> T:
            early = self._early.pop(key, None)
            return early.result(make) if early else make()

        return work

    def expect_keys(self, who: Who) -> None:
        """Begin in the background to get the credentials of a caller, if that needs nothing from the user."""
        Early(lambda: self._context.aws.expect(who))

    def expect_repositories(self, who: Who, elsewhere: Sequence[str]) -> None:
        """Begin in the background to list the region's repositories and, if it has none, those of other regions."""
        aws, own = self._context.aws, ("repositories", _key(who))
        if own in self._seen or own in self._early:
            return

        def others() -> Mapping[str, Sequence[str]]:
            if early.result(lambda: ["?"]):
                raise Problem("They aren't needed.")
            return aws.repositories_in(who, elsewhere)

        early = self._early[own] = Early(self._unattended(who, lambda: aws.repositories(who)))
        if elsewhere:
            self._early["repositories in", _key(who), tuple(elsewhere)] = Early(others)

    def who(self, profile: str, region: str, sections: Sequence[Section] = (), mfa_code: str = "") -> Who:
        """Return the caller for a profile as if these sections were written. The user has chosen the profile."""
        profiles: dict[str, Mapping[str, Value]] = {**self.profiles}
        sessions: dict[str, Mapping[str, Value]] = {**self.sessions}
        for name in {section.name for section in sections if section.type == "profile"}:
            profiles[name] = {key: value for key, value in profiles.get(name, {}).items() if key not in self.clear}
        for section in sections:
            kind = sessions if section.type == "sso-session" else profiles
            there = {**kind.get(section.name, {}), **section.settings}
            kind[section.name] = {key: value for key, value in there.items() if value is not None}
        return Who(profile, region, profiles, sessions, mfa_code, chosen=True)

    def text(self, path: Path) -> str:
        """Read a file that the user named."""
        return self._context.files.text(path)

    def occupied(self, path: Path) -> bool:
        """Return whether something at this path prevents cloning into it."""
        return self._context.files.occupied(path)

    def unfinished(self, path: Path) -> bool:
        """Return whether an earlier clone to this path was interrupted, so that it can be resumed."""
        return self._context.git.unfinished(path)

    def origin(self, path: Path) -> str:
        """Return the remote address of the clone at this path, "" if it isn't a clone."""
        return self._context.git.origin(path)

    def git_setting(self, key: str) -> str:
        """Return one of git's settings outside a clone, "" if it isn't set or git can't be asked."""

        def make() -> Mapping[str, str]:
            try:
                return dict(self._context.git.machine_settings())
            except Problem:
                return {}

        return self._once(("git settings",), make).get(key, "")

    def git_command(self, name: str) -> str:
        """Return the path of the command with this name that git finds now, "" if there is none."""
        return self._once(("command", name), lambda: self._context.git.command(name))

    def later_command(self, name: str) -> str:
        """Return the path of the command that git will also find in the user's next shell, "" if there is none."""
        return self._once(("later command", name), lambda: self._context.git.later(name))

    def lasting_command(self, name: str) -> str:
        """Return the path of a command that stays where it is, even if the PATH doesn't lead to it, "" if none."""
        return self._once(("lasting command", name), lambda: self._context.git.lasting(name))

    def sign_in_region(self, url: str) -> str | None:
        """Return the region of a start URL's Identity Center, None if it can't be found. It is looked for once."""
        make = self._busy("Looking up the region of the start URL", lambda: self._context.signin.resolve(url))
        return self._once(("region", url), make)

    def accounts(self, start: Start) -> Sequence[Choice]:
        """List the accounts behind a start URL, signing in first."""
        make = self._busy("Looking up your accounts", lambda: self._context.signin.accounts(start))
        found = self._once(("accounts", start), make)
        self.signed_in = True
        return found

    def roles(self, start: Start, account_id: str) -> Sequence[Choice]:
        """List the permission sets of one account, signing in first."""
        self.signed_in = True  # also if the account has none
        make = self._busy("Looking up your roles", lambda: self._context.signin.roles(start, account_id))
        return self._once(("roles", start, account_id), make)

    def mfa_devices(self, who: Who) -> Sequence[str]:
        """List the caller's MFA devices."""
        make = self._busy("Looking up MFA devices", lambda: self._context.aws.mfa_devices(who))
        return self._once(("mfa", _key(who)), make)

    def repositories(self, who: Who) -> Sequence[str]:
        """List the region's repositories."""
        key = "repositories", _key(who)
        ask = self._unless_early(key, lambda: self._context.aws.repositories(who))
        found = self._once(key, self._busy(f"Looking up repositories in {who.region}", ask))
        self._listed_as = who
        return found

    def regions_with(self, who: Who, name: str, regions: Sequence[str]) -> Sequence[str]:
        """Return which of these regions have a repository with this name."""

        def make() -> Sequence[str]:
            with self._context.screen.counting(f"Looking for {name} in other regions") as counted:
                return self._context.aws.regions_with(who, name, regions, counted)

        return self._once(("regions", _key(who), name, tuple(regions)), make)

    def repositories_in(self, who: Who, regions: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """List the repositories of several regions, by region, without those that have none."""

        key = "repositories in", _key(who), tuple(regions)

        def make() -> Mapping[str, Sequence[str]]:
            with self._context.screen.counting("Looking for repositories") as counted:
                return self._unless_early(key, lambda: self._context.aws.repositories_in(who, regions, counted))()

        found = self._once(key, make)
        self._listed_as = who
        return found

    def arn_seen(self) -> str:
        """Return the ARN of who listed repositories last, "" if nobody did or AWS doesn't tell."""
        try:
            return self.identity(self._listed_as).arn if self._listed_as else ""
        except Problem:
            return ""

    def branches(self, who: Who, name: str) -> Sequence[str]:
        """List a repository's branches."""
        make = self._busy(f"Looking up the branches of {name}", lambda: self._context.aws.branches(who, name))
        return self._once(("branches", _key(who), name), make)

    def identity(self, who: Who) -> Identity:
        """Return the identity of a caller according to STS."""
        make = lambda: self._context.aws.identity(who)  # noqa: E731
        return self._fetched(("identity", _key(who)), "Checking your identity with AWS", make, who)

    def session_token(self, who: Who, serial: str, code: str, duration_s: int) -> Keys:
        """Exchange long-term credentials and an MFA code for temporary ones. Cached, since a code works only once."""
        make = self._busy(
            "Requesting credentials with the MFA code",
            lambda: self._context.aws.session_token(who, serial, code, duration_s),
        )
        return self._once(("session token", _key(who), serial, code, duration_s), make)

    def web_identity(
        self, role_arn: str, token: Secret, name: str, duration_s: int, provider: str, region: str
    ) -> Keys:
        """Exchange a token for temporary credentials of a role."""
        asked = (role_arn, token, name, duration_s, provider, region)
        make = lambda: self._context.aws.web_identity(*asked)  # noqa: E731
        return self._fetched(("web identity", asked), "Requesting credentials with the token", make)

    def saml(self, role_arn: str, provider_arn: str, assertion: Secret, duration_s: int) -> Keys:
        """Exchange a SAML assertion for temporary credentials of a role. Cached, so that it is exchanged only once."""
        asked = (role_arn, provider_arn, assertion, duration_s)
        make = lambda: self._context.aws.saml(*asked)  # noqa: E731
        return self._fetched(("saml", asked), "Requesting credentials with the assertion", make)

    def federation_token(self, who: Who, name: str, policy: str, duration_s: int) -> Keys:
        """Exchange long-term credentials for temporary ones that are restricted by a policy."""
        make = lambda: self._context.aws.federation_token(who, name, policy, duration_s)  # noqa: E731
        return self._once(
            ("federation", _key(who), name, policy, duration_s), self._busy("Requesting credentials", make)
        )

    def console_sign_in(self, profile: str, region: str, expected: str, account: str) -> str:
        """Return who signed in to the AWS console for a profile, after having the user sign in once."""
        asked, prompt = (profile, region, expected, account), self._context.prompt
        start = start_of(self.profiles.get(profile, {}), {})._replace(region=region)
        make = lambda: self._context.aws.console_sign_in(profile, start, prompt, expected, account)  # noqa: E731
        return self._once(("console", asked), make)

    def machine(self) -> str:
        """Return the credential_source that provides this computer's role, "" if there is none."""
        make = self._busy("Looking for the role of this instance or container", self._context.aws.machine)
        return self._once(("machine",), make)

    def region_here(self) -> str:
        """Return the region of this computer, "" if unknown."""
        return self._fetched(("region here",), "Looking for the region", self._context.aws.region_here)

    def stdin(self) -> str:
        """Return what was piped in. It is read once."""
        return self._once(("stdin",), self._context.stdin)


def _is_final(refused: Exception | None) -> bool:
    """Return whether AWS would say the same again."""
    return isinstance(refused, Problem) and refused.code != "internal" and not refused.is_unanswered


def _key(who: Who) -> object:
    """Return what AWS's answers to a caller depend on: not the name of its profile, only the profile's settings."""

    def frozen(tables: Mapping[str, Mapping[str, Value]] | None) -> object:
        return frozenset(
            (name, frozenset((k, str(v) if not isinstance(v, Secret) else v) for k, v in s.items()))
            for name, s in (tables or {}).items()
        )

    own = frozen({"": (who.profiles or {}).get(who.profile, {})})
    others = frozen({name: there for name, there in (who.profiles or {}).items() if name != who.profile})
    return own, who.region, who.mfa_code, others, frozen(who.sessions)
