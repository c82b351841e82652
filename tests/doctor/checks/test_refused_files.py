"""A fault because of which AWS tools reject a file: it stops every profile, whichever section it is in."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccsetup.core.context import AwsTexts
from ccsetup.core.errors import Problem
from ccsetup.doctor import checks, diagnose, verdict
from ccsetup.doctor.diagnose import Diagnosis
from ccsetup.wizard import profile_list
from tests.aws_corpus import parsed
from tests.homes import KEYS, ROLE, Home, context_of, facts_of, fixed

DEV = f"[profile dev]\nrole_arn = {ROLE}\nsource_profile = default\nregion = us-east-1\n"
OPS = "[profile ops]\nregion = us-east-1\n"
BASE = f"[default]\n{KEYS}"
REFUSED = {
    "a stray line": (f"{DEV}{OPS}this is a stray line\n", BASE, "file.stray-line"),
    "a lost bracket": (f"{DEV}{OPS}[profile test\nregion = us-east-1\n", BASE, "file.stray-line"),
    "a setting that is there twice": (f"{DEV}{OPS}region = us-east-2\n", BASE, "file.duplicate-key"),
    "a section that is there twice": (f"{DEV}{OPS}{OPS}", BASE, "file.duplicate-section"),
    "a line in a block without a sign": (f"{DEV}{OPS}s3 =\n  oops\n", BASE, "file.nested-block"),
    "in the other file": (DEV + OPS, f"{BASE}[ops]\n{KEYS}hello\n", "file.stray-line"),
}
ALIVE = {
    "a region that is a zone": f"{DEV}[profile ops]\nregion = us-east-1a\n",
    "a header without its word": f"{DEV}[ops]\nregion = us-east-1\n",
    "an indented setting": f"{DEV}{OPS}  output = json\n",
}


@pytest.mark.parametrize(("config", "credentials", "code"), REFUSED.values(), ids=REFUSED)
def test_what_stops_the_whole_file_is_told_for_every_profile(
    config: str, credentials: str, code: str, tmp_path: Path
) -> None:
    with pytest.raises(Problem):
        for text in (config, credentials):
            parsed(text, tmp_path)  # botocore refuses one of them
    facts = facts_of(config, credentials, asked=("dev",))
    assert code in {it.code for it in diagnose.looked(facts)}
    there: Diagnosis = diagnose.offline(facts)
    assert there.is_ok("dev") is False
    context = context_of(tmp_path / "it", Home(config, credentials))
    assert verdict.stopping(context)["dev"].code == code
    texts = AwsTexts(Path("config"), config, Path("credentials"), credentials)
    standings, _ = profile_list.all_of(context, texts)
    assert {(it.name, it.usable, it.code) for it in standings} >= {("dev", False, code), ("ops", False, code)}


@pytest.mark.parametrize("config", ALIVE.values(), ids=ALIVE)
def test_what_stops_one_profile_is_not_told_for_another(config: str, tmp_path: Path) -> None:
    parsed(config, tmp_path)
    facts = facts_of(config, BASE, asked=("dev",))
    assert any(it.profile == "ops" for it in checks.offline(facts))
    assert not [it for it in diagnose.looked(facts) if it.profile == "ops"]
    assert diagnose.offline(facts).is_ok("dev") is True


@pytest.mark.parametrize(
    ("dev", "ops", "left"),
    [
        ('output = "json"\n', "this is a stray line\n", "ops still has: file.stray-line."),
        ('output = "json"\nservices = x\n', "", "dev still has: services.missing."),
        ("output = json[profile two]\nregion = us-east-1\n", "output json\n", "ops still has: file.stray-line."),
        ('output = "json"\n', "s3 =\n  oops\n", "ops still has: file.nested-block."),
    ],
)
def test_the_rest_is_repaired_and_what_remains_is_named(dev: str, ops: str, left: str, tmp_path: Path) -> None:
    config = f"[profile dev]\nrole_arn = {ROLE}\nsource_profile = default\n{dev}{OPS}{ops}"
    context = context_of(tmp_path, Home(config, f"{BASE}region = us-east-1\n"))
    fixed(context)
    after = (tmp_path / "home" / ".aws" / "config").read_text()
    assert after != config
    assert '"json"' not in after and "json[" not in after
    assert ops in after
    assert any(left.rstrip(".") in line for line in context.screen.lines)  # type: ignore[attr-defined]
