"""A team file is a text from outside: it sends no file away and takes no keys over unless a person says so."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from script import Script, tree
from test_team_doctor import visit
from test_team_setup import BASE, ROLE, file, home, run, shown, sso
from test_web_token import PEM, jwt

from ccsetup.cli import parser
from ccsetup.cli.commands import setup
from ccsetup.core.context import Context
from ccsetup.core.errors import BadAnswer, Missing, Problem
from ccsetup.core.result import Report
from ccsetup.wizard import flow

OIDC = "  kind = oidc\n  role_arn = arn:aws:iam::111122223333:role/Developer\n  region = us-east-2\n  profile = ci\n"
AKIA = "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n"
ASIA = AKIA.replace("AKIA", "ASIA") + "aws_session_token = " + "t" * 40 + "\n"


def named(path: Path | str, provider: str = "") -> str:
    told = f"  provider_id = {provider}\n" if provider else ""
    return file(f"  [[default]]\n{OIDC}  web_identity_token_file = {path}\n{told}", "")


def calls(around: Context) -> list[str]:
    return [call for call in around.aws.calls if call.startswith("web_identity")]  # type: ignore[attr-defined]


@pytest.mark.parametrize("provider", ["", "www.amazon.com", "graph.facebook.com"])
@pytest.mark.parametrize(
    "flags", [["--yes"], [], ["--dry-run"], ["--yes", "--dry-run"], ["--yes", "--keep-on-failure"]]
)
@pytest.mark.parametrize("path", ["~/.ssh/id_rsa", "{home}/.ssh/id_rsa", "{home}/token"])
def test_a_token_file_that_a_team_file_names_is_refused_where_no_person_confirms_it(
    tmp_path: Path, provider: str, flags: list[str], path: str
) -> None:
    around = home(tmp_path, "", BASE)
    (around.home / ".ssh").mkdir()
    (around.home / ".ssh" / "id_rsa").write_text(PEM)
    (around.home / "token").write_text(jwt({}))
    before, path = tree(around.home), path.format(home=around.home)
    with pytest.raises(Missing) as refused:
        run(around, named(path, provider), None, *flags)
    assert path in refused.value.what
    assert "--web-identity-token-file" in refused.value.next
    assert (calls(around), tree(around.home)) == ([], before)


def test_yes_on_a_terminal_is_no_persons_word_for_the_file_either(tmp_path: Path) -> None:
    around = home(tmp_path)
    (around.home / "token").write_text(jwt({}))
    with pytest.raises(Missing):
        run(around, named(around.home / "token"), Script(), "--yes")


def test_the_file_that_a_flag_names_wins(tmp_path: Path) -> None:
    around = home(tmp_path)
    (around.home / "mine").write_text(jwt({}))
    report = run(around, named("~/.ssh/id_rsa"), None, "--yes", "--web-identity-token-file", str(around.home / "mine"))
    assert report.exit_code == 0
    config = (around.home / ".aws" / "config").read_text()
    assert f"web_identity_token_file = {around.home}/mine" in config
    assert "id_rsa" not in config


def test_a_person_is_asked_with_the_files_path_offered(tmp_path: Path) -> None:
    around = home(tmp_path)
    (around.home / "token").write_text(jwt({}))
    script = Script(("web_identity_token_file", str(around.home / "token")), ("review", "go"))
    assert run(around, named(around.home / "token"), script).exit_code == 0
    asked = script.asked[0]
    assert asked.default == str(around.home / "token")
    assert asked.notice == f"The team file includes {around.home}/token. Use this value only if you recognize it."


@pytest.mark.parametrize("provider", ["", "www.amazon.com"])
@pytest.mark.parametrize("text", [PEM, AKIA, "x" * 20_001, "machine a login b password c"])
def test_what_is_no_token_is_sent_nowhere_even_where_a_person_names_it(
    tmp_path: Path, provider: str, text: str
) -> None:
    around = home(tmp_path)
    (around.home / "file").write_text(text)
    with pytest.raises(Problem, match="doesn't contain a token") as refused:
        run(around, named("~/x", provider), None, "--yes", "--web-identity-token-file", str(around.home / "file"))
    assert refused.value.code == "oidc.token-invalid"
    assert calls(around) == []


def test_the_doctor_with_a_team_file_takes_none_either(tmp_path: Path) -> None:
    around = home(tmp_path)
    (around.home / "token").write_text(jwt({}))
    with pytest.raises(Missing):
        visit(around, named(around.home / "token"), None, "--fix", "--yes")
    assert not (around.home / ".aws" / "config").exists()


# Pastes


def pasted(around: Context, text: str, script: Script | None, *flags: str) -> Report:
    there = replace(around, prompt=script, stdin=lambda: text)
    return setup.main(parser.parsed(["setup", "--paste", "-", *flags]), lambda: there)


MESSAGE = "role_arn = arn:aws:iam::111122223333:role/Developer\nweb_identity_token_file = {}\nregion = us-east-2\n"


@pytest.mark.parametrize("flags", [["--yes"], ["--yes", "--provider-id", "www.amazon.com"], ["--dry-run"]])
def test_a_paste_names_no_file_by_itself(tmp_path: Path, flags: list[str]) -> None:
    around = home(tmp_path)
    (around.home / ".ssh").mkdir()
    (around.home / ".ssh" / "id_rsa").write_text(PEM)
    for text in (MESSAGE.format("~/.ssh/id_rsa"), named("~/.ssh/id_rsa")):
        with pytest.raises(Missing, match="The pasted text specifies the file") as refused:
            pasted(around, text, None, "--profile", "ci", "--no-clone", *flags)
        assert "--web-identity-token-file" in refused.value.next
    assert calls(around) == []


def test_a_pasted_path_is_offered_to_the_person(tmp_path: Path) -> None:
    around = home(tmp_path)
    (around.home / "token").write_text(jwt({}))
    script = Script(("kind", MESSAGE.format(around.home / "token")), ("web_identity_token_file", str(around.home / "token")),
                    ("profile", "ci"), ("repo", ""), ("review", "go"))  # fmt: skip
    there = replace(around, prompt=script)
    options = parser.parsed(["setup"])
    setup.main(options, lambda: there)
    script.done()
    assert script.asked[1].default == str(around.home / "token")


@pytest.mark.parametrize("text", [PEM, "x" * 20_001, "two\nlines"])
def test_a_text_that_is_no_token_is_refused_where_the_token_itself_is_asked_for(tmp_path: Path, text: str) -> None:
    from ccsetup.access.oidc import QUESTIONS

    question = next(it for it in QUESTIONS if it.key == "web_identity_token")
    assert question.settle
    with pytest.raises(BadAnswer, match="not a token"):
        question.settle(text, flow.Answers({}), None)  # type: ignore[arg-type]


# Keys


HELD = {
    "long-term keys": ("", f"[acme-dev]\n{AKIA}"),
    "long-term keys in config": (f"[profile acme-dev]\n{AKIA}", ""),
    "keys of another sort without a token": ("", f"[acme-dev]\n{AKIA.replace('AKIA', 'ABIA')}"),
    "long-term keys in config below temporary ones": (f"[profile acme-dev]\n{AKIA}", f"[acme-dev]\n{ASIA}"),
    "long-term keys with a token left beside": ("", f"[acme-dev]\n{ASIA.replace('ASIA', 'AKIA')}"),
    "a secret alone": ("", "[acme-dev]\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n"),
    "a key without its secret": ("", "[acme-dev]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n"),
}


@pytest.mark.parametrize("name", HELD)
@pytest.mark.parametrize("flags", [["--yes"], ["--dry-run"], ["--yes", "--keep-on-failure"]])
def test_a_profile_with_long_term_keys_is_never_taken_over_unseen(tmp_path: Path, name: str, flags: list[str]) -> None:
    around = home(tmp_path, *HELD[name])
    before = tree(around.home)
    with pytest.raises(BadAnswer, match="replace your profile acme-dev, which has long-term credentials") as refused:
        run(around, file(sso(), ""), None, *flags)
    assert "--profile acme-dev-team" in refused.value.next
    assert tree(around.home) == before
    report = run(around, file(sso(), ""), None, "--yes", "--profile", "acme-dev-team")
    assert (report.exit_code, report.document["profile"]) == (0, "acme-dev-team")
    for path, (_, held) in before.items():
        if path.endswith(("config", "credentials")):
            assert (around.home / path).read_bytes().startswith(held or b"")


@pytest.mark.parametrize(
    "entry", [ROLE.replace("code", "acme-dev") + "  source_profile = base\n", OIDC.replace("ci", "acme-dev")]
)
def test_no_kind_takes_them_over(tmp_path: Path, entry: str) -> None:
    around = home(tmp_path, "", f"{BASE}[acme-dev]\n{AKIA}")
    (around.home / "token").write_text(jwt({}))
    flags = ["--web-identity-token-file", str(around.home / "token")] if "oidc" in entry else []
    with pytest.raises(BadAnswer, match="replace your profile acme-dev"):
        run(around, file(f"  [[default]]\n{entry}", ""), None, "--yes", *flags)


def test_the_doctor_with_a_team_file_takes_none_over(tmp_path: Path) -> None:
    around = home(tmp_path, "", f"[acme-dev]\n{AKIA}")
    before = tree(around.home)
    [found] = visit(around, file(sso(), ""), None, "--fix", "--yes").document["findings"]
    assert (found["code"], found["fix"], found["fixed"]) == ("team.kind", "ask", False)
    assert tree(around.home) == before


def test_a_person_who_has_seen_the_review_may_replace_them(tmp_path: Path) -> None:
    around = home(tmp_path, "", f"[acme-dev]\n{AKIA}")
    assert run(around, file(sso(), ""), Script(("review", "go"))).exit_code == 0


def test_temporary_keys_are_renewed_as_before(tmp_path: Path) -> None:
    around = home(tmp_path, "", f"[acme-dev]\n{ASIA}")
    assert run(around, file(sso(), ""), None, "--yes").exit_code == 0
    assert json.dumps(run(around, file(sso(), ""), None, "--yes").document)
    assert "acme-dev" in shown(around)


def two(path: Path, version: str, places: str) -> str:
    text = file(f"{sso()}  [[ci]]\n{OIDC}  web_identity_token_file = {path}\n", places)
    return text.replace("version = 1", f"version = {version}")


@pytest.mark.parametrize(("version", "places", "flags"), [
    ("1", "  [[a]]\n  [[b]]\n  access = ci\n", []),
    ("2", "  [[a]]\n  [[b]]\n  access = ci\n", ["--access", "ci"]),
    ("2", "  [[a]]\n  access = default, ci\n", ["--access", "ci"]),
    ("2", "  [[a]]\n  repository = b\n  access = ci\n", ["--repo", "b"]),
])  # fmt: skip
def test_a_token_file_of_a_second_access_is_no_more_trusted(
    tmp_path: Path, version: str, places: str, flags: list[str]
) -> None:
    around = home(tmp_path, "", BASE)
    token = around.home / "token"
    token.write_text(jwt({}))
    before = tree(around.home)
    with pytest.raises(Missing, match="which only you can confirm"):
        run(around, two(token, version, places), None, "--yes", *flags)
    assert (calls(around), tree(around.home)) == ([], before)


def test_an_access_that_a_person_did_not_choose_reads_no_token(tmp_path: Path) -> None:
    around = home(tmp_path, "", BASE)
    (around.home / "token").write_text(jwt({}))
    text = two(around.home / "token", "2", "  [[a]]\n  access = default, ci\n  [[b]]\n  access = ci\n")
    assert run(around, text, None, "--yes", "--access", "default").exit_code == 0
    assert calls(around) == []
    assert "token" not in (around.home / ".aws" / "config").read_text()


def test_a_source_profile_with_keys_is_not_taken_over_by_a_second_access(tmp_path: Path) -> None:
    around = home(tmp_path, "", AKIA.join(["[mine]\n", ""]))
    role = "  kind = role\n  role_arn = arn:aws:iam::{}:role/Developer\n  mfa_serial =\n  region = us-east-2\n"
    entries = f"  [[a]]\n{role.format('111122223333')}  [[b]]\n{role.format('444455556666')}  profile = mine\n"
    before = tree(around.home)
    with pytest.raises(BadAnswer):
        run(around, file(entries, "  [[x]]\n  [[y]]\n  access = b\n"), None, "--yes")
    assert tree(around.home) == before
