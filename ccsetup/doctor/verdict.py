"""Explains why a profile doesn't work, with the doctor's code and words, for every command that the profile fails in.

It reads only the AWS files and what they point to. It asks nobody and starts no programs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ccsetup.awsfiles.ordinary import is_ordinary
from ccsetup.core import code_page, executables
from ccsetup.core.command_line import quote
from ccsetup.core.context import Context
from ccsetup.core.errors import ENDED, Problem
from ccsetup.doctor import checks, gather
from ccsetup.doctor.facts import Facts
from ccsetup.doctor.findings import Finding

_OF_PROFILES = (
    "access.",
    "file.",
    "keys.",
    "kind.",
    "oidc.",
    "process.",
    "profile.",
    "region.",
    "role.",
    "services.",
    "source.",
    "sso.",
)
_OF_ANSWERS = ("input.missing", "input.invalid")  # of a question that the profile answers, or should
_OF_KEYS = ("keys.", "kind.")  # what new keys mend, which is what is asked for where an answer is missing


def stopping(context: Context) -> Mapping[str, Finding]:
    """Return by profile the worst finding that stops it, its own or that of a profile that it rests on.

    A fault because of which AWS tools reject a file stops every profile.
    """
    texts, unreadable = context.files.glimpse()
    facts = Facts(
        texts,
        context.env,
        context.home,
        context.cwd,
        context.now(),
        unreadable=unreadable,
        windows=executables.WINDOWS,
        code_page=code_page.of_system(),
    )
    findings = checks.offline(gather.with_files(context, facts))
    if refusing := next((it for it in findings if it.refuses), None):
        return dict.fromkeys(facts.profiles, refusing)
    return by_profile(findings)


class Stopping:
    """What stops each profile, for commands that go through many. It is found again only when the AWS files change.

    What changes elsewhere meanwhile, for example a token file, is seen only then.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._found: tuple[object, Mapping[str, Finding]] | None = None

    def __call__(self) -> Mapping[str, Finding]:
        """Return by profile what `stopping` does."""
        texts = self._context.files.glimpse()
        if self._found is None or self._found[0] != texts:
            self._found = texts, stopping(self._context)
        return self._found[1]


def by_profile(findings: Iterable[Finding]) -> dict[str, Finding]:
    """Return by profile the first of these findings that stops it."""
    found: dict[str, Finding] = {}
    for it in findings:
        if it.severity == "stops" and it.profile:
            for name in (it.profile, *it.also):
                found.setdefault(name, it)
    return found


def explained(context: Context, refused: Problem, stops: Callable[[], Mapping[str, Finding]] | None = None) -> Problem:
    """Return why a profile was refused: what the doctor finds in the files where there is something, else the Problem.

    A fault in the files explains what AWS or its SDK said of it; their own words stay as the reason. `stops` returns
    what `stopping` does.
    """
    if not refused.profile or not refused.code.startswith((*_OF_PROFILES, *_OF_ANSWERS)):
        return refused
    try:
        finding = (stops() if stops else stopping(context)).get(refused.profile)
    except Problem:
        return refused
    if finding is None or finding.code in ENDED:
        return refused
    if refused.code in _OF_ANSWERS and finding.code.startswith(_OF_KEYS):
        return refused
    return _problem(finding, refused.profile, refused.what)


def refuse(context: Context, name: str, settings: Mapping[str, str]) -> None:
    """Raise the Problem of what stops a profile, where its settings need a second look at all."""
    if is_ordinary(settings) and not _is_in_both(context, name):
        return
    if (finding := stopping(context).get(name)) and finding.code not in ENDED:
        raise _problem(finding, name)


def _is_in_both(context: Context, name: str) -> bool:
    """Say whether both files have a section of a profile, so that a pair of keys may be torn apart."""
    texts = context.files.read()
    sections = f"[{name}]", f"[profile {name}]"
    return all(any(it in (text or "") for it in sections) for text in (texts.config, texts.credentials))


def _problem(finding: Finding, name: str, said: str = "") -> Problem:
    """Return a finding as the Problem of a command that the profile failed in."""
    if finding.fix in ("auto", "ask") and (finding.remedies or finding.wanted):
        next = f"Repair the profile: ccsetup doctor {quote(name)} --fix"
    else:
        next = finding.do or f"Check the profile: ccsetup doctor {quote(name)}"
    told = Problem(finding.says, why=finding.because or said, next=next, code=finding.code)
    told.profile = name
    return told
