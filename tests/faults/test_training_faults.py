"""One bug each, put to the command line as a student's file would be: exit 1, the right parameter or step named."""

from __future__ import annotations

import ast
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gradcheck.cli import main
from gradcheck.run.suite import load_suite

HERE = Path(__file__).parent
Run = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """`gradcheck run TARGET ... --subject FILE --format json --no-diagnosis`: exit code and document."""

    def call(subject: str, *targets: str) -> tuple[int, dict[str, Any]]:
        file = str(HERE / f"{subject}.py")
        code = main(["run", *targets, "--subject", file, "--format", "json", "--no-diagnosis"])
        return code, json.loads(capsys.readouterr().out)

    return call


def findings(document: dict[str, Any], code: str) -> list[dict[str, Any]]:
    return [f["facts"] for result in document["results"] for f in result["findings"] if f["code"] == code]


@pytest.mark.parametrize(
    ("subject", "case", "blocks"),
    [
        ("mlp_slope_at_a", "mlps::S4.c square", {"W1", "b1", "W2", "b2"}),
        ("mlp_slope_at_a", "mlps::S1.e", {"W1", "b1"}),  # the second layer is the identity
        ("mlp_missing_average", "mlps::S4.d", {"W1", "b1", "W2", "b2"}),
        ("mlp_transposed_weights", "mlps::S4.c square", {"W1", "W2"}),
        ("mlp_missing_bias", "mlps::S4.c", {"b1", "b2", "b3"}),
        ("mlp_l2_ignored", "mlps::L2", {"W1", "W2"}),
        ("mlp_l2_on_biases", "mlps::L2", {"b1", "b2"}),
        ("neurons_literal", "neuron_dags::S2.c", {"w(x->v)"}),
    ],
)
def test_a_wrong_gradient_names_its_parameters(run: Run, subject: str, case: str, blocks: set[str]) -> None:
    code, document = run(subject, case)
    assert (code, document["results"][0]["verdict"]) == (1, "FAIL")
    assert {facts["block"] for facts in findings(document, "GC012")} == blocks


def test_a_transposed_gradient_of_a_layer_that_is_not_square_has_the_wrong_shape(run: Run) -> None:
    code, document = run("mlp_transposed_weights", "mlps::S1.e")
    assert (code, document["results"][0]["verdict"]) == (1, "ERROR")
    (first, *_) = findings(document, "GC010")
    assert (first["block"], first["wanted"], first["came"]) == ("W1", [3, 2], [2, 3])


def test_read_literally_the_first_of_three_hidden_layers_is_wrong_and_no_other(run: Run) -> None:
    code, document = run("neurons_literal", "neuron_dags::S2.c three hidden layers")
    blocks = {facts["block"] for facts in findings(document, "GC012")}
    assert code == 1
    assert blocks == {f"w(x{i}->{v})" for i in (1, 2) for v in ("a1", "a2")}


@pytest.mark.parametrize(
    ("subject", "case", "step", "cause"),
    [
        ("sgd_adagrad_forgets", "training::S3.c AdaGrad", 2, "AdaGrad without accumulation"),
        ("sgd_no_decay", "training::S3.c decay", 2, "the decay is not applied"),
        ("sgd_divides_by_batch_size", "training::S4.d", 3, "divided by the batch size"),
    ],
)
def test_a_wrong_step_is_named_with_its_cause(run: Run, subject: str, case: str, step: int, cause: str) -> None:
    code, document = run(subject, case)
    steps = findings(document, "GC060")
    assert code == 1
    assert {facts["step"] for facts in steps} == {step}
    assert {facts["block"] for facts in steps} <= {"W1", "b1", "W2", "b2"}
    (explained,) = findings(document, "GC051")
    assert cause in explained["cause"]


@pytest.mark.parametrize(
    ("subject", "what"),
    [("sgd_with_replacement", "was taken before"), ("sgd_drops_the_rest", "batch 3 has 3 samples, not 1")],
)
def test_batches_that_are_no_partition(run: Run, subject: str, what: str) -> None:
    code, document = run(subject, "training::S4.d")
    (facts,) = findings(document, "GC061")
    assert code == 1
    assert what in facts["what"]
    assert (facts["epoch"], facts["samples"]) == (1, 7)


def test_batches_in_the_order_of_the_data_are_a_warning(run: Run) -> None:
    code, document = run("sgd_in_order", "training::S4.d")
    assert code == 0
    assert [facts["seeds"] for facts in findings(document, "GC063")] == ["1, 2, 3, 4"]


def test_the_same_files_without_their_mistake_pass_every_case(run: Run) -> None:
    """So that what the wrong ones are found guilty of is their one mistake, and nothing that they inherit."""
    code, document = run("correct_networks")
    assert code == 0
    assert {result["verdict"] for result in document["results"]} == {"PASS"}
    by_suite = Counter(result["address"].partition("::")[0] for result in document["results"])
    assert by_suite == {"costs": 4, "mlps": 20, "neuron_dags": 9, "training": 12}
    assert not findings(document, "GC063")


def _slopes(case: Any) -> bool:
    return any(name != "identity" for name in case.problem.activations)


def _average(case: Any) -> bool:
    return case.problem.reduction == "mean" and case.problem.batch > 1


def _penalty(case: Any) -> bool:
    return case.problem.l2 > 0


def _a_neuron_with_successors_is_fed_by_a_neuron_of_two(case: Any) -> bool:
    """The literal reading adds a second message to what was passed on already: it shows on the weights into a vertex
    whose successor is visited twice. A neuron that feeds nothing is never visited: its weights get no gradient at all.
    """
    network = case.problem
    visits: Counter[str] = Counter(network.loss_neurons)
    visits.update(u for v in network.neurons for u in network.back(v))
    return any(visits[v] > 1 and u in network.neurons for u, v in network.edges) or not all(
        visits[v] for v in network.neurons
    )


def _uneven(training: Any) -> bool:
    """Seven samples in batches of three: the last batch has one."""
    return bool(training.samples % training.batch_size)


MISTAKES = [
    ("mlp_slope_at_a", "mlps", _slopes),
    ("mlp_missing_average", "mlps", _average),
    ("mlp_transposed_weights", "mlps", lambda case: True),
    ("mlp_missing_bias", "mlps", lambda case: case.problem.bias),
    ("mlp_l2_ignored", "mlps", _penalty),
    ("mlp_l2_on_biases", "mlps", _penalty),
    ("neurons_literal", "neuron_dags", _a_neuron_with_successors_is_fed_by_a_neuron_of_two),
    ("sgd_adagrad_forgets", "training", lambda training: hasattr(training.schedule, "epsilon")),
    ("sgd_divides_by_batch_size", "training", _uneven),
    ("sgd_drops_the_rest", "training", _uneven),
    ("sgd_in_order", "training", lambda training: False),
    ("sgd_no_decay", "training", lambda training: hasattr(training.schedule, "decay") or "own" in training.name),
    ("sgd_with_replacement", "training", lambda training: True),
]
"""Each wrong subject, a suite, and in which of its cases that one mistake must show: all others have to pass."""


@pytest.mark.parametrize(("subject", "suite", "shows"), MISTAKES, ids=[row[0] for row in MISTAKES])
def test_it_has_one_mistake_and_fails_where_that_shows(
    run: Run, subject: str, suite: str, shows: Callable[[Any], bool]
) -> None:
    cases = {item.address: item.case for item in load_suite(suite)}
    code, document = run(subject, suite)
    verdicts = {result["address"]: result["verdict"] for result in document["results"]}
    wrong = {address for address in verdicts if shows(cases[address])}
    assert {address for address, verdict in verdicts.items() if verdict in ("FAIL", "ERROR")} == wrong
    assert {verdicts[address] for address in verdicts if address not in wrong} <= {"PASS"}
    assert code == int(bool(wrong))


@pytest.mark.parametrize("subject", [row[0] for row in MISTAKES])
def test_its_file_overrides_one_method(subject: str) -> None:
    tree = ast.parse((HERE / f"{subject}.py").read_text(encoding="utf-8"))
    (wrong,) = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    assert len([node for node in wrong.body if isinstance(node, ast.FunctionDef)]) == 1


def test_cases_without_an_entry_point_are_left_out_and_counted(run: Run) -> None:
    code, document = run("mlp_missing_bias", "training", "mlps::L2")
    assert code == 1
    assert [result["address"] for result in document["results"]] == ["mlps::L2"]
    assert document["left_out"] == ["12 training cases left out: the subject has no `train`"]


def test_a_case_that_is_named_is_not_left_out(run: Run) -> None:
    code, document = run("mlp_missing_bias", "training::S4.d")
    assert code == 1
    assert document["results"][0]["verdict"] == "ERROR"
    assert findings(document, "GC003")[0]["looked_for"] == "train"
