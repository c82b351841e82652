"""Editing AWS's files as text: exactly what was asked for changes, or nothing does and a line says why."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from aws_corpus import EXAMPLES, QUIET, SAMPLES, SHARED, Sample, lines, parsed, tame_texts, texts
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ccsetup.awsfiles import edit
from ccsetup.core.errors import Problem
from ccsetup.core.model import FileName, Secret, Section, Value

ORDINARY = [sample for sample in SAMPLES if not sample.broken]
ORDINARY_IDS = [f"{sample.file}/{sample.name}" for sample in ORDINARY]
REFUSED = {  # readable, but ambiguous or so indented that nobody should guess
    "config/default-twice": "section.default-twice",
    "config/same-profile-twice-quoted": "file.duplicate-section",
    "config/indented-header-after-empty": "section.indented-key",
}


def stanzas(sample: Sample) -> Iterator[edit.Stanza]:
    """Yield the sections an edit may be asked for."""
    for stanza in edit.read(sample.text, sample.file).stanzas:
        if stanza.type in ("profile", "sso-session"):
            yield stanza


def section(sample: Sample, stanza: edit.Stanza, settings: Mapping[str, Value | None]) -> Section:
    return Section(sample.file, stanza.type, stanza.name, settings)  # type: ignore[arg-type]


def edited(sample: Sample, stanza: edit.Stanza, settings: Mapping[str, Value | None]) -> str | None:
    """Put the settings; None when that is refused as the corpus expects."""
    wanted = section(sample, stanza, settings)
    try:
        after = edit.put(sample.text, wanted)
    except Problem as problem:
        assert problem.code == REFUSED[f"{sample.file}/{sample.name}"]
        assert problem.what.startswith("Line ")
        return None
    assert edit.put(after, wanted) == after, "writing twice changes nothing"
    assert edit.holds(after, wanted)
    return after


def reads_alike(before: str, after: str, header: str, change: Mapping[str, str | None], folder: Path) -> None:
    """Compare what botocore reads before and after, but for one section's change."""
    expected = {name: dict(values) for name, values in parsed(before, folder).items()}
    expected.setdefault(header, {}).update(change)
    expected[header] = {key: value for key, value in expected[header].items() if value is not None}
    assert parsed(after, folder) == expected


@pytest.mark.parametrize("sample", ORDINARY, ids=ORDINARY_IDS)
def test_changing_a_key_changes_its_line_and_no_other(sample: Sample, tmp_path: Path) -> None:
    for stanza in stanzas(sample):
        for key, value, numbers in stanza.settings:
            if " " in key or (after := edited(sample, stanza, {key: "changed"})) is None:
                continue
            before = [line for n, line in enumerate(lines(sample.text), 1) if n not in numbers[1:]]
            at = numbers[0] - 1
            old, new = before[at], lines(after)[at]
            assert lines(after) == [*before[:at], new, *before[at + 1 :]]
            head = value.split("\n")[0]
            assert new.replace("changed", head, 1).replace(" ", "") == old.replace(" ", "")
            assert new.startswith(old[: old.lower().index(key) + len(key) + 1])
            reads_alike(sample.text, after, stanza.header, {key: "changed"}, tmp_path)


@pytest.mark.parametrize("sample", ORDINARY, ids=ORDINARY_IDS)
def test_adding_a_key_adds_one_line_below_the_sections_last_setting(sample: Sample, tmp_path: Path) -> None:
    for stanza in stanzas(sample):
        after = edited(sample, stanza, {"ccsetup_added": "a#b"})
        if after is None:
            continue
        at = stanza.settings[-1].lines[-1] if stanza.settings else stanza.line
        new, old = lines(after), lines(sample.text)
        assert new[at].strip().replace(" ", "") == "ccsetup_added=a#b"
        assert [line.rstrip("\r\n") for line in new[:at] + new[at + 1 :]] == [line.rstrip("\r\n") for line in old]
        assert after.replace(new[at].rstrip("\r\n"), "", 1).replace("\n", "").replace("\r", "") == (
            sample.text.replace("\n", "").replace("\r", "")
        )
        assert after.endswith(("\r", "\n")) == sample.text.endswith(("\r", "\n"))
        reads_alike(sample.text, after, stanza.header, {"ccsetup_added": "a#b"}, tmp_path)


@pytest.mark.parametrize("sample", ORDINARY, ids=ORDINARY_IDS)
def test_removing_a_key_removes_its_lines_and_no_other(sample: Sample, tmp_path: Path) -> None:
    for stanza in stanzas(sample):
        for key, _, numbers in stanza.settings:
            after = edited(sample, stanza, {key: None})
            if after is not None:
                assert lines(after) == [line for n, line in enumerate(lines(sample.text), 1) if n not in numbers]
                reads_alike(sample.text, after, stanza.header, {key: None}, tmp_path)


@pytest.mark.parametrize("sample", ORDINARY, ids=ORDINARY_IDS)
def test_adding_a_profile_adds_to_the_end_alone(sample: Sample, tmp_path: Path) -> None:
    wanted = Section(sample.file, "profile", "ccsetup-new", {"region": "us-east-2", "absent": None})
    after = edit.put(sample.text, wanted)
    header = edit.heading(wanted)
    added = after[len(sample.text) :]
    assert after == sample.text + added
    assert [line.rstrip("\r\n") for line in lines(added) if line.strip()] == [f"[{header}]", "region = us-east-2"]
    assert added.startswith(("\r", "\n", "[")) and added.endswith(("\r", "\n"))
    assert edit.put(after, wanted) == after
    inherited = edit.defaults(edit.read(sample.text, sample.file))
    reads_alike(sample.text, after, header, {**inherited, "region": "us-east-2"}, tmp_path)


@pytest.mark.parametrize("sample", [it for it in SAMPLES if it.broken], ids=lambda it: it.name)
def test_a_file_botocore_cannot_read_is_refused_with_code_and_line(sample: Sample) -> None:
    fault = edit.read(sample.text, sample.file).fault
    assert fault is not None
    with pytest.raises(Problem) as refused:
        edit.put(sample.text, Section(sample.file, "profile", "dev", {"region": "us-east-1"}))
    assert refused.value.what.startswith(f"Line {fault.line} ")
    assert refused.value.code == fault.code


def test_what_is_expected_to_be_refused_is_in_the_corpus() -> None:
    assert set(REFUSED) <= set(ORDINARY_IDS)


# ------------------------------------------------------------------ how lines are written


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        ("[profile dev]\nregion=us-east-1\n", {"region": "x"}, "[profile dev]\nregion=x\n"),
        ("[profile dev]\nRegion  :  us-east-1  \n", {"region": "x"}, "[profile dev]\nRegion  :  x  \n"),
        ("[profile dev]\nregion =\n", {"region": "x"}, "[profile dev]\nregion = x\n"),
        ("[profile dev]\nregion =\r\n", {"region": "x"}, "[profile dev]\nregion = x\r\n"),
        ("[profile dev]\nregion=", {"region": "x"}, "[profile dev]\nregion=x"),
        ("[profile dev]\nregion = a\n", {"region": ""}, "[profile dev]\nregion = \n"),
        ("[profile dev]\na=1\n", {"b": "2"}, "[profile dev]\na=1\nb=2\n"),
        ("[profile dev]\na = 1", {"b": "2", "c": "3"}, "[profile dev]\na = 1\nb = 2\nc = 3"),
        ("[profile dev]\r\na = 1", {"b": "2"}, "[profile dev]\r\na = 1\r\nb = 2"),
        ("[profile dev]\n\ta = 1\n\n# x\n", {"b": "2"}, "[profile dev]\n\ta = 1\n\tb = 2\n\n# x\n"),
        ("[profile dev]\n  s3 =\n    a = 1\n", {"b": "2"}, "[profile dev]\n  s3 =\n    a = 1\n  b = 2\n"),
        ("[profile dev]\ns3 =\n  a = 1\n  # c\n  b = 2\n", {"s3": "x"}, "[profile dev]\ns3 = x\n  # c\n"),
        ("[profile dev]\na = 1\n\n\n[x]\n", {"b": "2"}, "[profile dev]\na = 1\nb = 2\n\n\n[x]\n"),
        ("[profile dev]", {"b": "2"}, "[profile dev]\nb = 2"),
        ("[profile dev]\na = 1\nb = 2", {"b": None, "c": "3"}, "[profile dev]\na = 1\nc = 3\n"),
        ("# mine\n", {"b": "2"}, "# mine\n\n[profile dev]\nb = 2\n"),
        ("[a]\r\nb = 1\r\n", {"b": "2"}, "[a]\r\nb = 1\r\n\r\n[profile dev]\r\nb = 2\r\n"),
        ("[a]\nb = 1", {"b": "2"}, "[a]\nb = 1\n\n[profile dev]\nb = 2\n"),
        ("[a]\n\n", {"b": "2"}, "[a]\n\n[profile dev]\nb = 2\n"),
        (None, {"b": "2", "a": ""}, "[profile dev]\nb = 2\na = \n"),
        (None, {}, "[profile dev]\n"),
        ("[a]\n", {"b": None}, "[a]\n"),
    ],
)
def test_a_line_is_written_the_way_its_neighbours_are(
    before: str | None, change: dict[str, str | None], after: str
) -> None:
    assert edit.put(before, Section("config", "profile", "dev", change)) == after


@pytest.mark.parametrize(
    ("file", "type", "name", "header"),
    [
        ("config", "profile", "dev", "[profile dev]"),
        ("config", "profile", "default", "[default]"),
        ("config", "profile", "DEFAULT", "[profile DEFAULT]"),
        ("config", "profile", "my dev", '[profile "my dev"]'),
        ("config", "profile", "o'hara", '[profile "o\'hara"]'),
        ("config", "profile", 'a"b', "[profile 'a\"b']"),
        ("config", "profile", "ACME\\maria", '[profile "ACME\\maria"]'),
        ("config", "profile", "a#b;c", "[profile a#b;c]"),
        ("config", "sso-session", "acme", "[sso-session acme]"),
        ("credentials", "profile", "dev", "[dev]"),
        ("credentials", "profile", "my dev", "[my dev]"),
        ("credentials", "profile", "default", "[default]"),
    ],
)
def test_a_name_is_quoted_when_it_needs_it(file: FileName, type: Any, name: str, header: str, tmp_path: Path) -> None:
    text = edit.put("", Section(file, type, name, {"a": "1"}))
    assert lines(text)[0] == f"{header}\n"
    assert edit.read(text, file).find(type, name)
    assert parsed(text, tmp_path) == {header[1:-1]: {"a": "1"}}


@pytest.mark.parametrize(
    "name", ["", " ", " dev", "dev ", "a\nb", "a\rb", "a\0b", "a\x1b[31m", "a\u2028b", "a]b", "[x", "'\"x y"]
)
def test_a_name_that_could_not_be_read_back_is_refused(name: str) -> None:
    with pytest.raises(Problem) as refused:
        edit.put("", Section("config", "profile", name, {"a": "1"}))
    assert refused.value.code == "input.invalid"


def test_the_section_every_other_inherits_is_no_profile() -> None:
    with pytest.raises(Problem):
        edit.put("", Section("credentials", "profile", "DEFAULT", {"a": "1"}))


@pytest.mark.parametrize(
    "value", ["a\nb", "a\rb", "a\0b", "\x1b[31m", " a", "a ", "\ta", "a\xa0", "\u2028", "a\u2029b", "a\x85b", "\udcff"]
)
def test_a_value_that_could_not_be_read_back_is_refused_without_showing_it(value: str) -> None:
    with pytest.raises(Problem) as refused:
        edit.put("[profile dev]\n", Section("config", "profile", "dev", {"a": Secret(value + "hush" + value)}))
    assert refused.value.code == "input.invalid"
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize("key", ["", "a b", "a=b", "a:b", "#a", "[a", "A", "a\n"])
def test_a_key_that_could_not_be_read_back_is_refused(key: str) -> None:
    with pytest.raises(Problem):
        edit.put("", Section("config", "profile", "dev", {key: "1"}))


@pytest.mark.parametrize(
    "value", ["x # y", "# y", "a; b", "%(x)s", "[x]", "a = b: c", "\"q\" 's' # z", "'''", '"', "é☕", "$HOME", "\\"]
)
@pytest.mark.parametrize("before", [None, "[profile dev]\na = 1\nb = 2\n"])
def test_any_value_of_one_line_is_written_as_it_is(before: str | None, value: str, tmp_path: Path) -> None:
    after = edit.put(before, Section("config", "profile", "dev", {"a": value}))
    assert f"a = {value}\n" in after
    assert parsed(after, tmp_path)["profile dev"]["a"] == value


def test_a_key_every_section_inherits_cannot_be_removed_from_one() -> None:
    text = "[DEFAULT]\nregion = a\n[profile dev]\nregion = b\n"
    with pytest.raises(Problem, match=r"Line 3 .*\[DEFAULT\] sets it"):
        edit.put(text, Section("config", "profile", "dev", {"region": None}))
    assert edit.put(text, Section("config", "profile", "dev", {"region": "c"})) == text.replace("b", "c")


# ------------------------------------------------------------------ whole sections


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[dev]\n", ""),
        ("[dev]", ""),
        ("[a]\nx = 1\n\n[dev]\n", "[a]\nx = 1\n\n"),
        ("[a]\nx = 1\n\n[dev]\n\n[b]\ny = 1\n", "[a]\nx = 1\n\n[b]\ny = 1\n"),
        ("[dev]\n\n# b's\n[b]\n", "# b's\n[b]\n"),
        ("[dev]\n# dev's\n[b]\n", "[dev]\n# dev's\n[b]\n"),
        ("[dev]\n\n# dev's\n", "[dev]\n\n# dev's\n"),
        ("[dev]\n# dev's\n\n# b's\n[b]\n", "[dev]\n# dev's\n\n# b's\n[b]\n"),
        ("[dev]\nx = 1\n", "[dev]\nx = 1\n"),
        ("[a]\n", "[a]\n"),
    ],
)
def test_an_empty_section_is_dropped_unless_it_has_a_comment(before: str, after: str) -> None:
    assert edit.drop(before, Section("credentials", "profile", "dev", {"k": None})) == after


# ------------------------------------------------------------------ the proof


CHANGES = st.dictionaries(
    st.sampled_from(["region", "output", "s3", "a", "new"]),
    st.one_of(st.none(), st.sampled_from(["", "x", "a # b", "k = v", "[x]", "é"])),
    min_size=1,
    max_size=3,
)
TARGETS = st.sampled_from(["dev", "prod", "default", "my dev", "fresh", "b\\c"])


@pytest.mark.slow
@settings(QUIET, max_examples=EXAMPLES * 2)
@given(text=tame_texts() | texts(), name=TARGETS, change=CHANGES, file=st.sampled_from(["config", "credentials"]))
def test_an_edit_of_any_text_is_exact_or_refused(
    text: str, name: str, change: dict[str, str | None], file: FileName, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, wanted = tmp_path_factory.getbasetemp(), Section(file, "profile", name, change)
    try:
        after = edit.put(text, wanted)
    except Problem as problem:
        assert problem.what.startswith("Line ")
        return
    assert edit.put(after, wanted) == after
    before, found = parsed(text, folder), parsed(after, folder)
    inherited = edit.defaults(edit.read(text, file))
    target = [header for header in found if edit.logical(header, file) == ("profile", name)]
    for header in {**before, **found}:
        if header not in target:
            assert found[header] == before[header]
    for header in target:
        kept = {**before.get(header, dict.fromkeys(inherited)), **change}
        there = {k: v for k, v in found[header].items() if header in before or k in change or k not in inherited}
        assert there == {k: v for k, v in kept.items() if v is not None}
    assert target or all(value is None for value in change.values())
    assert _comments(after) == _comments(text)


def _comments(text: str) -> list[str]:
    return [line.strip() for line in lines(text) if line.strip().startswith(("#", ";"))]


@pytest.mark.slow
@QUIET
@given(text=tame_texts() | texts())
def test_a_text_reads_as_the_union_of_its_parts_between_headers_in_column_0(
    text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp()
    try:
        whole = parsed(text, folder)
    except Problem:
        return
    assume("DEFAULT" not in text)
    cuts = [0]
    while (at := edit._next_cut(text, cuts[-1])) < len(text):
        cuts.append(at)
    union: dict[str, Any] = {}
    for start, end in zip(cuts, [*cuts[1:], len(text)], strict=True):
        union.update(parsed(text[start:end], folder))
    assert union == whole


@pytest.mark.slow
@QUIET
@given(
    text=tame_texts(),
    name=TARGETS,
    change=CHANGES,
    harm=st.tuples(st.integers(0, 400), st.sampled_from(["", "x", "\n", "[x]\n", " "])),
)
def test_the_proof_by_parts_finds_whatever_the_whole_proof_finds(
    text: str, name: str, change: dict[str, str | None], harm: tuple[int, str]
) -> None:
    wanted = Section("config", "profile", name, change)
    try:
        after = edit.put(text, wanted)
    except Problem:
        return
    at = harm[0] % (len(after) + 1)
    for changed in (after, after[:at] + harm[1] + after[at + (not harm[1]) :]):
        whole = _proven(text, changed, wanted)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(edit, "WHOLE", 0)
            by_parts = _proven(text, changed, wanted)
        assert whole == by_parts


def _proven(before: str, after: str, wanted: Section) -> bool:
    try:
        edit.prove(before, after, [wanted])
    except Problem:
        return False
    return True


def test_what_could_not_be_read_afterwards_is_refused_without_showing_it() -> None:
    wanted = Section("config", "profile", "dev", {"a": "1"})
    with pytest.raises(Problem) as refused:
        edit.prove("[profile dev]\n", "[profile dev]\na = 1\nhush\n", [wanted])
    assert "hush" not in f"{refused.value.what}{refused.value.why}{refused.value.next}"


LONG = "".join(f"[profile p{n}]\nregion = us-east-1\noutput = json\n\n" for n in range(2000))


@pytest.mark.slow
@pytest.mark.parametrize(
    "harm",
    [
        lambda text: text.replace("[profile p7]", "[profile p8]", 1),
        lambda text: text.replace("region = us-east-1\n", "", 1),
        lambda text: text + "# more\n",
        lambda text: text.replace("output", "Output", 1),
        lambda text: text.replace("[profile p1000]\nregion", "[profile p1000]\n region", 1),
        lambda text: text[:-1] + "[profile p3]\n",
        lambda text: text.replace("\n", "\r\n"),
    ],
)
def test_a_long_text_that_differs_elsewhere_is_not_proven(harm: Any) -> None:
    wanted = Section("config", "profile", "p1000", {"output": "text"})
    after = edit.put(LONG, wanted)
    edit.prove(LONG, after, [wanted])
    with pytest.raises(Problem):
        edit.prove(LONG, harm(after), [wanted])


def test_a_long_text_is_judged_by_the_parts_around_the_change() -> None:
    judged = []

    def judge(text: str) -> edit.Parsed:
        judged.append(text)
        return edit.parse(text)

    wanted = Section("config", "profile", "p1000", {"output": "text"})
    edit.prove(LONG, edit.put(LONG, wanted), [wanted], judge)
    assert [len(edit.read(text, "config").headers) for text in judged] == [3, 3]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the SDKs' shared cases are not at hand")
def test_the_cases_all_sdks_share_keep_their_meaning_when_a_profile_is_added(tmp_path: Path) -> None:
    cases = json.loads((SHARED / "profile-parser-tests.json").read_text(encoding="utf-8"))["tests"]
    tried = 0
    for case in cases:
        for file, key in (("config", "configFile"), ("credentials", "credentialsFile")):
            text = case["input"].get(key)
            if text is None or edit.read(text, file).fault:  # type: ignore[arg-type]
                continue
            wanted = Section(file, "profile", "inserted", {"region": "us-east-1"})  # type: ignore[arg-type]
            after = edit.put(text, wanted)
            assert after.startswith(text)
            assert parsed(after, tmp_path) == {
                **parsed(text, tmp_path),
                edit.heading(wanted): {"region": "us-east-1"},
            }
            tried += 1
    assert tried >= 40
