"""Where a profile's first credentials come from: another profile, one set up on the way, or the machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ccsetup.core import validate
from ccsetup.core.errors import BadAnswer, Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import Answers, Choice, Corrected, Question, Value, Who
from ccsetup.core.sdk_files import chain

NEW = "+"  # a source profile that a nested visit sets up first
MACHINE = "@"  # before a credential_source
_SOURCES = {
    "Ec2InstanceMetadata": "This EC2 instance's role",
    "EcsContainer": "This container's role",
    "Environment": "The AWS_ACCESS_KEY_ID … variables",
}


_OF_CREDENTIALS = ("aws_", "sso_", "ccsetup_")
_OF_KINDS = frozenset({"role_arn", "source_profile", "credential_source", "web_identity_token_file",
                       "credential_process", "login_session", "mfa_serial", "external_id"})  # fmt: skip


def leaves_it_to_the_machine(settings: Mapping[str, str]) -> bool:
    """Say whether a profile has a region and names no credentials at all, so that SDKs end with the machine's role."""
    return "region" in settings and not any(key in _OF_KINDS or key.startswith(_OF_CREDENTIALS) for key in settings)


def runs_program(profiles: Mapping[str, Mapping[str, object]], name: str) -> bool:
    """Say whether a profile's credentials come from a program, its own or that of a profile it starts from."""
    return any("credential_process" in there and "aws_access_key_id" not in there for there in chain(profiles, name))


def long_term(settings: Mapping[str, str]) -> bool:
    """Say whether a profile holds the long-term keys of a person."""
    return "aws_access_key_id" in settings and "aws_session_token" not in settings


def keeps_long_term(settings: Mapping[str, str]) -> bool:
    """Say whether one section of a file holds a long-term key or a half of one, whatever stands beside it."""
    held = ("aws_access_key_id", "aws_secret_access_key")
    tokens = ("aws_session_token", "aws_security_token")
    alone = any(settings.get(key) for key in held) and not any(settings.get(key) for key in tokens)
    return alone or settings.get(held[0], "").startswith("AKIA")


def close(name: str, names: Sequence[str]) -> list[str]:
    """Return the names like this one, the nearest first."""
    import difflib

    return difflib.get_close_matches(name, names, n=3, cutoff=0.5)


def near(name: str, names: Sequence[str]) -> str:
    """Return words that suggest names like this one, "" when there are none."""
    *others, last = close(name, names) or [""]
    return f"There are {', '.join(others)} and {last}." if others else f"There is {last}." if last else ""


def names_program(profiles: Mapping[str, Mapping[str, object]], name: str) -> bool:
    """Say whether a profile, or one that it starts from, names a program for its keys, whatever else it holds."""
    return any("credential_process" in there for there in chain(profiles, name))


def unasked(names: str) -> str:
    """Say that these profiles were not asked, since a program would have to run for it."""
    return f"not asked: {names}. Their keys come from a program, which runs only for profiles you name."


def not_run(name: str, next: str) -> Problem:
    """Return the Problem of a profile whose program was not started, since nobody chose the profile."""
    return Problem(
        f"{name} gets its keys from a program, which was not started.",
        why="It runs only for profiles that you name or choose.",
        next=f"Name it: {next}",
        code="process.not-run",
    )


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
