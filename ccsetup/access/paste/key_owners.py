"""The IAM users whose access keys a message or the console's CSV file has."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping

from ccsetup.core.lazy_regex import later

_KEY = later(r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{12,124}(?![A-Za-z0-9])")
_USER_COLUMN = later(r"(?:iam[ _-]?)?user(?:[ _-]?name)?|benutzer(?:name)?|nom d'utilisateur|nombre de usuario", re.I)
_KEY_COLUMN = later(r"access[ _-]?key(?:[ _-]?id)?|zugriffsschlüssel(?:[ -]id)?|id de clé d'accès", re.IGNORECASE)
_LABEL = later(
    r"(?<![\w/:])(?:iam[ _-]?)?user(?:[ _-]?name)?[\"'`*]{0,3} ?[:=|] ?[\"'`*]{0,3}([\w+=,.@-]{1,64})", re.IGNORECASE
)
_NAME = later(r"[\w+=,.@-]{1,64}")
_MOST = 500  # keys that are looked at
_LONGEST = 2000  # characters of a table's line


def owners(text: str) -> dict[str, str]:
    """Return the user of each access key ID in a text that has keys of several: from a table, or from labels."""
    text = text.replace("\0", "")
    keys = list(_KEY.finditer(text))
    if len({it[0] for it in keys}) < 2 or len(keys) > _MOST:
        return {}
    return dict(_in_tables(text)) or _labelled(text, keys)


def _in_tables(text: str) -> Iterator[tuple[str, str]]:
    """Yield the keys and users in the rows below a line that names the two columns."""
    columns: Mapping[str, int] = {}
    mark = ""
    for line in text.lstrip("\ufeff").splitlines():
        if len(line) > _LONGEST:
            continue
        for each in ",;|\t":
            cells = _cells(line, each)
            users = [at for at, cell in enumerate(cells) if _USER_COLUMN.fullmatch(cell)]
            ids = [at for at, cell in enumerate(cells) if _KEY_COLUMN.fullmatch(cell)]
            if users and ids:
                mark, columns = each, {"user": users[0], "key": ids[0]}
        cells = _cells(line, mark) if mark else []
        if len(cells) > max(columns.values(), default=0):
            key, user = cells[columns["key"]], cells[columns["user"]]
            if _KEY.fullmatch(key) and _NAME.fullmatch(user):
                yield key, user


def _cells(line: str, mark: str) -> list[str]:
    """Return the cells of a table's line."""
    return [cell.strip(" \t`*") for cell in next(csv.reader([line.strip()], delimiter=mark, skipinitialspace=True), [])]


def _labelled(text: str, keys: list[re.Match[str]]) -> dict[str, str]:
    """Return the users that labels name, all before their keys or all after them."""
    labels = [(it.start(), it[1].rstrip(".,")) for it in _LABEL.finditer(text)]
    if not labels:
        return {}
    before = labels[0][0] < keys[0].start()
    found: dict[str, str] = {}
    for at, key in enumerate(keys):
        low = keys[at - 1].end() if at else 0
        high = keys[at + 1].start() if at + 1 < len(keys) else len(text)
        near = [name for start, name in labels if (low <= start < key.start() if before else key.end() <= start < high)]
        if near:
            found.setdefault(key[0], near[-1] if before else near[0])
    return found
