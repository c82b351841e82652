"""Everything outside the program: Context holds one of each adapter. The values that they return are here, too."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

from ccsetup.core import sso_session
from ccsetup.core.errors import Problem
from ccsetup.core.model import (
    Asked,
    Back,
    Edit,
    Expected,
    Identity,
    Repository,
    Secret,
    Value,
    Who,
)
from ccsetup.core.profile_chain import chain

if TYPE_CHECKING:
    from ccsetup.aws.client import Aws
    from ccsetup.aws.iam import Iam
    from ccsetup.aws.sso.signin import SignIn
    from ccsetup.awsfiles.store import Files
    from ccsetup.git.repository import Git as Git
    from ccsetup.team.download import Web
    from ccsetup.ui.screen import Screen as Screen


class AwsTexts(NamedTuple):
    """The two AWS files on disk: the paths as AWS finds them, and the texts (None if there is no such file).

    If both are the same file under any names, both paths and both texts are equal.
    """

    config_path: Path
    config: str | None
    credentials_path: Path
    credentials: str | None

    @property
    def shared(self) -> bool:
        """Return whether both are the same file, for example if AWS_CONFIG_FILE names the credentials file."""
        return self.config_path == self.credentials_path


class Change(NamedTuple):
    """A past change to the AWS files: when, by which command, for which profile, and what is needed to undo it."""

    at: datetime
    command: str
    profile: str
    edits: tuple[Edit, ...]
    backups: tuple[Path, ...] = ()
    made: tuple[Path, ...] = ()  # the folders that were created
    undoing: bool = False  # undoing it was interrupted


class Start(NamedTuple):
    """Where single sign-on starts: the start URL, its region, and the sso-session's name ("" for the legacy format).

    `scopes` are those of the sso-session, empty if it has none. `fips` and `dualstack` are the profile's settings
    use_fips_endpoint and use_dualstack_endpoint, "" if it has none.
    """

    url: str
    region: str
    session: str
    scopes: tuple[str, ...] = ("sso:account:access",)
    fips: str = ""
    dualstack: str = ""


def start_of(
    there: Mapping[str, Value],
    sessions: Mapping[str, Mapping[str, Value]],
    used: Mapping[str, Value] | None = None,
) -> Start:
    """Return the start of the sign-in for a profile with these settings.

    `used` are those of the profile that is used, if it is a role that starts from this one: like SDKs, the sign-in then
    uses the endpoints of the role's profile.
    """
    session = str(there.get("sso_session", ""))
    where = sessions.get(session, {}) if session else there
    scopes = tuple(sso_session.scopes(where))
    hosts = [str((used or there).get(key, "")) for key in ("use_fips_endpoint", "use_dualstack_endpoint")]
    return Start(str(where.get("sso_start_url", "")), str(where.get("sso_region", "")), session, scopes, *hosts)


def _signed_in(who: Who, name: str) -> Mapping[str, Value]:
    """Return the settings of the sign-in that a profile uses, directly or through source profiles; empty if none."""
    way = chain(who.profiles or {}, name)
    there = way[-1] if way else {}
    is_source = "sso_account_id" in there and not {"source_profile", "role_arn"} <= there.keys()
    return there if is_source else {}


def sign_in_of(who: Who, name: str) -> Start | None:
    """Return the sign-in that a profile uses, directly or through its source profiles, None if there is none."""
    there = _signed_in(who, name)
    return start_of(there, who.sessions or {}, (who.profiles or {}).get(name)) if there else None


def signs_for(who: Who, name: str) -> Expected:
    """Return the account and the role of the sign-in that a profile uses, empty if there is none."""
    there = _signed_in(who, name)
    return Expected(str(there.get("sso_account_id", "")), str(there.get("sso_role_name", "")))


class Sighting(NamedTuple):
    """The result of looking for a repository with one profile in one region: the repository, or why there is none."""

    profile: str
    region: str
    repository: Repository | None = None
    refused: Problem | None = None


class Answer(NamedTuple):
    """The result of asking AWS for a profile's identity: the identity, or why there is none.

    `at` is the profile where the search for credentials ended: itself or one of its source profiles. `ahead_s` is how
    many seconds this computer's clock is ahead of AWS's, None if unknown.
    """

    profile: str
    identity: Identity | None = None
    refused: Problem | None = None
    at: str = ""
    ahead_s: float | None = None


Progress = Callable[[str, float | None], None]


class Prompt(Protocol):
    """Asks the user one question."""

    def ask(self, asked: Asked) -> str | Secret | Back:
        """Return the parsed answer, or BACK. Raises Cancelled on Ctrl-C and at the end of input."""


class Absent:
    """Replaces an adapter that isn't available. Its name appears in the error."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        raise Problem(f"{self._name} isn't available here.", code="internal")


class Ran(NamedTuple):
    """The result of a credential_process: its exit code (None: timed out), its stdout and its stderr."""

    code: int | None
    out: str = ""
    errors: str = ""


def nothing_runs(commands: Sequence[Sequence[str]]) -> Sequence[Ran]:
    """Take the place of `run` where no program may run."""
    return [Ran(None) for _ in commands]


class Sent(NamedTuple):
    """The response of a web address, and its hosts: the requested one and those that it redirected to."""

    content: bytes
    hosts: tuple[str, ...]


_NO_IAM = cast("Iam", Absent("IAM"))
_NO_WEB = cast("Web", Absent("The web"))


@dataclass(frozen=True)
class Context:
    """One adapter for everything outside the program. Commands receive it; tests build it from fakes."""

    env: Mapping[str, str]
    home: Path
    cwd: Path
    now: Callable[[], datetime]
    stdin: Callable[[], str]
    files: Files
    aws: Aws
    signin: SignIn
    git: Git
    screen: Screen
    prompt: Prompt | None  # None: the user can't be asked
    run: Callable[[Sequence[Sequence[str]]], Sequence[Ran]] = nothing_runs  # runs the programs of profiles, all at once
    iam: Iam = _NO_IAM
    web: Web = _NO_WEB
