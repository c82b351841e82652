"""An existing profile, which is used as it is."""

from __future__ import annotations

from collections.abc import Sequence

from ccsetup.access.source_profile import hint
from ccsetup.core import missing_profile
from ccsetup.core.lookup import Look
from ccsetup.core.model import Answers, Choice, Expected, Value
from ccsetup.core.question import Access, Question


def _profiles(answers: Answers, look: Look) -> Sequence[Choice]:
    return [Choice(name, name, hint(settings)) for name, settings in look.profiles.items()]


def _settle(value: Value, answers: Answers, look: Look) -> None:
    name = str(value)
    if name not in look.profiles:
        raise missing_profile.problem(name, look.profiles, look.env, look.home, "Set up a profile: ccsetup setup")


def _default(answers: Answers, look: Look) -> str | None:
    named = look.env.get("AWS_PROFILE") or look.env.get("AWS_DEFAULT_PROFILE") or ""
    return named if named in look.profiles else None


ACCESS = Access(
    name="existing",
    label="An existing profile",
    hint="use it to clone a repository",
    questions=(
        Question(
            "profile",
            "Which profile?",
            widget="choose",
            help="A profile like acme-dev. The profile itself isn't changed.",
            about=(
                "A profile is a named set of settings in ~/.aws that git and AWS tools use to sign in. Choose one that"
                " can read the repository, for example, acme-dev."
            ),
            choices=_profiles,
            default=_default,
            settle=_settle,
            title="Profile",
        ),
    ),
    keys=frozenset(),
    renew="doesn't change",
    sections=lambda answers, keys: (),
    expects=lambda answers: Expected(),
    again=lambda name, there: {"kind": "existing", "profile": name},
)
