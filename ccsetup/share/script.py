"""Turns an arrangement into one AWS CLI script for both accounts. Running it again changes nothing."""

from __future__ import annotations

from shlex import quote

from ccsetup.share import readme
from ccsetup.share.arrangement import TAG, TAGGED, Arrangement

_HEAD = """\
#!/usr/bin/env bash
# Shares the CodeCommit repository {repository}. Uses the AWS CLI. Run it once in each account, as an administrator:
#   AWS_PROFILE=admin-a bash apply.sh
{also}# Creates what is missing. Doesn't change who can assume a role that exists, or what it allows.
# You can safely run it again.
set -euo pipefail
cd "$(dirname "${{BASH_SOURCE[0]}}")"
export AWS_DEFAULT_REGION="${{AWS_DEFAULT_REGION:-{region}}}" AWS_PAGER=
here=$(aws sts get-caller-identity --query Account --output text)
"""
_OWNER = """\
{owner})  # the repository's account: the role
  if there=$(aws iam get-role --role-name {role} --query Role.AssumeRolePolicyDocument --output json \
    2>/dev/null); then
    if [[ $(tr -d '[:space:]' <<<"$there") != "$(tr -d '[:space:]' <account-a-trust.json)" ]]; then
      echo "{role_name} exists, and its trust policy differs from account-a-trust.json:" >&2
      echo "$there" >&2
      echo "This script doesn't change who can assume a role that exists. To see what would change, run:" >&2
      echo {command} >&2
      exit 1
    fi
  else
    aws iam create-role {path}--role-name {role} --assume-role-policy-document file://account-a-trust.json \\
      --tags Key={key},Value={value} --query Role.Arn --output text
    aws iam wait role-exists --role-name {role}
  fi
  if there=$(aws iam get-role-policy --role-name {role} --policy-name {policy} --query PolicyDocument \\
    --output json 2>/dev/null); then
    if [[ $(tr -d '[:space:]' <<<"$there") != "$(tr -d '[:space:]' <account-a-permissions.json)" ]]; then
      echo "{role_name} exists, and its permissions differ from account-a-permissions.json:" >&2
      echo "$there" >&2
      echo "This script doesn't change what a role that exists allows. To see what would change, run:" >&2
      echo {command} >&2
      exit 1
    fi
  else
    aws iam put-role-policy --role-name {role} --policy-name {policy} \\
      --policy-document file://account-a-permissions.json
  fi
  echo "The role {role_arn} now gives access to {repository}."
  ;;
"""
_PEOPLE = """\
{people})  # the developers' account: the policy to assume the role
  policy={policy_arn}
  if version=$(aws iam get-policy --policy-arn "$policy" --output text \\
    --query Policy.DefaultVersionId 2>/dev/null); then
    made=$(aws iam get-policy --policy-arn "$policy" --output text --query "Policy.Tags[?Key=='{key}'].Value | [0]")
    there=$(aws iam get-policy-version --policy-arn "$policy" --version-id "$version" \\
      --query PolicyVersion.Document --output json | tr -d '[:space:]')
    if [[ $there != "$(tr -d '[:space:]' <account-b-assume-role.json)" ]]; then
      if [[ $made != {value} ]]; then
        echo "ccsetup didn't create $policy, which differs from account-b-assume-role.json: $there" >&2
        exit 1
      fi
      spare=$(aws iam list-policy-versions --policy-arn "$policy" --output text \\
        --query 'Versions[?!IsDefaultVersion].VersionId | [3]')
      if [[ $spare == v* ]]; then  # IAM allows at most five versions
        aws iam delete-policy-version --policy-arn "$policy" --version-id "$spare"
      fi
      aws iam create-policy-version --policy-arn "$policy" --set-as-default \\
        --policy-document file://account-b-assume-role.json --query PolicyVersion.VersionId --output text
    fi
    if [[ $made == {value} ]]; then  # --remove keeps the policy while other repositories use it
      aws iam tag-policy --policy-arn "$policy" --tags Key={use},Value={value}
    fi
  else
    aws iam create-policy --policy-name {policy} --policy-document file://account-b-assume-role.json \\
      --tags Key={key},Value={value} Key={use},Value={value} --query Policy.Arn --output text
  fi
{attach}  ;;
"""
_ATTACH = '  aws iam attach-group-policy --group-name {group} --policy-arn "$policy"\n'
_HINT = '  echo "To attach the policy: aws iam attach-group-policy --group-name GROUP --policy-arn $policy"\n'
_ELSE = """\
*)
  echo "Your credentials are for account $here, but this script is for {accounts}." >&2
  exit 1
  ;;
esac
"""


def _policy_arn(it: Arrangement) -> str:
    """Return the policy's ARN for the shell; with several accounts, in the one that runs the script."""
    if not it.also_people:
        return quote(it.people_policy_arn)
    return f'"arn:{it.partition}:iam::$here:policy"/{quote(it.people_policy)}'


def text(it: Arrangement) -> str:
    """Return the script."""
    also = "#   AWS_PROFILE=admin-b bash apply.sh\n" if it.assumed else ""
    words = {
        "repository": it.label,
        "region": it.region,
        "owner": it.owner,
        "people": "|".join(it.accounts),
        "role_arn": it.role_arn,
    }
    tag = {"key": quote(TAGGED), "value": quote(TAG)}
    parts = [_HEAD.format(also=also, **words), 'case "$here" in\n']
    command = quote(f"  {readme.command(it)} --apply --profile ADMIN")
    more = [f"--path {quote(it.path)} "] if it.path != "/" else []
    more += [f"--permissions-boundary {quote(it.boundary)} "] if it.boundary else []
    more += [f"--max-session-duration {it.session_s} "] if it.session_s else []
    given = {
        "path": "".join(more),
        "role": quote(it.role),
        "role_name": it.role,
        "command": command,
        "policy": quote(it.policy_name),
    }
    parts.append(_OWNER.format(**given, **words, **tag))
    if it.assumed:
        attach = _ATTACH.format(group=quote(it.group)) if it.group else _HINT
        names = {
            "policy": quote(it.people_policy),
            "policy_arn": _policy_arn(it),
            "use": quote(it.policy_name),
        }
        parts.append(_PEOPLE.format(attach=attach, **names, **words, **tag))
    accounts = f"{it.owner} and {' and '.join(it.accounts)}" if it.assumed else it.owner
    return "".join((*parts, _ELSE.format(accounts=accounts)))
