"""An existing profile. It is used as is, or through a new profile that gets its credentials from the AWS CLI."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence

from ccsetup.access.questions import fixed, settings
from ccsetup.access.source_profile import hint
from ccsetup.core import aws_login, missing_profile
from ccsetup.core.lookup import Look
from ccsetup.core.model import Answers, Choice, Expected, Keys, Section, Told, Value
from ccsetup.core.profile_kind import kind_of
from ccsetup.core.question import Access, Question


def _profiles(answers: Answers, look: Look) -> Sequence[Choice]:
    return [Choice(name, name, hint(settings)) for name, settings in look.profiles.items()]


def _settle(value: Value, answers: Answers, look: Look) -> Told | None:
    name = str(value)
    if name not in look.profiles:
        raise missing_profile.problem(name, look.profiles, look.env, look.home, "Set up a profile: ccsetup setup")
    return _delegated(name, look) if kind_of(look.profiles[name]) == "login" and look.awscli.needed() else None


def _delegated(name: str, look: Look) -> Told:
    """Add a profile that gets an `aws login` profile's credentials from the AWS CLI. SDKs need an extra package."""
    found = look.awscli.version()
    if not found or aws_login.is_too_old(found):
        raise aws_login.unreadable(name, found or None)
    base = re.sub(r"[^A-Za-z0-9_.+=,-]+", "-", name).strip("-") + "-git"
    names = (base, *(f"{base}-{i}" for i in range(2, 99)))
    beside = next(n for n in names if n not in look.profiles or delegates_to(look.profiles[n]) == name)
    said = f"{name} is an aws login profile, which git and SDKs can read only with botocore[crt]. Using the profile"
    return Told(
        beside,
        (f"{said} {beside} instead, which gets credentials for {name} from the AWS CLI.",),
        {"login_profile": name},
    )


def delegates_to(settings: Mapping[str, str]) -> str:
    """Return the profile whose credentials a profile with these settings gets from the AWS CLI, "" if there is none."""
    command = settings.get("credential_process", "")
    try:
        name = shlex.split(command)[4]
    except (ValueError, IndexError):
        return ""
    return name if command == aws_login.shown(aws_login.export(name)) else ""


def _sections(answers: Answers, keys: Keys | None) -> tuple[Section, ...]:
    name = answers.text("login_profile")
    if not name:
        return ()
    told = settings(answers, credential_process=aws_login.shown(aws_login.export(name)))
    return (Section("config", "profile", answers.text("profile"), told),)


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
        Question(
            "login_profile",
            "Which profile provides the credentials?",
            known=fixed(""),
            flag="-",
            optional=True,
            title="Credentials from",
        ),
    ),
    keys=frozenset(),
    renew="doesn't change",
    sections=_sections,
    expects=lambda answers: Expected(),
    again=lambda name, there: {"kind": "existing", "profile": name},
)
