"""A clone's own settings: what git tells of them, and repairs that change the one value they are about."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest
from conftest import stripped
from homes import KEYS, Home, context_of, fixed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from often import examples

from ccsetup.awsfiles import transaction
from ccsetup.core.context import Context
from ccsetup.core.errors import Problem
from ccsetup.core.result import Report
from ccsetup.doctor import repair
from ccsetup.doctor.checks.git import program
from ccsetup.doctor.findings import Remedy
from ccsetup.doctor.gather import clone_at, gathered
from ccsetup.git import transport
from ccsetup.git.clone_profile import named_by
from ccsetup.git.config import Url
from ccsetup.git.repository import Git

GITHUB, MIRROR = "https://github.com/acme/tool.git", "git@example.com:acme/tool.git"
RIGHT, WRONG = "codecommit::us-east-1://dev@MyRepo", "codecommit:us-east-1://dev@MyRepo.git"
HTTPS = "https://git-codecommit.us-east-1.amazonaws.com/v1/repos/MyRepo"
PROFILES = '[profile dev]\nregion = us-east-1\n[profile "my dev"]\nregion = us-east-1\n'
URL, PUSH = "remote.origin.url", "remote.origin.pushurl"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else writes here, so nothing is waited for."""
    monkeypatch.setattr(transaction, "SETTLE_S", 0.0)


class Clone:
    """A clone that real git made in the folder one stands in, and git's helpers on the PATH."""

    def __init__(self, folder: Path, text: str, helpers: tuple[str, ...] = ("git-remote-codecommit",)) -> None:
        self.bin = folder / "bin"
        for name in helpers:
            self.helper(self.bin / name)
        path = os.pathsep.join((str(self.bin), os.environ["PATH"]))
        self.env = {**stripped(os.environ), "HOME": str(folder / "home"), "GIT_CONFIG_NOSYSTEM": "1", "PATH": path}
        self.git = Git(self.env, folder / "home")
        self.context = context_of(folder, Home(PROFILES, f"[dev]\n{KEYS}[my dev]\n{KEYS}"), git=self.git)  # type: ignore[arg-type]
        (folder / "home" / ".gitconfig").write_text("[user]\n\tname = Maria\n\temail = m@example.com\n")
        self.folder, self.config = self.context.cwd, self.context.cwd / ".git" / "config"
        subprocess.run(["git", "init", "-q", str(self.folder)], env=self.env, check=True)
        self.config.write_text(self.config.read_text() + text)

    def helper(self, path: Path) -> Path:
        """Put a helper there that prints what it is called with."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('#!/bin/sh\ncat > /dev/null\necho "username=$0"\necho "password=$*"\n')
        path.chmod(0o755)
        return path

    def all(self, key: str) -> list[str]:
        """Return a setting's values, as git has them."""
        words = ["git", "config", "--local", "-z", "--get-all", key]
        return subprocess.run(
            words, cwd=self.folder, env=self.env, capture_output=True, text=True, check=False
        ).stdout.split("\0")[:-1]

    def fill(self, url: str) -> tuple[str, str]:
        """Have git ask the helper; return where that is, and its arguments."""
        asked = f"url={url}\n\n"
        done = subprocess.run(
            ["git", "credential", "fill"], cwd=self.folder, env={**self.env, "GIT_TERMINAL_PROMPT": "0"},
            input=asked, capture_output=True, text=True, check=True,
        )  # fmt: skip
        told = dict(line.split("=", 1) for line in done.stdout.splitlines())
        return told["username"], told["password"]

    def fix(self) -> Report:
        """Run `ccsetup doctor --fix --yes --offline`."""
        return fixed(self.context)

    def codes(self, report: Report, gone: bool) -> list[str]:
        """Return the codes of what was found of git, repaired or left."""
        found = report.document["findings"]
        return [it["code"] for it in found if it["fixed"] is gone and it["code"].startswith("git.")]


def remote(*lines: str) -> str:
    return '[remote "origin"]\n' + "".join(f"\t{line}\n" for line in lines)


# ------------------------------------------------------------------ addresses


@pytest.mark.parametrize(
    ("lines", "urls", "pushes"),
    [
        ((f"url = {GITHUB}", f"url = {WRONG}"), [GITHUB, RIGHT], []),
        ((f"url = {WRONG}", f"url = {GITHUB}"), [RIGHT, GITHUB], []),
        ((f"url = {GITHUB} ; theirs", "# ours", f"url = {WRONG} ; ours"), [GITHUB, RIGHT], []),
        ((f"url = {GITHUB}", f"url = {MIRROR}", f"url = {WRONG}", "fetch = +refs/heads/*:refs/x/*"), [GITHUB, MIRROR, RIGHT], []),
        ((f"url = {RIGHT}", f"url = {WRONG[:-10]}Other.git"), [RIGHT, f"{RIGHT[:-6]}Other"], []),
        ((f"url = {WRONG}", f"url = {WRONG[:-10]}Other.git"), [RIGHT, f"{RIGHT[:-6]}Other"], []),
        ((f"url = {GITHUB}", f"pushurl = {WRONG}", f"pushurl = {GITHUB}"), [GITHUB], [RIGHT, GITHUB]),
        ((f"url = {RIGHT}", f"pushurl = {WRONG}"), [RIGHT], [RIGHT]),
    ],
)  # fmt: skip
def test_the_one_address_that_is_wrong_changes_and_the_others_stay(
    lines: tuple[str, ...], urls: list[str], pushes: list[str], tmp_path: Path
) -> None:
    here = Clone(tmp_path, remote(*lines) + '[branch "main"]\n\tremote = origin\n')
    before = here.config.read_text().splitlines()
    report = here.fix()
    assert (here.all(URL), here.all(PUSH)) == (urls, pushes)
    assert set(here.codes(report, gone=True)) == {"git.remote"}
    assert here.codes(report, gone=False) == []
    kept = [line for line in before if "codecommit:us-" not in line]
    assert [line for line in here.config.read_text().splitlines() if line in kept] == kept


ANY = st.sampled_from(
    [GITHUB, MIRROR, "/srv/git/a b.git", "file:///x[1].git", "https://h/$a^{b}|(c)*+?.git", "../y\\z", RIGHT]
)


@pytest.mark.slow
@settings(max_examples=examples(25), deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.lists(ANY, min_size=1, max_size=5, unique=True), st.data())
def test_whatever_stands_beside_an_address_stays(
    tmp_path_factory: pytest.TempPathFactory, urls: list[str], data: st.DataObject
) -> None:
    quoted = [url.replace("\\", "\\\\") for url in urls]
    here = Clone(tmp_path_factory.mktemp("any"), remote(*(f'url = "{url}"' for url in quoted)))
    assert here.all(URL) == urls
    at = data.draw(st.integers(0, len(urls) - 1))
    there = clone_at(here.context, here.folder)
    assert [it.written for it in there.urls] == urls
    from dataclasses import replace

    chosen = replace(there, remote=urls[at])
    after = repair.with_settings(chosen, [Remedy("", replaced=chosen.moved("codecommit://new"))])
    edit = here.git.resettled(here.folder, repair.resettled(chosen, after))
    assert edit.after is not None
    here.config.write_text(edit.after)
    assert here.all(URL) == [*urls[:at], "codecommit://new", *urls[at + 1 :]]
    assert clone_at(here.context, here.folder).own == after.own


def test_git_says_which_address_it_uses(tmp_path: Path) -> None:
    here = Clone(tmp_path, remote("url = cc:MyRepo", f"url = {GITHUB}", "pushurl = cc:Other"))
    rules = '[url "codecommit::us-east-1://dev@"]\n\tinsteadOf = cc:\n[url "git@github.com:"]\n\tpushInsteadOf = https://github.com/\n'
    with (tmp_path / "home" / ".gitconfig").open("a") as file:
        file.write(rules)
    found = here.git.config(here.folder)
    assert found.urls == (
        Url(URL, "cc:MyRepo", RIGHT),
        Url(URL, GITHUB, GITHUB),
        Url(PUSH, "cc:Other", f"{RIGHT[:-6]}Other", True),
    )
    assert here.git.origin(here.folder) == RIGHT
    assert clone_at(here.context, here.folder).remote == RIGHT


def test_an_address_that_a_rule_makes_for_pushes_is_looked_at_and_told(tmp_path: Path) -> None:
    here = Clone(tmp_path, remote(f"url = {GITHUB}"))
    with (tmp_path / "home" / ".gitconfig").open("a") as file:
        file.write(f'[url "{WRONG}"]\n\tpushInsteadOf = {GITHUB}\n')
    assert here.git.config(here.folder).urls == (Url(URL, GITHUB, GITHUB), Url(URL, GITHUB, WRONG, True))
    assert here.codes(here.fix(), gone=False) == ["git.remote"]
    assert here.all(URL) == [GITHUB]


def test_the_first_address_is_the_one_that_git_fetches_from(tmp_path: Path) -> None:
    here = Clone(tmp_path, remote(f"url = {GITHUB}", f"url = {RIGHT}"))
    assert here.git.origin(here.folder) == GITHUB
    assert clone_at(here.context, here.folder).remote == RIGHT  # of which the doctor speaks


def test_a_remote_of_another_name_is_the_one_where_there_is_no_origin(tmp_path: Path) -> None:
    here = Clone(tmp_path, f'[remote "--upstream"]\n\turl = {WRONG}\n')
    assert here.git.origin(here.folder) == WRONG
    assert here.codes(here.fix(), gone=True) == ["git.remote"]
    assert here.all("remote.--upstream.url") == [RIGHT]
    assert here.all(URL) == []


RULE = '[url "codecommit:us-east-1://dev@"]\n\tinsteadOf = cc:\n'
TOLD = {
    "in a file that is included": ("[include]\n\tpath = more\n", "", "work/.git/more"),
    "rewritten by a rule": (remote("url = cc:MyRepo"), RULE, "home/.gitconfig"),
    "rewritten in an included file": (f"[include]\n\tpath = rules\n{remote('url = cc:MyRepo')}", "", "work/.git/rules"),
    "for pushes, by a rule": (
        remote(f"url = {GITHUB}"), f'[url "{WRONG}"]\n\tpushInsteadOf = {GITHUB}\n', "home/.gitconfig",
    ),
    "in the user's file": ("", remote(f"url = {WRONG}"), "home/.gitconfig"),
}  # fmt: skip


@pytest.mark.parametrize("case", TOLD)
def test_an_address_that_does_not_stand_in_the_clones_own_settings_is_told(case: str, tmp_path: Path) -> None:
    own, machines, file_name = TOLD[case]
    here = Clone(tmp_path, own)
    (here.folder / ".git" / "more").write_text(remote(f"url = {WRONG}"))
    (here.folder / ".git" / "rules").write_text(RULE)
    with (tmp_path / "home" / ".gitconfig").open("a") as file:
        file.write(machines)
    before = here.config.read_bytes()
    report = here.fix()
    assert (here.codes(report, gone=True), here.codes(report, gone=False)) == ([], ["git.remote"])
    assert here.config.read_bytes() == before
    (told,) = (it for it in report.document["findings"] if it["code"] == "git.remote")
    assert told["path"].endswith(file_name)
    # the command, pasted as it stands, mends it
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["sh", "-c", told["do"]], cwd=here.folder, env=env, check=True)
    assert here.codes(here.fix(), gone=False) == []


def test_settings_that_are_a_link_are_not_edited(tmp_path: Path) -> None:
    """They are somebody else's too, such as ~/.gitconfig."""
    here = Clone(tmp_path, "")
    theirs = tmp_path / "home" / ".gitconfig"
    theirs.write_text(
        here.config.read_text()
        + theirs.read_text()
        + remote(f"url = {WRONG}")
        + '[protocol "codecommit"]\n\tallow = never\n'
    )
    here.config.unlink()
    here.config.symlink_to(theirs)
    before = theirs.read_bytes()
    report = here.fix()
    assert here.codes(report, gone=True) == []
    assert set(here.codes(report, gone=False)) == {"git.remote", "git.protocol"}
    assert theirs.read_bytes() == before


@pytest.mark.parametrize("user", ["maria", "maria:hush", "AKIA%20X", "maria-at-111122223333"])
def test_a_user_in_the_address_beside_a_helper_that_signs_is_taken_out(user: str, tmp_path: Path) -> None:
    here = Clone(tmp_path, remote(f"url = {HTTPS.replace('//', f'//{user}@')}") + HELPED, HELPERS)
    report = here.fix()
    assert here.all(URL) == [HTTPS]
    assert here.codes(report, gone=True) == ["git.remote"]
    assert here.codes(report, gone=False) == []
    assert "hush" not in str(report.document) + here.context.screen.text()  # type: ignore[attr-defined]


def test_a_user_in_the_address_is_right_for_git_credentials(tmp_path: Path) -> None:
    url = HTTPS.replace("//", "//maria-at-111122223333@")
    here = Clone(tmp_path, remote(f"url = {url}") + "[credential]\n\thelper = store\n", HELPERS)
    here.fix()
    assert here.all(URL) == [url]


# ------------------------------------------------------------------ helpers

HELPERS = ("git-remote-codecommit", "git-credential-ccsetup", "aws")
HELPED = "[credential]\n\thelper =\n\thelper = !git-credential-ccsetup --profile dev\n\tuseHttpPath = true\n"
PLACES = ("bin", "my bin", "it's", 'say "hi"', "a$b`c", "(x)&;|", "ü ñ", "back\\slash", "*?[1]", "~home", "#x")
COMMANDS = (
    "/gone/git-credential-ccsetup --profile dev",
    "/gone/git-credential-ccsetup --profile=dev --region us-east-1",
    "/gone/git-credential-ccsetup --profile 'my dev'",
    r"/gone\ one/git-credential-ccsetup --profile dev",
    "'/gone one/git-credential-ccsetup' --profile dev",  # which git takes for a name of its own
    "/gone one/git-credential-ccsetup --profile dev",  # of which git runs /gone
    "!'/gone one/git-credential-ccsetup' --profile dev",
    '!"/gone one/git-credential-ccsetup" --profile "my dev" --region us-east-1',
    "!/gone/aws codecommit credential-helper --profile dev $@",
    "!/gone/aws codecommit --profile 'my dev' --region us-east-1 credential-helper $@",
)


@pytest.mark.many
@pytest.mark.parametrize("key", ["credential.helper", f"credential.{HTTPS}.helper"])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_helper_that_moved_is_written_with_all_that_it_had(command: str, key: str, tmp_path: Path) -> None:
    here = Clone(tmp_path, remote(f"url = {HTTPS}"), HELPERS[:1])
    name = "aws" if "aws" in command else HELPERS[1]
    new = here.helper(tmp_path / "new place" / name)
    here.env["PATH"] = os.pathsep.join((str(new.parent), here.env["PATH"]))
    there = world_git(here)
    section, _, last = key.rpartition(".")
    for value in ("", "!theirs", command):
        subprocess.run(["git", "config", "--add", key, value], cwd=here.folder, env=here.env, check=True)
    subprocess.run(["git", "config", f"{section}.useHttpPath", "true"], cwd=here.folder, env=here.env, check=True)
    report = fixed(there)
    assert here.codes(report, gone=True) == ["git.helper-path"]
    assert "git.helper-path" not in here.codes(report, gone=False)
    *others, helper = here.all(key)
    assert others == ["", "!theirs"]
    assert named_by("", helper) == named_by("", command) != ""
    subprocess.run(["git", "config", "--unset", key, "^!theirs$"], cwd=here.folder, env=here.env, check=True)
    said = command.replace("$@", "").split(name, 1)[1].lstrip("'\"")
    assert here.fill(HTTPS) == (str(new), " ".join([*shlex.split(said), "get"]))


def world_git(here: Clone) -> Context:
    """Return the clone's context with a git that has the PATH of now."""
    from dataclasses import replace

    return replace(here.context, git=Git(here.env, here.context.home))


@pytest.mark.parametrize("place", PLACES)
def test_a_helper_runs_wherever_it_lies(place: str, tmp_path: Path) -> None:
    here = Clone(tmp_path, remote(f"url = {HTTPS}"))
    path = here.helper(tmp_path / place / HELPERS[1])
    for command in (
        transport.own_helper(str(path), "my dev", "us-east-1", ""),
        transport.moved_helper("/gone/git-credential-ccsetup --profile 'my dev'", str(path)),
        transport.moved_helper("!/gone/git-credential-ccsetup --profile 'my dev'", str(path)),
    ):
        subprocess.run(
            ["git", "config", "--replace-all", "credential.helper", command], cwd=here.folder, env=here.env, check=True
        )
        assert here.fill(HTTPS) == (str(path), "--profile my dev get")
        assert program(command) == str(path)


@pytest.mark.parametrize(
    ("path", "written"),
    [
        (r"C:\Program Files\cc\git-credential-ccsetup.exe", r"C:/Program\ Files/cc/git-credential-ccsetup.exe"),
        (r"D:\Müller\git-credential-ccsetup.exe", r"D:/M\üller/git-credential-ccsetup.exe"),
    ],
)
def test_a_windows_path_is_written_as_gits_shell_takes_it(path: str, written: str) -> None:
    assert transport.own_helper(path, "dev", "us-east-1", "") == f"{written} --profile dev"
    old = r'!"C:\old\git-credential-ccsetup.exe" --profile dev'
    assert transport.moved_helper(old, path) == f"!{written} --profile dev"


@pytest.mark.parametrize(
    "command",
    ["", "store", "!f() { aws codecommit credential-helper $@; }; f", "!git-credential-ccsetup-x --profile dev"],
)
def test_a_command_that_is_another_one_is_not_moved(command: str) -> None:
    assert transport.moved_helper(command, "/new/git-credential-ccsetup") == ""
    assert transport.moved_helper("/old/git-credential-ccsetup", "") == ""


def test_a_path_with_a_line_break_is_not_written() -> None:
    assert transport.moved_helper("/old/git-credential-ccsetup --profile dev", "/a\nb/git-credential-ccsetup") == ""


@pytest.mark.parametrize(("command", "taken"), [
    ("'/n w/git-credential-ccsetup' --profile dev", "git-credential-/n w/git-credential-ccsetup"),
    ("/n w/git-credential-ccsetup --profile dev", "/n"),
    (r"/n\ w/git-credential-ccsetup", "/n w/git-credential-ccsetup"),
    ("git-credential-ccsetup --profile dev", "git-credential-git-credential-ccsetup"),
    ("ccsetup --profile dev", "git-credential-ccsetup"),
    ("a/b", "git-credential-a/b"),
    ("!a/b c", "a/b"),
])  # fmt: skip
def test_a_helpers_program_is_what_git_takes_for_it(command: str, taken: str) -> None:
    assert program(command) == taken


@pytest.mark.parametrize(("helper", "profile"), [
    ("/x/git-credential-ccsetup --profile 'my dev'", "my dev"),
    ("/x/git-credential-ccsetup --profile='my dev' --region r", "my dev"),
    ('!aws codecommit credential-helper --profile "my dev" $@', "my dev"),
    (r"/x/git-credential-ccsetup --profile my\ dev", "my dev"),
    ("""/x/git-credential-ccsetup --profile 'it'"'"'s'""", "it's"),
    ("/x/git-credential-ccsetup --profile 'open", "'open"),
])  # fmt: skip
def test_a_profile_with_blanks_is_read_whole(helper: str, profile: str) -> None:
    assert named_by("", helper) == profile


def test_a_clone_by_a_profile_with_blanks_is_not_accused(tmp_path: Path) -> None:
    here = Clone(tmp_path, remote(f"url = {HTTPS}") + HELPED.replace("dev", "'my dev'"), HELPERS)
    assert here.codes(here.fix(), gone=False) == []


def test_switching_a_keychain_off_leaves_the_other_helpers(tmp_path: Path) -> None:
    own = "[credential]\n\thelper = cache\n\thelper = !/opt/theirs --for github\n\thelper = !git-credential-ccsetup --profile dev\n"
    here = Clone(tmp_path, remote(f"url = {HTTPS}") + own + "\tuseHttpPath = true\n", HELPERS)
    assert "git.inherited-helper" in here.codes(here.fix(), gone=True)
    assert here.all("credential.helper") == ["", "!/opt/theirs --for github", "!git-credential-ccsetup --profile dev"]


def test_settings_that_changed_meanwhile_are_not_written_over(tmp_path: Path) -> None:
    here = Clone(tmp_path, remote(f"url = {WRONG}"))
    facts = gathered(here.context)
    assert facts.clone is not None
    here.config.write_text(here.config.read_text().replace(WRONG, GITHUB) + remote(f"url = {MIRROR}"))
    after = repair.with_settings(facts.clone, [Remedy("", replaced=facts.clone.moved(RIGHT))])
    with pytest.raises(Problem) as refused:
        here.git.resettled(here.folder, repair.resettled(facts.clone, after))
    assert refused.value.code == "file.changed"
