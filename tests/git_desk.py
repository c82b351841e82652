"""One person's home in front of a sandbox, with git, git's helpers, and a profile of each kind."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from hashlib import sha1
from pathlib import Path
from typing import Any

from paths import ROOT

from ccsetup.awsfiles import fast_read
from ccsetup.sandbox import Sandbox
from ccsetup.sandbox.demo_data import CODE, MARIA, START_URL, role_arn

ROOMS = {"git-remote-codecommit": "git.helper.remote", "git-credential-ccsetup": "git.helper.credential"}


def commands(folder: Path) -> Path:
    """Fill a folder with git's helpers, as pip would write them; return it."""
    folder.mkdir()
    for name, room in ROOMS.items():
        body = f"import sys\nsys.path.insert(0, {str(ROOT)!r})\nfrom ccsetup.{room} import main\nsys.exit(main())\n"
        (folder / name).write_text(f"#!{sys.executable}\n{body}")
        (folder / name).chmod(0o755)
    return folder


class Desk:
    """One person's home in front of a sandbox, with git and one of the two helpers."""

    def __init__(self, sandbox: Sandbox, home: Path, env: dict[str, str]) -> None:
        self.sandbox, self.home, self.env = sandbox, home, env
        (home / ".aws").mkdir(parents=True, exist_ok=True)
        (home / ".gitconfig").write_text("[user]\nname = Maria\nemail = maria@example.com\n")

    def write(self, name: str, text: str) -> None:
        with (self.home / ".aws" / name).open("a") as file:
            file.write(text + "\n")

    def keys(self, profile: str, keys: Any, **more: str) -> None:
        token = f"aws_session_token = {keys.session_token}\n" if keys.session_token else ""
        rest = "".join(f"{key} = {value}\n" for key, value in more.items())
        self.write("credentials", f"[{profile}]\naws_access_key_id = {keys.access_key_id}\n"
                                  f"aws_secret_access_key = {keys.secret_access_key}\n{token}{rest}")  # fmt: skip

    def base(self) -> None:
        self.keys("base", next(k for k in self.sandbox.state.keys.values() if k.caller.arn == MARIA))

    def profile(self, name: str, **settings: str) -> None:
        self.write("config", f"[profile {name}]\n" + "".join(f"{k} = {v}\n" for k, v in settings.items()))

    def git(self, *words: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["git", *words], cwd=cwd or self.home, env={**self.env, **env}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def says(self, url: str, **env: str) -> str:
        """Return the one line that a refused `git ls-remote` leaves, having made sure that it is one."""
        done = self.git("ls-remote", url, **env)
        assert done.returncode != 0
        assert "Traceback" not in done.stderr
        lines = done.stderr.splitlines()
        assert len(lines) == 1, done.stderr
        return lines[0]


def static(desk: Desk) -> str:
    desk.keys("static", desk.sandbox.state.temporary_keys(role_arn("CodeCommitAccess")), region="us-east-2")
    return "static"


def assumed(desk: Desk) -> str:
    desk.base()
    desk.profile("assumed", role_arn=role_arn("CodeCommitAccess"), source_profile="base", region="us-east-2")
    return "assumed"


def mfa(desk: Desk, *, fresh: bool = True) -> str:
    """A role with MFA, its session cached as botocore caches it."""
    desk.base()
    serial = desk.sandbox.state.device("maria").serial
    config = {"role_arn": role_arn("CodeCommitMfa"), "source_profile": "base", "mfa_serial": serial}
    desk.profile("mfa", **config, region="us-east-2")
    keys = desk.sandbox.state.temporary_keys(role_arn("CodeCommitMfa"), mfa=True)
    ends = time.strftime("%Y-%m-%dT%H:%M:%SUTC", time.gmtime(time.time() + (3600 if fresh else -60)))
    cached = {"AccessKeyId": keys.access_key_id, "SecretAccessKey": keys.secret_access_key,
              "SessionToken": keys.session_token, "Expiration": ends}  # fmt: skip
    folder = desk.home / ".aws/boto/cache"
    folder.mkdir(parents=True)
    (folder / f"{fast_read.cache_key(config)}.json").write_text(json.dumps({"Credentials": cached}))
    return "mfa"


def signed_in(desk: Desk) -> str:
    """A role of Identity Center, with a sign-in that SDKs find."""
    desk.profile("sso", sso_session="acme", sso_account_id=CODE, sso_role_name="Developer", region="us-east-2")
    desk.write("config", f"[sso-session acme]\nsso_start_url = {START_URL}\nsso_region = us-east-1\n")
    sign_in(desk)
    return "sso"


def sign_in(desk: Desk) -> Path:
    """Sign in, as a browser would; return the file that SDKs find the sign-in in."""
    token = desk.sandbox.state.center.sign_in(START_URL)
    place = desk.home / ".aws/sso/cache" / f"{sha1(b'acme').hexdigest()}.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    ends = token.expires.strftime("%Y-%m-%dT%H:%M:%SZ")
    cached = {"accessToken": token.value, "expiresAt": ends, "startUrl": START_URL, "region": "us-east-1"}
    place.write_text(json.dumps(cached))
    return place


def web_identity(desk: Desk) -> str:
    token = desk.home / "token.jwt"
    token.write_text(desk.sandbox.state.web_identity_token())
    desk.profile("oidc", role_arn=role_arn("CodeCommitOidc"), web_identity_token_file=str(token), region="us-east-2")
    return "oidc"
