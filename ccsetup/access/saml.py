"""A SAML assertion from an identity provider, exchanged for the temporary credentials of one of its roles."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ccsetup.access.questions import ROLE_ARN, again, duration, stored
from ccsetup.core import validate
from ccsetup.core.arn import account_in
from ccsetup.core.command_line import with_clipboard
from ccsetup.core.errors import BadAnswer, Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import Answers, Choice, Corrected, Expected, Keys, Secret, Section, Told, Value
from ccsetup.core.question import Access, Question

if TYPE_CHECKING:
    from ccsetup.access.saml_assertion import Assertion

_STDIN = "-"
_SHOWN = 10
_LONGEST_PATH = 300


def _settle_assertion(value: Value, answers: Answers, look: Look) -> Told:
    """Accept the assertion itself, a path, or - for stdin. It is read once and stored as one secret string."""
    from ccsetup.access import saml_assertion

    text = value.reveal() if isinstance(value, Secret) else value
    if isinstance(value, str) and saml_assertion.looks_like_one(text):
        raise BadAnswer(
            "Don't put an assertion on the command line, where other programs on this computer can read it.",
            next="Specify the file that contains the assertion, or use - for stdin: "
            + with_clipboard("ccsetup setup saml --saml-assertion -"),
        )
    if text.strip() == _STDIN:
        text = look.stdin()
    elif text.strip() and not saml_assertion.looks_like_one(text):
        text = _content(text, look)
    if not text.strip():
        raise BadAnswer(
            "No SAML assertion was found in your input.",
            next="Specify the file that contains the assertion, or paste the assertion.",
        )
    clean = saml_assertion.clean(text)
    found = saml_assertion.read(clean)
    if found.ends_at and found.ends_at <= look.now():
        raise Problem(
            f"The SAML assertion expired at {_clock(found.ends_at)}.",
            next="Sign in to your identity provider again and use the new assertion within five minutes.",
            code="keys.expired",
        )
    until = f" and is valid until {_clock(found.ends_at)}" if found.ends_at else ""
    last = f". Sessions end by {_clock(found.session_ends_at)}" if found.session_ends_at else ""
    count = len(found.roles)
    said = f"The assertion includes {'one role' if count == 1 else f'{count} roles'}{until}{last}."
    return Told(Secret(clean), (said, *_listed(found, "role_arn" in look.told)), {})


def _listed(found: Assertion, chosen: bool) -> tuple[str, ...]:
    """Return a line that lists the roles if the user still has to choose one."""
    roles = [role for role, _ in found.roles]
    more = f" and {len(roles) - _SHOWN} more" if len(roles) > _SHOWN else ""
    return () if chosen or len(roles) == 1 else (f"Available: {', '.join(roles[:_SHOWN])}{more}.",)


def _is_path(text: str) -> bool:
    """Return whether a text begins like the path of a file, so that it may be seen while you type it."""
    named = re.match(r"\s*['\"]?(?:~|\.{1,2}[/\\]|/|\\\\|[A-Za-z]:[/\\]|\$\{?HOME)", text)
    return bool(named) and len(text) < _LONGEST_PATH


def _content(text: str, look: Look) -> str:
    typed = validate.tidy(text).replace("${HOME}", "~").replace("$HOME", "~")
    path = look.home / typed[2:] if typed.startswith("~/") else look.cwd / typed
    try:
        return look.text(path)
    except (Problem, ValueError, OSError):
        shown = f"named {Path(typed).name}" if len(typed) < 200 else "with that name"
        raise Problem(
            f"That's not a SAML assertion, and there's no file {shown}.",
            next="Enter a path like ~/saml-response.txt, or paste the SAMLResponse from your identity provider.",
            code="input.invalid",
        ) from None


def _clock(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _read(answers: Answers) -> Assertion:
    from ccsetup.access import saml_assertion

    return saml_assertion.read(answers.text("saml_assertion"))


def _roles(answers: Answers, look: Look) -> Sequence[Choice]:
    return [
        Choice(role, validate.role_name(role), f"account {account_in(role)}, provider {provider.rpartition('/')[2]}")
        for role, provider in _read(answers).roles
    ]


def _only_role(answers: Answers, look: Look) -> str | None:
    roles = _read(answers).roles
    return roles[0][0] if len(roles) == 1 else None


def _settle_role(value: Value, answers: Answers, look: Look) -> Corrected | None:
    roles = [role for role, _ in _read(answers).roles]
    if value not in roles:
        more = f" and {len(roles) - _SHOWN} more" if len(roles) > _SHOWN else ""
        raise BadAnswer(
            f"The assertion doesn't include the role {value}. Available: {', '.join(roles[:_SHOWN])}{more}."
        )
    if len(roles) == 1 and "role_arn" not in look.told:
        return Corrected(str(value), f"Using {value}, the only role in the assertion.")
    return None


def _duration(answers: Answers, look: Look) -> str:
    """Return the assertion's SessionDuration in seconds if the API accepts it, otherwise "" (one hour)."""
    lasts_s = _read(answers).session_s
    return str(lasts_s) if lasts_s and 900 <= lasts_s <= 43200 else ""


def _obtain(answers: Answers, look: Look) -> Keys:
    role, encoded, found = answers.text("role_arn"), Secret(answers.text("saml_assertion")), _read(answers)
    lasts_s = int(answers.text("duration_seconds") or 3600)
    try:
        return look.saml(role, found.provider_of(role), encoded, lasts_s)
    except Problem as refused:
        if lasts_s != found.session_s or "MaxSessionDuration" not in refused.why:
            raise
        return look.saml(role, found.provider_of(role), encoded, 3600)  # every role allows this


def _sections(answers: Answers, keys: Keys | None) -> tuple[Section, ...]:
    kept = {f"ccsetup_{key}": answers.text(key) for key in ("role_arn", "duration_seconds")}
    return stored(answers, keys, {"ccsetup_kind": "saml", **kept})


def _again(name: str, there: Mapping[str, str]) -> Mapping[str, str]:
    kept = {key: there.get(f"ccsetup_{key}", "") for key in ("role_arn", "duration_seconds")}
    return again("saml", name, there, **kept)


QUESTIONS = (
    Question(
        "saml_assertion",
        "SAML assertion",
        widget="secret",
        help="Paste the SAMLResponse, or enter the path of its file, for example, ~/saml-response.txt.",
        about=(
            "A SAML assertion is what your identity provider sends to AWS when you sign in. It's a long base64 text,"
            " for example, the SAMLResponse in the network tab of your browser's developer tools."
        ),
        unasked="Pass the file that has the assertion: --saml-assertion ~/saml-response.txt",
        settle=_settle_assertion,
        shows=_is_path,
        once=True,
        own=True,
        title="Assertion",
    ),
    ROLE_ARN._replace(
        ask="Which role?",
        widget="choose",
        help="A role in the assertion, for example, arn:aws:iam::111122223333:role/Developer.",
        choices=_roles,
        known=_only_role,
        settle=_settle_role,
    ),
    duration(900, 43200)._replace(known=_duration),
)

ACCESS = Access(
    name="saml",
    label="A SAML sign-in",
    hint="an assertion from your provider",
    questions=QUESTIONS,
    keys=frozenset({"ccsetup_kind", "ccsetup_role_arn", "ccsetup_duration_seconds"}),
    renew="asks for a new assertion",
    sections=_sections,
    expects=lambda a: Expected(account_in(a.text("role_arn")), validate.role_name(a.text("role_arn"))),
    obtain=_obtain,
    suggest=lambda answers: validate.role_name(answers.text("role_arn")),
    again=_again,
)
