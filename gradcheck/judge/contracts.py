"""Contracts: what a derivative must not do, whatever its numbers.

A finding about a broken contract has the two answers that differ.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import SubjectError
from gradcheck.judge.differing_entry import first_apart
from gradcheck.judge.question import Question, Reply
from gradcheck.judge.raised import place
from gradcheck.judge.randomness import DEPENDS, draws, touches_global_state
from gradcheck.judge.time_budget import TimeBudget
from gradcheck.judge.user_names import listed
from gradcheck.problem.evaluations import f_evaluated
from gradcheck.problem.function import Product, laid_out, lend
from gradcheck.problem.time_limit import check_time
from gradcheck.verdict.finding import Finding, finding

Array = NDArray[Any]

ADDRESSES = 1000
"""Number of array objects held while identity is tried: far more than one examination frees, each 100 bytes or so."""
REPEATS = 3
"""Number of further calls with the same arguments: a mistake may come at every third one."""
RANDOM_REPEATS = 64
"""Number of further values of an f that draws from a generator which nothing seeded."""
VALUE = "the value of f"
"""The block of a finding about f's own values."""
FADES = 1 / 32
"""Maximum share of a discrepancy that is left in wider numbers (11 bits more at least) where it is rounding."""


FORTRAN = "in Fortran order"
ANSWER = "the derivative's answer"
"""The block of a finding about an answer that is an exception."""


def instead(failure: SubjectError) -> str:
    """What came in place of an array, in words."""
    facts = failure.facts
    if "type" not in facts:
        return str(facts.get("how", facts.get("came", failure.code)))
    return f"the exception {facts['type']}: {facts['message']}{place(facts)}"


class Contracts:
    """The contracts of one derivative at one point.

    `base` is its first answer, `tolerance` per block what two right answers may differ by, `slight` what two of an
    approximate derivative may differ by where NumPy adds up in another order, `wider` what the same code answers in
    wider numbers (value and radius per block), where it can be had; `time` notes what there is no time for.
    """

    def __init__(
        self,
        question: Question,
        product: Product,
        base: Reply,
        tolerance: Mapping[str, Array],
        slight: Mapping[str, float],
        *,
        tuple_output: bool,
        wider: Callable[[Product], Sequence[tuple[Array, Array] | None] | None],
        time: TimeBudget | None = None,
    ) -> None:
        self._question = question
        self._product = product
        self._base = base
        self._tolerance = tolerance
        self._reordered = {block: np.maximum(allowed, slight[block]) for block, allowed in tolerance.items()}
        self._tuple = tuple_output
        self._wider = wider
        self._time = TimeBudget(None) if time is None else time
        self.exception: BaseException | None = None
        """What the derivative raised, where that breaks a contract."""

    def findings(self) -> list[Finding]:
        """One finding per broken contract; the first that is found of each kind."""
        found: list[Finding] = []
        for probe in (
            self._mutation,
            self._random_state,
            self._repeats,
            self._results_stay,
            self._earlier_calls,
            self._unseen,
            self._new_numbers_in_place,
            self._linear,
            self._layouts,
            self._one_array_twice,
        ):
            with np.errstate(invalid="ignore", over="ignore"):  # answers need not be finite
                known = {f.code for f in found}
                with self._time.part("what the answer must keep to besides its numbers"):
                    found += [f for f in probe() if f.code not in known]
        return found

    # -- what a call leaves behind -------------------------------------------------------------------------------

    def _mutation(self) -> Iterator[Finding]:
        if self._base.mutated:
            yield finding("GC020", who="the subject", what=listed(self._base.mutated))
        inputs = lend(self._product.inputs)
        before = [np.array(x) for x in inputs]
        self._product.function.value(inputs)
        changed = [
            name
            for name, x, b in zip(self._product.function.names, inputs, before, strict=True)
            if not np.array_equal(np.asarray(x), b, equal_nan=b.dtype.kind == "f")
        ]
        if changed:
            yield finding("GC020", who="f", what=listed(changed))

    def _random_state(self) -> Iterator[Finding]:
        calls: tuple[tuple[str, Callable[[], Sequence[Any]]], ...] = (
            ("the derivative", lambda: self._ask().parts),
            ("f", lambda: self._product.run_f()[0]),
        )
        for who, call in calls:
            touches = touches_global_state(call)
            if touches == DEPENDS:
                yield finding("GC024", who=who)
                return
            if touches:
                yield finding("GC091", who=who)

    def _results_stay(self) -> Iterator[Finding]:
        """What one call returned must not change when the derivative is called again elsewhere."""
        elsewhere = self._elsewhere()
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            check_time()
            f_evaluated()
            outputs = self._product.function.f(*lend(self._product.inputs))
        values = outputs if isinstance(outputs, tuple | list) else (outputs,)
        reply = self._ask()
        kept = [None if r is None else np.array(r) for r in (*reply.raw, *values)]
        self._try(elsewhere)
        names = (
            *self._product.blocks,
            *(f"{VALUE} {k}" if len(values) > 1 else VALUE for k in range(len(values))),
        )
        for name, now, then in zip(names, (*reply.raw, *values), kept, strict=False):
            later = np.asarray(now)  # once: an object may answer otherwise each time
            if then is None or np.array_equal(later, then, equal_nan=then.dtype.kind == "f"):
                continue
            if later.shape != then.shape:
                first, second = (f"an array of shape {a.shape}" for a in (then, later))
                yield finding("GC022", block=name, first=first, second=second)
                return
            at = later != then
            yield finding("GC022", block=name, first=float(then[at].flat[0]), second=float(later[at].flat[0]))
            return

    # -- what a call rests on --------------------------------------------------------------------------------------

    def _repeats(self) -> Iterator[Finding]:
        if values := self._values_differ():
            yield finding("GC021", block=VALUE, **values)
            return
        for _ in range(REPEATS):
            if differing := self._differs(self._ask()):
                yield finding("GC021", **differing)
                return

    def _values_differ(self) -> dict[str, Any]:
        """How two values of f at the point differ. One that draws at random is asked often: two may agree by chance."""
        first, values = self._product.run_f()[0], list[tuple[Array, ...]]()
        random = draws(lambda: values.append(self._product.run_f()[0]))
        for k in range(RANDOM_REPEATS if random else 1):
            again = self._product.run_f()[0] if k else values[0]
            if unlike := _unlike(first, again, self._product.dtype):
                return unlike
        return {}

    def _earlier_calls(self) -> Iterator[Finding]:
        elsewhere = self._elsewhere()
        for what, calls in (
            ("after f was called at another point", [elsewhere.run_f]),
            ("after the derivative was asked at another point", [lambda: self._ask(elsewhere)]),
            ("after f was called here again", [self._product.run_f]),
        ):
            for call in calls:
                _quietly(call)
            if differing := self._differs(self._ask()):
                yield finding("GC023", what=what, **differing)
                return

    def _unseen(self) -> Iterator[Finding]:
        """A derivative may look for the checker, and answer rightly where it finds it."""
        try:
            reply = self._question.asked_unseen(self._product, tuple_output=self._tuple)
        except SubjectError:
            return
        if reply is not None and (differing := self._differs(reply)):
            yield finding("GC023", what="asked in a thread that shows nothing of the checker", **differing)

    def _new_numbers_in_place(self) -> Iterator[Finding]:
        """The very arrays of one call, with other numbers in them: an optimiser updates its parameters in place."""
        unused = list(np.empty((ADDRESSES, 0)))  # held, so that no later array gets their memory
        elsewhere = self._elsewhere()
        mine = lend(self._product.inputs)
        here = replace(self._product, inputs=mine)
        try:
            first = self._question.ask(here, tuple_output=self._tuple, copy=False)
            for x, new in zip(mine, elsewhere.inputs, strict=True):
                if isinstance(x, np.ndarray):
                    x[...] = new
            copies = [replace(here, inputs=lend(mine)) for _ in range(2)]
            expected, again = (self._question.ask(c, tuple_output=self._tuple, copy=False) for c in copies)
            reply = self._question.ask(here, tuple_output=self._tuple, copy=False)
        except SubjectError:  # not a point of f, perhaps
            return
        finally:
            del unused
        if differing := self._differs(first):
            yield finding("GC021", **differing)
            return
        peaks = [max((_peak(p) for p in r.parts), default=0.0) for r in (expected, self._base)]
        factor = 1.0 + peaks[0] / (peaks[1] or 1.0)
        if differing := self._differs(again, list(expected.parts), factor):
            yield finding("GC021", **differing)
        elif differing := self._differs(reply, list(expected.parts), factor):
            yield finding("GC023", what="after the very same arrays were given new numbers in place", **differing)

    def _linear(self) -> Iterator[Finding]:
        """J^T c is linear in c: 0, multiples (powers of two, so that rounding is the same) and sums."""
        if self._question.kind == "gradient":
            return
        weights = self._weights(self._product)
        for factor in (0.0, -2.0, *self._far()):
            scaled = self._product.weighed([np.asarray(w * w.dtype.type(factor)) for w in weights])
            expected = [None if p is None else factor * p.astype(float) for p in self._base.parts]
            what = "for a cotangent of zero" if factor == 0 else f"for {factor:g} times the cotangent"
            if broken := self._not_linear(what, scaled, expected, abs(factor)):
                yield broken
                return
        random = np.random.default_rng(1)
        other = [np.asarray(random.standard_normal(w.shape), dtype=w.dtype) for w in weights]
        apart = self._ask(self._product.weighed(other))
        joint = self._product.weighed([a + b for a, b in zip(weights, other, strict=True)])
        expected = [
            None if p is None or q is None else p.astype(float) + q.astype(float)
            for p, q in zip(self._base.parts, apart.parts, strict=True)
        ]
        slack = 4.0 * (1.0 + max((float(np.max(np.abs(w), initial=0.0)) for w in other), default=0.0))
        if broken := self._not_linear("for the sum of two cotangents", joint, expected, slack):
            yield broken

    def _not_linear(
        self, what: str, product: Product, expected: Sequence[Array | None], factor: float
    ) -> Finding | None:
        reply = self._ask(product)
        differing = self._differs(reply, expected, factor)
        if not differing or self._rounds(product, reply, expected, factor):
            return None
        return finding("GC025", what=what, **differing)

    def _rounds(self, product: Product, reply: Reply, expected: Sequence[Array | None], factor: float) -> bool:
        """Whether a cotangent of our choosing loses digits only: fewer in wider numbers; without those, less than half.

        A formula may be right and lose digits for some cotangents (a matrix exponential that scales and squares).
        """
        wide = self._wider(product)
        root = float(np.sqrt(np.finfo(self._product.dtype).eps / 2))
        for k, (block, came, meant) in enumerate(zip(self._product.blocks, reply.parts, expected, strict=True)):
            if came is None or meant is None or came.shape != meant.shape:
                return False
            off = np.abs(came.astype(float) - meant)
            if wide is None:
                rounding = off <= root * np.max(np.abs(meant), initial=0.0)
            elif (own := wide[k]) is None or own[0].shape != meant.shape:
                return False
            else:
                rounding = np.abs(own[0] - meant) <= np.maximum(FADES * off, factor * self._tolerance[block])
            if not np.all(rounding):
                return False
        return True

    # -- how the same point may be given ---------------------------------------------------------------------------

    def _layouts(self) -> Iterator[Finding]:
        plain = [np.ascontiguousarray(x) if np.ndim(x) else x for x in self._product.inputs]
        try:
            reference = self._ask(replace(self._product, inputs=tuple(plain)))
        except SubjectError:
            return
        for layout, arrange in (
            (FORTRAN, lambda x: np.array(x, order="F")),
            ("taken from every second element of a larger array", _strided),
            ("in a read-only array", _read_only),
        ):
            inputs = tuple(arrange(x) if isinstance(x, np.ndarray) else x for x in plain)
            moved = replace(self._product, inputs=inputs)
            try:
                reply = self._question.ask(moved, tuple_output=self._tuple, copy=False)
            except SubjectError as failure:
                if not _quietly(partial(moved.function.value, moved.inputs)):
                    continue  # f itself does not take it either
                self.exception = failure.__cause__
                answers = {"block": ANSWER, "entry": "", "first": "an array", "second": instead(failure)}
                yield finding("GC026", layout=layout, **answers)
                return
            if differing := self._differs(reply, list(reference.parts), tolerance=self._reordered):
                if layout == FORTRAN and self._reads_layout(plain, inputs):
                    continue  # f is another function there
                yield finding("GC026", layout=layout, **differing)
                return

    def _reads_layout(self, plain: Sequence[Any], arranged: Sequence[Any]) -> bool:
        """Whether f itself has another value where the same numbers are laid out otherwise in memory."""
        values: list[tuple[Array, ...]] = []

        def keep(inputs: Sequence[Any]) -> None:
            values.append(self._product.function.value(lend(inputs))[0])

        if not all(_quietly(partial(keep, inputs)) for inputs in (plain, arranged)):
            return False
        return _unlike(values[0], values[1], self._product.dtype) is not None

    def _one_array_twice(self) -> Iterator[Finding]:
        wrt, inputs = self._product.function.wrt, self._product.inputs
        for i, j in pairwise(wrt):
            a, b = inputs[i], inputs[j]
            if (
                not (isinstance(a, np.ndarray) and isinstance(b, np.ndarray))
                or a.shape != b.shape
                or a.dtype != b.dtype
            ):
                continue
            apart, together = list(inputs), list(inputs)
            apart[i], apart[j] = a.copy(), a.copy()
            together[i] = together[j] = a.copy()
            try:
                separate = self._question.ask(replace(self._product, inputs=tuple(apart)), tuple_output=self._tuple)
                same = self._question.ask(replace(self._product, inputs=tuple(together)), tuple_output=self._tuple)
            except SubjectError:
                continue
            if differing := self._differs(same, list(separate.parts)):
                names = f"{self._product.function.names[i]} and {self._product.function.names[j]}"
                yield finding("GC027", names=names, **differing)
                return

    # -- helpers ---------------------------------------------------------------------------------------------------

    def _ask(self, product: Product | None = None) -> Reply:
        return self._question.ask(product or self._product, tuple_output=self._tuple)

    def _try(self, product: Product) -> None:
        _quietly(product.run_f)
        _quietly(lambda: self._ask(product))

    def _elsewhere(self) -> Product:
        """Another point, near enough to be valid where the given one is."""
        random = np.random.default_rng(0)
        moved = [
            laid_out(x, x * (1 + 0.25 * random.uniform(-1, 1, np.shape(x)))) if k in self._product.function.wrt else x
            for k, x in enumerate(self._product.inputs)
        ]
        return replace(self._product, inputs=tuple(moved))

    def _weights(self, product: Product) -> list[Array]:
        given = product.cotangents if product.tangents is None else product.tangents
        assert given is not None
        return list(given)

    def _far(self) -> tuple[float, ...]:
        """Factors far from 1 that neither overflow nor underflow in the subject's dtype."""
        wide = 2.0**20 if self._product.dtype.itemsize > 2 else 2.0**3
        peak = max((_peak(p) for p in self._base.parts), default=0.0)
        room = float(np.finfo(self._product.dtype).max) / max(peak, 1.0)
        return (wide, 1 / wide) if room > 1e3 * wide else ()

    def _differs(
        self,
        reply: Reply,
        expected: Sequence[Array | None] | None = None,
        factor: float = 1.0,
        tolerance: Mapping[str, Array] | None = None,
    ) -> dict[str, Any] | None:
        """The facts of the first entry in which two answers differ by more than rounding explains, if any."""
        for block, first, second in zip(self._product.blocks, expected or self._base.parts, reply.parts, strict=True):
            if first is None and second is None:
                continue
            a = np.zeros_like(second) if first is None else np.asarray(first)
            b = np.zeros_like(a) if second is None else second
            if a.shape != b.shape:
                return {"block": block, "entry": "", "first": f"of shape {a.shape}", "second": f"of shape {b.shape}"}
            if apart := first_apart(a, b, factor * np.broadcast_to((tolerance or self._tolerance)[block], a.shape)):
                return {"block": block, **apart}
        return None


def _unlike(first: Sequence[Array], again: Sequence[Array], dtype: np.dtype[Any]) -> dict[str, Any] | None:
    """The facts of the first entry in which two values of f differ by more than rounding explains, if any."""
    for a, b in zip(first, again, strict=True):
        peak = float(np.max(np.abs(a[np.isfinite(a)].astype(float)), initial=0.0))
        if apart := first_apart(a, b, np.asarray(64 * float(np.finfo(dtype).eps) * peak)):
            return apart
    return None


def _peak(part: Array | None) -> float:
    return 0.0 if part is None else float(np.max(np.abs(part), initial=0.0))


def _quietly(call: Callable[[], Any]) -> bool:
    """Whether a call of the user's code came back; what it raises at a point of our choosing is no finding."""
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            call()
    except (Exception, SystemExit):
        return False
    return True


def _strided(x: Array) -> Array:
    if not x.ndim:
        return x
    wide = np.zeros((*x.shape[:-1], 2 * x.shape[-1]), dtype=x.dtype)
    wide[..., 1::2] = np.nan if x.dtype.kind == "f" else 0
    wide[..., ::2] = x
    return wide[..., ::2]


def _read_only(x: Array) -> Array:
    copy = x.copy()
    copy.flags.writeable = False
    return copy
