"""Puts a finding that explains others first, and leaves out what follows from it: one cause, one command."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ccsetup.doctor.checks import WORST, git, worst_first
from ccsetup.doctor.facts import Facts
from ccsetup.doctor.findings import Finding
from ccsetup.git import clone_profile

_FILES = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")
_PROFILES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
_OF_MISSING_FILES = (
    "profile.missing",
    "git.remote",
    "source.missing",
    "source.empty",
    "source.none",
    "sso.session-missing",
)

Follows = Callable[[Facts, Finding], bool]


def arranged(facts: Facts, findings: Sequence[Finding]) -> list[Finding]:
    """Return findings in the order to show: causes of others first, without what follows from them."""
    causes: list[Finding] = []
    left = list(findings)
    for cause in findings:
        follows = _follows(facts, cause)
        if follows is None or cause not in left:
            continue
        rest = [it for it in left if it is cause or not follows(facts, it)]
        if len(rest) < len(left):
            left = [it for it in rest if it is not cause]
            causes.append(cause._replace(severity="stops"))
    return [*worst_first(causes), *left]


def urgent_first(facts: Facts, findings: Sequence[Finding]) -> list[Finding]:
    """Return findings so that what blocks work comes first, among errors, warnings and notes alike.

    A file that no tool reads blocks everything. Then come the computer as a whole and the profile that is in use here.
    """
    here = {"", *_in_use(facts)}
    return sorted(findings, key=lambda it: (WORST[it.severity], not it.refuses, it.profile not in here))


def _in_use(facts: Facts) -> Iterator[str]:
    """Yield the profiles that are used in the current folder: the clone's, or else the environment's."""
    if facts.clone and (name := clone_profile.named_by(facts.clone.remote, git.signing(facts.clone))):
        yield name
    else:
        yield next((facts.env[it] for it in _PROFILES if facts.env.get(it)), "default")


def is_elsewhere(facts: Facts, findings: Sequence[Finding]) -> bool:
    """Return whether a variable replaces the files that the profiles are in, so that these aren't to be repaired."""
    causes = [it for it in findings if it.code == "env.overrides" and it.says.startswith(_FILES)]
    causes += [it for it in findings if it.code == "profile.missing" and any(name in it.do for name in _FILES)]
    return bool(causes) and any(_is_of_missing_files(facts, it) for it in findings)


def _follows(facts: Facts, cause: Finding) -> Follows | None:
    """Return what follows from a finding, None if nothing can."""
    if cause.code == "env.overrides" and cause.says.startswith(_FILES):
        return _is_of_missing_files
    if cause.code in ("env.overrides", "env.partial", "env.profile") and "AWS_ACCESS_KEY_ID" in cause.do:
        return _is_of_clone if _takes_environment(facts) else None
    if cause.code in ("env.profile", "profile.missing") and cause.says.startswith(_PROFILES):
        return _is_of_clone if _takes_environment(facts) else None
    if cause.code in ("git.inherited-helper", "git.helper-path", "git.helper-broken") and cause.severity == "stops":
        return _is_of_clone
    return None


def _takes_environment(facts: Facts) -> bool:
    """Return whether git takes the profile of the current clone from the environment, since the clone names none."""
    if facts.clone is None:
        return False
    return not clone_profile.named_by(facts.clone.remote, git.signing(facts.clone))


def _is_of_missing_files(facts: Facts, it: Finding) -> bool:
    """Return whether a finding may only mean that the files aren't the usual ones."""
    if it.code in ("source.none", "profile.missing"):
        return True
    return (it.code in _OF_MISSING_FILES and "doesn't exist" in it.says + it.because) or it.code.startswith("access.")


def _is_of_clone(facts: Facts, it: Finding) -> bool:
    """Return whether a finding says that git, or the profile of the current clone, was refused its repository."""
    here = facts.clone is not None and it.path == facts.clone.folder / ".git" / "config"
    return here and it.code.startswith("access.")
