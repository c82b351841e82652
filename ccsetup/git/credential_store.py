"""The user's own git credential store (keychain, manager, file): asks it for a sign-in, and has git store one in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from ccsetup.core.errors import Problem
from ccsetup.core.lazy_regex import later
from ccsetup.core.model import Secret
from ccsetup.git.process import Runner

USER_NAME = later(r"[\w+=,.@-]{1,64}-at-[0-9]{12}", re.ASCII)  # what IAM calls an IAM user's Git credentials
_USER, _PASSWORD = "CCSETUP_GIT_USER", "CCSETUP_GIT_PASSWORD"
# echo is part of every shell, so that no process has the password as an argument; but some read a backslash specially.
_ONCE = (
    f'!f() {{ test "$1" != get || {{ echo "username=${_USER}"; case "${_PASSWORD}" in'
    f' *\\\\*) printf "password=%s\\n" "${_PASSWORD}" ;; *) echo "password=${_PASSWORD}" ;; esac; }}; }}; f'
)


class Login(NamedTuple):
    """A user name and a password for one host."""

    user: str
    password: Secret


def only(env: Mapping[str, str], login: Login) -> dict[str, str]:
    """Return an environment in which git uses these credentials and asks no credential helper. Nothing is stored."""
    count = env.get("GIT_CONFIG_COUNT", "")
    first = int(count) if count.isdecimal() else 0
    found = {**env, _USER: login.user, _PASSWORD: login.password.reveal(), "GIT_CONFIG_COUNT": str(first + 2)}
    for number, command in enumerate(("", _ONCE), first):  # the empty value turns off all other helpers
        found |= {f"GIT_CONFIG_KEY_{number}": "credential.helper", f"GIT_CONFIG_VALUE_{number}": command}
    return found


def found(runner: Runner, host: str, user: str = "") -> Login | None:
    """Return the Git credentials of an IAM user that the store has for a host, None if it has none. Asks nobody."""
    done = runner.fed(_described(host, user), "credential", "fill")
    told = dict(line.partition("=")[::2] for line in done.out.splitlines())
    name, password = told.get("username", ""), told.get("password", "")
    if done.code or not password or not USER_NAME.fullmatch(name) or user not in ("", name):
        return None
    return Login(name, Secret(password))


def keep(runner: Runner, host: str, login: Login) -> None:
    """Have git store credentials that work (git credential approve). Raises Problem if the store doesn't have them."""
    told = f"{_described(host, login.user).rstrip()}\npassword={login.password.reveal()}\n\n"
    done = runner.fed(told, "credential", "approve")
    again = None if done.code else found(runner, host, login.user)
    if again is None or again.password.reveal() != login.password.reveal():
        why = " ".join(line for line in done.errors if line.strip())[:200]
        next_ = "See which store git uses: git config --show-origin --get-all credential.helper"
        raise Problem("Your git credential store didn't keep the password.", why=why, next=next_, code="git.failed")


def _described(host: str, user: str) -> str:
    name = f"username={user}\n" if user else ""
    return f"protocol=https\nhost={host}\n{name}\n"
