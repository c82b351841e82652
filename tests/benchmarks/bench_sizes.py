"""What commands take beside 10 and 10,000 profiles, and a clone beside bare git: one table with its ratios.

    python tests/benchmarks/bench_sizes.py [rounds] [--all] [--only=clone] [--ms=40]

P is `python -c pass`. All rows run in turn in every round, so that the machine's other work meets them alike; the
medians are of the wall clock, and of the processor's time of each process and its children. `mixed` is a home in which a
quarter of the profiles has a nested block, a third a comment, a fifth a quoted name, and every line ends as on Windows.
AWS is the sandbox, which answers at once, or after --ms milliseconds. --all adds a setup beside 200,000 profiles, and --only keeps the rows whose
names contain a word. AWS's git-remote-codecommit is
found by $CCSETUP_AWS_GRC or on the PATH, else installed into a temporary environment.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from bench_remote import theirs
from bench_start import HOME, ccsetup, clean_environment
from bench_status import home

ROLE = "arn:aws:iam::111122223333:role/CodeCommitAccess"
SETUP = ("setup", "role", "--role-arn", ROLE, "--source-profile", "default", "--profile", "code",
         "--region", "us-east-2", "--no-clone", "--yes")  # fmt: skip
ADDRESS = "codecommit::us-east-2://code@MySharedDemoRepo"


# A small program of its own measures, because the memory of a process counts what the one that started it has used.
LAUNCH = """
import os, sys, time
began = time.perf_counter()
nothing = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=nothing)
_, status, used = os.wait4(pid, 0)
took = time.perf_counter() - began
print(os.waitstatus_to_exitcode(status), took, used.ru_utime + used.ru_stime, used.ru_maxrss)
"""


def told(name: str, otherwise: str = "") -> str:
    """Return the value of an argument, for example, that of --only=clone."""
    return next((it.partition("=")[2] for it in sys.argv if it.startswith(f"--{name}=")), otherwise)


def sandbox(folder: Path) -> tuple[subprocess.Popen[str], dict[str, str], str]:
    """Start the sandbox; return its process, the environment that leads to it, and Maria's keys as settings."""
    argv = [
        sys.executable,
        "-m",
        "ccsetup.sandbox",
        "--folder",
        str(folder),
        "--auto-approve",
        "--delay",
        told("ms", "0"),
    ]
    process = subprocess.Popen(argv, env=clean_environment(), stdout=subprocess.PIPE, text=True)
    assert process.stdout
    env, keys = {}, ""
    for line in process.stdout:
        if line.startswith("export "):
            name, _, value = line.removeprefix("export ").strip().partition("=")
            env[name] = shlex.split(value)[0]
        elif line.startswith("# maria's access key: "):
            one, other = line.rpartition(": ")[2].split()
            keys = f"[default]\naws_access_key_id = {one}\naws_secret_access_key = {other}\n"
        elif line.startswith("# sign-in"):
            break
    return process, env, keys


def mixed(folder: Path) -> None:
    """Make a home's files less plain, in ways that many are."""
    path = folder / ".aws" / "config"
    parts = path.read_text().split("\n[")
    for n, part in enumerate(parts):
        part = part.rstrip("\n")
        part += "\ns3 =\n  max_concurrent_requests = 20\n  addressing_style = path" if n % 4 == 1 else ""
        part += f"\n# of team {n}" if n % 3 == 1 else ""
        parts[n] = re.sub(r"^profile ([^\]]+)\]", r'profile "\1"]', part) if n % 5 == 1 else part
    path.write_bytes("\n\n[".join(parts).replace("\n", "\r\n").encode() + b"\r\n")


def made(folder: Path, count: int, keys: str, is_mixed: bool = False) -> Path:
    """Write a home of that many profiles that has Maria's keys and the profile of a role."""
    home(folder, count)
    if is_mixed:
        mixed(folder)
    with (folder / ".aws" / "credentials").open("a") as file:
        file.write(keys)
    for path in (folder / ".aws", *(folder / ".aws").rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    return folder


def spent(command: list[str], env: dict[str, str], cwd: Path) -> tuple[float, float, float]:
    """Return the seconds by the clock, those of the processor, and the MiB that one call takes."""
    done = subprocess.run(
        [sys.executable, "-S", "-c", LAUNCH, *command], env=env, cwd=cwd, check=True, capture_output=True, text=True
    )
    code, took, used, memory = map(float, done.stdout.split())
    if code:
        raise SystemExit(f"{' '.join(command)} ended with {code:.0f}: {done.stderr[-400:]}")
    return took, used, memory / 1024


def main() -> None:
    """Print one row per command."""
    rounds = next((int(it) for it in sys.argv[1:] if it.isdecimal()), 7)
    with tempfile.TemporaryDirectory(prefix="ccsetup-bench-") as name:
        folder = Path(name)
        server, there, keys = sandbox(folder / "sandbox")
        try:
            _rows(folder, there, keys, rounds)
        finally:
            server.terminate()
            server.wait()
    shutil.rmtree(HOME)


def _rows(folder: Path, there: dict[str, str], keys: str, rounds: int) -> None:
    counts = (10, 10_000, 200_000) if "--all" in sys.argv else (10, 10_000)
    homes = {f"{count:,}": made(folder / str(count), count, keys) for count in counts}
    homes["mixed"] = made(folder / "mixed", 10_000, keys, is_mixed=True)
    homes["clone"] = made(folder / "clone", 10, keys)
    role = f"[profile code]\nrole_arn = {ROLE}\nsource_profile = default\nregion = us-east-2\n"
    (homes["clone"] / ".aws" / "config").open("a").write(role)
    aws, mine = theirs(folder / "theirs").parent, folder / "ours"
    mine.mkdir()
    helper = mine / "git-remote-codecommit"
    helper.write_text(f"#!{sys.executable}\nfrom ccsetup.git.helper.remote import program\n\nprogram()\n")
    helper.chmod(0o755)
    bare = ["git", "clone", "-q", ADDRESS, "made"]
    rows = {
        "P": ([sys.executable, "-c", "pass"], "10", ""),
        "status, plain": (ccsetup("status"), "10,000", ""),
        "status, mixed": (ccsetup("status"), "mixed", ""),
        "doctor, 10": (ccsetup("doctor", "--offline"), "10", ""),
        "doctor, 10,000": (ccsetup("doctor", "--offline"), "10,000", ""),
        "doctor, mixed": (ccsetup("doctor", "--offline"), "mixed", ""),
        **{f"setup, {at}": (ccsetup(*SETUP), at, "") for at in [*homes][:-1]},
        "git clone, AWS's": (bare, "clone", str(aws)),
        "git clone, ours": (bare, "clone", str(mine)),
        "ccsetup clone": (ccsetup("clone", ADDRESS, "made", "--profile", "code", "--yes"), "clone", str(mine)),
    }
    rows = {row: how for row, how in rows.items() if told("only") in row or row == "P"}
    taken: dict[str, list[tuple[float, float, float]]] = {row: [] for row in rows}
    work = folder / "work"
    for round_ in range(rounds + 1):
        for row, (command, at, first) in rows.items():
            if at == "200,000" and round_ > 1:
                continue
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir()
            used = work / "home"
            shutil.copytree(homes[at], used)  # without the caches and changes of the run before
            path = f"{first}:{os.environ['PATH']}" if first else os.environ["PATH"]
            own = {"HOME": str(used), "PATH": path, "AWS_EC2_METADATA_DISABLED": "true", "GIT_TERMINAL_PROMPT": "0"}
            result = spent(command, {**clean_environment(), **there, **own}, work)
            taken[row] += [result] if round_ else []  # the first round fills the caches
    _print(taken)


def _print(taken: dict[str, list[tuple[float, float, float]]]) -> None:
    wall = {row: median(it[0] for it in all_) for row, all_ in taken.items()}
    cpu = {row: median(it[1] for it in all_) for row, all_ in taken.items()}
    beside = {"setup, ": "setup, 10", "doctor, ": "doctor, 10", "ccsetup clone": "git clone, AWS's"}
    print(f"{'':18} {'clock':>9} {'':>8} {'processor':>10} {'':>8} {'memory':>10}")
    for row, all_ in taken.items():
        other = next((it for start, it in beside.items() if row.startswith(start) and row != it), "")
        is_known = other in taken
        ratio = (
            f"   {wall[row] / wall[other]:.2f} × {other}; processor {cpu[row] / cpu[other]:.2f} ×" if is_known else ""
        )
        print(
            f"{row:18} {wall[row] * 1e3:6.0f} ms {wall[row] / wall['P']:6.1f} P {cpu[row] * 1e3:7.0f} ms "
            f"{cpu[row] / cpu['P']:6.1f} P {max(it[2] for it in all_):6.1f} MiB{ratio}"
        )


if __name__ == "__main__":
    main()
