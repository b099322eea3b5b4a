"""The child's side of a trial of functions: it loads the file, and judges one of its pairs when it is asked to.

The user's forward pass is traced, so the judge runs in the process of the file. A file that wants to deceive the judge
there can; that it is a process of its own keeps the parent safe from crashes, endless loops and exits, no more.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from gradcheck.conventions.averaged import Averaged, otherwise
from gradcheck.conventions.offer import Pair
from gradcheck.errors import GradcheckError, SubjectError
from gradcheck.judge.user_names import listed
from gradcheck.subject.answer import Array
from gradcheck.subject.service import Service as SubjectService
from gradcheck.verdict.conclusion import with_findings
from gradcheck.verdict.finding import finding
from gradcheck.verdict.result import Result
from gradcheck.verify.function_pairs import judged
from gradcheck.verify.spelled_advice import spelled, spelled_text
from gradcheck.verify.trials import AVERAGED


class Service(SubjectService):
    """Answers "look" and "judge"; there is no other question."""

    def __init__(self, questions: int, answers: int) -> None:
        self._prepare(questions, answers)

    def _reply(self, header: dict[str, Any], arrays: list[Array]) -> tuple[Mapping[str, Any], Sequence[Array]]:
        if header["do"] != "judge":
            return super()._reply(header, arrays)
        offer = self._look(header).offer(header["convention"], header["offer"])
        pair = offer.pairs[header["pair"]]
        averaged = Averaged.from_header(header["averaged"]) if header["averaged"] else None
        self._send(header["id"], {"status": "begin"})
        convention = header["convention"]
        result = _result(pair) if averaged is None else _in_the_sense(pair, averaged)
        fields = told(pair, spelled(result, convention))
        texts = {key: spelled_text(fields[key], convention) for key in ("headline", "report", "verbose")}
        return {**fields, **texts}, []


def _result(pair: Pair) -> Result:
    try:
        return judged(pair)
    except SubjectError:
        raise
    except GradcheckError as wrong:  # inputs that the convention chose and the check refuses
        raise SubjectError("GC004", type=type(wrong).__name__, message=str(wrong)) from None


def _in_the_sense(pair: Pair, averaged: Averaged) -> Result:
    """The result for a part of a file whose other parts average in its place, or leave it to this one."""
    result = _result(otherwise(pair, averaged))
    if averaged.here:
        what = f"the gradients of {listed(averaged.blocks)} are averaged over axis {averaged.axis} of {averaged.of}"
        rest = "the file's losses leave that to the layers"
    else:
        what = f"the gradient of {listed(averaged.blocks)} is not averaged over axis {averaged.axis}, as the loss is"
        rest = "the file's layers average those of their parameters instead"
    return with_findings(result, [finding(AVERAGED, what=what, rest=rest)])


def told(pair: Pair, result: Result) -> dict[str, Any]:
    """The result as the fields of a message: texts and one number."""
    kinds = [str(f.facts["kind"]) for f in result.findings if f.facts.get("kind")]
    return {
        "status": "judged",
        "verdict": str(result.verdict),
        "codes": sorted(result.codes),
        "kinds": kinds,
        "entries": result.comparisons,
        "headline": result.headline,
        "report": result.report(),
        "verbose": result.report(verbose=True),
        "document": json.dumps(result.to_dict()),
    }
