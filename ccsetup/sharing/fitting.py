"""Whether the parts of an arrangement fit each other: what IAM would refuse, or nobody could ever get in by."""

from __future__ import annotations

import json
import re

from ccsetup.core import regions, validate
from ccsetup.core.errors import BadAnswer
from ccsetup.sharing import policies
from ccsetup.sharing.arrangement import Arrangement

_MOST_TRUST = 2048  # characters of a trust policy, blanks aside: IAM's quota unless somebody had it raised


def too_long(it: Arrangement) -> bool:
    """Say whether the trust policy is longer than IAM takes."""
    return len(re.sub(r"\s", "", json.dumps(policies.trust(it)))) > _MOST_TRUST


def consistent(it: Arrangement) -> Arrangement:
    """Return an arrangement whose parts fit each other. Raises BadAnswer where two of them cannot both be right."""
    for wrong, what, about in _clashes(it):
        if wrong:
            refused = BadAnswer(what)
            refused.about = about
            raise refused
    return it


def _clashes(it: Arrangement) -> list[tuple[bool, str, str]]:
    signs_in = bool(it.start_url) or any(trust.kind == "permission-set" for trust in it.trusts)
    roles = [trust.name for trust in it.trusts if trust.kind == "role"]
    others = [arn for arn in roles if it.people and validate.arn_account(arn) != it.people]
    providers = [trust.name for trust in it.trusts if trust.kind == "saml"]
    named = [*roles, *providers, *([it.kms_key] if it.kms_key else [])]
    foreign = [arn for arn in named if regions.partition_in(arn) != it.partition]
    apart = [arn for arn in [*providers, it.kms_key] if arn and validate.arn_account(arn) != it.owner]
    key_region = it.kms_key.split(":")[3] if it.kms_key else it.region
    return [
        (it.owner == it.people, f"Both accounts are {it.owner}; sharing is between two, such as 111122223333 and"
         " 888888888888.", "to_account"),
        (bool(foreign), f"{''.join(foreign[:1])} is not in {it.partition}, where {it.region} is.", "trust"),
        (bool(others), f"{''.join(others[:1])} is not of the account that it is shared with, {it.people}.", "trust"),
        (bool(apart), f"{''.join(apart[:1])} is not in {it.owner}, where the role is; a key or provider has to be.",
         "kms_key" if it.kms_key in apart else "trust"),
        (key_region != it.region, f"The key is in {key_region} and the repository in {it.region}.", "kms_key"),
        (it.mfa and signs_in, "Sessions of IAM Identity Center bear no MFA mark, so nobody would get in; have Identity"
         " Center itself ask for MFA, and leave --require-mfa out.", "require_mfa"),
        (it.mfa and not it.assumed, "MFA is the identity provider's business; leave --require-mfa out.", "require_mfa"),
        (bool(it.external_id) and not it.assumed, "Tokens and assertions bear no external ID; leave --external-id out.",
         "external_id"),
        (too_long(it), "IAM takes trust policies of 2,048 letters and this one has more: name fewer roles, or a shorter"
         " external ID.", "external_id" if len(it.external_id) > 500 else "trust"),
    ]  # fmt: skip
