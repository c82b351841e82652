from __future__ import annotations

import locale
from pathlib import Path

import pytest
from script import NOW, FakeAws, FakeSignIn, Script, Shown, context

from ccsetup import access
from ccsetup.access import questions
from ccsetup.core.errors import BadAnswer, Elsewhere, Missing, Problem
from ccsetup.core.lookup import Look
from ccsetup.core.model import BACK, Answers, Choice, Keys, Secret, Value
from ccsetup.sandbox import State
from ccsetup.wizard import flow
from ccsetup.wizard.engine import Walk

ROLE = "arn:aws:iam::111122223333:role/CodeCommitAccess"
DEVICE = "arn:aws:iam::888888888888:mfa/maria"
BASE = {"base": {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "x" * 40, "region": "us-east-2"}}


def walked(
    folder: Path, given: dict[str, Value], script: Script | None = None, **outside: object
) -> tuple[dict[tuple[str, str, str], dict[str, object]], Shown, Look]:
    """Walk the real questions; return the sections they lead to."""
    profiles = outside.pop("profiles", {})
    sessions = outside.pop("sessions", {})
    around = context(folder, script, **outside)  # type: ignore[arg-type]
    look = Look(around, profiles=profiles, sessions=sessions, sections=access.sections_of, given=given)  # type: ignore[arg-type]
    screen = around.screen
    assert isinstance(screen, Shown)
    walk = Walk(flow.questions, look, given=given, prompt=script, say=screen.note)
    answers = walk.run().answers
    if script:
        script.done()
    found = {(s.file, s.type, s.name): dict(s.settings) for s in access.sections_of(answers, look)}
    return found, screen, look


def test_sso_writes_a_session_and_a_profile(tmp_path: Path) -> None:
    script = Script(
        ("kind", "sso"),
        ("sso_start_url", "https://acme.awsapps.com/start/"),
        ("sso_region", "us-east-1"),
        ("sso_role_name", "Developer"),
        ("region", "us-east-2"),
        ("profile", "acme-dev"),
        ("repo", "MySharedDemoRepo"),
    )
    found, screen, _ = walked(tmp_path, {}, script)
    assert found == {
        ("config", "sso-session", "acme"): {
            "sso_start_url": "https://acme.awsapps.com/start",
            "sso_region": "us-east-1",
            "sso_registration_scopes": "sso:account:access",
        },
        ("config", "profile", "acme-dev"): {
            "sso_session": "acme",
            "sso_account_id": "111122223333",
            "sso_role_name": "Developer",
            "region": "us-east-2",
        },
    }
    assert "note Account: Acme shared (the only one available)." in screen.lines


def test_sso_in_the_legacy_form_writes_no_session(tmp_path: Path) -> None:
    given: dict[str, Value] = {
        "kind": "sso", "legacy": "yes", "sso_start_url": "https://acme.awsapps.com/start", "sso_region": "us-east-1",
        "sso_account_id": "111122223333", "sso_role_name": "Developer", "region": "us-east-2", "profile": "d", "no_clone": "yes",
    }  # fmt: skip
    found, _, _ = walked(tmp_path, given)
    assert found == {
        ("config", "profile", "d"): {
            "sso_start_url": "https://acme.awsapps.com/start",
            "sso_region": "us-east-1",
            "sso_account_id": "111122223333",
            "sso_role_name": "Developer",
            "region": "us-east-2",
        }
    }


@pytest.mark.parametrize(
    ("url", "sessions", "region", "session"),
    [
        ("https://ssoins-1.portal.eu-west-1.app.aws", {}, "eu-west-1", "ssoins-1"),
        ("https://acme.awsapps.com/start", {"work": {"sso_start_url": "https://acme.awsapps.com/start/", "sso_region": "us-west-2"}}, "us-west-2", "work"),
        ("https://sso.acme.example.com", {}, "eu-central-1", "acme"),
    ],
)  # fmt: skip
def test_the_region_of_a_sign_in_is_told_not_asked(
    tmp_path: Path, url: str, sessions: dict[str, dict[str, str]], region: str, session: str
) -> None:
    given: dict[str, Value] = {
        "kind": "sso", "sso_start_url": url, "sso_account_id": "111122223333", "sso_role_name": "Developer",
        "region": "us-east-2", "profile": "d", "no_clone": "yes",
    }  # fmt: skip
    found, _, _ = walked(tmp_path, given, sessions=sessions, signin=FakeSignIn(region="eu-central-1"))
    assert found[("config", "sso-session", session)]["sso_region"] == region


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a:b,sso:account:access", "a:b,sso:account:access"),
        ("sso:account:access", "sso:account:access"),
        ("codewhisperer:completions", "codewhisperer:completions,sso:account:access"),
    ],
)
def test_a_session_that_others_share_keeps_its_url_and_its_scopes(tmp_path: Path, before: str, after: str) -> None:
    work = {
        "sso_start_url": "https://acme.awsapps.com/start/",
        "sso_region": "us-east-1",
        "sso_registration_scopes": before,
    }
    given: dict[str, Value] = {
        "kind": "sso", "sso_start_url": "https://acme.awsapps.com/start", "sso_account_id": "111122223333",
        "sso_role_name": "Developer", "region": "us-east-2", "profile": "d", "no_clone": "yes",
    }  # fmt: skip
    found, _, _ = walked(tmp_path, given, sessions={"work": work})
    assert found[("config", "sso-session", "work")] == {**work, "sso_registration_scopes": after}


def test_role_writes_its_source_and_what_was_given_with_it(tmp_path: Path) -> None:
    script = Script(
        ("kind", "role"),
        ("role_arn", "arn:aws:iam:::111122223333:role/CodeCommitAccess"),
        ("source_profile", "base"),
        ("external_id", "acme-7f3b"),
        ("region", "us-east-2"),
        ("profile", "code"),
        ("repo", ""),
    )
    found, screen, _ = walked(tmp_path, {}, script, profiles=BASE)
    assert found == {
        ("config", "profile", "code"): {
            "role_arn": ROLE,
            "source_profile": "base",
            "external_id": "acme-7f3b",
            "region": "us-east-2",
        }
    }


def test_a_role_with_mfa_spends_the_code_at_once_and_asks_again_when_it_is_refused(tmp_path: Path) -> None:
    class Picky(FakeAws):
        def identity(self, who):  # type: ignore[no-untyped-def]
            if who.mfa_code != "222222":
                self.who = Problem("AWS rejected the MFA code.", code="access.assume")
                return super().identity(who)
            self.who = FakeAws().who
            return super().identity(who)

    script = Script(
        ("kind", "role"), ("role_arn", ROLE), ("source_profile", "base"), ("external_id", ""), ("mfa_serial", DEVICE),
        ("mfa_code", "111111"), ("mfa_code", "222222"), ("region", "us-east-2"), ("profile", "code"), ("repo", ""),
    )  # fmt: skip
    found, _, _ = walked(tmp_path, {}, script, profiles=BASE, aws=Picky(devices=(DEVICE,)))
    assert found[("config", "profile", "code")]["mfa_serial"] == DEVICE
    assert "AWS rejected the MFA code." in script.asked[6].notice


def test_a_role_can_start_from_the_machines_own_credentials(tmp_path: Path) -> None:
    given: dict[str, Value] = {
        "kind": "role", "role_arn": ROLE, "source_profile": "@ec2instancemetadata", "region": "us-east-2", "profile": "code",
        "no_clone": "yes",
    }  # fmt: skip
    found, _, _ = walked(tmp_path, given)
    assert found[("config", "profile", "code")] == {
        "role_arn": ROLE,
        "credential_source": "Ec2InstanceMetadata",
        "region": "us-east-2",
    }


def test_a_source_profile_that_is_missing_is_set_up_on_the_way(tmp_path: Path) -> None:
    script = Script(
        ("kind", "role"), ("role_arn", ROLE), ("source_profile", "+"),
        ("source.kind", "keys"), ("source.access_key_id", "AKIAIOSFODNN7EXAMPLE"), ("source.secret_access_key", "s" * 40),
        ("source.profile", "base"),
        ("external_id", BACK), ("source.profile", "first"),
        ("external_id", ""), ("region", "us-east-2"), ("profile", "code"), ("repo", ""),
    )  # fmt: skip
    found, _, _ = walked(tmp_path, {}, script)
    assert found[("credentials", "profile", "first")] == {
        "aws_access_key_id": "AKIAIOSFODNN7EXAMPLE",
        "aws_secret_access_key": Secret("s" * 40),
    }
    assert found[("config", "profile", "code")]["source_profile"] == "first"


@pytest.mark.parametrize("duration", ["3600", "7200"])
def test_a_role_assumed_by_a_role_lasts_an_hour_at_most(tmp_path: Path, duration: str) -> None:
    given: dict[str, Value] = {"kind": "role", "role_arn": ROLE, "source_profile": "first", "duration_seconds": duration,
                               "region": "us-east-2", "profile": "code", "no_clone": "yes"}  # fmt: skip
    profiles = {"first": {"role_arn": ROLE, "source_profile": "x"}}
    if duration == "3600":
        assert (
            walked(tmp_path, given, profiles=profiles)[0][("config", "profile", "code")]["duration_seconds"] == "3600"
        )
    else:
        with pytest.raises(BadAnswer, match="at most 3600 seconds"):
            walked(tmp_path, given, profiles=profiles)


def test_mfa_stores_temporary_keys_and_how_to_renew_them(tmp_path: Path) -> None:
    script = Script(
        ("kind", "mfa"), ("source_profile", "base"), ("mfa_code", "123456"), ("region", "us-east-2"),
        ("profile", "code"), ("repo", ""),
    )  # fmt: skip
    found, _, _ = walked(tmp_path, {}, script, profiles=BASE, aws=FakeAws(devices=(DEVICE,)))
    assert found == {
        ("credentials", "profile", "code"): {
            "aws_access_key_id": "ASIAIOSFODNN7EXAMPLE",
            "aws_secret_access_key": Secret("s" * 40),
            "aws_session_token": Secret("t" * 40),
        },
        ("config", "profile", "code"): {
            "region": "us-east-2",
            "ccsetup_kind": "mfa",
            "ccsetup_source_profile": "base",
            "ccsetup_mfa_serial": DEVICE,
            "ccsetup_expires_at": "2026-11-21T23:00:00Z",
        },
    }


def test_a_code_is_spent_once_however_often_its_keys_are_looked_at(tmp_path: Path) -> None:
    aws = FakeAws(devices=(DEVICE,))
    given: dict[str, Value] = {
        "kind": "mfa", "source_profile": "base", "mfa_serial": DEVICE, "mfa_code": "123456", "region": "us-east-2",
        "profile": "code", "no_clone": "yes",
    }  # fmt: skip
    walked(tmp_path, given, profiles=BASE, aws=aws)
    assert [call for call in aws.calls if call.startswith("session_token")] == [f"session_token {DEVICE} 123456 43200"]


def test_the_profile_that_holds_the_long_term_keys_is_not_overwritten(tmp_path: Path) -> None:
    given: dict[str, Value] = {"kind": "mfa", "source_profile": "base", "mfa_serial": DEVICE, "mfa_code": "123456",
                               "region": "us-east-2", "profile": "base", "no_clone": "yes"}  # fmt: skip
    with pytest.raises(BadAnswer, match="base is the source profile"):
        walked(tmp_path, given, profiles=BASE)


def jwt(ends: int) -> str:
    import base64
    import json

    claims = {"iss": "https://token.example.com", "aud": "sts.amazonaws.com", "exp": ends}
    return f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.c2ln"


def test_oidc_writes_an_absolute_path_and_shows_what_the_token_says(tmp_path: Path) -> None:
    script = Script(
        ("kind", "oidc"), ("role_arn", ROLE), ("web_identity_token_file", "~/token"), ("region", "us-east-2"),
        ("profile", "code"), ("repo", ""),
    )  # fmt: skip
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "token").write_text(jwt(int(NOW.timestamp()) + 3600))
    found, screen, _ = walked(tmp_path, {}, script, env={"USER": "Maria Garcia"})
    assert found[("config", "profile", "code")] == {
        "role_arn": ROLE,
        "web_identity_token_file": str(tmp_path / "home" / "token"),
        "role_session_name": "Maria-Garcia",
        "region": "us-east-2",
    }
    assert (
        "Token issued by https://token.example.com for sts.amazonaws.com, valid until 2026-11-21 13:00 UTC."
        in screen.text()
    )


@pytest.mark.parametrize(("typed", "written"), [
    ("../tokens/web.jwt", "tokens/web.jwt"),
    ("./../tokens/./web.jwt", "tokens/web.jwt"),
    ("~/../tokens/web.jwt", "tokens/web.jwt"),
    ("$HOME/../work/../tokens/web.jwt", "tokens/web.jwt"),
    ("link/web.jwt", "work/link/web.jwt"),
    ("link/../web.jwt", "work/link/../web.jwt"),
])  # fmt: skip
def test_a_token_files_path_is_written_without_dots(tmp_path: Path, typed: str, written: str) -> None:
    for folder in ("home", "work", "tokens", "far/away"):
        (tmp_path / folder).mkdir(parents=True)
    for path in ("tokens/web.jwt", "far/away/web.jwt", "far/web.jwt"):
        (tmp_path / path).write_text(jwt(int(NOW.timestamp()) + 3600))
    (tmp_path / "work" / "link").symlink_to(tmp_path / "far" / "away")
    given: dict[str, Value] = {"kind": "oidc", "role_arn": ROLE, "web_identity_token_file": typed, "region": "us-east-2",
                               "profile": "code", "no_clone": "yes"}  # fmt: skip
    found, _, look = walked(tmp_path, given)
    assert look.cwd == tmp_path / "work"
    assert found["config", "profile", "code"]["web_identity_token_file"] == str(tmp_path / written)


def test_a_token_files_path_that_aws_tools_misread_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home/José").mkdir(parents=True)
    (tmp_path / "home/José/token").write_text(jwt(int(NOW.timestamp()) + 3600))
    given: dict[str, Value] = {"kind": "oidc", "role_arn": ROLE, "web_identity_token_file": "~/José/token",
                               "region": "us-east-2", "profile": "code", "no_clone": "yes"}  # fmt: skip
    monkeypatch.setattr(locale, "getpreferredencoding", lambda do_setlocale: "cp1252")
    with pytest.raises(BadAnswer, match=r"“é”.*for example, .*tokens.jwt"):
        walked(tmp_path, given)
    monkeypatch.setattr(locale, "getpreferredencoding", lambda do_setlocale: "UTF-8")
    found, _, _ = walked(tmp_path, given)
    assert found["config", "profile", "code"]["web_identity_token_file"] == str(tmp_path / "home/José/token")


@pytest.mark.parametrize(
    ("content", "says"),
    [(jwt(int(NOW.timestamp()) - 60), "expired at"), ("", "is empty"), (None, "token")],
)
def test_a_token_file_that_cannot_work_is_refused(tmp_path: Path, content: str | None, says: str) -> None:
    (tmp_path / "home").mkdir()
    if content is not None:
        (tmp_path / "home" / "token").write_text(content)
    given: dict[str, Value] = {"kind": "oidc", "role_arn": ROLE, "web_identity_token_file": str(tmp_path / "home" / "token"),
                               "region": "us-east-2", "profile": "code", "no_clone": "yes"}  # fmt: skip
    with pytest.raises(Problem, match=says):
        walked(tmp_path, given)


def test_a_token_that_is_no_jwt_asks_for_its_provider_and_stores_keys(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "token").write_text("Atza|opaque")
    script = Script(("kind", "oidc"), ("role_arn", ROLE), ("web_identity_token_file", str(tmp_path / "home" / "token")),
                    ("provider_id", "www.amazon.com"), ("region", "us-east-2"), ("profile", "code"), ("repo", ""))  # fmt: skip
    found, _, _ = walked(tmp_path, {}, script)
    assert found[("config", "profile", "code")]["ccsetup_provider_id"] == "www.amazon.com"
    assert "aws_session_token" in found[("credentials", "profile", "code")]


def test_keys_tell_temporary_from_long_term(tmp_path: Path) -> None:
    script = Script(("kind", "keys"), ("access_key_id", "ASIAIOSFODNN7EXAMPLE"), ("secret_access_key", "s" * 40),
                    ("session_token", "t" * 40), ("region", "us-east-2"), ("profile", "code"), ("repo", ""))  # fmt: skip
    found, _, _ = walked(tmp_path, {}, script)
    assert set(found[("credentials", "profile", "code")]) == {
        "aws_access_key_id",
        "aws_secret_access_key",
        "aws_session_token",
    }
    script = Script(("kind", "keys"), ("access_key_id", "AKIAIOSFODNN7EXAMPLE"), ("secret_access_key", "s" * 40),
                    ("region", "us-east-2"), ("profile", "code"), ("repo", ""))  # fmt: skip
    found, _, _ = walked(tmp_path, {}, script)
    assert set(found[("credentials", "profile", "code")]) == {"aws_access_key_id", "aws_secret_access_key"}


PASTED = f"export AWS_ACCESS_KEY_ID={{}}IOSFODNN7EXAMPLE\nexport AWS_SECRET_ACCESS_KEY={'s' * 39}1\n"


def test_all_the_values_may_be_pasted_where_the_access_key_is_asked(tmp_path: Path) -> None:
    text = PASTED.format("ASIA") + f"export AWS_SESSION_TOKEN={'t' * 60}1\n"
    script = Script(
        ("kind", "keys"), ("access_key_id", text), ("region", "us-east-2"), ("profile", "code"), ("repo", "")
    )
    found, screen, _ = walked(tmp_path, {}, script)
    assert found[("credentials", "profile", "code")] == {
        "aws_access_key_id": "ASIAIOSFODNN7EXAMPLE",
        "aws_secret_access_key": Secret("s" * 39 + "1"),
        "aws_session_token": Secret("t" * 60 + "1"),
    }
    assert "note Recognized: the access key ASIA…MPLE and its secret." in screen.lines


def test_so_may_those_of_a_source_profile(tmp_path: Path) -> None:
    script = Script(
        ("kind", "role"), ("role_arn", ROLE), ("source_profile", "+"), ("source.kind", "keys"),
        ("source.access_key_id", PASTED.format("AKIA")), ("source.profile", "first"), ("external_id", ""),
        ("region", "us-east-2"), ("profile", "code"), ("repo", ""),
    )  # fmt: skip
    found, _, _ = walked(tmp_path, {}, script)
    assert set(found[("credentials", "profile", "first")]) == {"aws_access_key_id", "aws_secret_access_key"}


def test_accounts_are_listed_with_the_number_that_a_person_was_told() -> None:
    from ccsetup.access import sso

    class Listing:
        def accounts(self, start: object) -> list[Choice]:
            return [Choice("111122223333", "Code", "code@acme.example"), Choice("888888888888", "888888888888", "x")]

    answers = Answers({"sso_start_url": "https://acme.awsapps.com/start", "sso_region": "us-east-1"})
    listed = sso._accounts(answers, Listing())  # type: ignore[arg-type]
    assert [choice.hint for choice in listed] == ["111122223333  code@acme.example", "x"]


def test_what_a_role_starts_from_is_offered_before_other_roles(tmp_path: Path) -> None:
    profiles = {"a-role": {"role_arn": ROLE, "source_profile": "base"}, "base": {"aws_access_key_id": "AKIA"}}
    question = next(q for q in access.of("role").questions if q.key == "source_profile")
    assert question.choices is not None
    listed = question.choices(
        Answers({}), Look(context(tmp_path), profiles=profiles, sessions={}, sections=access.sections_of)
    )
    assert [choice.value for choice in listed][:2] == ["base", "a-role"]


def test_an_existing_profile_is_only_used(tmp_path: Path) -> None:
    given: dict[str, Value] = {"kind": "existing", "profile": "base", "repo": "codecommit::us-east-2://MyDemoRepo"}
    found, _, _ = walked(tmp_path, given, profiles=BASE)
    assert found == {}


ASKING = [kind for kind in access.KINDS if kind.name != "machine"]  # which needs nothing but a machine with a role


@pytest.mark.parametrize("kind", ASKING, ids=lambda kind: kind.name)
def test_without_a_terminal_each_kind_names_the_flags_it_lacks(tmp_path: Path, kind: object) -> None:
    with pytest.raises(Missing) as missing:
        walked(tmp_path, {"kind": kind.name}, profiles={"a": {}, "b": {}})  # type: ignore[attr-defined]
    first = next(q for q in kind.questions if q.flag_name)  # type: ignore[attr-defined]
    assert first.flag_name in missing.value.what


IDP = "arn:aws:iam::111122223333:saml-provider/AcmeId"
OTHER = "arn:aws:iam::888888888888:role/Reader"


def saml_response(*roles: str, **more: int) -> str:
    return State(lambda: NOW).saml_assertion(*(f"{role},{IDP}" for role in roles or (ROLE,)), **more)


def test_an_assertion_is_pasted_and_its_role_chosen(tmp_path: Path) -> None:
    script = Script(("kind", "saml"), ("saml_assertion", saml_response(ROLE, OTHER, session_s=7200)), ("role_arn", OTHER),
                    ("region", "us-east-2"), ("profile", "Reader"), ("repo", ""))  # fmt: skip
    found, screen, look = walked(tmp_path, {}, script, aws=(aws := FakeAws()))
    assert found[("config", "profile", "Reader")] == {
        "region": "us-east-2", "ccsetup_kind": "saml", "ccsetup_role_arn": OTHER, "ccsetup_duration_seconds": "7200",
        "ccsetup_expires_at": "2026-11-21T23:00:00Z",
    }  # fmt: skip
    assert [choice.hint for choice in script.asked[2].choices] == [
        "account 111122223333, provider AcmeId",
        "account 888888888888, provider AcmeId",
    ]
    assert f"note Available: {ROLE}, {OTHER}." in screen.lines
    assert "note The assertion includes 2 roles and is valid until 2026-11-21 12:05 UTC." in screen.lines
    assert [call for call in aws.calls if call.startswith("saml")] == [f"saml {OTHER} {IDP} 7200"]


def test_a_session_longer_than_the_role_allows_is_taken_for_an_hour_where_nobody_asked_for_it(tmp_path: Path) -> None:
    too_long = Problem(
        "AWS rejected a value in the request.", why="The requested DurationSeconds exceeds the MaxSessionDuration."
    )

    class Strict(FakeAws):
        def saml(self, role_arn: str, provider_arn: str, assertion: Secret, duration_s: int) -> Keys:
            return self._answer(f"saml {duration_s}", too_long if duration_s > 3600 else self.exchanged)

    given: dict[str, Value] = {"kind": "saml", "saml_assertion": Secret(saml_response(session_s=43200)), "no_clone": "yes",
                               "region": "us-east-2", "profile": "code"}  # fmt: skip
    walked(tmp_path, given, aws=(aws := Strict()))
    assert aws.calls == ["saml 43200", "saml 3600"]
    with pytest.raises(Problem, match="AWS rejected"):
        walked(tmp_path, {**given, "duration_seconds": "7200"}, aws=Strict())


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"saml_assertion": "gone.txt"}, "That's not a SAML assertion, and there's no file named gone.txt."),
        ({"saml_assertion": Secret("")}, "No SAML assertion was found in your input"),
        ({"saml_assertion": "-"}, "No SAML assertion was found in your input"),
        ({"saml_assertion": saml_response()}, "Don't put an assertion on the command line"),
        ({"saml_assertion": Secret(saml_response(lasts_s=-60))}, "The SAML assertion expired at 2026-11-21 11:59 UTC."),
        ({"saml_assertion": Secret(saml_response()), "role_arn": OTHER}, "doesn't include the role arn:aws:iam::888888888888:role"),
        ({"saml_assertion": Secret(saml_response(ROLE, OTHER))}, "Missing: --role-arn"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_an_assertion_that_cannot_serve_is_refused_in_a_sentence(
    tmp_path: Path, given: dict[str, Value], says: str
) -> None:
    rest: dict[str, Value] = {"kind": "saml", "region": "us-east-2", "profile": "code", "no_clone": "yes"}
    with pytest.raises(Problem) as caught:
        walked(tmp_path, {**rest, **given})
    assert says in caught.value.what
    assert caught.value.next or "Available: " in caught.value.what


def test_federation_asks_for_the_repository_before_its_keys_and_lists_with_those_of_the_source(tmp_path: Path) -> None:
    script = Script(("kind", "federation"), ("region", "us-east-2"), ("federated_name", "Maria Garcia"),
                    ("repo", "MyDemoRepo"), ("profile", "narrow"))  # fmt: skip
    found, _, _ = walked(tmp_path, {"source_profile": "base"}, script, profiles=BASE, aws=(aws := FakeAws()), env={})
    least = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["codecommit:GitPull","codecommit:GitPush",'
        '"codecommit:GetRepository"],"Resource":"arn:aws:codecommit:us-east-2:111122223333:MyDemoRepo"}]}'
    )
    assert aws.calls == [
        "identity base", "repositories", f"federation_token base Maria-Garcia {least} 43200",
    ]  # fmt: skip
    assert found[("config", "profile", "narrow")]["ccsetup_policy"] == least


def test_federation_takes_the_region_the_repository_is_in_or_says_where_it_is(tmp_path: Path) -> None:
    given: dict[str, Value] = {"kind": "federation", "source_profile": "base", "federated_name": "maria",
                               "repo": "handbook", "profile": "narrow"}  # fmt: skip
    found, screen, _ = walked(tmp_path, given, profiles=BASE, aws=FakeAws(elsewhere=("eu-central-1",)))
    assert "note handbook is in eu-central-1, not in us-east-2. Using eu-central-1." in screen.lines
    kept = found[("config", "profile", "narrow")]
    assert kept["region"] == "eu-central-1"
    assert "arn:aws:codecommit:eu-central-1:111122223333:handbook" in str(kept["ccsetup_policy"])
    with pytest.raises(Elsewhere, match="handbook is in eu-central-1, not in us-east-2"):
        walked(tmp_path, {**given, "region": "us-east-2"}, profiles=BASE, aws=FakeAws(elsewhere=("eu-central-1",)))
    with pytest.raises(Problem) as caught:
        walked(tmp_path, {**given, "repo": "MyShardDemoRepo"}, profiles=BASE, aws=FakeAws())
    assert caught.value.next == 'Did you mean "MySharedDemoRepo" or "MyDemoRepo"?'
    denied = FakeAws(names=Problem("AWS denied ListRepositories.", code="access.repository"))
    assert (
        walked(tmp_path, given, profiles=BASE, aws=denied)[0][("config", "profile", "narrow")]["region"] == "us-east-2"
    )


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        ("gone.json", ""),
        ("no json", "The policy isn't valid JSON."),
        ("[1]", "The policy has no Statement."),
        ('{"Statement": "Allow"}', "The policy has no Statement."),
        (
            '{"Statement": [' + '{"Effect": "Allow"},' * 200 + "{}]}",
            "characters long without whitespace. The maximum is 2,048.",
        ),
        ("[" * 100000, "The policy isn't valid JSON."),
    ],
    ids=["gone", "text", "list", "no list", "long", "deep"],
)
def test_a_policy_that_cannot_serve_is_refused_in_a_sentence(tmp_path: Path, policy: str, says: str) -> None:
    (tmp_path / "work").mkdir()
    if says:
        (tmp_path / "work" / "p.json").write_text(policy)
    given: dict[str, Value] = {"kind": "federation", "source_profile": "base", "federated_name": "maria",
                               "policy": "p.json", "region": "us-east-2", "profile": "narrow", "no_clone": "yes"}  # fmt: skip
    with pytest.raises(Problem) as caught:
        walked(tmp_path, given, profiles=BASE)
    assert says in caught.value.what
    assert caught.value.next


def test_a_policy_file_with_blanks_and_a_mark_is_kept_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "p.json").write_text('\ufeff{\n  "Statement": [ {"Effect": "Allow", "Sid": "Grün"} ]\n}\n')
    given: dict[str, Value] = {"kind": "federation", "source_profile": "base", "federated_name": "maria",
                               "policy": "~/p.json", "region": "us-east-2", "profile": "n", "no_clone": "yes"}  # fmt: skip
    found, _, _ = walked(tmp_path, given, profiles=BASE)
    kept = found[("config", "profile", "n")]["ccsetup_policy"]
    assert kept == '{"Statement":[{"Effect":"Allow","Sid":"Gr\\u00fcn"}]}'


def test_without_a_repository_federation_wants_a_policy(tmp_path: Path) -> None:
    given: dict[str, Value] = {"kind": "federation", "source_profile": "base", "federated_name": "maria",
                               "region": "us-east-2", "profile": "n", "no_clone": "yes"}  # fmt: skip
    with pytest.raises(Missing, match="--policy"):
        walked(tmp_path, given, profiles=BASE)


def test_federation_takes_long_term_keys_only(tmp_path: Path) -> None:
    session = {"base": {**BASE["base"], "aws_session_token": "t"}}
    with pytest.raises(Problem, match="can't be used here"):
        walked(tmp_path, {"kind": "federation", "source_profile": "base"}, profiles=session)


@pytest.mark.parametrize(
    ("here", "given", "wrote"),
    [
        ("Ec2InstanceMetadata", {}, {"region": "us-east-2"}),
        ("EcsContainer", {"role_arn": ROLE}, {"role_arn": ROLE, "credential_source": "EcsContainer", "region": "us-east-2"}),
        ("Environment", {"role_arn": ROLE}, {"role_arn": ROLE, "credential_source": "Environment", "region": "us-east-2"}),
        ("", {"role_arn": ROLE, "source_profile": "@ecscontainer"},
         {"role_arn": ROLE, "credential_source": "EcsContainer", "region": "us-east-2"}),
    ],
)  # fmt: skip
def test_the_machine_writes_a_region_or_a_role_with_its_source(
    tmp_path: Path, here: str, given: dict[str, Value], wrote: dict[str, str]
) -> None:
    rest: dict[str, Value] = {"kind": "machine", "region": "us-east-2", "profile": "here", "no_clone": "yes"}
    found, _, _ = walked(tmp_path, {**rest, **given}, aws=FakeAws(here=here))
    assert found == {("config", "profile", "here"): wrote}


@pytest.mark.parametrize(
    ("here", "given", "says"),
    [
        ("", {}, "This computer has no role"),
        ("Environment", {}, "role credentials are in the AWS_ACCESS_KEY_ID"),
        (
            "Ec2InstanceMetadata",
            {"source_profile": "@Ec2InstanceMetadata"},
            "A credential source requires a role ARN",
        ),
        ("", {"role_arn": ROLE, "source_profile": "@Moon"}, "The credential source must be one of: "),
        ("", {"role_arn": ROLE, "source_profile": "base"}, "The credential source must be one of: "),
        ("", {"role_arn": ROLE}, "Missing: --credential-source"),
    ],
)
def test_a_machine_that_cannot_serve_is_refused_in_a_sentence(
    tmp_path: Path, here: str, given: dict[str, Value], says: str
) -> None:
    rest: dict[str, Value] = {"kind": "machine", "region": "us-east-2", "profile": "here", "no_clone": "yes"}
    with pytest.raises(Problem, match=says) as caught:
        walked(tmp_path, {**rest, **given}, aws=FakeAws(here=here))
    assert caught.value.next or "one of: " in caught.value.what


def test_a_bare_token_is_exchanged_and_its_keys_stored(tmp_path: Path) -> None:
    given: dict[str, Value] = {"kind": "oidc", "role_arn": ROLE, "web_identity_token": Secret(jwt(int(NOW.timestamp()) + 60)),
                               "role_session_name": "maria", "region": "us-east-2", "profile": "code", "no_clone": "yes"}  # fmt: skip
    found, screen, _ = walked(tmp_path, given)
    assert "aws_session_token" in found[("credentials", "profile", "code")]
    assert "web_identity_token_file" not in found[("config", "profile", "code")]
    assert "Token issued by https://token.example.com" in screen.text()
    with pytest.raises(Problem, match="That token expired at"):
        walked(tmp_path, {**given, "web_identity_token": Secret(jwt(int(NOW.timestamp()) - 60))})


def test_every_kind_recognises_what_it_wrote_and_owns_its_keys() -> None:
    wrote = {
        "sso": {"sso_session": "acme", "sso_account_id": "1", "sso_role_name": "R"},
        "role": {"role_arn": ROLE, "source_profile": "base"},
        "console": {"login_session": "arn:aws:iam::111122223333:user/maria"},
        "oidc": {"role_arn": ROLE, "web_identity_token_file": "/t"},
        "keys": {"aws_access_key_id": "AKIA", "aws_secret_access_key": "x"},
        "mfa": {"aws_access_key_id": "ASIA", "ccsetup_kind": "mfa"},
        "saml": {"aws_access_key_id": "ASIA", "ccsetup_kind": "saml", "ccsetup_role_arn": ROLE},
        "federation": {"aws_access_key_id": "ASIA", "ccsetup_kind": "federation", "ccsetup_policy": "{}"},
    }
    for name, settings in wrote.items():
        owner = access.owner(settings)
        assert owner is not None
        assert owner.name == name
        assert set(settings) <= access.OWN_KEYS
    machine = access.owner({"region": "us-east-2", "output": "json"})
    assert machine is not None
    assert machine.name == "machine"
    assert questions.is_of(machine, {"role_arn": ROLE, "credential_source": "EcsContainer"})
    assert not questions.is_of(machine, {"role_arn": ROLE, "credential_source": "Environment"})
    for other in ({}, {"credential_process": "x", "region": "r"},
                  {"aws_secret_access_key": "x", "region": "r"}, {"source_profile": "x", "region": "r"}):  # fmt: skip
        assert access.owner(other) is None, other


STORED: dict[str, tuple[dict[str, str], dict[str, Value]]] = {
    "sso": (
        {"sso_session": "acme", "sso_account_id": "111122223333", "sso_role_name": "Developer", "region": "us-east-2",
         "sso_start_url": "https://acme.awsapps.com/start", "sso_region": "us-east-1", "sso_registration_scopes": "a b"},
        {},
    ),
    "sso in the legacy form": (
        {"sso_start_url": "https://acme.awsapps.com/start", "sso_region": "us-east-1", "region": "us-east-2",
         "sso_account_id": "111122223333", "sso_role_name": "Developer", "output": "json"},
        {},
    ),
    "role": (
        {"role_arn": ROLE, "source_profile": "base", "external_id": "acme-1", "role_session_name": "maria",
         "duration_seconds": "3600", "region": "us-east-2"},
        {},
    ),
    "role with a code": (
        {"role_arn": ROLE, "source_profile": "base", "mfa_serial": DEVICE, "region": "us-east-2"}, {"mfa_code": "123456"}
    ),
    "role from the machine": (
        {"role_arn": ROLE, "credential_source": "Ec2InstanceMetadata", "region": "us-east-2"}, {}
    ),
    "oidc": ({"role_arn": ROLE, "web_identity_token_file": "TOKEN", "region": "us-east-2"}, {}),
    "oidc of a provider": (
        {"ccsetup_kind": "oidc", "ccsetup_role_arn": ROLE, "ccsetup_web_identity_token_file": "TOKEN",
         "ccsetup_role_session_name": "maria", "ccsetup_provider_id": "www.amazon.com", "region": "us-east-2"},
        {},
    ),
    "keys": (
        {"region": "us-east-2", "output": "text"},
        {"access_key_id": "ASIAIOSFODNN7EXAMPLE", "secret_access_key": Secret("s" * 40),
         "session_token": Secret("t" * 40)},
    ),
    "oidc of a token alone": (
        {"ccsetup_kind": "oidc", "ccsetup_role_arn": ROLE, "ccsetup_role_session_name": "maria", "region": "us-east-2"},
        {"web_identity_token": Secret("JWT")},
    ),
    "saml": (
        {"ccsetup_kind": "saml", "ccsetup_role_arn": ROLE, "ccsetup_duration_seconds": "3600", "region": "us-east-2"},
        {"saml_assertion": Secret("SAML")},
    ),
    "federation": (
        {"ccsetup_kind": "federation", "ccsetup_source_profile": "base", "ccsetup_federated_name": "maria",
         "ccsetup_policy": '{"Version":"2012-10-17","Statement":[]}', "ccsetup_duration_seconds": "900",
         "region": "us-east-2"},
        {},
    ),
    "machine": ({"region": "us-east-2", "output": "json"}, {}),
    "mfa": (
        {"ccsetup_kind": "mfa", "ccsetup_source_profile": "base", "ccsetup_mfa_serial": DEVICE,
         "ccsetup_duration_seconds": "3600", "region": "us-east-2"},
        {"mfa_code": "123456"},
    ),
}  # fmt: skip
KEYS = {"aws_access_key_id": "ASIAOLD", "aws_secret_access_key": "x", "aws_session_token": "x"}


@pytest.mark.parametrize("case", STORED)
def test_a_stored_profile_is_turned_back_into_the_answers_that_write_it_again(tmp_path: Path, case: str) -> None:
    written, new = STORED[case]
    kept = {name: value.replace("TOKEN", str(tmp_path / "token")) for name, value in written.items()}
    (tmp_path / "token").write_text("Atza|opaque" if "provider" in case else jwt(int(NOW.timestamp()) + 3600))
    keyed = case == "keys" or "ccsetup_kind" in kept
    kind = access.owner({**kept, **KEYS} if keyed else kept)
    assert kind is not None
    made = {Secret("JWT"): jwt(int(NOW.timestamp()) + 3600), Secret("SAML"): saml_response()}
    new = {key: Secret(made[value]) if value in made else value for key, value in new.items()}
    given = {**kind.again("dev", {**kept, **KEYS} if keyed else kept), **new, "no_clone": "yes"}
    found, _, _ = walked(tmp_path, given, profiles={**BASE, "dev": kept}, aws=FakeAws(here="EcsContainer"))
    session = found.pop(("config", "sso-session", "acme"), {})
    wrote = {**session, **found.pop(("config", "profile", "dev"))}
    wrote.pop("ccsetup_expires_at", None)
    assert wrote == kept
    assert found.keys() == ({("credentials", "profile", "dev")} if keyed else set())


def test_the_region_of_the_address_is_taken_unless_another_was_given(tmp_path: Path) -> None:
    keys: dict[str, Value] = {"kind": "existing", "profile": "base"}
    _, screen, look = walked(tmp_path, {**keys, "repo": "codecommit::eu-west-1://MyDemoRepo"}, profiles=BASE)
    with pytest.raises(BadAnswer, match="The repository URL specifies eu-west-1, but --region specifies us-east-1"):
        walked(tmp_path, {**keys, "repo": "codecommit::eu-west-1://X", "region": "us-east-1"}, profiles=BASE)


def test_a_whole_clone_command_tells_the_folder_and_the_branch(tmp_path: Path) -> None:
    given: dict[str, Value] = {"kind": "existing", "profile": "base",
                               "repo": "git clone -b develop codecommit::us-east-2://MyDemoRepo mine"}  # fmt: skip
    around = context(tmp_path)
    look = Look(around, profiles=BASE, sessions={}, sections=access.sections_of, given=given)
    answers = Walk(flow.questions, look, given=given, prompt=None, say=print).run().answers
    assert (answers["branch"], answers["directory"], answers["region"]) == ("develop", "mine", "us-east-2")


def test_a_repository_that_cannot_be_listed_is_typed(tmp_path: Path) -> None:
    script = Script(("kind", "existing"), ("repo", "MyDemoRepo"))
    denied = Problem("AWS denied ListRepositories.", code="access.repository")
    walked(tmp_path, {}, script, profiles=BASE, aws=FakeAws(names=denied))
    assert script.asked[1].widget == "text"
    assert "AWS denied ListRepositories." in script.asked[1].notice
