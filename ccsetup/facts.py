"""What the doctor saw, and from where: both files, the environment, caches, git; every check reads this value alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from ccsetup import ini
from ccsetup.ini import Document, Stanza
from ccsetup.model import FileName
from ccsetup.world import AwsTexts


class Ran(NamedTuple):
    """What became of a credential_process: its exit code (None: it took too long), what it printed, what it said."""

    code: int | None
    out: str = ""
    errors: str = ""


@dataclass(frozen=True)
class Clone:
    """The clone one stands in: its folder, the remote's address, and the settings that count for it, in git's order."""

    folder: Path
    remote: str
    settings: tuple[tuple[str, str], ...] = ()  # lowercased key and value, the clone's own and inherited ones
    own: tuple[tuple[str, str], ...] = ()  # the clone's own alone


@dataclass(frozen=True)
class Facts:
    """Everything offline checks look at. Files that could not be read are in `unreadable`, with the reason.

    `asked` are the profiles named on the command line, empty for all. `modes` are permission bits of files and folders
    that are there, `found` the texts of small files that settings point to or caches hold (None: not there),
    `programs` where a program that a setting names is ("" nowhere), `helpers` where git finds its helpers ("" nowhere).
    `shell` is the one that commands are typed in (see `shells`), `modernize` says that sso.legacy is to be mended too.

    `processes` are the credential_process programs that were run, by profile; only those of profiles that were asked
    for are. `settings` are git's where no clone counts, as in Clone (None: not asked for). `scripts` is the folder of
    ccsetup's own commands, `helper_sdk` the version of the botocore behind the git-remote-codecommit that git finds (""
    where it is ccsetup's own or does not tell).

    `config` and `credentials` are read as they are meant: their lines are the files' lines, in number and order.
    """

    texts: AwsTexts
    env: Mapping[str, str]
    home: Path
    cwd: Path
    now: datetime
    asked: tuple[str, ...] = ()
    unreadable: Mapping[Path, str] = field(default_factory=dict)
    modes: Mapping[Path, int] = field(default_factory=dict)
    found: Mapping[Path, str | None] = field(default_factory=dict)
    git_version: str = ""
    helpers: Mapping[str, str] = field(default_factory=dict)
    clone: Clone | None = None
    windows: bool = False
    programs: Mapping[str, str] = field(default_factory=dict)
    shell: str = "bash"
    modernize: bool = False
    processes: Mapping[str, Ran] = field(default_factory=dict)
    settings: tuple[tuple[str, str], ...] | None = None
    scripts: str = ""
    helper_sdk: str = ""

    @cached_property
    def config(self) -> Document:
        """The config file, read once, however broken."""
        return ini.read(self.texts.config or "", "config")

    @cached_property
    def credentials(self) -> Document:
        """The credentials file, read once, however broken."""
        return ini.read(self.texts.credentials or "", "credentials")

    @cached_property
    def profiles(self) -> Mapping[str, Mapping[str, str]]:
        """Every profile's settings as botocore would merge them if the files had no fault."""
        return ini.profiles(self.config, self.credentials)

    @cached_property
    def sessions(self) -> Mapping[str, Mapping[str, str]]:
        """Every sso-session's settings."""
        return ini.sessions(self.config)

    @cached_property
    def stanzas(self) -> Mapping[tuple[FileName, str, str], Stanza]:
        """Every section that counts, by its file, type and name: of several of one name the last, as botocore has it."""
        both = (self.config, self.credentials)
        return {(document.file, it.type, it.name): it for document in both for it in document.stanzas if it.type}
