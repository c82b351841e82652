"""The role this machine has (EC2, ECS, EKS, CodeBuild, CloudShell, Lambda), and a further role to go on to from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ccsetup.access.questions import ROLE_ARN, again, asked_region, region_near, settings
from ccsetup.access.source_profile import credential_source, credential_sources
from ccsetup.core import regions, validate
from ccsetup.core.errors import BadAnswer, Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import MACHINE, Answers, Choice, Expected, Keys, Section, Value
from ccsetup.core.profile_chain import leaves_it_to_the_machine
from ccsetup.core.question import Access, Question

_OWN = ("Ec2InstanceMetadata", "EcsContainer")


def _settle_role(value: Value, answers: Answers, look: Look) -> None:
    """Without a further role the SDKs take the machine's own, so it has to have one that a profile leads to."""
    if value:
        return
    if "source_profile" in look.told:
        raise BadAnswer(
            "A credential source goes with a role only; alone it is an error in every SDK.",
            next="Leave --credential-source out, and the machine's own role is taken; or add --role-arn.",
        )
    here = look.machine()
    if here == "Environment":
        raise Problem(
            "This machine hands its role out as AWS_ACCESS_KEY_ID … variables, which no profile leads to.",
            next="Go on to a role: --role-arn arn:…; or keep the variables: ccsetup setup keys --keys env",
            code="source.credential-source",
        )
    if not here:
        raise Problem(
            "This machine has no role: no EC2 instance or container answered with credentials.",
            next="Have a role attached to it, or choose another way in, such as: ccsetup setup sso",
            code="source.credential-source",
        )


def _source_here(answers: Answers, look: Look) -> str | None:
    here = look.machine()
    return MACHINE + here if here else None


def _sources(answers: Answers, look: Look) -> Sequence[Choice]:
    return credential_sources()


def _region_near(answers: Answers, look: Look) -> str | None:
    near = region_near(answers, look)
    here = "" if near else look.region_here()
    return near or regions.likeliest([here]) or None


def _sections(answers: Answers, keys: Keys | None) -> tuple[Section, ...]:
    source = answers.text("source_profile").removeprefix(MACHINE)
    further: dict[str, Value | None] = {"role_arn": answers.text("role_arn"), "credential_source": source}
    return (Section("config", "profile", answers.text("profile"), settings(answers, **further)),)


def _owns(there: Mapping[str, str]) -> bool:
    return leaves_it_to_the_machine(there) or ("role_arn" in there and there.get("credential_source") in _OWN)


def _again(name: str, there: Mapping[str, str]) -> Mapping[str, str]:
    source = MACHINE + there["credential_source"] if "credential_source" in there else None
    return again("machine", name, there, role_arn=there.get("role_arn", ""), source_profile=source)


def _expects(answers: Answers) -> Expected:
    arn = answers.text("role_arn")
    return Expected(validate.arn_account(arn), validate.role_name(arn))


QUESTIONS = (
    ROLE_ARN._replace(
        ask="Shall it go on to another role?",
        help="Only if you were given one, such as arn:aws:iam::111122223333:role/CodeCommitAccess; else press Enter.",
        settle=_settle_role,
        optional=True,
        title="Further role",
    ),
    Question(
        "source_profile",
        "Where does this machine's role come from?",
        widget="choose",
        help="One of Ec2InstanceMetadata, EcsContainer or Environment.",
        choices=_sources,
        known=_source_here,
        parse=credential_source,
        when=lambda answers: bool(answers.text("role_arn")),
        flag="--credential-source",
        title="Source",
    ),
    asked_region()._replace(default=_region_near),
)

ACCESS = Access(
    name="machine",
    label="This machine has a role",
    hint="EC2, ECS, CodeBuild, CloudShell",
    wins=95,
    questions=QUESTIONS,
    keys=frozenset({"role_arn", "credential_source"}),
    owns=_owns,
    renew="the SDK does it",
    sections=_sections,
    expects=_expects,
    suggest=lambda answers: validate.role_name(answers.text("role_arn")) or "machine",
    again=_again,
)
