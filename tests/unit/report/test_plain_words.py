"""Findings in plain words: every number shown apart, no word that a first course does not teach."""

from __future__ import annotations

import pytest

from gradcheck.report.plain_words import derivative, plainly
from gradcheck.verdict.examples import EXAMPLES, example
from gradcheck.verdict.finding import finding

GC012 = {"loss": "f", "block": "b", "entry": "", "subject": 7.0, "truth": 9.0, "distance": 2.0, "allowed": 3e-14}


@pytest.mark.parametrize(
    ("loss", "block", "entry", "text"),
    [
        ("f", "b", "", "df/db"),
        ("loss", "W", [0, 1], "dloss/dW[0, 1]"),
        ("add_15", "x", "", "dloss/dx"),  # nobody gave the loss a name
        ("mean", "w(x->v)", "", "the gradient of the loss with respect to w(x->v)"),
        ("my loss", "w", "", "the gradient of my loss with respect to w"),
    ],
)
def test_a_derivative_is_written_as_in_a_course(loss: str, block: str, entry: object, text: str) -> None:
    assert derivative(loss, block, entry) == text


def test_a_wrong_gradient_says_what_came_and_what_should_have_come() -> None:
    assert plainly(finding("GC012", **GC012)) == "df/db is 7, should be 9"


def test_nothing_in_a_name_reaches_the_terminal_as_a_command() -> None:
    told = plainly(finding("GC012", **{**GC012, "block": "b\x1b[2J"}))
    assert "\x1b" not in told
    assert "b\\x1b[2J" in told


@pytest.mark.parametrize("code", EXAMPLES)
def test_every_finding_can_be_said_plainly(code: str) -> None:
    assert plainly(example(code))


def test_a_truth_in_words_stays_in_words() -> None:
    """At a kink the truth is an interval."""
    assert plainly(finding("GC012", **{**GC012, "truth": "between 0 and 3"})) == "df/db is 7, should be between 0 and 3"


def test_a_finding_without_plain_words_keeps_its_sentence() -> None:
    told = finding("GC020", who="the subject", what="point['w']")
    assert plainly(told) == told.sentence
