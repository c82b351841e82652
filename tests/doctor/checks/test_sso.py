"""Sign-ins, tokens and programs: each broken home found on its line, mended there alone, and believed by botocore."""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64encode
from dataclasses import replace
from pathlib import Path

import pytest

from ccsetup.core.program_keys import FORM
from ccsetup.doctor import repair
from ccsetup.doctor.checks.sso import without_region
from ccsetup.doctor.facts import Ran
from tests.patients import (
    BASE,
    HOME,
    OTHER_ID,
    OTHER_SECRET,
    TOLD,
    Patient,
    disguises,
    facts,
    found,
    looked,
    mended,
    prove,
    resolved,
)

KEYS = f"aws_access_key_id = {OTHER_ID}\naws_secret_access_key = {OTHER_SECRET}\n"
ARN = "arn:aws:iam::111122223333:role/CodeCommitAccess"
URL = "https://acme.awsapps.com/start"
WHO = "sso_account_id = 111122223333\nsso_role_name = Dev\n"
WHERE = f"sso_start_url = {URL}\nsso_region = us-east-1\n"
DEV = f"[profile dev]\nsso_session = acme\n{WHO}region = us-east-1\n"
ACME = f"[sso-session acme]\n{WHERE}sso_registration_scopes = sso:account:access\n"
TOKENS = HOME / ".aws" / "sso" / "cache"


def cache(name: str = "acme") -> Path:
    """Return where the token of a session, or of a legacy profile's start URL, lies."""
    return TOKENS / f"{hashlib.sha1(name.encode()).hexdigest()}.json"


def token(**more: object) -> str:
    """Return a cached token's text that is good, but for these fields (None: without)."""
    fields = {"startUrl": URL, "region": "us-east-1", "accessToken": "eyJ", "expiresAt": "2026-03-01T18:00:00Z", **more}
    return json.dumps({key: value for key, value in fields.items() if value is not None})


def jwt(**claims: object) -> str:
    """Return an OIDC token that says this of itself."""
    parts = (urlsafe_b64encode(json.dumps(it).encode()).decode().rstrip("=") for it in ({"alg": "none"}, claims))
    return f"{'.'.join(parts)}.c2ln"


SIGNED_IN = {cache(): token(), cache(URL): token()}

WRITTEN = [
    # a session that is nowhere
    Patient("sso.session-missing", f"[profile dev]\n-sso_session = acmee§\n+sso_session = acme\n{WHO}{ACME}", "sso", "ask"),
    Patient("sso.session-missing", f"[profile dev]\n-sso_session = ACME§\n+sso_session = acme\n{WHO}{ACME}", "sso", "ask"),
    Patient("sso.session-missing", f"{ACME}[profile dev]\n{WHO}-sso_session = corp§\n+sso_session = acme\n", "sso", "ask"),
    Patient("sso.session-missing", f"[profile dev]\n-sso_session = acme§\n{WHO}{WHERE}", "sso", "ask"),
    Patient("sso.session-missing", f"[profile dev]\nsso_session = acme§\n{WHO}", "", "ask", choose=TOLD),
    Patient("sso.session-missing", "[profile dev]\nsso_session = acme§\nregion = us-east-1\n", "", "ask", choose=TOLD),
    Patient("sso.session-missing", "[profile dev]\nregion = us-east-1\nsso_session =§\n", "", "ask", choose=TOLD),
    Patient("sso.session-missing", f"[profile dev]\n{WHO}sso_session =§\n", "", "ask", choose=TOLD),
    Patient("sso.session-missing", f"[profile dev]\n-sso_session = §\n+sso_session = acme\n{WHO}{ACME}", "sso", "ask"),
    # what is missing
    Patient("sso.incomplete", f"[profile dev]\nsso_session = acme\nsso_account_id = 111122223333§\n{ACME}", "", "ask", choose=TOLD),
    Patient("sso.incomplete", f"[profile dev]\nsso_session = acme\nsso_role_name = Dev§\n{ACME}", "", "ask", choose=TOLD),
    Patient("sso.incomplete", f"{DEV}[sso-session acme]§\nsso_start_url = {URL}\n", "", "ask", choose=TOLD),
    Patient("sso.incomplete", f"{DEV}[sso-session acme]§\nsso_region = us-east-1\n", "", "ask", choose=TOLD),
    Patient("sso.incomplete", f"{DEV}[sso-session acme]§\n", "", "ask", choose=TOLD),
    Patient("sso.incomplete", f"[profile dev]\n{WHO}sso_start_url = {URL}§\n", "", "ask", choose=TOLD),
    Patient("sso.incomplete", f"{DEV}[sso-session acme]\nsso_start_url = {URL}\nsso_region =§\n", "", "ask", choose=TOLD),
    Patient("sso.incomplete", f"{DEV}[sso-session acme]§\nsso_region =\n", "", "ask", choose=TOLD),
    Patient("sso.incomplete", f"[profile dev]\n{WHO}sso_region =§\nsso_start_url = {URL}\n", "", "ask", choose=TOLD),
    Patient("sso.incomplete", f"{DEV}[sso-session acme]\nsso_start_url = {URL}\n-sso_region = §\n+sso_region = eu-west-1\n"
            f"[sso-session other]\nsso_start_url = {URL}\nsso_region = eu-west-1\n", "sso"),
    Patient("sso.incomplete", f"{DEV}[sso-session acme]\nsso_start_url = {URL}\n-sso_region = §\n+sso_region = eu-west-1\n"
            f"[sso-session b]\nsso_start_url = {URL}\nsso_region = eu-west-1\n"
            f"[sso-session c]\nsso_start_url = {URL}\nsso_region = us-east-1\n", "sso", "ask"),
    # scopes
    Patient("sso.scopes", f"{DEV}[sso-session acme]\n{WHERE}-sso_registration_scopes = codewhisperer:completions,codewhisperer:analysis§\n"
            "+sso_registration_scopes = codewhisperer:completions,codewhisperer:analysis,sso:account:access\n", "sso"),
    Patient("sso.scopes", f"{DEV}[sso-session acme]\n-sso_registration_scopes = codecatalyst:read_write§\n"
            f"+sso_registration_scopes = codecatalyst:read_write, sso:account:access\n{WHERE}", "sso"),
    Patient("sso.scopes", f"{DEV}[sso-session acme]\n{WHERE}-sso_registration_scopes = a:b, c:d,§\n+sso_registration_scopes = a:b, c:d, sso:account:access\n", "sso"),
    Patient("sso.scopes", f"{DEV}[sso-session acme]\n{WHERE}-sso_registration_scopes = sso:account:acces§\n"
            "+sso_registration_scopes = sso:account:acces, sso:account:access\n", "sso"),
    Patient("sso.incomplete", "[profile dev]\nsso_account_id = 111122223333§\nsso_role_name = Dev\nsso_region = us-east-1\n", "", "ask", choose=TOLD),
    Patient("sso.incomplete", f"[profile dev]\n{WHO}sso_start_url = {URL}§\n+sso_region = us-east-1\n{ACME}", "sso"),
    Patient("sso.incomplete", "[profile dev]\n" + WHO + "sso_start_url = https://ssoins-1234.portal.eu-west-1.app.aws§\n+sso_region = eu-west-1\n", "sso"),
    Patient("sso.incomplete", f"[profile dev]\nsso_session = acme§\nregion = us-east-1\n{ACME}", "", "ask", "hinders", choose=TOLD),
    # contradictions
    Patient("sso.conflict", f"{DEV}-sso_region = us-west-2§\n{ACME}", "sso"),
    Patient("sso.conflict", f"{DEV}-sso_start_url = https://other.awsapps.com/start§\n-sso_region = us-west-2\n{ACME}", "sso"),
    Patient("sso.conflict", f"[profile dev]\n-sso_start_url = https://acme.awsapps.com/start/#§\n-sso_region = us-east-2\nsso_session = acme\n{WHO}{ACME}",
            "sso"),
    Patient("sso.conflict", f"{DEV[:-1]}§\n{ACME}-region = us-east-2\n", "sso"),
    # start URLs
    Patient("sso.url", f"{DEV}[sso-session acme]\n-sso_start_url = {URL}#/§\n+sso_start_url = {URL}\nsso_region = us-east-1\n", "sso", severity="hinders"),
    Patient("sso.url", f"{DEV}[sso-session acme]\n-sso_start_url = {URL}/#/§\n+sso_start_url = {URL}\nsso_region = us-east-1\n", "sso", severity="hinders"),
    Patient("sso.url", f"{DEV}[sso-session acme]\n-sso_start_url = {URL}/§\n+sso_start_url = {URL}\nsso_region = us-east-1\n", "sso", severity="hinders"),
    Patient("sso.url", f"{DEV}[sso-session acme]\n-sso_start_url = acme.awsapps.com/start§\n+sso_start_url = {URL}\nsso_region = us-east-1\n", "sso"),
    Patient("sso.url", f"{DEV}[sso-session acme]\n-sso_start_url = http://acme.awsapps.com/start§\n+sso_start_url = {URL}\nsso_region = us-east-1\n", "sso"),
    Patient("sso.url", f"{DEV}[sso-session acme]\n-sso_start_url = https://acme.awsapps.com§\n+sso_start_url = {URL}\nsso_region = us-east-1\n", "sso"),
    Patient("sso.url", f"{DEV}[sso-session acme]\n-sso_start_url = {URL}#/?tab=accounts§\n+sso_start_url = {URL}\nsso_region = us-east-1\n", "sso"),
    Patient("sso.url", f"{DEV}[sso-session acme]\n-sso_start_url = {URL}\\\\§\n+sso_start_url = {URL}\nsso_region = us-east-1\n", "sso"),
    Patient("sso.url", f"[profile dev]\n{WHO}-sso_start_url = {URL}/#§\n+sso_start_url = {URL}\nsso_region = us-east-1\n", "sso", severity="hinders"),
    Patient("sso.url", f"[profile dev]\n{WHO}sso_start_url = https://console.aws.amazon.com/§\nsso_region = us-east-1\n", "", "ask", choose=TOLD),
    Patient("sso.url", f"[profile dev]\n{WHO}sso_start_url =§\nsso_region = us-east-1\n", "", "ask", choose=TOLD),
    Patient("sso.url", f"[profile dev]\n{WHO}sso_start_url = acme§\nsso_region = us-east-1\n", "", "ask", choose=TOLD),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("patient", WRITTEN)
def test_a_sign_in_is_mended_where_it_is_written(patient, tmp_path, monkeypatch):
    more = {cache(f"{URL}{end}"): token(startUrl=f"{URL}{end}") for end in ("", "/#")}
    there = {
        **SIGNED_IN,
        **more,
        cache("https://ssoins-1234.portal.eu-west-1.app.aws"): token(startUrl=None, region=None),
    }
    after = prove(patient, found=there)
    assert not patient.way or way(after, tmp_path, monkeypatch) == patient.way


def way(there, tmp_path, monkeypatch):
    """Say whether botocore takes a profile for a sign-in: it then asks for the token, and for nothing that is written."""
    from botocore.exceptions import SSOTokenLoadError, UnauthorizedSSOTokenError

    with pytest.raises((SSOTokenLoadError, UnauthorizedSSOTokenError)) as raised:
        import botocore.session

        resolved(there, "dev", tmp_path, monkeypatch)
        botocore.session.Session(profile="dev").get_credentials().get_frozen_credentials()
    return "sso" if raised.value else ""


ANSWERED = [
    (f"[profile dev]\nsso_session = acme\nsso_account_id = 111122223333\n{ACME}", "Dev"),
    (f"[profile dev]\nsso_session = acme\nsso_role_name = Dev\n{ACME}", "1111-2222-3333"),
    (f"[profile dev]\n{WHO}sso_start_url = {URL}\n", "us-east-1"),
    (f"[profile dev]\n{WHO}sso_region = us-east-1\n", URL),
    (f"{DEV}[sso-session acme]\nsso_start_url = {URL}\n", "us-east-1"),
    (f"{DEV}[sso-session acme]\nsso_region = us-east-1\n", f"{URL}#/"),
    (f"{DEV}[sso-session acme]\nsso_region =\nsso_start_url = {URL}\n", "us-east-1"),
    (f"[profile dev]\n{WHO}sso_region=\nsso_start_url = {URL}\n", "us-east-1"),
    (f"[profile dev]\n{WHO}sso_start_url = acme\nsso_region = us-east-1\n", URL),
]


@pytest.mark.parametrize(("config", "answer"), ANSWERED)
def test_an_answer_completes_a_sign_in(config, answer, tmp_path, monkeypatch):
    there = facts(config, BASE, found=SIGNED_IN)
    (finding,) = found(there, "sso")
    read = finding.wanted.parse(answer)
    remedy = finding.wanted.remedy(getattr(read, "value", read))
    state = repair.of(there).plus([remedy])
    assert not repair.harm(repair.of(there), state, [remedy])
    assert not found(state.facts, "sso.i") + found(state.facts, "sso.u")
    assert way(state.facts, tmp_path, monkeypatch) == "sso"


@pytest.mark.parametrize("config", [
    f"{DEV}[sso-session acme]\nsso_start_url = {URL}\n",
    f"{DEV}[sso-session acme]\nsso_start_url = {URL}#/\nsso_region =\n",
    f"[profile dev]\n{WHO}sso_start_url = '{URL}/'  # ours\n",
])  # fmt: skip
def test_a_region_is_looked_up_only_if_nothing_here_tells_it_and_then_repairs(config, tmp_path, monkeypatch):
    there = facts(config, BASE, found=SIGNED_IN)
    assert without_region(there) == [URL]
    (finding,) = found(replace(there, sign_in_regions={URL: "eu-west-1"}), "sso.incomplete")
    assert (finding.fix, [it.label for it in finding.remedies]) == ("auto", ["sso_region = eu-west-1"])
    (unknown,) = found(replace(there, sign_in_regions={URL: ""}), "sso.incomplete")
    assert (unknown.fix, unknown.remedies, bool(unknown.do)) == ("ask", (), True)
    state = repair.of(there).plus([finding.remedies[0]])
    assert not without_region(state.facts)
    other = f"[sso-session other]\nsso_start_url = {URL}\nsso_region = us-east-1\n"
    assert without_region(facts(config + other, BASE)) == []


def test_a_session_that_many_share_is_told_once_with_all_of_them():
    more = "".join(f"[profile p{n}]\nsso_session = acme\n{WHO}" for n in range(3))
    resting = f"[profile ops]\nrole_arn = {ARN}\nsource_profile = p2\n"
    (finding,) = found(facts(f"{DEV}{more}{resting}[sso-session acme]\nsso_start_url = {URL}\n"), "sso.incomplete")
    assert (finding.profile, finding.also) == ("dev", ("p0", "p1", "p2", "ops"))


OUT = "2026-03-01T11:59:00Z"
CACHED = [
    ("sso.signed-out", None, "tell"),
    ("sso.signed-out", token(startUrl="https://other.awsapps.com/start"), "tell"),
    ("sso.expired", token(expiresAt=OUT), "tell"),
    ("sso.expired", token(expiresAt="2026-03-01T11:59:00UTC"), "tell"),
    ("sso.expired", token(expiresAt=OUT, refreshToken="r"), "tell"),
    ("sso.expired", token(expiresAt=OUT, refreshToken="r", clientId="c", clientSecret="s", registrationExpiresAt=OUT), "tell"),
    ("sso.cache-corrupt", "", "auto"),
    ("sso.cache-corrupt", "{", "auto"),
    ("sso.cache-corrupt", "[]", "auto"),
    ("sso.cache-corrupt", "\x00\x00\x00", "auto"),
    ("sso.cache-corrupt", token(accessToken=None), "auto"),
    ("sso.cache-corrupt", token(expiresAt=None), "auto"),
    ("sso.cache-corrupt", token(expiresAt="soon"), "auto"),
    ("sso.cache-corrupt", token(expiresAt="2099-01-01T00:00:00"), "auto"),
    ("sso.cache-corrupt", token(expiresAt="4076049600"), "auto"),
    ("sso.cache-corrupt", token(expiresAt=4076049600), "auto"),
    ("sso.cache-corrupt", token()[:40], "auto"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "text", "fix"), CACHED)
def test_a_sign_in_that_is_over_is_told_once_and_a_damaged_file_goes(code, text, fix):
    for name, config in disguises(f"{DEV}[profile ops]\nsso_session = acme\n{WHO}{ACME}").items():
        there = facts(config, BASE, found={cache(): text})
        (finding,) = looked(there)
        assert (finding.code, finding.severity, finding.fix) == (code, "stops", fix), name
        assert (finding.profile, finding.also, finding.do) == ("dev", ("ops",), "ccsetup login dev"), name
        if fix == "auto":
            assert (finding.path, finding.line) == (cache(), 1)
            after = mended(there, code)
            assert after.texts == there.texts
            assert after.found == {cache(): None}
            assert [it.code for it in looked(after)] == ["sso.signed-out"]
        else:
            assert (finding.path, finding.line) == (
                there.texts.config_path,
                config.split("sso_session")[0].count("\n") + 1,
            )


RENEWED = token(
    expiresAt=OUT, refreshToken="r", clientId="c", clientSecret="s", registrationExpiresAt="2026-05-01T00:00:00Z"
)
TOOLS = f"[profile dev]\n{WHO}{WHERE}"


@pytest.mark.parametrize(("config", "where", "text"), [
    (DEV + ACME, "acme", token()),
    (DEV + ACME, "acme", token(startUrl=None, region=None)),
    (DEV + ACME, "acme", token(startUrl=f"{URL}/")),
    (DEV + ACME, "acme", RENEWED),
    (DEV + ACME, "acme", token(expiresAt="2026-03-01T18:00:00.5+00:00")),
    (TOOLS, URL, token()),
    (TOOLS, URL, token(more={"a": [1]})),
])  # fmt: skip
def test_a_sign_in_that_lasts_or_renews_itself_is_well(config, where, text):
    assert not [it for it in looked(facts(config, BASE, found={cache(where): text})) if it.severity != "note"]


def test_an_old_sign_in_that_is_over_does_not_renew_itself():
    (finding,) = found(facts(TOOLS, BASE, found={cache(URL): RENEWED}), "sso.expired")
    assert finding.do == "ccsetup login dev"


def test_sign_ins_of_the_old_form_share_one_session_on_request(tmp_path, monkeypatch):
    other = TOOLS.replace("dev", "ops").replace(URL, f"{URL}/#")
    config = f"# mine\n{TOOLS}region = us-east-1\n\n{other}"
    (note,) = found(facts(config, BASE, found=SIGNED_IN), "sso.legacy")
    assert (note.severity, note.fix, note.also, note.do) == (
        "note",
        "tell",
        ("ops",),
        "ccsetup doctor --fix --modernize",
    )
    after = mended(facts(config, BASE, found=SIGNED_IN, modernize=True), "sso.legacy", "sso.url")
    who = "sso_session = acme\n"
    assert after.texts.config == (
        f"[sso-session acme]\n{WHERE}sso_registration_scopes = sso:account:access\n\n"
        f"# mine\n[profile dev]\n{WHO}{who}region = us-east-1\n\n[profile ops]\n{WHO}{who}"
    )
    assert way(after, tmp_path, monkeypatch) == "sso"


TOKEN_FILE = HOME / "t" / "token.jwt"
GOOD = jwt(exp=1772370000 + 86400)
OIDC = f"[profile dev]\nrole_arn = {ARN}\n"
PATHS = [
    ("~/t/token.jwt", {TOKEN_FILE: GOOD}, str(TOKEN_FILE), "stops"),
    ("$HOME/t/token.jwt", {TOKEN_FILE: GOOD}, str(TOKEN_FILE), "stops"),
    ("${HOME}/t/token.jwt", {TOKEN_FILE: GOOD}, str(TOKEN_FILE), "stops"),
    ("%USERPROFILE%\\t/token.jwt", {TOKEN_FILE: GOOD}, str(TOKEN_FILE), "stops"),
    ("~maria/t/token.jwt", {TOKEN_FILE: GOOD}, str(TOKEN_FILE), "stops"),
    ("file://~/t/token.jwt", {TOKEN_FILE: GOOD}, str(TOKEN_FILE), "stops"),
    ("file:///home/maria/t/token.jwt", {TOKEN_FILE: GOOD}, str(TOKEN_FILE), "stops"),
    ("t/token.jwt", {TOKEN_FILE: GOOD}, str(TOKEN_FILE), "hinders"),
    ("./t/token.jwt", {TOKEN_FILE: GOOD}, str(TOKEN_FILE), "hinders"),
    ("~/x/../t/token.jwt", dict.fromkeys((HOME / "x/../t/token.jwt", TOKEN_FILE), GOOD), str(TOKEN_FILE), "stops"),
    ("t/../t/./token.jwt", dict.fromkeys((HOME / "t/../t/token.jwt", TOKEN_FILE), GOOD), str(TOKEN_FILE), "hinders"),
    ("$HOME/link/../token.jwt", {HOME / "link/../token.jwt": GOOD}, str(HOME / "link/../token.jwt"), "stops"),
    ("~/link/../token.jwt", {HOME / "link/../token.jwt": GOOD, HOME / "token.jwt": "else"}, str(HOME / "link/../token.jwt"), "stops"),
    ("token.jwt", {HOME / ".aws" / "token.jwt": GOOD}, str(HOME / ".aws" / "token.jwt"), "stops"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "files", "right", "severity"), PATHS)
def test_a_token_files_path_is_made_whole(path, files, right, severity, tmp_path, monkeypatch):
    text = f"{OIDC}-web_identity_token_file = {path}§\n+web_identity_token_file = {right}\nrole_session_name = maria\n"
    after = prove(Patient("oidc.token-path", text, severity=severity), found=files)
    assert resolved(after, "dev", tmp_path, monkeypatch) == "assume-role-with-web-identity"


def test_of_two_files_that_a_path_may_mean_a_person_chooses():
    there = {HOME / "token.jwt": GOOD, HOME / ".aws" / "token.jwt": GOOD}
    (finding,) = found(facts(f"{OIDC}web_identity_token_file = token.jwt\n", found=there, cwd=Path("/work")), "oidc")
    assert (finding.fix, len(finding.remedies), finding.severity) == ("ask", 2, "stops")
    assert finding.wanted.parse("/x/y") == "/x/y"


@pytest.mark.parametrize(("code", "text"), [
    ("oidc.token-missing", None),
    ("oidc.token-empty", ""),
    ("oidc.token-empty", " \n"),
    ("oidc.token-invalid", "opaque"),
    ("oidc.token-invalid", "a.b.c"),
    ("oidc.token-invalid", "e30.e30."),
    ("oidc.token-invalid", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----\n"),
    ("oidc.token-invalid", f"{GOOD}\n{GOOD}"),
    ("oidc.token-invalid", "x" * 20001),
    ("oidc.token-expired", jwt(exp=1772366399)),
    ("oidc.token-expired", jwt(exp=1.5)),
    ("oidc.token-expired", f"{jwt(exp=1600000000)}\n"),
])  # fmt: skip
def test_a_token_file_that_serves_nobody_is_told(code, text):
    fix = "ask" if code == "oidc.token-missing" else "tell"  # a file may have been moved
    patient = Patient(code, f"{OIDC}web_identity_token_file = /run/token§\n", fix=fix, choose=TOLD)
    prove(patient, found={Path("/run/token"): text})
    (finding,) = found(facts(f"{OIDC}web_identity_token_file = /run/token\n", found={Path("/run/token"): text}), code)
    assert "/run/token" in finding.do and "ccsetup login dev" in finding.do


@pytest.mark.parametrize("text", [GOOD, jwt(), jwt(exp="x"), jwt(exp=10**30)])
def test_a_token_that_lasts_or_does_not_say_is_well(text):
    assert not looked(facts(f"{OIDC}web_identity_token_file = /run/token\n", found={Path("/run/token"): text}))


WITHOUT = [
    Patient("oidc.role", "[profile dev]\nweb_identity_token_file = /run/token§\nregion = us-east-1\n", "", "ask", choose=TOLD),
    Patient("oidc.role", f"[profile dev]\nweb_identity_token_file = /run/token§\n+role_arn = {ARN}\nregion = us-east-1\n[profile other]\nrole_arn = {ARN}\n"
            "web_identity_token_file = /run/token\n", "assume-role-with-web-identity", "ask"),
    Patient("oidc.role", f"[profile other]\nrole_arn = {ARN}\nweb_identity_token_file = /run/token\n==\n{BASE}[dev]\nrole_session_name = maria\n"
            f"web_identity_token_file = /run/token§\n+role_arn = {ARN}\n", "assume-role-with-web-identity", "ask"),
]  # fmt: skip


@pytest.mark.parametrize("patient", WITHOUT)
def test_a_token_file_wants_a_role(patient, tmp_path, monkeypatch):
    after = prove(patient, found={Path("/run/token"): GOOD})
    assert not patient.way or resolved(after, "dev", tmp_path, monkeypatch) == patient.way


def test_a_role_that_is_typed_completes_a_token_file(tmp_path, monkeypatch):
    there = facts("[profile dev]\nweb_identity_token_file = /run/token\n", found={Path("/run/token"): GOOD})
    (finding,) = found(there, "oidc.role")
    state = repair.of(there).plus([finding.wanted.remedy(finding.wanted.parse(ARN))])
    assert not looked(state.facts)
    assert resolved(state.facts, "dev", tmp_path, monkeypatch) == "assume-role-with-web-identity"


def process(command: str) -> str:
    """Return a profile that gets its keys from a program."""
    return f"[profile dev]\ncredential_process = {command}§\nregion = us-east-1\n"


MISSING = [
    ("aws-vault exec dev --json", {"aws-vault": ""}, "aws-vault"),
    ("/opt/bin/tool --profile dev", {"/opt/bin/tool": ""}, "/opt/bin/tool"),
    ('"/opt/my tools/tool" x', {"/opt/my tools/tool": ""}, "/opt/my tools/tool"),
    ("/opt/my tools/tool x", {"/opt/my": ""}, "quotes"),
    ("~/bin/tool", {}, str(HOME / "bin" / "tool")),
    ("$HOME/bin/tool", {}, str(HOME / "bin" / "tool")),
    ("${HOME}/bin/tool --x", {}, str(HOME / "bin" / "tool")),
    ("AWS_PROFILE=base /opt/tool", {}, "shell"),
    ('"/opt/tool', {}, "unclosed quote"),
    ("", {}, "empty"),
]  # fmt: skip


@pytest.mark.parametrize(("command", "programs", "told"), MISSING)
def test_a_program_that_no_shell_is_there_to_find_is_told(command, programs, told):
    prove(Patient("process.missing", process(command), fix="tell", choose=TOLD), programs=programs)
    (finding,) = found(facts(process(command).replace("§", ""), programs=programs), "process")
    assert told in finding.says + finding.do


RAN = [
    (Ran(1, "", "no such profile\n"), "failed with exit code 1: no such profile"),
    (Ran(2, "", ""), "failed with exit code 2."),
    (Ran(None), "didn't finish in time"),
    (Ran(0, "hello"), "printed “hello” instead of a JSON object"),
    (Ran(0, ""), "didn't print anything"),
    (Ran(0, "[1]"), "printed “[1]” instead of a JSON object"),
    (Ran(0, '{"AccessKeyId": "A"}'), '"Version": 1'),
    (Ran(0, '{"Version": "1"}'), '"Version": 1'),
    (Ran(0, '{"Version": 1, "AccessKeyId": "A"}'), "didn't print SecretAccessKey."),
    (Ran(0, '{"Version": 1}'), "didn't print AccessKeyId or SecretAccessKey."),
    *((Ran(0, json.dumps({"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "s", "Expiration": it})), FORM)
      for it in ("2099-11-28T18:00:00", "2099-11-28", "tomorrow", "", 4099660800, [])),
    (Ran(1, "", f"bad keys {OTHER_ID} {OTHER_SECRET}"), "bad keys AKIA…MPLE ••••••••"),
]  # fmt: skip


@pytest.mark.parametrize(("ran", "told"), RAN)
def test_a_program_that_prints_no_keys_is_told_with_what_it_said_and_no_secret(ran, told):
    (finding,) = found(facts(process("/opt/tool").replace("§", ""), processes={"dev": ran}), "process")
    assert (finding.code, finding.severity, finding.line) == ("process.failed", "stops", 2)
    assert told in finding.says
    assert OTHER_SECRET not in repr(finding)


def test_a_programs_keys_that_are_over_are_told():
    keys = {
        "Version": 1,
        "AccessKeyId": "ASIAX",
        "SecretAccessKey": "x",
        "SessionToken": "x",
        "Expiration": "2026-03-01T11:00:00Z",
    }
    (finding,) = looked(facts(process("/opt/tool").replace("§", ""), processes={"dev": Ran(0, json.dumps(keys))}))
    assert finding.code == "keys.expired"
    assert not looked(
        facts(
            process("/opt/tool").replace("§", ""),
            processes={"dev": Ran(0, json.dumps({**keys, "Expiration": "2026-03-01T13:00:00Z"}))},
        )
    )
