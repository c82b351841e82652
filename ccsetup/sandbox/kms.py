"""KMS, as far as an administrator's tool asks it: whose key it is that encrypts a repository."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccsetup.sandbox.state import State
from ccsetup.sandbox.wire import Refusal
from ccsetup.sandbox.world import Caller

TARGET = "TrentService"


def answer(state: State, caller: Caller, region: str, given: Mapping[str, Any], operation: str) -> dict[str, Any]:
    """Answer DescribeKey. Raises Refusal."""
    if operation != "DescribeKey":
        raise Refusal("UnknownOperationException", "", 400)
    named = str(given.get("KeyId", ""))
    arn = named if named.startswith("arn:") else f"arn:aws:kms:{region}:{caller.account_id}:key/{named}"
    state.demand(caller, "kms:DescribeKey", arn, "AccessDeniedException", 400)
    with state.lock:
        customers = {repository.kms_key for repository in state.repositories.values() if repository.kms_key}
        awss = {repository.id for repository in state.repositories.values() if not repository.kms_key}
    key_id = arn.rpartition("/")[2]
    if arn not in customers and key_id not in awss:
        raise Refusal("NotFoundException", f"Key '{arn}' does not exist")
    manager = "CUSTOMER" if arn in customers else "AWS"
    told = {"AWSAccountId": arn.split(":")[4], "KeyId": key_id, "Arn": arn, "Enabled": True, "KeyState": "Enabled"}
    return {"KeyMetadata": {**told, "KeyManager": manager, "KeyUsage": "ENCRYPT_DECRYPT"}}
