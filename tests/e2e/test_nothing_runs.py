"""A folder is data: no command starts a program that a folder, or a profile nobody chose, names; strace watches."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hostile_folders as hostile
import pytest
from conftest import CleanEnv
from git_desk import commands
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from often import examples
from paths import ROOT
from script import tree
from terminal import CTRL_C, DOWN, Terminal
from tracing import Started, needs_strace, started, strace, traced

from ccsetup.sandbox import Sandbox
from ccsetup.sandbox.demo_data import MARIA, REGION, role_arn

pytestmark = pytest.mark.slow

GIT = shutil.which("git") or ""
# One process goes through many folders: to start Python and the SDK for each would take most of the time.
DRIVER = f"""\
import json, os, sys
sys.path.insert(0, {str(ROOT)!r})
from ccsetup.cli import main as cli
for line in json.load(open(sys.argv[1])):
    os.chdir(line["folder"])
    for words in line["commands"]:
        print("###", line["folder"], words, flush=True)
        try:
            print("###", cli.run(words), flush=True)
        except SystemExit as left:
            print("###", left.code, flush=True)
"""
BARE = (  # nobody named a profile
    ["doctor"],
    ["doctor", "--json"],
    ["doctor", "--fix", "--dry-run", "--yes"],
    ["status"],
    ["status", "--json"],
    ["status", "--check"],
    ["login", "--no-input", "--device-code"],
    ["login", "--all", "--dry-run"],
    ["clone", "handbook", "--print-url", "--no-input"],
    ["clone", "MySharedDemoRepo", "elsewhere", "--dry-run", "--yes"],
    ["team", "export", "dev", "--repo", "MySharedDemoRepo"],
    ["setup", "existing", "--profile", "dev", "--repo", "MySharedDemoRepo", "--dry-run", "--yes"],
    ["env", "dev", "--long-term"],
)


@dataclass
class Machine:
    """A person's home before the sandbox: a profile with keys, one whose keys a program prints, and roles of both."""

    home: Path
    env: dict[str, str]
    bait: Path
    tool: Path  # what a profile names
    ours: Path
    trace: Path

    def unpacked(self, place: Path, *parts: Any) -> Path:
        """Unpack a hostile folder (see hostile.folder)."""
        return hostile.folder(place, self.bait, self.env["CODE_COMMIT_ENDPOINT"], *parts)

    @property
    def marks(self) -> str:
        """What the programs that must not be started leave behind."""
        mark = self.bait.parent / "mark"
        return mark.read_text() if mark.exists() else ""

    def go_through(self, folders: Sequence[Path], words: Sequence[Sequence[str]]) -> tuple[str, list[Started]]:
        """Run commands in each folder, in one process; return what they said, and what was started."""
        plan = self.trace.with_name("plan")
        plan.write_text(json.dumps([{"folder": str(folder), "commands": list(words)} for folder in folders]))
        driver = self.trace.with_name("driver.py")
        driver.write_text(DRIVER)
        done, begun = traced([sys.executable, str(driver), str(plan)], self.env, folders[0], self.trace)
        assert done.returncode == 0, done.stderr[-2000:]
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr, begun

    def strangers(self, begun: Sequence[Started], *chosen: Path) -> list[Started]:
        """Return what was started beside ccsetup, git's own parts, our helpers, and what a chosen profile names."""
        parts = subprocess.run([GIT, "--exec-path"], capture_output=True, text=True, check=True).stdout.strip()
        allowed = {GIT, sys.executable, shutil.which("ssh"), *map(str, self.ours.iterdir()), *map(str, chosen)}

        def is_known(it: Started) -> bool:
            if it.program in allowed or it.program.startswith(f"{parts}/"):
                return True
            names = "CCSETUP_USER", "CCSETUP_LINE", str(self.ours / "git-credential-ccsetup")
            ours = any(name in it.arguments for name in names)
            return it.program.endswith("/sh") and ours  # git's shell for the helper that we give it

        return [it for it in begun if not is_known(it)]


@pytest.fixture
def machine(sandbox: Sandbox, tmp_path: Path, clean_env: CleanEnv) -> Machine:
    """Make the home; the PATH begins with entries that mean the folder one stands in."""
    home, bait, ours = tmp_path / "home", tmp_path / "traps" / "bait", commands(tmp_path / "ours")
    bait.parent.mkdir()
    (bait.parent / "hooks").mkdir()
    bait.write_text(f'#!/bin/sh\necho "$0 $*" >> {bait.parent / "mark"}\n')
    bait.chmod(0o755)
    for hook in ("reference-transaction", "post-checkout", "post-index-change", "pre-auto-gc"):
        (bait.parent / "hooks" / hook).symlink_to(bait)
    env = clean_env(home, sandbox.environment(), AWS_PROFILE="tool")
    env["PATH"] = os.pathsep.join((".", "", "bin", str(ours), env["PATH"]))
    tool = home / "tool"
    keys = next(k for k in sandbox.state.keys.values() if k.caller.arn == MARIA)
    told = {"Version": 1, "AccessKeyId": keys.access_key_id, "SecretAccessKey": keys.secret_access_key}
    tool.write_text(f"#!/bin/sh\necho tool >> {home / 'tool-ran'}\necho '{json.dumps(told)}'\n")
    tool.chmod(0o755)
    own = sandbox.state.temporary_keys(role_arn("CodeCommitAccess"))
    (home / ".aws").mkdir()
    (home / ".aws" / "config").write_text(
        f"[profile dev]\nregion = {REGION}\n"
        f"[profile tool]\nregion = {REGION}\ncredential_process = {tool}\n"
        f"[profile by-tool]\nregion = {REGION}\nrole_arn = {role_arn('CodeCommitAccess')}\nsource_profile = tool\n"
        f"[profile both]\nregion = {REGION}\ncredential_process = {tool}\n"
        f"aws_access_key_id = {keys.access_key_id}\naws_secret_access_key = {keys.secret_access_key}\n"
        f"[profile mfa]\nregion = {REGION}\nrole_arn = {role_arn('CodeCommitMfa')}\nsource_profile = tool\n"
        f"mfa_serial = {sandbox.state.device('maria').serial}\n"
    )
    (home / ".aws" / "credentials").write_text(
        f"[dev]\naws_access_key_id = {own.access_key_id}\naws_secret_access_key = {own.secret_access_key}\n"
        f"aws_session_token = {own.session_token}\n"
    )
    (home / ".aws" / "credentials").chmod(0o600)
    return Machine(home, env, bait, tool, ours, tmp_path / "trace")


KINDS = ("plain", "bare", "embedded", "elsewhere") + (
    ("foreign",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()
)
FOLDERS = examples(6, everyday=3)  # at once
FOLDER = st.tuples(
    st.lists(st.sampled_from(hostile.ADDRESSES), min_size=1, max_size=2, unique=True),
    st.lists(st.sampled_from(hostile.NAMING), max_size=20, unique=True),
    st.sampled_from(KINDS),
)


@needs_strace
def test_no_program_that_any_folder_names_is_ever_started(machine: Machine, tmp_path: Path) -> None:
    made: list[Path] = []

    @settings(
        max_examples=examples(3, everyday=1), deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(st.lists(FOLDER, min_size=FOLDERS, max_size=FOLDERS))
    def attempt(wanted: list[tuple[list[str], list[str], str]]) -> None:
        place = tmp_path / f"round-{len(made)}"
        folders = [machine.unpacked(place / str(n), *each) for n, each in enumerate(wanted)]
        made.append(place)
        before = tree(place), tree(machine.home)
        said, begun = machine.go_through(folders, BARE)
        assert machine.strangers(begun) == [], said
        assert machine.marks == ""
        assert (tree(place), tree(machine.home)) == before
        assert "hush" not in said

    attempt()


@pytest.mark.long
@needs_strace
@pytest.mark.parametrize("address", hostile.ADDRESSES)
def test_all_that_a_configuration_can_name_at_once_is_left_alone(
    machine: Machine, tmp_path: Path, address: str
) -> None:
    unreadable = ("url.", "extensions.", "include.", "http.", "core.repositoryFormatVersion")
    calm = [it for it in hostile.NAMING if not it.startswith(unreadable)]
    folder = machine.unpacked(tmp_path / "unpacked", [address], calm)
    said, begun = machine.go_through([folder], BARE[:4])
    assert machine.strangers(begun) == [], said
    assert machine.marks == ""
    assert "git.program" in said


DEV = "codecommit::us-east-2://dev@MySharedDemoRepo"
HTTPS = "https://ENDPOINT/v1/repos/MySharedDemoRepo"
EXAMPLES = {  # of the issue, each of which was run
    "ssh": ([hostile.ADDRESSES[9]], ["core.sshCommand = BAIT"]),
    "ext": ([DEV], ["url.ext::BAIT .insteadOf = codecommit::", "protocol.ext.allow = always"]),
    "helper": ([HTTPS], ["credential.helper = !BAIT; git-credential-ccsetup --profile dev",
                         "credential.useHttpPath = true"]),
    "helper's path": ([HTTPS], ["credential.helper = BAIT --profile dev codecommit", "credential.useHttpPath = true"]),
}  # fmt: skip


@needs_strace
@pytest.mark.parametrize("case", EXAMPLES)
def test_a_bare_doctor_starts_nothing_and_says_what_it_saw(machine: Machine, tmp_path: Path, case: str) -> None:
    folder = machine.unpacked(tmp_path / "unpacked", *EXAMPLES[case])
    said, begun = machine.go_through([folder], [["doctor"]])
    assert machine.strangers(begun) == [], said
    assert machine.marks == ""
    assert "git.program" in said
    assert "dev   arn:aws:sts::" in said  # AWS was asked all the same


@pytest.mark.long
@needs_strace
def test_a_healthy_clone_is_asked_for_by_git_and_not_accused(machine: Machine, tmp_path: Path) -> None:
    ours = machine.ours / "git-credential-ccsetup"
    helper = [f"credential.helper = {ours} --profile dev", "credential.useHttpPath = true"]
    healthy = [
        machine.unpacked(
            tmp_path / "remote", [DEV], ["filter.lfs.process = git-lfs filter-process", "core.hooksPath = .husky"]
        ),
        machine.unpacked(tmp_path / "helper", [HTTPS], ["credential.helper = ", *helper]),
    ]
    said, begun = machine.go_through(healthy, [["doctor", "--json"]])
    assert machine.strangers(begun) == [], said
    assert "git." not in said.replace("git.identity", "")
    assert [it.program for it in begun].count(str(machine.ours / "git-remote-codecommit")) == 1
    assert [it.program for it in begun if it.program == str(ours) or str(ours) in it.arguments] != []


# ------------------------------------------------------------------ the programs of profiles


@needs_strace
def test_no_bare_command_starts_a_profiles_program(machine: Machine, tmp_path: Path) -> None:
    place = machine.unpacked(tmp_path / "work", [DEV.replace("dev@", "by-tool@")], [])
    said, begun = machine.go_through([place], BARE)
    assert machine.strangers(begun) == [], said
    assert not (machine.home / "tool-ran").exists()
    assert "Not tried: tool, by-tool, mfa." in said


NAMED = (
    (["doctor", "tool"], 1),
    (["doctor", "by-tool"], 1),
    (["env", "tool", "--long-term"], 1),
    (["env", "by-tool"], 1),
    (["login", "by-tool"], 1),
    (["clone", "MySharedDemoRepo", "here", "--profile", "by-tool", "--yes", "--print-url"], 1),
    (["setup", "existing", "--profile", "by-tool", "--no-clone", "--yes"], 1),
)


@needs_strace
@pytest.mark.parametrize(("words", "least"), NAMED, ids=[" ".join(words) for words, _ in NAMED])
def test_the_program_of_a_profile_that_is_named_runs(
    machine: Machine, tmp_path: Path, words: list[str], least: int
) -> None:
    (tmp_path / "work").mkdir()
    said, begun = machine.go_through([tmp_path / "work"], [words])
    assert machine.strangers(begun, machine.tool) == [], said
    assert [it.program for it in begun].count(str(machine.tool)) >= least, said


# ------------------------------------------------------------------ who has chosen a profile


def bare_process(machine: Machine, tmp_path: Path, *words: str, profile: str = "by-tool") -> tuple[str, list[Started]]:
    """Run a command in a clone that goes by a profile whose keys a program prints."""
    place = machine.unpacked(tmp_path / "work", [DEV.replace("dev@", f"{profile}@")], [])
    return machine.go_through([place], [words])


@needs_strace
@pytest.mark.parametrize("profile", ["tool", "by-tool", "both", "mfa"])
def test_login_does_not_take_a_folders_word_for_what_to_run(machine: Machine, tmp_path: Path, profile: str) -> None:
    said, begun = bare_process(machine, tmp_path, "login", profile=profile)
    assert machine.strangers(begun) == [], said
    assert f"{profile} gets its credentials from a program that wasn't run." in said
    assert f"ccsetup login {profile}" in said


@needs_strace
@pytest.mark.parametrize("profile", ["by-tool", "both"])
def test_clone_does_not_take_a_folders_word_for_what_to_run(machine: Machine, tmp_path: Path, profile: str) -> None:
    place = machine.unpacked(tmp_path / "work" / "MySharedDemoRepo", [DEV.replace("dev@", f"{profile}@")], [])
    said, begun = machine.go_through([place.parent], [["clone", "MySharedDemoRepo", "--yes"]])
    assert machine.strangers(begun) == [], said
    assert f"{profile} gets its credentials from a program that wasn't run." in said
    said, begun = machine.go_through([place.parent], [["clone", "MySharedDemoRepo", "--yes", "--profile", "dev"]])
    assert machine.strangers(begun) == [], said
    assert "wasn't run" in said


@pytest.mark.long
@needs_strace
def test_a_search_says_whom_it_did_not_ask(machine: Machine, tmp_path: Path) -> None:
    said, begun = bare_process(machine, tmp_path, "clone", "nowhere-to-be-found", "--no-input")
    assert machine.strangers(begun) == [], said
    assert "Not tried: tool, by-tool, mfa." in said
    assert "--profile tool" in said


@needs_strace
def test_the_first_screen_starts_nothing_in_a_hostile_folder(machine: Machine, tmp_path: Path) -> None:
    unreadable = ("url.", "extensions.", "include.", "http.", "core.repositoryFormatVersion")
    calm = [it for it in hostile.NAMING if not it.startswith(unreadable)]
    folder = machine.unpacked(tmp_path / "work", [DEV], calm)
    ccsetup = [
        sys.executable,
        "-c",
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); from ccsetup.cli.main import main; main([])",
    ]
    terminal = Terminal([*strace(machine.trace), *ccsetup], machine.env, folder)
    terminal.answer("You're in a clone of", DOWN, DOWN)  # something else
    terminal.wait("What were you given?")
    terminal.wait("broken")  # what is broken here has been looked for by now
    terminal.press(CTRL_C)
    terminal.exit_code()
    assert machine.strangers(started(machine.trace)) == []
    assert machine.marks == ""


@needs_strace
def test_a_terminals_doctor_in_json_tells_what_was_not_asked(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    said, _ = machine.go_through([tmp_path / "work"], [["doctor", "--json"]])
    document = json.loads(said[said.index("{") : said.rindex("}") + 1])
    assert {it["name"]: it["ok"] for it in document["profiles"]} == {
        "dev": True, "both": True, "tool": None, "by-tool": None, "mfa": None,
    }  # fmt: skip


# ------------------------------------------------------------------ the folder's own programs


@needs_strace
@pytest.mark.parametrize("command", ["creds", "./creds", "bin/creds"])
def test_a_credential_process_is_not_taken_from_the_folder(machine: Machine, tmp_path: Path, command: str) -> None:
    with (machine.home / ".aws" / "config").open("a") as file:
        file.write(f"[profile local]\nregion = {REGION}\ncredential_process = {command}\n")
    folder = machine.unpacked(tmp_path / "work", [DEV.replace("dev@", "local@")], [])
    (folder / "bin").mkdir()
    for place in (folder, folder / "bin"):
        (place / "creds").symlink_to(machine.bait)
    words = (
        ["doctor", "local"],
        ["env", "local"],
        ["clone", "R", "x", "--profile", "local", "--print-url"],
        ["login", "local"],
    )
    said, begun = machine.go_through([folder], words)
    assert machine.strangers(begun) == [], said
    assert "process.missing" in said


@needs_strace
def test_gits_helpers_start_nothing_of_the_clone_they_work_in(machine: Machine, tmp_path: Path) -> None:
    with (machine.home / ".aws" / "config").open("a") as file:
        file.write(f"[profile local]\nregion = {REGION}\ncredential_process = creds\n")
        file.write(
            f"[profile by-local]\nregion = {REGION}\nrole_arn = {role_arn('CodeCommitAccess')}\nsource_profile = local\n"
        )
        file.write(f"[profile by-aws]\nregion = {REGION}\nlogin_session = arn:aws:iam::111122223333:user/maria\n")
    folder = machine.unpacked(tmp_path / "work", [DEV], [])
    (folder / "creds").symlink_to(machine.bait)
    helper = machine.ours / "git-remote-codecommit"
    env = {**machine.env, "PATH": os.pathsep.join((".", "", "bin", *machine.env["PATH"].split(os.pathsep)))}
    for profile in ("local", "by-local", "by-aws", "dev"):
        command = [str(helper), "origin", f"us-east-2://{profile}@MySharedDemoRepo"]
        _, begun = traced(command, env, folder, machine.trace)
        assert not [it for it in begun if str(tmp_path / "work") in it.program or it.program.startswith((".", "bin"))]
        assert machine.marks == "", profile


def test_a_helper_beside_a_relative_program_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ccsetup.git.repository import Git

    for name in ("git-credential-ccsetup", "git-remote-codecommit"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["ccsetup"])
    assert not Git.own_helper().startswith(str(tmp_path))
    assert not Git({"PATH": ".:"}, tmp_path).command("git-credential-ccsetup").startswith(str(tmp_path))


@needs_strace
def test_a_clone_made_in_a_hostile_folder_uses_nothing_of_it(machine: Machine, tmp_path: Path) -> None:
    """Only the new clone's own settings count; `GIT_DIR` and its like are not followed either."""
    calm = [it for it in hostile.NAMING if not it.startswith(("extensions.", "http."))]
    folder = machine.unpacked(tmp_path / "work", [DEV], calm)
    machine.env |= {"GIT_DIR": str(folder / ".git"), "GIT_WORK_TREE": str(folder), "GIT_INDEX_FILE": str(folder / "i")}
    words = ["clone", "MySharedDemoRepo", "--profile", "dev", "--yes", "--json"]
    said, begun = machine.go_through([folder], [words, ["doctor", "dev"]])
    assert machine.strangers(begun) == [], said
    assert machine.marks == ""
    assert '"ok": true' in said
    assert (folder / "MySharedDemoRepo" / ".git").is_dir()
