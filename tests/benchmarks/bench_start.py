"""How long `ccsetup --version` and `--help` take, as multiples of `python -c pass` in the same interpreter.

python tests/benchmarks/bench_start.py [rounds]
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
HOME = tempfile.mkdtemp(prefix="ccsetup-bench-")


def clean_environment() -> dict[str, str]:
    """Return an environment without anything that steers AWS, git or Python (bytecode must be cached)."""
    kept = {key: os.environ[key] for key in ("PATH", "SYSTEMROOT", "TMPDIR") if key in os.environ}
    return {**kept, "HOME": HOME, "LANG": "C.UTF-8", "TERM": "xterm-256color", "PYTHONPATH": str(ROOT)}


def ccsetup(*words: str) -> list[str]:
    """Return the command line of this interpreter's ccsetup: its console script, else the module."""
    script = Path(sys.executable).with_name("ccsetup")
    return [sys.executable, *([str(script)] if script.exists() else ["-m", "ccsetup"]), *words]


def aws_cli() -> str:
    """Return an AWS CLI: $CCSETUP_AWS_CLI, the one on PATH, or one installed into a temporary environment."""
    found = os.environ.get("CCSETUP_AWS_CLI") or shutil.which("aws")
    if found:
        return found
    folder = Path(HOME) / "aws-cli"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    subprocess.run([folder / "bin" / "pip", "install", "-q", "awscli"], check=True)
    return str(folder / "bin" / "aws")


def side_by_side(commands: dict[str, list[str]], rounds: int) -> dict[str, float]:
    """Run each command in turn, `rounds` times over; return the median seconds of each."""
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for round_ in range(rounds + 1):
        for name, command in commands.items():
            began = time.perf_counter()
            subprocess.run(command, env=clean_environment(), check=True, capture_output=True, cwd=HOME)
            if round_:  # the first round fills the caches
                taken[name].append(time.perf_counter() - began)
    return {name: median(times) for name, times in taken.items()}


def main() -> None:
    """Print one row per command."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    times = side_by_side(
        {
            "python -c pass": [sys.executable, "-c", "pass"],
            "ccsetup --version": ccsetup("--version"),
            "ccsetup --help": ccsetup("--help"),
        },
        rounds,
    )
    times |= side_by_side({"aws --version": [aws_cli(), "--version"]}, max(rounds // 8, 3))
    pass_s = times["python -c pass"]
    for name, seconds in times.items():
        print(f"{name:<20} {seconds * 1000:7.1f} ms  {seconds / pass_s:5.2f} P")
    shutil.rmtree(HOME)


if __name__ == "__main__":
    main()
