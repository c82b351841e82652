"""The floor plan, held as one table: who may import whom, which library has which door, what a start may load."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HOUSE = ROOT / "ccsetup"

CORE = {"core"}  # knows nothing of the rest
FOUNDATION = CORE | {
    "model",
    "sdk_files",
    "git_config",
    "executables",
    "errors",
    "world",
    "findings",
    "authority",
    "look",
    "patterns",
    "waiting",
}
PURE = {
    "talk", "flow", "questions", "sources", "parse", "paste", "address", "ini", "config", "plan", "refusals", "inert", "pick",
    "access", "branches", "checks", "submodule_names", "facts", "places", "examining", "tokens", "complaints", "masks", "denials", "policy", "transport", "assertion",
    "skim", "standing", "roster", "shells",
    "edit_proof", "section_lines", "removals", "caution", "oddities", "profile_identity", "sharing", "completing", "meant", "repair", "letters", "headers", "keys", "merging", "team", "teamlines", "teamnames", "teamrules", "teammaking", "teamdiff", "teampaste",
}  # fmt: skip
# One adapter may have several rooms: they may see each other, never another adapter's.
FAMILIES = (
    {"files", "writing", "disk", "backups"},
    {"signin", "center", "grants", "browser"},
    {"prompt", "plain", "sheet", "ui"},
    {
        "aws",
        "iam",
        "resolve",
        "sdk",
        "sessions",
        "exchanges",
        "machine",
        "search",
        "pool",
        "clients",
        "chains",
        "key_round",
        "online",
        "programs",
    },
    {"git", "cloned", "clone_record", "clone_settings", "modules", "private_clone", "running"},
    {"screen"},
    {"awscli"},
    {"web"},
)
ADAPTERS = set().union(*FAMILIES)
HELPERS = {"signing", "grant", "fetching", "remote", "credential"}
TOP = {"cli", "arguments", "surroundings", "glance", "manual", "__main__"}

MAY = {
    "core": CORE,
    "foundation": FOUNDATION,
    "pure": FOUNDATION | PURE | {"signing"},  # some read the files as git's helpers do
    "adapters": FOUNDATION | PURE,
    "helpers": HELPERS | CORE | {"executables", "sdk_files"},
    "sandbox": {"sandbox", "executables"},
    "commands": FOUNDATION | PURE | {"commands", "sandbox", "arguments"},  # completion reads the parsers
    "top": FOUNDATION | PURE | ADAPTERS | {"commands", "signing", *TOP},
}
DOORS = {
    "questionary": {"sheet"},
    "prompt_toolkit": {"prompt", "sheet", "ui"},
    "rich": {"screen"},
    "boto3": {"aws"},
    "botocore": {"aws", "center", "machine", "fetching", "resolve", "sdk", "pool", "clients"},
    "subprocess": {"awscli", "running", "remote", "fetching", "programs"},
    "filelock": {"writing"},
    "configobj": {"config", "team"},
    "defusedxml": {"assertion"},
    "dateutil": {"core"},
}


def rooms() -> Iterator[tuple[str, str]]:
    """Yield each file's floor and room."""
    for path in sorted(HOUSE.rglob("*.py")):
        parts = path.relative_to(HOUSE).with_suffix("").parts
        room = parts[0]
        floor = next(
            (
                floor
                for floor, names in (
                    ("core", CORE), ("foundation", FOUNDATION), ("pure", PURE), ("adapters", ADAPTERS), ("helpers", HELPERS),
                    ("sandbox", {"sandbox"}), ("commands", {"commands"}), ("top", TOP | {"__init__"}),
                )
                if room in names
            ),
            "",
        )  # fmt: skip
        yield floor, "/".join(parts)


@cache
def tree_of(room: str) -> ast.Module:
    """Return a room's tree: parsed by the worker that tests it, not by all as they collect the tests."""
    return ast.parse((HOUSE / f"{room}.py").read_text(encoding="utf-8"))


def imports(tree: ast.AST) -> Iterator[str]:
    """Yield every module a tree imports at run time, as `ccsetup.room` or `library`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for child in ast.walk(ast.Module(node.body, [])):
                child._typing_only = True  # type: ignore[attr-defined]
        if getattr(node, "_typing_only", False):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            if node.module == "ccsetup":
                yield from (f"ccsetup.{alias.name}" for alias in node.names)
            else:
                yield node.module


ROOMS = list(rooms())


def test_every_room_has_a_floor() -> None:
    assert [room for floor, room in ROOMS if not floor] == []


@pytest.mark.parametrize(("floor", "room"), ROOMS, ids=[room for _, room in ROOMS])
def test_a_room_imports_only_from_its_floor_and_those_below(floor: str, room: str) -> None:
    own = room.split("/")[0]
    used = {name.split(".")[1] for name in imports(tree_of(room)) if name.startswith("ccsetup.")} - {own, "__version__"}
    extra = next((family for family in FAMILIES if own in family), set())
    assert used <= MAY[floor] | extra


@pytest.mark.parametrize(("floor", "room"), ROOMS, ids=[room for _, room in ROOMS])
def test_one_library_has_one_door(floor: str, room: str) -> None:
    if floor == "sandbox":
        return
    for name in imports(tree_of(room)):
        doors = DOORS.get(name.split(".")[0])
        assert doors is None or room.split("/")[0] in doors, f"{room} imports {name}"


@pytest.mark.parametrize(("floor", "room"), ROOMS, ids=[room for _, room in ROOMS])
def test_heavy_doors_open_inside_the_function_that_needs_them(floor: str, room: str) -> None:
    heavy = {
        "questionary",
        "prompt_toolkit",
        "rich",
        "boto3",
        "botocore",
        "configobj",
        "filelock",
        "trustme",
        "defusedxml",
    }
    top = [node for node in tree_of(room).body if isinstance(node, (ast.Import, ast.ImportFrom))]
    loaded = {name.split(".")[0] for name in imports(ast.Module(top, []))}
    assert not loaded & heavy


def loaded_by(code: str) -> set[str]:
    """Return the top-level names in sys.modules after a fresh interpreter ran `code`."""
    script = f"{code}\nimport sys; print(' '.join(sorted({{m.split('.')[0] for m in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split())


@pytest.mark.parametrize("code", ["import ccsetup.cli", "import ccsetup.cli as c; c.run(['--version'])"])
def test_starting_loads_no_heavy_library(code: str) -> None:
    heavy = {
        "boto3",
        "botocore",
        "questionary",
        "prompt_toolkit",
        "rich",
        "urllib3",
        "configobj",
        "filelock",
        "defusedxml",
    }
    assert not loaded_by(code) & heavy


def test_putting_the_world_together_loads_no_heavy_library() -> None:
    code = "import sys; sys.argv=['x']\nimport ccsetup.arguments as a, ccsetup.surroundings as s\ns.world_of(a.parsed([]), None)"
    assert not loaded_by(code) & {"boto3", "botocore", "rich", "urllib3", "configobj", "filelock", "defusedxml"}


@pytest.mark.parametrize("room", ["remote", "credential"])
def test_gits_helpers_import_nothing_of_the_rest(room: str) -> None:
    code = f"import ccsetup.{room}, sys; print(' '.join(m for m in sys.modules if m.startswith('ccsetup')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    core = {"ccsetup.core", "ccsetup.core.regions", "ccsetup.core.plain_file"}
    assert set(done.stdout.split()) <= {"ccsetup", f"ccsetup.{room}", "ccsetup.grant", "ccsetup.signing", *core}
