"""Where ops are defined, on both sides of each boundary; and how far arguments are from a kink."""

from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck.errors import InvalidProblem
from gradcheck.problem import OPS, Graph, GraphBuilder

TINY = 5e-324  # the smallest float above 0


class Inside(NamedTuple):
    """Arguments at which an op is defined; strings stand for constants, numbers for parameters."""

    op: str
    arguments: tuple[float | str, ...]


class Outside(NamedTuple):
    """Arguments at which it is not, and what the complaint says."""

    op: str
    arguments: tuple[float | str, ...]
    says: str


BOUNDARIES = [
    Inside("div", (0.0, TINY)),
    Inside("div", (0.0, -TINY)),
    Outside("div", (1.0, 0.0), "its divisor must not be 0"),
    Outside("div", (1.0, -0.0), "its divisor must not be 0"),
    Outside("div", (0.0, "0"), "its divisor must not be 0"),
    Inside("sqrt", (TINY,)),
    Outside("sqrt", (0.0,), "its argument must be > 0"),
    Outside("sqrt", (-TINY,), "its argument must be > 0"),
    Inside("log", (TINY,)),
    Outside("log", (0.0,), "its argument must be > 0"),
    Outside("log", (-1.0,), "its argument must be > 0"),
    Inside("log1p", (np.nextafter(-1.0, 0.0),)),
    Outside("log1p", (-1.0,), "its argument must be > -1"),
    Outside("log1p", (np.nextafter(-1.0, -2.0),), "its argument must be > -1"),
    Inside("pow", (TINY, 1.0)),
    Inside("pow", (TINY, "0.5")),
    Inside("pow", (-2.0, "3")),
    Inside("pow", (-2.0, "-3")),
    Inside("pow", (0.0, "2")),
    Inside("pow", (0.0, "0")),
    Inside("pow", ("2", -1.5)),
    Outside("pow", (0.0, "-1"), "its base must be > 0"),
    Outside("pow", (0.0, "0.5"), "its base must be > 0"),
    Outside("pow", (-2.0, "0.5"), "its base must be > 0"),
    Outside("pow", (-2.0, np.nextafter(2.0, 3.0)), "its base must be > 0"),
    Outside("pow", (-2.0, 2.0), "the exponent a constant whole number"),  # a trained exponent moves off 2
    Outside("pow", (0.0, 2.0), "its base must be > 0"),
    Outside("pow", ("-2", 2.0), "its base must be > 0"),
    Outside("pow", ("0", 2.0), "its base must be > 0"),
]


def made(op: str, arguments: tuple[float | str, ...]) -> tuple[Graph, dict[str, float]]:
    build = GraphBuilder()
    terms: list[Any] = []
    point = {}
    for k, argument in enumerate(arguments):
        if isinstance(argument, str):
            terms.append(float(argument))
        else:
            terms.append(build.parameter(f"p{k}"))
            point[f"p{k}"] = argument
    return build.graph(build.apply(op, *terms, name="node")), point


@pytest.mark.parametrize("row", BOUNDARIES, ids=lambda row: f"{row.op}{row.arguments}")
def test_domains_end_where_they_say(row: Inside | Outside) -> None:
    graph, point = made(row.op, row.arguments)
    if isinstance(row, Inside):
        assert np.isfinite(graph.evaluate(point)["node"])
        return
    with pytest.raises(InvalidProblem) as refusal:
        graph.evaluate(point)
    assert row.says in str(refusal.value)
    assert str(refusal.value).startswith(f"node 'node': {row.op}(")
    assert "outside the op's domain" in str(refusal.value)


def test_every_domain_is_tried_on_both_sides() -> None:
    with_domain = {op for op, row in OPS.items() if row.domain is not None}
    assert {row.op for row in BOUNDARIES if isinstance(row, Inside)} == with_domain
    assert {row.op for row in BOUNDARIES if isinstance(row, Outside)} == with_domain


def test_one_entry_outside_is_enough_and_is_shown() -> None:
    build = GraphBuilder()
    graph = build.graph(build.sum(build.log(build.parameter("x", (3,)), name="logs")))
    with pytest.raises(InvalidProblem, match=r"node 'logs': log\(\[ 1\. , -0\.5,  2\. \]\) is outside"):
        graph.evaluate({"x": [1.0, -0.5, 2.0]})


def test_the_exponent_counts_as_trained_through_other_nodes() -> None:
    build = GraphBuilder()
    n, x = build.parameter("n"), build.input("x")
    trained = build.graph(build.pow(x, n * 1.0, name="power"))
    with pytest.raises(InvalidProblem, match="node 'power'"):
        trained.evaluate({"n": 2.0, "x": -3.0})
    build = GraphBuilder()
    x, n = build.parameter("x"), build.input("n")
    assert float(build.graph(build.pow(x, n, name="power")).evaluate({"n": 2.0, "x": -3.0})["power"]) == 9.0


@pytest.mark.parametrize(
    ("op", "below", "above"), [("exp", 709.78, 709.79), ("square", 1.34e154, 1.35e154), ("neg", 1.7e308, None)]
)
def test_values_must_be_finite(op: str, below: float, above: float | None) -> None:
    graph, _ = made(op, (below,))
    assert np.isfinite(graph.evaluate({"p0": below})["node"])
    if above is not None:
        with pytest.raises(InvalidProblem, match=rf"node 'node': {op}\(.*\) is inf, and every value must be finite"):
            graph.evaluate({"p0": above})


@pytest.mark.parametrize("op", ["sigmoid", "softplus", "tanh", "elu", "gelu", "relu", "sin"])
@pytest.mark.parametrize("x", [-1e300, -800.0, 800.0, 1e300])
def test_saturated_ops_overflow_nowhere(op: str, x: float) -> None:
    graph, point = made(op, (x,))
    assert np.isfinite(graph.evaluate(point)["node"])


KINKS: dict[str, Any] = {
    "relu": lambda x: abs(x),
    "leaky_relu": lambda x: abs(x),
    "abs": lambda x: abs(x),
    "minimum": lambda x, y: abs(x - y),
    "maximum": lambda x, y: abs(x - y),
}


@pytest.mark.parametrize("op", KINKS)
def test_distance_to_the_kink(op: str) -> None:
    row = OPS[op]
    assert row.kink is not None
    for x in (-2.0, -TINY, 0.0, 0.5):
        arguments = (x,) if row.arity == 1 else (x, 0.25)
        got = row.kink(*map(np.asarray, arguments))
        assert float(got) == KINKS[op](*arguments)


def test_every_op_with_a_kink_is_tried_here() -> None:
    assert {op for op, row in OPS.items() if row.kink is not None} == {*KINKS, "elu", "max"}


@pytest.mark.parametrize(("alpha", "expected"), [(1.0, np.inf), (0.5, 0.25), (2.0, 0.25)])
def test_elu_has_a_kink_unless_alpha_is_one(alpha: float, expected: float) -> None:
    kink = OPS["elu"].kink
    assert kink is not None
    assert kink(np.array([0.25, -0.25]), alpha=alpha).tolist() == [expected, expected]


@given(
    st.lists(st.sampled_from([0.0, 1.0, 1.5, -2.0]), min_size=24, max_size=24),
    st.sampled_from([None, 0, 1, -1, (0, 1), (0, -1), (1, 2), (2, 0), (0, 1, 2), ()]),
    st.booleans(),
)
def test_gap_of_a_maximum(entries: list[float], axis: Any, keepdims: bool) -> None:
    x = np.array(entries).reshape(2, 3, 4)
    kink = OPS["max"].kink
    assert kink is not None
    got = kink(x, axis=axis, keepdims=keepdims)
    axes = (0, 1, 2) if axis is None else tuple(a % 3 for a in (axis if isinstance(axis, tuple) else (axis,)))
    kept = [a for a in range(3) if a not in axes]
    expected = {}
    for at in np.ndindex(x.shape):
        expected.setdefault(tuple(at[a] for a in kept), []).append(float(x[at]))
    assert got.shape == tuple(x.shape[a] for a in kept)
    for at, group in expected.items():
        first, *rest = sorted(group, reverse=True)
        assert float(got[at]) == (first - rest[0] if rest else np.inf)


def test_a_range_serves_all_arguments_that_have_none_of_their_own() -> None:
    assert OPS["mul"].range_of(0) == OPS["mul"].range_of(1) == (-2.0, 2.0)
    assert OPS["div"].range_of(1) == (0.5, 2.0)
