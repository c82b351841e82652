"""A role that trusts an OIDC provider, and its token file. For Amazon and Facebook tokens, credentials are stored."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from ccsetup.access.questions import ROLE_ARN, again, duration, session_name, settings, stored
from ccsetup.core import code_page, executables, validate, web_token
from ccsetup.core.arn import account_in
from ccsetup.core.command_line import with_clipboard
from ccsetup.core.errors import BadAnswer, Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import Answers, Choice, Corrected, Expected, Keys, Secret, Section, Told, Value
from ccsetup.core.question import Access, Question

_PROVIDERS = ("www.amazon.com", "graph.facebook.com")
_OF_OIDC = ("cognito-identity.amazonaws.com", "accounts.google.com")  # their tokens are JWTs that name the issuer


_EXAMPLE = "A token is one long string (eyJh….eyJp….SflK…). Specify the token's file, for example, ~/token.jwt."


def _is_token(text: str) -> bool:
    try:
        validate.token(text)
    except BadAnswer:
        return False
    return True


def _token_known(answers: Answers, look: Look) -> str | None:
    """Return None, so that the token itself is asked for, only if the profile was created from a token."""
    there = look.profiles.get(str(look.told.get("profile", "")), {})
    bare = there.get("ccsetup_kind") == "oidc" and "ccsetup_web_identity_token_file" not in there
    return None if bare else ""


def _settle_token(value: Value, answers: Answers, look: Look) -> Told | None:
    text = (value.reveal() if isinstance(value, Secret) else value).strip()
    if text and (why := web_token.fault(text, opaque=True)):
        raise BadAnswer(f"That's not a token: {why}. Nothing was sent to AWS.", next=_EXAMPLE)
    return Told(Secret(text), (_tale(text, "That token", look),), {}) if text else None


def _settle_file(value: Value, answers: Answers, look: Look) -> Corrected:
    """Make the path absolute, since SDKs expand neither `~` nor `$HOME`, and check the token in the file."""
    typed = str(value).replace("${HOME}", "~").replace("$HOME", "~")
    path = look.home / typed[2:] if typed == "~" or typed.startswith("~/") else look.cwd / typed
    raw = _content(path, look)
    path = _without_dots(path, raw, look)
    code_page.check(str(path), code_page.of_system(), r"C:\tokens\jwt" if executables.WINDOWS else "/opt/tokens/jwt")
    text = raw.strip()
    if not text:
        raise Problem(f"{path} is empty.", next="Write the token to the file, then try again.", code="oidc.token-empty")
    if why := web_token.fault(text, opaque=True):
        what = f"{path} doesn't contain a token: {why}. Nothing was sent to AWS."
        raise Problem(what, next=_EXAMPLE, code="oidc.token-invalid")
    broken = " The file ends with a line break, which AWS may reject (printf doesn't add one)." if raw != text else ""
    moved = f" Using the absolute path {path}, because AWS tools don't expand ~." if typed.startswith("~") else ""
    return Corrected(str(path), _tale(text, f"The token in {path}", look) + broken + moved)


def _tale(text: str, name: str, look: Look) -> str:
    """Describe a token by its own claims. Raises Problem if it has expired."""
    if not _is_token(text):
        return f"{name} isn't a JWT. Amazon and Facebook tokens aren't JWTs either."
    token = validate.token(text)
    ends = token.expires_at
    if ends and ends <= look.now():
        raise Problem(
            f"{name} expired at {ends:%Y-%m-%d %H:%M} UTC.",
            next="Get a new token, then try again.",
            code="oidc.token-expired",
        )
    until = f", valid until {ends:%Y-%m-%d %H:%M} UTC" if ends else ""
    return f"Token issued by {token.issuer or 'an unknown issuer'} for {token.audience or 'any audience'}{until}."


def _content(path: Path, look: Look) -> str:
    try:
        return look.text(path)
    except Problem as refused:
        raise Problem(
            refused.what if look.occupied(path) else f"The token file {path} doesn't exist.",
            next="Specify the file that contains the token, for example, ~/token.jwt.",
            code="oidc.token-missing",
        ) from None


def _without_dots(path: Path, text: str, look: Look) -> Path:
    """Return the path without `..`, unless that names another file because a folder in it is a link."""
    plain = Path(os.path.normpath(path))
    try:
        return plain if plain == path or look.text(plain) == text else path
    except Problem:
        return path


def _token(answers: Answers, look: Look) -> str:
    held = answers.text("web_identity_token")
    return held or look.text(Path(answers.text("web_identity_token_file"))).strip()


def _provider_known(answers: Answers, look: Look) -> str | None:
    return "" if _is_token(_token(answers, look)) else None


def _provider(text: str) -> str | Corrected:
    value = validate.tidy(text).lower().removeprefix("https://").rstrip("/")
    if value in _OF_OIDC:
        return Corrected("", f"Tokens from {value} are OIDC tokens, which don't need a provider ID.")
    if value not in _PROVIDERS:
        raise BadAnswer(f"The provider ID must be one of: {', '.join(_PROVIDERS)}.")
    return value


def _settle_provider(value: Value, answers: Answers, look: Look) -> Corrected | None:
    if value and _is_token(_token(answers, look)):
        return Corrected("", "OIDC tokens don't need a provider ID.")
    return None


def _session_name(answers: Answers, look: Look) -> str:
    user = look.env.get("USER") or look.env.get("USERNAME") or ""
    try:
        name = validate.role_session_name(user)
    except BadAnswer:
        return "ccsetup"
    return name.value if isinstance(name, Corrected) else name


def _obtain(answers: Answers, look: Look) -> Keys:
    return look.web_identity(
        answers.text("role_arn"),
        Secret(_token(answers, look)),
        answers.text("role_session_name"),
        int(answers.text("duration_seconds") or 3600),
        answers.text("provider_id"),
        validate.home_region(answers.text("role_arn")),
    )


def _sections(answers: Answers, keys: Keys | None) -> tuple[Section, ...]:
    names = ("role_arn", "web_identity_token_file", "role_session_name", "duration_seconds")
    how: dict[str, Value | None] = {name: answers.text(name) for name in names}
    if not _stores(answers):
        return (Section("config", "profile", answers.text("profile"), settings(answers, **how)),)
    renew = {f"ccsetup_{name}": str(value) for name, value in how.items()}
    return stored(answers, keys, {"ccsetup_kind": "oidc", **renew, "ccsetup_provider_id": answers.text("provider_id")})


def _stores(answers: Answers) -> bool:
    """Return whether credentials are stored, since SDKs support neither provider IDs nor tokens without a file."""
    return bool(answers.text("provider_id") or answers.text("web_identity_token"))


def _obtain_to_store(answers: Answers, look: Look) -> Keys | None:
    return _obtain(answers, look) if _stores(answers) else None


def _providers(answers: Answers, look: Look) -> Sequence[Choice]:
    return [Choice(name, name) for name in _PROVIDERS]


def _again(name: str, there: Mapping[str, str]) -> Mapping[str, str]:
    kept = ("role_arn", "web_identity_token_file", "duration_seconds", "provider_id")
    prefix = "ccsetup_" if there.get("ccsetup_kind") == "oidc" else ""
    own = {key: there.get(prefix + key) for key in kept}
    return again("oidc", name, there, **own, role_session_name=there.get(f"{prefix}role_session_name", ""))


QUESTIONS = (
    ROLE_ARN,
    Question(
        "web_identity_token",
        "Token",
        widget="secret",
        help="The whole token (eyJh….eyJp….SflK…). Your input is hidden.",
        about=(
            "An OIDC token is a signed text that proves who you are, for example, to a role that trusts your pipeline."
            " It consists of three parts with dots between them (eyJh….eyJp….SflK…)."
        ),
        known=_token_known,
        settle=_settle_token,
        flag="-",
        once=True,
        unasked=f"Pipe the token in: {with_clipboard('ccsetup setup --paste -')}",
        title="Token",
    ),
    Question(
        "web_identity_token_file",
        "Token file",
        widget="path",
        help="A path like /var/run/secrets/token. It's stored as an absolute path.",
        about=(
            "An OIDC token proves who you are, and a pipeline or identity provider writes it to a file. Enter the path"
            " of that file, for example, ~/token.jwt."
        ),
        default=lambda answers, look: look.env.get("AWS_WEB_IDENTITY_TOKEN_FILE"),
        parse=validate.token_file,
        settle=_settle_file,
        when=lambda answers: not answers.text("web_identity_token"),
        own=True,
        title="Token file",
    ),
    Question(
        "provider_id",
        "Token provider",
        widget="choose",
        help="Tokens that aren't JWTs need a provider ID, for example, www.amazon.com.",
        about=(
            "A token that isn't a JWT doesn't name its issuer, so AWS needs to know the provider. For example,"
            " www.amazon.com issues tokens for Login with Amazon."
        ),
        choices=_providers,
        known=_provider_known,
        parse=_provider,
        settle=_settle_provider,
        title="Provider",
    ),
    session_name(_session_name),
    duration(900, 43200),
)

ACCESS = Access(
    name="oidc",
    label="An OIDC token file",
    hint="a role ARN and a token file",
    questions=QUESTIONS,
    keys=frozenset({"role_arn", "web_identity_token_file", "role_session_name", "duration_seconds", "ccsetup_kind",
                    "ccsetup_role_arn", "ccsetup_web_identity_token_file", "ccsetup_role_session_name",
                    "ccsetup_duration_seconds", "ccsetup_provider_id"}),
    renew="reads the token file again",
    sections=_sections,
    expects=lambda a: Expected(account_in(a.text("role_arn")), validate.role_name(a.text("role_arn"))),
    obtain=_obtain_to_store,
    suggest=lambda answers: validate.role_name(answers.text("role_arn")),
    again=_again,
)  # fmt: skip
