"""What git says no with → Problems: a finding's code, what happened, what to do, and git's last lines as the why."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ccsetup.core.errors import Problem
from ccsetup.core.text import inert, veil


def problem_of(errors: Sequence[str], url: str, code: str) -> Problem:
    """Return the Problem behind git's last lines; `code` where nothing more exact is known."""
    lines = [quoted(line) for line in errors if line.strip() and not line.startswith(("Cloning into", "warning:"))]
    why = " ".join(lines[-3:])
    said = re.sub(r"[\w+.:-]+://[^\s']+", "…", " ".join(lines))  # names of repositories are no causes
    name = name_of(url)
    own = "|".join((r" Run: (ccsetup|unset|git) ", *(pattern for pattern, _ in _OF_SENTENCES)))
    sentence = next((line for line in lines if re.search(own, line)), "")
    if sentence and not sentence.startswith(_GITS_OWN):
        return _of_helper(sentence)
    profile = re.search(r"://([^/@]+)@", url)
    words = {"name": name, "login": f"ccsetup login {profile[1]}" if profile else "ccsetup login PROFILE"}
    for pattern, known_as, what, next_ in (*_OF_HELPERS, *_CAUSES):
        if re.search(pattern, said):
            return Problem(what.format(**words), why=why, next=next_.format(**words), code=known_as)
    if lines and not any(line.startswith(_GITS_OWN) for line in lines):
        return _of_helper(lines[-1])
    if not name:  # it was asked for nothing that is elsewhere
        return Problem("git could not do what it was asked to do here.", why=why, code=code)
    return Problem(
        f"git could not reach {name}.", why=why, next=f"Ask git itself: git ls-remote {quoted(url)}", code=code
    )


def name_of(url: str) -> str:
    """Return the name of the repository that an address ends with."""
    return re.split(r"[/@]", url.rstrip("/"))[-1]


def said(errors: Sequence[str]) -> str:
    """Return git's own words, fit to be shown: its first two lines and its last three, where they are many.

    What git clone advises after a checkout that failed is left out: it speaks of a folder that is another one by then.
    """
    lines = [quoted(line) for line in errors if line.strip() and not line.startswith("Cloning into")]
    lines = lines[: next((n for n, line in enumerate(lines) if line.startswith("warning: Clone succeeded")), None)]
    return " ".join(lines if len(lines) <= _MOST else [*lines[:2], "…", *lines[-3:]])


def not_git(name: str) -> Problem:
    """Return the Problem of a server that answered with something that is not git's."""
    return Problem(_NOT_GIT.format(name=name), next=_LOOK, code="access.git")


def _of_helper(line: str) -> Problem:
    """Return the Problem behind a helper's sentence, or behind the last line of AWS's traceback."""
    sentence, _, command = re.sub(r"^[\w.]+(Error|Exception|NotFound): ", "", line).partition(" Run: ")
    code = next((code for pattern, code in _OF_SENTENCES if re.search(pattern, sentence)), "access.git")
    return Problem(sentence, next=f"Run: {command}" if command else "", code=code)


def quoted(line: str) -> str:
    """Return a line of git's fit to be shown: inert, short, and without what may be a secret."""
    return veil(re.sub(r"(?<=://)[^/\s@]*:[^/\s]*@", "…@", inert(line).strip()))[:300]


_MOST = 8  # lines of git's that are shown as they are

_NOT_GIT = "What answered for {name} does not speak git: it sent nothing, or a web page."
_LOOK = "Look at HTTPS_PROXY, git's http.proxy and url.*.insteadOf, which may lead elsewhere; then try again."

_TRY = "Look at the network, and at HTTPS_PROXY and git's http.proxy where there is a proxy; then try again."

_GITS_OWN = ("fatal:", "error:", "remote:", "hint:")

# What our own helpers' sentences begin with → the finding's code.
_OF_SENTENCES = (
    (r"^Sign-in for .* (ended|is needed)", "sso.expired"),
    (r"^The (keys|credentials) .*ended", "keys.expired"),
    (r"^There is no profile", "profile.missing"),
    (r"needs a new MFA code", "access.assume"),
    (r"^AWS (could not be reached|did not answer)", "net.unreachable"),
    (r"^Something between here and AWS answered", "net.proxy"),
    (r"^AWS says the time on this machine is wrong", "net.clock"),
    (r"^The credential_process of .* printed credentials that have expired", "keys.expired"),
    (r"^The credential_process of ", "process.failed"),
    (r"^The token file .* doesn't contain a token", "oidc.token-invalid"),
    (r"^The (token file|saved sign-in|certificate file) .* can't be read", "file.unreadable"),
)

# What AWS's helpers say, most of it the last line of a traceback → as below.
_OF_HELPERS = (
    (
        r"UnauthorizedSSOTokenError|SSOTokenLoadError|TokenRetrievalError|SSO session associated with this profile",
        "sso.expired",
        "The sign-in that git's helper needs has ended.",
        "Sign in again: {login}",
    ),
    (
        r"Missing the following required SSO configuration|sso_start_url, sso_region",
        "git.helper-old",
        "The git-remote-codecommit that git finds is too old for a profile with an sso-session.",
        "Put ccsetup's own first on the PATH, or renew AWS's: pip install -U git-remote-codecommit",
    ),
    (r"ExpiredToken", "keys.expired", "The credentials that git's helper has are over.", "Renew them: {login}"),
    (
        r"KeyError: 'path'|^'path'| 'path'$",
        "git.inherited-helper",
        "git does not tell its credential helper which repository it wants.",
        "In the clone: git config credential.useHttpPath true",
    ),
    (
        r"Unable to locate credentials|NoCredentialsError",
        "source.none",
        "The profile that git's helper uses has no credentials.",
        "Set it up again: {login}",
    ),
    (
        r"told us to quit",
        "access.git",
        "The credential helper of this clone has no keys for {name}.",
        "Ask it itself: git credential fill",
    ),
)

# What git says → the finding's code, what happened, what to do. The first that fits counts.
_CAUSES = (
    (
        r"not valid: .*is this a git repository|invalid server response|bad line length character",
        "access.git",
        _NOT_GIT,
        _LOOK,
    ),
    (
        r"returned error: 403",
        "access.git",
        "CodeCommit refused git for {name} (403): the credentials have ended, or may not read it.",
        "Renew the credentials ({login}) and look at the clock; if it stays, ask for codecommit:GitPull on {name}.",
    ),
    (
        r"returned error: 404|[Rr]epository '.*' not found|[Rr]epository not found",
        "access.repository",
        "There is no repository {name} in this region and account.",
        "Check the name letter by letter, capitals too, and the region.",
    ),
    (
        r"Authentication failed|returned error: 401|could not read (Username|Password)",
        "access.git",
        "CodeCommit did not accept the credentials for {name}.",
        "Renew them ({login}), and check that this machine's clock is right.",
    ),
    (
        r"EncryptionKey|(?i:kms)\b.*(denied|disabled|not found|unavailable)",
        "access.kms",
        "The key that encrypts {name} could not be used.",
        "Ask its administrator for kms:Decrypt and kms:GenerateDataKey on the repository's key.",
    ),
    (
        r"remote-codecommit' is not a git command|Unable to find remote helper for 'codecommit'",
        "git.helper-path",
        "git does not find git-remote-codecommit.",
        "Add the directory of ccsetup's scripts to the PATH.",
    ),
    (
        r"transport '[\w-]+' not allowed|Protocol \S+ not supported or disabled",
        "git.protocol",
        "git is not allowed to use this protocol.",
        "Look at: git config --show-origin --get-regexp '^protocol' and at GIT_ALLOW_PROTOCOL.",
    ),
    (
        r"[Cc]ertificate|CAfile|CApath",
        "net.tls",
        "git does not trust the certificate of the other side.",
        "Behind a company proxy: git config --global http.sslCAInfo FILE, with your company's certificates.",
    ),
    (r"SSL|TLS", "net.tls", "The encrypted connection broke off.", _TRY),
    (r"[Pp]roxy|CONNECT tunnel", "net.proxy", "The proxy refuses git.", "Look at HTTPS_PROXY and git's http.proxy."),
    (
        r"Could not resolve|[Cc]ouldn't connect|Failed to connect|timed out|Connection (reset|refused)|unreachable",
        "net.unreachable",
        "git could not reach CodeCommit.",
        _TRY,
    ),
    (r"returned error: (429|5\d\d)", "net.unreachable", "CodeCommit is busy or out of order.", _TRY),
    (
        r"Remote branch .+ not found",
        "git.failed",
        "{name} has no such branch.",
        "Leave --branch out to get the default one, or choose a branch that is there.",
    ),
    (r"No space left", "git.failed", "The disk is full.", "Make room and try again."),
)
