"""The files for many machines: each is what its tool reads, and what it runs ends in a clone."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from conftest import CleanEnv
from paths import ROOT

from ccsetup.sandbox import Sandbox
from ccsetup.sandbox.demo_data import CODE, PEOPLE, role_arn

pytestmark = pytest.mark.slow

FLEET = ROOT / "examples" / "fleet"
PROGRAMS = Path(sys.executable).parent
PROJECT = "repo:acme/app:ref:refs/heads/main"  # whom GitHub says the job is of
ABSENT = {"pip": "", "pipx": "", "sudo": 'shift 2; exec "$@"'}  # what only the real machine has or may do


def text(name: str) -> str:
    return (FLEET / name).read_text(encoding="utf-8")


def read(name: str) -> Any:
    return yaml.safe_load(text(name))


@dataclass
class Machine:
    """A machine of the fleet: its environment, and the folder that its commands begin in."""

    work: Path
    env: dict[str, str]

    def run(self, *words: str) -> str:
        """Run a command that has to succeed; return its stdout."""
        done = subprocess.run(words, env=self.env, cwd=self.work, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def sh(self, *lines: str) -> dict[str, Any]:
        """Run lines of shell as a job does, which stops at the first that fails; return what ccsetup told as JSON."""
        told = self.run("bash", "-e", "-c", "\n".join(lines))
        found: dict[str, Any] = json.JSONDecoder().raw_decode(told[told.index("{") :])[0]
        return found

    def pulls(self, name: str) -> bool:
        """Say whether git goes on working in a clone."""
        return "up to date" in self.run("git", "-C", str(self.work / name), "pull")


@pytest.fixture
def machine(sandbox: Sandbox, clean_env: CleanEnv, tmp_path: Path) -> Machine:
    """A machine with git, ccsetup and the role BuildMachine, where nothing is set up yet."""
    stubs, work = tmp_path / "stubs", tmp_path / "work"
    stubs.mkdir()
    work.mkdir()
    for name, body in ABSENT.items():
        (stubs / name).write_text(f"#!/bin/sh\n{body}\n")
        (stubs / name).chmod(0o755)
    sandbox.state.attach(role_arn("BuildMachine", PEOPLE))
    return Machine(work, clean_env(tmp_path / "home", sandbox.environment(), path=[stubs, PROGRAMS]))


def shared(machine: Machine, sandbox: Sandbox, name: str) -> str:
    """Make the role as the command at the head of a job's file has it; return the subject that it trusts."""
    command = re.search(r"^#   (ccsetup share .*)\\\n#(.*)$", text(name), re.MULTILINE)
    assert command
    words = shlex.split(command[1] + command[2])
    told = dict(zip(words[3::2], words[4::2], strict=True))
    machine.run(*words, "--out", "share", "--yes")
    trust, may = (
        json.loads((machine.work / f"share/account-a-{it}.json").read_text()) for it in ("trust", "permissions")
    )
    sandbox.state.add_provider(CODE, told["--trust"].replace("oidc:", "https://"), "sts.amazonaws.com")
    sandbox.state.add_role(CODE, told["--role-name"], trust, may)
    return told["--subject"]


@pytest.fixture
def github(sandbox: Sandbox) -> Iterator[str]:
    """The address at which GitHub gives a job its token."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = parse_qs(urlsplit(self.path).query)
            allowed = self.headers["Authorization"] == "Bearer the-jobs-own" and asked["api-version"] == ["2.0"]
            token = sandbox.state.web_identity_token(
                "https://token.actions.githubusercontent.com", asked["audience"][0], PROJECT
            )
            self.send_response(200 if allowed else 401)
            self.end_headers()
            self.wfile.write(json.dumps({"count": 1, "value": token} if allowed else {}).encode())

        def log_message(self, *args: Any) -> None:
            """Keep the test's output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/token?api-version=2.0"
        server.shutdown()


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("jq")), reason="GitHub's machines have curl and jq")
def test_a_github_job_clones_with_the_token_it_is_given(
    machine: Machine, sandbox: Sandbox, github: str, tmp_path: Path
) -> None:
    assert shared(machine, sandbox, "github-actions.yml") == PROJECT
    job = {"ACTIONS_ID_TOKEN_REQUEST_URL": github, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "the-jobs-own"}
    machine.env |= {**job, "RUNNER_TEMP": str(tmp_path), "GITHUB_RUN_ID": "4711"}
    told = machine.sh(*(step["run"] for step in read("github-actions.yml")["jobs"]["clone"]["steps"]))
    assert told["identity"]["arn"] == f"arn:aws:sts::{CODE}:assumed-role/CodeCommitGitHub/github-4711"
    assert machine.pulls("MySharedDemoRepo")


@pytest.mark.long
def test_a_gitlab_job_clones_with_the_token_it_is_given(machine: Machine, sandbox: Sandbox) -> None:
    subject = shared(machine, sandbox, "gitlab-ci.yml")
    job = read("gitlab-ci.yml")["clone"]
    for name, wanted in job["id_tokens"].items():
        machine.env[name] = sandbox.state.web_identity_token("https://gitlab.com", wanted["aud"], subject)
    machine.env["CI_JOB_ID"] = "4711"
    told = machine.sh(*job["script"])
    assert told["identity"]["arn"] == f"arn:aws:sts::{CODE}:assumed-role/CodeCommitGitLab/gitlab-4711"
    assert (Path(machine.env["HOME"]) / "token.jwt").stat().st_mode & 0o077 == 0
    assert machine.pulls("MySharedDemoRepo")


@pytest.mark.long
def test_codebuild_clones_from_another_account(machine: Machine, sandbox: Sandbox) -> None:
    machine.env |= {**sandbox.machine_environment(container=True), "AWS_REGION": "eu-west-1"}
    phases = read("buildspec.yml")["phases"]
    told = machine.sh(*(line for name in ("install", "build") for line in phases[name]["commands"]))
    assert told["identity"]["account_id"] == CODE
    assert machine.pulls("MySharedDemoRepo")


def test_a_container_clones_with_the_role_it_is_given(machine: Machine, sandbox: Sandbox) -> None:
    machine.env |= sandbox.machine_environment(container=True)
    started = re.search(r"^CMD (\[.*\])$", text("Dockerfile"), re.MULTILINE)
    assert started
    assert json.loads(machine.run(*json.loads(started[1])))["ok"]
    assert machine.pulls("people-tools")


@pytest.mark.long
def test_an_ec2_instance_clones_when_it_first_boots(machine: Machine, sandbox: Sandbox) -> None:
    assert text("cloud-init.yaml").startswith("#cloud-config\n")  # or cloud-init leaves it alone
    machine.env |= sandbox.machine_environment()
    assert machine.sh(*read("cloud-init.yaml")["runcmd"])["identity"]["account_id"] == PEOPLE
    assert machine.pulls("people-tools")


@pytest.mark.long
@pytest.mark.skipif(os.name == "nt", reason="Ansible does not run there")
def test_ansible_clones_once_and_then_reports_no_change(machine: Machine, sandbox: Sandbox) -> None:
    machine.env |= sandbox.machine_environment() | {"ANSIBLE_NOCOLOR": "1", "LC_ALL": "C.UTF-8"}
    here = ("-i", "localhost,", "-c", "local", "-e", f"ansible_python_interpreter={sys.executable}")
    play = (str(PROGRAMS / "ansible-playbook"), *here, str(FLEET / "ansible.yml"))
    told = [machine.run(*play, "--start-at-task", "Set up access and clone") for _ in range(2)]
    assert [re.findall(r"ok=(\d+) +changed=(\d+) .*failed=(\d+)", it) for it in told] == [
        [("2", "1", "0")],
        [("2", "0", "0")],
    ]
    assert (Path(machine.env["HOME"]) / "MySharedDemoRepo" / ".git").is_dir()


@pytest.mark.long
def test_a_dev_container_signs_in_and_leaves_the_clone_that_is_open(machine: Machine, sandbox: Sandbox) -> None:
    sandbox.state.center.auto_approve, sandbox.state.center.interval_s = True, 1
    settings = json.loads(re.sub(r"^\s*//.*", "", text("devcontainer.json"), flags=re.MULTILINE))
    told = machine.sh(settings["onCreateCommand"], settings["postCreateCommand"])
    assert (told["ok"], told["clone"], list(machine.work.iterdir())) == (True, None, [])
    profile = re.search(r"codecommit::us-east-2://([\w-]+)@MySharedDemoRepo", text("devcontainer.json"))
    assert profile
    machine.run("git", "ls-remote", profile[0])


def test_a_dev_container_feature_installs_what_its_option_names(machine: Machine, tmp_path: Path) -> None:
    folder = FLEET / "devcontainer-feature"
    feature = json.loads((folder / "devcontainer-feature.json").read_text(encoding="utf-8"))
    assert {"id", "version", "name"} <= feature.keys()
    (option,) = feature["options"]
    pipx = tmp_path / "stubs" / "pipx"
    pipx.write_text('#!/bin/sh\necho "$PIPX_HOME $PIPX_BIN_DIR $*"\n')
    machine.env[option.upper()] = "ccsetup==0.1.0"  # as the tools that build containers pass an option
    assert os.access(folder / "install.sh", os.X_OK)
    assert machine.run(str(folder / "install.sh")) == "/opt/pipx /usr/local/bin install ccsetup==0.1.0\n"
    del machine.env[option.upper()]
    assert machine.run(str(folder / "install.sh")).endswith(f" install {feature['options'][option]['default']}\n")


def test_each_example_says_whether_it_was_run() -> None:
    rows = re.findall(r"^\| \[(.+?)\]\(\1\).*\| ([^|]+) \|$", text("README.md"), re.MULTILINE)
    assert len(rows) == len([*FLEET.iterdir()]) - 1
    for name, told in rows:
        assert ("test" in told) != (told == "no")
        if told == "no":
            assert "No part of this page was run" in text(name)
        else:
            assert f'"{name}"' in Path(__file__).read_text(encoding="utf-8")  # by a test above


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        (FLEET / "github-actions.yml", "vendor.github-workflows"),
        (FLEET / "gitlab-ci.yml", "vendor.gitlab-ci"),
        (ROOT / ".github/workflows/tests.yml", "vendor.github-workflows"),
        (ROOT / ".github/workflows/release.yml", "vendor.github-workflows"),
    ],
    ids=lambda it: it.name if isinstance(it, Path) else it,
)
def test_a_job_is_what_its_service_reads(path: Path, schema: str) -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema]
    done = subprocess.run([*check, path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(not (PROGRAMS / "shellcheck").exists(), reason="shellcheck has no wheel for this machine")
def test_the_shell_in_the_files_pleases_shellcheck() -> None:
    steps = [step["run"] for step in read("github-actions.yml")["jobs"]["clone"]["steps"]]
    phases = read("buildspec.yml")["phases"].values()
    spec = [line for phase in phases for line in phase["commands"]]
    for lines in (steps, read("gitlab-ci.yml")["clone"]["script"], spec, read("cloud-init.yaml")["runcmd"]):
        script = "#!/bin/bash -e\n" + "\n".join(lines) + "\n"
        done = subprocess.run([PROGRAMS / "shellcheck", "-"], input=script, capture_output=True, text=True, check=False)
        assert done.stdout == ""
    script = FLEET / "devcontainer-feature" / "install.sh"
    assert subprocess.run([PROGRAMS / "shellcheck", script], capture_output=True, text=True, check=False).stdout == ""


@pytest.mark.skipif(not (PROGRAMS / "hadolint").exists(), reason="hadolint has no wheel for this machine")
def test_the_image_pleases_hadolint() -> None:
    done = subprocess.run([PROGRAMS / "hadolint", FLEET / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_every_file_is_in_the_table() -> None:
    told = set(re.findall(r"^\| \[(.+?)\]\(\1\)", text("README.md"), re.MULTILINE))
    assert told | {"README.md"} == {path.name for path in FLEET.iterdir()}
