"""Single values as people write them in other places: comments, quotes, commas, colons and names that are nearly right."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from homes import KEY, KEYS, facts_of

from ccsetup.awsfiles.settings import meant
from ccsetup.core.model import FileName
from ccsetup.doctor import repair
from ccsetup.doctor.checks import values
from ccsetup.doctor.facts import Facts
from ccsetup.doctor.findings import Finding

A = "[profile a]\n"
Check = Callable[[Facts], Iterator[Finding]]


def found(check: Check, text: str, file: FileName = "config") -> list[Finding]:
    return list(check(facts_of(text) if file == "config" else facts_of(None, text)))


def mended(check: Check, text: str, file: FileName = "config") -> str:
    """Return the text after the only remedy of its only finding."""
    facts = facts_of(text) if file == "config" else facts_of(None, text)
    (finding,) = check(facts)
    (remedy,) = finding.remedies
    after = repair.of(facts).plus([remedy]).facts.texts
    return (after.config if file == "config" else after.credentials) or ""


@pytest.mark.parametrize(
    ("line", "says", "spelled"),
    [
        ("region: us-east-1", "region has a colon instead of =.", "region = us-east-1"),
        ("region : us-east-1", "region has a colon instead of =.", "region = us-east-1"),
        ("mine: 1 = 2", "mine has a colon instead of =.", "mine = 1 = 2"),
    ],
)
@pytest.mark.parametrize("before", ["", "output = json\n", "s3 =\n  max_queue_size = 5\n"])
def test_a_colon_is_read_by_awss_python_tools_alone(line: str, says: str, spelled: str, before: str) -> None:
    (it,) = found(values.dialect, f"{A}{before}{line}\n")
    assert (it.code, it.severity, it.fix, it.says, it.profile) == ("file.stray-line", "note", "ask", says, "a")
    assert it.line == 2 + before.count("\n")
    assert mended(values.dialect, f"{A}{before}{line}\n") == f"{A}{before}{spelled}\n"


def test_a_space_in_a_name_is_told_and_nothing_is_changed() -> None:
    (it,) = found(values.dialect, f"{A}my name = 1\n")
    assert (it.says, it.fix, it.remedies, it.line) == ("The setting `my name` has a space in its name.", "tell", (), 2)
    (it,) = found(values.dialect, f"[a]\nmy name = 1\n{KEYS}", "credentials")
    assert it.line == 2


@pytest.mark.parametrize(
    "text",
    [
        f"{A}role_arn = arn:aws:iam::111122223333:role/X\n",
        f"{A}# region: us-east-1\n; my name = 1\nregion = us-east-1\n",
        f"{A}s3 =\n  endpoint_url = http://localhost:8000\n",
        "[mytool]\nlevel: 1\n",
        f"{A}credential_process = /usr/bin/keys --as me=x\n",
        "",
    ],
)
def test_colons_and_spaces_inside_of_values_are_fine(text: str) -> None:
    assert found(values.dialect, text) == []


@pytest.mark.parametrize(
    ("line", "after", "severity", "fix"),
    [
        ("region = us-east-1 # home", "# home\nregion = us-east-1", "stops", "auto"),
        ("region = us-east-1\t; home", "; home\nregion = us-east-1", "stops", "auto"),
        ("output = json # x", "# x\noutput = json", "hinders", "auto"),
        ("mine = x # y", "# y\nmine = x", "note", "ask"),
        ("s3 =\n  max_queue_size = 5 # x", "s3 =\n  # x\n  max_queue_size = 5", "hinders", "auto"),
    ],
)
def test_a_comment_after_a_value_goes_above_it(line: str, after: str, severity: str, fix: str) -> None:
    (it,) = found(values.values, f"{A}{line}\n")
    assert (it.code, it.fix, it.line) == ("value.inline-comment", fix, 1 + len(line.split("\n")))
    assert it.severity == severity
    assert mended(values.values, f"{A}{line}\n") == f"{A}{after}\n"


@pytest.mark.parametrize(
    ("key", "value", "comment"),
    [
        ("region", "us-east-1 # home", " # home"),
        ("region", "us-east-1 ;home", " ;home"),
        ("region", "us-east-1#home", ""),
        ("region", "# home", "# home"),
        ("credential_process", "keys '# not' x", ""),
        ("credential_process", "keys '# not' # but this", " # but this"),
        ("cli_pager", 'less "# x"', ""),
        ("region", "us-east-1", ""),
        ("region", "it's # home", " # home"),
    ],
)
def test_a_comment_begins_after_a_blank_and_outside_of_quotes(key: str, value: str, comment: str) -> None:
    assert values.behind(key, value) == comment


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ('region = "us-east-1"', "region = us-east-1"),
        ("region = 'us-east-1'", "region = us-east-1"),
        ('region = us-east-1"', "region = us-east-1"),
        ('region="us-east-1"', "region=us-east-1"),
    ],
)
def test_quotes_around_a_value_are_removed(line: str, after: str) -> None:
    (it,) = found(values.values, f"{A}output = json\n{line}\n")
    assert (it.code, it.severity, it.fix, it.line, it.profile) == ("value.quoted", "stops", "auto", 3, "a")
    assert mended(values.values, f"{A}output = json\n{line}\n") == f"{A}output = json\n{after}\n"


@pytest.mark.parametrize("line", ["mine = 'x'", "region = it's", 'region = "', 'credential_process = "/my keys" x'])
def test_quotes_that_may_belong_to_a_value_stay(line: str) -> None:
    assert [it for it in found(values.values, f"{A}{line}\n") if it.code == "value.quoted"] == []


def test_quotes_before_a_comment_are_both_found() -> None:
    both = found(values.values, f'{A}region = "us-east-1" # home\n')
    assert [it.code for it in both] == ["value.inline-comment", "value.quoted"]


@pytest.mark.parametrize(
    ("line", "after"), [("output = json,", "output = json"), ("output = json ; ", "output = json")]
)
def test_a_comma_at_the_end_is_removed(line: str, after: str) -> None:
    (it,) = found(values.commas, f"{A}{line}\n")
    assert (it.code, it.line, it.fix) == ("value.quoted", 2, "auto")
    assert it.says == f"The {line.strip()[-1]} at the end of output is read as part of the value."
    assert mended(values.commas, f"{A}{line}\n") == f"{A}{after}\n"


@pytest.mark.parametrize("line", ["mine = x,", "credential_process = keys a;", "output = json"])
def test_a_comma_that_may_belong_to_a_value_stays(line: str) -> None:
    assert found(values.commas, f"{A}{line}\n") == []


def test_a_comma_is_part_of_the_name_of_a_profile_that_is_there() -> None:
    role = "role_arn = arn:aws:iam::111122223333:role/X\nsource_profile = b,\n"
    assert [it.line for it in found(values.commas, f"{A}{role}")] == [3]
    assert found(values.commas, f"{A}{role}[profile b,]\nregion = us-east-1\n") == []


@pytest.mark.parametrize(
    ("line", "right"),
    [
        ("aws_access_key = X", "aws_access_key_id = X"),
        ("aws-secret-access-key=X", "aws_secret_access_key=X"),
        ("regoin = us-east-1", "region = us-east-1"),
        ("  rolearn : X", "  role_arn : X"),
        ("source_profil = x", "source_profile = x"),
        ("sso_strat_url = x", "sso_start_url = x"),
    ],
)
def test_a_name_that_is_nearly_right_is_asked_about(line: str, right: str) -> None:
    text = f"{A}{line.lstrip()}\n" if not line.startswith(" ") else f"{A}{line}\n"
    (it,) = found(values.misspelt, text)
    assert (it.code, it.severity, it.fix, it.line) == ("file.stray-line", "hinders", "ask", 2)
    assert mended(values.misspelt, text) == f"{A}{right}\n"


@pytest.mark.parametrize(
    "text",
    [
        f"{A}regoin = us-east-1\nregion = us-east-2\n",
        f"{A}mine = 1\n",
        "[mytool]\nregoin = us-east-1\n",
        f"{A}region = us-east-1\n",
    ],
)
def test_a_name_that_is_right_foreign_or_there_already_is_not_asked_about(text: str) -> None:
    assert found(values.misspelt, text) == []


def test_a_key_in_the_credentials_file_is_found_there() -> None:
    (it,) = found(values.misspelt, f"[a]\naccess_key_id = {KEY}\n", "credentials")
    assert it.path is not None
    assert (it.path.name, it.profile) == ("credentials", "a")


def test_spaces_within_a_value_are_looked_at_once() -> None:
    text = f"{A}source_profile = a{' ' * 400_000}b\nrole_arn = x # c\n"
    (finding,) = found(values.values, text)
    assert (finding.code, finding.line) == ("value.inline-comment", 3)
    assert meant(f"a{' ' * 400_000}b").endswith("b")
    assert [*facts_of(text).named] == [f"a{' ' * 400_000}b"]
