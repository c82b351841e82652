"""A clone that worked yesterday, for each way in, made by ccsetup itself against the sandbox; and what it has today.

A world is made once for each way in and put back for every journey: files, repositories and the sandbox's state.
"""

from __future__ import annotations

import copy
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from botocore import configloader
from conftest import stripped
from paths import ROOT

from ccsetup.sandbox import Sandbox, policy_engine
from ccsetup.sandbox.demo_data import BROKER, CODE, EXTERNAL_ID, MARIA, PEOPLE, REGION, SSO_REGION, START_URL, role_arn
from ccsetup.sandbox.resources import Keys

REPO = "MySharedDemoRepo"
BYSTANDER = """# Written by hand; nobody asked to change it.
[profile other]
region = eu-west-1
s3 =
  max_concurrent_requests = 20
"""
GITCONFIG = """[user]
	name = Maria
	email = maria@example.com
[alias]
	st = status
"""
COMMANDS = {
    "ccsetup": "cli.main",
    "git-remote-codecommit": "git.helper.remote",
    "git-credential-ccsetup": "git.helper.credential",
}
# Identity Center answers in its own region only: a real one has a host for each region, the sandbox a path.
ROUTED = """
if os.environ.get("SANDBOX_SIGN_IN"):
    import botocore.session as b
    made = b.Session.create_client
    def create_client(self, service, region_name=None, *args, **more):
        if service in ("sso", "sso-oidc") and region_name:
            args, more["endpoint_url"] = (), f"{os.environ['SANDBOX_SIGN_IN']}/at/{region_name}"
        return made(self, service, region_name, *args, **more)
    b.Session.create_client = create_client
"""
BROWSER = "import sys, urllib.request as u; u.build_opener(u.ProxyHandler({})).open(sys.argv[1], timeout=20).read()"


@dataclass
class World:
    """One person's computer in front of a sandbox: a profile `prod`, a clone, a shell's variables.

    knows: what the person can answer today, by the beginning of a question. changed: the settings that may end
    differently ("prod.role_arn"; a clone's by its key), with the value they must have, "" for any.
    """

    sandbox: Sandbox
    folder: Path
    profile: str = "prod"
    repository: str = REPO
    env: dict[str, str] = field(default_factory=dict)
    knows: dict[str, str] = field(default_factory=dict)
    changed: dict[str, str] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def clone(self) -> Path:
        return self.home / "work" / self.repository

    @property
    def state(self) -> Any:
        return self.sandbox.state

    @property
    def bin(self) -> Path:
        return self.home / "bin"

    def aws(self, name: str) -> Path:
        """Return one of the AWS files, "config" or "credentials"."""
        return self.home / ".aws" / name

    def write(self, name: str, text: str) -> None:
        """Append to one of the AWS files."""
        path = self.aws(name)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with path.open("a") as file:
            file.write(text)
        path.chmod(0o600)

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a text in one of the AWS files, as a slip of the hand does; it must be there."""
        path = self.aws(name)
        text = path.read_text()
        assert old in text, text
        path.write_text(text.replace(old, new, 1))

    def keys(self, name: str, keys: Keys) -> None:
        """Write keys into the credentials file, as AWS's guide shows it."""
        token = f"aws_session_token = {keys.session_token}\n" if keys.session_token else ""
        text = f"aws_access_key_id = {keys.access_key_id}\naws_secret_access_key = {keys.secret_access_key}\n{token}"
        self.write("credentials", f"[{name}]\n{text}")

    def run(self, *words: str, paste: str = "", at: Path | None = None) -> str:
        """Run a command that must succeed; return what it printed."""
        done = subprocess.run(
            words, cwd=at or self.clone, env=self.env, input=paste, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    def setup(self, kind: str, *words: str, paste: str = "", repo: str = REPO) -> None:
        """Set up the profile and the clone with ccsetup."""
        more = ("--profile", self.profile, "--region", REGION, "--repo", repo, "--yes", "--no-input")
        self.run("ccsetup", "setup", kind, *words, *more, paste=paste, at=self.home / "work")

    def git(self, *words: str) -> str:
        """Run git in the clone."""
        return self.run("git", *words)

    def settings(self) -> dict[str, str]:
        """Return every setting of every profile, session and services block, of the clone, and of ~/.gitconfig."""
        found: dict[str, str] = {}
        if self.aws("config").exists():
            parsed = configloader.load_config(str(self.aws("config")))
            for kind in ("profiles", "sso_sessions", "services"):
                for name, section in parsed.get(kind, {}).items():
                    found |= {f"{name}.{key}": str(value) for key, value in section.items()}
        if self.aws("credentials").exists():
            for name, section in configloader.raw_config_parse(str(self.aws("credentials"))).items():
                found |= {f"{name}.{key}": str(value) for key, value in section.items()}
        for line in self.git("config", "--local", "--list", "-z").split("\0"):
            key, _, value = line.partition("\n")
            found[f"git {key}"] = f"{found[f'git {key}']}|{value}" if f"git {key}" in found else value
        found["~/.gitconfig"] = (self.home / ".gitconfig").read_text()
        return {key: value for key, value in found.items() if key != "git "}


def _start(folder: Path) -> World:
    sandbox = Sandbox.start(folder / "sandbox")
    world = World(sandbox, folder)
    (world.home / "work").mkdir(parents=True)
    (world.home / ".gitconfig").write_text(GITCONFIG)
    world.bin.mkdir()
    for name, module in COMMANDS.items():
        body = f"import os, sys\nsys.path.insert(0, {str(ROOT)!r})\n{ROUTED}\n"
        _program(world.bin / name, f"{body}from ccsetup.{module} import main\nsys.exit(main())\n")
    _program(world.bin / "browse", BROWSER)
    own = {"HOME": str(world.home), "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0"}
    more = {"AWS_EC2_METADATA_DISABLED": "true", "SHELL": "/bin/bash", "BROWSER": f"{world.bin / 'browse'} %s"}
    path = {"PATH": os.pathsep.join((str(world.bin), os.environ.get("PATH", os.defpath)))}
    world.env = {**stripped(os.environ), **own, **more, **path, **sandbox.environment()}
    world.write("config", BYSTANDER)
    sandbox.state.center.auto_approve = True
    world.knows = {
        "Which region is the repository in?": REGION,
        "Region of IAM Identity Center": SSO_REGION,
        "Start URL": START_URL,
        "Which repository?": world.repository,
    }
    return world


def _program(path: Path, body: str) -> None:
    path.write_text(f"#!{sys.executable}\n{body}\n")
    path.chmod(0o755)


def role(world: World, *words: str, name: str = "CodeCommitAccess") -> None:
    """A role in another account, assumed with the long-term keys in [base]."""
    world.keys("base", world.state.user_keys(MARIA))
    world.write("config", f"[profile base]\nregion = {REGION}\n")
    world.setup("role", "--role-arn", role_arn(name), "--source-profile", "base", *words)


def external(world: World) -> None:
    """A role with an external ID."""
    role(world, "--external-id", EXTERNAL_ID, name="CodeCommitExternal")


def role_over_https(world: World) -> None:
    """A role, and a clone over HTTPS with ccsetup's credential helper."""
    role(world, "--via", "credential-helper")


def role_with_mfa(world: World) -> None:
    """A role that wants MFA."""
    serial = world.state.device("maria").serial
    role(world, "--mfa-serial", serial, "--mfa-code", world.state.mfa_code(serial), name="CodeCommitMfa")


def mfa(world: World) -> None:
    """Keys exchanged for temporary ones with a code; the repository is in Maria's own account."""
    serial = world.state.device("maria").serial
    world.repository = world.knows["Which repository?"] = "people-tools"
    world.keys("base", world.state.user_keys(MARIA))
    world.write("config", f"[profile base]\nregion = {REGION}\n")
    code = world.state.mfa_code(serial)
    words = ("--source-profile", "base", "--mfa-serial", serial, "--mfa-code", code)
    world.setup("mfa", *words, repo="people-tools")


def sso(world: World) -> None:
    """Single sign-on with an sso-session."""
    account = ("--sso-account-id", CODE, "--sso-role-name", "Developer", "--sso-session", "acme")
    world.setup("sso", "--sso-start-url", START_URL, "--sso-region", SSO_REGION, *account)


def role_from_sso(world: World) -> None:
    """A role whose source profile is single sign-on in another account."""
    world.write("config", f"[profile people]\nsso_session = acme\nsso_account_id = {PEOPLE}\n")
    world.write("config", f"sso_role_name = Developer\nregion = {REGION}\n\n[sso-session acme]\n")
    world.write("config", f"sso_start_url = {START_URL}\nsso_region = {SSO_REGION}\n")
    world.write("config", "sso_registration_scopes = sso:account:access\n")
    world.run("ccsetup", "login", "people", at=world.home)
    world.setup("role", "--role-arn", role_arn("CodeCommitAccess"), "--source-profile", "people")


def oidc(world: World) -> None:
    """A role for the token in a file, which a CI system keeps fresh."""
    (world.home / "token").write_text(world.state.web_identity_token())
    world.setup(
        "oidc", "--role-arn", role_arn("CodeCommitOidc"), "--web-identity-token-file", str(world.home / "token")
    )


def pasted(keys: Keys) -> str:
    """Return keys as the console shows them for copying."""
    token = f"\nexport AWS_SESSION_TOKEN={keys.session_token}" if keys.session_token else ""
    return (
        f"export AWS_ACCESS_KEY_ID={keys.access_key_id}\nexport AWS_SECRET_ACCESS_KEY={keys.secret_access_key}{token}\n"
    )


def keys(world: World) -> None:
    """An IAM user's long-term keys."""
    world.setup("keys", "--keys", "-", paste=pasted(world.state.user_keys(BROKER)))


def keys_over_https(world: World) -> None:
    """Long-term keys, and a clone over HTTPS with ccsetup's credential helper."""
    world.setup("keys", "--keys", "-", "--via", "credential-helper", paste=pasted(world.state.user_keys(BROKER)))


def temporary(world: World) -> None:
    """Temporary credentials that somebody sent."""
    world.setup("keys", "--keys", "-", paste=pasted(world.state.temporary_keys(role_arn("CodeCommitAccess"))))


def assertion(world: World) -> Path:
    """Write a fresh SAML assertion to a file, as a person saves it from the browser."""
    pair = f"{role_arn('CodeCommitSaml')},arn:aws:iam::{CODE}:saml-provider/AcmeId"
    path = world.home / "saml-response.txt"
    path.write_text(world.state.saml_assertion(pair))
    return path


def saml(world: World) -> None:
    """Temporary credentials for a SAML assertion."""
    world.setup("saml", "--saml-assertion", str(assertion(world)))


def federation(world: World) -> None:
    """Short-lived keys from GetFederationToken, for one repository."""
    world.keys("base", world.state.user_keys(BROKER))
    world.write("config", f"[profile base]\nregion = {REGION}\n")
    world.setup("federation", "--source-profile", "base", "--federated-name", "maria")


def machine(world: World) -> None:
    """A machine's role, which goes on to a role in another account."""
    world.state.attach(role_arn("BuildMachine", PEOPLE))
    world.env |= world.sandbox.machine_environment()
    words = ("--role-arn", role_arn("CodeCommitAccess"), "--credential-source", "Ec2InstanceMetadata")
    world.setup("machine", *words)


def process(world: World) -> None:
    """A program that prints keys, as companies have it; the profile was written by hand."""
    keys = world.state.user_keys(BROKER)
    printed = {"Version": 1, "AccessKeyId": keys.access_key_id, "SecretAccessKey": keys.secret_access_key}
    _program(world.bin / "print-keys", f"import json\nprint(json.dumps({printed!r}))")
    command = f"credential_process = {world.bin / 'print-keys'} --team acme"
    world.write("config", f"[profile prod]\n{command}\nregion = {REGION}\n")
    world.run("ccsetup", "clone", REPO, "--profile", "prod", "--region", REGION, "--yes", at=world.home / "work")


WAYS_IN: dict[str, Callable[[World], None]] = {
    "role": role,
    "external": external,
    "role over https": role_over_https,
    "role with mfa": role_with_mfa,
    "mfa": mfa,
    "sso": sso,
    "role from sso": role_from_sso,
    "oidc": oidc,
    "keys": keys,
    "keys over https": keys_over_https,
    "temporary keys": temporary,
    "saml": saml,
    "federation": federation,
    "machine": machine,
    "process": process,
}


def _state_of(it: object) -> dict[str, Any]:
    """Return what a state holds. Its values are frozen, but for the sets in some of its dictionaries."""
    held = {
        name: value for name, value in vars(it).items() if isinstance(value, (dict, set, list)) or name == "machine"
    }
    return {name: _copied(value) for name, value in held.items()}


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: set(inner) if isinstance(inner, set) else inner for key, inner in value.items()}
    return copy.copy(value)


class Yesterdays:
    """The worlds that were made so far, and how each was when its clone worked."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[str, tuple[World, dict[str, Any], dict[str, Any]]] = {}

    def __call__(self, way: str) -> World:
        """Return the world of a way in as it was yesterday."""
        if way not in self._made:
            folder = self._folder / way.replace(" ", "-")
            folder.mkdir()
            world = _start(folder)
            WAYS_IN[way](world)
            (world.clone / "draft.txt").write_text("not committed yet\n")
            _a_day_ago(world.home / ".local" / "state" / "ccsetup" / "undo")
            shutil.copytree(world.home, folder / "saved-home", symlinks=True)
            shutil.copytree(folder / "sandbox", folder / "saved-sandbox", symlinks=True)
            self._made[way] = world, _state_of(world.state), _state_of(world.state.center)
        world, state, center = self._made[way]
        for name, saved in (("home", "saved-home"), ("sandbox", "saved-sandbox")):
            gone = tempfile.mkdtemp(dir=world.folder)  # a git in the background may still write there
            (world.folder / name).rename(Path(gone) / name)
            shutil.copytree(world.folder / saved, world.folder / name, symlinks=True)
        for held, kept in ((world.state, state), (world.state.center, center)):
            for name, value in kept.items():
                setattr(held, name, _copied(value))
        return World(world.sandbox, world.folder, world.profile, world.repository, dict(world.env), dict(world.knows))

    def stop(self) -> None:
        """End every sandbox."""
        for world, _, _ in self._made.values():
            world.sandbox.stop()


def _a_day_ago(backups: Path) -> None:
    """Make the changes that can be undone as old as the clone is."""
    for path in sorted(backups.glob("*.json")):
        record = json.loads(path.read_text())
        at = datetime.fromisoformat(record["at"]) - timedelta(hours=30)
        path.unlink()
        stamp, rest = at.strftime("%Y%m%dT%H%M%S.%fZ"), path.name.partition("-")[2]
        path.with_name(f"{stamp}-{rest}").write_text(json.dumps({**record, "at": at.isoformat()}))


def clones_in(folder: Path) -> Iterator[Path]:
    """Yield every working tree of git in a folder, hidden ones included."""
    for path in folder.rglob(".git"):
        yield path.parent


def allow(*actions: str) -> Any:
    """Return a policy, for a break that an administrator makes."""
    return policy_engine.allow(*actions)


def difference(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, tuple[str, str | None]]:
    """Return the settings of before that are gone or have another value."""
    return {key: (value, after.get(key)) for key, value in before.items() if after.get(key) != value}
