"""What the tests share: a sandbox, an environment without anybody's own settings, and AWS's unmodified tools."""

from __future__ import annotations

import gc
import importlib
import os
import shutil
import subprocess
import sys
import threading
import urllib.request
import venv
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import sdk_memory
from filelock import FileLock
from often import LONG

import ccsetup
from ccsetup.sandbox import Sandbox

# Test modules have names of their own, so that one may take what another in a different folder has made.
sys.path[:0] = sorted({str(path.parent) for path in Path(__file__).parent.rglob("test_*.py")})
# The tests start this program many hundred times, and several workers read the tests: none compiles all of it anew.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

_STRIPPED = (
    "AWS_", "GIT_", "CODE_COMMIT_", "XDG_", "SSH_", "CCSETUP_", "BROWSER", "DISPLAY", "EDITOR", "VISUAL",
    "VIRTUAL_ENV", "CONDA_",
)  # fmt: skip

# These are about pseudo-terminals, which Windows doesn't have.
collect_ignore = (
    ["ui/test_screen.py", "cli/commands/test_demo.py", "cli/commands/test_completion.py",
     "e2e/journeys/test_repair_journeys.py"]
    if os.name == "nt"
    else []
)  # fmt: skip

_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")

CleanEnv = Callable[..., dict[str, str]]

EVERYDAY = {"slow": 24, "many": 4}  # of a marked test's cases, the first and then every so many is run every day
TRACED = 3  # of how many cases of a quick test coverage is taken


@pytest.fixture(autouse=True)
def garbage_is_collected() -> Iterator[None]:
    """Collect garbage as before after a test that ran a command here: commands do it later, and connections stay open."""
    usual = gc.get_threshold()
    yield
    gc.set_threshold(*usual)
    gc.enable()


@pytest.fixture(autouse=True, scope="session")
def documents_are_as_published() -> Iterator[None]:
    """Check every JSON document that a test makes a command print against the schema that `ccsetup schema` prints."""
    import published

    with published.checked():
        yield


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return two workers for each processor: many a test waits for a terminal or a server."""
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    return 2 * len(cores)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --long, for the cases that are left out of every day's run."""
    parser.addoption("--long", action="store_true", help="run all cases, with all examples")


def pytest_configure(config: pytest.Config) -> None:
    """Have properties be tried with all examples if --long asks for them, in the workers too; prepare the SDK."""
    if config.getoption("--long"):
        os.environ[LONG] = "1"
    sdk_memory.remember()


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Have each worker begin with different test modules, because in a fresh clone each has to be compiled.

    Meanwhile, AWS's tools are installed, so that no worker has to wait for them. Coverage is taken of the program's
    modules, not of the tests' own: tracing doubles the time.
    """
    worker = getattr(session.config, "workerinput", None)
    whole = session.config.args == session.config.getini("testpaths")
    if whole and worker is None and not session.config.option.markexpr:
        threading.Thread(target=_with_aws_tools, args=(session.config,), daemon=True).start()
    if whole and _is_traced():
        for path in sorted(Path(ccsetup.__file__).parent.rglob("[!_]*.py")):
            with suppress(ImportError):  # what is of another system
                words = path.relative_to(ccsetup.__path__[0]).with_suffix("").parts
                importlib.import_module(".".join(("ccsetup", *words)))
    with _untraced():
        if worker and whole:
            modules = sorted(path.stem for path in Path(__file__).parent.rglob("test_*.py"))
            first = len(modules) * int(worker["workerid"].removeprefix("gw")) // worker["workercount"]
            for module in modules[first:] + modules[:first]:
                with suppress(Exception, pytest.skip.Exception):  # the collection says it
                    importlib.import_module(module)
        return (yield)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is marked long, and most cases of slow tests, unless --long asks for them."""
    if not config.getoption("--long"):
        _leave_out(config, items)
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    slow = [item for item in items if item.get_closest_marker("slow")]
    quick = [item for item in items if not item.get_closest_marker("slow")]
    # Each worker begins with its part of the slow tests, so that none is left alone with them at the end.
    items[:] = [item for number in range(workers) for part in (slow, quick) for item in _part(part, number, workers)]


def _part(items: list[pytest.Item], number: int, workers: int) -> list[pytest.Item]:
    return items[len(items) * number // workers : len(items) * (number + 1) // workers]


def _leave_out(config: pytest.Config, items: list[pytest.Item]) -> None:
    cases: Counter[tuple[object, str]] = Counter()
    kept, left_out = [], []
    for item in items:
        is_long = item.get_closest_marker("long") is not None
        every = next((each for mark, each in EVERYDAY.items() if item.get_closest_marker(mark)), 1)
        if not is_long and hasattr(item, "callspec"):
            test = item.parent, item.originalname  # type: ignore[attr-defined]
            is_long = cases[test] % every != 0
            cases[test] += 1
        (left_out if is_long else kept).append(item)
    items[:] = kept
    config.hook.pytest_deselected(items=left_out)


def and_more(values: Mapping[str, object], *everyday: str) -> list[object]:
    """Return the values as parameters with their names as ids; all but the everyday ones are marked long."""
    return [
        pytest.param(value, id=name, marks=() if name in everyday else pytest.mark.long)
        for name, value in values.items()
    ]


_traced: Counter[tuple[object, object]] = Counter()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Take coverage only of the quick loop, and of a few cases of each test, because tracing doubles their time.

    (pytest-cov's own no_cover has no effect in the workers of pytest-xdist.)
    """
    test = item.parent, getattr(item, "originalname", item.name)
    _traced[test] += 1
    if _traced[test] <= TRACED and not item.get_closest_marker("hypothesis") and not item.get_closest_marker("slow"):
        return (yield)
    with _untraced():
        return (yield)


def _is_traced() -> bool:
    return type(sys.gettrace()).__module__.startswith("coverage")


@contextmanager
def _untraced() -> Iterator[None]:
    """Take no coverage for a while."""
    if not _is_traced():
        yield
        return
    tracer, of_threads = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)  # type: ignore[arg-type]
    try:
        yield
    finally:
        sys.settrace(tracer)
        threading.settrace(of_threads)  # type: ignore[arg-type]


def stripped(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without what AWS's tools, git, proxies and desktops read."""
    return {
        name: value
        for name, value in environment.items()
        if not name.upper().startswith(_STRIPPED) and name.lower() not in _PROXIES
    }


@pytest.fixture
def clean_env() -> CleanEnv:
    """Build a child's environment: clean_env(home, sandbox.environment(), path=[folder, …], NAME="value", …).

    home is created; path's folders come before the inherited PATH.
    """

    def build(home: Path, *more: Mapping[str, str], path: list[Path] | None = None, **extra: str) -> dict[str, str]:
        home.mkdir(parents=True, exist_ok=True)
        kept = stripped(os.environ)
        folders = [str(folder) for folder in path or ()] + [kept.get("PATH", os.defpath)]
        own = {
            "HOME": str(home),
            "USERPROFILE": str(home),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "AWS_EC2_METADATA_DISABLED": "true",
            "PATH": os.pathsep.join(folders),
        }
        built = {**kept, **own}
        for mapping in (*more, extra):
            built.update(mapping)
        return built

    return build


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """A fresh AWS with the example's cast; its folder is tmp_path/sandbox."""
    with Sandbox.start(tmp_path / "sandbox") as running:
        yield running


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    """The address of a moto server that holds nothing yet; what it holds is one for the whole process."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    straight = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    straight.open(f"http://{host}:{port}/moto-api/reset", data=b"").close()
    yield f"http://{host}:{port}"
    server.stop()


@dataclass(frozen=True)
class AwsTools:
    """AWS's unmodified tools: the AWS CLI, git-remote-codecommit, and a Python that has boto3.

    folder: put it first on a PATH and git finds AWS's git-remote-codecommit, not ours.
    """

    aws: Path
    grc: Path
    python: Path

    @property
    def folder(self) -> Path:
        """Return the folder that holds git-remote-codecommit."""
        return self.grc.parent


@pytest.fixture(scope="session")
def aws_tools(pytestconfig: pytest.Config) -> AwsTools:
    """Find AWS's tools by CCSETUP_AWS_GRC or on PATH, else install them once into the tests' cache."""
    grc = _with_aws_tools(pytestconfig)
    if isinstance(grc, str):
        pytest.skip(grc)
    aws = next((path for path in (grc.with_name("aws"), Path(shutil.which("aws") or "")) if path.is_file()), None)
    if aws is None:
        pytest.skip(f"the AWS CLI is neither beside {grc} nor on PATH")
    return AwsTools(aws, grc, Path(sys.executable))


def _with_aws_tools(config: pytest.Config) -> Path | str:
    """Return the path of AWS's git-remote-codecommit, or why it couldn't be installed."""
    if found := _found():
        return found
    folder = Path(config.cache.mkdir("aws-tools"))
    with FileLock(str(folder) + ".lock"):
        return _in(folder) or _installed(folder)


def _found() -> Path | None:
    named = os.environ.get("CCSETUP_AWS_GRC")
    folders = [str(Path(named).parent), named] if named else []
    for folder in [*folders, *os.environ.get("PATH", "").split(os.pathsep)]:
        candidate = Path(folder) / "git-remote-codecommit"
        if candidate.is_file() and b"git_remote_codecommit" in candidate.read_bytes():
            return candidate
    return None


def _in(folder: Path) -> Path | None:
    made = folder / ("Scripts" if os.name == "nt" else "bin")
    grc = made / ("git-remote-codecommit.exe" if os.name == "nt" else "git-remote-codecommit")
    return grc if grc.is_file() and grc.with_name("aws").is_file() else None


def _installed(folder: Path) -> Path | str:
    venv.create(folder, with_pip=True, clear=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    wanted = ["git-remote-codecommit>=1.17", "awscli>=1.32"]
    done = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--no-compile", "--disable-pip-version-check", *wanted],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return _in(folder) or f"pip could not install AWS's tools: {done.stderr.strip()[-300:]}"
