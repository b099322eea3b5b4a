"""Mistakes named by experiments on the record of the forward pass: kind and line, and nothing where nothing fits."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradcheck
from by_path import load

named_functions = load(Path(__file__).with_name("named_functions.py"))
NOT_TO_BE_NAMED = load(Path(__file__).with_name("near_misses.py")).NOT_TO_BE_NAMED
TABLE = named_functions.TABLE


def cause_of(named: Any) -> Any:
    check = getattr(gradcheck, f"check_{named.check}")
    result = check(named.f, named.derivative, *named.inputs, elsewhere=False)
    assert str(result.verdict) == "FAIL"
    causes = [f for f in result.findings if f.code == "GC051"]
    assert len(causes) <= 1
    return causes[0] if causes else None


@pytest.mark.parametrize("what", TABLE)
def test_named_with_its_line(what):
    named = TABLE[what]
    cause = cause_of(named)
    assert cause is not None
    assert cause.facts["kind"] == named.kind
    if named.line:
        assert named.line in cause.facts["source"]
        assert cause.facts["file"] == named_functions.__file__
        line = Path(named_functions.__file__).read_text().splitlines()[cause.facts["line"] - 1]
        assert line.strip() == cause.facts["source"]


@pytest.mark.parametrize("what", NOT_TO_BE_NAMED)
def test_nothing_is_named_that_does_not_reproduce_the_answer(what):
    check, f, derivative, inputs = NOT_TO_BE_NAMED[what]
    cause = cause_of(named_functions.Named(check, f, derivative, inputs, None, ""))
    assert cause is None or not {"kind", "line"} & set(cause.facts)  # the derivative's own line may be pointed at


ROWS = np.random.default_rng(77).standard_normal((6, 3))


def logistic(b):
    return np.sum(np.logaddexp(0, ROWS @ b)) + 0.4 * np.sum(b**2)


def test_a_part_of_a_functions_second_derivative_is_a_matter_of_its_slope():
    def hessian(b):
        p = 1 / (1 + np.exp(-ROWS @ b))  # p for p (1 - p)
        return ROWS.T @ (p[:, None] * ROWS) + 0.8 * np.eye(3)

    result = gradcheck.check_hessian(logistic, hessian, np.array([0.2, -0.7, 0.5]), elsewhere=False)
    assert [f.facts.get("kind") for f in result.findings if f.code == "GC051"] == ["other-slope"]


def decay(b):
    rate = np.exp(ROWS @ b)
    return 0.5 * np.sum((rate - 1.0) ** 2)


def dropped_penalty(b):
    p = 1 / (1 + np.exp(-ROWS @ b))
    return ROWS.T @ ((p * (1 - p))[:, None] * ROWS)


def gauss_newton(b):
    rate = np.exp(ROWS @ b)
    return ROWS.T @ (rate[:, None] ** 2 * ROWS)


@pytest.mark.parametrize(
    ("f", "hessian", "line"),
    [(logistic, dropped_penalty, "0.4 * np.sum(b**2)"), (decay, gauss_newton, "np.exp(ROWS @ b)")],
    ids=["a penalty's", "a residual's"],
)
def test_a_part_of_a_hessian_that_is_left_out_has_the_line_of_what_it_differentiates(f, hessian, line):
    result = gradcheck.check_hessian(f, hessian, np.array([0.2, -0.7, 0.5]), elsewhere=False)
    (cause,) = (found for found in result.findings if found.code == "GC051")
    assert cause.facts["kind"] == "dropped"
    assert line in cause.facts["source"]


def softmax(x):
    e = np.exp(x)
    return e / e.sum()


@pytest.mark.parametrize(("power", "kind"), [(1.0, "softmax-diagonal"), (1.1, None)])
def test_the_diagonal_of_a_jacobian_taken_for_all_of_it(power, kind):
    def diagonal(x):
        return np.diag(softmax(x) * (1 - softmax(x))) ** power

    result = gradcheck.check_jacobian(softmax, diagonal, np.array([0.2, -0.7, 0.5]), elsewhere=False)
    kinds = [found.facts.get("kind") for found in result.findings if found.code == "GC051"]
    assert kinds == ([kind] if kind else [])


def test_a_block_of_a_hessian_that_is_half_the_right_one_is_that():
    """Half of it comes from each of two equal slopes; that one was held constant is no simpler."""

    def f(m, s):
        return np.sum(0.5 * ((np.arange(4.0) - m) / np.exp(s)) ** 2)

    def hessian(m, s):
        gap, precision = np.arange(4.0) - m, np.exp(-2 * s)
        cross = (2 * precision * np.sum(gap)).reshape(1, 1)
        return (4 * precision.reshape(1, 1), cross), (cross.T, (precision * np.sum(gap**2)).reshape(1, 1))

    result = gradcheck.check_hessian(f, hessian, np.array([0.5]), np.array([-0.2]), elsewhere=False)
    assert [found.facts.get("kind") for found in result.findings if found.code == "GC051"] == ["factor"]


def test_a_hessian_that_two_mistakes_made_is_not_named():
    def hessian(b):
        return 0.9 * gauss_newton(b) + 0.1 * np.outer(b, b)

    result = gradcheck.check_hessian(decay, hessian, np.array([0.2, -0.7, 0.5]), elsewhere=False)
    assert not [found for found in result.findings if found.code == "GC051" and "kind" in found.facts]


FORWARD = """\
import numpy as np

def f(y):
    kinetic = 0.5 * np.sum(y**2)
    potential = np.sum(np.cos(y))
    return kinetic * potential
"""


def imported(path: Path) -> Any:
    path.write_text(FORWARD)
    return load(path).f


def cause_of_dropped(f: Any) -> Any:
    named = TABLE["a factor of the loss dropped"]
    return cause_of(named._replace(f=f))


def test_the_file_on_disk_is_pointed_at(tmp_path):
    cause = cause_of_dropped(imported(tmp_path / "forward.py"))
    assert (cause.facts["line"], cause.facts["source"]) == (5, "potential = np.sum(np.cos(y))")


@pytest.mark.parametrize(
    "later",
    [
        "# a line more\n" + FORWARD,
        FORWARD.replace("np.cos", "np.sin"),
        FORWARD.replace("0.5", "0.7"),
        "def f(:",
        None,
    ],
    ids=["shifted", "another function", "another constant", "broken", "deleted"],
)
def test_a_file_that_has_changed_gives_no_line(tmp_path, later):
    path = tmp_path / "forward.py"
    f = imported(path)
    if later is None:
        path.unlink()
    else:
        path.write_text(later)
    cause = cause_of_dropped(f)
    assert cause.facts["kind"] == "dropped"
    assert "line" not in cause.facts
    assert "line" not in cause.sentence


def test_code_without_a_file_gives_no_line():
    namespace: dict[str, Any] = {}
    exec(compile(FORWARD, "<cell 3>", "exec"), namespace)
    cause = cause_of_dropped(namespace["f"])
    assert cause.facts["kind"] == "dropped"
    assert "line" not in cause.facts


def test_the_operand_is_singled_out():
    cause = cause_of(TABLE["a temperature lost"])
    source, start, end = (cause.facts[k] for k in ("source", "start", "end"))
    assert source[start:end] == "y"
    cause = cause_of(TABLE["softmax's denominator"])
    assert cause.facts["source"][cause.facts["start"] : cause.facts["end"]] == "e.sum(axis=1, keepdims=True)"


def test_the_sentence_says_what_was_done_to_which_line():
    cause = cause_of(TABLE["softmax's denominator"])
    assert "the path through line" in cause.sentence
    assert "s = e.sum(axis=1, keepdims=True), being left out" in cause.sentence
    assert "the denominator of the softmax was treated as a constant" in cause.sentence


def test_a_helper_called_twice_is_told_by_the_call():
    def helper(z):
        return np.sin(z) * z

    def f(y):
        a = helper(y)
        b = helper(y + 1.0)
        return np.sum(a * a) + np.sum(np.exp(0.1 * b))

    def g(y):
        a = np.sin(y) * y
        return 2 * a * (np.cos(y) * y + np.sin(y))

    cause = cause_of(named_functions.Named("gradient", f, g, (np.array([0.3, 1.4, -0.8, 0.6]),), None, ""))
    assert cause.facts["kind"] == "dropped"
    assert cause.facts["source"] in ("b = helper(y + 1.0)", "return np.sum(a * a) + np.sum(np.exp(0.1 * b))")


def test_one_side_of_a_comparison_is_told_as_the_comparison_reads():
    cause = cause_of(TABLE["one side of a comparison"])
    assert f"wrong exactly where `y < 1.2` on line {cause.facts['line']} is false" in cause.sentence


def test_another_factor_is_called_by_its_name():
    assert "having x in place of the other factor" in cause_of(TABLE["the input of another layer"]).sentence


def test_of_a_long_record_is_named_what_all_operations_made_in_one_place_have_in_common():
    """Three hundred products, sums and sines: one at a time they are not looked at."""

    def f(x):
        y = x
        for k in range(360):
            y = y + 0.01 * np.sin(y * (1 + 0.001 * k))
        return np.sum(y)

    def sine_for_cosine(x):
        states = [x]
        for k in range(360):
            states.append(states[-1] + 0.01 * np.sin(states[-1] * (1 + 0.001 * k)))
        g = np.ones_like(x)
        for k in range(359, -1, -1):
            g = g + 0.01 * g * (1 + 0.001 * k) * np.sin(states[k] * (1 + 0.001 * k))
        return g

    cause = cause_of(named_functions.Named("gradient", f, sine_for_cosine, (np.array([0.4, -1.1]),), None, ""))
    assert (cause.facts["kind"], "np.sin(y" in cause.facts["source"]) == ("other-slope", True)
