"""A profile's identity from its settings: the role, the sign-in's account and role, or the access key that SDKs use.

A broken file may contain several identities for one profile. Only a person may decide which of them a repair keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product

from ccsetup.awsfiles import ini, lenient
from ccsetup.awsfiles.characters import plain_command
from ccsetup.awsfiles.ini import DEFAULTS, Document, Stanza
from ccsetup.awsfiles.settings import meant, right
from ccsetup.core.context import AwsTexts
from ccsetup.core.model import FileName

Settings = Mapping[str, str]
Identity = tuple[str, ...]  # a kind, and what identifies one of that kind


def identity(config: Settings, credentials: Settings, session: Settings) -> Identity:
    """Return a profile's identity from its settings in both files and its sso-session, () if it has none yet."""
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
    """Return the access key ID, which may be in the place of the secret access key."""
    found = (right(_ID, there.get(key, "")) for key in (_ID, "aws_secret_access_key"))
    return next((it for it in found if it.startswith(("AKIA", "ASIA"))), right(_ID, there.get(_ID, "")))


_ID = "aws_access_key_id"
_SIGN_IN = ("sso_start_url", "sso_account_id", "sso_role_name")


def as_read(config: Document, credentials: Document, name: str) -> frozenset[Identity]:
    """Return a profile's identity as SDKs read it: if several sections have its name, the last one counts."""
    return _all(config, credentials, name, lambda stanzas: [it.values for it in stanzas[-1:]])


def as_meant(config: Document, credentials: Document, name: str) -> frozenset[Identity]:
    """Return all possible identities of a profile: of each section with its name, and each value of a repeated key."""
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
    """Yield a profile's identity according to its sso-session, if that contradicts the profile's own settings."""
    differing = {key: value for key, value in session.items() if key in _SIGN_IN and key in config}
    if differing:
        yield identity({**config, **differing}, credentials, session)


def _ways(stanza: Stanza) -> Iterator[Settings]:
    """Yield a section's settings, once for each value of a repeated key. Invalid values are left out."""
    values: dict[str, list[str]] = {}
    for setting in stanza.settings:
        values.setdefault(setting.key, []).append(setting.value)
    if all(len(it) == 1 for it in values.values()):
        yield stanza.values
        return
    likely = {key: [it for it in those if right(key, it)] or those for key, those in values.items()}
    for n in range(max(map(len, likely.values()))):
        yield {key: those[min(n, len(those) - 1)] for key, those in likely.items()}


Pair = tuple[Document, Document]  # the config and the credentials file
Who = Callable[[Document, Document, str], frozenset[Identity]]


def others(before: AwsTexts, after: AwsTexts, named: frozenset[str] = frozenset()) -> list[str]:
    """Return the profiles that would change their identity, as SDKs read the files or as they were intended.

    A profile without an identity may get one. In a file that SDKs can't read, no profile has an identity. `named` are
    profiles that something else refers to.
    """
    if before == after:
        return []
    found = dict.fromkeys(_differing(_meant(before, named), _meant(after, named), as_meant))
    was, now = ini.both(before), ini.both(after)
    if not any(document.fault for document in (*was, *now)):
        found |= dict.fromkeys(_differing(was, now, as_read))
    return [*found]


def _meant(texts: AwsTexts, named: frozenset[str]) -> Pair:
    """Read both files as they were intended."""

    def document(text: str | None, file: FileName) -> Document:
        whole = lenient.whole(text or "", "config" if texts.shared else file, named, texts.shared)
        return ini.read(whole, file, texts.shared)

    return document(texts.config, "config"), document(texts.credentials, "credentials")


def _differing(before: Pair, after: Pair, who: Who) -> Iterator[str]:
    """Yield the profiles that have another identity in the second pair of files, and had one in the first.

    A profile with a corrected header may be there under another name.
    """
    names = _changed(before, after)
    there = {name for document in after for type, name in document.named if type == "profile"}
    anybody = {it for name in names for it in who(*after, name)}
    for name in sorted(names):
        was, now = who(*before, name), who(*after, name)
        if was and now != was and not (name not in there and was <= anybody):
            yield name


def _changed(before: Pair, after: Pair) -> set[str]:
    """Return the profiles with a different section, sign-in section or inherited section."""
    found = set()
    for one, other in zip(before, after, strict=True):
        was, now = one.named, other.named
        found |= {key for key in was.keys() | now.keys() if _texts(was.get(key)) != _texts(now.get(key))}
    sessions = {name for type, name in found if type == "sso-session"}
    names = {name for type, name in found if type == "profile"}
    stanzas = (it for document in before if sessions or ("", DEFAULTS) in found for it in document.stanzas)
    for stanza in stanzas:
        if ("", DEFAULTS) in found or meant(stanza.values.get("sso_session", "")) in sessions:
            names |= {stanza.name} if stanza.type == "profile" else set()
    return names


def _texts(stanzas: Sequence[Stanza] | None) -> list[str]:
    return [stanza.text for stanza in stanzas or ()]
