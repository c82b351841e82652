"""Finds the profile that a clone uses in its settings. Standard library only: the first screen waits for it."""

from __future__ import annotations


def profile_of(settings: str) -> str | None:
    """Return the profile in the text of a clone's .git/config, "" if there is none.

    It is in the address of `origin`, or else in the command of a credential helper. Returns None if git would read
    other files too.
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
    """Return the profile in a clone's address or in the command of its credential helper, "" if there is none."""
    scheme, there, rest = url.partition("://")
    if there and scheme.partition(":")[0] == "codecommit" and "@" in rest:
        return rest.partition("@")[0]
    words = _words(helper.replace("--profile=", "--profile "))
    named = [words[at + 1] for at in range(len(words) - 1) if words[at] == "--profile"]
    return named[-1] if named else ""


def _words(command: str) -> list[str]:
    """Return a command's words, split as a shell does."""
    if not any(sign in command for sign in "'\"\\"):
        return command.split()
    from shlex import split  # importing it takes longer than most commands need

    try:
        return split(command)
    except ValueError:
        return command.split()
