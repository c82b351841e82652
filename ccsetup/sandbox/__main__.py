"""Serves the example's AWS until interrupted, and prints the environment variables that point to it."""

from __future__ import annotations

import argparse
import shlex
import threading
from pathlib import Path

from ccsetup.sandbox import Sandbox, demo_data
from ccsetup.sandbox.demo_data import MARIA


def main() -> None:
    """Read the arguments, and serve until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m ccsetup.sandbox", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="folder for the repositories and the certificate")
    parser.add_argument("--auto-approve", action="store_true", help="approve every sign-in immediately")
    parser.add_argument("--partition", choices=demo_data.PLACES, default="aws", help="the partition of AWS to act as")
    parser.add_argument("--proxy", action="store_true", help="act as a proxy for AWS's hosts, each region on its own")
    parser.add_argument(
        "--delay", type=float, default=0, metavar="MS", help="milliseconds that every answer takes longer"
    )
    given = parser.parse_args()
    state = demo_data.example(partition=given.partition)
    state.center.auto_approve, state.delay_s = given.auto_approve, given.delay / 1000
    with Sandbox.start(given.folder, state=state) as sandbox:
        for name, value in (sandbox.proxy_environment() if given.proxy else sandbox.environment()).items():
            print(f"export {name}={shlex.quote(value)}")
        keys, device = state.user_keys(MARIA), state.device(MARIA)
        print(f"# maria's access key: {keys.access_key_id} {keys.secret_access_key}")
        print(f"# maria's MFA device: {device.serial}, secret {device.seed}")
        place = demo_data.PLACES[given.partition]
        print(f"# sign-in: {place.start_url} in {place.sso_region}, page {sandbox.url}/device", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("# stopped")


if __name__ == "__main__":
    main()
