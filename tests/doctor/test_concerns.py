"""What is told of a home when only some profiles are asked about."""

from __future__ import annotations

import pytest

from ccsetup.doctor import diagnose
from tests.homes import KEYS, ROLE, facts_of

BASE = f"[profile base]\n{KEYS.rstrip()}"
OF_BASE = f"role_arn = {ROLE}\nsource_profile = base\nregion = us-east-2\n"


@pytest.mark.parametrize(
    ("config", "asked", "code", "line"),
    [
        (f"{BASE}[profile dev]\n{OF_BASE}", "dev", "file.stray-line", 3),
        ("[profile dev]\nregion = eu-west-1[profile ops]\noutput = yaml\n", "ops", "file.stray-line", 2),
        ("[profile dev]\nregion = eu-west-1 [ops]\noutput = yaml\n", "ops", "region.invalid", 2),
        ("[profile dev]\noutput = json[profile 'ops']\nregion = us-east-1\n", "ops", "file.stray-line", 2),
    ],
)
def test_the_line_that_hides_a_profile_is_told_instead_of_its_absence(
    config: str, asked: str, code: str, line: int
) -> None:
    found = [(it.code, it.line) for it in diagnose.looked(facts_of(config, "", asked=(asked,)))]
    assert (code, line) in found
    assert "profile.missing" not in [it for it, _ in found]


def test_a_fault_of_a_source_profile_is_told_with_the_profile_that_uses_it() -> None:
    config = f"{BASE.replace('profile base', 'base')}\n[profile dev]\n{OF_BASE}[profile other]\nregion = us-east-1\n"
    found = {asked: diagnose.looked(facts_of(config, "", asked=(asked,))) for asked in ("dev", "other", "base")}
    codes = {asked: [it.code for it in its if it.profile] for asked, its in found.items()}
    assert codes == {"dev": ["section.prefix"], "other": [], "base": ["section.prefix", "region.missing"]}


def test_a_name_that_is_nowhere_stays_missing() -> None:
    (finding,) = [
        it for it in diagnose.looked(facts_of("[profile dev]\noutput = json[1]\n", "", asked=("ops",))) if it.profile
    ]
    assert (finding.code, finding.profile) == ("profile.missing", "ops")
