"""The shell's variables, git on this machine and in this clone: what beats a profile, and what keeps git from it."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from ccsetup.awsfiles.store import Files
from ccsetup.core.installation import how_to_install
from ccsetup.core.model import Plan
from ccsetup.doctor import repair
from ccsetup.doctor.checks import git
from ccsetup.doctor.checks.git import effective, signing
from ccsetup.doctor.facts import Facts
from ccsetup.doctor.findings import Remedy
from ccsetup.doctor.gather import clone_at
from ccsetup.git.repository import Git
from tests.patients import BASE, ID, NOW, SECRET, TEMPORARY, TOKEN, facts, found, looked

ROLE = "[profile dev]\nrole_arn = arn:aws:iam::111122223333:role/X\nsource_profile = default\nregion = us-east-1\n"
PAIR = {"AWS_ACCESS_KEY_ID": ID, "AWS_SECRET_ACCESS_KEY": SECRET}
BOTH = "AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY"
VARIABLES = [
    ("env.overrides", "hinders", PAIR, BOTH),
    ("env.overrides", "hinders", {**PAIR, "AWS_SESSION_TOKEN": TOKEN}, f"{BOTH} AWS_SESSION_TOKEN"),
    ("env.overrides", "hinders", {**PAIR, "AWS_PROFILE": "dev"}, BOTH),
    ("env.overrides", "hinders", {"AWS_ROLE_ARN": "arn:x", "AWS_WEB_IDENTITY_TOKEN_FILE": "/t"}, "AWS_ROLE_ARN AWS_WEB_IDENTITY_TOKEN_FILE"),
    ("env.overrides", "hinders", {"AWS_PROFILE": "dev", "AWS_DEFAULT_PROFILE": "default"}, "AWS_DEFAULT_PROFILE"),
    ("env.overrides", "hinders", {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "eu-west-1"}, "AWS_DEFAULT_REGION"),
    ("env.overrides", "hinders", {"AWS_PROFILE": "dev", "AWS_DEFAULT_REGION": "eu-west-1"}, "AWS_DEFAULT_REGION"),
    ("env.overrides", "stops", {"AWS_CONFIG_FILE": ""}, "AWS_CONFIG_FILE"),
    ("env.overrides", "stops", {"AWS_SHARED_CREDENTIALS_FILE": ""}, "AWS_SHARED_CREDENTIALS_FILE"),
    ("env.overrides", "stops", {"AWS_CA_BUNDLE": "", "REQUESTS_CA_BUNDLE": ""}, "AWS_CA_BUNDLE"),
    ("env.overrides", "stops", {"REQUESTS_CA_BUNDLE": " "}, "REQUESTS_CA_BUNDLE"),
    ("env.partial", "stops", {"AWS_ACCESS_KEY_ID": ID}, "AWS_ACCESS_KEY_ID"),
    ("env.partial", "stops", {"AWS_ACCESS_KEY_ID": ID, "AWS_SECRET_ACCESS_KEY": ""}, "AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY"),
    ("env.partial", "stops", {"AWS_ACCESS_KEY_ID": ID, "AWS_SESSION_TOKEN": TOKEN}, "AWS_ACCESS_KEY_ID AWS_SESSION_TOKEN"),
    ("env.partial", "hinders", {"AWS_SECRET_ACCESS_KEY": SECRET}, "AWS_SECRET_ACCESS_KEY"),
    ("env.partial", "hinders", {"AWS_SESSION_TOKEN": TOKEN}, "AWS_SESSION_TOKEN"),
    ("env.partial", "stops", {**PAIR, "AWS_ACCESS_KEY_ID": TEMPORARY}, BOTH),
    ("env.profile", "stops", {"AWS_PROFILE": ""}, "AWS_PROFILE"),
    ("env.profile", "stops", {"AWS_DEFAULT_PROFILE": ""}, "AWS_DEFAULT_PROFILE"),
    ("env.profile", "stops", {"AWS_DEFAULT_PROFILE": "", "AWS_PROFILE": "dev"}, "AWS_DEFAULT_PROFILE"),
    ("env.profile", "hinders", {"AWS_DEFAULT_PROFILE": "dev", "AWS_PROFILE": " "}, "AWS_PROFILE"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "severity", "env", "names"), VARIABLES)
def test_a_variable_that_beats_a_profile_is_told_with_what_unsets_it(code, severity, env, names):
    (finding,) = found(facts(ROLE, BASE, env=env), code)
    assert (finding.severity, finding.fix, finding.do) == (severity, "tell", f"unset {names}")


@pytest.mark.parametrize(("shell", "do"), [
    ("bash", "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY"),
    ("zsh", "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY"),
    ("fish", "set -e AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY"),
    ("powershell", "Remove-Item Env:AWS_ACCESS_KEY_ID -ErrorAction SilentlyContinue; Remove-Item Env:AWS_SECRET_ACCESS_KEY -ErrorAction SilentlyContinue"),
    ("cmd", 'set "AWS_ACCESS_KEY_ID=" & set "AWS_SECRET_ACCESS_KEY="'),
    ("nu", "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY"),
])  # fmt: skip
def test_each_shell_is_told_in_its_own_words(shell, do):
    (finding,) = found(facts(ROLE, BASE, env=PAIR, shell=shell), "env")
    assert finding.do == do


@pytest.mark.parametrize("env", [
    {},
    {"AWS_PROFILE": "dev"},
    {"AWS_DEFAULT_PROFILE": "dev", "AWS_PROFILE": "dev"},
    {"AWS_REGION": "us-east-1"},
    {"AWS_DEFAULT_REGION": "us-east-1", "AWS_PROFILE": "dev"},
    {"AWS_PAGER": "", "AWS_DEFAULT_OUTPUT": "json"},
    {"AWS_CONFIG_FILE": "/home/maria/.aws/config"},
    {"AWS_EC2_METADATA_DISABLED": "true", "AWS_SDK_LOAD_CONFIG": "1"},
    {"AWS_CA_BUNDLE": "/etc/ssl/ca.pem", "AWS_RETRY_MODE": "standard"},
])  # fmt: skip
def test_a_sane_shell_is_not_accused(env):
    assert not looked(facts(ROLE, BASE, env=env))


@pytest.mark.parametrize("config", ["[DEFAULT]\nca_bundle =\n" + ROLE, ROLE + "ca_bundle =\n"])
def test_an_empty_setting_for_certificates_is_removed(config):
    there = facts(config, BASE)
    (finding,) = [it for it in found(there, "value.invalid") if "ca_bundle" in it.says]
    assert (finding.severity, finding.fix, finding.profile) == ("stops", "auto", "dev")
    (remedy,) = finding.remedies
    assert repair.of(there).plus([remedy]).facts.texts.config == config.replace("ca_bundle =\n", "")
    assert not found(facts(config, BASE, env={"AWS_CA_BUNDLE": "/etc/ssl/ca.pem"}), "value.invalid")


def test_a_variable_that_names_no_file_is_told():
    (finding,) = found(facts(ROLE, None, env={"AWS_SHARED_CREDENTIALS_FILE": "/nowhere"}), "env")
    assert (finding.code, finding.severity, finding.do) == (
        "env.overrides",
        "hinders",
        "unset AWS_SHARED_CREDENTIALS_FILE",
    )


def test_an_automation_with_keys_alone_is_not_accused():
    assert not looked(facts(None, None, env={**PAIR, "AWS_REGION": "us-east-1"}))


class Cloned:
    """A clone that real git made, with settings of its own and inherited ones, and what the doctor sees of it."""

    def __init__(self, folder: Path, remote: str, own: Sequence[str] = (), inherited: Sequence[str] = ()) -> None:
        self.home, self.folder = folder / "home", folder / "work" / "repo"
        self.folder.mkdir(parents=True)
        self.home.mkdir()
        self.env = {"PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(self.home)}
        self.git = Git(self.env, self.home)
        self.run("init", "-q")
        for words in ("user.name Maria", "user.email maria@example.com", *inherited):
            self.run("config", "--global", "--add", *words.split(" ", 1))
        for words in (f"remote.origin.url {remote}", *own):
            self.run("config", "--add", *words.split(" ", 1))

    def run(self, *words: str) -> str:
        return subprocess.run(
            ["git", *words], cwd=self.folder, env=self.env, check=True, capture_output=True, text=True
        ).stdout

    def facts(self, config: str = ROLE, credentials: str = BASE, **more: object) -> Facts:
        there = SimpleNamespace(git=self.git, env=more.get("env", {}))
        return facts(config, credentials, clone=clone_at(there, self.folder), **more)

    def mend(self, remedy: Remedy, **more: object) -> None:
        """Have it written as the doctor does, see that what was foreseen is there; undo it, and do it again."""
        before = (self.folder / ".git" / "config").read_bytes()
        clone = self.facts(**more).clone
        edit = self.git.resettled(self.folder, repair.resettled(clone, repair.with_settings(clone, [remedy])))
        files = Files({}, self.home, lambda: NOW)
        for _ in range(2):
            files.apply(Plan("", "", edits=(edit,)))
            (change,) = files.changes()
            files.take_back(change, change.edits)
            assert (self.folder / ".git" / "config").read_bytes() == before
        foreseen = repair.of(self.facts(**more)).plus([remedy]).facts.clone
        files.apply(Plan("", "", edits=(edit,)))
        now = self.facts(**more).clone
        assert (now.remote, effective(now), signing(now)) == (foreseen.remote, effective(foreseen), signing(foreseen))
        assert sorted(now.own) == sorted(foreseen.own)


@pytest.fixture
def cloned(tmp_path):
    """Make a clone."""
    return lambda *words, **more: Cloned(tmp_path, *words, **more)


GOOD_URL = "codecommit::us-east-1://dev@MyRepo"
HTTPS = "https://git-codecommit.us-east-1.amazonaws.com/v1/repos/MyRepo"
FIPS = HTTPS.replace("codecommit.", "codecommit-fips.")
VPC = HTTPS.replace("//git", "//vpce-0abc.git").replace("amazonaws", "vpce.amazonaws")
SSH = "ssh://git-codecommit.us-east-1.amazonaws.com/v1/repos/MyRepo"
OURS = "credential.helper !git-credential-ccsetup --profile dev"
PATHED = "credential.useHttpPath true"
REMOTES = [
    # as it is, severity, fix, as it is to be
    ("codecommit::us-east-1://Dev@MyRepo", "stops", "auto", GOOD_URL),
    ("codecommit::us-east-1://devv@MyRepo", "stops", "auto", GOOD_URL),
    ("codecommit::us-east-1://gone@MyRepo", "stops", "ask", "codecommit::us-east-1://dev@MyRepo"),
    ("codecommit::us-east-1a://dev@MyRepo", "stops", "auto", GOOD_URL),
    ("codecommit:us-east-1://dev@MyRepo", "stops", "auto", GOOD_URL),
    ("codecommit:::us-east-1://dev@MyRepo", "stops", "auto", GOOD_URL),
    ("codecommit::us-east-1://dev@MyRepo.git", "stops", "auto", GOOD_URL),
    ("codecommit::us-east-1//dev@MyRepo", "stops", "auto", GOOD_URL),
    ("codecommit::us-east-1:/dev@MyRepo.git", "stops", "auto", GOOD_URL),
    ("CodeCommit::us-east-1://dev@MyRepo", "stops", "auto", GOOD_URL),
    ("codecommit::US-EAST-1://dev@MyRepo", "stops", "auto", GOOD_URL),
    ("us-east-1://dev@MyRepo", "stops", "auto", GOOD_URL),
    ("codecommit::us-esat-1://dev@MyRepo", "stops", "ask", GOOD_URL),
    ("codecommit::ap-southeast-6://dev@MyRepo", "hinders", "ask", GOOD_URL),
    (f"{HTTPS}.git", "stops", "auto", HTTPS),
    (f"{FIPS}.git", "stops", "auto", FIPS),
    (HTTPS.replace("us-east-1", "us-east-1b"), "stops", "auto", HTTPS),
    (HTTPS.replace("https", "http"), "stops", "auto", HTTPS),
    (HTTPS.replace("https", "http").replace(".com", ".com:80"), "stops", "auto", HTTPS),
    (FIPS.replace("https", "http").replace(".com", ".com:80"), "stops", "auto", FIPS),
    (VPC.replace("https", "http").replace(".com", ".com:80"), "stops", "auto", VPC),
    (VPC.replace("https", "http"), "stops", "auto", VPC),
    (HTTPS, "hinders", "ask", GOOD_URL),
    (SSH, "note", "ask", GOOD_URL),
    (SSH.replace("//", "//APKAEIBAERJR2EXAMPLE@"), "note", "ask", GOOD_URL),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("remote", "severity", "fix", "right"), REMOTES)
def test_a_remote_is_moved_by_git_and_moved_back(cloned, remote, severity, fix, right):
    here = cloned(remote, (OURS, PATHED) if fix == "auto" else ())
    (finding,) = found(here.facts(), "git.")
    assert (finding.code, finding.severity, finding.fix) == ("git.remote", severity, fix)
    assert finding.path == here.folder / ".git" / "config"
    assert right in finding.do
    here.mend(finding.remedies[0])
    assert here.run("config", "remote.origin.url").strip() == right
    assert not found(here.facts(), "git.")
    assert not [it for it in looked(here.facts()) if it.severity == "stops"]


def test_a_remote_is_mended_to_the_fips_host_that_the_profile_wants(cloned):
    here = cloned(f"{HTTPS}.git", (OURS, PATHED))
    (finding,) = found(here.facts(f"{ROLE}use_fips_endpoint = true\n"), "git.")
    assert FIPS in finding.do
    (finding,) = found(here.facts(env={"AWS_USE_FIPS_ENDPOINT": "true"}), "git.")
    assert FIPS in finding.do


@pytest.mark.slow
@pytest.mark.parametrize(("remote", "config", "answer", "right"), [
    ("codecommit://dev@MyRepo", "[profile dev]\ncredential_process = /x\n", "eu-west-1", "codecommit::eu-west-1://dev@MyRepo"),
    ("codecommit://MyRepo", "[profile dev]\ncredential_process = /x\n", "eu-west-1", "codecommit::eu-west-1://MyRepo"),
    ("codecommit::us-east-1://gone@MyRepo", "[profile dev]\ncredential_process = /x\n", "dev", GOOD_URL),
])  # fmt: skip
def test_an_answer_settles_a_remote(cloned, remote, config, answer, right):
    here = cloned(remote)
    finding = found(here.facts(config, ""), "git.remote")[0]
    here.mend(finding.wanted.remedy(finding.wanted.parse(answer)), config=config, credentials="")
    assert here.run("config", "remote.origin.url").strip() == right


SANE = [
    (GOOD_URL, ()),
    ("codecommit://dev@MyRepo", ()),
    ("codecommit::us-east-1://MyRepo", ()),
    ("https://github.com/acme/tool.git", ("credential.helper store",)),
    ("git@github.com:acme/tool.git", ()),
    ("/srv/git/tool.git", ()),
    (HTTPS, ("credential.helper ", OURS, PATHED)),
    (HTTPS, ("credential.helper !aws codecommit credential-helper $@", PATHED)),
    (HTTPS, ("credential.helper ", "credential.helper !aws codecommit --profile dev --region us-east-1 credential-helper $@", "credential.UseHttpPath true")),
    (HTTPS, (f"credential.{HTTPS}.helper !git-credential-ccsetup", f"credential.{HTTPS}.usehttppath yes")),
]  # fmt: skip


@pytest.mark.parametrize(("remote", "own"), SANE)
def test_a_clone_that_works_is_not_accused(cloned, remote, own):
    there = cloned(remote, own).facts(
        programs={"git-credential-ccsetup": "/usr/bin/git-credential-ccsetup"}, helpers=ALL
    )
    assert not looked(there)


ALL = {name: f"/usr/bin/{name}" for name in ("git-remote-codecommit", "git-credential-ccsetup", "aws")}


@pytest.mark.slow
@pytest.mark.parametrize(("own", "inherited"), [
    ((OURS, PATHED), ("credential.helper osxkeychain",)),
    ((OURS, PATHED), ("credential.helper manager",)),
    ((OURS, PATHED), ("credential.helper store --file ~/.creds",)),
    ((OURS, PATHED), ("credential.helper /usr/lib/git-core/git-credential-libsecret",)),
    ((OURS, PATHED), ("credential.https://git-codecommit.us-east-1.amazonaws.com.helper cache",)),
    (("credential.helper !aws codecommit --profile dev credential-helper $@", PATHED), ("credential.helper manager-core",)),
    ((OURS,), ()),
    ((OURS, "credential.useHttpPath false"), ()),
    (("credential.helper cache", OURS, PATHED), ()),
])  # fmt: skip
def test_a_keychain_is_switched_off_for_this_clone_alone(cloned, own, inherited):
    here = cloned(HTTPS, own, inherited)
    before = here.run("config", "--global", "--list")
    (finding,) = found(here.facts(helpers=ALL), "git.")
    assert (finding.code, finding.severity, finding.fix) == ("git.inherited-helper", "stops", "auto")
    here.mend(finding.remedies[0], helpers=ALL)
    assert not looked(here.facts(helpers=ALL))
    assert here.run("config", "--bool", "credential.useHttpPath").strip() == "true"
    helper = own[0].split(" ", 1)[1] if "cache" not in own[0] else OURS.split(" ", 1)[1]
    assert here.run("config", "--get-all", "credential.helper").splitlines()[-1] == helper
    assert here.run("config", "--global", "--list") == before


@pytest.mark.slow
@pytest.mark.parametrize("keeper", ["osxkeychain", "manager", "cache --timeout=900"])
def test_a_keychain_that_answers_alone_is_noted_and_another_way_offered(cloned, keeper):
    here = cloned(HTTPS, (), (f"credential.helper {keeper}",))
    (finding,) = found(here.facts(helpers=ALL), "git.")
    assert (finding.code, finding.severity, finding.fix) == ("git.inherited-helper", "note", "ask")
    here.mend(finding.remedies[0], helpers=ALL)
    assert here.facts(helpers=ALL).clone.remote == GOOD_URL
    assert not looked(here.facts(helpers=ALL))


def test_the_told_command_switches_a_keychain_off_too(cloned):
    here = cloned(HTTPS, (OURS, PATHED), ("credential.helper osxkeychain",))
    (finding,) = found(here.facts(helpers=ALL), "git.")
    subprocess.run(finding.do, shell=True, cwd=here.folder, env=here.env, check=True)
    assert not looked(here.facts(helpers=ALL))


def test_a_helper_that_signs_as_nobody_signs_as_who_was_meant(cloned):
    for command in (
        "!git-credential-ccsetup --profile {}",
        "!aws codecommit --profile={} --region us-east-1 credential-helper $@",
    ):
        here = cloned(HTTPS, ("credential.helper ", f"credential.helper {command.format('Dev')}", PATHED))
        (finding,) = found(here.facts(helpers=ALL), "git.")
        assert (finding.code, finding.fix) == ("git.remote", "auto")
        here.mend(finding.remedies[0], helpers=ALL)
        assert here.run("config", "--get-all", "credential.helper").splitlines() == ["", command.format("dev")]
        assert not looked(here.facts(helpers=ALL))
        shutil.rmtree(here.folder.parent.parent / "work")
        shutil.rmtree(here.home)


@pytest.mark.parametrize(("words", "right"), [
    ("--profile  --region us-east-1", "--profile dev --region us-east-1"),
    ("--profile dev --region ", "--profile dev --region us-east-1"),
    ("--profile  --region ", "--profile dev --region us-east-1"),
])  # fmt: skip
def test_a_helper_that_a_script_wrote_without_its_variables_is_completed(cloned, words, right):
    here = cloned(HTTPS, (f"credential.helper !aws codecommit {words} credential-helper $@", PATHED))
    (finding,) = found(here.facts(helpers=ALL), "git.")
    assert (finding.code, finding.severity) == ("git.remote", "stops")
    here.mend(finding.remedies[0], helpers=ALL)
    assert here.run("config", "credential.helper").strip() == f"!aws codecommit {right} credential-helper $@"
    assert not looked(here.facts(helpers=ALL))


@pytest.mark.slow
@pytest.mark.parametrize(("command", "helpers", "right"), [
    ("!/old/bin/git-credential-ccsetup --profile dev", {"git-credential-ccsetup": "/new/git-credential-ccsetup"}, "!/new/git-credential-ccsetup --profile dev"),
    ("!'/old one/git-credential-ccsetup' --profile dev", {"git-credential-ccsetup": "/n w/git-credential-ccsetup"},
     r"!/n\ w/git-credential-ccsetup --profile dev"),
    ("!/old/aws codecommit --profile dev credential-helper $@", {"aws": "/usr/bin/aws"}, "!/usr/bin/aws codecommit --profile dev credential-helper $@"),
    ("!/old/aws codecommit --profile dev credential-helper $@", {}, ""),
])  # fmt: skip
def test_a_helper_that_is_gone_is_found_again_or_done_without(cloned, command, helpers, right):
    here = cloned(HTTPS, ("credential.helper ", f"credential.helper {command}", PATHED))
    more = {"helpers": {"git-remote-codecommit": "/usr/bin/git-remote-codecommit", "aws": "", **helpers}}
    more["programs"] = {shlex.split(command[1:])[0]: ""}
    (finding,) = found(here.facts(**more), "git.")
    assert (finding.code, finding.severity, finding.fix) == ("git.helper-path", "stops", "auto")
    here.mend(finding.remedies[0], **more)
    assert not looked(here.facts(**more))
    if right:
        assert here.run("config", "--get-all", "credential.helper").splitlines() == ["", right]
    else:
        assert here.run("config", "remote.origin.url").strip() == GOOD_URL


@pytest.mark.slow
@pytest.mark.parametrize("right", [HTTPS, VPC])
def test_a_port_of_its_own_is_asked_about_before_it_goes(cloned, right):
    with_port = right.replace(".com", ".com:8080")
    here = cloned(with_port.replace("https", "http"), (OURS, PATHED))
    (finding,) = found(here.facts(helpers=ALL), "git.")
    assert (finding.code, finding.severity, finding.fix) == ("git.remote", "stops", "ask")
    assert [it.label for it in finding.remedies] == [f"Switch to {right}", f"Switch to {with_port}"]


SPACED = "/opt/my tools/git-credential-ccsetup"


@pytest.mark.parametrize(("command", "whole"), [
    (f"!'{SPACED}' --profile dev", SPACED),
    (f'!"{SPACED}" --profile dev', SPACED),
    (r"/opt/my\ tools/git-credential-ccsetup --profile dev", SPACED),
    (f"{SPACED} --profile dev", SPACED),
    (f"!{SPACED} --profile dev", SPACED),
    ("/opt/my own big tools/git-credential-ccsetup", "/opt/my own big tools/git-credential-ccsetup"),
    ("C:/Program Files/Git/mingw64/bin/git-credential-manager.exe", "C:/Program Files/Git/mingw64/bin/git-credential-manager.exe"),
    ("/usr/bin/aws codecommit credential-helper --profile team/dev $@", "/usr/bin/aws"),
    ("!/usr/bin/helper --file /my own/x", "/usr/bin/helper"),
    ("/usr/bin/helper /etc/helper/settings", "/usr/bin/helper"),
    ("store --file ~/.creds/x", "store"),
    ("manager-core", "manager-core"),
    ("!f() { aws codecommit credential-helper $@; }; f", "aws"),
])  # fmt: skip
def test_a_helper_is_called_by_its_whole_path(command, whole):
    assert git.called(command) == whole


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", [f"!'{SPACED}' --profile dev", rf"!{SPACED} --profile dev", f"{SPACED} --profile dev"]
)
@pytest.mark.parametrize("there", [True, False])
def test_a_helper_with_a_blank_in_its_path_is_named_whole_and_quoted(cloned, command, there):
    here = cloned(HTTPS, ("credential.helper ", f"credential.helper {command}", PATHED))
    quoted = "'" in command
    more = {
        "helpers": {"git-remote-codecommit": "/usr/bin/git-remote-codecommit", "git-credential-ccsetup": "", "aws": ""}
    }
    more["programs"] = {SPACED: SPACED if there else "", "/opt/my": ""}
    if quoted and there:
        assert not looked(here.facts(**more))
        return
    (finding,) = found(here.facts(**more), "git.")
    assert (finding.code, finding.severity, finding.fix) == ("git.helper-path", "stops", "auto")
    assert f"{SPACED}, " in finding.says
    here.mend(finding.remedies[0], **more)
    assert not looked(here.facts(**more))
    if there:
        right = "!" * command.startswith("!") + r"/opt/my\ tools/git-credential-ccsetup --profile dev"
        assert here.run("config", "--get-all", "credential.helper").splitlines() == ["", right]


@pytest.mark.slow
@pytest.mark.parametrize(
    "keeper",
    [
        "!'/opt/my tools/git-credential-manager'",
        "/opt/my\\ tools/git-credential-manager",
        "/opt/my tools/git-credential-manager",
    ],
)
def test_a_keychain_with_a_blank_in_its_path_is_named_whole(cloned, keeper):
    for own in ((OURS, PATHED), ()):
        here = cloned(HTTPS, own, (f"credential.helper {keeper}",))
        (finding,) = found(here.facts(helpers=ALL), "git.inherited-helper")
        assert " /opt/my tools/git-credential-manager" in finding.says
        shutil.rmtree(here.folder.parent.parent / "work")
        shutil.rmtree(here.home)


def test_git_without_its_helper_is_told_where_it_would_look():
    nowhere = {"git-remote-codecommit": ""}
    for shell, do in (
        ("bash", 'export PATH="/opt/cc/bin:$PATH"'),
        ("fish", 'fish_add_path "/opt/cc/bin"'),
        ("powershell", '$Env:Path = "/opt/cc/bin;$Env:Path"'),
        ("cmd", 'set "PATH=/opt/cc/bin;%PATH%"'),
    ):
        (finding,) = found(facts(ROLE, BASE, helpers=nowhere, scripts="/opt/cc/bin", shell=shell), "git.")
        assert (finding.code, finding.severity, finding.do) == ("git.helper-path", "hinders", do)
    assert found(facts(ROLE, BASE, helpers=nowhere), "git.")[0].do == how_to_install({})


def test_a_clone_whose_helper_git_does_not_find_is_stopped(cloned):
    (finding,) = found(cloned(GOOD_URL).facts(helpers={"git-remote-codecommit": ""}), "git.")
    assert (finding.code, finding.severity) == ("git.helper-path", "stops")


@pytest.mark.parametrize(
    ("version", "code"),
    [("", "git.missing"), ("2.7.4", "git.version"), ("1.8.3.1", "git.version"), ("2.12.9", "git.version")],
)
def test_a_git_that_is_absent_or_too_old_stops(version, code):
    finding = found(facts(ROLE, BASE, git_version=version), "git.")[0]
    assert (finding.code, finding.severity, finding.do) == (
        code, "stops", "Install the latest version of git: https://git-scm.com/downloads",
    )  # fmt: skip


def test_settings_that_git_cannot_read_are_told_in_its_words():
    says = "fatal: bad config line 4 in file /home/maria/.gitconfig"
    finding = found(facts(ROLE, BASE, git_version="2.39.5", git_refuses=says), "git.")[0]
    assert (finding.code, finding.severity, finding.because) == ("git.missing", "stops", says)


def test_a_host_of_ones_own_names_no_region_and_that_is_no_fault(cloned):
    url = "https://code.internal:8443/v1/repos/MyRepo"
    here = cloned(url, ("credential.helper ", OURS, PATHED))
    assert found(here.facts(env={"CODE_COMMIT_ENDPOINT": "code.internal:8443"}), "git.remote") == []


@pytest.mark.parametrize("sdk", ["1.20.112", "1.28.85", "1.8"])
def test_a_helper_whose_sdk_knows_no_sessions_is_told_to_whom_it_matters(sdk):
    sessions = "[profile dev]\nsso_session = acme\nsso_account_id = 111122223333\nsso_role_name = Dev\n"
    (finding,) = found(facts(sessions, helper_sdk=sdk), "git.")
    assert (finding.code, finding.severity, finding.profile) == ("git.helper-old", "stops", "dev")
    assert not found(facts(ROLE, BASE, helper_sdk=sdk), "git.")
    assert not found(facts(sessions, helper_sdk="1.29.0"), "git.")


@pytest.mark.parametrize(("own", "inherited", "env", "fix"), [
    (("protocol.codecommit.allow never",), (), {}, "auto"),
    (("protocol.allow never", "protocol.https.allow always"), (), {}, "auto"),
    (("protocol.https.allow never",), (), {}, "auto"),
    ((), ("protocol.codecommit.allow never",), {}, "tell"),
    ((), (), {"GIT_ALLOW_PROTOCOL": "https:ssh"}, "tell"),
    ((), (), {"GIT_ALLOW_PROTOCOL": ""}, "tell"),
])  # fmt: skip
def test_a_protocol_that_git_may_not_speak_stops_a_clone(cloned, own, inherited, env, fix):
    here = cloned(GOOD_URL, own, inherited)
    (finding,) = found(here.facts(env=env), "git.")
    assert (finding.code, finding.severity, finding.fix) == ("git.protocol", "stops", fix)
    if fix == "auto":
        here.mend(finding.remedies[0])
        assert not looked(here.facts())
    elif env:
        assert finding.do.startswith("export GIT_ALLOW_PROTOCOL='")
    else:
        here.run(*finding.do.split()[1:])
        assert not looked(here.facts())


@pytest.mark.parametrize("gone", [("user.name",), ("user.email",), ("user.name", "user.email")])
def test_a_git_that_does_not_know_who_commits_is_told(cloned, gone):
    here = cloned(GOOD_URL)
    for key in gone:
        here.run("config", "--global", "--unset", key)
    (finding,) = found(here.facts(), "git.")
    assert (finding.code, finding.severity) == ("git.identity", "hinders")
    subprocess.run(finding.do, shell=True, cwd=here.folder, env=here.env, check=True)
    assert not looked(here.facts())
    names = {"GIT_AUTHOR_NAME": "Maria", "GIT_AUTHOR_EMAIL": "maria@example.com"}
    assert not found(facts(ROLE, BASE, settings=(), env=names), "git.")
