"""The corpus of real-life AWS files, texts at random in their dialect, and botocore as the judge of both."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from botocore.configloader import raw_config_parse
from botocore.exceptions import ConfigNotFound, ConfigParseError
from botocore.session import Session
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from often import examples

from ccsetup.core.errors import Problem
from ccsetup.core.model import FileName

FOLDER = Path(__file__).parent / "aws_files"
SHARED = Path(__file__).parents[2] / "shared" / "corpora"  # cases of the other SDKs, where they are at hand


class Sample(NamedTuple):
    """One file of the corpus."""

    file: FileName
    name: str
    text: str

    @property
    def broken(self) -> bool:
        """Whether botocore refuses it."""
        return self.name.startswith("broken-")


def _samples() -> list[Sample]:
    found = []
    for file in ("config", "credentials"):
        for path in sorted((FOLDER / file).iterdir()):
            found.append(Sample(file, path.name, path.read_bytes().decode("utf-8", "surrogateescape")))
    return found


SAMPLES = _samples()
IDS = [f"{sample.file}/{sample.name}" for sample in SAMPLES]


def lines(text: str) -> list[str]:
    """Return the text's lines with their ends, whichever they are."""
    return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text)


def judge(path: Path) -> Mapping[str, Any]:
    """Parse a file as botocore does; Problem when it refuses."""
    try:
        found: Mapping[str, Any] = raw_config_parse(str(path))
    except (ConfigParseError, ConfigNotFound) as error:
        raise Problem(str(error), code="refused") from None
    return found


def parsed(text: str, folder: Path) -> Mapping[str, Any]:
    """Parse a text as botocore does."""
    path = folder / "judged"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return judge(path)


def full_config(config: str, credentials: str, folder: Path, monkeypatch: Any) -> Mapping[str, Any]:
    """Return botocore's Session.full_config for two texts."""
    for name, text in (("AWS_CONFIG_FILE", config), ("AWS_SHARED_CREDENTIALS_FILE", credentials)):
        (folder / name).write_bytes(text.encode("utf-8", "surrogateescape"))
        monkeypatch.setitem(os.environ, name, str(folder / name))
    found: Mapping[str, Any] = Session().full_config
    return found


def unnested(values: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, Any]]:
    """Turn nested blocks into mappings, as botocore does."""
    return {name: {key: _nested(value) for key, value in it.items()} for name, it in values.items()}


def _nested(value: str) -> str | dict[str, str]:
    if not value.startswith("\n"):
        return value
    pairs = (line.strip().split("=", 1) for line in value.splitlines() if line.strip())
    return {key.strip(): text.strip() for key, text in pairs}


EXAMPLES = examples(120)
QUIET = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=EXAMPLES)

NAMES = st.sampled_from(["dev", "prod", "default", "my dev", "a.b", "DEFAULT", "x]y", 'q"q', "b\\c", " z", "ü"])
KEYS = st.sampled_from(["region", "Region", "a", "a b", "s3", "aws_session_token", "[k", "é", "x:y", ""])
VALUES = st.one_of(
    st.sampled_from(
        ["", "us-east-1", "a = b", "# no", "[x]", "\u2028", "a\x0bb", "\x1cq", "%(a)s", "\xa0", "'q'", "ü", "a=\x0bb"]
    ),
    st.text(st.characters(blacklist_characters="\0\r\n", blacklist_categories=["Cs"]), max_size=6),
)
BLANKS = st.sampled_from(["", "", "", " ", "  ", "\t", "    ", "\xa0", "\x0c"])
SIMPLE_KEYS = ["region", "Region", "s3", "a", "output", "x y", "é", "aws_session_token"]
ENDS = st.sampled_from(["\n", "\n", "\n", "\r\n", "\r"])


def headers() -> st.SearchStrategy[str]:
    """Headers as people write them."""
    form = st.sampled_from(
        ["[{}]", "[profile {}]", '[profile "{}"]', "[profile '{}']", "[profile\t{}]", "[ profile {} ]", "[{}",
         "[profile {}] # c", "[sso-session {}]", "[services {}]", "[profile{}]", "[Profile {}]", "[profile {}]]"]
    )  # fmt: skip
    return st.builds(str.format, form, NAMES)


def texts() -> st.SearchStrategy[str]:
    """Texts of lines in which everything of the dialect occurs, well or badly put together."""
    line = st.one_of(
        headers(),
        headers(),
        st.builds("{}{}{}{}{}".format, KEYS, BLANKS, st.sampled_from(["=", "=", ":"]), BLANKS, VALUES),
        st.builds("{}{}".format, st.sampled_from(["#", ";", "# a = "]), VALUES),
        st.just(""),
        VALUES,
    )
    whole = st.builds("{}{}{}{}".format, BLANKS, line, BLANKS, ENDS)
    start = st.sampled_from(
        ["", "", "", "", "", "\ufeff", "[profile first]\n", "[profile first]\n", "[profile first]\n"]
    )
    return st.builds(lambda head, body, cut: (head + "".join(body))[: cut or None], start, st.lists(whole, max_size=12),
                     st.sampled_from([0, 0, 0, -1, -2]))  # fmt: skip


@st.composite
def tame_texts(draw: st.DrawFn) -> str:
    """Texts that botocore reads, mostly: sections and keys once each, with all the ways to write them."""
    end = draw(ENDS)
    heads = draw(st.lists(st.tuples(BLANKS, headers(), BLANKS), max_size=5, unique_by=lambda it: it[1]))
    text = draw(st.sampled_from(["", "# mine\n", "\n\n"]))
    for before, header, after in heads:
        text += (before if draw(st.booleans()) else "") + header + after + end
        for key in draw(st.lists(st.sampled_from(SIMPLE_KEYS), max_size=4, unique_by=str.lower)):
            indent, delimiter = draw(BLANKS), draw(st.sampled_from([" = ", "=", ": ", "\t=\t", " ="]))
            text += indent + key + delimiter + draw(VALUES) + draw(BLANKS) + end
            for line in draw(
                st.lists(st.sampled_from(["  more", "   a = b", "", "  # c", "; c", "\t[x]", " "]), max_size=2)
            ):
                text += line + end
        text += draw(st.sampled_from(["", end, end * 3, f"# next{end}", f"{end}# next{end}"]))
    return text[: draw(st.sampled_from([None, None, -1]))]
