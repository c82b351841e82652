"""The example data of the demo, the README and the tests: Acme's two accounts, Maria, and what she may do.

Account A 111122223333 "Acme Code" has the repositories:
    us-east-2  MySharedDemoRepo (main, develop), payments-api, payments-web, empty (no commit), --mirror, locked (KMS)
    us-east-1  MyDemoRepo
    eu-central-1  handbook
and the roles, which may use all repositories unless noted otherwise:
    CodeCommitAccess            trusts account B
    CodeCommitExternal          trusts account B with the external ID acme-2024
    CodeCommitMfa               trusts account B with MFA
    CodeCommitOidc              trusts https://token.actions.example.com (audience sts.amazonaws.com, repo:acme/*)
    CodeCommitAmazon            trusts www.amazon.com (Login with Amazon)
    CodeCommitReadOnly          trusts account B; only GitPull and reading
    CodeCommitPullPush          trusts account B; only GitPull and GitPush on MySharedDemoRepo, no API
    CodeCommitSaml              trusts the SAML provider AcmeId
    Stranger                    doesn't trust any of these users
and the IAM users
    broker  long-term credentials, all of CodeCommit in A, sts:GetFederationToken
    carla   a console password, all of CodeCommit in A; she is signed in to the console in the browser
Account B 888888888888 "Acme People" has the IAM users
    maria   long-term credentials, an MFA device, sts:AssumeRole on account A's roles except Stranger;
            with MFA also CodeCommit in her own account, which has the repository people-tools in us-east-2
    nobody  long-term credentials, no permissions
and the role
    BuildMachine                a machine's role in account B: people-tools, and sts:AssumeRole on account A's roles
Identity Center https://acme.awsapps.com/start is in us-east-1; Maria has Developer and ReadOnly in A, Developer in B.
In the other partitions, the regions and the start URL are those of PLACES.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from ccsetup.core import regions
from ccsetup.sandbox import policy_engine
from ccsetup.sandbox.state import State, utc_now

CODE = "111122223333"
PEOPLE = "888888888888"
START_URL = "https://acme.awsapps.com/start"
SSO_REGION = "us-east-1"
REGION = "us-east-2"
ISSUER = "https://token.actions.example.com"
EXTERNAL_ID = "acme-2024"
MARIA = f"arn:aws:iam::{PEOPLE}:user/maria"
CARLA = f"arn:aws:iam::{CODE}:user/carla"
BROKER = f"arn:aws:iam::{CODE}:user/broker"
SAML_PROVIDER = f"arn:aws:iam::{CODE}:saml-provider/AcmeId"
NOBODY = f"arn:aws:iam::{PEOPLE}:user/nobody"
SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # the secret of Maria's MFA device
KMS_KEY = f"arn:aws:kms:{REGION}:{CODE}:key/1234abcd-12ab-34cd-56ef-1234567890ab"

_READ = (
    "codecommit:GitPull",
    "codecommit:Get*",
    "codecommit:BatchGet*",
    "codecommit:List*",
    "codecommit:Describe*",
)


class Places(NamedTuple):
    """Where the example is in a partition: the regions of its repositories, and its start URL with its region."""

    region: str
    second: str
    third: str
    start_url: str
    sso_region: str


PLACES = {
    "aws": Places(REGION, "us-east-1", "eu-central-1", START_URL, SSO_REGION),
    "aws-us-gov": Places(
        "us-gov-east-1", "us-gov-west-1", "us-gov-west-1",
        "https://start.us-gov-home.awsapps.com/directory/acme", "us-gov-west-1",
    ),
    "aws-cn": Places(
        "cn-northwest-1", "cn-north-1", "cn-north-1", "https://start.home.awsapps.cn/directory/acme", "cn-north-1"
    ),
    "aws-eusc": Places(
        "eusc-de-east-1", "eusc-de-east-1", "eusc-de-east-1",
        "https://ssoins-1234567890abcdef.eusc-de-east-1.portal.amazonaws.eu", "eusc-de-east-1"
    ),
}  # fmt: skip


def role_arn(name: str, account_id: str = CODE) -> str:
    """Return the ARN of one of the example's roles."""
    return f"arn:aws:iam::{account_id}:role/{name}"


def example(now: Callable[[], datetime] = utc_now, partition: str = "aws") -> State:
    """Return a state with the example data in a partition."""
    state = State(now, partition)
    state.add_account(CODE, "Acme Code", "code@acme.example.com")
    state.add_account(PEOPLE, "Acme People", "people@acme.example.com")
    _repositories(state)
    _roles(state)
    _people(state)
    _center(state)
    return state


def _repositories(state: State) -> None:
    region, second, third, *_ = PLACES[state.partition]
    state.add_repository(
        CODE, region, "MySharedDemoRepo", commits=5, branches=("main", "develop"), description="Shared by both accounts"
    )
    state.add_repository(CODE, region, "payments-api", commits=12)
    state.add_repository(CODE, region, "payments-web", commits=2, branches=("trunk",))
    state.add_repository(CODE, region, "empty", commits=0, branches=())
    state.add_repository(CODE, region, "--mirror", commits=1)
    state.add_repository(CODE, region, "locked", commits=1, kms_key=state.arn(KMS_KEY).replace(REGION, region))
    state.add_repository(CODE, second, "MyDemoRepo")
    state.add_repository(CODE, third, "handbook")
    state.add_repository(PEOPLE, region, "people-tools")


def _roles(state: State) -> None:
    full = policy_engine.allow("codecommit:*")
    provider = state.add_provider(CODE, ISSUER, "sts.amazonaws.com")
    state.add_role(CODE, "CodeCommitAccess", policy_engine.trust(PEOPLE), full, max_session_s=12 * 3600)
    state.add_role(CODE, "CodeCommitExternal", policy_engine.trust(PEOPLE, external_id=EXTERNAL_ID), full)
    state.add_role(CODE, "CodeCommitMfa", policy_engine.trust(PEOPLE, mfa=True), full)
    state.add_role(
        CODE, "CodeCommitOidc", policy_engine.trust_oidc(provider.arn, aud="sts.amazonaws.com", sub="repo:acme/*"), full
    )
    state.add_role(
        CODE, "CodeCommitAmazon", policy_engine.trust_oidc("www.amazon.com", app_id="amzn1.application.acme"), full
    )
    state.add_saml_provider(CODE, "AcmeId")
    audience = f"https://{regions.sign_in_host(state.partition)}/saml"
    state.add_role(CODE, "CodeCommitSaml", policy_engine.trust_saml(SAML_PROVIDER, audience), full)
    state.add_role(CODE, "CodeCommitReadOnly", policy_engine.trust(PEOPLE), policy_engine.allow(*_READ))
    shared = f"arn:aws:codecommit:{PLACES[state.partition].region}:{CODE}:MySharedDemoRepo"
    git_only = policy_engine.allow("codecommit:GitPull", "codecommit:GitPush", on=shared)
    state.add_role(CODE, "CodeCommitPullPush", policy_engine.trust(PEOPLE), git_only)
    state.add_role(CODE, "Stranger", policy_engine.trust("999999999999"), full)


def _people(state: State) -> None:
    with_mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    own = "arn:aws:iam::*:user/${aws:username}"
    state.add_user(
        PEOPLE,
        "maria",
        policy_engine.allow("sts:AssumeRole", on=role_arn("CodeCommit*")),
        policy_engine.allow("iam:GetUser", "iam:ListMFADevices", on=own),
        policy_engine.allow("sts:GetFederationToken", "sts:GetAccessKeyInfo"),
        policy_engine.allow("codecommit:*", when=with_mfa),
    )
    state.add_user(PEOPLE, "nobody")
    state.add_role(
        PEOPLE,
        "BuildMachine",
        policy_engine.trust_service("ec2.amazonaws.com"),
        policy_engine.allow("sts:AssumeRole", on=role_arn("CodeCommit*")),
        policy_engine.allow("codecommit:*"),
        max_session_s=12 * 3600,
    )
    state.add_user(CODE, "broker", policy_engine.allow("sts:GetFederationToken"), policy_engine.allow("codecommit:*"))
    state.add_user(CODE, "carla", policy_engine.allow("codecommit:*"), policy_engine.allow("signin:*"))
    state.console.person = state.arn(CARLA)
    state.add_user_keys(BROKER)
    state.add_user_keys(MARIA)
    state.add_user_keys(NOBODY)
    state.add_mfa_device(MARIA, seed=SEED)


def _center(state: State) -> None:
    start_url, sso_region = PLACES[state.partition][3:]
    state.center.add_instance(start_url, sso_region, "maria")
    full = policy_engine.allow("codecommit:*")
    state.center.assign(start_url, CODE, "Developer", full)
    state.center.assign(start_url, CODE, "ReadOnly", policy_engine.allow(*_READ))
    state.center.assign(start_url, PEOPLE, "Developer", full, policy_engine.allow("sts:AssumeRole"))
