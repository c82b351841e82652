"""The partition (aws, aws-cn, aws-us-gov and so on) that a profile's role or sign-in is in.

Imports almost nothing, since git's helpers ask it.
"""

from __future__ import annotations

from ccsetup.core import regions
from ccsetup.core.profile_chain import chain, first

TYPE_CHECKING = False  # like typing.TYPE_CHECKING; importing typing would take longer than a call
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Settings = Mapping[str, object]

_ARNS = ("role_arn", "ccsetup_role_arn", "mfa_serial", "ccsetup_mfa_serial")


def told_by(there: Settings, sessions: Mapping[str, Settings]) -> str:
    """Return the partition that a profile's settings name apart from its region, "" if they don't."""
    for key in _ARNS:
        if key in there and (found := of_arn(str(there[key]))):
            return found
    return of_sign_in(sessions.get(str(there["sso_session"]), {}) if "sso_session" in there else there)


def of_arn(text: str) -> str:
    """Return the partition in an IAM ARN, "" if the text isn't one."""
    parts = text.strip().split(":")
    is_arn = len(parts) == 6 and parts[0] == "arn" and parts[2:4] == ["iam", ""] and len(parts[4]) == 12
    return parts[1] if is_arn and parts[1] in regions.PARTITIONS else ""


def of_sign_in(where: Settings) -> str:
    """Return the partition of an sso-session or a legacy profile, "" if it isn't known."""
    region = str(where.get("sso_region", "")).strip()
    if regions.is_region(region):
        return regions.partition_of(region)
    found = told_by_url(str(where.get("sso_start_url", "")))
    return found[0] if found else ""


def told_by_url(start_url: str) -> tuple[str, str] | None:
    """Return the partition and the region ("" if any) that a start URL names; None if it can be in any partition."""
    host = start_url.strip().partition("://")[2].partition("/")[0].partition("#")[0]
    found = regions.locate(host, "portal") if host else None
    return found if found and (found[1] or found[0] != "aws") else None


def told(profiles: Mapping[str, Settings], sessions: Mapping[str, Settings], name: str) -> str:
    """Return the partition that a profile's settings or those of its source profiles name, "" if they don't."""
    return next(filter(None, (told_by(there, sessions) for there in chain(profiles, name))), "")


def told_of_many(
    profiles: Mapping[str, Settings], sessions: Mapping[str, Settings], names: Iterable[str]
) -> dict[str, str | None]:
    """Return for these profiles what `told` does, None if its settings and those of its source profiles name none."""
    return first(profiles, names, lambda name: told_by(profiles[name], sessions) or None)


def of(profiles: Mapping[str, Settings], sessions: Mapping[str, Settings], name: str) -> str:
    """Return the partition of a profile: as its settings or those of its source profiles name it, else its region's."""
    regions_there = (str(there["region"]) for there in chain(profiles, name) if there.get("region"))
    return told(profiles, sessions, name) or regions.partition_of(next(regions_there, ""))


def region_in(partition: str, near_by: Iterable[object]) -> str:
    """Return the first of these regions that is in a partition ("": in any), "" if there is none."""
    named = [str(it or "") for it in near_by]
    return regions.likeliest(it for it in named if not partition or regions.partition_of(it) == partition)


def region_of(profiles: Mapping[str, Settings], sessions: Mapping[str, Settings], name: str, *more: object) -> str:
    """Return the region in which to call AWS as a profile: its own, or else one of its partition.

    That is the region of a source profile or one of `more`, or else the partition's home.
    """
    own, *others = (str(there.get("region", "")) for there in chain(profiles, name) or [{}])
    if regions.is_region(own):
        return own
    partition, near_by = told(profiles, sessions, name), (*others, *more)
    return region_in(partition, near_by) or regions.home_region(partition)
