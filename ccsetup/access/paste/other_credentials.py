"""Credentials that can't be stored in an AWS profile: Git credentials, SSH keys; and their use."""

from __future__ import annotations

import re

from ccsetup.core.command_line import quote
from ccsetup.core.lazy_regex import later
from ccsetup.core.model import Secret
from ccsetup.git import address
from ccsetup.git.address import Address

_SSH = later(
    r"-----BEGIN (?:[A-Z]+ ){0,2}PRIVATE KEY-----|(?<![\w-])ssh-[a-z0-9-]{2,20} AAAA|(?<!\w)APKA[A-Z0-9]{12,}\b"
)
_GIT = later(r"(?<![\w.+=,@-])[\w+=,.@-]{1,64}-at-[0-9]{12}(?!\d)", re.ASCII)
_VALUE = r"[\"']?(?P<password>(?!\S*-at-[0-9]{12})[^\s\"',;]{8,128})"
_LABELED = later(rf"\bpassword(?:\s*(?:is\b|[:=])\s*|[ \t]+){_VALUE}", re.IGNORECASE)
_AFTER = later(rf"[\"']?(?:\s*[,;/|:]\s*|\s+){_VALUE}")
_LONGEST = 20_000  # how much of a text is searched, in characters


def use_of(text: str, repository: Address | None = None) -> str:
    """Say which credentials a text has that no profile can have, and what works with them; "" if there are none."""
    text = text[:_LONGEST]
    region = repository.region if repository and repository.region else "REGION"
    name = repository.repository if repository else "REPOSITORY"
    if _SSH.search(text):
        return (
            "That's an SSH key. It works with git, not with an AWS profile: upload the public key to your IAM user,"
            f" and clone with the key ID that you get: ccsetup clone {quote(address.ssh_url(region, name))} --via ssh"
        )
    if _GIT.search(text):
        return (
            "Those are Git credentials of an IAM user. They work with git, not with a profile. Clone with them:"
            f" ccsetup clone {quote(address.https_url(region, name))} --via git-credentials"
        )
    return ""


def git_login(text: str) -> tuple[str, Secret] | None:
    """Return the user name and the password of the Git credentials in a text, None if it doesn't have both."""
    text = text[:_LONGEST]
    user = _GIT.search(text)
    found = user and (_LABELED.search(text) or _AFTER.match(text, user.end()))
    return (user[0], Secret(found["password"])) if user and found else None
