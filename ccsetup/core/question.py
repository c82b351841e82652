"""The definitions of a question and of a kind of access, which other packages use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ccsetup.core.errors import BadAnswer
from ccsetup.core.model import (
    Answers,
    Choice,
    Corrected,
    Expected,
    Keys,
    Later,
    Section,
    Told,
    Unmatched,
    Value,
    Widget,
    as_it_is,
)

if TYPE_CHECKING:
    from ccsetup.core.lookup import Look


def _always(_: Answers) -> bool:
    return True


class Question(NamedTuple):
    """A question. The wizard's engine decides whether and how to ask it.

    `key` is the flag's name with underscores. `parse` turns typed text into the answer, raises BadAnswer, or returns
    Corrected. `about` explains the question's term in two sentences, with an example. `choices` may look things up and
    raise Problem; then the question is asked as text with the Problem's message above it. `known` is an answer that
    needs no prompt (it can be changed at the review). `default` is offered, and used if the user can't be asked. Both
    may return None. `settle` checks the answer with all earlier ones: it returns the answer to use instead, or None,
    and raises Problem to have the question asked again. `reads` describes a text pasted into a list in a few words, ""
    if it isn't recognized, and `unmatched` says what to do with a text that matches nothing in the list. `optional`
    accepts an empty answer, `free` a typed answer to a list. An answer that works `once` isn't offered again. `later`
    returns a function that finds further choices while the prompt is shown. `own`: what a team file or a paste gives,
    for example a file, is only used if the user confirms it. `why` says why it is asked, "" if that needs no words.
    `shows` says which texts of a secret question are no secret, for example a file path. `ahead` starts, before the
    question is shown, what a later list needs from AWS, so that it comes in while the user reads and answers.
    """

    key: str
    ask: str
    widget: Widget = "text"
    help: str = ""
    about: str = ""
    choices: Callable[[Answers, Look], Sequence[Choice]] | None = None
    known: Callable[[Answers, Look], str | None] | None = None
    default: Callable[[Answers, Look], str | None] | None = None
    parse: Callable[[str], str | Corrected] = as_it_is
    when: Callable[[Answers], bool] = _always
    settle: Callable[[Value, Answers, Look], Value | Corrected | Told | None] | None = None
    reads: Callable[[str], str] | None = None
    unmatched: Callable[[str], Unmatched] | None = None
    why: Callable[[Answers, Look], str] | None = None
    shows: Callable[[str], bool] | None = None
    ahead: Callable[[Answers, Look], None] | None = None
    optional: bool = False
    later: Callable[[Look], Callable[[], Later] | None] | None = None
    free: bool = False
    once: bool = False
    own: bool = False
    flag: str = ""  # the flag that answers it, if it isn't --key-with-hyphens; "-" for none
    also: tuple[tuple[str, str], ...] = ()  # further flags, and the prefix that each adds to its value
    title: str = ""  # its name in the review
    unasked: str = ""  # what to do if the user can't be asked

    @property
    def flag_name(self) -> str:
        """The flag that answers this question, "" if there is none."""
        return {"": "--" + self.key.replace("_", "-"), "-": ""}.get(self.flag, self.flag)


class Access(NamedTuple):
    """One kind of access, defined in its own file. The menu, flags, plan and tests use this value.

    `sections` turns its answers, and the credentials from `obtain`, into the sections to write. `keys` are the
    credential settings in either file; they are removed if the profile becomes another kind. `again` turns a stored
    profile back into answers: from its name and its merged settings, including those of its sso-session, it returns
    every answer by question key, except those that must be new (a code, credentials, an assertion, a token).
    """

    name: str
    label: str
    hint: str
    questions: tuple[Question, ...]
    keys: frozenset[str]
    renew: str
    sections: Callable[[Answers, Keys | None], tuple[Section, ...]]
    expects: Callable[[Answers], Expected]
    obtain: Callable[[Answers, Look], Keys | None] | None = None
    as_source: tuple[str, str] | None = None  # its label and hint in the menu for a source profile
    sources: tuple[str, ...] = ()  # the kinds that a new source profile can have
    suggest: Callable[[Answers], str] = lambda _: ""  # a name for the profile
    again: Callable[[str, Mapping[str, str]], Mapping[str, str]] = lambda name, there: {"profile": name}


class Which(BadAnswer):
    """An answer with several readings: the question `ask`, and each choice with its answer (none: ask for text)."""

    def __init__(self, what: str, ask: str, ways: Sequence[tuple[Choice, Told]] = (), *, next: str = "") -> None:
        super().__init__(what, next=next)
        self.ask = ask
        self.ways = {choice.value: told for choice, told in ways}
        self.choices = tuple(choice for choice, _ in ways)
