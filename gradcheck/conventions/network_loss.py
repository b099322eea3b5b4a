"""`network-loss`: a class with its parameters and its loss, as CS231n's networks and those of "from scratch" books.

`loss(X, y)` gives (loss, grads); or `loss(x, t)` and `gradient(x, t)`; or `forward(X)` and `backward(X, y)`. The pair
is the loss as a function of the parameters: each call sets them on a deep copy of the network.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

from gradcheck.conventions.assumed_losses import ASSUMED, IN_WORDS, is_binary, likely_first
from gradcheck.conventions.constructing import image_shape, instance, reg_argument
from gradcheck.conventions.folded_outputs import normalised_columns
from gradcheck.conventions.log_guards import Guards, guards
from gradcheck.conventions.network_methods import BACKWARDS, LOSSES, STEPS, Way, backwards_of, forward_of, outputs, ways
from gradcheck.conventions.networks_of_data import averages, made, own_ways, stepped, takes_its_data
from gradcheck.conventions.networks_of_functions import made_of_functions
from gradcheck.conventions.offer import Contents, Found, Miss, Offer, Pair, Reading
from gradcheck.conventions.roles import roles
from gradcheck.conventions.source_trees import source_of
from gradcheck.conventions.trial_data import IMAGES, OUTPUTS, SAMPLES, STRENGTH, finite, normal, targets, weights
from gradcheck.conventions.user_calls import attempt, called, steady
from gradcheck.conventions.weights_of import LIKE_A_PARAMETER, Weights, in_a_dict, in_attributes, in_lists

NAME = "network-loss"
ABOUT = "a class with params and loss(X, y) -> (loss, grads), or loss and gradient, or forward and backward(X, y)"
OPTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"orientation": ("rows", "columns"), "labels": ("numbers", "one-hot", "column"), "loss": tuple(ASSUMED)}
)


@dataclass(frozen=True)
class Use:
    """One network, the data that it takes, and the way in which it is asked.

    `assumed` is the name of a loss that is not its own.
    """

    weights: Weights
    way: Way
    X: Any
    y: Any
    about: str
    guards: Guards
    assumed: str = ""

    def loss(self, values: Mapping[str, Any]) -> Any:
        """The loss of the network with these parameters."""
        with steady(), self.guards.left_out():
            return self.way.loss(self.weights.copied(values), np.array(self.X), np.array(self.y))

    def gradients(self, values: Mapping[str, Any]) -> Any:
        """Its gradients, by name."""
        own = {name: np.array(value, np.longdouble if self.way.wide else float) for name, value in values.items()}
        with steady():
            return dict(self.way.gradients(self.weights.copied(own), np.array(self.X), np.array(self.y)))


def find(contents: Contents, options: Mapping[str, str]) -> Iterator[Found]:
    """Every class of the file that has a loss and gradients of its parameters."""
    for name, kind in contents.classes.items():
        if takes_its_data(kind):
            yield _with_its_data(name, kind, contents, options)
        elif _resembles(kind):
            found = _looked_at(name, kind, contents, options)
            if found is not None:
                yield found
    for networks in made_of_functions(contents):
        if (offer := _of_functions(networks, contents, options)) is not None:
            yield offer


def _of_functions(networks: Sequence[Weights], contents: Contents, options: Mapping[str, str]) -> Found | None:
    """The first network of two functions that runs; None where that is no network."""
    kind = type(networks[0].owner)
    for found in networks:
        use = _use(found, contents, options)
        uses = [use] if isinstance(use, Use) else list(_assuming(found, contents, options))
        if uses:
            title = f"{kind.__name__}: parameters {', '.join(found.values)}{_for_a_loss(uses[0])}"
            names = frozenset(kind.__name__.split(" and "))
            pairs, notes = _pairs("", kind, uses, contents), _notes(uses[0])
            return Offer(NAME, title, claims=names, pairs=tuple(pairs), notes=tuple(notes))
    return None


def _resembles(kind: type) -> bool:
    """Whether the class has a method that takes labels, for a loss or for gradients."""
    asked = backwards_of(kind)
    told = [name for name in (*LOSSES, *asked) if name in STEPS or "y" in roles(getattr(kind, name, None))]
    return bool(told) and (bool(asked) or bool(set(told) & set(LOSSES[:-1])))


def _is_told_labels(kind: type) -> bool:
    """Whether a class has a loss, or gets its labels where it gives gradients, as no layer does."""
    return bool(set(LOSSES[:-1]) & set(dir(kind))) or any("y" in roles(getattr(kind, n)) for n in backwards_of(kind))


def _with_its_data(name: str, kind: type, contents: Contents, options: Mapping[str, str]) -> Found:
    """A network that is made with its data: of the first labels at which both passes run."""
    last = "its passes do not run on samples in rows"
    for network, X, y, about in made(kind):
        if (found := stepped(network)) is None:
            continue
        uses: list[Use] = []
        losses = [options["loss"]] if "loss" in options else ["", *likely_first(source_of(kind))]
        for assumed in losses:
            for way in own_ways(found, assumed):
                use = Use(found, way, X, y, about, guards(contents.module), "" if "loss" in options else assumed)
                loss, wrong = attempt(partial(use.loss, weights(found.shapes)))
                if wrong is None and np.size(loss) == 1 and finite([loss]):
                    if assumed and averages(way, found, weights(found.shapes), X, y):
                        use = _mean_of(use, 0)
                    uses.append(use)
                last = f"{way.names[0]} gives no number" if wrong is None else f"{type(wrong).__name__}: {wrong}"[:300]
            if uses and not assumed:
                break
        if uses:
            return _offer(name, kind, uses, contents, 1)
    return Miss(NAME, name, last)


def _looked_at(name: str, kind: type, contents: Contents, options: Mapping[str, str]) -> Found | None:
    why = ""
    for count in (1, OUTPUTS) if is_binary(source_of(kind)) else (OUTPUTS, 1):
        network = instance(kind, outputs=count)
        if isinstance(network, str) and not _is_told_labels(kind):
            return None  # a layer, made from its parameters
        if isinstance(network, str):
            return Miss(NAME, name, f"what the argument {network} of {name}() is for is not known")
        if isinstance(network, Exception):
            return Miss(NAME, name, f"{name}() of small sizes raised {type(network).__name__}: {network}"[:300])
        held = [found for found in (in_a_dict(network), in_attributes(network), in_lists(network)) if found is not None]
        for found in held:
            use = _use(found, contents, options)
            if isinstance(use, Use):
                return _offer(name, kind, [use], contents, count)
            why = use
        for found in held if "loss" not in options else ():
            if uses := list(_assuming(found, contents, options)):
                return _offer(name, kind, uses, contents, count)
    return Miss(NAME, name, why) if why else None  # without parameters it is a loss or a layer


def _use(found: Weights, contents: Contents, options: Mapping[str, str]) -> Use | str:
    """The first way and the first data at which both the loss and the gradients can be had, or why there are none."""
    why, assumed = _without_loss(found.owner), options.get("loss", "")
    values, known = weights(found.shapes), guards(contents.module)
    for way in ways(found, contents, assumed=assumed):
        for X in _inputs(found, options):
            for about, y in _labels(found, values, X, options):
                use = Use(found, way, X, y, about, known)
                loss, wrong = attempt(partial(use.loss, values))
                if wrong is None and (np.size(loss) != 1 or not finite([loss])):
                    continue
                if wrong is None:
                    _, wrong = attempt(partial(use.gradients, values))
                if wrong is None:
                    use = _averaged(use, values) if assumed else use
                    return _settled(use, values)
                why = f"{' and '.join(dict.fromkeys(way.names))} raised {type(wrong).__name__}: {wrong}"[:300]
    return why


def _assuming(found: Weights, contents: Contents, options: Mapping[str, str]) -> Iterator[Use]:
    """Uses of a network without a loss, one for each loss that it may be trained with, the likeliest first."""
    for name in likely_first(source_of(type(found.owner))):
        use = _use(found, contents, {**options, "loss": name})
        if isinstance(use, Use):
            yield replace(use, assumed=name)


def _without_loss(network: Any) -> str:
    """What is said of a network without a loss of its own, and how the user says which one is meant."""
    back = next((name for name in BACKWARDS if "y" in roles(getattr(network, name, None))), None)
    return "no method gives a loss for data and labels" if back is None else _ask_for_loss(back)


def _ask_for_loss(back: str) -> str:
    return (
        f"no method gives a loss for data and labels, so what {back}() differentiates is not known; "
        f"--as network-loss:loss=half-squares says it (or {', '.join(list(ASSUMED)[1:])})"
    )


def _averaged(use: Use, values: Mapping[str, Any]) -> Use:
    """The use with its loss averaged over samples, if every sample given twice changes few gradients, those not 0."""
    axis = 0 if use.X.shape[0] in (SAMPLES, IMAGES) else 1
    X, y = (np.concatenate([part, part], min(axis, part.ndim - 1)) for part in (use.X, use.y))
    once, _ = attempt(partial(use.gradients, values))
    twice, wrong = attempt(partial(replace(use, X=X, y=y).gradients, values))
    kept = [] if wrong is not None else [n for n in once if np.shape(once[n]) == np.shape(twice[n])]
    kept = [name for name in kept if np.any(once[name])]
    if 2 * sum(np.allclose(once[name], twice[name]) for name in kept) <= len(kept):
        return use
    return _mean_of(use, axis)


def _mean_of(use: Use, axis: int) -> Use:
    """The use with its loss divided by the number of samples."""

    def mean(net: Any, X: Any, y: Any) -> Any:
        return use.way.loss(net, X, y) / X.shape[axis]

    return replace(use, way=replace(use.way, loss=mean), about=f"{use.about}; their losses are averaged")


def _settled(use: Use, values: Mapping[str, Any]) -> Use:
    """The use with those attributes alone that are parameters: what has a gradient, or is called like one."""
    if use.weights.store or use.weights.places:
        return use
    answers, _ = attempt(lambda: use.gradients(values))
    kept = {
        name: value
        for name, value in use.weights.values.items()
        if LIKE_A_PARAMETER.fullmatch(name) or (name in answers and (not use.way.updates or np.any(answers[name])))
    }
    return replace(use, weights=replace(use.weights, values=kept))


def _inputs(found: Weights, options: Mapping[str, str]) -> Iterator[Any]:
    """Batches that the network may take: images, or what the first matrix does, samples in rows, or in columns."""
    if (image := image_shape(type(found.owner).__init__)) is not None:
        yield normal((IMAGES, *image), 1)  # loops over windows take long
    first = next((shape for shape in found.shapes.values() if len(shape) == 2), None)
    sizes = first or next(iter(found.shapes.values()))[:1] or (1,)
    for size in dict.fromkeys(sizes):
        if options.get("orientation") != "columns":
            yield normal((SAMPLES, size), 1)
    for size in dict.fromkeys(reversed(sizes)):
        if options.get("orientation") != "rows":
            yield normal((size, SAMPLES), 1)


def _labels(found: Weights, values: Mapping[str, Any], X: Any, options: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """Labels that go with the outputs for this batch."""
    wanted = {"numbers": "numbers", "one-hot": "one-hot", "column": "column of"}.get(options.get("labels", ""), "")
    shapes = [
        (X.shape[0], size) for size in dict.fromkeys(reversed([n for s in found.shapes.values() for n in s[-1:]]))
    ]
    if forward_of(found.owner) is not None:
        out, wrong = attempt(lambda: outputs(found.copied(values), X)[0])
        if wrong is not None:
            return
        if np.ndim(out) and np.asarray(out).dtype.kind == "f":  # not class numbers, as `predict` may give
            shapes = [np.shape(out), *([np.shape(out)[::-1]] if np.ndim(out) == 2 else [])]
            wanted = wanted or ("column" if normalised_columns(out) else "")
    samples = X.shape[0 if X.shape[0] in (SAMPLES, IMAGES) else -1]
    for shape in shapes:
        fitting = ((about, y) for about, y in targets(shape) if wanted in about and samples in np.shape(y))
        yield from fitting


def _offer(name: str, kind: type, uses: Sequence[Use], contents: Contents, count: int) -> Offer:
    use = uses[0]
    pairs = _pairs(name, kind, uses, contents)
    with_reg = _with_reg(kind, use, count, contents) if hasattr(kind, use.way.names[0]) else None
    if with_reg is not None:
        pairs.append(_pair(name, kind, with_reg[0], contents, f", {with_reg[1]}={STRENGTH}"))
    methods = " and ".join(f"{method}()" for method in dict.fromkeys(use.way.names))
    where = f".{use.weights.store}" if use.weights.store else "attributes"
    if use.assumed:
        methods = f"{use.way.names[1]}(){_for_a_loss(use)}"
    return Offer(
        NAME,
        f"class {name}: parameters {', '.join(use.weights.values)} in {where}, asked by {methods}",
        name=name,
        claims=frozenset({name}),
        pairs=tuple(pairs),
        notes=tuple(_notes(use)),
    )


def _pairs(name: str, kind: type, uses: Sequence[Use], contents: Contents) -> list[Pair]:
    """The pair of the likeliest use, with the others as other readings."""
    first, *others = (_pair(name, kind, use, contents) for use in uses)
    return [replace(first, others=tuple(others))]


def _for_a_loss(use: Use) -> str:
    return f", for {IN_WORDS[use.assumed]} or another loss, since it has none of its own" if use.assumed else ""


def _notes(use: Use) -> Iterator[str]:
    rows = use.X.shape[0] in (SAMPLES, IMAGES)
    yield f"samples are in {'rows' if rows else 'columns'}: data of shape {use.X.shape} runs"
    yield f"labels are {use.about}: they run, and come first of those that do"
    if use.way.updates:
        yield f"{use.way.names[1]} moves the parameters itself; the gradient is what it takes away, by its rate"
    for constant in use.guards.constants:
        yield f"{constant:g} is added inside a logarithm alone; the loss is asked without it, like its gradient"


def _with_reg(kind: type, use: Use, count: int, contents: Contents) -> tuple[Use, str] | None:
    """The same network with a regularisation that is not 0, where its constructor or its loss takes one."""
    kept, more = use.weights, {"reg": STRENGTH}
    argument = reg_argument(kind.__init__)  # type: ignore[misc] # asked for its signature alone
    if argument is not None:
        other = instance(kind, {argument: STRENGTH}, outputs=count)
        found = (in_a_dict if use.weights.store else in_attributes)(other)
        if found is None or set(use.weights.values) - set(found.values):
            return None
        kept, more = replace(found, values={name: found.values[name] for name in use.weights.values}), {}
    elif (argument := reg_argument(getattr(kind, use.way.names[0], None))) is None:
        return None
    way = next((way for way in ways(kept, contents, more) if way.names == use.way.names), None)
    return None if way is None else (replace(use, weights=kept, way=way), argument)


def _pair(name: str, kind: type, use: Use, contents: Contents, more: str = "") -> Pair:
    asked, answered = use.way.names

    def loss(params: Mapping[str, Any]) -> Any:
        return use.loss(params)

    def gradient(params: Mapping[str, Any]) -> Any:
        return use.gradients(params)

    texts = [f"{name}.{method}" if name and hasattr(kind, method) else method for method in (asked, answered)]
    ahead = getattr(kind, asked, None) or contents.helpers.get(asked, loss)
    return Pair(
        name=f"{name or answered}{more}",
        kind="gradient",
        f=called(loss, ahead, texts[0], ["params"]),
        derivative=called(gradient, getattr(kind, answered), texts[1], ["params"]),
        inputs=(weights(use.weights.shapes),),
        shown=texts[1] if use.assumed else " and ".join(dict.fromkeys(texts)) + more.replace(", ", " with "),
        reading=_reading(use) if use.assumed else None,
    )


def _reading(use: Use) -> Reading:
    return Reading(
        f"as the gradient of {IN_WORDS[use.assumed]}",
        f"--as network-loss:loss={use.assumed}",
        "that is the loss that it goes down",
    )
