"""Both AWS files as the SDK's sessions get them: from the fast reader, exactly as botocore's own full_config."""

from __future__ import annotations

from pathlib import Path

import pytest
from aws_corpus import SAMPLES
from botocore.exceptions import ConfigParseError
from botocore.session import Session
from hypothesis import HealthCheck, given, settings
from often import examples
from test_status import TEXT

from ccsetup.aws import sdk
from ccsetup.awsfiles.fast_read import Unsure

LONG = (
    "[default]\nregion=us-east-1\n# mine\n[profile dev]\nREGION : us-east-2\ns3 =\n  max_queue_size = 5\n\n  a = b = c\n"
    "[profile 'a b']\n[sso-session \"s\"]\nsso_region = x\n[services local]\nsts =\n  endpoint_url = http://127.0.0.1\n"
    "[plugins]\ncli = y\n[other tool]\n[both]\nregion = x\n"
)


def read_twice(folder: Path, config: str | None, credentials: str | None) -> tuple[object, object, object]:
    """Return what the fast reader has, None if it leaves the files to botocore; and what botocore's session has."""
    paths = {"config": config, "credentials": credentials}
    for name, text in paths.items():
        (folder / name).unlink(missing_ok=True)
        if text is not None:
            (folder / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    here = [str(folder / name) for name in paths]
    session = Session()
    session.set_config_variable("config_file", here[0])
    session.set_config_variable("credentials_file", here[1])
    try:
        found = sdk._plain(*here)
    except Unsure:
        found = None
    try:
        return found, session.full_config, sdk._by_botocore(*here)[1]
    except ConfigParseError:
        return found, None, None


@pytest.mark.slow
@settings(max_examples=examples(300), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TEXT, TEXT)
def test_what_is_read_fast_is_what_botocore_reads(tmp_path: Path, config: str, credentials: str) -> None:
    found, both, alone = read_twice(tmp_path, config, credentials)
    assert found is None or found == (both, alone)


def test_files_as_people_have_them_are_read_as_botocore_reads_them(tmp_path: Path) -> None:
    fast = 0
    for sample in SAMPLES:
        found, both, alone = read_twice(tmp_path, sample.text, sample.text)
        assert found is None or found == (both, alone), sample
        fast += found is not None
    assert fast > len(SAMPLES) // 4


@pytest.mark.parametrize(
    ("config", "credentials"), [(LONG, "[dev]\nregion = x\n[more]\na = b\n"), (LONG, None), (None, "[dev]\na = b\n"), (None, None)]
)  # fmt: skip
def test_ordinary_files_are_read_fast(tmp_path: Path, config: str | None, credentials: str | None) -> None:
    found, both, alone = read_twice(tmp_path, config, credentials)
    assert found == (both, alone)


def test_a_pipe_or_another_encoding_is_left_to_botocore(tmp_path: Path) -> None:
    assert read_twice(tmp_path, "[profile dev]\nregion = é\n", "")[0] is None
    with pytest.raises(Unsure):
        sdk._plain(str(tmp_path), str(tmp_path / "none"))
