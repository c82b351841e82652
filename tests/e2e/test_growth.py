"""Ten times the profiles take ten times the work: counted in calls, not by the clock."""

from __future__ import annotations

import gc
import os
import random
import sys
from argparse import Namespace
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from string import ascii_letters, ascii_uppercase, digits
from unittest.mock import patch

import pytest
from homes import facts_of
from script import context

from ccsetup import access
from ccsetup.aws import sdk
from ccsetup.awsfiles import backups, fast_read, plan, profile_status, removals
from ccsetup.cli import fast_status
from ccsetup.cli.commands import login, logout, remove, team, undo
from ccsetup.core.context import AwsTexts, Change, Context
from ccsetup.core.echo import Echo
from ccsetup.core.model import Answers, Choice, Edit, Section
from ccsetup.doctor import diagnose, render, similar_names
from ccsetup.team import export as team_export
from ccsetup.ui.filter_list import Pick
from ccsetup.wizard.options import Options, looking, settings

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
    "sessions missing": "[profile p-{n}]\nsso_session = x-{n}\nsso_account_id = 111122223333\nsso_role_name = R\n"
    "[sso-session s-{n}]\nsso_region = us-east-1\nsso_start_url = https://d-{n:010}.awsapps.com/start\n\n",
    "services missing": "[profile p-{n}]\nservices = x-{n}\nregion = us-east-1\n"
    "[services s-{n}]\nsts =\n  endpoint_url = https://x\n\n",
    "accounts wrong": "[profile p-{n}]\nsso_account_id = 111122223333{n}\nsso_role_name = R\nregion = us-east-1\n\n",
    "own sessions": "[profile p-{n}]\nsso_session = s-{n}\nsso_account_id = 111122223333\nsso_role_name = R\n"
    "region = us-east-1\n[sso-session s-{n}]\nsso_region = us-east-1\nsso_start_url = https://d-{n:010}.awsapps.com/start\n\n",
    "legacy": "[profile p-{n}]\nsso_start_url = https://d-{n:010}.awsapps.com/start\nsso_region = us-east-1\n"
    "sso_account_id = 111122223333\nsso_role_name = R\nregion = us-east-1\n\n",
    "sign-in regions missing": "[profile p-{n}]\nsso_start_url = https://d-{n:010}.awsapps.com/start\n"
    "sso_account_id = 111122223333\nsso_role_name = R\n[profile q-{n}]\nsso_region = us-east-1\n\n",
    "console": "[profile p-{n}]\nlogin_session = arn:aws:iam::111122223333:user/u-{n}\nregion = us-east-1\n\n",
    "accounts short": "[profile p-{n}]\nsso_account_id = 9{n:010}\nsso_role_name = R\n"
    "[profile q-{n}]\nsso_account_id = 8{n:011}\nsso_role_name = R\n\n",
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


def modernized(config: str, credentials: str, folder: Path) -> object:
    return diagnose.offline(facts_of(config, credentials, modernize=True))


def home(config: str, credentials: str, folder: Path) -> Context:
    """Return a home with these two files."""
    around = context(folder)
    (around.home / ".aws").mkdir(exist_ok=True)
    (around.home / ".aws" / "config").write_text(config)
    (around.home / ".aws" / "credentials").write_text(credentials)
    return around


def options(**given: object) -> Namespace:
    return Namespace(**{"yes": True, "dry_run": True, **given})


def undone(config: str, credentials: str, folder: Path) -> object:
    """Undo a change of every section."""
    before = config.replace("region", "output")
    around = home(config, credentials, folder)
    edits = (Edit(around.home / ".aws" / "config", before, config, "config"),)
    backups.keep(around.files.backups, Change(around.now(), "doctor", "", edits), [0o600], [])
    return undo.main(options(list=False), lambda: around)


def removed(config: str, credentials: str, folder: Path) -> object:
    around = home(config, credentials, folder)
    return remove.main(options(profile="p-1"), lambda: around)


def signed_out(config: str, credentials: str, folder: Path) -> object:
    around = home(config, credentials, folder)
    return logout.main(options(profile="p-1", all=False), lambda: around)


def all_signed_out(config: str, credentials: str, folder: Path) -> object:
    around = home(config, credentials, folder)
    return logout.main(options(profile=None, all=True), lambda: around)


def all_signed_in(config: str, credentials: str, folder: Path) -> object:
    """Renew every profile; AWS says that each one is somebody else's."""
    around = home(config, credentials, folder)
    given = options(profile=None, all=True, mfa_code=None, keys=None, saml_assertion=None, dry_run=False)
    report = login.main(given, lambda: around)
    assert report.exit_code
    return report


def exported(config: str, credentials: str, folder: Path) -> object:
    around = home(config, credentials, folder)
    return team.export(around, options(names=["p-1"], repo=["A"], name=None, note=None, out=None))


def all_exported(config: str, credentials: str, folder: Path) -> object:
    there = settings(AwsTexts(folder / "config", config, folder / "credentials", credentials))
    return team_export.entries([it for it in there.profiles if it[0] == "p"], *there[:2], folder)


def completed(config: str, credentials: str, folder: Path) -> object:
    around = home(config, credentials, folder)
    files = {"AWS_CONFIG_FILE": "config", "AWS_SHARED_CREDENTIALS_FILE": "credentials"}
    with patch.dict(os.environ, {key: str(around.home / ".aws" / name) for key, name in files.items()}):
        return fast_status.profiles()


def listed(config: str, credentials: str, folder: Path) -> object:
    """Make the lists of profiles to clone with, to assume a role with, and to sign in to."""
    around = home(config, credentials, folder)
    look = looking(around, Options({}))
    wanted = {("existing", "profile"), ("role", "source_profile")}
    questions = [it for kind in access.KINDS for it in kind.questions if (kind.name, it.key) in wanted]
    lists = [it.choices(Answers({}), look) for it in questions if callable(it.choices)]
    assert [len(it) > 2 for it in lists] == [True, True]
    return lists, login._by_nearness(around, look)


def filtered(config: str, credentials: str, folder: Path) -> object:
    """Type into a list of profiles, letter by letter, and move in it."""
    there = settings(AwsTexts(folder / "config", config, folder / "credentials", credentials))
    choices = [Choice(it, it, "role") for it in there.profiles]
    pick = Pick(choices, Echo(lambda text: ()), choices[-1].value, free=True)
    for typed in ("p", "p-", "p-1", "p1", "nothing like it", ""):
        pick.narrow(typed)
        for by in (-1, 10):
            pick.move(by)
            assert pick.window(14)
    pick.grow(choices[:3])
    return pick.window(14), pick.widest, pick.counter()


WORKS = {
    "status": status, "sdk_files": sdk_files, "edit": edit, "doctor": doctor, "doctor --modernize": modernized,
    "undo": undone, "remove": removed, "logout": signed_out, "logout --all": all_signed_out, "login --all": all_signed_in,
    "team export": exported,
    "team export of all": all_exported, "completion": completed, "lists": listed, "filter": filtered,
}  # fmt: skip


def growth(work: str, shape: str, folder: Path, counts: tuple[int, ...]) -> list[float]:
    for earlier in fast_read.EARLIER:
        earlier._read = "", []  # what other tests have read doesn't count
    WORKS[work](*texts(shape, 3), folder)  # imports and compiles
    made = []
    for count in counts:
        both = texts(shape, count)
        made.append(calls(lambda: WORKS[work](*both, folder)))  # noqa: B023
    return [later / earlier for earlier, later in pairwise(made)]


SIGNED_IN = ("chain", "own sessions", "legacy", "console")
CASES = [
    *(("status", shape) for shape in ("plain", "nested", "mixed")),
    *(("sdk_files", shape) for shape in ("plain", "nested", "mixed")),
    *(("edit", shape) for shape in ("plain", "nested", "mixed")),
    *(("doctor", shape) for shape in ("plain", "odd", "broken")),
    *(("doctor", shape) for shape in ("sources missing", "circles", "sessions incomplete", "accounts wrong")),
    *(("doctor", shape) for shape in ("sessions missing", "services missing")),
    ("doctor", "chain"),
    *(
        pytest.param("doctor", it, marks=pytest.mark.slow)
        for it in ("legacy", "sign-in regions missing", "accounts short")
    ),
    pytest.param("doctor --modernize", "legacy", marks=pytest.mark.slow),
    *(("undo", shape) for shape in ("plain", "nested", "own sessions")),
    *((work, shape) for work in ("remove", "logout", "logout --all") for shape in SIGNED_IN),
    *(("login --all", shape) for shape in ("own sessions", "legacy")),
    ("team export", "plain"),
    ("team export of all", "plain"),
    *((work, shape) for work in ("completion", "filter") for shape in ("plain", "nested")),
    *(("lists", shape) for shape in ("plain", *SIGNED_IN)),
]


@pytest.mark.parametrize(("work", "shape"), CASES)
def test_ten_times_the_profiles_take_at_most_ten_times_the_calls(
    work: str, shape: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(similar_names, "_COMPARED", 0)  # as if thousands of them had been compared already
    assert max(growth(work, shape, tmp_path, (30, 300))) <= 10.6


@pytest.mark.slow
@pytest.mark.parametrize(("work", "shape"), [it for it in CASES if it[0] in ("status", "sdk_files", "edit")])
def test_the_same_up_to_ten_thousand(work: str, shape: str, tmp_path: Path) -> None:
    assert max(growth(work, shape, tmp_path, (100, 1_000, 10_000))) <= 10.5


def test_a_chain_of_a_thousand_roles_is_followed_without_recursion() -> None:
    config, credentials = texts("chain", 2_000)
    found = profile_status.standings(
        fast_read.profiles(config, credentials, {}), {}, lambda path: "", "2026-11-21T12:00:00Z"
    )
    assert {it.why for it in found if it.kind == "role"} == {"no source profile"}
