"""What the README and the examples say is so: every command line parses, every flag, command and link exists."""

from __future__ import annotations

import ast
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import CleanEnv
from paths import ROOT
from terminal import program

from ccsetup.cli.parser import COMMANDS, parsed, parser_of
from ccsetup.core.errors import BadAnswer

README = ROOT / "README.md"
CONTRIBUTING = ROOT / ".github" / "CONTRIBUTING.md"
PROSE = [ROOT / "README.md", *sorted((ROOT / "examples").rglob("*.md")), *sorted((ROOT / ".github").glob("*.md"))]
RECIPES = sorted(
    path
    for path in (ROOT / "examples").rglob("*")
    if path.name == "Dockerfile" or path.suffix in {".yml", ".yaml", ".json"}
    if path.name != "devcontainer-feature.json"  # it only describes install.sh
)
SHELLS = {"console", "bash", "sh", "powershell"}
MEANT = {"SHELL": "bash", "KIND": "sso", "COMMAND": "doctor"}  # a placeholder that stands for one of a few words


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def commands(line: str) -> Iterator[list[str]]:
    """Yield the words after each `ccsetup` that a line of shell runs, in pipes, lists and substitutions too."""
    for inner in re.findall(r"\$\(([^()]*)\)", line):
        yield from commands(inner)
    lexer = shlex.shlex(re.sub(r"(^|\s)#.*", "", line), posix=True, punctuation_chars=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    words: list[str] = []
    for word in [*lexer, ";"]:
        if set(word) <= set("();<>|&"):
            at = next((at for at, each in enumerate(words) if each.split("/")[-1] == "ccsetup"), None)
            if at is not None and not {"install", "inject"} & {*words[:at]}:
                yield words[at + 1 :]
            words = []
        else:
            words.append(word)


def fences(text: str) -> Iterator[tuple[str, str]]:
    """Yield the language and the content of each fenced block."""
    yield from re.findall(r"^```(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def lines(text: str) -> Iterator[str]:
    """Yield what a document has somebody run: what follows a `$ `, a block of shell, `code` between words."""
    for language, content in fences(text):
        joined = re.sub(r" `\n" if language == "powershell" else r"\\\n", " ", content)
        typed = re.findall(r"^\$ (.*)", joined, re.MULTILINE)
        yield from typed or (joined.splitlines() if language in SHELLS else ())
    yield from spans(text)


def spans(text: str) -> list[str]:
    """Return what stands between backquotes in the prose."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return [span.replace("\n", " ") for span in re.findall(r"`([^`]+)`", prose)]


def texts(value: Any) -> Iterator[str]:
    """Yield every text in a document of lists and mappings, but what things are called."""
    if isinstance(value, str):
        yield value
    if isinstance(value, dict):
        value = [each for key, each in value.items() if key != "name"]
    for each in value if isinstance(value, list) else ():
        yield from texts(each)


def recipe(path: Path) -> Iterator[str]:
    """Yield the lines of shell in a file that is for a tool, and the command lines in its remarks."""
    text = path.read_text(encoding="utf-8")
    remarks = "\n".join(re.findall(r"^\s*(?:#|//) +(.*)", text, re.MULTILINE)).replace("\\\n", " ")
    yield from re.findall(rf"ccsetup (?:{'|'.join(COMMANDS)}) .*", remarks)
    if path.name == "Dockerfile":
        yield from (shlex.join(json.loads(words)) for words in re.findall(r"^CMD (\[.*\])$", text, re.MULTILINE))
    else:
        bare = re.sub(r"^\s*//.*", "", text, flags=re.MULTILINE) if path.suffix == ".json" else text
        for found in texts(yaml.safe_load(bare)):
            yield from found.replace("\\\n", " ").splitlines()


def complaint(words: list[str]) -> str:
    """Say what the command line does not understand, "" when it does; …, [OPTIONAL] and PLACEHOLDER are allowed."""
    plain = [word.strip("[]") for word in words if word not in {"…", "[flags]", "--help", "--version"}]
    if len(plain) == 1 and plain[0] in COMMANDS:
        return ""  # it is spoken of
    try:
        parsed([MEANT.get(word, word) for word in plain])
    except BadAnswer as refused:
        return f"ccsetup {shlex.join(words)}: {refused}"
    return ""


def flags_of(command: str) -> set[str]:
    return set(parser_of(command)._option_string_actions)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("ccsetup", [[]]),
        ("pbpaste | ccsetup setup --paste - --yes", [["setup", "--paste", "-", "--yes"]]),
        ('eval "$(ccsetup env code)"', [["env", "code"]]),
        ("source <(ccsetup completion bash)  # once", [["completion", "bash"]]),
        ("pipx install ccsetup && .venv/bin/ccsetup demo", [["demo"]]),
        ("sudo -iu ubuntu ccsetup status; git pull", [["status"]]),
    ],
)
def test_a_command_is_found_wherever_a_line_runs_it(line: str, found: list[list[str]]) -> None:
    assert list(commands(line)) == found


def test_a_misspelt_command_flag_or_value_is_noticed() -> None:
    wrong = "```console\n$ ccsetup clone Repo \\\n    --regoin us-east-2\n```\n`ccsetup cloen Repo` `ccsetup env --shell csh P`"
    assert [bool(complaint(words)) for line in lines(wrong) for words in commands(line)] == [True] * 3


@pytest.mark.parametrize("path", [*PROSE, *RECIPES], ids=named)
def test_every_command_line_is_one_that_ccsetup_understands(path: Path) -> None:
    told = recipe(path) if path in RECIPES else lines(path.read_text(encoding="utf-8"))
    found = [words for line in told for words in commands(line)]
    assert found, "it runs nothing"
    assert [text for words in found if (text := complaint(words))] == []


@pytest.mark.parametrize("path", PROSE, ids=named)
def test_every_flag_that_is_named_exists(path: Path) -> None:
    every = set().union(*map(flags_of, COMMANDS))
    told = {flag for span in spans(path.read_text(encoding="utf-8")) for flag in re.findall(r"^--[a-z-]+", span)}
    assert told - every == set()


def test_a_flag_told_of_in_a_commands_row_is_that_commands_own() -> None:
    rows = re.findall(
        r"^\| `ccsetup ([a-z]+)[^`]*` \|(.*)", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert rows
    for command, told in rows:
        assert {flag for span in spans(told) for flag in re.findall(r"^--[a-z-]+", span)} <= flags_of(command), command


@pytest.mark.parametrize("path", PROSE, ids=named)
def test_every_link_leads_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for link in [*re.findall(r"\]\(([^)\s]+)\)", text), *re.findall(r'(?:src|href)="([^"]+)"', text)]:
        if not re.match(r"[a-z]+:", link):
            where, _, heading = link.partition("#")
            target = path.parent / where if where else path
            assert target.exists(), link
            assert not heading or heading in headings(target), link


def headings(path: Path) -> set[str]:
    """Return the anchors that a page gives its headings."""
    titles = re.findall(r"^#+ (.*)", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_file_that_contributors_are_told_of_exists() -> None:
    named = {
        span
        for span in spans(CONTRIBUTING.read_text(encoding="utf-8"))
        if re.fullmatch(r"[\w./]+\.(py|yml)|\.ci/run", span)
    }
    near = (ROOT, ROOT / "ccsetup", ROOT / "ccsetup/access/paste", ROOT / "ccsetup/cli/commands")
    assert len(named) > 30
    assert {name for name in named if "NAME" not in name and not any((it / name).is_file() for it in near)} == set()


def functions(path: Path) -> set[str]:
    """Return the functions of a module, and the methods of its classes as Class.method."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        within = node.body if isinstance(node, ast.ClassDef) else [node]
        begins = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
        found |= {f"{begins}{it.name}" for it in within if isinstance(it, ast.FunctionDef)}
    return found


def test_each_step_of_how_it_works_is_a_function_in_its_file() -> None:
    text = CONTRIBUTING.read_text(encoding="utf-8")
    steps = re.findall(r"^\| \d+ \| `(\S+)` \| `(\S+)` \|", text, re.MULTILINE)
    beside = re.findall(r"`(\w+)` in\s`([\w/]+\.py)`", text.partition("\n## How it works\n")[2].partition("\n## ")[0])
    assert len(steps) == 10
    assert len(beside) > 3
    for file, function in [*steps, *((file, name) for name, file in beside if name.islower())]:
        assert function in functions(ROOT / "ccsetup" / file), (file, function)


def test_the_contents_of_the_readme_list_its_headings_in_their_order() -> None:
    text = README.read_text(encoding="utf-8")
    titles = [it for it in re.findall(r"^## (.*)", text, re.MULTILINE) if it not in ("Install", "Contents")]
    links = [re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles]
    contents = text.partition("\n## Contents\n")[2].partition("\n## ")[0]
    assert set(links) <= set(re.findall(r"\]\(#([\w-]+)\)", contents))
    assert text.index("](examples/session.svg)") < text.index("\n## Install\n") < text.index("\n## Contents\n")
    order = ["Everyday commands", "Kinds of access", "FAQ", "Contributing", "Changelog"]
    assert [it for it in titles if it in order] == order


def test_the_readmes_first_command_shows_its_progress_and_how_long_it_takes() -> None:
    text = README.read_text(encoding="utf-8")
    first, second = re.findall(r"^python3 -m venv .*", text, re.MULTILINE)
    assert " demo" in first and "pytest" in second
    assert not re.search(r"pip\b.* (-q|--quiet)\b", first)
    before = text.partition(first)[0].rpartition("\n## ")[2]
    assert re.search(r"takes about (a minute|\d+ seconds)", before)


def test_the_doctors_report_in_the_readme_is_what_it_prints(tmp_path: Path, clean_env: CleanEnv) -> None:
    told = README.read_text(encoding="utf-8").partition("$ ccsetup doctor --offline\n")[2].partition("\n```")[0]
    env = clean_env(tmp_path / "home", path=[Path(sys.executable).parent], GIT_CONFIG_COUNT="2",
                    GIT_CONFIG_KEY_0="user.name", GIT_CONFIG_VALUE_0="Maria", GIT_CONFIG_KEY_1="user.email",
                    GIT_CONFIG_VALUE_1="maria@acme.example")  # fmt: skip
    (tmp_path / "home" / ".aws").mkdir(mode=0o700)
    keys = (
        "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n"
    )
    texts = {
        "config": "[default]\nregion = us-east-2\n\n[profile CodeAccess]\nsource_profile = default\n"
        "role_arn = arn:aws:iam:::111122223333:role/CodeCommitAccess\nregion = us-east-2\n",
        "credentials": "".join(f"[{name}]\n{keys}region = us-east-2\n" for name in ("default", "ops", "test")),
    }
    for name, text in texts.items():
        (tmp_path / "home" / ".aws" / name).write_text(text)
        (tmp_path / "home" / ".aws" / name).chmod(0o600)
    clone = tmp_path / "MySharedDemoRepo"
    subprocess.run(["git", "init", "-q", str(clone)], env=env, check=True)
    url = "codecommit::us-east-2://CodeAccess@MySharedDemoRepo"
    subprocess.run(["git", "-C", str(clone), "remote", "add", "origin", url], env=env, check=True)
    done = subprocess.run(
        [program(), "doctor", "--offline"], env=env, cwd=clone, capture_output=True, text=True, check=False
    )
    assert done.returncode == 3, done.stdout
    assert re.sub(r"git [0-9.]+", "git 2.39.5", done.stdout).split() == told.split()
