"""What each profile is, who it is and until when, from the texts of the files and the caches beside them.

Nothing is asked of AWS, and next to nothing is imported: with ten thousand profiles the answer is there at once.
"""

from __future__ import annotations

from ccsetup.awsfiles import fast_read
from ccsetup.awsfiles.fast_read import Unsure as Unsure
from ccsetup.awsfiles.fast_read import cache_key
from ccsetup.awsfiles.ordinary import is_ordinary, is_sign_in
from ccsetup.core import clock, lean_hash

TYPE_CHECKING = False  # as typing's, whose import takes longer than a call
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Settings = Mapping[str, str]

_OTHERS = {"source_profile", "credential_source", "mfa_serial", "external_id"}  # with which no machine's role is meant
_KINDS = {"mfa", "saml", "federation", "oidc"}  # that write down what they are beside the keys


class Standing:
    """One profile: `kind` is its kind of access ("" none), `ends` such as 2026-01-31T18:04:00Z ("" unknown, or never).

    `process` is the kind of a program that prints keys, `login` of what `aws login` wrote. `usable` says whether it
    works without anybody's doing, None when only AWS could tell; `why` says so in two words. `rests` is the profile or
    the sign-in that its end depends on, until that is known. `is_over` says that signing in again mends it, `is_odd`
    that the doctor should have a look; `code` is the finding that stops it.
    """

    account_id = role = ends = rests = why = code = ""
    usable: bool | None = None
    is_over = is_odd = False

    def __init__(self, name: str, kind: str, there: Settings) -> None:
        self.name, self.kind, self.region = name, kind, there.get("region", "")

    def until(self, ends: str, now: str, otherwise: str = "") -> None:
        """Note when it ends; `otherwise` is why it is not known."""
        self.ends, self.why = ends, "" if ends else otherwise
        self.usable = ends > now if ends else None

    def arn(self, arn: str) -> None:
        """Note the account and the role that an ARN names."""
        parts = arn.split(":", 5)
        if len(parts) == 6:
            self.account_id, self.role = parts[4], parts[5].rpartition("/")[2]


def in_plain_texts(config: str, credentials: str, cached: Callable[[str], str], now: str) -> list[Standing]:
    """Return how the profiles of the two files' texts stand. Raises Unsure where only `ini` can read them.

    It is raised too where a profile needs a second look, which the doctor takes.
    """
    for respelled in (False, True):
        sessions: dict[str, dict[str, str]] = {}
        try:
            found = standings(fast_read.profiles(config, credentials, sessions, respelled), sessions, cached, now)
        except Unsure:
            continue
        if any(it.is_odd for it in found):
            break
        return found
    raise Unsure


def standings(
    profiles: Iterable[tuple[str, Settings]], sessions: Mapping[str, Settings], cached: Callable[[str], str], now: str
) -> list[Standing]:
    """Return how each profile with these merged settings stands at `now` (such as 2026-01-31T18:04:00Z).

    `cached` returns the text of a file by its path below ~/.aws, or by its absolute path, "" when there is none.
    `sessions` is looked at when the profiles are through.
    """
    found = {}
    for name, there in profiles:
        found[name] = it = _seen(name, there, cached, now)
        it.is_odd = not is_ordinary(there)
    tokens: dict[str, Standing] = {}
    for each in found.values():
        if each.kind == "sso":
            first = tokens.get(each.rests) or tokens.setdefault(each.rests, _token(each.rests, sessions, cached, now))
            each.ends, each.usable, each.why = first.ends, first.usable, first.why
            each.is_odd = each.is_odd or first.is_odd
    for each in found.values():
        if each.kind == "role" and each.rests:
            _settle(each, found)
    return [*found.values()]


def _seen(name: str, there: Settings, cached: Callable[[str], str], now: str) -> Standing:
    """Return what the settings tell; in the order in which SDKs look for credentials, as `access.owner` has it."""
    written = there.get("ccsetup_kind", "")
    if "web_identity_token_file" in there:
        it = Standing(name, "oidc", there)
        it.arn(there.get("role_arn", ""))
        _by_token(it, cached(there["web_identity_token_file"]).strip(), now)
    elif "role_arn" in there:
        it = Standing(name, "role", there)
        it.arn(there["role_arn"])
        _by_source(it, there, cached, now)
    elif written != "oidc" and ("sso_account_id" in there or "sso_role_name" in there):
        it = Standing(name, "sso", there)
        it.account_id, it.role = there.get("sso_account_id", ""), there.get("sso_role_name", "")
        session = there.get("sso_session", "")
        it.rests = session or "\n" + there.get("sso_start_url", "")
    elif "aws_access_key_id" in there or written in _KINDS:
        it = Standing(name, written if written in _KINDS else "keys", there)
        if written:
            it.arn(there.get("ccsetup_role_arn") or there.get("ccsetup_mfa_serial", ""))
        _by_keys(it, there, now)
    else:
        it = Standing(name, _without_keys(there), there)
        reasons = {"process": "asks a program", "login": "see aws login", "machine": "this machine's"}
        it.why = reasons.get(it.kind, "no keys")
        it.usable = None if it.kind else False
    return it


def _without_keys(there: Settings) -> str:
    if "login_session" in there:
        return "login"
    if "credential_process" in there:
        return "process"
    others = (key for key in there if key.startswith(("aws_", "sso_", "ccsetup_")) or key in _OTHERS)
    return "machine" if "region" in there and not any(others) else ""


def _by_keys(it: Standing, there: Settings, now: str) -> None:
    temporary = "aws_session_token" in there or "aws_security_token" in there
    it.until(clock.recorded(there), now, "temporary" if temporary else "long-term")
    if not there.get("aws_secret_access_key"):
        it.usable, it.why = False, "half a pair"
    elif not it.ends and not temporary:
        it.usable = True


def _by_token(it: Standing, token: str, now: str) -> None:
    it.until(_end_of(token), now, "unknown")
    if not token:
        it.usable, it.why = False, "no token"


def _by_source(it: Standing, there: Settings, cached: Callable[[str], str], now: str) -> None:
    """Look at what a role is assumed with: where it wants a code, its session counts."""
    source = there.get("source_profile", "")
    if "mfa_serial" in there:
        try:
            it.until(
                clock.utc(_field(cached(f"boto/cache/{cache_key({**there})}.json"), "Credentials", "Expiration")), now
            )
        except Unsure:
            it.why = "unknown"
        else:
            it.usable, it.why = bool(it.usable), "" if it.ends else "wants a code"
    elif source == it.name and "aws_access_key_id" in there:
        _by_keys(it, there, now)
    elif source:
        it.rests = source
    else:
        it.why = "this machine's" if "credential_source" in there else "no source"


def _settle(it: Standing, found: Mapping[str, Standing]) -> None:
    """Take over the end of the profile that a role is assumed with."""
    first = found.get(it.rests)
    it.rests, it.usable, it.why = "", False, "a circle"
    if first is None:
        it.usable, it.why = False, "no source"
        return
    if first.rests and first.kind == "role":
        _settle(first, found)
    it.ends, it.usable, it.why = first.ends, first.usable, first.why
    it.is_odd = it.is_odd or first.is_odd or first.kind in ("", "machine")


def _token(rests: str, sessions: Mapping[str, Settings], cached: Callable[[str], str], now: str) -> Standing:
    """Return how a sign-in stands: one that can be renewed without a person counts."""
    session, _, url = rests.partition("\n")  # a session, or a line break and the start URL
    url = sessions.get(session, {}).get("sso_start_url", "") if session else url
    name = lean_hash.sha1(session or url)
    text = cached(f"sso/cache/{name}.json")
    it = Standing("", "sso", {})
    it.is_odd = bool(session) and not is_sign_in(sessions.get(session, {}))
    if _field(text, "startUrl").rstrip("#/") in ("", url.rstrip("#/")):
        it.until(clock.utc(_field(text, "expiresAt")), now)
    if not it.ends:
        it.usable, it.why = False, "signed out"
    elif not it.usable and _field(text, "refreshToken") and clock.utc(_field(text, "registrationExpiresAt")) > now:
        it.ends, it.usable, it.why = "", True, "renews itself"
    return it


def _field(text: str, *way: str) -> str:
    """Return the text at a place of a JSON text, "" when there is none."""
    key = f'"{way[-1]}"'
    if key not in text:
        return ""
    before, _, rest = text.partition(f'{key}: "')
    value, quote, after = rest.partition('"')
    whole = text.startswith("{") and text.rstrip().endswith("}")
    if whole and quote and "\\" not in value and key not in before + after:
        return value  # as every tool writes it, and without the import below, which takes longer than the rest
    import json

    try:
        found = json.loads(text)
        for key in way:
            found = found[key]
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""
    return found if isinstance(found, str) else ""


def _end_of(token: str) -> str:
    """Return when a JWT ends, "" when it does not say."""
    from ccsetup.core import web_token

    return clock.written(clock.since_1970((web_token.claims(token) or {}).get("exp")))
