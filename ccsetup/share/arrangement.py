"""An arrangement: which repository is shared with whom, the ARNs in it, and how to read each part."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import sha256
from typing import Literal, NamedTuple

from ccsetup.core import regions, validate
from ccsetup.core.arn import ACCOUNT, PARTITION, mended, pattern
from ccsetup.core.errors import BadAnswer
from ccsetup.core.model import Corrected
from ccsetup.git import address

TrustKind = Literal["account", "role", "permission-set", "oidc", "saml"]

BUILT_IN = {  # providers built into IAM, with the claims that name the application and the person
    "accounts.google.com": ("aud", "sub"),
    "cognito-identity.amazonaws.com": ("aud", "sub"),
    "www.amazon.com": ("app_id", "user_id"),
    "graph.facebook.com": ("app_id", "id"),
}
AUDIENCE = "sts.amazonaws.com"
ANY_EMAIL = "*@*"  # the session names that profiles from a team file have by default
TAGGED, TAG = "ccsetup", "share"  # the tag on everything share creates; nothing else is ever removed
_ROLE_NAME = r"[A-Za-z0-9_+=,.@][A-Za-z0-9_+=,.@-]{0,63}"  # many tools read a leading hyphen as a flag
_TRUSTS = (
    "--trust must be account, a role ARN, permission-set:NAME, oidc:ISSUER, or saml:PROVIDER-ARN, for example,"
    " permission-set:Developer."
)


class Trust(NamedTuple):
    """Who can assume a role. `name` is a role ARN, permission set, issuer without https://, or SAML provider ARN.

    The kind account needs no name: it is everyone the other account's administrator allows.
    """

    kind: TrustKind
    name: str = ""


class Arrangement(NamedTuple):
    """Repositories, the role that gives access to them, and who can assume that role. Unused fields are empty.

    `owner` is the account of the repository and role (AccountA in the AWS guide), `people` the developers' account
    (AccountB), "" if only tokens and assertions are trusted. `tags` are the principal tags that callers must have.
    """

    repository: str
    region: str
    owner: str
    role: str
    trusts: tuple[Trust, ...] = (Trust("account"),)
    people: str = ""
    external_id: str = ""
    also_external_ids: tuple[str, ...] = ()  # accepted too, e.g. the previous one until everyone has the new one
    mfa: bool = False
    read_only: bool = False
    kms_key: str = ""  # an ARN
    subject: str = ""
    audience: str = AUDIENCE
    tags: tuple[tuple[str, str], ...] = ()
    group: str = ""  # of the other account, to attach its policy to
    start_url: str = ""  # the developers' start URL, used only in the team file
    sso_region: str = ""
    path: str = "/"  # of the role
    others: tuple[str, ...] = ()  # more repositories that the role gives access to
    also_people: tuple[str, ...] = ()  # more accounts of developers
    org: str = ""  # the organization that callers must be in
    boundary: str = ""  # the ARN of the role's permissions boundary
    session_s: int = 0  # the longest session; 0 is IAM's default, or what the role has
    session_name: str = ""  # the pattern of the session names that callers must choose, e.g. *@acme.example

    @property
    def partition(self) -> str:
        """The AWS partition of both accounts."""
        return regions.partition_of(self.region)

    @property
    def role_arn(self) -> str:
        """The ARN of the role."""
        return f"arn:{self.partition}:iam::{self.owner}:role{self.path}{self.role}"

    @property
    def repositories(self) -> tuple[str, ...]:
        """The names of all repositories."""
        return (self.repository, *self.others)

    @property
    def accounts(self) -> tuple[str, ...]:
        """The developers' accounts; () if only tokens and assertions are trusted."""
        return (self.people, *self.also_people) if self.people else ()

    @property
    def bare(self) -> Arrangement:
        """The arrangement without the conditions that callers must meet, other than a token's subject."""
        return self._replace(external_id="", also_external_ids=(), mfa=False, org="", tags=(), session_name="")

    @property
    def each(self) -> list[Arrangement]:
        """The arrangement for each repository alone, to check them one by one."""
        return [self._replace(repository=name, others=()) for name in self.repositories]

    @property
    def label(self) -> str:
        """The repositories in a sentence."""
        if not self.others:
            return self.repository
        first = ", ".join(self.repositories[:3])
        return f"{first}, and {len(self.repositories) - 3} more" if len(self.repositories) > 3 else first

    @property
    def stem(self) -> str:
        """A name for all repositories together, for files."""
        return stem_of(self.repositories)

    @property
    def repository_arn(self) -> str:
        """The ARN of the first repository."""
        return address.arn(self.region, self.owner, self.repository)

    @property
    def profile(self) -> str:
        """The name for developers' profiles."""
        return re.sub(r"[^a-z0-9-]+", "-", self.stem.lower())[:40].strip("-") or "shared"

    @property
    def permission_set(self) -> str:
        """The trusted permission set; "" if there is none or more than one."""
        sets = [trust.name for trust in self.trusts if trust.kind == "permission-set"]
        return sets[0] if len(sets) == 1 else ""

    @property
    def source_profile(self) -> str:
        """The name of the developers' source profile, as setup would call it; "" if they use their own."""
        if not self.start_url:
            return ""
        own = self.permission_set or (self.people if not self.also_people else "people")
        name = f"{validate.session_of(self.start_url)}-{own.lower()}"
        return name.replace("@", "-")

    @property
    def policy_name(self) -> str:
        """The name of the role's inline policy. A role can have one for each arrangement."""
        return policy_name(self.region, *self.repositories)

    @property
    def people_policy(self) -> str:
        """The name of the other account's managed policy."""
        return f"Assume-{self.role}"

    @property
    def people_policy_arn(self) -> str:
        """The ARN of the other account's managed policy."""
        return f"arn:{self.partition}:iam::{self.people}:policy/{self.people_policy}"

    @property
    def assumed(self) -> bool:
        """Whether anyone uses sts:AssumeRole, so that the other account needs a policy too."""
        return any(trust.kind in ("account", "role", "permission-set") for trust in self.trusts)

    @property
    def saml_audience(self) -> str:
        """The audience of assertions for AWS."""
        return f"https://{regions.sign_in_host(self.partition)}/saml"


def policy_name(region: str, *repositories: str) -> str:
    """Return the name of the inline policy for these repositories, in any order."""
    if len(repositories) == 1:
        return f"ccsetup-{region}-{repositories[0]}"
    together = sha256(" ".join(sorted(repositories)).encode()).hexdigest()[:8]
    return f"ccsetup-{region}-{len(repositories)}-repositories-{together}"


def stem_of(repositories: Sequence[str]) -> str:
    """Return a name for repositories together: what their names begin with, or the first one's and how many more."""
    if len(repositories) == 1:
        return repositories[0]
    least, most = min(repositories), max(repositories)
    same = next((n for n, (a, b) in enumerate(zip(least, most, strict=False)) if a != b), min(len(least), len(most)))
    begin = least[:same].rstrip("-_.")
    return begin if len(begin) > 2 else f"{repositories[0]}-and-{len(repositories) - 1}-more"


def role_for(repository: str, read_only: bool) -> str:
    """Return the role name for a repository, at most 64 characters; long names that differ at the end stay unique."""
    end = "-ReadOnly" if read_only else ""
    if len(whole := f"CodeCommit-{repository}{end}") <= 64:
        return whole
    end = f"-{sha256(repository.encode()).hexdigest()[:6]}{end}"
    return f"CodeCommit-{repository}"[: 64 - len(end)] + end


def role_name(text: str) -> str | Corrected:
    """Check a role name: 1 to 64 of [A-Za-z0-9_+=,.@-]. A role ARN is reduced to its name; see `path_in`."""
    value = validate.tidy(text)
    if re.match(pattern("iam", "role/"), mended(value)):
        path, value = path_in(value), validate.role_name(value)
        if path != "/" and re.fullmatch(_ROLE_NAME, value):
            return validate.said(path + value, text)
    if not re.fullmatch(_ROLE_NAME, value):
        raise BadAnswer(
            "A role name must be 1 to 64 characters long and can contain letters, digits, and _+=,.@-. Use a name"
            " like CodeCommitAccess."
        )
    return validate.said(value, text)


def path_in(text: str) -> str:
    """Return the path of a role's ARN, e.g. /teams/acme/; "/" if it has none."""
    found = re.fullmatch(pattern("iam", r"role(/(?:[!-~]+/)?)[^/]+"), mended(validate.tidy(text)))
    return found[1] if found else "/"


def role_path(text: str) -> str | Corrected:
    """Check a role's path: slashes around names, e.g. /teams/acme/. Missing slashes at the ends are added."""
    value = validate.tidy(text)
    whole = f"/{value.strip('/')}/" if value.strip("/") else "/"
    if not re.fullmatch(r"/(?:[A-Za-z0-9_+=,.@-]+/)*", whole) or len(whole) > 512:
        raise BadAnswer("A role path consists of names between slashes. Use a path like /teams/acme/.")
    return validate.said(whole, text)


def group_name(text: str) -> str | Corrected:
    """Check a group name: 1 to 128 of [A-Za-z0-9_+=,.@-]."""
    value = validate.tidy(text)
    if not re.fullmatch(r"[A-Za-z0-9_+=,.@][A-Za-z0-9_+=,.@-]{0,127}", value):
        raise BadAnswer(
            "A group name must be 1 to 128 characters long and can contain letters, digits, and _+=,.@-. Use a name"
            " like Developers."
        )
    return validate.said(value, text)


def trusts(text: str) -> str | Corrected:
    """Check one or more trusts separated by spaces; return their normal form without duplicates."""
    read = [trust(word) for word in validate.tidy(text).split()]
    if not read:
        raise BadAnswer(_TRUSTS)
    if sum(one.kind == "oidc" for one in read) > 1:
        raise BadAnswer("A role can trust only one OIDC issuer, for example, oidc:token.actions.githubusercontent.com.",
                        next="To trust another issuer, run ccsetup share again with a different"
                            " --role-name.")  # fmt: skip
    value = " ".join(dict.fromkeys(map(spelled, read)))
    return validate.said(value, " ".join(text.split()))


def trust(word: str) -> Trust:
    """Read one trust. Raises BadAnswer with a correct example."""
    kind, colon, name = word.partition(":")
    if (kind == "account" and colon) or re.fullmatch(rf"(arn:{PARTITION}:iam::)?{ACCOUNT}(:root)?", word):
        raise BadAnswer(
            "--trust doesn't accept an account ID. Use --trust account, and specify the account ID with --to-account."
        )
    if word.startswith("arn:") or (kind == "role" and name.startswith("arn:")):
        return _role(word if word.startswith("arn:") else name)
    if kind == "account":
        return Trust("account")
    if kind == "permission-set" and name:
        return Trust("permission-set", _permission_set(name))
    if kind == "oidc" and name:
        return Trust("oidc", _issuer(name))
    if kind == "saml" and name:
        return Trust("saml", _saml(name))
    raise BadAnswer(_TRUSTS)


def spelled(trust: Trust) -> str:
    """Return a trust in the form that --trust takes."""
    return trust.name if trust.kind == "role" else f"{trust.kind}:{trust.name}" if trust.name else trust.kind


def read_trusts(text: str) -> tuple[Trust, ...]:
    """Return the trusts of a checked answer."""
    return tuple(trust(word) for word in text.split())


def _role(arn: str) -> Trust:
    set_of = re.fullmatch(pattern("(?:iam|sts)", "[a-z-]+/(?:.*/)?AWSReservedSSO_(.+)_[0-9a-f]{16}(/.*)?"), mended(arn))
    if set_of:
        return Trust("permission-set", _permission_set(set_of[1]))
    read = validate.role_arn(arn)
    return Trust("role", read.value if isinstance(read, Corrected) else read)


def _permission_set(name: str) -> str:
    """Check a permission set's name: 1 to 32 of [A-Za-z0-9_+=,.@-]."""
    read = validate.permission_set(name)
    value = read.value if isinstance(read, Corrected) else read
    if len(value) > 32:
        raise BadAnswer(
            "A permission set name can have at most 32 characters. It should look like permission-set:Developer."
        )
    return value


def _issuer(text: str) -> str:
    name = re.sub(r"^https://", "", text, flags=re.IGNORECASE)
    arn = re.fullmatch(pattern("iam", "oidc-provider/(.+)"), mended(name))
    name = arn[1] if arn else name
    host, slash, path = name.partition("/")
    if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", host.lower()) or not re.fullmatch(r"[\w.~/-]*", path, re.ASCII):
        raise BadAnswer(
            "That's not an OIDC issuer. It should look like oidc:https://token.actions.githubusercontent.com."
        )
    if len(name) > 200:
        raise BadAnswer(
            "An OIDC issuer can have at most 200 characters. It should look like oidc:https://gitlab.example.com."
        )
    return host.lower() + slash + path


def _saml(arn: str) -> str:
    right = mended(arn)
    if not re.fullmatch(pattern("iam", "saml-provider/[A-Za-z0-9._-]{1,128}"), right):
        raise BadAnswer(
            "That's not a SAML provider ARN. It should look like saml:arn:aws:iam::111122223333:saml-provider/AcmeId."
        )
    return right


def subject(text: str) -> str | Corrected:
    """Check an OIDC token's subject. It can contain * and ?, but must start with a name."""
    value = validate.tidy(text)
    example = "Use a subject like repo:acme/shared:ref:refs/heads/main."
    if not re.fullmatch(r"[ !#%&(-\[\]-_a-~]{1,255}", value):
        raise BadAnswer(f"That's not a token subject. {example}")
    named = re.sub(r"[^A-Za-z0-9]", "", re.split(r"[*?]", value)[0])
    if not named:
        raise BadAnswer(f"The subject {value} would accept every token from the issuer. {example}")
    if re.match(r"repo:([^/]*[*?]|[^/]*$)", value):
        raise BadAnswer(f"The subject {value} would also match other people's repositories. {example}")
    return validate.said(value, text)


def audience(text: str) -> str | Corrected:
    """Check an OIDC token's audience."""
    value = validate.tidy(text)
    if not re.fullmatch(r"[!#%&()+->@-\[\]-_a-~]{1,255}", value):
        raise BadAnswer("That's not a token audience. Use an audience like sts.amazonaws.com.")
    return validate.said(value, text)


def tags(text: str) -> str:
    """Check principal tags: KEY=VALUE, separated by spaces."""
    words = text.split()
    if not words or not all(
        re.fullmatch(r"[\w.:/+@][\w.:/+@-]{0,127}=[\w.:/+@-]{1,256}", word, re.ASCII) for word in words
    ):
        raise BadAnswer("A principal tag must be KEY=VALUE without spaces, for example, team=payments.")
    return " ".join(dict.fromkeys(words))


def accounts(text: str) -> str:
    """Check account IDs separated by spaces."""
    words = [text] if len(re.sub(r"[^0-9]", "", text)) <= 12 else text.split()
    read = [validate.account_id(word) for word in words]
    return " ".join(dict.fromkeys(it.value if isinstance(it, Corrected) else it for it in read))


def session_name(text: str) -> str | Corrected:
    """Check the pattern of the session names that callers must choose: email addresses, with * for any text."""
    value = validate.tidy(text)
    if not re.fullmatch(r"[A-Za-z0-9_+=,.*?-]{1,62}@[A-Za-z0-9_+=,.*?-]{1,62}", value) or not set(value) & set("*?"):
        raise BadAnswer(
            f"{value} isn't a pattern of email addresses. Use a pattern like *@acme.example, or put"
            " --require-session-name last, which accepts every email address."
        )
    return validate.said(value, text)


def organization(text: str) -> str | Corrected:
    """Check the ID of an organization in AWS Organizations."""
    value = validate.tidy(text).lower()
    if not re.fullmatch(r"o-[a-z0-9]{10,32}", value):
        raise BadAnswer("That's not an organization ID. It should look like o-a1b2c3d4e5.")
    return validate.said(value, text)


def boundary(text: str) -> str | Corrected:
    """Check the ARN of a policy that is a permissions boundary."""
    value = mended(validate.tidy(text))
    if not re.fullmatch(rf"arn:{PARTITION}:iam::(?:{ACCOUNT}|aws):policy/[!-~]+", value):
        raise BadAnswer("That's not a policy ARN. It should look like arn:aws:iam::111122223333:policy/Boundary.")
    return validate.said(value, text)


def session_duration(text: str) -> str | Corrected:
    """Check a role's longest session in seconds: 3600 to 43200."""
    value = validate.tidy(text)
    if not re.fullmatch(r"[0-9]{4,5}", value) or not 3600 <= int(value) <= 43200:
        raise BadAnswer("A role's maximum session duration is 3600 to 43200 seconds. Use a number like 14400.")
    return validate.said(value, text)


def external_ids(text: str) -> str:
    """Check external IDs separated by spaces."""
    read = [validate.external_id(word) for word in text.split()]
    return " ".join(dict.fromkeys(it.value if isinstance(it, Corrected) else it for it in read))


def kms_key(text: str) -> str | Corrected:
    """Check a key's ARN. Aliases are refused, because IAM policies can't use them."""
    value = re.sub(r"\s+", "", validate.tidy(text))
    example = "arn:aws:kms:us-east-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    if ":alias/" in value or value.startswith("alias/"):
        raise BadAnswer(f"IAM policies require a key ARN, not an alias. It should look like {example}.",
                        next="Look up the ARN: aws kms describe-key --key-id alias/NAME --query"
                            " KeyMetadata.Arn")  # fmt: skip
    if not re.fullmatch(rf"arn:{PARTITION}:kms:[a-z0-9-]+:{ACCOUNT}:key/[A-Za-z0-9-]{{1,64}}", value):
        raise BadAnswer(f"That's not a KMS key ARN. It should look like {example}.")
    return validate.said(value, text)
