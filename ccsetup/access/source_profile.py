"""Where a profile's first credentials come from: another profile, one set up on the way, or the machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ccsetup.core import validate
from ccsetup.core.errors import BadAnswer, Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import MACHINE, NEW, Answers, Choice, Corrected, Value, Who
from ccsetup.core.question import Question
from ccsetup.core.text import near

_SOURCES = {
    "Ec2InstanceMetadata": "This EC2 instance's role",
    "EcsContainer": "This container's role",
    "Environment": "The AWS_ACCESS_KEY_ID … variables",
}


def source_name(answers: Answers) -> str:
    """Return the name of the source profile, "" where there is none (a credential_source, another kind)."""
    name = answers.text("source_profile")
    if name == NEW:
        return answers.text("source.profile")
    return "" if name.startswith(MACHINE) else name


def source_who(answers: Answers, look: Look, region: str = "us-east-1") -> Who:
    """Return the source profile as a caller, with what a nested visit would write for it."""
    inner = answers.under("source.")
    planned = look.sections(inner, look) if inner.text("kind") else ()
    name = source_name(answers)
    return look.who(name, inner.text("region") or look.profiles.get(name, {}).get("region", region), planned)


def source_profile(
    wanted: Callable[[Mapping[str, str]], bool], ask: str, help: str, *, machine: bool = False
) -> Question:
    """Ask which profile's credentials come first; `wanted` says which profiles here can serve."""

    def choices(answers: Answers, look: Look) -> list[Choice]:
        usable = [(name, s) for name, s in look.profiles.items() if wanted(s)]
        there = [Choice(name, name, hint(s)) for name, s in sorted(usable, key=lambda one: "role_arn" in one[1])]
        sources = credential_sources() if machine else []
        return [*there, Choice(NEW, "Set one up first …", "the same questions, then back here"), *sources]

    def settle(value: Value, answers: Answers, look: Look) -> str | Corrected | None:
        name = str(value)
        if name == NEW and not machine and not any(wanted(s) for s in look.profiles.values()):
            return Corrected(NEW, "No profile here holds an IAM user's own keys yet, so one is set up first.")
        if name == NEW or name.startswith(MACHINE) or (name in look.profiles and wanted(look.profiles[name])):
            return None
        if name in look.profiles:
            raise Problem(
                f"The profile {name} cannot serve here: {help[0].lower()}{help[1:]}",
                next=near_usable(look.profiles, wanted) or "Set one up: ccsetup setup keys --profile base",
                code="source.empty",
            )
        raise Problem(
            f"There is no profile {name} on this machine.",
            next=near(name, list(look.profiles)) or f"Set it up first: ccsetup setup keys --profile {name}",
            code="source.missing",
        )

    def default(answers: Answers, look: Look) -> str | None:
        usable = [name for name, s in look.profiles.items() if wanted(s)]
        return usable[0] if len(usable) == 1 else "default" if "default" in usable else None

    return Question(
        "source_profile",
        ask,
        widget="choose",
        help=help,
        choices=choices,
        default=default,
        parse=_source,
        settle=settle,
        also=(("--credential-source", MACHINE),) if machine else (),
        title="Source",
    )


def near_usable(profiles: Mapping[str, Mapping[str, str]], wanted: Callable[[Mapping[str, str]], bool]) -> str:
    """Return words that name the profiles that would do, "" when none does."""
    names = [name for name, s in profiles.items() if wanted(s)][:3]
    return f"{', '.join(names)} would." if names else ""


def _source(text: str) -> str:
    value = validate.tidy(text)
    return credential_source(value) if value.startswith(MACHINE) else value


def credential_sources() -> list[Choice]:
    """Return a choice for each credential_source."""
    return [Choice(MACHINE + name, label, name) for name, label in _SOURCES.items()]


def credential_source(text: str) -> str:
    """Return a credential_source as an answer, however its capitals are; raises BadAnswer for any other."""
    value = MACHINE + validate.tidy(text).removeprefix(MACHINE)
    for name in _SOURCES:
        if value[1:].lower() == name.lower():
            return MACHINE + name
    raise BadAnswer(f"A credential source is one of {', '.join(_SOURCES)}, such as Ec2InstanceMetadata.")


def hint(settings: Mapping[str, str]) -> str:
    """Say in a few words what a profile is."""
    if "role_arn" in settings:
        return f"role {validate.role_name(settings['role_arn'])}"
    if "sso_role_name" in settings:
        return f"single sign-on, {settings.get('sso_account_id', '')} {settings['sso_role_name']}"
    if "aws_session_token" in settings:
        return "temporary keys"
    if "aws_access_key_id" in settings:
        return "long-term keys"
    if "login_session" in settings:
        return "aws login"
    return "credential process" if "credential_process" in settings else ""
