"""What git runs as git-credential-ccsetup: signs a CodeCommit address at once when the credentials are at hand.

The contract is git's (gitcredentials(7)) and of `aws codecommit credential-helper`, whose signature it makes byte for
byte: `git-credential-ccsetup [--profile P] [--region R] get|store|erase`, attributes as key=value lines on stdin, user
name and password on stdout. It signs for CodeCommit's own hosts, as core/regions.py knows them, and for the host that
CODE_COMMIT_ENDPOINT names. For any other host it says nothing, and git asks the next helper. Where CodeCommit is meant
and no keys are to be had, and where a host only looks like CodeCommit's, git is told to quit: it would go on to
keychains and a prompt.
"""

import os
import sys
import time

from ccsetup.core import regions
from ccsetup.git.helper import keys, messages, signing
from ccsetup.git.helper.messages import Refused

_LASTS_S = 15 * 60  # CodeCommit takes a signature as long as that
_LIMIT = 1 << 20  # bytes of a question; git's own have a few hundred
_SETTING = "git config credential.helper 'ccsetup --profile dev'"


def main() -> int:
    """Serve git; return the exit code."""
    try:
        return serve(sys.argv[1:])
    except Refused as refused:
        return messages.told(refused)
    except KeyboardInterrupt:
        return 130


def serve(arguments: list[str]) -> int:
    """Answer git's `get`; keep and forget nothing on `store` and `erase`. Raises Refused."""
    profile, region, verb = read_arguments(arguments)
    question = read_question(_heard())
    if verb != "get" or question is None:
        return 0
    host, path = question
    region_of_host = host_region(host)
    try:
        if region_of_host is not None:
            _say(answer(profile, region_of_host or region, host, path))
        elif not host.isprintable() or "git-codecommit" in host.lower():
            raise Refused(f"{host!a} is not a host of CodeCommit, so nothing is signed for it. Look at: git remote -v")
    except Refused:
        _say("quit=1\n")
        raise
    return 0


def answer(profile: str | None, region: str, host: str, path: str) -> str:
    """Return git's answer for a repository's host and path. Raises Refused."""
    if not path.isprintable():
        raise Refused(f"{path!a} is not the path of a repository, so nothing is signed for it. Look at: git remote -v")
    if not path:
        setting = f"credential.https://{host}.useHttpPath true"
        raise Refused(f"git does not tell which repository it wants. Run: git config --global {setting}")
    remedy = "add one where credential.helper is set, such as: --region us-east-2"
    region, (access_key, secret, token) = keys.granted(profile, region, remedy)
    now = time.time()
    signed_path = f"/{path}".partition("#")[0].partition("?")[0]
    password = signing.git_password(secret, region, host.partition(":")[0], signed_path, now)
    user = signing.git_user(access_key, token)
    return f"username={user}\npassword={password}\npassword_expiry_utc={int(now) + _LASTS_S}\n"


def read_arguments(arguments: list[str]) -> tuple[str | None, str, str]:
    """Return the profile (None: none named), the region ("": none named) and the verb. Raises Refused."""
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
        raise Refused(f"git runs this command by itself, where it is told to, as by: {_SETTING}")
    return given.get("--profile"), given.get("--region", ""), words[0]


def read_question(text: bytes) -> tuple[str, str] | None:
    """Return host and path ("": none told) of git's question; None when it is not about https, or makes no sense.

    A carriage return is part of a value, since a URL may end a host with one, unless it ends every line: that is a
    question which Windows' tools wrote, and git never does.
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


def host_region(host: str) -> str | None:
    """Return the region in a CodeCommit host's name; "" for the host of CODE_COMMIT_ENDPOINT, None for any other."""
    if region := regions.git_region(host):
        return region
    named = host.isprintable() and host.lower() == os.environ.get("CODE_COMMIT_ENDPOINT", "").lower()
    return "" if host and named else None


def _heard() -> bytes:
    """Return what git writes to the pipe; nothing when it is more than a question can be."""
    heard = b""
    try:
        while len(heard) <= _LIMIT and (piece := os.read(0, 65536)):
            heard += piece
    except OSError:  # there is no stdin
        pass
    return heard if len(heard) <= _LIMIT else b""


def _say(text: str) -> None:
    """Write git's lines as they are: Windows would end them with what git takes for a part of the password."""
    try:
        os.write(1, text.encode())
    except OSError:  # git has gone
        pass


if __name__ == "__main__":
    sys.exit(main())
