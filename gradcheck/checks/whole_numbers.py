"""Whole numbers at a point: which of them are values that a derivative answers for, and which are indices or counts."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradcheck.checks.given_form import runs
from gradcheck.errors import InvalidProblem
from gradcheck.judge.question import Kind
from gradcheck.problem.function import in_choice, input_names, lend
from gradcheck.verdict.finding import Finding, finding


def with_floats(
    kind: Kind, f: Callable[..., Any], derivative: Callable[..., Any], inputs: tuple[Any, ...], wrt: Any
) -> tuple[tuple[Any, ...], list[Finding]]:
    """The inputs, with floats for the whole numbers that are differentiated, and a note for each that was replaced.

    Those are: all, where there is no float; those that `wrt` names; and those for which a gradient answers with more
    than None. Where f does not run on floats there, they are indices and stay as they are.

    Raises InvalidProblem where `wrt` names an index, or where all inputs are indices.
    """
    whole = [k for k, x in enumerate(inputs) if np.asarray(x).dtype.kind in "iu"]
    if not whole:
        return inputs, []
    names = input_names(f, len(inputs))
    floating = any(np.asarray(x).dtype.kind == "f" for x in inputs)
    asked = [k for k in whole if _names(wrt, k, names)]
    chosen = asked or ([k for k in whole if _answered(kind, derivative, inputs, k)] if floating and wrt is None else [])
    if not floating and wrt is None:
        chosen = whole
    if not chosen:
        return inputs, []
    changed = tuple(np.asarray(x, dtype=np.float64) if k in chosen else x for k, x in enumerate(inputs))
    if not runs(f, inputs) or runs(f, changed):
        notes = [finding("GC105", block=names[k]) for k in chosen] if floating else []
        return changed, notes
    if asked or not floating:
        which = ", ".join(repr(names[k]) for k in chosen)
        raise InvalidProblem(
            "expected floating-point values; f does not run on them: there is no derivative by an index or a count",
            where=f"input {which}",
        )
    return inputs, [_refused(derivative, inputs, k, names[k]) for k in chosen]


def _refused(derivative: Callable[..., Any], inputs: Sequence[Any], k: int, name: str) -> Finding:
    """What is said of an answer for an index: that it is not judged where it is zero, else that it cannot be right."""
    part = _answer(derivative, inputs).get(k)
    try:
        numbers = np.ravel(np.asarray(part, dtype=np.float64))
    except (TypeError, ValueError):  # no numbers, about which nothing can be said
        return finding("GC106", block=name)
    wrong = numbers[numbers != 0]
    return finding("GC116", block=name, value=float(wrong[0])) if wrong.size else finding("GC106", block=name)


def _names(wrt: Any, k: int, names: Sequence[str]) -> bool:
    if wrt is None:
        return False
    chosen = in_choice(wrt)
    return any(c == names[k] if isinstance(c, str) else c in (k, k - len(names)) for c in chosen)


def _answered(kind: Kind, derivative: Callable[..., Any], inputs: Sequence[Any], k: int) -> bool:
    """Whether a gradient has something other than None in the place of an input."""
    return kind == "gradient" and _answer(derivative, inputs).get(k) is not None


def _answer(derivative: Callable[..., Any], inputs: Sequence[Any]) -> dict[int, Any]:
    """The parts of a gradient by position; none where it raises, or has not one per input."""
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = derivative(*lend(inputs))
    except (Exception, SystemExit):  # reported when it is asked in earnest
        return {}
    whole = isinstance(answer, tuple | list) and len(answer) == len(inputs)
    return dict(enumerate(answer)) if whole else {}
