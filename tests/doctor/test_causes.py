"""One cause first: what it explains isn't shown beside it, and nobody is asked for rights because of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_online_findings import ARN, HERE, facts

from ccsetup.core.context import Sighting
from ccsetup.core.errors import Problem
from ccsetup.core.model import Repository
from ccsetup.doctor import causes, online_findings
from ccsetup.doctor.findings import Finding
from ccsetup.doctor.online_findings import Stand
from ccsetup.git import address

CLONE = Path("/home/maria/work/.git/config")
DENIED = Finding(
    "access.repository", "stops", "AWS denied GetRepository.", path=CLONE, profile="default", letter="I need"
)
NO_PROFILE = "codecommit::us-east-2://MySharedDemoRepo"

EXPORTED = {
    "keys": Finding("env.overrides", "hinders", "The credentials in AWS_ACCESS_KEY_ID override …",
                    do="unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY"),
    "half a pair": Finding("env.partial", "stops", "AWS_ACCESS_KEY_ID is set, but …", do="unset AWS_ACCESS_KEY_ID"),
    "a profile": Finding("profile.missing", "stops", "AWS_PROFILE is set to the profile x, which doesn't exist.",
                         profile="x", do="unset AWS_PROFILE"),
    "an empty profile": Finding("env.profile", "stops", "AWS_PROFILE is set but empty.", do="unset AWS_PROFILE"),
}  # fmt: skip


@pytest.mark.parametrize("cause", EXPORTED)
def test_an_exported_variable_explains_a_denial_where_git_takes_it(cause: str) -> None:
    found = causes.arranged(facts(NO_PROFILE), [DENIED, EXPORTED[cause]])
    assert [(it.do, it.severity, it.letter) for it in found] == [(EXPORTED[cause].do, "stops", "")]


@pytest.mark.parametrize("cause", EXPORTED)
def test_it_explains_nothing_where_the_clone_names_its_profile(cause: str) -> None:
    both = [DENIED, EXPORTED[cause]]
    assert causes.arranged(facts(HERE), both) == both


@pytest.mark.parametrize("code", ["git.inherited-helper", "git.helper-path"])
def test_a_helper_that_answers_in_ours_place_explains_a_denial(code: str) -> None:
    helper = Finding(code, "stops", "The credential helper store stores …", do="git config …")
    assert causes.arranged(facts(HERE), [DENIED, helper]) == [helper]
    milder = helper._replace(severity="note")
    assert causes.arranged(facts(HERE), [DENIED, milder]) == [DENIED, milder]


@pytest.mark.parametrize(
    "follows",
    [
        Finding("profile.missing", "stops", "The remote URL uses the profile dev, which doesn't exist.", profile="dev"),
        Finding("git.remote", "stops", "This clone's remote URL uses the profile dev, which doesn't exist."),
        Finding("source.missing", "stops", "dev uses the source profile base, which doesn't exist.", profile="dev"),
        DENIED,
    ],
    ids=lambda it: it.code,
)
@pytest.mark.parametrize("variable", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"])
def test_files_that_are_elsewhere_explain_what_is_missing(variable: str, follows: Finding) -> None:
    says = f"{variable} is set to /x, but that file doesn't exist."
    cause = Finding("env.overrides", "hinders", says, do=f"unset {variable}")
    other = Finding("file.permissions", "hinders", "Other users …")
    found = causes.arranged(facts(HERE), [follows, cause, other])
    assert [it.do for it in found] == [f"unset {variable}", ""]
    assert found[0].severity == "stops"


def test_nothing_is_hidden_without_a_cause() -> None:
    others = [DENIED, Finding("net.clock", "stops", "The clock …")]
    assert causes.arranged(facts(HERE), others) == others


# Another profile here reads the repository


SEEN = Sighting("ops", "us-east-2", Repository("MySharedDemoRepo", "us-east-2", "111122223333"))
REFUSED = Problem("AWS denied GetRepository on MySharedDemoRepo.", code="access.repository", letter="I need access")
GIT = Problem("CodeCommit denied git access.", why="The requested URL returned error: 403", code="access.git")


def stand(**more: object) -> Stand:
    whole = Stand("dev", address.parse(HERE), Sighting("dev", "us-east-2", refused=REFUSED), git=GIT, arn=ARN)
    return whole._replace(**more)  # type: ignore[arg-type]


@pytest.mark.parametrize("of", ["denied", "no identity", "no pull"])
def test_a_profile_that_reads_the_repository_is_offered_before_a_message(of: str) -> None:
    there = {
        "denied": stand(others=[SEEN]),
        "no identity": stand(seen=None, git=None, others=[SEEN]),
        "no pull": stand(seen=Sighting("dev", "us-east-2", refused=REFUSED), others=[SEEN]),
    }[of]
    asked = Finding("access.assume", "stops", "dev may not …", profile="dev", do="Send the message", letter="I need")
    first, second = online_findings.with_clone([asked], online_findings.of_clone(facts(HERE), there), there)
    assert first.says == "dev can't read MySharedDemoRepo, but ops can."
    assert first.do == "Run: git remote set-url origin codecommit::us-east-2://ops@MySharedDemoRepo"
    assert [dict(it.replaced) for it in first.remedies] == [
        {("remote.origin.url", HERE): "codecommit::us-east-2://ops@MySharedDemoRepo"}
    ]
    assert not first.letter + second.letter + second.do


def test_without_such_a_profile_the_message_stays() -> None:
    (found,) = online_findings.with_clone([], online_findings.of_clone(facts(HERE), stand()), stand())
    assert found.letter == "I need access"
