"""argv → options: each question's flag, read off the kinds of access themselves."""

from __future__ import annotations

import argparse
from typing import NoReturn

from ccsetup import access, paste
from ccsetup.commands.options import Options
from ccsetup.errors import BadAnswer, Missing
from ccsetup.model import Question, Value
from ccsetup.world import World

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
EXAMPLE = "ccsetup setup role --role-arn arn:aws:iam::111122223333:role/CodeCommitAccess --source-profile default"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        hint = " A value that begins with a hyphen is joined on: --repo=--mirror." if "expected one" in message else ""
        raise BadAnswer(f"{message[0].upper()}{message[1:].rstrip('.')}.{hint}", next=f"See {self.prog} --help.")


def parsed(words: list[str]) -> argparse.Namespace:
    """Parse the command line; without a command it is `setup`. Raises BadAnswer; --help prints and exits 0."""
    command = words[0] if words and words[0] in ("setup", "demo") else ""
    if not command and words and not words[0].startswith("-"):
        raise BadAnswer(f"There is no command {words[0]}.", next="See ccsetup --help.")
    parser = _demo() if command == "demo" else _setup()
    options = parser.parse_args(words[1:] if command else words)
    options.command = command or "setup"
    options.bare = not words
    defaults = {"kind": None, "device_code": False, "no_browser": False}
    for name in set(defaults) - set(vars(options)):
        setattr(options, name, defaults[name])
    return options


def _common(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("anywhere")
    group.add_argument("--yes", "-y", action="store_true", help="take defaults and go ahead without a review")
    group.add_argument("--no-input", action="store_true", help="ask nothing; what is missing is an error")
    group.add_argument("--dry-run", action="store_true", help="show what would be written, write nothing")
    group.add_argument("--json", action="store_true", help="one JSON document on stdout")
    group.add_argument("--debug", action="store_true", help="show where an unforeseen error came from")


def _setup() -> argparse.ArgumentParser:
    parser = _Parser("ccsetup setup", usage="ccsetup setup [KIND] [flags]", allow_abbrev=False)
    parser.description = "Set up access and clone; what no flag answers is asked."
    parser.epilog = f"Example: {EXAMPLE}"
    parser.add_argument("kind", nargs="?", metavar="KIND", help=" · ".join(a.name for a in access.KINDS))
    placed: set[str] = {"kind", "profile"}
    for kind in access.KINDS:
        shared = [q.flag_name for q in kind.questions if q.key in placed - {"profile"} and q.flag_name]
        group = parser.add_argument_group(
            kind.name, " · ".join([kind.label, *(["also " + ", ".join(shared)] if shared else [])])
        )
        for question in kind.questions:
            _flag(group, question, placed)
    group = parser.add_argument_group("every kind")
    placed.discard("profile")
    for question in access.flags():
        _flag(group, question, placed)
    sign_in = parser.add_argument_group("signing in")
    sign_in.add_argument("--device-code", action="store_true", help="show a code to type in any browser")
    sign_in.add_argument("--no-browser", action="store_true", help="show the address, open nothing")
    parser.add_argument("--keep-on-failure", action="store_true", help="keep a profile that fails its check")
    _common(parser)
    return parser


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


def _demo() -> argparse.ArgumentParser:
    parser = _Parser("ccsetup demo", description="The whole wizard against a sandbox AWS on this machine.")
    parser.add_argument("--kind", help="the kind of access the visitor has: sso, role, mfa, oidc or keys")
    parser.add_argument("--keep", action="store_true", help="leave its folder, and say where it is")
    _common(parser)
    return parser


def setup_options(options: argparse.Namespace, world: World) -> Options:
    """Return the story's options. Raises Missing when nobody can be asked and nothing was given."""
    if options.bare and world.prompt is None:
        raise Missing(
            "There is no terminal to ask in.", next=f"Say everything by flags: {EXAMPLE} --repo MySharedDemoRepo --yes"
        )
    return Options(_given(options, world), options.yes, options.dry_run, options.keep_on_failure)


def _given(options: argparse.Namespace, world: World) -> dict[str, Value]:
    found: dict[str, Value] = {}
    if options.kind:
        found["kind"] = options.kind
    for question in access.flags():
        value = getattr(options, question.key, None)
        if value is not None:
            found[question.key] = value
    if options.keys:
        found |= _keys(options.keys, world)
    return found


def _keys(source: str, world: World) -> dict[str, Value]:
    if source == "env":
        keys = paste.keys_from_env(world.env)
    elif source == "-":
        keys = paste.keys(world.stdin())
    else:
        raise BadAnswer("--keys takes - (a paste on stdin) or env, never a key itself, such as --keys -.")
    found: dict[str, Value] = {"access_key_id": keys.access_key_id, "secret_access_key": keys.secret_access_key}
    if keys.session_token:
        found["session_token"] = keys.session_token
    if keys.expires_at:
        found["expires_at"] = keys.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return found
