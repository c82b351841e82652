"""Single sign-on settings: sessions, missing and conflicting settings, start URLs, and the legacy form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, partial
from itertools import islice

from ccsetup.awsfiles.ini import Stanza
from ccsetup.awsfiles.settings import comment, meant
from ccsetup.core import sso_session, validate
from ccsetup.core.command_line import quote
from ccsetup.core.errors import BadAnswer
from ccsetup.core.model import Corrected
from ccsetup.core.profile_kind import has_own_credentials, source_of
from ccsetup.core.sso_session import SCOPE, WHERE, WHO
from ccsetup.doctor.facts import Facts, plain_url
from ccsetup.doctor.findings import OFFERED, Change, Finding, Remedy, Wanted
from ccsetup.doctor.locate import (
    Place,
    added,
    finding,
    headed,
    in_file,
    place,
    places,
    removed,
    renamed,
    respelled,
    section,
)
from ccsetup.doctor.similar_names import SimilarNames

Settings = Mapping[str, str]

_MISSING = "AWS tools report “… configured to use SSO but is missing required configuration”."


def is_whole(facts: Facts, there: Settings) -> bool:
    """Return whether a sign-in has all the settings it needs, so that signing in makes the profile work."""
    session = facts.session_of(there)[1] or {}
    named = all(key in session or key in there for key in WHO)
    return named and not _missing(facts, there) and not sso_session.lacks_scope(session)


def whole(facts: Facts, session: str) -> list[str]:
    """Return the profiles that share an sso-session ("": that have none) and have all the settings they need."""
    names = facts.sharing[session]
    if not session:
        return [name for name in names if is_whole(facts, facts.intended[name])]
    found = facts.sessions.get(session, {})
    if _missing(facts, {"sso_session": session}) or sso_session.lacks_scope(found):
        return []
    return [name for name in names if all(key in found or key in facts.intended[name] for key in WHO)]


def _missing(facts: Facts, there: Settings) -> list[str]:
    """Return which of the settings that say where to sign in a profile or its session lacks."""
    where = (facts.session_of(there)[1] or {}) if "sso_session" in there else there
    return list(_lacking(*(where.get(key) for key in WHERE)))


@lru_cache(maxsize=4096)  # thousands of profiles share a session
def _lacking(url: str | None, region: str | None) -> tuple[str, ...]:
    there = zip(WHERE, (url, region), strict=True)
    return tuple(sso_session.missing({key: meant(value) for key, value in there if value is not None}))


def session_missing(facts: Facts) -> Iterator[Finding]:
    """Find profiles whose sso-session doesn't exist."""
    similar = SimilarNames()
    lost = [name for session, names in facts.sharing.items() if session not in facts.sessions for name in names]
    for name in dict.fromkeys([*facts.unusual, *lost]):  # the others have an sso-session, and are whole
        there = facts.intended[name]
        alone = _is_alone(there)
        if not alone and ("sso_session" not in there or source_of(there) != "sso"):
            continue
        session, found = facts.session_of(there)
        if found is not None or (where := place(facts, name, "sso_session")) is None:
            continue
        names = [*similar.to(session, facts.sessions), *islice(facts.sessions, OFFERED)]
        offered = [*dict.fromkeys(names)][:OFFERED]
        remedies = [Remedy(f"Use the sso-session {it}", changes=respelled(where, it)) for it in offered]
        if all(key in there for key in WHERE):
            hint = "use the profile's own start URL"
            remedies.insert(0, Remedy("Remove sso_session", hint, removed([where])))
        yield finding(
            facts,
            name,
            where,
            "sso.session-missing",
            "stops",
            f"{name} uses the sso-session {session}, which doesn't exist."
            if session
            else f"{name}: sso_session is empty.",
            because=f'AWS tools report “The specified sso-session does not exist: "{session}"”.',
            fix="ask",
            remedies=tuple(remedies),
            do=f"ccsetup setup sso --profile {quote(name)}",
            **({"also": ()} if alone else {}),  # a role that has it as its source profile is source.empty
        )


def _is_alone(there: Settings) -> bool:
    """Return whether a profile has an sso-session, but neither an account and role nor another use."""
    if "sso_session" not in there:
        return False
    return not any(key in there for key in (*WHO, "role_arn")) and not has_own_credentials(there)


def incomplete(facts: Facts) -> Iterator[Finding]:
    """Find sign-ins without an account ID, role name, start URL or region."""
    for session, names in facts.sharing.items():
        found = facts.sessions.get(session)
        for name in names:
            there = facts.intended[name]
            if missing := [key for key in WHO if key not in there and key not in (found or {})]:
                yield _without(facts, name, place(facts, name, next(key for key in WHO if key in there)), missing)
            if "sso_session" not in there and (missing := _missing(facts, there)):
                beside = (place(facts, name, key) for key in (missing[0], WHERE[0], *WHO))
                yield _without(facts, name, next(filter(None, beside), None), missing)
        if session and found is not None and (missing := _missing(facts, {"sso_session": session})):
            yield _session_without(facts, names[0], session, missing, names[1:])


def without_both(facts: Facts) -> Iterator[Finding]:
    """Find sign-ins without an account and role, if the profile has no other use."""
    for name, there in facts.unusual.items():
        found = facts.session_of(there)[1] if _is_alone(there) else None
        if found is not None and not sso_session.lacks_scope(found) and (where := place(facts, name, "sso_session")):
            yield _without(facts, name, where, WHO)._replace(severity="hinders", also=())


def _without(facts: Facts, name: str, where: Place | None, missing: Sequence[str]) -> Finding:
    """Return the finding for a profile that lacks settings."""
    key = missing[0]
    wanted = None
    remedies: tuple[Remedy, ...] = ()
    if where and len(missing) == 1:
        wanted = Wanted(f"Value for {key}", validate.SETTINGS[key], partial(_with, where, key))
        remedies = tuple(_with(where, key, it) for it in _used(facts, key, place(facts, name, WHERE[0])))
    return finding(
        facts,
        name,
        where,
        "sso.incomplete",
        "stops",
        f"{name} uses single sign-on but has no {' or '.join(missing)}.",
        because=_MISSING,
        fix="auto" if len(remedies) == 1 else "ask",
        remedies=remedies,
        wanted=wanted,
        do="" if len(remedies) == 1 else f"ccsetup setup sso --profile {quote(name)}",
    )


def _with(where: Place, key: str, value: str) -> Remedy:
    empty = where.setting.key == key
    return Remedy(f"{key} = {value}", changes=respelled(where, value) if empty else added(where, {key: value}))


def _used(facts: Facts, key: str, url: Place | None) -> list[str]:
    """Return the possible regions of a start URL: the one it names, those used with it here, or the one looked up."""
    if key != "sso_region" or url is None:
        return []
    named = _tidy(url.value)
    if told := validate.region_of(named):
        return [told]
    return [*facts.sign_ins.get(plain_url(named), ())] or [*filter(None, [facts.sign_in_regions.get(named)])]


def without_region(facts: Facts) -> list[str]:
    """Return the start URLs that lack their region, if nothing on this computer tells it."""
    found = []
    for name, there in facts.signing_in.items():
        url = place(facts, name, WHERE[0])
        if "sso_session" in there:
            url = in_file(facts, "config", WHERE[0], facts.session_of(there)[0], "sso-session")
        if url and _missing(facts, there) == [WHERE[1]] and not _used(facts, WHERE[1], url):
            found.append(_tidy(url.value))
    return [url for url in dict.fromkeys(found) if validate.works_as_start_url(url)]


def _tidy(url: str) -> str:
    """Return a start URL in the form that Identity Center uses, or unchanged if it isn't one."""
    try:
        read = validate.sso_start_url(meant(url))
    except BadAnswer:
        return meant(url)
    return read.value if isinstance(read, Corrected) else read


def _session_without(facts: Facts, name: str, session: str, missing: Sequence[str], others: Sequence[str]) -> Finding:
    """Return the finding for a session that lacks settings, for all the profiles that use it."""
    stanza = facts.stanzas["config", "sso-session", session]
    key = missing[0]
    url = in_file(facts, "config", WHERE[0], session, "sso-session")

    empty = in_file(facts, "config", key, session, "sso-session")

    def with_value(value: str) -> Remedy:
        changes = respelled(empty, value) if empty and empty.own else headed(stanza, "config", {key: value})
        return Remedy(f"{key} = {value}", changes=changes)

    used = [facts.intended[name][key]] if key in facts.intended[name] else _used(facts, key, url)
    remedies = tuple(map(with_value, used)) if len(missing) == 1 else ()
    path, line = (empty.path, empty.line) if empty else section(facts, session, "sso-session")
    return Finding(
        "sso.incomplete",
        "stops",
        f"The sso-session {session}, used by {name}{_and(others)}, has no {' or '.join(missing)}.",
        _MISSING,
        name,
        path,
        line,
        fix="auto" if len(remedies) == 1 else "ask",
        do="" if len(remedies) == 1 else f"ccsetup setup sso --profile {quote(name)}",
        remedies=remedies,
        wanted=Wanted(f"Value for {key}", validate.SETTINGS[key], with_value) if len(missing) == 1 else None,
        also=_all_on(facts, (name, *others)),
    )


def _and(others: Sequence[str]) -> str:
    return f" (and {len(others)} more)" if others else ""


def _all_on(facts: Facts, names: Sequence[str]) -> tuple[str, ...]:
    """Return the other profiles, and those that depend on any of them."""
    return tuple(dict.fromkeys([*names[1:], *(it for name in names for it in facts.resting_on(name))]))


def scopes(facts: Facts) -> Iterator[Finding]:
    """Find sessions whose sign-ins can't get the credentials of a role, for all the profiles that use one."""
    for session, names in facts.sharing.items():
        if not sso_session.lacks_scope(facts.sessions.get(session, {})):
            continue
        where = in_file(facts, "config", "sso_registration_scopes", session, "sso-session")
        if where is None:
            continue
        requested = meant(where.value).rstrip(", ")
        comma = ", " if ", " in requested or "," not in requested else ","
        again = f"then sign in again: ccsetup login {quote(names[0])}"
        remedy = Remedy(f"Add {SCOPE}", again, respelled(where, f"{requested}{comma}{SCOPE}{comment(where.value)}"))
        yield finding(
            facts,
            names[0],
            where,
            "sso.scopes",
            "stops",
            f"The sso-session {session}, used by {names[0]}{_and(names[1:])}, doesn't request the scope {SCOPE}.",
            because="Identity Center refuses to issue a role's credentials (ForbiddenException) for such a sign-in.",
            fix="auto",
            remedies=(remedy,),
            also=_all_on(facts, names),
        )


def conflict(facts: Facts) -> Iterator[Finding]:
    """Find profiles that have other values than their sso-session."""
    for name, there in facts.signing_in.items():
        session, found = facts.session_of(there)
        if not session or not found or found.keys().isdisjoint(there):
            continue
        differing = [key for key, value in found.items() if there.get(key, value) != value]
        where = place(facts, name, differing[0]) if differing else None
        if where is None:
            continue
        own = [key for key in differing if key.startswith("sso_")]
        strays = [
            it for key in differing if key not in own if (it := in_file(facts, "config", key, session, "sso-session"))
        ]
        yield finding(
            facts,
            name,
            where,
            "sso.conflict",
            "stops",
            f"{name} and its sso-session {session} have different values for {' and '.join(differing)}.",
            because=f"AWS tools report “The value for {differing[0]} is inconsistent …”.",
            fix="auto",
            remedies=(Remedy("Keep the session's values", changes=removed([*places(facts, name, own), *strays])),),
        )


def url(facts: Facts) -> Iterator[Finding]:
    """Find start URLs that aren't in the form that Identity Center uses."""
    for session, names in facts.sharing.items():
        if session and (where := in_file(facts, "config", WHERE[0], session, "sso-session")):
            yield from _spelled(facts, where, names)
    for name in facts.sharing.get("", ()):
        if where := place(facts, name, WHERE[0]):
            yield from _spelled(facts, where, (name,))


def _spelled(facts: Facts, where: Place, names: Sequence[str]) -> Iterator[Finding]:
    value = meant(where.value)
    if validate.is_local(value):
        return
    common = {
        "because": "The sign-in page rejects this URL (InvalidRequestException), or tools can't find the cached token."
    }
    also = _all_on(facts, names)
    try:
        read = validate.sso_start_url(value)
    except BadAnswer as bad:
        wanted = Wanted("Start URL", validate.sso_start_url, partial(_respelled, where))
        says = f"{names[0]}: sso_start_url isn't a start URL. {bad.what}"
        do = f"ccsetup setup sso --profile {quote(names[0])}"
        more = {"fix": "ask", "wanted": wanted, "do": do, "also": also, **common}
        yield finding(facts, names[0], where, "sso.url", "stops", says, **more)
        return
    if not isinstance(read, Corrected):
        return
    harmless = validate.works_as_start_url(value)
    yield finding(
        facts,
        names[0],
        where,
        "sso.url",
        "hinders" if harmless else "stops",
        f"{names[0]}: the start URL should be {read.value}, without the parts that a browser adds.",
        fix="auto",
        remedies=(_respelled(where, read.value),),
        also=() if harmless else also,
        **common,
    )


def _respelled(where: Place, value: str) -> Remedy:
    return Remedy(f"Use {value}", changes=respelled(where, value + comment(where.value)))


def legacy(facts: Facts) -> Iterator[Finding]:
    """Find sign-ins without an sso-session: one finding for all profiles that could share a session."""
    groups: dict[tuple[str, str], list[str]] = {}
    for name, there in facts.signing_in.items():
        if "sso_session" in there:
            continue
        own = [in_file(facts, "config", key, name) for key in WHERE]
        old = all(it and it.own for it in own) and is_whole(facts, there)
        if old and validate.works_as_start_url(meant(there[WHERE[0]])) and (not facts.asked or name in facts.asked):
            key = plain_url(there[WHERE[0]]), meant(there[WHERE[1]])
            groups.setdefault(key, []).append(name)
    new = _Names(facts)
    for names in groups.values():
        session = _shared(facts, facts.profiles[names[0]], new)
        others = f" and {len(names) - 1} more use" if len(names) > 1 else " uses"
        yield finding(
            facts,
            names[0],
            in_file(facts, "config", WHERE[0], names[0]),
            "sso.legacy",
            "note",
            f"{names[0]}{others} legacy single sign-on settings, so SDKs can't renew the sign-in.",
            because="SDKs renew a sign-in automatically only if the profile uses an sso-session.",
            fix="auto" if facts.modernize else "tell",
            do=f"ccsetup login {quote(names[0])}" if facts.modernize else "ccsetup doctor --fix --modernize",
            remedies=(_modernized(facts, names, session),) if facts.modernize else (),
            also=tuple(names[1:]),
        )


class _Names:
    """Names for new sessions, which no other session has."""

    def __init__(self, facts: Facts) -> None:
        self._taken, self._numbers = {*facts.sessions}, Counter[str]()

    def new(self, name: str) -> str:
        """Return the name, with a number if it is taken. It is taken from now on."""
        found = name
        while found in self._taken:
            self._numbers[name] += 1
            found = f"{name}-{self._numbers[name] + 1}"
        self._taken.add(found)
        return found


def _shared(facts: Facts, there: Settings, names: _Names) -> str:
    """Return the session with a profile's start URL and region, or else a name for a new one."""
    known = facts.sessions_of_sign_ins.get((plain_url(there[WHERE[0]]), meant(there[WHERE[1]])))
    return names.new(validate.session_of(_plain_url(there[WHERE[0]]))) if known is None else known


def _plain_url(value: str) -> str:
    try:
        read = validate.sso_start_url(meant(value))
    except BadAnswer:
        return meant(value)
    return read.value if isinstance(read, Corrected) else read


def _modernized(facts: Facts, names: Sequence[str], session: str) -> Remedy:
    """Return the remedy that gives profiles a shared session, which is added above the first of them if needed."""
    changes: list[Change] = []
    for name in names:
        start, region = (in_file(facts, "config", key, name) for key in WHERE)
        if start and region:
            changes += [*renamed(start, "sso_session", session), *removed([region])]
    if session not in facts.sessions:
        there = facts.profiles[names[0]]
        lines = [f"[sso-session {session}]", f"sso_start_url = {_plain_url(there[WHERE[0]])}"]
        lines += [f"sso_region = {meant(there[WHERE[1]])}", f"sso_registration_scopes = {SCOPE}", ""]
        at = _above(facts, facts.stanzas["config", "profile", names[0]])
        changes.insert(0, Change("config", at, at - 1, tuple(lines)))
    return Remedy(f"Use the sso-session {session}", "one sign-in for all its profiles", tuple(changes))


def _above(facts: Facts, stanza: Stanza) -> int:
    """Return the line for a new section: above another one and its comments."""
    lines = facts.lines_as_meant
    line = stanza.line
    while line > 1 and lines[line - 2].lstrip().startswith(("#", ";")):
        line -= 1
    return line


CHECKS = (session_missing, incomplete, without_both, scopes, conflict, url, legacy)
