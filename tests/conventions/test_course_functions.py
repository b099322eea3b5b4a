"""Plain functions as courses have them: which arguments they are asked with, and how what they return is read."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent
from types import ModuleType

import numpy as np
import pytest

from gradcheck.conventions.calls_in_file import calls_of
from gradcheck.conventions.derivative_names import derivatives
from gradcheck.conventions.example_sources import asked_arguments
from gradcheck.conventions.flagged_functions import parts_of
from gradcheck.conventions.offer import Miss, Offer, Pair
from gradcheck.conventions.recognition import recognised, wish
from gradcheck.conventions.returned_losses import loss_parts
from gradcheck.conventions.source_trees import CELLS, is_gradient
from gradcheck.errors import UsageError
from gradcheck.subject import notebook
from gradcheck.subject.loading import Package
from gradcheck.subject.pair_slopes import slopes
from gradcheck.verdict.finding import finding
from gradcheck.verdict.result import Result, Verdict
from gradcheck.verify.function_pairs import judged
from gradcheck.verify.second_look import contradicts
from gradcheck.verify.spelled_advice import spelled, spelled_text


def look(folder: Path, text: str, wanted: str | None = None, only: str | None = None) -> tuple[list[Offer], list[Miss]]:
    file = folder / "subject.py"
    file.write_text("import numpy as np\n" + dedent(text))
    found = recognised(Package(file).load(), only, wish(wanted))
    return list(found.offers), list(found.misses)


def pair(folder: Path, text: str, wanted: str | None = None, only: str | None = None) -> Pair:
    offers, misses = look(folder, text, wanted, only)
    assert offers, misses
    return offers[0].pairs[-1]


@pytest.mark.parametrize(
    ("f", "derivative"),
    [
        ("costFunction", "gradient"), ("costFunctionReg", "gradientReg"), ("compute_cost_reg", "compute_gradient_reg"),
        ("compute_cost_logistic_reg", "compute_gradient_logistic_reg"), ("calculate_loss", "gradient"),
        ("regularized_cost", "gradient_regularized"), ("getCost", "getGradient"), ("lrCost", "lrGradient"),
    ],
    ids="-".join,
)  # fmt: skip
def test_a_gradient_belongs_to_the_cost_of_the_same_words(f: str, derivative: str) -> None:
    assert [found[:2] for found in derivatives([f, derivative], iter([derivative]))] == [(f, derivative)]


@pytest.mark.parametrize("other", ["compute_cost", "cost_linear", "compute_gradient", "cost_history"])
def test_a_gradient_belongs_to_no_cost_of_other_words(other: str) -> None:
    assert list(derivatives([other, "compute_gradient_reg"], iter(["compute_gradient_reg"]))) == []


def test_the_strength_of_a_penalty_is_given_though_it_has_a_default() -> None:
    def cost(theta, X, y, lambda_=0.0, verbose=False): ...

    assert asked_arguments(cost) == ["theta", "X", "y", "lambda_"]


INPUTS = {"w": np.ones(3), "b": np.float64(2.0)}


@pytest.mark.parametrize(
    ("returned", "said", "value", "read"),
    [
        ((1.5, np.arange(3.0), np.float64(7.0)), ("loss", "dw", "db"), 1.5, ([0, 1, 2], 7)),
        ((1.5, np.float64(7.0), np.arange(3.0)), ("loss", "db", "dw"), 1.5, ([0, 1, 2], 7)),
        (({"dw": np.arange(3.0), "db": np.float64(7.0)}, 1.5), (), 1.5, ([0, 1, 2], 7)),
        ((1.5, np.arange(3.0), np.zeros((4, 2)), np.float64(7.0)), ("J", "dw", "h", "db"), 1.5, ([0, 1, 2], 7)),
    ],
    ids=["in order", "the other way round", "a dictionary first", "with something between"],
)
def test_the_parts_of_what_a_loss_returns(returned, said, value, read) -> None:
    parts = loss_parts(returned, said, INPUTS, ["w", "b"])
    assert not isinstance(parts, str)
    found, gradients = parts.read(returned)
    assert found == value
    assert [np.asarray(g).tolist() for g in gradients] == list(read)


def test_what_holds_no_gradient_is_said() -> None:
    assert loss_parts((1.5, "done"), (), INPUTS, ["w", "b"]) == "what it returns beside the loss is no gradient"
    assert loss_parts(1.5, (), INPUTS, ["w", "b"]) == "it returns no loss with a gradient"


def test_pieces_of_a_flat_gradient_are_joined_as_the_file_flattens() -> None:
    pieces = (1.0, np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[5.0]]))
    names = ("J", "theta1_grad", "theta2_grad")
    for order, expected in (("C", [1, 2, 3, 4, 5]), ("F", [1, 3, 2, 4, 5])):
        parts = loss_parts(pieces, names, {"nn_params": np.zeros(5)}, ["nn_params"], order)
        assert not isinstance(parts, str)
        assert parts.read(pieces)[1].tolist() == expected


@pytest.mark.parametrize("name", ["grad", "gradOutsideVecs", "dW", "db1", "dj_dw", "theta1_grad", "d_theta"])
def test_names_of_gradients(name: str) -> None:
    assert is_gradient(name)


@pytest.mark.parametrize("name", ["loss", "data", "J", "y_hat", "cache", "probs", "dataset"])
def test_names_of_other_things(name: str) -> None:
    assert not is_gradient(name)


ONE_FEATURE = """
    def compute_cost(x, y, w, b):
        return np.sum((w * x + b - y) ** 2) / (2 * len(x))

    def compute_gradient(x, y, w, b):
        e = w * x + b - y
        {}
        return {}
"""


@pytest.mark.parametrize(
    ("lines", "returned", "verdict"),
    [
        ("dj_dw, dj_db = np.mean(e * x), np.mean(e)", "dj_dw, dj_db", Verdict.PASS),
        ("dj_dw, dj_db = np.mean(e * x), np.mean(e)", "dj_db, dj_dw", Verdict.PASS),
        ("dj_dw, dj_db = np.mean(e), np.mean(e * x)", "dj_dw, dj_db", Verdict.FAIL),
        ("dj_dw, dj_db = np.mean(e), np.mean(e * x)", "dj_db, dj_dw", Verdict.FAIL),
    ],
    ids=["in order", "reversed", "exchanged", "exchanged and reversed"],
)
def test_two_numbers_are_told_apart_by_the_names_in_the_return(tmp_path: Path, lines, returned, verdict) -> None:
    assert judged(pair(tmp_path, ONE_FEATURE.format(lines, returned))).verdict is verdict


BLOB = """
    def blend_loss(blob, mix):
        u, v = blob[:4].reshape(2, 2), blob[4:]
        loss = np.sum((u @ v - mix) ** 2)
        e = 2 * (u @ v - mix)
        grad = np.concatenate([np.outer(e, v).ravel(), {}])
        return loss, grad

    def test_blend():
        print("training")
        size = 6
        blob = np.linspace(-1, 1, size)
        assert blend_loss(blob, np.array([0.5, 1.5]))[0] > 0
"""


@pytest.mark.parametrize(("last", "verdict"), [("u.T @ e", Verdict.PASS), ("u @ e", Verdict.FAIL)])
def test_arguments_whose_names_tell_nothing_come_from_a_call(tmp_path, capsys, last, verdict) -> None:
    assert judged(pair(tmp_path, BLOB.format(last))).verdict is verdict
    assert "training" not in capsys.readouterr().out


def test_a_call_is_worked_out_without_its_block_being_run() -> None:
    module = ModuleType("written")
    source = dedent("""
        import numpy as np
        ran = []
        def f(x, n): return x * n
        def train(x): ran.append(x); return x
        def demo():
            ran.append("demo")
            x = np.zeros(3) + 2
            ran[0:] = x
            y = train(x)
            f(y, 1)
            f(x[:2], n=4)
    """)
    exec(source, vars(module))  # noqa: S102
    setattr(module, CELLS, source)
    (values,) = calls_of(module, module.f)
    assert values["x"].tolist() == [2.0, 2.0]
    assert values["n"] == 4
    assert module.ran == []


def test_without_arguments_the_report_says_what_to_write(tmp_path: Path) -> None:
    text = "def frob_loss(tree):\n    grad = tree['w'] * 2\n    return (tree['w'] ** 2).sum(), grad\n"
    _, misses = look(tmp_path, text)
    (miss,) = [m for m in misses if m.name == "frob_loss"]
    assert 'EXAMPLES = {"frob_loss": (tree,)}' in miss.why


FLAG = """
    def act(x, deriv=False):
        {doc}
        if deriv:
            return x * (1 - x)
        return 1 / (1 + np.exp(-x))
"""
USED = """
    def step(X, w, t):
        l1 = act(X @ w)
        return X.T @ ((l1 - t) * act(l1, deriv=True))
"""


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (FLAG.format(doc="") + USED, Verdict.PASS),
        (FLAG.format(doc="'''x is the output where deriv is set'''"), Verdict.PASS),
        (FLAG.format(doc="") + USED.replace("act(l1,", "act(X @ w,"), Verdict.FAIL),
    ],
    ids=["the file hands the output", "the docstring", "the file hands the input"],
)
def test_what_a_flagged_function_is_handed(tmp_path: Path, text: str, verdict: Verdict) -> None:
    found = pair(tmp_path, text)
    assert found.reading is not None and found.reading.because
    assert judged(found).verdict is verdict


@pytest.mark.parametrize(
    ("slope", "wanted", "verdict", "read"),
    [
        ("x * (1 - x)", None, Verdict.PASS, ("right", "function of the output", "wrong")),
        ("x * (1 + x)", None, Verdict.FAIL, ("wrong", "function of the", "wrong")),
        ("x * (1 - x)", "functions:slope=output", Verdict.PASS, ()),
        ("x * (1 - x)", "functions:slope=input", Verdict.FAIL, ()),
    ],
    ids=["right for the output", "wrong for both", "the user says the output", "the user says the input"],
)
def test_where_nothing_tells_what_a_slope_takes_both_are_tried(tmp_path, slope, wanted, verdict, read) -> None:
    found = pair(tmp_path, FLAG.format(doc="").replace("x * (1 - x)", slope), wanted)
    result = judged(found)
    assert result.verdict is verdict
    assert sum(map(contradicts, slopes((*found.others, found)[0]))) == (0 if verdict is Verdict.PASS else 4)
    told = [f.facts for f in result.findings if f.code == "GC113"]
    assert [(f["here"], f["there"]) for f in told] == ([(read[0], read[2])] if read else [])
    assert all(read[1] in f["reading"] for f in told)


CALLED = """
    def sigmoid(x): return 1 / (1 + np.exp(-x))

    def sigmoid_derivative(x): return {slope}

    class Net:
        def forward(self, x):
            self.caches, self.z1 = [], self.w @ x
            self.a1 = sigmoid(self.z1)
            z = self.v @ self.a1
            a = sigmoid(z)
            self.caches.append(a)
            return {{"Z": z, "A": a}}

        def backward(self, out):
            cache = self.forward(1)
            last = self.caches[-1]
            return sigmoid_derivative({given})
"""
OF_OUTPUT, OF_INPUT = "x * (1 - x)", "sigmoid(x) * (1 - sigmoid(x))"


@pytest.mark.parametrize(
    ("slope", "given", "verdict"),
    [
        (OF_OUTPUT, "self.a1", Verdict.PASS),
        (OF_OUTPUT, "last", Verdict.PASS),
        (OF_OUTPUT, "cache['A']", Verdict.PASS),
        (OF_OUTPUT, "out", Verdict.PASS),
        (OF_OUTPUT, "self.z1", Verdict.FAIL),
        (OF_OUTPUT, "cache['Z']", Verdict.FAIL),
        (OF_OUTPUT, "self.w @ out", Verdict.FAIL),
        (OF_INPUT, "self.z1", Verdict.PASS),
        (OF_INPUT, "last", Verdict.FAIL),
        (OF_INPUT, "out", Verdict.PASS),
    ],
)
def test_calls_decide_what_a_slope_takes(tmp_path: Path, slope: str, given: str, verdict: Verdict) -> None:
    result = judged(pair(tmp_path, CALLED.format(slope=slope, given=given)))
    assert result.verdict is verdict
    assert verdict is Verdict.PASS or given.replace("'", "") in str(result.findings).replace("'", "")
    assert verdict is Verdict.PASS or "slope-at-output" in {f.facts.get("kind") for f in result.findings}


def test_other_flags_are_none() -> None:
    def plain(x, training=False): ...
    def shifted(x, d):
        return x - d

    assert parts_of(plain) is None
    assert parts_of(shifted) is None


FOLDED = """
    {}

    def cross_entropy(a, y):
        return -np.sum(y * np.log(a))

    def cross_entropy_prime(a, y):
        return {}
"""
SOFTMAX = "def softmax(z): return np.exp(z) / np.sum(np.exp(z), axis=-1, keepdims=True)"


@pytest.mark.parametrize(
    ("before", "value", "wanted", "verdict"),
    [
        (SOFTMAX, "a - y", None, Verdict.PASS),
        (SOFTMAX, "y - a", None, Verdict.FAIL),
        (SOFTMAX, "-y / a", None, Verdict.PASS),
        (SOFTMAX, "a - y", "functions:inner=none", Verdict.FAIL),
        ("", "a - y", None, Verdict.PASS),
        ("", "y - a", None, Verdict.FAIL),
        ("", "a - y", "functions:inner=none", Verdict.FAIL),
        ("", "a - y", "functions:inner=softmax", Verdict.PASS),
    ],
    ids=[
        "folded",
        "folded, wrong sign",
        "by the outputs",
        "the user says no",
        "no softmax",
        "no softmax, wrong sign",
        "no softmax, and none is meant",
        "the user says so",
    ],
)
def test_a_softmax_folded_into_the_derivative(tmp_path, before, value, wanted, verdict) -> None:
    found = [p for p in look(tmp_path, FOLDED.format(before, value), wanted)[0][0].pairs if "entropy" in p.name]
    assert judged(found[0]).verdict is verdict


def test_without_a_softmax_it_is_said_in_which_sense_it_is_right(tmp_path: Path) -> None:
    (told,) = [f for f in judged(pair(tmp_path, FOLDED.format("", "a - y"))).findings if f.code == "GC113"]
    assert "before it gets, and wrong" in told.sentence
    assert told.sentence.endswith("or say --as functions:inner=none to demand the latter")


def test_the_user_says_of_what_a_gradient_is(tmp_path: Path) -> None:
    text = "def area(w): return np.sum(w**2)\n\ndef slope_of_it(w): return 2 * w\n"
    found = pair(tmp_path, text, "functions:of=area", only="slope_of_it")
    assert judged(found).verdict is Verdict.PASS
    assert look(tmp_path, text, "functions:of=are", only="slope_of_it")[1][0].name == "are"


@pytest.mark.parametrize(
    "text", ["def copied(dout, n): return dout[:n]", "def sum_back(g, x): return g", "def f(x, deriv): return x"]
)
def test_whatever_looks_like_a_derivative_stands_in_the_report(tmp_path: Path, text: str) -> None:
    _, misses = look(tmp_path, text)
    assert [m.name for m in misses] == [text.split("(")[0].removeprefix("def ")]


def test_a_class_with_another_derivative_stands_in_the_report(tmp_path: Path) -> None:
    text = """
        class Net:
            def tanh(self, x, deriv=False):
                return 1 - np.tanh(x) ** 2 if deriv else np.tanh(x)
            def backward(self, a, b, c): return a
    """
    offers, misses = look(tmp_path, text)
    assert [p.name for offer in offers for p in offer.pairs] == ["Net.tanh"]
    assert [m.name for m in misses] == ["Net"]


def test_a_notebook_tells_what_its_cells_hand_over(tmp_path: Path) -> None:
    cells = [
        "import numpy as np\ndef act(x, deriv=False):\n    return x * (1 - x) if deriv else 1 / (1 + np.exp(-x))",
        "l1 = act(np.ones(2))\nd = act(l1, True)",
    ]
    file = tmp_path / "a.ipynb"
    file.write_text(json.dumps({"cells": [{"cell_type": "code", "source": text} for text in cells]}))
    module = ModuleType("_gradcheck_notebook")
    vars(module)["__name__"] = "_gradcheck_notebook"
    assert notebook.run(file, module) == []
    (offer,) = recognised(module).offers
    assert judged(offer.pairs[0]).verdict is Verdict.PASS


HALF = "def f(x): return np.sum(np.where(x > 0, x**2, 0 * x))\n\ndef f_grad(x): return 2 * x\n\nEXAMPLES = {'f': (np.array([1.0, 2.0]),)}\n"


@pytest.mark.parametrize(
    ("options", "verdict"),
    [
        ("", Verdict.FAIL),
        (":domain=0.5..", Verdict.PASS),
        (":elsewhere=no", Verdict.PASS),
        (":domain=..9", Verdict.FAIL),
    ],
)
def test_what_the_user_says_of_a_function_reaches_its_check(tmp_path: Path, options: str, verdict: Verdict) -> None:
    assert judged(pair(tmp_path, HALF, f"functions{options}")).verdict is verdict


@pytest.mark.parametrize("said", ["domain=x", "domain=2..1", "domain=..", "accuracy=2", "elsewhere=maybe", "accuracy="])
def test_a_value_that_is_none_is_refused(said: str) -> None:
    with pytest.raises(UsageError, match=rf"--as functions:{said.partition('=')[0]} takes"):
        wish(f"functions:{said}")


def test_an_engine_has_no_such_options() -> None:
    with pytest.raises(UsageError, match="there is no option 'domain'"):
        wish("scalar-value:domain=0..1")


def test_advice_names_options_of_the_command() -> None:
    facts = {
        "loss": "f",
        "block": "x",
        "entry": "",
        "subject": 1.0,
        "truth": 1.1,
        "digits": 3,
        "why": "so",
        "accuracy": "1e-3",
    }
    result = spelled(Result("f", Verdict.UNDECIDED, [finding("GC038", **facts)]), "functions")
    assert result.findings[0].sentence.endswith("say --as functions:accuracy=1e-3 if that is how exact it is")
    there = finding("GC028", where="there", values="", sentence="it is wrong")
    sentence = spelled(Result("f", Verdict.FAIL, [there]), "functions").findings[0].sentence
    assert sentence.endswith("say --as functions:domain=LOW..HIGH or --as functions:elsewhere=no")
    assert spelled_text("or say interest=", "functions") == "or say --as functions:interest="


def test_a_softmax_is_no_slope_where_it_has_one_entry(tmp_path: Path) -> None:
    text = """
        def softmax(x, deriv=False):
            s = np.exp(x) / np.sum(np.exp(x), axis=1, keepdims=True)
            return s * (1 - s) if deriv else s
    """
    offers, (miss,) = look(tmp_path, text)
    assert offers == []
    assert (miss.name, "depends on several of its inputs" in miss.why) == ("softmax", True)


def test_gradients_of_what_is_no_argument_stand_in_the_report(tmp_path: Path) -> None:
    text = """
        Wxh = np.ones((3, 2))
        def lossFun(inputs, targets, hprev):
            loss = np.sum((inputs @ Wxh) ** 2) + np.sum(hprev)
            dWxh = 2 * inputs.T @ (inputs @ Wxh)
            return loss, dWxh, hprev
    """
    offers, (miss,) = look(tmp_path, text)
    assert offers == []
    assert "it returns dWxh, and none of its inputs is called so" in miss.why


@pytest.mark.parametrize(
    ("between", "found"),
    [
        ("for i in range(2): t[i, i] = 1", True),
        ("while t.sum() < 2: t[0, 0] += 1", False),
        ("fill(t)", False),
        ("print(t)", True),
        ("t.sort()", False),
        ("t = train(t)", False),
    ],
    ids=[
        "a loop that fills",
        "a loop without end",
        "a call that may",
        "a call that shows",
        "a method that may",
        "training",
    ],
)
def test_an_argument_is_taken_only_if_all_that_made_it_was_done(between: str, found: bool) -> None:
    source = f"""import numpy as np
def f(x): return x
def fill(t): t[0, 0] = 1
def train(t): return t
def demo():
    t = np.zeros((2, 2))
    {between}
    f(t)
"""
    module = ModuleType("written")
    exec(source, vars(module))  # noqa: S102
    setattr(module, CELLS, source)
    assert len(list(calls_of(module, module.f))) == found


def test_a_call_tells_shapes_before_anything_is_tried_that_names_do_not_tell(tmp_path: Path) -> None:
    text = """
        def my_cost(aim, features, coefs): return np.mean((features @ coefs - aim) ** 2)

        def grad_my_cost(aim, features, coefs): return 2 * features.T @ (features @ coefs - aim) / len(aim)

        if __name__ == "__main__":
            A, t = np.arange(6).reshape(3, 2), np.array([1, 2, 3])
            print(my_cost(t, A, np.zeros(2)))
    """
    found = pair(tmp_path, text)
    assert [np.shape(value) for value in found.inputs] == [(2,)]
    assert judged(found).verdict is Verdict.PASS


@pytest.mark.parametrize(("last", "verdict"), [("/ m", Verdict.PASS), ("", Verdict.FAIL)])
def test_functions_that_need_the_data_of_their_file(tmp_path: Path, last: str, verdict: Verdict) -> None:
    text = """
        X_train = np.arange(14.0).reshape(7, 2) / 7
        y_train = [0, 1, 0, 0, 1, 1, 0]
        m, n = X_train.shape

        def compute_cost(X, y, w, b):
            return sum((X[i] @ w + b - y[i]) ** 2 for i in range(m)) / (2 * m)

        def compute_gradient(X, y, w, b):
            errors = [X[i] @ w + b - y[i] for i in range(m)]
            return sum(errors) LAST, sum(e * X[i, :n] for i, e in enumerate(errors)) LAST
    """
    found = pair(tmp_path, text.replace("LAST", last))
    assert [np.shape(value) for value in found.inputs] == [(2,), ()]
    assert judged(found).verdict is verdict
