"""Temporary credentials from GetFederationToken: an IAM user's access, restricted to one repository or a policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ccsetup.access.questions import (
    BRANCH,
    NO_CLONE,
    REPO,
    again,
    duration,
    expect_repositories,
    repositories,
    searched_region,
    stored,
    target,
    why_elsewhere,
)
from ccsetup.access.source_profile import source_name, source_profile, source_who
from ccsetup.core import regions, validate
from ccsetup.core.errors import BadAnswer, Elsewhere, NoRepository, Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import Answers, Choice, Corrected, Expected, Keys, Section, Told, Value, Who
from ccsetup.core.profile_kind import is_long_term
from ccsetup.core.question import Access, Question
from ccsetup.core.text import did_you_mean
from ccsetup.git import address

ACTIONS = ("codecommit:GitPull", "codecommit:GitPush", "codecommit:GetRepository")
_MOST = 2048  # the longest policy that GetFederationToken accepts, in characters
_EXAMPLE = "--policy codecommit-policy.json"


def least(answers: Answers) -> str:
    """Return the smallest policy that lets git work with the repository of the answers, as JSON."""
    at = target(answers)
    where = address.arn(at.region, answers.text("federated_account"), at.name)
    statement = {"Effect": "Allow", "Action": list(ACTIONS), "Resource": where}
    return _dense({"Version": "2012-10-17", "Statement": [statement]})


def _dense(document: object) -> str:
    import json

    return json.dumps(document, separators=(",", ":"))


def _policy(answers: Answers) -> str:
    return answers.text("policy") or least(answers)


def _name(text: str) -> str | Corrected:
    try:
        value = validate.role_session_name(text)
    except BadAnswer:
        value = ""
    if not 2 <= len(value.value if isinstance(value, Corrected) else value) <= 32:
        raise BadAnswer(
            "A federated user name must be 2 to 32 characters long and can contain letters, digits, and"
            " _+=,.@- characters (for example, maria.garcia)."
        )
    return value


def _name_here(answers: Answers, look: Look) -> str:
    try:
        name = _name(look.env.get("USER") or look.env.get("USERNAME") or "")
    except BadAnswer:
        return "ccsetup"
    return name.value if isinstance(name, Corrected) else name


def _who_asks(answers: Answers, look: Look) -> str:
    return look.identity(source_who(answers, look, answers.text("region"))).account_id


def _settle_name(value: Value, answers: Answers, look: Look) -> None:
    """Check the source profile's credentials while the user can still choose another one."""
    look.identity(source_who(answers, look, answers.text("region")))


def _ahead(answers: Answers, look: Look) -> None:
    """Begin to ask who the source profile is, and to list its repositories."""
    expect_repositories(_caller(answers, look), answers, look)
    _settle_name("", answers, look)


def _settle_policy(value: Value, answers: Answers, look: Look) -> str | None:
    """Return the policy, given as a path or as JSON, as JSON without whitespace."""
    import json

    text = str(value)
    if not text:
        return None
    if not text.lstrip().startswith("{"):
        typed = validate.tidy(text).replace("$HOME", "~")
        text = look.text(look.home / typed[2:] if typed.startswith("~/") else look.cwd / typed)
    try:
        document = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        raise _bad("The policy isn't valid JSON.") from None
    if not isinstance(document, dict) or not isinstance(document.get("Statement"), (list, dict)):
        raise _bad("The policy has no Statement.")
    dense = _dense(document)
    if len(dense) > _MOST:
        raise _bad(f"The policy is {len(dense):,} characters long without whitespace. The maximum is {_MOST:,}.")
    return dense


def _bad(what: str) -> Problem:
    return BadAnswer(
        what, next=f"Specify an IAM policy file ({_EXAMPLE}), or omit --policy to allow only this repository."
    )


def _caller(answers: Answers, look: Look) -> Who:
    """Return the source profile, since the restricted credentials can't list repositories."""
    who = source_who(answers, look)
    return who._replace(region=answers.text("region") or who.region)


def _repositories(answers: Answers, look: Look) -> Sequence[Choice]:
    *there, none = repositories(_caller)(answers, look)
    return [*there, none._replace(hint="choose a policy instead")]


def _settle_repo(value: Value, answers: Answers, look: Look) -> Value | Corrected | Told | None:
    """Look for the repository with the source's credentials. The restricted ones can't list other repositories."""
    first = REPO.settle(value, answers, look) if REPO.settle else None
    at = target(answers.plus("repo", value))
    who = source_who(answers, look)._replace(region=at.region)
    try:
        if not at.name or at.name in (names := look.repositories(who)):
            return first
        found = tuple(look.regions_with(who, at.name, regions.beside(at.region)))
    except Problem:
        return first
    if not found:
        raise NoRepository(
            f"The profile {who.profile} can't find a repository named {at.name} in {at.region}.",
            next=did_you_mean(at.name, names)
            or "Check the repository name (case-sensitive), the region, and the account.",
        )
    if len(found) > 1 or "region" in look.told or address.parse(str(value)).region:
        raise Elsewhere(at.name, at.region, found)
    there = address.codecommit_url(at.name, found[0])
    return Corrected(there, f"{at.name} is in {found[0]}, not in {at.region}. Using {found[0]}.")


def _branches(answers: Answers, look: Look) -> Sequence[Choice]:
    """List the branches with the source's credentials, since the restricted ones aren't allowed to."""
    at = target(answers)
    names = look.branches(source_who(answers, look)._replace(region=at.region), at.name)
    return [Choice("", "The default branch"), *(Choice(name, name) for name in names)]


def _obtain(answers: Answers, look: Look) -> Keys:
    who = source_who(answers, look, answers.text("region"))
    lasts_s = int(answers.text("duration_seconds") or 43200)
    return look.federation_token(who, answers.text("federated_name"), _policy(answers), lasts_s)


def _sections(answers: Answers, keys: Keys | None) -> tuple[Section, ...]:
    renew = {
        "ccsetup_kind": "federation",
        "ccsetup_source_profile": source_name(answers),
        "ccsetup_federated_name": answers.text("federated_name"),
        "ccsetup_policy": _policy(answers),
        "ccsetup_duration_seconds": answers.text("duration_seconds"),
    }
    return stored(answers, keys, renew)


def _again(name: str, there: Mapping[str, str]) -> Mapping[str, str]:
    kept = ("source_profile", "federated_name", "policy", "duration_seconds")
    return again("federation", name, there, **{key: there.get(f"ccsetup_{key}") for key in kept})


QUESTIONS = (
    source_profile(
        is_long_term,
        "Which profile has your long-term credentials?",
        "A federation token requires a profile with an IAM user's long-term credentials (AKIA…), for example, default.",
    ),
    searched_region(_caller),
    Question(
        "federated_name",
        "Federated user name (shown in CloudTrail)",
        help="2 to 32 characters, for example, maria.garcia.",
        about=(
            "AWS logs what you do with these credentials under this name. Use a name that identifies you, for example,"
            " maria.garcia."
        ),
        default=_name_here,
        parse=_name,
        settle=_settle_name,
        ahead=_ahead,
        title="Federated name",
    ),
    Question("federated_account", "Account ID", known=_who_asks, flag="-", title="Account"),
    NO_CLONE,
    REPO._replace(choices=_repositories, why=why_elsewhere(_caller), settle=_settle_repo),
    Question(
        "policy",
        "IAM policy file (limits what the credentials can do)",
        widget="path",
        help="A JSON file like codecommit-policy.json. Default: access to only one repository.",
        about=(
            "An IAM policy lists what the credentials can do, and everything else is denied. Enter the path of a JSON"
            " file, for example, codecommit-policy.json."
        ),
        known=lambda answers, look: "" if answers.text("repo") else None,
        settle=_settle_policy,
        unasked=f"Specify the repository (--repo) or a policy: {_EXAMPLE}",
        title="Policy",
    ),
    BRANCH._replace(choices=_branches),
    duration(900, 129600),
)

ACCESS = Access(
    name="federation",
    label="A federation token",
    hint="credentials for one repository only",
    questions=QUESTIONS,
    sources=("keys",),
    keys=frozenset({"ccsetup_kind", "ccsetup_source_profile", "ccsetup_federated_name", "ccsetup_policy",
                    "ccsetup_duration_seconds"}),
    renew="gets new credentials with the same policy",
    sections=_sections,
    expects=lambda a: Expected(a.text("federated_account"), federated=a.text("federated_name")),
    obtain=_obtain,
    suggest=lambda answers: f"{source_name(answers)}-narrow",
    again=_again,
)  # fmt: skip
