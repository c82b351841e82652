"""The schemas: valid JSON Schema, one for each command, strict enough to notice a key that is new, gone or misspelled."""

from __future__ import annotations

import json

import published
import pytest
from jsonschema import Draft202012Validator

from ccsetup.cli import schemas
from ccsetup.cli.main import run
from ccsetup.cli.parser import COMMANDS
from ccsetup.core.errors import Problem
from ccsetup.core.result import Outcome, told

Captured = pytest.CaptureFixture[str]


def test_every_command_has_a_schema_and_each_is_valid() -> None:
    assert {*schemas.DOCUMENTS} == {*COMMANDS}
    for command in ("", *COMMANDS):
        Draft202012Validator.check_schema(schemas.of(command))


@pytest.mark.parametrize("words", [["schema"], ["schema", "doctor"]], ids=" ".join)
def test_it_is_printed_the_same_with_json_and_without(words: list[str], capsys: Captured) -> None:
    assert run(words) == 0
    plain = capsys.readouterr().out
    assert run([*words, "--json"]) == 0
    assert capsys.readouterr().out == plain
    assert json.loads(plain)["$schema"] == schemas.DIALECT


@pytest.mark.parametrize("command", COMMANDS)
def test_what_a_schema_refers_to_is_in_it_and_nothing_else(command: str, capsys: Captured) -> None:
    assert run(["schema", command]) == 0
    schema = json.loads(capsys.readouterr().out)
    used = {f"#/$defs/{name}" for name in schema.get("$defs", {})}
    assert schemas._references(schema) == used
    everything = schemas.of()
    assert everything["$defs"][command]["title"] == schema["title"]


def test_a_command_that_does_not_exist_gets_the_nearest_name(capsys: Captured) -> None:
    assert run(["schema", "docter", "--json"]) == 2
    said = capsys.readouterr()
    assert 'Did you mean "doctor"?' in said.err
    assert json.loads(said.out)["problems"][0]["code"] == "input.invalid"


def test_an_error_is_as_the_schema_says_and_the_whole_schema_takes_it() -> None:
    document = Outcome(kind="sso", problems=(Problem("No.", code="access.region"),)).document()
    published.check("setup", document)
    assert Draft202012Validator(schemas.of()).is_valid(document)


@pytest.mark.parametrize(
    ("command", "document"),
    [
        ("setup", {**Outcome().document(), "extra": 1}),
        ("setup", {key: value for key, value in Outcome().document().items() if key != "clone"}),
        ("setup", {**Outcome().document(), "ok": None}),
        ("setup", {**Outcome().document(), "problems": [{**told(Problem("No.")), "code": ""}]}),
        ("status", {"ok": True, "profiles": []}),
        ("undo", {"ok": True, "problems": []}),
        ("env", {"ok": True, "profile": None, "problems": []}),
        ("schema", {"type": "object"}),
    ],
)
def test_a_document_that_is_not_as_described_is_noticed(command: str, document: dict[str, object]) -> None:
    with pytest.raises(AssertionError, match="isn't as its schema describes"):
        published.check(command, document)
