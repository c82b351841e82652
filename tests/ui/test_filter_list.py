import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccsetup.access.paste.echo import echo
from ccsetup.core.model import Choice, Unmatched
from ccsetup.core.text import nearest
from ccsetup.ui.filter_list import Pick

NAMES = ["feature/main-fix", "main", "MySharedDemoRepo", "billing", "Billing-API", "data-lake"]
BRANCHES = [Choice(name, name) for name in NAMES]


def labels(pick):
    return [entry.label for entry in pick.shown]


def narrowed(typed, choices=BRANCHES, **more):
    pick = Pick(choices, echo, **more)
    pick.narrow(typed)
    return pick


def test_the_very_name_comes_first():
    assert labels(narrowed("main")) == ["main", "feature/main-fix"]


def test_words_match_anywhere_and_in_any_case():
    assert labels(narrowed("demo shared")) == ["MySharedDemoRepo"]
    assert labels(narrowed("BILLING")) == ["billing", "Billing-API"]


@pytest.mark.parametrize(("label", "typed"), [
    ("caf\u00e9", "cafe\u0301"),
    ("cafe\u0301", "caf\u00e9"),
    ("CAF\u00c9-prod", "cafe\u0301"),
    ("billing-2", "\uff42\uff49\uff4c\uff4c\uff49\uff4e\uff47\uff0d\uff12"),
    ("\uff24\uff45\uff56", "dev"),
    ("Stra\u00dfe", "STRASSE"),
    ("\u30ac\u30fc\u30c7\u30f3", "\uff76\uff9e\uff70\uff83\uff9e\uff9d"),
])  # fmt: skip
def test_the_unicode_form_does_not_count(label, typed):
    choices = [Choice("x", "other"), Choice("y", label), Choice("z", "last", hint=f"hint of {label}")]
    assert labels(narrowed(typed, choices)) == [label, "last"]
    assert labels(narrowed("".join(typed.split()[0][:3]), [Choice("y", label)])) == [label]
    assert nearest(typed, ["other", label]) == [label]


def test_what_is_typed_in_another_form_is_no_second_entry_of_a_free_list():
    assert labels(narrowed("cafe\u0301", [Choice("caf\u00e9", "caf\u00e9")], free=True)) == ["caf\u00e9"]
    assert len(labels(narrowed("CAF\u00c9", [Choice("caf\u00e9", "caf\u00e9")], free=True))) == 2


def test_letters_in_order_match_when_nothing_holds_the_word():
    assert labels(narrowed("sharedemo")) == ["MySharedDemoRepo"]
    assert labels(narrowed("share-demo")) == ["MySharedDemoRepo"]
    assert labels(narrowed("dtlk")) == ["data-lake"]


def test_an_account_is_found_by_its_number_and_its_address():
    accounts = [
        Choice("111122223333", "Acme Dev", "dev@acme.example"),
        Choice("444455556666", "Acme", "x@acme.example"),
    ]
    assert labels(narrowed("1111", accounts)) == ["Acme Dev"]
    assert labels(narrowed("dev@", accounts)) == ["Acme Dev"]


def test_the_cursor_begins_on_the_default_and_returns_to_it():
    pick = Pick(BRANCHES, echo, "billing")
    assert pick.current().label == "billing"
    pick.narrow("data")
    assert pick.current().label == "data-lake"
    pick.narrow("")
    assert pick.current().label == "billing"


def test_what_is_typed_is_an_entry_of_a_free_list_below_its_matches():
    assert labels(narrowed("mai", free=True)) == ["main", "feature/main-fix", 'use "mai"']
    assert labels(narrowed("main", free=True)) == ["main", "feature/main-fix"]
    assert labels(narrowed("brand-new", free=True)) == ['use "brand-new"']
    assert labels(narrowed("brand-new")) == ["Show the whole list"]


def test_a_list_in_which_nothing_matches_says_so_and_offers_what_else_the_text_could_mean():
    choices = (Choice("search", "Look in all regions"),)
    pick = narrowed("zzz", unmatched=lambda text: Unmatched(f"No branch {text}.", choices))
    assert (pick.said, labels(pick)) == ("No branch zzz.", ["Show the whole list", "Look in all regions"])
    assert pick.counter().startswith("0 of ")
    pick.narrow("main")
    assert (pick.said, labels(pick)) == ("", ["main", "feature/main-fix"])
    assert narrowed("zzz").said == 'Nothing matches "zzz".'
    assert narrowed("").said == narrowed("zzz", free=True).said == ""


def test_a_merely_similar_name_does_not_displace_what_is_typed_in_a_free_list():
    pick = narrowed("sharedemo", free=True)
    assert labels(pick) == ['use "sharedemo"', "MySharedDemoRepo"] and pick.current().choice.value == "sharedemo"


def test_a_default_that_is_no_entry_of_a_free_list_is_offered_first():
    pick = Pick(BRANCHES, echo, "bill", free=True)
    assert pick.typed == "" and pick.current().choice.value == "bill" and len(pick.shown) == len(BRANCHES) + 1
    pick.narrow("main")
    assert labels(pick) == ["main", "feature/main-fix"]


def test_one_step_goes_round_and_a_page_stops_at_the_end():
    pick = Pick(BRANCHES, echo)
    pick.move(-1)
    assert pick.current().label == "data-lake"
    pick.move(1)
    assert pick.current().label == "feature/main-fix"
    pick.move(10)
    assert pick.current().label == "data-lake"
    pick.move(-(10**9))
    assert pick.at == 0


def test_the_counter_says_how_many_match():
    many = [Choice(str(i), f"repo-{i}") for i in range(5000)]
    pick = Pick(many, echo)
    assert pick.counter() == "1 of 5,000"
    pick.move(10)
    assert pick.counter() == "11 of 5,000"
    assert narrowed("repo-12 99", many).counter() == "1 of 1"
    assert narrowed("nothing like it", many).counter() == "0 of 5,000"


@given(st.integers(0, 30), st.integers(1, 12), st.lists(st.sampled_from([-10, -1, 1, 10]), max_size=40))
def test_the_cursor_is_always_in_the_window(length, rows, steps):
    pick = Pick([Choice(str(i), str(i)) for i in range(length)], echo)
    for step in steps:
        pick.move(step)
        window = pick.window(rows)
        assert len(window) == min(rows, length)
        assert [entry for entry, chosen, _ in window if chosen] == ([pick.current()] if length else [])
        marks = [mark for _, _, mark in window]
        first, last = [pick.shown.index(window[at][0]) for at in (0, -1)] if window else (0, -1)
        assert ("▼" in marks) == (0 <= last < length - 1)
        assert ("▲" in marks) == (first > 0 and (rows > 1 or last == length - 1))


@given(st.text(max_size=12), st.lists(st.text(max_size=12), max_size=8), st.booleans())
def test_any_typed_text_narrows_a_list_of_any_names(typed, names, free):
    pick = narrowed(typed, [Choice(name, name) for name in names], free=free)
    assert len(pick.shown) <= len(names) + free or pick.said
    if free and typed.strip():
        assert any(typed.strip() in (entry.choice.value, entry.choice.label) for entry in pick.shown)


def test_a_log_that_is_typed_into_a_list_is_looked_up_at_once():
    text = "2026-11-21 12:00:00 INFO something happened\n" * 20_000
    before = time.process_time()
    pick = narrowed(text, free=True)
    assert [entry.own for entry in pick.shown] == [False]
    assert time.process_time() - before < 5  # it was minutes
