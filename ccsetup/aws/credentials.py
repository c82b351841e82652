"""Finds the credentials that sign a profile's calls: from settings that aren't on disk yet, or from the files."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import Any

from ccsetup.aws import external_programs
from ccsetup.aws.errors import too_busy
from ccsetup.aws.external_programs import AwsCli
from ccsetup.aws.sdk import (
    check_certificates,
    check_files,
    explained,
    problem_in,
    session_of,
    session_on_disk,
    share_files,
    told,
)
from ccsetup.aws.sts import SessionCache, by_web_identity
from ccsetup.core import (
    aws_login,
    clock,
    detours,
    executables,
    plain_file,
    program_keys,
    sdk_files,
    service_error,
    sso_session,
)
from ccsetup.core.command_line import quote
from ccsetup.core.concurrency import Early
from ccsetup.core.context import Start, start_of
from ccsetup.core.errors import Problem
from ccsetup.core.model import DRAFT, Keys, Secret, Who
from ccsetup.core.profile_chain import chain, holder, program_of
from ccsetup.core.profile_kind import STATIC, source_of
from ccsetup.core.program_keys import not_run

Arguments = dict[str, Any]  # of create_client
Popen = Callable[..., Any]  # starts a program, like subprocess.Popen
_ARGUMENTS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
_OF_MACHINE = ("container-role", "iam-role", "ec2-credentials-file", "boto-config")


_SILENT = ("oidc", "role", "sso", "keys")  # they need no program
_FRESH = timedelta(minutes=15)  # credentials with less time left aren't used again, since the SDK would renew them


class CodeWanted(Problem):
    """A role requires an MFA code and none was given."""


class Resolver:
    """Finds credentials: from the settings of a Who that has profiles, otherwise through the SDK from the files.

    `sso_keys` fetches a permission set's credentials. The user may have to sign in, so it has no time limit here.
    `console_keys` returns those of a sign-in with console credentials in this run, which isn't on disk yet.
    """

    def __init__(
        self,
        cache: SessionCache,
        sso_keys: Callable[[Start, str, str], Keys],
        console_keys: Callable[[str], Keys | None] = lambda session: None,
    ) -> None:
        self._cache, self._sso_keys, self._console_keys = cache, sso_keys, console_keys
        self._early: dict[object, Early[Keys]] = {}
        self._found: dict[str, tuple[Who, Keys]] = {}

    def expect(self, who: Who) -> bool:
        """Begin in the background to find credentials. Return False if the user or a program may be needed for them.

        `who` has profiles. Its calls soon after this wait for these credentials instead of asking AWS again.
        """
        key = self._origin(who)
        if key and key not in self._early:
            self._early[key] = Early(lambda: self._planned(who, who.profile))
        return bool(key)

    def _origin(self, who: Who) -> object:
        """Return what a caller's credentials come from, whatever its name and region; None if the user may be needed.

        Those of a sign-in to the console are at hand only if it was in this run. Otherwise, the AWS CLI may be needed.
        """
        way = chain(who.profiles or {}, who.profile)
        kinds = [source_of(there, as_source=bool(number)) for number, there in enumerate(way)]
        if not way or any("mfa_serial" in there for there in way):
            return None
        root, silent = way[-1], {*_SILENT}
        if not who.alone:
            silent.add("machine")
        if self._console_keys(str(root.get("login_session", ""))):
            silent.add("console")
        if {*kinds} - silent or (kinds[-1] == "role" and ("source_profile" in root or "credential_source" not in root)):
            return None
        told = [{key: value for key, value in there.items() if key not in ("region", "output")} for there in way]
        session = (who.sessions or {}).get(str(root.get("sso_session", "")), {})
        return tuple(frozenset(there.items()) for there in (*told, session))

    def arguments(self, who: Who) -> Arguments:
        """Return the credentials as arguments of create_client."""
        return arguments_of(self.keys(who))

    def caller(self, who: Who) -> tuple[Keys, Any | None]:
        """Return the credentials, and the session that found them if they are from the files: it takes long to make."""
        return self._from_files(who) if who.profiles is None else (self.keys(who), None)

    def keys(self, who: Who) -> Keys:
        """Return the credentials, with their expiry if it is known."""
        if who.profiles is None:
            return self._from_files(who)[0]
        if early := self._early.get(self._origin(who)):
            found = early.result(lambda: self._planned(who, who.profile))
            if last(found):
                return found
        return self.kept(who) or self._planned(who, who.profile)

    def keep(self, who: Who, keys: Keys) -> None:
        """Keep what a search found for a caller, for its next round."""
        self._found[who.profile] = who, keys

    def kept(self, who: Who) -> Keys | None:
        """Return what a search found for a caller whose settings are still the same, if it lasts.

        What comes from a program or needs a code is found again.
        """
        before, keys = self._found.get(who.profile, (None, None))
        same = before and before.profiles is not None and who.profiles is not None
        origin = self._origin(who) if same else None
        return keys if keys and last(keys) and origin and before and origin == self._origin(before) else None

    def by_console(self, who: Who, name: str, start: Popen = external_programs.unattended) -> Keys:
        """Return the console credentials of a profile; `start` starts the AWS CLI if it is needed.

        If the profile isn't on disk yet, another one with the same sign-in may be.
        """
        session = settings_of(who, name).get("login_session", "")
        if found := self._console_keys(session):
            return found
        same = (other for other, there in (who.profiles or {}).items() if there.get("login_session") == session)
        on_disk = next((other for other in same if other != name), name)
        return self._from_files(Who(on_disk, who.region, chosen=who.chosen), start)[0]

    def _from_files(self, who: Who, start: Popen = external_programs.unattended) -> tuple[Keys, Any]:
        """Resolve as any SDK does. Where the SDK would ask for a code, use a session that is cached on disk."""
        with suppress(CodeWanted):
            return self._by_sdk(who, self._cache, start)
        try:
            return self._by_sdk(who, self._cache.with_kept(), start)
        except CodeWanted as wanted:
            wanted.next = f"Enter the code: ccsetup login {quote(who.profile)}"
            raise

    def _by_sdk(self, who: Who, cache: SessionCache, start: Popen) -> tuple[Keys, Any]:
        session = session_on_disk(who.profile, who.region)
        profiles = told(lambda: session.full_config["profiles"], who)
        there = told(session.get_scoped_config, who)
        check_files(chain(profiles, who.profile), holder(profiles, who.profile))
        check_certificates(session)
        if source_of(there) == "machine":
            return _of_this_machine(who), session
        program = program_of(profiles, who.profile)
        patience_s = math.inf if program else 0  # a program may prompt the user
        about = who._replace(profiles=profiles)  # an error is about the source profile that has the credentials
        executables.start_by(_starting(who), session.get_component("credential_provider"))

        def start_aws(name: str) -> Popen:  # an old AWS CLI would run a credential_process beside login_session
            return _starting(who, start) if "credential_process" in profiles.get(name, {}) else start

        def by_aws_cli(name: str) -> Any:
            return _credentials(AwsCli(os.environ).keys(who._replace(profile=name), start_aws(name)))

        def told_of(name: str, work: Callable[[], Any]) -> Any:
            return told(work, who._replace(profile=name))

        aws_login.read_by_either(session, who.profile, by_aws_cli, told_of)
        busy = service_error.busy_renewals(session)
        try:
            found = explained(lambda: _from_the_files_alone(session, program, cache), about, at_most_s=patience_s)
        except Problem as refused:
            if busy and refused.code == "sso.expired":
                raise too_busy(who, "CreateToken", busy[0]) from None
            raise
        if found is None:
            raise Problem(
                f"Profile {who.profile} has no credentials.",
                next=f"Set up the profile again: ccsetup setup --profile {quote(who.profile)}",
                code="source.none",
            )
        lasting = found if found.expires_at else found._replace(expires_at=clock.read(clock.recorded(there)))
        return lasting, session

    def _planned(self, who: Who, name: str, way: tuple[str, ...] = ()) -> Keys:
        """Resolve a profile that may not be on disk, in the SDK's own order of precedence."""
        there = settings_of(who, name)
        kind = source_of(there, as_source=bool(way))
        if kind == "oidc" and "role_arn" in there:
            return _by_token(there, who.region)
        if kind == "role":
            return self._by_role(who, name, there, (*way, name))
        if kind == "sso":
            return self.by_sso(who, name, there)
        if kind == "keys":
            return as_written(there, name)
        if kind == "console":
            return self.by_console(who, name)
        if kind == "process":
            return by_program(who, name, there)
        if kind == "machine":
            return _of_this_machine(who)
        return self._from_files(Who(name, who.region, chosen=who.chosen))[0]

    def by_sso(self, who: Who, name: str, there: Mapping[str, str]) -> Keys:
        """Return the credentials of a permission set. The user may have to sign in."""
        if found := sso_session.fault(there, who.sessions or {}):
            raise Problem(
                f"{name} can't sign in. {found[1]}", next="Repair the profile: ccsetup doctor --fix", code=found[0]
            )
        start = start_of(there, who.sessions or {}, (who.profiles or {}).get(who.profile))
        try:
            return self._sso_keys(start, there.get("sso_account_id", ""), there.get("sso_role_name", ""))
        except Problem as refused:
            if refused.code == "access.assume":
                refused.next = "Ask your administrator for access, or choose another account or role."
            raise changeable(refused, name) from None

    def _by_role(self, who: Who, name: str, there: Mapping[str, str], way: tuple[str, ...]) -> Keys:
        source = there.get("source_profile")
        refuse_circle(source, name, there, way)
        first = self._planned(who, source, way) if source else of_machine(who, there.get("credential_source", ""))

        session = told(lambda: session_of(name, who.region), who)

        def assume() -> Keys:
            return self.assume(there, first, session.create_client, who.mfa_code)

        try:
            return explained(assume, who._replace(profile=source or name), there["role_arn"])
        except Problem as refused:
            raise changeable(refused, name) from None

    def assume(self, there: Mapping[str, str], first: Keys, make_client: Callable[..., Any], code: str = "") -> Keys:
        """Return the credentials of the role in these settings, or those of its cached session."""
        from botocore.credentials import AssumeRoleCredentialFetcher, Credentials

        cache: Any = {}  # without a code, read the files again later
        if "mfa_serial" in there:
            cache = self._cache if code else self._cache.with_kept()
        fetcher = AssumeRoleCredentialFetcher(
            client_creator=make_client,
            source_credentials=Credentials(*arguments_of(first).values()),
            role_arn=there["role_arn"],
            extra_args=role_arguments(there),
            mfa_prompter=(lambda _: code) if code else no_code,
            cache=cache,
        )
        found = fetcher.fetch_credentials()
        return _keys(found["access_key"], found["secret_key"], found["token"], clock.read(found["expiry_time"]))


def changeable(refused: Problem, name: str) -> Problem:
    """Return the refusal of a role with the command that changes the profile that names it."""
    if refused.code == "access.assume" and name not in ("", DRAFT) and not isinstance(refused, CodeWanted):
        refused.next += f" To change the profile: ccsetup setup --profile {quote(name)}"
    return refused


def settings_of(who: Who, name: str) -> dict[str, str]:
    """Return the settings of one of a Who's profiles. Raises Problem if there is no such profile."""
    settings = (who.profiles or {}).get(name)
    if settings is None:
        refused = Problem(f'No profile "{name}" on this computer.', code="profile.missing")
        refused.profile = name
        raise refused
    return {key: value.reveal() if isinstance(value, Secret) else value for key, value in settings.items()}


def refuse_circle(source: str | None, name: str, there: Mapping[str, str], way: tuple[str, ...]) -> None:
    """Raise Problem if a role's source profile leads back to it, unless that profile has access keys of its own."""
    if source and source in way and not (source == name and STATIC & there.keys()):
        raise Problem(f"The source profiles {' → '.join((*way, source))} form a loop.", code="source.loop")


def no_code(prompt: str) -> str:
    """Replace the SDK's prompt for an MFA code. Always raises CodeWanted."""
    raise CodeWanted("The role requires an MFA code.", next="Pass the code: --mfa-code 123456", code="access.assume")


def _from_the_files_alone(session: Any, program: str, cache: SessionCache) -> Keys | None:
    """Have the SDK resolve a session's profile, without falling back to this computer's role and without prompting."""
    resolver = session.get_component("credential_provider")
    for name in _OF_MACHINE:
        resolver.remove(name)
    share_files(session)
    provider = resolver.get_provider("assume-role")
    provider.cache, provider._prompter = cache, no_code

    def load() -> Keys | None:
        return _frozen(session.get_credentials())

    return of_program(load, program) if program else load()


def by_program(who: Who, name: str, there: Mapping[str, str], start: Popen = external_programs.popen) -> Keys:
    """Return the credentials that a profile's credential_process prints; `start` replaces botocore's own Popen."""

    def run() -> Keys:
        from botocore.credentials import ProcessProvider

        provider = ProcessProvider(name, lambda: {"profiles": {name: dict(there)}}, popen=_starting(who, start))
        found = of_program(lambda: _frozen(provider.load()), name)
        assert found is not None  # noqa: S101 — a provider with this setting returns credentials or raises
        return found

    return explained(run, who._replace(profile=name), at_most_s=math.inf)  # a program may prompt the user


def _starting(who: Who, start: Popen = external_programs.popen) -> Popen:
    """Return the function that starts this profile's credential_process. It raises Problem for unchosen profiles."""

    def started(words: list[str], **pipes: Any) -> Any:
        if not who.chosen:
            raise not_run(who.profile, f"ccsetup doctor {quote(who.profile)}")
        return start(words, **pipes)

    return started


def of_program(work: Callable[[], Keys | None], name: str) -> Keys | None:
    """Do the work that runs the credential_process of profile `name`, and turn its errors into Problems."""
    try:
        return _spelled(work())
    except Exception as error:
        cause, program = program_keys.cause_of(error), getattr(error, "filename", "")
        if cause is None or isinstance(error, Problem):
            raise
    if cause == program_keys.MISSING:
        what, next = f"The program {program} in credential_process doesn't exist.", _WHOLE_PATH
    elif cause == program_keys.BABBLE:
        what, next = "credential_process didn't print the expected JSON.", _BY_HAND
    elif cause == program_keys.OVER:
        what, next = program_keys.over(name), program_keys.RENEW
    else:
        what, next = program_keys.unreadable(name), program_keys.MEND
    raise Problem(what, next=next, code=cause.code)


def _spelled(keys: Keys | None) -> Keys | None:
    """Return credentials whose parts are all strings; raise AttributeError otherwise (e.g. for numbers)."""
    token = keys.session_token.reveal() if keys and keys.session_token else ""
    if keys and not all(isinstance(it, str) for it in (keys.access_key_id, keys.secret_access_key.reveal(), token)):
        raise AttributeError
    return keys


_WHOLE_PATH = "Use the program's absolute path. ~ and $HOME aren't expanded."
_BY_HAND = "Run the command yourself and check its output."


def token_of(there: Mapping[str, str], who: Who) -> Secret:
    """Return the token in a profile's token file. Raises Problem if the file doesn't exist or holds no token."""
    path = there["web_identity_token_file"]
    if found := sdk_files.of_token(path):
        raise problem_in(found)
    return told(lambda: Secret(plain_file.content(path, plain_file.SMALL).decode().strip()), who)


def _by_token(there: Mapping[str, str], region: str) -> Keys:
    token = token_of(there, Who("", region))
    name = there.get("role_session_name", "ccsetup")
    return by_web_identity(there["role_arn"], token, name, 3600, "", region)  # SDKs ignore its duration_seconds


def _of_this_machine(who: Who) -> Keys:
    """Return the credentials of this computer's role, the last step of the SDK's own chain."""
    if who.alone:
        raise Problem(
            f"Profile {who.profile} has no credentials.",
            next=f"To use this computer's role: ccsetup setup machine --profile {quote(who.profile)}",
            code="source.none",
        )

    session = told(lambda: session_of("", who.region), who)

    def look() -> Keys | None:
        check_files(())
        chain = session.get_component("credential_provider")
        found = (_frozen(chain.get_provider(name).load()) for name in ("container-role", "iam-role"))
        return next((keys for keys in found if keys), None)

    keys = explained(look, who)
    if keys is None:
        raise Problem(
            f"Profile {who.profile} has no credentials.",
            why="The profile doesn't specify any, and this computer has no role to use instead.",
            next=f"Set up the profile again: ccsetup setup --profile {quote(who.profile)}",
            code="source.none",
        )
    return keys


def of_machine(who: Who, source: str) -> Keys:
    """Return the credentials of a credential_source."""

    session = told(lambda: session_of("", who.region), who)

    def look() -> Keys | None:
        check_files(())
        chain = session.get_component("credential_provider")
        found = chain.get_provider("assume-role")._credential_sourcer.source_credentials(source)
        return _frozen(found)

    keys = explained(look, who)
    if keys is None:
        raise Problem(
            f"The credential source {source} isn't available on this computer.",
            next=_of_source(source),
            code="source.credential-source",
        )
    return keys


def _of_source(source: str) -> str:
    """Return what to do about a credential_source that has no credentials."""
    off = os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true"
    if source == "Ec2InstanceMetadata" and off:
        return f"Turn the metadata service on again: {detours.without(['AWS_EC2_METADATA_DISABLED'], os.environ)}"
    if source == "Environment":
        return "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in this shell."
    what = "this instance" if source == "Ec2InstanceMetadata" else "this container's task"
    return f"It works only on AWS. There, ask your administrator to give {what} a role, for example, BuildMachine."


def role_arguments(there: Mapping[str, str]) -> dict[str, Any]:
    """Return AssumeRole's arguments as botocore's own provider builds them, so that the cache key is the same."""
    names = (("role_session_name", "RoleSessionName"), ("external_id", "ExternalId"), ("mfa_serial", "SerialNumber"))
    found: dict[str, Any] = {argument: there[key] for key, argument in names if key in there}
    if there.get("duration_seconds", "").isdigit():
        found["DurationSeconds"] = int(there["duration_seconds"])
    return found


def as_written(there: Mapping[str, str], name: str) -> Keys:
    """Return the credentials in a profile's settings. Raises Problem if the secret access key is missing."""
    if not there.get("aws_secret_access_key"):
        raise Problem(
            f"Profile {name} has an access key ID but no secret access key.",
            next=f"Enter both again: ccsetup login {quote(name)}",
            code="keys.partial",
        )
    token = there.get("aws_session_token") or there.get("aws_security_token")
    return _keys(there["aws_access_key_id"], there["aws_secret_access_key"], token, clock.read(clock.recorded(there)))


def _frozen(credentials: Any) -> Keys | None:
    frozen = credentials and credentials.get_frozen_credentials()
    until = getattr(credentials, "_expiry_time", None)
    return _keys(frozen.access_key, frozen.secret_key, frozen.token, until) if frozen else None


def _keys(key_id: str, secret: str, token: str | None, until: datetime | None) -> Keys:
    ends_at = until.astimezone(timezone.utc) if until else None
    return Keys(key_id, Secret(secret), Secret(token) if token else None, ends_at)


def _credentials(keys: Keys) -> Any:
    """Return credentials as botocore's providers do."""
    from botocore.credentials import Credentials

    token = keys.session_token.reveal() if keys.session_token else None
    found: Any = Credentials(keys.access_key_id, keys.secret_access_key.reveal(), token, method="login")
    found._expiry_time = keys.expires_at  # where botocore keeps it for credentials that expire
    return found


def last(keys: Keys) -> bool:
    """Say whether credentials that were found a moment ago can sign further calls."""
    return keys.expires_at is None or keys.expires_at - datetime.now(timezone.utc) > _FRESH


def arguments_of(keys: Keys) -> Arguments:
    """Return credentials as arguments of create_client."""
    token = keys.session_token.reveal() if keys.session_token else None
    return dict(zip(_ARGUMENTS, (keys.access_key_id, keys.secret_access_key.reveal(), token), strict=True))
