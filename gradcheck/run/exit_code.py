"""The exit code of a command: what a run, a signal or an error is to the shell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gradcheck.errors import GradcheckError, HarnessFault

if TYPE_CHECKING:  # the command line asks for a code before it knows whether it needs any result
    from gradcheck.verdict.result import Result

AS_EXPECTED = 0
"""Every case is PASS, or as its `expect` says."""
WRONG = 1
"""Some case is FAIL, ERROR or UNDECIDED."""
WRONG_USE = 2
"""Usage, configuration, or an invalid suite: nothing ran."""
HARNESS_FAULT = 3
"""gradcheck itself is at fault."""
NOTHING_COMPARED = 5
"""No entry was compared."""


def of_run(results: Sequence[Result], *, faulted: bool, signal: int | None) -> int:
    """The code of a run; `faulted`: proofs contradicted each other; `signal`: the number of the one that ended it."""
    if signal is not None:
        return of_signal(signal)
    if faulted:
        return HARNESS_FAULT
    if not sum(r.comparisons for r in results):
        no_answer = any(r.verdict == "ERROR" and not as_it_should_be(r) for r in results)
        return WRONG if no_answer else NOTHING_COMPARED
    return AS_EXPECTED if all(as_it_should_be(r) for r in results) else WRONG


def of_signal(number: int) -> int:
    """128 + n, as shells have it."""
    return 128 + number


def of_error(wrong: Exception) -> int:
    """The code where a command ends in an exception."""
    own = isinstance(wrong, GradcheckError) and not isinstance(wrong, HarnessFault)
    return WRONG_USE if own else HARNESS_FAULT


def as_it_should_be(result: Result) -> bool:
    """Whether the result is PASS, or what the case's `expect` demands."""
    return result.verdict == "PASS" or "GC043" in result.codes
