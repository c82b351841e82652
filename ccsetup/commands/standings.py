"""What every profile is and until when, and which one the clone here uses: for `status` and `login`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ccsetup import ini, standing
from ccsetup.errors import Problem
from ccsetup.ini import Document
from ccsetup.standing import Standing
from ccsetup.world import AwsTexts, World


def stamp(world: World) -> str:
    """Return the moment as standings have it, such as 2026-01-31T18:04:00Z."""
    return world.now().strftime("%Y-%m-%dT%H:%M:%SZ")


def all_of(world: World, texts: AwsTexts) -> tuple[list[Standing], list[Problem]]:
    """Return how every profile stands, and what keeps botocore from reading the files."""
    config, credentials, cached = texts.config or "", texts.credentials or "", _cached(world)
    try:
        if texts.shared:
            raise standing.Unsure
        return standing.in_plain_texts(config, credentials, cached, stamp(world)), []
    except standing.Unsure:
        settings, secrets = ini.both(texts)
        profiles, sessions = ini.profiles(settings, secrets), ini.sessions(settings)
        found = standing.standings(profiles.items(), sessions, cached, stamp(world))
        return found, [*_faults(texts.config_path, settings), *_faults(texts.credentials_path, secrets)]


def _faults(path: Path, document: Document) -> list[Problem]:
    if not document.fault:
        return []
    return [
        Problem(
            f"{path}, line {document.fault.line}: {document.fault.says}",
            why="While that stands no AWS tool can read any profile.",
            next=f"Mend line {document.fault.line}.",
            code=document.fault.code,
        )
    ]


def _cached(world: World) -> Callable[[str], str]:
    def text(path: str) -> str:
        try:
            return world.files.text(world.home / ".aws" / path)
        except Problem:
            return ""

    return text


def of_this_clone(world: World) -> str:
    """Return the profile that the clone one stands in uses, "" where it names none or there is no clone."""
    try:
        origin = world.git.origin(world.cwd)
        return standing.named_by(origin, world.git.setting(world.cwd, "credential.helper")) if origin else ""
    except Problem:  # git cannot read its settings, which the doctor tells
        return ""
