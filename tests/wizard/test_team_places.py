"""`team export` of several profiles: which of them reaches which repository, and where, is found out and written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from script import FakeAws, FakeGit
from test_team_setup import BASE, home, shown

from ccsetup.cli import parser
from ccsetup.cli.commands import team
from ccsetup.core.context import Context, Sighting
from ccsetup.core.errors import Problem
from ccsetup.core.model import Repository, Who
from ccsetup.team import file as team_file
from ccsetup.team.contents import Team

CODE, DATA, WEB = "111122223333", "444455556666", "777788889999"
SESSION = "[sso-session acme]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = us-east-1\n"
SSO = "[profile {}]\nsso_session = acme\nsso_account_id = {}\nsso_role_name = Developer\nregion = {}\n"
ROLE = "[profile {}]\nrole_arn = arn:aws:iam::{}:role/Contractor\nsource_profile = base\nregion = us-east-2\n"
CONFIG = SESSION + "".join([
    SSO.format("code", CODE, "us-east-2"), SSO.format("data", DATA, "us-east-2"), SSO.format("web", WEB, "eu-west-1"),
    ROLE.format("contract", CODE), ROLE.format("contract-web", WEB),
])  # fmt: skip
IN = {"code": CODE, "contract": CODE, "data": DATA, "web": WEB, "contract-web": WEB}
THERE = {(CODE, "us-east-2", "shared"), (DATA, "us-east-2", "reports"), (WEB, "eu-west-1", "site"),
         (CODE, "us-east-2", "api"), (DATA, "us-east-2", "api"), (CODE, "eu-central-1", "handbook")}  # fmt: skip


@dataclass
class Aws(FakeAws):
    """Has each repository in one account and region."""

    there: frozenset[tuple[str, str, str]] = frozenset(THERE)
    ended: frozenset[str] = frozenset()
    looked: list[str] = field(default_factory=list)

    def sightings(self, places: Sequence[Who], name: str, counted: object = None) -> Sequence[Sighting]:
        self.looked += [who.profile for who in places]
        return [self._sighting(who.profile, who.region, name) for who in places]

    def _sighting(self, profile: str, region: str, name: str) -> Sighting:
        if profile in self.ended:
            return Sighting(profile, region, refused=Problem("The sign-in expired.", code="sso.expired"))
        if (IN[profile], region, name) in self.there:
            return Sighting(profile, region, Repository(name, region, IN[profile], "main"))
        return Sighting(profile, region, refused=Problem("There is none.", code="access.repository"))


def around(tmp_path: Path, origins: Mapping[str, str] | None = None, **aws: object) -> Context:
    there = home(tmp_path, CONFIG, BASE)
    for name in origins or {}:
        (there.cwd / name / ".git").mkdir(parents=True)
    git = FakeGit(origins={name.rpartition("/")[2]: url for name, url in (origins or {}).items()})
    return replace(there, aws=Aws(**aws), git=git)  # type: ignore[arg-type]


def export(there: Context, *words: str) -> Team:
    report = team.main(parser.parsed(["team", "export", *words]), lambda: there)
    assert report.exit_code == 0
    return team_file.read(report.document["text"]).team


def repos(*names: str) -> list[str]:
    return [word for name in names for word in ("--repo", name)]


def told(found: Team) -> list[tuple[str, str, str]]:
    return [(it.name, it.access, it.region) for it in found.repositories]


def test_profiles_of_one_sign_in_get_their_own_repositories_in_version_1(tmp_path: Path) -> None:
    found = export(around(tmp_path), "code", "data", "web", *repos("shared", "reports", "site"))
    assert found.version == "1"
    assert told(found) == [("shared", "", ""), ("reports", "data", ""), ("site", "web", "")]


def test_the_region_is_written_where_the_profile_has_another(tmp_path: Path) -> None:
    assert told(export(around(tmp_path), "code", "data", *repos("handbook"))) == [("handbook", "", "eu-central-1")]


def test_two_kinds_get_what_each_reaches_in_version_2(tmp_path: Path) -> None:
    names = ("code", "data", "contract")
    found = export(around(tmp_path), *names, *repos("shared", "reports", "handbook"))
    assert (found.version, told(found)) == (
        "2", [("shared", "default, contract", ""), ("reports", "data", ""), ("handbook", "default, contract", "eu-central-1")],
    )  # fmt: skip


def test_what_all_of_them_reach_names_none(tmp_path: Path) -> None:
    assert told(export(around(tmp_path), "code", "contract", *repos("shared"))) == [("shared", "", "")]


def test_one_name_in_two_accounts_becomes_two_sections(tmp_path: Path) -> None:
    found = export(around(tmp_path), "code", "data", *repos("api"))
    assert [(it.name, it.repo, it.access, it.folder) for it in found.repositories] == [
        ("api", "api", "", "api"), ("api-us-east-2", "api", "data", "api-us-east-2"),
    ]  # fmt: skip


def test_what_none_reaches_is_told_and_kept(tmp_path: Path) -> None:
    there = around(tmp_path)
    assert told(export(there, "code", "data", *repos("nosuch", "shared"))) == [("nosuch", "", ""), ("shared", "", "")]
    assert "AWS confirmed for none of these profiles that it can read nosuch" in shown(there)


def test_a_profile_that_has_to_sign_in_is_told_once(tmp_path: Path) -> None:
    there = around(tmp_path, ended=frozenset({"data"}))
    export(there, "code", "data", *repos("shared", "reports"))
    assert shown(there).count("Couldn't check what data reaches: The sign-in expired.") == 1


def test_one_profile_alone_asks_aws_nothing(tmp_path: Path) -> None:
    there = around(tmp_path)
    assert told(export(there, "code", *repos("shared", "codecommit::eu-central-1://handbook"))) == [
        ("shared", "", ""), ("handbook", "", "eu-central-1"),
    ]  # fmt: skip
    assert isinstance(there.aws, Aws) and there.aws.looked == []


CLONES = {
    "shared": "codecommit::us-east-2://code@shared",
    "parts/reports": "codecommit::us-east-2://data@reports",
    "old-name": "codecommit::eu-central-1://code@handbook",
    "private": "codecommit::us-east-2://mine@private",
    "elsewhere": "https://git.example/x.git",
    ".hidden": "codecommit::us-east-2://code@shared",
}


def test_the_clones_in_this_folder_are_read_with_folder_access_and_region(tmp_path: Path) -> None:
    there = around(tmp_path, CLONES)
    found = export(there, "code", "data")
    assert {(it.name, it.folder, it.access, it.region) for it in found.repositories} == {
        ("shared", "shared", "", ""), ("reports", "parts/reports", "data", ""), ("handbook", "old-name", "", "eu-central-1"),
    }  # fmt: skip
    assert (
        "Omitted the clone ./private: it uses the profile mine. To include it, add mine to the profiles that you export."
        in shown(there)
    )
    assert "elsewhere" not in shown(there)
    assert "Omitted the clone .hidden. The directory must be inside the current folder" in shown(there)


def test_the_clones_of_one_profile_are_its_own(tmp_path: Path) -> None:
    there = around(tmp_path, CLONES)
    assert told(export(there, "data")) == [("reports", "", "")]
    omitted = {line.split()[4] for line in shown(there).splitlines() if "Omitted the clone" in line}
    assert omitted == {"./old-name:", "./private:", "./shared:", ".hidden."}


@pytest.mark.parametrize(
    "origin",
    ["codecommit::us-east-2://nobody@shared", "https://git-codecommit.us-east-2.amazonaws.com/v1/repos/shared"],
)
def test_a_clone_of_another_profile_is_looked_up(origin: str, tmp_path: Path) -> None:
    there = around(tmp_path, {"shared": origin})
    assert told(export(there, "data", "code")) == [("shared", "code", "")]


def test_two_clones_of_one_repository_are_written_once(tmp_path: Path) -> None:
    origins = {"one": "codecommit::us-east-2://code@shared", "two": "codecommit::us-east-2://code@shared"}
    assert len(export(around(tmp_path, origins), "code", "data").repositories) == 1
