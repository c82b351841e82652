"""Which profile a clone uses, by its settings: standard library only, since the first screen waits for it."""

from __future__ import annotations


def profile_of(settings: str) -> str | None:
    """Return the profile that a clone uses, by its settings as git keeps them; "" when they name none.

    It stands in the address of `origin`, else in the command of a credential helper. None where git would look into
    further files.
    """
    section, url, helper = "", "", ""
    for line in map(str.strip, settings.splitlines()):
        if line.startswith("["):
            section = line.lower()
        key, _, value = (part.strip() for part in line.partition("="))
        if section.startswith("[include"):
            return None
        if section == '[remote "origin"]' and key.lower() == "url":
            url = value
        if section.startswith("[credential") and key.lower() == "helper":
            helper = value
    return named_by(url, helper)


def named_by(url: str, helper: str) -> str:
    """Return the profile that a clone's address names, or the command of its credential helper; "" when none does."""
    scheme, there, rest = url.partition("://")
    if there and scheme.partition(":")[0] == "codecommit" and "@" in rest:
        return rest.partition("@")[0]
    words = _words(helper.replace("--profile=", "--profile "))
    named = [words[at + 1] for at in range(len(words) - 1) if words[at] == "--profile"]
    return named[-1] if named else ""


def _words(command: str) -> list[str]:
    """Return a command's words as a shell takes them."""
    if not any(sign in command for sign in "'\"\\"):
        return command.split()
    from shlex import split  # which takes longer to import than most commands need

    try:
        return split(command)
    except ValueError:
        return command.split()
