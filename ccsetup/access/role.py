"""A role, usually in another account, that the SDK assumes with the credentials of a source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ccsetup.access import mfa_devices
from ccsetup.access.questions import ROLE_ARN, again, duration, fixed, session_name, settings
from ccsetup.access.source_profile import source_name, source_profile, source_who
from ccsetup.core import validate
from ccsetup.core.arn import account_in
from ccsetup.core.errors import BadAnswer, Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import DRAFT, MACHINE, Answers, Choice, Expected, Keys, Section, Value, Who
from ccsetup.core.profile_kind import has_credentials
from ccsetup.core.question import Access, Question


def _can_assume(there: Mapping[str, str]) -> bool:
    return has_credentials(there)


def _sections(answers: Answers, keys: Keys | None) -> tuple[Section, ...]:
    first: dict[str, Value | None] = {"role_arn": answers.text("role_arn")}
    if source_name(answers):
        first["source_profile"] = source_name(answers)
    else:
        first["credential_source"] = answers.text("source_profile").removeprefix(MACHINE)
    optional = ("role_session_name", "external_id", "mfa_serial", "duration_seconds")
    more: dict[str, Value | None] = {key: answers.text(key) for key in optional}
    return (Section("config", "profile", answers.text("profile"), settings(answers, **first, **more)),)


def _devices(answers: Answers, look: Look) -> Sequence[Choice]:
    devices = look.mfa_devices(source_who(answers, look, validate.home_region(answers.text("role_arn"))))
    return [Choice("", "No"), *(Choice(d, d.rpartition("/")[2], d) for d in devices)]


def _mfa_possible(answers: Answers) -> bool:
    return bool(source_name(answers)) and answers.text("source.kind") not in ("sso", "oidc", "mfa", "role", "console")


def _mfa_known(answers: Answers, look: Look) -> str | None:
    there = look.profiles.get(source_name(answers), {})
    people = "aws_access_key_id" in there or answers.text("source.kind") == "keys"
    return None if people and "aws_session_token" not in there else ""


def _code_known(answers: Answers, look: Look) -> str | None:
    """Return "", so that no code is asked for, if a session of this role is cached or this is a dry run."""
    if look.dry:
        return ""
    try:
        look.identity(_who(answers, look, ""))
    except Problem:
        return None
    return ""


def _settle_code(value: Value, answers: Answers, look: Look) -> None:
    if value and not look.dry:
        source = source_who(answers, look, validate.home_region(answers.text("role_arn")))
        with mfa_devices.explained(answers, look, source):
            look.identity(_who(answers, look, str(value)))


def _who(answers: Answers, look: Look, code: str) -> Who:
    draft = answers.plus("profile", DRAFT)  # the key of the cached session contains the role, not the profile
    region = validate.home_region(answers.text("role_arn"))
    return look.who(DRAFT, region, look.sections(draft, look), code)


def _settle_duration(value: Value, answers: Answers, look: Look) -> None:
    chained = "role_arn" in look.profiles.get(source_name(answers), {}) or answers.text("source.kind") in (
        "role",
        "oidc",
    )
    if value and chained and int(str(value)) > 3600:
        raise BadAnswer("When a role assumes another role, the session can last at most 3600 seconds.")


def _again(name: str, there: Mapping[str, str]) -> Mapping[str, str]:
    own = {key: there.get(key) for key in ("role_arn", "role_session_name", "duration_seconds")}
    if "source_profile" not in there:
        source = MACHINE + there.get("credential_source", "")
        return again("role", name, there, **own, source_profile=source, external_id=there.get("external_id", ""))
    optional = {key: there.get(key, "") for key in ("external_id", "mfa_serial")}
    return again("role", name, there, **own, source_profile=there["source_profile"], **optional)


QUESTIONS = (
    ROLE_ARN,
    source_profile(
        _can_assume,
        "Which profile should assume the role?",
        "Assuming a role requires the credentials of another profile, for example, default.",
        machine=True,
    ),
    Question(
        "external_id",
        "External ID (optional)",
        help="An ID you were given, for example, acme-7f3b. If you don't have one, press Enter.",
        about=(
            "An external ID is a value that some companies require from other accounts that use their role. If you got"
            " one with the role ARN, enter it, for example, acme-7f3b."
        ),
        parse=validate.external_id,
        optional=True,
        title="External ID",
    ),
    Question(
        "mfa_serial",
        "Does the role require MFA?",
        widget="choose",
        help="The MFA device that generates the codes, for example, arn:aws:iam::888888888888:mfa/maria.",
        about=mfa_devices.ABOUT,
        choices=_devices,
        known=_mfa_known,
        parse=lambda text: "" if validate.tidy(text).lower() in ("no", "none", "n", "-") else validate.mfa_serial(text),
        when=_mfa_possible,
        optional=True,
        title="MFA device",
    ),
    session_name(fixed("")),
    duration(900, 43200)._replace(settle=_settle_duration),
    Question(
        "mfa_code",
        "MFA code",
        help="Six digits, for example, 123456. Each code works only once. Git uses the same session.",
        about=mfa_devices.ABOUT_CODE,
        known=_code_known,
        parse=validate.mfa_code,
        settle=_settle_code,
        once=True,
        when=lambda answers: bool(answers.text("mfa_serial")),
        title="MFA code",
    ),
)

ACCESS = Access(
    name="role",
    label="A role in another account",
    hint="a role ARN",
    questions=QUESTIONS,
    sources=("sso", "keys", "mfa", "console", "oidc"),
    keys=frozenset({"role_arn", "source_profile", "credential_source", "role_session_name", "external_id", "mfa_serial",
                    "duration_seconds"}),
    renew="asks for a new MFA code if the role requires one; the SDK does the rest",
    sections=_sections,
    expects=lambda a: Expected(account_in(a.text("role_arn")), validate.role_name(a.text("role_arn"))),
    suggest=lambda answers: validate.role_name(answers.text("role_arn")),
    again=_again,
)  # fmt: skip
