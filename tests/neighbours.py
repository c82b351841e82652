"""What granted, aws-sso-cli, saml2aws, aws-vault and the AWS CLI print and write, made from their documented formats."""

from __future__ import annotations

ID, SECRET = "ASIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
TOKEN = "IQoJb3JpZ2luX2VjEJf//////////wEaCXVzLWVhc3QtMSJHMEUCIQDhbTRmQ5sYkz2oQ0vR5kZxq8m1uJ7tG3nB9cWlXyEoFAIgS2vN8w"
ROLE = "arn:aws:iam::111122223333:role/Developer"
USER = "arn:aws:iam::111122223333:user/maria"
START, ENDS = "https://acme.awsapps.com/start", "2026-11-21T18:04:05Z"
NUMBERED = "111122223333:Developer"  # aws-sso-cli's default name of a profile

_PAGE = "response_type=code&client_id=Xy&redirect_uri=http%3A%2F%2F127.0.0.1%3A46703%2Foauth%2Fcallback&state=01c5c54f"
_VARIABLES = {"AWS_ACCESS_KEY_ID": ID, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": TOKEN}


def _lines(pattern: str, **more: str) -> str:
    return "".join(pattern.format(name, value) + "\n" for name, value in {**_VARIABLES, **more}.items())


_EXPIRES = {"AWS_CREDENTIAL_EXPIRATION": "2026-11-21T18:04:05+00:00"}
KEYS = {"access_key_id": ID}
ENDING = {**KEYS, "expires_at": ENDS}
IN_OHIO = {"region": "us-east-2"}
SSO = {"sso_start_url": START, "sso_region": "us-east-1"}
DEVELOPER = {**SSO, "sso_account_id": "111122223333", "sso_role_name": "Developer"}

# Which tool and what → the text, the kind of access in it, and its answers without secrets.
PRINTED: dict[str, tuple[str, str, dict[str, str]]] = {
    "granted, after assume": (
        "[✔] [acme/Developer](us-east-2) session credentials will expire in 1 hour\n",
        "existing", {"profile": "acme/Developer", **IN_OHIO},
    ),
    "granted, the line for its shell function": (f"GrantedAssume {ID} {SECRET} {TOKEN} acme us-east-2", "keys", {**KEYS, **IN_OHIO}),
    "granted, .env": (_lines('{}="{}"', AWS_REGION="us-east-2"), "keys", {**KEYS, **IN_OHIO}),
    "granted, a generated profile": (
        f"[profile acme/Developer]\ngranted_sso_start_url      = {START}\ngranted_sso_region         = us-east-1\n"
        "granted_sso_account_id     = 111122223333\ngranted_sso_role_name      = Developer\n"
        "common_fate_generated_from = aws-sso\n"
        "credential_process         = granted credential-process --profile acme/Developer\n",
        "sso", DEVELOPER,
    ),
    "granted, a profile without its program": (
        f"[profile acme/Developer]\nsso_start_url = {START}\nsso_region = us-east-1\nsso_account_id = 111122223333\n"
        "sso_role_name = Developer\ncommon_fate_generated_from = aws-sso\n",
        "sso", DEVELOPER,
    ),
    "aws-sso-cli, eval": (
        _lines('export {}="{}"', AWS_SSO_ACCOUNT_ID="111122223333", AWS_SSO_ROLE_NAME="Developer", AWS_SSO_ROLE_ARN=ROLE,
               AWS_SSO_SESSION_EXPIRATION="2026-11-21 18:04:05 +0000 UTC", AWS_SSO="Default", AWS_DEFAULT_REGION="us-east-2"),
        "keys", {**ENDING, **IN_OHIO},
    ),
    "aws-sso-cli, a profile": (
        f'# BEGIN_AWS_SSO_CLI\n\n[profile {NUMBERED}]\ncredential_process = /usr/local/bin/aws-sso -u open -S "Default"'
        f" process --arn {ROLE}\noutput=json\n\n# END_AWS_SSO_CLI\n",
        "existing", {"profile": NUMBERED},
    ),
    "aws-sso-cli, its config": (
        f"SSOConfig:\n    Default:\n        SSORegion: us-east-1\n        StartUrl: {START}\nDefaultRegion: us-east-2\n",
        "sso", {**SSO, **IN_OHIO},
    ),
    "saml2aws, login": (
        "Logged in as: arn:aws:sts::111122223333:assumed-role/Developer/maria\n\n"
        "Your new access key pair has been stored in the AWS configuration\n"
        "Note that it will expire at 2026-11-21 19:04:05 +0100 CET\n"
        "To use this credential, call the AWS CLI with the --profile option (e.g. aws --profile saml ec2"
        " describe-instances).\n",
        "existing", {"profile": "saml"},
    ),
    "saml2aws, script": (
        _lines('export {}="{}"', AWS_SECURITY_TOKEN=TOKEN, SAML2AWS_PROFILE="saml",
               AWS_CREDENTIAL_EXPIRATION="2026-11-21T19:04:05+01:00"),
        "keys", ENDING,
    ),
    "saml2aws, script for PowerShell": (
        _lines('$env:{}="{}"', AWS_SECURITY_TOKEN=TOKEN, SAML2AWS_PROFILE="saml",
               AWS_CREDENTIAL_EXPIRATION="2026-11-21T19:04:05+01:00"),
        "keys", ENDING,
    ),
    "saml2aws, the credentials file": (
        f"[saml]\naws_access_key_id        = {ID}\naws_secret_access_key    = {SECRET}\naws_session_token        = {TOKEN}\n"
        f"aws_security_token       = {TOKEN}\nx_principal_arn          = arn:aws:sts::111122223333:assumed-role/Developer/maria\n"
        "x_security_token_expires = 2026-11-21T19:04:05+01:00\n",
        "keys", {**ENDING, "profile": "saml"},
    ),
    "saml2aws, list-roles": (f"\nAccount: acme (111122223333)\n{ROLE}\n", "role", {"role_arn": ROLE}),
    "aws-vault, exec env": (
        f"AWS_VAULT=dev\nAWS_REGION=us-east-2\nAWS_DEFAULT_REGION=us-east-2\n{_lines('{}={}', AWS_CREDENTIAL_EXPIRATION=ENDS)}",
        "keys", {**ENDING, **IN_OHIO},
    ),
    "aws-vault, export": (_lines("{}={}", AWS_CREDENTIAL_EXPIRATION=ENDS, AWS_REGION="us-east-2"), "keys", {**ENDING, **IN_OHIO}),
    "aws-vault, export as INI": (
        f"[dev]\naws_access_key_id={ID}\naws_secret_access_key={SECRET}\naws_session_token={TOKEN}\n"
        f"aws_credential_expiration={ENDS}\nregion=us-east-2\n",
        "keys", {**ENDING, **IN_OHIO, "profile": "dev"},
    ),
    "aws-vault, export as JSON": (
        f'{{"Version":1,"AccessKeyId":"{ID}","SecretAccessKey":"{SECRET}","SessionToken":"{TOKEN}","Expiration":"{ENDS}"}}',
        "keys", ENDING,
    ),
    "aws-vault, a profile": ("[profile dev]\ncredential_process = aws-vault exec dev --json\n", "existing", {"profile": "dev"}),
    "export-credentials, process": (
        f'{{\n  "Version": 1,\n  "AccessKeyId": "{ID}",\n  "SecretAccessKey": "{SECRET}",\n  "SessionToken": "{TOKEN}",\n'
        '  "Expiration": "2026-11-21T18:04:05+00:00"\n}\n',
        "keys", ENDING,
    ),
    "export-credentials, env": (_lines("export {}={}", **_EXPIRES), "keys", ENDING),
    "export-credentials, env-no-export": (_lines("{}={}", **_EXPIRES), "keys", ENDING),
    "export-credentials, powershell": (_lines('$Env:{}="{}"', **_EXPIRES), "keys", ENDING),
    "export-credentials, windows-cmd": (_lines("set {}={}", **_EXPIRES), "keys", ENDING),
    "export-credentials, fish": (_lines("set -gx {} {}", **_EXPIRES), "keys", ENDING),
    "aws sso login in a browser": (
        "Attempting to open your default browser.\nIf the browser does not open, open the following URL:\n\n"
        f"https://oidc.us-east-1.amazonaws.com/authorize?{_PAGE}&code_challenge_method=S256\n"
        f"Successfully logged into Start URL: {START}\n",
        "sso", SSO,
    ),
    "aws sso login with a code": (
        "Browser will not be automatically opened.\nPlease visit the following URL:\n\n"
        "https://device.sso.us-east-1.amazonaws.com/\n\nThen enter the code:\n\nKKQW-PXXM\n\n"
        "Alternatively, you may visit the following URL which will autofill the code upon loading:\n"
        f"https://device.sso.us-east-1.amazonaws.com/?user_code=KKQW-PXXM\nSuccessfully logged into Start URL: {START}\n",
        "sso", SSO,
    ),
    "aws login": (
        "Attempting to open your default browser. If the browser does not open, open the following URL.\n\n"
        f"https://us-east-2.signin.aws.amazon.com/v1/authorize?{_PAGE}&code_challenge_method=SHA-256&scope=openid\n\n\n"
        f"Updated profile dev to use {USER} credentials.\n"
        'Use "--profile dev" to use the new credentials, such as "aws sts get-caller-identity --profile dev"\n',
        "existing", {"profile": "dev"},
    ),
    "aws login, a profile": (
        f"[profile dev]\nlogin_session = {USER}\nregion = us-east-2\n",
        "console", {"login_session": USER, **IN_OHIO, "profile": "dev"},
    ),
}  # fmt: skip

# Profiles that run a program of a tool: the tool, the profile's name, and its section in the config file.
BY_PROGRAM = {
    "granted": ("acme-Developer", PRINTED["granted, a generated profile"][0].replace("acme/", "acme-")),
    "granted with a slash": ("acme/Developer", PRINTED["granted, a generated profile"][0]),
    "aws-sso": (NUMBERED, PRINTED["aws-sso-cli, a profile"][0].replace("/usr/local/bin/", "")),
    "aws-vault": ("dev", PRINTED["aws-vault, a profile"][0]),
}
