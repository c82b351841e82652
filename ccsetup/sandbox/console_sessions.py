"""The state of sign-ins with AWS console credentials: who is at the browser, and what is in progress or renewed."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode


@dataclass(frozen=True)
class Visit:
    """A sign-in in progress. `code` is in the answer to the browser once the person has approved."""

    code: str
    client_id: str
    redirect: str
    challenge: str
    state: str
    ends: datetime
    who: str
    status: str = "pending"

    @property
    def pasted(self) -> str:
        """Return the authorization code that the page shows for another computer."""
        return base64.b64encode(urlencode({"state": self.state, "code": self.code}).encode()).decode()


@dataclass(frozen=True)
class Session:
    """A refresh token's session: who signed in, with which client and key, and until when it is renewed."""

    who: str
    client_id: str
    key: str
    ends: datetime


@dataclass
class Console:
    """The ARN of the user or role session that is signed in to the console in the browser, and its sign-ins.

    `visits` are found by their code, `sessions` by their refresh token; `proofs` are those that were used.
    """

    person: str = ""
    visits: dict[str, Visit] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    proofs: set[str] = field(default_factory=set)
