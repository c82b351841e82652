"""What a command was told: the answers that came with it, and how to go about the rest."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import NamedTuple

from ccsetup import access
from ccsetup.core.errors import BadAnswer
from ccsetup.core.model import Value

EXAMPLE = "ccsetup setup role --role-arn arn:aws:iam::111122223333:role/CodeCommitAccess --source-profile default"


class Options(NamedTuple):
    """How to go about it: what was given with the command, and what to do where a person could be asked."""

    given: Mapping[str, Value]
    pasted: Mapping[str, Value] = MappingProxyType({})  # taken where they fit; what is given goes first
    yes: bool = False
    dry_run: bool = False
    keep_on_failure: bool = False


def refuse_unused(given: Mapping[str, Value], used: Collection[str], kind: str) -> None:
    """Refuse flags that nothing asks for: somebody meant something by them."""
    unused = [key for key in given if key not in used]
    if unused:
        flags = {question.key: question.flag_name for question in access.flags()}
        names = ", ".join(flags.get(key) or "--" + key.replace("_", "-") for key in unused)
        raise BadAnswer(
            f"{names} does not go with {kind} and the other answers.", next="See ccsetup setup --help for what does."
        )
