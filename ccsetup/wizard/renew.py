"""Renews a profile with a sign-in, an MFA code, an assertion or new keys. Writes only credentials and their expiry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ccsetup import access
from ccsetup.access.questions import fixed
from ccsetup.awsfiles import edit as editing
from ccsetup.awsfiles import plan, removals
from ccsetup.core import clock, profile_partition, regions, sso_session
from ccsetup.core.arn import account_in
from ccsetup.core.clock import RECORDED
from ccsetup.core.command_line import quote
from ccsetup.core.context import AwsTexts, Context, Start, start_of
from ccsetup.core.errors import Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import Answers, Expected, FileName, Identity, Plan, Receipt, Section, Value, Who
from ccsetup.core.profile_chain import first, holder, names_program, sources
from ccsetup.core.profile_kind import STATIC, has_credentials, is_temporary
from ccsetup.core.program_keys import not_run
from ccsetup.core.question import Access, Question
from ccsetup.core.result import briefly_told
from ccsetup.wizard import apply, profile_list, verify
from ccsetup.wizard.engine import Walk
from ccsetup.wizard.options import Options, looking
from ccsetup.wizard.saved_sign_ins import keep_sign_ins
from ccsetup.wizard.verify import Kept

HELD = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token")
ENDS = RECORDED[0]


@dataclass(frozen=True)
class Renewed:
    """The result for one profile: when it expires ("" if unknown), its identity, and what was written."""

    profile: str
    kind: str = ""
    expires_at: str = ""
    identity: Identity | None = None
    edits: Sequence[Mapping[str, Any]] = ()
    backups: Sequence[Path] = ()
    problems: tuple[Problem, ...] = ()

    def document(self) -> dict[str, Any]:
        """Return the result as JSON. Missing parts are null."""
        who = self.identity
        return {
            "ok": not self.problems,
            "profile": self.profile,
            "kind": self.kind or None,
            "expires_at": self.expires_at or None,
            "identity": who and {"account_id": who.account_id, "arn": who.arn},
            "edits": list(self.edits),
            "backups": [str(path) for path in self.backups],
            "problems": [briefly_told(problem) for problem in self.problems],
        }


@dataclass
class Renewals:
    """Renews profiles one after another. A source that several of them share is renewed once.

    `given` are the answers that were given with the command, for example an MFA code.
    """

    context: Context
    given: Mapping[str, Value]
    _begun: set[Start] = field(default_factory=set)
    _done: dict[str, Renewed] = field(default_factory=dict)
    _chosen: set[str] = field(default_factory=set)
    _consoles: set[str] = field(default_factory=set)

    def look(self) -> Look:
        """Return the current lookups."""
        return looking(self.context, Options(self.given))

    def of(self, name: str, chosen: bool = False) -> Renewed:
        """Renew a profile and check its identity. Its program runs only if the user has `chosen` the profile.

        Raises Problem after undoing all changes.
        """
        if chosen:
            self._chosen.add(name)
        if name not in self._done:
            try:
                self._done[name] = self._renewed(name)
            except Problem as refused:
                refused.profile = refused.profile or name
                raise
        return self._done[name]

    def _renewed(self, name: str) -> Renewed:
        look = self.look()
        there = look.profiles.get(name, {})
        if runs(name, look.profiles) and name not in self._chosen:
            raise not_run(name, f"ccsetup login {quote(name)}")
        kind = access.owner(there)
        if lost_keys(name, look.profiles):
            kind = access.of("keys")
            self.context.screen.note(f"{name} has no complete access key. Enter a new one.")
        if kind is None:
            raise self._fault_of_program(name, there) or _without(name, there)
        if kind.name == "sso":
            if found := sso_session.fault(there, look.sessions):
                repair = f"Repair the profile: ccsetup doctor {quote(name)} --fix"
                raise Problem(f"{name} can't sign in. {found[1]}", next=repair, code=found[0])
            try:
                self._sign_in(start_of(there, look.sessions), there)
            except Problem as refused:
                raise self._of_start(name, start_of(there, look.sessions), refused) from None
            return self._proven(Renewed(name, kind.name), _expected(kind, name, there))
        if kind.name == "console":
            return self._by_console(name, kind, there)
        if kind.name == "role" and "mfa_serial" not in there:
            return self._by_source(name, kind, there, look)
        if kind.name in ("machine", "existing"):
            self.context.screen.note(
                f"{name} has nothing to renew. AWS SDKs get its credentials from this instance or container."
            )
            return self._proven(Renewed(name, kind.name), _expected(kind, name, there))
        if kind.name == "role":
            if "source_profile" not in there:
                raise _without(name, there)
            self._source_first(there["source_profile"], look, name in self._chosen)
            look = self.look()
        return self._asked(name, kind, there, look)

    def _who(self, name: str) -> Who:
        look = self.look()
        region = look.profiles.get(name, {}).get("region")
        region = region or profile_partition.region_of(look.profiles, look.sessions, name)
        return Who(name, region, chosen=name in self._chosen)

    def _sign_in(self, start: Start, there: Mapping[str, str]) -> None:
        """Sign in, once for all profiles of a session, and check that the portal accepts the sign-in."""
        screen, signin = self.context.screen, self.context.signin
        if start in self._begun:
            return
        signin.anew(start)
        keep_sign_ins(self.context)  # also if the role is refused
        signin.keys(start, there.get("sso_account_id", ""), there.get("sso_role_name", ""))
        keep_sign_ins(self.context)
        self._begun.add(start)
        until = signin.until(start)
        screen.done(
            "signed in", start.session or start.url, f"until {clock.local(until, self.context.now())}" if until else ""
        )

    def _of_start(self, name: str, start: Start, refused: Problem) -> Problem:
        """Return the refusal of a sign-in with the command that changes the start URL, or the region if it is known."""
        if refused.code == "sso.url" and regions.is_region(start.region):
            change = f"ccsetup setup --profile {quote(name)}"
            refused.next = f"To enter the right URL and region: {change}"
            if region := self.context.signin.search(start):
                refused.why = f"The start URL belongs to the Identity Center in {region}."
                refused.next = f"Use that region: {change} --sso-region {region}"
        return refused

    def _by_source(self, name: str, kind: Access, there: Mapping[str, str], look: Look) -> Renewed:
        """Renew the source of a role if it expires, or if new access keys were given or are needed for it."""
        source, chosen = there.get("source_profile", ""), name in self._chosen
        done = Renewed(name, kind.name)
        if source != name and renewable(source, look.profiles):
            self.of(source, chosen)
            return self._proven(done, _expected(kind, name, there))
        first = holder(look.profiles, name)
        if "access_key_id" in self.given and first != name:
            self.of(first, chosen)
            return self._proven(done, _expected(kind, name, there))
        self.context.screen.note(f"{name} has nothing to renew. Its role is assumed each time you use the profile.")
        try:
            return self._proven(done, _expected(kind, name, there))
        except Problem as refused:
            if self.context.prompt is None or first == name or not _is_of_keys(refused, first, look.profiles):
                raise
            self.context.screen.problem(refused)
        self.of(first, chosen)
        return self._proven(done, _expected(kind, name, there))

    def _by_console(self, name: str, kind: Access, there: Mapping[str, str]) -> Renewed:
        """Have the user sign in to the AWS console as before, once for all profiles with this sign-in."""
        session = there["login_session"]
        if session not in self._consoles:
            start = start_of(there, {})._replace(region=self._who(name).region)
            self.context.aws.console_sign_in(name, start, self.context.prompt, session, account_in(session))
            verify.keep_console_sign_in(self.context)
            self._consoles.add(session)
        return self._proven(Renewed(name, kind.name), _expected(kind, name, there))

    def _source_first(self, source: str, look: Look, chosen: bool) -> None:
        """Renew the source of a role that requires MFA, if it has expired."""
        found, _ = profile_list.all_of(self.context, self.context.files.read())
        ended = any(it.name == source and it.usable is False for it in found)
        if ended and renewable(source, look.profiles):
            self.of(source, chosen)

    def _asked(self, name: str, kind: Access, there: Mapping[str, str], look: Look) -> Renewed:
        """Ask for what the kind needs, get new credentials, write them, and check the identity."""
        before = self._account_before(name, kind, there)
        known = _answers(kind, name, there)
        walk = Walk(
            lambda answers: tuple(_about(question, name) for question in _questions(kind)),
            look,
            given={**{key: known[key] for key in known if key not in ("mfa_code",)}, **self.given},
            prompt=self.context.prompt,
            say=self.context.screen.note,
        )
        source = there.get("ccsetup_source_profile", "")
        try:
            answers = walk.run().answers
            made = access.sections_of(answers, look) if kind.obtain else ()
        except Problem as refused:
            if self.context.prompt is None or source in self._done or not _is_of_keys(refused, source, look.profiles):
                raise
            self.context.screen.problem(refused)
            self.of(source, name in self._chosen)
            return self._asked(name, kind, there, self.look())
        texts = self.context.files.read()
        sections = _only_keys(made, name, texts) if kind.obtain else ()
        change = plan.make(name, there.get("region", ""), sections, texts)
        expected = kind.expects(answers)
        return self._written(Renewed(name, kind.name), change, expected if expected.account_id else Expected(before))

    def _account_before(self, name: str, kind: Access, there: Mapping[str, str]) -> str:
        """Return the account of the old credentials, if they still work and nothing else names the account."""
        if kind.name != "keys":
            return ""
        try:
            return self.context.aws.identity(self._who(name)).account_id
        except Problem as refused:
            if refused.is_unanswered:
                raise  # without it, credentials of another account would go unnoticed
            return ""

    def _written(self, renewed: Renewed, change: Plan, expected: Expected) -> Renewed:
        """Write and verify. Changes that fail verification are always undone."""
        context, kept = self.context, Kept(self.context)
        receipt = apply.write(context, change) if change.edits else Receipt(change, context.now())
        proven = False
        try:
            kept.store(context.aws.pending())
            identity = verify.identity(context, self._who(renewed.profile), expected)
            proven = True
        finally:
            if not proven:
                apply.put_back(context, receipt, kept)
        edits, ends = plan.summary(receipt.plan), _ends(context, renewed.profile)
        for key in (it for edit in receipt.plan.edits for it in removals.long_term(edit)):
            context.screen.note(f"Replaced the long-term access key {key}. To restore the key: ccsetup undo")
        self._tell(renewed.profile, ends)
        return replace(renewed, expires_at=ends, identity=identity, edits=edits, backups=receipt.backups)

    def _proven(self, renewed: Renewed, expected: Expected) -> Renewed:
        """Check the identity of a profile that nothing was written for."""
        identity = verify.identity(self.context, self._who(renewed.profile), expected)
        return replace(renewed, identity=identity, expires_at=_ends(self.context, renewed.profile))

    def _fault_of_program(self, name: str, there: Mapping[str, str]) -> Problem | None:
        """Return what is wrong with the program for a chosen profile's credentials, None for other profiles."""
        if name in self._chosen and "credential_process" in there:
            try:
                self.context.aws.keys(self._who(name))
            except Problem as refused:
                return refused
        return None

    def _tell(self, name: str, ends: str) -> None:
        until = f", until {clock.local(ends, self.context.now())}" if ends else ""
        self.context.screen.done("renewed", f"{name}{until}")


def runs(name: str, profiles: Mapping[str, Mapping[str, str]]) -> bool:
    """Return whether a program may have to run for a profile's credentials or for those of its source."""
    first = profiles.get(name, {}).get("ccsetup_source_profile", "")
    return names_program(profiles, name) or names_program(profiles, first)


def renewable(name: str, profiles: Mapping[str, Mapping[str, str]]) -> bool:
    """Return whether a profile expires and can be renewed, directly or through its source profile."""
    return name in all_renewable(profiles, [name])


def all_renewable(profiles: Mapping[str, Mapping[str, str]], names: Iterable[str] | None = None) -> list[str]:
    """Return which of these profiles (default: all) expire and can be renewed."""
    names = [*(profiles if names is None else names)]
    told = first(profiles, names, lambda name: _renews(profiles[name]), lambda there: there.get("source_profile", ""))
    return [name for name in names if told.get(name)]


def _renews(there: Mapping[str, str]) -> bool | None:
    """Return whether a profile with these settings can be renewed, None if its source profile decides."""
    kind = access.owner(there)
    if kind is None:
        return False
    if kind.name == "keys":
        return is_temporary(there)
    if kind.name == "role" and "mfa_serial" not in there:
        return None
    return kind.name not in ("machine", "existing")


def lost_keys(name: str, profiles: Mapping[str, Mapping[str, str]]) -> bool:
    """Return whether a profile lost access keys: half a pair is left, or nothing to assume the roles of others with."""
    there = profiles.get(name, {})
    if has_credentials(there) or "credential_source" in there:
        return False
    return bool(STATIC & there.keys()) or name in sources(profiles)


def _is_of_keys(refused: Problem, name: str, profiles: Mapping[str, Mapping[str, str]]) -> bool:
    """Return whether new access keys for the source profile `name` solve a problem of a role."""
    there = profiles.get(name, {})
    stored = (kind := access.owner(there)) is not None and kind.name == "keys"
    return (stored and refused.code in ("access.identity", "keys.expired")) or lost_keys(name, profiles)


def _answers(kind: Access, name: str, there: Mapping[str, str]) -> Answers:
    return Answers({**kind.again(name, there), "no_clone": "yes"})


def _expected(kind: Access, name: str, there: Mapping[str, str]) -> Expected:
    return kind.expects(_answers(kind, name, there))


def _questions(kind: Access) -> tuple[Question, ...]:
    """Return the questions of one kind, without those of a clone. An MFA code is always asked for."""
    own = [question._replace(known=None) if question.key == "mfa_code" else question for question in kind.questions]
    named = [Question(key, key, known=fixed("")) for key in ("kind", "profile")]
    region = [] if any(question.key == "region" for question in own) else [Question("region", "", known=fixed(""))]
    return (*named, *region, *own)


def _about(question: Question, name: str) -> Question:
    """Return a question for renewing: its advice without a terminal names `ccsetup login`."""
    return question._replace(unasked=question.unasked.replace("ccsetup setup keys", f"ccsetup login {quote(name)}"))


def _only_keys(sections: Sequence[Section], name: str, texts: AwsTexts) -> tuple[Section, ...]:
    """Return what renewing writes: the credentials and their expiry, each in the file where it is now.

    Settings that belong to the old credentials, e.g. a session token or another tool's expiry, are removed.
    """
    new = {k: v for s in sections if s.name == name for k, v in s.settings.items() if k in (*HELD, ENDS)}
    if HELD[0] not in new:
        return ()
    there: dict[FileName, dict[str, str]] = {
        "config": _settings(texts.config, "config", name),
        "credentials": _settings(texts.credentials, "credentials", name),
    }
    in_config = "aws_access_key_id" in there["config"] and "aws_access_key_id" not in there["credentials"]
    place: dict[str, FileName] = dict.fromkeys(HELD, "config" if in_config else "credentials")
    place[ENDS] = "credentials" if ENDS in there["credentials"] else "config"
    made = []
    for file in there:
        settings: dict[str, Value | None] = {k: v for k, v in new.items() if place[k] == file and v}
        gone = [k for k in there[file] if k in (*HELD, *RECORDED) and k not in settings and place.get(k, file) == file]
        if settings or gone:
            made.append(Section(file, "profile", name, {**settings, **dict.fromkeys(gone)}))
    return tuple(made)


def _settings(text: str | None, file: FileName, name: str) -> dict[str, str]:
    found = editing.read(text or "", file).find("profile", name)
    return found[-1].values if found else {}


def _ends(context: Context, name: str) -> str:
    found, _ = profile_list.all_of(context, context.files.read())
    return next((it.ends for it in found if it.name == name), "")


def _without(name: str, there: Mapping[str, str]) -> Problem:
    """Return why a profile that is none of these kinds can't be renewed here."""
    if "credential_process" in there:
        return Problem(
            f"{name} gets its credentials from a program, so ccsetup can't renew its credentials.",
            next="Sign in again with that program. It is set as credential_process in ~/.aws/config.",
            code="process.failed",
        )
    return Problem(
        f"The profile {name} has no credentials to renew.",
        next=f"Set up the profile: ccsetup setup --profile {quote(name)}",
        code="source.none",
    )
