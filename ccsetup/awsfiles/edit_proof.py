"""Proves that an edit removes only what its plan names, both as SDKs read the file and as it was intended.

`edit.prove` compares what SDKs read. A broken file contains more than they read: below a token there may be an indented
`[prod]` with another profile's keys, which SDKs read as the token's second line. So an edit is compared in the lenient
reading too, and a line is removed only if it belongs to a setting that the plan names in both readings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence

from ccsetup.awsfiles import edit as editing
from ccsetup.awsfiles import headers, ini, lenient, profile_identity
from ccsetup.awsfiles.characters import decoded, plain
from ccsetup.awsfiles.ini import LINE, Setting, count_lines
from ccsetup.awsfiles.misreadings import Reading
from ccsetup.awsfiles.settings import KNOWN, is_setting
from ccsetup.core.context import AwsTexts
from ccsetup.core.errors import Problem
from ccsetup.core.lazy_regex import later
from ccsetup.core.model import Edit, FileName, Plan, Section, Touched

Name = tuple[FileName, str, str]  # a section's file, type and name
Owner = tuple[FileName, str, str, str]  # a section, and a key of it ("" for the header)

_LIKE_HEADER = later(r"\[[^\[\]=]+\]\s*(?:[#;].*)?")


def prove(edit: Edit, plan: Plan, judge: Callable[[str], editing.Parsed] | None = None) -> None:
    """Raise Problem if an edit of an AWS file does anything that its plan doesn't name.

    `judge` parses a text as botocore does. Without it, configparser is used.
    """
    if edit.file is None or edit.before == edit.after:
        return None
    if sections := plan.of(edit):
        editing.prove(edit.before, edit.after, sections, judge)
        return check(edit.before, edit.after, sections, plan.shared)
    before, after = edit.before or "", edit.after or ""
    nothing = Touched(edit.file, frozenset(), frozenset())
    touched = next((it for it in plan.touched if it.file == edit.file), nothing)
    if says := differs(before, after, touched, plan.shared):
        what = f"{edit.path}: {says}, but that isn't part of the change. Nothing was written."
        raise Problem(what, next="Make the change by hand. To list the lines, run: ccsetup doctor", code="internal")
    if not any(document.fault for document in _documents(after, edit.file, plan.shared)):
        (judge or editing.parse)(after)
    return None


def others(plan: Plan, read: Callable[[], AwsTexts]) -> list[str]:
    """Return the profiles that change their identity without being named by the plan. `read` reads the files first."""
    named = {section.name for section in plan.sections if section.type == "profile"} | plan.decided
    if plan.sections and all(section.type == "profile" for section in plan.sections):
        return []  # other sections stay the same
    texts = after = read()
    for edit in plan.edits:
        if edit.file:
            texts, after = _with(texts, edit.file, edit.before), _with(after, edit.file, edit.after)
    return [name for name in profile_identity.others(texts, after) if name not in named]


def decided(names: Sequence[str]) -> Problem:
    """Return the Problem that a person must decide whether these profiles change their identity."""
    one = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
    return Problem(
        f"This would change the identity of {one}: its access key, account, role, or start URL.",
        why="ccsetup can't tell whether this change is right, so it didn't write anything.",
        next="To confirm the change, run the command in a terminal without --yes.",
        code="access.identity",
    )


def _with(texts: AwsTexts, file: FileName, text: str | None) -> AwsTexts:
    if texts.shared:
        return texts._replace(config=text, credentials=text)
    return texts._replace(config=text) if file == "config" else texts._replace(credentials=text)


def parts(edit: Edit) -> tuple[int, str, str]:
    """Return the parts of an edit's texts around their differences, and how many lines come before them.

    Unless these parts mean the same whatever is around them, both whole texts are returned.
    """
    before, after = edit.before or "", edit.after or ""
    start, old, new = editing.window(before, after)
    if edit.file and not any(_reading(it, edit.file, edit.file == "config").oddities for it in (old, new)):
        return count_lines(before[:start]), old, new
    return 0, before, after


def check(before: str | None, after: str | None, sections: Sequence[Section], shared: bool = False) -> None:
    """Raise Problem if writing these sections of one file would remove or change anything else."""
    start, old, new = editing.window(before or "", after or "")
    file = sections[0].file
    if headers.are_ordinary(old, file) and headers.are_ordinary(new, file):
        return  # then the intended meaning is what SDKs read
    line = count_lines((before or "")[:start])
    for section in sections:
        for number, key, code, says in _foreign(old, section, shared):
            why = f"Changing {key} in [{editing.heading(section)}] would remove this line"
            raise _refused(section, line + number, code, says, why)
    was, now = (_meant(text, sections, shared) for text in (old, new))
    if changed := [name for name in {**was, **now} if was.get(name) != now.get(name)]:
        says = f"[{changed[0][2]}] would change, too."
        why = f"Only [{editing.heading(sections[0])}] should change"
        raise _refused(sections[0], line + 1, "section.indented-key", says, why)


def differs(
    before: str, after: str, touched: Touched, shared: bool = False, named: frozenset[str] = frozenset()
) -> str:
    """Return what a repair of lines removes or changes besides the lines it touches, "" for nothing."""
    if lost := _lost(before, after, touched.lines):
        return f"line {lost} would be lost"
    was, now = (
        _documents(_reading(it, touched.file, shared, named).text, touched.file, shared) for it in (before, after)
    )
    read = _documents(before, touched.file, shared), _documents(after, touched.file, shared)
    pairs = [*zip(was, now, strict=True), *((one, other) for one, other in zip(*read, strict=True) if not one.fault)]
    for one, other in pairs:
        if other.fault and not one.fault:
            return other.fault.says
        there, left = _others(one, touched.sections), _others(other, touched.sections)
        if changed := [name for name in {**there, **left} if there.get(name) != left.get(name)]:
            return f"[{changed[0][1]}] would change"
    return ""


def _lost(before: str, after: str, touched: Collection[int]) -> int:
    """Return the number of the first untouched line, from 1, that is missing afterwards, 0 for none.

    Null characters don't count: whether they are UTF-16 depends on the lines around them.
    """
    old, new = ([line.replace("\0", "").strip() for line in LINE.findall(decoded(text))] for text in (before, after))
    gone = Counter(old) - Counter(new)
    gone -= Counter(line for number, line in enumerate(old, 1) if number in touched)
    return next((number for number, line in enumerate(old, 1) if line and gone[line] > 0), 0)


def _others(document: ini.Document, but: Collection[tuple[str, str]]) -> dict[tuple[str, str], list[dict[str, str]]]:
    found: dict[tuple[str, str], list[dict[str, str]]] = {}
    for stanza in document.stanzas:
        if (stanza.type, stanza.name) not in but:
            found.setdefault((stanza.type, stanza.name), []).append(stanza.values)
    return found


def _refused(section: Section, line: int, code: str, says: str, why: str) -> Problem:
    return Problem(
        f"Line {line} of the AWS {section.file} file: {says}",
        why=f"{why}, so nothing was written.",
        next="Repair the file first: ccsetup doctor --fix",
        code=code,
    )


def _foreign(text: str, section: Section, shared: bool) -> Iterator[tuple[int, str, str, str]]:
    """Yield each line of a changed setting that seems to contain something else.

    Each comes with the setting's key, and with a code and a sentence about what it contains.
    """
    there = [it for stanza in ini.read(text, section.file).find(section.type, section.name) for it in stanza.settings]
    wanted = {key: None if it is None else editing.revealed(it) for key, it in section.settings.items()}
    changed = [it for it in there if wanted.get(it.key, it.value) != it.value]
    if not changed:
        return
    lines, reading = LINE.findall(text), _reading(text, section.file, shared)
    owners = {number: owner for it in _documents(reading.text, section.file, shared) for number, owner in _owners(it)}
    for setting in changed:
        mine: Owner = (*section[:3], setting.key)
        for number in setting.lines:
            odd = next((it for it in reading.oddities if it.first <= number <= it.last), None)
            if odd and (odd.key != setting.key or len(odd.ways[0].lines) > odd.last - odd.first + 1):
                yield number, setting.key, odd.code, odd.says
            elif owners.get(number, mine) != mine or _is_something(lines[number - 1], number, setting):
                says = "this line is indented, so it is read as part of the value above it."
                yield number, setting.key, "section.indented-key", says


def _is_something(line: str, number: int, setting: Setting) -> bool:
    """Return whether a line that continues a value looks like a header or a setting."""
    if number == setting.lines[0]:
        return False
    bare = plain(line.strip())
    key = bare.partition("=")[0].strip().lower()
    return bool(_LIKE_HEADER.fullmatch(bare)) or (is_setting(bare) and key in KNOWN)


def _reading(text: str, file: FileName, shared: bool, named: frozenset[str] = frozenset()) -> Reading:
    return lenient.read(text, "config" if shared else file, named, shared)


def _documents(text: str, file: FileName, shared: bool) -> list[ini.Document]:
    files: tuple[FileName, ...] = ("config", "credentials") if shared else (file,)
    return [ini.read(text, it, shared) for it in files]


def _owners(document: ini.Document) -> Iterator[tuple[int, Owner]]:
    """Yield each line that isn't blank or a comment, and what it belongs to."""
    for stanza in document.stanzas:
        yield stanza.line, (document.file, stanza.type, stanza.name, "")
        for setting in stanza.settings:
            owner = (document.file, stanza.type, stanza.name, setting.key)
            yield from ((number, owner) for number in setting.lines)


def _meant(text: str, but: Sequence[Section], shared: bool) -> dict[Name, list[dict[str, str]]]:
    """Return the intended contents of all other sections, leaving out those with a misspelled header of these."""
    ours: set[Name] = {section[:3] for section in but}
    found: dict[Name, list[dict[str, str]]] = {}
    for document in _documents(_reading(text, but[0].file, shared).text, but[0].file, shared):
        for stanza in document.stanzas:
            likely = ini.logical(headers.meant(stanza.header, document.file, ()).header, document.file)
            names: list[Name] = [(document.file, stanza.type, stanza.name), (document.file, *likely)]
            if ours.isdisjoint(names):
                found.setdefault(names[0], []).append(stanza.values)
    return found
