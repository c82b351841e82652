"""A proxy or certificates that only git has, or only AWS tools: named where one of them gets no connection."""

from __future__ import annotations

import pytest

from ccsetup.doctor.facts import Clone
from ccsetup.doctor.findings import Finding
from ccsetup.doctor.networks import of_git, of_sdk
from ccsetup.git.config import Brought
from tests.patients import BASE, HOME, facts

URL = "codecommit::us-east-2://dev@Demo"
CONFIG = "[profile dev]\nregion = us-east-2\nca_bundle = /etc/corp.pem\n[profile ops]\nregion = us-east-2\n"
GIT = str(HOME / ".gitconfig")


def asked(code: str, *listed: tuple[str, str], env: dict[str, str] | None = None, brought: bool = False, **more):
    told = tuple(Brought(key, value, GIT) for key, value in listed)
    clone = Clone(HOME / "w", URL, tuple(listed), listed=told, brought=told if brought else ())
    there = facts(CONFIG, BASE, env=env or {}, clone=clone, **more)
    return there, Finding(code, "hinders", "AWS can't be reached.", "It says no.", profile=more.pop("profile", "ops"))


@pytest.mark.parametrize(("code", "key", "value", "do"), [
    ("net.unreachable", "http.proxy", "http://proxy:3128", "export HTTPS_PROXY='http://proxy:3128'"),
    ("net.proxy", "http.https://git-codecommit.us-east-2.amazonaws.com.proxy", "http://p:1", "export HTTPS_PROXY='http://p:1'"),
    ("net.unreachable", "http.https://git-codecommit.*.amazonaws.com.proxy", "http://p:1", "export HTTPS_PROXY='http://p:1'"),
    ("net.unreachable", "http.proxy", "http://maria:secret@proxy:3128", 'export HTTPS_PROXY="$(git config --get http.proxy)"'),
    ("net.tls", "http.sslcainfo", "/etc/corp.pem", "export AWS_CA_BUNDLE='/etc/corp.pem'"),
])  # fmt: skip
def test_what_only_git_has_is_given_to_aws_tools(code, key, value, do):
    there, finding = asked(code, (key, value))
    told = of_sdk(there, finding)
    assert told.do == do
    assert key in told.because
    assert GIT in told.because
    assert "secret" not in told.because + told.do


@pytest.mark.parametrize(("code", "listed", "env", "brought"), [
    ("net.unreachable", (), {}, False),
    ("net.unreachable", (("http.proxy", "http://p:1"),), {"HTTPS_PROXY": "http://p:1"}, False),
    ("net.unreachable", (("http.proxy", "http://p:1"), ("http.proxy", "")), {}, False),
    ("net.unreachable", (("http.proxy", "http://evil:1"),), {}, True),
    ("net.unreachable", (("http.https://github.com.proxy", "http://p:1"),), {}, False),
    ("net.tls", (("http.sslcainfo", "/c"),), {"AWS_CA_BUNDLE": "/c"}, False),
    ("net.clock", (("http.proxy", "http://p:1"),), {}, False),
    ("access.identity", (("http.proxy", "http://p:1"),), {}, False),
])  # fmt: skip
def test_what_explains_nothing_is_not_named(code, listed, env, brought):
    there, finding = asked(code, *listed, env=env, brought=brought)
    assert of_sdk(there, finding) == finding


@pytest.mark.parametrize(("code", "key", "value"), [
    ("net.proxy", "http.proxy", "http://old:3128"),
    ("net.unreachable", "http.proxy", "http://old:3128"),
    ("net.tls", "http.sslcainfo", "/gone.pem"),
])  # fmt: skip
def test_a_setting_of_gits_own_that_stops_it_is_taken_out(code, key, value):
    there, finding = asked(code, (key, value))
    told = of_git(there, finding)
    assert told.do == f"git config --file {GIT} --unset-all {key}"
    assert value in told.because


@pytest.mark.parametrize(("profile", "env", "file"), [
    ("dev", {}, "/etc/corp.pem"),
    ("ops", {"AWS_CA_BUNDLE": "/my certs/ca.pem"}, "'/my certs/ca.pem'"),
    ("ops", {"REQUESTS_CA_BUNDLE": "/ca.pem"}, "/ca.pem"),
])  # fmt: skip
def test_certificates_that_only_aws_tools_have_are_given_to_git(profile, env, file):
    there, finding = asked("net.tls", env=env)
    told = of_git(there, finding._replace(profile=profile))
    assert told.do == f"git config --global http.sslCAInfo {file}"


def test_git_without_settings_of_its_own_keeps_its_words():
    there, finding = asked("net.unreachable")
    assert of_git(there, finding) == finding


def test_outside_a_clone_gits_general_settings_count():
    there = facts(CONFIG, BASE, settings=(("http.proxy", "http://p:1"),))
    told = of_sdk(there, Finding("net.unreachable", "hinders", "x", profile="ops"))
    assert told.do == "export HTTPS_PROXY='http://p:1'"
