"""What a team file may contain, key by key. It is untrusted input, so anything not listed here is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from ccsetup import access
from ccsetup.access.questions import BRANCH, yes_no
from ccsetup.core import validate
from ccsetup.core.arn import account_in
from ccsetup.core.errors import BadAnswer
from ccsetup.core.model import Corrected, Value
from ccsetup.core.question import Access, Question
from ccsetup.core.text import ONE_LETTER, did_you_mean, inert, nearest, veil
from ccsetup.git import address
from ccsetup.git.transport import VIA, WHOSE
from ccsetup.team import rules

_OF_ONE_CLONE = ("repo", "branch", "directory", "no_clone")  # not part of an access
_NEVER = ("login_profile", "keys", "mfa_code")  # runs a program, is a secret, works only once
_SECRETS = re.compile(
    r"secret|password|passwd|token(?!_file$)|access_key|assertion|private|^keys$|code$", re.IGNORECASE
)
_PROGRAMS = re.compile(r"process|command|helper|program|exec|hook|endpoint|bundle|browser", re.IGNORECASE)
_A_KEY = re.compile(
    r"(?<![A-Z0-9])A(?:KI|SI)A[A-Z0-9]{12,}|eyJ[\w-]{8,}\.[\w-]+\.|-----BEGIN|(?<!\w)(?:gh[opsu]_|github_pat_|glpat-|xox[abp]-)\w"
    r"|[A-Za-z0-9+/=]{100}"
)
_LONG_WORDS = (
    "role_arn",
    "mfa_serial",
    "external_id",
    "policy",
    "sso_start_url",
    "web_identity_token_file",
    "source_profile",
)
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
LINE = 80  # characters of a team's name or an access's label
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+@-]{0,39}")


class Key(NamedTuple):
    """The question that a key of an access answers, and the prefix of its value."""

    question: Question
    prefix: str = ""


def keys(kind: Access) -> dict[str, Key]:
    """Return the keys that an access of this kind can have: its questions' flags, with underscores."""
    found: dict[str, Key] = {}
    for question in access.asked_by(kind):
        if question.key in _OF_ONE_CLONE or question.widget == "secret" or question.once:
            continue
        for flag, prefix in ((question.flag_name, ""), *question.also):
            key = flag[2:].replace("-", "_")
            if key and key not in _NEVER:
                found[key] = Key(question, prefix)
        if question.key == "sso_registration_scopes":
            found[question.key] = Key(question._replace(parse=_scopes))
    return found


def unsaid(kind: Access) -> tuple[str, ...]:
    """Return the questions of a kind that a missing key answers with "no". None of them is personal."""
    return tuple(
        q.key for q in kind.questions if q.optional and not q.known and not q.default and q.key != "mfa_serial"
    )


def answer(place: Key, key: str, text: str) -> str | Corrected:
    """Check one value of an access in the same way as its question. Raises BadAnswer with a correct example."""
    question = place.question
    if not text:
        if question.optional or question.key == "source_profile":
            return ""
        raise BadAnswer(f"The value is empty. If you remove the line, each developer is asked. {question.help}".strip())
    plain(text, key)
    if key == "policy":
        return _policy(text)
    if key == "web_identity_token_file":
        return _token_file(text)
    if key == "source_profile":
        return validate.profile(text)
    return question.parse(place.prefix + text)


def plain(text: str, key: str = "") -> str:
    """Refuse a value that looks like a secret."""
    long = key not in _LONG_WORDS and veil(text) != text
    if _A_KEY.search(text) or long:
        raise BadAnswer(
            "This looks like an access key or a token. A team file can't contain secrets. Each developer is asked for"
            " their own."
        )
    return text


def words(most: int) -> Callable[[str], str]:
    """Return a check for prose: not empty, and at most this many characters."""

    def check(text: str) -> str:
        if not 0 < len(text) <= most:
            raise BadAnswer(
                f"This text must be 1 to {most} characters long, for example, Acme platform. It has {len(text)}."
            )
        return plain(text)

    return check


def version(text: str) -> str:
    """Check the version: 2 for what earlier versions of ccsetup can't read, otherwise 1."""
    if text not in ("1", "2"):
        newer = text.isdecimal() and text.isascii() and int(text[:9]) > 2
        after = " For newer files, upgrade ccsetup: pipx upgrade ccsetup." if newer else ""
        raise BadAnswer(f"This version of ccsetup supports only version = 1 or 2.{after}")
    return text


def name(text: str) -> str:
    """Check the name of an access."""
    if not _NAME.fullmatch(text):
        raise BadAnswer(
            "An access name can be at most 40 characters long and contain only letters, digits, and _.+@-"
            " characters. Use a name like [[default]]."
        )
    return text


def listed(text: str) -> list[str]:
    """Return the names in a list separated by commas, each once."""
    return list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def names(text: str) -> str:
    """Check the names of one or more accesses, separated by commas."""
    return ", ".join(map(name, listed(text)))


def kind(text: str) -> str:
    """Check a kind of access."""
    return access.of(validate.tidy(text).lower()).name


def branch(text: str) -> str | Corrected:
    """Check a branch name."""
    return BRANCH.parse(plain(text))


def directory(text: str) -> str:
    """Check a folder: inside the current folder, and none that shells or git read automatically."""
    parts = text.split("/")
    if re.search(r'[\\:*?"<>|~$%`\x00-\x1f]', text) or any(not _is_folder(part) for part in parts) or len(text) > 200:
        raise BadAnswer(
            "The directory must be inside the current folder, and no part of its path can start with . or -."
            " Use a path like work/shared-demo."
        )
    return text


def _is_folder(part: str) -> bool:
    return bool(part) and part[0] not in ".- " and part[-1] not in ". " and not _DEVICES.fullmatch(part)


def repository(text: str) -> str:
    """Check a repository name."""
    return address.repository_name(text)


def own_folder(text: str) -> str:
    """Check a repository name as the folder to clone into. A name that starts with . or - needs another folder."""
    try:
        return directory(text)
    except BadAnswer:
        raise BadAnswer(
            "The repository name can't be used as a folder name. Add a directory, for example, directory = demo."
        ) from None


OF_REPOSITORY: Mapping[str, Callable[[str], str | Corrected]] = {
    "directory": directory,
    "branch": branch,
    "region": validate.region,
    "via": VIA.parse,
    "helper": WHOSE.parse,  # one of two names, never a program
    "access": names,
    "repository": repository,
    "submodules": yes_no,
}


def refusal(key: str, known: Sequence[str], of_kind: str = "") -> str:
    """Return why a key isn't allowed: it is a secret, a program, belongs elsewhere, or is unknown."""
    if key in _OF_ONE_CLONE and of_kind:
        return "Repositories must be in their own section: [repositories], then [[MySharedDemoRepo]], for example."
    if key in ("credential_process", "login_profile") or _PROGRAMS.search(key):
        return "A team file can't contain programs or endpoints. Remove the line."
    if _SECRETS.search(key) and not nearest(key, known, 1, ONE_LETTER):
        return "A team file can't contain secrets. Remove the line, and each developer is asked for their own."
    if hint := did_you_mean(key.replace("-", "_"), known, 1):
        return f'Unknown key "{inert(key)}". {hint}'
    of = f" for kind {of_kind}" if of_kind else ""
    return f'Unknown key "{inert(key)}"{of}. Available: {", ".join(known)}.'


def _scopes(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9_]+(:[a-z0-9_*]+)*([, ]+[a-z0-9_]+(:[a-z0-9_*]+)*)*", text):
        raise BadAnswer("Scopes must be separated by commas, for example, sso:account:access.")
    return text


def _policy(text: str) -> str:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or "Statement" not in document:
        raise BadAnswer('A policy must be JSON on one line, for example, {"Version": "2012-10-17", "Statement": []}.')
    return json.dumps(document, separators=(",", ":"))


def _token_file(text: str) -> str:
    path = validate.token_file(text)
    if not path.startswith(("/", "~/")) or ".." in path.split("/"):
        raise BadAnswer(
            "The path of a token file must be absolute, for example, /var/run/secrets/token. If you remove the line,"
            " each developer is asked for a path."
        )
    return path


_FROM = {
    "account": ("sso_account_id", "role_arn"),
    "role": ("sso_role_name", "role_arn"),
    "session": ("sso_session",),
}  # the questions that fill a placeholder; the first one that a kind asks counts


_SAMPLE = "Developer"


_PLACE = re.compile(r"\{([^{}]*)\}")


_MOST = 128  # characters of a profile name, the same as in its question


def is_pattern(text: str) -> bool:
    """Say whether a profile name has placeholders."""
    return "{" in text or "}" in text


def pattern(kind: Access, text: str) -> str:
    """Check a pattern for a kind's profiles. Raises BadAnswer with the available placeholders."""
    asked = {question.key for question in access.asked_by(kind)}
    offered = [place for place, keys in _FROM.items() if asked & {*keys}]
    for place in _PLACE.findall(text):
        if place not in offered:
            there = " ".join(f"{{{it}}}" for it in offered)
            such = f"Available: {there}" if there else "Remove the placeholder"
            raise BadAnswer(f"Unknown placeholder {{{inert(place)}}} in a profile name for kind {kind.name}. {such}.")
    sample = _PLACE.sub(_SAMPLE, rules.plain(text))
    if is_pattern(sample):
        raise BadAnswer("A placeholder in a profile name needs a pair of braces. Use a name like acme-{account}.")
    if validate.profile(sample) != sample or len(text) > _MOST:
        raise BadAnswer(
            "A profile name can contain only letters, digits, and _.+=,- characters. Use a name like acme-{account}."
        )
    return text


def filled(text: str, answers: Mapping[str, Value]) -> str:
    """Return the valid profile name that a pattern produces; "" until all its placeholders have answers."""
    told = {place: _told(place, answers) for place in _PLACE.findall(text)}
    if not all(told.values()):
        return ""
    name = _PLACE.sub(lambda found: re.sub(r"[^A-Za-z0-9_.+=,-]", "-", told[found[1]]), text)
    return name.lstrip("-")[:_MOST]


def account(answers: Mapping[str, Value]) -> str:
    """Return the account that an access is for, "" if the answers don't tell."""
    return _told("account", answers)


def _told(place: str, answers: Mapping[str, Value]) -> str:
    key = next((key for key in _FROM[place] if answers.get(key)), "")
    value = str(answers[key]) if key else ""
    if key != "role_arn":
        return value
    return account_in(value) if place == "account" else value.rpartition("/")[2]
