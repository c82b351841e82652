"""The real World: this terminal, this home, these files, AWS and git."""

from __future__ import annotations

import os
import sys
import threading
from argparse import Namespace
from datetime import datetime, timezone
from pathlib import Path

from ccsetup.aws import Aws
from ccsetup.files import Files
from ccsetup.git import Git
from ccsetup.prompt import Prompt
from ccsetup.screen import Screen
from ccsetup.signin import SignIn
from ccsetup.world import World


def screen_of(options: Namespace) -> Screen:
    """Return the screen; it is made once, so that JSON is printed once."""
    if not hasattr(options, "screen"):
        options.screen = Screen(os.environ, json=options.json)
    screen: Screen = options.screen
    return screen


def now() -> datetime:
    """Return the time, aware and UTC."""
    return datetime.now(timezone.utc)


def world_of(options: Namespace) -> World:
    """Put the real world together; nothing heavy is imported by it."""
    env, home, screen = os.environ, Path.home(), screen_of(options)
    signin = SignIn(
        env,
        home,
        now,
        show=screen.link,
        note=screen.note,
        device_code=options.device_code,
        no_browser=options.no_browser,
    )
    aws = Aws(env, home, signin.keys)
    return World(
        env=env,
        home=home,
        cwd=Path.cwd(),
        now=now,
        stdin=sys.stdin.read,
        files=Files(env, home, now, judge=aws.judge),
        aws=aws,
        signin=signin,
        git=Git(env, home),
        screen=screen,
        prompt=_prompt(options, aws, screen),
    )


def _prompt(options: Namespace, aws: Aws, screen: Screen) -> Prompt | None:
    """Return a prompt where there is a person: a terminal to read from and to draw on."""
    if options.no_input or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    return Prompt(
        os.environ,
        on_first_draw=threading.Thread(target=aws.warm, daemon=True).start,
        note=screen.note,
    )
