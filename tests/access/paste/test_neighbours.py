"""What other tools print is recognized when it is pasted, each in the kind of access that it is."""

from __future__ import annotations

import pytest
from neighbours import PRINTED, SECRET, TOKEN

from ccsetup.core.model import Secret
from ccsetup.wizard import flow


@pytest.mark.parametrize("name", PRINTED)
def test_what_a_neighbour_prints_is_recognized(name: str) -> None:
    text, kind, wanted = PRINTED[name]
    [reading] = flow.readings(text)
    told = {key: value for key, value in reading.answers.items() if not isinstance(value, Secret)}
    assert (reading.kind, told) == (kind, wanted)
    secrets = [value.reveal() for value in reading.answers.values() if isinstance(value, Secret)]
    assert secrets == ([SECRET, TOKEN] if kind == "keys" else [])
    assert reading.found
    assert SECRET not in str(reading.found) + str(reading.said)


def test_a_profile_that_a_tool_signed_in_comes_before_what_it_mentions() -> None:
    text = PRINTED["saml2aws, login"][0]
    assert "assumed-role" in text  # its role can't be assumed with anything else
    [reading] = flow.readings(f"{text}The repository is MySharedDemoRepo in us-east-2.")
    assert (reading.kind, reading.answers.text("repo")) == ("existing", "MySharedDemoRepo")
