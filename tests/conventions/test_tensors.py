"""Classes of arrays: told apart from classes of numbers, asked only in forms that they take, bugs left visible."""

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from by_path import load

from gradcheck.conventions.value_graphs import WHOLE_NUMBERS
from gradcheck.diagnosis.budget import Budget
from gradcheck.errors import SubjectError
from gradcheck.problem import Graph, GraphBuilder
from gradcheck.conventions.offer import Offer
from gradcheck.conventions.recognition import Recognition, recognised
from gradcheck.subject.description import seen
from gradcheck.subject.inprocess import InProcessSubject
from gradcheck.subject.loading import Package
from gradcheck.subject.trouble import Place, call_failed
from gradcheck.verdict.result import Verdict

HERE = Path(__file__).parent
NUMPY_MICROGRAD = HERE / "tensor_value" / "right_numpy_micrograd.py"


def looked_at(file: Path) -> Recognition:
    return recognised(Package(file).load())


def offered(file: Path) -> Offer:
    (offer,) = looked_at(file).offers
    return offer


def bent(tmp_path: Path, old: str, new: str) -> Path:
    """The right engine with one passage changed."""
    source = NUMPY_MICROGRAD.read_text()
    assert source.count(old) == 1
    file = tmp_path / "engine.py"
    file.write_text(source.replace(old, new))
    return file


def of_one_op(op: str, *shapes: tuple[int, ...], **attributes: Any) -> Graph:
    build = GraphBuilder()
    y = build.apply(op, *(build.parameter(f"x{k}", shape) for k, shape in enumerate(shapes)), **attributes)
    return build.graph(build.sum(y, name="loss"))


def answer(offer: Offer, graph: Graph, point: Mapping[str, Any]) -> Any:
    return InProcessSubject(offer.functions["gradients"]).ask(graph, point)


def test_the_forms_of_each_op_are_found_by_trying() -> None:
    offer = offered(NUMPY_MICROGRAD)
    assert offer.convention == "tensor-value"
    assert offer.ops is not None
    assert {"max", "mean", "matmul", "pow", "softmax", "concatenate", "take", "where", "maximum"} <= offer.ops
    assert offer.ops.isdisjoint({"sin", "sigmoid", "broadcast_to", "square"})
    assert offer.words["op sum axis keepdims"] == "{0}.sum(axis={axis}, keepdims={keepdims})"
    assert offer.words["op transpose axes"] == "{0}.transpose(*{axes})"
    assert offer.words["op concatenate axis"] == "Tensor.concatenate([{0}, {1}, {2}], axis={axis})"
    assert not offer.scalars


@pytest.mark.parametrize(
    "form",
    [
        "matmul of shape (3,) and shape (3, 2)",
        "2 ** x",
        "x ** y",
        "np.array([2., 1.]) @ x",
    ],
)
def test_forms_that_are_refused_are_named(form: str) -> None:
    assert form in offered(NUMPY_MICROGRAD).lacking


def test_a_refused_form_is_not_implemented() -> None:
    offer = offered(NUMPY_MICROGRAD)
    with pytest.raises(NotImplementedError, match=r"matmul of shape \(3,\) and shape \(3,\)"):
        offer.functions["gradients"](of_one_op("matmul", (3,), (3,)), {"x0": np.ones(3), "x1": np.ones(3)})


def test_an_array_on_the_left_that_numpy_takes_apart_is_a_lacking_form(tmp_path: Path) -> None:
    offer = offered(bent(tmp_path, "    __array_ufunc__ = None\n\n", ""))
    assert "np.array([2., 1.]) * x (NumPy takes x apart, and gives an array of Tensor objects)" in offer.lacking
    build = GraphBuilder()
    x = build.parameter("x", (2,))
    graph = build.graph(build.sum(build.mul(build.constant(np.array([3.0, 5.0])), x)))
    assert answer(offer, graph, {"x": np.ones(2)}).gradients["x"].tolist() == [3.0, 5.0]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("lambda g: g * e)", "lambda g: g * exponential)", "exponential"),
        ("lambda g: g * (1 - t**2)", "lambda g: np.ones((7, 7)) @ g", "@ g"),
        (
            "        e = np.exp(self.data)\n        return",
            "        e = np.exponential(self.data)\n        return",
            "exponential",
        ),
    ],
    ids=["name-error-in-backward", "shapes-in-backward", "attribute-error-in-forward"],
)
def test_a_bug_inside_an_op_is_an_error_with_its_line(tmp_path: Path, old: str, new: str, line: str) -> None:
    offer = offered(bent(tmp_path, old, new))
    op = "tanh" if "t**2" in old else "exp"
    assert offer.ops is not None
    assert op in offer.ops
    with pytest.raises(SubjectError) as caught, call_failed(Place(tmp_path)):
        offer.functions["gradients"](of_one_op(op, (2, 3)), {"x0": np.ones((2, 3))})
    assert caught.value.code == "GC004"
    assert caught.value.facts["file"] == "engine.py"
    assert line in caught.value.facts["text"]


def test_an_array_that_is_recorded_as_it_is_would_break_the_sweep(tmp_path: Path) -> None:
    file = bent(
        tmp_path, "        a, b = self.data, other.data\n", "        a, b = self.data, np.asarray(other.data)\n"
    )
    source = file.read_text().replace("self._prev = set(_children)", "self._prev = list(_children)")
    file.write_text(source)
    offer = offered(file)
    assert "x @ np.array([2., 1.])" in offer.lacking
    build = GraphBuilder()
    x = build.parameter("x", (2, 2))
    graph = build.graph(build.sum(build.matmul(x, build.constant(np.array([[3.0, 5.0], [0.0, 1.0]])))))
    assert answer(offer, graph, {"x": np.ones((2, 2))}).gradients["x"].tolist() == [[8.0, 1.0], [8.0, 1.0]]


def test_a_class_of_numbers_that_happens_to_hold_arrays_is_one_of_numbers(tmp_path: Path) -> None:
    file = tmp_path / "engine.py"
    file.write_text(
        textwrap.dedent(
            """
            class Value:
                def __init__(self, data, children=()):
                    self.data, self.grad, self.children, self.pull = data, 0.0, children, lambda: None

                def __add__(self, other):
                    out = Value(self.data + other.data, (self, other))
                    def pull():
                        self.grad = self.grad + out.grad
                        other.grad = other.grad + out.grad
                    out.pull = pull
                    return out

                def __mul__(self, other):
                    out = Value(self.data * other.data, (self, other))
                    def pull():
                        self.grad = self.grad + out.grad * other.data
                        other.grad = other.grad + out.grad * self.data
                    out.pull = pull
                    return out

                def backward(self):
                    self.grad = 1.0
                    order = []
                    def visit(v):
                        if v not in order:
                            for child in v.children:
                                visit(child)
                            order.append(v)
                    visit(self)
                    for v in reversed(order):
                        v.pull()

            def dot(us, vs):
                return sum((u * v for u, v in zip(us, vs)), Value(0.0))
            """
        )
    )
    found = looked_at(file)
    assert [offer.convention for offer in found.offers] == ["scalar-value"]
    assert "dot" not in str(found.offers[0].ops)


def test_ints_that_are_constants_are_not_asked_for_gradients(tmp_path: Path) -> None:
    constant = "self.grad = np.zeros_like(self.data)\n        self._backward"
    kept = offered(NUMPY_MICROGRAD)
    refused = offered(
        bent(
            tmp_path,
            "self.data = np.asarray(data, dtype=np.float64)",
            "data = np.asarray(data)\n        if data.dtype.kind == 'i' and data.ndim:\n"
            "            raise TypeError('floats only')\n        self.data = data.astype(float)",
        )
    )
    assert constant in NUMPY_MICROGRAD.read_text()
    assert set(kept.forms) == {"with whole numbers", "after a reset"}
    assert set(refused.forms) == {"after a reset"}


def test_a_refusal_of_whole_numbers_is_a_limit_and_no_error(tmp_path: Path) -> None:
    text = (HERE / "tensor_value" / "right_whole_numbers.py").read_text(encoding="utf-8")
    bug = 'if self.data.dtype.kind == "i": raise ValueError("no ints here")'
    file = tmp_path / "mine.py"
    file.write_text(
        text.replace("        out = Tensor(self.data + ", f"        {bug}\n        out = Tensor(self.data + ")
    )
    verified = load(HERE / "verified.py")
    (found,) = recognised(Package(file).load()).offers
    trial = verified.engine_trial(verified.Formed(found), seen(found), drawn=40, budget=Budget(None, 10))
    assert [limit for limit in trial.limits if limit.startswith(f"{WHOLE_NUMBERS} it raises ValueError: no ints here")]
    assert all(result.verdict is Verdict.PASS for result in trial.forms[WHOLE_NUMBERS])


def test_numpy_s_own_functions_count_where_a_package_differentiates_them() -> None:
    (found,) = recognised(Package(HERE / "grad_transform" / "right_numpy_itself.py").load()).offers
    assert found.title == "grad(f), functions of NumPy: exp, sin"
    assert [limit.partition(":")[0] for limit in found.limits] == [
        "grad(f) refuses a loss that does not depend on the argument"
    ]
    build = GraphBuilder()
    graph = build.graph(build.apply("sin", build.parameter("x")) * 2.0)
    assert found.functions["gradients"](graph, {"x": np.array(0.5)})[1]["x"] == pytest.approx(2 * np.cos(0.5))
    build = GraphBuilder()
    build.parameter("unused")
    graph = build.graph(build.parameter("x") * 2.0)
    with pytest.raises(NotImplementedError, match="does not need"):
        found.functions["gradients"](graph, {"x": np.array(0.5), "unused": np.array(1.0)})


NUMBERS_ALONE = """
    class Num:
        def __init__(self, value, parents=()):
            self.value, self.parents, self.grad = float(value), parents, 0.0

        def __add__(self, other):
            return Num(self.value + other.value, ((self, 1.0), (other, 1.0)))

        def __mul__(self, other):
            return Num(self.value * other.value, ((self, other.value), (other, self.value)))

        def backward(self, upstream=1.0):
            self.grad += upstream
            for parent, slope in self.parents:
                parent.backward(upstream * slope)

    def mean(x):
        return Num(x.value, ((x, 1.0),))
"""


def test_a_mean_of_single_numbers_is_not_asked(tmp_path: Path) -> None:
    file = tmp_path / "engine.py"
    file.write_text(textwrap.dedent(NUMBERS_ALONE))
    offer = offered(file)
    assert offer.convention == "scalar-value"
    assert offer.ops == {"add", "mul"}
    assert "mean" not in offer.title


def test_an_axis_is_given_as_a_tuple_where_the_sweep_needs_one(tmp_path: Path) -> None:
    looped = "            for one in sorted(axis) if axis is not None and not keepdims else ():\n"
    looped += "                g = np.expand_dims(g, one)\n"
    single = "            if axis is not None and not keepdims:\n                g = np.expand_dims(g, axis)\n"
    offer = offered(bent(tmp_path, single, looped))
    assert offer.words["op sum axis"] == "{0}.sum(axis=({axis},))"


def test_a_product_with_a_vector_whose_sweep_raises_is_not_offered(tmp_path: Path) -> None:
    refusal = '        if a.ndim < 2 or b.ndim < 2:\n            raise NotImplementedError("matrices only")\n'
    offer = offered(bent(tmp_path, refusal, ""))
    assert offer.ops is not None
    assert "matmul" in offer.ops
    assert "matmul of shape (2, 3) and shape (3,)" in offer.lacking


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("child.data.shape)\n\n", "child.data.shape)\n                child.grad = child.grad.astype(np.float32)\n\n"),
        ("import numpy as np\n", 'import numpy as np\n\nDTYPE = "float32"\n'),
    ],
)
def test_gradients_in_single_precision_and_a_declaration_make_an_engine_of_float32(
    tmp_path: Path, old: str, new: str
) -> None:
    assert offered(NUMPY_MICROGRAD).dtype is None
    assert offered(bent(tmp_path, old, new)).dtype == "float32"


GUARDED = 'self._result(np.log(self.data + 1e-8), (self,), "log", lambda g: g / (self.data + 1e-8))'
UNGUARDED = 'self._result(np.log(self.data), (self,), "log", lambda g: g / self.data)'


def test_a_log_that_adds_a_constant_is_judged_at_the_argument_that_it_uses(tmp_path: Path) -> None:
    assert offered(NUMPY_MICROGRAD).warnings == ()
    offer = offered(bent(tmp_path, UNGUARDED, GUARDED))
    assert offer.warnings == ("log adds 1e-08 to its argument: value and gradient are those of log(x + 1e-08)",)
    came = answer(offer, of_one_op("log", (3,)), {"x0": np.array([0.5, 1.25, 3.0])})
    assert came.value == pytest.approx(np.log([0.5, 1.25, 3.0]).sum(), rel=1e-14)
    np.testing.assert_allclose(came.gradients["x0"], [2.0, 0.8, 1 / 3], rtol=1e-14)


def test_a_log_of_a_constant_is_asked_so_as_well(tmp_path: Path) -> None:
    build = GraphBuilder()
    graph = build.graph(build.mul(build.parameter("x"), build.log(build.constant(2.0))))
    came = answer(offered(bent(tmp_path, UNGUARDED, GUARDED)), graph, {"x": np.array(3.0)})
    assert came.value == pytest.approx(3 * np.log(2.0), rel=1e-14)


def test_a_log_that_adds_a_constant_and_is_wrong_besides_stays_wrong(tmp_path: Path) -> None:
    offer = offered(bent(tmp_path, UNGUARDED, GUARDED.replace("g / (", "-g / (")))
    came = answer(offer, of_one_op("log", (1,)), {"x0": np.array([0.5])})
    assert came.gradients["x0"].tolist() == pytest.approx([-2.0])


def test_a_log_near_its_guard_is_not_asked(tmp_path: Path) -> None:
    offer = offered(bent(tmp_path, UNGUARDED, GUARDED))
    with pytest.raises(NotImplementedError, match="log"):
        offer.functions["gradients"](of_one_op("log", (1,)), {"x0": np.array([1e-7])})


def test_a_log_of_a_maximum_adds_no_constant_and_is_asked_above(tmp_path: Path) -> None:
    limited = GUARDED.replace("np.log(self.data + 1e-8)", "np.log(np.maximum(self.data, 1e-5))")
    offer = offered(bent(tmp_path, UNGUARDED, limited))
    assert offer.warnings == ("log takes arguments below 1e-05 for 1e-05, and is asked above",)
    assert answer(offer, of_one_op("log", (1,)), {"x0": np.array([0.5])}).value == np.log(0.5)
    with pytest.raises(NotImplementedError, match="log"):
        offer.functions["gradients"](of_one_op("log", (1,)), {"x0": np.array([1e-6])})


def test_a_leaf_that_no_sweep_reached_need_not_have_a_gradient(tmp_path: Path) -> None:
    late = NUMBERS_ALONE.replace(
        "self.parents, self.grad = float(value), parents, 0.0", "self.parents = float(value), parents"
    )
    late = late.replace("self.grad += upstream", 'self.grad = getattr(self, "grad", 0.0) + upstream')
    file = tmp_path / "engine.py"
    file.write_text(textwrap.dedent(late))
    build = GraphBuilder()
    x = build.parameter("x")
    build.parameter("y")
    came = answer(offered(file), build.graph(build.mul(x, x)), {"x": np.array(1.5), "y": np.array(2.0)})
    assert came.gradients["x"].tolist() == 3.0
    assert came.gradients["y"].tolist() == 0.0


def test_a_class_that_rounds_constants_to_float32_is_one_of_float32(tmp_path: Path) -> None:
    assert offered(NUMPY_MICROGRAD).dtype is None
    single = "return other if isinstance(other, Tensor) else Tensor(np.float32(other))"
    assert (
        offered(bent(tmp_path, "return other if isinstance(other, Tensor) else Tensor(other)", single)).dtype
        == "float32"
    )


def test_an_array_as_exponent_is_asked_for_by_itself(tmp_path: Path) -> None:
    build = GraphBuilder()
    power = build.apply("pow", build.parameter("x", (2,)), build.constant(np.array([2.0, 3.0])))
    graph = build.graph(build.sum(power, name="loss"))
    with pytest.raises(SubjectError) as lacking:  # while a number is offered
        answer(offered(NUMPY_MICROGRAD), graph, {"x": np.array([1.5, 2.0])})
    assert lacking.value.facts["type"] == "NotImplementedError"
    rule = "g * exponent * self.data ** (exponent - 1)"
    objects = bent(tmp_path, rule, f"np.array({rule}, dtype=object if np.ndim(exponent) else float)")
    text = objects.read_text().replace(
        "isinstance(exponent, (int, float))", "isinstance(exponent, (int, float, np.ndarray))"
    )
    objects.write_text(text.replace("child.grad + unbroadcast", "np.zeros(1) + unbroadcast"))
    with pytest.raises(SubjectError) as unoffered:  # its gradient would hold objects
        answer(offered(objects), graph, {"x": np.array([1.5, 2.0])})
    assert unoffered.value.facts["type"] == "NotImplementedError"


def test_sums_that_raise_are_offered_where_products_undo_broadcasting(tmp_path: Path) -> None:
    kept = "child.grad = child.grad + unbroadcast(rule(out.grad), child.data.shape)"
    plain = f"if op == '+':\n                    child.grad += rule(out.grad)\n                else:\n                    {kept}"
    offer = offered(bent(tmp_path, kept, plain))
    for op in ("add", "mul"):
        ask = (of_one_op(op, (3,), (2, 3)), {"x0": np.ones(3), "x1": np.ones((2, 3))})
        if op == "mul":
            assert answer(offer, *ask).gradients["x0"].shape == (3,)
            continue
        with pytest.raises(SubjectError) as raised:
            answer(offer, *ask)
        assert raised.value.facts["type"] == "ValueError"


def test_broadcasting_at_which_a_sweep_raises_is_not_offered(tmp_path: Path) -> None:
    plain = "child.grad += rule(out.grad)"
    offer = offered(bent(tmp_path, "child.grad = child.grad + unbroadcast(rule(out.grad), child.data.shape)", plain))
    with pytest.raises(SubjectError) as lacking:
        answer(offer, of_one_op("add", (2, 1), (2, 3)), {"x0": np.ones((2, 1)), "x1": np.ones((2, 3))})
    assert lacking.value.facts["type"] == "NotImplementedError"
    assert answer(offer, of_one_op("add", (2, 3), (2, 3)), {"x0": np.ones((2, 3)), "x1": np.ones((2, 3))})
    assert answer(
        offered(NUMPY_MICROGRAD), of_one_op("add", (2, 1), (2, 3)), {"x0": np.ones((2, 1)), "x1": np.ones((2, 3))}
    )


MATRICES = """
    import numpy as np

    class Matrix:
        def __init__(self, data, parents=()):
            self.data, self.parents = np.array(data, float), parents
            self.grad, self.pull = np.zeros(self.data.shape), lambda: None

        def __mul__(self, other):
            out = Matrix(self.data * other.data, (self, other))

            def pull():
                self.grad += other.data * out.grad
                other.grad += self.data * out.grad FACTOR

            out.pull = pull
            return out

        def sum(self):
            out = Matrix(self.data.sum(), (self,))

            def pull():
                self.grad += out.grad

            out.pull = pull
            return out

        def backward(self):
            order, seen = [], set()

            def visit(node):
                if node not in seen:
                    seen.add(node)
                    for parent in node.parents:
                        visit(parent)
                    order.append(node)

            visit(self)
            self.grad = np.array([[1.0]])
            for node in reversed(order):
                node.pull()
    """


def test_a_class_of_matrices_is_not_asked_for_numbers(tmp_path: Path) -> None:
    file = tmp_path / "matrices.py"
    product, point = of_one_op("mul", (2, 3), (2, 3)), {"x0": np.full((2, 3), 2.0), "x1": np.full((2, 3), 3.0)}
    for factor, slope in (("", 2.0), ("* 2", 4.0)):
        file.write_text(textwrap.dedent(MATRICES).replace("FACTOR", factor))
        offer = offered(file)
        assert "an operand that holds a single number" in offer.lacking
        assert answer(offer, product, point).gradients["x1"].tolist() == np.full((2, 3), slope).tolist()
        with pytest.raises(NotImplementedError, match="single number"):
            offer.functions["gradients"](of_one_op("mul", (), ()), {"x0": np.array(2.0), "x1": np.array(3.0)})
    assert "an operand that holds a single number" not in offered(NUMPY_MICROGRAD).lacking


SLOPED = """
    Tensor.leaky_relu = lambda self, NAME=0.3: where(self.data > 0, self, self * NAME)
"""


def test_a_slope_of_the_class_s_own_is_not_taken_for_the_one_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "engine.py"
    file.write_text(NUMPY_MICROGRAD.read_text() + textwrap.dedent(SLOPED.replace("NAME", "alpha")))
    build = GraphBuilder()
    graph = build.graph(build.leaky_relu(build.parameter("x"), slope=0.2, name="loss"))
    found = answer(offered(file), graph, {"x": np.array(-2.0)})
    assert (float(found.value), float(found.gradients["x"])) == (-0.4, 0.2)
