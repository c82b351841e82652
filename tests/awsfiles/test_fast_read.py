"""The fast reader: plain texts read as botocore reads them, and everything else left to those who read line by line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from often import examples

from ccsetup.awsfiles import fast_read, ini
from ccsetup.awsfiles.fast_read import Unsure

KEYS = "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = s\n"
PAIR = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "s"}
ROLE = {"role_arn": "arn:aws:iam::111122223333:role/R"}


def profiles(config: str, credentials: str = "") -> tuple[dict[str, dict[str, str]], dict[str, dict[str, str]]]:
    sessions: dict[str, dict[str, str]] = {}
    return dict(fast_read.profiles(config, credentials, sessions)), sessions


def test_plain_texts_are_read_at_once() -> None:
    config = (
        "[default]\nregion = us-east-1\n\n[profile dev]\nregion = us-east-2\noutput = json\n[profile bare]\n"
        "[sso-session acme]\nsso_region = us-east-1\n[services local]\n[plugins]\ncli-legacy = x\n"
    )
    credentials = f"[dev]\n{KEYS}[other]\n{KEYS}"
    found, sessions = profiles(config, credentials)
    assert found == {
        "default": {"region": "us-east-1"}, "dev": {"region": "us-east-2", "output": "json", **PAIR}, "bare": {}, "other": PAIR,
    }  # fmt: skip
    assert sessions == {"acme": {"sso_region": "us-east-1"}}


def test_credentials_win_over_config_and_keep_their_own_profiles() -> None:
    found, _ = profiles("[profile dev]\nregion = us-east-1\n", "[dev]\nregion = us-east-2\n[more]\noutput = json\n")
    assert found == {"dev": {"region": "us-east-2"}, "more": {"output": "json"}}


def test_only_what_is_new_in_a_text_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    many = "".join(f"[profile p{n}]\nsso_account_id = {n:012}\ns3 =\n  max_queue_size = 5\n\n" for n in range(100))
    changed = many.replace("[profile p90]\n", "[profile p90]\nregion = us-east-1\n")
    earlier, parsed = fast_read.Earlier(), list[str]()
    found = fast_read._found

    def counted(text: str, above: Iterable[str] = ()) -> Iterator[tuple[str, dict[str, str]]]:
        for header, there in found(text, above):
            parsed.append(header)
            yield header, there

    monkeypatch.setattr(fast_read, "_found", counted)
    for text, again in ((many, 100), (f"{many}[profile new]\n", 2), (changed, 10), (many, 10), (many, 0)):
        parsed.clear()
        assert dict(fast_read.sections(text, earlier)).keys() == dict(fast_read.sections(text)).keys()
        assert len(parsed) == again + text.count("[profile")
    with pytest.raises(Unsure):  # it is there twice, before and after the first difference
        list(fast_read.sections(f"{many}[profile p1]\n", earlier))


SPELLED = {
    "tabs": "[profile dev]\nregion\t=\tus-east-1\n",
    "no blanks": "[profile dev]\nregion=us-east-1\n",
    "a colon": "[profile dev]\nregion: us-east-1\n",
    "capitals": "[profile dev]\nREGION = us-east-1\n",
    "a comment": "# mine\n[profile dev]\n; here\nregion = us-east-1\n",
    "Windows": "[profile dev]\r\nregion = us-east-1\r\n",
    "blanks at the end": "[profile dev]  \nregion = us-east-1  \n",
    "more blanks": "[profile dev]\nregion =  us-east-1\n",
}


@pytest.mark.parametrize("text", SPELLED.values(), ids=SPELLED)
def test_other_spellings_are_read_too(text: str) -> None:
    assert profiles(f"[profile a]\noutput = json\n{text}[profile z]\n")[0] == {
        "a": {"output": "json"}, "dev": {"region": "us-east-1"}, "z": {},
    }  # fmt: skip


BLOCK = "\nmax_queue_size = 5\n\nsignature_version=s3v4"
NESTED = {
    "usual": "[profile dev]\ns3 =\n  max_queue_size = 5\n\n  signature_version=s3v4\nregion = us-east-1\n\n",
    "last": "[profile dev]\nregion = us-east-1\ns3=\n\tmax_queue_size = 5\n\n\tsignature_version=s3v4",
    "with comments around": "[profile dev]\n# c\nregion = us-east-1\ns3 =\n  max_queue_size = 5\n\n  signature_version=s3v4\n; d\n",
    "before a comment": "[profile dev]\nregion = us-east-1\n\ns3 =\n  max_queue_size = 5\n\n  signature_version=s3v4\n\n# d",
    "with comments": "[profile dev]\nregion = us-east-1\ns3 =\n # c\n  max_queue_size = 5\n\n# d\n signature_version=s3v4\n\n#",
    "in an indented section": "[profile dev]\n  region = us-east-1\n  s3 =\n    max_queue_size = 5\n\n   signature_version=s3v4\n",
    "in a quoted one on Windows": '[profile "dev"] # c\r\ns3 =\r\n  max_queue_size = 5\r\n\r\n  signature_version=s3v4\r\nregion=us-east-1\r\n',
}  # fmt: skip


@pytest.mark.parametrize("text", NESTED.values(), ids=NESTED)
def test_nested_blocks_are_the_text_that_botocore_reads_them_from(text: str) -> None:
    assert profiles(text)[0] == {"dev": {"region": "us-east-1", "s3": BLOCK}}


def test_names_are_quoted_as_shlex_has_it() -> None:
    config = '[profile \'a b\']\n[profile "it\'s"]\n[sso-session "s t"]\n[profile plain]\n'
    assert profiles(config) == ({"a b": {}, "it's": {}, "plain": {}}, {"s t": {}})


def test_other_sections_are_given_to_who_wants_them() -> None:
    others: dict[str, dict[str, str]] = {}
    config = (
        '[services "my own"]\nsts =\n  endpoint_url = https://x\n[services x]\n[plugins]\ncli = y\n[profile a]\n[dev]\n'
    )
    assert dict(fast_read.profiles(config, "", {}, others)) == {"a": {}}
    assert others == {
        "services my own": {"sts": "\nendpoint_url = https://x"}, "services x": {}, "plugins": {"cli": "y"}, "dev": {},
    }  # fmt: skip


ODD = {
    "a value over two lines": "[profile dev]\nrole_arn =\n  arn:aws:iam::111122223333:role/R\n",
    "a setting twice": "[profile dev]\nregion = us-east-1\nregion = us-east-2\n",
    "a section twice": "[profile dev]\nregion = us-east-1\n[profile dev]\noutput = json\n",
    "a section twice, without settings": "[profile dev]\n[profile dev]\n",
    "a line before all sections": "region = us-east-1\n[profile dev]\n",
    "a line without a sign": "[profile dev]\nregion us-east-1\n",
    "no key": "[profile dev]\n = us-east-1\n",
    "a key of two words": "[profile dev]\nmy region = us-east-1\n",
    "a key that is a number": "[profile dev]\n1 = us-east-1\n",
    "a key beyond ASCII": "[profile dev]\nr\u00e9gion = us-east-1\n",
    "DEFAULT": "[DEFAULT]\nregion = us-east-1\n",
    "a header without an end": "[profile dev\nregion = us-east-1\n",
    "an empty header": "[]\nregion = us-east-1\n",
    "a name twice, once in quotes": '[profile "dev"]\n[profile dev]\n',
    "a name twice in quotes": "[profile \"dev\"]\n[profile 'dev']\n",
    "a block that is no block": "[profile dev]\ns3 =\n  max_queue_size\n",
    "two blocks": "[profile dev]\ns3 =\n  a = b\ns3 =\n  a = b\n",
    "a setting before and after a block": "[profile dev]\nregion = us-east-1\ns3 =\n  a = b\nregion = us-east-2\n",
    "a value over two lines beside a block": "[profile dev]\nrole_arn =\n  arn\ns3 =\n  a = b\n",
    "a header in a block": "[profile dev]\ns3 =\n  [profile prod] = x\n",
    "a block below a value": "[profile dev]\ns3 = x\n  max_queue_size = 5\n",
    "a block of another setting": "[profile dev]\noutput =\n  region = us-east-1\n",
    "a line that only some end there": "[profile dev]\ns3 =\n  a = b\x85c\n",
    "a tab in a header": "[profile dev\t]\nregion = us-east-1\n",
    "default in quotes": '[profile "default"]\nregion = us-east-1\n',
    "an escape in quotes": '[profile "a\\\\b"]\n',
    "quotes of two kinds": "[profile \"dev']\n",
    "two names in quotes": '[profile "a" "b"]\n',
    "nothing in quotes": '[profile ""]\n',
    "a blank in quotes": '[profile "dev "]\n',
    "a bracket after a header": "[profile dev] # ]\n",
    "a quote in a header": "[profile it's]\nregion = us-east-1\n",
    "a backslash in a header": "[profile a\\b]\nregion = us-east-1\n",
    "two words in a header": "[profile my dev]\nregion = us-east-1\n",
    "no name in a header": "[profile ]\nregion = us-east-1\n",
    "a type without a name": "[sso-session]\nregion = us-east-1\n",
    "text after a header": "[profile dev] x\nregion = us-east-1\n",
    "an indented header": "[profile a]\nregion = us-east-1\n  [profile b]\n",
    "default with a prefix": "[profile default]\nregion = us-east-1\n",
    "a lone return": "[profile dev]\nregion = a\rb\n",
    "a lone return before all sections": "# c\r[profile a]\n[profile dev]\n",
    "a lone return in a comment": "[profile dev]\n# c\r[profile a]\nregion = us-east-1\n",
    "a lone return after a header": "[profile dev]\r[profile a]\nregion = us-east-1\n",
    "a lone return in a comment after a header": "[profile dev] # c\r[profile a]\nregion = us-east-1\n",
    "a lone return on a line by itself": "[profile dev]\n\r[profile a]\nregion = us-east-1\n",
    "a lone return in a block": "[profile dev]\ns3 =\n  a = b\rregion = us-east-1\n  c = d\n",
    "a lone return after a sign": "[profile a]\nregion = us-east-1\n[profile dev]\nregion = \r[profile c]\r\n",
    "a header over two lines, the second indented": "[profile prod-\n x]\nregion = us-east-1\n",
    "a header over two lines, below another": "[profile a]\n[x\n [y]\nregion = us-east-1\n",
    "two returns in a block": "[profile dev]\r\ns3 =\r\n  a = b\r\r\n  c = d\r\n",
    "a line break in a header": "[profile\n dev]\nregion = us-east-1\n",
    "a header over two lines": "[profile d\nev]\nregion = us-east-1\n",
    "a null": "[profile dev]\nregion = a\0b\n",
    "a byte that is no text": "[profile dev]\nregion = \udce9\n",
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_what_may_be_read_otherwise_is_left_to_others(text: str) -> None:
    with pytest.raises(Unsure):
        profiles(text)


PIECES = ["[profile a]", "[profile b", "]", "[x]", "region = ", "output = ", "region", "=", ": ", "us-east-1", "s3 =", "a = b", "#", ";", '"',
          "\n", "\n", "\n", "\r\n", "\r\n", "\r", " ", "  ", "\t", "\v", "[services y]", "sts ="]  # fmt: skip


@pytest.mark.slow
@settings(max_examples=examples(4000), deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=24).map("".join), st.sampled_from([1, 9, fast_read._AT_ONCE]))
def test_what_is_read_fast_is_what_is_read_line_by_line(text: str, at_once: int) -> None:
    with mock.patch.object(fast_read, "_AT_ONCE", at_once):
        try:
            found = list(fast_read.sections(text))
        except Unsure:
            with pytest.raises(Unsure):
                list(fast_read.sections(text.encode()))
            return
        assert found == list(fast_read.sections(text.encode()))
    sections, strays = ini._walk(text)
    assert not strays
    assert found == [(it.header, {key: value for key, value, _ in it.settings()}) for it in sections]
    assert all(len(it.options) == len(there) for it, (_, there) in zip(sections, found, strict=True))


@pytest.mark.parametrize("more", ["# für alle\n", "[profile zoë]\n", "x = é\n"])
def test_bytes_that_are_no_ascii_are_left_to_others(more: str) -> None:
    text = f"[profile a]\nregion = us-east-1\n{more}"
    assert list(fast_read.sections(text))
    with pytest.raises(Unsure):
        list(fast_read.sections(text.encode()))


@pytest.mark.parametrize("key", sorted(fast_read._STATIC))
def test_keys_in_both_files_are_left_to_others(key: str) -> None:
    with pytest.raises(Unsure):
        profiles(f"[profile dev]\n{key} = x\n", "[dev]\nregion = us-east-1\n")
    assert profiles(f"[profile dev]\n{key} = x\n", "[other]\nregion = us-east-1\n")[0]["dev"] == {key: "x"}


@pytest.mark.parametrize(
    ("config", "credentials", "names"),
    [
        ("[default]\n[profile dev]\n[sso-session acme]\n[services x]\n", "[dev]\n[other]\n", ["default", "dev", "other"]),
        ("[profile \"my dev\"]\n[profile]\n[dev]\n", "", ["my dev"]),
        ("[profile a]\n[b]\n[sso-session s]\n", "[profile a]\n[b]\n[sso-session s]\n", ["a", "b"]),
        ("", "[]\n[ x ]\n", ["x"]),
    ],
)  # fmt: skip
def test_names_for_completion_come_from_the_headers_of_both_files(
    config: str, credentials: str, names: list[str]
) -> None:
    assert fast_read.names(config, credentials) == names


# ------------------------------------------------------------------ one profile


@pytest.mark.parametrize("end", ["", "\n", "\n[profile devil]\nregion = x\n", "\n[dev]\nregion = x\n"])
@pytest.mark.parametrize(
    "start", ["", "[profile devil]\nregion = x\n", "# [profile dev]\n", "[sso-session dev]\nregion = x\n"]
)
def test_one_profile_is_found_among_others(start: str, end: str) -> None:
    text = f"{start}[profile dev]\nregion = us-east-1\nsource_profile = dev{end}"
    assert fast_read.section(text.encode(), "dev", "profile ") == {"region": "us-east-1", "source_profile": "dev"}
    assert fast_read.section(text.encode(), "nobody", "profile ") == {}


def test_default_has_no_prefix_and_credentials_have_none() -> None:
    text = b"[default]\nregion = us-east-1\n[dev]\nregion = us-east-2\n"
    assert fast_read.section(text, "default", "profile ") == {"region": "us-east-1"}
    assert fast_read.section(text, "dev", "profile ") == {}
    assert fast_read.section(text, "dev", "") == {"region": "us-east-2"}


def test_spellings_and_nested_values_of_one_profile() -> None:
    text = "[profile dev]  \r\nRegion : us-east-1 # x\r\n; no\r\n\r\nrole_arn=a:b=c\r\ns3 =\r\n  max_queue_size = 5\r\nb= 1\r\n"
    assert fast_read.section(text.encode(), "dev", "profile ") == {
        "region": "us-east-1 # x", "role_arn": "a:b=c", "s3": "\n", "b": "1",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("[profile dev]\nregion = x\n[profile dev]\nregion = y\n", "dev"),
        ('[profile "dev"]\nregion = x\n', "dev"),
        ("[profile  dev]\nregion = x\n", "dev"),
        ("[DEFAULT]\nregion = x\n[profile dev]\n", "dev"),
        ("[profile dev] # x\nregion = x\n", "dev"),
        ("[profile dev]\nregion = a\rb\n", "dev"),
        ("[profile dev]\nregion = \u00e9\n", "dev"),
        ("[profile dev]\nregion\n", "dev"),
        ("[profile dev]\nregion = x\nREGION = y\n", "dev"),
        ("[profile dev]\n= x\n", "dev"),
        ("[profile dev]\n  [x] = y\n", "dev"),
        ("[profile dev]\nregion = x\n", ""),
    ],
)
def test_one_profile_that_may_be_read_otherwise_is_left_to_botocore(text: str, name: str) -> None:
    with pytest.raises(Unsure):
        fast_read.section(text.encode(), name, "profile ")


def test_the_files_are_where_the_variables_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.delenv(name, raising=False)
    assert fast_read.settings("dev") == ({}, {})
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text("[profile dev]\nregion = us-east-1\n")
    (tmp_path / "mine").write_text(f"[dev]\n{KEYS}")
    monkeypatch.setenv("PLACE", str(tmp_path))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "$PLACE/mine")
    assert fast_read.settings("dev") == ({"region": "us-east-1"}, PAIR)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path))
    with pytest.raises(Unsure):
        fast_read.settings("dev")


# ------------------------------------------------------------------ a role's cached session


def test_a_cached_session_has_the_name_that_botocore_gives_it() -> None:
    from botocore.credentials import AssumeRoleCredentialFetcher

    for more in (
        {}, {"external_id": "x"}, {"mfa_serial": "arn:aws:iam::888888888888:mfa/maria"}, {"role_session_name": "maria"},
        {"duration_seconds": "3600"}, {"duration_seconds": "long"}, {"external_id": ""}, {"external_id": "x", "duration_seconds": "900"},
    ):  # fmt: skip
        asked = {
            "ExternalId": more.get("external_id"), "RoleSessionName": more.get("role_session_name"),
            "SerialNumber": more.get("mfa_serial"),
            "DurationSeconds": int(more["duration_seconds"]) if more.get("duration_seconds", "long") != "long" else None,
        }  # fmt: skip
        extra = {key: value for key, value in asked.items() if value is not None}
        fetcher = AssumeRoleCredentialFetcher(lambda *_, **__: None, None, ROLE["role_arn"], extra_args=extra)
        assert fast_read.cache_key({**ROLE, **more}) == fetcher._cache_key, more


@pytest.mark.parametrize("value", ['a"b', "a\\b", "\u00e9", "a\nb"])
def test_a_value_that_json_escapes_is_left_to_botocore(value: str) -> None:
    with pytest.raises(Unsure):
        fast_read.cache_key({**ROLE, "external_id": value})
    assert fast_read.json_safe("plain: 1") == "plain: 1"
