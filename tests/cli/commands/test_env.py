"""env: the lines a shell takes up are the credentials, whatever they hold; long-term keys only when told."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from argparse import Namespace
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import CleanEnv
from hypothesis import given, settings
from hypothesis import strategies as st
from often import examples
from script import NOW, FakeAws, Shown, context
from terminal import program

from ccsetup.cli.commands import env
from ccsetup.core.context import Context
from ccsetup.core.errors import Problem
from ccsetup.core.model import Keys, Secret
from ccsetup.core.result import Report
from ccsetup.core.shells import SHELLS, guess

TEMPORARY = Keys("ASIAIOSFODNN7EXAMPLE", Secret("wJalr/bPx+EXAMPLEKEY"), Secret("t" * 40 + "=="), NOW.replace(hour=18))
LASTING = Keys("AKIAIOSFODNN7EXAMPLE", Secret("wJalr/bPx+EXAMPLEKEY"))
CONFIG = "[profile dev]\nregion = us-east-2\n[profile bare]\n[profile loop]\ncredential_process = /x/ccsetup env loop --json\n"
PRINTS = "import json, os; print(json.dumps({k: v for k, v in os.environ.items() if k.startswith('AWS_')}))"


def run(folder: Path, keys: Keys | Problem = TEMPORARY, **options: Any) -> tuple[Report, Context]:
    around = context(folder, aws=FakeAws(exchanged=keys))  # type: ignore[arg-type]
    (around.home / ".aws").mkdir(exist_ok=True)
    (around.home / ".aws" / "config").write_text(CONFIG)
    told = {"profile": "dev", "shell": "bash", "long_term": False, **options}
    return env.main(Namespace(**told), lambda: around), around


def printed(around: Context) -> str:
    assert isinstance(around.screen, Shown)
    return around.screen.text()


def in_shell(words: list[str], text: str, tmp_path: Path, already: Mapping[str, str]) -> dict[str, str]:
    """Return the AWS variables that a program has which a shell starts after it took up the text."""
    after = f"\n'{sys.executable}' -c \"$PRINTS\"\n"
    variables = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PRINTS": PRINTS, "LANG": "C.UTF-8", **already}
    done = subprocess.run([*words, text + after], env=variables, capture_output=True, text=True, check=True)
    assert not done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", ["bash", "zsh", "fish", "sh"])
def test_a_shell_takes_up_the_credentials_and_forgets_stale_ones(tmp_path: Path, name: str) -> None:
    if not shutil.which(name):
        pytest.skip(f"there is no {name} here")
    words = [name, "--no-config", "-c"] if name == "fish" else [name, "-c"]
    language = "bash" if name == "sh" else name
    stale = {"AWS_SESSION_TOKEN": "old", "AWS_SECURITY_TOKEN": "older", "AWS_REGION": "eu-west-1"}
    _, around = run(tmp_path, shell=language)
    found = in_shell(words, printed(around), tmp_path, stale)
    assert TEMPORARY.session_token
    assert found == {
        "AWS_ACCESS_KEY_ID": TEMPORARY.access_key_id,
        "AWS_SECRET_ACCESS_KEY": TEMPORARY.secret_access_key.reveal(),
        "AWS_SESSION_TOKEN": TEMPORARY.session_token.reveal(),
        "AWS_CREDENTIAL_EXPIRATION": "2026-11-21T18:00:00Z",
        "AWS_REGION": "us-east-2",
        "AWS_DEFAULT_REGION": "us-east-2",
    }
    _, around = run(tmp_path, LASTING, shell=language, long_term=True)
    assert "AWS_SESSION_TOKEN" not in in_shell(words, printed(around), tmp_path, stale)


OLDER = {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-central-1"}


@pytest.mark.parametrize("name", ["bash", "zsh", "fish", "sh", "powershell", "cmd"])
def test_the_region_of_another_profile_does_not_stay(tmp_path: Path, name: str) -> None:
    _, around = run(tmp_path, profile="bare", shell="bash" if name == "sh" else name)
    gone = {
        "fish": "set -e {}",
        "powershell": "Remove-Item Env:{} -ErrorAction SilentlyContinue",
        "cmd": 'set "{}="',
    }.get(name, "unset {}")
    for variable in OLDER:
        assert gone.format(variable) in printed(around).splitlines()
    if shutil.which(name):
        words = [name, "--no-config", "-c"] if name == "fish" else [name, "-c"]
        assert not OLDER.keys() & in_shell(words, printed(around), tmp_path, OLDER).keys()


VALUES = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1, max_size=30)


@pytest.mark.parametrize("name", ["bash", "zsh", "fish", "sh", "pwsh"])
@settings(max_examples=examples(6), deadline=None)
@given(
    values=st.lists(
        VALUES | st.sampled_from(["'", "\\'", "$(id)", "`id`", "a\nb", "-n", '"', "%PATH%", "\\\\"]),
        min_size=8,
        max_size=20,
    )
)
def test_any_value_comes_through_a_real_shell_as_it_is(name: str, values: list[str]) -> None:
    if not shutil.which(name):
        pytest.skip(f"there is no {name} here")
    shell = SHELLS[{"sh": "bash", "pwsh": "powershell"}.get(name, name)]
    lines = [shell.remark("x"), *(shell.assign(f"AWS_V{n}", value) for n, value in enumerate(values))]
    script = f"import json, os; print(json.dumps([os.environ['AWS_V%d' % n] for n in range({len(values)})]))"
    flags = {"fish": ["--no-config", "-c"], "pwsh": ["-NoProfile", "-Command"]}.get(name, ["-c"])
    text = "\n".join([*lines, f"{'& ' if name == 'pwsh' else ''}'{sys.executable}' -c \"{script}\""])
    variables = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/nonexistent"}
    done = subprocess.run([name, *flags, text], env=variables, capture_output=True, check=True)
    assert json.loads(done.stdout) == values


def test_powershell_and_cmd_are_spoken_to_in_their_own_way(tmp_path: Path) -> None:
    assert SHELLS["powershell"].assign("A", "it's ’so’") == "$Env:A = 'it''s ’’so’’'"
    assert SHELLS["cmd"].assign("A", "a&b|c=") == 'set "A=a&b|c="'
    for bad in ('"', "%PATH%", "!x!", "a\nb"):
        with pytest.raises(Problem, match=r"special meaning in cmd"):
            SHELLS["cmd"].assign("A", bad)
    _, around = run(tmp_path, shell="powershell")
    assert "$Env:AWS_ACCESS_KEY_ID = 'ASIAIOSFODNN7EXAMPLE'" in printed(around)
    assert "Remove-Item Env:AWS_SECURITY_TOKEN -ErrorAction SilentlyContinue" in printed(around)
    _, around = run(tmp_path, shell="cmd")
    assert printed(around).startswith("rem dev, until 2026-11-21T18:00:00Z\n")


def test_long_term_keys_are_refused_unless_told(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="long-term") as refused:
        run(tmp_path, LASTING)
    assert "--long-term" in refused.value.next
    report, around = run(tmp_path, LASTING, long_term=True)
    assert "unset AWS_SESSION_TOKEN" in printed(around)
    assert "SessionToken" not in report.document


def test_keys_that_have_ended_are_not_printed(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="expired at") as refused:
        run(tmp_path, TEMPORARY._replace(expires_at=NOW - timedelta(seconds=1)))
    assert refused.value.next == "Run: ccsetup login dev"


def test_a_value_that_no_key_has_is_not_printed(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="control character"):
        run(tmp_path, TEMPORARY._replace(secret_access_key=Secret("a\x1b]0;x\x07")))


def test_an_unknown_profile_and_one_that_asks_itself_are_told(tmp_path: Path) -> None:
    with pytest.raises(Problem, match='No profile "dve"') as refused:
        run(tmp_path, profile="dve")
    assert refused.value.next == 'Did you mean "dev"?'
    with pytest.raises(Problem, match="an endless loop"):
        run(tmp_path, profile="loop")


def test_the_shell_one_is_in_is_taken() -> None:
    assert guess({"SHELL": "/bin/zsh"}, "fish\n") == "fish"
    assert guess({"SHELL": "/bin/zsh"}, "-bash") == "bash"
    assert guess({"SHELL": "/usr/bin/fish"}, "python3") == "fish"
    assert guess({"SHELL": "/bin/dash"}, "sh") == "bash"
    system = {"COMSPEC": "C:\\Windows\\cmd.exe", "PSModulePath": "C:\\P;C:\\W"}
    assert guess(system, "") == "cmd"
    assert guess({**system, "PSModulePath": "C:\\Users\\m\\P;C:\\P;C:\\W"}, "") == "powershell"
    assert guess({}, "") == "bash"


@pytest.mark.slow
def test_a_credential_process_may_be_ccsetup_itself(clean_env: CleanEnv, tmp_path: Path) -> None:
    home = tmp_path / "home"
    variables = clean_env(home, path=[Path(program()).parent])
    (home / ".aws").mkdir()
    (home / ".aws" / "config").write_text(
        f"[profile dev]\nregion = us-east-2\nccsetup_expires_at = 2099-01-01T00:00:00Z\n"
        f"[profile other]\nregion = us-east-2\ncredential_process = {program()} env dev --json\n"
    )
    (home / ".aws" / "credentials").write_text(
        "[dev]\naws_access_key_id = ASIAIOSFODNN7EXAMPLE\naws_secret_access_key = hush\naws_session_token = t0ken\n"
    )
    script = (
        "import botocore.session as b; print(b.Session(profile='other').get_credentials().get_frozen_credentials())"
    )
    done = subprocess.run([sys.executable, "-c", script], env=variables, capture_output=True, text=True, check=True)
    assert all(part in done.stdout for part in ("ASIAIOSFODNN7EXAMPLE", "hush", "t0ken"))
    done = subprocess.run(
        [program(), "env", "other", "--shell", "bash"], env=variables, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("# other, until 2099-01-01T00:00:00Z\nexport AWS_ACCESS_KEY_ID='ASIA")
    assert done.stderr in ("", " Fetching credentials …\n")  # a busy machine may take long enough to say so
