"""What git says no with → Problems: a finding's code, what happened, what to do, and git's last lines as the why."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ccsetup.errors import Problem
from ccsetup.inert import inert, veil


def problem_of(errors: Sequence[str], url: str, code: str) -> Problem:
    """Return the Problem behind git's last lines; `code` where nothing more exact is known."""
    lines = [quoted(line) for line in errors if line.strip() and not line.startswith(("Cloning into", "warning:"))]
    why = " ".join(lines[-3:])
    said = re.sub(r"[\w+.:-]+://[^\s']+", "…", " ".join(lines))  # names of repositories are no causes
    name = re.split(r"[/@]", url.rstrip("/"))[-1]
    for pattern, known_as, what, next_ in _CAUSES:
        if re.search(pattern, said):
            return Problem(what.format(name=name), why=why, next=next_.format(name=name), code=known_as)
    if lines and not any(line.startswith(("fatal:", "error:")) for line in lines):
        return _of_helper(lines[-1])
    return Problem(
        f"git could not reach {name}.", why=why, next=f"Ask git itself: git ls-remote {quoted(url)}", code=code
    )


def _of_helper(line: str) -> Problem:
    """Return the Problem behind git-remote-codecommit's sentence, or behind the last line of AWS's traceback."""
    sentence, _, command = re.sub(r"^[\w.]+(Error|Exception|NotFound): ", "", line).partition(" Run: ")
    return Problem(sentence, next=f"Run: {command}" if command else "", code="access.git")


def quoted(line: str) -> str:
    """Return a line of git's fit to be shown: inert, short, and without what may be a secret."""
    return veil(re.sub(r"(?<=://)[^/\s@]*:[^/\s]*@", "…@", inert(line).strip()))[:300]


_TRY = "Look at the network, and at HTTPS_PROXY and git's http.proxy where there is a proxy; then try again."

# What git says → the finding's code, what happened, what to do. The first that fits counts.
_CAUSES = (
    (
        r"returned error: 403",
        "access.git",
        "CodeCommit refused git for {name} (403): the credentials have ended, or may not read it.",
        "Renew the credentials and look at the clock; if it stays, ask for codecommit:GitPull on {name}.",
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
        "Renew them, and check that this machine's clock is right.",
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
