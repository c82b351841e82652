"""A repository looked for with 50 profiles in 29 regions, against a canned answer over TLS that takes 40 ms.

    python tests/benchmarks/bench_search.py [rounds]

QUALITY's bound: three times the slowest single answer (one profile, one region, everything cold) and what 16 at a time
have to wait, an answer's time being that of a bare connection that is open already. The repository is in one region; everywhere else the answer is that there is none.
"""

from __future__ import annotations

import http.client
import json
import os
import ssl
import subprocess
import sys
import tempfile
import time
from math import ceil
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
DELAY_S, PROFILES, REGIONS, AT_ONCE, LIMIT_MIB = 0.040, 50, 29, 16, 72

SERVER = """
import asyncio, json, ssl, sys
DELAY_S, certificate = float(sys.argv[1]), sys.argv[2]
HERE = {"repositoryMetadata": {"repositoryName": "MySharedDemoRepo", "accountId": "111122223333",
        "Arn": "arn:aws:codecommit:eu-central-1:111122223333:MySharedDemoRepo", "defaultBranch": "main"}}
GONE = {"__type": "RepositoryDoesNotExistException", "message": "MySharedDemoRepo does not exist"}
def answer(head):
    there = b"/eu-central-1/codecommit/" in head
    body = json.dumps(HERE if there else GONE).encode()
    status = b"200 OK" if there else b"400 Bad Request"
    return b"HTTP/1.1 %s\\r\\nContent-Type: application/x-amz-json-1.1\\r\\nContent-Length: %d\\r\\n\\r\\n" % (status, len(body)) + body
async def serve(reader, writer):
    try:
        while head := await reader.readuntil(b"\\r\\n\\r\\n"):
            length = next(int(l.split(b":")[1]) for l in head.split(b"\\r\\n") if l.lower().startswith(b"content-length"))
            await reader.readexactly(length)
            await asyncio.sleep(DELAY_S)
            writer.write(answer(head))
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

CLIENT = """
import json, resource, sys, time
from pathlib import Path
began = time.perf_counter()
from ccsetup.awsfiles import ini
from ccsetup.core.regions import REGIONS
from ccsetup.aws.client import Aws
from ccsetup.core.model import Who
home = Path.home()
secrets = (home / ".aws/credentials").read_text()
profiles = ini.profiles(ini.read("", "config"), ini.read(secrets, "credentials"))
count, regions = int(sys.argv[1]), list(REGIONS)[: int(sys.argv[2])]
places = [Who(name, region, profiles, {}) for region in regions for name in list(profiles)[:count]]
aws = Aws(home, None)
if len(places) == 1:
    try:
        aws.repository(places[0]._replace(region="eu-central-1"), "MySharedDemoRepo")
        found = 1
    finally:
        pass
else:
    seen = aws.sightings(places, "MySharedDemoRepo")
    found = sum(1 for s in seen if s.repository)
    assert all(s.repository or s.refused.code == "access.repository" for s in seen), {s.refused.what for s in seen if s.refused}
took = time.perf_counter() - began
print(json.dumps({"took": took, "found": found, "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""


def home(folder: Path) -> None:
    """Write the profiles, each with keys of its own."""
    (folder / ".aws").mkdir()
    text = "".join(
        f"[profile-{n}]\naws_access_key_id = AKIAIOSFODNN7EX{n:05}\naws_secret_access_key = {'s' * 40}\n\n"
        for n in range(PROFILES)
    )
    (folder / ".aws" / "credentials").write_text(text)


def ask(env: dict[str, str], profiles: int, regions: int) -> dict[str, float]:
    """Look once, in a fresh interpreter; imports and all."""
    argv = [sys.executable, "-c", CLIENT, str(profiles), str(regions)]
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        sys.exit(done.stderr)
    return dict(json.loads(done.stdout))


def bare(port: int, authority: Path) -> float:
    """Return how long an answer takes over a connection that is open: the median of 25."""
    context = ssl.create_default_context(cafile=str(authority))
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=context)
    times = []
    for _ in range(25):
        began = time.perf_counter()
        connection.request("POST", "/", b"{}", {"Authorization": "/us-east-2/codecommit/"})
        connection.getresponse().read()
        times.append(time.perf_counter() - began)
    return median(times)


def certified(folder: Path) -> Path:
    """Write server.pem, and ca.pem with its authority among all that this machine trusts; return the latter's path."""
    import trustme

    authority = trustme.CA()
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    bundle = Path(ssl.get_default_verify_paths().openssl_cafile)
    if bundle.is_file():  # as big as the one that botocore reads
        (folder / "ca.pem").write_bytes((folder / "ca.pem").read_bytes() + bundle.read_bytes())
    return folder / "ca.pem"


def main() -> int:
    """Measure, print the figures; exit 1 when a bound is broken."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        authority = certified(folder)
        home(folder)
        server = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(DELAY_S), str(folder / "server.pem")], stdout=subprocess.PIPE, text=True
        )
        try:
            assert server.stdout
            port = int(server.stdout.readline())
            kept = {k: v for k, v in os.environ.items() if not k.startswith("AWS_") and "proxy" not in k.lower()}
            env = {
                **kept, "HOME": str(folder), "PYTHONPATH": str(ROOT), "AWS_CA_BUNDLE": str(authority),
                "AWS_ENDPOINT_URL_CODECOMMIT": f"https://127.0.0.1:{port}", "AWS_EC2_METADATA_DISABLED": "true",
            }  # fmt: skip
            answer = bare(port, authority)
            single = max(ask(env, 1, 1)["took"] for _ in range(rounds))
            runs = [ask(env, PROFILES, REGIONS) for _ in range(rounds)]
        finally:
            server.kill()
            server.wait()
    took, mib = min(run["took"] for run in runs), max(run["mib"] for run in runs)
    waits = ceil(PROFILES * REGIONS / AT_ONCE) * answer
    bound = 3 * single + waits
    print(f"one answer, cold     {single:6.2f} s   over an open connection {answer * 1000:.1f} ms")
    print(
        f"{PROFILES} profiles × {REGIONS} regions {took:4.2f} s   bound {bound:.2f} s = 3 × {single:.2f} + {waits:.2f}"
    )
    print(f"ratio                {took / bound:6.2f}")
    print(f"memory               {mib:6.1f} MiB  bound {LIMIT_MIB}")
    print(f"found by             {int(runs[0]['found'])} of {PROFILES} profiles")
    return 0 if took <= bound and mib <= LIMIT_MIB and runs[0]["found"] == PROFILES else 1


if __name__ == "__main__":
    started = time.perf_counter()
    sys.exit(main())
