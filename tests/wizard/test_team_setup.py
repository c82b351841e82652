"""From a team file to clones: shown first, one yes; what fails holds back nothing else, what was stopped is gone on with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Lock
from typing import Any

import pytest
from conftest import CleanEnv
from paths import ROOT
from script import FakeAws, FakeGit, Script, Shown, context, tree
from terminal import CTRL_C, Terminal, program
from test_team_file import HOSTILE

from ccsetup.cli import parser
from ccsetup.cli.commands import setup
from ccsetup.core.concurrency import ended_by_ctrl_c
from ccsetup.core.context import Context
from ccsetup.core.errors import BadAnswer, Cancelled, Missing, NoRepository, Problem
from ccsetup.core.model import CloneResult, Identity, Repository, Route, Who
from ccsetup.core.result import Report
from ccsetup.sandbox import Sandbox
from ccsetup.sandbox.demo_data import BROKER, CODE, MARIA, PEOPLE, REGION, SAML_PROVIDER, role_arn

SSO = """\
  kind = sso
  sso_session = acme
  sso_start_url = https://acme.awsapps.com/start
  sso_region = us-east-1
  sso_account_id = 111122223333
  sso_role_name = {role}
  region = us-east-2
  profile = {profile}
"""
ROLE = "  kind = role\n  role_arn = arn:aws:iam::111122223333:role/Developer\n  region = us-east-2\n  profile = code\n"
BASE = "[base]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = " + "s" * 40 + "\n"
NAMED = ("role_session_name", "maria")
ONE_AT_A_TIME = Lock()
REFUSED = Problem("AWS does not know these credentials.", code="access.identity")


def sso(name: str = "default", role: str = "Developer", profile: str = "acme-dev") -> str:
    return f"  [[{name}]]\n  label = {name} way\n" + SSO.format(role=role, profile=profile)


def file(entries: str, repositories: str = "  [[MySharedDemoRepo]]\n") -> str:
    head = 'version = 1\nname = Acme platform\nnote = "Ask in #platform, any time."\n'
    return f"{head}[access]\n{entries}\n[repositories]\n{repositories}"


@dataclass
class Aws(FakeAws):
    """Has the repositories that it is asked for but `missing`, and answers as the role of the profile that asks."""

    missing: str = "nosuch"

    def repository(self, who: Who, name: str) -> Repository:
        if name == self.missing:
            raise NoRepository(f"There is no repository {name}.")
        return Repository(name, who.region, "111122223333", "main")

    def identity(self, who: Who, signed: object = None) -> Identity:
        if isinstance(self.who, Problem):
            raise self.who
        role = "ReadOnly" if who.profile == "acme-read" else "Developer"
        return Identity("111122223333", f"arn:aws:sts::111122223333:assumed-role/{role}/maria")


@dataclass
class Git(FakeGit):
    """Gets through to all repositories but `nosuch`, and makes the folders that a clone lies in."""

    def reachable(self, route: Route) -> Sequence[str]:
        if route.url.endswith("nosuch"):
            raise Problem("git cannot read it.", code="access.git")
        return super().reachable(route)

    def clone(
        self, route: Route, directory: Path, branch: str, progress: Any, default: str = "", early: Any = None
    ) -> CloneResult:
        directory.parent.mkdir(parents=True, exist_ok=True)
        with ONE_AT_A_TIME:
            self.origins = {**self.origins, directory.name: route.url}
        return super().clone(route, directory, branch, progress, default, early)


class Stopped(Git):
    """At `second`, Ctrl-C comes once `first` is cloned; `third` waits for its git, which Ctrl-C ends."""

    def __init__(self) -> None:
        super().__init__()
        self.cloned = Event()

    def clone(
        self, route: Route, directory: Path, branch: str, progress: Any, default: str = "", early: Any = None
    ) -> CloneResult:
        if directory.name == "second":
            assert self.cloned.wait(30)
            raise KeyboardInterrupt
        if directory.name == "third":
            git = Event()
            with ended_by_ctrl_c(git.set):
                assert git.wait(30)
        result = super().clone(route, directory, branch, progress, default, early)
        self.cloned.set()
        return result


def run(around: Context, text: str, script: Script | None = None, *flags: str) -> Report:
    path = around.home.parent / "team.ini"
    path.write_text(text)
    options = parser.parsed(["--team", str(path), *flags])
    report = setup.main(options, lambda: replace(around, prompt=script))
    if script:
        script.done()
    return report


def shown(around: Context) -> str:
    assert isinstance(around.screen, Shown)
    return around.screen.text()


def clones(around: Context) -> list[str]:
    """Return the clones that git was asked for, sorted, since several are made at the same time."""
    assert isinstance(around.git, FakeGit)
    return sorted(call for call in around.git.calls if call.startswith("clone"))


def home(tmp_path: Path, config: str = "", credentials: str = "") -> Context:
    around = context(tmp_path, aws=Aws(), git=Git())
    (around.home / ".aws").mkdir(mode=0o700)
    for name, text in (("config", config), ("credentials", credentials)):
        if text:
            (around.home / ".aws" / name).write_text(text)
    return around


TWO = "  [[MySharedDemoRepo]]\n  directory = work/shared\n  branch = main\n  [[payments-api]]\n  region = eu-west-1\n"


def test_one_yes_is_all_and_what_it_would_do_is_shown_before(tmp_path: Path) -> None:
    around = home(tmp_path)
    report = run(around, file(sso(), TWO), Script(("review", "go")))
    assert report.exit_code == 0
    assert clones(around) == [
        "clone codecommit::eu-west-1://acme-dev@payments-api payments-api",
        "clone codecommit::us-east-2://acme-dev@MySharedDemoRepo shared main",
    ]
    text = shown(around)
    assert text.index("from the file") < text.index("team Acme platform") < text.index("+[profile acme-dev]")
    assert text.index("clones MySharedDemoRepo into work/shared") < text.index("done wrote")
    assert text.rstrip().endswith("Ask in #platform, any time.")
    assert [it["name"] for it in report.document["team"]["repositories"]] == ["MySharedDemoRepo", "payments-api"]


def test_cancelling_and_a_dry_run_write_nothing(tmp_path: Path) -> None:
    around = home(tmp_path)
    before = tree(around.home)
    with pytest.raises(Cancelled):
        run(around, file(sso()), Script(("review", "cancel")))
    assert run(around, file(sso()), None, "--dry-run").exit_code == 0
    assert (tree(around.home), list(around.cwd.iterdir()), clones(around)) == (before, [], [])


def test_only_what_is_ones_own_is_asked(tmp_path: Path) -> None:
    around = home(tmp_path, credentials=BASE)
    entry = f"  [[default]]\n{ROLE}  mfa_serial =\n"
    assert run(around, file(entry), Script(("source_profile", "base"), NAMED, ("review", "go"))).exit_code == 0
    assert "source_profile = base" in (around.home / ".aws" / "config").read_text()
    token = around.home / "token"
    token.write_text("an-access-token")
    oidc = "  [[default]]\n  kind = oidc\n  role_arn = arn:aws:iam::111122223333:role/Developer\n  region = us-east-2\n  profile = ci\n  provider_id = www.amazon.com\n"
    asked = Script(("web_identity_token_file", str(token)), ("review", "go"))
    assert run(around, file(oidc, ""), asked).exit_code == 0


def test_keys_that_are_pasted_beside_a_file_are_taken(tmp_path: Path) -> None:
    paste = (
        "export AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    )
    around = replace(home(tmp_path), stdin=lambda: paste)
    entry = "  [[default]]\n  kind = keys\n  region = us-east-2\n  profile = tonight\n"
    assert run(around, file(entry), None, "--yes", "--paste", "-").exit_code == 0
    assert "[tonight]" in (around.home / ".aws" / "credentials").read_text()


def test_several_ways_in_are_offered_by_their_label_and_default_is_taken_where_nobody_is_asked(tmp_path: Path) -> None:
    both = sso("reader", "ReadOnly", "acme-read") + sso()
    around = home(tmp_path)
    script = Script(("access", "reader"), ("review", "go"))
    assert run(around, file(both, ""), script).document["profile"] == "acme-read"
    assert [choice.label for choice in script.asked[0].choices] == ["default way", "reader way"]
    assert run(around, file(both, ""), None, "--yes").document["profile"] == "acme-dev"
    assert run(around, file(both, ""), None, "--yes", "--access", "reader").document["profile"] == "acme-read"
    with pytest.raises(Missing, match="--access"):
        run(around, file(both.replace("[[default]]", "[[writer]]"), ""), None, "--yes")
    with pytest.raises(BadAnswer, match=r"Available: default \(sso\), reader \(sso\)"):
        run(around, file(both, ""), None, "--yes", "--access", "nobody")


def test_a_repository_has_its_own_access_where_it_names_one(tmp_path: Path) -> None:
    around = home(tmp_path)
    places = "  [[MySharedDemoRepo]]\n  [[payments-api]]\n  access = reader\n"
    report = run(around, file(sso() + sso("reader", "ReadOnly", "acme-read"), places), Script(("review", "go")))
    assert report.exit_code == 0
    assert [call.split()[1] for call in clones(around)] == [
        "codecommit::us-east-2://acme-dev@MySharedDemoRepo", "codecommit::us-east-2://acme-read@payments-api",
    ]  # fmt: skip
    config = (around.home / ".aws" / "config").read_text()
    assert config.count("[sso-session acme]") == config.count("[profile acme-read]") == 1


def test_a_role_starts_from_the_sign_in_of_the_same_file(tmp_path: Path) -> None:
    around = home(tmp_path)
    entries = f"  [[default]]\n{ROLE}  source_profile = acme-dev\n{sso('first')}"
    assert run(around, file(entries), Script(NAMED, ("review", "go"))).exit_code == 0
    config = (around.home / ".aws" / "config").read_text()
    assert config.index("[profile acme-dev]") < config.index("[profile code]")
    assert clones(around) == ["clone codecommit::us-east-2://code@MySharedDemoRepo MySharedDemoRepo"]


def test_flags_beside_the_file_win(tmp_path: Path) -> None:
    around = home(tmp_path)
    words = (
        "--yes",
        "--profile",
        "mine",
        "--region",
        "eu-west-1",
        "--repo",
        "payments-api",
        "--directory",
        "p",
        "--branch",
        "main",
    )
    assert run(around, file(sso(), TWO), None, *words).document["profile"] == "mine"
    assert clones(around) == ["clone codecommit::eu-west-1://mine@payments-api p main"]
    assert run(around, file(sso(), TWO), None, "--yes", "--no-clone").document["clone"] is None
    with pytest.raises(BadAnswer, match="You can use --branch with only one repository"):
        run(around, file(sso(), TWO), None, "--yes", "--branch", "main")
    with pytest.raises(BadAnswer, match="You can't use --external-id with sso"):
        run(around, file(sso()), None, "--yes", "--external-id", "x1")


def test_one_repository_that_fails_does_not_hold_back_the_others(tmp_path: Path) -> None:
    around = home(tmp_path)
    (around.cwd / "taken").mkdir()
    (around.cwd / "taken" / "mine.txt").write_text("mine")
    places = "  [[nosuch]]\n  [[first]]\n  [[taken]]\n  [[second]]\n"
    report = run(around, file(sso(), places), None, "--yes")
    assert report.exit_code == 1
    assert [call.split()[-1] for call in clones(around)] == ["first", "second"]
    assert [problem["what"].split(":")[0] for problem in report.document["problems"]] == ["nosuch", "taken"]
    assert [it["ok"] for it in report.document["team"]["repositories"]] == [False, True, False, True]
    assert "[profile acme-dev]" in (around.home / ".aws" / "config").read_text()


def test_an_access_that_fails_is_put_back_and_holds_back_its_own_repositories_alone(tmp_path: Path) -> None:
    around = home(tmp_path)
    before = tree(around.home)
    around = replace(around, aws=Aws(who=REFUSED))
    report = run(around, file(sso(), TWO), None, "--yes")
    assert (report.exit_code, len(report.document["problems"]), clones(around)) == (1, 1, [])
    assert {name for name in tree(around.home) if "undo" not in name and ".local" not in name} == set(before)


def test_a_profile_that_is_as_the_file_says_is_not_written_again(tmp_path: Path) -> None:
    around = home(tmp_path)
    run(around, file(sso(), ""), None, "--yes")
    before = (around.home / ".aws" / "config").stat()
    report = run(around, file(sso(), ""), Script(("review", "go")))
    assert (report.document["edits"], report.document["backups"]) == ([], [])
    assert (around.home / ".aws" / "config").stat().st_mtime_ns == before.st_mtime_ns


def test_an_answer_of_the_file_can_be_changed_at_the_review(tmp_path: Path) -> None:
    around = home(tmp_path)
    script = Script(("review", "change"), ("change", "profile"), ("profile", "mine"), ("review", "go"))
    assert run(around, file(sso()), script).document["profile"] == "mine"
    assert "acme-dev" not in (around.home / ".aws" / "config").read_text()


def test_ctrl_c_between_two_clones_says_what_is_there_and_how_to_go_on(tmp_path: Path) -> None:
    around = replace(home(tmp_path), git=Stopped())
    with pytest.raises(Cancelled, match="1 of 3 repositories were cloned") as left:
        run(around, file(sso(), "  [[first]]\n  [[second]]\n  [[third]]\n"), None, "--yes")
    assert "run the same command again" in left.value.next
    assert "[profile acme-dev]" in (around.home / ".aws" / "config").read_text()


def test_a_link_that_leads_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    around = home(tmp_path)
    (around.cwd / "out").symlink_to(tmp_path)
    places = "  [[evil]]\n  directory = out/evil\n  [[good]]\n"
    report = run(around, file(sso(), places), None, "--yes")
    assert (report.exit_code, [call.split()[-1] for call in clones(around)]) == (1, ["good"])
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("text", [text for text, _ in HOSTILE if len(text) < 1_000_000], ids=lambda _: "")
def test_a_hostile_file_is_one_sentence_and_nothing_is_written_or_asked(text: str, tmp_path: Path) -> None:
    around = home(tmp_path)
    before = tree(around.home)
    with pytest.raises(Problem) as refused:
        run(around, text, Script(), "--yes")
    assert refused.value.exit_code == 1
    assert (tree(around.home), list(around.cwd.iterdir()), around.aws.calls) == (before, [], [])


# Against the sandbox


def env_of(sandbox: Sandbox, clean_env: CleanEnv, home: Path) -> dict[str, str]:
    sandbox.state.center.auto_approve, sandbox.state.center.interval_s = True, 1
    return clean_env(home, sandbox.environment(), path=[Path(sys.executable).parent])


@pytest.mark.slow
def test_from_the_file_to_a_clone_it_is_one_yes_and_the_browser(
    sandbox: Sandbox, clean_env: CleanEnv, tmp_path: Path
) -> None:
    env, work = env_of(sandbox, clean_env, tmp_path / "home"), tmp_path / "work"
    work.mkdir()
    browser = tmp_path / "browser.py"
    browser.write_text(
        "import sys, urllib.request as u; u.build_opener(u.ProxyHandler({})).open(sys.argv[1], timeout=20).read()"
    )
    path = tmp_path / "team.ini"
    path.write_text(file(sso(), "  [[MySharedDemoRepo]]\n  directory = demo\n"))
    terminal = Terminal([program(), "--team", str(path)], {**env, "BROWSER": f"{sys.executable} {browser} %s"}, work)
    terminal.answer("Write these changes?", "")
    assert terminal.exit_code() == 0, terminal.text()
    assert len([line for line in terminal.lines() if line.startswith("?")]) == 1, terminal.text()
    assert (work / "demo" / ".git").is_dir()
    assert "Ask in #platform" in terminal.text()


@pytest.mark.slow
def test_ten_repositories_killed_half_way_are_finished_by_the_next_run_and_none_is_cloned_twice(
    sandbox: Sandbox, clean_env: CleanEnv, tmp_path: Path
) -> None:
    env, work = env_of(sandbox, clean_env, tmp_path / "home"), tmp_path / "work"
    work.mkdir()
    names = [f"part-{number}" for number in range(10)]
    for name in names:
        sandbox.state.add_repository(CODE, REGION, name, commits=1)
    path = tmp_path / "team.ini"
    path.write_text(file(sso(), "".join(f"  [[{name}]]\n" for name in names)))
    command = [program(), "setup", "--team", str(path), "--yes", "--json", "--device-code", "--no-input"]
    first = subprocess.Popen(
        command, env=env, cwd=work, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    until = time.monotonic() + 60
    while len(there := [name for name in names if (work / name / ".git").exists()]) < 3:
        assert time.monotonic() < until and first.poll() is None
        time.sleep(0.002)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    whole = {name: (work / name / ".git" / "HEAD").stat().st_ino for name in there}
    assert sum((work / name).exists() for name in names) < 10
    done = subprocess.run(command, env=env, cwd=work, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told: list[dict[str, Any]] = json.loads(done.stdout)["team"]["repositories"]
    assert [it["name"] for it in told if it["ok"] and it["commit"]] == names
    assert {name: (work / name / ".git" / "HEAD").stat().st_ino for name in there} == whole
    assert done.stderr.count("already cloned") >= len(there)
    for name in names:
        status = subprocess.run(
            ["git", "-C", work / name, "status", "--porcelain"], env=env, capture_output=True, text=True, check=True
        )
        assert (status.stdout, (work / name / ".git" / "ccsetup-cloning").exists()) == ("", False)


@pytest.mark.long
@pytest.mark.slow
def test_ctrl_c_ends_eight_clones_at_once_and_leaves_nothing_of_them(
    sandbox: Sandbox, clean_env: CleanEnv, tmp_path: Path
) -> None:
    env, work = env_of(sandbox, clean_env, tmp_path / "home"), tmp_path / "work"
    work.mkdir()
    names = [f"part-{number}" for number in range(10)]
    for name in names:
        sandbox.state.add_repository(CODE, REGION, name, commits=1)
    path = tmp_path / "team.ini"
    path.write_text(file(sso(), "".join(f"  [[{name}]]\n" for name in names)))
    command = [program(), "setup", "--team", str(path), "--yes", "--device-code"]
    terminal = Terminal(command, env, work, columns=50, rows=20)
    terminal.wait("Cloning 10 repositories")
    sandbox.state.delay_s = 3
    terminal.wait(*(f"{name} Cloning" for name in names[:8]))
    until = time.monotonic() + 30
    while len(list(work.glob(".ccsetup-*/*/*/.git"))) < 8 and time.monotonic() < until:
        terminal.read()
    rows = [line for line in terminal.screen.display if line.strip().startswith("part-")]
    assert [line.split()[0] for line in rows] == names[:8]
    terminal.press(CTRL_C)
    assert terminal.exit_code() == 130
    assert "0 of 10 repositories were cloned. Next: To continue, run the same command again." in terminal.flat()
    assert list(work.iterdir()) == []
    assert not list((tmp_path / "home").rglob("clones"))
    assert not running_in(work)


def running_in(folder: Path) -> list[str]:
    """Return the commands of the processes whose current folder is this one, or inside it, or was."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if os.readlink(process / "cwd").startswith(str(folder)):
                found.append((process / "cmdline").read_text())
    return found


def kind_file(kind: str, *lines: str, repository: str = "MySharedDemoRepo") -> str:
    settings = "".join(f"  {line}\n" for line in (f"kind = {kind}", "region = us-east-2", *lines))
    return file(f"  [[default]]\n{settings}", f"  [[{repository}]]\n")


PLAYED = {
    "role": kind_file(
        "role", "role_arn = arn:aws:iam::000022223333:role/teams/Dev", "external_id = abc", "mfa_serial ="
    ),
    "mfa": kind_file("mfa", repository="people-tools"),
    "oidc": kind_file("oidc", "role_arn = arn:aws:iam::111122223333:role/CodeCommitOidc"),
    "keys": kind_file("keys", "profile = tonight"),
}


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("name", ["team.ini", "team-accounts.ini", *PLAYED])
def test_the_demo_plays_a_team_file_whatever_it_names(name: str, clean_env: CleanEnv, tmp_path: Path) -> None:
    path = ROOT / "examples" / name
    if name in PLAYED:
        path = tmp_path / "team.ini"
        path.write_text(PLAYED[name])
    env = clean_env(tmp_path / "home", path=[Path(sys.executable).parent], TMPDIR=str(tmp_path))
    command = [program(), "demo", "--team", path.name]
    done = subprocess.run(command, env=env, cwd=path.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for said in (
        "from   ",
        "? Write these changes? Yes",
        "✓ cloned",
        "#platform",
        "✓ pushed",
        "Nothing was left on this computer",
    ):
        assert said in done.stderr
    assert "Profile name" not in done.stderr


UNASKED = {
    "federation": kind_file("federation", "source_profile = broker", "federated_name = maria"),
    "saml": kind_file("saml", f"role_arn = {role_arn('CodeCommitSaml')}"),
    "existing": kind_file("existing", "profile = maria-code"),
    "machine": kind_file(
        "machine", f"role_arn = {role_arn('CodeCommitAccess')}", "credential_source = Ec2InstanceMetadata"
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", UNASKED)
def test_the_other_kinds_are_set_up_without_a_question(
    kind: str, sandbox: Sandbox, clean_env: CleanEnv, tmp_path: Path
) -> None:
    env, there, work = env_of(sandbox, clean_env, tmp_path / "home"), tmp_path / "home" / ".aws", tmp_path / "work"
    there.mkdir()
    work.mkdir()
    people = {"maria": sandbox.state.user_keys(MARIA), "broker": sandbox.state.user_keys(BROKER)}
    (there / "credentials").write_text("".join(
        f"[{name}]\naws_access_key_id = {keys.access_key_id}\naws_secret_access_key = {keys.secret_access_key}\n"
        for name, keys in people.items()
    ))  # fmt: skip
    (there / "config").write_text(
        f"[profile maria-code]\nrole_arn = {role_arn('CodeCommitAccess')}\nsource_profile = maria\nregion = us-east-2\n"
    )
    (tmp_path / "team.ini").write_text(UNASKED[kind])
    (tmp_path / "r.txt").write_text(sandbox.state.saml_assertion(f"{role_arn('CodeCommitSaml')},{SAML_PROVIDER}"))
    more = ["--saml-assertion", str(tmp_path / "r.txt")] if kind == "saml" else []
    if kind == "machine":
        sandbox.state.attach(role_arn("BuildMachine", PEOPLE))
        env.update(sandbox.machine_environment())
    command = [program(), "setup", "--team", str(tmp_path / "team.ini"), "--yes", "--no-input", *more]
    done = subprocess.run(command, env=env, cwd=work, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (work / "MySharedDemoRepo" / ".git").is_dir()


def test_the_repositories_of_a_file_are_no_answers_to_change(tmp_path: Path) -> None:
    around = home(tmp_path)
    script = Script(("review", "change"), ("change", "profile"), ("profile", "mine"), ("review", "go"))
    assert run(around, file(sso()), script).document["profile"] == "mine"
    offered = next(asked for asked in script.asked if asked.key == "change")
    assert {choice.value for choice in offered.choices}.isdisjoint({"no_clone", "repo", "branch", "directory"})


PROGRAM = "[profile tool]\nregion = us-east-2\ncredential_process = /opt/tool\n"
FROM_TOOL = f"  [[default]]\n{ROLE}  source_profile = tool\n"


def test_a_file_does_not_choose_what_is_run(tmp_path: Path) -> None:
    around = home(tmp_path, PROGRAM)
    before = tree(tmp_path)
    with pytest.raises(Problem) as refused:
        run(around, file(FROM_TOOL), None, "--yes")
    assert (refused.value.code, refused.value.next) == ("process.not-run", "Specify the profile: --source-profile tool")
    with pytest.raises(Problem, match="tool gets its credentials from a program"):
        run(around, file(FROM_TOOL), Script(("programs", "no")))
    assert not [call for call in around.aws.calls if "identity" in call]  # type: ignore[attr-defined]
    assert {k: v for k, v in tree(tmp_path).items() if k in before} == before


def test_a_program_that_a_file_starts_from_runs_where_a_person_lets_it(tmp_path: Path) -> None:
    assert run(home(tmp_path, PROGRAM), file(FROM_TOOL), None, "--yes", "--source-profile", "tool").exit_code == 0
    (tmp_path / "again").mkdir()
    script = Script(("programs", "yes"), NAMED, ("review", "go"))
    assert run(home(tmp_path / "again", PROGRAM), file(FROM_TOOL), script).exit_code == 0
