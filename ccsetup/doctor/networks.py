"""The proxies and certificates that git has for itself, and those that only AWS tools have, where one of them fails.

git reads http.proxy and http.sslCAInfo, and AWS tools don't. They read AWS_CA_BUNDLE and ca_bundle, and git doesn't.
Both read HTTPS_PROXY. Settings that come with a folder are left out, since they may be anybody's.
"""

from __future__ import annotations

import re

from ccsetup.core import detours, regions, shells
from ccsetup.core.command_line import quote
from ccsetup.core.sdk_files import BUNDLES
from ccsetup.doctor.checks.git import covers, of_codecommit
from ccsetup.doctor.facts import Facts
from ccsetup.doctor.findings import Finding
from ccsetup.git.config import Brought

_PROXY = ("net.proxy", "net.unreachable")


def of_sdk(facts: Facts, finding: Finding) -> Finding:
    """Return a finding about AWS tools that get no connection, with the setting that only git has, if there is one."""
    proxied = facts.env.get("HTTPS_PROXY") or facts.env.get("https_proxy")
    bundled = any(facts.env.get(name) for name in BUNDLES) or "ca_bundle" in facts.profiles.get(finding.profile, {})
    if finding.code in _PROXY and not proxied and (it := _of_git(facts, "proxy")):
        return _named(finding, it, "git has its own proxy in", _assign(facts, "HTTPS_PROXY", it))
    if finding.code == "net.tls" and not bundled and (it := _of_git(facts, "sslcainfo")):
        return _named(finding, it, "git has its own certificates in", _assign(facts, "AWS_CA_BUNDLE", it))
    return finding


def of_git(facts: Facts, finding: Finding) -> Finding:
    """Return a finding about git, which gets no connection where AWS tools do, with the setting that differs."""
    key = "sslcainfo" if finding.code == "net.tls" else "proxy" if finding.code in _PROXY else ""
    if key and (it := _of_git(facts, key)):
        where = f"--file {quote(it.file)}" if it.file else "--global"
        return _named(finding, it, "git uses", f"git config {where} --unset-all {quote(it.key)}")
    if key == "proxy" and detours.proxies(facts.env):
        return finding._replace(do=detours.around_proxy(facts.env))
    profile = facts.profiles.get(finding.profile, {})
    bundle = next((value for name in BUNDLES if (value := facts.env.get(name))), profile.get("ca_bundle", ""))
    if finding.code == "net.tls" and bundle:
        because = f"AWS tools use the certificates in {bundle}, which git doesn't read."
        do = f"git config --global http.sslCAInfo {quote(bundle)}"
        return finding._replace(because=f"{finding.because} {because}".strip(), do=do)
    return finding


def _of_git(facts: Facts, name: str) -> Brought | None:
    """Return git's last setting of this name for CodeCommit's host, None if there is none, or the folder brought it."""
    here = of_codecommit(facts)
    url = f"https://{regions.git_host(here.region if here and here.region else 'us-east-1')}/"
    listed = facts.clone.listed if facts.clone else [Brought(*pair) for pair in facts.settings or ()]
    own = {(it.key, it.value) for it in facts.clone.brought} if facts.clone else set()
    found = None
    for it in listed:
        plain = re.fullmatch(rf"http\.(?:(?P<url>.+)\.)?{name}", it.key, re.IGNORECASE | re.DOTALL)
        if plain and (it.key, it.value) not in own and (not plain["url"] or covers(plain["url"], url)):
            found = it if it.value else None
    return found


def _named(finding: Finding, it: Brought, words: str, do: str) -> Finding:
    where = f" ({it.file})" if it.file else ""
    value = re.sub(r"(?<=//)[^/@]*@", "…@", it.value)  # it may have a password
    because = f"{finding.because} {words} {it.key}{where}: {value}. AWS tools don't read it.".strip()
    return finding._replace(because=because, do=do)


def _assign(facts: Facts, variable: str, it: Brought) -> str:
    """Return the command that gives AWS tools the same value in this shell, without showing a password."""
    if "@" in it.value:
        get = f"git config --get {quote(it.key)}"
        ways = {
            "powershell": f"$Env:{variable} = {get}",
            "cmd": f"for /f \"delims=\" %i in ('{get}') do @set {variable}=%i",
        }
        return ways.get(facts.shell, f'export {variable}="$({get})"')
    return (shells.SHELLS.get(facts.shell) or shells.SHELLS["bash"]).assign(variable, it.value)
