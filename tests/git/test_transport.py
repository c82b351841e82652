"""How git connects: the usual way where it works, the other one with the reason where it does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from script import FakeGit, context

from ccsetup.core.errors import BadAnswer, Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import Answers, Corrected, Target
from ccsetup.git import transport
from ccsetup.git.transport import AWS_CLI, HELPER, OURS, REMOTE, Way
from ccsetup.wizard.options import Options, looking

VPC = "vpce-0a1b-2c3d.git-codecommit.us-east-2.vpce.amazonaws.com"
OTHER = f"https://{VPC}/v1/repos/Demo"
HOST = "code.internal.example"  # of a proxy, which only a setting can name
AT = Target("Demo", "us-east-2")


def look_at(folder: Path, *commands: str, env: dict[str, str] | None = None) -> Look:
    return looking(context(folder, git=FakeGit(commands=commands), env=env), Options({}))


def answers(repo: str = "Demo", profile: str = "dev", **more: str) -> Answers:
    return Answers({"repo": repo, "profile": profile, **more})


@pytest.mark.parametrize(
    ("given", "commands", "known", "choices", "why"),
    [
        (answers(), (REMOTE,), REMOTE, [REMOTE, HELPER], ""),
        (answers(), (), None, [HELPER, REMOTE], f"git can't find {REMOTE}"),
        (answers(OTHER), (REMOTE,), None, [HELPER, REMOTE], f"the address has a custom host, {VPC}"),
        (answers(profile="a@b"), (REMOTE,), HELPER, [HELPER], f"{REMOTE} can't use the profile name a@b"),
    ],
)
def test_the_usual_way_is_taken_unless_something_speaks_against_it(
    given: Answers, commands: tuple[str, ...], known: str | None, choices: list[str], why: str, tmp_path: Path
) -> None:
    look, via = look_at(tmp_path, *commands), transport.VIA
    assert via.known is not None
    assert via.known(given, look) == known
    assert via.choices is not None
    offered = via.choices(given, look)
    assert [choice.value for choice in offered] == choices
    hint = next(choice.hint for choice in offered if choice.value == HELPER)
    assert hint == (f"because {why}" if why else "set for this clone only")
    assert via.settle is not None
    settled = via.settle(HELPER, given, look)
    assert settled == (Corrected(HELPER, f"Using {HELPER}: {why}.") if why else None)


def test_what_a_flag_said_needs_no_reason(tmp_path: Path) -> None:
    look = look_at(tmp_path)
    look.given = {"via": HELPER}
    assert transport._settle(HELPER, answers(), look) is None


def test_the_usual_way_says_what_else_it_needs_and_is_refused_where_it_cannot_work(tmp_path: Path) -> None:
    look = look_at(tmp_path, REMOTE)
    assert transport._settle(REMOTE, answers(), look) is None
    told = transport._settle(REMOTE, answers(OTHER), look)
    assert isinstance(told, Corrected)
    assert told.said.endswith(f"export CODE_COMMIT_ENDPOINT={VPC}")
    remote = transport._choices(answers(OTHER), look)[1]
    assert remote.hint == f"needs: export CODE_COMMIT_ENDPOINT={VPC}"
    assert transport._choices(answers(), look_at(tmp_path))[1].hint == "needs a line in your shell startup file"
    with pytest.raises(BadAnswer, match="can't use the profile name"):
        transport._settle(REMOTE, answers(profile="a@b"), look)


def test_the_variable_of_the_endpoint_replaces_the_addresss_host(tmp_path: Path) -> None:
    look = look_at(tmp_path, REMOTE, env={"CODE_COMMIT_ENDPOINT": HOST})
    assert transport._known(answers(OTHER), look) == REMOTE


@pytest.mark.parametrize(
    ("repo", "via", "asked"), [("Demo", "", [True, False]), ("Demo", HELPER, [True, True]), ("", HELPER, [False, True])]
)
def test_the_helper_is_asked_for_only_where_one_is_used(repo: str, via: str, asked: list[bool]) -> None:
    given = answers(repo, via=via)
    assert [question.when(given) for question in (transport.VIA, transport.WHOSE) if question.when] == asked


@pytest.mark.parametrize(("typed", "value"), [(REMOTE, REMOTE), (" Credential-Helper ", HELPER)])
def test_a_transport_is_one_of_the_two(typed: str, value: str) -> None:
    assert transport.VIA.parse(typed) == value
    for question, text in ((transport.VIA, "ssh"), (transport.WHOSE, "gh")):
        with pytest.raises(BadAnswer, match="must be one of"):
            question.parse(text)
    assert transport.WHOSE.parse("AWS") == AWS_CLI


def test_what_is_not_answered_is_the_usual() -> None:
    assert transport.way_of(answers()) == transport.USUAL == Way(REMOTE, OURS, "")
    assert transport.way_of(Answers({})) == transport.USUAL
    assert transport.way_of(answers(OTHER, via=HELPER, helper=AWS_CLI)) == Way(HELPER, AWS_CLI, VPC)


def test_each_way_has_its_address_and_its_settings(tmp_path: Path) -> None:
    around = context(tmp_path, git=FakeGit(commands=("git-credential-ccsetup", "aws")))
    usual = transport.route(around, Way(), "dev", AT)
    assert (usual.name, usual.url, dict(usual.settings)) == (REMOTE, "codecommit::us-east-2://dev@Demo", {})
    ours = transport.route(around, Way(HELPER), "my dev", AT)
    assert ours.url == "https://git-codecommit.us-east-2.amazonaws.com/v1/repos/Demo"
    assert ours.settings == {
        "credential.helper": "/usr/bin/git-credential-ccsetup --profile 'my dev'",
        "credential.useHttpPath": "true",
    }
    theirs = transport.route(around, Way(HELPER, AWS_CLI), "dev", AT)
    assert theirs.settings["credential.helper"] == "!aws codecommit credential-helper --profile dev $@"
    elsewhere = transport.route(around, Way(HELPER, OURS, HOST), "dev", AT)
    assert elsewhere.url == f"https://{HOST}/v1/repos/Demo"
    assert elsewhere.settings["credential.helper"].endswith("--profile dev --region us-east-2")
    theirs = transport.route(around, Way(HELPER, AWS_CLI, HOST), "dev", AT)
    assert "--ignore-host-check" in theirs.settings["credential.helper"]
    around = replace(around, env={**around.env, "CODE_COMMIT_ENDPOINT": HOST})
    assert transport.route(around, Way(HELPER, host=VPC), "dev", AT).url == f"https://{HOST}/v1/repos/Demo"


@pytest.mark.parametrize(("helper", "what"), [(OURS, "git-credential-ccsetup"), (AWS_CLI, "The AWS CLI")])
def test_a_helper_that_is_not_installed_is_refused_with_the_other(helper: str, what: str, tmp_path: Path) -> None:
    around = context(tmp_path, git=FakeGit(commands=()))
    with pytest.raises(Problem, match=what) as refused:
        transport.route(around, Way(HELPER, helper), "dev", AT)
    assert (refused.value.code, "--helper aws" in refused.value.next) == ("git.helper-path", True)


def test_only_hosts_of_awss_tell_their_region() -> None:
    assert transport.is_awss("")
    assert transport.is_awss(VPC)
    assert not transport.is_awss(HOST)


@pytest.mark.parametrize("ending", ["", ".exe", ".EXE", ".Exe"])
def test_a_helpers_program_is_recognized_with_windows_ending_in_any_case(ending: str) -> None:
    command = f'"C:/tools/git-credential-ccsetup{ending}" --profile dev'
    assert transport.moved_helper(command, r"D:\new\git-credential-ccsetup.EXE") == (
        "D:/new/git-credential-ccsetup.EXE --profile dev"
    )
