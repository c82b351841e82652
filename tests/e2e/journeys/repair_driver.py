"""A person who only follows what the program prints: pastes its commands as they stand, answers what they know.

It starts with `git pull`. Where git's output has no command to follow, it looks with `ccsetup doctor`. It takes the
first command that it hasn't tried, pastes it, and tries `git pull` again. It never thinks.
"""

from __future__ import annotations

import os
import re
import shlex
import termios
import time
from dataclasses import dataclass, field

from repair_world import World
from terminal import CTRL_C, ENTER, Terminal

LOOK = "ccsetup doctor"
MOST = 6  # commands a person pastes before giving up
COLUMNS = 80

_PROSE = re.compile(r"git \w+ (?:fails|reports|asks|works|can't|doesn't|and git)\b")
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07]*\x07|[()][A-Z0-9]|[=>78])")
_GIT = "branch|checkout|clone|config|fetch|init|lfs|merge|pull|push|rebase|remote|reset|stash|submodule|switch"
_OURS = "clone|doctor|env|login|logout|remove|setup|share|status|team|undo"
_PROGRAM = (
    rf"(?:ccsetup(?= (?:{_OURS})\b|\s*$)|git(?= (?:-\S+ \S+ )?(?:{_GIT})\b)|(?:unset|export|chmod|chown|rm|mv|cd|ssh-add|sudo|aws"
    r"|pip|pipx|uv) (?=[\w/~'\"$-]))"
)
# A command stands behind an arrow, a colon, "Next" or "run", or alone on an indented line.
_BEGINS = re.compile(rf"(?:→ |: |^ *Next +|[Rr]un |[(`]|^(?:hint:)?\s{{3,}}|· )({_PROGRAM}.*)")


def commands_in(text: str) -> list[str]:
    """Return the commands in what was printed, in the order a person reads them, as far as each one's line goes."""
    found: list[str] = []
    for line in text.splitlines():
        rest = line
        while match := _BEGINS.search(rest):
            command = _one(match[1])
            if "undo: ccsetup undo" not in line and not _PROSE.match(command):
                found.append(command)
            rest = match[1][len(command) :]
    return list(dict.fromkeys(found))


def _one(text: str) -> str:
    """Return the command at the beginning of a text: up to a gap, a bracket that closes, or the end of a sentence."""
    quote = ""
    for at, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif re.match(r"   |  ·| ·|\)|`|[.,;]? \(|[.;,]$|[.,;] |, or | to (?:see|sign|renew|set) ", text[at:]):
            return text[:at].rstrip()
    return text.rstrip()


@dataclass
class Walk:
    """What a person did and saw. `stuck` says why there was nothing more to follow, "" if git works."""

    pasted: list[str] = field(default_factory=list)
    in_vain: list[str] = field(default_factory=list)  # what needn't be pasted again before something else has worked
    looks: int = 0
    seen: list[str] = field(default_factory=list)
    stuck: str = ""

    @property
    def story(self) -> str:
        """Return everything that was on screen."""
        return "\n".join(self.seen)


class Shell:
    """One terminal: its variables and folder stay from command to command."""

    def __init__(self, world: World, walk: Walk) -> None:
        self.world, self.walk, self.folder, self.env = world, walk, world.clone, dict(world.env)

    def run(self, command: str) -> tuple[int, str]:
        """Paste a command, answer its questions; return its exit code and what it printed."""
        after = self.world.folder / "shell"
        after.unlink(missing_ok=True)
        keep = f"code=$?; {{ pwd; env -0; }} > {shlex.quote(str(after))}; exit $code"
        terminal = Terminal(
            ["/bin/bash", "--norc", "-c", f"{command}\n{keep}"], self.env, self.folder, columns=COLUMNS, rows=120
        )
        code = self._converse(terminal)
        text = _printed(terminal.raw)
        if after.exists():
            folder, _, variables = after.read_text().partition("\n")
            self.folder = type(self.folder)(folder)
            self.env = dict(it.split("=", 1) for it in variables.split("\0") if "=" in it)
        self.walk.seen.append(f"$ {command}   [{code}]\n{text}")
        return code, text

    def _converse(self, terminal: Terminal) -> int:
        asked: dict[str, int] = {}
        until, seen = time.monotonic() + 60, 0
        while terminal.read(0.02):
            if time.monotonic() > until:
                terminal.close()
                raise AssertionError(f"never ended:\n{terminal.text()}")
            if not _waits(terminal):
                continue
            terminal.read(0.05)
            question, count = _questions(terminal)
            known = next((key for key in self.world.knows if question.startswith(key)), "")
            name = known or question.partition("  ")[0]
            asked[name] = asked.get(name, 0) + 1
            if asked[name] > (2 if known else 1):  # the same question again: nothing they know is accepted
                self.walk.seen.append(f"(no answer to: {question})\n{terminal.text()}")
                terminal.press(CTRL_C)
            elif known:
                terminal.press("\x15", self.world.knows[known], ENTER)
            else:
                terminal.press(ENTER)
            patience = time.monotonic() + 8  # the answer may have to be checked with AWS first
            while _waits(terminal) and _questions(terminal)[1] <= count and time.monotonic() < patience:
                if not terminal.read(0.02) or _refusals(terminal) > seen:
                    break
            seen = _refusals(terminal)
        terminal.child.wait()
        terminal.child.ptyproc.delayafterclose = 0  # it has ended
        terminal.child.close()
        status = terminal.child.exitstatus
        return int(status if status is not None else 128 + (terminal.child.signalstatus or 0))


def _waits(terminal: Terminal) -> bool:
    """Return whether a question stands and takes keys."""
    raw = not termios.tcgetattr(terminal.child.child_fd)[3] & termios.ICANON
    return raw and terminal.screen.cursor.x > 0 and bool(_questions(terminal)[1])


def _refusals(terminal: Terminal) -> int:
    """Return how many lines say that an answer is wrong."""
    return len([line for line in terminal.lines() if re.match(r"\s*[✗!] ", line)])


def _questions(terminal: Terminal) -> tuple[str, int]:
    """Return the last question on screen, and how many there are."""
    asked = [line for line in terminal.lines() if line.startswith("? ")]
    return (asked[-1][2:].strip() if asked else ""), len(asked)


def _printed(raw: bytes) -> str:
    """Return what a program printed without colours; of a line that was drawn over, its last state."""
    text = _ANSI.sub("", raw.decode("utf-8", "replace")).replace("\r\n", "\n")
    return "\n".join(line.rsplit("\r", 1)[-1].rstrip() for line in text.split("\n")).strip("\n")


def follow(world: World) -> Walk:
    """Follow what is printed until git works or there is nothing more to follow."""
    walk = Walk()
    shell = Shell(world, walk)
    failed: list[str] = []  # what the last command advised, if it failed itself
    while True:
        code, said = shell.run("git pull")
        if code == 0:
            code, said = _push(shell)
        if code == 0:
            return walk
        advice = failed + commands_in(said)
        command = _untried(advice, walk)
        if not command:
            look = next((it for it in advice if is_look(it)), LOOK)
            walk.looks += 1
            command = _untried(commands_in(shell.run(look)[1]), walk)
        if not command:
            walk.stuck = "nothing is printed that wasn't tried"
            return walk
        if len(walk.pasted) == MOST:
            walk.stuck = f"git doesn't work after {MOST} commands"
            return walk
        code, said = shell.run(command)
        walk.pasted.append(command)
        walk.in_vain = [*walk.in_vain, command] if code else [command]
        failed = commands_in(said) if code else []


def is_look(command: str) -> bool:
    """Return whether a command only looks and changes nothing."""
    return command.startswith(LOOK) and "--fix" not in command


def _untried(advice: list[str], walk: Walk) -> str:
    """Return the first command that can be pasted and wasn't tried since something worked."""
    for command in advice:
        gits_own = re.search(r"<[\w-]+>", command)  # a placeholder can't be pasted
        if not gits_own and not is_look(command) and command not in ("git pull", "git push", *walk.in_vain):
            return command
    return ""


def _push(shell: Shell) -> tuple[int, str]:
    note = f"note-{os.getpid()}-{time.monotonic_ns()}"
    (shell.world.clone / note).write_text("hello\n")
    code, said = shell.run(f"git add {note} && git commit -qm {note} && git push")
    return code, said
