"""Nothing secret is shown: values, lines, parts of them and pieces of a text; and nothing else is hidden."""

from __future__ import annotations

import random
import string
import time

import pytest

from ccsetup.core import redact
from ccsetup.core.model import Secret
from ccsetup.core.redact import MASK

KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtYXJpYSJ9.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("key", "secret"),
    [
        ("aws_secret_access_key", True), ("aws_session_token", True), ("PASSWORD", True), ("pwd", True), ("api-key", True),
        ("apikey", True), ("private_key", True), ("x.token", True), ("web_identity_token_file", False),
        ("TOKEN-FILE", False), ("aws_access_key_id", False), ("region", False), ("token path", False),
    ],
)  # fmt: skip
def test_a_settings_name_tells_whether_it_holds_a_secret(key: str, secret: bool) -> None:
    assert redact.is_secret(key) is secret


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("region", "us-east-2", "us-east-2"),
        ("aws_secret_access_key", "s", MASK),
        ("region", Secret("us-east-2"), MASK),
        ("aws_access_key_id", "AKIAIOSFODNN7EXAMPLE", "AKIA…MPLE"),
        ("aws_access_key_id", "ASIAIOSFODNN7EXAMPLE", "ASIA…MPLE"),
        ("aws_access_key_id", KEY, MASK),
        ("aws_access_key_id", "AKIAIOSFODNN7EXAMPLE ", MASK),
        ("credential_process", f"keys --token {JWT}", f"keys --token {MASK}"),
    ],
)
def test_a_value_is_shown_without_what_is_secret(key: str, value: str | Secret, shown: str) -> None:
    assert redact.value(key, value) == shown


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (f"aws_secret_access_key = {KEY}", f"aws_secret_access_key = {MASK}"),
        ("password: two words", f"password: {MASK}"),
        ("password =", "password ="),
        ("web_identity_token_file = /run/token", "web_identity_token_file = /run/token"),
        ("keys --token abc --region us-east-1", f"keys --token {MASK} --region us-east-1"),
        ("keys --password 'two words' x", f"keys --password {MASK} x"),
        ('keys --password "two words" x', f"keys --password {MASK} x"),
        ("keys --token-file /run/token", "keys --token-file /run/token"),
        ("keys --token --region us-east-1", "keys --token --region us-east-1"),
        ("curl -u maria:abc https://x", f"curl -u {MASK} https://x"),
        ("curl --user maria https://x", f"curl --user {MASK} https://x"),
        ("Authorization Bearer abc", f"Authorization Bearer {MASK}"),
        ("https://maria:abc@git.example.com/x", f"https://maria:{MASK}@git.example.com/x"),
        ("https://maria@git.example.com/x", "https://maria@git.example.com/x"),
        (f"x {JWT} y", f"x {MASK} y"),
        (f"# {KEY}", f"# {MASK}"),
        (f"'{KEY}'", f"'{MASK}'"),
        (f"#{KEY}", f"#{MASK}"),
        (f"; old key:{KEY}", f"; old key:{MASK}"),
        (f"# (AKIA.., {KEY})", f"# (AKIA.., {MASK})"),
        (f"# the key is {KEY}.", f"# the key is {MASK}."),
        (f"<{KEY}> `{KEY}` “{KEY}” [{KEY}] key={KEY}|", f"<{MASK}> `{MASK}` “{MASK}” [{MASK}] key={MASK}|"),
        ('"aws_secret_access_key" = "abc"', f'"aws_secret_access_key" = {MASK}'),
        ("'aws_secret_access_key': 'hunter22'", f"'aws_secret_access_key': {MASK}"),
        ("aws secret access key = abcdefgh", f"aws secret access key = {MASK}"),
        (KEY[:39], KEY[:39]),
        ("0123456789012345678901234567890123456789", "0123456789012345678901234567890123456789"),
        ("key AKIAIOSFODNN7EXAMPLE", "key AKIA…MPLE"),
        ("arn:aws:iam::111122223333:role/CodeCommitAccess", "arn:aws:iam::111122223333:role/CodeCommitAccess"),
    ],
)
def test_a_line_is_shown_without_what_looks_secret(line: str, shown: str) -> None:
    assert redact.line(line) == shown


AROUND = ["{}", "role/{}", "/home/maria/{}", "{} isn't an AWS region.", "“{}”", "{}/x", "a={}"]


@pytest.mark.parametrize("around", AROUND)
def test_a_secret_access_key_is_masked_wherever_it_is(around: str) -> None:
    chance, letters = random.Random(3), string.ascii_letters + string.digits + "/+"
    keys = ["".join(chance.choices(letters, k=40)) for _ in range(2000)]
    assert redact.shown(around.format(KEY)) == around.format(MASK)
    assert sum(key in redact.shown(around.format(key)) for key in keys) <= 12  # by chance, a few look like words


@pytest.mark.parametrize("text", [
    "0123456789abcdef0123456789abcdef01234567",  # a commit
    "/Users/Maria/Work2/Acme/Code/Web/Repo/Ab1",
    "/home/maria/Projects2026/AcmeWebShop/src",
    "arn:aws:iam::111122223333:role/CodeCommitCrossAccountDeveloper2026Role1",
    "AWSReservedSSO_CodeCommitPowerUser_0123456789abcdef",
    "AcmeWebShopCodeCommitRepositoryReaders22",
    "TheQuickBrownFoxJumpsOverTheLazyDogAgain", "/Users/JohnSmith/GitHub/MySharedDemoRepo",
    " /Users/JaneDoe/Work/MyRepo1/AcmeCoreUtils ",
    "https://git-codecommit.us-east-2.amazonaws.com/v1/repos/MySharedDemoRepo",
    "a" * 40, "A1" * 20, "x" * 5000,
])  # fmt: skip
def test_what_is_long_but_no_secret_is_shown(text: str) -> None:
    assert redact.shown(text) == text


def test_a_long_line_is_cut_between_words() -> None:
    words = "word " * 818  # 4090 characters
    assert redact.line(f"{words}{KEY} more") == f"{words}{MASK}"
    whole = "x" * 4096
    assert redact.line(whole) == whole
    assert redact.line(f"a {whole}") == f"a {MASK}"


def test_the_parts_that_look_secret_are_named_without_their_labels() -> None:
    assert redact.named(f"keys --token abc {KEY}") == ["abc", KEY]
    assert redact.named("password = abc") == ["abc"]
    assert redact.named("https://maria:abc@x") == ["abc"]
    assert redact.named("region = us-east-1") == []
    assert redact.named("x" * 4096 + f" {KEY}") == []


@pytest.mark.parametrize(
    ("text", "secrets", "shown"),
    [
        (f"it is {KEY}.", [KEY], f"it is {MASK}."),
        (f"{KEY[:20]} and {KEY[20:]}", [KEY], f"{MASK} and {MASK}"),
        (f"cut {KEY[5:13]}", [KEY], f"cut {MASK}"),
        (f"cut {KEY[5:12]}", [KEY], f"cut {KEY[5:12]}"),
        ("abc abc", ["abc"], f"{MASK} {MASK}"),
        ("two words here", ["two words"], f"{MASK} here"),
        ("the longword alone", ["a longword"], f"the {MASK} alone"),
        ("nothing", [""], "nothing"),
        ("nothing", [], "nothing"),
        ("dots •• stay", ["x1"], "dots •• stay"),
    ],
)
def test_known_secrets_and_pieces_of_them_are_taken_out_of_a_text(text: str, secrets: list[str], shown: str) -> None:
    assert redact.hide(text, secrets) == shown


def test_with_an_empty_mask_every_letter_keeps_its_place() -> None:
    assert redact.hide("it is abc!", ["abc"], "") == "it is •••!"


@pytest.mark.parametrize("part", ["-secret", "secret.", "-secret ", "token  ", "a"])
def test_a_line_takes_no_more_than_its_length_allows(part: str) -> None:
    def takes(length: int) -> float:
        text, found = (part * length)[:length], []
        for _ in range(5):
            began = time.process_time()
            redact.line(text)
            found.append(time.process_time() - began)
        return min(found) + 1e-4

    assert takes(4000) < 30 * takes(1000)  # it was 64 times
