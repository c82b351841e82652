"""How long a team file's repositories take, 10 and one, against a sandbox whose answers take 40 ms, or as many as told.

    python tests/benchmarks/bench_team.py [rounds] [--ms=40] [--beside=FOLDER]

FOLDER is another checkout, for example, of an earlier commit: its rows run in turn with these in every round, so that
the machine's other work meets both alike. P is `python -c pass`. Half of the repositories belong to each of two accesses.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from bench_start import HOME, ROOT, clean_environment

from ccsetup.sandbox import Sandbox
from ccsetup.sandbox.demo_data import CODE, MARIA, REGION, role_arn

MANY = 10
SETUP = ("setup", "--yes", "--no-input", "--team")
CALLED = 'import sys\nsys.path.insert(0, "{root}")\nfrom ccsetup.git.helper.remote import main\nmain()\n'


def told(name: str, fallback: str) -> str:
    """Return the value of an argument, for example, that of --ms=40."""
    return next((it.partition("=")[2] for it in sys.argv[1:] if it.startswith(f"--{name}=")), fallback)


def team_file(count: int) -> str:
    """Return a team file with this many repositories, reached as a role by two profiles in turn."""
    lines = ["version = 1", "name = Acme", "[access]"]
    for access in ("one", "two")[: min(count, 2)]:
        lines += [f"  [[{access}]]", f"  label = {access}", "  kind = role", f"  role_arn = {role_arn('CodeCommitAccess')}",
                  "  source_profile = default", f"  profile = {access}", f"  region = {REGION}", "  role_session_name = maria"]  # fmt: skip
    lines += ["[repositories]"]
    for n in range(count):
        lines += [f"  [[service-{n}]]", f"  access = {('one', 'two')[n * 2 // max(count, 2)]}"]
    return "\n".join(lines) + "\n"


def once(root: Path, there: dict[str, str], work: Path, keys: str, count: int) -> float:
    """Return the seconds of one run of a checkout in a fresh home."""
    shutil.rmtree(work, ignore_errors=True)
    (work / "home" / ".aws").mkdir(parents=True)
    (work / "clones").mkdir()
    (work / "bin").mkdir()
    helper = work / "bin" / "git-remote-codecommit"
    helper.write_text(f"#!{sys.executable}\n{CALLED.format(root=root)}")
    helper.chmod(0o755)
    (work / "home" / ".aws" / "credentials").write_text(keys)
    (work / "home" / ".aws" / "credentials").chmod(0o600)
    (work / "home" / ".gitconfig").write_text("[user]\nname = Maria\nemail = maria@example.com\n")
    (work / "team.ini").write_text(team_file(count))
    env = clean_environment()
    env |= {**there, "HOME": str(work / "home"), "PATH": f"{work / 'bin'}:{env['PATH']}", "PYTHONPATH": str(root),
            "AWS_EC2_METADATA_DISABLED": "true"}  # fmt: skip
    command = [sys.executable, "-m", "ccsetup", *SETUP, str(work / "team.ini")]
    began = time.perf_counter()
    done = subprocess.run(command, env=env, cwd=work / "clones", capture_output=True, text=True, check=False)
    took = time.perf_counter() - began
    if done.returncode or len([*(work / "clones").glob("*/.git")]) != count:
        raise SystemExit(f"{root}: {done.returncode}\n{done.stderr}")
    return took


def main() -> None:
    """Print one row per checkout and number of repositories."""
    rounds = next((int(it) for it in sys.argv[1:] if it.isdecimal()), 5)
    beside = told("beside", "")
    roots = {"now": ROOT, **({"beside": Path(beside).resolve()} if beside else {})}
    taken: dict[tuple[str, int], list[float]] = {(name, count): [] for name in roots for count in (1, MANY)}
    started: list[float] = []
    with tempfile.TemporaryDirectory(prefix="ccsetup-bench-") as name, Sandbox.start(Path(name) / "aws") as sandbox:
        sandbox.state.delay_s = float(told("ms", "40")) / 1000
        for n in range(MANY):
            sandbox.state.add_repository(CODE, REGION, f"service-{n}", commits=20)
        key = sandbox.state.user_keys(MARIA)
        keys = (f"[default]\naws_access_key_id = {key.access_key_id}\n"
                f"aws_secret_access_key = {key.secret_access_key}\n")  # fmt: skip
        for round_ in range(rounds + 1):
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", "pass"], check=True)
            started.append(time.perf_counter() - began)
            for at, count in taken:
                seconds = once(roots[at], sandbox.environment(), Path(name) / "work", keys, count)
                taken[at, count] += [seconds] if round_ else []
    shutil.rmtree(HOME)
    unit = median(started)
    for (at, count), seconds in taken.items():
        usual = median(seconds)
        other = taken.get(("beside", count))
        ratio = f"   {usual / median(other):.2f} × beside" if other and at == "now" else ""
        print(f"{at:8} {count:3} repositories {usual * 1e3:7.0f} ms {usual / unit:7.1f} P{ratio}")


if __name__ == "__main__":
    main()
