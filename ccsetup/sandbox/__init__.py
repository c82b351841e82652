"""A simulated AWS on this computer, on 127.0.0.1 only: STS, IAM, Identity Center, CodeCommit and git over HTTPS.

Only `ccsetup demo` and the tests use it. Not here: the calls that it answers (`aws`, `git`).
"""

from ccsetup.sandbox.server import Sandbox
from ccsetup.sandbox.state import State

__all__ = ["Sandbox", "State"]
