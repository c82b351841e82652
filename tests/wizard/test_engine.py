from __future__ import annotations

from typing import Any

import pytest
from script import Script

from ccsetup.core.errors import BadAnswer, Missing, Problem
from ccsetup.core.model import BACK, Answers, Choice, Corrected, Secret, Told
from ccsetup.core.question import Question
from ccsetup.wizard.engine import Trail, Walk, Which, nested


class Nowhere:
    """A Look at nothing."""

    given: dict[str, str] = {}  # noqa: RUF012
    told: dict[str, str] = {}  # noqa: RUF012

    def forget(self) -> None: ...


COLOUR = Question("colour", "Which colour?", choices=lambda a, look: [Choice("red", "Red"), Choice("blue", "Blue")])
SHADE = Question(
    "shade",
    "Which shade?",
    choices=lambda a, look: [Choice(f"{tone} {a.text('colour')}", tone) for tone in ("light", "dark")],
)
SIZE = Question("size", "Which size?", default=lambda a, look: "9")
LACES = Question("laces", "Which laces?", when=lambda a: a.text("size") == "9")


def walk(*questions: Question, script: Script | None = None, **more: Any) -> tuple[Walk, list[str]]:
    said: list[str] = []
    options: dict[str, Any] = {"given": {}, "prompt": script, "say": said.append, **more}
    return Walk(lambda answers: questions, Nowhere(), **options), said  # type: ignore[arg-type]


def test_questions_are_asked_in_order_and_the_answers_are_the_trail() -> None:
    script = Script(("colour", "red"), ("shade", "dark red"), ("size", "9"), ("laces", "long"))
    done, _ = walk(COLOUR, SHADE, SIZE, LACES, script=script)
    assert dict(done.run().answers) == {"colour": "red", "shade": "dark red", "size": "9", "laces": "long"}


def test_a_question_that_is_not_wanted_is_skipped() -> None:
    script = Script(("colour", "red"), ("shade", "dark red"), ("size", "8"))
    assert "laces" not in walk(COLOUR, SHADE, SIZE, LACES, script=script)[0].run().answers


def test_back_returns_to_the_previous_question_with_its_answer_kept() -> None:
    script = Script(("colour", "red"), ("shade", BACK), ("colour", "red"), ("shade", "dark red"), ("size", "8"))
    walk(COLOUR, SHADE, SIZE, LACES, script=script)[0].run()
    assert script.asked[2].default == "red"
    assert [it.can_go_back for it in script.asked] == [False, True, False, True, True]


def test_a_question_that_is_asked_again_can_be_left() -> None:
    script = Script(("colour", "red"), ("shade", "dark red"), ("size", "8"))
    walking, _ = walk(COLOUR, SHADE, SIZE, script=script)
    trail = walking.run()
    script.steps = [("colour", BACK)]
    assert walking.run(trail, again="colour") == trail


def test_a_changed_answer_takes_those_with_it_that_were_made_from_it_and_no_others() -> None:
    script = Script(("colour", "red"), ("shade", "dark red"), ("size", "8"))
    walking, _ = walk(COLOUR, SHADE, SIZE, LACES, script=script)
    trail = walking.run()
    script.steps = [("colour", "blue"), ("shade", "light blue")]
    answers = walking.run(trail, again="colour").answers
    assert dict(answers) == {"colour": "blue", "shade": "light blue", "size": "8"}


def test_the_same_answer_given_again_drops_nothing() -> None:
    script = Script(("colour", "red"), ("shade", "dark red"), ("size", "8"))
    walking, _ = walk(COLOUR, SHADE, SIZE, script=script)
    trail = walking.run()
    script.steps = [("colour", "red")]
    assert walking.run(trail, again="colour").answers == trail.answers


def test_the_answers_of_a_branch_that_was_left_are_gone() -> None:
    kind = Question("kind", "Kind?")
    inner = {"a": Question("of_a", "A?"), "b": Question("of_b", "B?")}
    script = Script(
        ("kind", "a"), ("of_a", "1"), ("last", BACK), ("of_a", BACK), ("kind", "b"), ("of_b", "2"), ("last", "x")
    )
    flow = lambda a: (kind, *([inner[a.text("kind")]] if "kind" in a else []), Question("last", "Last?"))  # noqa: E731
    walking = Walk(flow, Nowhere(), given={}, prompt=script, say=print)  # type: ignore[arg-type]
    assert dict(walking.run().answers) == {"kind": "b", "of_b": "2", "last": "x"}
    script.done()


def test_back_steps_over_what_was_given_and_what_is_known() -> None:
    known = Question("known", "Known?", known=lambda a, look: "k")
    script = Script(("colour", "red"), ("laces", BACK), ("colour", "blue"), ("laces", "x"))
    walking, _ = walk(COLOUR, known, SIZE, LACES, script=script, given={"size": "9"})
    assert dict(walking.run().answers) == {"colour": "blue", "known": "k", "size": "9", "laces": "x"}


def test_at_the_first_question_there_is_no_way_back() -> None:
    script = Script(("colour", "red"))
    walk(COLOUR, script=script)[0].run()
    assert not script.asked[0].can_go_back


def test_going_back_from_an_answer_that_was_to_be_changed_changes_nothing() -> None:
    script = Script(("colour", "red"), ("size", "8"))
    walking, _ = walk(COLOUR, SIZE, script=script)
    trail = walking.run()
    script.steps = [("colour", BACK)]
    assert walking.run(trail, again="colour") == trail


def test_the_only_choice_is_taken_and_said() -> None:
    only = Question("account", "Which account?", choices=lambda a, look: [Choice("1", "Acme")], title="Account")
    walking, said = walk(only, script=Script())
    assert walking.run().answers["account"] == "1"
    assert said == ["Account: Acme (the only one available)."]


def test_a_failed_lookup_is_asked_as_text_with_the_reason() -> None:
    def refused(answers: Answers, look: object) -> list[Choice]:
        raise Problem("AWS denied ListRepositories.", next="Send your administrator the message.", letter="Dear …")

    script = Script(("repo", "Mine"))
    assert walk(Question("repo", "Which?", "choose", choices=refused), script=script)[0].run().answers["repo"] == "Mine"
    assert script.asked[0].widget == "text"
    assert (
        script.asked[0].notice == "AWS denied ListRepositories. Enter an answer, or go back."
    )  # no message is shown yet


def test_a_lookup_that_speaks_against_an_earlier_answer_has_that_one_asked_again() -> None:
    def accounts(answers: Answers, look: object) -> list[Choice]:
        if answers.text("region") == "us-west-2":
            refused = Problem("That start URL is not known in us-west-2.")
            refused.about = "region"
            raise refused
        return [Choice("1", "Acme"), Choice("2", "Other")]

    script = Script(("region", "us-east-1"), ("account", "2"))
    known = Question("region", "Region?", known=lambda a, look: "us-west-2")
    answers = walk(known, Question("account", "Account?", choices=accounts), script=script)[0].run().answers
    assert dict(answers) == {"region": "us-east-1", "account": "2"}
    assert script.asked[0].notice == "That start URL is not known in us-west-2."


def test_what_settles_an_answer_can_have_it_asked_again() -> None:
    def settle(value: object, answers: Answers, look: object) -> Corrected:
        if value == "000000":
            raise Problem("AWS rejected the MFA code.", next="Wait for the next one.")
        return Corrected(str(value).upper(), "Taken in capitals.")

    script = Script(("code", "000000"), ("code", "abc"))
    walking, said = walk(Question("code", "Code?", settle=settle), script=script)
    assert walking.run().answers["code"] == "ABC"
    assert script.asked[1].notice == "AWS rejected the MFA code. Wait for the next one."
    assert said == ["Taken in capitals."]


def test_a_given_answer_is_parsed_and_a_bad_one_ends_the_walk() -> None:
    def number(text: str) -> str:
        if not text.isdigit():
            raise BadAnswer("A number is such as 9.")
        return text

    asked = Question("size", "Size?", parse=number)
    assert walk(asked, given={"size": "9"})[0].run().answers["size"] == "9"
    with pytest.raises(BadAnswer, match=r"such as 9"):
        walk(asked, given={"size": "x"}, script=Script())[0].run()


def test_without_anybody_to_ask_all_missing_flags_are_named() -> None:
    questions = (
        Question("start_url", "Where?"),
        Question("size", "Size?", default=lambda a, look: "9"),
        Question("role", "Role?"),
    )
    with pytest.raises(Missing) as missing:
        walk(*questions)[0].run()
    assert missing.value.what == "Missing: --start-url, --role."
    assert missing.value.exit_code == 2


def test_without_anybody_to_ask_nothing_is_looked_up() -> None:
    def sign_in(answers: Answers, look: object) -> list[Choice]:
        raise AssertionError("a lookup may open a browser")

    with pytest.raises(Missing):
        walk(Question("account", "Which?", choices=sign_in))[0].run()


def test_defaults_are_taken_where_that_was_wished() -> None:
    walking, _ = walk(SIZE, Question("note", "Note?", optional=True), script=Script(), defaults=True)
    assert dict(walking.run().answers) == {"size": "9", "note": ""}


def test_a_secret_is_never_offered_as_a_default() -> None:
    script = Script(("key", "hidden"), ("size", BACK), ("key", "hidden"), ("size", "1"))
    trail = walk(Question("key", "Key?", "secret"), Question("size", "Size?"), script=script)[0].run()
    assert script.asked[2].default == ""
    assert trail.answers["key"] == Secret("hidden")
    assert "hidden" not in repr(trail)


def test_a_nested_visit_sees_only_its_own_answers() -> None:
    inner = Question("name", "Name?", default=lambda a, look: a.text("kind") + "!", when=lambda a: "kind" in a)
    questions = (Question("kind", "Kind?"), *nested("source.", (Question("kind", "Its kind?"), inner)))
    script = Script(("kind", "role"), ("source.kind", "keys"), ("source.name", "base"))
    answers = walk(*questions, script=script)[0].run().answers
    assert script.asked[2].default == "keys!"
    assert dict(answers.under("source.")) == {"kind": "keys", "name": "base"}


def test_changing_the_answer_a_nested_default_was_made_from_drops_what_took_it() -> None:
    inner = Question("name", "Name?", choices=lambda a, look: [Choice(a.text("kind"), "x"), Choice("other", "y")])
    questions = nested("source.", (Question("kind", "Its kind?"), inner))
    script = Script(("source.kind", "keys"), ("source.name", "keys"))
    walking, _ = walk(*questions, script=script)
    trail = walking.run()
    script.steps = [("source.kind", "sso"), ("source.name", "sso")]
    assert walking.run(trail, again="source.kind").answers["source.name"] == "sso"


def test_a_trail_starts_empty() -> None:
    assert len(Trail().answers) == 0


def bringing(value: str, **answers: str | Secret) -> Told:
    return Told(value, ("Recognised: everything.",), answers)


def test_a_paste_answers_further_questions_and_only_the_rest_is_asked() -> None:
    pasting = COLOUR._replace(
        reads=str, settle=lambda value, a, look: bringing("red", size="8") if value == "paste" else None
    )
    script = Script(("colour", "paste"), ("shade", "dark red"))
    walking, said = walk(pasting, SHADE, SIZE, script=script)
    assert dict(walking.run().answers) == {"colour": "red", "shade": "dark red", "size": "8"}
    assert said == ["Recognised: everything."]


def test_another_answer_takes_what_the_paste_brought_with_it() -> None:
    pasting = COLOUR._replace(
        reads=str, settle=lambda value, a, look: bringing("red", size="8") if value == "paste" else None
    )
    script = Script(("colour", "paste"), ("shade", BACK), ("colour", "blue"), ("shade", "dark blue"), ("size", "9"))
    walking, _ = walk(pasting, SHADE, SIZE, script=script)
    assert walking.run().answers.text("size") == "9"


def test_a_second_paste_wins_over_the_first_though_its_own_answer_is_the_same() -> None:
    sizes = {"first": "8", "second": "10"}
    pasting = COLOUR._replace(reads=str, settle=lambda value, a, look: bringing("red", size=sizes[str(value)]))
    script = Script(("colour", "first"), ("colour", "second"))
    walking, _ = walk(pasting, SIZE, script=script)
    assert walking.run(walking.run(), again="colour").answers.text("size") == "10"


def test_an_answer_given_anew_takes_with_it_what_an_earlier_paste_had_beside_it() -> None:
    pasting = COLOUR._replace(reads=str, settle=lambda value, a, look: bringing("red", size="8", weight="1 kg"))
    weight = Question("weight", "How heavy?", when=lambda answers: bool(answers.text("size")))
    script = Script(("colour", "paste"), ("size", "9"), ("weight", "2 kg"))
    walking, _ = walk(pasting, SIZE, weight, script=script)
    assert walking.run(walking.run(), again="size").answers.text("weight") == "2 kg"


def test_a_pasted_answer_that_is_refused_is_asked_with_the_reason() -> None:
    def odd(text: str) -> str:
        if text == "8":
            raise BadAnswer("Not eight, such as 9.")
        return text

    pasting = COLOUR._replace(reads=str, settle=lambda value, a, look: bringing("red", size="8"))
    script = Script(("colour", "paste"), ("size", "9"))
    walking, _ = walk(pasting, SIZE._replace(parse=odd), script=script)
    assert walking.run().answers.text("size") == "9"
    assert script.asked[1].notice == "Not eight, such as 9."


def test_a_pasted_answer_that_nobody_is_asked_for_leads_back_to_the_paste() -> None:
    def ended(value: object, answers: Answers, look: object) -> None:
        if value == "past":
            raise BadAnswer("Those keys ended.")

    end = Question("end", "When?", known=lambda a, look: "", settle=ended)
    brought = {"old": bringing("red", end="past"), "new": bringing("red", end="future")}
    pasting = COLOUR._replace(reads=str, settle=lambda value, a, look: brought[str(value)])
    script = Script(("colour", "old"), ("colour", "new"))
    walking, _ = walk(pasting, end, script=script)
    assert walking.run().answers.text("end") == "future"
    assert script.asked[1].notice == "Those keys ended."


def test_what_can_be_meant_in_two_ways_is_asked_and_back_leads_to_the_first_question() -> None:
    def settle(value: object, answers: Answers, look: object) -> None:
        if value == "paste":
            ways = [(Choice("a", "This"), bringing("red", size="8")), (Choice("b", "That"), bringing("blue", size="9"))]
            raise Which("It can be read in two ways.", "Which is meant?", ways)

    pasting = COLOUR._replace(reads=str, settle=settle)
    script = Script(("colour", "paste"), ("colour", BACK), ("colour", "paste"), ("colour", "b"))
    walking, _ = walk(pasting, SIZE, script=script)
    assert dict(walking.run().answers) == {"colour": "blue", "size": "9"}
    assert script.asked[1].ask == "Which is meant?"
    with pytest.raises(BadAnswer, match="two ways"):
        walk(pasting, SIZE, given={"colour": "paste"})[0].run()


def test_what_a_paste_answered_is_not_missing_and_what_has_no_flag_is_named() -> None:
    questions = (
        Question("secret", "What is the secret key?", flag="-"),
        Question("region", "Where?"),
        Question("repo", "Which?"),
    )
    with pytest.raises(Missing) as missing:
        walk(*questions, brought={"--paste": {"repo": "x"}})[0].run()
    assert missing.value.what == "Missing: what is the secret key, --region."


def test_a_refused_text_is_there_to_be_mended_unless_it_holds_a_secret() -> None:
    key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYzR4vQm8tKw"

    def settle(value: Any, answers: Answers, look: Any) -> None:
        if value != "good":
            raise BadAnswer(f"{value} is none.")

    script = Script(("of", "bda"), ("of", f"aws_secret_access_key={key[:20]}\n{key[20:]}"), ("of", "good"))
    walk(Question("of", "Of?", settle=settle), script=script)[0].run()
    assert [(asked.typed, asked.notice) for asked in script.asked] == [
        ("", ""),
        ("bda", "bda is none."),
        ("", "aws_secret_access_key=•••••••• •••••••• is none."),
    ]


def test_what_is_said_of_an_answer_that_holds_a_secret_does_not_show_it() -> None:
    said = "Took https://maria:hunter2hunter2@host for it."
    script = Script(("of", "https://maria:hunter2hunter2@host"))
    question = Question("of", "Of?", settle=lambda value, answers, look: Corrected("host", said))
    walking, notes = walk(question, script=script)
    walking.run()
    assert notes == ["Took https://maria:••••••••@host for it."]
