"""Checks credential_process programs: whether they exist and, if one was run, whether it printed credentials."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from ccsetup.core import clock, program_keys, redact
from ccsetup.core.command_line import quote, windows_words
from ccsetup.core.text import inert
from ccsetup.doctor.checks.shadowed import kinds
from ccsetup.doctor.facts import Facts, Ran
from ccsetup.doctor.findings import FIX, Finding, Remedy
from ccsetup.doctor.locate import Place, finding, place, respelled

_KEY = "credential_process"
_SHELLS = "botocore runs the command without a shell. Other SDKs use a shell, so the command may work in them."
_RETRIEVAL = "AWS tools fail with CredentialRetrievalError."
_PRINTS = '{"Version": 1, "AccessKeyId": "…", "SecretAccessKey": "…", "SessionToken": "…", "Expiration": "…"}'


def words(command: str, windows: bool = False) -> list[str]:
    """Return a command's words as botocore splits them; empty if a quote isn't closed."""
    try:
        return windows_words(command) if windows else shlex.split(command)
    except ValueError:
        return []


def _running(facts: Facts) -> Iterator[tuple[str, str, Place]]:
    """Yield the profiles that get their credentials from a program, with the command and its place."""
    for name, there in facts.intended.items():
        if _KEY in there and (where := place(facts, name, _KEY)):
            first = kinds(facts, name, there)[:1]
            if first and first[0].keys == (_KEY,):
                yield name, there[_KEY], where


def missing(facts: Facts) -> Iterator[Finding]:
    """Find programs that don't exist, or that only a shell would find."""
    for name, command, where in _running(facts):
        program = next(iter(words(command, facts.windows)), "")
        if not program:
            says = f"{name}: the command in credential_process is empty or has an unclosed quote."
            because = "AWS tools crash with ValueError: No closing quotation."
            yield finding(facts, name, where, "process.missing", "stops", says, because=because, do=_try(name))
        elif why := _not_there(facts, program):
            says = f"{name}: {why}"
            do = (
                _instead(facts, program)
                or f"In credential_process for {name}, use the program's full path, in quotes if it contains spaces."
            )
            because = f"AWS tools crash with FileNotFoundError. {_SHELLS}"
            if program in facts.not_executable:
                says, do = f"{name}: the program {program} isn't executable.", f"chmod u+x {quote(program)}"
                because = "AWS tools crash with PermissionError."
            found = finding(facts, name, where, "process.missing", "stops", says, because=because, do=do)
            elsewhere = "" if program in facts.not_executable else facts.programs.get(_base(program), "")
            if elsewhere and program in command:
                new = command.replace(program, elsewhere, 1)
                remedy = Remedy(f"Use {elsewhere}", "which is on the PATH", changes=respelled(where, new))
                found = found._replace(fix="ask", remedies=(remedy,), do=FIX)
            yield found


def _base(program: str) -> str:
    """Return the file name of a program with an absolute path, "" for others."""
    return re.split(r"[/\\]", program)[-1] if re.match(r"/|[A-Za-z]:[/\\]", program) else ""


def elsewhere(programs: Mapping[str, str]) -> list[str]:
    """Return the names under which programs that aren't at their absolute paths may be on the PATH."""
    return [name for program, path in programs.items() if not path and (name := _base(program))]


def _try(name: str) -> str:
    return f"Fix the command, then run: ccsetup doctor {quote(name)}"


def _not_there(facts: Facts, program: str) -> str:
    """Return why a program won't be found; "" if it will be, or if that wasn't checked."""
    if program.startswith("~"):
        return f"credential_process doesn't expand the ~ in {program}."
    if re.match(r"\$|%\w+%", program):
        return f"credential_process doesn't expand the variable in {program}."
    if re.fullmatch(r"\w+=.*", program):
        return f"{program} isn't a program. Only a shell can set variables, and credential_process doesn't use a shell."
    return f"the program {program} doesn't exist or can't be run." if facts.programs.get(program) == "" else ""


def _instead(facts: Facts, program: str) -> str:
    found = re.match(r"(?:~|\$HOME|\$\{HOME\}|%USERPROFILE%)[/\\](.+)", program)
    return f"Use {facts.home / found[1]} instead of {program}." if found else ""


def failed(facts: Facts) -> Iterator[Finding]:
    """Find programs that were run and didn't print credentials."""
    for name, _, where in _running(facts) if facts.processes else ():
        ran = facts.processes.get(name)
        if ran is None:
            continue
        why, because = _wrong(ran)
        if why:
            says = f"{name}: credential_process {why}"
            by_hand = f"Run the command yourself and fix the problem. The command must print {_PRINTS}"
            do = program_keys.MEND if why == program_keys.UNREADABLE else by_hand
            yield finding(facts, name, where, "process.failed", "stops", says, because=because, do=do)
        elif (ends := clock.read(str(_printed(ran).get("Expiration", "")))) and ends <= facts.now:
            says = f"The credentials that credential_process returned for {name} expired at {ends:%Y-%m-%d %H:%M} UTC."
            because, do = "AWS tools fail with ExpiredToken or RuntimeError.", program_keys.RENEW
            yield finding(facts, name, where, "keys.expired", "stops", says, because=because, do=do)


def _wrong(ran: Ran) -> tuple[str, str]:
    """Return what is wrong with a program's result, and botocore's error for it; "" if nothing is."""
    if ran.code is None:
        return "didn't finish in time.", "git and SDKs wait for the program indefinitely."
    if ran.code != 0:
        said = _shown(ran.errors) or _shown(ran.out)
        return f"failed with exit code {ran.code}{': ' + said if said else '.'}", _RETRIEVAL
    printed = _printed(ran)
    if not printed:
        shown = _shown(ran.out)
        said = f"printed “{shown}” instead of a JSON object." if shown else "didn't print anything."
        return said, "AWS tools crash with JSONDecodeError."
    if printed.get("Version") != 1:
        return 'didn\'t print "Version": 1.', "AWS tools fail with CredentialRetrievalError: Unsupported version."
    if lacking := [key for key in ("AccessKeyId", "SecretAccessKey") if not printed.get(key)]:
        return f"didn't print {' or '.join(lacking)}.", _RETRIEVAL
    if not clock.is_read_by_sdks(printed.get("Expiration")):
        return program_keys.UNREADABLE, "AWS tools crash with TypeError or ParserError."
    return "", ""


def _printed(ran: Ran) -> Mapping[str, Any]:
    try:
        value = json.loads(ran.out)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _shown(text: str) -> str:
    """Return the last lines of a program's output, without control characters and possible secrets."""
    lines = [inert(redact.line(line)).strip() for line in text.splitlines() if line.strip()]
    return " ".join(lines[-2:])[:300]


CHECKS = (missing, failed)
