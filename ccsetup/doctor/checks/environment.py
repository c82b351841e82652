"""Environment variables that override a profile, are incomplete, or are empty."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ccsetup.awsfiles import edit
from ccsetup.awsfiles.settings import meant
from ccsetup.core import detours, sdk_files
from ccsetup.core.missing_profile import has_section
from ccsetup.core.model import FileName
from ccsetup.core.profile_kind import has_credentials
from ccsetup.doctor.checks.git import of_codecommit
from ccsetup.doctor.facts import Facts
from ccsetup.doctor.findings import Finding, Remedy, Severity
from ccsetup.doctor.locate import Place, finding, place, removed

_PAIR = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_TOKENS = ("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")
_PROFILES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
_REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")
_TOKEN_FILE = ("AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE")
FILES = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")


def unset(facts: Facts, names: Sequence[str]) -> str:
    """Return the command that unsets variables in this shell."""
    return detours.without([*names], facts.env, facts.shell)


def _told(
    facts: Facts, code: str, severity: Severity, says: str, because: str, names: Sequence[str], profile: str = ""
) -> Finding:
    return Finding(code, severity, " ".join(says.split("\n")), because, profile, do=unset(facts, names))


def _set(facts: Facts, names: Sequence[str]) -> list[str]:
    return [name for name in names if facts.env.get(name, "").strip()]


def partial(facts: Facts) -> Iterator[Finding]:
    """Find incomplete credentials in variables."""
    keys, tokens = _set(facts, _PAIR), _set(facts, _TOKENS)
    named = [name for name in (*_PAIR, *_TOKENS) if name in facts.env]
    if keys == [_PAIR[0]]:
        because = "AWS tools fail with PartialCredentialsError, unless a command itself specifies a profile."
        says = "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY isn't."
        yield _told(facts, "env.partial", "stops", says, because, named)
    elif keys == [_PAIR[1]] or (tokens and not keys):
        given = [*keys, *tokens]
        says = f"{' and '.join(given)} {'is' if len(given) == 1 else 'are'} set, but AWS_ACCESS_KEY_ID isn't."
        yield _told(
            facts, "env.partial", "hinders", says, "botocore ignores incomplete credentials; other SDKs may not.", named
        )
    elif len(keys) == 2 and not tokens and facts.env[_PAIR[0]].strip().startswith("ASIA"):
        says = "AWS_ACCESS_KEY_ID is for temporary credentials (ASIA…), but AWS_SESSION_TOKEN isn't set."
        yield _told(facts, "env.partial", "stops", says, "AWS rejects these credentials (InvalidClientTokenId).", named)


def overriding_keys(facts: Facts) -> Iterator[Finding]:
    """Find credentials or a token file in variables that override any profile not named on the command line."""
    if not facts.profiles:
        return  # nothing to override, as in CI
    if len(_set(facts, _PAIR)) == 2:
        names = [name for name in (*_PAIR, *_TOKENS, "AWS_CREDENTIAL_EXPIRATION") if name in facts.env]
        says = f"The credentials in {_PAIR[0]} override AWS_PROFILE and [default]."
        because = "Every SDK uses these credentials first, unless a command or the remote URL specifies a profile."
        yield _told(facts, "env.overrides", "hinders", says, because, names)
    if len(_set(facts, _TOKEN_FILE)) == 2:
        names = [name for name in (*_TOKEN_FILE, "AWS_ROLE_SESSION_NAME") if name in facts.env]
        says = "AWS_WEB_IDENTITY_TOKEN_FILE overrides profiles without a role, unless a command specifies a profile."
        yield _told(
            facts,
            "env.overrides",
            "hinders",
            says,
            "SDKs use the token file before sign-ins and stored credentials.",
            names,
        )


def overriding_names(facts: Facts) -> Iterator[Finding]:
    """Find two variables for the same thing with different values, so that tools use different ones."""
    one, other = (facts.env.get(name, "").strip() for name in _PROFILES)
    if one and other and one != other:
        says = f"AWS_PROFILE is {one}, but AWS_DEFAULT_PROFILE is {other}."
        because = "boto3 and git-remote-codecommit use AWS_DEFAULT_PROFILE; AWS CLI 2 and other SDKs use AWS_PROFILE."
        yield _told(facts, "env.overrides", "hinders", says, because, _PROFILES[1:])
    one, other = (facts.env.get(name, "").strip() for name in _REGIONS)
    if one and other and one != other:
        says = f"AWS_REGION is {one}, but AWS_DEFAULT_REGION is {other}."
        because = "boto3 and git-remote-codecommit use AWS_DEFAULT_REGION; AWS CLI 2 and other SDKs use AWS_REGION."
        yield _told(facts, "env.overrides", "hinders", says, because, _REGIONS[1:])


def overriding_region(facts: Facts) -> Iterator[Finding]:
    """Find a region variable that overrides the region of the profile in use."""
    name = next((facts.env[it].strip() for it in reversed(_PROFILES) if facts.env.get(it, "").strip()), "default")
    names = facts.asked or ((name,) if name in facts.profiles else ())
    for variable in _set(facts, _REGIONS):
        region = facts.env[variable].strip()
        owns = {it: there["region"] for it in names if "region" in (there := facts.profiles.get(it, {}))}
        differing = [it for it, own in owns.items() if meant(own) != meant(region)]
        if differing:
            says = f"{variable} ({region}) overrides the region of {differing[0]} ({owns[differing[0]]})."
            because = "URLs that include a region (codecommit::REGION://…) aren't affected."
            if variable == _REGIONS[0]:
                because += " boto3 and the AWS git-remote-codecommit ignore AWS_REGION."
            severity: Severity = "hinders" if variable == _REGIONS[1] else "note"
            yield _told(facts, "env.overrides", severity, says, because, [variable], differing[0])


def files(facts: Facts) -> Iterator[Finding]:
    """Find variables that replace ~/.aws/config or ~/.aws/credentials but don't name a file."""
    for variable, text in zip(FILES, (facts.texts.config, facts.texts.credentials), strict=True):
        if variable not in facts.env:
            continue
        if not facts.env[variable]:
            says = f"{variable} is set but empty, so AWS tools can't find the file."
            yield _told(facts, "env.overrides", "stops", says, "AWS tools fail with ProfileNotFound.", [variable])
        elif text is not None and (name := _left_behind(facts, variable)):
            says = f"{variable} is set to {facts.env[variable]}, which doesn't have {name}. ~/.aws does."
            because = "AWS tools don't read ~/.aws, so they fail with ProfileNotFound or NoCredentialsError."
            yield _told(facts, "env.overrides", "stops", says, because, [variable])
        elif text is None and not facts.unreadable and len(_set(facts, _PAIR)) < 2 and not _is_told(facts, variable):
            says = f"{variable} is set to {facts.env[variable]}, but that file doesn't exist."
            because = "AWS tools don't read ~/.aws, so they fail with ProfileNotFound."
            yield _told(facts, "env.overrides", "hinders", says, because, [variable])


def certificates(facts: Facts) -> Iterator[Finding]:
    """Find an empty variable or setting for the certificates that the SDK trusts."""
    for variable in sdk_files.BUNDLES:
        if variable in facts.env:
            if not facts.env[variable].strip():
                yield _told(facts, "env.overrides", "stops", f"{variable} is set but empty.", _UNCHECKED, [variable])
            break
    if sdk_files.BUNDLES[0] in facts.env:
        return  # it overrides the profiles
    users: dict[tuple[FileName, int], tuple[Place, list[str]]] = {}  # those of [DEFAULT] share a line
    for name, there in facts.intended.items():
        if not there.get(_BUNDLE, "-").strip() and (where := place(facts, name, _BUNDLE)):
            users.setdefault((where.file, where.line), (where, []))[1].append(name)
    for where, (first, *others) in users.values():
        remedy = Remedy(f"Remove {_BUNDLE}", "the SDK then trusts its own certificates", removed([where]))
        says = f"{first}: {_BUNDLE} has no value."
        more = {"because": _UNCHECKED, "fix": "auto", "remedies": (remedy,), "also": tuple(others)}
        yield finding(facts, first, where, "value.invalid", "stops", says, **more)


_BUNDLE = "ca_bundle"
_UNCHECKED = "Older versions of botocore then don't check certificates; newer ones refuse every request."


def usual(facts: Facts, variable: str) -> Path:
    """Return the path of the AWS file that a variable replaces."""
    return facts.home / ".aws" / ("config" if variable == FILES[0] else "credentials")


def _is_told(facts: Facts, variable: str) -> bool:
    """Return whether a profile that was asked for is missing because of a variable, which profiles.missing tells."""
    text = facts.found.get(usual(facts, variable)) or ""
    return any(it not in facts.profiles and has_section(text, it) for it in facts.asked)


def _left_behind(facts: Facts, variable: str) -> str:
    """Return the profile in use whose credentials are in the usual file and not in this one; "" if there is none."""
    file: FileName = "config" if variable == FILES[0] else "credentials"
    usual_one = edit.read(facts.found.get(usual(facts, variable)) or "", file)
    remote = of_codecommit(facts)
    asked = [it for it in facts.asked if it in facts.profiles]  # for others, see profiles.missing
    named = [*asked, *_named(facts), *([remote.profile] if remote and remote.profile else [])]
    named += [source for it in named if (source := facts.profiles.get(it, {}).get("source_profile"))]
    lacking = (it for it in named if not has_credentials(facts.profiles.get(it, {})))
    return next((it for it in lacking if usual_one.find("profile", it)), "")


def _named(facts: Facts) -> list[str]:
    return [facts.env[it].strip() for it in _PROFILES if facts.env.get(it, "").strip()]


def profile(facts: Facts) -> Iterator[Finding]:
    """Find a profile variable that is empty."""
    for variable in _PROFILES:
        if variable in facts.env and not facts.env[variable].strip():
            first = next(
                (it for it in reversed(_PROFILES) if it in facts.env), ""
            )  # botocore uses the first one that is set
            severity: Severity = "stops" if variable == first else "hinders"
            says = f"{variable} is set but empty."
            yield _told(
                facts,
                "env.profile",
                severity,
                says,
                "AWS tools report “The config profile () could not be found”.",
                [variable],
            )


CHECKS = (partial, overriding_keys, overriding_names, overriding_region, files, profile, certificates)
