"""What a question is, and what a kind of access is: values that the packages above fill in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ccsetup.core.model import Answers, Choice, Corrected, Expected, Keys, Later, Section, Told, Value, Widget, as_it_is

if TYPE_CHECKING:
    from ccsetup.core.lookup import Look


def _always(_: Answers) -> bool:
    return True


class Question(NamedTuple):
    """One thing to ask, as a value: who walks the questions decides whether, how and of whom.

    `key` is the flag's name with underscores. `parse` turns typed text into the answer, raises BadAnswer, or
    returns Corrected. `choices` may look things up and raise Problem: then the question is asked as text, the
    Problem's sentence above it. `known` is an answer that needs no asking (it can be changed at the review).
    `default` is offered, and taken where nobody is asked. Both may return None: there is none. `settle` sees the
    answer with every earlier one at hand, before it stands: it returns what shall stand instead, or None, and raises
    Problem to have the question asked again. `reads` says in a few words what a text pasted beside the list is, ""
    when it is nothing known. `optional` accepts an empty answer, `free` a typed one beside a
    list; one that works `once` is not offered again. `later` returns what looks for further choices beside the prompt.
    `own`: what a team file or a paste names for it, such as a file, is taken only when a person says so.
    """

    key: str
    ask: str
    widget: Widget = "text"
    help: str = ""
    choices: Callable[[Answers, Look], Sequence[Choice]] | None = None
    known: Callable[[Answers, Look], str | None] | None = None
    default: Callable[[Answers, Look], str | None] | None = None
    parse: Callable[[str], str | Corrected] = as_it_is
    when: Callable[[Answers], bool] = _always
    settle: Callable[[Value, Answers, Look], Value | Corrected | Told | None] | None = None
    reads: Callable[[str], str] | None = None
    optional: bool = False
    later: Callable[[Look], Callable[[], Later] | None] | None = None
    free: bool = False
    once: bool = False
    own: bool = False
    flag: str = ""  # the flag that answers it, where it is not --key-with-hyphens; "-" for none
    also: tuple[tuple[str, str], ...] = ()  # further flags, and what each puts before its value
    title: str = ""  # how the review calls it
    unasked: str = ""  # what to do where nobody can be asked

    @property
    def flag_name(self) -> str:
        """The flag that answers this question, "" where there is none."""
        return {"": "--" + self.key.replace("_", "-"), "-": ""}.get(self.flag, self.flag)


class Access(NamedTuple):
    """One kind of access. Its file is all there is to it: menu, flags, plan and tests read this value.

    `sections` turns its answers, and the keys that `obtain` fetched, into what the files shall hold. `keys` are the
    settings that only credentials need, in either file: another kind that takes the profile over removes them.
    `owns` says whether a profile's merged settings are of this kind; the kinds are asked in the SDK's own order of
    precedence (`wins`, low first). `again` turns a stored profile back into
    answers: its name and its merged settings, those of its sso-session included, give every answer by question key
    but what has to be new (a code, keys, an assertion, a token).
    """

    name: str
    label: str
    hint: str
    wins: int
    questions: tuple[Question, ...]
    keys: frozenset[str]
    owns: Callable[[Mapping[str, str]], bool]
    renew: str
    sections: Callable[[Answers, Keys | None], tuple[Section, ...]]
    expects: Callable[[Answers], Expected]
    obtain: Callable[[Answers, Look], Keys | None] | None = None
    as_source: tuple[str, str] | None = None  # its label and hint where it is what another profile starts from
    sources: tuple[str, ...] = ()  # the kinds a source profile may be set up as on the way
    suggest: Callable[[Answers], str] = lambda _: ""  # a name for the profile
    again: Callable[[str, Mapping[str, str]], Mapping[str, str]] = lambda name, there: {"profile": name}
