"""From the first question to a clone, in a pseudo-terminal, against the sandbox, judged by git, boto3 and the AWS CLI."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import pytest
from conftest import AwsTools, CleanEnv, and_more
from messages import MARIA
from often import some
from paths import ROOT
from sandbox_world import marias_keys
from script import tree
from terminal import CTRL_C, DOWN, ENTER, ESC, Terminal, program

from ccsetup.access import of
from ccsetup.sandbox import Sandbox
from ccsetup.sandbox.demo_data import CODE, PEOPLE, REGION, SSO_REGION, START_URL, role_arn
from ccsetup.team import file as team_file
from ccsetup.team.contents import Entry, Place, Team
from ccsetup.ui.prompt import STALE_S

pytestmark = pytest.mark.slow

BROWSER = "import sys, urllib.request as u; u.build_opener(u.ProxyHandler({})).open(sys.argv[1], timeout=20).read()"
Steps = list[tuple[str, str]]


@dataclass(frozen=True)
class Journey:
    """What a visitor answers, in order; who must answer afterwards, with which profile, from which repository."""

    steps: Steps
    profile: str
    account: str
    repository: str = "MySharedDemoRepo"


KIND, WRITE = "What were you given?", ("Write these changes?", "")
PERSON: Steps = [("Your name for commits", "Maria Garcia"), ("Your email for commits", "maria@acme.example")]
REPO: Steps = [("Which region is the repository in?", REGION), ("Profile name", "")]


def source_steps(sandbox: Sandbox) -> Steps:
    keys = marias_keys(sandbox)
    return [
        ("Access key ID", keys.access_key_id),
        ("Secret access key", keys.secret_access_key),
        ("Name for the source profile", "\x15maria"),
    ]


def sso(sandbox: Sandbox, home: Path) -> Journey:
    steps = [
        (KIND, "Single"),
        ("Start URL", START_URL),
        ("Region of IAM Identity Center", ESC),
        ("Start URL", ""),
        ("Region of IAM Identity Center", "us-east-1"),
        ("Which account?", "Code"),
        ("Which role?", ESC),
        ("Which account?", "Code"),
        ("Which role?", "Dev"),
        *REPO,
        ("Which repository?", "MyShared"),
        *PERSON,
        WRITE,
    ]
    return Journey(steps, "acme-developer", CODE)


def role(sandbox: Sandbox, home: Path) -> Journey:
    steps = [
        (KIND, "another account"),
        ("Role ARN", role_arn("CodeCommitExternal")),
        ("Which profile should assume the role?", "Set up a new profile"),
        ("How does the source profile sign in?", "access key"),
        *source_steps(sandbox),
        ("External ID (optional)", "x"),  # refused: too short
        ("External ID (optional)", ESC),  # and back from there
        ("Name for the source profile", ""),
        ("External ID (optional)", "acme-2024"),
        ("Does the role require MFA?", "No"),
        *REPO,
        ("Which repository?", "MyShared"),
        *PERSON,
        WRITE,
    ]
    return Journey(steps, "CodeCommitExternal", CODE)


def mfa(sandbox: Sandbox, home: Path) -> Journey:
    serial = sandbox.state.device("maria").serial
    steps = [
        (KIND, "MFA"),
        *source_steps(sandbox),
        ("MFA code", sandbox.state.wrong_mfa_code(serial)),
        ("MFA code", sandbox.state.mfa_code(serial)),
        ("Which region is the repository in?", ESC),
        ("MFA code", sandbox.state.mfa_code(serial)),
        *REPO,
        ("Which repository?", "people"),
        *PERSON,
        WRITE,
    ]
    return Journey(steps, "maria-mfa", PEOPLE, "people-tools")


def oidc(sandbox: Sandbox, home: Path) -> Journey:
    (home / "token").write_text(sandbox.state.web_identity_token())
    steps = [
        (KIND, "OIDC"),
        ("Role ARN", role_arn("CodeCommitOidc")),
        ("Token file", ESC),
        ("Role ARN", ""),
        ("Token file", "~/token"),
        *REPO,
        ("Which repository?", "MyShared"),
        *PERSON,
        WRITE,
    ]
    return Journey(steps, "CodeCommitOidc", CODE)


def keys(sandbox: Sandbox, home: Path) -> Journey:
    three = sandbox.state.temporary_keys(role_arn("CodeCommitAccess"), "maria", 3600)
    steps = [
        (KIND, "Temporary"),
        ("Access key ID", three.access_key_id),
        ("Secret access key", three.secret_access_key),
        ("Session token", ESC),
        ("Secret access key", three.secret_access_key),
        ("Session token", three.session_token),
        *REPO,
        ("Which repository?", "MyShared"),
        *PERSON,
        WRITE,
    ]
    return Journey(steps, "codecommit", CODE)


JOURNEYS = {"sso": sso, "role": role, "mfa": mfa, "oidc": oidc, "keys": keys}
Plan = Callable[[Sandbox, Path], Journey]


@pytest.fixture
def browser(tmp_path: Path) -> dict[str, str]:
    """A browser that opens what it is given and follows where it is sent."""
    script = tmp_path / "browser"
    script.write_text(f"#!{sys.executable}\n{BROWSER}\n")
    script.chmod(0o755)
    return {"BROWSER": f"{script} %s"}


def probe(terminal: Terminal, question: str) -> None:
    """At a list, press Enter on a text that matches nothing: the screen must change. Then clear what was typed."""
    terminal.ask(question)
    terminal.read(0.3)
    if not any(line.startswith("  ❯") for line in terminal.screen.display):
        return
    terminal.press("zz qq")
    terminal.wait("zz qq")
    terminal.read(0.3)
    before = list(terminal.screen.display)
    if any('use "zz qq"' in line for line in before):  # Enter would take it
        terminal.press("\x15")
        return
    terminal.press(ENTER)
    end = time.monotonic() + 5
    while list(terminal.screen.display) == before:
        assert time.monotonic() < end, f"Enter did nothing\n{terminal.text()}"
        terminal.read(0.1)
    terminal.read(0.3)
    assert any(line.startswith("  ❯") for line in terminal.screen.display), terminal.text()


def start(folder: Path, env: dict[str, str], **size: int) -> Terminal:
    work = folder / "work"
    work.mkdir(exist_ok=True)
    return Terminal([program()], env, work, **size)


def walk(terminal: Terminal, steps: Steps) -> None:
    for question, typed in steps:
        if typed == ESC:
            terminal.ask(question)
            terminal.press(ESC)
        else:
            terminal.answer(question, typed)


@pytest.mark.parametrize("plan", JOURNEYS.values(), ids=JOURNEYS.keys())
def test_a_journey_from_the_first_question_to_a_clone_that_keeps_working(
    plan: Plan, sandbox: Sandbox, clean_env: CleanEnv, aws_tools: AwsTools, browser: dict[str, str], tmp_path: Path
) -> None:
    sandbox.state.center.auto_approve = True
    home = tmp_path / "home"
    env = clean_env(home, sandbox.environment(), browser, path=[Path(sys.executable).parent])
    journey = plan(sandbox, home)
    terminal = start(tmp_path, env)
    walk(terminal, journey.steps)
    assert terminal.exit_code() == 0, terminal.text()
    terminal.wait("✓ wrote", "✓ identity", "✓ access", "✓ cloned", "Ready.")
    known = (tmp_path / "work" / journey.repository / ".git" / "config").read_text()
    assert "name = Maria Garcia" in known
    assert not (home / ".gitconfig").exists()
    shown_no_secret(terminal, sandbox)
    judged(tmp_path / "work" / journey.repository, journey, env, aws_tools)


def shown_no_secret(terminal: Terminal, sandbox: Sandbox) -> None:
    for held in sandbox.state.keys.values():
        assert held.secret_access_key.encode() not in terminal.raw
        assert not held.session_token or held.session_token.encode() not in terminal.raw


def judged(clone: Path, journey: Journey, env: dict[str, str], aws_tools: AwsTools) -> None:
    """git pulls and pushes with our helper and with AWS's; boto3 and the AWS CLI see whom they should."""
    theirs = {**env, "PATH": f"{aws_tools.folder}:{env['PATH']}"}
    for turn, around in enumerate((env, theirs)):
        (clone / f"note-{turn}").write_text("hello\n")
        who = ("-c", "user.name=Maria", "-c", "user.email=maria@acme.example")
        git(clone, around, "add", ".")
        git(clone, around, *who, "commit", "-qm", f"Note {turn}")
        git(clone, around, "push", "-q", "origin", "HEAD")
        git(clone, around, "pull", "-q")
    script = f"import boto3; print(boto3.Session(profile_name={journey.profile!r}).client('sts').get_caller_identity()['Account'])"
    done = subprocess.run([aws_tools.python, "-c", script], env=env, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == journey.account, done.stderr
    asked = [str(aws_tools.aws), "sts", "get-caller-identity", "--profile", journey.profile, "--output", "json"]
    done = subprocess.run(asked, env=env, capture_output=True, text=True, check=False)
    assert json.loads(done.stdout)["Account"] == journey.account, done.stderr


def git(clone: Path, env: dict[str, str], *words: str) -> None:
    done = subprocess.run(["git", "-C", str(clone), *words], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("kind", and_more({kind: kind for kind in JOURNEYS}, "sso", "mfa"))
def test_ctrl_c_at_any_question_leaves_the_home_as_it_was(  # a question that several kinds ask is left once
    kind: str, sandbox: Sandbox, clean_env: CleanEnv, browser: dict[str, str], tmp_path: Path
) -> None:
    sandbox.state.center.auto_approve = True
    home = tmp_path / "home"
    env = clean_env(home, sandbox.environment(), browser, path=[Path(sys.executable).parent])
    plan, asked = JOURNEYS[kind], [question for question, _ in JOURNEYS[kind](sandbox, home).steps]
    before_it = [plan for name, plan in JOURNEYS.items() if list(JOURNEYS).index(name) < list(JOURNEYS).index(kind)]
    left = {question for earlier in before_it for question, _ in earlier(sandbox, home).steps}
    (home / ".aws").mkdir()
    (home / ".aws" / "config").write_text("# mine\n[profile other]\nregion = eu-west-1\n")
    before = tree(home)
    stops = [n for n, question in enumerate(asked) if question not in {*left, *asked[:n]}]
    for stop in some(stops, 3):
        steps = plan(sandbox, home).steps
        before = tree(home) if stop == 0 else {**before, **{k: v for k, v in tree(home).items() if k == "token"}}
        terminal = start(tmp_path, env)
        walk(terminal, steps[:stop])
        terminal.ask(steps[stop][0])
        terminal.press(CTRL_C)
        assert terminal.exit_code() == 130, terminal.text()
        assert tree(home) == before, steps[stop][0]


def test_what_is_typed_while_no_question_stands_is_not_shown_and_answers_nothing(
    sandbox: Sandbox, clean_env: CleanEnv, browser: dict[str, str], tmp_path: Path
) -> None:
    def approve_later() -> None:
        time.sleep(STALE_S + 0.5)
        sandbox.state.center.auto_approve = True

    env = clean_env(tmp_path / "home", sandbox.environment())
    terminal = start(tmp_path, env)
    walk(terminal, sso(sandbox, tmp_path / "home").steps[:2])
    terminal.answer("Region of IAM Identity Center", "us-east-1")
    terminal.wait("/device")
    terminal.press("hunter2\r\r")
    threading.Thread(target=approve_later).start()
    terminal.ask("Which account?")
    assert b"hunter2" not in terminal.raw
    terminal.press(CTRL_C)
    assert terminal.exit_code() == 130


@pytest.mark.long
@pytest.mark.parametrize("plan", JOURNEYS.values(), ids=JOURNEYS.keys())
def test_no_question_of_a_journey_leaves_enter_without_effect(
    plan: Plan, sandbox: Sandbox, clean_env: CleanEnv, browser: dict[str, str], tmp_path: Path
) -> None:
    sandbox.state.center.auto_approve = True
    home = tmp_path / "home"
    env = clean_env(home, sandbox.environment(), browser, path=[Path(sys.executable).parent])
    journey = plan(sandbox, home)
    terminal = start(tmp_path, env)
    for question, typed in journey.steps:
        probe(terminal, question)
        walk(terminal, [(question, typed)])
    assert terminal.exit_code() == 0, terminal.text()


@pytest.mark.long
@pytest.mark.parametrize("kind", ["console", "saml", "federation", "machine", "existing"])
def test_no_question_of_the_demo_leaves_enter_without_effect(kind: str, clean_env: CleanEnv, tmp_path: Path) -> None:
    env = clean_env(tmp_path / "home", path=[Path(sys.executable).parent], SSH_CONNECTION="1")
    terminal = Terminal([program(), "demo", "--kind", kind], env, tmp_path)
    terminal.ask(KIND)
    terminal.press(DOWN, ENTER)  # all kinds of access, so that nothing is answered by the message
    terminal.wait("A federation token")
    terminal.press(of(kind).label)
    asked = [KIND]
    terminal.press(ENTER)
    while question := next_question(terminal, asked[-1]):
        probe(terminal, question)
        asked.append(question)
        terminal.press(ENTER)
    review = "Clone it now?" if kind == "existing" else "Write these changes?"
    assert review in asked and "Demo finished." in terminal.text(), terminal.text()
    assert terminal.exit_code() == 0


def next_question(terminal: Terminal, before: str) -> str:
    """Return the question that takes keys next, "" at the end. A sign-in that waits meanwhile is approved by Enter."""
    approve = b"press Enter to approve"
    waiting = terminal.raw.count(approve)
    while terminal.read(0.2):
        if terminal.raw.count(approve) > waiting:
            waiting += 1
            terminal.press(ENTER)
        line = terminal.screen.display[terminal.screen.cursor.y]
        question = line[2:].partition("  ")[0].strip()
        if line.startswith("? ") and terminal.screen.cursor.x and question != before:
            return question
    return ""


def pasted(text: str) -> str:
    """Return a text as a terminal sends a paste."""
    return f"\x1b[200~{text}\x1b[201~"


LINES = "export AWS_ACCESS_KEY_ID={0}\nexport AWS_SECRET_ACCESS_KEY={1}\nexport AWS_SESSION_TOKEN={2}"


@pytest.mark.parametrize("way", [pasted, lambda text: text.replace("\n", "\r")], ids=["bracketed", "line by line"])
def test_a_paste_at_the_first_question_leaves_only_the_rest_to_ask(
    way: Callable[[str], str], sandbox: Sandbox, clean_env: CleanEnv, tmp_path: Path
) -> None:
    three = sandbox.state.temporary_keys(role_arn("CodeCommitAccess"), "maria", 3600)
    assert three.session_token
    env = clean_env(tmp_path / "home", sandbox.environment(), path=[Path(sys.executable).parent])
    terminal = start(tmp_path, env)
    message = LINES.format(three.access_key_id, three.secret_access_key, three.session_token)
    terminal.ask(KIND)
    terminal.press(way(message))
    terminal.wait("temporary credentials ASIA")
    walk(terminal, [(KIND, ""), *REPO, ("Which repository?", "MyShared"), ("Your name", ""), ("Your email", ""), WRITE])
    terminal.wait("Your name for commits (optional) Maria")  # as the session is called
    assert terminal.exit_code() == 0, terminal.text()
    shown_no_secret(terminal, sandbox)


@pytest.mark.long
def test_a_paste_that_can_be_meant_in_two_ways_is_asked(sandbox: Sandbox, clean_env: CleanEnv, tmp_path: Path) -> None:
    own = marias_keys(sandbox)
    env = clean_env(tmp_path / "home", sandbox.environment(), path=[Path(sys.executable).parent])
    terminal = start(tmp_path, env, columns=50)
    terminal.ask(KIND)
    terminal.press(pasted(f"keys {own.access_key_id} {own.secret_access_key}\nrole {role_arn('CodeCommitAccess')}"))
    terminal.answer(KIND, "")
    terminal.ask("Which one is right?")
    terminal.wait("The role, assumed with these access keys", "Just the access keys")
    terminal.press(ESC)
    terminal.answer(KIND, "\x15paste a")
    terminal.answer("Paste it here", pasted(MARIA))
    terminal.answer("Your name", "")  # all else is in the message
    terminal.ask("Write these changes?")
    terminal.wait("sso_role_name = Developer", "MySharedDemoRepo in us-east-2")
    terminal.press(CTRL_C)
    assert terminal.exit_code() == 130
    shown_no_secret(terminal, sandbox)


def test_a_dumb_terminal_takes_the_lines_of_a_paste_as_one_answer(
    sandbox: Sandbox, clean_env: CleanEnv, tmp_path: Path
) -> None:
    three = sandbox.state.temporary_keys(role_arn("CodeCommitAccess"), "maria", 3600)
    env = clean_env(tmp_path / "home", sandbox.environment(), path=[Path(sys.executable).parent], TERM="dumb")
    terminal = start(tmp_path, env)
    terminal.wait("What were you given?", "number or text")
    terminal.press(LINES.format(three.access_key_id, three.secret_access_key, three.session_token) + "\r")
    terminal.wait("3 lines", "Which region is the repository in?")
    terminal.press(CTRL_C)
    assert terminal.exit_code() == 130
    shown_no_secret(terminal, sandbox)


def test_the_session_in_the_readme_is_what_happens(sandbox: Sandbox, clean_env: CleanEnv, tmp_path: Path) -> None:
    sandbox.state.center.auto_approve, sandbox.state.center.interval_s = True, 1
    midday = f"NOON{datetime.now(timezone.utc).hour - 12:+d}"  # a sign-in that ends tomorrow is shown with its day
    env = clean_env(
        tmp_path / "home", sandbox.environment(), path=[Path(sys.executable).parent], SSH_CONNECTION="1", TZ=midday
    )
    terminal = start(tmp_path, env)
    terminal.ask(KIND)
    terminal.press(pasted(MARIA))
    walk(terminal, [(KIND, ""), *PERSON, WRITE])
    assert terminal.exit_code() == 0, terminal.text()
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    told = readme.split("$ ccsetup\n", 1)[1].split("\n```", 1)[0]
    assert same_each_time(terminal.text()) == same_each_time(told)


@pytest.mark.parametrize("known", [False, True], ids=["name asked", "name known"])
def test_from_the_message_to_the_clone_few_answers_and_one_yes_are_enough(
    known: bool, sandbox: Sandbox, clean_env: CleanEnv, tmp_path: Path
) -> None:
    sandbox.state.center.auto_approve, sandbox.state.center.interval_s = True, 1
    env = clean_env(tmp_path / "home", sandbox.environment(), path=[Path(sys.executable).parent], SSH_CONNECTION="1")
    if known:
        (tmp_path / "home" / ".gitconfig").write_text("[user]\nname = Maria\nemail = maria@acme.example\n")
    terminal = start(tmp_path, env)
    terminal.ask(KIND)
    terminal.press(pasted(MARIA))
    walk(terminal, [(KIND, ""), *([] if known else PERSON), WRITE])
    assert terminal.exit_code() == 0, terminal.text()
    answered = [line for line in terminal.text().splitlines() if line.startswith("? ")]
    answers = [line for line in answered if not line.startswith("? Write these changes?")]
    assert len(answers) <= (2 if known else 3) and len(answered) - len(answers) == 1, answered
    assert (tmp_path / "work" / "MySharedDemoRepo" / ".git").is_dir()


def test_by_a_team_file_one_yes_is_enough(sandbox: Sandbox, clean_env: CleanEnv, tmp_path: Path) -> None:
    sandbox.state.center.auto_approve, sandbox.state.center.interval_s = True, 1
    env = clean_env(tmp_path / "home", sandbox.environment(), path=[Path(sys.executable).parent], SSH_CONNECTION="1")
    (tmp_path / "home" / ".gitconfig").write_text("[user]\nname = Maria\nemail = maria@acme.example\n")
    answers = {"sso_start_url": START_URL, "sso_region": SSO_REGION, "sso_account_id": CODE}
    entry = Entry("dev", "Developer", "sso", {**answers, "sso_role_name": "Developer", "region": REGION})
    (tmp_path / "acme.ini").write_text(team_file.text(Team("Acme", (entry,), (Place("MySharedDemoRepo"),))))
    (tmp_path / "work").mkdir()
    terminal = Terminal([program(), "--team", str(tmp_path / "acme.ini")], env, tmp_path / "work")
    walk(terminal, [WRITE])
    assert terminal.exit_code() == 0, terminal.text()
    assert [line for line in terminal.text().splitlines() if line.startswith("? ")] == [
        "? Write these changes?  Yes, go ahead"
    ]
    assert (tmp_path / "work" / "MySharedDemoRepo" / ".git").is_dir()


def same_each_time(session: str) -> str:
    """Return a session's screen without what differs by machine, hour and run."""
    for varies, always in (
        (r"git [0-9.]+", "git 2.39.5"),
        (r"[A-Z]{4}-[A-Z]{4}", "KKQW-PXXM"),
        (r"https?://\S+/(device)?\?user_code", "https://device.sso.us-east-1.amazonaws.com/?user_code"),
        (r"until [0-9:]{5}", "until 18:04"),
        (r"Signing in with a code because [^.]*", "Signing in with a code because this is an SSH session"),
        (r"branch main, \d+ commits, \d+ KiB", "branch main, 5 commits, 3 KiB"),
        (r"\n\s*\n", "\n"),
    ):
        session = re.sub(varies, always, session)
    return session.strip()
