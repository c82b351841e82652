"""Damage at random to homes that are well: nothing raises, nothing untouched is harmed, twice repaired is once repaired."""

from __future__ import annotations

import re
from argparse import Namespace
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from often import examples

from ccsetup import access
from ccsetup.awsfiles import edit_proof, ini, plan, transaction
from ccsetup.awsfiles import lenient as meant
from ccsetup.awsfiles.settings import right
from ccsetup.cli.commands import undo
from ccsetup.core.context import AwsTexts
from ccsetup.core.errors import Problem
from ccsetup.core.model import FileName, Section
from ccsetup.doctor import checks
from tests.homes import KEYS, Home, context_of, facts_of, fixed, mended
from tests.script import tree

pytestmark = pytest.mark.slow

EXAMPLES = examples(120)
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
KEPT = re.compile(r"A[KS]IA[A-Z0-9]{16}|wJalr[A-Za-z0-9/+]{35}")
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
        kind = draw(st.integers(0, 11))
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
        elif kind == 9:  # glued to what follows
            lines[at] = line.rstrip("\n")
            other = min(at + 1, len(lines) - 1)
        elif kind == 10:  # a block that is pasted too far in
            other = min(at + draw(st.integers(1, 5)), len(lines) - 1)
            indent = draw(st.sampled_from(["  ", "\t"]))
            lines[at : other + 1] = [indent + it if it.strip() else it for it in lines[at : other + 1]]
        elif kind == 11:  # twice, otherwise
            lines[at] = line + line.replace("IOSFODNN7", "I44QH8DHB").replace("111122223333", "444455556666")
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


WAYS = (("role_arn",), ("sso_start_url", "sso_account_id", "sso_role_name"), ("aws_access_key_id",))


def who(texts: AwsTexts) -> dict[str, dict[str, str]]:
    """Return who each profile is to SDKs, as far as its own settings say; nobody where they refuse a file."""
    config, credentials = ini.both(texts)
    if config.fault or credentials.fault:
        return {}
    found = {}
    for name, there in ini.profiles(config, credentials).items():
        own = {**ini.sessions(config).get(there.get("sso_session", ""), {}), **there}
        ways = ({key: right(key, own.get(key, "")) for key in way} for way in WAYS)
        found[name] = next((way for way in ways if any(key in there for key in way)), {})
    return found


@QUIET
@given(damaged(CONFIG), damaged(CREDENTIALS))
def test_no_repair_by_itself_makes_anybody_someone_else_or_loses_a_key(
    config: tuple[str, int, int], credentials: tuple[str, int, int]
) -> None:
    facts = facts_of(config[0], credentials[0])
    after = mended(facts).facts
    was, now = who(facts.texts), who(after.texts)
    for name, it in was.items():
        assert name not in now or not it or not all(it.values()) or now[name] == it, name
    text, mended_ = f"{config[0]}\n{credentials[0]}", f"{after.texts.config}\n{after.texts.credentials}"
    for secret, count in Counter(KEPT.findall(text)).items():
        assert mended_.count(secret) >= count, secret


NAMED = st.sampled_from(["default", "dev", "signed", "nested", "other", "my own", "fresh"])
FIRST = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPL2", "aws_secret_access_key": "s" * 40}
WRITTEN = st.sampled_from(
    [
        lambda name: [Section("config", "profile", name, {"region": "us-west-2"}), Section("credentials", "profile", name, FIRST)],
        lambda name: [Section("config", "profile", name, {"role_arn": "arn:aws:iam::111122223333:role/Y", "source_profile": "other"})],
        lambda name: [Section("credentials", "profile", name, {**FIRST, "aws_session_token": "t" * 40})],
        lambda name: [
            Section("config", "sso-session", "acme", {"sso_start_url": "https://acme.awsapps.com/start", "sso_region": "us-east-1"}),
            Section("config", "profile", name, {"sso_session": "acme", "sso_account_id": "111122223333", "sso_role_name": "Dev"}),
        ],
    ]
)  # fmt: skip


def told(text: str, file: FileName, lenient: bool) -> dict[tuple[str, str], list[dict[str, str]]]:
    """Return what each section says, as SDKs read it or as it was meant."""
    return sections(meant.read(text, file).text if lenient else text, file)


@QUIET
@given(damaged(CONFIG), damaged(CREDENTIALS), NAMED, WRITTEN, st.booleans())
def test_a_profile_set_up_in_anything_changes_itself_alone_and_is_undone_to_the_byte(
    config: tuple[str, int, int],
    credentials: tuple[str, int, int],
    name: str,
    written: Callable[[str], list[Section]],
    renewed: bool,
) -> None:
    texts = facts_of(config[0], credentials[0]).texts
    try:
        change = plan.make(name, "", written(name), texts, frozenset() if renewed else access.OWN_KEYS)
    except Problem as problem:
        assert problem.what.startswith("Line ") and problem.next
        return
    named = {(it.type, it.name) for it in written(name)}
    for edit in change.edits:
        assert edit.file
        for lenient in (False, True):
            was, now = (told(text or "", edit.file, lenient) for text in (edit.before, edit.after))
            own = {*named}
            if lenient:  # [rofile dev] means the profile dev until there is one, and nothing afterwards
                own |= {k for k in {*was, *now} if named & {*told(f"[{' '.join(k).strip()}]\n", edit.file, True)}}
            assert {k: v for k, v in was.items() if k not in own} == {k: v for k, v in now.items() if k not in own}
        lines = Counter(line.strip() for line in (edit.after or "").splitlines())
        for line in (edit.before or "").splitlines():
            lines[line.strip()] -= 1
            key = line.partition("=")[0].partition(":")[0].strip().lower()
            gone = key in access.OWN_KEYS | {"region"} or line.strip()[:1] == "[" or KEPT.match(line.strip())
            assert lines[line.strip()] >= 0 or not line.strip() or gone or "=" not in line, line
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(transaction, "SETTLE_S", 0.0)
        it = context_of(Path(folder), Home(*(it[0].encode("utf-8", "surrogateescape") for it in (config, credentials))))
        before = tree(it.home / ".aws")
        there = it.files.read()
        change = plan.make(name, "", written(name), there, frozenset() if renewed else access.OWN_KEYS)
        try:
            it.files.put_back(it.files.apply(change))
        except Problem as problem:  # the sign-in that another profile shares had another spelling
            assert problem.what == edit_proof.decided(["signed"]).what
            assert name != "signed"
            assert ("sso-session", "acme") in named
            assert not re.search(r"(?m)^sso_start_url = https://acme\.awsapps\.com/start$", config[0])
        assert tree(it.home / ".aws") == before


@settings(QUIET, max_examples=EXAMPLES // 4)
@given(damaged(CONFIG), damaged(CREDENTIALS), st.sampled_from([0o600, 0o644, 0o400]))
def test_a_repair_of_anything_is_undone_to_the_byte(
    config: tuple[str, int, int], credentials: tuple[str, int, int], mode: int
) -> None:
    with TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(transaction, "SETTLE_S", 0.0)
        home = Home(*(it[0].encode("utf-8", "surrogateescape") for it in (config, credentials)), modes=(0o600, mode))
        it = context_of(Path(name), home)
        before = tree(it.home / ".aws")
        report = fixed(it)
        assert all(one["code"] != "internal" for one in report.document["problems"]), report.document["problems"]
        if changes := it.files.changes():
            assert len(changes) == 1
            undo.main(Namespace(list=False, yes=True, dry_run=False), lambda: it)
        assert tree(it.home / ".aws") == before


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
