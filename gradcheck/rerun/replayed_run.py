"""The steps of a recording once more, some of them otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.problem.time_limit import check_time
from gradcheck.rerun.recording import Recording
from gradcheck.rerun.steps_tape import Ref, filled

Array = NDArray[Any]
Otherwise = Callable[[tuple[Any, ...], dict[str, Any], Any], Any]
"""otherwise(args, kwargs, result) -> another result of a step than the one that follows from them."""


class Replay:
    """A recording that can be replayed. `visits` counts the steps that were done again."""

    def __init__(self, recording: Recording) -> None:
        self.steps, self.answers = recording.steps, recording.answers
        self.visits = 0
        self._users: list[list[int]] = [[] for _ in self.steps]
        for slot, step in enumerate(self.steps):
            for ref in step.refs:
                self._users[ref].append(slot)
        self._after: dict[frozenset[int], list[int]] = {}
        self.reaching = self._reaching()

    def _reaching(self) -> frozenset[int]:
        """The steps that an answer is computed from."""
        found = {slot for slot in self.answers if slot is not None}
        waiting = list(found)
        while waiting:
            for ref in self.steps[waiting.pop()].refs:
                if ref not in found:
                    found.add(ref)
                    waiting.append(ref)
        return frozenset(found)

    def after(self, slots: frozenset[int]) -> list[int]:
        """The steps that some steps and all that depends on them come to, in order."""
        if slots not in self._after:
            found, waiting = set(slots), list(slots)
            while waiting:
                for user in self._users[waiting.pop()]:
                    if user not in found and user in self.reaching:
                        found.add(user)
                        waiting.append(user)
            self._after[slots] = sorted(found)
        return self._after[slots]

    def answered(self, otherwise: Mapping[int, Otherwise], *, reshaped: bool = False) -> list[Any] | None:
        """Per part of the answer what it would be with some steps done otherwise; None where that cannot be done.

        With `reshaped`, such a step may give a result of another shape.
        """
        changed: dict[int, Any] = {}

        def result(slot: int) -> Any:
            return changed[slot] if slot in changed else self.steps[slot].value

        todo = self.after(frozenset(otherwise))
        self.visits += len(todo)
        check_time()
        try:
            with np.errstate(all="ignore"):
                for slot in todo:
                    step = self.steps[slot]
                    if not step.refs and slot not in otherwise:
                        continue
                    args = tuple(result(a.slot) if type(a) is Ref else filled(a, result) for a in step.args)
                    kwargs = filled(step.kwargs, result) if step.kwargs else {}
                    again = any(ref in changed for ref in step.refs)
                    value = step.function(*args, **kwargs) if again else step.value
                    if slot in otherwise:
                        value = otherwise[slot](args, kwargs, value)
                        if value is None or not (reshaped or np.shape(value) == np.shape(step.value)):
                            return None
                    changed[slot] = value
        except Exception:  # what a step does not take
            return None
        return [None if slot is None else result(slot) for slot in self.answers]

    def faithful(self, parts: list[Any]) -> bool:
        """Whether all its steps, done once more, give these parts of an answer."""
        changed: dict[int, Any] = {}
        try:
            with np.errstate(all="ignore"):
                for slot in sorted(self.reaching):
                    step = self.steps[slot]
                    if step.refs:
                        args = tuple(filled(a, lambda s: changed[s]) for a in step.args)
                        changed[slot] = step.function(*args, **filled(step.kwargs, lambda s: changed[s]))
                    else:
                        changed[slot] = step.value
        except Exception:
            return False
        for answer, part in zip(self.answers, parts, strict=True):
            if answer is not None and part is not None:
                value = np.asarray(changed[answer])
                if np.shape(value) != np.shape(part) or not np.allclose(
                    value, part, rtol=1e-12, atol=0, equal_nan=True
                ):
                    return False
        return True
