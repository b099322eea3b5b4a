"""How classes of nodes are made and asked: by the root, in lists, with bases, properties and flags."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np
import pytest

from gradcheck.conventions.composed_ops import ops_made_of
from gradcheck.conventions.held_numbers import plain
from gradcheck.conventions.offer import Offer, inherits
from gradcheck.conventions.recognition import Recognition, recognised
from gradcheck.errors import SubjectError
from gradcheck.problem import GraphBuilder
from gradcheck.report.verify_json import described
from gradcheck.subject.description import SeenOffer
from gradcheck.subject.inprocess import InProcessSubject
from gradcheck.subject.loading import Package

GRADIENTS = """
    class Node:
        def __init__(self, value, links=()):
            self.value, self.links = value, links

        def __add__(self, other):
            return Node(self.value + other.value, ((self, 1.0), (other, 1.0)))

        def __mul__(self, other):
            return Node(self.value * other.value, ((self, other.value), (other, self.value)))

    def slopes(root):
        found = {}
        def walk(node, so_far):
            for child, slope in node.links:
                found[child] = found.get(child, 0.0) + so_far * slope
                walk(child, so_far * slope)
        walk(root, 1.0)
        return found
    """
ASKED: dict[str, tuple[str, str]] = {
    "method": (
        "def partial(self, leaf):\n    if leaf not in slopes(self): raise ValueError\n    return slopes(self)[leaf]",
        "root.partial(x)",
    ),
    "several": (
        "def gradient(self, leaves):\n    return [slopes(self).get(x, 0.0) for x in leaves]",
        "root.gradient([x])[0]",
    ),
    "mapping": ("def derivatives(self):\n    return slopes(self)", "root.derivatives()[x]"),
}
FUNCTIONS: dict[str, tuple[str, str]] = {
    "function": ("def grad(root, leaf):\n    return Node(slopes(root).get(leaf, 0.0))", "grad(root, x)"),
    "function of several": (
        "def gradients(root, xs):\n    return [slopes(root).get(x, 0.0) for x in xs]",
        "gradients(root, [x])[0]",
    ),
    "mapping given": ("def get_gradients(root):\n    return slopes(root)", "get_gradients(root)[x]"),
    "mapping of ids": ("def grads(root):\n    return {id(k): v for k, v in slopes(root).items()}", "grads(root)[x]"),
}


def looked_at(tmp_path: Path, text: str) -> Recognition:
    file = tmp_path / "engine.py"
    file.write_text(dedent(text))
    return recognised(Package(file).load())


def answers(offer: Offer, point: dict[str, Any]) -> tuple[float, dict[str, float]]:
    """Value and gradients of (x * y) * x + x, where z is not needed."""
    build = GraphBuilder()
    x, y, _ = (build.parameter(name) for name in ("x", "y", "z"))
    graph = build.graph(build.add(build.mul(build.mul(x, y), x), x))
    answer = InProcessSubject(offer.functions["gradients"]).ask(graph, point)
    return float(np.asarray(answer.value)), {k: float(np.asarray(v)) for k, v in answer.gradients.items()}


def asks(name: str) -> tuple[str, str]:
    if name in FUNCTIONS:
        return dedent(GRADIENTS) + "\n" + FUNCTIONS[name][0], FUNCTIONS[name][1]
    body = "\n".join(f"    {line}" for line in ASKED[name][0].splitlines())
    return dedent(GRADIENTS).replace("def slopes", f"{body}\n\ndef slopes").replace("\n\n    def", "\n    def"), ASKED[
        name
    ][1]


@pytest.mark.parametrize("name", [*ASKED, *FUNCTIONS])
def test_a_root_is_asked_for_the_gradient_of_a_leaf(tmp_path: Path, name: str) -> None:
    text, written = asks(name)
    (offer,) = looked_at(tmp_path, text).offers
    assert offer.convention == "scalar-value"
    assert written in offer.title
    assert offer.words["grad"].format("w", root="loss") == written.replace("root", "loss").replace("x", "w")
    assert answers(offer, {"x": 1.5, "y": 0.5, "z": 3.0}) == (2.625, {"x": 2.5, "y": 2.25, "z": 0.0})


def test_a_wrong_gradient_is_asked_for_like_a_right_one(tmp_path: Path) -> None:
    text, _ = asks("mapping given")
    (offer,) = looked_at(tmp_path, text.replace("found.get(child, 0.0) + ", "")).offers
    _, gradients = answers(offer, {"x": 1.5, "y": 0.5, "z": 3.0})
    assert gradients["x"] != 2.5


ENGINE = """
    from enum import Enum

    class Base:
        def __add__(self, other):
            return Sum(self, other)

        def __mul__(self, other):
            return Product(self, other)

        def backward(self, upstream=1.0):
            self.receive(upstream)

    class Leaf(Base):
        def __init__(self, value):
            self.value, self.grad = value, 0.0

        def receive(self, upstream):
            self.grad += upstream

    class Sum(Base):
        def __init__(self, a, b):
            self.a, self.b, self.value = a, b, a.value + b.value

        def receive(self, upstream):
            self.a.receive(upstream)
            self.b.receive(upstream)

    class Product(Base):
        def __init__(self, a, b):
            self.a, self.b, self.value = a, b, a.value * b.value

        def receive(self, upstream):
            self.a.receive(upstream * self.b.value)
            self.b.receive(upstream * self.a.value)
    """
LIST = """
    class Vector:
        def __init__(self, data, children=()):
            self.data, self.children = list(data), children
            self.grad = [0.0 for _ in self.data]
            self.sweep = lambda: None

        def _made(self, other, data, slopes):
            out = Vector(data, (self, other))
            def sweep():
                for node, slope in zip((self, other), slopes):
                    node.grad = [g + s * u for g, s, u in zip(node.grad, slope, out.grad)]
            out.sweep = sweep
            return out

        def __add__(self, other):
            ones = [1.0] * len(self.data)
            return self._made(other, [a + b for a, b in zip(self.data, other.data)], (ones, ones))

        def __mul__(self, other):
            return self._made(other, [a * b for a, b in zip(self.data, other.data)], (other.data, self.data))

        def backward(self):
            order, seen = [], []
            def visit(node):
                if node not in seen:
                    seen.append(node)
                    for child in node.children:
                        visit(child)
                    order.append(node)
            visit(self)
            self.grad = [1.0] * len(self.data)
            for node in reversed(order):
                node.sweep()
    """
LAZY = """
    class Value:
        def __init__(self, data, record=Kind.FIXED, links=()):
            self.data, self.record, self.links, self._grad = data, record, links, None

        @property
        def grad(self):
            if self._grad is None:
                self._grad = float("nan")
            return self._grad

        def __add__(self, other):
            return Value(self.data + other.data, Kind.FREE, ((self, 1.0), (other, 1.0)))

        def __mul__(self, other):
            return Value(self.data * other.data, Kind.FREE, ((self, other.data), (other, self.data)))

        def backward(self, upstream=1.0):
            if self.record is Kind.FREE:
                self._grad = upstream if self._grad is None else self._grad + upstream
                for child, slope in self.links:
                    child.backward(upstream * slope)
    """
USED = {
    "nodes of several classes": (ENGINE, "Leaf({})"),
    "a number in a list": (LIST, "Vector([{}])"),
    "a property that makes what it reads, and a choice": (
        "\n    from enum import Enum\n\n    class Kind(Enum):\n        FIXED = 0\n        FREE = 1\n" + LAZY,
        "Value({}, record=Kind.FREE)",
    ),
    "the flag diff": (
        LAZY.replace("record=Kind.FIXED", "diff=False")
        .replace("record, links, None", "diff, links, None")
        .replace("self.record", "self.diff")
        .replace("Kind.FREE", "True"),
        "Value({}, diff=True)",
    ),
    "a flag of another name": (
        LAZY.replace("record=Kind.FIXED", "trainable=False")
        .replace("record, links, None", "trainable, links, None")
        .replace("Kind.FREE", "True"),
        "Value({}, trainable=True)",
    ),
}


@pytest.mark.parametrize(("text", "leaf"), USED.values(), ids=USED)
def test_leaves_are_made_in_the_way_that_lets_a_gradient_arrive(tmp_path: Path, text: str, leaf: str) -> None:
    offer = looked_at(tmp_path, text).offers[0]
    assert offer.words["leaf"] == leaf
    assert answers(offer, {"x": 1.5, "y": 0.5, "z": 3.0})[1] | {"z": 0.0} == {"x": 2.5, "y": 2.25, "z": 0.0}


def test_a_name_that_is_a_number_is_no_value(tmp_path: Path) -> None:
    text = ENGINE.replace("def __init__(self, value):", "def __init__(self, label, value=2.0):").replace(
        "self.value, self.grad = value, 0.0", "self.label, self.value, self.grad = label, value, 0.0"
    )
    assert not looked_at(tmp_path, text).offers


def test_a_product_that_holds_no_number_is_told(tmp_path: Path) -> None:
    text = """
    class Node:
        def __init__(self, val):
            self.val, self.grad = val, 0.0

        def __mul__(self, other):
            return Node(self.val.__mul__(other))

        def backward(self):
            self.grad = 1.0
    """
    misses = looked_at(tmp_path, text).misses
    (why,) = (miss.why for miss in misses if (miss.convention, miss.name) == ("scalar-value", "Node"))
    assert why == "the product of two leaves holds NotImplemented in .val, where a number is due"


COMPOSED = """
    import math

    class Value:
        def __init__(self, data, links=()):
            self.data, self.grad, self.links = data, 0.0, links

        def __mul__(self, other):
            other = other if isinstance(other, Value) else Value(other)
            return Value(self.data * other.data, ((self, other.data), (other, self.data)))

        def __neg__(self):
            return self * -1

        def exp(self):
            return Value(math.exp(self.data), ((self, math.exp(self.data)),))

        def square(self):
            return self * self

        def backward(self, upstream=1.0):
            self.grad += upstream
            for node, slope in self.links:
                node.backward(upstream * slope)
    """


def test_ops_that_are_made_of_others_are_known_by_the_calls_of_the_class(tmp_path: Path) -> None:
    (offer,) = looked_at(tmp_path, COMPOSED).offers
    assert ops_made_of(offer.words) == {"neg": {"mul"}, "square": {"mul"}}


def test_a_second_number_that_does_not_scale_with_itself_is_no_derivative(tmp_path: Path) -> None:
    text = """
    class Typed:
        def __init__(self, value, kind=0.0):
            self.value, self.kind = value, kind

        def __mul__(self, other):
            return Typed(self.value * other.value, 2.0)
    """
    assert not looked_at(tmp_path, text).offers


class Flat:
    """An array that keeps its entries in one list."""

    def __init__(self, read: Callable[[list[float], Any], float] | None) -> None:
        self.data, self.shape, self._read = [1.0, 2.0, 3.0, 4.0], (2, 2), read

    def __getitem__(self, index: Any) -> float:
        if self._read is None:
            raise TypeError
        return self._read(self.data, index)


def test_entries_of_an_array_of_a_class_of_its_own() -> None:
    columns = Flat(lambda data, index: data[index[1] * 2 + index[0]])
    assert np.array_equal(plain(columns), [[1.0, 3.0], [2.0, 4.0]])
    assert np.array_equal(plain(Flat(None)), [[1.0, 2.0], [3.0, 4.0]])
    short = Flat(None)
    short.data.pop()
    assert plain(short) == [1.0, 2.0, 3.0]


def test_inherits_asks_no_abstract_class() -> None:
    assert inherits(bool, int)
    assert not inherits(int, bool)


PULLED = """
    class Variable:
        def __init__(self, value):
            self.value, self.users = value, []

        def _made(self, other, value, slopes):
            out = Variable(value)
            self.users.append((out, slopes[0]))
            other.users.append((out, slopes[1]))
            return out

        def __add__(self, other):
            return self._made(other, self.value + other.value, (1.0, 1.0))

        def __mul__(self, other):
            return self._made(other, self.value * other.value, (other.value, self.value))

        def grad(self):
            return sum(slope * user.grad() for user, slope in self.users) if self.users else 1.0
    """


def test_where_whatever_nobody_uses_counts_as_the_loss_no_other_node_is_asked_about(tmp_path: Path) -> None:
    (offer,) = looked_at(tmp_path, PULLED).offers
    assert "x.grad()" in offer.title
    build = GraphBuilder()
    x, y = build.parameter("x"), build.parameter("y")
    loss = build.mul(build.add(x, y), x)
    answer = InProcessSubject(offer.functions["gradients"]).ask(build.graph(loss), {"x": 1.5, "y": 0.5})
    assert {k: float(np.asarray(v)) for k, v in answer.gradients.items()} == {"x": 3.5, "y": 1.5}
    with pytest.raises(SubjectError, match="would count as a loss"):
        answers(offer, {"x": 1.5, "y": 0.5, "z": 3.0})


CURVES = """
    import math

    class Value:
        def __init__(self, data, links=()):
            self.data, self.grad, self.links = data, 0.0, links

        def __mul__(self, other):
            return Value(self.data * other.data, ((self, other.data), (other, self.data)))

        def gelu(self):
            u = math.sqrt(2 / math.pi) * (self.data + 0.044715 * self.data**3)
            return Value(0.5 * self.data * (1 + math.tanh(u)))

        def leaky_relu(self):
            return Value(self.data if self.data > 0 else 0.2 * self.data)

        def elu(self):
            return Value(self.data if self.data > 0 else math.exp(self.data) - 1)

        def tanh(self):
            return Value(math.tanh(self.data) + 0.25)

        def backward(self, upstream=1.0):
            self.grad += upstream
            for node, slope in self.links:
                node.backward(upstream * slope)

    def logistic(value, steepness=1.0, middle=1.0):
        return Value(1 / (1 + math.exp(-steepness * (value.data - middle))))
    """


def test_another_function_of_the_same_name_is_not_asked_and_a_wrong_value_is(tmp_path: Path) -> None:
    (offer,) = looked_at(tmp_path, CURVES).offers
    assert offer.ops == {"mul", "elu", "tanh"}
    assert [line for line in offer.limits if "is not asked" in line] == [
        "logistic is not asked: with steepness=1, middle=1 it is another function than sigmoid",
        "leaky_relu is not asked: its slope is another",
        "gelu is not asked: it is the approximation by tanh",
    ]


LEAKY = """def leaky_relu(self, negative_slope=0.01):
            slope = 1.0 if self.data > 0 else negative_slope
            return Value(slope * self.data, ((self, slope),))

        def unused"""


def test_a_slope_is_given_under_the_name_that_the_engine_has_for_it(tmp_path: Path) -> None:
    (offer,) = looked_at(tmp_path, CURVES.replace("def leaky_relu", LEAKY)).offers
    build = GraphBuilder()
    graph = build.graph(build.apply("leaky_relu", build.parameter("x"), slope=0.25))
    answer = InProcessSubject(offer.functions["gradients"]).ask(graph, {"x": -2.0})
    assert (float(np.asarray(answer.value)), float(np.asarray(answer.gradients["x"]))) == (-0.5, 0.25)


LOG = """def log(self):
            return Value(math.log(WRITTEN), ((self, 1 / self.data),))

        def __add__(self, other):
            return Value(self.data + other.data, ((self, 1.0), (other, 1.0)))

        def gelu"""


@pytest.mark.parametrize(("written", "sentence"), [("max(self.data, 1e-6)", "below 1e-06"), ("self.data", None)])
def test_a_log_that_clips_is_asked_above(tmp_path: Path, written: str, sentence: str | None) -> None:
    log = LOG.replace("WRITTEN", written)
    (offer,) = looked_at(tmp_path, CURVES.replace("def gelu", log)).offers
    assert [sentence in line for line in offer.warnings] == ([] if sentence is None else [True])
    build = GraphBuilder()
    graph = build.graph(build.log(build.parameter("x")))
    subject = InProcessSubject(offer.functions["gradients"])
    assert subject.ask(graph, {"x": 0.5}).gradients["x"] == 2.0
    if sentence is not None:
        with pytest.raises(SubjectError, match="not above"):
            subject.ask(graph, {"x": 1e-7})


@pytest.mark.parametrize("warnings", [(), ("log adds 1e-08 to its argument",)])
def test_json_says_what_is_computed_otherwise_than_names_say(warnings: tuple[str, ...]) -> None:
    data = described(SeenOffer("scalar-value", "Value", "class Value", warnings=warnings))
    assert data.get("warnings", []) == list(warnings)


SETTINGS = """
    import numpy as np

    class Leaky:
        def __init__(self, {argument}):
            self.setting = setting

        def forward(self, x):
            return np.where(x > 0, x, self.setting * x)

        def derivative(self, x):
            return np.where(x > 0, 1.0, self.setting)
    {call}
    """


@pytest.mark.parametrize(
    ("argument", "call", "setting"),
    [
        ("setting: float", "", 0.5),
        ("setting", "used = Leaky(0.125)", 0.125),
        ("setting=0.25", "used = Leaky(0.125)", 0.25),
        ("setting", "", None),
    ],
)
def test_a_class_is_made_as_the_file_makes_it_or_of_small_numbers(
    tmp_path: Path, argument: str, call: str, setting: float | None
) -> None:
    offers = looked_at(tmp_path, SETTINGS.format(argument=argument, call=call)).offers
    assert [offer.convention for offer in offers] == ([] if setting is None else ["function-classes"])
    if setting is not None:
        assert np.all(offers[0].pairs[0].f(np.array([-1.0])) == -setting)


def test_a_flag_that_the_class_breaks_at_is_told(tmp_path: Path) -> None:
    text = """
        class Value:
            def __init__(self, data, requires_grad=False, links=()):
                self.data, self.grad, self.links = data, None, links
                if requires_grad:
                    raise AttributeError("no float here\\nnor there")

            def __mul__(self, other):
                return Value(self.data * other.data, False, ((self, other.data), (other, self.data)))

            def backward(self):
                self.grad += 1.0
        """
    missed = [miss.why for miss in looked_at(tmp_path, text).misses if miss.convention == "scalar-value"]
    assert missed == ["Value(..., requires_grad=True) raises AttributeError: no float here"]


IN_PLACE = """
    class Value:
        def __init__(self, data, links=()):
            self.data, self.grad, self.links = data, 0.0, links

        def __add__(self, other):
            return Value(self.data + other.data, ((self, 1.0), (other, 1.0)))

        def __mul__(self, other):
            return Value(self.data * other.data, ((self, other.data), (other, self.data)))

        def __iadd__(self, other):
            RULE

        def backward(self, upstream=1.0):
            self.grad += upstream
            for node, slope in self.links:
                node.backward(upstream * slope)
    """
RULES = {
    "nothing is recorded": ("self.data += other.data; return self", True),
    "a new node": ("return self + other", False),
    "recorded in place": ("self.data += other.data; self.links += ((other, 1.0),); return self", False),
    "recorded with a wrong sign": ("self.data += other.data; self.links += ((other, -1.0),); return self", True),
    "refused": ("raise TypeError('no changes in place')", False),
}


@pytest.mark.parametrize("name", RULES)
def test_an_operator_that_changes_a_node_in_place_is_compared_with_one_that_makes_a_new_one(
    tmp_path: Path, name: str
) -> None:
    rule, apart = RULES[name]
    (offer,) = looked_at(tmp_path, IN_PLACE.replace("RULE", rule)).offers
    assert any("y += z is not y = y + z" in line for line in offer.warnings) == apart


SYMBOLS = """
    class Variable:
        def __init__(self, name):
            self.name = name

        def __add__(self, other):
            return Sum(self, other)

        __mul__ = __add__

    class Sum(Variable):
        def __init__(self, one, other):
            super().__init__(one.name)
            self.terms = (one, other)

        def d(self, by):
            return 1.0
    """


def test_a_symbol_whose_name_is_a_number_is_no_node(tmp_path: Path) -> None:
    assert not looked_at(tmp_path, SYMBOLS).offers


DIFFERENCES = """
    def gradient(f, x, h=1e-6):
        return (f(x + h) - f(x - h)) / (2 * h)
    """


def test_what_takes_differences_is_no_transform(tmp_path: Path) -> None:
    found = looked_at(tmp_path, DIFFERENCES)
    assert not found.offers
    assert any("takes differences" in miss.why for miss in found.misses)


ONE_BAD_CLASS = """
    class Bad:
        def __init__(self, value):
            self.data = value

        def __add__(self, other):
            return Bad(self.data)

        def __getattr__(self, name):
            raise SystemError("nothing to be had")

    class Value:
        def __init__(self, data, links=()):
            self.data, self.links, self.grad = data, links, 0.0

        def __add__(self, other):
            return Value(self.data + other.data, ((self, 1.0), (other, 1.0)))

        def __mul__(self, other):
            return Value(self.data * other.data, ((self, other.data), (other, self.data)))

        def backward(self, upstream=1.0):
            self.grad += upstream
            for child, slope in self.links:
                child.backward(upstream * slope)
    """


def test_a_class_that_raises_ends_no_look_at_the_others(tmp_path: Path) -> None:
    assert [offer.name for offer in looked_at(tmp_path, ONE_BAD_CLASS).offers] == ["Value"]


def test_settings_whose_metaclass_raises_hide_no_other_class(tmp_path: Path) -> None:
    settings = """
    class Meta(type):
        def __getattr__(cls, name):
            return {}[name]

    class Settings(metaclass=Meta):
        pass
    """
    assert [offer.name for offer in looked_at(tmp_path, dedent(ONE_BAD_CLASS) + dedent(settings)).offers] == ["Value"]


def test_of_two_spellings_the_one_that_works_is_asked(tmp_path: Path) -> None:
    logarithm = """
    import math

    def log(x):
        return Value(math.log(x.data), ((x, 1 / x.data),))

    def by_base(*operands):
        return log(operands[0]) * Value(1 / math.log(operands[1]))

    Value.log = by_base
    """
    (offer,) = looked_at(tmp_path, dedent(ONE_BAD_CLASS) + dedent(logarithm)).offers
    assert offer.words["op log"] == "log({0})"
    (broken,) = looked_at(tmp_path, dedent(ONE_BAD_CLASS) + dedent(logarithm).replace("def log", "def of_one")).offers
    assert broken.words["op log"] == "{0}.log()"
