"""The team file: answers and repositories that an administrator sends to developers. It is untrusted input.

It contains no secrets, no programs, and no paths outside the current folder. Every error has its line, its path in
the file and a correct example. "Team files" in the README describes the format; version 1 stays readable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, cast
from unicodedata import normalize

from ccsetup import access
from ccsetup.access.paste import Reading
from ccsetup.core.errors import BadAnswer, Problem
from ccsetup.core.model import MACHINE, Answers, Corrected
from ccsetup.core.text import did_you_mean, inert
from ccsetup.team import profiles, rules, ways
from ccsetup.team import rules as team_rules
from ccsetup.team.contents import Entry, Place, Team
from ccsetup.team.lines import Fault, Lines, Path, lines_of, spelled

__all__ = ["Entry", "Place", "Team"]  # what `read` returns

MOST_BYTES = 256 * 1024
MOST = {"access": 50, "repositories": 500}
SPEC = """
version = string
name = string
note = string(default="")
[access]
[[__many__]]
kind = string
label = string(default="")
__many__ = string
[repositories]
[[__many__]]
directory = string(default="")
branch = string(default="")
region = string(default="")
via = string(default="")
helper = string(default="")
access = string(default="")
repository = string(default="")
submodules = string(default="yes")
"""
_MISSING = {
    "version": "The version is missing. The first line must be version = 1.",
    "name": "The name is missing. Add the team name, for example, name = Acme platform.",
    "kind": f"The kind is missing. Add one of: {', '.join(kind.name for kind in access.KINDS)} (for example,"
    " kind = sso).",
}
_TWICE = "This key or section appears twice. Remove one of them."
_SHAPE = "Use the sections [access] and [repositories], each with [[NAME]] sections, and lines like key = value."


Sections = Sequence[tuple[str, Mapping[str, str]]]


class TeamFile(NamedTuple):
    """A team file that was read, and the corrections made to it, each with its line."""

    team: Team
    mended: tuple[Fault, ...] = ()


class Refused(Problem):
    """A team file with errors: the message describes the first one, `faults` holds all of them."""

    def __init__(self, *faults: Fault) -> None:
        more = len(faults) - 1
        also = f" There {'is 1 more error' if more == 1 else f'are {more} more errors'}." if more else ""
        super().__init__(
            f"In the team file, {faults[0]}{also}" if faults[0].line or faults[0].path else f"{faults[0]}{also}",
            why="Nothing was written.",
            next="Correct the file, or ask the person who sent it to you. To list all errors: ccsetup team check FILE",
            code="input.invalid",
        )
        self.faults = faults


def decoded(content: bytes) -> str:
    """Return a team file's text. Raises Refused if it can't be one: too large, not text, or a web page."""
    if len(content) > MOST_BYTES:
        raise _alone(f"The team file is too large. The maximum is {MOST_BYTES // 1024} KiB.")
    try:
        text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        raise _alone("That's not a team file. A team file is UTF-8 text that starts with version = 1.") from None
    if text.lstrip()[:1] == "<":
        raise _alone("That's a web page, perhaps a sign-in page, not a team file. A team file starts with version = 1.")
    return text


def _parts(place: Place) -> tuple[str, ...]:
    """Return a folder's names as compared by file systems that ignore case and normalize accents."""
    return tuple(normalize("NFKC", place.folder.casefold()).split("/"))


def _alone(says: str) -> Refused:
    return Refused(Fault(0, (), says))


def read(text: str) -> TeamFile:
    """Read a team file's text. Raises Refused with all errors, in line order."""
    if len(text) > MOST_BYTES:
        raise _alone(f"The team file is too large. The maximum is {MOST_BYTES // 1024} KiB.")
    lines = lines_of(text)
    reader = _Reader(lines)
    tree = reader.tree()
    found = reader.team(tree) if tree is not None else None
    if not any(path[0] in ("version", "name", "access") for path in lines.places):
        reader.faults.insert(0, Fault(0, (), "That's not a team file. A team file starts with version = 1."))
    if found is None or reader.faults:
        other = [fault for fault in reader.faults if fault.path == ("version",) and fault.line]
        raise Refused(*sorted(other or reader.faults, key=lambda fault: fault.line))
    return TeamFile(found, tuple(reader.mended))


class _Reader:
    """Reads one file and collects its errors, so that all of them can be shown at once."""

    def __init__(self, lines: Lines) -> None:
        self._lines, self.faults = lines, lines.faults
        self.mended: list[Fault] = []

    def tree(self) -> Mapping[str, Any] | None:
        """Have ConfigObj read the lines and validate them against SPEC; None if they can't be parsed."""
        from configobj import ConfigObj, ConfigObjError, DuplicateError, flatten_errors, get_extra_values
        from configobj.validate import Validator

        try:
            tree = ConfigObj(self._lines.plain, configspec=SPEC.splitlines(), interpolation=False)
        except ConfigObjError as wrong:
            for error in getattr(wrong, "errors", [wrong]):
                says = _TWICE if isinstance(error, DuplicateError) else _SHAPE
                self.faults.append(Fault(error.line_number, self._lines.paths.get(error.line_number, ()), says))
            return None
        for sections, key, error in flatten_errors(tree, tree.validate(Validator(), preserve_errors=True)):
            path, missing = (*sections, key or ""), not error and key in _MISSING
            if not missing or path not in self._lines.places:  # an unreadable value is already reported
                self._fault(path, _MISSING[path[-1]] if missing else _SHAPE)
        for sections, key in get_extra_values(tree):
            self._extra(tree, sections, key)
        return cast("Mapping[str, Any]", tree)

    def team(self, tree: Mapping[str, Any]) -> Team:
        """Return a tree's contents, which are valid only if no error was found."""
        version = self._value((), "version", tree, team_rules.version)
        name = self._value((), "name", tree, team_rules.words(team_rules.LINE))
        note = self._value((), "note", tree, team_rules.words(400))
        told = self._sections(tree, "access")
        entries = [self._entry(one, each) for one, each in told]
        sections = self._sections(tree, "repositories")
        places = [self._place(one, each, [name for name, _ in told]) for one, each in sections]
        places = self._with_listed(places, told)
        if version == "1":
            self._refuse_newer(told, sections)
        for entry, key, says in profiles.faults(entries):
            self._fault(("access", entry.name, key), says)
        self._apart(places)
        if not told:
            self.faults.append(
                Fault(
                    0,
                    (),
                    "The file has no access section. Add [access], then [[default]] with kind = sso, for example.",
                )
            )
        return Team(name, tuple(sorted(entries, key=_default_first)), tuple(places), note, version or "1")

    def _sections(self, tree: Mapping[str, Any], name: str) -> list[tuple[str, Mapping[str, str]]]:
        sections = tree.get(name)
        found = [it for it in sections.items() if isinstance(it[1], Mapping)] if isinstance(sections, Mapping) else []
        if len(found) > MOST[name]:
            self._fault((name, ""), f"There are {len(found)} sections here. The maximum is {MOST[name]}.")
            return []
        return found

    def _entry(self, name: str, told: Mapping[str, str]) -> Entry:
        at = ("access", name)
        self._try((*at, ""), lambda: team_rules.name(name))
        label = self._value(at, "label", told, team_rules.words(team_rules.LINE))
        kind = self._value(at, "kind", told, team_rules.kind)
        answers: dict[str, str] = {}
        known = team_rules.keys(access.of(kind)) if kind else {}
        for key, text in told.items() if kind else ():
            if key in ("label", "kind", "repositories") or not isinstance(text, str):
                continue
            if key not in known:
                self._fault((*at, key), team_rules.refusal(key, tuple(known), kind))
            elif known[key].question.key in answers:
                self._fault((*at, key), "You can't use source_profile and credential_source together. Remove one.")
            else:
                check: Callable[[str], str | Corrected] = partial(team_rules.answer, known[key], key)
                if key == "profile" and rules.is_pattern(text):
                    check = partial(rules.pattern, access.of(kind))
                answers[known[key].question.key] = self._value(at, key, told, check, empty=True)
        if called := rules.filled(answers.get("profile", ""), answers):
            answers["profile"] = called
        return Entry(name, label or (access.of(kind).label if kind else ""), kind, answers)

    def _place(self, name: str, told: Mapping[str, str], entries: list[str]) -> Place:
        at = ("repositories", name)
        self._try((*at, ""), lambda: team_rules.repository(name))
        values = {key: self._value(at, key, told, check) for key, check in team_rules.OF_REPOSITORY.items()}
        if not values["directory"]:
            self._try((*at, "directory"), lambda: team_rules.own_folder(name))
        if {*team_rules.listed(values["access"])} - {*entries}:
            self._fault((*at, "access"), f"This access doesn't exist. Available: {', '.join(entries)}.")
            values["access"] = ""
        return Place(name, **{**values, "submodules": values["submodules"] or "yes"})

    def _with_listed(self, places: Sequence[Place], told: Sections) -> list[Place]:
        """Return the repositories with the accesses that list them, and those that are only listed."""
        found = {place.name: place for place in places}
        own = list(found)
        for entry, each in told:
            text = each.get("repositories")
            for name in team_rules.listed(text) if isinstance(text, str) else ():
                at = ("access", entry, "repositories")
                if name not in found:
                    if hint := did_you_mean(name, own, 1):
                        self._fault(at, f"There is no section [[{inert(name)}]] in [repositories]. {hint}")
                        continue
                    checks = (team_rules.repository, team_rules.own_folder)
                    if not all(self._try(at, partial(check, name)) for check in checks):
                        continue
                there = found.get(name) or Place(name)
                names = dict.fromkeys((*there.accesses, entry))
                found[name] = there._replace(access=", ".join(names))
        if len(found) > MOST["repositories"]:
            self._fault(("repositories", ""), f"The maximum is {MOST['repositories']} repositories.")
        return list(found.values())

    def _refuse_newer(self, told: Sections, places: Sections) -> None:
        """Refuse what earlier versions of ccsetup can't read in a file with version 1."""
        newer = [("access", one, "repositories") for one, each in told if "repositories" in each]
        for one, each in places:
            newer += [("repositories", one, "repository")] if each.get("repository") else []
            newer += [("repositories", one, "access")] if "," in each.get("access", "") else []
        for path in newer:
            self._fault(path, "A file with version = 1 can't have this. Change the first line to version = 2.")

    def _apart(self, places: Sequence[Place]) -> None:
        """Refuse folders that are equal or inside one another: links in one clone could redirect the next one."""
        taken: dict[tuple[str, ...], str] = {}
        for place in places:
            parts = _parts(place)
            taken.setdefault(parts, place.name)
        for place in places:
            parts = _parts(place)
            above = (taken.get(parts[:depth], place.name) for depth in range(1, len(parts) + 1))
            if other := next((it for it in above if it != place.name), ""):
                says = f"This folder is the folder for {other}, or inside it. Use a name like {place.name}-2."
                self._fault(("repositories", place.name, "directory"), says)

    def _value(
        self, at: Path, key: str, told: Mapping[str, Any], check: Callable[[str], str | Corrected], empty: bool = False
    ) -> str:
        """Return a checked value; "" if it is missing or refused."""
        text = told.get(key)
        if text == "" and key in _MISSING:
            self._fault((*at, key), _MISSING[key])
        return self._try((*at, key), lambda: check(text)) if isinstance(text, str) and (text or empty) else ""

    def _try(self, path: Path, check: Callable[[], str | Corrected]) -> str:
        try:
            value = check()
        except BadAnswer as wrong:
            self._fault(path, " ".join(part for part in (wrong.what, wrong.next) if part))
            return ""
        if isinstance(value, Corrected):
            self.mended.append(Fault(self._line(path), path, value.said))
            return value.value
        return value

    def _extra(self, tree: Mapping[str, Any], sections: Path, key: str) -> None:
        """Report an unknown key or section."""
        within = tree
        for name in sections:
            within = within[name]
        path = (*sections, key)
        if isinstance(within[key], Mapping) or sections in (("access",), ("repositories",)):
            hint = did_you_mean(key, ("access", "repositories"), 1) if not sections else ""
            self._fault((*path, ""), f'Unknown section "{key}". {hint}' if hint else _SHAPE)
        else:
            known = ("version", "name", "note") if not sections else tuple(team_rules.OF_REPOSITORY)
            self._fault(path, team_rules.refusal(key, known))

    def _fault(self, path: Path, says: str) -> None:
        self.faults.append(Fault(self._line(path), path, says))

    def _line(self, path: Path) -> int:
        """Return the line of a path, or of the section that contains it."""
        return self._lines.places.get(path) or self._lines.places.get((*path[:-1], ""), 0)


def text(team: Team) -> str:
    """Return the text of a team file. Raises BadAnswer or Refused if a team file can't express it."""
    newer = any(place.repository or len(place.accesses) > 1 for place in team.repositories)
    version = "2" if newer else team.version
    team = team._replace(entries=tuple(sorted(team.entries, key=_default_first)), version=version)
    lines = [f"version = {version}", *_settings({"name": team.name, "note": team.note}), "", "[access]"]
    for entry in team.entries:
        answers = dict(_named(entry.kind, question, value) for question, value in entry.answers.items())
        lines += [f"  [[{entry.name}]]", *_settings({"label": entry.label, "kind": entry.kind}, "  ")]
        lines += [f"  {key} = {spelled(value)}".rstrip() for key, value in answers.items()]
    lines += ["", "[repositories]"] if team.repositories else []
    for place in team.repositories:
        told = place._asdict()
        lines.append(f"  [[{told.pop('name')}]]")
        lines += _settings({key: value for key, value in told.items() if (key, value) != ("submodules", "yes")}, "  ")
    written = "\n".join(lines) + "\n"
    if read(written).team != team:
        raise BadAnswer(
            "This value can't be in a team file. A value must be on one line, without leading or trailing spaces."
        )
    return written


def _default_first(entry: Entry) -> bool:
    return entry.name != "default"


def _settings(settings: Mapping[str, str], indent: str = "") -> Iterator[str]:
    yield from (f"{indent}{key} = {spelled(value)}" for key, value in settings.items() if value)


def _named(kind: str, question: str, value: str) -> tuple[str, str]:
    """Return the key and value of an answer in the file."""
    keys = [key for key, place in team_rules.keys(access.of(kind)).items() if place.question.key == question]
    key = next((key for key in reversed(keys) if key != "credential_source" or value.startswith(MACHINE)), "")
    if not key:
        raise BadAnswer(f"A team file can't contain {question}. Each developer is asked for one.")
    return key, value.removeprefix(MACHINE)


def readings(text: str) -> tuple[Reading, ...]:
    """Return the ways to read a pasted team file; empty if the text isn't a team file."""
    try:
        found = read(text).team
    except Refused:
        return ()
    return tuple(_reading(found, entry) for entry in ways.offered(found) or found.entries)


def _reading(found: Team, entry: Entry) -> Reading:
    by = ways.reached(found, entry, found.repositories)
    place = next((it for it in found.repositories if by.get(it.name) == entry.name), None)
    first = {"repo": place.repo, "branch": place.branch, "directory": place.directory} if place else {}
    region = {"region": place.region} if place and place.region else {}
    told = {**entry.answers, **{key: value for key, value in first.items() if value}, **region}
    if rules.is_pattern(told.get("profile", "")):
        del told["profile"]
    more = len(found.repositories) - 1
    said = (
        (f"The team file lists {more + 1} repositories. To clone all of them: ccsetup --team FILE",) if more > 0 else ()
    )
    return Reading(
        entry.kind, Answers(told), (f"the team file of {found.name}", entry.label), said, entry.label, entry.kind
    )
