"""Recognizes placeholders that were left where a value belongs, for example <your-key>, ${KEY} or op://vault/item/field.

git waits while its helpers import this module, so it imports nothing.
"""

_MARKS = frozenset("<>{}$*\u2026\u2022")  # no value of an access contains one of these
_WORDS = ("changeme", "change_me", "change-me", "replaceme", "replace_me", "replace-me", "profile_name", "profile-name",
          "profilename")  # fmt: skip
_OF_KEYS = ("your", "accesskey", "sessiontoken", "secret", "redacted", "placeholder", "xxxxxx", "000000")
_NOTHING = frozenset(("none", "null", "nil", "undefined", "todo", "tbd", "n/a", "fixme"))
_OWNERS = ("your", "my", "the")
# What the parts of an access key consist of, and how long the secret one is.
CAPITALS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/+=")
SECRET_LENGTH = 40
_FILLED = ("x" * 8, "X" * 8, "0" * 8)  # by chance, such a part occurs in one of 10 million million keys
_LONGEST = 100  # a session token is longer, and may contain any word
_RUN = 8  # characters


def is_placeholder(text: str) -> bool:
    """Return whether a value is a placeholder, for example <your-role>, your-name or ${ROLE}."""
    low = text.lower()
    if len(text) >= _LONGEST:
        return False
    return not _MARKS.isdisjoint(text) or "..." in low or any(it in low for it in _WORDS) or _names_a_name(low)


def is_key_placeholder(text: str) -> bool:
    """Return whether what stands for a part of an access key is a placeholder.

    A real one consists of random characters, in which a word may occur by chance.
    """
    if not text or len(text) >= _LONGEST:
        return False
    if text[:4] in ("AKIA", "ASIA") and len(text) >= 16 and CAPITALS.issuperset(text):
        return not is_random_id(text)
    if len(text) == SECRET_LENGTH and BASE64.issuperset(text):
        return not is_random_secret(text)
    low = text.lower()
    if is_placeholder(text) or "://" in text or (text[0] == text[-1] == "%" and len(text) > 2) or low in _NOTHING:
        return True
    bare = low.replace("_", "").replace("-", "").replace(" ", "")
    is_filled = len(text) > 2 and text == text[0] * len(text) and text[0] in "xX0.-_?#"
    return is_filled or any(it in bare for it in _OF_KEYS) or bare.endswith("examplekey")


def is_random_id(text: str) -> bool:
    """Return whether an access key ID has enough different characters to be real, unlike AKIAXXXXXXXXXXXXXXXX."""
    return len({*text[4:12]}) > 5 or len({*text[4:]}) > 5  # the first few are almost always enough


def is_random_secret(text: str) -> bool:
    """Return whether a secret access key can be real, and no part of it is filled with one letter."""
    for it in _FILLED:  # noqa: SIM110 — a generator takes twice as long
        if it in text:
            return False
    return True


def shown(text: str) -> str:
    """Return a placeholder for a sentence, "" if a part of it may be of a real secret."""
    run = ""
    for char in f"{text} ":
        if char in BASE64:
            run += char
            continue
        kinds = any(map(str.isupper, run)) + any(map(str.islower, run)) + any(map(str.isdigit, run))
        if len(run) >= _RUN and kinds == 3:
            return ""
        run = ""
    return text if text.isprintable() else ""


def _names_a_name(low: str) -> bool:
    """Return whether a text says only what belongs in its place, for example your-role-name."""
    owner = next((it for it in _OWNERS if low.startswith(it)), "")
    return bool(owner) and low.endswith("name") and low.removeprefix(owner).replace("_", "").replace("-", "").isalpha()
