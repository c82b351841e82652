"""Remedies applied to texts and to a clone's settings, unwritten: lines keep their endings and their first numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from homes import KEYS, Home, context_of, facts_of

from ccsetup.core.model import FileName
from ccsetup.doctor import fix, repair
from ccsetup.doctor.diagnose import Diagnosis
from ccsetup.doctor.facts import Clone
from ccsetup.doctor.findings import Change, Finding, Remedy
from ccsetup.git.config import SettingChange, Url

CONFIG = "/home/maria/.aws/config"
THREE = "one\ntwo\nthree\n"


def change(first: int, last: int, *lines: str, file: FileName = "config") -> Change:
    return Change(file, first, last, lines)


@pytest.mark.parametrize(
    ("text", "changes", "after", "origins"),
    [
        (THREE, [change(2, 2, "2")], "one\n2\nthree\n", (1, 2, 3)),
        (THREE, [change(2, 2)], "one\nthree\n", (1, 3)),
        (THREE, [change(2, 1, "new")], "one\nnew\ntwo\nthree\n", (1, 0, 2, 3)),
        (THREE, [change(4, 3, "new")], "one\ntwo\nthree\nnew\n", (1, 2, 3, 0)),
        (THREE, [change(1, 2, "a", "b", "c")], "a\nb\nc\nthree\n", (1, 2, 2, 3)),
        (THREE, [change(1, 1, "a"), change(3, 3, "c", "d")], "a\ntwo\nc\nd\n", (1, 2, 3, 3)),
        (THREE.rstrip(), [change(4, 3, "new")], "one\ntwo\nthree\nnew", (1, 2, 3, 0)),
        (THREE.rstrip(), [change(3, 3, "a", "b")], "one\ntwo\na\nb", (1, 2, 3, 3)),
        (THREE.rstrip(), [change(2, 3, "a")], "one\na", (1, 2)),
        (THREE.replace("\n", "\r\n"), [change(2, 2, "a", "b")], "one\r\na\r\nb\r\nthree\r\n", (1, 2, 2, 3)),
        ("one\ntwo\r\nthree\r\n", [change(3, 2, "a")], "one\ntwo\r\na\r\nthree\r\n", (1, 2, 0, 3)),
        ("", [change(1, 0, "a", "b")], "a\nb\n", (0, 0)),
    ],
)
def test_lines_keep_their_endings_and_their_first_numbers(
    text: str, changes: list[Change], after: str, origins: tuple[int, ...]
) -> None:
    assert repair.changed(repair.begun(text), changes) == repair.Text(after, origins)


def test_numbers_outside_a_text_are_those_of_new_lines() -> None:
    text = repair.Text("a\nb\n", (3, 0))
    assert [repair.origin(text, line) for line in (-1, 0, 1, 2, 3)] == [0, 0, 3, 0, 0]


@pytest.mark.parametrize(
    ("second", "together"),
    [
        (Remedy("", changes=(change(3, 3, "x"),)), True),
        (Remedy("", changes=(change(2, 2, "x"),)), False),
        (Remedy("", changes=(change(1, 3, "x"),)), False),
        (Remedy("", changes=(change(2, 1, "x"),)), False),
        (Remedy("", changes=(change(2, 2, "x", file="credentials"),)), True),
        (Remedy("", texts={"config": "x"}), False),
        (Remedy("", texts={"credentials": "x"}), True),
        (Remedy("", git={"a.b": "x"}), False),
        (Remedy("", git={"a.c": "x"}), True),
        (Remedy("", replaced={("a.b", "old"): "x"}), False),
    ],
)
def test_remedies_of_the_same_lines_or_settings_are_not_applied_together(second: Remedy, together: bool) -> None:
    first = Remedy("", changes=(change(1, 2, "a"),), git={"a.b": "y"})
    assert repair.apart([first, second]) == ([first, second] if together else [first])


def test_after_a_whole_text_neither_lines_nor_texts_of_that_file_follow() -> None:
    whole = Remedy("", texts={"config": "x"})
    later = [
        Remedy("", changes=(change(1, 1, "a"),)),
        whole,
        Remedy("", changes=(change(1, 1, "b", file="credentials"),)),
    ]
    assert repair.apart([whole, *later]) == [whole, later[2]]


def test_one_file_for_both_gets_each_change_once() -> None:
    both = Remedy("", changes=(change(1, 1, "a"), change(1, 1, "a", file="credentials")), texts={"credentials": "x"})
    (kept,) = repair.apart([both], shared=True)
    assert (kept.changes, kept.texts) == ((change(1, 1, "a"),), {"config": "x"})


def finding(line: int) -> Finding:
    return Finding("value.x", "stops", "", path=Path(CONFIG), line=line)


def test_a_finding_is_known_by_the_line_that_it_had_first() -> None:
    state = repair.of(facts_of(THREE)).plus([Remedy("", changes=(change(1, 0, "new"), change(2, 2)))])
    assert state.facts.texts.config == "new\none\nthree\n"
    assert [state.key(finding(line)) for line in (1, 2, 3)] == [
        ("value.x", "", CONFIG, 0), ("value.x", "", CONFIG, 1), ("value.x", "", CONFIG, 3),
    ]  # fmt: skip
    assert state.key(finding(3)._replace(path=None)) == ("value.x", "", "", 3)


@pytest.mark.parametrize(
    ("text", "lines"), [("NEW\none\nTHREE\n", (0, 1, 3)), ("NEW\none\nTHREE\nFOUR\n", (1, 2, 3)), ("NEW\n", (1, 0, 0))]
)
def test_a_text_that_is_replaced_as_a_whole_keeps_its_numbers_if_its_lines_are_as_many(
    text: str, lines: tuple[int, ...]
) -> None:
    first = repair.of(facts_of(THREE)).plus([Remedy("", changes=(change(1, 0, "new"), change(2, 2)))])
    state = first.plus([Remedy("", texts={"config": text})])
    assert state.facts.texts.config == text
    assert tuple(state.key(finding(line))[3] for line in (1, 2, 3)) == lines


def test_what_is_supposed_of_files_and_modes_is_what_the_remedies_say() -> None:
    here, gone = Path("/home/maria/.aws/credentials"), Path("/home/maria/.aws/sso/cache/x.json")
    facts = facts_of(THREE, f"[a]\n{KEYS}", modes={here: 0o644, gone: 0o644}, found={gone: "{}"})
    state = repair.of(facts).plus([Remedy("", modes={here: 0o600}), Remedy("", remove=(gone,))])
    assert state.facts.modes == {here: 0o600}
    assert state.facts.found == {gone: None}
    assert (state.modes, state.removed) == ({here: 0o600}, (gone,))
    assert state.facts.texts == facts.texts
    after = state.plus([Remedy("", changes=(change(1, 1, "[b]", file="credentials"),))])
    assert (after.facts.texts.config, after.facts.texts.credentials) == (THREE, f"[b]\n{KEYS}")
    assert (after.modes, after.removed) == (state.modes, state.removed)


ADDRESS = "codecommit://old@Demo"
CLONE = Clone(
    Path("/work"),
    ADDRESS,
    (("user.name", "Maria"), ("credential.helper", "store"), ("remote.origin.url", ADDRESS)),
    (("credential.helper", "store"), ("remote.origin.url", ADDRESS)),
    urls=(Url("remote.origin.url", ADDRESS, ADDRESS),),
)


def test_a_clones_settings_are_as_git_would_have_them() -> None:
    moved = repair.with_settings(
        CLONE, [Remedy("", replaced={("remote.origin.url", ADDRESS): "codecommit://new@Demo"})]
    )
    assert moved.remote == "codecommit://new@Demo"
    assert moved.urls == (Url("remote.origin.url", moved.remote, moved.remote),)
    assert moved.own == (("credential.helper", "store"), ("remote.origin.url", moved.remote))
    assert repair.resettled(CLONE, moved) == {"remote.origin.url": SettingChange((ADDRESS,), (moved.remote,))}
    helped = repair.with_settings(CLONE, [Remedy("", git={"credential.helper": "ccsetup"})])
    assert ("credential.helper", "store") not in (*helped.own, *helped.settings)
    assert helped.settings[:2] == (("user.name", "Maria"), ("remote.origin.url", ADDRESS))
    assert helped.own[-2:] == (("credential.helper", ""), ("credential.helper", "ccsetup"))
    named = repair.with_settings(CLONE, [Remedy("", git={"User.Name": "Anna"})])
    assert named.own == (*CLONE.own, ("user.name", "Anna"))
    assert repair.resettled(CLONE, helped) == {"credential.helper": SettingChange(("store",), ("", "ccsetup"))}
    assert repair.resettled(CLONE, CLONE) == repair.resettled(None, CLONE) == repair.resettled(CLONE, None) == {}


@pytest.mark.parametrize(
    ("planned", "there", "proven"),
    [
        (None, None, ["git.helper", "value.x"]),
        (CLONE, CLONE, ["git.helper", "value.x"]),
        (CLONE, replace(CLONE, own=CLONE.own[::-1]), ["git.helper", "value.x"]),
        (CLONE, replace(CLONE, own=CLONE.own[:1]), ["value.x"]),
        (CLONE, None, ["value.x"]),
        (None, CLONE, ["value.x"]),
    ],
)
def test_git_counts_as_repaired_only_where_its_settings_are_as_planned(
    planned: Clone | None, there: Clone | None, proven: list[str], tmp_path: Path
) -> None:
    found = [Finding("git.helper", "stops", "No helper."), Finding("value.x", "stops", "No value.")]
    cure = fix.Cure(context_of(tmp_path, Home()), Diagnosis(facts_of(clone=planned), found, ()), person=False)
    after = Diagnosis(facts_of(clone=there), [], ())
    assert [it.code for it in cure.proven(after)] == proven
    assert cure.proven(Diagnosis(facts_of(clone=planned), found, ())) == []
