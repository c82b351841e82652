"""Every command that is shown works when it is pasted, whatever a file or an address named: nothing else is run."""

from __future__ import annotations

import ast
import json
import re
from itertools import pairwise
from pathlib import Path

import pytest
from aws_ways import settle
from paths import ROOT
from patients import ID, SECRET

from ccsetup.aws.errors import problem_of
from ccsetup.cli import main
from ccsetup.core.model import Who
from ccsetup.git.errors import problem_of as of_git

EVIL = "x;touch${IFS}pwned"
# A name that a person or a file gives, right behind what takes it in a shell.
BARE = re.compile(r"(?:ccsetup (?:login|doctor|env|clone)|--profile|--repo|\brm|\bcd|--get-all|set-url origin) $")


def parts(path: Path) -> list[tuple[str, str]]:
    """Return the text before each placeholder of every f-string in a file, and what stands in the placeholder."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        values = node.values if isinstance(node, ast.JoinedStr) else []
        for before, value in pairwise(values):
            if isinstance(before, ast.Constant) and isinstance(value, ast.FormattedValue):
                found.append((str(before.value), ast.unparse(value.value)))
    return found


@pytest.mark.parametrize(
    "path",
    [it for it in sorted((ROOT / "ccsetup").rglob("*.py")) if "sandbox" not in it.parts],
    ids=lambda it: it.relative_to(ROOT).as_posix(),
)
def test_what_is_named_in_a_command_is_quoted(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for before, value in parts(path):
        if BARE.search(before):
            ready = re.search(rf"\b{re.escape(value)}\b[\w, ]* = (?:shlex\.)?quote\(", text)
            assert ready or re.match(r"(?:shlex\.)?quoted?\(|_word\(|(?:apply\.)?typed\(", value), (before[-40:], value)


@pytest.mark.parametrize("error", ["NoCredentialsError", "PartialCredentialsError", "UnauthorizedSSOTokenError"])
def test_a_profile_that_awss_errors_name_is_one_word(error: str) -> None:
    kind = type(error, (Exception,), {})
    assert problem_of(kind("x"), Who(EVIL, "us-east-2")).next.endswith(f"'{EVIL}'")


def test_the_profile_of_a_hostile_address_is_one_word() -> None:
    said = ["fatal: unable to access 'x': The requested URL returned error: 403"]
    assert f"ccsetup login '{EVIL}'" in of_git(said, f"codecommit::us-east-2://{EVIL}@repo", "access.git").next


@pytest.mark.slow
@pytest.mark.parametrize("words", [["env"], ["login"], ["doctor"], ["status"], ["clone", "R", "--profile"]])
def test_a_hostile_profile_is_one_word_in_every_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    settle(monkeypatch, tmp_path / "home")
    (tmp_path / "home/.aws").mkdir()
    text = f"[{EVIL}]\naws_access_key_id = {ID.replace('AKIA', 'ASIA')}\naws_secret_access_key = {SECRET}\n"
    (tmp_path / "home/.aws/credentials").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(main, "_end_like_ctrl_c", lambda: None)
    offline = ["--offline"] if words == ["doctor"] else []
    main.run([*words, EVIL, *offline, "--json", "--no-input"])
    document = json.loads(capsys.readouterr().out)
    said = [it.get("next") or it.get("do") or "" for it in [*document["problems"], *document.get("findings", [])]]
    for sentence in said:
        command = sentence.partition(": ccsetup ")[2] or sentence.removeprefix("ccsetup ")
        assert EVIL not in command.replace(f"'{EVIL}'", ""), sentence
