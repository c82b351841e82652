"""Writes the doctor's report to a file that is safe to share: Markdown, without secrets or the home folder's name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from ccsetup import __version__
from ccsetup.core import redact
from ccsetup.core.context import Context
from ccsetup.core.errors import Problem
from ccsetup.core.model import Edit
from ccsetup.core.text import veil
from ccsetup.doctor import render
from ccsetup.doctor.diagnose import Diagnosis, kinds
from ccsetup.doctor.findings import Finding

TITLE = "# ccsetup doctor"
WORDS = {"stops": "error", "hinders": "warning", "note": "note"}
_KEY_ID = re.compile(r"\b(A[KS]IA)[A-Z0-9]{4,}([A-Z0-9]{4})\b")
_ACCOUNT = re.compile(r"(?<!\d)\d{8}(\d{4})(?!\d)")


def write(context: Context, path: Path, there: Diagnosis | None, gone: Sequence[Finding], short_ids: bool) -> None:
    """Write the report, readable only by its owner. Raises Problem if the file exists and isn't a report."""
    path = context.cwd / path
    before = context.files.seen(path)
    if before is not None and not before.startswith(TITLE):
        raise Problem(
            f"{path} already exists and isn't a ccsetup report, so it wasn't overwritten.",
            next="Choose a different file: ccsetup doctor --report doctor.md",
            code="input.invalid",
        )
    if there is not None:
        lines = (_shown(context, line, short_ids) for line in _lines(context, there, gone))
        context.files.store(Edit(path, before, "".join(f"{line}\n" for line in lines)))
        context.screen.done("wrote", render.shown(path, context.home))


def _shown(context: Context, line: str, short_ids: bool) -> str:
    """Return a line without anything that others must not see."""
    line = _KEY_ID.sub(r"\1…\2", veil(redact.shown(line))).replace(str(context.home), "~")
    return _ACCOUNT.sub(r"…\1", line) if short_ids else line


def _lines(context: Context, there: Diagnosis, gone: Sequence[Finding]) -> Iterator[str]:
    yield f"{TITLE}, {context.now():%Y-%m-%d %H:%M} UTC"
    yield ""
    yield f"ccsetup {__version__}. {render.summary(there)}"
    if gone:
        yield from ("", "## Repaired", "", *(f"- {it.says} `{it.code}`" for it in gone))
    groups: dict[str, list[Finding]] = {}
    for finding in there.shown:
        groups.setdefault(finding.profile, []).append(finding)
    for name, group in groups.items():
        yield from ("", f"## {name or 'This computer'}", "")
        for finding in group:
            yield from _finding(context, finding)
    yield from (
        "",
        "## Profiles",
        "",
        "| profile | kind | account | identity | |",
        "| --- | --- | --- | --- | --- |",
    )
    yield from _profiles(there)


def _finding(context: Context, finding: Finding) -> Iterator[str]:
    place = render.place(finding, context.home)
    yield f"- **{finding.says}** `{finding.code}`, {WORDS[finding.severity]}{', ' * bool(place)}{place}"
    for text in filter(None, (finding.because, *finding.do.splitlines())):
        yield f"  - {text}"
    if finding.also:
        yield f"  - Also affects: {', '.join(finding.also)}"
    for line in finding.letter.splitlines():
        yield f"      {line}".rstrip()


def _profiles(there: Diagnosis) -> Iterator[str]:
    kind, identities = kinds(there), there.identities or {}
    for name in there.names:
        who = identities.get(name)
        account, arn = (who.account_id, who.arn) if who else ("", "")
        asked = "not checked" if name in there.unasked else "unknown"
        state = {False: "error", None: asked, True: ""}[there.is_ok(name)]
        yield f"| {name} | {kind.get(name, '')} | {account} | {arn} | {state} |"
