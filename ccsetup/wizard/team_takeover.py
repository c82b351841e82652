"""Protects long-term credentials: a team file replaces them only after the user has reviewed the changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ccsetup.awsfiles import ini
from ccsetup.core.command_line import quote
from ccsetup.core.context import Context
from ccsetup.core.errors import BadAnswer
from ccsetup.core.model import Plan
from ccsetup.core.profile_kind import keeps_long_term


def refuse(context: Context, change: Plan, access: str) -> None:
    """Raise BadAnswer if a plan writes to a profile with long-term credentials. `access` is its name in the file."""
    written = {section.name for section in change.sections if section.type == "profile"} if change.edits else set()
    for name, there in _sections(context):
        if name in written and keeps_long_term(there):
            raise BadAnswer(
                f"The team file would replace your profile {name}, which has long-term credentials.",
                why="Nothing was written.",
                next=f"Use another profile name: ccsetup --team FILE --access {access} --profile"
                f" {quote(f'{name}-team')}\n"
                "To replace the profile anyway, run the command in a terminal without --yes and review the changes.",
            )


def _sections(context: Context) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield each profile's settings in each file, without merging the two files."""
    texts = context.files.read()
    for document in (ini.read(texts.config or "", "config"), ini.read(texts.credentials or "", "credentials")):
        yield from ((stanza.name, stanza.values) for stanza in document.stanzas if stanza.type == "profile")
