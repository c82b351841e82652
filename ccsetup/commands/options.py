"""What a command was told: the answers that came with it, and how to go about the rest."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from ccsetup.model import Value

EXAMPLE = "ccsetup setup role --role-arn arn:aws:iam::111122223333:role/CodeCommitAccess --source-profile default"


class Options(NamedTuple):
    """How to go about it: what was given with the command, and what to do where a person could be asked."""

    given: Mapping[str, Value]
    pasted: Mapping[str, Value] = MappingProxyType({})  # taken where they fit; what is given goes first
    yes: bool = False
    dry_run: bool = False
    keep_on_failure: bool = False
