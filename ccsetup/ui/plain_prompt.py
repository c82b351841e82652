"""Asks questions in plain lines, for TERM=dumb and screen readers: numbered choices, `b` goes back.

It also decides what counts as an answer, for both kinds of prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from ccsetup.core.echo import Echo
from ccsetup.core.errors import BadAnswer
from ccsetup.core.model import BACK, Asked, Back, Corrected, Secret
from ccsetup.core.redact import shown
from ccsetup.core.text import MASK, inert
from ccsetup.ui.filter_list import ALL, Entry, Pick

SOME = 20  # how many entries of a list are shown at once

Say = Callable[[str], None]
Read = Callable[[str, bool], str]  # from the text before the cursor and whether typing is hidden to one line


class Answered(NamedTuple):
    """An accepted answer: its value, its text in the line that remains, and a message about it."""

    value: str | Secret
    shown: str
    said: str = ""


def accepted(asked: Asked, typed: str, echo: Echo, label: str = "") -> Answered:
    """Return the answer for a typed text or a chosen value (with its label). Raises BadAnswer."""
    about = Secret(typed) if asked.widget == "secret" else typed
    try:
        parsed = asked.parse(typed)
    except BadAnswer as bad:
        raise BadAnswer(echo(bad.what, about), next=echo(bad.next, about)) from None
    value, said = (parsed.value, echo(parsed.said, about)) if isinstance(parsed, Corrected) else (parsed, "")
    if not value and not asked.optional and asked.widget != "choose":
        raise BadAnswer("An answer is required.")
    if asked.widget == "secret":
        shown = echo.brief(typed) if asked.shows and asked.shows(typed) else MASK
        return Answered(Secret(value), shown if value else "", said)
    if asked.widget == "confirm":
        label = value.capitalize()
    return Answered(value, label or echo.brief(value), said)


def conversation(asked: Asked, say: Say, read: Read, echo: Echo) -> Answered | Back:
    """Ask until there is an answer. `read` raises at the end of input."""
    help_ = asked.help.replace("press ↓ to choose", "type a number")  # no entry is selected in plain lines
    for mark, text in (("! ", asked.notice), ("? ", asked.ask), ("  ", help_)):
        if text:
            say(mark + shown(text))
    default = asked.typed or asked.default
    listed = (asked.choices, echo, default, asked.free, asked.reads, asked.unmatched)
    pick = Pick(*listed) if asked.widget == "choose" else None
    while True:
        for line in _listed(pick) if pick else ():
            say(line)
        typed = "\n".join(map(inert, read(_before(asked, pick, echo), asked.widget == "secret").split("\n"))).strip()
        if typed == "b" and asked.can_go_back:
            return BACK
        if typed == "?" and asked.about:
            say("  " + shown(asked.about))
            continue
        try:
            if answer := _answer(asked, typed, pick, say, echo):
                return answer
        except BadAnswer as bad:
            say("! " + shown(" ".join(filter(None, (bad.what, bad.next)))))


def _listed(pick: Pick) -> Iterator[str]:
    for number, entry in enumerate(pick.shown[:SOME], 1):
        hint = entry.hint.replace("press Enter", "type its number")
        yield f"  {number}) {entry.label}" + (f"  - {hint}" if hint else "")
    if len(pick.shown) > SOME:
        yield f"  {len(pick.shown) - SOME:,} more, type to filter"


def _before(asked: Asked, pick: Pick | None, echo: Echo) -> str:
    hints = ["number or text"] if pick else ["y or n"] if asked.widget == "confirm" else []
    hints += ["?: help"] if asked.about else []
    hints += ["b: back"] if asked.can_go_back else []
    default = echo.brief(asked.typed or asked.default)
    if asked.widget == "secret":
        default = MASK if default else ""
    elif asked.widget == "confirm":
        default = default or "yes"
    elif pick and default and (entry := pick.current()):
        default = entry.label
    return "  " + (f"({', '.join(hints)}) " if hints else "") + (f"[{default}] " if default else "")


def _answer(asked: Asked, typed: str, pick: Pick | None, say: Say, echo: Echo) -> Answered | None:
    if not pick:
        yes_no = {"y": "yes", "n": "no", "": "yes"} if asked.widget == "confirm" else {}
        typed = typed or asked.typed or asked.default
        answer = accepted(asked, yes_no.get(typed.lower(), typed), echo)
        if asked.shows and asked.shows(typed):
            say("  " + answer.shown)
        return answer
    entry = _chosen(pick, typed, bool(asked.typed or asked.default), say, echo)
    return accepted(asked, entry.choice.value, echo, entry.label if entry.own else "") if entry else None


def _chosen(pick: Pick, typed: str, has_default: bool, say: Say, echo: Echo) -> Entry | None:
    if not typed:
        if has_default or len(pick.shown) == 1:
            return pick.current()
        say("! Type the number of an entry, or a part of its text.")
        return None
    if typed.isdecimal() and 0 < int(typed) <= min(len(pick.shown), SOME):
        entry = pick.shown[int(typed) - 1]
        if entry.choice is ALL:
            pick.narrow("")
            return None
        return entry
    pick.narrow(typed)
    if pick.said:
        say(f"! {pick.said}")
        if len(pick.shown) == 1:
            pick.narrow("")
        return None
    if (not pick.shown[0].own and len(pick.shown) == 1) or pick.shown[0].choice.value == typed:
        return pick.shown[0]
    return next((e for e in pick.shown if e.own and typed in (e.choice.value, e.label)), None)
