"""What stops a profile: the worst of its own findings or of what it rests on, in the words of every command."""

from __future__ import annotations

from pathlib import Path

import pytest
from homes import KEYS, Home, context_of
from script import NOW

from ccsetup.core.context import Context
from ccsetup.core.errors import Problem
from ccsetup.doctor import verdict
from ccsetup.doctor.findings import Finding

ROLE = "arn:aws:iam::111122223333:role/Developer"
CONFIG = (
    f"[profile good]\nregion = us-east-2\n[profile lost]\nrole_arn = {ROLE}\nsource_profile = nobody\nregion = us-east-2\n"
    f"[profile rests]\nrole_arn = {ROLE}\nsource_profile = half\nregion = us-east-2\n[profile half]\nregion = us-east-2\n"
    f"[profile over]\nccsetup_expires_at = {NOW.replace(hour=1):%Y-%m-%dT%H:%M:%SZ}\nregion = us-east-2\n"
)
CREDENTIALS = (
    f"[good]\n{KEYS}[half]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n"
    f"[over]\n{KEYS.replace('AKIA', 'ASIA')}aws_session_token = {'t' * 40}\n"
)


@pytest.fixture
def here(tmp_path: Path) -> Context:
    return context_of(tmp_path, Home(CONFIG, CREDENTIALS))


def settings_of(context: Context, name: str) -> dict[str, str]:
    from ccsetup.wizard.options import Options, looking

    return dict(looking(context, Options({})).profiles[name])


def test_a_profile_is_refused_with_the_finding_that_stops_it(here: Context) -> None:
    with pytest.raises(Problem) as refused:
        verdict.refuse(here, "half", settings_of(here, "half"))
    assert (refused.value.code, refused.value.profile) == ("keys.partial", "half")
    assert refused.value.what == verdict.stopping(here)["half"].says


@pytest.mark.parametrize("name", ["good", "over"])
def test_what_works_and_what_a_sign_in_mends_is_not_refused(here: Context, name: str) -> None:
    verdict.refuse(here, name, settings_of(here, name))


def test_half_a_pair_in_each_file_is_refused_although_its_settings_look_whole(tmp_path: Path) -> None:
    id, secret, *_ = KEYS.splitlines()
    here = context_of(tmp_path, Home(f"[profile torn]\n{id}\nregion = us-east-2\n", f"[torn]\n{secret}\n"))
    with pytest.raises(Problem) as refused:
        verdict.refuse(here, "torn", settings_of(here, "torn"))
    assert refused.value.code == "keys.split"
    assert refused.value.next == "Repair the profile: ccsetup doctor torn --fix"


@pytest.mark.parametrize(
    ("profile", "code", "explained"),
    [
        ("half", "source.none", "keys.partial"),
        ("rests", "access.identity", "keys.partial"),
        ("half", "keys.partial", "keys.partial"),  # the same, but the doctor names the repair
        ("half", "input.missing", "input.missing"),  # new keys mend it, which is what is asked for
        ("lost", "input.missing", "source.missing"),
        ("half", "net.unreachable", "net.unreachable"),
        ("half", "git.failed", "git.failed"),
        ("over", "access.identity", "access.identity"),
        ("good", "access.identity", "access.identity"),
        ("", "access.identity", "access.identity"),
    ],
)
def test_a_fault_in_the_files_explains_a_refusal(here: Context, profile: str, code: str, explained: str) -> None:
    refused = Problem("AWS said no.", code=code)
    refused.profile = profile
    told = verdict.explained(here, refused)
    assert told.code == explained
    assert (told is refused) == (code == explained and code != "keys.partial")
    assert told.profile == profile


def test_files_that_cannot_be_read_explain_nothing(here: Context) -> None:
    path = here.home / ".aws" / "config"
    path.unlink()
    path.mkdir()
    refused = Problem("AWS said no.", code="access.identity")
    refused.profile = "half"
    assert verdict.explained(here, refused).profile == "half"


def test_the_first_finding_that_stops_a_profile_counts_for_it_and_for_what_rests_on_it() -> None:
    first = Finding("a", "stops", "First.", profile="base", also=("role",))
    found = [
        Finding("n", "note", "A note.", profile="base"), Finding("h", "hinders", "Slow.", profile="role"),
        Finding("f", "stops", "Of no profile."), first,
        Finding("b", "stops", "Second.", profile="base"), (own := Finding("c", "stops", "Own.", profile="other")),
    ]  # fmt: skip
    assert verdict.by_profile(found) == {"base": first, "role": first, "other": own}


@pytest.mark.parametrize(
    ("fix", "do", "next"),
    [
        ("tell", "Ask for it.", "Ask for it."),
        ("tell", "", "Check the profile: ccsetup doctor 'my own'"),
        ("ask", "", "Check the profile: ccsetup doctor 'my own'"),
    ],
)
def test_the_next_step_is_what_the_finding_says_else_the_doctor(fix: str, do: str, next: str) -> None:
    finding = Finding("x", "stops", "It is broken.", fix=fix, do=do)  # type: ignore[arg-type]
    told = verdict._problem(finding, "my own", "AWS said no.")
    assert (told.what, told.why, told.next) == ("It is broken.", "AWS said no.", next)
    assert verdict._problem(finding._replace(because="Because."), "my own", "AWS said no.").why == "Because."
