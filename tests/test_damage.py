"""Damage at random to homes that are well: nothing raises, nothing untouched is harmed, twice repaired is once repaired."""

from __future__ import annotations

import os
import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccsetup import checks, ini
from ccsetup.model import FileName
from tests.homes import KEYS, facts_of, mended

EXAMPLES = int(os.environ.get("CCSETUP_EXAMPLES", "120"))
QUIET = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=EXAMPLES)

CONFIG = (
    "# mine\n[default]\nregion = us-east-1\noutput = json\n\n[profile dev]\nrole_arn = arn:aws:iam::111122223333:role/X\n"
    "source_profile = default\nregion = us-east-2\n\n[sso-session acme]\nsso_start_url = https://acme.awsapps.com/start\n"
    "sso_region = us-east-1\nsso_registration_scopes = sso:account:access\n\n; signed in\n[profile signed]\nsso_session = acme\n"
    "sso_account_id = 111122223333\nsso_role_name = Dev\nregion = eu-west-1\n\n[profile nested]\ns3 =\n  max_queue_size = 5\n"
    "  addressing_style = path\nregion = us-west-2\ncli_pager = less -R # all\n\n[profile \"my own\"]\nregion = us-east-1\n"
)  # fmt: skip
CREDENTIALS = (
    f"[default]\n{KEYS}\n[other]\n{KEYS}aws_session_token = IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJHMEUCIQ==\n"
)
FAMILIES = ("file.", "section.", "profile.", "region.", "value.")
SCRAPS = st.sampled_from(
    ["[", "]", "=", ":", "#", ";", '"', "'", " ", "\t", "  ", "\u00a0", "\u201c", "\u2013", "\ufeff", "\0", "\udcff", "\r", "\n",
     "\x0b", "\u2028", "profile ", "region", "=\n", "\n[", "\n  ", ",", "\\", "<<<<<<< x\n", "=======\n", ">>>>>>> y\n", "aws_",
     "[profile dev]\n", "region = us-east-1a\n", "é", "AKIA", "//", "-", "\r\n"]
)  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn, whole: str) -> tuple[str, int, int]:
    """A text with one to three kinds of damage; the first and last of its lines that the damage left alone around it."""
    lines = whole.splitlines(keepends=True)
    low, high = len(lines), 0
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        kind = draw(st.integers(0, 8))
        line = lines[at]
        cut = draw(st.integers(0, len(line)))
        other = draw(st.integers(0, len(lines) - 1)) if kind == 2 else at
        if kind == 0:
            lines[at] = ""
        elif kind == 1:
            lines[at] = line * 2
        elif kind == 2:
            lines[at], lines[other] = lines[other], line
        elif kind == 3:
            lines[at] = line[:cut] + draw(SCRAPS) + line[cut:]
        elif kind == 4:
            lines[at] = line.swapcase()
        elif kind == 5:
            lines[at] = draw(st.sampled_from([" ", "\t", "    "])) + line
        elif kind == 6:
            lines[at] = line[:cut] + line[cut + 1 :]
        elif kind == 7:
            lines[at] = line[:cut] + "\n" + line[cut:]
        else:
            lines[at] = line.replace(draw(st.sampled_from(["=", "[", "]", " ", "-", "_"])), draw(SCRAPS))
        low, high = min(low, at, other), max(high, at, other)
    return "".join(lines), low, high


def sections(text: str, file: FileName) -> dict[tuple[str, str], list[dict[str, str]]]:
    found: dict[tuple[str, str], list[dict[str, str]]] = {}
    for it in ini.read(text, file).stanzas:
        found.setdefault((it.type, it.name), []).append(it.values)
    return found


def holds(whole: str, file: FileName, low: int, high: int, after: str) -> None:
    """Say that every section well before or wholly after the damage says what it said."""
    document = ini.read(whole, file)
    now = sections(after, file)
    bounds = [*(it.line for it in document.stanzas), *[whole.count("\n") + 2] * 2]
    for n, stanza in enumerate(document.stanzas):
        # where a header was lost, what stood below it is the section's above
        if bounds[n + 2] - 1 < low + 1 or stanza.line > high + 2:
            values = now.get((stanza.type, stanza.name), [])
            assert any(stanza.values.items() <= it.items() for it in values), (stanza.header, values)


@QUIET
@given(damaged(CONFIG))
def test_damage_to_the_config_file_never_spreads(damage: tuple[str, int, int]) -> None:
    text, low, high = damage
    facts = facts_of(text, CREDENTIALS)
    lines = text.count("\n") + text.count("\r") + 1
    for finding in checks.offline(facts):
        assert finding.says and (finding.path is None or 0 <= finding.line <= lines)
    whole = mended(facts).facts
    assert mended(whole).facts.texts == whole.texts
    after = mended(facts, FAMILIES).facts
    assert after.texts.credentials == CREDENTIALS
    was_read = ini.read(text, "config").fault is None
    assert not was_read or ini.read(after.texts.config or "", "config").fault is None
    if not re.search("[\0\udc80-\udcff\ufeff]|<<<<<<<", text):
        holds(CONFIG, "config", low, high, after.reading("config").text)


@QUIET
@given(damaged(CREDENTIALS))
def test_damage_to_the_credentials_file_never_spreads(damage: tuple[str, int, int]) -> None:
    text, low, high = damage
    facts = facts_of(CONFIG, text)
    assert all(it.says for it in checks.offline(facts))
    whole = mended(facts).facts
    assert mended(whole).facts.texts == whole.texts
    after = mended(facts, FAMILIES).facts
    for kept in set(CREDENTIALS.split()):
        if kept in text.split() and len(kept) > 8:
            assert kept in (after.texts.credentials or "").replace("\ufeff", ""), kept  # no secret is lost


@QUIET
@given(st.text(max_size=80) | st.lists(SCRAPS, max_size=25).map("".join), st.sampled_from(["config", "credentials"]))
def test_any_text_at_all_is_told_about(text: str, file: FileName) -> None:
    facts = facts_of(text, None) if file == "config" else facts_of(None, text)
    assert all(it.says for it in checks.offline(facts))
    after = mended(facts).facts
    assert mended(after).facts.texts == after.texts


@QUIET
@given(st.integers(0, 700), st.sampled_from(["utf-8", "utf-16", "utf-8-sig", "latin-1", "utf-32"]))
def test_bytes_cut_off_anywhere_are_told_about(end: int, encoding: str) -> None:
    data = CONFIG.replace("mine", "größer").encode(encoding)[:end]
    facts = facts_of(data.decode("utf-8", "surrogateescape"), CREDENTIALS)
    assert all(it.says for it in checks.offline(facts))
    after = mended(facts).facts
    assert mended(after).facts.texts == after.texts
