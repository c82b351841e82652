"""`ccsetup demo`: runs the wizard against the AWS sandbox on this computer, without an account or a network."""

from __future__ import annotations

import os
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ccsetup.access import of
from ccsetup.access.paste.echo import echo
from ccsetup.aws.sso.browser import why_none
from ccsetup.cli.commands import setup
from ccsetup.core.context import Context
from ccsetup.core.errors import BadAnswer, Problem
from ccsetup.core.installation import how_to_add
from ccsetup.core.model import Asked, Choice, Value
from ccsetup.core.private_folder import PrivateFolder, fresh_name
from ccsetup.core.result import Report
from ccsetup.core.text import did_you_mean, nearest
from ccsetup.sandbox import Sandbox, demo
from ccsetup.sandbox import demo as demo_visitors
from ccsetup.sandbox.demo import KINDS
from ccsetup.ui.tty import enter_within
from ccsetup.wizard import checkout, team_offer, team_setup
from ccsetup.wizard.options import Options
from ccsetup.wizard.team_offer import Received

LEFT_OUT = ("AWS_", "GIT_", "CODE_COMMIT_", "XDG_")


ABOUT = "Try the wizard with a simulated AWS on this computer. You don't need an account or a network."
USAGE = "[--kind KIND] [--team FILE] [--keep]"
EXAMPLE = "ccsetup demo --kind role"


def flags(parser: ArgumentParser) -> None:
    """Add demo's flags."""
    parser.add_argument("--kind", help=f"kind of access to try: {', '.join(KINDS[:-1])}, or {KINDS[-1]}")
    parser.add_argument(
        "--team", metavar="FILE", help="team file to try; everything in the file is created in the simulated AWS"
    )
    parser.add_argument("--keep", action="store_true", help="keep the demo's folder and print its path")


def main(options: Namespace, context_of: Callable[[], Context]) -> Report:
    """Run the wizard with a sandbox and a separate home folder. Without a terminal, a scripted visitor answers it."""
    if options.kind and options.kind not in KINDS:
        hint = did_you_mean(options.kind, KINDS, 1) or f"Available: {', '.join(KINDS)}."
        near = next(iter(nearest(options.kind, KINDS)), KINDS[0])
        raise BadAnswer(
            f'Unknown kind of access "{options.kind}". {hint}', next=f"Use a command like ccsetup demo --kind {near}"
        )
    found = team_offer.received(context_of(), options.team) if options.team else None
    place, left = PrivateFolder.make(Path(tempfile.gettempdir()), fresh_name("ccsetup-demo-")), ""
    try:
        with _sandbox(place.path) as sandbox, _home(place.path, sandbox):
            report = _visit(options, lambda: _for_now(context_of()), sandbox, place.path, found)
    finally:
        if not options.keep and (left := place.remove()):
            context_of().screen.note(left)
    if not left:
        rest = (
            f"The demo's files are in {place.path}"
            if options.keep
            else "Its folder was removed. Nothing was left on this computer."
        )
        context_of().screen.say(f" Demo finished. {rest}")
    return report


@contextmanager
def _sandbox(folder: Path) -> Iterator[Sandbox]:
    try:
        sandbox = Sandbox.start(folder / "aws")
    except ImportError:
        raise Problem(
            "The demo requires an additional Python package, which creates its certificate.",
            next=f"Install the package: {how_to_add('demo')}",
            code="internal",
        ) from None
    with sandbox:
        yield sandbox


@contextmanager
def _home(folder: Path, sandbox: Sandbox) -> Iterator[None]:
    """Run this process in the demo's home, work and temporary folders, without the user's files and environment."""
    before, place, temporary = dict(os.environ), Path.cwd(), tempfile.tempdir
    home, work, scratch = folder / "home", folder / "work", folder / "tmp"
    for each in (home, work, scratch):
        each.mkdir()
    for name in [name for name in os.environ if name.upper().startswith(LEFT_OUT) or name.lower().endswith("_proxy")]:
        del os.environ[name]
    os.environ.update({"HOME": str(home), "USERPROFILE": str(home), "GIT_CONFIG_NOSYSTEM": "1"})
    os.environ.update({**dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch)), **sandbox.environment()})
    tempfile.tempdir = str(scratch)
    os.chdir(work)
    try:
        yield
    finally:
        os.chdir(place)
        os.environ.clear()
        os.environ.update(before)
        tempfile.tempdir = temporary


def _for_now(context: Context) -> Context:
    """Return a Context for clones that are removed with the demo, so that nothing has to be installed for later."""
    return replace(context, git=context.git.for_now())


def _visit(
    options: Namespace, context_of: Callable[[], Context], sandbox: Sandbox, folder: Path, found: Received | None
) -> Report:
    context, cards = context_of(), demo_visitors.cards(sandbox, folder)
    if not context.git.helper():
        os.environ["PATH"] = os.pathsep.join((str(Path(context.git.own_helper()).parent), os.environ.get("PATH", "")))
        context = context_of()
    context.screen.say(" Demo: AWS is simulated, in a temporary folder. Your own files aren't touched.")
    card = cards[options.kind or (found.team.entries[0].kind if found else "") or _chosen(context)]
    if found:
        demo.put_up(sandbox.state, found.team)
        card = replace(card, letter=f"ccsetup --team {found.source}. {card.own}".strip())
    os.environ.update(card.begin())
    context.screen.quote("A message for Maria, a new developer", echo(card.letter))
    if context.prompt is None:
        options.device_code = options.no_browser = True  # without a person, no browser can approve the sign-in
        sandbox.state.center.auto_approve, sandbox.state.center.interval_s = True, 1
        options.open_browser = lambda page: demo_visitors.browse(sandbox.state, page, lambda _: False)
        context = replace(context_of(), prompt=demo_visitors.Visitor(card, context.screen))
    else:
        options.pause = _approving(context, sandbox)
        if why_none(os.environ):
            options.open_browser = lambda page: _approved_by_enter(context, sandbox, page)
        context = replace(context_of(), prompt=demo_visitors.Coach(context.prompt, sandbox, card))
    kind: dict[str, Value] = {"kind": options.kind} if options.kind else {}
    report = team_setup.run(context, found, Options(kind)) if found else setup.run(context, Options(given={})).report()
    if report.document["clone"] and not report.exit_code:
        _push(context, Path(report.document["clone"]["directory"]))
    return report


def _chosen(context: Context) -> str:
    """Return the kind of access of the visitor to play: the first without a terminal."""
    if context.prompt is None:
        return KINDS[0]
    visitors = tuple(Choice(kind, of(kind).label, of(kind).hint) for kind in KINDS)
    ask, help = "Which kind of access?", "Press Enter for the first one, or press ↓ to choose."
    asked = Asked("visitor", ask, "choose", choices=visitors, default=KINDS[0], help=help, can_go_back=False)
    return str(context.prompt.ask(asked))


def _approving(context: Context, sandbox: Sandbox) -> Callable[[float], None]:
    """Return the pause between two looks at a sign-in with a code. In it, Enter approves the sign-in."""
    center, told = sandbox.state.center, set[str]()

    def pause(seconds: float) -> None:
        codes = {sign_in.user_code for sign_in in demo_visitors.waiting(center)}
        if codes - told:
            context.screen.say(" In this demo, you can also press Enter to approve it.")
            told.update(codes)
        if enter_within(seconds):
            demo_visitors.approve(center)

    return pause


def _approved_by_enter(context: Context, sandbox: Sandbox, page: str) -> bool:
    """Take the place of a browser on a computer without one: Enter approves the sign-in to the console."""
    context.screen.say(" In this demo, you can press Enter to approve it.")
    return demo_visitors.browse(sandbox.state, page, enter_within)


def _push(context: Context, clone: Path) -> None:
    """Commit and push as Maria would, and check that the commit arrived."""
    (clone / "hello.txt").write_text("Hello from Maria\n", encoding="utf-8")
    maria = ("-c", "user.name=Maria Garcia", "-c", "user.email=maria@acme.example")
    git = checkout.finding_git(context)
    git.do(clone, "add", "hello.txt")
    git.do(clone, *maria, "commit", "-q", "-m", "Say hello")
    git.do(clone, "push", "-q", "origin", "HEAD")
    commit = git.do(clone, "rev-parse", "HEAD").strip()
    there = git.do(clone, "ls-remote", "--heads", "origin")
    if commit not in there:
        raise Problem("The commit isn't on the server after the push.", code="git.failed")
    context.screen.done("pushed", f"{commit[:7]} Say hello", "the demo's test commit, confirmed on the server")
