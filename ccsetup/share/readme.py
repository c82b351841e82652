"""An arrangement → the page for the other administrator: what this is, who does what, and why each line is there."""

from __future__ import annotations

import json
from shlex import quote

from ccsetup.share import policies, teamfile
from ccsetup.share.arrangement import Arrangement, Trust, spelled
from ccsetup.share.policies import Line

BLANK = ""


def text(it: Arrangement, names: tuple[str, ...]) -> str:
    """Return the page, in Markdown; `names` are the files beside it."""
    terraform = any(name.startswith("terraform/") for name in names)
    access = "read" if it.read_only else "read and write"
    lines = [
        f"# Sharing the CodeCommit repository {it.repository}",
        BLANK,
        f"People {access} `{it.repository_arn}` by being the role `{it.role_arn}` for an hour at a time.",
        "Made by:",
        BLANK,
        "```",
        command(it),
        "```",
        BLANK,
        *_owner(it, terraform),
        *(_people(it, terraform) if it.assumed else []),
        *_developers(it, teamfile.NAME in names),
        "## Why each line is there",
        BLANK,
        "The role may, on this one repository:",
        BLANK,
        *_table(("action", "what for"), policies.lines(it)),
        BLANK,
        f"It may not: {policies.left_out(it)}.",
        BLANK,
        "It lets in:",
        BLANK,
        *_table(("who", "how"), policies.who(it)),
        BLANK,
        *_notes(it),
        "## Afterwards",
        BLANK,
        f"- Is it right? The command above with `--check --profile ADMIN`, an administrator of {it.owner}"
        + (", or with a developer's profile." if it.assumed else "."),
        "- Take it back: the command above with `--remove --profile ADMIN`"
        f"{', once in each account' if it.assumed else ''};"
        f" what CloudFormation{' or Terraform' if terraform else ''} made is taken back there.",
        BLANK,
        f"Files: {', '.join(f'`{name}`' for name in names)}",
    ]
    return "\n".join(lines) + "\n"


def command(it: Arrangement) -> str:
    """Return the command that makes this arrangement again."""
    words = ["ccsetup", "share", it.repository_arn if it.repository.startswith("-") else it.repository]
    given = [
        ("--from-account", it.owner),
        ("--to-account", it.people),
        ("--region", it.region),
        ("--role-name", it.role),
    ]
    if it.trusts != (Trust("account"),):
        given += [("--trust", spelled(trust)) for trust in it.trusts]
    given += [("--external-id", it.external_id), ("--kms-key", it.kms_key), ("--group", it.group)]
    if any(trust.kind == "oidc" for trust in it.trusts):
        given += [("--audience", it.audience), ("--subject", it.subject)]
    given += [("--sso-start-url", it.start_url), ("--sso-region", it.sso_region)]
    given += [("--principal-tag", f"{key}={value}") for key, value in it.tags]
    words += [word for flag, value in given if value for word in _flag(flag, value)]
    return " ".join(map(quote, words + ["--require-mfa"] * it.mfa + ["--read-only"] * it.read_only))


def _flag(flag: str, value: str) -> list[str]:
    """Return a flag and its value; one that begins with a hyphen is joined on."""
    return [f"{flag}={value}"] if value.startswith("-") else [flag, value]


def developer(it: Arrangement) -> str:
    """Return the command by which a developer gets there; above it the one that signs in, where that is known."""
    role = f"--role-arn {quote(it.role_arn)}"
    repo = quote(it.repository_arn if it.repository.startswith("-") else it.repository)
    place = f"--region {it.region} --repo {repo} --profile {it.profile}"
    if it.assumed:
        more = f" {' '.join(map(quote, _flag('--external-id', it.external_id)))}" if it.external_id else ""
        source = it.source_profile or "default"
        return f"{_sign_in(it)}ccsetup setup role {role} --source-profile {source}{more} {place}"
    if any(trust.kind == "oidc" for trust in it.trusts):
        return f"ccsetup setup oidc {role} --web-identity-token-file FILE {place}"
    return f"ccsetup setup saml {role} --saml-assertion FILE {place}"


def _sign_in(it: Arrangement) -> str:
    given = [("sso-start-url", it.start_url), ("sso-region", it.sso_region), ("sso-account-id", it.people),
             ("sso-role-name", it.permission_set), ("region", it.region), ("profile", it.source_profile)]  # fmt: skip
    words = [f"--{flag} {quote(value)}" for flag, value in given if value]
    return f"ccsetup setup sso {' '.join(words)} --no-clone\n" if it.start_url else ""


def _owner(it: Arrangement, terraform: bool) -> list[str]:
    return [
        f"## The administrator of account {it.owner}, where the repository is",
        BLANK,
        "One of these makes the role:",
        BLANK,
        "- the command above with `--apply --profile ADMIN`: it shows what it would change, and asks",
        "- CloudFormation: `aws cloudformation deploy --template-file account-a.template.json --stack-name"
        f" {_stack(it)} --capabilities CAPABILITY_NAMED_IAM`",
        "- the AWS CLI: `bash apply.sh`",
        *(["- Terraform: `terraform -chdir=terraform/account-a apply`, after `init`"] if terraform else []),
        BLANK,
        *_providers(it),
    ]


def _providers(it: Arrangement) -> list[str]:
    kinds = {trust.kind for trust in it.trusts}
    if not kinds & {"oidc", "saml"}:
        return []
    named = " and ".join(trust.name for trust in it.trusts if trust.kind in ("oidc", "saml"))
    return [f"The account has to know the identity provider {named} already (IAM, Identity providers).", BLANK]


def _people(it: Arrangement, terraform: bool) -> list[str]:
    attach = f"the group {it.group}" if it.group else "the groups or users who need it"
    sets = [trust.name for trust in it.trusts if trust.kind == "permission-set"]
    lines = [
        f"## The administrator of account {it.people}, where the people are",
        BLANK,
        f"One of these makes the policy `{it.people_policy}`, to be attached to {attach}:",
        BLANK,
        "- the command above with `--apply --profile ADMIN`: it shows what it would change, and asks",
        "- CloudFormation, StackSets too: `aws cloudformation deploy --template-file account-b.template.json"
        f" --stack-name {_stack(it)} --capabilities CAPABILITY_NAMED_IAM`",
        "- the AWS CLI: `bash apply.sh`",
        *(["- Terraform: `terraform -chdir=terraform/account-b apply`, after `init`"] if terraform else []),
        BLANK,
        "It says:",
        BLANK,
        "```json",
        json.dumps(policies.assume(it), indent=2),
        "```",
        BLANK,
    ]
    if sets:
        lines += [
            f"The permission set {', '.join(sets)} gets it in IAM Identity Center: as a customer managed policy of that"
            " name, or as its inline policy.",
            BLANK,
        ]
    return lines


def _developers(it: Arrangement, has_file: bool) -> list[str]:
    mfa = f" --mfa-serial arn:{it.partition}:iam::{it.people}:mfa/NAME" if it.mfa and it.assumed else ""
    by_file = ["With the team file, which can be sent round or published at an https address:", BLANK]
    by_file += ["```", f"ccsetup --team {teamfile.NAME}", "```", BLANK, "Or without it:", BLANK]
    by_flags = ["```", developer(it) + mfa, "```", BLANK]
    return ["## Everybody who needs the repository", BLANK, *(by_file if has_file else []), *by_flags]


def _notes(it: Arrangement) -> list[str]:
    found = []
    if it.external_id:
        found.append(f"The external ID is `{it.external_id}`. It is no password, but nobody else needs to know it.")
        found.append(
            "Nobody can switch to a role with an external ID in the AWS console: it is for git and the API alone."
        )
    if it.kms_key:
        found.append("The key's own policy has to leave the decision to IAM policies, as KMS's default one does.")
    return [line for note in found for line in (note, BLANK)]


def _stack(it: Arrangement) -> str:
    return f"share-{it.repository}".replace("_", "-").replace(".", "-")[:120]


def _table(head: tuple[str, str], lines: list[Line]) -> list[str]:
    rows = [f"| {head[0]} | {head[1]} |", "| --- | --- |"]
    return rows + [f"| {_cell(line.what)} | {_cell(line.why)} |" for line in lines]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*")
