"""Git LFS in a clone: which files it keeps, where it asks for them, and what it says.

git-lfs derives its server from the remote's address and understands only https. For `codecommit::` it gets the https
address, and this clone's credential helper for that host.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ccsetup.core.command_line import quote
from ccsetup.core.errors import Problem
from ccsetup.git import config
from ccsetup.git.config import Pairs
from ccsetup.git.errors import said
from ccsetup.git.process import Runner

CODE = "git.lfs"
NOT_NOW = {"GIT_LFS_SKIP_SMUDGE": "1"}  # check out pointers; a file that isn't available would stop the checkout
INSTALL = "https://git-lfs.com"
_NO_SERVICE = re.compile(r"not found|404|501|Not Implemented|method not allowed|405", re.IGNORECASE)
_USES = re.compile(r"^[^#\n]*\sfilter=lfs(\s|$)", re.MULTILINE)
_ELSEWHERE = re.compile(r"lfs\.(url|pushurl|(.*\.)?standalonetransferagent)|remote\..*\.lfs(push)?url")


def uses(attributes: str) -> bool:
    """Return whether the text of a .gitattributes file has files that Git LFS keeps."""
    return bool(_USES.search(attributes))


def has_server(settings: Pairs) -> bool:
    """Return whether git's settings, those in .lfsconfig included, name where the files are."""
    return any(_ELSEWHERE.fullmatch(key.lower()) and value for key, value in settings)


def settings(https: str, helper: Mapping[str, str]) -> dict[str, config.Values]:
    """Return the settings that make Git LFS ask CodeCommit, at an https address, with a credential helper."""
    host = "/".join(https.split("/")[:3])
    found: dict[str, config.Values] = {"lfs.url": f"{https}.git/info/lfs"}  # what git-lfs makes of an https remote
    for key, value in helper.items():
        name = key.removeprefix("credential.")
        found[f"credential.{host}.{name}"] = ("", value) if name == "helper" else value
    return found


def files(runner: Runner, directory: Path) -> Sequence[str]:
    """Return the paths of the files in a clone that Git LFS keeps."""
    listed = runner.within(directory, "ls-files", "-z", "--", ":(attr:filter=lfs)")
    return [path for path in listed.out.split("\0") if path] if not listed.code else []


def is_installed(runner: Runner, directory: Path) -> bool:
    """Return whether git-lfs is installed, and git uses it when it checks out files."""
    filters = ("filter.lfs.process", "filter.lfs.smudge")
    if not any(runner.within(directory, "config", "--get", key).out.strip() for key in filters):
        return False
    return not runner.within(directory, "lfs", "version").code


def server(runner: Runner, directory: Path) -> bool:
    """Return whether a clone, or the repository itself in .lfsconfig, names where the files are."""
    own = config.pairs(runner.within(directory, "config", "--list", "-z").out)
    shared = config.pairs(runner.within(directory, "config", "-f", ".lfsconfig", "--list", "-z").out)
    return has_server((*own, *shared))


def use(runner: Runner, directory: Path, wanted: Mapping[str, config.Values]) -> None:
    """Write these settings into a clone. Raises Problem."""
    for key, value in wanted.items():
        runner.within(directory, "config", "--local", "--unset-all", key)
        for each in [value] if isinstance(value, str) else value:
            runner.checked(directory, "", "config", "--local", "--add", key, each)


def pull(runner: Runner, directory: Path, count: int, name: str) -> Problem | None:
    """Download the files. Return why they aren't here, if git-lfs refuses; the clone itself is complete."""
    done = runner.within(directory, "lfs", "pull", timeout_s=None)
    if not done.code:
        return None
    lines = [line for line in done.errors if not line.startswith("Check that it exists")]
    many = f"{count} file{'s' if count != 1 else ''}"
    what = f"{name} keeps {many} in Git LFS, which couldn't be downloaded."
    if any(_NO_SERVICE.search(re.sub(r"\S+://\S+", "", line)) and "/v1/repos/" in line for line in lines):
        what = f"{name} keeps {many} in Git LFS, but CodeCommit doesn't have Git LFS for this repository."
    return Problem(
        what,
        why=f"The clone is complete, but the files contain only pointers. git-lfs reports: {said(lines)}",
        next=f"To try again later: git -C {quote(str(directory))} lfs pull",
        code=CODE,
    )
