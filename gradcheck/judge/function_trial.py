"""The examination of one derivative of a function: protocol, contracts, numbers here, numbers at neighbours."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import GradcheckError, HarnessFault, InvalidProblem, SubjectError
from gradcheck.judge import other_points
from gradcheck.judge.bounded_calls import TooLongError, bounded
from gradcheck.judge.contracts import ANSWER, Contracts, instead
from gradcheck.judge.function_entries import Numbers, compare_numbers, repeats, slight
from gradcheck.judge.function_estimates import Evidence, estimated, gather
from gradcheck.judge.function_value import value_of
from gradcheck.judge.higher_precision import exact_answer, traced_answer
from gradcheck.judge.input_structure import projections
from gradcheck.judge.protocol import no_answer
from gradcheck.judge.question import NOTHING_RETURNED, Question, Reply
from gradcheck.judge.raised import by_user, function_raised, trimmed
from gradcheck.judge.settings import Settings
from gradcheck.judge.user_names import function_name, listed
from gradcheck.oracle.analysis import Analysis
from gradcheck.problem.function import Product
from gradcheck.verdict.conclusion import About, conclude, verdict_of
from gradcheck.verdict.finding import Finding, Severity, finding
from gradcheck.verdict.result import Result, Verdict

Array = NDArray[Any]


GROSS = 1e-3
"""Relative error that counts at a point of our choosing, where f may be ill-conditioned or a series cut too early."""


MOST_DIFFERENCED_NEARBY = 16
"""Entries up to which an f that cannot be traced is differenced at neighbours, too."""
FIRST = 1
"""At how many of them: differences cost hundreds of calls."""


class Examination:
    """One derivative at one point, and wherever else it pays to look."""

    def __init__(
        self,
        question: Question,
        inputs: tuple[Any, ...],
        settings: Settings,
        *,
        elsewhere: bool = True,
        contracts: bool = True,
    ) -> None:
        self._elsewhere = elsewhere
        self._contracts = contracts
        self._question = question
        self._inputs = inputs
        self._settings = settings
        name = getattr(question.derivative, "__qualname__", None) or type(question.derivative).__name__
        seed = zlib.crc32(name.encode()) if settings.seed is None else settings.seed
        self._random = np.random.default_rng(seed)
        self._tuple = False
        self._exception: BaseException | None = None

    def result(self) -> Result:
        """Examine it; only HarnessFault and InvalidProblem (a wrong call of gradcheck) are raised."""
        settings = self._settings.changed() | self._declared()
        address = f"{self._question.kind} {function_name(self._question.derivative)}"
        about = About(address, seed=self._settings.seed, settings=settings)
        numbers: Numbers | None = None
        try:
            findings, numbers = self._examine()
        except SubjectError as failure:
            findings = [no_answer(failure)]
            self._exception = failure.__cause__
        except (HarnessFault, InvalidProblem):
            raise
        except (Exception, SystemExit) as wrong:  # f answered at first: only later, or beside the point, it raises
            if not by_user(wrong):
                raise
            findings = [no_answer(function_raised("f", wrong))]
            self._exception = trimmed(wrong)
        worst = numbers.worst if numbers is not None else None
        where = (worst.block, worst.entry) if worst else None
        return conclude(
            about,
            findings,
            decided=numbers.compared if numbers is not None else 0,
            nothing="there are no entries to compare",
            worst=worst,
            witnesses=numbers.evidence.gathered.witnesses(where) if numbers is not None else (),
            exception=self._exception,
        )

    def _declared(self) -> dict[str, Any]:
        settings = self._settings
        given = {"meant": settings.meant is not None or None, "accuracy": settings.accuracy}
        return {k: v for k, v in given.items() if v is not None}

    def _examine(self) -> tuple[list[Finding], Numbers | None]:
        early = self._asked_before_f()
        product = self._product()
        reply = self._question.ask(product, tuple_output=self._tuple)
        if wrong := self.protocol(product, reply):
            return wrong, None
        evidence = gather(self._truth_of(product))
        numbers = compare_numbers(self._question, product, reply, evidence, self._settings)
        if all(p is None for p in reply.parts) and verdict_of(list(numbers.findings)) is Verdict.FAIL:
            # None counts as zero for an input that f does not depend on; here it stands for all of the answer.
            return [finding("GC019", wanted=self._question.wanted, came=NOTHING_RETURNED)], None
        tolerance = {b: 4 * a + 64 * _u(product) * _peak(reply, product, b) for b, a in evidence.allowance.items()}
        contracts: list[Finding] = []
        if self._contracts:
            asked = Contracts(
                self._question,
                product,
                reply,
                tolerance,
                tuple_output=self._tuple,
                wider=lambda scaled: exact_answer(self._question, scaled, evidence),
            )
            contracts = asked.findings()
            if contracts and contracts[0].facts.get("block") == ANSWER:  # else it is no cause of what comes first
                self._exception = asked.exception
        if early is not None and not contracts:
            contracts += early(reply, tolerance)
        findings = [*contracts, *numbers.findings]
        if (
            self._elsewhere
            and self._settings.accuracy is None
            and not any(f.severity in (Severity.ERROR, Severity.FATAL) for f in findings)
        ):
            findings += self._neighbours(product, evidence, reply)
        return [*findings, *evidence.gathered.findings()], numbers

    # -- the point itself ------------------------------------------------------------------------------------------

    def _asked_before_f(self) -> Callable[[Reply, Mapping[str, Array]], list[Finding]] | None:
        """A gradient must not need a forward call first: ask it before f ever ran."""
        if self._question.kind != "gradient":
            return None
        blank = Product(self._question.function, self._inputs, (np.ones(()),), None, self._dtype())
        try:
            first: Reply | SubjectError = self._question.ask(blank, tuple_output=False)
        except SubjectError as failure:
            first = failure

        def compare(reply: Reply, tolerance: Mapping[str, Array]) -> list[Finding]:
            if isinstance(first, SubjectError):
                self._exception = first.__cause__
                first_answer = {"block": ANSWER, "entry": "", "first": instead(first)}
                return [finding("GC023", what="asked before f", second="an array", **first_answer)]
            for block, a, b in zip(blank.blocks, first.parts, reply.parts, strict=True):
                if a is not None and b is not None and a.shape == b.shape:
                    with np.errstate(invalid="ignore"):  # infinities; that they are answered is a finding of its own
                        off = np.abs(a.astype(float) - b.astype(float)) > tolerance[block]
                    if np.any(off):
                        at = tuple(int(k) for k in np.argwhere(off)[0])
                        facts = {"block": block, "entry": list(at) or "", "first": float(a[at]), "second": float(b[at])}
                        return [finding("GC023", what="asked before f", **facts)]
            return []

        return compare

    def _product(self) -> Product:
        """The product to ask about: f's outputs decide the cotangent's shape. Raises SubjectError GC018."""
        function = self._question.function
        outputs, self._tuple = value_of(function, self._inputs, "f")
        again, _ = value_of(function, self._inputs, "f")
        if [o.shape for o in outputs] != [o.shape for o in again]:
            came = f"returned shape {outputs[0].shape}, then {again[0].shape}, for the same input"
            raise SubjectError("GC018", who="f", what=came)
        if self._question.kind == "gradient" and (self._tuple or outputs[0].size != 1):
            shapes = listed([str(o.shape) for o in outputs])
            raise SubjectError("GC018", who="f", what=f"must return one number for a gradient, got shape {shapes}")
        if self._settings.meant is not None:
            meant, _ = value_of(replace(function, f=self._settings.meant), self._inputs, "meant")
            alike = [m.shape == o.shape or m.size == o.size == 1 for m, o in zip(meant, outputs, strict=False)]
            if len(meant) != len(outputs) or not all(alike):
                wanted, came = (listed([str(o.shape) for o in values]) for values in (outputs, meant))
                what = f"must return what f returns, shape {wanted}, got shape {came}"
                raise SubjectError("GC018", who="meant", what=what)
        dtype = self._dtype()
        if self._question.kind == "jvp":
            keep = projections(self._settings.structure, self._inputs, function.names, function.wrt)
            tangents = tuple(
                keep.get(function.names[k], np.asarray)(self._draw(np.asarray(self._inputs[k]))) for k in function.wrt
            )
            return Product(function, self._inputs, None, tangents, dtype)
        ones = self._question.kind == "gradient"
        cotangents = tuple(np.ones(o.shape) if ones else self._draw(o) for o in outputs)
        return Product(function, self._inputs, cotangents, None, dtype)

    def _draw(self, like: Array) -> Array:
        dtype = like.dtype if like.dtype.kind == "f" else np.dtype(float)
        # Four digits: short in messages, exact in float32, and never so small that an error hides behind it.
        drawn = self._random.uniform(0.5, 2.0, like.shape) * self._random.choice([-1.0, 1.0], like.shape)
        return np.asarray(np.round(drawn, 4), dtype=dtype)

    def _dtype(self) -> np.dtype[Any]:
        kinds = [np.asarray(self._inputs[k]).dtype for k in self._question.function.wrt]
        dtype = np.result_type(*kinds)
        if dtype.itemsize > 8:
            raise InvalidProblem(f"inputs must be float64, float32 or float16, got {dtype}")
        return dtype

    def _truth_of(self, product: Product) -> Product:
        """The product whose truth is asked for: that of `meant` where it was declared."""
        if self._settings.meant is None:
            return product
        return replace(product, function=replace(product.function, f=self._settings.meant))

    def protocol(self, product: Product, reply: Reply) -> list[Finding]:
        """Shapes and dtypes of an answer."""
        found = []
        outputs = product.outputs[0]
        for k, (block, part) in enumerate(zip(product.blocks, reply.parts, strict=True)):
            if part is None:
                continue
            like = np.asarray(product.inputs[product.function.wrt[k]]) if product.tangents is None else outputs[k]
            what = f"the {'gradient' if product.tangents is None else 'tangent'} of {block}"
            if part.shape != like.shape:
                found.append(finding("GC010", what=what, block=block, wanted=like.shape, came=part.shape))
            elif part.dtype.kind == "f" and part.ndim and like.dtype.kind == "f" and part.dtype != like.dtype:
                found.append(
                    finding("GC011", what=what, block=block, wanted=str(like.dtype), came=str(part.dtype), hint="")
                )
        if reply.primal is not None:
            for k, (mine, own) in enumerate(zip(reply.primal, outputs, strict=False)):
                if mine.shape != own.shape:
                    found.append(finding("GC010", what=f"the value in output {k}", wanted=own.shape, came=mine.shape))
                elif why := _primal_differs(mine, own, product):
                    found.append(why)
        return found

    # -- elsewhere -------------------------------------------------------------------------------------------------

    def _neighbours(self, product: Product, evidence: Evidence, reply: Reply) -> list[Finding]:
        """The first neighbour at which the derivative is wrong, if any."""
        if not self._settings.structure and (found := self._remembered(product, reply)):
            return found
        blind = evidence.analysis is None and other_points.entries(product) <= MOST_DIFFERENCED_NEARBY
        tried = other_points.neighbours(product, evidence, self._random, fixed=bool(self._settings.structure))
        for number, near in enumerate(tried):
            fitting = near.where == other_points.BATCH_OF_TWO
            start = evidence.analysis if near.followed else None
            found = self._wrong_at(near.product, fitting=fitting, blind=blind and number < FIRST, start=start)
            if found := self._at_neighbour(near.where, found):
                return found
        if (repeated := other_points.repeated_index(product)) and (found := self._wrong_at(repeated[1], fitting=True)):
            return [finding("GC036", **found[0].facts, name=repeated[0], sentence=found[0].sentence)]
        return []

    def _remembered(self, product: Product, reply: Reply) -> list[Finding]:
        """Whether a point a hair away gets the very answer of this one, although its derivative is another."""
        near = other_points.hair_away(product)
        try:
            there = bounded(lambda: self._question.ask(near, tuple_output=self._tuple))
        except (SubjectError, TooLongError):
            return []
        pairs = zip(reply.parts, there.parts, strict=True)
        if any(a is None or b is None or not np.array_equal(a, b) for a, b in pairs):
            return []
        return self._at_neighbour("a point a hair away, right after this one", self._wrong_at(near, gross=0.0))

    def _at_neighbour(self, where: str, found: list[Finding]) -> list[Finding]:
        """The finding about a neighbour."""
        if not found:
            return []
        facts = {**found[0].facts, "where": where, "sentence": found[0].sentence, "as": found[0].code}
        return [finding("GC028", **facts)]

    def _wrong_at(
        self,
        product: Product,
        gross: float = GROSS,
        *,
        fitting: bool = False,
        blind: bool = False,
        start: Analysis | None = None,
    ) -> list[Finding]:
        """What is wrong at a neighbour, which need not be a point of f at all.

        An error that is less than `gross` counts only if it matters and the derivative's own formula, in exact
        arithmetic, has it too. With `fitting`, an answer of another shape or dtype says that the derivative is not
        meant for that neighbour. With `blind`, f cannot be traced, and differences that agree among themselves count in
        place of a proof. With `start`, nothing counts unless f's formula can be followed from there to this neighbour.
        """
        try:
            outputs, _ = bounded(product.run_f)
            if not all(np.all(np.isfinite(o)) for o in outputs):
                return []
        except (Exception, SystemExit):  # not a point of f
            return []
        if product.tangents is None:
            assert product.cotangents is not None
            if [c.shape for c in product.cotangents] != [o.shape for o in outputs]:
                ones = self._question.kind == "gradient"
                product = replace(
                    product, cotangents=tuple(np.ones(o.shape) if ones else self._draw(o) for o in outputs)
                )
        try:
            reply = bounded(lambda: self._question.ask(product, tuple_output=self._tuple))
        except (SubjectError, TooLongError):
            return []
        if broken := self.protocol(product, reply):
            return [] if fitting else broken
        try:
            evidence = gather(self._truth_of(product), cross_checked=False)
        except HarnessFault:
            raise
        except GradcheckError:
            return []
        if evidence.analysis is None:
            # Where f is traced elsewhere, only a proof counts at a point that nobody asked about.
            differenced = self._differenced_at(product) if blind else None
            if differenced is None:
                return []
            evidence = differenced
        numbers = compare_numbers(self._question, product, reply, evidence, self._settings, lenient=True)
        wrong = [c for c in numbers.comparisons if np.any(c.wrong)]
        if numbers.comparisons and all(slight(c, evidence, product, gross) for c in wrong):
            # f may be ill-conditioned at a point of our choosing: only a mistake of the formula counts there.
            own = traced_answer(self._question, product) if wrong and gross and evidence.analysis is not None else None
            blocks = [c.block for c in numbers.comparisons]
            if own is None or not any(repeats(c, own[blocks.index(c.block)]) for c in wrong):
                return []
        if wrong and start is not None and (evidence.analysis is None or not start.leads_to(evidence.analysis)):
            return []
        return [f for f in numbers.findings if f.severity is Severity.ERROR]

    def _differenced_at(self, product: Product) -> Evidence | None:
        """Differences around a neighbour at which f was seen to end; None where they tell nothing."""
        try:
            return estimated(self._truth_of(product))
        except HarnessFault:
            raise
        except Exception:  # what f raises beside such a point is no fact about its derivative
            return None


def _primal_differs(mine: Array, own: Array, product: Product) -> Finding | None:
    """The value that a JVP returns beside its tangent has to be f's."""
    scale = float(np.max(np.abs(own), initial=0.0))
    allowed = 1024 * np.sqrt(max(own.size, 1)) * float(np.finfo(product.dtype).eps) * max(scale, np.finfo(float).tiny)
    with np.errstate(invalid="ignore"):
        off = ~(np.abs(mine.astype(float) - own.astype(float)) <= allowed) & (mine != own)
    if not np.any(off):
        return None
    at = tuple(int(k) for k in np.argwhere(off)[0])
    distance = abs(float(mine[at]) - float(own[at]))
    facts = {"subject": float(mine[at]), "truth": float(own[at]), "distance": distance, "allowed": allowed}
    return finding("GC014", loss=f"f{list(at) or ''}", **facts)


def _u(product: Product) -> float:
    return float(np.finfo(product.dtype).eps) / 2


def _peak(reply: Reply, product: Product, block: str) -> float:
    part = reply.parts[product.blocks.index(block)]
    if part is None or not part.size:
        return 0.0
    with np.errstate(invalid="ignore"):
        finite = np.abs(part[np.isfinite(part)].astype(float))
    return float(np.max(finite, initial=0.0))
