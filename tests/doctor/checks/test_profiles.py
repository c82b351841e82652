"""Names, regions and values as people get them wrong: found on their line, mended where there is one reading."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from ccsetup.core.model import FileName
from ccsetup.doctor import checks, repair
from ccsetup.doctor.facts import Clone
from tests.aws_corpus import parsed
from tests.homes import (
    DISGUISES,
    KEY,
    KEYS,
    SECRET,
    Home,
    context_of,
    facts_of,
    fixed,
    in_disguise,
    mended,
    of_file,
    texts,
)

DEFAULT = f"[default]\n{KEYS}region = us-east-1\n"
BASE = "[default]\nregion = us-east-1\n"
BODY = "role_arn = arn:aws:iam::111122223333:role/X\nsource_profile = default\nregion = us-east-1\n"
SESSION = (
    "sso_start_url = https://acme.awsapps.com/start\nsso_region = us-east-1\n"
    "sso_registration_scopes = sso:account:access\n"
)
SIGNED = "[profile dev]\nsso_session = acme\nsso_account_id = 111122223333\nsso_role_name = Dev\nregion = us-east-1\n"
ARN = "arn:aws:iam::111122223333:role/X"
ROLE = "[profile dev]\nrole_arn = arn:aws:iam::111122223333:role/X\nsource_profile = default\n"
TOKEN = "IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJHMEUCIQDEXAMPLE"

OTHERS = KEYS.replace(KEY, "AKIAI44QH8DHBEXAMPLE")
ASIA = KEYS.replace("AKIA", "ASIA")


class Case(NamedTuple):
    """A broken file: a code it must get and on which line; what it holds once mended, "" where somebody is asked."""

    code: str
    file: FileName
    line: int
    text: str
    mended: str = ""


def header(code: str, header: str, right: str = "") -> Case:
    """A header of the config file, as its third line."""
    return Case(code, "config", 3, f"{BASE}{header}\n{BODY}", right and f"{BASE}{right}\n{BODY}")


def session(header: str) -> Case:
    """A header of an sso-session, as the sixth line."""
    return Case("section.prefix", "config", 6, f"{SIGNED}{header}\n{SESSION}", f"{SIGNED}[sso-session acme]\n{SESSION}")


def stored(code: str, header: str, right: str = "[dev]") -> Case:
    """A header of the credentials file, as the fourth line."""
    first = f"[default]\n{KEYS}"
    return Case(code, "credentials", 4, f"{first}{header}\n{KEYS}", right and f"{first}{right}\n{KEYS}")


def setting(code: str, line: str, right: str = "") -> Case:
    """A line of a profile, the fourth of the config file."""
    return Case(code, "config", 4, f"{ROLE}{line}\noutput = json\n", right and f"{ROLE}{right}\noutput = json\n")


def secret(code: str, line: int, body: str, right: str = "") -> Case:
    """What the credentials file holds of a profile."""
    return Case(code, "credentials", line, f"[dev]\n{body}", right and f"[dev]\n{right}")


TWICE = "file.duplicate-key"
STRAY, PREFIX, QUOTING, LETTERS = "file.stray-line", "section.prefix", "section.quoting", "file.characters"
REGION, REMARK, QUOTED = "region.invalid", "value.inline-comment", "value.quoted"
DEV = "[profile dev]"
CASES = [
    *(header(STRAY, it, DEV) for it in ("[profile dev", "profile dev]", "(profile dev)", "{profile dev}", "<profile dev>",
                                        "[profile dev}", "[profile dev)", "[Profile dev")),
    *(header(STRAY, it) for it in ("profile dev", "profile dev:", "(dev)")),
    *(header(PREFIX, it, DEV) for it in (
        "[[profile dev]]", "[Profile dev]", "[PROFILE dev]", "[profile:dev]", "[profile=dev]", "[profile-dev]", "[profile.dev]",
        "[profile_dev]", "[profile/dev]", "[profil dev]", "[profle dev]", "[porfile dev]", "[prof dev]", "[profile dev]]",
        "[ profile dev ]", "[profiledev]", "[profile] dev", "[profile] [dev]", "[Profiles dev]", "[ProfileDev]".replace("D", "d"),
        "[dev]", '["profile dev"]', "['profile dev']")),
    header(PREFIX, "[profiles dev]"),
    header(QUOTING, "[profile my dev]", '[profile "my dev"]'),
    header(QUOTING, '[profile "dev]', DEV),
    header(QUOTING, '[profile dev"]', DEV),
    header(QUOTING, "[profile 'my dev\"]", '[profile "my dev"]'),
    header(QUOTING, "[profile o'brien]", '[profile "o\'brien"]'),
    header(LETTERS, "[profile \u201cdev\u201d]", '[profile "dev"]'),
    header(LETTERS, "[profile \u2018dev\u2019]", "[profile 'dev']"),
    header(LETTERS, "[\u201cprofile dev\u201d]", DEV),
    header(LETTERS, "[profile\u3000dev]", DEV),
    header(LETTERS, "[profile\u00a0dev\u00a0]", DEV),
    header(LETTERS, "\uff3bprofile dev\uff3d", DEV),
    header(LETTERS, "\ufeff[profile dev]", DEV),
    header("section.indented-key", "  [profile dev]", DEV),
    header("section.indented-key", "\t[profile dev]", DEV),
    Case(PREFIX, "config", 1, "[Default]\nregion = us-east-1\n", BASE),
    Case(PREFIX, "config", 1, "[ default ]\nregion = us-east-1\n", BASE),
    Case(PREFIX, "credentials", 1, f"[Default]\n{KEYS}", f"[default]\n{KEYS}"),
    *(session(it) for it in ("[sso_session acme]", "[sso session acme]", "[SSO-session acme]", "[ssosession acme]", "[acme]",
                             "[sso-sesion acme]", "[sso-session-acme]", "[sso-session:acme]", "[sso acme]", "[session acme]",
                             "[profile sso-session acme]")),
    *(stored(PREFIX, it) for it in ("[profile dev]", "[profile  dev]", "[Profile dev]", "[ dev ]", "[[dev]]", "[dev]]",
                                    '[profile "dev"]')),
    *(stored(QUOTING, it) for it in ('["dev"]', "['dev']")),
    *(stored(STRAY, it) for it in ("[dev", "dev]", "[dev)")),
    stored(STRAY, "(dev)", ""),
    stored(LETTERS, "[\u201cdev\u201d]"),
    # a header that is there already
    Case(PREFIX, "config", 5, f"{DEV}\n{BODY}[Profile dev]\noutput = json\n", f"{DEV}\n{BODY}output = json\n# [Profile dev]\n"),
    Case(PREFIX, "config", 5, f"{DEV}\n{BODY}[dev]\nregion = eu-west-1\n"),
    Case("file.duplicate-section", "config", 5, f"{DEV}\n{BODY}[profile  dev]\noutput = json\n",
         f"{DEV}\n{BODY}output = json\n# [profile  dev]\n"),
    Case("section.default-twice", "config", 3, f"{BASE}[profile default]\nregion = us-east-2\n"),
    Case("section.default-twice", "config", 4, f"[profile default]\n# mine\nregion = us-east-1\n{BASE}"),
    Case("section.default-twice", "config", 5, f"{BASE}{DEV}\noutput = json\n[profile default]\n"),
    # regions
    *(setting(REGION, f"region = {it}", "region = us-east-1") for it in (
        "us-east-1a", '"us-east-1a"', "'us_east_1'", "us-east-1 (virginia)", "us_east_1", "US-EAST-1", "us-east1", "useast1",
        "us east 1", "us-east-1.", "us-east-1,", "us-east-1;", "us-east-1/", "= us-east-1",
        "\u201cus-east-1\u201d", "US East (N. Virginia)", "N. Virginia", "us-east-1 // virginia", "us-east-1 -- home")),
    setting(REGION, "region: us-east-1a", "region: us-east-1"),
    setting(REGION, "region == us-east-1", "region = us-east-1"),
    setting(REGION, "region => us-east-1", "region = us-east-1"),
    setting(REGION, "Region=Ohio", "Region=us-east-2"),
    setting(REGION, "region = US East (Ohio)", "region = us-east-2"),
    setting(REGION, "region = Ireland", "region = eu-west-1"),
    setting(REGION, "region = Frankfurt", "region = eu-central-1"),
    setting(REGION, "region = us-west-2-lax-1a", "region = us-west-2"),
    setting(REGION, "region = us-east-1a # ohio", "# ohio\nregion = us-east-1"),
    setting(LETTERS, "region = us\u2013east\u20131", "region = us-east-1"),
    setting(QUOTED, "region = 'us-east-1'", "region = us-east-1"),
    setting(REGION, "region = moon-1 # to be decided"),
    setting(REGION, 'region = "moon-1"'),
    setting(REGION, "region = atlantis-1 ; to be decided"),
    setting(REGION, "region = https://console.aws.amazon.com/?region=us-east-1", "region = us-east-1"),
    setting(REGION, "region = us-west-2#oregon", "region = us-west-2"),
    setting(REGION, "region = Europe (Frankfurt) eu-central-1", "region = eu-central-1"),
    setting(REGION, "region = us-east-1 or us-east-2"),
    setting(REGION, "region = nowhere"),
    setting(REGION, "region = aws-global"),
    setting(REGION, "region = us-esat-1"),
    setting(REGION, "region = s3-us-west-2"),
    setting("region.unsupported", "region = eu-south-2"),
    setting("region.unsupported", "region = us-east-11"),
    setting("region.unsupported", "region = mx-central-1"),
    setting("region.unsupported", "region = me-south-9"),
    Case("region.missing", "config", 1, ROLE),
    Case("region.missing", "config", 4, f"{ROLE}region =\n"),
    Case("region.missing", "config", 2, f"{DEV}\nregion =\noutput = json\n"),
    Case("region.missing", "credentials", 1, f"[dev]\n{KEYS}"),
    # values
    setting(REMARK, "region = us-east-1 # ohio", "# ohio\nregion = us-east-1"),
    setting(REMARK, "region = us-east-2\t; ohio", "; ohio\nregion = us-east-2"),
    setting(REMARK, "duration_seconds = 3600 # an hour", "# an hour\nduration_seconds = 3600"),
    setting(REMARK, "external_id = a#b # what B said", "# what B said\nexternal_id = a#b"),
    setting(QUOTED, 'region = "us-east-1"', "region = us-east-1"),
    setting(QUOTED, "duration_seconds = '3600'", "duration_seconds = 3600"),
    setting(QUOTED, 'cli_binary_format = "raw-in-base64-out"', "cli_binary_format = raw-in-base64-out"),
    secret(QUOTED, 2, f'aws_access_key_id = "{KEY}"\naws_secret_access_key = {SECRET}\n', KEYS),
    secret(QUOTED, 3, f"aws_access_key_id = {KEY}\naws_secret_access_key = '{SECRET}'\n", KEYS),
    secret(QUOTED, 2, f"aws_access_key_id = {KEY},\naws_secret_access_key = {SECRET}\n", KEYS),
    secret(REMARK, 2, f"aws_access_key_id = {KEY} # maria\naws_secret_access_key = {SECRET}\n", f"# maria\n{KEYS}"),
    secret(LETTERS, 2, f"aws_access_key_id\u00a0= {KEY}\naws_secret_access_key = {SECRET}\n", KEYS),
    secret(LETTERS, 2, f"aws_access_key_id = {KEY}\u00a0\naws_secret_access_key = {SECRET}\n", KEYS),
    setting(LETTERS, "region =\u00a0us-east-1", "region = us-east-1"),
    setting("section.indented-key", "  region = us-east-1", "region = us-east-1"),
    setting("section.indented-key", "\tregion = us-east-1", "region = us-east-1"),
    setting("section.indented-key", "    region=us-east-1", "region=us-east-1"),
    # lines of something else
    *(setting(STRAY, it) for it in (
        "region us-east-1", "region", "region - us-east-1", "-region = us-east-1", "export AWS_REGION=us-east-1",
        "AWS_DEFAULT_REGION=us-east-1", "--region us-east-1", '"region" = us-east-1', "// my region", "$ aws configure",
        "=======", "regoin = us-east-1", "role-session-name = maria", "aws_region = us-east-1", "set AWS_REGION=us-east-1")),
    secret(STRAY, 2, f"export AWS_ACCESS_KEY_ID={KEY}\nexport AWS_SECRET_ACCESS_KEY={SECRET}\n"),
    secret(STRAY, 3, f'$Env:AWS_ACCESS_KEY_ID="{KEY}"\n$Env:AWS_SECRET_ACCESS_KEY="{SECRET}"\n'),
    secret(STRAY, 2, f"aws_access_key = {KEY}\naws_secret_access_key = {SECRET}\n"),
    secret(STRAY, 2, f"aws_access_key_id {KEY}\naws_secret_access_key {SECRET}\n"),
    secret(STRAY, 2, f"{KEY}\n{SECRET}\n"),
    # as the user guide prints it, everything on one line
    Case(STRAY, "credentials", 1, f"[dev] aws_access_key_id={KEY} aws_secret_access_key={SECRET} aws_session_token={TOKEN}\n",
         f"[dev]\naws_access_key_id={KEY}\naws_secret_access_key={SECRET}\naws_session_token={TOKEN}\n"),
    secret(STRAY, 2, f"aws_access_key_id={KEY} aws_secret_access_key={SECRET}\n",
           f"aws_access_key_id={KEY}\naws_secret_access_key={SECRET}\n"),
    secret(STRAY, 2, f"export AWS_ACCESS_KEY_ID={KEY} export AWS_SECRET_ACCESS_KEY={SECRET}\n", KEYS),
    secret(STRAY, 5, f"{KEYS}aws_session_token = {TOKEN}\n {TOKEN}\n", f"{KEYS}aws_session_token = {TOKEN}{TOKEN}\n"),
    secret(STRAY, 5, f"{KEYS}aws_session_token =\n{TOKEN}\n", f"{KEYS}aws_session_token = {TOKEN}\n"),
    secret(STRAY, 3, f"aws_access_key_id =\n{KEY}\naws_secret_access_key =\n{SECRET}\n", KEYS),
    # what was copied along with a file
    setting(STRAY, "```", "# ```"),
    setting(STRAY, "~~~ini", "# ~~~ini"),
    setting(STRAY, "EOF", "# EOF"),
    setting(STRAY, "  EOF", "# EOF"),
    setting(STRAY, "cat >> ~/.aws/config <<'EOF'", "# cat >> ~/.aws/config <<'EOF'"),
    setting(STRAY, "$ sudo tee -a ~/.aws/config <<-EOT", "# $ sudo tee -a ~/.aws/config <<-EOT"),
    secret(STRAY, 4, f"{KEYS}EOF\n", f"{KEYS}# EOF\n"),
    Case(STRAY, "config", 6, f"{ROLE}s3 =\n  max_queue_size = 5\n  EOF\n", f"{ROLE}s3 =\n  max_queue_size = 5\n# EOF\n"),
    Case(STRAY, "credentials", 1, f"```\n[dev]\n{KEYS}", f"# ```\n[dev]\n{KEYS}"),
    # a header whose line break was lost
    secret(STRAY, 3, f"aws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}[work]\n{OTHERS}", f"{KEYS}[work]\n{OTHERS}"),
    secret(STRAY, 3, f"aws_access_key_id={KEY}\naws_secret_access_key={SECRET}[work] # hers\n{OTHERS}",
           f"aws_access_key_id={KEY}\naws_secret_access_key={SECRET}\n[work] # hers\n{OTHERS}"),
    secret(STRAY, 3, f"aws_access_key_id = {KEY}\naws_secret_access_key = {SECRET} [work]\n{OTHERS}", f"{KEYS}[work]\n{OTHERS}"),
    secret(STRAY, 4, f"{ASIA}aws_session_token = {TOKEN}==[work]\n{OTHERS}", f"{ASIA}aws_session_token = {TOKEN}==\n[work]\n{OTHERS}"),
    secret(STRAY, 4, f"{KEYS}region = us-east-1[work]\n{OTHERS}", f"{KEYS}region = us-east-1\n[work]\n{OTHERS}"),
    secret(STRAY, 4, f"{KEYS}region = us-east-1[profile work]\n{OTHERS}", f"{KEYS}region = us-east-1\n[work]\n{OTHERS}"),
    secret(STRAY, 4, f"{KEYS}region = us-east-1[work]\n", f"{KEYS}region = us-east-1\n[work]\n"),
    secret(STRAY, 3, f"aws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}[1]\naws_session_token = {TOKEN}\n"),
    setting(STRAY, "output = json[preview]\ncloudfront = true", "output = json\n[preview]\ncloudfront = true"),
    setting(STRAY, "duration_seconds = 3600[profile two]", "duration_seconds = 3600\n[profile two]"),
    setting(STRAY, "region = us-east-1[two]\nsource_profile = default", "region = us-east-1\n[profile two]\nsource_profile = default"),
    setting(STRAY, "region = us-east-1[sso-session two]", "region = us-east-1\n[sso-session two]"),
    setting(STRAY, "region = us-east-1[two]", "region = us-east-1\n[profile two]"),
    setting(STRAY, "output = json[two]\nregion = us-east-1", "output = json\n[profile two]\nregion = us-east-1"),
    setting(STRAY, "region = us-east-1[profile two", "region = us-east-1\n[profile two]"),
    setting(STRAY, "duration_seconds = 900[profile two]region = us-east-1", "duration_seconds = 900\n[profile two]\nregion = us-east-1"),
    setting(STRAY, "region = us-east-1[1]\noutput = json"),
    setting(STRAY, "source_profile = default[profile two]\nregion = us-east-1"),
    secret(STRAY, 3, f"aws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}[work]{OTHERS}", f"{KEYS}[work]\n{OTHERS}"),
    secret(STRAY, 4, f"{KEYS}[one] [work]\n{OTHERS}", f"{KEYS}[one]\n[work]\n{OTHERS}"),
    Case(STRAY, "config", 4, f"{ROLE}[profile one][profile two]\nregion = us-east-1\n",
         f"{ROLE}[profile one]\n[profile two]\nregion = us-east-1\n"),
    Case(STRAY, "config", 5, f"{ROLE}s3 =\n  addressing_style = path[profile two]\nregion = us-east-1\n",
         f"{ROLE}s3 =\n  addressing_style = path\n[profile two]\nregion = us-east-1\n"),
    setting(STRAY, "ca_bundle = /etc/ssl/ca.pem[profile two]"),
    setting(STRAY, "cli_pager = less -R[profile two]"),
    # a block below a value
    *(stored("section.indented-key", f"aws_session_token = x\n{between}{indent}[dev]", f"aws_session_token = x\n{between}[dev]")
      ._replace(line=5 + between.count("\n")) for indent in ("  ", "\t", "        ") for between in ("", "# hers\n", "\n", "  ; hers\n\n")),
    Case("section.indented-key", "credentials", 3, f"[a]\nx_principal_arn = y\n  [dev]\n  aws_access_key_id = {KEY}\n  aws_secret_access_key = {SECRET}\n",
         f"[a]\nx_principal_arn = y\n[dev]\n  aws_access_key_id = {KEY}\n  aws_secret_access_key = {SECRET}\n"),
    Case("section.indented-key", "config", 7, f"{SIGNED}output = json\n  [sso-session acme]\n" + "".join(f"  {it}\n" for it in SESSION.splitlines()),
         f"{SIGNED}output = json\n[sso-session acme]\n" + "".join(f"  {it}\n" for it in SESSION.splitlines())),
    Case("section.indented-key", "config", 5, f"{ROLE}region = us-east-1\n  [services local]\n  s3 =\n    endpoint_url = http://localhost:4566\n",
         f"{ROLE}region = us-east-1\n[services local]\n  s3 =\n    endpoint_url = http://localhost:4566\n"),
    Case("section.indented-key", "credentials", 5, f"[a]\n{KEYS}aws_session_token = x\n  [dev]\n  aws_access_key_id = {KEY}\nregion = us-east-1\n"),
    setting("section.indented-key", "region = us-east-1\n  source_profile = other")._replace(line=5),
    # twice, and who the profile is depends on it
    secret(TWICE, 4, f"{KEYS}aws_access_key_id = AKIAI44QH8DHBEXAMPLE\n"),
    secret(TWICE, 4, f"{KEYS}{OTHERS}"),
    secret(TWICE, 4, f"{KEYS}{OTHERS}{KEYS}"),
    secret(TWICE, 3, f"aws_access_key_id = nobody\n{KEYS}", f"# aws_access_key_id = nobody\n{KEYS}"),
    secret(TWICE, 4, f"{KEYS}aws_access_key_id =\n", f"{KEYS}# aws_access_key_id =\n"),
    *(Case(TWICE, "config", 3, f"{DEV}\n{key} = {one}\n{key} = {other}\nregion = us-east-1\n") for key, one, other in (
        ("sso_account_id", "111122223333", "444455556666"), ("sso_role_name", "Dev", "Admin"), ("credential_process", "/bin/a", "/bin/b"),
        ("sso_start_url", "https://a.awsapps.com/start", "https://b.awsapps.com/start"), ("sso_session", "a", "b"))),
    setting(TWICE, "role_arn = arn:aws:iam::444455556666:role/X"),
    # a section is a profile because of what it holds, or of who refers to it
    *(Case(PREFIX, "config", 4, f"{ROLE}[{name}]\nrole_arn = {ARN}\nsource_profile = default\n",
           f"{ROLE}[profile {name}]\nrole_arn = {ARN}\nsource_profile = default\n")
      for name in ("saml", "okta", "common", "toolkit", "adfs", "Okta", "plugins")),
    Case(PREFIX, "config", 1, f"[common]\nregion = us-east-1\noutput = json\n{ROLE.replace('= default', '= common')}",
         f"[profile common]\nregion = us-east-1\noutput = json\n{ROLE.replace('= default', '= common')}"),
    Case(PREFIX, "config", 1, f"[saml]\ncredential_process = /opt/saml dev\nregion = us-east-1\n{ROLE}",
         f"[profile saml]\ncredential_process = /opt/saml dev\nregion = us-east-1\n{ROLE}"),
    # twice, and one of the values is the only valid one
    setting(TWICE, "source_profile = other", "# source_profile = other"),
    Case(TWICE, "config", 4, f"[profile dev]\nrole_arn = {ARN}\nsource_profile = other\nsource_profile = default\nregion = us-east-1\n",
         f"[profile dev]\nrole_arn = {ARN}\n# source_profile = other\nsource_profile = default\nregion = us-east-1\n"),
    setting(TWICE, "region = us-east-1\nregion = us-east-1a", "region = us-east-1\n# region = us-east-1a")._replace(line=5),
    setting(TWICE, "region = us-east-1\nregion =", "region = us-east-1\n# region =")._replace(line=5),
    setting(TWICE, "duration_seconds = 3600\nduration_seconds = 99", "duration_seconds = 3600\n# duration_seconds = 99")._replace(line=5),
    Case(TWICE, "config", 3, "[profile a]\noutput = json\noutput = jsn\nregion = us-east-1\n",
         "[profile a]\noutput = json\n# output = jsn\nregion = us-east-1\n"),
    Case("file.duplicate-section", "config", 4, f"{ROLE}[profile dev]\nsource_profile = nope\nregion = us-east-1\n",
         f"{ROLE}region = us-east-1\n# [profile dev]\n# source_profile = nope\n"),
    Case("file.duplicate-section", "config", 4, f"{ROLE}[profile dev]\nsource_profile = two\n[profile two]\nregion = us-east-1\n"),
    setting(TWICE, "region = us-east-1\n# [profile two]\nregion = us-east-2")._replace(line=6),
    setting(TWICE, "region = us-east-1\n# the next one is another[profile two]\nregion = us-east-2")._replace(line=6),
    setting(TWICE, "role_arn = nope", "# role_arn = nope"),
    Case("file.duplicate-section", "credentials", 4, f"[dev]\n{KEYS}[dev]\n{OTHERS}"),
    Case("file.duplicate-section", "config", 4, f"{ROLE}{DEV}\nsso_session = acme\nsso_account_id = 111122223333\nsso_role_name = Dev\n[sso-session acme]\n{SESSION}"),
    Case("file.duplicate-section", "credentials", 5, f"[dev]\naws_access_key_id = {KEY}\nregion = us-east-1\n[a]\n[dev]\naws_secret_access_key = {SECRET}\n"
         .replace("[a]\n", ""), f"[dev]\naws_access_key_id = {KEY}\nregion = us-east-1\naws_secret_access_key = {SECRET}\n# [dev]\n")._replace(line=4),
    Case("sso.conflict", "config", 2, f"{SIGNED}sso_start_url = https://other.awsapps.com/start\n[sso-session acme]\n{SESSION}")._replace(line=6),
]  # fmt: skip


@pytest.mark.many
@pytest.mark.parametrize("case", CASES, ids=lambda it: f"{it.code} {it.text.splitlines()[it.line - 1]!r}")
def test_what_is_wrong_has_its_line_and_its_repair(case: Case, tmp_path: Path) -> None:
    for disguise in DISGUISES:
        if disguise.name in ("tabs", "UTF-16") or (disguise.name == "crowd" and CASES.index(case) % 8):
            continue
        facts = of_file(
            case.file, disguise.change(case.text, case.file), f"[default]\n{KEYS}" * (case.file == "config")
        )
        mine = [it for it in checks.offline(facts) if it.code == case.code and it.line == case.line + disguise.before]
        mine = [it for it in mine if it.path == facts.path(case.file)]
        assert mine, disguise.name
        repaired = mended(facts)
        text = repaired.texts[case.file].text
        if case.mended:
            assert "auto" in {it.fix for it in mine}
            assert text.rstrip() == in_disguise(case.mended, case.file, disguise).rstrip(), disguise.name
            assert case.code not in {it.code for it in checks.offline(repaired.facts) if it.severity != "note"}
            parsed(text, tmp_path)
        else:
            assert {it.fix for it in mine} == {"ask"}
            assert case.text.splitlines()[case.line - 1] in text.splitlines()
            assert any(it.remedies or it.wanted for it in mine)


@pytest.mark.parametrize("name", ["org/dev", "dev#1", "dev?1", "me@corp", "Jos\u00e9", "a b"])
def test_a_name_that_git_misreads_gets_an_alias_with_the_same_settings(name: str) -> None:
    quoted = f'"{name}"' if " " in name else name
    for more in ("", "# a comment\n", "s3 =\n  max_queue_size = 5\n"):
        facts = facts_of(f"{BASE}[profile {quoted}]\n{BODY}{more}", DEFAULT.replace("region = us-east-1\n", ""))
        found = [it for it in checks.offline(facts) if it.code == "profile.name"]
        assert [(it.severity, it.line, it.fix, it.profile) for it in found] == [("note", 3, "ask", name)]
        after = repair.of(facts).plus(found[0].remedies[:1]).facts
        alias = next(iter(after.profiles.keys() - facts.profiles.keys()))
        assert after.profiles[alias] == facts.profiles[name]
        assert after.texts.config is not None and after.texts.config.startswith(facts.texts.config or "?")


@pytest.mark.parametrize("variable", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
@pytest.mark.parametrize("name", ["acme-dve", "Acme-dev", "acme_dev"])
def test_a_variable_that_names_no_profile_is_told_the_nearest(variable: str, name: str) -> None:
    facts = facts_of(f"[profile acme-dev]\n{BODY}{BASE}", f"[default]\n{KEYS}", env={variable: name})
    found = next(it for it in checks.offline(facts) if it.code == "profile.missing")
    assert (found.severity, found.profile) == ("stops", name)
    assert "acme-dev" in found.says and f"{variable}=" in found.do and "acme-dev" in found.do


@pytest.mark.parametrize("name", ["acme-dve", "acme-devv", "Acme-dev", "elsewhere"])
def test_a_remote_that_names_no_profile_is_found_once_and_can_be_given_one(name: str) -> None:
    key, url = "remote.origin.url", f"codecommit::us-east-1://{name}@Shop"
    facts = facts_of(f"[profile acme-dev]\n{BODY}", clone=Clone(Path("/home/maria/Shop"), url, own=((key, url),)))
    (found,) = (it for it in checks.offline(facts) if it.profile == name)
    assert (found.code, found.severity) == ("git.remote", "stops")
    assert found.remedies[0].replaced == {(key, url): "codecommit::us-east-1://acme-dev@Shop"}


@pytest.mark.parametrize(("header", "asked", "names"), [
    ('profile "a" "b"', (), ["profile a", "profile b", 'profile "a b"']),
    ("profile 'a' 'b'", (), ["profile a", "profile b", 'profile "a b"']),
    ('profile "a" b', (), ["profile a", "profile b", 'profile "a b"']),
    ('profile a "b"', ("b",), ["profile a", "profile b", 'profile "a b"']),
    ("profile a b", ("a",), ["profile a", "profile b", 'profile "a b"']),
    ('profile "team one" "two"', ("team one",), ['profile "team one"', "profile two", 'profile "team one two"']),
    ('sso-session "a" "b"', (), ["sso-session a", "sso-session b", 'sso-session "a b"']),
    ("profile \u201ca\u201d \u201cb\u201d", (), ["profile a", "profile b", 'profile "a b"']),
])  # fmt: skip
def test_a_header_with_several_names_is_asked_about(header: str, asked: tuple[str, ...], names: list[str]) -> None:
    facts = facts_of(f"[{header}]\nregion = us-east-1\n", f"[a]\n{KEYS}", asked=asked)
    found = next(it for it in checks.offline(facts) if it.path == facts.path("config"))
    assert (found.code, found.line, found.fix) == ("section.quoting", 1, "ask")
    assert [it.changes[0].lines for it in found.remedies] == [(f"[{it}]",) for it in names]
    assert repair.of(facts).plus([]).texts == mended(facts).texts
    for remedy in found.remedies:
        after = repair.of(facts).plus([remedy])
        assert not [it for it in checks.offline(after.facts) if it.code == "section.quoting"]


@pytest.mark.parametrize("asked", [(), ("a b",)])
def test_a_name_that_lacks_quotes_gets_them(asked: tuple[str, ...]) -> None:
    facts = facts_of("[profile a b]\nregion = us-east-1\n", f"[a]\n{KEYS}", asked=asked)
    found = next(it for it in checks.offline(facts) if it.code == "section.quoting")
    assert (found.fix, found.remedies[0].changes[0].lines) == ("auto", ('[profile "a b"]',))


def test_names_asked_for_that_are_nowhere_are_said() -> None:
    facts = facts_of(f"[profile acme-dev]\n{BODY}", asked=("nobody",))
    assert [it.profile for it in checks.offline(facts) if it.code == "profile.missing"] == ["nobody"]


def dev(body: str) -> str:
    return f"{DEV}\n{body}\n"


PAIRS = [  # one repair serves whatever is wrong with the line
    ("region.invalid", dev("region = moon-1 # remark"), dev("# remark\nregion = us-east-1")),
    ("region.invalid", dev("region = moon-1\t; remark"), dev("; remark\nregion = us-east-1")),
    ("region.invalid", dev('region = "moon-1"'), dev("region = us-east-1")),
    ("region.invalid", dev('region = "us-east-1b" # mine'), dev("# mine\nregion = us-east-1")),
    ("value.inline-comment", dev("region = us-east-1 # remark"), dev("# remark\nregion = us-east-1")),
    ("value.quoted", dev("region = 'us-east-1'"), dev("region = us-east-1")),
    ("file.stray-line", f"{DEV} region = us-east-1\n", dev("region = us-east-1")),
    ("file.characters", dev("region = us\u2013east\u20131"), dev("region = us-east-1")),
    ("file.duplicate-key", dev("region = us-east-1\nregion = us-east-1x"), dev("region = us-east-1\n# region = us-east-1x")),
    ("sso.url", f"{SIGNED}[sso-session acme]\n{SESSION}".replace("/start", "/start/#/").replace("= https:", "= 'https:").replace("#/", "#/'"),
     f"{SIGNED}[sso-session acme]\n{SESSION}"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "before", "after"), PAIRS)
def test_a_line_has_one_finding_if_one_repair_serves_all_of_them(code: str, before: str, after: str) -> None:
    facts = facts_of(before, f"[dev]\n{KEYS}" if "sso" not in before else f"[default]\n{KEYS}")
    line = next(n for n, it in enumerate(before.splitlines()) if it != after.splitlines()[n]) + 1
    (found,) = (it for it in checks.offline(facts) if it.line == line and it.path == facts.path("config"))
    assert (found.code, found.severity) == (code, "stops")
    state = repair.of(facts).plus([found.remedies[0]])
    assert state.texts["config"].text == after
    assert not [it for it in checks.offline(state.facts) if state.key(it)[2:] == (str(facts.path("config")), line)]


def test_a_value_that_is_typed_again_is_not_asked_about_twice() -> None:
    facts = facts_of(f"{BASE}[profile dev]\n{BODY}external_id = Acme Corp #42\n", f"[default]\n{KEYS}")
    (found,) = (it for it in checks.offline(facts) if it.line == 7)
    assert (found.code, found.fix) == ("value.invalid", "ask")


def test_two_faults_of_a_line_that_need_two_repairs_are_both_told() -> None:
    facts = facts_of(f"{BASE}{dev('region = us-east-1')}", f"[dev]\n{KEYS}".replace("= wJal", "= 'wJal # x"))
    assert len([it for it in checks.offline(facts) if it.line == 3]) > 1


def test_a_repair_that_removes_a_line_serves_nothing_else() -> None:
    body = KEYS.replace("AKIA", "ASIA")
    facts = facts_of(dev("region = us-east-1"), f"[dev]\n{body}aws_session_token = {TOKEN}[work]\n{KEYS}")
    (found,) = (it for it in checks.offline(facts) if it.path == facts.path("credentials") and it.line == 4)
    assert (found.code, found.fix) == ("file.stray-line", "auto")


def test_many_defects_of_one_home_are_mended_at_once_and_nothing_else_changes(tmp_path: Path) -> None:
    config = (
        "\ufeff# mine\r\n[default]\r\nregion = us-east-1a\r\n\r\n[Profile dev]\r\nrole_arn = arn:aws:iam:::111122223333:role/X # A\r\n"
        "source_profile = default\r\n  region = \u201cus-east-2\u201d\r\n\r\n[profile my other]\r\nREGION = eu-west-1\r\nregion = eu-west-1\r\n"
        "; kept \t \r\n[profile dev2\r\nregion=us-west-2"
    )
    wanted = (
        "# mine\r\n[default]\r\nregion = us-east-1\r\n\r\n[profile dev]\r\n# A\r\nrole_arn = arn:aws:iam::111122223333:role/X\r\n"
        'source_profile = default\r\nregion = us-east-2\r\n\r\n[profile "my other"]\r\n# REGION = eu-west-1\r\nregion = eu-west-1\r\n'
        "; kept \t \r\n[profile dev2]\r\nregion=us-west-2"
    )
    context = context_of(tmp_path, Home(config.encode(), f"[profile default]\n{KEYS}"))
    report = fixed(context)
    written = texts(tmp_path)
    assert written == (wanted.encode(), f"[default]\n{KEYS}".encode())
    assert not [
        it for it in report.document["findings"] if it["severity"] == "stops" and not it["fixed"] and it["path"]
    ]
    fixed(context)
    assert texts(tmp_path) == written


def test_the_profile_of_the_user_guide_is_corrected_and_its_margin_kept() -> None:
    guide = (
        " [default]\n region = us-east-1\n output = json\n[profile CodeAccess]\n source_profile = default\n"
        " role_session_name = Maria Garcia\n role_arn = arn:aws:iam:::111111111111:role/CodeCommitAccess\n ```\n"
    )
    facts = facts_of(guide, f"[default]\n{KEYS}")
    found = {(it.code, it.line) for it in checks.offline(facts)}
    assert {("role.session-name", 6), ("role.arn", 7), (STRAY, 8)} <= found
    wanted = guide.replace("Maria Garcia", "Maria-Garcia").replace(":::111", "::111").replace(" ```", "# ```")
    assert mended(facts).texts["config"].text == wanted


@pytest.mark.parametrize(
    "section",
    [
        "[okta]\naws_saml_url = home/amazon_aws/0oa/272\nregion = us-east-1\n",
        "[saml]\nurl = https://adfs.example.com\nregion = us-east-1\n",
        "[okta]\naws_saml_url = home/amazon_aws/0oa/272\nrole_arn = arn:aws:iam::111122223333:role/X\n",
        "[common]\nregion = us-east-1\noutput = json\n",
        "[toolkit]\nregion = us-east-1\n",
        "[plugins]\ncli_legacy_plugin_path = /opt\n",
        "[preview]\ncloudfront = true\n",
    ],
)
def test_another_tools_section_is_no_profile_unless_something_uses_it(section: str) -> None:
    name = section[1:].partition("]")[0]
    text = f"{section}{ROLE}region = us-east-1\n"
    there = facts_of(text, f"[default]\n{KEYS}")
    assert PREFIX not in {it.code for it in checks.offline(there)}
    assert name not in there.profiles
    for used in () if name in ("plugins", "preview") else ({"env": {"AWS_PROFILE": name}}, {"asked": (name,)}):
        assert name in facts_of(text, f"[default]\n{KEYS}", **used).profiles
