"""Asks the questions, forward and back. Answers to questions that no longer apply never reach the plan."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TypeVar

from ccsetup.access.paste import secrets
from ccsetup.access.paste.echo import echo
from ccsetup.core.command_line import quote
from ccsetup.core.context import Prompt
from ccsetup.core.errors import BadAnswer, Cancelled, Final, Missing, Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import BACK, Answers, Asked, Back, Choice, Corrected, Secret, Told, Value
from ccsetup.core.question import Question, Which
from ccsetup.core.text import inert

T = TypeVar("T")
Flow = Callable[[Answers], Sequence[Question]]


STORED = "--profile"  # answers that are an existing profile's own settings


class Unconfirmed(Missing):
    """A file that a team file or a paste names and that the user hasn't confirmed."""


class Watched(Answers):
    """Answers that record which of them were read."""

    __slots__ = ("_prefix", "seen")

    def __init__(self, answers: Answers, seen: set[str], prefix: str = "") -> None:
        super().__init__(answers)
        self.seen = seen
        self._prefix = prefix

    def __getitem__(self, key: str) -> Value:
        self.seen.add(self._prefix + key)
        return super().__getitem__(key)

    def __iter__(self) -> Iterator[str]:
        self.seen.update(self._prefix + key for key in self._values)
        return super().__iter__()

    def under(self, prefix: str) -> Answers:
        """Return the answers of a new source profile, with reads still recorded."""
        return Watched(Answers(self._values).under(prefix), self.seen, self._prefix + prefix)


@dataclass(frozen=True)
class Trail:
    """The answers so far, which answers each one depends on, and which of them the user was asked for."""

    answers: Answers = field(default_factory=Answers)
    reads: Mapping[str, frozenset[str]] = field(default_factory=dict)
    asked: frozenset[str] = frozenset()

    def plus(self, key: str, value: Value, reads: set[str], asked: bool) -> Trail:
        """Return the trail with one more answer. Changing an answer removes those that depend on it."""
        before = self if self.answers.get(key) in (None, value) else self.without_dependents(key)
        asked_now = before.asked | {key} if asked else before.asked - {key}
        made = {**before.reads, key: frozenset(reads - {key})}
        return replace(before, answers=before.answers.plus(key, value), reads=made, asked=asked_now)

    def mended(self, key: str, value: Value) -> Trail:
        """Return the trail with one answer changed and all others kept."""
        return replace(self, answers=self.answers.plus(key, value))

    def without_dependents(self, key: str) -> Trail:
        """Return the trail without the answers that depend, directly or indirectly, on `key`."""
        gone = {key}
        while more := {k for k, reads in self.reads.items() if reads & gone} - gone:
            gone |= more
        return replace(self, answers=self.answers.minus(*(gone - {key})))

    def pruned(self, flow: Flow) -> Trail:
        """Return the trail in the order of the questions, without answers to questions that no longer apply."""
        answers = self.answers
        while True:
            wanted = Answers([(q.key, answers[q.key]) for q in flow(answers) if q.key in answers and q.when(answers)])
            if len(wanted) == len(answers):
                return replace(self, answers=wanted)
            answers = wanted


class Walk:
    """One conversation: the questions, the answers that are already given, and the prompt that asks for the rest.

    `given` answers, and those from a paste, are used when their question comes up; with `defaults`, so is every
    default. `suggested` answers are the defaults of their questions, which are always asked. Without a prompt, a
    missing answer raises Missing, which names the flags.
    """

    def __init__(
        self,
        flow: Flow,
        look: Look,
        *,
        given: Mapping[str, Value],
        prompt: Prompt | None,
        say: Callable[[str], None],
        defaults: bool = False,
        brought: Mapping[str, Mapping[str, Value]] | None = None,
        suggested: Mapping[str, Value] = MappingProxyType({}),
        show: Callable[[Sequence[tuple[str, str]]], None] = lambda rows: None,
    ) -> None:
        self.flow, self.look, self.given = flow, look, given
        self.suggested = suggested
        self.prompt, self.say, self.show, self.defaults = prompt, say, show, defaults
        self._brought: dict[str, Mapping[str, Value]] = {}  # by the question that was answered with a paste
        self._doubted: set[tuple[str, Value]] = set()  # answers that a later question refused
        self._leaves = ""  # the question from which going back ends the conversation
        for key, answers in (brought or {}).items():
            self._bring(key, answers)

    def run(self, trail: Trail | None = None, again: str = "", notice: str = "") -> Trail:
        """Ask until every question that applies is answered. `again` asks an answered question again, with `notice`.

        Going back from that question returns the trail unchanged.
        """
        trail, self._leaves = trail or Trail(), again
        while question := self._next(trail, again):
            answer = self._answer(question, trail, revisit=bool(again), notice=notice)
            if isinstance(answer, Problem):
                again, notice = answer.about, sentence(answer)
                continue
            if isinstance(answer, Back):
                if question.key == self._leaves:
                    return trail
                again, notice = self._before(question.key, trail) or question.key, ""
                continue
            trail, self._leaves, again, notice = answer.pruned(self.flow), "", "", ""
        return trail

    def open(self, trail: Trail) -> list[Question]:
        """Return the questions that apply and have no answer yet, as far as they are known."""
        answers = trail.answers
        return [q for q in self.flow(answers) if q.key not in answers and q.when(answers)]

    def _next(self, trail: Trail, again: str) -> Question | None:
        if again:
            return next(q for q in self.flow(trail.answers) if q.key == again)
        return next(iter(self.open(trail)), None)

    def _before(self, key: str, trail: Trail) -> str | None:
        keys = [q.key for q in self.flow(trail.answers)]
        earlier = keys[: keys.index(key)]
        return next((k for k in reversed(earlier) if k in trail.asked), None)

    def _answer(self, question: Question, trail: Trail, revisit: bool, notice: str) -> Trail | Back | Problem:
        reads: set[str] = set()
        answers = Watched(trail.answers.minus(question.key), reads)
        question.when(answers)
        if not revisit:
            ready = self._untroubled(question, answers)
            if isinstance(ready, Problem) and ready.about in trail.answers:
                return ready
            if isinstance(ready, Problem):
                notice = sentence(ready)
            elif ready is not None:
                return trail.plus(question.key, ready, reads, asked=False)
        if self.prompt is None:
            raise self._missing(question, trail)
        kept = trail.answers.get(question.key)
        choices, refused = self._choices(question, answers)
        if refused and self._doubts(refused, trail):
            return refused
        if len(choices) == 1 and not question.free and kept is None and not notice:
            return trail.plus(question.key, self._only(question, choices[0], answers), reads, asked=False)
        outcome = self._ask(question, answers, trail, choices, notice or _unlisted(refused))
        if isinstance(outcome, Back):
            return outcome
        return self._told_anew(question.key, outcome, trail).plus(question.key, outcome, reads, asked=True)

    def _doubts(self, refused: Problem, trail: Trail) -> bool:
        """Return whether to ask an earlier question again. If its answer is confirmed, the user goes on with it."""
        if refused.about not in trail.answers:
            return False
        doubt = refused.about, trail.answers[refused.about]
        is_new = doubt not in self._doubted
        self._doubted.add(doubt)
        return is_new

    def _told_anew(self, key: str, value: Value, trail: Trail) -> Trail:
        """Return the trail with the user's answer. A paste in it overrides earlier answers, and it earlier pastes."""
        brought = self._brought.get(key, {})
        by = self._bringer(key)
        if by and self._brought[by][key] != value:
            gone = {key, *trail.answers} - set(trail.without_dependents(key).answers.minus(key))
            self._bring(by, {k: v for k, v in self._brought[by].items() if k not in gone})
        for other, told in brought.items():
            if trail.answers.get(other, told) != told:
                trail = trail.without_dependents(other)
                trail = replace(trail, answers=trail.answers.minus(other))
        return trail

    def _untroubled(self, question: Question, answers: Watched) -> Value | Problem | None:
        """Return the answer that needs no prompt. If it came from a paste and is refused, return why and the question.

        If the question is never asked by itself, that is the question that was answered with the paste.
        """
        try:
            return self._unasked(question, answers)
        except Unconfirmed:
            raise
        except Problem as refused:
            by = self._bringer(question.key)
            if self.prompt is None or not by or question.key in self.given:
                raise
            self._bring(by, {key: value for key, value in self._brought[by].items() if key != question.key})
            refused.about = by if question.known else ""
            return refused

    def _unasked(self, question: Question, answers: Watched) -> Value | None:
        """Return the answer that needs no prompt: given, known, or (without a prompt) the default."""
        by = self._bringer(question.key)
        told = self.given.get(question.key, self._brought[by][question.key] if by else None)
        if self._offered(question):
            if self.prompt is None or self.defaults:
                raise _unconfirmed(question, str(told), by)
            return None
        if told is not None:
            return self._settled(question, self._parsed(question, told), answers)
        suggested = question.key in self.suggested and question.flag != "-"
        ready = question.known(answers, self.look) if question.known and not suggested else None
        if ready is None and (self.defaults or self.prompt is None):
            ready = question.default(answers, self.look) if question.default else None
            ready = "" if ready is None and question.optional else ready
        return None if ready is None else self._settled(question, ready, answers)

    def _offered(self, question: Question) -> str:
        """Return the answer from a paste to a question that the user must confirm, "" if there is none."""
        by = self._bringer(question.key)
        if not question.own or by in (None, STORED) or question.key in self.given:
            return ""
        value = self._brought[by][question.key]
        return "" if isinstance(value, Secret) else value

    def _parsed(self, question: Question, value: Value) -> Value:
        if isinstance(value, Secret) or (not value and question.optional):
            return value
        return self._said(question.parse(value), value)

    def _said(self, value: Value | Corrected, typed: Value) -> Value:
        if isinstance(value, Corrected):
            self.say(echo(value.said, typed))
            return value.value
        return value

    def _settled(self, question: Question, value: Value, answers: Answers) -> Value:
        return self._stands(question, value, question.settle(value, answers, self.look) if question.settle else None)

    def _stands(self, question: Question, value: Value, settled: Value | Corrected | Told | None) -> Value:
        self._bring(question.key, settled.answers if isinstance(settled, Told) else {})
        if isinstance(settled, Told):
            self.show(settled.found)
            for line in settled.said:
                self.say(line)
            return settled.value
        return value if settled is None else self._said(settled, value)

    def _bring(self, key: str, answers: Mapping[str, Value]) -> None:
        """Store the further answers of a paste, replacing those of an earlier answer to the same question."""
        if answers or key in self._brought:
            self._brought = {**{by: more for by, more in self._brought.items() if by != key}, key: answers}
            self.look.told = {k: v for more in (*self._brought.values(), self.given) for k, v in more.items()}

    def _bringer(self, key: str) -> str | None:
        return next((by for by, more in reversed(self._brought.items()) if key in more), None)  # the latest

    def _only(self, question: Question, choice: Choice, answers: Answers) -> Value:
        """Use the only available choice and tell the user, with the question's title if it has one."""
        settled = question.settle(choice.value, answers, self.look) if question.settle else None
        if not isinstance(settled, Corrected):
            self.say(f"{question.title or question.ask}: {choice.label} (the only one available).")
        return self._stands(question, choice.value, settled)

    def _ask(
        self, question: Question, answers: Watched, trail: Trail, choices: tuple[Choice, ...], notice: str
    ) -> Value | Back:
        assert self.prompt is not None  # noqa: S101 — the caller has checked
        kept = trail.answers.get(question.key)
        if question.ahead:
            with suppress(Problem), self.look.ahead():  # a later question will say what is wrong
                question.ahead(trail.answers.minus(question.key), self.look)
        can_go_back = question.key == self._leaves or self._before(question.key, trail) is not None
        while True:
            asked = self._ready(question, answers, choices, kept, notice)
            answer = self.prompt.ask(asked._replace(can_go_back=can_go_back))
            if isinstance(answer, Back):
                return BACK
            try:
                stands = self._meant(question, asked, answer, answers)
                if not isinstance(stands, Back):
                    return stands
            except (Final, Cancelled):
                raise
            except Problem as problem:
                notice = echo(sentence(problem), answer)
                kept = None if isinstance(answer, Secret) or secrets(answer) else answer
                kept = (problem.instead if isinstance(problem, BadAnswer) else "") or kept
                self.look.forget()

    def _meant(self, question: Question, asked: Asked, answer: Value, answers: Answers) -> Value | Back:
        """Return the meaning of an answer. If it has several readings, ask the user which one is right."""
        assert self.prompt is not None  # noqa: S101 — the caller has checked
        try:
            return self._settled(question, answer, answers)
        except Which as which:
            hint = "" if which.choices else which.next  # advice about flags doesn't help above a menu
            asked = asked._replace(ask=which.ask, help=hint, choices=which.choices, notice="", can_go_back=True)
            asked = asked._replace(widget="choose" if which.choices else "text", free=False, default="", unmatched=None)
            meant = self.prompt.ask(asked._replace(parse=_as_typed) if which.choices else asked)
            if isinstance(meant, Back):
                return BACK
            if which.choices:
                return self._stands(question, answer, which.ways[str(meant)])
            return self._meant(question, asked, meant, answers)

    def _choices(self, question: Question, answers: Watched) -> tuple[tuple[Choice, ...], Problem | None]:
        if question.choices is None:
            return (), None
        try:
            return tuple(question.choices(answers, self.look)), None
        except Problem as problem:
            self.look.forget()
            return (), problem

    def _ready(
        self, question: Question, answers: Watched, choices: tuple[Choice, ...], kept: Value | None, notice: str
    ) -> Asked:
        default = kept if isinstance(kept, str) and not question.once else None
        is_typed = question.free or question.widget not in ("choose", "confirm")
        typed = default or "" if notice and is_typed and all(it.value != default for it in choices) else ""
        default = None if typed else default
        offered = self._offered(question)
        if default is None and question.widget != "secret":
            suggested = self.suggested.get(question.key)
            default = offered or (suggested if isinstance(suggested, str) else None) or None
        if default is None and question.default:
            default = question.default(answers, self.look)
        if offered and not notice:
            by = _whose(self._bringer(question.key))
            notice = f"{by} includes {inert(offered)}. Use this value only if you recognize it."
        if question.why and not notice:
            notice = question.why(answers, self.look)
        widget = "text" if question.widget == "choose" and not choices else question.widget
        return Asked(
            key=question.key,
            ask=question.ask,
            widget=widget,
            help=question.help,
            choices=choices,
            default=default or "",
            parse=_optional(question),
            notice=notice,
            free=question.free,
            optional=question.optional,
            reads=question.reads,
            later=question.later(self.look) if question.later else None,
            typed=typed,
            about=question.about,
            unmatched=question.unmatched,
            shows=question.shows,
        )

    def _missing(self, question: Question, trail: Trail) -> Missing:
        needed = [q.flag_name for q in self.open(trail) if q.key != question.key and self._needed(q, trail)]
        asked = question.ask[0].lower() + question.ask[1:].rstrip("?")
        listed = ", ".join([question.flag_name or asked, *needed])
        add = f"Add {question.flag_name}. " if question.flag_name else ""
        return Missing(f"Missing: {listed}.", next=question.unasked or f"{add}{question.help or question.ask}")

    def _needed(self, question: Question, trail: Trail) -> bool:
        if question.optional or not question.flag_name or question.key in self.given or self._bringer(question.key):
            return False
        answers = Answers({**self.given, **trail.answers})  # given answers count even before their question comes up
        try:
            return all(f is None or f(answers, self.look) is None for f in (question.known, question.default))
        except Problem:
            return True


def _whose(by: str | None) -> str:
    return {"--team": "The team file", STORED: "The profile"}.get(by or "", "The pasted text")


def _unconfirmed(question: Question, path: str, by: str | None) -> Unconfirmed:
    """Return the error for a file that can't be confirmed without a terminal. It names the flag to use instead."""
    flag = question.flag_name or "--" + question.key.rpartition(".")[2].replace("_", "-")
    return Unconfirmed(
        f"{_whose(by)} specifies the file {inert(path)}, which only you can confirm.",
        next=f"If this is the right file, specify it yourself: {flag} {inert(quote(path))}",
    )


def _optional(question: Question) -> Callable[[str], str | Corrected]:
    def parse(text: str) -> str | Corrected:
        if question.optional and not text.strip():
            return ""
        if not text.strip() and not question.choices:
            raise BadAnswer(f"An answer is required. {question.help}".strip())
        return question.parse(text)

    return parse


def _as_typed(text: str) -> str:
    return text


def sentence(problem: Problem | None) -> str:
    """Return the line above a question that is asked again, "" if nothing was refused."""
    if problem is None:
        return ""
    return " ".join(part for part in (problem.what, here(problem.next)) if part)


def here(advice: str) -> str:
    """Return the sentences of an advice that help at a question: no flags, and no commands to run instead."""
    sentences = re.split(r"(?<=[.?!]) (?=[A-Z])", advice)
    return " ".join(it for it in sentences if not re.search(r"\bccsetup \w|(?<![\w-])--[a-z]", it))


def _unlisted(refused: Problem | None) -> str:
    """Return why an answer must be typed instead of chosen, without the message to an administrator."""
    return f"{refused.what} Enter an answer, or go back." if refused and refused.letter else sentence(refused)


def nested(prefix: str, questions: Sequence[Question]) -> tuple[Question, ...]:
    """Return the questions for a new source profile: the same ones with a prefix on keys and answers, without flags."""
    return tuple(_under(prefix, question) for question in questions)


def _seen_from(prefix: str, function: Callable[[Answers, Look], T] | None) -> Callable[[Answers, Look], T] | None:
    """Wrap a question's function for a new source profile, so that it sees keys and answers without the prefix."""
    if function is None:
        return None

    def seen(answers: Answers, look: Look) -> T:
        try:
            return function(answers.under(prefix), look)
        except Problem as problem:
            problem.about = problem.about and prefix + problem.about
            raise

    return seen


def _under(prefix: str, question: Question) -> Question:
    own = question.settle

    def settle(value: Value, answers: Answers, look: Look) -> Value | Corrected | Told | None:
        settled = own(value, answers.under(prefix), look) if own else None
        if isinstance(settled, Told):
            return settled._replace(answers={prefix + key: told for key, told in settled.answers.items()})
        return settled

    return question._replace(
        key=prefix + question.key,
        flag="-",
        also=(),
        choices=_seen_from(prefix, question.choices),
        known=_seen_from(prefix, question.known),
        default=_seen_from(prefix, question.default),
        when=lambda answers: question.when(answers.under(prefix)),
        ahead=None,
        settle=settle if own else None,
    )
