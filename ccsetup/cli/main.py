"""The entry point: parses argv, runs one command and exits with its code. No other file exits the program."""

from __future__ import annotations

import gc
import os
import sys

from ccsetup import __version__
from ccsetup.core.program_exit import leave

TYPE_CHECKING = False  # like typing.TYPE_CHECKING, without the time it takes to import typing
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Mapping, Sequence
    from typing import TextIO

    from ccsetup.core.context import Context
    from ccsetup.core.errors import Problem
    from ccsetup.ui.screen import Screen

_GARBAGE = 50_000  # how many more objects there are before garbage is looked for: it takes a look at all of the SDK's

HELP = """\
ccsetup  Set up AWS CodeCommit access and clone repositories

  ccsetup                      ask what access you have, write the profile, test it, and clone
  ccsetup --team FILE|URL      do the same from a team file, with a single confirmation
  ccsetup setup [KIND] …       do the same with flags; every question has a flag
  ccsetup clone ADDRESS [DIR]  find a profile and region that can read a repository, and clone it
  ccsetup login [PROFILE]      sign in again, or renew credentials, for any kind of profile
  ccsetup logout [PROFILE]     sign out, and remove cached sessions; --all for every profile
  ccsetup status [PROFILE …]   list profiles and when they expire; --check verifies them with AWS
  ccsetup env PROFILE          print temporary credentials as shell commands
  ccsetup undo                 undo the last change to the AWS files
  ccsetup remove PROFILE       remove a profile and what only it used
  ccsetup doctor [PROFILE …]   find problems; --fix repairs them
  ccsetup team check|export    check a team file, or create one from profiles
  ccsetup share REPO           for administrators: share a repository with another account
  ccsetup completion SHELL     print a completion script for bash, zsh, fish, tcsh, or PowerShell
  ccsetup schema [COMMAND]     print the JSON Schema of a command's --json document
  ccsetup demo                 try ccsetup with a simulated AWS, without an account or a network

Kinds     sso · console · role · mfa · keys · oidc · saml · federation · machine · existing
          ccsetup setup sso --help lists a kind's flags; --paste - reads the message that you were sent
Flags     --yes  --no-input  --dry-run  --json  --accessible  --debug  --version  --help  (all commands)

Example
  ccsetup setup sso --sso-start-url https://acme.awsapps.com/start --sso-account-id 111122223333 \\
    --sso-role-name Developer --region us-east-2 --profile acme-dev --repo MySharedDemoRepo --yes

Exit codes  0 succeeded · 1 failed, with an explanation · 2 incorrect usage or missing input
            3 ccsetup doctor found an error · 130 canceled
"""


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command and exit with its code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if argv is None and (helper := _called_as()):
        sys.exit(helper())
    for number, name in enumerate(("stdin", "stdout", "stderr")):  # a closed stream is None, and its number is free
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(_nothing(number), "w" if number else "r"))
    for stream in (sys.stdout, sys.stderr):
        spell_out(stream)
    if getattr(sys.stdin, "errors", "") == "strict" and hasattr(sys.stdin, "reconfigure"):
        sys.stdin.reconfigure(errors="replace")  # a message that is pasted may have any encoding
    gc.disable()  # startup creates no garbage; commands that run long enable it again
    try:
        try:
            code = run(words)
        except SystemExit as ended:  # argparse has written a help text, or what is wrong
            code = ended.code if isinstance(ended.code, int) else 1
        sys.stdout.flush()
    except OSError as error:  # the reader closed the pipe, or the disk is full
        os.dup2(_nothing(-1), 1)  # keeps the interpreter from printing an error at exit
        if full := _unwritten(error):
            sys.stderr.write(f" ✗ {full.what}\n   Next: {full.next}\n")
        code = 1
    except KeyboardInterrupt:
        code = 130
    leave(code)
    sys.exit(code)


def _called_as() -> Callable[[], int] | None:
    """Return the helper of git whose name this program was started by, None if it is ccsetup.

    Installers make a command for each helper. A zip file is one program, which links give the other names.
    """
    name = os.path.basename(sys.argv[0])  # noqa: PTH119 — pathlib is slow to import
    if name == "git-remote-codecommit":
        from ccsetup.git.helper import remote

        return remote.program
    if name == "git-credential-ccsetup":
        from ccsetup.git.helper import credential

        return credential.program
    return None


def spell_out(stream: TextIO) -> None:
    """Let a stream write every text: where its encoding lacks a character, another one is written."""
    import codecs

    def spelled(error: UnicodeError) -> tuple[str, int]:
        from ccsetup.core.text import spelled_out

        return spelled_out(error)

    codecs.register_error("ccsetup", spelled)
    if reconfigure := getattr(stream, "reconfigure", None):
        reconfigure(errors="ccsetup")


def _nothing(number: int) -> int:
    """Open os.devnull and return its file number, which is `number` unless that is -1."""
    opened = os.open(os.devnull, os.O_RDWR)
    if number in (-1, opened):
        return opened
    os.dup2(opened, number)
    return number


def run(words: list[str]) -> int:
    """Run one command; return its exit code."""
    if "--accessible" in words:
        os.environ["ACCESSIBLE"] = "1"
    if "--version" in words or words[:1] in (["-V"], ["version"]):
        sys.stdout.write(f"ccsetup {__version__}\n")
        return 0
    if words[:1] == ["help"] and words[1:]:
        words = [*words[1:], "--help"]
    if words[:1] in (["--help"], ["-h"], ["help"]):
        sys.stdout.write(HELP)
        return 0
    if words in (["status"], ["status", "--short"], ["completion", "--profiles"]):
        from ccsetup.cli import fast_status

        if words[0] == "completion":
            return fast_status.complete()
        code = fast_status.short() if words[1:] else fast_status.status()
        if code is not None:
            return code
    if words == ["completion", "--words"]:
        from ccsetup.cli import word_completion

        return word_completion.answer()
    return _told(words)


def _parsed(words: list[str]) -> Namespace:
    """Parse the command line. Without arguments, the wizard runs and argparse isn't imported."""
    if words:
        from ccsetup.cli.parser import parsed

        return parsed(words)
    from types import SimpleNamespace

    switches = dict.fromkeys(("no_input", "device_code", "no_browser"), False)  # those that the context needs
    return SimpleNamespace(command="setup", kind=None, bare=True, **switches)  # type: ignore[return-value]  # is enough


def _told(words: list[str]) -> int:
    """Run the command and return its exit code. Every error is shown as a sentence."""
    from ccsetup.core.errors import Cancelled, Problem
    from ccsetup.ui.screen import Screen

    screen = Screen(os.environ, json="--json" in words)
    kind = ""
    _end_like_ctrl_c()
    try:
        options = _parsed(words)
        kind = options.kind or ""
        return _story(options, screen)
    except KeyboardInterrupt:
        problem: Problem = Cancelled()
    except Problem as refused:
        problem = refused
    except BrokenPipeError:
        raise
    except OSError as error:
        if _unwritten(error):
            raise
        problem = _unexpected(error, words)
    except Exception as error:  # noqa: BLE001 — the outermost level: unexpected errors are shown as a sentence too
        problem = _unexpected(error, words)
    from ccsetup.core.result import told

    screen.problem(problem)
    screen.document({**_unfilled(words, kind), "problems": [told(problem)]})
    return problem.exit_code


def _unexpected(error: Exception, words: list[str]) -> Problem:
    from ccsetup.core.errors import Problem

    if "--debug" in words:
        _trace()
    what = f"Unexpected error: {type(error).__name__}."
    return Problem(what, next="Run the command again with --debug, and report the output.")


def _unwritten(error: OSError) -> Problem | None:
    """Return that there is no room for what the command prints, None if that isn't the error."""
    import errno

    from ccsetup.core.errors import Problem

    if error.filename is not None or error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return None
    what = "Can't write the output: the disk is full."
    return Problem(what, next="Free some space, then run the same command again.")


def _unfilled(words: list[str], kind: str) -> Mapping[str, object]:
    """Return the JSON document of a command that failed. Commands without their own document use setup's."""
    from ccsetup.cli.parser import COMMANDS, story
    from ccsetup.core.result import Outcome

    own = getattr(story(words[0]), "NOTHING", None) if words and words[0] in COMMANDS else None
    empty = Outcome(kind=kind).document() if own is None else own
    return {"ok": False, **{key: value for key, value in empty.items() if key != "ok"}}


def _story(options: Namespace, screen: Screen) -> int:
    from importlib import import_module

    from ccsetup.cli.context import context_of
    from ccsetup.core.errors import Problem

    story = import_module(f"ccsetup.cli.commands.{options.command}")
    if not options.bare and options.command not in ("status", "doctor"):
        gc.set_threshold(_GARBAGE)
        gc.enable()
    made: list[Context] = []

    def context() -> Context:
        made.append(context_of(options, screen))
        return made[-1]

    try:
        report = story.main(options, context)
    except Problem as refused:
        if not refused.profile:
            raise
        from ccsetup.doctor import verdict

        raise verdict.explained(made[-1], refused) from refused
    screen.document(report.document, report.secret)
    return int(report.exit_code)


def _end_like_ctrl_c() -> None:
    """Treat SIGTERM and SIGHUP like Ctrl-C, so that changes that aren't tested yet are undone."""
    import signal

    def stop(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), stop)
    sys.unraisablehook = _pressed_again


def _pressed_again(lost: sys.UnraisableHookArgs) -> None:
    """Repeat a Ctrl-C that Python dropped because it arrived while an object was being deleted."""
    if isinstance(lost.exc_value, KeyboardInterrupt):
        from threading import Timer

        again = Timer(0.02, _interrupt)  # an exception raised in this hook would be dropped too
        again.daemon = True
        again.start()
    else:
        sys.__unraisablehook__(lost)


def _interrupt() -> None:
    """Interrupt the main thread as Ctrl-C does, even in a blocking call."""
    import signal
    import threading

    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    else:
        signal.raise_signal(signal.SIGINT)


def _trace() -> None:
    """Print a traceback without the secrets in its exceptions, and without anything that looks like a secret."""
    import traceback

    from ccsetup.access.paste import secrets
    from ccsetup.core.redact import hide
    from ccsetup.core.text import veil

    raised, error = list[str](), sys.exc_info()[1]
    while error:
        raised += secrets(str(error))
        error = error.__cause__ or error.__context__
    lines = traceback.format_exc().splitlines()
    sys.stderr.write("\n".join(hide(veil(line), raised) for line in lines) + "\n")
