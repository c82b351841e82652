"""The constraints of STS's API model for each parameter, and its messages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ccsetup.sandbox.http import Refusal


@dataclass(frozen=True)
class Rule:
    """The constraints for one parameter. `least` and `most` count characters, or seconds for a number."""

    least: int
    most: int
    pattern: str = ""
    required: bool = True
    number: bool = False


_NAME = r"[\w+=,.@-]*"
_MFA = {
    "SerialNumber": Rule(9, 256, r"[\w+=/:,.@-]*", False),
    "TokenCode": Rule(6, 6, r"[\d]*", False),
}
_POLICY = {"Policy": Rule(1, 2048, required=False)}
RULES: dict[str, dict[str, Rule]] = {
    "GetCallerIdentity": {},
    "GetAccessKeyInfo": {"AccessKeyId": Rule(16, 128, r"[\w]*")},
    "AssumeRole": {
        "RoleArn": Rule(20, 2048),
        "RoleSessionName": Rule(2, 64, _NAME),
        "ExternalId": Rule(2, 1224, r"[\w+=,.@:\/-]*", False),
        "DurationSeconds": Rule(900, 43200, required=False, number=True),
        **_MFA,
        **_POLICY,
    },
    "AssumeRoleWithWebIdentity": {
        "RoleArn": Rule(20, 2048),
        "RoleSessionName": Rule(2, 64, _NAME),
        "WebIdentityToken": Rule(4, 20000),
        "DurationSeconds": Rule(900, 43200, required=False, number=True),
        **_POLICY,
    },
    "AssumeRoleWithSAML": {
        "RoleArn": Rule(20, 2048),
        "PrincipalArn": Rule(20, 2048),
        "SAMLAssertion": Rule(4, 100000),
        "DurationSeconds": Rule(900, 43200, required=False, number=True),
        **_POLICY,
    },
    "GetSessionToken": {"DurationSeconds": Rule(900, 129600, required=False, number=True), **_MFA},
    "GetFederationToken": {
        "Name": Rule(2, 32, _NAME),
        "DurationSeconds": Rule(900, 129600, required=False, number=True),
        **_POLICY,
    },
}


def validate(given: Mapping[str, str], rules: Mapping[str, Rule]) -> None:
    """Reject parameters that the API model doesn't allow, all in one message, as AWS does."""
    wrong = [text for name, rule in rules.items() for text in _broken(name, given.get(name), rule)]
    if wrong:
        count = f"{len(wrong)} validation error{'s' if len(wrong) > 1 else ''} detected: "
        raise Refusal("ValidationError", count + "; ".join(wrong), 400)


def _broken(name: str, value: str | None, rule: Rule) -> list[str]:
    member = name[0].lower() + name[1:]
    if value is None:
        where = f"Value null at '{member}' failed to satisfy constraint: Member must not be null"
        return [where] if rule.required else []
    start = f"Value '{value}' at '{member}' failed to satisfy constraint: Member must "
    size = int(value) if rule.number and value.isdigit() else len(value)
    unit = "value" if rule.number else "length"
    wrong = []
    if size < rule.least:
        wrong.append(f"{start}have {unit} greater than or equal to {rule.least}")
    if size > rule.most:
        wrong.append(f"{start}have {unit} less than or equal to {rule.most}")
    if rule.pattern and not re.fullmatch(rule.pattern, value, re.ASCII):
        wrong.append(f"{start}satisfy regular expression pattern: {rule.pattern}")
    return wrong
