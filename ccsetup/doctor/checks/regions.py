"""Regions: invalid ones, ones that ccsetup doesn't know, and profiles without a region."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from ccsetup.awsfiles import edit
from ccsetup.awsfiles.characters import plain
from ccsetup.awsfiles.ini import Setting, Stanza
from ccsetup.awsfiles.section_lines import distinct_lines
from ccsetup.core import detours, profile_partition, validate
from ccsetup.core.errors import BadAnswer
from ccsetup.core.lazy_regex import later
from ccsetup.core.model import Corrected, FileName, Section
from ccsetup.core.profile_kind import has_credentials
from ccsetup.core.regions import (
    FIPS_STS,
    PLACELESS,
    REGION,
    REGIONS,
    git_lacks,
    is_region,
    like,
    partition_of,
    wants_dualstack,
    wants_fips,
)
from ccsetup.doctor.checks import partitions
from ccsetup.doctor.checks.files import FILES
from ccsetup.doctor.checks.values import behind
from ccsetup.doctor.facts import Facts
from ccsetup.doctor.findings import Change, Finding, Remedy, Severity, Wanted
from ccsetup.doctor.locate import place, places, respelled
from ccsetup.git import address

_NAMED = later(rf"(?<![\w-]){REGION}(?![\w-])")


def regions(facts: Facts) -> Iterator[Finding]:
    """Find invalid regions, and regions where it isn't known whether they have CodeCommit."""
    known: dict[str, tuple[str, str]] = {}
    for file in FILES:
        lines = distinct_lines(facts.meant(file).text)
        if all(_is_usual(line) for line in lines if "region" in line.lower()):
            continue
        for stanza in facts.meant(file).stanzas:
            for setting in stanza.settings if stanza.type in ("profile", "sso-session") else ():
                own = setting.key == "region" and stanza.type == "profile" and setting.value not in REGIONS
                if own or (setting.key == "sso_region" and not is_region(setting.value)):
                    yield from _region(facts, file, stanza, setting, known)


def _is_usual(line: str) -> bool:
    key, _, value = line.partition("=")
    return key.rstrip() in ("region", "sso_region") and value.strip() in REGIONS


def _region(
    facts: Facts, file: FileName, stanza: Stanza, setting: Setting, known: dict[str, tuple[str, str]]
) -> Iterator[Finding]:
    value = setting.value
    sign_in = setting.key == "sso_region"
    if not value or "\n" in value or (not sign_in and _elsewhere(stanza)):
        return
    meant = known.setdefault(value, _meant_region(value))[0]
    number = setting.lines[0]
    line = facts.lines(file)[number - 1]
    if not {*line} & {"=", ":", "\uff1d", "\uff1a"}:
        return  # the line itself has to be repaired first
    at = line.rfind(value)
    place = {"profile": stanza.name if stanza.type == "profile" else "", "path": facts.path(file), "line": number}

    comment = behind(setting.key, value)
    indent = line[: len(line) - len(line.lstrip())]

    def spelled(region: str) -> Remedy:
        before = f"{line[:at].rstrip()} " if value[0] in "=>" else line[:at]  # region == us-east-1, := , =>
        new = f"{before}{region}{line[at + len(value) :]}" if at >= 0 else f"{setting.key} = {region}"
        lines = (indent + comment.strip(), new) if comment else (new,)
        return Remedy(f"Use {region}", REGIONS.get(region, ""), (Change(file, number, number, lines),))

    if meant:
        yield Finding("region.invalid", "stops", f"{value} isn't a region. It should be {meant}.", _NO_HOST, fix="auto",
                      remedies=(spelled(meant),), **place)  # type: ignore[arg-type]  # fmt: skip
        return
    bare = value[: len(value) - len(comment)].strip().strip("\"'")
    ways = tuple(spelled(region) for region in dict.fromkeys([*like(bare), *_common(facts)]))
    wanted = Wanted(f"Region to use instead of {bare}", validate.region, spelled)
    if unknown := validate.unknown_region(bare) if is_region(bare) else "":
        yield Finding("region.unsupported", "hinders", unknown, _NOT_KNOWN, fix="ask", remedies=ways, wanted=wanted,
                      **place)  # type: ignore[arg-type]  # fmt: skip
        return
    severity: Severity = "hinders" if value in PLACELESS else "stops"
    yield Finding("region.invalid", severity, f"{bare} isn't an AWS region.", _NO_HOST, fix="ask", remedies=ways,
                  wanted=wanted, **place)  # type: ignore[arg-type]  # fmt: skip


_NO_HOST = (
    "AWS tools don't check the region. They use it in a host name and report “Could not connect to the endpoint URL”."
)
_NOT_KNOWN = (
    "If CodeCommit isn't available in a region, git reports “Could not resolve host”, even if other services work."
)


def _elsewhere(stanza: Stanza) -> bool:
    """Return whether a profile is for an AWS-compatible service, which may have its own regions."""
    return "endpoint_url" in stanza.text or "services" in stanza.values or "endpoint" in stanza.text


def _meant_region(value: str) -> tuple[str, str]:
    """Return the only region that a text can mean, "" if there is none, and a note about the correction."""
    text = plain(value)
    text = text[: len(text) - len(behind("region", text))].strip().strip("\"'`.,;/=> ").strip()
    try:
        found = validate.region(text)
        right, said = (found.value, found.said) if isinstance(found, Corrected) else (found, "")
        return (right if right != value else ""), said
    except BadAnswer:
        pass
    lower = text.lower()
    named = {name for name in _NAMED.findall(lower) if name in REGIONS}
    if len(named) == 1:
        return named.pop(), ""
    local = re.fullmatch(rf"({REGION})-[a-z]{{3}}-[0-9][a-z]", lower)
    if local and local[1] in REGIONS:
        return local[1], ""
    squeezed = re.sub(r"[^a-z0-9]", "", lower)
    near = [name for name in REGIONS if name.replace("-", "") in (squeezed, squeezed[:-1]) and squeezed]
    if len(near) == 1 and not is_region(lower) and (squeezed[-1:].isdigit() or squeezed[-1:] in "abcdef"):
        return near[0], ""
    return (_in_address(text) or (lower if is_region(lower) and lower != value else "")), ""


def _in_address(text: str) -> str:
    """Return the region that a URL names, "" if there is none."""
    try:
        return (address.parse(text).region if "://" in text else "") or ""
    except BadAnswer:
        return ""


def _common(facts: Facts) -> list[str]:
    """Return the regions in use on this computer, most common first, or a few defaults if there are none."""
    used = [region for region, _ in facts.regions.most_common() if region in REGIONS][:5]
    return used or ["us-east-1", "us-east-2", "us-west-2", "eu-west-1", "eu-central-1"]


def endpoints(facts: Facts) -> Iterator[Finding]:
    """Find FIPS and dual-stack settings that don't reach STS or git in the profile's region."""
    env = dict(facts.env)
    may_want = any(it in env for it in _VARIABLES) or any(facts.may_set(file, *_SETTINGS) for file in FILES)
    if env.get("AWS_ENDPOINT_URL") or not may_want:
        return
    for name, there in facts.intended.items():
        fips, dualstack = wants_fips(env, there), wants_dualstack(env, there)
        region = there.get("region", "")
        if not (fips or dualstack) or region not in REGIONS or not _gets_in(there):
            continue
        variables = [it for it in _VARIABLES if facts.env.get(it, "").lower() == "true"]
        where = next(filter(None, (place(facts, name, key) for key in _SETTINGS)), None) if not variables else None
        path, line = (where.path, where.line) if where else (None, 0)
        if fips and region not in FIPS_STS:
            says = f"{name} uses FIPS endpoints, but AWS has none for STS in {region}."
            because = "AWS tools use a host name that doesn't exist and report “Could not connect to the endpoint URL”."
            do = detours.without(variables[:1], facts.env, facts.shell) or "Remove use_fips_endpoint from the profile."
            yield Finding("region.endpoints", "stops", says, because, name, path, line, do=do)
        elif lacks := git_lacks(region, fips=fips, dualstack=dualstack):
            because = "git sends the same signed requests to that host. API calls use the endpoints that you chose."
            yield Finding("region.endpoints", "note", f"{name}: {lacks}", because, name, path, line)


_VARIABLES = ("AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT")
_SETTINGS = ("use_fips_endpoint", "use_dualstack_endpoint")


def missing_regions(facts: Facts) -> Iterator[Finding]:
    """Find profiles that have credentials but no region."""
    if facts.env.get("AWS_DEFAULT_REGION"):
        return
    sources = {there.get("source_profile", "") for there in facts.profiles.values()}
    lacking = {
        name: there
        for name, there in facts.profiles.items()
        if not there.get("region") and (_gets_in(there) or _is_left_empty(facts, name))
    }
    ways = _common(facts) if lacking else []
    partition_of_each = profile_partition.told_of_many(facts.intended, facts.sessions, lacking)
    for name, there in lacking.items():
        told_ = [there.get("sso_region", ""), facts.profiles.get(there.get("source_profile", ""), {}).get("region", "")]
        likely = [region for region in dict.fromkeys([*reversed(told_), *ways]) if region in REGIONS]
        if partition := partition_of_each[name]:
            likely = [region for region in likely if partition_of(region) == partition]
            likely = likely or partitions.likely(facts, name, partition)
        yield _without_region(facts, name, likely, name in sources)


def _gets_in(there: Mapping[str, str]) -> bool:
    return has_credentials(there) and "endpoint_url" not in there


def _is_left_empty(facts: Facts, name: str) -> bool:
    """Return whether a profile has a region setting without a value."""
    where = place(facts, name, "region")
    return where is not None and where.own and not _elsewhere(where.stanza)


def _without_region(facts: Facts, name: str, likely: list[str], is_source: bool) -> Finding:
    file: FileName = "config" if ("config", "profile", name) in facts.stanzas else "credentials"
    stanza = facts.stanzas[file, "profile", name]
    empty = next(iter(places(facts, name, ["region"])), None)

    def with_region(region: str) -> Remedy:
        changes = respelled(empty, region) if empty else _set(facts, name, "region", region)
        return Remedy(f"Use {region}", REGIONS.get(region, ""), changes)

    return Finding(
        "region.missing",
        "note" if is_source else "hinders",
        f"{name} has no region.",
        "AWS tools report “You must specify a region” unless the URL or a variable specifies one. "
        "Profiles don't inherit the region of [default].",
        profile=name,
        path=empty.path if empty else facts.path(file),
        line=empty.line if empty else stanza.line,
        fix="ask",
        remedies=tuple(map(with_region, likely)),
        wanted=Wanted(f"Region for {name}", partial(_of_partition, facts, name), with_region),
    )


def _of_partition(facts: Facts, name: str, text: str) -> str | Corrected:
    """Return a typed region. Raises BadAnswer if the profile's role or sign-in is in another partition."""
    partition = profile_partition.told(facts.intended, facts.sessions, name)
    return partitions.parsed(partition, text) if partition else validate.region(text)


def _set(facts: Facts, name: str, key: str, value: str) -> tuple[Change, ...]:
    """Return the changes that add a setting to a profile in the config file, in a new section if needed."""
    lines = facts.lines("config")
    if stanza := facts.stanzas.get(("config", "profile", name)):
        last = stanza.settings[-1] if stanza.settings else None
        model = lines[last.lines[0] - 1] if last else ""
        indent = model[: len(model) - len(model.lstrip())]
        after = last.lines[-1] if last else stanza.line
        return (Change("config", after + 1, after, (f"{indent}{key} = {value}",)),)
    header = edit.heading(Section("config", "profile", name, {}))
    gap = ("",) if lines and lines[-1].strip() else ()
    return (Change("config", len(lines) + 1, len(lines), (*gap, f"[{header}]", f"{key} = {value}")),)


CHECKS: tuple[Callable[[Facts], Iterator[Finding]], ...] = (regions, endpoints, missing_regions)
