"""Both files as a whole, broken in every way there is, in many disguises."""

from __future__ import annotations

from typing import NamedTuple

from ccsetup.model import FileName
from tests.homes import KEY, KEYS, ROLE, SECRET

TOKEN = "IQoJb3JpZ2luX2VjEXAMPLE//////////wEaCXVzLWVhc3QtMSJIMEYCIQ"


class Case(NamedTuple):
    """A broken file: the code it must get, on which line, how it is mended, and what it holds then ("" where asked)."""

    code: str
    file: FileName
    line: int
    text: str
    mended: str = ""
    other: str = ""


def case(code: str, file: FileName, line: int, text: str, mended: str = "") -> Case:
    return Case(code, file, line, text, mended)


DEV = f"[profile dev]\nrole_arn = {ROLE}\nsource_profile = default\nregion = us-east-1\n"
CASES = [
    case("file.duplicate-section", "config", 3, "[profile a]\nregion = us-east-1\n[profile a]\nregion = us-east-1\n",
         "[profile a]\nregion = us-east-1\n# [profile a]\n# region = us-east-1\n"),
    case("file.duplicate-section", "config", 5,
         "[profile a]\nregion = us-east-1\n[profile b]\nregion = us-east-2\n[profile a]\noutput = json\n",
         "[profile a]\nregion = us-east-1\noutput = json\n[profile b]\nregion = us-east-2\n# [profile a]\n"),
    case("file.duplicate-section", "credentials", 4, f"[a]\n{KEYS}[a]\n{KEYS}",
         f"[a]\n{KEYS}# [a]\n# " + KEYS.replace("\naws_s", "\n# aws_s")),
    case("file.duplicate-section", "config", 3, "[profile a]\nregion = us-east-1\n[profile a]\nregion = us-east-2\n"),
    case("file.duplicate-section", "config", 3, '[profile a]\nregion = us-east-1\n[profile "a"]\nregion = us-east-1\n',
         '[profile a]\nregion = us-east-1\n# [profile "a"]\n# region = us-east-1\n'),
    case("file.duplicate-section", "config", 3, "[sso-session s]\nsso_region = us-east-1\n[sso-session s]\nsso_region = us-east-1\n",
         "[sso-session s]\nsso_region = us-east-1\n# [sso-session s]\n# sso_region = us-east-1\n"),
    case("file.duplicate-key", "config", 3, "[profile a]\nregion = us-east-1\nregion = us-east-2\n",
         "[profile a]\n# region = us-east-1\nregion = us-east-2\n"),
    case("file.duplicate-key", "config", 4, "[profile a]\nRegion = us-east-1\noutput = json\nregion = us-east-2\n",
         "[profile a]\n# Region = us-east-1\noutput = json\nregion = us-east-2\n"),
    case("file.duplicate-key", "credentials", 4, f"[a]\n{KEYS}AWS_ACCESS_KEY_ID = {KEY}\n",
         f"[a]\n# aws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\nAWS_ACCESS_KEY_ID = {KEY}\n"),
    case("file.duplicate-key", "config", 5, "[profile a]\ns3 =\n  max_queue_size = 5\nregion = us-east-1\ns3 =\n  max_queue_size = 6\n",
         "[profile a]\n# s3 =\n# max_queue_size = 5\nregion = us-east-1\ns3 =\n  max_queue_size = 6\n"),
    case("file.stray-line", "config", 1, f"region = us-east-1\n{DEV}"),
    case("file.stray-line", "credentials", 1, KEYS),
    case("file.stray-line", "config", 3, "[profile a]\nregion = us-east-1\nhello there\noutput = json\n"),
    case("file.stray-line", "config", 2, "[profile a]\nregion us-east-1\n"),
    case("file.stray-line", "config", 2, "[profile a]\n= us-east-1\n"),
    case("file.stray-line", "config", 3, "[profile a]\nregion = us-east-1\n[profile b\nregion = us-east-2\n"),
    case("file.stray-line", "config", 3, "[profile a]\nregion = us-east-1\nprofile b]\nregion = us-east-2\n"),
    case("file.stray-line", "config", 2,
         "[profile a]\n<<<<<<< HEAD\nregion = us-east-1\n=======\nregion = us-east-2\n>>>>>>> theirs\n"),
    case("file.stray-line", "credentials", 5, f"[a]\n{KEYS}aws_session_token = {TOKEN}\n{TOKEN}\n",
         f"[a]\n{KEYS}aws_session_token = {TOKEN}{TOKEN}\n"),
    case("file.stray-line", "credentials", 5, f"[a]\n{KEYS}aws_session_token = {TOKEN}\n{TOKEN}\n{TOKEN}==\n",
         f"[a]\n{KEYS}aws_session_token = {TOKEN}{TOKEN}{TOKEN}==\n"),
    case("file.stray-line", "credentials", 5, f"[a]\n{KEYS}aws_session_token = {TOKEN}\n  {TOKEN}==\n",
         f"[a]\n{KEYS}aws_session_token = {TOKEN}{TOKEN}==\n"),
    case("file.stray-line", "credentials", 5, f"[a]\n{KEYS}aws_session_token =\n  {TOKEN}\n",
         f"[a]\n{KEYS}aws_session_token = {TOKEN}\n"),
    case("file.stray-line", "credentials", 4, f"[a]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET[:20]}\n{SECRET[20:]}\n",
         f"[a]\n{KEYS}"),
    case("file.stray-line", "config", 3, "[profile a]\nrole_arn = arn:aws:iam::\n111122223333:role/X\nsource_profile = default\n",
         "[profile a]\nrole_arn = arn:aws:iam::111122223333:role/X\nsource_profile = default\n"),
    case("file.nested-block", "config", 4, "[profile a]\ns3 =\n  max_queue_size = 5\n  oops\nregion = us-east-1\n"),
    case("file.nested-block", "config", 3, "[profile a]\nmine =\n  oops\nregion = us-east-1\n"),
    case("file.nested-block", "config", 3, "[profile a]\ns3 =\n\tno sign\n"),
    case("file.characters", "config", 2, "[profile a]\nregion = us\u2013east\u20131\n", "[profile a]\nregion = us-east-1\n"),
    case("file.characters", "config", 2, f"[profile a]\nrole_arn\u00a0=\u00a0{ROLE}\nsource_profile = default\n",
         f"[profile a]\nrole_arn = {ROLE}\nsource_profile = default\n"),
    case("file.characters", "config", 1, "[profile \u201cdev\u201d]\nregion = us-east-1\n", '[profile "dev"]\nregion = us-east-1\n'),
    case("file.characters", "config", 1, "[profile\u00a0dev]\nregion = us-east-1\n", "[profile dev]\nregion = us-east-1\n"),
    case("file.characters", "config", 2, "[profile a]\noutput = \u201cjson\u201d\n", "[profile a]\noutput = json\n"),
    case("file.characters", "credentials", 2, f"[a]\naws_access_key_id = {KEY}\u200b\naws_secret_access_key = {SECRET}\n", f"[a]\n{KEYS}"),
    case("file.characters", "config", 2, "[profile a]\ncredential_process = /opt/tool \u2013\u2013profile dev\n",
         "[profile a]\ncredential_process = /opt/tool --profile dev\n"),
    case("file.characters", "config", 2, "[profile a]\naws\u2010region\u00a0= x\nregion\u00a0= us-east-1\n"),
]  # fmt: skip
CASES.pop()
