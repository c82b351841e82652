"""Single sign-on with IAM Identity Center, through an sso-session that profiles share, or in the legacy form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ccsetup.access.questions import again, fixed, settings, yes_no
from ccsetup.core import sso_session, validate
from ccsetup.core.context import Start, start_of
from ccsetup.core.errors import BadAnswer, Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import Answers, Choice, Corrected, Expected, Keys, Section, Value
from ccsetup.core.question import Access, Question
from ccsetup.core.regions import REGIONS
from ccsetup.core.sso_session import SCOPE


def start(answers: Answers) -> Start:
    """Return the start URL, region and session of the sign-in."""
    session = "" if answers.text("legacy") == "yes" else answers.text("sso_session")
    scopes = answers.text("sso_registration_scopes") if session else SCOPE
    where = {"sso_start_url": answers.text("sso_start_url"), "sso_region": answers.text("sso_region")}
    where["sso_registration_scopes"] = scopes
    return start_of({"sso_session": session}, {session: where}) if session else start_of(where, {})


def _urls(answers: Answers, look: Look) -> Sequence[Choice]:
    tables = [*look.sessions.items(), *look.profiles.items()]
    urls = {s["sso_start_url"]: name for name, s in reversed(tables) if s.get("sso_start_url")}
    return [Choice(url, url, f"used by {name}") for url, name in reversed(urls.items())]


def _regions_used(look: Look, url: str = "") -> list[str]:
    tables = [*look.sessions.values(), *look.profiles.values()]
    wanted = [s for s in tables if s.get("sso_region") and (not url or _same(s.get("sso_start_url", ""), url))]
    return list(dict.fromkeys(s["sso_region"] for s in wanted))


def _same(one: str, other: str) -> bool:
    return one.rstrip("/#").lower() == other.rstrip("/#").lower()


def _named(look: Look, key: str) -> str | None:
    """Return a setting of the sso-session that was given by name and is here already, None if there is none."""
    return look.sessions.get(str(look.told.get("sso_session", "")), {}).get(key) or None


def _region(answers: Answers, look: Look) -> str | None:
    if there := _named(look, "sso_region"):
        return there
    url = answers.text("sso_start_url")
    told = validate.region_of(url)
    if told:
        return told
    used = _regions_used(look, url)
    return used[0] if used else look.sign_in_region(url)


def _session(answers: Answers, look: Look) -> str:
    url, region = answers.text("sso_start_url"), answers.text("sso_region")
    for name, there in look.sessions.items():
        if _same(there.get("sso_start_url", ""), url) and there.get("sso_region") == region:
            return name
    name = validate.session_of(url)
    return next(n for n in (name, *(f"{name}-{i}" for i in range(2, 999))) if n not in look.sessions)


def _settle_url(value: Value, answers: Answers, look: Look) -> str | Corrected | None:
    """Keep the spelling that an existing session uses, since profiles share it. Warn if the host isn't AWS's."""
    spelled = (s.get("sso_start_url", "") for s in look.sessions.values())
    url = next((url for url in spelled if url != value and url.rstrip("/") == str(value)), str(value))
    if not validate.is_portal(url):
        host = validate.host_of(url)
        return Corrected(url, f"{host} isn't an AWS host. Make sure that it redirects you to an AWS sign-in page.")
    return url if url != value else None


def _settle_session(value: Value, answers: Answers, look: Look) -> None:
    """Refuse the name of a session with another start URL or region, if other profiles use it or may use it."""
    there = look.sessions.get(str(value))
    users = [name for name, profile in look.profiles.items() if profile.get("sso_session") == value]
    if (
        there
        and users != [look.given.get("profile")]
        and not (
            _same(there.get("sso_start_url", ""), answers.text("sso_start_url"))
            and there.get("sso_region", answers.text("sso_region")) == answers.text("sso_region")
        )
    ):
        raise BadAnswer(
            f"The sso-session {value} uses {there.get('sso_start_url', 'another start URL')}, and other profiles may"
            f" depend on it. Choose another name, for example, {value}-2."
        )


def _scopes(answers: Answers, look: Look) -> str:
    there = look.sessions.get(answers.text("sso_session"))
    if there is None:
        return SCOPE
    requested = there.get("sso_registration_scopes", "")
    return f"{requested},{SCOPE}" if sso_session.lacks_scope(there) else requested


def _suggest(answers: Answers) -> str:
    return f"{validate.session_of(answers.text('sso_start_url'))}-{_word(answers.text('sso_role_name'))}"


def _word(role: str) -> str:
    return role.lower() if role else "dev"


def _sections(answers: Answers, keys: Keys | None) -> tuple[Section, ...]:
    profile, begin = answers.text("profile"), start(answers)
    where = {"sso_start_url": begin.url, "sso_region": begin.region}
    role = {"sso_account_id": answers.text("sso_account_id"), "sso_role_name": answers.text("sso_role_name")}
    if not begin.session:
        return (Section("config", "profile", profile, settings(answers, **where, **role)),)
    scopes = answers.text("sso_registration_scopes")
    session = {**where, **({"sso_registration_scopes": scopes} if scopes else {})}
    return (
        Section("config", "sso-session", begin.session, session),
        Section("config", "profile", profile, settings(answers, sso_session=begin.session, **role)),
    )


def _accounts(answers: Answers, look: Look) -> Sequence[Choice]:
    try:
        found = look.accounts(start(answers))
        return [a if a.label == a.value else a._replace(hint=f"{a.value}  {a.hint}".rstrip()) for a in found]
    except Problem as problem:
        problem.about = {"sso.url": "sso_region", "sso.signed-out": "sso_start_url"}.get(problem.code, "")
        raise


def _again(name: str, there: Mapping[str, str]) -> Mapping[str, str]:
    kept = ("sso_start_url", "sso_region", "sso_session", "sso_account_id", "sso_role_name")
    own = {key: there.get(key) for key in kept}
    if "sso_session" not in there:
        return again("sso", name, there, **own, legacy="yes")
    return again("sso", name, there, **own, sso_registration_scopes=there.get("sso_registration_scopes", ""))


QUESTIONS = (
    Question(
        "sso_start_url",
        "Start URL",
        widget="choose",
        help="The URL where you sign in, for example, https://acme.awsapps.com/start.",
        about=(
            "The start URL is the address of your company's AWS sign-in page. It's in your invitation and in the"
            " browser when you sign in, for example, https://acme.awsapps.com/start."
        ),
        choices=_urls,
        known=lambda answers, look: _named(look, "sso_start_url"),
        parse=validate.sso_start_url,
        settle=_settle_url,
        free=True,
        title="Start URL",
    ),
    Question(
        "sso_region",
        "Region of IAM Identity Center",
        widget="choose",
        help="A region like us-east-1. It can differ from the repository's region. Ask your administrator.",
        unasked="Ask your administrator for the region of the start URL, and pass it with --sso-region.",
        about=(
            "IAM Identity Center, which signs you in, runs in one region. The sign-in page shows it under Access keys,"
            " for example, us-east-1."
        ),
        choices=lambda answers, look: [Choice(r, r, city) for r, city in REGIONS.items()],
        known=_region,
        default=lambda answers, look: next(iter(_regions_used(look)), None),
        parse=validate.region,
        free=True,
        title="Sign-in region",
    ),
    Question(
        "legacy",
        "Use the legacy format for older tools?",
        widget="confirm",
        about=(
            "In the legacy format, each profile has a start URL of its own instead of sharing an sso-session. Only old"
            " tools need it, for example, the AWS CLI before version 2.9."
        ),
        known=fixed("no"),
        parse=yes_no,
        title="Legacy format",
    ),
    Question(
        "sso_session",
        "Name for the sso-session",
        help="Profiles with the same sso-session share one sign-in.",
        about=(
            "An sso-session is a named sign-in in ~/.aws/config that several profiles can share. You choose its name,"
            " for example, acme."
        ),
        known=_session,
        parse=validate.sso_session,
        settle=_settle_session,
        when=lambda answers: answers.text("legacy") != "yes",
        title="Session",
    ),
    Question(
        "sso_registration_scopes",
        "Sign-in scopes",
        known=_scopes,
        when=lambda answers: answers.text("legacy") != "yes",
        flag="-",
        optional=True,
        title="Scopes",
    ),
    Question(
        "sso_account_id",
        "Which account?",
        widget="choose",
        help="The account that you have access to, for example, 111122223333.",
        about=(
            "A company can have many AWS accounts, and each repository is in one of them. Choose the account that has"
            " the repository, for example, 111122223333."
        ),
        choices=_accounts,
        parse=validate.account_id,
        title="Account",
    ),
    Question(
        "sso_role_name",
        "Which role?",
        widget="choose",
        help="The permission set that you were assigned, for example, Developer.",
        about=(
            "A permission set defines what you can do in an account, and you use it as a role. Choose one that can"
            " read the repository, for example, Developer."
        ),
        choices=lambda answers, look: look.roles(start(answers), answers.text("sso_account_id")),
        parse=validate.permission_set,
        title="Role",
    ),
)

ACCESS = Access(
    name="sso",
    label="Single sign-on (IAM Identity Center)",
    hint="https://acme.awsapps.com/start",
    questions=QUESTIONS,
    keys=frozenset({"sso_session", "sso_start_url", "sso_region", "sso_account_id", "sso_role_name"}),
    renew="opens the browser to sign in again",
    sections=_sections,
    expects=lambda answers: Expected(answers.text("sso_account_id"), answers.text("sso_role_name")),
    suggest=_suggest,
    again=_again,
)
