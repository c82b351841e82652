"""Ten times the profiles take ten times the work: counted in calls, not by the clock."""

from __future__ import annotations

import gc
import random
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from string import ascii_letters, ascii_uppercase, digits

import pytest
from homes import facts_of

from ccsetup.aws import sdk
from ccsetup.awsfiles import fast_read, plan, profile_status, removals
from ccsetup.core.context import AwsTexts
from ccsetup.core.model import Section
from ccsetup.doctor import diagnose, render
from ccsetup.doctor.checks import role_sources

ROLE = "role_arn = arn:aws:iam::111122223333:role/CodeCommitAccess\n"
SHAPES = {
    "plain": "[profile p-{n}]\n" + ROLE + "source_profile = k-{n}\nregion = us-east-1\n\n",
    "nested": "[profile p-{n}]\n" + ROLE + "source_profile = k-{n}\ns3 =\n  max_queue_size = 5\nregion = us-east-1\n\n",
    "mixed": '# {n}\n[profile "p-{n}"]\n'
    + ROLE.replace(" = ", "=")
    + "; c\nsource_profile : k-{n}\nregion=us-east-1\n",
    "odd": "[profile p-{n}]\nrole_arn =\n  arn:aws:iam::111122223333:role/R\nsource_profile = k-{n}\nregion = us-east-1\n\n",
    "chain": "[profile p-{n}]\n" + ROLE + "source_profile = p-{above}\nregion = us-east-1\n\n",
    "sources missing": "[profile p-{n}]\n" + ROLE + "source_profile = nobody-{n}\n\n",
    "circles": "[profile p-{n}]\n"
    + ROLE
    + "source_profile = q-{n}\n[profile q-{n}]\n"
    + ROLE
    + "source_profile = p-{n}\n",
    "sessions incomplete": "[profile p-{n}]\nsso_session = s-{n}\nsso_account_id = 111122223333\n[sso-session s-{n}]\n"
    "sso_region = us-east-1\n\n",
    "accounts wrong": "[profile p-{n}]\nsso_account_id = 111122223333{n}\nsso_role_name = R\nregion = us-east-1\n\n",
    "broken": "[profile p-{n}]\n" + ROLE + "source_profile = k-{n}\nregion = us-east-1a\noutput = jsno\n\n",
}


def texts(shape: str, count: int) -> tuple[str, str]:
    chance = random.Random(7)

    def some(letters: str, length: int) -> str:
        return "".join(chance.choices(letters, k=length))

    keys = (
        f"[k-{n}]\naws_access_key_id = AKIA{some(ascii_uppercase, 16)}\n"
        f"aws_secret_access_key = {some(ascii_letters + digits, 40)}\n\n"
        for n in range(count)
    )
    return "".join(SHAPES[shape].format(n=n, above=n + 1) for n in range(count)), "".join(keys)


def calls(work: Callable[[], object]) -> int:
    """Return how many functions are called, those of Python itself included."""
    counted = [0]

    def count(_frame: object, event: str, _argument: object) -> None:
        counted[0] += event in ("call", "c_call")

    gc.disable()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
        gc.enable()
    return counted[0]


def status(config: str, credentials: str, folder: Path) -> object:
    return profile_status.in_plain_texts(config, credentials, lambda path: "", "2026-11-21T12:00:00Z")


def sdk_files(config: str, credentials: str, folder: Path) -> object:
    (folder / "config").write_text(config)
    (folder / "credentials").write_text(credentials)
    return sdk._plain(str(folder / "config"), str(folder / "credentials"))


def edit(config: str, credentials: str, folder: Path) -> object:
    there = AwsTexts(folder / "config", config, folder / "credentials", credentials)
    section = Section("config", "profile", "new", {"region": "us-east-2"})
    change = plan.make("new", "us-east-2", [section], there)
    return removals.rows(change.edits), [plan.diff(it, folder) for it in change.edits]


def doctor(config: str, credentials: str, folder: Path) -> object:
    facts = facts_of(config, credentials)
    told = diagnose.offline(facts)
    return render.document(told)


WORKS = {"status": status, "sdk_files": sdk_files, "edit": edit, "doctor": doctor}


def growth(work: str, shape: str, folder: Path, counts: tuple[int, ...]) -> list[float]:
    WORKS[work](*texts(shape, 3), folder)  # imports and compiles
    made = []
    for count in counts:
        both = texts(shape, count)
        made.append(calls(lambda: WORKS[work](*both, folder)))  # noqa: B023
    return [later / earlier for earlier, later in pairwise(made)]


CASES = [
    *(("status", shape) for shape in ("plain", "nested", "mixed")),
    *(("sdk_files", shape) for shape in ("plain", "nested", "mixed")),
    *(("edit", shape) for shape in ("plain", "nested", "mixed")),
    *(("doctor", shape) for shape in ("plain", "odd", "broken")),
    *(("doctor", shape) for shape in ("sources missing", "circles", "sessions incomplete", "accounts wrong")),
]


@pytest.mark.parametrize(("work", "shape"), CASES)
def test_ten_times_the_profiles_take_at_most_ten_times_the_calls(
    work: str, shape: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(role_sources, "_COMPARED", 0)  # as if thousands of source profiles were missing
    assert max(growth(work, shape, tmp_path, (30, 300))) <= 10.5


@pytest.mark.slow
@pytest.mark.parametrize(("work", "shape"), [it for it in CASES if it[0] != "doctor"])
def test_the_same_up_to_ten_thousand(work: str, shape: str, tmp_path: Path) -> None:
    assert max(growth(work, shape, tmp_path, (100, 1_000, 10_000))) <= 10.5


def test_a_chain_of_a_thousand_roles_is_followed_without_recursion() -> None:
    config, credentials = texts("chain", 2_000)
    found = profile_status.standings(
        fast_read.profiles(config, credentials, {}), {}, lambda path: "", "2026-11-21T12:00:00Z"
    )
    assert {it.why for it in found if it.kind == "role"} == {"no source profile"}
