"""Amazon Resource Names, read and corrected."""

from __future__ import annotations

import re

import pytest

from ccsetup.core import regions
from ccsetup.core.arn import Arn, account_in, mended, partition_in, pattern

ROLE = "arn:aws-cn:iam::111122223333:role/teams/acme/Dev"


def test_an_arn_has_parts_and_is_written_as_it_was_read() -> None:
    found = Arn.parse(ROLE)
    assert found == ("aws-cn", "iam", "", "111122223333", "role/teams/acme/Dev")
    assert (found.kind, found.path, found.name) == ("role", "teams/acme/", "Dev")
    assert str(found) == ROLE


@pytest.mark.parametrize(
    ("resource", "kind", "path", "name"),
    [
        ("MySharedDemoRepo", "", "", "MySharedDemoRepo"),
        ("assumed-role/Dev/maria@acme.example", "assumed-role", "Dev/", "maria@acme.example"),
        ("role/role", "role", "", "role"),
        ("root", "", "", "root"),
        ("user/x:y", "user", "", "x:y"),
    ],
)
def test_the_kind_the_path_and_the_name_of_a_resource(resource: str, kind: str, path: str, name: str) -> None:
    found = Arn.parse(f"arn:aws:iam::111122223333:{resource}")
    assert found and (found.kind, found.path, found.name) == (kind, path, name)


@pytest.mark.parametrize(
    "text", ["", "dev", "a:b:c:d:e:f", "arn:aws:iam::1", "arn:azure:iam::1:role/x", "ARN:aws:iam::1:x"]
)
def test_other_texts_are_no_arns(text: str) -> None:
    assert Arn.parse(text) is None
    assert (account_in(text), partition_in(text)) == ("", "aws")


@pytest.mark.parametrize("account", ["", "aws", "*", "1111", "\u0661" * 12])
def test_an_account_has_twelve_digits(account: str) -> None:
    assert account_in(f"arn:aws:iam::{account}:role/Dev") == ""


@pytest.mark.parametrize("colons", [":", "::", ":::", "::::"])
@pytest.mark.parametrize("service", ["iam", "sts"])
def test_the_number_of_colons_before_an_account_is_corrected(service: str, colons: str) -> None:
    assert mended(f"arn:aws:{service}{colons}111122223333:role/Dev") == f"arn:aws:{service}::111122223333:role/Dev"


@pytest.mark.parametrize(
    "text", ["arn:aws:iam:::role/Dev", "arn:aws:kms:us-east-1:111122223333:key/1", "x arn:aws:iam:1:x"]
)
def test_nothing_else_is_corrected(text: str) -> None:
    assert mended(text) == text


def test_every_partition_matches() -> None:
    for partition in regions.PARTITIONS:
        assert re.fullmatch(pattern("iam", "role/.+"), ROLE.replace("aws-cn", partition))
