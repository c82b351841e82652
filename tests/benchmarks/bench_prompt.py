"""How soon the first prompt is there, beside a bare questionary prompt and `aws configure`; how fast a long list is.

    python tests/benchmarks/bench_prompt.py [rounds]

All of it on a pseudo-terminal, from the start of the process, or the press of a key, to the text it draws.
"""

from __future__ import annotations

import re
import shutil
import sys
import time
from pathlib import Path
from statistics import median

import pexpect
from bench_start import HOME, aws_cli, ccsetup, clean_environment

QUESTION = "What were you given?"
BARE = f"import questionary; questionary.text({QUESTION!r}).ask()"
CHOICES = "names = [f'team-{i % 40}-Service{i}' for i in range(4999)] + ['MySharedDemoRepo']\n"
OURS = f"""{CHOICES}
import os; from ccsetup.access.paste.echo import echo; from ccsetup.core.model import Asked, Choice; from ccsetup.ui.prompt import Prompt
choices = tuple(Choice(name, name, 'a hint') for name in names)
Prompt(os.environ, echo).ask(Asked('repo', 'Which repository?', 'choose', choices=choices))
"""
THEIRS = f"""{CHOICES}
import questionary
questionary.select('Which repository?', choices=names, use_search_filter=True, use_jk_keys=False).ask()
"""
KEYS = [*"sharedemo", *["\x7f"] * 9, *["\x1b[B"] * 10, *["\x1b[6~"] * 10, *"service49"]


def spawned(command: list[str], **more: str) -> pexpect.spawn:
    """Start a command on a pseudo-terminal."""
    env = {**clean_environment(), "PROMPT_TOOLKIT_NO_CPR": "1", **more}
    return pexpect.spawn(command[0], command[1:], env=env, dimensions=(30, 100), timeout=60, cwd=HOME)


def first_text(command: list[str], text: str) -> tuple[float, float]:
    """Return the seconds until `text` is drawn, and the process's memory then in MiB (0 where /proc is missing)."""
    began = time.perf_counter()
    child = spawned(command)
    child.delaybeforesend = None
    child.expect_exact(text)
    taken = time.perf_counter() - began
    status = Path(f"/proc/{child.pid}/status")
    resident = re.search(r"VmRSS:\s+(\d+)", status.read_text()) if status.exists() else None
    child.close(force=True)
    return taken, int(resident[1]) / 1024 if resident else 0.0


def first_prompts(rounds: int) -> None:
    """Print how soon each program's first prompt is drawn, measured in turn."""
    programs = {
        "bare questionary": ([sys.executable, "-c", BARE], QUESTION),
        "ccsetup": (ccsetup(), QUESTION),
        "aws configure": ([aws_cli(), "configure"], "AWS Access Key ID"),
    }
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
    for round_ in range(rounds + 1):
        for name, (command, text) in programs.items():
            measured = first_text(command, text)
            if round_:  # the first round fills the caches
                seen[name].append(measured)
    times = {name: median(taken for taken, _ in runs) for name, runs in seen.items()}
    ours = times["ccsetup"]
    for name, seconds in times.items():
        memory = median(mib for _, mib in seen[name])
        beside = f"ccsetup: {ours / seconds:.2f} ×"
        print(f"first prompt  {name:<18} {seconds * 1000:7.1f} ms  {memory:5.1f} MiB   {beside}")


def loaded_before_the_first_prompt() -> None:
    """Print which of the SDK's packages were imported before the first prompt was drawn."""
    child = spawned(ccsetup(), PYTHONPROFILEIMPORTTIME="1")
    child.expect_exact(QUESTION)
    names = set(re.findall(rb"\| +(boto3|botocore|urllib3|rich|questionary)\b", child.before))
    child.close(force=True)
    print("loaded by then:", ", ".join(sorted(name.decode() for name in names)) or "none of the libraries")


def drain(child: pexpect.spawn) -> None:
    """Read until nothing more is drawn."""
    try:
        while True:
            child.read_nonblocking(65536, 0.05)
    except pexpect.TIMEOUT:
        return


def key_presses(name: str, code: str) -> None:
    """Print how long a key takes to show its effect in a list of 5,000."""
    child = spawned([sys.executable, "-c", code])
    child.delaybeforesend = None
    child.expect_exact("Which repository?")
    drain(child)
    times = []
    for key in KEYS:
        began = time.perf_counter()
        child.send(key)
        child.read_nonblocking(1, 10)
        times.append((time.perf_counter() - began) * 1000)
        drain(child)
    print(f"a key press   {name:<18} {median(times):7.1f} ms median  {max(times):6.1f} ms worst")
    leave(name, child)


def leave(name: str, child: pexpect.spawn) -> None:
    """Print how soon Ctrl-C ends the process."""
    began = time.perf_counter()
    child.send("\x03")
    child.expect(pexpect.EOF)
    print(f"Ctrl-C to end {name:<18} {(time.perf_counter() - began) * 1000:7.1f} ms")


def main() -> None:
    """Print one row per measurement."""
    first_prompts(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
    loaded_before_the_first_prompt()
    key_presses("ccsetup", OURS)
    key_presses("questionary", THEIRS)
    shutil.rmtree(HOME)


if __name__ == "__main__":
    main()
