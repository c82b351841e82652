"""Completes a clone: fetches its submodules and sets a name for its commits."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ccsetup.access import questions
from ccsetup.core.command_line import in_turn, joined, quote
from ccsetup.core.context import Context, Prompt
from ccsetup.core.errors import BadAnswer, Cancelled, Problem
from ccsetup.core.model import Asked, Submodule, Target
from ccsetup.core.result import Outcome
from ccsetup.git import address, lfs, transport
from ccsetup.wizard.verify import Claim

if TYPE_CHECKING:
    from ccsetup.core.context import Git

_DEEPEST = 10  # the deepest level of nested submodules


def settle(context: Context, git: Git, claim: Claim, outcome: Outcome, person: Person | None) -> Outcome:
    """Fetch the submodules and set the name. The outcome contains a Problem if a submodule was refused."""
    assert outcome.cloned is not None  # noqa: S101 — only called with a clone
    directory = outcome.cloned.directory
    try:
        with context.screen.busy("Finishing the clone"):
            problems = large_files(context, git, claim, directory) if not outcome.cloned.problem else []
            problems += submodules(context, git, claim, directory)
        see_to_name(context, git, directory, outcome, person)
    except (KeyboardInterrupt, Cancelled):
        raise Cancelled("Canceled. The clone was kept.", next=claim.to_go_on) from None
    return replace(outcome, problems=(*outcome.problems, *problems))


def large_files(context: Context, git: Git, claim: Claim, directory: Path) -> list[Problem]:
    """Download the files that Git LFS keeps. Returns the problems, which have already been shown."""
    files = git.lfs_files(directory)
    if not files:
        return []
    if claim.way.via == transport.REMOTE:
        host = context.env.get("CODE_COMMIT_ENDPOINT") or claim.way.host
        https = address.https_url(claim.region, claim.target.name, host, fips=claim.way.fips)
        try:
            helper = transport.helper_settings(context, claim.way, claim.profile, claim.region, host)
            git.point_lfs(directory, https, helper)
        except Problem as refused:
            context.screen.note(f"Git LFS isn't set up in this clone. {refused.what}")
    if not git.has_lfs(directory):
        words = ("git", "-C", str(directory), "lfs")
        context.screen.note(
            f"{claim.target.name} keeps {len(files)} file{'s' if len(files) != 1 else ''} in Git LFS, which isn't set "
            f"up here, so there are only pointers. Install it ({lfs.INSTALL}), then run: "
            f"{in_turn(joined(*words, 'install'), joined(*words, 'pull'))}"
        )
        return []
    with context.screen.busy("Downloading the files in Git LFS"):
        problem = git.pull_lfs(directory, len(files))
    if problem:
        context.screen.problem(problem)
    return [problem] if problem else []


def submodules(context: Context, git: Git, claim: Claim, directory: Path) -> list[Problem]:
    """Fetch a clone's submodules. Returns the problems, which have already been shown."""
    return _submodules(context, git, claim, directory, directory, 0)


def _submodules(context: Context, git: Git, claim: Claim, top: Path, directory: Path, depth: int) -> list[Problem]:
    """Fetch the submodules that are on CodeCommit, with the clone's profile. The others are skipped."""
    problems = []
    for submodule in git.submodules(directory) if depth < _DEEPEST else ():
        if submodule.fault:
            problems.append(_refused(context, submodule.name, Problem(submodule.fault, code="git.failed")))
            continue
        inside = directory / submodule.path
        where = inside.relative_to(top).as_posix()
        target = _on_codecommit(context, claim, submodule)
        if target is None:
            here = "" if directory == top else f" -C {directory.relative_to(top).as_posix()}"
            context.screen.note(
                f"Skipped the submodule {where} because it isn't on CodeCommit ({submodule.url}). To fetch it:"
                f" git{here} submodule update --init -- {quote(submodule.path)}"
            )
            continue
        way = claim.way if target.region == claim.region else claim.way._replace(host="")
        try:
            with context.screen.busy(f"Fetching the submodule {where}") as progress:
                by = transport.route(context, way, claim.profile, target)
                result = git.fetch_submodule(directory, submodule, by, progress)
        except Cancelled:
            raise
        except Problem as refused:
            problems.append(_refused(context, where, refused))
            continue
        for note in result.notes:
            context.screen.note(note)
        if result.problem:
            context.screen.problem(result.problem)
            problems.append(result.problem)
        else:
            context.screen.done("submodule", where, f"{target.name} in {target.region}")
        problems += _submodules(context, git, replace(claim, region=target.region), top, inside, depth + 1)
    if why := git.keep_submodules(directory):
        context.screen.note(
            f"ccsetup couldn't prepare this clone for submodules that are added later, because {why}. "
            f"To fetch them then: ccsetup clone {quote(git.origin(directory))} {quote(str(directory))}"
        )
    return problems


def _refused(context: Context, where: str, problem: Problem) -> Problem:
    problem.what = f"Couldn't fetch the submodule {where}. {problem.what}"
    context.screen.problem(problem)
    return problem


def _on_codecommit(context: Context, claim: Claim, submodule: Submodule) -> Target | None:
    """Return a submodule's repository, None if it isn't on CodeCommit. `../NAME` is next to its parent."""
    beside = re.fullmatch(r"\.\./([^/]+)/?", submodule.url)
    try:
        if beside:
            return Target(address.parse(beside[1]).repository, claim.region)
        asked = address.parse(submodule.url, context.env.get("CODE_COMMIT_ENDPOINT", ""))
    except BadAnswer:
        return None
    if asked.form not in ("codecommit", "https", "ssh"):
        return None
    return Target(asked.repository, asked.region or claim.region)


@dataclass(frozen=True)
class Person:
    """The name and the email address for the commits of a clone, "" for those that git has or that were skipped."""

    name: str = ""
    email: str = ""


def ask_person(context: Context, git: Git, outcome: Outcome, prompt: Prompt) -> Person:
    """Ask for what git lacks for commits, before the clone."""
    settings = dict(git.machine_settings())
    name, email = questions.person_in(outcome.identity.arn if outcome.identity else "")
    given = {}
    for question, key, variable, default in (
        (questions.NAME, "user.name", "GIT_AUTHOR_NAME", name),
        (questions.EMAIL, "user.email", "GIT_AUTHOR_EMAIL", email),
    ):
        if settings.get(key) or context.env.get(variable):
            continue
        asked = Asked(question.key, question.ask, "text", question.help, default=default, parse=question.parse)
        answer = prompt.ask(asked._replace(optional=True, about=question.about, can_go_back=False))
        if not answer:
            break
        given[question.key] = str(answer)
    return Person(given.get("git_name", ""), given.get("git_email", ""))


def see_to_name(context: Context, git: Git, directory: Path, outcome: Outcome, person: Person | None) -> None:
    """Give a clone the name for commits. Without a person, show the commands to run if git has none."""
    for key, value in (("user.name", person.name), ("user.email", person.email)) if person else ():
        if value:
            git.do(directory, "config", "--local", key, value)
    if person:
        return
    has_name = git.setting(directory, "user.name", own=False) or context.env.get("GIT_AUTHOR_NAME")
    has_email = git.setting(directory, "user.email", own=False) or context.env.get("GIT_AUTHOR_EMAIL")
    if not (has_name and has_email):
        name, email = questions.person_in(outcome.identity.arn if outcome.identity else "")
        author = (("user.name", name or "Maria Garcia"), ("user.email", email or "maria@example.com"))
        commands = in_turn(*(joined("git", "config", *setting) for setting in author))
        context.screen.note(f"git needs a name and an email address for commits. In the clone, run: {commands}")
