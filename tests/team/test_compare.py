"""A computer compared with a team file: each difference once, on its line, with the access that mends it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from homes import KEYS, facts_of

from ccsetup.doctor.facts import Facts
from ccsetup.team import compare
from ccsetup.team.compare import Difference, Standing
from ccsetup.team.contents import Entry, Place, Team

DO = "ccsetup doctor --team team.ini --fix"
START = "https://acme.awsapps.com/start"
ANSWERS = {
    "sso_session": "acme", "sso_start_url": START, "sso_region": "us-east-1", "sso_account_id": "111122223333",
    "sso_role_name": "Developer", "region": "us-east-2", "profile": "acme-dev",
}  # fmt: skip
SSO = Entry("default", "Acme", "sso", ANSWERS)
ROLE = Entry(
    "role",
    "The role",
    "role",
    {"role_arn": "arn:aws:iam::111122223333:role/R", "source_profile": "acme-dev", "profile": "code"},
)
SESSION = f"[sso-session acme]\nsso_start_url = {START}\nsso_region = us-east-1\nsso_registration_scopes = sso:account:access\n"
PROFILE = "[profile acme-dev]\nsso_session = acme\nsso_account_id = 111122223333\nsso_role_name = Developer\nregion = us-east-2\n"
CODE = "[profile code]\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = acme-dev\nregion = us-east-2\n"


def found(
    text: str, *entries: Entry, places: tuple[Place, ...] = (), clones: Mapping[str, Standing] | None = None
) -> list[Difference]:
    team = Team("Acme", entries or (SSO,), places)
    return compare.differences(team, facts_of(text), {**{it.name: Standing() for it in places}, **(clones or {})}, DO)


def codes(differences: list[Difference]) -> list[tuple[str, str, int]]:
    return [(it.finding.code, it.finding.fix, it.finding.line) for it in differences]


def changed(**more: str) -> Entry:
    return SSO._replace(answers={**ANSWERS, **more})


def test_a_profile_that_is_as_the_file_says_has_no_difference() -> None:
    assert found(SESSION + PROFILE) == []
    assert found(SESSION.replace("acme]", "mine]") + PROFILE.replace("= acme\n", "= mine\n")) == []


@pytest.mark.parametrize(
    ("more", "code", "fix", "line", "says"),
    [
        ({"sso_start_url": "https://corp.awsapps.com/start"}, "team.sign-in", "ask", 2, f"acme-dev: sso_start_url is {START}, but"),
        ({"sso_region": "eu-west-1"}, "team.sign-in", "ask", 3, "acme-dev: sso_region is us-east-1, but the team file specifies eu-west-1."),
        ({"sso_account_id": "444455556666"}, "team.role", "ask", 7, "acme-dev: sso_account_id is 111122223333, but"),
        ({"sso_role_name": "Reader"}, "team.role", "ask", 8, "acme-dev: sso_role_name is Developer, but"),
        ({"region": "eu-west-1"}, "team.region", "auto", 9, "acme-dev: region is us-east-2, but the team file specifies eu-west-1."),
    ],
)  # fmt: skip
def test_a_setting_that_differs_is_told_on_its_line(
    more: dict[str, str], code: str, fix: str, line: int, says: str
) -> None:
    (one,) = found(SESSION + PROFILE, changed(**more))
    assert (one.finding.code, one.finding.fix, one.finding.line, one.finding.severity) == (code, fix, line, "hinders")
    assert one.finding.says.startswith(says)
    assert (one.finding.profile, one.finding.do, one.place) == ("acme-dev", DO, None)
    assert {**one.entry.answers} == {**one.entry.answers, **more, "profile": "acme-dev", "sso_session": "acme"}


@pytest.mark.parametrize("key", ["profile", "sso_session", "output", "via", "helper", "sso_registration_scopes"])
def test_what_is_ones_own_is_not_compared(key: str) -> None:
    assert found(SESSION + PROFILE, changed(**{key: "other"})) == []
    assert found(SESSION + PROFILE, changed(region="")) == []


def test_a_setting_that_is_not_there_is_told_on_the_profile() -> None:
    (one,) = found(SESSION + PROFILE.replace("region = us-east-2\n", ""))
    assert one.finding.says == "acme-dev: region is not set, but the team file specifies us-east-2."
    assert (one.finding.code, one.finding.line) == ("team.region", 0)


def test_another_kind_of_access_is_told_as_such() -> None:
    (one,) = found(f"[profile acme-dev]\n{KEYS}region = us-east-2\n")
    assert codes([one]) == [("team.kind", "ask", 1)]
    assert one.finding.says.startswith('acme-dev: the kind of access is "Temporary credentials", ')
    assert "but the team file specifies " in one.finding.says
    assert one.entry.answers == ANSWERS
    (one,) = found("[profile acme-dev]\noutput = json\n")
    assert 'the kind of access is "unknown"' in one.finding.says


@pytest.mark.parametrize(("profile", "called"), [("acme-dev", "acme-dev"), ("", "Acme"), ("acme-{role}", "Acme")])
def test_an_access_that_is_not_set_up_is_told_by_its_name(profile: str, called: str) -> None:
    (one,) = found("", changed(profile=profile))
    assert (one.finding.code, one.finding.fix) == ("team.profile", "auto")
    assert one.finding.says == f"{called} is in the team file but isn't set up on this computer."


def test_a_profile_under_another_name_with_the_same_settings_is_the_one() -> None:
    text = SESSION + PROFILE.replace("acme-dev", "mine")
    assert found(text) == []
    (one,) = found(text, changed(sso_role_name="Reader"))
    assert one.finding.code == "team.profile"
    bare = Entry("default", "Acme", "sso", {"profile": "nobody"})
    assert [it.finding.code for it in found(text, bare)] == ["team.profile"]


def test_only_what_is_set_up_or_named_by_a_repository_is_wanted() -> None:
    other = Entry("other", "Other", "sso", {**ANSWERS, "profile": "other", "sso_role_name": "Reader"})
    assert found(SESSION + PROFILE, SSO, other) == []
    assert [
        it.finding.code
        for it in found(SESSION + PROFILE.replace("acme-dev", "other").replace("Developer", "Reader"), SSO, other)
    ] == []
    assert [it.entry.name for it in found("", SSO, other)] == ["default"]
    named = (Place("Demo", access="other"),)
    there = {"Demo": Standing(True, True, "other", "us-east-2")}
    assert [it.entry.name for it in found(SESSION + PROFILE, SSO, other, places=named, clones=there)] == ["other"]


def test_the_source_of_a_role_comes_with_it_and_is_not_wanted_alone() -> None:
    both = [it.entry.name for it in found("", SSO, ROLE)]
    assert both == ["default", "role"]
    assert found(SESSION + PROFILE + CODE, SSO, ROLE) == []
    assert [it.entry.name for it in found(SESSION + PROFILE, SSO, ROLE)] == ["role"]


# ------------------------------------------------------------------ repositories


def test_repositories_that_are_not_cloned_are_one_finding_with_a_difference_each() -> None:
    places = tuple(Place(f"r{n}") for n in range(10))
    all_ten = found(SESSION + PROFILE, places=places)
    assert [it.place and it.place.name for it in all_ten] == [place.name for place in places]
    (finding,) = {it.finding.says: it.finding for it in all_ten}.values()
    assert finding.says == (
        "The team file lists 10 repositories that you haven't cloned here: r0, r1, r2, r3, r4, r5, r6, r7 and 2 more."
    )
    assert (finding.code, finding.fix) == ("team.repository", "auto")
    (one,) = found(SESSION + PROFILE, places=(Place("Demo", "work/demo"),))
    assert one.finding.says == "The team file lists 1 repository that you haven't cloned here: work/demo."
    assert one.place is not None
    assert one.place.access == "default"
    eight = found(SESSION + PROFILE, places=places[:8])
    assert eight[0].finding.says.endswith("r6, r7.")


@pytest.mark.parametrize(
    ("there", "region", "code", "says"),
    [
        (Standing(True), "", "team.repository", "./Demo already exists but isn't a clone of Demo."),
        (Standing(True, True, "acme-dev", "us-east-2"), "", "", ""),
        (Standing(True, True, "", ""), "us-east-2", "", ""),
        (Standing(True, True, "mine", "us-east-2"), "", "team.remote", "./Demo uses the profile mine, but the team file specifies acme-dev."),
        (Standing(True, True, "acme-dev", "eu-west-1"), "us-east-2", "team.remote", "./Demo uses the region eu-west-1, but the team file specifies us-east-2."),
        (Standing(True, True, "acme-dev", "us-east-2"), "us-east-2", "", ""),
        (Standing(True, True, "acme-dev", "eu-west-1"), "", "", ""),
    ],
)  # fmt: skip
def test_a_clone_is_compared_by_profile_and_region(there: Standing, region: str, code: str, says: str) -> None:
    differences = found(SESSION + PROFILE, places=(Place("Demo", region=region),), clones={"Demo": there})
    assert [(it.finding.code, it.finding.says) for it in differences] == ([(code, says)] if code else [])
    assert all(it.finding.fix == ("auto" if it.finding.code == "team.remote" else "tell") for it in differences)


def test_a_session_whose_sign_in_moved_is_named() -> None:
    facts: Facts = facts_of(SESSION + PROFILE)
    moved = compare.differences(Team("Acme", (changed(sso_region="eu-west-1"),)), facts, {}, DO)
    assert compare.moved(moved, facts) == {"acme"}
    role = compare.differences(Team("Acme", (changed(sso_role_name="Reader"),)), facts, {}, DO)
    assert compare.moved(role, facts) == frozenset()
