"""Lists the questions in order. The first one takes a kind of access, or anything that the user was sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ccsetup.access import KINDS, asked_by, machine, of
from ccsetup.access.questions import REPO, of_source, shared
from ccsetup.core import validate
from ccsetup.core.errors import BadAnswer
from ccsetup.core.lookup import Look
from ccsetup.core.model import NEW, Answers, Choice, Secret, Told, Unmatched, Value
from ccsetup.core.question import Access, Question, Which
from ccsetup.core.text import MASK
from ccsetup.git import address
from ccsetup.wizard.engine import nested

if TYPE_CHECKING:
    from datetime import datetime

    from ccsetup.access.paste import Reading

PASTE = Choice("paste", "Paste a message, URL, ARN, access keys, profile text …")
ABOUT = (
    "What you were given decides how you sign in. For example, a start URL means single sign-on, and a role ARN means a"
    " role in another account."
)
ABOUT_SOURCE = (
    "The source profile has the credentials that the new profile starts from. For example, use an access key if you are"
    " an IAM user, or single sign-on if you have a start URL."
)
_LONGEST_NAME = 100  # of a repository, in characters
FIND = "find"  # not a kind: find a profile that can read the repository
FIX = "fix"  # not a kind: repair what is broken first


def questions(answers: Answers) -> tuple[Question, ...]:
    """Return, in order, every question that follows from the answers so far."""
    name = answers.text("kind")
    if not name:
        return (_kind(),)
    if name == FIX:
        return (_kind(),)
    if name == FIND:
        return (_kind(), REPO._replace(choices=None, why=None, known=None, settle=None))
    access = of(name)
    return (_kind(), *_of_kind(access, answers), *shared(access))


def _of_kind(access: Access, answers: Answers) -> tuple[Question, ...]:
    questions: list[Question] = []
    for question in access.questions:
        questions.append(question)
        if question.key == "source_profile" and answers.text("source_profile") == NEW:
            questions += nested("source.", _visit(access, answers.under("source.")))
    return tuple(questions)


def _visit(access: Access, answers: Answers) -> tuple[Question, ...]:
    kind = _kind(access.sources)
    if not answers.text("kind"):
        return (kind,)
    inner = of(answers.text("kind"))
    return (kind, *of_source(inner, _of_kind(inner, answers)))


# The first question


def _kind(names: Sequence[str] = ()) -> Question:
    offered = [access for access in KINDS if not names or access.name in names]

    def choices(answers: Answers, look: Look) -> list[Choice]:
        there = [
            Choice(a.name, a.label, a.hint) if not names else Choice(a.name, *(a.as_source or (a.label, a.hint)))
            for a in offered
            if a.name != "existing" or look.profiles
        ]
        find = Choice(FIND, "I only have a repository name", "find a profile that can read it")
        return [*([] if names else [PASTE]), *there, *([find] if look.profiles and not names else [])]

    return Question(
        "kind",
        "What were you given?" if not names else "How does the source profile sign in?",
        widget="choose",
        help="Paste it here, or press ↓ to choose." if not names else "Choose the closest match.",
        about=ABOUT_SOURCE if names else ABOUT,
        choices=choices,
        known=lambda answers, look: names[0] if len(names) == 1 else None,
        parse=_kind_or_paste,
        settle=None if names else _settle_kind,
        reads=None if names else _recognized,
        unmatched=None if names else _unrecognized,
        later=None if names else lambda look: look.later,
        flag="KIND",
        title="Access",
    )


def _kind_or_paste(text: str) -> str:
    name = validate.tidy(text).lower()
    if name in (FIND, FIX, PASTE.value) or any(name == access.name for access in KINDS):
        return name
    if readings(text):
        return text
    from ccsetup.access import paste

    if other := paste.use_of_others(text):
        raise BadAnswer(other)
    raise BadAnswer(
        "No AWS access details were found in that text. Paste a start URL, a role ARN, access keys, or a repository"
        f" address, or choose a kind of access, for example, {KINDS[0].name}."
    )


def readings(text: str, now: datetime | None = None) -> Sequence[Reading]:
    """Return the ways to read a message, each with valid answers. `now` tells which credentials have expired."""
    from ccsetup.access import paste

    if "[access]" in text:
        from ccsetup.team import file

        if found := file.readings(text):
            return found
    return paste.readings(text, _takers, now)


def _takers(kind: str) -> Mapping[str, Question]:
    asked = {question.key: question for question in asked_by(of(kind or "keys"))}
    common = ("region", "profile", "repo", "branch", "directory")
    return asked if kind else {key: question for key, question in asked.items() if key in common}


def _recognized(text: str) -> str:
    """Describe a text that was pasted into the menu."""
    found = readings(text)
    return ", ".join(found[0].found) if found else ""


def _unrecognized(text: str) -> Unmatched:
    """Say what was looked for in a text, and offer to look for a repository of that name."""
    from ccsetup.access import paste

    if other := paste.use_of_others(text):
        return Unmatched(other)
    said = "I couldn't find a start URL, an ARN, access keys, a token, or a repository in that."
    name = f"repository: {text}"
    is_name = " " not in text and len(text) <= _LONGEST_NAME and not paste.secrets(text) and readings(name)
    return Unmatched(said, (Choice(name, f'Find the repository "{text}"'),) if is_name else ())


def _settle_kind(value: Value, answers: Answers, look: Look) -> Told | None:
    """Return a kind as it is; read a paste, and ask which reading is right if there are several."""
    text = str(value)
    if text == PASTE.value:
        raise Which("Nothing was pasted.", "Paste it here, then press Enter", next="Access keys and tokens are hidden.")
    if text == machine.ACCESS.name and not look.alone and not {"role_arn", "source_profile"} & look.told.keys():
        machine.role_here(look)
    if text in (FIND, FIX) or any(text == access.name for access in KINDS):
        return None
    ways = [(Choice(f"{i}", reading.label, reading.hint), _told(reading)) for i, reading in enumerate(readings(text))]
    first = ways[0][1]
    if not first.value:
        _refuse_others(text, first)
        return _with_nothing_but_a_repository(first, look)
    if len(ways) == 1:
        return first
    both = " or ".join(choice.label for choice, _ in ways)
    raise Which(
        f"That text can mean {len(ways)} different things: {both}.",
        "Which one is right?",
        ways,
        next="Also specify the kind of access.",
    )


def _told(reading: Reading) -> Told:
    return Told(reading.kind, reading.said, reading.answers, table(reading))


def table(reading: Reading) -> tuple[tuple[str, str], ...]:
    """Return what a message contains, with the names of the questions that it answers, in their order.

    Values that the user still has to confirm are left out, since their question shows them.
    """
    from ccsetup.access.paste.echo import echo

    asked = {**_takers(reading.kind), **{f"source.{key}": it for key, it in _takers("keys").items()}}
    told = {key: value for key, value in reading.answers.items() if value != NEW and not key.endswith(".kind")}
    known = [key for key in asked if key in told and not (asked[key].own and isinstance(told[key], str))]
    return tuple(
        (
            (asked[key].title or asked[key].ask) if key in asked else key.replace("_", " ").capitalize(),
            MASK if isinstance(told[key], Secret) else echo.brief(str(told[key])),
        )
        for key in (*known, *(key for key in told if key not in asked))
    )


def _refuse_others(text: str, told: Told) -> None:
    """Say how to clone with credentials that no profile can have. Raises BadAnswer if the text has some."""
    from ccsetup.access import paste

    named = address.parse(str(told.answers["repo"])) if "repo" in told.answers else None
    region = str(told.answers.get("region", "")) or (named.region if named else "")
    at = address.codecommit_url(named.repository, region) if named else ""
    if other := paste.use_of_others(text, at):
        raise BadAnswer(other)


def _with_nothing_but_a_repository(told: Told, look: Look) -> Told:
    if look.profiles and "repo" in told.answers:
        return told._replace(value=FIND)
    ways = [(Choice(a.name, a.label, a.hint), told._replace(value=a.name)) for a in KINDS if a.name != "existing"]
    raise Which(
        "That text doesn't include any sign-in details.",
        "What kind of access?",
        ways,
        next="Also specify the kind of access.",
    )
