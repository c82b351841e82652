"""The proof of a profile where AWS has ended a sign-in that still looks valid here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from script import FakeAws, FakeGit, FakeSignIn, context

from ccsetup.core.context import Expected, Start
from ccsetup.core.errors import Problem
from ccsetup.core.model import Target
from ccsetup.core.result import Outcome
from ccsetup.wizard import verify
from ccsetup.wizard.verify import Claim, Kept

START = Start("https://acme.awsapps.com/start", "us-east-1", "acme")


def ended(times: int, code: str = "sso.expired") -> FakeAws:
    """Return an AWS that refuses the first calls."""
    aws = FakeAws()
    answer = aws.identity
    left = [Problem("The sign-in has expired.", code=code)] * times

    def identity(*given: Any) -> Any:
        if left:
            raise left.pop()
        return answer(*given)

    aws.identity = identity  # type: ignore[method-assign]
    return aws


def proven(folder: Path, aws: FakeAws, signin: FakeSignIn, start: Start | None = START) -> Outcome:
    around = context(folder, aws=aws, signin=signin)
    claim = Claim("dev", "us-east-2", start, Expected(), Target())
    return verify.prove(around, claim, Kept(around), FakeGit(), Outcome("sso", "dev"))


def test_a_sign_in_that_aws_has_ended_is_renewed_once(tmp_path: Path) -> None:
    signin = FakeSignIn()
    assert proven(tmp_path, ended(1), signin).identity
    assert signin.renewed == ["acme"]


@pytest.mark.parametrize(
    ("times", "code", "start"), [(2, "sso.expired", START), (1, "access.assume", START), (1, "sso.expired", None)]
)
def test_any_other_refusal_stands(times: int, code: str, start: Start | None, tmp_path: Path) -> None:
    signin = FakeSignIn()
    with pytest.raises(Problem):
        proven(tmp_path, ended(times, code), signin, start)
    assert len(signin.renewed) == times - 1
