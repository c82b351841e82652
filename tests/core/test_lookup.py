"""Lookups ahead of their use: nothing is waited for or used up, and what AWS tells comes in the background."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from script import FakeAws, Script, context

from ccsetup.core.errors import Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import Identity, Keys, Secret, Who
from ccsetup.wizard.options import Options, looking

ASKED = ("arn:aws:iam::111122223333:role/Developer", "arn:aws:iam::111122223333:saml-provider/AcmeId")
WHO = Who("base", "us-east-2", {"base": {}}, {})
KEYS = Keys("ASIAIOSFODNN7EXAMPLE", Secret("s" * 40), Secret("t" * 40))
REFUSED = Problem("AWS rejected the assertion.", code="access.assume")
SILENT = Problem("There was no answer.", code="net.unreachable")


class Told(FakeAws):
    """Answers whatever is asked, and says which thread asked."""

    silent = True  # nothing but the fetching of credentials is needed

    def _answer(self, call: str, value: object) -> object:
        self.threads.append(threading.current_thread())
        return super()._answer(call, value)

    def expect(self, who: Who) -> bool:
        return self.silent


def looker(folder: Path, aws: Told) -> Look:
    aws.threads = []
    return looking(replace(context(folder, Script()), aws=aws), Options({}))


def ahead(look: Look, ask: Callable[[], object]) -> object:
    """Ask ahead, and then wait until the background is done."""
    try:
        with look.ahead():
            return ask()
    except Problem:
        return None
    finally:
        for thread in [it for it in threading.enumerate() if it.name == "early"]:
            thread.join(30)


def test_what_works_once_is_not_used_up(tmp_path: Path) -> None:
    aws = Told()
    look = looker(tmp_path, aws)
    assert ahead(look, lambda: look.session_token(WHO, "arn:aws:iam::888888888888:mfa/maria", "123456", 900)) is None
    assert ahead(look, lambda: look.federation_token(WHO, "maria", "{}", 900)) is None
    assert ahead(look, lambda: look.console_sign_in("dev", "us-east-2", "", "")) is None
    assert aws.calls == []


def test_what_is_known_is_told(tmp_path: Path) -> None:
    look = looker(tmp_path, Told(exchanged=KEYS))
    found = look.session_token(WHO, "arn:aws:iam::888888888888:mfa/maria", "123456", 900)
    assert ahead(look, lambda: look.session_token(WHO, "arn:aws:iam::888888888888:mfa/maria", "123456", 900)) is found


def test_an_assertion_is_exchanged_once_in_the_background(tmp_path: Path) -> None:
    aws = Told(exchanged=KEYS)
    look = looker(tmp_path, aws)
    assert ahead(look, lambda: look.saml(*ASKED, Secret("a"), 3600)) is None
    assert ahead(look, lambda: look.saml(*ASKED, Secret("a"), 3600)) is KEYS
    assert look.saml(*ASKED, Secret("a"), 3600) is KEYS
    assert len(aws.calls) == 1 and aws.threads[0].name == "early"


def test_a_refusal_in_the_background_is_told_without_asking_again(tmp_path: Path) -> None:
    aws = Told(exchanged=REFUSED)
    look = looker(tmp_path, aws)
    ahead(look, lambda: look.saml(*ASKED, Secret("a"), 3600))
    with pytest.raises(Problem, match="rejected"):
        look.saml(*ASKED, Secret("a"), 3600)
    assert len(aws.calls) == 1
    look.forget()
    with pytest.raises(Problem, match="rejected"):
        look.saml(*ASKED, Secret("a"), 3600)
    assert len(aws.calls) == 2


def test_without_an_answer_in_the_background_it_is_asked_again(tmp_path: Path) -> None:
    aws = Told(exchanged=SILENT)
    look = looker(tmp_path, aws)
    ahead(look, lambda: look.saml(*ASKED, Secret("a"), 3600))
    aws.exchanged = KEYS
    assert look.saml(*ASKED, Secret("a"), 3600) is KEYS


@pytest.mark.parametrize("silent", [True, False])
def test_a_caller_is_asked_for_only_if_that_needs_neither_the_user_nor_a_program(tmp_path: Path, silent: bool) -> None:
    aws = Told(who=Identity("111122223333", "arn:aws:iam::111122223333:user/maria"))
    aws.silent = silent
    look = looker(tmp_path, aws)
    assert ahead(look, lambda: look.identity(WHO)) is None
    assert [it.name for it in aws.threads] == (["early"] if silent else [])
    assert look.identity(WHO).account_id == "111122223333"
    assert len(aws.calls) == 1


def test_the_name_of_a_profile_changes_no_answer_but_its_settings_do(tmp_path: Path) -> None:
    aws = Told()
    look = looker(tmp_path, aws)
    for name, region in (("one", "us-east-2"), ("two", "us-east-2"), ("three", "eu-west-1")):
        look.repositories(Who(name, "us-east-2", {name: {"region": region}, "base": {}}, {}))
    assert len(aws.calls) == 2
