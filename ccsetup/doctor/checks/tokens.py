"""Tokens in files: sign-in tokens in the cache that all SDKs share, and OIDC token files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath, PureWindowsPath

from ccsetup.aws.sso import token_cache
from ccsetup.awsfiles.settings import comment, meant
from ccsetup.core import validate, web_token
from ccsetup.core.command_line import quote
from ccsetup.core.context import Start, start_of
from ccsetup.core.errors import BadAnswer
from ccsetup.doctor.checks.sso import whole
from ccsetup.doctor.facts import Facts
from ccsetup.doctor.findings import FIX, OFFERED, Finding, Remedy, Wanted
from ccsetup.doctor.locate import Place, added, finding, place, respelled

_FILE = "web_identity_token_file"
_HOME = re.compile(r"(?:~|\$(?:env:)?(?:HOME|USERPROFILE)|\$\{HOME\}|%(?:USERPROFILE|HOME)%)(?=[/\\]|$)", re.IGNORECASE)


def cached(facts: Facts) -> Iterator[Finding]:
    """Find sign-ins that are missing, expired or damaged: one finding for all the profiles that share one."""
    users: dict[Start, list[str]] = {}
    for session in facts.sharing:
        names = whole(facts, session)
        for those in filter(None, [names] if session else [[name] for name in names]):
            settings = {"sso_session": session} if session else facts.intended[those[0]]
            start = start_of(settings, facts.sessions)._replace(fips="", dualstack="")  # they share a token
            users.setdefault(start, []).extend(those)
    for start, names in users.items():
        path = facts.home / ".aws" / "sso" / "cache" / token_cache.token_name(start)
        if not validate.works_as_start_url(meant(start.url)):
            continue
        if path in facts.unreadable:
            says = f"The saved sign-in for {_whose(names)} can't be used. {facts.unreadable[path]}"
            yield _signed_out(facts, names, "file.unreadable", says, _READ.rstrip("."))._replace(path=path, line=0)
            continue
        text = facts.found.get(path)
        token = token_cache.token_in(text) if text is not None else None
        if text is not None and token is None:
            yield _corrupt(facts, names, path)
        elif token is None or not token.serves(start._replace(url=meant(start.url), region=meant(start.region))):
            yield _signed_out(
                facts, names, "sso.signed-out", f"{_all(names)} not signed in.", "AWS tools fail with SSOTokenLoadError"
            )
        elif token.expires_at <= facts.now and not (start.session and _renews(facts, token)):
            says = f"The sign-in for {_whose(names)} expired at {token.expires_at:%Y-%m-%d %H:%M} UTC."
            because = (
                "AWS tools fail with UnauthorizedSSOTokenError or TokenRetrievalError, and git may print a traceback"
            )
            yield _signed_out(facts, names, "sso.expired", says, because)


def _all(names: list[str]) -> str:
    return f"{names[0]} and {len(names) - 1} more are" if len(names) > 1 else f"{names[0]} is"


def _whose(names: list[str]) -> str:
    return f"{names[0]} and {len(names) - 1} more" if len(names) > 1 else names[0]


def _renews(facts: Facts, token: token_cache.Token) -> bool:
    """Return whether SDKs can renew a sign-in by themselves."""
    return bool(token.refresh and token.registration and token.registration.expires_at > facts.now)


def _signed_out(facts: Facts, names: list[str], code: str, says: str, because: str) -> Finding:
    where = place(facts, names[0], "sso_session") or place(facts, names[0], "sso_start_url")
    also = tuple(dict.fromkeys([*names[1:], *(it for name in names for it in facts.resting_on(name))]))
    do = f"ccsetup login {quote(names[0])}"
    return finding(facts, names[0], where, code, "stops", says, because=f"{because}.", do=do, also=also)


def _corrupt(facts: Facts, names: list[str], path: Path) -> Finding:
    found = _signed_out(
        facts,
        names,
        "sso.cache-corrupt",
        f"The file with the saved sign-in for {_whose(names)} is damaged.",
        "AWS tools fail with SSOTokenLoadError or KeyError",
    )
    remedy = Remedy("Delete the file", "then sign in again", remove=(path,))
    return found._replace(path=path, line=1, fix="auto", remedies=(remedy,))


def token_path(facts: Facts) -> Iterator[Finding]:
    """Find token file paths that SDKs can't find, because they don't expand them."""
    for name, there in facts.intended.items():
        where = place(facts, name, _FILE) if _FILE in there else None
        if where is None or is_absolute(facts, meant(where.value)):
            continue
        value = meant(where.value)
        paths = whole_paths(facts, value)
        there_now = [it for it in paths if facts.found.get(it) is not None]
        likely = there_now or [facts.home / value] if len(paths) > 1 else paths
        works = len(likely) == 1 and not _HOME.match(value) and facts.cwd / value in there_now
        wanted = Wanted("Token file (absolute path)", partial(_absolute, facts), partial(_at, where))
        yield finding(
            facts,
            name,
            where,
            "oidc.token-path",
            "hinders" if works else "stops",
            f"{name}: SDKs use the path {value} as is and look for the token file in the current folder.",
            because="AWS tools fail with FileNotFoundError. They don't expand ~ or $HOME in this path.",
            fix="auto" if len(likely) == 1 else "ask",
            remedies=tuple(_at(where, str(it)) for it in dict.fromkeys(_without_dots(facts, it) for it in likely)),
            wanted=None if len(likely) == 1 else wanted,
        )


def _without_dots(facts: Facts, path: Path) -> Path:
    """Return a path without `..`, unless that names another file because a folder in it is a link."""
    plain = without_dots(path)
    return plain if facts.found.get(plain) == facts.found.get(path) else path


def without_dots(path: Path) -> Path:
    """Return a path without `..`, as it is if no folder in it is a link."""
    return Path(os.path.normpath(path))


def _at(where: Place, path: str) -> Remedy:
    return Remedy(f"Use {path}", changes=respelled(where, path + comment(where.value)))


def _absolute(facts: Facts, text: str) -> str:
    value = validate.token_file(text)
    if not is_absolute(facts, value):
        raise BadAnswer("The token file needs an absolute path, for example, /home/maria/token.jwt.")
    return value


def is_absolute(facts: Facts, value: str) -> bool:
    """Return whether a path is absolute."""
    return (PureWindowsPath(value) if facts.windows else PurePosixPath(value)).is_absolute()


def whole_paths(facts: Facts, value: str) -> list[Path]:
    """Return the absolute paths that a path may stand for: in the home or current folder, or beside the config file."""
    value = value.removeprefix("file://")
    own = value.replace(f"~{facts.home.name}", "~", 1) if value.startswith("~") else value
    if found := _HOME.match(own):
        return [facts.home / own[found.end() :].lstrip("/\\")]
    if is_absolute(facts, value):
        return [Path(value)]
    return [*dict.fromkeys(it / value for it in (facts.cwd, facts.home, facts.texts.config_path.parent))]


def token(facts: Facts) -> Iterator[Finding]:
    """Find token files that are missing, empty, invalid or expired."""
    for name, there in facts.intended.items():
        where = place(facts, name, _FILE) if _FILE in there else None
        if where is None:
            continue
        paths = whole_paths(facts, meant(where.value))
        path = next((it for it in paths if facts.found.get(it) is not None), paths[0])
        if path in facts.unreadable:
            says = f"{name}: the token file can't be used. {facts.unreadable[path]}"
            do = f"ccsetup setup oidc --profile {quote(name)}"
            yield finding(facts, name, where, "file.unreadable", "stops", says, because=_READ, do=do)
            continue
        if told := _of_text(facts, path, facts.found.get(path)):
            code, says, because = told
            do = f"Have your identity provider write a new token to {path}, then run: ccsetup login {quote(name)}"
            if code == "oidc.token-missing":  # it may have been moved
                do = do.replace(", then run: ", ", then use ") + f". If the token has another path now: {FIX}"
            found = finding(facts, name, where, code, "stops", f"{name}: {says}", because=because, do=do)
            if code == "oidc.token-missing":
                wanted = Wanted("Token file (absolute path)", partial(_absolute, facts), partial(_at, where))
                found = found._replace(fix="ask", wanted=wanted)
            yield found


_READ = "AWS tools can hang if they open a pipe or a device."


def _of_text(facts: Facts, path: Path, text: str | None) -> tuple[str, str, str] | None:
    """Return what is wrong with a token: the code, the sentence, and what tools say about it."""
    if text is None:
        return "oidc.token-missing", f"the token file {path} doesn't exist.", "AWS tools crash with FileNotFoundError."
    if not text.strip():
        return (
            "oidc.token-empty",
            f"the token file {path} is empty.",
            "AWS tools fail with ParamValidationError.",
        )
    if why := web_token.fault(text):
        says = f"the file {path} doesn't contain a valid token: {why}."
        return (
            "oidc.token-invalid",
            says,
            "AWS would reject the token with InvalidIdentityToken.",
        )
    ends = validate.token(text).expires_at
    if ends and ends <= facts.now:
        says = f"the token in {path} expired at {ends:%Y-%m-%d %H:%M} UTC."
        return "oidc.token-expired", says, "AWS rejects an expired token with ExpiredTokenException."
    return None


def without_role(facts: Facts) -> Iterator[Finding]:
    """Find token files without a role to assume with them."""
    known = None
    for name, there in facts.intended.items():
        where = place(facts, name, _FILE) if _FILE in there and not there.get("role_arn", "").strip() else None
        if where is None:
            continue
        if known is None:
            known = [it["role_arn"] for it in facts.intended.values() if _FILE in it and it.get("role_arn")]
        yield _without_role(facts, name, where, [*dict.fromkeys(known)])


def _without_role(facts: Facts, name: str, where: Place, known: list[str]) -> Finding:
    empty = place(facts, name, "role_arn")

    def remedy(arn: str) -> Remedy:
        change = respelled(empty, arn) if empty and empty.own else added(where, {"role_arn": arn})
        return Remedy(f"role_arn = {arn}", changes=change)

    return finding(
        facts,
        name,
        where,
        "oidc.role",
        "stops",
        f"{name} has a token file but no role_arn.",
        because="AWS tools report “… web identity but has no role ARN configured”.",
        fix="ask",
        remedies=tuple(map(remedy, known[:OFFERED])),
        wanted=Wanted("Role ARN", validate.role_arn, remedy),
        do=f"ccsetup setup oidc --profile {quote(name)}",
    )


CHECKS = (cached, token_path, token, without_role)
