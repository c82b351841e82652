"""What a message mentions without labels: ARNs, addresses, links, accounts, role names, regions, profiles, keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from ccsetup.access.paste.formats import is_placeholder, unwrapped
from ccsetup.core import regions, validate
from ccsetup.core.arn import account_in, mended, pattern
from ccsetup.core.errors import BadAnswer
from ccsetup.core.lazy_regex import later
from ccsetup.core.model import Corrected
from ccsetup.core.regions import REGION
from ccsetup.git import address

_TOKEN = later(r"[^\s\"'`<>|(){}\[\],;]+")
_END = ".:!?*_"
_CITY = "|".join(re.escape(name) for name in regions.REGIONS.values() if len(name) > 3 and name != "Central")
_LONG_REGION = later(
    r"\b(?:US|EU|Europe|Asia Pacific|Canada|South America|Africa|Middle East|China|Israel)\b"
    r"[^()\n]{0,12}\([^)\n]{2,20}\)"
)
_CITIES = later(
    rf"\bregions?\b[^\n.]{{0,20}}?\b({_CITY})\b|\b({_CITY})\b[^\n.]{{0,10}}\bregion\b|^({_CITY})$"
    rf"|\b(?:repo|repository|codecommit|lives|hosted)\b[^\n.]{{0,60}}?\bin ({_CITY})\b",
    re.MULTILINE,
)
_ZONE = later(f"{REGION}[a-f]?")
_ACCOUNT = later(r"(?<![\w-])[0-9]{4}[ -][0-9]{4}[ -][0-9]{4}(?![\w-])|(?<![\w:./-])[0-9]{12}(?![\w:-])", re.ASCII)
_CLAUSE = later(r"[.;!?]\s|\n")
_PORTALS = "|".join(map(re.escape, regions.portal_domains()))
_OF_SSO = rf"\bsso\b|identity cent|sign[- ]?in\b|\blog[- ]?in\b|portal|{_PORTALS}|anmelde|サインイン|ログイン"
_OF_CODE = r"\brepo|codecommit|\bcode\b|\bclon|dépôt|リポジトリ"
_REGION_OF = later(rf"(?P<sso>{_OF_SSO})|{_OF_CODE}", re.IGNORECASE)
_ROLE = later(
    r"(?:\b(?:permission[ -]?set|role|rolle|rol\b|r\u00f4le)(?: ?name)?|(?:ロール|許可セット|権限セット)名?)"
    r"(?:\s(?:in|im|dans|en) (?:the |le |la )?(?:aws[ -]?)?(?:account |konto |compte |cuenta )?"
    r"[0-9][0-9 -]{10,12}[0-9],?)?"
    r"(?P<mark>(?: available to you)?(?:\sis)? ?[:=]|(?:\s(?:named|called|is|hei\u00dft|lautet|ist|est|es)|は)?)"
    r"[ \n]?(?P<quote>[\"'`*]{0,2})(?P<name>[A-Za-z][\w+=,.@-]{1,63})",
    re.IGNORECASE | re.ASCII,
)
_ROLE_BEFORE = later(
    r"(?<![\w:/.-])(?P<name>[A-Z][\w+=.@-]{2,63})[\"'`*]{0,2} "
    r"(?:role\b|permission set\b|\|? ?(?:Management console|Access keys|Command line))",
    re.ASCII,
)
_NO_NAMES = later(
    r"(?:the|this|that|an?|aws|aws-cli|iam|your?|our|my|its|each|sso|admin\.?|account|arns?|to|in|for|of|with|which|and"
    r"|or|is|it|name|session|switch|management|assume|cross-account|codecommit|new|same|right|given|when|information)",
    re.IGNORECASE,
)
_NAME = r"[A-Za-z0-9][A-Za-z0-9_.+=@-]{0,63}"
_TELLING = r"(?=[\w.-]{0,100}?(?:(?-i:[a-z][A-Z])|[A-Za-z0-9][-_.][A-Za-z0-9]))[A-Za-z0-9][\w.-]{1,99}"
_USE = r"\b(?:use|using|with|choose|select|take|try) (?:the |my |your |our )?(?:aws |cli |named ){0,2}profile "
_PROFILE = later(
    rf"\bprofile (?:named|called) [\"'`]?({_NAME})|\bprofile [\"'`]({_NAME})[\"'`]|[\"'`]({_NAME})[\"'`] profile\b"
    rf"|{_USE}({_NAME})(?= ?(?:[.,;:!?)]|\n|$))|{_USE}({_TELLING})|\b(?:the|my|your|our) ({_TELLING}) profile\b",
    re.ASCII | re.IGNORECASE,
)
_REPO = r"(?i:\b(?:repo(?:sitor(?:y|io))?|d\u00e9p\u00f4t)|リポジトリ名?)"
_CALLED = r"(?: is)? (?:named|called|hei\u00dft|lautet|s'appelle|se llama)"
_IS = r"(?: (?:is|ist|est|es)\b|は)?"
_REPOSITORY = later(
    rf"{_REPO}(?i:{_CALLED} [\"'`*]{{0,2}})([\w.-]{{1,100}})"
    rf"|{_REPO}\b[^\n.]{{0,60}}? (?:named|called) [\"'`*]{{0,2}}({_TELLING})"
    rf"|{_REPO}(?i:[ _-]?(?:name)?[\"']? ?[:=|] ?[\"'`*]{{0,2}})([\w.-]{{1,100}})(?![\w.:/@-])"
    rf"|(?i:--repository-name[ =][\"']?)([\w.-]{{1,100}})"
    rf"|{_REPO}{_IS} [\"'`*]{{1,2}}([\w.-]{{1,100}})[\"'`*]|[\"'`*]([\w.-]{{1,100}})[\"'`*]{{1,2}} {_REPO}\b"
    rf"|(?:{_REPO}{_IS}|(?i:\bclone))\s({_TELLING})(?![\w:/@-])"
    rf"|(?:\b(?i:for|of|to|from|clone) |^)({_TELLING}) (?:\(|in ){REGION}\b"
    rf"|(?<![\w:/@.-])(?!(?i:codecom|git-))({_TELLING}) {_REPO}\b",
    re.ASCII | re.MULTILINE,
)
_NO_REPOSITORY = later(
    r"(?i)git-|aws|codecom+it|github|gitlab|bitbucket|cross-|per-|multi-|read-|e\.g|i\.e|.*-(?:name|specific|level|based)$"
)
_KEY = later(r"(?:AKIA|ASIA)[A-Z0-9]{12,124}")
_NEXT = later(r"[\s,;|\"']*([^\s,;|\"']+)")
_BETWEEN = later(r"(?:and|secret|key|access|password|session|token|id|credentials|is)?")
_MADE_BY_A_TOOL = later(r"(?:[A-Za-z]+_[A-Za-z_]+|[\"'])[\"']? ?[=:] ?[\"']?$")


@dataclass
class Place:
    """A repository that a message names."""

    text: str
    named: address.Address
    branch: str = ""
    directory: str = ""


@dataclass
class Mentions:
    """What was found, in the order of the text. `sso` and `starts` are answers by question key."""

    places: list[Place] = field(default_factory=list)
    starts: list[dict[str, str]] = field(default_factory=list)
    sso: list[dict[str, str]] = field(default_factory=list)
    roles: list[dict[str, str]] = field(default_factory=list)
    origins: set[str] = field(
        default_factory=set
    )  # role ARNs that a tool wrote next to access keys: the roles they belong to
    devices: list[str] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    regions: list[str] = field(default_factory=list)
    sso_regions: list[str] = field(default_factory=list)
    accounts: list[str] = field(default_factory=list)
    role_names: list[str] = field(default_factory=list)
    profiles: list[str] = field(default_factory=list)
    token_files: list[str] = field(default_factory=list)
    saml_files: list[str] = field(default_factory=list)
    keys: list[dict[str, str]] = field(default_factory=list)


def commands(text: str) -> tuple[list[Place], str]:
    """Return the repositories of the `git clone` commands in a text, and the text without those commands."""
    places, lines = list[Place](), list[str]()
    for line in text.split("\n"):
        if "clone " not in line or len(line) > 20000:
            lines.append(line)
            continue
        for part in re.split(r"&&|;", line):
            found = re.search(r"\b(?:git|ccsetup) ", part[: max(part.rfind("clone "), 0)])
            place = _cloned(part[found.start() :], not part[: found.start()].strip()) if found else None
            places += [place] if place else []
            lines.append(part[: found.start()] if place and found else part)
    return places, "\n".join(lines)


def _cloned(command: str, alone: bool) -> Place | None:
    command = command.split("`")[0][:4000].rstrip(_END + ") ")
    place = next(filter(None, map(place_of, _TOKEN.findall(command))), None)
    if not place:
        return None
    try:
        told = address.parse(command)
    except BadAnswer:
        return place
    if told.repository == place.named.repository:
        place.branch, place.directory = told.branch, told.directory if alone else ""
    return place


def place_of(word: str) -> Place | None:
    """Return the repository that a word addresses, without a user name or password. A bare name is not an address."""
    if "codecommit" not in word.lower() and not re.match(f"{REGION}://", word):
        return None
    word = word.rstrip(_END)
    try:
        named = address.parse(word)
    except BadAnswer:
        return None
    if named.form == "name" or is_placeholder(named.repository):
        return None
    return Place(_spelled(word, named), named, named.branch)


def _spelled(word: str, named: address.Address) -> str:
    """Return an address that can be shown, since some contain Git credentials."""
    if named.form == "codecommit":
        try:
            return address.codecommit_url(named.repository, named.region, named.profile)
        except BadAnswer:
            return address.codecommit_url(named.repository, named.region)
    if named.form == "https":
        return address.https_url(named.region, named.repository, named.host)
    if named.form == "ssh":
        return address.ssh_url(named.region, named.repository)
    return (
        word
        if named.form == "arn"
        else re.sub(r"[?#](?!.*region=).*|(?<=[?&])(?!region=)[^&#]*[&#]?", "", word).rstrip("?&#")
    )


def mentions(text: str) -> Mentions:
    """Return what a text mentions. Its settings and commands have already been removed."""
    seen = Mentions()
    for token in _TOKEN.finditer(text):
        word = token[0].rstrip(_END)
        if len(word) < 9 or len(word) > 2000:
            continue
        if place := place_of(word):
            seen.places.append(place)
        elif "arn:aws" in word:
            _arn(seen, word, text[max(token.start() - 40, 0) : token.start()])
        elif "://" in word or ("." in word and regions.locate(word.split("/")[0], "portal")):
            _link(seen, word)
        elif _ZONE.fullmatch(word):
            _region(seen, word, text[max(token.start() - 150, 0) : token.start()])
        elif _KEY.fullmatch(word):
            _keys(seen, word, text, token.start() + len(word))
        elif re.match(r"\\?[~/.$]|[A-Za-z]:\\", word):
            _path(seen, word.lstrip("\\"))
    _words(seen, text)
    return seen


def _arn(seen: Mentions, word: str, before: str) -> None:
    at = word.index("arn:aws")
    arn, before = word[at : at + 600], (before + word[:at])[-60:]
    named = re.match(pattern("(?:iam|sts)", r"([a-z-]+)/(\S+)"), mended(arn))
    if not named:
        return
    account, (kind, name) = account_in(named[0]), named.groups()
    if found := re.search(r"AWSReservedSSO_([\w+=,.@-]+?)_[0-9a-f]{16}(?:/|$)", name):
        where = re.search(rf"sso\.amazonaws\.com/({REGION})/", name)
        told = {"sso_account_id": account, "sso_role_name": found[1]}
        seen.sso.append({**told, **({"sso_region": where[1]} if where else {})})
    elif kind in ("role", "assumed-role"):
        seen.roles.append({"role_arn": arn})
        if kind == "assumed-role" or _MADE_BY_A_TOOL.search(before):
            seen.origins.add(arn)
    elif kind in ("mfa", "sms-mfa"):
        seen.devices.append(arn)
    elif kind in ("user", "federated-user"):
        seen.users.append(f"{name.rpartition('/')[2]} of account {account}")


def _link(seen: Mentions, word: str) -> None:
    word = word if "://" in word else "https://" + word
    try:
        url = urlsplit(word[word.index("http") :] if "http" in word else word)
        host, asked = url.hostname or "", parse_qs(f"{url.query}&{url.fragment.partition('?')[2]}")
    except ValueError:
        return
    told = {key: values[0] for key, values in asked.items()}
    if regions.locate(host, "portal"):
        start = {"sso_start_url": url.geturl(), "sso_account_id": told.get("account_id", "")}
        seen.starts.append({**start, "sso_role_name": told.get("role_name", "")})
        _destination(seen, told.get("destination", ""))
    elif found := regions.locate(host, "sign-in"):
        _signin(seen, found[0], url.path, told)
    elif found := regions.locate(host, "console"):
        region = told.get("region") or found[1]
        seen.regions += [region] if regions.is_region(region) else []


def _destination(seen: Mentions, page: str) -> None:
    """Read the console page that a link to the access portal leads to."""
    if place := place_of(page):
        seen.places.append(place)
    elif page.startswith("https://") and "destination=" not in page:
        _link(seen, page)


def _signin(seen: Mentions, partition: str, path: str, told: dict[str, str]) -> None:
    account, name = told.get("account", ""), told.get("roleName", "")
    if path.rstrip("/").endswith("switchrole") and re.fullmatch(r"[0-9]{12}", account) and name:
        seen.roles.append({"role_arn": f"arn:{partition}:iam::{account}:role/{name}"})


def _region(seen: Mentions, word: str, before: str) -> None:
    try:
        found = validate.region(word)
    except BadAnswer:
        found = ""
    about = list(_REGION_OF.finditer(_CLAUSE.split(before)[-1]))
    if about and about[-1]["sso"]:
        seen.sso_regions.append(word)
    elif found:
        seen.regions.append(found.value if isinstance(found, Corrected) else found)


def _keys(seen: Mentions, word: str, text: str, at: int) -> None:
    """Read the values after a bare access key ID: secret, token and expiry, as in CSV and text output."""
    keys = {"aws_access_key_id": word}
    for _ in range(7):
        found = _NEXT.match(text, at)
        if not found or len(found[1]) > 20000:
            break
        value, at = found[1].rstrip(".!?)`*"), found.end()
        if re.fullmatch(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}T\S{5,20}", value):
            keys["expires_at"] = value
        elif "aws_secret_access_key" not in keys and re.fullmatch(r"[A-Za-z0-9/+]{40}", value):
            keys["aws_secret_access_key"] = value
        elif "aws_secret_access_key" in keys and re.fullmatch(r"(?=\D*\d)[A-Za-z0-9/+=_-]{20,}", value):
            keys["aws_session_token"], at = unwrapped(text, found.start(1), found.start(1) + len(value))
            keys |= {"joined": "yes"} if len(keys["aws_session_token"]) > len(value) else {}
        elif not _BETWEEN.fullmatch(value.strip(":=-/").lower()):
            break
    if word.startswith("AKIA"):
        keys.pop("aws_session_token", None)
    seen.keys.append(keys)


def _path(seen: Mentions, word: str) -> None:
    name = re.split(r"[/\\]", word.lower())[-1]
    if "token" in name or name.endswith(".jwt"):
        seen.token_files.append(word)
    elif "saml" in name or "assertion" in name:
        seen.saml_files.append(word)


def _words(seen: Mentions, text: str) -> None:
    """Find accounts, role names, profiles, repository names and regions (by city) in prose."""
    for found in _ACCOUNT.finditer(text):
        seen.accounts.append(re.sub("[ -]", "", found[0]))
    seen.role_names += _role_names(text)
    seen.profiles += [name for name in _first_groups(_PROFILE, text) if not _NO_NAMES.fullmatch(name)]
    for name in _first_groups(_REPOSITORY, text):
        place = _by_name(name.rstrip("."))
        seen.places += [place] if place else []
    for city in [*(m[0] for m in _LONG_REGION.finditer(text)), *_first_groups(_CITIES, text)]:
        _region(seen, city, "")


def _first_groups(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    for found in pattern.finditer(text):
        yield next(filter(None, found.groups()), "")


def _role_names(text: str) -> Iterator[str]:
    for found in _ROLE.finditer(text):
        sure = found["mark"].rstrip().endswith((":", "=")) or found["quote"]
        name = found["name"].rstrip(".,")
        if (sure or name[0].isupper()) and not _NO_NAMES.fullmatch(name) and not name.lower().startswith("arn"):
            yield name
    for found in _ROLE_BEFORE.finditer(text):
        if not _NO_NAMES.fullmatch(found["name"]):
            yield found["name"]


def _by_name(name: str) -> Place | None:
    if _NO_REPOSITORY.match(name) or is_placeholder(name) or looks_secret(name):
        return None
    try:
        return Place(name, address.parse(name))
    except BadAnswer:
        return None


def only_a_name(text: str) -> Place | None:
    """Return the repository if the text consists of its name alone. A plain word is not taken as one."""
    word = text.strip().strip("\"'`")
    return _by_name(word) if re.fullmatch(_TELLING, word, re.ASCII) and re.search("[A-Za-z]{3}", word) else None


def looks_secret(word: str) -> bool:
    """Return whether a word may be a key or a password. A name consists of parts."""
    longest = max(re.split("[-_.@]", word), key=len)
    return len(longest) >= 16 and all(re.search(letters, longest) for letters in ("[0-9]", "[A-Z]", "[a-z]"))
