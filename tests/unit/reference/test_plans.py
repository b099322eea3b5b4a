"""`reference/plans.py` and `mlp_plans.py`: every way in which a plan computes answers as the plain algorithm does.

The loop that numba compiles is also run as Python, so that it is tested where numba is not installed.
"""

import gc
import sys
from importlib.util import find_spec
from types import SimpleNamespace

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings

from gradcheck.errors import InvalidProblem
from gradcheck.problem import CODES, OPS, Graph, GraphBuilder
from gradcheck.problem.mlp import MLP
from gradcheck.reference import compiled_tape, dag, mlp, mlp_plans, plans, scalar_rules, straight_line, wide_levels
from gradcheck.reference.scalar_tape import tape_of
from gradcheck.reference.vector_tanh import fastest, tanh_in_place
from gradcheck.strategies.drawn_networks import mlps
from gradcheck.strategies.graph_strategies import graph_cases

EXECUTORS = ["straight", "levels", "compiled"]
FEW = settings(max_examples=25)


@pytest.fixture(autouse=True)
def loop_in_python(monkeypatch):
    """The loop of `compiled_tape` as it stands, instead of two seconds of numba for each set of ops."""
    monkeypatch.setitem(sys.modules, "numba", SimpleNamespace(njit=lambda **_: lambda function: function))
    monkeypatch.setattr(compiled_tape, "AVAILABLE", False)
    compiled_tape.compiled.cache_clear()
    fastest.cache_clear()
    yield
    compiled_tape.compiled.cache_clear()
    fastest.cache_clear()


def columns(plan, point):
    return np.array([float(point[name]) for name in plan.names])


def apart(one, other):
    """The largest difference, relative to the largest number; infinite where one alone is not finite."""
    one, other = np.atleast_1d(one), np.atleast_1d(other)
    if not np.array_equal(one[~np.isfinite(one)], other[~np.isfinite(other)], equal_nan=True):
        return np.inf
    sound = np.isfinite(one) & np.isfinite(other)
    largest = np.max(np.abs(other[sound]), initial=0.0)
    return float(np.max(np.abs(one[sound] - other[sound]), initial=0.0)) / (largest or 1.0)


def disagreement(graph, point, executor):
    """How far a plan is from `dag.gradients`."""
    plan = plans.Plan(tape_of(graph), executor)
    value, grads = plan.run(columns(plan, point))
    expected = dag.gradients(graph, point)
    wanted = np.array([expected[1][graph.names[i]] for i in graph.parameters])
    return max(apart(value, expected[0]), apart(grads, wanted))


def drawn_graph(nodes=60, leaves=6, seed=0, menu=("add", "mul", "sub", "tanh", "sin", "sigmoid", "maximum")):
    """A random graph with a long middle; all of it feeds the loss."""
    random = np.random.default_rng(seed)
    build = GraphBuilder()
    made = [build.parameter(f"w{k}") for k in range(leaves)] + [build.input("x"), build.constant(0.5)]
    for _ in range(nodes):
        op = menu[random.integers(len(menu))]
        first, second = made[-1 - random.integers(3)], made[random.integers(len(made))]
        made.append(build.apply(op, *(first, second)[: OPS[op].arity]))
    while len(made) > 1:
        made = [a + b for a, b in zip(made[::2], made[1::2], strict=False)] + made[len(made) // 2 * 2 :]
    graph = build.graph(made[0])
    return graph, {graph.names[i]: np.array(random.normal()) for i in graph.free}


@pytest.mark.parametrize("executor", EXECUTORS)
def test_drawn_graphs(executor):
    @FEW
    @given(graph_cases(max_nodes=20))
    def agree(case):
        if tape_of(case.graph) is not None:
            assert disagreement(case.graph, case.graph.complete(case.point), executor) < 1e-13

    agree()


def alone(op, values, **attributes):
    """sin(op(w0, w1) + w0), so that g is neither 0 nor 1."""
    build = GraphBuilder()
    w = [build.parameter(f"w{k}") for k in range(len(values))]
    graph = build.graph(build.sin(build.apply(op, *w, **attributes) + w[0]))
    return graph, {f"w{k}": np.array(value) for k, value in enumerate(values)}


ATTRIBUTES = {"leaky_relu": {"slope": 0.25}, "elu": {"alpha": 0.5}, "where": {"mask": True}}
POINTS = [
    (op, tuple(float(x) for x in values))
    for op in scalar_rules.TEXTS
    for values in (*OPS[op].special, *[tuple(x for _ in range(OPS[op].arity)) for x in (0.75, 0.0, -0.75, 1.0, 800.0)])
    if len(values) == OPS[op].arity
]


@pytest.mark.parametrize("executor", ["straight", "levels"])
def test_each_op_at_its_special_points(executor):
    """At kinks and far out, where floats of Python raise what NumPy answers with inf or NaN."""
    assert len(POINTS) > 150
    for op, values in POINTS:
        graph, point = alone(op, values, **ATTRIBUTES.get(op, {}))
        assert disagreement(graph, point, executor) < 1e-13, (op, values)


@pytest.mark.parametrize("op", scalar_rules.TEXTS)
def test_a_wrong_text_is_rejected(op, monkeypatch):
    """Each message of each op, in the two programs that are made of texts; 0.75 is a tie of two."""
    value, *messages = scalar_rules.TEXTS[op]
    for k, message in enumerate(messages):
        graph, point = alone(op, (0.75,) * len(messages), **{**ATTRIBUTES, "where": {"mask": k == 0}}.get(op, {}))
        wrong = {**scalar_rules.TEXTS, op: (value, *messages[:k], f"1.001 * ({message})", *messages[k + 1 :])}
        for executor, module in (("straight", straight_line), ("compiled", compiled_tape)):
            compiled_tape.compiled.cache_clear()
            assert disagreement(graph, point, executor) < 1e-13
            compiled_tape.compiled.cache_clear()
            with monkeypatch.context() as patched:
                patched.setattr(module, "TEXTS", wrong)
                assert disagreement(graph, point, executor) > 1e-6, message


def test_wide_levels_that_overwrite_are_rejected(monkeypatch):
    graph, point = drawn_graph()
    assert disagreement(graph, point, "levels") < 1e-13

    class Overwriting:
        at = staticmethod(lambda array, index, message: array.__setitem__(index, message))

    monkeypatch.setattr(wide_levels, "np", SimpleNamespace(**{**vars(np), "add": Overwriting}))
    assert disagreement(graph, point, "levels") > 1e-3


def test_parts_of_a_long_tape(monkeypatch):
    monkeypatch.setattr(straight_line, "PART", 17)
    graph, point = drawn_graph(300)
    assert disagreement(graph, point, "straight") < 1e-13
    tape = tape_of(graph)
    program, at = straight_line.StraightLine(tape), [float(point[name]) for name in tape.names]
    right = program(at)
    program._parts[:2] = program._parts[1::-1]  # two parts the wrong way round
    assert apart(program(at), right) > 1e-3


@pytest.mark.parametrize("executor", EXECUTORS)
def test_many_points(executor, monkeypatch):
    monkeypatch.setattr(plans, "BLOCK", 1000)  # so that `levels` works them off in blocks
    plan = plans.Plan(tape_of(drawn_graph()[0]), executor)
    points = np.random.default_rng(1).normal(size=(33, len(plan.names)))
    values, grads = plan.run(points)
    assert (values.shape, grads.shape) == ((33,), (33, 6))
    for k in (0, 13, 32):
        value, gradient = plan.run(points[k])
        assert (np.shape(value), gradient.shape) == ((), (6,))
        assert max(apart(values[k], value), apart(grads[k], gradient)) < 1e-13
    assert apart(values[0], values[1]) > 1e-3
    assert plan.run(points[:0])[1].shape == (0, 6)


def test_answers_stay_when_the_plan_is_run_again():
    graph, point = drawn_graph()
    for executor in EXECUTORS:
        plan = plans.Plan(tape_of(graph), executor)
        x = columns(plan, point)
        first = plan.run(x)[1]
        kept = first.copy()
        plan.run(2.0 * x)
        np.testing.assert_array_equal(first, kept)


@pytest.mark.parametrize("shape", [(), (5,), (2, 9), (1, 2, 8)])
def test_points_of_a_wrong_shape(shape):
    plan = plans.Plan(tape_of(drawn_graph()[0]))
    with pytest.raises(InvalidProblem, match=r"shape \(7,\) or \(k, 7\)"):
        plan.run(np.zeros(shape))


def levels_of(width, depth):
    """sin of each of `width` parameters, `depth` times, then their sum in pairs."""
    codes = np.full(width * (depth + 1), CODES["sin"])
    codes[:width] = CODES["parameter"]
    inputs, ends = np.arange(width * depth).tolist(), list(range(width * depth, width * (depth + 1)))
    arity = [0] * width + [1] * (width * depth)
    while len(ends) > 1:
        made = range(len(arity), len(arity) + len(ends) // 2)
        inputs += ends[: 2 * len(made)]
        arity += [2] * len(made)
        ends = [*ends[2 * len(made) :], *made]
    codes = np.r_[codes, np.full(len(arity) - len(codes), CODES["add"])]
    return Graph.from_arrays(codes, np.r_[0, np.cumsum(arity)], inputs, loss=len(arity) - 1)


def test_the_shape_chooses(monkeypatch):
    wide, deep = tape_of(levels_of(256, 8)), tape_of(levels_of(2, 300))
    assert plans.Plan(wide).executor() == "levels"
    assert [plans.Plan(deep).executor(points) for points in (1, 16, 17)] == ["straight", "straight", "levels"]


def test_numba_compiles_what_has_been_run_often(monkeypatch):
    tape = tape_of(levels_of(2, 300))
    without, plan = plans.Plan(tape), plans.Plan(tape)
    monkeypatch.setattr(plans, "WORTH", 3 * len(tape.rows))
    monkeypatch.setattr(plans, "ROWS_OF_MAKING", 0)
    assert [without.run([0.5, 0.25])[0] for _ in range(5)] == 5 * [without.run([0.5, 0.25])[0]]
    assert without.executor() == "straight"
    monkeypatch.setattr(compiled_tape, "AVAILABLE", True)
    seen = []
    for _ in range(4):
        seen.append(plan.executor())
        assert apart(plan.run([0.5, 0.25])[1], without.run([0.5, 0.25])[1]) < 1e-13
    assert seen == ["straight", "straight", "straight", "compiled"]
    monkeypatch.setattr(plans, "ROWS_OF_MAKING", 3)  # a program that takes longer to make
    assert plans.Plan(tape).executor() == "compiled"
    assert plans.Plan(tape_of(levels_of(256, 8))).executor() == "levels"


def test_a_plan_is_made_once_and_dies_with_its_graph():
    graph, _ = drawn_graph()
    plan = plans.plan_of(graph)
    assert plans.plan_of(graph) is plan
    assert plans.plan_of(graph.in_dtype(np.dtype("f4"))) is not plan
    before = len(plans._PLANS)
    del graph
    gc.collect()
    assert len(plans._PLANS) == before - 1


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_by_names(dtype):
    for graph, point in (drawn_graph(), alone("exp", (800.0,)), arrays()):
        point = {name: value.astype(dtype) for name, value in point.items()}
        value, grads = plans.gradients(graph, point)
        wanted_value, wanted = dag.gradients(graph, point)[:2]
        assert (value.dtype, list(grads)) == (wanted_value.dtype, list(wanted))
        assert apart(value, wanted_value) < 1e-13
        for name, grad in grads.items():
            assert (type(grad), grad.dtype, grad.shape) == (np.ndarray, dtype, wanted[name].shape)
            assert apart(grad, wanted[name]) < 1e-13


def arrays():
    build = GraphBuilder()
    w = build.parameter("w", (3,))
    return build.graph(build.sum(build.square(w))), {"w": np.array([1.0, 2.0, 3.0])}


def test_what_has_no_tape():
    build = GraphBuilder()
    assert tape_of(arrays()[0]) is None
    assert tape_of(build.graph(build.parameter("w"))) is None


@pytest.mark.skipif(find_spec("numba") is None, reason="numba (extra `fast`) is not installed")
def test_the_loop_that_numba_compiles(monkeypatch):
    monkeypatch.undo()
    compiled_tape.compiled.cache_clear()
    graph, point = drawn_graph(menu=("add", "div", "tanh"))
    assert disagreement(graph, point, "compiled") < 1e-13
    assert disagreement(graph, dict.fromkeys(point, 0.0), "compiled") == 0.0  # divided by 0
    z = np.random.default_rng(0).normal(size=(40, 3), scale=5)
    fastest.cache_clear()
    assert apart(tanh_written(fastest(), z), np.tanh(z)) < 1e-15


# Networks.


def tanh_written(function, z):
    written = z.copy()
    function(written)
    return written


def off(a_net, point, engine):
    """How far an engine is from `mlp.mlp_gradients`."""
    value, grads = engine(a_net, point)
    wanted_value, wanted = mlp.mlp_gradients(a_net, point)
    assert list(grads) == list(wanted)
    return max(apart(value, wanted_value), *(apart(grads[name], wanted[name]) for name in wanted))


@FEW
@given(mlps(max_layers=4, max_batch=3))
def test_drawn_networks(case):
    net = case.problem
    point = {name: np.asarray(value, np.float64) for name, value in case.point.items()}
    assert off(net, point, mlp_plans.mlp_gradients) < 1e-12


def network(**options):
    net = MLP((3, 4, 4, 2), ("tanh", "sigmoid", "identity"), **options)
    random = np.random.default_rng(0)
    return net, {n: random.normal(size=s) for n, s in {**net.input_shapes, **net.parameter_shapes}.items()}


@pytest.mark.parametrize("batch", [1, 3])
def test_networks_by_a_plan(batch):
    net, point = network(batch=batch, l2=0.5, bias=batch > 1)
    plan = mlp_plans.MLPPlan(net)
    out = {name: np.full(shape, np.nan) for name, shape in net.parameter_shapes.items()}
    assert off(net, point, lambda _, at: plan.run(at)) < 1e-13
    assert off(net, point, lambda _, at: plan.run(at, out)) < 1e-13
    assert plan.run(point, out)[1] is out


@pytest.mark.parametrize("batch", [1, 3])
def test_wrong_network_plans_are_rejected(batch, monkeypatch):
    net, point = network(batch=batch)
    engine = mlp_plans.MLPPlan(net)
    wrong = {
        "IN_PLACE": {**mlp_plans.IN_PLACE, "tanh": (mlp_plans.IN_PLACE["tanh"][0], lambda a, out: out.fill(1.0))},
        "_add_up": lambda delta, a, out: np.multiply(delta[:1].T, a[:1] * 1.001, out=out),
    }
    for name, value in wrong.items():
        with monkeypatch.context() as patched:
            patched.setattr(mlp_plans, name, value)
            assert off(net, point, lambda _, at: engine.run(at)) > 1e-6
    assert off(net, point, lambda _, at: engine.run(at)) < 1e-13


def test_one_sample_through_a_large_layer(monkeypatch):
    monkeypatch.setattr(mlp_plans, "DOT_UP_TO", 0)
    net, point = network(batch=1)
    assert off(net, point, lambda _, at: mlp_plans.MLPPlan(net).run(at)) < 1e-13


def test_large_layers_take_the_faster_tanh(monkeypatch):
    net, point = network(batch=3)
    engine = mlp_plans.MLPPlan(net)
    monkeypatch.setattr(mlp_plans, "fastest", lambda: lambda a: a.fill(0.5))  # a wrong one
    assert off(net, point, lambda _, at: engine.run(at)) < 1e-13
    monkeypatch.setattr(mlp_plans, "LARGE", 12)
    assert off(net, point, lambda _, at: engine.run(at)) > 1e-3
    monkeypatch.setattr(mlp_plans, "fastest", lambda: tanh_in_place)
    assert off(net, point, lambda _, at: engine.run(at)) < 1e-13


def units_apart(function, x):
    """The largest error of tanh, relative to it, in units roundoff."""
    with mp.workdps(40):
        exact = [mp.tanh(mp.mpf(float(e))) for e in x]
        found = tanh_written(function, x[None])[0]
        return float(max(abs((mp.mpf(float(f)) - e) / e) for f, e in zip(found, exact, strict=True))) * 2**53


def test_tanh_by_its_series():
    x = np.r_[
        np.random.default_rng(0).normal(size=200, scale=3), np.logspace(-300, 1.5, 100), -np.linspace(0.3, 0.4, 20)
    ]
    assert units_apart(tanh_in_place, x) <= 3.0
    assert units_apart(lambda z: np.multiply(np.tanh(z), 1.0 + 5e-16, out=z), x) > 3.0
    edges = tanh_written(tanh_in_place, np.array([[0.0, -0.0, np.inf, -np.inf, 1e300, np.nan]]))[0]
    np.testing.assert_array_equal(edges, [0.0, -0.0, 1.0, -1.0, 1.0, np.nan])
    assert np.signbit(edges[1])
