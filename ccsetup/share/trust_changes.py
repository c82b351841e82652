"""Compares two trust policies of a role: whom the second one opens the role to, and whom it cuts off."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ccsetup.share.trust_policy import Document, Grant, Test, covers, denials, grants, implied, listed, principals


class Changes(NamedTuple):
    """What a change of a trust policy means, as texts. `wider` and `narrower` sum them up.

    opens: callers who couldn't assume the role. relaxes: conditions that no longer apply. accepts, drops: values of a
    condition that are new or gone. requires: new conditions. loses: callers who no longer can.
    """

    opens: tuple[str, ...] = ()
    relaxes: tuple[str, ...] = ()
    accepts: tuple[str, ...] = ()
    drops: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    loses: tuple[str, ...] = ()

    @property
    def needs_a_person(self) -> bool:
        """Whether --yes isn't enough: somebody gets in who couldn't, or loses access without a time for both."""
        return bool(self.opens or self.relaxes or self.loses or (self.accepts and self.drops))

    @property
    def cuts_off(self) -> bool:
        """Whether someone who can assume the role now might not be able to afterwards."""
        return bool(self.loses or self.requires or self.drops)

    @property
    def rows(self) -> list[tuple[str, str]]:
        """The lines of the review."""
        labels = ("opens to", "no longer requires", "also accepts", "no longer accepts", "now requires", "loses access")
        return [(label, text) for label, texts in zip(labels, self, strict=True) for text in texts]


def compare(before: Document | None, after: Document | None, owner: str) -> Changes:
    """Return what changes for the callers of a role in the account `owner`."""
    old, new = (grants(it) if it is not None else [] for it in (before, after))
    gained = [_wider(grant, old, owner) for grant in new if not _within(grant, old, owner)]
    lost = [_narrower(grant, new, owner) for grant in old if not _within(grant, new, owner)]
    changes = Changes(*(tuple(dict.fromkeys(text for it in (*gained, *lost) for text in it[n])) for n in range(6)))
    denied = ([_denial(it) for it in denials(doc)] if doc is not None else [] for doc in (before, after))
    was, becomes = denied
    return changes._replace(
        relaxes=(*changes.relaxes, *(text for text in was if text not in becomes)),
        requires=(*changes.requires, *(text for text in becomes if text not in was)),
    )


def _within(grant: Grant, others: Iterable[Grant], owner: str) -> bool:
    """Say whether everyone with this grant also has one of the others."""
    return any(all(implied(test, grant.tests) for test in it.tests) for it in _near(grant, others, owner))


def _near(grant: Grant, others: Iterable[Grant], owner: str) -> list[Grant]:
    return [it for it in others if it.action == grant.action and covers(it.principal, grant.principal, owner)]


def _nearest(grant: Grant, others: Iterable[Grant], owner: str) -> Grant | None:
    near = _near(grant, others, owner)
    return min(near, key=lambda it: sum(not implied(test, grant.tests) for test in it.tests), default=None)


def _wider(grant: Grant, old: Iterable[Grant], owner: str) -> Changes:
    """Return why a new grant lets in more than any old one."""
    nearest = _nearest(grant, old, owner)
    if nearest is None:
        return Changes(opens=(grant.principal.says,))
    relaxes, accepts = [], []
    for test in sorted(it for it in nearest.tests if not implied(it, grant.tests)):
        same = _same_key(test, grant.tests)
        if same is None or not same.values - test.values or set("".join(same.values | test.values)) & set("*?"):
            relaxes.append(f"{test.says} (for {grant.principal.says})")
            continue
        accepts.append(same._replace(values=same.values - test.values).says)
    return Changes(relaxes=tuple(relaxes), accepts=tuple(accepts))


def _narrower(grant: Grant, new: Iterable[Grant], owner: str) -> Changes:
    """Return why an old grant isn't kept as a whole."""
    nearest = _nearest(grant, new, owner)
    if nearest is None:
        return Changes(loses=(grant.principal.says,))
    drops, requires = [], []
    for test in sorted(it for it in nearest.tests if not implied(it, grant.tests)):
        same = _same_key(test, grant.tests)
        if same is None or not same.values - test.values or set("".join(same.values | test.values)) & set("*?"):
            requires.append(f"{test.says} (for {grant.principal.says})")
            continue
        drops.append(f"{same._replace(values=same.values - test.values).says} (for {grant.principal.says})")
    return Changes(drops=tuple(drops), requires=tuple(requires))


def _same_key(test: Test, others: Iterable[Test]) -> Test | None:
    """Return the condition on the same key, if both list the values that are accepted."""
    return next((it for it in others if it.key == test.key and it.positive and test.positive), None)


def _denial(statement: dict[str, object]) -> str:
    who = " and ".join(it.says for it in principals(statement))
    what = ", ".join(str(it) for it in listed(statement.get("Action", "*")))
    return f"the statement that denies {what} to {who}" + (
        f" if {statement['Condition']}" if "Condition" in statement else ""
    )
