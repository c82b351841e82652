"""The status of each profile (kind, identity, expiry) from the texts of the files and the caches next to them.

It doesn't ask AWS, and imports almost nothing, so that it is fast with ten thousand profiles.
"""

from __future__ import annotations

from ccsetup.awsfiles import fast_read
from ccsetup.awsfiles.fast_read import Unsure as Unsure
from ccsetup.awsfiles.fast_read import cache_key
from ccsetup.awsfiles.ordinary import is_sign_in, unusual
from ccsetup.core import clock, lean_hash
from ccsetup.core.profile_kind import STORED, is_temporary, kind_of, source_of

TYPE_CHECKING = False  # like typing.TYPE_CHECKING; importing typing would take longer than a call
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Settings = Mapping[str, str]

_REASONS = {"process": "from a program", "console": "see aws login", "machine": "this computer's role"}
_AT_ONCE = 500  # profiles
_RENEWED_S = 12 * 3600  # the longest that AWS renews a sign-in with console credentials


class Standing:
    """One profile: `kind` is its kind of access ("" none), `ends` its expiry, for example 2026-01-31T18:04:00Z.

    `ends` is "" if the expiry is unknown or if there is none. The kind `process` is a program that prints
    credentials. `usable` tells whether it works right now, None if only AWS could
    tell; `why` is a short reason. `rests` is the profile or sign-in that its expiry depends on, until that is known.
    `is_over` means that signing in again fixes it, `is_odd` that the doctor should check it; `code` is the finding
    that stops it.
    """

    __slots__ = (
        *("account_id", "code", "ends", "is_odd", "is_over", "kind"),
        *("name", "region", "rests", "role", "usable", "why"),
    )  # thousands take less memory so

    def __init__(self, name: str, kind: str, there: Settings) -> None:
        self.name, self.kind = name, kind
        self.region = there.get("region", "")
        self.account_id = self.role = self.ends = self.rests = self.why = self.code = ""
        self.usable: bool | None = None
        self.is_over = self.is_odd = False

    def until(self, ends: str, now: str, otherwise: str = "") -> None:
        """Set when it expires. `otherwise` is the reason if that isn't known."""
        self.ends, self.why = ends, "" if ends else otherwise
        self.usable = ends > now if ends else None

    def follow(self, source: Standing) -> None:
        """Set when it expires to when its source does."""
        self.ends, self.usable, self.why = source.ends, source.usable, source.why
        if source.is_odd or source.kind in ("", "machine"):
            self.is_odd = True

    def arn(self, arn: str) -> None:
        """Set the account and the role in an ARN."""
        parts = arn.split(":", 5)
        if len(parts) == 6:
            self.account_id, self.role = parts[4], parts[5].rpartition("/")[2]


def in_plain_texts(
    config: str | bytes, credentials: str | bytes, cached: Callable[[str], str], now: str
) -> list[Standing]:
    """Return the status of the profiles in the two files' texts or ASCII bytes.

    Raises Unsure if only `ini` can read them, or if a profile must be checked by the doctor.
    """
    sessions: dict[str, dict[str, str]] = {}
    found = standings(fast_read.profiles(config, credentials, sessions), sessions, cached, now)
    if any(it.is_odd for it in found):
        raise Unsure
    return found


def one_in_plain_texts(
    name: str, config: str | bytes, credentials: str | bytes, cached: Callable[[str], str], now: str
) -> Standing | None:
    """Return the status of one profile in the two files' texts, None if there is none of that name. Raises Unsure."""
    sessions: dict[str, dict[str, str]] = {}
    profiles = dict(fast_read.profiles(config, credentials, sessions))
    chain: dict[str, Settings] = {}
    needed = name
    while needed in profiles and needed not in chain:
        chain[needed] = profiles[needed]
        needed = profiles[needed].get("source_profile", "")
    found = standings(chain.items(), sessions, cached, now)
    if any(it.is_odd for it in found):
        raise Unsure
    return found[0] if found else None


def standings(
    profiles: Iterable[tuple[str, Settings]], sessions: Mapping[str, Settings], cached: Callable[[str], str], now: str
) -> list[Standing]:
    """Return the status of each profile with these merged settings at `now` (like 2026-01-31T18:04:00Z).

    `cached` returns the text of a file by its path under ~/.aws or its absolute path, "" if it doesn't exist.
    `sessions` is read after all profiles have been read.
    """
    found = {}
    shapes: dict[tuple[str, ...], _Shape] = {}
    for name, there in profiles:
        keys = tuple(there)
        shape = shapes.get(keys)
        if shape is None:
            shape = shapes[keys] = _Shape(there)
        found[name] = it = shape.seen(name, there, cached, now)
        shape.standings.append(it)
        shape.settings.append(there)
        if len(shape.settings) == _AT_ONCE:
            shape.check()
    for shape in shapes.values():
        shape.check()
    tokens: dict[str, Standing] = {}
    for each in found.values():
        if each.kind == "sso":
            first = tokens.get(each.rests) or tokens.setdefault(each.rests, _token(each.rests, sessions, cached, now))
            each.follow(first)
    for each in found.values():
        if each.kind == "role" and each.rests:
            source = found.get(each.rests)
            if source and not (source.kind == "role" and source.rests):  # like nearly all
                each.rests = ""
                each.follow(source)
            else:
                _settle(each, found)
    return [*found.values()]


class _Shape:
    """What the profiles with the same keys have in common, which thousands of profiles do.

    `settings` and `standings` are of those that weren't checked yet. The settings take much memory, so only some
    hundred are kept.
    """

    def __init__(self, first: Settings) -> None:
        self.settings: list[Settings] = []
        self.standings: list[Standing] = []
        self._source = source_of(first)
        self._names_kind = "ccsetup_kind" in first

    def check(self) -> None:
        """Find the odd ones among those that weren't checked yet."""
        if self.settings:
            for position in unusual(self.settings):
                self.standings[position].is_odd = True
        self.settings.clear()
        self.standings.clear()

    def seen(self, name: str, there: Settings, cached: Callable[[str], str], now: str) -> Standing:
        """Return the status of a profile from its settings."""
        source = self._source  # where SDKs get the credentials from
        kind = kind_of(there, source) if self._names_kind else source
        it = Standing(name, kind, there)
        if source == "sso":
            it.account_id, it.role = there.get("sso_account_id", ""), there.get("sso_role_name", "")
            it.rests = there.get("sso_session", "") or "\n" + there.get("sso_start_url", "")
        elif source == "role":
            it.arn(there["role_arn"])
            _by_source(it, there, cached, now)
        elif source == "oidc":
            it.arn(there.get("role_arn", ""))
            _by_token(it, cached(there["web_identity_token_file"]).strip(), now)
        elif source == "keys" or kind in STORED:
            if self._names_kind:
                it.arn(there.get("ccsetup_role_arn") or there.get("ccsetup_mfa_serial", ""))
            _by_keys(it, there, now)
        else:
            it.why, it.usable = _REASONS.get(kind, "no credentials"), None if kind else False
            if kind == "console":
                from ccsetup.awsfiles import cached_sessions

                it.account_id = "".join(there["login_session"].split(":")[4:5])
                _by_login(it, cached(cached_sessions.of_aws_login(there["login_session"])), now)
        return it


def _by_login(it: Standing, text: str, now: str) -> None:
    """Set the expiry of console credentials: they last 15 minutes, and are renewed for 12 hours."""
    if not text:
        it.usable, it.why = False, "signed out"
    ends = clock.utc(_field(text, "accessToken", "expiresAt"))
    renews = ends and _field(text, "refreshToken")
    if renews and (since := _claim(_field(text, "idToken"), "iat")):
        it.until(clock.written(clock.since_1970(since + _RENEWED_S)), now)
    elif ends > now:
        it.until(ends, now)
    elif renews and clock.seconds_to(ends, now) > -_RENEWED_S:
        it.why = "renews automatically"


def _by_keys(it: Standing, there: Settings, now: str) -> None:
    temporary = is_temporary(there)
    it.until(clock.recorded(there), now, "temporary" if temporary else "long-term")
    if not there.get("aws_secret_access_key"):
        it.usable, it.why = False, "incomplete keys"
    elif not it.ends and not temporary:
        it.usable = True


def _by_token(it: Standing, token: str, now: str) -> None:
    it.until(_end_of(token), now, "unknown")
    if not token:
        it.usable, it.why = False, "no token"


def _by_source(it: Standing, there: Settings, cached: Callable[[str], str], now: str) -> None:
    """Check the source of a role's credentials. If the role needs an MFA code, its cached session counts."""
    source = there.get("source_profile", "")
    if "mfa_serial" in there:
        try:
            it.until(
                clock.utc(_field(cached(f"boto/cache/{cache_key({**there})}.json"), "Credentials", "Expiration")), now
            )
        except Unsure:
            it.why = "unknown"
        else:
            it.usable, it.why = bool(it.usable), "" if it.ends else "needs MFA code"
    elif source == it.name and "aws_access_key_id" in there:
        _by_keys(it, there, now)
    elif source:
        it.rests = source
    else:
        it.why = "this computer's role" if "credential_source" in there else "no source profile"


def _settle(it: Standing, found: Mapping[str, Standing]) -> None:
    """Copy the expiry along a chain of roles, from its first source profile to this one."""
    chain = []
    first: Standing | None = it
    while first and first.rests and first.kind == "role":
        chain.append(first)
        source, first.rests = first.rests, ""
        first.usable, first.why = False, "source profile loop"
        first = found.get(source)
    for it in reversed(chain):
        if first is None:
            it.usable, it.why = False, "no source profile"
        else:
            it.follow(first)
        first = it


def _token(rests: str, sessions: Mapping[str, Settings], cached: Callable[[str], str], now: str) -> Standing:
    """Return the status of a sign-in. It is usable if it can be renewed automatically."""
    session, _, url = rests.partition("\n")  # a session, or a line break and the start URL
    url = sessions.get(session, {}).get("sso_start_url", "") if session else url
    name = lean_hash.sha1(session or url)
    text = cached(f"sso/cache/{name}.json")
    it = Standing("", "sso", {})
    written = _field(text, "expiresAt")
    ends = clock.utc(written) if written and clock.is_read_by_sdks(written) else ""
    is_damaged = bool(text) and not (ends and _field(text, "accessToken").strip())
    it.is_odd = is_damaged or (bool(session) and not is_sign_in(sessions.get(session, {})))
    if not is_damaged and _field(text, "startUrl").rstrip("#/") in ("", url.rstrip("#/")):
        it.until(ends, now)
    if not it.ends:
        it.usable, it.why = False, "signed out"
    elif not it.usable and _field(text, "refreshToken") and clock.utc(_field(text, "registrationExpiresAt")) > now:
        it.ends, it.usable, it.why = "", True, "renews automatically"
    return it


def _field(text: str, *way: str) -> str:
    """Return the string at a place in a JSON text, "" if there is none."""
    key = f'"{way[-1]}"'
    if key not in text:
        return ""
    before, _, rest = text.partition(f'{key}: "')
    value, quote, after = rest.partition('"')
    whole = text.startswith("{") and text.rstrip().endswith("}")
    if whole and quote and "\\" not in value and key not in before + after:
        return value  # the format of every tool; avoids the import below, which takes longer than the rest
    import json

    try:
        found = json.loads(text)
        for key in way:
            found = found[key]
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""
    return found if isinstance(found, str) else ""


def _end_of(token: str) -> str:
    """Return when a JWT expires, "" if it doesn't tell."""
    ends = _claim(token, "exp")
    return clock.written(clock.since_1970(ends)) if ends else ""


def _claim(token: str, name: str) -> float:
    """Return a time in a JWT, in seconds since 1970, 0 if it doesn't tell."""
    from ccsetup.core import web_token

    found = (web_token.claims(token) or {}).get(name)
    return found if isinstance(found, (int, float)) else 0
