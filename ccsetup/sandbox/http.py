"""HTTP requests, responses, and errors in AWS's formats."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

from ccsetup.sandbox.hosts import Place


@dataclass(frozen=True)
class Request:
    """One HTTP request: path and query as received, header names in lower case, and the whole body.

    `place` is the AWS host that it was sent to through the proxy, None if it was sent to the sandbox's own address.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""
    place: Place | None = None

    @property
    def form(self) -> dict[str, str]:
        """Return the fields of a form body, the format of STS's and IAM's query protocol."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    @property
    def arguments(self) -> dict[str, str]:
        """Return the decoded query string."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @property
    def document(self) -> dict[str, Any]:
        """Return the JSON body. Raises Refusal if it isn't a JSON object."""
        try:
            read = json.loads(self.body or b"{}")
        except ValueError:
            read = None
        if not isinstance(read, dict):
            raise Refusal("SerializationException", "Start of structure or map found where not expected.")
        return read

    @property
    def where(self) -> str:
        """Return the decoded path."""
        return unquote(self.path)


@dataclass(frozen=True)
class Response:
    """One HTTP response."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """An error from AWS: the error code, the message, and the HTTP status."""

    def __init__(self, code: str, text: str = "", status: int = 400) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
        self.status = status


def request_id() -> str:
    """Return a new request ID."""
    return str(uuid.uuid4())


def xml_answer(operation: str, namespace: str, result: Mapping[str, Any] | None) -> Response:
    """Render a result in the query protocol's XML. None is for operations without a result element."""
    identity = request_id()
    inner = "" if result is None else f"<{operation}Result>{_xml(result)}</{operation}Result>"
    text = (
        f'<{operation}Response xmlns="{namespace}">{inner}'
        f"<ResponseMetadata><RequestId>{identity}</RequestId></ResponseMetadata></{operation}Response>"
    )
    return Response(200, text.encode(), {"Content-Type": "text/xml", "x-amzn-RequestId": identity})


def xml_refusal(refusal: Refusal, namespace: str) -> Response:
    """Render an error in the query protocol's XML."""
    identity = request_id()
    blame = "Sender" if refusal.status < 500 else "Receiver"
    text = (
        f'<ErrorResponse xmlns="{namespace}"><Error><Type>{blame}</Type><Code>{_text(refusal.code)}</Code>'
        f"<Message>{_text(refusal.text)}</Message></Error><RequestId>{identity}</RequestId></ErrorResponse>"
    )
    return Response(refusal.status, text.encode(), {"Content-Type": "text/xml", "x-amzn-RequestId": identity})


def json_answer(document: Mapping[str, Any], kind: str = "application/json", status: int = 200) -> Response:
    """Render a JSON document. Datetimes become seconds since the epoch."""
    body = json.dumps(document, default=_moment).encode()
    return Response(status, body, {"Content-Type": kind, "x-amzn-RequestId": request_id()})


def json_refusal(refusal: Refusal, kind: str = "application/x-amz-json-1.1") -> Response:
    """Render an error in the JSON protocol. The authorization layer writes `Message`, the services write `message`."""
    key = "Message" if refusal.code == "AccessDeniedException" else "message"
    answer = json_answer({"__type": refusal.code, key: refusal.text}, kind, refusal.status)
    return Response(answer.status, answer.body, {**answer.headers, "x-amzn-ErrorType": refusal.code})


def _text(text: str) -> str:
    """Escape a text. Characters that XML doesn't allow become question marks."""
    return escape(re.sub("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "?", text))


def _moment(value: object) -> float:
    if isinstance(value, datetime):
        return round(value.timestamp(), 3)
    raise TypeError(f"no JSON form for {type(value).__name__}")


def _xml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "".join(f"<{name}>{_xml(inner)}</{name}>" for name, inner in value.items() if inner is not None)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "".join(f"<member>{_xml(inner)}</member>" for inner in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return _text(str(value))
