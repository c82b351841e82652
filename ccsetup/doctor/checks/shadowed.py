"""Settings of more than one kind of access in a profile: which kind is used, and which ones are ignored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ccsetup.awsfiles.settings import meant
from ccsetup.core.clock import RECORDED
from ccsetup.core.model import FileName
from ccsetup.core.profile_kind import STATIC, source_of
from ccsetup.doctor.facts import Facts
from ccsetup.doctor.findings import Finding, Remedy
from ccsetup.doctor.locate import Place, finding, in_file, silenced

Settings = Mapping[str, str]

ID, SECRET = "aws_access_key_id", "aws_secret_access_key"
TOKENS = ("aws_session_token", "aws_security_token")
_KEYS = (ID, SECRET, *TOKENS, *RECORDED)
_SIGNS_IN = {"sso_account_id", "sso_role_name"}
_SSO = ("sso_session", "sso_account_id", "sso_role_name", "sso_start_url", "sso_region")
ALONE = frozenset(
    ("web_identity_token_file", "sso_account_id", "sso_role_name", "login_session", "credential_process", "role_arn")
)


class Kind(NamedTuple):
    """One kind of credentials that a profile's settings name: its label, its settings, and the files they can be in."""

    label: str
    keys: tuple[str, ...]
    files: tuple[FileName, ...] = ("config", "credentials")


_ROLE = Kind("the role", ("role_arn", "source_profile", "credential_source", "external_id", "mfa_serial",
                          "role_session_name", "duration_seconds"))  # fmt: skip
_SOURCE = Kind("the settings for a role's source", ("source_profile", "credential_source", "external_id", "mfa_serial"))
_TOKEN_FILE = Kind("the token file", ("web_identity_token_file",))
_SIGN_IN = Kind("single sign-on", _SSO)
_STORED = Kind("the access key in the credentials file", _KEYS, ("credentials",))
_LOGIN = Kind("aws login", ("login_session",))
_PROCESS = Kind("credential_process", ("credential_process",))
_IN_CONFIG = Kind("the access key in the config file", _KEYS, ("config",))


def shadowed(facts: Facts) -> Iterator[Finding]:
    """Find settings that tools don't use because another kind of access comes first."""
    in_config = facts.may_set("config", ID)
    for name, there in facts.intended.items():
        others = ALONE & there.keys()
        if not others and not (ID in there and in_config and _static(facts, name, "config")):
            continue
        if (len(others) == 1 or others == _SIGNS_IN) and ID not in there and SECRET not in there:
            continue
        found = kinds(facts, name, there)
        if len(found) < 2 or _is_broken(facts, name, there, found[0]):
            continue
        losers = [kind for kind in found[1:] if not _belongs(facts, name, there, found[0], kind)]
        if places := [it for kind in losers for it in _places(facts, name, kind)]:
            yield _finding(facts, name, found[0], losers, places)


def kinds(facts: Facts, name: str, there: Settings) -> list[Kind]:
    """Return the kinds that a profile's settings name, in the order in which SDKs look for them."""
    stored, written = (_static(facts, name, file) for file in ("credentials", "config"))
    both = stored == written == STATIC
    named = (
        (_ROLE, source_of(there) == "role"),
        (_TOKEN_FILE, "web_identity_token_file" in there),
        (_SOURCE, "web_identity_token_file" in there and ({"source_profile", "credential_source"} & there.keys())),
        (_SIGN_IN, "sso_account_id" in there or "sso_role_name" in there),
        (_STORED, stored),
        (_LOGIN, "login_session" in there),
        (_PROCESS, "credential_process" in there),
        (_IN_CONFIG, written and (both or not stored)),  # a pair split between the files is keys.split
    )
    return [kind for kind, there_is in named if there_is]


def _static(facts: Facts, name: str, file: FileName) -> frozenset[str]:
    stanza = facts.stanzas.get((file, "profile", name))
    return STATIC & stanza.values.keys() if stanza else frozenset()


def _is_broken(facts: Facts, name: str, there: Settings, first: Kind) -> bool:
    """Return whether the kind in use has its own finding: until it is repaired, the intended kind isn't known."""
    if first is _ROLE:
        return facts.role_chains.broken(name) is not None
    if first is _TOKEN_FILE:
        return "role_arn" not in there
    if first is _SIGN_IN:
        session = facts.sessions.get(meant(there["sso_session"]), {}) if "sso_session" in there else there
        return not (
            {"sso_account_id", "sso_role_name"} <= there.keys() and {"sso_start_url", "sso_region"} <= session.keys()
        )
    return first is _STORED and _static(facts, name, "credentials") != STATIC


def _belongs(facts: Facts, name: str, there: Settings, first: Kind, other: Kind) -> bool:
    """Return whether the other kind's settings are used too."""
    if other in (_STORED, _IN_CONFIG) and first is _ROLE:
        # It may be its own source. If another role has it as its source, its access keys are used before its role.
        return meant(there.get("source_profile", "")) == name or name in facts.assumed_with
    if other is _PROCESS and first is _SIGN_IN:
        return name in there["credential_process"].split()  # aws-sso-util and others do this for old SDKs
    return False


def _places(facts: Facts, name: str, kind: Kind) -> list[Place]:
    found = (in_file(facts, file, key, name) for file in kind.files for key in kind.keys)
    return [it for it in found if it and it.own]


def _finding(facts: Facts, name: str, first: Kind, losers: list[Kind], places: list[Place]) -> Finding:
    words = " and ".join(kind.label for kind in losers)
    because = "SDKs look for a role first, then a token file, single sign-on, the credentials file, aws login,"
    because += " credential_process, and the config file. They don't report the settings that they ignore."
    if {_STORED, _IN_CONFIG} & {*losers} and first is not _ROLE:
        because += " The SDKs for JavaScript and Go check stored access keys earlier and may use a different identity."
    return finding(
        facts,
        name,
        places[0],
        "kind.shadowed",
        "hinders",
        f"{name}: AWS tools use {first.label} and ignore {words}.",
        because=because,
        fix="auto",
        remedies=(Remedy(f"Keep {first.label}", f"comment out {words}", silenced(facts, places)),),
    )


CHECKS = (shadowed,)
