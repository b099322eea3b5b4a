"""`nielsen`: `Network(sizes)` with `backprop(x, y) -> (nabla_b, nabla_w)`, as in "Neural Networks and Deep Learning".

Biases come first, columns are examples, and the loss of one example is the cost class's, or half a squared distance, as
the book has it. The pair is that loss as a function of the lists of biases and weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

from gradcheck.conventions.constructing import instance, size_kind
from gradcheck.conventions.log_guards import Guards, guards
from gradcheck.conventions.offer import Contents, Found, Miss, Offer, Pair, required_arguments
from gradcheck.conventions.roles import arguments
from gradcheck.conventions.trial_data import HIDDEN, INPUTS, OUTPUTS, SAMPLES, normal, one_hot, weights
from gradcheck.conventions.user_calls import attempt, called, steady

NAME = "nielsen"
ABOUT = "Network(sizes) with backprop(x, y) -> (nabla_b, nabla_w), biases first, columns (Nielsen)"
OPTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"order": ("biases", "weights"), "cost": ("half-squares", "own")}
)

BACKPROPS = ("backprop", "backpropagation", "backpropagate")
"""Names of the method, small and without underscores."""
FORWARDS = ("feedforward", "forward", "forwardpass", "forwardprop", "forwardpropagation")
"""Names of the method that gives the outputs."""
LISTS = (("biases", "bias", "b"), ("weights", "weight", "w"))
"""Names of the lists of the network's biases and of its weights."""


@dataclass(frozen=True)
class Use:
    """One network, and how it is asked.

    Attributes
    ----------
    network: the object.
    lists: names of its attributes that hold the lists of biases and weights.
    forward, backward: names of its methods.
    x, y: one example, or several, in columns.
    cost: the loss of outputs and labels; cost_text is how it is called.
    biases_first: which of the two answers of backprop is the biases'.
    mean: whether the gradients of several examples are their mean, told by a batch in which each stands twice.
    """

    network: Any
    lists: tuple[str, str]
    forward: str
    backward: str
    x: Any
    y: Any
    cost: Callable[[Any, Any], Any]
    cost_text: str
    guards: Guards = field(default_factory=Guards)
    biases_first: bool = True
    mean: bool = False

    def loss(self, biases: Any, weights: Any) -> Any:
        """The cost of the network's outputs with these parameters."""
        with steady(), self.guards.left_out():
            out = getattr(self._with(biases, weights), self.forward)(np.array(self.x))
            return self.cost(out, np.array(self.y)) / (self.x.shape[1] if self.mean else 1)

    def gradients(self, biases: Any, weights: Any) -> Any:
        """What backprop answers, biases first."""
        own = [[np.array(value, dtype=float) for value in several] for several in (biases, weights)]
        with steady():
            answer = getattr(self._with(*own), self.backward)(np.array(self.x), np.array(self.y))
        first, second = answer[:2]
        nabla_b, nabla_w = (first, second) if self.biases_first else (second, first)
        return list(nabla_b), list(nabla_w)

    def _with(self, biases: Any, weights: Any) -> Any:
        made = object.__new__(type(self.network))
        vars(made).update(vars(self.network))
        for name, values in zip(self.lists, (biases, weights), strict=True):
            setattr(made, name, list(values))
        return made


def find(contents: Contents, options: Mapping[str, str]) -> Iterator[Found]:
    """Every class of the file with lists of biases and weights and such a method."""
    for name, kind in contents.classes.items():
        backward, forward = (_method(kind, names) for names in (BACKPROPS, FORWARDS))
        if backward is None or forward is None or len(required_arguments(getattr(kind, backward)) or ()) != 3:
            continue
        found = _looked_at(name, kind, forward, backward, contents, options)
        if found is not None:
            yield found


def _method(kind: type, names: tuple[str, ...]) -> str | None:
    """The class's method of such a name, however it is capitalised."""
    found = {n.lower().replace("_", ""): n for n in dir(kind) if not n.startswith("_")}
    return next((found[name] for name in names if name in found and callable(getattr(kind, found[name]))), None)


def _lists(network: Any) -> tuple[str, str] | None:
    """The names of the network's list of biases and list of weights."""
    held = [next((n for n in names if isinstance(getattr(network, n, None), list)), None) for names in LISTS]
    return None if held[0] is None or held[1] is None else (held[0], held[1])


def _looked_at(
    name: str, kind: type, forward: str, backward: str, contents: Contents, options: Mapping[str, str]
) -> Found | None:
    uses: list[tuple[str, Use, Any]] = []
    known, why = guards(contents.module), ""
    for about, network in _networks(kind):
        if isinstance(network, str):
            return Miss(NAME, name, f"what the argument {network} of {name}() is for is not known")
        if isinstance(network, Exception):
            return Miss(NAME, name, f"{name}() of small sizes raised {type(network).__name__}: {network}"[:300])
        lists = _lists(network)
        if lists is None:
            return None
        values = _values(*(getattr(network, each) for each in lists))
        first = Use(network, lists, forward, backward, *_data(1), *_cost(network, options), known)
        for use in (first, replace(first, **dict(zip("xy", _data(SAMPLES), strict=True)))):
            found, trouble = _tried(use, values, options)
            if found is not None:
                uses.append((about + (f", {SAMPLES} examples" if found.x.shape[1] > 1 else ""), found, values))
            elif use is first:
                why = trouble
    return _offer(kind, uses) if uses else Miss(NAME, name, why)


def _networks(kind: type) -> Iterator[tuple[str, Any]]:
    """Networks with one hidden layer and with two, where the constructor takes the sizes of all layers."""
    sizes = next((p.name for p in arguments(kind.__init__) or () if size_kind(p.name) == "all layers"), None)  # type: ignore[misc]
    if sizes is not None:
        yield "one hidden layer", instance(kind, {sizes: [INPUTS, HIDDEN[0], OUTPUTS]})
    yield "two hidden layers" if sizes is not None else "", instance(kind)


def _tried(use: Use, values: Any, options: Mapping[str, str]) -> tuple[Use | None, str]:
    """The use with the order of its two answers and the scale of its cost settled; or None and why it cannot be had."""
    loss, wrong = attempt(partial(use.loss, *values))
    answers = None
    if wrong is None:
        answers, wrong = attempt(partial(use.gradients, *values))
    if wrong is not None or answers is None or np.size(loss) != 1:
        return None, f"{use.backward} raised {type(wrong).__name__}: {wrong}"[
            :300
        ] if wrong else "its cost is no number"
    shapes = [[np.shape(part) for part in several] for several in answers]
    own = [[np.shape(part) for part in several] for several in values]
    order = options.get("order", "weights" if shapes[0] == own[1] and shapes[1] == own[0] else "biases")
    use = replace(use, biases_first=order == "biases")
    answers = answers if use.biases_first else answers[::-1]
    if use.x.shape[1] == 1:
        return use, ""
    if sorted(map(str, shapes)) != sorted(map(str, own)):
        return None, ""  # it takes one example at a time
    twice = replace(use, x=np.tile(use.x, 2), y=np.tile(use.y, 2))
    doubled, wrong = attempt(partial(twice.gradients, *values))
    if wrong is not None:
        return None, ""
    same = all(np.allclose(one, two) for k in (0, 1) for one, two in zip(answers[k], doubled[k], strict=False))
    return replace(use, mean=same), ""


def _cost(network: Any, options: Mapping[str, str]) -> tuple[Callable[[Any, Any], Any], str]:
    """The cost of the network's cost class; without one, half a squared distance."""
    own = getattr(network, "cost", None)
    if options.get("cost") != "half-squares" and callable(getattr(own, "fn", None)):
        assert own is not None
        name = getattr(own, "__name__", type(own).__name__)
        return own.fn, f"{name}.fn"
    return _half_squares, "half the squared distance, as the book has it"


def _half_squares(a: Any, y: Any) -> Any:
    return 0.5 * np.sum((a - y) ** 2)


def _data(count: int) -> tuple[Any, Any]:
    """Examples in columns, and their labels as columns of zeros and a one."""
    return normal((INPUTS, count), 1), one_hot(SAMPLES, OUTPUTS)[-count:].T.copy()


def _values(own_biases: Sequence[Any], own_weights: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    shapes = {f"b{k}": np.shape(b) for k, b in enumerate(own_biases)}
    shapes |= {f"w{k}": np.shape(w) for k, w in enumerate(own_weights)}
    drawn = weights(shapes)
    return [drawn[f"b{k}"] for k in range(len(own_biases))], [drawn[f"w{k}"] for k in range(len(own_weights))]


def _offer(kind: type, uses: list[tuple[str, Use, Any]]) -> Offer:
    name, first = kind.__name__, uses[0][1]
    batch = next((use for _, use, _ in uses if use.x.shape[1] > 1), None)
    order = "biases, weights" if first.biases_first else "weights, biases"
    notes = [
        f"{first.backward} answers ({order}), by their shapes; --as nielsen:order=biases or order=weights says it",
        f"the cost of one example is {first.cost_text}",
        "examples are columns" + ("" if batch else ", one at a time"),
    ]
    if batch is not None:
        notes.append(f"several examples are {'averaged' if batch.mean else 'summed'}: each twice tells")
    notes += [f"{c:g} is added inside a logarithm alone; the cost is asked without it" for c in first.guards.constants]
    title = f"class {name}: {first.backward}(x, y) -> (nabla_b, nabla_w), cost: {first.cost_text}"
    pairs = tuple(_pair(kind, *use) for use in uses)
    return Offer(NAME, title, name=name, claims=frozenset({name}), pairs=pairs, notes=tuple(notes))


def _pair(kind: type, about: str, use: Use, values: tuple[list[Any], list[Any]]) -> Pair:
    def loss(biases: Any, weights: Any) -> Any:
        return use.loss(biases, weights)

    def gradients(biases: Any, weights: Any) -> Any:
        return use.gradients(biases, weights)

    texts = [f"{kind.__name__}.{method}" for method in (use.forward, use.backward)]
    names = ["biases", "weights"]
    more = f", {about}" if about else ""
    return Pair(
        name=f"{kind.__name__}{more}",
        kind="gradient",
        f=called(loss, getattr(kind, use.forward), f"the cost after {texts[0]}", names),
        derivative=called(gradients, getattr(kind, use.backward), texts[1], names),
        inputs=values,
        shown=" and ".join(texts) + more,
    )
