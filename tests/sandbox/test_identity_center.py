"""The sandbox's Identity Center: sign-in with browser and device, renewal, accounts and roles."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import secrets
import subprocess
import sys
import time
import urllib.parse
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sandbox_world import Browser, client, marias_keys, refusal

from ccsetup.sandbox import Sandbox
from ccsetup.sandbox.demo_data import CODE, PEOPLE, REGION, SSO_REGION, START_URL
from ccsetup.sandbox.resources import Keys

# Identity Center


@dataclasses.dataclass
class SignIn:
    """A client of Identity Center, as a command-line tool is one."""

    sandbox: Sandbox
    where: str
    verifier: str = dataclasses.field(default_factory=lambda: secrets.token_urlsafe(48))

    @property
    def oidc(self) -> Any:
        return client(self.where, "sso-oidc", region=SSO_REGION)

    def register(self, *grants: str, **more: Any) -> dict[str, Any]:
        return self.oidc.register_client(
            clientName="botocore-client-test",
            clientType="public",
            scopes=["sso:account:access"],
            **({"grantTypes": list(grants), "redirectUris": ["http://127.0.0.1/oauth/callback"]} if grants else {}),
            **({"issuerUrl": START_URL} if grants else {}),
            **more,
        )

    def page(self, registered: dict[str, Any], **more: str) -> str:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": registered["clientId"],
            "redirect_uri": "http://127.0.0.1:41234/oauth/callback",
            "state": "s t&ate",
            "code_challenge_method": "S256",
            "scopes": "sso:account:access",
            "code_challenge": challenge,
            **more,
        }
        return f"{self.where}/authorize?{urllib.parse.urlencode(query)}"

    def exchange(self, registered: dict[str, Any], code: str, **more: Any) -> dict[str, Any]:
        return self.oidc.create_token(
            **{
                "grantType": "authorization_code",
                **credentials(registered),
                "code": code,
                "redirectUri": "http://127.0.0.1:41234/oauth/callback",
                "codeVerifier": self.verifier,
                **more,
            }
        )


def credentials(registered: dict[str, Any]) -> dict[str, str]:
    return {"clientId": registered["clientId"], "clientSecret": registered["clientSecret"]}


def queried(url: str) -> dict[str, str]:
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))


@pytest.fixture
def person(sandbox: Sandbox) -> SignIn:
    return SignIn(sandbox, sandbox.url)


PKCE = ("authorization_code", "refresh_token")


def test_a_person_signs_in_with_the_browser(sandbox: Sandbox, person: SignIn) -> None:
    registered, browser = person.register(*PKCE), Browser()
    page = browser.open(person.page(registered))
    assert page.status == 200 and "botocore-client-test" in page.text and "Approve" in page.text
    browser.press(page, "approve")
    told = queried(browser.sent_to)
    assert browser.sent_to.startswith("http://127.0.0.1:41234/oauth/callback?") and told["state"] == "s t&ate"
    tokens_ = person.exchange(registered, told["code"])
    assert (tokens_["tokenType"], tokens_["expiresIn"]) == ("Bearer", 3600)
    portal = client(sandbox, "sso")
    accounts = portal.list_accounts(accessToken=tokens_["accessToken"])["accountList"]
    assert [(a["accountId"], a["accountName"]) for a in accounts] == [(CODE, "Acme Code"), (PEOPLE, "Acme People")]
    roles = portal.list_account_roles(accessToken=tokens_["accessToken"], accountId=CODE)["roleList"]
    assert [r["roleName"] for r in roles] == ["Developer", "ReadOnly"]
    got = portal.get_role_credentials(accessToken=tokens_["accessToken"], accountId=CODE, roleName="Developer")
    told_keys = got["roleCredentials"]
    assert told_keys["expiration"] > time.time() * 1000
    keys = Keys(
        told_keys["accessKeyId"],
        told_keys["secretAccessKey"],
        told_keys["sessionToken"],
        None,
        marias_keys(sandbox).caller,
    )
    arn = client(sandbox, "sts", keys).get_caller_identity()["Arn"]
    assert arn.startswith(f"arn:aws:sts::{CODE}:assumed-role/AWSReservedSSO_Developer_") and arn.endswith("/maria")
    assert refusal(lambda: person.exchange(registered, told["code"]))[0] == "InvalidGrantException"  # once only


def test_a_person_says_no_in_the_browser(person: SignIn) -> None:
    registered, browser = person.register(*PKCE), Browser()
    browser.press(browser.open(person.page(registered)), "deny")
    assert queried(browser.sent_to)["error"] == "access_denied"
    assert queried(browser.sent_to)["state"] == "s t&ate"


def test_a_sign_in_can_be_approved_at_once(sandbox: Sandbox, person: SignIn) -> None:
    sandbox.state.center.auto_approve = True
    registered, browser = person.register(*PKCE), Browser()
    browser.open(person.page(registered))
    assert person.exchange(registered, queried(browser.sent_to)["code"])["refreshToken"]


def test_a_code_is_worth_nothing_without_its_verifier_redirect_and_client(sandbox: Sandbox, person: SignIn) -> None:
    sandbox.state.center.auto_approve = True
    registered, other = person.register(*PKCE), person.register(*PKCE)
    for wrong in (
        {"codeVerifier": "x" * 43},
        {"redirectUri": "http://127.0.0.1:9/oauth/callback"},
        credentials(other),
        {"code": "nonsense"},
    ):
        browser = Browser()
        browser.open(person.page(registered))
        given = {"code": queried(browser.sent_to)["code"], **wrong}
        found = refusal(lambda given=given: person.exchange(registered, **given))
        assert (found[0], found[2]) == ("InvalidGrantException", 400), wrong
    browser.open(person.page(registered))
    code = queried(browser.sent_to)["code"]
    sandbox.state.expire(code)
    assert refusal(lambda: person.exchange(registered, code))[0] == "InvalidGrantException"


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "x"},
        {"redirect_uri": "http://evil.example.com/oauth/callback"},
        {"code_challenge_method": "plain"},
        {"response_type": "token"},
        {"code_challenge": "short"},
    ],
)
def test_a_wrong_authorization_request_is_shown_not_redirected(person: SignIn, wrong: dict[str, str]) -> None:
    browser = Browser()
    page = browser.open(person.page(person.register(*PKCE), **wrong))
    assert (page.status, browser.sent_to) == (400, "")


def test_a_page_shows_names_inert(sandbox: Sandbox, person: SignIn) -> None:
    registered = person.oidc.register_client(
        clientName="<script>x</script>", clientType="public", grantTypes=list(PKCE),
        redirectUris=["http://127.0.0.1/oauth/callback"], issuerUrl=START_URL, scopes=["sso:account:access"],
    )  # fmt: skip
    assert "<script>" not in Browser().open(person.page(registered)).text


def device(person: SignIn, registered: dict[str, Any], start_url: str = START_URL) -> dict[str, Any]:
    return person.oidc.start_device_authorization(**credentials(registered), startUrl=start_url)


def poll(person: SignIn, registered: dict[str, Any], started: dict[str, Any]) -> Any:
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    return person.oidc.create_token(grantType=grant, deviceCode=started["deviceCode"], **credentials(registered))


def test_a_person_signs_in_with_a_device_code(sandbox: Sandbox, person: SignIn) -> None:
    moment = datetime.now(timezone.utc)
    sandbox.state.now = lambda: moment
    registered = person.register()
    started = device(person, registered)
    assert started["verificationUriComplete"] == f"{sandbox.url}/device?user_code={started['userCode']}"
    assert refusal(lambda: poll(person, registered, started))[0] == "AuthorizationPendingException"
    assert refusal(lambda: poll(person, registered, started))[0] == "SlowDownException"
    browser = Browser()
    page = browser.open(started["verificationUriComplete"])
    assert started["userCode"] in page.text
    assert "approved" in browser.press(page, "approve").text
    moment += timedelta(seconds=started["interval"])
    answer = poll(person, registered, started)
    assert answer["accessToken"] and answer["refreshToken"]
    assert refusal(lambda: poll(person, registered, started))[0] == "InvalidGrantException"
    assert Browser().open(started["verificationUriComplete"]).status == 400


def test_a_device_that_is_denied_or_too_late_is_told_so(sandbox: Sandbox, person: SignIn) -> None:
    registered = person.register()
    started = device(person, registered)
    sandbox.state.center.deny(started["userCode"])
    assert refusal(lambda: poll(person, registered, started))[0] == "AccessDeniedException"
    late = device(person, registered)
    sandbox.state.expire(late["userCode"])
    assert refusal(lambda: poll(person, registered, late))[0] == "ExpiredTokenException"


def test_a_sign_in_is_bound_to_its_start_url_and_region(sandbox: Sandbox, person: SignIn) -> None:
    registered = person.register()
    assert (
        refusal(lambda: device(person, registered, "https://other.awsapps.com/start"))[0] == "InvalidRequestException"
    )
    for ending in ("", "/", "/#/", "#/"):
        assert device(person, registered, START_URL + ending)["userCode"]
    elsewhere = SignIn(sandbox, sandbox.environment(sso_region="eu-west-1")["AWS_ENDPOINT_URL_SSO_OIDC"])
    here = SignIn(sandbox, sandbox.environment(sso_region=SSO_REGION)["AWS_ENDPOINT_URL_SSO_OIDC"])
    assert refusal(lambda: device(elsewhere, elsewhere.register())) == ("InvalidRequestException", "", 400)
    assert refusal(lambda: elsewhere.register(*PKCE))[0] == "InvalidRequestException"
    assert device(here, here.register())["verificationUri"] == f"{sandbox.url}/at/{SSO_REGION}/device"
    token = sandbox.state.center.sign_in().value
    assert client(here.where, "sso").list_accounts(accessToken=token)["accountList"]
    assert refusal(client(elsewhere.where, "sso").list_accounts, accessToken=token)[0] == "UnauthorizedException"


def test_a_registration_is_checked(sandbox: Sandbox, person: SignIn) -> None:
    for wrong, code in (
        ({"scopes": ["everything"]}, "InvalidScopeException"),
        ({"clientType": "confidential"}, "InvalidClientMetadataException"),
        ({"grantTypes": ["password"]}, "UnsupportedGrantTypeException"),
        ({"redirectUris": ["https://evil.example.com/x"]}, "InvalidRedirectUriException"),
    ):
        given = {
            "clientName": "test", "clientType": "public", "scopes": ["sso:account:access"], "grantTypes": list(PKCE),
            "redirectUris": ["http://127.0.0.1/oauth/callback"], "issuerUrl": START_URL, **wrong,
        }  # fmt: skip
        assert refusal(person.oidc.register_client, **given)[0] == code
    registered = person.register()
    assert refusal(lambda: device(person, {**registered, "clientSecret": "x"}))[::2] == ("InvalidClientException", 401)
    pkce = person.register(*PKCE)
    assert refusal(lambda: device(person, pkce))[0] == "UnauthorizedClientException"
    sandbox.state.expire(registered["clientId"])
    assert refusal(lambda: device(person, registered))[0] == "InvalidClientException"


def test_an_access_token_is_renewed_while_the_session_lasts(sandbox: Sandbox, person: SignIn) -> None:
    registered = person.register()
    started = device(person, registered)
    sandbox.state.center.approve(started["userCode"])
    first = poll(person, registered, started)
    sandbox.state.expire(first["accessToken"])
    portal = client(sandbox, "sso")
    found = refusal(portal.list_accounts, accessToken=first["accessToken"])
    assert found == ("UnauthorizedException", "Session token not found or invalid", 401)
    renew = {"grantType": "refresh_token", "refreshToken": first["refreshToken"], **credentials(registered)}
    second = person.oidc.create_token(**renew)
    assert portal.list_accounts(accessToken=second["accessToken"])["accountList"]
    portal.logout(accessToken=second["accessToken"])
    assert refusal(portal.list_accounts, accessToken=second["accessToken"])[0] == "UnauthorizedException"
    assert refusal(person.oidc.create_token, **renew)[0] == "InvalidGrantException"


def test_without_scopes_a_session_is_one_long_token(sandbox: Sandbox, person: SignIn) -> None:
    registered = person.oidc.register_client(clientName="legacy", clientType="public")
    started = device(person, registered)
    sandbox.state.center.approve(started["userCode"])
    answer = poll(person, registered, started)
    assert (answer["expiresIn"], answer.get("refreshToken")) == (8 * 3600, None)
    assert client(sandbox, "sso").list_accounts(accessToken=answer["accessToken"])["accountList"]


def test_a_role_one_does_not_have_is_forbidden(sandbox: Sandbox) -> None:
    portal, token = client(sandbox, "sso"), sandbox.state.center.sign_in().value
    for call, given in (
        (portal.get_role_credentials, {"accountId": CODE, "roleName": "Admin"}),
        (portal.get_role_credentials, {"accountId": "999999999999", "roleName": "Developer"}),
        (portal.list_account_roles, {"accountId": "999999999999"}),
    ):
        assert refusal(call, accessToken=token, **given) == ("ForbiddenException", "No access", 403)


def test_accounts_come_in_pages(sandbox: Sandbox) -> None:
    for number in range(250):
        sandbox.state.add_account(f"7000000{number:05d}", f"Team {number}")
        sandbox.state.center.assign(START_URL, f"7000000{number:05d}", "Developer")
    portal, token = client(sandbox, "sso"), sandbox.state.center.sign_in().value
    pages = list(portal.get_paginator("list_accounts").paginate(accessToken=token))
    assert (len(pages), sum(len(page["accountList"]) for page in pages)) == (3, 252)


def test_botocores_own_providers_use_and_renew_the_token(
    sandbox: Sandbox, person: SignIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered = person.register()
    started = device(person, registered)
    sandbox.state.center.approve(started["userCode"])
    first = poll(person, registered, started)
    home = tmp_path / "home"
    cache = home / ".aws/sso/cache"
    cache.mkdir(parents=True)
    soon = datetime.now(timezone.utc) + timedelta(minutes=5)  # botocore renews within the last 15 minutes
    document = {
        "startUrl": START_URL, "region": SSO_REGION, "accessToken": first["accessToken"],
        "expiresAt": soon.strftime("%Y-%m-%dT%H:%M:%SZ"), "refreshToken": first["refreshToken"],
        **credentials(registered), "registrationExpiresAt": "2199-01-01T00:00:00Z",
    }  # fmt: skip
    file = cache / (hashlib.sha1(b"acme").hexdigest() + ".json")
    file.write_text(json.dumps(document))
    (home / ".aws/config").write_text(
        f"[sso-session acme]\nsso_start_url = {START_URL}\nsso_region = {SSO_REGION}\n"
        "sso_registration_scopes = sso:account:access\n"
        f"[profile dev]\nsso_session = acme\nsso_account_id = {CODE}\nsso_role_name = Developer\nregion = {REGION}\n"
    )
    script = "import boto3; print(boto3.Session(profile_name='dev').client('sts').get_caller_identity()['Arn'])"
    env = {"HOME": str(home), "USERPROFILE": str(home), "PATH": "", **sandbox.environment()}
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=False)
    assert "AWSReservedSSO_Developer" in done.stdout, done.stderr
    assert json.loads(file.read_text())["accessToken"] != first["accessToken"]
    assert [e.action for e in sandbox.log if e.outcome == "ok"][-3:] == [
        "CreateToken",
        "GetRoleCredentials",
        "GetCallerIdentity",
    ]
