"""What git runs as git-remote-codecommit: signs at once when the credentials are at hand, through botocore otherwise.

The contract of AWS's tool of that name: `git-remote-codecommit REMOTE URL`, where git passes `REGION://PROFILE@REPO`
for `codecommit::REGION://…`, and the whole of `codecommit://PROFILE@REPO`. Three things differ. What is secret reaches
`git remote-http` through the environment, never as an argument that every process of the machine can read. What
goes wrong is one sentence with the command that helps. And nobody is ever asked anything: git's own words go
through stdin.
"""

import os
import sys
import time

from ccsetup.core import regions
from ccsetup.git.helper import keys, messages, signing
from ccsetup.git.helper.messages import Refused

_EXAMPLE = "codecommit::us-east-2://dev@MySharedDemoRepo"
_FIPS = "git-codecommit-fips.us-east-2.amazonaws.com"
_NAME = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
_HOST = _NAME | frozenset(":[]")

# Git asks this shell function for the user name and the password; both wait in the environment.
_ANSWER = '!f() { test "$1" != get || printf "username=%s\\npassword=%s\\n" "$CCSETUP_USER" "$CCSETUP_PASSWORD"; }; f'


def main() -> int:
    """Serve git; return the exit code."""
    try:
        return serve(sys.argv[1:])
    except Refused as refused:
        return messages.told(refused)
    except KeyboardInterrupt:
        return 130


def serve(arguments: list[str]) -> int:
    """Run `git remote-http` with a signed request for the repository. Raises Refused."""
    if len(arguments) != 2:
        raise Refused(f"git runs this command by itself, for addresses such as: git clone {_EXAMPLE}")
    region, profile, repository = read_url(arguments[1])
    name = profile if profile is not None else messages.default_profile()
    remedy = f"put it into the address: {_EXAMPLE.replace('dev', name)}"
    region, (access_key, secret, token) = keys.granted(profile, region, remedy)
    host = os.environ.get("CODE_COMMIT_ENDPOINT") or regions.git_host(region)
    if not _HOST.issuperset(host):
        raise Refused(f"CODE_COMMIT_ENDPOINT is {host}, which is not a host; it should look like {_FIPS}")
    path = f"/v1/repos/{repository}"
    secrets = {
        "CCSETUP_USER": signing.git_user(access_key, token),
        "CCSETUP_PASSWORD": signing.git_password(secret, region, host, path, time.time()),
    }
    helper = f"credential.https://{host}.helper"
    # The empty one first: keychains and other helpers of this machine are not asked, and get nothing to keep.
    git = [_git(), "-c", f"{helper}=", "-c", f"{helper}={_ANSWER}"]
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


def _git() -> str:
    """Return the absolute path of git, which is never taken from the folder one stands in. Raises Refused."""
    from ccsetup.core import executables

    if found := executables.path_of("git", os.environ):
        return found
    raise Refused("git is not on the PATH; install it from https://git-scm.com/downloads")


def _run(command: list[str], env: dict[str, str]) -> int:
    """Become git where a process can become another, else run it; return its exit code."""
    try:
        if os.name == "nt":
            import subprocess

            return subprocess.call(command, env=env)
        os.execve(command[0], command, env)  # noqa: S606  (no shell, and a fixed program)
    except OSError as error:
        raise Refused(f"{command[0]} cannot be run: {error.strerror}. Install git anew") from None


if __name__ == "__main__":
    sys.exit(main())
