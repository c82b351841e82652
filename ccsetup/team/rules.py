"""What a team file may say, key by key: it comes from outside, so what is not named here is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from ccsetup import access
from ccsetup.access.questions import BRANCH, yes_no
from ccsetup.core import validate
from ccsetup.core.errors import BadAnswer
from ccsetup.core.model import Corrected, Value
from ccsetup.core.question import Access, Question
from ccsetup.core.text import inert, veil
from ccsetup.git import address
from ccsetup.git.transport import VIA, WHOSE
from ccsetup.team import rules

_OF_ONE_CLONE = ("repo", "branch", "directory", "no_clone")  # what an access says nothing of
_NEVER = ("login_profile", "keys", "mfa_code")  # leads to a program, is a secret, works once
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
LINE = 80  # letters of a team's name or an access's label
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+@-]{0,39}")


class Key(NamedTuple):
    """Where a key under an access leads: the question it answers, and what goes before its value."""

    question: Question
    prefix: str = ""


def keys(kind: Access) -> dict[str, Key]:
    """Return the keys that an access of this kind may have: its questions' flags, with underscores."""
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
    """Return the questions of a kind that a file answers with "no" by saying nothing; none is about one person."""
    return tuple(
        q.key for q in kind.questions if q.optional and not q.known and not q.default and q.key != "mfa_serial"
    )


def answer(place: Key, key: str, text: str) -> str | Corrected:
    """Check one value under an access, as its question would. Raises BadAnswer with a right example."""
    question = place.question
    if not text:
        if question.optional or question.key == "source_profile":
            return ""
        raise BadAnswer(f"It says nothing; leave the line out and it is asked. {question.help}".strip())
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
            "That looks like a key or a token, and a team file holds no secret; each person is asked for theirs."
        )
    return text


def words(most: int) -> Callable[[str], str]:
    """Return a check of a text that people read: not empty, and not longer than so many letters."""

    def check(text: str) -> str:
        if not 0 < len(text) <= most:
            raise BadAnswer(f"It is 1 to {most} letters long, such as Acme platform.")
        return plain(text)

    return check


def version(text: str) -> str:
    """The one version there is."""
    if text != "1":
        newer = text.isdecimal() and text.isascii() and int(text[:9]) > 1
        after = " Install a newer ccsetup for it: pipx upgrade ccsetup." if newer else ""
        raise BadAnswer(f"This ccsetup reads version = 1.{after}")
    return text


def name(text: str) -> str:
    """The name of an access."""
    if not _NAME.fullmatch(text):
        raise BadAnswer("An access has a short name of letters, digits and _.+@- , such as [[default]].")
    return text


def kind(text: str) -> str:
    """A kind of access."""
    return access.of(validate.tidy(text).lower()).name


def branch(text: str) -> str | Corrected:
    """A branch's name."""
    return BRANCH.parse(plain(text))


def directory(text: str) -> str:
    """A folder below the one a person stands in: no way out of it, and none into what shells and git read by itself."""
    parts = text.split("/")
    if re.search(r'[\\:*?"<>|~$%`\x00-\x1f]', text) or any(not _is_folder(part) for part in parts) or len(text) > 200:
        raise BadAnswer(
            "A directory lies below the folder one is in; its names are plain and none begins with . or -, such as"
            " work/shared-demo."
        )
    return text


def _is_folder(part: str) -> bool:
    return bool(part) and part[0] not in ".- " and part[-1] not in ". " and not _DEVICES.fullmatch(part)


def repository(text: str) -> str:
    """A repository's name."""
    return address.repository_name(text)


def own_folder(text: str) -> str:
    """A repository's name as the folder it is cloned into; one that would begin with . or - has to be given another."""
    try:
        return directory(text)
    except BadAnswer:
        raise BadAnswer("A folder of that name is no good place; name one, such as directory = demo.") from None


OF_REPOSITORY: Mapping[str, Callable[[str], str | Corrected]] = {
    "directory": directory,
    "branch": branch,
    "region": validate.region,
    "via": VIA.parse,
    "helper": WHOSE.parse,  # one of two names, so that no program can stand there
    "access": name,
    "submodules": yes_no,
}


def refusal(key: str, known: Sequence[str], of_kind: str = "") -> str:
    """Say why a key has no place: a secret, a program, what belongs elsewhere, or a word nobody knows."""
    from difflib import get_close_matches

    if key in _OF_ONE_CLONE and of_kind:
        return "A repository has a section of its own: [repositories], and below it [[MySharedDemoRepo]]."
    if key in ("credential_process", "login_profile") or _PROGRAMS.search(key):
        return "A team file names no program and no endpoint; leave it out."
    if _SECRETS.search(key) and not get_close_matches(key, known, 1, 0.9):
        return "A team file holds no secret; leave it out, and each person is asked for theirs."
    near = get_close_matches(key.lower().replace("-", "_"), known, 1, 0.7)
    if near:
        return f"There is no key {inert(key)}; there is {near[0]}."
    of = f" of kind {of_kind}" if of_kind else ""
    return f"There is no key {inert(key)} here{of}; there are {', '.join(known)}."


def _scopes(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9_]+(:[a-z0-9_*]+)*([, ]+[a-z0-9_]+(:[a-z0-9_*]+)*)*", text):
        raise BadAnswer("Scopes are words with commas between, such as sso:account:access.")
    return text


def _policy(text: str) -> str:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or "Statement" not in document:
        raise BadAnswer(
            'A policy stands here itself, as JSON on one line, such as {"Version": "2012-10-17", "Statement": []}.'
        )
    return json.dumps(document, separators=(",", ":"))


def _token_file(text: str) -> str:
    path = validate.token_file(text)
    if not path.startswith(("/", "~/")) or ".." in path.split("/"):
        raise BadAnswer(
            "A token file is an absolute path, such as /var/run/secrets/token; or leave it out, and it is asked."
        )
    return path


_FROM = {
    "account": ("sso_account_id", "role_arn"),
    "role": ("sso_role_name", "role_arn"),
    "session": ("sso_session",),
}  # the questions that answer a placeholder, the first one that a kind asks


_SAMPLE = "Developer"


_PLACE = re.compile(r"\{([^{}]*)\}")


_MOST = 128  # letters of a profile's name, as parse has it


def is_pattern(text: str) -> bool:
    """Say whether a profile's name has places to fill."""
    return "{" in text or "}" in text


def pattern(kind: Access, text: str) -> str:
    """Check a pattern for a kind's profiles. Raises BadAnswer with what may stand there."""
    asked = {question.key for question in access.asked_by(kind)}
    offered = [place for place, keys in _FROM.items() if asked & {*keys}]
    for place in _PLACE.findall(text):
        if place not in offered:
            there = " ".join(f"{{{it}}}" for it in offered)
            such = f"there is {there}" if there else "leave it out"
            raise BadAnswer(f"A profile name of kind {kind.name} has no place {{{inert(place)}}}; {such}.")
    sample = _PLACE.sub(_SAMPLE, rules.plain(text))
    if is_pattern(sample):
        raise BadAnswer("A place in a profile name stands in a pair of braces, such as acme-{account}.")
    if validate.profile(sample) != sample or len(text) > _MOST:
        raise BadAnswer("A profile name has letters, digits or _.+=,- and no blanks, such as acme-{account}.")
    return text


def filled(text: str, answers: Mapping[str, Value]) -> str:
    """Return the name that a pattern comes to, a right one always; "" as long as an answer to it is not there."""
    told = {place: _told(place, answers) for place in _PLACE.findall(text)}
    if not all(told.values()):
        return ""
    name = _PLACE.sub(lambda found: re.sub(r"[^A-Za-z0-9_.+=,-]", "-", told[found[1]]), text)
    return name.lstrip("-")[:_MOST]


def _told(place: str, answers: Mapping[str, Value]) -> str:
    key = next((key for key in _FROM[place] if answers.get(key)), "")
    value = str(answers[key]) if key else ""
    if key != "role_arn":
        return value
    return validate.arn_account(value) if place == "account" else value.rpartition("/")[2]
