"""Every question that can be asked explains its term when `?` is pressed: two sentences and an example."""

from __future__ import annotations

import re

import pytest

from ccsetup.access import KINDS
from ccsetup.access.questions import shared
from ccsetup.core.model import Answers
from ccsetup.core.question import Question
from ccsetup.share import questions as share_questions
from ccsetup.wizard import flow


def _all() -> dict[str, Question]:
    there = [q for access in KINDS for q in (*access.questions, *shared(access))]
    there += [flow.questions(Answers())[0], flow._kind(("keys", "sso"))]
    there += [q for q in vars(share_questions).values() if isinstance(q, Question)]
    there += [share_questions.to_account(), *share_questions.sign_in(acts=False)]
    there += [share_questions.trust(choice.value) for choice in share_questions.WHOM[1:]]
    return {f"{q.key}: {q.ask}": q for q in there if q.flag != "-" or q.widget == "secret"}


ALL = _all()


@pytest.mark.parametrize("question", ALL.values(), ids=ALL)
def test_a_question_explains_its_term_in_two_sentences_with_an_example(question: Question) -> None:
    about = question.about
    assert about, f"{question.key} has no explanation"
    sentences = re.split(r"(?<=[.?]) (?=[A-Z])", about)
    assert len(sentences) == 2, sentences
    assert re.search(r"[Ff]or example|looks? like|, or ", about), about
    assert len(about) <= 260 and about.isprintable()
    assert "(s)" not in about and not re.search(r"\b(flag|--\w)", about)


def test_an_explanation_says_more_than_the_help() -> None:
    for question in ALL.values():
        assert question.about != question.help


def test_a_new_source_profile_is_explained_too() -> None:
    answers = Answers({"kind": "role", "role_arn": "arn:aws:iam::111122223333:role/Dev", "source_profile": "+"})
    nested = [q for q in flow.questions(answers) if q.key == "source.kind"]
    assert nested and nested[0].about
