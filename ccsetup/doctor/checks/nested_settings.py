"""Nested settings: the indented lines below a setting without a value, such as `s3 =`."""

from __future__ import annotations

from collections.abc import Iterator

from ccsetup.awsfiles.ini import Setting, Stanza
from ccsetup.core.model import FileName
from ccsetup.doctor.checks.files import FILES, REFUSED
from ccsetup.doctor.facts import Facts
from ccsetup.doctor.findings import Finding


def nested_blocks(facts: Facts) -> Iterator[Finding]:
    """Find lines in an indented block that aren't `name = value`."""
    for file in FILES:
        if "=\n" not in (text := facts.meant(file).text).replace(" ", "").replace("\r", "") and ":\n" not in text:
            continue
        for stanza in facts.meant(file).stanzas:
            for setting in stanza.settings:
                yield from _block(facts, file, stanza, setting) if setting.value.startswith("\n") else ()


def _block(facts: Facts, file: FileName, stanza: Stanza, setting: Setting) -> Iterator[Finding]:
    for number, text in zip(setting.lines, setting.value.split("\n"), strict=False):
        bare = text.strip()
        if not bare or ("=" in bare and bare[0] != "="):
            continue
        refused = "=" not in bare
        yield Finding(
            "file.nested-block",
            "stops" if refused else "note",
            f"This line in the indented block under {setting.key} isn't in the form `name = value`.",
            REFUSED if refused else "The AWS CLI and boto3 read a setting without a name; other SDKs reject the file.",
            profile=stanza.name if stanza.type == "profile" else "",
            path=facts.path(file),
            line=number,
            do=f"Edit line {number} of {facts.path(file)}: change the line to name = value, or remove the indentation.",
            refuses=refused,
        )


CHECKS = (nested_blocks,)
