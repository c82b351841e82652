"""The kinds of access, one per file beside this one; menu, flags, plan and tests read this list.

A kind's file holds one `ACCESS` value. Its promise: its questions lead to sections that the SDKs resolve to the
account and role that `expects` names, `keys` are all the settings it may write that only credentials need, and
`owns` recognises what it wrote.
"""

from __future__ import annotations

from collections.abc import Mapping

from ccsetup.access import existing, federation, keys, machine, mfa, oidc, role, saml, sso
from ccsetup.access.questions import shared
from ccsetup.core.errors import BadAnswer
from ccsetup.core.lookup import Look
from ccsetup.core.model import Answers, Expected, Section
from ccsetup.core.question import Access, Question

# In the order of the menu.
KINDS: tuple[Access, ...] = (
    sso.ACCESS,
    role.ACCESS,
    mfa.ACCESS,
    keys.ACCESS,
    oidc.ACCESS,
    saml.ACCESS,
    federation.ACCESS,
    machine.ACCESS,
    existing.ACCESS,
)
# Every key that some kind of access works by, the SDK's own two that no kind here writes included.
OWN_KEYS = frozenset({"credential_process", "login_session"}).union(*(access.keys for access in KINDS))


def of(name: str) -> Access:
    """Return the kind of that name. Raises BadAnswer naming the kinds there are."""
    for access in KINDS:
        if access.name == name:
            return access
    names = ", ".join(access.name for access in KINDS)
    raise BadAnswer(f"There is no kind of access called {name}; there are {names}. Try: ccsetup setup {KINDS[0].name}")


def owner(settings: Mapping[str, str]) -> Access | None:
    """Return the kind whose credentials win in a profile with these merged settings, None when there are none."""
    return next((access for access in sorted(KINDS, key=lambda a: a.wins) if access.owns(settings)), None)


def sections_of(answers: Answers, look: Look) -> tuple[Section, ...]:
    """Return what the files shall hold for these answers, those of a nested visit first."""
    inner = answers.under("source.")
    first = sections_of(inner, look) if inner.text("kind") else ()
    access = of(answers.text("kind"))
    obtained = access.obtain(answers, look) if access.obtain else None
    return (*first, *access.sections(answers, obtained))


def expected(answers: Answers) -> Expected:
    """Return who must answer when the answers' profile is tried."""
    return of(answers.text("kind")).expects(answers)


def asked_by(access: Access) -> tuple[Question, ...]:
    """Return every question that one kind may ask, nested visits apart."""
    return (*access.questions, *shared(access))


def flags() -> tuple[Question, ...]:
    """Return one question for every flag there is, whatever the kind."""
    seen: dict[str, Question] = {}
    for access in KINDS:
        for question in asked_by(access):
            seen.setdefault(question.key, question)
    return tuple(seen.values())
