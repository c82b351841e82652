"""`ccsetup status --short`: one line for a shell prompt, the same at a glance and by the whole program."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import CleanEnv
from paths import ROOT
from terminal import program
from test_status import token

CONFIG = """\
[profile dev]
role_arn = arn:aws:iam::111122223333:role/Developer
source_profile = staff

[profile staff]
sso_session = acme
sso_account_id = 111122223333
sso_role_name = Developer

[profile other]
credential_process = /bin/true

[sso-session acme]
sso_start_url = https://acme.awsapps.com/start
sso_region = us-east-1
"""
KEYS = "[keys]\naws_access_key_id = AKIAZ7QY3LMN4PRS5TUV\naws_secret_access_key = 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\n"
BROKEN = CONFIG + "[profile dev]\nregion = us-east-2\n"
ENDS = time.strftime("%Y-%m-%dT23:59:59Z", time.gmtime(time.time() + 2 * 86400))

# the clone's profile, AWS_PROFILE, the sign-in's end, the config file → what the line says, the exit code
CASES = {
    "signed in": ("dev", "", ENDS, CONFIG, "dev ✓ until ", 0),
    "ended": ("dev", "", "2020-01-01T00:00:00Z", CONFIG, "dev ✗ ended 2020-01-01", 0),
    "signed out": ("staff", "keys", "", CONFIG, "staff ✗ signed out", 0),
    "of the variable": ("", "keys", "", CONFIG, "keys ✓ long-term", 0),
    "from a program": ("other", "", "", CONFIG, "other · from a program", 0),
    "none": ("", "", "", CONFIG, "", 0),
    "missing": ("gone", "", "", CONFIG, "gone ✗ profile.missing", 0),
    "wide": ("dev", "", "", CONFIG + "[profile ü]\nregion = x\n", "dev ✗ signed out", 0),
    "another is odd": ("staff", "", "", CONFIG + "[profile odd]\nrole_arn = x\n", "staff ✗ signed out", 0),
    "unreadable": ("dev", "", "", BROKEN, "dev ✗ file.duplicate-section", 1),
}
AT_ONCE = {"signed in", "ended", "signed out", "of the variable", "from a program", "none", "another is odd"}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def place(case: str, clean_env: CleanEnv, tmp_path: Path) -> tuple[dict[str, str], Path]:
    """An environment with a home, and a folder that is a clone, if the case has one."""
    profile, variable, ends, config, _, _ = CASES[case]
    home, work = tmp_path / "home", tmp_path / "work" / "inside"
    env = clean_env(home, PYTHONUTF8="1", TZ="UTC", **({"AWS_PROFILE": variable} if variable else {}))
    work.mkdir(parents=True)
    (home / ".aws").mkdir()
    (home / ".aws" / "config").write_text(config, encoding="utf-8")
    (home / ".aws" / "credentials").write_text(KEYS)
    for path, text in token(expiresAt=ends, startUrl="https://acme.awsapps.com/start").items() if ends else ():
        (home / ".aws" / path).parent.mkdir(parents=True)
        (home / ".aws" / path).write_text(text)
    if profile:
        subprocess.run(["git", "init", "-q", str(work.parent)], env=env, check=True)
        url = f"codecommit::us-east-2://{profile}@R"
        subprocess.run(["git", "-C", str(work), "remote", "add", "origin", url], env=env, check=True)
    return env, work


@pytest.mark.slow
def test_one_line_says_until_when_this_clones_profile_works(case: str, place: tuple[dict[str, str], Path]) -> None:
    env, work = place
    *_, says, code = CASES[case]
    glance, whole, document = (
        subprocess.run([program(), "status", *more], env=env, cwd=work, capture_output=True, text=True, check=False)
        for more in (["--short"], ["--short", "--no-input"], ["--short", "--json"])
    )
    assert glance.stdout.startswith(says) and glance.stdout.count("\n") == bool(says)
    assert (glance.stdout, glance.stderr) == (whole.stdout, "")
    assert glance.returncode == whole.returncode == document.returncode == code
    assert [it["name"] for it in json.loads(document.stdout)["profiles"]] == ([says.split()[0]] if says else [])


@pytest.mark.slow
def test_an_ordinary_home_is_read_at_once(case: str, place: tuple[dict[str, str], Path]) -> None:
    env, work = place
    code = "import sys, ccsetup.cli.main as c; c.run(['status', '--short']); print(*sys.modules)"
    words = [sys.executable, "-S", "-c", code]
    env = {**env, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    done = subprocess.run(words, env=env, cwd=work, capture_output=True, text=True, check=True)
    loaded = {*done.stdout.splitlines()[-1].split()}
    assert ("argparse" not in loaded) == (case in AT_ONCE)
    if case in AT_ONCE:
        assert {"typing", "dataclasses", "json", "pathlib", "re", "subprocess"} & loaded == set()


@pytest.mark.parametrize("more", [["dev"], ["--check"]], ids=" ".join)
def test_it_is_used_alone(more: list[str], clean_env: CleanEnv, tmp_path: Path) -> None:
    env = clean_env(tmp_path / "home")
    words = [program(), "status", "--short", *more]
    done = subprocess.run(words, env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--short shows only the profile of this clone" in " ".join(done.stderr.split())
