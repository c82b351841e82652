"""An Expiration is readable exactly where botocore reads it: held against botocore's own provider."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from botocore.credentials import ProcessProvider

from ccsetup.core import clock

FORMS: list[Any] = [
    None, "2099-11-28T18:00:00Z", "2099-11-28T18:00:00+00:00", "2099-11-28T18:00:00.123Z", "20991128T180000Z",
    "2099-11-28 18:00:00 UTC", "Sat, 28 Nov 2099 18:00:00 GMT", "2099-11-28T18:00:00+01:00", "2099-11-28T18:00:00",
    "2099-11-28 18:00:00", "2099-11-28", "tomorrow", "", " ", 4099660800, 4099660800.5, True, [], {}, "4099660800", "18:00",
    "2099-11-28T18:00:00 Nowhere", "9" * 400, "2099-11-28T18:00:00\u200b",
]  # fmt: skip


@pytest.mark.parametrize("expiration", FORMS, ids=repr)
def test_an_expiration_is_readable_where_botocore_reads_it(expiration: Any) -> None:
    held = {"Version": 1, "AccessKeyId": "ASIA1", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": expiration}
    provider = ProcessProvider(
        "dev",
        lambda: {"profiles": {"dev": {"credential_process": "x"}}},
        popen=lambda _, **more: subprocess.Popen([sys.executable, "-c", f"print({json.dumps(held)!r})"], **more),
    )
    try:
        frozen = provider.load().get_frozen_credentials()
    except (TypeError, ValueError, OverflowError):
        frozen = None
    except RuntimeError:  # it was read, and is over: a time without its day means today
        frozen = "over"
    assert clock.is_read_by_sdks(expiration) == (frozen is not None)
