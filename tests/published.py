"""Every JSON document that a test makes a command print is one that the published schema describes."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ccsetup.cli import main, parser, schemas
from ccsetup.core.result import Outcome
from ccsetup.ui.screen import Screen


@cache
def _validator(command: str) -> Draft202012Validator:
    return Draft202012Validator(schemas.of(command))


def check(command: str, document: Any) -> None:
    """Fail if a command's document isn't as its schema describes."""
    plain = json.loads(json.dumps({**document}, default=str))
    wrong = [f"{'/'.join(map(str, it.absolute_path))}: {it.message}" for it in _validator(command).iter_errors(plain)]
    assert not wrong, f"ccsetup {command} --json isn't as its schema describes: {wrong}\n{json.dumps(plain)[:2000]}"


def command_of(words: Sequence[str]) -> str:
    """Return the command that these words run."""
    return words[0] if words and words[0] in parser.COMMANDS else "setup"


def _is_ours(word: object) -> bool:
    return isinstance(word, (str, Path)) and Path(word).name in ("ccsetup", "ccsetup.exe")


def _printed(argv: object, stdout: object) -> None:
    """Check what a child process printed, if it was ccsetup with --json."""
    words = [str(word) for word in argv] if isinstance(argv, (list, tuple)) else []
    at = next((at for at, word in enumerate(words[:3]) if _is_ours(word)), None)
    if at is None or "--json" not in words or not stdout or words[-1:] in (["--help"], ["--version"]):
        return
    check(command_of(words[at + 1 :]), json.loads(stdout if isinstance(stdout, (str, bytes)) else ""))


@contextmanager
def checked() -> Iterator[None]:
    """Check all documents: of commands that run here, as whole programs or without one, and in child processes."""
    running = [""]
    with pytest.MonkeyPatch.context() as patch:
        for name in parser.COMMANDS:
            module = import_module(f"ccsetup.cli.commands.{name}")
            patch.setattr(module, "main", _reporting(name, module.main))
        told, shown, ran, outcome = main._told, Screen.document, subprocess.run, Outcome.document

        def run(words: list[str]) -> int:
            running.append(command_of(words))
            try:
                return told(words)
            finally:
                running.pop()

        def document(self: Screen, value: Mapping[str, Any], secret: bool = False) -> None:
            if running[-1] and self._due:
                check(running[-1], value)
            shown(self, value, secret)

        def child(argv: Any, *rest: Any, **more: Any) -> Any:
            done = ran(argv, *rest, **more)
            _printed(argv, done.stdout)
            return done

        def of_outcome(self: Outcome) -> dict[str, Any]:
            found = outcome(self)
            check("clone" if self.urls else "setup", found)
            return found

        patch.setattr(main, "_told", run)
        patch.setattr(Screen, "document", document)
        patch.setattr(subprocess, "run", child)
        patch.setattr(Outcome, "document", of_outcome)
        yield


def _reporting(name: str, run: Callable[..., Any]) -> Callable[..., Any]:
    def wrapped(*words: Any, **more: Any) -> Any:
        report = run(*words, **more)
        check(name, report.document)
        return report

    return wrapped
