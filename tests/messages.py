"""What people are sent, as a table: a name, the message, and every reading as (kind, answers)."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

LASTING, PASSING = "AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"
OTHER = "AKIAI44QH8DHBEXAMPLE"
SECRET, OTHER_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY"
TOKEN = (
    "IQoJb3JpZ2luX2VjEJf//////////wEaCXVzLWVhc3QtMSJHMEUCIQDhbTRmQ5sYkz2oQ0vR5kZxq8m1uJ7tG3nB9cWlXyEoFAIgS2vN8w"
    "Kq1rT6hYp4Lx0ZbDjUeC3mAiRsG7fVtOaPnKIqogIIkP//////////ARAAGgwxMTExMjIyMjMzMzMiDHk3QmR1ZVJ6V1pQSyr2AQm5c8d+"
    "X4pLrT2vGkQe9sUwJ1hYzNbFqAo7xMiD3tVCRg0PlEyHuKs6jWnZfBaTIrO8mXc5vGd2LkQpJ4hSeYwN1zRbUtFoAqP9xMiD3VCRg0lEyH=="
)
ENDS = "2026-11-21T18:04:05Z"
JWT = ".".join(
    base64.urlsafe_b64encode(part).rstrip(b"=").decode()
    for part in (
        b'{"alg":"RS256","kid":"3f"}',
        b'{"iss":"https://token.acme.example","aud":"sts.amazonaws.com","sub":"maria","exp":1795284245}',
        b"a signature that nobody here can check, of a length that is real enough",
    )
)
XML = (
    '<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_8e8dc5f6" Version="2.0">'
    '<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"><saml:Subject/></saml:Assertion></samlp:Response>'
)
SAML = base64.b64encode(XML.encode()).decode()
ROLE = "arn:aws:iam::111122223333:role/CodeCommitAccess"
MFA = "arn:aws:iam::888888888888:mfa/maria"
START = "https://acme.awsapps.com/start"
REPO = "codecommit::us-east-2://MySharedDemoRepo"
SECRETS = (SECRET, OTHER_SECRET, TOKEN, JWT, SAML)

Answers = dict[str, str]
Sample = tuple[str, str, list[tuple[str, Answers]]]

TEMP: Answers = {"access_key_id": PASSING, "secret_access_key": SECRET, "session_token": TOKEN}
ENDING: Answers = {**TEMP, "expires_at": ENDS}
LONG: Answers = {"access_key_id": LASTING, "secret_access_key": SECRET}
SSO: Answers = {"sso_start_url": START}
DEMO: Answers = {"repo": "MySharedDemoRepo", "region": "us-east-2"}
DEVELOPER: Answers = {"sso_account_id": "111122223333", "sso_role_name": "Developer"}


def source(kind: str, answers: Answers, **more: str) -> Answers:
    """Return a nested visit's answers."""
    return {"source_profile": "+", "source.kind": kind, **{f"source.{k}": v for k, v in {**answers, **more}.items()}}


def wrapped(text: str, width: int) -> str:
    """Break a text as mail and terminals do."""
    return "\n".join(text[i : i + width] for i in range(0, len(text), width))


MARIA = """Hi Maria, sign in at https://acme.awsapps.com/start (region us-east-1). Your role in account 111122223333 is
Developer; the repository is MySharedDemoRepo in us-east-2."""

STS = {
    "Credentials": {
        "AccessKeyId": PASSING,
        "SecretAccessKey": SECRET,
        "SessionToken": TOKEN,
        "Expiration": "2026-11-21T18:04:05+00:00",
    }
}
ASSUMED = {
    "AssumedRoleUser": {
        "AssumedRoleId": "AROA3XFRBF535PLBIFPI4:maria",
        "Arn": "arn:aws:sts::111122223333:assumed-role/CodeCommitAccess/maria",
    }
}
PROCESS = {"Version": 1, "AccessKeyId": PASSING, "SecretAccessKey": SECRET, "SessionToken": TOKEN, "Expiration": ENDS}

KEYS: list[Sample] = [
    (
        "bash",
        f"export AWS_ACCESS_KEY_ID={PASSING}\nexport AWS_SECRET_ACCESS_KEY={SECRET}\nexport AWS_SESSION_TOKEN={TOKEN}\n",
        [("keys", TEMP)],
    ),
    (
        "the access portal's first tab for bash",
        f'export AWS_ACCESS_KEY_ID="{PASSING}"\nexport AWS_SECRET_ACCESS_KEY="{SECRET}"\nexport AWS_SESSION_TOKEN="{TOKEN}"',
        [("keys", TEMP)],
    ),
    (
        "the access portal's first tab for PowerShell",
        f'$Env:AWS_ACCESS_KEY_ID="{PASSING}"\r\n$Env:AWS_SECRET_ACCESS_KEY="{SECRET}"\r\n$Env:AWS_SESSION_TOKEN="{TOKEN}"',
        [("keys", TEMP)],
    ),
    (
        "the access portal's first tab for cmd",
        f"SET AWS_ACCESS_KEY_ID={PASSING}\r\nSET AWS_SECRET_ACCESS_KEY={SECRET}\r\nSET AWS_SESSION_TOKEN={TOKEN}\r\n",
        [("keys", TEMP)],
    ),
    (
        "the access portal's second tab",
        f"[111122223333_Developer]\naws_access_key_id={PASSING}\naws_secret_access_key={SECRET}\naws_session_token={TOKEN}",
        [("keys", {**TEMP, "profile": "111122223333_Developer"})],
    ),
    (
        "the access portal's third tab",
        f"AWS access key ID\n{PASSING}\nAWS secret access key\n{SECRET}\nAWS session token\n{TOKEN}\n",
        [("keys", TEMP)],
    ),
    (
        "the access portal's sign-in beside its keys",
        f"SSO start URL\n{START}\nSSO Region\nus-east-1\nexport AWS_ACCESS_KEY_ID={PASSING}\n"
        f"export AWS_SECRET_ACCESS_KEY={SECRET}\nexport AWS_SESSION_TOKEN={TOKEN}",
        [("sso", {**SSO, "sso_region": "us-east-1"}), ("keys", TEMP)],
    ),
    (
        "all three tabs",
        f'export AWS_ACCESS_KEY_ID="{PASSING}"\nexport AWS_SECRET_ACCESS_KEY="{SECRET}"\nexport AWS_SESSION_TOKEN="{TOKEN}"\n'
        f"Option 2\n[111122223333_Developer]\naws_access_key_id={PASSING}\naws_secret_access_key={SECRET}\n"
        f"aws_session_token={TOKEN}\nOption 3\nAWS access key ID\n{PASSING}\nAWS secret access key\n{SECRET}\n",
        [("keys", {**TEMP, "profile": "111122223333_Developer"})],
    ),
    (
        "fish",
        f"set -gx AWS_ACCESS_KEY_ID {PASSING}\nset -gx AWS_SECRET_ACCESS_KEY {SECRET}\nset -gx AWS_SESSION_TOKEN {TOKEN}\n",
        [("keys", TEMP)],
    ),
    (
        "several on one line",
        f"export AWS_ACCESS_KEY_ID={PASSING} && export AWS_SECRET_ACCESS_KEY={SECRET}; export AWS_SESSION_TOKEN={TOKEN}",
        [("keys", TEMP)],
    ),
    (
        "the documents' one line of exports",
        f"export AWS_ACCESS_KEY_ID={PASSING} export AWS_SECRET_ACCESS_KEY={SECRET} export AWS_SESSION_TOKEN={TOKEN}",
        [("keys", TEMP)],
    ),
    (
        "the documents' one line for Windows",
        f"set AWS_ACCESS_KEY_ID={PASSING} set AWS_SECRET_ACCESS_KEY={SECRET} set AWS_SESSION_TOKEN={TOKEN}",
        [("keys", TEMP)],
    ),
    (
        "the documents' one line of INI",
        f"[CodeCommitAcme] aws_access_key_id={PASSING} aws_secret_access_key={SECRET} aws_session_token={TOKEN}",
        [("keys", {**TEMP, "profile": "CodeCommitAcme"})],
    ),
    (
        "PowerShell's other way",
        f'[Environment]::SetEnvironmentVariable("AWS_ACCESS_KEY_ID", "{LASTING}")\n'
        f'[Environment]::SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", "{SECRET}")',
        [("keys", LONG)],
    ),
    (
        "an INI block without a header",
        f"aws_access_key_id = {LASTING}\naws_secret_access_key = {SECRET}",
        [("keys", LONG)],
    ),
    (
        "an INI block with a region",
        f"[profile maria]\nregion = us-east-2\noutput = json\naws_access_key_id = {LASTING}\naws_secret_access_key = {SECRET}",
        [("keys", {**LONG, "profile": "maria", "region": "us-east-2"})],
    ),
    (
        "[default] gives no name away",
        f"[default]\naws_access_key_id = {LASTING}\naws_secret_access_key = {SECRET}",
        [("keys", LONG)],
    ),
    (
        "a commented-out key does not count",
        f"[dev]\n# aws_access_key_id = {OTHER}\naws_access_key_id = {LASTING}\naws_secret_access_key = {SECRET}",
        [("keys", {**LONG, "profile": "dev"})],
    ),
    ("assume-role", json.dumps({**STS, **ASSUMED}, indent=4), [("keys", ENDING)]),
    ("assume-role on one line", json.dumps({**ASSUMED, **STS}), [("keys", ENDING)]),
    ("get-session-token", json.dumps(STS, indent=4), [("keys", ENDING)]),
    (
        "get-federation-token",
        json.dumps(
            {
                **STS,
                "FederatedUser": {
                    "FederatedUserId": "888888888888:bob",
                    "Arn": "arn:aws:sts::888888888888:federated-user/bob",
                },
                "PackedPolicySize": 6,
            },
            indent=4,
        ),
        [("keys", ENDING)],
    ),
    (
        "assume-role-with-saml",
        json.dumps(
            {
                **STS,
                **ASSUMED,
                "Subject": "maria@acme.example",
                "SubjectType": "persistent",
                "Issuer": "https://idp.acme.example/saml",
                "Audience": "https://signin.aws.amazon.com/saml",
                "NameQualifier": "SbdGOnUkh1i4+EXAMPLExL/jEvs=",
            },
            indent=4,
        ),
        [("keys", ENDING)],
    ),
    (
        "assume-role-with-web-identity",
        json.dumps({**STS, **ASSUMED, "Provider": "arn:aws:iam::111122223333:oidc-provider/token.acme.example"}),
        [("keys", ENDING)],
    ),
    ("credential_process", json.dumps(PROCESS), [("keys", ENDING)]),
    ("export-credentials, process", json.dumps(PROCESS, indent=2), [("keys", ENDING)]),
    (
        "export-credentials, env",
        f"export AWS_ACCESS_KEY_ID={PASSING}\nexport AWS_SECRET_ACCESS_KEY={SECRET}\nexport AWS_SESSION_TOKEN={TOKEN}\n"
        f"export AWS_CREDENTIAL_EXPIRATION=2026-11-21T18:04:05+00:00\n",
        [("keys", ENDING)],
    ),
    (
        "export-credentials, env-no-export",
        f"AWS_ACCESS_KEY_ID={PASSING}\nAWS_SECRET_ACCESS_KEY={SECRET}\nAWS_SESSION_TOKEN={TOKEN}\n"
        f"AWS_CREDENTIAL_EXPIRATION=2026-11-21T18:04:05+00:00\n",
        [("keys", ENDING)],
    ),
    (
        "export-credentials, powershell",
        f'$Env:AWS_ACCESS_KEY_ID="{PASSING}"\n$Env:AWS_SECRET_ACCESS_KEY="{SECRET}"\n$Env:AWS_SESSION_TOKEN="{TOKEN}"\n'
        f'$Env:AWS_CREDENTIAL_EXPIRATION="2026-11-21T18:04:05+00:00"\n',
        [("keys", ENDING)],
    ),
    (
        "export-credentials, windows-cmd",
        f"set AWS_ACCESS_KEY_ID={PASSING}\nset AWS_SECRET_ACCESS_KEY={SECRET}\nset AWS_SESSION_TOKEN={TOKEN}\n"
        f"set AWS_CREDENTIAL_EXPIRATION=2026-11-21T18:04:05+00:00\n",
        [("keys", ENDING)],
    ),
    (
        "export-credentials, fish",
        f"set -gx AWS_ACCESS_KEY_ID {PASSING}\nset -gx AWS_SECRET_ACCESS_KEY {SECRET}\nset -gx AWS_SESSION_TOKEN {TOKEN}\n"
        f"set -gx AWS_CREDENTIAL_EXPIRATION 2026-11-21T18:04:05+00:00\n",
        [("keys", ENDING)],
    ),
    (
        "assume-role as yaml",
        "AssumedRoleUser:\n  Arn: arn:aws:sts::111122223333:assumed-role/CodeCommitAccess/maria\n"
        f"  AssumedRoleId: AROA3XFRBF535PLBIFPI4:maria\nCredentials:\n  AccessKeyId: {PASSING}\n"
        f"  Expiration: '2026-11-21T18:04:05+00:00'\n  SecretAccessKey: {SECRET}\n  SessionToken: {TOKEN}\n",
        [("keys", ENDING)],
    ),
    (
        "assume-role as text",
        "ASSUMEDROLEUSER\tarn:aws:sts::111122223333:assumed-role/CodeCommitAccess/maria\tAROA3XFRBF535PLBIFPI4:maria\n"
        f"CREDENTIALS\t{PASSING}\t2026-11-21T18:04:05+00:00\t{SECRET}\t{TOKEN}\n",
        [("keys", ENDING)],
    ),
    ("the three values of a query as text", f"{PASSING}\t{SECRET}\t{TOKEN}\n", [("keys", TEMP)]),
    (
        "the service's own XML",
        f"<Credentials><AccessKeyId>{PASSING}</AccessKeyId><SecretAccessKey>{SECRET}</SecretAccessKey>"
        f"<SessionToken>{TOKEN}</SessionToken><Expiration>{ENDS}</Expiration></Credentials>",
        [("keys", ENDING)],
    ),
    (
        "a container's or machine's credentials",
        json.dumps(
            {"Code": "Success", "AccessKeyId": PASSING, "SecretAccessKey": SECRET, "Token": TOKEN, "Expiration": ENDS}
        ),
        [("keys", ENDING)],
    ),
    (
        "sso get-role-credentials",
        json.dumps(
            {
                "roleCredentials": {
                    "accessKeyId": PASSING,
                    "secretAccessKey": SECRET,
                    "sessionToken": TOKEN,
                    "expiration": 1795284245000,
                }
            }
        ),
        [("keys", ENDING)],
    ),
    ("the console's CSV", f"Access key ID,Secret access key\r\n{LASTING},{SECRET}\r\n", [("keys", LONG)]),
    (
        "the console's CSV with a BOM and semicolons",
        f"\ufeffAccess key ID;Secret access key\n{LASTING};{SECRET}\n",
        [("keys", LONG)],
    ),
    (
        "the console's older CSV",
        "User name,Password,Access key ID,Secret access key,Console login link\n"
        f"maria,,{LASTING},{SECRET},https://888888888888.signin.aws.amazon.com/console\n",
        [("keys", LONG)],
    ),
    ("a quoted CSV", f'"Access key ID","Secret access key"\n"{LASTING}","{SECRET}"\n', [("keys", LONG)]),
    (
        "saml2aws script",
        f'export AWS_ACCESS_KEY_ID="{PASSING}"\nexport AWS_SECRET_ACCESS_KEY="{SECRET}"\nexport AWS_SESSION_TOKEN="{TOKEN}"\n'
        f'export AWS_SECURITY_TOKEN="{TOKEN}"\nexport SAML2AWS_PROFILE="saml"\nexport AWS_CREDENTIAL_EXPIRATION="{ENDS}"\n',
        [("keys", ENDING)],
    ),
    (
        "saml2aws in the credentials file",
        f"[saml]\naws_access_key_id        = {PASSING}\naws_secret_access_key    = {SECRET}\naws_session_token        = {TOKEN}\n"
        f"aws_security_token       = {TOKEN}\nx_principal_arn          = arn:aws:sts::111122223333:assumed-role/CodeCommitAccess/maria\n"
        f"x_security_token_expires = 2026-11-21T19:04:05+01:00\nregion                   = us-east-2\n",
        [("keys", {**ENDING, "profile": "saml", "region": "us-east-2"})],
    ),
    ("aws-vault export as json", json.dumps(PROCESS, separators=(",", ":")), [("keys", ENDING)]),
    (
        "aws-vault export as ini",
        f"[acme]\naws_access_key_id={PASSING}\naws_secret_access_key={SECRET}\naws_session_token={TOKEN}\n"
        f"aws_credential_expiration={ENDS}\nregion=us-east-2\n",
        [("keys", {**ENDING, "profile": "acme", "region": "us-east-2"})],
    ),
    (
        "aws-vault exec env",
        f"$ aws-vault exec acme -- env | grep AWS\nAWS_VAULT=acme\nAWS_DEFAULT_REGION=us-east-2\nAWS_REGION=us-east-2\n"
        f"AWS_ACCESS_KEY_ID={PASSING}\nAWS_SECRET_ACCESS_KEY={SECRET}\nAWS_SESSION_TOKEN={TOKEN}\nAWS_CREDENTIAL_EXPIRATION={ENDS}\n",
        [("keys", {**ENDING, "region": "us-east-2"})],
    ),
    (
        "gimme-aws-creds",
        f"export AWS_ROLE_ARN={ROLE}\nexport AWS_ACCESS_KEY_ID={PASSING}\nexport AWS_SECRET_ACCESS_KEY={SECRET}\n"
        f"export AWS_SESSION_TOKEN={TOKEN}\nexport AWS_SECURITY_TOKEN={TOKEN}\n",
        [("keys", TEMP)],
    ),
    (
        "gimme-aws-creds as json",
        json.dumps(
            {
                "role": {"arn": ROLE, "name": "CodeCommitAccess"},
                "credentials": {
                    "aws_access_key_id": PASSING,
                    "aws_secret_access_key": SECRET,
                    "aws_session_token": TOKEN,
                },
            }
        ),
        [("keys", TEMP)],
    ),
    (
        "a colleague's whole message, with two regions",
        MARIA,
        [("sso", {**SSO, "sso_region": "us-east-1", **DEVELOPER, "repo": "MySharedDemoRepo", "region": "us-east-2"})],
    ),
    (
        "the same message as a terminal wraps it",
        " · " + MARIA.replace("\n", " ").replace(" is Dev", "\n is Dev").replace("Hi Maria, s", "S"),
        [("sso", {**SSO, "sso_region": "us-east-1", **DEVELOPER, "repo": "MySharedDemoRepo", "region": "us-east-2"})],
    ),
    (
        "a key's label, and both of its parts after it",
        f"The repository MySharedDemoRepo (us-east-2) is in another account. Your access key is {LASTING} and {SECRET}.",
        [
            (
                "keys",
                {
                    "access_key_id": LASTING,
                    "secret_access_key": SECRET,
                    "repo": "MySharedDemoRepo",
                    "region": "us-east-2",
                },
            )
        ],
    ),
    (
        "a key's label, and both of its parts after a colon",
        f"Access key: {LASTING} / {SECRET}",
        [("keys", {"access_key_id": LASTING, "secret_access_key": SECRET})],
    ),
    (
        "a key's label, and all three parts after it",
        f"Your access key ID is {PASSING}, {SECRET}, {TOKEN}",
        [("keys", TEMP)],
    ),
    (
        "a repository before its region, in prose",
        f"The role for MySharedDemoRepo (us-east-2) is {ROLE}.",
        [("role", {"role_arn": ROLE, "repo": "MySharedDemoRepo", "region": "us-east-2"})],
    ),
    (
        "granted",
        f"GrantedAssume {PASSING} {SECRET} {TOKEN} acme us-east-2 {ENDS} true",
        [("keys", {**TEMP, "region": "us-east-2"})],
    ),
    (
        "granted's environment",
        f"AWS_ACCESS_KEY_ID={PASSING}\nAWS_SECRET_ACCESS_KEY={SECRET}\nAWS_SESSION_TOKEN={TOKEN}\nAWS_PROFILE=acme\n"
        f"AWS_REGION=us-east-2\nGRANTED_SSO=true\nGRANTED_SSO_START_URL={START}\nGRANTED_SSO_ROLE_NAME=Developer\n"
        "GRANTED_SSO_REGION=us-east-1\nGRANTED_SSO_ACCOUNT_ID=111122223333\n",
        [
            ("sso", {**SSO, "sso_region": "us-east-1", **DEVELOPER, "region": "us-east-2"}),
            ("keys", {**TEMP, "region": "us-east-2"}),
        ],
    ),
    (
        "aws-sso eval",
        f'export AWS_ACCESS_KEY_ID="{PASSING}"\nexport AWS_SECRET_ACCESS_KEY="{SECRET}"\nexport AWS_SESSION_TOKEN="{TOKEN}"\n'
        'export AWS_SSO_ACCOUNT_ID="111122223333"\nexport AWS_SSO_ROLE_NAME="Developer"\n'
        'export AWS_SSO_ROLE_ARN="arn:aws:iam::111122223333:role/Developer"\nexport AWS_SSO_SESSION_EXPIRATION="2026-11-21 18:04:05 +0000 UTC"\n'
        'export AWS_SSO_PROFILE="acme"\nexport AWS_SSO="Default"\n',
        [("keys", ENDING)],
    ),
    (
        "aws configure",
        f"$ aws configure --profile acme\nAWS Access Key ID [None]: {LASTING}\nAWS Secret Access Key [None]: {SECRET}\n"
        "Default region name [None]: us-east-2\nDefault output format [None]: json\n",
        [("keys", {**LONG, "region": "us-east-2"})],
    ),
    (
        "aws configure set",
        f"aws configure set aws_access_key_id {LASTING} --profile maria\naws configure set aws_secret_access_key {SECRET} --profile maria\n"
        "aws configure set region us-east-2 --profile maria",
        [("keys", {**LONG, "region": "us-east-2", "profile": "maria"})],
    ),
    (
        "prose",
        f"Hi Maria, your access key ID is {LASTING} and the secret access key is {SECRET}. Welcome!",
        [("keys", LONG)],
    ),
    ("two lines without a word", f"{LASTING}\n{SECRET}", [("keys", LONG)]),
    ("a chat with quoting and bullets", f"> * Access key ID: `{LASTING}`\n> * Secret: `{SECRET}`\n", [("keys", LONG)]),
    (
        "terraform",
        f'access_key = "{LASTING}"\nsecret_key = "{SECRET}"\nregion     = "us-east-2"',
        [("keys", {**LONG, "region": "us-east-2"})],
    ),
    ("key and secret exchanged", f"AWS_ACCESS_KEY_ID={SECRET}\nAWS_SECRET_ACCESS_KEY={LASTING}", [("keys", LONG)]),
    (
        "a long-term key beside an old token",
        f"AWS_ACCESS_KEY_ID={LASTING}\nAWS_SECRET_ACCESS_KEY={SECRET}\nAWS_SESSION_TOKEN={TOKEN}",
        [("keys", LONG)],
    ),
    (
        "half of temporary keys",
        f"AWS_ACCESS_KEY_ID={PASSING}\nAWS_SECRET_ACCESS_KEY={SECRET}",
        [("keys", {"access_key_id": PASSING, "secret_access_key": SECRET})],
    ),
    (
        "two different keys",
        f"dev: {LASTING} {SECRET}\nprod: {OTHER} {OTHER_SECRET}\n",
        [("keys", LONG), ("keys", {"access_key_id": OTHER, "secret_access_key": OTHER_SECRET})],
    ),
    (
        "two sections of keys",
        f"[dev]\naws_access_key_id={LASTING}\naws_secret_access_key={SECRET}\n\n[prod]\naws_access_key_id={OTHER}\naws_secret_access_key={OTHER_SECRET}\n",
        [
            ("keys", {**LONG, "profile": "dev"}),
            ("keys", {"access_key_id": OTHER, "secret_access_key": OTHER_SECRET, "profile": "prod"}),
        ],
    ),
    (
        "a transcript's last output",
        f"$ export AWS_ACCESS_KEY_ID={LASTING}\n$ export AWS_SECRET_ACCESS_KEY={OTHER_SECRET}\n"
        f"$ aws sts assume-role --role-arn {ROLE} --role-session-name maria\n{json.dumps({**STS, **ASSUMED}, indent=4)}\n$ ",
        [("keys", ENDING)],
    ),
    (
        "a transcript of PowerShell",
        f"PS C:\\Users\\maria> aws sts get-session-token --serial-number {MFA} --token-code 123456\r\n{json.dumps(STS, indent=4)}\r\nPS C:\\Users\\maria> ",
        [("keys", ENDING)],
    ),
    (
        "a token broken by mail",
        f"export AWS_ACCESS_KEY_ID={PASSING}\nexport AWS_SECRET_ACCESS_KEY={SECRET}\n{wrapped(f'export AWS_SESSION_TOKEN={TOKEN}', 76)}\nCheers\nMaria",
        [("keys", TEMP)],
    ),
    (
        "a quoted token broken by a terminal",
        f'export AWS_ACCESS_KEY_ID="{PASSING}"\nexport AWS_SECRET_ACCESS_KEY="{SECRET}"\n'
        + wrapped(f'export AWS_SESSION_TOKEN="{TOKEN}"', 80),
        [("keys", TEMP)],
    ),
    (
        "a UTF-16 file read as bytes",
        "\ufffd\ufffd" + "\0".join(f"aws_access_key_id={LASTING}\r\naws_secret_access_key={SECRET}\r\n") + "\0",
        [("keys", LONG)],
    ),
    (
        "a word processor's letters",
        f"\u201cAWS Access Key ID\u201d\u00a0=\u00a0\u201c{LASTING}\u201d\n\u2018AWS Secret Access Key\u2019 = \u2018{SECRET}\u2019",
        [("keys", LONG)],
    ),
    (
        "the documents' placeholders",
        "[CodeCommitProfileName] aws_access_key_id=TheAccessKeyID aws_secret_access_key=TheSecretAccessKey aws_session_token=TheSessionToken",
        [("keys", {})],
    ),
    (
        "the documents' placeholders as exports",
        "export AWS_ACCESS_KEY_ID=TheAccessKey export AWS_SECRET_ACCESS_KEY=TheSecretAccessKey export AWS_SESSION_TOKEN=TheSessionToken",
        [("keys", {})],
    ),
    (
        "the documents' placeholders for Windows",
        "set AWS_ACCESS_KEY_ID=TheAccessKey set AWS_SECRET_ACCESS_KEY=TheSecretAccessKey set AWS_SESSION_TOKEN=TheSessionToken",
        [("keys", {})],
    ),
    ("other placeholders", "aws_access_key_id = <your-key>\naws_secret_access_key = ...\n", [("keys", {})]),
]

ROLES: list[Sample] = [
    ("a role ARN", ROLE, [("role", {"role_arn": ROLE})]),
    (
        "a role ARN with the documents' third colon",
        "arn:aws:iam:::111122223333:role/CodeCommitAccess",
        [("role", {"role_arn": ROLE})],
    ),
    (
        "an assumed role",
        "arn:aws:sts::111122223333:assumed-role/CodeCommitAccess/maria",
        [("role", {"role_arn": ROLE})],
    ),
    (
        "who somebody is",
        json.dumps(
            {
                "UserId": "AROA:maria",
                "Account": "111122223333",
                "Arn": "arn:aws:sts::111122223333:assumed-role/CodeCommitAccess/maria",
            }
        ),
        [("role", {"role_arn": ROLE})],
    ),
    (
        "a link to switch roles",
        "https://signin.aws.amazon.com/switchrole?account=111122223333&roleName=CodeCommitAccess&displayName=Acme",
        [("role", {"role_arn": ROLE})],
    ),
    (
        "a role with an external ID and a repository",
        f"Please use {ROLE} (external ID: acme-7f3b), repo is arn:aws:codecommit:us-east-2:111122223333:MySharedDemoRepo.",
        [
            (
                "role",
                {
                    "role_arn": ROLE,
                    "external_id": "acme-7f3b",
                    "repo": "arn:aws:codecommit:us-east-2:111122223333:MySharedDemoRepo",
                },
            )
        ],
    ),
    ("a role with an MFA device", f"Role: {ROLE}\nMFA: {MFA}", [("role", {"role_arn": ROLE, "mfa_serial": MFA})]),
    (
        "the documents' commands",
        "aws configure set role_arn arn:aws:iam:::111111111111:role/CodeCommitAccess --profile CodeAccess\n"
        " aws configure set source_profile default --profile CodeAccess\n"
        ' aws configure set role_session_name "Maria Garcia" --profile CodeAccess\n',
        [
            (
                "role",
                {
                    "role_arn": "arn:aws:iam::111111111111:role/CodeCommitAccess",
                    "source_profile": "default",
                    "role_session_name": "Maria-Garcia",
                    "profile": "CodeAccess",
                },
            )
        ],
    ),
    (
        "the documents' profile",
        "[default]\n region = us-east-1\n output = json\n[profile CodeAccess]\n source_profile = default\n"
        " role_session_name = Maria Garcia\n role_arn = arn:aws:iam:::111111111111:role/CodeCommitAccess\n",
        [
            (
                "role",
                {
                    "role_arn": "arn:aws:iam::111111111111:role/CodeCommitAccess",
                    "source_profile": "default",
                    "role_session_name": "Maria-Garcia",
                    "profile": "CodeAccess",
                },
            )
        ],
    ),
    (
        "commands with a word processor's dashes",
        f"aws configure set role_arn {ROLE} \u2013profile acme\naws configure set source_profile base \u2014profile acme",
        [("role", {"role_arn": ROLE, "source_profile": "base", "profile": "acme"})],
    ),
    (
        "a role and the keys it starts from",
        f"Role {ROLE}\nkey {LASTING}\nsecret {SECRET}",
        [("role", {"role_arn": ROLE, **source("keys", LONG)}), ("keys", LONG)],
    ),
    (
        "a role's section and its source's",
        f"[base]\naws_access_key_id = {LASTING}\naws_secret_access_key = {SECRET}\n\n[profile acme]\nrole_arn = {ROLE}\n"
        "source_profile = base\nexternal_id = acme-7f3b\nduration_seconds = 3600\nregion = us-east-2\n",
        [
            (
                "role",
                {
                    "role_arn": ROLE,
                    "external_id": "acme-7f3b",
                    "duration_seconds": "3600",
                    **source("keys", LONG, profile="base"),
                    "region": "us-east-2",
                    "profile": "acme",
                },
            )
        ],
    ),
    (
        "a role's section and the sign-in before it",
        f"[sso-session acme]\nsso_start_url = {START}\nsso_region = us-east-1\n\n[profile base]\nsso_session = acme\nsso_account_id = 888888888888\n"
        f"sso_role_name = Developer\n\n[profile acme-code]\nrole_arn = {ROLE}\nsource_profile = base\n",
        [
            (
                "role",
                {
                    "role_arn": ROLE,
                    **source(
                        "sso",
                        SSO,
                        sso_region="us-east-1",
                        sso_account_id="888888888888",
                        sso_role_name="Developer",
                        sso_session="acme",
                        profile="base",
                    ),
                    "profile": "acme-code",
                },
            )
        ],
    ),
    (
        "a start URL and a role",
        f"Sign in at {START} and then assume {ROLE}",
        [("role", {"role_arn": ROLE, **source("sso", SSO)}), ("sso", SSO)],
    ),
    (
        "a machine's role and one to go on to",
        f"[profile acme]\nrole_arn = {ROLE}\ncredential_source = Ec2InstanceMetadata\n",
        [("role", {"role_arn": ROLE, "source_profile": "@Ec2InstanceMetadata", "profile": "acme"})],
    ),
    (
        "the command itself",
        f"aws sts assume-role --role-arn {ROLE} --role-session-name maria --external-id acme-7f3b --profile base",
        [
            (
                "role",
                {"role_arn": ROLE, "source_profile": "base", "external_id": "acme-7f3b", "role_session_name": "maria"},
            )
        ],
    ),
    (
        "a trust policy's condition and the role",
        f'{ROLE}\n"Condition": {{"StringEquals": {{"sts:ExternalId": "acme-7f3b"}}}}',
        [("role", {"role_arn": ROLE, "external_id": "acme-7f3b"})],
    ),
    (
        "two roles",
        f"read: {ROLE}Read\nwrite: {ROLE}",
        [("role", {"role_arn": f"{ROLE}Read"}), ("role", {"role_arn": ROLE})],
    ),
    (
        "temporary keys and a role told in prose",
        f"With these assume the role {ROLE}:\nexport AWS_ACCESS_KEY_ID={PASSING}\nexport AWS_SECRET_ACCESS_KEY={SECRET}\nexport AWS_SESSION_TOKEN={TOKEN}",
        [("role", {"role_arn": ROLE, **source("keys", TEMP)}), ("keys", TEMP)],
    ),
    (
        "an account and a role's name",
        "account 1111-2222-3333, role Developer",
        [("sso", DEVELOPER), ("role", {"role_arn": "arn:aws:iam::111122223333:role/Developer"})],
    ),
    (
        "an account and a role's name, the other way round",
        "You have the Developer role in account 111122223333.",
        [("sso", DEVELOPER), ("role", {"role_arn": "arn:aws:iam::111122223333:role/Developer"})],
    ),
    ("an MFA device", MFA, [("mfa", {"mfa_serial": MFA})]),
    (
        "an MFA device and keys",
        f"aws_access_key_id = {LASTING}\naws_secret_access_key = {SECRET}\nmfa_serial = {MFA}\n",
        [("mfa", {"mfa_serial": MFA, **source("keys", LONG)})],
    ),
    (
        "the command for an MFA code",
        f"aws sts get-session-token --serial-number {MFA} --token-code 123456 --profile maria",
        [("mfa", {"mfa_serial": MFA, "source_profile": "maria"})],
    ),
    (
        "the command for a federation token",
        "aws sts get-federation-token --name bob --policy file://policy.json --duration-seconds 3600 --profile maria",
        [("federation", {"federated_name": "bob", "duration_seconds": "3600", "source_profile": "maria"})],
    ),
]

SIGNED: list[Sample] = [
    ("an OIDC token", JWT, [("oidc", {"web_identity_token": JWT})]),
    ("a token and a role", f"Role: {ROLE}\nToken: {JWT}", [("oidc", {"role_arn": ROLE, "web_identity_token": JWT})]),
    ("a broken token", f"{ROLE}\n{wrapped(JWT, 72)}", [("oidc", {"role_arn": ROLE, "web_identity_token": JWT})]),
    (
        "a token's file",
        f"The role is {ROLE}, the token is in /var/run/secrets/token.",
        [("oidc", {"role_arn": ROLE, "web_identity_token_file": "/var/run/secrets/token"})],
    ),
    (
        "the documents' web identity profile",
        "[CodeCommitWebIdentity]\n role_arn = arn:aws:iam:::111111111111:role/CodeCommitAccess\n"
        " web_identity_token_file=~/my-credentials/my-token-file\n role_session_name = Maria Garcia\n",
        [
            (
                "oidc",
                {
                    "role_arn": "arn:aws:iam::111111111111:role/CodeCommitAccess",
                    "web_identity_token_file": "~/my-credentials/my-token-file",
                    "role_session_name": "Maria-Garcia",
                    "profile": "CodeCommitWebIdentity",
                },
            )
        ],
    ),
    (
        "a pod's environment",
        f"AWS_ROLE_ARN={ROLE}\nAWS_WEB_IDENTITY_TOKEN_FILE=/var/run/secrets/eks.amazonaws.com/serviceaccount/token\nAWS_REGION=us-east-2\n",
        [
            (
                "oidc",
                {
                    "role_arn": ROLE,
                    "web_identity_token_file": "/var/run/secrets/eks.amazonaws.com/serviceaccount/token",
                    "region": "us-east-2",
                },
            )
        ],
    ),
    (
        "the command with a token's file",
        f"aws sts assume-role-with-web-identity --role-arn {ROLE} --role-session-name maria --web-identity-token file://token.jwt --provider-id www.amazon.com",
        [
            (
                "oidc",
                {
                    "role_arn": ROLE,
                    "web_identity_token_file": "token.jwt",
                    "provider_id": "www.amazon.com",
                    "role_session_name": "maria",
                },
            )
        ],
    ),
    ("a SAML response", SAML, [("saml", {"saml_assertion": SAML})]),
    (
        "a SAML response as a form",
        f"SAMLResponse={SAML.replace('+', '%2B').replace('=', '%3D')}&RelayState=",
        [("saml", {"saml_assertion": SAML})],
    ),
    ("a SAML response in lines", wrapped(SAML, 76), [("saml", {"saml_assertion": SAML})]),
    ("a SAML response and a role", f"{ROLE}\n\n{SAML}\n", [("saml", {"saml_assertion": SAML, "role_arn": ROLE})]),
    (
        "the command with an assertion's file",
        f"aws sts assume-role-with-saml --role-arn {ROLE} --principal-arn arn:aws:iam::111122223333:saml-provider/Acme --saml-assertion file://assertion.b64",
        [("saml", {"role_arn": ROLE, "saml_assertion": "assertion.b64"})],
    ),
]

SIGN_INS: list[Sample] = [
    *(
        (f"start URL {url}", url, [("sso", SSO)])
        for url in (
            START,
            f"{START}/",
            f"{START}#/",
            f"{START}/#/",
            "acme.awsapps.com/start",
            "https://acme.awsapps.com",
            f"<{START}>",
            f"[sign in here]({START})",
            f"Your portal: {START}.",
        )
    ),
    (
        "a newer portal",
        "https://ssoins-1234567890abcdef.portal.eu-west-1.app.aws",
        [("sso", {"sso_start_url": "https://ssoins-1234567890abcdef.portal.eu-west-1.app.aws"})],
    ),
    (
        "a portal of one's own",
        "Start URL: https://sso.acme.example/start",
        [("sso", {"sso_start_url": "https://sso.acme.example/start"})],
    ),
    (
        "a link from the portal",
        f"{START}/#/console?account_id=111122223333&role_name=Developer&destination=https%3A%2F%2Fconsole.aws.amazon.com%2F",
        [("sso", {**SSO, **DEVELOPER})],
    ),
    (
        "what the portal lists",
        f"{START}\nAcme Dev\n111122223333 | maria@acme.example\nDeveloper | Access keys",
        [("sso", {**SSO, **DEVELOPER})],
    ),
    (
        "a colleague's message",
        f"Hi! SSO is at {START} (SSO region us-east-1), account 111122223333, role Developer. "
        "Then: git clone codecommit::us-east-2://acme-dev@MySharedDemoRepo",
        [
            (
                "sso",
                {
                    **SSO,
                    "sso_region": "us-east-1",
                    **DEVELOPER,
                    "repo": "codecommit::us-east-2://acme-dev@MySharedDemoRepo",
                    "profile": "acme-dev",
                },
            )
        ],
    ),
    (
        "the documents' sign-in profile",
        "[profile dev-team-profile]\nsso_start_url = https://example-sso.awsapps.com/start\nsso_region = us-west-2\n"
        "sso_account_id = 123456789012\nsso_role_name = Developer\nregion = us-east-1\noutput = json\nIn this example:\nsso_start_url\n: Your AWS SSO portal URL.",
        [
            (
                "sso",
                {
                    "sso_start_url": "https://example-sso.awsapps.com/start",
                    "sso_region": "us-west-2",
                    "sso_account_id": "123456789012",
                    "sso_role_name": "Developer",
                    "region": "us-east-1",
                    "profile": "dev-team-profile",
                },
            )
        ],
    ),
    (
        "a session and a profile",
        f"[profile acme-dev]\nsso_session = acme\nsso_account_id = 111122223333\nsso_role_name = Developer\nregion = us-east-2\n\n"
        f"[sso-session acme]\nsso_start_url = {START}\nsso_region = us-east-1\nsso_registration_scopes = sso:account:access\n",
        [
            (
                "sso",
                {
                    **SSO,
                    "sso_region": "us-east-1",
                    **DEVELOPER,
                    "sso_session": "acme",
                    "region": "us-east-2",
                    "profile": "acme-dev",
                },
            )
        ],
    ),
    (
        "two profiles of one session",
        f"[profile dev]\nsso_session = acme\nsso_account_id = 111122223333\nsso_role_name = Developer\n"
        f"[profile prod]\nsso_session = acme\nsso_account_id = 888888888888\nsso_role_name = Developer\n[sso-session acme]\nsso_start_url = {START}\nsso_region = us-east-1\n",
        [
            ("sso", {**SSO, "sso_region": "us-east-1", **DEVELOPER, "sso_session": "acme", "profile": "dev"}),
            (
                "sso",
                {
                    **SSO,
                    "sso_region": "us-east-1",
                    "sso_account_id": "888888888888",
                    "sso_role_name": "Developer",
                    "sso_session": "acme",
                    "profile": "prod",
                },
            ),
        ],
    ),
    (
        "aws configure sso",
        f"$ aws configure sso\nSSO session name (Recommended): acme\nSSO start URL [None]: {START}\nSSO region [None]: us-east-1\n"
        "SSO registration scopes [sso:account:access]:\nUsing the account ID 111122223333\nThe only role available to you is: Developer\n"
        'Using the role name "Developer"\nCLI default client Region [None]: us-east-2\n',
        [("sso", {**SSO, "sso_region": "us-east-1", **DEVELOPER, "sso_session": "acme", "region": "us-east-2"})],
    ),
    (
        "a sign-in's role as STS names it",
        "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Developer_0123456789abcdef/maria",
        [("sso", DEVELOPER)],
    ),
    (
        "a sign-in's role as IAM names it",
        f"{START} arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Developer_0123456789abcdef",
        [("sso", {**SSO, "sso_region": "eu-west-1", **DEVELOPER})],
    ),
]

PLACES: list[Sample] = [
    *(
        (f"address {text}", text, [("", {"repo": repo, **more})])
        for text, repo, more in (
            (REPO, REPO, {}),
            ("codecommit://acme@MySharedDemoRepo", "codecommit://acme@MySharedDemoRepo", {"profile": "acme"}),
            ("https://git-codecommit.us-east-2.amazonaws.com/v1/repos/MySharedDemoRepo",) * 2 + ({},),
            ("https://git-codecommit-fips.us-east-2.amazonaws.com/v1/repos/MySharedDemoRepo",) * 2 + ({},),
            (
                "https://maria-at-111122223333:Pa55word%2Fx%3D@git-codecommit.us-east-2.amazonaws.com/v1/repos/MySharedDemoRepo",
                "https://git-codecommit.us-east-2.amazonaws.com/v1/repos/MySharedDemoRepo",
                {},
            ),
            (
                "ssh://APKAEIBAERJR2EXAMPLE@git-codecommit.us-east-2.amazonaws.com/v1/repos/MySharedDemoRepo",
                "ssh://git-codecommit.us-east-2.amazonaws.com/v1/repos/MySharedDemoRepo",
                {},
            ),
            ("arn:aws:codecommit:us-east-2:111122223333:MySharedDemoRepo",) * 2 + ({},),
            (
                "https://us-east-2.console.aws.amazon.com/codesuite/codecommit/repositories/MySharedDemoRepo/browse/refs/heads/develop?region=us-east-2",
            )
            * 2
            + ({"branch": "develop"},),
            ("MySharedDemoRepo", "MySharedDemoRepo", {}),
        )
    ),
    (
        "git clone",
        f"git clone --branch develop {REPO} work",
        [("", {"repo": REPO, "branch": "develop", "directory": "work"})],
    ),
    (
        "the documents' git clone",
        "git clone codecommit://CodeAccess@MyDemoRepo\n",
        [("", {"repo": "codecommit://CodeAccess@MyDemoRepo", "profile": "CodeAccess"})],
    ),
    (
        "the documents' git clone into a folder",
        "git clone codecommit://dev-team-profile@ProjectAlpha local-project-alpha",
        [
            (
                "",
                {
                    "repo": "codecommit://dev-team-profile@ProjectAlpha",
                    "directory": "local-project-alpha",
                    "profile": "dev-team-profile",
                },
            )
        ],
    ),
    ("git clone somewhere else", f"git clone {REPO} /etc/cron.d", [("", {"repo": REPO})]),
    ("git clone further up", f"git clone {REPO} ../../.ssh", [("", {"repo": REPO})]),
    ("git clone in a sentence", f"Please run `git clone {REPO}` and tell me.", [("", {"repo": REPO})]),
    (
        "git clone with a program",
        f"git clone -c credential.helper='!rm -rf ~' --upload-pack=/tmp/x {REPO}",
        [("", {"repo": REPO})],
    ),
    (
        "one repository in two spellings",
        "https://git-codecommit.us-east-2.amazonaws.com/v1/repos/MySharedDemoRepo arn:aws:codecommit:us-east-2:111122223333:MySharedDemoRepo",
        [("", {"repo": "arn:aws:codecommit:us-east-2:111122223333:MySharedDemoRepo"})],
    ),
    (
        "two repositories",
        "git clone codecommit::us-east-2://Alpha\ngit clone codecommit::us-east-2://Beta\n",
        [("", {"repo": "codecommit::us-east-2://Alpha"}), ("", {"repo": "codecommit::us-east-2://Beta"})],
    ),
    ("a region", "us-east-2", [("", {"region": "us-east-2"})]),
    ("a zone", "region: us-east-2a", [("", {"region": "us-east-2"})]),
    ("a city", "Ohio", [("", {"region": "us-east-2"})]),
    ("a region's long name", "US East (Ohio)", [("", {"region": "us-east-2"})]),
    (
        "the documents' sentence",
        "for a repository named MySharedDemoRepo in the US East (Ohio) Region in an AWS account (referred to as AccountA)",
        [("", {"repo": "MySharedDemoRepo", "region": "us-east-2"})],
    ),
    ("a city of somebody's", "I am in London this week, call me", []),
    (
        "a repository in a sentence",
        "Our CodeCommit repo lives in Ohio, it's called platform-api.",
        [("", {"repo": "platform-api", "region": "us-east-2"})],
    ),
    (
        "a start URL, keys and prose between them",
        f"Start with {START}; until that works take {LASTING} / {SECRET}.",
        [("sso", SSO), ("keys", LONG)],
    ),
    (
        "what CodeCommit says of a repository",
        json.dumps(
            {
                "repositoryMetadata": {
                    "accountId": "111122223333",
                    "repositoryName": "MySharedDemoRepo",
                    "cloneUrlHttp": "https://git-codecommit.us-east-2.amazonaws.com/v1/repos/MySharedDemoRepo",
                    "Arn": "arn:aws:codecommit:us-east-2:111122223333:MySharedDemoRepo",
                }
            }
        ),
        [("", {"repo": "arn:aws:codecommit:us-east-2:111122223333:MySharedDemoRepo"})],
    ),
    (
        "a private key",
        "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEpAIBAAKCAQEA1c7+9z5Pad7OejecsQ0bu3aozN3tihPmUWgVQvyH9c1A4w5Q\n" * 3,
        [],
    ),
    ("another service's token", "token: ghp_1234567890abcdefghijABCDEFGHIJ123456", []),
    ("a trust policy's account", '"Principal": {"AWS": "arn:aws:iam::888888888888:root"}', []),
    (
        "a sign-in's command and a clone",
        f"$ aws sso login --profile acme-dev\n$ git clone {REPO}\n",
        [("existing", {"profile": "acme-dev", "repo": REPO})],
    ),
    ("a profile", "use profile acme-dev", [("existing", {"profile": "acme-dev"})]),
    ("a profile's variable", "export AWS_PROFILE=acme-dev", [("existing", {"profile": "acme-dev"})]),
    (
        "a sign-in's command",
        "aws sso login \u2013profile dev-team-profile",
        [("existing", {"profile": "dev-team-profile"})],
    ),
    ("a user", "arn:aws:iam::888888888888:user/maria", [("", {})]),
    (
        "a console page without a repository",
        "https://us-east-2.console.aws.amazon.com/codesuite/home?region=us-east-2",
        [("", {"region": "us-east-2"})],
    ),
    ("a program", "[profile x]\ncredential_process = /tmp/evil --role-arn " + ROLE, []),
    ("nothing", "Hello, see you tomorrow at the office!", []),
    ("a word", "hello", []),
    ("GitHub", "git clone https://github.com/acme/website", []),
    ("a password", "hunter2Correct9HorseBattery", []),
    (
        "the documents' per-repository helper",
        "profile=$AWS_DEFAULT_PROFILE   # Or your aws-cli profile name\n\ngit clone \\\n  --config 'credential.helper=!aws codecommit --profile '$profile' --region '$region' credential-helper $@' \\\n"
        "  --config 'credential.UseHttpPath=true' \\\ncd $repository_name\n",
        [],
    ),
    (
        "the documents' other commands",
        'repository_endpoint=$(aws codecommit get-repository \\\n  --region "$region" \\\n  --repository-name "$repository_name" \\\n  --output text)\n',
        [],
    ),
]

CHATS: list[Sample] = [
    (
        "bullets of a chat, the sign-in's region beside its URL",
        f"\u2022 Start URL: `{START}`\n\u2022 Region: `us-east-1`\n\u2022 Account: `111122223333` (Acme Code)\n"
        "\u2022 Role: *Developer*\n\u2022 Repo: `MySharedDemoRepo` in `us-east-2`\nping me",
        [("sso", {**SSO, "sso_region": "us-east-1", **DEVELOPER, "repo": "MySharedDemoRepo", "region": "us-east-2"})],
    ),
    (
        "a screenshot's text, with the start URL broken",
        "Start URL https://acme.awsapps.\ncom/start\nSSO Region us-east-1",
        [("sso", {**SSO, "sso_region": "us-east-1"})],
    ),
    (
        "a German note with an IAM user's keys",
        f"Zugriffsschl\u00fcssel-ID: {LASTING}\nGeheimer Zugriffsschl\u00fcssel: {SECRET}\nRepository: handbook",
        [("keys", {**LONG, "repo": "handbook"})],
    ),
    (
        "a French note with an IAM user's keys",
        f"ID de cl\u00e9 d\u2019acc\u00e8s : {LASTING}\nCl\u00e9 d\u2019acc\u00e8s secr\u00e8te : {SECRET}\n"
        "D\u00e9p\u00f4t : MySharedDemoRepo",
        [("keys", {**LONG, "repo": "MySharedDemoRepo"})],
    ),
    (
        "a German sentence",
        f"Melde dich bei {START} an (Region us-east-1). Konto 111122223333, deine Rolle hei\u00dft Developer.",
        [("sso", {**SSO, "sso_region": "us-east-1", **DEVELOPER})],
    ),
    (
        "a table of a chat",
        f"| What | Value |\n|---|---|\n| Access key | {LASTING} |\n| Secret | {SECRET} |\n| Repo | MySharedDemoRepo |",
        [("keys", {**LONG, "repo": "MySharedDemoRepo"})],
    ),
    (
        "a German chat message",
        f"Hallo, melde dich unter \u201e{START}\u201c an. Konto 1111-2222-3333, Rolle \u201cDeveloper\u201d, "
        "Repository hei\u00dft MySharedDemoRepo, Region: Frankfurt (eu-central-1). LG",
        [("sso", {**SSO, **DEVELOPER, "repo": "MySharedDemoRepo", "region": "eu-central-1"})],
    ),
    (
        "a German message about a repository in quotes",
        f"Moin, das Repo ist \u201epayments-api\u201c in us-east-2. Anmelden: {START}, Konto 111122223333, Rolle Developer.",
        [("sso", {**SSO, **DEVELOPER, "repo": "payments-api", "region": "us-east-2"})],
    ),
    (
        "a Japanese sentence",
        f"マリアさん、{START} からサインインしてください（リージョン us-east-1）。アカウント 111122223333、"
        "ロール Developer、リポジトリ MySharedDemoRepo、リージョン us-east-2 です。",
        [("sso", {**SSO, **DEVELOPER, "sso_region": "us-east-1", **DEMO})],
    ),
    (
        "a Japanese list",
        f"リポジトリ名：MySharedDemoRepo\nリージョン：us-east-2\nスタートURL：{START}\n"
        "アカウントID:111122223333\nロール名:Developer",
        [("sso", {**SSO, **DEVELOPER, **DEMO})],
    ),
    (
        "a French sentence",
        f"Connecte-toi sur {START} (r\u00e9gion us-east-1). Ton r\u00f4le dans le compte 111122223333 est Developer ; le "
        "d\u00e9p\u00f4t s\u2019appelle MySharedDemoRepo en us-east-2.",
        [("sso", {**SSO, **DEVELOPER, "sso_region": "us-east-1", **DEMO})],
    ),
    (
        "a Spanish sentence",
        f"Entra en {START} (regi\u00f3n us-east-1). Tu rol en la cuenta 111122223333 es Developer; el repositorio es "
        "MySharedDemoRepo en us-east-2.",
        [("sso", {**SSO, **DEVELOPER, "sso_region": "us-east-1", **DEMO})],
    ),
    (
        "the HTML of a mail",
        f'<p>Hi Maria,</p><p>Sign in at <a href="{START}">{START}</a> (region <b>us-east-1</b>).<br>Account: '
        "<code>111122223333</code><br>Role:&nbsp;<code>Developer</code><br>Repo: <code>MySharedDemoRepo</code> in "
        "us-east-2</p>",
        [("sso", {**SSO, **DEVELOPER, "sso_region": "us-east-1", **DEMO})],
    ),
    (
        "a chat's bold labels",
        f"*Start URL:* <{START}|acme.awsapps.com/start>\n*Account:* `111122223333` *Role:* `Developer`\n"
        "**Repo**: `MySharedDemoRepo` (us-east-2) :tada:",
        [("sso", {**SSO, **DEVELOPER, **DEMO})],
    ),
]
LISTED = [{"name": "AWS_ACCESS_KEY_ID", "value": PASSING}, {"name": "AWS_SECRET_ACCESS_KEY", "value": SECRET},
          {"name": "AWS_SESSION_TOKEN", "value": TOKEN}]  # fmt: skip
RESERVED = "AWSReservedSSO_Developer_ed1693b45129caeb"
BROWSED = "https://us-east-2.console.aws.amazon.com/codesuite/codecommit/repositories/MySharedDemoRepo/browse?region=us-east-2"
PORTAL_LINK = f"{START}/#/console?account_id=111122223333&role_name=Developer&destination="
SPACED: Answers = {**SSO, "sso_region": "us-east-1", "sso_session": "Acme-Corp"}

OTHER_TOOLS: list[Sample] = [
    (
        "nushell",
        f'$env.AWS_ACCESS_KEY_ID = "{PASSING}"\n$env.AWS_SECRET_ACCESS_KEY = "{SECRET}"\n'
        f'$env.AWS_SESSION_TOKEN = "{TOKEN}"',
        [("keys", TEMP)],
    ),
    (
        "nushell's load-env",
        f'load-env {{ AWS_ACCESS_KEY_ID: "{LASTING}", AWS_SECRET_ACCESS_KEY: "{SECRET}" }}',
        [("keys", LONG)],
    ),
    (
        "Java's properties on a command line",
        f"java -Daws.accessKeyId={PASSING} -Daws.secretKey={SECRET} -Daws.sessionToken={TOKEN} -jar app.jar",
        [("keys", TEMP)],
    ),
    (
        "Java's second names",
        f"-Daws.accessKeyId={LASTING} -Daws.secretAccessKey={SECRET} -Daws.region=us-east-2",
        [("keys", {**LONG, "region": "us-east-2"})],
    ),
    (
        "a pod of Kubernetes",
        f"env:\n  - name: AWS_ACCESS_KEY_ID\n    value: {PASSING}\n  - name: AWS_SECRET_ACCESS_KEY\n    value: {SECRET}\n"
        f"  - name: AWS_SESSION_TOKEN\n    value: {TOKEN}\n",
        [("keys", TEMP)],
    ),
    (
        "a pod of Kubernetes, in quotes",
        f'env:\n- name: "AWS_ACCESS_KEY_ID"\n  value: "{LASTING}"\n- name: AWS_SECRET_ACCESS_KEY\n  value: "{SECRET}"\n'
        "- name: AWS_REGION\n  value: us-east-2\n",
        [("keys", {**LONG, "region": "us-east-2"})],
    ),
    (
        "a pod of Kubernetes with a role",
        f"- name: AWS_ROLE_ARN\n  value: {ROLE}\n- name: AWS_WEB_IDENTITY_TOKEN_FILE\n"
        "  value: /var/run/secrets/eks.amazonaws.com/serviceaccount/token\n- name: AWS_REGION\n  value: us-east-2",
        [
            (
                "oidc",
                {
                    "role_arn": ROLE,
                    "web_identity_token_file": "/var/run/secrets/eks.amazonaws.com/serviceaccount/token",
                    "region": "us-east-2",
                },
            )
        ],
    ),
    ("a task of ECS", json.dumps(LISTED, indent=2), [("keys", TEMP)]),
    ("a task of ECS on one line", json.dumps(LISTED), [("keys", TEMP)]),
    (
        "a task of CloudFormation",
        json.dumps([{"Value": it["value"], "Name": it["name"]} for it in LISTED]),
        [("keys", TEMP)],
    ),
    (
        "a task of Terraform",
        f'environment = [{{ name = "AWS_ACCESS_KEY_ID", value = "{LASTING}" }}, '
        f'{{ name = "AWS_SECRET_ACCESS_KEY", value = "{SECRET}" }}]',
        [("keys", LONG)],
    ),
    (
        "a permission set's session, labeled as a role",
        f"Role ARN: arn:aws:sts::111122223333:assumed-role/{RESERVED}/maria",
        [("sso", DEVELOPER)],
    ),
    (
        "a permission set's role as a setting",
        f"role_arn = arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/{RESERVED}",
        [("sso", {**DEVELOPER, "sso_region": "eu-west-1"})],
    ),
    ("a start URL, labeled as a role", f"Role ARN: {START}", [("sso", SSO)]),
    ("a role, labeled as a start URL", f"Start URL: {ROLE}", [("role", {"role_arn": ROLE})]),
    ("a role, labeled as an MFA device", f"MFA device: {ROLE}", [("role", {"role_arn": ROLE})]),
    (
        "the portal's link to a repository",
        PORTAL_LINK + quote(BROWSED, safe=""),
        [("sso", {**SSO, **DEVELOPER, "repo": BROWSED})],
    ),
    (
        "the portal's link to a repository, decoded by a chat",
        PORTAL_LINK + BROWSED,
        [("sso", {**SSO, **DEVELOPER, "repo": BROWSED})],
    ),
    (
        "the portal's link to a console",
        PORTAL_LINK + quote("https://eu-west-1.console.aws.amazon.com/codesuite/home?region=eu-west-1", safe=""),
        [("sso", {**SSO, **DEVELOPER, "region": "eu-west-1"})],
    ),
    (
        "a session's name with a blank",
        f"[sso-session Acme Corp]\nsso_start_url = {START}\nsso_region = us-east-1\n\n[profile dev]\n"
        "sso_session = Acme Corp\nsso_account_id = 111122223333\nsso_role_name = Developer\n",
        [("sso", {**SPACED, **DEVELOPER, "profile": "dev"})],
    ),
    (
        "a session's name with a blank, in quotes",
        f'[sso-session "Acme Corp"]\nsso_start_url = {START}\nsso_region = us-east-1\n\n[profile dev]\n'
        'sso_session = "Acme Corp"\nsso_account_id = 111122223333\nsso_role_name = Developer\n',
        [("sso", {**SPACED, **DEVELOPER, "profile": "dev"})],
    ),
    (
        "aws configure sso with a blank in the session's name",
        f"$ aws configure sso\nSSO session name (Recommended): Acme Corp\nSSO start URL [None]: {START}\n"
        "SSO region [None]: us-east-1\nSSO registration scopes [sso:account:access]:",
        [("sso", SPACED)],
    ),
    (
        "a session's name in a sentence",
        f"SSO session: acme. Sign in at {START} (region us-east-1).",
        [("sso", {**SPACED, "sso_session": "acme"})],
    ),
    *(
        (f"{where}, {how}", text, [("sso", {"sso_start_url": f"https://{host}/directory/{name}"})])
        for where, host in (
            ("China", "start.home.awsapps.cn"),
            ("China's first region", "start.cn-north-1.home.awsapps.cn"),
            ("GovCloud", "start.us-gov-home.awsapps.com"),
            ("GovCloud's first region", "start.us-gov-west-1.us-gov-home.awsapps.com"),
        )
        for how, name, text in (
            ("without a hyphen", "acmecorp", f"https://{host}/directory/acmecorp"),
            ("with hyphens", "acme-corp-dev", f"Portal: https://{host}/directory/acme-corp-dev"),
            ("by its ID", "d-1234567890", f"Sign in at https://{host}/directory/d-1234567890/#/."),
            ("without https", "acme-corp", f"{host}/directory/acme-corp"),
        )
    ),
]
MESSAGES = [*KEYS, *ROLES, *SIGNED, *SIGN_INS, *PLACES, *CHATS, *OTHER_TOOLS]
