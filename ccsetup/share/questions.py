"""The questions about an arrangement that need nothing but the answers before them: whom, how, under which name."""

from __future__ import annotations

from ccsetup.access import questions
from ccsetup.core import validate
from ccsetup.core.errors import BadAnswer
from ccsetup.core.lookup import Look
from ccsetup.core.model import Answers, Choice, Corrected, Value
from ccsetup.core.question import Question
from ccsetup.git import address
from ccsetup.git.address import Address
from ccsetup.share import arrangement
from ccsetup.share.arrangement import read_trusts

AUTO = "auto"  # an external ID that is to be made
WHOM = (
    Choice("account", "The other account", "its administrator says who of it"),
    Choice("permission-set", "A permission set", "of IAM Identity Center, such as Developer"),
    Choice("role", "Certain roles", "of the other account, by their ARN"),
    Choice("oidc", "Tokens", "of an OIDC issuer: pipelines of GitHub, GitLab"),
    Choice("saml", "Assertions", "of a SAML provider, by its ARN"),
)
_ASKS = {
    "permission-set": ("Which permission set?", "Its name in IAM Identity Center, such as Developer."),
    "role": ("Which roles?", "Their ARNs, such as arn:aws:iam::888888888888:role/BuildMachine."),
    "oidc": ("Which issuer?", "Its address, such as https://token.actions.githubusercontent.com."),
    "saml": ("Which SAML provider?", "Its ARN, such as arn:aws:iam::111122223333:saml-provider/AcmeId."),
}


def address_of(answers: Answers) -> Address:
    """Return the repository's address as far as it is told."""
    return address.parse(answers.text("repo")) if answers.text("repo") else Address("Access")


def repository(text: str) -> str | Corrected:
    """A repository's name or any address; a correction is said."""
    said = address.parse(text).said
    return Corrected(validate.tidy(text), said) if said else validate.tidy(text)


def region_told(answers: Answers, look: Look) -> str | None:
    """Return the region that the address tells."""
    return address_of(answers).region or None


def same_region(value: Value, answers: Answers, look: Look) -> Corrected | None:
    """Refuse a region that is not the address's own; say so where only AWS knows it."""
    told = address_of(answers).region
    if told and told != str(value):
        raise BadAnswer(f"The address is in {told}, and {value} was given; leave one of them out.")
    return questions.settle_region(value, answers, look)


def known_profile(value: object, answers: Answers, look: Look) -> None:
    """Refuse a profile that is not on this machine."""
    if value and str(value) not in look.profiles:
        there = ", ".join([*look.profiles][:5])
        raise BadAnswer(f"There is no profile {value} here.", next=f"There is {there}." if there else "Make one first.")


def same_account(value: object, answers: Answers, look: Look) -> None:
    """Refuse an account that is not the address's own."""
    told = address_of(answers).account_id
    if told and told != str(value):
        raise BadAnswer(f"The repository's ARN is of account {told}, and {value} was given; leave one of them out.")


def trust(whom: str) -> Question:
    """Return the question for whom exactly, once it is known what they are."""
    ask, help_ = _ASKS.get(whom, ("Whom shall the role trust?", ""))
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
    """Return a name for the role."""
    return arrangement.role_for(address_of(answers).repository, answers.text("read_only") == "yes")


def _kinds(answers: Answers) -> set[str]:
    return {trust.kind for trust in read_trusts(answers.text("trust") or "account")}


def _by_assuming(answers: Answers) -> bool:
    return bool(_kinds(answers) & {"account", "role", "permission-set"})


def to_account() -> Question:
    """Ask for the account of the people, unless a role that is trusted tells it."""

    def of_role(answers: Answers, look: Look) -> str | None:
        roles = [trust.name for trust in read_trusts(answers.text("trust")) if trust.kind == "role"]
        return validate.arn_account(roles[0]) if roles else None

    def settle(value: object, answers: Answers, look: Look) -> None:
        if str(value) == answers.text("from_account"):
            raise BadAnswer(
                f"Both accounts are {value}; sharing is between two, such as 111122223333 and 888888888888."
            )

    return Question(
        "to_account",
        "Which account are the people in?",
        help="The account that gets access: 12 digits, such as 888888888888.",
        known=of_role,
        parse=validate.account_id,
        settle=settle,
        when=_by_assuming,
        title="To account",
    )


SUBJECT = Question(
    "subject",
    "Whom may the tokens speak of?",
    help="Such as repo:acme/shared:ref:refs/heads/main; * stands for anything.",
    parse=arrangement.subject,
    when=lambda answers: "oidc" in _kinds(answers),
    title="Subject",
)
AUDIENCE = Question(
    "audience",
    "Whom are the tokens made out to?",
    help="Such as sts.amazonaws.com.",
    known=questions.fixed(arrangement.AUDIENCE),
    parse=arrangement.audience,
    when=lambda answers: "oidc" in _kinds(answers),
    title="Audience",
)
READ_ONLY = Question(
    "read_only",
    "May they push, or only read?",
    widget="choose",
    help="Reading is clone, fetch and pull; pull requests and pushes are writing.",
    choices=lambda answers, look: (Choice("no", "Read and write"), Choice("yes", "Only read")),
    default=questions.fixed("no"),
    parse=questions.yes_no,
    title="Access",
)
ROLE_NAME = Question(
    "role_name",
    "What shall the role be called?",
    help="A new one, or one that is there and is brought up to date.",
    default=lambda answers, look: _suggested(answers),
    parse=arrangement.role_name,
    title="Role",
)
EXTERNAL_ID = Question(
    "external_id",
    "Shall callers name an external ID?",
    widget="choose",
    help="It keeps another company's tools from using the role for somebody else; within one company leave it out,"
    " since nobody can switch to such a role in the AWS console.",
    choices=lambda answers, look: (Choice("", "No"), Choice(AUTO, "Yes, make one"), ),
    default=questions.fixed(""),
    parse=lambda text: text if text == AUTO else validate.external_id(text),
    when=_by_assuming,
    optional=True,
    free=True,
    title="External ID",
)  # fmt: skip
REQUIRE_MFA = Question(
    "require_mfa",
    "Must callers have given an MFA code?",
    widget="confirm",
    help="Then each developer needs an MFA device, and gives its code when the role's hour is over.",
    default=questions.fixed("no"),
    parse=questions.yes_no,
    known=lambda answers, look: "no" if "permission-set" in _kinds(answers) else None,
    when=_by_assuming,
    title="MFA",
)
TAGS = Question(
    "principal_tag",
    "Which principal tags must they bear?",
    known=questions.fixed(""),
    parse=arrangement.tags,
    optional=True,
    title="Tags",
)


def sign_in(acts: bool) -> tuple[Question, ...]:
    """Ask where the people sign in, for the team file; whoever acts in AWS is not asked, and a flag is always taken."""

    def start_url(answers: Answers, look: Look) -> str | None:
        return None if not acts and "permission-set" in _kinds(answers) else ""

    def seen(answers: Answers, look: Look) -> list[Choice]:
        urls = dict.fromkeys(it["sso_start_url"] for it in look.sessions.values() if it.get("sso_start_url"))
        return [Choice("", "I do not know", "the team file leaves it to be asked"), *(Choice(url, url) for url in urls)]

    def region(answers: Answers, look: Look) -> str:
        """Only of the same sign-in: theirs need not be where the administrator's own is."""
        url = answers.text("sso_start_url").rstrip("/#")
        here = (it for it in look.sessions.values() if it.get("sso_start_url", "").rstrip("/#") == url)
        return next((it["sso_region"] for it in here if it.get("sso_region")), "")

    return (
        Question(
            "sso_start_url",
            "Where do they sign in?",
            widget="choose",
            help="Their start URL, such as https://acme.awsapps.com/start, for the team file.",
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
            "Which region is that sign-in in?",
            help="IAM Identity Center's own region, such as us-east-1; empty: the team file leaves it to be asked.",
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
    "Which group of the other account gets the policy?",
    known=questions.fixed(""),
    parse=arrangement.group_name,
    when=_by_assuming,
    optional=True,
    title="Group",
)
