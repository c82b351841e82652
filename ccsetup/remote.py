"""What git runs as git-remote-codecommit: signs at once when the credentials are at hand, through botocore otherwise.

The contract of AWS's tool of that name: `git-remote-codecommit REMOTE URL`, where git passes `REGION://PROFILE@REPO`
for `codecommit::REGION://…`, and the whole of `codecommit://PROFILE@REPO`. Three things differ. What is secret reaches
`git remote-http` through the environment, never as an argument that every process of the machine can read. What
goes wrong is one sentence with the command that helps. And nobody is ever asked anything: git's own words go
through stdin.
"""

from __future__ import annotations

import os
import sys
import time

from ccsetup import signing

TYPE_CHECKING = False  # as typing's, whose import takes longer than a call
if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.session import Session

_EXAMPLE = "codecommit::us-east-2://dev@MySharedDemoRepo"
_NAME = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")

# Git asks this shell function for the user name and the password; both wait in the environment.
_ANSWER = '!f() { test "$1" != get || printf "username=%s\\npassword=%s\\n" "$CCSETUP_USER" "$CCSETUP_PASSWORD"; }; f'


class Refused(Exception):
    """Git's request cannot be served; the one sentence that says why and what to run."""


def main() -> int:
    """Serve git; return the exit code."""
    try:
        return serve(sys.argv[1:])
    except Refused as refused:
        print("".join(c if c.isprintable() else " " for c in str(refused)), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def serve(arguments: list[str]) -> int:
    """Run `git remote-http` with a signed request for the repository. Raises Refused."""
    if len(arguments) != 2:
        raise Refused(f"git runs this command by itself, for addresses such as: git clone {_EXAMPLE}")
    region, profile, repository = read_url(arguments[1])
    region, (access_key, secret, token) = _grant(profile, region)
    host = os.environ.get("CODE_COMMIT_ENDPOINT") or signing.git_host(region)
    path = f"/v1/repos/{repository}"
    secrets = {
        "CCSETUP_USER": signing.git_user(access_key, token),
        "CCSETUP_PASSWORD": signing.git_password(secret, region, host, path, time.time()),
    }
    helper = f"credential.https://{host}.helper"
    # The empty one first: keychains and other helpers of this machine are not asked, and get nothing to keep.
    git = ["git", "-c", f"{helper}=", "-c", f"{helper}={_ANSWER}"]
    return _run([*git, "remote-http", arguments[0], f"https://{host}{path}"], {**os.environ, **secrets})


def read_url(url: str) -> tuple[str, str | None, str]:
    """Return the region ("": the profile's), the profile (None: none named) and the repository of git's URL."""
    scheme, found, named = url.partition("://")
    profile, at, repository = named.removesuffix("/").partition("@")
    repository = repository if at else profile
    scheme = scheme.lower().removeprefix("codecommit::")
    if not found or not repository or (at and not profile) or not (scheme == "codecommit" or "-" in scheme):
        raise Refused(f"{url} is no CodeCommit address; one looks like {_EXAMPLE}")
    # AWS's tool reads codecommit://org/dev@Repo as the repository org, with the default credentials.
    if not _NAME.issuperset(repository) or repository in (".", "..") or any(c in profile for c in "/?#"):
        raise Refused(f"{url} cannot be read: profile and repository take letters, digits and .-_ as in {_EXAMPLE}")
    return "" if scheme == "codecommit" else scheme, profile if at else None, repository


def _grant(profile: str | None, region: str) -> tuple[str, signing.Keys]:
    """Return the region and the keys to sign with: those at hand, or botocore's."""
    try:
        name = profile if profile is not None else _default_profile()
        config, credentials = signing.settings(name)
        keys = _environment() if profile is None else None
        stored = keys or signing.at_hand(config, credentials, time.time())
        region = region or os.environ.get("AWS_DEFAULT_REGION") or {**config, **credentials}.get("region", "")
        if stored and region in signing.REGIONS:
            moment = not keys and signing.ended(config, credentials, time.time())
            if moment:
                print(f"The keys of {name} ended {_clock(moment)}. {_again(name)}", file=sys.stderr)
            return region, stored
    except signing.Unsure:
        pass
    spared, nothing = os.dup(0), os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)  # a credential_process shall not read git's words either
    try:
        return _through_botocore(profile, region)
    finally:
        os.dup2(spared, 0)


def _default_profile() -> str:
    """Return the profile of an address that names none, as boto3 chooses it."""
    return os.environ.get("AWS_DEFAULT_PROFILE", os.environ.get("AWS_PROFILE", "default"))


def _environment() -> signing.Keys | None:
    """Return the environment's keys: they count when the address names no profile. Raises Unsure."""
    get = os.environ.get
    if get("AWS_CREDENTIAL_EXPIRATION") or "AWS_WEB_IDENTITY_TOKEN_FILE" in os.environ:
        raise signing.Unsure
    if not get("AWS_ACCESS_KEY_ID"):
        return None
    token = get("AWS_SECURITY_TOKEN") or get("AWS_SESSION_TOKEN") or ""
    return signing.checked((get("AWS_ACCESS_KEY_ID", ""), get("AWS_SECRET_ACCESS_KEY", ""), token))


def _run(command: list[str], env: dict[str, str]) -> int:
    """Become git where a process can become another, else run it; return its exit code."""
    try:
        if os.name == "nt":
            import subprocess

            return subprocess.call(command, env=env)
        os.execvpe(command[0], command, env)  # noqa: S606  (no shell, and a fixed program)
    except FileNotFoundError:
        raise Refused("git is not on the PATH; install it from https://git-scm.com/downloads") from None


def _through_botocore(profile: str | None, region: str) -> tuple[str, signing.Keys]:
    """Let botocore find the keys, with the cache for assumed roles that AWS's git-remote-codecommit uses."""
    import botocore.session
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.utils import JSONFileCache

    session = botocore.session.Session(profile=profile)
    name = profile if profile is not None else _default_profile()
    try:
        region = _region(session, name, region)
        session.set_default_client_config(
            Config(connect_timeout=10, read_timeout=15, retries={"total_max_attempts": 2})
        )
        roles = session.get_component("credential_provider").get_provider("assume-role")
        roles.cache, roles._prompter = JSONFileCache(), _nobody_to_ask
        credentials = session.get_credentials()
        if credentials is None:
            raise Refused(f"Profile {name} holds no credentials. {_again(name)}")
        keys = credentials.get_frozen_credentials()
        return region, signing.checked((keys.access_key or "", keys.secret_key or "", keys.token or ""))
    except _MfaNeeded:
        raise Refused(f"Profile {name} needs a new MFA code. {_again(name)}") from None
    except signing.Unsure:
        raise Refused(f"The keys of {name} are incomplete or broken over two lines. {_again(name)}") from None
    except (BotoCoreError, ClientError, OSError, LookupError, ValueError, TypeError) as error:
        raise Refused(_words(error, name, session)) from error


class _MfaNeeded(Exception):
    """A role wants an MFA code, and this is not the place to type one."""


def _nobody_to_ask(_: str) -> str:
    raise _MfaNeeded


def _region(session: Session, name: str, region: str) -> str:
    """Return the address's region, else the profile's; it must be one that has CodeCommit."""
    own = session.get_config_variable("region")
    region = region or own or ""
    if not region:
        raise Refused(f"Profile {name} has no region; put it into the address: {_EXAMPLE.replace('dev', name)}")
    offered = (r for p in session.get_available_partitions() for r in session.get_available_regions("codecommit", p))
    if region not in signing.REGIONS and region not in offered:
        zone = f"; {region} is a zone of {region[:-1]}" if region[:-1] in signing.REGIONS else ""
        near = zone or _near(region, signing.REGIONS) or "; a region is such as us-east-2"
        raise Refused(f"There is no CodeCommit in {region}{near}")
    if not own:
        session.set_config_variable("region", region)
    return region


def _words(error: Exception, name: str, session: Session) -> str:
    """Return the sentence for what botocore raised."""
    from botocore.exceptions import ClientError

    kind, told = type(error).__name__, getattr(error, "kwargs", {})
    if isinstance(error, ClientError):
        return _refusal(error.response["Error"], name)
    if isinstance(error, FileNotFoundError):
        return f"{error.filename}, which profile {name} names, is not there. {_again(name)}"
    if kind == "ProfileNotFound":
        return _no_profile(str(told.get("profile", name)), session)
    if kind == "ConfigParseError":
        return _broken_file(str(told.get("path")), told.get("error"))
    if kind == "PartialCredentialsError":
        return f"Profile {name} lacks {told.get('cred_var')}. {_again(name)}"
    if kind in ("SSOTokenLoadError", "UnauthorizedSSOTokenError", "TokenRetrievalError"):
        return f"Sign-in for {name} {_sign_in_ended(name, session)}. {_again(name)}"
    if kind == "MissingDependencyException":
        return f"Profile {name} was made by aws login and needs botocore[crt] beside ccsetup. Or: {_again(name)}"
    if kind in _UNREACHED:
        return f"AWS could not be reached to renew {name}: {error}"
    return f"Profile {name} cannot be used: {error}. {_again(name)}"


_UNREACHED = (
    "EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError", "ConnectionClosedError",
    "ProxyConnectionError", "SSLError", "HTTPClientError",
)  # fmt: skip


def _broken_file(path: str, error: object) -> str:
    """Return the sentence for a file that no SDK can read, with the line where configparser tells it."""
    lines = [getattr(error, "lineno", None), *(line for line, _ in getattr(error, "errors", ()))]
    where = next((f": look at its line {line}" for line in lines if line), "")
    return f"{path} cannot be read, so that no profile works{where}"


def _refusal(refused: Mapping[str, object], name: str) -> str:
    """Return the sentence for what AWS answered when keys were to be renewed."""
    code, message = str(refused.get("Code")), str(refused.get("Message")).rstrip(".")
    if code in ("ExpiredToken", "ExpiredTokenException", "RequestExpired"):
        return f"The credentials behind {name} have ended. {_again(name)}"
    if code in ("InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "InvalidIdentityToken"):
        return f"AWS does not accept the credentials behind {name} ({code}: {message}). {_again(name)}"
    if code in ("AccessDenied", "AccessDeniedException"):
        return f"AWS refuses profile {name} its role: {message}. Send this line to your administrator."
    return f"AWS refuses profile {name} ({code}): {message}. {_again(name)}"


def _no_profile(name: str, session: Session) -> str:
    if not name:
        return "AWS_PROFILE is set but empty. Run: unset AWS_PROFILE"
    return f"There is no profile {name}{_near(name, session.available_profiles) or '.'} {_again(name)}"


def _near(name: str, names: list[str] | dict[str, str]) -> str:
    from difflib import get_close_matches

    by_lower = {known.lower(): known for known in names}
    near = [by_lower[found] for found in get_close_matches(name.lower(), by_lower, 3)]
    return f"; did you mean {' or '.join(near)}?" if near else ""


def _sign_in_ended(name: str, session: Session) -> str:
    """Say when the cached sign-in behind a profile ended, such as "ended at 18:04"."""
    from hashlib import sha1

    from botocore.utils import JSONFileCache

    profiles = session.full_config["profiles"]
    profile = profiles.get(name, {})
    source = profiles.get(profile.get("source_profile"), {})
    start = next((s[key] for s in (profile, source) for key in ("sso_session", "sso_start_url") if key in s), "")
    try:
        cache = JSONFileCache(os.path.expanduser("~/.aws/sso/cache"))  # noqa: PTH111
        return f"ended {_clock(cache[sha1(start.encode(), usedforsecurity=False).hexdigest()]['expiresAt'])}"
    except (KeyError, TypeError, ValueError):
        return "is needed"


def _clock(moment: str) -> str:
    """Return a moment (UTC, as in 2026-01-31T18:04:00Z) in local time: "at 18:04", "on 2026-01-30 at 18:04"."""
    from calendar import timegm

    local = time.localtime(timegm(time.strptime(moment[:19], "%Y-%m-%dT%H:%M:%S")))
    return time.strftime("at %H:%M" if local[:3] == time.localtime()[:3] else "on %Y-%m-%d at %H:%M", local)


def _again(name: str) -> str:
    """Return the command that makes a profile work again."""
    return f"Run: ccsetup setup --profile {name if _NAME.issuperset(name) else repr(name)}"


if __name__ == "__main__":
    sys.exit(main())
