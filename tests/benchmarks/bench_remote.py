"""How long git waits for git-remote-codecommit before git remote-http starts: ours beside AWS's, and `python -c pass`.

    python tests/benchmarks/bench_remote.py [rounds]

Both run as console scripts of an environment of their own, with a git that does nothing first on the PATH. The
credentials are static, a role's cached session, or static in files with 10,000 profiles. AWS's is found by
$CCSETUP_AWS_GRC or on the PATH, else installed into a temporary environment.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from hashlib import sha1
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
# As pip writes it; what pip 25 and uv write is quicker, since it imports no `re`.
SCRIPT = r"""#!{python}
# -*- coding: utf-8 -*-
import re
import sys
from ccsetup.{room} import main
if __name__ == '__main__':
    sys.argv[0] = re.sub(r'(-script\.pyw|\.exe)?$', '', sys.argv[0])
    sys.exit(main())
"""
ROOMS = {"git-remote-codecommit": "git.helper.remote", "git-credential-ccsetup": "git.helper.credential"}
KEYS = "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n"
SSO = {"sso_session": "acme", "sso_account_id": "111122223333", "sso_role_name": "Developer"}
SESSION = "[sso-session acme]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = us-east-1\n"
ROLE = {"role_arn": "arn:aws:iam::111122223333:role/CodeCommitAccess", "source_profile": "dev"}


def ours(folder: Path) -> Path:
    """Install git's helpers into a fresh environment, as pip would; return its folder of commands."""
    venv.create(folder, symlinks=True)
    packages = next(folder.glob("lib/python*/site-packages"))
    shutil.copytree(ROOT / "ccsetup", packages / "ccsetup", ignore=shutil.ignore_patterns("__pycache__", "sandbox"))
    for name, room in ROOMS.items():
        command = folder / "bin" / name
        command.write_text(SCRIPT.format(python=folder / "bin" / "python", room=room))
        command.chmod(0o755)
    return folder / "bin"


def theirs(folder: Path) -> Path:
    """Return AWS's command: $CCSETUP_AWS_GRC, the one on the PATH, or one installed, with the AWS CLI, into `folder`."""
    named = os.environ.get("CCSETUP_AWS_GRC") or shutil.which("git-remote-codecommit")
    if named and b"git_remote_codecommit" in Path(named).read_bytes():
        return Path(named)
    venv.create(folder, with_pip=True)
    subprocess.run([folder / "bin" / "pip", "install", "-q", "git-remote-codecommit", "awscli"], check=True)
    return folder / "bin" / "git-remote-codecommit"


def home(folder: Path, profiles: int) -> Path:
    """Write a home with a static profile in the middle of others, and two roles whose keys are cached."""
    from ccsetup.awsfiles.fast_read import cache_key
    from ccsetup.git.helper.cached_keys import sign_in_path

    for name in ("boto", "cli", "sso"):
        (folder / ".aws" / name / "cache").mkdir(parents=True)
    others = [f"[profile-{n}]\n{KEYS}\n" for n in range(profiles)]
    (folder / ".aws" / "credentials").write_text("".join([*others[::2], f"[dev]\n{KEYS}\n", *others[1::2]]))
    roles = [f"[profile profile-{n}]\nregion = us-east-2\noutput = json\n\n" for n in range(profiles)]
    role = "".join(f"{key} = {value}\n" for key, value in ROLE.items())
    sso = "[profile sso]\n" + "".join(f"{key} = {value}\n" for key, value in SSO.items())
    (folder / ".aws" / "config").write_text("".join([*roles, f"[profile role]\n{role}\n{sso}\n{SESSION}"]))
    ends = time.strftime("%Y-%m-%dT%H:%M:%SUTC", time.gmtime(time.time() + 6 * 3600))
    keys = {"AccessKeyId": "ASIAIOSFODNN7EXAMPLE", "SecretAccessKey": "s" * 40, "SessionToken": "t" * 800}
    cached = json.dumps({"ProviderType": "sso", "Credentials": {**keys, "Expiration": ends}})
    for tool in ("boto", "cli"):  # of AWS's tool for git, and of the AWS CLI
        (folder / ".aws" / tool / "cache" / f"{cache_key(ROLE)}.json").write_text(cached)
    (folder / sign_in_path(SSO).removeprefix("~/")).write_text("{}")
    asked = f'{{"accountId":"{SSO["sso_account_id"]}","roleName":"{SSO["sso_role_name"]}","sessionName":"acme"}}'
    (folder / ".aws" / "cli" / "cache" / f"{sha1(asked.encode()).hexdigest()}.json").write_text(cached)
    return folder


def medians(commands: dict[str, list[str]], env: dict[str, str], rounds: int, text: str = "") -> dict[str, float]:
    """Return the median seconds that each command takes, run in turn with `text` on stdin."""
    taken: dict[str, list[float]] = {who: [] for who in commands}
    for round_ in range(rounds):
        for who, command in commands.items():
            began = time.perf_counter()
            subprocess.run(command, env=env, input=text.encode(), check=True, capture_output=True)
            if round_:  # the first round fills the caches
                taken[who].append(time.perf_counter() - began)
    return {who: median(all_) for who, all_ in taken.items()}


def main() -> None:
    """Print one row per kind of credentials."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    with tempfile.TemporaryDirectory(prefix="ccsetup-bench-") as name:
        folder = Path(name)
        (folder / "bin").mkdir()
        (folder / "bin" / "git").symlink_to(shutil.which("true") or "/bin/true")
        programs = {"ours": ours(folder / "ours") / "git-remote-codecommit", "AWS's": theirs(folder / "theirs")}
        python = str(programs["ours"].with_name("python"))
        few, many = home(folder / "few", 10), home(folder / "many", 10_000)
        base: dict[str, float] = {}
        for row, profile, at in (("static", "dev", few), ("cached role", "role", few), ("of 10,000", "dev", many)):
            env = {"HOME": str(at), "PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "LANG": "C.UTF-8"}
            commands = {who: [str(path), "origin", f"us-east-2://{profile}@Repo"] for who, path in programs.items()}
            commands["P"] = [python, "-c", "pass"]
            times = medians(commands, env, min(rounds, 6) if at is many else rounds)
            base.setdefault("ours", times["ours"])
            mine, aws = times["ours"], times["AWS's"]
            print(
                f"{row:12} ours {mine * 1e3:6.1f} ms = {mine / times['P']:.2f} P = {mine / base['ours']:.2f} of static;"
                f"  AWS's {aws * 1e3:7.1f} ms = {aws / times['P']:.1f} P;  ours is 1/{aws / mine:.1f}"
            )


if __name__ == "__main__":
    main()
