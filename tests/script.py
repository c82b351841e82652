"""A scripted person, and a Context whose outside is made of values: for tests of stories and of conversations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ccsetup.core.context import Answer, Context, Prompt, Sighting, Start
from ccsetup.core.errors import Cancelled, Problem
from ccsetup.core.model import (
    BACK,
    Asked,
    Back,
    Choice,
    CloneResult,
    Corrected,
    Edit,
    Identity,
    Keys,
    Repository,
    Route,
    Secret,
    Submodule,
    Who,
)
from ccsetup.git.config import GitConfig, Pairs, urls

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=timezone.utc)
LEAVE = object()


class Script:
    """Answers questions in the order they are expected: (key, answer); an unexpected or unused answer fails."""

    def __init__(self, *steps: tuple[str, object]) -> None:
        self.steps = list(steps)
        self.asked: list[Asked] = []

    def ask(self, asked: Asked) -> str | Secret | Back:
        self.asked.append(asked)
        assert self.steps, f"asked {asked.key!r} ({asked.ask}), nothing was expected; notice: {asked.notice!r}"
        key, answer = self.steps.pop(0)
        assert asked.key == key, f"asked {asked.key!r}, expected {key!r}; notice: {asked.notice!r}"
        if answer is LEAVE:
            raise Cancelled
        if isinstance(answer, Back):
            assert asked.can_go_back
            return BACK
        assert isinstance(answer, str)
        if answer in {choice.value for choice in asked.choices}:
            return answer
        assert not asked.choices or asked.free or (asked.reads and asked.reads(answer)), (answer, asked.choices)
        parsed = asked.parse(answer)
        value = parsed.value if isinstance(parsed, Corrected) else parsed
        return Secret(value) if asked.widget == "secret" else value

    def done(self) -> None:
        assert not self.steps, f"never asked: {self.steps}"


@dataclass
class Shown:
    """A screen that remembers what it was told."""

    lines: list[str] = field(default_factory=list)
    documents: list[Mapping[str, Any]] = field(default_factory=list)

    def heading(self, text: str, facts: Sequence[tuple[str, bool | None]]) -> None:
        self.lines.append(f"heading {text} {facts}")

    def amend(self, facts: Sequence[tuple[str, bool | None]]) -> None:
        self.lines.append(f"amended {facts}")

    def say(self, text: str) -> None:
        self.lines.append(text)

    def note(self, text: str) -> None:
        self.lines.append(f"note {text}")

    def done(self, what: str, detail: str = "", aside: str = "") -> None:
        self.lines.append(f"done {what} {detail} {aside}".rstrip())

    def failed(self, what: str, detail: str = "") -> None:
        self.lines.append(f"failed {what} {detail}")

    def review(self, diffs: Sequence[str], rows: Sequence[tuple[str, str]], fold: bool = False) -> int:
        self.lines += [*(f"{label} {text}" for label, text in rows), *diffs]
        return 0

    def table(self, rows: Sequence[tuple[str, str]]) -> None:
        self.lines += [f"{label} {text}" for label, text in rows]

    def problem(self, problem: Problem) -> None:
        self.lines.append(f"problem {problem.code} {problem.what} {problem.why} {problem.next}")

    @contextmanager
    def busy(self, text: str, lasts_s: float | None = None) -> Iterator[Any]:
        yield lambda text, share: None

    @contextmanager
    def counting(self, text: str) -> Iterator[Any]:
        yield lambda done, all_: None

    @contextmanager
    def side_by_side(self, text: str, names: Sequence[str]) -> Iterator[Lanes]:
        lanes = Lanes([Shown() for _ in names])
        try:
            yield lanes
        finally:
            self.lines += [line for lane in lanes.screens for line in lane.lines]

    def link(self, text: str, url: str) -> None:
        self.lines.append(f"link {text} {url}")

    def mark(self) -> int:
        return len(self.lines)

    def rewind(self, mark: int) -> None:
        return

    def room(self) -> int | None:
        return None

    def output(self, text: str, secret: bool = False) -> None:
        self.lines.append(text)

    def painted(self, rows: Sequence[Sequence[tuple[str, str]]]) -> None:
        self.lines += ["".join(text for _, text in row) for row in rows]

    def document(self, value: Mapping[str, Any], secret: bool = False) -> None:
        self.documents.append(value)

    def text(self) -> str:
        return "\n".join(self.lines)


@dataclass
class Lanes:
    """A screen for each of several things at the same time; what each was told is kept in their order."""

    screens: Sequence[Shown]

    @contextmanager
    def lane(self, number: int) -> Iterator[Shown]:
        yield self.screens[number]


@dataclass
class FakeAws:
    """AWS as values; one that is a Problem is raised."""

    who: Identity | Problem = field(
        default_factory=lambda: Identity("111122223333", "arn:aws:sts::111122223333:assumed-role/Developer/maria")
    )
    names: Sequence[str] | Problem = ("MyDemoRepo", "MySharedDemoRepo")
    found: Repository | Problem = field(
        default_factory=lambda: Repository("MySharedDemoRepo", "us-east-2", "111122223333", "main")
    )
    devices: Sequence[str] | Problem = ()
    elsewhere: Sequence[str] = ()
    listed: Mapping[str, Sequence[str]] | Problem = field(default_factory=dict)
    exchanged: Keys | Problem = field(
        default_factory=lambda: Keys("ASIAIOSFODNN7EXAMPLE", Secret("s" * 40), Secret("t" * 40), NOW.replace(hour=23))
    )
    here: str = ""
    console: str | Problem = "arn:aws:iam::111122223333:user/maria"
    seen: Sequence[Sighting] = ()
    leaves: Sequence[Edit] = ()
    calls: list[str] = field(default_factory=list)

    def _answer(self, call: str, value: Any) -> Any:
        self.calls.append(call)
        if isinstance(value, Problem):
            raise value
        return value

    def warm(self) -> None:
        self.calls.append("warm")

    def expect(self, who: Who) -> bool:
        return False

    def warm_client(self, service: str) -> None:
        self.calls.append(f"warm {service}")

    def signed_in(self) -> Sequence[Edit]:
        return ()

    def console_sign_in(
        self, profile: str, start: Start, prompt: Prompt | None, expected: str = "", account: str = ""
    ) -> str:
        return self._answer(f"console sign-in {profile} {start.region}", self.console)

    def identity(self, who: Who, signed: Callable[[], object] | None = None) -> Identity:
        if signed:
            signed()
        return self._answer(f"identity {who.profile} {who.mfa_code}".rstrip(), self.who)

    def identities(self, whos: Sequence[Who], deadline_s: float) -> Sequence[Answer]:
        found = []
        for who in whos:
            try:
                found.append(Answer(who.profile, self.identity(who)))
            except Problem as refused:
                found.append(Answer(who.profile, refused=refused, at=who.profile))
        return found

    def repositories(self, who: Who) -> Sequence[str]:
        return self._answer("repositories", self.names)

    def repository(self, who: Who, name: str) -> Repository:
        return self._answer(f"repository {name}", self.found)

    def regions_with(
        self, who: Who, name: str, regions: Sequence[str], counted: Callable[[int, int], None] | None = None
    ) -> Sequence[str]:
        return self._answer(f"regions_with {name}", self.elsewhere)

    def repositories_in(
        self, who: Who, regions: Sequence[str], counted: Callable[[int, int], None] | None = None
    ) -> Mapping[str, Sequence[str]]:
        found = self._answer(f"repositories_in {len(regions)}", self.listed)
        return {region: names for region, names in found.items() if region in regions}

    def branches(self, who: Who, name: str) -> Sequence[str]:
        return self._answer("branches", ("main",))

    def mfa_devices(self, who: Who) -> Sequence[str]:
        return self._answer(f"mfa_devices {who.profile}", self.devices)

    def session_token(self, who: Who, serial: str, code: str, duration_s: int) -> Keys:
        return self._answer(f"session_token {serial} {code} {duration_s}", self.exchanged)

    def web_identity(
        self, role_arn: str, token: Secret, name: str, duration_s: int, provider: str, region: str
    ) -> Keys:
        return self._answer(f"web_identity {role_arn} {provider}", self.exchanged)

    def saml(self, role_arn: str, provider_arn: str, assertion: Secret, duration_s: int) -> Keys:
        return self._answer(f"saml {role_arn} {provider_arn} {duration_s}", self.exchanged)

    def federation_token(self, who: Who, name: str, policy: str, duration_s: int) -> Keys:
        return self._answer(f"federation_token {who.profile} {name} {policy} {duration_s}", self.exchanged)

    def machine(self) -> str:
        return self._answer("machine", self.here)

    def region_here(self) -> str:
        return self._answer("region_here", "")

    def keys(self, who: Who) -> Keys:
        return self._answer(f"keys {who.profile}", self.exchanged)

    def sightings(
        self, places: Sequence[Who], name: str, counted: Callable[[int, int], None] | None = None
    ) -> Sequence[Sighting]:
        return self._answer(f"sightings {name}", self.seen)

    def create_repository(self, who: Who, name: str, description: str) -> Repository:
        return self._answer(f"create_repository {name} {description}", self.found)

    def pending(self) -> Sequence[Edit]:
        return self.leaves


@dataclass
class FakeSignIn:
    """Identity Center as values."""

    there: Sequence[Choice] | Problem = (Choice("111122223333", "Acme shared", "shared@acme.example"),)
    sets: Sequence[Choice] | Problem = (Choice("Developer", "Developer"), Choice("ReadOnly", "ReadOnly"))
    granted: Secret | Problem = field(default_factory=lambda: Secret("access-token"))
    leaves: Sequence[Edit] = ()
    region: str | None = None
    renewed: list[str] = field(default_factory=list)

    def _answer(self, value: Any) -> Any:
        if isinstance(value, Problem):
            raise value
        return value

    def token(self, start: Start) -> Secret:
        return self._answer(self.granted)

    def anew(self, start: Start) -> None:
        self.renewed.append(start.session or start.url)
        self._answer(self.granted)

    def until(self, start: Start) -> datetime | None:
        return NOW.replace(hour=18)

    def resolve(self, url: str) -> str | None:
        return self.region

    def accounts(self, start: Start) -> Sequence[Choice]:
        return self._answer(self.there)

    def roles(self, start: Start, account_id: str) -> Sequence[Choice]:
        return self._answer(self.sets)

    def keys(self, start: Start, account_id: str, role: str) -> Keys:
        return Keys("ASIAIOSFODNN7EXAMPLE", Secret("s" * 40), Secret("t" * 40))

    def pending(self) -> Sequence[Edit]:
        return self.leaves


@dataclass
class Early:
    """A clone that never begins early."""

    calls: list[str]
    has_begun = False

    def prepare(self) -> None:
        pass

    def __enter__(self) -> Early:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def begin(self) -> None:
        self.calls.append("begin")


@dataclass
class FakeGit:
    """git as values; a clone makes the folder."""

    heads: Sequence[str] | Problem = ("main",)
    clones: str | Problem = "0" * 40
    origins: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=lambda: {"user.name": "Maria", "user.email": "m@acme.example"})
    within: Sequence[Submodule] = ()
    commands: Sequence[str] = ("git-remote-codecommit", "git-credential-ccsetup", "aws")
    calls: list[str] = field(default_factory=list)

    def version(self) -> str:
        return "2.39.5"

    def missing(self) -> Problem:
        return Problem("git isn't on the PATH.", code="git.missing")

    def helper(self) -> str:
        return "/usr/bin/git-remote-codecommit"

    def own_helper(self) -> str:
        return ""

    def command(self, name: str) -> str:
        return f"/usr/bin/{name}" if name in self.commands else ""

    def later(self, name: str) -> str:
        return self.command(name)

    def lasting(self, name: str) -> str:
        return self.command(name)

    def with_path(self, folder: Path) -> FakeGit:
        return self

    def reachable(self, route: Route) -> Sequence[str]:
        self.calls.append(f"ls-remote {route.url}")
        if isinstance(self.heads, Problem):
            raise self.heads
        return self.heads

    def default(self, route: Route) -> str:
        return "" if isinstance(self.heads, Problem) else next(iter(self.heads), "")

    def early(self, route: Route, directory: Path, branch: str) -> Early:
        return Early(self.calls)

    def arrived(self, early: Early, default: str, progress: Any) -> Sequence[str]:
        return ()

    def clone(
        self,
        route: Route,
        directory: Path,
        branch: str,
        progress: Any,
        default: str = "",
        early: Early | None = None,
    ) -> CloneResult:
        self.calls.append(f"clone {route.url} {directory.name} {branch}".rstrip())
        if isinstance(self.clones, Problem):
            raise self.clones
        directory.mkdir()
        return CloneResult(self.clones)

    def origin(self, directory: Path) -> str:
        return self.origins.get(directory.name, "")

    def unfinished(self, directory: Path) -> bool:
        return False

    def repoint(self, directory: Path, route: Route) -> None:
        self.calls.append(f"repoint {directory.name} {route.url}")
        self.origins = {**self.origins, directory.name: route.url}

    def is_tag(self, route: Route, name: str) -> bool:
        return False

    def lfs_files(self, directory: Path) -> Sequence[str]:
        return ()

    def foreign(self, directory: Path) -> Problem | None:
        return None

    def remote(self, directory: Path) -> str:
        return "origin"

    def setting(self, directory: Path, key: str, own: bool = True) -> str:
        return self.settings.get(key, "")

    def submodules(self, directory: Path) -> Sequence[Submodule]:
        return self.within if directory.parent.name == "work" else ()

    def fetch_submodule(self, directory: Path, submodule: Submodule, route: Route, progress: Any) -> CloneResult:
        self.calls.append(f"submodule {submodule.path} {route.url}")
        return CloneResult("1" * 40)

    def keep_submodules(self, directory: Path) -> str:
        return ""

    def do(self, directory: Path, *words: str) -> str:
        self.calls.append(" ".join(words))
        return ""

    def config(self, directory: Path) -> GitConfig:
        url = self.origins.get(directory.name, "")
        key = "remote.origin.url"
        own = ((key, url),) if url else ()
        return GitConfig((*self.settings.items(), *own), own, (), tuple(urls(key, [url], [url])) if url else ())

    def machine_settings(self) -> Pairs:
        return tuple(self.settings.items())

    def fetch(self, directory: Path, progress: Any = None, default: str = "") -> CloneResult:
        self.calls.append(f"fetch {directory.name}")
        return CloneResult("1" * 40)

    def facts(self, directory: Path) -> tuple[str, int, str]:
        return "main", 1204, "8.1 MiB"


def context(
    folder: Path,
    script: Script | None = None,
    *,
    aws: FakeAws | None = None,
    signin: FakeSignIn | None = None,
    git: FakeGit | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str = "",
) -> Context:
    """Return a Context with real files under `folder`/home and stand-ins for everything else."""
    from ccsetup.awsfiles.store import Files

    home, work = folder / "home", folder / "work"
    home.mkdir(exist_ok=True)
    work.mkdir(exist_ok=True)
    variables = {"XDG_STATE_HOME": str(home / ".local" / "state"), **(env or {})}
    return Context(
        env=variables,
        home=home,
        cwd=work,
        now=lambda: NOW,
        stdin=lambda: stdin,
        files=Files(variables, home, lambda: NOW),
        aws=aws or FakeAws(),
        signin=signin or FakeSignIn(),
        git=git or FakeGit(),
        screen=Shown(),
        prompt=script,
    )


def tree(folder: Path) -> dict[str, tuple[int, bytes | None]]:
    """Return every path under a folder with its mode and bytes, to compare before with after."""
    return {
        str(path.relative_to(folder)): (path.lstat().st_mode, path.read_bytes() if path.is_file() else None)
        for path in sorted(folder.rglob("*"))
    }
