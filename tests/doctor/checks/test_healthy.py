"""Homes that work: nothing stops anybody in them, and nothing of them is repaired."""

from __future__ import annotations

from pathlib import Path

import pytest
import test_sso as signs

from ccsetup.doctor import checks
from tests.patients import (
    BASE,
    OTHER_ID,
    OTHER_SECRET,
    SECRET,
    TEMPORARY,
    TOKEN,
    crowd,
    disguises,
    facts,
    mended,
)

KEYS = f"aws_access_key_id = {OTHER_ID}\naws_secret_access_key = {OTHER_SECRET}\n"
ASIA = f"aws_access_key_id = {TEMPORARY}\naws_secret_access_key = {SECRET}\naws_session_token = {TOKEN}\n"
ARN = "arn:aws:iam::111122223333:role/CodeCommitAccess"
ROLE = f"[profile dev]\nrole_arn = {ARN}\n"
FOUND = {**signs.SIGNED_IN, Path("/run/token"): signs.GOOD}
CODES = ("role", "source", "kind", "keys", "oidc", "sso", "process", "env", "git")

HEALTHY = {
    "a role with a source that has keys": (f"{ROLE}source_profile = default\n", BASE),
    "a role with itself as a source, which has keys": (f"{ROLE}source_profile = dev\n", f"[dev]\n{KEYS}"),
    "a role with itself as a source, all in config": (f"{ROLE}source_profile = dev\n{KEYS}", None),
    "a chain of three": (f"{ROLE}source_profile = two\n[profile two]\nrole_arn = {ARN}2\nsource_profile = three\n[profile three]\nrole_arn = {ARN}3\n"
                         "source_profile = default\n", BASE),
    "a source that has keys and a role, the keys being taken": (f"{ROLE}source_profile = two\n[profile two]\nrole_arn = {ARN}\nsource_profile = default\n",
                                                                f"{BASE}[two]\n{KEYS}"),
    "a role of this machine": (f"{ROLE}credential_source = Ec2InstanceMetadata\nregion = us-east-1\n", None),
    "a role of a container": (f"{ROLE}credential_source = EcsContainer\nduration_seconds = 3600\n", None),
    "a role of variables": (f"{ROLE}credential_source = Environment\nduration_seconds = 43200\n", None),
    "a role with a device": (f"{ROLE}source_profile = default\nmfa_serial = arn:aws:iam::111122223333:mfa/team/maria\n", BASE),
    "a role with a device of hardware": (f"{ROLE}source_profile = default\nmfa_serial = GAHT12345678\nduration_seconds = 900\n", BASE),
    "a role with everything": (f"{ROLE}source_profile = default\nexternal_id = a:b/c=d@e\nrole_session_name = maria.garcia@acme,x=y+z\n"
                               "duration_seconds = 43200\nregion = eu-west-1\noutput = json\n", BASE),
    "roles with paths": ("[profile dev]\nrole_arn = arn:aws:iam::111122223333:role/teams/acme/Dev_x+y=z,a.b@c-d\nsource_profile = default\n", BASE),
    "a role in China": ("[profile dev]\nrole_arn = arn:aws-cn:iam::111122223333:role/Dev\nsource_profile = default\nregion = cn-north-1\n", BASE),
    "a role in GovCloud": ("[profile dev]\nrole_arn = arn:aws-us-gov:iam::000122223333:role/Dev\nsource_profile = default\nregion = us-gov-west-1\n", BASE),
    "a service's role": ("[profile dev]\nrole_arn = arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Dev_0123456789abcdef\n"
                         "source_profile = default\n", BASE),
    "a role in the credentials file": (None, f"{BASE}[dev]\nrole_arn = {ARN}\nsource_profile = default\n"),
    "a role from a sign-in": (f"{ROLE}source_profile = ops\nduration_seconds = 3600\n{signs.DEV.replace('dev', 'ops')}{signs.ACME}", None),
    "a role from a program": (f"{ROLE}source_profile = ops\n[profile ops]\ncredential_process = /bin/true\n", None),
    "a role from a token": (f"{ROLE}source_profile = ops\n[profile ops]\nrole_arn = {ARN}\nweb_identity_token_file = /run/token\n", None),
    "single sign-on": (signs.DEV + signs.ACME, None),
    "single sign-on in the old form": (signs.TOOLS, None),
    "single sign-on, session and profile saying the same": (f"{signs.DEV}{signs.WHERE}{signs.ACME}", None),
    "single sign-on whose session names the account": (f"[profile dev]\nsso_session = acme\nsso_role_name = Dev\n{signs.ACME}sso_account_id = 111122223333\n", None),
    "single sign-on, another tool for old SDKs": (f"{signs.DEV}credential_process = aws-sso-util credential-process --profile dev\n{signs.ACME}", None),
    "a session alone": (signs.ACME, None),
    "a session for other things": ("[profile q]\nsso_session = cw\nregion = us-east-1\n[sso-session cw]\nsso_start_url = https://acme.awsapps.com/start\n"
                                   "sso_region = us-east-1\nsso_registration_scopes = codewhisperer:completions\n", None),
    "a web identity": (f"{ROLE}web_identity_token_file = /run/token\nrole_session_name = maria\n", None),
    "a web identity in the credentials file": (None, f"[dev]\nrole_arn = {ARN}\nweb_identity_token_file = /run/token\n"),
    "a program with quotes and arguments": ('[profile dev]\ncredential_process = "/opt/my tools/get keys" --role "A B" --json\nregion = us-east-1\n', None),
    "a program by its name": ("[profile dev]\ncredential_process = aws-vault exec --json --prompt=terminal dev\n", None),
    "keys": (None, BASE),
    "keys in config": (f"[profile dev]\n{KEYS}region = us-east-1\n", None),
    "keys with a token": (None, f"[dev]\n{ASIA}"),
    "keys with the older name of a token": (None, f"[dev]\n{ASIA.replace('session_token', 'security_token')}"),
    "keys with both names of one token": (None, f"[dev]\n{ASIA}aws_security_token = {TOKEN}\n"),
    "keys of another tool that last": (None, f"[dev]\n{ASIA}aws_security_token = {TOKEN}\nx_principal_arn = arn:aws:sts::111122223333:assumed-role/A/b\n"
                                       "x_security_token_expires = 2026-03-01T13:00:00Z\n"),
    "keys of a tool that writes local words": (None, f"[dev]\n{ASIA}expiration = 2026-03-02 01:00:00\nassumed_role = False\n"),
    "keys with a note that is no time": (None, f"[dev]\n{ASIA}aws_expiration = tomorrow\n"),
    "long-term keys with an old note": (None, f"[dev]\n{KEYS}expiration = 2020-01-01 00:00:00\n"),
    "keys of a stand-in for AWS": ("[profile local]\nregion = us-east-1\nendpoint_url = http://localhost:4566\n",
                                   "[local]\naws_access_key_id = test\naws_secret_access_key = test\n"),
    "aws login": ("[profile dev]\nlogin_session = arn:aws:iam::111122223333:user/maria\nregion = us-east-1\n", None),
    "this machine": ("[profile dev]\nregion = us-east-1\n", None),
    "nothing": (None, None),
    "empty files": ("", ""),
    "four hundred": (crowd(400) + f"{ROLE}source_profile = default\n", BASE),
}  # fmt: skip


@pytest.mark.parametrize("name", HEALTHY)
def test_nothing_stops_a_home_that_works_and_nothing_of_it_is_repaired(name):
    programs = {
        "/opt/my tools/get keys": "/opt/my tools/get keys",
        "aws-vault": "/usr/bin/aws-vault",
        "/bin/true": "/bin/true",
    }
    config, credentials = HEALTHY[name]
    for disguise in disguises(config or ""):
        texts = [
            None if text is None else disguises(text, file)[disguise]
            for text, file in ((config, "config"), (credentials, "credentials"))
        ]
        there = facts(*texts, found=FOUND, programs=programs)
        found = [it for it in checks.offline(there) if it.code.startswith(CODES)]
        assert not [it for it in found if it.severity != "note"], disguise
        assert not [it for it in found if it.fix == "auto"], disguise
        assert mended(there, *{it.code for it in found if it.fix == "auto"}) == there
