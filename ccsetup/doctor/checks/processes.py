"""Programs that print keys: whether they are there, and, where one was run, whether it printed any."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from ccsetup.core import clock, program_keys, redact
from ccsetup.core.text import inert
from ccsetup.doctor.checks.shadowed import kinds
from ccsetup.doctor.facts import Facts, Ran
from ccsetup.doctor.findings import Finding
from ccsetup.doctor.locate import Place, finding, place

Settings = Mapping[str, str]

_KEY = "credential_process"
_SHELLS = "botocore runs it without a shell; other SDKs with one, so that what works there fails here."
_PRINTS = '{"Version": 1, "AccessKeyId": "…", "SecretAccessKey": "…", "SessionToken": "…", "Expiration": "…"}'


def words(command: str, windows: bool = False) -> list[str]:
    """Return a command's words as botocore splits them; none where its quotes do not end."""
    if windows:
        return [it[0] or it[1] for it in re.findall(r'"([^"]*)"|(\S+)', command)]
    try:
        return shlex.split(command)
    except ValueError:
        return []


def _running(facts: Facts) -> Iterator[tuple[str, str, Place]]:
    """Yield the profiles that get their keys from a program, the command, and where it stands."""
    for name, there in facts.intended.items():
        if _KEY in there and (where := place(facts, name, _KEY)):
            first = kinds(facts, name, there)[:1]
            if first and first[0].keys == (_KEY,):
                yield name, there[_KEY], where


def missing(facts: Facts) -> Iterator[Finding]:
    """A program that is not there, or that only a shell would find."""
    for name, command, where in _running(facts):
        program = next(iter(words(command, facts.windows)), "")
        if not program:
            says = f"{name}: the command in credential_process is empty, or its quotes do not end."
            because = "ValueError: No closing quotation, in a traceback."
            yield finding(facts, name, where, "process.missing", "stops", says, because=because, do=_try(name))
        elif why := _not_there(facts, program):
            says = f"{name}: {why}"
            do = (
                _instead(facts, program)
                or f"Write its whole path into {name}'s credential_process, in quotes if it has blanks."
            )
            because = f"FileNotFoundError, in a traceback. {_SHELLS}"
            yield finding(facts, name, where, "process.missing", "stops", says, because=because, do=do)


def _try(name: str) -> str:
    return f"Look at what it does: ccsetup doctor {name}"


def _not_there(facts: Facts, program: str) -> str:
    """Say why a program will not be found, "" when it will, or when nobody has looked."""
    if program.startswith("~"):
        return f"nothing expands the ~ of {program}."
    if re.match(r"\$|%\w+%", program):
        return f"nothing fills in the variable in {program}."
    if re.fullmatch(r"\w+=.*", program):
        return f"{program} is no program; variables are set by a shell, and there is none."
    return f"there is no program {program} that can be run." if facts.programs.get(program) == "" else ""


def _instead(facts: Facts, program: str) -> str:
    found = re.match(r"(?:~|\$HOME|\$\{HOME\}|%USERPROFILE%)[/\\](.+)", program)
    return f"Write {facts.home / found[1]} in place of {program}." if found else ""


def failed(facts: Facts) -> Iterator[Finding]:
    """A program that was run and printed no keys."""
    for name, _, where in _running(facts) if facts.processes else ():
        ran = facts.processes.get(name)
        if ran is None:
            continue
        why, because = _wrong(ran)
        if why:
            says = f"{name}: its credential_process {why}"
            by_hand = f"Run it by hand and mend it; it is to print {_PRINTS}"
            do = program_keys.MEND if why == program_keys.UNREADABLE else by_hand
            yield finding(facts, name, where, "process.failed", "stops", says, because=because, do=do)
        elif (ends := clock.read(str(_printed(ran).get("Expiration", "")))) and ends <= facts.now:
            says = f"The keys that the credential_process of {name} prints ended at {ends:%Y-%m-%d %H:%M} UTC."
            because, do = "ExpiredToken, or a RuntimeError in a traceback.", program_keys.RENEW
            yield finding(facts, name, where, "keys.expired", "stops", says, because=because, do=do)


def _wrong(ran: Ran) -> tuple[str, str]:
    """Say what is wrong with what a program did, and what botocore makes of it; "" when nothing is."""
    if ran.code is None:
        return "did not end in time.", "git and SDKs wait for it for ever."
    if ran.code != 0:
        said = _shown(ran.errors) or _shown(ran.out)
        return f"failed ({ran.code}){': ' + said if said else '.'}", "CredentialRetrievalError."
    printed = _printed(ran)
    if not printed:
        return f"printed no JSON: {_shown(ran.out) or 'nothing'}", "JSONDecodeError, in a traceback."
    if printed.get("Version") != 1:
        return 'printed no "Version": 1.', "CredentialRetrievalError: Unsupported version."
    if lacking := [key for key in ("AccessKeyId", "SecretAccessKey") if not printed.get(key)]:
        return f"printed no {' and no '.join(lacking)}.", "CredentialRetrievalError."
    if not program_keys.is_readable(printed.get("Expiration")):
        return program_keys.UNREADABLE, "TypeError or ParserError, in a traceback."
    return "", ""


def _printed(ran: Ran) -> Mapping[str, Any]:
    try:
        value = json.loads(ran.out)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _shown(text: str) -> str:
    """Return the last lines of what a program said, inert and without what may be a secret."""
    lines = [inert(redact.line(line)).strip() for line in text.splitlines() if line.strip()]
    return " ".join(lines[-2:])[:300]


CHECKS = (missing, failed)
