"""What one edit of an AWS file costs and keeps, beside `aws configure set` in the same run.

    python tests/benchmarks/bench_edit.py [rounds]

Five rows: the time of an edit with 10 and 10,000 profiles (lock, proof by botocore's parser, backup, fsync and the look
afterwards included), whether it is exact on the corpus of real-life files, what is left when the process is killed at
a system call (with strace), and what two writers at once lose in `rounds` rounds (200).

The edit is timed within a process that has its libraries loaded, as the wizard's has when it writes, and as a process
of its own from start to end, imports included. `aws configure set` is a process of its own either way.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

from bench_start import HOME, ROOT, aws_cli, clean_environment

sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from aws_corpus import SAMPLES, Sample, lines, parsed  # noqa: E402

from ccsetup.awsfiles import edit as config  # noqa: E402
from ccsetup.core.errors import Problem  # noqa: E402
from ccsetup.core.model import Section  # noqa: E402

EDIT = """
import sys, time
from datetime import datetime, timezone
from pathlib import Path
from ccsetup.awsfiles import plan
from ccsetup.core.errors import Problem
from ccsetup.awsfiles.store import Files
from ccsetup.core.model import Section

def judge(path):
    from botocore.configloader import raw_config_parse
    return raw_config_parse(str(path))

files = Files({}, Path(sys.argv[1]), lambda: datetime.now(timezone.utc), judge=judge)

def edit(profile, key, value):
    sections = [Section("config", "profile", profile, {key: value})]
    change = plan.make(profile, "", sections, files.read())
    for _ in range(100):
        try:
            return files.apply(change)
        except Problem as problem:
            if problem.code != "file.changed":
                raise
            change = plan.again(change, files.read())
    raise SystemExit("never got through")
"""
ONE = EDIT + "edit(*sys.argv[2:])\n"
WARM = (
    EDIT
    + """
for n in range(int(sys.argv[2]) + 1):
    time.sleep(0.05)
    began = time.perf_counter()
    edit("p5", "region", f"eu-west-{n}")
    if n:
        print(time.perf_counter() - began)
"""
)
SERVE = (
    EDIT
    + """
for line in sys.stdin:
    edit(*line.split())
    print("done", flush=True)
"""
)


def python(script: str, *words: str) -> list[str]:
    return [sys.executable, "-c", script, *words]


def run(command: list[str], **more: str) -> float:
    """Run a command to its end; return the seconds it took."""
    began = time.perf_counter()
    subprocess.run(command, env={**clean_environment(), **more}, check=True, capture_output=True)
    return time.perf_counter() - began


class Home:
    """A home with a config file, and both programs at work in it."""

    def __init__(self, text: str) -> None:
        self.path = Path(tempfile.mkdtemp(dir=HOME))
        self.config = self.path / ".aws" / "config"
        self.config.parent.mkdir()
        self.write(text)

    def write(self, text: str) -> None:
        self.config.write_bytes(text.encode("utf-8", "surrogateescape"))

    def text(self) -> str:
        return self.config.read_bytes().decode("utf-8", "surrogateescape")

    def ours(self, profile: str, key: str, value: str) -> list[str]:
        return python(ONE, str(self.path), profile, key, value)

    def theirs(self, profile: str, key: str, value: str) -> list[str]:
        return [aws_cli(), "configure", "set", f"profile.{profile}.{key}" if "." not in profile else key, value]

    def run(self, command: list[str]) -> float:
        return run(command, HOME=str(self.path))


def many(count: int) -> str:
    """Return a config file with as many profiles."""
    role = "role_arn = arn:aws:iam::{:012}:role/Developer\nsource_profile = base\nregion = us-east-1\noutput = json\n\n"
    return "".join(f"[profile p{n}]\n{role.format(n)}" for n in range(count))


def speed() -> None:
    """Print what an edit takes."""
    took: dict[tuple[str, int], float] = {}
    for count in (10, 10_000):
        ours, theirs = Home(many(count)), Home(many(count))
        ours.run(ours.ours("p5", "region", "warm"))
        theirs.run(theirs.theirs("p5", "region", "warm"))
        env = {**clean_environment(), "HOME": str(ours.path)}
        alone, aws = [], []
        for n in range(7):
            aws.append(theirs.run(theirs.theirs("p5", "region", f"us-west-{n}")))
            alone.append(ours.run(ours.ours("p5", "region", f"us-west-{n}")))
        done = subprocess.run(python(WARM, str(ours.path), "30"), env=env, check=True, capture_output=True, text=True)
        took |= {("in process", count): median(map(float, done.stdout.split()))}
        took |= {("as a process", count): median(alone), ("aws configure set", count): median(aws)}
    for name in ("in process", "as a process", "aws configure set"):
        row = []
        for count in (10, 10_000):
            ratio = took["aws configure set", count] / took[name, count]
            row.append(f"{count:>6} profiles {took[name, count] * 1000:7.1f} ms  1/{ratio:.1f} of aws")
        growth = took[name, 10_000] / took[name, 10]
        print(f"edit, {name:<18} {row[0]}   {row[1]}   10,000 : 10 = {growth:.1f}")


def edits(sample: Sample) -> list[tuple[str, str, str]]:
    """Return what is asked for in one file: (profile, key, value) that changes a key, adds one, adds a profile."""
    found = [("ccsetup-new", "region", "eu-north-1")]
    for stanza in config.read(sample.text, "config").stanzas:
        if stanza.type == "profile" and stanza.name.isidentifier():
            single = [key for key, value, _ in stanza.settings if value and "\n" not in value and key.isidentifier()]
            return [*found, *[(stanza.name, key, "changed") for key in single[:1]], (stanza.name, "ccsetup_x", "1")]
    return found


def verdict(sample: Sample, edit: tuple[str, str, str], after: str, folder: Path) -> str:
    """Say whether only the asked-for changed: exact, refused (nothing did), wrong or harmed."""
    profile, key, value = edit
    if after == sample.text:
        return "refused"
    wanted = Section("config", "profile", profile, {key: value})
    try:
        before, found = parsed(sample.text, folder), parsed(after, folder)
    except Problem:
        return "harmed"
    ours = {header for header in found if config.logical(header, "config") == ("profile", profile)}
    if any(found.get(header) != before[header] for header in {*before} - ours) or not config.holds(after, wanted):
        return "harmed"
    if any({**before.get(header, {}), key: value} != {**found[header]} for header in ours & {*before}):
        return "harmed"
    old, new = ([line.rstrip("\r\n") for line in lines(text) if line.strip()] for text in (sample.text, after))
    gone = [line for line in old if old.count(line) > new.count(line)]
    ends = after.count("\r\n") >= sample.text.count("\r\n")
    return "exact" if ends and all(key in line.lower() for line in gone) else "wrong"


def corpus() -> None:
    """Print how many edits of the corpus are exact."""
    counts = {"ccsetup": dict.fromkeys(("exact", "refused", "wrong", "harmed"), 0)}
    counts["aws configure set"] = dict(counts["ccsetup"])
    readable = [sample for sample in SAMPLES if sample.file == "config" and not sample.broken]
    folder = Path(tempfile.mkdtemp(dir=HOME))
    for sample in readable:
        for edit in edits(sample):
            profile, key, value = edit
            home = Home(sample.text)
            try:
                home.run(home.theirs(profile, key, value))
            except subprocess.CalledProcessError:
                home.write(sample.text)  # it said no
            counts["aws configure set"][verdict(sample, edit, home.text(), folder)] += 1
            try:
                after = config.put(sample.text, Section("config", "profile", profile, {key: value}))
            except Problem:
                after = sample.text
            counts["ccsetup"][verdict(sample, edit, after, folder)] += 1
    for name, found in counts.items():
        print(f"corpus, {len(readable)} files, {name:<18}", ", ".join(f"{n} {what}" for what, n in found.items()))


def killed() -> None:
    """Print what is left of the file when the process is killed at a system call of the write."""
    if not shutil.which("strace"):
        print("killed: strace is not here")
        return
    text = many(10)
    for name, calls in (
        ("ccsetup", ("link", "fsync", "fchmod", "rename", "unlink")),
        ("aws configure set", ("write",)),
    ):
        left = {"old": 0, "new": 0, "lost": 0}
        for call in calls:
            for when in range(1, 30):
                home = Home(text)
                own = name == "ccsetup"
                command = (home.ours if own else home.theirs)("p5", "region", "eu-north-1")
                only = [] if own else ["-P", str(home.config)]
                inject = ["-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={when}"]
                env = {**clean_environment(), "HOME": str(home.path)}
                strace = ["strace", "-f", "-qq", "-o", os.devnull, *only, *inject]
                if subprocess.run([*strace, *command], env=env, capture_output=True).returncode == 0:
                    break
                left["old" if home.text() == text else "new" if "eu-north-1" in home.text() else "lost"] += 1
        print(f"killed at a system call, {name:<18}", ", ".join(f"{n} × {what}" for what, n in left.items()))


class Server:
    """A ccsetup that waits for edits, so that it can be at work in the same moment as another program."""

    def __init__(self, home: Home) -> None:
        env = {**clean_environment(), "HOME": str(home.path)}
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(python(SERVE, str(home.path)), env=env, stdin=pipe, stdout=pipe, text=True)

    def edit(self, profile: str, key: str, value: str) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{profile} {key} {value}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"


def writers(rounds: int) -> None:
    """Print what two writers at once lose; each changes a section of its own that is there, once a round."""
    text = many(10) + "[profile a]\nregion = x\n\n[profile b]\nregion = x\n"

    def at_once(name: str, make: Callable[[Home], list[Callable[[int], object]]]) -> None:
        home, lost, torn = Home(text), [0, 0], 0
        first, second = make(home)
        with ThreadPoolExecutor(2) as pool:
            for n in range(rounds):
                for task in (pool.submit(first, n), pool.submit(second, n)):
                    task.result()
                found = config.read(home.text(), "config")
                torn += bool(found.fault) or len(found.headers) != 12
                for index, profile in enumerate("ab"):
                    lost[index] += not any(s.values.get(f"k{n}") == "1" for s in found.find("profile", profile))
                if found.fault or len(found.headers) != 12:
                    home.write(text)
        print(f"two writers, {rounds} rounds, {name:<22} lost {lost[0]} + {lost[1]}, files harmed {torn}")

    def aws(home: Home, profile: str, delay_s: float = 0) -> Callable[[int], object]:
        return lambda n: (time.sleep(delay_s), home.run(home.theirs(profile, f"k{n}", "1")))

    def served(home: Home, profile: str, delay_s: float = 0) -> Callable[[int], object]:
        server = Server(home)
        return lambda n: (time.sleep(delay_s * (1 + (n % 20 - 10) / 50)), server.edit(profile, f"k{n}", "1"))

    probe = Home(text)
    start_s = median(probe.run(probe.theirs("a", f"k{n}", "1")) for n in range(5)) * 0.85
    at_once("ccsetup, ccsetup", lambda home: [served(home, "a"), served(home, "b")])
    at_once("ccsetup, aws configure", lambda home: [served(home, "a", start_s), aws(home, "b")])
    at_once("aws configure, itself", lambda home: [aws(home, "a"), aws(home, "b")])


def main() -> None:
    """Print the rows."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    speed()
    corpus()
    killed()
    writers(rounds)
    shutil.rmtree(HOME)


if __name__ == "__main__":
    main()
