"""boto3: who am I, repositories, MFA devices, temporary credentials; botocore's errors become Problems here."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from ccsetup.errors import Problem
from ccsetup.model import Edit, Identity, Keys, Repository, Secret, Who
from ccsetup.refusals import problem_of
from ccsetup.world import Start, start_of


class SessionCache:
    """The assumed-role cache that git-remote-codecommit reads (`~/.aws/boto/cache`), written only when told to.

    It has the interface of botocore's JSONFileCache: same keys, same JSON. What is put in stays in memory until the
    story stores `pending()`; what is on disk is read only with `reading`, since it can hide a source that fails.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.reading = False
        self._held: dict[str, Any] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._held or (self.reading and self._on_disk(key) is not None)

    def __getitem__(self, key: str) -> Any:
        held = self._held.get(key) or (self._on_disk(key) if self.reading else None)
        if held is None:
            raise KeyError(key)
        return held

    def __setitem__(self, key: str, value: Any) -> None:
        self._held[key] = value

    def __delitem__(self, key: str) -> None:
        del self._held[key]

    def _on_disk(self, key: str) -> Any:
        try:
            found = json.loads(self._path(key).read_text(encoding="utf-8"))
            return found if found["Credentials"]["Expiration"] else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.json"

    def pending(self) -> Sequence[Edit]:
        """Return the files that the sessions of this run would be kept in."""
        return [Edit(self._path(key), _text(self._path(key)), _dump(value)) for key, value in self._held.items()]


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None


def _dump(value: Any) -> str:
    return json.dumps(value, default=lambda v: v.strftime("%Y-%m-%dT%H:%M:%S%Z") if isinstance(v, datetime) else v)


class Aws:
    """STS, IAM and CodeCommit through boto3, looked at through the eyes of a Who.

    A Who with profiles is resolved from those settings, nothing of it need be on disk; a Who without them by the SDK
    itself from the files, as any other tool will do it. `sso_keys` fetches a permission set's keys.
    """

    def __init__(self, env: Mapping[str, str], home: Path, sso_keys: Callable[[Start, str, str], Keys]) -> None:
        self._env = env
        self._sso_keys = sso_keys
        self._lock = threading.Lock()
        self.cache = SessionCache(home / ".aws" / "boto" / "cache")

    def warm(self) -> None:
        """Import the SDK."""
        import boto3
        import botocore.credentials

        assert boto3 and botocore  # noqa: S101

    def judge(self, path: Path) -> Mapping[str, object]:
        """Parse a file with botocore's own parser, the one that every later reader uses."""
        from botocore.configloader import raw_config_parse

        found: Mapping[str, object] = raw_config_parse(str(path))
        return found

    def pending(self) -> Sequence[Edit]:
        """Return the role-session cache files this run would leave; nothing has been written yet."""
        return self.cache.pending()

    def identity(self, who: Who) -> Identity:
        """Ask STS who this is."""
        with self._client("sts", who) as sts:
            found = sts.get_caller_identity()
            return Identity(found["Account"], found["Arn"], found["UserId"])

    def repositories(self, who: Who) -> Sequence[str]:
        """List the names of the region's repositories, sorted."""
        with self._client("codecommit", who) as client:
            pages = client.get_paginator("list_repositories").paginate()
            return sorted((r["repositoryName"] for page in pages for r in page["repositories"]), key=str.lower)

    def repository(self, who: Who, name: str) -> Repository:
        """Return one repository's facts. Raises Problem(code="access.repository") when there is none."""
        with self._client("codecommit", who, resource=name) as client:
            found = client.get_repository(repositoryName=name)["repositoryMetadata"]
            arn = found.get("Arn", "").split(":")
            return Repository(
                name=found["repositoryName"],
                region=arn[3] if len(arn) > 5 else who.region,
                account_id=found.get("accountId", ""),
                default_branch=found.get("defaultBranch", ""),
                partition=arn[1] if len(arn) > 5 else "aws",
            )

    def regions_with(self, who: Who, name: str, regions: Sequence[str]) -> Sequence[str]:
        """Say which of these regions have a repository of that name, asking all at once; refusals count as no."""
        from concurrent.futures import ThreadPoolExecutor

        from botocore.exceptions import BotoCoreError, ClientError

        with explained(who), self._lock:
            credentials = self._from_files(who) if who.profiles is None else self._planned(who, who.profile)
            session = self._session(who.profile, who.region)
            quick = _config(tries=1, read_s=6)
            clients = [session.create_client("codecommit", region, config=quick, **credentials) for region in regions]

        def has(client: Any) -> bool:
            try:
                client.get_repository(repositoryName=name)
            except (BotoCoreError, ClientError, OSError):
                return False
            return True

        with ThreadPoolExecutor(16) as pool:
            return [region for region, found in zip(regions, pool.map(has, clients), strict=True) if found]

    def branches(self, who: Who, name: str) -> Sequence[str]:
        """List a repository's branches."""
        with self._client("codecommit", who, resource=name) as client:
            pages = client.get_paginator("list_branches").paginate(repositoryName=name)
            return [branch for page in pages for branch in page["branches"]]

    def mfa_devices(self, who: Who) -> Sequence[str]:
        """List the serial numbers of the caller's MFA devices."""
        with self._client("iam", who) as client:
            pages = client.get_paginator("list_mfa_devices").paginate()
            return [device["SerialNumber"] for page in pages for device in page["MFADevices"]]

    def session_token(self, who: Who, serial: str, code: str, duration_s: int) -> Keys:
        """Exchange long-term keys and an MFA code for temporary ones (GetSessionToken)."""
        with self._client("sts", who) as sts:
            found = sts.get_session_token(SerialNumber=serial, TokenCode=code, DurationSeconds=duration_s)
            return _keys(found["Credentials"])

    def web_identity(
        self, role_arn: str, token: Secret, name: str, duration_s: int, provider: str, region: str
    ) -> Keys:
        """Exchange a token for a role's temporary keys (AssumeRoleWithWebIdentity, unsigned)."""
        asked = {"RoleArn": role_arn, "RoleSessionName": name, "DurationSeconds": duration_s}
        asked |= {"WebIdentityToken": token.reveal(), **({"ProviderId": provider} if provider else {})}
        with explained(Who("", region), role_arn):
            sts = self._session("", region).create_client("sts", config=_config(unsigned=True))
            return _keys(sts.assume_role_with_web_identity(**asked)["Credentials"])

    @contextmanager
    def _client(self, service: str, who: Who, resource: str = "") -> Iterator[Any]:
        with explained(who, resource), self._lock:
            credentials = self._from_files(who) if who.profiles is None else self._planned(who, who.profile)
            session = self._session(who.profile, who.region)
            yield session.create_client(service, config=_config(), **credentials)

    def _session(self, profile: str, region: str) -> Any:
        """Return an SDK session with a profile's settings, where it is on disk: AWS_PROFILE is not ours to follow."""
        import botocore.session

        nobody = {"profile": (None, None, None, None)}
        session = botocore.session.Session(session_vars=nobody)
        if profile in session.available_profiles:
            session = botocore.session.Session(profile=profile)
        session.set_config_variable("region", region)
        session.set_default_client_config(_config())
        return session

    def _from_files(self, who: Who) -> dict[str, str]:
        """Resolve a profile as any SDK will, from the files alone: the machine's own role must not step in."""
        import botocore.session

        session = botocore.session.Session(profile=who.profile)
        session.set_config_variable("region", who.region)
        session.set_default_client_config(_config())
        resolver = session.get_component("credential_provider")
        for name in ("container-role", "iam-role"):
            resolver.remove(name)
        provider = resolver.get_provider("assume-role")
        provider.cache = self.cache
        provider._prompter = no_code  # never a prompt of the SDK's own
        self.cache.reading = False
        found = session.get_credentials()
        if found is None:
            raise Problem(
                f"The profile {who.profile} has no credentials.",
                next=f"Set it up again: ccsetup setup --profile {who.profile}",
                code="source.none",
            )
        return _arguments(found)

    def _planned(self, who: Who, name: str, on_the_way: tuple[str, ...] = ()) -> dict[str, str]:
        """Resolve a profile that need not be on disk, in the SDK's own order of precedence."""
        settings = (who.profiles or {}).get(name)
        if settings is None:
            raise Problem(f"There is no profile {name} on this machine.", code="profile.missing")
        there = {key: value.reveal() if isinstance(value, Secret) else value for key, value in settings.items()}
        if "role_arn" in there and "web_identity_token_file" in there:
            return self._by_token(there, who.region)
        if "role_arn" in there and name not in on_the_way:
            return self._by_role(who, name, there, (*on_the_way, name))
        if "sso_account_id" in there or "sso_role_name" in there:
            return self._by_sso(who, there)
        if "aws_access_key_id" in there:
            return _as_arguments(there)
        return self._from_files(Who(name, who.region))

    def _by_token(self, there: Mapping[str, str], region: str) -> dict[str, str]:
        token = Secret(Path(there["web_identity_token_file"]).read_text(encoding="utf-8").strip())
        duration_s = int(there.get("duration_seconds", "3600"))
        name = there.get("role_session_name", "ccsetup")
        return _held(self.web_identity(there["role_arn"], token, name, duration_s, "", region))

    def _by_sso(self, who: Who, there: Mapping[str, str]) -> dict[str, str]:
        start = start_of(there, who.sessions or {})
        return _held(self._sso_keys(start, there.get("sso_account_id", ""), there.get("sso_role_name", "")))

    def _by_role(self, who: Who, name: str, there: Mapping[str, str], on_the_way: tuple[str, ...]) -> dict[str, str]:
        from botocore.credentials import AssumeRoleCredentialFetcher, Credentials

        source = there.get("source_profile")
        if source and source in on_the_way and source != name:
            raise Problem(f"{' → '.join((*on_the_way, source))} is a circle of source profiles.", code="source.loop")
        first = self._planned(who, source, on_the_way) if source else self._of_machine(who, there)
        session = self._session(name, who.region)
        fetcher = AssumeRoleCredentialFetcher(
            client_creator=session.create_client,
            source_credentials=Credentials(*first.values()),
            role_arn=there["role_arn"],
            extra_args=_role_arguments(there),
            mfa_prompter=(lambda _: who.mfa_code) if who.mfa_code else no_code,
            cache=cast("Any", self.cache) if "mfa_serial" in there else {},  # else the files are asked anew later
        )
        self.cache.reading = not who.mfa_code
        found = fetcher.fetch_credentials()
        return dict(zip(_ARGUMENTS, (found["access_key"], found["secret_key"], found["token"]), strict=True))

    def _of_machine(self, who: Who, there: Mapping[str, str]) -> dict[str, str]:
        from botocore.credentials import (
            CanonicalNameCredentialSourcer,
            ContainerProvider,
            EnvProvider,
            InstanceMetadataFetcher,
            InstanceMetadataProvider,
        )

        metadata = InstanceMetadataProvider(iam_role_fetcher=InstanceMetadataFetcher(timeout=2, num_attempts=1))
        sourcer = CanonicalNameCredentialSourcer([EnvProvider(), ContainerProvider(), metadata])
        found = sourcer.source_credentials(there.get("credential_source", ""))
        if found is None:
            raise Problem(
                f"{there.get('credential_source')} gives no credentials on this machine.",
                code="source.credential-source",
            )
        return _arguments(found)


@contextmanager
def explained(who: Who, resource: str = "") -> Iterator[None]:
    """Turn what the SDK raises into Problems."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except (BotoCoreError, ClientError, ResponseParserError, OSError, ValueError) as error:
        raise problem_of(error, who, resource) from None


def no_code(prompt: str) -> str:
    """Stand where the SDK would ask for an MFA code."""
    raise Problem("The role asks for an MFA code.", next="Give one: --mfa-code 123456", code="access.assume")


_ARGUMENTS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")


def _role_arguments(there: Mapping[str, str]) -> dict[str, Any]:
    """Return AssumeRole's arguments as botocore's own provider makes them, so that the cache key is the same."""
    names = (("role_session_name", "RoleSessionName"), ("external_id", "ExternalId"), ("mfa_serial", "SerialNumber"))
    found: dict[str, Any] = {argument: there[key] for key, argument in names if key in there}
    if there.get("duration_seconds", "").isdigit():
        found["DurationSeconds"] = int(there["duration_seconds"])
    return found


def _arguments(credentials: Any) -> dict[str, Any]:
    frozen = credentials.get_frozen_credentials()
    return dict(zip(_ARGUMENTS, (frozen.access_key, frozen.secret_key, frozen.token), strict=True))


def _as_arguments(there: Mapping[str, str]) -> dict[str, Any]:
    if not there.get("aws_secret_access_key"):
        raise Problem("The profile has an access key ID without its secret.", code="keys.partial")
    token = there.get("aws_session_token") or there.get("aws_security_token")
    return dict(zip(_ARGUMENTS, (there["aws_access_key_id"], there["aws_secret_access_key"], token), strict=True))


def _held(keys: Keys) -> dict[str, Any]:
    token = keys.session_token.reveal() if keys.session_token else None
    return dict(zip(_ARGUMENTS, (keys.access_key_id, keys.secret_access_key.reveal(), token), strict=True))


def _keys(found: Mapping[str, Any]) -> Keys:
    return Keys(
        found["AccessKeyId"], Secret(found["SecretAccessKey"]), Secret(found["SessionToken"]), found["Expiration"]
    )


def _config(unsigned: bool = False, tries: int = 3, read_s: int = 15) -> Any:
    """Bound every call: a fault of the network ends within a minute, in one sentence."""
    from botocore import UNSIGNED
    from botocore.config import Config

    signature = {"signature_version": UNSIGNED} if unsigned else {}
    return Config(
        connect_timeout=6, read_timeout=read_s, retries={"total_max_attempts": tries, "mode": "standard"}, **signature
    )
