"""Turns git's errors into Problems: a code, what happened, what to do, and git's last lines as the reason."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from ccsetup.core import detours
from ccsetup.core.command_line import joined, quote
from ccsetup.core.errors import Problem
from ccsetup.core.text import inert, veil
from ccsetup.git import ownership


def problem_of(errors: Sequence[str], url: str, code: str) -> Problem:
    """Return the Problem for git's last lines. Its code is `code` if nothing more specific is known."""
    if refused := _refusal(errors) or ownership.refusal(errors):
        return refused
    lines = [quoted(line) for line in _own_lines(errors) if not line.startswith("warning:")]
    why = " ".join(lines[-3:])
    said = re.sub(r"[\w+.:-]+://[^\s']+", "…", " ".join(lines))  # the name of a repository must not match a cause
    name = name_of(url)
    profile = re.search(r"://([^/@]+)@", url)
    host = re.match(r"ssh://(?:[^/@]*@)?([^/:]+)", url)
    words = {
        "host": host[1] if host else "",
        "name": name,
        "login": f"ccsetup login {quote(profile[1])}" if profile else "ccsetup login",
    }
    for pattern, known_as, what, next_ in (*_OF_SSH, *_OF_HELPERS, *_CAUSES):
        if re.search(pattern, said):
            proxied = next_ == _PROXY or (known_as == "net.unreachable" and detours.proxies(os.environ))
            next_ = without_proxy() if proxied else next_.format(**words)
            return Problem(what.format(**words), why=why, next=next_, code=known_as)
    if lines and not any(line.startswith(_GITS_OWN) for line in lines):
        return _of_traceback(lines[-1])
    if not name:  # git wasn't asked for anything remote
        return Problem("git failed.", why=why, code=code)
    return Problem(
        f"git couldn't reach {name}.",
        why=why,
        next=f"Test the connection: git ls-remote {quote(quoted(url))}",
        code=code,
    )


def name_of(url: str) -> str:
    """Return the repository's name at the end of an address."""
    return re.split(r"[/@]", url.rstrip("/"))[-1]


def said(errors: Sequence[str]) -> str:
    """Return git's error output for display. If it is long, return the first two and the last three lines.

    git clone's advice after a failed checkout is left out, because the folder it names has been moved by then.
    """
    lines = [quoted(line) for line in _own_lines(errors)]
    lines = lines[: next((n for n, line in enumerate(lines) if line.startswith("warning: Clone succeeded")), None)]
    return " ".join(lines if len(lines) <= _MOST else [*lines[:2], "…", *lines[-3:]])


def not_git(name: str) -> Problem:
    """Return the Problem for a server that isn't a git server."""
    return Problem(_NOT_GIT.format(name=name), next=without_proxy(), code="access.git")


def without_proxy() -> str:
    """Return the command that leaves out the proxy, or else the one that shows git's settings for connections."""
    if detours.proxies(os.environ):
        return detours.around_proxy(os.environ)
    shown = joined("git", "config", "--show-origin", "--get-regexp", r"^(http|url)\.")
    return f"See which settings change the connection: {shown}"


def _refusal(errors: Sequence[str]) -> Problem | None:
    """Return the Problem that one of ccsetup's own helpers printed: a line with its code, then its sentence."""
    for number, line in enumerate(errors[:-1]):
        if line.startswith(f"{WORD} "):
            what, _, command = quoted(errors[number + 1]).partition(" Run: ")
            return Problem(what, next=f"Run: {command}" if command else "", code=line.removeprefix(f"{WORD} "))
    return None


def _own_lines(errors: Sequence[str]) -> list[str]:
    """Return git's lines but no blank ones, none that names a private folder, and no codes of our helpers."""
    return [line for line in errors if line.strip() and not line.startswith(("Cloning into", f"{WORD} "))]


def _of_traceback(line: str) -> Problem:
    """Return the Problem for the last line of a traceback from AWS's tool."""
    return Problem(re.sub(r"^[\w.]+(Error|Exception|NotFound): ", "", line), code="access.git")


def quoted(line: str) -> str:
    """Return a line from git for display: without control characters, short, and with possible secrets masked."""
    return veil(re.sub(r"(?<=://)[^/\s@]*:[^/\s]*@", "…@", inert(line).strip()))[:300]


WORD = os.urandom(16).hex()  # only this process and the helpers of its git know it
_MOST = 8  # lines from git that are all shown

_NOT_GIT = "The server that responded for {name} isn't a git server. It sent an empty response or a web page."
_PROXY = _LOOK = "the proxy"  # what to do about it depends on the environment

_TRY = "Check your network connection. Behind a proxy, also check HTTPS_PROXY and git's http.proxy setting."

_GITS_OWN = ("fatal:", "error:", "remote:", "hint:")

# What AWS's helpers print, mostly the last line of a traceback → code, what happened, what to do.
_OF_HELPERS = (
    (
        r"MissingDependencyException|botocore\[crt\]",
        "source.none",
        "AWS's git helper can't read console credentials here, because its botocore has no crt.",
        "Use ccsetup's helper: --via credential-helper. Or install botocore[crt] where AWS's helper is installed.",
    ),
    (
        r"UnauthorizedSSOTokenError|SSOTokenLoadError|TokenRetrievalError|SSO session associated with this profile",
        "sso.expired",
        "The sign-in used by the git helper has expired.",
        "Sign in again: {login}",
    ),
    (
        r"Missing the following required SSO configuration|sso_start_url, sso_region",
        "git.helper-old",
        "git is using a version of git-remote-codecommit that doesn't support sso-session profiles.",
        "Put ccsetup's git-remote-codecommit first on the PATH, or upgrade the AWS version: "
        "pip install -U git-remote-codecommit",
    ),
    (
        r"The following URL is malformed|AWS Region is not available for use with AWS CodeCommit",
        "git.helper-old",
        "git finds AWS's own git-remote-codecommit, which doesn't know this region.",
        "Use HTTPS: --via credential-helper. Or put ccsetup's git-remote-codecommit first on the PATH.",
    ),
    (
        r"ExpiredToken",
        "keys.expired",
        "The credentials used by the git helper have expired.",
        "Renew the credentials: {login}",
    ),
    (
        r"KeyError: 'path'|^'path'| 'path'$",
        "git.inherited-helper",
        "git doesn't pass the repository path to the credential helper.",
        "In the clone, run: git config credential.useHttpPath true",
    ),
    (
        r"Unable to locate credentials|NoCredentialsError",
        "source.none",
        "The profile used by the git helper has no credentials.",
        "Set up the profile again: {login}",
    ),
    (
        r"told us to quit",
        "access.git",
        "The credential helper in this clone has no credentials for {name}.",
        "To see the helper's error message, run: git credential fill",
    ),
)

# What ssh prints.
_OF_SSH = (
    (
        r"HOST IDENTIFICATION HAS CHANGED",
        "git.ssh",
        "The SSH host key of CodeCommit isn't the one that this computer knows.",
        "Don't connect. Compare the key with the fingerprints in the AWS documentation, and ask your administrator.",
    ),
    (
        r"Host key verification failed|No \S+ host key is known",
        "git.ssh",
        "ssh doesn't know CodeCommit's host key yet.",
        "Run ssh once in a terminal, compare the fingerprint with the AWS documentation, and answer yes: ssh {host}",
    ),
    (
        r"Permission denied \(publickey",
        "git.ssh",
        "CodeCommit rejected the SSH key for {name}.",
        "Check that the public key is uploaded to your IAM user, and that User is its SSH key ID (APKA…). "
        "If the key has a passphrase, run ssh-add first.",
    ),
    (r"cannot run ssh", "git.ssh", "git can't find ssh.", "Install OpenSSH, or clone over HTTPS."),
)

# What git prints → code, what happened, what to do. The first match counts.
APPLES = r"xcrun: error: |xcode-select: (note|error): |agreed to the Xcode license"  # macOS's git before its tools
GET_APPLES = "Install Apple's command line developer tools: xcode-select --install"
_CAUSES = (
    (
        r"agreed to the Xcode license",
        "git.missing",
        "git can't run until you accept Apple's license.",
        "Accept it: sudo xcodebuild -license accept",
    ),
    (APPLES, "git.missing", "git needs Apple's command line developer tools, which aren't installed.", GET_APPLES),
    (
        r"not valid: .*is this a git repository|invalid server response|bad line length character",
        "access.git",
        _NOT_GIT,
        _LOOK,
    ),
    (
        r"returned error: 403",
        "access.git",
        "CodeCommit denied git access to {name} (403). The credentials have expired or don't have permission.",
        "Renew the credentials ({login}) and check this computer's clock. If that doesn't help, ask for the "
        "codecommit:GitPull permission on {name}.",
    ),
    (
        r"returned error: 404|[Rr]epository '.*' not found|[Rr]epository not found",
        "access.repository",
        "Repository {name} doesn't exist in this region and account.",
        "Check the region and the repository name, which is case-sensitive.",
    ),
    (
        r"Authentication failed|returned error: 401|could not read (Username|Password)",
        "access.git",
        "CodeCommit rejected the credentials for {name}.",
        "Renew the credentials ({login}) and check this computer's clock.",
    ),
    (
        r"EncryptionKey|(?i:kms)\b.*(denied|disabled|not found|unavailable)",
        "access.kms",
        "CodeCommit couldn't use the KMS key that encrypts {name}.",
        "Ask the key administrator for kms:Decrypt and kms:GenerateDataKey permissions on the key.",
    ),
    (
        r"remote-codecommit' is not a git command|Unable to find remote helper for 'codecommit'",
        "git.helper-path",
        "git can't find git-remote-codecommit.",
        "Add the folder that contains the ccsetup command to the PATH.",
    ),
    (
        r"transport '[\w-]+' not allowed|Protocol \S+ not supported or disabled",
        "git.protocol",
        "git isn't allowed to use the protocol in the remote URL.",
        "Check GIT_ALLOW_PROTOCOL and the output of: git config --show-origin --get-regexp protocol",
    ),
    (
        r"[Cc]ertificate|CAfile|CApath",
        "net.tls",
        "git doesn't trust the server's certificate.",
        "Behind a company proxy, use your company's CA certificates: git config --global http.sslCAInfo FILE",
    ),
    (r"SSL|TLS", "net.tls", "The TLS connection failed.", _TRY),
    (
        r"[Pp]roxy|CONNECT tunnel",
        "net.proxy",
        "The proxy rejected git's request.",
        _PROXY,
    ),
    (
        r"Could not resolve|[Cc]ouldn't connect|Failed to connect|timed out|Connection (reset|refused)|unreachable",
        "net.unreachable",
        "git couldn't reach CodeCommit.",
        _TRY,
    ),
    (r"returned error: (429|5\d\d)", "net.unreachable", "CodeCommit is busy or unavailable.", _TRY),
    (
        r"Remote branch .+ not found",
        "git.failed",
        "The branch doesn't exist in {name}.",
        "Omit --branch to get the default branch, or choose an existing branch.",
    ),
    (r"No space left", "git.failed", "The disk is full.", "Free up disk space, then try again."),
)
