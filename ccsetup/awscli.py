"""The AWS CLI where it is installed: it alone can begin an `aws login`, and hands its credentials to others."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from importlib.util import find_spec

from ccsetup.core import executables
from ccsetup.core.errors import Problem

_PATIENCE_S = 20.0


class AwsCli:
    """Runs `aws` as it is found on the PATH of the environment."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = executables.with_sure_path(env)

    def needed(self) -> bool:
        """Say whether the sessions of `aws login` can be read through the AWS CLI only (no botocore[crt] here)."""
        return find_spec("awscrt") is None

    def version(self) -> tuple[int, ...]:
        """Return the AWS CLI's version such as (2, 32, 1); empty when there is none that answers."""
        program = self._program()
        try:
            words = [program, "--version"] if program else []
            told = subprocess.run(
                words, capture_output=True, text=True, timeout=_PATIENCE_S, env=self._env, check=False
            )
        except (OSError, ValueError, IndexError, subprocess.TimeoutExpired):
            return ()
        found = re.search(r"aws-cli/([0-9]+)\.([0-9]+)\.([0-9]+)", told.stdout + told.stderr)
        return tuple(map(int, found.groups())) if found else ()

    def login(self, profile: str) -> None:
        """Have the person sign in by `aws login`; what it prints goes to stderr. Raises Problem."""
        program = self._program()
        if not program:
            raise Problem(
                "There is no AWS CLI here to sign in with.",
                next="Install AWS CLI 2.32 or later.",
                code="process.missing",
            )
        done = subprocess.run([program, "login", "--profile", profile], stdout=2, env=self._env, check=False)
        if done.returncode:
            raise Problem(
                f"aws login did not sign {profile} in.",
                next=f"See what it says above, then try again: aws login --profile {profile}",
                code="keys.expired",
            )

    def _program(self) -> str:
        return executables.path_of("aws", self._env)
