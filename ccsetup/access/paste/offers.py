"""Turns what was recognized in a message into the kinds of access that it describes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ccsetup.access.paste.access_keys import Held, held
from ccsetup.access.paste.formats import KEYS, OF_ENVIRONMENT, Block, is_placeholder
from ccsetup.access.paste.mentions import Mentions
from ccsetup.access.paste.tokens import Signed
from ccsetup.core import regions, validate
from ccsetup.core.errors import BadAnswer
from ccsetup.core.lazy_regex import later
from ccsetup.core.model import MACHINE, NEW, Corrected, Secret, Value

_OF_ROLE = ("external_id", "mfa_serial", "role_session_name", "duration_seconds")
_OF_SSO = ("sso_start_url", "sso_region", "sso_account_id", "sso_role_name")
_OF_OIDC = ("web_identity_token_file", "web_identity_token", "provider_id", "role_session_name", "duration_seconds")
# Programs of tools that write profiles. Such a profile is offered if it is here; no other program is.
_OF_A_TOOL = later(r"(?:\S*[/\\])?(?:granted|aws-sso|aws-vault|saml2aws)(?:\.exe)? ")
MOST = 12  # the longest list of readings that is shown


class Seen(NamedTuple):
    """Everything that was recognized in a message."""

    blocks: Sequence[Block]
    mentions: Mentions
    signed: Signed
    transcript: bool = False
    said: tuple[str, ...] = ()  # corrections
    owners: Mapping[str, str] = {}  # the user of each access key ID, if there are keys of several


class Offer(NamedTuple):
    """One kind of access, its answers by question key, and the profile's name and region if the text has them."""

    kind: str
    answers: Mapping[str, Value]
    profile: str = ""
    region: str = ""

    @property
    def sourced(self) -> bool:
        """Whether it names a source profile."""
        return "source_profile" in self.answers

    def nested(self) -> dict[str, Value]:
        """Return its answers as those of a source profile that is set up first."""
        more: dict[str, Value] = {"profile": self.profile, "region": self.region}
        told: dict[str, Value] = {"kind": self.kind, **self.answers, **{k: v for k, v in more.items() if v}}
        return {"source_profile": NEW, **{f"source.{key}": value for key, value in told.items()}}

    def sourced_by(self, other: Offer) -> Offer:
        """Return it with another offer as its source profile."""
        return self._replace(answers={**self.answers, **other.nested()})


def offers(seen: Seen) -> list[Offer]:
    """Return the offers; none if a message only names a repository, a region or a profile."""
    keys = held(seen.blocks, seen.mentions.keys, seen.transcript)
    if seen.mentions.signed_in and not keys:
        return [Offer("existing", {"profile": name}) for name in dict.fromkeys(seen.mentions.signed_in)]
    loose = _loose(seen.blocks)
    passing = any(one.temporary for one in keys)
    sections, used = _sections(seen, keys, passing)
    regions = {b.name: b.settings["region"] for b in seen.blocks if b.name and b.settings.get("region")}
    free = [_keys(one)._replace(region=regions.get(one.name, "")) for one in keys if one.name not in used]
    starts = [one for one in sections if one.kind == "sso"]
    others = [one for one in sections if one.kind != "sso"]
    signed, roles = _signed(seen, loose, _loose_roles(seen, loose, passing, others), bool(free or sections))
    starts += _starts(seen, loose, passing, starts)
    beside = (free or starts) if not (free and starts) else []
    found = [made for one in (*others, *signed, *roles) for made in _with_source(_completed(one, loose, seen), beside)]
    if not found and not starts:
        devices, free = _devices(seen, loose, free)
        found += devices
    found += starts + free
    return _unique(found or _in_passing(seen, loose))[:MOST]


def _unique(found: Sequence[Offer]) -> list[Offer]:
    """Return each offer once, even if several places repeat it."""
    kept: list[Offer] = []
    for offer in found[: MOST * 4]:
        same = [o for o in kept if o.kind == offer.kind and dict(o.answers) == dict(offer.answers)]
        if not same:
            kept.append(offer)
    return kept


def _keys(keys: Held) -> Offer:
    return Offer("keys", keys.answers(), _named(keys.name))


def _named(name: str) -> str:
    return "" if name == "default" or is_placeholder(name) else name


def _loose(blocks: Sequence[Block]) -> dict[str, str]:
    """Return the settings outside of any section, except access keys; the first of each counts."""
    found: dict[str, str] = {}
    for block in blocks:
        if not block.type:
            found = {**{k: v for k, v in block.settings.items() if k not in KEYS}, **found} if block.settings else found
    return found


def _pick(settings: Mapping[str, str], *names: str) -> dict[str, Value]:
    return {name: settings[name] for name in names if settings.get(name)}


def _sections(seen: Seen, keys: Sequence[Held], passing: bool) -> tuple[list[Offer], set[str]]:
    """Return the offers of sections and commands with their sources, and the sections that are only sources."""
    sessions = {b.name: b.settings for b in seen.blocks if b.type == "sso-session"}
    by_name = {one.name: _keys(one) for one in keys if one.name}
    named: list[tuple[str, Mapping[str, str], Offer]] = []
    for block in seen.blocks:
        if block.type == "profile" or (block.type == "command" and not passing):
            offer = _of_settings(block.settings, sessions, block.type == "command" and block.name)
            if offer:
                profile = _named(block.name) if block.type == "profile" else ""
                offer = offer._replace(profile=profile, region=block.settings.get("region", ""))
                named.append((block.name, block.settings, offer))
                if offer.kind != "role":
                    by_name[block.name] = offer
    used = {s["source_profile"] for _, s, _ in named if s.get("source_profile") in by_name}
    found = [
        offer.sourced_by(by_name[settings["source_profile"]]) if settings.get("source_profile") in used else offer
        for name, settings, offer in named
        if name not in used
    ]
    return found, used


def _of_settings(
    settings: Mapping[str, str], sessions: Mapping[str, Mapping[str, str]], command: str | bool
) -> Offer | None:
    """Return the offer of one section or command, None if it has only access keys or no access at all."""
    extra = _pick(settings, *_OF_ROLE)
    source = _pick(settings, "source_profile")
    if settings.get("credential_source"):
        source = {"source_profile": MACHINE + settings["credential_source"]}
    if "web_identity_token_file" in settings or command == "assume-role-with-web-identity":
        return Offer("oidc", _pick(settings, "role_arn", *_OF_OIDC))
    if "saml_assertion" in settings or command == "assume-role-with-saml":
        return Offer("saml", _pick(settings, "role_arn", "saml_assertion", "duration_seconds"))
    if "role_arn" in settings:
        return Offer("role", {**_pick(settings, "role_arn"), **source, **extra})
    if command == "get-session-token" and "mfa_serial" in settings:
        return Offer("mfa", {**_pick(settings, "mfa_serial", "duration_seconds"), **source})
    if command == "get-federation-token":
        return Offer("federation", {**_pick(settings, "federated_name", "duration_seconds"), **source})
    if "login_session" in settings:
        return Offer("console", _pick(settings, "login_session"))
    if any(key.startswith("sso_") for key in settings):
        session = settings.get("sso_session", "")
        return Offer("sso", _pick({**settings, **sessions.get(session, {})}, *_OF_SSO, "sso_session"))
    return None


def _loose_roles(seen: Seen, loose: Mapping[str, str], passing: bool, sections: Sequence[Offer]) -> list[Offer]:
    """Return the roles outside of any section, except those that temporary credentials came from."""
    arns = [role["role_arn"] for role in seen.mentions.roles]
    if passing:
        arns = [arn for arn in arns if arn not in seen.mentions.origins]
    if loose.get("role_arn") and not (passing and OF_ENVIRONMENT in loose):
        arns = [loose["role_arn"], *arns]
    there = {_arn(str(offer.answers.get("role_arn", ""))) for offer in sections}
    found = {_arn(arn): arn for arn in reversed(arns[: MOST * 4])}
    more = _pick(loose, "source_profile")
    return [
        Offer("role", {"role_arn": arn, **more}) for meant, arn in reversed(found.items()) if meant not in {"", *there}
    ]


def _arn(text: str) -> str:
    """Return the corrected ARN of a role, "" if it isn't a role ARN."""
    try:
        taken = validate.role_arn(text)
    except BadAnswer:
        return ""
    return taken.value if isinstance(taken, Corrected) else taken


def _completed(role: Offer, loose: Mapping[str, str], seen: Seen) -> Offer:
    """Return a role with the values found next to it, and other kinds unchanged."""
    if role.kind != "role":
        return role
    extra = _pick({"mfa_serial": next(iter(seen.mentions.devices), ""), **loose}, *_OF_ROLE)
    return role._replace(answers={**extra, **role.answers})


def _with_source(role: Offer, beside: Sequence[Offer]) -> list[Offer]:
    """Return an offer once with each credentials that it can start from, as it is if it needs none or has some."""
    if role.kind in ("mfa", "federation"):
        beside = [one for one in beside if one.kind == "keys" and "session_token" not in one.answers]
    alone = role.kind not in ("role", "mfa", "federation") or role.sourced or not beside
    return [role] if alone else [role.sourced_by(one) for one in beside]


def _signed(seen: Seen, loose: Mapping[str, str], roles: list[Offer], more: bool) -> tuple[list[Offer], list[Offer]]:
    """Return the offers of tokens and SAML responses, and the roles that don't belong to them."""
    told: list[tuple[str, dict[str, Value]]] = []
    files = seen.mentions.token_files if roles or not more else []
    saml = seen.mentions.saml_files if roles or not more else []
    if seen.signed.saml:
        told = [("saml", {"saml_assertion": Secret(one)}) for one in seen.signed.saml]
    elif loose.get("saml_assertion") or saml:
        told = [("saml", {"saml_assertion": loose.get("saml_assertion") or saml[0]})]
    elif seen.signed.tokens:
        told = [("oidc", {"web_identity_token": Secret(seen.signed.tokens[0])})]
    elif loose.get("web_identity_token_file") or files:
        told = [("oidc", {"web_identity_token_file": loose.get("web_identity_token_file") or files[0]})]
    if not told:
        return [], roles
    names = ("provider_id", "role_session_name") if told[0][0] == "oidc" else ()
    arns = [role.answers["role_arn"] for role in roles]
    if told[0][0] == "saml" and len(arns) > 1:
        arns = []
    each: list[dict[str, Value]] = [{"role_arn": arn} for arn in arns] or [{}]
    return [Offer(kind, {**one, **how, **_pick(loose, *names)}) for kind, how in told for one in each], []


def _starts(seen: Seen, loose: Mapping[str, str], passing: bool, there: Sequence[Offer]) -> list[Offer]:
    """Return the sign-ins outside of any section, completed with the account and role in the text."""
    beside = {**_about_sso(seen), **_pick(loose, *_OF_SSO, "sso_session")}
    beside |= {"sso_region": loose["region"]} if _of_start(seen, loose) else {}
    urls = [beside.pop("sso_start_url", ""), *(start["sso_start_url"] for start in seen.mentions.starts)]
    known = {_url(str(offer.answers.get("sso_start_url", ""))) for offer in there}
    found: dict[tuple[str, ...], dict[str, Value]] = {}
    for start in [{"sso_start_url": str(urls[0])}, *seen.mentions.starts][: MOST * 4]:
        url, own = _url(start["sso_start_url"]), _pick(start, "sso_account_id", "sso_role_name")
        if url and url not in known:
            found.setdefault((url, *map(str, own.values())), {**beside, **own, "sso_start_url": url})
    precise = {key[0] for key in found if len(key) > 1}
    kept = [told for key, told in found.items() if len(key) > 1 or key[0] not in precise]
    if not kept and not there and not passing and "sso_account_id" in beside and _is_sso(seen, loose):
        kept = [beside]
    return [Offer("sso", {key: told[key] for key in (*_OF_SSO, "sso_session") if key in told}) for told in kept]


def _is_sso(seen: Seen, loose: Mapping[str, str]) -> bool:
    return bool(seen.mentions.sso) or any(key.startswith("sso_") for key in loose)


def _url(text: str) -> str:
    try:
        taken = validate.sso_start_url(text) if text else ""
    except BadAnswer:
        return ""
    return taken.value if isinstance(taken, Corrected) else taken


def _about_sso(seen: Seen) -> dict[str, Value]:
    """Return the account, role and region of a sign-in, each only if the text has exactly one."""
    told: dict[str, Value] = {}
    for key, values in (
        ("sso_account_id", seen.mentions.accounts),
        ("sso_role_name", seen.mentions.role_names),
        ("sso_region", seen.mentions.sso_regions),
    ):
        if len(set(values)) == 1:
            told[key] = values[0]
    return {**told, **(seen.mentions.sso[0] if seen.mentions.sso else {})}


def _devices(seen: Seen, loose: Mapping[str, str], free: list[Offer]) -> tuple[list[Offer], list[Offer]]:
    """Return the offer of an MFA device with its long-term credentials, and the remaining access keys."""
    serial = loose.get("mfa_serial") or next(iter(seen.mentions.devices), "")
    if not serial:
        return [], free
    lasting = [one for one in free if "session_token" not in one.answers]
    device = Offer("mfa", {"mfa_serial": serial, **_pick(loose, "source_profile")})
    if device.sourced or not free:
        return [device], free
    return [device.sourced_by(one) for one in lasting], [one for one in free if one not in lasting]


def _in_passing(seen: Seen, loose: Mapping[str, str]) -> list[Offer]:
    """Return weaker offers: an account with a role name, a profile name, or access keys without values."""
    about = _about_sso(seen)
    account, name = about.get("sso_account_id"), about.get("sso_role_name")
    if account and name:
        partition = regions.partition_of(loose.get("region") or next(iter(seen.mentions.regions), ""))
        arn = f"arn:{partition}:iam::{account}:role/{name}"
        return [Offer("sso", {"sso_account_id": account, "sso_role_name": name}), Offer("role", {"role_arn": arn})]
    if any(block.hollow for block in seen.blocks):
        return [Offer("keys", {})]
    by_program = (it.name for it in seen.blocks if _OF_A_TOOL.match(it.settings.get("credential_process", "")))
    names = {name for name in (*profile_names(seen, loose), *by_program) if name and not is_placeholder(name)}
    if len(names) == 1:
        return [Offer("existing", {"profile": next(iter(names))})]
    return [Offer("console", {"account_id": own} if own.isdecimal() else {}) for own in seen.mentions.consoles[:1]]


def profile_names(seen: Seen, loose: Mapping[str, str]) -> Iterator[str]:
    """Yield the names of the profiles that a message tells the user to use."""
    yield from ([loose["profile"]] if loose.get("profile") else [])
    yield from seen.mentions.profiles


def _of_start(seen: Seen, loose: Mapping[str, str]) -> str:
    """Return the repository's region if the labelled region belongs to the start URL and the prose has another."""
    told = set(seen.mentions.regions) - {loose.get("region", "")}
    alone = seen.mentions.starts or loose.get("sso_start_url")
    known = seen.mentions.sso_regions or loose.get("sso_region")
    return told.pop() if loose.get("region") and len(told) == 1 and alone and not known else ""


def region(seen: Seen, offer: Offer) -> str:
    """Return the region that goes with an offer, "" if there are several or none."""
    settings = _loose(seen.blocks)
    loose = settings.get("region", "")
    loose = (offer.kind == "sso" and _of_start(seen, settings)) or loose
    others = {b.settings["region"] for b in seen.blocks if b.settings.get("region") and not offer.kind}
    others |= set() if others else set(seen.mentions.regions)
    return offer.region or loose or (others.pop() if len(others) == 1 else "")
