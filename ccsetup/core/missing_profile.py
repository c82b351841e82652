"""A profile that doesn't exist: similar names, the variable that names it, and the usual AWS files that have it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from ccsetup.core import detours, plain_file, shells
from ccsetup.core.errors import Problem
from ccsetup.core.text import did_you_mean, nearest

FILES = {"AWS_CONFIG_FILE": "config", "AWS_SHARED_CREDENTIALS_FILE": "credentials"}
NAMING = ("AWS_DEFAULT_PROFILE", "AWS_PROFILE")  # in botocore's order
_OFFERED = 5  # names
_SAFE = r"[A-Za-z0-9_.+=,@/-]+"


class Told(NamedTuple):
    """What to say about a profile: one sentence, a question that suggests names, and a command; "" if there is none."""

    what: str
    hint: str = ""
    command: str = ""


def told(
    name: str, known: Iterable[str], env: Mapping[str, str], usual: Mapping[str, str], variable: str = "",
    shell: str = "",
) -> Told:  # fmt: skip
    """Return what to say about a profile that isn't one of the known ones.

    `usual` are the texts of the usual AWS files that a variable of FILES replaces, by that variable. `variable` is the
    one of NAMING that holds the name, "" if a person typed it.
    """
    if behind := [each for each in FILES if env.get(each) and has_section(usual.get(each, ""), name)]:
        files = " and ".join(f"~/.aws/{FILES[each]}" for each in behind)
        what = f'No profile "{name}" in the file that {" and ".join(behind)} names. {files} has it.'
        if len(behind) > 1:
            what = f'No profile "{name}" in the files that {" and ".join(behind)} name. {files} have it.'
        return Told(what, command=detours.without(behind, env, shell))
    known = [it for it in known if it]
    hint = did_you_mean(name, known)
    if not variable:
        return Told(f'No profile "{name}" on this computer.', hint)
    near = nearest(name, known, 1)
    language = shells.SHELLS[shell or shells.guess(env, "")]
    is_plain = bool(near) and re.fullmatch(_SAFE, near[0]) is not None
    command = language.assign(variable, near[0]) if is_plain else language.remove(variable)
    return Told(f"{variable} is set to the profile {name}, which doesn't exist.", hint, command)


def problem(
    name: str, known: Iterable[str], env: Mapping[str, str], home: str | os.PathLike[str], otherwise: str,
    variable: str = "",
) -> Problem:  # fmt: skip
    """Return the Problem of a command that a profile was named for. `otherwise` is what to do if no name is similar."""
    known = [*known]
    found = told(name, known, env, usual_texts(env, home), variable)
    next = " ".join(filter(None, (found.hint, found.command and f"Run: {found.command}")))
    what = found.what if next else f"{found.what} {_available(known)}".rstrip()
    refused = Problem(what, next=next or otherwise, code="profile.missing")
    refused.profile = name
    return refused


def _available(names: Iterable[str]) -> str:
    """Return a list of profiles to choose from, "" if there are none."""
    some = [it for it in names if it]
    more = f" and {len(some) - _OFFERED} more" if len(some) > _OFFERED else ""
    return f"Available: {', '.join(some[:_OFFERED])}{more}" if some else ""


def notes(known: Iterable[str], env: Mapping[str, str], home: str | os.PathLike[str]) -> Iterator[str]:
    """Yield for each variable that names a profile that doesn't exist what to set instead."""
    names = {*known, "default", ""}  # AWS tools accept `default` even if it doesn't exist
    for variable in NAMING:
        if (name := env.get(variable, "").strip()) not in names:
            refused = problem(name, names, env, home, "", variable)
            yield f"{refused.what} {refused.next}".rstrip()


def usual_texts(env: Mapping[str, str], home: str | os.PathLike[str]) -> dict[str, str]:
    """Return the texts of the usual AWS files that variables replace, by variable."""
    found = {}
    for variable, file in FILES.items():
        if env.get(variable):
            try:
                path = os.path.join(home, ".aws", file)  # noqa: PTH118
                found[variable] = plain_file.content(path, plain_file.AWS_FILE).decode("utf-8", "replace")
            except OSError:
                continue
    return found


def naming(name: str, env: Mapping[str, str]) -> str:
    """Return the variable that holds this name, "" if none does."""
    return next((each for each in NAMING if name and env.get(each, "").strip() == name), "")


def has_section(text: str, name: str) -> bool:
    """Return whether the text of an AWS file has a section for a profile."""
    return bool(re.search(rf"(?m)^[ \t]*\[[ \t]*(?:profile[ \t]+)?([\"']?){re.escape(name)}\1[ \t]*\]", text))
