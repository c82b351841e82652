"""AWS console credentials: the user signs in to the AWS console in a browser, as with `aws login`."""

from __future__ import annotations

from collections.abc import Sequence

from ccsetup.access.questions import again, asked_region, fixed, profile_name, settings
from ccsetup.core import validate
from ccsetup.core.arn import Arn, account_in
from ccsetup.core.errors import BadAnswer
from ccsetup.core.lookup import Look
from ccsetup.core.model import NEW, Answers, Choice, Expected, Keys, Section, Value
from ccsetup.core.question import Access, Question


def _sign_in(text: str) -> str:
    """Return the ARN of who is signed in to the console, or + for a new sign-in."""
    value = validate.tidy(text)
    arn = Arn.parse(value)
    if value != NEW and not (arn and arn.service in ("iam", "sts") and account_in(value)):
        raise BadAnswer(
            "That's not the ARN of a user or a role session. It should look like arn:aws:iam::111122223333:user/maria."
        )
    return value


def _sign_ins(answers: Answers, look: Look) -> Sequence[Choice]:
    used = {there["login_session"]: name for name, there in look.profiles.items() if there.get("login_session")}
    there = [Choice(arn, arn.rpartition(":")[2], f"{account_in(arn)}, used by {name}") for arn, name in used.items()]
    return [Choice(NEW, "Sign in now", "in a browser"), *there]


def _only_way(answers: Answers, look: Look) -> str | None:
    return NEW if len(_sign_ins(answers, look)) == 1 else None


def _settle(value: Value, answers: Answers, look: Look) -> str | None:
    """Have the user sign in, unless a profile here uses this sign-in already. Raises Problem for another account."""
    account, named = answers.text("account_id"), "" if value == NEW else str(value)
    if named and account and account_in(named) != account:
        raise BadAnswer(f"{named} isn't in account {account}.")
    is_here = any(there.get("login_session") == named for there in look.profiles.values())
    if named and (is_here or look.dry):
        return None
    return look.console_sign_in(answers.text("profile"), answers.text("region"), named, account)


def _suggest(answers: Answers) -> str:
    return f"console-{answers.text('account_id')}".removesuffix("-")


def _sections(answers: Answers, keys: Keys | None) -> tuple[Section, ...]:
    told = settings(answers, login_session=answers.text("login_session"))
    return (Section("config", "profile", answers.text("profile"), told),)


_ASKED = (
    asked_region(),
    Question(
        "account_id",
        "Account (optional)",
        help="The account that you sign in to, for example, 111122223333.",
        about=(
            "If you give the account, ccsetup checks that you signed in to it and not to another one. The console shows"
            " its 12 digits at the top right, for example, 1111-2222-3333."
        ),
        known=fixed(""),
        parse=validate.account_id,
        optional=True,
        title="Account",
    ),
)
_SIGN_IN = Question(
    "login_session",
    "Which console sign-in?",
    widget="choose",
    help="Sign in now, or choose a sign-in of another profile.",
    about=(
        "A console sign-in gives a profile the rights that you have in the browser, for up to 12 hours. Sign in now, or"
        " choose one that another profile uses, for example, acme-dev."
    ),
    choices=_sign_ins,
    known=_only_way,
    default=fixed(NEW),
    parse=_sign_in,
    settle=_settle,
    free=True,
    title="Sign-in",
)

_KIND = Access(
    name="console",
    label="A sign-in to the AWS console",
    hint="a password, as for aws login",
    questions=_ASKED,
    keys=frozenset({"login_session"}),
    renew="signs in to the AWS console again",
    sections=_sections,
    expects=lambda answers: Expected(account_in(answers.text("login_session"))),
    suggest=_suggest,
    again=lambda name, there: again("console", name, there, login_session=there.get("login_session")),
)
# The profile is named before the sign-in, because the AWS CLI shows its name.
ACCESS = _KIND._replace(questions=(*_ASKED, profile_name(_KIND), _SIGN_IN))
