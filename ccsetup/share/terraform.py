"""Turns an arrangement into one Terraform configuration for each account, formatted like `terraform fmt`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from ccsetup.share import policies
from ccsetup.share.arrangement import Arrangement
from ccsetup.share.policies import Words

_HEAD = """\
# {about}
terraform {{
  required_providers {{
    aws = {{
      source  = "hashicorp/aws"
      version = ">= 4.0"
    }}
  }}
}}

data "aws_partition" "current" {{}}
"""
_PARTITION = "${data.aws_partition.current.partition}"
_DNS = "${data.aws_partition.current.dns_suffix}"


def owner(it: Arrangement) -> str:
    """Return the configuration of the repository's account: the role and its policy."""
    words = Words(
        partition=_PARTITION, dns=_DNS, region="${var.region}", owner="${data.aws_caller_identity.current.account_id}",
        people="${var.people_account}", repository="${var.repository}", role="${var.role_name}", key="${var.key_id}",
        external_id="${var.external_id}",
    )  # fmt: skip
    variables = {
        **({} if it.others else {"repository": (it.repository, "The repository name")}),
        "region": (it.region, "The repository region"),
        "role_name": (it.role, "The role that gives access to the repository"),
        **({"people_account": (it.people, "The developers' account, which gets access")} if it.assumed else {}),
        **({"external_id": (it.external_id, "The external ID that callers must pass")} if it.external_id else {}),
        **(
            {"key_id": (policies.plain(it).key, "The ID of the KMS key that encrypts the repository")}
            if it.kms_key
            else {}
        ),
    }
    return "\n".join(
        (
            _HEAD.format(about=f"The repository's account: the role that gives access to {it.label}."),
            'data "aws_caller_identity" "current" {}\n',
            *(_variable(name, *told) for name, told in variables.items()),
            _resource(
                "aws_iam_role",
                "shared",
                ("name", "var.role_name"),
                *([("path", _text(it.path))] if it.path != "/" else []),
                *([("permissions_boundary", _text(it.boundary))] if it.boundary else []),
                *([("max_session_duration", str(it.session_s))] if it.session_s else []),
                ("assume_role_policy", _encoded(policies.trust(it, words))),
            ),
            _resource(
                "aws_iam_role_policy",
                "repository",
                ("name", _text(it.policy_name) if it.others else '"ccsetup-${var.region}-${var.repository}"'),
                ("role", "aws_iam_role.shared.id"),
                ("policy", _encoded(policies.permissions(it, words))),
            ),
            'output "role_arn" {\n  value = aws_iam_role.shared.arn\n}\n',
        )
    )


def people(it: Arrangement) -> str:
    """Return the configuration of the other account: the policy, attached to a group if there is one."""
    words = Words(_PARTITION, _DNS, "", "${var.owner_account}", "", "", "${var.role_name}", "", "")
    return "\n".join(
        (
            _HEAD.format(about=f"The developers' account: the policy that allows access to {it.label}."),
            _variable("owner_account", it.owner, "The account that owns the repository and the role"),
            _variable("role_name", it.role, "The role that gives access to the repository"),
            _variable("group_name", it.group, "A group to attach the policy to (optional)"),
            _resource(
                "aws_iam_policy",
                "assume",
                ("name", '"Assume-${var.role_name}"'),
                ("policy", _encoded(policies.assume(it, words))),
            ),
            _resource(
                "aws_iam_group_policy_attachment",
                "assume",
                ("count", 'var.group_name == "" ? 0 : 1'),
                ("group", "var.group_name"),
                ("policy_arn", "aws_iam_policy.assume.arn"),
            ),
            'output "policy_arn" {\n  value = aws_iam_policy.assume.arn\n}\n',
        )
    )


def _variable(name: str, default: str, about: str) -> str:
    rows = (("description", _text(about)), ("type", "string"), ("default", _text(default)))
    return f'variable "{name}" {{\n{_aligned(rows)}}}\n'


def _resource(type_: str, name: str, *rows: tuple[str, str]) -> str:
    return f'resource "{type_}" "{name}" {{\n{_aligned(rows)}}}\n'


def _aligned(rows: Sequence[tuple[str, str]], indent: str = "  ") -> str:
    """Return the rows with aligned equals signs; a row that spans several lines is aligned on its own."""
    found = ""
    for spans, run in groupby(rows, key=lambda row: "\n" in row[1]):
        together = list(run)
        width = 0 if spans else max(len(name) for name, _ in together)
        found += "".join(f"{indent}{name.ljust(width)} = {value}\n" for name, value in together)
    return found


def _encoded(document: Mapping[str, Any]) -> str:
    return f"jsonencode({_value(document, '  ')})"


def _value(value: Any, indent: str) -> str:
    """Return a value in HCL."""
    within = indent + "  "
    if isinstance(value, Mapping):
        rows = tuple((_key(key), _value(inner, within)) for key, inner in value.items())
        return f"{{\n{_aligned(rows, within)}{indent}}}"
    if isinstance(value, list):
        return "[\n" + "".join(f"{within}{_value(inner, within)},\n" for inner in value) + f"{indent}]"
    return _text(str(value))


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z]\w*", key) else _text(key)


def _text(text: str) -> str:
    """Return a quoted text. Keep our own references, and escape all others."""
    quoted = json.dumps(text, ensure_ascii=False).replace("%{", "%%{")
    return re.sub(r"\$\{(?!(?:var|data)\.[a-z_.]+\})", "$${", quoted)
