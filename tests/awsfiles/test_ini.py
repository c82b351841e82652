"""Reading AWS's dialect: the same as botocore on whatever a file may hold, with the line of the first fault."""

from __future__ import annotations

import json
from pathlib import Path

import aws_corpus
import pytest
from aws_corpus import EXAMPLES, IDS, QUIET, SAMPLES, SHARED, Sample, full_config, parsed, tame_texts, texts, unnested
from hypothesis import given, settings

from ccsetup.awsfiles import ini
from ccsetup.core.errors import Problem
from ccsetup.core.model import FileName


def agrees(text: str, file: FileName, folder: Path) -> None:
    """Compare our reading of a text with botocore's."""
    document = ini.read(text, file)
    try:
        theirs = parsed(text, folder)
    except Problem:
        assert document.fault is not None, text
        return
    assert document.fault is None or "\0" in text, (text, document.fault)
    inherited = ini.defaults(document)
    ours = {it.header: {**inherited, **it.values} for it in document.stanzas if it.header != ini.DEFAULTS}
    assert unnested(ours) == theirs


@pytest.mark.slow
@QUIET
@given(text=texts() | tame_texts())
def test_a_text_reads_as_botocore_reads_it_or_has_a_fault_where_botocore_refuses(
    text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    agrees(text, "config", tmp_path_factory.getbasetemp())


@pytest.mark.slow
@QUIET
@given(text=texts() | tame_texts())
def test_sections_are_cut_out_of_the_text_without_losing_a_character(text: str) -> None:
    document = ini.read(text, "config")
    start = document.starts[0] if document.starts else len(text)
    assert text[:start] + "".join(stanza.text for stanza in document.stanzas) == text
    for stanza in document.stanzas:
        assert stanza.line == 1 + ini.count_lines(text[: stanza.start])


@pytest.mark.slow
@QUIET
@given(text=texts() | tame_texts())
def test_a_plain_text_reads_the_same_line_by_line(text: str) -> None:
    document = ini.read(text, "config")
    if document.walked is None:
        found, strays = ini._walk(text)
        assert not strays and not [fault for it in found for fault in it.faults()]
        assert [(it.header, it.start) for it in found] == [*zip(document.headers, document.starts, strict=True)]
        for stanza in document.stanzas:
            assert stanza.values == {it.key: it.value for it in stanza.settings}
        for stanza in ini._read.__wrapped__(text, "config", False).stanzas:
            one = ini._read.__wrapped__(text, "config", False).find(stanza.type, stanza.name)
            assert stanza in one or document.fault


@pytest.mark.parametrize("sample", SAMPLES, ids=IDS)
def test_a_real_file_reads_as_botocore_reads_it(sample: Sample, tmp_path: Path) -> None:
    agrees(sample.text, sample.file, tmp_path)
    assert bool(ini.read(sample.text, sample.file).fault) == sample.broken


def test_most_real_files_are_plain() -> None:
    plain = [sample for sample in SAMPLES if ini.read(sample.text, sample.file).walked is None]
    assert len(plain) > len(SAMPLES) / 3


@pytest.mark.parametrize(
    ("name", "line", "code"),
    [
        ("config/broken-duplicate-section", 4, "file.duplicate-section"),
        ("config/broken-duplicate-key", 3, "file.duplicate-key"),
        ("config/broken-bom", 1, "file.encoding"),
        ("config/broken-utf16", 1, "file.encoding"),
        ("config/broken-latin1", 1, "file.encoding"),
        ("config/broken-stray-word", 3, "file.stray-line"),
        ("config/broken-key-first", 1, "file.stray-line"),
        ("config/broken-open-header", 1, "file.stray-line"),
        ("config/broken-nested", 4, "file.nested-block"),
        ("config/broken-merge", 1, "file.stray-line"),
        ("config/broken-no-key", 2, "file.stray-line"),
        ("credentials/broken-wrapped-token", 5, "file.stray-line"),
        ("credentials/broken-pasted-exports", 4, "file.stray-line"),
        ("credentials/broken-nul", 2, "file.encoding"),
        ("credentials/broken-twice", 4, "file.duplicate-key"),
    ],
)
def test_the_line_at_fault_is_named(name: str, line: int, code: str) -> None:
    sample = SAMPLES[IDS.index(name)]
    fault = ini.read(sample.text, sample.file).fault
    assert fault is not None
    assert (fault.line, fault.code) == (line, code)
    assert fault.says.endswith(".")


def test_every_broken_file_of_the_corpus_has_its_line_above() -> None:
    [mark] = [m for m in test_the_line_at_fault_is_named.pytestmark if m.name == "parametrize"]
    assert {name for name, *_ in mark.args[1]} == {id for id, sample in zip(IDS, SAMPLES, strict=True) if sample.broken}


@pytest.mark.slow
@settings(QUIET, max_examples=EXAMPLES // 3)
@given(config=tame_texts(), credentials=tame_texts())
def test_profiles_and_sessions_are_those_of_botocores_session(
    config: str, credentials: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp()
    ours = ini.read(config, "config"), ini.read(credentials, "credentials")
    if ours[0].fault or ours[1].fault:
        return
    with pytest.MonkeyPatch.context() as patch:
        theirs = full_config(config, credentials, folder, patch)
    assert unnested(ini.profiles(*ours)) == theirs["profiles"]
    assert unnested(ini.sessions(ours[0])) == theirs["sso_sessions"]


def test_the_later_of_two_default_sections_counts_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = "[default]\nregion = a\noutput = json\n[profile default]\nregion = b\n"
    found = ini.profiles(ini.read(config, "config"), ini.read("[default]\nx = 1\n", "credentials"))
    assert found == {"default": {"region": "b", "x": "1"}}
    assert found == full_config(config, "[default]\nx = 1\n", tmp_path, monkeypatch)["profiles"]


def test_the_lines_of_a_setting_leave_out_the_comments_between_them() -> None:
    text = "[a]\ns3 =\n  # c\n  x = 1\n\n  y = 2\n\nb = 2\n"
    assert ini.read(text, "config").stanzas[0].settings == (
        ini.Setting("s3", "\nx = 1\n\ny = 2", (2, 4, 5, 6)),
        ini.Setting("b", "2", (8,)),
    )


def shared_cases() -> list[dict[str, object]]:
    """The profile parser cases that all AWS SDKs share, where they are at hand."""
    path = SHARED / "profile-parser-tests.json"
    if not path.is_file():
        return []
    cases: list[dict[str, object]] = json.loads(path.read_text(encoding="utf-8"))["tests"]
    return cases


@pytest.mark.skipif(not shared_cases(), reason="the SDKs' shared cases are not at hand")
def test_the_cases_all_sdks_share_read_as_botocore_reads_them(tmp_path: Path) -> None:
    for case in shared_cases():
        given_files = case["input"]
        assert isinstance(given_files, dict)
        agrees(given_files.get("configFile", ""), "config", tmp_path)
        agrees(given_files.get("credentialsFile", ""), "credentials", tmp_path)


def test_the_corpus_is_large_enough() -> None:
    assert len(aws_corpus.SAMPLES) >= 60


@pytest.mark.parametrize("name", ['"dev"', "'dev'", 'd"e"v', "d\\ev", "dev"])
def test_a_section_is_found_however_its_name_is_quoted(name: str) -> None:
    document = ini.read(f"[profile other]\n[profile {name}]\nregion = x\n[profile 'it\"s']\n", "config")
    assert [it.line for it in document.find("profile", "dev")] == [2]
    assert [it.line for it in document.find("profile", 'it"s')] == [4]
