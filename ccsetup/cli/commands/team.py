"""`ccsetup team`: checks a team file line by line, or creates one from profiles on this computer."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ccsetup.core import missing_profile, validate
from ccsetup.core.context import Context
from ccsetup.core.errors import BadAnswer, Problem
from ccsetup.core.model import Edit
from ccsetup.core.result import Report
from ccsetup.core.text import wrap
from ccsetup.git import address
from ccsetup.team import export as team_export
from ccsetup.team import file, ways
from ccsetup.team.contents import Team
from ccsetup.team.file import Refused
from ccsetup.team.lines import Fault, spelled_path
from ccsetup.wizard.options import Options, looking
from ccsetup.wizard.team_offer import received
from ccsetup.wizard.team_places import Places

ABOUT = "Check a team file line by line, or create one from working profiles."
USAGE = "check FILE|URL · ccsetup team export PROFILE … [--repo NAME …] [--out FILE]"
EXAMPLE = "ccsetup team export acme-dev --repo MySharedDemoRepo --out acme.ini"
NOTHING: Mapping[str, object] = {
    "file": None,
    "name": None,
    "access": [],
    "repositories": [],
    "faults": [],
    "mended": [],
}


def flags(parser: ArgumentParser) -> None:
    """Add team's flags."""
    parser.add_argument(
        "action", choices=["check", "export"], help="check a team file, or export profiles to a new one"
    )
    parser.add_argument(
        "names", nargs="+", metavar="FILE|PROFILE", help="check: a team file or its URL; export: one or more profiles"
    )
    export = parser.add_argument_group("export")
    export.add_argument(
        "--repo",
        action="append",
        metavar="NAME",
        help="repository to clone (default: the current clone, or the clones in this folder); can be repeated",
    )
    export.add_argument("--name", metavar="TEXT", help="team name, for example, Acme platform")
    export.add_argument("--note", metavar="TEXT", help="message to show after setup")
    export.add_argument("--out", metavar="FILE", help="file to write (default or -: stdout)")


def main(options: Namespace, context_of: Callable[[], Context]) -> Report:
    """Check or export."""
    context = context_of()
    if options.action == "check":
        if len(options.names) > 1:
            raise BadAnswer("You can check only one file at a time, for example: ccsetup team check acme.ini")
        return check(context, options.names[0])
    return export(context, options)


def check(context: Context, source: str) -> Report:
    """Print every error in a team file, or that there are none. The exit code is 1 or 0."""
    try:
        found = received(context, source)
    except Refused as refused:
        _told(context, [f"{source}, {fault}" for fault in refused.faults])
        count = len(refused.faults)
        context.screen.say(f" {count} error{'s' if count > 1 else ''}. ccsetup can't use this file.")
        return Report(_document(source, None, refused.faults), 1)
    lines = [f"{source}, {fault}" for fault in found.mended]
    named = [
        *(it.answers.get("region", "") for it in found.team.entries),
        *(it.region for it in found.team.repositories),
    ]
    lines += [f"{source}: {unknown}" for it in dict.fromkeys(named) if (unknown := validate.unknown_region(it))]
    for entry in ways.offered(found.team) if found.team.by_access else ():
        names = ", ".join(ways.reached(found.team, entry, found.team.repositories)) or "no repository"
        lines.append(f"{source}: {entry.label} (--access {entry.name}) reaches {names}.")
    entries, repositories = len(found.team.entries), len(found.team.repositories)
    listed = f"{entries} access entr{'ies' if entries != 1 else 'y'}"
    lines.append(
        f"{source}: ok. {found.team.name}: {listed}, {repositories} repositor{'ies' if repositories != 1 else 'y'}."
    )
    _told(context, lines)
    return Report(_document(source, found.team, (), found.mended))


def _told(context: Context, lines: Sequence[str]) -> None:
    """Print lines. On a terminal, wrap them between words."""
    room = context.screen.room()
    for line in lines:
        first, *rest = wrap(line, room - 4, room) if room else [line]
        context.screen.output("\n".join([first, *("    " + more for more in rest)]))


def _document(
    source: str, found: Team | None, faults: Sequence[Fault], mended: Sequence[Fault] = ()
) -> dict[str, object]:
    def told(fault: Fault) -> dict[str, object]:
        return {"line": fault.line or None, "path": spelled_path(fault.path) or None, "says": fault.says}

    return {
        "ok": found is not None,
        "file": source,
        "name": found.name if found else None,
        "access": [{"name": it.name, "label": it.label, "kind": it.kind} for it in found.entries] if found else [],
        "repositories": [it.name for it in found.repositories] if found else [],
        "faults": [told(fault) for fault in faults],
        "mended": [told(fault) for fault in mended],
        "problems": [],
    }


def export(context: Context, options: Namespace) -> Report:
    """Create a team file from profiles and repositories (default: the current clone's, or those of the clones here)."""
    look = looking(context, Options({}))
    for name in options.names:
        if name not in look.profiles:
            otherwise = "To list your profiles: ccsetup status"
            raise missing_profile.problem(name, look.profiles, context.env, context.home, otherwise)
    entries, said = team_export.entries(options.names, look.profiles, look.sessions, context.home)
    places = Places(context, look, entries)
    for text in options.repo or ():
        places.name(address.parse(text))
    if not options.repo:
        places.read_clones()
    name = options.name or entries[0].answers.get("sso_session") or options.names[0]
    made = Team(name, tuple(entries), (), options.note or "")
    text = file.text(made._replace(repositories=tuple(places.places(made))))
    for line in said:
        context.screen.note(line)
    if options.out and options.out != "-":
        _write(context, Path(options.out), text, options)
    else:
        context.screen.output(text.rstrip("\n"))
    return Report({"ok": True, "text": text, "out": options.out, "left_out": said, "problems": []})


def _write(context: Context, path: Path, text: str, options: Namespace) -> None:
    before = context.files.seen((context.cwd / path).absolute())
    if before is not None and before != text and not options.yes and not options.dry_run:
        raise Problem(
            f"{path} already exists.",
            next="Choose another file name, or add --yes to replace the file.",
            code="input.invalid",
        )
    if options.dry_run:
        context.screen.output(text.rstrip("\n"))
        return
    context.files.store(Edit((context.cwd / path).absolute(), before, text))
    context.screen.done("wrote", str(path), "send it to your team, or publish it at an HTTPS URL")
