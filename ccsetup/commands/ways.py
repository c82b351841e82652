"""The two ways git gets to CodeCommit: git-remote-codecommit, and https with a credential helper of this one clone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ccsetup import address
from ccsetup.core.context import World
from ccsetup.core.errors import Problem
from ccsetup.core.model import Answers, Route
from ccsetup.questions import Target
from ccsetup.transport import AWS_CLI, HELPER, OURS, OWN_HELPER, REMOTE, aws_helper, own_helper


class Way(NamedTuple):
    """Which of the two, whose credential helper, and the host where the address names one of its own."""

    via: str = REMOTE
    helper: str = OURS
    host: str = ""


USUAL = Way()


def way_of(answers: Answers, endpoint: str = "") -> Way:
    """Return the way that the answers name; `endpoint` is CODE_COMMIT_ENDPOINT."""
    repo = answers.text("repo")
    host = address.parse(repo, endpoint).host if repo else ""
    return Way(answers.text("via") or REMOTE, answers.text("helper") or OURS, host)


def route(world: World, way: Way, profile: str, target: Target) -> Route:
    """Return how git gets to a repository as a profile. Raises Problem where the helper is not installed."""
    if way.via == REMOTE:
        url = address.codecommit_url(target.name, target.region, profile)
        return Route(REMOTE, url, why="the address AWS's documents teach; it carries region and profile")
    host = world.env.get("CODE_COMMIT_ENDPOINT") or way.host
    url = address.https_url(target.region, target.name, host)
    settings = helper_settings(world, way, profile, target.region, host)
    return Route(HELPER, url, settings, why="plain https; the helper that signs is a setting of this clone alone")


def helper_settings(world: World, way: Way, profile: str, region: str, host: str) -> Mapping[str, str]:
    """Return what the clone's own configuration says of the helper. Raises Problem where it is not installed."""
    return {"credential.helper": _command(world, way, profile, region, host), "credential.useHttpPath": "true"}


def _command(world: World, way: Way, profile: str, region: str, host: str) -> str:
    if way.helper == AWS_CLI:
        if not world.git.command("aws", beside=False):
            raise Problem(
                "The AWS CLI is not on the PATH, so that git could not run its helper.",
                next="Leave --helper aws out to use ccsetup's own, or install the AWS CLI.",
                code="git.helper-path",
            )
        return aws_helper(profile, region, host)
    path = world.git.command(OWN_HELPER)  # one that an upgrade leaves where it is
    if not path:
        raise Problem(
            f"{OWN_HELPER} is not installed as a command.",
            next="Install ccsetup as one: pipx install ccsetup. Or use the AWS CLI's: --helper aws",
            code="git.helper-path",
        )
    return own_helper(path, profile, region, host)
