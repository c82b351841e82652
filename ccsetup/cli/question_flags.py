"""The flags of `setup`, derived from the questions of the kinds of access, and what was given with them."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _ArgumentGroup
from collections.abc import Iterable, Sequence

from ccsetup import access
from ccsetup.access.questions import shared
from ccsetup.core.question import Question
from ccsetup.wizard.setup_flags import SetupFlags

_SWITCHES = ("legacy", "no_clone")
_FLAGS = {  # what a flag does, if the question's own help doesn't say
    "legacy": "write the legacy format for older tools",
    "no_clone": "set up and check access, but don't clone",
    "profile": "profile name, for example, acme-dev",
    "branch": "branch to check out (default: the repository's default branch)",
    "directory": "directory to clone into (default: the repository's name)",
    "output": "AWS CLI output format, for example, json",
    "external_id": "external ID, if you were given one, for example, acme-7f3b",
    "role_arn": "role ARN, for example, arn:aws:iam::111122223333:role/CodeCommitAccess",
    "credential_source": "where this computer has credentials: Ec2InstanceMetadata, EcsContainer, or Environment",
}


EXAMPLES = {
    "sso": "--sso-start-url https://acme.awsapps.com/start --sso-account-id 111122223333 --sso-role-name Developer",
    "role": "--role-arn arn:aws:iam::111122223333:role/CodeCommitAccess --source-profile default",
    "mfa": "--source-profile default --mfa-serial arn:aws:iam::888888888888:mfa/maria",
    "keys": "--keys - --region us-east-2 --profile today",
    "oidc": "--role-arn arn:aws:iam::111122223333:role/CodeCommitOidc --web-identity-token-file ~/token.jwt",
    "saml": "--saml-assertion response.txt",
    "federation": "--source-profile default --federated-name maria.garcia --repo MySharedDemoRepo",
    "machine": "--credential-source Ec2InstanceMetadata --role-arn arn:aws:iam::111122223333:role/CodeCommitAccess",
    "existing": "--profile acme-dev --repo MySharedDemoRepo",
}


def flags(parser: ArgumentParser) -> None:
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
    placed -= everywhere
    _everyones(parser, access.flags(), placed)


def explain(parser: ArgumentParser, words: Sequence[str]) -> None:
    """Add what the help of `setup` shows: one kind's flags, or without a kind an overview. Raises BadAnswer."""
    name = next((word for word in words if any(word == kind.name for kind in access.KINDS)), "")
    if not name and words and not words[0].startswith("-"):
        access.of(words[0])  # refuses it
    placed = {"kind"}
    if not name:
        wide = max(len(kind.name) for kind in access.KINDS)
        kinds = [f"  {kind.name:{wide}}  {kind.label}" for kind in access.KINDS]
        last = "To see the flags of a kind: ccsetup setup sso --help"
        parser.description = "\n".join([str(parser.description), "", "kinds of access:", *kinds, "", last])
        _everyones(parser, shared(access.KINDS[0]), placed)
        return
    kind = access.of(name)
    parser.usage = f"ccsetup setup {name} [flags]"
    parser.epilog = f"Example: ccsetup setup {name} {EXAMPLES[name]}"
    group = parser.add_argument_group(name, kind.label)
    for question in kind.questions:
        _flag(group, question, placed)
    _everyones(parser, shared(kind), placed)


def _everyones(parser: ArgumentParser, questions: Iterable[Question], placed: set[str]) -> None:
    """Add the flags that aren't those of one kind."""
    group = parser.add_argument_group("all kinds")
    for question in questions:
        _flag(group, question, placed)
    signing_in(parser)
    team = parser.add_argument_group("team file")
    team.add_argument("--team", metavar="FILE|URL", help="read the answers and the repositories from a team file")
    team.add_argument("--access", metavar="NAME", help="access to use if the team file offers more than one")
    parser.add_argument(
        "--paste", metavar="-", help="read a message that you were sent from stdin, and use the access details in it"
    )
    parser.add_argument("--keep-on-failure", action="store_true", help="keep the profile even if a check fails")


def signing_in(parser: ArgumentParser) -> None:
    """Add the flags for commands that may have to sign in."""
    sign_in = parser.add_argument_group("signing in")
    sign_in.add_argument("--device-code", action="store_true", help="show a code to enter in any browser")
    sign_in.add_argument("--no-browser", action="store_true", help="show the URL instead of opening a browser")


def _flag(group: _ArgumentGroup, question: Question, placed: set[str]) -> None:
    """Add a question's flags, once."""
    if question.key in placed or not question.flag_name:
        return
    placed.add(question.key)
    instead = group.add_mutually_exclusive_group() if question.also else group
    if question.flag_name == "--keys":
        group.add_argument(
            "--keys",
            metavar="-|env",
            help="where to read access keys: - for stdin, or env for the AWS_… variables; not the access key itself",
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


def given(options: Namespace) -> SetupFlags:
    """Return the flags that were given."""
    answers = {question.key: getattr(options, question.key, None) for question in access.flags()}
    return SetupFlags(
        {key: value for key, value in {"kind": options.kind or None, **answers}.items() if value is not None},
        options.keys or "",
        options.paste or "",
        options.yes,
        options.dry_run,
        options.keep_on_failure,
    )
