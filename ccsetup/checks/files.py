"""Both files as a whole: what makes every tool refuse them, and who else can read them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ccsetup import ini, meant
from ccsetup.facts import Facts
from ccsetup.model import Change, FileName, Finding, Remedy

REFUSED = "Until then every AWS tool refuses the whole file: “Unable to parse config file”, without a line."


def texts(facts: Facts) -> Iterator[tuple[FileName, str]]:
    """Yield the files that are there, as they are on disk."""
    if facts.texts.config is not None:
        yield "config", facts.texts.config
    if facts.texts.credentials is not None:
        yield "credentials", facts.texts.credentials


def encoding(facts: Facts) -> Iterator[Finding]:
    """A byte order mark, UTF-16, bytes that are no UTF-8."""
    for file, text in texts(facts):
        name = meant.encoding(text)
        if name:
            says = "The file begins with a byte order mark." if name == "utf-8" else f"The file is in {name.upper()}."
            remedy = Remedy("Save it as plain UTF-8", texts={file: meant.decoded(text)})
            yield Finding(
                "file.encoding", "stops", says, REFUSED, path=facts.path(file), line=1, fix="auto", remedies=(remedy,)
            )


def duplicate_keys(facts: Facts) -> Iterator[Finding]:
    """A key that is there twice, in any case."""
    for file, _ in texts(facts):
        for stanza in facts.document(file).stanzas:
            seen: dict[str, ini.Setting] = {}
            for setting in stanza.settings:
                if before := seen.get(setting.key):
                    yield _twice(facts, file, stanza, before, setting)
                seen[setting.key] = setting


def _twice(facts: Facts, file: FileName, stanza: ini.Stanza, before: ini.Setting, setting: ini.Setting) -> Finding:
    lines = facts.lines(file)
    changes = tuple(Change(file, n, n, (f"# {lines[n - 1]}",)) for n in before.lines)
    return Finding(
        "file.duplicate-key",
        "stops",
        f"{setting.key} is set twice in [{stanza.header}], first on line {before.lines[0]}.",
        f"{REFUSED} Other SDKs take the later one.",
        profile=stanza.name if stanza.type == "profile" else "",
        path=facts.path(file),
        line=setting.lines[0],
        fix="auto",
        remedies=(Remedy("Keep the later one", "the earlier becomes a comment", changes),),
    )


def permissions(facts: Facts) -> Iterator[Finding]:
    """Files with secrets that others can read."""
    if facts.windows:
        return
    for path, mode in facts.modes.items():
        if mode & 0o077 and (path == facts.texts.credentials_path or (path in facts.found and ".aws" in path.parts)):
            yield Finding(
                "file.permissions",
                "hinders",
                f"Others on this machine can read {path}.",
                "It holds keys or tokens; AWS's own tools make it 0600.",
                path=path,
                fix="auto",
                do=f"chmod 600 {path}",
                remedies=(Remedy("Make it readable by you alone", modes={path: 0o600}),),
            )


CHECKS: tuple[Callable[[Facts], Iterator[Finding]], ...] = (encoding, duplicate_keys, permissions)
