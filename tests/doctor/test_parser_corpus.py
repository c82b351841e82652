"""The profile parser cases that the AWS SDKs share: errors diagnosed, what SDKs disagree on named, nothing else accused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ConfigParseError

from ccsetup.doctor import checks
from ccsetup.doctor.findings import Finding
from tests.aws_corpus import SHARED, full_config
from tests.homes import facts_of, mended

CASES = SHARED / "profile-parser-tests.json"
FAMILIES = ("file.", "section.", "profile.", "region.", "value.")


class Shared(NamedTuple):
    """One case: the two files, what other SDKs read from them (None: they refuse them)."""

    name: str
    config: str | None
    credentials: str | None
    profiles: dict[str, Any] | None


def shared() -> list[Shared]:
    tests = json.loads(CASES.read_text(encoding="utf-8"))["tests"] if CASES.exists() else []
    return [
        Shared(it["name"], it["input"].get("configFile"), it["input"].get("credentialsFile"),
               it["output"].get("config", {}).get("profiles") if "config" in it["output"] else None)
        for it in tests
    ]  # fmt: skip


def found(case: Shared) -> list[Finding]:
    return [it for it in checks.offline(facts_of(case.config, case.credentials)) if it.code.startswith(FAMILIES)]


def as_botocore(case: Shared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any] | None:
    """Return the profiles that botocore reads, None where it refuses a file."""
    try:
        there: Any = full_config(case.config or "", case.credentials or "", tmp_path, monkeypatch)["profiles"]
    except ConfigParseError:
        return None
    return {name: {key: _flat(value) for key, value in it.items()} for name, it in there.items()}


def _flat(value: Any) -> Any:
    if isinstance(value, dict):
        return "".join(f"\n{key} = {text}" if text else f"\n{key} =" for key, text in value.items())
    return value


needed = pytest.mark.skipif(not CASES.exists(), reason="the shared cases are not at hand")


@needed
@pytest.mark.parametrize("case", [it for it in shared() if it.profiles is None], ids=lambda it: it.name)
def test_what_other_sdks_refuse_has_a_finding(case: Shared) -> None:
    assert found(case)


@needed
@pytest.mark.parametrize("case", [it for it in shared() if it.profiles is not None], ids=lambda it: it.name)
def test_a_disagreement_between_sdks_is_named_and_nobody_else_is_accused(
    case: Shared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, findings = as_botocore(case, tmp_path, monkeypatch), found(case)
    worst = {it.severity for it in findings}
    if ours is None:
        assert "stops" in worst
    if ours == case.profiles:
        assert "stops" not in worst, findings
    elif not _only_type(ours, case):
        assert findings and all(it.because for it in findings)
        assert any("SDK" in it.because or "AWS tools skip a section" in it.because for it in findings)


def _only_type(ours: dict[str, Any] | None, case: Shared) -> bool:
    """Say whether the two differ in nothing but how a value over several lines is put."""
    return ours is not None and json.dumps(ours).split() == json.dumps(case.profiles).split()


@needed
@pytest.mark.parametrize("case", shared(), ids=lambda it: it.name)
def test_a_repaired_case_reads_alike_everywhere(case: Shared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    after = mended(facts_of(case.config, case.credentials)).facts
    again = mended(after).facts
    assert again.texts == after.texts
    auto = [it for it in found(case) if it.fix == "auto" and it.severity == "stops"]
    if auto and not [it for it in found(case) if it.fix != "auto" and it.severity == "stops"]:
        repaired = case._replace(config=after.texts.config, credentials=after.texts.credentials)
        assert as_botocore(repaired, tmp_path, monkeypatch) is not None
