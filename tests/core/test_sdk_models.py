"""The SDK makes the same clients, and doesn't look for other services before."""

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
    made.register_component("data_loader", sdk_models.quick(create_loader()))
    return made


@pytest.mark.parametrize("service", ["codecommit", "iam", "kms", "signin", "sso", "sso-oidc", "sts"])
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


def test_a_service_that_there_is_not_is_unknown_as_before() -> None:
    said = []
    for made in (Session(), session()):
        with pytest.raises(UnknownServiceError) as error:
            made.create_client("of-the-future", "us-east-1", **KEYS)
        said.append(str(error.value))
    assert said[0] == said[1]


def test_all_services_are_listed_as_before() -> None:
    assert [*session().get_available_services()] == Session().get_available_services()


def test_gits_helper_and_the_sign_in_also_look_where_aws_data_path_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text("[profile dev]\nregion = us-east-2\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path / "models"))
    loaders = list[Loader]()
    monkeypatch.setattr(sdk_models, "quick", lambda loader: loaders.append(loader) or loader)
    with pytest.raises(Refused, match="no credentials"):
        fetch.fetched("dev", "us-east-2", "")
    IdentityCenter({}, tmp_path)._own_session()
    assert [str(tmp_path / "models") in it.search_paths for it in loaders] == [True, True]
