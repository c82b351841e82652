"""Change the program in one place at a time, and see whether the tests notice.

    python tests/mutants.py --seed 7 --count 100

A mutant is the program with one small mistake in it: a comparison swapped (< and <=, == and !=, is and is not, in and
not in), an "and" that became "or", a negated condition, a return value that became None, or a whole number that became
one larger. Strings are left alone. So are annotations, code under "if TYPE_CHECKING" and under the __main__ guard.

The seed picks the mutants from all that are possible; the same seed picks the same ones again as long as the program
does not change. Each is tried on a copy of the project in a temporary folder, with the tests that are nearest to the
changed module: for ccsetup/X/Y.py first tests/X/test_Y*.py and what else imports the module in that folder, then the
rest of tests/X (those that share the most words with it first), and last the tests elsewhere that import it. Tests of
the whole program (tests/e2e) are not asked. The first test that fails kills the mutant. That test must pass on the
unchanged program, else it is passed over. A file of tests that does not end within the time limit kills the mutant as
well, if it ends on the unchanged program.

--list shows the mutants and runs nothing. --results names a JSON file that keeps what was found: a run that was stopped
continues from there. --again takes what survived so far through the tests once more, after tests were added. The exit
code is 1 if a mutant survived.
"""

from __future__ import annotations

import argparse
import ast
import io
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tokenize
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = shutil.ignore_patterns(".*_cache", ".git", ".hypothesis", ".venv", "venv", "dist", "build")
OPPOSITES = {
    "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==",
    "is": "is not", "is not": "is", "in": "not in", "not in": "in",
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One change: the bytes from start to end of a file become `after`; line and column count from 1."""

    path: str
    line: int
    column: int
    start: int
    end: int
    before: str
    after: str

    def __str__(self) -> str:
        before, after = (re.sub(r"\s+", " ", text) for text in (self.before, self.after))
        return f"{self.path}:{self.line}:{self.column}  {before} -> {after}"


class Source:
    """A file's syntax tree and tokens, with positions counted in bytes from its beginning."""

    def __init__(self, path: Path) -> None:
        self.path = path.relative_to(ROOT).as_posix()
        self.data = path.read_bytes()
        self.tree = ast.parse(self.data)
        self.lines = self.data.splitlines(keepends=True)
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line))
        self.tokens = [
            (self.starts[token.start[0] - 1] + len(token.line[: token.start[1]].encode()), token.string)
            for token in tokenize.tokenize(io.BytesIO(self.data).readline)
            if token.type in (tokenize.OP, tokenize.NAME) and "\n" not in token.line[:-1]
        ]

    def span(self, node: ast.expr) -> tuple[int, int]:
        """Return where an expression starts and ends."""
        assert node.end_lineno is not None and node.end_col_offset is not None
        return self.starts[node.lineno - 1] + node.col_offset, self.starts[node.end_lineno - 1] + node.end_col_offset

    def change(self, start: int, end: int, after: str) -> Mutant:
        """Return the mutant that has `after` in place of what stands from start to end."""
        line = max(number for number, at in enumerate(self.starts, 1) if at <= start)
        before = self.data[start:end].decode()
        return Mutant(self.path, line, start - self.starts[line - 1] + 1, start, end, before, after)

    def operators(self, left: ast.expr, right: ast.expr) -> Iterator[tuple[int, int, str]]:
        """Yield the words and signs between two operands, without parentheses."""
        start, end = self.span(left)[1], self.span(right)[0]
        found = [(at, text) for at, text in self.tokens if start <= at < end and text not in "()"]
        if found:
            last, text = found[-1]
            yield found[0][0], last + len(text), " ".join(text for _, text in found)


def mutants() -> list[Mutant]:
    """Return every possible mutant of the program, in the order of its files and lines."""
    found = []
    for path in sorted((ROOT / "ccsetup").rglob("*.py")):
        source = Source(path)
        found += sorted(_in(source), key=lambda it: (it.start, it.end, it.after))
    return found


def _in(source: Source) -> Iterator[Mutant]:
    waiting: list[ast.AST] = [source.tree]
    while waiting:
        node = waiting.pop()
        waiting += _children(node)
        match node:
            case ast.Compare():
                operands = [node.left, *node.comparators]
                for left, right in pairwise(operands):
                    for start, end, text in source.operators(left, right):
                        yield source.change(start, end, OPPOSITES[text])
            case ast.BoolOp():
                after = "or" if isinstance(node.op, ast.And) else "and"
                for left, right in pairwise(node.values):
                    for start, end, _ in source.operators(left, right):
                        yield source.change(start, end, after)
            case ast.Return(value=ast.expr() as value) if not _is_none(value):
                yield source.change(*source.span(value), "None")
            case ast.Constant(value=int() as number) if not isinstance(number, bool):
                yield source.change(*source.span(node), str(number + 1))
        match node:
            case ast.If(test=test) | ast.IfExp(test=test):
                yield _negated(source, test)
            case ast.comprehension(ifs=tests):
                yield from (_negated(source, test) for test in tests)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what is inside a node, except what is not mutated."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns") or isinstance(node, ast.JoinedStr):
            continue
        for child in value if isinstance(value, list) else [value]:
            guard = isinstance(child, ast.If) and re.search(r"\b(TYPE_CHECKING|__name__)\b", ast.unparse(child.test))
            if isinstance(child, ast.AST) and not guard:
                yield child


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _negated(source: Source, test: ast.expr) -> Mutant:
    start, end = source.span(test)
    return source.change(start, end, f"not ({source.data[start:end].decode()})")


@cache
def _imports(path: Path) -> set[str]:
    """Return the modules that a test names in its imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def tests_for(path: str) -> tuple[list[str], list[str]]:
    """Return the test files for a module: the near ones, which name it, and the others of its package and elsewhere."""
    parts = Path(path).with_suffix("").parts
    module = ".".join(parts).removesuffix(".__init__")
    folder, package = ROOT.joinpath("tests", *parts[1:-1]), ROOT.joinpath("tests", *parts[1:2])
    ranks: dict[int, list[Path]] = {rank: [] for rank in range(5)}
    for test in sorted((ROOT / "tests").rglob("test_*.py")):
        inner, names = package in test.parents, module in _imports(test)
        if inner and test.name.startswith(f"test_{parts[-1]}"):
            rank = 0
        elif inner and names:
            rank = 1
        elif inner:
            rank = 2 if test.parent == folder else 3
        elif names and ROOT / "tests/e2e" not in test.parents:
            rank = 4
        else:
            continue
        ranks[rank].append(test)
    near, far = [*ranks[0], *ranks[1]], [it for rank in (2, 3, 4) for it in sorted(ranks[rank], key=_strangeness(path))]
    return [it.relative_to(ROOT).as_posix() for it in near], [it.relative_to(ROOT).as_posix() for it in far]


def _strangeness(path: str) -> Callable[[Path], float]:
    """Return an order of test files for a module: first the one that has the most of its rarer words."""
    own = _words(ROOT / path)
    all_words = [_words(test) for test in (ROOT / "tests").rglob("test_*.py")]
    weight = {word: 1 / (1 + sum(word in words for words in all_words)) for word in own}
    return lambda test: -sum(weight[word] for word in own & _words(test))


@cache
def _words(path: Path) -> frozenset[str]:
    return frozenset(re.findall(r"[A-Za-z_][\w.-]{3,}", path.read_text(encoding="utf-8")))


@dataclass
class Desk:
    """Two copies of the project, one as it is and one that is changed, and what is known of the tests there."""

    folder: Path
    limit_s: float
    workers: str
    passing: dict[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("plain", "changed"):
            shutil.copytree(ROOT, self.folder / name, ignore=LEFT_OUT)
            said = self._run(name, [sys.executable, "-c", "import ccsetup; print(ccsetup.__file__)"])[1]
            assert str((self.folder / name).resolve()) in said, f"the tests would not use the copy: {said}"

    def killer(self, mutant: Mutant, tests: Sequence[str]) -> str | None:
        """Return the first test that notices the change, or None."""
        file = self.folder / "changed" / mutant.path
        whole = file.read_bytes()
        assert whole[mutant.start : mutant.end].decode() == mutant.before, f"the file has changed since: {mutant}"
        changed = whole[: mutant.start] + mutant.after.encode() + whole[mutant.end :]
        times = file.stat()
        try:
            file.write_bytes(changed)
            # Python compares a compiled file's size and second: each change has a second of its own.
            os.utime(file, (times.st_atime, times.st_mtime + mutant.start + 100))
            return next((found for test in tests if (found := self._noticed(test))), None)
        finally:
            file.write_bytes(whole)
            os.utime(file, (times.st_atime, times.st_mtime))

    def _noticed(self, test: str) -> str | None:
        passed_over: list[str] = []
        while True:
            code, said = self._tests("changed", test, *(f"--deselect={it}" for it in passed_over))
            if code in (0, 5):
                return None
            named = re.search(r"^(?:FAILED|ERROR) (\S+?\.py(?:::.+?)?)(?: - |$)", said, re.M)
            failed = named[1] if named and code is not None else test
            if failed not in self.passing:
                self.passing[failed] = self._tests("plain", failed)[0] == 0
            if self.passing[failed]:
                return failed if code is not None else f"{test} (does not end)"
            print(f"         passed over, as it fails on the unchanged program: {failed}", flush=True)
            if failed in (test, *passed_over):
                return None
            passed_over.append(failed)

    def _tests(self, copy: str, *words: str) -> tuple[int | None, str]:
        pytest = [
            "-m",
            "pytest",
            "-x",
            "-q",
            "-rfE",
            "-n",
            self.workers,
            "--tb=no",
            "-o",
            f"cache_dir={self.folder}/cache",
        ]
        return self._run(copy, [sys.executable, *pytest, *words])

    def _run(self, copy: str, command: Sequence[str]) -> tuple[int | None, str]:
        """Return the exit code, None if it took too long, and what was said."""
        place = self.folder / copy
        env = {**os.environ, "PYTHONPATH": str(place)}
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        with tempfile.TemporaryFile() as said:
            child = subprocess.Popen(
                command, cwd=place, env=env, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True
            )
            try:
                code: int | None = child.wait(self.limit_s)
            except subprocess.TimeoutExpired:
                code = None
            finally:
                if child.poll() is None:
                    os.killpg(child.pid, signal.SIGKILL)
                    child.wait()
            said.seek(0)
            return code, said.read().decode(errors="replace")


def main(argv: Sequence[str] | None = None) -> int:
    """Try the mutants that the seed picks; return 1 if one survived."""
    reader = argparse.ArgumentParser(description="Change the program in one place at a time: do the tests notice?")
    reader.add_argument("--seed", type=int, default=7, help="picks the mutants (default: 7)")
    reader.add_argument("--count", type=int, default=100, help="how many (default: 100)")
    reader.add_argument(
        "--only", default="", help="only mutants whose path starts with this, e.g. ccsetup/core/clock.py"
    )
    reader.add_argument("--results", type=Path, help="a JSON file to keep results in, and to continue from")
    reader.add_argument("--again", action="store_true", help="try those that survived once more")
    reader.add_argument("--list", action="store_true", help="show the mutants, run nothing")
    reader.add_argument("--limit", type=float, default=300, help="seconds for one file of tests (default: 300)")
    reader.add_argument("--workers", default="0", help="pytest's -n (default: 0)")
    said = reader.parse_args(argv)
    possible = [it for it in mutants() if it.path.startswith(said.only)]
    chosen = random.Random(said.seed).sample(possible, min(said.count, len(possible)))
    if said.list:
        print(*chosen, f"{len(chosen)} of {len(possible)} mutants", sep="\n")
        return 0
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it is ignored, by the tests as well
    known: dict[str, str | None] = {}
    if said.results and said.results.exists():
        known = json.loads(said.results.read_text(encoding="utf-8"))
    if said.again:
        known = {name: killer for name, killer in known.items() if killer}
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        _try(chosen, Desk(Path(folder), said.limit, said.workers), known, said.results)
    survived = [it for it in chosen if not known[str(it)]]
    print(f"\n{len(chosen) - len(survived)} of {len(chosen)} killed", *survived, sep="\n")
    return 1 if survived else 0


def _try(chosen: Sequence[Mutant], desk: Desk, known: dict[str, str | None], results: Path | None) -> None:
    """Ask the near tests about every mutant first, as most are killed there, and then the others."""
    tests = {it.path: tests_for(it.path) for it in chosen}
    for far in (False, True):
        for number, mutant in enumerate(chosen, 1):
            if str(mutant) in known:
                continue
            started = time.monotonic()
            killer = desk.killer(mutant, tests[mutant.path][far])
            word = "killed" if killer else "survived" if far else "not yet"
            print(f"{number:>4} {word:<8} {mutant}  {killer or ''} [{time.monotonic() - started:.0f} s]", flush=True)
            if killer or far:
                known[str(mutant)] = killer
                if results:
                    results.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
