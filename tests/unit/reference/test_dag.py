"""`reference/dag.py`: worked numbers of the source documents, structure, dtypes, growth."""

import numpy as np
import pytest

from gradcheck.problem import CODES, Graph, GraphBuilder
from gradcheck.reference.dag import ADJOINTS_UP_TO, gradients, levels


class Counting(np.ndarray):
    """An array that counts the entries that element operations produce."""

    made = 0

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        plain = [np.asarray(x) if isinstance(x, Counting) else x for x in inputs]
        if "out" in kwargs:
            kwargs["out"] = tuple(np.asarray(x) for x in kwargs["out"])
        result = getattr(ufunc, method)(*plain, **kwargs)
        Counting.made += 0 if result is None else np.size(result)
        return result if result is None else np.asarray(result).view(Counting)


def counted(graph, point):
    Counting.made = 0
    answer = gradients(graph, {name: np.asarray(value).view(Counting) for name, value in point.items()})
    return answer, Counting.made


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def arrays(**values):
    return {name: np.asarray(value, dtype=np.float64) for name, value in values.items()}


def both_ways(graph, point):
    """Whole levels of scalars at once, and node by node; they must agree."""
    value, grads, adjoints = gradients(graph, point)
    other_value, other_grads, other_adjoints = counted(graph, point)[0]
    np.testing.assert_allclose(value, other_value, rtol=1e-14)
    for ours, others in ((grads, other_grads), (adjoints, other_adjoints)):
        assert ours.keys() == others.keys()
        for name, adjoint in ours.items():
            np.testing.assert_allclose(adjoint, others[name], rtol=1e-13, atol=1e-300)
    return value, grads, adjoints


def logistic(lam=0.0):
    build = GraphBuilder()
    w, b, x, t = build.parameter("w"), build.parameter("b"), build.input("x"), build.input("t")
    y = build.sigmoid(build.add(w * x, b, name="z"), name="y")
    loss = 0.5 * build.square(y - t)
    return build.graph(loss + lam * (0.5 * build.square(w)) if lam else loss)


@pytest.mark.parametrize("lam", [0.0, 0.3])
def test_logistic_least_squares(lam):  # S1.a, S1.b
    w, b, x, t = 0.75, -0.5, 2.0, 1.0
    value, grads, adjoints = both_ways(logistic(lam), arrays(w=w, b=b, x=x, t=t))
    y = sigmoid(w * x + b)
    delta = (y - t) * y * (1 - y)
    assert value == pytest.approx(0.5 * (y - t) ** 2 + lam * w * w / 2, rel=1e-15)
    assert grads["w"] == pytest.approx(delta * x + lam * w, rel=1e-14)
    assert grads["b"] == pytest.approx(delta, rel=1e-14)
    assert adjoints["y"] == pytest.approx(y - t, rel=1e-15)
    assert adjoints["z"] == adjoints["b"] == grads["b"]
    assert set(grads) == {"w", "b"}


def test_multivariate_chain_rule():  # S1.c
    build = GraphBuilder()
    t = build.parameter("t")
    x, y = build.cos(t), build.square(t)
    graph = build.graph(y + build.exp(x * y))
    at = 0.75
    _, grads, _ = both_ways(graph, arrays(t=at))
    x, y = np.cos(at), at**2
    expected = y * np.exp(x * y) * -np.sin(at) + (1 + x * np.exp(x * y)) * 2 * at
    assert grads["t"] == pytest.approx(expected, rel=1e-14)


def test_gradients_add_at_branches():  # S4.b
    build = GraphBuilder()
    a, b, c = (build.parameter(name) for name in "abc")
    graph = build.graph(build.mul(build.add(a, b, name="x"), build.add(b, c, name="y")))
    value, grads, adjoints = both_ways(graph, arrays(a=-1, b=3, c=4))
    assert (value, grads["a"], grads["b"], grads["c"]) == (14, 7, 9, 2)
    assert (adjoints["x"], adjoints["y"]) == (7, 2)


def test_two_layer_mlp_in_vector_form():  # S1.e
    random = np.random.default_rng(3)
    sizes = {"W1": (3, 2), "b1": (3,), "W2": (2, 3), "b2": (2,)}
    build = GraphBuilder()
    p = {name: build.parameter(name, shape) for name, shape in sizes.items()}
    x, t = build.input("x", (2,)), build.input("t", (2,))
    h = build.sigmoid(p["W1"] @ x + p["b1"])
    graph = build.graph(0.5 * build.sum(build.square(t - (p["W2"] @ h + p["b2"]))))
    at = {name: random.normal(size=shape) for name, shape in {**sizes, "x": (2,), "t": (2,)}.items()}
    value, grads, _ = gradients(graph, at)
    hidden = sigmoid(at["W1"] @ at["x"] + at["b1"])
    y_bar = at["W2"] @ hidden + at["b2"] - at["t"]
    z_bar = (at["W2"].T @ y_bar) * hidden * (1 - hidden)
    assert value == pytest.approx(0.5 * y_bar @ y_bar, rel=1e-14)
    expected = {"W1": np.outer(z_bar, at["x"]), "b1": z_bar, "W2": np.outer(y_bar, hidden), "b2": y_bar}
    for name, gradient in expected.items():
        np.testing.assert_allclose(grads[name], gradient, rtol=1e-13)


def test_softmax_cross_entropy_with_targets_that_do_not_sum_to_one():  # S1.d
    build = GraphBuilder()
    z, t = build.parameter("z", (3,)), build.input("t", (3,))
    graph = build.graph(build.cross_entropy(z, t))
    at = arrays(z=[0.5, -1.0, 2.0], t=[0.25, 0.5, 1.0])
    y = np.exp(at["z"]) / np.exp(at["z"]).sum()
    _, grads, _ = gradients(graph, at)
    np.testing.assert_allclose(grads["z"], 1.75 * y - at["t"], rtol=1e-14)


@pytest.mark.parametrize("seed", range(5))
def test_nodes_in_any_order(seed):
    graph, point = logistic(0.3), arrays(w=0.75, b=-0.5, x=2.0, t=1.0)
    order = np.random.default_rng(seed).permutation(len(graph))  # order[new] = old
    place = np.argsort(order)
    arguments = [[int(place[a]) for a in graph.arguments(int(old))] for old in order]
    shuffled = Graph.from_arrays(
        graph.codes[order],
        np.cumsum([0, *map(len, arguments)]),
        [a for row in arguments for a in row],
        loss=int(place[graph.loss]),
        names=[graph.names[old] for old in order],
        constants={int(place[i]): value for i, value in graph.constants.items()},
    )
    for ours, others in zip(both_ways(shuffled, point)[1:], gradients(graph, point)[1:], strict=True):
        for name, adjoint in others.items():
            np.testing.assert_allclose(ours[name], adjoint, rtol=1e-14)


def test_repeated_arguments():
    build = GraphBuilder()
    x = build.parameter("x")
    y = x * x
    graph = build.graph(y * y + x)
    assert both_ways(graph, arrays(x=1.5))[1]["x"] == 4 * 1.5**3 + 1


def test_what_does_not_reach_the_loss_gets_zero():
    build = GraphBuilder()
    w, used_dead = build.parameter("w"), build.parameter("used_dead")
    build.parameter("idle", (2,))
    build.div(w, build.square(used_dead), name="dead")  # infinite slope at 0, and none of the loss's business
    _, grads, adjoints = gradients(build.graph(build.exp(w)), arrays(w=0.0, idle=[1.0, 2.0], used_dead=1e-200))
    np.testing.assert_array_equal(grads["idle"], [0.0, 0.0])
    assert (grads["w"], grads["used_dead"], adjoints["dead"]) == (1.0, 0.0, 0.0)


def test_the_loss_may_be_a_parameter():
    build = GraphBuilder()
    value, grads, _ = gradients(build.graph(build.parameter("w")), arrays(w=3.0))
    assert (value, grads["w"]) == (3.0, 1.0)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_answers_keep_the_dtype_and_shape_of_the_point(dtype):
    scalar, point = logistic(0.3), arrays(w=0.75, b=-0.5, x=2.0, t=1.0)
    build = GraphBuilder()
    w = build.parameter("w", (2, 1))
    array = build.graph(build.mean(build.elu(w * [1.0, 2.0, 3.0], alpha=0.5)) ** 2)
    for graph, at in ((scalar, point), (array, {"w": np.array([[1.0], [-0.5]])})):
        value, grads, adjoints = gradients(graph, {name: v.astype(dtype) for name, v in at.items()})
        for name, answer in [("loss", value), *grads.items(), *adjoints.items()]:
            assert type(answer) is np.ndarray
            assert answer.dtype == dtype
            assert name == "loss" or answer.shape == graph.shapes[graph.index(name)]


def test_attributes_travel_with_each_node_of_a_batch():
    build = GraphBuilder()
    x = [build.parameter(f"x{k}") for k in range(12)]
    terms = [
        build.leaky_relu(node, slope=(k + 1) / 16) if k % 2 else build.leaky_relu(node) for k, node in enumerate(x)
    ]
    masked = [build.where(node, 2.0 * node, mask=bool(k % 3)) for k, node in enumerate(terms)]
    while len(masked) > 1:
        masked = [a + b for a, b in zip(masked[::2], masked[1::2] + [0.0] * (len(masked) % 2), strict=True)]
    _, grads, _ = both_ways(build.graph(masked[0]), arrays(**{f"x{k}": -1.0 for k in range(12)}))
    for k in range(12):
        assert grads[f"x{k}"] == ((k + 1) / 16 if k % 2 else 0.01) * (1 if k % 3 else 2)


def test_answers_are_our_own_arrays():
    build = GraphBuilder()
    a, b = build.parameter("a", (2,)), build.parameter("b", (2,))
    _, grads, adjoints = gradients(build.graph(build.sum(a + b)), arrays(a=[1, 2], b=[3, 4]))
    grads["a"][:] = 7.0
    np.testing.assert_array_equal(grads["b"], [1.0, 1.0])
    np.testing.assert_array_equal(adjoints["a"], [1.0, 1.0])


# Structure and growth.


def random_homogeneous(nodes, leaves, seed):
    """A random DAG of operations with f(c x) = c f(x), so that Euler's identity f(x) = sum x df/dx holds."""
    random = np.random.default_rng(seed)
    menu = np.array([CODES[op] for op in ("sub", "maximum", "minimum", "neg", "abs", "leaky_relu")])
    codes = np.full(nodes, CODES["parameter"])
    codes[leaves:] = random.choice(menu, nodes - leaves)
    codes[-1] = CODES["sub"]
    arity = np.select([codes == CODES["parameter"], codes < CODES["neg"]], [0, 2], 1)
    arity[np.isin(codes, [CODES["maximum"], CODES["minimum"]])] = 2
    user = np.repeat(np.arange(nodes), arity)
    inputs = np.maximum(user - 1 - random.integers(0, 500, len(user)), 0)
    return Graph.from_arrays(codes, np.r_[0, np.cumsum(arity)], inputs, loss=nodes - 1)


@pytest.mark.parametrize("nodes", [600, 300_000])
def test_random_scalar_graphs_satisfy_eulers_identity(nodes):
    graph = random_homogeneous(nodes, leaves=500, seed=nodes)
    random = np.random.default_rng(1)
    point = {f"v{i}": random.normal() for i in range(500)}
    answer = gradients(graph, point)
    terms = np.array([point[name] * float(grad) for name, grad in answer[1].items()])
    assert np.any(terms)
    assert answer[0] == pytest.approx(terms.sum(), rel=1e-9, abs=1e-12 * np.abs(terms).sum())
    assert len(answer) == (3 if nodes <= ADJOINTS_UP_TO else 2)


def test_every_node_comes_after_all_its_users():
    graph = random_homogeneous(2000, leaves=40, seed=5)
    found = levels(graph)
    level_of = {i: k for k, level in enumerate(found) for i in level}
    assert sum(map(len, found)) == len(level_of)
    assert found[0] == [graph.loss]
    for i, k in level_of.items():
        assert all(level_of[a] > k for a in graph.arguments(i))


def test_a_chain_of_100_000_nodes():
    n = 100_000
    codes = np.full(n, CODES["sin"])
    codes[0] = CODES["parameter"]
    chain = Graph.from_arrays(codes, np.r_[0, np.arange(n)], np.arange(n - 1), loss=n - 1)
    value, grads = gradients(chain, {"v0": np.array(0.5)})
    x, slope = 0.5, 1.0
    for _ in range(n - 1):
        slope *= np.cos(x)
        x = np.sin(x)
    assert value == pytest.approx(x, rel=1e-12)
    assert grads["v0"] == pytest.approx(slope, rel=1e-9)


def diamonds(depth):
    """x -> x and -x -> (x - -x) / 2 = x -> ...: 2^depth paths, and the gradient is 1."""
    build = GraphBuilder()
    node = build.parameter("x")
    for _ in range(depth):
        node = 0.5 * (node - build.neg(node))
    return build.graph(node)


def multiplications_of_path_expansion(graph):
    """S0's naive expansion: a node's adjoint is found anew for every node that it feeds."""
    users = [[] for _ in range(len(graph))]
    for i in range(len(graph)):
        for a in graph.arguments(i):
            users[a].append(i)

    def expand(node):
        return sum(1 + expand(user) for user in users[node])

    return expand(graph.index("x"))


def grows_linearly(cost_of_20, cost_of_40, cost_of_80):
    return cost_of_80 - cost_of_40 == 2 * (cost_of_40 - cost_of_20) > 0


def test_cost_is_linear_although_paths_are_exponential():  # S0.a
    costs = []
    for depth in (20, 40, 80):
        (_, grads, _), made = counted(diamonds(depth), arrays(x=0.5))
        assert grads["x"] == 1.0
        costs.append(made)
    assert grows_linearly(*costs)


@pytest.mark.parametrize("op", ["sigmoid", "tanh", "softplus", "gelu", "relu", "log_softmax", "logsumexp"])
def test_a_counter_stays_with_the_values_through_every_layer(op):
    costs = []
    for depth in (1, 2, 3):
        build = GraphBuilder()
        node = build.parameter("x", (3,))
        for _ in range(depth):
            node = build.apply(op, node) * [1.0, 2.0, 3.0]
        costs.append(counted(build.graph(build.sum(node)), arrays(x=[0.5, 1.0, 1.5]))[1])
    assert costs[2] - costs[1] == costs[1] - costs[0] > 3 * 3  # value and product forward, message backward, at least


def test_the_same_measure_finds_path_expansion_exponential():
    costs = [multiplications_of_path_expansion(diamonds(depth)) for depth in (3, 6, 12)]
    assert not grows_linearly(*costs)
    assert costs[2] > 2**12
