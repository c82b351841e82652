"""Creates the real Context: the terminal, the home folder, the AWS files, AWS and git."""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ccsetup.access.paste.echo import echo
from ccsetup.awsfiles.store import Files
from ccsetup.core import executables
from ccsetup.core.concurrency import signals_stay_here
from ccsetup.core.context import Context, Ran
from ccsetup.core.errors import Problem
from ccsetup.git.repository import Git
from ccsetup.ui.prompt import Prompt
from ccsetup.ui.screen import Screen

if TYPE_CHECKING:
    from argparse import Namespace

    from ccsetup.aws.client import Aws
    from ccsetup.aws.iam import Iam
    from ccsetup.aws.sso.signin import SignIn
    from ccsetup.team.download import Web


class Warming:
    """Imports the SDK in the background during the first question. Code that needs the SDK waits for it, because two
    threads that import one package at the same time can see partly initialized modules."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._done, self._is_wanted = threading.Event(), False

    def begin(self, work: Callable[[], object], *more: Callable[[], object]) -> None:
        """Start the work in a thread that doesn't receive Ctrl-C.

        More is done after it while nothing waits for it, since that would only be slowed down.
        """

        def run() -> None:
            try:
                work()
            finally:
                self._done.set()
            for each in more:
                with suppress(Exception):  # it is said when the result is needed
                    if not self._is_wanted:
                        each()

        self._thread = threading.Thread(target=run, daemon=True)
        with signals_stay_here():
            self._thread.start()

    def wait(self) -> None:
        """Wait until the work is done. In its own thread, return at once."""
        if self._thread and self._thread is not threading.current_thread():
            self._is_wanted = True
            self._done.wait()


class Later:
    """Creates an adapter when it is first used, so that the first question doesn't wait for it."""

    def __init__(self, make: Callable[[], object], warming: Warming) -> None:
        self._make, self._warming, self._lock = make, warming, threading.Lock()
        self._made: object = None

    def __getattr__(self, name: str) -> Any:
        self._warming.wait()
        with self._lock:
            if self._made is None:
                self._made = self._make()
        return getattr(self._made, name)


def _here() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise Problem(
            "The folder you're in no longer exists.",
            next="Change to another folder, for example: cd ~",
            code="git.failed",
        ) from None


def now() -> datetime:
    """Return the current time as an aware datetime in UTC."""
    return datetime.now(timezone.utc)


def context_of(options: Namespace, screen: Screen) -> Context:
    """Create the real context without importing anything heavy."""
    os.environ.update(executables.with_sure_path(os.environ))  # for browsers and other programs that libraries start
    env, home = os.environ, Path.home()
    warming = Warming()
    signin = cast("SignIn", Later(lambda: _signin(options, home, screen), warming))
    aws = cast("Aws", Later(lambda: _aws(options, home, screen, signin), warming))

    def warm() -> None:
        screen.warm()
        aws.warm()

    services = [partial(_client_ahead, aws, name) for name in ("codecommit", "sts", "iam")]
    return Context(
        env=env,
        home=home,
        cwd=_here(),
        now=now,
        stdin=sys.stdin.read,
        files=Files(env, home, now, judge=lambda path: aws.judge(path), command=options.command),
        aws=aws,
        signin=signin,
        git=Git(env, home),
        screen=screen,
        iam=cast("Iam", Later(lambda: _iam(home, signin), warming)),
        run=_ran,
        web=cast("Web", Later(lambda: _web(env), warming)),
        prompt=_prompt(options, lambda: warming.begin(warm, lambda: signin.warm(), *services), screen),
    )


def _client_ahead(aws: Aws, service: str) -> None:
    aws.warm_client(service)


def _signin(options: Namespace, home: Path, screen: Screen) -> SignIn:
    from ccsetup.aws.sso.signin import SignIn
    from ccsetup.ui.key_watch import pressed

    quiet: dict[str, Any] = {"device_code": options.device_code, "no_browser": options.no_browser}
    pause = getattr(options, "pause", time.sleep)  # the demo's waits for Enter, which approves the sign-in
    quiet |= {"watch": pressed if _can_ask(options) else None}
    return SignIn(os.environ, home, now, show=screen.link, note=screen.note, busy=screen.busy, pause=pause, **quiet)


def _iam(home: Path, signin: SignIn) -> Iam:
    from ccsetup.aws.iam import Iam

    return Iam(home, signin.keys)


def _ran(commands: Sequence[Sequence[str]]) -> Sequence[Ran]:
    from ccsetup.aws.external_programs import ran

    return ran(commands)


def _web(env: Mapping[str, str]) -> Web:
    from ccsetup.team.download import Web

    return Web(env)


def _aws(options: Namespace, home: Path, screen: Screen, signin: SignIn) -> Aws:
    from ccsetup.aws.client import Aws
    from ccsetup.aws.console_sign_in import ConsoleSignIn

    quiet = {"device_code": options.device_code, "no_browser": options.no_browser}
    opens = getattr(options, "open_browser", None)  # the demo's takes the place of a browser
    console = ConsoleSignIn(
        os.environ, home, now, show=screen.link, note=screen.note, busy=screen.busy, open_browser=opens, **quiet
    )
    return Aws(home, lambda start, account, role: signin.keys(start, account, role), console)


def _can_ask(options: Namespace) -> bool:
    from ccsetup.ui.tty import can_ask

    return not options.no_input and can_ask()


def _prompt(options: Namespace, warm: Callable[[], None], screen: Screen) -> Prompt | None:
    """Return a prompt if stdin and stderr are a terminal, otherwise None."""
    if not _can_ask(options):
        return None

    def drawn() -> None:
        gc.freeze()  # everything created so far stays in use; collect garbage only from here on
        gc.enable()
        warm()

    return Prompt(os.environ, echo, on_first_draw=drawn, note=screen.note, screen=screen)
