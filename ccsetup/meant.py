"""What a broken AWS file was meant to say, line for line: where it reads otherwise, and the one line that was meant.

The result has as many lines as the text, so that whatever is found in it stands where it says. Of a line with several
readings the likeliest is taken; only what has one is repaired without asking.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache

from ccsetup import headers, ini
from ccsetup.findings import Severity
from ccsetup.ini import LINE
from ccsetup.keys import FREE, KNOWN, SHELL, STRICT, TOKEN, TOKENS, VARIABLES, begins, goes_on, is_setting, several
from ccsetup.letters import decoded, plain
from ccsetup.model import FileName
from ccsetup.oddities import Oddity, Reading, Way, conflict
from ccsetup.patterns import later

_HEADER = later(r"\[(.+)\]")
_LIKE_HEADER = later(r"\[[^\[\]=]+\]\s*(?:[#;].*)?")
_SETTING = later(r"([^=:]*?)\s*([=:])\s*(.*)")
_MISSING_SIGN = later(r"([a-z_]+)\s+(?:(?:->?|>)\s+)?(\S.*)")


@lru_cache(maxsize=8)
def read(text: str, file: FileName, names: frozenset[str] = frozenset(), shared: bool = False) -> Reading:
    """Return what a file's text was meant to say; `names` are profiles that something refers to.

    One that is `shared` may have headers of both files.
    """
    if headers.are_ordinary(text, file):
        return Reading(text)
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
    """Return what a file's text was meant to say, with the line breaks that were lost; its lines are not the text's."""
    reading = read(text, file, names, shared)
    lines = LINE.findall(reading.text)
    for odd in reversed(reading.oddities):
        if odd.sure and not odd.taken and len(odd.ways[0].lines) > odd.last - odd.first + 1:
            lines[odd.first - 1 : odd.last] = [f"{line}\n" for line in odd.ways[0].lines]
    return "".join(lines)


class _Option:
    """A setting being read: its key, how far its line is indented, its line, and what it holds so far."""

    def __init__(self, key: str, depth: int, line: int, value: str) -> None:
        self.key, self.depth, self.line, self.value = key, depth, line, value
        self.last = line  # the line up to which it goes on without a gap
        self.nested = not value


class _Reader:
    """Goes through lines as configparser does, and notes what was meant otherwise."""

    def __init__(self, lines: Sequence[str], file: FileName, names: frozenset[str], shared: bool) -> None:
        self.lines, self.file, self.names, self.shared = lines, file, names, shared
        self.option: _Option | None = None
        self.header = ""
        self.right: set[str] = set()  # headers that are what they were meant to be

    def settled(self, found: Sequence[Oddity]) -> Iterator[Oddity]:
        """Yield the oddities; a header that was meant to be one that is there already stays what it is."""
        for odd in found:
            if odd.key or odd.code not in _OF_HEADERS or odd.header not in self.right:
                self.right.add(odd.header)
                yield odd
            else:
                yield odd._replace(taken=True, reads=(self.lines[odd.line - 1],))

    def oddities(self) -> Iterator[Oddity]:
        """Yield every odd place, in order."""
        at, lines = 0, self.lines
        conflicts = any(line.startswith("<<<<<<<") for line in lines)
        while at < len(lines):
            line = lines[at]
            at += 1
            key, sign, value = line.partition("=")
            known = sign and self.header and key.rstrip() in KNOWN and key.isascii()
            if known and not ("=" in value and several(line)) and "[" not in value:  # as nearly every line is
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
        depth = _depth(line)
        option = self.option
        if option and depth > option.depth:
            return self._continued(option, at, line, bare)
        straight = plain(bare)
        if straight[:1] == "[" and _HEADER.match(straight):
            return self._headed(at, line, straight)
        if found := self._broken_header(at, line, straight):
            return found
        if not self.header:
            return self._before_any(at)
        if option and (joined := self._joined(option, at, bare)):
            return joined
        parts = _SETTING.fullmatch(straight)
        if parts is None:
            return self._stray(at, bare, straight)
        return self._setting(at, line, depth, parts[1], parts[2], parts[3])

    def _setting(self, at: int, line: str, depth: int, key: str, sign: str, value: str) -> Oddity | None:
        indent = line[: len(line) - len(line.lstrip())]
        if len(parts := several(line.strip())) > 1:
            self.option = None
            way = Way("Give each a line of its own", tuple(indent + it for it in parts))
            says = "Several settings stand on this line; only the first is read, with the others as its value."
            return Oddity(
                "file.stray-line", at, at, at, says, (way,), True, key=key.strip().lower(), reads=way.lines[:1]
            )
        if not key:
            says = f"`{sign}` has no key before it."
            return self._commented(at, says, refused=True)
        shell = SHELL.fullmatch(plain(line.strip()))
        if shell and shell[1].upper() in VARIABLES and shell[1].lower() not in {key.lower()} & KNOWN:
            meant, value = VARIABLES[shell[1].upper()], (shell[2] or shell[3]).strip()
            self.option = _Option(meant, depth, at, value)
            way = Way(f"Write it as {meant} = …", (f"{indent}{meant} = {value}",))
            says = f"This is a shell's line, not a setting: here it is spelled {meant} = …"
            return Oddity("file.stray-line", at, at, at, says, (way, self._comment(at)), key=meant, reads=way.lines)
        name = key.strip().lower()
        if odd := self._glued(at, line, name, value):
            return odd
        self.option = _Option(name, depth, at, value)
        raw = line.strip()
        if name in KNOWN and (raw[: len(key)] != key or sign not in raw):
            meant = f"{indent}{key} {sign} {value}"
            way = Way("Write it in plain letters", (meant,))
            says = f"The name {name} is spelled with letters of a word processor."
            return Oddity("file.characters", at, at, at, says, (way,), True, key=name, reads=way.lines)
        return None

    def _glued(self, at: int, line: str, key: str, value: str) -> Oddity | None:
        """Return a setting with the next header at its end, where the line break between them was lost."""
        below = self._keys_below(at)
        twice = not {*below}.isdisjoint(self._keys_above(at, key))
        found = headers.glued(key, value, line, below, twice, "credentials" if self.shared else self.file)
        if found is None or found.header in self._headers:
            return None
        way = Way(f"Begin [{found.header}] on a line of its own", (found.before, found.line))
        says = f"The header [{found.header}] stands at the end of this line, so it reads as part of {key}."
        self.option = None
        return Oddity("file.stray-line", at, at, at, says, (way,), found.sure, key=key, reads=(found.before,))

    def _keys_above(self, at: int, key: str) -> set[str]:
        """Return the keys of the section that a line is in, its own included, up to that line."""
        found = {key}
        for line in reversed(self.lines[: at - 1]):
            if line[:1] == "[":
                break
            if line.strip()[:1] not in ("#", ";") and (parts := _SETTING.fullmatch(plain(line.strip()))):
                found.add(parts[1].lower())
        return found

    @cached_property
    def _headers(self) -> set[str]:
        return {line.strip().strip("[]") for line in self.lines if line[:1] == "["}

    def _headed(self, at: int, line: str, straight: str) -> Oddity | None:
        """Look at a header, which ends what came before."""
        found = _HEADER.match(line.strip())
        self.option = None
        likely = found or _HEADER.match(straight)
        header: str = likely[1] if likely else ""
        rest = line.strip()[found.end() :].strip() if found else ""
        if header.strip().lower() in headers.TYPES and rest and rest[0] not in "#;":
            header, rest = f"{header}] {rest.strip('[] ')}", ""  # [profile] dev
        if self._is_ordinary(f"[{header}]"):
            meant = headers.Heading("", header)
        else:
            meant = headers.meant(header, self.file, self._keys_below(at) if self._is_odd(header) else (), self.names)
        self.header = meant.header or header
        if not meant.code and found:
            self.right.add(header)
            return self._behind(at, line, header, rest) if rest and rest[0] not in "#;" else None
        behind = [meant.remark] if meant.remark else []
        new = f"[{meant.header}]"
        spelled = f"{new} {rest}" if rest else new
        way = Way(f"Write {new}", (*behind, spelled))
        code = meant.code or "file.characters"
        says = _SAYS_OF_HEADER.get(code, "[{}] is no section that AWS tools know; [{}] is.").format(
            header, meant.header
        )
        used = meant.header.split(" ")[-1] in self.names or any(key in KNOWN for key in self._keys_below(at))
        severity: Severity = "stops" if used else "hinders"
        return Oddity(code, at, at, at, says, (way,), True, reads=(spelled,), severity=severity)

    def _behind(self, at: int, line: str, header: str, rest: str) -> Oddity:
        """Return what stands behind a header, where nothing is read."""
        parts = _SETTING.fullmatch(plain(rest))
        indent = line[: len(line) - len(line.lstrip())]
        lines = several(rest) or [rest]
        keys = {it.partition("=")[0].strip().lower() for it in lines} if len(lines) > 1 else set[str]()
        if parts and parts[1].lower() in KNOWN - {*self._keys_below(at)} and not keys & {*self._keys_below(at)}:
            way = Way("Give it a line of its own", (f"{indent}[{header}]", *(indent + it for it in lines)))
            says = f"{parts[1]} stands behind the header [{header}], where no tool reads it."
            return Oddity("file.stray-line", at, at, at, says, (way,), True, reads=(line,))
        way = Way("Make it a remark", (f"{indent}[{header}] # {rest}",))
        says = f"What stands behind the header [{header}] is not read."
        return Oddity("file.stray-line", at, at, at, says, (way,), reads=(line,), severity="note")

    def _is_ordinary(self, line: str) -> bool:
        other = self.shared and headers.is_ordinary(line, "credentials")
        return other or headers.is_ordinary(line, self.file)

    def _is_odd(self, header: str) -> bool:
        return not header.startswith(("profile ", "default"))

    def _keys_below(self, at: int) -> list[str]:
        """Return the keys that stand under a header, up to the next one."""
        keys = []
        for line in self.lines[at:]:
            bare = line.strip()
            if bare[:1] == "[" and _LIKE_HEADER.fullmatch(bare):
                break
            if bare and bare[0] not in "#;" and (parts := _SETTING.fullmatch(plain(bare))):
                keys.append(parts[1].lower())
        return keys

    def _broken_header(self, at: int, line: str, straight: str) -> Oddity | None:
        """Return a header that lacks a bracket, or has others, as one."""
        found = headers.unbracketed(straight, self.file)
        if found is None:
            return None
        self.option = None
        meant = headers.meant(found.header, self.file, self._keys_below(at), self.names).header
        self.header = meant
        ways = Way(f"Write [{meant}]", (f"[{meant}]",)), self._comment(at)
        says = f"This header lacks its brackets: [{meant}]."
        refused = not {*"=:"} & {*line}
        return Oddity("file.stray-line", at, at, at, says, ways[: 1 if found.sure else 2], found.sure, refused,
                      reads=ways[0].lines)  # fmt: skip

    def _before_any(self, at: int) -> Oddity | None:
        """Return the settings that stand before the first section, all at once."""
        last = at
        while last < len(self.lines) and self._is_plain(self.lines[last]):
            last += 1
        whole = self.lines[at - 1 : last]
        comment = Way("Make it a comment", tuple(f"# {line}" if line.strip() else line for line in whole))
        top = Way("Put [default] above it", ("[default]", *whole))
        alone = not any(line.strip() == "[default]" for line in self.lines)
        settings = all(_SETTING.fullmatch(line) and line[:1] not in "=:" for line in whole if line.strip())
        ways = (top, comment) if alone and settings else (comment,)
        says = (
            "A setting stands before the first [section]." if settings else "This line is no setting and no [section]."
        )
        return Oddity("file.stray-line", at, at, last, says, ways, refused=True, reads=comment.lines)

    def _is_plain(self, line: str) -> bool:
        bare = line.strip()
        return bool(bare) and bare[0] not in "#;[" and not headers.unbracketed(plain(bare), self.file)

    def _stray(self, at: int, bare: str, straight: str) -> Oddity:
        """Return a line that is neither a setting nor a section."""
        says = "This line is neither `key = value` nor a [section]."
        known = _MISSING_SIGN.fullmatch(straight)
        if known and known[1] in KNOWN:
            way = Way(f"Write {known[1]} = …", (f"{known[1]} = {known[2]}",))
            self.option = _Option(known[1], 0, at, known[2])
            says = f"{known[1]} has no `=` behind it."
            return Oddity("file.stray-line", at, at, at, says, (way, self._comment(at)), refused=True, key=known[1],
                          reads=way.lines)  # fmt: skip
        return self._commented(at, says, refused=True)

    def _commented(self, at: int, says: str, refused: bool) -> Oddity:
        way = self._comment(at)
        return Oddity("file.stray-line", at, at, at, says, (way,), refused=refused, reads=way.lines)

    def _comment(self, at: int) -> Way:
        return Way("Make it a comment", (f"# {self.lines[at - 1].strip()}",))

    def _continued(self, option: _Option, at: int, line: str, bare: str) -> Oddity | None:
        """Look at a line that is indented deeper than the setting above it, which takes it for its own."""
        straight = plain(bare)
        if option.nested:
            return self._nested(option, at, line, bare, straight)
        if joined := self._joined(option, at, bare):
            return joined
        parts = _SETTING.fullmatch(straight)
        if parts and parts[1].lower() in KNOWN and (option.key in KNOWN or option.last == option.line):
            return self._swallowed(option, at, bare, parts[1].lower(), parts[3])
        if _LIKE_HEADER.fullmatch(straight) and self._is_swallowed_header(option, straight, at):
            return self._swallowed_header(option, at, bare)
        option.last = at
        return None

    def _nested(self, option: _Option, at: int, line: str, bare: str, straight: str) -> Oddity | None:
        parts = _SETTING.fullmatch(straight)
        if parts and self._is_of_profile(option, parts[1].lower()) and self._ends_block(option, at):
            return self._swallowed(option, at, bare, parts[1].lower(), parts[3])
        if option.key in STRICT and option.last == option.line and at == option.line + 1 and " " not in straight:
            return self._join(option, at, bare)
        if _LIKE_HEADER.fullmatch(straight) and self._is_swallowed_header(option, straight, at):
            return self._swallowed_header(option, at, bare)
        return None

    def _is_of_profile(self, option: _Option, key: str) -> bool:
        """Say whether a setting in an indented block is a profile's own, where the profile has none of that name."""
        top = key in STRICT and key not in _ALSO_NESTED and not self.header.startswith("services")
        return (top or (option.key in KNOWN and key in KNOWN)) and key not in self._keys_of_section(option)

    def _keys_of_section(self, option: _Option) -> set[str]:
        """Return the keys that a section has, without what is in its indented blocks."""
        first = last = option.line - 1
        while first and not (self.lines[first][:1] == "[" or _LIKE_HEADER.fullmatch(self.lines[first].strip())):
            first -= 1
        while last < len(self.lines) and self.lines[last][:1] != "[":
            last += 1
        lines = (line for line in self.lines[first:last] if _depth(line) <= option.depth)
        return {parts[1].lower() for line in lines if (parts := _SETTING.fullmatch(plain(line.strip())))}

    def _ends_block(self, option: _Option, at: int) -> bool:
        """Say whether the rest of an indented block holds the profile's own settings only, so that it ends there."""
        parts = (_SETTING.fullmatch(plain(line.strip())) for _, line in self._deeper(option, at))
        return all(it and self._is_of_profile(option, it[1].lower()) for it in parts)

    def _deeper(self, option: _Option, at: int) -> Iterator[tuple[int, str]]:
        """Yield the lines behind one that go on with the same setting, and their numbers; comments and blanks apart."""
        for number, line in enumerate(self.lines[at:], at + 1):
            if line.strip() and line.strip()[0] not in "#;":
                if _depth(line) <= option.depth:
                    return
                yield number, line

    def _swallowed(self, option: _Option, at: int, bare: str, key: str, value: str) -> Oddity:
        indent = self.lines[option.line - 1][: option.depth]
        says = f"{key} is indented, so it reads as part of {option.key} above it."
        left = Way("Move it to the left", (indent + bare,))
        if key in self._keys_of_section(option):  # it would be there twice
            option.last = at
            ways = (Way("Make it a comment", (f"{indent}# {bare}",)), left)
            return Oddity("section.indented-key", at, at, at, says, ways, key=key, reads=(self.lines[at - 1],))
        self.option = _Option(key, option.depth, at, value)
        return Oddity("section.indented-key", at, at, at, says, (left,), True, key=key, reads=left.lines)

    def _is_swallowed_header(self, option: _Option, straight: str, at: int) -> bool:
        """Say whether a line like a header, which reads as part of the setting above, must be one."""
        inner = straight.partition("]")[0].strip("[ ")
        type = ini.logical(inner, "config")[0]
        likely = type or self.shared or self.file == "credentials"
        below = self._keys_below(at)
        if option.key not in KNOWN - FREE:  # which may hold such a line
            return bool(likely and below and below[0] in KNOWN and self._after_block(option, at)[1] is None)
        return bool(likely and (type == "services" or not below or not KNOWN.isdisjoint(below)))

    def _after_block(self, option: _Option, at: int) -> tuple[int, int | None]:
        """Return the last line of the block behind an indented header, and the last of the settings that follow it.

        Those belong to the section above, as SDKs read it. None where none follow, or where there is no block: then the
        header alone is indented.
        """
        last = max((number for number, _ in self._deeper(option, at)), default=at)
        if last == at:
            return last, None
        end = last
        while end < len(self.lines) and self.lines[end].lstrip()[:1] != "[":
            end += 1
        settings = (n for n in range(last + 1, end + 1) if self.lines[n - 1].strip()[:1] not in ("", "#", ";"))
        return last, max(settings, default=None)

    def _swallowed_header(self, option: _Option, at: int, bare: str) -> Oddity:
        indent = self.lines[option.line - 1][: option.depth]
        says = f"This header is indented, so it reads as part of {option.key} above it."
        last, after = self._after_block(option, at)
        left = (indent + bare, *self.lines[at : after or at])
        if after is None:
            self.option, self.header = None, plain(bare).strip("[] ")
            way = Way("Move it to the left", left)
            return Oddity("section.indented-key", at, at, at, says, (way,), True, reads=way.lines)
        behind = (*self.lines[last:after], *left[: last - at + 1])
        ways = (
            Way("Move it with its block behind what follows", behind),
            Way("Move it to the left, so that all below is its own", left),
        )
        option.last, self.option = after, None
        return Oddity("section.indented-key", at, at, after, says, ways, reads=tuple(self.lines[at - 1 : after]))

    def _joined(self, option: _Option, at: int, bare: str) -> Oddity | None:
        """Return a line that is the rest of the value above it, broken off there."""
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
        says = f"{option.key} goes on in this line, where a line break came into it."
        return Oddity("file.stray-line", at, option.line, last, says, (way,), True, refused, option.key, way.lines)


def _depth(line: str) -> int:
    """Return how many blanks a line begins with."""
    return len(line) - len(line.lstrip())


_ALSO_NESTED = frozenset(["endpoint_url", "use_dualstack_endpoint", "signature_version"])
_OF_HEADERS = ("section.prefix", "section.quoting", "file.characters", "value.inline-comment")
_SAYS_OF_HEADER = {
    "section.quoting": "[{}] needs its name in quotes: [{}].",
    "file.characters": "[{}] holds letters of a word processor; meant is [{}].",
    "value.inline-comment": "The remark behind [{}] is taken for a part of the name; meant is [{}].",
}
