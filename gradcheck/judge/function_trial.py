"""The examination of one derivative of a function: protocol, contracts, numbers here, numbers at neighbours."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import HarnessFault, InvalidProblem, SubjectError
from gradcheck.judge.causes_wanted import causes_wanted
from gradcheck.judge.contracts import ANSWER, VALUE, Contracts, instead
from gradcheck.judge.domain import Domain
from gradcheck.judge.elsewhere import Elsewhere, drawn
from gradcheck.judge.function_entries import Numbers, clear, compare_numbers
from gradcheck.judge.function_estimates import all_asked, gather
from gradcheck.judge.function_protocol import wrong_form
from gradcheck.judge.function_value import value_of
from gradcheck.judge.higher_precision import exact_answer
from gradcheck.judge.input_structure import projections
from gradcheck.judge.protocol import no_answer
from gradcheck.judge.question import NOTHING_RETURNED, Question, Reply
from gradcheck.judge.raised import by_user, function_raised, trimmed
from gradcheck.judge.settings import NEEDED, Settings
from gradcheck.judge.spread_tangents import spread_tangents
from gradcheck.judge.structure_hint import structure_hints
from gradcheck.judge.time_budget import TimeBudget
from gradcheck.judge.unseen import Originals
from gradcheck.judge.user_names import function_name, listed
from gradcheck.judge.values_and_record import NEARER, by_values
from gradcheck.judge.what_was_checked import checked
from gradcheck.problem.evaluations import noted_failures
from gradcheck.problem.function import Product
from gradcheck.problem.headroom import own_stack
from gradcheck.problem.refused_inputs import described
from gradcheck.problem.time_limit import TimeUp, spent_at_most
from gradcheck.tracing.kept_state import remembering
from gradcheck.verdict.compare import first_entry
from gradcheck.verdict.conclusion import About, conclude, verdict_of
from gradcheck.verdict.finding import Finding, finding
from gradcheck.verdict.finding_kind import Severity
from gradcheck.verdict.measurement import Measurement, measurement
from gradcheck.verdict.result import Result, Verdict

if TYPE_CHECKING:
    from gradcheck.judge.small_causes import SmallCauses

Array = NDArray[Any]


HANDLERS = 300
"""Number of frames of Python's stack for this examination and for traced operations."""

OF_NO_LINEAR_ANSWER = (
    None,
    "cotangent-ignored",
    "cotangent-twice",
    "precision",
    "zero",
    "constant",
    "first-sample",
    "stale",
)
"""Kinds of mistake that may be named where an answer is not linear in the cotangent, which no path of f explains; None
for what is right for another question, such as a clipped cotangent."""
APPROXIMATION = ("GC038", "GC093", "GC117")
"""Findings that an error is no larger than that of an approximation, or of f's record; other points would show the
same."""


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
        self._time = TimeBudget(settings.budget)
        self._branches = 0
        self._unreached: tuple[str, ...] = ()

    def result(self) -> Result:
        """Examine it; only HarnessFault and InvalidProblem (a wrong call of gradcheck) are raised."""
        settings = self._settings.changed() | self._declared()
        address = f"{self._question.kind} {function_name(self._question.derivative)}"
        about = About(address, seed=self._settings.seed, settings=settings)
        numbers: Numbers | None = None
        originals = Originals()
        try:
            with (
                own_stack(HANDLERS),
                _infinities_allowed(self._inputs),
                remembering({}, afresh=True),
                noted_failures() as failures,
            ):
                with spent_at_most(self._time.seconds):
                    findings, numbers = self._examine()
                if failures and verdict_of(findings) is Verdict.PASS:  # was it the point, or has f stopped working?
                    # One call beyond the budget: a verdict is there, and no time left is no reason to lose it.
                    value_of(self._question.function, self._inputs, "f")
        except TimeUp:
            findings = [finding("GC039", seconds=self._time.seconds)]
        except SubjectError as failure:
            findings = [no_answer(failure)]
            self._exception = failure.__cause__
        except (Exception, SystemExit) as wrong:  # f answered at first: only later, or beside the point, it raises
            findings = originals.findings()
            if not findings:
                if isinstance(wrong, HarnessFault | InvalidProblem) or not by_user(wrong):
                    raise
                findings = [no_answer(function_raised("f", wrong))]
                self._exception = trimmed(wrong)
        findings = originals.findings() or findings
        worst = numbers.worst if numbers is not None else None
        where = (worst.block, worst.entry) if worst else None
        return conclude(
            about,
            findings,
            decided=numbers.compared if numbers is not None else 0,
            nothing="there are no entries to compare",
            worst=worst,
            witnesses=numbers.evidence.gathered.witnesses(where) if numbers is not None else (),
            blocks=numbers.blocks if numbers is not None else {},
            checked=checked(self._question, self._inputs),
            measurement=self._measurement(numbers),
            exception=self._exception,
            budget=self._time.seconds,
            branches=self._branches,
            unreached=self._unreached,
        )

    def _measurement(self, numbers: Numbers | None) -> Measurement | None:
        if numbers is None:
            return measurement({}, None, (), self._inputs, "")
        evidence, product = numbers.evidence, numbers.evidence.product
        point = (*product.inputs, *(product.cotangents or ()), *(product.tangents or ()))
        return measurement(evidence.truths, evidence.analysis, numbers.comparisons, point, product.dtype.name)

    def _declared(self) -> dict[str, Any]:
        settings = self._settings
        given: dict[str, Any] = {
            "meant": settings.meant is not None or None,
            "accuracy": settings.accuracy,
            "budget": settings.budget,
        }
        given |= {"domain": bool(settings.domain) or None, "elsewhere": None if settings.elsewhere else False}
        stopped = [self._question.function.names[k] for k in sorted(self._question.stopped)]
        given["stop_gradient"] = ", ".join(stopped) or None
        return {k: v for k, v in given.items() if v is not None}

    def _examine(self) -> tuple[list[Finding], Numbers | None]:
        domain = Domain.of(self._settings.domain, self._inputs, self._question.function.names, self._settings.seed)
        early = self._asked_before_f()
        product = self._product()
        try:
            reply = self._question.ask(product, tuple_output=self._tuple)
        except SubjectError as failure:
            if told := spread_tangents(self._question, product):
                self._exception = failure.__cause__
                return told, None
            raise
        if wrong := wrong_form(product, reply):
            return spread_tangents(self._question, product) or wrong, None
        evidence = gather(self._truth_of(product), needed_only=self._settings.oracles == NEEDED)
        numbers = clear(product, reply, evidence, self._settings) if evidence.gathered.left_out else None
        if numbers is None:
            evidence = all_asked(evidence)
            numbers = compare_numbers(self._question, product, reply, evidence, self._settings)
        by: tuple[Finding, ...] | None = None
        with self._time.part("what f keeps between its calls"):  # without it a wrong answer stays wrong
            by = by_values(self._truth_of(product), reply, evidence, numbers.findings)
        if by is not None:
            numbers = replace(numbers, findings=by)
        elif numbers.findings:
            with self._time.part("the cause"):
                numbers = replace(numbers, findings=tuple(self._small_causes().findings(product, numbers)))
        if all(p is None for p in reply.parts) and verdict_of(list(numbers.findings)) is Verdict.FAIL:
            # None counts as zero for an input that f does not depend on; here every part of the answer is None.
            return [finding("GC019", wanted=self._question.wanted, came=NOTHING_RETURNED)], None
        tolerance = {b: 4 * a + 64 * _u(product) * _peak(reply, product, b) for b, a in evidence.allowance.items()}
        if by is not None:  # what f keeps moves its answers by what its solver leaves over
            tolerance = {b: t + NEARER * _peak(reply, product, b) for b, t in tolerance.items()}
        contracts: list[Finding] = []
        if self._contracts:
            asked = Contracts(
                self._question,
                product,
                reply,
                tolerance,
                self._slight(reply, product, numbers),
                tuple_output=self._tuple,
                wider=lambda scaled: exact_answer(self._question, scaled, evidence),
                time=self._time,
            )
            contracts = asked.findings()
            if contracts and contracts[0].facts.get("block") == ANSWER:  # else it is no cause of what comes first
                self._exception = asked.exception
            differing = [f for f in contracts if f.code == "GC021" and f.facts.get("block") == VALUE]
            if differing:  # f has no one value here, so that it has no derivative, or none that is known closely
                alone = all(f is differing[0] or f.severity is not Severity.ERROR for f in contracts)
                slight = self._of_differing_values(product, reply, differing[0]) if alone else []
                if self._settings.meant is None or not slight:
                    return slight or contracts, None
                contracts = [f for f in contracts if f is not differing[0]]  # the truth is that of another function
        if early is not None and not contracts:
            contracts += early(reply, tolerance)
        wide = [finding("GC090", block=b, wanted=wanted, came=came) for b, wanted, came in reply.refitted]
        findings = [*contracts, *numbers.findings, *wide]
        named = any(f.code == "GC051" for f in numbers.findings)
        decided = any(f.code in ("GC012", "GC013") for f in numbers.findings)
        if not named and decided and causes_wanted():
            causes = self._small_named(product, numbers) or self._causes(product, numbers)
            linear = all(f.code != "GC025" for f in contracts)
            findings += [f for f in causes if linear or f.facts.get("kind") in OF_NO_LINEAR_ANSWER]
        findings += structure_hints(numbers.comparisons, product, self._settings)
        if (
            self._elsewhere
            and self._settings.elsewhere
            and self._settings.accuracy is None
            and not any(f.severity in (Severity.ERROR, Severity.FATAL) or f.code in APPROXIMATION for f in findings)
        ):
            elsewhere = Elsewhere(
                self._question,
                self._settings,
                self._random,
                tuple_output=self._tuple,
                truth_of=self._truth_of,
                domain=domain,
                time=self._time,
            )
            found = elsewhere.findings(product, evidence, reply)
            findings += found
            if any(f.code == "GC028" for f in found) and elsewhere.convicted and causes_wanted():
                findings += self._causes(*elsewhere.convicted[-1], first=product)
            self._branches, self._unreached = len(elsewhere.branches), tuple(elsewhere.unreached)
        if verdict_of(findings) is not Verdict.PASS:
            numbers = self._all_asked(numbers)
        return [*findings, *numbers.evidence.gathered.findings(), *self._time.findings()], numbers

    def _all_asked(self, numbers: Numbers) -> Numbers:
        """The same with every oracle's answer: what the verdict rests on besides is no reason to leave one out."""
        with self._time.part("oracles that the gradient given did not need"):
            try:
                return replace(numbers, evidence=all_asked(numbers.evidence))
            except (Exception, SystemExit) as wrong:  # f answered at first, and a finding that was made stands
                if isinstance(wrong, HarnessFault) or not by_user(wrong):
                    raise
        return numbers

    def _slight(self, reply: Reply, product: Product, numbers: Numbers) -> dict[str, float]:
        """Per block, what an approximate derivative, which is not wrong, may be off in another order of additions."""
        accuracy = 2 * (self._settings.accuracy or 0.0)
        slight = {block: accuracy * _peak(reply, product, block) for block in product.blocks}
        if verdict_of(list(numbers.findings)) is not Verdict.FAIL:
            for one in numbers.comparisons:
                off = one.distance[np.isfinite(one.distance)]
                slight[one.block] = max(slight[one.block], 8 * float(np.max(off, initial=0.0)))
        return slight

    def _small_named(self, product: Product, numbers: Numbers) -> list[Finding]:
        found: list[Finding] = []
        with self._time.part("the cause"):
            found += self._small_causes().named(product, numbers)
        return found

    def _of_differing_values(self, product: Product, reply: Reply, told: Finding) -> list[Finding]:
        """What is said instead where f's values differ too little for it to be no function."""
        from gradcheck.judge.differing_values import undecided

        slight: Finding | None = None
        with self._time.part("differences of values that differ from call to call"):
            slight = undecided(product, reply, told)
        return [] if slight is None else [slight]

    def _small_causes(self) -> SmallCauses:
        # Imported late, as below: a right derivative needs no cause, and these are a third of a first check's imports.
        from gradcheck.judge.small_causes import SmallCauses

        return SmallCauses(self._question, self._settings, self._random, self._tuple, self._truth_of)

    def _causes(self, product: Product, numbers: Numbers, first: Product | None = None) -> list[Finding]:
        """The mistake that explains what is wrong at a point (`first`: the one given, if that is another)."""
        from gradcheck.judge.function_causes import causes

        found: list[Finding] = []
        with self._time.part("the cause"):
            found += causes(
                self._question,
                product,
                numbers,
                self._settings,
                self._random,
                tuple_output=self._tuple,
                truth_of=self._truth_of,
                first=first,
            )
        return found

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
                        at = first_entry(off)
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
            other = _other_check(outputs, self._inputs) if self._tuple else "use check_jacobian, or check_vjp"
            raise SubjectError(
                "GC018", who="f", what=f"must return one number for a gradient, got shape {shapes}: {other}"
            )
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
                keep.get(function.names[k], np.asarray)(drawn(self._random, np.asarray(self._inputs[k])))
                for k in function.wrt
            )
            return Product(function, self._inputs, None, tangents, dtype)
        ones = self._question.kind == "gradient"
        cotangents = tuple(np.ones(o.shape) if ones else drawn(self._random, o) for o in outputs)
        return Product(function, self._inputs, cotangents, None, dtype)

    def _dtype(self) -> np.dtype[Any]:
        function = self._question.function
        kinds = {function.names[k]: np.asarray(self._inputs[k]) for k in function.wrt}
        dtype = np.result_type(*(value.dtype for value in kinds.values()))
        if dtype.itemsize > 8:
            name, value = next(pair for pair in kinds.items() if pair[1].dtype.itemsize > 8)
            what = f"expected float64, float32 or float16, got {described(value)}"
            raise InvalidProblem(f"{what}; give np.asarray({name}, np.float64)", where=f"input {name!r}")
        return dtype

    def _truth_of(self, product: Product) -> Product:
        """The product whose truth is asked for: that of `meant` where it was declared."""
        if self._settings.meant is None:
            return product
        return replace(product, function=replace(product.function, f=self._settings.meant))


def _u(product: Product) -> float:
    return float(np.finfo(product.dtype).eps) / 2


def _infinities_allowed(inputs: Sequence[Any]) -> AbstractContextManager[Any]:
    """No warnings of arithmetic with infinite inputs, which are the user's."""
    floats = [x for x in map(np.asarray, inputs) if x.dtype.kind == "f"]
    return nullcontext() if all(np.all(np.isfinite(x)) for x in floats) else np.errstate(invalid="ignore")


def _peak(reply: Reply, product: Product, block: str) -> float:
    part = reply.parts[product.blocks.index(block)]
    if part is None or not part.size:
        return 0.0
    with np.errstate(invalid="ignore"):
        finite = np.abs(part[np.isfinite(part)].astype(float))
    return float(np.max(finite, initial=0.0))


def _other_check(outputs: Sequence[Array], inputs: Sequence[Any]) -> str:
    """Which check or option is for an f that returns several arrays."""
    if outputs[0].size != 1 or len(outputs) < 2:
        return "a backward pass is for check_vjp"
    if sorted(o.shape for o in outputs[1:]) == sorted(np.shape(x) for x in inputs):
        return "it looks like (value, gradient): give it to check_value_and_gradient, or say has_aux=True"
    return "if it is (value, more), say has_aux=True; a backward pass is for check_vjp"
