"""What AWS and git answered → findings: one for each cause, where it lies, and whom it holds for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from script import NOW

from ccsetup.aws.errors import problem_of
from ccsetup.core.context import Answer, AwsTexts, Sighting
from ccsetup.core.errors import NoRepository, Problem
from ccsetup.core.model import Identity, Repository, Who
from ccsetup.core.program_keys import RENEW
from ccsetup.doctor import online_findings
from ccsetup.doctor.facts import Clone, Facts
from ccsetup.doctor.findings import Finding
from ccsetup.doctor.online_findings import Stand
from ccsetup.git import address

CONFIG = """\
[profile people]
region = us-east-2

[profile dev]
role_arn = arn:aws:iam::111122223333:role/Developer
source_profile = people

[profile ops]
role_arn = arn:aws:iam::111122223333:role/Ops
source_profile = people

[profile coded]
role_arn = arn:aws:iam::111122223333:role/Ops
source_profile = people
mfa_serial = arn:aws:iam::888888888888:mfa/maria

[profile single]
sso_session = acme
sso_account_id = 111122223333
sso_role_name = Developer

[sso-session acme]
sso_start_url = https://acme.awsapps.com/start
sso_region = us-east-1
"""
CREDENTIALS = "[people]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = hush\n"
ARN = "arn:aws:sts::111122223333:assumed-role/Developer/maria"
HERE = "codecommit::us-east-2://dev@MySharedDemoRepo"


def facts(remote: str = "", **more: Any) -> Facts:
    home = Path("/home/maria")
    texts = AwsTexts(home / ".aws/config", CONFIG, home / ".aws/credentials", CREDENTIALS)
    clone = Clone(home / "work", remote, own=(("remote.origin.url", remote),)) if remote else None
    return Facts(texts, {}, home, home, NOW, clone=clone, **more)


def of_aws(code: str, operation: str = "GetCallerIdentity", message: str = "No.", **about: str) -> Problem:
    answer: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": 403}}
    return problem_of(
        ClientError(answer, operation), Who(about.get("profile", "dev"), "us-east-2"), about.get("resource", "")
    )


def test_a_wrong_secret_is_told_from_an_unknown_key() -> None:
    says = "The request signature we calculated does not match the signature you provided."
    for code in ("SignatureDoesNotMatch", "InvalidSignatureException"):
        found = of_aws(code, message=says)
        assert (found.code, found.what) == (
            "access.identity",
            "The secret access key of dev doesn't match its access key ID.",
        )
        assert found.next == "Enter both again: ccsetup login dev"


@pytest.mark.parametrize(("token", "next"), [("dG9rZW4=", "Copy the temporary credentials"), ("", "If the access key")])
def test_temporary_keys_that_aws_does_not_know_are_to_be_copied_again(token: str, next: str) -> None:
    there = {"aws_access_key_id": "ASIAIOSFODNN7EXAMPLE", **({"aws_session_token": token} if token else {})}
    answer: Any = {
        "Error": {"Code": "InvalidClientTokenId", "Message": "No."},
        "ResponseMetadata": {"HTTPStatusCode": 403},
    }
    who = Who("dev", "us-east-2", profiles={"dev": there})
    assert problem_of(ClientError(answer, "GetCallerIdentity"), who, "").next.startswith(next)


@pytest.mark.parametrize("code", ["InvalidClientTokenId", "SignatureDoesNotMatch"])
def test_keys_that_a_program_prints_are_not_asked_for(code: str) -> None:
    answer: Any = {"Error": {"Code": code, "Message": "No."}, "ResponseMetadata": {"HTTPStatusCode": 403}}
    who = Who("dev", "us-east-2", profiles={"dev": {"credential_process": "keys"}})
    assert problem_of(ClientError(answer, "GetCallerIdentity"), who, "").next == RENEW


def refused(name: str, problem: Problem, at: str = "", **more: Any) -> Answer:
    return Answer(name, refused=problem, at=at or name, **more)


def well(name: str, account: str = "111122223333", **more: Any) -> Answer:
    return Answer(name, Identity(account, f"arn:aws:sts::{account}:assumed-role/Developer/maria"), **more)


def examined(*answers: Answer, **more: Any) -> list[Finding]:
    return online_findings.of_answers(facts(**more), answers)


def test_those_who_answer_as_themselves_are_well() -> None:
    assert examined(well("dev", ahead_s=2.0), well("single", ahead_s=-3.0), well("people", "888888888888")) == []


def test_keys_that_aws_does_not_know_are_one_finding_at_their_line_for_all_that_rest_on_them() -> None:
    unknown = of_aws("InvalidClientTokenId", profile="people")
    (found,) = examined(*(refused(name, unknown, "people") for name in ("dev", "people", "ops")), well("single"))
    assert (found.code, found.severity, found.profile, found.also) == (
        "access.identity", "stops", "people", ("dev", "ops"),
    )  # fmt: skip
    assert (found.path, found.line) == (Path("/home/maria/.aws/credentials"), 2)
    assert "people" in found.says
    assert found.do


def test_where_the_source_was_not_asked_for_the_finding_is_its_dependents() -> None:
    (found,) = examined(refused("dev", of_aws("ExpiredToken", profile="people"), "people"), well("ops"))
    assert (found.code, found.profile) == ("keys.expired", "dev")
    assert (found.path, found.line) == (Path("/home/maria/.aws/credentials"), 2)


def test_a_role_that_may_not_be_assumed_brings_the_message_to_the_administrator() -> None:
    role = "arn:aws:iam::111122223333:role/Developer"
    said = (
        f"User: arn:aws:iam::888888888888:user/maria is not authorized to perform: sts:AssumeRole on resource: {role}"
    )
    denied = of_aws("AccessDenied", "AssumeRole", said, resource=role)
    (found,) = examined(refused("dev", denied), well("ops"))
    assert (found.code, found.severity, found.profile, found.line) == ("access.assume", "stops", "dev", 5)
    assert "sts:AssumeRole" in found.letter
    assert role in found.letter


def test_a_role_that_only_wants_a_code_does_not_stop_anybody() -> None:
    wanted = Problem("coded needs a new MFA code.", next="Enter the code: ccsetup login coded", code="access.assume")
    (found,) = examined(refused("coded", wanted), well("dev"))
    assert (found.severity, found.do) == ("hinders", "Enter the code: ccsetup login coded")


def test_another_account_that_answers_is_told_since_no_tool_does() -> None:
    (found,) = examined(well("single", "999999999999"), well("dev"))
    assert (found.code, found.profile, found.line) == ("access.account", "single", 19)
    assert "999999999999" in found.says
    assert "111122223333" in found.says


def test_a_network_that_is_down_is_one_finding_of_this_machine() -> None:
    down = Problem("Couldn't reach AWS: no route.", next="Check the network.", code="net.unreachable")
    (found,) = examined(refused("dev", down), refused("ops", down), refused("people", down))
    assert (found.code, found.severity, found.profile, found.also) == (
        "net.unreachable", "hinders", "", ("dev", "ops", "people"),
    )  # fmt: skip


def test_some_that_had_no_answer_in_time_are_one_finding_that_stops_nobody() -> None:
    late = {name: Problem(f"AWS didn't respond in time for {name}.", code="net.unreachable") for name in ("dev", "ops")}
    (found,) = examined(*(refused(name, problem) for name, problem in late.items()), well("single"))
    assert (found.severity, found.says, found.profile, found.also) == (
        "hinders", "AWS didn't respond in time for 2 profiles.", "dev", ("ops",),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("ahead", "codes", "says"),
    [
        (239, ["net.clock"], "According to AWS, this computer's clock is wrong."),
        (400, ["net.clock"], "This computer's clock is 7 minutes ahead of AWS time."),
        (-7300, ["net.clock"], "This computer's clock is 2 hours behind AWS time."),
    ],
)
def test_a_clock_that_is_off_is_one_finding_instead_of_one_for_each(ahead: float, codes: list[str], says: str) -> None:
    skewed = of_aws("SignatureDoesNotMatch", message="Signature expired: 1 is now earlier than 2")
    found = examined(*(refused(name, skewed, ahead_s=float(ahead)) for name in ("dev", "ops")))
    assert [it.code for it in found][:1] == codes
    assert found[0].says == says
    assert found[0].severity == "stops"


def test_a_clock_that_will_soon_be_too_far_off_hinders_nobody_yet() -> None:
    (found,) = examined(well("dev", ahead_s=250.0), well("ops", ahead_s=252.0), well("single"))
    assert (found.code, found.severity, found.also) == ("net.clock", "hinders", ())
    assert examined(well("dev", ahead_s=900.0), well("ops", ahead_s=1.0), well("single", ahead_s=1.0)) == []


# The clone


def stand(remote: str = HERE, **more: Any) -> Stand:
    return Stand(more.pop("profile", "dev"), address.parse(remote), **{"arn": ARN, **more})


def seen(profile: str, region: str, account: str = "111122223333") -> Sighting:
    return Sighting(profile, region, Repository("MySharedDemoRepo", region, account, "main"))


def gone() -> Sighting:
    what = "No repository MySharedDemoRepo in us-east-2 is visible to dev."
    return Sighting("dev", "us-east-2", refused=NoRepository(what, next="Check its name."))


def of_clone(it: Stand, remote: str = HERE) -> list[Finding]:
    return online_findings.of_clone(facts(remote), it)


def test_a_clone_that_git_can_read_is_well_whatever_the_api_refuses() -> None:
    assert of_clone(stand(seen=seen("dev", "us-east-2"))) == []
    denied = of_aws("AccessDeniedException", "GetRepository", "Not authorized.", resource="MySharedDemoRepo")
    assert of_clone(stand(seen=Sighting("dev", "us-east-2", refused=denied))) == []


REMOTES: Mapping[str, tuple[str, list[str]]] = {
    "codecommit": (
        HERE,
        ["codecommit::eu-west-1://dev@MySharedDemoRepo", "codecommit::us-west-2://ops@MySharedDemoRepo"],
    ),
    "https": (
        "https://git-codecommit.us-east-2.amazonaws.com/v1/repos/MySharedDemoRepo",
        [
            "https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/MySharedDemoRepo",
            "codecommit::us-west-2://ops@MySharedDemoRepo",
        ],
    ),
}


@pytest.mark.parametrize("form", REMOTES)
def test_a_repository_of_another_region_is_offered_by_its_address_there(form: str) -> None:
    remote, urls = REMOTES[form]
    others = [seen("ops", "us-west-2"), seen("dev", "eu-west-1"), seen("my/odd", "us-west-2")]
    (found,) = of_clone(stand(remote, seen=gone(), others=others), remote)
    assert (found.code, found.severity, found.fix, found.profile) == ("access.region", "stops", "ask", "dev")
    assert found.says == "MySharedDemoRepo isn't in us-east-2. The repository is in eu-west-1."
    assert [dict(it.replaced) for it in found.remedies] == [{("remote.origin.url", remote): url} for url in urls]
    assert urls[0] in found.do
    assert found.path == Path("/home/maria/work/.git/config")


def test_a_repository_that_another_profile_sees_is_offered_with_it() -> None:
    (found,) = of_clone(stand(seen=gone(), others=[seen("ops", "us-east-2", "444455556666")]))
    assert (found.code, found.fix, len(found.remedies)) == ("access.repository", "ask", 1)
    assert [*found.remedies[0].replaced.values()] == ["codecommit::us-east-2://ops@MySharedDemoRepo"]
    assert "444455556666" in found.remedies[0].hint


def test_a_repository_that_nobody_sees_is_told() -> None:
    (found,) = of_clone(stand(seen=gone()))
    assert (found.code, found.fix, found.remedies, found.do) == ("access.repository", "tell", (),
        "Check its name. If they're right, ask the administrator of account 111122223333 whether MySharedDemoRepo was "
        "renamed or deleted.",
    )  # fmt: skip


def test_git_that_is_refused_where_the_api_answers_asks_for_what_git_needs() -> None:
    no = Problem("CodeCommit refused git.", why="fatal: The requested URL returned error: 403", code="access.git")
    (found,) = of_clone(stand(seen=seen("dev", "us-east-2"), git=no))
    assert (found.code, found.severity) == ("access.git", "stops")
    assert "codecommit:GitPull" in found.letter


def test_both_refused_are_one_message() -> None:
    said = f"User: {ARN} is not authorized to perform: codecommit:GetRepository on resource: arn:aws:codecommit:us-east-2:111122223333:MySharedDemoRepo"
    denied = of_aws("AccessDeniedException", "GetRepository", said, resource="MySharedDemoRepo")
    no = Problem("CodeCommit refused git.", why="fatal: The requested URL returned error: 403", code="access.git")
    (found,) = of_clone(stand(seen=Sighting("dev", "us-east-2", refused=denied), git=no))
    assert found.code == "access.repository"
    assert "codecommit:GitPull" in found.letter
    assert "codecommit:GetRepository" in found.letter


def test_a_closed_kms_key_is_told_with_what_to_ask_for() -> None:
    closed = of_aws("EncryptionKeyAccessDeniedException", "GetRepository", resource="MySharedDemoRepo")
    no = Problem("git could not reach it.", why="fatal: unable to access", code="git.failed")
    (found,) = of_clone(stand(seen=Sighting("dev", "us-east-2", refused=closed), git=no))
    assert found.code == "access.kms"
    assert "kms:Decrypt" in found.letter


def test_a_git_that_fails_by_itself_is_told_as_git_says_it() -> None:
    broken = Problem("git could not reach MySharedDemoRepo.", why="fatal: strange", next="Ask git.", code="git.failed")
    (found,) = of_clone(stand(seen=seen("dev", "us-east-2"), git=broken))
    assert (found.code, found.because, found.do) == ("access.git", "fatal: strange", "Ask git.")
