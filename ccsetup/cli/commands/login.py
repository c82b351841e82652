"""`ccsetup login`: renews a profile's credentials. Only the credentials and their expiry change."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence

from ccsetup import access
from ccsetup.awsfiles.profile_status import Standing
from ccsetup.cli.question_flags import signing_in
from ccsetup.core import clock, missing_profile
from ccsetup.core.command_line import quote
from ccsetup.core.context import Context
from ccsetup.core.errors import BadAnswer, Cancelled, Missing, Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import Asked, Back, Choice, Value
from ccsetup.core.profile_chain import holder
from ccsetup.core.program_keys import unasked
from ccsetup.core.result import Report
from ccsetup.doctor import verdict
from ccsetup.wizard import profile_list
from ccsetup.wizard.renew import Renewals, Renewed, all_renewable, lost_keys, runs
from ccsetup.wizard.setup_flags import keys_given

ABOUT = "Sign in again, or renew a profile's credentials. Nothing else changes."
USAGE = "[PROFILE] [flags]"
EXAMPLE = "ccsetup login acme-dev"
NOTHING: Mapping[str, object] = {
    "profile": None,
    "kind": None,
    "expires_at": None,
    "identity": None,
    "edits": [],
    "backups": [],
}

_FOR = {"mfa_code": ("role", "mfa"), "saml_assertion": ("saml",), "keys": ("keys",)}


def flags(parser: ArgumentParser) -> None:
    """Add login's flags."""
    parser.add_argument(
        "profile", nargs="?", metavar="PROFILE", help="profile to renew (default: the profile of this clone)"
    )
    parser.add_argument("--all", action="store_true", help="renew every profile that can be renewed")
    parser.add_argument(
        "--mfa-code", metavar="…", help="six-digit MFA code, for example, 123456; each code works only once"
    )
    parser.add_argument(
        "--saml-assertion",
        metavar="FILE|-",
        help="file with the new assertion, or - for stdin; not the assertion itself",
    )
    parser.add_argument(
        "--keys",
        metavar="-|env",
        help="where to read access keys: - for stdin, or env for the AWS_… variables; not the access key itself",
    )
    signing_in(parser)


def main(options: Namespace, context_of: Callable[[], Context]) -> Report:
    """Renew one profile or all profiles."""
    if options.all and (options.profile or options.mfa_code or options.keys):
        raise BadAnswer("You can't use --all with a profile, --mfa-code, or --keys, which apply to a single profile.")
    context = context_of()
    renewals = Renewals(context, _given(options, context))
    look = renewals.look()
    if options.all:
        return _all(context, renewals, look, options)
    name, chosen = (options.profile, True) if options.profile else _chosen(context, look)
    if name not in look.profiles and not lost_keys(name, look.profiles):
        variable = "" if chosen else missing_profile.naming(name, look.env)
        raise _nowhere(name, look, variable, here=not chosen and not variable)
    _fit(options, name, look)
    if options.dry_run:
        return _told(context, name, look)
    return Report(renewals.of(name, chosen).document())


def _given(options: Namespace, context: Context) -> Mapping[str, Value]:
    """Return the answers given as flags."""
    given: dict[str, Value] = {key: getattr(options, key) for key in ("mfa_code", "saml_assertion")}
    found = {key: value for key, value in given.items() if value is not None}
    return {**found, **keys_given(options.keys, context)} if options.keys else found


def _fit(options: Namespace, name: str, look: Look) -> None:
    """Refuse flags that have no effect on this profile. Raises BadAnswer."""
    kind = access.of("keys") if lost_keys(name, look.profiles) else access.owner(look.profiles[name])
    for key, kinds in _FOR.items():
        if getattr(options, key) and (kind is None or kind.name not in kinds) and not _rests_on(kinds, name, look):
            raise BadAnswer(
                f"--{key.replace('_', '-')} doesn't apply to {name} (kind of access: {kind.name if kind else 'none'})."
            )


def _rests_on(kinds: Sequence[str], name: str, look: Look) -> bool:
    if "keys" in kinds and lost_keys(holder(look.profiles, name), look.profiles):
        return True
    seen: list[str] = []
    while name in look.profiles and name not in seen:
        seen.append(name)
        name = look.profiles[name].get("source_profile", "")
    return any((kind := access.owner(look.profiles[it])) and kind.name in kinds for it in seen[1:])


def _nowhere(name: str, look: Look, variable: str, here: bool) -> Problem:
    """Return the Problem for a profile that doesn't exist; `here`: the current clone uses it."""
    set_up = f"Set up the profile: ccsetup setup --profile {quote(name)}"
    if here and look.profiles:
        set_up = "Choose another profile for this clone: ccsetup doctor --fix"
    return missing_profile.problem(name, look.profiles, look.env, look.home, set_up, variable)


def _chosen(context: Context, look: Look) -> tuple[str, bool]:
    """Return this clone's profile, AWS_PROFILE's, or the one that expires first, and whether the user chose it.

    A profile that the user didn't choose is named in a note.
    """
    here = profile_list.of_this_clone(context)
    named = context.env.get("AWS_PROFILE") or context.env.get("AWS_DEFAULT_PROFILE") or ""
    for name, whose in ((here, "This clone uses the profile"), (named, "AWS_PROFILE is set to")):
        if name:
            context.screen.note(f"{whose} {name}.")
            return name, False
    found = _by_nearness(context, look)
    if not found:
        raise Problem(
            "No profile on this computer can be renewed.", next="Set up a profile: ccsetup", code="profile.missing"
        )
    if context.prompt is None or len(found) == 1:
        which = "the profile that expires first" if len(found) > 1 else "the only profile that can be renewed"
        context.screen.note(f"Signing in to {found[0].name}, {which}: {_words(context, found[0])}.")
        return found[0].name, False
    choices = tuple(Choice(it.name, it.name, f"{it.kind}, {_words(context, it)}") for it in found)
    answer = context.prompt.ask(Asked("profile", "Which profile?", "choose", choices=choices, default=found[0].name))
    if isinstance(answer, Back):
        raise Cancelled
    return str(answer), True


def _by_nearness(context: Context, look: Look) -> list[Standing]:
    """Return the profiles that can be renewed, ordered by how near their expiry is, those without one last."""
    found, _ = profile_list.all_of(context, context.files.read())
    now = context.now()

    def away(it: Standing) -> float:
        if not it.ends:
            return 1e12 if it.usable is False else 1e13
        return abs(clock.seconds_to(it.ends, now))

    can = {*all_renewable(look.profiles)}
    return sorted((it for it in found if it.name in can), key=away)


def _words(context: Context, it: Standing) -> str:
    if not it.ends:
        return it.why or "expiry unknown"
    return f"{'until' if it.usable else 'expired'} {clock.local(it.ends, context.now())}"


def _told(context: Context, name: str, look: Look) -> Report:
    kind = access.of("keys") if lost_keys(name, look.profiles) else access.owner(look.profiles[name])
    how = kind.renew if kind else "there is nothing to renew"
    context.screen.say(f" Would renew {name}: {how}.")
    return Report(Renewed(name, kind.name if kind else "").document())


def _all(context: Context, renewals: Renewals, look: Look, options: Namespace) -> Report:
    """Renew all profiles that can be renewed. Show each failure and continue with the others."""
    names, stops = all_renewable(look.profiles), verdict.Stopping(context)
    done = []
    for name in names:
        if runs(name, look.profiles):
            context.screen.note(unasked(name))
            continue
        if options.dry_run:
            _told(context, name, look)
            continue
        try:
            done.append(renewals.of(name))
        except Cancelled:
            raise
        except Problem as refused:
            refused = verdict.explained(context, refused, stops)
            refused.what = f"{name} wasn't renewed. {refused.what}"
            if isinstance(refused, Missing):
                refused.next = f"Renew this profile separately: ccsetup login {quote(name)}"
            context.screen.problem(refused)
            kind = access.owner(look.profiles[name])
            done.append(Renewed(name, kind.name if kind else "", problems=(refused,)))
    if not names:
        context.screen.say(" No profile on this computer can be renewed.")
    failed = [it for it in done if it.problems]
    document = {"ok": not failed, "profiles": [it.document() for it in done], "problems": []}
    return Report(document, 1 if failed else 0)
