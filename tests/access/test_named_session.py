"""The name of an sso-session that is here already answers its start URL and its region."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from script import Script, context

from ccsetup.cli.commands import setup
from ccsetup.core.errors import BadAnswer, Missing
from ccsetup.core.model import Value
from ccsetup.wizard.options import Options

CONFIG = """[sso-session acme]
sso_start_url = https://acme.awsapps.com/start
sso_region = eu-west-1
sso_registration_scopes = sso:account:access
"""
GIVEN: dict[str, Value] = {
    "kind": "sso", "sso_session": "acme", "sso_account_id": "111122223333", "sso_role_name": "Developer",
    "region": "us-east-2", "profile": "dev", "no_clone": "yes",
}  # fmt: skip


def run(folder: Path, script: Script | None = None, **more: Value) -> str:
    around = context(folder)
    config = folder / "home" / ".aws" / "config"
    config.parent.mkdir()
    config.write_text(CONFIG)
    setup.run(replace(around, prompt=script), Options({**GIVEN, **more}, yes=script is None))
    return config.read_text()


@pytest.mark.parametrize("person", [True, False])
def test_the_name_is_enough(tmp_path: Path, person: bool) -> None:
    text = run(tmp_path, Script(("review", "go")) if person else None)
    assert text.startswith(CONFIG) and "sso_session = acme" in text
    assert text.count("sso_start_url") == 1


def test_another_url_for_it_is_still_refused(tmp_path: Path) -> None:
    with pytest.raises(BadAnswer, match="sso-session acme uses"):
        run(tmp_path, sso_start_url="https://other.awsapps.com/start")


def test_the_name_of_a_session_that_is_not_here_answers_nothing(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="--sso-start-url"):
        run(tmp_path, sso_session="other")
