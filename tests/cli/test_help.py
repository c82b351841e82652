"""Help and hints: each kind's own flags, an overview of setup, the nearest names, and every encoding."""

from __future__ import annotations

import io
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import CleanEnv
from terminal import program

from ccsetup import access
from ccsetup.cli import main, question_flags
from ccsetup.cli.parser import COMMANDS, parsed, parser_of
from ccsetup.core.errors import BadAnswer

KINDS = [kind.name for kind in access.KINDS]


@pytest.fixture(autouse=True)
def to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the program end by SystemExit: threads of other tests in this process are none of its own."""
    monkeypatch.setattr(main, "leave", lambda code: None)


def helped(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main.main([*words])
    assert ended.value.code == 0
    return capsys.readouterr().out


def flags_of(kind: str) -> set[str]:
    """Return every flag that the questions of a kind have."""
    asked = access.asked_by(access.of(kind))
    return {flag for it in asked for flag in (it.flag_name, *(also for also, _ in it.also)) if flag}


def named(text: str) -> set[str]:
    """Return the flags that help explains, each at the start of its line."""
    return {line.split()[0].rstrip(",") for line in text.splitlines() if line.lstrip().startswith("--")}


def test_the_overview_names_every_kind() -> None:
    (line,) = (it for it in main.HELP.splitlines() if it.startswith("Kinds "))
    assert set(line.removeprefix("Kinds").split()) - {"·"} == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("words", [("{}", "--help"), ("--profile", "x", "{}", "-h"), ("-h", "{}")], ids=str)
def test_the_help_of_a_kind_has_its_flags_and_no_others(
    kind: str, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    text = helped(capsys, "setup", *(word.format(kind) for word in words))
    everyones = {flag for it in KINDS for flag in flags_of(it)}
    assert text.startswith(f"usage: ccsetup setup {kind} ")
    assert access.of(kind).label in text
    assert named(text) & everyones == flags_of(kind)
    assert {"--yes", "--dry-run", "--json"} <= set(text.replace(",", " ").split())


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_of_a_kind_is_one_that_setup_takes(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = helped(capsys, "setup", kind, "--help")
    example = text.partition("Example: ")[2].strip()
    options = parsed(shlex.split(example)[1:])
    assert (options.command, options.kind) == ("setup", kind)
    assert set(question_flags.given(options).answers) - {"kind"} <= {it.key for it in access.asked_by(access.of(kind))}


def test_the_help_of_setup_is_an_overview_that_fits_a_screen(capsys: pytest.CaptureFixture[str]) -> None:
    text = helped(capsys, "setup", "--help")
    for kind in access.KINDS:
        assert any(line.split()[:1] == [kind.name] and kind.label in line for line in text.splitlines())
    assert "ccsetup setup sso --help" in text
    shared = set.intersection(*(flags_of(kind) for kind in KINDS))
    assert shared <= named(text) and "--sso-start-url" not in named(text)
    assert "--paste" in text and "--team" in text
    lines = [line for line in text.splitlines() if not line.startswith("Example: ")]
    assert len(lines) < 60 and max(map(len, lines)) <= 80
    assert not any(line != line.rstrip() for line in lines)
    assert text.index("kinds of access:") < text.index("options:")


@pytest.mark.parametrize("words", [("help", "setup", "sso"), ("help", "setup"), ("help", "clone"), ("help",)], ids=str)
def test_help_before_a_command_is_its_help(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert helped(capsys, *words) == helped(capsys, *words[1:], "--help")


UNKNOWN = [
    (["stats"], 'Unknown command "stats". Did you mean "status"?', ""),
    (["help", "stats"], 'Unknown command "stats". Did you mean "status"?', ""),
    (["sso"], 'Unknown command "sso".', "ccsetup setup sso"),
    (["oidc", "--help"], 'Unknown command "oidc".', "ccsetup setup oidc"),
    (["setup", "ssso"], 'Unknown kind of access "ssso". Did you mean "sso"?', ""),
    (["setup", "roles", "--help"], 'Unknown kind of access "roles". Did you mean "role"?', ""),
    (["setup", "federatoin"], 'Did you mean "federation"?', ""),
    (["setup", "zzz"], "Available: sso, role, mfa,", ""),
    (["setup", "sso", "--sso-acount-id", "1"], 'Unknown flag --sso-acount-id. Did you mean "--sso-account-id"?', ""),
    (["setup", "sso", "--sso-acount-id=1"], 'Unknown flag --sso-acount-id. Did you mean "--sso-account-id"?', ""),
    (["status", "--chek"], 'Unknown flag --chek. Did you mean "--check"?', ""),
    (["completion", "bsh"], '"bsh" isn\'t one of: bash, zsh, fish, tcsh, powershell. Did you mean "bash"?', ""),
    (["env", "dev", "--shell", "pwershell"], 'Did you mean "powershell"?', ""),
    (["team", "chek"], 'Did you mean "check"?', ""),
]


@pytest.mark.parametrize(
    ("words", "what", "next"), UNKNOWN, ids=lambda it: " ".join(it) if isinstance(it, list) else ""
)
def test_what_is_unknown_gets_the_nearest_name(
    words: list[str], what: str, next: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run([*words, "--no-input"]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert what in said and next in said


def test_a_flag_that_resembles_none_is_named_alone() -> None:
    with pytest.raises(BadAnswer, match=r"Unknown flag --zzzzzz\.$"):
        parsed(["undo", "--zzzzzz"])
    with pytest.raises(BadAnswer, match=r"Unexpected argument: x\.$"):
        parsed(["undo", "x"])


ENCODINGS = ["ascii", "cp932", "cp437", "latin-1", "gbk", "utf-8"]
SAID = [
    ["--help"],
    ["--version"],
    *([name, "--help"] for name in COMMANDS),
    *(["setup", kind, "--help"] for kind in KINDS),
]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("words", SAID, ids=" ".join)
def test_no_help_fails_for_an_encoding(words: list[str], encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    streams = [io.TextIOWrapper(io.BytesIO(), encoding) for _ in range(2)]
    monkeypatch.setattr(sys, "stdout", streams[0])
    monkeypatch.setattr(sys, "stderr", streams[1])
    with pytest.raises(SystemExit) as ended:
        main.main(words)
    out, err = ((it.flush(), it.buffer.getvalue())[1] for it in streams)  # type: ignore[attr-defined]
    assert (ended.value.code, err) == (0, b"")
    assert out.decode(encoding).strip()


def test_what_an_encoding_lacks_is_spelled_out(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), "ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    main.spell_out(stream)
    stream.write("✓ a … · ü \udcff\n")
    stream.flush()
    assert stream.buffer.getvalue() == b"ok a ... - ? ?\n"  # type: ignore[attr-defined]


@pytest.mark.long
@pytest.mark.parametrize("encoding", ["ascii", "cp932"])
def test_a_message_in_another_encoding_than_the_terminals_is_read(
    encoding: str, clean_env: CleanEnv, tmp_path: Path
) -> None:
    message = "Olá María, é aqui: https://acme.awsapps.com/start 日本\xff".encode()
    done = subprocess.run(
        [program(), "setup", "--paste", "-", "--no-input"], input=message, capture_output=True, check=False,
        env=clean_env(tmp_path / "home", PYTHONIOENCODING=encoding),
    )  # fmt: skip
    assert done.returncode == 2
    assert b"the start URL https://acme.awsapps.com/start" in b" ".join(done.stderr.split())


def test_every_command_has_a_help_that_names_its_flags(capsys: pytest.CaptureFixture[str]) -> None:
    for name in COMMANDS:
        text = helped(capsys, name, "--help")
        if name != "setup":
            assert all(flag in text for it in parser_of(name)._actions for flag in it.option_strings)
