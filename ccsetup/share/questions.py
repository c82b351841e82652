"""The questions about an arrangement that depend only on earlier answers: who gets access, how, and names."""

from __future__ import annotations

from ccsetup.access import questions
from ccsetup.core import validate
from ccsetup.core.arn import account_in
from ccsetup.core.errors import BadAnswer
from ccsetup.core.lookup import Look
from ccsetup.core.model import Answers, Choice, Corrected, Value
from ccsetup.core.question import Question
from ccsetup.git import address
from ccsetup.git.address import Address
from ccsetup.share import arrangement
from ccsetup.share.arrangement import read_trusts

AUTO = "auto"  # an external ID to be generated
WHOM = (
    Choice("account", "The other account", "its administrator decides who"),
    Choice("permission-set", "A permission set", "in IAM Identity Center, e.g. Developer"),
    Choice("role", "Specific roles", "in the other account, by role ARN"),
    Choice("oidc", "OIDC tokens", "e.g. from GitHub or GitLab pipelines"),
    Choice("saml", "SAML assertions", "from a SAML provider, by its ARN"),
)
_ASKS = {
    "permission-set": ("Permission set", "Its name in IAM Identity Center. For example: Developer."),
    "role": ("Role ARNs", "Separated by spaces. For example: arn:aws:iam::888888888888:role/BuildMachine."),
    "oidc": ("OIDC issuer", "Its URL. For example: https://token.actions.githubusercontent.com."),
    "saml": ("SAML provider ARN", "For example: arn:aws:iam::111122223333:saml-provider/AcmeId."),
}


def address_of(answers: Answers) -> Address:
    """Return the repository's address as far as it is known."""
    return address.parse(answers.text("repo")) if answers.text("repo") else Address("Access")


def repository(text: str) -> str | Corrected:
    """Check a repository's name or any address; corrections are shown."""
    said = address.parse(text).said
    return Corrected(validate.tidy(text), said) if said else validate.tidy(text)


def region_told(answers: Answers, look: Look) -> str | None:
    """Return the region in the address."""
    return address_of(answers).region or None


def same_region(value: Value, answers: Answers, look: Look) -> Corrected | None:
    """Refuse a region that contradicts the address; warn about regions ccsetup doesn't know."""
    told = address_of(answers).region
    if told and told != str(value):
        raise BadAnswer(f"The repository's address is in {told}, but you gave {value}. Omit one of them.")
    return questions.settle_region(value, answers, look)


def known_profile(value: object, answers: Answers, look: Look) -> None:
    """Refuse a profile that isn't on this computer."""
    if value and str(value) not in look.profiles:
        there = ", ".join([*look.profiles][:5])
        next = f"Available: {there}." if there else "Create one first: ccsetup setup"
        raise BadAnswer(f'No profile "{value}".', next=next)


def same_account(value: object, answers: Answers, look: Look) -> None:
    """Refuse an account that contradicts the address."""
    told = address_of(answers).account_id
    if told and told != str(value):
        raise BadAnswer(f"The repository's ARN is in account {told}, but you gave {value}. Omit one of them.")


def trust(whom: str) -> Question:
    """Return the question for the details of a trust of this kind."""
    ask, help_ = _ASKS.get(whom, ("Who should the role trust?", ""))
    prefix = "" if whom == "role" else f"{whom}:"
    typed = whom in _ASKS
    return Question(
        "trust",
        ask,
        help=help_,
        known=questions.fixed("account") if whom in ("", "account") else None,
        parse=(lambda text: arrangement.trusts(prefix + validate.tidy(text))) if typed else arrangement.trusts,
        title="Trust",
    )


def _suggested(answers: Answers) -> str:
    """Return the default name of the role."""
    return arrangement.role_for(address_of(answers).repository, answers.text("read_only") == "yes")


def _kinds(answers: Answers) -> set[str]:
    return {trust.kind for trust in read_trusts(answers.text("trust") or "account")}


def _by_assuming(answers: Answers) -> bool:
    return bool(_kinds(answers) & {"account", "role", "permission-set"})


def to_account() -> Question:
    """Ask for the developers' account, unless a trusted role's ARN includes it."""

    def of_role(answers: Answers, look: Look) -> str | None:
        roles = [trust.name for trust in read_trusts(answers.text("trust")) if trust.kind == "role"]
        return account_in(roles[0]) if roles else None

    def settle(value: object, answers: Answers, look: Look) -> None:
        if str(value) == answers.text("from_account"):
            raise BadAnswer(
                f"Both accounts are {value}. Use two different accounts, e.g. 111122223333 and 888888888888."
            )

    return Question(
        "to_account",
        "Developers' account ID",
        help="The 12-digit ID of the account that gets access. For example: 888888888888.",
        known=of_role,
        parse=validate.account_id,
        settle=settle,
        when=_by_assuming,
        title="To account",
    )


SUBJECT = Question(
    "subject",
    "Token subject",
    help="Only tokens with this subject are accepted. * matches anything. For example:"
    " repo:acme/shared:ref:refs/heads/main.",
    parse=arrangement.subject,
    when=lambda answers: "oidc" in _kinds(answers),
    title="Subject",
)
AUDIENCE = Question(
    "audience",
    "Token audience",
    help="Only tokens with this audience are accepted. For example: sts.amazonaws.com.",
    known=questions.fixed(arrangement.AUDIENCE),
    parse=arrangement.audience,
    when=lambda answers: "oidc" in _kinds(answers),
    title="Audience",
)
READ_ONLY = Question(
    "read_only",
    "Which access should they have?",
    widget="choose",
    help="Read: clone, fetch and pull. Write: also push and pull requests.",
    choices=lambda answers, look: (Choice("no", "Read and write"), Choice("yes", "Read only")),
    default=questions.fixed("no"),
    parse=questions.yes_no,
    title="Access",
)
ROLE_NAME = Question(
    "role_name",
    "Role name",
    help="The name of a new role, or of an existing one to update.",
    default=lambda answers, look: _suggested(answers),
    parse=arrangement.role_name,
    title="Role",
)
EXTERNAL_ID = Question(
    "external_id",
    "Require an external ID?",
    widget="choose",
    help="It prevents a third party's tools from using the role on someone else's behalf. Within one company, choose"
    " No: you can't switch to a role with an external ID in the AWS console.",
    choices=lambda answers, look: (Choice("", "No"), Choice(AUTO, "Yes, generate one"), ),
    default=questions.fixed(""),
    parse=lambda text: text if text == AUTO else validate.external_id(text),
    when=_by_assuming,
    optional=True,
    free=True,
    title="External ID",
)  # fmt: skip
REQUIRE_MFA = Question(
    "require_mfa",
    "Require MFA?",
    widget="confirm",
    help="If yes, each developer needs an MFA device and enters a code whenever the role's session expires (one hour).",
    default=questions.fixed("no"),
    parse=questions.yes_no,
    known=lambda answers, look: "no" if "permission-set" in _kinds(answers) else None,
    when=_by_assuming,
    title="MFA",
)
TAGS = Question(
    "principal_tag",
    "Required principal tags (optional)",
    known=questions.fixed(""),
    parse=arrangement.tags,
    optional=True,
    title="Tags",
)


def sign_in(acts: bool) -> tuple[Question, ...]:
    """Ask for the developers' start URL, for the team file. Not asked if share changes AWS; flags always count."""

    def start_url(answers: Answers, look: Look) -> str | None:
        return None if not acts and "permission-set" in _kinds(answers) else ""

    def seen(answers: Answers, look: Look) -> list[Choice]:
        urls = dict.fromkeys(it["sso_start_url"] for it in look.sessions.values() if it.get("sso_start_url"))
        return [Choice("", "I don't know", "each developer is asked"), *(Choice(url, url) for url in urls)]

    def region(answers: Answers, look: Look) -> str:
        """Return the region of the same start URL only: the developers' region can differ from the administrator's."""
        url = answers.text("sso_start_url").rstrip("/#")
        here = (it for it in look.sessions.values() if it.get("sso_start_url", "").rstrip("/#") == url)
        return next((it["sso_region"] for it in here if it.get("sso_region")), "")

    return (
        Question(
            "sso_start_url",
            "Developers' start URL",
            widget="choose",
            help="The URL they sign in at, for the team file. For example: https://acme.awsapps.com/start.",
            choices=seen,
            known=start_url,
            default=questions.fixed(""),
            parse=validate.sso_start_url,
            when=_by_assuming,
            optional=True,
            free=True,
            title="Start URL",
        ),
        Question(
            "sso_region",
            "IAM Identity Center region (optional)",
            help="The region of that start URL, e.g. us-east-1. If you leave it empty, each developer is asked.",
            known=lambda answers, look: validate.region_of(answers.text("sso_start_url")) or ("" if acts else None),
            default=region,
            parse=validate.region,
            when=lambda answers: bool(answers.text("sso_start_url")),
            optional=True,
            title="Sign-in region",
        ),
    )


GROUP = Question(
    "group",
    "Group in the other account that gets the policy (optional)",
    known=questions.fixed(""),
    parse=arrangement.group_name,
    when=_by_assuming,
    optional=True,
    title="Group",
)
