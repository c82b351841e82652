import pytest

from ccsetup.access.paste.echo import echo
from ccsetup.core.errors import BadAnswer
from ccsetup.core.model import BACK, Asked, Choice, Corrected, Secret, Unmatched
from ccsetup.ui.plain_prompt import conversation

KINDS = (Choice("sso", "Single sign-on", "a start URL"), Choice("role", "A role", "a role ARN"), Choice("mfa", "MFA"))
MANY = (*(Choice(f"repo-{i}", f"repo-{i}") for i in range(5000)), Choice("MySharedDemoRepo", "MySharedDemoRepo"))


class Visitor:
    """Types lines and sees lines."""

    def __init__(self, *lines):
        self.lines, self.seen, self.hidden = list(lines), [], []

    def read(self, before, hidden):
        self.seen.append(before)
        self.hidden.append(hidden)
        if not self.lines:
            raise EOFError
        return self.lines.pop(0)

    def answers(self, asked):
        answer = conversation(asked, self.seen.append, self.read, echo)
        return answer if answer is BACK else answer.value


def twelve(text):
    if not text.isdigit() or len(text) != 12:
        raise BadAnswer("An account ID has 12 digits, such as 123456789012.")
    return text


def test_a_choice_is_made_by_its_number():
    visitor = Visitor("2\n")
    assert visitor.answers(Asked("kind", "What were you given?", "choose", help="Paste it.", choices=KINDS)) == "role"
    assert visitor.seen == [
        "? What were you given?",
        "  Paste it.",
        "  1) Single sign-on  - a start URL",
        "  2) A role  - a role ARN",
        "  3) MFA",
        "  (number or text, b: back) ",
    ]


def test_no_key_is_named_that_does_nothing_here():
    visitor = Visitor("1\n")
    visitor.answers(Asked("kind", "What?", "choose", help="Paste it here, or press ↓ to choose.", choices=KINDS))
    assert visitor.seen[1] == "  Paste it here, or type a number."


def test_what_the_enter_key_does_in_a_list_is_done_by_a_number_here() -> None:
    visitor = Visitor("1\n")
    ways = (Choice("a", "Paste the message", "press Enter"), Choice("b", "Another one"))
    assert visitor.answers(Asked("kind", "What?", "choose", choices=ways)) == "a"
    assert "  1) Paste the message  - type its number" in visitor.seen
    assert not any("press Enter" in line for line in visitor.seen)


def test_a_long_list_shows_twenty_and_is_filtered_by_typing():
    visitor = Visitor("sharedemo\n", "1\n")
    assert visitor.answers(Asked("repo", "Which repository?", "choose", choices=MANY)) == "MySharedDemoRepo"
    assert "  4,981 more, type to filter" in visitor.seen
    assert visitor.seen[-2:] == ["  1) MySharedDemoRepo", "  (number or text, b: back) "]


def test_a_name_typed_in_full_is_taken_at_once():
    assert Visitor("repo-4999\n").answers(Asked("repo", "Which?", "choose", choices=MANY)) == "repo-4999"


def test_an_empty_answer_to_a_list_without_a_default_says_what_to_type():
    visitor = Visitor("\n", "3\n")
    assert visitor.answers(Asked("kind", "What?", "choose", choices=KINDS)) == "mfa"
    assert "! Type the number of an entry, or a part of its text." in visitor.seen


def test_what_a_text_that_matches_nothing_could_mean_is_numbered_too():
    offered = Unmatched("Not known here.", (Choice("role", "A role of that name"),))
    for typed, answer in (("2\n", "role"), ("1\n", "mfa")):
        visitor = Visitor("zzz\n", typed, *(["3\n"] if answer == "mfa" else []))
        asked = Asked("kind", "What?", "choose", choices=KINDS, unmatched=lambda _: offered)
        assert visitor.answers(asked) == answer
        assert "! Not known here." in visitor.seen
        assert "  2) A role of that name" in visitor.seen


def test_a_filter_that_finds_nothing_says_so_and_shows_the_list_again():
    visitor = Visitor("zzz\n", "3\n")
    assert visitor.answers(Asked("kind", "What?", "choose", choices=KINDS)) == "mfa"
    assert '! Nothing matches "zzz".' in visitor.seen


def test_a_free_list_takes_what_is_typed():
    assert Visitor("corp\n").answers(Asked("session", "Which?", "choose", choices=KINDS, free=True)) == "corp"


def test_enter_takes_the_default_and_says_which_it_is():
    visitor = Visitor("\n")
    assert visitor.answers(Asked("kind", "What?", "choose", choices=KINDS, default="mfa")) == "mfa"
    assert visitor.seen[-1].endswith("[MFA] ")
    assert Visitor("\n").answers(Asked("region", "Where?", "text", default="us-east-1")) == "us-east-1"


def test_b_goes_back_where_there_is_a_way_back():
    assert Visitor("b\n").answers(Asked("x", "X?", "text")) is BACK
    assert Visitor("b\n").answers(Asked("x", "X?", "text", can_go_back=False)) == "b"


def test_a_rejected_text_says_why_and_is_asked_again():
    visitor = Visitor("12\n", "111122223333\n")
    assert (
        visitor.answers(Asked("account", "Which account?", "text", parse=twelve, notice="AWS refused."))
        == "111122223333"
    )
    assert visitor.seen[0] == "! AWS refused."
    assert "! An account ID has 12 digits, such as 123456789012." in visitor.seen


def test_a_secret_is_read_hidden_and_never_repeated():
    visitor = Visitor("hunter2hunter2\n")
    assert visitor.answers(Asked("key", "Key?", "secret", default="old-secret")) == Secret("hunter2hunter2")
    assert visitor.hidden == [True]
    assert not any("hunter2" in line or "old-secret" in line for line in visitor.seen)


@pytest.mark.parametrize(
    ("typed", "default", "value"), [("", "", "yes"), ("", "no", "no"), ("n", "", "no"), ("Y", "no", "yes")]
)
def test_yes_and_no(typed, default, value):
    assert Visitor(typed + "\n").answers(Asked("ok", "Write?", "confirm", default=default)) == value


def test_a_corrected_answer_is_taken():
    asked = Asked("region", "Where?", "text", parse=lambda text: Corrected("us-east-1", f"{text} is a zone."))
    assert conversation(asked, print, Visitor("us-east-1a\n").read, echo).said == "us-east-1a is a zone."


def test_an_empty_answer_needs_an_optional_question():
    assert Visitor("\n").answers(Asked("x", "X?", "text", optional=True)) == ""
    visitor = Visitor("\n", "v\n")
    assert visitor.answers(Asked("x", "X?", "text")) == "v" and "! An answer is required." in visitor.seen


def test_the_end_of_input_is_not_an_answer():
    with pytest.raises(EOFError):
        Visitor().answers(Asked("x", "X?", "text"))


def test_hostile_texts_are_shown_inert():
    evil = "evil\x1b[2J\nname"
    visitor = Visitor("1\n")
    asked = Asked("x", evil, "choose", help=evil, notice=evil, choices=(Choice(evil, evil, evil),), default=evil)
    assert visitor.answers(asked) == evil
    assert all(line.isprintable() for line in visitor.seen)
