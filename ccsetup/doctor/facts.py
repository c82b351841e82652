"""The facts that every check reads: both AWS files, the environment, the caches and git, each with its source."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

from ccsetup.awsfiles import fast_read, ini, lenient, ordinary, section_lines
from ccsetup.awsfiles.characters import decoded
from ccsetup.awsfiles.ini import Document, Stanza
from ccsetup.awsfiles.misreadings import Reading
from ccsetup.awsfiles.settings import meant
from ccsetup.core.arn import ACCOUNT, account_in
from ccsetup.core.context import AwsTexts
from ccsetup.core.context import Ran as Ran
from ccsetup.core.errors import Problem
from ccsetup.core.lazy_regex import later
from ccsetup.core.model import FileName
from ccsetup.core.profile_kind import source_of
from ccsetup.doctor.helper_scripts import Shared
from ccsetup.doctor.role_chains import RoleChains
from ccsetup.doctor.similar_accounts import SimilarAccounts
from ccsetup.git.config import Brought, Pairs, Url
from ccsetup.git.ssh_login import SshLogin


@dataclass(frozen=True)
class Clone:
    """The clone in the current directory: its folder, its remote URL and the settings in effect (see GitConfig).

    `remote` is the URL as git uses it. If there are several, it is the first on CodeCommit, else the one to fetch from.
    `files` are the texts of a few files in it, by name. `waiting` are the submodules that git alone can't clone.
    """

    folder: Path
    remote: str
    settings: Pairs = ()
    own: Pairs = ()
    brought: tuple[Brought, ...] = ()
    urls: tuple[Url, ...] = ()
    editable: bool = True
    path: Path | None = None
    listed: tuple[Brought, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    waiting: tuple[str, ...] = ()

    @property
    def file(self) -> Path:
        """The clone's own settings file, wherever its git directory is."""
        return self.path or self.folder / ".git" / "config"

    @property
    def called(self) -> str:
        """The remote URL in a sentence: with the remote's name, unless the name is the usual one."""
        name = self.url.remote
        return "This clone's remote URL" if name == "origin" else f"The URL of this clone's remote {name}"

    def place(self, key: str, value: str) -> Path:
        """Return the file that contains a setting: the clone's own or another one that git reads for this clone."""
        there = (it.file for it in self.listed if (it.key, it.value) == (key, value) and it.file)
        return Path(next(there, self.file))

    @property
    def rule(self) -> Brought | None:
        """The setting (insteadOf or pushInsteadOf) that rewrites the remote URL; None if none does."""
        url = self.url
        made = [
            it
            for it in self.listed
            if re.fullmatch(r"url\..*\.(push)?insteadof", it.key, re.DOTALL)
            if url.written.startswith(it.value)
            and it.key[4:].rpartition(".")[0] + url.written[len(it.value) :] == url.used
        ]
        return max(made, key=lambda it: len(it.value), default=None) if url.written != url.used else None

    @property
    def url(self) -> Url:
        """The remote URL, with the setting that holds it."""
        plain = Url("remote.origin.url", self.remote, self.remote)
        return next((it for it in self.urls if it.used == self.remote), plain)

    def moved(self, address: str) -> Mapping[tuple[str, str], str]:
        """Return what to replace in the clone's own settings to change its remote URL to `address`.

        Empty if the URL isn't in those settings, or if another rule (insteadOf) rewrites it.
        """
        there = self.url.key, self.url.written
        return {there: address} if self.editable and there in self.own and self.url.written == self.remote else {}

    def helped(self, command: str, by: str) -> Mapping[tuple[str, str], str]:
        """Return what to replace to make `by` the credential helper; empty if `command` isn't its own setting."""
        there = (pair for pair in self.own if pair[0].startswith("credential.") and pair[1] == command)
        return {pair: by for pair in there if self.editable and by}


@dataclass(frozen=True)
class Facts:
    """Everything the offline checks look at. Files that couldn't be read are in `unreadable`, with the reason.

    `asked` are the profiles named on the command line; empty means all. `modes` are the permission bits of existing
    files and folders. `found` are the texts of small files that settings point to or caches hold (None: no such file).
    `programs` are the paths of programs that settings name, `helpers` those of git's helpers ("" if not found);
    `passing` says when git finds a helper that it doesn't find in the person's next shell.
    `not_executable` are the programs that are there but can't be run.
    `code_page` is the encoding in which botocore reads the AWS files, "" for UTF-8.
    `shell` is the shell that the person types commands in (see `shells`). `modernize`: repair sso.legacy too.

    `processes` are the results of credential_process programs, by profile; they run only for profiles in `asked`.
    `settings` are git's settings outside a clone, in the form that Clone has (None: not read). `scripts` is the folder
    with ccsetup's own commands. `helper_sdk` is the botocore version of the git-remote-codecommit that git finds ("" if
    it is ccsetup's own, or if the version isn't known), and `shared_helper` says whose it is if two packages install
    it. `git_refuses` is git's error if its settings keep it from running, `clone_refused` what it says if it doesn't
    read the settings of the current clone. `broken_helpers` are the paths of git's helpers that can't run, with the
    reason. `ssh` is how ssh signs in to the host of a clone over SSH, and `lost_keys` are the files of its keys, if
    none of them exists. `sign_in_regions` are the regions that were looked up for start URLs whose region is
    missing.

    `config` and `credentials` are read as they were meant. Their lines match the files' lines in number and order.
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
    git_missing: Problem | None = None
    helpers: Mapping[str, str] = field(default_factory=dict)
    passing: Mapping[str, str] = field(default_factory=dict)
    clone: Clone | None = None
    windows: bool = False
    code_page: str = ""
    programs: Mapping[str, str] = field(default_factory=dict)
    not_executable: frozenset[str] = frozenset()
    shell: str = "bash"
    modernize: bool = False
    processes: Mapping[str, Ran] = field(default_factory=dict)
    settings: Pairs | None = None
    scripts: str = ""
    helper_sdk: str = ""
    shared_helper: Shared | None = None
    broken_helpers: Mapping[str, str] = field(default_factory=dict)
    git_refuses: str = ""
    clone_refused: Problem | None = None
    ssh: SshLogin = field(default_factory=SshLogin)
    lost_keys: tuple[str, ...] = ()
    sign_in_regions: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def config(self) -> Document:
        """The config file, read once, even if it is broken."""
        return ini.read(self.reading("config").text, "config", self.texts.shared)

    @cached_property
    def credentials(self) -> Document:
        """The credentials file, read once, even if it is broken."""
        return ini.read(self.reading("credentials").text, "credentials", self.texts.shared)

    def reading(self, file: FileName) -> Reading:
        """What one of the two files was meant to say, and where it differs; reported once if both are the same file."""
        text = self.texts.config if file == "config" else self.texts.credentials
        if self.texts.shared:
            both = lenient.read(text or "", "config", self.named, shared=True)
            return both if file == "config" else both._replace(oddities=())
        return lenient.read(text or "", file, self.named)

    def as_is(self, file: FileName) -> Document:
        """One of the two files as SDKs read it. If it has a fault, they read nothing from it."""
        text = self.texts.config if file == "config" else self.texts.credentials
        return ini.read(text or "", file, self.texts.shared)

    @cached_property
    def named(self) -> frozenset[str]:
        """The profiles that the command line, the environment, a source_profile or the clone's remote refers to."""
        both = f"{self.texts.config or ''}\n{self.texts.credentials or ''}"
        sources = _sources(both)
        variables = (self.env.get(name, "") for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"))
        remotes = _REMOTE.findall(self.clone.remote) if self.clone else []
        return frozenset(filter(None, (*sources, *variables, *remotes, *self.asked)))

    @cached_property
    def profiles(self) -> Mapping[str, Mapping[str, str]]:
        """Every profile's settings as botocore would merge them if the files had no fault.

        Sections with the same header, which botocore rejects, are merged as other SDKs do.
        """
        if not self.texts.shared:
            try:
                texts = self.config.text, self.credentials.text
                return dict(fast_read.profiles(*texts, {}, earlier=fast_read.EARLIER))
            except fast_read.Unsure:
                pass
        found = ini.profiles(self.config, self.credentials)
        for document in (self.config, self.credentials):
            twice = {header for header, count in Counter(document.headers).items() if count > 1}
            for stanza in document.stanzas if twice else ():
                if stanza.header in twice and stanza.type == "profile":
                    found[stanza.name] = {**found.get(stanza.name, {}), **stanza.values}
        return found

    @cached_property
    def sessions(self) -> Mapping[str, Mapping[str, str]]:
        """Every sso-session's settings."""
        return ini.sessions(self.config)

    def meant(self, file: FileName) -> Document:
        """One of the two files as it was meant, even if it is broken."""
        return self.config if file == "config" else self.credentials

    def beginnings(self, file: FileName) -> frozenset[str]:
        """Return what the lines of a file begin with, up to the first equals sign, each once and without headers."""
        return section_lines.beginnings(self.meant(file).text)

    def may_set(self, file: FileName, *keys: str) -> bool:
        """Return whether a file may set one of these keys. This is much faster than a look at each section."""
        text = self.each_line_once(file).lower()
        return any(key in text for key in keys)

    def each_line_once(self, file: FileName) -> str:
        """Return the lines of a file as it was meant, each once and in any order, to look whether a word is there."""
        return "\n".join(section_lines.distinct_lines(self.meant(file).text))

    def path(self, file: FileName) -> Path:
        """Return the path of one of the two files."""
        return self.texts.config_path if file == "config" else self.texts.credentials_path

    def lines(self, file: FileName) -> Sequence[str]:
        """Return one file's lines exactly as written, without line endings."""
        return self._config_lines if file == "config" else self._credentials_lines

    @cached_property
    def _config_lines(self) -> Sequence[str]:
        return _lines(self.texts.config)

    @cached_property
    def _credentials_lines(self) -> Sequence[str]:
        return _lines(self.texts.credentials)

    @cached_property
    def lines_as_meant(self) -> Sequence[str]:
        """The config file's lines as they were meant, with line endings."""
        return ini.LINE.findall(self.config.text)

    @cached_property
    def stanzas(self) -> Mapping[tuple[FileName, str, str], Stanza]:
        """Every section in effect, by file, type and name. As in botocore, the last one of a name counts."""
        return _StanzasByName(self.config, self.credentials)

    @cached_property
    def inherited(self) -> Mapping[FileName, Sequence[Stanza]]:
        """The [DEFAULT] sections of each file, whose settings apply to all others."""
        there = (it for it in (self.config, self.credentials) if ini.DEFAULTS in it.headers)
        found = {document.file: [it for it in document.stanzas if it.header == ini.DEFAULTS] for document in there}
        return {"config": [], "credentials": [], **found}

    @cached_property
    def intended(self) -> Mapping[str, Mapping[str, str]]:
        """Every profile's settings, including those that became part of the value above because they are indented."""
        return {name: unfolded(there) for name, there in self.profiles.items()}

    @cached_property
    def unusual(self) -> Mapping[str, Mapping[str, str]]:
        """The profiles that have a value of an unusual form, as intended. Similar profiles are judged together."""
        alike: dict[tuple[str, ...], list[str]] = {}
        for name, there in self.intended.items():
            alike.setdefault(tuple(there), []).append(name)
        shapes = ((names, ordinary.unusual([self.intended[it] for it in names])) for names in alike.values())
        found = {names[at] for names, those in shapes for at in those}
        return {name: there for name, there in self.intended.items() if name in found}

    @cached_property
    def signing_in(self) -> Mapping[str, Mapping[str, str]]:
        """The profiles that use single sign-on, unless another kind of access comes first."""
        return {name: there for name, there in self.intended.items() if source_of(there) == "sso"}

    @cached_property
    def sharing(self) -> Mapping[str, Sequence[str]]:
        """The profiles that use single sign-on, by the name of their sso-session ("" for those without one)."""
        found: dict[str, list[str]] = {}
        for name, there in self.signing_in.items():
            found.setdefault(self.session_of(there)[0], []).append(name)
        return found

    def session_of(self, there: Mapping[str, str]) -> tuple[str, Mapping[str, str] | None]:
        """Return the name of a profile's sso-session ("" if none) and its settings (None if it doesn't exist)."""
        named = there.get("sso_session", "")
        if named not in self.sessions:
            named = meant(named)
        return named, self.sessions.get(named)

    @cached_property
    def regions(self) -> Counter[str]:
        """How many profiles have each region."""
        return Counter(there.get("region", "") for there in self.profiles.values())

    @cached_property
    def account_ids(self) -> frozenset[str]:
        """The valid account IDs of sign-ins."""
        found = {there.get("sso_account_id", "") for there in self.intended.values()}
        return frozenset(it for it in found if re.fullmatch(ACCOUNT, it))

    @cached_property
    def similar_accounts(self) -> SimilarAccounts:
        """The valid account IDs of sign-ins, for one that isn't valid."""
        return SimilarAccounts(self.account_ids)

    @cached_property
    def similar_role_accounts(self) -> SimilarAccounts:
        """The account IDs of roles, for one that isn't valid."""
        return SimilarAccounts({account_in(there.get("role_arn", "")) for there in self.intended.values()} - {""})

    @cached_property
    def sign_ins(self) -> Mapping[str, Mapping[str, None]]:
        """The regions that sessions and profiles use with each start URL, by the URL as `plain_url` returns it."""
        found: dict[str, dict[str, None]] = {}
        for it in (*self.sessions.values(), *self.profiles.values()):
            if it.get("sso_region"):
                found.setdefault(plain_url(it.get("sso_start_url", "")), {})[it["sso_region"]] = None
        return found

    @cached_property
    def sessions_of_sign_ins(self) -> Mapping[tuple[str, str | None], str]:
        """The first sso-session of each start URL, as `plain_url` returns it, and region."""
        return {
            (plain_url(it.get("sso_start_url", "")), it.get("sso_region")): name
            for name, it in reversed([*self.sessions.items()])
        }

    @cached_property
    def assumed_with(self) -> Mapping[str, list[str]]:
        """The role profiles that have a source profile, by the name of that source profile."""
        found: dict[str, list[str]] = {}
        for name, there in self.intended.items():
            if "role_arn" in there and "web_identity_token_file" not in there:
                source = there.get("source_profile", name)
                if source != name:
                    found.setdefault(source, []).append(name)
        return found

    @cached_property
    def role_chains(self) -> RoleChains:
        """The role profiles, with where their credentials come from."""
        return RoleChains(self.intended)

    def resting_on(self, name: str) -> tuple[str, ...]:
        """Return the profiles that get their credentials from this one, directly or through other profiles."""
        found: dict[str, None] = {}
        waiting = [name]
        while waiting:
            for each in self.assumed_with.get(waiting.pop(), ()):
                if each != name and each not in found:
                    found[each] = None
                    keys = {"aws_access_key_id", "aws_secret_access_key"} & self.intended[each].keys()
                    waiting += [] if keys else [each]  # a source's own keys are used before its role
        return tuple(found)


class _StanzasByName(Mapping[tuple[FileName, str, str], Stanza]):
    """The sections of documents by file, type and name. The last one of a name counts."""

    def __init__(self, config: Document, credentials: Document) -> None:
        self._documents: Mapping[FileName, Document] = {"config": config, "credentials": credentials}

    def __getitem__(self, key: tuple[FileName, str, str]) -> Stanza:
        file, type, name = key
        document = self._documents[file]
        return document.stanzas[document.last[type, name]]

    def __iter__(self) -> Iterator[tuple[FileName, str, str]]:
        return ((file, *it) for file, document in self._documents.items() for it in document.last if it[0])

    def __len__(self) -> int:
        return sum(1 for _ in self)


def plain_url(url: str) -> str:
    """Return a start URL for comparison: without a comment, its ending and upper case, which make no difference."""
    return meant(url).rstrip("/#").lower()


def _lines(text: str | None) -> Sequence[str]:
    found = decoded(text or "").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return found if found[-1] else found[:-1]


def _sources(text: str) -> Iterator[str]:
    """Yield the value of each source_profile in a text. Looking for the word first is much faster."""
    at = text.find("source_profile")
    while at >= 0:
        is_first = not text[text.rfind("\n", 0, at) + 1 : at].strip()
        if is_first and (found := _SOURCE.match(text, at)):
            yield found[1].rstrip()
        end = text.find("\n", at)
        at = text.find("source_profile", end) if end >= 0 else -1


_SOURCE = later(r"source_profile\s*[=:]\s*([^\r\n]*)")
_REMOTE = later(r"^codecommit:[^/]*//([^@/]+)@")
_SWALLOWED = later(r"([a-z][a-z0-9_]*)\s*[=:]\s*(.+)")


def unfolded(there: Mapping[str, str]) -> Mapping[str, str]:
    """Return settings as they were meant: an indented setting that became part of the value above is separate again."""
    if "\n" not in "".join(there.values()):
        return there
    found: dict[str, str] = {}
    for key, value in there.items():
        first, *more = value.split("\n")
        parts = [_SWALLOWED.fullmatch(line) for line in more]
        if not first or not any(parts):
            found[key] = value
            continue
        found[key] = first
        found.update({part[1]: part[2] for part in parts if part})
    return found
