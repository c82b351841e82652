"""setup's flags, read off the kinds of access themselves: each question's flag, and what was given by them."""

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
_FLAGS = {  # what a flag does, where the question's own help would not say
    "legacy": "write the form that older tools need",
    "no_clone": "set up and check, clone nothing",
    "profile": "the profile's name, such as acme-dev",
    "branch": "the branch to check out; the default branch when absent",
    "directory": "the folder to clone into; the repository's name when absent",
    "output": "the AWS CLI's output format, such as json",
    "external_id": "only if you were given one, such as acme-7f3b",
    "role_arn": "such as arn:aws:iam::111122223333:role/CodeCommitAccess",
    "credential_source": "the machine's own credentials instead: Ec2InstanceMetadata, EcsContainer or Environment",
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
    group = parser.add_argument_group("every kind")
    placed -= everywhere
    for question in access.flags():
        _flag(group, question, placed)
    signing_in(parser)
    team = parser.add_argument_group("a team's file")
    team.add_argument("--team", metavar="FILE|URL", help="take the answers and the repositories from a team file")
    team.add_argument("--access", metavar="NAME", help="which way in, where the team file offers several")
    parser.add_argument("--paste", metavar="-", help="read whatever you were sent from stdin, and take what is in it")
    parser.add_argument("--keep-on-failure", action="store_true", help="keep a profile that fails its check")


def signing_in(parser: argparse.ArgumentParser) -> None:
    """Add the flags of whatever may have to sign in."""
    sign_in = parser.add_argument_group("signing in")
    sign_in.add_argument("--device-code", action="store_true", help="show a code to type in any browser")
    sign_in.add_argument("--no-browser", action="store_true", help="show the address, open nothing")


def _flag(group: argparse._ArgumentGroup, question: Question, placed: set[str]) -> None:
    """Add a question's flags, once."""
    if question.key in placed or not question.flag_name:
        return
    placed.add(question.key)
    instead = group.add_mutually_exclusive_group() if question.also else group
    if question.flag_name == "--keys":
        group.add_argument("--keys", metavar="-|env", help="a paste on stdin, or the AWS_… variables; never a value")
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
    """Return the story's options. Raises Missing when nobody can be asked and nothing was given."""
    if options.bare and context.prompt is None:
        raise Missing(
            "There is no terminal to ask in.",
            next=f"Say everything by flags: {EXAMPLE} --repo MySharedDemoRepo --yes\n"
            "Or pipe in what you were sent: ccsetup setup --paste - --yes < message.txt",
        )
    given = _given(options, context)
    pasted = _pasted(options.paste, str(given.get("kind", "")), context) if options.paste else {}
    given |= {"kind": pasted["kind"]} if "kind" in pasted else {}
    return Options(given, pasted, options.yes, options.dry_run, options.keep_on_failure)


def _pasted(source: str, kind: str, context: Context) -> dict[str, Value]:
    """Return the answers in what stdin holds, those of `kind` where it is named. Raises BadAnswer."""
    if source != "-":
        raise BadAnswer("--paste takes - and reads stdin, such as: pbpaste | ccsetup setup --paste -")
    found = [reading for reading in flow.readings(context.stdin()) if reading.kind in ("", kind) or not kind]
    if not found:
        raise BadAnswer(
            f"Nothing in the paste is known here{f' for {kind}' if kind else ''}. What is: a start URL, a role ARN,"
            " export lines, a repository's address, or a message with such in it."
        )
    if len(found) > 1:
        ways = ", ".join(f"{reading.kind} ({reading.label})" for reading in found)
        alike = len({reading.kind for reading in found}) < len(found)
        say = f"Say which: ccsetup setup {found[0].kind} --paste -"
        say = "Paste only the one that is meant." if alike else say
        raise BadAnswer(f"The paste can be meant as {ways}.", next=say)
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
        raise BadAnswer("--keys and --paste both read stdin; give one, such as --paste -.")
    if options.keys:
        found |= keys_given(options.keys, context)
    return found


def keys_given(source: str, context: Context) -> dict[str, Value]:
    """Return the answers in what --keys names. Raises BadAnswer."""
    if source == "env":
        keys = paste.keys_from_env(context.env)
    elif source == "-":
        keys = paste.keys(context.stdin())
    else:
        raise BadAnswer("--keys takes - (a paste on stdin) or env, never a key itself, such as --keys -.")
    found: dict[str, Value] = {"access_key_id": keys.access_key_id, "secret_access_key": keys.secret_access_key}
    if keys.session_token:
        found["session_token"] = keys.session_token
    if keys.expires_at:
        found["expires_at"] = clock.written(keys.expires_at)
    return found
