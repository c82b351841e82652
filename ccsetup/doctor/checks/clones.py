"""What a clone has besides its remote: files in Git LFS, and submodules that git will fetch later."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ccsetup.core import regions
from ccsetup.core.command_line import in_turn, joined, quote
from ccsetup.core.installation import how_to_install
from ccsetup.doctor.checks.git import of_codecommit, signing
from ccsetup.doctor.facts import Clone, Facts
from ccsetup.doctor.findings import Finding, Remedy
from ccsetup.git import address, config, lfs, transport
from ccsetup.git.address import Address

_PLACE = re.compile(r"^\s*(lfs|push)?url\s*=", re.MULTILINE | re.IGNORECASE)


def large_files(facts: Facts) -> Iterator[Finding]:
    """Find a clone whose files in Git LFS have no server, because its remote URL isn't one that git-lfs understands."""
    clone, here = facts.clone, of_codecommit(facts)
    if clone is None or here is None or here.form != "codecommit":
        return
    used = any(lfs.uses(text) for name, text in clone.files.items() if name.endswith("attributes"))
    settings = [pair for pair in clone.settings if not pair[1].startswith("codecommit:")]
    if not used or lfs.has_server(tuple(settings)) or _PLACE.search(clone.files.get(".lfsconfig", "")):
        return
    remedy = _remedy(facts, clone, here)
    commands = [
        joined("git", "config", f"--{'add' if number else 'replace-all'}", key, value)
        for key, wanted in (remedy.git if remedy else {}).items()
        for number, value in enumerate([wanted] if isinstance(wanted, str) else wanted)
    ]
    yield Finding(
        "git.lfs",
        "hinders",
        "This clone has files in Git LFS, which doesn't understand the remote URL.",
        "git lfs pull, and git push for new files, fail with “missing protocol”.",
        path=clone.file,
        fix="auto" if remedy and clone.editable else "tell",
        do=in_turn(*commands) if commands else how_to_install(facts.env),
        remedies=(remedy,) if remedy and clone.editable else (),
    )


def _remedy(facts: Facts, clone: Clone, here: Address) -> Remedy | None:
    """Return the remedy that has Git LFS ask CodeCommit with the clone's profile; None if no helper is there."""
    profile = here.profile or facts.env.get("AWS_DEFAULT_PROFILE") or facts.env.get("AWS_PROFILE") or "default"
    there = facts.profiles.get(profile, {})
    region = here.region or facts.env.get("AWS_DEFAULT_REGION", "") or there.get("region", "")
    host = facts.env.get("CODE_COMMIT_ENDPOINT", "")
    path = facts.helpers.get(transport.OWN_HELPER, "")
    if not region or not (path or facts.helpers.get("aws")):
        return None
    helper = transport.own_helper(path, profile, region, host) if path else transport.aws_helper(profile, region, host)
    https = address.https_url(region, here.repository, host, fips=regions.wants_fips(facts.env, there))
    wanted = lfs.settings(https, {"credential.helper": helper, "credential.useHttpPath": "true"})
    return Remedy("Have Git LFS ask CodeCommit over HTTPS", git=wanted)


def submodules(facts: Facts) -> Iterator[Finding]:
    """Find submodules that git alone can't clone: it uses no settings of this clone for that."""
    clone, here = facts.clone, of_codecommit(facts)
    if clone is None or here is None or here.form == "ssh" or not clone.waiting:
        return
    others = tuple((it.key, it.value) for it in clone.listed if it.file != str(clone.file))
    if here.form == "codecommit":
        keys = ("protocol.codecommit.allow", "protocol.allow")  # the first one that is set counts
        allowed = next((found for key in keys if (found := config.values(others, key))), [""])[-1]
        is_free = allowed == "always" or "codecommit" in facts.env.get("GIT_ALLOW_PROTOCOL", "").split(":")
    else:
        is_free = signing(clone) in [value for _, value in others]
    if is_free:
        return
    error = "transport 'codecommit' not allowed" if here.form == "codecommit" else "could not read Username"
    more = f" and {len(clone.waiting) - 1} more" if len(clone.waiting) > 1 else ""
    yield Finding(
        "git.submodule",
        "hinders",
        f"git can't fetch the submodule {clone.waiting[0]}{more} without this clone's settings.",
        f"git reads none of them when it clones a submodule, so git submodule update fails with “{error}”.",
        path=clone.folder / ".gitmodules",
        do=f"ccsetup clone {quote(clone.remote)} {quote(str(clone.folder))}",
    )


CHECKS = (large_files, submodules)
