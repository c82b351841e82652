"""The assumed-role sessions that AWS's tools keep in `~/.aws/boto/cache`, in botocore's own form."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from ccsetup.core import plain_file
from ccsetup.core.model import Edit

_FIELDS = ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")


class SessionCache:
    """The cache that git-remote-codecommit reads, written only when told to.

    To botocore it is like its JSONFileCache: same keys, same JSON. What is put in stays in memory until the
    story stores `pending()`. What is on disk is seen only `with_kept`, since it can hide a source that fails.
    """

    def __init__(self, folder: Path, held: dict[str, Any] | None = None, kept: bool = False) -> None:
        self._folder, self._held, self._kept = folder, {} if held is None else held, kept

    def with_kept(self) -> SessionCache:
        """Return this cache with what is on disk in it."""
        return SessionCache(self._folder, self._held, kept=True)

    def __contains__(self, key: str) -> bool:
        return self._found(key) is not None

    def __getitem__(self, key: str) -> Any:
        found = self._found(key)
        if found is None:
            raise KeyError(key)
        return found

    def __setitem__(self, key: str, value: Any) -> None:
        self._held[key] = value

    def pending(self) -> Sequence[Edit]:
        """Return the files that the sessions of this run would be kept in."""
        paths = {key: self._path(key) for key in self._held}
        return [Edit(path, _text(path), _dumped(self._held[key])) for key, path in paths.items()]

    def _found(self, key: str) -> Any:
        return self._held.get(key) or (_session_in(self._path(key)) if self._kept else None)

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.json"


def _session_in(path: Path) -> Any:
    try:
        found = json.loads(plain_file.content(str(path), plain_file.SMALL))
        return found if all(isinstance(found["Credentials"][name], str) for name in _FIELDS) else None
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None


def _text(path: Path) -> str | None:
    try:
        return plain_file.content(str(path), plain_file.SMALL).decode("utf-8", "surrogateescape")
    except OSError:
        return None


def _dumped(value: Any) -> str:
    return json.dumps(value, default=lambda v: v.strftime("%Y-%m-%dT%H:%M:%S%Z") if isinstance(v, datetime) else v)
