"""Clones of an IAM user who has no profile: with an SSH key, or with Git credentials."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ccsetup.core import regions
from ccsetup.core.command_line import quote
from ccsetup.doctor.checks.git import covers, effective
from ccsetup.doctor.facts import Clone, Facts
from ccsetup.doctor.findings import Finding
from ccsetup.git.address import Address
from ccsetup.git.credential_store import USER_NAME


def git_user(clone: Clone) -> str:
    """Return the user name of the Git credentials that a clone uses, "" if it names none."""
    names = [
        value
        for key, value in clone.settings
        if key == "credential.username"
        or (key.startswith("credential.") and key.endswith(".username") and covers(key[11:-9], clone.remote))
    ]
    in_address = re.match(r"https://([^/@:]+)(?::[^/@]*)?@", clone.remote)
    user = in_address[1] if in_address else names[-1] if names else ""
    return user if USER_NAME.fullmatch(user) else ""


def can_sign_in(facts: Facts, clone: Clone) -> bool:
    """Return whether git may reach CodeCommit without asking: the other checks say why if it can't."""
    return bool(effective(clone)) if git_user(clone) else not facts.ssh.is_known or bool(facts.ssh.key_id)


def by_git_credentials(facts: Facts, clone: Clone, user: str) -> Iterator[Finding]:
    """Note that git asks for the password each time, if it has no credential store."""
    if not effective(clone):
        says = f"git asks for the password of {user} each time, because it has no credential store."
        do = "Set one, for example, to store the password in a file: git config --global credential.helper store"
        yield Finding("git.remote", "note", says, "", path=_place(clone), do=do)


def by_ssh(facts: Facts, clone: Clone, here: Address) -> Iterator[Finding]:
    """Check what ssh would sign in with. Private keys aren't read."""
    login, host = facts.ssh, regions.git_host(here.region)
    folder = quote(str(clone.folder))
    do = f"ccsetup clone {quote(clone.remote)} {folder} --via ssh"
    if not login.key_id:
        says = f"ssh signs in to {host} as {login.user}, not with the ID of an SSH key (APKA…)."
        because = "ssh reports “Permission denied (publickey)”. User in ~/.ssh/config has to be the SSH key ID."
        yield Finding("git.ssh", "stops", says, because, path=_place(clone), do=do)
    elif facts.lost_keys:
        says = f"The private key {facts.lost_keys[0]} doesn't exist, so ssh can't sign in to {host}."
        because = "ssh reports “Permission denied (publickey)”, unless ssh-agent has the key."
        yield Finding("git.ssh", "hinders", says, because, path=_place(clone), do=f"{do} --ssh-key FILE")


def _place(clone: Clone) -> Path:
    return clone.place(clone.url.key, clone.url.written)
