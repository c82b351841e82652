"""The files below ~/.aws in which AWS tools and ccsetup cache a profile's sessions."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from ccsetup.awsfiles.fast_read import Unsure, cache_key, permission_set_cache_key, token_role_cache_key
from ccsetup.core import session_caches

_FIELDS = ("accessToken", "Credentials")


def of_profile(there: Mapping[str, str], sessions: Mapping[str, Mapping[str, str]]) -> tuple[str, ...]:
    """Return the files that can hold the role session of a profile, for example cli/cache/0a1b….json.

    `there` are the profile's settings, `sessions` those of the sso-sessions. Sign-ins aren't included.
    """
    merged = {**sessions.get(there.get("sso_session", ""), {}), **there}
    try:
        return tuple(f"{name}.json" for name in _names(merged))
    except (Unsure, KeyError):  # AWS tools cache nothing for such a profile, or under a name that isn't known
        return ()


def _names(there: Mapping[str, str]) -> Iterator[str]:
    settings = dict(there)
    if "role_arn" in settings:
        key = token_role_cache_key if "web_identity_token_file" in settings else cache_key
        yield from (f"{folder}/{key(settings)}" for folder in session_caches.FOLDERS)
    elif "sso_account_id" in settings:
        yield f"{session_caches.OF_CLI}/{permission_set_cache_key(settings)}"


def is_session(text: str) -> bool:
    """Return whether a cache file's text, even if it is damaged, holds what an AWS tool caches: a token or credentials.

    A file under such a name can be something else, for example, a link to a document.
    """
    return text.lstrip()[:1] == "{" and any(f'"{field}"' in text for field in _FIELDS)


def of_aws_login(session: str) -> str:
    """Return the file that holds a sign-in of `aws login`. `session` is the profile's login_session.

    It is an absolute path if AWS_LOGIN_CACHE_DIRECTORY names the folder.
    """
    folder = os.path.expanduser(os.path.expandvars(session_caches.console_folder(os.environ)))  # noqa: PTH111
    return os.path.join(folder, session_caches.console_file(session))  # noqa: PTH118
