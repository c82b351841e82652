"""Folders that somebody unpacked: repositories whose configuration names a program wherever git takes one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

HOST = "git-codecommit.us-east-2.amazonaws.com"
ADDRESSES = (
    "codecommit::us-east-2://dev@MySharedDemoRepo",
    "codecommit://dev@MySharedDemoRepo",
    "codecommit::us-east-2://MySharedDemoRepo",
    "codecommit::us-east-2://tool@MySharedDemoRepo",
    "codecommit::us-east-2://by-tool@MySharedDemoRepo",
    "codecommit:us-east-2://dev@MySharedDemoRepo",
    "https://ENDPOINT/v1/repos/MySharedDemoRepo",
    "https://maria:hush@ENDPOINT/v1/repos/MySharedDemoRepo",
    f"https://{HOST}/v1/repos/MySharedDemoRepo",
    f"ssh://APKAEIBAERJR2EXAMPLE@{HOST}/v1/repos/MySharedDemoRepo",
    f"ssh://-oProxyCommand=BAIT@{HOST}/v1/repos/MySharedDemoRepo",
    "ext::BAIT %S MySharedDemoRepo",
    "--upload-pack=BAIT",
    "evil::MySharedDemoRepo",
)

# Wherever git takes a program from a repository's own configuration; BAIT is the program's path, ENDPOINT the sandbox's
# host.
NAMING = (
    "core.sshCommand = BAIT",
    "core.fsmonitor = BAIT",
    "core.hooksPath = HOOKS",
    "core.pager = BAIT",
    "core.editor = BAIT",
    "core.askPass = BAIT",
    "core.gitProxy = BAIT",
    "core.alternateRefsCommand = BAIT",
    "sequence.editor = BAIT",
    "pager.config = BAIT",
    "pager.rev-parse = BAIT",
    "pager.ls-remote = BAIT",
    "pager.remote = BAIT",
    "pager.version = BAIT",
    "interactive.diffFilter = BAIT",
    "diff.external = BAIT",
    "diff.x.textconv = BAIT",
    "merge.x.driver = BAIT",
    "filter.x.smudge = BAIT",
    "filter.x.clean = BAIT",
    "filter.x.process = BAIT",
    "gpg.program = BAIT",
    "gpg.ssh.program = BAIT",
    "alias.config = !BAIT",
    "alias.version = !BAIT",
    "alias.ls-remote = !BAIT",
    "alias.rev-parse = !BAIT",
    "alias.remote-codecommit = !BAIT",
    "credential.helper = !BAIT",
    "credential.helper = BAIT",
    "credential.helper = BAIT/git-credential-ccsetup --profile dev",
    "credential.helper = !aws codecommit credential-helper --profile dev $@; BAIT",
    "credential.https://ENDPOINT.helper = !BAIT",
    "remote.origin.uploadpack = BAIT",
    "remote.origin.receivepack = BAIT",
    "remote.origin.vcs = evil",
    "remote.origin.proxy = BAIT",
    "protocol.ext.allow = always",
    "protocol.allow = always",
    "url.ext::BAIT .insteadOf = codecommit::",
    "url.ext::BAIT .insteadOf = https://",
    "url.ext::BAIT .insteadOf = ssh://",
    "url.ext::BAIT .pushInsteadOf = codecommit",
    "extensions.partialClone = origin",
    "remote.origin.promisor = true",
    "extensions.worktreeConfig = true",
    "uploadpack.packObjectsHook = BAIT",
    "submodule.x.update = !BAIT",
    "trailer.x.command = BAIT",
    "tar.x.command = BAIT",
    "include.path = ../included",
    "http.proxy = http://127.0.0.1:1",
    "core.worktree = ../..",
    "core.bare = true",
    "core.repositoryFormatVersion = 99",
    "extensions.objectFormat = sha256",
    "safe.directory = *",
    "maintenance.auto = true",
    "trace2.normalTarget = BAIT",
    "remote.--upload-pack=BAIT.url = x",
)


def folder(
    place: Path, bait: Path, endpoint: str, addresses: Sequence[str], settings: Sequence[str], kind: str = "plain"
) -> Path:
    """Make a hostile folder; return where one stands in it.

    `kind`: plain, or one whose `.git` is a file that points elsewhere, a bare repository embedded in the folder or
    beside its files, a work tree of another repository, or one that somebody else owns.
    """
    place.mkdir(parents=True)
    env = {"PATH": os.environ["PATH"], "HOME": str(place.parent), "GIT_CONFIG_NOSYSTEM": "1"}

    def git(*words: str, cwd: Path = place) -> None:
        subprocess.run(["git", *words], cwd=cwd, env=env, check=True, capture_output=True)

    bare = kind in ("bare", "embedded")
    top = place / "inner" if kind == "embedded" else place
    top.mkdir(exist_ok=True)
    git("init", "-q", *(["--bare"] if bare else []), cwd=top)
    own = top if bare else top / ".git"
    lines = [f"remote.origin.url = {address}" for address in addresses] + [*settings]
    lines = [line.replace("ENDPOINT", endpoint) for line in lines]
    (own / "included").write_text(_text(["core.sshCommand = BAIT", "core.fsmonitor = BAIT"], bait))
    (own / "config.worktree").write_text(_text(["core.sshCommand = BAIT", "core.editor = BAIT"], bait))
    with (own / "config").open("a") as file:
        file.write(_text(lines, bait))
    for hook in ("post-checkout", "reference-transaction", "post-index-change", "fsmonitor-watchman"):
        (own / "hooks").mkdir(exist_ok=True)
        (own / "hooks" / hook).unlink(missing_ok=True)
        (own / "hooks" / hook).symlink_to(bait)
    for name in ("git", "git.exe", "aws", "git-remote-codecommit", "git-remote-evil", "git-credential-ccsetup", "tool"):
        (place / name).unlink(missing_ok=True)
        (place / name).symlink_to(bait)
    if kind == "elsewhere":
        own.rename(place / "hidden")
        (place / ".git").write_text("gitdir: hidden\n")
    if kind == "foreign":
        os.lchown(own, 12345, 12345)
        os.lchown(place, 12345, 12345)
    return top


def _text(lines: list[str], bait: Path) -> str:
    """Return settings as git keeps them."""
    text = ""
    for line in lines:
        key, _, value = line.partition(" = ")
        section, _, name = key.rpartition(".")
        first, dot, rest = section.partition(".")
        quoted = f' "{rest}"' if dot else ""
        value = value.replace("\\", "\\\\").replace('"', '\\"')
        text += f'[{first}{quoted}]\n\t{name} = "{value}"\n'
    return text.replace("BAIT", str(bait)).replace("HOOKS", str(bait.parent / "hooks"))
