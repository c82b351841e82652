"""Who a profile is by its settings: the role, the sign-in's account and role, or the access key that SDKs take first.

A file that is broken may name several for one profile. A repair that makes one of them win is a person's decision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product

from ccsetup import ini
from ccsetup.ini import Document, Stanza
from ccsetup.keys import meant, right
from ccsetup.letters import plain_command

Settings = Mapping[str, str]
Identity = tuple[str, ...]  # a kind's word and what tells one of that kind from another


def identity(config: Settings, credentials: Settings, session: Settings) -> Identity:
    """Return who a profile is by its settings in both files and its sso-session's; () for nobody, or nobody yet."""
    there = {**config, **credentials}
    if "role_arn" in there:
        return _whole("role", right("role_arn", there["role_arn"]))
    if "sso_account_id" in there or "sso_role_name" in there:
        own = {**session, **there}
        return _whole("sso", *(right(key, own.get(key, "")) for key in _SIGN_IN))
    login, process = (there.get(key, "").partition("\n")[0] for key in ("login_session", "credential_process"))
    ways = [("login", login), ("process", plain_command(process))]
    ways.insert(0 if _ID in credentials else 2, ("keys", _key_id(there)))
    return next((way for way in ways if way[1]), ())


def _whole(*parts: str) -> Identity:
    return parts if all(parts) else ()


def _key_id(there: Settings) -> str:
    """Return the access key's ID, which may stand in the secret's place."""
    found = (right(_ID, there.get(key, "")) for key in (_ID, "aws_secret_access_key"))
    return next((it for it in found if it.startswith(("AKIA", "ASIA"))), right(_ID, there.get(_ID, "")))


_ID = "aws_access_key_id"
_SIGN_IN = ("sso_start_url", "sso_account_id", "sso_role_name")


def as_read(config: Document, credentials: Document, name: str) -> frozenset[Identity]:
    """Return who a profile is to SDKs: of several sections of one name the last one counts."""
    return _all(config, credentials, name, lambda stanzas: [it.values for it in stanzas[-1:]])


def as_meant(config: Document, credentials: Document, name: str) -> frozenset[Identity]:
    """Return everyone a profile may be: each section of its name counts, each value of a key that is there twice."""
    return _all(config, credentials, name, lambda stanzas: [it for stanza in stanzas for it in _ways(stanza)])


Choose = Callable[[Sequence[Stanza]], Sequence[Settings]]


def _all(config: Document, credentials: Document, name: str, choose: Choose) -> frozenset[Identity]:
    found: set[Identity] = set()
    ours, theirs = (choose(it.named.get(("profile", name), ())) or [{}] for it in (config, credentials))
    for settings, secrets in product(ours, theirs):
        one, other = {**ini.defaults(config), **settings}, {**ini.defaults(credentials), **secrets}
        session = meant({**one, **other}.get("sso_session", ""))
        for there in choose(config.named.get(("sso-session", session), ())) or [{}]:
            found |= {identity(one, other, there), *_inconsistent(one, other, there)}
    return frozenset(found - {()})


def _inconsistent(config: Settings, credentials: Settings, session: Settings) -> Iterator[Identity]:
    """Yield who a profile would be by its session, where that says otherwise than the profile itself."""
    differing = {key: value for key, value in session.items() if key in _SIGN_IN and key in config}
    if differing:
        yield identity({**config, **differing}, credentials, session)


def _ways(stanza: Stanza) -> Iterator[Settings]:
    """Yield a section's settings, once for each value of a key that is there twice; values that can be none apart."""
    values: dict[str, list[str]] = {}
    for setting in stanza.settings:
        values.setdefault(setting.key, []).append(setting.value)
    if all(len(it) == 1 for it in values.values()):
        yield stanza.values
        return
    likely = {key: [it for it in those if right(key, it)] or those for key, those in values.items()}
    for n in range(max(map(len, likely.values()))):
        yield {key: those[min(n, len(those) - 1)] for key, those in likely.items()}
