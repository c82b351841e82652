"""Which names and paths of submodules git accepts: they come from a repository, and become folders here.

The rules are git's own for names (`check_submodule_name`) and for paths in its index (`verify_path`, with the
spellings of `.git` that NTFS and HFS+ take for the same), on every system; a few that only look like accidents go too.
"""

from __future__ import annotations

import re

# What HFS+ leaves out when it compares names.
_IGNORED = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
_NTFS = re.compile(r"(\.git|git~1)[ .]*(:.*)?", re.IGNORECASE)


def fault(name: str, path: str) -> str:
    """Return why a submodule may not have this name or path; "" when it may."""
    for what, text in (("name", name), ("path", path)):
        if why := _fault(text):
            return f"Its {what} {text!r} {why}."
    return ""


def _fault(text: str) -> str:
    parts = text.split("/")
    if "\\" in text or re.match("[A-Za-z]:", text):
        return "has a backslash or a drive letter"
    if text.startswith("-"):
        return "begins with a hyphen"
    if re.search(r"[\x00-\x1f\x7f]", text):
        return "has a control character"
    if "" in parts:  # which an absolute path has, too
        return "is empty, absolute or has an empty part"
    if "." in parts or ".." in parts:
        return "has a part that leads out of its folder"
    if any(_is_git(part) for part in parts):
        return "has a part that is git's own folder"
    return ""


def _is_git(part: str) -> bool:
    """Say whether some file system takes a name for `.git`."""
    return bool(_NTFS.fullmatch(part)) or _IGNORED.sub("", part).lower() == ".git"
