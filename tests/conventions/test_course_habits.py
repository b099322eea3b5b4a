"""Habits of course files that say how something is meant: capitals, docstrings, bodies that are still to be written."""

from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

from gradcheck.conventions.changed_operands import operand_warnings
from gradcheck.conventions.constructing import size_kind
from gradcheck.conventions.documented_shapes import documented_axes
from gradcheck.conventions.recognition import Recognition, recognised
from gradcheck.conventions.returned_gradients import Places, places
from gradcheck.conventions.spellings import Spelling
from gradcheck.conventions.value_class import ValueClass
from gradcheck.subject.loading import Package
from gradcheck.verdict.result import Verdict
from gradcheck.verify.function_pairs import judged


def looked_at(tmp_path: Path, text: str) -> Recognition:
    file = tmp_path / "mine.py"
    file.write_text("import numpy as np\n" + dedent(text))
    return recognised(Package(file).load())


def verdicts(found: Recognition) -> list[Verdict]:
    return [judged(pair).verdict for offer in found.offers for pair in offer.pairs]


NIELSEN = """
    def s(z): return 1 / (1 + np.exp(-z))
    class Net:
        def __init__(self, sizes):
            self.bias = [np.random.randn(n, 1) for n in sizes[1:]]
            self.weight = [np.random.randn(n, m) for m, n in zip(sizes[:-1], sizes[1:])]
        def feedForward(self, a):
            for w, b in zip(self.weight, self.bias):
                a = s(w @ a + b)
            return a
        def backProp(self, x, y):
            kept = [x]
            for w, b in zip(self.weight, self.bias):
                kept.append(s(w @ kept[-1] + b))
            delta, db, dw = (kept[-1] - y) * kept[-1] * (1 - kept[-1]), [], []
            for k in range(len(self.weight) - 1, -1, -1):
                db.insert(0, delta)
                dw.insert(0, delta @ kept[k].T)
                delta = (self.weight[k].T @ delta) * kept[k] * (1 - kept[k])
            return db, dw
"""


def test_capitals_and_the_singular_are_no_other_convention(tmp_path: Path) -> None:
    found = looked_at(tmp_path, NIELSEN)
    assert [offer.convention for offer in found.offers] == ["nielsen"]
    assert verdicts(found) == [Verdict.PASS, Verdict.PASS]
    wrong = looked_at(tmp_path, NIELSEN.replace("delta @ kept[k].T", "2 * delta @ kept[k].T"))
    assert verdicts(wrong) == [Verdict.FAIL, Verdict.FAIL]


LOSS = '''
    def half_squares_cost(y_pred, y_true):
        """The cost.

        Inputs:
        - y_pred (N,)
        - y_true (N,)
        """
        off = y_pred - y_true
        return np.mean(off ** 2) / 2, off / len(off)
'''


def test_a_docstring_says_of_which_shapes_a_loss_is(tmp_path: Path) -> None:
    assert verdicts(looked_at(tmp_path, LOSS)) == [Verdict.PASS]
    assert verdicts(looked_at(tmp_path, LOSS.replace("off / len(off)", "off"))) == [Verdict.FAIL]
    assert verdicts(looked_at(tmp_path, LOSS.replace("(N,)", ""))) == [Verdict.FAIL]  # of rows it is no mean


@pytest.mark.parametrize(
    ("said", "axes"),
    [
        ("- x (N,)", 1),
        ("x: array of shape (N, D)", 2),
        ("x -- input data, numpy array of shape (input size, number of examples)", 2),
        ("x (N, d_1, ..., d_k)", None),
        ("x (float)", None),
        ("maximum (N,)", None),
    ],
)
def test_axes_are_read_off_a_docstring(said: str, axes: int | None) -> None:
    def f(x: float) -> float:
        return x

    f.__doc__ = said
    assert documented_axes(f, ["x"]).get("x") == axes


def test_class_numbers_go_with_samples_in_columns(tmp_path: Path) -> None:
    text = """
        def softmax_loss(W, X, y):
            n, scores = X.shape[1], W.dot(X)
            p = np.exp(scores) / np.sum(np.exp(scores), axis=0, keepdims=True)
            loss = -np.mean(np.log(p[y, range(n)]))
            p[y, range(n)] -= 1
            return loss, np.dot(p, X.T) / n
    """
    assert verdicts(looked_at(tmp_path, text)) == [Verdict.PASS]
    assert verdicts(looked_at(tmp_path, text.replace("/ n\n", "\n"))) == [Verdict.FAIL]


def test_an_op_without_a_body_is_not_offered(tmp_path: Path) -> None:
    text = """
        class Square:
            @staticmethod
            def forward(ctx, a):
                ctx.save_for_backward(a)
                return a * a
            @staticmethod
            def backward(ctx, d):
                (a,) = ctx.saved_values
                return 2 * a * d
        class Cube:
            @staticmethod
            def forward(ctx, a):
                return a**3
            @staticmethod
            def backward(ctx, d):
                raise NotImplementedError("task 4")
    """
    found = looked_at(tmp_path, text)
    assert [pair.name for offer in found.offers for pair in offer.pairs] == ["Square"]
    (miss,) = (m for m in found.misses if m.name == "Cube")
    assert "task 4" in miss.why
    assert verdicts(looked_at(tmp_path, text.replace("NotImplementedError", "ValueError"))) == [
        Verdict.PASS,
        Verdict.ERROR,
    ]


FORWARD = """
    class Variable:
        def __init__(self, val, der=1.0):
            self.val, self.der = val, der
        def __add__(self, other): return Variable(self.val + other.val, self.der + other.der)
        def __mul__(self, other): return Variable(self.val * other.val, self.val * other.der + self.der * other.val)
    def jacobian(f, x):
        return f.der
"""


def test_a_derivative_that_is_the_root_s_own_is_no_gradient_by_a_leaf(tmp_path: Path) -> None:
    assert [offer.convention for offer in looked_at(tmp_path, FORWARD).offers] == ["dual"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("input_dims", "inputs"), ("output_dims", "outputs"), ("hidden_dims", "several hidden"), ("bias", None)],
)
def test_a_plural_is_the_same_size(name: str, kind: str | None) -> None:
    assert size_kind(name) == kind


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("self.der = -self.der", "-x changes x itself: its .der was 0.375 and is -0.375 afterwards"),
        ("self.val = -self.val", "-x changes x itself: its .val was"),
        ("self.count = 3", None),
    ],
)
def test_an_op_that_changes_its_operand_is_told(tmp_path: Path, line: str, said: str | None) -> None:
    text = (
        FORWARD.split("    def jacobian")[0]
        + f"        def __neg__(self):\n            {line}\n            return Variable(-self.val, -self.der)\n"
    )
    (offer,) = looked_at(tmp_path, text).offers
    assert [w.startswith(said or "") for w in offer.warnings] == ([] if said is None else [True])


def test_a_division_that_turns_its_divisor_is_told(tmp_path: Path) -> None:
    text = FORWARD.split("    def jacobian")[0] + (
        "        def __truediv__(self, other): return self * Variable(1 / other.val, -other.der / other.val**2)\n"
        "        def __rtruediv__(self, n):\n            self.der = -self.der\n"
        "            return self * Variable(n / self.val**2, 0.0)\n"
    )
    (offer,) = looked_at(tmp_path, text).offers
    assert [warning[:24] for warning in offer.warnings] == ["2 / y changes y itself: "]


def test_a_few_gradients_of_many_inputs_are_told_by_their_shapes() -> None:
    inputs = {f"x{k}": np.zeros((k % 3 + 1, 2)) for k in range(18)}
    returned = [np.ones((rows, 2)) for rows in (2, 1, 3, 1, 2, 2, 3, 1)]
    found = places(returned, inputs, list(inputs))
    assert isinstance(found, Places)
    assert found.of == {"x1": 0, "x0": 1, "x2": 2, "x3": 3, "x4": 4, "x7": 5, "x5": 6, "x6": 7}
    assert isinstance(places([*returned, np.ones(5)], inputs, list(inputs)), str)


CONVOLUTION = """
    class Convolutional:
        def __init__(self, input_shape, kernel_size, depth):
            channels, rows, columns = input_shape
            self.kernels = np.random.randn(depth, channels, kernel_size, kernel_size)
            self.rows, self.columns = rows - kernel_size + 1, columns - kernel_size + 1
        def windows(self, k):
            n = self.kernels.shape[-1]
            for i in range(self.rows):
                for j in range(self.columns):
                    yield i, j, (slice(None), slice(i, i + n), slice(j, j + n))
        def forward(self, input):
            self.input = input
            output = np.zeros((len(self.kernels), self.rows, self.columns))
            for k, kernel in enumerate(self.kernels):
                for i, j, window in self.windows(k):
                    output[k, i, j] = np.sum(kernel * input[window])
            return output
        def backward(self, output_gradient, learning_rate):
            back, slope = np.zeros(self.input.shape), np.zeros(self.kernels.shape)
            for k, kernel in enumerate(self.kernels):
                for i, j, window in self.windows(k):
                    slope[k] += output_gradient[k, i, j] * self.input[window]
                    back[window] += output_gradient[k, i, j] * kernel
            self.kernels -= learning_rate * slope
            return back
"""


def test_a_convolution_of_one_image_is_made(tmp_path: Path) -> None:
    assert verdicts(looked_at(tmp_path, CONVOLUTION)) == [Verdict.PASS]
    wrong = CONVOLUTION.replace("back[window] += output", "back[window] = output")
    assert verdicts(looked_at(tmp_path, wrong)) == [Verdict.FAIL]


def test_a_spelling_with_more_than_operands_hides_no_class(tmp_path: Path) -> None:
    text = FORWARD.split("    def jacobian")[0]
    file = tmp_path / "mine.py"
    file.write_text(dedent(text))
    kind = Package(file).load().Variable
    uses = ValueClass(kind, "val", "der", kind, lambda root: None, "", reveals=False)
    odd = {"exp": Spelling(lambda x: x, "{0}.at({index})")}
    assert list(operand_warnings(uses, odd, float)) == []
