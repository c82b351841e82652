"""How ssh signs in to CodeCommit: the answer of `ssh -G`, and the block for ~/.ssh/config. Private keys aren't read."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import NamedTuple

from ccsetup.core import regions
from ccsetup.core.lazy_regex import later

KEY_ID = later(r"APKA[A-Z0-9]{12,124}", re.ASCII)
_SECTION = later(r"\s*(?:host|match)[\s=]", re.IGNORECASE)
_KEYWORD = later(r"(?P<indent>\s*)(?P<name>\w+)(?:\s*=\s*|\s+)(?P<value>.*?)\s*$")


class SshLogin(NamedTuple):
    """The user that ssh signs in as, and the files of the keys that it offers. `is_known`: ssh could be asked."""

    user: str = ""
    keys: tuple[str, ...] = ()
    is_known: bool = False

    @property
    def key_id(self) -> str:
        """The SSH key ID, "" if ssh would sign in as somebody else."""
        return self.user if KEY_ID.fullmatch(self.user) else ""


def question(ssh: str, host: str, user: str = "") -> list[str]:
    """Return the command that prints ssh's settings for a host. It doesn't connect."""
    return [ssh, "-G", "--", f"{user}@{host}" if user else host]


def told(printed: str) -> SshLogin:
    """Return what the command printed."""
    pairs = [line.partition(" ")[::2] for line in printed.splitlines()]
    user = next((value for name, value in pairs if name == "user"), "")
    return SshLogin(user, tuple(value for name, value in pairs if name == "identityfile"), bool(user))


def user_of(url: str) -> str:
    """Return the user in an SSH address, "" if there is none."""
    there = re.match(r"(?:ssh://)?([^/@:]+)@", url)
    return there[1] if there else ""


def pattern(region: str) -> str:
    """Return the pattern for CodeCommit's hosts in all regions of the partition, as in the AWS documentation."""
    return regions.git_host(region).replace(region, "*")


def block(key_id: str, key: str) -> dict[str, str]:
    """Return the settings that make ssh sign in to CodeCommit with a key."""
    return {"User": key_id, "IdentityFile": f'"{key}"' if " " in key else key}


def with_block(text: str, hosts: str, wanted: Mapping[str, str]) -> str:
    """Return the text of ~/.ssh/config with these settings for these hosts. All other lines stay.

    ssh uses the first value that it finds, so a new block comes before all others.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines()
    starts = [number for number, line in enumerate(lines) if _SECTION.match(line)]
    own = next((number for number in starts if _hosts(lines[number]) == [hosts]), None)
    if own is not None:
        end = next((number for number in starts if number > own), len(lines))
        lines[own + 1 : end] = _changed(lines[own + 1 : end], wanted)
    else:
        at = starts[0] if starts else len(lines)
        while starts and at and lines[at - 1].lstrip().startswith("#"):
            at -= 1  # a comment belongs to the block below it
        block = [f"Host {hosts}", *(f"  {name} {value}" for name, value in wanted.items())]
        if any(_name(line) == "user" for line in lines[:at]):  # it is for all hosts, and would come first
            at, block = 0, [*block, "", "Host *"]
        before = [""] if at and lines[at - 1].strip() else []
        lines[at:at] = [*before, *block, *([""] if lines[at:] and block[-1] != "Host *" else [])]
    return newline.join([*lines, ""])


def _changed(lines: list[str], wanted: Mapping[str, str]) -> list[str]:
    """Return the lines of a block with these settings: each instead of its first line, the others without."""
    indent = next((found["indent"] for line in lines if (found := _KEYWORD.match(line)) and found["indent"]), "  ")
    left = {name.lower(): f"{indent}{name} {value}" for name, value in wanted.items()}
    kept = []
    for line in lines:
        name = _name(line)
        if name in left:
            kept.append(left.pop(name))
        elif name not in {it.lower() for it in wanted}:
            kept.append(line)
    return [*left.values(), *kept]


def _name(line: str) -> str:
    found = _KEYWORD.match(line)
    return found["name"].lower() if found else ""


def _hosts(line: str) -> list[str]:
    found = _KEYWORD.match(line)
    if not found or found["name"].lower() != "host":
        return []
    try:
        return shlex.split(found["value"])
    except ValueError:
        return []
