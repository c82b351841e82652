"""Credentials that can't be stored in an AWS profile: a console password, Git credentials, SSH keys; and their use."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from ccsetup.core import regions
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
_LINK = later(r"https://[^\s\"'<>,;]{1,300}")
_LONGEST = 20_000  # how much of a text is searched, in characters


def use_of(text: str, repository: Address | None = None) -> str:
    """Say which credentials a text has that no profile can have, and what works with them; "" if there are none."""
    text = text[:_LONGEST]
    region = repository.region if repository and repository.region else "REGION"
    name = repository.repository if repository else "REPOSITORY"
    if _SSH.search(text):
        return (
            "That's an SSH key. It works with git, not with an AWS profile: upload the public key to your IAM user,"
            f" and clone with the key ID that you get: ccsetup clone {address.ssh_url(region, name)} --via ssh"
        )
    if _GIT.search(text):
        return (
            "Those are Git credentials of an IAM user. They work with git, not with a profile. Clone with them:"
            f" ccsetup clone {address.https_url(region, name)} --via git-credentials"
        )
    if any(_is_console(link[0]) for link in _LINK.finditer(text)):
        return (
            "That's a sign-in to the AWS console. Its password works only in a browser. Run aws login --profile acme"
            " (AWS CLI), sign in there, and then choose an existing profile here. Or create an access key in the"
            " console, and paste it here."
        )
    return ""


def git_login(text: str) -> tuple[str, Secret] | None:
    """Return the user name and the password of the Git credentials in a text, None if it doesn't have both."""
    text = text[:_LONGEST]
    user = _GIT.search(text)
    found = user and (_LABELED.search(text) or _AFTER.match(text, user.end()))
    return (user[0], Secret(found["password"])) if user and found else None


def _is_console(link: str) -> bool:
    """Return whether a link leads to the sign-in page of an account's IAM users."""
    try:
        url = urlsplit(link.rstrip(".)"))
    except ValueError:
        return False
    own = (url.hostname or "").split(".signin.")[0]
    return (
        url.path.rstrip("/") in ("", "/console")
        and "." not in own
        and bool(".signin." in (url.hostname or "") and regions.locate(url.hostname or "", "sign-in"))
    )
