"""Nested blocks and services sections: what makes botocore fail for every client, and what a repair leaves of a block."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from ccsetup.aws import client_trial
from ccsetup.doctor import checks, client_proof
from ccsetup.doctor.facts import Facts
from ccsetup.doctor.findings import Finding
from tests.homes import KEYS, facts_of, mended

BASE = f"[default]\n{KEYS}"
DEV = f"[profile dev]\n{KEYS}region = us-east-1\n"
BLOCK, SERVICES, INDENTED = "file.nested-block", "services.missing", "section.indented-key"


class Case(NamedTuple):
    """A config file, the code and the line of its one error, and the file once repaired ("" if a person is asked)."""

    code: str
    line: int
    text: str
    mended: str = ""
    profile: str = "dev"


CASES = {
    "a service's address in column 0": Case(
        BLOCK, 6, "[profile dev]\nregion = us-east-1\nservices = x\n[services x]\ncodecommit =\nendpoint_url = https://git.example.com\n",
        "[profile dev]\nregion = us-east-1\nservices = x\n[services x]\ncodecommit =\n    endpoint_url = https://git.example.com\n"),
    "two services in column 0, so that a setting is there twice": Case(
        BLOCK, 6, "[profile dev]\nregion = us-east-1\nservices = x\n[services x]\nsts =\nendpoint_url = https://a.example.com\n"
        "codecommit =\nendpoint_url = https://b.example.com\n",
        "[profile dev]\nregion = us-east-1\nservices = x\n[services x]\nsts =\n    endpoint_url = https://a.example.com\n"
        "codecommit =\n    endpoint_url = https://b.example.com\n", ""),
    "a service without an address": Case(
        BLOCK, 5, "[profile dev]\nregion = us-east-1\nservices = x\n[services x]\ncodecommit =\nsts =\n  endpoint_url = https://a.example.com\n",
        "[profile dev]\nregion = us-east-1\nservices = x\n[services x]\n# codecommit =\nsts =\n  endpoint_url = https://a.example.com\n"),
    "a service that is an address": Case(
        BLOCK, 5, "[profile dev]\nregion = us-east-1\nservices = x\n[services x]\ncodecommit = https://a.example.com\n",
        "[profile dev]\nregion = us-east-1\nservices = x\n[services x]\ncodecommit =\n    endpoint_url = https://a.example.com\n"),
    "s3 flattened": Case(
        BLOCK, 6, f"{DEV}s3 =\nmax_concurrent_requests = 20\nmax_queue_size = 10000\noutput = json\n",
        f"{DEV}s3 =\n    max_concurrent_requests = 20\n    max_queue_size = 10000\noutput = json\n"),
    "s3 flattened by a tool that sorts": Case(
        BLOCK, 4, "[profile dev]\ns3 =\noutput = json\naddressing_style = path\nregion = us-east-1\nmax_queue_size = 5\nx = 1\n",
        "[profile dev]\ns3 =\n    addressing_style = path\n    max_queue_size = 5\noutput = json\nregion = us-east-1\nx = 1\n"),
    "api_versions flattened": Case(
        BLOCK, 4, "[profile dev]\nregion = us-east-1\napi_versions =\nec2 = 2015-03-01\ncloudfront = 2015-09-17\n",
        "[profile dev]\nregion = us-east-1\napi_versions =\n    ec2 = 2015-03-01\n    cloudfront = 2015-09-17\n"),
    "s3 with nothing": Case(
        BLOCK, 2, "[profile dev]\ns3 =\nregion = us-east-1\n", "[profile dev]\n# s3 =\nregion = us-east-1\n"),
    "s3 with comments between": Case(
        BLOCK, 5, "[profile dev]\nregion = us-east-1\ns3 =\n# faster\nmax_queue_size = 5\n\naddressing_style = path\n",
        "[profile dev]\nregion = us-east-1\ns3 =\n# faster\n    max_queue_size = 5\n\n    addressing_style = path\n"),
    "an address that may be everybody's": Case(
        BLOCK, 3, "[profile dev]\ns3 =\nendpoint_url = http://localhost:9000\nregion = us-east-1\n"),
    "services without its section": Case(SERVICES, 2, "[profile dev]\nservices = x\nregion = us-east-1\n"),
    "services with a typo": Case(
        SERVICES, 2, "[profile dev]\nservices = lcal\nregion = us-east-1\n[services local]\ns3 =\n  endpoint_url = http://localhost:4566\n"),
    "services with an empty section": Case(
        SERVICES, 3, "[profile dev]\nregion = us-east-1\nservices = x\n[services x]\n# nothing yet\n"),
    "services without a name": Case(SERVICES, 2, "[profile dev]\nservices =\nregion = us-east-1\n"),
    "region in the middle of a block": Case(
        INDENTED, 4, "[profile dev]\ns3 =\n  max_queue_size = 5\n  region = us-east-1\n  addressing_style = path\n",
        "[profile dev]\nregion = us-east-1\ns3 =\n  max_queue_size = 5\n  addressing_style = path\n"),
    "region at the top of a block": Case(
        INDENTED, 3, "[profile dev]\ns3 =\n  region = us-east-1\n  addressing_style = path\noutput = json\n",
        "[profile dev]\nregion = us-east-1\ns3 =\n  addressing_style = path\noutput = json\n"),
    "region alone in a block": Case(
        INDENTED, 3, "[profile dev]\ns3 =\n  region = us-east-1\noutput = json\n",
        "[profile dev]\n# s3 =\nregion = us-east-1\noutput = json\n"),
    "region and output between a block's settings": Case(
        INDENTED, 3, "[profile dev]\ns3 =\n\tregion = us-east-1\n\t# c\n\tmax_queue_size = 5\n\toutput = json\n\tx = 1\n",
        "[profile dev]\nregion = us-east-1\noutput = json\ns3 =\n\t# c\n\tmax_queue_size = 5\n\tx = 1\n"),
    "a block's setting that hangs on region": Case(
        INDENTED, 5, "[profile dev]\ns3 =\n  max_queue_size = 5\nregion = us-east-1\n  addressing_style = path\noutput = json\n",
        "[profile dev]\nregion = us-east-1\ns3 =\n  max_queue_size = 5\n  addressing_style = path\noutput = json\n"),
    "a whole block that hangs on region": Case(
        INDENTED, 3, "[profile dev]\nregion = us-east-1\n  s3 =\n    addressing_style = path\n    max_queue_size = 5\noutput = json\n",
        "[profile dev]\nregion = us-east-1\ns3 =\n    addressing_style = path\n    max_queue_size = 5\noutput = json\n"),
    "a whole block of one depth that hangs on region": Case(
        INDENTED, 4, "[profile dev]\noutput = json\nregion = us-east-1\n\ts3 =\n\tmax_queue_size = 5\n",
        "[profile dev]\noutput = json\nregion = us-east-1\ns3 =\n\tmax_queue_size = 5\n"),
    "a block of versions that hangs on region": Case(
        INDENTED, 3, "[profile dev]\nregion = us-east-1\n  api_versions =\n    ec2 = 2015-03-01\n",
        "[profile dev]\nregion = us-east-1\napi_versions =\n    ec2 = 2015-03-01\n"),
    "an empty block that hangs on region": Case(
        INDENTED, 3, "[profile dev]\nregion = us-east-1\n  s3 =\noutput = json\n",
        "[profile dev]\nregion = us-east-1\n  # s3 =\noutput = json\n"),
    "region at the end of a block": Case(
        INDENTED, 4, "[profile dev]\ns3 =\n  max_queue_size = 5\n  region = us-east-1\n",
        "[profile dev]\ns3 =\n  max_queue_size = 5\nregion = us-east-1\n"),
}  # fmt: skip


def errors(facts: Facts) -> list[Finding]:
    return [it for it in checks.offline(facts) if it.severity == "stops" and not it.code.startswith("git.")]


def builds(facts: Facts, name: str = "dev") -> str:
    """Return the error of botocore when it builds clients with the files, "" if it can."""
    settings = client_proof.full_config(facts)
    if settings is None:
        return "refused"
    return client_trial.errors(settings, [name]).get(name, "")


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["", "of Windows"])
def test_a_block_is_told_by_line_and_repaired_whole(case: Case, end: str) -> None:
    facts = facts_of(case.text.replace("\n", end), BASE)
    found = errors(facts)
    assert (found[0].code, found[0].line, found[0].profile) == (case.code, case.line, case.profile or found[0].profile)
    assert builds(facts) or case.code == INDENTED
    if not case.mended:
        assert {it.fix for it in found} == {"ask"}
        for n, _ in enumerate(found[0].remedies):
            assert not builds(chosen(facts, found[0], n)), found[0].remedies[n].label
        return
    assert {it.fix for it in found} == {"auto"}
    after = mended(facts).facts
    assert after.texts.config == case.mended.replace("\n", end)
    assert not errors(after)
    assert not builds(after)


def chosen(facts: Facts, finding: Finding, n: int) -> Facts:
    from ccsetup.doctor import repair

    begun = repair.of(facts)
    after = begun.plus([finding.remedies[n]])
    assert not repair.harm(begun, after, [finding.remedies[n]])
    return after.facts


HEALTHY = {
    "a block": f"{DEV}s3 =\n  addressing_style = path\n",
    "an address of every service": f"{DEV}endpoint_url = https://a.example.com\ns3 =\n  endpoint_url = http://localhost\n",
    "services": f"{DEV}services = x\n[services x]\ncodecommit =\n  endpoint_url = https://a.example.com\n",
    "services that are ignored": f"{DEV}services = x\nignore_configured_endpoint_urls = true\n",
    "another tool's empty setting": f"{DEV}cli_pager =\nmytool =\nx = 1\n",
    "the name in quotes": f'{DEV}services = a b\n[services "a b"]\nsts =\n  endpoint_url = https://a.example.com\n',
}


@pytest.mark.parametrize("text", HEALTHY.values(), ids=HEALTHY)
def test_blocks_that_botocore_reads_are_left_alone(text: str) -> None:
    facts = facts_of(text, BASE)
    assert not builds(facts)
    assert not [it for it in checks.offline(facts) if it.code in (BLOCK, SERVICES, INDENTED)]


def test_a_services_section_that_no_profile_uses_is_a_note() -> None:
    facts = facts_of(f"{DEV}[services x]\ncodecommit =\nendpoint_url = https://a.example.com\n", BASE)
    assert [(it.code, it.severity) for it in checks.offline(facts) if it.code == BLOCK] == [(BLOCK, "note")]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after", "broken"),
    [
        ("s3 =\n  region = us-east-1\n", "s3 =\nregion = us-east-1\n", ["dev"]),
        ("s3 =\n  max_queue_size = 1\n", "# s3 =\n# max_queue_size = 1\n", []),
        ("retry_mode = standard\n", "retry_mode = often\n", ["dev"]),
        ("s3 =\n  max_queue_size = 1\n", "s3 =\n  addressing_style = nowhere\n", ["dev"]),
        ("s3 =\nregion = us-east-1\n", "s3 =\nregion = us-east-2\n", []),
        ("", "services = x\n[services x]\nsts = https://a.example.com\n", ["dev"]),
    ],
)
def test_a_repair_that_leaves_no_client_is_not_believed(before: str, after: str, broken: list[str]) -> None:
    one, other = (facts_of(f"[profile dev]\n{text}", BASE) for text in (before, after))
    assert client_proof.broken(one, other) == broken
