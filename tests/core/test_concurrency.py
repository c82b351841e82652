"""Waits that can be left: by a deadline, by Ctrl-C, by an error; and threads that leave Ctrl-C to the main one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from paths import ROOT

from ccsetup.cli import context
from ccsetup.core.concurrency import Crew, Early, alone, ended_by_ctrl_c, interrupted, signals_stay_here, within


def test_works_are_done_at_once_and_returned_in_their_order() -> None:
    both = threading.Barrier(2)
    assert within(10, lambda: both.wait(5) * 0 + 1, lambda: both.wait(5) * 0 + 2) == [1, 2]
    assert within(10) == []


def test_an_error_is_raised_where_it_is_waited_for() -> None:
    error = KeyError("x")

    def fail() -> None:
        raise error

    with pytest.raises(KeyError) as caught:
        within(10, lambda: 1, fail)
    assert caught.value is error


def test_what_takes_too_long_is_left_behind() -> None:
    never, begun = threading.Event(), time.monotonic()
    with pytest.raises(TimeoutError, match=r"there was no response within 0\.2 seconds"):
        within(0.2, never.wait, lambda: 1)
    assert time.monotonic() - begun < 8
    never.set()


DEAF = """
import os, signal, sys, threading
from ccsetup.core.concurrency import within

def deaf():  # as a name that is being looked up: no signal wakes it
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    os.write(1, b"waiting\\n")  # in one piece, whoever else writes
    threading.Event().wait(60)

try:
    within(60, deaf, deaf)
except KeyboardInterrupt:
    print("left", flush=True)
    sys.exit(130)
"""


@pytest.mark.skipif(os.name == "nt", reason="no signals to block")
def test_ctrl_c_is_answered_at_once_and_the_process_is_gone() -> None:
    child = subprocess.Popen([sys.executable, "-c", DEAF], stdout=subprocess.PIPE, cwd=ROOT, text=True)
    assert child.stdout
    assert [child.stdout.readline(), child.stdout.readline()] == ["waiting\n"] * 2
    begun = time.monotonic()
    child.send_signal(signal.SIGINT)
    assert child.stdout.readline() == "left\n"
    answered = time.monotonic() - begun
    assert child.wait(10) == 130
    assert (answered < 2, time.monotonic() - begun < 3) == (True, True)  # on a busy machine; 50 ms on an idle one


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="no signals to block")
def test_threads_begun_here_leave_ctrl_c_to_the_main_thread() -> None:
    seen: list[bool] = []

    def look() -> None:
        seen.append(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))

    with signals_stay_here():
        thread = threading.Thread(target=look)
        thread.start()
    thread.join()
    look()
    within(10, look)  # a program that it starts must not be deaf
    assert seen == [True, False, False]

    warming = context.Warming()
    warming.begin(look)
    warming.wait()
    assert seen[3:] == [True]


def test_a_crew_that_is_stopped_ends_what_its_threads_wait_for_and_starts_nothing_more() -> None:
    begun, ended, said = threading.Barrier(3), threading.Event(), list[str]()

    def waits_for_a_program() -> None:
        try:
            with ended_by_ctrl_c(ended.set):
                begun.wait(30)
                assert ended.wait(30)
        except KeyboardInterrupt:
            said.append("program")
            raise

    def waits_for_an_answer() -> None:
        begun.wait(30)
        try:
            within(30, lambda: ended.wait(30) and threading.Event().wait(30))
        except KeyboardInterrupt:
            said.append("answer")
            raise

    crew = Crew(2, float("inf"))
    crew.add(waits_for_a_program)
    crew.add(waits_for_an_answer)
    crew.add(lambda: said.append("third"))
    crew.finish(0.01)
    begun.wait(30)
    crew.stop()
    assert sorted(said) == ["answer", "program"]


def test_outside_a_crew_nothing_is_interrupted() -> None:
    interrupted()
    with ended_by_ctrl_c(lambda: pytest.fail("it was ended")):
        pass


def test_what_was_begun_early_is_waited_for_or_done_again_if_it_failed() -> None:
    go, asked = threading.Event(), list[bool]()

    def work() -> str:
        assert go.wait(30)
        asked.append(alone.get())
        return "early"

    early = Early(work)
    go.set()
    assert (early.result(lambda: "late"), early.result(lambda: "late")) == ("early", "early")
    assert asked == [True]  # nobody is asked for anything meanwhile
    assert early.is_there
    failed = Early(lambda: 1 // 0)
    assert failed.result(lambda: 7) == 7
    assert not failed.is_there and isinstance(failed.refused, ZeroDivisionError)
