"""The SDK makes the clients that are used here, and looks for no other services."""

from __future__ import annotations

import os

import pytest
from botocore.exceptions import UnknownServiceError
from botocore.loaders import create_loader
from botocore.session import Session

from ccsetup.core import sdk_models

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
