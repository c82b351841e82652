"""The flags of `setup`, derived from the questions of the kinds of access, and the answers that they give."""

from __future__ import annotations

import argparse

from ccsetup import access
from ccsetup.access import paste
from ccsetup.access.questions import shared
from ccsetup.core import clock
from ccsetup.core.context import Context
from ccsetup.core.errors import BadAnswer, Missing
from ccsetup.core.model import Value
from ccsetup.core.question import Question
from ccsetup.wizard import flow
from ccsetup.wizard.options import EXAMPLE, Options

_SWITCHES = ("legacy", "no_clone")
_FLAGS = {  # what a flag does, if the question's own help doesn't say
    "legacy": "write the legacy format for older tools",
    "no_clone": "set up and check access, but don't clone",
    "profile": "profile name, e.g. acme-dev",
    "branch": "branch to check out (default: the repository's default branch)",
    "directory": "directory to clone into (default: the repository's name)",
    "output": "output format of the AWS CLI, e.g. json",
    "external_id": "only if you were given one, e.g. acme-7f3b",
    "role_arn": "role ARN, e.g. arn:aws:iam::111122223333:role/CodeCommitAccess",
    "credential_source": "this computer's own credentials; one of: Ec2InstanceMetadata, EcsContainer, Environment",
}


def flags(parser: argparse.ArgumentParser) -> None:
    """Add every question's flag, in a group for each kind of access."""
    parser.add_argument("kind", nargs="?", metavar="KIND", help=" · ".join(a.name for a in access.KINDS))
    everywhere = {question.key for question in shared(access.KINDS[0])}
    placed: set[str] = {"kind", *everywhere}
    for kind in access.KINDS:
        others = [q.flag_name for q in kind.questions if q.key in placed - everywhere and q.flag_name]
        group = parser.add_argument_group(
            kind.name, " · ".join([kind.label, *(["also " + ", ".join(others)] if others else [])])
        )
        for question in kind.questions:
            _flag(group, question, placed)
    group = parser.add_argument_group("all kinds")
    placed -= everywhere
    for question in access.flags():
        _flag(group, question, placed)
    signing_in(parser)
    team = parser.add_argument_group("team file")
    team.add_argument("--team", metavar="FILE|URL", help="take the answers and the repositories from a team file")
    team.add_argument("--access", metavar="NAME", help="which access to use if the team file offers several")
    parser.add_argument("--paste", metavar="-", help="read what you were sent from stdin and use the details in it")
    parser.add_argument("--keep-on-failure", action="store_true", help="keep the profile if a check fails")


def signing_in(parser: argparse.ArgumentParser) -> None:
    """Add the flags for commands that may have to sign in."""
    sign_in = parser.add_argument_group("signing in")
    sign_in.add_argument("--device-code", action="store_true", help="show a code to enter in any browser")
    sign_in.add_argument("--no-browser", action="store_true", help="show the address instead of opening a browser")


def _flag(group: argparse._ArgumentGroup, question: Question, placed: set[str]) -> None:
    """Add a question's flags, once."""
    if question.key in placed or not question.flag_name:
        return
    placed.add(question.key)
    instead = group.add_mutually_exclusive_group() if question.also else group
    if question.flag_name == "--keys":
        group.add_argument(
            "--keys",
            metavar="-|env",
            help="- reads them from stdin, env from the AWS_… variables; never pass the value itself",
        )
    elif question.key in _SWITCHES:
        group.add_argument(
            question.flag_name, dest=question.key, action="store_const", const="yes", help=_FLAGS[question.key]
        )
    else:
        hint = _FLAGS.get(question.key, question.help or question.ask).replace("%", "%%")
        instead.add_argument(question.flag_name, dest=question.key, metavar="…", help=hint)
    for flag, prefix in question.also:
        instead.add_argument(
            flag, dest=question.key, metavar="…", type=prefix.__add__, help=_FLAGS["credential_source"]
        )


def setup_options(options: argparse.Namespace, context: Context) -> Options:
    """Return the options of `setup`. Raises Missing if nothing was given and there is no terminal."""
    if options.bare and context.prompt is None:
        raise Missing(
            "Not running in a terminal.",
            next=f"Pass everything as flags: {EXAMPLE} --repo MySharedDemoRepo --yes\n"
            "Or pipe in what you were sent: ccsetup setup --paste - --yes < message.txt",
        )
    given = _given(options, context)
    pasted = _pasted(options.paste, str(given.get("kind", "")), context) if options.paste else {}
    given |= {"kind": pasted["kind"]} if "kind" in pasted else {}
    return Options(given, pasted, options.yes, options.dry_run, options.keep_on_failure)


def _pasted(source: str, kind: str, context: Context) -> dict[str, Value]:
    """Return the answers in the text on stdin, only those of `kind` if it is given. Raises BadAnswer."""
    if source != "-":
        raise BadAnswer("--paste only accepts - (stdin). For example: pbpaste | ccsetup setup --paste -")
    found = [reading for reading in flow.readings(context.stdin()) if reading.kind in ("", kind) or not kind]
    if not found:
        raise BadAnswer(
            f"I couldn't find any AWS access details{f' for {kind}' if kind else ''} in the paste. Paste a start URL,"
            " a role ARN, export lines, a repository address, or a message that contains them."
        )
    if len(found) > 1:
        ways = ", ".join(f"{reading.kind} ({reading.label})" for reading in found)
        alike = len({reading.kind for reading in found}) < len(found)
        say = f"Choose one, for example: ccsetup setup {found[0].kind} --paste -"
        say = "Paste only the one that you want to use." if alike else say
        raise BadAnswer(f"The paste can be read in several ways: {ways}.", next=say)
    for line in (f"Recognised: {', '.join(found[0].found)}.", *found[0].said):
        context.screen.note(line)
    return {**found[0].answers, "kind": kind or found[0].kind or flow.FIND}


def _given(options: argparse.Namespace, context: Context) -> dict[str, Value]:
    found: dict[str, Value] = {}
    if options.kind:
        found["kind"] = options.kind
    for question in access.flags():
        value = getattr(options, question.key, None)
        if value is not None:
            found[question.key] = value
    if options.keys and options.paste:
        raise BadAnswer("--keys and --paste both read stdin. Use only one of them.")
    if options.keys:
        found |= keys_given(options.keys, context)
    return found


def keys_given(source: str, context: Context) -> dict[str, Value]:
    """Return the answers that --keys reads. Raises BadAnswer."""
    if source == "env":
        keys = paste.keys_from_env(context.env)
    elif source == "-":
        keys = paste.keys(context.stdin())
    else:
        raise BadAnswer("--keys accepts - (stdin) or env, never an access key itself. For example: --keys -.")
    found: dict[str, Value] = {"access_key_id": keys.access_key_id, "secret_access_key": keys.secret_access_key}
    if keys.session_token:
        found["session_token"] = keys.session_token
    if keys.expires_at:
        found["expires_at"] = clock.written(keys.expires_at)
    return found
