"""Checks the names and paths of submodules, which come from a repository and become folders on this computer.

The rules are git's own for names (`check_submodule_name`) and for paths in its index (`verify_path`, with the
spellings of `.git` that NTFS and HFS+ treat as the same), on every system. A few other suspicious names are refused.
"""

from __future__ import annotations

import re

# Characters that HFS+ ignores when it compares names.
_IGNORED = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
_NTFS = re.compile(r"(\.git|git~1)[ .]*(:.*)?", re.IGNORECASE)


def fault(name: str, path: str) -> str:
    """Return why a submodule must not have this name or path, "" if it may."""
    for what, text in (("name", name), ("path", path)):
        if why := _fault(text):
            return f"The submodule {what} {text!r} {why}."
    return ""


def _fault(text: str) -> str:
    parts = text.split("/")
    if "\\" in text or re.match("[A-Za-z]:", text):
        return "contains a backslash or a drive letter"
    if text.startswith("-"):
        return "starts with a hyphen"
    if re.search(r"[\x00-\x1f\x7f]", text):
        return "contains a control character"
    if "" in parts:  # an absolute path has an empty part, too
        return "is empty or absolute, or has an empty part"
    if "." in parts or ".." in parts:
        return "contains . or .., which could point outside its folder"
    if any(_is_git(part) for part in parts):
        return "contains .git or an equivalent name"
    return ""


def _is_git(part: str) -> bool:
    """Return whether some file system treats a name as `.git`."""
    return bool(_NTFS.fullmatch(part)) or _IGNORED.sub("", part).lower() == ".git"
