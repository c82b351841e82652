"""The kinds of access, one per file in this package. The menu, flags, plan and tests read this list.

Each file defines one `ACCESS` value with this contract: its questions lead to sections that the SDKs resolve to the
account and role that `expects` names, `keys` lists every credential setting it may write, and
`core/profile_kind.kind_of` recognizes what it wrote.

Not here: the order of the questions and the review (`wizard`), how a question looks (`ui`), calls to AWS (`aws`).
"""

from __future__ import annotations

from collections.abc import Mapping

from ccsetup.access import console, existing, federation, keys, machine, mfa, oidc, role, saml, sso
from ccsetup.access.questions import shared
from ccsetup.core.errors import BadAnswer
from ccsetup.core.lookup import Look
from ccsetup.core.model import Answers, Expected, Section
from ccsetup.core.profile_kind import kind_of
from ccsetup.core.question import Access, Question
from ccsetup.core.text import did_you_mean

# In the order of the menu.
KINDS: tuple[Access, ...] = (
    sso.ACCESS,
    role.ACCESS,
    mfa.ACCESS,
    keys.ACCESS,
    console.ACCESS,
    oidc.ACCESS,
    saml.ACCESS,
    federation.ACCESS,
    machine.ACCESS,
    existing.ACCESS,
)
# Every setting that defines some kind of access, including the one of the SDK that no kind here writes.
OWN_KEYS = frozenset({"credential_process"}).union(*(access.keys for access in KINDS))


def of(name: str) -> Access:
    """Return the kind with that name. Raises BadAnswer that lists the available kinds."""
    for access in KINDS:
        if access.name == name:
            return access
    names = [access.name for access in KINDS]
    if hint := did_you_mean(name, names, 1):
        raise BadAnswer(f'Unknown kind of access "{name}". {hint}', next="List the kinds: ccsetup setup --help")
    said = f'Unknown kind of access "{name}". Available: {", ".join(names)}.'
    raise BadAnswer(said, next=f"Use a command like ccsetup setup {names[0]}")


def owner(settings: Mapping[str, str]) -> Access | None:
    """Return the kind whose credentials take precedence in a profile with these merged settings, None if none do."""
    kind = kind_of(settings)
    return next((access for access in KINDS if access.name == kind), None)


def sections_of(answers: Answers, look: Look) -> tuple[Section, ...]:
    """Return the sections to write for these answers, those of a new source profile first."""
    inner = answers.under("source.")
    first = sections_of(inner, look) if inner.text("kind") else ()
    access = of(answers.text("kind"))
    obtained = access.obtain(answers, look) if access.obtain else None
    return (*first, *access.sections(answers, obtained))


def expected(answers: Answers) -> Expected:
    """Return the identity that AWS must report for the profile of these answers."""
    return of(answers.text("kind")).expects(answers)


def asked_by(access: Access) -> tuple[Question, ...]:
    """Return every question that one kind may ask, except those of a new source profile."""
    return (*access.questions, *shared(access))


def flags() -> tuple[Question, ...]:
    """Return one question for each flag of all kinds."""
    seen: dict[str, Question] = {}
    for access in KINDS:
        for question in asked_by(access):
            seen.setdefault(question.key, question)
    return tuple(seen.values())
