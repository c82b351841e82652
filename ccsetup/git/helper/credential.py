"""git-credential-ccsetup, git's credential helper: signs requests to CodeCommit.

The interface is git's (gitcredentials(7)), and the signature is the same as that of `aws codecommit
credential-helper`, byte for byte: `git-credential-ccsetup [--profile P] [--region R] get|store|erase`, with attributes
as key=value lines on stdin, and user name and password on stdout. It signs for CodeCommit's hosts, as core/regions.py
lists them, and for the host in CODE_COMMIT_ENDPOINT. For other hosts it prints nothing, and git asks the next helper.
If there are no credentials for CodeCommit, or if a host only looks like CodeCommit's, it tells git to quit. Otherwise
git would go on to keychains and a prompt.
"""

import os
import sys
import time

from ccsetup.core import regions
from ccsetup.git.helper import keys, messages, signing
from ccsetup.git.helper.messages import Refused

_LASTS_S = 15 * 60  # how long CodeCommit accepts a signature
_LIMIT = 1 << 20  # bytes of a request; git's have a few hundred
_SETTING = "git config credential.helper 'ccsetup --profile dev'"


def main() -> int:
    """Answer git and return the exit code."""
    return messages.answered(serve)


def program() -> int:
    """Answer git and exit. This is what the command starts."""
    return messages.ended(main())


def serve(arguments: list[str]) -> int:
    """Answer git's `get`. Do nothing on `store` and `erase`. Raises Refused."""
    profile, region, verb = read_arguments(arguments)
    heard = _heard()
    question = read_question(heard)
    if verb == "erase" and question and host_region(question[0]) is not None:
        messages.after_refusal()  # git has sent the password and was refused
    if verb != "get" or question is None:
        return 0
    host, path = question
    region_of_host = host_region(host)
    try:
        if region_of_host is not None:
            _refuse_username(heard)
            _say(answer(profile, region_of_host or region, host, path))
        elif not host.isprintable() or "git-codecommit" in host.lower():
            raise Refused(
                f"{host!a} isn't a CodeCommit host, so ccsetup doesn't sign requests to it. "
                "Check the remote URL: git remote -v",
                "git.remote",
            )
    except Refused:
        _say("quit=1\n")
        raise
    return 0


def answer(profile: str | None, region: str, host: str, path: str) -> str:
    """Return the answer to git for a repository's host and path. Raises Refused."""
    if not path.isprintable():
        raise Refused(
            f"{path!a} isn't a repository path, so ccsetup doesn't sign requests to it. "
            "Check the remote URL: git remote -v",
            "git.remote",
        )
    if not path:
        setting = f"credential.https://{host}.useHttpPath true"
        raise Refused(
            f"git doesn't pass the repository path to the credential helper. Run: git config --global {setting}",
            "git.inherited-helper",
        )
    remedy = "Add a region to the credential.helper setting, for example: --region us-east-2"
    region, (access_key, secret, token), _ = keys.granted(profile, region, remedy)
    now = time.time()
    signed_path = f"/{path}".partition("#")[0].partition("?")[0]
    password = signing.git_password(secret, region, host.partition(":")[0], signed_path, now)
    user = signing.git_user(access_key, token)
    return f"username={user}\npassword={password}\npassword_expiry_utc={int(now) + _LASTS_S}\n"


def read_arguments(arguments: list[str]) -> tuple[str | None, str, str]:
    """Return the profile (None if not given), the region ("" if not given) and the verb. Raises Refused."""
    given: dict[str, str] = {}
    words: list[str] = []
    rest = iter(arguments)
    for word in rest:
        name, has_value, value = word.partition("=")
        if name in ("--profile", "--region"):
            given[name] = value if has_value else next(rest, "")
        else:
            words.append(word)
    if len(words) != 1 or words[0].startswith("-") or "" in given.values():
        raise Refused(f"git runs this command for you. To configure it, run: {_SETTING}", "input.invalid")
    return given.get("--profile"), given.get("--region", ""), words[0]


def read_question(text: bytes) -> tuple[str, str] | None:
    """Return the host and path ("" if missing) of git's request, None if it isn't about HTTPS or can't be decoded.

    A carriage return is part of a value, because the host in a URL may end with one. If every line ends with one, a
    Windows tool wrote the request; git itself never does.
    """
    asked: dict[bytes, bytes] = {}
    if text.count(b"\r\n") == text.count(b"\n"):
        text = text.replace(b"\r\n", b"\n")
    for line in text.split(b"\n"):
        if not line:
            break
        key, _, value = line.partition(b"=")
        asked[key] = value
    try:
        host, path = asked.get(b"host", b"").decode("ascii"), asked.get(b"path", b"").decode()
    except UnicodeDecodeError:
        return None
    return (host, path) if asked.get(b"protocol") == b"https" else None


def _refuse_username(heard: bytes) -> None:
    """Raise Refused if the remote URL has a username: git would send it with the signature that is for another one."""
    found = [line.partition(b"=")[2] for line in heard.splitlines() if line.startswith(b"username=")]
    name = found[-1].decode("ascii", "replace") if found else ""
    if name and not name.startswith(("AKIA", "ASIA")):
        raise Refused(
            f"The remote URL includes the username {name}, so AWS would reject every signed request. {messages.REPAIR}",
            "git.remote",
        )


def host_region(host: str) -> str | None:
    """Return the region in a CodeCommit host name, "" for the host in CODE_COMMIT_ENDPOINT, None for other hosts."""
    if region := regions.git_region(host):
        return region
    named = host.isprintable() and host.lower() == os.environ.get("CODE_COMMIT_ENDPOINT", "").lower()
    return "" if host and named else None


def _heard() -> bytes:
    """Return what git writes to the pipe, nothing if it is too long for a request."""
    heard = b""
    try:
        while len(heard) <= _LIMIT and (piece := os.read(0, 65536)):
            heard += piece
    except OSError:  # stdin is closed
        pass
    return heard if len(heard) <= _LIMIT else b""


def _say(text: str) -> None:
    """Write lines to git unchanged. Carriage returns added by Windows would become part of the password."""
    try:
        os.write(1, text.encode())
    except OSError:  # git has exited
        pass


if __name__ == "__main__":
    sys.exit(main())
