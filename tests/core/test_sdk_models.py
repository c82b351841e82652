"""The SDK makes the clients that are used here, and looks for no other services."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader, create_loader
from botocore.session import Session

from ccsetup.aws.sso.client import IdentityCenter
from ccsetup.core import sdk_models
from ccsetup.git.helper import fetch
from ccsetup.git.helper.messages import Refused

KEYS = {"aws_access_key_id": "AKIA", "aws_secret_access_key": "s"}


def session() -> Session:
    made = Session()
    made.register_component("data_loader", sdk_models.narrowed(create_loader()))
    return made


@pytest.mark.parametrize("service", sdk_models.SERVICES)
def test_a_client_is_that_of_the_sdks_own_loader(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = Session().create_client(service, "us-east-1", **KEYS)
    listed = list[str]()
    real = os.listdir
    monkeypatch.setattr(os, "listdir", lambda path=".": listed.append(str(path)) or real(path))
    ours = session().create_client(service, "us-east-1", **KEYS)
    assert ours.meta.service_model.api_version == theirs.meta.service_model.api_version
    assert ours.meta.service_model.operation_names == theirs.meta.service_model.operation_names
    assert ours.meta.endpoint_url == theirs.meta.endpoint_url
    assert len(listed) < 100, listed


def test_another_service_is_unknown() -> None:
    with pytest.raises(UnknownServiceError):
        session().create_client("ec2", "us-east-1", **KEYS)


def test_a_service_that_an_older_botocore_lacks_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sdk_models, "SERVICES", ("sts", "of-the-future"))
    assert sdk_models.narrowed(create_loader()).list_available_services("service-2") == ["sts"]


def test_gits_helper_and_the_sign_in_also_look_where_aws_data_path_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text("[profile dev]\nregion = us-east-2\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path / "models"))
    loaders = list[Loader]()
    monkeypatch.setattr(sdk_models, "narrowed", lambda loader: loaders.append(loader) or loader)
    with pytest.raises(Refused, match="no credentials"):
        fetch.fetched("dev", "us-east-2", "")
    IdentityCenter({}, tmp_path)._own_session()
    assert [str(tmp_path / "models") in it.search_paths for it in loaders] == [True, True]
