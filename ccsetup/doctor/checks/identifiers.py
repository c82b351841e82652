"""Account IDs, permission sets, MFA devices and external IDs: held to the same rules as in the wizard's questions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from ccsetup.awsfiles.settings import OUTPUTS, comment, meant
from ccsetup.core import validate
from ccsetup.core.arn import Arn
from ccsetup.core.command_line import quote
from ccsetup.core.errors import BadAnswer
from ccsetup.core.model import Corrected
from ccsetup.core.text import nearest
from ccsetup.doctor.facts import Facts
from ccsetup.doctor.findings import FIX, Finding, Remedy, Severity, Wanted
from ccsetup.doctor.locate import Place, finding, in_file, place, respelled

Settings = Mapping[str, str]
CODE = "value.invalid"
_OF_CLI = "The AWS CLI fails with “Unknown output type” unless you pass --output. Git and the SDKs ignore the setting."
_REFUSED = "Tools accept this value, but AWS rejects it (ValidationError)."


class Held(NamedTuple):
    """A key that its rule holds for: where it acts, what to call it, and the other values it may stand for.

    `setup` is the kind of access with a question for it.
    """

    key: str
    acts_with: str
    name: str
    likely: Callable[[Facts, str], list[str]]
    setup: str
    severity: Severity = "stops"
    because: str = _REFUSED

    @property
    def parse(self) -> Callable[[str], str | Corrected]:
        """The rule."""
        return validate.SETTINGS[self.key]


def _accounts(facts: Facts, value: str) -> list[str]:
    """Return the account IDs that a shortened value may stand for. Spreadsheets drop leading zeros and last digits."""
    digits = re.sub(r"[\s-]", "", value)
    found = re.fullmatch(r"([0-9])\.?([0-9]*)e\+?11", digits.lower())  # 1.11122E+11
    known = facts.account_ids
    if found:
        return sorted(it for it in known if it.startswith((found[1] + found[2]).rstrip("0")))
    if not re.fullmatch(r"[0-9]{9,13}", digits):
        return []
    lost = [digits.zfill(12)] if len(digits) < 12 else []
    return [*dict.fromkeys([*facts.similar_accounts.like(digits), *lost])]


def _devices(facts: Facts, value: str) -> list[str]:
    """Return the MFA device that a user's ARN may stand for: IAM suggests the user's name for it."""
    arn = Arn.parse(value)
    if arn is None or arn.kind != "user" or not arn.name:
        return []
    return [str(arn._replace(resource=f"mfa/{arn.name}"))]


def _formats(facts: Facts, value: str) -> list[str]:
    """Return the output formats of the AWS CLI that a wrong one may stand for."""
    return nearest(value, OUTPUTS, 3) or ["json"]


def _none(facts: Facts, value: str) -> list[str]:
    return []


ACCOUNT, SET = "sso_account_id", "sso_role_name"
RULES = (
    Held(ACCOUNT, SET, "Account ID", _accounts, "sso"),
    Held(SET, ACCOUNT, "Permission set", _none, "sso"),
    Held("mfa_serial", "role_arn", "MFA device", _devices, "role"),
    Held("external_id", "role_arn", "External ID", _none, "role"),
    Held("output", "output", "Output format", _formats, "", "hinders", _OF_CLI),
)


def identifiers(facts: Facts) -> Iterator[Finding]:
    """Find values in profiles and sessions that the wizard's questions would refuse or correct."""
    fine: set[tuple[str, str]] = set()
    told: set[tuple[object, int]] = set()
    for rule in RULES:
        for name, there in _to_check(facts, rule).items():
            session = facts.sessions.get(meant(there["sso_session"]), {}) if "sso_session" in there else {}
            value = there.get(rule.key, session.get(rule.key))
            if value is None or (rule.key, value) in fine or not (rule.acts_with in there or rule.acts_with in session):
                continue
            if _is_valid(rule, meant(value)):
                fine.add((rule.key, value))
                continue
            where = place(facts, name, rule.key)
            if where is None and "sso_session" in there:
                where = in_file(facts, "config", rule.key, meant(there["sso_session"]), "sso-session")
            if where and (where.path, where.line) not in told:
                told.add((where.path, where.line))
                yield _held(facts, name, where, rule)


def _to_check(facts: Facts, rule: Held) -> Mapping[str, Settings]:
    """Return the profiles for which a value may not follow a rule."""
    in_sessions = any(key in there for there in facts.sessions.values() for key in (rule.key, rule.acts_with))
    return facts.intended if in_sessions or rule.key == "output" else facts.unusual


def _is_valid(rule: Held, value: str) -> bool:
    try:
        return rule.parse(value) == value
    except BadAnswer:
        return False


def _held(facts: Facts, name: str, where: Place, rule: Held) -> Finding:
    value = meant(where.value)

    def remedy(right: str) -> Remedy:
        return Remedy(f"Use {right}", changes=respelled(where, right + comment(where.value)))

    try:
        read = rule.parse(value)
    except BadAnswer as bad:
        says = f"{name}: {rule.key} isn't valid. {bad.what}"
        return finding(
            facts, name, where, CODE, rule.severity, says, because=rule.because,
            fix="ask", remedies=tuple(map(remedy, rule.likely(facts, value))),
            wanted=Wanted(rule.name, rule.parse, remedy),
            do=bad.next or (f"ccsetup setup {rule.setup} --profile {quote(name)}" if rule.setup else FIX),
        )  # fmt: skip
    right = read.value if isinstance(read, Corrected) else read
    says = f"{name}: {rule.key} isn't valid. It should be {right}."
    remedies = (remedy(right),)
    return finding(facts, name, where, CODE, rule.severity, says, because=rule.because, fix="auto", remedies=remedies)


CHECKS = (identifiers,)
