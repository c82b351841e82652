"""The HTTPS addresses that ccsetup makes use the FIPS host where the settings say so and AWS has one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ccsetup.core.model import Answers, Target
from ccsetup.git import transport
from ccsetup.git.transport import HELPER, Way, route, way_of
from ccsetup.wizard import clone
from ccsetup.wizard.clone_request import Wish
from ccsetup.wizard.find_repository import Place


class Screen:
    """Keeps what is printed."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def output(self, text: str) -> None:
        self.lines += text.splitlines()


def context(**env: str) -> Any:
    git = SimpleNamespace(lasting=lambda name: f"/usr/bin/{name}")
    return SimpleNamespace(env=env, git=git, screen=Screen())


@pytest.mark.parametrize(
    ("way", "region", "env", "host"),
    [
        (Way(HELPER), "us-east-2", {}, "git-codecommit.us-east-2.amazonaws.com"),
        (Way(HELPER, fips=True), "us-east-2", {}, "git-codecommit-fips.us-east-2.amazonaws.com"),
        (Way(HELPER, fips=True), "eu-west-1", {}, "git-codecommit.eu-west-1.amazonaws.com"),
        (Way(HELPER, host="vpce-1.x:8443", fips=True), "us-east-2", {}, "vpce-1.x:8443"),
        (Way(HELPER, fips=True), "us-east-2", {"CODE_COMMIT_ENDPOINT": "localhost:1"}, "localhost:1"),
    ],
)
def test_a_clone_over_https_uses_the_host_that_is_wanted(way: Way, region: str, env: dict[str, str], host: str) -> None:
    assert route(context(**env), way, "dev", Target("R", region)).url == f"https://{host}/v1/repos/R"


@pytest.mark.parametrize(
    ("env", "setting", "fips"),
    [({}, "true", True), ({"AWS_USE_FIPS_ENDPOINT": "false"}, "true", False), ({}, "", False)],
)
def test_ccsetup_clone_decides_by_the_environment_and_then_the_profile(
    env: dict[str, str], setting: str, fips: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = context(**env)
    profiles = {"dev": {"region": "us-east-2", "aws_access_key_id": "A", "use_fips_endpoint": setting}}
    look: Any = SimpleNamespace(profiles=profiles, who=lambda *_: SimpleNamespace(profiles=profiles, sessions={}))
    wish, place = Wish("R", Target("R")), Place("dev", "us-east-2", "111122223333")
    monkeypatch.setattr(clone, "way", lambda *_: (HELPER, "ccsetup"))
    assert clone._claim(there, look, wish, place).way == Way(HELPER, fips=fips)
    urls = clone.addresses(there, look, wish, place, None).urls  # type: ignore[arg-type]
    host = f"git-codecommit{'-fips' if fips else ''}.us-east-2.amazonaws.com"
    assert urls["https"] == f"https://{host}/v1/repos/R"


def test_a_fips_address_needs_no_endpoint_variable_if_fips_is_wanted_anyway() -> None:
    answers = Answers({"repo": "https://git-codecommit-fips.us-east-2.amazonaws.com/v1/repos/R", "profile": "dev"})
    look: Any = SimpleNamespace(env={}, profiles={"dev": {"use_fips_endpoint": "true"}}, later_command=lambda _: "/x")
    assert transport._because(answers, look) == ""
    look.profiles = {"dev": {}}
    assert transport._because(answers, look) == (
        "the address has a custom host, git-codecommit-fips.us-east-2.amazonaws.com"
    )
    assert way_of(answers, fips=True).fips
