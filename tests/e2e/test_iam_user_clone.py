"""ccsetup clone with what an IAM user has: Git credentials and an SSH key, with real git, and with ssh's own settings."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import CleanEnv
from terminal import Terminal, program
from test_clone import commands, pulls_and_pushes, script  # noqa: F401

from ccsetup.sandbox import Sandbox, policy_engine
from ccsetup.sandbox.demo_data import CODE, REGION

pytestmark = pytest.mark.slow

KEY_ID = "APKAEIBAERJR2EXAMPLE"
HOST = f"git-codecommit.{REGION}.amazonaws.com"
NAME = "MySharedDemoRepo"
SSH_URL = f"ssh://{HOST}/v1/repos/{NAME}"

# ssh as CodeCommit answers it: its settings are those that the real ssh reads in ~/.ssh/config; the user must be the ID
# of the uploaded key, the key must be that one, and only git's two commands on a repository of the account are served.
SSH = """\
#!/bin/sh
test "$1" = -G && exec {ssh} -F "$HOME/.ssh/config" "$@"
test -f "$HOME/.ssh/known" || {{ echo "Host key verification failed." >&2; exit 255; }}
while case "$1" in -o|-p) true;; *) false;; esac; do shift 2; done
{ssh} -F "$HOME/.ssh/config" -G -- "$1" >"$HOME/asked"
user=$(sed -n 's/^user //p' "$HOME/asked"); key=$(sed -n 's/^identityfile //p' "$HOME/asked" | head -n 1)
case "$key" in "~/"*) key="$HOME/${{key#"~/"}}";; esac
if test "$user" != {key_id} || ! cmp -s "$key.pub" "{uploaded}"; then
    echo "$1: Permission denied (publickey)." >&2; exit 255
fi
case "$2" in
    "git-upload-pack '/v1/repos/{name}'") exec git-upload-pack "{repository}";;
    "git-receive-pack '/v1/repos/{name}'") exec git-receive-pack "{repository}";;
esac
echo "unknown command: $2" >&2; exit 1
"""


@dataclass(frozen=True)
class Maria:
    """An IAM user with a home and a work folder; her Git credentials, and her key in ~/.ssh."""

    env: dict[str, str]
    home: Path
    work: Path
    user: str
    password: str

    def clone(self, *words: str, given: str = "", code: int = 0, **more: str) -> tuple[dict[str, Any], str]:
        argv = [program(), "clone", *words, "--no-input", "--json"]
        done = subprocess.run(
            argv, env={**self.env, **more}, cwd=self.work, input=given, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr and self.password not in done.stderr + done.stdout
        return json.loads(done.stdout), " ".join(done.stderr.split())

    def git(self, place: str, *words: str, **more: str) -> str:
        argv = ["git", "-C", str(self.work / place), *words]
        done = subprocess.run(argv, env={**self.env, **more}, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def doctor(self, place: str = NAME) -> list[dict[str, Any]]:
        argv = [program(), "doctor", "--json"]
        done = subprocess.run(argv, env=self.env, cwd=self.work / place, capture_output=True, text=True, check=False)
        return json.loads(done.stdout)["findings"]  # type: ignore[no-any-return]


@pytest.fixture
def maria(
    sandbox: Sandbox,
    clean_env: CleanEnv,
    tmp_path: Path,
    commands: Path,  # noqa: F811
    request: pytest.FixtureRequest,
) -> Iterator[Maria]:
    home, work = tmp_path / "home", tmp_path / "work"
    work.mkdir()
    allowed = policy_engine.allow("codecommit:GitPull", "codecommit:GitPush")
    user, password = sandbox.state.add_git_credentials(sandbox.state.add_user(CODE, "maria", allowed).arn)
    env = clean_env(home, sandbox.environment(), path=[commands], AWS_REGION=REGION)
    (home / ".gitconfig").write_text(
        "[user]\nname = Maria\nemail = maria@acme.example\n[init]\ndefaultBranch = main\n[credential]\nhelper = store\n"
    )
    keys = home / ".ssh"
    keys.mkdir(mode=0o700)
    ssh = shutil.which("ssh")
    if ssh and shutil.which("ssh-keygen"):
        make = ["ssh-keygen", "-q", "-N", "", "-C", "maria"]
        subprocess.run([*make, "-t", "rsa", "-b", "2048", "-f", keys / "codecommit_rsa"], check=True)
        subprocess.run([*make, "-t", "ed25519", "-f", keys / "id_ed25519"], check=True)
        shutil.copy(keys / "codecommit_rsa.pub", tmp_path / "uploaded.pub")
        (keys / "known").touch()
        (keys / "config").touch()
        repository = next(it for it in sandbox.state.repositories.values() if it.name == NAME)
        served = sandbox._disk.path(repository)
        script(
            commands / "ssh",
            SSH.format(ssh=ssh, key_id=KEY_ID, uploaded=tmp_path / "uploaded.pub", name=NAME, repository=served),
        )
    elif "ssh" in request.node.name:
        pytest.skip("there is no OpenSSH here")
    yield Maria(env, home, work, user, password)


# Git credentials


def test_git_credentials_from_stdin_are_tested_stored_and_used(maria: Maria) -> None:
    document, said = maria.clone(
        NAME, "--via", "git-credentials", "--git-credentials", "-", "--yes",
        given=f"User Name,Password\n{maria.user},{maria.password}\n",
    )  # fmt: skip
    assert document["clone"]["via"] == "git-credentials"
    assert document["profile"] is None and document["repository"]["name"] == NAME
    assert "stored" in said and "git credential approve" in said
    stored = (maria.home / ".git-credentials").read_text()
    assert stored.startswith(f"https://{maria.user}:")
    assert maria.password not in (maria.work / NAME / ".git" / "config").read_text()
    pulls_and_pushes(maria, NAME)  # type: ignore[arg-type]
    assert not (maria.home / ".aws").exists()
    assert maria.doctor() == []
    (maria.work / "second").mkdir()
    document, said = maria.clone(NAME, "second", "--via", "git-credentials", "--yes")
    assert "from your git credential store" in said
    assert (maria.home / ".git-credentials").read_text() == stored


def test_wrong_git_credentials_are_not_stored_and_nothing_is_cloned(maria: Maria) -> None:
    document, said = maria.clone(
        NAME, "--via", "git-credentials", "--git-credentials", "-", "--yes", code=1,
        given=f"{maria.user} / {maria.password[::-1]}",
    )  # fmt: skip
    assert document["problems"][0]["code"] == "access.git"
    assert "rejected the Git credentials" in said and "Nothing was stored" in said
    assert not (maria.home / ".git-credentials").exists()
    assert not (maria.work / NAME).exists()


@pytest.mark.long
def test_without_a_store_the_clone_works_and_the_user_is_set(maria: Maria) -> None:
    maria.git(".", "config", "--global", "--unset", "credential.helper")
    _, said = maria.clone(
        NAME, "--via", "git-credentials", "--git-credentials", "-", "--yes",
        given=f"{maria.user},{maria.password}",
    )  # fmt: skip
    assert "wasn't stored" in said and "set credential.helper first" in said
    assert maria.user in (maria.work / NAME / ".git" / "config").read_text()
    assert maria.git(NAME, "log", "--oneline")
    [finding] = maria.doctor()
    assert (finding["code"], finding["severity"]) == ("git.remote", "note")
    assert maria.user in finding["says"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--via", "git-credentials"], "Missing: --git-credentials -"),
        (["--via", "git-credentials", "--profile", "x"], "--profile applies only to a clone with a profile"),
        (["--via", "git-credentials", "--ssh-key", "x"], "--ssh-key applies only to --via ssh"),
        (["--via", "git-credentials", "--git-credentials", "-"], "No Git credentials were found on stdin"),
        (["--git-credentials", "-"], "--git-credentials applies only to --via ssh or --via git-credentials"),
        (["--via", "ssh", "--region", "eu-west-1x", "--ssh-key-id", KEY_ID], "isn't a region"),
        (["--via", "ssh"], "Missing: --ssh-key-id and --ssh-key"),
        (["--via", "ssh", "--ssh-key-id", "AKIAIOSFODNN7EXAMPLE", "--ssh-key", "~/.ssh/x"], "not an SSH key ID"),
    ],
)  # fmt: skip
def test_what_is_missing_or_does_not_fit_over_ssh_or_https_is_refused(
    words: list[str], says: str, maria: Maria
) -> None:
    document, said = maria.clone(NAME, *words, "--yes", code=2)
    assert says in said
    assert document["problems"][0]["code"] in ("input.missing", "input.invalid")
    assert (maria.home / ".ssh" / "config").read_text() == ""


def test_in_a_terminal_the_password_is_hidden_and_stored_only_after_a_yes(maria: Maria) -> None:
    terminal = Terminal([program(), "clone", NAME, "--via", "git-credentials"], maria.env, maria.work)
    terminal.ask("Git user name")
    terminal.press(f"{maria.user}\r")
    terminal.ask("Git password")
    terminal.press(f"{maria.password}\r")
    terminal.ask("Store the password in your git credential store (store)?")
    terminal.press("\x1b[B\r")
    assert terminal.exit_code() == 0, terminal.text()
    assert maria.password.encode() not in terminal.raw
    assert "wasn't stored" in terminal.text()
    assert (maria.work / NAME / ".git").is_dir()
    assert not (maria.home / ".git-credentials").exists()


# SSH


def by_ssh(*more: str) -> list[str]:
    return [SSH_URL, "--via", "ssh", "--ssh-key-id", KEY_ID, "--ssh-key", "~/.ssh/codecommit_rsa", *more]


@pytest.mark.long
def test_ssh_is_set_up_with_a_backup_and_git_works_afterwards(maria: Maria) -> None:
    config = maria.home / ".ssh" / "config"
    config.write_text("# mine\nHost *\n  User maria\n")
    document, said = maria.clone(*by_ssh("--yes"))
    assert document["clone"]["via"] == "ssh" and document["clone"]["url"] == SSH_URL
    [edit] = document["edits"]
    assert edit["set"] == {"User": KEY_ID, "IdentityFile": "~/.ssh/codecommit_rsa"}
    assert edit["section"] == "Host git-codecommit.*.amazonaws.com"
    assert "wrote ~/.ssh/config" in said
    assert config.read_text() == (
        f"Host git-codecommit.*.amazonaws.com\n  User {KEY_ID}\n  IdentityFile ~/.ssh/codecommit_rsa\n\n"
        "# mine\nHost *\n  User maria\n"
    )
    pulls_and_pushes(maria, NAME)  # type: ignore[arg-type]
    assert [(it["code"], it["severity"]) for it in maria.doctor()] == []
    _, said = maria.clone(SSH_URL, "again", "--via", "ssh", "--yes")
    assert f"ssh already uses the SSH key ID {KEY_ID}" in said
    done = subprocess.run([program(), "undo", "--yes"], env=maria.env, capture_output=True, text=True, check=True)
    assert "restored" in done.stderr
    assert config.read_text() == "# mine\nHost *\n  User maria\n"
    [finding] = maria.doctor()
    assert (finding["code"], finding["severity"]) == ("git.ssh", "stops")
    assert "maria" in finding["says"] and "--via ssh" in finding["do"]


@pytest.mark.parametrize(
    ("variable", "kind"), [("AWS_USE_FIPS_ENDPOINT", "FIPS"), ("AWS_USE_DUALSTACK_ENDPOINT", "dual-stack")]
)
def test_over_ssh_git_is_said_not_to_use_the_endpoints_of_a_variable(variable: str, kind: str, maria: Maria) -> None:
    document, said = maria.clone(*by_ssh("--yes"), **{variable: "true"})
    assert f"AWS has no {kind} host for git over SSH in us-east-2, so git uses {HOST}." in said
    assert document["clone"]["url"] == SSH_URL


@pytest.mark.parametrize("why", ["another key", "unknown host"])
def test_ssh_that_is_refused_is_put_back_byte_for_byte(why: str, maria: Maria) -> None:
    config = maria.home / ".ssh" / "config"
    config.write_text("Host x\r\n")
    if why == "unknown host":
        (maria.home / ".ssh" / "known").unlink()
    else:
        (maria.home / ".ssh" / "codecommit_rsa.pub").write_text("ssh-rsa AAAAother maria\n")
    document, said = maria.clone(*by_ssh("--yes"), code=1)
    assert document["problems"][0]["code"] == "git.ssh"
    assert ("ssh git-codecommit" in said) == (why == "unknown host")
    assert config.read_bytes() == b"Host x\r\n"
    assert not (maria.work / NAME).exists()


@pytest.mark.parametrize("key", ["id_ed25519", "nothing", "open"])
def test_a_key_that_ssh_or_codecommit_would_refuse_is_refused(key: str, maria: Maria) -> None:
    says = {"id_ed25519": "accepts only RSA keys", "nothing": "There's no private key", "open": "chmod 600"}
    (maria.home / ".ssh" / "open").touch(mode=0o644)
    os.chmod(maria.home / ".ssh" / "open", 0o644)
    words = [SSH_URL, "--via", "ssh", "--ssh-key-id", KEY_ID, "--ssh-key", f"~/.ssh/{key}", "--yes"]
    assert says[key] in maria.clone(*words, code=2)[1]
    assert (maria.home / ".ssh" / "config").read_text() == ""


def test_a_dry_run_over_ssh_shows_the_block_and_writes_nothing(maria: Maria) -> None:
    _, said = maria.clone(*by_ssh("--dry-run"))
    assert f"+ User {KEY_ID}" in said
    assert (maria.home / ".ssh" / "config").read_text() == ""
    assert not (maria.work / NAME).exists()


@pytest.mark.long
def test_in_a_terminal_ssh_is_written_only_after_a_yes(maria: Maria) -> None:
    def asked(answer: str) -> Terminal:
        terminal = Terminal([program(), "clone", SSH_URL, "--via", "ssh"], maria.env, maria.work)
        terminal.ask("SSH key ID")
        terminal.press(f"{KEY_ID}\r")
        terminal.ask("Private key file")
        terminal.press("\r")  # the only RSA key
        terminal.ask("Write these changes?")
        terminal.press(answer)
        return terminal

    terminal = asked("\x1b[B\r")
    assert terminal.exit_code() == 130
    assert (maria.home / ".ssh" / "config").read_text() == ""
    terminal = asked("\r")
    assert terminal.exit_code() == 0, terminal.text()
    assert "IdentityFile ~/.ssh/codecommit_rsa" in (maria.home / ".ssh" / "config").read_text()
    assert (maria.work / NAME / ".git").is_dir()


def test_the_private_key_is_never_read_for_ssh(maria: Maria) -> None:
    if not shutil.which("strace"):
        key = maria.home / ".ssh" / "codecommit_rsa"
        before = key.stat().st_atime_ns
        os.utime(key, ns=(before - 10**12, before))
        marked = key.stat().st_atime_ns
        maria.clone(*by_ssh("--yes"))
        assert key.stat().st_atime_ns == marked
