"""Undoes what mail, chats, word processors and terminals do to a text: odd characters, broken lines, prompts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from textwrap import dedent
from typing import NamedTuple

from ccsetup.access.paste import wrapped_lines
from ccsetup.core import regions
from ccsetup.core.lazy_regex import later

_BLANKS = str.maketrans(
    dict.fromkeys("\t\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u3000", " ")
)
_LETTERS = str.maketrans(
    {
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u2039\u203a", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
        "\u3001": ", ", "\u3002": ". ", "\uff0c": ", ", "\uff08": " (", "\uff09": ") ", "\uff1a": ": ", "\uff1d": "=",
        "\u300c": ' "', "\u300d": '" ',
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069"
                        "\ufeff", ""),
    }
)  # fmt: skip
_BREAKS = later(r"\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]")
_COLOURS = later(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]{0,2000}(?:\x07|\x1b\\))")
_OPTION = later(r"(?<![^\s\"'(])-?[\u2013\u2014](?=[A-Za-z]{2})")
_DASH = later(r"[\u2010-\u2015\u2212](?=[\w/])(?<=\w.)")
_BLANK = later(r"[\u00a0\u2000-\u200a\u202f\u3000](?=\S)(?<=\S.)")
_QUOTE = later(r"(?<!\w)[\u2018\u2019\u201a\u2039\u203a](?=\w)|[\u201c-\u201f\u00ab\u00bb](?=\S)")
_SAYS = (
    (_OPTION, "Replaced long dashes from a word processor with --."),
    (_DASH, "Replaced dashes from a word processor with hyphens."),
    (_QUOTE, "Replaced curly quotes with straight quotes."),
    (_BLANK, "Replaced no-break spaces with regular spaces."),
)
_TAGGED = later(r"</(?:p|div|span|b|strong|code|pre|li|td|a)>|<br ?/?>", re.IGNORECASE)
_TAG = later(
    r"<(?P<end>/?)(?:(?P<block>p|br|div|li|ul|ol|tr|table|h[1-6]|pre)|(?P<cell>td|th)|(?P<link>a)"
    r"|b|i|u|em|strong|code|span|font|tbody|thead|html|body)\b(?P<more>[^<>]{0,2000})>",
    re.IGNORECASE,
)
_HREF = later(r"""\bhref ?= ?["']?([^\s"'>]{1,2000})""", re.IGNORECASE)
_BOLD_LABEL = later(r"(?<![\w*])\*{1,2}([^\W\d_][\w -]{0,40})(?::\*{1,2}|\*{1,2}:)(?=\s)")
_TIGHT = later(r"(?<=[\u3040-\u30ff\u4e00-\u9fff])((?:ID|URL)?:)(?=\w)")  # no space after a Japanese label
_ENTITIES = {"&nbsp;": " ", "&amp;": "&", "&quot;": '"', "&#34;": '"', "&#39;": "'", "&lt;": "<", "&gt;": ">"}
_ESCAPES = later(r"\\u00(2[0-9a-f]|3[a-f])")  # JSON's way to write + / = & and the like
_CITED = later(r"^(?: ?[>|](?= |>|$))+ ?", re.MULTILINE)
_NARROWLY_CITED = later(r"^>+ ?", re.MULTILINE)
_BULLET = later(r"^ *(?:[-*+\u2022\u25aa\u25cf\u25e6\u00b7]|(?<!-\n)[0-9]{1,2}[.)]) (?=\S)", re.MULTILINE)
_FENCE = later(r"^ ?(?:```|~~~)[\w-]* ?$", re.MULTILINE)
_COMMENT = later(r"^ ?(?:[#;]|//|::|rem ) ?(?:export |set )?[\w.]+ ?=.*$", re.MULTILINE | re.IGNORECASE)
_ENV = r"(?:\([\w. -]{1,40}\) )?"
_PROMPT = later(
    rf"^ ?{_ENV}(?:[$%\u276f\u279c\u00bb] (?=\S)|PS(?: [A-Za-z]:[^>\n]{{0,200}}| /[^>\n]{{0,200}})?> ?"
    r"|[A-Za-z]:\\[^>\n]{0,200}> ?|\[?[\w.-]{1,64}@[\w.-]{1,64}[: ][^\n$%#]{0,200}[$%#] "
    r"|(?:ba|z|fi)?sh(?:-[\d.]+)?[$%#] "
    r"|\u279c +\S{1,64} )",
    re.MULTILINE,
)
# What a link consists of after its scheme; only the last one of a line is looked for, and each start is tried once.
_OF_LINKS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-/#?=&%"
_LINK = later(r"(?<![\w.-])(?=[.-]*\w)(?P<host>[\w.-]+)(?P<path>/.*)?$", re.ASCII)
_HOST = later(r"[\w.-]*", re.ASCII)
_PATHS = ("/start", "/directory/")
_NAME = r"[\"']?name[\"']? ?[:=] ?[\"']?(?P<name{0}>[A-Z][A-Z0-9_]{{2,60}})[\"']?"
_VALUE = (
    r"[\"']?value[\"']? ?[:=] ?"
    r"(?:\"(?P<double{0}>[^\"\n]{{1,20000}})\"|'(?P<single{0}>[^'\n]{{1,20000}})'|(?P<bare{0}>[^\s,\"'{{}}]{{1,20000}}))"
)
_PAIR = later(  # in the lists of Kubernetes, ECS and Terraform
    rf"(?<![\w-])(?:{_NAME.format(1)}[-,\s*•]{{1,40}}{_VALUE.format(1)}|{_VALUE.format(2)}[-,\s*•]{{1,40}}{_NAME.format(2)})",
    re.IGNORECASE,
)
_CONTINUED = later(r"(?<=\s)[\\`^] ?\n ?")


class Mended(NamedTuple):
    """A cleaned text, descriptions of the corrections, and whether it is a shell transcript.

    `joined` is how many line breaks were removed, and `certain` whether they show how the text was wrapped.
    `split`: some of them were within words.
    """

    text: str
    said: tuple[str, ...] = ()
    transcript: bool = False
    joined: int = 0
    certain: bool = False
    split: bool = False


def mend(text: str) -> Mended:
    """Return a text with the effects of copying undone and its values unchanged. Accepts any text, in linear time."""
    return next(mended(text))


def mended(text: str) -> Iterator[Mended]:
    """Yield the ways to read a text, cleaned: as it is first, then with wrapped lines joined."""
    said = []
    text = text.encode("utf-8", "replace").decode()
    if "\0" in text:
        text = text.replace("\0", "").lstrip("\ufffd\xff\xfe?")
        said.append("Removed null characters from UTF-16 text.")
    text = _COLOURS.sub("", _BREAKS.sub("\n", text.removeprefix("\xef\xbb\xbf")))
    said += [sentence for pattern, sentence in _SAYS if pattern.search(text)]
    for way in wrapped_lines.ways(_unquoted(text.translate(_BLANKS))):
        yield _mended(way.text, tuple(said))._replace(joined=way.joined, certain=way.certain, split=way.split)


def _unquoted(text: str) -> str:
    """Return a text without what a mail or a chat puts before each of its lines."""
    if all(line[:1] in ("", ">") for line in text.split("\n")):
        text = _NARROWLY_CITED.sub("", text)
    return dedent(_BULLET.sub("", _CITED.sub("", dedent(text))))


def _mended(text: str, said: tuple[str, ...]) -> Mended:
    text = _TIGHT.sub(r"\1 ", _OPTION.sub("--", text).translate(_LETTERS))
    text = _BOLD_LABEL.sub(r"\1:", _TAG.sub(_untagged, text) if _TAGGED.search(text) else text)
    for entity, letter in _ENTITIES.items():
        text = text.replace(entity, letter)
    text = _ESCAPES.sub(lambda found: chr(int(found[1], 16)), text)
    text = re.sub("\n{3,}", "\n\n", re.sub(" ?\n ?", "\n", re.sub(" {2,}", " ", text.strip(" "))))
    return _lines(text, said)


def _lines(text: str, said: tuple[str, ...]) -> Mended:
    """Remove chat quoting, bullets and prompts at the start of lines, and join lines as a shell would."""
    text = _FENCE.sub("", text)
    plain = _PROMPT.sub("", _with_whole_portals(text))
    return Mended(_PAIR.sub(_paired, _CONTINUED.sub(" ", _COMMENT.sub("", plain))), said, plain != text)


def _paired(found: re.Match[str]) -> str:
    """Return a name and its value, which a list has as two values, as one setting."""
    told = {name[:-1]: text for name, text in found.groupdict().items() if text}
    value = told.get("double") or told.get("single") or told["bare"]
    return f'\n{told["name"]}="{value}"\n' if told["name"].isupper() else found[0]


def _untagged(tag: re.Match[str]) -> str:
    """Return the replacement for an HTML tag: a line break, a space, the target of a link, or nothing."""
    leads = _HREF.search(tag["more"]) if tag["link"] else None
    return "\n" if tag["block"] else " " if tag["cell"] else f"{leads[1]} " if leads else ""


def _with_whole_portals(text: str) -> str:
    """Return a text without the line breaks inside the host or the path of a start URL."""
    lines, whole = text.split("\n")[::-1], list[str]()
    while lines:
        line = lines.pop()
        for more in (1, 2):
            next_ = lines[: -more - 1 : -1]
            joined = line + "".join(next_)
            if len(next_) == more and all(" " not in it for it in next_[:-1]) and _is_one(line, joined):
                lines[-more:] = [joined]
                break
        else:
            whole.append(line)
    return "\n".join(whole)


def _is_one(line: str, joined: str) -> bool:
    """Return whether a line ends within a start URL that the joined line has as a whole."""
    start = len(line.rstrip(_OF_LINKS))
    found = _LINK.search(line[start:])
    if not found:
        return False
    at, host, path = start + found.start("host"), found["host"], found["path"] or ""
    if not line[:at].endswith(("https://", "http://")) and "." not in host:
        return False
    rest = joined[len(line) :]
    if path or rest.startswith("/"):
        to = (path + rest).split(" ", 1)[0]
        broken = any(each.startswith(path) and path != each and to.startswith(each) for each in _PATHS)
        named = path.startswith("/directory/") and path.endswith(("-", "/")) and rest[:1].isalnum()
        return (broken or named) and bool(regions.locate(host, "portal"))
    whole, after = _HOST.match(joined, at), _HOST.match(rest)
    if not whole or not after or not regions.locate(whole[0], "portal") or regions.locate(host, "portal"):
        return False
    alone = regions.locate(after[0].strip("."), "portal")
    return not alone or host.endswith((".", "-")) or rest.startswith(".")
