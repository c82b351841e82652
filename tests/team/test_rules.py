"""A profile's name as a pattern in a team file: filled from the file, else from each person's answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from script import Script
from test_team_setup import file, home, run

from ccsetup import access
from ccsetup.core import validate
from ccsetup.core.errors import BadAnswer, Missing
from ccsetup.team import file as team_file
from ccsetup.team import rules
from ccsetup.team.file import Refused

PATTERN = "acme-{account}-{role}"
ARN = "arn:aws:iam::111122223333:role/team/"
OPEN = """\
  [[default]]
  kind = sso
  sso_session = acme
  sso_start_url = https://acme.awsapps.com/start
  sso_region = us-east-1
  region = us-east-2
  profile = acme-{account}-{role}
"""


def entry(kind: str, profile: str, **answers: str) -> str:
    told = {"kind": kind, **answers, "profile": profile}
    return "  [[default]]\n" + "".join(f"  {key} = {value}\n" for key, value in told.items())


@pytest.mark.parametrize(("text", "name"), [
    (entry("role", PATTERN, role_arn=ARN + "Code@Work"), "acme-111122223333-Code-Work"),
    (entry("sso", "{session}_{role}", sso_session="acme", sso_role_name="Developer"), "acme_Developer"),
    (entry("sso", PATTERN, sso_role_name="Developer"), PATTERN),
    (entry("role", "acme-dev", role_arn=ARN + "X"), "acme-dev"),
])  # fmt: skip
def test_a_pattern_is_filled_as_soon_as_its_answers_are_there(text: str, name: str) -> None:
    found = team_file.read(file(text)).team
    assert found.entries[0].answers["profile"] == name
    assert team_file.read(team_file.text(found)).team == found


@pytest.mark.parametrize(("kind", "pattern", "says"), [
    ("sso", "acme-{user}", "Unknown placeholder {user} in a profile name for kind sso. Available: {account} {role} {session}."),
    ("role", "{session}-code", "Unknown placeholder {session} in a profile name for kind role. Available: {account} {role}."),
    ("keys", "acme-{account}", "Unknown placeholder {account} in a profile name for kind keys. Remove the placeholder."),
    ("sso", "acme-{account.__class__}", "Unknown placeholder {account.__class__} in"),
    ("sso", "acme-{{account}}", "needs a pair of braces. Use a name like acme-{account}."),
    ("sso", "acme-{account", "needs a pair of braces"),
    ("sso", "acme-{}", "Unknown placeholder {} in"),
    ("sso", "acme {account}", "can contain only letters, digits, and _.+=,- characters"),
    ("sso", "../{account}", "can contain only letters, digits"),
    ("sso", "-{account}", "can't start with a hyphen"),
    ("sso", "acme-" * 26 + "{account}", "can contain only letters, digits"),
    ("existing", "{account}", "Remove the placeholder"),
])  # fmt: skip
def test_a_place_that_nothing_fills_is_refused_with_those_there_are(kind: str, pattern: str, says: str) -> None:
    with pytest.raises(Refused) as refused:
        team_file.read(file(entry(kind, pattern)))
    assert says in refused.value.what
    assert "line 7, [access] [[default]] profile: " in refused.value.what


@given(st.text("{account}role-x_ @é", max_size=30), st.text(max_size=140), st.text(max_size=20))
def test_whatever_fills_it_the_name_is_one_that_every_tool_reads(text: str, role: str, account: str) -> None:
    try:
        pattern = rules.pattern(access.of("sso"), text)
    except BadAnswer:
        return
    name = rules.filled(pattern, {"sso_account_id": account, "sso_role_name": role})
    assert not name or validate.profile(name) == name


def test_what_a_person_chooses_names_the_profile_and_a_flag_wins(tmp_path: Path) -> None:
    around = home(tmp_path)
    chosen = (("sso_role_name", "Developer"), ("review", "go"))  # there is one account
    assert run(around, file(OPEN, ""), Script(*chosen)).document["profile"] == "acme-111122223333-Developer"
    flags = ("--sso-account-id", "111122223333", "--sso-role-name", "Developer")
    report = run(around, file(OPEN, ""), None, "--yes", *flags)
    assert (report.document["profile"], report.document["edits"]) == ("acme-111122223333-Developer", [])
    named = run(around, file(OPEN, ""), None, "--yes", "--profile", "mine", *flags)
    assert named.document["profile"] == "mine"


def test_what_is_missing_is_no_repository_where_the_file_names_one(tmp_path: Path) -> None:
    with pytest.raises(Missing, match=r"^Missing: --sso-account-id, --sso-role-name\.$"):
        run(home(tmp_path), file(OPEN), None, "--yes")
