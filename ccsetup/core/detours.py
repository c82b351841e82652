"""Variables that send requests elsewhere, or change which certificates are trusted, and the command to do without them.

git, botocore and other tools read them. A wrong one makes every command fail.
"""

from __future__ import annotations

from collections.abc import Mapping

from ccsetup.core import shells

_PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy")
CERTIFICATES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "GIT_SSL_CAINFO")


def proxies(env: Mapping[str, str]) -> list[str]:
    """Return the variables with a proxy that requests to AWS go through."""
    found = [name for name in _PROXIES if env.get(name)]
    return [name for name in found if name not in ("HTTP_PROXY", "http_proxy")] or found


def certificates(env: Mapping[str, str]) -> list[str]:
    """Return the variables that name a file with certificates."""
    return [name for name in CERTIFICATES if env.get(name)]


def without(names: list[str], env: Mapping[str, str], shell: str = "") -> str:
    """Return the command that unsets variables in this shell, "" if there are none."""
    if not names:
        return ""
    shell = shell or shells.guess(env, "")
    if shell in ("powershell", "cmd"):
        return (" & " if shell == "cmd" else "; ").join(map(shells.SHELLS[shell].remove, names))
    return (shells.SHELLS.get(shell) or shells.SHELLS["bash"]).remove(" ".join(names))


def around_proxy(env: Mapping[str, str]) -> str:
    """Return what to try if a proxy, or a network's sign-in page, answers in AWS's place."""
    if command := without(proxies(env), env):
        return f"Try again without the proxy: {command}"
    return "Sign in to your network, then try again."
