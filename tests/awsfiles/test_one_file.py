"""One file that serves as both of AWS's, however it comes to that: one text, one edit, one backup, nothing misplaced."""

from __future__ import annotations

import os
import subprocess
from argparse import Namespace
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from conftest import CleanEnv
from homes import KEY, KEYS, ROLE, SECRET, Home, build, fixed
from script import FakeGit, context, tree
from terminal import program

from ccsetup.awsfiles import ini, plan, transaction
from ccsetup.cli.commands import setup, undo
from ccsetup.core.context import Context
from ccsetup.core.model import Secret, Section
from ccsetup.doctor import checks
from ccsetup.doctor.gather import gathered
from ccsetup.wizard import profile_list
from ccsetup.wizard.options import Options
from tests.aws_corpus import full_config

OTHERS = KEYS.replace(KEY, "AKIAI44QH8DHBEXAMPLE")
SOUND = f"""\
[default]
{KEYS}region = us-east-1

[profile dev]
role_arn = {ROLE}
source_profile = default
region = us-east-2

# Anna's
[anna]
{OTHERS}
[profile anna]
region = eu-west-1
"""


def by_variable(aws: Path) -> Mapping[str, str]:
    return {"AWS_CONFIG_FILE": "~/.aws/credentials"}


def by_the_other_variable(aws: Path) -> Mapping[str, str]:
    (aws / "credentials").rename(aws / "config")
    return {"AWS_SHARED_CREDENTIALS_FILE": str(aws / "config")}


def spelled_otherwise(aws: Path) -> Mapping[str, str]:
    return {"AWS_CONFIG_FILE": f"{aws}/../.aws//credentials", "AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials"}


def by_a_link(aws: Path) -> Mapping[str, str]:
    (aws / "config").symlink_to("credentials")
    return {}


def by_a_link_the_other_way(aws: Path) -> Mapping[str, str]:
    (aws / "credentials").rename(aws / "config")
    (aws / "credentials").symlink_to(aws / "config")
    return {}


def by_links_to_a_third(aws: Path) -> Mapping[str, str]:
    (aws.parent / "dotfiles").mkdir()
    (aws / "credentials").rename(aws.parent / "dotfiles" / "aws")
    for name in ("config", "credentials"):
        (aws / name).symlink_to(aws.parent / "dotfiles" / "aws")
    return {}


def by_a_hard_link(aws: Path) -> Mapping[str, str]:
    os.link(aws / "credentials", aws / "config")
    return {}


def by_a_linked_folder(aws: Path) -> Mapping[str, str]:
    (aws.parent / "other").symlink_to(aws)
    return {"AWS_CONFIG_FILE": str(aws.parent / "other" / "credentials")}


WAYS = [by_variable, by_the_other_variable, spelled_otherwise, by_a_link, by_a_link_the_other_way,
        by_links_to_a_third, by_a_hard_link, by_a_linked_folder]  # fmt: skip
Way = Callable[[Path], Mapping[str, str]]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transaction, "SETTLE_S", 0.0)


def homed(folder: Path, text: str, way: Way) -> Context:
    home = build(folder, Home(None, text))
    return context(folder, env=way(home / ".aws"), git=FakeGit(commands=("git-remote-codecommit",)))


def shapes(it: Context) -> dict[str, object]:
    """Return the folder's files, and which names are one file."""
    aws = it.home / ".aws"
    links = {path.name: os.readlink(path) for path in aws.iterdir() if path.is_symlink()}
    return {"files": tree(aws), "links": links, "names": {path.name: path.stat().st_nlink for path in aws.iterdir()}}


def text_of(it: Context) -> str:
    texts = it.files.read()
    assert texts.shared
    assert texts.config == texts.credentials
    return texts.config or ""


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_wrong_with_one_sound_file(tmp_path: Path, way: Way) -> None:
    it = homed(tmp_path, SOUND, way)
    before = shapes(it)
    report = fixed(it)
    assert report.document["findings"] == []
    assert [(profile["name"], profile["kind"]) for profile in report.document["profiles"]] == [
        ("default", "keys"), ("dev", "role"), ("anna", "keys"),
    ]  # fmt: skip
    assert shapes(it) == before
    found, problems = profile_list.all_of(it, it.files.read())
    assert (sorted(one.name for one in found), problems) == (["anna", "default", "dev"], [])


BROKEN = [
    (SOUND.replace("us-east-2", "us-east-2a"), SOUND),
    (SOUND.replace("iam::", "iam:::"), SOUND),
    ("\ufeff" + SOUND, SOUND),
    (SOUND.replace("[profile anna]", "[Profile anna]"), SOUND),
    (SOUND.replace("[profile dev]", "[profile dev"), SOUND),
    (SOUND.replace("EXAMPLEKEY\n\n", "EXAMPLEKEY\n\n", 1).replace(f"{SECRET}\n\n[profile", f"{SECRET}[profile"),
     SOUND.replace(f"{SECRET}\n\n[profile anna", f"{SECRET}\n[profile anna")),
    (SOUND.replace("region = eu-west-1\n", "region = eu-west-1\nregion = eu-west-1\n"),
     SOUND.replace("region = eu-west-1\n", "# region = eu-west-1\nregion = eu-west-1\n")),
    (SOUND + "[anna]\noutput = json\n", SOUND.replace(OTHERS, f"{OTHERS}output = json\n") + "# [anna]\n"),
    (SOUND.replace("[anna]\n", "  [anna]\n"), SOUND),
]  # fmt: skip


@pytest.mark.many
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("number", range(len(BROKEN)))
def test_a_broken_one_is_repaired_in_one_edit_and_put_back(tmp_path: Path, way: Way, number: int) -> None:
    text, wanted = BROKEN[number]
    it = homed(tmp_path, text, way)
    before = shapes(it)
    report = fixed(it)
    assert [one["code"] for one in report.document["findings"] if not one["fixed"] and one["severity"] == "stops"] == []
    assert len(report.document["findings"]) == len({one["says"] for one in report.document["findings"]})
    assert text_of(it) == wanted
    (change,) = it.files.changes()
    assert len(change.edits) == 1
    assert shapes(it)["links"] == before["links"]
    assert shapes(it)["names"] == before["names"]
    undo.main(Namespace(list=False, yes=True, dry_run=False), lambda: it)
    assert shapes(it) == before


@pytest.mark.many
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["new", "default", "anna", "dev"])
def test_a_profile_is_set_up_in_one_file_and_put_back(
    tmp_path: Path, way: Way, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = homed(tmp_path, SOUND, way)
    before = shapes(it)
    given = {"kind": "keys", "profile": name, "region": "us-west-2", "access_key_id": "AKIAIOSFODNN7EXAMPL2",
             "secret_access_key": Secret("s" * 40), "no_clone": "yes"}  # fmt: skip
    outcome = setup.run(it, Options(given, yes=True))  # type: ignore[arg-type]
    assert not outcome.problems
    text = text_of(it)
    assert shapes(it)["links"] == before["links"]
    assert shapes(it)["names"] == before["names"]
    assert len(it.files.changes()[0].edits) == 1
    (tmp_path / "judged").mkdir()
    found = full_config(text, text, tmp_path / "judged", monkeypatch)["profiles"]
    old = full_config(SOUND, SOUND, tmp_path / "judged", monkeypatch)["profiles"]
    keys = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPL2", "aws_secret_access_key": "s" * 40}
    assert found[name] == {**keys, "region": "us-west-2"}
    phantoms = {name, f"profile {name}"}
    assert {k: v for k, v in found.items() if k not in phantoms} == {k: v for k, v in old.items() if k not in phantoms}
    assert "# Anna's\n" in text
    undo.main(Namespace(list=False, yes=True, dry_run=False), lambda: it)
    assert shapes(it) == before


def test_two_paths_to_no_file_make_one(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    it = context(tmp_path, env={"AWS_CONFIG_FILE": "~/one", "AWS_SHARED_CREDENTIALS_FILE": f"{tmp_path}/home/x/../one"})
    sections = (
        Section("config", "profile", "dev", {"region": "us-east-2"}),
        Section("credentials", "profile", "dev", {"aws_access_key_id": KEY, "aws_secret_access_key": Secret(SECRET)}),
        Section("config", "profile", "default", {"region": "us-east-1"}),
        Section("credentials", "profile", "default", {"aws_access_key_id": KEY}),
    )
    (tmp_path / "home" / "x").mkdir()
    it.files.apply(plan.make("dev", "us-east-2", sections, it.files.read()))
    text = (tmp_path / "home" / "one").read_text()
    assert [stanza.header for stanza in ini.read(text, "config").stanzas] == ["profile dev", "dev", "default"]
    assert "region = us-east-1\naws_access_key_id" in text


def test_keys_of_the_default_profile_that_a_role_hides_are_not_misplaced(tmp_path: Path) -> None:
    text = f"[default]\nrole_arn = {ROLE}\nsource_profile = anna\nregion = us-east-1\n{KEYS}[anna]\n{OTHERS}"
    it = homed(tmp_path, text, by_variable)
    for finding in checks.offline(gathered(it)):
        assert finding.code in ("kind.shadowed", "region.missing")
    fixed(it)
    assert KEY in text_of(it)
    assert SECRET in text_of(it)


def test_a_pair_over_both_of_its_sections_becomes_one(tmp_path: Path) -> None:
    text = f"[anna]\naws_access_key_id = {KEY}\n[profile anna]\naws_secret_access_key = {SECRET}\nregion = us-east-1\n"
    it = homed(tmp_path, text, by_a_link)
    fixed(it)
    assert text_of(it) == f"[anna]\n{KEYS}[profile anna]\nregion = us-east-1\n"


def test_the_whole_program_lists_each_profile_once(tmp_path: Path, clean_env: CleanEnv) -> None:
    home = build(tmp_path, Home(None, SOUND))
    by_a_hard_link(home / ".aws")
    env = clean_env(home)
    done = subprocess.run([program(), "status"], env=env, capture_output=True, text=True, check=True)
    assert sorted(line.split()[0] for line in done.stdout.splitlines()[1:] if line.strip()) == [
        "anna",
        "default",
        "dev",
    ]
    done = subprocess.run([program(), "doctor", "--fix", "--yes", "--offline"], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (home / ".aws" / "config").read_text() == SOUND
