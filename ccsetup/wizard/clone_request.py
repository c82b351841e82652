"""The request of `clone`: its flags and address, read and compared with each other before anything is done."""

from __future__ import annotations

from typing import NamedTuple

from ccsetup.access.questions import BRANCH
from ccsetup.core import missing_profile, validate
from ccsetup.core.command_line import quote
from ccsetup.core.context import Context
from ccsetup.core.errors import BadAnswer
from ccsetup.core.lookup import Look
from ccsetup.core.model import Target, Value
from ccsetup.core.question import Question
from ccsetup.git import address
from ccsetup.git.transport import VIA, WHOSE
from ccsetup.wizard.engine import Walk


class CloneOptions(NamedTuple):
    """What was given to `clone`, as it was written; "" if it wasn't given."""

    address: str
    directory: str = ""
    profile: str = ""
    region: str = ""
    branch: str = ""
    via: str = ""
    helper: str = ""
    create: bool = False
    print_url: bool = False
    yes: bool = False
    dry_run: bool = False

    @property
    def flags(self) -> list[str]:
        """The flags that say how to clone the repository again, apart from those that the target tells."""
        named = (("--profile", self.profile), ("--via", self.via), ("--helper", self.helper))
        return [word for flag, value in named if value for word in (flag, value)] + ["--create"] * self.create


class Wish(NamedTuple):
    """The repository, the profile ("": any that can read it), and the options.

    `repo` is the address as given. `via` and `helper` are empty if they weren't given.
    """

    repo: str
    target: Target
    profile: str = ""
    host: str = ""
    via: str = ""
    helper: str = ""
    create: bool = False
    print_url: bool = False
    yes: bool = False
    dry_run: bool = False

    @property
    def flags(self) -> list[str]:
        """The flags that say how to clone the repository again, apart from those that the target tells."""
        named = (("--profile", self.profile), ("--via", self.via), ("--helper", self.helper))
        return [word for flag, value in named if value for word in (flag, value)] + ["--create"] * self.create

    def given(self) -> dict[str, Value]:
        """Return the answers that `setup` would get for the same request."""
        told = {
            "repo": self.repo,
            "branch": self.target.branch,
            "directory": self.target.directory,
            "via": self.via,
            "helper": self.helper,
        }
        return {key: value for key, value in told.items() if value}


def wish_of(options: CloneOptions, context: Context, look: Look) -> Wish:
    """Return the request. Raises BadAnswer for contradictions, Problem for a profile that doesn't exist."""
    endpoint = context.env.get("CODE_COMMIT_ENDPOINT", "")
    asked = address.parse(options.address, endpoint)
    if asked.said:
        context.screen.note(asked.said)
    region = _region(context, options.region, asked.region)
    target = Target(
        asked.repository,
        region,
        asked.account_id,
        _parsed(context, BRANCH, options.branch) or asked.branch,
        validate.folder(options.directory or asked.directory) if options.directory or asked.directory else "",
    )
    return Wish(
        repo=options.address,
        target=target,
        profile=_profile(context, look, options.profile, asked.profile),
        host="" if endpoint else asked.host,
        via=_parsed(context, VIA, options.via),
        helper=_parsed(context, WHOSE, options.helper),
        create=options.create,
        print_url=options.print_url,
        yes=options.yes,
        dry_run=options.dry_run,
    )


def _parsed(context: Context, question: Question, text: str) -> str:
    value = question.parse(text) if text else ""
    if isinstance(value, str):
        return value
    context.screen.note(value.said)
    return str(value.value)


def _region(context: Context, flag: str, of_address: str) -> str:
    value = validate.region(flag) if flag else ""
    if not isinstance(value, str):
        context.screen.note(value.said)
        value = str(value.value)
    if value and of_address and value != of_address:
        raise BadAnswer(f"The address is in {of_address}, but --region is {value}. Specify only one region.")
    if unknown := validate.unknown_region(value or of_address):
        context.screen.note(unknown)
    return value or of_address


def _profile(context: Context, look: Look, flag: str, of_address: str) -> str:
    """Return the profile to use: the flag's, or the address's if a profile with that name exists."""
    if flag and flag not in look.profiles:
        set_up = f"Set up the profile: ccsetup setup --profile {quote(flag)}"
        raise missing_profile.problem(flag, look.profiles, context.env, context.home, set_up)
    if not flag and of_address and of_address not in look.profiles:
        context.screen.note(f'No profile "{of_address}" on this computer. Trying other profiles.')
        return ""
    if not flag and not of_address:
        for line in missing_profile.notes(look.profiles, context.env, context.home):
            context.screen.note(line)
    return flag or of_address


def way(context: Context, look: Look, wish: Wish, profile: str) -> tuple[str, str]:
    """Return the transport and the credential helper: as given, or as the shared questions decide."""
    told = {"profile": profile, "repo": wish.repo, "via": wish.via, "helper": wish.helper}
    given = {key: value for key, value in told.items() if value}
    flow = (Question("profile", "profile"), Question("repo", "repository"), VIA, WHOSE)
    look.given = given
    prompt = None if wish.yes else context.prompt
    walk = Walk(lambda answers: flow, look, given=given, prompt=prompt, say=context.screen.note, defaults=wish.yes)
    answers = walk.run().answers
    return answers.text("via"), answers.text("helper")
