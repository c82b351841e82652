"""The shell's variables, git on this machine and in this clone: what beats a profile, and what keeps git from it."""

from __future__ import annotations

import pytest

from tests.patients import BASE, ID, SECRET, TEMPORARY, TOKEN, facts, found, looked

ROLE = "[profile dev]\nrole_arn = arn:aws:iam::111122223333:role/X\nsource_profile = default\nregion = us-east-1\n"
PAIR = {"AWS_ACCESS_KEY_ID": ID, "AWS_SECRET_ACCESS_KEY": SECRET}
BOTH = "AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY"
VARIABLES = [
    ("env.overrides", "hinders", PAIR, BOTH),
    ("env.overrides", "hinders", {**PAIR, "AWS_SESSION_TOKEN": TOKEN}, f"{BOTH} AWS_SESSION_TOKEN"),
    ("env.overrides", "hinders", {**PAIR, "AWS_PROFILE": "dev"}, BOTH),
    ("env.overrides", "hinders", {"AWS_ROLE_ARN": "arn:x", "AWS_WEB_IDENTITY_TOKEN_FILE": "/t"}, "AWS_ROLE_ARN AWS_WEB_IDENTITY_TOKEN_FILE"),
    ("env.overrides", "hinders", {"AWS_PROFILE": "dev", "AWS_DEFAULT_PROFILE": "default"}, "AWS_DEFAULT_PROFILE"),
    ("env.overrides", "hinders", {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "eu-west-1"}, "AWS_DEFAULT_REGION"),
    ("env.overrides", "hinders", {"AWS_PROFILE": "dev", "AWS_DEFAULT_REGION": "eu-west-1"}, "AWS_DEFAULT_REGION"),
    ("env.overrides", "stops", {"AWS_CONFIG_FILE": ""}, "AWS_CONFIG_FILE"),
    ("env.partial", "stops", {"AWS_ACCESS_KEY_ID": ID}, "AWS_ACCESS_KEY_ID"),
    ("env.partial", "stops", {"AWS_ACCESS_KEY_ID": ID, "AWS_SECRET_ACCESS_KEY": ""}, "AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY"),
    ("env.partial", "stops", {"AWS_ACCESS_KEY_ID": ID, "AWS_SESSION_TOKEN": TOKEN}, "AWS_ACCESS_KEY_ID AWS_SESSION_TOKEN"),
    ("env.partial", "hinders", {"AWS_SECRET_ACCESS_KEY": SECRET}, "AWS_SECRET_ACCESS_KEY"),
    ("env.partial", "hinders", {"AWS_SESSION_TOKEN": TOKEN}, "AWS_SESSION_TOKEN"),
    ("env.partial", "stops", {**PAIR, "AWS_ACCESS_KEY_ID": TEMPORARY}, BOTH),
    ("env.profile", "stops", {"AWS_PROFILE": ""}, "AWS_PROFILE"),
    ("env.profile", "stops", {"AWS_DEFAULT_PROFILE": ""}, "AWS_DEFAULT_PROFILE"),
    ("env.profile", "stops", {"AWS_DEFAULT_PROFILE": "", "AWS_PROFILE": "dev"}, "AWS_DEFAULT_PROFILE"),
    ("env.profile", "hinders", {"AWS_DEFAULT_PROFILE": "dev", "AWS_PROFILE": " "}, "AWS_PROFILE"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "severity", "env", "names"), VARIABLES)
def test_a_variable_that_beats_a_profile_is_told_with_what_unsets_it(code, severity, env, names):
    (finding,) = found(facts(ROLE, BASE, env=env), code)
    assert (finding.severity, finding.fix, finding.do) == (severity, "tell", f"unset {names}")


@pytest.mark.parametrize(("shell", "do"), [
    ("bash", "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY"),
    ("zsh", "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY"),
    ("fish", "set -e AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY"),
    ("powershell", "Remove-Item Env:AWS_ACCESS_KEY_ID -ErrorAction SilentlyContinue; Remove-Item Env:AWS_SECRET_ACCESS_KEY -ErrorAction SilentlyContinue"),
    ("cmd", 'set "AWS_ACCESS_KEY_ID=" & set "AWS_SECRET_ACCESS_KEY="'),
    ("nu", "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY"),
])  # fmt: skip
def test_each_shell_is_told_in_its_own_words(shell, do):
    (finding,) = found(facts(ROLE, BASE, env=PAIR, shell=shell), "env")
    assert finding.do == do


@pytest.mark.parametrize("env", [
    {},
    {"AWS_PROFILE": "dev"},
    {"AWS_DEFAULT_PROFILE": "dev", "AWS_PROFILE": "dev"},
    {"AWS_REGION": "us-east-1"},
    {"AWS_DEFAULT_REGION": "us-east-1", "AWS_PROFILE": "dev"},
    {"AWS_PAGER": "", "AWS_DEFAULT_OUTPUT": "json"},
    {"AWS_CONFIG_FILE": "/home/maria/.aws/config"},
    {"AWS_EC2_METADATA_DISABLED": "true", "AWS_SDK_LOAD_CONFIG": "1"},
    {"AWS_CA_BUNDLE": "/etc/ssl/ca.pem", "AWS_RETRY_MODE": "standard"},
])  # fmt: skip
def test_a_sane_shell_is_not_accused(env):
    assert not looked(facts(ROLE, BASE, env=env))


def test_an_automation_with_keys_alone_is_not_accused():
    assert not looked(facts(None, None, env={**PAIR, "AWS_REGION": "us-east-1"}))
