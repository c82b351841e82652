"""Calls AWS through boto3: identity, repositories, MFA devices, temporary credentials. Turns errors into Problems."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from threading import get_ident
from typing import Any, TypeVar

from ccsetup.aws import identities, machine_role, repository_search
from ccsetup.aws import sts as sts_calls
from ccsetup.aws.console_sign_in import ConsoleSignIn
from ccsetup.aws.credentials import Resolver, arguments_of, last
from ccsetup.aws.errors import problem_of
from ccsetup.aws.pooled_clients import Pool
from ccsetup.aws.sdk import boto3_session, bounds, explained, files_of, refusals, session_of, told
from ccsetup.aws.sts import SessionCache
from ccsetup.core import limits, validate
from ccsetup.core.concurrency import Counter, within
from ccsetup.core.context import Answer, Prompt, Sighting, Start
from ccsetup.core.errors import Problem
from ccsetup.core.model import Edit, Identity, Keys, Repository, Secret, Who

T = TypeVar("T")


class Aws:
    """STS, IAM and CodeCommit through boto3, called as a Who.

    It writes nothing, except that the SDK may renew a sign-in in its own cache. A network fault is one Problem within
    a minute, and Ctrl-C ends every wait at once.
    """

    def __init__(
        self, home: Path, sso_keys: Callable[[Start, str, str], Keys], console: ConsoleSignIn | None = None
    ) -> None:
        self._cache, self._console = SessionCache.of(home), console
        of_console = console.keys if console else lambda session: None
        self._identified: _Caller | None = None
        self._resolver, self._pool = Resolver(self._cache, sso_keys, of_console), Pool(limits.AT_ONCE)

    def warm(self) -> None:
        """Import the SDK."""
        for name in ("boto3", "botocore.credentials"):
            import_module(name)

    def warm_client(self, service: str) -> None:
        """Load what a service's client is made from, so that later ones are made at once. Asks nobody."""
        keys = {"aws_access_key_id": "-", "aws_secret_access_key": "-"}
        told(lambda: session_of("", "us-east-1").create_client(service, config=bounds(), **keys), Who("", ""))

    def judge(self, path: Path) -> Mapping[str, object]:
        """Parse a file with botocore's own parser, which all later readers use."""
        from botocore.configloader import raw_config_parse

        return told(lambda: raw_config_parse(str(path)), Who("", ""))

    def pending(self) -> Sequence[Edit]:
        """Return the role-session cache files to write; nothing has been written yet."""
        return self._cache.pending()

    def signed_in(self) -> Sequence[Edit]:
        """Return the files of this run's sign-ins with console credentials to write; nothing has been written yet."""
        return self._console.pending() if self._console else ()

    def console_sign_in(
        self, profile: str, start: Start, prompt: Prompt | None, expected: str = "", account: str = ""
    ) -> str:
        """Have the user sign in with console credentials, and return who signed in. See ConsoleSignIn.sign_in."""
        assert self._console is not None  # noqa: S101 — only tests have none
        return self._console.sign_in(profile, start, prompt, expected, account)

    def identity(self, who: Who, signed: Callable[[], object] | None = None) -> Identity:
        """Ask STS who this is. `signed` is called as soon as there are credentials."""

        def ask(sts: Any) -> Identity:
            found = sts.get_caller_identity()
            return Identity(found["Account"], found["Arn"], found["UserId"])

        self._identified = None
        with _about(who):
            caller = self._caller(who, signed)
            found = self._called(caller, "sts", ask)
        self._identified = caller  # the next call, which is about a repository, needn't find the credentials again
        return found

    def identities(self, whos: Sequence[Who], deadline_s: float) -> Sequence[Answer]:
        """Ask STS who each of these is, all at once. Never prompts; each gets an answer within the deadline."""
        return identities.identities(self._resolver, self._pool, whos, deadline_s)

    def repositories(self, who: Who) -> Sequence[str]:
        """List the names of the region's repositories, sorted."""

        return self._ask("codecommit", who, repository_search.names)

    def repository(self, who: Who, name: str) -> Repository:
        """Return one repository's details. Raises Problem(code="access.repository") if it doesn't exist."""

        def ask(codecommit: Any) -> Repository:
            answer = codecommit.get_repository(repositoryName=name)
            return repository_search.repository_in(answer["repositoryMetadata"], who.region)

        return self._ask("codecommit", who, ask, resource=name)

    def sightings(
        self, places: Sequence[Who], name: str, counted: Callable[[int, int], None] | None = None
    ) -> Sequence[Sighting]:
        """Look for a repository with each profile in each given region, all at once, within a time limit.

        `counted` is told how many regions are done, and of how many.
        """
        return repository_search.sightings(self._resolver, self._pool, places, name, counted)

    def create_repository(self, who: Who, name: str, description: str) -> Repository:
        """Create a repository."""
        return self._ask(
            "codecommit", who, lambda cc: repository_search.create_repository(cc, name, description), resource=name
        )

    def regions_with(
        self, who: Who, name: str, regions: Sequence[str], counted: Callable[[int, int], None] | None = None
    ) -> Sequence[str]:
        """Return which of these regions have a repository of that name. Asks all at once; refusals count as no.

        `counted` is told how many regions are done, and of how many.
        """
        there, _ = self._in_each(
            who, regions, lambda cc: cc.get_repository(repositoryName=name)["repositoryMetadata"], counted
        )
        return [region for region in regions if there.get(region)]

    def repositories_in(
        self, who: Who, regions: Sequence[str], counted: Callable[[int, int], None] | None = None
    ) -> Mapping[str, Sequence[str]]:
        """List the names of the repositories in these regions, by region. Asks all at once; refusals count as none.

        Raises Problem if nothing is found and who's own region refused, or if no region answered.
        """
        there, refused = self._in_each(who, regions, repository_search.names, counted)
        found = {region: there[region] for region in regions if there.get(region)}
        if not found and (who.region in refused or len(refused) == len(regions)):
            with _about(who):
                raise refused.get(who.region) or next(iter(refused.values()))
        return found

    def _in_each(
        self, who: Who, regions: Sequence[str], ask: Callable[[Any], T], counted: Callable[[int, int], None] | None
    ) -> tuple[Mapping[str, T], Mapping[str, Problem]]:
        """Call `ask` with a CodeCommit client for each region, all at once; return the results and the refusals."""
        counter = Counter(regions, counted)
        there: dict[str, T] = {}
        refused: dict[str, Problem] = {}
        with _about(who):
            credentials = self._resolver.arguments(who)
            session, quick = told(lambda: boto3_session(who.profile, who.region), who), bounds(tries=1)

            def clients() -> list[Any]:
                return [session.client("codecommit", region, config=quick, **credentials) for region in regions]

            ready = explained(clients, who)

        def work(codecommit: Any) -> None:
            region = codecommit.meta.region_name
            try:
                there[region] = ask(codecommit)
            except refusals() as error:
                refused[region] = problem_of(error, who)
            counter.done(region)

        with suppress(TimeoutError):
            within(limits.OTHER_REGIONS_S, *(partial(work, client) for client in ready))
        return dict(there), dict(refused)

    def branches(self, who: Who, name: str) -> Sequence[str]:
        """List a repository's branches."""

        def ask(codecommit: Any) -> list[str]:
            pages = codecommit.get_paginator("list_branches").paginate(repositoryName=name)
            return [branch for page in pages for branch in page["branches"]]

        return self._ask("codecommit", who, ask, resource=name)

    def mfa_devices(self, who: Who) -> Sequence[str]:
        """List the serial numbers of the caller's MFA devices."""

        def ask(iam: Any) -> list[str]:
            pages = iam.get_paginator("list_mfa_devices").paginate()
            return [device["SerialNumber"] for page in pages for device in page["MFADevices"]]

        return self._ask("iam", who, ask)

    def session_token(self, who: Who, serial: str, code: str, duration_s: int) -> Keys:
        """Exchange long-term credentials and an MFA code for temporary credentials (GetSessionToken)."""

        return self._ask("sts", who, lambda sts: sts_calls.with_code(sts, serial, code, duration_s))

    def web_identity(
        self, role_arn: str, token: Secret, name: str, duration_s: int, provider: str, region: str
    ) -> Keys:
        """Exchange a token for a role's temporary credentials (AssumeRoleWithWebIdentity, unsigned)."""
        return sts_calls.by_web_identity(role_arn, token, name, duration_s, provider, region)

    def saml(self, role_arn: str, provider_arn: str, assertion: Secret, duration_s: int) -> Keys:
        """Exchange a SAML assertion (base64) for a role's temporary credentials (AssumeRoleWithSAML, unsigned)."""
        return sts_calls.by_saml(role_arn, provider_arn, assertion, duration_s, validate.home_region(role_arn))

    def federation_token(self, who: Who, name: str, policy: str, duration_s: int) -> Keys:
        """Exchange long-term credentials for temporary ones limited by a policy, as JSON (GetFederationToken)."""
        return self._ask("sts", who, lambda sts: sts_calls.federated(sts, name, policy, duration_s))

    def machine(self) -> str:
        """Return which credential_source gives this computer a role; "" if none does."""
        return machine_role.source()

    def region_here(self) -> str:
        """Return the region this computer is in; "" if unknown."""
        return machine_role.region()

    def expect(self, who: Who) -> bool:
        """Begin in the background to get a caller's credentials. Return False if the user may be needed for that."""
        return self._resolver.expect(who)

    def keys(self, who: Who) -> Keys:
        """Return the credentials that a profile resolves to, with their expiry if it is known."""
        with _about(who):
            return self._resolver.keys(who)

    def _ask(self, service: str, who: Who, ask: Callable[[Any], T], resource: str = "") -> T:
        """Call `ask` with a service client that acts as `who`, and return its result."""
        with _about(who):
            same = self._identified if self._identified and self._identified.is_still(who) else None
            return self._called(same or self._caller(who), service, ask, resource)

    def _caller(self, who: Who, signed: Callable[[], object] | None = None) -> _Caller:
        keys, session = self._resolver.caller(who)
        if signed:
            signed()
        return _Caller(who, keys, session or told(lambda: session_of(who.profile, who.region), who))

    def _called(self, caller: _Caller, service: str, ask: Callable[[Any], T], resource: str = "") -> T:
        def work() -> T:
            return ask(caller.session.create_client(service, config=bounds(), **arguments_of(caller.keys)))

        return explained(work, caller.who, resource)


class _Caller:
    """Who calls, with the credentials that sign, and a session that has the settings of the profile."""

    def __init__(self, who: Who, keys: Keys, session: Any) -> None:
        self.who, self.keys, self.session = who, keys, session
        self._files, self._thread = files_of(session), get_ident()

    def is_still(self, who: Who) -> bool:
        """Say whether this is the same caller, whose profile is on disk and hasn't changed since.

        Another thread needs a session of its own.
        """
        if who != self.who or who.profiles is not None or get_ident() != self._thread:
            return False
        return last(self.keys) and files_of(self.session) is self._files


@contextmanager
def _about(who: Who) -> Iterator[None]:
    """Note in a Problem which profile was refused."""
    try:
        yield
    except Problem as refused:
        refused.profile = refused.profile or who.profile
        raise
