"""Turns an arrangement into a page for the other administrator: what it is, who does what, and why each line exists."""

from __future__ import annotations

import json
from shlex import quote

from ccsetup.share import policies, teamfile
from ccsetup.share.arrangement import Arrangement, Trust, spelled
from ccsetup.share.policies import Line

BLANK = ""


def text(it: Arrangement, names: tuple[str, ...]) -> str:
    """Return the page, in Markdown; `names` are the files in the same folder."""
    terraform = any(name.startswith("terraform/") for name in names)
    access = "read-only" if it.read_only else "read and write"
    lines = [
        f"# Sharing the CodeCommit {'repositories' if it.others else 'repository'} {it.label}",
        BLANK,
        f"Developers get {access} access to {_each(it)}. They assume the role `{it.role_arn}`. Its"
        f" sessions last up to {_hours(it)}.",
        "This folder was created with:",
        BLANK,
        "```",
        command(it),
        "```",
        BLANK,
        *_owner(it, terraform),
        *(_people(it, terraform) if it.assumed else []),
        *_developers(it, teamfile.NAME in names),
        "## What each line is for",
        BLANK,
        f"The role allows these actions on {'these repositories' if it.others else 'this repository'}"
        f"{' and the KMS key' if it.kms_key else ''}:",
        BLANK,
        *_table(("action", "purpose"), policies.lines(it)),
        BLANK,
        f"The role doesn't allow: {policies.left_out(it)}.",
        BLANK,
        "The role trusts:",
        BLANK,
        *_table(("who", "condition"), policies.who(it)),
        BLANK,
        *_notes(it),
        *_afterwards(it),
        "## Check or remove access",
        BLANK,
        "- To check access, run the command above with `--check --profile ADMIN`, where ADMIN is the profile of an"
        f" administrator of {it.owner}{' or of a developer' if it.assumed else ''}.",
        "- To remove access, run the command above with `--remove --profile ADMIN`"
        f"{', once in each account' if it.assumed else ''}. If you used"
        f" CloudFormation{' or Terraform' if terraform else ''}, remove access with that tool instead.",
        BLANK,
        f"Files: {', '.join(f'`{name}`' for name in names)}",
    ]
    return "\n".join(lines) + "\n"


def command(it: Arrangement) -> str:
    """Return the command that creates this arrangement again."""
    words = ["ccsetup", "share"]
    words += [one.repository_arn if one.repository.startswith("-") else one.repository for one in it.each]
    given = [
        ("--from-account", it.owner),
        *(("--to-account", account) for account in it.accounts),
        ("--region", it.region),
        ("--role-name", it.role),
        ("--role-path", it.path.removesuffix("/")),
    ]
    if it.trusts != (Trust("account"),):
        given += [("--trust", spelled(trust)) for trust in it.trusts]
    given += [("--external-id", it.external_id)]
    given += [("--also-external-id", value) for value in it.also_external_ids]
    given += [("--kms-key", it.kms_key), ("--group", it.group)]
    if any(trust.kind == "oidc" for trust in it.trusts):
        given += [("--audience", it.audience), ("--subject", it.subject)]
    given += [("--org", it.org), ("--permissions-boundary", it.boundary)]
    given += [("--max-session-duration", str(it.session_s) if it.session_s else "")]
    given += [("--sso-start-url", it.start_url), ("--sso-region", it.sso_region)]
    given += [("--principal-tag", f"{key}={value}") for key, value in it.tags]
    given += [("--require-session-name", it.session_name)]
    words += [word for flag, value in given if value for word in _flag(flag, value)]
    return " ".join(map(quote, words + ["--require-mfa"] * it.mfa + ["--read-only"] * it.read_only))


def _each(it: Arrangement) -> str:
    return f"`{it.repository_arn}`" if not it.others else f"{len(it.repositories)} repositories: " + ", ".join(
        f"`{one.repository_arn}`" for one in it.each
    )  # fmt: skip


def _flag(flag: str, value: str) -> list[str]:
    """Return a flag and its value, joined with = if the value starts with a hyphen."""
    return [f"{flag}={value}"] if value.startswith("-") else [flag, value]


def developer(it: Arrangement) -> str:
    """Return the commands for a developer: the one that signs in, if the start URL is known, and the setup."""
    role = f"--role-arn {quote(it.role_arn)}"
    repo = quote(it.repository_arn if it.repository.startswith("-") else it.repository)
    others = [f"\nccsetup clone {quote(one.repository_arn)} --profile {quote(it.profile)}" for one in it.each[1:]]
    place = f"--region {it.region} --repo {repo} --profile {quote(it.profile)}"
    if it.assumed:
        more = f" {' '.join(map(quote, _flag('--external-id', it.external_id)))}" if it.external_id else ""
        more += f" --role-session-name {quote(_own_name(it))}" if it.session_name else ""
        source = it.source_profile or "default"
        return f"{_sign_in(it)}ccsetup setup role {role} --source-profile {source}{more} {place}{''.join(others)}"
    if any(trust.kind == "oidc" for trust in it.trusts):
        return f"ccsetup setup oidc {role} --web-identity-token-file FILE {place}{''.join(others)}"
    return f"ccsetup setup saml {role} --saml-assertion FILE {place}{''.join(others)}"


def _own_name(it: Arrangement) -> str:
    """Return a session name that fits, with placeholders for each developer."""
    return it.session_name.replace("*", "NAME", 1).replace("*", "DOMAIN").replace("?", "X")


def _sign_in(it: Arrangement) -> str:
    account = "" if it.also_people else it.people
    given = [("sso-start-url", it.start_url), ("sso-region", it.sso_region), ("sso-account-id", account),
             ("sso-role-name", it.permission_set), ("region", it.region), ("profile", it.source_profile)]  # fmt: skip
    words = [f"--{flag} {quote(value)}" for flag, value in given if value]
    return f"ccsetup setup sso {' '.join(words)} --no-clone\n" if it.start_url else ""


def _owner(it: Arrangement, terraform: bool) -> list[str]:
    return [
        f"## For the administrator of account {it.owner} (the repository's account)",
        BLANK,
        "Create the role in one of these ways:",
        BLANK,
        "- ccsetup: run the command above with `--apply --profile ADMIN`. It shows the changes and asks for"
        " confirmation",
        "- CloudFormation: `aws cloudformation deploy --template-file account-a.template.json --stack-name"
        f" {_stack(it)} --capabilities CAPABILITY_NAMED_IAM`",
        "- AWS CLI: `bash apply.sh`",
        *([_terraform("account-a")] if terraform else []),
        BLANK,
        *_providers(it),
    ]


def _terraform(folder: str) -> str:
    command = f"terraform -chdir=terraform/{folder}"
    return f"- Terraform: `{command} init`, and then `{command} apply`"


def _providers(it: Arrangement) -> list[str]:
    kinds = {trust.kind for trust in it.trusts}
    if not kinds & {"oidc", "saml"}:
        return []
    named = " and ".join(trust.name for trust in it.trusts if trust.kind in ("oidc", "saml"))
    return [f"The identity provider {named} must already exist in the account (IAM, Identity providers).", BLANK]


def _people(it: Arrangement, terraform: bool) -> list[str]:
    attach = f"the group {it.group}" if it.group else "the groups or users that need access"
    sets = [trust.name for trust in it.trusts if trust.kind == "permission-set"]
    lines = [
        f"## For the administrator of account {' and '.join(it.accounts)} (the developers' account)",
        BLANK,
        f"Create the policy `{it.people_policy}` in one of these ways, and then attach it to {attach}:",
        BLANK,
        "- ccsetup: run the command above with `--apply --profile ADMIN`. It shows the changes and asks for"
        " confirmation",
        "- CloudFormation: `aws cloudformation deploy --template-file account-b.template.json"
        f" --stack-name {_stack(it)} --capabilities CAPABILITY_NAMED_IAM`",
        "- AWS CLI: `bash apply.sh`",
        *([_terraform("account-b")] if terraform else []),
        BLANK,
        "For many accounts, use StackSets, from the management account or a delegated administrator:",
        BLANK,
        "```",
        *_stack_set(it),
        "```",
        BLANK,
        "The policy document:",
        BLANK,
        "```json",
        json.dumps(policies.assume(it), indent=2),
        "```",
        BLANK,
    ]
    if sets:
        lines += [
            f"For the permission set {', '.join(sets)}, attach the policy in IAM Identity Center, either as a customer"
            " managed policy with this name or as an inline policy.",
            BLANK,
        ]
    return lines


def _afterwards(it: Arrangement) -> list[str]:
    """Return how to add and offboard people, rotate the external ID, and move a repository."""
    run = "run the command above with `--apply --profile ADMIN`"
    lines = ["## Later changes", BLANK, f"- To add a person: {_joining(it)}"]
    lines.append(
        f"- To offboard a person: {_leaving(it)} Sessions that have already started last for at most {_hours(it)}."
        f" To end them now, open the role `{it.role}` in the IAM console of account {it.owner}, and choose Revoke"
        " sessions. Everyone then signs in again."
    )
    if it.external_id:
        lines.append(
            f"- To rotate the external ID: {run}, with `--external-id NEW --also-external-id {it.external_id}`."
            " This also writes this folder again, if you didn't change its files. Send its team file to everyone. When"
            " everyone has it, apply the command without --also-external-id."
        )
    where = "both accounts" if it.assumed else f"account {it.owner}"
    lines.append(
        "- To move a repository to another name, account or region: share the new one first, send its team file, and"
        f" then remove this access in {where}. A role gives access to names: if you only rename a repository, {run}"
        " and the new name."
    )
    lines.append("- To remove everything: see the next section. Clones on people's computers stay where they are.")
    return [*lines, BLANK]


def _hours(it: Arrangement) -> str:
    hours = -(-(it.session_s or 3600) // 3600)
    return "one hour" if hours == 1 else f"{hours} hours"


def _joining(it: Arrangement) -> str:
    send = "Then send the team file."
    where = " or ".join(it.accounts)
    sets = [trust.name for trust in it.trusts if trust.kind == "permission-set"]
    if sets:
        return f"in IAM Identity Center, assign the permission set {' or '.join(sets)} in account {where}. {send}"
    if not it.assumed:
        return f"in the identity provider, give the person access. {send}"
    if it.group:
        command = f"aws iam add-user-to-group --group-name {quote(it.group)} --user-name NAME"
        return f"in account {where}, run `{command}`. {send}"
    return f"in account {where}, attach the policy `{it.people_policy}` to the person's group or user. {send}"


def _leaving(it: Arrangement) -> str:
    where = " or ".join(it.accounts)
    sets = [trust.name for trust in it.trusts if trust.kind == "permission-set"]
    if sets:
        return (f"in IAM Identity Center, remove the assignment of {' and '.join(sets)}, and the person's active"
                " sessions.")  # fmt: skip
    if not it.assumed:
        return "in the identity provider, remove the person's access."
    if it.group:
        command = f"aws iam remove-user-from-group --group-name {quote(it.group)} --user-name NAME"
        return f"in account {where}, run `{command}`, and deactivate the person's access keys."
    return f"in account {where}, detach the policy `{it.people_policy}`, and deactivate the person's access keys."


def _stack_set(it: Arrangement) -> list[str]:
    """Return the commands that create the policy in many accounts."""
    name = _stack(it)
    given = [("OwnerAccount", it.owner), ("RoleName", it.role), *([("GroupName", it.group)] if it.group else [])]
    words = " ".join(quote(f"ParameterKey={key},ParameterValue={value}") for key, value in given)
    return [
        f"aws cloudformation create-stack-set --stack-set-name {name} --template-body file://account-b.template.json"
        f" --capabilities CAPABILITY_NAMED_IAM --parameters {words}",
        f"aws cloudformation create-stack-instances --stack-set-name {name} --accounts {' '.join(it.accounts)}"
        f" --regions {it.region}",
    ]


def _developers(it: Arrangement, has_file: bool) -> list[str]:
    mfa = f" --mfa-serial arn:{it.partition}:iam::{it.people}:mfa/NAME" if it.mfa and it.assumed else ""
    by_file = ["Send the team file to the developers, or publish it at an HTTPS URL. Developers then run:", BLANK]
    by_file += ["```", f"ccsetup --team {teamfile.NAME}", "```", BLANK, "Without the team file, developers run:", BLANK]
    by_flags = ["```", developer(it) + mfa, "```", BLANK]
    return ["## For developers", BLANK, *(by_file if has_file else []), *by_flags]


def _notes(it: Arrangement) -> list[str]:
    found = []
    if it.external_id:
        found.append(
            f"The external ID is `{it.external_id}`. It isn't a secret, but give it only to people who need it."
        )
        found.append(
            "You can't switch to a role with an external ID in the AWS console. Use the role with git or the API."
        )
    if it.also_external_ids:
        old = " and ".join(f"`{one}`" for one in it.also_external_ids)
        found.append(f"The role also accepts {old}, until you run the command without --also-external-id.")
    if it.session_name:
        found.append(
            f"Callers must choose a session name like `{it.session_name}`. Profiles from the team file have one: it is"
            " asked once, and the default is git's email address. AWS doesn't check who uses a name. To be sure,"
            f" compare it with the AssumeRole event in CloudTrail of account {' or '.join(it.accounts)}."
        )
    if it.kms_key:
        found.append(
            "The KMS key policy must allow the account to control access with IAM policies, as the default key policy"
            " does."
        )
    return [line for note in found for line in (note, BLANK)]


def _stack(it: Arrangement) -> str:
    return f"share-{it.stem}".replace("_", "-").replace(".", "-")[:120]


def _table(head: tuple[str, str], lines: list[Line]) -> list[str]:
    rows = [f"| {head[0]} | {head[1]} |", "| --- | --- |"]
    return rows + [f"| {_cell(line.what)} | {_cell(line.why)} |" for line in lines]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*")
