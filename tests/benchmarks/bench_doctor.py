"""`ccsetup doctor --offline --json` on 1,000 and 10,000 profiles: whole commands, linear, and within a second.

    python tests/benchmarks/bench_doctor.py [rounds]

P is `python -c pass` in the same run.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from bench_start import HOME, ccsetup, clean_environment
from bench_status import home, measured

FEW, MANY = 1_000, 10_000
LIMIT_S, LINEAR = 1.0, 10.0


def healthy(folder: Path, count: int) -> Path:
    """Write a home with that many profiles in which nothing is wrong, and make sure that the doctor sees it so."""
    made = home(folder, count)
    for path in (made / ".aws").rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    (made / ".aws").chmod(0o700)
    env = {**clean_environment(), "HOME": str(made)}
    done = subprocess.run(ccsetup("doctor", "--offline", "--json"), env=env, cwd=HOME, capture_output=True, check=False)
    told = json.loads(done.stdout)
    stops = [it for it in told["findings"] if it["severity"] == "stops"]
    if done.returncode or stops or len(told["profiles"]) != count:
        raise SystemExit(f"{len(told['profiles'])} profiles, exit {done.returncode}, {stops[:2]}")
    return made


def main() -> int:
    """Measure, print the rows; exit 1 when a bound is broken."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory(prefix="ccsetup-bench-") as name:
        homes = {count: healthy(Path(name) / str(count), count) for count in (FEW, MANY)}
        taken: dict[int, list[tuple[float, int]]] = {0: [], FEW: [], MANY: []}
        for _ in range(rounds):
            taken[0].append(measured([sys.executable, "-c", "pass"], {**clean_environment(), "HOME": str(HOME)}))
            for count, at in homes.items():
                env = {**clean_environment(), "HOME": str(at)}
                taken[count].append(measured(ccsetup("doctor", "--offline", "--json"), env))
    times = {count: median(seconds for seconds, _ in runs) for count, runs in taken.items()}
    for count in (FEW, MANY):
        mib = max(kib for _, kib in taken[count]) / 1024
        p = times[count] / times[0]
        print(f"{count:6,} profiles   {times[count] * 1000:7.0f} ms   {p:6.1f} P   {mib:6.1f} MiB")
    growth = times[MANY] / times[FEW]
    print(f"ten times the profiles: {growth:.1f} × the time (≤ {LINEAR:g})   {times[MANY]:.2f} s (≤ {LIMIT_S:g})")
    shutil.rmtree(HOME)
    return 0 if growth <= LINEAR and times[MANY] <= LIMIT_S else 1


if __name__ == "__main__":
    sys.exit(main())
