from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime, timezone

import pytest
from conftest import AwsTools, and_more
from hypothesis import given, settings
from hypothesis import strategies as st
from messages import (
    JWT,
    LASTING,
    MESSAGES,
    PASSING,
    REPO,
    ROLE,
    SAML,
    SECRET,
    SECRETS,
    START,
    TEMP,
    TOKEN,
    Answers,
    wrapped,
)
from often import examples
from sandbox_world import marias_keys

from ccsetup import access
from ccsetup.access import keys, paste
from ccsetup.access.paste import Reading, mentions
from ccsetup.core.errors import BadAnswer
from ccsetup.core.model import Corrected, Secret, Value
from ccsetup.core.question import Question
from ccsetup.sandbox import Sandbox
from ccsetup.wizard import flow
from ccsetup.wizard.flow import readings

SHORT = "IQoJb3JpZ2luX2VjEXAMPLE/+=="
PASTES = [
    f"export AWS_ACCESS_KEY_ID={PASSING}\nexport AWS_SECRET_ACCESS_KEY={SECRET}\nexport AWS_SESSION_TOKEN={SHORT}",
    f'export AWS_ACCESS_KEY_ID="{PASSING}"\nexport AWS_SECRET_ACCESS_KEY="{SECRET}"\nexport AWS_SESSION_TOKEN="{SHORT}"\n',
    f"set -gx AWS_ACCESS_KEY_ID {PASSING}\nset -gx AWS_SECRET_ACCESS_KEY {SECRET}\nset -gx AWS_SESSION_TOKEN {SHORT}",
    f'$Env:AWS_ACCESS_KEY_ID="{PASSING}"\r\n$Env:AWS_SECRET_ACCESS_KEY="{SECRET}"\r\n$Env:AWS_SESSION_TOKEN="{SHORT}"',
    f"SET AWS_ACCESS_KEY_ID={PASSING}\nSET AWS_SECRET_ACCESS_KEY={SECRET}\nSET AWS_SESSION_TOKEN={SHORT}",
    f"[111122223333_Developer]\naws_access_key_id={PASSING}\naws_secret_access_key = {SECRET}\naws_session_token={SHORT}\n",
    f"[x] aws_access_key_id={PASSING} aws_secret_access_key={SECRET} aws_session_token={SHORT}",
    json.dumps({"Credentials": {"AccessKeyId": PASSING, "SecretAccessKey": SECRET, "SessionToken": SHORT}}, indent=2),
]


# Keys of several users

SECOND, OTHERS_SECRET = "AKIAI44QH8DHBEXAMPLE", "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY"
LINK = "https://888888888888.signin.aws.amazon.com/console"
OF_USERS = {
    "the console's older CSV": f"User name,Password,Access key ID,Secret access key,Console login link\n"
    f"maria,,{LASTING},{SECRET},{LINK}\njuan,x-1,{SECOND},{OTHERS_SECRET},{LINK}\n",
    "semicolons": f"\ufeffUser Name;Access key ID;Secret access key\r\nmaria;{LASTING};{SECRET}\r\njuan;{SECOND};{OTHERS_SECRET}\r\n",
    "quotes": f'"User name","Access key ID","Secret access key"\n"maria","{LASTING}","{SECRET}"\n"juan","{SECOND}","{OTHERS_SECRET}"\n',
    "Markdown": f"| User | Access key ID | Secret access key |\n|---|---|---|\n| maria | {LASTING} | {SECRET} |\n"
    f"| juan | `{SECOND}` | {OTHERS_SECRET} |\n",
    "a spreadsheet": f"User name\tAccess key ID\tSecret access key\nmaria\t{LASTING}\t{SECRET}\njuan\t{SECOND}\t{OTHERS_SECRET}\n",
    "labels before": f"User: maria\nAccess key ID: {LASTING}\nSecret access key: {SECRET}\n\nIAM user name: juan\n"
    f"Access key ID: {SECOND}\nSecret access key: {OTHERS_SECRET}\n",
    "JSON in the order of its keys": json.dumps([
        {"AccessKeyId": LASTING, "SecretAccessKey": SECRET, "UserName": "maria"},
        {"AccessKeyId": SECOND, "SecretAccessKey": OTHERS_SECRET, "UserName": "juan"},
    ]),
}  # fmt: skip


@pytest.mark.parametrize("text", OF_USERS.values(), ids=OF_USERS)
def test_of_several_users_keys_a_person_chooses_by_name(text: str) -> None:
    found = {it.label: it.answers["access_key_id"] for it in readings(text)}
    assert [label.split(": ")[1].split(",")[0] for label in found] == ["maria", "juan"]
    assert [*found.values()] == [LASTING, SECOND]
    with pytest.raises(BadAnswer, match="2 users: maria, juan"):
        paste.keys(text)
    with pytest.raises(BadAnswer, match="2 users: maria, juan"):
        keys._key_or_paste(text)


@pytest.mark.parametrize("text", [
    f"User name,Access key ID,Secret access key\nmaria,{LASTING},{SECRET}\n",
    f"User name,Access key ID,Secret access key\nmaria,{SECOND},{OTHERS_SECRET}\nmaria,{LASTING},{SECRET}\n",
    f"{SECOND},{OTHERS_SECRET}\n{LASTING},{SECRET}\n",
])  # fmt: skip
def test_without_other_users_the_last_key_is_taken(text: str) -> None:
    assert paste.keys(text).access_key_id == LASTING


# The three values alone


@pytest.mark.parametrize("text", PASTES)
def test_keys_are_found_in_what_people_paste(text: str) -> None:
    found = paste.keys(text)
    assert found.session_token is not None
    values = found.access_key_id, found.secret_access_key.reveal(), found.session_token.reveal()
    assert values == (PASSING, SECRET, SHORT)


@pytest.mark.parametrize(
    "ends",
    ["2026-11-21T18:04:00Z", "2026-11-21T19:04:00+01:00", "2026-11-21 18:04:00.25 UTC", "2026-11-21 18:04:00 +0000 UTC", 1795284240],
)  # fmt: skip
def test_the_end_of_pasted_keys_is_read(ends: str | int) -> None:
    text = json.dumps({"AccessKeyId": PASSING, "SecretAccessKey": SECRET, "SessionToken": TOKEN, "Expiration": ends})
    assert paste.keys(text).expires_at == datetime(2026, 11, 21, 18, 4, tzinfo=timezone.utc)


def test_half_a_paste_says_what_lacks_and_repeats_nothing() -> None:
    with pytest.raises(BadAnswer) as refused:
        paste.keys(f"AWS_ACCESS_KEY_ID={PASSING}\nAWS_SECRET_ACCESS_KEY={SECRET}")
    assert "session token" in refused.value.what
    assert SECRET not in refused.value.what


def test_the_environment_gives_keys_and_their_end() -> None:
    env = {"AWS_ACCESS_KEY_ID": PASSING, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SECURITY_TOKEN": TOKEN}
    found = paste.keys_from_env({**env, "AWS_CREDENTIAL_EXPIRATION": "2026-11-21T18:04:00Z"})
    assert found == paste.Keys(
        PASSING, Secret(SECRET), Secret(TOKEN), datetime(2026, 11, 21, 18, 4, tzinfo=timezone.utc)
    )
    with pytest.raises(BadAnswer, match="AWS_SECRET_ACCESS_KEY isn't set"):
        paste.keys_from_env({"AWS_ACCESS_KEY_ID": PASSING})


# Messages


def plain(reading: Reading) -> tuple[str, Answers]:
    """Return a reading as the table of messages has it."""
    return reading.kind, {k: v.reveal() if isinstance(v, Secret) else v for k, v in reading.answers.items()}


@pytest.mark.many
@pytest.mark.parametrize(("text", "expected"), [m[1:] for m in MESSAGES], ids=[m[0] for m in MESSAGES])
def test_a_message_is_read_as_a_colleague_would(text: str, expected: list[tuple[str, Answers]]) -> None:
    assert [plain(reading) for reading in readings(text)] == expected


def test_there_are_messages_enough() -> None:
    assert len(MESSAGES) >= 80
    assert len({name for name, *_ in MESSAGES}) == len({text for _, text, _ in MESSAGES}) == len(MESSAGES)


def asked(kind: str, key: str, answers: dict[str, Value]) -> Question:
    """Return the very question that an answer is for; fails where there is none."""
    if key.startswith("source.") and key != "source.kind":
        return asked(str(answers["source.kind"]), key.removeprefix("source."), answers)
    if key == "source.kind":
        return flow.questions(access.Answers())[0]
    kinds = [access.of(kind)] if kind else access.KINDS
    return next(question for one in kinds for question in access.asked_by(one) if question.key == key)


@pytest.mark.many
@pytest.mark.parametrize("text", [m[1] for m in MESSAGES], ids=[m[0] for m in MESSAGES])
def test_every_answer_is_one_its_question_takes_as_it_is(text: str) -> None:
    for reading in readings(text):
        for key, value in reading.answers.items():
            question = asked(reading.kind, key, dict(reading.answers))
            text_of = value.reveal() if isinstance(value, Secret) else value
            if question.key != "expires_at":
                assert taken(question, text_of) == text_of, key
        assert all(
            isinstance(v, Secret) for k, v in reading.answers.items() if k.endswith(("secret_access_key", "_token"))
        )


def taken(question: Question, text: str) -> str:
    """Return what a question makes of an answer."""
    parsed = question.parse(text)
    return parsed.value if isinstance(parsed, Corrected) else parsed


def shown(readings: tuple[Reading, ...]) -> str:
    """Return everything of the readings that anybody may see."""
    parts = [part for r in readings for part in (*r.found, *r.said, r.label, r.hint, repr(r), str(r.answers), str(r))]
    return "\n".join([*parts, repr(readings)])


@pytest.mark.many
@pytest.mark.parametrize("text", [m[1] for m in MESSAGES], ids=[m[0] for m in MESSAGES])
def test_a_reading_names_what_it_found_and_shows_no_secret(text: str) -> None:
    found = readings(text)
    assert not any(secret in shown(found) for secret in (*SECRETS, "Pa55word", TOKEN[:40], JWT[:40], SAML[:40]))
    assert all(reading.found and reading.label for reading in found)
    assert len({(reading.label, reading.hint) for reading in found}) == len(found)


def test_what_was_recognised_reads_well() -> None:
    text = f"Sign in at {START}, account 1111-2222-3333, role Developer, and git clone {REPO}"
    (reading,) = readings(text)
    assert reading.found == (
        f"the start URL {START}", "account 111122223333", "the permission set Developer",
        "the repository MySharedDemoRepo in us-east-2",
    )  # fmt: skip
    keys = f"{LASTING} {SECRET}"
    both = readings(f"{ROLE} {keys}")
    assert [(r.label, r.hint) for r in both] == [
        ("The role, assumed with these access keys", ROLE), ("Just the access keys", "AKIA…MPLE")
    ]  # fmt: skip
    assert both[0].found == (f"the role {ROLE}", "long-term credentials AKIA…MPLE")


def test_keys_that_have_ended_say_so_where_they_are_offered() -> None:
    text = json.dumps(
        {"AccessKeyId": PASSING, "SecretAccessKey": SECRET, "SessionToken": TOKEN, "Expiration": "2026-11-21T18:04:00Z"}
    )
    at = datetime(2026, 11, 21, 18, 4, tzinfo=timezone.utc)
    assert [r.hint for r in flow.readings(text, at)] == ["ASIA…MPLE, expired 2026-11-21 18:04 UTC"]
    assert [r.hint for r in flow.readings(text, at.replace(hour=17))] == ["ASIA…MPLE, valid until 2026-11-21 18:04 UTC"]


MENDED = {
    f"aws configure set role_arn {ROLE} \u2013profile acme": "long dashes",
    f"Start URL:\u00a0{START}": "no-break",
    f"\u201c{START}\u201d": "quotes",
    "https://acme\u2010dev.awsapps.com/start": "hyphens",
    "\ufffd\ufffd" + "\0".join(START) + "\0": "UTF-16",
    "arn:aws:iam:::111122223333:role/CodeCommitAccess": "two colons",
    "region: us-east-2a": "Availability Zone us-east-2a",
    f"AWS_ACCESS_KEY_ID={LASTING}\nAWS_SECRET_ACCESS_KEY={SECRET}\nAWS_SESSION_TOKEN={TOKEN}": "session token",
    f"{PASSING}\n{SECRET}\n" + wrapped(TOKEN, 76): "split across several lines",
    f"{REPO} and [x]\ncredential_process = /bin/evil": "credential_process",
    f"git clone {REPO} /tmp/x": "the folder /tmp/x",
    f"git clone {REPO}\nregion: eu-west-1": "us-east-2, the region in the repository URL",
    "aws_access_key_id = <yours>\naws_secret_access_key = ...": "placeholders",
}


@pytest.mark.parametrize(("text", "words"), MENDED.items(), ids=MENDED.values())
def test_what_was_mended_or_left_out_is_said(text: str, words: str) -> None:
    (reading,) = readings(text)
    assert [sentence for sentence in reading.said if words in sentence], reading.said
    assert all(sentence.endswith(".") and "\n" not in sentence for sentence in reading.said)


@pytest.mark.parametrize("text", [f"Here\u2019s your link \u2014 enjoy: {START}", f"{START}\r\n\tThanks"])
def test_what_changes_nothing_is_not_worth_a_word(text: str) -> None:
    (reading,) = readings(text)
    assert reading.said == ()


def test_a_paste_names_no_program() -> None:
    text = f"[profile evil]\ncredential_process = /tmp/evil\nrole_arn = {ROLE}\nsource_profile = base\n[base]\ncredential_process = /tmp/evil\n"
    (reading,) = readings(text)
    assert plain(reading) == ("role", {"role_arn": ROLE, "source_profile": "base", "profile": "evil"})


# What AWS's own command line prints


STS = {
    "assume-role": ["--role-arn", ROLE, "--role-session-name", "maria"],
    "get-session-token": [],
    "get-federation-token": ["--name", "bob"],
}


@pytest.fixture(scope="module")
def aws_says(
    tmp_path_factory: pytest.TempPathFactory, aws_tools: AwsTools
) -> Iterator[dict[tuple[str, str], tuple[str, str]]]:
    """What the AWS CLI prints for each command and format, and the access key it got."""
    folder = tmp_path_factory.mktemp("aws")
    with Sandbox.start(folder / "sandbox") as sandbox:
        keys = marias_keys(sandbox)
        env = {
            "PATH": "/usr/bin:/bin", "HOME": str(folder), "COLUMNS": "80", "AWS_DEFAULT_REGION": "us-east-2",
            "AWS_ACCESS_KEY_ID": keys.access_key_id, "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
            **sandbox.environment(),
        }  # fmt: skip
        yield {
            (command, form): (command, _run([str(aws_tools.aws), "sts", command, *more, "--output", form], env))
            for command, more in STS.items()
            for form in (("json", "text", "table") if command == "assume-role" else ("json",))
        }


def _run(command: list[str], env: dict[str, str]) -> str:
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True, timeout=60).stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "form"),
    [("assume-role", "json"), ("assume-role", "text"), ("assume-role", "table"), ("get-session-token", "json"),
     ("get-federation-token", "json")],
)  # fmt: skip
def test_what_the_aws_cli_prints_is_read(
    aws_says: dict[tuple[str, str], tuple[str, str]], command: str, form: str
) -> None:
    output = aws_says[command, form][1]
    (reading,) = readings(output)
    kind, answers = plain(reading)
    assert kind == "keys"
    assert set(answers) == {"access_key_id", "secret_access_key", "session_token", "expires_at"}
    words = output.replace('"', " ").replace("|", " ").replace(",", " ").split()
    assert {answers[key] for key in ("access_key_id", "secret_access_key", "session_token")} <= set(words)
    assert answers["expires_at"].removesuffix("Z") in output.replace(" ", "T")
    assert paste.keys(output).access_key_id == answers["access_key_id"]


# Whatever anybody pastes

PIECES = st.sampled_from([text for _, text, _ in MESSAGES])


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """Messages cut, joined and with letters exchanged."""
    text = draw(st.sampled_from(["\n", " ", "\r\n> ", ""])).join(draw(st.lists(PIECES, min_size=1, max_size=3)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(text)))
        until = draw(st.integers(at, min(len(text), at + 40)))
        text = text[:at] + draw(st.text(max_size=3)) + text[until:]
    return text[draw(st.integers(0, len(text) // 2)) :] if draw(st.booleans()) else text


@pytest.mark.slow
@settings(max_examples=examples(250, everyday=30), deadline=None)
@given(st.one_of(st.text(), damaged()))
def test_no_text_makes_it_raise_and_every_answer_fits(text: str) -> None:
    found = readings(text)
    for reading in found:
        for key, value in reading.answers.items():
            question = asked(reading.kind, key, dict(reading.answers))
            assert isinstance(value, Secret) or taken(question, value) == value
    apart = all(re.search(rf"(^|[\s=\"':`,;|>]){re.escape(s)}", text) for s in (SECRET, TOKEN, JWT, SAML) if s in text)
    assert not apart or not any(secret in shown(found) for secret in (SECRET, TOKEN, JWT, SAML))
    try:
        paste.keys(text)
    except BadAnswer as refused:
        assert SECRET not in str(refused)


LONG = {
    "a": "a", "=": "=", " ": " ", "base64": "Zm9vYmFyYmF6cXV4", "lines": "Zm9vYmFyYmF6cXV4" * 5 + "\n", "[": "[",
    "tokens": "eyJhbGciOiJSUzI1NiJ9" * 3 + "\n", "aws": "aws ", "labels": "AWS_SESSION_TOKEN=", "git": "git clone ",
    "keys": f"AWS_ACCESS_KEY_ID={LASTING}\nAWS_SECRET_ACCESS_KEY={SECRET}\n", "arns": "arn:aws:iam::111122223333:role/",
    "quotes": "AWS_SESSION_TOKEN='", "sections": f"[profile x]\nsso_start_url={START}\n", "addresses": "codecommit://a@b ",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("piece", and_more(LONG, "=", "aws", "keys", "sections", "addresses"))
def test_a_megabyte_takes_time_in_proportion(piece: str) -> None:
    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        began = time.process_time()
        readings(text)
        return time.process_time() - began

    seconds(1000)
    assert seconds(1_000_000) < 12 * max(seconds(200_000), 0.15)


LINES = {  # what begins a line, fills it, and ends it
    "a token in JSON": ('  "WebIdentityToken": "', "eyJhbGciOiJSUzI1NiJ9.", '",'), "letters": ("", "a", "+ b"), "dots": ("> ", ".", "'"),
    "paths": ("", "/a", "+ b"), "questions": ("https://", "a?b/", " c"), "dashes": ("Token: ", "-", "+ b"), "hosts": ("", "a.", '",'),
    "base64": ("export AWS_SESSION_TOKEN=", "Zm9v/", "+ b"),
}  # fmt: skip


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_a_long_line_takes_time_in_proportion_whatever_it_ends_with(line: tuple[str, str, str]) -> None:
    start, piece, end = line

    def seconds(size: int) -> float:
        began = time.process_time()
        readings(f"{start}{piece * (size // len(piece))}{end}\nnext: line\n")
        return time.process_time() - began

    assert seconds(400) < 12 * max(seconds(100), 0.05)
    assert seconds(20_000) < 12 * max(seconds(2000), 0.05)


def test_a_thousand_ways_in_are_offered_by_the_dozen() -> None:
    text = "".join(f"arn:aws:iam::{i:012d}:role/Developer\n" for i in range(1000))
    assert len(readings(text)) == 12


def test_the_sample_of_temporary_keys_is_whole() -> None:
    assert plain(readings(PASTES[0].replace(SHORT, TOKEN))[0])[1] == TEMP


@pytest.mark.parametrize(
    ("link", "kinds"),
    [
        ("https://signin.aws.amazon.com/switchrole?account=111122223333&roleName=CodeCommitAccess", ["role"]),
        ("https://signin.aws.amazon.com/switchrole/?roleName=CodeCommitAccess&account=111122223333", ["role"]),
        ("https://signin.aws.amazon.com/console?account=111122223333&roleName=CodeCommitAccess", ["sso", "role"]),
        ("https://signin.aws.amazon.com/switchrole?account=acme&roleName=CodeCommitAccess", []),
        ("https://signin.aws.amazon.com/switchrole?account=111122223333", []),
    ],
)
def test_a_link_is_a_role_only_where_it_switches_to_one(link: str, kinds: list[str]) -> None:
    assert [reading.kind for reading in readings(link)] == kinds


@pytest.mark.parametrize(
    ("text", "file"),
    [
        ("The SAML response is in ~/Downloads/saml.b64.", "~/Downloads/saml.b64"),
        ("It is in /tmp/SAMLResponse.xml; an older one is /tmp/saml-2.xml.", "/tmp/SAMLResponse.xml"),
        ("saml assertion: assertion.b64, not ~/other-assertion.b64", "assertion.b64"),
    ],
)
def test_the_file_of_a_saml_response_is_the_first_that_is_named(text: str, file: str) -> None:
    role = "arn:aws:iam::111122223333:role/CodeCommitSaml"
    (reading,) = readings(f"Role: {role}\n{text}\n")
    assert plain(reading) == ("saml", {"role_arn": role, "saml_assertion": file})


@pytest.mark.parametrize("name", ["WebIdentityToken", "web_identity_token_file", "SAMLAssertion"])
@pytest.mark.parametrize("value", ["eyJhbGciOiJSUzI1NiJ9" * 60, "opaque-x9" * 20, "Atza|IQEBLjAsAhRmHjNgHpi0U"])
def test_what_may_be_the_token_itself_is_not_taken_for_the_name_of_its_file(name: str, value: str) -> None:
    role = '"RoleArn": "arn:aws:iam::111122223333:role/CodeCommitOidc"'
    for text in (
        f'{{\n  "{name}": "{value}",\n  {role}\n}}',
        f"[profile a]\n{name} = {value}\nrole_arn = {role[12:-1]}\n",
    ):
        assert value not in repr([plain(reading) for reading in readings(text)])


@pytest.mark.parametrize("path", ["/var/run/token", "~/t.jwt", "./x", "token.jwt", "C:\\\\t\\\\token"])
def test_the_name_of_a_tokens_file_is_taken(path: str) -> None:
    role = "arn:aws:iam::111122223333:role/CodeCommitOidc"
    (reading,) = readings(f"[profile a]\nrole_arn = {role}\nweb_identity_token_file = {path}\n")
    assert plain(reading)[1]["web_identity_token_file"] == path


def test_a_saml_response_for_several_roles_leaves_the_choice_to_its_question() -> None:
    roles = [f"arn:aws:iam::111122223333:role/{name}" for name in ("One", "Two")]
    (reading,) = readings(f"{roles[0]}\n{roles[1]}\nThe SAML response is in ~/Downloads/saml.b64.\n")
    assert plain(reading) == ("saml", {"saml_assertion": "~/Downloads/saml.b64"})
    token = readings(f"{roles[0]}\n{roles[1]}\nThe token is in ~/token.jwt.\n")
    assert [plain(reading) for reading in token] == [
        ("oidc", {"role_arn": role, "web_identity_token_file": "~/token.jwt"}) for role in roles
    ]


@pytest.mark.parametrize(
    ("word", "secret"),
    [
        ("aB3" * 6, True),
        ("aB3" * 5 + "x", True),
        ("aB3" * 5, False),
        ("ab3" * 6, False),
        ("AB3" * 6, False),
        ("aBc" * 6, False),
        ("my-project_Name.2026@eu", False),
        ("key-" + "aB3" * 6, True),
    ],
)
def test_a_word_looks_secret_if_a_part_of_it_is_long_and_mixed(word: str, secret: bool) -> None:
    assert mentions.looks_secret(word) is secret


@pytest.mark.parametrize(
    "key", ["aws_session_token_expiration", "aws_credentials_expiration", "aws_session_expiration"]
)
@pytest.mark.parametrize("ends", ["2026-11-21T20:04:05+0200", "1795284245", "1795284245000"])
def test_the_expiry_is_read_from_any_tools_setting(key: str, ends: str) -> None:
    pair = f"aws_access_key_id = {PASSING}\naws_secret_access_key = {SECRET}\naws_session_token = {TOKEN}\n"
    found = paste.keys(f"[dev]\n{pair}{key} = {ends}\n")
    assert found.expires_at == datetime(2026, 11, 21, 18, 4, 5, tzinfo=timezone.utc)
