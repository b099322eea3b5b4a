"""Every row of the source documents, as one run of the built-in suites lists it: PASS, compared, by three oracles.

The documents: S0 backprop on a computational graph; S1 scalar and vector backprop; S2 a network as a DAG of neurons; S3
an MLP by layers, SGD and update schedules; S4 computation graphs and MLPs in matrix form.
"""

from __future__ import annotations

import json
import math
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import pytest

from gradcheck.cli import main
from gradcheck.oracle.path_enumeration import count_paths
from gradcheck.problem import Case, Cost, Graph, Training
from gradcheck.run.suite import builtin_suites, load_suite

ROWS = {
    "S0.a": "path expansion equals backprop, and its cost grows exponentially while backprop's grows linearly",
    "S0.b": "fully connected layer and element-wise nonlinearity rules",
    "S1.a": "univariate logistic least squares",
    "S1.b": "the same, L2-regularised",
    "S1.c": "y + exp(xy) along (cos t, t^2)",
    "S1.d": "multiclass logistic regression with softmax cross-entropy",
    "S1.e": "two-layer MLP, several outputs, unit form and vector form",
    "S1.f": "VJP rules of the matrix-vector product and of element-wise maps",
    "S1.g": "batch average; the cost claims",
    "S2.a": "neuron DAGs with a nonlinearity per neuron and a weight per edge, skip connections included",
    "S2.b": "several neurons feeding the loss",
    "S2.c": "the printed pseudo-code, literally read, shows in weight gradients",
    "S3.a": "MLP with an activation per layer and squared loss without the half",
    "S3.b": "SGD with random batches and a stopping condition",
    "S3.c": "update schedules: constant, decay, AdaGrad, and one that the user defines",
    "S4.a": "linear regression and the sigmoid neuron as graphs",
    "S4.b": "(a + b)(b + c): 9",
    "S4.c": "the delta recursion in matrix form at any depth and width",
    "S4.d": "mini-batch gradients are averages of per-example gradients",
}

PARAMETERS, PATHS = 30, 200_000
"""Up to this size, expanded to scalars, at least three oracles answer."""


@pytest.fixture(scope="module")
def results() -> dict[str, dict[str, Any]]:
    out = StringIO()
    with redirect_stdout(out):
        code = main(["run", "--format", "json"])
    assert code == 0
    return {result["address"]: result for result in json.loads(out.getvalue())["results"]}


@pytest.mark.parametrize("row", ROWS)
def test_a_row_of_the_source_documents(row: str, results: dict[str, dict[str, Any]]) -> None:
    cases = [result for result in results.values() if row in result["labels"]]
    assert cases
    for result in cases:
        assert result["verdict"] == "PASS"
        assert result["comparisons"] > 0
        assert result["worst"]["share"] <= 1
        assert result["worst"]["ulps"] >= 0
        assert len(result["oracles"]) >= 3


@pytest.mark.parametrize("suite", sorted(builtin_suites()))
def test_small_cases_have_three_oracles(suite: str, results: dict[str, dict[str, Any]]) -> None:
    small = 0
    for address, case in ((item.address, item.case) for item in load_suite(suite)):
        if _small(case):
            small += 1
            assert len(results[address]["oracles"]) >= 3, address
    assert small


def _small(case: Case | Cost | Training) -> bool:
    if isinstance(case, Training):
        return _few(case.problem(case.batch_size).lower())
    return _few((case.smallest if isinstance(case, Cost) else case).graph)


def _few(graph: Graph) -> bool:
    parameters = sum(math.prod(graph.shapes[i]) for i in graph.parameters)
    return parameters <= PARAMETERS and count_paths(graph) <= PATHS
