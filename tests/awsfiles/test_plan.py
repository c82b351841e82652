"""Plans: what changing a profile's kind removes, what planning again respects, and what a person may see of it."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from aws_corpus import IDS, QUIET, SAMPLES, Sample, lines, parsed, tame_texts
from hypothesis import assume, given
from hypothesis import strategies as st

from ccsetup.awsfiles import edit as editing
from ccsetup.awsfiles import plan, removals
from ccsetup.core import redact
from ccsetup.core.context import AwsTexts
from ccsetup.core.errors import Problem
from ccsetup.core.model import Edit, FileName, Plan, Secret, Section

HOME = Path("/home/maria")
CONFIG, CREDENTIALS = HOME / ".aws" / "config", HOME / ".aws" / "credentials"
OWN = frozenset(
    {"role_arn", "source_profile", "credential_source", "role_session_name", "external_id", "mfa_serial",
     "duration_seconds", "sso_session", "sso_start_url", "sso_region", "sso_account_id", "sso_role_name",
     "web_identity_token_file", "credential_process", "aws_access_key_id", "aws_secret_access_key",
     "aws_session_token", "aws_security_token"}
)  # fmt: skip
KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


def on(settings: str | None = None, secrets: str | None = None) -> AwsTexts:
    return AwsTexts(CONFIG, settings, CREDENTIALS, secrets)


def role(name: str = "dev", **more: str) -> Section:
    arn = "arn:aws:iam::111122223333:role/Developer"
    return Section("config", "profile", name, {"role_arn": arn, "source_profile": "base", **more})


def keys(name: str = "dev") -> Section:
    return Section("credentials", "profile", name, {"aws_access_key_id": KEY, "aws_secret_access_key": Secret(SECRET)})


def after(change: Plan, file: FileName) -> str | None:
    return next(edit.after for edit in change.edits if edit.file == file)


# ------------------------------------------------------------------ a profile changes its kind


@pytest.mark.parametrize("sample", [it for it in SAMPLES if not it.broken], ids=lambda it: f"{it.file}/{it.name}")
def test_a_profile_that_changes_its_kind_loses_the_other_kinds_keys_and_nothing_else(
    sample: Sample, tmp_path: Path
) -> None:
    texts = on(**{"settings" if sample.file == "config" else "secrets": sample.text})
    for stanza in editing.read(sample.text, sample.file).stanzas:
        if stanza.type != "profile" or stanza.name.strip() != stanza.name or {*"[]"} & {*stanza.name}:
            continue
        try:
            change = plan.make(stanza.name, "us-east-2", [role(stanza.name, region="us-east-2")], texts, OWN)
        except Problem as problem:
            assert problem.what.startswith("Line ")
            continue
        for edit in change.edits:
            if edit.file == sample.file:
                gone = OWN if sample.file == "config" else OWN | {"region"}
                kept = _kept(sample, stanza, gone | {"region"} if sample.file == "config" else gone)
                assert kept == _subsequence(kept, lines(edit.after or ""))
                _others_alike(sample, stanza, edit.after or "", gone, tmp_path)
        assert plan.make(stanza.name, "us-east-2", change.sections, _on(texts, change), OWN).edits == ()


def _kept(sample: Sample, stanza: editing.Stanza, gone: frozenset[str]) -> list[str]:
    """Return the lines that nobody asked to change: all but those of the profile's own keys that go."""
    theirs = {n for key, _, numbers in stanza.settings if key in gone for n in numbers}
    if sample.file == "credentials":
        theirs.add(stanza.line)  # goes with its last setting
    kept = [line for n, line in enumerate(lines(sample.text), 1) if n not in theirs and line.strip()]
    return [*kept[:-1], *(line.rstrip("\r\n") for line in kept[-1:])]


def _subsequence(wanted: list[str], there: list[str]) -> list[str]:
    """Return as much of `wanted` as `there` has in that order."""
    rest = iter(there)
    return [line for line in wanted if any(line in (it, it.rstrip("\r\n")) for it in rest)]


def _others_alike(sample: Sample, stanza: editing.Stanza, text: str, gone: frozenset[str], folder: Path) -> None:
    before, found = parsed(sample.text, folder), parsed(text, folder)
    inherited = editing.defaults(editing.read(sample.text, sample.file))
    assert {k: v for k, v in found.items() if k != stanza.header} == {
        k: v for k, v in before.items() if k != stanza.header
    }
    there = found.get(stanza.header, {})
    new = {"role_arn", "source_profile", "region"} if sample.file == "config" else set()
    assert not (gone - new - {*inherited}) & {*there}
    kept = {key: value for key, value in before[stanza.header].items() if key not in gone | new}
    assert {key: value for key, value in there.items() if key not in gone | new} == kept


def _on(texts: AwsTexts, change: Plan) -> AwsTexts:
    for edit in change.edits:
        texts = texts._replace(**{edit.file or "": edit.after})
    return texts


def test_a_role_made_of_a_profile_with_keys_removes_them_from_both_files() -> None:
    texts = on(
        "[profile dev]\nregion = a\naws_access_key_id = x\n# mine\ncli_pager =\n",
        f"[dev]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n\n[base]\naws_access_key_id = {KEY}\n",
    )
    change = plan.make("dev", "a", [role()], texts, OWN)
    assert after(change, "config") == (
        "[profile dev]\nregion = a\n# mine\ncli_pager =\n"
        "role_arn = arn:aws:iam::111122223333:role/Developer\nsource_profile = base\n"
    )
    assert after(change, "credentials") == f"[base]\naws_access_key_id = {KEY}\n"


def test_keys_put_in_place_of_a_role_remove_the_role() -> None:
    texts = on("[profile dev]\nrole_arn = r\nsource_profile = base\nregion = a\n")
    change = plan.make("dev", "a", [keys()], texts, OWN)
    assert after(change, "config") == "[profile dev]\nregion = a\n"
    assert after(change, "credentials") == f"[dev]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n"


def test_a_credentials_section_with_more_in_it_stays() -> None:
    for more in ("expiration = x\n", "# Anna's\n"):
        change = plan.make("dev", "a", [role()], on(None, f"[dev]\n{more}aws_access_key_id = x\n"), OWN)
        assert after(change, "credentials") == f"[dev]\n{more}"


def test_what_credentials_would_win_over_config_with_is_removed_there() -> None:
    section = Section("config", "profile", "dev", {"region": "us-east-2"})
    change = plan.make("dev", "us-east-2", [section, keys()], on(None, "[dev]\nregion = eu-west-1\noutput = json\n"))
    assert after(change, "credentials") == (
        f"[dev]\noutput = json\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n"
    )


def test_another_profile_named_by_the_plan_keeps_its_own_keys() -> None:
    texts = on("[profile base]\nsso_session = s\n", f"[base]\naws_access_key_id = {KEY}\n")
    base = Section("config", "profile", "base", {"region": "a"})
    change = plan.make("dev", "a", [base, role()], texts, OWN)
    assert "sso_session = s" in (after(change, "config") or "")
    assert [edit.file for edit in change.edits] == ["config"]


def test_a_profile_that_stays_as_it_is_loses_nothing() -> None:
    texts = on("[profile dev]\nrole_arn = r\nsource_profile = b\n", f"[dev]\naws_access_key_id = {KEY}\n")
    assert plan.make("dev", "a", [], texts, OWN).edits == ()


def test_both_files_are_made_in_the_order_of_the_sections() -> None:
    session = Section("config", "sso-session", "acme", {"sso_region": "a"})
    change = plan.make("dev", "a", [session, role(), keys("base")], on())
    assert [(edit.path, edit.before, edit.file) for edit in change.edits] == [
        (CONFIG, None, "config"),
        (CREDENTIALS, None, "credentials"),
    ]
    assert [stanza.header for stanza in editing.read(after(change, "config") or "", "config").stanzas] == [
        "sso-session acme",
        "profile dev",
    ]


def test_a_plan_of_what_is_there_already_has_no_edits() -> None:
    texts = on()
    change = plan.make("dev", "a", [role(), keys("base")], texts, OWN)
    again = plan.make("dev", "a", [role(), keys("base")], _on(texts, change), OWN)
    assert again.edits == ()
    assert plan.summary(again) == []


def test_removing_from_files_that_are_not_there_makes_none() -> None:
    gone = Section("credentials", "profile", "dev", {"aws_access_key_id": None})
    assert plan.make("dev", "a", [gone], on()).edits == ()


def test_undoing_twice_is_the_same_edits() -> None:
    change = plan.make("dev", "a", [role(), keys("base")], on("# x\n"))
    back = plan.undo(change)
    assert [(edit.before, edit.after) for edit in back.edits] == [
        (edit.after, edit.before) for edit in reversed(change.edits)
    ]
    assert plan.undo(back).edits == change.edits
    assert not back.sections


# ------------------------------------------------------------------ somebody else wrote in between


def test_a_plan_is_made_again_on_what_another_program_added() -> None:
    change = plan.make("dev", "a", [role()], on("[profile x]\na = 1\n"), OWN)
    again = plan.again(change, on("[profile x]\na = 2\n[profile y]\n"))
    [edit] = again.edits
    assert edit.before == "[profile x]\na = 2\n[profile y]\n"
    assert (edit.after or "").startswith(edit.before or "?")
    assert editing.holds(edit.after or "", role())


def test_a_section_another_program_changed_is_not_written_over() -> None:
    change = plan.make("dev", "a", [role()], on("[profile dev]\nregion = a\n"), OWN)
    for theirs in (
        "[profile dev]\nregion = b\n",
        "[profile x]\n",
        "[profile dev]\nregion = a\nrole_arn = other\n",
        None,
    ):
        with pytest.raises(Problem) as refused:
            plan.again(change, on(theirs))
        assert refused.value.code == "file.changed"


def test_a_section_that_reads_as_wanted_already_needs_no_edit() -> None:
    change = plan.make("dev", "a", [role()], on("[profile dev]\nregion = a\n"), OWN)
    assert plan.again(change, on(after(change, "config"))).edits == ()


def test_a_profile_that_appeared_in_the_other_file_counts_as_changed() -> None:
    change = plan.make("dev", "a", [role(), keys()], on())
    with pytest.raises(Problem):
        plan.again(change, on(None, "[dev]\naws_access_key_id = other\n"))


# ------------------------------------------------------------------ what a person sees


def test_a_difference_reads_as_a_unified_diff() -> None:
    before = "[default]\na = 1\nb = 2\nc = 3\nd = 4\n\n[profile dev]\nregion = x\n"
    change = plan.make("dev", "y", [Section("config", "profile", "dev", {"region": "y"})], on(before))
    assert plan.diff(change.edits[0], HOME).split("\n") == [
        "--- ~/.aws/config",
        "+++ ~/.aws/config",
        "@@ -5,4 +5,4 @@",
        " d = 4",
        " ",
        " [profile dev]",
        "-region = x",
        "+region = y",
    ]


def test_a_new_file_and_one_elsewhere_are_shown_as_such() -> None:
    edit = Edit(Path("/srv/aws"), None, "[a]\nb = 1\n", "config")
    assert plan.diff(edit, HOME).startswith("--- /dev/null\n+++ /srv/aws\n@@ -0,0 +1,2 @@\n+[a]\n+b = 1")
    assert plan.diff(Edit(CONFIG, "a\n", "a\n"), HOME) == ""
    assert plan.diff(Edit(CONFIG, "[a]", "[a]\n"), HOME) == ""


@pytest.mark.slow
@QUIET
@given(before=tame_texts(), more=tame_texts(), cut=st.integers(0, 60))
def test_applying_the_diff_to_the_old_lines_gives_the_new_ones(before: str, more: str, cut: int) -> None:
    before, text = (it.replace("aws_session_token", "aws_x") for it in (before, before[:cut] + more))
    assume(not editing.read(before, "config").fault and not editing.read(text, "config").fault)
    shown = plan.diff(Edit(CONFIG, before, text, "config"), HOME).split("\n")[2:]
    sides = plan._Side(before, "config"), plan._Side(text, "config")
    old, new = ([side.shown(n) for n in range(len(side.lines))] for side in sides)
    was, now = (side.lines for side in sides)
    at = here = 0
    for line in shown:
        if line.startswith("@@"):
            start, length = map(int, re.match(r"@@ -(\d+),(\d+)", line).groups())  # type: ignore[union-attr]
            skipped = start - bool(length) - at
            assert was[at : at + skipped] == now[here : here + skipped]
            at, here = at + skipped, here + skipped
        elif line[0] == " ":
            assert was[at] == now[here]
            assert line[1:] == (old[at] if old[at] == new[here] else redact.MASK)
            at, here = at + 1, here + 1
        elif line[0] == "-":
            assert line[1:] == old[at]
            at += 1
        else:
            assert line[1:] == new[here]
            here += 1
    assert was[at:] == now[here:]


PLANTED = "Zq7" + "hunter2Hunter2/Hunter2+Hunter2Hunter22"
FORMS = [
    "aws_secret_access_key = {}",
    "AWS_SECRET_ACCESS_KEY={}",
    "aws_session_token: {}",
    "aws_security_token = {}",
    "my_password = {}",
    "db_passwd={}",
    "some_token = x{}",
    "api_key = {}",
    "aws_session_token = first\n  {}\n  # {}\n  last",
    "aws_session_token =\n  {}",
    "s3 =\n  secret_thing = {}",
    "aws_access_key_id = {}",
    "# aws_secret_access_key = {}",
    "#aws_session_token={}",
    "; old: {}",
    "credential_process = helper --secret-access-key {} --profile x",
    "credential_process = helper --token={} --profile x",
    "credential_process = helper --password '{}' x",
    'credential_process = helper --password "{} y" x',
    "credential_process = env AWS_SECRET_ACCESS_KEY={} helper",
    "credential_process = curl -u maria:{} https://x.example",
    "credential_process = curl https://maria:{}@x.example/",
    "credential_process = curl -H 'Authorization: Bearer {}'",
    "credential_process = helper {}",
    "note = {}",
    "unknown = a {} b",
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("planted", [PLANTED, "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "hunter2"])
def test_no_planted_secret_is_shown_on_either_side_or_around(form: str, planted: str) -> None:
    if (planted == "hunter2" and form.split(" =")[0] in ("note", "unknown")) or form.endswith(
        (": {}", "helper {}", "last")
    ):
        planted = PLANTED
    line = form.replace("{}", planted)
    for before, text in (
        (f"[dev]\n{line}\na = 1\n", f"[dev]\n{line}\na = 2\n"),
        (f"[dev]\n{line}\n", "[dev]\n"),
        (None, f"[dev]\n{line}\n"),
        (f"[dev]\n{line}\n", f"[dev]\n{line}x\n"),
        (f"{line}\n[dev]\n", f"{line}\n[dev]\na = 1\n"),
    ):
        for file in ("config", "credentials"):
            shown = plan.diff(Edit(CONFIG, before, text, file), HOME)  # type: ignore[arg-type]
            assert shown
            assert planted not in shown
            assert planted[4:] not in shown


def test_a_secret_wrapped_onto_a_stray_line_is_not_shown() -> None:
    before = f"[dev]\naws_session_token = abc\n{SECRET[:20]}\nxyz{SECRET[20:]}\n"
    shown = plan.diff(Edit(CREDENTIALS, before, "[dev]\n", "credentials"), HOME)
    assert SECRET[:20] not in shown and SECRET[20:] not in shown


@pytest.mark.parametrize(
    "line",
    [
        "role_arn = arn:aws:iam::111122223333:role/A/Very/Long/Path/Of/More/Than/Forty/Characters9/Developer",
        "web_identity_token_file = /var/run/secrets/eks.amazonaws.com/serviceaccount/token",
        "sso_start_url = https://acme.awsapps.com/start",
        "sso_registration_scopes = sso:account:access",
        "credential_process = /opt/bin/aws-sso-token-helper --profile dev --token-file /x/y",
        "source_profile = base",
        "[profile token-dev]",
        "# ask Anna for the key",
    ],
)
def test_what_is_no_secret_is_shown_as_it_is(line: str) -> None:
    assert f"+{line}" in plan.diff(Edit(CONFIG, None, f"[profile x]\n{line}\n"), HOME)


def test_an_access_key_id_is_shown_by_its_ends() -> None:
    shown = plan.diff(Edit(CREDENTIALS, None, f"[dev]\naws_access_key_id = {KEY}\n# {KEY}\n"), HOME)
    assert "+aws_access_key_id = AKIA…MPLE\n+# AKIA…MPLE" in shown


def test_nothing_in_a_file_acts_on_the_terminal() -> None:
    shown = plan.diff(Edit(CONFIG, None, "[profile x]\nnote = \x1b[31mred\u202e\x07\udcff\n"), HOME)
    assert shown.replace("\n", "").isprintable()


def test_the_summary_is_json_with_every_secret_masked() -> None:
    texts = on("[profile dev]\nregion = a\nsso_session = s\n", "[dev]\naws_access_key_id = old\n")
    section = Section("config", "profile", "dev", {"region": "a", "ccsetup_kind": "mfa", "my_token": "hush"})
    change = plan.make("dev", "a", [section, keys()], texts, OWN)
    shown = plan.summary(change)
    assert json.loads(json.dumps(shown)) == [
        {
            "path": str(CONFIG),
            "section": "profile dev",
            "set": {"ccsetup_kind": "mfa", "my_token": redact.MASK},
            "remove": ["sso_session"],
        },
        {
            "path": str(CREDENTIALS),
            "section": "dev",
            "set": {"aws_access_key_id": "AKIA…MPLE", "aws_secret_access_key": redact.MASK},
            "remove": [],
        },
    ]
    assert SECRET not in repr(change) and "hush" not in str(shown)


def test_a_long_file_with_two_distant_changes_is_compared_at_once() -> None:
    many = "".join(f"[profile p{n}]\nregion = us-east-1\noutput = json\n\n" for n in range(3000))
    first = Section("config", "profile", "p1", {"region": "x"})
    change = plan.make("p1", "x", [first, role()], on(many))
    assert plan.diff(change.edits[0], HOME).count("@@") == 4


def test_every_sample_can_be_shown() -> None:
    for sample, id in zip(SAMPLES, IDS, strict=True):
        shown: Any = plan.diff(Edit(CONFIG, sample.text, "", sample.file), HOME)
        assert SECRET not in shown, id


@pytest.mark.parametrize("long", ["x" * 400_000, "a=" * 200_000, "aB3" * 200_000, "-token" * 60_000 + " hush"])
def test_a_line_without_end_is_shown_cut_and_keeps_nobody_waiting(long: str) -> None:
    began = time.monotonic()
    edit = Edit(Path("/srv/aws"), f"[a]\n# {long}\n", f"[a]\n# {long}\nb = 1\n", "config")
    shown = plan.diff(edit, HOME)
    assert time.monotonic() - began < 5
    assert len(shown) < 5000
    assert "hush" not in shown
    assert shown.endswith("+b = 1")


# ------------------------------------------------------------------ what a value has swallowed

TOKEN = "IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJHMEUCIQ=="
PROD = f"aws_access_key_id = AKIAI44QH8DHBEXAMPLE\n  aws_secret_access_key = {SECRET}\n"
SWALLOWING = {
    "a block below a token": (
        "credentials",
        f"[dev]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\naws_session_token = {TOKEN}\n  [prod]\n  {PROD}",
    ),
    "a comment and a blank line between": (
        "credentials",
        f"[dev]\naws_session_token = {TOKEN}\n  # Anna's\n\n  [prod]\n  {PROD}",
    ),
    "indented by a tab": ("credentials", f"[dev]\naws_session_token = {TOKEN}\n\t[prod]\n\t{PROD}"),
    "below the secret": ("credentials", f"[dev]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n  [prod]\n  {PROD}"),
    "below what goes": ("config", "[profile dev]\nrole_arn = r\n  [profile prod]\n  region = us-east-1\n"),
    "below an empty value": ("credentials", f"[dev]\naws_session_token =\n  [prod]\n  {PROD}"),
    "a sign-in": (
        "config",
        "[profile dev]\nrole_arn = r\n  [sso-session acme]\n  sso_start_url = https://acme.awsapps.com/start\n  sso_region = us-east-1\n",
    ),
    "services": ("config", "[profile dev]\nrole_arn = r\n  [services local]\n  s3 =\n    endpoint_url = http://localhost:1\n"),
    "a setting of its own": ("credentials", f"[dev]\naws_session_token = {TOKEN}\n  region = eu-west-1\n"),
    "another setting on the line": ("config", "[profile dev]\nsource_profile = b role_arn = r output = json\n"),
    "a block behind a joined token": ("credentials", f"[dev]\naws_session_token = {TOKEN[:-2]}\n  {TOKEN}\n  [prod]\n  {PROD}"),
}  # fmt: skip


@pytest.mark.parametrize("name", SWALLOWING)
def test_a_value_that_has_swallowed_something_else_is_not_written_over(name: str) -> None:
    file, text = SWALLOWING[name]
    texts = on(text) if file == "config" else on(None, text)
    with pytest.raises(Problem, match=r"^Line [2-7] of the AWS (config|credentials) file: ") as refused:
        plan.make("dev", "a", [Section("config", "profile", "dev", {"region": "a"}), keys()], texts, OWN)
    assert refused.value.next.endswith("ccsetup doctor --fix")
    assert refused.value.code in ("section.indented-key", "file.stray-line", "file.nested-block")
    assert SECRET not in f"{refused.value.what}{refused.value.why}{refused.value.next}"


def test_a_token_over_several_lines_is_the_values_own() -> None:
    text = f"[dev]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\naws_session_token = {TOKEN[:-2]}\n  {TOKEN}\n\n[x]\n"
    change = plan.make("dev", "a", [keys()], on(None, text), OWN)
    assert (
        after(change, "credentials") == f"[dev]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n\n[x]\n"
    )


# ------------------------------------------------------------------ what goes, counted and named

OTHER = "AKIAI44QH8DHBEXAMPLE"
GOES = [
    ("[dev]\na = 1\nrole_arn = r\nsource_profile = b\n", "[dev]\na = 1\n", ["removes 2 lines in [dev]: role_arn, source_profile"]),
    ("[dev]\na = 1\n", "[dev]\na = 2\nb = 1\n", []),
    (f"[dev]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n", "", [
        "removes 3 lines in [dev]: its header, aws_access_key_id AKIA…MPLE, aws_secret_access_key",
        "deletes the long-term access key AKIA…MPLE in [dev] (to restore it: ccsetup undo)"]),
    (f"[dev]\naws_access_key_id = {KEY}\n", f"[dev]\naws_access_key_id = {OTHER}\n", [
        "replaces the long-term access key AKIA…MPLE in [dev] (to restore it: ccsetup undo)"]),
    (f"[dev]\naws_access_key_id = {KEY}\n", f"[dev]\n# aws_access_key_id = {KEY}\n",
     ["comments out 1 line in [dev]: aws_access_key_id AKIA…MPLE"]),
    (f"[dev]\naws_session_token = {TOKEN}\n  [prod]\n  aws_access_key_id = {OTHER}\n  region = x\n", "[dev]\naws_session_token = x\n",
     ["removes 3 lines in [prod]: its header, aws_access_key_id AKIA…MPLE, region"]),
    (f"[dev]\naws_session_token = {TOKEN[:-2]}\n  {TOKEN}\n", "[dev]\n", ["removes 2 lines in [dev]: aws_session_token"]),
    ("[a]\nx = 1\n[b]\n# mine\ny = 1\n", "[a]\nx = 1\ny = 1\n", ["removes 2 lines in [b]: its header, a comment"]),
    ("# mine\n[a]\n", "[a]\n", ["removes 1 line before the first section: a comment"]),
    ("".join(f"[dev]\nk{n} = 1\n"[6 * (n > 0) :] for n in range(9)), "[dev]\n",
     ["removes 9 lines in [dev]: k0, k1, k2, k3, k4, k5, and 3 more"]),
]  # fmt: skip


@pytest.mark.parametrize(("before", "text", "told"), GOES)
def test_the_review_counts_what_goes_and_says_what_it_was(before: str, text: str, told: list[str]) -> None:
    shown = [f"{label} {what}" for label, what in removals.rows([Edit(CREDENTIALS, before, text, "credentials")])]
    assert shown == told
    assert SECRET not in str(shown) and TOKEN not in str(shown)


def test_a_section_below_a_token_is_shown_as_what_it_is() -> None:
    before = f"[dev]\naws_session_token = {TOKEN}\n  [prod]\n  aws_access_key_id = {OTHER}\n  aws_secret_access_key = {SECRET}\n"
    shown = plan.diff(Edit(CREDENTIALS, before, "[dev]\n", "credentials"), HOME)
    assert "-  [prod]\n-  aws_access_key_id = AKIA…MPLE\n-  aws_secret_access_key = ••••••••" in shown


def test_a_header_that_is_spelled_right_is_not_removed_but_one_that_goes_is() -> None:
    before = "[profil c]\nregion = us-west-2\n[profile d]\noutput = json\n"
    assert removals.of(Edit(Path("config"), before, before.replace("[profil c]", "[profile c]"), "config")) == []
    [gone] = removals.of(Edit(Path("config"), before, before.replace("[profile d]\n", ""), "config"))
    assert (gone.header, gone.says) == ("profile d", ("its header",))
