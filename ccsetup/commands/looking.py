"""The files, read once, as the questions see them."""

from __future__ import annotations

from ccsetup import access, ini
from ccsetup.commands.options import Options
from ccsetup.errors import Problem
from ccsetup.look import Look
from ccsetup.world import World


def looking(world: World, options: Options) -> Look:
    """Read the files and return the questions' view of the machine. Raises Problem where botocore could not read."""
    texts = world.files.read()
    settings, secrets = ini.both(texts)
    for path, document in ((texts.config_path, settings), (texts.credentials_path, secrets)):
        if document.fault:
            raise Problem(
                f"{path}, line {document.fault.line}: {document.fault.says}",
                why="While that stands no AWS tool can read any profile. Nothing was written.",
                next="Have it repaired: ccsetup doctor --fix",
                code=document.fault.code,
            )
    return Look(
        world,
        profiles=ini.profiles(settings, secrets),
        sessions=ini.sessions(settings),
        sections=access.sections_of,
        clear=access.OWN_KEYS,
        given=options.given,
        dry=options.dry_run,
    )
