"""An AWS on this machine, on 127.0.0.1 only: STS, IAM, Identity Center, CodeCommit and git over https."""

from ccsetup.sandbox.server import Sandbox
from ccsetup.sandbox.state import State

__all__ = ["Sandbox", "State"]
