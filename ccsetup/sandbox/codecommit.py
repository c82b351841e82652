"""CodeCommit's API: repositories and branches, per account and region."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ccsetup.core import regions
from ccsetup.sandbox.http import Refusal
from ccsetup.sandbox.repositories import Repositories
from ccsetup.sandbox.resources import Caller, Repository
from ccsetup.sandbox.state import State

_PAGE = 1000


@dataclass(frozen=True)
class Call:
    """One call: the state, the repositories on disk, the caller, the region and the arguments."""

    state: State
    disk: Repositories
    caller: Caller
    region: str
    given: Mapping[str, Any]

    def arn(self, name: str) -> str:
        """Return the ARN of the repository with this name in the call's account and region."""
        return regions.arn("codecommit", self.region, self.caller.account_id, name)

    def demand(self, action: str, resource: str) -> None:
        """Raise Refusal unless the caller may do this."""
        self.state.demand(self.caller, f"codecommit:{action}", resource, "AccessDeniedException", 400)


def answer(call: Call, operation: str) -> dict[str, Any]:
    """Answer one operation. Raises Refusal."""
    if operation not in OPERATIONS:
        raise Refusal("UnknownOperationException", "", 400)
    return OPERATIONS[operation](call)


def get_repository(call: Call) -> dict[str, Any]:
    """Return one repository's metadata."""
    repository = _asked(call, "GetRepository")
    _unlock(call, repository)
    return {"repositoryMetadata": _metadata(call, repository)}


def batch_get_repositories(call: Call) -> dict[str, Any]:
    """Return the metadata of up to 100 repositories, and the names of those that don't exist."""
    names = call.given.get("repositoryNames")
    if not names:
        raise Refusal("RepositoryNamesRequiredException", "A repository names object is required.")
    if len(names) > 100:
        text = "The maximum number of allowed repository names was exceeded. Currently, this number is 100."
        raise Refusal("MaximumRepositoryNamesExceededException", text)
    found: list[dict[str, Any]] = []
    absent: list[str] = []
    errors: list[dict[str, Any]] = []
    for name in names:
        _check_name(name)
        call.demand("BatchGetRepositories", call.arn(name))
        repository = _there(call, name)
        if repository is None:
            absent.append(name)
            continue
        try:
            _unlock(call, repository)
            found.append(_metadata(call, repository))
        except Refusal as refusal:
            told = {"repositoryId": repository.id, "repositoryName": name}
            errors.append({**told, "errorCode": refusal.code, "errorMessage": refusal.text})
    return {"repositories": found, "repositoriesNotFound": absent, "errors": errors}


def list_repositories(call: Call) -> dict[str, Any]:
    """List names and IDs, 1,000 per page."""
    call.demand("ListRepositories", "*")
    by, order = call.given.get("sortBy", "repositoryName"), call.given.get("order", "ascending")
    if by not in ("repositoryName", "lastModifiedDate"):
        raise Refusal("InvalidSortByException", "The specified sort by value is not valid.")
    if order not in ("ascending", "descending"):
        raise Refusal("InvalidOrderException", "The specified sort order is not valid.")
    with call.state.lock:
        there = list(call.state.repositories.values())
    here = [r for r in there if (r.account_id, r.region) == (call.caller.account_id, call.region)]
    here.sort(key=lambda r: (r.created, r.name) if by == "lastModifiedDate" else (r.created.min, r.name))
    if order == "descending":
        here.reverse()
    rows, token = _page(here, call.given.get("nextToken"))
    pairs = [{"repositoryName": r.name, "repositoryId": r.id} for r in rows]
    return {"repositories": pairs, **({"nextToken": token} if token else {})}


def get_branch(call: Call) -> dict[str, Any]:
    """Return a branch's last commit."""
    repository = _asked(call, "GetBranch")
    branch = call.given.get("branchName")
    if not branch:
        raise Refusal("BranchNameRequiredException", "A branch name is required, but was not specified.")
    _unlock(call, repository)
    commit = call.disk.branches(repository).get(branch)
    if commit is None:
        raise Refusal("BranchDoesNotExistException", f"{branch} does not exist")
    return {"branch": {"branchName": branch, "commitId": commit}}


def list_branches(call: Call) -> dict[str, Any]:
    """List the names of a repository's branches."""
    repository = _asked(call, "ListBranches")
    _unlock(call, repository)
    rows, token = _page(sorted(call.disk.branches(repository)), call.given.get("nextToken"))
    return {"branches": rows, **({"nextToken": token} if token else {})}


def create_repository(call: Call) -> dict[str, Any]:
    """Create an empty repository."""
    name = _check_name(call.given.get("repositoryName"))
    call.demand("CreateRepository", call.arn(name))
    with call.state.lock:
        if _there(call, name) is not None:
            raise Refusal("RepositoryNameExistsException", f"Repository named {name} already exists")
        repository = call.state.add_repository(
            call.caller.account_id,
            call.region,
            name,
            commits=0,
            branches=(),
            description=str(call.given.get("repositoryDescription") or ""),
            kms_key=str(call.given.get("kmsKeyId") or ""),
        )
    return {"repositoryMetadata": _metadata(call, repository)}


OPERATIONS: dict[str, Callable[[Call], dict[str, Any]]] = {
    "GetRepository": get_repository,
    "BatchGetRepositories": batch_get_repositories,
    "ListRepositories": list_repositories,
    "GetBranch": get_branch,
    "ListBranches": list_branches,
    "CreateRepository": create_repository,
}


def key_open(state: State, caller: Caller, repository: Repository) -> bool:
    """Return whether the caller may use the key that encrypts a repository. Everyone may use AWS's own key."""
    needed = ("kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey")
    key = repository.kms_key
    through = {"kms__ViaService": regions.service_host("codecommit", repository.region)}
    return not key.startswith("arn:") or all(state.may(caller, action, key, **through).allowed for action in needed)


def _asked(call: Call, action: str) -> Repository:
    name = _check_name(call.given.get("repositoryName"))
    call.demand(action, call.arn(name))
    repository = _there(call, name)
    if repository is None:
        raise Refusal("RepositoryDoesNotExistException", f"{name} does not exist")
    return repository


def _check_name(name: object) -> str:
    if not name:
        raise Refusal("RepositoryNameRequiredException", "A repository name is required.")
    valid = isinstance(name, str) and re.fullmatch(r"[A-Za-z0-9._-]{1,100}", name) and not name.endswith(".git")
    if not valid:
        text = (
            "The repository name is not valid. Repository names can be any valid combination of letters, numbers, "
            "periods, underscores, and dashes between 1 and 100 characters in length. Names are case sensitive. "
            "For more information, see Limits in the AWS CodeCommit User Guide. "
        )
        raise Refusal("InvalidRepositoryNameException", text)
    return str(name)


def _there(call: Call, name: str) -> Repository | None:
    return call.state.repositories.get((call.caller.account_id, call.region, name))


def _unlock(call: Call, repository: Repository) -> None:
    if not key_open(call.state, call.caller, repository):
        text = "The caller does not have the permissions required to use the repository's encryption key."
        raise Refusal("EncryptionKeyAccessDeniedException", text)


def _metadata(call: Call, repository: Repository) -> dict[str, Any]:
    host = f"{regions.git_host(repository.region)}/v1/repos/{repository.name}"
    default = call.disk.default_branch(repository)
    own = regions.arn("kms", repository.region, repository.account_id, f"key/{repository.id}")
    return {
        "accountId": repository.account_id,
        "repositoryId": repository.id,
        "repositoryName": repository.name,
        **({"repositoryDescription": repository.description} if repository.description else {}),
        **({"defaultBranch": default} if default else {}),
        "lastModifiedDate": repository.created,
        "creationDate": repository.created,
        "cloneUrlHttp": f"https://{host}",
        "cloneUrlSsh": f"ssh://{host}",
        "Arn": repository.arn,
        "kmsKeyId": repository.kms_key or own,
    }


def _page(rows: list[Any], token: object) -> tuple[list[Any], str | None]:
    if token is not None and not (isinstance(token, str) and token.isdigit()):
        raise Refusal("InvalidContinuationTokenException", "The specified continuation token is not valid.")
    start = int(token or 0) if isinstance(token, str) else 0
    return rows[start : start + _PAGE], str(start + _PAGE) if start + _PAGE < len(rows) else None


TARGET = "TrentService"


def answer_kms(state: State, caller: Caller, region: str, given: Mapping[str, Any], operation: str) -> dict[str, Any]:
    """Answer DescribeKey. Raises Refusal."""
    if operation != "DescribeKey":
        raise Refusal("UnknownOperationException", "", 400)
    named = str(given.get("KeyId", ""))
    arn = named if named.startswith("arn:") else regions.arn("kms", region, caller.account_id, f"key/{named}")
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
