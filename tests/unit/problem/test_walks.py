"""Walks over the edges of a graph: uses, ancestors up to a node that counts as a leaf, paths."""

from gradcheck.problem import Graph, GraphBuilder
from gradcheck.problem.walks import ancestors, path_count, users


def square_beside_a_dead_branch() -> Graph:
    build = GraphBuilder()
    x = build.parameter("x")
    a = build.sin(x, name="a")
    build.exp(a, name="dead")
    return build.graph(build.mul(a, a, name="loss"))


def test_users_are_listed_by_slot_and_on_the_way_to_the_loss_alone() -> None:
    graph = square_beside_a_dead_branch()
    found = {graph.names[i]: [(graph.names[k], slot) for k, slot in uses] for i, uses in users(graph).items()}
    assert found == {"x": [("a", 0)], "a": [("loss", 0), ("loss", 1)], "dead": [], "loss": []}


def test_ancestors_end_at_a_leaf() -> None:
    graph = square_beside_a_dead_branch()
    x, a, loss = (graph.index(name) for name in ("x", "a", "loss"))
    assert ancestors(graph, loss) == [x, a, loss]
    assert ancestors(graph, loss, leaf=a) == [a, loss]
    assert ancestors(graph, loss, leaf=graph.index("dead")) == [x, a, loss]


def test_a_square_has_two_paths() -> None:
    assert path_count(square_beside_a_dead_branch()) == 2
