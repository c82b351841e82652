"""Both AWS files as the SDK's sessions get them: from the fast reader, exactly as botocore's own full_config."""

from __future__ import annotations

from pathlib import Path

import pytest
from aws_corpus import SAMPLES
from botocore import configloader
from botocore.credentials import CredentialResolver
from botocore.exceptions import ConfigParseError, PartialCredentialsError
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


PAIR = "aws_access_key_id = AKIA2OGYBAH6PLQRSTUV\naws_secret_access_key = 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\n"
HALF = "aws_access_key_id = AKIA2OGYBAH6PLQRSTUV\n"
PLACES = {
    "in credentials": ("[profile dev]\nregion = x\n", f"[base]\n{PAIR}"),
    "in config": (f"[profile base]\n{PAIR}aws_session_token = t\n", "[other]\nregion = x\n"),
    "in config alone": (f"[profile base]\n{PAIR}", None),
    "in config, beside a section in credentials": (f"[profile base]\n{PAIR}", "[base]\nregion = x\n"),
    "in both": (f"[profile base]\n{PAIR}", f"[base]\n{PAIR.replace('AKIA', 'AKIB')}"),
    "half in credentials": ("", f"[base]\n{HALF}"),
    "torn apart": (f"[profile base]\n{HALF}", "[base]\naws_secret_access_key = kWcrlUX5JEDGM4LtmEENI4aVmYvHNif5zBd9ZrSc\n"),
    "nowhere": ("[profile base]\nregion = x\n", None),
    "in none": (None, None),
}  # fmt: skip
BY_BOTOCORE = ("in config, beside a section in credentials", "in both", "torn apart")


def of_base(session: Session) -> object:
    """Return the credentials that botocore finds for a source profile, as those of a role that uses it are found."""
    resolver = session.get_component("credential_provider")
    builder = resolver.get_provider("assume-role")._profile_provider_builder
    try:
        found = CredentialResolver(builder.providers(profile_name="base", disable_env_vars=True)).load_credentials()
    except PartialCredentialsError as error:
        return str(error)
    return found and found.get_frozen_credentials()


@pytest.mark.parametrize("place", PLACES)
def test_source_profiles_are_found_without_reading_the_files_again(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in zip(("config", "credentials"), PLACES[place], strict=True):
        monkeypatch.setenv({"config": "AWS_CONFIG_FILE"}.get(name, "AWS_SHARED_CREDENTIALS_FILE"), str(tmp_path / name))
        if text is not None:
            (tmp_path / name).write_text(text)
    theirs, ours, read = of_base(Session()), sdk._kind_of_session()(), list[str]()
    for name in ("raw_config_parse", "load_config"):
        parse = getattr(configloader, name)
        monkeypatch.setattr(configloader, name, lambda path, parse=parse: read.append(path) or parse(path))
    sdk.share_files(ours)
    assert of_base(ours) == theirs
    assert bool(read) == (place in BY_BOTOCORE)
