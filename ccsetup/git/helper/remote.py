"""git-remote-codecommit, git's remote helper: signs at once with stored or cached credentials, otherwise with botocore.

The interface is that of AWS's tool of the same name: `git-remote-codecommit REMOTE URL`. git passes
`REGION://PROFILE@REPO` for `codecommit::REGION://…`, and all of `codecommit://PROFILE@REPO`. There are three
differences. Secrets reach `git remote-http` through the environment, never as an argument that other programs on this
computer can read. Every error is one sentence with the command that helps. It never prompts, because stdin belongs to
git.
"""

import os
import signal
import sys
import time

from ccsetup.awsfiles import fast_read
from ccsetup.core import regions
from ccsetup.git.helper import keys, messages, signing
from ccsetup.git.helper.messages import Refused, quoted

_EXAMPLE = "codecommit::us-east-2://dev@MySharedDemoRepo"
_FIPS = "git-codecommit-fips.us-east-2.amazonaws.com"
_DIED = 128  # git's exit code if it was refused, or couldn't reach the server
_NAME = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
_HOST = _NAME | frozenset(":[]")

# Git asks this shell function for the user name and the password, which are in the environment. echo is part of every
# shell; printf isn't part of mksh, so that another process would have the password as an argument.
_ANSWER = '!f() { test "$1" != get || { echo "username=$CCSETUP_USER"; echo "password=$CCSETUP_PASSWORD"; }; }; f'

# The same if there are no credentials yet: the function waits for them at a pipe, which git and the shell inherit.
_WAITING = 9
_FRESH_S = 20  # how long an idle connection is relied on
_LATER = '!f() { test "$1" != get || while IFS= read -r CCSETUP_LINE; do echo "$CCSETUP_LINE"; done <&9; }; f'


def main() -> int:
    """Answer git and return the exit code."""
    return messages.answered(serve)


def program() -> int:
    """Answer git and exit. This is what the command starts."""
    return messages.ended(main())


def serve(arguments: list[str]) -> int:
    """Run `git remote-http` with a signed request for the repository. Raises Refused."""
    if len(arguments) != 2:
        raise Refused(
            f"git runs this command for you when you use a CodeCommit URL, for example: git clone {_EXAMPLE}",
            "input.invalid",
        )
    region, profile, repository = read_url(arguments[1])
    name = profile if profile is not None else messages.default_profile()
    remedy = f"Add a region to the URL: {_EXAMPLE.replace('dev', name)}"
    path = f"/v1/repos/{repository}"
    ahead = _Ahead.start(arguments[0], name, region, path) if profile and region and messages.is_held() else None
    try:
        region, (access_key, secret, token), fips = keys.granted(profile, region, remedy)
        host, now = _host(region, fips), time.time()
        user, password = signing.git_user(access_key, token), signing.git_password(secret, region, host, path, now)
        if ahead:
            code = ahead.answered(host, f"username={user}\npassword={password}\n")
        else:
            env = {**os.environ, "CCSETUP_USER": user, "CCSETUP_PASSWORD": password}
            code = _run(_remote_http(arguments[0], host, path, _ANSWER), env)
    except Refused as refused:
        raise (_elsewhere(refused, arguments[1]) if profile else refused) from refused
    finally:
        if ahead:
            ahead.end()
    if code == _DIED:
        messages.after_refusal(arguments[1])
    return code


class _Ahead:
    """`git remote-http`, started before there are credentials, which it needs only after the server's first answer."""

    def __init__(self, remote: str, host: str, path: str) -> None:
        self._host, self._began_s = host, time.monotonic()
        env = {key: value for key, value in os.environ.items() if key != messages.GATE}
        command = _remote_http(remote, host, path, _LATER)
        there, self._ours = os.pipe()
        os.set_inheritable(there, True)  # its number may be the wanted one
        try:
            self._pid = os.posix_spawn(command[0], command, env, file_actions=[(os.POSIX_SPAWN_DUP2, there, _WAITING)])
        except OSError as error:
            raise _not_run(command, error) from None
        finally:
            os.close(there)

    @classmethod
    def start(cls, remote: str, name: str, region: str, path: str) -> "_Ahead | None":
        """Start it. Return None if the profile's settings aren't plain."""
        try:
            config, credentials = fast_read.settings(name)
        except fast_read.Unsure:
            return None
        return cls(remote, _host(region, regions.wants_fips(os.environ, {**config, **credentials})), path)

    def answered(self, host: str, credentials: str) -> int:
        """Answer with the credentials for this host, and return git's exit code.

        If this took long, the network may have dropped the connection unnoticed. Then git fails, and ccsetup runs it
        again.
        """
        if host != self._host or time.monotonic() - self._began_s > _FRESH_S:
            return _DIED
        try:
            os.write(self._ours, credentials.encode())
        except BrokenPipeError:
            pass  # git has ended
        os.close(self._ours)
        code = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        self._pid = 0
        return code

    def end(self) -> None:
        """End git, and with it what it has started, unless it has ended."""
        if self._pid:
            os.kill(self._pid, signal.SIGTERM)
            os.waitpid(self._pid, 0)
            self._pid = 0


def _host(region: str, fips: bool) -> str:
    """Return git's host. Raises Refused."""
    host = os.environ.get("CODE_COMMIT_ENDPOINT") or regions.git_host(region, fips=fips)
    if not _HOST.issuperset(host):
        what = f"CODE_COMMIT_ENDPOINT is {host}, which isn't a valid host name."
        raise Refused(f"{what} It should look like {_FIPS}", "git.remote")
    return host


def _remote_http(remote: str, host: str, path: str, answer: str) -> list[str]:
    """Return the command line of `git remote-http`, which gets credentials from `answer` only. Raises Refused."""
    helper = f"credential.https://{host}.helper"
    # The empty value comes first: it turns off keychains and other helpers, so that they don't store the password.
    return [_git(), "-c", f"{helper}=", "-c", f"{helper}={answer}", "remote-http", remote, f"https://{host}{path}"]


def _elsewhere(refused: Refused, url: str) -> Refused:
    """Return the error to show: outside a clone, there is nothing to repair, but another profile may read the URL."""
    what, _, command = str(refused).partition(" Run: ")
    if refused.code != "profile.missing" or not command.startswith("ccsetup ") or messages.is_in_clone():
        return refused
    return Refused(f"{what} Run: ccsetup clone {quoted(url)}", refused.code)


def read_url(url: str) -> tuple[str, str | None, str]:
    """Return the region ("" for the profile's), the profile (None if not given) and the repository of git's URL."""
    scheme, found, named = url.partition("://")
    profile, at, repository = named.removesuffix("/").partition("@")
    repository = repository if at else profile
    scheme = scheme.lower().removeprefix("codecommit::")
    if not found or not repository or (at and not profile) or not (scheme == "codecommit" or "-" in scheme):
        raise Refused(f"{url} isn't a CodeCommit URL. It should look like {_EXAMPLE}", "git.remote")
    # AWS's tool reads codecommit://org/dev@Repo as the repository org, with the default credentials.
    if not _NAME.issuperset(repository) or repository in (".", "..") or any(c in profile for c in "/?#"):
        raise Refused(
            f"{url} isn't valid. A repository name can contain only letters, digits, dots, hyphens, and underscores. "
            f"A profile name in a URL can't contain /, ? or #. The URL should look like {_EXAMPLE}",
            "git.remote",
        )
    return "" if scheme == "codecommit" else scheme, profile if at else None, repository


def _git() -> str:
    """Return the absolute path of git, never one in the current folder. Raises Refused."""
    from ccsetup.core import executables

    if found := executables.path_of("git", os.environ):
        return found
    raise Refused("git isn't on the PATH. Install it: https://git-scm.com/downloads", "git.missing")


def _run(command: list[str], env: dict[str, str]) -> int:
    """Run git, which reads and writes the pipes of this process, and return its exit code."""
    try:
        if os.name == "nt":
            import subprocess

            return subprocess.call(command, env=env)
        pid = os.posix_spawn(command[0], command, env)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except OSError as error:
        raise _not_run(command, error) from None


def _not_run(command: list[str], error: OSError) -> Refused:
    return Refused(f"Couldn't run {command[0]}: {error.strerror}. Reinstall git.", "git.missing")


if __name__ == "__main__":
    sys.exit(main())
