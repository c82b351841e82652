"""The architecture as one table: which package may import which, and which package holds which outside library."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache

import pytest
from paths import ROOT

MAY_IMPORT = {
    "core": "",
    "ui": "core",
    "awsfiles": "core",
    "aws": "core awsfiles.fast_read",  # botocore's own reader takes seconds for ten thousand profiles
    "git": "core",
    "access": "core awsfiles git",
    "doctor": "core awsfiles aws git access",
    "team": "core git access doctor",
    "wizard": "core awsfiles aws git access doctor team",
    "share": "core aws git access team wizard",
    "sandbox": "core team",
    "cli": "core ui awsfiles aws git access doctor team wizard share sandbox",
}
# What git waits for reads the AWS files with the fast reader, and asks only modules of core that import next to nothing.
HELPER_MAY_IMPORT = "core awsfiles.fast_read git.helper"
HOLDERS = {
    "questionary": "ui",
    "prompt_toolkit": "ui",
    "rich": "ui",
    "wcwidth": "core",
    "boto3": "aws",
    "awscrt": "aws",
    "botocore": "aws git.helper",  # when keys have to be fetched, and not before
    "configobj": "awsfiles team",
    "filelock": "awsfiles",
    "shtab": "cli",
}
DOCSTRING_ONLY = ("core", "awsfiles", "git", "git.helper", "cli", "cli.commands", "aws", "aws.sso", "ui")
LIGHT = ("cli.main", "cli.fast_status")  # these import only what the fast paths need

MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / "ccsetup").rglob("*.py"))
}


@cache
def parsed(name: str) -> ast.Module:
    """Return a module's syntax, which nearly every test here reads."""
    return ast.parse(MODULES[name].read_text(encoding="utf-8"))


def imports(name: str, *, typing: bool = True) -> Iterator[str]:
    """Yield every module that a module imports: lazily and for types as well, unless told otherwise."""
    tree = parsed(name)
    left_out = {
        node
        for branch in ast.walk(tree)
        if not typing and isinstance(branch, ast.If) and "TYPE_CHECKING" in ast.unparse(branch.test)
        for node in ast.walk(branch)
    }
    for node in ast.walk(tree):
        if node in left_out:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, f"{name} imports relatively"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in MODULES else node.module


def inside(name: str) -> set[str]:
    """Return the modules of ccsetup that a module imports; the context may name the adapters' classes as types."""
    return {it for it in imports(name, typing=name != "ccsetup.core.context") if it in MODULES and it != name}


def allowed(name: str) -> list[str]:
    """Return the packages and modules that a module may import, its own included."""
    package = name.split(".")[1]
    if name.startswith("ccsetup.git.helper."):
        return HELPER_MAY_IMPORT.split()
    return [package, *MAY_IMPORT[package].split()]


@pytest.mark.parametrize("name", [name for name in MODULES if name.count(".") > 1])
def test_a_module_imports_only_what_its_row_allows(name: str) -> None:
    for other in inside(name):
        short = other.removeprefix("ccsetup.")
        assert other == "ccsetup" or any(f"{short}.".startswith(f"{it}.") for it in allowed(name)), other


def test_every_package_has_its_row_and_no_module_stands_beside_the_packages() -> None:
    packages = {path.name for path in (ROOT / "ccsetup").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert packages == set(MAY_IMPORT)
    assert {name for name in MODULES if name.count(".") == 1} == {
        "ccsetup.__main__",
        *(f"ccsetup.{package}" for package in MAY_IMPORT),
    }


@pytest.mark.slow
def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {name: inside(name) for name in MODULES}
    done: set[str] = set()

    def visit(name: str, way: list[str]) -> None:
        assert name not in way, " → ".join([*way[way.index(name) :], name])
        if name not in done:
            for other in sorted(graph[name]):
                visit(other, [*way, name])
            done.add(name)

    for name in MODULES:
        visit(name, [])


@pytest.mark.parametrize("name", MODULES)
def test_an_outside_library_is_imported_by_one_package_and_where_it_is_needed(name: str) -> None:
    short = name.removeprefix("ccsetup.")
    for other in imports(name, typing=False):
        holders = HOLDERS.get(other.split(".")[0])
        assert holders is None or any(f"{short}.".startswith(f"{it}.") for it in holders.split()), other
    top = parsed(name).body
    heavy = {
        alias.name.split(".")[0] if isinstance(node, ast.Import) else (node.module or "").split(".")[0]
        for node in top
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    assert not heavy & set(HOLDERS)


ONE_PLACE = {  # what only these modules may spell out; all others ask them
    r"get_close_matches|\.ratio\(": "core.text",
    r"aws\[a-z": "core.arn",
    r"(timeout|max_attempts\W*|PageSize\W*|max_pool_connections) ?[=:] ?[0-9]": "core.limits",
    r"[\"']what[\"']: \w+\.what": "core.result",
}


@pytest.mark.parametrize("spelled", ONE_PLACE)
def test_a_decision_is_made_in_one_place(spelled: str) -> None:
    own = f"ccsetup.{ONE_PLACE[spelled]}"
    others = [name for name in MODULES if name != own and not name.startswith("ccsetup.sandbox.")]
    assert not [name for name in others if re.search(spelled, MODULES[name].read_text(encoding="utf-8"))]


@pytest.mark.parametrize("name", MODULES)
def test_only_programs_read_a_command_line(name: str) -> None:
    reads = "argparse" in {other.split(".")[0] for other in imports(name)}
    assert not reads or name == "ccsetup.sandbox.__main__" or name.startswith("ccsetup.cli.")


@pytest.mark.parametrize("name", DOCSTRING_ONLY)
def test_a_package_that_starts_quickly_holds_a_docstring_only(name: str) -> None:
    [only] = parsed(f"ccsetup.{name}").body
    assert isinstance(only, ast.Expr)


@pytest.mark.parametrize("name", MODULES)
def test_every_module_says_in_one_sentence_what_it_is_for(name: str) -> None:
    said = ast.get_docstring(parsed(name)) or ""
    assert said.split("\n\n")[0].rstrip().endswith((".", ":", "?")), said


HEAVY = {"boto3", "botocore", "rich", "urllib3", "configobj", "filelock", "defusedxml", "shtab", "wcwidth"}
ASKING = {"questionary", "prompt_toolkit"}


def loaded_by(code: str) -> set[str]:
    """Return the names in sys.modules after a fresh interpreter ran `code`."""
    script = f"{code}\nimport sys; print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split())


@pytest.mark.parametrize("code", ["import ccsetup.cli.main", "import ccsetup.cli.main as c; c.run(['--version'])"])
def test_starting_loads_no_heavy_library(code: str) -> None:
    assert not loaded_by(code) & (HEAVY | ASKING)


@pytest.mark.parametrize(("text", "loaded"), [("Zoë · acme-dev … ✓ done → “next” ↓ ❯", False), ("東京", True)])
def test_only_letters_that_may_be_wide_load_their_table(text: str, loaded: bool) -> None:
    assert ("wcwidth" in loaded_by(f"from ccsetup.core.text import cells; cells({text!r})")) == loaded


def test_putting_the_context_together_loads_no_heavy_library() -> None:
    code = "import sys; sys.argv=['x']\nfrom ccsetup.cli import parser, context\ncontext.context_of(parser.parsed([]), None)"
    assert not loaded_by(code) & HEAVY


@pytest.mark.parametrize("helper", ["remote", "credential"])
def test_gits_helpers_load_next_to_nothing_of_the_rest(helper: str) -> None:
    ours = {name for name in loaded_by(f"import ccsetup.git.helper.{helper}") if name.startswith("ccsetup")}
    light = {
        "core",
        "core.clock",
        "core.lean_hash",
        "core.placeholder",
        "core.plain_file",
        "core.regions",
        "core.session_caches",
        "core.stored_keys",
        "awsfiles",
        "awsfiles.fast_read",
    }
    helpers = {
        "git",
        "git.helper",
        *(f"git.helper.{it}" for it in (helper, "keys", "cached_keys", "messages", "signing")),
    }
    assert ours <= {"ccsetup", *(f"ccsetup.{it}" for it in light | helpers)}
