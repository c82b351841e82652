"""The git command, unmodified: what it finds, reaches and clones; what it refuses in words; what it leaves behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from paths import ROOT
from script import tree

from ccsetup.core.errors import Problem
from ccsetup.core.model import Route
from ccsetup.git import process as running
from ccsetup.git.errors import problem_of
from ccsetup.git.repository import Git
from ccsetup.sandbox import Sandbox
from ccsetup.sandbox.demo_data import role_arn


def route(repository: str, profile: str = "dev") -> Route:
    return Route("git-remote-codecommit", f"codecommit::us-east-2://{profile}@{repository}")


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    """A folder with our git-remote-codecommit, as pip would write it."""
    body = (
        f"import sys\nsys.path.insert(0, {str(ROOT)!r})\nfrom ccsetup.git.helper.remote import main\nsys.exit(main())\n"
    )
    return script(tmp_path / "ours/git-remote-codecommit", f"#!{sys.executable}\n{body}").parent


@pytest.fixture
def env(sandbox: Sandbox, tmp_path: Path, clean_env: Any, ours: Path) -> dict[str, str]:
    """Maria's environment: the profile dev may do everything, readonly may not push, nobody may do nothing."""
    home = tmp_path / "home"
    held = {"dev": role_arn("CodeCommitAccess"), "other": role_arn("CodeCommitPullPush"), "nobody": "nobody"}
    text = ""
    for name, identity in held.items():
        keys = sandbox.state.temporary_keys(identity)
        text += f"[{name}]\naws_access_key_id = {keys.access_key_id}\naws_session_token = {keys.session_token}\n"
        text += f"aws_secret_access_key = {keys.secret_access_key}\n"
    (home / ".aws").mkdir(parents=True)
    (home / ".aws/credentials").write_text(text)
    (home / ".gitconfig").write_text("[user]\nname = Maria\nemail = maria@example.com\n[init]\ndefaultBranch = main\n")
    built: dict[str, str] = clean_env(home, sandbox.environment(), path=[ours])
    return built


@pytest.fixture
def git(env: dict[str, str], tmp_path: Path) -> Git:
    return Git(env, tmp_path / "home")


def nothing(text: str, share: float | None) -> None:
    """Take a step and do nothing with it."""


def shell(*words: str, cwd: Path, env: dict[str, str]) -> str:
    return subprocess.run(words, cwd=cwd, env=env, check=True, capture_output=True, text=True).stdout


def children_of(tag: str) -> list[str]:
    """Return the command lines of running processes that carry a tag in their environment."""
    found = []
    for process in Path("/proc").iterdir() if Path("/proc").is_dir() else ():
        try:
            if tag.encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text())
        except OSError:
            continue
    return [line for line in found if line]


def kill_all(tag: str) -> None:
    """Kill the processes that carry a tag in their environment."""
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and process.name != str(os.getpid()):
            try:
                if tag.encode() in (process / "environ").read_bytes():
                    os.kill(int(process.name), signal.SIGKILL)
            except OSError:
                continue


def test_the_version_is_gits_own(git: Git, tmp_path: Path) -> None:
    assert re.fullmatch(r"\d+\.\d+[.\d]*", git.version())
    assert git.version() in shell("git", "--version", cwd=tmp_path, env=dict(os.environ))
    assert Git({"PATH": str(tmp_path)}, tmp_path).version() == ""
    script(tmp_path / "git", "no program")
    assert Git({"PATH": str(tmp_path)}, tmp_path).version() == ""
    (tmp_path / ".gitconfig").write_text("[oops\n")
    assert Git({"PATH": os.environ["PATH"]}, tmp_path).version() == git.version()


def test_the_helper_is_the_one_git_will_find(env: dict[str, str], git: Git, ours: Path, tmp_path: Path) -> None:
    assert git.helper() == str(ours / "git-remote-codecommit")
    bare = Git({**env, "PATH": "/usr/bin:/bin"}, tmp_path)
    assert bare.helper() == ""
    assert bare.with_path(ours).helper() == git.helper()
    (ours / "git-remote-codecommit").chmod(0o644)
    assert bare.with_path(ours).helper() == ""
    beside = script(tmp_path / "exec/git-remote-codecommit", "#!/bin/sh\n")
    assert Git({**env, "GIT_EXEC_PATH": str(beside.parent)}, tmp_path).helper() == str(beside)


def test_our_own_helper_lies_beside_the_program(ours: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [str(ours / "ccsetup")])
    assert Git.own_helper() == str(ours / "git-remote-codecommit")


@pytest.mark.slow
def test_reachable_names_the_branches_the_default_one_first(git: Git, sandbox: Sandbox) -> None:
    sandbox.state.add_repository("111122223333", "us-east-2", "many", branches=("trunk", "a", "feature/x"))
    assert git.reachable(route("many")) == ("trunk", "a", "feature/x")
    assert git.reachable(route("MySharedDemoRepo"))[0] == "main"
    assert git.reachable(route("empty")) == ()
    assert git.reachable(route("--mirror")) == ("main",)


REFUSED: dict[str, tuple[str, str, dict[str, str], str, str]] = {
    "not allowed": ("payments-api", "nobody", {}, "access.git", "CodeCommit denied git access to payments-api (403)"),
    "no such repository": ("myRepo", "dev", {}, "access.repository", "Repository myRepo doesn't exist"),
    "no such profile": ("R", "de", {}, "profile.missing", 'No profile "de" on this computer. Did you mean "dev"?'),
    "no helper": ("R", "dev", {"PATH": "/usr/bin:/bin"}, "git.helper-path", "git can't find git-remote-codecommit."),
    "protocol left out": ("R", "dev", {"GIT_ALLOW_PROTOCOL": "https:ssh"}, "git.protocol",
                          "GIT_ALLOW_PROTOCOL doesn't allow codecommit."),
    "https left out": ("R", "dev", {"GIT_ALLOW_PROTOCOL": "codecommit"}, "git.protocol",
                       "GIT_ALLOW_PROTOCOL doesn't allow https."),
    "certificate": ("R", "dev", {"GIT_SSL_CAINFO": "/etc/ssl/certs/ca-certificates.crt"}, "net.tls", "doesn't trust"),
    "no such host": ("R", "dev", {"CODE_COMMIT_ENDPOINT": "nohost.invalid"}, "net.unreachable", "couldn't reach"),
    "nobody listens": ("R", "dev", {"CODE_COMMIT_ENDPOINT": "127.0.0.1:1"}, "net.unreachable", "couldn't reach"),
    "no git": ("R", "dev", {"PATH": "/nowhere"}, "git.missing", "git isn't on the PATH"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("case", REFUSED)
def test_what_git_is_refused_is_said_in_words(env: dict[str, str], tmp_path: Path, case: str) -> None:
    repository, profile, more, code, words = REFUSED[case]
    git = Git({**env, **more}, tmp_path / "home")
    for refused in (
        lambda: git.reachable(route(repository, profile)),
        lambda: git.clone(route(repository, profile), tmp_path / "new/deep/clone", "", nothing),
    ):
        with pytest.raises(Problem) as problem:
            refused()
        assert problem.value.code == code
        assert words in problem.value.what
        assert problem.value.next
        assert not (tmp_path / "new").exists()


def test_git_protocol_names_the_line_that_helps(env: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(Problem) as problem:
        Git({**env, "GIT_ALLOW_PROTOCOL": "ssh"}, tmp_path).reachable(route("R"))
    assert problem.value.next == "Run: export GIT_ALLOW_PROTOCOL=ssh:codecommit:https"


@pytest.mark.slow
def test_awss_helper_is_understood_too(env: dict[str, str], tmp_path: Path, aws_tools: Any) -> None:
    theirs = Git(env, tmp_path / "home").with_path(aws_tools.folder)
    assert theirs.helper() == str(aws_tools.grc)
    assert theirs.reachable(route("MySharedDemoRepo"))[0] == "main"
    with pytest.raises(Problem) as problem:
        theirs.reachable(route("R", "de"))
    assert problem.value.what.startswith("The following profile was not found: de.")
    (tmp_path / "home/.aws/config").write_text("[profile oidc]\nrole_arn = r\nweb_identity_token_file = /no/such\n")
    with pytest.raises(Problem) as problem:
        theirs.reachable(route("R", "oidc"))
    assert "/no/such" in problem.value.what
    with pytest.raises(Problem) as problem:
        theirs.reachable(route("MySharedDemoRepo", "nobody"))
    assert (problem.value.code, "(403)" in problem.value.what) == ("access.git", True)


def test_what_git_says_is_quoted_inert_and_without_secrets() -> None:
    lines = [
        "Cloning into 'x'...",
        "",
        "fatal: \x1b[31munable\x07 to access 'https://ASIA%TOK:2026Zab@host/v1/repos/R/': odd",
    ]
    problem = problem_of(lines, "codecommit::us-east-2://dev@R", "git.failed")
    assert problem.why == "fatal: unable to access 'https://…@host/v1/repos/R/': odd"
    assert problem.next == "Test the connection: git ls-remote codecommit::us-east-2://dev@R"
    named = problem_of(
        ["fatal: repository 'https://h/v1/repos/SSL-proxy/' not found"], "https://h/v1/repos/SSL-proxy", "x"
    )
    assert named.code == "access.repository"


def test_a_clone_tells_its_steps_and_returns_the_commit(
    git: Git, sandbox: Sandbox, tmp_path: Path, env: dict[str, str]
) -> None:
    files = {f"f{n}.bin": os.urandom(3000) for n in range(200)}
    sandbox.state.add_repository("111122223333", "us-east-2", "big", commits=30, files=files)
    steps: list[tuple[str, float | None]] = []
    result = git.clone(route("big"), tmp_path / "a/b/clone", "", lambda text, share: steps.append((text, share)))
    assert result.commit == shell("git", "rev-parse", "HEAD", cwd=tmp_path / "a/b/clone", env=env).strip()
    shares = [share for _, share in steps if share is not None]
    assert len(shares) > 20
    assert shares == sorted(shares)
    assert 0 <= shares[0] < 0.2
    assert 0.85 <= shares[-1] <= 1
    assert any(re.fullmatch(r"Receiving objects \d+% [\d.]+ (bytes|[KM]iB)", text) for text, _ in steps)
    branch, commits, size = git.facts(tmp_path / "a/b/clone")
    assert (branch, commits) == ("main", 30)
    assert re.fullmatch(r"[\d.]+ [KM]iB", size)


@pytest.mark.slow
def test_a_branch_and_a_repository_named_like_options_are_cloned_as_such(
    git: Git, tmp_path: Path, env: dict[str, str]
) -> None:
    git.clone(route("MySharedDemoRepo"), tmp_path / "develop", "develop", nothing)
    assert git.facts(tmp_path / "develop")[0] == "develop"
    assert git.clone(route("--mirror"), tmp_path / "--mirror", "", nothing)
    assert (tmp_path / "--mirror/.git").is_dir()
    assert git.origin(tmp_path / "--mirror") == "codecommit::us-east-2://dev@--mirror"
    with pytest.raises(Problem, match="doesn't have a branch named --upload-pack"):
        git.clone(route("MySharedDemoRepo"), tmp_path / "x", "--upload-pack=touch /tmp/evil", nothing)
    assert not (tmp_path / "x").exists()


def test_an_empty_repository_is_cloned_and_has_no_commit(git: Git, tmp_path: Path) -> None:
    assert git.clone(route("empty"), tmp_path / "clone", "", nothing).commit == ""
    assert git.origin(tmp_path / "clone") == "codecommit::us-east-2://dev@empty"
    assert git.facts(tmp_path / "clone")[1] == 0


def test_a_refused_clone_leaves_an_empty_directory_empty(git: Git, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(Problem):
        git.clone(route("nosuch"), tmp_path / "empty", "", nothing)
    assert list((tmp_path / "empty").iterdir()) == []
    assert git.clone(route("MySharedDemoRepo"), tmp_path / "empty", "", nothing)


def test_a_directory_that_holds_something_is_refused_and_kept(git: Git, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine").write_text("mine")
    for place in (tmp_path / "full", tmp_path / "full/mine", tmp_path / "full/mine/deeper"):
        with pytest.raises(Problem) as problem:
            git.clone(route("MySharedDemoRepo"), place, "", nothing)
        assert problem.value.code == "git.failed"
    assert (tmp_path / "full/mine").read_text() == "mine"


def meanwhile(env: dict[str, str], tmp_path: Path, deed: str) -> Git:
    """Return a git that finds a deed done when it begins to clone, as somebody may do while it fetches."""
    body = f'#!/bin/sh\ncase " $* " in *" clone "*) {deed};; esac\nexec /usr/bin/env -S PATH="$REAL" git "$@"\n'
    wrapped = script(tmp_path / "quick/git", body)
    return Git({**env, "REAL": env["PATH"], "PATH": f"{wrapped.parent}:{env['PATH']}"}, tmp_path / "home")


def test_what_somebody_puts_into_an_empty_directory_meanwhile_is_kept(env: dict[str, str], tmp_path: Path) -> None:
    target = tmp_path / "clone"
    target.mkdir()
    many = meanwhile(env, tmp_path, f"for n in $(seq 60); do echo mine > {target}/mine-$n; done")
    assert many.clone(route("MySharedDemoRepo"), target, "", nothing).problem is None
    assert len(list(target.glob("mine-*"))) == 60
    assert (target / "README.md").is_file()
    assert not list(target.glob(".ccsetup-*"))


def test_a_file_in_the_place_of_one_of_the_repositorys_refuses_the_clone_and_is_kept(
    env: dict[str, str], tmp_path: Path
) -> None:
    target = tmp_path / "clone"
    target.mkdir()
    git = meanwhile(
        env, tmp_path, f"for n in $(seq 60); do echo mine > {target}/mine-$n; done; echo mine > {target}/README.md"
    )
    with pytest.raises(Problem, match=r"Another program created .*README\.md during"):
        git.clone(route("MySharedDemoRepo"), target, "", nothing)
    assert {path.read_text() for path in target.iterdir()} == {"mine\n"}
    assert len(list(target.iterdir())) == 61


@pytest.mark.parametrize("deed", ["mkdir {0}; echo mine > {0}/mine", "mkdir {0}", "echo mine > {0}", "ln -s {1} {0}"])
def test_what_appears_in_the_clones_place_meanwhile_is_kept(env: dict[str, str], tmp_path: Path, deed: str) -> None:
    target, other = tmp_path / "new" / "clone", tmp_path / "other"
    target.parent.mkdir()
    other.mkdir()
    git = meanwhile(env, tmp_path, deed.format(target, other))
    with pytest.raises(Problem, match=r"Another program created .* during the clone"):
        git.clone(route("MySharedDemoRepo"), target, "", nothing)
    assert list(target.parent.iterdir()) == [target]
    assert list(other.iterdir()) == []
    assert [path.read_text() for path in target.parent.rglob("*") if path.is_file()] in ([], ["mine\n"])


def test_a_parent_that_is_made_meanwhile_is_taken_as_it_is(env: dict[str, str], tmp_path: Path) -> None:
    git = meanwhile(env, tmp_path, f"mkdir -p {tmp_path}/a/b; echo mine > {tmp_path}/a/b/mine")
    assert git.clone(route("MySharedDemoRepo"), tmp_path / "a/b/c/clone", "", nothing).commit
    assert sorted(path.name for path in (tmp_path / "a/b").iterdir()) == ["c", "mine"]
    assert sorted(path.name for path in tmp_path.glob(".ccsetup-*")) == []


@pytest.mark.parametrize("there", [False, True], ids=["new directory", "empty directory"])
def test_a_folder_that_is_replaced_by_a_link_meanwhile_is_not_followed(
    env: dict[str, str], tmp_path: Path, there: bool
) -> None:
    place, other = tmp_path / "place", tmp_path / "other"
    other.mkdir()
    (other / "mine").write_text("mine")
    (place / "clone" if there else place).mkdir(parents=True)
    goes = place / "clone" if there else place
    git = meanwhile(env, tmp_path, f"mv {goes} {goes}.away; ln -s {other} {goes}")
    with pytest.raises(Problem, match=r"moved or replaced|couldn't reach"):
        git.clone(route("MySharedDemoRepo"), place / "clone", "", nothing)
    assert (other / "mine").read_text() == "mine"
    assert not list(Path(f"{goes}.away").iterdir())


@pytest.mark.parametrize("when", ["before git begins", "while git fetches"])
def test_a_private_folder_that_is_swapped_for_a_link_is_left_alone_with_what_the_link_leads_to(
    env: dict[str, str], tmp_path: Path, when: str
) -> None:
    place, other = tmp_path / "place", tmp_path / "other"
    (other / "clone/.git").mkdir(parents=True)
    (other / "clone/.git/mine").write_text("mine")
    place.mkdir()
    swap = f"(cd {place}; for each in .ccsetup-*; do mv $each away; ln -s {other} $each; done)"
    git = meanwhile(env, tmp_path, swap)
    if when == "while git fetches":
        helper = script(tmp_path / "evil/git-remote-codecommit", f"#!/bin/sh\n{swap}\nexit 1\n").parent
        git = Git(env, tmp_path / "home")
        git.reachable(route("MySharedDemoRepo"))
        git._runner.env["PATH"] = f"{helper}:{env['PATH']}"
    before = tree(other)
    with pytest.raises(Problem) as problem:
        git.clone(route("MySharedDemoRepo"), place / "clone", "", nothing)
    assert "so it wasn't removed" in problem.value.why
    assert tree(other) == before
    assert sorted(path.name for path in place.iterdir() if path.name != "away" and not path.is_symlink()) == []


@pytest.fixture
def slow(env: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """An environment whose git-remote-codecommit never answers."""
    body = f"#!/bin/sh\ntouch {tmp_path}/started\ntrap '' TERM\nsleep 60 &\nwait\nsleep 60\n"
    folder = script(tmp_path / "slow/git-remote-codecommit", body).parent
    return {**env, "PATH": f"{folder}:{env['PATH']}", "TAG": f"{tmp_path}"}


def until(there: Path) -> None:
    deadline = time.monotonic() + 20
    while not there.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.slow
def test_an_answer_that_does_not_come_is_not_waited_for(
    slow: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "CHECK_S", 1.0)
    began = time.monotonic()
    with pytest.raises(Problem, match="didn't get a response within 1 seconds") as problem:
        Git(slow, tmp_path / "home").reachable(route("R"))
    assert problem.value.code == "net.unreachable"
    assert (tmp_path / "started").exists()
    assert time.monotonic() - began < 20
    assert children_of(f"TAG={tmp_path}") == []


@pytest.mark.slow
@pytest.mark.parametrize("there", [False, True], ids=["new directory", "empty directory"])
def test_ctrl_c_ends_git_and_removes_what_the_clone_made(slow: dict[str, str], tmp_path: Path, there: bool) -> None:
    target = tmp_path / "new/clone"
    if there:
        target.mkdir(parents=True)
    argv = [sys.executable, "-c", CLONE_NOW, target, route("R").url]
    child = subprocess.Popen(argv, env={**slow, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE)
    until(tmp_path / "started")
    assert list((target if there else tmp_path).glob(".ccsetup-*"))
    began = time.monotonic()
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=20)
    assert time.monotonic() - began < 6
    assert b"KeyboardInterrupt" in errors
    assert (tmp_path / "new").exists() is there
    assert not list(tmp_path.glob(".ccsetup-*"))
    assert not there or list(target.iterdir()) == []
    assert children_of(f"TAG={tmp_path}") == []


def test_a_clone_killed_half_way_is_finished_by_a_fetch(slow: dict[str, str], git: Git, tmp_path: Path) -> None:
    target = tmp_path / "clone"
    child = subprocess.Popen(
        ["git", "clone", "-q", "--", route("payments-web").url, target], env=slow, start_new_session=True
    )
    until(tmp_path / "started")
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    assert git.origin(target) == route("payments-web").url
    assert git.fetch(target).commit
    assert git.facts(target)[0] == "trunk"
    assert git.do(target, "status", "--porcelain", "--branch").strip() == "## trunk...origin/trunk"


# Without asking for the branches first, which a helper that hangs would never tell.
CLONE_NOW = """
import os, sys
from pathlib import Path
from ccsetup.git import branches
from ccsetup.git.repository import Git
from ccsetup.core.model import Route
way, git = Route("git-remote-codecommit", sys.argv[2]), Git(os.environ, Path.home())
git._heads[way.url] = branches.Heads({"main": "1" * 40}, "main")
git.clone(way, Path(sys.argv[1]), "", lambda *step: None)
"""

CLONE = """
import os, sys
from pathlib import Path
from ccsetup.git.repository import Git
from ccsetup.core.model import Route
way = Route("git-remote-codecommit", sys.argv[2])
Git(os.environ, Path.home()).clone(way, Path(sys.argv[1]), "", lambda *step: None)
"""


def killed(env: dict[str, str], target: Path, url: str) -> None:
    """Clone in a child that a git on its PATH kills with -9, at the call that STOP_AT names."""
    argv = [sys.executable, "-c", CLONE, target, url]
    done = subprocess.run(argv, env={**env, "PYTHONPATH": str(ROOT)}, capture_output=True, check=False)
    last = Path(env["LAST"])
    while done.returncode == -signal.SIGKILL and not last.exists():  # the git that outlives it is over
        time.sleep(0.01)
    last.unlink(missing_ok=True)


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("there", [False, True], ids=["new directory", "empty directory"])
@pytest.mark.parametrize("name", ["payments-web", "empty"])
def test_a_clone_killed_at_any_git_is_finished_by_the_next_run(
    env: dict[str, str], git: Git, tmp_path: Path, name: str, there: bool
) -> None:
    count, url = tmp_path / "count", route(name).url
    body = f"""#!/bin/sh
echo x >> {count}
test $(wc -l < {count}) -ne $STOP_AT || {{ kill -9 $PPID; test -z "$AFTER" || /usr/bin/git "$@"; touch $LAST; exit 1; }}
exec /usr/bin/git "$@"
"""
    wrapped = script(tmp_path / "wrapped/git", body).parent
    steps = 0
    for stop in range(1, 30):
        target = tmp_path / f"clone-{stop}" / "deep"
        target.mkdir(parents=True) if there else target.parent.mkdir()
        count.write_text("")
        more = {
            "STOP_AT": str(stop),
            "AFTER": "yes" if stop % 2 else "",
            "LAST": str(tmp_path / "last"),
            "PATH": f"{wrapped}:{env['PATH']}",
        }
        killed({**env, **more}, target, url)
        if len(count.read_text().split()) < stop:
            break
        steps += 1
        git.fetch(target) if git.origin(target) == url else git.clone(route(name), target, "", nothing)
        assert not git.unfinished(target)
        assert git.do(target, "status", "--porcelain", "--branch").startswith(
            "## trunk...origin/trunk" if name != "empty" else "## No commits yet on main"
        )
        assert git.do(target, "status", "--porcelain") == ""
        assert sorted(path.name for path in target.parent.parent.glob(f"clone-{stop}/*")) == ["deep"]
        assert not list((tmp_path / "home/.local").rglob("*.json"))
    assert steps > 4


@pytest.mark.slow
@pytest.mark.parametrize("there", [False, True], ids=["new directory", "empty directory"])
@pytest.mark.skipif(sys.platform != "linux", reason="it is Linux that tells what runs")
def test_a_check_out_killed_half_way_is_finished_by_the_next_run(
    env: dict[str, str], git: Git, sandbox: Sandbox, tmp_path: Path, there: bool
) -> None:
    files = {f"f{n:02}.txt": f"file {n}\n".encode() * 400 for n in range(12)} | {
        ".gitattributes": b"*.txt filter=slow\n"
    }
    sandbox.state.add_repository("111122223333", "us-east-2", "slow", commits=1, files=files)
    smudge = f"sh -c 'echo x >> {tmp_path}/count; test $(wc -l < {tmp_path}/count) -lt 5 || {{ touch {tmp_path}/started; sleep 60; }}; cat'"
    shell("git", "config", "--global", "filter.slow.smudge", smudge, cwd=tmp_path, env=env)
    shell("git", "config", "--global", "filter.slow.clean", "cat", cwd=tmp_path, env=env)
    target, tag = tmp_path / "place/clone", {"TAG": f"{tmp_path}", "PYTHONPATH": str(ROOT)}
    target.mkdir(parents=True) if there else target.parent.mkdir()
    argv = [sys.executable, "-c", CLONE, target, route("slow").url]
    child = subprocess.Popen(argv, env={**env, **tag}, stderr=subprocess.DEVNULL)
    until(tmp_path / "started")
    kill_all(f"TAG={tmp_path}")
    child.wait()
    shell("git", "config", "--global", "filter.slow.smudge", "cat", cwd=tmp_path, env=env)
    assert git.unfinished(target)
    assert len(list(target.parent.rglob("f*.txt"))) in range(1, 12)
    assert git.clone(route("slow"), target, "", nothing).problem is None
    assert git.do(target, "status", "--porcelain") == ""
    assert list(target.parent.iterdir()) == [target]
    assert sorted(path.name for path in target.iterdir() if path.is_file()) == sorted(files | {"README.md": b""})


def test_the_next_run_does_not_wait_for_a_git_that_outlives_its_ccsetup(
    slow: dict[str, str], git: Git, tmp_path: Path
) -> None:
    target = tmp_path / "place/clone"
    target.parent.mkdir()
    argv = [sys.executable, "-c", CLONE_NOW, target, route("payments-web").url]
    child = subprocess.Popen(argv, env={**slow, "PYTHONPATH": str(ROOT)}, stderr=subprocess.DEVNULL)
    until(tmp_path / "started")
    with pytest.raises(Problem, match="Another ccsetup process is cloning into"):
        git.clone(route("payments-web"), target, "", nothing)
    child.kill()
    child.wait()
    assert children_of(f"TAG={tmp_path}") != []  # its git is still there
    assert git.clone(route("payments-web"), target, "", nothing).commit
    assert list(target.parent.iterdir()) == [target]
    kill_all(f"TAG={tmp_path}")


def test_a_mark_in_a_folder_makes_nobody_clear_it(git: Git, tmp_path: Path) -> None:
    (tmp_path / "clone/.git").mkdir(parents=True)
    (tmp_path / "clone/.git/ccsetup-cloning").write_text("fetch\n\nurl")
    (tmp_path / "clone/.git/mine").write_text("mine")
    assert not git.unfinished(tmp_path / "clone")
    with pytest.raises(Problem, match="already exists and isn't empty"):
        git.clone(route("MySharedDemoRepo"), tmp_path / "clone", "", nothing)
    assert sorted(path.name for path in (tmp_path / "clone/.git").iterdir()) == ["ccsetup-cloning", "mine"]


@pytest.mark.slow
def test_a_fetch_brings_what_is_new_and_leaves_the_work_alone(git: Git, tmp_path: Path, env: dict[str, str]) -> None:
    before = git.clone(route("MySharedDemoRepo"), tmp_path / "a", "", nothing).commit
    git.clone(route("MySharedDemoRepo"), tmp_path / "b", "", nothing)
    (tmp_path / "b/new").write_text("new")
    git.do(tmp_path / "b", "add", "new")
    git.do(tmp_path / "b", "commit", "-qm", "new")
    git.do(tmp_path / "b", "push", "-q", "origin", "HEAD")
    (tmp_path / "a/mine").write_text("mine")
    assert git.fetch(tmp_path / "a").commit == before
    assert git.do(tmp_path / "a", "rev-parse", "origin/main") == git.do(tmp_path / "b", "rev-parse", "HEAD")
    assert (tmp_path / "a/mine").read_text() == "mine"


@pytest.mark.slow
def test_origin_is_that_of_the_directory_itself(git: Git, tmp_path: Path, env: dict[str, str]) -> None:
    git.clone(route("MySharedDemoRepo"), tmp_path / "clone", "", nothing)
    (tmp_path / "clone/sub").mkdir()
    assert git.origin(tmp_path / "clone") == "codecommit::us-east-2://dev@MySharedDemoRepo"
    assert git.origin(tmp_path / "clone/sub") == ""
    assert git.origin(tmp_path) == ""
    assert git.origin(tmp_path / "nowhere") == ""
    shell("git", "remote", "rename", "origin", "up", cwd=tmp_path / "clone", env=env)
    assert git.origin(tmp_path / "clone") == "codecommit::us-east-2://dev@MySharedDemoRepo"
    tied = Git({**env, "GIT_DIR": str(tmp_path / "clone/.git")}, tmp_path / "home")
    assert tied.origin(tmp_path) == ""
    assert tied.clone(route("payments-api"), tmp_path / "second", "", nothing)


@pytest.mark.slow
def test_a_routes_own_helper_switches_the_machines_off_in_the_clone_and_in_the_check(
    git: Git, env: dict[str, str], sandbox: Sandbox, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    shell("git", "config", "--global", "credential.helper", f"!echo asked >> {told}; :", cwd=tmp_path, env=env)
    url = f"https://{sandbox.git_host}/v1/repos/MySharedDemoRepo"
    answer = script(tmp_path / "answer.py", f"""#!{sys.executable}
import sys, time, configparser
sys.path.insert(0, {str(ROOT)!r})
from ccsetup.git.helper import signing
held = configparser.RawConfigParser(); held.read({str(tmp_path / "home/.aws/credentials")!r}); held = held["dev"]
host, path = {sandbox.git_host!r}, "/v1/repos/MySharedDemoRepo"
print("username=" + signing.git_user(held["aws_access_key_id"], held["aws_session_token"]))
print("password=" + signing.git_password(held["aws_secret_access_key"], "us-east-2", host, path, time.time()))
""")  # fmt: skip
    with pytest.raises(Problem, match="rejected the credentials"):
        git.reachable(Route("https", url))
    told.unlink()
    way = Route("credential-helper", url, {"credential.helper": f"!{answer}", "credential.useHttpPath": "true"})
    assert git.reachable(way)[0] == "main"
    assert git.clone(way, tmp_path / "clone", "", nothing)
    assert not told.exists()
    assert git.do(tmp_path / "clone", "config", "--local", "--get-all", "credential.helper") == f"\n!{answer}\n"
    assert git.fetch(tmp_path / "clone")
    assert not told.exists()


@pytest.mark.skipif(os.name != "posix", reason="Windows has other permissions")
def test_a_clone_has_the_permissions_that_any_new_folder_has(git: Git, tmp_path: Path) -> None:
    git.clone(route("MySharedDemoRepo"), tmp_path / "a/b/clone", "", nothing)
    (tmp_path / "plain").mkdir()
    for name in ("a", "a/b", "a/b/clone", "a/b/clone/.git"):
        assert (tmp_path / name).stat().st_mode == (tmp_path / "plain").stat().st_mode, name


def test_a_directory_that_is_there_stays_the_same_one(git: Git, tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.mkdir(0o750)
    link.symlink_to(real)
    before = real.stat()
    assert git.clone(route("MySharedDemoRepo"), link, "", nothing).commit
    after = real.stat()
    assert (after.st_ino, after.st_mode, link.is_symlink()) == (before.st_ino, before.st_mode, True)
    assert (real / "README.md").is_file()
