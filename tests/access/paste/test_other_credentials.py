"""Credentials that no profile can have are recognized, and lead to what works with them; their secrets stay hidden."""

from __future__ import annotations

import pytest

from ccsetup.access import paste
from ccsetup.access.paste.echo import echo
from ccsetup.core.errors import BadAnswer
from ccsetup.core.model import Answers
from ccsetup.wizard import flow

PASSWORD = "Hunter2!Correct9Horse"
SSH_KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n-----END OPENSSH PRIVATE KEY-----"
OTHERS = {
    "a console sign-in": ("aws login", f"Sign in at https://111122223333.signin.aws.amazon.com/console as maria, password: {PASSWORD}"),
    "a console sign-in by alias": ("aws login", f"https://acme.signin.aws.amazon.com/console\nUser name: maria\nPassword: {PASSWORD}"),
    "a console sign-in in a sentence": ("aws login", f"Go to https://111122223333.signin.aws.amazon.com/console. You are maria and your password is {PASSWORD}."),
    "the console's CSV": ("aws login", f"User name,Password,Console sign-in URL\nmaria,{PASSWORD},https://111122223333.signin.aws.amazon.com/console"),
    "a console sign-in in China": ("aws login", f"https://111122223333.signin.amazonaws.cn/console maria password: {PASSWORD}"),
    "Git credentials": ("ccsetup clone https://", f"User name: maria-at-111122223333\nPassword: {PASSWORD}="),
    "Git credentials as CSV": ("ccsetup clone https://", f"User Name,Password\nmaria-at-111122223333,{PASSWORD}="),
    "Git credentials in a sentence": ("ccsetup clone https://", f"Use maria-at-111122223333 with the password {PASSWORD}= for it."),
    "Git credentials side by side": ("ccsetup clone https://", f"maria-at-111122223333 / {PASSWORD}="),
    "a private key": ("ccsetup clone ssh://", SSH_KEY),
    "a public key": ("ccsetup clone ssh://", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQDf5example maria@laptop"),
    "the ID of an SSH key": ("ccsetup clone ssh://", "Your SSH key ID is APKAEIBAERJR2EXAMPLE"),
}  # fmt: skip


@pytest.mark.parametrize(("works", "text"), OTHERS.values(), ids=OTHERS)
def test_they_lead_to_what_works_with_them(works: str, text: str) -> None:
    first = flow.questions(Answers())[0]
    assert first.unmatched
    assert works in first.unmatched(text).said
    with pytest.raises(BadAnswer, match=works):
        first.parse(text)


@pytest.mark.parametrize(("works", "text"), OTHERS.values(), ids=OTHERS)
def test_their_secrets_are_never_shown(works: str, text: str) -> None:
    first = flow.questions(Answers())[0]
    assert first.unmatched
    for secret in (PASSWORD, "b3BlbnNz"):
        assert secret not in first.unmatched(text).said
        assert secret not in echo.brief(text)
        assert secret not in "".join(map(str, flow.readings(text)))


def test_with_a_repository_the_command_names_it() -> None:
    text = f"Git credentials maria-at-111122223333 / {PASSWORD}= for the repository MySharedDemoRepo in us-east-2"
    said = paste.use_of_others(text, "codecommit::us-east-2://MySharedDemoRepo")
    command = (
        "ccsetup clone https://git-codecommit.us-east-2.amazonaws.com/v1/repos/MySharedDemoRepo --via git-credentials"
    )
    assert said.endswith(command)
    assert command in echo(said, text)


@pytest.mark.parametrize(
    "text",
    [
        "https://signin.aws.amazon.com/switchrole?account=111122223333&roleName=Dev",
        "https://signin.aws.amazon.com/saml",
        "https://us-east-2.console.aws.amazon.com/codesuite/codecommit/repositories/X/browse",
        "https://acme.signin.aws.amazon.com.example.com/console",
        "look-at-111122223333444 and me at 111122223333",
        "ssh is fine",
        "",
    ],
)
def test_what_only_resembles_them_is_nothing_special(text: str) -> None:
    assert paste.use_of_others(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        *(text for name, (_, text) in OTHERS.items() if name.startswith("Git credentials")),
        f'"User Name","Password"\n"maria-at-111122223333","{PASSWORD}="\n',
        f"maria-at-111122223333\n{PASSWORD}=\n",
        f"Password = {PASSWORD}=\nUser name = maria-at-111122223333",
    ],
)
def test_the_user_name_and_the_password_of_git_credentials_are_found(text: str) -> None:
    found = paste.git_login(text)
    assert found
    assert (found[0], found[1].reveal()) == ("maria-at-111122223333", f"{PASSWORD}=")
    assert PASSWORD not in repr(found)


@pytest.mark.parametrize("text", ["", "maria-at-111122223333", f"maria {PASSWORD}", "maria-at-111122223333, short"])
def test_half_of_git_credentials_is_none(text: str) -> None:
    assert paste.git_login(text) is None
