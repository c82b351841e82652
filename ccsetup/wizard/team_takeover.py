"""Long-term keys that a team file would replace: never where nobody has looked at the review."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ccsetup.awsfiles import ini
from ccsetup.core.context import Context
from ccsetup.core.errors import BadAnswer
from ccsetup.core.model import Plan
from ccsetup.core.profile_chain import keeps_long_term


def refuse(context: Context, change: Plan, access: str) -> None:
    """Raise BadAnswer where a profile that a plan writes holds long-term keys; `access` is its name in the file."""
    written = {section.name for section in change.sections if section.type == "profile"} if change.edits else set()
    for name, there in _sections(context):
        if name in written and keeps_long_term(there):
            raise BadAnswer(
                f"The team file would take over your profile {name}, which holds long-term keys.",
                why="Nothing was written.",
                next=f"Take another name: ccsetup --team FILE --access {access} --profile {name}-team\n"
                "To replace it all the same, run it on a terminal without --yes and look at the review.",
            )


def _sections(context: Context) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield each profile's settings as they stand in either file; the two are not merged."""
    texts = context.files.read()
    for document in (ini.read(texts.config or "", "config"), ini.read(texts.credentials or "", "credentials")):
        yield from ((stanza.name, stanza.values) for stanza in document.stanzas if stanza.type == "profile")
