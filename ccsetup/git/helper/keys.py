"""The credentials that git's helpers sign with: stored or cached ones, or else fetched ones.

Uses only the standard library, and little of it, because git waits for it. fetch.py, which fetches credentials, is
imported only if it is needed.
"""

import os
import time

from ccsetup.awsfiles import fast_read
from ccsetup.core import regions
from ccsetup.git.helper import cached_keys
from ccsetup.git.helper.messages import default_profile, wait_at_gate


def granted(profile: str | None, region: str, remedy: str) -> tuple[str, cached_keys.Keys, bool]:
    """Return the region, the credentials to sign with, and whether FIPS hosts are wanted. Raises Refused.

    If `profile` is None, it is the one that boto3 would choose. If `region` is "", it is the environment's or else the
    profile's. If there is none, the error ends with `remedy`, which says how to set one.
    """
    wait_at_gate()
    try:
        name = profile if profile is not None else default_profile()
        config, credentials = fast_read.settings(name)
        keys = _environment() if profile is None else None
        stored = keys or cached_keys.at_hand(config, credentials, time.time())
        merged = {**config, **credentials}
        known = region or os.environ.get("AWS_DEFAULT_REGION") or merged.get("region", "")
        if stored and regions.is_region(known):
            if not keys:
                cached_keys.tell_if_ended(name, merged, time.time())
            return known, stored, regions.wants_fips(os.environ, merged)
    except fast_read.Unsure:
        pass
    from ccsetup.git.helper import fetch

    try:
        spared = os.dup(0)
    except OSError:  # stdin was closed
        spared = -1
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # a credential_process must not read git's input either
    try:
        return fetch.fetched(profile, region, remedy)
    finally:
        if spared >= 0:
            os.dup2(spared, 0)


def _environment() -> cached_keys.Keys | None:
    """Return the credentials in the environment, which are used if no profile is given. Raises Unsure."""
    get = os.environ.get
    if get("AWS_CREDENTIAL_EXPIRATION") or {"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"} & set(os.environ):
        raise fast_read.Unsure
    if not get("AWS_ACCESS_KEY_ID"):
        return None
    token = get("AWS_SECURITY_TOKEN") or get("AWS_SESSION_TOKEN") or ""
    return cached_keys.checked((get("AWS_ACCESS_KEY_ID", ""), get("AWS_SECRET_ACCESS_KEY", ""), token))
