from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from often import examples

from ccsetup.aws.sso import browser as browsers
from ccsetup.aws.sso.browser import name_of, open_page, visited, why_none
from ccsetup.aws.sso.callback_page import Callback, Listener
from ccsetup.core import executables
from ccsetup.core.model import Secret

STATE = "kZ3vQm-_the-right-state"


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener(STATE) as listening:
        yield listening


def port_of(listener: Listener) -> int:
    return int(listener.redirect_uri.rpartition(":")[2].partition("/")[0])


def ask(listener: Listener, target: str, method: str = "GET", body: bytes | None = None) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port_of(listener), timeout=5)
    connection.request(method, target, body)
    answer = connection.getresponse()
    page = answer.read().decode()
    connection.close()
    return answer.status, page


def send(listener: Listener, raw: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port_of(listener)), timeout=5) as plug:
        plug.sendall(raw)
        plug.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := plug.recv(65536):
            answer += chunk
        return answer


def callback(state: str = STATE, **fields: str) -> str:
    return "/oauth/callback?" + "&".join(f"{k}={quote(v, safe='')}" for k, v in {**fields, "state": state}.items())


def test_the_listener_is_at_127_0_0_1_and_nowhere_else(listener: Listener) -> None:
    assert listener.redirect_uri == f"http://127.0.0.1:{port_of(listener)}/oauth/callback"
    for elsewhere in ("127.0.0.2", socket.gethostbyname(socket.gethostname())):
        if elsewhere != "127.0.0.1":
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((elsewhere, port_of(listener)), timeout=2)


def test_the_port_is_bound_before_anything_listens_inside_with() -> None:
    listener = Listener(STATE)
    with socket.create_connection(("127.0.0.1", port_of(listener)), timeout=2), listener:
        assert ask(listener, callback(code="c"))[0] == 200


def test_the_right_request_brings_the_code(listener: Listener) -> None:
    status, page = ask(listener, callback(code="the code+/="))
    assert status == 200
    assert "You can close this page" in page
    assert listener.wait(1) == Callback(Secret("the code+/="))


STRAYS = [
    ("GET", "/favicon.ico", 404),
    ("GET", "/", 404),
    ("GET", "/oauth/callback/../x?code=c", 404),
    ("GET", "/oauth/callback", 400),
    ("GET", "/oauth/callback?code=c", 400),
    ("GET", callback(state="wrong", code="c"), 400),
    ("GET", callback(state="wrong", error="access_denied"), 400),
    ("GET", callback(state="", code="c"), 400),
    ("GET", callback(state="ü", code="c"), 400),
    ("GET", callback(), 400),
    ("GET", callback(code="c") + "&code=d", 400),
    ("GET", callback(code="c") + f"&state={STATE}", 400),
    ("GET", callback(code="c") + "&x=1" * 50, 400),
    ("GET", callback(code="c") + "&x=" + "y" * 70_000, 414),
    ("HEAD", callback(code="c"), 405),
    ("POST", callback(code="c"), 405),
    ("OPTIONS", callback(code="c"), 405),
    ("BREW", callback(code="c"), 405),
]


@pytest.mark.parametrize(("method", "target", "status"), STRAYS, ids=range(len(STRAYS)))
def test_a_stray_request_is_answered_and_the_right_one_still_awaited(
    listener: Listener, method: str, target: str, status: int
) -> None:
    answered, page = ask(listener, target, method, b"code=c" if method == "POST" else None)
    assert answered == status
    assert STATE not in page
    assert listener.wait(0.01) is None
    assert ask(listener, callback(code="right"))[0] == 200
    assert listener.wait(1) == Callback(Secret("right"))


NOISE = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", b"\r\n\r\n", b"GET", b"GET / HTTP/9.9\r\n\r\n",
    b"GET //[ HTTP/1.1\r\n\r\n", b"\xff" * 100 + b"\r\n", b"",
]  # fmt: skip


@pytest.mark.parametrize("raw", NOISE, ids=range(len(NOISE)))
def test_bytes_that_are_no_request_harm_nothing(
    listener: Listener, raw: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    send(listener, raw)
    assert ask(listener, callback(code="right"))[0] == 200
    assert listener.wait(1) == Callback(Secret("right"))
    assert capfd.readouterr() == ("", "")


def test_no_bytes_at_all_make_it_answer_wrongly_or_say_anything() -> None:
    def request(query: str) -> bytes:
        return f"GET /oauth/callback?{query} HTTP/1.0\r\n\r\n".encode()

    with Listener(STATE) as listener:

        @settings(max_examples=examples(60), deadline=None)
        @given(
            st.binary(max_size=200)
            | st.text(max_size=80).map(lambda t: f"GET /oauth/callback?{t} HTTP/1.0\r\n\r\n".encode())
        )
        def attempt(raw: bytes) -> None:
            assert b"200 OK" not in send(listener, raw)
            assert listener.wait(0) is None

        attempt()


def test_silent_connections_keep_nobody_waiting(listener: Listener) -> None:
    with ExitStack() as stack:
        for _ in range(30):
            plug = stack.enter_context(socket.create_connection(("127.0.0.1", port_of(listener)), timeout=5))
            plug.sendall(b"GET /oau")
        began = time.monotonic()
        assert ask(listener, callback(code="right"))[0] == 200
        assert listener.wait(1) == Callback(Secret("right"))
        listener.__exit__()
        assert time.monotonic() - began < 5  # each of the silent ones has ten seconds


def test_a_refusal_is_told(listener: Listener) -> None:
    status, page = ask(listener, callback(error="access_denied", error_description="<script>alert(1)</script>"))
    assert (status, "Not signed in" in page, "script" in page) == (200, True, False)
    assert listener.wait(1) == Callback(Secret(""), "access_denied")


def test_the_first_answer_counts_and_a_reload_changes_nothing(listener: Listener) -> None:
    ask(listener, callback(code="first"))
    assert ask(listener, callback(code="second"))[0] == 200
    assert listener.wait(1) == Callback(Secret("first"))


def test_the_page_holds_nothing_of_the_request(listener: Listener) -> None:
    answer = send(listener, f"GET {callback(code='hush-hush')} HTTP/1.1\r\nHost: x\r\n\r\n".encode()).decode()
    head, _, page = answer.partition("\r\n\r\n")
    assert "hush-hush" not in answer and STATE not in answer
    assert "Cache-Control: no-store" in head and "Referrer-Policy: no-referrer" in head
    assert "default-src 'none'" in head and "src=" not in page and "href=" not in page


def test_waiting_ends_when_its_time_is_over(listener: Listener) -> None:
    began = time.monotonic()
    assert listener.wait(0.2) is None
    assert 0.2 <= time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("env", "platform", "files", "why"),
    [
        ({"DISPLAY": ":0"}, "linux", (), ""),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", (), ""),
        ({}, "linux", (), "there's no display"),
        ({}, "darwin", (), ""),
        ({}, "win32", (), ""),
        ({"SSH_CONNECTION": "1 2 3 4", "DISPLAY": ":10"}, "linux", (), "this is an SSH session"),
        ({"SSH_TTY": "/dev/pts/1"}, "darwin", (), "this is an SSH session"),
        ({"SSH_TTY": "/dev/pts/1", "BROWSER": "lynx"}, "linux", (), ""),
        ({"DISPLAY": ":0"}, "linux", ("/.dockerenv",), "this is a container"),
        ({"container": "podman", "DISPLAY": ":0"}, "linux", (), "this is a container"),
        ({"BROWSER": "code --open-url"}, "linux", ("/.dockerenv",), ""),
        ({"AWS_EXECUTION_ENV": "CloudShell"}, "linux", (), "this is CloudShell"),
        ({"WSL_DISTRO_NAME": "Ubuntu", "DISPLAY": ":0"}, "linux", (), "this is WSL without wslview"),
        ({"WSL_DISTRO_NAME": "Ubuntu"}, "linux", ("wslview",), ""),
    ],
)
def test_whether_there_is_a_browser_is_told_with_the_reason(
    env: dict[str, str], platform: str, files: tuple[str, ...], why: str
) -> None:
    found = why_none(env, platform, lambda path: path in files, lambda name: name if name in files else None)
    assert found == why


def test_a_browser_that_does_not_open_is_told_while_it_is_waited_for() -> None:
    said: list[str] = []
    told = threading.Event()

    def note(text: str) -> None:
        said.append(text)
        told.set()

    with visited("https://acme.awsapps.com/start", lambda page: False, note):
        assert told.wait(5)
    assert said == ["Couldn't open a browser. Open the URL above yourself."]


def test_a_browser_that_returns_when_it_is_closed_holds_nothing_up() -> None:
    said: list[str] = []
    closed, gone = threading.Event(), threading.Event()

    def open_page(page: str) -> bool:
        closed.wait(5)
        gone.set()
        return False

    with visited("https://acme.awsapps.com/start", open_page, said.append):
        pass
    closed.set()
    assert gone.wait(5)
    time.sleep(0.05)
    assert said == []


def browser(folder: Path, name: str = "browse") -> Path:
    """Put a browser there that writes down what it is called with."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f'#!/bin/sh\necho "$0 $*" >> "{folder}/opened"\n')
    (folder / name).chmod(0o755)
    return folder / name


@pytest.mark.parametrize(
    ("named", "arguments"),
    [
        ("browse", "URL"),
        ("browse --new-tab", "--new-tab URL"),
        ("browse --url=%s --quiet", "--url=URL --quiet"),
        ("'my browse' %s", "URL"),
        ("my browse", "URL"),
        ("nothing-here:browse", "URL"),
        ("'open:browse", "URL"),
    ],
)
def test_browser_names_a_program_of_the_path_and_its_arguments(named: str, arguments: str, tmp_path: Path) -> None:
    place = browser(tmp_path / "bin").parent
    browser(place, "my browse")
    env = {"PATH": str(place), "BROWSER": named}
    assert open_page("https://acme.awsapps.com/start?a=b%20c&d", env)
    url = "https://acme.awsapps.com/start?a=b%20c&d"
    assert (place / "opened").read_text().split(" ", 1)[1].removeprefix("browse ").strip() == arguments.replace(
        "URL", url
    )


FIREFOX = r"C:\Program Files\Mozilla Firefox\firefox.exe"


@pytest.mark.parametrize(
    ("named", "arguments"),
    [
        (FIREFOX, []),
        (f"{FIREFOX} -new-tab %s", ["-new-tab", "%s"]),
        (f'"{FIREFOX}" %s', ["%s"]),
        (rf"C:\none\it.exe;{FIREFOX} %s", ["%s"]),
        ("firefox -new-tab %s", ["-new-tab", "%s"]),
        (rf'"C:\unclosed %s;{FIREFOX}', []),
        (rf"C:\tools\open.cmd %s;{FIREFOX}", []),  # a batch file would run what an address has after &
        (r"C:\tools\O'Neil\it.exe %s", ["%s"]),
        (r"C:\Program.exe", None),
        (r"C:\tools\open.cmd", None),
        ("open", None),
    ],
)
def test_browser_names_programs_as_windows_writes_them(
    named: str, arguments: list[str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = [FIREFOX, r"C:\tools\open.cmd", r"C:\tools\O'Neil\it.exe", r"C:\Program Files\Mozilla.exe"]
    env = {"BROWSER": named, "PATH": r"C:\tools;C:\Program Files\Mozilla Firefox", "PATHEXT": ".EXE;.CMD"}
    opened: list[list[str]] = []
    monkeypatch.setattr(executables, "WINDOWS", True)
    monkeypatch.setattr(executables, "_is_file", lambda path: path.lower() in [it.lower() for it in there])
    monkeypatch.setattr(browsers, "_opened", lambda command, url: opened.append(command) or True)
    monkeypatch.setattr("webbrowser.get", lambda name: SimpleNamespace(open=lambda url: opened.append([name]) or True))
    assert open_page("https://acme.awsapps.com/start", env)
    if arguments is None:
        assert opened == [["windows-default"]] and name_of(env) == "your browser"
    else:
        program = there[2] if "O'Neil" in named else FIREFOX
        assert [[opened[0][0].lower(), *opened[0][1:]]] == [[program.lower(), *arguments]] and len(opened) == 1
        assert name_of(env).lower() == program.rpartition("\\")[2].lower()


def test_on_macos_open_opens_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    browser(tmp_path / "bin", "open")
    monkeypatch.setattr("webbrowser.open", lambda url: False)
    env = {"PATH": str(tmp_path / "bin")}
    assert open_page("https://acme.awsapps.com/start?a&b", env, "darwin")
    assert (tmp_path / "bin/opened").read_text().split() == [
        f"{tmp_path}/bin/open",
        "https://acme.awsapps.com/start?a&b",
    ]
    (tmp_path / "bin/opened").unlink()
    browser(tmp_path / "bin", "lynx")
    assert open_page("https://acme.awsapps.com/start", {**env, "BROWSER": "lynx"}, "darwin")
    assert (tmp_path / "bin/opened").read_text().startswith(f"{tmp_path}/bin/lynx ")
    assert not open_page("https://acme.awsapps.com/start", env, "linux")


def test_a_browser_in_the_background_is_not_waited_for(tmp_path: Path) -> None:
    slow = browser(tmp_path / "bin", "slow")
    slow.write_text("#!/bin/sh\nsleep 2\n")
    began = time.monotonic()
    assert open_page("https://acme.awsapps.com/start", {"PATH": str(slow.parent), "BROWSER": "slow %s &"})
    assert time.monotonic() - began < 1.5


@pytest.mark.parametrize("named", ["browse", "./browse", "bin/browse", "browse %s &"])
def test_a_browser_is_not_taken_from_the_folder_one_stands_in(
    named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser(tmp_path)
    browser(tmp_path / "bin")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("webbrowser.open", lambda url: False)
    assert not open_page("https://acme.awsapps.com/start", {"PATH": ".::bin", "BROWSER": named})
    time.sleep(0.1)
    assert not [*tmp_path.rglob("opened")]


def test_a_browser_that_fails_gives_way_to_the_next(tmp_path: Path) -> None:
    browser(tmp_path / "bin", "broken").write_text("#!/bin/sh\nexit 1\n")
    browser(tmp_path / "bin")
    assert open_page("https://acme.awsapps.com/start", {"PATH": str(tmp_path / "bin"), "BROWSER": "broken:browse"})
    assert (tmp_path / "bin" / "opened").exists()
