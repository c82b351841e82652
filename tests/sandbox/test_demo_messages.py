"""The messages of the demo: pasted, each gives every answer that its visitor would give."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccsetup.core.model import Secret
from ccsetup.sandbox import Sandbox
from ccsetup.sandbox.demo import PLAYED, cards
from ccsetup.wizard.flow import readings

OWN = {"kind", "profile", "source.profile", "mfa_code"}  # what no message tells


@pytest.mark.parametrize("kind", [*PLAYED, "federation"])
def test_a_pasted_message_leaves_no_answer_to_be_typed(kind: str, sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    card = cards(sandbox, tmp_path)[kind]
    wanted = {key: value for key, value in card.answers.items() if key not in OWN}
    [reading] = [it for it in readings(card.letter) if it.kind == kind]
    found = {key: value.reveal() if isinstance(value, Secret) else value for key, value in reading.answers.items()}
    assert {key: found.get(key) for key in wanted} == wanted
