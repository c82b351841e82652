"""`ccsetup status` on 10,000 profiles, and completion of a name, beside `aws configure list-profiles`.

python tests/benchmarks/bench_status.py [rounds]

The peer is an AWS CLI v2 where one is at hand ($CCSETUP_AWS_CLI, PATH). AWS CLI v1 has no list-profiles: then its own
driver is started and its session asked for the names, which is all that v2's command does.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import string
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from bench_start import HOME, aws_cli, ccsetup, clean_environment

PROFILES = 10_000
REGIONS = ("us-east-1", "us-east-2", "eu-west-1")
ROLES = ("Developer", "ReadOnly", "Admin")
LIST = """\
import sys
from awscli.clidriver import create_clidriver
for name in create_clidriver().session.available_profiles:
    sys.stdout.write(name + "\\n")
"""


def home(folder: Path, count: int) -> Path:
    """Write a home whose profiles are half single sign-on, a quarter roles, a quarter keys; all of them differ."""
    chance = random.Random(7)
    config = ["[sso-session acme]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = us-east-1\n\n"]
    credentials = []
    for n in range(count):
        region = f"region = {REGIONS[n % 3]}\n"
        sso = f"sso_session = acme\nsso_account_id = {n // 3:012}\nsso_role_name = {ROLES[n % 3]}\n"
        role = f"role_arn = arn:aws:iam::{n:012}:role/CodeCommitAccess\nsource_profile = team-3\n"
        own = (f"{sso}output = json\n", f"{sso}output = json\n", role, "")[n % 4]
        config.append(f"[profile team-{n}]\n{own}{region}\n")
        if n % 4 == 3:
            key = "".join(chance.choices(string.ascii_uppercase, k=16))
            secret = "".join(chance.choices(string.ascii_letters + string.digits + "/+", k=40))
            credentials.append(f"[team-{n}]\naws_access_key_id = AKIA{key}\naws_secret_access_key = {secret}\n\n")
    cache = folder / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True)
    (folder / ".aws" / "config").write_text("".join(config))
    (folder / ".aws" / "credentials").write_text("".join(credentials))
    ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 6 * 3600))
    token = {"startUrl": "https://acme.awsapps.com/start", "accessToken": "t" * 800, "expiresAt": ends}
    name = hashlib.sha1(b"acme", usedforsecurity=False).hexdigest()
    (cache / f"{name}.json").write_text(json.dumps(token))
    return folder


def peer() -> list[str]:
    """Return the command line that lists the profiles as the AWS CLI does."""
    command = Path(aws_cli())
    version = subprocess.run([command, "--version"], capture_output=True, text=True, check=True).stdout
    if version.startswith("aws-cli/2"):
        return [str(command), "configure", "list-profiles"]
    return [str(command.with_name("python")), "-c", LIST]


def measured(command: list[str], env: dict[str, str]) -> tuple[float, int]:
    """Return the seconds and the KiB that one call takes."""
    began = time.perf_counter()
    process = subprocess.Popen(command, env=env, cwd=HOME, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return time.perf_counter() - began, used.ru_maxrss


def main() -> None:
    """Print one row per command."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with tempfile.TemporaryDirectory(prefix="ccsetup-bench-") as name:
        many, few = home(Path(name) / "many", PROFILES), home(Path(name) / "few", 20)
        rows = {
            "python -c pass": ([sys.executable, "-c", "pass"], many),
            "ccsetup status": (ccsetup("status"), many),
            "its peer": (peer(), many),
            "… --short": (ccsetup("status", "--short"), few),
            "a profile's name": (ccsetup("completion", "--profiles"), few),
            "… of 10,000": (ccsetup("completion", "--profiles"), many),
        }
        taken: dict[str, list[tuple[float, int]]] = {row: [] for row in rows}
        for round_ in range(rounds + 1):
            for row, (command, at) in rows.items():
                if row != "its peer" or round_ % 3 == 1:
                    spent = measured(command, {**clean_environment(), "HOME": str(at), "AWS_PROFILE": "team-2"})
                    taken[row] += [spent] if round_ else []  # the first round fills the caches
        times = {row: median(seconds for seconds, _ in all_) for row, all_ in taken.items()}
        for row, seconds in times.items():
            most = max(kib for _, kib in taken[row]) / 1024
            ratio = times["its peer"] / seconds
            p = seconds / times["python -c pass"]
            print(f"{row:<18} {seconds * 1000:7.1f} ms  {p:6.2f} P  {most:5.1f} MiB  1/{ratio:.1f} of the peer")
    shutil.rmtree(HOME)


if __name__ == "__main__":
    main()
