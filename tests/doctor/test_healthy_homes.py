"""Homes that are well, however strange they look: nothing stops them, and --fix --yes changes no byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccsetup.doctor import checks
from tests.aws_corpus import SAMPLES, Sample
from tests.homes import KEY, KEYS, SECRET, Home, context_of, fixed, mended, of_file, texts
from tests.script import FakeGit

C = f"[default]\n{KEYS}"
D = "[default]\nregion = us-east-1\noutput = json\n"
ARN = "arn:aws:iam::111122223333:role/CodeCommitAccess"
HOMES = {
    "nothing at all": Home(),
    "empty files": Home("", ""),
    "blank lines": Home("\n\n  \n\t\n", "\n"),
    "comments alone": Home("# nothing here yet\n;[profile dev]\n", "#\n"),
    "sections with comments alone": Home("[default]\n# region = us-east-1\n[profile dev]\n; soon\n", "[default]\n#none\n"),
    "one empty header": Home("[default]", "[default]"),
    "as aws configure writes it": Home(D, C),
    "several profiles": Home(D + "[profile a]\nregion = us-east-2\n[profile b]\nregion=eu-west-1\n", C + f"[a]\n{KEYS}[b]\n{KEYS}"),
    "a nested s3 block": Home(D + "s3 =\n    max_concurrent_requests = 20\n    max_queue_size=10000\n    addressing_style = path\n", C),
    "nested blocks with comments": Home(D + "s3 =\n  # big files\n  max_bandwidth = 50MB/s\n\n  use_accelerate_endpoint = true\n", C),
    "s3 and api versions": Home(D + "api_versions =\n  ec2 = 2015-03-01\n  cloudfront = 2015-09-17\ns3 =\n  signature_version = s3v4\n", C),
    "a nested region beside the profile's own": Home("[profile a]\nregion = us-east-1\ns3 =\n  region = us-west-2\n"
                                                    "[profile b]\ns3 =\n  region = us-west-2\n  max_queue_size = 5\nregion = us-east-1\n", f"[a]\n{KEYS}"),
    "a nested endpoint in the middle of a block": Home(D + "s3 =\n  region = us-west-2\n  addressing_style = path\nsqs =\n    endpoint_url = http://x\n", C),
    "services with regions": Home(D + "[services a]\ns3 =\n  region = us-east-1\n  endpoint_url = http://localhost:1\n", C),
    "brackets at the end of values": Home(D + "endpoint_url = http://[::1]\nnote = see [x]\nother = a[b]\ncli_pager = sh -c [x]\nca_bundle = /etc/a[1]\n", C + "note = [x]\n"),
    "a services section": Home("[services local]\ndynamodb =\n  endpoint_url = http://localhost:8000\ns3 =\n  endpoint_url = http://localhost:4566\n"
                              "[profile dev]\nservices = local\nregion = local\n", f"[dev]\n{KEYS}"),
    "an endpoint of one's own": Home("[profile minio]\nendpoint_url = http://127.0.0.1:9000\nregion = minio\n", f"[minio]\n{KEYS}"),
    "an endpoint and no region": Home("[profile r2]\nendpoint_url = https://x.r2.cloudflarestorage.com\nregion = auto\n", f"[r2]\n{KEYS}"),
    "comments everywhere": Home("# a\n[default]\n; b\nregion = us-east-1\n   # c\n\n#output = text\noutput = json\n#[profile x]\n#region = no\n", f"; x\n{C}# end"),
    "no line end at the end": Home(D.rstrip("\n"), C.rstrip("\n")),
    "of Windows": Home(D.replace("\n", "\r\n"), C.replace("\n", "\r\n")),
    "line ends of both kinds": Home("[default]\r\nregion = us-east-1\noutput = json\r\n", C.replace("\n", "\r\n", 1)),
    "tight": Home("[default]\nregion=us-east-1\noutput=json\n", f"[default]\naws_access_key_id={KEY}\naws_secret_access_key={SECRET}\n"),
    "aligned with blanks": Home("[default]\nregion          =   us-east-1\noutput          =   json\n", C),
    "tabs": Home("[default]\nregion\t=\tus-east-1\noutput\t=\tjson\n", C.replace(" = ", "\t=\t")),
    "colons": Home("[default]\nregion: us-east-1\noutput : json\n", C.replace(" = ", ": ")),
    "blanks behind values": Home("[default]  \nregion = us-east-1   \noutput = json\t\n", C.replace("\n", "  \n")),
    "capital keys": Home("[default]\nRegion = us-east-1\nOUTPUT = json\n", C.replace("aws_access_key_id", "AWS_ACCESS_KEY_ID")),
    "indented throughout": Home("[default]\n  region = us-east-1\n  output = json\n[profile b]\n\tregion = us-east-2\n", C),
    "indented less and less": Home("[default]\n    region = us-east-1\n  output = json\ncli_pager =\n", C),
    "a remark behind a header": Home("[default] # mine\nregion = us-east-1\n[profile b] ; hers\nregion = us-east-2\n", C),
    "quoted names": Home(D + '[profile "my dev"]\nregion = us-east-1\n[profile \'other one\']\nregion = us-east-2\n', C + f"[my dev]\n{KEYS}"),
    "quoted needlessly": Home(D + '[profile "dev"]\nregion = us-east-1\n', C + f"[dev]\n{KEYS}"),
    "unicode": Home("# Größe, naïve, 日本\n[default]\nregion = us-east-1\n[profile größe]\nregion = us-east-2\n", f"# ключи\n{C}[größe]\n{KEYS}"),
    "names with marks": Home(D + "".join(f"[profile {n}]\nregion = us-east-1\n" for n in ("a.b", "a+b", "a=b", "a,b", "a_b", "A-B", "1")), C),
    "DEFAULT for all": Home("[DEFAULT]\nregion = us-east-1\n[default]\noutput = json\n[profile b]\noutput = text\n", C),
    "[profile default]": Home("[profile default]\nregion = us-east-1\n", C),
    "# within values": Home(D + "cli_pager = less -R#F\nsdk_ua_app_id = app#1\nsso_note = a;b\n", C),
    "a pager with quotes": Home(D + "cli_pager = sh -c 'less -R; true'\n", C),
    "an empty pager": Home(D + "cli_pager =\n", C),
    "a program with quotes": Home('[profile p]\ncredential_process = "/bin/sh" -c "echo \'a b\' # x"\nregion = us-east-1\n'),
    "a program over two lines": Home("[profile p]\ncredential_process = /bin/sh\n    -c true\nregion = us-east-1\n"),
    "a value over several lines": Home(D + "note = one\n  two\n\n  three: four\n  five = six\n", C),
    "granted": Home(D + "[profile g]\ngranted_sso_start_url = https://acme.awsapps.com/start\ngranted_sso_region = us-east-1\n"
                    "granted_sso_account_id = 111122223333\ngranted_sso_role_name = Dev\ncommon_fate_generated_from = aws-sso\n"
                    "credential_process = /bin/sh granted\nregion = us-east-1\n", C),
    "saml2aws": Home("[profile saml]\nregion = us-east-1\n", f"[saml]\n{KEYS.replace('AKIA', 'ASIA')}aws_session_token = IQoJb3JpZ2luX2VjEJr//////////wEaCXVz==\n"
                     "aws_security_token = IQoJb3JpZ2luX2VjEJr//////////wEaCXVz==\nx_principal_arn = arn:aws:sts::111122223333:assumed-role/A/m\n"
                     "x_security_token_expires = 2030-01-01T00:00:00+00:00\n"),
    "aws-vault": Home(f"[default]\nregion = us-east-1\nmfa_serial = arn:aws:iam::111122223333:mfa/maria\n[profile v]\ninclude_profile = default\n"
                      f"role_arn = {ARN}\nsource_profile = default\nregion = us-east-1\n", C),
    "okta": Home(D + "[okta]\naws_saml_url = home/amazon_aws/x/1\n[profile o]\nregion = us-east-1\naws_saml_url = x\nsession_ttl = 1h\nassume_role_ttl = 1h\n", C),
    "azure": Home("[profile az]\nregion = us-east-1\nazure_tenant_id = 1\nazure_app_id_uri = https://signin.aws.amazon.com/saml#1\n"
                  "azure_default_username = maria@acme.com\nazure_default_role_arn =\nazure_default_duration_hours = 8\nazure_default_remember_me = false\n"),
    "plugins and preview": Home(D + "[plugins]\ncli_legacy_plugin_path = /opt/x\nendpoint = awscli_plugin_endpoint\n[preview]\ncloudfront = true\nsdb = true\n", C),
    "a section of another tool": Home(D + "[toolkit]\ntheme = dark\nfont = mono\n", C),
    "the toolkits of editors": Home(D + "[profile ide]\nregion = us-west-2\naws_toolkit_last = 1\n", C),
    "a role": Home(D + f"[profile r]\nrole_arn = {ARN}\nsource_profile = default\nregion = us-east-2\nrole_session_name = maria\nduration_seconds = 3600\n", C),
    "a role through a role": Home(D + f"[profile r]\nrole_arn = {ARN}\nsource_profile = default\nregion = us-east-2\n"
                                  f"[profile s]\nrole_arn = {ARN}2\nsource_profile = r\nregion = us-east-2\n", C),
    "a role with a path": Home(D + "[profile r]\nrole_arn = arn:aws:iam::111122223333:role/team/a/Dev\nsource_profile = default\nregion = us-east-2\n", C),
    "its own source": Home(f"[profile me]\nrole_arn = {ARN}\nsource_profile = me\nregion = us-east-1\n", f"[me]\n{KEYS}"),
    "the machine's role": Home(f"[profile m]\nrole_arn = {ARN}\ncredential_source = Ec2InstanceMetadata\nregion = us-east-1\n"),
    "the container's role": Home(f"[profile m]\nrole_arn = {ARN}\ncredential_source = EcsContainer\nregion = us-east-1\n"),
    "the environment's keys": Home(f"[profile m]\nrole_arn = {ARN}\ncredential_source = Environment\nregion = us-east-1\n"),
    "a region alone": Home("[profile a]\nregion = eu-west-1\n[profile b]\nregion = sa-east-1\n"),
    "China": Home("[profile cn]\nrole_arn = arn:aws-cn:iam::111122223333:role/Dev\nsource_profile = default\nregion = cn-north-1\n[default]\nregion = cn-northwest-1\n", C),
    "GovCloud": Home("[profile gov]\nrole_arn = arn:aws-us-gov:iam::111122223333:role/Dev\nsource_profile = default\nregion = us-gov-west-1\n[default]\nregion = us-gov-east-1\n", C),
    "regions to opt into": Home("".join(f"[profile {r}]\nregion = {r}\n" for r in ("af-south-1", "ap-east-1", "me-south-1", "eu-south-1", "il-central-1"))),
    "regions without CodeCommit": Home("".join(f"[profile {r}]\nregion = {r}\n" for r in ("mx-central-1", "ap-southeast-7", "us-iso-east-1", "eusc-de-east-1"))),
    "keys in the config file": Home(f"[default]\n{KEYS}region = us-east-1\n"),
    "an MFA tool's profiles": Home(D + "[profile work]\nregion = us-east-1\n", f"[default-long-term]\n{KEYS}aws_mfa_device = arn:aws:iam::111122223333:mfa/m\n{C}"),
    "unknown settings": Home(D + "cli_future_setting = 1\nx-y = 2\nmy.key = 3\n", C),
    "every known tuning": Home(D + "retry_mode = adaptive\nmax_attempts = 5\ntcp_keepalive = true\nparameter_validation = false\ndefaults_mode = auto\n"
                               "use_fips_endpoint = false\nsts_regional_endpoints = regional\ncli_timestamp_format = iso8601\ncli_auto_prompt = on\n"
                               "sigv4a_signing_region_set = *\nrequest_checksum_calculation = when_required\n", C),
    "only a credentials file": Home(None, f"[default]\n{KEYS}region = us-east-1\n"),
    "%-signs and brackets": Home(D + "note = 100%(a)s [x]\nother = ${HOME}\n", C),
    "a thousand profiles": Home(D + "".join(f"[profile p{n}]\nregion = us-east-1\noutput = json\n" for n in range(1000)), C),
}  # fmt: skip


@pytest.mark.parametrize("name", HOMES)
def test_nothing_stops_a_healthy_home_and_no_byte_of_it_changes(name: str, tmp_path: Path) -> None:
    context = context_of(tmp_path, HOMES[name], git=FakeGit(commands=("git-remote-codecommit", "/bin/sh")))
    before = texts(tmp_path)
    report = fixed(context)
    wrong = [it for it in report.document["findings"] if it["path"] and it["severity"] == "stops"]
    assert wrong == []
    assert texts(tmp_path) == before


def test_a_sign_in_shared_by_many_and_the_aliases_of_the_cli_are_left_alone(tmp_path: Path) -> None:
    profiles = "".join(
        f"[profile p{n}]\nsso_session = acme\nsso_account_id = 11112222333{n}\nsso_role_name = Dev\nregion = us-east-1\n"
        for n in range(9)
    )
    session = "[sso-session acme]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = us-east-1\nsso_registration_scopes = sso:account:access\n"
    context = context_of(tmp_path, Home(profiles + session))
    aliases = tmp_path / "home" / ".aws" / "cli" / "alias"
    aliases.parent.mkdir()
    aliases.write_text("[toplevel]\nwhoami = sts get-caller-identity\nx =\n  !f() {\n    echo\n  }; f\n")
    before = (*texts(tmp_path), aliases.read_bytes())
    report = fixed(context)
    assert {it["code"] for it in report.document["findings"] if it["severity"] == "stops" and it["path"]} <= {
        "sso.signed-out"
    }
    assert (*texts(tmp_path), aliases.read_bytes()) == before


SICK = {  # samples of the corpus that are readable and have something wrong that has a repair
    "blank-in-header", "indented-header-swallowed", "indented-key-swallowed", "inline-comment", "not-a-profile",
    "profile-glued", "sso-legacy", "blank-names", "prefixed", "token-continued", "header-without-prefix",
}  # fmt: skip
FAMILIES = ("file.", "section.", "profile.", "region.", "value.")


@pytest.mark.parametrize("sample", [it for it in SAMPLES if it.name not in SICK], ids=lambda it: f"{it.file}/{it.name}")
def test_files_of_other_people_are_accused_only_where_botocore_refuses_them(sample: Sample) -> None:
    facts = of_file(sample.file, sample.text)
    found = [it for it in checks.offline(facts) if it.code.startswith(FAMILIES)]
    stops = [it for it in found if it.severity == "stops"]
    assert bool(stops) == sample.broken
    if not sample.broken:
        assert mended(facts).texts[sample.file].text == sample.text
