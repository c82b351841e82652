"""An IAM user's long-term credentials and an MFA code, exchanged for temporary ones by GetSessionToken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ccsetup.access import mfa_devices
from ccsetup.access.questions import again, duration, stored
from ccsetup.access.source_profile import source_name, source_profile, source_who
from ccsetup.core import validate
from ccsetup.core.arn import account_in
from ccsetup.core.errors import Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import Answers, Choice, Expected, Keys, Section, Value
from ccsetup.core.profile_kind import is_long_term
from ccsetup.core.question import Access, Question


def _devices(answers: Answers, look: Look) -> Sequence[Choice]:
    return [Choice(d, d.rpartition("/")[2], d) for d in look.mfa_devices(source_who(answers, look))]


def _device_known(answers: Answers, look: Look) -> str | None:
    there = look.profiles.get(source_name(answers), {})
    return there.get("mfa_serial")


def _only_device(answers: Answers, look: Look) -> str | None:
    try:
        devices = look.mfa_devices(source_who(answers, look))
    except Problem:
        return None
    return devices[0] if len(devices) == 1 else None


def _obtain(answers: Answers, look: Look) -> Keys:
    duration_s = int(answers.text("duration_seconds") or 43200)
    return look.session_token(
        source_who(answers, look), answers.text("mfa_serial"), answers.text("mfa_code"), duration_s
    )


def _settle_code(value: Value, answers: Answers, look: Look) -> None:
    with mfa_devices.explained(answers, look, source_who(answers, look)):
        _obtain(answers.plus("mfa_code", value), look)


def _sections(answers: Answers, keys: Keys | None) -> tuple[Section, ...]:
    renew = {
        "ccsetup_kind": "mfa",
        "ccsetup_source_profile": source_name(answers),
        "ccsetup_mfa_serial": answers.text("mfa_serial"),
        "ccsetup_duration_seconds": answers.text("duration_seconds"),
    }
    return stored(answers, keys, renew)


def _again(name: str, there: Mapping[str, str]) -> Mapping[str, str]:
    kept = ("source_profile", "mfa_serial", "duration_seconds")
    return again("mfa", name, there, **{key: there.get(f"ccsetup_{key}") for key in kept})


QUESTIONS = (
    source_profile(
        is_long_term,
        "Which profile has your long-term credentials?",
        "MFA requires a profile with an IAM user's long-term credentials (AKIA…), for example, default.",
    ),
    Question(
        "mfa_serial",
        "MFA device",
        widget="choose",
        help="An ARN like arn:aws:iam::888888888888:mfa/maria, or the serial number of a hardware device.",
        about=mfa_devices.ABOUT,
        choices=_devices,
        known=_device_known,
        default=_only_device,
        parse=validate.mfa_serial,
        title="MFA device",
    ),
    duration(900, 129600),
    Question(
        "mfa_code",
        "MFA code",
        help="Six digits, for example, 123456. Each code works only once.",
        about=mfa_devices.ABOUT_CODE,
        parse=validate.mfa_code,
        settle=_settle_code,
        once=True,
        title="MFA code",
    ),
)

ACCESS = Access(
    name="mfa",
    label="An IAM user with MFA",
    hint="an access key and a six-digit code",
    questions=QUESTIONS,
    sources=("keys",),
    keys=frozenset({"ccsetup_kind", "ccsetup_source_profile", "ccsetup_mfa_serial", "ccsetup_duration_seconds"}),
    renew="asks for a new code",
    sections=_sections,
    expects=lambda answers: Expected(account_in(answers.text("mfa_serial"))),
    obtain=_obtain,
    suggest=lambda answers: f"{source_name(answers)}-mfa",
    again=_again,
)
