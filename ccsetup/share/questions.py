"""The questions about an arrangement that depend only on earlier answers: who gets access, how, and names."""

from __future__ import annotations

import re

from ccsetup.access import questions
from ccsetup.core import validate
from ccsetup.core.arn import account_in, pattern
from ccsetup.core.errors import BadAnswer
from ccsetup.core.lookup import Look
from ccsetup.core.model import Answers, Choice, Corrected, Told, Value
from ccsetup.core.question import Question
from ccsetup.git import address
from ccsetup.git.address import Address
from ccsetup.share import arrangement
from ccsetup.share.arrangement import read_trusts

AUTO = "auto"  # an external ID to be generated
WHOM = (
    Choice("account", "The developers' account", "its administrator grants access"),
    Choice("permission-set", "A permission set", "in IAM Identity Center, e.g. Developer"),
    Choice("role", "Specific roles", "in the developers' account, by ARN"),
    Choice("oidc", "OIDC tokens", "e.g. from GitHub Actions or GitLab pipelines"),
    Choice("saml", "SAML assertions", "from an identity provider, by ARN"),
)
NOBODY = "That's not an account ID, a role ARN, a SAML provider ARN, or an OIDC issuer."
_ASKS = {
    "permission-set": (
        "Permission set",
        "The permission set's name in IAM Identity Center, for example, Developer.",
        "A permission set defines what its users can do in an account, and they use it as a role. The sign-in page"
        " lists its name beside the account, for example, Developer.",
    ),
    "role": (
        "Role ARNs",
        "One or more role ARNs, separated by spaces, for example, arn:aws:iam::888888888888:role/BuildMachine.",
        "A role in the developers' account can be trusted by its ARN. For example,"
        " arn:aws:iam::888888888888:role/BuildMachine is the role of a build server.",
    ),
    "oidc": (
        "OIDC issuer",
        "The issuer's URL, for example, https://token.actions.githubusercontent.com",
        "An OIDC issuer is the service that signs the tokens of a pipeline. For example,"
        " https://token.actions.githubusercontent.com is the issuer of GitHub Actions.",
    ),
    "saml": (
        "SAML provider ARN",
        "The provider's ARN in IAM, for example, arn:aws:iam::111122223333:saml-provider/AcmeId",
        "A SAML provider is your company's sign-in service, as IAM knows it. The IAM console lists its ARN under"
        " Identity providers, for example, arn:aws:iam::111122223333:saml-provider/AcmeId.",
    ),
}


def address_of(answers: Answers) -> Address:
    """Return the first repository's address as far as it is known. The name can be a pattern."""
    first = next(iter(answers.text("repo").split()), "")
    return Address(first) if is_pattern(first) else address.parse(first) if first else Address("Access")


def is_pattern(word: str) -> bool:
    """Say whether a word stands for all repositories whose names match it, e.g. team-*."""
    return bool(set(word) & set("*?")) and re.fullmatch(r"[\w.*?-]+", word, re.ASCII) is not None


def words_of(answers: Answers) -> tuple[str, ...]:
    """Return the names and patterns of the repositories. Raises BadAnswer if they are in different places."""
    words = answers.text("repo").split()
    read = [Address(word) if is_pattern(word) else address.parse(word) for word in words]
    for what in ("region", "account_id"):
        if len({getattr(one, what) for one in read} - {"", None}) > 1:
            raise BadAnswer(f"The repositories must be in one {'account' if what == 'account_id' else what}."
                            " To share others with the same role, run the command again, for example, with --region"
                            " us-west-2.")  # fmt: skip
    return tuple(dict.fromkeys(one.repository for one in read))


def repository(text: str) -> str | Corrected:
    """Check the names or any addresses of repositories, and patterns; corrections are shown."""
    words = validate.tidy(text).split()
    if len(words) == 1 and not is_pattern(words[0]):
        said = address.parse(text).said
        return Corrected(validate.tidy(text), said) if said else validate.tidy(text)
    said = "; ".join(filter(None, (address.parse(word).said for word in words if not is_pattern(word))))
    value = " ".join(dict.fromkeys(words))
    words_of(Answers([("repo", value)]))
    return Corrected(value, said) if said else value


def region_told(answers: Answers, look: Look) -> str | None:
    """Return the region in the address."""
    return address_of(answers).region or None


def same_region(value: Value, answers: Answers, look: Look) -> Corrected | None:
    """Refuse a region that contradicts the address; warn about regions ccsetup doesn't know."""
    told = address_of(answers).region
    if told and told != str(value):
        raise BadAnswer(f"The repository address is in the region {told}, not {value}. Specify only one region.")
    return questions.settle_region(value, answers, look)


def known_profile(value: object, answers: Answers, look: Look) -> None:
    """Refuse a profile that isn't on this computer."""
    if value and str(value) not in look.profiles:
        there = ", ".join([*look.profiles][:5])
        next = f"Available: {there}." if there else "Set one up first: ccsetup setup"
        raise BadAnswer(f'No profile "{value}" on this computer.', next=next)


def same_account(value: object, answers: Answers, look: Look) -> None:
    """Refuse an account that contradicts the address."""
    told = address_of(answers).account_id
    if told and told != str(value):
        raise BadAnswer(f"The repository ARN is in account {told}, not {value}. Specify only one account.")


def _told_whom(text: str) -> tuple[str, dict[str, Value]]:
    """Return who an account ID, an ARN or an issuer's URL stands for, and the answer that it gives; "" for no one."""
    word = validate.tidy(text)
    try:
        if re.fullmatch(r"[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}", word):
            account = validate.account_id(word)
            return "account", {"to_account": account.value if isinstance(account, Corrected) else account}
        if re.fullmatch(pattern("iam", "root"), word):
            return "account", {"to_account": account_in(word)}
        named = f"oidc:{word}" if word.startswith("https://") else word
        if len(word.split()) == 1 and named.startswith(("arn:", "oidc:", "saml:", "permission-set:")):
            saml = named.startswith("arn:") and ":saml-provider/" in named
            trust = arrangement.trust(f"saml:{named}" if saml else named)
            return trust.kind, {"trust": trust.name}
    except BadAnswer:
        pass
    return "", {}


def read_whom(text: str) -> str:
    """Describe who an account ID, an ARN or an issuer's URL stands for, "" if it is none of them."""
    kind, answers = _told_whom(text)
    labels = {choice.value: choice.label for choice in WHOM}
    return f"{labels[kind]}: {next(iter(answers.values()))}" if kind else ""


def whom(text: str) -> str:
    """Accept one of the choices, or an account ID, an ARN or an issuer's URL."""
    if _told_whom(text)[0] or text in (*(choice.value for choice in WHOM), "given"):
        return text
    raise BadAnswer(f"{NOBODY} It should look like 888888888888 or arn:aws:iam::888888888888:role/BuildMachine.")


def settle_whom(value: Value, answers: Answers, look: Look) -> Told | None:
    """Return the choice that an account ID, an ARN or an issuer's URL stands for, with its answer."""
    kind, told = _told_whom(str(value))
    return Told(kind, (), told) if kind else None


def trust(whom: str) -> Question:
    """Return the question for the details of a trust of this kind."""
    ask, help_, about = _ASKS.get(whom, ("Who should the role trust?", "", ""))
    prefix = "" if whom == "role" else f"{whom}:"
    typed = whom in _ASKS
    return Question(
        "trust",
        ask,
        help=help_,
        about=about,
        known=questions.fixed("account") if whom in ("", "account") else None,
        parse=(lambda text: arrangement.trusts(prefix + validate.tidy(text))) if typed else arrangement.trusts,
        title="Trust",
    )


def _suggested(answers: Answers) -> str:
    """Return the default name of the role."""
    names = [re.sub(r"[*?].*", "", word).rstrip("-_.") or "all" for word in words_of(answers)] or ["Access"]
    return arrangement.role_for(arrangement.stem_of(names), answers.text("read_only") == "yes")


def _kinds(answers: Answers) -> set[str]:
    return {trust.kind for trust in read_trusts(answers.text("trust") or "account")}


def _by_assuming(answers: Answers) -> bool:
    return bool(_kinds(answers) & {"account", "role", "permission-set"})


def to_account() -> Question:
    """Ask for the developers' account, unless a trusted role's ARN includes it."""

    def of_role(answers: Answers, look: Look) -> str | None:
        roles = [trust.name for trust in read_trusts(answers.text("trust")) if trust.kind == "role"]
        return " ".join(dict.fromkeys(map(account_in, roles))) or None

    def settle(value: object, answers: Answers, look: Look) -> None:
        if answers.text("from_account") in str(value).split():
            raise BadAnswer(
                f"Both account IDs are {answers.text('from_account')}. Use two different accounts, for example,"
                " 111122223333 and 888888888888."
            )

    return Question(
        "to_account",
        "Developers' account ID",
        help="The 12-digit ID of the account that needs access, for example, 888888888888.",
        about=(
            "An account ID is the 12-digit number of an AWS account. Enter the account in which the developers sign"
            " in, for example, 888888888888."
        ),
        known=of_role,
        parse=arrangement.accounts,
        settle=settle,
        when=_by_assuming,
        title="To account",
    )


def _one_path(value: object, answers: Answers, look: Look) -> None:
    """Refuse a path that contradicts the role's ARN."""
    told, slash, _ = answers.text("role_name").rpartition("/")
    if value and slash and told + slash != value:
        raise BadAnswer(f"The role ARN has the path {told + slash}, not {value}. Specify only one path.")


SUBJECT = Question(
    "subject",
    "Token subject",
    help="Only tokens with this subject are accepted. An asterisk (*) matches any text, for example, in"
    " repo:acme/shared:*",
    about=(
        "The subject of a token names the pipeline or user that it was issued for. For example, repo:acme/shared:*"
        " stands for all branches of a GitHub repository."
    ),
    parse=arrangement.subject,
    when=lambda answers: "oidc" in _kinds(answers),
    title="Subject",
)
AUDIENCE = Question(
    "audience",
    "Token audience",
    help="Only tokens with this audience are accepted, for example, sts.amazonaws.com.",
    about=(
        "The audience of a token names the service that it was issued for. For AWS it's usually this one, for example,"
        " sts.amazonaws.com."
    ),
    known=questions.fixed(arrangement.AUDIENCE),
    parse=arrangement.audience,
    when=lambda answers: "oidc" in _kinds(answers),
    title="Audience",
)
READ_ONLY = Question(
    "read_only",
    "What access should they have?",
    widget="choose",
    help="Read access allows clone, fetch, and pull. Write access also allows push and pull requests.",
    about=(
        "Read access is for those who only download the code, for example, a build server. Write access is for those"
        " who change it."
    ),
    choices=lambda answers, look: (Choice("no", "Read and write"), Choice("yes", "Read only")),
    default=questions.fixed("no"),
    parse=questions.yes_no,
    title="Access",
)
ROLE_NAME = Question(
    "role_name",
    "Role name",
    help="The name of the role to create, or of an existing role to update.",
    about=(
        "Developers assume this role to access the repository. Its name is part of the ARN that they use, for example,"
        " CodeCommitAccess."
    ),
    default=lambda answers, look: _suggested(answers),
    parse=arrangement.role_name,
    title="Role",
)
ROLE_PATH = Question(
    "role_path",
    "Role path (optional)",
    about=(
        "A path groups roles under a common prefix in their ARNs, and policies can refer to it. It starts and ends with"
        " a slash, for example, /teams/platform/."
    ),
    known=questions.fixed(""),
    parse=arrangement.role_path,
    settle=_one_path,
    optional=True,
    title="Role path",
)
EXTERNAL_ID = Question(
    "external_id",
    "Require an external ID?",
    widget="choose",
    help="An external ID prevents a third party's tools from using the role on someone else's behalf. Within one"
    " company, choose No, because you can't switch to a role with an external ID in the AWS console.",
    about=(
        "An external ID is a value that must be given to assume the role, in addition to credentials. It's for third"
        " parties, for example, a company that builds your code."
    ),
    choices=lambda answers, look: (Choice("", "No"), Choice(AUTO, "Yes, generate one"), ),
    default=questions.fixed(""),
    parse=lambda text: text if text == AUTO else validate.external_id(text),
    when=_by_assuming,
    optional=True,
    free=True,
    title="External ID",
)  # fmt: skip
ALSO_EXTERNAL_ID = Question(
    "also_external_id",
    "Other external IDs to accept (optional)",
    about=(
        "The role also accepts these external IDs, so that you can replace one without interruption. For example, enter"
        " the old one until everyone uses the new one."
    ),
    known=questions.fixed(""),
    parse=arrangement.external_ids,
    optional=True,
    when=lambda answers: bool(answers.text("external_id")),
    title="Other external IDs",
)
REQUIRE_MFA = Question(
    "require_mfa",
    "Require MFA?",
    widget="confirm",
    help="If you choose Yes, each developer needs an MFA device and must enter a code every hour, when the session"
    " ends.",
    about=(
        "MFA is a second proof of identity in addition to the access key. For example, an authenticator app on a phone"
        " shows a new code every 30 seconds."
    ),
    default=questions.fixed("no"),
    parse=questions.yes_no,
    known=lambda answers, look: "no" if "permission-set" in _kinds(answers) else None,
    when=_by_assuming,
    title="MFA",
)
TAGS = Question(
    "principal_tag",
    "Required principal tags (optional)",
    about=(
        "A principal tag is a label on a user or role, and only those with this tag can assume the role. For example,"
        " team=platform."
    ),
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
        return [Choice("", "I don't know", "ask each developer"), *(Choice(url, url) for url in urls)]

    def region(answers: Answers, look: Look) -> str:
        """Return the region of the same start URL only: the developers' region can differ from the administrator's."""
        url = answers.text("sso_start_url").rstrip("/#")
        here = (it for it in look.sessions.values() if it.get("sso_start_url", "").rstrip("/#") == url)
        told = next((it["sso_region"] for it in here if it.get("sso_region")), "")
        return told or look.sign_in_region(answers.text("sso_start_url")) or ""

    return (
        Question(
            "sso_start_url",
            "Developers' start URL",
            widget="choose",
            help="For the team file: the URL where developers sign in, for example, https://acme.awsapps.com/start",
            about=(
                "The start URL is the address of the developers' AWS sign-in page. It's in the IAM Identity Center"
                " console, for example, https://acme.awsapps.com/start."
            ),
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
            help="The region of the start URL, for example, us-east-1. Leave it empty to ask each developer.",
            about=(
                "IAM Identity Center, which signs developers in, runs in one region. Its console shows the region at"
                " the top, for example, us-east-1."
            ),
            default=region,
            parse=validate.region,
            when=lambda answers: bool(answers.text("sso_start_url")),
            optional=True,
            title="Sign-in region",
        ),
    )


ORG = Question(
    "org",
    "Organization ID (optional)",
    about=(
        "With this ID, only accounts of your AWS organization can assume the role. The AWS Organizations console shows"
        " it, for example, o-exampleorgid."
    ),
    known=questions.fixed(""),
    parse=arrangement.organization,
    when=_by_assuming,
    optional=True,
    title="Organization",
)
SESSION_NAME = Question(
    "require_session_name",
    "Pattern of session names (optional)",
    about=(
        "CloudTrail shows the session name of everyone who uses the role, so that you can see who pushed. Only sessions"
        " with a name that matches the pattern get in, for example, *@example.com."
    ),
    known=questions.fixed(""),
    parse=arrangement.session_name,
    when=_by_assuming,
    optional=True,
    title="Session names",
)
BOUNDARY = Question(
    "permissions_boundary",
    "Permissions boundary (optional)",
    about=(
        "A permissions boundary is a policy that limits what a role can do, and some companies require one. Enter its"
        " ARN, for example, arn:aws:iam::111122223333:policy/Boundary."
    ),
    known=questions.fixed(""),
    parse=arrangement.boundary,
    optional=True,
    title="Boundary",
)
SESSION = Question(
    "max_session_duration",
    "Maximum session duration in seconds (optional)",
    about=(
        "After this time, developers have to assume the role again. AWS allows one hour to 12 hours, for example, 14400"
        " for four hours."
    ),
    known=questions.fixed(""),
    parse=arrangement.session_duration,
    optional=True,
    title="Longest session",
)
GROUP = Question(
    "group",
    "Group to attach the policy to (optional)",
    about="All users in an IAM group get the policies that are attached to it. For example, developers.",
    known=questions.fixed(""),
    parse=arrangement.group_name,
    when=_by_assuming,
    optional=True,
    title="Group",
)
