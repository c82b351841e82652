"""The man page is what the parsers say today, and names every command and flag."""

from __future__ import annotations

import shutil
import subprocess

from paths import ROOT

from ccsetup.cli import manpage, parser

PAGE = ROOT / "ccsetup" / "ccsetup.1"


def test_the_page_is_the_one_that_the_parsers_make() -> None:
    assert PAGE.read_text(encoding="utf-8") == manpage.page(), "run: python -m ccsetup.cli.manpage > ccsetup/ccsetup.1"


def test_every_command_flag_and_exit_code_is_in_it() -> None:
    page = PAGE.read_text(encoding="utf-8").replace("\\-", "-")
    for name in parser.COMMANDS:
        assert f".SS ccsetup {name}" in page
        for action in parser.parser_of(name)._actions:
            assert all(flag in page for flag in action.option_strings if flag not in ("-h", "--help"))
    assert all(f".B {code}\n" in page for code in (0, 1, 2, 3, 130))


def test_roff_has_nothing_to_say_against_it() -> None:
    groff = shutil.which("groff")
    if groff:
        done = subprocess.run([groff, "-man", "-Tutf8", "-ww", "-z", str(PAGE)], capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
    assert PAGE.read_text(encoding="utf-8").isascii()
