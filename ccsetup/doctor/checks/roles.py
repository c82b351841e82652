"""Roles: the role ARN, the session name and the duration."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ccsetup.awsfiles.settings import comment, meant
from ccsetup.core import regions, validate
from ccsetup.core.arn import PARTITION
from ccsetup.core.command_line import quote
from ccsetup.core.errors import BadAnswer
from ccsetup.core.lazy_regex import later
from ccsetup.core.model import Corrected
from ccsetup.core.regions import REGION
from ccsetup.doctor.facts import Facts
from ccsetup.doctor.findings import Finding, Remedy, Severity, Wanted
from ccsetup.doctor.locate import Place, finding, place, removed, respelled

Settings = Mapping[str, str]

_NAMED = later(rf"arn:({PARTITION}):iam:*([0-9]{{1,12}}):(?:role|policy|instance-profile)/+([^\s*]+)")
_LOOSE = later(
    rf"(?:arn[:.])?(?:(?P<partition>{PARTITION})[:.])?(?:iam[:.]*)?(?:{REGION}:)?:*"
    r"(?P<account>[0-9]{4}-?[0-9]{4}-?[0-9]{4}):*"
    r"(?:[:/]+roles?[:/]+(?P<role>[\w+=,.@/-]+?)|[:/](?P<name>(?!root\b)[\w+=,.@-]+?))[/,.;:]*",
    re.IGNORECASE | re.ASCII,
)
_PLACEHOLDER = later(r"<[^<>]*>|\$?\{+[^{}]*\}+|\$\w+|%\w+%|\*{2,}|\u2026|\.{3}|(?<=:iam::)[A-Za-z][\w-]*(?=:)")
_REFUSED = "Tools accept this value, but AWS rejects it when you assume the role (ValidationError)."
_UNREAD = "botocore ignores the value without a warning; other SDKs reject the profile."
_GENERATED = "The AWS CLI and git generate a name instead; other SDKs send it, and AWS rejects it (ValidationError)."
_OF_ROLES = ("role_arn", "sso_role_name", "web_identity_token_file")


def arn(facts: Facts) -> Iterator[Finding]:
    """Find role ARNs that aren't valid."""
    good: set[str] = set()
    for name, there in facts.unusual.items():
        value = there.get("role_arn")
        if value is None or value in good:
            continue
        try:
            read = validate.role_arn(meant(value))
        except BadAnswer as bad:
            where = place(facts, name, "role_arn")
            if where is None:
                continue
            if right := _one_reading(meant(value), there.get("region", "")):
                yield _corrected(facts, name, where, "role.arn", right, "isn't a valid role ARN")
            else:
                yield _no_arn(facts, name, where, bad)
            continue
        if isinstance(read, str):
            good.add(value)
        elif where := place(facts, name, "role_arn"):
            yield _corrected(facts, name, where, "role.arn", read.value, "isn't a valid role ARN")


def _one_reading(value: str, region: str) -> str:
    """Return the corrected role ARN if only its punctuation or fixed words are wrong; "" otherwise."""
    found = _LOOSE.fullmatch("".join(value.split()))
    if found is None:
        return ""
    partition = (found["partition"] or regions.partition_of(region)).lower()
    name = re.sub("/+", "/", (found["role"] or found["name"]).strip("/"))
    arn = f"arn:{partition}:iam::{found['account'].replace('-', '')}:role/{name}"
    return arn if _is_arn(arn) else ""


def _corrected(
    facts: Facts, name: str, where: Place, code: str, value: str, how: str,
    because: str = _REFUSED, severity: Severity = "stops",
) -> Finding:  # fmt: skip
    """Return the finding for a value with only one possible correction."""
    remedy = Remedy(f"Use {value}", changes=respelled(where, value + comment(where.value)))
    says = f"{name}: {where.setting.key} {how}. It should be {value}."
    return finding(facts, name, where, code, severity, says, because=because, fix="auto", remedies=(remedy,))


def _left_out(facts: Facts, name: str, where: Place, code: str, says: str, because: str, severity: Severity) -> Finding:
    """Return the finding for a value that can't be corrected and isn't needed."""
    remedy = Remedy(f"Remove {where.setting.key}", "AWS and the SDKs use a default value", removed([where]))
    return finding(facts, name, where, code, severity, says, because=because, fix="auto", remedies=(remedy,))


def _no_arn(facts: Facts, name: str, where: Place, bad: BadAnswer) -> Finding:
    """Return the finding for an ARN without a single correction, with the possible ones."""
    likely = _likely(facts, meant(where.value))
    left = _PLACEHOLDER.search(meant(where.value))
    what = f"role_arn still has the placeholder {left[0]}" if left else "role_arn isn't a role ARN"

    def remedy(value: str) -> Remedy:
        return Remedy(f"Use {value}", changes=respelled(where, value + comment(where.value)))

    return finding(
        facts,
        name,
        where,
        "role.arn",
        "stops",
        f"{name}: {what}. {bad.what}",
        because=_REFUSED,
        fix="ask",
        remedies=tuple(map(remedy, likely)),
        wanted=Wanted("Role ARN", validate.role_arn, remedy),
        do=f"ccsetup setup role --profile {quote(name)}{f' --role-arn {likely[0]}' if likely else ''}",
    )


def _likely(facts: Facts, value: str) -> list[str]:
    """Return the role ARNs that a wrong one may stand for: a policy's ARN, or an account ID that lost digits."""
    found = _NAMED.fullmatch(value)
    if not found:
        return []
    partition, account, role = found.groups()
    near = facts.similar_role_accounts.like(account) if len(account) > 8 else [account]
    lost = [account.zfill(12)] if len(account) > 8 else []  # spreadsheets drop leading zeros
    arns = [f"arn:{partition}:iam::{it}:role/{role}" for it in dict.fromkeys([*near, *lost])]
    return [it for it in arns if _is_arn(it)]


def _is_arn(text: str) -> bool:
    try:
        return validate.role_arn(text) == text
    except BadAnswer:
        return False


def session_name(facts: Facts) -> Iterator[Finding]:
    """Find session names that STS rejects."""
    for name, there in facts.intended.items():
        value = there.get("role_session_name")
        if value is None or "role_arn" not in there or (where := place(facts, name, "role_session_name")) is None:
            continue
        try:
            read = validate.role_session_name(meant(value))
            right = read.value if isinstance(read, Corrected) else meant(value)
        except BadAnswer:
            right = re.sub(r"[^A-Za-z0-9_+=,.@-]+", "-", meant(value)).strip("-")[:64]
        size = len(meant(value))
        if len(right) < 2:
            present = f"is {meant(value)}" if value else "has no value"
            says = f"{name}: role_session_name {present}. It must be 2 to 64 letters, digits, or _+=,.@- characters."
            severity: Severity = "stops" if value else "hinders"
            because = _REFUSED if value else _GENERATED
            yield _left_out(facts, name, where, "role.session-name", says, because, severity)
        elif right != meant(value):
            how = f"has {size} characters, and AWS allows 64" if size > 64 else "isn't a valid session name"
            yield _corrected(facts, name, where, "role.session-name", right, how)


def duration(facts: Facts) -> Iterator[Finding]:
    """Find durations that STS rejects or that SDKs can't read."""
    for name, there in facts.intended.items():
        value = there.get("duration_seconds")
        if value is None or "role_arn" not in there:
            continue
        most_s = 3600 if _chained(facts, name, there) else 43200
        text = meant(value)
        if re.fullmatch(r"[0-9]{3,5}", text) and 900 <= int(text) <= most_s:
            continue
        if where := place(facts, name, "duration_seconds"):
            yield _another(facts, name, there, where, text, most_s)


def _another(facts: Facts, name: str, there: Settings, where: Place, text: str, most_s: int) -> Finding:
    try:
        read = "0" if re.fullmatch(r"-[0-9]+", text) else validate.duration(0, 999_999)(text)  # botocore sends it
    except BadAnswer:
        there_ = f"duration_seconds is {text}" if text else "duration_seconds has no value"
        says = f"{name}: {there_}. It must be a number of seconds from 900 to {most_s}, for example, 3600."
        return _left_out(facts, name, where, "role.duration", says, _UNREAD, "hinders")
    seconds = int(read.value if isinstance(read, Corrected) else read)
    granted = min(max(seconds, 900), most_s)
    because, severity, how = _why(seconds, granted, most_s, token="web_identity_token_file" in there)
    how = f"is {text}, {how}"
    return _corrected(facts, name, where, "role.duration", str(granted), how, because, severity)


def _why(seconds: int, granted: int, most_s: int, token: bool) -> tuple[str, Severity, str]:
    """Return why a duration is rejected, the severity, and what is wrong with the value."""
    how = f"and AWS allows 900 to {most_s} seconds"
    if seconds == granted:
        return _UNREAD, "hinders", "but it must be a number of seconds, with digits only"
    if token:
        return "botocore ignores duration_seconds if the profile has a token file; other SDKs don't.", "hinders", how
    if most_s < seconds <= 43200:
        how = f"and AWS allows {most_s} seconds (one hour) when one role assumes another"
    return _REFUSED, "stops", how


def _chained(facts: Facts, name: str, there: Settings) -> bool:
    """Return whether a role is assumed with a role's credentials, including those of a sign-in or this computer."""
    if "web_identity_token_file" in there:
        return False
    if there.get("credential_source") in ("Ec2InstanceMetadata", "EcsContainer"):
        return True
    source = facts.intended.get(there.get("source_profile", ""), {})
    if there.get("source_profile") == name:
        return False
    if "aws_access_key_id" in source:
        return source.get("ccsetup_kind") in ("saml", "oidc")
    return any(key in source for key in _OF_ROLES)


CHECKS = (arn, session_name, duration)
