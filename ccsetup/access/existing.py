"""A profile that is already there: nothing is written, the repository is found and cloned with it."""

from __future__ import annotations

from collections.abc import Sequence

from ccsetup.errors import Problem
from ccsetup.look import Look
from ccsetup.model import Access, Answers, Choice, Expected, Question, Value
from ccsetup.sources import hint, near


def _profiles(answers: Answers, look: Look) -> Sequence[Choice]:
    return [Choice(name, name, hint(settings)) for name, settings in look.profiles.items()]


def _settle(value: Value, answers: Answers, look: Look) -> None:
    if str(value) not in look.profiles:
        raise Problem(
            f"There is no profile {value} on this machine.",
            next=near(str(value), list(look.profiles)) or "Set one up: ccsetup setup",
            code="profile.missing",
        )


def _default(answers: Answers, look: Look) -> str | None:
    named = look.env.get("AWS_PROFILE") or look.env.get("AWS_DEFAULT_PROFILE") or ""
    return named if named in look.profiles else None


ACCESS = Access(
    name="existing",
    label="A profile that is here already",
    hint="only clone with it",
    rank=90,
    wins=90,
    questions=(
        Question(
            "profile",
            "Which profile?",
            widget="choose",
            help="It is used as it is, such as acme-dev.",
            choices=_profiles,
            default=_default,
            settle=_settle,
            title="Profile",
        ),
    ),
    keys=frozenset(),
    owns=lambda settings: False,
    renew="stays as it is",
    sections=lambda answers, keys: (),
    expects=lambda answers: Expected(),
    again=lambda name, there: {"kind": "existing", "profile": name},
)
