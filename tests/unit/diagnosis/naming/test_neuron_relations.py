"""Networks of neurons that are wrong in a manner of their own, by an engine that pulls gradients from successors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations, islice
from typing import Any

import numpy as np
import pytest

from gradcheck.diagnosis.naming.answer_match import Observed, at_kink
from gradcheck.diagnosis.naming.further_cases import drawn_cases
from gradcheck.diagnosis.naming.search import explanation
from gradcheck.faults.entries import NEURONS_TOO
from gradcheck.faults.mlps.delta_recursion import activate, losses, outer_slope, slope
from gradcheck.problem.neuron_dag import target, weight
from gradcheck.subject.inprocess import InProcessSubject

ENTRY = "neuron_gradients"


class Pulling:
    """A right engine: each neuron asks its successors, one sample at a time; every decision can be replaced."""

    def __call__(self, network: Any, point: Any) -> tuple[Any, dict[str, Any]]:
        self.network, self.point = network, point
        self.after = {v: [w for u, w in network.edges if u == v] for v in (*network.inputs, *network.neurons)}
        share = 1 / network.batch if network.reduction == "mean" else 1.0
        value, each = 0.0, []
        for k in range(network.batch):
            self.out: dict[str, Any] = {u: point[u][k] for u in network.inputs}
            self.into: dict[str, Any] = {}
            self.known: dict[str, Any] = {}
            for v in network.order():
                self.into[v] = sum(point[weight(u, v)] * self.out[u] for u in network.back(v))
                self.out[v] = activate(network.neurons[v], np.asarray(self.into[v]))
            y, t = (
                np.array([[x[name(v)][at] for v in network.loss_neurons]])
                for x, name, at in ((self.out, str, ()), (point, target, k))
            )
            value += share * losses(network.loss, y, t)[0]
            self.sent = dict(zip(network.loss_neurons, outer_slope(network.loss, y, t)[0], strict=True))
            each.append({weight(u, v): self.edge(u, v) for u, v in network.edges})
        kind = point[network.inputs[0]].dtype
        found = {n: self.combine([g[n] for g in each], network.batch, share) for n in each[0]}
        return np.asarray(value, kind), {n: np.asarray(g, kind) for n, g in found.items()}

    def combine(self, each: list[Any], n: int, share: float) -> Any:
        return sum(each) * share

    def slope(self, v: str) -> Any:
        return slope(self.network.neurons[v], np.asarray(self.into[v]))

    def observed(self, v: str) -> Any:
        return self.sent.get(v, 0.0)

    def delta(self, v: str) -> Any:
        if v not in self.known:
            self.known[v] = self.gathered(v) * self.slope(v)
        return self.known[v]

    def gathered(self, v: str) -> Any:
        return self.observed(v) + sum(self.message(v, w) for w in self.after[v])

    def message(self, v: str, w: str) -> Any:
        return self.delta(w) * self.point[weight(v, w)]

    def edge(self, u: str, v: str) -> Any:
        return self.delta(v) * self.out[u]


P = Pulling


def sigma(e: Any, v: str) -> str:
    return str(e.network.neurons[v])


MISTAKES: Mapping[str, dict[str, Callable[..., Any]]] = {
    "F130 once per successor": {"message": lambda e, v, w: P.message(e, v, w) * max(1, len(e.after[w]))},
    "F130 weights as well": {"gathered": lambda e, v: P.gathered(e, v) * max(1, len(e.after[v]) + (v in e.sent))},
    "F131 behind a tanh": {
        "edge": lambda e, u, v: (
            e.delta(v) * (e.into if sigma(e, u) == "tanh" else e.out)[u] if u in e.into else P.edge(e, u, v)
        )
    },
    "F132 the loss's neuron's": {
        "slope": lambda e, v: slope(sigma(e, e.network.loss_neurons[0]), np.asarray(e.into[v]))
    },
    "F132 1 - out^2": {"slope": lambda e, v: 1 - e.out[v] ** 2},
    "F133 where two are fed": {"observed": lambda e, v: P.observed(e, v) if len(e.after[v]) < 2 else 0.0},
    "F10 over successors": {"gathered": lambda e, v: P.gathered(e, v) / max(1, len(e.after[v]) + (v in e.sent))},
    "F100 at out": {"slope": lambda e, v: slope(sigma(e, v), np.asarray(e.out[v]))},
    "F101 sigmoid": {"slope": lambda e, v: e.into[v] * (1 - e.into[v]) if sigma(e, v) == "sigmoid" else P.slope(e, v)},
    "F105 before the last": {"slope": lambda e, v: P.slope(e, v) if v in e.sent else 1.0},
    "F105 passed on": {"message": lambda e, v, w: e.gathered(w) * e.point[weight(v, w)]},
    "F115 first sample": {"combine": lambda e, each, n, share: each[0]},
    "F116 all": {"combine": lambda e, each, n, share: sum(each)},
    "F119 half": {"observed": lambda e, v: P.observed(e, v) * (2 if e.network.loss == "half_squared" else 1)},
    "F121 logistic": {
        "observed": lambda e, v: P.observed(e, v) * (slope("sigmoid", e.out[v]) if e.network.loss == "logistic" else 1)
    },
}

STRANGE: Mapping[str, dict[str, Callable[..., Any]]] = {
    "loss observed twice": {"observed": lambda e, v: P.observed(e, v) * (2 if e.after[v] else 1)},
    "first successor observed twice": {
        "gathered": lambda e, v: P.gathered(e, v) + sum(e.message(v, w) for w in e.after[v][:1])
    },
    "once per predecessor": {"message": lambda e, v, w: P.message(e, v, w) * len(e.network.back(w))},
    "everything twice": {"combine": lambda e, each, n, share: 2 * sum(each) * share},
    "halved at branches": {"gathered": lambda e, v: P.gathered(e, v) / (2 if len(e.after[v]) > 2 else 1)},
    "weights forgotten": {"message": lambda e, v, w: e.delta(w)},
    "slopes squared": {"slope": lambda e, v: P.slope(e, v) ** 2},
    "averages whatever the loss is": {"combine": lambda e, each, n, share: sum(each) / n},
    "linear neurons taken for sigmoids": {
        "slope": lambda e, v: slope(sigma(e, v).replace("identity", "sigmoid"), np.asarray(e.into[v]))
    },
    "neurons of the loss hear nothing else": {"message": lambda e, v, w: 0.0 if v in e.sent else P.message(e, v, w)},
}


def drawn() -> Iterator[Any]:
    return (c for c in islice(drawn_cases(ENTRY, []), 40) if not at_kink(c))


def names(engine: Any) -> set[str]:
    subject, cases = InProcessSubject(engine, entry=ENTRY), list(drawn())
    failing = [c for c in cases if Observed(c, subject, ENTRY).wrong]
    passing = [c for c in cases if c not in failing]
    return {f.code for f in explanation(subject, failing, passing, frozenset()).faults}


def wrong(*bends: Mapping[str, Callable[..., Any]]) -> Any:
    return type("Wrong", (Pulling,), {name: method for bend in bends for name, method in bend.items()})()


def test_the_engine_without_a_mistake_is_right() -> None:
    assert not any(Observed(c, InProcessSubject(Pulling(), entry=ENTRY), ENTRY).wrong for c in drawn())


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_gets_its_name(mistake: str) -> None:
    assert names(wrong(MISTAKES[mistake])) == {mistake.split()[0]}


@pytest.mark.parametrize("mistake", STRANGE)
def test_a_mistake_that_is_no_row_gets_none(mistake: str) -> None:
    assert not names(wrong(STRANGE[mistake]))


PAIRS = [p for p in combinations(MISTAKES, 2) if not MISTAKES[p[0]].keys() & MISTAKES[p[1]].keys()]


@pytest.mark.parametrize(("one", "other"), PAIRS[:: len(PAIRS) // 8])
def test_two_mistakes_at_once_get_no_wrong_name(one: str, other: str) -> None:
    assert names(wrong(MISTAKES[one], MISTAKES[other])) <= {one.split()[0], other.split()[0]}


@pytest.mark.parametrize(("code", "make"), [(code, make) for code, bends in NEURONS_TOO.items() for make in bends])
def test_what_networks_of_neurons_share_with_mlps_is_called_so(code: str, make: Any) -> None:
    assert names(make()) == {code}
