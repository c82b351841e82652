"""Remove: a profile goes with what only it used; every other byte stays, and undo brings it back."""

from __future__ import annotations

import os
from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from often import examples
from script import Script, Shown, context

from ccsetup.awsfiles import edit, ini, plan
from ccsetup.awsfiles.cached_sessions import of_profile
from ccsetup.awsfiles.store import Files
from ccsetup.cli.commands import remove, undo
from ccsetup.core.context import Context
from ccsetup.core.errors import Cancelled, Missing, Problem
from ccsetup.core.model import Section
from ccsetup.core.result import Report

ROLE = "arn:aws:iam::111122223333:role/CodeCommitAccess"
KEYS = "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = " + "s" * 40 + "\n"
CONFIG = f"""# mine
[default]
region = us-east-1

# about prod
[profile prod]
# its role
role_arn = {ROLE}
source_profile = base
s3 =
  max_concurrent_requests = 3

# about dev
[profile dev]
sso_session = acme
sso_account_id = 111122223333
sso_role_name = Developer

[sso-session acme]
sso_start_url = https://acme.awsapps.com/start
sso_region = us-east-1

[profile last]
region = eu-west-1
"""
CREDENTIALS = f"[base]\n{KEYS}\n[last]\n{KEYS}"


def filled(folder: Path, config: str = CONFIG, credentials: str = CREDENTIALS) -> Context:
    """Return a Context whose two files are there."""
    folder.mkdir(exist_ok=True)
    around = context(folder)
    around = replace(around, files=Files(around.env, around.home, around.now, command="remove"), prompt=None)
    (around.home / ".aws").mkdir(exist_ok=True)
    for name, text in (("config", config), ("credentials", credentials)):
        path = around.home / ".aws" / name
        path.write_text(text)
        os.utime(path, (0, 0))
    return around


def run(around: Context, name: str, script: Script | None = None, **flags: bool) -> Report:
    options = Namespace(**{"profile": name, "yes": script is None, "dry_run": False, **flags})
    report = remove.main(options, lambda: replace(around, prompt=script))
    if script:
        script.done()
    return report


def text_of(around: Context, name: str = "config") -> str:
    return (around.home / ".aws" / name).read_text()


def shown(around: Context) -> str:
    assert isinstance(around.screen, Shown)
    return around.screen.text()


def test_a_profile_goes_with_its_comments_and_nested_settings_and_nothing_else(tmp_path: Path) -> None:
    around = filled(tmp_path)
    report = run(around, "prod")
    assert text_of(around) == CONFIG.replace(CONFIG[CONFIG.index("[profile prod]") : CONFIG.index("# about dev")], "")
    assert text_of(around, "credentials") == CREDENTIALS
    assert report.document["removed"] == "prod"
    assert "which only prod used" in shown(around) and "ccsetup remove base" in shown(around)


def test_undo_brings_it_back_byte_for_byte(tmp_path: Path) -> None:
    around = filled(tmp_path)
    run(around, "last")
    assert "AKIA" in CREDENTIALS.partition("[last]")[2]
    assert "[last]" not in text_of(around, "credentials") and "[profile last]" not in text_of(around)
    undo.main(Namespace(list=False, yes=True, dry_run=False), lambda: around)
    assert (text_of(around), text_of(around, "credentials")) == (CONFIG, CREDENTIALS)


def test_a_session_goes_with_the_last_profile_that_uses_it(tmp_path: Path) -> None:
    around = filled(tmp_path / "one")
    run(around, "dev")
    assert "acme" not in text_of(around)
    both = CONFIG + "[profile other]\nsso_session = acme\nsso_account_id = 111122223333\nsso_role_name = ReadOnly\n"
    around = filled(tmp_path / "two", both)
    run(around, "dev")
    assert "[sso-session acme]" in text_of(around) and "[profile dev]" not in text_of(around)


def test_a_source_of_others_stays_unless_a_person_says_otherwise(tmp_path: Path) -> None:
    around = filled(tmp_path)
    with pytest.raises(Problem, match="source profile of prod") as refused:
        run(around, "base")
    assert refused.value.next == "Remove it first: ccsetup remove prod"
    with pytest.raises(Cancelled):
        run(around, "base", Script(("remove", "cancel")))
    assert text_of(around, "credentials") == CREDENTIALS
    run(around, "base", Script(("remove", "go")))
    assert "[base]" not in text_of(around, "credentials")


def test_the_default_answer_is_no_where_something_would_break(tmp_path: Path) -> None:
    around = filled(tmp_path)
    for name, expected in (("base", "cancel"), ("last", "go")):
        asked = []
        prompt = Script(("remove", "cancel"))
        ask = prompt.ask
        prompt.ask = lambda it, ask=ask, asked=asked: (asked.append(it), ask(it))[1]  # type: ignore[method-assign]
        with pytest.raises(Cancelled):
            run(around, name, prompt)
        assert asked[0].default == expected


def test_cached_sessions_go_unless_another_profile_uses_them(tmp_path: Path) -> None:
    role = f"role_arn = {ROLE}\nsource_profile = base\n"
    for other, stays in (("", False), (f"[profile twin]\n{role}", True)):
        around = filled(tmp_path / f"home{stays}", f"[profile prod]\n{role}{other}")
        made = [around.home / ".aws" / it for it in of_profile({"role_arn": ROLE, "source_profile": "base"}, {})]
        strange = around.home / ".aws" / "cli" / "cache" / "0000.json"
        for path in (*made, strange):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text('{"Credentials": {}}')
        run(around, "prod")
        assert [it.exists() for it in made] == [stays, stays]
        assert strange.exists()


def test_a_preview_and_a_missing_yes_change_nothing(tmp_path: Path) -> None:
    around = filled(tmp_path)
    run(around, "last", dry_run=True)
    with pytest.raises(Missing):
        remove.main(Namespace(profile="last", yes=False, dry_run=False), lambda: around)
    assert (text_of(around), text_of(around, "credentials")) == (CONFIG, CREDENTIALS)
    assert "s" * 40 not in shown(around)


@pytest.mark.parametrize("name", ["prdo", "acme", ""])
def test_a_name_that_is_no_profile_is_one_sentence(tmp_path: Path, name: str) -> None:
    around = filled(tmp_path)
    with pytest.raises(Problem) as refused:
        run(around, name)
    assert refused.value.code == "profile.missing"
    assert text_of(around) == CONFIG


def test_a_file_that_aws_tools_cannot_read_is_left(tmp_path: Path) -> None:
    around = filled(tmp_path, CONFIG + "stray\n")
    with pytest.raises(Problem) as refused:
        run(around, "last")
    assert "line" in refused.value.what
    assert text_of(around) == CONFIG + "stray\n"


def test_a_profile_that_exists_twice_is_left(tmp_path: Path) -> None:
    twice = CONFIG + "\n[profile 'last']\nregion = us-east-2\n"
    around = filled(tmp_path, twice)
    with pytest.raises(Problem):
        run(around, "last")
    assert text_of(around) == twice


def test_clones_that_use_it_are_named(tmp_path: Path) -> None:
    around = filled(tmp_path)
    for folder, url in (
        ("work/one", "codecommit::us-east-2://prod@One"), ("two", "codecommit://prod@Two"),
        ("three", "codecommit://production@Three"), ("work/deep/four", "https://git-codecommit.us-east-2.amazonaws.com/v1/repos/Four"),
    ):  # fmt: skip
        (around.home / folder / ".git").mkdir(parents=True)
        helper = "\thelper = !aws codecommit credential-helper --profile prod $@\n" if url.startswith("https") else ""
        (around.home / folder / ".git" / "config").write_text(
            f'[remote "origin"]\n\turl = {url}\n[credential "https://git-codecommit.us-east-2.amazonaws.com"]\n{helper}'
        )
    report = run(around, "prod", Script(("remove", "go")))
    found = sorted(Path(it).relative_to(around.home).as_posix() for it in report.document["clones"])
    assert found == ["two", "work/deep/four", "work/one"]


NAMES = st.sampled_from(["a", "b", "default", "c d", "x.y"])
LINES = st.lists(
    st.sampled_from(["region = us-east-1", "# note", "", "s3 =", "  k = v", "; x", "output: json", "region = eu-west-1  "]),
    max_size=6,
)  # fmt: skip


def header(name: str, file: str) -> str:
    return edit.heading(Section(file, "profile", name, {}))  # type: ignore[arg-type]


@pytest.mark.slow
@settings(max_examples=examples(150), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.tuples(NAMES, LINES), max_size=5, unique_by=lambda it: it[0]), NAMES, st.sampled_from(["\n", "\r\n"])
)
def test_whatever_is_removed_the_rest_reads_the_same(parts: list[tuple[str, list[str]]], name: str, end: str) -> None:
    text = "".join(f"[{header(it, 'config')}]{end}" + "".join(line + end for line in lines) for it, lines in parts)
    before = ini.read(text, "config")
    section = Section("config", "profile", name, {})
    try:
        after = edit.cut(text, section)
    except Problem:
        return
    found = ini.read(after, "config")
    kept = [(it.type, it.name, it.values) for it in before.stanzas if it.name != name]
    assert [(it.type, it.name, it.values) for it in found.stanzas] == kept
    own = [it for it in before.stanzas if it.name == name]
    comments = [line for line in after.splitlines() if line.strip()[:1] in ("#", ";")]
    others = "".join(it.text for it in before.stanzas if it.name != name)
    assert len(after) >= len(others)
    assert bool(own) or after == text
    assert len(comments) >= sum(line.strip()[:1] in ("#", ";") for line in others.splitlines())


def test_a_plan_of_removals_is_masked_in_its_summary(tmp_path: Path) -> None:
    around = filled(tmp_path)
    made: Any = plan.removal("last", [("credentials", "profile", "last")], around.files.read())
    assert plan.summary(made)[0]["remove"] == ["aws_access_key_id", "aws_secret_access_key"]
    assert "s" * 40 not in str(plan.summary(made))
