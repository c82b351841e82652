"""Programs that a clone's configuration names: told by their setting and file; ordinary clones have none."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from patients import facts

from ccsetup.doctor.checks.programs import named
from ccsetup.doctor.facts import Clone
from ccsetup.git.config import Brought

FOLDER = Path("/home/maria/work/repo")
OURS = "/home/maria/.local/bin/git-credential-ccsetup"
TOLD = [
    ("core.sshcommand", "sh -c 'curl x | sh'", "hinders"),
    ("core.sshcommand", "./ssh", "hinders"),
    ("core.sshcommand", "ssh -o ProxyCommand=x", "hinders"),
    ("core.sshcommand", "ssh -i ~/.ssh/id; x", "hinders"),
    ("core.fsmonitor", "./watch", "hinders"),
    ("core.gitproxy", "x", "hinders"),
    ("core.askpass", "x", "hinders"),
    ("core.alternaterefscommand", "x", "hinders"),
    ("credential.helper", "!x", "hinders"),
    ("credential.helper", "x; y", "hinders"),
    ("credential.helper", "$(x)", "hinders"),
    ("credential.helper", "../x", "hinders"),
    ("credential.helper", f"{FOLDER}/git-credential-ccsetup --profile dev", "hinders"),
    ("credential.helper", f"!'{FOLDER}/tools/aws' codecommit credential-helper $@", "hinders"),
    ("credential.helper", "!./git-credential-ccsetup --profile dev", "hinders"),
    ("credential.helper", f"{OURS} --profile dev; x", "hinders"),
    ("credential.helper", f"{OURS} --profile `x`", "hinders"),
    ("credential.helper", "!aws codecommit credential-helper $@ | x", "hinders"),
    ("credential.https://example.com.helper", "!x", "hinders"),
    ("remote.origin.uploadpack", "x", "hinders"),
    ("remote.origin.receivepack", "x", "hinders"),
    ("remote.origin.vcs", "x", "hinders"),
    ("remote.a.b.vcs", "x", "hinders"),
    ("remote.origin.url", "ext::x", "hinders"),
    ("remote.origin.pushurl", "ext::x", "hinders"),
    ("url.ext::x .insteadof", "codecommit::", "hinders"),
    ("url.ext::x .pushinsteadof", "https:", "hinders"),
    ("core.pager", "x", "note"),
    ("core.editor", "x", "note"),
    ("sequence.editor", "x", "note"),
    ("pager.log", "x", "note"),
    ("interactive.difffilter", "x", "note"),
    ("diff.external", "x", "note"),
    ("diff.x.textconv", "x", "note"),
    ("merge.x.driver", "x", "note"),
    ("filter.x.smudge", "touch x", "note"),
    ("filter.lfs.smudge", "git-lfs smudge -- %f; x", "note"),
    ("filter.lfs.process", f"{FOLDER}/git-lfs filter-process", "note"),
    ("gpg.program", "x", "note"),
    ("gpg.ssh.program", "x", "note"),
    ("alias.st", "!x", "note"),
    ("submodule.x.update", "!x", "note"),
    ("trailer.x.command", "x", "note"),
]  # fmt: skip
ORDINARY = [
    ("core.sshcommand", "ssh -i ~/.ssh/id_work -o IdentitiesOnly=yes"),
    ("core.fsmonitor", "true"),
    ("core.fsmonitor", ".git/hooks/fsmonitor-watchman"),
    ("core.hookspath", ".husky/_"),
    ("core.pager", ""),
    ("pager.log", "false"),
    ("alias.st", "status -sb"),
    ("credential.helper", ""),
    ("credential.helper", "osxkeychain"),
    ("credential.helper", "cache --timeout=900"),
    ("credential.helper", f"{OURS} --profile dev"),
    ("credential.helper", f"{OURS} --profile 'my dev' --region eu-west-1"),
    ("credential.helper", r"/home/maria/my\ tools/git-credential-ccsetup --profile dev"),
    ("credential.helper", "C:/Program\\ Files/cc/git-credential-ccsetup.exe --profile dev"),
    ("credential.helper", "!aws codecommit credential-helper $@"),
    ("credential.helper", '!aws codecommit credential-helper --profile dev "$@"'),
    ("credential.helper", "!aws --profile dev --region us-east-1 codecommit credential-helper $@"),
    ("credential.helper", '!f() { test "$1" != get || aws --region us-east-1 codecommit credential-helper --profile dev get --ignore-host-check; }; f'),
    ("credential.helper", "/usr/lib/git-core/git-credential-libsecret"),
    ("credential.https://github.com.helper", "!/usr/bin/gh auth git-credential"),
    ("filter.lfs.clean", "git-lfs clean -- %f"),
    ("filter.lfs.process", "git-lfs filter-process"),
    ("filter.lfs.required", "true"),
    ("filter.git-crypt.smudge", '"/usr/bin/git-crypt" smudge'),
    ("diff.git-crypt.textconv", '"/usr/bin/git-crypt" diff'),
    ("remote.origin.url", "codecommit::us-east-1://dev@MyRepo"),
    ("url.git@github.com:.insteadof", "https://github.com/"),
    ("submodule.x.update", "rebase"),
    ("user.name", "!Maria"),
]  # fmt: skip


def findings(*settings: tuple[str, str]):
    brought = tuple(Brought(key, value, str(FOLDER / ".git" / "config")) for key, value in settings)
    return [*named(facts(clone=Clone(FOLDER, "", brought=brought)))]


@pytest.mark.parametrize(("key", "value", "severity"), TOLD)
def test_a_setting_that_names_a_program_is_told(key, value, severity):
    (found,) = findings((key, value))
    assert (found.code, found.severity, found.fix, found.profile) == ("git.program", severity, "tell", "")
    assert key in found.says
    assert found.path == FOLDER / ".git" / "config"


@pytest.mark.parametrize(("key", "value"), ORDINARY)
def test_what_ordinary_clones_have_is_not_told(key, value):
    assert findings((key, value)) == []


def test_a_setting_is_told_once_and_its_value_not_at_all():
    secret = "!f() { echo password=hush; }; f"
    (found,) = findings(("credential.helper", secret), ("credential.helper", secret))
    assert "hush" not in str(found)


def test_no_clone_is_no_finding():
    assert [*named(facts())] == []


def test_what_is_told_to_run_shows_the_setting(tmp_path):
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    key = 'url.ext::sh -c "x" .insteadof'
    subprocess.run(["git", "-C", str(tmp_path), "config", key, "a:"], check=True)
    (found,) = findings((key, "a:"))
    shown = subprocess.run(
        found.do.split(": ", 1)[1], shell=True, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert shown.stdout == "a:\n"
