"""What was given to `setup` with flags, and the answers in it: from the flags themselves, a paste, or keys on stdin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ccsetup.access import paste
from ccsetup.core import clock
from ccsetup.core.command_line import with_clipboard
from ccsetup.core.context import Context
from ccsetup.core.errors import BadAnswer
from ccsetup.core.model import Value
from ccsetup.wizard import flow
from ccsetup.wizard.options import Options


class SetupFlags(NamedTuple):
    """The answers by the key of their question, where to read keys and a paste from, and how to handle the rest."""

    answers: Mapping[str, str]
    keys: str = ""
    paste: str = ""
    yes: bool = False
    dry_run: bool = False
    keep_on_failure: bool = False

    def options(self, context: Context) -> Options:
        """Return the options of `setup`, after reading stdin and the environment if asked to. Raises BadAnswer."""
        if self.keys and self.paste:
            raise BadAnswer("--keys and --paste both read from stdin. Use only one of these flags.")
        given: dict[str, Value] = {**self.answers, **(keys_given(self.keys, context) if self.keys else {})}
        pasted = _pasted(self.paste, self.answers.get("kind", ""), context) if self.paste else {}
        given |= {"kind": pasted["kind"]} if "kind" in pasted else {}
        return Options(given, pasted, self.yes, self.dry_run, self.keep_on_failure)


def _pasted(source: str, kind: str, context: Context) -> dict[str, Value]:
    """Return the answers in the text on stdin, only those of `kind` if it is given. Raises BadAnswer."""
    if source != "-":
        raise BadAnswer(f"--paste must be - (stdin), for example: {with_clipboard('ccsetup setup --paste -')}")
    found = [reading for reading in flow.readings(context.stdin()) if reading.kind in ("", kind) or not kind]
    if not found:
        raise BadAnswer(
            f"No AWS access details{f' for {kind}' if kind else ''} were found in the pasted text. Paste a start URL, a"
            " role ARN, export commands, or a repository address, or a message that contains one of these."
        )
    if len(found) > 1:
        ways = ", ".join(f"{reading.kind} ({reading.label})" for reading in found)
        alike = len({reading.kind for reading in found}) < len(found)
        say = f"Choose the kind of access, for example: ccsetup setup {found[0].kind} --paste -"
        say = "Paste only the details that you want to use." if alike else say
        raise BadAnswer(f"The pasted text can mean more than one thing: {ways}.", next=say)
    for line in (f"Recognized: {', '.join(found[0].found)}.", *found[0].said):
        context.screen.note(line)
    return {**found[0].answers, "kind": kind or found[0].kind or flow.FIND}


def keys_given(source: str, context: Context) -> dict[str, Value]:
    """Return the answers that --keys reads. Raises BadAnswer."""
    if source == "env":
        keys = paste.keys_from_env(context.env)
    elif source == "-":
        keys = paste.keys(context.stdin())
    else:
        raise BadAnswer("--keys must be - (stdin) or env. Don't pass the access key itself.")
    found: dict[str, Value] = {"access_key_id": keys.access_key_id, "secret_access_key": keys.secret_access_key}
    if keys.session_token:
        found["session_token"] = keys.session_token
    if keys.expires_at:
        found["expires_at"] = clock.written(keys.expires_at)
    return found
