"""The screen: as plain lines in a pipe, and on a pseudo-terminal as a person sees it."""

import contextlib
import fcntl
import io
import json
import os
import pty
import struct
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

import pexpect
import pyte
import pytest
from paths import ROOT

from ccsetup.core.errors import Problem
from ccsetup.core.model import Secret
from ccsetup.ui.screen import LEAST_S, MOMENT_S, WHILE_S, Screen

EVIL = "red\x1b[31m\x1b]0;owned\x07 [bold]x[/] <b>y</b>\n ✓ second\x9b2J \u202eabc\u200b"
TAME = "red [bold]x[/] <b>y</b> ✓ second abc"
DIFF = """\
--- ~/.aws/config
+++ ~/.aws/config
@@ -1,2 +1,5 @@
 [default]
-region = us-east-1
+[profile acme-dev]
+role_arn = arn:aws:iam::111122223333:role/CrossAccountRepositoryContributorRole
"""
REFUSED = Problem(
    "The role Developer may not read MySharedDemoRepo.",
    why="AWS answered AccessDeniedException for arn:aws:codecommit:us-east-2:111122223333:MySharedDemoRepo.",
    next='send this to the administrator:\n  {\n    "Effect": "Allow"\n  }',
)


class Piped:
    """A screen without a terminal."""

    def __init__(self, json=False, encoding="utf-8", **env):
        self.streams = [io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="") for _ in range(2)]
        self.screen = Screen(env, json, *self.streams)

    def err(self):
        return self.streams[0].buffer.getvalue().decode()

    def out(self):
        return self.streams[1].buffer.getvalue().decode()


class Seen:
    """A screen on a pseudo-terminal of `columns`, and what stands on it."""

    def __init__(self, columns=100, encoding="utf-8", rows=40, **env):
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._file = open(slave, "w", encoding=encoding)  # noqa: SIM115
        self.screen = Screen({"TERM": "xterm-256color", **env}, False, self._file, io.StringIO())
        self._display = pyte.Screen(columns, 40)
        self._stream = pyte.ByteStream(self._display)
        self.raw = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        while True:
            try:
                chunk = os.read(self._master, 65536)
            except OSError:
                return
            self.raw += chunk
            self._stream.feed(chunk)

    def lines(self):
        """Return what is on the screen, the pseudo-terminal closed."""
        self._file.close()
        self._reader.join(5)
        os.close(self._master)
        return [line.rstrip() for line in self._display.display if line.strip()]

    def text(self):
        """Return what is on the screen now."""
        return "\n".join(self._display.display)

    def until(self, text, times=1):
        """Wait for a text to appear this often."""
        end = time.monotonic() + 10
        while self.text().count(text) < times:
            assert time.monotonic() < end, f"{text!r} is not on the screen: {self.raw!r}"
            time.sleep(0.02)


def checklist(screen):
    screen.done("wrote", "~/.aws/config  [profile acme-dev]", "undo: ccsetup undo")
    screen.done("signed in", "acme, until 18:04")
    screen.done("identity", "arn:aws:sts::111122223333:assumed-role/Developer/maria", "account 111122223333")
    screen.failed("access", "MySharedDemoRepo in us-east-2: refused")


def test_the_checklist_is_aligned():
    seen = Seen()
    checklist(seen.screen)
    assert seen.lines() == [
        " ✓ wrote     ~/.aws/config  [profile acme-dev]     undo: ccsetup undo",
        " ✓ signed in acme, until 18:04",
        " ✓ identity  arn:aws:sts::111122223333:assumed-role/Developer/maria     account 111122223333",
        " ✗ access    MySharedDemoRepo in us-east-2: refused",
    ]


def test_on_fifty_columns_the_checklist_goes_on_below_itself():
    seen = Seen(50)
    checklist(seen.screen)
    assert seen.lines() == [
        " ✓ wrote     ~/.aws/config  [profile acme-dev]",
        "             undo: ccsetup undo",
        " ✓ signed in acme, until 18:04",
        " ✓ identity  arn:aws:sts::111122223333:",
        "             assumed-role/Developer/maria",
        "             account 111122223333",
        " ✗ access    MySharedDemoRepo in us-east-2:",
        "             refused",
    ]


def test_the_heading_says_what_is_there():
    seen = Seen(50)
    seen.screen.heading(
        "Set up AWS CodeCommit access",
        [("git 2.39", True), ("git-remote-codecommit", True), ("4 AWS profiles, 1 broken", False)],
    )
    assert seen.lines() == [
        " ccsetup  Set up AWS CodeCommit access",
        " This computer   git 2.39 ✓",
        "                 git-remote-codecommit ✓",
        "                 4 AWS profiles, 1 broken ✗",
    ]


def test_the_review_shows_files_and_what_will_be_done():
    seen = Seen()
    seen.screen.review([DIFF], [("Will check", "who answers"), ("Will clone", "MySharedDemoRepo into ./here")])
    assert seen.lines() == [
        " Will check   who answers",
        " Will clone   MySharedDemoRepo into ./here",
        *(f" {line}" for line in DIFF.splitlines()),
    ]
    assert b"\x1b[32m+[profile acme-dev]\x1b[0m" in seen.raw and b"\x1b[31m-region = us-east-1\x1b[0m" in seen.raw


def test_on_fifty_columns_the_review_breaks_long_lines_with_an_indent():
    seen = Seen(50)
    seen.screen.review([DIFF], [("Will clone", "codecommit::us-east-2://acme-dev@MySharedDemoRepo into ./here")])
    lines = seen.lines()
    assert lines[:3] == [
        " Will clone   codecommit::us-east-2://",
        "              acme-dev@MySharedDemoRepo into",
        "              ./here",
    ]
    assert lines[9:] == [
        " +role_arn =",
        "     arn:aws:iam::111122223333:role/",
        "     CrossAccountRepositoryContributorRole",
    ]


def test_a_difference_that_is_longer_than_the_screen_is_folded():
    long = "\n".join(f"+line {number}" for number in range(40))
    seen = Seen(rows=24)
    assert seen.screen.review([long], [("write", "1 profile, 1 file")], fold=True) == 29
    assert seen.screen.review(["+short"], [("write", "1 profile, 1 file")], fold=True) == 0
    lines = seen.lines()
    assert lines[:2] == [" write   1 profile, 1 file", " +line 0"]
    assert lines[12:15] == [" +line 11", " … 29 more lines", " write   1 profile, 1 file"]


def test_a_difference_of_which_only_the_header_would_fit_is_counted():
    seen = Seen(rows=15)
    assert seen.screen.review(["\n".join(f"+line {it}" for it in range(9))], [("write", "1 file")], fold=True) == 10
    assert seen.lines() == [" write   1 file", " … 10 lines of changes"]


def test_a_command_at_the_end_of_a_line_stays_whole():
    seen = Seen(40)
    seen.screen.say(" When the sign-in expires: ccsetup login acme-developer")
    assert seen.lines() == [" When the sign-in expires:", " ccsetup login acme-developer"]


@pytest.mark.parametrize("more", [{"fold": False}, {"fold": True, "TERM": "dumb"}])
def test_nothing_is_folded_where_it_cannot_be_unfolded(more):
    fold = more.pop("fold")
    seen = Seen(rows=24, **more)
    assert seen.screen.review(["\n".join(f"+line {number}" for number in range(30))], [], fold=fold) == 0
    assert " +line 29" in seen.lines()


def test_a_table_has_two_columns():
    seen = Seen(40)
    seen.screen.table([("Start URL", "https://acme.awsapps.com/start"), ("Role", "Developer")])
    assert seen.lines() == [
        " · Start URL  https://acme.awsapps.com/",
        "              start",
        " · Role       Developer",
    ]


def test_a_row_of_steps_is_broken_between_two_of_them():
    seen = Seen(40)
    seen.screen.review([], [("check", "MySharedDemoRepo in us-east-2 · git ls-remote")])
    assert seen.lines() == [" check   MySharedDemoRepo in us-east-2 ·", "         git ls-remote"]


def test_a_problem_says_what_why_and_what_next():
    seen = Seen(60)
    seen.screen.problem(REFUSED)
    assert seen.lines() == [
        " ✗ The role Developer may not read MySharedDemoRepo.",
        "   AWS answered AccessDeniedException for",
        "   arn:aws:codecommit:us-east-2:111122223333:",
        "   MySharedDemoRepo.",
        "   Next: send this to the administrator:",
        "     {",
        '       "Effect": "Allow"',
        "     }",
    ]


def test_a_problem_without_why_or_next_is_one_line():
    piped = Piped()
    piped.screen.problem(Problem("Cancelled."))
    assert piped.err() == " ✗ Cancelled.\n"


LETTER = """\
I need the following AWS access:

Who: arn:aws:iam::111122223333:user/maria
Why: no identity-based policy for the user maria allows the action.

In account 111122223333, add this statement to the policies of the user maria:
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Resource": "arn:aws:codecommit:us-east-2:111122223333:R"
    }
  ]
}"""
DENIED = Problem("AWS denied GetRepository on R.", why="User: … is not …", next="Send it.", letter=LETTER)


def test_a_message_to_the_administrator_is_set_off_and_can_be_copied():
    seen = Seen(100)
    seen.screen.problem(DENIED)
    lines = seen.lines()
    assert lines[:2] == [" ✗ AWS denied GetRepository on R.", "   Next: Send it."]
    assert lines[2] == f" ── Send this to your administrator {'─' * 63}"
    assert lines[3:-1] == [line for line in LETTER.split("\n") if line]
    assert lines[-1] == f" {'─' * 98}"


def test_on_fifty_columns_the_message_wraps_its_sentences_and_leaves_json_to_the_terminal():
    seen = Seen(50)
    seen.screen.problem(DENIED)
    lines = seen.lines()
    assert "Why: no identity-based policy for the user maria" in lines
    assert "allows the action." in lines
    assert b'"Resource": "arn:aws:codecommit:us-east-2:111122223333:R"\r\n' in seen.raw
    assert all(len(line) <= 50 for line in lines)
    document = seen.raw.decode().split("maria:")[1].split(" ──")[0].replace("\x1b[2m", "")
    assert json.loads(document)["Version"] == "2012-10-17"


def test_the_message_is_whole_in_a_pipe_and_on_an_ascii_terminal():
    piped = Piped()
    piped.screen.problem(DENIED)
    assert f"\n\n{LETTER}\n\n" in piped.err()
    ascii_only = Piped(encoding="ascii")
    ascii_only.screen.problem(DENIED)
    assert f" -- Send this to your administrator {'-' * 63}\n\n{LETTER}\n\n" in ascii_only.err()


def test_without_a_terminal_lines_are_plain_and_never_broken():
    piped = Piped(COLUMNS="40", TERM="xterm-256color")
    checklist(piped.screen)
    piped.screen.review([DIFF], [("Will check", "x " * 90)])
    piped.screen.problem(REFUSED)
    piped.screen.say("y " * 90)
    assert "\x1b" not in piped.err() and piped.out() == ""
    assert len(max(piped.err().splitlines(), key=len)) > 180


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_colour_where_none_is_wanted(env):
    seen = Seen(**env)
    checklist(seen.screen)
    seen.screen.review([DIFF], [])
    seen.screen.problem(REFUSED)
    seen.screen.note("quiet")
    assert len(seen.lines()) > 15 and b"\x1b" not in seen.raw


def test_hostile_texts_do_not_act():
    seen = Seen()
    screen = seen.screen
    screen.say(EVIL)
    screen.note(EVIL)
    screen.done(EVIL, EVIL, EVIL)
    screen.failed(EVIL, EVIL)
    screen.heading(EVIL, [(EVIL, True)])
    screen.review([f"+{EVIL}"], [(EVIL, EVIL)])
    screen.problem(Problem(EVIL, why=EVIL, next=EVIL))
    screen.problem(Problem(EVIL, letter=EVIL.replace("\n", "")))
    screen.link(EVIL, "https://evil.example/\x1b]0;x\x07\n\u202e a")
    shown = seen.lines()
    assert shown[0] == TAME
    assert not any(line.startswith(" ✓ second") for line in shown)
    assert b"\x1b[31m\x1b]" not in seen.raw and b"\x1b]0;" not in seen.raw and b"\xc2\x9b" not in seen.raw
    assert "\u202e".encode() not in seen.raw and "\u200b".encode() not in seen.raw
    assert "https://evil.example/a" in shown[-1]


URL = "https://device.sso.us-east-1.amazonaws.com/?user_code=ABCD-EFGH&state=" + "x" * 90


@pytest.mark.parametrize("columns", [50, 100])
def test_an_address_is_whole_and_clickable(columns):
    seen = Seen(columns, VTE_VERSION="7000")
    seen.screen.link("Open this page:", URL)
    assert "".join(seen.lines()[1:]).strip() == URL
    assert f"\x1b]8;;{URL}\x1b\\".encode() in seen.raw and URL.encode() in seen.raw.split(b"\x1b\\")[1]


def test_an_address_is_only_printed_where_links_are_not_known():
    seen = Seen()
    seen.screen.link("Open this page:", URL)
    seen.lines()
    assert b"]8;;" not in seen.raw and URL.encode() in seen.raw


def test_json_is_one_document_on_stdout_and_the_rest_is_on_stderr():
    piped = Piped(json=True)
    checklist(piped.screen)
    piped.screen.document({"ok": True, "name": "é\udc80漢", "key": Secret("hunter2"), "path": Path("/x")})
    piped.screen.document({"ok": False})
    document = json.loads(piped.out())
    assert document == {"ok": True, "name": "é\udc80漢", "key": "••••••••", "path": "/x"}
    assert piped.out().isascii() and "wrote" in piped.err()


def test_without_json_there_is_no_document():
    piped = Piped()
    piped.screen.document({"ok": True})
    assert piped.out() == ""


def test_an_ascii_terminal_does_not_stop_anything():
    piped = Piped(encoding="ascii")
    checklist(piped.screen)
    piped.screen.say("Göteborg … 漢")
    assert piped.err().splitlines()[0].startswith(" ok wrote     ~/.aws/config")
    assert piped.err().splitlines()[-1] == "G?teborg ... ?"


def test_what_is_quick_shows_no_spinner():
    seen = Seen()
    with seen.screen.busy("Checking your identity with AWS"):
        time.sleep(0.05)
    assert seen.lines() == [] and seen.raw == b""


def test_what_takes_long_shows_text_and_share_and_leaves_nothing():
    seen = Seen(50)
    with seen.screen.busy("Cloning [bold]x[/]") as update:
        seen.until("Cloning [bold]x[/]")
        assert b"\xe2\x94\x81" not in seen.raw  # no bar before there is a share
        update("Receiving objects", 0.5)
        seen.until("Receiving objects ━━")
        seen.screen.note("said meanwhile")
        seen.until("said meanwhile")
        with seen.screen.busy("An inner one"):
            seen.until("An inner one")
        seen.until("Receiving objects")
    assert seen.lines() == [" · said meanwhile"]


@pytest.mark.parametrize(
    ("since_s", "wait_s"), [(0, 0.3), (0.08, 0.22), (0.25, LEAST_S), (0.31, MOMENT_S), (60, MOMENT_S)]
)
def test_the_spinner_of_what_begins_after_an_answer_counts_from_enter(monkeypatch, since_s, wait_s):
    monkeypatch.setattr("ccsetup.ui.screen.monotonic", lambda: 1000.0 + since_s)
    piped = Piped()
    piped.screen.entered(1000.0)
    assert piped.screen.moment() == WHILE_S  # without a terminal there is no spinner
    piped.screen.live = True
    assert piped.screen.moment() == pytest.approx(wait_s)


@pytest.mark.slow
def test_what_takes_long_is_one_line_without_a_terminal():
    piped = Piped()
    with piped.screen.busy("Cloning MySharedDemoRepo") as update:
        time.sleep(1.2)
        update("Receiving objects", 0.5)
    assert piped.err() == " Cloning MySharedDemoRepo …\n"


def test_what_takes_very_long_is_a_line_now_and_then_without_a_terminal(monkeypatch):
    monkeypatch.setattr("ccsetup.ui.screen.WHILE_S", 0.05)
    monkeypatch.setattr("ccsetup.ui.screen.EVERY_S", 0.2)
    piped = Piped()
    with piped.screen.busy("Cloning") as update:
        time.sleep(0.15)
        update("Receiving objects", 0.1)  # too soon
        time.sleep(0.3)
        update("Receiving objects", 0.25)
        update("Receiving objects", 0.26)
        time.sleep(0.3)
        update("Receiving objects", 0.25)  # no news
        update("Resolving deltas", None)
    assert piped.err().splitlines() == [" Cloning …", " Receiving objects … 25%", " Resolving deltas …"]


def test_a_spinner_survives_an_ascii_terminal():
    seen = Seen(encoding="ascii")
    with seen.screen.busy("Göteborg") as update:
        seen.until("G?teborg")
        update("Half", 0.5)
        seen.until("Half")
    assert seen.lines() == []


def test_ctrl_c_takes_the_spinner_away_at_once():
    code = (
        "import os, sys, time; from ccsetup.ui.screen import Screen\n"
        "s = Screen(os.environ)\n"
        "with s.busy('waiting'): time.sleep(30)"
    )
    env = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT)}
    child = pexpect.spawn(sys.executable, ["-c", code], env=env, timeout=10)
    child.expect("waiting")
    child.sendintr()
    child.expect("Traceback")
    assert child.before.endswith(b"\x1b[?25h\r\x1b[1A\x1b[2K")  # the cursor is back and the line is gone
    child.expect(pexpect.EOF)


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_broken_pipe_is_no_traceback(stream):
    code = (
        "import time; from ccsetup.ui.screen import Screen; time.sleep(0.3); s = Screen({}, True)\n"
        "for _ in range(3): s.say('x' * 70000)\n"
        "s.document({'ok': 'y' * 70000}); s.say('end')"
    )
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    child = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, text=True, **pipes)
    getattr(child, stream).close()
    other = child.stderr if stream == "stdout" else child.stdout
    text = other.read()
    other.close()
    assert child.wait(10) == 0
    assert "Traceback" not in text and len(text) > 70000


def test_closed_streams_are_no_traceback():
    code = (
        "from ccsetup.ui.screen import Screen; s = Screen({}, True); s.say('x'); s.document({'ok': True}); s.note('y')"
    )
    done = subprocess.run(["sh", "-c", 'exec "$0" -c "$1" >&- 2>&-', sys.executable, code], cwd=ROOT, check=False)
    assert done.returncode == 0


def test_only_what_moves_needs_rich():
    code = (
        "import sys; from ccsetup.core.errors import Problem; from ccsetup.ui.screen import Screen; s = Screen({})\n"
        "s.heading('x', [('y', True)]); s.say('x'); s.note('x'); s.done('x'); s.failed('x'); s.link('x', 'y')\n"
        "s.problem(Problem('x')); s.review(['+x'], [('x', 'y')])\n"
        "with s.busy('x'): pass\n"
        "print('rich' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_what_is_found_later_is_drawn_into_the_heading():
    seen = Seen(60)
    seen.screen.heading("AWS CodeCommit access", [("git 2.39", True)])
    seen.screen.say(" below")
    seen.screen.amend([("git 2.39", True), ("4 AWS profiles, 1 broken", False)])
    assert seen.lines() == [
        " ccsetup  AWS CodeCommit access",
        " This computer   git 2.39 ✓   4 AWS profiles, 1 broken ✗",
        " below",
    ]


@pytest.mark.parametrize(("rows", "drawn"), [(19, False), (20, True)])
def test_a_heading_that_a_list_leaves_no_room_for_stays_as_it_is(rows, drawn):
    seen = Seen(60, rows=rows)
    seen.screen.heading("AWS CodeCommit access", [("git 2.39", True)])
    seen.screen.say(" below")
    seen.screen.amend([("git 2.40", True)])  # three lines, and the list has seventeen
    assert (" This computer   git 2.40 ✓" in seen.lines()) is drawn


def test_without_a_terminal_a_heading_is_not_drawn_again():
    piped = Piped()
    piped.screen.heading("AWS CodeCommit access", [("git 2.39", True)])
    piped.screen.amend([("git 2.40", True)])
    piped.streams[0].flush()
    assert "2.40" not in piped.err()


def test_a_wait_counts_down_to_its_end():
    seen = Seen()
    with seen.screen.busy("Waiting for you to sign in", 600):
        seen.until("Waiting for you to sign in · 9:5")
        with seen.screen.busy("Checking"):
            seen.until("Checking")
            assert " left" not in seen.text()
        seen.until("Waiting for you to sign in · 9:5")


def test_a_search_counts_its_regions():
    seen = Seen()
    with seen.screen.counting("Looking for X in the other regions") as counted:
        counted(12, 29)
        seen.until("Looking for X in the other regions: 12 of 29 regions")
    assert seen.lines() == []


def test_a_search_in_one_region_counts_nothing():
    seen = Seen()
    with seen.screen.counting("Looking for X in us-east-2") as counted:
        counted(1, 1)
        seen.until("Looking for X in us-east-2")
        assert "1 of 1" not in seen.text()


def test_what_happens_side_by_side_is_written_in_order():
    piped = Piped()
    with piped.screen.side_by_side("Cloning 3 repositories", ["one", "two", "three"]) as lanes:
        with lanes.lane(0) as first:
            with lanes.lane(2) as third:
                third.done("cloned", "./three")
            with lanes.lane(1) as second, second.busy("Cloning two"):
                second.done("cloned", "./two")
            assert piped.err() == ""
            first.problem(Problem("one: The disk is full.", code="git.failed"))
        assert [line.split()[-1] for line in piped.err().splitlines()] == ["full.", "./two", "./three"]


def test_what_was_said_before_it_was_stopped_is_written_too():
    piped = Piped()
    with (
        pytest.raises(KeyboardInterrupt),
        piped.screen.side_by_side("Cloning 2 repositories", ["one", "two"]) as lanes,
        lanes.lane(0) as first,
    ):
        first.done("access", "one in us-east-2")
        with lanes.lane(1) as second:
            second.done("cloned", "./two")
        raise KeyboardInterrupt
    assert piped.err() == " ✓ access    one in us-east-2\n ✓ cloned    ./two\n"


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (50, 20)])
def test_each_of_eight_has_a_row_that_fits_and_the_next_one_takes_its_place(columns, rows, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))  # rich asks this process's own terminal, which isn't this one
    seen = Seen(columns, rows=rows)
    names = [f"service-{number}-with-a-long-name" for number in range(10)]
    with seen.screen.side_by_side("Cloning 10 repositories", names) as lanes, contextlib.ExitStack() as opened:
        running = [opened.enter_context(contextlib.ExitStack()) for _ in range(8)]
        for number, one in enumerate(running):
            screen = one.enter_context(lanes.lane(number))
            update = one.enter_context(screen.busy(f"Cloning {names[number]}"))
            update("Receiving objects 45% 8.1 MiB", 0.5)
        seen.until("Receiving objects", times=8)
        shown = [line.rstrip() for line in seen.text().splitlines() if line.strip()]
        assert [line.split()[0] for line in shown[1:]] == names[:8]
        assert all("Receiving objects" in line for line in shown[1:])
        running[3].close()
        screen = running[3].enter_context(lanes.lane(8))
        running[3].enter_context(screen.busy("Cloning it"))
        seen.until("1 of 10 done")
        seen.until("service-8")
        shown = [line.split()[0] for line in seen.text().splitlines() if line.strip()]
        assert shown[1:] == [*names[:3], names[8], *names[4:8]]
    assert seen.lines() == []
