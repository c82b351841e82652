"""git on this computer and in this clone: its version, helpers, protocols, and the author of commits."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath

from ccsetup.core import shells
from ccsetup.core.command_line import in_turn, joined, quote
from ccsetup.core.errors import BadAnswer
from ccsetup.core.installation import (
    REMOTE,
    UV,
    how_to_install,
    is_temporary,
    is_temporary_command,
    kind,
    requirement,
)
from ccsetup.core.profile_chain import sources
from ccsetup.core.profile_kind import has_credentials
from ccsetup.doctor.facts import Clone, Facts
from ccsetup.doctor.findings import FIX, Finding, Remedy, Severity
from ccsetup.git import address, clone_profile, config, ownership, transport
from ccsetup.git.address import Address
from ccsetup.git.config import Values

OLDEST = (2, 13)  # the first version with everything ccsetup needs
_KNOWS_SESSIONS = (1, 29)  # the first botocore that reads sso-session sections
_HELPERS = (transport.OWN_HELPER, "aws")
_SIGNS = ("codecommit", transport.OWN_HELPER)
_KEEPS = re.compile(r"osxkeychain|manager|wincred|\bstore\b|\bcache\b|libsecret|keyring|keychain", re.IGNORECASE)
_INSTALL = "Install the latest version of git: https://git-scm.com/downloads"


def missing(facts: Facts) -> Iterator[Finding]:
    """Find a git that is missing, doesn't run, or is too old."""
    if not facts.git_version:
        why = facts.git_missing
        says, because = (why.what, why.why) if why else ("git isn't on the PATH.", "")
        do = why.next if why and "Apple" in says + why.next else _INSTALL
        yield Finding("git.missing", "stops", says, because or "git: command not found", do=do)
    elif _numbers(facts.git_version) < OLDEST:
        says = f"git {facts.git_version} is too old. Version {'.'.join(map(str, OLDEST))} or later is required."
        because = "Older versions can't turn off inherited credential helpers for a single clone."
        yield Finding("git.version", "stops", says, because, do=_INSTALL)
    elif facts.git_refuses:
        says = "git can't run because it can't read its own settings."
        yield Finding("git.missing", "stops", says, facts.git_refuses, do="Fix the line that git reports.")


def settings(facts: Facts) -> Iterator[Finding]:
    """Find a clone whose settings git can't read."""
    refused = facts.clone_refused
    if refused and refused.code == ownership.CODE:
        yield Finding(refused.code, "stops", refused.what, refused.why, do=refused.next.removeprefix("Run: "))
    elif refused:
        says = "git can't read this clone's settings, so the clone wasn't checked."
        do = "Fix the problem that git reports. If the folder isn't yours, don't change it."
        yield Finding("git.settings", "stops", says, refused.why or refused.what, do=do)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def is_codecommit(url: str, env: Mapping[str, str]) -> bool:
    """Return whether a URL is on CodeCommit, or can only be a misspelled one that is."""
    try:
        found = address.parse(url, env.get("CODE_COMMIT_ENDPOINT", ""))
    except BadAnswer:
        return bool(re.match(r"codecommit:", url, re.IGNORECASE))
    return found.form in ("codecommit", "https", "ssh")


def of_codecommit(facts: Facts) -> Address | None:
    """Return the repository of the current clone; None if there is no clone, or it isn't on CodeCommit."""
    if facts.clone is None:
        return None
    try:
        found = address.parse(facts.clone.remote, facts.env.get("CODE_COMMIT_ENDPOINT", ""))
    except BadAnswer:
        return None
    return found if found.form in ("codecommit", "https", "ssh") else None


def usable(facts: Facts) -> list[str]:
    """Return the profiles that a clone could use: those with a region of their own first, sources of roles last."""
    names = [it for it, there in facts.profiles.items() if address.takes_profile(it) and has_credentials(there)]
    below = sources(facts.profiles)
    return sorted(names, key=lambda it: (it in below, "region" not in facts.profiles[it]))


def effective(clone: Clone) -> list[str]:
    """Return the credential helpers that git uses for the clone's remote; an empty one resets the list."""
    found: list[str] = []
    for key, value in clone.settings:
        name = key.lower()
        if name == "credential.helper" or (
            name.startswith("credential.") and name.endswith(".helper") and covers(key[11:-7], clone.remote)
        ):
            found = [*found, value] if value else []
    return found


def covers(pattern: str, url: str) -> bool:
    """Return whether a credential section's URL covers a remote URL; a `*` in the host matches one part of the name."""
    bare = re.sub(r"(?<=://)[^/@]*@", "", pattern.rstrip("/"))
    plain = re.escape(bare).replace(r"\*", "[^/.]*")
    return bool(re.match(rf"{plain}(?=[/:]|$)", re.sub(r"(?<=://)[^/@]*@", "", url), re.IGNORECASE))


def signing(clone: Clone) -> str:
    """Return the credential helper that signs for CodeCommit, "" if there is none."""
    return next((it for it in reversed(effective(clone)) if any(word in it for word in _SIGNS)), "")


def keepers(clone: Clone, but: str = "") -> list[str]:
    """Return the credential helpers for the clone's remote that store passwords, except `but`."""
    return [it for it in effective(clone) if _KEEPS.search(it) and it != but]


def helper_path(facts: Facts) -> Iterator[Finding]:
    """Find helpers that git can't find."""
    here = of_codecommit(facts)
    if facts.helpers.get(REMOTE) == "" and (here is None or here.form == "codecommit"):
        says = f"git can't find {REMOTE}."
        because = (
            f"git reports “'{REMOTE.removeprefix('git-')}' is not a git command”. "
            "pipx and uv expose only the commands of the package that you install."
        )
        do = shells.add_to_path(facts.scripts, facts.shell) if facts.scripts else how_to_install(facts.env)
        yield Finding("git.helper-path", "stops" if here else "hinders", says, because, do=do)
    elif (when := facts.passing.get(REMOTE)) and (here is None or here.form == "codecommit"):
        says = f"git finds {REMOTE} {when}."
        because = f"In other shells, git reports “'{REMOTE.removeprefix('git-')}' is not a git command”."
        severity: Severity = "note" if not is_temporary() else "stops" if here else "hinders"
        yield Finding("git.helper-path", severity, says, because, do=how_to_install(facts.env))
    if facts.clone and here and here.form == "https" and (command := signing(facts.clone)):
        name = program(command)
        gone = facts.programs.get(name) == "" or facts.helpers.get(name) == ""
        if name and (gone or is_temporary_command(name)):
            yield _helper_gone(facts, facts.clone, here, command, name)


def helper_broken(facts: Facts) -> Iterator[Finding]:
    """Find a helper that is there but can't run."""
    here = of_codecommit(facts)
    name = program(signing(facts.clone)) if facts.clone and here and here.form == "https" else ""
    path = facts.programs.get(name) or facts.helpers.get(name, "") if name else facts.helpers.get(REMOTE, "")
    why = facts.broken_helpers.get(path, "")
    if why and (here is None or here.form != "ssh"):
        says = f"{path} can't run, because {why}."
        because = "git fails even if your access is right. The program was probably moved, or its Python was updated."
        do = how_to_install(facts.env, again=True, command=name or REMOTE)
        if name == "aws":
            do = "Reinstall the AWS CLI: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"
        yield Finding("git.helper-broken", "stops" if here else "hinders", says, because, do=do)


def _helper_gone(facts: Facts, clone: Clone, here: Address, command: str, name: str) -> Finding:
    """Return the finding for a missing credential helper: use it from its new place, or use git-remote-codecommit.

    It isn't missing if the shell only ends its path at a blank.
    """
    whole = called(command)
    says = f"This clone's credential helper, {name}, doesn't exist."
    if is_temporary_command(name):
        says = f"This clone's credential helper, {name}, is in a cache and will be removed."
    elif whole.startswith(f"{name} "):
        says = f"This clone's credential helper, {whole}, has a space in its path that isn't quoted."
    paths = [facts.programs.get(whole, ""), *(facts.helpers.get(it, "") for it in _HELPERS)]
    profile = clone_profile.named_by("", command)
    new = next((text for it in paths if it != name and (text := transport.moved_helper(command, it))), "")
    remedies: tuple[Remedy, ...] = ()
    if helped := clone.helped(command, new):
        remedies = (Remedy(f"Use {new}", replaced=helped),)
    elif clone.helped(command, REMOTE) and facts.helpers.get(REMOTE) and not here.host:
        url = address.codecommit_url(here.repository, here.region, profile) if address.takes_profile(profile) else ""
        hint = "no credential helper needed"
        remedies = (Remedy(f"Switch to {url}", hint, replaced=to),) if url and (to := clone.moved(url)) else ()
    return Finding(
        "git.helper-path",
        "stops",
        says,
        "git asks for a username and password instead.",
        profile if profile in facts.profiles else "",
        fix="auto" if remedies else "tell",
        do=FIX if remedies else f"ccsetup clone {quote(clone.remote)} {quote(str(clone.folder))}",
        remedies=remedies,
    )


def program(command: str) -> str:
    """Return the program that git runs for a credential helper; "" if it is a shell function.

    A shell runs the text after a `!`, and anything that starts like an absolute path. git puts `git credential-` before
    everything else, even before a quote.
    """
    try:
        word = next(iter(shlex.split(command.removeprefix("!"))), "")
    except ValueError:
        return ""
    if word.endswith("()"):
        return "aws" if "aws " in command else ""
    return word if re.match(r"!|/|[A-Za-z]:[/\\]", command) else f"git-credential-{word}"


def called(command: str) -> str:
    """Return a credential helper's program as a person calls it: without git's prefix, and whole.

    The shell ends a path at its first blank unless that is quoted; the words up to the last slash belong to it too.
    """
    words = command.removeprefix("!").split(" ")
    end = next((at for at, word in enumerate(words) if at and word[:1] in ("-", "/")), len(words))
    last = max((at for at in range(1, end) if "/" in words[at]), default=0)
    whole = " ".join(words[: last + 1])
    if last and re.match(r"/|[A-Za-z]:/", whole) and not any(sign in whole for sign in "\\'\""):
        return whole
    return program(command).removeprefix("git-credential-") or words[0]


def helper_old(facts: Facts) -> Iterator[Finding]:
    """Find an AWS git-remote-codecommit whose botocore doesn't support sso-session sections."""
    users = [name for name, there in facts.profiles.items() if "sso_session" in there]
    if facts.helper_sdk and users and _numbers(facts.helper_sdk) < _KNOWS_SESSIONS:
        says = f"The installed {REMOTE} is too old for {users[0]}, which uses an sso-session."
        because = f"{REMOTE} uses botocore {facts.helper_sdk} and reports “missing required SSO configuration: "
        because += "sso_start_url, sso_region”."
        do = "pip install -U git-remote-codecommit botocore"
        yield Finding("git.helper-old", "stops", says, because, users[0], do=do, also=tuple(users[1:]))


def helper_shared(facts: Facts) -> Iterator[Finding]:
    """Find the package ccsetup and AWS's in one environment, where both install git-remote-codecommit."""
    if both := facts.shared_helper:
        whose = "AWS's" if both.owner == REMOTE else "ccsetup's"
        says = f"ccsetup and {REMOTE} are in the same environment. {facts.helpers[REMOTE]} is {whose}."
        because = "Both packages install this command, and uninstalling either one removes it."
        pip = (both.python, "-m", "pip")
        again = joined(*pip, "install", "--force-reinstall", "--no-deps", requirement())
        do = in_turn(joined(*pip, "uninstall", REMOTE), again)
        if kind(str(PurePath(both.python).parent.parent)) == UV:
            do = how_to_install(facts.env, again=True)
        yield Finding("git.helper-shared", "note", says, because, do=do)


def protocol(facts: Facts) -> Iterator[Finding]:
    """Find protocols that git isn't allowed to use."""
    here = of_codecommit(facts)
    if facts.clone and here is None:
        return
    needed = ("codecommit", "https") if here is None or here.form == "codecommit" else (here.form,)
    severity: Severity = "stops" if here else "hinders"
    allowed = facts.env.get("GIT_ALLOW_PROTOCOL")
    if allowed is not None:  # then git ignores the settings
        if lacking := [it for it in needed if it not in allowed.split(":")]:
            value = ":".join([*filter(_is_scheme, allowed.split(":")), *lacking])
            do = (shells.SHELLS.get(facts.shell) or shells.SHELLS["bash"]).assign("GIT_ALLOW_PROTOCOL", value)
            says = f"GIT_ALLOW_PROTOCOL doesn't allow {' or '.join(lacking)}."
            yield Finding("git.protocol", severity, says, "fatal: transport … not allowed", do=do)
        return
    settings = facts.clone.settings if facts.clone else facts.settings or ()
    for scheme in needed:
        if _policy(settings, scheme) == "never":
            yield _forbidden(facts, scheme, severity)


def _is_scheme(text: str) -> bool:
    return bool(re.fullmatch(r"[A-Za-z][\w+.-]*", text, re.ASCII))


def _policy(settings: Sequence[tuple[str, str]], scheme: str) -> str:
    of_all = [value for key, value in settings if key == "protocol.allow"]
    own = [value for key, value in settings if key == f"protocol.{scheme}.allow"]
    return (own or of_all or [""])[-1].lower()


def _forbidden(facts: Facts, scheme: str, severity: Severity) -> Finding:
    key = f"protocol.{scheme}.allow"
    own = facts.clone is not None and facts.clone.editable and _policy(facts.clone.own, scheme) == "never"
    remedy = Remedy(f"Allow {scheme} in this clone", git={key: "always"})
    return Finding(
        "git.protocol",
        severity,
        f"The git settings don't allow the {scheme} protocol.",
        f"fatal: transport '{scheme}' not allowed",
        fix="auto" if own else "tell",
        do=f"git config {'' if own else '--global '}{quote(key)} always",
        remedies=(remedy,) if own else (),
    )


def inherited_helper(facts: Facts) -> Iterator[Finding]:
    """Find a keychain that answers before the helper that signs, or a helper that isn't told the repository."""
    here = of_codecommit(facts)
    if facts.clone is None or here is None or here.form != "https" or not (command := signing(facts.clone)):
        return
    keeping = keepers(facts.clone, command)
    if keeping:
        own = config.values(facts.clone.own, "credential.helper")
        helpers = [*(it for it in own if it not in (*keeping, command, "")), command]
        settings: dict[str, Values] = {"credential.helper": ("", *helpers), "credential.useHttpPath": "true"}
        keeper = called(keeping[0])
        says = f"The credential helper {keeper} stores this clone's passwords, which expire after 15 minutes."
        because = "After that, git fails with a 403 error until you delete the stored password."
        remedy = Remedy("Turn off the helper for this clone", "use only the clone's own helper", git=settings)
        words = [("--replace-all", ""), *(("--add", it) for it in helpers)]
        do = in_turn(*(joined("git", "config", how, "credential.helper", it) for how, it in words))
        yield _in_clone(facts.clone, Finding("git.inherited-helper", "stops", says, because, do=do), remedy)
    if not any(_is_true(facts.clone, key) for key in _path_keys(facts.clone)):
        says = "git doesn't pass the repository path to the credential helper."
        because = "The AWS CLI credential helper fails with KeyError: 'path'."
        remedy = Remedy("Turn on useHttpPath in this clone", git={"credential.useHttpPath": "true"})
        do = "git config credential.useHttpPath true"
        yield _in_clone(facts.clone, Finding("git.inherited-helper", "stops", says, because, do=do), remedy)


def _in_clone(clone: Clone, finding: Finding, remedy: Remedy) -> Finding:
    """Return a finding with the remedy that changes the clone's own settings, if they may be edited."""
    return finding._replace(fix="auto", remedies=(remedy,)) if clone.editable else finding


def _path_keys(clone: Clone) -> list[str]:
    keys = [key for key, _ in clone.settings if key.lower().endswith(".usehttppath")]
    return [key for key in keys if key.lower() == "credential.usehttppath" or covers(key[11:-12], clone.remote)]


def _is_true(clone: Clone, key: str) -> bool:
    value = [value for name, value in clone.settings if name == key][-1]
    return value.lower() in ("true", "yes", "on", "1", "")


def identity(facts: Facts) -> Iterator[Finding]:
    """Find a missing name or email for commits."""
    settings = facts.clone.settings if facts.clone else facts.settings
    if settings is None or not facts.git_version:
        return
    there: Mapping[str, str] = {key.lower(): value for key, value in settings}
    lacking = [
        key
        for key, variable in (("user.name", "GIT_AUTHOR_NAME"), ("user.email", "GIT_AUTHOR_EMAIL"))
        if not there.get(key) and not there.get(key.replace("user", "author")) and not facts.env.get(variable)
    ]
    if lacking:
        examples = {"user.name": '"Maria Garcia"', "user.email": "maria@example.com"}
        where = "" if facts.clone else "--global "
        not_set = "isn't set" if len(lacking) == 1 else "aren't set"
        says = f"git has no author for commits, because {' and '.join(lacking)} {not_set}."
        do = in_turn(*(f"git config {where}{key} {examples[key]}" for key in lacking))
        yield Finding("git.identity", "hinders", says, "git fails with “Author identity unknown”.", do=do)


CHECKS = (
    missing,
    settings,
    helper_path,
    helper_broken,
    helper_old,
    helper_shared,
    protocol,
    inherited_helper,
    identity,
)
