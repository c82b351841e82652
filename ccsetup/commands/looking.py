"""The files, read once, as the questions see them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from ccsetup import access
from ccsetup.awsfiles import fast_read, ini
from ccsetup.awsfiles.ini import Document
from ccsetup.awsfiles.profile_status import Unsure
from ccsetup.commands.options import Options
from ccsetup.core.context import AwsTexts, World
from ccsetup.core.errors import Problem
from ccsetup.core.lookup import Look


class Settings(NamedTuple):
    """What both files say: settings by profile, credentials over config, and by sso-session.

    `faults` are what keeps AWS's tools from reading them, each with its path, its line and its code.
    """

    profiles: Mapping[str, Mapping[str, str]]
    sessions: Mapping[str, Mapping[str, str]]
    faults: tuple[Problem, ...] = ()


def settings(texts: AwsTexts) -> Settings:
    """Read both files' texts: at a glance where that is enough, which is many times faster."""
    config, credentials = texts.config or "", texts.credentials or ""
    for respelled in () if texts.shared else (False, True):
        sessions: dict[str, dict[str, str]] = {}
        try:
            return Settings(dict(fast_read.profiles(config, credentials, sessions, respelled)), sessions)
        except Unsure:
            continue
    documents = ini.both(texts)
    paths = (texts.config_path, texts.credentials_path)
    faults = [found for path, it in zip(paths, documents, strict=True) if (found := _fault(path, it))]
    return Settings(ini.profiles(*documents), ini.sessions(documents[0]), tuple(faults))


def _fault(path: Path, document: Document) -> Problem | None:
    if not document.fault:
        return None
    return Problem(
        f"{path}, line {document.fault.line}: {document.fault.says}",
        why="While that stands no AWS tool can read any profile.",
        next=f"Mend line {document.fault.line}.",
        code=document.fault.code,
    )


def looking(world: World, options: Options) -> Look:
    """Read the files and return the questions' view of the machine. Raises Problem where botocore could not read."""
    found = settings(world.files.read())
    for fault in found.faults:
        fault.why += " Nothing was written."
        fault.next = "Have it repaired: ccsetup doctor --fix"
        raise fault
    return Look(
        world,
        profiles=found.profiles,
        sessions=found.sessions,
        sections=access.sections_of,
        clear=access.OWN_KEYS,
        given=options.given,
        dry=options.dry_run,
    )
