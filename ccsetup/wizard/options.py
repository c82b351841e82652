"""The options of a command: the answers that were given with it, and how to handle the rest."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from ccsetup import access
from ccsetup.awsfiles import fast_read, ini
from ccsetup.awsfiles.ini import Document
from ccsetup.awsfiles.profile_status import Unsure
from ccsetup.core.context import AwsTexts, Context
from ccsetup.core.errors import BadAnswer, Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import Value


class Options(NamedTuple):
    """The answers that were given with the command, and what to do instead of asking."""

    given: Mapping[str, Value]
    pasted: Mapping[str, Value] = MappingProxyType({})  # used where they apply; given answers take precedence
    yes: bool = False
    dry_run: bool = False
    keep_on_failure: bool = False


def refuse_unused(given: Mapping[str, Value], used: Collection[str], kind: str) -> None:
    """Refuse flags that no question uses, since the user expects them to have an effect."""
    unused = [key for key in given if key not in used]
    if unused:
        flags = {question.key: question.flag_name for question in access.flags()}
        names = ", ".join(flags.get(key) or "--" + key.replace("_", "-") for key in unused)
        raise BadAnswer(
            f"You can't use {names} with {kind} and your other answers.",
            next=f"See the flags: ccsetup setup {kind} --help",
        )


class Settings(NamedTuple):
    """The contents of both files: settings by profile, with credentials over config, and by sso-session.

    `faults` are the errors that keep AWS tools from reading them, each with its path, line and code.
    """

    profiles: Mapping[str, Mapping[str, str]]
    sessions: Mapping[str, Mapping[str, str]]
    faults: tuple[Problem, ...] = ()


@lru_cache(maxsize=1)  # commands that go through many profiles read the same texts again and again
def settings(texts: AwsTexts) -> Settings:
    """Parse the texts of both files, with the fast parser if that is enough."""
    config, credentials = texts.config or "", texts.credentials or ""
    if not texts.shared:
        sessions: dict[str, dict[str, str]] = {}
        try:
            profiles = dict(fast_read.profiles(config, credentials, sessions, earlier=fast_read.EARLIER))
            return Settings(profiles, sessions)
        except Unsure:
            pass
    documents = ini.both(texts)
    paths = (texts.config_path, texts.credentials_path)
    faults = [found for path, it in zip(paths, documents, strict=True) if (found := _fault(path, it))]
    return Settings(ini.profiles(*documents), ini.sessions(documents[0]), tuple(faults))


def _fault(path: Path, document: Document) -> Problem | None:
    if not document.fault:
        return None
    return Problem(
        f"{path}, line {document.fault.line}: {document.fault.says}",
        why="Until this line is fixed, AWS tools can't read any profile.",
        next="Repair the file: ccsetup doctor --fix",
        code=document.fault.code,
    )


def looking(context: Context, options: Options) -> Look:
    """Read the files and return the lookups for questions. Raises Problem if botocore couldn't read the files."""
    found = settings(context.files.read())
    for fault in found.faults:
        why, repair = f"{fault.why} Nothing was written.", "Repair the file: ccsetup doctor --fix"
        raise Problem(fault.what, why=why, next=repair, code=fault.code)
    look = Look(
        context,
        profiles=found.profiles,
        sessions=found.sessions,
        sections=access.sections_of,
        clear=access.OWN_KEYS,
        given=options.given,
        dry=options.dry_run,
    )
    look.alone = look.alone or options.yes
    return look
