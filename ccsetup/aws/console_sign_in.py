"""Signs in with AWS console credentials, as `aws login` does: with the AWS CLI if it can, else with botocore[crt]."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import textwrap
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, quote, urlencode

from ccsetup.aws.external_programs import AwsCli
from ccsetup.aws.sso.client import IdentityCenter, Refused, is_sign_in_page
from ccsetup.core import aws_login, clock, limits, plain_file, session_caches, web_token
from ccsetup.core.arn import account_in
from ccsetup.core.context import Prompt, Start
from ccsetup.core.errors import BadAnswer, Cancelled, Problem
from ccsetup.core.model import Asked, Back, Edit, Keys, Secret

if TYPE_CHECKING:
    from ccsetup.aws.sso.callback_page import Callback

_CLIENT = "arn:aws:signin:::devtools/{}-device"  # the clients that AWS has registered for command line tools
_TOKEN = "/v1/token"  # noqa: S105 — not a password
_DPOP = "before-call.signin.CreateOAuth2Token"


class Saved(NamedTuple):
    """A sign-in: who signed in (the profile's login_session), and the text of its file in the cache."""

    session: str
    text: str


class ConsoleSignIn:
    """A user's sign-ins with console credentials in this run. It writes nothing; `pending` returns what to write.

    The arguments are those of the sign-in to IAM Identity Center.
    """

    def __init__(
        self,
        env: Mapping[str, str],
        home: Path,
        now: Callable[[], datetime],
        *,
        show: Callable[[str, str], None],
        note: Callable[[str], None],
        busy: Callable[..., AbstractContextManager[object]] = lambda text, lasts_s: nullcontext(),
        open_browser: Callable[[str], bool] | None = None,
        device_code: bool = False,
        no_browser: bool = False,
        patience_s: float = limits.SIGN_IN_S,
    ) -> None:
        self._env, self._home, self._now = env, home, now
        self._show, self._note, self._busy, self._open_browser = show, note, busy, open_browser
        self._device_code, self._no_browser, self._patience_s = device_code, no_browser, patience_s
        self._service = IdentityCenter(env, home)
        self._made: dict[str, str] = {}

    def sign_in(self, profile: str, start: Start, prompt: Prompt | None, expected: str = "", account: str = "") -> str:
        """Have the user sign in, and return the ARN of who signed in: the profile's login_session.

        Only the region and the endpoint settings of `start` are used. Raises Problem if who signed in isn't the
        `expected` ARN, or not in the `account`; nothing is kept then.
        """
        saved = self._signed_in(profile, start, prompt)
        found = account_in(saved.session)
        if not found:
            raise Problem("AWS didn't say who signed in.", next=_TRY, code=_CODE)
        if (expected and saved.session != expected) or (account and found != account):
            wanted = expected or f"account {account}"
            raise Problem(
                f"You signed in as {saved.session}, not as {wanted}.",
                next="Sign out of the AWS console in your browser, or choose the other session there. Then try again.",
                code="access.account" if account and found != account else "access.identity",
            )
        self._made[saved.session] = saved.text
        return saved.session

    def keys(self, session: str) -> Keys | None:
        """Return the credentials of a sign-in of this run, None if there is none."""
        if session not in self._made:
            return None
        access = json.loads(self._made[session])["accessToken"]
        token = Secret(access["sessionToken"])
        return Keys(access["accessKeyId"], Secret(access["secretAccessKey"]), token, clock.read(access["expiresAt"]))

    def pending(self) -> Sequence[Edit]:
        """Return the cache files to write for this run's sign-ins."""
        return tuple(Edit(path, _text_at(path), text) for path, text in self._files())

    def _files(self) -> Iterator[tuple[Path, str]]:
        named = os.path.expandvars(session_caches.console_folder(self._env))
        folder = self._home / ".aws" / Path(named).expanduser()
        for session, text in self._made.items():
            yield folder / session_caches.console_file(session), text

    def _signed_in(self, profile: str, start: Start, prompt: Prompt | None) -> Saved:
        cli = AwsCli(self._env)
        version = cli.version()
        elsewhere = self._why_elsewhere()
        if elsewhere and prompt is None:
            raise Problem(
                f"Signing in with console credentials requires a terminal here, because {elsewhere}.",
                why="You have to enter the code that the browser shows on another computer.",
                next=f"Run in a terminal: {aws_login.renew(profile)}",
                code=_CODE,
            )
        if version and not aws_login.is_too_old(version) and prompt is not None and not self._open_browser:
            self._note(f"Running: {aws_login.shown(aws_login.sign_in(profile, start.region, bool(elsewhere)))}")
            return Saved(*cli.login(profile, start.region, remote=bool(elsewhere)))
        if not AwsCli.needed():
            return self._by_botocore(start, elsewhere, prompt)
        raise aws_login.unreadable(profile, version or (() if cli.is_there() else None))

    def _why_elsewhere(self) -> str:
        """Return why the user has to sign in on another computer, "" if this one has a browser."""
        from ccsetup.aws.sso.browser import why_none

        if self._open_browser:
            return ""
        if self._device_code:
            return "you passed --device-code"
        return why_none(self._env)

    def _by_botocore(self, start: Start, elsewhere: str, prompt: Prompt | None) -> Saved:
        from awscrt.crypto import EC, ECExportFormat, ECType

        key, verifier = EC.new_generate(ECType.P_256), secrets.token_urlsafe(48)
        base = self._service.ask("signin", start, _base)
        client = _CLIENT.format("cross" if elsewhere else "same")
        code, redirect = self._approved(base, client, verifier, elsewhere, prompt)
        given = {"clientId": client, "grantType": "authorization_code", "code": code.reveal()}
        given |= {"codeVerifier": verifier, "redirectUri": redirect}
        try:
            told = self._service.ask("signin", start, lambda it: _exchanged(it, given, key))
        except Refused as refused:
            raise _in_words(refused.code) from None
        session = str((web_token.claims(told["idToken"]) or {}).get("sub") or "")
        ends = self._now() + timedelta(seconds=told["expiresIn"])
        pem = "\n".join(textwrap.wrap(base64.b64encode(key.export_key(ECExportFormat.SEC1)).decode(), 64))
        access = {**told["accessToken"], "accountId": account_in(session), "expiresAt": clock.written(ends)}
        text = {
            "accessToken": access,
            "tokenType": told["tokenType"],
            "clientId": client,
            "refreshToken": told["refreshToken"],
            "idToken": told["idToken"],
            "dpopKey": f"-----BEGIN EC PRIVATE KEY-----\n{pem}\n-----END EC PRIVATE KEY-----\n",
        }
        return Saved(session, json.dumps(text))

    def _approved(
        self, base: str, client: str, verifier: str, elsewhere: str, prompt: Prompt | None
    ) -> tuple[Secret, str]:
        """Have the user approve the sign-in, and return the authorization code and the address it belongs to."""
        state = str(uuid.uuid4())
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")

        def page(redirect: str) -> str:
            query = {"response_type": "code", "client_id": client, "state": state, "code_challenge_method": "SHA-256"}
            query |= {"scope": "openid", "redirect_uri": redirect, "code_challenge": challenge}
            return self._checked(f"{base}/v1/authorize?{urlencode(query, quote_via=quote)}")

        if elsewhere:
            assert prompt is not None  # noqa: S101 — checked before
            redirect = f"{base}/v1/sessions/confirmation"
            self._note(f"Signing in with a code because {elsewhere}.")
            self._show("Open this page in any browser and sign in. It shows a code to enter here:", page(redirect))
            return _entered(prompt, state), redirect
        from ccsetup.aws.sso.callback_page import Listener  # brings a web server

        with Listener(state) as listener:
            address = page(listener.redirect_uri)
            self._show("Open this page in a browser on this computer and sign in to the AWS console:", address)
            with self._visited(address):
                back = listener.wait(self._patience_s)
        return _code_in(back, self._patience_s), listener.redirect_uri

    @contextmanager
    def _visited(self, address: str) -> Iterator[None]:
        from ccsetup.aws.sso.browser import open_page, visited

        opens = self._open_browser or open_page
        alone = self._no_browser and not self._open_browser
        opened = nullcontext() if alone else visited(address, opens, self._note)
        with self._busy("Waiting for you to sign in", self._patience_s), opened:
            yield

    def _checked(self, address: str) -> str:
        """Return the page if the user may be sent there. Raises Problem otherwise."""
        if not is_sign_in_page(address, self._env.get("AWS_ENDPOINT_URL_SIGNIN", "")):
            raise Problem(
                "Sign-in stopped because the page isn't on an AWS host.",
                next="Check AWS_ENDPOINT_URL_SIGNIN and the region.",
                code="region.invalid",
            )
        return address


def _base(client: Any) -> str:
    """Return the address of the region's sign-in service, which the SDK tells only when it calls it."""
    found: list[str] = []

    def stop(params: Mapping[str, Any], **_: Any) -> tuple[Any, dict[str, Any]]:
        found.append(params["url"])
        return SimpleNamespace(status_code=200), {}

    client.meta.events.register_first(_DPOP, stop)
    try:
        client.create_o_auth2_token(tokenInput={"clientId": " ", "grantType": " "})
    finally:
        client.meta.events.unregister(_DPOP, stop)
    return found[0].removesuffix(_TOKEN)


def _exchanged(client: Any, given: Mapping[str, str], key: Any) -> Mapping[str, Any]:
    """Exchange an authorization code for temporary credentials, with a proof of the key. Raises Refused."""
    from botocore import credentials
    from botocore.exceptions import ClientError

    proof: Any = vars(credentials)["_build_add_dpop_header_handler"](key)
    client.meta.events.register(_DPOP, proof)
    try:
        found: Mapping[str, Any] = client.create_o_auth2_token(tokenInput=dict(given))["tokenOutput"]
        return found
    except ClientError as error:
        answer: Mapping[str, Any] = error.response
        if answer.get("error"):
            raise Refused(str(answer["error"])) from None
        raise
    finally:
        client.meta.events.unregister(_DPOP, proof)


def _entered(prompt: Prompt, state: str) -> Secret:
    """Ask for the code that the page shows: the state and the authorization code, in base64."""

    def read(text: str) -> str:
        try:
            fields = parse_qs(base64.b64decode("".join(text.split()), validate=True).decode("ascii"))
            code, of = fields["code"][0], fields["state"][0]
        except (ValueError, LookupError):
            raise BadAnswer("That's not the code. Copy the whole authorization code from the page.") from None
        if of != state:
            raise BadAnswer("That code belongs to another sign-in. Open the page above, and enter its code.")
        return code

    asked = Asked("authorization_code", "Authorization code", "secret", parse=read, can_go_back=False)
    answer = prompt.ask(asked._replace(help="The code that the page shows after you sign in."))
    if isinstance(answer, Back):
        raise Cancelled
    return answer if isinstance(answer, Secret) else Secret(answer)


def _code_in(back: Callback | None, patience_s: float) -> Secret:
    if back is None:
        raise Problem(f"The sign-in wasn't completed within {patience_s / 60:.0f} minutes.", next=_TRY, code=_CODE)
    if back.error:
        raise _in_words(back.error)
    return back.code


def _in_words(code: str) -> Problem:
    """Return the Problem for a refusal of the sign-in service."""
    if code == "INSUFFICIENT_PERMISSIONS":
        return Problem(
            "Your console user or role isn't allowed to sign in for command line tools.",
            next="Ask your administrator to attach the AWS managed policy SignInLocalDevelopmentAccess.",
            code="access.identity",
        )
    what = {
        "access_denied": "The sign-in was denied in the browser.",
        "AUTHCODE_EXPIRED": "The authorization code expired before it was used.",
    }.get(code, "AWS rejected the sign-in.")
    return Problem(what, next=_TRY, code=_CODE)


def _text_at(path: Path) -> str | None:
    try:
        return plain_file.content(str(path), plain_file.SMALL).decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return None


_CODE = "keys.expired"
_TRY = "Try signing in again."
