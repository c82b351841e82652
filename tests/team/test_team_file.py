"""Team files are read as what they are, texts from outside: every fault has its place, and nothing in one can act."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from often import examples
from paths import ROOT

from ccsetup import access
from ccsetup.core.errors import BadAnswer, Problem
from ccsetup.team import export, profiles, rules, ways
from ccsetup.team import file as team_file
from ccsetup.team.contents import Entry, Place, Team
from ccsetup.team.file import Refused
from ccsetup.wizard import flow

ROLE = "arn:aws:iam::111122223333:role/CodeCommitAccess"

# Version 1 as it was published. It stays readable: a change here is a change of the format, and needs a version = 2.
VERSION_1 = """\
version = 1
name = Acme, platform
note = "Sign-in page refuses you? Ask in #platform."

[access]
  [[people]]
  kind = role
  role_arn = arn:aws:iam::111122223333:role/CodeCommitAccess
  source_profile = base
  external_id = acme-7f3b
  mfa_serial =
  role_session_name = maria
  duration_seconds = 3600
  [[default]]                       # several are offered by their label
  label = Single sign-on
  kind = sso
  sso_session = acme
  sso_start_url = https://acme.awsapps.com/start#/
  sso_region = us-east-1
  sso_account_id = 011122223333
  sso_role_name = Developer
  region = us-east-2
  profile = acme-dev
  output = json
  via = credential-helper
  helper = ccsetup

[repositories]
  [[MySharedDemoRepo]]
  directory = shared-demo           # branch, region, via, access are optional too
  branch = develop
  region = eu-west-1
  via = git-remote-codecommit
  helper = aws
  access = people
  submodules = no
  [[payments-api]]
"""


def test_version_1_reads_as_it_was_published() -> None:
    people = {"role_arn": ROLE, "source_profile": "base", "external_id": "acme-7f3b", "mfa_serial": "",
              "role_session_name": "maria", "duration_seconds": "3600"}  # fmt: skip
    sso = {"sso_session": "acme", "sso_start_url": "https://acme.awsapps.com/start", "sso_region": "us-east-1",
           "sso_account_id": "011122223333", "sso_role_name": "Developer", "region": "us-east-2",
           "profile": "acme-dev", "output": "json", "via": "credential-helper", "helper": "ccsetup"}  # fmt: skip
    shared = Place(
        "MySharedDemoRepo", "shared-demo", "develop", "eu-west-1", "git-remote-codecommit", "aws", "people", "no"
    )
    assert team_file.read(VERSION_1).team == Team(
        "Acme, platform",
        (Entry("default", "Single sign-on", "sso", sso), Entry("people", "A role in another account", "role", people)),
        (shared, Place("payments-api")),
        "Sign-in page refuses you? Ask in #platform.",
    )


@pytest.mark.parametrize("change", [
    lambda text: text.replace("\n", "\r\n").encode(),
    lambda text: b"\xef\xbb\xbf" + text.encode(),
    lambda text: text.encode("utf-16"),
    lambda text: text.replace("    ", "\t").encode(),
    lambda text: text.replace("= us-east-1\n", "='us-east-1'  # here\n").replace("[[default]]", '[[ "default" ]]').encode(),
    lambda text: text.replace("sso_region = ", "sso_region\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}").encode(),
    lambda text: text.replace("# several", "; nothing\n; but # several").replace("]] ", "]]\n#").encode(),
], ids=["windows", "mark", "utf-16", "tabs", "quotes", "no-break", "comments"])  # fmt: skip
def test_what_editors_and_chats_do_to_a_file_changes_nothing(change: object) -> None:
    assert team_file.read(team_file.decoded(change(VERSION_1))).team == team_file.read(VERSION_1).team  # type: ignore[operator]


def sample(kind: str) -> dict[str, str]:
    return {
        "sso": {"sso_start_url": "https://acme.awsapps.com/start", "sso_region": "us-east-1", "sso_account_id": "000022223333",
                "sso_role_name": "Developer", "sso_registration_scopes": "sso:account:access"},
        "role": {"role_arn": ROLE, "source_profile": "@Ec2InstanceMetadata", "external_id": ""},
        "mfa": {"duration_seconds": "43200"},
        "keys": {"region": "us-east-2", "profile": "tonight"},
        "oidc": {"role_arn": ROLE, "web_identity_token_file": "/var/run/secrets/token"},
        "saml": {"role_arn": ROLE, "duration_seconds": "3600"},
        "federation": {"federated_name": "team", "policy": '{"Version":"2012-10-17","Statement":[]}'},
        "machine": {"role_arn": ROLE, "source_profile": "@EcsContainer"},
        "console": {"account_id": "111122223333"},
        "existing": {"profile": "acme-dev"},
    }[kind]  # fmt: skip


@pytest.mark.parametrize("kind", [kind.name for kind in access.KINDS])
def test_every_kind_has_a_team_file_that_reads_back(kind: str) -> None:
    made = Team("Acme", (Entry("default", "The way in", kind, sample(kind)),), (Place("demo"),))
    assert team_file.read(team_file.text(made)).team == made


@pytest.mark.parametrize("kind", [kind.name for kind in access.KINDS])
def test_no_kind_takes_a_secret_or_a_program_from_a_file(kind: str) -> None:
    keys = rules.keys(access.of(kind))
    assert not {"keys", "mfa_code", "saml_assertion", "login_session", "session_token", "repo", "directory"} & set(keys)
    assert not [key for key, place in keys.items() if place.question.widget == "secret"]
    for key in ("credential_process", "aws_secret_access_key", "mfa_code", "endpoint_url", "saml_assertion"):
        with pytest.raises(Refused, match=key):
            team_file.read(f"version = 1\nname = x\n[access]\n[[default]]\nkind = {kind}\n{key} = /bin/sh\n")


TWO = "version = 2\nname = Acme\n"


def file(access: str = "kind = sso\n", repositories: str = "", head: str = "version = 1\nname = Acme\n") -> str:
    return f"{head}[access]\n[[default]]\n{access}\n[repositories]\n{repositories}\n"


def test_a_channels_name_in_a_text_is_no_comment() -> None:
    head = "version = 1\nname = #1 team  # ours\nnote = Ask in #platform.  # or Maria\n"
    found = team_file.read(file("kind = sso\nlabel = As in #sso # not\nregion = us-east-2 #Ohio\n", head=head)).team
    assert (found.name, found.note, found.entries[0].label) == ("#1 team", "Ask in #platform.", "As in #sso")
    assert found.entries[0].answers == {"region": "us-east-2"}


# What is wrong, and the words that have to be told; "7" is the line
HOSTILE = [
    ("", "version"),
    ("version = 3\nname = x\n[gone]\nx = 1\n", "supports only version = 1 or 2. For newer files"),
    ("version = one\n", "supports only version = 1"),
    ("version = 99999999999999999999999999\n", "supports only version = 1"),
    (file(head="name = Acme\n"), "version = 1"),
    (file(head="version = 1\n"), "name = Acme platform"),
    (file(head=f"version = 1\nname = {'x' * 81}\n"), "1 to 80 characters"),
    ("version = 1\nname = Acme\n", "no access section"),
    ("version = 1\nname = Acme\n[access]\n", "no access section"),
    (file("label = x\n"), "kind = sso"),
    (file("kind =\n"), "kind = sso"),
    (file(head="version = 1\nname =\n"), "name = Acme platform"),
    (file(head="version =\nname = x\n"), "version = 1"),
    (file("kind = ssso\n"), 'Unknown kind of access "ssso"'),
    (file("kind = find\n"), 'Unknown kind of access "find"'),
    (file("kind = sso\ncredential_process = /bin/sh -c 'rm -rf ~'\n"), "line 6, [access] [[default]] credential_process"),
    (file("kind = sso\naws_secret_access_key = x\n"), "can't contain secrets"),
    (file("kind = sso\nsso_role_name = AKIAIOSFODNN7EXAMPLE\n"), "can't contain secrets"),
    (file("kind = sso\nlabel = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n"), "can't contain secrets"),
    (file("kind = sso\nlabel = eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x\n"), "can't contain secrets"),
    (file("kind = keys\nkeys = -\n"), "can't contain secrets"),
    (file("kind = role\nmfa_code = 123456\n"), "can't contain secrets"),
    (file("kind = oidc\nweb_identity_token = x\n"), "can't contain secrets"),
    (file("kind = sso\nendpoint_url = https://evil.example\n"), "or endpoints"),
    (file("kind = sso\nsso_strat_url = https://acme.awsapps.com/start\n"), 'Did you mean "sso_start_url"?'),
    (file("kind = sso\nrole_arn = x\n"), 'Unknown key "role_arn" for kind sso. Available: '),
    (file("kind = sso\nrepo = x\n"), "[[MySharedDemoRepo]]"),
    (file("kind = sso\nsso_account_id = 1111\n"), "line 6, [access] [[default]] sso_account_id: An account ID must have 12 digits"),
    (file("kind = sso\nsso_start_url = javascript:alert(1)\n"), "A start URL looks like"),
    (file("kind = sso\nregion = nowhere\n"), "It should look like us-east-2"),
    (file("kind = sso\nregion = us-esat-1\n"), "Did you mean us-east-1"),
    (file("kind = sso\nsso_region = s3\n"), "It should look like us-east-2"),
    (file("kind = sso\nregion = us-east-2, us-east-1\n"), "It should look like us-east-2"),
    (file("kind = sso\nprofile = ../../x\n"), "A profile name"),
    (file("kind = sso\nprofile = -x\n"), "A profile name"),
    (file("kind = sso\nprofile = -x y\n"), "A profile name"),
    (file("kind = sso\nprofile =\n"), "If you remove the line"),
    (file("kind = sso\nhelper = !sh -c id\n"), "--helper must be one of: ccsetup, aws."),
    (file("kind = role\nrole_arn = arn:aws:iam:::1111:role/x\n"), "for example, arn:aws:iam::111122223333"),
    (file("kind = role\nsource_profile = a\ncredential_source = Environment\n"), "source_profile and credential_source together"),
    (file("kind = role\ncredential_source = Process\n"), "one of: Ec2InstanceMetadata"),
    (file("kind = oidc\nweb_identity_token_file = ../../etc/passwd\n"), "must be absolute"),
    (file("kind = federation\npolicy = /etc/passwd\n"), "JSON on one line"),
    (file("kind = sso\nlabel = a\x1b[2Jb\n"), "contains an invisible character"),
    (file("kind = sso\nlabel = a\u202eb\n"), "contains an invisible character"),
    (file("kind = sso\nlabel = a\u2028credential_process = x\n"), "contains an invisible character"),
    (file("kind = sso\nlabel = a\0b\n"), "contains an invisible character"),
    (file("kind = sso\nlabel = '''a\nb'''\n"), "on one line"),
    (file("kind = sso\nlabel = \"a\n"), "has no closing quote"),
    (file("kind = sso\nlabel = It's \"x\"\n"), "single or double quotes, but not both"),
    (file("kind = sso\nkind = role\n"), "line 6, [access] [[default]] kind: This key or section appears twice"),
    (file("kind = sso\n[[default]]\nkind = sso\n"), "line 6, [access] [[default]]: This key or section appears twice"),
    (file("kind = sso\n[[[deep]]]\nx = 1\n"), "Use the sections [access]"),
    (file("kind = sso\n[[../x]]\nkind = sso\n"), "An access name can be at most 40 characters long"),
    ("version = 1\nname = x\n[acess]\n[[default]]\nkind = sso\n", 'Unknown section "acess". Did you mean "access"?'),
    ("version = 1\nname = x\naccess = sso\n", "Use the sections [access]"),
    ("[version]\n[name]\n", "Use the sections [access]"),
    ("version: 1\n", "neither a [section] nor a setting"),
    ("[access\n", "neither a [section] nor a setting"),
    ("[[access]\n", "isn't a section"),
    ("[[default]]\nkind = sso\n", "Use the sections [access]"),
    (file(repositories="[[x]]\ndirectory = ../x\n"), "line 9, [repositories] [[x]] directory: The directory must be inside"),
    (file(repositories="[[x]]\ndirectory = /etc/x\n"), "The directory must be inside"),
    (file(repositories="[[x]]\ndirectory = ~/x\n"), "The directory must be inside"),
    (file(repositories="[[x]]\ndirectory = C:\\x\n"), "The directory must be inside"),
    (file(repositories="[[x]]\ndirectory = a/../../b\n"), "The directory must be inside"),
    (file(repositories="[[x]]\ndirectory = .git/hooks\n"), "The directory must be inside"),
    (file(repositories="[[x]]\ndirectory = .ssh\n"), "The directory must be inside"),
    (file(repositories="[[x]]\ndirectory = --upload-pack=x\n"), "The directory must be inside"),
    (file(repositories="[[x]]\ndirectory = nul\n"), "The directory must be inside"),
    (file(repositories="[[x]]\ndirectory = a//b\n"), "The directory must be inside"),
    (file(repositories="[[x]]\ndirectory = $HOME/b\n"), "The directory must be inside"),
    (file(repositories="[[..]]\n"), "A repository name must be 1 to 100"),
    (file(repositories="[[a/b]]\n"), "A repository name must be 1 to 100"),
    (file(repositories="[[.git]]\n"), "A repository name must be 1 to 100"),
    (file(repositories="[[--mirror]]\n"), "for example, directory = demo"),
    (file(repositories="[[x]]\n[[y]]\ndirectory = X\n"), "This folder is the folder for x, or inside it"),
    (file(repositories="[[x]]\n[[y]]\ndirectory = x/link\n"), "This folder is the folder for x, or inside it"),
    (file(repositories="[[x]]\ndirectory = \u00e9\n[[y]]\ndirectory = e\u0301/link\n"), "This folder is the folder for x, or inside it"),
    (file(repositories="[[x]]\nbranch = --upload-pack=x\n"), "Use a name like main"),
    (file(repositories="[[x]]\naccess = nobody\n"), "Available: default"),
    (file(repositories="[[x]]\nvia = sh\n"), "--via must be one of: git-remote-codecommit, "),
    (file(repositories="[[x]]\nsubmodules = maybe\n"), "Enter yes or no."),
    (file(repositories="[[x]]\ncommand = id\n"), "can't contain programs"),
    (file(repositories="x = 1\n"), "Use the sections [access]"),
    (file(repositories="".join(f"[[r{n}]]\n" for n in range(501))), "The maximum is 500"),
    (file("kind = sso\nlabel = " + "x" * 5000 + "\n"), "The maximum is 4,096"),
    (file(repositories="[[x]]\naccess = default, nobody\n", head=TWO), "Available: default"),
    (file(repositories="[[x]]\naccess = default, ../x\n", head=TWO), "An access name can be at most 40"),
    (file(repositories="[[x]]\naccess = default, --yes\n", head=TWO), "An access name can be at most 40"),
    (file(repositories="[[x]]\nrepository = ../y\n", head=TWO), "A repository name must be 1 to 100"),
    (file(repositories="[[x]]\nrepository = codecommit::us-east-2://other@y\n", head=TWO), "A repository name must be 1 to 100"),
    (file(repositories="[[x]]\nrepository = https://evil.example/y\n", head=TWO), "A repository name must be 1 to 100"),
    (file(repositories="[[x]]\nrepository = AKIAIOSFODNN7EXAMPLE/..\n", head=TWO), "A repository name must be 1 to 100"),
    (file(repositories="[[../x]]\nrepository = y\n", head=TWO), "A repository name must be 1 to 100"),
    (file(repositories="[[--x]]\nrepository = y\n", head=TWO), "for example, directory = demo"),
    (file(repositories="[[a]]\nrepository = y\n[[A]]\nrepository = y\n", head=TWO), "This folder is the folder for a, or inside it"),
    (file("kind = sso\nrepositories = ../x\n", head=TWO), "A repository name must be 1 to 100"),
    (file("kind = sso\nrepositories = a, .ssh\n", head=TWO), "for example, directory = demo"),
    (file("kind = sso\nrepositories = --upload-pack=x\n", head=TWO), "A repository name must be 1 to 100"),
    (file("kind = sso\nrepositories = a/b\n", head=TWO), "A repository name must be 1 to 100"),
    (file("kind = sso\nrepositories = payments-ap\n", "[[payments-api]]\n", head=TWO), "Did you mean \"payments-api\"?"),
    (file("kind = sso\nrepositories = a, A\n", head=TWO), "This folder is the folder for a, or inside it"),
    (file("kind = sso\nrepositories = " + ",".join(f"r{n}" for n in range(501)) + "\n", head=TWO), "The maximum is 500"),
    (file("kind = sso\nrepositories = x\n"), "Change the first line to version = 2"),
    (file(repositories="[[x]]\nrepository = y\n"), "line 9, [repositories] [[x]] repository: A file with version = 1 can't have this"),
    (file("kind = sso\n[[b]]\nkind = sso\n", "[[x]]\naccess = default, b\n"), "Change the first line to version = 2"),
    ("x" * 10_000_000, "The maximum is 256 KiB"),
    ("<!DOCTYPE html><html><title>Sign in</title></html>", "neither a [section]"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "says"), HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_or_broken_file_is_refused_in_a_sentence(text: str, says: str) -> None:
    begun = time.monotonic()
    with pytest.raises(Refused) as refused:
        team_file.read(text)
    told = "\n".join(map(str, refused.value.faults))
    assert says in told
    assert refused.value.what.isprintable() and told.replace("\n", "").isprintable()
    assert time.monotonic() - begun < 8


@pytest.mark.parametrize(("text", "says"), [
    ("", "That's not a team file. A team file starts with version = 1. There are"),
    ('{"version": 1,\n "name": "x"}\n', "That's not a team file"),
    ("version: 1\nname: x\n", "That's not a team file"),
    (file(head="version = 1\nname = Ac\x1b[31mme\n"), "In the team file, line 2, name: “name = Acme” contains"),
    (file(head="version = 1\nname = 'Acme\n"), "In the team file, line 2, name: “'Acme” has no closing quote"),
    (file(f"kind = {'x' * 5000}\n"), "In the team file, line 5, [access] [[default]] kind: The line is 5,007"),
])  # fmt: skip
def test_the_first_thing_told_is_the_cause_and_not_what_follows_from_it(text: str, says: str) -> None:
    with pytest.raises(Refused) as refused:
        team_file.read(text)
    assert refused.value.what.startswith(says)


@pytest.mark.parametrize(("content", "says"), [
    (b"\x1f\x8b\x08\x00\x00", "UTF-8 text"),
    (b"\xff\xfe\x00", "UTF-8 text"),
    (b" \n<html>", "a web page"),
    (b"a" * (team_file.MOST_BYTES + 1), "256 KiB"),
])  # fmt: skip
def test_what_is_no_text_is_no_team_file(content: bytes, says: str) -> None:
    with pytest.raises(Refused, match=says):
        team_file.read(team_file.decoded(content))


def test_all_faults_are_told_at_once_in_the_order_of_their_lines() -> None:
    with pytest.raises(Refused) as refused:
        team_file.read(file("kind = sso\nsso_account_id = 1\nfoo = 1\n", "[[x]]\ndirectory = ..\nbar = 1\n"))
    assert [fault.line for fault in refused.value.faults] == [6, 7, 11, 12]
    assert "There are 3 more errors." in refused.value.what


@pytest.mark.parametrize("line", [
    "[" + " " * 4000 + "x", "[a" + "] " * 2000 + "x", "a = b" + " " * 4000 + "c", 'a = "' + '" ' * 2000 + "x",
    "a = '" + "#" * 4000, "[[" + "a" * 4000 + "]]", "a" * 4000 + "=" * 50,
], ids=range(7))  # fmt: skip
def test_lines_that_are_made_to_take_long_take_no_time(line: str) -> None:
    begun = time.monotonic()
    with pytest.raises(Refused):
        team_file.read("\n".join([line] * (team_file.MOST_BYTES // len(line))))
    assert time.monotonic() - begun < 8


words = st.text(st.characters(exclude_categories=("C", "Z"), include_characters=" "), max_size=60)
names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.+@-]{0,20}", fullmatch=True)
entry = st.builds(
    lambda name, label, kind: Entry(name, label, kind, sample(kind)),
    names,
    words,
    st.sampled_from([k.name for k in access.KINDS]),
)
place = st.builds(
    Place, names, directory=st.text("ab/.-~ ", max_size=6), branch=words, submodules=st.sampled_from(["yes", "no", ""])
)
teams = st.builds(Team, words, st.lists(entry, max_size=3).map(tuple), st.lists(place, max_size=4).map(tuple), words)


@pytest.mark.slow
@settings(deadline=None, max_examples=examples(150))
@given(teams)
@example(
    Team(
        "Acme",
        (Entry("default", "It's #1, yes", "sso", sample("sso")),),
        (Place("a"), Place("b", "c/d")),
        'Say "hi", then #go',
    )
)
def test_what_is_written_reads_back_equal_or_is_refused_in_words(made: Team) -> None:
    try:
        written = team_file.text(made)
    except (BadAnswer, Refused) as refused:
        assert refused.what
        return
    assert team_file.read(written).team == made._replace(
        entries=tuple(sorted(made.entries, key=lambda it: it.name != "default"))
    )


lines = st.one_of(
    st.sampled_from(VERSION_1.splitlines()),
    st.text(max_size=40),
    st.text("[]\"'#=,; ab\\/.\t\r", max_size=30),
    st.builds(
        "{} = {}".format, st.sampled_from(["kind", "name", "directory", "sso_region", "label"]), st.text(max_size=20)
    ),
)


@pytest.mark.slow
@settings(deadline=None, max_examples=examples(300))
@given(st.lists(lines, max_size=25).map("\n".join), st.integers(0, 700))
def test_the_reader_never_raises_but_its_own_refusal(text: str, cut: int) -> None:
    for one in (text, VERSION_1[:cut] + text, text + VERSION_1[cut:]):
        try:
            found = team_file.read(one)
        except Refused as refused:
            assert all(str(fault).isprintable() for fault in refused.faults)
        else:
            assert team_file.read(team_file.text(found.team)).team == found.team


# Made from profiles


PROFILES = {
    "acme-dev": {"sso_session": "acme", "sso_account_id": "011122223333", "sso_role_name": "Developer", "region": "us-east-2"},
    "code": {"role_arn": ROLE, "source_profile": "acme-dev", "region": "us-east-2"},
    "mfa": {"ccsetup_kind": "mfa", "ccsetup_source_profile": "base", "ccsetup_mfa_serial": "arn:aws:iam::888888888888:mfa/maria",
            "ccsetup_duration_seconds": "3600", "aws_access_key_id": "ASIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "s" * 40},
    "ci": {"role_arn": ROLE, "web_identity_token_file": "/home/maria/token.jwt", "role_session_name": "maria"},
    "pod": {"role_arn": ROLE, "web_identity_token_file": "/var/run/secrets/token", "region": "us-east-2"},
    "box": {"role_arn": ROLE, "credential_source": "Ec2InstanceMetadata", "region": "us-east-2"},
    "tool": {"credential_process": "/bin/x"},
}  # fmt: skip
SESSIONS = {"acme": {"sso_start_url": "https://acme.awsapps.com/start", "sso_region": "us-east-1",
                     "sso_registration_scopes": "sso:account:access"}}  # fmt: skip


def made(*names: str) -> tuple[list[Entry], list[str]]:
    return export.entries(names, PROFILES, SESSIONS, Path("/home/maria"))


@pytest.mark.parametrize("name", ["acme-dev", "mfa", "ci", "pod", "box"])
def test_an_exported_profile_reads_back_to_the_same_answers_but_for_what_was_said(name: str) -> None:
    found, said = made(name)
    back = team_file.read(team_file.text(Team("Acme", tuple(found)))).team.entries[0]
    there = {**SESSIONS.get(PROFILES[name].get("sso_session", ""), {}), **PROFILES[name]}
    kind = access.of(back.kind)
    own = {
        key: value for key, value in kind.again(name, there).items() if key not in ("kind", "sso_registration_scopes")
    }
    left = {line.split()[1] for line in said}
    assert back.answers == {key: value for key, value in own.items() if key not in left}


def test_what_is_one_persons_or_one_machines_is_left_out_and_said() -> None:
    found, said = made("mfa", "ci")
    assert [line.split(":")[0] for line in said] == [
        "Omitted source_profile from mfa", "Omitted mfa_serial from mfa", "Omitted web_identity_token_file from ci", "Omitted role_session_name from ci",
    ]  # fmt: skip
    assert "ASIA" not in repr(found)


def test_a_role_and_the_sign_in_it_starts_from_go_together() -> None:
    found, said = made("code", "acme-dev")
    assert (found[0].answers["source_profile"], [it.name for it in found], said) == (
        "acme-dev",
        ["default", "acme-dev"],
        [],
    )


def test_a_profile_that_no_file_leads_to_is_refused() -> None:
    with pytest.raises(Problem, match="from a program"):
        made("tool")


def test_the_example_is_a_team_file() -> None:
    text = (ROOT / "examples" / "team.ini").read_text()
    assert [place.access for place in team_file.read(text).team.repositories] == ["", "", "readonly"]


def test_the_example_for_several_accounts_offers_two_ways_in_and_gives_each_what_the_readme_says() -> None:
    team = team_file.read((ROOT / "examples" / "team-accounts.ini").read_text()).team
    staff, contractor = ways.offered(team)
    assert (staff.label, contractor.label) == ("Employees", "Contractors")
    assert {*ways.reached(team, staff, team.repositories)} == {it.name for it in team.repositories}
    assert ways.reached(team, contractor, team.repositories) == {
        "MySharedDemoRepo": "contractor", "reports": "contractor-data",
    }  # fmt: skip
    assert profiles.names(team.entries)["staff-data"] == "acme-developer-444455556666"
    assert len({it.answers["sso_account_id"] for it in team.entries if it.kind == "sso"}) == 3


def test_a_team_file_that_is_pasted_is_read_as_one() -> None:
    text = (ROOT / "examples" / "team.ini").read_text()
    (found,) = flow.readings(text)
    assert (found.kind, found.answers["sso_role_name"], found.answers["repo"]) == (
        "sso",
        "Developer",
        "MySharedDemoRepo",
    )
    assert [it.kind for it in flow.readings(VERSION_1)] == ["sso"]
    assert flow.readings(text.replace("version = 1", "version = 3"))[0].found != found.found
