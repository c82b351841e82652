"""The shared values: questions, answers, sections, edits, identities. All are frozen and independent of the UI."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from ccsetup.core.errors import Problem


class Secret:
    """A text that only files, STS and git receive. Printing it shows a mask."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself."""
        return self._text

    def __repr__(self) -> str:
        return "••••••••"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(("Secret", self._text))

    def __bool__(self) -> bool:
        return bool(self._text)


Value = str | Secret


class Answers(Mapping[str, Value]):
    """Read-only answers by question key, in the order they were given."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Value] | Sequence[tuple[str, Value]] = ()) -> None:
        self._values = dict(values)

    def __getitem__(self, key: str) -> Value:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Answers({self._values!r})"

    def text(self, key: str) -> str:
        """Return the answer's text, "" if there is none. It reveals secrets, so pass it on with care."""
        value = self.get(key, "")
        return value.reveal() if isinstance(value, Secret) else value

    def plus(self, key: str, value: Value) -> Answers:
        """Return these answers with one added or changed in place."""
        return Answers({**self._values, key: value})

    def minus(self, *keys: str) -> Answers:
        """Return these answers without some."""
        return Answers({k: v for k, v in self._values.items() if k not in keys})

    def under(self, prefix: str) -> Answers:
        """Return the answers with keys that begin with `prefix`, without the prefix (for a new source profile)."""
        return Answers({k[len(prefix) :]: v for k, v in self._values.items() if k.startswith(prefix)})


class Choice(NamedTuple):
    """One entry of a list: its value, its label, and a hint next to it."""

    value: str
    label: str
    hint: str = ""


class Later(NamedTuple):
    """The result of a lookup while a list is on screen: further entries, and a function that redraws the heading."""

    choices: tuple[Choice, ...] = ()
    redraw: Callable[[], None] | None = None


class Corrected(NamedTuple):
    """A typed text that was corrected: the value to use, and a message about it."""

    value: str
    said: str


class Told(NamedTuple):
    """An answer that contains others: the value to use, messages about it, and the further answers by key.

    `found` is a table of what was recognized, in two columns.
    """

    value: Value
    said: tuple[str, ...]
    answers: Mapping[str, Value]
    found: tuple[tuple[str, str], ...] = ()


Widget = Literal["text", "secret", "path", "choose", "confirm"]


def as_it_is(text: str) -> str:
    """Return the text unchanged, since any text is an answer."""
    return text


class Unmatched(NamedTuple):
    """What a list shows if nothing in it matches the typed text: a sentence, and what the text could mean instead."""

    said: str
    choices: tuple[Choice, ...] = ()


class Asked(NamedTuple):
    """A question that is ready for a prompt, with its choices and its default.

    `parse` raises BadAnswer with the message to show. `notice` is a line to show above it (a refusal, a lookup
    that failed). `can_go_back` tells whether Esc goes back. `default` is offered, `typed` is in the line already.
    `about` explains the question's term in two sentences, for the key `?`. `shows` says which texts of a secret
    question are no secret.
    """

    key: str
    ask: str
    widget: Widget
    help: str = ""
    choices: tuple[Choice, ...] = ()
    default: str = ""
    parse: Callable[[str], str | Corrected] = as_it_is
    notice: str = ""
    can_go_back: bool = True
    free: bool = False
    optional: bool = False
    reads: Callable[[str], str] | None = None
    later: Callable[[], Later] | None = None
    typed: str = ""
    about: str = ""
    unmatched: Callable[[str], Unmatched] | None = None
    shows: Callable[[str], bool] | None = None


class Back:
    """What a prompt returns if the user wants the previous question."""


BACK = Back()

FileName = Literal["config", "credentials"]


class Section(NamedTuple):
    """The changes to one section of an AWS file: settings to set, in order, and (None) to remove.

    `type` and `name` are logical: ("profile", "dev") is `[profile dev]` in config, `[dev]` in credentials, and
    ("profile", "default") is `[default]` in both. The writer spells and quotes them. `gone`: the whole section is
    removed, with its comments.
    """

    file: FileName
    type: Literal["profile", "sso-session"]
    name: str
    settings: Mapping[str, Value | None]
    gone: bool = False


class Edit(NamedTuple):
    """One file, before and after, as whole texts (utf-8, undecodable bytes as surrogate escapes); None = no file.

    `file` tells which of the two AWS files it is, if it is one.
    """

    path: Path
    before: str | None
    after: str | None

    def __repr__(self) -> str:
        return f"Edit({str(self.path)!r}, …)"  # the texts may contain secrets

    file: FileName | None = None
    mode: int | None = None  # the permissions to set; None keeps them


class Touched(NamedTuple):
    """What a repair changes in one file: line numbers (from 1) of the old text, and sections by type and name."""

    file: FileName
    lines: frozenset[int]
    sections: frozenset[tuple[str, str]]


class Plan(NamedTuple):
    """Everything that one change will write, for review before it is done.

    Only what it names may change: the settings of `sections`, or what is `touched` if lines are repaired. `decided`
    are profiles whose change of identity the user confirmed; those of `sections` are named already. `shared`: both
    AWS files are the same file, so that its only edit has the sections of both.
    """

    profile: str
    region: str
    sections: tuple[Section, ...] = ()
    edits: tuple[Edit, ...] = ()
    touched: tuple[Touched, ...] = ()
    decided: frozenset[str] = frozenset()
    shared: bool = False

    def of(self, edit: Edit) -> tuple[Section, ...]:
        """Return the sections that are written by an edit."""
        return tuple(it for it in self.sections if edit.file and (self.shared or it.file == edit.file))


class Receipt(NamedTuple):
    """A plan that was carried out: when, the backup that can undo it, and the folders that were created."""

    plan: Plan
    at: datetime
    backups: tuple[Path, ...] = ()
    made: tuple[Path, ...] = ()


class Keys(NamedTuple):
    """Credentials, long-term if there is no session token. `expires_at` is aware, in UTC, or None if unknown."""

    access_key_id: str
    secret_access_key: Secret
    session_token: Secret | None = None
    expires_at: datetime | None = None


class Identity(NamedTuple):
    """The identity of a caller according to STS."""

    account_id: str
    arn: str
    user_id: str = ""


class Repository(NamedTuple):
    """A CodeCommit repository. Empty strings mean unknown."""

    name: str
    region: str = ""
    account_id: str = ""
    default_branch: str = ""
    partition: str = "aws"


class Who(NamedTuple):
    """A caller: a profile, and the settings that it would have.

    `profiles` maps each profile's name to its merged settings, those not yet written included; `sessions` likewise
    for sso-session sections. None: the SDK reads the files on disk itself. `mfa_code` answers the SDK's prompt for one,
    once. `alone`: the computer's own role isn't used if a profile names no credentials. `chosen`: the user named or
    chose the profile; only then may the program that provides its credentials, or those of a source profile, run.
    """

    profile: str
    region: str
    profiles: Mapping[str, Mapping[str, Value]] | None = None
    sessions: Mapping[str, Mapping[str, Value]] | None = None
    mfa_code: str = ""
    alone: bool = False
    chosen: bool = False

    def __repr__(self) -> str:
        return f"Who({self.profile!r}, {self.region!r}, …)"  # the settings may contain secrets


class Route(NamedTuple):
    """How git reaches a repository: the address to clone, settings for this repository only, and the reason."""

    name: str
    url: str
    settings: Mapping[str, str] = MappingProxyType({})
    why: str = ""


class CloneResult(NamedTuple):
    """A clone on disk: the commit at its HEAD ("" for an empty repository), and what went wrong.

    `notes` are sentences: git's warnings, and what couldn't be cleaned up.
    """

    commit: str
    problem: Problem | None = None
    notes: tuple[str, ...] = ()


class Submodule(NamedTuple):
    """A submodule: its name, its path, its address, and its commit.

    `fault` tells why git rejects its name or path, "" if it doesn't.
    """

    name: str
    path: str
    url: str
    commit: str = ""
    fault: str = ""


class Expected(NamedTuple):
    """The identity that a profile must have. Empty strings aren't compared. `federated` is a federated user name."""

    account_id: str = ""
    role: str = ""
    federated: str = ""


class Target(NamedTuple):
    """The requested repository. Empty strings mean none or unknown."""

    name: str = ""
    region: str = ""
    account_id: str = ""
    branch: str = ""
    directory: str = ""


NEW = "+"  # a new source profile that is set up first


DRAFT = "ccsetup-draft"  # stands for a profile that isn't written yet
MACHINE = "@"  # prefix of a credential_source
