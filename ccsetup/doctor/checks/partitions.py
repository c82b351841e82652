"""Partitions: a role, a sign-in, an MFA device and a region that can't belong together, since no account spans two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache, partial

from ccsetup.awsfiles.settings import comment, meant
from ccsetup.core import profile_partition, regions, validate
from ccsetup.core.command_line import quote
from ccsetup.core.errors import BadAnswer
from ccsetup.core.model import Corrected
from ccsetup.core.profile_chain import first
from ccsetup.core.profile_kind import source_of
from ccsetup.core.regions import REGIONS, partition_of
from ccsetup.core.sso_session import WHERE
from ccsetup.doctor.checks.files import FILES
from ccsetup.doctor.facts import Facts
from ccsetup.doctor.findings import Finding, Remedy, Wanted
from ccsetup.doctor.locate import Place, finding, in_file, place, respelled

Settings = Mapping[str, str]

_NEVER = "Credentials of one partition don't work in another"
_TOOLS = f"{_NEVER}: AWS tools fail with InvalidClientTokenId or UnrecognizedClientException."
_OF_ROLES = f"{_NEVER}: AWS tools fail with InvalidClientTokenId, AccessDenied, or MultiFactorAuthentication failed."


def partitions(facts: Facts) -> Iterator[Finding]:
    """Find regions, MFA devices and roles in another partition than the rest of a profile."""
    if not any(regions.may_name_another_partition(facts.each_line_once(file)) for file in FILES):
        return
    told: dict[str, str] = {}
    sources = _Sources(facts)
    for name, there in facts.intended.items():
        if not _is_of_aws(there):
            continue
        yield from _sign_in(facts, name, there, told)
        role, source = _role(there), sources.of(name)
        region = partition_of(there["region"]) if regions.is_region(there.get("region", "")) else ""
        odd = role and source and role != source
        if odd:
            yield from _of_role(facts, name, there, source, region)
        yield from _device(facts, name, there, source, region)
        of = (source if region == source else role) if odd else role or _sign_in_of(facts, there) or source
        if of and region and region != of:
            yield from _region(facts, name, there, of)


def _is_of_aws(there: Settings) -> bool:
    """Return whether a profile is for AWS itself. AWS-compatible services have regions and ARNs of their own."""
    return "endpoint_url" not in there and "services" not in there


def _role(there: Settings) -> str:
    return _told_by(there, "role_arn")


def _told_by(there: Settings, key: str) -> str:
    """Return the partition in an ARN, "" if the ARN isn't valid, which is another finding."""
    return _valid(key, there[key]) if key in there else ""


@lru_cache(maxsize=4096)  # several questions about one profile
def _valid(key: str, value: str) -> str:
    value = meant(value)
    try:
        return profile_partition.of_arn(value) if validate.SETTINGS[key](value) == value else ""
    except BadAnswer:
        return ""


def _sign_in_of(facts: Facts, there: Settings) -> str:
    """Return the partition of a profile's own sign-in, or of what ccsetup noted about its stored credentials."""
    source = source_of(there)
    if source == "keys":
        stored = {key: value for key, value in there.items() if key.startswith("ccsetup_")}
        return profile_partition.told_by(stored, {})
    if source != "sso":
        return ""
    where = (facts.session_of(there)[1] or {}) if "sso_session" in there else there
    return _of_sign_in(*(where.get(key, "") for key in WHERE))


@lru_cache(maxsize=4096)  # thousands of profiles share a sign-in
def _of_sign_in(url: str, region: str) -> str:
    return profile_partition.of_sign_in(_plain({WHERE[0]: url, WHERE[1]: region}))


class _Sources:
    """The partitions of the credentials that roles are assumed with. Each source is looked at only once."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        names = dict.fromkeys(map(_following, facts.intended.values()))
        self._told = first(facts.intended, names, self._as_source, _following)

    def of(self, name: str) -> str:
        """Return the partition of the credentials that a role is assumed with, "" if the files don't tell."""
        at, found = self._told.get(_following(self._facts.intended[name])) or ("", "")
        return found if at != name else ""

    def _as_source(self, name: str) -> tuple[str, str] | None:
        """Return a source profile that tells its partition, and the partition."""
        there = self._facts.intended[name]
        is_role = source_of(there, as_source=True) in ("role", "oidc")
        found = _role(there) if is_role else _sign_in_of(self._facts, there)
        return (name, found) if found else None


def _following(there: Settings) -> str:
    return meant(there["source_profile"]) if "source_profile" in there and source_of(there) == "role" else ""


def _plain(settings: Settings) -> Settings:
    """Return the settings that say where to sign in."""
    return {key: meant(settings[key]) for key in WHERE if key in settings}


def _sign_in(facts: Facts, name: str, there: Settings, told: dict[str, str]) -> Iterator[Finding]:
    """Find the region of a sign-in that the start URL contradicts: once for each session."""
    if source_of(there) != "sso":
        return
    session, found = facts.session_of(there)
    if told.setdefault(session or f"\n{name}", name) != name:
        return
    where = _plain((found or {}) if "sso_session" in there else there)
    url = profile_partition.told_by_url(where.get(WHERE[0], ""))
    region = where.get(WHERE[1], "")
    if url is None or not regions.is_region(region) or partition_of(region) == url[0]:
        return
    at = in_file(facts, "config", WHERE[1], session, "sso-session") if session else place(facts, name, WHERE[1])
    if at:
        yield _finding(facts, name, at, url[0], f"its start URL is in {url[0]}", [url[1]] if url[1] else [])


def _region(facts: Facts, name: str, there: Settings, partition: str) -> Iterator[Finding]:
    at = place(facts, name, "region")
    if at is None or not at.own:
        return
    source = source_of(there)
    what = "its role is" if _role(there) else "its sign-in is" if source == "sso" else "its credentials are"
    found = _finding(facts, name, at, partition, f"{what} in {partition}")
    first = facts.intended.get(meant(there.get("source_profile", "")), {}).get("region", "")
    arn = place(facts, name, "role_arn")
    if arn and source == "role" and regions.is_region(first) and partition_of(first) == partition_of(meant(at.value)):
        found = found._replace(remedies=(_moved(arn, partition_of(first)), *found.remedies))
    yield found if source in ("role", "oidc") else found._replace(severity="hinders", also=())


def _finding(facts: Facts, name: str, at: Place, partition: str, why: str, sure: list[str] | None = None) -> Finding:
    """Return the finding for a region of another partition."""
    value = meant(at.value)
    ways = sure or likely(facts, name, partition, value)
    ask = f"Region to use instead of {value}"
    return finding(
        facts, name, at, "region.partition", "stops",
        f"{name}: {at.setting.key} {value} is in {partition_of(value)}, but {why}.",
        because=_TOOLS,
        fix="auto" if sure else "ask",
        remedies=tuple(_respelled(at, it) for it in ways),
        wanted=None if sure else Wanted(ask, partial(parsed, partition), partial(_respelled, at)),
        do=f"ccsetup doctor {quote(name)} --fix",
    )  # fmt: skip


def likely(facts: Facts, name: str, partition: str, value: str = "") -> list[str]:
    """Return the regions of a partition that a profile may need, the likeliest first."""
    compass = value.split("-")[-2:-1]
    chained = [facts.intended.get(it, {}) for it in (meant(facts.intended[name].get("source_profile", "")), name)]
    near_by = [there.get(key, "") for there in chained for key in ("region", "sso_region")]
    near_by += [(facts.session_of(there)[1] or {}).get("sso_region", "") for there in chained]
    known = [it for it in REGIONS if partition_of(it) == partition]
    same = [it for it in known if it.split("-")[-2:-1] == compass]
    used = [there.get("region", "") for there in facts.intended.values()]
    return [*dict.fromkeys(it for it in (*near_by, *same, *used, *known) if it in known)][:5]


def parsed(partition: str, text: str) -> str | Corrected:
    """Return a typed region of a partition. Raises BadAnswer for others."""
    read = validate.region(text)
    if partition_of(read.value if isinstance(read, Corrected) else read) != partition:
        raise BadAnswer(f"That isn't a region of {partition}. Use a region like {regions.home_region(partition)}.")
    return read


def _respelled(at: Place, value: str) -> Remedy:
    return Remedy(f"Use {value}", REGIONS.get(value, ""), respelled(at, value + comment(at.value)))


def _moved(at: Place, partition: str) -> Remedy:
    """Return the remedy that changes only the partition of an ARN."""
    parts = meant(at.value).split(":")
    arn = ":".join((parts[0], partition, *parts[2:]))
    return Remedy(f"Use {arn}", changes=respelled(at, arn + comment(at.value)))


def _of_role(facts: Facts, name: str, there: Settings, source: str, region: str) -> Iterator[Finding]:
    """Yield the finding for a role that its source profile can't assume."""
    at = place(facts, name, "role_arn")
    if at is None:
        return
    first = meant(there.get("source_profile", ""))
    yield finding(
        facts, name, at, "role.partition", "stops",
        f"{name}: its role is in {_role(there)}, but its source profile {first} is in {source}.",
        because=_OF_ROLES,
        fix="ask",
        remedies=(_moved(at, source),) if region in (source, "") else (),
        wanted=Wanted("Role ARN", validate.role_arn, lambda arn: Remedy(f"Use {arn}", changes=respelled(at, arn))),
        do=f"ccsetup setup role --profile {quote(name)}",
    )  # fmt: skip


def _device(facts: Facts, name: str, there: Settings, source: str, region: str) -> Iterator[Finding]:
    """Find an MFA device in another partition than the role, for which its user can't be a source."""
    role, device = _role(there), _told_by(there, "mfa_serial")
    if not role or not device or device == role or source_of(there) != "role":
        return
    at = place(facts, name, "mfa_serial")
    if at is None:
        return
    sure = {source or role, region or role} == {role} and bool(source or region)
    yield finding(
        facts, name, at, "role.partition", "stops",
        f"{name}: its MFA device is in {device}, but its role is in {role}.",
        because=_OF_ROLES,
        fix="auto" if sure else "ask",
        remedies=(_moved(at, role),),
        do=f"ccsetup setup role --profile {quote(name)}",
    )  # fmt: skip


CHECKS = (partitions,)
