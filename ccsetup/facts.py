"""What the doctor saw, and from where: both files, the environment, caches, git; every check reads this value alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

from ccsetup import ini
from ccsetup.ini import Document
from ccsetup.world import AwsTexts


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
