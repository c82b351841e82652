"""Who 20 and 500 profiles are, beside a loop of `aws sts get-caller-identity`, against an STS over TLS that takes 40 ms.

    python tests/benchmarks/bench_doctor_online.py [rounds]

Whole processes are timed. The loop runs the AWS CLI once for each of three profiles and takes the mean; 20 and 500 are
that times 20 and 500. The peer is $CCSETUP_AWS_CLI, else the `aws` on PATH.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from math import ceil
from pathlib import Path
from statistics import mean

from bench_search import ROOT, certified
from bench_start import aws_cli, ccsetup

DELAY_S, AT_ONCE, LIMIT_MIB = 0.040, 16, 72
TWENTY, MANY = 20, 500

SERVER = """
import asyncio, ssl, sys
from email.utils import formatdate
DELAY_S, certificate = float(sys.argv[1]), sys.argv[2]
BODY = (b'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
        b"<Arn>arn:aws:iam::111122223333:user/maria</Arn><UserId>AIDAEXAMPLE</UserId><Account>111122223333</Account>"
        b"</GetCallerIdentityResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetCallerIdentityResponse>")
async def serve(reader, writer):
    try:
        while head := await reader.readuntil(b"\\r\\n\\r\\n"):
            length = next(int(l.split(b":")[1]) for l in head.split(b"\\r\\n") if l.lower().startswith(b"content-length"))
            await reader.readexactly(length)
            await asyncio.sleep(DELAY_S)
            date = formatdate(usegmt=True).encode()
            writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Type: text/xml\\r\\nDate: %s\\r\\nContent-Length: %d\\r\\n\\r\\n%s" % (date, len(BODY), BODY))
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()
async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


def home(folder: Path, count: int) -> Path:
    """Write a home of that many profiles, each with keys and a region of its own."""
    (folder / ".aws").mkdir(parents=True)
    keys = "aws_access_key_id = AKIAIOSFODNN7EX{n:05}\naws_secret_access_key = " + "s" * 40 + "\n\n"
    names = range(count)
    (folder / ".aws" / "credentials").write_text("".join(f"[profile-{n}]\n{keys.format(n=n)}" for n in names))
    (folder / ".aws" / "config").write_text("".join(f"[profile profile-{n}]\nregion = us-east-2\n\n" for n in names))
    for path in (folder / ".aws").iterdir():
        path.chmod(0o600)
    return folder


def timed(argv: list[str], env: dict[str, str], cwd: Path) -> float:
    """Run a program; return its time in seconds."""
    began = time.perf_counter()
    subprocess.run(argv, env=env, cwd=cwd, capture_output=True, check=True)
    return time.perf_counter() - began


def doctor(env: dict[str, str], cwd: Path, count: int) -> tuple[float, float]:
    """Run the doctor in a fresh process; return its time in seconds and its peak memory in MiB."""
    with (cwd / "told.json").open("w+") as told:
        began = time.perf_counter()
        process = subprocess.Popen(
            ccsetup("doctor", "--json"), env=env, cwd=cwd, stdout=told, stderr=subprocess.DEVNULL
        )
        _, status, used = os.wait4(process.pid, 0)
        took = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        told.seek(0)
        profiles = json.load(told)["profiles"]
    answered = sum(1 for it in profiles if it["account_id"] == "111122223333")
    if answered != count:
        sys.exit(f"{answered} of {count} profiles answered")
    return took, used.ru_maxrss / 1024


def main() -> int:
    """Measure, print the rows; exit 1 when a bound is broken."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        authority = certified(folder)
        homes = {count: home(folder / str(count), count) for count in (TWENTY, MANY)}
        argv = [sys.executable, "-c", SERVER, str(DELAY_S), str(folder / "server.pem")]
        server = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout
            url = f"https://127.0.0.1:{int(server.stdout.readline())}"
            kept = {k: v for k, v in os.environ.items() if not k.startswith("AWS_") and "proxy" not in k.lower()}
            own = {"PYTHONPATH": str(ROOT), "AWS_CA_BUNDLE": str(authority), "AWS_ENDPOINT_URL": url}
            env = {**kept, **own, "AWS_EC2_METADATA_DISABLED": "true"}
            env = {key: value for key, value in env.items() if key != "PYTHONDONTWRITEBYTECODE"}
            return _rows(env, homes, folder, rounds)
        finally:
            server.kill()
            server.wait()


def _rows(env: dict[str, str], homes: dict[int, Path], folder: Path, rounds: int) -> int:
    peer = aws_cli()
    once = []
    runs: dict[int, list[tuple[float, float]]] = {TWENTY: [], MANY: []}
    for count, place in homes.items():
        doctor({**env, "HOME": str(place)}, folder, count)  # compiled and cached from here on
    for _ in range(rounds):
        for count, place in homes.items():
            for number in range(3):
                words = [peer, "sts", "get-caller-identity", "--profile", f"profile-{number}"]
                bare = {key: value for key, value in env.items() if key != "PYTHONPATH"}
                once.append((count, timed(words, {**bare, "HOME": str(place)}, folder)))
            runs[count].append(doctor({**env, "HOME": str(place)}, folder, count))
    fine = True
    for count, wanted in ((TWENTY, 12), (MANY, 62)):
        call = mean(took for at, took in once if at == count)
        took, mib = min(took for took, _ in runs[count]), max(mib for _, mib in runs[count])
        ratio = call * count / took
        fine &= ratio >= wanted and mib <= LIMIT_MIB
        print(
            f"{count:4} profiles   loop {call * count:7.1f} s ({call:.3f} each)   doctor {took:5.2f} s   1/{ratio:.1f} (1/{wanted})   {mib:.1f} MiB ({LIMIT_MIB})"
        )
    bound = 2 * ceil(MANY / AT_ONCE) * DELAY_S + 0.7
    took = min(took for took, _ in runs[MANY])
    print(
        f"{MANY:4} profiles   {took:.2f} s   bound {bound:.2f} s = 2 × {ceil(MANY / AT_ONCE)} × {DELAY_S * 1000:.0f} ms + 0.7 s   ratio {took / bound:.2f}"
    )
    return 0 if fine and took <= bound else 1


if __name__ == "__main__":
    sys.exit(main())
