"""A token file of an OIDC provider and a role that trusts it; stored keys for Amazon, Facebook and Cognito tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ccsetup import parse
from ccsetup.errors import BadAnswer, Problem
from ccsetup.look import Look
from ccsetup.model import Access, Answers, Choice, Corrected, Expected, Keys, Question, Secret, Section, Value
from ccsetup.questions import ROLE_ARN, again, duration, session_name, settings, stored

_PROVIDERS = ("www.amazon.com", "graph.facebook.com", "cognito-identity.amazonaws.com")


def _is_token(text: str) -> bool:
    try:
        parse.token(text)
    except BadAnswer:
        return False
    return True


def _settle_file(value: Value, answers: Answers, look: Look) -> Corrected:
    """Make the path absolute, since SDKs expand neither `~` nor `$HOME`, and read what the token says."""
    typed = str(value).replace("${HOME}", "~").replace("$HOME", "~")
    path = look.home / typed[2:] if typed == "~" or typed.startswith("~/") else look.cwd / typed
    raw = _content(path, look)
    text = raw.strip()
    if not text:
        raise Problem(f"{path} is empty.", next="Have the token written into it first.", code="oidc.token-empty")
    if not _is_token(text):
        return Corrected(str(path), f"{path} holds a token that is no JWT, as Amazon's and Facebook's.")
    token = parse.token(text)
    ends = token.expires_at
    if ends and ends <= look.now():
        raise Problem(
            f"The token in {path} ended at {ends:%Y-%m-%d %H:%M} UTC.",
            next="Have a new one written, then try again.",
            code="oidc.token-expired",
        )
    broken = "; it ends with a line break, which AWS may refuse (printf writes none)" if raw != text else ""
    until = f", until {ends:%Y-%m-%d %H:%M} UTC" if ends else ""
    return Corrected(
        str(path), f"Token from {token.issuer or 'an unnamed issuer'} for {token.audience or 'anyone'}{until}{broken}."
    )


def _content(path: Path, look: Look) -> str:
    try:
        return look.text(path)
    except Problem:
        raise Problem(
            f"There is no token file {path}." if not look.occupied(path) else f"{path} is no file that can be read.",
            next="Name the file that holds the token, such as ~/token.jwt.",
            code="oidc.token-missing",
        ) from None


def _provider_known(answers: Answers, look: Look) -> str | None:
    return "" if _is_token(look.text(Path(answers.text("web_identity_token_file")))) else None


def _provider(text: str) -> str:
    value = parse.tidy(text).lower().removeprefix("https://").rstrip("/")
    if value not in _PROVIDERS:
        raise BadAnswer(f"A provider ID is {' or '.join(_PROVIDERS)}, such as {_PROVIDERS[0]}.")
    return value


def _session_name(answers: Answers, look: Look) -> str:
    user = look.env.get("USER") or look.env.get("USERNAME") or ""
    try:
        name = parse.role_session_name(user)
    except BadAnswer:
        return "ccsetup"
    return name.value if isinstance(name, Corrected) else name


def _obtain(answers: Answers, look: Look) -> Keys:
    return look.web_identity(
        answers.text("role_arn"),
        Secret(look.text(Path(answers.text("web_identity_token_file"))).strip()),
        answers.text("role_session_name"),
        int(answers.text("duration_seconds") or 3600),
        answers.text("provider_id"),
        parse.home_region(answers.text("role_arn")),
    )


def _sections(answers: Answers, keys: Keys | None) -> tuple[Section, ...]:
    names = ("role_arn", "web_identity_token_file", "role_session_name", "duration_seconds")
    how: dict[str, Value | None] = {name: answers.text(name) for name in names}
    if not answers.text("provider_id"):
        return (Section("config", "profile", answers.text("profile"), settings(answers, **how)),)
    renew = {f"ccsetup_{name}": str(value) for name, value in how.items()}
    return stored(answers, keys, {"ccsetup_kind": "oidc", **renew, "ccsetup_provider_id": answers.text("provider_id")})


def _obtain_for_provider(answers: Answers, look: Look) -> Keys | None:
    return _obtain(answers, look) if answers.text("provider_id") else None


def _providers(answers: Answers, look: Look) -> Sequence[Choice]:
    return [Choice(name, name) for name in _PROVIDERS]


def _owns(there: Mapping[str, str]) -> bool:
    return "web_identity_token_file" in there or there.get("ccsetup_kind") == "oidc"


def _again(name: str, there: Mapping[str, str]) -> Mapping[str, str]:
    kept = ("role_arn", "web_identity_token_file", "duration_seconds", "provider_id")
    prefix = "ccsetup_" if there.get("ccsetup_kind") == "oidc" else ""
    own = {key: there.get(prefix + key) for key in kept}
    return again("oidc", name, there, **own, role_session_name=there.get(f"{prefix}role_session_name", ""))


QUESTIONS = (
    ROLE_ARN,
    Question(
        "web_identity_token_file",
        "Which file holds the token?",
        widget="path",
        help="A path such as /var/run/secrets/token; it is written as an absolute path.",
        default=lambda answers, look: look.env.get("AWS_WEB_IDENTITY_TOKEN_FILE"),
        parse=parse.token_file,
        settle=_settle_file,
        title="Token file",
    ),
    Question(
        "provider_id",
        "Which provider is the token from?",
        widget="choose",
        help="An access token that is no JWT needs its provider's ID, such as www.amazon.com.",
        choices=_providers,
        known=_provider_known,
        parse=_provider,
        optional=True,
        title="Provider",
    ),
    session_name(_session_name),
    duration(900, 43200),
)

ACCESS = Access(
    name="oidc",
    label="An OIDC token file",
    hint="a role ARN and a file that holds a token",
    rank=50,
    wins=20,
    questions=QUESTIONS,
    keys=frozenset({"role_arn", "web_identity_token_file", "role_session_name", "duration_seconds", "ccsetup_kind",
                    "ccsetup_role_arn", "ccsetup_web_identity_token_file", "ccsetup_role_session_name",
                    "ccsetup_duration_seconds", "ccsetup_provider_id"}),
    owns=_owns,
    renew="reads the token file again",
    sections=_sections,
    expects=lambda a: Expected(parse.arn_account(a.text("role_arn")), parse.role_name(a.text("role_arn"))),
    obtain=_obtain_for_provider,
    suggest=lambda answers: parse.role_name(answers.text("role_arn")),
    again=_again,
)  # fmt: skip
