"""Nested settings: the indented lines below a setting without a value, for example `s3 =`, and services sections."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

from ccsetup.awsfiles import nested_blocks
from ccsetup.awsfiles.ini import Setting, Stanza
from ccsetup.awsfiles.settings import KNOWN, NESTED, meant
from ccsetup.core.command_line import quote
from ccsetup.core.model import FileName
from ccsetup.core.text import did_you_mean
from ccsetup.doctor.checks.files import FILES, REFUSED, told
from ccsetup.doctor.facts import Facts
from ccsetup.doctor.findings import Change, Finding, Remedy, Severity
from ccsetup.doctor.locate import finding, place, respelled, silenced
from ccsetup.doctor.similar_names import SimilarNames

_EMPTY = "The AWS CLI and boto3 then stop with “'str' object has no attribute 'get'” before they send a request."
_ASKED = frozenset({"codecommit", "sts", "sso", "sso_oidc"})  # the services that profiles need here


def malformed(facts: Facts) -> Iterator[Finding]:
    """Find lines in an indented block that aren't `name = value`."""
    for file in FILES:
        if "=\n" not in (text := facts.meant(file).text).replace(" ", "").replace("\r", "") and ":\n" not in text:
            continue
        for stanza, setting in facts.meant(file).settings_with(_is_malformed):
            yield from _block(facts, file, stanza, setting)


@lru_cache(maxsize=4096)  # thousands of profiles have the same block
def _is_malformed(value: str) -> bool:
    return value.startswith("\n") and any(map(_is_stray, value.split("\n")))


def _is_stray(text: str) -> bool:
    name, sign, _ = text.strip().partition("=")
    return not (name and sign) and bool(name or sign)


def _block(facts: Facts, file: FileName, stanza: Stanza, setting: Setting) -> Iterator[Finding]:
    for number, text in zip(setting.lines, setting.value.split("\n"), strict=False):
        if not _is_stray(text):
            continue
        refused = "=" not in text
        yield Finding(
            nested_blocks.CODE,
            "stops" if refused else "note",
            f"This line in the indented block under {setting.key} isn't in the form `name = value`.",
            REFUSED if refused else "The AWS CLI and boto3 read a setting without a name; other SDKs reject the file.",
            profile=stanza.name if stanza.type == "profile" else "",
            path=facts.path(file),
            line=number,
            do=f"Edit line {number} of {facts.path(file)}: change the line to name = value, or remove the indentation.",
            refuses=refused,
        )


def flattened(facts: Facts) -> Iterator[Finding]:
    """Find blocks whose lines aren't indented, so that botocore fails for every client that reads the block."""
    for file in FILES:
        for odd in facts.reading(file).oddities:
            if odd.code == nested_blocks.CODE:
                found = told(facts, file, odd)
                if facts.as_is(file).fault:
                    yield found._replace(because=f"{REFUSED} {_EMPTY}", refuses=True)
                elif odd.header.startswith("services"):
                    yield _of_service(facts, found, odd.header, odd.key)
                else:
                    yield found._replace(because=_EMPTY)


def _of_service(facts: Facts, found: Finding, header: str, service: str) -> Finding:
    """Return a finding about a service's block, for the profiles that use its section."""
    name = header.partition(" ")[2].strip().strip("\"'")
    used = [it for it, there in facts.profiles.items() if meant(there.get("services", "")) == name]
    profile, *also = used or [""]
    severity: Severity = ("stops" if service in _ASKED else "hinders") if used else "note"
    return found._replace(because=_EMPTY, severity=severity, profile=profile, also=tuple(also))


def scalars(facts: Facts) -> Iterator[Finding]:
    """Find services whose address isn't in a block of its own."""
    for at, (type, _) in enumerate(facts.config.sections):
        if type != "services":
            continue
        stanza = facts.config.stanzas[at]
        for setting in stanza.settings:
            if setting.key in KNOWN | NESTED or not setting.value or setting.value.startswith("\n"):
                continue
            number, url = setting.lines[0], setting.value.startswith(("https://", "http://"))
            block = (f"{setting.key} =", f"    endpoint_url = {setting.value}")
            says = (
                f"{setting.key} must be a block: `{setting.key} =`, and below it, indented, `endpoint_url = https://…`."
            )
            found = Finding(
                nested_blocks.CODE,
                "stops",
                says,
                path=facts.path("config"),
                line=number,
                fix="auto" if url else "tell",
                remedies=(Remedy("Write it as a block", changes=(Change("config", number, number, block),)),) * url,
                do="" if url else f"Edit line {number} of {facts.path('config')}.",
            )
            yield _of_service(facts, found, stanza.header, setting.key)


def services(facts: Facts) -> Iterator[Finding]:
    """Find profiles that name a services section which doesn't exist, or which is empty."""
    sections = enumerate(facts.config.sections)
    there = {name: facts.config.stanzas[at] for at, (type, name) in sections if type == "services"}
    others, similar = [it for it, stanza in there.items() if stanza.settings], SimilarNames()
    for name, settings in facts.profiles.items():
        if "services" not in settings or settings.get("ignore_configured_endpoint_urls", "").lower() == "true":
            continue
        wanted = meant(settings["services"])
        if wanted in there and there[wanted].settings:
            continue
        where = place(facts, name, "services")
        if where is None:
            continue
        says = f"{name} uses the services section {wanted or '(no name)'}, which "
        says += "has no settings." if wanted in there else "doesn't exist."
        near = similar.to(wanted, others)
        says = f"{says} {did_you_mean(wanted, near)}".rstrip()
        ways = [Remedy(f"Use {it}", changes=respelled(where, it)) for it in near] if where.own else []
        ways.append(Remedy("Turn the line into a comment", "AWS's own addresses are used", silenced(facts, [where])))
        yield finding(
            facts,
            name,
            where,
            "services.missing",
            "stops",
            says,
            because="The AWS CLI and boto3 stop with InvalidConfigError for every service.",
            fix="ask",
            remedies=tuple(ways),
            do=f"ccsetup doctor {quote(name)} --fix",
        )


CHECKS: tuple[Callable[[Facts], Iterator[Finding]], ...] = (malformed, flattened, scalars, services)
