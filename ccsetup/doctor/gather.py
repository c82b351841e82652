"""Reads everything the doctor looks at, once: both files, what they point to, caches, the environment, git, this clone.

It starts only the programs that checks need: git a few times, and a credential_process only for profiles asked for.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ccsetup.awsfiles.settings import meant
from ccsetup.core import code_page, executables, regions
from ccsetup.core.context import Context
from ccsetup.core.errors import Problem
from ccsetup.core.installation import is_temporary, is_temporary_command, passing_command
from ccsetup.core.sdk_files import BUNDLES
from ccsetup.core.shells import guess
from ccsetup.doctor.facts import Clone, Facts
from ccsetup.doctor.helper_scripts import shared
from ccsetup.git import ssh_login

HELPERS = ("git-remote-codecommit", "git-credential-ccsetup", "aws")
CACHES = ("sso/cache", "cli/cache", "boto/cache", "login/cache")
POINTING = ("web_identity_token_file", "ca_bundle")
VARIABLES = ("AWS_WEB_IDENTITY_TOKEN_FILE", *BUNDLES, "SSL_CERT_FILE")


def gathered(context: Context, asked: Sequence[str] = (), modernize: bool = False) -> Facts:
    """Return the facts about this computer. Sends no requests, and runs programs only for the profiles asked for."""
    texts, unreadable = context.files.glimpse()
    version = context.git.version()
    facts = Facts(
        texts,
        context.env,
        context.home,
        context.cwd,
        context.now(),
        asked=tuple(asked),
        unreadable=unreadable,
        git_version=version,
        git_missing=None if version else context.git.missing(),
        windows=executables.WINDOWS,
        code_page=code_page.of_system(),
        shell=guess(context.env, _parent(context)),
        modernize=modernize,
    )
    if facts.git_version:
        facts = _with_git(context, facts)
    facts = with_files(context, facts)
    return _with_programs(context, facts) if facts.asked else facts


def _with_git(context: Context, facts: Facts) -> Facts:
    """Add where git finds its helpers, and the current clone, or git's general settings outside a clone."""
    helpers = {name: context.git.later(name) or context.git.command(name) for name in HELPERS}
    helpers |= {name: "" for name in HELPERS[1:] if is_temporary_command(helpers[name])}  # no clone may use these
    passing = {name: why for name, path in helpers.items() if (why := passing_command(path, facts.env))}
    own = "" if helpers[HELPERS[0]] or is_temporary() else context.git.own_helper()
    both = shared(context, Path(helpers[HELPERS[0]])) if helpers[HELPERS[0]] else None
    facts = replace(
        facts, shared_helper=both, helpers=helpers, passing=passing, scripts=str(Path(own).parent) if own else ""
    )
    facts = _with_clone(context, facts)
    if facts.clone is None:
        try:
            facts = replace(facts, settings=context.git.machine_settings())
        except Problem as refused:
            facts = replace(facts, git_refuses=refused.why or refused.what)
    signs_in = any("sso_session" in (text or "") for text in (facts.texts.config, facts.texts.credentials))
    return replace(facts, helper_sdk=_helper_sdk(context, Path(helpers[HELPERS[0]])) if signs_in else "")


def _helper_sdk(context: Context, helper: Path) -> str:
    """Return the botocore version that AWS's git-remote-codecommit uses; "" for another command, or if it isn't known.

    The version is read from the library folder of the script's Python. Nothing is run.
    """
    try:
        script = context.files.seen(helper) if helper.name else ""
    except Problem:
        return ""
    python = re.match(r"#!\s*(\S*/bin/)python", script or "")
    if not python or "git_remote_codecommit" not in (script or ""):
        return ""
    for library in context.files.listed(Path(python[1]).parent / "lib"):
        for kind in ("site-packages", "dist-packages") if library.name.startswith("python3") else ():
            for path in context.files.listed(library / kind):
                if found := re.match(r"botocore-([\d.]+)\.(?:dist|egg)-info$", path.name):
                    return found[1]
    return ""


def _with_programs(context: Context, facts: Facts) -> Facts:
    """Run the existing credential_process programs of the profiles asked for, in parallel, each with a time limit."""
    commands = {
        name: _words(facts, name) for name in facts.asked if "credential_process" in facts.profiles.get(name, {})
    }
    commands = {name: words for name, words in commands.items() if words and facts.programs.get(words[0]) != ""}
    if not commands:
        return facts
    names = " and ".join(commands)
    with context.screen.busy(f"Running credential_process for {names}"):
        ran = context.run([*commands.values()])
    return replace(facts, processes=dict(zip(commands, ran, strict=True)))


def _words(facts: Facts, name: str) -> list[str]:
    from ccsetup.doctor.checks.processes import words

    return words(facts.profiles[name]["credential_process"], facts.windows)


def with_files(context: Context, facts: Facts) -> Facts:
    """Add the other files: caches, files that settings and variables point to, permissions, programs."""
    from ccsetup.doctor.checks.processes import elsewhere

    folders = [context.home / ".aws" / name for name in CACHES]
    cached = [path for folder in folders for path in context.files.listed(folder) if path.suffix == ".json"]
    found: dict[Path, str | None] = {}
    unreadable = dict(facts.unreadable)
    for path in dict.fromkeys([*cached, *_pointed(facts), *_misnamed(facts), *_usual(facts)]):
        try:
            found[path] = context.files.seen(path)
        except Problem as problem:
            unreadable[path] = problem.what
    places = [facts.texts.config_path, facts.texts.credentials_path, context.home / ".aws", *folders, *found]
    modes = {path: mode for path in places if (mode := context.files.mode(path)) is not None}
    programs = {name: context.git.command(name) for name in _programs(facts)}
    programs |= {name: context.git.command(name) for name in elsewhere(programs)}
    not_there = [path for path, there in programs.items() if not there and Path(path).is_absolute()]
    plain = frozenset(path for path in not_there if context.files.mode(Path(path)) is not None)
    facts = replace(facts, found=found, unreadable=unreadable, modes=modes, programs=programs, not_executable=plain)
    return replace(facts, broken_helpers=_broken_helpers(context, facts))


def _broken_helpers(context: Context, facts: Facts) -> dict[str, str]:
    """Return why helpers that git finds can't run, by their path."""
    from ccsetup.doctor.checks.git import program, signing
    from ccsetup.doctor.helper_scripts import fault

    name = program(signing(facts.clone)) if facts.clone else ""
    paths = [facts.helpers.get(HELPERS[0], ""), facts.programs.get(name) or facts.helpers.get(name, "") if name else ""]
    return {path: why for path in paths if path and (why := fault(context, Path(path)))}


def _usual(facts: Facts) -> list[Path]:
    """Return the usual AWS files that variables replace."""
    from ccsetup.doctor.checks.environment import FILES, usual

    return [usual(facts, it) for it in FILES if facts.env.get(it)]


def _misnamed(facts: Facts) -> list[Path]:
    """Return the names under which a missing AWS file may have been saved."""
    from ccsetup.doctor.checks.files import misnamed

    there = (facts.texts.config_path, facts.texts.config), (facts.texts.credentials_path, facts.texts.credentials)
    return [it for path, text in there if text is None for it in misnamed(path)]


def _pointed(facts: Facts) -> list[Path]:
    """Return the absolute paths that settings and variables point to; for a relative path, those it may stand for."""
    documents = (facts.config, facts.credentials)
    values = [value for name in VARIABLES if (value := facts.env.get(name))]
    if any(key in document.text for document in documents for key in POINTING):
        values += [there[key] for there in facts.profiles.values() for key in POINTING if key in there]
    from ccsetup.doctor.checks.tokens import whole_paths, without_dots

    plain = [meant(value) for value in dict.fromkeys(values) if "\n" not in value and "\0" not in value]
    paths = [path for value in plain if value for path in whole_paths(facts, value)]
    return [*paths, *map(without_dots, paths)]


def _programs(facts: Facts) -> list[str]:
    """Return the names of the programs that supply the profiles' credentials and this clone's passwords."""
    from ccsetup.doctor.checks.git import called, program, signing
    from ccsetup.doctor.checks.processes import words

    helper = signing(facts.clone) if facts.clone else ""
    found = [program(helper), *([called(helper)] if called(helper).startswith(f"{program(helper)} ") else [])]
    if any("credential_process" in document.text for document in (facts.config, facts.credentials)):
        commands = [there["credential_process"] for there in facts.profiles.values() if "credential_process" in there]
        found += [next(iter(words(command, facts.windows)), "") for command in commands]
    return [*dict.fromkeys(name for name in found if name and "\0" not in name)]


def _with_clone(context: Context, facts: Facts) -> Facts:
    """Add the current clone with git's settings for it, or git's error if it can't read them."""
    folder = next((it for it in (context.cwd, *context.cwd.parents) if _is_clone(context, it)), None)
    if folder is None:
        return facts
    try:
        return _with_ssh(context, replace(facts, clone=_with_texts(context, clone_at(context, folder))))
    except Problem as refused:
        said = refused.why or refused.what
        return facts if "not a git repository" in said else replace(facts, clone_refused=refused)


def _with_ssh(context: Context, facts: Facts) -> Facts:
    """Add how ssh signs in, if the clone is on CodeCommit and uses SSH. ssh only prints its settings."""
    from ccsetup.doctor.checks.git import of_codecommit

    here = of_codecommit(facts)
    ssh = context.git.command("ssh") if here and here.form == "ssh" and facts.clone else ""
    if not ssh or not here or not facts.clone:
        return facts
    user = ssh_login.user_of(facts.clone.remote)
    [ran] = context.run([ssh_login.question(ssh, regions.git_host(here.region), user)])
    login = ssh_login.told(ran.out) if ran.code == 0 else ssh_login.SshLogin()
    paths = {key: context.home / key[2:] if key.startswith("~/") else Path(key) for key in login.keys}
    there = any(context.files.mode(path) is not None for path in paths.values())
    return replace(facts, ssh=login, lost_keys=() if there else tuple(login.keys))


def _with_texts(context: Context, clone: Clone) -> Clone:
    """Add the files in a clone that say what is in Git LFS, and its submodules."""
    files: dict[str, str] = {}
    for name in (".gitattributes", ".lfsconfig", ".gitmodules", "info/attributes"):
        path = clone.file.parent / name if name == "info/attributes" else clone.folder / name
        with suppress(Problem):
            files[name] = context.files.seen(path) or ""
    waiting = context.git.waiting_submodules(clone.folder) if files.get(".gitmodules") else ()
    return replace(clone, files={name: text for name, text in files.items() if text}, waiting=waiting)


def _is_clone(context: Context, folder: Path) -> bool:
    """Return whether git takes a folder for a repository: it holds `.git`, or it is a bare one itself."""
    if context.files.mode(folder / ".git") is not None:
        return True
    parts = (folder / name for name in ("HEAD", "objects", "refs"))
    return folder.name != ".git" and all(context.files.mode(it) is not None for it in parts)


def clone_at(context: Context, folder: Path) -> Clone:
    """Return a clone with its settings. Raises Problem if there is no clone, or git can't read its settings."""
    from ccsetup.doctor.checks.git import is_codecommit

    found = context.git.config(folder)
    used = [it.used for it in found.urls]
    remote = next((it for it in used if is_codecommit(it, context.env)), next(iter(used), ""))
    return Clone(folder, remote, **found._asdict())


def _parent(context: Context) -> str:
    """Return the name of the parent process, "" if the system doesn't tell."""
    try:
        return context.files.seen(Path(f"/proc/{os.getppid()}/comm")) or ""
    except Problem:
        return ""
