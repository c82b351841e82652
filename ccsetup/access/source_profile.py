"""The source of a profile's credentials: another profile, one that is set up first, or this computer."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ccsetup.core import profile_partition, regions, validate
from ccsetup.core.command_line import quote
from ccsetup.core.errors import BadAnswer, Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import MACHINE, NEW, Answers, Choice, Corrected, Value, Who
from ccsetup.core.profile_kind import is_long_term, source_of
from ccsetup.core.question import Question
from ccsetup.core.text import did_you_mean

_SOURCES = {
    "Ec2InstanceMetadata": "This EC2 instance's role",
    "EcsContainer": "This container's role",
    "Environment": "Environment variables (AWS_ACCESS_KEY_ID …)",
}


def source_name(answers: Answers) -> str:
    """Return the name of the source profile, "" if there is none (a credential_source, another kind)."""
    name = answers.text("source_profile")
    if name == NEW:
        return answers.text("source.profile")
    return "" if name.startswith(MACHINE) else name


def source_who(answers: Answers, look: Look, region: str = "") -> Who:
    """Return the source profile as a caller, including settings that are still to be written for it.

    Its region is in the partition of `region`, or else of the MFA device or the profile.
    """
    inner = answers.under("source.")
    planned = look.sections(inner, look) if inner.text("kind") else ()
    name = source_name(answers)
    near_by = inner.text("region"), look.profiles.get(name, {}).get("region", "")
    if not region:
        partition = profile_partition.of_arn(answers.text("mfa_serial"))
        if not partition and not near_by[0]:
            partition = profile_partition.of(look.profiles, look.sessions, name)
        region = regions.home_region(partition or regions.partition_of(near_by[0]))
    return look.who(name, profile_partition.region_in(regions.partition_of(region), near_by) or region, planned)


def source_profile(
    wanted: Callable[[Mapping[str, str]], bool], ask: str, help: str, *, machine: bool = False
) -> Question:
    """Return the question for the source profile. `wanted` tells which profiles can be used."""

    def choices(answers: Answers, look: Look) -> list[Choice]:
        usable = [(name, s) for name, s in look.profiles.items() if wanted(s)]
        there = [Choice(name, name, hint(s)) for name, s in sorted(usable, key=lambda one: "role_arn" in one[1])]
        sources = credential_sources() if machine else []
        return [*there, Choice(NEW, "Set up a new profile …", "then continue here"), *sources]

    def settle(value: Value, answers: Answers, look: Look) -> str | Corrected | None:
        name = str(value)
        is_told = any(key.startswith("source.") for key in look.told)
        if name == NEW and not machine and not is_told and not any(wanted(s) for s in look.profiles.values()):
            return Corrected(
                NEW, "None of your profiles has an IAM user's long-term credentials. Set up a source profile first."
            )
        if name == NEW or name.startswith(MACHINE) or (name in look.profiles and wanted(look.profiles[name])):
            return None
        if name in look.profiles:
            raise Problem(
                f"The profile {name} can't be used here. {help}",
                next=near_usable(look.profiles, wanted) or "Set up a source profile: ccsetup setup keys --profile base",
                code="source.empty",
            )
        raise Problem(
            f'No profile "{name}" on this computer.',
            next=did_you_mean(name, list(look.profiles))
            or f"Set up the profile first: ccsetup setup keys --profile {quote(name)}",
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
        about=(
            "A source profile has the credentials that the new profile starts from, for example, an IAM user's access"
            " key. If you don't have one yet, set up a new profile here."
        ),
        choices=choices,
        default=default,
        parse=_source,
        settle=settle,
        also=(("--credential-source", MACHINE),) if machine else (),
        title="Source profile",
    )


def near_usable(profiles: Mapping[str, Mapping[str, str]], wanted: Callable[[Mapping[str, str]], bool]) -> str:
    """Return a sentence that lists the profiles that can be used, "" if there are none."""
    names = [name for name, s in profiles.items() if wanted(s)][:3]
    return f"Available: {', '.join(names)}" if names else ""


def _source(text: str) -> str:
    value = validate.tidy(text)
    return credential_source(value) if value.startswith(MACHINE) else value


def credential_sources() -> list[Choice]:
    """Return a choice for each credential_source."""
    return [Choice(MACHINE + name, label, name) for name, label in _SOURCES.items()]


def credential_source(text: str) -> str:
    """Return a credential_source as an answer, in any case. Raises BadAnswer for other values."""
    value = MACHINE + validate.tidy(text).removeprefix(MACHINE)
    for name in _SOURCES:
        if value[1:].lower() == name.lower():
            return MACHINE + name
    raise BadAnswer(f"The credential source must be one of: {', '.join(_SOURCES)}.")


def hint(settings: Mapping[str, str]) -> str:
    """Describe a profile in a few words."""
    source = source_of(settings)
    if source in ("role", "oidc"):
        return f"role {validate.role_name(settings.get('role_arn', ''))}".rstrip()
    if source == "sso":
        return " ".join(("single sign-on,", settings.get("sso_account_id", ""), settings.get("sso_role_name", "")))
    if source == "keys":
        return "long-term credentials" if is_long_term(settings) else "temporary credentials"
    return {"console": "console credentials", "process": "credential process"}.get(source, "")
