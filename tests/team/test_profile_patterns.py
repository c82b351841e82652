"""Two accesses never end in one profile: what the file gives is refused, what is derived gets the account."""

from __future__ import annotations

import pytest

from ccsetup.team import file as team_file
from ccsetup.team import profiles
from ccsetup.team.contents import Entry
from ccsetup.team.file import Refused

ACCOUNTS = ("111122223333", "444455556666", "777788889999")


def sso(name: str, account: str = ACCOUNTS[0], role: str = "Developer", **more: str) -> str:
    told = {
        "kind": "sso", "sso_session": "acme", "sso_start_url": "https://acme.awsapps.com/start", "sso_region": "us-east-1",
        "sso_account_id": account, "sso_role_name": role, "region": "us-east-2", **more,
    }  # fmt: skip
    return f"[[{name}]]\n" + "".join(f"{key} = {value}\n" for key, value in told.items())


def role(name: str, account: str = ACCOUNTS[0], **more: str) -> str:
    told = {"kind": "role", "role_arn": f"arn:aws:iam::{account}:role/Developer", "region": "us-east-2", **more}
    return f"[[{name}]]\n" + "".join(f"{key} = {value}\n" for key, value in told.items())


def faults(*entries: str) -> list[str]:
    try:
        team_file.read(f"version = 1\nname = Acme\n[access]\n{''.join(entries)}")
    except Refused as refused:
        return list(map(str, refused.faults))
    return []


def entries(*each: str) -> tuple[Entry, ...]:
    return team_file.read(f"version = 1\nname = Acme\n[access]\n{''.join(each)}").team.entries


@pytest.mark.parametrize(("second", "says"), [
    (sso("b", ACCOUNTS[1], profile="acme"), "line 21, [access] [[b]] profile: [[a]] has the same profile"),
    (sso("b", role="ReadOnly", profile="acme"), "[access] [[b]] profile: [[a]] has the same profile"),
    (sso("b", region="eu-west-1", profile="acme"), "for example, acme-2."),
    (role("b", ACCOUNTS[1], profile="acme"), "[access] [[b]] profile: [[a]] has the same profile"),
    (sso("b", ACCOUNTS[1], profile="{session}"), "[access] [[b]] profile: [[a]] has the same profile"),
    ("[[b]]\nkind = existing\nprofile = acme\n", "[access] [[b]] profile: [[a]] has the same profile"),
    ("[[b]]\nkind = keys\nprofile = acme\n", "[access] [[b]] profile: [[a]] has the same profile"),
])  # fmt: skip
def test_one_profile_for_two_accesses_is_refused_with_its_line(second: str, says: str) -> None:
    (told,) = faults(sso("a", profile="acme"), second)
    assert says in told


def test_every_access_that_takes_the_name_of_the_first_one_is_told() -> None:
    three = faults(sso("a", profile="acme"), sso("b", ACCOUNTS[1], profile="acme"), sso("c", ACCOUNTS[2], profile="x"))
    assert len(three) == 1
    four = [sso(name, account, profile="acme") for name, account in zip("abc", ACCOUNTS, strict=True)]
    assert {it.split(" profile:")[0].split()[-1] for it in faults(*four)} == {"[[b]]", "[[c]]"}


@pytest.mark.parametrize("second", [
    sso("b", profile="acme", label="The same"),
    sso("b", profile="acme", via="credential-helper"),
    sso("b", ACCOUNTS[1], profile="acme-b"),
    sso("b", ACCOUNTS[1], profile="Acme"),
    sso("b", ACCOUNTS[1]),
    role("b", ACCOUNTS[1], source_profile="acme"),
])  # fmt: skip
def test_names_that_do_no_harm_are_left(second: str) -> None:
    assert faults(sso("a", profile="acme"), second) == []


def test_two_ways_to_an_existing_profile_write_nothing_and_may_share_it() -> None:
    one = "[[{}]]\nkind = existing\nprofile = mine\nregion = {}\n"
    assert faults(one.format("a", "us-east-2"), one.format("b", "eu-west-1")) == []


@pytest.mark.parametrize(("first", "second", "says"), [
    ({}, {"sso_start_url": "https://corp.awsapps.com/start"}, "[[a]] uses this sso-session with another start URL. Use a name like acme-2."),
    ({}, {"sso_region": "eu-west-1"}, "[[a]] uses this sso-session with another region."),
    ({"legacy": "yes"}, {"sso_region": "eu-west-1"}, ""),
    ({}, {"sso_session": "corp", "sso_region": "eu-west-1"}, ""),
])  # fmt: skip
def test_one_sso_session_has_one_sign_in(first: dict[str, str], second: dict[str, str], says: str) -> None:
    told = faults(sso("a", profile="one", **first), sso("b", profile="two", **second))
    assert (len(told), says in " ".join(told)) == (int(bool(says)), True)


@pytest.mark.parametrize("chain", [
    [role("a", profile="x", source_profile="x")],
    [role("a", profile="x", source_profile="y"), role("b", profile="y", source_profile="x")],
    [role("a", profile="x", source_profile="y"), role("b", profile="y", source_profile="z"), role("c", profile="z", source_profile="x")],
])  # fmt: skip
def test_a_chain_that_leads_back_is_refused_once(chain: list[str]) -> None:
    (told,) = faults(*chain)
    assert "[[a]] source_profile: The chain of source profiles leads back to this access" in told


def test_derived_names_get_the_account_where_two_are_equal_and_stay_short_where_not() -> None:
    assert profiles.names(entries(sso("a"), sso("b", ACCOUNTS[1]), sso("c", role="ReadOnly"))) == {
        "a": f"acme-developer-{ACCOUNTS[0]}", "b": f"acme-developer-{ACCOUNTS[1]}", "c": "acme-readonly",
    }  # fmt: skip
    assert profiles.names(entries(sso("a"), role("b"))) == {"a": "acme-developer", "b": "Developer"}
    assert profiles.names(entries(role("a"), role("b", ACCOUNTS[1]), role("c", ACCOUNTS[2]))) == {
        name: f"Developer-{account}" for name, account in zip("abc", ACCOUNTS, strict=True)
    }


def test_a_derived_name_makes_way_for_a_given_one() -> None:
    assert profiles.names(entries(sso("a", profile="acme-developer"), sso("b", ACCOUNTS[1]))) == {
        "a": "acme-developer", "b": f"acme-developer-{ACCOUNTS[1]}",
    }  # fmt: skip


def test_the_region_follows_where_the_account_is_the_same_too() -> None:
    assert profiles.names(entries(sso("a"), sso("b", region="eu-west-1"))) == {
        "a": f"acme-developer-{ACCOUNTS[0]}-us-east-2", "b": f"acme-developer-{ACCOUNTS[0]}-eu-west-1",
    }  # fmt: skip


def test_a_name_that_depends_on_a_persons_answers_is_not_known() -> None:
    assert profiles.names(entries("[[a]]\nkind = sso\n", "[[b]]\nkind = mfa\n", role("c", profile="x-{role}"))) == {
        "a": "", "b": "", "c": "x-Developer",
    }  # fmt: skip
