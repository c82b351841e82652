"""How long git waits for git-credential-ccsetup get, beside AWS's tools for git and `python -c pass`, and its memory.

    python tests/benchmarks/bench_credential.py [rounds]

Each runs as git runs it: as a console script of an environment of its own, the credential helpers through a shell.
The credentials are static, the cached session of a role, those of a cached sign-in (which only the AWS CLI 2 caches
too: beside AWS's tools with static keys), or static in files with 10,000 profiles. AWS's tools are found by
$CCSETUP_AWS_GRC or on the PATH, else installed into a temporary environment.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from bench_remote import home, medians, ours, theirs

QUESTION = "protocol=https\nhost=git-codecommit.us-east-2.amazonaws.com\npath=v1/repos/MySharedDemoRepo\n"
ROWS = (("static", "dev", 10), ("cached role", "role", 10), ("cached sign-in", "sso", 10), ("of 10,000", "dev", 10_000))
PEAK = """
import re, sys
from ccsetup.git.helper.credential import main
main()
print(*(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')), file=sys.stderr)
"""


def commands(mine: Path, grc: Path, profile: str) -> dict[str, list[str]]:
    """Return what git starts for a profile: our helper, AWS's two, and Python alone."""
    helper = shlex.quote(str(mine / "git-credential-ccsetup"))
    cli = shlex.quote(str(grc.with_name("aws")))
    return {
        "P": [str(mine / "python"), "-c", "pass"],
        "ours": ["/bin/sh", "-c", f"{helper} --profile {profile} get"],
        "git-remote": [str(grc), "origin", f"us-east-2://{profile}@MySharedDemoRepo"],
        "AWS CLI": ["/bin/sh", "-c", f"{cli} codecommit credential-helper --profile {profile} get"],
    }


def peak_mib(python: Path, profile: str, env: dict[str, str]) -> float:
    """Return the most memory that one answer takes, in MiB; 0 where Linux does not tell."""
    if not Path("/proc/self/status").exists():
        return 0.0
    command = [python, "-c", PEAK, "--profile", profile, "get"]
    done = subprocess.run(command, env=env, input=QUESTION.encode(), check=True, capture_output=True)
    return int(done.stderr.split()[-1]) / 1024


def main() -> None:
    """Print one row per kind of credentials."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    with tempfile.TemporaryDirectory(prefix="ccsetup-bench-") as name:
        folder = Path(name)
        (folder / "bin").mkdir()
        (folder / "bin" / "git").symlink_to(shutil.which("true") or "/bin/true")
        mine, grc = ours(folder / "ours"), theirs(folder / "theirs")
        homes = {profiles: home(folder / str(profiles), profiles) for profiles in (10, 10_000)}
        for row, profile, profiles in ROWS:
            path = f"{folder / 'bin'}:{os.environ['PATH']}"
            env = {"HOME": str(homes[profiles]), "PATH": path, "LANG": "C.UTF-8"}
            started = commands(mine, grc, profile)
            if profile == "sso":
                started |= {
                    who: run for who, run in commands(mine, grc, "dev").items() if who in ("git-remote", "AWS CLI")
                }
            times = medians(started, env, min(rounds, 6) if profiles > 10 else rounds, QUESTION)
            own = times["ours"]
            print(
                f"{row:15} ours {own * 1e3:6.1f} ms = {own / times['P']:.2f} P, "
                f"1/{times['git-remote'] / own:.1f} of git-remote-codecommit, "
                f"1/{times['AWS CLI'] / own:.1f} of aws codecommit credential-helper, "
                f"{peak_mib(mine / 'python', profile, env):.1f} MiB"
            )


if __name__ == "__main__":
    main()
