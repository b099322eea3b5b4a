"""The default report on a derivative of a function: what stands first, what is left out, and how numbers are shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.verdict.checked import Checked
from gradcheck.verdict.finding import Finding, finding
from gradcheck.verdict.function_report import LINES, function_report
from gradcheck.verdict.result import Result, Verdict

CHECKED = Checked(
    "vjp", "backward", "model.py:41", "/home/me/model.py", 41, "affine(x, W)", "x of shape (4, 3), W (3,)"
)


def wrong(block: str, entry: Any, subject: float, truth: float, **facts: Any) -> Finding:
    off = abs(subject - truth)
    given = {"loss": "f", "distance": off, "allowed": 1e-15, "wrong": 2, "entries": 6, **facts}
    return finding("GC012", block=block, entry=entry, subject=subject, truth=truth, **given)


def cause(block: str, relation: str, **facts: Any) -> Finding:
    sentence = f"the gradient with respect to {block} {relation}"
    return finding("GC051", cause=sentence, block=block, relation=relation, **facts)


def result(*findings: Finding, verdict: Verdict = Verdict.FAIL, **changes: Any) -> Result:
    return Result("vjp backward", verdict, findings, checked=CHECKED, **changes)


def lines(of: Result, width: int = 88) -> list[str]:
    return function_report(of, width)


def test_a_failure_in_order() -> None:
    found = result(
        wrong("W", [1, 0], 8.75, 4.375),
        wrong("b", [0], 0.506, 2.53, wrong=2, entries=2),
        finding("GC090", block="x", wanted="float32 of shape (3,)", came="float64 of shape (3,)"),
        finding("GC040", oracle="symbolic", why="no formula"),
        cause("W", "is twice the right one"),
        blocks={"x": (0, 12), "W": (2, 6), "b": (2, 2)},
        settings={"interest": 1e-4},
    )
    assert lines(found) == [
        "FAIL  backward  (model.py:41)",
        "  vjp of affine(x, W), at x of shape (4, 3), W (3,)",
        "  mistake   the gradient with respect to W is twice the right one",
        "  wrong     gradient of   yours   truth   off by",
        "            W[1, 0]       8.75    4.375   4.4      2 of 6 entries wrong",
        "            b[0]          0.506   2.53    2        both entries wrong",
        "  right     x",
        "  settings  interest=0.0001",
        "  more      every number, bound and code: check_vjp(...).report(verbose=True)",
    ]
    assert str(found) == found.report() == "\n".join(lines(found))


@pytest.mark.parametrize(
    ("subject", "truth", "row"),
    [
        (6.0, 6.000001, "6       6.000001   1e-06"),
        (6.0, 6.0 + 2**-50, "6       6.0000000000000009   8.9e-16"),
        (1e300, -1e300, "1e+300   -1e+300   2e+300"),
        (float("nan"), 0.25, "nan     0.25    -"),
        (float("-inf"), 0.25, "-inf    0.25    -"),
    ],
)
def test_numbers_have_as_many_digits_as_it_takes_to_see_the_difference(subject: float, truth: float, row: str) -> None:
    assert row in lines(result(wrong("x", [0], subject, truth)))[3]


def test_of_a_single_number_nothing_is_counted() -> None:
    assert lines(result(wrong("x", "", 1.0, 2.0, wrong=1, entries=1)))[3].split() == ["x", "1", "2", "1"]


def test_every_entry_is_said_in_words() -> None:
    assert lines(result(wrong("x", [0], 1.0, 2.0, wrong=6)))[3].endswith("  all 6 entries wrong")


def test_a_tangent_is_called_one() -> None:
    found = replace(result(wrong("output", [0], 1.0, 2.0, tangent=True)), checked=replace(CHECKED, kind="jvp"))
    assert lines(found)[2].startswith("  wrong     tangent of ")


@pytest.mark.parametrize("blocks", [1, 4, 8, 9, 40])
def test_many_blocks_keep_to_the_number_of_lines_and_none_is_lost(blocks: int) -> None:
    names = [f"w{k}" for k in range(blocks)]
    text = lines(result(*(wrong(name, [0], 1.0, 2.0) for name in names)))
    assert len(text) <= LINES
    rows = [line.split()[0].removesuffix("[0]") for line in text if line.startswith("            w")]
    more = next((line for line in text if line.startswith("            and ")), "and 0 more")
    assert rows == names[: len(rows)]
    assert len(rows) + int(more.split()[1]) == blocks


# -- the mistake -------------------------------------------------------------------------------------------------------


def test_blocks_with_one_relation_share_a_sentence() -> None:
    found = result(wrong("W", [0], 2.0, 1.0), *(cause(b, "is twice the right one") for b in ("W", "b")))
    assert lines(found)[2] == "  mistake   the gradient with respect to each of W and b is twice the right one"
    assert found.headline == "backward: the gradient with respect to each of W and b is twice the right one"
    many = result(*(cause(f"w{k}", "is zero") for k in range(9)))
    assert "each of w0, w1, w2, w3 and 5 more is zero" in lines(many)[2]


def test_mistakes_of_several_kinds_are_said_apart() -> None:
    found = result(cause("W", "is zero"), cause("b", "is twice the right one"))
    assert [line for line in lines(found) if line.startswith("  mistake")] == [
        "  mistake   the gradient with respect to W is zero",
        "  mistake   the gradient with respect to b is twice the right one",
    ]


SOURCE = "        s = e.sum(axis=1, keepdims=True)"


@pytest.mark.parametrize(
    ("facts", "picture"),
    [
        (
            {"file": "/home/me/model.py", "line": 14, "source": SOURCE, "underline": "e.sum(axis=1, keepdims=True)"},
            ["model.py:14: s = e.sum(axis=1, keepdims=True)", "                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^"],
        ),
        (
            {"line": 14, "source": SOURCE, "underline": [12, 13]},
            ["line 14: s = e.sum(axis=1, keepdims=True)", "             ^"],
        ),
        (
            {"line": 14, "source": SOURCE.strip(), "start": 4, "end": 5},
            ["line 14: s = e.sum(axis=1, keepdims=True)", "             ^"],
        ),
        ({"line": 14, "source": SOURCE, "underline": "e"}, ["line 14: s = e.sum(axis=1, keepdims=True)"]),  # which e?
        ({"line": 14, "source": SOURCE, "underline": [0, 3]}, ["line 14: s = e.sum(axis=1, keepdims=True)"]),
        ({"line": 14, "source": SOURCE, "underline": [12, 99]}, ["line 14: s = e.sum(axis=1, keepdims=True)"]),
        ({"line": 14, "source": SOURCE}, ["line 14: s = e.sum(axis=1, keepdims=True)"]),
        ({"line": None, "source": SOURCE, "underline": [12, 13]}, []),
        ({"line": 14, "source": ""}, []),
        ({"line": 14, "source": "x = 1 + " * 50}, []),
    ],
)
def test_the_line_that_a_mistake_names_is_shown_with_its_operand_underlined(
    facts: dict[str, Any], picture: list[str]
) -> None:
    text = lines(result(cause("x", "lacks a path", **facts), wrong("x", [0], 1.0, 2.0)))
    assert text[3 : 3 + len(picture)] == [f"            {line}" for line in picture]
    assert text[3 + len(picture)].startswith("  wrong")


def test_a_source_line_that_is_shown_is_not_said_besides() -> None:
    facts = {"line": 19, "source": "return x / s", "start": 7, "end": 12}
    clause = "consistent with the path through line 19, return x / s, being left out"
    found = result(
        finding("GC051", cause=clause, **facts), wrong("x", [0], 1.0, 2.0), blocks={"x": (2, 6), "w": (0, 3)}
    )
    assert lines(found)[2:5] == [
        "  mistake   consistent with the path through line 19 being left out",
        "            line 19: return x / s",
        "                            ^^^^^",
    ]
    left_out = "consistent with the path through line 19 being left out"
    assert found.headline == f"backward: wrong with respect to x, {left_out}"
    many = replace(found, blocks={f"w{k}": (1, 2) for k in range(9)})
    assert many.headline.startswith("backward: wrong with respect to w0, w1, w2, w3 and 5 more, consistent with")


def test_a_mistake_at_another_point_follows_the_finding_that_says_which() -> None:
    elsewhere = finding("GC028", where="the other side", values=" (x = 3)", sentence="x is 1, but the truth is 2")
    found = result(elsewhere, finding("GC051", cause="at that other point the gradient is zero"))
    labels = [line[:11].strip() for line in lines(found)[2:]]
    assert [label for label in labels if label] == ["wrong", "mistake", "more"]
    assert found.headline.startswith("backward: at the other side (x = 3): x is 1, but the truth is 2")


def test_a_derivative_without_a_name_is_called_the_derivative() -> None:
    nameless = replace(CHECKED, name="<lambda>", function="<lambda>(x)")
    text = lines(replace(result(finding("GC006", how="called sys.exit(3)"), verdict=Verdict.ERROR), checked=nameless))
    assert text[2] == "  error     the derivative called sys.exit(3)"


# -- what decides ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "label", "kept"),
    [
        (Verdict.ERROR, "error", "the gradient of x must have shape (3,), got (4,)"),
        (Verdict.FAIL, "wrong", "backward changed x, which it was only lent"),
        (Verdict.UNDECIDED, "because", "the function jumps here: it has no derivative"),
        (
            Verdict.PASS,
            "warning",
            "the gradient of x should be float32, got float64; its numbers were compared",
        ),
    ],
)
def test_what_decides_nothing_is_left_out(verdict: Verdict, label: str, kept: str) -> None:
    everything = (
        finding("GC010", what="the gradient of x", block="x", wanted=(3,), came=(4,)),
        finding("GC020", who="the subject", what="x"),
        finding("GC030", what="the function jumps here: it has no derivative"),
        finding("GC090", block="x", wanted="float32", came="float64"),
        finding("GC040", oracle="symbolic", why="no formula"),
    )
    first, *rest = lines(result(*everything, verdict=verdict))[2:]
    assert first == f"  {label:<10}{kept}"
    assert not [line for line in rest if line.startswith(("  error", "  wrong", "  because", "  warning"))]


def test_a_pass_says_how_much_was_compared() -> None:
    assert lines(result(verdict=Verdict.PASS, comparisons=12))[1:] == [
        "  vjp of affine(x, W), at x of shape (4, 3), W (3,): 12 entries compared"
    ]
    assert lines(result(verdict=Verdict.PASS, comparisons=1))[1].endswith(": 1 entry compared")


def test_where_nobody_knows_the_reason_is_given_in_plain_words() -> None:
    open_one = finding("GC031", block="x", entry=[0], bound=float("inf"), interest=1e-6)
    asides = [finding("GC040", oracle="symbolic", why="no formula"), finding("GC040", oracle="exact", why="f uses svd")]
    text = " ".join(" ".join(lines(result(open_one, *asides, verdict=Verdict.UNDECIDED))).split())
    assert (
        "because the right gradient with respect to x[0] is not known closely enough here to judge the answer" in text
    )
    assert "the answer: f uses svd more " in text


def test_a_traceback_shows_the_innermost_frames_and_says_the_place_once() -> None:
    frames = [{"file": "/home/me/model.py", "line": k, "function": f"f{k}", "text": f"g{k}(x)"} for k in range(5)]
    place = " (/home/me/model.py, line 4, in f4: g4(x))"
    raised = finding("GC004", type="ValueError", message="no", place=place, frames=frames)
    assert lines(result(raised, verdict=Verdict.ERROR))[2:] == [
        "  error     backward raised ValueError: no",
        "            model.py:2, in f2",
        "                g2(x)",
        "            model.py:3, in f3",
        "                g3(x)",
        "            model.py:4, in f4",
        "                g4(x)",
    ]


def test_the_point_that_a_strategy_found_is_shown() -> None:
    note = finding("GC048", points="the simplest point found that fails: x = [0.]")
    assert "  drawn     the simplest point found that fails: x = [0.]" in lines(result(wrong("x", [0], 1.0, 2.0), note))


# -- as text -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [40, 60, 88, 120])
def test_lines_keep_to_the_width_and_no_shape_is_torn_apart(width: int) -> None:
    point = "x of shape (4, 3), W (3, 2), b (2,), mu = 1.5, gamma (3, 128, 64), float64"
    found = replace(
        result(finding("GC020", who="the subject", what="x and W" * 9)), checked=replace(CHECKED, point=point)
    )
    text = lines(found, width)
    assert max(len(line) for line in text[1:-1] if "x and Wx" not in line) <= width
    whole = "\n".join(text)
    for part in ("(4, 3)", "W (3, 2)", "mu = 1.5", "gamma (3, 128, 64)"):
        assert part in whole


def test_nothing_that_a_terminal_obeys_is_printed() -> None:
    spiteful = finding("GC004", type="E", message="\x1b[2J[red]hi[/red]", place="")
    named = replace(CHECKED, name="\x1b[2Jback", function="\x07f(x)")
    found = replace(result(spiteful, verdict=Verdict.ERROR), checked=named)
    for text in (str(found), found.report(verbose=True), found._repr_html_()):
        assert "\x1b" not in text
        assert "\x07" not in text
        assert "[red]hi[/red]" in text


def test_a_console_and_a_notebook_show_the_default_report_and_to_text_everything() -> None:
    found = gradcheck.check_gradient(lambda x: np.sum(x**2), lambda x: 3 * x, np.array([0.5, 2.0]))
    assert "GC012" not in found._repr_html_()
    assert "off by" in found._repr_html_()
    full = found.to_text()
    assert full == found.report(verbose=True)
    assert full.startswith("\n".join(lines(found, 100)))
    assert "GC012" in full
    assert "oracles (entries):" in full


def test_the_address_is_what_it_was() -> None:
    found = gradcheck.check_gradient(lambda x: np.sum(x**2), np.cos, np.array([0.5, 2.0]))
    assert found.address == "gradient cos"
    assert str(found).splitlines()[0] == "FAIL  cos"
