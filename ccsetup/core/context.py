"""What lies outside the program: Context holds one of each adapter, and the values that they answer with are here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

from ccsetup.core.errors import Problem
from ccsetup.core.model import (
    Asked,
    Back,
    Edit,
    Identity,
    Repository,
    Secret,
    Value,
)

if TYPE_CHECKING:
    from ccsetup.aws.client import Aws
    from ccsetup.aws.external_programs import AwsCli
    from ccsetup.aws.iam import Iam
    from ccsetup.aws.sso.signin import SignIn
    from ccsetup.awsfiles.store import Files
    from ccsetup.git.repository import Git as Git
    from ccsetup.team.download import Web
    from ccsetup.ui.screen import Screen as Screen


class AwsTexts(NamedTuple):
    """The two AWS files as they are on disk: the path as AWS finds it, and the text (None: there is no such file).

    Where both are one file, whatever they are called, both paths are the same one, and so are the texts.
    """

    config_path: Path
    config: str | None
    credentials_path: Path
    credentials: str | None

    @property
    def shared(self) -> bool:
        """Say whether one file serves as both, as where AWS_CONFIG_FILE names the credentials file."""
        return self.config_path == self.credentials_path


class Change(NamedTuple):
    """A change of the AWS files that was made: when, by which command for which profile, and what undoing it needs."""

    at: datetime
    command: str
    profile: str
    edits: tuple[Edit, ...]
    backups: tuple[Path, ...] = ()
    made: tuple[Path, ...] = ()  # the folders that had to be made
    undoing: bool = False  # an undo of it was stopped


class Start(NamedTuple):
    """Where single sign-on begins: the start URL, its region, and the sso-session's name ("" for the legacy form).

    `scopes` are the sso-session's own, empty where it names none.
    """

    url: str
    region: str
    session: str
    scopes: tuple[str, ...] = ("sso:account:access",)


def start_of(there: Mapping[str, Value], sessions: Mapping[str, Mapping[str, Value]]) -> Start:
    """Return where the sign-in of a profile with these settings begins."""
    session = str(there.get("sso_session", ""))
    where = sessions.get(session, {}) if session else there
    scopes = str(where.get("sso_registration_scopes", "")).replace(",", " ").split()
    return Start(str(where.get("sso_start_url", "")), str(where.get("sso_region", "")), session, tuple(scopes))


class Sighting(NamedTuple):
    """What one profile saw of a repository in one region: the repository, or why it saw none."""

    profile: str
    region: str
    repository: Repository | None = None
    refused: Problem | None = None


class Answer(NamedTuple):
    """What came of asking AWS who a profile is: its identity, or why there is none.

    `at` is the profile where its way to credentials ended: its own name, or one that it starts from. `ahead_s` is how
    far this machine's clock is ahead of AWS's, None where nobody told the time.
    """

    profile: str
    identity: Identity | None = None
    refused: Problem | None = None
    at: str = ""
    ahead_s: float | None = None


Progress = Callable[[str, float | None], None]


class Prompt(Protocol):
    """Asks a person one question."""

    def ask(self, asked: Asked) -> str | Secret | Back:
        """Return the parsed answer, or BACK. Raises Cancelled on Ctrl-C and at the end of input."""


class Absent:
    """Stands for an adapter that is not there; its name is what the sentence says is missing."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        raise Problem(f"{self._name} cannot be reached from here.", code="internal")


class Ran(NamedTuple):
    """What became of a credential_process: its exit code (None: it took too long), what it printed, what it said."""

    code: int | None
    out: str = ""
    errors: str = ""


def nothing_runs(commands: Sequence[Sequence[str]]) -> Sequence[Ran]:
    """Stand where no program shall be run."""
    return [Ran(None) for _ in commands]


class Sent(NamedTuple):
    """What an address answered, and the hosts it came from: the one that was asked, and those it redirected to."""

    content: bytes
    hosts: tuple[str, ...]


_NO_AWS_CLI = cast("AwsCli", Absent("The AWS CLI"))
_NO_IAM = cast("Iam", Absent("IAM"))
_NO_WEB = cast("Web", Absent("The web"))


@dataclass(frozen=True)
class Context:
    """One of everything outside: stories take it, tests build it from stand-ins."""

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
    prompt: Prompt | None  # None: nobody to ask
    awscli: AwsCli = _NO_AWS_CLI
    run: Callable[[Sequence[Sequence[str]]], Sequence[Ran]] = nothing_runs  # a profile's programs, all at once
    iam: Iam = _NO_IAM
    web: Web = _NO_WEB
