"""A smallest example as lines of the file's own API: the lines run, and give what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.text import Text

from gradcheck import Case, GraphBuilder
from gradcheck.conventions.recognition import recognised
from gradcheck.report.own_words import MOST_ENTRIES, script
from gradcheck.report.verify_text import without_dtype_option
from gradcheck.subject.loading import Package

TENSOR = Path(__file__).parents[2] / "conventions" / "tensor_value" / "right_numpy_micrograd.py"
X = np.array([[0.4375, -1.1875], [2.0, 0.1]])


@pytest.fixture(scope="module")
def words() -> Any:
    (offer,) = recognised(Package(TENSOR).load()).offers
    return offer.words


def case(op: str, **attributes: Any) -> Case:
    """The sum of the op's result times itself: a gradient that depends on the point."""
    build = GraphBuilder()
    w = build.parameter("w", (2, 2))
    y = getattr(build, op)(w, **attributes)
    return Case("own", build.graph(build.sum(build.mul(y, y), name="loss")), {"w": X})


ONE_OP = {
    "no attribute": ("exp", {}, lambda x: 2 * np.exp(2 * x)),
    "an axis": ("sum", {"axis": 1}, lambda x: 2 * np.repeat(x.sum(1, keepdims=True), 2, 1)),
    "indices": ("take", {"indices": (1, 1)}, lambda x: np.stack([0 * x[0], 4 * x[1]])),
    "a name of Python's": ("max", {"axis": 0}, lambda x: 2 * x * (x == x.max(0))),
}


@pytest.mark.parametrize("name", ONE_OP)
def test_the_lines_run_and_give_the_gradient(words: Any, name: str) -> None:
    op, attributes, gradient = ONE_OP[name]
    lines = script(case(op, **attributes), words)
    names: dict[str, Any] = {}
    exec(TENSOR.read_text() + "\n" + "\n".join(lines), names)
    np.testing.assert_allclose(names["w"].grad, gradient(X), rtol=1e-14)


def test_what_cannot_be_spelled_is_not_written(words: Any) -> None:
    assert script(case("exp"), words)
    assert script(case("sin"), words) == []  # the file has no sine
    assert script(case("exp"), {key: text for key, text in words.items() if key != "leaf"}) == []


def test_the_lines_of_a_class_of_lists_run_and_read_the_gradient_out_of_its_object() -> None:
    file = TENSOR.with_name("right_realized.py")
    (offer,) = recognised(Package(file).load()).offers
    build = GraphBuilder()
    w, a = build.parameter("w", (2, 2)), build.parameter("a")
    graph = build.graph(build.mul(a, build.sum(build.mul(w, w)), name="loss"))
    lines = script(Case("own", graph, {"w": X, "a": 3.0}), offer.words)
    names: dict[str, Any] = {"np": np}
    exec(file.read_text() + "\n" + "\n".join(lines), names)
    np.testing.assert_allclose(eval(offer.words["grad"].format("w"), names), 6 * X, rtol=1e-14)


def test_a_number_is_an_array_for_a_class_that_takes_arrays_alone() -> None:
    build = GraphBuilder()
    case_ = Case("own", build.graph(build.square(build.parameter("w"), name="loss")), {"w": 3.0})
    usual = {"leaf": "T({})", "sweep": "{}.backward()", "op square": "{0} * {0}"}
    assert script(case_, usual)[0] == "w = T(3.0)"
    assert script(case_, usual | {"number": "np.array({})"})[0] == "w = T(np.array(3.0))"


def test_large_arrays_are_not_written(words: Any) -> None:
    build = GraphBuilder()
    w = build.parameter("w", (MOST_ENTRIES + 1,))
    graph = build.graph(build.sum(build.exp(w), name="loss"))
    assert script(Case("own", graph, {"w": np.ones(MOST_ENTRIES + 1)}), words) == []


def test_an_option_that_verify_has_not_is_not_advised() -> None:
    line = Text.assemble(("  perhaps   ", "bold"), 'say DTYPE = "float32" in the file, or --dtype float32; so it is')
    assert without_dtype_option(line).plain == '  perhaps   say DTYPE = "float32" in the file; so it is'
    assert without_dtype_option(Text("no advice")).plain == "no advice"


def test_a_number_beside_a_node_is_a_leaf_where_the_class_takes_no_plain_one(tmp_path: Path) -> None:
    text = TENSOR.read_text()
    strict = text.replace("return other if isinstance(other, Tensor) else Tensor(other)", "return other")
    file = tmp_path / "strict.py"
    file.write_text(strict)
    (offer,) = recognised(Package(file).load()).offers
    build = GraphBuilder()
    loss = build.mul(build.constant(np.array(5.0)), build.parameter("w"), name="loss")
    lines = script(Case("own", build.graph(loss), {"w": np.array(3.0)}), offer.words)
    names: dict[str, Any] = {}
    exec(strict + "\n" + "\n".join(lines), names)
    assert names["w"].grad == 5.0
    assert "Tensor(5)" in "\n".join(lines)
