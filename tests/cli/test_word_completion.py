"""Completion of words for PowerShell: what is offered where, and that a name reaches PowerShell as one plain text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ccsetup.access import KINDS
from ccsetup.cli import parser, word_completion
from ccsetup.cli.main import run
from ccsetup.core import regions

Captured = pytest.CaptureFixture[str]
HOSTILE = (
    "$(touch acted)", "`touch acted`", "x;acted", "a|b&", "it's acted", "it’s ‚acted‛", "my acted", "@acted", "*acted",
    "~/acted", "${HOME}", "{a,b}", "#acted", "-acted", "a\\acted", "grün-acted", "東京", "a\U0001f600b", "$null", "%acted",
)  # fmt: skip


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with four profiles."""
    folder = tmp_path / ".aws"
    folder.mkdir()
    (folder / "config").write_text("[default]\n[profile acme-dev]\nregion=x\n[sso-session s]\n")
    (folder / "credentials").write_text("[acme-keys]\n[acme-dev]\n")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return folder


def unescaped(text: str) -> str:
    r"""Return what .NET's Regex.Unescape makes of \uXXXX, and check that nothing else is in the text that it changes."""
    assert "\\" not in re.sub(r"\\u[0-9a-f]{4}", "", text) and text.isascii() and text.isprintable()
    units = [int(it[1], 16) if it[1] else ord(it[2]) for it in re.finditer(r"\\u([0-9a-f]{4})|(.)", text)]
    return b"".join(unit.to_bytes(2, "little") for unit in units).decode("utf-16-le")


def read_by_powershell(code: str) -> str:
    """Return the text that one argument of a program is in PowerShell. A bare word has nothing that it interprets."""
    if code[:1] != "'":
        assert re.fullmatch(r"(--)?[A-Za-z0-9][A-Za-z0-9_-]*", code), code
        return code
    text = re.fullmatch(r"'((?:[^'‘’‚‛]|(['‘’‚‛])\2)*)'", code)
    assert text, code
    return re.sub(r"(['‘’‚‛])\1", r"\1", text[1])


def answered(capsys: Captured, monkeypatch: pytest.MonkeyPatch, *words: str) -> list[tuple[str, str, str]]:
    monkeypatch.setenv(word_completion.WORDS, "\n".join(["ccsetup", *words]))
    capsys.readouterr()
    assert run(["completion", "--words"]) == 0
    found = [tuple(map(unescaped, line.split("\t"))) for line in capsys.readouterr().out.splitlines()]
    assert all(len(it) == 3 and all(it) for it in found)  # PowerShell takes no empty text
    return found  # type: ignore[return-value]


OFFERED = [
    ([""], {*parser.COMMANDS}),
    (["lo"], {"login", "logout"}),
    (["setup", ""], {kind.name for kind in KINDS}),
    (["setup", "m"], {"mfa", "machine"}),
    (["setup", "sso", "--region", "us-east-"], {it for it in regions.REGIONS if it.startswith("us-east-")}),
    (["setup", "sso", "--region=us-east-2"], {"--region=us-east-2"}),
    (["setup", "sso", "--sso-role-name", ""], set()),
    (["setup", "sso", "--sso-role-name", "x", "--output", "js"], {"json"}),
    (["setup", "--output", "js"], {"json"}),
    (["--profile", "acme"], {"acme-dev", "acme-keys"}),
    (["login", ""], {"default", "acme-dev", "acme-keys"}),
    (["login", "ACME"], {"acme-dev", "acme-keys"}),
    (["login", "'acme-d"], {"acme-dev"}),
    (["login", "acme-dev", ""], set()),
    (["login", "--mfa-code", "acme"], set()),
    (["login", "--all", "--jso"], {"--json"}),
    (["status", "acme-dev", "acme-k"], {"acme-keys"}),
    (["env", "acme-dev", "--shell", ""], {"bash", "zsh", "fish", "powershell", "cmd"}),
    (["completion", "p"], {"powershell"}),
    (["demo", "--kind", "mf"], {"mfa"}),
    (["team", "ex"], {"export"}),
    (["team", "export", "acme-"], {"acme-dev", "acme-keys"}),
    (["setup", "sso", "--directory", ""], set()),  # PowerShell then completes files
    (["nothing", "x"], set()),
    (["--bogus", ""], {kind.name for kind in KINDS}),
]


@pytest.mark.parametrize(("words", "offered"), OFFERED, ids=lambda it: " ".join(it) if isinstance(it, list) else "")
def test_the_values_of_each_place_are_offered(
    words: list[str], offered: set[str], capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {text for _, text, _ in answered(capsys, monkeypatch, *words)}
    assert offered <= found if words == [""] else found == offered


@pytest.mark.parametrize("command", parser.COMMANDS)
def test_every_flag_of_every_command_is_offered(
    command: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {text for _, text, _ in answered(capsys, monkeypatch, command, "--")}
    known = parser.parser_of(command)._option_string_actions
    assert found == {flag for flag in known if flag.startswith("--")}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("before", [["login"], ["setup"]])
def test_a_name_is_one_plain_text_for_powershell(
    name: str, before: list[str], home: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "config").write_text("")
    (home / "credentials").write_text(f"[{name}]\n", encoding="utf-8")
    flag = "--profile=" if before == ["setup"] else ""
    word = flag or name[:1]
    found = answered(capsys, monkeypatch, *before, word)
    if name.startswith("-") and not flag:
        assert found and name not in {text for _, text, _ in found}  # it would be read as a flag
    else:
        assert [(read_by_powershell(code), text) for code, text, _ in found] == [(flag + name, flag + name)]


def test_a_name_with_a_double_quote_is_not_offered(
    home: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "credentials").write_text('[a"b]\n[ab]\n')
    assert [text for _, text, _ in answered(capsys, monkeypatch, "login", "a")][-1:] == ["ab"]
    assert 'a"b' not in {text for _, text, _ in answered(capsys, monkeypatch, "login", "")}


def test_without_words_nothing_is_offered(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(word_completion.WORDS, raising=False)
    assert run(["completion", "--words"]) == 0
    assert {line.split("\t")[1] for line in capsys.readouterr().out.splitlines()} >= {"setup"}
