"""The JSON document of a command: what happened, null for what did not, and each problem with its next step."""

from __future__ import annotations

from pathlib import Path

from ccsetup.core.errors import BadAnswer, Problem
from ccsetup.core.model import Identity, Repository, Route
from ccsetup.core.result import Cloned, Outcome, told

EDIT = {"path": "p", "section": "[profile dev]", "set": {"region": "us-east-2"}, "remove": []}
FOLDER = Path("/home/maria/Demo")
URL = "codecommit::us-east-2://dev@Demo"
CLONE = Cloned(FOLDER, Route("git-remote-codecommit", URL), "0" * 40)
WHO = Identity("111122223333", "arn:aws:iam::111122223333:user/maria")


def test_what_did_not_happen_is_null_or_empty() -> None:
    assert Outcome().document() == {
        "ok": True,
        "kind": None,
        "profile": None,
        "region": None,
        "edits": [],
        "backups": [],
        "identity": None,
        "repository": None,
        "clone": None,
        "problems": [],
    }
    empty = Outcome(repository=Repository("Demo", "us-east-2"), cloned=Cloned(FOLDER, CLONE.route, "")).document()
    assert (empty["repository"]["default_branch"], empty["clone"]["commit"]) == (None, None)


def test_what_happened_is_told_in_full() -> None:
    repository = Repository("Demo", "us-east-2", "111122223333", "main")
    whole = Outcome("keys", "dev", "us-east-2", (EDIT,), (FOLDER,), WHO, repository, CLONE, urls={"ssh": "s"})
    assert whole.document() == {
        "ok": True,
        "kind": "keys",
        "profile": "dev",
        "region": "us-east-2",
        "edits": [EDIT],
        "backups": [str(FOLDER)],
        "identity": {"account_id": WHO.account_id, "arn": WHO.arn},
        "repository": {"name": "Demo", "region": "us-east-2", "default_branch": "main"},
        "clone": {"directory": str(FOLDER), "url": URL, "via": "git-remote-codecommit", "commit": "0" * 40},
        "problems": [],
        "urls": {"ssh": "s"},
    }
    assert (whole.default_branch, Outcome().default_branch) == ("main", "")


def test_a_problem_is_told_with_what_lifts_it() -> None:
    problem = Problem("No.", why="Because.", next="Ask.", code="access.identity")
    assert told(problem) == {
        "code": "access.identity", "what": "No.", "why": "Because.", "next": "Ask.", "policy": None, "message": None,
    }  # fmt: skip
    problem = Problem("No.", code="access.identity")
    problem.policy, problem.letter = {"Version": "2012-10-17"}, "Dear admin"
    said = told(problem)
    assert (said["why"], said["next"], said["policy"], said["message"]) == (None, None, problem.policy, "Dear admin")


def test_the_last_problem_decides_the_exit_code() -> None:
    first, last = Problem("No.", code="access.identity"), BadAnswer("That isn't a region.")
    assert Outcome().report().exit_code == 0
    assert Outcome().refused(first).report().exit_code == 1
    both = Outcome().refused(first).refused(last)
    assert (both.report().exit_code, both.problems, both.document()["ok"]) == (2, (first, last), False)


def test_a_clone_brings_its_problem_with_it() -> None:
    problem = Problem("The folder is in the way.", code="git.failed")
    assert Outcome().with_clone(CLONE).problems == ()
    unusable = Outcome(problems=(first := Problem("No.", code="x"),)).with_clone(
        Cloned(FOLDER, CLONE.route, "", problem)
    )
    assert unusable.problems == (first, problem)
    assert unusable.cloned is not None
