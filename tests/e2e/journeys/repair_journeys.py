"""The repair journeys: a way in, what breaks, and how many commands the way back takes."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from repair_world import REPO, World, allow, assertion

from ccsetup.sandbox import policy_engine
from ccsetup.sandbox.demo_data import BROKER, CODE, MARIA, PEOPLE, REGION, START_URL, role_arn
from ccsetup.sandbox.resources import Keys

Break = Callable[[World], None]


@dataclass(frozen=True)
class Journey:
    """One journey. commands: the most that may be pasted. asks: what a letter must say where one can't solve it alone.

    fails: why the journey doesn't end cleanly today. more: a sibling of another one, run with --long only.
    """

    name: str
    way: str
    breaks: tuple[Break, ...]
    commands: int = 1
    asks: tuple[str, ...] = ()
    fails: str = ""
    more: bool = False


# Keys


def told(world: World, keys: Keys, *profiles: str) -> None:
    """The person has these keys in hand; they may replace those of the profiles."""
    world.knows |= {
        "What were you given?": "Temporary",
        "Access key ID": keys.access_key_id,
        "Secret access key": keys.secret_access_key,
        "Session token": keys.session_token,
    }
    for profile in profiles:
        world.changed |= {
            f"{profile}.aws_access_key_id": keys.access_key_id,
            f"{profile}.aws_secret_access_key": keys.secret_access_key,
            f"{profile}.aws_session_token": keys.session_token,
            f"{profile}.ccsetup_expires_at": "",
        }


def rotated(user: str, *profiles: str) -> Break:
    """The old key is deleted and forgotten by every cache; the new one is in hand."""

    def it(world: World) -> None:
        world.state.remove_keys(world.state.user_keys(user).access_key_id)
        told(world, world.state.add_user_keys(user), *profiles)
        no_caches(world)

    return it


def disabled(user: str) -> Break:
    """The key is deleted, and there is no other."""

    def it(world: World) -> None:
        world.state.remove_keys(world.state.user_keys(user).access_key_id)
        no_caches(world)

    return it


def no_caches(world: World) -> None:
    """A night has passed: sessions of roles are over."""
    for folder in ("boto", "cli"):
        shutil.rmtree(world.home / ".aws" / folder, ignore_errors=True)


def forgets(profile: str, user: str) -> Break:
    """The section with the keys is gone from the credentials file; the person can get at the keys again."""

    def it(world: World) -> None:
        text = world.aws("credentials").read_text()
        world.aws("credentials").write_text(re.sub(rf"\[{profile}\]\n(?:(?!\[).*\n)*", "", text))
        told(world, world.state.user_keys(user), profile)
        no_caches(world)

    return it


def expired(world: World) -> None:
    """The temporary keys of prod have ended; new ones are in hand."""
    ended(world)
    told(world, world.state.temporary_keys(role_arn("CodeCommitAccess")), "prod")


def ended(world: World) -> None:
    """Whatever is stored for prod has ended."""
    text = world.aws("credentials").read_text()
    for found in re.findall(r"aws_access_key_id ?= ?(ASIA\w+)", text):
        world.state.expire(found)
    for name in ("config", "credentials"):
        text = world.aws(name).read_text()
        world.aws(name).write_text(re.sub(r"(ccsetup_expires_at ?= ?)\S+", r"\g<1>2020-01-01T00:00:00Z", text))
    no_caches(world)


def new_code(world: World) -> None:
    """The person has their MFA device at hand."""
    serial = next(it for it in world.state.devices if it.endswith("mfa/maria"))
    world.knows["MFA code"] = world.state.mfa_code(serial)
    free(world)


def new_assertion(world: World) -> None:
    """The person has saved a new assertion from the browser."""
    path = assertion(world)
    world.knows["SAML assertion"] = str(path)
    free(world)


def free(world: World) -> None:
    """What is obtained for prod is new each time."""
    for key in ("aws_access_key_id", "aws_secret_access_key", "aws_session_token", "ccsetup_expires_at"):
        world.changed[f"prod.{key}"] = ""


def half_a_secret(world: World) -> None:
    """The secret lost its end when it was pasted; the person still has the keys."""
    keys = world.state.user_keys(BROKER)
    world.edit("credentials", keys.secret_access_key, keys.secret_access_key[:-7])
    told(world, keys, "prod")


# Roles


def typo_in_role(world: World) -> None:
    """A letter is missing in the role's ARN; the person has the message with the right one."""
    world.edit("config", "role/CodeCommitAccess", "role/CodeCommitAcess")
    world.knows["Role ARN"] = role_arn("CodeCommitAccess")
    no_caches(world)


def role_renamed(world: World) -> None:
    """The role has a new name, which was announced."""
    old = world.state.roles.pop(role_arn("CodeCommitAccess"))
    world.state.add_role(CODE, "CodeCommitTeam", old.trust, *old.policies)
    world.knows["Role ARN"] = world.changed["prod.role_arn"] = role_arn("CodeCommitTeam")
    no_caches(world)


def three_colons(world: World) -> None:
    """The ARN is written as the documents have it."""
    world.edit("config", "arn:aws:iam::1", "arn:aws:iam:::1")
    no_caches(world)


def external_id_changed(world: World) -> None:
    """The other account asks for another external ID from today on, which was announced."""
    arn = role_arn("CodeCommitExternal")
    trust = policy_engine.trust(PEOPLE, external_id="acme-2027")
    world.state.roles[arn] = replace(world.state.roles[arn], trust=trust)
    world.knows["External ID"] = world.changed["prod.external_id"] = "acme-2027"
    no_caches(world)


def no_trust(world: World) -> None:
    """The role trusts somebody else now."""
    arn = role_arn("CodeCommitAccess")
    world.state.roles[arn] = replace(world.state.roles[arn], trust=policy_engine.trust("999999999999"))
    no_caches(world)


def source_typo(world: World) -> None:
    """The source profile is misspelled."""
    world.edit("config", "source_profile = base", "source_profile = bsae")
    no_caches(world)


def source_lost(world: World) -> None:
    """The line with the source profile is gone."""
    world.edit("config", "source_profile = base\n", "")
    world.knows["Which profile should assume the role?"] = "base"
    no_caches(world)


def both_sources(world: World) -> None:
    """Somebody added a credential_source beside the source profile."""
    world.edit("config", "source_profile = base\n", "source_profile = base\ncredential_source = Environment\n")
    no_caches(world)


def new_device(world: World) -> None:
    """The phone was replaced: the MFA device has another serial number, which the console shows."""
    world.state.devices.pop(world.state.device("maria").serial)
    device = world.state.add_mfa_device(MARIA, "maria-phone-2")
    world.knows["MFA device"] = world.knows["Which MFA device?"] = device.serial
    world.knows["MFA code"] = world.state.mfa_code(device.serial)
    for key in ("prod.mfa_serial", "prod.ccsetup_mfa_serial"):
        world.changed[key] = device.serial
    free(world)
    no_caches(world)


# Single sign-on


def signed_out(world: World) -> None:
    """The sign-in is over, and so is what refreshes it."""
    for token in list(world.state.center.tokens):
        world.state.expire(token)
    for path in (world.home / ".aws/sso/cache").glob("*.json"):
        held = json.loads(path.read_text())
        if "accessToken" in held:
            path.write_text(json.dumps({**held, "expiresAt": "2020-01-01T00:00:00Z", "refreshToken": "gone"}))
    no_caches(world)


def no_sign_in(world: World) -> None:
    """The cache folder was deleted."""
    shutil.rmtree(world.home / ".aws/sso")
    no_caches(world)


def torn_sign_in(world: World) -> None:
    """The cached sign-in was cut off by a full disk."""
    for path in (world.home / ".aws/sso/cache").glob("*.json"):
        path.write_text(path.read_text()[:25])
    no_caches(world)


def wrong_start_url(world: World) -> None:
    """The start URL is misspelled; the person knows their own."""
    world.edit("config", START_URL, START_URL.replace("acme", "amce"))
    no_sign_in(world)


def wrong_sso_region(world: World) -> None:
    """The sign-in's region is another one; Identity Center answers only in its own."""
    world.env["SANDBOX_SIGN_IN"] = world.sandbox.url
    world.edit("config", "sso_region = us-east-1", "sso_region = eu-west-1")
    no_sign_in(world)


def session_renamed(world: World) -> None:
    """The session's section has another name than the profile says."""
    world.edit("config", "[sso-session acme]", "[sso-session acmecorp]")
    world.renamed = {"acme": "acmecorp"}
    world.changed["prod.sso_session"] = ""
    no_caches(world)


def session_lost(world: World) -> None:
    """The section of the sso-session was deleted."""
    text = world.aws("config").read_text()
    world.aws("config").write_text(re.sub(r"\[sso-session acme\]\n(?:(?!\[).*\n)*", "", text))
    no_caches(world)


def set_renamed(world: World) -> None:
    """The permission set has another name; the portal lists it."""
    center = world.state.center
    old = next(it for it in center.assignments if it.name == "Developer" and it.account_id == CODE)
    center.assignments.remove(old)
    center.assign(START_URL, CODE, "CodeDeveloper", allow("codecommit:*"))
    world.knows["Which role?"] = world.changed["prod.sso_role_name"] = "CodeDeveloper"
    no_caches(world)


def set_removed(world: World) -> None:
    """The person has no permission set in the account any more."""
    center = world.state.center
    center.assignments[:] = [it for it in center.assignments if it.account_id != CODE]
    no_caches(world)


def account_typo(world: World) -> None:
    """Two digits of the account are exchanged; the portal lists the right one."""
    world.edit("config", f"sso_account_id = {CODE}", "sso_account_id = 111122223330")
    world.knows["Which account?"] = CODE
    no_caches(world)


# Machines, tokens, programs


def token_moved(world: World) -> None:
    """The token's file is in another folder today, and the person knows where."""
    (world.home / "run").mkdir()
    (world.home / "token").rename(world.home / "run" / "token")
    world.knows["Token file"] = str(world.home / "run" / "token")
    world.changed["prod.web_identity_token_file"] = str(world.home / "run" / "token")
    no_caches(world)


def token_by_tilde(world: World) -> None:
    """Somebody shortened the token's path, as the documents write it."""
    world.edit("config", str(world.home / "token"), "~/token")
    no_caches(world)


def no_role_here(world: World) -> None:
    """The machine lost its role."""
    world.state.machine = None
    no_caches(world)


def metadata_off(world: World) -> None:
    """The metadata service was switched off in this shell."""
    world.env["AWS_EC2_METADATA_DISABLED"] = "true"
    no_caches(world)


def program_moved(world: World) -> None:
    """The program has another folder, which is on the PATH too."""
    (world.home / "tools").mkdir()
    (world.bin / "print-keys").rename(world.home / "tools" / "print-keys")
    world.env["PATH"] = f"{world.home / 'tools'}:{world.env['PATH']}"
    world.changed["prod.credential_process"] = ""


def program_without_x(world: World) -> None:
    """The program isn't executable after it was copied."""
    (world.bin / "print-keys").chmod(0o644)


# The remote


def remote(old: str, new: str) -> Break:
    """The remote's address was changed by hand."""

    def it(world: World) -> None:
        url = world.git("config", "remote.origin.url").strip()
        assert old in url
        world.git("config", "remote.origin.url", url.replace(old, new, 1))

    return it


def repository_renamed(new: str) -> Break:
    """The repository has another name today."""

    def it(world: World) -> None:
        key = (CODE, REGION, REPO)
        held = world.state.repositories.pop(key)
        world.state.repositories[(CODE, REGION, new)] = replace(held, name=new)
        folder = world.folder / "sandbox" / "repositories" / CODE / REGION
        (folder / f"{REPO}.git").rename(folder / f"{new}.git")
        url = world.git("config", "remote.origin.url").strip()
        world.changed["git remote.origin.url"] = url.replace(REPO, new)

    return it


def branch_renamed(world: World) -> None:
    """The default branch is called trunk today; main is gone."""
    path = world.folder / "sandbox" / "repositories" / CODE / REGION / f"{REPO}.git"
    world.run("git", "--git-dir", str(path), "branch", "-m", "main", "trunk")
    for key in ("git branch.main.remote", "git branch.main.merge"):
        world.changed[key] = ""


def repository_deleted(world: World) -> None:
    """The repository is gone."""
    world.state.repositories.pop((CODE, REGION, REPO))


def pull_denied(world: World) -> None:
    """The role may not read any more."""
    world.state.set_policies(role_arn("CodeCommitAccess"), allow("codecommit:List*"))


def user_in_address(world: World) -> None:
    """The person pasted the address with the user name of their Git credentials."""
    remote("https://", "https://maria-at-888888888888@")(world)


def without_helper(world: World) -> None:
    """The helper's setting was deleted in the clone."""
    world.git("config", "--unset-all", "credential.helper")


def helper_of_nobody(world: World) -> None:
    """The helper's profile is misspelled in the clone."""
    helper = [it for it in world.git("config", "--get-all", "credential.helper").splitlines() if it][-1]
    world.git("config", "--replace-all", "credential.helper", helper.replace("prod", "prdo"), "prod")


def helper_moved(world: World) -> None:
    """ccsetup was installed anew in another folder; the clone's helper is still the old path."""
    new = world.home / "tools"
    world.bin.rename(new)
    world.env["PATH"] = world.env["PATH"].replace(str(world.bin), str(new))
    world.env["BROWSER"] = f"{new / 'browse'} %s"
    for key in ("git credential.helper",):
        world.changed[key] = ""


def keychain(world: World) -> None:
    """A keychain that everybody has keeps an old password, and the clone doesn't switch it off."""
    (world.bin / "git-credential-keychain").write_text(
        '#!/bin/sh\ntest "$1" = get && printf "username=AKIAOLD\\npassword=20200101T000000Zdead\\n"\nexit 0\n'
    )
    (world.bin / "git-credential-keychain").chmod(0o755)
    world.run("git", "config", "--global", "credential.helper", "keychain", at=world.home)
    world.changed["~/.gitconfig"] = (world.home / ".gitconfig").read_text()
    helper = [it for it in world.git("config", "--get-all", "credential.helper").splitlines() if it][-1]
    world.git("config", "--unset-all", "credential.helper")
    world.git("config", "credential.helper", helper)


def no_remote_helper(world: World) -> None:
    """git-remote-codecommit isn't on the PATH any more; ccsetup is."""
    (world.home / "only").mkdir()
    (world.bin / "ccsetup").rename(world.home / "only" / "ccsetup")
    world.env["PATH"] = world.env["PATH"].replace(str(world.bin), str(world.home / "only"))


def remote_gone(world: World) -> None:
    """The remote was removed; the person knows where the clone came from."""
    world.git("remote", "remove", "origin")
    world.knows["Address"] = REPO


def default_remote(world: World) -> None:
    """The remote names no profile: the shell's, or [default], is used."""
    remote("//prod@", "//")(world)
    world.changed["git remote.origin.url"] = ""


# Variables


def exported(**variables: str) -> Break:
    """The shell's start file has variables that weren't there yesterday. `~` is the home folder."""

    def it(world: World) -> None:
        world.env |= {name: value.replace("~", str(world.home)) for name, value in variables.items()}

    return it


def elsewhere(world: World) -> None:
    """AWS_CONFIG_FILE names the file of another project."""
    (world.home / "project").mkdir()
    (world.home / "project" / "config").write_text("[profile staging]\nregion = eu-west-1\n")
    world.env["AWS_CONFIG_FILE"] = str(world.home / "project" / "config")
    no_caches(world)


def others_keys(world: World) -> None:
    """The keys of another user are exported, and the remote leaves the choice to the shell."""
    nobody = world.state.user_keys(f"arn:aws:iam::{PEOPLE}:user/nobody")
    default_remote(world)
    world.env["AWS_PROFILE"] = "prod"
    world.env |= {"AWS_ACCESS_KEY_ID": nobody.access_key_id, "AWS_SECRET_ACCESS_KEY": nobody.secret_access_key}


def others_profile(world: World) -> None:
    """AWS_PROFILE names a profile that isn't there, and the remote leaves the choice to the shell."""
    default_remote(world)
    world.env["AWS_PROFILE"] = "prdo"


# The files


def config(change: Callable[[bytes], bytes]) -> Break:
    """The config file was damaged."""
    return damaged("config", change)


def damaged(name: str, change: Callable[[bytes], bytes]) -> Break:
    """One of the AWS files was damaged."""

    def it(world: World) -> None:
        path: Path = world.aws(name)
        before = path.read_bytes()
        path.write_bytes(change(before))
        assert path.read_bytes() != before
        no_caches(world)

    return it


def swap(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    """Return a change of the first place of a text, which must be there."""

    def change(text: bytes) -> bytes:
        assert old in text, text
        return text.replace(old, new, 1)

    return change


def renamed_profile(world: World) -> None:
    """The person gave the profile another name in the file, and forgot the clone."""
    world.edit("config", "[profile prod]", "[profile production]")
    world.renamed = {"prod": "production"}
    world.changed["git remote.origin.url"] = ""
    no_caches(world)


def files_gone(world: World) -> None:
    """Both files were moved away; the person still has the message that they were sent."""
    shutil.rmtree(world.home / ".aws")
    told(world, world.state.user_keys(BROKER), "prod")
    world.changed |= {"other.region": "", "other.s3": ""}


BOM = config(lambda text: b"\xef\xbb\xbf" + text)
GLUED = config(swap(b"[profile prod]", b"output = json[profile prod]"))
NO_HEADER = config(swap(b"[profile prod]\n", b""))
NO_BRACKET = config(swap(b"[profile prod]", b"[profile prod"))
STRAY = config(swap(b"[profile prod]\n", b"[profile prod]\nthis is production\n"))
CRLF = config(lambda text: text.replace(b"\n", b"\r\n"))
TWICE = config(lambda text: text + b"\n" + text[text.index(b"[profile prod]") :])
QUOTES = config(swap(b"source_profile = base", "source_profile = “base”".encode()))
REMARK = config(swap(b"source_profile = base", b"source_profile = base  # my own keys"))
GLUED_KEYS = damaged("credentials", lambda text: text.replace(b"\naws_secret", b" aws_secret", 1))

J = Journey
JOURNEYS = (
    # keys that were changed
    J("rotated keys of a role's source", "role", (rotated(MARIA, "base"),)),
    J("rotated long-term keys", "keys", (rotated(BROKER, "prod"),)),
    J("rotated keys of a federation's source", "federation", (ended, free, rotated(BROKER, "base")), more=True),
    J("rotated keys below a session with mfa", "mfa", (ended, new_code, rotated(MARIA, "base")), more=True),
    J("a role's source lost its keys", "role", (forgets("base", MARIA),)),
    J("lost long-term keys", "keys", (forgets("prod", BROKER),)),
    J("half a secret", "keys", (half_a_secret,), more=True),
    J("a deleted key without another", "keys", (disabled(BROKER),), asks=("administrator", "access key"), more=True),
    J("expired temporary keys", "temporary keys", (expired,)),
    J("an expired saml session", "saml", (ended, new_assertion)),
    J("an expired federation", "federation", (ended, free), more=True),
    J("an expired session with mfa", "mfa", (ended, new_code)),
    J("an expired role with mfa", "role with mfa", (no_caches, new_code), more=True),
    J("a new mfa device", "role with mfa", (new_device,), 2),
    # roles
    J("a typo in the role", "role", (typo_in_role,), more=True),
    J("a renamed role", "role", (role_renamed,)),
    J("a role with three colons", "role", (three_colons,), more=True),
    J("another external id", "external", (external_id_changed,)),
    J("a role that trusts somebody else", "role", (no_trust,), asks=("administrator", role_arn("CodeCommitAccess"))),
    J("a typo in the source profile", "role", (source_typo,)),
    J("a lost source profile", "role", (source_lost,), more=True),
    J("two sources", "role", (both_sources,), more=True),
    # single sign-on
    J("signed out", "sso", (signed_out,)),
    J("a deleted sign-in below a role", "role from sso", (no_sign_in,)),
    J("a torn sign-in", "sso", (torn_sign_in,), more=True),
    J("a wrong start url", "sso", (wrong_start_url,), 2),
    J("a wrong sign-in region", "sso", (wrong_sso_region,), 2),
    J("a renamed session", "sso", (session_renamed,), 2),
    J("a lost session", "sso", (session_lost,), 2, more=True),
    J("a renamed permission set", "sso", (set_renamed,), more=True),
    J("a permission set that was taken away", "sso", (set_removed,), asks=("administrator", CODE)),
    J("a typo in the account", "sso", (account_typo,), more=True),
    # tokens, machines, programs
    J("a moved token", "oidc", (token_moved,)),
    J("a token's path with a tilde", "oidc", (token_by_tilde,), more=True),
    J("a machine that lost its role", "machine", (no_role_here,), asks=("administrator",)),
    J("the metadata service switched off", "machine", (metadata_off,)),
    J("a moved program", "process", (program_moved,), more=True),
    J("a program that isn't executable", "process", (program_without_x,)),
    # the remote
    J("a typo in the remote's region", "role", (remote("us-east-2", "us-esat-2"),)),
    J("a wrong region in the remote", "role", (remote("us-east-2", "us-east-1"),)),
    J("a typo in the remote's repository", "sso", (remote("Shared", "Shraed"),)),
    J("a typo in the remote's profile", "keys", (remote("prod", "prdo"),), more=True),
    J("a renamed repository", "role", (repository_renamed("MySharedDemoRepository"),)),
    J("a renamed repository over https", "role over https", (repository_renamed("MySharedDemoRepository"),)),
    J("a renamed default branch", "sso", (branch_renamed,)),
    J("a deleted repository", "role", (repository_deleted,), asks=("administrator", REPO)),
    J("reading denied", "role", (pull_denied,), asks=("administrator", "codecommit:GitPull", REPO)),
    J("a user name in the address", "keys over https", (user_in_address,)),
    J("a deleted helper", "role over https", (without_helper,)),
    J("a helper with a typo", "role over https", (helper_of_nobody,)),
    J("a helper in another folder", "keys over https", (helper_moved,)),
    J("a keychain with an old password", "keys over https", (keychain,)),
    J("no git-remote-codecommit", "role", (no_remote_helper,), more=True),
    # variables
    J("another AWS_PROFILE", "role", (others_profile,)),
    J("somebody's keys in the shell", "role", (others_keys,), more=True),
    J("another AWS_CONFIG_FILE", "role", (elsewhere,)),
    J("another AWS_SHARED_CREDENTIALS_FILE", "keys", (exported(AWS_SHARED_CREDENTIALS_FILE="~/project/credentials"),), more=True),
    J("a dead HTTPS_PROXY", "sso", (exported(HTTPS_PROXY="http://127.0.0.1:9"),)),
    # the files
    J("a byte order mark", "role", (BOM,)),
    J("a glued header", "role", (GLUED,)),
    J("a lost header", "sso", (NO_HEADER,)),
    J("a header without its bracket", "keys", (NO_BRACKET,), more=True),
    J("a stray line", "role", (STRAY,), more=True),
    J("line ends of Windows", "role", (CRLF,), 0),
    J("the same section twice", "role", (TWICE,), more=True),
    J("smart quotes", "role", (QUOTES,), more=True),
    J("a remark behind a value", "role", (REMARK,)),
    J("two keys on one line", "keys", (GLUED_KEYS,)),
    J("a renamed profile", "role", (renamed_profile,), more=True),
    J("both files gone", "keys", (files_gone,)),
    J("a removed remote", "role", (remote_gone,), fails="nothing tells that the clone was one of CodeCommit's"),
    # twice broken
    J("rotated keys and a renamed repository", "role",
      (rotated(MARIA, "base"), repository_renamed("MySharedDemoRepository")), 2),
    J("a byte order mark and a typo in the remote", "role", (BOM, remote("us-east-2", "us-esat-2"))),
    J("signed out behind another AWS_CONFIG_FILE", "sso", (signed_out, elsewhere), 2),
    J("a glued header and another external id", "external", (
        config(swap(b"[profile prod]", b"output = json[profile prod]")), external_id_changed), 2, more=True),
    J("signed out and a renamed branch", "sso", (signed_out, branch_renamed), 2, more=True),
    J("lost keys and a dead proxy", "keys", (forgets("prod", BROKER), exported(HTTPS_PROXY="http://127.0.0.1:9")), 2, more=True),
)  # fmt: skip
