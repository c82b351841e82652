"""The values that flow: questions, answers, sections, edits, identities. All frozen, none knows how it is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from ccsetup.core.errors import Problem


class Secret:
    """A text that only files, STS and git ever see: whatever prints it prints a mask."""

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
        """Return the answer's text, "" when there is none; a secret's text too, so hand it on with care."""
        value = self.get(key, "")
        return value.reveal() if isinstance(value, Secret) else value

    def plus(self, key: str, value: Value) -> Answers:
        """Return these answers with one more, or one changed in its place."""
        return Answers({**self._values, key: value})

    def minus(self, *keys: str) -> Answers:
        """Return these answers without some."""
        return Answers({k: v for k, v in self._values.items() if k not in keys})

    def under(self, prefix: str) -> Answers:
        """Return the answers of a nested visit: those whose key begins with `prefix`, which is cut off."""
        return Answers({k[len(prefix) :]: v for k, v in self._values.items() if k.startswith(prefix)})


class Choice(NamedTuple):
    """One entry of a list: what it answers, how it reads, and a quiet remark beside it."""

    value: str
    label: str
    hint: str = ""


class Later(NamedTuple):
    """What comes of a look beside a list that is on screen: further entries, and what draws its heading anew."""

    choices: tuple[Choice, ...] = ()
    redraw: Callable[[], None] | None = None


class Corrected(NamedTuple):
    """A typed text that had one reading other than its letters: the value taken, and what to say about it."""

    value: str
    said: str


class Told(NamedTuple):
    """An answer that brings others along: the value taken, what to say about it, and the further answers by key."""

    value: Value
    said: tuple[str, ...]
    answers: Mapping[str, Value]


Widget = Literal["text", "secret", "path", "choose", "confirm"]


def as_it_is(text: str) -> str:
    """Return what was typed: any text is an answer."""
    return text


class Asked(NamedTuple):
    """A question made ready for one prompt: its choices looked up, its default known.

    `parse` raises BadAnswer with the sentence to show. `notice` is a line to show above it (a refusal, a lookup
    that failed). `can_go_back` says whether Esc leads anywhere.
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


class Back:
    """What a prompt returns when the person wants the previous question."""


BACK = Back()

FileName = Literal["config", "credentials"]


class Section(NamedTuple):
    """What one section of an AWS file shall hold: settings to set, in order, and (None) to remove.

    `type` and `name` are logical: ("profile", "dev") is `[profile dev]` in config, `[dev]` in credentials, and
    ("profile", "default") is `[default]` in both; the writer knows how to spell and quote them.
    """

    file: FileName
    type: Literal["profile", "sso-session"]
    name: str
    settings: Mapping[str, Value | None]


class Edit(NamedTuple):
    """One file, before and after, as whole texts (utf-8, undecodable bytes as surrogate escapes); None = no file.

    `file` says which of AWS's two files it is, where it is one.
    """

    path: Path
    before: str | None
    after: str | None

    def __repr__(self) -> str:
        return f"Edit({str(self.path)!r}, …)"  # the texts may hold secrets

    file: FileName | None = None
    mode: int | None = None  # the permissions it shall have; None keeps them


class Touched(NamedTuple):
    """What a repair of lines changes in one file: lines of the text before, from 1, and sections by type and name."""

    file: FileName
    lines: frozenset[int]
    sections: frozenset[tuple[str, str]]


class Plan(NamedTuple):
    """Everything one change will write, ready to be read before it is done.

    What it names may change, nothing else: the settings of `sections`, or where lines are repaired, what is `touched`.
    `decided` are profiles of which a person said that they become someone else; those of `sections` are named already.
    `shared` says that one file serves as both of AWS's, so that the sections of both are in its one edit.
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
    """A plan that was carried out: when, the backup that can undo it, and the folders that had to be made."""

    plan: Plan
    at: datetime
    backups: tuple[Path, ...] = ()
    made: tuple[Path, ...] = ()


class Keys(NamedTuple):
    """Credentials: long-term when there is no session token. `expires_at` is aware, UTC, or unknown."""

    access_key_id: str
    secret_access_key: Secret
    session_token: Secret | None = None
    expires_at: datetime | None = None


class Identity(NamedTuple):
    """Who STS says is calling."""

    account_id: str
    arn: str
    user_id: str = ""


class Repository(NamedTuple):
    """A CodeCommit repository. Empty strings are unknown."""

    name: str
    region: str = ""
    account_id: str = ""
    default_branch: str = ""
    partition: str = "aws"


class Who(NamedTuple):
    """Whose eyes to look through: a profile, and the settings it would have.

    `profiles` maps each profile's name to its merged settings, those not yet written included; `sessions` likewise
    for sso-session sections. None means: as the files on disk say, resolved by the SDK itself. `mfa_code` answers
    the SDK's question for one, once. `alone` keeps the machine's own role from stepping in where a profile names no
    credentials. `chosen` says that a person named or chose the profile: a program that it, or a profile it starts from,
    gets its keys from is started for no other one.
    """

    profile: str
    region: str
    profiles: Mapping[str, Mapping[str, Value]] | None = None
    sessions: Mapping[str, Mapping[str, Value]] | None = None
    mfa_code: str = ""
    alone: bool = False
    chosen: bool = False

    def __repr__(self) -> str:
        return f"Who({self.profile!r}, {self.region!r}, …)"  # the settings may hold secrets


class Route(NamedTuple):
    """How git gets there: the address to clone, settings for that one repository, and why this way."""

    name: str
    url: str
    settings: Mapping[str, str] = MappingProxyType({})
    why: str = ""


class CloneResult(NamedTuple):
    """A clone that is on disk: the commit at its HEAD ("" for an empty repository), and what did not go as it should.

    `notes` are sentences: what git warned of, and what could not be tidied up.
    """

    commit: str
    problem: Problem | None = None
    notes: tuple[str, ...] = ()


class Submodule(NamedTuple):
    """A repository within a repository: its name, where it is checked out, its address, and the commit it is at.

    `fault` says why git would not let it have this name or path; "" where all is well.
    """

    name: str
    path: str
    url: str
    commit: str = ""
    fault: str = ""


class Expected(NamedTuple):
    """Who must answer when the profile is tried; empty strings are not compared. `federated` is a federated name."""

    account_id: str = ""
    role: str = ""
    federated: str = ""


class Target(NamedTuple):
    """The repository that was asked for. Empty: none, or not told."""

    name: str = ""
    region: str = ""
    account_id: str = ""
    branch: str = ""
    directory: str = ""


NEW = "+"  # a source profile that a nested visit sets up first


MACHINE = "@"  # before a credential_source
