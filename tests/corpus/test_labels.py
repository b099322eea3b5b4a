"""The labels of the corpus hold: numeric truths at forty digits, hulls at kinks, demonstrations for contracts.

A right item may miss the truth by `rounding` units of roundoff of its dtype, relative to the larger of the entry and
its block's root mean square; a wrong one must miss it by a hundred times that, or be non-finite, somewhere.
"""

import re
from pathlib import Path

import numpy as np
import pytest
from mpmath import mpf

from by_path import load

corpus = load(Path(__file__).with_name("load.py"))
truth, calls, shows = (corpus.module(name) for name in ("truth", "calls", "shows"))

ITEMS = tuple(item for item in corpus.load_items() if not item.door)  # test_door_labels.py has the others
CLEARLY = 100  # a wrong item misses by this many allowances at least
FEW = 36  # blocks with at most this many entries are checked entry by entry, larger ones by a sample and by directions
SAMPLE, DIRECTIONS = 6, 3
NOTHING = mpf("1e-30")  # below what differences at sixty digits resolve
CLOSED = {}
BY_NAME = {item.name: item for item in ITEMS}


def roundoff(item):
    """The coarsest floating dtype among the inputs decides what honest rounding is."""
    return mpf(max(float(np.finfo(x.dtype).eps) / 2 for x in item.inputs if x.dtype.kind == "f"))


def probes(item, inputs, salt=0):
    """Sets of tangents: single entries (all, or a sample) and whole random directions that respect `structure=`."""
    rng = np.random.default_rng([len(item.name), salt, 7])
    asked, structure = calls.chosen(item), dict(item.options.get("structure", {}))
    for i in asked:
        if i in structure:
            continue
        n = inputs[i].size
        for k in range(n) if n <= FEW else rng.choice(n, SAMPLE, replace=False):
            unit = np.zeros(n, dtype=object)
            unit[k] = mpf(1)
            yield i, {i: unit.reshape(inputs[i].shape)}
    for _ in range(DIRECTIONS):
        yield (
            None,
            {
                i: truth.lift(structured(rng.standard_normal(inputs[i].shape), inputs[i], structure.get(i)))
                for i in asked
            },
        )


def structured(direction, x, word):
    """A direction within the declared set of inputs."""
    if word == "symmetric":
        return direction + np.swapaxes(direction, -1, -2)
    if word == "triangular":
        return np.where(
            np.tril(np.ones_like(x)) * (np.triu(x, 1) == 0).all()
            + np.triu(np.ones_like(x)) * (np.tril(x, -1) == 0).all(),
            direction,
            0,
        )
    if word == "simplex":
        return direction - direction.mean(axis=-1, keepdims=True)
    return direction


def misses(item, inputs, salt=0):
    """Per probe: (distance to the truth) / (what honest rounding explains). Infinite for non-finite answers."""
    lifted = [truth.lift(x) for x in inputs]
    u = roundoff(item) * mpf(item.rounding)
    if item.kind == "jvp":
        yield from jvp_misses(item, inputs, lifted, u, salt)
        return
    with np.errstate(all="ignore"):
        output = item.f(*calls.copies(inputs))
    seed = calls.cotangent(item, output, salt)
    got = calls.pullback(item, seed, calls.copies(inputs))
    weights = truth.flat(seed)
    asked = calls.chosen(item)
    grads = [np.zeros(x.shape) if g is None else np.asarray(g) for g, x in zip(got, inputs, strict=True)]
    for i in asked:
        if grads[i].shape != inputs[i].shape or not np.all(np.isfinite(grads[i])):
            yield mpf("inf")
            return
    grads = [truth.lift(g) for g in grads]
    closed = closed_form(item, inputs, lifted) if isinstance(item.truth, truth.ClosedForm) else None

    rows = []
    for block, tangent in probes(item, inputs, salt):
        if closed is None:
            tangents = [tangent.get(i) for i in range(len(inputs))]
            true = truth.dot(truth.directional(value_of(item), lifted, tangents), weights)
        else:
            true = sum(truth.dot(np.ravel(closed[i]), np.ravel(v)) for i, v in tangent.items())
        mine = sum(truth.dot(np.ravel(grads[i]), np.ravel(v)) for i, v in tangent.items())
        rows.append((block, tangent, true, mine))
    scale = {i: block_scale(i, rows) or flat_scale(output, weights, inputs[i]) for i in asked}
    for block, tangent, true, mine in rows:
        if block is None:
            sums = {i: np.ravel(truth.absolute(v)) for i, v in tangent.items()}
            reach = abs(true) + sum(scale[i] * s.sum() for i, s in sums.items() if s.size)
        else:
            reach = max(abs(true), scale[block])
        yield quotient(abs(mine - true), u * reach)


def closed_form(item, inputs, lifted):
    """The hand-written gradient of a scalar `f`; items that share truth and inputs share the work."""
    key = id(item.truth), *map(id, inputs)
    if key not in CLOSED:
        CLOSED[key] = item.truth.gradient(truth.lift(np.ones(())), *lifted)
    return CLOSED[key]


def value_of(item):
    return item.truth.value


def block_scale(i, rows):
    """Root mean square of the block's true entries, as far as they were sampled."""
    entries = [true for block, _, true, _ in rows if block == i]
    if not entries:  # structured blocks have directions only
        entries = [true for block, _, true, _ in rows if block is None]
    scale = (sum(e * e for e in entries) / max(1, len(entries))) ** mpf("0.5")
    return scale if scale > NOTHING else mpf(0)


def flat_scale(output, weights, x):
    """What a derivative could amount to where the true one is zero: |f| / max(1, |x|)."""
    value = sum(abs(v * w) for v, w in zip(truth.flat(output), weights, strict=True))
    return value / max(1, float(np.max(np.abs(x), initial=0)))


def quotient(distance, allowance):
    if distance < NOTHING:
        return mpf(0)
    return distance / allowance if allowance else mpf("inf")


def jvp_misses(item, inputs, lifted, u, salt):
    for k in range(DIRECTIONS):
        tangents = tuple(calls.draw(item, x.shape, x.dtype, 1000 * salt + 10 * k + i) for i, x in enumerate(inputs))
        value, got = calls.pushforward(item, calls.copies(inputs), calls.copies(tangents))
        true = truth.directional(item.truth.value, lifted, [truth.lift(v) for v in tangents])
        pairs = [(true, got)] + ([] if value is None else [(truth.flat(item.truth.value(*lifted)), value)])
        for right, answer in pairs:
            answer = np.ravel(np.asarray(answer))
            if answer.size != right.size or not np.all(np.isfinite(answer)):
                yield mpf("inf")
                continue
            distance = truth.absolute(truth.lift(answer) - right)
            scale = (sum(r * r for r in right) / len(right)) ** mpf("0.5")
            yield max(quotient(d, u * max(abs(r), scale)) for d, r in zip(distance, right, strict=True))


def points(item):
    return (item.inputs, *item.truth.at)


def names(items):
    return [item.name for item in items]


NUMERIC = [i for i in ITEMS if not isinstance(i.truth, truth.LabelledByIntent)]
INTENT = [i for i in ITEMS if isinstance(i.truth, truth.LabelledByIntent)]
RIGHT = [i for i in ITEMS if i.label == "right"]


@pytest.mark.parametrize("name", names(NUMERIC))
def test_numeric_label(name):
    item = BY_NAME[name]
    worst = [max(misses(item, inputs), default=mpf(0)) for inputs in points(item)]
    if item.label == "right":
        assert max(worst) <= 1, f"{name}: labelled right, misses the truth by {float(max(worst)):.3g} allowances"
    else:
        assert max(worst) >= CLEARLY, (
            f"{name}: labelled wrong, misses the truth by {float(max(worst)):.3g} allowances only"
        )


@pytest.mark.parametrize("name", names([i for i in NUMERIC if isinstance(i.truth, truth.Reference)]))
def test_truth_is_a_truth_about_f(name):
    item = BY_NAME[name]
    meant = item.options.get("meant", item.f)
    with np.errstate(all="ignore"):
        value = truth.flat(meant(*calls.copies(item.inputs)))
    expected = truth.flat(item.truth.value(*[truth.lift(x) for x in item.inputs]))
    scale = max(map(abs, expected), default=mpf(0))
    slack = max(1e3, item.rounding) * roundoff(item) * max(scale, max((abs(v) for v in value), default=0))
    assert value.shape == expected.shape
    assert all(abs(a - b) <= slack for a, b in zip(value, expected, strict=True))


@pytest.mark.parametrize("name", names([i for i in NUMERIC if isinstance(i.truth, truth.ClosedForm)]))
def test_closed_form_is_about_f(name):
    """A central difference of `f` along the closed form's own gradient shows its squared length."""
    item = BY_NAME[name]
    closed = closed_form(item, item.inputs, [truth.lift(x) for x in item.inputs])
    grads = [None if g is None else g.astype(float) for g in closed]
    length = np.sqrt(sum(np.sum(g * g) for g in grads if g is not None))
    ahead, behind = (
        item.f(*[x if g is None else x + s * 1e-5 * g / length for x, g in zip(item.inputs, grads, strict=True)])
        for s in (1, -1)
    )
    assert (ahead - behind) / 2e-5 == pytest.approx(length, rel=1e-7)


@pytest.mark.parametrize("name", names(INTENT))
def test_label_by_intent(name):
    item = BY_NAME[name]
    assert item.truth.hulls or item.truth.shows, "an intent needs a set of answers or a demonstration"
    if item.truth.hulls:
        with np.errstate(all="ignore"):
            got = calls.pullback(item, np.ones(np.shape(item.f(*item.inputs))), calls.copies(item.inputs))
        inside = all(hull.holds(g) for hull, g in zip(item.truth.hulls, got, strict=True))
        assert inside == (item.label == "right")
    if item.truth.shows:
        assert item.truth.shows(item) == (item.label == "wrong")


WIDER = {"float32_tanh_answered_in_float64"}
"""Right items whose answers are wider than their inputs, so that they are linear to the digits of float32 alone."""


@pytest.mark.parametrize("demonstration", shows.ALL, ids=lambda d: d.__name__)
def test_right_items_break_no_contract(demonstration):
    assert [item.name for item in RIGHT if item.name not in WIDER and demonstration(item)] == []


def test_right_items_answer_in_shape():
    assert [i.name for i in RIGHT if i.kind != "jvp" and shows.wrong_shape(i)] == []


def test_counts_and_names():
    labels = [item.label for item in ITEMS]
    assert labels.count("wrong") >= 80
    assert labels.count("right") >= 80
    assert len(BY_NAME) == len(ITEMS)
    held = sum(item.held_out for item in ITEMS)
    assert 0.4 * len(ITEMS) <= held <= 0.6 * len(ITEMS)


def test_readme_names_items_that_exist():
    table = Path(__file__).with_name("README.md").read_text().partition("## Where")[2]
    named = set(re.findall(r"`([a-z0-9_\-]{3,})`", table))
    assert len(named) > 80
    assert named <= set(BY_NAME), sorted(named - set(BY_NAME))


def test_every_category_has_both_labels():
    for category in {item.category for item in ITEMS}:
        assert {i.label for i in ITEMS if i.category == category} == {"right", "wrong"}, category


def test_a_flipped_label_is_noticed():
    """The rule has teeth: a right entry bent by ten allowances is no longer right, one bent by a tenth still is."""
    item = BY_NAME["tanh_from_output"]
    for factor, expected in ((0.1, True), (10.0, False)):
        bent = 1 + factor * item.rounding * float(roundoff(item))
        twisted = type(item)(
            **{
                f: getattr(item, f)
                for f in ("name", "category", "kind", "f", "inputs", "label", "why", "truth", "options", "rounding")
            },
            derivative=lambda c, x, bent=bent: item.derivative(c, x) * bent,
        )
        assert (max(misses(twisted, twisted.inputs)) <= 1) is expected
