"""Functions and their derivatives, told by names: which belongs to which, and what a derivative returns."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

from gradcheck.conventions.derivative_names import derivatives
from gradcheck.conventions.offer import Miss, Offer, Pair
from gradcheck.conventions.recognition import recognised, wish
from gradcheck.subject.loading import Package
from gradcheck.verdict.result import Verdict
from gradcheck.verify.function_pairs import judged


def look(folder: Path, text: str, wanted: str = "functions") -> tuple[tuple[Offer, ...], tuple[Miss, ...]]:
    """What a file with this text offers."""
    file = folder / "subject.py"
    file.write_text("import numpy as np\n" + dedent(text))
    found = recognised(Package(file).load(), wanted=wish(wanted))
    return found.offers, found.misses


def only(folder: Path, text: str, wanted: str = "functions") -> Pair:
    offers, misses = look(folder, text, wanted)
    assert offers, misses
    (pair,) = offers[0].pairs
    return pair


@pytest.mark.parametrize(
    ("f", "derivative"),
    [
        ("f", "f_grad"), ("f", "grad_f"), ("f", "f_prime"), ("f", "df"), ("f", "d_f"), ("f", "f_derivative"),
        ("f", "df_dx"), ("f", "fprime"), ("f", "f_backward"), ("f", "f_vjp"), ("f", "f_jvp"), ("f", "f_jac"),
        ("sigmoid", "sigmoid_derivative"), ("sigmoid", "sigmoidPrime"), ("sigmoid", "d_sigmoid"), ("tanh", "dtanh"),
        ("forward", "backward"), ("loss", "gradient"), ("cost", "gradient"), ("compute_cost", "compute_gradient"),
        ("cost_function", "gradient"), ("mse", "mse_prime"), ("energy", "energy_gradient"), ("f", "jacobian_f"),
        ("relu", "relu_deriv"), ("relu", "grad_relu"), ("relu", "relu_bwd"), ("loss", "loss_grad"),
    ],
    ids="-".join,
)  # fmt: skip
def test_names_tell_which_derivative_belongs_to_which_function(f: str, derivative: str) -> None:
    assert [found[:2] for found in derivatives({f, derivative}, iter([f, derivative]))] == [(f, derivative)]


@pytest.mark.parametrize(
    ("f", "other"),
    [
        ("f", "g"), ("loss", "train"), ("cost", "gradient_descent"), ("f", "numerical_gradient"), ("update", "d_update"),
        ("f", "eval_numerical_gradient"), ("forward", "plot_backward"),
    ],
    ids="-".join,
)  # fmt: skip
def test_what_is_no_derivative_is_left_alone(f: str, other: str) -> None:
    assert list(derivatives({f, other}, iter([other]))) == []


FORMS = {
    "the gradient of a number": ("return np.sum(x**3)", "f_grad(x): return 3 * x**2", "gradient"),
    "a slope": ("return x**3", "f_prime(x): return 3 * x**2", "vjp"),
    "a Jacobian": (
        "return np.array([x[0] * x[1], x[1] ** 2])",
        "f_jac(x): return np.array([[x[1], x[0]], [0.0, 2 * x[1]]])",
        "vjp",
    ),
    "a VJP": ("return x * x.sum()", "f_vjp(g, x): return g * x.sum() + (g * x).sum()", "vjp"),
    "a VJP, cotangent last": ("return x * x.sum()", "f_vjp(x, g): return g * x.sum() + (g * x).sum()", "vjp"),
    "a JVP": ("return x * x.sum()", "f_jvp(x, t): return t * x.sum() + x * t.sum()", "jvp"),
}


@pytest.mark.parametrize("form", FORMS)
def test_what_a_derivative_returns_is_told_by_arguments_and_shapes(tmp_path: Path, form: str) -> None:
    body, derivative, kind = FORMS[form]
    text = f"def f(x):\n    if x.ndim > 1 and 'Jac' in {form!r}: raise ValueError\n    {body}\n\ndef {derivative}\n"
    pair = only(tmp_path, text)
    assert pair.kind == kind
    assert judged(pair).verdict is Verdict.PASS
    name, value = derivative.split("return ")
    wrong = only(tmp_path, text.replace(derivative, f"{name}return 2 * ({value})"))
    assert judged(wrong).verdict is Verdict.FAIL


SLOPE = "def sigmoid(x): return 1 / (1 + np.exp(-x))\n\ndef sigmoid_derivative({argument}):\n    {doc}return {value}\n"


@pytest.mark.parametrize(
    ("argument", "doc", "value"),
    [
        ("a", "", "a * (1 - a)"),
        ("x", "'''x is the output of the sigmoid'''\n    ", "x * (1 - x)"),
        ("x", "", "sigmoid(x) * (1 - sigmoid(x))"),
        ("a", "s = sigmoid(a)\n    ", "s * (1 - s)"),
    ],
    ids=["the argument's name", "the docstring", "it computes", "it computes, whatever the name"],
)
def test_signs_tell_whether_a_slope_takes_the_output(tmp_path: Path, argument: str, doc: str, value: str) -> None:
    offers, _ = look(tmp_path, SLOPE.format(argument=argument, doc=doc, value=value))
    assert judged(offers[0].pairs[0]).verdict is Verdict.PASS
    assert not any("nothing in the file tells" in note for note in offers[0].notes)


def test_what_the_file_hands_to_a_slope_tells_as_well(tmp_path: Path) -> None:
    text = SLOPE.format(argument="x", doc="", value="x * (1 - x)")
    used = "\ndef step(X, w, t):\n    l1 = sigmoid(X @ w)\n    return X.T @ ((l1 - t) * sigmoid_derivative(l1))\n"
    assert judged(only(tmp_path, text + used)).verdict is Verdict.PASS


def test_without_a_sign_it_is_right_in_one_sense_and_that_is_said(tmp_path: Path) -> None:
    offers, _ = look(tmp_path, SLOPE.format(argument="x", doc="", value="x * (1 - x)"))
    assert any("nothing in the file tells" in note for note in offers[0].notes)
    result = judged(offers[0].pairs[0])
    assert result.verdict is Verdict.PASS
    assert "say --as functions:slope=input" in next(f.sentence for f in result.findings if f.code == "GC113")


def test_gradients_by_another_order_than_the_arguments(tmp_path: Path) -> None:
    text = """
        def compute_cost(X, y, w, b):
            return np.mean((X @ w + b - y) ** 2)

        def compute_gradient(X, y, w, b):
            e = 2 * (X @ w + b - y) / len(y)
            return np.sum(e), X.T @ e
    """
    pair = only(tmp_path, text)
    assert judged(pair).verdict is Verdict.PASS
    assert len(pair.inputs) == 2


def test_training_is_never_called(tmp_path: Path) -> None:
    text = """
        def loss_train(w): raise SystemExit("called")
        def loss_train_grad(w): raise SystemExit("called")
        def gradient_descent(w): raise SystemExit("called")
    """
    assert look(tmp_path, text) == ((), ())


def test_without_inputs_at_which_both_run_the_miss_says_how_to_give_them(tmp_path: Path) -> None:
    text = """
        def area(blob): return blob["a"] * 2.0
        def area_grad(blob): return 2.0
    """
    _, (miss,) = look(tmp_path, text)
    assert 'EXAMPLES = {"area": (blob,)}' in miss.why


SECOND = """
    def f(x, y): return x**3 * y + y**2

    def f_grad(x, y): return np.array([3 * x**2 * y, x**3 + 2 * y])

    def f_hessian(x, y): return np.array([[6 * x * y, 3 * x**2], [{own} * x**2, 2.0]])

    def energy(w, X, y): return 0.5 * np.sum((X @ w - y) ** 2)

    def energy_hess(w, X, y): return {own} * X.T @ X / 3

    def bowl(x): return np.sum(x**4)

    def bowl_hessp(x, v): return {own} * 4 * x**2 * v
"""


@pytest.mark.parametrize(("own", "verdict"), [("3", Verdict.PASS), ("2", Verdict.FAIL)])
def test_second_derivatives(tmp_path: Path, own: str, verdict: Verdict) -> None:
    offers, _ = look(tmp_path, SECOND.format(own=own))
    found = [pair for offer in offers for pair in offer.pairs]
    assert [(p.name, p.kind) for p in found] == [
        ("f", "gradient"), ("f", "hessian"), ("energy", "hessian"), ("bowl", "hvp")
    ]  # fmt: skip
    assert [judged(pair).verdict for pair in found[1:]] == [verdict] * 3


@pytest.mark.parametrize(("last", "verdict"), [("2 * y", Verdict.PASS), ("y", Verdict.FAIL)])
def test_gradients_by_several_numbers_in_one_array(tmp_path: Path, last: str, verdict: Verdict) -> None:
    text = SECOND.format(own="3").replace("+ 2 * y]", f"+ {last}]")
    pair = look(tmp_path, text)[0][0].pairs[0]
    assert [np.shape(value) for value in pair.inputs] == [(), ()]
    assert judged(pair).verdict is verdict
