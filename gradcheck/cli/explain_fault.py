"""`gradcheck explain F01`: a fault of the catalogue, and a small built-in case on which it shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradcheck.diagnosis.diagnosed import try_and_diagnose
from gradcheck.faults.fault import Fault
from gradcheck.judge.entry_points import missing_entry
from gradcheck.oracle.symbolic import symbolic
from gradcheck.problem import Case
from gradcheck.run.suite import Addressed, load_suite
from gradcheck.subject.inprocess import InProcessSubject
from gradcheck.verdict.result import Result, Verdict

_SUITES = {
    "dag": ("worked_examples", "local_rules"),
    "protocol": ("worked_examples",),
    "mlp": ("mlps",),
    "neurons": ("neuron_dags",),
    "training": ("training",),
}
"""Suites in which an example of a fault is sought, by the fault's scope."""

_LARGEST = 40
"""Maximum number of nodes of an example's graph."""


def shown_on(fault: Fault) -> Result | None:
    """The result of an engine with this fault on the smallest built-in case where it is wrong; None if none exists."""
    subject = InProcessSubject(fault.subject(), entry=fault.entry)
    for item in _by_size(fault):
        if missing_entry(item.case, subject) is None:
            result = try_and_diagnose(item.address, item.case, subject, (symbolic,), None)
            if result.verdict in (Verdict.FAIL, Verdict.ERROR):
                return replace(result, sentence=item.case.sentence)
    return None


def _by_size(fault: Fault) -> Iterator[Addressed]:
    for suite in _SUITES[fault.scope]:
        items = load_suite(suite)
        sizes = {a.address: len(a.case.graph) if isinstance(a.case, Case) else _LARGEST for a in items}
        yield from sorted((a for a in items if sizes[a.address] <= _LARGEST), key=lambda a: sizes[a.address])
