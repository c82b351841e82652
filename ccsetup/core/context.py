"""What lies outside the program, as small protocols, and World, which holds one of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ccsetup.core.errors import Problem
from ccsetup.core.model import (
    Asked,
    Back,
    Choice,
    CloneResult,
    Edit,
    Identity,
    Keys,
    Plan,
    Receipt,
    Repository,
    Route,
    Secret,
    Submodule,
    Value,
    Who,
)
from ccsetup.git.config import GitConfig, Pairs, SettingChange

if TYPE_CHECKING:
    from ccsetup.aws.iam import Iam


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


class Files(Protocol):
    """The disk: AWS's two files, private caches, and the backups that undo needs."""

    def read(self) -> AwsTexts:
        """Read both AWS files. Raises Problem when one is there and cannot be read."""

    def glimpse(self) -> tuple[AwsTexts, Mapping[Path, str]]:
        """Read both AWS files as far as that goes, and say of each one that cannot be read why."""

    def seen(self, path: Path) -> str | None:
        """Return a small file's text, bytes that are no UTF-8 as surrogate escapes; None: not there. Raises Problem."""

    def mode(self, path: Path) -> int | None:
        """Return the permission bits of a file or folder; None where there is none, or none that can be seen."""

    def listed(self, folder: Path) -> Sequence[Path]:
        """Return what lies in a folder, sorted; nothing where there is none, or none that can be seen."""

    def apply(self, plan: Plan) -> Receipt:
        """Write the plan's edits as one transaction, with a backup. Raises Problem(code="file.changed") untouched."""

    def put_back(self, receipt: Receipt) -> None:
        """Make every file of the receipt what it was, byte for byte, and remove its backup and made folders."""

    def changes(self) -> Sequence[Change]:
        """Return the changes that can be undone, the latest first."""

    def tidy(self) -> None:
        """Remove what a run that was killed has left beside both files."""

    def now(self, edit: Edit) -> str | None:
        """Return the text that is in an edit's file now; None when there is no file."""

    def take_back(self, change: Change, edits: Sequence[Edit]) -> None:
        """Undo these edits of a change (the others are undone already), and forget it. Raises Problem untouched."""

    def store(self, edit: Edit) -> None:
        """Write a private cache file (0600, folder 0700), atomically; or remove it when `after` is None."""

    def text(self, path: Path) -> str:
        """Read a small text file the person named. Raises Problem when it is not there or cannot be read."""

    def occupied(self, path: Path) -> bool:
        """Say whether something other than an empty folder is at that path."""


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


class SignIn(Protocol):
    """IAM Identity Center."""

    def token(self, start: Start) -> Secret:
        """Return an access token: from this run, the shared cache, a refresh, or the person's browser."""

    def anew(self, start: Start) -> None:
        """Renew the sign-in, whatever is left of it: by a refresh where that lasts longer, else by the person."""

    def until(self, start: Start) -> datetime | None:
        """Say when the token that is at hand ends; None when there is none."""

    def resolve(self, url: str) -> str | None:
        """Tell the region behind a custom start URL by where it redirects; None when it does not tell."""

    def accounts(self, start: Start) -> Sequence[Choice]:
        """List the accounts: value the account id, label its name, hint the e-mail address."""

    def roles(self, start: Start, account_id: str) -> Sequence[Choice]:
        """List the permission sets of one account."""

    def keys(self, start: Start, account_id: str, role: str) -> Keys:
        """Return a role's temporary keys."""

    def pending(self) -> Sequence[Edit]:
        """Return the cache files this run's sign-ins would leave; nothing has been written yet."""


class Aws(Protocol):
    """STS, IAM and CodeCommit. Every refusal arrives as a Problem with a finding's code."""

    def warm(self) -> None:
        """Import the SDK, so that later calls do not wait for it."""

    def judge(self, path: Path) -> Mapping[str, object]:
        """Parse an AWS file with the SDK's own parser."""

    def identity(self, who: Who) -> Identity:
        """Ask STS who this is."""

    def identities(self, whos: Sequence[Who], deadline_s: float) -> Sequence[Answer]:
        """Ask STS who each of these is, all at once; nobody is asked anything, and each has its answer in time."""

    def repositories(self, who: Who) -> Sequence[str]:
        """List the names of the region's repositories."""

    def repository(self, who: Who, name: str) -> Repository:
        """Return one repository's facts."""

    def regions_with(self, who: Who, name: str, regions: Sequence[str]) -> Sequence[str]:
        """Say which of these regions have a repository of that name, asking all at once; refusals count as no."""

    def branches(self, who: Who, name: str) -> Sequence[str]:
        """List a repository's branches."""

    def mfa_devices(self, who: Who) -> Sequence[str]:
        """List the serial numbers of the caller's MFA devices."""

    def session_token(self, who: Who, serial: str, code: str, duration_s: int) -> Keys:
        """Exchange long-term keys and an MFA code for temporary ones (GetSessionToken)."""

    def web_identity(
        self, role_arn: str, token: Secret, name: str, duration_s: int, provider: str, region: str
    ) -> Keys:
        """Exchange a token for a role's temporary keys (AssumeRoleWithWebIdentity)."""

    def saml(self, role_arn: str, provider_arn: str, assertion: Secret, duration_s: int) -> Keys:
        """Exchange a SAML assertion (base64) for a role's temporary keys (AssumeRoleWithSAML)."""

    def federation_token(self, who: Who, name: str, policy: str, duration_s: int) -> Keys:
        """Exchange long-term keys for temporary ones with a narrower policy, as JSON (GetFederationToken)."""

    def machine(self) -> str:
        """Say which credential_source gives this machine a role, "" when none does."""

    def region_here(self) -> str:
        """Return the region this machine is in, "" where it does not tell."""

    def keys(self, who: Who) -> Keys:
        """Return the credentials that a profile resolves to."""

    def sightings(self, places: Sequence[Who], name: str) -> Sequence[Sighting]:
        """Look for a repository with each profile in each region named, all at once, within a bound."""

    def create_repository(self, who: Who, name: str, description: str) -> Repository:
        """Create a repository."""

    def pending(self) -> Sequence[Edit]:
        """Return the role-session cache files this run would leave; nothing has been written yet."""


class NoIam:
    """Stands where nobody administers anything."""

    def __getattr__(self, name: str) -> Any:
        raise Problem("There is no IAM to be reached from here.", code="internal")


Progress = Callable[[str, float | None], None]


class Git(Protocol):
    """The git command."""

    def version(self) -> str:
        """Return git's version such as "2.39.5"; "" when there is no git."""

    def helper(self) -> str:
        """Return the path of the git-remote-codecommit that git will find; "" when it will find none."""

    def own_helper(self) -> str:
        """Return the path of ccsetup's own git-remote-codecommit; "" when it is not installed as a command."""

    def command(self, name: str, beside: bool = True) -> str:
        """Return the absolute path of a command as git will find it, or (`beside`) beside this program; "" if none."""

    def with_path(self, folder: Path) -> Git:
        """Return a git that looks for its helpers in `folder` too."""

    def facts(self, directory: Path) -> tuple[str, int, str]:
        """Return a clone's branch, its number of commits, and its size in words."""

    def reachable(self, route: Route) -> Sequence[str]:
        """Ask `git ls-remote`; return the branch names. Raises Problem(code="access.git") in words."""

    def default(self, route: Route) -> str:
        """Return the branch that the server's HEAD named when it was asked last; "" when it named none."""

    def clone(self, route: Route, directory: Path, branch: str, progress: Progress, default: str = "") -> CloneResult:
        """Clone; `default` is the default branch as CodeCommit's API has it. Raises Problem, nothing is left then."""

    def do(self, directory: Path, *words: str) -> str:
        """Run git in a clone for the person, with all that its configuration names; return what it printed.

        Raises Problem.
        """

    def config(self, directory: Path) -> GitConfig:
        """Return git's settings in a clone. Raises Problem where there is none, or git cannot read them."""

    def machine_settings(self) -> Pairs:
        """Return git's settings where there is no clone. Raises Problem where git cannot read them."""

    def resettled(self, directory: Path, changes: Mapping[str, SettingChange]) -> Edit:
        """Return the edit of a clone's own settings that changes these and no others. Raises Problem."""

    def origin(self, directory: Path) -> str:
        """Return the address that the clone at `directory` fetches from; "" when it is none."""

    def unfinished(self, directory: Path) -> bool:
        """Say whether ccsetup was stopped while it made a clone at `directory`, which is not there yet."""

    def repoint(self, directory: Path, route: Route) -> None:
        """Make a clone go another way from now on: its address, and its own settings. Raises Problem."""

    def setting(self, directory: Path, key: str, own: bool = True) -> str:
        """Return a setting of a clone's own (or of whatever holds there), its last value; "" when there is none."""

    def submodules(self, directory: Path) -> Sequence[Submodule]:
        """Return a clone's submodules that are not checked out."""

    def fetch_submodule(self, directory: Path, submodule: Submodule, route: Route, progress: Progress) -> CloneResult:
        """Clone and check out one submodule by this route. Raises Problem in words."""

    def fetch(self, directory: Path, progress: Progress | None = None, default: str = "") -> CloneResult:
        """Fetch an existing clone, and check out one that has no files yet; `default` is as in `clone`."""


class Ran(NamedTuple):
    """What became of a credential_process: its exit code (None: it took too long), what it printed, what it said."""

    code: int | None
    out: str = ""
    errors: str = ""


def nothing_runs(commands: Sequence[Sequence[str]]) -> Sequence[Ran]:
    """Stand where no program shall be run."""
    return [Ran(None) for _ in commands]


class Prompt(Protocol):
    """Asks a person one question."""

    def ask(self, asked: Asked) -> str | Secret | Back:
        """Return the parsed answer, or BACK. Raises Cancelled on Ctrl-C and at the end of input."""


class Screen(Protocol):
    """Shows things. Without a terminal plain lines on stderr; with --json nothing but the document on stdout."""

    def heading(self, text: str, facts: Sequence[tuple[str, bool | None]]) -> None:
        """The wizard's first lines: what this is, and what was found here (good, not good, or neither)."""

    def amend(self, facts: Sequence[tuple[str, bool | None]]) -> None:
        """Write anew what the heading found here, where it stands above the question that is asked."""

    def say(self, text: str) -> None:
        """One plain line."""

    def note(self, text: str) -> None:
        """One quiet line: a correction made, a choice taken, a lookup that failed."""

    def done(self, what: str, detail: str = "", aside: str = "") -> None:
        """One ticked line of the checklist."""

    def failed(self, what: str, detail: str = "") -> None:
        """One crossed line of the checklist."""

    def review(self, diffs: Sequence[str], rows: Sequence[tuple[str, str]]) -> None:
        """Show what will be written (unified diffs, masked) and what will be done (label, text)."""

    def problem(self, problem: Problem) -> None:
        """Say what went wrong, why, and what to do next."""

    def busy(self, text: str) -> AbstractContextManager[Callable[[str, float | None], None]]:
        """Show that something takes a while; the callable takes a text and a share 0..1 (None: unknown)."""

    def link(self, text: str, url: str) -> None:
        """Show an address to open, clickable where the terminal can."""

    def room(self) -> int | None:
        """Return the columns of the terminal that `output` goes to; None where it goes elsewhere."""

    def output(self, text: str) -> None:
        """Print on stdout what the command is run for, a line or several; with --json do nothing."""

    def painted(self, rows: Sequence[Sequence[tuple[str, str]]]) -> None:
        """Print lines as `output` does, each of parts: (colour or "bold", "dim" or "", text)."""

    def document(self, value: Mapping[str, Any]) -> None:
        """Print the one JSON document of --json on stdout; without --json do nothing."""


class Sent(NamedTuple):
    """What an address answered, and the hosts it came from: the one that was asked, and those it redirected to."""

    content: bytes
    hosts: tuple[str, ...]


class Web(Protocol):
    """The web, for one small text."""

    def fetch(self, url: str, most: int) -> Sent:
        """Return what is at an https address, at most a byte more than `most`. Raises Problem."""


class NoWeb:
    """Stands where nothing is fetched."""

    def fetch(self, url: str, most: int) -> Sent:
        """Refuse."""
        raise Problem("Nothing is fetched from here.", code="net.unreachable")


class AwsCli(Protocol):
    """The AWS CLI, which alone can begin an `aws login`."""

    def needed(self) -> bool:
        """Say whether the sessions of `aws login` can be read through the AWS CLI only."""

    def version(self) -> tuple[int, ...]:
        """Return its version; empty when there is none."""

    def login(self, profile: str) -> None:
        """Have the person sign in by `aws login`. Raises Problem."""


class NoAwsCli:
    """Stands where there is no AWS CLI and none is needed."""

    def needed(self) -> bool:
        """Say no."""
        return False

    def version(self) -> tuple[int, ...]:
        """Return none."""
        return ()

    def login(self, profile: str) -> None:
        """Refuse."""
        raise Problem("There is no AWS CLI here to sign in with.", code="process.missing")


@dataclass(frozen=True)
class World:
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
    awscli: AwsCli = field(default_factory=NoAwsCli)
    run: Callable[[Sequence[Sequence[str]]], Sequence[Ran]] = nothing_runs  # a profile's programs, all at once
    iam: Iam = field(default_factory=NoIam)
    web: Web = field(default_factory=NoWeb)
