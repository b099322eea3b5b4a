"""Packages from the index as controls: right where they are right, and what they are wrong at is wrong by other evidence.

Each is skipped where it is not installed; `.ci/run` installs all of them (`peers` in pyproject.toml).
"""

import importlib
from functools import cache

import mpmath
import numpy as np
import pytest

from gradcheck.oracle import graph_oracles
from gradcheck.run import runner
from gradcheck.run.events import Finished
from gradcheck.run.suite import Addressed
from gradcheck.subject.answer import Declared
from gradcheck.subject.description import seen
from gradcheck.conventions.offer import Offer
from gradcheck.conventions.recognition import recognised
from gradcheck.subject.inprocess import InProcessSubject
from gradcheck.verdict.result import Result, Verdict
from gradcheck.verify.engine_cases import engine_cases
from gradcheck.verify.form_cases import deep_cases


pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # sigmoids that overflow, and are right

CONVENTIONS = {"micrograd.engine": "scalar-value", "mygrad": "tensor-value", "autograd": "grad-transform"}
"""What each package is recognised as, besides pairs of functions that it may hold."""


@cache
def offered(module: str) -> Offer:
    pytest.importorskip(module.partition(".")[0])
    found = recognised(importlib.import_module(module)).offers
    (offer,) = [offer for offer in found if offer.functions]
    assert offer.convention == CONVENTIONS[module]
    return offer


def asked(offer: Offer, cases: list[Addressed]) -> list[Result]:
    subject = InProcessSubject(offer.functions["gradients"], declared=Declared(offer.ops, offer.dtype))
    events = runner.run(cases, subject, graph_oracles(), described="", diagnosis=False, forms_may_lack=True)
    return next(list(event.results) for event in events if isinstance(event, Finished))


@cache
def results(module: str) -> dict[str, Result]:
    offer = offered(module)
    cases = [item for item in engine_cases(seen(offer)) if item.suite in ("local_rules", "branches", "forms")]
    return {result.address.partition("::")[2]: result for result in asked(offer, cases)}


def wrong(module: str) -> set[str]:
    return {name for name, result in results(module).items() if result.verdict is not Verdict.PASS}


def test_micrograd_is_right():
    assert len(results("micrograd.engine")) > 40
    assert wrong("micrograd.engine") == set()


def test_micrograd_lacks_exponents_that_are_nodes():
    assert set(offered("micrograd.engine").lacking) == {"2 ** x", "x ** y"}


def test_micrograd_sweeps_once():
    limits = offered("micrograd.engine").limits
    assert len(limits) == 1
    assert "a second root.backward() on the same graph" in limits[0]


def test_micrograd_recurses():
    cases = [Addressed(f"deep::{case.name}", "deep", case) for case in deep_cases()]
    found = asked(offered("micrograd.engine"), cases)
    assert found
    assert all(f.facts["type"] == "RecursionError" for result in found for f in result.findings if f.code == "GC004")


def test_mygrad_is_right_but_for_kinks_adjoints_of_views_and_digits_of_elu():
    assert len(results("mygrad")) > 120
    views = {name for name in wrong("mygrad") if "broadcast_to" in name}
    assert all("GC012" not in results("mygrad")[name].codes for name in views)  # the gradients of x are right
    others = {"minimum at 1, 1", "maximum at 1, 1", "leaky_relu at 0", "elu at -40", "elu at -400"}
    assert wrong("mygrad") - views == others


def test_mygrad_gives_nothing_to_either_operand_at_a_tie():
    mygrad = pytest.importorskip("mygrad")
    x, y = mygrad.tensor(1.0), mygrad.tensor(1.0)
    mygrad.maximum(x, y).backward()
    along = float(x.grad) + float(y.grad)
    slopes = [mpmath.diff(lambda t: mpmath.mpf(max(1 + t, 1 + t)), 0, direction=side) for side in (-1, 1)]
    assert [float(slope) for slope in slopes] == [1.0, 1.0]  # max(x, y) along (1, 1) is smooth there
    assert along == 0.0


def test_mygrad_gives_a_leaky_relu_a_slope_that_neither_side_has():
    pytest.importorskip("mygrad")
    mygrad, leaky_relu = (
        importlib.import_module("mygrad"),
        importlib.import_module("mygrad.nnet").activations.leaky_relu,
    )
    x = mygrad.tensor(0.0)
    leaky_relu(x, 0.01).backward()
    sides = [mpmath.diff(lambda t: t if t > 0 else t / 100, 0, direction=side) for side in (-1, 1)]
    assert [float(side) for side in sides] == [0.01, 1.0]
    assert float(x.grad) == 0.0


def test_mygrad_loses_the_slope_of_elu_far_to_the_left():
    pytest.importorskip("mygrad")
    mygrad, elu = importlib.import_module("mygrad"), importlib.import_module("mygrad.nnet").activations.elu
    x = mygrad.tensor(-40.0)
    elu(x, 1.0).backward()
    assert float(x.grad) == 0.0
    assert mpmath.exp(-40) > mpmath.mpf("4e-18")


def test_mygrad_reads_the_adjoint_of_a_broadcast_view_off_its_base():
    mygrad = pytest.importorskip("mygrad")
    x, c = mygrad.tensor([1.0, 2.0, 3.0]), np.array([[1.5, -0.75, 2.0], [0.5, -1.25, 0.25]])
    y = mygrad.broadcast_to(x, (2, 3))
    (c * y).sum().backward()
    assert x.grad.tolist() == c.sum(axis=0).tolist()
    assert y.grad.tolist() != c.tolist()  # sum(c * y) is linear in y, and c its gradient


def test_autograd_is_right_but_for_where_and_digits_of_expm1():
    assert len(results("autograd")) > 150
    assert wrong("autograd") == {"where () (3,)", "expm1 at -40"}


def test_autograd_does_not_undo_the_broadcasting_of_where():
    pytest.importorskip("autograd")
    anp, grad = importlib.import_module("autograd.numpy"), importlib.import_module("autograd").grad
    mask = np.array([[True, False, True]] * 2)
    came = grad(lambda x: anp.sum(anp.where(mask, x, np.ones(3))))(2.0)
    assert np.shape(came) == (2, 3)  # of a number
    assert np.sum(came) == np.sum(mask)


def test_autograd_loses_the_slope_of_expm1_far_to_the_left():
    pytest.importorskip("autograd")
    anp, grad = importlib.import_module("autograd.numpy"), importlib.import_module("autograd").grad
    assert grad(anp.expm1)(-40.0) == 0.0
    assert mpmath.exp(-40) > mpmath.mpf("4e-18")
