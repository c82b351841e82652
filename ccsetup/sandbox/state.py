"""The whole state of the sandbox's AWS, and functions that add to it or provoke errors.

A `State` may be changed while the sandbox serves, because every request reads it again, under its lock.
demo_data.example() is the state for the demo, the README and the tests.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from ccsetup.core import regions
from ccsetup.sandbox import policy_engine, saml, signatures
from ccsetup.sandbox.console_sessions import Console
from ccsetup.sandbox.http import Refusal
from ccsetup.sandbox.identity_center import Center
from ccsetup.sandbox.policy_engine import Decision
from ccsetup.sandbox.resources import (
    Account,
    Caller,
    Device,
    Group,
    Keys,
    Managed,
    Policy,
    Provider,
    Repository,
    Role,
    User,
    new_key_id,
    new_secret,
    new_token,
)


@dataclass(frozen=True)
class Entry:
    """One line of the sandbox's log: service, action, region, caller and outcome.

    `outcome` is "ok" or the error code; `who` is an ARN, "" if the caller is unknown.
    """

    service: str
    action: str
    region: str
    who: str
    outcome: str


@dataclass
class _Planned:
    """A planned error: it answers the next `times` calls of one action."""

    action: str
    refusal: Refusal
    times: int


def utc_now() -> datetime:
    """Return the current time as an aware datetime in UTC."""
    return datetime.now(timezone.utc)


class State:
    """Accounts, people, roles, keys, MFA devices, repositories and Identity Center. All methods are thread-safe.

    It is one partition of AWS. Its own functions also take ARNs of the partition aws for the resources in it.
    """

    def __init__(self, now: Callable[[], datetime] = utc_now, partition: str = "aws") -> None:
        self.now, self.partition = now, partition
        self.lock = threading.RLock()
        self.accounts: dict[str, Account] = {}
        self.users: dict[str, User] = {}
        self.git_credentials: dict[str, tuple[str, Keys]] = {}  # password and caller by user name
        self.roles: dict[str, Role] = {}
        self.managed: dict[str, Managed] = {}
        self.groups: dict[str, Group] = {}
        self.keys: dict[str, Keys] = {}
        self.devices: dict[str, Device] = {}
        self.providers: dict[str, Provider] = {}
        self.repositories: dict[tuple[str, str, str], Repository] = {}
        self.saml_providers: set[str] = set()  # ARNs
        self.machine: Role | None = None  # the role of the metadata service and the container endpoint
        self.machine_region = "us-east-2"
        self.machine_tokens: set[str] = set()
        self.container_token = secrets.token_urlsafe(30)
        self.access_tokens: dict[str, tuple[str, Mapping[str, str]]] = {}
        self.center = Center(self.lock, lambda: self.now(), self.add_role)
        self.console = Console()
        self.log: list[Entry] = []
        self.delay_s = 0.0  # an additional delay of every answer, git's too
        self._planned: list[_Planned] = []
        self._used: dict[str, set[int]] = {}  # per device: the steps whose codes were accepted
        self._shown: dict[str, int] = {}  # per device: the last step whose code was shown

    # Adding resources

    def add_account(self, account_id: str, name: str, email: str = "") -> Account:
        """Add an account of 12 digits."""
        with self.lock:
            return self.accounts.setdefault(account_id, Account(account_id, name, email))

    def add_user(self, account_id: str, name: str, *policies: Policy, boundary: Policy | None = None) -> User:
        """Add an IAM user with these identity-based policies."""
        with self.lock:
            self._known(account_id)
            user = User(account_id, name, self.now(), self._here(policies), boundary, partition=self.partition)
            self.users[user.arn] = user
            return user

    def add_user_keys(self, user: str) -> Keys:
        """Give a user (an ARN, or a name that only one account has) a new access key."""
        with self.lock:
            found = self.user(user)
            caller = Caller("user", found.account_id, found.arn, found.id, found.arn, name=found.name)
            return self.keep(new_key_id("AKIA", found.account_id), caller, None)

    def add_git_credentials(self, user: str) -> tuple[str, str]:
        """Give a user (an ARN, or a name that only one account has) Git credentials: their user name and password."""
        with self.lock:
            keys = self.add_user_keys(user)
            found = self.user(user)
            name, password = f"{found.name}-at-{found.account_id}", f"{keys.secret_access_key}aaa="
            self.git_credentials[name] = password, keys
            return name, password

    def add_role(
        self, account_id: str, name: str, trust: Policy, *policies: Policy, max_session_s: int = 3600, path: str = "/"
    ) -> Role:
        """Add a role. policy_engine's trust functions write trust policies, and its `allow` writes permissions."""
        with self.lock:
            self._known(account_id)
            here = self._here((trust, *policies))
            role = Role(account_id, name, here[0], here[1:], None, max_session_s, path, partition=self.partition)
            self.roles[role.arn] = role
            return role

    def add_group(self, account_id: str, name: str, *users: str) -> Group:
        """Add a group of users (ARNs, or names that only one account has)."""
        with self.lock:
            group = Group(account_id, name, tuple(self.user(user).arn for user in users), (), self.partition)
            self.groups[group.arn] = group
            return group

    def add_mfa_device(self, user: str, name: str = "", seed: str = "") -> Device:
        """Give a user a virtual MFA device. Its serial number is arn:aws:iam::ACCOUNT:mfa/NAME."""
        import base64

        with self.lock:
            found = self.user(user)
            serial = f"arn:{self.partition}:iam::{found.account_id}:mfa/{name or found.name}"
            device = Device(serial, found.arn, seed or base64.b32encode(secrets.token_bytes(20)).decode(), self.now())
            self.devices[serial] = device
            return device

    def add_provider(self, account_id: str, issuer: str, *audiences: str) -> Provider:
        """Make an account trust an OpenID Connect issuer (its HTTPS URL) for some audiences."""
        with self.lock:
            self._known(account_id)
            provider = Provider(account_id, issuer, audiences, self.partition)
            self.providers[provider.arn] = provider
            return provider

    def add_saml_provider(self, account_id: str, name: str) -> str:
        """Make an account trust the sandbox's SAML identity provider under a name. Return the provider's ARN."""
        with self.lock:
            self._known(account_id)
            arn = f"arn:{self.partition}:iam::{account_id}:saml-provider/{name}"
            self.saml_providers.add(arn)
            return arn

    def attach(self, role_arn: str) -> None:
        """Make a role the machine's role; see Sandbox.machine_environment."""
        with self.lock:
            self.machine = self.roles[self.arn(role_arn)]

    def add_repository(self, account_id: str, region: str, name: str, **more: Any) -> Repository:
        """Add a repository. `more` are Repository's fields commits, branches, description, kms_key and files.

        It is created on disk on first use, so that thousands of them cost nothing.
        """
        with self.lock:
            self._known(account_id)
            repository = Repository(account_id, region, name, self.now(), **more)
            self.repositories[(account_id, region, name)] = repository
            return repository

    # Keys, codes and tokens

    def temporary_keys(
        self, identity: str, session: str = "session", duration_s: int = 3600, mfa: bool = False
    ) -> Keys:
        """Return temporary credentials of a role (ARN) or a user (ARN or name), without calling STS."""
        with self.lock:
            identity = self.arn(identity)
            if identity in self.roles:
                return self.role_keys(self.roles[identity], session, duration_s, mfa or None)
            user = self.user(identity)
            caller = Caller("session", user.account_id, user.arn, user.id, user.arn, mfa, name=user.name)
            return self.keep(new_key_id("ASIA", user.account_id), caller, duration_s)

    def role_keys(
        self, role: Role, session: str, duration_s: int, mfa: bool | None, narrowed: tuple[Policy, ...] | None = None
    ) -> Keys:
        """Return the temporary credentials of a role session."""
        arn = f"arn:{self.partition}:sts::{role.account_id}:assumed-role/{role.name}/{session}"
        caller = Caller("role", role.account_id, arn, f"{role.id}:{session}", role.arn, mfa, narrowed, session)
        return self.keep(new_key_id("ASIA", role.account_id), caller, duration_s)

    def keep(self, key_id: str, caller: Caller, duration_s: int | None) -> Keys:
        """Store new credentials for a caller. Without a duration, they are long-term and have no token."""
        with self.lock:
            expires = None if duration_s is None else self.now() + timedelta(seconds=duration_s)
            keys = Keys(key_id, new_secret(), "" if duration_s is None else new_token(), expires, caller)
            self.keys[key_id] = keys
            return keys

    def mfa_code(self, serial: str) -> str:
        """Return a code of the device that wasn't used yet.

        If called more often than every 30 seconds, the device runs ahead, and AWS follows it like a drifting clock.
        """
        with self.lock:
            step = max(self._now_step(), self._shown.get(serial, 0) + 1)
            self._shown[serial] = step
            return signatures.totp(self.devices[serial].seed, step)

    def wrong_mfa_code(self, serial: str) -> str:
        """Return six digits that are always rejected."""
        with self.lock:
            right = {signatures.totp(self.devices[serial].seed, step) for step in self._window(serial)}
            return next(code for code in map("{:06d}".format, range(123456, 999999)) if code not in right)

    def accept_mfa_code(self, serial: str, code: str) -> bool:
        """Check a code as AWS does: one step earlier or later is fine, and each code works once."""
        with self.lock:
            used = self._used.setdefault(serial, set())
            for step in self._window(serial):
                if step not in used and signatures.totp(self.devices[serial].seed, step) == code:
                    used.add(step)
                    return True
            return False

    def web_identity_token(
        self,
        issuer: str = "https://token.actions.example.com",
        audience: str = "sts.amazonaws.com",
        subject: str = "repo:acme/shared:ref:refs/heads/main",
        lasts_s: int = 3600,
        forged: bool = False,
        **claims: Any,
    ) -> str:
        """Return an OIDC token signed by its issuer. A negative `lasts_s` means expired, `forged` another signer."""
        at = int(self.now().timestamp())
        times = {"iat": min(at, at + lasts_s) - 60, "nbf": min(at, at + lasts_s) - 60, "exp": at + lasts_s}
        body = {"iss": issuer, "aud": audience, "sub": subject, **times, **claims}
        return signatures.write_jwt(body, "stranger" if forged else "sandbox")

    def saml_assertion(
        self, *pairs: str, subject: str = "maria", lasts_s: int = 300, forged: bool = False, **more: Any
    ) -> str:
        """Return the identity provider's response in base64. Pairs are "role ARN,provider ARN" in either order.

        A negative `lasts_s` means expired, `forged` another signer. `more` are other fields of saml.Wanted.
        """
        more.setdefault("audience", f"https://{regions.sign_in_host(self.partition)}/saml")
        wanted = saml.Wanted("https://id.acme.example.com", subject, pairs, self.now(), lasts_s, **more)
        return saml.write(wanted, "stranger" if forged else saml.KEY)

    def access_token(self, provider_id: str, subject: str, **claims: str) -> str:
        """Return an OAuth access token of a provider without JWTs, for example www.amazon.com or graph.facebook.com."""
        with self.lock:
            token = "Atza|" + secrets.token_urlsafe(60)
            self.access_tokens[token] = (provider_id, {"sub": subject, **claims})
            return token

    # Provoking errors

    def expire(self, what: Keys | str) -> None:
        """Expire credentials (or an access key ID) or an Identity Center token now. Raises KeyError if unknown."""
        with self.lock:
            name = what.access_key_id if isinstance(what, Keys) else what
            if name in self.keys:
                self.keys[name] = replace(self.keys[name], expires=self.now() - timedelta(seconds=1))
            else:
                self.center.expire(name)

    def remove_keys(self, access_key_id: str) -> None:
        """Delete an access key, as an administrator would."""
        with self.lock:
            del self.keys[access_key_id]

    def set_policies(self, identity: str, *policies: Policy, boundary: Policy | None = None) -> None:
        """Replace the policies of a user (ARN or name) or a role (ARN)."""
        with self.lock:
            identity, policies = self.arn(identity), self._here(policies)
            if identity in self.roles:
                self.roles[identity] = replace(self.roles[identity], policies=policies, boundary=boundary)
            else:
                user = self.user(identity)
                self.users[user.arn] = replace(user, policies=policies, boundary=boundary)

    def deny(self, identity: str, *actions: str) -> None:
        """Deny actions to a user or role, in addition to its policies."""
        with self.lock:
            held = self.roles.get(self.arn(identity)) or self.user(identity)
            self.set_policies(identity, *held.policies, policy_engine.deny(*actions), boundary=held.boundary)

    def refuse(self, action: str, code: str, text: str = "", status: int = 400, times: int = 1) -> None:
        """Answer the next calls of an action (for example "GetRepository") with an error, for every caller.

        Use it for errors that can't be provoked otherwise: throttling ("ThrottlingException"), 500 and 503, or a
        sign-in sent to the wrong region ("StartDeviceAuthorization", "InvalidRequestException").
        """
        with self.lock:
            self._planned.append(_Planned(action, Refusal(code, text, status), times))

    def planned(self, action: str) -> Refusal | None:
        """Return the planned error for this call, if any, and count it."""
        with self.lock:
            for plan in self._planned:
                if plan.action == action and plan.times > 0:
                    plan.times -= 1
                    return plan.refusal
            return None

    # Reading

    def arn(self, arn: str) -> str:
        """Return an ARN of the partition aws as one of this partition. Other texts stay as they are."""
        return arn.replace("arn:aws:", f"arn:{self.partition}:", 1) if arn.startswith("arn:aws:") else arn

    def user(self, name: str) -> User:
        """Return a user by ARN, or by a name that only one account has. Raises KeyError."""
        with self.lock:
            found = [u for u in self.users.values() if self.arn(name) in (u.arn, u.name)]
            if len(found) != 1:
                raise KeyError(name)
            return found[0]

    def user_keys(self, user: str) -> Keys:
        """Return a user's first access key. Raises KeyError if there is none."""
        with self.lock:
            arn = self.user(user).arn
            for keys in self.keys.values():
                if keys.caller.arn == arn and not keys.session_token:
                    return keys
            raise KeyError(user)

    def device(self, user: str) -> Device:
        """Return the first MFA device of a user (ARN or name). Raises KeyError if there is none."""
        with self.lock:
            arn = self.user(user).arn
            for device in self.devices.values():
                if device.user == arn:
                    return device
            raise KeyError(user)

    def may(self, caller: Caller, action: str, resource: str, **context: Any) -> Decision:
        """Decide whether the caller's own policies allow an action."""
        with self.lock:
            held: User | Role | None = self.users.get(caller.identity) or self.roles.get(caller.identity)
            policies = self.policies_of(caller.identity)
            boundary = held.boundary if held else None
            return policy_engine.decide(caller, policies, boundary, action, resource, self.context(caller, **context))

    def policies_of(self, identity: str) -> tuple[Policy, ...]:
        """Return all policies of a user or role: its own, inline ones, and those attached to it or to its groups."""
        with self.lock:
            role = self.roles.get(identity)
            if role is not None:
                given = (self.managed[arn].document for arn in role.attached if arn in self.managed)
                return (*role.policies, *role.inline.values(), *given)
            groups = [group for group in self.groups.values() if identity in group.members]
            shared = (self.managed[arn].document for group in groups for arn in group.attached)
            user = self.users.get(identity)
            return (*(user.policies if user else ()), *shared)

    def demand(self, caller: Caller, action: str, resource: str, code: str, status: int, **context: Any) -> None:
        """Raise Refusal with AWS's message unless the caller's own policies allow an action."""
        decision = self.may(caller, action, resource, **context)
        if not decision.allowed:
            text = f"User: {caller.arn} is not authorized to perform: {action} on resource: {resource} {decision.why}"
            raise Refusal(code, text, status)

    def context(self, caller: Caller, **more: Any) -> dict[str, Any]:
        """Return the condition keys of a request, in lower case."""
        base: dict[str, Any] = {
            "aws:principalaccount": caller.account_id,
            "aws:principalarn": caller.identity,
            "aws:userid": caller.user_id,
            "aws:username": caller.name if caller.kind in ("user", "session") else None,
            "aws:multifactorauthpresent": caller.mfa,
        }
        return {**base, **{name.lower().replace("__", ":"): value for name, value in more.items()}}

    def note(self, entry: Entry) -> None:
        """Add a line to the log."""
        with self.lock:
            self.log.append(entry)

    def _here(self, policies: tuple[Policy, ...]) -> tuple[Policy, ...]:
        """Return policies with the ARNs of this partition."""
        if self.partition == "aws":
            return policies
        return tuple(json.loads(json.dumps(it).replace("arn:aws:", f"arn:{self.partition}:")) for it in policies)

    def _known(self, account_id: str) -> None:
        self.add_account(account_id, account_id)

    def _now_step(self) -> int:
        return int(self.now().timestamp()) // signatures.STEP_S

    def _window(self, serial: str) -> range:
        ahead = max(self._now_step(), self._shown.get(serial, 0))
        return range(self._now_step() - 1, ahead + 2)
