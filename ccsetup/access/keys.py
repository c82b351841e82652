"""Credentials that are stored as given: three values if they are temporary, two if they are long-term."""

from __future__ import annotations

from ccsetup.access.questions import again, stored
from ccsetup.core import clock, validate
from ccsetup.core.command_line import with_clipboard
from ccsetup.core.errors import BadAnswer
from ccsetup.core.lookup import Look
from ccsetup.core.model import Answers, Corrected, Expected, Keys, Secret, Section, Told, Value
from ccsetup.core.question import Access, Question


def _obtain(answers: Answers, look: Look) -> Keys:
    token, ends = answers.text("session_token"), answers.text("expires_at")
    return Keys(
        answers.text("access_key_id"),
        Secret(answers.text("secret_access_key")),
        Secret(token) if token else None,
        clock.read(ends),
    )


def _settle_expiry(value: Value, answers: Answers, look: Look) -> None:
    ends = str(value)
    if ends and ends <= clock.written(look.now()):
        raise BadAnswer(f"These credentials expired at {ends}. Copy new credentials from the same place.")


def _key_or_paste(text: str) -> str | Corrected:
    """Return an access key ID, or a text with all the values, for example three `export` lines."""
    try:
        return validate.access_key_id(text)
    except BadAnswer as refused:
        from ccsetup.access import paste

        try:
            paste.keys(text)
        except paste.SeveralUsers:
            raise
        except BadAnswer:
            raise refused from None
        return text


def _recognised(text: str) -> str:
    """Return a short description of a paste with all the values, "" for any other text."""
    from ccsetup.access import paste
    from ccsetup.core import redact

    try:
        found = paste.keys(text)
    except BadAnswer:
        return ""
    return f"the access key {redact.value('aws_access_key_id', found.access_key_id)} and its secret"


def _settle_paste(value: Value, answers: Answers, look: Look) -> Told | None:
    """Take the secret, the session token and the expiry from a paste, too."""
    if str(value).isalnum():
        return None
    from ccsetup.access import paste

    found = paste.keys(str(value))
    ends = clock.written(found.expires_at)
    beside: dict[str, Value | None] = {
        "secret_access_key": found.secret_access_key,
        "session_token": found.session_token,
        "expires_at": ends,
    }
    said = f"Recognized: {_recognised(str(value))}."
    return Told(found.access_key_id, (said,), {key: told for key, told in beside.items() if told})


def _sections(answers: Answers, keys: Keys | None) -> tuple[Section, ...]:
    return stored(answers, keys, {})


QUESTIONS = (
    Question(
        "access_key_id",
        "Access key ID",
        help="It starts with ASIA (temporary) or AKIA (long-term). You can also paste all the values at once.",
        about=(
            "An access key ID is the public part of an AWS access key. It has 20 characters, for example,"
            " AKIAIOSFODNN7EXAMPLE."
        ),
        parse=_key_or_paste,
        settle=_settle_paste,
        reads=_recognised,
        once=True,  # a paste would be appended to the key that is already in the field
        flag="--keys",
        unasked=f"Pipe the values in: {with_clipboard('ccsetup setup keys --keys -')}, or use environment variables:"
        " --keys env",
        title="Access key ID",
    ),
    Question(
        "secret_access_key",
        "Secret access key",
        widget="secret",
        help="40 characters. Your input is hidden.",
        about=(
            "The secret access key is the password that belongs to an access key ID. It has 40 characters, for"
            " example, wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY."
        ),
        parse=validate.secret_access_key,
        when=lambda answers: bool(answers.text("access_key_id")),  # a different access key ID has a different secret
        flag="-",
        title="Secret access key",
    ),
    Question(
        "session_token",
        "Session token",
        widget="secret",
        help="The longest value. Paste all of it. Your input is hidden.",
        about=(
            "The session token is the third part of temporary credentials and expires with them. It's one long text,"
            " for example, one that starts with IQoJb3JpZ2lu."
        ),
        parse=validate.session_token,
        when=lambda answers: not answers.text("access_key_id").startswith("AKIA"),
        flag="-",
        title="Session token",
    ),
    Question(
        "expires_at",
        "Expiration time",
        known=lambda answers, look: "",
        settle=_settle_expiry,
        flag="-",
        optional=True,
        title="Expiry",
    ),
)

ACCESS = Access(
    name="keys",
    label="Temporary credentials",
    hint="three values to copy and paste",
    as_source=("An access key ID and secret access key", "the long-term credentials of an IAM user"),
    questions=QUESTIONS,
    keys=frozenset({"aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token",
                    "ccsetup_expires_at"}),
    renew="asks for three new values",
    sections=_sections,
    expects=lambda answers: Expected(),
    obtain=_obtain,
    suggest=lambda answers: "codecommit",
    again=lambda name, there: again("keys", name, there),
)  # fmt: skip
