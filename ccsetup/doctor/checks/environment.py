"""Variables of this shell that beat a profile, say half of something, or name nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ccsetup.awsfiles.settings import meant
from ccsetup.core import shells
from ccsetup.doctor.facts import Facts
from ccsetup.doctor.findings import Finding, Severity

_PAIR = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_TOKENS = ("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")
_PROFILES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
_REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")
_TOKEN_FILE = ("AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE")
_FILES = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")


def unset(facts: Facts, names: Sequence[str]) -> str:
    """Return the command that takes variables away in this shell."""
    shell = shells.SHELLS.get(facts.shell) or shells.SHELLS["bash"]
    if facts.shell not in ("powershell", "cmd"):
        return shell.remove(" ".join(names))
    return (" & " if facts.shell == "cmd" else "; ").join(map(shell.remove, names))


def _told(
    facts: Facts, code: str, severity: Severity, says: str, because: str, names: Sequence[str], profile: str = ""
) -> Finding:
    return Finding(code, severity, " ".join(says.split("\n")), because, profile, do=unset(facts, names))


def _set(facts: Facts, names: Sequence[str]) -> list[str]:
    return [name for name in names if facts.env.get(name, "").strip()]


def partial(facts: Facts) -> Iterator[Finding]:
    """Half a pair of keys."""
    keys, tokens = _set(facts, _PAIR), _set(facts, _TOKENS)
    named = [name for name in (*_PAIR, *_TOKENS) if name in facts.env]
    if keys == [_PAIR[0]]:
        because = "PartialCredentialsError, whatever profile AWS_PROFILE names; a profile that a command names is safe."
        yield _told(facts, "env.partial", "stops", "AWS_ACCESS_KEY_ID is set without its secret.", because, named)
    elif keys == [_PAIR[1]] or (tokens and not keys):
        says = f"{' and '.join([*keys, *tokens])} is set without AWS_ACCESS_KEY_ID."
        yield _told(facts, "env.partial", "hinders", says, "botocore looks past it; other SDKs may not.", named)
    elif len(keys) == 2 and not tokens and facts.env[_PAIR[0]].strip().startswith("ASIA"):
        says = "AWS_ACCESS_KEY_ID is of temporary keys (ASIA…), and AWS_SESSION_TOKEN is not set."
        yield _told(facts, "env.partial", "stops", says, "AWS refuses it: InvalidClientTokenId.", named)


def overriding_keys(facts: Facts) -> Iterator[Finding]:
    """Keys, or a token file, that every tool takes before a profile that no command names."""
    if not facts.profiles:
        return  # nothing to beat: an automation's way
    if len(_set(facts, _PAIR)) == 2:
        names = [name for name in (*_PAIR, *_TOKENS, "AWS_CREDENTIAL_EXPIRATION") if name in facts.env]
        says = f"The keys in {_PAIR[0]} win over AWS_PROFILE and [default]."
        because = "Every SDK takes them first; only a profile that the command or the clone's address names beats them."
        yield _told(facts, "env.overrides", "hinders", says, because, names)
    if len(_set(facts, _TOKEN_FILE)) == 2:
        names = [name for name in (*_TOKEN_FILE, "AWS_ROLE_SESSION_NAME") if name in facts.env]
        says = "AWS_WEB_IDENTITY_TOKEN_FILE wins over every profile but a role's, where no command names one."
        yield _told(facts, "env.overrides", "hinders", says, "SDKs look at it before sign-ins and stored keys.", names)


def overriding_names(facts: Facts) -> Iterator[Finding]:
    """Two variables for one thing that differ, so that tools differ too."""
    one, other = (facts.env.get(name, "").strip() for name in _PROFILES)
    if one and other and one != other:
        says = f"AWS_PROFILE is {one}, AWS_DEFAULT_PROFILE is {other}."
        because = "boto3 and git-remote-codecommit take AWS_DEFAULT_PROFILE, AWS CLI 2 and other SDKs AWS_PROFILE."
        yield _told(facts, "env.overrides", "hinders", says, because, _PROFILES[1:])
    one, other = (facts.env.get(name, "").strip() for name in _REGIONS)
    if one and other and one != other:
        says = f"AWS_REGION is {one}, AWS_DEFAULT_REGION is {other}."
        because = "boto3 and git-remote-codecommit take AWS_DEFAULT_REGION, AWS CLI 2 and other SDKs AWS_REGION."
        yield _told(facts, "env.overrides", "hinders", says, because, _REGIONS[1:])


def overriding_region(facts: Facts) -> Iterator[Finding]:
    """A region that beats that of the profile in use."""
    name = next((facts.env[it].strip() for it in reversed(_PROFILES) if facts.env.get(it, "").strip()), "default")
    names = facts.asked or ((name,) if name in facts.profiles else ())
    for variable in _set(facts, _REGIONS):
        region = facts.env[variable].strip()
        owns = {it: there["region"] for it in names if "region" in (there := facts.profiles.get(it, {}))}
        differing = [it for it, own in owns.items() if meant(own) != meant(region)]
        if differing:
            says = f"{variable} is {region}, and beats the region of {differing[0]}, {owns[differing[0]]}."
            because = "A clone's address that names its region is safe: codecommit::REGION://…"
            if variable == _REGIONS[0]:
                because += " boto3 and AWS's git-remote-codecommit do not look at AWS_REGION."
            severity: Severity = "hinders" if variable == _REGIONS[1] else "note"
            yield _told(facts, "env.overrides", severity, says, because, [variable], differing[0])


def files(facts: Facts) -> Iterator[Finding]:
    """Variables that name no file in the place of ~/.aws/config or ~/.aws/credentials."""
    for variable, text in zip(_FILES, (facts.texts.config, facts.texts.credentials), strict=True):
        if variable not in facts.env:
            continue
        if not facts.env[variable]:
            says = f"{variable} is set, but to nothing, so that tools find no such file."
            yield _told(facts, "env.overrides", "stops", says, "ProfileNotFound.", [variable])
        elif text is None and not facts.unreadable and len(_set(facts, _PAIR)) < 2:
            says = f"{variable} is {facts.env[variable]}, and there is no such file."
            yield _told(facts, "env.overrides", "hinders", says, "ProfileNotFound for what is in ~/.aws.", [variable])


def profile(facts: Facts) -> Iterator[Finding]:
    """A profile's variable that names none."""
    for variable in _PROFILES:
        if variable in facts.env and not facts.env[variable].strip():
            first = next(
                (it for it in reversed(_PROFILES) if it in facts.env), ""
            )  # botocore takes the first that is set
            severity: Severity = "stops" if variable == first else "hinders"
            says = f"{variable} is set, but to nothing."
            yield _told(facts, "env.profile", severity, says, "The config profile () could not be found.", [variable])


CHECKS = (partial, overriding_keys, overriding_names, overriding_region, files, profile)
