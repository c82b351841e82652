"""Routes requests: finds the service, checks the signature, calls the service and writes the log."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from urllib.parse import unquote

from ccsetup.core import regions
from ccsetup.sandbox import (
    codecommit,
    console_sign_in,
    git_http,
    hosts,
    iam,
    instance_metadata,
    sign_in_pages,
    sigv4,
    sso_oidc,
    sso_portal,
    start_pages,
    sts,
)
from ccsetup.sandbox.http import Refusal, Request, Response, json_answer, json_refusal, xml_answer, xml_refusal
from ccsetup.sandbox.repositories import Repositories
from ccsetup.sandbox.resources import Caller
from ccsetup.sandbox.state import Entry, State

_JSON = "application/x-amz-json-1.1"
_JSON_CODES = {
    "SignatureDoesNotMatch": ("InvalidSignatureException", 400),
    "InvalidClientTokenId": ("UnrecognizedClientException", 400),
    "ExpiredToken": ("ExpiredTokenException", 400),
    "MissingAuthenticationToken": ("MissingAuthenticationTokenException", 400),
    "IncompleteSignature": ("IncompleteSignatureException", 400),
}


class Desk:
    """Answers every request except git's."""

    def __init__(self, state: State, disk: Repositories) -> None:
        self._state = state
        self._disk = disk
        self.url = ""

    def answer(self, request: Request) -> Response:
        """Answer one request. A Refusal becomes the response that AWS would send."""
        time.sleep(self._state.delay_s)
        if request.place is not None:
            region, where = request.place.region or None, request.where
        else:
            region, where = _region_of(request.where)
        if request.place is not None and request.place.service == "portal":
            return start_pages.answer(self._state, request, request.place)
        if "x-amz-target" in request.headers:
            return self._json(request)
        if request.method == "POST" and where == "/":
            return self._query(request)
        if instance_metadata.is_for_machine(where):
            return instance_metadata.answer(self._state, request, where)
        if where in sso_oidc.PATHS:
            return self._center(sso_oidc.PATHS[where], "sso-oidc", region, request, sso_oidc.answer, sso_oidc.refusal)
        if where in sso_portal.PATHS:
            return self._center(sso_portal.PATHS[where], "sso", region, request, sso_portal.answer, sso_portal.refusal)
        if where == console_sign_in.TOKEN_PATH:
            return self._console(region, request)
        if where in console_sign_in.PATHS:
            return console_sign_in.answer_page(self._state, request, where, self._base(region, request))
        return sign_in_pages.answer(self._state, request, where, self._base(region, request), region)

    def reached(self, host: str, place: hosts.Place | None) -> None:
        """Log that the proxy was asked for a host."""
        region = place.region if place else ""
        self._state.note(Entry("host", host, region, "", "ok" if place else "NoSuchHost"))

    def admit_git(self, request: Request) -> git_http.Visit:
        """Admit a git request or raise Refusal. Both are logged."""
        time.sleep(self._state.delay_s)
        action, who = git_http.wanted(request), self._git_user(request)
        planned = self._state.planned(action)
        try:
            if planned is not None:
                raise planned
            visit = git_http.admit(self._state, request)
            if request.place is not None and request.place.region != visit.repository.region:
                raise Refusal("SignatureDoesNotMatch", "", 403)
        except Refusal as refusal:
            self._state.note(Entry("git", action, "", who, refusal.code))
            raise
        self._state.note(Entry("git", action, visit.repository.region, who, "ok"))
        return visit

    def _git_user(self, request: Request) -> str:
        try:
            user, _ = git_http.basic(request.headers.get("authorization", ""))
        except Refusal:
            return ""
        keys = self._state.keys.get(unquote(user).partition("%")[0])
        return keys.caller.arn if keys else ""

    def _json(self, request: Request) -> Response:
        """Answer for CodeCommit and KMS, which use the same protocol."""
        target, _, operation = request.headers["x-amz-target"].rpartition(".")
        service = "kms" if target == codecommit.TARGET else "codecommit"
        region, who, outcome = "", "", "ok"
        try:
            claim, caller = self._signed(request, operation, 5)
            region, who = claim.region, caller.arn
            if service == "kms":
                found = codecommit.answer_kms(self._state, caller, region, request.document, operation)
            else:
                call = codecommit.Call(self._state, self._disk, caller, region, request.document)
                found = codecommit.answer(call, operation)
            response = json_answer(found, _JSON)
        except Refusal as refusal:
            code, status = _JSON_CODES.get(refusal.code, (refusal.code, refusal.status))
            outcome, response = code, json_refusal(Refusal(code, refusal.text, status), _JSON)
        self._state.note(Entry(service, operation, region, who, outcome))
        return response

    def _query(self, request: Request) -> Response:
        given = request.form
        operation = given.get("Action", "")
        service = "iam" if given.get("Version") == "2010-05-08" else "sts"
        namespace = iam.NAMESPACE if service == "iam" else sts.NAMESPACE
        region, who, outcome = "", "", "ok"
        try:
            caller: Caller | None = None
            if service == "sts" and operation in sts.UNSIGNED:
                self._planned(operation)
            else:
                claim, caller = self._signed(request, operation, 15)
                region, who = claim.region, caller.arn
            with self._state.lock:
                if service == "iam" and caller is not None:
                    result = iam.answer(self._state, caller, given, operation)
                else:
                    result = sts.answer(sts.Call(self._state, caller, given), operation)
            response = xml_answer(operation, namespace, result)
        except Refusal as refusal:
            outcome, response = refusal.code, xml_refusal(refusal, namespace)
        self._state.note(Entry(service, operation, region, who, outcome))
        return response

    def _center(
        self,
        operation: str,
        service: str,
        region: str | None,
        request: Request,
        answer: Callable[[State, Request, str, str | None, str], Response],
        refused: Callable[[Refusal], Response],
    ) -> Response:
        outcome = "ok"
        try:
            self._planned(operation)
            response = answer(self._state, request, operation, region, self._base(region, request))
        except Refusal as refusal:
            outcome, response = refusal.code, refused(refusal)
        self._state.note(Entry(service, operation, region or "", "", outcome))
        return response

    def _console(self, region: str | None, request: Request) -> Response:
        operation, outcome = "CreateOAuth2Token", "ok"
        try:
            self._planned(operation)
            response = console_sign_in.answer_token(self._state, request, self._base(region, request))
        except Refusal as refused:
            outcome, response = refused.text or refused.code, console_sign_in.refusal(refused)
        self._state.note(Entry("signin", operation, region or "", "", outcome))
        return response

    def _signed(self, request: Request, operation: str, tolerance_min: int) -> tuple[sigv4.Claim, Caller]:
        """Return who signed a request. Raises Refusal in the format of the query protocol."""
        self._planned(operation)
        claim = sigv4.read_claim(request)
        if regions.is_region(claim.region) and regions.partition_of(claim.region) != self._state.partition:
            raise Refusal("InvalidClientTokenId", "The security token included in the request is invalid.", 403)
        if request.place is not None and request.place.region != claim.region:
            text = f"Credential should be scoped to a valid region, not '{claim.region}'."
            raise Refusal("SignatureDoesNotMatch", text, 403)
        keys = self._state.keys.get(claim.key)
        if keys is None:
            raise Refusal("InvalidClientTokenId", "The security token included in the request is invalid.", 403)
        if keys.session_token != claim.token:
            raise Refusal("InvalidClientTokenId", "The security token included in the request is invalid", 403)
        sigv4.check(request, claim, keys.secret_access_key, self._state.now(), tolerance_min)
        if keys.expires is not None and keys.expires <= self._state.now():
            raise Refusal("ExpiredToken", "The security token included in the request is expired", 403)
        return claim, keys.caller

    def _planned(self, operation: str) -> None:
        planned = self._state.planned(operation)
        if planned is not None:
            raise planned

    def _base(self, region: str | None, request: Request) -> str:
        if request.place is not None:
            return request.place.sign_in_pages
        return f"{self.url}/at/{region}" if region else self.url


def _region_of(where: str) -> tuple[str | None, str]:
    """Split /at/REGION off a path: the region of a sign-in, None for any."""
    found = re.fullmatch(r"/at/([a-z0-9-]+)(/.*)?", where)
    return (found[1], found[2] or "/") if found else (None, where)
