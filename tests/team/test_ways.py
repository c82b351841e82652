"""Repositories by access: what each way in reaches, who is offered what, and the new keys as they are read and written."""

from __future__ import annotations

import pytest
from homes import facts_of
from test_profile_patterns import ACCOUNTS, role, sso

from ccsetup.team import compare, ways
from ccsetup.team import file as team_file
from ccsetup.team.compare import Standing
from ccsetup.team.contents import Entry, Place, Team

CODE, DATA, WEB = ACCOUNTS

# Staff sign in once for three accounts; contractors assume a role in two of them with their own keys.
ENTRIES = (
    sso("staff", CODE), sso("staff-data", DATA), sso("staff-web", WEB, "Viewer"),
    role("contractor", CODE, profile="c-code"), role("contractor-web", WEB, profile="c-web"),
)  # fmt: skip
PLACES = """\
[[shared]]
access = staff, contractor
[[reports]]
access = staff-data
[[site]]
access = contractor-web, staff-web
[[handbook]]
"""


def team(places: str = PLACES, entries: tuple[str, ...] = ENTRIES, version: str = "2") -> Team:
    text = f"version = {version}\nname = Acme\n[access]\n{''.join(entries)}[repositories]\n{places}"
    return team_file.read(text).team


def reached(there: Team, name: str) -> dict[str, str]:
    (entry,) = (it for it in there.entries if it.name == name)
    return dict(ways.reached(there, entry, there.repositories))


def offered(there: Team) -> list[str]:
    return [entry.name for entry in ways.offered(there)]


def test_each_person_gets_what_their_way_in_reaches() -> None:
    assert reached(team(), "staff") == {
        "shared": "staff", "reports": "staff-data", "site": "staff-web", "handbook": "staff",
    }  # fmt: skip
    assert reached(team(), "contractor") == {"shared": "contractor", "site": "contractor-web", "handbook": "contractor"}


def test_one_of_each_start_is_offered() -> None:
    assert offered(team()) == ["staff", "contractor"]


@pytest.mark.parametrize(("places", "entries", "ways_in"), [
    ("[[x]]\n", (sso("a"), sso("b", DATA)), ["a", "b"]),  # no repository names them: each is a choice of its own
    ("[[x]]\naccess = a\n[[y]]\naccess = b\n", (sso("a"), sso("b", DATA)), ["a"]),
    ("[[x]]\naccess = a\n[[y]]\naccess = b\n", (sso("a"), role("b")), ["a", "b"]),
    ("[[x]]\naccess = b\n", (sso("a", profile="base"), role("b", source_profile="base")), ["b"]),
    ("[[x]]\naccess = b, c\n", (role("b", source_profile="one"), role("c", DATA, source_profile="two")), ["b", "c"]),
    ("[[x]]\naccess = b, c\n", (role("b"), role("c", DATA)), ["b"]),
    ("[[x]]\naccess = b, c\n", (role("b"), role("c", DATA, credential_source="EcsContainer")), ["b", "c"]),
    ("[[x]]\naccess = a, b\n", (sso("a"), sso("b", sso_start_url="https://corp.awsapps.com/start", sso_session="corp")), ["a", "b"]),
])  # fmt: skip
def test_what_is_offered_depends_on_what_an_access_starts_from(
    places: str, entries: tuple[str, ...], ways_in: list[str]
) -> None:
    assert offered(team(places, entries)) == ways_in


def test_a_role_from_the_sign_in_of_the_file_starts_from_that() -> None:
    there = team("[[x]]\naccess = a\n[[y]]\naccess = b\n", (sso("a", profile="base"), role("b", source_profile="base")))
    assert {*ways.starts(there).values()} == {("sso", "https://acme.awsapps.com/start")}
    assert reached(there, "b") == {"x": "a", "y": "b"}


def test_an_access_may_list_its_repositories() -> None:
    listed = (sso("staff", CODE, repositories="shared, handbook"), role("contractor", CODE, repositories="shared,site"))
    there = team("[[shared]]\ndirectory = s\n", listed)
    assert [(it.name, it.accesses, it.folder) for it in there.repositories] == [
        ("shared", ("staff", "contractor"), "s"), ("handbook", ("staff",), "handbook"), ("site", ("contractor",), "site"),
    ]  # fmt: skip
    assert reached(there, "contractor") == {"shared": "contractor", "site": "contractor"}
    both = team("[[shared]]\naccess = contractor\n", (sso("staff", repositories="shared"), role("contractor")))
    assert both.repositories[0].accesses == ("contractor", "staff")


def test_two_sections_may_have_the_same_repository() -> None:
    there = team("[[api-eu]]\nrepository = api\nregion = eu-west-1\n[[api]]\n")
    assert [(it.name, it.repo, it.folder, it.region) for it in there.repositories] == [
        ("api-eu", "api", "api-eu", "eu-west-1"), ("api", "api", "api", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(("made", "version"), [
    (Team("Acme", (Entry("default", "x", "sso", {}),), (Place("a"), Place("b", access="default"))), "1"),
    (Team("Acme", (Entry("default", "x", "sso", {}),), (Place("a", repository="b"),)), "2"),
    (Team("Acme", (Entry("default", "x", "sso", {}), Entry("b", "y", "sso", {})), (Place("a", access="default, b"),)), "2"),
    (Team("Acme", (Entry("default", "x", "sso", {}),), (Place("a", access="default"),), version="2"), "2"),
])  # fmt: skip
def test_a_file_is_written_with_version_1_where_that_is_enough(made: Team, version: str) -> None:
    text = team_file.text(made)
    assert text.startswith(f"version = {version}\n")
    assert team_file.read(text).team == made._replace(version=version)


@pytest.mark.parametrize("version", ["1", "2"])
def test_what_version_1_can_say_means_the_same_where_all_start_from_one_sign_in(version: str) -> None:
    there = team("[[x]]\n[[y]]\naccess = b\n", (sso("default"), sso("b", DATA)), version)
    assert reached(there, "default") == {"x": "default", "y": "b"}
    assert offered(there)[0] == "default"


def test_a_file_with_version_1_is_as_it_was_and_sets_up_the_access_of_a_repository_for_everyone() -> None:
    there = team("[[x]]\n[[y]]\naccess = b\n", (sso("default"), role("b")), "1")
    assert (reached(there, "default"), offered(there)) == ({"x": "default", "y": "b"}, ["default"])
    assert (reached(team("[[x]]\n[[y]]\naccess = b\n", (sso("default"), role("b"))), "default")) == {"x": "default"}


SESSION = "[sso-session acme]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = us-east-1\nsso_registration_scopes = sso:account:access\n"
STAFF = f"[profile dev]\nsso_session = acme\nsso_account_id = {CODE}\nsso_role_name = Developer\nregion = us-east-2\n"
ROLE = "[profile {}]\nrole_arn = arn:aws:iam::{}:role/Developer\nsource_profile = mine\nregion = us-east-2\n"
CONTRACTOR = ROLE.format("c-code", CODE) + ROLE.format("c-web", WEB)


def missing(text: str, of: Team | None = None, **clones: Standing) -> list[tuple[str, str]]:
    there = of or team()
    standing = {it.name: clones.get(it.name, Standing()) for it in there.repositories}
    found = compare.differences(there, facts_of(text), standing, "run this")
    return [(it.place.name if it.place else "", it.entry.name) for it in found]


def test_the_doctor_misses_what_the_way_in_of_this_computer_reaches_and_nothing_else() -> None:
    assert missing(CONTRACTOR) == [("shared", "contractor"), ("site", "contractor-web"), ("handbook", "contractor")]
    staff = missing(SESSION + STAFF)
    assert [it for it in staff if it[0]] == [
        ("shared", "staff"), ("reports", "staff-data"), ("site", "staff-web"), ("handbook", "staff"),
    ]  # fmt: skip
    assert [it[1] for it in staff if not it[0]] == ["staff-data", "staff-web"]


def test_a_clone_of_one_way_in_is_no_difference_for_who_has_two() -> None:
    used = {"shared": "dev", "site": "c-web", "handbook": "c-code"}
    clones = {name: Standing(True, True, profile, "us-east-2") for name, profile in used.items()}
    assert [it for it in missing(SESSION + STAFF + CONTRACTOR, **clones) if it[0]] == [("reports", "staff-data")]


@pytest.mark.long
def test_the_largest_file_is_understood() -> None:
    names = [f"a{n}" for n in range(50)]
    entries = tuple(role(it, f"{n:012}", profile=it, source_profile=f"s{n}") for n, it in enumerate(names))
    there = team("".join(f"[[r{n}]]\naccess = {','.join(names)}\n" for n in range(500)), entries)
    assert len(offered(there)) == 50
    assert ("r0", "a0") in missing("".join(ROLE.format(it, f"{n:012}") for n, it in enumerate(names)), there)
