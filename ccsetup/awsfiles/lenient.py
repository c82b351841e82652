"""Finds out what a broken AWS file was intended to say, line by line, and how to correct it.

The result has as many lines as the text, so that line numbers stay the same. If a line can be read in several ways, the
most likely one is used. Only lines with a single reading are repaired without asking.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Literal

from ccsetup.awsfiles import file_format, headers, ini, nested_blocks
from ccsetup.awsfiles.characters import decoded, plain
from ccsetup.awsfiles.ini import LINE
from ccsetup.awsfiles.misreadings import (
    Oddity,
    Reading,
    Way,
    before_any,
    behind,
    comment,
    commented,
    conflict,
    leftover,
)
from ccsetup.awsfiles.section_lines import (
    LIKE_HEADER,
    SETTING,
    after_block,
    deeper,
    depth,
    key_of,
    keys_above,
    keys_around,
    keys_below,
)
from ccsetup.awsfiles.settings import (
    BLOCKS,
    FREE,
    KNOWN,
    NESTED,
    SHELL,
    STRICT,
    TOKEN,
    TOKENS,
    VARIABLES,
    begins,
    goes_on,
    is_setting,
    several,
)
from ccsetup.core.lazy_regex import later
from ccsetup.core.model import FileName

_HEADER = later(r"\[(.+)\]")
_SIDE_BY_SIDE = later(r"\s*\]\s*\[\s*(?=\S)")
_MISSING_SIGN = later(r"([a-z_]+)\s+(?:(?:->?|>)\s+)?(\S.*)")


@lru_cache(maxsize=8)
def read(text: str, file: FileName, names: frozenset[str] = frozenset(), shared: bool = False) -> Reading:
    """Return what a file's text was intended to say. `names` are profiles that something refers to.

    A `shared` file may have headers of both files.
    """
    if headers.are_ordinary(text, file):
        return Reading(text)
    if text[:400].lstrip("\ufeff \t\r\n")[:1] in ("{", "[", "<") and file_format.of(text):
        return Reading("\n" * len(LINE.findall(text)))
    lines = LINE.findall(decoded(text))
    reader = _Reader([line.rstrip("\r\n") for line in lines], file, names, shared)
    found = tuple(reader.settled(list(reader.oddities())))
    for oddity in found:
        span = range(oddity.first - 1, oddity.last)
        reads = [*oddity.reads, *[""] * (len(span) - len(oddity.reads))]
        for at, line in zip(span, reads, strict=False):
            lines[at] = line + lines[at][len(lines[at].rstrip("\r\n")) :]
    return Reading("".join(lines), found)


def whole(text: str, file: FileName, names: frozenset[str] = frozenset(), shared: bool = False) -> str:
    """Return what a file's text was intended to say, with lost line breaks restored. Its line numbers differ."""
    reading = read(text, file, names, shared)
    lines = LINE.findall(reading.text)
    for odd in reversed(reading.oddities):
        if odd.sure and not odd.taken and len(odd.ways[0].lines) > odd.last - odd.first + 1:
            lines[odd.first - 1 : odd.last] = [f"{line}\n" for line in odd.ways[0].lines]
    return "".join(lines)


class _Option:
    """A setting being read: its key, the indentation of its line, its line number, and its value so far."""

    def __init__(self, key: str, depth: int, line: int, value: str) -> None:
        self.key, self.depth, self.line, self.value = key, depth, line, value
        self.last = line  # the last line of it without a gap
        self.nested = not value


class _Reader:
    """Reads lines as configparser does, and records those that were intended differently."""

    def __init__(self, lines: Sequence[str], file: FileName, names: frozenset[str], shared: bool) -> None:
        self.lines, self.file, self.names, self.shared = lines, file, names, shared
        self.option: _Option | None = None
        self.header = ""
        self.right: set[str] = set()  # headers that are correct

    def settled(self, found: Sequence[Oddity]) -> Iterator[Oddity]:
        """Yield the oddities. A header isn't corrected if the corrected one already exists."""
        for odd in found:
            if odd.key or odd.code not in _OF_HEADERS or odd.header not in self.right:
                self.right.add(odd.header)
                yield odd
            else:
                yield odd._replace(taken=True, reads=(self.lines[odd.line - 1],))

    def oddities(self) -> Iterator[Oddity]:
        """Yield all oddities in order."""
        at, lines = 0, self.lines
        conflicts = any(line.startswith("<<<<<<<") for line in lines)
        while at < len(lines):
            line = lines[at]
            at += 1
            key, sign, value = line.partition("=")
            known = sign and self.header and key.rstrip() in KNOWN and key.isascii()
            if known and not ("=" in value and several(line)) and "[" not in value:  # like nearly every line
                self.option = _Option(key.rstrip(), 0, at, value.strip())
                continue
            bare = line.strip()
            if not bare or bare[0] in "#;":
                continue
            if conflicts and bare.startswith("<<<<<<<") and (odd := conflict(lines, at)):
                yield odd._replace(header=self.header)
                at = odd.last
                continue
            odd = self._odd(at, line, bare)
            if odd:
                yield odd._replace(header=self.header)
                at = max(at, odd.last)

    def _odd(self, at: int, line: str, bare: str) -> Oddity | None:
        if line[:1] == "[" and line[-1:] == "]" and self._is_ordinary(line):
            self.option, self.header = None, line[1:-1]
            self.right.add(self.header)
            return None
        deep = depth(line)
        option = self.option
        if odd := leftover(self.lines, at):
            return odd if not option or deep <= option.depth or option.key in KNOWN or option.nested else None
        if option and deep > option.depth:
            return self._continued(option, at, line, bare)
        straight = plain(bare)
        if straight[:1] == "[" and _HEADER.match(straight):
            return self._headed(at, line, straight)
        if found := self._broken_header(at, line, straight):
            return found
        if not self.header:
            return before_any(self.lines, at, self.file)
        if option and (joined := self._joined(option, at, bare)):
            return joined
        parts = SETTING.fullmatch(straight)
        if parts is None:
            return self._stray(at, straight)
        return self._setting(at, line, deep, parts[1], parts[2], parts[3])

    def _setting(self, at: int, line: str, depth: int, key: str, sign: str, value: str) -> Oddity | None:
        indent = line[: len(line) - len(line.lstrip())]
        if len(parts := several(line.strip())) > 1:
            self.option = None
            way = Way("Put each setting on its own line", tuple(indent + it for it in parts))
            says = "This line has several settings. Only the first is read, and the others become part of its value."
            return Oddity(
                "file.stray-line", at, at, at, says, (way,), True, key=key.strip().lower(), reads=way.lines[:1]
            )
        if not key:
            says = f"`{sign}` doesn't have a key before it."
            return commented(self.lines, at, says)
        shell = SHELL.fullmatch(plain(line.strip()))
        if shell and shell[1].upper() in VARIABLES and shell[1].lower() not in {key.lower()} & KNOWN:
            meant, value = VARIABLES[shell[1].upper()], (shell[2] or shell[3]).strip()
            self.option = _Option(meant, depth, at, value)
            way = Way(f"Write it as {meant} = …", (f"{indent}{meant} = {value}",))
            says = f"This is a shell command, not a setting. In this file, the setting must be {meant} = …"
            return Oddity(
                "file.stray-line", at, at, at, says, (way, comment(self.lines, at)), key=meant, reads=way.lines
            )
        name = key.strip().lower()
        if odd := self._glued(at, line, name, value):
            return odd
        if not value and (odd := nested_blocks.flattened(self.lines, at, name, self.header)):
            return odd
        self.option = _Option(name, depth, at, value)
        raw = line.strip()
        if name in KNOWN and (raw[: len(key)] != key or sign not in raw):
            meant = f"{indent}{key} {sign} {value}"
            way = Way("Use plain characters", (meant,))
            says = f"The name {name} contains characters from a word processor."
            return Oddity("file.characters", at, at, at, says, (way,), True, key=name, reads=way.lines)
        return None

    def _glued(self, at: int, line: str, key: str, value: str) -> Oddity | None:
        """Return the oddity of a setting with the next header at its end, because a line break was lost."""
        if "[" not in value or any(value in it and it.lstrip()[:1] == "[" for it in self.lines):
            return None
        below = keys_below(self.lines, at)
        twice = not keys_above(self.lines, at).isdisjoint(below)
        found = headers.glued(key, value, line, below, twice, "credentials" if self.shared else self.file)
        if found is None:
            return None
        way = Way(f"Put [{found.header}] on its own line", (found.before, *found.lines))
        says = f"The header [{found.header}] is at the end of this line, so it is read as part of {key}."
        self.option = None
        return Oddity("file.stray-line", at, at, at, says, (way,), found.sure, key=key, reads=(found.before,))

    def _headed(self, at: int, line: str, straight: str) -> Oddity | None:
        """Check a header, which ends the previous section."""
        found = _HEADER.match(line.strip())
        self.option = None
        likely = found or _HEADER.match(straight)
        header: str = likely[1] if likely else ""
        rest = line.strip()[found.end() :].strip() if found else ""
        both = _SIDE_BY_SIDE.split(header)
        if len(both) > 1 and both[0].strip().lower() not in headers.TYPES:
            return self._side_by_side(at, both, rest)
        if header.strip().lower() in headers.TYPES and rest and rest[0] not in "#;":
            header, rest = f"{header}] {rest.strip('[] ')}", ""  # [profile] dev
        if found and (ways := headers.several(header, self.file, self.names)):
            return self._several(at, line, header, ways)
        if self._is_ordinary(f"[{header}]"):
            meant = headers.Heading("", header)
        else:
            meant = headers.meant(
                header, self.file, keys_below(self.lines, at) if self._is_odd(header) else (), self.names
            )
        self.header = meant.header or header
        if not meant.code and found:
            self.right.add(header)
            return behind(self.lines, at, header, rest) if rest and rest[0] not in "#;" else None
        remark = [meant.remark] if meant.remark else []
        new = f"[{meant.header}]"
        spelled = f"{new} {rest}" if rest else new
        way = Way(f"Write {new}", (*remark, spelled))
        code = meant.code or "file.characters"
        says = _SAYS_OF_HEADER.get(code, "AWS tools don't recognize [{}]. It should be [{}].").format(
            header, meant.header
        )
        used = meant.header.split(" ")[-1] in self.names or any(key in KNOWN for key in keys_below(self.lines, at))
        severity: Literal["stops", "hinders"] = "stops" if used else "hinders"
        return Oddity(code, at, at, at, says, (way,), True, reads=(spelled,), severity=severity)

    def _several(self, at: int, line: str, header: str, ways: Sequence[str]) -> Oddity:
        """Return the oddity of a header with several names, of which the person knows the right one."""
        self.header = header
        says = f"[{header}] has more than one name, so AWS tools don't recognize it."
        written = tuple(Way(f"Write [{it}]", (f"[{it}]",)) for it in ways)
        return Oddity("section.quoting", at, at, at, says, written, reads=(line.rstrip("\r\n"),))

    def _side_by_side(self, at: int, those: Sequence[str], rest: str) -> Oddity:
        """Return the oddity of several headers on one line."""
        self.header = those[-1]
        way = Way(
            "Put each header on its own line", (*(f"[{it}]" for it in those[:-1]), f"[{those[-1]}] {rest}".strip())
        )
        says = f"The header [{those[-1]}] is on the same line as [{those[0]}], so AWS tools don't recognize it."
        return Oddity("file.stray-line", at, at, at, says, (way,), True, reads=way.lines[-1:])

    def _is_ordinary(self, line: str) -> bool:
        other = self.shared and headers.is_ordinary(line, "credentials")
        return other or headers.is_ordinary(line, self.file)

    def _is_odd(self, header: str) -> bool:
        return not header.startswith(("profile ", "default"))

    def _broken_header(self, at: int, line: str, straight: str) -> Oddity | None:
        """Return the oddity of a header that has no bracket or the wrong one."""
        found = headers.unbracketed(straight, self.file)
        if found is None:
            return None
        self.option = None
        meant = headers.meant(found.header, self.file, keys_below(self.lines, at), self.names).header
        self.header = meant
        ways = Way(f"Write [{meant}]", (f"[{meant}]",)), comment(self.lines, at)
        says = f"The brackets around this header are missing or wrong. It should be [{meant}]."
        refused = not {*"=:"} & {*line}
        return Oddity("file.stray-line", at, at, at, says, ways[: 1 if found.sure else 2], found.sure, refused,
                      reads=ways[0].lines)  # fmt: skip

    def _stray(self, at: int, straight: str) -> Oddity:
        """Return the oddity of a line that is neither a setting nor a section."""
        says = "This line is neither `key = value` nor a [section]."
        known = _MISSING_SIGN.fullmatch(straight)
        if known and known[1] in KNOWN:
            way = Way(f"Write {known[1]} = …", (f"{known[1]} = {known[2]}",))
            self.option = _Option(known[1], 0, at, known[2])
            says = f"{known[1]} doesn't have `=` after it."
            ways = (way, comment(self.lines, at))
            return Oddity("file.stray-line", at, at, at, says, ways, refused=True, key=known[1], reads=way.lines)
        return commented(self.lines, at, says)

    def _continued(self, option: _Option, at: int, line: str, bare: str) -> Oddity | None:
        """Check a line that is indented more than the setting above it, and is therefore read as part of it."""
        straight = plain(bare)
        if option.nested:
            return self._nested(option, at, bare, straight)
        if joined := self._joined(option, at, bare):
            return joined
        parts = SETTING.fullmatch(straight)
        if parts and parts[1].lower() in NESTED - STRICT and option.key in KNOWN:
            odd = nested_blocks.hanging(self.lines, at, option.key, option.line, option.depth)
            if odd:
                return odd
        if parts and parts[1].lower() in BLOCKS and not parts[3] and option.key in KNOWN:
            return self._swallowed_block(option, at, bare, parts[1].lower())
        if parts and parts[1].lower() in KNOWN and (option.key in KNOWN or option.last == option.line):
            return self._swallowed(option, at, bare, parts[1].lower(), parts[3])
        if LIKE_HEADER.fullmatch(straight) and self._is_swallowed_header(option, straight, at):
            return self._swallowed_header(option, at, bare)
        option.last = at
        return None

    def _nested(self, option: _Option, at: int, bare: str, straight: str) -> Oddity | None:
        parts = SETTING.fullmatch(straight)
        if parts and (odd := self._glued(at, self.lines[at - 1], parts[1].lower(), parts[3])):
            return odd
        if parts and self._is_of_profile(option, parts[1].lower()):
            if option.key in BLOCKS and (odd := self._misplaced(option, at, parts[1].lower())):
                return odd
            if self._ends_block(option, at):
                return self._swallowed(option, at, bare, parts[1].lower(), parts[3])
        if option.key in STRICT and option.last == option.line and at == option.line + 1 and " " not in straight:
            return self._join(option, at, bare)
        if LIKE_HEADER.fullmatch(straight) and self._is_swallowed_header(option, straight, at):
            return self._swallowed_header(option, at, bare)
        return None

    def _is_of_profile(self, option: _Option, key: str) -> bool:
        """Return whether a setting in an indented block belongs to the profile, which doesn't have that setting yet."""
        top = key in STRICT and key not in _ALSO_NESTED and not self.header.startswith("services")
        return (top or (option.key in KNOWN and key in KNOWN)) and key not in keys_around(
            self.lines, option.line, option.depth
        )

    def _ends_block(self, option: _Option, at: int) -> bool:
        """Return whether the rest of an indented block has only the profile's settings, so that the block ends here."""
        keys = (key_of(line) for _, line in deeper(self.lines, at, option.depth))
        return all(self._is_of_profile(option, key) for key in keys)

    def _misplaced(self, option: _Option, at: int, key: str) -> Oddity | None:
        """Return the oddity of a block with the profile's settings in the middle, or with nothing but those."""
        block = [*deeper(self.lines, option.line, option.depth)]
        mine = [number for number, line in block if self._is_of_profile(option, key_of(line))]
        others = [number for number, _ in block if number not in mine]
        if others and others[-1] < at:
            return None
        return nested_blocks.misplaced(self.lines, option.line, mine, block[-1][0], option.key, key)

    def _swallowed(self, option: _Option, at: int, bare: str, key: str, value: str) -> Oddity:
        indent = self.lines[option.line - 1][: option.depth]
        says = f"{key} is indented, so it is read as part of {option.key} above it."
        left = Way("Remove the indentation", (indent + bare,))
        if key in keys_around(self.lines, option.line, option.depth):  # it would occur twice
            option.last = at
            ways = (Way("Comment out the line", (f"{indent}# {bare}",)), left)
            return Oddity("section.indented-key", at, at, at, says, ways, key=key, reads=(self.lines[at - 1],))
        self.option = _Option(key, option.depth, at, value)
        return Oddity("section.indented-key", at, at, at, says, (left,), True, key=key, reads=left.lines)

    def _swallowed_block(self, option: _Option, at: int, bare: str, key: str) -> Oddity:
        """Return the oddity of a block that is read as part of the setting above it, with all its lines."""
        block = any(True for _ in deeper(self.lines, at, option.depth))
        if block and key not in keys_around(self.lines, option.line, option.depth):
            return self._swallowed(option, at, bare, key, "")
        option.last = at
        says = f"{key} is indented, so it is read as part of {option.key} above it."
        silent = nested_blocks.silenced(self.lines, at, option.depth)
        way = Way("Turn the lines into comments" if len(silent) > 1 else "Turn the line into a comment", silent)
        last = at + len(silent) - 1
        option.last = last
        return Oddity("section.indented-key", at, at, last, says, (way,), not block, key=key, reads=way.lines)

    def _is_swallowed_header(self, option: _Option, straight: str, at: int) -> bool:
        """Return whether a line that looks like a header, but is read as part of a setting, must be a header."""
        inner = straight.partition("]")[0].strip("[ ")
        type = ini.logical(inner, "config")[0]
        likely = type or self.shared or self.file == "credentials"
        below = keys_below(self.lines, at)
        if option.key not in KNOWN - FREE:  # which may contain such a line
            return bool(likely and below and below[0] in KNOWN and after_block(self.lines, at, option.depth)[1] is None)
        return bool(likely and (type == "services" or not below or not KNOWN.isdisjoint(below)))

    def _swallowed_header(self, option: _Option, at: int, bare: str) -> Oddity:
        indent = self.lines[option.line - 1][: option.depth]
        says = f"This header is indented, so it is read as part of {option.key} above it."
        last, after = after_block(self.lines, at, option.depth)
        left = (indent + bare, *self.lines[at : after or at])
        if after is None:
            self.option, self.header = None, plain(bare).strip("[] ")
            way = Way("Remove the indentation", left)
            return Oddity("section.indented-key", at, at, at, says, (way,), True, reads=way.lines)
        behind = (*self.lines[last:after], *left[: last - at + 1])
        ways = (
            Way("Move this section after the settings that follow it", behind),
            Way("Remove the indentation, so that all settings below belong to this section", left),
        )
        option.last, self.option = after, None
        return Oddity("section.indented-key", at, at, after, says, ways, reads=tuple(self.lines[at - 1 : after]))

    def _joined(self, option: _Option, at: int, bare: str) -> Oddity | None:
        """Return the oddity of a line that is the rest of the value above it, split by a line break."""
        if at != option.last + 1:
            return None
        if not option.value:
            return self._join(option, at, bare) if begins(option.key, bare) and at == option.line + 1 else None
        if option.key in TOKENS and TOKEN.fullmatch(bare) and not is_setting(bare):
            whole = len(option.value) + len(bare)
            if option.key != "aws_secret_access_key" or (len(option.value) < 40 and whole <= 40):
                return self._join(option, at, bare)
        if goes_on(option.key, option.value, bare):
            return self._join(option, at, bare)
        return None

    def _join(self, option: _Option, at: int, bare: str) -> Oddity:
        last = at
        value = option.value + bare
        while option.key in TOKENS and last < len(self.lines):
            more = self.lines[last].strip()
            if not TOKEN.fullmatch(more) or is_setting(more):
                break
            value, last = value + more, last + 1
        first = self.lines[option.line - 1].rstrip()
        way = Way("Join the lines", (first + (" " if not option.value else "") + value[len(option.value) :],))
        refused = self.lines[at - 1][:1].strip() != "" and "=" not in bare
        option.value, option.last, option.nested = value, last, False
        says = f"This line continues the value of {option.key}, which was split by a line break."
        return Oddity("file.stray-line", at, option.line, last, says, (way,), True, refused, option.key, way.lines)


_ALSO_NESTED = frozenset(["endpoint_url", "use_dualstack_endpoint", "signature_version"])
_OF_HEADERS = ("section.prefix", "section.quoting", "file.characters", "value.inline-comment")
_SAYS_OF_HEADER = {
    "section.quoting": "The name in [{}] needs quotes. It should be [{}].",
    "file.characters": "[{}] contains characters from a word processor. It should be [{}].",
    "value.inline-comment": "The comment in [{}] is read as part of the name. It should be [{}].",
}
